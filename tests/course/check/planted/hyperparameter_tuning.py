"""Answers to the exercises of notebook 09."""

import math

import numpy as np
from course.check.planted.exercise import Exercise, choice

REPORTS = {"A": "test set", "B": "unequal tuning", "C": "one seed", "D": "best of many", "E": "believable"}


def trials(share, chance):
    return math.ceil(math.log(1 - chance) / math.log(1 - share))


def halving(curves, keep=max, cost=0):
    """Successive halving; `keep` is max or min, `cost` is added to the rungs."""
    alive, rungs = list(range(len(curves))), cost
    for rung in range(curves.shape[1]):
        rungs += len(alive)
        alive.sort(key=lambda index: curves[index, rung], reverse=keep is max)
        alive = alive[: max(1, len(alive) // 2)]
    return alive[0], rungs


def places_among_survivors(curves):
    for rung in range(curves.shape[1]):
        order = np.argsort(-curves[:, rung])
        curves = curves[order[: max(1, len(order) // 2)]]
    return 0, 15


EXERCISES = {
    "trials_for_a_hit": Exercise(
        right=[trials],
        mistakes=[
            (lambda share, chance: math.log(1 - chance) / math.log(1 - share), "whole"),
            (lambda share, chance: trials(share, chance) - 1, "Rounded down"),
            (lambda share, chance: math.log(1 - share) / math.log(1 - chance), "upside down"),
            (lambda share, chance: round(1 / share), "on average"),
            (lambda share, chance: math.ceil(chance / share), "add up"),
            (lambda share, chance: math.ceil(math.log(chance) / math.log(share)), "wrong event"),
            (lambda share, chance: 10, "with the chance 0.401"),
        ],
        raising=[(lambda share: 3, "TypeError")],
    ),
    "successive_halving": Exercise(
        right=[halving],
        mistakes=[
            (lambda curves: (int(curves[:, -1].argmax()), 15), "survivors only"),
            (lambda curves: halving(curves, min), "worse half"),
            (lambda curves: (int(curves[:, 0].argmax()), 15), "first rung only"),
            (places_among_survivors, "place among the survivors"),
            (lambda curves: (5, 15), "does not survive"),
            (lambda curves: (halving(curves)[0], curves.size), "all to the end"),
            (lambda curves: halving(curves, cost=-1), "last rung too"),
            (lambda curves: halving(curves, cost=-8), "all of them at the first"),
            (lambda curves: halving(curves, cost=5), "not 20"),
            (lambda curves: halving(curves)[0], "two numbers"),
        ],
        raising=[(lambda curves: curves[99], "IndexError")],
    ),
    "believable_searches": choice(
        REPORTS,
        changes=[
            {"A": "believable"},
            {"B": "believable"},
            {"C": "believable"},
            {"D": "believable"},
            {"E": "one seed"},
            {"E": "fine"},
        ],
        hints=["Report A", "Report B", "Report C", "Report D", "Report E", "none of the five"],
    ),
}
