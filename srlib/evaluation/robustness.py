"""Robustness: every kind and strength of damage against every model, image by image.

The cells of the grid are PSNR and SSIM on Y by the protocol of `protocol`, but for the LR image, which suffered the
damage; the clean column is that protocol itself.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tqdm

from srlib import records
from srlib.data import sources
from srlib.data.degradation import numpy_reference
from srlib.evaluation import protocol, statistics
from srlib.files import PathLike
from srlib.upscaling import upscaler

PROTOCOL = protocol.PROTOCOL.replace(
    "LR by MATLAB bicubic rounded to 8 bits",
    "LR by the degradations of srlib.data.degradation.numpy_reference.DEGRADATIONS, seed of the noise by image",
)
CLEAN = ("clean", 0)
CELLS = (CLEAN, *((kind, strength) for kind in numpy_reference.DEGRADATIONS for strength in numpy_reference.STRENGTHS))
MIDDLE = tuple((kind, numpy_reference.STRENGTHS[1]) for kind in numpy_reference.DEGRADATIONS)

SEED = 0  # of the noise, of which every model sees the same

Row = dict[str, Any]
Cells = Sequence[tuple[str, int]]


def grid(upscalers: Mapping[str, protocol.Enlarge], photos: protocol.Photos, *, cells: Cells = CELLS) -> list[Row]:
    """Score upscalers on every image under every damage.

    Args:
        upscalers: by name.
        photos: the set, such as a `sources.ImageSet`.
        cells: (kind, strength) pairs, `CLEAN` or as `numpy_reference.find` takes them.
    Returns:
        rows with model, kind, strength, image, psnr, ssim.
    """
    rows = []
    for photo in photos:
        original, clean = protocol.pair(photo)
        for kind, strength in cells:
            noise = [SEED, zlib.crc32(photo.id.encode())]
            lr = numpy_reference.degrade(original.rgb, kind, strength=strength, seed=noise) if strength else clean
            for name, enlarge in upscalers.items():
                psnr, ssim = protocol.score(original, enlarge(lr))
                place = {"model": name, "kind": kind, "strength": strength, "image": photo.id}
                rows.append({**place, "psnr": psnr, "ssim": ssim})
    return rows


def summary(rows: Iterable[Row]) -> list[Row]:
    """The grid's cells: mean PSNR and SSIM over the images with their 95% intervals."""
    cells = {}
    for row in rows:
        cells.setdefault((row["model"], row["kind"], int(row["strength"])), []).append(row)
    table = []
    for (model, kind, strength), images in cells.items():
        means = {}
        for metric in ("psnr", "ssim"):
            names = (metric, f"{metric}_low", f"{metric}_high")
            means |= dict(zip(names, statistics.interval([row[metric] for row in images])))
        table.append({"model": model, "kind": kind, "strength": strength, **means, "images": len(images)})
    return table


def _label(kind, strength):
    """A cell's name in tables and figures: "clean", "blur 2", "resampler: area"."""
    if kind == "resampler":
        return f"resampler: {numpy_reference.find(kind, strength).resampler}"
    return f"{kind} {strength}" if strength else kind


def table(rows: Iterable[Row]) -> list[Row]:
    """The grid for `figures.table` and `figures.heatmap`: a row a cell, with "input" and each model's mean PSNR."""
    lines = {}
    for row in summary(rows):
        cell = row["kind"], row["strength"]
        lines.setdefault(cell, {"input": _label(*cell)})[row["model"]] = row["psnr"]
    return list(lines.values())


def alt(rows: Iterable[Row]) -> str:
    """The grid in words, for those who cannot see its figure."""
    parts = []
    for line in table(rows):
        means = (f"{name} {mean:.1f} dB" for name, mean in line.items() if name != "input")
        parts.append(f"{line['input']}: {', '.join(means)}")
    return f"Heat map of PSNR by damage (rows) and model (columns). {'; '.join(parts)}."


def measure(
    models: Iterable[PathLike], image_set: sources.ImageSet, *, limit: int = 0, out: PathLike = "results"
) -> records.Record:
    """Measure bicubic and models on the grid; writes the run record robustness-<name of the set>.

    Args:
        models: names or paths as `upscaler.load` takes them; bicubic comes first whether named or not.
        image_set: the photos that are damaged.
        limit: how many of them, the first ones; 0 for all.
        out: output root of the record.
    Returns:
        the record, with the tables images and cells.
    """
    upscalers = {str(name): upscaler.load(name) for name in dict.fromkeys(["bicubic", *models])}
    rows = grid(upscalers, tqdm.tqdm(image_set.limit(limit)))
    cells = summary(rows)
    settings = {"models": list(upscalers), "data": image_set.name, "limit": limit, "seed": SEED, "protocol": PROTOCOL}
    metrics = {"images": cells[0]["images"], "headline": _headline(cells, list(upscalers))}
    tables = {"images": rows, "cells": cells}
    return records.write(out, f"robustness-{image_set.name}", config=settings, metrics=metrics, tables=tables)


def _headline(cells, models):
    """Each model's mean over the middle of the grid, and on clean input."""
    means = {(row["model"], row["kind"], row["strength"]): row["psnr"] for row in cells}
    parts = []
    for model in models:
        middle = np.mean([means[model, *cell] for cell in MIDDLE])
        parts.append(f"{model} {middle:.2f} dB (clean {means[model, *CLEAN]:.2f})")
    return "middle of the grid: " + ", ".join(parts)
