"""Page of the recorded ablations: of each the question, the verdicts, the arms and figures, all from its record."""

import pathlib
from collections.abc import Mapping

from srlib import files, records
from srlib.course.publishing import templating
from srlib.experiments import analysis, plans
from srlib.imaging import figures


def write(out: pathlib.Path | str = "results") -> pathlib.Path | None:
    """Write <out>/tables/ablations.md and the figures it shows.

    Args:
        out: output root with the records.
    Returns:
        the path of the page; None where no ablation is on record.
    """
    folder = pathlib.Path(out)
    saved = [records.Record(path.parent) for path in sorted(folder.glob("runs/ablation-*/metrics.json"))]
    if not saved:
        return None
    page = folder / "tables" / "ablations.md"
    ablations = [_ablation(record, folder / "figures") for record in saved]
    files.write_text(page, templating.render("ablations.md", ablations=ablations))
    return page


def _ablation(record: records.Record, folder: pathlib.Path) -> dict[str, object]:
    """What the page shows of one ablation; draws its figures."""
    config = record.read("config")
    return {
        "name": config["name"],
        "about": config["about"],
        "provenance": analysis.provenance(record),
        "verdicts": [row["verdict"] for row in record.table("comparisons")],
        "arms": figures.table([_shown(row) for row in record.table("arms")]),
        "figures": [_figure(record, test, metric, folder) for test in config["tests"] for metric in config["metrics"]],
    }


def _shown(row: Mapping[str, str | float]) -> dict[str, str | float]:
    """What the table of arms shows of one: its settings and means."""
    formats = {"_psnr": "{:.2f}", "_ssim": "{:.4f}"}
    means = {name: formats[name[-5:]].format(value) for name, value in row.items() if name[-5:] in formats}
    return {"arm": row["arm"], "settings": row["settings"], **means}


def _figure(record: records.Record, test: str, metric: str, folder: pathlib.Path) -> dict[str, str]:
    """Draw one comparison; returns the figure's file name and alternative text."""
    values, differences, words = analysis.shown(record, test, metric=metric)
    bicubic = next(row for row in record.table("arms") if row["arm"] == "bicubic")
    label = ", ".join(filter(None, (f"{metric.upper()} on {test}", plans.METRICS[metric])))
    level, matters = ("bicubic", bicubic[f"{test}_{metric}"]), record.read("config")["matters"].get(metric, 0.0)
    drawn = figures.comparison(values, differences, ylabel=label, baseline=level, matters=matters)
    path = folder / f"{record.path.name}-{test}-{metric}.png"
    files.write_bytes(path, figures.png(drawn, dots=80))
    return {"file": path.name, "alt": words}
