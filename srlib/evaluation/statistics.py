"""Comparing two arms over seeds and images: an interval, a p-value, an effect size, and a verdict written by rule.

Everything is about the paired differences d (seeds, images), one arm's value minus the other's for the same seed and
the same image. Both are samples: of the trainings that could have been run and of the photographs that could have been
shown. So both are resampled, independently of each other (the crossed bootstrap), and what varies from seed to seed
is not drowned by many images.

With the three to five seeds that one can afford, the usual readings of a bootstrap fail: the interval between its 2.5%
and 97.5% points holds the true difference in as few as 75 of 100 experiments, and a sign-flip test over S seeds cannot
give a p-value below 2 / 2^S. Here the bootstrap gives the standard error, widened by √(n / (n - 1)) because n resampled
values spread too little, and Student's t with the degrees of freedom that the data have gives the rest; the
interval then holds the truth in 92 to 100 of 100 (`tests/test_statistics.py` counts them).
"""

import dataclasses
import math

import numpy as np
from scipy import special, stats

RESAMPLES = 10_000
_BLOCK = 500  # resamples drawn at once, so that thousands of images need little memory
LEVEL = 0.05


@dataclasses.dataclass(frozen=True)
class Difference:
    """One arm against another: the mean difference, its 95% interval `low` to `high`, and what stands behind it.

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


def mean_and_deviation(values):
    """Mean and standard deviation (n - 1) of the finite numbers among `values`; NaN where there are too few."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    mean = float(values.mean()) if len(values) else math.nan
    return mean, float(values.std(ddof=1)) if len(values) > 1 else math.nan


def compare(arm, reference, resamples=RESAMPLES, seed=0):
    """Compare two arms, paired by seed and by image.

    Args:
        arm, reference: float arrays (seeds, images), the same seed and image at the same place; a seed with a value
            that is not finite in either of them is left out of both.
        resamples: int, how often seeds and images are drawn anew.
        seed: int, of the drawing.
    Returns:
        `Difference`, arm minus reference.

    Source: crossed resampling is the "pigeonhole bootstrap" of Owen, Annals of Applied Statistics 1(2), 2007; t with
    a bootstrap standard error: Hesterberg, "What teachers should know about the bootstrap", American Statistician
    69(4), 2015.
    """
    differences = np.asarray(arm, float) - np.asarray(reference, float)
    differences = differences[np.isfinite(differences).all(axis=1)]
    seeds, images = differences.shape
    if seeds == 0 or images == 0:
        return Difference(math.nan, math.nan, math.nan, math.nan, math.nan, 0, images)
    mean, effect = float(differences.mean()), effect_size(differences.mean(axis=1))
    if seeds == 1:
        return Difference(mean, math.nan, math.nan, math.nan, effect, seeds, images)
    error, freedom = standard_error(differences, resamples, seed), degrees_of_freedom(differences)
    half = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error
    return Difference(mean, mean - half, mean + half, _p_value(mean, error, freedom), effect, seeds, images)


def interval(values, resamples=RESAMPLES, seed=0):
    """The mean of one value an image (or of paired differences) with its 95% interval over the images.

    Args:
        values: floats; those that are not finite are left out, so count them.
        resamples, seed: as `compare` takes them.
    Returns:
        (mean, low, high); the ends are NaN for fewer than two values, the mean too for none.
    """
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return (float(values[0]) if len(values) else math.nan), math.nan, math.nan
    half = float(stats.t.ppf(1 - LEVEL / 2, len(values) - 1)) * standard_error(values[None], resamples, seed)
    return float(values.mean()), float(values.mean()) - half, float(values.mean()) + half


def _p_value(mean, error, freedom):
    """Two-sided p of a mean with its standard error by Student's t; without any spread 1 for a mean of 0, else 0."""
    if error == 0:
        return float(mean == 0)
    return float(2 * stats.t.sf(abs(mean) / error, freedom))


def standard_error(differences, resamples=RESAMPLES, seed=0):
    """The standard error of the mean of paired differences (seeds, images), by the crossed bootstrap.

    The spread of the resampled means, times √(n / (n - 1)) with n the smaller of the numbers of seeds and images (of
    those above one): exactly right for that factor, and on the safe side for the other.
    """
    smaller = min(count for count in differences.shape if count > 1)
    return float(bootstrap_means(differences, resamples, seed).std()) * math.sqrt(smaller / (smaller - 1))


def bootstrap_means(differences, resamples=RESAMPLES, seed=0):
    """Means of paired differences (seeds, images) after both were drawn anew with replacement: float (resamples,)."""
    random = np.random.default_rng(seed)
    blocks = [min(_BLOCK, resamples - start) for start in range(0, resamples, _BLOCK)]
    return np.concatenate([_block_of_means(differences, size, random) for size in blocks])


def _block_of_means(differences, size, random):
    """`size` resampled means: how often each seed and image is drawn is all that a mean needs to know."""
    of_seeds, of_images = (random.multinomial(n, np.full(n, 1 / n), size) / n for n in differences.shape)
    return ((of_seeds @ differences) * of_images).sum(axis=1)


