"""All models side by side: each measured by one evaluator into run records, and the table drawn from them."""

import pathlib

from srlib import evaluate, files, models, results, upscale, viz
from srlib.data import sources
from srlib.errors import InputError

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
TITLES = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100", "faces": "faces/test", "embedded": "embedded"}

# Quoted, PSNR on Y: Ledig et al., CVPR 2017, tables 1 and 2; SRGAN by its content loss.
PAPER = {
    "bicubic": {"set5": 28.43, "set14": 25.99, "bsd100": 25.94},
    "SRResNet": {"set5": 32.05, "set14": 28.49, "bsd100": 27.58},
    "SRGAN (MSE)": {"set5": 30.64},
    "SRGAN (VGG)": {"set5": 29.40, "set14": 26.02, "bsd100": 25.16},
}


def measure_all(root=None, out="results", progress=iter):
    """Measure bicubic and every shipped model on all test sets that are there; one run record each.

    Args:
        root: data root, or None for SRLIB_DATA_ROOT.
        out: output root of the records.
        progress: callable taking the images of a set, such as `tqdm.tqdm`.
    Returns:
        list of `results.Record`.
    """
    root = sources.data_root(root)
    names = [name for name in TITLES if sources.has(name, root)]
    return [_measure(model, names, root, out, progress) for model in ["bicubic", *models.available()]]


def _measure(model, names, root, out, progress):
    """One model on the test sets `names`."""
    upscaler, metrics, tables = upscale.load(model), {"model": model}, {}
    for name in names:
        scores = evaluate.evaluate(upscaler, sources.load(name, "test", root), progress)
        tables[name] = scores
        metrics[f"{name}_psnr"], metrics[f"{name}_ssim"] = evaluate.mean(scores)
    metrics["headline"] = f"{model}: " + ", ".join(f"{TITLES[name]} {metrics[f'{name}_psnr']:.2f} dB" for name in names)
    return results.write(out, f"evaluate-{model}", {"model": model, "protocol": evaluate.PROTOCOL}, metrics, tables)


def table(out="results"):
    """The Markdown table of all measured models, and the quoted figures beside them.

    Raises:
        InputError: there are no records to draw from.
    """
    metrics = [record.read("metrics") for record in results.records(out) if record.id.startswith("evaluate-")]
    if not metrics:
        raise InputError(f"{out}: no records of evaluations; make them with srlib evaluate --all")
    metrics.sort(key=lambda row: (row["model"] != "bicubic", row["model"]))
    names = [name for name in TITLES if any(f"{name}_psnr" in row for row in metrics)]
    rows = [_row(row["model"], {name: row.get(f"{name}_psnr") for name in names}) for row in metrics]
    for title in ("SRResNet", "SRGAN (MSE)", "SRGAN (VGG)"):
        rows.append(_row(f"*{title}, as the paper reports it*", {name: PAPER[title].get(name) for name in names}))
    return viz.table(rows)


def _row(title, figures):
    cells = {TITLES[name]: "–" if value is None else f"{value:.2f}" for name, value in figures.items()}
    return {"PSNR-Y ×4, dB": title, **cells}


def update(readme, out="results"):
    """Replace what stands between the markers in a Markdown file by the table; raises InputError without markers."""
    readme = pathlib.Path(readme)
    text = readme.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise InputError(f"{readme}: the markers {BEGIN} and {END} are missing")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    files.write_text(readme, f"{before}{BEGIN}\n{table(out)}\n{END}{after}")
