"""MATLAB's bicubic, on arrays (the functions of `bicubic`, which needs no Keras) and as layers on the device."""

import keras
import numpy as np
from keras import ops

from srlib.config import SCALE
from srlib.imaging import bicubic, pixel_shuffle
from srlib.imaging.bicubic import cubic


def _depthwise_kernel(taps):
    """The separable kernel of 1-D `taps` as a depthwise convolution over three channels: (k, k, 3, 1)."""
    kernel = np.outer(taps, taps)[:, :, None, None]
    return np.repeat(kernel, 3, axis=2).astype("float32")


class BicubicDownscale(keras.layers.Layer):
    """`imresize` by 1/4 on the device, for patches cut with a margin.

    A low-resolution pixel depends on 16 × 16 high-resolution ones; a margin of 8 (a multiple of 4, so that the grid
    keeps its phase) holds all of them, and the result is what shrinking the whole image gives there.

    Args:
        call takes float32 (batch, 4h + 16, 4w + 16, 3); gives float32 (batch, h, w, 3), not rounded.
    """

    MARGIN = 8

    def __init__(self, **options):
        super().__init__(dtype="float32", trainable=False, **options)
        # Pixel i of the small image lies at 4i + 1.5 of the large one: 16 taps from 4i - 6 to 4i + 9.
        taps = cubic((np.arange(16) - 7.5) / SCALE) / SCALE
        self._kernel = _depthwise_kernel(taps / taps.sum())

    def call(self, images):
        inner = images[:, 2:-2, 2:-2, :]  # 8 of margin, 6 of reach
        return ops.depthwise_conv(inner, self._kernel, strides=SCALE, padding="valid")


class BicubicUpscale(keras.layers.Layer):
    """`imresize` by 4 on the device, edges included, as the global skip of a generator.

    Args:
        call takes float32 (batch, h, w, 3), h and w at least 2; gives float32 (batch, 4h, 4w, 3).
    """

    def __init__(self, **options):
        super().__init__(dtype="float32", trainable=False, **options)
        self._kernel = bicubic.enlargement_kernel()

    def call(self, images):
        padded = ops.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], mode="symmetric")
        return pixel_shuffle.shuffle(ops.conv(padded, self._kernel, padding="valid"), SCALE, ops)

    def compute_output_shape(self, shape):
        return (shape[0], *(side and side * SCALE for side in shape[1:3]), shape[3])
