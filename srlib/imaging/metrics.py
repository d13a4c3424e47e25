"""Image quality measures: PSNR, SSIM and the luma they stand on, sharpness, colour; BRISQUE, without an original."""

import functools
import importlib.util
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy import ndimage

from srlib.imaging.pixel_ranges import Tensor

# Beyond it a matrix product costs more than the 11 taps of a convolution.
_LARGEST_FOR_MATRICES = 256
# Far below what rounding to 8 bits leaves at each frequency (768 for 256 px): only flat pictures have less.
_LEAST_POWER = 1.0


def luma(image: np.ndarray) -> np.ndarray:
    """Y of BT.601 in studio range (16..235), as MATLAB's `rgb2ycbcr`, not rounded.

    Args:
        image: (…, 3), values 0..255.
    Returns:
        float64 (…).
    """
    return 16.0 + np.asarray(image, np.float64) @ np.array([65.481, 128.553, 24.966]) / 255.0


def psnr(reference: np.ndarray, image: np.ndarray, *, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio, 10 log10(peak² / MSE), in dB; infinite for equal images.

    Args:
        reference, image: of the same shape, values 0..peak.
    """
    error = np.mean((np.asarray(reference, np.float64) - np.asarray(image, np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))


def ssim(reference: Tensor, image: Tensor) -> Tensor:
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


def _blur(images: Tensor) -> Tensor:
    """Gaussian means over each 11 × 11 window that lies inside the images."""
    height, width, channels = images.shape[1:]
    small = None not in (height, width) and max(height, width) <= _LARGEST_FOR_MATRICES
    if small and _exact_products():
        return _blur_by_matrices(images)
    taps = np.tile(_taps()[:, None], (1, channels)).astype("float32")
    means = ops.depthwise_conv(images, taps[:, None, :, None], padding="valid")
    return ops.depthwise_conv(means, taps[None, :, :, None], padding="valid")


def _blur_by_matrices(images: Tensor) -> Tensor:
    """The same as a matrix product along each side: on a CPU faster by a little (TensorFlow) or forty times (JAX)."""
    down, across = _band(images.shape[1]), _band(images.shape[2])
    planes = ops.transpose(images, (0, 3, 1, 2))
    return ops.transpose(ops.matmul(ops.matmul(down, planes), across.T), (0, 2, 3, 1))


def _exact_products() -> bool:
    """Whether matrix products are in full float32, which differences of moments need: a GPU or TPU may round them."""
    return keras.distribution.list_devices()[0].startswith("cpu")


@functools.lru_cache(maxsize=16)
def _band(size: int) -> np.ndarray:
    """The matrix (size - 10, size) that takes Gaussian means along one dimension."""
    offsets = np.arange(size)[None, :] - np.arange(size - 10)[:, None]
    return np.where((offsets >= 0) & (offsets < 11), _taps()[np.clip(offsets, 0, 10)], 0.0).astype("float32")


def _taps(size: int = 11, sigma: float = 1.5) -> np.ndarray:
    """The 1-D Gaussian window, adding up to 1: float64 (11,)."""
    taps = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    return taps / taps.sum()


def spectrum(plane: np.ndarray) -> np.ndarray:
    """The power of a picture by spatial frequency: means over rings of |FFT|² of the picture less its mean, windowed.

    Without the (Hann) window the jump between opposite edges would fill the high frequencies.

    Args:
        plane: (height, width), values 0..255.
    Returns:
        float64 (min(height, width) // 2,): ring k holds the frequencies from k up to k + 1 cycles over the shorter
        side; the last ends at half the sampling rate.
    """
    height, width = plane.shape
    window = np.hanning(height)[:, None] * np.hanning(width)
    power = np.abs(np.fft.fft2((plane - np.mean(plane)) * window)) ** 2
    radii = min(height, width) * np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    rings = np.floor(radii + 1e-9).astype(int).ravel()  # a whole radius must not fall below itself by rounding
    return (np.bincount(rings, power.ravel()) / np.bincount(rings))[: min(height, width) // 2]


def spectrum_error(reference: np.ndarray, image: np.ndarray) -> float:
    """How far the fine detail's power is from the original's, over the upper half of the frequencies.

    The mean of |log10(P_image / P_reference)| over the upper half of the rings of `spectrum`: 0 for equal spectra, 1
    where every ring has a tenth of the power it should have, or ten times as much. A blurred picture has too little; a
    generator's checkerboard shows as too much.

    Args:
        reference, image: (height, width), values 0..255, taken with their borders.

    Source: the radial ("azimuthally averaged") spectrum is that of Durall, Keuper, Keuper, "Watch your up-convolution",
    CVPR 2020; window, halving and logarithm are this project's. On luma of the first 60 pictures of faces/test it
    reads 3.04 for bicubic, 1.29 for Krasser's SRResNet and 0.67 for his SRGAN.
    """
    powers = [np.maximum(spectrum(plane), _LEAST_POWER) for plane in (reference, image)]
    errors = np.abs(np.log10(powers[1] / powers[0]))
    return float(errors[len(errors) // 2 :].mean())


def checkerboard(plane: np.ndarray, period: int = 4) -> float:
    """How strongly the grid on which a network enlarges shows in a picture: a checkerboard's deviation, 0 for none.

    Of a picture less its surroundings (the mean over one period around each pixel), the median over all cells of
    period × period pixels at each place in the cell; the standard deviation of those medians. What a photograph shows
    falls on all places alike. The median keeps a few strong edges from counting for all.

    Args:
        plane: (height, width), values 0..255, both sides at least three periods.
        period: pixels, even.
    Returns:
        in grey levels (1/255).

    Source: what it looks for is described by Odena, Dumoulin, Olah, "Deconvolution and checkerboard artifacts",
    Distill 2016; the measure is this project's.
    """
    window = np.r_[0.5, np.ones(period - 1), 0.5] / period  # centred; a pattern of that period has a mean of 0 in it
    surroundings = np.asarray(plane, np.float64)
    for axis in (0, 1):
        surroundings = ndimage.correlate1d(surroundings, window, axis)
    height, width = (side // period * period for side in plane.shape)
    cells = (plane - surroundings)[:height, :width].reshape(height // period, period, width // period, period)
    return float(np.median(cells[1:-1, :, 1:-1], axis=(0, 2)).std())


def colour_error(reference: np.ndarray, image: np.ndarray) -> float:
    """How far the picture's colour as a whole is off: mean over channels of the absolute difference of their means.

    Args:
        reference, image: (height, width, 3), values 0..255.
    Returns:
        in grey levels (1/255).
    """
    means = [np.asarray(picture, np.float64).mean(axis=(0, 1)) for picture in (reference, image)]
    return float(np.abs(means[0] - means[1]).mean())


def has_brisque() -> bool:
    """Whether the package that `brisque` needs is installed."""
    return all(importlib.util.find_spec(name) is not None for name in ("brisque", "cv2"))


def brisque(image: np.ndarray) -> float:
    """BRISQUE, a score that needs no original: how unlike those of good photographs a picture's statistics are.

    About 0 (natural) to 100 (distorted); it was fitted to people's ratings of blur, noise, JPEG and the like, not of
    networks' inventions, so it stands beside the measures that know the original. Flat pictures have no score (NaN).

    Args:
        image: uint8 (height, width, 3).

    Source: Mittal, Moorthy, Bovik, "No-reference image quality assessment in the spatial domain", IEEE TIP 21(12),
    2012; the package brisque with the model inside it.
    """
    with np.errstate(invalid="ignore"):
        return float(_brisque().score(image))


@functools.cache
def _brisque() -> Any:
    """The package's model, loaded once."""
    from brisque import BRISQUE

    class Brisque(BRISQUE):
        def scale_features(self, features):
            # brisque 0.2.0 has arrays of one number among its numbers, which NumPy from 2.4 on refuses to convert.
            return super().scale_features([np.asarray(feature).item() for feature in features])

    return Brisque()
