"""Checks of notebook 06: originals that no network tells apart, the group that gains least, what may be done."""

import math

import numpy as np

from srlib.course.check import feedback
from srlib.imaging import bicubic

_GAINS = (0.30, 0.90, 0.45, 0.10, -0.20, math.nan, 0.05, 0.80, 0.20, 0.70)
_GROUPS = ("darker", "middle", "brighter", "darker", "middle", "darker", "brighter", "middle", "darker", "middle")


@feedback.exercise
def twins_below(answer: feedback.Answer) -> feedback.Hint:
    """A function of two originals: whether they have one LR, so that no network can tell them apart."""
    pairs = _pairs()
    given = [feedback.returned(answer, one.copy(), other.copy()) for one, other in pairs]
    hints = (([rule(*pair) for pair in pairs], hint) for rule, hint in _TWIN_RULES)
    otherwise = "Shrink both as the networks' input is made, to 8 bits, and compare every value."
    return feedback.value_hint([bool(value) for value in given], hints, otherwise=otherwise)


def _pairs():
    """Pairs of originals: equal; of one LR after rounding, and before; a grey level apart; equal at every fourth pixel
    only, and in the means of blocks only."""
    random = np.random.default_rng(0)
    one = 90 + np.kron(random.integers(0, 60, (8, 8, 3)), np.ones((4, 4, 1))).astype(int)
    twin = _twin(one, one + random.normal(0, 12, one.shape))
    brighter, between = one.copy(), one.copy()
    brighter[8:20, 8:20] += 1
    between[1::4, 1::4] += 60
    ramp = one + np.arange(32)[None, :, None]
    turned = ramp.reshape(8, 4, 8, 4, 3)[:, :, :, ::-1].reshape(one.shape)
    wave = one + np.tile([9, 4, -4, -9, -9, -4, 4, 9], 4)[None, :, None]  # odd about each LR pixel's centre
    pairs = [(one, one), (one, twin), (one, wave), (one, brighter), (one, between), (ramp, turned)]
    return [tuple(picture.astype(np.uint8) for picture in pair) for pair in pairs]


def _twin(one, other):
    """The picture nearest to `other` that has the LR of `one`; all values lie far from 0 and 255."""
    shrink = bicubic.weights(32, 8)
    spread = np.linalg.pinv(shrink)
    missing = bicubic.downscale(one.astype(np.uint8)) - _both_ways(shrink, other)
    return np.rint(other + _both_ways(spread, missing))


def _both_ways(matrix, picture):
    return np.einsum("ij,jkc,lk->ilc", matrix, picture, matrix)


def _one_lr(one, other):
    return np.array_equal(bicubic.downscale(one), bicubic.downscale(other))


def _unrounded(one, other):
    small = (bicubic.imresize(each.astype(float), (8, 8)) for each in (one, other))
    return bool(np.allclose(*small))


def _nearly(one, other):
    return np.abs(bicubic.downscale(one).astype(int) - bicubic.downscale(other)).max() <= 1


def _every_fourth(one, other):
    return np.array_equal(one[::4, ::4], other[::4, ::4])


def _by_blocks(one, other):
    means = (picture.reshape(8, 4, 8, 4, 3).mean(axis=(1, 3)) for picture in (one, other))
    return bool(np.allclose(*means, atol=0.5))


_TWIN_RULES = (
    (_one_lr, None),
    (lambda one, other: not _one_lr(one, other), "Turned round: True when the two shrink to one LR."),
    (np.array_equal, "That compares the originals. The network never sees them; what does it see?"),
    (_unrounded, "Before rounding they differ a little; the network gets 8 bits. Compare what is left after rounding."),
    (_nearly, "One grey level is a difference: the network may answer it. Ask for equal values, not for near ones."),
    (_every_fourth, "Every fourth pixel is not the LR: bicubic takes a weighted mean of the pixels around."),
    (_by_blocks, "Means of 4 × 4 blocks are another reduction. Take the one that makes the input: bicubic.downscale."),
    (lambda one, other: True, "It says True to every pair, also where one LR is brighter."),
    (lambda one, other: False, "It says False to every pair, even to a picture and itself."),
)
_GROUP_HINTS = {
    ("darker", 0.2): None,
    ("darker", 0.15): "The image without a face counts as a gain of 0 here; leave it out of the number of images too.",
    ("middle", -0.2): "That is the worst single image. A group is judged by the mean of its images.",
    ("middle", 0.55): "That group gains most. Which gains least?",
    ("brighter", 0.5): "Groups differ in size: the smallest sum is not the smallest mean.",
    ("brighter", 0.25): "The right mean of that group, but another one's is lower.",
}


@feedback.exercise
def worst_group(answer: feedback.Answer) -> feedback.Hint:
    """A function (gains, groups): the group with the lowest mean gain and that mean; NaN stands for "no face"."""
    value = feedback.returned(answer, list(_GAINS), list(_GROUPS))
    if not isinstance(value, tuple | list) or len(value) != 2 or not isinstance(value[0], str):
        return "Return two things, the name of the group and its mean gain: return name, mean."
    name, mean = value[0], float(value[1])
    if math.isnan(mean):
        return "One image without a face made the mean NaN: leave such images out, with np.nanmean or np.isfinite."
    if np.isclose(mean, np.nanmean(_GAINS)):
        return "That is the mean over all images. It hides what you are looking for: average each group by itself."
    otherwise = "Collect each group's gains, average them without the NaN, and take the lowest mean."
    return feedback.value_hint((name, mean), _GROUP_HINTS, otherwise=otherwise, near=_same_group_and_mean)


def _same_group_and_mean(own, other):
    return own[0] == other[0] and np.isclose(own[1], other[1])


@feedback.exercise
def fair_use(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the cases A to F to "fine", "ask first" or "never"."""
    return feedback.choice_hint(answer, **feedback.CHOICES["fair_use"])
