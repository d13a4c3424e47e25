"""Analysis of an ablation: the chosen trials, means and spreads, comparisons with verdicts, and the run record.

A result is the dict that `training_task.run` gives; runs are kept by (arm, seed) and trials by (arm, number).
"""

import dataclasses
import math
import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from srlib import records
from srlib.evaluation import statistics
from srlib.experiments import plans, verdict
from srlib.files import PathLike
from srlib.machine import environment

STATUSES = ("done", "collapsed", "diverged", "failed")

Row = dict[str, Any]
Runs = Mapping[tuple[str, int | None], Row]
Trials = Mapping[tuple[str, int], Row]
Seeds = dict[str, list[float]]  # each arm's values, one a seed
Differences = dict[str, tuple[float, float, float]]  # each arm's difference from the reference, low and high
BICUBIC = ("bicubic", None)  # the place of the baseline among the runs


def choose(trials: Sequence[Row], rates: Sequence[float] | None = None, *, tie: float = 0.0) -> int:
    """The number of the trial whose settings an arm takes: among those on a level with the best, the most careful.

    One short trial tells two good learning rates apart poorly, and the largest that came through may not do so again.

    Args:
        trials: results; one that failed or diverged is not chosen.
        rates: each trial's learning rate; None where they do not differ.
        tie: dB of validation PSNR within which trials are on a level; the smallest rate of them is taken.
    Returns:
        of equal rates the better trial, of equal trials the first; 0 where none came through.
    """
    known = [number for number, trial in enumerate(trials) if trial.get("status") in ("done", "collapsed")]
    best = max((trials[number]["val_psnr"] for number in known), default=0)
    level = [number for number in known if trials[number]["val_psnr"] >= best - tie]
    return min(level, key=lambda number: (rates[number] if rates else 0, -trials[number]["val_psnr"]), default=0)


def values(runs: Runs, arm: str, *, seeds: Iterable[int], test: str, metric: str) -> np.ndarray:
    """A metric of an arm on a test set: float (seeds, images); a seed without scores is NaN throughout."""
    rows = [runs[arm, seed].get("scores", {}).get(test) for seed in seeds]
    images = max((len(result["scores"][test]) for result in runs.values() if "scores" in result), default=1)
    return np.array([[row[metric] for row in each] if each else [math.nan] * images for each in rows], float)


def comparisons(plan: plans.Plan, runs: Runs) -> list[Row]:
    """Each arm against the reference on each test set by each metric, all of them one family for Holm's correction.

    Returns:
        rows with "test", "metric", "arm", "reference", the mean "difference" with its interval "low" to "high", "p",
        "effect", the numbers of "seeds" and "images" compared, "p_holm" and the "verdict".
    """
    arms = [arm.name for arm in plan.arms if arm.name != plan.reference]
    places = [(test, metric, arm) for test in plan.tests for metric in plan.metrics for arm in arms]
    found = []
    for test, metric, arm in places:
        pair = (values(runs, each, seeds=plan.seeds, test=test, metric=metric) for each in (arm, plan.reference))
        found.append(statistics.compare(*pair))
    adjusted = statistics.holm([difference.p for difference in found])
    return [_comparison(plan, runs, *each) for each in zip(places, found, adjusted)]


def _comparison(plan, runs, place, difference, p):
    """A row of `comparisons`."""
    test, metric, arm = place
    arms = (arm, plan.reference)
    done = tuple(sum("scores" in runs[name, seed] for seed in plan.seeds) for name in arms)
    diverged = tuple(sum(runs[name, seed]["status"] == "diverged" for seed in plan.seeds) for name in arms)
    rule = {"p": p, "matters": plan.matters.get(metric, 0.0), "unit": plans.METRICS[metric]}
    sentence = verdict.sentence(arms, difference, **rule, runs=verdict.Runs(done, diverged))
    if 0 < difference.seeds < len(plan.seeds):
        sentence += f"; {difference.seeds} of {len(plan.seeds)} seeds came through in both"
    numbers = dataclasses.asdict(difference)
    place = {"test": test, "metric": metric, "arm": arm, "reference": plan.reference, "difference": numbers.pop("mean")}
    return {**place, **numbers, "p_holm": p, "verdict": f"{metric.upper()} on {test}: {sentence}"}


