"""Answers to the exercises of notebook 00."""

import numpy as np
from course.check.planted.exercise import Exercise, fails

EXERCISES = {
    "psnr_from_mse": Exercise(
        right=[lambda mse: 20 * np.log10(255) - 10 * np.log10(mse)],
        mistakes=[
            (lambda mse: 10 * np.log(255**2 / mse), "natural"),
            (lambda mse: 20 * np.log10(255**2 / mse), "Twice"),
            (lambda mse: 10 * np.log10(255 / mse), "peak must be squared"),
            (lambda mse: -10 * np.log10(255**2 / mse), "sign"),
            (lambda mse: 10 * np.log10(1 / mse), "from 0 to 1"),
            (lambda mse: np.log10(255**2 / mse), "bels"),
            (lambda mse: 255**2 / mse, "logarithm"),
            (lambda mse: 0.0, "For an MSE of 42 it gives 0.00 dB, not 31.90"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
    "unknowns_per_known": Exercise(
        right=[16, 16.0, np.int64(16)],
        mistakes=[
            (4, "one side"),
            (8, "multiply"),
            (48, "three channels"),
            (15, "weighted mean"),
            (1 / 16, "upside down"),
            (7, "Draw one"),
        ],
        raising=[("many", "ValueError")],
    ),
    "best_guess": Exercise(
        right=[lambda a, b: (a / 2) + b / 2, lambda a, b: np.rint((a.astype(float) + b) / 2)],
        mistakes=[
            (lambda a, b: a, "Right half of the time"),
            (lambda a, b: (a + b) / 2, "uint8"),
            (lambda a, b: (a + b) // 2, "uint8"),
            (lambda a, b: a.astype(float) + b, "twice as bright"),
            (np.maximum, "one of the two values"),
            (lambda a, b: np.full(a.shape, 90.0), "One grey level"),
            (lambda a, b: a.astype(float).mean(), "shape"),
            (lambda a, b: 0.25 * a + 0.75 * b, "(g - 100)²"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
}
