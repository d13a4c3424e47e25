"""Statistics of comparisons: values worked by hand, SciPy where it knows the special case, and coverage counted."""

import math

import numpy as np
import pytest
from scipy import stats

from srlib.evaluation import statistics


def differences(random, seeds, images, of_seeds, of_images, of_both):
    """Differences whose true mean is 0, with a spread of their own for seeds, images and the two together."""
    shapes = {(seeds, 1): of_seeds, (1, images): of_images, (seeds, images): of_both}
    return sum(spread * random.normal(size=shape) for shape, spread in shapes.items())


def compared(values):
    values = np.asarray(values, float)
    return statistics.compare(values, np.zeros_like(values))


def test_mean_and_deviation_by_hand():
    assert statistics.mean_and_deviation([1.0, 2.0, 3.0, math.nan]) == (2.0, 1.0)
    assert statistics.mean_and_deviation([5.0]) == (5.0, pytest.approx(math.nan, nan_ok=True))
    assert all(math.isnan(value) for value in statistics.mean_and_deviation([math.nan]))


def resampled(values, count, seed=0):
    """Means of values (seeds, images) after seeds and images were drawn anew with replacement: (count,)."""
    random = np.random.default_rng(seed)
    of_seeds, of_images = (random.multinomial(n, np.full(n, 1 / n), count) / n for n in values.shape)
    return ((of_seeds @ values) * of_images).sum(axis=1)


def test_the_standard_error_is_that_of_seeds_and_images_drawn_anew():
    for seeds, images, spreads in (
        (3, 4, (1, 1, 1)),
        (5, 30, (1, 0.1, 0.5)),
        (4, 9, (0.1, 1, 0.3)),
        (1, 25, (0, 1, 0)),
    ):
        values = differences(np.random.default_rng(seeds), seeds, images, *spreads)
        smaller = min(count for count in values.shape if count > 1)
        # The root of twice 40,000 draws is 283: the spread of so many is known to about a third of a percent.
        drawn = resampled(values, 40_000).std() * math.sqrt(smaller / (smaller - 1))
        assert statistics.standard_error(values) == pytest.approx(drawn, rel=0.015)


def test_the_standard_error_by_hand():
    # Seeds alone, -1 and 1 around the mean: a resampled mean has the variance 1 / 2, times 2 for two seeds is 1.
    assert statistics.standard_error(np.array([[1.0, 1.0, 1.0], [3.0, 3.0, 3.0]])) == pytest.approx(1.0)
    # One image alone: the same, and n counts the seeds.
    assert statistics.standard_error(np.array([[1.0], [3.0]])) == pytest.approx(1.0)
    # Means of seeds 0.5 and 100.5, of images 50 and 51, and four values: their variances are 2500, 0.25 and 2500.25.
    # Half of 0.25 / 2, half of 2500 / 2 and a quarter of 2500.25 are 1250.125, times 2 for two of each 2500.25.
    values = np.array([[0.0, 1.0], [100.0, 101.0]])
    assert statistics.standard_error(values) == pytest.approx(math.sqrt(2500.25))


def test_with_one_image_it_is_scipy_s_paired_t_test():
    random = np.random.default_rng(3)
    one, other = random.normal(30, 1, (5, 1)), random.normal(29.5, 1, (5, 1))
    expected = stats.ttest_rel(one[:, 0], other[:, 0])
    interval = expected.confidence_interval(0.95)
    found = statistics.compare(one, other)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


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
    assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach))
    assert found.p == pytest.approx(1 - 2 / math.pi * math.atan(2))  # the Cauchy distribution's tails
    assert (found.seeds, found.images) == (2, 2)


CASES = [
    (seeds, images, spreads)
    for seeds, images in ((3, 4), (3, 100), (5, 12))
    for spreads in ((1, 0.1, 0.1), (0.1, 1, 0.1), (1, 1, 1), (0.3, 0.3, 1))
]


@pytest.mark.parametrize("seeds, images, spreads", CASES)
def test_the_interval_holds_the_truth_in_at_least_nine_of_ten_experiments(seeds, images, spreads):
    random = np.random.default_rng(seeds * images)
    trials = [compared(differences(random, seeds, images, *spreads)) for _ in range(300)]
    assert np.mean([found.low <= 0 <= found.high for found in trials]) >= 0.90
    assert np.mean([found.p < 0.05 for found in trials]) <= 0.10


def test_percentiles_of_few_seeds_would_not():
    random = np.random.default_rng(1)
    held = []
    for _ in range(300):
        means = resampled(differences(random, 3, 100, 1, 0.1, 0.1), 400, seed=len(held))
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
    assert statistics.effect_size([1.0, 2.0, 3.0]) == pytest.approx(2 / math.sqrt(math.pi))
    # Five values: Γ(2) / (√2 Γ(3/2)) = 1 / (√2 √π / 2) = √(2 / π).
    assert statistics.effect_size([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(
        3 / math.sqrt(2.5) * math.sqrt(2 / math.pi)
    )
    assert statistics.effect_size([-2.0, -2.0, -2.0]) == -math.inf
    assert math.isnan(statistics.effect_size([1.0, 2.0]))


def test_holm_by_hand():
    # In order: 0.01 · 4, 0.02 · 3, 0.03 · 2, 0.5 · 1, none below the one before it.
    assert statistics.holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert statistics.holm([0.9, 0.6]) == [1.0, 1.0]
    assert statistics.holm([]) == []


def test_holm_does_not_count_what_is_not_known():
    first, second, third = statistics.holm([0.03, math.nan, 0.02])
    assert (first, third) == pytest.approx((0.04, 0.04))
    assert math.isnan(second)


def test_an_interval_over_images_is_students():
    values = np.random.default_rng(5).normal(30, 2, 40)
    mean, low, high = statistics.interval([*values, math.nan, math.inf])
    expected = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx(expected)


def test_an_interval_of_too_few_values_has_no_ends():
    assert statistics.interval([3.0])[0] == 3.0
    assert np.isnan(statistics.interval([3.0])[1:]).all()
    assert np.isnan(statistics.interval([])).all()
