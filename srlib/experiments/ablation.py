"""Ablations: a plan's arms trained side by side under equal conditions, and what that shows, as one run record.

In the order of work: the pixel trainings that arms start from, if the plan wants them; every arm's trials, judged on
validation photographs; for each arm the trial with the highest validation PSNR; the runs, one for each arm and seed,
each scored on the test sets once; the comparison of each arm with the reference arm.
"""

import dataclasses
import functools
import hashlib
import json
import pathlib

from srlib import config as configs
from srlib import files, records
from srlib.data import sources
from srlib.experiments import analysis, plans, task_runner, training_task
from srlib.machine import precision
from srlib.srgan import losses
from srlib.training import optimizers, schedules
from srlib.upscaling import model_files

_PREPARE = "from srlib.machine import backend; backend.import_keras()"  # quietly, in every worker process
Root = files.PathLike | None


def run(
    plan: plans.Plan,
    out: Root = None,
    *,
    root: Root = None,
    workers: int | str = 0,
    work: task_runner.Work | None = None,
) -> records.Record:
    """Do what is not done yet of an ablation, and write its record. After any interruption, the same call goes on.

    Args:
        plan: what is compared.
        out: output root; each training is a folder below <out>/ablations/<name>.
        root: data root, or None for SRLIB_DATA_ROOT.
        workers: processes to start here, or the address of a Dask scheduler: as `task_runner.connect` takes them.
        work: function of (task, its folder) in place of `training_task.run`.
    Returns:
        the record ablation-<name>-<profile>. Its tables: "comparisons" with the verdicts; "arms" with means, standard
        deviations and counts of runs by status; "runs", "trials", "images", "history". Among its metrics: "headline",
        the runs "done", "collapsed", "diverged" and "failed", and "failed_trials".
    Raises:
        InputError: a setting of the plan that names nothing, or data that are not there.
        task_runner.Unfinished: Dask's workers are gone.
    """
    out, root = records.output_root(out), sources.data_root(root)
    check(plan, root)
    work = work or functools.partial(training_task.run, out=str(out), root=root)
    folder, tasks = out / "ablations" / plan.name, _Tasks(plan, root)
    files.write_json(folder / "plan.json", dataclasses.asdict(plan))
    with task_runner.connect(workers, prepare=_PREPARE) as client:
        do = functools.partial(_do, work=work, folder=folder, client=client)
        starts = tasks.starts()
        do(starts, title="starts")
        trials = do(tasks.trials(starts), title="trials")
        chosen = {arm.name: _choice(plan, arm, trials) for arm in plan.arms}
        runs = do(tasks.runs(starts, chosen), title="runs")
    return analysis.record(plan, runs, trials=trials, chosen=chosen, out=out, root=root)


def _do(tasks, **how):
    """The results of tasks as {key: result} for the {key: task} given."""
    found = task_runner.run(list(tasks.values()), **how)
    return {key: found[task.id] for key, task in tasks.items()}


def check(plan: plans.Plan, root: pathlib.Path | None) -> None:
    """Raise InputError where a name in a plan stands for nothing, before any time is spent."""
    if plan.start == "pixel":
        with plans.naming("settings"):
            _check_config(plan.start_config(0), root)
    elif plan.start:
        with plans.naming("start"):
            model_files.start(plan.start, plan.start_config(0))
    for arm in plan.arms:
        with plans.naming(f"arms.{arm.name}"):
            for number in range(len(arm.trials)):
                _check_config(plan.config(arm, trial=number, seed=0), root)
    with plans.naming("tests"):
        for name in plan.tests:
            sources.load(name, "test", root=root)


def _check_config(config, root):
    """The names in a config that only their own modules know."""
    optimizers.create(config.optimizer, schedules.create(config.schedule, 1.0, steps=1))
    if config.content_loss not in losses.CONTENT:
        losses.content(config.content_loss)  # raises, with the names that there are
    precision.resolve(config.precision)
    for split in ("train", "validation"):
        sources.load(config.train_data, split, root=root)


@dataclasses.dataclass(frozen=True)
class _Tasks:
    """Tasks of an ablation: what is to be trained and scored for a plan on the data below a root."""

    plan: plans.Plan
    root: pathlib.Path | None

    def starts(self):
        """The pixel trainings that arms begin with: {seed: task}, none unless the plan wants them."""
        if self.plan.start != "pixel":
            return {}
        seeds = (self.plan.tuning_seed, *self.plan.seeds) if self._tunes() else self.plan.seeds
        return {seed: self._task("start", "pixel", self.plan.start_config(seed)) for seed in seeds}

    def trials(self, starts):
        """All arms' trials, {(arm, number): task}; none where there is nothing to choose from."""
        start = self._start(starts, self.plan.tuning_seed) if self._tunes() else ""
        return {
            (arm.name, number): self._task("trial", arm.name, self.plan.trial_config(arm, number), start)
            for arm in self.plan.arms
            for number in range(len(arm.trials) if self._tunes() else 0)
        }

    def runs(self, starts, chosen):
        """The runs, {(arm, seed): task}, those of an arm one after the other, and the baseline's."""
        runs = {}
        for arm in self.plan.arms:
            for seed in self.plan.seeds:
                config = self.plan.config(arm, trial=chosen[arm.name], seed=seed)
                runs[arm.name, seed] = self._task("run", arm.name, config, self._start(starts, seed))
        images = self.plan.start_config(0).evaluate_images  # all that bicubic's scores depend on
        return {**runs, analysis.BICUBIC: self._task("bicubic", "bicubic", configs.Config(evaluate_images=images))}

    def _tunes(self):
        return len(self.plan.arms[0].trials) > 1

    def _start(self, starts, seed):
        """What a task of that seed begins with, as `training_task.TrainingTask` has it."""
        return starts[seed].id if self.plan.start == "pixel" else self.plan.start

    def _task(self, kind, arm, config, start=""):
        tests = self.plan.tests if kind in ("run", "bicubic") else ()
        splits = [] if kind == "bicubic" else [(config.train_data, "train"), (config.train_data, "validation")]
        data = [_names(name, split, self.root) for name, split in (*splits, *((name, "test") for name in tests))]
        if self.plan.start not in ("", "pixel"):
            data.append(model_files.header(self.plan.start)["sha256"])
        digest = hashlib.sha256(json.dumps(data).encode()).hexdigest()
        common = {"validation_images": self.plan.validation_images, "collapse": self.plan.collapse, "data": digest}
        phase = "pixel" if kind == "start" else self.plan.phase
        return training_task.TrainingTask(kind, arm, phase, config, start, tests, **common)


@functools.lru_cache(maxsize=16)
def _names(name, split, root):
    """The names of a split's photographs; none is opened."""
    return [photo.id for photo in sources.load(name, split, root=root)]


def _choice(plan, arm, trials):
    """The number of the trial that an arm's runs take their settings from."""
    results = [trials.get((arm.name, number), {}) for number in range(len(arm.trials))]
    return analysis.choose(results, plan.trial_rates(arm), tie=plan.tie)
