"""Ten short runs of an ablation on one compiled model, beside ten runs that each compile their own."""

import contextlib
import io
import time

import harness
import keras
import plain

from srlib import config
from srlib.data import sources
from srlib.training import compiled_models, fit

RUNS, STEPS = 10, 20


def measure(rounds):
    """Two rows for each phase; `rounds` is not used, the ten runs are the repetition."""
    pictures = sources.load("embedded", "train").arrays()
    return _rows("pixel phase", _pixel, _plain_pixel, pictures) + _rows(
        "adversarial phase", _adversarial, _plain_adversarial, pictures
    )


def _rows(name, phase, plainly, pictures):
    """One phase on one compiled model, beside a compilation for each run, and beside plain Keras."""

    def separately(*run):
        compiled_models.clear()
        phase(*run)

    _seconds(separately, pictures, runs=1)  # what a process does once: loading XLA, starting threads
    ours, separate, plain_keras = (_seconds(each, pictures) for each in (phase, separately, plainly))
    case = f"ten runs of {STEPS} steps, {name}, small network"
    return [
        harness.row(case, "ten separate compilations", ours=ours, theirs=separate, asked=(3.0, 6.0)),
        harness.row(case, "plain Keras, float32, Python loop, a model for each run", ours=ours, theirs=plain_keras),
    ]


def _seconds(phase, pictures, runs=RUNS):
    """Seconds of all runs, the compilation of the first among them."""
    compiled_models.clear()
    keras.backend.clear_session()
    start = time.perf_counter()
    for seed in range(runs):
        settings = config.resolve("cpu", seed, {"pretrain_steps": STEPS, "gan_steps": STEPS})
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            phase(settings, pictures)
    return time.perf_counter() - start


def _pixel(settings, pictures):
    fit.pretrain(settings, pictures)


def _adversarial(settings, pictures):
    fit.adversarial(settings, pictures, start=None)


def _plain_pixel(settings, pictures):
    network = plain.generator(settings.generator_filters, settings.generator_blocks)
    network.compile(optimizer=keras.optimizers.Adam(1e-4), loss="mse")
    network.fit(plain.batches(pictures), steps_per_epoch=STEPS, epochs=1, verbose=0)


def _plain_adversarial(settings, pictures):
    network = plain.generator(settings.generator_filters, settings.generator_blocks)
    opponent = plain.discriminator(96, settings.discriminator_filters, settings.discriminator_dense)
    step, batches = plain.two_tape_step(network, opponent), plain.batches(pictures)
    for _ in range(STEPS):
        step(*next(batches))
