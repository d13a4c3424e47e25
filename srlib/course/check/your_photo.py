"""Checks of notebook 11: the difference map, and what an enlarged face may be used for."""

import numpy as np

from srlib.course.check import feedback

_SLIPS = (
    (lambda a, b: abs(a - b).mean(axis=2), "uint8 knows no negative numbers: 10 - 20 is 246. Convert to float first."),
    (lambda a, b: (a.astype(float) - b).mean(axis=2), "Signed: differences of opposite colours cancel. Take np.abs."),
    (
        lambda a, b: abs((a.astype(float) - b).mean(axis=2)),
        "The absolute value comes too late: red too bright and blue too dark cancel in the mean. Take it before.",
    ),
    (lambda a, b: ((a.astype(float) - b) ** 2).mean(axis=2), "Squared; the absolute difference is asked for."),
    (lambda a, b: abs(a.astype(float) - b).sum(axis=2), "A sum over the three colours; their mean is a third of it."),
    (lambda a, b: abs(a.astype(float) - b).max(axis=2), "That is the worst colour of each pixel, not the mean."),
    (lambda a, b: np.clip(a.astype(float) - b, 0, None).mean(axis=2), "What is darker than the original is cut off."),
)


@feedback.exercise
def difference_map(answer):
    """The function from two uint8 pictures to the mean over colours of their absolute difference."""
    random = np.random.default_rng(0)
    one, other = (random.integers(0, 256, (5, 7, 3), dtype=np.uint8) for _ in range(2))
    value = answer(one.copy(), other.copy())
    if feedback.unanswered(value):
        return feedback.NOTHING
    value = np.asarray(value)
    if value.shape == one.shape:
        return "Still three colours at each pixel: take their mean, axis=2."
    if value.shape != one.shape[:2]:
        return f"The map must have a value for each pixel, {one.shape[:2]}; this has the shape {value.shape}."
    if np.allclose(value, np.abs(one.astype(float) - other).mean(axis=2)):
        return None
    for slip, hint in _SLIPS:
        if np.allclose(value, slip(one, other)):
            return hint
    return f"At the first pixel {one[0, 0]} and {other[0, 0]} give {np.abs(one[0, 0] - 1.0 * other[0, 0]).mean():.2f}."


_BAD = {
    "B": "B: the face in the result is one of many that fit. A search finds people who look like the network's guess.",
    "D": "D: the network draws a likely plate, and any digit is likely. Somebody else gets the bill.",
    "E": "E: these people did not agree, and the sharp faces may be nobody's, or somebody else's.",
}
_GOOD = {
    "A": "A: your own photo, for yourself, and nobody is recognised by it. Why not?",
    "C": "C: shown beside the original, with consent, the invention teaches. Why not?",
    "F": "F: with originals and consent this is what the course does in every notebook. Why not?",
}


@feedback.exercise
def good_uses(answer):
    """The letters of the uses that are fair, as text or as a list."""
    given = {letter.upper() for letter in "".join(answer) if letter.isalpha()}
    unknown = given - set(_BAD) - set(_GOOD)
    if unknown:
        return f"There is no use {', '.join(sorted(unknown))}; give letters from A to F."
    wrong = [hint for letter, hint in _BAD.items() if letter in given]
    missing = [hint for letter, hint in _GOOD.items() if letter not in given]
    return next(iter(wrong + missing), None)
