"""Statistics of comparisons: values worked by hand, SciPy where it knows the special case, and coverage counted."""

import math

import numpy as np
import pytest
from scipy import stats

from srlib.evaluation import statistics
from srlib.evaluation.statistics import Difference


def differences(random, seeds, images, of_seeds, of_images, of_both):
    """Differences whose true mean is 0, with a spread of their own for seeds, images and the two together."""
    shapes = {(seeds, 1): of_seeds, (1, images): of_images, (seeds, images): of_both}
    return sum(spread * random.normal(size=shape) for shape, spread in shapes.items())


def compared(values, **how):
    values = np.asarray(values, float)
    return statistics.compare(values, np.zeros_like(values), **how)


def test_mean_and_deviation_by_hand():
    assert statistics.mean_and_deviation([1, 2, 3, math.nan]) == (2.0, 1.0)
    assert statistics.mean_and_deviation([5]) == (5.0, pytest.approx(math.nan, nan_ok=True))
    assert all(math.isnan(value) for value in statistics.mean_and_deviation([math.nan]))


def test_resampled_means_are_those_of_seeds_and_images_drawn_apart():
    # Seeds differ by 100, images by 1: a crossed resample has the mean 100 s + i for mean draws s, i.
    values = np.array([[0.0, 1.0], [100.0, 101.0]])
    means = statistics.bootstrap_means(values, 4000)
    assert set(np.round(means, 6)) == {100 * s + i for s in (0, 0.5, 1) for i in (0, 0.5, 1)}
    whole = np.mean(means == 0), np.mean(means == 50.5)
    assert whole == pytest.approx((1 / 16, 1 / 4), abs=0.02)


def test_resampling_repeats_itself_and_depends_on_its_seed():
    values = np.arange(12.0).reshape(3, 4) ** 2
    one, same, other = (statistics.bootstrap_means(values, 100, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_standard_error_by_hand():
    # Seeds alone, -1 and 1 around the mean: a resampled mean has the variance 1 / 2, times 2 for two seeds is 1.
    assert statistics.standard_error(np.array([[1.0, 1.0, 1.0], [3.0, 3.0, 3.0]])) == pytest.approx(1.0, rel=0.02)
    # One image alone: the same, and n counts the seeds.
    assert statistics.standard_error(np.array([[1.0], [3.0]])) == pytest.approx(1.0, rel=0.02)


def test_with_one_image_it_is_scipy_s_paired_t_test():
    random = np.random.default_rng(3)
    one, other = random.normal(30, 1, (5, 1)), random.normal(29.5, 1, (5, 1))
    expected = stats.ttest_rel(one[:, 0], other[:, 0])
    interval = expected.confidence_interval(0.95)
    found = statistics.compare(one, other, resamples=200_000)
    assert found.p == pytest.approx(expected.pvalue, rel=0.01)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=0.01)


def test_the_resampled_spread_is_scipy_s_for_one_image():
    values = np.random.default_rng(5).normal(size=6)
    expected = stats.bootstrap((values,), np.mean, n_resamples=20_000, random_state=1).standard_error
    assert statistics.bootstrap_means(values[:, None], 20_000).std() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    "values, expected",
    [
        (np.repeat([[1.0], [2.0], [4.0]], 5, axis=1), 2),  # seeds alone differ: 3 - 1
        (np.repeat([[1.0, 2.0, 4.0, 8.0, 16.0]], 3, axis=0), 4),  # images alone differ: 5 - 1
        ([[0.0, 1.0], [1.0, 2.0]], 2),  # mean squares 1 and 1: (1 + 1)² / (1² / 1 + 1² / 1)
        ([[1.0], [2.0], [4.0]], 2),
    ],
)
def test_degrees_of_freedom_by_hand(values, expected):
    assert statistics.degrees_of_freedom(np.array(values)) == pytest.approx(expected)


def test_a_comparison_by_hand():
    # Two seeds with 1 and 3 on every image: mean 2, standard error 1, one degree of freedom, t = 2.
    found = compared([[1, 1], [3, 3]])
    reach = 12.7062  # of Student's t with one degree of freedom, from a printed table
    assert found.mean == 2.0
    assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach), rel=0.02)
    assert found.p == pytest.approx(1 - 2 / math.pi * math.atan(2), rel=0.02)  # the Cauchy distribution's tails
    assert (found.seeds, found.images) == (2, 2)


CASES = [
    (seeds, images, spreads)
    for seeds, images in ((3, 4), (3, 100), (5, 12))
    for spreads in ((1, 0.1, 0.1), (0.1, 1, 0.1), (1, 1, 1), (0.3, 0.3, 1))
]


