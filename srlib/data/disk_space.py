"""Room on the disk."""

import pathlib
import shutil

RESERVE = 500 * 10**6  # bytes of the disk that downloads and stores leave free


def free_space(folder):
    """Bytes free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def existing_parent(path):
    """The nearest folder above `path` that exists."""
    return next(parent for parent in pathlib.Path(path).absolute().parents if parent.exists())
