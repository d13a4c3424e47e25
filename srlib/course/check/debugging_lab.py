"""Checks of notebook 12: four loud defects and four silent ones named from their signs, and pixels saved soundly."""

import numpy as np

from srlib.course import debugging_lab
from srlib.course.check import feedback

_SIGNS = feedback.CHOICES["signs_of_defects"]


@feedback.exercise
def loud_cases(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the cases A to D to four names in `debugging_lab.DEFECTS`."""
    return _diagnosis_hint(feedback.filled(answer, "ABCD"))


@feedback.exercise
def silent_cases(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the cases E to H to four names in `debugging_lab.DEFECTS`."""
    return _diagnosis_hint(feedback.filled(answer, "EFGH"))


def _diagnosis_hint(given):
    """The hint for the first wrong case, None if all are right."""
    names = list(given.values())
    if unknown := [name for name in names if name not in debugging_lab.DEFECTS]:
        return f"{unknown[0]!r} is none of the eight: {', '.join(debugging_lab.DEFECTS)}."
    if twice := [name for name in names if names.count(name) > 1]:
        return f"{twice[0]} stands twice; each of these cases has another defect."
    hints = {case: f"Case {case} is not {name}, which would show {_SIGNS[name]}." for case, name in given.items()}
    return feedback.first_hint(*((name != debugging_lab.CASES[case], hints[case]) for case, name in given.items()))


@feedback.exercise
def saved_pixels(answer: feedback.Answer) -> feedback.Hint:
    """A NumPy function from a network's output in [-1, 1] and beyond to uint8 pixels."""
    exact = np.arange(256, dtype=np.float32) / np.float32(127.5) - 1
    pixels = np.asarray(feedback.returned(answer, exact.copy()))
    if pixels.dtype != np.uint8:
        return f"A file holds uint8; yours gives {pixels.dtype}: end with .astype(np.uint8)."
    if pixels.shape != exact.shape:
        return f"The shape changes from {exact.shape} to {pixels.shape}."
    if hint := _difference_hint(pixels.astype(int) - np.arange(256)):
        return hint
    beyond = np.asarray(answer(np.array([-1.1, 1.1], np.float32))).tolist()
    if beyond != [0, 255]:
        return f"-1.1 and 1.1 become {beyond}: uint8 starts again at 0. Clip to 0..255 before that."
    return None


def _difference_hint(differences):
    """The hint for pixels that are not those that went in, None where all are."""
    kinds, largest = set(differences.tolist()), np.abs(differences).max()
    share = f"{np.mean(differences < 0):.0%} of the 256 values"
    return feedback.first_hint(
        (not differences.any(), None),
        (kinds == {0, -1}, f"{share} come back one level too dark: .astype cuts off, round before it."),
        (kinds <= {0, 1}, "Some values come back one level too bright: that rounds up always; round to the nearest."),
        (largest > 100, "-1 has to become 0 and 1 has to become 255: add 1, then multiply by 127.5."),
        (True, f"Values that were whole come back changed by up to {largest} levels."),
    )
