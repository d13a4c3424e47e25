"""Checks of notebook 12: four loud defects and four silent ones named from their signs, and pixels saved soundly."""

import numpy as np

from srlib.course import debugging_lab
from srlib.course.check import feedback

_OPEN = "Not answered yet: replace each ... above and run the cell again."
# What a run with the defect would show: the hint for whoever names it where it is not.
_WOULD_SHOW = {
    "vgg_range": "a content loss thousands of times below the sound run's, from the first row on",
    "no_gradient": "a content loss that begins where the sound run's begins and then climbs",
    "frozen_discriminator": "a discriminator that does not move at all, and two level lines of D",
    "one_optimizer": "a generator that moves as usual at first and has stopped long before the end",
    "no_antialiasing": "another score of bicubic itself, before anything is trained",
    "leak": "test pictures among the training pictures; look at that row",
    "truncation": "originals that come back changed when they are only saved",
    "inverted_average": "an average that has no distance from the last weights",
}


@feedback.exercise
def loud_cases(answer):
    """A dict from the cases A to D to four names in `debugging_lab.DEFECTS`."""
    return _diagnosis(answer, "ABCD")


@feedback.exercise
def silent_cases(answer):
    """A dict from the cases E to H to four names in `debugging_lab.DEFECTS`."""
    return _diagnosis(answer, "EFGH")


def _diagnosis(answer, cases):
    """The hint for the first wrong case, None if all are right."""
    if any(feedback.unanswered(answer.get(case)) for case in cases):
        return _OPEN
    given = {case: str(answer[case]).strip().lower() for case in cases}
    unknown = [name for name in given.values() if name not in debugging_lab.DEFECTS]
    if unknown:
        return f"{unknown[0]!r} is none of the eight: {', '.join(debugging_lab.DEFECTS)}."
    twice = [name for name in given.values() if list(given.values()).count(name) > 1]
    if twice:
        return f"{twice[0]} stands twice; each of these cases has another defect."
    wrong = [case for case in cases if given[case] != debugging_lab.CASES[case]]
    return _would_show(wrong[0], given[wrong[0]]) if wrong else None


def _would_show(case, name):
    return f"Case {case} is not {name}, which would show {_WOULD_SHOW[name]}."


@feedback.exercise
def saved_pixels(answer):
    """A NumPy function from a network's output in [-1, 1] and beyond to uint8 pixels."""
    exact = np.arange(256, dtype=np.float32) / np.float32(127.5) - 1
    pixels = answer(exact.copy())
    if feedback.unanswered(pixels):
        return feedback.NOTHING
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        return f"A file holds uint8; yours gives {pixels.dtype}: end with .astype(np.uint8)."
    if pixels.shape != exact.shape:
        return f"The shape changes from {exact.shape} to {pixels.shape}."
    differences = pixels.astype(int) - np.arange(256)
    if differences.any():
        return _difference_hint(differences)
    beyond = np.asarray(answer(np.array([-1.1, 1.1], np.float32)))
    if beyond.tolist() != [0, 255]:
        return f"-1.1 and 1.1 become {beyond.tolist()}: uint8 starts again at 0. Clip to 0..255 before that."
    return None


def _difference_hint(differences):
    """The hint for pixels that are not those that went in."""
    if set(differences.tolist()) == {0, -1}:
        share = np.mean(differences < 0)
        return f"{share:.0%} of the 256 values come back one level too dark: .astype cuts off, round before it."
    if set(differences.tolist()) <= {0, 1}:
        return "Some values come back one level too bright: that rounds up always; round to the nearest."
    if np.abs(differences).max() > 100:
        return "-1 has to become 0 and 1 has to become 255: add 1, then multiply by 127.5."
    return f"Values that were whole come back changed by up to {np.abs(differences).max()} levels."
