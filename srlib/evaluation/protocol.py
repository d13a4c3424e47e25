"""Evaluation of an upscaler by a named protocol, image by image: PSNR and SSIM on luma, border cut, and more."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from srlib import files
from srlib.config import SCALE
from srlib.data import sources
from srlib.errors import InputError
from srlib.imaging import bicubic, metrics, pictures
from srlib.upscaling import upscaler

PROTOCOL = (
    "x4, LR by MATLAB bicubic rounded to 8 bits; images cropped to a multiple of 4; Y of studio-range BT.601 "
    "(grey originals on their grey values); border of 4 px cut; mean over images of per-image values"
)
BORDER = SCALE
SMALLEST = 11 + 2 * BORDER  # SSIM's window must fit inside the border

Enlarge = Callable[[np.ndarray], np.ndarray]  # an upscaler: uint8 LR (height, width, 3) to uint8 SR four times as large
Photos = Iterable[sources.Photo]


@dataclasses.dataclass(frozen=True)
class Score:
    """Result of one image: PSNR in dB and SSIM on Y, and the seconds the upscaling took."""

    image: str
    psnr: float
    ssim: float
    seconds: float


@dataclasses.dataclass(frozen=True)
class Enlarged:
    """Image of a set, upscaled: its original, and `lr` and `sr` as uint8 (height, width, 3)."""

    image: str
    original: pictures.Picture
    lr: np.ndarray
    sr: np.ndarray
    seconds: float


def score(original: pictures.Picture, sr: np.ndarray) -> tuple[float, float]:
    """PSNR and SSIM of a super-resolved image.

    Args:
        original: its sides multiples of 4.
        sr: uint8 (height, width, 3), of the original's size.
    Returns:
        PSNR-Y in dB, SSIM-Y
    Raises:
        InputError: the sizes differ, or the image is smaller than SSIM's window inside the border.
    """
    if original.rgb.shape != sr.shape:
        raise InputError(f"sizes differ: original {original.rgb.shape[1::-1]}, super-resolved {sr.shape[1::-1]}")
    if min(sr.shape[:2]) < SMALLEST:
        raise InputError(f"{sr.shape[1]}×{sr.shape[0]} is too small to score: each side needs {SMALLEST} px")
    reference, image = (inside(plane) for plane in _planes(original, sr))
    similarity = metrics.ssim(reference[None, ..., None] / 255.0, image[None, ..., None] / 255.0)
    return metrics.psnr(reference, image), float(ops.convert_to_numpy(similarity)[0])


def _planes(original, sr):
    """What both are scored on: luma, or the grey values where the original is grey; two arrays (height, width)."""
    plane = upscaler.grey if original.grey else metrics.luma
    return plane(original.rgb), plane(sr)


def inside(image: np.ndarray) -> np.ndarray:
    """An image (height, width[, 3]) as float64 without its border, where every upscaler lacks context."""
    return np.asarray(image, np.float64)[BORDER:-BORDER, BORDER:-BORDER]


def pair(photo: sources.Photo) -> tuple[pictures.Picture, np.ndarray]:
    """The original of a photo, cropped to a multiple of 4, and its LR, uint8 (height / 4, width / 4, 3)."""
    picture = photo.load()
    original = dataclasses.replace(picture, rgb=bicubic.crop_to_multiple(picture.rgb), alpha=None)
    if min(original.rgb.shape[:2]) < SMALLEST:
        raise InputError(
            f"{photo.id}: too small to score, each side needs {SMALLEST} px once cut to a multiple of {SCALE}"
        )
    return original, bicubic.downscale(original.rgb)


def evaluate(enlarge: Enlarge, photos: Photos) -> list[Score]:
    """Score an upscaler on every image of a set.

    Args:
        enlarge: the upscaler; `bicubic.upscale` is the baseline.
        photos: the set, such as a `sources.ImageSet`.
    Returns:
        the scores in the set's order.
    """
    enlarged = enlarge_all(enlarge, photos)
    return [Score(each.image, *score(each.original, each.sr), each.seconds) for each in enlarged]


def enlarge_all(enlarge: Enlarge, photos: Photos) -> Iterator[Enlarged]:
    """Yield every image of a set enlarged; arguments as `evaluate`'s."""
    for photo in photos:
        original, lr = pair(photo)
        start = time.perf_counter()
        sr = enlarge(lr)
        yield Enlarged(photo.id, original, lr, sr, time.perf_counter() - start)


def rgb_psnr(enlarged: Enlarged) -> float:
    """PSNR over the three colour channels together, border cut, in dB: it also sees what luma does not."""
    return metrics.psnr(inside(enlarged.original.rgb), inside(enlarged.sr))


