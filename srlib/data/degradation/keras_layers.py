"""From HR patches to (LR, HR) pairs, on the device, inside the training step."""

import keras
import numpy as np
from keras import ops

from srlib.config import SCALE, did_you_mean
from srlib.data.degradation import numpy_reference
from srlib.errors import InputError
from srlib.imaging import bicubic_layers, pixel_ranges

_MARGIN = bicubic_layers.BicubicDownscale.MARGIN


class Bicubic(keras.layers.Layer):
    """MATLAB bicubic ×4, rounded to 8 bits as a file would be.

    Args:
        call takes uint8 (batch, side + 16, side + 16, 3), patches with their margin;
        gives (LR float32 (batch, side / 4, side / 4, 3) in [0, 1], HR float32 (batch, side, side, 3) in [-1, 1]).
    """

    def __init__(self, **options):
        super().__init__(dtype="float32", trainable=False, **options)
        self._downscale = bicubic_layers.BicubicDownscale()

    def call(self, patches):
        pixels = ops.cast(patches, "float32")
        lr = pixel_ranges.lr_from_pixels(pixel_ranges.round_pixels(self._downscale(pixels)))
        return lr, _without_margin(pixels)


class Robust(keras.layers.Layer):
    """A random mixture of what photographs suffer: blur, other resamplers, sensor noise, JPEG before and after.

    Each patch of a batch draws its own (`damage.Damage` says what the numbers mean), after the class's constants:
    clean bicubic with probability `CLEAN`; else a blur with `BLUR[0]` and σ of `BLUR[1:]`, half of them longer one way
    than the other; a resampler by `RESAMPLERS`; noise with `NOISE[0]` and σ of `NOISE[1:]`; JPEG of the HR patch with
    `BEFORE[0]` and of the LR patch with `AFTER[0]`, qualities of the rest, its grid anywhere.

    The seed of all draws is a hash of the batch's pixels: a batch that is a pure function of (seed, i) has damage that
    is one too, nothing has to be counted or kept in a checkpoint, and the host takes no part. The two backends draw
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

    def __init__(self, **options):
        super().__init__(dtype="float32", trainable=False, **options)

    def call(self, patches):
        pixels, seed = ops.cast(patches, "float32"), hashed(patches)
        draw = _Draws(keras.random.uniform((ops.shape(pixels)[0], 16), dtype="float32", seed=_Seed(seed)), self.CLEAN)
        damaged = blurred(pixels, *self._blur(draw))
        damaged = _maybe_jpeg(damaged, draw, self.BEFORE)
        damaged = resampled(damaged, draw.choice(self.RESAMPLERS))
        normal = keras.random.normal(ops.shape(damaged), dtype="float32", seed=_Seed(seed + 1))
        damaged = noisy(damaged, draw.sometimes(*self.NOISE), draw.between(0.0, 1.0), normal)
        lr = _maybe_jpeg(pixel_ranges.round_pixels(damaged), draw, self.AFTER)
        return pixel_ranges.lr_from_pixels(lr), _without_margin(pixels)

    def _blur(self, draw):
        """σ, narrowness and angle of each patch's blur."""
        round_ones = draw.next() < 0.5
        narrow = ops.where(round_ones, 1.0, draw.between(*self.NARROW))
        return draw.sometimes(*self.BLUR), narrow, draw.between(0.0, np.pi)


LAYERS = {"bicubic": Bicubic, "robust": Robust}


def create(name):
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

    def next(self, ordered=True):
        return self._value


_PRIME = 4093.0  # sums of 4096 remainders stay below 2^24, up to which float32 counts exactly


