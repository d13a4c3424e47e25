"""Answers to the exercises of notebook 02."""

import numpy as np
from course.check.planted.exercise import Exercise, fails


def shuffle(image, scale):
    """The right answer."""
    height, width, channels = image.shape
    blocks = image.reshape(height, width, scale, scale, channels // scale**2)
    return blocks.transpose(0, 2, 1, 3, 4).reshape(height * scale, width * scale, -1)


def unmoved(image, scale):
    """Reshaped without a transpose."""
    return image.reshape(image.shape[0] * scale, image.shape[1] * scale, -1)


def mirrored(image, scale):
    """Rows and columns of each block exchanged."""
    blocks = image.reshape(*image.shape[:2], scale, scale, -1)
    return blocks.transpose(0, 3, 1, 2, 4).reshape(image.shape[0] * scale, image.shape[1] * scale, -1)


def colours_first(image, scale):
    """The channel order of PyTorch."""
    blocks = image.reshape(*image.shape[:2], -1, scale, scale)
    return blocks.transpose(0, 3, 1, 4, 2).reshape(image.shape[0] * scale, image.shape[1] * scale, -1)


EXERCISES = {
    "k3n64_parameters": Exercise(
        right=[36_928],
        mistakes=[
            (36_864, "bias"),
            (640, "all 64 input channels"),
            (4_160, "3 × 3 positions"),
            (5, "too small"),
        ],
        raising=[("many", "ValueError")],
    ),
    "generator_reach": Exercise(
        right=[40],
        mistakes=[
            (80, "one side"),
            (24, "two convolutions"),
            (37, "before the enlargement"),
            (1000, "too large"),
        ],
        raising=[([1, 2], "TypeError")],
    ),
    "pixel_shuffle": Exercise(
        right=[shuffle],
        mistakes=[
            (unmoved, "did not move"),
            (mirrored, "diagonal"),
            (colours_first, "colours come last"),
            (lambda image, scale: shuffle(image, scale)[None], "batch axis"),
            (lambda image, scale: shuffle(image, scale).swapaxes(0, 1), "exchanged"),
            (lambda image, scale: np.zeros_like(shuffle(image, scale)), "not where they belong"),
            (lambda image, scale: image, "gives shape"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
}
