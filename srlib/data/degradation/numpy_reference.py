"""Degradations of whole photographs, in NumPy and with Pillow's own JPEG: blur, resampler, sensor noise, JPEG.

Robustness is measured on them. For training, `keras_layers.Robust` draws the same degradations at random, on the
device.
"""

import dataclasses
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from srlib.config import SCALE, did_you_mean
from srlib.errors import InputError
from srlib.imaging import bicubic

RESAMPLERS = ("bicubic", "area", "bilinear", "plain")
Seed = int | Sequence[int]


@dataclasses.dataclass(frozen=True)
class Degradation:
    """Degradation from HR to LR, its steps in this order; the defaults are the clean bicubic reduction.

    Args:
        blur: float, σ of a Gaussian along its longer axis, in HR pixels; 0: none.
        narrow: float in (0, 1], its σ across that axis as a part of `blur`.
        angle: float, direction of the longer axis in radians, 0 across the image.
        before: int, JPEG quality of the HR image, 1..95; 0: no JPEG.
        resampler: one of `RESAMPLERS`; "plain" is bilinear interpolation without antialiasing.
        noise: float, σ on the LR image where it is mid-grey (127.5), in levels of 0..255.
        shot: float in [0, 1], the part of the noise's variance that grows with the light, as photon counts do.
        after: int, JPEG quality of the LR image; 0: no JPEG.
    """

    blur: float = 0.0
    narrow: float = 1.0
    angle: float = 0.0
    before: int = 0
    resampler: str = "bicubic"
    noise: float = 0.0
    shot: float = 0.5
    after: int = 0


CLEAN = Degradation()
# Weak, middle and strong of every kind; strong is the end of the range that `keras_layers.Robust` trains on.
DEGRADATIONS = {
    "blur": (Degradation(blur=1.0), Degradation(blur=2.0), Degradation(blur=3.0)),
    "resampler": tuple(Degradation(resampler=name) for name in ("area", "bilinear", "plain")),
    "noise": (Degradation(noise=3.0), Degradation(noise=7.0), Degradation(noise=15.0)),
    "jpeg": (Degradation(after=80), Degradation(after=55), Degradation(after=30)),
    "mix": (
        Degradation(blur=0.7, before=90, resampler="area", noise=2.0, after=85),
        Degradation(blur=1.4, narrow=0.6, angle=np.pi / 6, before=75, resampler="bilinear", noise=4.0, after=65),
        Degradation(blur=2.4, narrow=0.6, angle=np.pi / 6, before=50, resampler="plain", noise=10.0, after=40),
    ),
}
STRENGTHS = (1, 2, 3)


def find(kind: str, strength: int) -> Degradation:
    """The degradation of a kind, a key of `DEGRADATIONS`, at a strength, 1 to 3; of strength 0 the clean one.

    Raises:
        InputError: there is no such kind or strength.
    """
    if kind not in DEGRADATIONS:
        hint = did_you_mean(kind, DEGRADATIONS)
        raise InputError(f"unknown degradation {kind!r}{hint}; known: {', '.join(DEGRADATIONS)}")
    if strength not in (0, *STRENGTHS):
        raise InputError(f"the strength of a degradation is 0 (clean) to {STRENGTHS[-1]}, not {strength!r}")
    return DEGRADATIONS[kind][strength - 1] if strength else CLEAN


def degrade(image: np.ndarray, kind: str, *, strength: int, seed: Seed = 0) -> np.ndarray:
    """The LR image of a photograph under one kind of degradation.

    Args:
        image: uint8 (height, width, 3), each side at least 4.
        kind, strength: as `find` takes them.
        seed: of the noise.
    Returns:
        uint8 (height // 4, width // 4, 3).
    Raises:
        InputError: as `find`.
    """
    return apply(find(kind, strength), image, seed=seed)


def apply(degradation: Degradation, image: np.ndarray, *, seed: Seed = 0) -> np.ndarray:
    """The LR image, uint8 (height // 4, width // 4, 3), of a uint8 image under a degradation; `seed` of the noise."""
    pixels = bicubic.crop_to_multiple(image).astype(np.float64)
    if degradation.blur:
        pixels = blurred(pixels, degradation.blur, narrow=degradation.narrow, angle=degradation.angle)
    if degradation.before:
        pixels = jpeg(bicubic.to_uint8(pixels), degradation.before).astype(np.float64)
    pixels = reduced(pixels, degradation.resampler)
    if degradation.noise:
        deviation = np.sqrt(noise_variance(np.clip(pixels, 0, 255), degradation.noise, shot=degradation.shot))
        pixels = pixels + deviation * np.random.default_rng(seed).normal(size=pixels.shape)
    lr = bicubic.to_uint8(pixels)
    return jpeg(lr, degradation.after) if degradation.after else lr


def blurred(pixels: np.ndarray, sigma: float, *, narrow: float = 1.0, angle: float = 0.0) -> np.ndarray:
    """A float image (height, width, 3) under a Gaussian as `Degradation` describes it, mirrored at its edges."""
    pad = math.ceil(4 * sigma)
    padded = np.pad(pixels, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    down, across = np.fft.fftfreq(padded.shape[0])[:, None], np.fft.fftfreq(padded.shape[1])
    shape = {"sigma": sigma, "narrow": narrow, "cosine": math.cos(angle), "sine": math.sin(angle)}
    kept = np.exp(gaussian_exponent(down, across, **shape))
    spectrum = np.fft.fft2(padded, axes=(0, 1)) * kept[..., None]
    return np.fft.ifft2(spectrum, axes=(0, 1)).real[pad:-pad, pad:-pad]


def gaussian_exponent(down: Any, across: Any, *, sigma: Any, narrow: Any, cosine: Any, sine: Any) -> Any:
    """The logarithm of what a Gaussian leaves of the frequencies (`down`, `across`), in cycles per pixel.

    Args:
        down, across, sigma, narrow, cosine, sine: numbers, arrays or tensors that go together.
    """
    along, beside = across * cosine + down * sine, down * cosine - across * sine
    return -2 * math.pi**2 * sigma**2 * (along**2 + (narrow * beside) ** 2)


def taps(resampler: str) -> np.ndarray:
    """What a resampler takes of the 16 HR pixels around an LR pixel, along one dimension: float64 that add up to 1."""
    if resampler == "bicubic":
        return bicubic.downscale_taps()
    distances = np.abs(bicubic.TAP_DISTANCES)
    values = {
        "area": distances < SCALE / 2,
        "bilinear": np.maximum(0, 1 - distances / SCALE),
        "plain": distances < 1,
    }[resampler].astype(float)
    return values / values.sum()


def reduced(pixels: np.ndarray, resampler: str) -> np.ndarray:
    """A float image (4h, 4w, 3) reduced four times, mirrored at its edges: float64 (h, w, 3), not rounded."""
    for axis in (0, 1):
        pixels = ndimage.correlate1d(pixels, taps(resampler), axis, mode="reflect")  # centred on the ninth tap
    return pixels[2::SCALE, 2::SCALE]


def noise_variance(pixels: Any, sigma: Any, *, shot: Any) -> Any:
    """The variance of a sensor's noise at pixel values 0..255: constant (read-out) and growing with light (shot)."""
    return sigma**2 * (1 - shot + shot * pixels / 127.5)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """A uint8 image (height, width, 3) as it comes back from a JPEG file of Pillow, chroma halved (4:2:0)."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return np.array(Image.open(file))
