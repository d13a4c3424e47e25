"""Answers to the exercises of notebook 01."""

import numpy as np
from course.check.planted.exercise import Exercise, fails

from srlib.imaging import bicubic


def keys(x, a, far=1.0, near=1.0, beyond=0.0):
    """Keys' kernel, with places to spoil it."""
    x = np.abs(x)
    inner = (a + 2) * x**3 - near * (a + 3) * x**2 + 1
    outer = far * a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, inner, np.where(x < 2, outer, beyond))


LEAKS = {"harbour", "market", "bridge", "owl"}
EXERCISES = {
    "cubic_kernel": Exercise(
        right=[keys],
        mistakes=[
            (lambda x, a: bicubic.cubic(x), "do not change with a"),
            (lambda x, a: np.where(x < 0, 0, keys(x, a)), "positive distances"),
            (lambda x, a: keys(x, a, beyond=0.1), "From |x| = 2 on"),
            (lambda x, a: keys(x, a, far=-1), "far polynomial"),
            (lambda x, a: keys(x, a, near=-1), "near polynomial"),
            (lambda x, a: keys(x, a, near=-1, far=-1), "Neither"),
            (lambda x, a: a, "49 distances"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
    "lr_size": Exercise(
        right=[(80, 120, 1, 1), [80.0, 120, 1, 1], np.array([80, 120, 1, 1])],
        mistakes=[
            ((80.25, 120.25, 0, 0), "whole pixels"),
            ((120, 80, 1, 1), "Height before width"),
            ((81, 121, 0, 0), "crops"),
            ((79, 119, 1, 1), "drop the remainder"),
            ((80, 120, 0, 0), "left over"),
            ((80, 120, 3, 3), "next multiple"),
            ((80, 120, 2, 1), "How many rows"),
            ((80, 120), "four numbers"),
            (80, "four numbers"),
        ],
        raising=[(("a", "b", "c", "d"), "ValueError")],
        unfinished=[(80, 120, ..., ...)],
    ),
    "find_leaks": Exercise(
        right=[LEAKS, ["owl", "market", "harbour", "bridge"]],
        mistakes=[
            (set(), "4 still missing"),
            (LEAKS - {"bridge"}, "mirrored copy"),
            (LEAKS - {"market"}, "stereo pair"),
            (LEAKS | {"fern"}, "'fern' stands on one side only"),
            (LEAKS | {"face-0012"}, "two persons"),
            ({"harbour_0.png", "market"}, "not of files"),
            ("harbour", "more than one"),
        ],
        raising=[(7, "TypeError")],
    ),
}
