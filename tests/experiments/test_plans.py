"""Plans: read from TOML, laid over profiles, and refused with one line where they are wrong or unfair."""

import copy
import dataclasses
import json

import pytest

from srlib import config, records
from srlib.data import sources
from srlib.errors import InputError
from srlib.experiments import plans
from srlib.machine import environment

VALUES = {
    "name": "optimizers",
    "settings": {"batch": 4},
    "trial_steps": 50,
    "arms": {
        "adam": {"optimizer": "adam", "trials": [{"pretrain_learning_rate": 1e-3}, {"pretrain_learning_rate": 1e-2}]},
        "belief": {
            "optimizer": "adabelief",
            "trials": [{"adabelief_epsilon": 1e-14}, {"adabelief_epsilon": 1e-8, "pretrain_learning_rate": 1}],
        },
    },
}


def changed(**changes):
    """The plan above with some keys replaced; "arms.adam" goes one table deeper."""
    values = copy.deepcopy(VALUES)
    for key, value in changes.items():
        table, _, name = key.rpartition("__")
        target = values["arms"][table] if table else values
        target[name] = value
    return values


def test_a_plan_is_read_from_toml(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(
        """
        name = "losses"
        seeds = [3, 4]
        collapse = 2
        [settings]
        batch = 4
        [arms.mse]
        content_loss = "mse"
        [arms.mixed]
        content_loss = "mse+dssim"
        """
    )
    plan = plans.load(path)
    assert (plan.name, plan.seeds, plan.collapse, plan.reference) == ("losses", (3, 4), 2.0, "mse")
    assert plan.arms == (plans.Arm("mse", {"content_loss": "mse"}), plans.Arm("mixed", {"content_loss": "mse+dssim"}))
    assert plan.config(plan.arms[1], trial=0, seed=3) == config.resolve(
        "cpu", 3, {"batch": 4, "content_loss": "mse+dssim"}
    )


def test_a_run_has_the_plan_s_the_arm_s_and_the_trial_s_settings():
    plan = plans.from_dict(VALUES)
    expected = {"batch": 4, "optimizer": "adabelief", "adabelief_epsilon": 1e-8, "pretrain_learning_rate": 1.0}
    assert plan.config(plan.arms[1], trial=1, seed=2) == config.resolve("cpu", 2, expected)


def test_a_trial_has_its_own_seed_and_fewer_steps_but_never_more():
    plan = plans.from_dict(VALUES)
    trial, run = plan.trial_config(plan.arms[0], 1), plan.config(plan.arms[0], trial=1, seed=0)
    assert trial == dataclasses.replace(run, seed=plan.tuning_seed, pretrain_steps=50)
    short = dataclasses.replace(plan, trial_steps=10**6)
    assert short.trial_config(short.arms[0], 1).pretrain_steps == run.pretrain_steps
    assert dataclasses.replace(plan, trial_steps=0).trial_config(plan.arms[0], 0).pretrain_steps == run.pretrain_steps


def test_trials_of_the_adversarial_phase_have_fewer_of_its_steps():
    plan = plans.from_dict(changed(phase="adversarial", start="pixel", trial_steps=7))
    trial = plan.trial_config(plan.arms[0], 0)
    assert (trial.gan_steps, trial.pretrain_steps) == (7, config.PROFILES["cpu"]["pretrain_steps"])


def test_what_arms_start_from_is_trained_with_the_plan_s_own_settings():
    plan = plans.from_dict(changed(belief__dssim_weight=0.5))
    assert plan.start_config(2) == config.resolve("cpu", 2, {"batch": 4})


def test_changes_are_laid_over_the_plan_and_over_what_a_profile_changes():
    values = changed(profiles={"smoke": {"seeds": [0, 1], "settings": {"batch": 2}}})
    assert plans.from_dict(values).seeds == (0, 1, 2)
    smoke = plans.from_dict(values, profile="smoke", settings={"hr_patch": 32}, tests=["set5"])
    assert (smoke.seeds, smoke.tests, smoke.settings) == ((0, 1), ("set5",), {"batch": 2, "hr_patch": 32})
    assert (
        smoke.config(smoke.arms[0], trial=0, seed=0).generator_filters == config.PROFILES["smoke"]["generator_filters"]
    )


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"seed": [1]}, "unknown key 'seed' .did you mean 'seeds'"),
        ({"seeds": 3}, "seeds takes array, not 3"),
        ({"seeds": []}, "seeds: .* not empty"),
        ({"seeds": [1, 1]}, "seeds: .* without repetition"),
        ({"seeds": ["one"]}, r"seeds\[0\] takes int, not \['one'\]"),
        ({"seeds": [-1]}, "seeds must be at least 0"),
        ({"seeds": [1, 1000]}, "tuning_seed: 1000 is one of the seeds"),
        ({"name": "a/b"}, "name: 'a/b' must be letters"),
        ({"phase": "both"}, "phase: unknown 'both'; choose from pixel, adversarial"),
        ({"phase": "adversarial"}, "start: the adversarial phase begins with a generator"),
        ({"metrics": ["pnsr"]}, "metrics: unknown 'pnsr' .did you mean 'psnr'"),
        ({"matters": {"psnr": "much"}}, r"matters\[...\] takes float"),
        ({"matters": {"psnr": -1}}, "matters must be at least 0"),
        ({"reference": "sgd"}, "reference: unknown 'sgd'.*adam, belief"),
        ({"profile": "huge"}, "unknown profile 'huge'"),
        ({"profiles": {"smok": {}}}, "profiles: unknown 'smok' .did you mean 'smoke'"),
        ({"settings": {"stepz": 1}}, "settings: unknown setting 'stepz'"),
        ({"settings": {"seed": 1}}, "settings: seed is no setting of a plan, which has the key seeds"),
        ({"validation_images": 0}, "validation_images must be at least 1"),
        ({"arms": {"adam": {}}}, "arms: a comparison takes two or more"),
        ({"arms": 3}, "arms takes a table, not 3"),
        ({"arms": {"adam": 3}}, "arms.adam takes a table, not 3"),
        ({"arms": {"a b": {}, "c": {}}}, "arms: 'a b' must be letters"),
        ({"adam__optimiser": "adam"}, "arms.adam: unknown setting 'optimiser' .did you mean 'optimizer'"),
        ({"adam__optimizer": 3}, "arms.adam: setting optimizer takes str"),
        ({"adam__trials": {}}, "arms.adam: key trials takes array, not {}"),
        ({"adam__trials": [1]}, r"arms.adam: key trials\[0\] takes object, not \[1\]"),
        ({"adam__trials": []}, "arms.adam.trials: an empty list"),
    ],
)
def test_a_bad_plan_is_refused_by_the_name_of_its_key(changes, message):
    with pytest.raises(InputError, match=message):
        plans.from_dict(changed(**changes))


