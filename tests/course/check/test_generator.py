"""The checks of notebook 02: right answers pass, typical mistakes get the hint that fits, nothing raises."""

import numpy as np
import pytest

from srlib.course.check import generator as check


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


def raising(image, scale):
    """An error of the learner's own."""
    raise ZeroDivisionError("by design")


@pytest.mark.parametrize("name, answer", [("k3n64_parameters", 36_928), ("generator_reach", 40)])
def test_right_numbers_pass(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


def test_right_function_passes(capsys):
    assert check.pixel_shuffle(shuffle)
    assert "Correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer, hint",
    [
        ("k3n64_parameters", 36_864, "bias"),
        ("k3n64_parameters", 640, "all 64 input channels"),
        ("k3n64_parameters", 4_160, "3 × 3 positions"),
        ("k3n64_parameters", 5, "too small"),
        ("generator_reach", 80, "one side"),
        ("generator_reach", 24, "two convolutions"),
        ("generator_reach", 37, "before the enlargement"),
        ("generator_reach", 1000, "too large"),
        ("pixel_shuffle", unmoved, "did not move"),
        ("pixel_shuffle", mirrored, "diagonal"),
        ("pixel_shuffle", colours_first, "colours come last"),
        ("pixel_shuffle", lambda image, scale: shuffle(image, scale)[None], "batch axis"),
        ("pixel_shuffle", lambda image, scale: shuffle(image, scale).swapaxes(0, 1), "exchanged"),
        ("pixel_shuffle", lambda image, scale: np.zeros_like(shuffle(image, scale)), "not where they belong"),
        ("pixel_shuffle", lambda image, scale: image, "gives shape"),
    ],
)
def test_wrong_answer_gets_the_hint_that_fits(name, answer, hint, capsys):
    assert not getattr(check, name)(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize("name", ["k3n64_parameters", "generator_reach", "pixel_shuffle"])
@pytest.mark.parametrize("answer", [..., None])
def test_untouched_stub_is_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


def test_function_that_returns_nothing_is_unanswered(capsys):
    assert not check.pixel_shuffle(lambda image, scale: None)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer", [("k3n64_parameters", "many"), ("generator_reach", [1, 2]), ("pixel_shuffle", raising)]
)
def test_answer_that_raises_becomes_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
