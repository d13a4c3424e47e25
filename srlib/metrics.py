"""PSNR and SSIM, and the luma they are measured on."""

import functools

import numpy as np
from keras import ops


def luma(image):
    """Y of BT.601 in studio range (16..235), as MATLAB's `rgb2ycbcr`, not rounded.

    Args:
        image: array (…, 3), values 0..255.
    Returns:
        float64 array (…).
    """
    return 16.0 + np.asarray(image, np.float64) @ np.array([65.481, 128.553, 24.966]) / 255.0


def psnr(reference, image, peak=255.0):
    """Peak signal-to-noise ratio, 10 log10(peak² / MSE), in dB; infinite for equal images.

    Args:
        reference, image: arrays of the same shape, values 0..peak.
    Returns:
        float.
    """
    error = np.mean((np.asarray(reference, np.float64) - np.asarray(image, np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))


@functools.cache
def _window(channels, size=11, sigma=1.5):
    """Two 1-D Gaussian windows as depthwise kernels, down and across: (11, 1, channels, 1), (1, 11, channels, 1)."""
    taps = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    taps = np.tile((taps / taps.sum())[:, None], (1, channels)).astype("float32")
    return taps[:, None, :, None], taps[None, :, :, None]


def ssim(reference, image):
    """Structural similarity of each pair of images: 11 × 11 Gaussian window, σ 1.5, K1 0.01, K2 0.03, no padding.

    Args:
        reference, image: float (batch, height, width, channels) in [0, 1], height and width at least 11.
    Returns:
        float32 (batch,), the mean over pixels and channels; 1 for equal images. Differentiable.

    Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", IEEE TIP 13(4), 2004, equation 13.
    """
    x, y = ops.cast(reference, "float32"), ops.cast(image, "float32")
    channels = x.shape[-1]
    # One filtering of all five moments is faster than five.
    moments = _blur(ops.concatenate([x, y, x * x, y * y, x * y], axis=-1), 5 * channels)
    mean_x, mean_y, xx, yy, xy = ops.split(moments, 5, axis=-1)
    covariance = xy - mean_x * mean_y
    variances = xx - mean_x * mean_x + yy - mean_y * mean_y
    brightness = (2 * mean_x * mean_y + 0.01**2) / (mean_x * mean_x + mean_y * mean_y + 0.01**2)
    structure = (2 * covariance + 0.03**2) / (variances + 0.03**2)
    return ops.mean(brightness * structure, axis=(1, 2, 3))


def _blur(images, channels):
    """Gaussian means over each 11 × 11 window that lies inside the images."""
    down, across = _window(channels)
    return ops.depthwise_conv(ops.depthwise_conv(images, down, padding="valid"), across, padding="valid")