def lr_psnr(enlarged: Enlarged) -> float:
    """LR-consistency: PSNR in dB between the input and the result made small again by MATLAB's bicubic, rounded.

    Over the three channels of the whole picture. A result that does not shrink to its input shows another scene.

    Source: Lugmayr, Danelljan, Timofte, "NTIRE 2021 learning the super-resolution space challenge", CVPRW 2021
    (there as LR-PSNR, where 45 dB is asked for).
    """
    return metrics.psnr(enlarged.lr, bicubic.downscale(enlarged.sr))


def spectrum_error(enlarged: Enlarged) -> float:
    """`metrics.spectrum_error` on luma, border kept: 0 is as sharp as the original, a blurred picture has much."""
    return metrics.spectrum_error(*_planes(enlarged.original, enlarged.sr))


def checkerboard(enlarged: Enlarged) -> float:
    """`metrics.checkerboard` of the result's luma, in 1/255."""
    return metrics.checkerboard(_planes(enlarged.original, enlarged.sr)[1])


def colour_error(enlarged: Enlarged) -> float:
    """`metrics.colour_error` of the whole picture, in 1/255."""
    return metrics.colour_error(enlarged.original.rgb, enlarged.sr)


def brisque(enlarged: Enlarged) -> float:
    """`metrics.brisque` of the result alone."""
    return metrics.brisque(enlarged.sr)


def measures() -> dict[str, Callable[[Enlarged], float]]:
    """The measures beside PSNR-Y and SSIM-Y by the name of their column; BRISQUE where its package is installed."""
    always = {each.__name__: each for each in (rgb_psnr, lr_psnr, spectrum_error, checkerboard, colour_error)}
    return {**always, "brisque": brisque} if metrics.has_brisque() else always


def measure(enlarge: Enlarge, photos: Photos) -> list[dict[str, Any]]:
    """Everything that is measured of an upscaler, on every image of a set; arguments as `evaluate`'s.

    Returns:
        rows with image, psnr, ssim, one float for each of `measures()`, and seconds.
    """
    rows, further = [], measures()
    for each in enlarge_all(enlarge, photos):
        psnr, ssim = score(each.original, each.sr)
        others = {name: function(each) for name, function in further.items()}
        rows.append({"image": each.image, "psnr": psnr, "ssim": ssim, **others, "seconds": each.seconds})
    return rows


def means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The mean over images of every measure in rows of `measure`, by column; images without a score left out."""
    columns = [name for name in rows[0] if name not in ("image", "seconds")]
    values = {name: [row[name] for row in rows if not np.isnan(row[name])] for name in columns}
    return {name: float(np.mean(found)) for name, found in values.items() if found}


def seconds_per_megapixel(upscalers: Mapping[str, Enlarge], image: np.ndarray, *, repeats: int = 5) -> dict[str, float]:
    """The time each upscaler takes, per million pixels of output: the fastest of some runs after one to warm up.

    The fastest, since whatever else the machine does only adds; in turns, so that it adds to all of them alike.

    Args:
        upscalers: by name.
        image: uint8 LR (height, width, 3).
        repeats: runs of each.
    Returns:
        seconds by name.
    """
    megapixels = {name: enlarge(image)[..., 0].size / 1e6 for name, enlarge in upscalers.items()}
    fastest = dict.fromkeys(upscalers, float("inf"))
    for _ in range(repeats):
        for name, enlarge in upscalers.items():
            start = time.perf_counter()
            enlarge(image)
            fastest[name] = min(fastest[name], time.perf_counter() - start)
    return {name: fastest[name] / megapixels[name] for name in upscalers}


def mean(scores: Sequence[Score]) -> tuple[float, float]:
    """The mean PSNR in dB and the mean SSIM; raises InputError if there are no scores."""
    if not scores:
        raise InputError("no images to score")
    return float(np.mean([each.psnr for each in scores])), float(np.mean([each.ssim for each in scores]))


def report(model: files.PathLike, scores: Sequence[Score], *, bicubic: Sequence[Score]) -> dict[str, Any]:
    """Scores of a model and of bicubic on the same images as one JSON-ready dict, the protocol named."""
    rows = [
        {"image": own.image, "psnr": own.psnr, "ssim": own.ssim, "bicubic_psnr": base.psnr, "bicubic_ssim": base.ssim}
        for own, base in zip(scores, bicubic)
    ]
    means = {name: dict(zip(("psnr", "ssim"), mean(each))) for name, each in (("model", scores), ("bicubic", bicubic))}
    return {"model": str(model), "protocol": PROTOCOL, "mean": means, "images": rows}
