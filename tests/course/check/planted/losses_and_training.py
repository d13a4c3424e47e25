"""Answers to the exercises of notebook 04."""

import numpy as np
from course.check.planted.exercise import Exercise, choice, fails
from keras import ops

from srlib.imaging import metrics, pixel_ranges
from srlib.srgan import losses

RUNS = {
    "A": "healthy contest",
    "B": "discriminator wins",
    "C": "discriminator does not train",
    "D": "generator forgets the photograph",
}


def similarity(hr, sr):
    """The mean SSIM of pictures in [-1, 1]."""
    return ops.mean(metrics.ssim(pixel_ranges.unit_from_hr(hr), pixel_ranges.unit_from_hr(sr)))


def unmoved(hr, sr):
    """The mean SSIM of pictures that were not moved to [0, 1]."""
    return ops.mean(metrics.ssim(hr, sr))


def written_out(logits):
    """The adversarial loss as the formula reads, without care for overflow."""
    return np.mean(-np.log(1 / (1 + np.exp(-logits))))


EXERCISES = {
    "mse_plus_dssim": Exercise(
        right=[lambda hr, sr, alpha: losses.mse_dssim(hr, sr, alpha=alpha)],
        mistakes=[
            (lambda hr, sr, alpha: losses.mse(hr, sr) + alpha * (1 - similarity(hr, sr)), "half"),
            (lambda hr, sr, alpha: losses.mse(hr, sr) + alpha * similarity(hr, sr), "SSIM itself"),
            (lambda hr, sr, alpha: losses.mse(hr, sr) + alpha * (1 - unmoved(hr, sr)) / 2, "unit_from_hr"),
            (lambda hr, sr, alpha: losses.mse(hr, sr) - alpha * losses.dssim(hr, sr), "sign"),
            (lambda hr, sr, alpha: losses.mse(hr, sr), "changes nothing"),
            (lambda hr, sr, alpha: losses.mae(hr, sr) + alpha * losses.dssim(hr, sr), "alpha = 0"),
            (lambda hr, sr, alpha: ops.mean((hr - sr) ** 2, axis=(1, 2, 3)), "one number"),
            (lambda hr, sr, alpha: losses.mse(hr, sr) + alpha * 0.1234, "remains where"),
        ],
        raising=[(lambda hr: hr, "TypeError")],
    ),
    "adversarial_from_logits": Exercise(
        right=[lambda logits: np.mean(np.logaddexp(0, -logits)), losses.adversarial],
        mistakes=[
            (written_out, "logaddexp"),
            (lambda logits: np.mean(np.logaddexp(0, logits)), "passing as real"),
            (lambda logits: -np.mean(np.logaddexp(0, logits)), "saturates"),
            (lambda logits: -np.mean(np.logaddexp(0, -logits)), "sign"),
            (lambda logits: np.sum(np.logaddexp(0, -logits)), "sum"),
            (lambda logits: np.logaddexp(0, -logits), "One number"),
            (lambda logits: np.mean(1 / (1 + np.exp(-logits))), "probability"),
            (lambda logits: 0.5, "it should be"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
    "gan_curves": choice(
        RUNS,
        changes=[
            {"B": "healthy contest"},
            {"C": "healthy contest", "A": "discriminator does not train"},
            {"D": "healthy contest"},
            {"D": "it is ill"},
        ],
        hints=["Run B", "Run A", "content loss", "none of the four"],
    ),
}
