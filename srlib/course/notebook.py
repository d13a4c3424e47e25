"""Start of a notebook: what its setup cell calls."""

import sys
import warnings

from srlib import __version__, records
from srlib.machine import backend, colab


def start() -> None:
    """Import Keras without its backend's start-up notices and print versions, device and precision in one line.

    The seconds that the notebook's run record tells are counted from here.
    """
    records.begin_notebook()
    keras = backend.import_keras()
    from srlib.machine import precision  # here, as it imports Keras

    # Keras turns its variables into NumPy arrays in a way that NumPy 2 announces; nothing a reader can act on.
    warnings.filterwarnings("ignore", message="__array__ implementation doesn't accept a copy keyword")
    device = _device()
    print(
        f"srlib {__version__} · Python {sys.version.split()[0]} · Keras {keras.__version__} on "
        f"{keras.backend.backend()} · {device} · training in {precision.resolve('auto')}"
    )
    if colab.here() and device == "CPU":
        print(colab.NO_GPU)


def _device() -> str:
    """The accelerator's kind and count, or "CPU"."""
    import keras

    names = [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]
    return f"{len(names)} × {names[0].split(':')[0].upper()}" if names else "CPU"
