"""Checks of notebook 08: SSIM of two flat patches, the weight at which two terms pull alike, what a table may claim."""

from srlib.course.check import feedback

_close = feedback.within(1e-5, 1e-9)
_near = feedback.within(1e-3, 1e-9)


@feedback.exercise
def flat_ssim(answer: feedback.Answer) -> feedback.Hint:
    """The SSIM of two flat patches of grey 0.4 and 0.6."""
    right, constant = _brightness(0.4, 0.6), 0.03**2
    hints = {
        right: None,
        1.0: "Flat patches have no structure to differ in, but their brightness differs: the first factor is below 1.",
        0.0: "The covariance is 0, but so are both variances: the second factor is 0.03² / 0.03², not 0.",
        right / 2: "The second factor is 1, not 1/2: with no variance at all it is 0.03² / 0.03².",
        (1 - right) / 2: "That is the DSSIM. The SSIM itself is asked for.",
        _brightness(0.4, 0.6, constant): "You took 0.03 for the constant of the brightness; its own is 0.01.",
        _brightness(255 * 0.4, 255 * 0.6): "The pictures are in [0, 1], not in 0 to 255.",
        _brightness(-0.2, 0.2): "The pictures are in [0, 1], not in [-1, 1]: SSIM minds a shift.",
    }
    otherwise = "Put 0.4 and 0.6 in for both means, 0 for variances and covariance; the rest is 0.01²."
    return feedback.value_hint(float(answer), hints, otherwise=otherwise, near=_close)


def _brightness(x, y, constant=0.01**2):
    """SSIM's first factor for two means."""
    return (2 * x * y + constant) / (x * x + y * y + constant)


@feedback.exercise
def balancing_weight(answer: feedback.Answer) -> feedback.Hint:
    """A function (mse_slope, dssim_slope) that returns the alpha at which both terms pull with equal strength."""
    own, falling = (float(feedback.returned(answer, *slopes)) for slopes in ((0.02, 0.5), (-0.3, -0.1)))
    inverse = "Turned round: alpha multiplies the DSSIM, so alpha times its slope must come to the slope of the MSE."
    share = "That is a share of the sum. The weight solves mse_slope = alpha · dssim_slope."
    scaled = "Do not scale by 4: both slopes are of the losses as they are, ranges included."
    negative = "A weight is positive; slopes that both fall give a positive ratio."
    hints = {
        0.02 / 0.5: None if _near(falling, 3.0) else negative,
        0.5 / 0.02: inverse,
        0.02 / 0.52: share,
        0.5 / 0.52: share,
        0.02 / 0.5 / 4: scaled,
        0.02 / 0.5 * 4: scaled,
    }
    otherwise = "For the slopes 0.02 and 0.5 yours gives {own:.4g}; then alpha times 0.5 is not 0.02."
    return feedback.value_hint(own, hints, otherwise=otherwise, near=_near)


@feedback.exercise
def what_it_shows(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the lines A to E of a table to what they show."""
    return feedback.choice_hint(answer, **feedback.CHOICES["what_it_shows"])
