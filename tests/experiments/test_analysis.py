"""What an ablation shows: the chosen trial, values by seed and image, comparisons, and what is drawn of them."""

import math

import numpy as np
import pytest

from srlib import records
from srlib.evaluation import statistics
from srlib.experiments import analysis, plans, verdict

NAN = math.nan


def trial(status, val_psnr=NAN):
    return {"status": status, "val_psnr": val_psnr}


def done(*psnr):
    """The result of a run with a score for each image of one test set."""
    rows = [{"image": f"image-{index}", "psnr": value, "ssim": value / 100} for index, value in enumerate(psnr)]
    return {"status": "done", "reason": "", "scores": {"set5": rows}}


DIVERGED = {"status": "diverged", "reason": "loss is nan at step 5"}
# Two seeds, three images; the reference has 30, 31, 32 on each seed.
RUNS = {
    **{("adam", seed): done(30.0, 31.0, 32.0) for seed in (0, 1)},
    ("belief", 0): done(31.0, 32.0, 33.0),
    ("belief", 1): done(31.2, 32.2, 33.2),
}


@pytest.fixture
def plan():
    """A function of changes that gives a plan of two arms, two seeds and one test set."""
    values = {"name": "two", "seeds": [0, 1], "tests": ["set5"], "metrics": ["psnr"]}
    return lambda **changes: plans.from_dict({**values, "arms": {"adam": {}, "belief": {}}, **changes})


def recorded(plan, runs, out):
    """The record of runs without trials."""
    return analysis.record(plan, runs, trials={}, chosen={"adam": 0, "belief": 0}, out=out, root=None)


@pytest.mark.parametrize(
    "trials, number",
    [
        ([trial("done", 20.0), trial("done", 21.0), trial("done", 20.5)], 1),
        ([trial("done", 20.0), trial("done", 20.0)], 0),
        ([trial("diverged", 25.0), trial("failed"), trial("collapsed", 9.0)], 2),
        ([trial("diverged", 25.0), trial("failed")], 0),
        ([{}], 0),
    ],
)
def test_the_best_trial_on_validation_is_chosen_among_those_that_came_through(trials, number):
    assert analysis.choose(trials) == number


def test_of_trials_on_a_level_the_smallest_learning_rate_is_chosen():
    trials = [trial("done", 20.0), trial("done", 20.55), trial("done", 20.62), trial("diverged", 30.0)]
    rates = [1e-4, 2e-4, 4e-4, 8e-4]
    assert analysis.choose(trials, rates, tie=0.1) == 1
    assert analysis.choose(trials, rates, tie=0.05) == 2
    assert analysis.choose(trials, rates, tie=1.0) == 0
    # Two epsilons at the one rate: the better of them.
    assert analysis.choose([trial("done", 20.0), trial("done", 20.05)], [1e-4, 1e-4], tie=0.1) == 1
    assert analysis.choose([{}, {}], [1e-4, 2e-4], tie=0.1) == 0


def test_values_are_by_seed_and_image_and_a_run_without_scores_is_nan():
    runs = {**RUNS, ("belief", 1): DIVERGED}
    expected = np.array([[31.0, 32.0, 33.0], [NAN, NAN, NAN]])
    assert np.array_equal(
        analysis.values(runs, "belief", seeds=(0, 1), test="set5", metric="psnr"), expected, equal_nan=True
    )
    assert analysis.values(runs, "adam", seeds=(1,), test="set5", metric="ssim").tolist() == [[0.30, 0.31, 0.32]]
    nothing = {("adam", 0): DIVERGED}
    assert np.isnan(analysis.values(nothing, "adam", seeds=(0,), test="set5", metric="psnr")).all()


def test_a_comparison_is_that_of_the_arm_s_values_with_the_reference_s(plan):
    (row,) = analysis.comparisons(plan(), RUNS)
    own, other = (analysis.values(RUNS, arm, seeds=(0, 1), test="set5", metric="psnr") for arm in ("belief", "adam"))
    expected = statistics.compare(own, other)
    assert (row["arm"], row["reference"], row["test"], row["metric"]) == ("belief", "adam", "set5", "psnr")
    assert row["difference"] == pytest.approx(1.1)
    assert (row["low"], row["high"], row["p"]) == (expected.low, expected.high, expected.p)
    assert row["verdict"] == "PSNR on set5: " + verdict.sentence(
        ("belief", "adam"), expected, p=expected.p, matters=0.05
    )


