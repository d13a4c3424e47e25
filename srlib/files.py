"""Writing of files, whole or not at all, and the lock of a folder."""

import contextlib
import json
import os
import pathlib
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from srlib.errors import InputError

PathLike = pathlib.Path | str


@contextlib.contextmanager
def replacing(path: PathLike) -> Iterator[pathlib.Path]:
    """Yield a temporary path beside `path`; move it there on success, remove it on any failure.

    Args:
        path: where the file shall stand; its folder is made if it is missing.
    Yields:
        a path with the same suffix, to be written by the caller.
    Raises:
        InputError: the folder cannot be made or written.
    """
    path = pathlib.Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}.", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    os.close(handle)
    beside = pathlib.Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        os.replace(beside, path)
    except IsADirectoryError as error:
        raise InputError(f"cannot write {path}: it is a folder") from error
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    """The process' umask; reading it means setting it, so set it back."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(path: PathLike, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_text(path: PathLike, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: PathLike, value: Any) -> None:
    """Write `value` to `path` as indented JSON with a final newline, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def replace_parts(path: PathLike, parts: Mapping[str, str]) -> None:
    """Replace what stands between markers in a text file: all parts, or the file stays as it is.

    Args:
        path: of the file; part `name` stands between the lines <!-- name --> and <!-- end of name -->.
        parts: the new parts by name.
    Raises:
        InputError: the file cannot be read, or lacks a part's markers.
    """
    path = pathlib.Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise InputError(f"{path}: the markers {begin.strip()} and {end} are missing")
        text = f"{before}{begin}{part}\n{end}{after}"
    write_text(path, text)


@contextlib.contextmanager
def claimed(folder: PathLike) -> Iterator[None]:
    """Hold a folder for the block: others who claim it wait until the block ends or its process dies.

    A file system or a machine without file locks grants every claim at once.

    Args:
        folder: made if it is missing; the file .claim in it is what is locked.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".claim", "a") as file:
        if fcntl:
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
