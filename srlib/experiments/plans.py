"""The plan of an ablation: which arms are compared, over which seeds, with which budget, and what decides.

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

import dataclasses
import pathlib
import re
import tomllib

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
    """One side of the comparison: its settings over the plan's, and the trials from which it may choose some more."""

    name: str
    settings: dict
    trials: tuple = ({},)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is compared, how often and by what; see the module's example. Checked when made.

    Args:
        name: str, of files and records.
        arms: tuple of `Arm`.
        about: str, the question.
        phase: a key of `STEPS`.
        start: what every arm begins with: "" fresh weights, "pixel" a generator that is first trained by the pixel
            phase with the plan's own settings, one a seed and the same for all arms, or a model's name or path.
        profile, settings: of the `Config` that all arms share.
        seeds: ints, the runs of each arm.
        reference: name of the arm that the others are compared with; "" for the first.
        trial_steps: int, steps of a trial, at most those of a run; 0: as many.
        tuning_seed: int, the seed of the trials, none of `seeds`.
        tests: names of data sets.
        metrics: keys of `METRICS`.
        matters: {metric: least difference worth talking about}, for the verdicts' rule.
        validation_images: int, photographs that trials are judged on.
        tie: float, dB of validation PSNR within which trials are on a level: the smallest rate of them is taken.
        collapse: float, dB of validation PSNR below bicubic from which on a run counts as collapsed.
    """

    name: str
    arms: tuple
    about: str = ""
    phase: str = "pixel"
    start: str = ""
    profile: str = "cpu"
    settings: dict = dataclasses.field(default_factory=dict)
    seeds: tuple = (0, 1, 2)
    reference: str = ""
    trial_steps: int = 0
    tuning_seed: int = 1000
    tests: tuple = ("embedded",)
    metrics: tuple = ("psnr", "ssim")
    matters: dict = dataclasses.field(default_factory=lambda: {"psnr": 0.05, "ssim": 0.001})
    validation_images: int = 8
    tie: float = 0.1
    collapse: float = 3.0

    def __post_init__(self):
        _check(self)
        object.__setattr__(self, "reference", self.reference or self.arms[0].name)

    def config(self, arm, trial, seed):
        """The `Config` of a run: the profile, the plan's settings, the arm's, those of its trial number `trial`."""
        settings = {**self.settings, **arm.settings, **arm.trials[trial]}
        return configs.resolve(self.profile, seed, settings)

    def trial_config(self, arm, trial):
        """The `Config` of a trial: that of a run with the tuning seed, and no more steps than trials have."""
        whole = self.config(arm, trial, self.tuning_seed)
        name = STEPS[self.phase]
        steps = getattr(whole, name)
        return dataclasses.replace(whole, **{name: min(self.trial_steps or steps, steps)})

    def trial_rates(self, arm):
        """The learning rate of each of an arm's trials."""
        name = STEPS[self.phase].replace("steps", "learning_rate")
        return [getattr(self.trial_config(arm, number), name) for number in range(len(arm.trials))]

    def start_config(self, seed):
        """The `Config` of the pixel training that the arms of a seed begin with."""
        return configs.resolve(self.profile, seed, self.settings)


