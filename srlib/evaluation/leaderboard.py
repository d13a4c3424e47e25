"""All models side by side: each measured by one evaluator into run records, and the tables drawn from them."""

import pathlib

from srlib import config as configs
from srlib import files, records
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic, figures, metrics
from srlib.machine import environment
from srlib.upscaling import model_files, published_networks, upscaler

TIMED = "astronaut"  # of the embedded photographs; 128 × 128 pixels of LR
TITLES = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100", "faces": "faces/test", "embedded": "embedded"}

# Quoted, PSNR on Y: Ledig et al., CVPR 2017, tables 1 and 2; SRGAN by its content loss.
PAPER = {
    "bicubic": {"set5": 28.43, "set14": 25.99, "bsd100": 25.94},
    "SRResNet": {"set5": 32.05, "set14": 28.49, "bsd100": 27.58},
    "SRGAN (MSE)": {"set5": 30.64},
    "SRGAN (VGG)": {"set5": 29.40, "set14": 26.02, "bsd100": 25.16},
}
_LEDIG = "Ledig et al., CVPR 2017"
# title: (source, PSNR on Y under the same protocol); none of these was measured here.
QUOTED = {
    **{title: (_LEDIG, psnr) for title, psnr in PAPER.items()},
    "EDSR": ("Lim et al., CVPRW 2017, table 3", {"set5": 32.46, "set14": 28.80, "bsd100": 27.71}),
    "SwinIR": ("Liang et al., ICCVW 2021, table 2, DF2K", {"set5": 32.92, "set14": 29.09, "bsd100": 27.92}),
}

# column of the records: (title, how it is written), in the order of results/tables/
COLUMNS = {
    "psnr": ("PSNR-Y, dB", "{:.2f}"),
    "ssim": ("SSIM-Y", "{:.4f}"),
    "rgb_psnr": ("PSNR-RGB, dB", "{:.2f}"),
    "lr_psnr": ("LR-PSNR, dB", "{:.1f}"),
    "spectrum_error": ("spectrum error", "{:.2f}"),
    "checkerboard": ("checkerboard, 1/255", "{:.2f}"),
    "colour_error": ("colour error, 1/255", "{:.2f}"),
    "brisque": ("BRISQUE", "{:.1f}"),
}
_LEGEND = """# All measures

Written by `srlib tables` from the run records (`runs/evaluate-*`); `measures.csv` holds the same figures.

{protocol}. Beside PSNR-Y and SSIM-Y:

- **images**: how many were measured, the first of the set; means over fewer do not compare with the others.
- **PSNR-RGB**: over the three colour channels, border cut.
- **LR-PSNR**: LR-consistency, PSNR between the input and the result made small again by MATLAB's bicubic; a result that
  does not shrink to its input shows another scene.
- **spectrum error**: sharpness against the original, 0 is best: mean |log10 of the ratio of powers| over the upper half
  of the spatial frequencies of luma. Blur has too little power there, a checkerboard too much.
- **checkerboard**: how strongly the grid on which a network enlarges shows, in 1/255; see the originals' row.
- **colour error**: mean over the channels of |difference of the picture's means|, in 1/255.
- **BRISQUE**: needs no original: 0 natural, 100 distorted, by the package of that name; see the originals' row.

LPIPS and NIQE are not here: no maintained package brings their weights along, they would have to be downloaded.

Models in brackets were trained and published by others and measured here; no figure below is quoted:

{published}
"""


def names(only=""):
    """The models to measure: bicubic, the shipped ones, and the published ones whose packages are installed.

    Args:
        only: str, names with commas between them; "" for all.
    Raises:
        InputError: `only` has a name that is none of them.
    """
    known = ["bicubic", *model_files.available(), *published_networks.available()]
    wanted = only.split(",") if only else known
    for name in wanted:
        if name not in known:
            hint = configs.did_you_mean(name, known)
            raise InputError(f"no model {name!r} to measure{hint}; there are: {', '.join(known)}")
    return wanted


def skipped():
    """One line for each published network and measure that cannot be had because a package is missing."""
    lines = [
        f"{name} is skipped: it needs {', '.join(missing)} (pip install 'srlib[published]')"
        for name in published_networks.NETWORKS
        if (missing := published_networks.missing(name))
    ]
    return lines if metrics.has_brisque() else [*lines, "BRISQUE is skipped: pip install 'srlib[quality]'"]


