"""Executed notebooks kept for readers on the web: their run records, and copies light enough for a repository."""

import base64
import copy
import io
import pathlib
import shutil

import nbformat
from PIL import Image

from srlib import files, records
from srlib.course import runner
from srlib.errors import InputError

LIMIT = 1_500_000  # bytes of a notebook
_SIDES = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4)  # what figures are reduced to, one after the other, until a notebook is light
_COLOURS = 256


def keep(out, folder=records.KEPT):
    """Copy every executed notebook below `out`, and its run record, to where records are kept.

    Args:
        out: output root, as `srlib course` leaves it.
        folder: <folder>/executed and <folder>/runs are written.
    Returns:
        list of `pathlib.Path`, the notebooks' copies.
    Raises:
        InputError: no notebook there; one that failed, or ran on pictures of a data root, which are not to publish; one
            without a run record, or too large with the smallest figures.
    """
    out, folder = pathlib.Path(out), pathlib.Path(folder)
    kept = [(path, *_read(path, out)) for path in runner.find("", out / "executed")]  # all, before any is written
    return [_write(path.name, text, record, folder) for path, text, record in kept]


def _read(path, out):
    """The text of a notebook's light copy and the folder of its run record."""
    notebook = runner.executed(path)
    given = notebook.metadata.get("papermill", {}).get("parameters", {})
    if given.get("data_root"):
        raise InputError(f"{path}: shows pictures of {given['data_root']}; keep what ran on the embedded photographs")
    record = out / "runs" / f"{path.stem}-{given.get('profile', 'cpu')}-{given.get('seed', 0)}"
    if not record.is_dir():
        raise InputError(f"{record}: no such run record; run the notebook again with srlib course")
    return light(notebook, path.name), record


def _write(name, text, record, folder):
    """A notebook's copy and its record's, each file whole or not at all; gives the copy's path."""
    for source in sorted(record.iterdir()):
        with files.replacing(folder / "runs" / record.name / source.name) as beside:
            shutil.copyfile(source, beside)
    files.write_text(folder / "executed" / name, text)
    return folder / "executed" / name


def light(notebook, name="notebook", limit=LIMIT):
    """An executed notebook's JSON of at most `limit` bytes: fewer colours in its figures, smaller ones where need be.

    The places on the machine that ran it are left out.

    Args:
        notebook: `nbformat.NotebookNode`.
        name: str, what to call it in errors.
        limit: int, bytes.
    Raises:
        InputError: it is too large even with the smallest figures.
    """
    for part in _SIDES:
        text = nbformat.writes(_lighter(notebook, part)) + "\n"
        if len(text.encode()) <= limit:
            return text
    raise InputError(f"{name}: more than {limit:,} bytes with figures of {_SIDES[-1]:.0%} of their size")


def _lighter(notebook, part):
    """A copy without what only its machine needs, the figures reduced to a part of their sides."""
    lighter = copy.deepcopy(notebook)
    for key in ("papermill", "widgets"):
        lighter.metadata.pop(key, None)
    for cell in lighter.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        cell.source = runner.without_places(cell)
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = _figure(output.data["image/png"], part)
    return lighter


def _figure(encoded, part):
    """A PNG in base64 with at most 256 colours, or as it is where that is no smaller."""
    image = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if part < 1:
        image = image.resize([max(1, round(part * side)) for side in image.size], Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.quantize(_COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(content, "PNG", optimize=True)
    made = base64.b64encode(content.getvalue()).decode()
    return made if part < 1 or len(made) < len(encoded) else encoded
