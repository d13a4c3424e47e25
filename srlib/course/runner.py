"""Runner of the course: every notebook in a fresh kernel through papermill, and a report as web pages."""

import dataclasses
import os
import pathlib
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

import nbconvert
import nbformat
import papermill
import traitlets.config

from srlib import config, files, records
from srlib.course.publishing import templating
from srlib.errors import InputError
from srlib.machine import environment

# Kernels that no other user of the machine can listen to, and that say nothing about it.
_KERNEL = traitlets.config.Config({"KernelManager": {"transport": "ipc"}} if os.name == "posix" else {})
NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "notebooks"


@dataclasses.dataclass(frozen=True)
class NotebookRun:
    """Run of one notebook: `status` is "done" or "failed", `headline` the notebook's own sentence or the error's."""

    notebook: str
    title: str
    status: str
    seconds: float
    headline: str


def find(only: str = "", folder: pathlib.Path | str | None = None) -> list[pathlib.Path]:
    """The notebooks to run, in order.

    Args:
        only: "" for all, or numbers and names with commas between them, such as "02,05" or "02_generator".
        folder: where they are; None for those beside the installed package.
    Returns:
        their paths, sorted.
    Raises:
        InputError: no notebooks there, or none of that number or name.
    """
    folder = pathlib.Path(folder or NOTEBOOKS)
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise InputError(f"{folder}: no notebooks there; run from a clone, or give --notebooks DIR")
    wanted = [word.strip().removesuffix(".ipynb") for word in only.split(",") if word.strip()]
    for word in wanted:
        if not any(word in (path.stem, path.stem[:2]) for path in found):
            raise InputError(f"no notebook {word!r}; there are {', '.join(path.stem for path in found)}")
    return [path for path in found if not wanted or path.stem in wanted or path.stem[:2] in wanted]


def executed(path: pathlib.Path | str) -> nbformat.NotebookNode:
    """An executed notebook; raises InputError if it failed or was never run."""
    notebook = nbformat.read(path, as_version=4)
    found = outputs(notebook)
    if not found or any(output.output_type == "error" for output in found):
        raise InputError(f"{path}: {'failed' if found else 'was not run'}; run it again with srlib course")
    return notebook


def outputs(notebook: nbformat.NotebookNode, kind: str = "") -> list[nbformat.NotebookNode]:
    """The outputs of all cells, or those that have data of a MIME type such as "image/png"."""
    found = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in found if not kind or kind in output.get("data", {})]


def without_paths(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy without the paths of the machine that ran the notebook, among the parameters given from outside."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            lines = [line for line in cell.source.splitlines() if not line.startswith(("out_root", "data_root"))]
            cell.source = "\n".join(lines)
    return copy


def parameters(path: pathlib.Path | str) -> set[str]:
    """The names of the parameters a notebook takes: the assignments in its cell tagged "parameters"."""
    return set(papermill.inspect_notebook(str(path)))


def arrange(paths: Sequence[pathlib.Path], given: Mapping[str, Any]) -> dict[str, Any]:
    """Sort parameters into what the notebooks take and what overrides a setting of their config.

    papermill itself would ignore a misspelled name.

    Args:
        paths: the notebooks to run.
        given: {name: value}.
    Returns:
        {parameter: value}, the settings gathered in the parameter "overrides".
    Raises:
        InputError: a name that is neither, or a setting of the wrong type.
    """
    known = set().union(*(parameters(path) for path in paths))
    settings = {name: value for name, value in given.items() if name not in known}
    fields = {field.name for field in dataclasses.fields(config.Config)}
    for name in settings:
        if name not in fields:
            raise InputError(f"unknown parameter {name!r}{config.did_you_mean(name, known | fields)}")
    config.resolve("cpu", 0, settings)
    return {name: value for name, value in given.items() if name in known} | {"overrides": settings}


def run(paths: Sequence[pathlib.Path], given: Mapping[str, Any], *, out: pathlib.Path) -> list[NotebookRun]:
    """Execute notebooks one after the other; one that fails does not keep the others from running.

    Args:
        paths: of the notebooks.
        given: {parameter: value} as `arrange` returns them.
        out: output root; executed copies go to <out>/executed, pages and index.html to <out>/report.
    """
    runs = []
    for path in paths:
        print(f"{path.stem}", flush=True)
        runs.append(_execute(path, given, out))
        print(f"  {runs[-1].status} in {runs[-1].seconds:.0f} s: {runs[-1].headline}", flush=True)
        _write_page(out, path.stem)
        _write_index(out, runs, len(paths))
    return runs


def _execute(path: pathlib.Path, given: Mapping[str, Any], out: pathlib.Path) -> NotebookRun:
    """Run one notebook in a fresh kernel."""
    target = out / "executed" / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    taken = {name: value for name, value in given.items() if name in parameters(path)} | {"out_root": str(out)}
    start, failure = time.perf_counter(), None
    try:
        papermill.execute_notebook(
            str(path), str(target), taken, kernel_name="python3", cwd=str(out), config=_KERNEL, coalesce_streams=True
        )
    except Exception as error:  # whatever a notebook or its kernel does, the others still run
        failure = _one_line(error)
    seconds = time.perf_counter() - start
    headline = failure or _headline(out, path.stem)
    return NotebookRun(path.stem, head(path)[0], "failed" if failure else "done", seconds, headline)


def _one_line(error: Exception) -> str:
    """An error in one line: papermill's own message is the traceback, whose last line names the cause."""
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    lines = str(value).strip().splitlines()
    return f"{name}: {lines[-1] if lines else ''}"


def _headline(out: pathlib.Path, stem: str) -> str:
    """The headline of the newest record that the notebook wrote."""
    own = [record for record in records.records(out) if record.id.startswith(stem + "-")]
    newest = max(own, key=lambda record: (record.path / "metrics.json").stat().st_mtime, default=None)
    return newest.read("metrics").get("headline", "") if newest else ""


def head(path: pathlib.Path) -> tuple[str, str]:
    """The title and the question in a notebook's first cell.

    Returns:
        the first heading, else the file's name; the bold sentence with a question mark, else "".
    """
    source = nbformat.read(path, as_version=4).cells[0].source
    title = next((line.lstrip("# ") for line in source.splitlines() if line.startswith("#")), path.stem)
    question = re.search(r"\*\*(.+?\?)\*\*", source.replace("\n", " "))
    return title, question[1] if question else ""


def _write_page(out: pathlib.Path, stem: str) -> None:
    """Write the executed notebook as one HTML page."""
    executed = out / "executed" / f"{stem}.ipynb"
    if executed.exists():
        exporter = nbconvert.HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
        page, _ = exporter.from_filename(str(executed))
        files.write_text(out / "report" / f"{stem}.html", page)


def _write_index(out: pathlib.Path, runs: list[NotebookRun], count: int) -> None:
    """Write the report's first page: a row for each notebook that ran so far, of `count`."""
    told = environment.describe()
    machine = f"{environment.hardware(told)} · {told['time']}"
    page = templating.render("report.html", runs=runs, count=count, machine=machine)
    files.write_text(out / "report" / "index.html", page)
