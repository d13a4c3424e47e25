"""Packages of optional extras: the pip command that installs them, and the error where one is missing.

The command names the packages themselves, as pyproject.toml lists them: srlib is not on PyPI, where anybody could take
its name.
"""

import contextlib
import importlib.metadata
from collections.abc import Iterator

from srlib.errors import InputError


def install(*extras: str) -> str:
    """The command that installs the packages of some extras; where srlib itself is not installed, one for its clone."""
    from packaging import requirements  # here, as it is needed only where something is missing

    try:
        listed = [requirements.Requirement(line) for line in importlib.metadata.requires("srlib") or ()]
    except importlib.metadata.PackageNotFoundError:
        listed = []
    chosen = [each for each in listed if each.marker and any(each.marker.evaluate({"extra": name}) for name in extras)]
    for each in chosen:
        each.marker = None
    return "pip install " + (" ".join(f'"{each}"' for each in chosen) or f'--editable ".[{",".join(extras)}]"')


def missing(fault: str, *extras: str) -> InputError:
    """The error that says what is wrong for want of the packages of some extras, and the command that helps."""
    return InputError(f"{fault}: {install(*extras)}")


@contextlib.contextmanager
def needed(purpose: str, *extras: str) -> Iterator[None]:
    """Context of imports that only some extras bring.

    Args:
        purpose: str, what needs them: "the page".
        extras: names of extras as in pyproject.toml.
    Raises:
        InputError: a package is not installed; the message names it, and the command that installs all of them.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise missing(f"{purpose} needs the package {error.name}", *extras) from error
