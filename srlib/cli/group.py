"""The group of commands, and what all of them share: exit statuses, batches, options as one object."""

import ast
import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from srlib import __version__, files
from srlib.errors import InputError

Item = TypeVar("Item")
Pairs = tuple[tuple[str, str], ...]  # of an option -p NAME VALUE


class SomeFailed(Exception):
    """Part of a batch failed and has been named: exit status 1."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__)
def command() -> None:
    """Face super-resolution x4 with GANs: run the course, use its models, measure them, train them."""


def gathered(kind: type) -> Callable:
    """Decorator that hands a command those of its options that are fields of the dataclass `kind` as one object.

    Args:
        kind: dataclass; the command takes an instance of it as its keyword argument `options`.
    """
    names = [field.name for field in dataclasses.fields(kind)]

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def run(**values: Any) -> Any:
            options = kind(**{name: values.pop(name) for name in names})
            return function(options=options, **values)

        return run

    return decorate


def one_line(message: object) -> str:
    """A message with each run of white space as one space."""
    return " ".join(str(message).split())


def values(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """NAME VALUE pairs as a dict; a value is a Python literal where it reads as one, else the word itself."""
    return {name: _literal(word) for name, word in pairs}


def _literal(word: str) -> Any:
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return word


def writable(folder: pathlib.Path | str) -> pathlib.Path:
    """The folder, made if need be.

    Raises:
        InputError: nothing can be written there.
    """
    folder = pathlib.Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"cannot write to {folder}: it is a file, not a folder")
    with files.replacing(folder / ".srlib-writable") as beside:
        beside.touch()
    (folder / ".srlib-writable").unlink()
    return folder


def batch(items: Sequence[Item], work: Callable[[Item], Any], *, noun: str, label: Callable[[Item], str] = str) -> None:
    """Do `work` for each item; past a bad one go on, name it, and fail at the end. A lone bad item is bad input.

    Raises:
        InputError: the only item is bad.
        SomeFailed: some of several are.
    """
    bad = []
    for item in items:
        try:
            work(item)
        except InputError as error:
            if len(items) == 1:
                raise
            click.echo(f"srlib: {one_line(error)}", err=True)
            bad.append(label(item))
    finish(bad, len(items), noun=noun)


def finish(bad: Sequence[str], count: int, *, noun: str) -> None:
    """End a batch of `count`: SomeFailed names the `bad` ones, if there are any."""
    if bad:
        raise SomeFailed(f"{len(bad)} of {count} {noun} failed: {', '.join(bad)}")
