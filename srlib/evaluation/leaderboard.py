"""Leaderboard: all models measured by one protocol on the same test sets, and timed, as run records."""

import pathlib
import tomllib
from collections.abc import Iterator

import tqdm

from srlib import config as configs
from srlib import records
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.files import PathLike
from srlib.imaging import bicubic, metrics
from srlib.machine import extras
from srlib.upscaling import model_files, published_networks, upscaler

TIMED = "astronaut"  # of the embedded photographs; 128 × 128 pixels of LR
TITLES = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100", "faces": "faces/test", "embedded": "embedded"}
# Scores that papers print, {title: {"source": paper, "psnr": {test set: PSNR-Y in dB}}}.
QUOTED = tomllib.loads(pathlib.Path(__file__).with_name("quoted_scores.toml").read_text(encoding="utf-8"))


def names(only: str = "") -> list[str]:
    """The models to measure: bicubic, the shipped ones, and the published ones whose packages are installed.

    Args:
        only: names with commas between them; "" for all.
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


def skipped() -> list[str]:
    """One line for each published network and measure that cannot be had because a package is missing."""
    lines = [
        f"{name} is skipped: it needs {', '.join(missing)} ({extras.install('published')})"
        for name in published_networks.NETWORKS
        if (missing := published_networks.missing(name))
    ]
    return lines if metrics.has_brisque() else [*lines, f"BRISQUE is skipped: {extras.install('quality')}"]


def measure_all(root: PathLike | None = None, out: PathLike = "results", *, only: str = "") -> Iterator[records.Record]:
    """Measure bicubic, every shipped model and the published ones on all test sets that are there; a record each.

    Args:
        root: data root, or None for SRLIB_DATA_ROOT.
        out: output root of the records.
        only: as `names` takes it.
    Yields:
        each record as soon as it is written.
    """
    wanted, root = names(only), sources.data_root(root)
    sets = {name: sources.load(name, "test", root=root) for name in TITLES if sources.has(name, root)}
    if not only and metrics.has_brisque():
        _measure_originals(sets, out)
    for model in wanted:
        yield _measure(model, sets, out)


def _measure(model, sets, out):
    """One model on the test sets {name: `sources.ImageSet`}."""
    enlarge, network = published_networks.load(model), published_networks.NETWORKS.get(model)
    limits = network.images if network else {}
    sets = {name: photos.limit(limits.get(name, 0)) for name, photos in sets.items()}
    tables = {name: protocol.measure(enlarge, tqdm.tqdm(photos)) for name, photos in sets.items()}
    parameters = enlarge.parameters() if isinstance(enlarge, upscaler.TiledUpscaler) else 0
    about = {"model": model, "published": network is not None, "parameters": parameters}
    return _write(out, about, tables, "{psnr:.2f} dB")


def time_all(out: PathLike = "results") -> records.Record:
    """Time all models on one picture in one run, since only such times compare; returns the record "times"."""
    (photo,) = (photo for photo in sources.load("embedded", "test") if photo.id == TIMED)
    lr = bicubic.downscale(photo.load().rgb)
    seconds = protocol.seconds_per_megapixel({name: published_networks.load(name) for name in names()}, lr)
    shown = ", ".join(f"{name} {value:.2f}" for name, value in seconds.items())
    config = {"image": TIMED, "height": lr.shape[0], "width": lr.shape[1]}
    measured = {**seconds, "headline": f"seconds per megapixel: {shown}"}
    return records.write(out, "times", config=config, metrics=measured)


def _measure_originals(sets, out):
    """What needs no original to compare with, measured on the originals: what a perfect result would get."""
    tables = {
        name: [{"image": photo.id, "brisque": metrics.brisque(protocol.pair(photo)[0].rgb)} for photo in photos]
        for name, photos in sets.items()
    }
    return _write(out, {"model": "original"}, tables, "BRISQUE {brisque:.1f}")


def _write(out, about, tables, headline):
    """The record evaluate-<model>: the means over each set among its metrics, one sentence of them by `headline`."""
    model, means = about["model"], {name: protocol.means(rows) for name, rows in tables.items()}
    scores = {f"{name}_{column}": value for name, columns in means.items() for column, value in columns.items()}
    shown = ", ".join(f"{TITLES[name]} {headline.format(**columns)}" for name, columns in means.items())
    counts = {name: len(rows) for name, rows in tables.items()}
    config = {"model": model, "protocol": protocol.PROTOCOL, "images": counts}
    measured = {**about, **scores, "headline": f"{model}: {shown}"}
    return records.write(out, f"evaluate-{model}", config=config, metrics=measured, tables=tables)
