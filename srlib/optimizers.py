"""Optimizers by name, with one learning-rate schedule each."""

import keras

from srlib.config import did_you_mean
from srlib.errors import InputError

OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}


def create(name, learning_rate):
    """A Keras optimizer.

    Args:
        name: one of `OPTIMIZERS`.
        learning_rate: float or `keras.optimizers.schedules.LearningRateSchedule`.
    Raises:
        InputError: unknown name.
    """
    if name not in OPTIMIZERS:
        raise InputError(f"unknown optimizer {name!r}{did_you_mean(name, OPTIMIZERS)}; known: {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name](learning_rate)


def schedule(name, learning_rate, steps, warmup=0):
    """The learning rate over a phase of `steps` steps: "constant", or "cosine" to zero; both after a linear warm-up.

    Raises:
        InputError: unknown name.
    """
    if name not in ("constant", "cosine"):
        raise InputError(f"unknown schedule {name!r}: choose constant or cosine")
    if name == "constant" and not warmup:
        return learning_rate
    final = 0.0 if name == "cosine" else 1.0
    start = 0.0 if warmup else learning_rate
    return keras.optimizers.schedules.CosineDecay(
        start, max(steps - warmup, 1), alpha=final, warmup_target=learning_rate if warmup else None, warmup_steps=warmup
    )
