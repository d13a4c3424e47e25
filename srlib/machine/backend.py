"""Importing Keras without its backend's start-up notices."""

import contextlib
import importlib.metadata
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from types import ModuleType

from srlib.machine import extras


def import_keras(compute: bool = True) -> ModuleType:
    """Import Keras and return it, keeping its backend's start-up notices out of sight.

    Args:
        compute: whether to do a first operation, which looks for devices and is noisy too. Workers on several
            machines must meet before it.
    """
    if os.environ.get("KERAS_BACKEND") == "jax" and _jax_version() == (0, 0):
        raise extras.missing("KERAS_BACKEND=jax needs the package jax", "jax")
    _record_convolutions()
    with quiet():
        import keras

        if compute:
            keras.ops.ones(1)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # pictures of several sizes are no cause for a warning
    return keras


_RECORDED = "FUSION,CUBLAS,CUBLASLT,CUDNN,CUSTOM_CALL,DYNAMIC_SLICE_FUSION,CONVOLUTION,WHILE,CONDITIONAL"


def _record_convolutions() -> None:
    """Let JAX put convolutions into CUDA graphs as it does other work, which it would launch one by one.

    What that saves stands in benchmarks/README.md. XLA refuses to start with a value that it does not know, so versions
    of before 0.11, on which this was not tried, are left alone; so is what the user has given.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    if os.environ.get("KERAS_BACKEND") != "jax" or "xla_gpu_enable_command_buffer" in flags or _jax_version() < (0, 11):
        return
    os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_enable_command_buffer={_RECORDED}".strip()


def _jax_version() -> tuple[int, ...]:
    """JAX's version as (major, minor); (0, 0) where it is not installed."""
    try:
        return tuple(int(part) for part in importlib.metadata.version("jax").split(".")[:2])
    except importlib.metadata.PackageNotFoundError:
        return 0, 0


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what native libraries write to standard error out of sight, unless the block raises.

    TensorFlow writes its first notices before its own log level is in force, so only the file descriptor helps.
    """
    with tempfile.TemporaryFile() as notices:
        sys.stderr.flush()
        saved = os.dup(2)
        os.dup2(notices.fileno(), 2)
        try:
            yield
        except BaseException:
            notices.seek(0)
            os.write(saved, notices.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
