"""Plan of an ablation: which arms are compared, over which seeds, with which budget, and what decides.

A plan is a small TOML file or the same as a dict:

    name = "optimizers"
    phase = "pixel"                 # or "adversarial", with start = "pixel" or the name of a model
    profile = "cpu"                 # of srlib.config; [settings] over it hold for every arm
    seeds = [0, 1, 2]
    tests = ["embedded"]            # data sets that every finished run is scored on, once
    metrics = ["psnr", "ssim"]      # those that decide
    trial_steps = 60                # steps of a trial

    [settings]
    train_data = "embedded"

    [arms.adam]                     # the first arm is the reference unless `reference` names another
    optimizer = "adam"
    trials = [{ pretrain_learning_rate = 1e-3 }, { pretrain_learning_rate = 3e-3 }]

    [profiles.smoke]                # what another profile changes of all this
    seeds = [0, 1]

What would make a comparison unfair is refused: arms with more trials than others, or with other steps, batches, seeds
or networks. A trial runs with a seed of its own, `tuning_seed`, and is judged on validation photographs only.
"""

import contextlib
import dataclasses
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from srlib import config as configs
from srlib.errors import InputError

STEPS = {"pixel": "pretrain_steps", "adversarial": "gan_steps"}  # the phases, and what counts their steps
METRICS = {"psnr": "dB", "ssim": ""}
# Settings of all arms alike: the same steps over the same batches from the same first weights, scored on as much.
SHARED = (
    *("profile", "seed", "pretrain_steps", "gan_steps", "batch", "hr_patch", "log_every", "evaluate_images"),
    *("generator_blocks", "generator_filters", "bicubic_skip", "discriminator_filters", "discriminator_dense"),
)
SHARED_BY_TRIALS = ("train_data", "train_images")  # and of all trials of an arm: one validation set judges them
SHIPPED = pathlib.Path(__file__).parent / "plans"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


@dataclasses.dataclass(frozen=True)
class Arm:
    """Side of the comparison: its settings over the plan's, and the trials from which it may choose some more."""

    name: str
    settings: dict[str, Any]
    trials: tuple[dict[str, Any], ...] = ({},)


@dataclasses.dataclass(frozen=True)
class Plan:
    """Plan of an ablation, checked when it is made; the module shows one as TOML.

    Args:
        name: of files and records.
        arms: what is compared.
        about: the question.
        phase: a key of `STEPS`.
        start: what every arm begins with: "" fresh weights, "pixel" a generator that is first trained by the pixel
            phase with the plan's own settings, one a seed and the same for all arms, or a model's name or path.
        profile, settings: of the `Config` that all arms share.
        seeds: the runs of each arm.
        reference: name of the arm that the others are compared with; "" for the first.
        trial_steps: steps of a trial, at most those of a run; 0: as many.
        tuning_seed: the seed of the trials, none of `seeds`.
        tests: names of data sets.
        metrics: keys of `METRICS`.
        matters: {metric: least difference worth talking about}, for the verdicts' rule.
        validation_images: photographs that trials are judged on.
        tie: dB of validation PSNR within which trials are on a level: the smallest rate of them is taken.
        collapse: dB of validation PSNR below bicubic from which on a run counts as collapsed.
    """

    name: str
    arms: tuple[Arm, ...]
    about: str = ""
    phase: str = "pixel"
    start: str = ""
    profile: str = "cpu"
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)
    reference: str = ""
    trial_steps: int = 0
    tuning_seed: int = 1000
    tests: tuple[str, ...] = ("embedded",)
    metrics: tuple[str, ...] = ("psnr", "ssim")
    matters: dict[str, float] = dataclasses.field(default_factory=lambda: {"psnr": 0.05, "ssim": 0.001})
    validation_images: int = 8
    tie: float = 0.1
    collapse: float = 3.0

    def __post_init__(self) -> None:
        _check_names(self)
        _check_numbers(self)
        _check_settings(self)
        object.__setattr__(self, "reference", self.reference or self.arms[0].name)

    def config(self, arm: Arm, *, trial: int, seed: int) -> configs.Config:
        """The settings of a run: the profile's, the plan's, the arm's, those of its trial number `trial`."""
        return configs.resolve(self.profile, seed, {**self.settings, **arm.settings, **arm.trials[trial]})

    def trial_config(self, arm: Arm, trial: int) -> configs.Config:
        """The settings of a trial: those of a run with the tuning seed, and no more steps than trials have."""
        whole = self.config(arm, trial=trial, seed=self.tuning_seed)
        name = STEPS[self.phase]
        steps = getattr(whole, name)
        return dataclasses.replace(whole, **{name: min(self.trial_steps or steps, steps)})

    def trial_rates(self, arm: Arm) -> list[float]:
        """The learning rate of each of an arm's trials."""
        name = STEPS[self.phase].replace("steps", "learning_rate")
        return [getattr(self.trial_config(arm, number), name) for number in range(len(arm.trials))]

    def start_config(self, seed: int) -> configs.Config:
        """The settings of the pixel training that the arms of a seed begin with."""
        return configs.resolve(self.profile, seed, self.settings)


