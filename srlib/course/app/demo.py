"""The demo without its widget: read a photo, crop, shrink, enlarge, score, compare, write as PNG.

Everything stays in memory; no function here writes a file or opens a connection. Keras is imported only where a result
is scored, or where a picture is large.
"""

import dataclasses
import io
import pathlib
import time
import tomllib
from collections.abc import Callable, Iterable

import matplotlib
import numpy as np
from PIL import Image

from srlib.config import SCALE
from srlib.data import face_crops, sources
from srlib.errors import InputError
from srlib.imaging import bicubic, pictures
from srlib.machine import backend
from srlib.upscaling import model_files, upscaler


@dataclasses.dataclass(frozen=True)
class Square:
    """A square part of a picture, in pixels."""

    left: int
    top: int
    side: int


TEXTS = tomllib.loads((pathlib.Path(__file__).parent / "page" / "texts.toml").read_text(encoding="utf-8"))
MODES = TEXTS["modes"]  # {name: what it does}
SIDES = (50, 100, 250)  # pixels of the low-resolution inputs
LARGEST = 1_000_000  # pixels that are enlarged as they are: the result has sixteen times as many
SMALLEST_CROP = 16  # pixels
PEAK = 32  # grey levels that are as bright as a difference map goes
EXAMPLE_FACE = Square(124, 12, 200)
Paths = Iterable[pathlib.Path | str]
_TILE = 256  # LR pixels: progress is told and cancelling heeded between tiles


class Cancelled(Exception):
    """The work was cancelled before its end."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What shall be done: which part of a picture, enlarged how and by which model.

    Args:
        picture: the photo.
        square: the crop.
        model: a name as `upscaler.load` takes it.
        mode: one of `MODES`.
        side: pixels of the input in the mode "test".
    """

    picture: pictures.Picture
    square: Square
    model: str
    mode: str = "test"
    side: int = SIDES[0]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Args:
        request: what was asked for.
        lr: uint8 (height, width, 3), what was enlarged.
        bicubic, sr: uint8 (4 height, 4 width, 3), enlarged by bicubic and by the model.
        original: of that size in the mode "test", else None.
        scores: {"bicubic": (PSNR-Y in dB, SSIM-Y), model: …}; empty without an original.
        seconds: what the model took.
    """

    request: Request
    lr: np.ndarray
    bicubic: np.ndarray
    sr: np.ndarray
    original: pictures.Picture | None
    scores: dict[str, tuple[float, float]]
    seconds: float


def photo(content: bytes, name: str = "photo") -> pictures.Picture:
    """The picture in a file's bytes, upright, transparent parts white.

    Args:
        content: of a picture file.
        name: what errors call it.
    Returns:
        the picture without alpha.
    Raises:
        InputError: as `pictures.from_bytes`, or smaller than a crop may be.
    """
    picture = pictures.from_bytes(content, name)
    height, width = picture.rgb.shape[:2]
    if min(height, width) < SMALLEST_CROP:
        raise InputError(f"{name}: {width}×{height} px is too small; each side needs {SMALLEST_CROP}")
    if picture.alpha is None:
        return picture
    share = picture.alpha[..., None] / 255
    return pictures.Picture(bicubic.to_uint8(share * picture.rgb + 255 * (1 - share)), picture.grey)


def example() -> pictures.Picture:
    """The photograph that the demo begins with, which comes inside scikit-image."""
    return next(each for each in sources.load("embedded", "test") if each.id == "astronaut").load()


def square(picture: pictures.Picture) -> Square:
    """The crop to begin with: around the largest face where OpenCV is installed and finds one, else the middle."""
    height, width = picture.rgb.shape[:2]
    try:
        return _grown(Square(*face_crops.face_square(picture.rgb, face_crops.find_face(picture.rgb))), height, width)
    except InputError:
        side = min(height, width)
        return Square((width - side) // 2, (height - side) // 2, side)


def _grown(square, height, width):
    """The square made large enough for the smallest input, as far as the picture allows, its middle kept if it can."""
    side = min(max(square.side, SCALE * SIDES[0]), height, width)
    left, top = (start - (side - square.side) // 2 for start in (square.left, square.top))
    return Square(min(max(0, left), width - side), min(max(0, top), height - side), side)


def crop(picture: pictures.Picture, square: Square) -> pictures.Picture:
    """A square cut out of a picture.

    Raises:
        InputError: it does not lie inside the picture, or is smaller than `SMALLEST_CROP`.
    """
    height, width = picture.rgb.shape[:2]
    bottom, right = square.top + square.side, square.left + square.side
    if square.side < SMALLEST_CROP:
        raise InputError(f"the crop is {square.side} px wide; it needs at least {SMALLEST_CROP}")
    if min(square.left, square.top) < 0 or right > width or bottom > height:
        raise InputError(f"the crop does not lie inside the photo of {width}×{height} px")
    return dataclasses.replace(picture, rgb=picture.rgb[square.top : bottom, square.left : right])


def prepared(request: Request) -> tuple[np.ndarray, pictures.Picture | None]:
    """What a model gets to enlarge, and the original where it is known.

    Returns:
        (uint8 LR (height, width, 3), original of four times the size or None)
    Raises:
        InputError: the crop is too small for the input asked for, or the part too large to be enlarged as it is.
    """
    if request.mode not in MODES:
        raise InputError(f"unknown mode {request.mode!r}: choose one of {', '.join(MODES)}")
    if request.mode == "whole":
        return _as_it_is(request.picture.rgb), None
    part = crop(request.picture, request.square)
    if request.mode == "crop":
        return _as_it_is(part.rgb), None
    if request.square.side < SCALE * request.side:
        raise InputError(
            f"the crop has {request.square.side} px a side, but an input of {request.side}×{request.side} needs an "
            f"original of {SCALE * request.side}: take a larger crop or a smaller input, or enlarge the crop as it is"
        )
    lr, original = face_crops.pair(part.rgb, request.side)
    return lr, dataclasses.replace(part, rgb=original)


def _as_it_is(rgb):
    """The array, if it is small enough to be enlarged in one go."""
    height, width = rgb.shape[:2]
    if height * width > LARGEST:
        raise InputError(
            f"{width}×{height} px would become {SCALE * width}×{SCALE * height}; here up to {LARGEST:,} px are "
            f"enlarged as they are: take a smaller crop, or run srlib upscale, which has no such limit"
        )
    return rgb


def run(
    request: Request,
    report: Callable[[float], None] = lambda share: None,
    *,
    cancelled: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Do what a request asks for.

    Args:
        request: which part of a picture, enlarged how and by which model.
        report: called with the share done, 0..1, as the work goes on.
        cancelled: called between tiles; True ends the work.
    Raises:
        InputError: as `prepared`, or there is no such model.
        Cancelled: `cancelled` said so.
    """
    lr, original = prepared(request)
    watched = _watched(report, cancelled)
    enlarge = upscaler.load(request.model, pixels=lr[..., 0].size, precision="auto", tile=_TILE, progress=watched)
    start = time.perf_counter()
    sr = enlarge(lr)
    if request.picture.grey:
        sr = np.repeat(upscaler.grey(sr)[..., None], 3, axis=2)
    seconds = time.perf_counter() - start
    baseline = bicubic.upscale(lr)
    if cancelled():
        raise Cancelled
    scores = _scores(original, {"bicubic": baseline, label(request.model): sr})
    report(1.0)
    return Outcome(request, lr, baseline, sr, original, scores, seconds)


