"""Checks of notebook 00: PSNR by hand, unknowns at ×4, the best single guess."""

import numpy as np

from srlib.course.check import feedback

_ERRORS = (1.0, 42.0, 650.25)

# What comes out instead of 10 log10(255² / MSE) after each common slip, and the hint for it.
_PSNR_SLIPS = (
    (lambda mse: 10 * np.log(255**2 / mse), "np.log is the natural logarithm; decibels use base 10."),
    (lambda mse: 20 * np.log10(255**2 / mse), "Twice too large: 20 goes with 255 / RMSE, 10 with 255² / MSE."),
    (lambda mse: 10 * np.log10(255 / mse), "The MSE is a squared error, so the peak must be squared too."),
    (lambda mse: 10 * np.log10(mse / 255**2), "The sign is wrong: a larger error must give a lower PSNR."),
    (lambda mse: 10 * np.log10(1 / mse), "That is for pixels from 0 to 1; here the peak is 255."),
    (lambda mse: np.log10(255**2 / mse), "That is in bels; a decibel is a tenth of one."),
    (lambda mse: 255**2 / mse, "The ratio is right; its logarithm, times ten, is missing."),
)


@feedback.exercise
def psnr_from_mse(answer):
    """The function from a mean squared error to PSNR in dB, for 8-bit pixels."""
    given = [answer(mse) for mse in _ERRORS]
    if any(feedback.unanswered(value) for value in given):
        return feedback.NOTHING
    if np.allclose(given, [10 * np.log10(255**2 / mse) for mse in _ERRORS]):
        return None
    for slip, hint in _PSNR_SLIPS:
        if np.allclose(given, [slip(mse) for mse in _ERRORS]):
            return hint
    return f"For an MSE of 42 it gives {given[1]:.2f} dB, not {10 * np.log10(255**2 / 42):.2f}."


_COUNTS = {
    4: "4 is the ratio along one side. A picture has two.",
    8: "The two sides multiply; they do not add up.",
    48: "The LR has three channels as well, so colour does not change the ratio.",
    3: "Colour multiplies both counts alike; what counts is how many pixels replace one.",
    15: "None of the sixteen pixels is known: the LR value is a weighted mean of many, not one of them.",
    64: "One side too many: a picture has height and width only.",
}


@feedback.exercise
def unknowns_per_known(answer):
    """How many HR values stand against one LR value at ×4."""
    value = float(answer)
    if value == 16:
        return None
    if value == 1 / 16:
        return "That is known per unknown; turn it upside down."
    return _COUNTS.get(value, "Draw one LR pixel and the HR pixels that cover the same area; count them.")


@feedback.exercise
def best_guess(answer):
    """The function from two equally likely originals to the picture with the smallest expected squared error."""
    a = np.array([[0, 10, 200], [255, 60, 7]], np.uint8)
    b = np.array([[100, 30, 100], [255, 200, 0]], np.uint8)
    value = answer(a.copy(), b.copy())
    if feedback.unanswered(value):
        return feedback.NOTHING
    value = np.asarray(value)
    if value.shape != a.shape:
        return f"The guess must be a picture of the originals' shape {a.shape}, not {value.shape}."
    if np.abs(value.astype(float) - (a.astype(float) + b) / 2).max() <= 0.5:
        return None
    return _wrong_guess(value.astype(float), a, b)


def _wrong_guess(value, a, b):
    """The hint for a picture that is not the mean."""
    if np.array_equal(value, a) or np.array_equal(value, b):
        return "Right half of the time, but then the full error in the other half. Can a compromise do better?"
    wrapped = (a + b).astype(float)  # uint8: 200 + 100 is 44
    if np.abs(value - wrapped / 2).max() <= 0.5 or np.array_equal(value, wrapped):
        return "uint8 cannot hold 200 + 100: the sum starts again at 0. Convert to float before you add."
    if np.allclose(value, a.astype(float) + b):
        return "The sum is twice as bright as either original."
    if np.array_equal(value, np.maximum(a, b)) or np.array_equal(value, np.minimum(a, b)):
        return "Each pixel is still one of the two values. Which number is nearest to both, in squared distance?"
    if np.ptp(value) == 0:
        return "One grey level for all pixels; you may choose a value for each pixel."
    return "Take one pixel with the values 0 and 100: which guess g makes (g - 0)² + (g - 100)² smallest?"
