"""Room on the disk."""

import pathlib
import shutil

from srlib.errors import InputError

RESERVE = 500 * 10**6  # bytes of the disk that downloads and stores leave free


def free_space(folder: pathlib.Path | str) -> int:
    """Bytes free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def require(path: pathlib.Path | str, needed: int, *, purpose: str, advice: str) -> None:
    """Raise InputError unless the disk of a path, which need not exist yet, takes so many bytes more than the reserve.

    Args:
        path: a file or folder to be written.
        needed: bytes.
        purpose: what an error says that they are for.
        advice: what an error says to do.
    """
    folder = next(parent for parent in (pathlib.Path(path).absolute() / "x").parents if parent.exists())
    free = free_space(folder)
    if free < needed + RESERVE:
        raise InputError(
            f"{folder}: {needed / 1e9:.2f} GB {purpose} and {RESERVE / 1e9:.1f} GB to spare, but {free / 1e9:.2f} GB "
            f"free: {advice}"
        )
