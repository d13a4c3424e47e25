"""What the trainings of an ablation show: the chosen trials, means and spreads, comparisons with verdicts, the record.

Results are the dicts that `training_task.perform` gives, by (arm, seed) for runs and (arm, number) for trials.
"""

import dataclasses
import math
import pathlib

import numpy as np

from srlib import records
from srlib.evaluation import statistics
from srlib.experiments import plans
from srlib.machine import environment

OUTCOMES = ("done", "collapsed", "diverged", "failed")


def choose(trials, rates=None, tie=0.0):
    """The number of the trial whose settings an arm takes: among those on a level with the best, the most careful.

    One short trial tells two good learning rates apart poorly, and the largest that came through may not do so again.

    Args:
        trials: list of results; one that failed or diverged is not chosen.
        rates: list of float, each trial's learning rate; None where they do not differ.
        tie: float, dB of validation PSNR within which trials are on a level; the smallest rate of them is taken.
    Returns:
        int: of equal rates the better trial, of equal trials the first; 0 where none came through.
    """
    known = [number for number, trial in enumerate(trials) if trial.get("status") in ("done", "collapsed")]
    best = max((trials[number]["val_psnr"] for number in known), default=0)
    level = [number for number in known if trials[number]["val_psnr"] >= best - tie]
    return min(level, key=lambda number: (rates[number] if rates else 0, -trials[number]["val_psnr"]), default=0)


def values(runs, arm, seeds, test, metric):
    """A metric of an arm: float array (seeds, images); a seed without scores is NaN throughout.

    Args:
        runs: {(arm, seed): result}.
        arm: str.
        seeds: ints.
        test: name of a test set.
        metric: a key of `plans.METRICS`.
    """
    rows = [runs[arm, seed].get("scores", {}).get(test) for seed in seeds]
    images = max((len(result["scores"][test]) for result in runs.values() if "scores" in result), default=1)
    return np.array([[row[metric] for row in each] if each else [math.nan] * images for each in rows], float)


def comparisons(plan, runs):
    """Each arm against the reference on each test set by each metric, all of them one family for Holm's correction.

    Args:
        plan: `plans.Plan`.
        runs: {(arm, seed): result}.
    Returns:
        list of dicts: "test", "metric", "arm", "reference", the mean "difference" with its interval "low" to "high",
        "p", "effect", the numbers of "seeds" and "images" compared, "p_holm" and the "verdict".
    """
    arms = [arm.name for arm in plan.arms if arm.name != plan.reference]
    places = [(test, metric, arm) for test in plan.tests for metric in plan.metrics for arm in arms]
    found = [_difference(plan, runs, *place) for place in places]
    adjusted = statistics.holm([difference.p for difference in found])
    return [_comparison(plan, runs, *each) for each in zip(places, found, adjusted)]


def _difference(plan, runs, test, metric, arm):
    pair = (values(runs, name, plan.seeds, test, metric) for name in (arm, plan.reference))
    return statistics.compare(*pair)


def _comparison(plan, runs, place, difference, p):
    """A row of `comparisons`."""
    test, metric, arm = place
    names, unit = (arm, plan.reference), plans.METRICS[metric]
    done = [sum("scores" in runs[name, seed] for seed in plan.seeds) for name in names]
    diverged = [sum(runs[name, seed]["status"] == "diverged" for seed in plan.seeds) for name in names]
    sentence = statistics.verdict(*names, difference, p, plan.matters.get(metric, 0.0), unit, done, diverged)
    if 0 < difference.seeds < len(plan.seeds):
        sentence += f"; {difference.seeds} of {len(plan.seeds)} seeds came through in both"
    place = {"test": test, "metric": metric, "arm": arm, "reference": plan.reference}
    numbers = {"difference": difference.mean, **dataclasses.asdict(difference), "p_holm": p}
    del numbers["mean"]
    return {**place, **numbers, "verdict": f"{metric.upper()} on {test}: {sentence}"}


