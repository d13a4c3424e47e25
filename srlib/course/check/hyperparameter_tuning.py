"""Checks of notebook 09: how many random trials it takes, successive halving, which searches can be believed."""

import math

import numpy as np

from srlib.course.check import feedback

# Eight trainings, scores at four rungs. The best at the end, 2, is behind at the second rung and falls out there.
_CURVES = np.array(
    [
        [0.10, 0.20, 0.30, 0.40],
        [0.50, 0.60, 0.70, 0.75],
        [0.60, 0.61, 0.90, 0.99],
        [0.20, 0.30, 0.35, 0.45],
        [0.70, 0.75, 0.78, 0.79],
        [0.30, 0.35, 0.40, 0.50],
        [0.65, 0.80, 0.85, 0.90],
        [0.05, 0.06, 0.07, 0.08],
    ]
)
_FINDINGS = {
    "A": "test set",
    "B": "unequal tuning",
    "C": "one seed",
    "D": "best of many",
    "E": "believable",
}
_REPORT_HINTS = {
    "A": "Report A: which pictures decided between the settings, and on which was the winner then scored?",
    "B": "Report B: how many settings was each of the two optimizers allowed to try?",
    "C": "Report C: the search is fair and the test set untouched. But how much would another seed have changed?",
    "D": "Report D: the highest of many noisy scores is high partly by luck. Was the winner ever scored afresh?",
    "E": "Report E: equal trials, validation for the choice, fresh seeds, one look at the test set. What is missing?",
}


@feedback.exercise
def trials_for_a_hit(answer):
    """A function (share, chance): the smallest number of random trials that hit the best `share` with that chance."""
    for share, chance in ((0.05, 0.95), (0.5, 0.7), (0.1, 0.05)):
        own = answer(share, chance)
        if feedback.unanswered(own):
            return feedback.NOTHING
        if hint := _trials_hint(float(own), share, chance):
            return hint
    return None


def _trials_hint(own, share, chance):
    """None for the right number of trials, else the hint that fits."""
    exact = math.log(1 - chance) / math.log(1 - share)
    if own == math.ceil(exact):
        return None
    mistakes = {
        exact: "That is where the chance is met exactly. Trials are whole: round up (math.ceil).",
        math.floor(exact): "Rounded down, the chance is not quite reached: round up.",
        1 / exact: "The fraction is upside down: log(1 - chance) stands above log(1 - share).",
        math.ceil(1 / share): "1 / share is how often one hits on average once. The chance does not enter it.",
        math.ceil(chance / share): "Chances do not add up like this: both of two trials may hit. Start from n misses.",
        math.ceil(math.log(chance) / math.log(share)): "With chance and share themselves this is the wrong event: "
        "n misses in a row have the probability (1 - share) ** n.",
    }
    near = [hint for value, hint in mistakes.items() if math.isclose(own, value, rel_tol=1e-6)]
    missed = 1 - (1 - share) ** max(own, 0)
    return near[0] if near else f"{own:g} trials hit the best {share:g} with the chance {missed:.3f}, not {chance:g}."


@feedback.exercise
def successive_halving(answer):
    """A function of scores (trainings, rungs): the index of the last survivor and the rungs trained altogether."""
    value = answer(_CURVES.copy())
    if feedback.unanswered(value):
        return feedback.NOTHING
    if np.size(value) != 2:
        return "Return two numbers: the index of the survivor and the rungs that were trained altogether."
    winner, rungs = (int(each) for each in value)
    return _winner_hint(winner) or _rungs_hint(rungs)


def _winner_hint(winner):
    """None for the training that halving leaves over, else the hint that fits."""
    if winner == 6:
        return None
    hints = {
        2: "Training 2 is the best at the end, but it falls out before it gets there: look at survivors only.",
        7: "You keep the worse half: the larger score is the better one.",
        4: "Training 4 leads at the first rung only. Each rung has to be judged by its own scores.",
        0: "That is a place among the survivors. Keep the indices of the trainings and select from those.",
    }
    return hints.get(winner, f"Training {winner} does not survive: after the first rung 1, 2, 4 and 6 are left.")


def _rungs_hint(rungs):
    """None for the right cost, else the hint that fits."""
    hints = {
        15: None,
        32: "That is what it costs to train all to the end. Those that fall out train no further rung.",
        14: "The last survivor trains its last rung too.",
        7: "Count the survivors that train each rung: all of them at the first.",
    }
    return hints.get(rungs, f"Eight train the first rung, half of them the second, and so on: not {rungs} altogether.")


@feedback.exercise
def believable_searches(answer):
    """A dict from the reports A to E to what is wrong with each, or "believable"."""
    if all(feedback.unanswered(value) for value in answer.values()):
        return "Not answered yet: replace each ... above and run the cell again."
    unknown = [value for value in answer.values() if value not in _FINDINGS.values()]
    if unknown:
        return f"{unknown[0]!r} is none of the five findings: {', '.join(_FINDINGS.values())}."
    wrong = [report for report, finding in _FINDINGS.items() if answer.get(report) != finding]
    return _REPORT_HINTS[wrong[0]] if wrong else None