def hashed(patches):
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
        self._damaged = self.next() >= clean

    def next(self):
        """The next column."""
        return next(self._columns)

    def between(self, low, high):
        """Numbers from `low` to `high`."""
        return low + (high - low) * self.next()

    def sometimes(self, probability, low, high):
        """Numbers from `low` to `high` with a probability, else 0."""
        chosen = ops.logical_and(self._damaged, self.next() < probability)
        return ops.where(chosen, self.between(low, high), 0.0)

    def choice(self, probabilities):
        """One of several by their probabilities, the first for a clean patch: 0 or 1, float32 (batch, things)."""
        ends = np.cumsum(probabilities).astype("float32")[:-1]
        number = ops.where(self._damaged, self.next(), 0.0)
        passed = ops.sum(ops.cast(number[:, None] >= ends, "int32"), axis=1)
        return ops.one_hot(passed, len(probabilities), dtype="float32")

    def offset(self, limit):
        """A whole number below `limit`, one for the batch: int32 ()."""
        return ops.cast(self.next()[0] * limit, "int32")


def blurred(pixels, sigma, narrow, angle):
    """Pixels under a Gaussian of their own for each image, mirrored at their edges, as `damage.blurred`.

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
    kept = ops.exp(numpy_reference.gaussian_exponent(frequencies[:, None], frequencies, sigma, narrow, cosine, sine))
    real, imaginary = ops.fft2((padded, ops.zeros_like(padded)))
    result = ops.ifft2((real * kept, imaginary * kept))[0][:, :, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    return ops.where(sigma > 0, ops.transpose(result, (0, 2, 3, 1)), pixels)  # a transform and back is not exact


def resampled(pixels, choice):
    """Pixels with their margin, reduced four times, each image by its own of `damage.RESAMPLERS`.

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


def noisy(pixels, sigma, shot, normal):
    """Pixels with a sensor's noise, of σ and its share of shot noise for each image; as `damage.noise_variance`.

    Args:
        pixels: float32 (batch, h, w, 3); sigma, shot: float32 (batch,).
        normal: float32, standard normal numbers of the pixels' shape.
    """
    sigma, shot = (value[:, None, None, None] for value in (sigma, shot))
    return pixels + normal * ops.sqrt(numpy_reference.noise_variance(ops.clip(pixels, 0.0, 255.0), sigma, shot))


# Quantisation tables of the JPEG standard, annex K: luminance, chrominance.
_TABLES = np.array(
    [
        [
            *([16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56]),
            *([14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77]),
            *([24, 35, 55, 64, 81, 104, 113, 92], [49, 64, 78, 87, 103, 121, 120, 101]),
            [72, 92, 95, 98, 112, 100, 103, 99],
        ],
        [
            *([17, 18, 24, 47, 99, 99, 99, 99], [18, 21, 26, 66, 99, 99, 99, 99], [24, 26, 56, 99, 99, 99, 99, 99]),
            *([47, 66, 99, 99, 99, 99, 99, 99], *[[99] * 8] * 4),
        ],
    ],
    "float32",
)
# From RGB to Y, Cb, Cr of JFIF (full range), less the 128 of Cb and Cr.
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]],
    "float32",
)
_TO_RGB = np.linalg.inv(_TO_YCC.astype(float)).astype("float32")


def jpeg(pixels, quality, offset=0):
    """Pixels as they come back from a JPEG file with halved chroma: all of it that loses something, no file.

    Args:
        pixels: float32 (batch, side, side, 3), 0..255.
        quality: float32 (batch,), 1 to 100 as the IJG's library counts it.
        offset: int or int32 () from 0 to 15, how far the image's corner lies inside the first 16 × 16 block.
    Returns:
        float32 of the same shape, whole numbers 0..255.

    Source: ITU-T T.81 (1992); qualities and the triangular chroma upsampling as in the IJG's libjpeg.
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


def _maybe_jpeg(pixels, draw, limits):
    """JPEG of the qualities and with the probability of `limits` for some of the images, the others as they are."""
    quality = ops.round(draw.sometimes(*limits))
    compressed = jpeg(pixels, ops.maximum(quality, 1.0), draw.offset(16))
    return ops.where(quality[:, None, None, None] > 0, compressed, pixels)


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
