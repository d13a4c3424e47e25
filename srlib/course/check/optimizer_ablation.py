"""Checks of notebook 07: one step of AdaBelief, Holm's correction, spotting an unfair comparison."""

import numpy as np

from srlib.course.check import feedback
from srlib.evaluation import statistics

_STEPS = ((0.5, 0.2, 0.04, 3), (-1.0, 0.0, 0.0, 1))  # gradient, mean, belief, number of the step
_P_VALUES = ([0.01, 0.04, 0.03], [0.2, 0.001, 0.015, 0.6], [0.7, 0.8])
_near = feedback.within(1e-4, 1e-13)


@feedback.exercise
def adabelief_step(answer: feedback.Answer) -> feedback.Hint:
    """A function (gradient, mean, belief, step) that returns AdaBelief's (new mean, new belief, change)."""
    found = [feedback.returned(answer, *arguments) for arguments in _STEPS]
    for arguments, own in zip(_STEPS, found):
        if len(own) != 3:
            return "Return three numbers: the new mean, the new belief, and the change."
        if hint := _step_hint([float(value) for value in own], _step(*arguments)):
            return hint
    return None


def _step(gradient, mean, belief, step, of_old=False, plain=False):
    """AdaBelief without rectification, η 0.1, ε 1e-14; with the mistakes that are asked for."""
    new = 0.9 * mean + 0.1 * gradient
    distance = gradient if plain else gradient - (mean if of_old else new)
    seen = 0.999 * belief + 0.001 * distance**2 + 1e-14
    return new, seen, -0.1 * new / (1 - 0.9**step) / (np.sqrt(seen / (1 - 0.999**step)) + 1e-14)


def _step_hint(own, right):
    """The hint for one step's three numbers, None if they are right."""
    biased = 0.1 * abs(right[0]) / np.sqrt(right[1])
    lagging = "Mean and belief start at zero and lag behind: divide them by 1 - 0.9ᵗ and 1 - 0.999ᵗ first."
    return feedback.first_hint(
        (not _near(own[0], right[0]), "The mean is 0.9 times the old mean plus 0.1 times the gradient."),
        (not _near(own[1], right[1]), _belief_hint(own[1])),
        (_near(own[2], right[2]), None),
        (_near(own[2], -right[2]), "The sign is turned round: the change goes against the mean gradient."),
        (_near(abs(own[2]), biased), lagging),
        (True, f"Mean and belief are right, but the change is {own[2]:.4g} where it should be {right[2]:.4g}."),
    )


def _belief_hint(own):
    """The hint for a belief that is wrong in one of the two cases."""
    if any(_near(own, _step(*arguments, plain=True)[1]) for arguments in _STEPS):
        return "That is Adam's second moment, of the gradient itself. AdaBelief squares gradient minus mean."
    if any(_near(own, _step(*arguments, of_old=True)[1]) for arguments in _STEPS):
        return "You compare the gradient with the old mean; AdaBelief takes the new one, which has seen it already."
    return "The belief is 0.999 times the old one plus 0.001 times (gradient - new mean)², plus 1e-14."


@feedback.exercise
def holm(answer: feedback.Answer) -> feedback.Hint:
    """A function of a list of p-values that returns Holm's adjusted ones in the same order."""
    return next(filter(None, (_holm_hint(answer, p_values) for p_values in _P_VALUES)), None)


def _holm_hint(answer, p_values):
    """The hint for what the answer makes of a list of p-values, None if it is right."""
    own = [float(value) for value in feedback.returned(answer, list(p_values))]
    right, count = statistics.holm(p_values), len(p_values)
    stepwise = (count - np.argsort(np.argsort(p_values))) * np.array(p_values)
    carried = [max(value for value, p in zip(stepwise, p_values) if p <= each) for each in p_values]
    bonferroni = (
        "That is Bonferroni, which multiplies each by n. Holm multiplies the smallest by n, the next by n - 1 …"
    )
    hints = [
        (right, None),
        (sorted(right), "Right numbers, wrong order: give each back at the place of its p-value."),
        (p_values, "Nothing was adjusted: the smallest of n p-values is multiplied by n, the next by n - 1 …"),
        (np.minimum(1, count * np.array(p_values)), bonferroni),
        (np.minimum(1, stepwise), "A larger p-value must not end below a smaller one: carry the largest so far along."),
        (carried, "A p-value is a probability: no more than 1."),
    ]
    otherwise = f"For {p_values} it should be {[round(value, 4) for value in right]}, yours gives {own}."
    return feedback.value_hint(own, hints, otherwise=otherwise, near=_alike)


def _alike(own, values):
    return len(own) == len(values) and np.allclose(own, values)


@feedback.exercise
def unfair(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the reports A to F to what is wrong with them."""
    return feedback.choice_hint(answer, **feedback.CHOICES["unfair"])
