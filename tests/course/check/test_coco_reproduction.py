"""The checks of notebook 05: right answers pass, each planted mistake gets the hint that fits, nothing raises."""

import numpy as np
import pytest
from scipy import stats

from srlib.course.check import coco_reproduction as check

PROTOCOLS = {"A": "colour", "B": "border", "C": "resampler", "D": "averaging", "E": "comparable", "F": "leak"}
# 10 log10(65025 / 400) = 22.1101, … / 4 = 42.1101, … / 202 = 25.0773
AVERAGES = {"a": 32.1101, "b": 25.0773, "never smaller": "a"}


def interval(bicubic, network, quantile=None, ddof=1, root=True, paired=True, sign=1):
    """Mean and ends of the gain, with room for mistakes."""
    differences = sign * np.subtract(network, bicubic)
    count = len(differences)
    deviation = differences.std(ddof=ddof) if paired else np.sqrt(np.var(bicubic, ddof=1) + np.var(network, ddof=1))
    t = stats.t.ppf(0.975, count - 1) if quantile is None else quantile
    half = t * deviation / (np.sqrt(count) if root else 1)
    return differences.mean(), differences.mean() - half, differences.mean() + half


def mistaken(**options):
    """`interval` with one mistake."""
    return lambda bicubic, network: interval(bicubic, network, **options)


@pytest.mark.parametrize(
    "name, answer", [("paired_gain", interval), ("two_averages", AVERAGES), ("wrong_protocols", PROTOCOLS)]
)
def test_right_answers_pass(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer, hint",
    [
        ("paired_gain", mistaken(root=False), "√n"),
        ("paired_gain", mistaken(quantile=1.96), "many images"),
        ("paired_gain", mistaken(paired=False), "unpaired"),
        ("paired_gain", mistaken(ddof=0), "n - 1"),
        ("paired_gain", mistaken(quantile=1.0), "standard error"),
        ("paired_gain", mistaken(sign=-1), "network minus bicubic"),
        ("paired_gain", lambda a, b: tuple(np.array(interval(a, b))[[0, 2, 1]]), "Lower end first"),
        ("paired_gain", lambda a, b: interval(a, b)[0], "three numbers"),
        ("paired_gain", lambda a, b: (1.0, 0.9, 1.1), "mean gain"),
        ("paired_gain", lambda a, b: (*interval(a, b)[:2], 7.0), "same distance"),
        ("paired_gain", mistaken(quantile=3.5), "half width"),
        ("two_averages", {"a": 25.0773, "b": 32.1101, "never smaller": "b"}, "exchanged"),
        ("two_averages", AVERAGES | {"never smaller": "b"}, "convex"),
        ("two_averages", AVERAGES | {"b": 32.1101}, "(a) is right"),
        ("two_averages", AVERAGES | {"a": 25.0773}, "(b) is right"),
        ("two_averages", {"a": 64.2202, "b": 50.1546, "never smaller": "a"}, "20"),
        ("two_averages", {"a": 73.9363, "b": 57.7426, "never smaller": "a"}, "base 10"),
        ("two_averages", {"a": -16.0206, "b": -23.0535, "never smaller": "a"}, "255"),
        ("two_averages", {"a": 1.0, "b": 2.0, "never smaller": "a"}, "once for each image"),
        ("wrong_protocols", PROTOCOLS | {"A": "border"}, "Report A"),
        ("wrong_protocols", PROTOCOLS | {"D": "comparable", "E": "averaging"}, "Report D"),
        ("wrong_protocols", PROTOCOLS | {"F": "comparable"}, "already seen"),
        ("wrong_protocols", PROTOCOLS | {"C": "resampling"}, "none of the six"),
    ],
)
def test_planted_mistakes_get_their_hint(name, answer, hint, capsys):
    assert not getattr(check, name)(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("paired_gain", ...),
        ("paired_gain", lambda bicubic, network: ...),
        ("two_averages", {"a": ..., "b": ..., "never smaller": ...}),
        ("wrong_protocols", dict.fromkeys("ABCDEF", ...)),
    ],
)
def test_untouched_stubs_are_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer", [("paired_gain", lambda one: one), ("two_averages", {}), ("wrong_protocols", "A: colour")]
)
def test_answers_that_raise_become_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