def test_with_the_other_reference_the_sign_turns(plan):
    (row,) = analysis.comparisons(plan(reference="belief"), RUNS)
    assert (row["arm"], row["difference"]) == ("adam", pytest.approx(-1.1))


def test_a_verdict_says_on_how_many_seeds_it_stands(plan):
    runs = {**RUNS, ("adam", 2): done(30.0, 31.0, 32.0), ("belief", 2): DIVERGED}
    (row,) = analysis.comparisons(plan(seeds=[0, 1, 2]), runs)
    assert row["seeds"] == 2
    assert row["verdict"].endswith("; 2 of 3 seeds came through in both")


def test_what_matters_is_the_plan_s(plan):
    close = {**RUNS, ("belief", 0): done(30.01, 31.01, 32.01), ("belief", 1): done(30.01, 31.01, 32.01)}
    (row,) = analysis.comparisons(plan(), close)
    assert "no difference that matters" in row["verdict"]
    (row,) = analysis.comparisons(plan(matters={}), close)
    assert "belief beats adam by 0.010 dB" in row["verdict"]


def test_what_a_figure_shows_is_what_is_on_record(plan, tmp_path):
    runs = {**RUNS, ("bicubic", None): done(28.0, 28.0, 28.0)}
    record = recorded(plan(), runs, tmp_path)
    values, differences, text = analysis.shown(record, "set5")
    assert values == {"adam": [31.0, 31.0], "belief": pytest.approx([32.0, 32.2])}
    (row,) = record.table("comparisons")
    assert differences == {"belief": (row["difference"], row["low"], row["high"])}
    assert text == row["verdict"]


def test_a_run_s_row_names_the_folder_of_its_generator(plan, tmp_path):
    runs = {key: {**result, "id": f"run-{key[0]}-{key[1]}"} for key, result in RUNS.items()}
    record = recorded(plan(), {**runs, ("bicubic", None): done(28)}, tmp_path)
    assert [row["id"] for row in record.table("runs")] == ["run-adam-0", "run-adam-1", "run-belief-0", "run-belief-1"]


def test_a_recorded_run_is_found_with_its_command_machine_and_time(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(records, "KEPT", tmp_path)
    missing, words = analysis.recorded("two")
    assert missing is None
    assert "`srlib ablate two --data-root DIR --out results` makes it" in words
    runs = {key: {**result, "seconds": 1800.0} for key, result in RUNS.items()}
    recorded(plan(), {**runs, ("bicubic", None): done(28.0)}, tmp_path)
    record, words = analysis.recorded("two")
    assert record.table("runs")[0]["set5_psnr"] == 31.0
    assert "`srlib ablate two --data-root DIR --out results`" in words
    assert "4 runs, 2.0 hours" in words
    assert f"{record.read('environment')['cores']} cores" in words
    assert analysis.recorded("two", "full")[0] is None


def test_a_learning_rate_at_the_edge_of_those_tried_is_told():
    def row(arm, val_psnr, rate, **further):
        settings = {"gan_learning_rate": rate, **further}
        return {"arm": arm, "settings": ", ".join(f"{n}={v}" for n, v in settings.items()), "val_psnr": val_psnr}

    trials = [
        row("inside", 20.0, 0.001),
        row("inside", 21.0, 0.002),
        row("inside", NAN, 0.004),
        row("low", 22.0, 0.0005, adabelief_epsilon=1e-14),
        row("low", 21.0, 0.001, adabelief_epsilon=1e-14),
        row("high", 20.0, 0.001),
        row("high", 21.0, 0.016),
        row("one", 20.0, 0.001),
        row("lost", NAN, 0.001),
        row("lost", NAN, 0.002),
    ]
    assert analysis.at_the_edge(trials) == [
        "low did best at the smallest gan_learning_rate that it tried, 0.0005: there may be a better one",
        "high did best at the largest gan_learning_rate that it tried, 0.016: there may be a better one",
    ]
    assert analysis.at_the_edge([]) == []
