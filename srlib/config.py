"""Every number that shapes a run, in one frozen dataclass, and the profiles that change them.

The defaults are the published SRGAN (Ledig et al., CVPR 2017, section 3.2); a profile is a set of departures from
them, and so is `overrides`. The run record shows the result, so no departure goes unseen.
"""

import dataclasses
import difflib

from srlib.errors import InputError

SCALE = 4  # every network here enlarges four times


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings of one run; the defaults are the paper's."""

    profile: str = "full"
    seed: int = 0
    # Generator: residual blocks, filters of each, and the departure that adds the bicubic enlargement to the output.
    generator_blocks: int = 16
    generator_filters: int = 64
    bicubic_skip: bool = False
    # Discriminator: filters of its first convolution (they double three times) and units of its hidden dense layer.
    discriminator_filters: int = 64
    discriminator_dense: int = 1024
    # Data: the training set, how many of its images at most (0: all), HR patch side in pixels, patches in a batch, and
    # what makes the LR patches of them: bicubic, or a random mixture of damage (robust).
    train_data: str = "coco"
    train_images: int = 0
    hr_patch: int = 96
    batch: int = 16
    degradation: str = "bicubic"
    # What varies the patches: a random reduction of up to so many times (1: none), the colour channels in random order,
    # and of how many places the most detailed is taken.
    reduction: float = 1.0
    permute_channels: bool = False
    detail_draws: int = 1
    # Pixel phase: steps, learning rate, its schedule (constant, or cosine to zero), the loss between SR and HR,
    # and the weight of DSSIM where that loss mixes it in (mse+dssim, mae+dssim).
    pretrain_steps: int = 1_000_000
    pretrain_learning_rate: float = 1e-4
    schedule: str = "constant"
    warmup_steps: int = 0
    content_loss: str = "mse"
    dssim_weight: float = 0.1
    # Adversarial phase.
    gan_steps: int = 200_000
    gan_learning_rate: float = 1e-4
    adversarial_weight: float = 1e-3
    # Share of the weights that the phase began with in those it ends with: the less sharp, the fewer artefacts.
    start_share: float = 0.0
    # Both phases; epsilon is AdaBelief's alone, near 1e-14 it steps like Adam, near 1e-7 and above like SGD.
    optimizer: str = "adam"
    adabelief_epsilon: float = 1e-14
    precision: str = "auto"
    # Decay of an exponential average of the weights that takes their place at the end (0: none), and batches over
    # which the batch-norm statistics of the final weights are measured anew (0: the moving averages stay).
    weight_average: float = 0.0
    statistics_batches: int = 0
    log_every: int = 1000
    # Images of the validation and test set that are scored (0: all).
    evaluate_images: int = 0


# A small network with a bicubic skip learns in a minute what the published one learns in an hour.
_SMALL = {
    "generator_blocks": 4,
    "generator_filters": 32,
    "bicubic_skip": True,
    "discriminator_filters": 16,
    "discriminator_dense": 64,
    "pretrain_learning_rate": 1e-3,
    "schedule": "cosine",
    "warmup_steps": 20,
    "gan_learning_rate": 1e-3,
}

PROFILES = {
    "smoke": {
        **_SMALL,
        "generator_blocks": 1,
        "generator_filters": 8,
        "discriminator_filters": 4,
        "discriminator_dense": 8,
        "batch": 4,
        "train_images": 16,
        "pretrain_steps": 6,
        "warmup_steps": 2,
        "gan_steps": 4,
        "log_every": 2,
        "evaluate_images": 2,
    },
    "cpu": {
        **_SMALL,
        "train_images": 200,
        "pretrain_steps": 600,
        "gan_steps": 60,
        "log_every": 20,
        "evaluate_images": 20,
    },
    "colab": {
        "bicubic_skip": True,
        "schedule": "cosine",
        "train_images": 2000,
        "pretrain_steps": 8000,
        "pretrain_learning_rate": 5e-4,
        "warmup_steps": 100,
        "gan_steps": 4000,
        "log_every": 200,
    },
    "full": {},
}


_AT_LEAST_ONE = (
    "generator_filters",
    "discriminator_filters",
    "discriminator_dense",
    "hr_patch",
    "batch",
    "pretrain_steps",
    "gan_steps",
    "log_every",
    "reduction",
    "detail_draws",
)


def resolve(profile, seed=0, overrides=None):
    """Return the `Config` of a profile with `overrides` applied.

    Args:
        profile: "smoke", "cpu", "colab" or "full".
        seed: int, seeds weights, batches and splits of the run.
        overrides: dict of field name to value, applied last; a value takes the type of its default.
    Raises:
        InputError: an unknown profile, field or a value of the wrong type.
    """
    if profile not in PROFILES:
        raise InputError(f"unknown profile {profile!r}: choose one of {', '.join(PROFILES)}")
    changes = {**PROFILES[profile], "profile": profile, "seed": seed}
    for name, value in (overrides or {}).items():
        changes[name] = _typed(name, value)
    return dataclasses.replace(Config(), **changes)


def _typed(name, value):
    """`value` in the type of the field's default; ints may stand for floats, nothing else is converted."""
    defaults = {field.name: field.default for field in dataclasses.fields(Config)}
    if name not in defaults:
        raise InputError(f"unknown setting {name!r}{did_you_mean(name, defaults)}; settings: {', '.join(defaults)}")
    if name in _AT_LEAST_ONE and type(value) in (int, float) and value < 1:
        raise InputError(f"setting {name} must be at least 1, not {value}")
    wanted = type(defaults[name])
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise InputError(f"setting {name} takes {wanted.__name__}, not {value!r}")
    return value


def did_you_mean(name, known):
    """Return " (did you mean 'x'?)" for the closest of `known` names, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def table(config):
    """Return the lines "name = value" of a `Config`, those that depart from the paper marked with a *."""
    rows = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        departs = field.name not in ("profile", "seed") and value != field.default
        rows.append(f"{'*' if departs else ' '} {field.name} = {value!r}")
    return "\n".join(rows)
