"""The checks of notebook 04: right answers pass, each planted mistake gets the hint that fits, nothing raises."""

import numpy as np
import pytest
from keras import ops

from srlib.course.check import losses_and_training as check
from srlib.imaging import metrics, pixel_ranges
from srlib.srgan import losses

RIGHT = {
    "A": "healthy contest",
    "B": "discriminator wins",
    "C": "discriminator does not train",
    "D": "generator forgets the photograph",
}


def similarity(hr, sr):
    """The mean SSIM of pictures in [-1, 1]."""
    return ops.mean(metrics.ssim(pixel_ranges.unit_from_hr(hr), pixel_ranges.unit_from_hr(sr)))


def written_out(logits):
    """The adversarial loss as the formula reads, without care for overflow."""
    return np.mean(-np.log(1 / (1 + np.exp(-logits))))


@pytest.mark.parametrize(
    "name, answer",
    [
        ("mse_plus_dssim", losses.mse_dssim),
        ("adversarial_from_logits", lambda logits: np.mean(np.logaddexp(0, -logits))),
        ("adversarial_from_logits", losses.adversarial),
        ("gan_curves", RIGHT),
    ],
)
def test_right_answers_pass(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer, hint",
    [
        ("mse_plus_dssim", lambda hr, sr, alpha: losses.mse(hr, sr) + alpha * (1 - similarity(hr, sr)), "half"),
        ("mse_plus_dssim", lambda hr, sr, alpha: losses.mse(hr, sr) + alpha * similarity(hr, sr), "SSIM itself"),
        (
            "mse_plus_dssim",
            lambda hr, sr, alpha: losses.mse(hr, sr) + alpha * (1 - ops.mean(metrics.ssim(hr, sr))) / 2,
            "unit_from_hr",
        ),
        ("mse_plus_dssim", lambda hr, sr, alpha: losses.mse(hr, sr) - alpha * losses.dssim(hr, sr), "sign"),
        ("mse_plus_dssim", lambda hr, sr, alpha: losses.mse(hr, sr), "changes nothing"),
        ("mse_plus_dssim", lambda hr, sr, alpha: losses.mae(hr, sr) + alpha * losses.dssim(hr, sr), "alpha = 0"),
        ("mse_plus_dssim", lambda hr, sr, alpha: ops.mean((hr - sr) ** 2, axis=(1, 2, 3)), "one number"),
        ("mse_plus_dssim", lambda hr, sr, alpha: losses.mse(hr, sr) + alpha * 0.1234, "remains where"),
        ("adversarial_from_logits", written_out, "logaddexp"),
        ("adversarial_from_logits", lambda logits: np.mean(np.logaddexp(0, logits)), "passing as real"),
        ("adversarial_from_logits", lambda logits: -np.mean(np.logaddexp(0, logits)), "saturates"),
        ("adversarial_from_logits", lambda logits: -np.mean(np.logaddexp(0, -logits)), "sign"),
        ("adversarial_from_logits", lambda logits: np.sum(np.logaddexp(0, -logits)), "sum"),
        ("adversarial_from_logits", lambda logits: np.logaddexp(0, -logits), "One number"),
        ("adversarial_from_logits", lambda logits: np.mean(1 / (1 + np.exp(-logits))), "probability"),
        ("adversarial_from_logits", lambda logits: 0.5, "it should be"),
        ("gan_curves", RIGHT | {"B": "healthy contest"}, "Run B"),
        ("gan_curves", RIGHT | {"C": "healthy contest", "A": "discriminator does not train"}, "Run A"),
        ("gan_curves", RIGHT | {"D": "healthy contest"}, "content loss"),
        ("gan_curves", RIGHT | {"D": "it is ill"}, "none of the four"),
    ],
)
def test_planted_mistakes_get_their_hint(name, answer, hint, capsys):
    assert not getattr(check, name)(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("mse_plus_dssim", ...),
        ("mse_plus_dssim", lambda hr, sr, alpha: ...),
        ("adversarial_from_logits", lambda logits: None),
        ("gan_curves", None),
        ("gan_curves", dict.fromkeys("ABCD", ...)),
    ],
)
def test_untouched_stubs_are_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [("mse_plus_dssim", lambda hr: hr), ("adversarial_from_logits", lambda logits: 1 / 0), ("gan_curves", 7)],
)
def test_answers_that_raise_become_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