def record(
    plan: plans.Plan, runs: Runs, *, trials: Trials, chosen: Mapping[str, int], out: PathLike, root: PathLike | None
) -> records.Record:
    """Write the run record of an ablation.

    Args:
        plan: what was compared.
        runs: {(arm, seed): result}, that of `BICUBIC` being the baseline's.
        trials: {(arm, number): result}; empty where there was nothing to choose.
        chosen: {arm: number of its trial}.
        out: output root, and `root`, the data root: both are kept out of the messages on record.
    """
    of_arms = {key: result for key, result in runs.items() if key != BICUBIC}
    compared = comparisons(plan, of_arms)
    tables = {
        "comparisons": compared,
        "arms": _arm_rows(plan, runs, chosen),
        "runs": _run_rows(plan, of_arms, chosen),
        "trials": _trial_rows(plan, trials, chosen),
        **_details(of_arms),
    }
    for row in (*tables["runs"], *tables["trials"]):
        row["reason"] = _without_folders(row["reason"], out, root)
    first = [row["verdict"] for row in compared if row["metric"] == plan.metrics[0]]
    seconds = sum(result.get("seconds", 0.0) for result in (*trials.values(), *of_arms.values()))
    metrics = {"headline": f"{plan.name}: {'; '.join(first)}", **_counts(of_arms)}
    metrics |= {"failed_trials": _counts(trials)["failed"], "seconds": round(seconds, 1)}
    return records.write(out, f"ablation-{plan.name}-{plan.profile}", config=plan, metrics=metrics, tables=tables)


def shown(record: records.Record, test: str, *, metric: str = "psnr") -> tuple[Seeds, Differences, str]:
    """What `figures.comparison` draws of an ablation, from its record, on one test set by one metric.

    Returns:
        {arm: values by seed}, {arm: (difference, low, high)}, and the verdicts as one text, for the alt text.
    """
    by_seed = {}
    for row in record.table("runs"):
        by_seed.setdefault(row["arm"], []).append(row[f"{test}_{metric}"])
    rows = [row for row in record.table("comparisons") if (row["test"], row["metric"]) == (test, metric)]
    differences = {row["arm"]: (row["difference"], row["low"], row["high"]) for row in rows}
    return by_seed, differences, ". ".join(row["verdict"] for row in rows)


def recorded(name: str, profile: str = "cpu") -> tuple[records.Record | None, str]:
    """The recorded run of a plan in the repository's results, and the words that go with it.

    Args:
        name: the plan's name.
        profile: that of the run.
    Returns:
        the record or None; and command, machine and time of the run, or which command makes the record.
    """
    kept = records.recorded(f"ablation-{name}-{profile}")
    return kept, provenance(kept) if kept else f"No recorded run of {name} here; {_command(name)} makes it."


def _command(name):
    return f"`srlib ablate {name} --data-root DIR --out results`"


def at_the_edge(trials: Iterable[Row]) -> list[str]:
    """Sentences on the arms that did best at the smallest or the largest learning rate that they tried: one to doubt.

    Args:
        trials: the table "trials" of an ablation's record.
    """
    tried = {}
    for row in trials:
        for name, value in re.findall(r"(\w*learning_rate)=([^,]+)", row["settings"]):
            tried.setdefault((row["arm"], name), []).append((row["val_psnr"], float(value)))
    sentences = []
    for (arm, name), scores in tried.items():
        rates = sorted({rate for _, rate in scores})
        best = max((score for score in scores if math.isfinite(score[0])), default=(0, None))[1]
        edge = {rates[0]: "smallest", rates[-1]: "largest"}.get(best)
        if edge and len(rates) > 1:
            tail = f"that it tried, {best:g}: there may be a better one"
            sentences.append(f"{arm} did best at the {edge} {name} {tail}")
    return sentences


def provenance(record: records.Record) -> str:
    """How an ablation's record came to be, and whose learning rate lies at the edge of what was tried, as text."""
    command = _command(record.read("config")["name"])
    machine, metrics = record.read("environment"), record.read("metrics")
    runs = metrics["done"] + metrics["collapsed"] + metrics["diverged"]
    doubts = "".join(f" {sentence}." for sentence in at_the_edge(record.table("trials")))
    return (
        f"Recorded by {command} on {environment.hardware(machine)}, {machine['time'][:10]}: "
        f"{runs} runs, {metrics['seconds'] / 3600:.1f} hours of training with their trials.{doubts}"
    )


