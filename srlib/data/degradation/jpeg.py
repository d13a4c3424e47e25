"""JPEG compression on the device: all of it that loses something, without a file.

Source: ITU-T T.81 (1992); qualities and the triangular chroma upsampling as in the IJG's libjpeg.
"""

import numpy as np
from keras import ops

from srlib.imaging import pixel_ranges
from srlib.imaging.pixel_ranges import Tensor

# Quantisation tables of the standard, annex K: luminance, and chrominance, which is 99 beyond a corner.
_LUMINANCE = [
    *([16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56]),
    *([14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92]),
    *([49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99]),
]
_CHROMINANCE = np.full((8, 8), 99)
_CHROMINANCE[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
_TABLES = np.stack([_LUMINANCE, _CHROMINANCE]).astype("float32")
# From RGB to Y, Cb, Cr of JFIF (full range), less the 128 of Cb and Cr.
_TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], "float32")
_TO_RGB = np.linalg.inv(_TO_YCC.astype(float)).astype("float32")


def compressed(pixels: Tensor, quality: Tensor, *, offset: Tensor | int = 0) -> Tensor:
    """Pixels as they come back from a JPEG file with halved chroma.

    Args:
        pixels: float32 (batch, side, side, 3), 0..255.
        quality: float32 (batch,), 1 to 100 as the IJG's library counts it.
        offset: int or int32 () from 0 to 15, how far the image's corner lies inside the first 16 × 16 block.
    Returns:
        float32 of the same shape, whole numbers 0..255.
    """
    side = pixels.shape[1]
    places = np.arange(-(-(side + 15) // 16) * 16)
    grown = _taken(pixels, ops.clip(places - offset, 0, side - 1))  # edges repeated to whole blocks, as libjpeg does
    ycc = ops.transpose(ops.matmul(pixel_ranges.round_pixels(grown), _TO_YCC.T), (0, 3, 1, 2))
    tables = _quantisation(quality)
    luma = _quantised(ycc[:, :1] - 128.0, tables[:, :1])
    chroma = _doubled(_quantised(_halved(ycc[:, 1:]), tables[:, 1:])) - 128.0
    rgb = ops.matmul(ops.transpose(ops.concatenate([luma, chroma], axis=1), (0, 2, 3, 1)), _TO_RGB.T)
    return _taken(pixel_ranges.round_pixels(rgb), np.arange(side) + offset)


def _taken(images, places):
    """Rows and columns `places` of images (batch, height, width, 3)."""
    return ops.take(ops.take(images, places, axis=1), places, axis=2)


def _halved(planes):
    """Means of 2 × 2 pixels: (batch, 2, 2n, 2n) to (batch, 2, n, n)."""
    half = np.kron(np.eye(planes.shape[-1] // 2), [[0.5, 0.5]]).astype("float32")
    return ops.matmul(ops.matmul(half, planes), half.T)


def _doubled(planes):
    """Planes (batch, 2, n, n) twice as large, three parts of the nearer pixel and one of the next, whole numbers."""
    size = planes.shape[-1]
    near, far = np.arange(2 * size) // 2, np.arange(2 * size) // 2 + np.tile([-1, 1], size)
    matrix = 0.75 * np.eye(size)[near] + 0.25 * np.eye(size)[np.clip(far, 0, size - 1)]
    matrix = matrix.astype("float32")
    return ops.round(ops.matmul(ops.matmul(matrix, planes), matrix.T))


def _quantisation(quality):
    """The quantisation tables of qualities (batch,): float32 (batch, 2, 8, 8), luminance and chrominance."""
    percent = ops.where(quality < 50, 5000.0 / quality, 200.0 - 2.0 * quality)
    percent = ops.floor(percent)[:, None, None, None]
    return ops.clip(ops.floor((_TABLES * percent + 50.0) / 100.0), 1.0, 255.0)


def _quantised(planes, table):
    """Planes (batch, channels, n, n), zero at mid-grey, through quantised 8 × 8 cosine transforms: 0..255, whole."""
    blocks = planes.shape[-1] // 8
    frequency, place = np.mgrid[:8, :8]
    cosines = np.cos((2 * place + 1) * frequency * np.pi / 16) * np.where(frequency == 0, np.sqrt(1 / 8), 0.5)
    transform = np.kron(np.eye(blocks), cosines).astype("float32")
    steps = ops.tile(table, (1, 1, blocks, blocks))
    coefficients = ops.matmul(ops.matmul(transform, planes), transform.T)
    kept = ops.round(coefficients / steps) * steps
    return pixel_ranges.round_pixels(ops.matmul(ops.matmul(transform.T, kept), transform) + 128.0)
