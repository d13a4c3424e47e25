"""The checks of notebook 10: right answers pass, each planted mistake gets the hint that fits, nothing raises."""

import numpy as np
import pytest

from srlib.course.check import dataset_comparison as check

RIGHT = {"A": "shown", "B": "contradicted", "C": "not shown", "D": "not shown", "E": "not shown"}


def area(sizes):
    return sum(height * width for height, width in sizes)


def share(natural, faces):
    return area(faces) / (area(natural) + area(faces))


def power(picture, frequency, mean=True, exponent=2, length=np.hypot, above=np.greater):
    """The share of a picture's power above a frequency, or one of its usual mistakes."""
    spectrum = np.abs(np.fft.fft2(picture - mean * picture.mean())) ** exponent
    frequencies = np.abs(np.fft.fftfreq(len(picture)))
    return spectrum[above(length(frequencies[:, None], frequencies), frequency)].sum() / spectrum.sum()


@pytest.mark.parametrize(
    "name, answer", [("share_of_faces", share), ("power_above", power), ("claims_from_matrix", RIGHT)]
)
def test_right_answers_pass(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


def test_the_right_share_of_power_is_that_of_two_waves():
    across = np.arange(64) / 64 * 2 * np.pi
    waves = 3 * np.cos(2 * across) + 4 * np.cos(20 * across)  # powers 9 and 16, below and above
    assert power(np.tile(waves, (64, 1)), 0.125) == pytest.approx(16 / 25)


@pytest.mark.parametrize(
    "name, answer, hint",
    [
        ("share_of_faces", lambda natural, faces: len(faces) / len(natural + faces), "counts pictures"),
        ("share_of_faces", lambda natural, faces: area(faces) / area(natural), "over all"),
        ("share_of_faces", lambda natural, faces: 1 - share(natural, faces), "natural photographs"),
        ("share_of_faces", lambda natural, faces: 100 * share(natural, faces), "per cent"),
        (
            "share_of_faces",
            lambda natural, faces: sum(map(sum, faces)) / sum(map(sum, natural + faces)),
            "not their sum",
        ),
        ("share_of_faces", lambda natural, faces: 0.5, "should be"),
        ("power_above", lambda picture, frequency: power(picture, frequency, mean=False), "mean is in it"),
        ("power_above", lambda picture, frequency: power(picture, frequency, exponent=1), "amplitude"),
        ("power_above", lambda picture, frequency: power(picture, frequency, length=np.minimum), "Both"),
        ("power_above", lambda picture, frequency: power(picture, frequency, length=np.maximum), "larger of the two"),
        ("power_above", lambda picture, frequency: power(picture, frequency, above=np.less_equal), "below"),
        ("power_above", lambda picture, frequency: 100 * power(picture, frequency), "per cent"),
        (
            "power_above",
            lambda picture, frequency: power(picture, frequency) * picture.var() * picture.size**2,
            "divide",
        ),
        ("power_above", lambda picture, frequency: 0.5, "should be"),
        ("claims_from_matrix", RIGHT | {"A": "not shown"}, "Claim A"),
        ("claims_from_matrix", RIGHT | {"B": "shown"}, "Claim B"),
        ("claims_from_matrix", RIGHT | {"C": "shown"}, "Claim C"),
        ("claims_from_matrix", RIGHT | {"D": "shown"}, "Claim D"),
        ("claims_from_matrix", RIGHT | {"E": "shown"}, "Claim E"),
        ("claims_from_matrix", RIGHT | {"E": "maybe"}, "none of the three"),
    ],
)
def test_planted_mistakes_get_their_hint(name, answer, hint, capsys):
    assert not getattr(check, name)(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("share_of_faces", ...),
        ("share_of_faces", lambda natural, faces: ...),
        ("power_above", lambda picture, frequency: None),
        ("claims_from_matrix", dict.fromkeys("ABCDE", ...)),
        ("claims_from_matrix", None),
    ],
)
def test_untouched_stubs_are_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("share_of_faces", lambda natural: 3),
        ("power_above", lambda picture, frequency: 1 / 0),
        ("claims_from_matrix", 7),
    ],
)
def test_answers_that_raise_become_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
