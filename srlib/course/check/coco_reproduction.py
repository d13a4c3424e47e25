"""Checks of notebook 05: a gain with its interval, two ways to average PSNR, reports that do not compare."""

import functools

import numpy as np

from srlib.course.check import feedback

_BICUBIC = (33.75, 29.68, 22.10, 31.59, 26.46)
_NETWORK = (35.02, 31.94, 25.61, 32.55, 28.93)
_T = 2.7764451051977987  # 97.5 % quantile of Student's t with four degrees of freedom

_near = functools.partial(np.allclose, rtol=2e-3, atol=1e-6)


@feedback.exercise
def paired_gain(answer: feedback.Answer) -> feedback.Hint:
    """A function of two lists of PSNRs that returns the mean gain and the ends of its paired 95 % interval."""
    own = np.asarray(feedback.returned(answer, list(_BICUBIC), list(_NETWORK)), float).reshape(-1)
    if own.size != 3:
        return f"Return three numbers, the mean gain, the lower and the upper end; yours are {own.size}."
    differences = np.subtract(_NETWORK, _BICUBIC)
    if _near(own[0], -differences.mean()):
        return "The sign is turned round: the gain is the network minus bicubic."
    if not _near(own[0], differences.mean()):
        return f"The mean gain of the check's five images is {differences.mean():.3f} dB; yours is {own[0]:.3f}."
    if not _near(own[2] - own[0], own[0] - own[1]):
        return "The interval lies around the mean: the same distance below as above, the lower end first."
    return _interval_hint(own[2] - own[0], differences.std(ddof=1), len(differences))


def _interval_hint(half, deviation, count):
    """The hint for the half width of the interval, None for the right one."""
    error = deviation / np.sqrt(count)
    unpaired = np.sqrt((np.var(_BICUBIC, ddof=1) + np.var(_NETWORK, ddof=1)) / count)
    hints = {
        _T * error: None,
        _T * deviation: "You forgot √n: a mean of n differences scatters √n times less than one of them.",
        1.96 * error: "1.96 is for many images. With few, t is larger: t.ppf(0.975, n - 1).",
        _T * unpaired: "That is unpaired: easy and hard images blow it up. Subtract image by image first.",
        _T * error * np.sqrt(1 - 1 / count): "Divide by n - 1 in the standard deviation: np.std(…, ddof=1).",
        error: "That is the standard error; multiply it by t.",
        -_T * error: "Lower end first, then the upper one.",
    }
    otherwise = f"The mean is right; the half width should be {_T * error:.3f} dB here, yours is {half:.3f}."
    return feedback.value_hint(half, hints, otherwise=otherwise, near=_near)


@feedback.exercise
def two_averages(answer: feedback.Answer) -> feedback.Hint:
    """A dict with "a" (mean of PSNRs), "b" (PSNR of the mean error) for the errors 400 and 4, and "never smaller"."""
    values = [answer["a"], answer["b"], answer["never smaller"]]
    if any(map(feedback.unanswered, values)):
        return feedback.OPEN
    errors, peak = np.array([400.0, 4.0]), 20 * np.log10(255)
    own = np.array([float(value) for value in values[:2]])
    right = peak - 10 * np.array([np.mean(np.log10(errors)), np.log10(np.mean(errors))])
    a_right, b_right = map(_near, own, right)
    formula = "PSNR = 10 log10(255² / error): once for each image and then averaged (a), once for the mean error (b)."
    smaller = "Try other errors too: -log is convex, so the mean of its values is not below its value at the mean."
    return feedback.first_hint(
        (_near(own, right), None if values[2] == "a" else smaller),
        (_near(own, right[::-1]), "The two are exchanged: (a) takes each image's PSNR first and averages then."),
        (_near(own, np.log(10) * right), "Use the logarithm to base 10, np.log10, not the natural one."),
        (_near(own, 2 * right), "10 times the logarithm, not 20: the errors are squared already."),
        (any(map(_near, own, right - peak)), "The peak is 255 here, as the values are 0 to 255."),
        (a_right, "(a) is right. For (b), average the two errors first and turn that one number into dB."),
        (b_right, "(b) is right. For (a), turn each error into dB first and average the two."),
        (True, formula),
    )


@feedback.exercise
def wrong_protocols(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the reports A to F to what is wrong with them."""
    return feedback.choice_hint(answer, **feedback.CHOICES["wrong_protocols"])
