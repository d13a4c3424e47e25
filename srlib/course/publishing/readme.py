"""Generated parts of the README: the tables of results, and that of the notebooks."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from srlib import files, records
from srlib.course import runner
from srlib.course.publishing import colab_badges, score_tables
from srlib.imaging import figures
from srlib.machine import environment

PROFILE = "cpu"  # whose records tell the time: it runs on every machine


def update(path: pathlib.Path | str, out: pathlib.Path | str = "results") -> None:
    """Draw all tables anew between their markers in a Markdown file.

    Args:
        path: of the file.
        out: output root with the records.
    Raises:
        InputError: no such file, a missing marker, or no records or notebooks; the file is then as it was.
    """
    tables = {"results": score_tables.results(out), "quoted": score_tables.quoted(out), "notebooks": notebooks(out)}
    files.replace_parts(path, tables)


def notebooks(out: pathlib.Path | str = "results", folder: pathlib.Path | str | None = None) -> str:
    """Each notebook's title, Colab badge, time and question, as a Markdown table of links from the folder above.

    Args:
        out: output root with the records <notebook>-cpu-0; one that is missing or tells no seconds leaves a dash.
        folder: of the notebooks; None for those of this clone.
    Returns:
        the table, and below it the machines that the times were taken on.
    Raises:
        InputError: there are no notebooks.
    """
    paths = runner.find("", folder)
    address = colab_badges.address(paths[0].parent.parent)
    environments = [_environment(out, path.stem) for path in paths]
    return figures.table([_row(*each, address) for each in zip(paths, environments)]) + _machines(environments)


def _environment(out: pathlib.Path | str, stem: str) -> dict[str, Any]:
    """The environment of a notebook's record, {} where there is none."""
    record = records.recorded(f"{stem}-{PROFILE}-0", out)
    return record.read("environment") if record else {}


def _row(path: pathlib.Path, environment: Mapping[str, Any], address: str | None) -> dict[str, str]:
    """One line of the table."""
    title, question = runner.head(path)
    return {
        "notebook": f"[{title}](notebooks/{path.name})",
        "run it": colab_badges.badge(address, path.name) if address else "–",
        "time": duration(environment.get("notebook_seconds")),
        "question": question,
    }


def duration(seconds: float | None) -> str:
    """Seconds in words for a table: in minutes from one minute on; a dash for None."""
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 59.5 else f"{seconds / 60:.0f} min"


def _machines(environments: Sequence[Mapping[str, Any]]) -> str:
    """The machines that the times were taken on as a sentence; nothing where no time is told."""
    timed = [told for told in environments if "notebook_seconds" in told]
    machines = sorted({environment.hardware(told) for told in timed})
    return f"\n\nTime: the whole notebook in the profile `{PROFILE}`, on {'; '.join(machines)}." if timed else ""
