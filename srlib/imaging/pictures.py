"""Picture files: any of them into uint8 arrays, and arrays into PNG files."""

import contextlib
import dataclasses
import io
import pathlib
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps

from srlib import files
from srlib.errors import InputError
from srlib.files import PathLike

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm")
MAX_PIXELS = 100_000_000  # above it a file is more likely an attack (decompression bomb) than a photograph


@dataclasses.dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Args:
        rgb: uint8 (height, width, 3).
        grey: whether it was stored as grey.
        alpha: uint8 (height, width), None where it has no transparency.
    """

    rgb: np.ndarray
    grey: bool = False
    alpha: np.ndarray | None = None


def read(path: PathLike) -> Picture:
    """Read a picture of any common format and mode, upright.

    Grey is repeated over three channels, palettes and CMYK are converted, 16-bit grey is scaled to 8 bits, the EXIF
    orientation is applied, and transparency is returned apart.

    Raises:
        InputError: no such file, not a picture, damaged, empty, or larger than `MAX_PIXELS`.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a picture")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    return _read(path, path)


def from_bytes(content: bytes, name: str) -> Picture:
    """Read a picture that is in memory, as `read` reads a file.

    Args:
        content: of a picture file.
        name: what to call it in errors.
    Raises:
        InputError: not a picture, damaged, empty, or larger than `MAX_PIXELS`.
    """
    if not content:
        raise InputError(f"{name}: the file is empty")
    return _read(io.BytesIO(content), name)


def _read(source: pathlib.Path | io.BytesIO, name: PathLike) -> Picture:
    """The `Picture` in a path or a file in memory; `name` is what errors call it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(source) as image:
                return _decode(image, name)
    except InputError:
        raise
    except Image.UnidentifiedImageError as error:
        raise InputError(f"{name}: not a picture in a known format") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{name}: more than {MAX_PIXELS:,} pixels; cut it into parts") from error
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        raise InputError(f"{name}: the picture is damaged ({error})") from error


@contextlib.contextmanager
def opened(path: PathLike) -> Iterator[Image.Image]:
    """Open a picture file with Pillow, which reads its header and decodes it when it is asked for pixels.

    Raises:
        InputError: the file cannot be read, here or in the block.
    """
    try:
        with Image.open(path) as image:
            yield image
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        raise InputError(f"{path}: the picture cannot be read ({error})") from error


def pixels(path: PathLike) -> int:
    """How many pixels the header of a picture file states, without decoding it; 0 where it cannot be read."""
    try:
        with opened(path) as image:
            return image.width * image.height
    except InputError:  # `read` says what is wrong with it
        return 0


def _decode(image: Image.Image, name: PathLike) -> Picture:
    """A `Picture` of an opened Pillow image."""
    if image.width * image.height > MAX_PIXELS:
        raise InputError(f"{name}: {image.width}×{image.height} is more than {MAX_PIXELS:,} pixels; cut it into parts")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_eight_bits(image))
    grey, alpha = image.mode in ("1", "L", "LA"), None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.asarray(image.getchannel("A"))
    return Picture(np.asarray(image.convert("RGB")), grey, alpha)


def _eight_bits(image: Image.Image) -> np.ndarray:
    """Grey values of 16 bits as uint8: 65535 becomes 255. 32-bit files hold them too, or values of 8 bits."""
    values = np.asarray(image)
    scale = 257.0 if image.mode.startswith("I;16") or values.max(initial=0) > 255 else 1.0
    return np.clip(np.rint(values / scale), 0, 255).astype(np.uint8)


def write_png(path: PathLike, image: np.ndarray) -> None:
    """Write a uint8 array (height, width), (height, width, 3) or (height, width, 4) as PNG, whole or not at all."""
    with files.replacing(path) as beside:
        Image.fromarray(image).save(beside, format="PNG")


def centre_crop(image: np.ndarray, side: int) -> np.ndarray:
    """The middle of an image (height, width[, channels]), at most `side` pixels high and wide."""
    top, left = (max(size - side, 0) // 2 for size in image.shape[:2])
    return image[top : top + side, left : left + side]


def find(folder: PathLike) -> list[pathlib.Path]:
    """The picture files below a folder, sorted by path; hidden files and folders are passed over.

    Raises:
        InputError: no such folder, or no picture in it.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    named = (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES)
    found = [path for path in named if path.is_file() and _visible(path, folder)]
    if not found:
        raise InputError(f"{folder}: no pictures in it ({', '.join(SUFFIXES)})")
    return found


def _visible(path: pathlib.Path, folder: pathlib.Path) -> bool:
    """Whether no part of `path` below `folder` starts with a dot."""
    return not any(part.startswith(".") for part in path.relative_to(folder).parts)
