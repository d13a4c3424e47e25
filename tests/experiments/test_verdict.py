"""Verdicts: the sentence that each rule gives."""

import math

from srlib.evaluation import statistics
from srlib.experiments import verdict


def difference(mean, low, high, seeds=3):
    return statistics.Difference(mean, low, high, 0.5, 1.0, seeds, 4)


def sentence(found, p=0.5, done=(0, 0), diverged=(0, 0), **how):
    return verdict.sentence(("belief", "adam"), found, p=p, runs=verdict.Runs(done, diverged), **how)


def test_a_win_names_winner_loser_and_interval():
    expected = "belief beats adam by 0.21 dB (95% interval 0.10 to 0.32 dB)"
    assert sentence(difference(0.21, 0.10, 0.32), p=0.01) == expected
    expected = "adam beats belief by 0.21 dB (95% interval 0.10 to 0.32 dB)"
    assert sentence(difference(-0.21, -0.32, -0.10), p=0.01) == expected


def test_small_numbers_keep_two_digits_and_may_have_no_unit():
    expected = "belief beats adam by 0.0031 (95% interval 0.0010 to 0.0052)"
    assert sentence(difference(0.0031, 0.001, 0.0052), p=0.01, unit="") == expected


def test_without_significance_nothing_is_shown():
    expected = "no difference shown: belief minus adam -0.21 dB (95% interval -0.50 to +0.08 dB) (inconclusive)"
    assert sentence(difference(-0.21, -0.5, 0.08), p=0.05) == expected


def test_identical_arms_are_called_so():
    assert sentence(difference(0.0, 0.0, 0.0), p=1.0) == "no difference: belief and adam are identical"


def test_a_difference_within_what_matters_is_none_even_if_significant():
    expected = (
        "no difference that matters: belief minus adam +0.020 dB (95% interval +0.010 to +0.030 dB), all within ±0.05"
    )
    assert sentence(difference(0.02, 0.01, 0.03), p=0.001, matters=0.05) == expected
    assert "beats" in sentence(difference(0.02, 0.01, 0.03), p=0.001)
    assert "beats" in sentence(difference(0.04, 0.01, 0.07), p=0.001, matters=0.05)
    assert "inconclusive" in sentence(difference(0.02, -0.03, 0.07), matters=0.05)


def test_one_seed_shows_nothing():
    assert "(inconclusive)" in sentence(difference(1.0, math.nan, math.nan, seeds=1), p=math.nan)


def test_an_arm_that_diverged_throughout_is_beaten():
    nothing = difference(math.nan, math.nan, math.nan, seeds=0)
    lost = sentence(nothing, math.nan, done=(0, 3), diverged=(3, 0))
    assert lost == "adam beats belief: all 3 runs of belief diverged"
    assert sentence(nothing, math.nan, done=(3, 0), diverged=(0, 2)).startswith("belief beats adam: all 2 runs of adam")


def test_runs_that_failed_beat_nobody():
    nothing = difference(math.nan, math.nan, math.nan, seeds=0)
    for done, diverged in (((0, 0), (3, 0)), ((0, 3), (0, 0)), ((1, 1), (1, 1))):
        assert sentence(nothing, math.nan, done=done, diverged=diverged).startswith("no verdict: ")


def test_who_diverges_more_often_wins_nothing_by_the_seeds_it_survived():
    found = difference(0.5, 0.4, 0.6, seeds=2)
    shown = sentence(found, p=0.001, done=(2, 3), diverged=(1, 0))
    assert shown.startswith("no difference shown: belief leads adam by 0.50 dB")
    assert shown.endswith("but 1 of its runs diverged (inconclusive)")
    assert sentence(found, p=0.001, done=(3, 2), diverged=(0, 1)).startswith("belief beats adam")
