"""Cache of compiled training models: the runs of a process that differ in numbers alone share one.

Tracing and optimising the graph of a step takes many times longer than the step. The numbers in which the runs of an
ablation differ (seed, learning rate, steps, the data) are therefore variables of the compiled step or stay outside of
it; a new run gets the weights and the optimizer of a fresh one, and the graph that is there.
"""

import collections
import dataclasses
import random

import keras
import numpy as np

from srlib.config import Config
from srlib.data.degradation import keras_layers
from srlib.machine import distribution, precision
from srlib.srgan import discriminator, generator, losses, training_steps
from srlib.training import optimizers, schedules

KEPT = 4  # compiled models that stay in memory

# Settings that the compiled step does not depend on.
_NUMBERS = (
    *("profile", "seed", "train_data", "train_images", "reduction", "permute_channels", "detail_draws"),
    *("pretrain_steps", "pretrain_learning_rate", "gan_steps", "gan_learning_rate", "schedule", "warmup_steps"),
    *("start_share", "statistics_batches", "log_every", "evaluate_images"),
)

_cache = collections.OrderedDict()


def prepare(
    phase: str,
    config: Config,
    *,
    start: keras.Model | None = None,
    steps_per_execution: int = 1,
    devices: str = "none",
) -> training_steps.PixelTraining | training_steps.AdversarialTraining:
    """A compiled training model as new: fresh weights from the seed, or those of `start`; an optimizer at step 0.

    The model stays in the cache for the next run of its kind: whatever it has learned has to be copied out before.

    Args:
        phase: "pixel" or "adversarial".
        config: the settings.
        start: generator to begin with, or None for fresh weights.
        steps_per_execution: steps that run without the host between them.
        devices: name of the `distribution.strategy` in whose scope this is called.
    """
    key = (phase, steps_per_execution, devices, precision.resolve(config.precision), _shape(config))
    random.seed(config.seed)  # what initialisers draw from; `keras.utils.set_random_seed` imports TensorFlow always
    model = _cache.pop(key, None)
    if model is None:
        model = _compiled(phase, config, steps_per_execution)
    else:
        _renew(model)
    if start is not None:
        model.generator.set_weights(start.get_weights())
    model.schedule.take(_schedule(phase, config))
    _cache[key] = model
    while len(_cache) > KEPT:
        _cache.popitem(last=False)
    return model


def clear() -> None:
    """Drop all compiled models, and their memory."""
    _cache.clear()


def _shape(config):
    """The settings that the compiled step depends on."""
    return tuple((name, value) for name, value in dataclasses.asdict(config).items() if name not in _NUMBERS)


def _compiled(phase, config, steps_per_execution):
    """The training model of fresh networks, compiled, with its optimizer built."""
    options = {"content": losses.content(config.content_loss, config.dssim_weight)}
    options["degradation"] = keras_layers.create(config.degradation)
    with precision.scope(precision.resolve(config.precision)):
        network = generator.build(config)
        if phase == "pixel":
            model = training_steps.PixelTraining(network, **options)
        else:
            options["adversarial_weight"] = config.adversarial_weight
            model = training_steps.AdversarialTraining(network, discriminator.build(config), **options)
    schedule = _schedule(phase, config)
    optimizer = optimizers.create(
        config.optimizer, schedule, weight_average=config.weight_average, adabelief_epsilon=config.adabelief_epsilon
    )
    schedule.share(optimizer)
    optimizer = distribution.loss_scaled(optimizer, model.dtype_policy.name)
    # XLA is JAX's way to compile. On TensorFlow it has no bfloat16 convolutions for the CPU and takes twice the time.
    jit = keras.backend.backend() == "jax"
    model.compile(optimizer=optimizer, jit_compile=jit, steps_per_execution=steps_per_execution)
    model.optimizer.build(model.trainable_variables)
    model.schedule = schedule
    model.scalars = [None if len(variable.shape) else np.asarray(variable) for variable in model.optimizer.variables]
    return model


def _renew(model):
    """Give a compiled model weights as fresh networks have them, and its optimizer the values that it had at first."""
    for network in (model.generator, getattr(model, "discriminator", None)):
        for layer in network.layers if network else ():
            _initialise(layer)
    for variable, scalar in zip(model.optimizer.variables, model.scalars, strict=True):
        variable.assign(np.zeros(variable.shape, variable.dtype) if scalar is None else scalar)


def _initialise(layer):
    """Draw a layer's weights anew, as building it does; a tenth of the time of building the network again."""
    for name, initializer in list(vars(layer).items()):
        variable = getattr(layer, name.removesuffix("_initializer")) if name.endswith("_initializer") else None
        if variable is not None:
            variable.assign(initializer.clone()(variable.shape, variable.dtype))


def _schedule(phase, config):
    """The learning rate over a phase."""
    if phase == "pixel":
        rate, steps = config.pretrain_learning_rate, config.pretrain_steps
    else:
        rate, steps = config.gan_learning_rate, config.gan_steps
    return schedules.create(config.schedule, rate, steps=steps, warmup_steps=config.warmup_steps)