def degrees_of_freedom(differences):
    """How many independent values stand behind the standard error of the mean of differences (seeds, images).

    Satterthwaite's formula over the mean squares between seeds and between images: seeds - 1 where the seeds make all
    of the spread, images - 1 where the images do, up to their sum where both do; seeds - 1 for a single image.
    """
    seeds, images = differences.shape
    if images == 1:
        return seeds - 1
    between_seeds = images * differences.mean(axis=1).var(ddof=1)
    between_images = seeds * differences.mean(axis=0).var(ddof=1)
    parts = between_seeds**2 / (seeds - 1) + between_images**2 / (images - 1)
    return float((between_seeds + between_images) ** 2 / parts) if parts else seeds - 1


def effect_size(values):
    """Hedges' g of paired differences, one a seed: Cohen's d, mean over standard deviation, without its bias for few.

    Returns:
        float; NaN for fewer than three values, 0 for only zeros, infinite where equal differences have no spread.

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


def holm(p_values):
    """p-values adjusted for their number by Holm's method; one that is NaN stays so and is not counted.

    Args:
        p_values: floats of the whole family of comparisons.
    Returns:
        list of floats in the same order: below 0.05 is significant with 5% for any error in the family.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2),
    1979.
    """
    known = sorted((p, index) for index, p in enumerate(p_values) if not math.isnan(p))
    adjusted, largest = [math.nan] * len(p_values), 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[index] = largest
    return adjusted


def verdict(arm, reference, difference, p, matters=0.0, unit="dB", done=None, diverged=(0, 0)):
    """One sentence on two arms, by rule; the first that applies:

    1. No seed in common: "R beats X: all n runs of X diverged" where that is why, else "no verdict".
    2. All values equal: "no difference: identical".
    3. `p` below 0.05, and the interval not all within ± `matters`: "X beats Y by a (95% interval b to c)" – unless more
       runs of X diverged than of Y, which makes it inconclusive: an arm that only its lucky seeds survive is no winner.
    4. The interval lies within ± `matters`: "no difference that matters".
    5. Else "no difference shown", which is not the same, and says "(inconclusive)".

    Args:
        arm, reference: str, their names.
        difference: `Difference`, arm minus reference, larger being better.
        p: float, `difference.p` after Holm's correction.
        matters: float ≥ 0, the least difference worth talking about, in the metric's unit; 0 names none.
        unit: str behind the numbers.
        done: (int, int), runs of the arm and of the reference that have values; None: those compared.
        diverged: (int, int), those that have none because they diverged.
    """
    if not difference.seeds:
        return _without_pairs((arm, reference), done or (0, 0), diverged)
    if difference.mean == difference.low == difference.high == 0:
        return f"no difference: {arm} and {reference} are identical"
    if difference.seeds == 1:
        return f"no difference shown: one seed of {arm} and {reference} tells nothing of the next (inconclusive)"
    within = -matters < difference.low and difference.high < matters
    if p < LEVEL and not within:
        return _win((arm, reference), difference, unit, diverged)
    gain = f"{arm} minus {reference} {_interval(difference.mean, difference.low, difference.high, unit, '+')}"
    if within:
        return f"no difference that matters: {gain}, all within ±{matters:g}"
    return f"no difference shown: {gain} (inconclusive)"


def _without_pairs(names, done, diverged):
    """The sentence where no seed came through in both arms."""
    for loser, winner in ((0, 1), (1, 0)):
        if diverged[loser] and not done[loser] and done[winner] and not diverged[winner]:
            return f"{names[winner]} beats {names[loser]}: all {diverged[loser]} runs of {names[loser]} diverged"
    return f"no verdict: no seed came through with both {names[0]} and {names[1]}"


def _win(names, difference, unit, diverged):
    """The sentence for a significant difference."""
    by, low, high = difference.mean, difference.low, difference.high
    if by < 0:
        by, low, high, names, diverged = -by, -high, -low, names[::-1], diverged[::-1]
    winner, loser = names
    gain = f"by {_interval(by, low, high, unit)}"
    if diverged[0] > diverged[1]:
        lead = f"{winner} leads {loser} {gain}, but {diverged[0]} of its runs diverged"
        return f"no difference shown: {lead} (inconclusive)"
    return f"{winner} beats {loser} {gain}"


def _interval(mean, low, high, unit, sign=""):
    """ "0.21 dB (95% interval 0.10 to 0.32 dB)", with signs if `sign` is "+"."""
    mean, low, high = (f"{value:{sign}.{_decimals(mean)}f}" for value in (mean, low, high))
    unit = f" {unit}" if unit else ""
    return f"{mean}{unit} (95% interval {low} to {high}{unit})"


def _decimals(value):
    """Two decimals, and more where two significant digits need them: 2 for 0.21, 4 for 0.0031; at most 6."""
    return 2 if value == 0 or abs(value) >= 0.1 else min(1 - math.floor(math.log10(abs(value))), 6)
