"""Checks of notebook 07: one step of AdaBelief, Holm's correction, spotting an unfair comparison."""

import numpy as np

from srlib.course.check import feedback
from srlib.evaluation import statistics

_FAULTS = {
    "A": "unequal trials",
    "B": "one seed",
    "C": "chosen on the test set",
    "D": "fair",
    "E": "unequal steps",
    "F": "one rate for all",
}
_FAULT_HINTS = {
    "A": "Report A: count how many rates each rule may choose from. More tickets, more luck.",
    "B": "Report B: how often was each rule trained? What would the next seed say?",
    "C": "Report C: which photographs decided about the rate, and which did the printed score come from?",
    "D": "Report D: the same number of trials, steps and seeds, rates chosen on validation. What is missing?",
    "E": "Report E: who was allowed to train for longer?",
    "F": "Report F: equal is not fair here. For which of the rules had that rate been found?",
}


@feedback.exercise
def adabelief_step(answer):
    """A function (gradient, mean, surprise, step) that returns AdaBelief's (new mean, new surprise, change)."""
    cases = [((0.5, 0.2, 0.04, 3), _step(0.5, 0.2, 0.04, 3)), ((-1.0, 0.0, 0.0, 1), _step(-1.0, 0.0, 0.0, 1))]
    found = [answer(*arguments) for arguments, _ in cases]
    if any(feedback.unanswered(each) for each in found):
        return feedback.NOTHING
    for (_, right), own in zip(cases, found):
        if len(own) != 3:
            return "Return three numbers: the new mean, the new surprise, and the change."
        hint = _step_hint([float(value) for value in own], right)
        if hint:
            return hint
    return None


def _step(gradient, mean, surprise, step, of_old=False, plain=False):
    """AdaBelief without rectification, η 0.1, ε 1e-14; with the mistakes that are asked for."""
    new = 0.9 * mean + 0.1 * gradient
    distance = gradient if plain else gradient - (mean if of_old else new)
    seen = 0.999 * surprise + 0.001 * distance**2 + 1e-14
    return new, seen, -0.1 * new / (1 - 0.9**step) / (np.sqrt(seen / (1 - 0.999**step)) + 1e-14)


def _step_hint(own, right):
    """The hint for one step's three numbers, None if they are right."""
    if not _near(own[0], right[0]):
        return "The mean is 0.9 times the old mean plus 0.1 times the gradient."
    if not _near(own[1], right[1]):
        return _surprise_hint(own[1])
    if _near(own[2], right[2]):
        return None
    if _near(own[2], -right[2]):
        return "The sign is turned round: the change goes against the mean gradient."
    if _near(abs(own[2]), 0.1 * abs(right[0]) / np.sqrt(right[1])):
        return "Mean and surprise start at zero and lag behind: divide them by 1 - 0.9ᵗ and 1 - 0.999ᵗ first."
    return f"Mean and surprise are right, but the change is {own[2]:.4g} where it should be {right[2]:.4g}."


def _surprise_hint(own):
    """The hint for a surprise that is wrong in one of the two cases."""
    cases = ((0.5, 0.2, 0.04, 3), (-1.0, 0.0, 0.0, 1))
    if any(_near(own, _step(*case, plain=True)[1]) for case in cases):
        return "That is Adam's second moment, of the gradient itself. AdaBelief squares gradient minus mean."
    if any(_near(own, _step(*case, of_old=True)[1]) for case in cases):
        return "You compare the gradient with the old mean; AdaBelief takes the new one, which has seen it already."
    return "The surprise is 0.999 times the old one plus 0.001 times (gradient - new mean)², plus 1e-14."


@feedback.exercise
def holm(answer):
    """A function of a list of p-values that returns Holm's adjusted ones in the same order."""
    cases = ([0.01, 0.04, 0.03], [0.2, 0.001, 0.015, 0.6], [0.7, 0.8])
    for p_values in cases:
        own = answer(list(p_values))
        if feedback.unanswered(own):
            return feedback.NOTHING
        hint = _holm_hint(p_values, [float(value) for value in own])
        if hint:
            return hint
    return None


def _holm_hint(p_values, own):
    """The hint for one list of adjusted p-values, None if they are right."""
    right, count = statistics.holm(p_values), len(p_values)
    ranks = np.argsort(np.argsort(p_values))
    stepwise = (count - ranks) * np.array(p_values)
    mistakes = [
        (right, None),
        (sorted(right), "Right numbers, wrong order: give each back at the place of its p-value."),
        (p_values, "Nothing was adjusted: the smallest of n p-values is multiplied by n, the next by n - 1 …"),
        (
            np.minimum(1, count * np.array(p_values)),
            "That is Bonferroni, which multiplies each by n. Holm multiplies the smallest by n, the next by n - 1 …",
        ),
        (np.minimum(1, stepwise), "A larger p-value must not end below a smaller one: carry the largest so far along."),
        (_carried(stepwise, p_values), "A p-value is a probability: no more than 1."),
    ]
    near = [hint for values, hint in mistakes if len(own) == count and np.allclose(own, values)]
    listed = [round(value, 4) for value in right]
    return near[0] if near else f"For {p_values} it should be {listed}, yours gives {own}."


def _carried(values, p_values):
    """Each value, or the largest that belongs to a smaller p-value."""
    return [max(value for value, p in zip(values, p_values) if p <= own) for own in p_values]


@feedback.exercise
def unfair(answer):
    """A dict from the reports A to F to what is wrong with them."""
    if all(feedback.unanswered(value) for value in answer.values()):
        return "Not answered yet: replace each ... above and run the cell again."
    unknown = [value for value in answer.values() if value not in _FAULTS.values()]
    if unknown:
        return f"{unknown[0]!r} is none of the words to choose from: {', '.join(sorted(_FAULTS.values()))}."
    wrong = [report for report, fault in _FAULTS.items() if answer.get(report) != fault]
    return _FAULT_HINTS[wrong[0]] if wrong else None


def _near(a, b):
    return bool(np.isclose(a, b, rtol=1e-4, atol=1e-13))
