"""Degradation layers: from HR patches to (LR, HR) pairs, on the device, inside the training step."""

from typing import Any

import keras
import numpy as np
from keras import ops

from srlib.config import SCALE, did_you_mean
from srlib.data.degradation import jpeg, numpy_reference
from srlib.errors import InputError
from srlib.imaging import bicubic, bicubic_layers, pixel_ranges
from srlib.imaging.pixel_ranges import Tensor

_MARGIN = bicubic.MARGIN


class Bicubic(keras.layers.Layer):
    """MATLAB bicubic ×4, rounded to 8 bits as a file would be.

    Args:
        call takes uint8 (batch, side + 16, side + 16, 3), patches with their margin;
        gives (LR float32 (batch, side / 4, side / 4, 3) in [0, 1], HR float32 (batch, side, side, 3) in [-1, 1]).
    """

    def __init__(self, **options: Any):
        super().__init__(dtype="float32", trainable=False, **options)

    def call(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        pixels = ops.cast(patches, "float32")
        lr = pixel_ranges.lr_from_pixels(pixel_ranges.round_pixels(bicubic_layers.downscale(pixels)))
        return lr, _without_margin(pixels)


class Robust(keras.layers.Layer):
    """Random mixture of degradations: blur, other resamplers, sensor noise, JPEG before and after.

    Each patch of a batch draws its own, after the class's constants (`numpy_reference.Degradation` says what the
    numbers mean): clean bicubic with probability `CLEAN`; else a blur with `BLUR[0]` and σ of `BLUR[1:]`, half of them
    longer one way than the other; a resampler by `RESAMPLERS`; noise with `NOISE[0]` and σ of `NOISE[1:]`; JPEG of the
    HR patch with `BEFORE[0]` and of the LR patch with `AFTER[0]`, qualities of the rest, its grid anywhere.

    The seed of all draws is a hash of the batch's pixels: a batch that is a pure function of (seed, i) is degraded
    as one too, nothing has to be counted or kept in a checkpoint, and the host takes no part. The two backends draw
    different numbers from a seed.

    Args:
        call takes and gives what `Bicubic` does; patches of up to 1300 px.
    """

    CLEAN = 0.15
    BLUR = (0.6, 0.2, 3.0)
    NARROW = (0.4, 1.0)
    RESAMPLERS = (0.4, 0.2, 0.2, 0.2)
    NOISE = (0.6, 0.0, 15.0)
    BEFORE = (0.4, 50.0, 95.0)
    AFTER = (0.6, 30.0, 95.0)

    def __init__(self, **options: Any):
        super().__init__(dtype="float32", trainable=False, **options)

    def call(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        pixels, seed = ops.cast(patches, "float32"), hashed(patches)
        draw = _Draws(keras.random.uniform((ops.shape(pixels)[0], 16), dtype="float32", seed=_Seed(seed)), self.CLEAN)
        degraded = blurred(pixels, **self._blur(draw))
        degraded = _maybe_jpeg(degraded, draw, self.BEFORE)
        degraded = resampled(degraded, draw.choice(self.RESAMPLERS))
        normal = keras.random.normal(ops.shape(degraded), dtype="float32", seed=_Seed(seed + 1))
        degraded = noisy(degraded, normal, sigma=draw.sometimes(*self.NOISE), shot=draw.between(0.0, 1.0))
        lr = _maybe_jpeg(pixel_ranges.round_pixels(degraded), draw, self.AFTER)
        return pixel_ranges.lr_from_pixels(lr), _without_margin(pixels)

    def _blur(self, draw):
        """The blur of each patch, as `blurred` takes it."""
        round_ones = draw.next() < 0.5
        narrow = ops.where(round_ones, 1.0, draw.between(*self.NARROW))
        return {"sigma": draw.sometimes(*self.BLUR), "narrow": narrow, "angle": draw.between(0.0, np.pi)}


LAYERS = {"bicubic": Bicubic, "robust": Robust}


def create(name: str) -> keras.layers.Layer:
    """The degradation layer of that name, a key of `LAYERS`; raises InputError for another."""
    if name not in LAYERS:
        raise InputError(f"unknown degradation {name!r}{did_you_mean(name, LAYERS)}; known: {', '.join(LAYERS)}")
    return LAYERS[name]()


def _without_margin(pixels):
    """HR in [-1, 1] of pixels with their margin."""
    return pixel_ranges.hr_from_pixels(pixels[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN, :])


class _Seed(keras.random.SeedGenerator):
    """A tensor of two integers as the seed of Keras's random functions, which take no tensor; it keeps no state."""

    def __init__(self, value):
        self._value = ops.cast(value, "uint32" if keras.backend.backend() == "jax" else "int32")

    def next(self, ordered: bool = True) -> Tensor:
        """The tensor."""
        return self._value


_PRIME = 4093.0  # sums of 4096 remainders stay below 2^24, up to which float32 counts exactly


def hashed(patches: Tensor) -> Tensor:
    """Two numbers from all pixels of a batch, exact whatever the order of summing.

    Args:
        patches: uint8 (batch, side, side, 3), side at most 1365.
    Returns:
        float32 (2,), whole numbers from 0 to 4092.
    """
    _, height, width, channels = patches.shape
    random = np.random.default_rng(0)  # any fixed numbers
    columns, rows = (random.integers(1, 4093, (2, size)).astype("float32") for size in (width * channels, height))
    pixels = ops.reshape(ops.cast(patches, "float32"), (-1, 1, height, width * channels))
    of_rows = ops.mod(ops.sum(ops.mod(pixels * columns[:, None], _PRIME), axis=-1), _PRIME)
    of_patches = ops.mod(ops.sum(ops.mod(of_rows * rows, _PRIME), axis=-1), _PRIME)
    places = ops.cast(ops.arange(1, ops.shape(patches)[0] + 1), "float32")
    return ops.mod(ops.sum(ops.mod(of_patches * places[:, None], _PRIME), axis=0), _PRIME)


class _Draws:
    """Random numbers for the patches of a batch, handed out one after the other, each float32 (batch,).

    Args:
        uniform: float32 (batch, 16) in [0, 1).
        clean: float, the probability that a patch stays clean.
    """

    def __init__(self, uniform, clean):
        self._columns = iter(ops.unstack(uniform, 16, axis=1))
        self._degraded = self.next() >= clean

    def next(self):
        """The next column."""
        return next(self._columns)

    def between(self, low, high):
        """Numbers from `low` to `high`."""
        return low + (high - low) * self.next()

    def sometimes(self, probability, low, high):
        """Numbers from `low` to `high` with a probability, else 0."""
        chosen = ops.logical_and(self._degraded, self.next() < probability)
        return ops.where(chosen, self.between(low, high), 0.0)

    def choice(self, probabilities):
        """One of several by their probabilities, the first for a clean patch: 0 or 1, float32 (batch, things)."""
        ends = np.cumsum(probabilities).astype("float32")[:-1]
        number = ops.where(self._degraded, self.next(), 0.0)
        passed = ops.sum(ops.cast(number[:, None] >= ends, "int32"), axis=1)
        return ops.one_hot(passed, len(probabilities), dtype="float32")

    def offset(self, limit):
        """A whole number below `limit`, one for the batch: int32 ()."""
        return ops.cast(self.next()[0] * limit, "int32")


def blurred(pixels: Tensor, sigma: Tensor, *, narrow: Tensor, angle: Tensor) -> Tensor:
    """Pixels under a Gaussian of their own for each image, mirrored at their edges, as `numpy_reference.blurred`.

    Args:
        pixels: float32 (batch, side, side, 3), side at least 8.
        sigma, narrow, angle: float32 (batch,); an image of σ 0 stays as it is.
    """
    sigma, narrow, cosine, sine = (
        value[:, None, None, None] for value in (sigma, narrow, ops.cos(angle), ops.sin(angle))
    )
    planes = ops.transpose(pixels, (0, 3, 1, 2))
    padded = ops.pad(planes, [[0, 0], [0, 0], [_MARGIN, _MARGIN], [_MARGIN, _MARGIN]], mode="symmetric")
    frequencies = np.fft.fftfreq(padded.shape[-1]).astype("float32")
    shape = {"sigma": sigma, "narrow": narrow, "cosine": cosine, "sine": sine}
    kept = ops.exp(numpy_reference.gaussian_exponent(frequencies[:, None], frequencies, **shape))
    real, imaginary = ops.fft2((padded, ops.zeros_like(padded)))
    result = ops.ifft2((real * kept, imaginary * kept))[0][:, :, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    return ops.where(sigma > 0, ops.transpose(result, (0, 2, 3, 1)), pixels)  # a transform and back is not exact


def resampled(pixels: Tensor, choice: Tensor) -> Tensor:
    """Pixels with their margin, reduced four times, each image by its own of `numpy_reference.RESAMPLERS`.

    Args:
        pixels: float32 (batch, 4h + 16, 4w + 16, 3).
        choice: float32 (batch, 4), 1 for the resampler and 0 for the others.
    Returns:
        float32 (batch, h, w, 3), not rounded.
    """
    kernels = np.stack([np.outer(*[numpy_reference.taps(name)] * 2) for name in numpy_reference.RESAMPLERS], axis=-1)
    kernels = np.repeat(kernels[:, :, None, :], 3, axis=2).astype("float32")  # (16, 16, 3, resamplers)
    all_of_them = ops.depthwise_conv(pixels[:, 2:-2, 2:-2, :], kernels, strides=SCALE, padding="valid")
    batch, height, width, _ = ops.shape(all_of_them)
    all_of_them = ops.reshape(all_of_them, (batch, height, width, 3, len(numpy_reference.RESAMPLERS)))
    return ops.sum(all_of_them * choice[:, None, None, None, :], axis=-1)


def noisy(pixels: Tensor, normal: Tensor, *, sigma: Tensor, shot: Tensor) -> Tensor:
    """Pixels with a sensor's noise, of σ and its share of shot noise for each image; as `numpy_reference`'s.

    Args:
        pixels: float32 (batch, h, w, 3), 0..255.
        normal: float32, standard normal numbers of the pixels' shape.
        sigma, shot: float32 (batch,).
    """
    sigma, shot = (value[:, None, None, None] for value in (sigma, shot))
    return pixels + normal * ops.sqrt(numpy_reference.noise_variance(ops.clip(pixels, 0.0, 255.0), sigma, shot=shot))


def _maybe_jpeg(pixels, draw, limits):
    """JPEG of the qualities and with the probability of `limits` for some of the images, the others as they are."""
    quality = ops.round(draw.sometimes(*limits))
    compressed = jpeg.compressed(pixels, ops.maximum(quality, 1.0), offset=draw.offset(16))
    return ops.where(quality[:, None, None, None] > 0, compressed, pixels)
