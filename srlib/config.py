"""Settings of a run: every number that shapes it, in one frozen dataclass, and the profiles that change them.

The defaults are the published SRGAN (Ledig et al., CVPR 2017, section 3.2); a profile is a set of departures from
them, and so is `overrides`. The run record shows the result, so no departure goes unseen.
"""

import dataclasses
import difflib
import pathlib
import tomllib
from collections.abc import Iterable
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import msgspec  # checks a table of plain values against types, in C, with no dependency of its own

from srlib.errors import InputError

Kind = TypeVar("Kind")
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]

SCALE = 4  # every network here enlarges four times


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings of one run; the defaults are the paper's."""

    profile: str = "full"
    seed: int = 0
    # Generator: residual blocks, filters of each, and the departure that adds the bicubic enlargement to the output.
    generator_blocks: int = 16
    generator_filters: AtLeastOne = 64
    bicubic_skip: bool = False
    # Discriminator: filters of its first convolution (they double three times) and units of its hidden dense layer.
    discriminator_filters: AtLeastOne = 64
    discriminator_dense: AtLeastOne = 1024
    # Data: the training set, how many of its images at most (0: all), HR patch side in pixels, patches in a batch, and
    # what makes the LR patches of them: bicubic, or a random mixture of damage (robust).
    train_data: str = "coco"
    train_images: int = 0
    hr_patch: AtLeastOne = 96
    batch: AtLeastOne = 16
    degradation: str = "bicubic"
    # What varies the patches: a random reduction of up to so many times (1: none), the colour channels in random order,
    # and of how many places the most detailed is taken.
    reduction: Annotated[float, msgspec.Meta(ge=1)] = 1.0
    permute_channels: bool = False
    detail_draws: AtLeastOne = 1
    # Pixel phase: steps, learning rate, its schedule (constant, or cosine to zero), the loss between SR and HR,
    # and the weight of DSSIM where that loss mixes it in (mse+dssim, mae+dssim).
    pretrain_steps: AtLeastOne = 1_000_000
    pretrain_learning_rate: float = 1e-4
    schedule: str = "constant"
    warmup_steps: int = 0
    content_loss: str = "mse"
    dssim_weight: float = 0.1
    # Adversarial phase.
    gan_steps: AtLeastOne = 200_000
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
    log_every: AtLeastOne = 1000
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


def resolve(profile: str, seed: int = 0, overrides: dict[str, Any] | None = None) -> Config:
    """The settings of a profile with `overrides` applied.

    Args:
        profile: "smoke", "cpu", "colab" or "full".
        seed: seeds weights, batches and splits of the run.
        overrides: setting name to value, applied last; a value has the type of the setting, an int may stand for a
            float.
    Raises:
        InputError: an unknown profile or setting, or a value of the wrong type.
    """
    if profile not in PROFILES:
        raise InputError(f"unknown profile {profile!r}: choose one of {', '.join(PROFILES)}")
    return checked({**PROFILES[profile], "profile": profile, "seed": seed, **(overrides or {})}, Config, noun="setting")


def checked(table: dict[str, Any], kind: type[Kind], *, noun: str = "key", source: str = "") -> Kind:
    """A dataclass made of a table of plain values, each checked against the type of its field.

    Args:
        table: field name to value, as JSON or TOML have them.
        kind: the dataclass.
        noun: what an error calls a field.
        source: what an error begins with, such as the file's name.
    Raises:
        InputError: an unknown or missing field, or a value of the wrong type; it says what is allowed.
    """
    names = [field.name for field in dataclasses.fields(kind)]
    for name in table:
        if name not in names:
            hint = did_you_mean(name, names)
            raise InputError(f"{source}unknown {noun} {name!r}{hint}; known: {', '.join(names)}")
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).replace("`", "").partition(" - at $.")
        name = place.partition(".")[0].partition("[")[0]
        expected, wrong = said.partition(", got")[0].removeprefix("Expected "), table.get(name)
        if said.startswith("Invalid enum value"):
            expected = " or ".join(repr(choice) for choice in get_args(get_type_hints(kind)[name]))
        raise InputError(source + (f"{noun} {place} takes {expected}, not {wrong!r}" if place else said)) from error


def read_toml(path: pathlib.Path | str, kind: type[Kind], **given: Any) -> Kind:
    """A dataclass from a TOML file, checked as `checked` does.

    Args:
        path: the file.
        kind: the dataclass.
        given: fields that the file does not hold, such as its name, or that come before what it says.
    Raises:
        InputError: the file cannot be read, or what it says is not allowed: file, key and what is allowed are named.
    """
    return checked({**read_table(path), **given}, kind, source=f"{path}: ")


def read_table(path: pathlib.Path | str) -> dict[str, Any]:
    """The table of a TOML file, unchecked; raises InputError where the file cannot be read."""
    try:
        return tomllib.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: not TOML ({error})") from error


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the closest of `known` names, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def table(config: Config) -> str:
    """The lines "name = value" of the settings, those that depart from the paper marked with a *."""
    rows = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        departs = field.name not in ("profile", "seed") and value != field.default
        rows.append(f"{'*' if departs else ' '} {field.name} = {value!r}")
    return "\n".join(rows)
