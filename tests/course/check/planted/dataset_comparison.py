"""Answers to the exercises of notebook 10."""

import numpy as np
from course.check.planted.exercise import Exercise, choice, fails

CLAIMS = {"A": "shown", "B": "contradicted", "C": "not shown", "D": "not shown", "E": "not shown"}


def area(sizes):
    return sum(height * width for height, width in sizes)


def share(natural, faces):
    return area(faces) / (area(natural) + area(faces))


def perimeters(natural, faces):
    """The share by the sum of height and width."""
    return sum(map(sum, faces)) / sum(map(sum, natural + faces))


def power(picture, frequency, mean=True, exponent=2, length=np.hypot, above=np.greater):
    """The share of a picture's power above a frequency, or one of its usual mistakes."""
    spectrum = np.abs(np.fft.fft2(picture - mean * picture.mean())) ** exponent
    frequencies = np.abs(np.fft.fftfreq(len(picture)))
    return spectrum[above(length(frequencies[:, None], frequencies), frequency)].sum() / spectrum.sum()


def mistaken(**options):
    """`power` with one mistake."""
    return lambda picture, frequency: power(picture, frequency, **options)


EXERCISES = {
    "share_of_faces": Exercise(
        right=[share],
        mistakes=[
            (lambda natural, faces: len(faces) / len(natural + faces), "counts pictures"),
            (lambda natural, faces: area(faces) / area(natural), "over all"),
            (lambda natural, faces: 1 - share(natural, faces), "natural photographs"),
            (lambda natural, faces: 100 * share(natural, faces), "per cent"),
            (perimeters, "not their sum"),
            (lambda natural, faces: 0.5, "should be"),
        ],
        raising=[(lambda natural: 3, "TypeError")],
    ),
    "power_above": Exercise(
        right=[power],
        mistakes=[
            (mistaken(mean=False), "mean is in it"),
            (mistaken(exponent=1), "amplitude"),
            (mistaken(length=np.minimum), "Both"),
            (mistaken(length=np.maximum), "larger of the two"),
            (mistaken(above=np.less_equal), "below"),
            (lambda picture, frequency: 100 * power(picture, frequency), "per cent"),
            (lambda picture, frequency: power(picture, frequency) * picture.var() * picture.size**2, "divide"),
            (lambda picture, frequency: 0.5, "should be"),
        ],
        raising=[(fails, "ZeroDivisionError: planted")],
    ),
    "claims_from_matrix": choice(
        CLAIMS,
        changes=[{"A": "not shown"}, {"B": "shown"}, {"C": "shown"}, {"D": "shown"}, {"E": "shown"}, {"E": "maybe"}],
        hints=["Claim A", "Claim B", "Claim C", "Claim D", "Claim E", "none of the three"],
    ),
}
