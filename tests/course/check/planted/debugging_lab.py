"""Answers to the exercises of notebook 12."""

import numpy as np
from course.check.planted.exercise import Exercise, fails

from srlib.course import debugging_lab

LOUD = {case: debugging_lab.CASES[case] for case in "ABCD"}
SILENT = {case: debugging_lab.CASES[case] for case in "EFGH"}


def swapped(cases, one, other):
    """The right answer with two cases taken for each other."""
    return {**cases, one: cases[other], other: cases[one]}


def save(hr):
    """The right answer."""
    return np.rint(np.clip((hr + 1) * 127.5, 0, 255)).astype(np.uint8)


EXERCISES = {
    "loud_cases": Exercise(
        right=[LOUD],
        mistakes=[
            (swapped(LOUD, "B", "D"), "Case B is not no_gradient, which would show a content loss that begins"),
            (
                swapped(LOUD, "A", "C"),
                "Case A is not frozen_discriminator, which would show a discriminator that does not",
            ),
            (LOUD | {"C": "leak"}, "Case C is not leak, which would show test pictures"),
            (LOUD | {"C": LOUD["A"]}, "one_optimizer stands twice"),
            (LOUD | {"C": "bad luck"}, "none of the eight"),
        ],
        raising=[(["leak"], "AttributeError")],
    ),
    "silent_cases": Exercise(
        right=[SILENT, {case: f" {name.upper()} " for case, name in SILENT.items()}],
        mistakes=[
            (swapped(SILENT, "E", "F"), "Case E is not inverted_average, which would show an average"),
            (swapped(SILENT, "F", "H"), "Case F is not leak, which would show test pictures"),
            (swapped(SILENT, "G", "H"), "Case G is not leak"),
            (SILENT | {"H": "vgg_range"}, "Case H is not vgg_range, which would show a content loss thousands"),
            (SILENT | {"H": "no_antialiasing"}, "no_antialiasing stands twice"),
        ],
        raising=[(3, "AttributeError")],
        unfinished=[{"E": "leak"}],
    ),
    "saved_pixels": Exercise(
        right=[save, lambda hr: np.floor(np.clip(127.5 * hr + 127.5, 0, 255) + 0.5).astype(np.uint8)],
        mistakes=[
            (lambda hr: np.clip((hr + 1) * 127.5, 0, 255).astype(np.uint8), "one level too dark"),
            (lambda hr: np.rint(np.clip((hr + 1) * 127.5 + 0.5, 0, 255)).astype(np.uint8), "one level too bright"),
            (lambda hr: np.rint((hr + 1) * 127.5).astype(np.int64).astype(np.uint8), "starts again at 0"),
            (lambda hr: np.rint(np.clip(hr * 255, 0, 255)).astype(np.uint8), "add 1, then multiply"),
            (lambda hr: np.rint(np.clip((hr + 1) * 127.5, 0, 255)), "A file holds uint8"),
            (lambda hr: save(hr)[:3], "The shape changes"),
            (lambda hr: save(hr) // 2 * 2, "one level too dark"),
            (lambda hr: save(hr) // 8 * 8, "by up to 7 levels"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
}
