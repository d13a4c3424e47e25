"""Checks of notebook 04: the content loss with DSSIM, the adversarial loss from logits, reading a GAN's curves."""

import warnings

import numpy as np
from keras import ops

from srlib.course.check import feedback
from srlib.imaging import metrics
from srlib.srgan import losses

_FINDINGS = {
    "A": "healthy contest",
    "B": "discriminator wins",
    "C": "discriminator does not train",
    "D": "generator forgets the photograph",
}
_CURVE_HINTS = {
    "A": "Run A: the discriminator is right more often than not, but not by much, and the content loss holds.",
    "B": "Run B: D(h) is 1 and D(s) is 0 from early on: every drawing is caught. Who is too strong?",
    "C": "Run C: nothing moves at all, from the first step on. A contest between two learners is never that still.",
    "D": "Run D: look at the content loss. The drawings pass again at the end, but do they still show the photograph?",
}


@feedback.exercise
def mse_plus_dssim(answer):
    """A function (hr, sr, alpha) that returns MSE + alpha · DSSIM for pictures in [-1, 1]."""
    hr, sr = _pictures()
    values = [answer(hr, sr, alpha) for alpha in (0.0, 0.5)]
    if feedback.unanswered(values[0]):
        return feedback.NOTHING
    first, second = map(_scalar, values)
    if first is None or second is None:
        return "A loss is one number for the whole batch: take the mean over the SSIMs of its pictures."
    mse, dssim = float(losses.mse(hr, sr)), float(losses.dssim(hr, sr))
    if _near(first, mse) and _near(second, mse + 0.5 * dssim):
        return None
    if not _near(first, mse):
        return "With alpha = 0 only losses.mse(hr, sr) may remain. Does alpha multiply the DSSIM alone?"
    return _dssim_hint((second - mse) / 0.5, dssim, hr, sr)


def _dssim_hint(own, dssim, hr, sr):
    """The hint for a wrong value in the place of DSSIM."""
    wrong_range = (1 - float(ops.mean(metrics.ssim(hr, sr)))) / 2
    mistakes = {
        0.0: "alpha changes nothing: multiply the DSSIM by it, and add.",
        2 * dssim: "That is 1 - SSIM. DSSIM is half of it, so that it ends at 1 for opposite pictures.",
        1
        - 2 * dssim: "You add the SSIM itself, which is best when it is large. A loss must fall when pictures improve.",
        -dssim: "The sign is turned round: this rewards a large dissimilarity.",
        wrong_range: "SSIM belongs to pictures in [0, 1]: pass both through ranges.unit_from_hr first.",
        2 * wrong_range: "SSIM belongs to pictures in [0, 1]: ranges.unit_from_hr first; then halve 1 - SSIM.",
    }
    near = [hint for value, hint in mistakes.items() if _near(own, value)]
    return near[0] if near else f"Without MSE and alpha, {own:.4f} remains where the DSSIM is {dssim:.4f}."


@feedback.exercise
def adversarial_from_logits(answer):
    """A function of a NumPy array of logits that returns the mean of -log sigmoid(logit), for logits of any size."""
    logits = np.array([-3.0, -0.5, 0.25, 2.0])
    value = answer(logits)
    if feedback.unanswered(value):
        return feedback.NOTHING
    own = _scalar(value)
    if own is None:
        return "One number for the whole batch: take the mean over the drawings."
    right = float(np.mean(np.logaddexp(0, -logits)))
    if not _near(own, right):
        return _adversarial_hint(own, right, logits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        huge = [_scalar(answer(np.array([value]))) for value in (-1000.0, 1000.0)]
    if _near(huge[0], 1000.0) and _near(huge[1], 0.0):
        return None
    return f"Right for moderate logits, but ±1000 give {huge[0]:g} and {huge[1]:g}: use np.logaddexp, which is exact."


def _adversarial_hint(own, right, logits):
    """The hint for a wrong value at moderate logits."""
    mistakes = {
        float(np.mean(np.logaddexp(0, logits))): "That is -log(1 - D): it fines the generator for passing as real.",
        -float(
            np.mean(np.logaddexp(0, logits))
        ): "That is log(1 - D), the form that saturates where drawings are caught.",
        -right: "The sign is turned round: log D rises as the drawing gets better, and a loss has to fall.",
        right * len(logits): "That is the sum over the batch; the loss is the mean.",
        float(
            np.mean(1 / (1 + np.exp(-logits)))
        ): "That is the probability D itself; its negative logarithm is missing.",
    }
    near = [hint for value, hint in mistakes.items() if _near(own, value)]
    return near[0] if near else f"For the logits {logits.tolist()} it should be {right:.4f}, yours gives {own:.4f}."


@feedback.exercise
def gan_curves(answer):
    """A dict from the runs A, B, C, D to what has happened to them."""
    if all(feedback.unanswered(value) for value in answer.values()):
        return "Not answered yet: replace each ... above and run the cell again."
    unknown = [value for value in answer.values() if value not in _FINDINGS.values()]
    if unknown:
        return f"{unknown[0]!r} is none of the four findings: {', '.join(_FINDINGS.values())}."
    wrong = [run for run, finding in _FINDINGS.items() if answer.get(run) != finding]
    return _CURVE_HINTS[wrong[0]] if wrong else None


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


def _near(a, b):
    return bool(np.isclose(a, b, rtol=1e-3, atol=1e-5))
