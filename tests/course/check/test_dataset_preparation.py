"""The checks of notebook 01: right answers pass, each planted mistake gets the hint that fits."""

import numpy as np
import pytest

from srlib.course.check import dataset_preparation as check
from srlib.imaging import bicubic


def said(capsys, right):
    """The verdict printed, after comparing its mark."""
    text = capsys.readouterr().out
    assert text.startswith("✓" if right else "✗")
    return text


def keys(x, a, far=1.0, near=1.0, beyond=0.0):
    """Keys' kernel, with places to spoil it."""
    x = np.abs(x)
    inner = (a + 2) * x**3 - near * (a + 3) * x**2 + 1
    outer = far * a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, inner, np.where(x < 2, outer, beyond))


def fails(*arguments):
    raise ZeroDivisionError("planted")


def test_the_judge_knows_srlibs_kernel(capsys):
    x = np.linspace(-3, 3, 100)
    np.testing.assert_allclose(keys(x, -0.5), bicubic.cubic(x), atol=1e-12)
    assert check.cubic_kernel(keys)
    said(capsys, True)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda x, a: bicubic.cubic(x), "do not change with a"),
        (lambda x, a: np.where(x < 0, 0, keys(x, a)), "positive distances"),
        (lambda x, a: keys(x, a, beyond=0.1), "From |x| = 2 on"),
        (lambda x, a: keys(x, a, far=-1), "far polynomial"),
        (lambda x, a: keys(x, a, near=-1), "near polynomial"),
        (lambda x, a: keys(x, a, near=-1, far=-1), "Neither"),
        (lambda x, a: a, "49 distances"),
        (lambda x, a: ..., "Not answered yet"),
        (fails, "ZeroDivisionError: planted"),
        (..., "Not answered yet"),
    ],
)
def test_kernel_hints(wrong, hint, capsys):
    assert not check.cubic_kernel(wrong)
    assert hint in said(capsys, False)


@pytest.mark.parametrize("right", [(80, 120, 1, 1), [80.0, 120, 1, 1], np.array([80, 120, 1, 1])])
def test_size_right(right, capsys):
    assert check.lr_size(right)
    said(capsys, True)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ((80.25, 120.25, 0, 0), "whole pixels"),
        ((120, 80, 1, 1), "Height before width"),
        ((81, 121, 0, 0), "crops"),
        ((79, 119, 1, 1), "drop the remainder"),
        ((80, 120, 0, 0), "left over"),
        ((80, 120, 3, 3), "next multiple"),
        ((80, 120, 2, 1), "How many rows"),
        ((80, 120), "four numbers"),
        (80, "four numbers"),
        ((80, 120, ..., ...), "Not answered yet"),
        (None, "Not answered yet"),
        (("a", "b", "c", "d"), "ValueError"),
    ],
)
def test_size_hints(wrong, hint, capsys):
    assert not check.lr_size(wrong)
    assert hint in said(capsys, False)


@pytest.mark.parametrize("right", [{"harbour", "market", "bridge", "owl"}, ["owl", "market", "harbour", "bridge"]])
def test_leaks_right(right, capsys):
    assert check.find_leaks(right)
    said(capsys, True)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (set(), "4 still missing"),
        ({"harbour", "market", "owl"}, "mirrored copy"),
        ({"harbour", "bridge", "owl"}, "stereo pair"),
        ({"harbour", "market", "bridge", "owl", "fern"}, "'fern' stands on one side only"),
        ({"harbour", "market", "bridge", "owl", "face-0012"}, "two persons"),
        ({"harbour_0.png", "market"}, "not of files"),
        ("harbour", "more than one"),
        (7, "TypeError"),
        (..., "Not answered yet"),
    ],
)
def test_leaks_hints(wrong, hint, capsys):
    assert not check.find_leaks(wrong)
    assert hint in said(capsys, False)
