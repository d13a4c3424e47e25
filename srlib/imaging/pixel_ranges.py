"""The three ranges of pixel values, and the only places where one becomes another.

Files and arrays hold uint8 0..255; a generator takes LR in [0, 1] and gives HR in [-1, 1] (Ledig et al. 2017, 3.2).
"""

from typing import Any

from keras import ops

Tensor = Any  # an array of the backend that Keras runs on, or of NumPy


def lr_from_pixels(pixels: Tensor) -> Tensor:
    """Pixel values 0..255 (any dtype) as float32 LR in [0, 1]."""
    return ops.cast(pixels, "float32") / 255.0


def hr_from_pixels(pixels: Tensor) -> Tensor:
    """Pixel values 0..255 (any dtype) as float32 HR in [-1, 1]."""
    return ops.cast(pixels, "float32") / 127.5 - 1.0


def pixels_from_hr(hr: Tensor) -> Tensor:
    """HR in [-1, 1] as float32 pixel values 0..255, not rounded."""
    return (ops.cast(hr, "float32") + 1.0) * 127.5


def unit_from_hr(hr: Tensor) -> Tensor:
    """HR in [-1, 1] as float32 in [0, 1], the range in which SSIM is defined (it is not shift invariant)."""
    return (ops.cast(hr, "float32") + 1.0) / 2.0


def round_pixels(pixels: Tensor) -> Tensor:
    """Float pixel values rounded to whole ones in 0..255, as a file would hold them; stays float32."""
    return ops.round(ops.clip(pixels, 0.0, 255.0))