def measure_all(root=None, out="results", progress=iter, only=""):
    """Measure bicubic, every shipped model and the published ones on all test sets that are there; a record each.

    Args:
        root: data root, or None for SRLIB_DATA_ROOT.
        out: output root of the records.
        progress: callable taking the images of a set, such as `tqdm.tqdm`.
        only: str, as `names` takes it.
    Yields:
        `records.Record`, each as soon as it is written.
    """
    wanted, root = names(only), sources.data_root(root)
    sets = {name: sources.load(name, "test", root) for name in TITLES if sources.has(name, root)}
    if not only and metrics.has_brisque():
        _measure_originals(sets, out)
    for model in wanted:
        yield _measure(model, sets, out, progress)


def _measure(model, sets, out, progress):
    """One model on the test sets {name: `sources.ImageSet`}."""
    enlarge = published_networks.load(model)
    limits = published_networks.NETWORKS[model].images if model in published_networks.NETWORKS else {}
    sets = {name: photos.limit(limits.get(name, 0)) for name, photos in sets.items()}
    tables = {name: protocol.measure(enlarge, photos, progress) for name, photos in sets.items()}
    about = {
        "model": model,
        "published": model in published_networks.NETWORKS,
        "parameters": enlarge.parameters() if isinstance(enlarge, upscaler.Upscaler) else 0,
    }
    return _write(out, about, tables, "{psnr:.2f} dB")


def time_all(out="results"):
    """Time all models on one picture in one run, since only such times compare; returns the record "times"."""
    (photo,) = (photo for photo in sources.load("embedded", "test") if photo.id == TIMED)
    lr = bicubic.downscale(photo.load().rgb)
    seconds = protocol.seconds_per_megapixel({name: published_networks.load(name) for name in names()}, lr)
    shown = ", ".join(f"{name} {value:.2f}" for name, value in seconds.items())
    config = {"image": TIMED, "height": lr.shape[0], "width": lr.shape[1]}
    return records.write(out, "times", config, {**seconds, "headline": f"seconds per megapixel: {shown}"})


def _measure_originals(sets, out):
    """What needs no original to compare with, measured on the originals: what a perfect result would get."""

    def rows(photos):
        return [{"image": photo.id, "brisque": metrics.brisque(protocol.pair(photo)[0].rgb)} for photo in photos]

    tables = {name: rows(photos) for name, photos in sets.items()}
    return _write(out, {"model": "original"}, tables, "BRISQUE {brisque:.1f}")


def _write(out, about, tables, headline):
    """The record evaluate-<model>: the means over each set among its metrics, one sentence of them by `headline`."""
    model, means = about["model"], {name: protocol.means(rows) for name, rows in tables.items()}
    scores = {f"{name}_{column}": value for name, columns in means.items() for column, value in columns.items()}
    shown = ", ".join(f"{TITLES[name]} {headline.format(**columns)}" for name, columns in means.items())
    counts = {name: len(rows) for name, rows in tables.items()}
    config = {"model": model, "protocol": protocol.PROTOCOL, "images": counts}
    return records.write(out, f"evaluate-{model}", config, {**about, **scores, "headline": f"{model}: {shown}"}, tables)


def _evaluations(out):
    """The records of `measure_all` as dicts of their metrics: the originals, bicubic, our models, the published ones.

    Raises:
        InputError: there are none.
    """
    found = [record for record in records.records(out) if record.id.startswith("evaluate-")]
    if not found:
        raise InputError(f"{out}: no records of evaluations; make them with srlib evaluate --all")
    rows = [{**record.read("metrics"), "images": record.read("config").get("images", {})} for record in found]
    place = {"original": 0, "bicubic": 1}
    return sorted(rows, key=lambda row: (place.get(row["model"], 2), row.get("published", False), row["model"]))


