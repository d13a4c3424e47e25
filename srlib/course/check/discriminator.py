"""Checks of notebook 03: the dense layer's size, the discriminator's loss from logits, reading three games."""

import warnings

import numpy as np
from keras import ops

from srlib.course.check import feedback

_OPEN = "Not answered yet: replace each ... above and run the cell again."
_SIDES = {
    96: "A stride of 2 steps over every second position: after four such layers nothing of 96 is left as it was.",
    48: "That is after one convolution of stride 2; there are four.",
    24: "That is after two convolutions of stride 2; there are four.",
    12: "That is after three convolutions of stride 2; there are four.",
    3: "That is one halving too many: four of the eight convolutions have stride 2.",
    5: "With 'same' padding nothing is lost at the edges: each stride of 2 exactly halves the side.",
    4: "With 'same' padding nothing is lost at the edges: each stride of 2 exactly halves the side.",
    36: "36 is the number of positions; the question is about one side.",
}
_RIGHT_SIDE, _RIGHT_PARAMETERS = 6, 6 * 6 * 512 * 1024 + 1024
_PARAMETERS = {
    6 * 6 * 512 * 1024: "Almost: those are the weights. Each of the 1024 units also has one bias.",
    6 * 6 * 512 * 1024 + 512: "One bias belongs to each *unit* of the dense layer, not to each channel before it.",
    6
    * 6
    * 512: "That is how many numbers go in. Each of the 1024 units has a weight for every one of them, and a bias.",
    512 * 1024: "That is one position only. Flatten hands over all 6 × 6 positions of the 512 channels.",
    512 * 1024 + 1024: "That is one position only. Flatten hands over all 6 × 6 positions of the 512 channels.",
    6 * 512 * 1024: "6 is the side; the features have 6 × 6 positions.",
    6 * 512 * 1024 + 1024: "6 is the side; the features have 6 × 6 positions.",
    6 * 6 * 1024: "Each position holds 512 channels, and each of them has its own weight.",
    6 * 6 * 1024 + 1024: "Each position holds 512 channels, and each of them has its own weight.",
    6 * 6 * 64 * 1024 + 1024: "The last convolution has 512 filters; 64 is the number of the first.",
    3 * 3 * 512 * 1024 + 1024: "A dense layer has no 3 × 3 kernel: it sees all 6 × 6 positions at once.",
}
_FINDINGS = {"A": "collapsed", "B": "generator wins", "C": "healthy"}
_CURVE_HINTS = {
    "A": "Game A: D(h) is near 1 and D(s) near 0, and nothing moves any more. Who has run ahead?",
    "B": "Game B: the curves cross. At the end drawings pass as real more often than the originals do.",
    "C": "Game C: there is a gap, it is neither closed nor complete, and it lasts.",
}


@feedback.exercise
def discriminator_dense_layer(answer):
    """The pair (side of the features before the dense layer, parameters of the dense layer)."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return "Give two numbers: (side, parameters)."
    if any(feedback.unanswered(part) for part in answer):
        return _OPEN
    side, parameters = (float(part) for part in answer)
    if side != _RIGHT_SIDE:
        return _SIDES.get(side, f"The side is not {side:g}: halve 96 once for each convolution of stride 2.")
    if parameters == _RIGHT_PARAMETERS:
        return None
    general = f"The side is right; {parameters:,.0f} parameters are too {_direction(parameters)}. "
    return _PARAMETERS.get(parameters, general + "Numbers that go in, times units, plus one bias for each unit.")


def _direction(parameters):
    return "many" if parameters > _RIGHT_PARAMETERS else "few"


@feedback.exercise
def discriminator_loss_from_logits(answer):
    """A NumPy function (real logits, fake logits) for the discriminator's loss, finite for logits of any size."""
    real, fake = np.array([2.0, -1.0, 0.5]), np.array([-2.5, 0.75])
    value = answer(real, fake)
    if feedback.unanswered(value):
        return feedback.NOTHING
    value = ops.convert_to_numpy(value)
    if value.size != 1:
        return f"A loss is one number; yours has shape {value.shape}. Take the mean over each of the two batches."
    right = _loss(real, fake)
    if not _near(value, right):
        return _value_hint(float(value.item()), real, fake)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflows are what is being tested
        huge = float(ops.convert_to_numpy(answer(np.array([-1000.0]), np.array([1000.0]))).item())
    if _near(huge, 2000.0):
        return None
    return (
        f"Right for moderate logits, but for -1000 and +1000 it gives {huge:g} instead of 2000: use np.logaddexp(0, x)."
    )


def _loss(real, fake):
    """The right loss, mean(softplus(-real)) + mean(softplus(fake))."""
    return np.mean(np.logaddexp(0, -real)) + np.mean(np.logaddexp(0, fake))


def _value_hint(value, real, fake):
    """The hint for a wrong value at moderate logits."""
    missed, passed = np.logaddexp(0, -real), np.logaddexp(0, fake)
    mistakes = {
        _loss(-real, -fake): "The labels are turned round: this rewards calling originals drawn and drawings real.",
        _loss(real, -fake): "Both batches are called real. Drawings have the label 0: softplus of +x.",
        _loss(-real, fake): "Both batches are called drawn. Originals have the label 1: softplus of -x.",
        -_loss(real, fake): "The sign is turned round: a better discriminator must have a smaller loss.",
        missed.mean(): "That is the half for the originals; the drawings are missing.",
        passed.mean(): "That is the half for the drawings; the originals are missing.",
        _loss(real, fake) / 2: "That is the mean of the two halves; the loss is their sum.",
        missed.sum() + passed.sum(): "That is the sum over the patches; each half is a mean over its batch.",
        np.mean([*missed, *passed]): "Each batch has its own mean, and the two means are added: the sizes may differ.",
    }
    near = [hint for mistake, hint in mistakes.items() if _near(value, mistake)]
    given = f"real logits {real.tolist()} and fake logits {fake.tolist()}"
    return near[0] if near else f"For {given} it should be {_loss(real, fake):.4f}; yours gives {value:.4f}."


def _near(a, b):
    return bool(np.isclose(a, b, rtol=1e-4, atol=1e-6))


@feedback.exercise
def discriminator_diagnosis(answer):
    """A dict from the games A, B, C to "healthy", "collapsed" or "generator wins"."""
    if any(feedback.unanswered(answer.get(game)) for game in _FINDINGS):
        return _OPEN
    given = {game: str(answer[game]).strip().lower() for game in _FINDINGS}
    unknown = [finding for finding in given.values() if finding not in _FINDINGS.values()]
    if unknown:
        return f"{unknown[0]!r} is none of the three findings: {', '.join(sorted(_FINDINGS.values()))}."
    wrong = [game for game, finding in _FINDINGS.items() if given[game] != finding]
    return _CURVE_HINTS[wrong[0]] if wrong else None
