"""The demo as a page of its own: a notebook of one cell, served to this machine alone."""

import pathlib
import tempfile

import nbformat

from srlib import files
from srlib.course.app import demo
from srlib.machine import extras
from srlib.upscaling import model_files

TITLE = "Your photo, four times as large"
# The browser itself holds the page to its promise: from here it may load from, and send to, this server only.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "connect-src 'self' data: blob: ws://127.0.0.1:* ws://localhost:*; form-action 'self'; frame-ancestors 'self'"
)


def write(folder: pathlib.Path | str, further: demo.Paths = ()) -> pathlib.Path:
    """Write the page's notebook into a folder and return its path.

    Args:
        folder: where the notebook shall stand.
        further: paths of models to offer beside those that are shipped.
    """
    paths = [str(pathlib.Path(path).resolve()) for path in further]
    cell = nbformat.v4.new_code_cell(f"from srlib.course.app import widget\n\nwidget.App(further={paths})", id="app")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    path = pathlib.Path(folder) / f"{TITLE}.ipynb"
    files.write_text(path, nbformat.writes(notebook))
    return path


def serve(port: int = 8866, *, browser: bool = True, further: demo.Paths = ()) -> None:
    """Serve the page on 127.0.0.1 until it is interrupted.

    Args:
        port: of this machine.
        browser: whether to open a browser on it.
        further: as `write`'s.
    Raises:
        InputError: Voilà is not installed, or a path is no model file.
    """
    for path in further:
        model_files.header(path)
    with extras.needed("the page", "app"):
        from traitlets import config
        from voila import app
    with tempfile.TemporaryDirectory() as folder:
        headers = {"headers": {"Content-Security-Policy": POLICY}}
        settings = config.Config({"Voila": {"tornado_settings": headers}})
        words = [str(write(folder, further)), "--Voila.ip=127.0.0.1", f"--port={port}"]
        app.Voila.launch_instance(words + ([] if browser else ["--no-browser"]), config=settings)
