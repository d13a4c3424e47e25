"""Training steps of the published networks on a GPU: steps a second and share of its rate of matrix products.

By precision (bfloat16, and float32 whose products the card takes as TF32) and batch size. Runs where the backend sees a
GPU; elsewhere there are no rows. The harness runs this case only where it is named: `--only gpu`.
"""

import harness
import keras
import noise
import numpy as np

from srlib import config
from srlib.machine import precision
from srlib.training import compiled_models, fit

STEPS = 200  # in one call of `fit`
SIDE = 8192  # of the matrices whose product is the limit
PRODUCTS = 20  # in one call
ARITHMETIC = {"mixed_bfloat16": ("bfloat16", "bfloat16"), "float32": ("float32", "TF32")}
OPERATIONS = {"pixel": harness.generator_operations, "adversarial": harness.adversarial_operations}
TITLES = {"pixel": "pretraining step", "adversarial": "GAN step"}


def measure(rounds):
    """Rows of the case: one for each phase, batch and arithmetic."""
    if precision.gpu_capability() is None:
        return []
    limits = {policy: _limit(ARITHMETIC[policy][0], rounds) for policy in ARITHMETIC}
    cases = [(phase, batch, policy) for policy in ARITHMETIC for batch in (64, 16) for phase in OPERATIONS]
    return [_row(*case, limits[case[-1]], rounds) for case in cases]


def _limit(dtype, rounds):
    """Operations a second of a product of two large matrices."""
    seconds = harness.interleaved({"product": harness.matmul(dtype, SIDE, products=PRODUCTS)}, rounds)["product"]
    return PRODUCTS * 2 * SIDE**3 / float(np.median(seconds))


def _row(phase, batch, policy, limit, rounds):
    """One phase's step at one batch size in one arithmetic."""
    overrides = {"batch": batch, "precision": policy}
    run = noise.steps(phase, overrides, STEPS, fit.pace(phase, config.Config()).steps_per_execution)
    seconds = float(np.median(harness.interleaved({"ours": run}, rounds)["ours"])) / STEPS
    compiled_models.clear()
    keras.backend.clear_session()
    share = OPERATIONS[phase](config.resolve("full", 0, overrides)) / seconds / limit
    name = ARITHMETIC[policy][1]
    note = f"{1 / seconds:.0f} steps a second; products: {limit / 1e12:.0f} TFLOP/s"
    peer = f"share of the measured {name} matmul rate"
    return harness.share(f"{TITLES[phase]} on a GPU, batch {batch}, {name}", peer, part=share, note=note)
