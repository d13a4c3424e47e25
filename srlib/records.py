"""Run records: what was run, where, and what came out; every number in a text comes from one of these.

A record is the folder <out>/runs/<id>/ with config.json, environment.json, metrics.json and CSV tables. No Keras here:
tables and figures are drawn from records by programs that need none.
"""

import csv
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import time
from collections.abc import Iterable
from typing import Any

from srlib import files
from srlib.config import Config
from srlib.errors import InputError
from srlib.machine import colab, environment

KEPT = pathlib.Path(__file__).resolve().parent.parent / "results"  # of a checkout; an installed srlib has none
_begun = None  # when this process' notebook began, by `time.perf_counter`; None where none did


def output_root(given: pathlib.Path | str | None = None) -> pathlib.Path:
    """Output root, where results go: `given`, else SRLIB_OUT_ROOT, else the folder `out` here; an absolute path.

    On Colab, a folder below /content/drive/MyDrive outlives the machine; Drive is mounted the first time.
    """
    return colab.mounted(pathlib.Path(given or os.environ.get("SRLIB_OUT_ROOT") or "out").expanduser().resolve())


def checkpoint_folder(root: pathlib.Path | str | None, name: str, config: Config) -> pathlib.Path:
    """Where a run keeps its checkpoints below an output root: one folder for each name and set of settings."""
    settings = json.dumps(dataclasses.asdict(config), sort_keys=True).encode()
    return output_root(root) / "training" / f"{name}-{hashlib.sha256(settings).hexdigest()[:8]}"


def begin_notebook() -> None:
    """Count the seconds that the records of this process tell from now on; again for a notebook that is run again."""
    global _begun
    _begun = time.perf_counter()


@dataclasses.dataclass(frozen=True)
class Record:
    """One run's record in the folder `path`."""

    path: pathlib.Path

    @property
    def id(self) -> str:
        """The name of the run."""
        return self.path.name

    def read(self, part: str) -> dict[str, Any]:
        """The dict of "config", "environment" or "metrics".

        Raises:
            InputError: the record lacks that part.
        """
        try:
            return json.loads((self.path / f"{part}.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"run record {self.path} has no {part}.json") from error

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of <name>.csv as dicts, numbers as floats."""
        with open(self.path / f"{name}.csv", newline="", encoding="utf-8") as file:
            return [{key: _number(value) for key, value in row.items()} for row in csv.DictReader(file)]


def write(
    root: pathlib.Path | str,
    run_id: str,
    *,
    config: Any,
    metrics: dict[str, Any],
    tables: dict[str, Iterable[Any]] | None = None,
) -> Record:
    """Write a run record; one of the same id is replaced.

    In a notebook its environment has "notebook_seconds", from the setup cell's begin to here: headless the time that
    the notebook takes, by hand also that of reading it.

    Args:
        root: the output root; the record stands in <root>/runs/<run_id>/.
        run_id: such as "05_coco_reproduction-cpu-0".
        config: a dataclass or a dict.
        metrics: numbers and strings; "headline" is the one sentence that a report shows.
        tables: {name: rows}, each row a dict or dataclass with the same fields, written as <name>.csv.
    """
    folder = pathlib.Path(root) / "runs" / run_id
    for name, rows in (tables or {}).items():
        files.write_text(folder / f"{name}.csv", csv_text(rows))
    files.write_json(folder / "config.json", _plain(config))
    files.write_json(folder / "environment.json", {**environment.describe(), **_seconds()})
    files.write_json(folder / "metrics.json", metrics)
    return Record(folder)


def _seconds():
    """How long this process' notebook has run, as an entry of the environment; nothing outside a notebook."""
    return {} if _begun is None else {"notebook_seconds": round(time.perf_counter() - _begun, 1)}


def records(root: pathlib.Path | str) -> list[Record]:
    """All complete records below an output root, sorted by id."""
    return [Record(path.parent) for path in sorted(pathlib.Path(root).glob("runs/*/metrics.json"))]


def recorded(run_id: str, root: pathlib.Path | str | None = None) -> Record | None:
    """The record of that id below an output root, or in the repository's own results; None if it is not there."""
    record = Record(pathlib.Path(root or KEPT) / "runs" / run_id)
    return record if (record.path / "metrics.json").exists() else None


def csv_text(rows: Iterable[Any]) -> str:
    """Rows (dicts or dataclasses with the same fields) as CSV text with a header; empty for no rows."""
    rows = [_plain(row) for row in rows]
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def _plain(value):
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else dict(value)


def _number(text):
    try:
        return float(text)
    except ValueError:
        return text