def record(plan, out, root, trials, chosen, runs):
    """Write the run record of an ablation.

    Args:
        plan: `plans.Plan`.
        out, root: output root and data root, kept out of the messages on record.
        trials: {(arm, number): result}; empty where there was nothing to choose.
        chosen: {arm: number of its trial}.
        runs: {(arm, seed): result}, that of ("bicubic", None) being the baseline's.
    Returns:
        `records.Record`.
    """
    baseline = runs[("bicubic", None)]
    runs = {(arm, seed): result for (arm, seed), result in runs.items() if arm != "bicubic"}
    compared = comparisons(plan, runs)
    tables = {
        "comparisons": compared,
        "arms": _arm_rows(plan, runs, chosen, baseline),
        "runs": _run_rows(plan, runs, chosen),
        "trials": _trial_rows(plan, trials, chosen),
        "images": _image_rows(runs),
        "history": _history_rows(runs),
    }
    for row in (*tables["runs"], *tables["trials"]):
        row["reason"] = _without_places(row["reason"], out, root)
    metrics = {"headline": _headline(plan, compared), **_counts(runs), **_totals(trials, runs)}
    return records.write(out, f"ablation-{plan.name}-{plan.profile}", plan, metrics, tables)


def shown(record, test, metric="psnr"):
    """What `figures.comparison` draws, from the record of an ablation.

    Args:
        record: `records.Record`.
        test: name of a test set.
        metric: a key of `plans.METRICS`.
    Returns:
        ({arm: values by seed}, {arm: (difference, low, high)}), and the verdicts as one text, for the alt text.
    """
    values, name = {}, f"{test}_{metric}"
    for row in record.table("runs"):
        values.setdefault(row["arm"], []).append(row[name])
    rows = [row for row in record.table("comparisons") if (row["test"], row["metric"]) == (test, metric)]
    differences = {row["arm"]: (row["difference"], row["low"], row["high"]) for row in rows}
    return values, differences, ". ".join(row["verdict"] for row in rows)


def reference(name, profile="cpu"):
    """The recorded run of a plan in the repository's results, and the words that go with it.

    Args:
        name: the plan's name.
        profile: that of the run.
    Returns:
        (`records.Record` or None, str): command, machine and time of the run, or which command makes the record.
    """
    kept = records.recorded(f"ablation-{name}-{profile}")
    return kept, provenance(kept) if kept else f"No recorded run of {name} here; {_command(name)} makes it."


def _command(name):
    return f"`srlib ablate {name} --data-root DIR --out results`"


def at_the_edge(trials):
    """Sentences on the arms that did best at the smallest or the largest learning rate that they tried: one to doubt.

    Args:
        trials: the table "trials" of an ablation's record.
    Returns:
        list of str.
    """
    tried = {}
    for row in trials:
        for name, value in (part.split("=") for part in row["settings"].split(", ") if "learning_rate=" in part):
            tried.setdefault((row["arm"], name), []).append((row["val_psnr"], float(value)))
    sentences = []
    for (arm, name), values in tried.items():
        rates = sorted({rate for _, rate in values})
        best = max((value for value in values if math.isfinite(value[0])), default=(0, None))[1]
        for place, edge in (("smallest", rates[0]), ("largest", rates[-1])):
            if len(rates) > 1 and edge == best:
                sentences.append(
                    f"{arm} did best at the {place} {name} that it tried, {edge:g}: there may be a better one"
                )
    return sentences


def provenance(record):
    """How an ablation's record came to be, and whose learning rate lies at the edge of what was tried, as text."""
    command = _command(record.read("config")["name"])
    machine, metrics = record.read("environment"), record.read("metrics")
    runs = metrics["done"] + metrics["collapsed"] + metrics["diverged"]
    doubts = "".join(f" {sentence}." for sentence in at_the_edge(record.table("trials")))
    return (
        f"Recorded by {command} on {environment.hardware(machine)}, {machine['time'][:10]}: "
        f"{runs} runs, {metrics['seconds'] / 3600:.1f} hours of training with their trials.{doubts}"
    )


def _headline(plan, compared):
    """The verdicts by the metric that the plan names first."""
    first = [row["verdict"] for row in compared if row["metric"] == plan.metrics[0]]
    return f"{plan.name}: {'; '.join(first)}"


def _counts(runs):
    """How many runs ended how: {outcome: count}."""
    ends = [result["status"] for result in runs.values()]
    return {outcome: ends.count(outcome) for outcome in OUTCOMES}


