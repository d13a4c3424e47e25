"""One training of an ablation: all that its result depends on, its id from that, and doing it.

There are four kinds. A "start" is a pixel training that the arms of a seed begin with; a "trial" tries settings for
an arm and sees training and validation photographs only; a "run" is scored on the test sets, once, when it is trained;
"bicubic" is the baseline's score.
"""

import contextlib
import dataclasses
import functools
import hashlib
import io
import json
import math
import pathlib
import time

import keras

from srlib import config as configs
from srlib import files
from srlib.data import packed_store, sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic
from srlib.machine import environment
from srlib.training import callbacks, fit
from srlib.upscaling import model_files, upscaler

DONE, COLLAPSED, DIVERGED = "done", "collapsed", "diverged"


@dataclasses.dataclass(frozen=True)
class Unit:
    """One training, or the baseline's score.

    Args:
        kind: "start", "trial", "run" or "bicubic".
        arm: str, the arm's name.
        phase: "pixel" or "adversarial".
        config: `Config`.
        start: "" for fresh weights, the id of a unit of the same sweep, or a model's name or path.
        tests: names of data sets to score on.
        validation_images: int, photographs whose PSNR is watched.
        collapse: float, dB below bicubic on them from which on the training counts as collapsed.
        data: str, a digest of the data's names, so that other data make another unit.
        backend: str, Keras's.
    """

    kind: str
    arm: str
    phase: str
    config: configs.Config
    start: str = ""
    tests: tuple = ()
    validation_images: int = 8
    collapse: float = 3.0
    data: str = ""
    backend: str = dataclasses.field(default_factory=keras.backend.backend)

    @property
    def id(self):
        """A name for the eye with a digest of everything: equal units, and only those, have equal ids."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return f"{self.kind}-{self.arm}-{self.config.seed}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def perform(unit, place, out, root=None):
    """Do a unit; what it takes to go on after an interruption is kept in `place`/scratch.

    Args:
        unit: `Unit`.
        place: `pathlib.Path`, its folder; the trained generator is left there as model.npz (not a trial's).
        out: output root, below which a large training set is packed.
        root: data root or None.
    Returns:
        dict: "status" ("done"; "diverged": a loss or score is not a number; "collapsed": far below bicubic) and its
        "reason", "val_psnr" and "bicubic_val_psnr" of the validation photographs, "history", "scores" as {test set:
        rows}, "seconds", "environment".
    """
    begun = time.perf_counter()
    if unit.backend != keras.backend.backend():
        raise InputError(f"this process has Keras on {keras.backend.backend()}, the sweep is on {unit.backend}")
    result = _baseline(unit, root) if unit.kind == "bicubic" else _trained(unit, pathlib.Path(place), out, root)
    return {**result, "seconds": time.perf_counter() - begun, "environment": environment.describe()}


def _baseline(unit, root):
    return {"status": DONE, "reason": "", "scores": _scores(bicubic.upscale, unit, root)}


def _trained(unit, place, out, root):
    """Train, judge, save and score."""
    validation, bicubic = _validation(unit.config.train_data, unit.validation_images, root)
    images = _images(unit.config.train_data, unit.config.train_images, out, root)
    trained = _train(unit, images, validation, place)
    history = trained.history
    status, reason = judge(history, bicubic, unit.collapse)
    result = {"status": status, "reason": reason, "history": history, "seconds_per_step": trained.seconds_per_step}
    result |= {"val_psnr": history[-1]["val_psnr"], "bicubic_val_psnr": bicubic}
    if unit.kind != "trial":
        model_files.save(place / "model.npz", trained.generator, unit.config, {"arm": unit.arm}, dtype="float32")
    if unit.kind == "run" and status != DIVERGED:
        result["scores"] = _scores(upscaler.Upscaler(trained.generator, unit.config), unit, root)
    return result


def _train(unit, images, validation, place):
    """The phase of the unit, without the progress bar of each training."""
    start, scratch = _start(unit, place), place / "scratch"
    with contextlib.redirect_stdout(io.StringIO()):
        if unit.phase == "pixel":
            return fit.pretrain(unit.config, images, validation, scratch, start)
        return fit.adversarial(unit.config, images, start, validation, scratch)


@functools.lru_cache(maxsize=2)
def _images(name, limit, out, root):
    """The training pictures of a data set; those of the last two sets stay for the next unit."""
    photos = sources.load(name, "train", root).limit(limit)
    folder = pathlib.Path(out) / "store" / name
    with files.claimed(folder):  # two workers may need the same packed store
        return packed_store.images(photos, folder)


def _start(unit, place):
    """The generator to begin with, None for fresh weights."""
    if not unit.start:
        return None
    own = place.parent / unit.start / "model.npz"
    if unit.start.startswith("start-") and not own.exists():
        raise InputError(f"the pixel training that it starts from failed: {unit.start}")
    return model_files.start(own if own.exists() else unit.start, unit.config)


@functools.lru_cache(maxsize=4)
def _validation(name, count, root):
    """`count` photographs that trials are judged on, and what bicubic scores on them in dB.

    They are spread evenly over the validation split, so that of sets joined by "+" each has its share.
    """
    photos = sources.load(name, "validation", root).photos
    count = min(count, len(photos))
    photos = [photos[index * len(photos) // count] for index in range(count)]
    return photos, callbacks.bicubic_psnr(photos)


def judge(history, bicubic, collapse):
    """The status of a training from its history, and the reason where it is not "done".

    Args:
        history: rows of `fit.Trained`, with "step" and "val_psnr".
        bicubic: float, dB of bicubic on the same photographs.
        collapse: float, dB below it that count as collapsed.
    """
    for row in history:
        for name, value in row.items():
            if not math.isfinite(value):
                return DIVERGED, f"{name} is {value} at step {row['step']}"
    last = history[-1]["val_psnr"]
    if last < bicubic - collapse:
        return COLLAPSED, f"{last:.2f} dB on validation, more than {collapse:g} dB below bicubic's {bicubic:.2f}"
    return DONE, ""


def _scores(enlarge, unit, root):
    """The scores on all test sets: {name: rows with "image", "psnr", "ssim"}."""
    found = {}
    for name in unit.tests:
        photos = sources.load(name, "test", root).limit(unit.config.evaluate_images)
        scores = protocol.evaluate(enlarge, photos)
        found[name] = [{"image": each.image, "psnr": each.psnr, "ssim": each.ssim} for each in scores]
    return found