def _watched(report, cancelled):
    """A function over a list of tiles that tells the share done before each of them, and ends early if cancelled."""

    def tiles(parts):
        for done, part in enumerate(parts):
            if cancelled():
                raise Cancelled
            report(done / len(parts))
            yield part

    return tiles


def _scores(original, results):
    """PSNR-Y and SSIM-Y of {name: uint8 array}, by `protocol.PROTOCOL`; {} without an original."""
    if original is None:
        return {}
    backend.import_keras(compute=False)
    from srlib.evaluation import protocol

    return {name: protocol.score(original, image) for name, image in results.items()}


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where two pictures differ: the absolute difference, mean over channels, from black (none) to bright (`PEAK`).

    Args:
        one, other: uint8 arrays of one size (height, width, 3).
    Returns:
        uint8 (height, width, 3), matplotlib's colours "inferno".
    """
    levels = np.abs(one.astype(np.float32) - other).mean(axis=2)
    return matplotlib.colormaps["inferno"](np.clip(levels / PEAK, 0, 1), bytes=True)[..., :3]


def views(outcome: Outcome) -> dict[str, tuple[str, np.ndarray]]:
    """The pictures to compare, by the word that stands for each.

    Returns:
        {"input" | "bicubic" | "model" | "original" | "difference": (label, uint8 (height, width, 3))}; the difference
        is that to the original where it is known, else between model and bicubic: what the network added.
    """
    model, original = label(outcome.request.model), outcome.original
    found = {"input": ("Input", outcome.lr), "bicubic": ("Bicubic", outcome.bicubic), "model": (model, outcome.sr)}
    if original is None:
        return {**found, "difference": (f"{model} less bicubic", difference(outcome.sr, outcome.bicubic))}
    error = difference(outcome.sr, original.rgb)
    return {**found, "original": ("Original", original.rgb), "difference": (f"Error of {model}", error)}


def summary(outcome: Outcome) -> str:
    """One sentence on an outcome: what was enlarged to what, by which model, and the gain over bicubic if known."""
    (height, width), model = outcome.lr.shape[:2], label(outcome.request.model)
    text = f"{width}×{height} px enlarged to {SCALE * width}×{SCALE * height} by {model} in {outcome.seconds:.1f} s"
    if not outcome.scores:
        return f"{text}. The original is not known, so nothing tells how much of the detail is true."
    gain = outcome.scores[model][0] - outcome.scores["bicubic"][0]
    return f"{text}: {abs(gain):.2f} dB {'more' if gain >= 0 else 'less'} PSNR than bicubic."


def encoded(image: np.ndarray, longest: int = 0, *, kind: str = "PNG") -> bytes:
    """The bytes of an image file.

    Args:
        image: uint8 (height, width, 3).
        longest: pixels; a longer side is reduced to it, for the screen only (0: never).
        kind: "PNG", which keeps every pixel, or "JPEG", which is small.
    """
    picture, buffer = Image.fromarray(np.ascontiguousarray(image)), io.BytesIO()
    if longest:
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    picture.save(buffer, kind, quality=85)
    return buffer.getvalue()


def file_name(outcome: Outcome, name: str) -> str:
    """What the result of a photo of that name is called when it is saved: "portrait-x4-srgan-faces.png"."""
    return f"{'-'.join(label(name).split())}-x4-{label(outcome.request.model)}.png"


def label(model: pathlib.Path | str) -> str:
    """A model's name, of a path its stem."""
    return pathlib.Path(model).stem


def choices(further: Paths = ()) -> list[tuple[str, str]]:
    """The models to choose from, the best one first, with what is known of them.

    Args:
        further: paths of model files beside those that are shipped.
    Returns:
        (name or path, one line) of each.
    Raises:
        InputError: no model is shipped, or a path is no model file.
    """
    names = [*sorted(model_files.available(), key=lambda name: name != model_files.default()), *map(str, further)]
    return [(name, model_files.header(name)["about"].get("about", "")) for name in names]
