"""Learning-rate schedules."""

import keras
import numpy as np
from keras import ops

from srlib.errors import InputError


@keras.saving.register_keras_serializable("srlib")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Cosine decay after a linear warm-up, or a constant rate; its numbers can be shared by many runs.

    Step t of W warm-up steps has the rate η t / W; a later one has η (φ + (1 - φ) (1 + cos π p) / 2), where p goes from
    0 to 1 over the steps that remain.

    Args:
        learning_rate: the peak η.
        steps: all steps, the warm-up among them.
        warmup_steps: W.
        final: part φ of the peak that is left at the end, in [0, 1]: 1 is a constant rate.
    """

    def __init__(self, learning_rate: float, steps: int, *, warmup_steps: int = 0, final: float = 0.0) -> None:
        super().__init__()
        self.numbers = [float(learning_rate), float(steps), float(warmup_steps), float(final)]
        self._shared = None

    def __call__(self, step):
        numbers = ops.convert_to_tensor(self.numbers if self._shared is None else self._shared, "float32")
        peak, steps, warmup, final = (numbers[index] for index in range(4))
        step = ops.cast(step, "float32")
        rising = peak * step / ops.maximum(warmup, 1)
        progress = ops.clip((step - warmup) / ops.maximum(steps - warmup, 1), 0, 1)
        falling = peak * (final + (1 - final) * (1 + ops.cos(np.pi * progress)) / 2)
        return ops.where(step < warmup, rising, falling)

    def share(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Keep the numbers in a variable of `optimizer`, so that one compiled step serves many schedules."""
        self._shared = optimizer.add_variable((4,), dtype="float32", name="schedule")
        self.take(self)

    def take(self, other: "Schedule") -> None:
        """Change the shared numbers to those of another `Schedule`."""
        self.numbers = other.numbers
        self._shared.assign(np.array(self.numbers, "float32"))

    def get_config(self) -> dict:
        return dict(zip(("learning_rate", "steps", "warmup_steps", "final"), self.numbers))


@keras.saving.register_keras_serializable("srlib")
class WarmupLinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up and linear decay: from 0 up to `learning_rate`, then down to `min_lr`, where it stays.

    Step t = 1, 2, … of W = `warmup_proportion` · `total_steps` warm-up steps has the rate η t / W; a later one has
    η + (`min_lr` - η) · min((t - W) / (`total_steps` - W), 1).

    Args:
        learning_rate: η, or another schedule that gives it.
        total_steps: steps until `min_lr` is reached.
        warmup_proportion: the part of them in which the rate rises, in [0, 1].
        min_lr: the last rate.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        total_steps: int,
        *,
        warmup_proportion: float = 0.1,
        min_lr: float = 0.0,
    ) -> None:
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

    def get_config(self) -> dict:
        return {
            "learning_rate": keras.saving.serialize_keras_object(self.learning_rate),
            "total_steps": self.total_steps,
            "warmup_proportion": self.warmup_proportion,
            "min_lr": self.min_lr,
        }

    @classmethod
    def from_config(cls, config: dict) -> "WarmupLinearDecay":
        return cls(**{**config, "learning_rate": keras.saving.deserialize_keras_object(config["learning_rate"])})


_FINAL = {"constant": 1.0, "cosine": 0.0}


def create(name: str, learning_rate: float, *, steps: int, warmup_steps: int = 0) -> Schedule:
    """The schedule of a phase by name: "constant", or "cosine" to zero; both after a linear warm-up.

    Args:
        name: "constant" or "cosine".
        learning_rate: the peak.
        steps: all steps of the phase.
        warmup_steps: those in which the rate rises.
    Raises:
        InputError: unknown name.
    """
    if name not in _FINAL:
        raise InputError(f"unknown schedule {name!r}: choose constant or cosine")
    return Schedule(learning_rate, steps, warmup_steps=warmup_steps, final=_FINAL[name])
