"""Training task of an ablation: all that its result depends on, its id from that, and doing it.

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
from collections.abc import Sequence
from typing import Any

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
Result = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class TrainingTask:
    """Training of an ablation, or the baseline's score.

    Args:
        kind: "start", "trial", "run" or "bicubic".
        arm: the arm's name.
        phase: "pixel" or "adversarial".
        config: the settings.
        start: "" for fresh weights, the id of a task of the same ablation, or a model's name or path.
        tests: names of data sets to score on.
        validation_images: photographs whose PSNR is watched.
        collapse: dB below bicubic on them from which on the training counts as collapsed.
        data: a digest of the data's names, so that other data make another task.
        backend: Keras's.
    """

    kind: str
    arm: str
    phase: str
    config: configs.Config
    start: str = ""
    tests: tuple[str, ...] = ()
    validation_images: int = 8
    collapse: float = 3.0
    data: str = ""
    backend: str = dataclasses.field(default_factory=keras.backend.backend)

    @property
    def id(self) -> str:
        """A name for the eye with a digest of everything: equal tasks, and only those, have equal ids."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return f"{self.kind}-{self.arm}-{self.config.seed}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def run(task: TrainingTask, folder: pathlib.Path, *, out: files.PathLike, root: pathlib.Path | None = None) -> Result:
    """Do a task; what it takes to go on after an interruption is kept in `folder`/scratch.

    Args:
        task: what to train, or the baseline.
        folder: the task's own; the trained generator is left there as model.npz (not a trial's).
        out: output root, below which a large training set is packed.
        root: data root or None.
    Returns:
        "status" ("done"; "diverged": a loss or score is not a number; "collapsed": far below bicubic) and its
        "reason", "val_psnr" and "bicubic_val_psnr" of the validation photographs, "history", "scores" as {test set:
        rows}, "seconds", "environment".
    """
    begun = time.perf_counter()
    if task.backend != keras.backend.backend():
        raise InputError(f"this process has Keras on {keras.backend.backend()}, the ablation is on {task.backend}")
    if task.kind == "bicubic":
        result = {"status": DONE, "reason": "", "scores": _scores(bicubic.upscale, task, root)}
    else:
        result = _trained(task, folder, out, root)
    return {**result, "seconds": time.perf_counter() - begun, "environment": environment.describe()}


def _trained(task, folder, out, root):
    """Train, judge, save and score."""
    config = task.config
    validation, bicubic = _validation(config.train_data, task.validation_images, root)
    images = _images(config.train_data, config.train_images, out, root)
    phase, options = fit.pretrain if task.phase == "pixel" else fit.adversarial, fit.RunOptions(folder / "scratch")
    with contextlib.redirect_stdout(io.StringIO()):  # without the progress bar of each training
        trained = phase(config, images, start=_start(task, folder), validation=validation, options=options)
    history = trained.history
    status, reason = judge(history, bicubic, collapse=task.collapse)
    result = {"status": status, "reason": reason, "history": history, "seconds_per_step": trained.seconds_per_step}
    result |= {"val_psnr": history[-1]["val_psnr"], "bicubic_val_psnr": bicubic}
    if task.kind != "trial":
        about = {"arm": task.arm}
        model_files.save(folder / "model.npz", trained.generator, config=config, about=about, dtype="float32")
    if task.kind == "run" and status != DIVERGED:
        result["scores"] = _scores(upscaler.of_network(trained.generator, config), task, root)
    return result


@functools.lru_cache(maxsize=2)
def _images(name, limit, out, root):
    """The training pictures of a data set; those of the last two sets stay for the next task."""
    photos = sources.load(name, "train", root=root).limit(limit)
    folder = pathlib.Path(out) / "store" / name
    with files.claimed(folder):  # two workers may need the same packed store
        return packed_store.images(photos, folder)


def _start(task, folder):
    """The generator to begin with, None for fresh weights."""
    if not task.start:
        return None
    own = folder.parent / task.start / "model.npz"
    if task.start.startswith("start-") and not own.exists():
        raise InputError(f"the pixel training that it starts from failed: {task.start}")
    return model_files.start(own if own.exists() else task.start, task.config)


@functools.lru_cache(maxsize=4)
def _validation(name, count, root):
    """`count` photographs that trials are judged on, and what bicubic scores on them in dB.

    They are spread evenly over the validation split, so that of sets joined by "+" each has its share.
    """
    photos = sources.load(name, "validation", root=root).photos
    count = min(count, len(photos))
    photos = [photos[index * len(photos) // count] for index in range(count)]
    return photos, callbacks.bicubic_psnr(photos)


def judge(history: Sequence[dict[str, Any]], bicubic: float, *, collapse: float) -> tuple[str, str]:
    """The status of a training from its history, and the reason where it is not "done".

    Args:
        history: rows of `fit.Trained`, with "step" and "val_psnr".
        bicubic: dB of bicubic on the same photographs.
        collapse: dB below it that count as collapsed.
    """
    for row in history:
        for name, value in row.items():
            if not math.isfinite(value):
                return DIVERGED, f"{name} is {value} at step {row['step']}"
    last = history[-1]["val_psnr"]
    if last < bicubic - collapse:
        return COLLAPSED, f"{last:.2f} dB on validation, more than {collapse:g} dB below bicubic's {bicubic:.2f}"
    return DONE, ""


def _scores(enlarge, task, root):
    """The scores on all test sets: {name: rows with "image", "psnr", "ssim"}."""
    found = {}
    for name in task.tests:
        photos = sources.load(name, "test", root=root).limit(task.config.evaluate_images)
        scores = protocol.evaluate(enlarge, photos)
        found[name] = [{"image": each.image, "psnr": each.psnr, "ssim": each.ssim} for each in scores]
    return found
