"""Answers to the exercises of notebook 11."""

import numpy as np
from course.check.planted.exercise import Exercise, fails


def difference(a, b):
    """The signed difference, in floats."""
    return a.astype(float) - b


EXERCISES = {
    "difference_map": Exercise(
        right=[
            lambda a, b: np.abs(a.astype(float) - b).mean(axis=2),
            lambda a, b: np.abs(a.astype(int) - b.astype(int)).sum(axis=2) / 3,
        ],
        mistakes=[
            (lambda a, b: abs(a - b).mean(axis=2), "uint8"),
            (lambda a, b: difference(a, b).mean(axis=2), "Signed"),
            (lambda a, b: abs(difference(a, b).mean(axis=2)), "too late"),
            (lambda a, b: (difference(a, b) ** 2).mean(axis=2), "Squared"),
            (lambda a, b: abs(difference(a, b)).sum(axis=2), "a third"),
            (lambda a, b: abs(difference(a, b)).max(axis=2), "worst colour"),
            (lambda a, b: np.clip(difference(a, b), 0, None).mean(axis=2), "cut off"),
            (lambda a, b: abs(difference(a, b)), "axis=2"),
            (lambda a, b: abs(difference(a, b)).mean(), "for each pixel"),
            (lambda a, b: np.zeros(a.shape[:2]), "At the first pixel"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
    "good_uses": Exercise(
        right=["ACF", "fca", ["A", "C", "F"], "A, C, F"],
        mistakes=[
            ("ABCF", "one of many that fit"),
            ("ACDF", "any digit"),
            ("ACEF", "did not agree"),
            ("CF", "your own photo"),
            ("AF", "invention teaches"),
            ("AC", "in every notebook"),
            ("ACX", "no use X"),
        ],
        raising=[(3, "TypeError")],
    ),
}
