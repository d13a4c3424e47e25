"""What AdaBelief and the DSSIM loss cost a training step, beside Adam and MSE: published network, batch 16, 96 px."""

import functools

import keras
import numpy as np

from srlib import bench, config, engine

STEPS = 4  # in one call
COMPARISONS = (
    ("AdaBelief", "pixel", "optimizer", "adabelief", "Adam", 1.05),
    ("AdaBelief", "adversarial", "optimizer", "adabelief", "Adam", 1.05),
    ("MSE + DSSIM", "pixel", "content_loss", "mse+dssim", "MSE", 1.15),
    ("L1 + DSSIM", "pixel", "content_loss", "mae+dssim", "MSE", 1.15),
)


def measure(rounds):
    """Rows of the case: the ratio is how many times a step of ours takes the baseline's; at most the limit."""
    rows = []
    for name, phase, setting, value, baseline, limit in COMPARISONS:
        arms = {"ours": _steps(phase, {setting: value}), "baseline": _steps(phase, {})}
        seconds = [each / STEPS for each in bench.interleaved(arms, rounds).values()]
        rows.append(bench.cost(f"{name}, {phase} step", baseline, *seconds, limit))
        engine.forget()
        keras.backend.clear_session()
    return rows


def _steps(phase, overrides):
    """A function that takes `STEPS` steps on one batch of noise."""
    settings = config.resolve("full", 0, overrides)
    model = engine.prepare(phase, settings, together=STEPS)
    side = settings.hr_patch + 16
    patches = np.random.default_rng(0).integers(0, 256, (settings.batch, side, side, 3), dtype=np.uint8)

    def batches():
        while True:
            yield (patches,)

    return functools.partial(model.fit, batches(), steps_per_epoch=STEPS, epochs=1, verbose=0, shuffle=False)
