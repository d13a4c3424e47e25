"""Optimizers by name, AdaBelief among them, with one learning-rate schedule each."""

import keras
import numpy as np
from keras import ops

from srlib.config import did_you_mean
from srlib.errors import InputError


@keras.saving.register_keras_serializable("srlib")
class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises linearly from 0 to `learning_rate`, then falls linearly to `min_lr` and stays there.

    Step t = 1, 2, … of W = `warmup_proportion` · `total_steps` warm-up steps has the rate η t / W; a later one has
    η + (`min_lr` - η) · min((t - W) / (`total_steps` - W), 1).

    Args:
        learning_rate: η, float or another schedule.
        total_steps: int, steps until `min_lr` is reached.
        warmup_proportion: float in [0, 1], the part of them in which the rate rises.
        min_lr: float, the last rate.
    """

    def __init__(self, learning_rate, total_steps, warmup_proportion=0.1, min_lr=0.0):
        super().__init__()
        self.learning_rate = learning_rate
        self.total_steps = total_steps
        self.warmup_proportion = warmup_proportion
        self.min_lr = min_lr

    def __call__(self, step):
        peak = self.learning_rate(step) if callable(self.learning_rate) else self.learning_rate
        peak = ops.cast(peak, keras.config.floatx())
        step = ops.cast(step, peak.dtype) + 1
        warmup = self.total_steps * self.warmup_proportion
        decay = max(self.total_steps - warmup, 1)
        rising = peak * (step / max(warmup, 1e-7))
        falling = peak + (self.min_lr - peak) / decay * ops.minimum(step - warmup, decay)
        return ops.where(step <= warmup, rising, falling)

    def get_config(self):
        return {
            "learning_rate": keras.saving.serialize_keras_object(self.learning_rate),
            "total_steps": self.total_steps,
            "warmup_proportion": self.warmup_proportion,
            "min_lr": self.min_lr,
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "learning_rate": keras.saving.deserialize_keras_object(config["learning_rate"])})


@keras.saving.register_keras_serializable("srlib")
class AdaBelief(keras.optimizers.Optimizer):
    """Adam whose second moment is that of the gradient's surprise, g - m, in place of the gradient's own.

        m = β₁ m + (1 - β₁) g                       m̂ = m / (1 - β₁ᵗ)
        s = β₂ s + (1 - β₂) (g - m)² + ε            ŝ = s / (1 - β₂ᵗ)
        θ = θ - η λ θ - η r m̂ / (√ŝ + ε)

    A gradient that comes as expected (small s) is believed: the step is large. r is 1, or with `rectify` RAdam's
    factor for the variance that ŝ has while few gradients are seen; until they amount to `sma_threshold` the step is
    η m̂, without denominator. The variables must be float32 or float64, as they are under any mixed precision.

    Args:
        learning_rate: η, float or `keras.optimizers.schedules.LearningRateSchedule`.
        beta_1, beta_2: floats in [0, 1), decay of the two moments.
        epsilon: float, ε; near 1e-14 the steps are Adam-like, near 1e-7 and above SGD-like.
        rectify: bool, whether r and `sma_threshold` apply (Liu et al., "On the variance of the adaptive learning rate
            and beyond", ICLR 2020).
        amsgrad: bool, whether ŝ is made of the largest s so far.
        sma_threshold: float, length of the simple moving average that ŝ must equal before it is used.
        total_steps, warmup_proportion, min_lr: where `total_steps` is not 0, short for
            `WarmupLinearDecay(learning_rate, total_steps, warmup_proportion, min_lr)` as the learning rate.
        **options: those of any Keras optimizer: `clipnorm`, `use_ema`, `weight_decay` (λ, decoupled; here a float or
            a `LearningRateSchedule`) …

    Source: Zhuang et al., "AdaBelief optimizer: adapting stepsizes by the belief in observed gradients", NeurIPS 2020,
    algorithm 2. Defaults, and the rounding of each step in float32, are those of adabelief-tf 0.2.1.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-14,
        rectify=True,
        amsgrad=False,
        sma_threshold=5.0,
        total_steps=0,
        warmup_proportion=0.1,
        min_lr=0.0,
        **options,
    ):
        if total_steps:
            learning_rate = WarmupLinearDecay(learning_rate, total_steps, warmup_proportion, min_lr)
        super().__init__(learning_rate=learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.rectify, self.amsgrad, self.sma_threshold = rectify, amsgrad, sma_threshold

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self._means, self._surprises = self.add_optimizer_variables(variables, ["mean", "surprise"])
        if self.amsgrad:
            self._largest = self.add_optimizer_variables(variables, "largest_surprise")

    def update_step(self, gradient, variable, learning_rate):
        rate, gradient = (ops.cast(value, variable.dtype) for value in (learning_rate, gradient))
        mean, surprise = self._update_moments(gradient, self._get_variable_index(variable))
        step, weight, offset = self._coefficients(variable.dtype)
        change = step * mean / (ops.sqrt(surprise * weight) + offset)
        if self.weight_decay is not None and self._use_weight_decay(variable):
            change = change + self._decay(variable.dtype) * variable
        self.assign_sub(variable, rate * change)

    def _apply_weight_decay(self, variables):
        """Nothing: Keras would take the decay off first, and a float32 weight would be rounded twice a step."""

    def _decay(self, dtype):
        """λ at this step."""
        scheduled = isinstance(self.weight_decay, keras.optimizers.schedules.LearningRateSchedule)
        return ops.cast(self.weight_decay(self.iterations) if scheduled else self.weight_decay, dtype)

    def _update_moments(self, gradient, index):
        """Take in a gradient: (m, s) after it, or with `amsgrad` (m, largest s)."""
        beta_1, beta_2 = (ops.convert_to_tensor(beta, gradient.dtype) for beta in (self.beta_1, self.beta_2))
        mean = beta_1 * self._means[index] + (1 - beta_1) * gradient
        surprise = beta_2 * self._surprises[index] + (1 - beta_2) * ops.square(gradient - mean) + self.epsilon
        self.assign(self._means[index], mean)
        self.assign(self._surprises[index], surprise)
        if self.amsgrad:
            surprise = ops.maximum(self._largest[index], surprise)
            self.assign(self._largest[index], surprise)
        return mean, surprise

    def _coefficients(self, dtype):
        """The step's three numbers a, b, c in θ = θ - η a m / (√(b s) + c)."""
        step = ops.cast(self.iterations + 1, dtype)
        unbias_mean, unbias_surprise = (
            1 / (1 - ops.power(ops.convert_to_tensor(beta, dtype), step)) for beta in (self.beta_1, self.beta_2)
        )
        epsilon, one, zero = (ops.convert_to_tensor(value, dtype) for value in (self.epsilon, 1.0, 0.0))
        if not self.rectify:
            return unbias_mean, unbias_surprise, epsilon
        length, factor = self._rectification(step)
        long_enough = length >= self.sma_threshold
        return (
            ops.where(long_enough, factor, one) * unbias_mean,
            ops.where(long_enough, unbias_surprise, zero),
            ops.where(long_enough, epsilon, one),
        )

    def _rectification(self, step):
        """The length of the simple moving average that ŝ equals after `step` steps, and r (meaningless up to 4)."""
        beta = ops.convert_to_tensor(self.beta_2, step.dtype)
        power = ops.power(beta, step)
        longest = 2 / (1 - beta) - 1
        length = longest - 2 * step * power / (1 - power)
        variance = (length - 4) / (longest - 4) * (length - 2) / (longest - 2) * longest / length
        return length, ops.sqrt(variance)

    def get_config(self):
        names = ("beta_1", "beta_2", "epsilon", "rectify", "amsgrad", "sma_threshold")
        decay = keras.saving.serialize_keras_object(self.weight_decay)
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "weight_decay": decay}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        decay = keras.saving.deserialize_keras_object(config.get("weight_decay"), custom_objects)
        return super().from_config({**config, "weight_decay": decay}, custom_objects)


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


