"""Answers to the exercises of notebook 06."""

import numpy as np
from course.check.planted.exercise import Exercise, choice, fails

from srlib.imaging import bicubic

USES = {"A": "fine", "B": "ask first", "C": "never", "D": "fine", "E": "ask first", "F": "never"}


def one_lr(one, other):
    return np.array_equal(bicubic.downscale(one), bicubic.downscale(other))


def unrounded(one, other):
    return np.allclose(bicubic.imresize(one.astype(float), (8, 8)), bicubic.imresize(other.astype(float), (8, 8)))


def nearly(one, other):
    return np.allclose(bicubic.downscale(one).astype(int), bicubic.downscale(other), atol=1)


def blocks(one, other):
    means = [picture.reshape(8, 4, 8, 4, 3).mean(axis=(1, 3)) for picture in (one, other)]
    return np.allclose(*means, atol=0.5)


def members(gains, groups):
    return {group: np.array([gain for gain, own in zip(gains, groups) if own == group]) for group in groups}


def worst(gains, groups, average=np.nanmean, choose=min):
    """The group with the lowest mean gain, or one of the usual mistakes."""
    means = {group: float(average(values)) for group, values in members(gains, groups).items()}
    name = choose(means, key=means.get)
    return name, means[name]


def missing_as_zero(gains, groups):
    """An image without a face counted with a gain of 0."""
    return worst(gains, groups, lambda values: np.nansum(values) / len(values))


EXERCISES = {
    "twins_below": Exercise(
        right=[one_lr],
        mistakes=[
            (lambda one, other: not one_lr(one, other), "Turned round"),
            (np.array_equal, "never sees them"),
            (unrounded, "Before rounding"),
            (nearly, "One grey level"),
            (lambda one, other: np.array_equal(one[::4, ::4], other[::4, ::4]), "Every fourth pixel"),
            (blocks, "another reduction"),
            (lambda one, other: True, "True to every pair"),
            (lambda one, other: False, "False to every pair"),
            (lambda one, other: one[0, 0, 0] == other[0, 0, 0], "compare every value"),
        ],
        raising=[(lambda one: one, "TypeError")],
    ),
    "worst_group": Exercise(
        right=[worst],
        mistakes=[
            (lambda gains, groups: worst(gains, groups, np.mean, choose=lambda means, key: "darker"), "NaN"),
            (lambda gains, groups: worst(gains, groups, choose=max), "gains most"),
            (lambda gains, groups: worst(gains, groups, np.nanmin), "worst single image"),
            (lambda gains, groups: worst(gains, groups, np.nansum), "smallest sum"),
            (lambda gains, groups: ("brighter", 0.25), "another one's is lower"),
            (lambda gains, groups: ("darker", np.nanmean(gains)), "over all images"),
            (missing_as_zero, "counts as a gain"),
            (lambda gains, groups: "darker", "Return two"),
            (lambda gains, groups: ("darker", 7.0), "Collect each group"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
    "fair_use": choice(
        USES,
        changes=[{"A": "never"}, {"B": "fine"}, {"C": "ask first"}, {"F": "fine"}, {"F": "perhaps"}],
        hints=["Case A", "Case B", "Case C", "Case F", "none of the three"],
    ),
}
