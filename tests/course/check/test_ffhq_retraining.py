"""The checks of notebook 06: right answers pass, each planted mistake gets the hint that fits, nothing raises."""

import math

import numpy as np
import pytest

from srlib.course.check import ffhq_retraining
from srlib.course.check import ffhq_retraining as check
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


@pytest.mark.parametrize("name, answer", [("twins_below", one_lr), ("worst_group", worst), ("fair_use", USES)])
def test_right_answers_pass(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


def test_the_twins_of_the_check_are_far_apart_and_have_one_lr():
    pairs = ffhq_retraining._pairs()
    assert [one_lr(*pair) for pair in pairs] == [True, True, True, False, False, False]
    assert [unrounded(*pair) for pair in pairs] == [True, False, True, False, False, False]
    one, twin = (picture.astype(float) for picture in pairs[1])
    assert np.sqrt(np.mean((one - twin) ** 2)) > 8


def test_the_groups_of_the_check_by_hand():
    assert worst([1.0, math.nan, 0.0, 4.0], ["x", "y", "y", "x"]) == ("y", 0.0)
    assert worst(list(ffhq_retraining._GAINS), list(ffhq_retraining._GROUPS)) == (
        "darker",
        pytest.approx((0.3 + 0.1 + 0.2) / 3),
    )


@pytest.mark.parametrize(
    "name, answer, hint",
    [
        ("twins_below", lambda one, other: not one_lr(one, other), "Turned round"),
        ("twins_below", np.array_equal, "never sees them"),
        ("twins_below", unrounded, "Before rounding"),
        ("twins_below", nearly, "One grey level"),
        ("twins_below", lambda one, other: np.array_equal(one[::4, ::4], other[::4, ::4]), "Every fourth pixel"),
        ("twins_below", blocks, "another reduction"),
        ("twins_below", lambda one, other: True, "True to every pair"),
        ("twins_below", lambda one, other: False, "False to every pair"),
        ("twins_below", lambda one, other: one[0, 0, 0] == other[0, 0, 0], "compare every value"),
        ("worst_group", lambda gains, groups: worst(gains, groups, np.mean, choose=lambda m, key: "darker"), "NaN"),
        ("worst_group", lambda gains, groups: worst(gains, groups, choose=max), "gains most"),
        ("worst_group", lambda gains, groups: worst(gains, groups, np.nanmin), "worst single image"),
        ("worst_group", lambda gains, groups: worst(gains, groups, np.nansum), "smallest sum"),
        ("worst_group", lambda gains, groups: ("brighter", 0.25), "another one's is lower"),
        ("worst_group", lambda gains, groups: ("darker", np.nanmean(gains)), "over all images"),
        (
            "worst_group",
            lambda gains, groups: worst(gains, groups, lambda g: np.nansum(g) / len(g)),
            "counts as a gain",
        ),
        ("worst_group", lambda gains, groups: "darker", "Return two"),
        ("worst_group", lambda gains, groups: ("darker", 7.0), "Collect each group"),
        ("fair_use", USES | {"A": "never"}, "Case A"),
        ("fair_use", USES | {"B": "fine"}, "Case B"),
        ("fair_use", USES | {"C": "ask first"}, "Case C"),
        ("fair_use", USES | {"F": "fine"}, "Case F"),
        ("fair_use", USES | {"F": "perhaps"}, "none of the three"),
    ],
)
def test_planted_mistakes_get_their_hint(name, answer, hint, capsys):
    assert not getattr(check, name)(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("twins_below", ...),
        ("twins_below", lambda one, other: ...),
        ("worst_group", lambda gains, groups: None),
        ("fair_use", dict.fromkeys("ABCDEF", ...)),
    ],
)
def test_untouched_stubs_are_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer", [("twins_below", lambda one: one), ("worst_group", lambda gains, groups: 1 / 0), ("fair_use", 7)]
)
def test_answers_that_raise_become_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