def test_an_arm_with_more_trials_than_another_is_refused():
    three = [{"pretrain_learning_rate": rate} for rate in (1e-4, 1e-3, 1e-2)]
    with pytest.raises(InputError, match="trials: every arm must have as many to choose from .adam 3, belief 2."):
        plans.from_dict(changed(adam__trials=three))


@pytest.mark.parametrize("name, value", [("pretrain_steps", 9), ("batch", 8), ("generator_filters", 8), ("seed", 1)])
def test_an_arm_with_another_budget_or_network_is_refused(name, value):
    with pytest.raises(InputError, match=f"arms.adam: {name} is the same for all"):
        plans.from_dict(changed(**{f"adam__{name}": value}))
    with pytest.raises(InputError, match=f"arms.adam: {name} is the same for all"):
        plans.from_dict(changed(adam__trials=[{}, {name: value}]))


def test_data_may_differ_by_arm_but_not_by_trial():
    assert plans.from_dict(changed(adam__train_data="faces")).arms[0].settings["train_data"] == "faces"
    with pytest.raises(InputError, match="arms.adam.trials: train_data is the same for all"):
        plans.from_dict(changed(adam__trials=[{"train_data": "faces"}, {"train_data": "bsds"}]))


@pytest.mark.parametrize("profile", config.PROFILES)
@pytest.mark.parametrize("name", plans.available())
def test_the_shipped_plans_are_fair_in_every_profile(name, profile):
    plan = plans.load(name, profile=profile)
    assert plan.name == name
    assert plan.about.endswith("?")
    assert len(plan.seeds) >= (5 if name.startswith("reference_") else {"smoke": 2, "full": 5}.get(profile, 3))
    for arm in plan.arms:
        for trial in range(len(arm.trials)):
            data = plan.config(arm, trial=trial, seed=0).train_data.split("+")
            offline = {"embedded", "drawn-faces"}
            embedded = profile in ("smoke", "cpu") and not name.startswith("reference_")
            assert set(data) | set(plan.tests) <= (offline if embedded else set(sources.NAMES))


