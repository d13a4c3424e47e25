"""Optimizers by name: Adam, RMSprop and AdaBelief."""

import keras

from srlib.config import did_you_mean
from srlib.errors import InputError
from srlib.training.adabelief import AdaBelief

OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop, "adabelief": AdaBelief}


def create(name, learning_rate, weight_average=0.0, adabelief_epsilon=1e-14):
    """A Keras optimizer.

    Args:
        name: one of `OPTIMIZERS`.
        learning_rate: float or `keras.optimizers.schedules.LearningRateSchedule`.
        weight_average: float, decay of an exponential average of the weights that it keeps beside them; 0 keeps none.
        adabelief_epsilon: float, ε of AdaBelief; the others keep Keras's own.
    Raises:
        InputError: unknown name.
    """
    if name not in OPTIMIZERS:
        raise InputError(f"unknown optimizer {name!r}{did_you_mean(name, OPTIMIZERS)}; known: {', '.join(OPTIMIZERS)}")
    averaging = {"use_ema": True, "ema_momentum": weight_average} if weight_average else {}
    options = {"epsilon": adabelief_epsilon} if name == "adabelief" else {}
    return OPTIMIZERS[name](learning_rate, **averaging, **options)
