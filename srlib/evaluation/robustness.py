"""Where a model breaks: every kind and strength of damage against every model, image by image.

The cells of the grid are PSNR and SSIM on Y by the protocol of `evaluate`, but for the LR image, which suffered the
damage; the clean column is that protocol itself.
"""

import math
import zlib

import numpy as np

from srlib import records
from srlib.data import sources
from srlib.data.degradation import numpy_reference
from srlib.errors import InputError
from srlib.evaluation import protocol, statistics
from srlib.imaging import bicubic
from srlib.upscaling import upscaler

PROTOCOL = protocol.PROTOCOL.replace(
    "LR by MATLAB bicubic rounded to 8 bits",
    "LR by the degradations of srlib.data.degradation.numpy_reference.LADDER, seed of the noise by image",
)
CLEAN = ("clean", 0)
CELLS = (CLEAN, *((kind, strength) for kind in numpy_reference.LADDER for strength in numpy_reference.STRENGTHS))
MIDDLE = tuple((kind, numpy_reference.STRENGTHS[1]) for kind in numpy_reference.LADDER)


def grid(upscalers, image_set, cells=CELLS, seed=0, progress=iter):
    """Score upscalers on every image under every damage.

    Args:
        upscalers: {name: function from uint8 LR (height, width, 3) to uint8 SR}.
        image_set: iterable of `sources.Photo`.
        cells: (kind, strength) pairs, `CLEAN` or as `damage.find` takes them.
        seed: int, of the noise; every model sees the same.
        progress: callable taking the iterable, such as `tqdm.tqdm`.
    Returns:
        list of dicts: model, kind, strength, image, psnr, ssim.
    """
    rows = []
    for photo in progress(image_set):
        original, clean = protocol.pair(photo)
        for kind, strength in cells:
            noise = [seed, zlib.crc32(photo.id.encode())]
            lr = numpy_reference.degrade(original.rgb, kind, strength, noise) if strength else clean
            for name, enlarge in upscalers.items():
                psnr, ssim = protocol.score(original, enlarge(lr))
                place = {"model": name, "kind": kind, "strength": strength, "image": photo.id}
                rows.append({**place, "psnr": psnr, "ssim": ssim})
    return rows


def summary(rows):
    """The grid's cells: mean PSNR and SSIM over the images with their 95% intervals, as list of dicts."""
    table = []
    for model, cell in _places(rows):
        chosen = values(rows, model, cell), values(rows, model, cell, "ssim")
        means = {}
        for metric, each in zip(("psnr", "ssim"), chosen):
            names = (metric, f"{metric}_low", f"{metric}_high")
            means |= dict(zip(names, statistics.interval(list(each.values()))))
        table.append({"model": model, "kind": cell[0], "strength": cell[1], **means, "images": len(chosen[0])})
    return table


def _places(rows):
    """The (model, (kind, strength)) that rows have, in the order of their first."""
    return list(dict.fromkeys((row["model"], (row["kind"], int(row["strength"]))) for row in rows))


def values(rows, model, cell, metric="psnr"):
    """{image: value} of a model in one cell of the grid."""
    wanted = (model, *cell)
    return {row["image"]: row[metric] for row in rows if (row["model"], row["kind"], row["strength"]) == wanted}


def compare(rows, model, reference, cells=MIDDLE, metric="psnr"):
    """How far a model lies above another, over some cells of the grid and each image's mean over them.

    Returns:
        (mean, low, high): the mean of the paired differences and its 95% interval over the images.
    Raises:
        InputError: a cell that one of them has no rows of, or not of the same images.
    """
    differences = []
    for cell in cells:
        own, theirs = (values(rows, name, cell, metric) for name in (model, reference))
        if not own or own.keys() != theirs.keys():
            raise InputError(f"{model} and {reference} have no images in common under {label(cell)}")
        differences.append([own[image] - theirs[image] for image in own])
    return statistics.interval(np.mean(differences, axis=0))


def label(cell):
    """A cell's name in tables and figures: "clean", "blur 2", "resampler: area"."""
    kind, strength = cell
    if kind == "resampler" and strength:
        return f"resampler: {numpy_reference.find(kind, strength).resampler}"
    return f"{kind} {strength}" if strength else kind


def table(rows, metric="psnr"):
    """The grid for `figures.table` and `figures.heatmap`: a dict a cell, "input" and each model's mean."""
    cells = summary(rows)
    lines = {}
    for row in cells:
        line = lines.setdefault((row["kind"], row["strength"]), {"input": label((row["kind"], row["strength"]))})
        line[row["model"]] = row[metric]
    return list(lines.values())


def alt(rows, metric="psnr"):
    """The grid in words, for those who cannot see its figure."""
    lines = table(rows, metric)
    models = [name for name in lines[0] if name != "input"]
    unit, digits = (" dB", 1) if metric == "psnr" else ("", 3)
    parts = [
        f"{line['input']}: " + ", ".join(f"{name} {line.get(name, math.nan):.{digits}f}{unit}" for name in models)
        for line in lines
    ]
    return f"Heat map of {metric.upper()} by damage (rows) and model (columns). " + "; ".join(parts) + "."


def measure(models, root=None, out="results", data="faces", limit=0, seed=0, progress=iter):
    """Measure bicubic and models on the grid; writes the run record robustness-<data>.

    Args:
        models: names or paths as `upscaler.load` takes them; bicubic comes first whether named or not.
        root: data root, or None for SRLIB_DATA_ROOT.
        out: output root of the record.
        data: name of the data set whose test split is damaged. limit: int, its first pictures, 0 for all.
        seed: int, of the noise.
        progress: callable taking the images, such as `tqdm.tqdm`.
    Returns:
        `records.Record` with the tables images and cells.
    """
    names = dict.fromkeys(["bicubic", *models])
    upscalers = {str(name): bicubic.upscale if name == "bicubic" else upscaler.load(name) for name in names}
    rows = grid(upscalers, sources.load(data, "test", root).limit(limit), seed=seed, progress=progress)
    settings = {"models": list(upscalers), "data": data, "limit": limit, "seed": seed, "protocol": PROTOCOL}
    metrics = {"images": len(values(rows, "bicubic", CLEAN)), "headline": _headline(rows, list(upscalers))}
    return records.write(out, f"robustness-{data}", settings, metrics, {"images": rows, "cells": summary(rows)})


def _headline(rows, models):
    """Each model's mean over the middle of the grid, and on clean input."""
    means = {(row["model"], row["kind"], row["strength"]): row["psnr"] for row in summary(rows)}
    parts = []
    for model in models:
        middle = np.mean([means[model, *cell] for cell in MIDDLE])
        parts.append(f"{model} {middle:.2f} dB (clean {means[model, *CLEAN]:.2f})")
    return "middle of the grid: " + ", ".join(parts)
