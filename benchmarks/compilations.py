"""Ten short runs of an ablation on one compiled model, beside ten runs that each compile their own."""

import contextlib
import io
import time

import keras

from srlib import bench, config, engine, training
from srlib.data import sources

RUNS, STEPS = 10, 20


def measure(rounds):
    """A row for each phase; `rounds` is not used, the ten runs are the repetition."""
    pictures = sources.load("embedded", "train").arrays()
    rows = []
    for phase, name in ((_pixel, "pixel phase"), (_adversarial, "adversarial phase")):
        ours, theirs = _seconds(phase, pictures, shared=True), _seconds(phase, pictures, shared=False)
        case = f"ten runs of {STEPS} steps, {name}, small network"
        rows.append(bench.row(case, "ten separate compilations", ours, theirs, 3.0, 6.0))
    return rows


def _seconds(phase, pictures, shared):
    """Seconds of all runs, the compilation of the first among them."""
    engine.forget()
    keras.backend.clear_session()
    start = time.perf_counter()
    for seed in range(RUNS):
        if not shared:
            engine.forget()
        settings = config.resolve("cpu", seed, {"pretrain_steps": STEPS, "gan_steps": STEPS})
        with contextlib.redirect_stdout(io.StringIO()):
            phase(settings, pictures)
    return time.perf_counter() - start


def _pixel(settings, pictures):
    training.pretrain(settings, pictures)


def _adversarial(settings, pictures):
    training.adversarial(settings, pictures, None)
