"""AdaBelief (Zhuang et al., NeurIPS 2020) as a Keras optimizer."""

from typing import Any

import keras
from keras import ops

from srlib.training.schedules import WarmupLinearDecay


@keras.saving.register_keras_serializable("srlib")
class AdaBelief(keras.optimizers.Optimizer):
    """AdaBelief: Adam with the variance of the gradient about its moving average, (g - m)², as second moment.

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
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-14,
        rectify: bool = True,
        amsgrad: bool = False,
        sma_threshold: float = 5.0,
        total_steps: int = 0,
        warmup_proportion: float = 0.1,
        min_lr: float = 0.0,
        **options: Any,
    ) -> None:
        if total_steps:
            learning_rate = WarmupLinearDecay(
                learning_rate, total_steps, warmup_proportion=warmup_proportion, min_lr=min_lr
            )
        super().__init__(learning_rate=learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.rectify, self.amsgrad, self.sma_threshold = rectify, amsgrad, sma_threshold

    def build(self, variables: list) -> None:
        if self.built:
            return
        super().build(variables)
        self._means, self._beliefs = self.add_optimizer_variables(variables, ["mean", "belief"])
        if self.amsgrad:
            self._largest = self.add_optimizer_variables(variables, "largest_belief")

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        rate, gradient = (ops.cast(value, variable.dtype) for value in (learning_rate, gradient))
        mean, belief = self._update_moments(gradient, self._get_variable_index(variable))
        step, weight, offset = self._coefficients(variable.dtype)
        change = step * mean / (ops.sqrt(belief * weight) + offset)
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
        belief = beta_2 * self._beliefs[index] + (1 - beta_2) * ops.square(gradient - mean) + self.epsilon
        self.assign(self._means[index], mean)
        self.assign(self._beliefs[index], belief)
        if self.amsgrad:
            belief = ops.maximum(self._largest[index], belief)
            self.assign(self._largest[index], belief)
        return mean, belief

    def _coefficients(self, dtype):
        """The step's three numbers a, b, c in θ = θ - η a m / (√(b s) + c)."""
        step = ops.cast(self.iterations + 1, dtype)
        unbias_mean, unbias_belief = (
            1 / (1 - ops.power(ops.convert_to_tensor(beta, dtype), step)) for beta in (self.beta_1, self.beta_2)
        )
        epsilon, one, zero = (ops.convert_to_tensor(value, dtype) for value in (self.epsilon, 1.0, 0.0))
        if not self.rectify:
            return unbias_mean, unbias_belief, epsilon
        length, factor = self._rectification(step)
        long_enough = length >= self.sma_threshold
        return (
            ops.where(long_enough, factor, one) * unbias_mean,
            ops.where(long_enough, unbias_belief, zero),
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

    def get_config(self) -> dict:
        names = ("beta_1", "beta_2", "epsilon", "rectify", "amsgrad", "sma_threshold")
        decay = keras.saving.serialize_keras_object(self.weight_decay)
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "weight_decay": decay}

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> "AdaBelief":
        decay = keras.saving.deserialize_keras_object(config.get("weight_decay"), custom_objects)
        return super().from_config({**config, "weight_decay": decay}, custom_objects)
