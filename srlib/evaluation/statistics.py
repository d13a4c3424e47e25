"""Statistics of paired comparisons over seeds and images: interval, p-value, effect size, correction for many.

Everything is about the paired differences d (seeds, images), one arm's value minus the other's for the same seed and
the same image. Both are samples: of the trainings that could have been run and of the photographs that could have been
shown. So both count as drawn anew, independently of each other (the crossed bootstrap), and what varies from seed to
seed is not drowned by many images. For a mean, the spread of infinitely many such draws has a closed form.

With the three to five seeds that one can afford, the usual readings of a bootstrap fail: the interval between its 2.5%
and 97.5% points holds the true difference in as few as 75 of 100 experiments, and a sign-flip test over S seeds cannot
give a p-value below 2 / 2^S. Here the bootstrap gives the standard error, widened by √(n / (n - 1)) because n resampled
values spread too little, and Student's t with the degrees of freedom that the data have gives the rest; the
interval then holds the truth in 92 to 100 of 100 (`tests/evaluation/test_statistics.py` counts them).
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from scipy import special, stats

LEVEL = 0.05
Values = Sequence[float] | np.ndarray


@dataclasses.dataclass(frozen=True)
class Difference:
    """Mean difference of two arms, its 95% interval `low` to `high`, and what stands behind it.

    `p` is two-sided, `effect` is Hedges' g over the seeds, `seeds` and `images` say how many were compared. What cannot
    be told, as an interval from one seed, is NaN.
    """

    mean: float
    low: float
    high: float
    p: float
    effect: float
    seeds: int
    images: int


def mean_and_deviation(values: Values) -> tuple[float, float]:
    """Mean and standard deviation (n - 1) of the finite numbers among `values`; NaN where there are too few."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    mean = float(values.mean()) if len(values) else math.nan
    return mean, float(values.std(ddof=1)) if len(values) > 1 else math.nan


def compare(arm: np.ndarray, reference: np.ndarray) -> Difference:
    """Comparison of two arms, paired by seed and by image.

    Args:
        arm, reference: float (seeds, images), the same seed and image at the same place; a seed with a value that is
            not finite in either of them is left out of both.
    Returns:
        the difference, arm minus reference.

    Source: t with a bootstrap standard error: Hesterberg, "What teachers should know about the bootstrap", American
    Statistician 69(4), 2015.
    """
    differences = np.asarray(arm, float) - np.asarray(reference, float)
    differences = differences[np.isfinite(differences).all(axis=1)]
    seeds, images = differences.shape
    if seeds == 0 or images == 0:
        return Difference(math.nan, math.nan, math.nan, math.nan, math.nan, 0, images)
    mean, effect = float(differences.mean()), effect_size(differences.mean(axis=1))
    if seeds == 1:
        return Difference(mean, math.nan, math.nan, math.nan, effect, seeds, images)
    error, freedom = standard_error(differences), degrees_of_freedom(differences)
    half = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    return Difference(mean, mean - half, mean + half, _p_value(mean, error, freedom), effect, seeds, images)


def interval(values: Values) -> tuple[float, float, float]:
    """The mean of one value an image (or of paired differences) with its 95% interval over the images.

    Args:
        values: float (images,); those that are not finite are left out, so count them.
    Returns:
        mean, low, high; the ends are NaN for fewer than two values, the mean too for none.
    """
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    mean, _ = mean_and_deviation(values)
    if len(values) < 2:
        return mean, math.nan, math.nan
    half = float(stats.t.ppf(1 - LEVEL / 2, len(values) - 1)) * standard_error(values[None])
    return mean, mean - half, mean + half


def _p_value(mean, error, freedom):
    """Two-sided p of a mean with its standard error by Student's t; without any spread 1 for a mean of 0, else 0."""
    if error == 0:
        return float(mean == 0)
    return float(2 * stats.t.sf(abs(mean) / error, freedom))


def standard_error(differences: np.ndarray) -> float:
    """The standard error of the mean of paired differences, by the crossed bootstrap.

    Over infinitely many draws of S seeds and of I images, each with replacement, the mean has the variance
    (1 - 1/S) B/I + (1 - 1/I) A/S + T/(S I), with A, B and T the variances of the seeds' means, of the images' means and
    of all values. Its root is multiplied by √(n / (n - 1)) with n the smaller of the numbers of seeds and images (of
    those above one): exactly right for that factor, and on the safe side for the other.

    Args:
        differences: float (seeds, images).

    Source: the "pigeonhole bootstrap" of Owen, Annals of Applied Statistics 1(2), 2007.
    """
    seeds, images = differences.shape
    of_seeds, of_images = differences.mean(axis=1).var() / seeds, differences.mean(axis=0).var() / images
    variance = (1 - 1 / seeds) * of_images + (1 - 1 / images) * of_seeds + differences.var() / differences.size
    smaller = min(count for count in differences.shape if count > 1)
    return math.sqrt(variance * smaller / (smaller - 1))


def degrees_of_freedom(differences: np.ndarray) -> float:
    """The number of independent values behind the standard error of the mean of differences (seeds, images).

    Satterthwaite's formula over the mean squares between seeds and between images: seeds - 1 where the seeds make all
    of the spread, images - 1 where the images do, up to their sum where both do; seeds - 1 for a single image.
    """
    seeds, images = differences.shape
    if images == 1:
        return float(seeds - 1)
    between_seeds = images * differences.mean(axis=1).var(ddof=1)
    between_images = seeds * differences.mean(axis=0).var(ddof=1)
    parts = between_seeds**2 / (seeds - 1) + between_images**2 / (images - 1)
    return float((between_seeds + between_images) ** 2 / parts) if parts else float(seeds - 1)


def effect_size(values: Values) -> float:
    """Hedges' g of paired differences, one a seed: Cohen's d, mean over standard deviation, without its bias for few.

    Returns:
        NaN for fewer than three values, 0 for only zeros, infinite where equal differences have no spread.

    Source: Hedges, "Distribution theory for Glass's estimator of effect size", Journal of Educational Statistics 6(2),
    1981: the factor Γ(m / 2) / (√(m / 2) Γ((m - 1) / 2)) with m = n - 1.
    """
    mean, deviation = mean_and_deviation(values)
    m = len(values) - 1
    if m < 2:
        return math.nan
    if deviation == 0:
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / deviation * math.exp(special.gammaln(m / 2) - special.gammaln((m - 1) / 2)) / math.sqrt(m / 2)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number by Holm's method; one that is NaN stays so and is not counted.

    Args:
        p_values: of the whole family of comparisons.
    Returns:
        in the same order: below 0.05 is significant with 5% for any error in the family.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2),
    1979.
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    adjusted, largest = [math.nan] * len(p_values), 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[index] = largest
    return adjusted
