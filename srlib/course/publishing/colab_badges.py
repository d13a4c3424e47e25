"""Colab badges and setup cells of the notebooks, which name the repository's address.

The address stands once, in pyproject.toml (`project.urls.Repository`); `srlib student` writes it into the notebooks,
`srlib tables` into the README's badges.
"""

import pathlib
import re
import tomllib

import nbformat

from srlib.course.publishing import templating
from srlib.errors import InputError

_BADGE = re.compile(r"^\[!\[Open in Colab\]\(.*$", re.MULTILINE)
_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"


def address(root: pathlib.Path | str) -> str | None:
    """The repository's address as the pyproject.toml in a folder has it; None where there is no such file.

    Raises:
        InputError: the file has none, or one that Colab cannot open.
    """
    path = pathlib.Path(root) / "pyproject.toml"
    if not path.exists():
        return None
    found = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}).get("urls", {}).get("Repository", "")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", found):
        raise InputError(f"{path}: project.urls.Repository must be https://github.com/OWNER/NAME, not {found!r}")
    return found


def badge(address: str, name: str) -> str:
    """The line of Markdown that opens notebook `name` of the repository on Colab."""
    colab = address.replace("https://github.com", "https://colab.research.google.com/github")
    return f"[![Open in Colab]({_IMAGE})]({colab}/blob/main/notebooks/{name})"


def setup(address: str) -> str:
    """The source of every notebook's setup cell."""
    return templating.render("setup_cell.txt", address=address).rstrip("\n")


def renew(notebook: nbformat.NotebookNode, name: str, *, address: str) -> nbformat.NotebookNode:
    """Write an address into a notebook's badge and its cell tagged "setup", where it has them.

    Args:
        notebook: it is changed.
        name: its file name.
        address: of the repository.
    Returns:
        the same notebook.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _BADGE.sub(badge(address, name), cell.source)
        elif "setup" in cell.metadata.get("tags", []):
            cell.source = setup(address)
    return notebook
