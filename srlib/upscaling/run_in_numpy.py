"""Enlarging in NumPy alone: a small picture is done before Keras and its backend are even imported."""

import concurrent.futures

import numpy as np
import threadpoolctl

from srlib.imaging import pixel_shuffle
from srlib.machine import environment
from srlib.upscaling import folded_network

_PATCH_BYTES = 2**22  # of the matrix that a strip's convolution multiplies: it stays in the processor's cache


class NumpyBackend:
    """Folded network in float32 on the processor's cores.

    The strips of a convolution are spread over our own threads with one thread in each product: matrix products as
    small as these spend longer in sharing out their work than in doing it.
    """

    def __init__(self, network: folded_network.Network) -> None:
        self._network, self._arithmetic = network, NumpyArithmetic(environment.cores())

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """float32 (1, height, width, filters) of `pixels` (1, height, width, 3), values 0..255."""
        with threadpoolctl.threadpool_limits(1, user_api="blas"):
            return self._network.features(pixels, self._arithmetic)

    def picture(self, features: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """float32 (1, 4 height, 4 width, 3), values 0..255 not rounded."""
        with threadpoolctl.threadpool_limits(1, user_api="blas"):
            return self._network.picture(features, pixels, arithmetic=self._arithmetic)


class NumpyArithmetic:
    """`folded_network.Arithmetic` on float32 arrays with a batch of one."""

    def __init__(self, threads: int) -> None:
        self._pool = concurrent.futures.ThreadPoolExecutor(threads)
        self._threads = threads

    def convolution(self, features: np.ndarray, convolution: folded_network.Convolution) -> np.ndarray:
        margin = convolution.kernel.shape[0] // 2
        return self._valid(np.pad(features[0], ((margin, margin), (margin, margin), (0, 0))), convolution)[None]

    def enlarge(self, pixels: np.ndarray, convolution: folded_network.Convolution) -> np.ndarray:
        sides = (folded_network.MARGIN, folded_network.MARGIN)
        return self._valid(np.pad(pixels[0], (sides, sides, (0, 0)), mode="symmetric"), convolution)[None]

    def _valid(self, padded: np.ndarray, convolution: folded_network.Convolution) -> np.ndarray:
        """The convolution of (height + k - 1, width + k - 1, channels), no zeros around, strip by strip."""
        size, _, channels, filters = convolution.kernel.shape
        height, width = (side - size + 1 for side in padded.shape[:2])
        result = np.empty((height, width, filters), np.float32)
        windows = _windows(np.ascontiguousarray(padded, np.float32), size, height, width)
        rows = max(1, min(-(-height // self._threads), _PATCH_BYTES // (4 * width * size * size * channels)))
        starts = range(0, height, rows)
        list(self._pool.map(lambda start: _strip(windows, result, slice(start, start + rows), convolution), starts))
        return result

    def add(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return one + other

    def shuffle(self, features: np.ndarray, scale: int) -> np.ndarray:
        return pixel_shuffle.shuffle(features, scale)

    def squash(self, features: np.ndarray) -> np.ndarray:
        return np.float32(127.5) * (np.tanh(features) + 1)


def _windows(padded: np.ndarray, size: int, height: int, width: int) -> np.ndarray:
    """A view (height, width, k, k channels) of what each output pixel sees: neighbours in a row lie side by side."""
    down, right, value = padded.strides
    shape = (height, width, size, size * padded.shape[2])
    return np.lib.stride_tricks.as_strided(padded, shape, (down, right, down, value), writeable=False)


def _strip(windows: np.ndarray, result: np.ndarray, rows: slice, convolution: folded_network.Convolution) -> None:
    """Write some rows of a convolution's result, bias and PReLU included."""
    strip = result[rows]
    matrix = windows[rows].reshape(strip.shape[0] * strip.shape[1], -1)
    out = strip.reshape(matrix.shape[0], -1)
    np.matmul(matrix, convolution.kernel.reshape(matrix.shape[1], -1), out=out)
    out += convolution.bias
    if convolution.slopes is not None:
        out *= np.where(out > 0, np.float32(1), convolution.slopes)
