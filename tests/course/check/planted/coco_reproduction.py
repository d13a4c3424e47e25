"""Answers to the exercises of notebook 05."""

import numpy as np
from course.check.planted.exercise import Exercise, choice
from scipy import stats

PROTOCOLS = {"A": "colour", "B": "border", "C": "resampler", "D": "averaging", "E": "comparable", "F": "leak"}
# 10 log10(65025 / 400) = 22.1101, … / 4 = 42.1101, … / 202 = 25.0773
AVERAGES = {"a": 32.1101, "b": 25.0773, "never smaller": "a"}


def interval(bicubic, network, quantile=None, ddof=1, root=True, paired=True, sign=1):
    """Mean and ends of the gain, with room for mistakes."""
    differences = sign * np.subtract(network, bicubic)
    count = len(differences)
    deviation = differences.std(ddof=ddof) if paired else np.sqrt(np.var(bicubic, ddof=1) + np.var(network, ddof=1))
    t = stats.t.ppf(0.975, count - 1) if quantile is None else quantile
    half = t * deviation / (np.sqrt(count) if root else 1)
    return differences.mean(), differences.mean() - half, differences.mean() + half


def mistaken(**options):
    """`interval` with one mistake."""
    return lambda bicubic, network: interval(bicubic, network, **options)


EXERCISES = {
    "paired_gain": Exercise(
        right=[interval],
        mistakes=[
            (mistaken(root=False), "√n"),
            (mistaken(quantile=1.96), "many images"),
            (mistaken(paired=False), "unpaired"),
            (mistaken(ddof=0), "n - 1"),
            (mistaken(quantile=1.0), "standard error"),
            (mistaken(sign=-1), "network minus bicubic"),
            (lambda a, b: tuple(np.array(interval(a, b))[[0, 2, 1]]), "Lower end first"),
            (lambda a, b: interval(a, b)[0], "three numbers"),
            (lambda a, b: (1.0, 0.9, 1.1), "mean gain"),
            (lambda a, b: (*interval(a, b)[:2], 7.0), "same distance"),
            (mistaken(quantile=3.5), "half width"),
        ],
        raising=[(lambda one: one, "TypeError")],
    ),
    "two_averages": Exercise(
        right=[AVERAGES],
        mistakes=[
            ({"a": 25.0773, "b": 32.1101, "never smaller": "b"}, "exchanged"),
            (AVERAGES | {"never smaller": "b"}, "convex"),
            (AVERAGES | {"b": 32.1101}, "(a) is right"),
            (AVERAGES | {"a": 25.0773}, "(b) is right"),
            ({"a": 64.2202, "b": 50.1546, "never smaller": "a"}, "20"),
            ({"a": 73.9363, "b": 57.7426, "never smaller": "a"}, "base 10"),
            ({"a": -16.0206, "b": -23.0535, "never smaller": "a"}, "255"),
            ({"a": 1.0, "b": 2.0, "never smaller": "a"}, "once for each image"),
        ],
        raising=[({}, "KeyError")],
    ),
    "wrong_protocols": choice(
        PROTOCOLS,
        changes=[{"A": "border"}, {"D": "comparable", "E": "averaging"}, {"F": "comparable"}, {"C": "resampling"}],
        hints=["Report A", "Report D", "already seen", "none of the six"],
        raising="A: colour",
    ),
}
