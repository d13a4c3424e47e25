"""What AdaBelief and the DSSIM loss cost a training step, beside Adam and MSE: published network, batch 16, 96 px."""

import pathlib
import sys

import harness
import keras

from srlib.training import compiled_models

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import noise  # noqa: E402

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
        arms = {"ours": noise.steps(phase, {setting: value}, STEPS), "baseline": noise.steps(phase, {}, STEPS)}
        seconds = [each / STEPS for each in harness.interleaved(arms, rounds).values()]
        rows.append(harness.cost(f"{name}, {phase} step", baseline, *seconds, limit))
        compiled_models.forget()
        keras.backend.clear_session()
    return rows