def available():
    """The plans that come with srlib as {name: path}, sorted by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.toml"))}


def load(name_or_path, **changes):
    """Read a plan.

    Args:
        name_or_path: the name of a shipped plan, or the path of a TOML file.
        **changes: fields of `Plan` over the file's; `settings` are laid over its settings, not put in their place.
    Raises:
        InputError: not there, not TOML, or what `from_dict` refuses; in one line with the file's name.
    """
    path = available().get(str(name_or_path), pathlib.Path(name_or_path))
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        shipped = f"{configs.did_you_mean(str(path), available())}; shipped: {', '.join(available())}, or a path"
        raise InputError(f"plan {path}: {error.strerror}{shipped}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"plan {path}: not TOML ({error})") from error
    try:
        return from_dict(values, **changes)
    except InputError as error:
        raise InputError(f"plan {path}: {error}") from error


def from_dict(values, **changes):
    """The `Plan` of a dict as TOML gives it, with `changes` as in `load`.

    Raises:
        InputError: a key that is missing, unknown, of the wrong type or unfair; the message names it.
    """
    profiles = _typed("profiles", values.get("profiles", {}), dict)
    for name in profiles:
        _one_of("profiles", name, configs.PROFILES)
    values = {key: value for key, value in values.items() if key != "profiles"}
    profile = changes.get("profile", values.get("profile", "cpu"))
    for layer in (_typed(f"profiles.{profile}", profiles.get(profile, {}), dict), changes):
        settings = {**_typed("settings", values.get("settings", {}), dict), **layer.get("settings", {})}
        values = {**values, **layer, "settings": settings}
    return Plan(**_fields(values))


def _fields(values):
    """The arguments of `Plan`, each of its type, arms from tables."""
    fields = {field.name: field.type for field in dataclasses.fields(Plan)}
    for key, value in values.items():
        if key not in fields:
            raise InputError(f"unknown key {key!r}{configs.did_you_mean(key, fields)}; keys: {', '.join(fields)}")
        if key != "arms":
            values = {**values, key: _typed(key, value, fields[key])}
    for key in ("name", "arms"):
        if key not in values:
            raise InputError(f"the key {key!r} is missing")
    return {**values, "arms": _arms(values["arms"])}


def _arms(tables):
    """The `Arm`s of {name: settings and "trials"}; a tuple of them is left as it is."""
    if isinstance(tables, tuple):
        return tables
    return tuple(_arm(name, table) for name, table in _typed("arms", tables, dict).items())


def _arm(name, table):
    """An `Arm` from its table."""
    table = dict(_typed(f"arms.{name}", table, dict))
    trials = _typed(f"arms.{name}.trials", table.pop("trials", ({},)), tuple)
    return Arm(name, table, tuple(_typed(f"arms.{name}.trials", trial, dict) for trial in trials))


def _typed(key, value, wanted):
    """`value` as `wanted`: lists become tuples and ints floats, all else has to be of the type already."""
    if wanted is tuple and isinstance(value, list):
        return tuple(value)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        name = {tuple: "a list", dict: "a table"}.get(wanted, wanted.__name__)
        raise InputError(f"{key} takes {name}, not {value!r}")
    return value


def _check(plan):
    """Raise InputError at the first thing in a plan that cannot be run or would not be fair."""
    _check_names(plan)
    _check_counts(plan)
    _check_base(plan)
    for arm in plan.arms:
        _check_settings(plan, arm)
    counts = {arm.name: len(arm.trials) for arm in plan.arms}
    if len(set(counts.values())) > 1:
        each = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise InputError(f"trials: every arm must have as many to choose from ({each})")


def _check_names(plan):
    """Names that become files, and words out of a list."""
    for key, name in [("name", plan.name), *(("arms", arm.name) for arm in plan.arms)]:
        if not _NAME.fullmatch(name):
            raise InputError(f"{key}: {name!r} must be letters, digits and _ . + - only")
    names = [arm.name for arm in plan.arms]
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


def _check_counts(plan):
    """Lists that hold something, numbers that can be."""
    for key in ("seeds", "tests", "metrics"):
        values = getattr(plan, key)
        if not values or len(set(values)) < len(values):
            raise InputError(f"{key}: a list without repetition and not empty, not {list(values)}")
    if any(type(seed) is not int or seed < 0 for seed in (*plan.seeds, plan.tuning_seed)):
        raise InputError(f"seeds: whole numbers from 0 on, not {list(plan.seeds)} and tuning_seed {plan.tuning_seed}")
    if plan.tuning_seed in plan.seeds:
        raise InputError(f"tuning_seed: {plan.tuning_seed} is one of the seeds; a run must not be what was tuned on")
    if any(type(value) not in (int, float) or value < 0 for value in plan.matters.values()):
        raise InputError(f"matters: numbers from 0 on, not {plan.matters}")
    for key, least in (("trial_steps", 0), ("validation_images", 1), ("collapse", 0)):
        if getattr(plan, key) < least:
            raise InputError(f"{key} must be at least {least}, not {getattr(plan, key)}")


def _check_base(plan):
    """The settings of all arms."""
    for name, key in (("profile", "profile"), ("seed", "seeds")):
        if name in plan.settings:
            raise InputError(f"settings: {name} is no setting of a plan, which has the key {key}")
    try:
        plan.start_config(0)
    except InputError as error:
        raise InputError(f"settings: {error}") from error


def _check_settings(plan, arm):
    """The settings of an arm and of its trials: known, of the right type, and its own to choose."""
    if not arm.trials:
        raise InputError(f"arms.{arm.name}.trials: an empty list; leave it out for none")
    for number, trial in enumerate(arm.trials):
        for name in SHARED:
            _refuse(f"arms.{arm.name}", name, {**arm.settings, **trial})
        for name in SHARED_BY_TRIALS:
            _refuse(f"arms.{arm.name}.trials", name, trial)
        try:
            plan.config(arm, number, 0)
        except InputError as error:
            raise InputError(f"arms.{arm.name}: {error}") from error


def _refuse(key, name, settings):
    if name in settings:
        raise InputError(f"{key}: {name} is the same for all, so that they compare; set it for the whole plan")
