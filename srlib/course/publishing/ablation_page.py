"""The page of the recorded ablations: of each the question, the verdicts, the arms and figures, all from its record."""

import pathlib

from srlib import files, records
from srlib.experiments import analysis, plans
from srlib.imaging import figures

_HEAD = """# Ablations on record

Written by `srlib tables` from the run records (`runs/ablation-*`). In the figures: left a dot for each seed and a line
at their mean, right the difference from the first arm with its 95% interval; grey is what does not matter.
"""


def write(out="results"):
    """Write <out>/tables/ablations.md and the figures it shows.

    Args:
        out: output root with the records.
    Returns:
        `pathlib.Path` of the page, None where no ablation is on record.
    """
    folder = pathlib.Path(out)
    saved = [records.Record(path.parent) for path in sorted(folder.glob("runs/ablation-*/metrics.json"))]
    if not saved:
        return None
    page = folder / "tables" / "ablations.md"
    files.write_text(page, "\n".join([_HEAD, *(_part(record, folder / "figures") for record in saved)]))
    return page


def _part(record, folder):
    """The section on one ablation."""
    config, arms = record.read("config"), record.table("arms")
    lines = [f"## {config['name']}", config["about"], analysis.provenance(record)]
    lines.append("\n".join(f"- {row['verdict']}" for row in record.table("comparisons")))
    lines.append(figures.table([_shown(row) for row in arms]))
    lines += [_figure(record, test, metric, folder) for test in config["tests"] for metric in config["metrics"]]
    return "\n\n".join(lines) + "\n"


def _shown(row):
    """What the table of arms shows of one: its settings and means."""
    formats = {"_psnr": "{:.2f}", "_ssim": "{:.4f}"}
    means = {name: formats[name[-5:]].format(value) for name, value in row.items() if name[-5:] in formats}
    return {"arm": row["arm"], "settings": row["settings"], **means}


def _figure(record, test, metric, folder):
    """Draw one comparison; returns the Markdown that shows it."""
    values, differences, words = analysis.shown(record, test, metric)
    bicubic = next(row for row in record.table("arms") if row["arm"] == "bicubic")
    label = ", ".join(filter(None, (f"{metric.upper()} on {test}", plans.METRICS[metric])))
    baseline = ("bicubic", bicubic[f"{test}_{metric}"])
    drawn = figures.comparison(values, differences, label, baseline, record.read("config")["matters"].get(metric, 0.0))
    path = folder / f"{record.path.name}-{test}-{metric}.png"
    with files.replacing(path) as beside:
        beside.write_bytes(figures.png(drawn, dots=80))
    return f"![{words}](../figures/{path.name})"