def available() -> dict[str, pathlib.Path]:
    """The plans that come with srlib as {name: path}, sorted by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load(name_or_path: pathlib.Path | str, **changes: Any) -> Plan:
    """Read a plan.

    Args:
        name_or_path: the name of a shipped plan, or the path of a TOML file.
        **changes: fields of `Plan` over the file's; `settings` are laid over its settings, not put in their place.
    Raises:
        InputError: not there, not TOML, or what `from_dict` refuses; in one line with the file's name.
    """
    path = available().get(str(name_or_path), pathlib.Path(name_or_path))
    if not path.exists():
        hint = configs.did_you_mean(str(path), available())
        raise InputError(f"plan {path}: No such file{hint}; shipped: {', '.join(available())}, or a path")
    values = configs.read_table(path)
    with naming(f"plan {path}"):
        return from_dict(values, **changes)


@contextlib.contextmanager
def naming(key: str) -> Iterator[None]:
    """Context whose InputError is told with the key that it is about in front."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def from_dict(values: Mapping[str, Any], **changes: Any) -> Plan:
    """The plan of a dict as TOML gives it, with `changes` as in `load`.

    Raises:
        InputError: a key that is missing, unknown, of the wrong type or unfair; the message names it.
    """
    values = dict(values)
    profiles = _table("profiles", values.pop("profiles", {}))
    for name in profiles:
        _one_of("profiles", name, configs.PROFILES)
    profile = changes.get("profile", values.get("profile", "cpu"))
    for layer in (_table(f"profiles.{profile}", profiles.get(profile, {})), changes):
        settings = [_table("settings", each.get("settings", {})) for each in (values, layer)]
        values = {**values, **layer, "settings": {**settings[0], **settings[1]}}
    if "arms" in values:
        values["arms"] = [_arm(name, table) for name, table in _table("arms", values["arms"]).items()]
    return configs.checked(values, Plan)


def _table(key, value):
    """The value of a key that takes a table."""
    if not isinstance(value, dict):
        raise InputError(f"key {key} takes a table, not {value!r}")
    return value


def _arm(name, table):
    """An `Arm` from its table, of settings and "trials"."""
    settings = dict(_table(f"arms.{name}", table))
    trials = settings.pop("trials", [{}])
    return configs.checked({"name": name, "settings": settings, "trials": trials}, Arm, source=f"arms.{name}: ")


def _check_names(plan):
    """Raise InputError where a name cannot be a file's, or is none of those that there are."""
    names = [arm.name for arm in plan.arms]
    for key, name in [("name", plan.name), *(("arms", name) for name in names)]:
        if not _NAME.fullmatch(name):
            raise InputError(f"{key}: {name!r} must be letters, digits and _ . + - only")
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(f"arms: a comparison takes two or more of different names, not {', '.join(names) or 'none'}")
    _one_of("reference", plan.reference or names[0], names)
    _one_of("phase", plan.phase, STEPS)
    for key in ("metrics", "matters"):
        for name in getattr(plan, key):
            _one_of(key, name, METRICS)
    if plan.phase == "adversarial" and not plan.start:
        raise InputError('start: the adversarial phase begins with a generator: "pixel", or a model\'s name or path')


def _one_of(key, name, known):
    if name not in known:
        hint = configs.did_you_mean(str(name), known)
        raise InputError(f"{key}: unknown {name!r}{hint}; choose from {', '.join(known)}")


def _check_numbers(plan):
    """Raise InputError where a list holds nothing or the same twice, or a number cannot be."""
    for key in ("seeds", "tests", "metrics"):
        values = getattr(plan, key)
        if not values or len(set(values)) < len(values):
            raise InputError(f"{key}: a list without repetition and not empty, not {list(values)}")
    if plan.tuning_seed in plan.seeds:
        raise InputError(f"tuning_seed: {plan.tuning_seed} is one of the seeds; a run must not be what was tuned on")
    least = {"seeds": 0, "tuning_seed": 0, "matters": 0, "trial_steps": 0, "validation_images": 1, "collapse": 0}
    for key, smallest in least.items():
        value = getattr(plan, key)
        numbers = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        if min(numbers, default=smallest) < smallest:
            raise InputError(f"{key} must be at least {smallest}, not {value}")


def _check_settings(plan):
    """Raise InputError where settings are unknown or of the wrong type, or not the plan's or an arm's to choose."""
    for name, key in (("profile", "profile"), ("seed", "seeds")):
        if name in plan.settings:
            raise InputError(f"settings: {name} is no setting of a plan, which has the key {key}")
    with naming("settings"):
        plan.start_config(0)
    for arm in plan.arms:
        if not arm.trials:
            raise InputError(f"arms.{arm.name}.trials: an empty list; leave it out for none")
        for number, trial in enumerate(arm.trials):
            _refuse(f"arms.{arm.name}", SHARED, {**arm.settings, **trial})
            _refuse(f"arms.{arm.name}.trials", SHARED_BY_TRIALS, trial)
            with naming(f"arms.{arm.name}"):
                plan.config(arm, trial=number, seed=0)
    counts = {arm.name: len(arm.trials) for arm in plan.arms}
    if len(set(counts.values())) > 1:
        each = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise InputError(f"trials: every arm must have as many to choose from ({each})")


def _refuse(key, shared, settings):
    for name in shared:
        if name in settings:
            raise InputError(f"{key}: {name} is the same for all, so that they compare; set it for the whole plan")
