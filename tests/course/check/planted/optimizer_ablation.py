"""Answers to the exercises of notebook 07."""

import numpy as np
from course.check.planted.exercise import Exercise, choice, fails

from srlib.evaluation import statistics

FAULTS = {
    "A": "unequal trials",
    "B": "one seed",
    "C": "chosen on the test set",
    "D": "fair",
    "E": "unequal steps",
    "F": "one rate for all",
}


def step(square=lambda g, m, new: g - new, unbias=True, sign=-1, rate=0.1, decay=0.9):
    """AdaBelief's step as the notebook writes it, with the parts that a planted mistake changes."""

    def one(gradient, mean, belief, count):
        new = decay * mean + (1 - decay) * gradient
        seen = 0.999 * belief + 0.001 * square(gradient, mean, new) ** 2 + 1e-14
        corrected = (new / (1 - 0.9**count), seen / (1 - 0.999**count)) if unbias else (new, seen)
        return new, seen, sign * rate * corrected[0] / (np.sqrt(corrected[1]) + 1e-14)

    return one


def bonferroni(p_values):
    return [min(1.0, len(p_values) * p) for p in p_values]


def without_carrying(p_values):
    ranks = np.argsort(np.argsort(p_values))
    return [min(1.0, (len(p_values) - rank) * p) for p, rank in zip(p_values, ranks)]


def without_limit(p_values):
    stepwise = [(len(p_values) - rank) * p for p, rank in zip(p_values, np.argsort(np.argsort(p_values)))]
    return [max(value for value, p in zip(stepwise, p_values) if p <= own) for own in p_values]


EXERCISES = {
    "adabelief_step": Exercise(
        right=[step()],
        mistakes=[
            (step(square=lambda g, m, new: g), "Adam's second moment"),
            (step(square=lambda g, m, new: g - m), "old mean"),
            (step(square=lambda g, m, new: 2 * g), "0.001 times"),
            (step(unbias=False), "lag behind"),
            (step(sign=1), "sign"),
            (step(rate=0.2), "should be"),
            (step(decay=0.5), "0.9 times"),
            (lambda *numbers: (1.0, 2.0), "three numbers"),
        ],
        raising=[(lambda g: g, "TypeError")],
    ),
    "holm": Exercise(
        right=[statistics.holm, lambda p: np.array(statistics.holm(p))],
        mistakes=[
            (bonferroni, "Bonferroni"),
            (without_carrying, "must not end below"),
            (without_limit, "no more than 1"),
            (lambda p: p, "Nothing was adjusted"),
            (lambda p: sorted(statistics.holm(p)), "wrong order"),
            (lambda p: [0.5] * len(p), "it should be"),
            (lambda p: [0.5], "it should be"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
    "unfair": choice(
        FAULTS,
        changes=[{"A": "fair"}, {"C": "one seed"}, {"F": "fair"}, {"B": "bad luck"}],
        hints=["Report A", "Report C", "Report F", "none of the words"],
    ),
}
