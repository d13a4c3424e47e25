"""MATLAB's bicubic ×1/4 and ×4 on the device; `bicubic` has it for arrays, without Keras."""

from typing import Any

import keras
import numpy as np
from keras import ops

from srlib.config import SCALE
from srlib.imaging import bicubic, pixel_shuffle
from srlib.imaging.pixel_ranges import Tensor


def downscale(patches: Tensor, antialias: bool = True) -> Tensor:
    """`imresize` by 1/4 of patches cut with a margin of `bicubic.MARGIN`: what shrinking the whole image gives there.

    Args:
        patches: uint8 or float32 (batch, 4h + 16, 4w + 16, 3).
        antialias: as `bicubic.downscale_taps` takes it.
    Returns:
        float32 (batch, h, w, 3), not rounded.
    """
    taps = bicubic.downscale_taps(antialias)
    kernel = np.repeat(np.outer(taps, taps)[:, :, None, None], 3, axis=2).astype("float32")
    # Pixel i of the small image lies at 4i + 1.5 of the large one and takes 4i - 6 to 4i + 9: 6 of the margin's 8.
    inner = ops.cast(patches[:, 2:-2, 2:-2, :], "float32")
    return ops.depthwise_conv(inner, kernel, strides=SCALE, padding="valid")


class BicubicUpscale(keras.layers.Layer):
    """`imresize` by 4, edges included, as the global skip of a generator.

    Args:
        call takes float32 (batch, h, w, 3), h and w at least 2; gives float32 (batch, 4h, 4w, 3).
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **options)
        self._kernel = bicubic.enlargement_kernel()

    def call(self, images: Tensor) -> Tensor:
        padded = ops.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], mode="symmetric")
        return pixel_shuffle.shuffle(ops.conv(padded, self._kernel, padding="valid"), SCALE, xp=ops)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (shape[0], *(side and side * SCALE for side in shape[1:3]), shape[3])
