"""Google Colab: whether this runs there, and Drive, which keeps what a run has written when the machine is taken away.

Nothing here is imported elsewhere than on Colab; `google.colab` comes with its kernels.
"""

import pathlib
import sys

from srlib.errors import InputError

_DRIVE = "MyDrive"  # the folder below a mount point that holds what a person sees as "My Drive"
NO_GPU = "No GPU: choose Runtime › Change runtime type › T4 GPU, or keep the small profile 'cpu'."


def here() -> bool:
    """Whether this is a kernel of Colab's."""
    return "google.colab" in sys.modules


def mounted(path: pathlib.Path) -> pathlib.Path:
    """The path, after Drive is mounted where the path lies in it and it is not yet: /content/drive/MyDrive/….

    Elsewhere than on Colab a path is only a path.

    Args:
        path: absolute.
    Raises:
        InputError: Drive cannot be mounted, as when the question for permission is declined.
    """
    if not here() or _DRIVE not in path.parts:
        return path
    point = pathlib.Path(*path.parts[: path.parts.index(_DRIVE)])
    try:
        if not (point / _DRIVE).is_dir():
            from google.colab import drive

            drive.mount(str(point))
    except Exception as error:  # Colab's own errors have no common type
        raise InputError(f"Drive cannot be mounted at {point} ({error}): allow it, or leave out_root empty") from error
    return path
