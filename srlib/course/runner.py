"""Running the course: every notebook in a fresh kernel through papermill, a report to open at the end."""

import dataclasses
import html
import os
import pathlib
import re
import time

import nbconvert
import nbformat
import papermill
import traitlets.config

from srlib import config, files, records
from srlib.errors import InputError
from srlib.machine import environment

# Kernels that no other user of the machine can listen to, and that say nothing about it.
_KERNEL = traitlets.config.Config({"KernelManager": {"transport": "ipc"}} if os.name == "posix" else {})
NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "notebooks"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one notebook: `status` is "done" or "failed", `headline` its own sentence or the error's."""

    notebook: str
    title: str
    status: str
    seconds: float
    headline: str


def find(only="", folder=None):
    """The notebooks to run, in order.

    Args:
        only: "" for all, or numbers and names with commas between them, such as "02,05" or "02_generator".
        folder: where they are; None for those beside the installed package.
    Returns:
        list of `pathlib.Path`.
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


def executed(path):
    """An executed notebook as `nbformat.NotebookNode`; raises InputError if it failed or was never run."""
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    if not outputs or any(output.output_type == "error" for output in outputs):
        raise InputError(f"{path}: {'failed' if outputs else 'was not run'}; run it again with srlib course")
    return notebook


def without_places(cell):
    """A cell's source; of the parameters given from outside, without places on the machine that ran the notebook."""
    if "injected-parameters" not in cell.metadata.get("tags", []):
        return cell.source
    return "\n".join(line for line in cell.source.splitlines() if not line.startswith(("out_root", "data_root")))


def parameters(path):
    """The parameters a notebook takes, as a set of names: the assignments in its cell tagged "parameters"."""
    return set(papermill.inspect_notebook(str(path)))


def arrange(paths, given):
    """Sort parameters into what the notebooks take and what overrides a setting of their config.

    papermill itself would ignore a misspelled name.

    Args:
        paths: the notebooks to run.
        given: dict of name to value.
    Returns:
        dict of parameters, settings among them gathered in "overrides".
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


def run(paths, given, out):
    """Execute notebooks one after the other; one that fails does not keep the others from running.

    Args:
        paths: list of notebooks.
        given: dict of parameters as `arrange` returns them.
        out: output root; executed copies go to <out>/executed, pages and index.html to <out>/report.
    Returns:
        list of `Outcome`.
    """
    outcomes = []
    for path in paths:
        print(f"{path.stem}", flush=True)
        outcomes.append(_execute(path, given, out))
        print(f"  {outcomes[-1].status} in {outcomes[-1].seconds:.0f} s: {outcomes[-1].headline}", flush=True)
        _write_page(out, path.stem)
        _write_index(out, outcomes, len(paths))
    return outcomes


def _execute(path, given, out):
    """Run one notebook in a fresh kernel."""
    executed = out / "executed" / path.name
    executed.parent.mkdir(parents=True, exist_ok=True)
    taken = {name: value for name, value in given.items() if name in parameters(path)}
    start, failure = time.perf_counter(), None
    try:
        papermill.execute_notebook(
            str(path),
            str(executed),
            {**taken, "out_root": str(out)},
            kernel_name="python3",
            cwd=str(out),
            config=_KERNEL,
            coalesce_streams=True,
        )
    except Exception as error:  # whatever a notebook or its kernel does, the others still run
        failure = _one_line(error)
    seconds = time.perf_counter() - start
    headline = failure or _headline(out, path.stem)
    return Outcome(path.stem, head(path)[0], "failed" if failure else "done", seconds, headline)


def _one_line(error):
    """An error in one line: papermill's own message is the traceback, whose last line names the cause."""
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", str(error))
    lines = str(value).strip().splitlines()
    return f"{name}: {lines[-1] if lines else ''}"


def _headline(out, stem):
    """The headline of the newest record that the notebook wrote."""
    own = [record for record in records.records(out) if record.id.startswith(stem + "-")]
    newest = max(own, key=lambda record: (record.path / "metrics.json").stat().st_mtime, default=None)
    return newest.read("metrics").get("headline", "") if newest else ""


def head(path):
    """What a notebook's first cell says: its title and its question.

    Args:
        path: `pathlib.Path` of the notebook.
    Returns:
        (str, str): the first heading, else the file's name; the bold sentence with a question mark, else "".
    """
    source = nbformat.read(path, as_version=4).cells[0].source
    title = next((line.lstrip("# ") for line in source.splitlines() if line.startswith("#")), path.stem)
    question = re.search(r"\*\*(.+?\?)\*\*", source.replace("\n", " "))
    return title, question[1] if question else ""


def _write_page(out, stem):
    """The executed notebook as one HTML page."""
    executed = out / "executed" / f"{stem}.ipynb"
    if executed.exists():
        exporter = nbconvert.HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
        page, _ = exporter.from_filename(str(executed))
        files.write_text(out / "report" / f"{stem}.html", page)


def _write_index(out, outcomes, count):
    """The report's first page: a row for each notebook that ran so far."""
    rows = "\n".join(_row(outcome) for outcome in outcomes)
    told = environment.describe()
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    minutes = sum(outcome.seconds for outcome in outcomes) / 60
    summary = f"{len(outcomes)} of {count} notebooks run, {failed} failed, {minutes:.1f} minutes"
    machine = f"{environment.hardware(told)} · {told['time']}"
    page = _PAGE.format(summary=html.escape(summary), machine=html.escape(machine), rows=rows)
    files.write_text(out / "report" / "index.html", page)


def _row(outcome):
    cells = (outcome.status, f"{outcome.seconds:.0f} s", outcome.headline)
    link = f'<a href="{outcome.notebook}.html">{html.escape(outcome.title)}</a>'
    return f'<tr class="{outcome.status}"><td>{link}</td>' + "".join(f"<td>{html.escape(text)}</td>" for text in cells)


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Face super-resolution with GANs: report</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .5rem .8rem; border-bottom: 1px solid #ddd; vertical-align: top }}
a {{ color: #00558c }}
.done td:nth-child(2) {{ color: #00604a }}
.failed td:nth-child(2) {{ color: #a32000; font-weight: bold }}
</style>
<h1>Face super-resolution with GANs</h1>
<p>{summary}.<br>{machine}</p>
<table>
<thead><tr><th>Notebook<th>Status<th>Time<th>Headline</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</html>
"""
