"""Student edition: the teacher's notebooks without their solutions, made by `srlib student`, never edited."""

import ast
import pathlib
import re

import nbformat
from nbformat import NotebookNode

from srlib import files
from srlib.course import runner
from srlib.course.publishing import colab_badges
from srlib.errors import InputError

_CHECK = re.compile(r"^[^#\n]*\bcheck\.(\w+)\(", re.MULTILINE)


def tagged(cell: NotebookNode, tag: str) -> bool:
    """Whether a cell carries a tag."""
    return tag in cell.metadata.get("tags", [])


def read(path: pathlib.Path | str) -> NotebookNode:
    """The notebook in a file.

    Raises:
        InputError: the file cannot be read, or is not a notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:  # nbformat raises of many kinds, from JSON's errors to AttributeError
        raise InputError(f"{path} is not a notebook: {type(error).__name__}") from error


def exercises(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """The exercises of a notebook, in order.

    Returns:
        {name of a check: the cell tagged "exercise" that calls it last}.
    """
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and tagged(cell, "exercise") and (names := checks(cell.source)):
            found[names[-1]] = cell
    return found


def checks(source: str) -> list[str]:
    """The names of the checks that a cell's source calls, in order; read line by line, as it may not be Python."""
    return _CHECK.findall(source)


def call(source: str) -> ast.Call:
    """The expression `check.<exercise>(…)` that a stub ends with."""
    nodes = [node.value for node in ast.parse(source).body if isinstance(node, ast.Expr)]
    return [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("check.")][-1]


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Strip a notebook of what running and editing leave in it: outputs, counts, metadata, changing ids.

    Args:
        notebook: it is changed.
    Returns:
        the same notebook, cell i of which has the id "cell-i", its tags, and nothing else beside its source.
    """
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def edition(notebook: NotebookNode, name: str) -> NotebookNode:
    """A student's copy of a teacher's notebook.

    Args:
        notebook: the teacher's, normalised; it is left as it is.
        name: its file name; the badge then points at the copy.
    Returns:
        a notebook without the cells tagged "solution"; the others keep their ids, and links lead where they led.
    """
    cells = [nbformat.from_dict(cell) for cell in notebook.cells if not tagged(cell, "solution")]
    for cell in cells:
        if cell.cell_type == "markdown":
            source = cell.source.replace("](../", "](../../")
            cell.source = source.replace(f"/notebooks/{name})", f"/notebooks/student/{name})")
    return nbformat.from_dict({**notebook, "cells": cells})


def _texts(folder: pathlib.Path) -> dict[pathlib.Path, str]:
    """What the notebooks of both editions should hold, by path.

    Each teacher's notebook is normalised, with the address of the clone that `folder` lies in; its copy belongs into
    the folder `student` beside it.
    """
    wanted, address = {}, colab_badges.address(folder.parent)
    for path in runner.find("", folder):
        notebook = normalise(read(path))
        if address:
            notebook = colab_badges.renew(notebook, path.name, address=address)
        wanted[path] = _text(notebook)
        wanted[path.parent / "student" / path.name] = _text(edition(notebook, path.name))
    return wanted


def _text(notebook: NotebookNode) -> str:
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def stale(folder: pathlib.Path | str | None = None) -> dict[pathlib.Path, str | None]:
    """The notebooks of both editions that are not what they should be.

    Args:
        folder: of the teacher's notebooks; None for those of this clone.
    Returns:
        {path: what it should hold}; None for a copy whose teacher's notebook is no longer there.
    """
    folder = pathlib.Path(folder or runner.NOTEBOOKS)
    wanted = _texts(folder)
    differ = {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}
    return differ | dict.fromkeys(path for path in sorted(folder.glob("student/*.ipynb")) if path not in wanted)


def write(folder: pathlib.Path | str | None = None) -> list[pathlib.Path]:
    """Bring both editions up to date.

    Args:
        folder: of the teacher's notebooks; None for those of this clone.
    Returns:
        the paths that were written or removed.
    """
    changed = stale(folder)
    for path, text in changed.items():
        if text is None:
            path.unlink()
        else:
            files.write_text(path, text)
    return list(changed)
