"""Answers to the exercises of notebook 08."""

from course.check.planted.exercise import Exercise, choice

READINGS = {
    "A": "by construction",
    "B": "supported",
    "C": "inconclusive",
    "D": "too small to matter",
    "E": "by construction",
}
FLAT = (2 * 0.4 * 0.6 + 0.0001) / (0.4**2 + 0.6**2 + 0.0001)
EXERCISES = {
    "flat_ssim": Exercise(
        right=[FLAT],
        mistakes=[
            (1.0, "brightness differs"),
            (0.0, "second factor"),
            ((1 - FLAT) / 2, "DSSIM"),
            ((0.48 + 0.0009) / (0.52 + 0.0009), "its own is 0.01"),
            ((2 * -0.2 * 0.2 + 0.0001) / (0.08 + 0.0001), "not in [-1, 1]"),
            ((2 * 102 * 153 + 0.0001) / (102**2 + 153**2 + 0.0001), "not in 0 to 255"),
            (0.5, "for both means"),
        ],
        raising=[("grey", "ValueError")],
    ),
    "balancing_weight": Exercise(
        right=[lambda mse, dssim: mse / dssim],
        mistakes=[
            (lambda mse, dssim: dssim / mse, "Turned round"),
            (lambda mse, dssim: mse / (mse + dssim), "share"),
            (lambda mse, dssim: 4 * mse / dssim, "by 4"),
            (lambda mse, dssim: max(mse, 0) / dssim, "positive"),
            (lambda mse, dssim: 0.1, "yours gives"),
        ],
        raising=[(lambda mse: mse, "TypeError")],
    ),
    "what_it_shows": choice(
        READINGS,
        changes=[{"A": "supported"}, {"C": "supported"}, {"D": "supported"}, {"E": "proved"}],
        hints=["trained for", "both sides", "margin", "none of the four"],
    ),
}
