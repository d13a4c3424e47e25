"""The checks of notebook 08: right answers pass, each planted mistake gets the hint that fits, nothing raises."""

import numpy as np
import pytest

from srlib.course.check import loss_ablation_mse_dssim as check
from srlib.imaging import metrics

RIGHT = {
    "A": "by construction",
    "B": "supported",
    "C": "inconclusive",
    "D": "too small to matter",
    "E": "by construction",
}
FLAT = (2 * 0.4 * 0.6 + 0.0001) / (0.4**2 + 0.6**2 + 0.0001)


def test_the_right_ssim_of_flat_patches_is_srlib_s():
    patches = (np.full((1, 16, 16, 1), grey, "float32") for grey in (0.4, 0.6))
    assert float(metrics.ssim(*patches)[0]) == pytest.approx(FLAT, abs=1e-5)


@pytest.mark.parametrize(
    "name, answer",
    [("flat_ssim", FLAT), ("balancing_weight", lambda mse, dssim: mse / dssim), ("what_it_shows", RIGHT)],
)
def test_right_answers_pass(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer, hint",
    [
        ("flat_ssim", 1.0, "brightness differs"),
        ("flat_ssim", 0.0, "second factor"),
        ("flat_ssim", (1 - FLAT) / 2, "DSSIM"),
        ("flat_ssim", (0.48 + 0.0009) / (0.52 + 0.0009), "its own is 0.01"),
        ("flat_ssim", (2 * -0.2 * 0.2 + 0.0001) / (0.08 + 0.0001), "not in [-1, 1]"),
        ("flat_ssim", (2 * 102 * 153 + 0.0001) / (102**2 + 153**2 + 0.0001), "not in 0 to 255"),
        ("flat_ssim", 0.5, "for both means"),
        ("balancing_weight", lambda mse, dssim: dssim / mse, "Turned round"),
        ("balancing_weight", lambda mse, dssim: mse / (mse + dssim), "share"),
        ("balancing_weight", lambda mse, dssim: 4 * mse / dssim, "by 4"),
        ("balancing_weight", lambda mse, dssim: max(mse, 0) / dssim, "positive"),
        ("balancing_weight", lambda mse, dssim: 0.1, "yours gives"),
        ("what_it_shows", RIGHT | {"A": "supported"}, "trained for"),
        ("what_it_shows", RIGHT | {"C": "supported"}, "both sides"),
        ("what_it_shows", RIGHT | {"D": "supported"}, "margin"),
        ("what_it_shows", RIGHT | {"E": "proved"}, "none of the four"),
    ],
)
def test_planted_mistakes_get_their_hint(name, answer, hint, capsys):
    assert not getattr(check, name)(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("flat_ssim", ...),
        ("balancing_weight", lambda mse, dssim: ...),
        ("what_it_shows", dict.fromkeys("ABCDE", ...)),
        ("what_it_shows", None),
    ],
)
def test_untouched_stubs_are_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer", [("flat_ssim", "grey"), ("balancing_weight", lambda mse: mse), ("what_it_shows", 7)]
)
def test_answers_that_raise_become_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
