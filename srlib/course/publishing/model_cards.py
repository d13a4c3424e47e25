"""Model cards of the shipped networks, written from their files and the run records."""

import pathlib

from srlib import files, records
from srlib.course.publishing import score_tables, templating
from srlib.evaluation import leaderboard, protocol
from srlib.imaging import figures
from srlib.machine import environment
from srlib.upscaling import model_files

# The measures on a card: what fits the original, and whether it is as sharp and of the same colour.
_COLUMNS = ("psnr", "ssim", "lr_psnr", "spectrum_error", "checkerboard", "colour_error")


def write(name: str, out: pathlib.Path | str = "results") -> pathlib.Path:
    """Write the card of a shipped model to <out>/models/<name>/MODEL_CARD.md; returns its path."""
    header = model_files.header(name)
    path = pathlib.Path(out) / "models" / name / "MODEL_CARD.md"
    text = templating.render(
        "model_card.md",
        name=name,
        **header,
        machine=environment.hardware(header["about"]),
        scores=_scores(name, out),
        protocol=protocol.PROTOCOL,
    )
    files.write_text(path, text)
    return path


def _scores(name: str, out: pathlib.Path | str) -> str:
    """The model's mean scores as a table, bicubic's in brackets, from the records of `srlib evaluate --all`."""
    metrics = {record.id: record.read("metrics") for record in records.records(out)}
    own, bicubic = (metrics.get(f"evaluate-{each}", {}) for each in (name, "bicubic"))
    rows = []
    for key, title in leaderboard.TITLES.items():
        if f"{key}_psnr" in own:
            pairs = {each: [score_tables.score(row, key, column=each) for row in (own, bicubic)] for each in _COLUMNS}
            scores = {score_tables.COLUMNS[column]["title"]: "{} ({})".format(*pair) for column, pair in pairs.items()}
            rows.append({"in brackets: bicubic": title, **scores})
    return figures.table(rows) or "Not measured yet."
