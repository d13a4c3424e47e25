"""What AdaBelief and the DSSIM loss cost a training step, beside Adam and MSE: published network, batch 16, 96 px."""

import harness
import keras
import noise

from srlib.training import compiled_models

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
        ours, theirs = (each / STEPS for each in harness.interleaved(arms, rounds).values())
        rows.append(harness.cost(f"{name}, {phase} step", baseline, ours=ours, theirs=theirs, limit=limit))
        compiled_models.clear()
        keras.backend.clear_session()
    return rows
