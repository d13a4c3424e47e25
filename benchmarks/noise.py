"""Training steps on one batch of noise: what a step takes where the data cost nothing."""

import functools

import numpy as np

from srlib import config
from srlib.training import compiled_models


def steps(phase, overrides, count, steps_per_execution=None):
    """A function that takes `count` steps of the published networks, as `fit` takes them.

    Args:
        phase: "pixel" or "adversarial".
        overrides: dict of settings over the paper's.
        count: int.
        steps_per_execution: int, steps that run without the host between them; None for all of them.
    """
    settings = config.resolve("full", 0, overrides)
    model = compiled_models.prepare(phase, settings, steps_per_execution=steps_per_execution or count)
    side = settings.hr_patch + 16
    patches = np.random.default_rng(0).integers(0, 256, (settings.batch, side, side, 3), dtype=np.uint8)

    def batches():
        while True:
            yield (patches,)

    return functools.partial(model.fit, batches(), steps_per_epoch=count, epochs=1, verbose=0, shuffle=False)
