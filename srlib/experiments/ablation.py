"""Ablations: a plan's arms trained side by side under equal conditions, and what that shows, as one run record.

In the order of work: the pixel trainings that arms start from, if the plan wants them; every arm's trials, judged on
validation photographs; for each arm the trial with the highest validation PSNR; the runs, one for each arm and seed,
each scored on the test sets once; the comparison of each arm with the reference arm.
"""

import dataclasses
import functools
import hashlib
import json

from srlib import config as configs
from srlib import files, records
from srlib.data import sources
from srlib.errors import InputError
from srlib.experiments import analysis, task_runner, training_task
from srlib.machine import precision
from srlib.srgan import losses
from srlib.training import optimizers, schedules
from srlib.upscaling import model_files

_PREPARE = "from srlib.machine import backend; backend.import_keras()"  # quietly, in every worker process


def run(plan, out=None, root=None, workers=0, scheduler=None, work=None):
    """Do what is not done yet of an ablation, and write its record. After any interruption, the same call goes on.

    Args:
        plan: `plans.Plan`.
        out: output root; each training is a folder below <out>/ablations/<name>.
        root: data root, or None for SRLIB_DATA_ROOT.
        workers, scheduler: processes to start here, or the address of a Dask scheduler: see `task_runner.crew`.
        work: function of (unit, its folder) in place of `training_task.perform`.
    Returns:
        `records.Record` ablation-<name>-<profile>. Its tables: "comparisons" with the verdicts; "arms" with means,
        standard deviations and counts of runs by outcome; "runs", "trials", "images", "history". Among its metrics:
        "headline", the runs "done", "collapsed", "diverged" and "failed", and "failed_trials".
    Raises:
        InputError: a setting of the plan that names nothing, or data that are not there.
        sweep.Unfinished: Dask's workers are gone.
    """
    out, root = records.output_root(out), sources.data_root(root)
    check(plan, root)
    work = work or functools.partial(training_task.perform, out=str(out), root=root)
    folder = out / "ablations" / plan.name
    files.write_json(folder / "plan.json", dataclasses.asdict(plan))
    with task_runner.crew(workers, scheduler, _PREPARE) as client:
        do = functools.partial(_do, work=work, folder=folder, client=client)
        starts = _starts(plan, root)
        do(starts, title="starts")
        trials = do(_trials(plan, root, starts), title="trials")
        chosen = {arm.name: _choice(plan, arm, trials) for arm in plan.arms}
        runs = do(_runs(plan, root, starts, chosen), title="runs")
    return analysis.record(plan, out, root, trials, chosen, runs)


def _do(work_list, **how):
    """The results of units as {key: result} for the {key: unit} given."""
    found = task_runner.run(list(work_list.values()), **how)
    return {key: found[unit.id] for key, unit in work_list.items()}


def check(plan, root):
    """Raise InputError where a name in a plan stands for nothing, before any time is spent."""
    if plan.start == "pixel":
        _named("settings", _check_config, plan.start_config(0), root)
    elif plan.start:
        _named("start", model_files.start, plan.start, plan.start_config(0))
    for arm in plan.arms:
        for number in range(len(arm.trials)):
            _named(f"arms.{arm.name}", _check_config, plan.config(arm, number, 0), root)
    for name in plan.tests:
        _named("tests", sources.load, name, "test", root)


def _named(key, function, *arguments):
    """Call a function; what it finds wrong is told with the key of the plan in front."""
    try:
        function(*arguments)
    except InputError as error:
        raise InputError(f"{key}: {error}") from error


def _check_config(config, root):
    """The names in a config that only their own modules know."""
    optimizers.create(config.optimizer, schedules.create(config.schedule, 1.0, 1))
    if config.content_loss not in losses.CONTENT:
        losses.content(config.content_loss)  # raises, with the names that there are
    precision.resolve(config.precision)
    for split in ("train", "validation"):
        sources.load(config.train_data, split, root)


def _starts(plan, root):
    """The pixel trainings that arms begin with: {seed: unit}, none unless the plan wants them."""
    if plan.start != "pixel":
        return {}
    seeds = (plan.tuning_seed, *plan.seeds) if _tunes(plan) else plan.seeds
    return {seed: _unit(plan, root, "start", "pixel", plan.start_config(seed), phase="pixel") for seed in seeds}


def _trials(plan, root, starts):
    """All arms' trials, {(arm, number): unit}; none where there is nothing to choose from."""
    if not _tunes(plan):
        return {}
    start = _start(plan, starts, plan.tuning_seed)
    return {
        (arm.name, number): _unit(plan, root, "trial", arm.name, plan.trial_config(arm, number), start)
        for arm in plan.arms
        for number in range(len(arm.trials))
    }


def _tunes(plan):
    return len(plan.arms[0].trials) > 1


def _runs(plan, root, starts, chosen):
    """The runs, {(arm, seed): unit}, those of an arm one after the other, and {("bicubic", None): unit}."""
    runs = {}
    for arm in plan.arms:
        for seed in plan.seeds:
            config, start = plan.config(arm, chosen[arm.name], seed), _start(plan, starts, seed)
            runs[arm.name, seed] = _unit(plan, root, "run", arm.name, config, start, plan.tests)
    scored = configs.Config(evaluate_images=plan.start_config(0).evaluate_images)  # all that bicubic depends on
    return {**runs, ("bicubic", None): _unit(plan, root, "bicubic", "bicubic", scored, tests=plan.tests)}


def _start(plan, starts, seed):
    """What a unit of that seed begins with, as `training_task.Unit` has it."""
    return starts[seed].id if plan.start == "pixel" else plan.start


def _unit(plan, root, kind, arm, config, start="", tests=(), phase=None):
    splits = ("train", "validation") if kind != "bicubic" else ()
    data = [_names(config.train_data, split, root) for split in splits]
    data += [_names(name, "test", root) for name in tests]
    if plan.start not in ("", "pixel"):
        data.append(model_files.header(plan.start)["sha256"])
    digest = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    common = {"validation_images": plan.validation_images, "collapse": plan.collapse, "data": digest}
    return training_task.Unit(kind, arm, phase or plan.phase, config, start, tests, **common)


@functools.lru_cache(maxsize=16)
def _names(name, split, root):
    """The names of a split's photographs; none is opened."""
    return [photo.id for photo in sources.load(name, split, root)]


def _choice(plan, arm, trials):
    """The number of the trial that an arm's runs take their settings from."""
    results = [trials.get((arm.name, number), {}) for number in range(len(arm.trials))]
    return analysis.choose(results, plan.trial_rates(arm), plan.tie)