def _times(out):
    """Each model's seconds per megapixel, and a sentence that names the machine; nothing where none was timed."""
    found = [record for record in records.records(out) if record.id == "times"]
    if not found:
        return {}, ""
    machine, config = (found[0].read(part) for part in ("environment", "config"))
    size = f"{config['height']} × {config['width']}"
    text = f"s/MP in the first table: seconds per million pixels of output, from {size} pixels of input"
    return found[0].read("metrics"), f"\n\n{text}, all in one run on {environment.hardware(machine)}."


def _whole(name, row, rows):
    """A row's PSNR on a test set; None where it is of fewer images than others', since such means do not compare."""
    most = max(other["images"].get(name, 0) for other in rows)
    return None if row["images"].get(name, 0) < most else row.get(f"{name}_psnr")


def _sets(rows):
    """The test sets that any of the rows has a PSNR on, in their order."""
    return [name for name in TITLES if any(f"{name}_psnr" in row for row in rows)]


def table(out="results"):
    """The README's first table, Markdown: PSNR, size and time of all measured models.

    Raises:
        InputError: there are no records to draw from.
    """
    rows = _models(out)
    sets, (seconds, _) = _sets(rows), _times(out)
    lines = []
    for row in rows:
        psnr = _psnr_cells({name: _whole(name, row, rows) for name in sets})
        size, time = _cell(row.get("parameters"), "{:,}"), _cell(seconds.get(row["model"]), "{:.2f}")
        lines.append({"PSNR-Y ×4, dB; (others' networks)": _title(row), **psnr, "parameters": size, "s/MP": time})
    return figures.table(lines)


def quoted(out="results"):
    """The README's second table, Markdown: papers' figures on the same test sets, and the machine of the first's times.

    Raises:
        InputError: there are no records to draw from.
    """
    sets = [name for name in _sets(_models(out)) if any(name in psnr for _, psnr in QUOTED.values())]
    lines = []
    for title, (source, psnr) in QUOTED.items():
        cells = _psnr_cells({name: psnr.get(name) for name in sets})
        lines.append({"PSNR-Y ×4, dB": f"*{title}: {source}*", **cells})
    return figures.table(lines) + _times(out)[1]


def _models(out):
    """The evaluations without that of the originals, which have no PSNR."""
    return [row for row in _evaluations(out) if row["model"] != "original"]


def _title(row):
    """A model's name, in brackets where others published it."""
    return f"({row['model']})" if row.get("published") else row["model"]


def _psnr_cells(psnr):
    """PSNR by test set, {set: float or None}, as cells of the README's tables."""
    return {TITLES[name]: _cell(value, "{:.2f}") for name, value in psnr.items()}


def _cell(value, number):
    return "–" if value is None else number.format(value)


def write_measures(out="results"):
    """Write every measure of every model to <out>/tables/measures.md and .csv; returns the path of the first."""
    rows = _evaluations(out)
    folder = pathlib.Path(out) / "tables"
    sets = _sets(rows)
    others = "\n".join(f"- ({name}): {network.about}" for name, network in published_networks.NETWORKS.items())
    legend = _LEGEND.format(protocol=protocol.PROTOCOL, published=others)
    files.write_text(folder / "measures.md", "\n".join([legend, *(_measures_of(name, rows) for name in sets)]))
    files.write_text(folder / "measures.csv", records.csv_text([_record(name, row) for name in sets for row in rows]))
    return folder / "measures.md"


def _measures_of(name, rows):
    """A test set's heading and table, Markdown, with the columns and models that were measured on it."""
    columns = [column for column in COLUMNS if any(f"{name}_{column}" in row for row in rows)]
    lines = []
    for row in rows:
        if any(f"{name}_{column}" in row for column in columns):
            drawn = {COLUMNS[column][0]: shown(row, name, column) for column in columns}
            lines.append({"model": _title(row), "images": row["images"].get(name, "–"), **drawn})
    return f"## {TITLES[name]}\n\n{figures.table(lines)}\n"


def shown(row, name, column):
    """A record's mean of a measure (of `COLUMNS`) on a test set as the tables write it; a dash where there is none."""
    return _cell(row.get(f"{name}_{column}"), COLUMNS[column][1])


def _record(name, row):
    """One line of measures.csv."""
    drawn = {column: row.get(f"{name}_{column}", "") for column in COLUMNS}
    return {"set": name, "model": row["model"], "images": row["images"].get(name, ""), **drawn}
