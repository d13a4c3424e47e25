"""Score tables: all models side by side, drawn in Markdown from the records of `srlib evaluate --all`."""

import pathlib
import tomllib
from collections.abc import Mapping
from typing import Any

from srlib import files, records
from srlib.course.publishing import templating
from srlib.errors import InputError
from srlib.evaluation import leaderboard, protocol
from srlib.imaging import figures
from srlib.machine import environment
from srlib.upscaling import published_networks

# Columns of the records, {name: {"title": …, "number": how it is written}}, in the order of results/tables/.
COLUMNS = tomllib.loads(pathlib.Path(__file__).with_name("templates").joinpath("measures.toml").read_text("utf-8"))

Row = Mapping[str, Any]  # the metrics of one model's record, and the number of images of each set


def evaluations(out: files.PathLike) -> list[Row]:
    """The metrics of all records of evaluations: of the originals, bicubic, our models, the published ones.

    Raises:
        InputError: there are none.
    """
    found = [record for record in records.records(out) if record.id.startswith("evaluate-")]
    if not found:
        raise InputError(f"{out}: no records of evaluations; make them with srlib evaluate --all")
    rows = [{**record.read("metrics"), "images": record.read("config").get("images", {})} for record in found]
    place = {"original": 0, "bicubic": 1}
    return sorted(rows, key=lambda row: (place.get(row["model"], 2), row.get("published", False), row["model"]))


def results(out: files.PathLike = "results") -> str:
    """The README's first table: PSNR, size and time of all measured models; the originals have no PSNR.

    Raises:
        InputError: there are no records to draw from.
    """
    rows = [row for row in evaluations(out) if row["model"] != "original"]
    timed = records.recorded("times", out)
    sets, seconds = _sets(rows), timed.read("metrics") if timed else {}
    lines = []
    for row in rows:
        psnr = {leaderboard.TITLES[name]: _cell(_whole(name, row, rows), "{:.2f}") for name in sets}
        size, time = _cell(row.get("parameters"), "{:,}"), _cell(seconds.get(row["model"]), "{:.2f}")
        lines.append({"PSNR-Y ×4, dB; (others' networks)": _title(row), **psnr, "parameters": size, "s/MP": time})
    return figures.table(lines)


def quoted(out: files.PathLike = "results") -> str:
    """The README's second table: papers' figures on the same test sets, and the machine of the first's times.

    Raises:
        InputError: there are no records to draw from.
    """
    papers = leaderboard.QUOTED
    sets = [name for name in _sets(evaluations(out)) if any(name in paper["psnr"] for paper in papers.values())]
    lines = []
    for title, paper in papers.items():
        psnr = {leaderboard.TITLES[name]: _cell(paper["psnr"].get(name), "{:.2f}") for name in sets}
        lines.append({"PSNR-Y ×4, dB": f"*{title}: {paper['source']}*", **psnr})
    return figures.table(lines) + _machine(records.recorded("times", out))


def _machine(timed):
    """A sentence that names the machine of the record of times; nothing where none was timed."""
    if not timed:
        return ""
    machine, config = timed.read("environment"), timed.read("config")
    size = f"{config['height']} × {config['width']}"
    text = f"s/MP in the first table: seconds per million pixels of output, from {size} pixels of input"
    return f"\n\n{text}, all in one run on {environment.hardware(machine)}."


def _whole(name, row, rows):
    """A row's PSNR on a test set; None where it is of fewer images than others', since such means do not compare."""
    most = max(other["images"].get(name, 0) for other in rows)
    return None if row["images"].get(name, 0) < most else row.get(f"{name}_psnr")


def _sets(rows):
    """The test sets that any of the rows has a PSNR on, in their order."""
    return [name for name in leaderboard.TITLES if any(f"{name}_psnr" in row for row in rows)]


def _title(row):
    """A model's name, in brackets where others published it."""
    return f"({row['model']})" if row.get("published") else row["model"]


def _cell(value, number):
    return "–" if value is None else number.format(value)


def score(row: Row, name: str, *, column: str) -> str:
    """A record's mean of a measure (of `COLUMNS`) on a test set as the tables write it; a dash where there is none."""
    return _cell(row.get(f"{name}_{column}"), COLUMNS[column]["number"])


def write_measures(out: files.PathLike = "results") -> pathlib.Path:
    """Write every measure of every model to <out>/tables/measures.md and .csv; returns the path of the first."""
    rows, folder = evaluations(out), pathlib.Path(out) / "tables"
    sets, published = _sets(rows), published_networks.NETWORKS
    tables = {leaderboard.TITLES[name]: _measures(name, rows) for name in sets}
    text = templating.render("measures.md", protocol=protocol.PROTOCOL, published=published, tables=tables)
    files.write_text(folder / "measures.md", text)
    files.write_text(folder / "measures.csv", records.csv_text(_line(name, row) for name in sets for row in rows))
    return folder / "measures.md"


def _measures(name, rows):
    """A test set's table, with the columns and models that were measured on it."""
    columns = [column for column in COLUMNS if any(f"{name}_{column}" in row for row in rows)]
    lines = []
    for row in rows:
        if any(f"{name}_{column}" in row for column in columns):
            drawn = {COLUMNS[column]["title"]: score(row, name, column=column) for column in columns}
            lines.append({"model": _title(row), "images": row["images"].get(name, "–"), **drawn})
    return figures.table(lines)


def _line(name, row):
    """One line of measures.csv."""
    scores = {column: row.get(f"{name}_{column}", "") for column in COLUMNS}
    return {"set": name, "model": row["model"], "images": row["images"].get(name, ""), **scores}
