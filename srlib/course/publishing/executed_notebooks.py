"""Executed notebooks for readers on the web: copies small enough for a repository, and their run records."""

import base64
import io
import pathlib

import nbformat
from PIL import Image

from srlib import files, records
from srlib.course import runner
from srlib.errors import InputError

LIMIT = 1_500_000  # bytes of a notebook
_SIDES = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4)  # what figures are reduced to, one by one, until a notebook is small enough
_COLOURS = 256


def keep(out: pathlib.Path | str, folder: pathlib.Path | str = records.KEPT) -> list[pathlib.Path]:
    """Copy every executed notebook below `out`, and its run record, to where records are kept.

    Args:
        out: output root, as `srlib course` leaves it.
        folder: <folder>/executed and <folder>/runs are written.
    Returns:
        the paths of the notebooks' copies.
    Raises:
        InputError: no notebook there; one that failed, or ran on pictures of a data root, which are not to publish; one
            without a run record, or too large with the smallest figures.
    """
    out, folder = pathlib.Path(out), pathlib.Path(folder)
    read = [(path, *_read(path, out)) for path in runner.find("", out / "executed")]  # all, before any is written
    return [_write(path.name, text, record, folder) for path, text, record in read]


def _read(path: pathlib.Path, out: pathlib.Path) -> tuple[str, pathlib.Path]:
    """The text of a notebook's small copy and the folder of its run record."""
    notebook = runner.executed(path)
    given = notebook.metadata.get("papermill", {}).get("parameters", {})
    if given.get("data_root"):
        raise InputError(f"{path}: shows pictures of {given['data_root']}; keep what ran on the embedded photographs")
    record = out / "runs" / f"{path.stem}-{given.get('profile', 'cpu')}-{given.get('seed', 0)}"
    if not record.is_dir():
        raise InputError(f"{record}: no such run record; run the notebook again with srlib course")
    return compact(notebook, path.name), record


def _write(name: str, text: str, record: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A notebook's copy and its record's, each file whole or not at all; gives the copy's path."""
    for source in sorted(record.iterdir()):
        files.write_bytes(folder / "runs" / record.name / source.name, source.read_bytes())
    files.write_text(folder / "executed" / name, text)
    return folder / "executed" / name


def compact(notebook: nbformat.NotebookNode, name: str = "notebook", *, limit: int = LIMIT) -> str:
    """JSON of an executed notebook in at most `limit` bytes: figures of fewer colours, smaller ones where need be.

    Paths on the machine that ran it are left out.

    Args:
        notebook: as it ran.
        name: what to call it in errors.
        limit: bytes.
    Raises:
        InputError: it is too large even with the smallest figures.
    """
    for part in _SIDES:
        text = nbformat.writes(_reduced(notebook, part)) + "\n"
        if len(text.encode()) <= limit:
            return text
    raise InputError(f"{name}: more than {limit:,} bytes with figures of {_SIDES[-1]:.0%} of their size")


def _reduced(notebook: nbformat.NotebookNode, part: float) -> nbformat.NotebookNode:
    """A copy without what only its machine needs, the figures reduced to a part of their sides."""
    reduced = runner.without_paths(notebook)
    for node in (reduced, *reduced.cells):
        for key in ("papermill", "widgets", "execution"):
            node.metadata.pop(key, None)
    for output in runner.outputs(reduced, "image/png"):
        output.data["image/png"] = _figure(output.data["image/png"], part)
    return reduced


def _figure(encoded: str, part: float) -> str:
    """A PNG in base64 with at most 256 colours, or as it is where that is no smaller."""
    image = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if part < 1:
        image = image.resize([max(1, round(part * side)) for side in image.size], Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(content, "PNG", optimize=True)
    made = base64.b64encode(content.getvalue()).decode()
    return made if part < 1 or len(made) < len(encoded) else encoded
