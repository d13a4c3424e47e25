"""Checks of notebook 08: SSIM of two flat patches, the weight at which two terms pull alike, what a table may claim."""

import numpy as np

from srlib.course.check import feedback

FLAT = (0.4, 0.6)  # the two greys of the exercise, in [0, 1]
_READINGS = {
    "A": "by construction",
    "B": "supported",
    "C": "inconclusive",
    "D": "too small to matter",
    "E": "by construction",
}
_READING_HINTS = {
    "A": "Line A: what was the second network trained for, and what is it scored on?",
    "B": "Line B: neither loss knows this measure, and the interval stays away from zero and from the margin.",
    "C": "Line C: the mean looks large. Where does its interval end on both sides?",
    "D": "Line D: the interval leaves zero out, but compare its ends with the margin.",
    "E": "Line E: the squared error is what PSNR is computed from. Whose home ground is that?",
}


@feedback.exercise
def flat_ssim(answer):
    """The SSIM of two flat patches of grey 0.4 and 0.6."""
    x, y = FLAT
    answer, constant, structure = float(answer), 0.01**2, 0.03**2
    right = _brightness(x, y, constant)
    mistakes = {
        1.0: "Flat patches have no structure to differ in, but their brightness differs: the first factor is below 1.",
        0.0: "The covariance is 0, but so are both variances: the second factor is 0.03² / 0.03², not 0.",
        right / 2: "The second factor is 1, not 1/2: with no variance at all it is 0.03² / 0.03².",
        (1 - right) / 2: "That is the DSSIM. The SSIM itself is asked for.",
        _brightness(x, y, structure): "You took 0.03 for the constant of the brightness; its own is 0.01.",
        _brightness(255 * x, 255 * y, constant): "The pictures are in [0, 1], not in 0 to 255.",
        _brightness(2 * x - 1, 2 * y - 1, constant): "The pictures are in [0, 1], not in [-1, 1]: SSIM minds a shift.",
    }
    if _near(answer, right, 1e-5):
        return None
    near = [hint for value, hint in mistakes.items() if _near(answer, value, 1e-5)]
    return near[0] if near else "Put 0.4 and 0.6 in for both means, 0 for variances and covariance; the rest is 0.01²."


def _brightness(x, y, constant):
    """SSIM's first factor for two means."""
    return (2 * x * y + constant) / (x * x + y * y + constant)


@feedback.exercise
def balancing_weight(answer):
    """A function (mse_slope, dssim_slope) that returns the alpha at which both terms pull with equal strength."""
    values = [answer(0.02, 0.5), answer(-0.3, -0.1)]
    if any(feedback.unanswered(value) for value in values):
        return feedback.NOTHING
    own = [float(value) for value in values]
    if _near(own[0], 0.04) and _near(own[1], 3.0):
        return None
    if _near(own[0], 25.0):
        return "Turned round: alpha multiplies the DSSIM, so alpha times its slope must come to the slope of the MSE."
    if _near(own[0], 0.04):
        return "A weight is positive; slopes that both fall give a positive ratio."
    if _near(own[0], 0.02 / 0.52) or _near(own[0], 0.5 / 0.52):
        return "That is a share of the sum. The weight solves mse_slope = alpha · dssim_slope."
    if _near(own[0], 0.01) or _near(own[0], 0.16):
        return "Do not scale by 4: both slopes are of the losses as they are, ranges included."
    return f"For the slopes 0.02 and 0.5 yours gives {own[0]:.4g}; then alpha times 0.5 is not 0.02."


@feedback.exercise
def what_it_shows(answer):
    """A dict from the lines A to E of a table to what they show."""
    if all(feedback.unanswered(value) for value in answer.values()):
        return "Not answered yet: replace each ... above and run the cell again."
    unknown = [value for value in answer.values() if value not in _READINGS.values()]
    if unknown:
        return f"{unknown[0]!r} is none of the four: {', '.join(sorted(set(_READINGS.values())))}."
    wrong = [line for line, reading in _READINGS.items() if answer.get(line) != reading]
    return _READING_HINTS[wrong[0]] if wrong else None


def _near(a, b, tolerance=1e-3):
    return bool(np.isclose(a, b, rtol=tolerance, atol=1e-9))
