"""PSNR and SSIM, and the luma they are measured on."""

import functools

import keras
import numpy as np
from keras import ops

# Beyond it a matrix product costs more than the 11 taps of a convolution.
_LARGEST_FOR_MATRICES = 256


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


def ssim(reference, image):
    """Structural similarity of each pair of images: 11 × 11 Gaussian window, σ 1.5, K1 0.01, K2 0.03, no padding.

    Args:
        reference, image: float (batch, height, width, channels) in [0, 1], height and width at least 11.
    Returns:
        float32 (batch,), the mean over pixels and channels; 1 for equal images. Differentiable.

    Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", IEEE TIP 13(4), 2004, equation 13. It needs the sum of both variances only: four moments, not five.
    """
    # Taken from mid-grey, the moments are small and their differences lose fewer bits.
    x, y = (ops.cast(picture, "float32") - 0.5 for picture in (reference, image))
    mean_x, mean_y, squares, product = (_blur(moment) for moment in (x, y, x * x + y * y, x * y))
    covariance, variances = product - mean_x * mean_y, squares - mean_x * mean_x - mean_y * mean_y
    mean_x, mean_y = mean_x + 0.5, mean_y + 0.5
    brightness = (2 * mean_x * mean_y + 0.01**2) / (mean_x * mean_x + mean_y * mean_y + 0.01**2)
    structure = (2 * covariance + 0.03**2) / (variances + 0.03**2)
    return ops.mean(brightness * structure, axis=(1, 2, 3))


def _blur(images):
    """Gaussian means over each 11 × 11 window that lies inside the images."""
    height, width, channels = images.shape[1:]
    small = None not in (height, width) and max(height, width) <= _LARGEST_FOR_MATRICES
    if small and _exact_products():
        return _blur_by_matrices(images)
    down, across = _window(channels)
    return ops.depthwise_conv(ops.depthwise_conv(images, down, padding="valid"), across, padding="valid")


def _window(channels):
    """Two 1-D Gaussian windows as depthwise kernels, down and across: (11, 1, channels, 1), (1, 11, channels, 1)."""
    taps = np.tile(_taps()[:, None], (1, channels)).astype("float32")
    return taps[:, None, :, None], taps[None, :, :, None]


def _blur_by_matrices(images):
    """The same as a matrix product along each side: on a CPU faster by a little (TensorFlow) or forty times (JAX)."""
    down, across = _band(images.shape[1]), _band(images.shape[2])
    planes = ops.transpose(images, (0, 3, 1, 2))
    return ops.transpose(ops.matmul(ops.matmul(down, planes), across.T), (0, 2, 3, 1))


def _exact_products():
    """Whether matrix products are in full float32, which differences of moments need: a GPU or TPU may round them."""
    return keras.distribution.list_devices()[0].startswith("cpu")


@functools.lru_cache(maxsize=16)
def _band(size):
    """The matrix (size - 10, size) that takes Gaussian means along one dimension."""
    offsets = np.arange(size)[None, :] - np.arange(size - 10)[:, None]
    return np.where((offsets >= 0) & (offsets < 11), _taps()[np.clip(offsets, 0, 10)], 0.0).astype("float32")


def _taps(size=11, sigma=1.5):
    """The 1-D Gaussian window, adding up to 1: float64 (11,)."""
    taps = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    return taps / taps.sum()