@pytest.mark.parametrize("seeds, images, spreads", CASES)
def test_the_interval_holds_the_truth_in_at_least_nine_of_ten_experiments(seeds, images, spreads):
    random = np.random.default_rng(seeds * images)
    trials = [compared(differences(random, seeds, images, *spreads), resamples=400) for _ in range(300)]
    assert np.mean([found.low <= 0 <= found.high for found in trials]) >= 0.90
    assert np.mean([found.p < 0.05 for found in trials]) <= 0.10


def test_percentiles_of_few_seeds_would_not():
    random = np.random.default_rng(1)
    held = []
    for _ in range(300):
        means = statistics.bootstrap_means(differences(random, 3, 100, 1, 0.1, 0.1), 400)
        low, high = np.quantile(means, [0.025, 0.975])
        held.append(low <= 0 <= high)
    assert np.mean(held) < 0.85


def test_a_large_difference_is_found():
    random = np.random.default_rng(2)
    found = compared(differences(random, 3, 12, 0.05, 0.1, 0.1) + 0.5)
    assert found.low > 0.2
    assert found.p < 0.01


def test_the_sign_turns_with_the_arms():
    random = np.random.default_rng(4)
    one, other = random.normal(size=(2, 4, 6))
    there, back = statistics.compare(one, other), statistics.compare(other, one)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))
    assert (there.p, there.effect) == pytest.approx((back.p, -back.effect))


def test_a_seed_without_values_in_one_arm_is_left_out_of_both():
    one = np.array([[2.0, 3.0], [math.nan, math.nan], [5.0, 4.0]])
    other = np.array([[1.0, 1.0], [100.0, 100.0], [1.0, 1.0]])
    kept = [0, 2]
    assert statistics.compare(one, other) == statistics.compare(one[kept], other[kept])
    assert statistics.compare(one, other).seeds == 2


def test_what_cannot_be_told_is_nan():
    alone = compared([[1.0, 2.0], [math.nan, math.nan]])
    assert (alone.mean, alone.seeds) == (1.5, 1)
    assert all(math.isnan(value) for value in (alone.low, alone.high, alone.p, alone.effect))
    nothing = compared([[math.nan, math.nan]])
    assert nothing.seeds == 0
    assert math.isnan(nothing.mean)


def test_equal_arms_have_p_1_and_an_interval_of_nothing():
    found = compared(np.zeros((3, 4)))
    assert (found.mean, found.low, found.high, found.p, found.effect) == (0, 0, 0, 1, 0)


def test_the_effect_size_by_hand():
    # Mean 2, deviation 1; three values: the factor is Γ(1) / Γ(1/2) = 1 / √π.
    assert statistics.effect_size([1, 2, 3]) == pytest.approx(2 / math.sqrt(math.pi))
    # Five values: Γ(2) / (√2 Γ(3/2)) = 1 / (√2 √π / 2) = √(2 / π).
    assert statistics.effect_size([1, 2, 3, 4, 5]) == pytest.approx(3 / math.sqrt(2.5) * math.sqrt(2 / math.pi))
    assert statistics.effect_size([-2, -2, -2]) == -math.inf
    assert math.isnan(statistics.effect_size([1, 2]))


def test_holm_by_hand():
    # In order: 0.01 · 4, 0.02 · 3, 0.03 · 2, 0.5 · 1, none below the one before it.
    assert statistics.holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert statistics.holm([0.9, 0.6]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_holm_does_not_count_what_is_not_known():
    first, second, third = statistics.holm([0.03, math.nan, 0.02])
    assert (first, third) == pytest.approx((0.04, 0.04))
    assert math.isnan(second)


def difference(mean, low, high, seeds=3):
    return Difference(mean, low, high, 0.5, 1.0, seeds, 4)


def sentence(found, p=0.5, **how):
    return statistics.verdict("belief", "adam", found, p, **how)


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
    assert sentence(difference(0, 0, 0), p=1.0) == "no difference: belief and adam are identical"


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


def test_an_interval_over_images_is_students():
    values = np.random.default_rng(5).normal(30, 2, 40)
    mean, low, high = statistics.interval([*values, math.nan, math.inf])
    expected = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(expected, rel=1e-3)


def test_an_interval_of_too_few_values_has_no_ends():
    assert statistics.interval([3.0])[0] == 3.0
    assert np.isnan(statistics.interval([3.0])[1:]).all()
    assert np.isnan(statistics.interval([])).all()
