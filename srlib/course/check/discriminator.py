"""Checks of notebook 03: the dense layer's size, the discriminator's loss from logits, reading three games."""

import warnings

import numpy as np
from keras import ops

from srlib.course.check import feedback

_SIDES = {
    6: None,
    96: "A stride of 2 steps over every second position: after four such layers nothing of 96 is left as it was.",
    48: "That is after one convolution of stride 2; there are four.",
    24: "That is after two convolutions of stride 2; there are four.",
    12: "That is after three convolutions of stride 2; there are four.",
    3: "That is one halving too many: four of the eight convolutions have stride 2.",
    5: "With 'same' padding nothing is lost at the edges: each stride of 2 exactly halves the side.",
    4: "With 'same' padding nothing is lost at the edges: each stride of 2 exactly halves the side.",
    36: "36 is the number of positions; the question is about one side.",
}
_INPUTS, _RIGHT = 6 * 6 * 512, 6 * 6 * 512 * 1024 + 1024
_PARAMETERS = {
    _RIGHT: None,
    _INPUTS * 1024: "Almost: those are the weights. Each of the 1024 units also has one bias.",
    _INPUTS * 1024 + 512: "One bias belongs to each *unit* of the dense layer, not to each channel before it.",
    _INPUTS: "That is how many numbers go in. Each of the 1024 units has a weight for every one of them, and a bias.",
    512 * 1024: "That is one position only. Flatten hands over all 6 × 6 positions of the 512 channels.",
    512 * 1024 + 1024: "That is one position only. Flatten hands over all 6 × 6 positions of the 512 channels.",
    6 * 512 * 1024: "6 is the side; the features have 6 × 6 positions.",
    6 * 512 * 1024 + 1024: "6 is the side; the features have 6 × 6 positions.",
    6 * 6 * 1024: "Each position holds 512 channels, and each of them has its own weight.",
    6 * 6 * 1024 + 1024: "Each position holds 512 channels, and each of them has its own weight.",
    6 * 6 * 64 * 1024 + 1024: "The last convolution has 512 filters; 64 is the number of the first.",
    3 * 3 * 512 * 1024 + 1024: "A dense layer has no 3 × 3 kernel: it sees all 6 × 6 positions at once.",
}
_near = feedback.within(1e-4, 1e-6)


@feedback.exercise
def discriminator_dense_layer(answer: feedback.Answer) -> feedback.Hint:
    """The pair (side of the features before the dense layer, parameters of the dense layer)."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return "Give two numbers: (side, parameters)."
    if any(map(feedback.unanswered, answer)):
        return feedback.OPEN
    side, parameters = map(float, answer)
    otherwise = "The side is not {own:g}: halve 96 once for each convolution of stride 2."
    return feedback.value_hint(side, _SIDES, otherwise=otherwise) or _parameters_hint(parameters)


def _parameters_hint(parameters):
    """The hint for the dense layer's parameters, None for the right number."""
    size = "many" if parameters > _RIGHT else "few"
    count = f"The side is right; {parameters:,.0f} parameters are too {size}."
    otherwise = f"{count} Numbers that go in, times units, plus one bias for each unit."
    return feedback.value_hint(parameters, _PARAMETERS, otherwise=otherwise)


@feedback.exercise
def discriminator_loss_from_logits(answer: feedback.Answer) -> feedback.Hint:
    """A NumPy function (real logits, fake logits) for the discriminator's loss, finite for logits of any size."""
    real, fake = np.array([2.0, -1.0, 0.5]), np.array([-2.5, 0.75])
    value = ops.convert_to_numpy(feedback.returned(answer, real, fake))
    if value.size != 1:
        return f"A loss is one number; yours has shape {value.shape}. Take the mean over each of the two batches."
    if hint := _loss_hint(float(value.item()), real, fake):
        return hint
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # overflows are what is being tested
        huge = float(ops.convert_to_numpy(answer(np.array([-1000.0]), np.array([1000.0]))).item())
    if _near(huge, 2000.0):
        return None
    given = f"for -1000 and +1000 it gives {huge:g} instead of 2000"
    return f"Right for moderate logits, but {given}: use np.logaddexp(0, x)."


def _loss(real, fake):
    """The right loss, mean(softplus(-real)) + mean(softplus(fake))."""
    return np.mean(np.logaddexp(0, -real)) + np.mean(np.logaddexp(0, fake))


def _loss_hint(own, real, fake):
    """The hint for a loss at moderate logits, None for the right one."""
    missed, passed = np.logaddexp(0, -real), np.logaddexp(0, fake)
    hints = {
        _loss(real, fake): None,
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
    given = f"real logits {real.tolist()} and fake logits {fake.tolist()}"
    otherwise = f"For {given} it should be {_loss(real, fake):.4f}; yours gives {own:.4f}."
    return feedback.value_hint(own, hints, otherwise=otherwise, near=_near)


@feedback.exercise
def discriminator_diagnosis(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the games A, B, C to "healthy", "collapsed" or "generator wins"."""
    return feedback.choice_hint(feedback.filled(answer, "ABC"), **feedback.CHOICES["discriminator_diagnosis"])
