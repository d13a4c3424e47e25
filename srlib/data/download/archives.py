"""Extraction of pictures from zip and tar archives that nobody has looked into; what is not plain is refused.

Each member is written beside its place and moved there whole, so an extraction that was stopped goes on where it
stopped.
"""

import contextlib
import dataclasses
import pathlib
import posixpath
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from typing import IO

from PIL import Image

from srlib import files
from srlib.errors import InputError
from srlib.imaging import pictures

MOST_EXPANSION = 100  # times the archive's own size; pictures are compressed already and hardly expand
SMALL = 50 * 10**6  # bytes; below it no expansion is a bomb
_CHUNK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Member:
    """A file in an archive: its `name` there, its `size`, what is `wrong` with it, and how to `open` it."""

    name: str
    size: int
    wrong: str | None
    open: Callable[[], IO[bytes]]


def extract(archive: pathlib.Path | str, place: Callable[[str], pathlib.Path | None]) -> list[pathlib.Path]:
    """Take files out of a zip or tar archive.

    Args:
        archive: path of the archive.
        place: function from a member's name to the path it goes to, or None to leave it out.
    Returns:
        The paths, sorted.
    Raises:
        InputError: the archive cannot be read, or holds a member that climbs out of its folder, is a link or a device,
            expands like a bomb, or a picture above `pictures.MAX_PIXELS`; the message names it.
    """
    archive = pathlib.Path(archive)
    try:
        with _opened(archive) as members:
            _require_safe(members, archive)
            wanted = [(member, path) for member in members if (path := place(member.name)) is not None]
            for member, path in wanted:
                _extract_one(member, pathlib.Path(path), archive)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError) as error:
        raise InputError(f"{archive}: the archive is damaged or of an unknown kind ({error})") from error
    return sorted(pathlib.Path(path) for _, path in wanted)


@contextlib.contextmanager
def _opened(archive):
    """Yield the `Member`s of an archive, folders left out."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield [_zip_member(opened, info) for info in opened.infolist() if not info.is_dir()]
    else:
        with tarfile.open(archive) as opened:
            yield [_tar_member(opened, info) for info in opened if not info.isdir()]


def _zip_member(opened, info):
    """A `Member` of a zip file; Unix file types stand in the upper half of its attributes."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    wrong = None if kind in (0, stat.S_IFREG) else "is a link or a device"
    if info.file_size > SMALL // 50 and info.file_size > MOST_EXPANSION * max(info.compress_size, 1):
        wrong = f"expands {info.file_size // max(info.compress_size, 1)} times (a decompression bomb)"
    return Member(info.filename, info.file_size, wrong, lambda: opened.open(info))


def _tar_member(opened, info):
    return Member(
        info.name, info.size, None if info.isreg() else "is a link or a device", lambda: opened.extractfile(info)
    )


def _require_safe(members, archive):
    """Raise InputError at the first member that is not plainly a file inside the archive's folder."""
    total, limit = 0, max(SMALL, MOST_EXPANSION * archive.stat().st_size)
    for member in members:
        total += member.size
        wrong = member.wrong or climbs(member.name)
        if total > limit:
            wrong = wrong or "makes it expand beyond all pictures (a decompression bomb)"
        if wrong:
            raise InputError(f"{archive}: refused, its member {member.name!r} {wrong}")


def climbs(name: str) -> str | None:
    """What is wrong with a member's name that leads out of its folder, or None."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or plain[1:2] == ":":
        return "has an absolute path"
    if ".." in posixpath.normpath(plain).split("/") or ".." in plain.split("/"):
        return "climbs out of the folder"
    return None


def _extract_one(member, path, archive):
    """Write one member to `path` unless it is there in full."""
    if path.exists() and path.stat().st_size == member.size:
        return
    with files.replacing(path) as beside:
        with member.open() as source, open(beside, "wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
        require_pixels(beside, f"{archive}: refused, its member {member.name!r}")


def require_pixels(path: pathlib.Path, about: str) -> None:
    """Raise InputError for a picture above `pictures.MAX_PIXELS`, beginning with `about`; other files pass."""
    try:
        with Image.open(path) as image:
            pixels = image.width * image.height
    except Image.DecompressionBombError:
        pixels = pictures.MAX_PIXELS + 1
    except (OSError, ValueError, SyntaxError):
        return  # no picture, or a damaged one: `check` names those
    if pixels > pictures.MAX_PIXELS:
        raise InputError(f"{about} is a picture of more than {pictures.MAX_PIXELS:,} pixels")
