"""Checks of notebook 04: the content loss with DSSIM, the adversarial loss from logits, reading a GAN's curves."""

import warnings

import numpy as np
from keras import ops

from srlib.course.check import feedback
from srlib.imaging import metrics
from srlib.srgan import losses

_near = feedback.within(1e-3, 1e-5)


@feedback.exercise
def mse_plus_dssim(answer: feedback.Answer) -> feedback.Hint:
    """A function (hr, sr, alpha) that returns MSE + alpha · DSSIM for pictures in [-1, 1]."""
    hr, sr = _pictures()
    first, second = (_scalar(feedback.returned(answer, hr, sr, alpha)) for alpha in (0.0, 0.5))
    if first is None or second is None:
        return "A loss is one number for the whole batch: take the mean over the SSIMs of its pictures."
    mse, dssim = float(losses.mse(hr, sr)), float(losses.dssim(hr, sr))
    if not _near(first, mse):
        return "With alpha = 0 only losses.mse(hr, sr) may remain. Does alpha multiply the DSSIM alone?"
    if _near(second, mse + 0.5 * dssim):
        return None
    return _dssim_hint((second - mse) / 0.5, dssim, (1 - float(ops.mean(metrics.ssim(hr, sr)))) / 2)


def _dssim_hint(own, dssim, wrong_range):
    """The hint for a wrong value in the place of DSSIM; `wrong_range` is that of pictures left in [-1, 1]."""
    ssim = 1 - 2 * dssim
    hints = {
        0.0: "alpha changes nothing: multiply the DSSIM by it, and add.",
        2 * dssim: "That is 1 - SSIM. DSSIM is half of it, so that it ends at 1 for opposite pictures.",
        ssim: "You add the SSIM itself, which is best when it is large. A loss must fall when pictures improve.",
        -dssim: "The sign is turned round: this rewards a large dissimilarity.",
        wrong_range: "SSIM belongs to pictures in [0, 1]: pass both through pixel_ranges.unit_from_hr first.",
        2 * wrong_range: "SSIM belongs to pictures in [0, 1]: pixel_ranges.unit_from_hr first; then halve 1 - SSIM.",
    }
    otherwise = f"Without MSE and alpha, {own:.4f} remains where the DSSIM is {dssim:.4f}."
    return feedback.value_hint(own, hints, otherwise=otherwise, near=_near)


@feedback.exercise
def adversarial_from_logits(answer: feedback.Answer) -> feedback.Hint:
    """A function of a NumPy array of logits that returns the mean of -log sigmoid(logit), for logits of any size."""
    logits = np.array([-3.0, -0.5, 0.25, 2.0])
    own = _scalar(feedback.returned(answer, logits))
    if own is None:
        return "One number for the whole batch: take the mean over the drawings."
    if hint := _adversarial_hint(own, logits):
        return hint
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        huge = [_scalar(answer(np.array([value]))) for value in (-1000.0, 1000.0)]
    if _near(huge[0], 1000.0) and _near(huge[1], 0.0):
        return None
    return f"Right for moderate logits, but ±1000 give {huge[0]:g} and {huge[1]:g}: use np.logaddexp, which is exact."


def _adversarial_hint(own, logits):
    """The hint for a value at moderate logits, None for the right one."""
    right, caught = float(np.mean(np.logaddexp(0, -logits))), float(np.mean(np.logaddexp(0, logits)))
    probability = float(np.mean(1 / (1 + np.exp(-logits))))
    hints = {
        right: None,
        caught: "That is -log(1 - D): it fines the generator for passing as real.",
        -caught: "That is log(1 - D), the form that saturates where drawings are caught.",
        -right: "The sign is turned round: log D rises as the drawing gets better, and a loss has to fall.",
        right * len(logits): "That is the sum over the batch; the loss is the mean.",
        probability: "That is the probability D itself; its negative logarithm is missing.",
    }
    otherwise = f"For the logits {logits.tolist()} it should be {right:.4f}, yours gives {own:.4f}."
    return feedback.value_hint(own, hints, otherwise=otherwise, near=_near)


@feedback.exercise
def gan_curves(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the runs A, B, C, D to what has happened to them."""
    return feedback.choice_hint(answer, **feedback.CHOICES["gan_curves"])


def _pictures():
    """A batch of two random pictures and noisy copies, in [-1, 1]."""
    random = np.random.default_rng(0)
    hr = random.uniform(-1, 1, (2, 24, 24, 3))
    sr = np.clip(hr + random.normal(0, 0.3, hr.shape), -1, 1)
    return ops.cast(hr, "float32"), ops.cast(sr, "float32")


def _scalar(value):
    """A float, or None if the value holds more than one number."""
    value = ops.convert_to_numpy(value)
    return float(value.reshape(-1)[0]) if value.size == 1 else None
