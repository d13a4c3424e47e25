"""From HR patches to (LR, HR) pairs, on the device, inside the training step."""

import keras

from srlib import ranges, resize

_MARGIN = resize.BicubicDownscale.MARGIN


class Bicubic(keras.layers.Layer):
    """MATLAB bicubic ×4, rounded to 8 bits as a file would be.

    Args:
        call takes uint8 (batch, side + 16, side + 16, 3), patches with their margin;
        gives (LR float32 (batch, side / 4, side / 4, 3) in [0, 1], HR float32 (batch, side, side, 3) in [-1, 1]).
    """

    def __init__(self, **options):
        super().__init__(dtype="float32", trainable=False, **options)
        self._downscale = resize.BicubicDownscale()

    def call(self, patches):
        pixels = keras.ops.cast(patches, "float32")
        lr = ranges.lr_from_pixels(ranges.round_pixels(self._downscale(pixels)))
        hr = ranges.hr_from_pixels(pixels[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN, :])
        return lr, hr