@keras.saving.register_keras_serializable("srlib")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up from 0 to the peak, then half a cosine down to a part of it.

    Step t of W warm-up steps has the rate η t / W; a later one has η (φ + (1 - φ) (1 + cos π p) / 2), where p goes from
    0 to 1 over the steps that remain.

    Args:
        learning_rate: float, the peak η.
        steps: int, all steps, the warm-up among them.
        warmup: int, W.
        final: float in [0, 1], the part φ of the peak that is left at the end: 1 is a constant rate.
    """

    def __init__(self, learning_rate, steps, warmup=0, final=0.0):
        super().__init__()
        self.numbers = [float(learning_rate), float(steps), float(warmup), float(final)]
        self._shared = None

    def __call__(self, step):
        numbers = ops.convert_to_tensor(self.numbers if self._shared is None else self._shared, "float32")
        peak, steps, warmup, final = (numbers[index] for index in range(4))
        step = ops.cast(step, "float32")
        rising = peak * step / ops.maximum(warmup, 1)
        progress = ops.clip((step - warmup) / ops.maximum(steps - warmup, 1), 0, 1)
        falling = peak * (final + (1 - final) * (1 + ops.cos(np.pi * progress)) / 2)
        return ops.where(step < warmup, rising, falling)

    def share(self, optimizer):
        """Keep the numbers in a variable of `optimizer`, so that one compiled step serves many schedules."""
        self._shared = optimizer.add_variable((4,), dtype="float32", name="schedule")
        self.take(self)

    def take(self, other):
        """Change the shared numbers to those of another `Schedule`."""
        self.numbers = other.numbers
        self._shared.assign(np.array(self.numbers, "float32"))

    def get_config(self):
        return dict(zip(("learning_rate", "steps", "warmup", "final"), self.numbers))


_FINAL = {"constant": 1.0, "cosine": 0.0}


def schedule(name, learning_rate, steps, warmup=0):
    """The `Schedule` over a phase of `steps` steps: "constant", or "cosine" to zero; both after a linear warm-up.

    Raises:
        InputError: unknown name.
    """
    if name not in _FINAL:
        raise InputError(f"unknown schedule {name!r}: choose constant or cosine")
    return Schedule(learning_rate, steps, warmup, _FINAL[name])