def test_the_shipped_plans_are_the_course_s():
    names = ["datasets", "losses", "optimizers_gan", "optimizers_pixel"]
    assert list(plans.available()) == [*names, *(f"reference_{name}" for name in names)]


@pytest.mark.parametrize("key", ["name", "arms"])
def test_a_missing_key_is_named(key):
    with pytest.raises(InputError, match=f"missing required field {key}"):
        plans.from_dict({name: value for name, value in VALUES.items() if name != key})


@pytest.mark.parametrize(
    "text, message",
    [
        (None, "plan.toml: No such file"),
        ("name = ", "plan.toml: not TOML"),
        ("name = 3", "plan.toml: key name takes str"),
    ],
)
def test_a_file_that_is_no_plan_is_named_in_one_line(tmp_path, text, message):
    path = tmp_path / "plan.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        plans.load(path)
    assert "\n" not in str(caught.value)


def test_a_plan_that_is_changed_is_checked_again():
    with pytest.raises(InputError, match="collapse must be at least 0"):
        dataclasses.replace(plans.from_dict(VALUES), collapse=-1.0)


def header(plan, record):
    """The comment block that a plan's file begins with: command, and what the record tells if there is one."""
    data = [arm.settings["train_data"] for arm in plan.arms if "train_data" in arm.settings]
    data = ", ".join(dict.fromkeys(data or [plan.settings["train_data"]]))
    offline = {*plan.tests, *data.replace("+", ", ").split(", ")} <= {"embedded", "drawn-faces"}
    lines = {"command": f"srlib ablate {plan.name}" + ("" if offline else " --data-root DIR --out results")}
    if record:
        told, metrics = record.read("environment"), record.read("metrics")
        trainings = f"{len(plan.arms) * len(plan.seeds)} runs"
        if len(plan.arms[0].trials) > 1:
            trainings = f"{len(plan.arms) * len(plan.arms[0].trials)} trials and {trainings}"
        if plan.start == "pixel":
            trainings += f"; {len(plan.seeds) + 1} pixel trainings that they start from not counted"
        lines["hardware"] = environment.hardware(told)
        lines["time"] = f"{metrics['seconds'] / 60:.0f} min: {trainings}"
    lines["data"] = f"{data}; tested on {', '.join(plan.tests)}"
    lines["record"] = f"{record.id}, commit {told['commit']}" if record else "not recorded yet"
    return "".join(f"# {key:<9} {value}\n" for key, value in lines.items())


@pytest.mark.parametrize("name", plans.available())
def test_a_shipped_plan_begins_with_its_command_and_what_its_record_tells(name):
    plan, record = plans.load(name), records.recorded(f"ablation-{name}-cpu")
    assert plans.available()[name].read_text(encoding="utf-8").startswith(header(plan, record) + "\nname = ")
    if record:
        assert record.read("config") == json.loads(json.dumps(dataclasses.asdict(plan)))
