"""The checks of notebook 12: right answers pass, typical mistakes get the hint that fits, nothing raises."""

import numpy as np
import pytest

from srlib.course import debugging_lab
from srlib.course.check import debugging_lab as check

LOUD = {case: debugging_lab.CASES[case] for case in "ABCD"}
SILENT = {case: debugging_lab.CASES[case] for case in "EFGH"}
NAMES = ["loud_cases", "silent_cases", "saved_pixels"]


def swapped(cases, one, other):
    """The right answer with two cases taken for each other."""
    return {**cases, one: cases[other], other: cases[one]}


def save(hr):
    """The right answer."""
    return np.rint(np.clip((hr + 1) * 127.5, 0, 255)).astype(np.uint8)


def raising(hr):
    """An error of the learner's own."""
    raise ZeroDivisionError("by design")


@pytest.mark.parametrize(
    "name, answer",
    [
        ("loud_cases", LOUD),
        ("silent_cases", SILENT),
        ("silent_cases", {case: f" {name.upper()} " for case, name in SILENT.items()}),
        ("saved_pixels", save),
        ("saved_pixels", lambda hr: np.floor(np.clip(127.5 * hr + 127.5, 0, 255) + 0.5).astype(np.uint8)),
    ],
)
def test_right_answer_passes(name, answer, capsys):
    assert getattr(check, name)(answer)
    assert "Correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, hint",
    [
        (swapped(LOUD, "B", "D"), "Case B is not no_gradient, which would show a content loss that begins"),
        (swapped(LOUD, "A", "C"), "Case A is not frozen_discriminator, which would show a discriminator that does not"),
        ({**LOUD, "C": "leak"}, "Case C is not leak, which would show test pictures"),
        ({**LOUD, "C": LOUD["A"]}, "one_optimizer stands twice"),
        ({**LOUD, "C": "bad luck"}, "none of the eight"),
    ],
)
def test_wrong_loud_diagnosis_gets_the_hint_that_fits(answer, hint, capsys):
    assert not check.loud_cases(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, hint",
    [
        (swapped(SILENT, "E", "F"), "Case E is not inverted_average, which would show an average"),
        (swapped(SILENT, "F", "H"), "Case F is not leak, which would show test pictures"),
        (swapped(SILENT, "G", "H"), "Case G is not leak"),
        ({**SILENT, "H": "vgg_range"}, "Case H is not vgg_range, which would show a content loss thousands"),
        ({**SILENT, "H": "no_antialiasing"}, "no_antialiasing stands twice"),
    ],
)
def test_wrong_silent_diagnosis_gets_the_hint_that_fits(answer, hint, capsys):
    assert not check.silent_cases(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer, hint",
    [
        (lambda hr: np.clip((hr + 1) * 127.5, 0, 255).astype(np.uint8), "one level too dark"),
        (lambda hr: np.rint(np.clip((hr + 1) * 127.5 + 0.5, 0, 255)).astype(np.uint8), "one level too bright"),
        (lambda hr: np.rint((hr + 1) * 127.5).astype(np.int64).astype(np.uint8), "starts again at 0"),
        (lambda hr: np.rint(np.clip(hr * 255, 0, 255)).astype(np.uint8), "add 1, then multiply"),
        (lambda hr: np.rint(np.clip((hr + 1) * 127.5, 0, 255)), "A file holds uint8"),
        (lambda hr: save(hr)[:3], "The shape changes"),
        (lambda hr: save(hr) // 2 * 2, "one level too dark"),
        (lambda hr: save(hr) // 8 * 8, "by up to 7 levels"),
    ],
)
def test_wrong_pixels_get_the_hint_that_fits(answer, hint, capsys):
    assert not check.saved_pixels(answer)
    assert hint in capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("answer", [..., None])
def test_untouched_stub_is_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, answer",
    [
        ("loud_cases", dict.fromkeys("ABCD", ...)),
        ("silent_cases", {"E": "leak"}),
        ("saved_pixels", lambda hr: None),
    ],
)
def test_half_filled_stub_is_unanswered(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "Not answered yet" in capsys.readouterr().out


@pytest.mark.parametrize("name, answer", [(NAMES[0], ["leak"]), (NAMES[1], 3), (NAMES[2], raising)])
def test_answer_that_raises_becomes_a_hint(name, answer, capsys):
    assert not getattr(check, name)(answer)
    assert "raised" in capsys.readouterr().out
