"""Bicubic resizing as MATLAB's `imresize` does it: the resampler that every published ×4 figure stands on.

Keys' cubic with a = -0.5, widened by the factor when it shrinks (antialiasing), images mirrored at their edges with
the edge pixel repeated ("symmetric"). Other libraries differ in one of the three; notebook 01 shows what that costs.
NumPy only; `bicubic_layers` has the same as layers on the device.

Source: R. Keys, "Cubic convolution interpolation for digital image processing", IEEE TASSP 29(6), 1981, and the
documentation of MATLAB's `imresize`.
"""

import numpy as np

from srlib.config import SCALE

# Around a patch that is to be shrunk: a low-resolution pixel depends on 16 × 16 high-resolution ones, which a margin of
# 8 holds; a multiple of 4, so that the grid keeps its phase.
MARGIN = 8
TAP_DISTANCES = np.arange(16) - 7.5  # of those pixels from the low-resolution pixel's centre, along one dimension


def cubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel with a = -0.5 (Keys 1981, equation 15).

    Args:
        x: float, distances in pixels, any shape.
    Returns:
        float weights of the same shape: 1 at 0, 0 at ±1 and from ±2 on.
    """
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def weights(in_size: int, out_size: int) -> np.ndarray:
    """The matrix that resizes one dimension.

    Args:
        in_size: pixels there are.
        out_size: pixels wanted.
    Returns:
        float64 (out_size, in_size) whose rows add up to 1.
    """
    factor = out_size / in_size
    stretch = min(factor, 1.0)  # below 1 the kernel is widened, which is the antialiasing
    centres = (np.arange(out_size) + 0.5) / factor - 0.5
    reach = int(np.ceil(2 / stretch)) + 1
    taps = np.floor(centres)[:, None].astype(int) + np.arange(-reach, reach + 1)
    values = cubic((centres[:, None] - taps) * stretch)
    values /= values.sum(axis=1, keepdims=True)
    matrix = np.zeros((out_size, in_size))
    np.add.at(matrix, (np.arange(out_size)[:, None], _mirrored(taps, in_size)), values)
    return matrix


def _mirrored(index: np.ndarray, size: int) -> np.ndarray:
    """Indices outside 0..size-1 reflected back, the edge pixel counted twice: … 1 0 | 0 1 2."""
    index = np.mod(index, 2 * size)
    return np.where(index < size, index, 2 * size - 1 - index)


def imresize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image as MATLAB's `imresize(image, size, "bicubic")` does for double images.

    Args:
        image: uint8 or float (height, width[, channels]).
        size: (height, width) wanted, in pixels.
    Returns:
        array of that size and the dtype of `image`; uint8 is computed in float64, rounded once and clipped to 0..255.
    """
    rows = weights(image.shape[0], size[0])
    columns = weights(image.shape[1], size[1])
    result = np.tensordot(rows, image.astype(np.float64), axes=(1, 0))
    result = np.moveaxis(np.tensordot(columns, result, axes=(1, 1)), 0, 1)
    if image.dtype == np.uint8:
        return to_uint8(result)
    return result.astype(image.dtype)


def to_uint8(values: np.ndarray) -> np.ndarray:
    """Round float values in 0..255 to the nearest uint8 (never truncate), clipping what lies outside."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def crop_to_multiple(image: np.ndarray, multiple: int = SCALE) -> np.ndarray:
    """Cut rows from the bottom and columns from the right so that both sides are multiples of `multiple`."""
    height, width = (side - side % multiple for side in image.shape[:2])
    return image[:height, :width]


def downscale(image: np.ndarray, scale: int = SCALE) -> np.ndarray:
    """The low-resolution image of a photograph: cropped to a multiple of `scale`, shrunk, rounded to 8 bits.

    Args:
        image: uint8 (height, width[, channels]), each side at least `scale`.
        scale: how many times smaller.
    Returns:
        uint8 (height // scale, width // scale[, channels]).
    """
    image = crop_to_multiple(image, scale)
    return imresize(image, (image.shape[0] // scale, image.shape[1] // scale))


def upscale(image: np.ndarray, scale: int = SCALE) -> np.ndarray:
    """The bicubic enlargement of an image (uint8 or float), `scale` times as high and wide: the baseline."""
    return imresize(image, (image.shape[0] * scale, image.shape[1] * scale))


def downscale_taps(antialias: bool = True) -> np.ndarray:
    """The taps of `downscale` by 4 along one dimension: float64 (16,) that add up to 1.

    Args:
        antialias: whether the kernel is widened by the factor; without that it reads 4 of the 16 pixels.
    """
    values = cubic(TAP_DISTANCES / SCALE if antialias else TAP_DISTANCES)
    return values / values.sum()


def enlargement_kernel() -> np.ndarray:
    """`upscale` by 4 of three channels as a convolution before a pixel shuffle: float32 (5, 5, 3, 48).

    Output pixel 4i + p lies at i + (p - 1.5) / 4 of the input: five taps, i - 2 … i + 2, serve all four phases. The
    input needs a margin of 2, mirrored; the phases are in the order (row, column, channel) of `pixel_shuffle.shuffle`.
    """
    phases = cubic((np.arange(SCALE)[:, None] - 1.5) / SCALE - np.arange(-2, 3)[None, :])
    plane = np.einsum("pk,ql->klpq", phases, phases).reshape(5, 5, SCALE * SCALE)
    kernel = np.zeros((5, 5, 3, SCALE * SCALE * 3), "float32")
    for channel in range(3):
        kernel[:, :, channel, channel::3] = plane
    return kernel
