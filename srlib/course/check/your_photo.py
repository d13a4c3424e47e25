"""Checks of notebook 11: the difference map, and what an enlarged face may be used for."""

import numpy as np

from srlib.course.check import feedback

_FAIR, _UNFAIR = feedback.CHOICES["good_uses"]["fair"], feedback.CHOICES["good_uses"]["unfair"]


@feedback.exercise
def difference_map(answer: feedback.Answer) -> feedback.Hint:
    """The function from two uint8 pictures to the mean over colours of their absolute difference."""
    random = np.random.default_rng(0)
    one, other = (random.integers(0, 256, (5, 7, 3), dtype=np.uint8) for _ in range(2))
    value = np.asarray(feedback.returned(answer, one.copy(), other.copy()))
    if value.shape == one.shape:
        return "Still three colours at each pixel: take their mean, axis=2."
    if value.shape != one.shape[:2]:
        return f"The map must have a value for each pixel, {one.shape[:2]}; this has the shape {value.shape}."
    return _map_hint(value, one, other)


def _map_hint(value, one, other):
    """The hint for a map with a value for each pixel, None for the right one."""
    difference = one.astype(float) - other
    right = abs(difference).mean(axis=2)
    too_late = "The absolute value comes too late: red too bright and blue too dark cancel in the mean. Take it before."
    hints = [
        (right, None),
        (abs(one - other).mean(axis=2), "uint8 knows no negative numbers: 10 - 20 is 246. Convert to float first."),
        (difference.mean(axis=2), "Signed: differences of opposite colours cancel. Take np.abs."),
        (abs(difference.mean(axis=2)), too_late),
        ((difference**2).mean(axis=2), "Squared; the absolute difference is asked for."),
        (abs(difference).sum(axis=2), "A sum over the three colours; their mean is a third of it."),
        (abs(difference).max(axis=2), "That is the worst colour of each pixel, not the mean."),
        (np.clip(difference, 0, None).mean(axis=2), "What is darker than the original is cut off."),
    ]
    otherwise = f"At the first pixel {one[0, 0]} and {other[0, 0]} give {right[0, 0]:.2f}."
    return feedback.value_hint(value, hints, otherwise=otherwise, near=np.allclose)


@feedback.exercise
def good_uses(answer: feedback.Answer) -> feedback.Hint:
    """The letters of the uses that are fair, as text or as a list."""
    given = {letter.upper() for letter in "".join(answer) if letter.isalpha()}
    if unknown := sorted(given - {*_FAIR, *_UNFAIR}):
        return f"There is no use {', '.join(unknown)}; give letters from A to F."
    named = ((letter in given, hint) for letter, hint in _UNFAIR.items())
    left_out = ((letter not in given, hint) for letter, hint in _FAIR.items())
    return feedback.first_hint(*named, *left_out)
