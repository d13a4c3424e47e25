"""Checks of notebook 09: how many random trials it takes, successive halving, which searches can be believed."""

import math

import numpy as np

from srlib.course.check import feedback

# Eight trainings, their scores at each of four rungs. The best at the end, 2, falls out at the second rung.
_CURVES = np.array(
    [
        [0.10, 0.50, 0.60, 0.20, 0.70, 0.30, 0.65, 0.05],
        [0.20, 0.60, 0.61, 0.30, 0.75, 0.35, 0.80, 0.06],
        [0.30, 0.70, 0.90, 0.35, 0.78, 0.40, 0.85, 0.07],
        [0.40, 0.75, 0.99, 0.45, 0.79, 0.50, 0.90, 0.08],
    ]
).T
_SURVIVORS = {
    6: None,
    2: "Training 2 is the best at the end, but it falls out before it gets there: look at survivors only.",
    7: "You keep the worse half: the larger score is the better one.",
    4: "Training 4 leads at the first rung only. Each rung has to be judged by its own scores.",
    0: "That is a place among the survivors. Keep the indices of the trainings and select from those.",
}
_RUNGS = {
    15: None,
    32: "That is what it costs to train all to the end. Those that fall out train no further rung.",
    14: "The last survivor trains its last rung too.",
    7: "Count the survivors that train each rung: all of them at the first.",
}


@feedback.exercise
def trials_for_a_hit(answer: feedback.Answer) -> feedback.Hint:
    """A function (share, chance): the smallest number of random trials that hit the best `share` with that chance."""
    hints = (_trials_hint(answer, *case) for case in ((0.05, 0.95), (0.5, 0.7), (0.1, 0.05)))
    return next(filter(None, hints), None)


def _trials_hint(answer, share, chance):
    """The hint for the number of trials at one share and chance, None for the right one."""
    own = float(feedback.returned(answer, share, chance))
    exact = math.log(1 - chance) / math.log(1 - share)
    if own == math.ceil(exact):
        return None
    misses = "n misses in a row have the probability (1 - share) ** n"
    swapped = math.ceil(math.log(chance) / math.log(share))
    hints = {
        exact: "That is where the chance is met exactly. Trials are whole: round up (math.ceil).",
        math.floor(exact): "Rounded down, the chance is not quite reached: round up.",
        1 / exact: "The fraction is upside down: log(1 - chance) stands above log(1 - share).",
        math.ceil(1 / share): "1 / share is how often one hits on average once. The chance does not enter it.",
        math.ceil(chance / share): "Chances do not add up like this: both of two trials may hit. Start from n misses.",
        swapped: f"With chance and share themselves this is the wrong event: {misses}.",
    }
    missed = 1 - (1 - share) ** max(own, 0)
    otherwise = f"{own:g} trials hit the best {share:g} with the chance {missed:.3f}, not {chance:g}."
    return feedback.value_hint(own, hints, otherwise=otherwise, near=feedback.within(1e-6))


@feedback.exercise
def successive_halving(answer: feedback.Answer) -> feedback.Hint:
    """A function of scores (trainings, rungs): the index of the last survivor and the rungs trained altogether."""
    value = feedback.returned(answer, _CURVES.copy())
    if np.size(value) != 2:
        return "Return two numbers: the index of the survivor and the rungs that were trained altogether."
    winner, rungs = (int(each) for each in value)
    falls_out = "Training {own} does not survive: after the first rung 1, 2, 4 and 6 are left."
    miscounted = "Eight train the first rung, half of them the second, and so on: not {own} altogether."
    hint = feedback.value_hint(winner, _SURVIVORS, otherwise=falls_out)
    return hint or feedback.value_hint(rungs, _RUNGS, otherwise=miscounted)


@feedback.exercise
def believable_searches(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the reports A to E to what is wrong with each, or "believable"."""
    return feedback.choice_hint(answer, **feedback.CHOICES["believable_searches"])
