"""Verdict on two arms of an ablation: one sentence, written by rule from the difference between them."""

import dataclasses
import math

from srlib.evaluation.statistics import LEVEL, Difference

Pair = tuple[str, str]  # names of an arm and of its reference


@dataclasses.dataclass(frozen=True)
class Runs:
    """Counts of the runs of an arm and of its reference: those `done`, which have scores, and those that `diverged`."""

    done: tuple[int, int] = (0, 0)
    diverged: tuple[int, int] = (0, 0)


_NONE = Runs()


def sentence(
    arms: Pair, difference: Difference, *, p: float, matters: float = 0.0, unit: str = "dB", runs: Runs = _NONE
) -> str:
    """The verdict on two arms by the first of these rules that applies:

    1. No seed in common: "R beats X: all n runs of X diverged" where that is why, else "no verdict".
    2. All values equal: "no difference: identical".
    3. `p` below 0.05, and the interval not all within ± `matters`: "X beats Y by a (95% interval b to c)" – unless more
       runs of X diverged than of Y, which makes it inconclusive: an arm that only its lucky seeds survive is no winner.
    4. The interval lies within ± `matters`: "no difference that matters".
    5. Else "no difference shown", which is not the same, and says "(inconclusive)".

    Args:
        arms: the names of the arm and of its reference.
        difference: arm minus reference, larger being better.
        p: `difference.p` after Holm's correction.
        matters: the least difference worth talking about, in the metric's unit; 0 names none.
        unit: behind the numbers.
        runs: what became of the runs of both.
    """
    arm, reference = arms
    if not difference.seeds:
        return _without_pairs(arms, runs)
    if difference.mean == difference.low == difference.high == 0:
        return f"no difference: {arm} and {reference} are identical"
    if difference.seeds == 1:
        return f"no difference shown: one seed of {arm} and {reference} tells nothing of the next (inconclusive)"
    within = -matters < difference.low and difference.high < matters
    if p < LEVEL and not within:
        return _win(arms, difference, unit, runs.diverged)
    gain = f"{arm} minus {reference} {_interval(difference, unit, '+')}"
    if within:
        return f"no difference that matters: {gain}, all within ±{matters:g}"
    return f"no difference shown: {gain} (inconclusive)"


def _without_pairs(arms, runs):
    """The sentence where no seed came through in both arms."""
    for loser, winner in ((0, 1), (1, 0)):
        if runs.diverged[loser] and not runs.done[loser] and runs.done[winner] and not runs.diverged[winner]:
            return f"{arms[winner]} beats {arms[loser]}: all {runs.diverged[loser]} runs of {arms[loser]} diverged"
    return f"no verdict: no seed came through with both {arms[0]} and {arms[1]}"


def _win(arms, difference, unit, diverged):
    """The sentence for a significant difference."""
    if difference.mean < 0:
        mean, low, high = -difference.mean, -difference.high, -difference.low
        difference = dataclasses.replace(difference, mean=mean, low=low, high=high)
        arms, diverged = arms[::-1], diverged[::-1]
    gain = f"by {_interval(difference, unit)}"
    if diverged[0] > diverged[1]:
        lead = f"{arms[0]} leads {arms[1]} {gain}, but {diverged[0]} of its runs diverged"
        return f"no difference shown: {lead} (inconclusive)"
    return f"{arms[0]} beats {arms[1]} {gain}"


def _interval(difference, unit, sign=""):
    """ "0.21 dB (95% interval 0.10 to 0.32 dB)", with signs if `sign` is "+"."""
    number = f"{{:{sign}.{_decimals(difference.mean)}f}}"
    mean, low, high = map(number.format, (difference.mean, difference.low, difference.high))
    unit = f" {unit}" if unit else ""
    return f"{mean}{unit} (95% interval {low} to {high}{unit})"


def _decimals(value):
    """Two decimals, and more where two significant digits need them: 2 for 0.21, 4 for 0.0031; at most 6."""
    return 2 if value == 0 or abs(value) >= 0.1 else min(1 - math.floor(math.log10(abs(value))), 6)