def _totals(trials, runs):
    """The trials that failed, and the seconds of all trainings together."""
    seconds = sum(result.get("seconds", 0.0) for result in (*trials.values(), *runs.values()))
    return {"failed_trials": _counts(trials)["failed"], "seconds": round(seconds, 1)}


def _without_places(text, out, root):
    """A message without the folders of this machine."""
    for place, name in ((out, "<out>"), (root, "<data root>"), (pathlib.Path.home(), "~")):
        text = text.replace(str(place), name) if place else text
    return text


def _arm_rows(plan, runs, chosen, baseline):
    """One row an arm, bicubic first: what it chose, how its runs ended, mean and standard deviation over seeds."""
    of_baseline = _means(plan, {("bicubic", seed): baseline for seed in plan.seeds}, "bicubic", plan.seeds)
    none = {**dict.fromkeys(OUTCOMES, ""), **of_baseline, **_balance(plan, {})}
    rows = [{"arm": "bicubic", "settings": "", **none}]
    for arm in plan.arms:
        own = {key: result for key, result in runs.items() if key[0] == arm.name}
        numbers = {**_counts(own), **_means(plan, runs, arm.name, plan.seeds), **_balance(plan, own)}
        rows.append({"arm": arm.name, "settings": _chosen(arm, chosen), **numbers})
    return rows


def _balance(plan, runs):
    """Of the adversarial phase: means and deviations over seeds of the last D(HR) and D(SR), which tell its balance."""
    found = {}
    for name in ("d_real", "d_fake") if plan.phase == "adversarial" else ():
        last = [_outcome(result)[name] for result in runs.values()]
        found[name], found[f"{name}_sd"] = statistics.mean_and_deviation(last)
    return found


def _means(plan, runs, arm, seeds):
    """Means over images and seeds, {"<test>_<metric>": mean, "<test>_<metric>_sd": deviation over seeds}."""
    found = {}
    for test in plan.tests:
        for metric in plans.METRICS:
            each = values(runs, arm, seeds, test, metric).mean(axis=1)
            found[f"{test}_{metric}"], found[f"{test}_{metric}_sd"] = statistics.mean_and_deviation(each)
    return found


def _chosen(arm, chosen):
    """The settings of an arm with those it chose, as text."""
    return _text({**arm.settings, **arm.trials[chosen[arm.name]]})


def _text(settings):
    return ", ".join(f"{name}={value}" for name, value in settings.items())


def _run_rows(plan, runs, chosen):
    """One row a run: how it ended, what it scored, and its folder's name, where its generator is."""
    rows = []
    for arm in plan.arms:
        for seed in plan.seeds:
            ended = {"arm": arm.name, "seed": seed, **_outcome(runs[arm.name, seed])}
            means = _means(plan, runs, arm.name, (seed,))
            scores = {name: value for name, value in means.items() if not name.endswith("_sd")}
            place = {"settings": _chosen(arm, chosen), "id": runs[arm.name, seed].get("id", "")}
            rows.append({**ended, **scores, **place})
    return rows


def _outcome(result):
    """How a training ended, and the last of what was watched; what is not known is NaN."""
    last = {**result, **(result.get("history") or [{}])[-1]}
    names = ("step", "val_psnr", "bicubic_val_psnr", "d_real", "d_fake", "seconds", "seconds_per_step")
    numbers = {name: (result if name == "seconds" else last).get(name) for name in names}
    known = {name: math.nan if value is None else value for name, value in numbers.items()}
    return {"status": result["status"], "reason": result.get("reason", ""), **known}


def _trial_rows(plan, trials, chosen):
    """One row a trial."""
    return [
        {
            "arm": arm.name,
            "trial": number,
            "settings": _text(arm.trials[number]),
            **_outcome(trials[arm.name, number]),
            "chosen": "yes" if chosen[arm.name] == number else "",
        }
        for arm in plan.arms
        for number in range(len(arm.trials) if trials else 0)
    ]


def _image_rows(runs):
    """One row for each run and image scored."""
    return [
        {"arm": arm, "seed": seed, "test": test, **row}
        for (arm, seed), result in runs.items()
        for test, rows in result.get("scores", {}).items()
        for row in rows
    ]


def _history_rows(runs):
    """The training curves of all runs, one below the other."""
    return [
        {"arm": arm, "seed": seed, **row} for (arm, seed), result in runs.items() for row in result.get("history", [])
    ]
