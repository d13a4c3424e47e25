"""Checks of notebook 05: a gain with its interval, two ways to average PSNR, reports that do not compare."""

import numpy as np

from srlib.course.check import feedback

_BICUBIC = (33.75, 29.68, 22.10, 31.59, 26.46)
_NETWORK = (35.02, 31.94, 25.61, 32.55, 28.93)
_T = 2.7764451051977987  # 97.5 % quantile of Student's t with four degrees of freedom

_PROTOCOLS = {"A": "colour", "B": "border", "C": "resampler", "D": "averaging", "E": "comparable", "F": "leak"}
_PROTOCOL_HINTS = {
    "A": "Report A: look at what it was measured on. The paper measures brightness only.",
    "B": "Report B: at the border every method lacks context. The paper cuts four pixels; does this one?",
    "C": "Report C: how was the LR made? Without antialiasing it is another picture, and another task.",
    "D": "Report D: the last column. The PSNR of a mean is not the mean of PSNRs (exercise 2).",
    "E": "Report E: go through its columns one by one. Is there any departure at all?",
    "F": "Report F: which pictures has this network already seen?",
}


@feedback.exercise
def paired_gain(answer):
    """A function of two lists of PSNRs that returns the mean gain and the ends of its paired 95 % interval."""
    value = answer(list(_BICUBIC), list(_NETWORK))
    if feedback.unanswered(value):
        return feedback.NOTHING
    own = np.asarray(value, float).reshape(-1)
    if own.size != 3:
        return f"Return three numbers, the mean gain, the lower and the upper end; yours are {own.size}."
    differences = np.subtract(_NETWORK, _BICUBIC)
    if _near(own[0], -differences.mean()):
        return "The sign is turned round: the gain is the network minus bicubic."
    if not _near(own[0], differences.mean()):
        return f"The mean gain of the check's five images is {differences.mean():.3f} dB; yours is {own[0]:.3f}."
    if not _near(own[2] - own[0], own[0] - own[1]):
        return "The interval lies around the mean: the same distance below as above, the lower end first."
    return _interval_hint(own[2] - own[0], differences)


def _interval_hint(half, differences):
    """None for the right half width of the interval, else the hint for the mistake."""
    count = len(differences)
    deviation = differences.std(ddof=1)
    unpaired = np.sqrt(np.var(_BICUBIC, ddof=1) + np.var(_NETWORK, ddof=1))
    right = _T * deviation / np.sqrt(count)
    if _near(half, right):
        return None
    mistakes = {
        _T * deviation: "You forgot √n: a mean of n differences scatters √n times less than one of them.",
        1.96 * deviation / np.sqrt(count): "1.96 is for many images. With few, t is larger: t.ppf(0.975, n - 1).",
        _T
        * unpaired
        / np.sqrt(count): "That is unpaired: easy and hard images blow it up. Subtract image by image first.",
        right * np.sqrt((count - 1) / count): "Divide by n - 1 in the standard deviation: np.std(…, ddof=1).",
        deviation / np.sqrt(count): "That is the standard error; multiply it by t.",
        -right: "Lower end first, then the upper one.",
    }
    near = [hint for value, hint in mistakes.items() if _near(half, value)]
    return near[0] if near else f"The mean is right; the half width should be {right:.3f} dB here, yours is {half:.3f}."


@feedback.exercise
def two_averages(answer):
    """A dict with "a" (mean of PSNRs), "b" (PSNR of the mean error) for the errors 400 and 4, and "never smaller"."""
    values = [answer["a"], answer["b"], answer["never smaller"]]
    if any(map(feedback.unanswered, values)):
        return "Not answered yet: replace each ... above and run the cell again."
    errors = np.array([400.0, 4.0])
    right = np.mean(10 * np.log10(255**2 / errors)), 10 * np.log10(255**2 / np.mean(errors))
    own = float(values[0]), float(values[1])
    if not (_near(own[0], right[0]) and _near(own[1], right[1])):
        return _averages_hint(own, right)
    if values[2] == "a":
        return None
    return "Try other errors too: -log is convex, so the mean of its values is not below its value at the mean."


def _averages_hint(own, right):
    """The hint for wrong averages."""
    if _near(own[0], right[1]) and _near(own[1], right[0]):
        return "The two are exchanged: (a) takes each image's PSNR first and averages then."
    for factor, hint in (
        (np.log(10), "Use the logarithm to base 10, np.log10, not the natural one."),
        (2.0, "10 times the logarithm, not 20: the errors are squared already."),
    ):
        if _near(own[0], factor * right[0]) and _near(own[1], factor * right[1]):
            return hint
    if _near(own[0], right[0] - 20 * np.log10(255)) or _near(own[1], right[1] - 20 * np.log10(255)):
        return "The peak is 255 here, as the values are 0 to 255."
    if _near(own[0], right[0]):
        return "(a) is right. For (b), average the two errors first and turn that one number into dB."
    if _near(own[1], right[1]):
        return "(b) is right. For (a), turn each error into dB first and average the two."
    return "PSNR = 10 log10(255² / error): once for each image and then averaged (a), once for the mean error (b)."


@feedback.exercise
def wrong_protocols(answer):
    """A dict from the reports A to F to what is wrong with them."""
    if all(feedback.unanswered(value) for value in answer.values()):
        return "Not answered yet: replace each ... above and run the cell again."
    unknown = [value for value in answer.values() if value not in _PROTOCOLS.values()]
    if unknown:
        return f"{unknown[0]!r} is none of the six words: {', '.join(sorted(_PROTOCOLS.values()))}."
    wrong = [report for report, fault in _PROTOCOLS.items() if answer.get(report) != fault]
    return _PROTOCOL_HINTS[wrong[0]] if wrong else None


def _near(a, b):
    return bool(np.isclose(a, b, rtol=2e-3, atol=1e-6))
