"""Checks of notebook 00: PSNR by hand, unknowns at ×4, the best single guess."""

import numpy as np

from srlib.course.check import feedback


@feedback.exercise
def psnr_from_mse(answer: feedback.Answer) -> feedback.Hint:
    """The function from a mean squared error to PSNR in dB, for 8-bit pixels."""
    mse = np.array([1.0, 42.0, 650.25])
    given = [feedback.returned(answer, error) for error in mse.tolist()]
    hints = [
        (10 * np.log10(255**2 / mse), None),
        (10 * np.log(255**2 / mse), "np.log is the natural logarithm; decibels use base 10."),
        (20 * np.log10(255**2 / mse), "Twice too large: 20 goes with 255 / RMSE, 10 with 255² / MSE."),
        (10 * np.log10(255 / mse), "The MSE is a squared error, so the peak must be squared too."),
        (10 * np.log10(mse / 255**2), "The sign is wrong: a larger error must give a lower PSNR."),
        (10 * np.log10(1 / mse), "That is for pixels from 0 to 1; here the peak is 255."),
        (np.log10(255**2 / mse), "That is in bels; a decibel is a tenth of one."),
        (255**2 / mse, "The ratio is right; its logarithm, times ten, is missing."),
    ]
    otherwise = "For an MSE of 42 it gives {own[1]:.2f} dB, not 31.90."
    return feedback.value_hint(given, hints, otherwise=otherwise, near=np.allclose)


_COUNTS = {
    16: None,
    1 / 16: "That is known per unknown; turn it upside down.",
    4: "4 is the ratio along one side. A picture has two.",
    8: "The two sides multiply; they do not add up.",
    48: "The LR has three channels as well, so colour does not change the ratio.",
    3: "Colour multiplies both counts alike; what counts is how many pixels replace one.",
    15: "None of the sixteen pixels is known: the LR value is a weighted mean of many, not one of them.",
    64: "One side too many: a picture has height and width only.",
}


@feedback.exercise
def unknowns_per_known(answer: feedback.Answer) -> feedback.Hint:
    """How many HR values stand against one LR value at ×4."""
    otherwise = "Draw one LR pixel and the HR pixels that cover the same area; count them."
    return feedback.value_hint(float(answer), _COUNTS, otherwise=otherwise)


@feedback.exercise
def best_guess(answer: feedback.Answer) -> feedback.Hint:
    """The function from two equally likely originals to the picture with the smallest expected squared error."""
    a = np.array([[0, 10, 200], [255, 60, 7]], np.uint8)
    b = np.array([[100, 30, 100], [255, 200, 0]], np.uint8)
    value = np.asarray(feedback.returned(answer, a.copy(), b.copy()))
    if value.shape != a.shape:
        return f"The guess must be a picture of the originals' shape {a.shape}, not {value.shape}."
    return _guess_hint(value.astype(float), a, b)


def _guess_hint(guess, a, b):
    """The hint for a picture of the right shape, None for the mean of both."""
    total, wrapped = a.astype(float) + b, (a + b).astype(float)  # uint8: 200 + 100 is 44
    half = "Right half of the time, but then the full error in the other half. Can a compromise do better?"
    overflow = "uint8 cannot hold 200 + 100: the sum starts again at 0. Convert to float before you add."
    extreme = "Each pixel is still one of the two values. Which number is nearest to both, in squared distance?"
    return feedback.first_hint(
        (np.abs(guess - total / 2).max() <= 0.5, None),
        (np.array_equal(guess, a) or np.array_equal(guess, b), half),
        (np.abs(guess - wrapped / 2).max() <= 0.5 or np.array_equal(guess, wrapped), overflow),
        (np.allclose(guess, total), "The sum is twice as bright as either original."),
        (np.array_equal(guess, np.maximum(a, b)) or np.array_equal(guess, np.minimum(a, b)), extreme),
        (np.ptp(guess) == 0, "One grey level for all pixels; you may choose a value for each pixel."),
        (True, "Take one pixel with the values 0 and 100: which guess g makes (g - 0)² + (g - 100)² smallest?"),
    )
