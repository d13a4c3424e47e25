"""Optimizers by name: Adam, RMSprop and AdaBelief."""

import keras

from srlib.config import did_you_mean
from srlib.errors import InputError
from srlib.training.adabelief import AdaBelief

OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop, "adabelief": AdaBelief}


def create(
    name: str,
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
    *,
    weight_average: float = 0.0,
    adabelief_epsilon: float = 1e-14,
) -> keras.optimizers.Optimizer:
    """The Keras optimizer of that name.

    Args:
        name: one of `OPTIMIZERS`.
        learning_rate: a number or a schedule.
        weight_average: decay of an exponential average of the weights that it keeps beside them; 0 keeps none.
        adabelief_epsilon: ε of AdaBelief; the others keep Keras's own.
    Raises:
        InputError: unknown name.
    """
    if name not in OPTIMIZERS:
        raise InputError(f"unknown optimizer {name!r}{did_you_mean(name, OPTIMIZERS)}; known: {', '.join(OPTIMIZERS)}")
    averaging = {"use_ema": True, "ema_momentum": weight_average} if weight_average else {}
    options = {"epsilon": adabelief_epsilon} if name == "adabelief" else {}
    return OPTIMIZERS[name](learning_rate, **averaging, **options)
