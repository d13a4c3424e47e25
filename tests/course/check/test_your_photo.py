"""The checks of notebook 11: right answers pass, each planted mistake gets the hint that fits."""

import numpy as np
import pytest

from srlib.course.check import your_photo as check


def fails(*arguments):
    raise ZeroDivisionError("planted")


def test_unanswered_and_raising_answers_are_told_so(capsys):
    for answer, text in [(..., "Not answered yet"), (lambda one, other: None, "Not answered yet"), (fails, "planted")]:
        assert not check.difference_map(answer)
        assert text in capsys.readouterr().out
    assert not check.good_uses(...)
    assert "Not answered yet" in capsys.readouterr().out
    assert not check.good_uses(3)
    assert "TypeError" in capsys.readouterr().out


@pytest.mark.parametrize(
    "right",
    [
        lambda a, b: np.abs(a.astype(float) - b).mean(axis=2),
        lambda a, b: np.abs(a.astype(int) - b.astype(int)).sum(axis=2) / 3,
    ],
)
def test_the_difference_map_right(right):
    assert check.difference_map(right)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, b: abs(a - b).mean(axis=2), "uint8"),
        (lambda a, b: (a.astype(float) - b).mean(axis=2), "Signed"),
        (lambda a, b: abs((a.astype(float) - b).mean(axis=2)), "too late"),
        (lambda a, b: ((a.astype(float) - b) ** 2).mean(axis=2), "Squared"),
        (lambda a, b: abs(a.astype(float) - b).sum(axis=2), "a third"),
        (lambda a, b: abs(a.astype(float) - b).max(axis=2), "worst colour"),
        (lambda a, b: np.clip(a.astype(float) - b, 0, None).mean(axis=2), "cut off"),
        (lambda a, b: abs(a.astype(float) - b), "axis=2"),
        (lambda a, b: abs(a.astype(float) - b).mean(), "for each pixel"),
        (lambda a, b: np.zeros(a.shape[:2]), "At the first pixel"),
    ],
)
def test_difference_map_hints(wrong, hint, capsys):
    assert not check.difference_map(wrong)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize("right", ["ACF", "fca", ["A", "C", "F"], "A, C, F"])
def test_the_good_uses_right(right):
    assert check.good_uses(right)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("ABCF", "one of many that fit"),
        ("ACDF", "any digit"),
        ("ACEF", "did not agree"),
        ("CF", "your own photo"),
        ("AF", "invention teaches"),
        ("AC", "in every notebook"),
        ("ACX", "no use X"),
    ],
)
def test_good_uses_hints(wrong, hint, capsys):
    assert not check.good_uses(wrong)
    assert hint in capsys.readouterr().out