def _counts(results):
    """How many trainings ended how: {status: count}."""
    ends = [result["status"] for result in results.values()]
    return {status: ends.count(status) for status in STATUSES}


def _without_folders(text, out, root):
    """A message without the folders of this machine."""
    for folder, name in ((out, "<out>"), (root, "<data root>"), (pathlib.Path.home(), "~")):
        text = text.replace(str(folder), name) if folder else text
    return text


def _arm_rows(plan, runs, chosen):
    """One row an arm, bicubic first: what it chose, how its runs ended, mean and standard deviation over seeds."""
    baseline = {("bicubic", seed): runs[BICUBIC] for seed in plan.seeds}
    none = {**dict.fromkeys(STATUSES, ""), **_means(plan, baseline, "bicubic", plan.seeds), **_balance(plan, {})}
    rows = [{"arm": "bicubic", "settings": "", **none}]
    for arm in plan.arms:
        own = {key: result for key, result in runs.items() if key[0] == arm.name}
        numbers = {**_counts(own), **_means(plan, runs, arm.name, plan.seeds), **_balance(plan, own)}
        rows.append({"arm": arm.name, "settings": _settings(arm, chosen), **numbers})
    return rows


def _balance(plan, runs):
    """Of the adversarial phase: means and deviations over seeds of the last D(HR) and D(SR), which tell its balance."""
    found = {}
    for name in ("d_real", "d_fake") if plan.phase == "adversarial" else ():
        last = [_ending(result)[name] for result in runs.values()]
        found[name], found[f"{name}_sd"] = statistics.mean_and_deviation(last)
    return found


def _means(plan, runs, arm, seeds):
    """Means over images and seeds, {"<test>_<metric>": mean, "<test>_<metric>_sd": deviation over seeds}."""
    found = {}
    for test in plan.tests:
        for metric in plans.METRICS:
            each = values(runs, arm, seeds=seeds, test=test, metric=metric).mean(axis=1)
            found[f"{test}_{metric}"], found[f"{test}_{metric}_sd"] = statistics.mean_and_deviation(each)
    return found


def _settings(arm, chosen):
    """The settings of an arm with those it chose, as text."""
    return _text({**arm.settings, **arm.trials[chosen[arm.name]]})


def _text(settings):
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _run_rows(plan, runs, chosen):
    """One row a run: how it ended, what it scored, and its folder's name, where its generator is."""
    rows = []
    for arm in plan.arms:
        for seed in plan.seeds:
            result, means = runs[arm.name, seed], _means(plan, runs, arm.name, (seed,))
            scores = {name: value for name, value in means.items() if not name.endswith("_sd")}
            more = {"settings": _settings(arm, chosen), "id": result.get("id", "")}
            rows.append({"arm": arm.name, "seed": seed, **_ending(result), **scores, **more})
    return rows


def _ending(result):
    """How a training ended, and the last of what was watched; what is not known is NaN."""
    last = {**result, **(result.get("history") or [{}])[-1], "seconds": result.get("seconds")}
    names = ("step", "val_psnr", "bicubic_val_psnr", "d_real", "d_fake", "seconds", "seconds_per_step")
    known = {name: math.nan if last.get(name) is None else last[name] for name in names}
    return {"status": result["status"], "reason": result.get("reason", ""), **known}


def _trial_rows(plan, trials, chosen):
    """One row a trial."""
    rows = []
    for arm in plan.arms if trials else ():
        for number, settings in enumerate(arm.trials):
            ended = {"settings": _text(settings), **_ending(trials[arm.name, number])}
            taken = "yes" if chosen[arm.name] == number else ""
            rows.append({"arm": arm.name, "trial": number, **ended, "chosen": taken})
    return rows


def _details(runs):
    """The tables of all images scored and of all training curves, one run below the other."""
    images, history = [], []
    for (arm, seed), result in runs.items():
        place = {"arm": arm, "seed": seed}
        history += [{**place, **row} for row in result.get("history", [])]
        for test, rows in result.get("scores", {}).items():
            images += [{**place, "test": test, **row} for row in rows]
    return {"images": images, "history": history}
