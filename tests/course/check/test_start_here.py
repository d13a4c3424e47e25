"""The checks of notebook 00: right answers pass, each planted mistake gets the hint that fits."""

import numpy as np
import pytest

from srlib.course.check import start_here as check


def said(capsys, right):
    """The verdict printed, after comparing its mark."""
    text = capsys.readouterr().out
    assert text.startswith("✓" if right else "✗")
    return text


def fails(*arguments):
    raise ZeroDivisionError("planted")


@pytest.mark.parametrize("name", ["psnr_from_mse", "best_guess"])
def test_function_exercises_survive_any_answer(name, capsys):
    judge = getattr(check, name)
    assert not judge(...)
    assert "Not answered yet" in said(capsys, False)
    assert not judge(lambda *arguments: ...)
    assert "Not answered yet" in said(capsys, False)
    assert not judge(fails)
    assert "ZeroDivisionError: planted" in said(capsys, False)


def test_psnr_right(capsys):
    assert check.psnr_from_mse(lambda mse: 20 * np.log10(255) - 10 * np.log10(mse))
    said(capsys, True)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda mse: 10 * np.log(255**2 / mse), "natural"),
        (lambda mse: 20 * np.log10(255**2 / mse), "Twice"),
        (lambda mse: 10 * np.log10(255 / mse), "peak must be squared"),
        (lambda mse: -10 * np.log10(255**2 / mse), "sign"),
        (lambda mse: 10 * np.log10(1 / mse), "from 0 to 1"),
        (lambda mse: np.log10(255**2 / mse), "bels"),
        (lambda mse: 255**2 / mse, "logarithm"),
        (lambda mse: 0.0, "For an MSE of 42 it gives 0.00 dB"),
    ],
)
def test_psnr_hints(wrong, hint, capsys):
    assert not check.psnr_from_mse(wrong)
    assert hint in said(capsys, False)


@pytest.mark.parametrize("right", [16, 16.0, np.int64(16)])
def test_unknowns_right(right, capsys):
    assert check.unknowns_per_known(right)
    said(capsys, True)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (4, "one side"),
        (8, "multiply"),
        (48, "three channels"),
        (15, "weighted mean"),
        (1 / 16, "upside down"),
        (7, "Draw one"),
        (None, "Not answered yet"),
        ("many", "ValueError"),
    ],
)
def test_unknowns_hints(wrong, hint, capsys):
    assert not check.unknowns_per_known(wrong)
    assert hint in said(capsys, False)


@pytest.mark.parametrize("right", [lambda a, b: (a / 2) + b / 2, lambda a, b: np.rint((a.astype(float) + b) / 2)])
def test_best_guess_right(right, capsys):
    assert check.best_guess(right)
    said(capsys, True)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda a, b: a, "Right half of the time"),
        (lambda a, b: (a + b) / 2, "uint8"),
        (lambda a, b: (a + b) // 2, "uint8"),
        (lambda a, b: a.astype(float) + b, "twice as bright"),
        (np.maximum, "one of the two values"),
        (lambda a, b: np.full(a.shape, 90.0), "One grey level"),
        (lambda a, b: a.astype(float).mean(), "shape"),
        (lambda a, b: 0.25 * a + 0.75 * b, "(g - 100)²"),
    ],
)
def test_best_guess_hints(wrong, hint, capsys):
    assert not check.best_guess(wrong)
    assert hint in said(capsys, False)
