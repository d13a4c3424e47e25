"""The kinds of exercises: which hint they choose, and what they compare."""

import numpy as np
import pytest

from srlib.course.check import feedback

CHOICES = {name: table for name, table in feedback.CHOICES.items() if "right" in table}


def test_a_check_keeps_the_judge_s_name_and_docstring_and_says_what_it_takes():
    @feedback.exercise
    def four(answer):
        """The number four."""
        return None if answer == 4 else "Count again."

    assert (four.__name__, four.__doc__) == ("four", "The number four.")
    assert four.__annotations__ == {"answer": object, "return": feedback.Verdict}
    assert [four(answer).status for answer in (4, 5, ...)] == ["passed", "hint", "unanswered"]


@pytest.mark.parametrize("own", [2.0, 2.0019, 2.0021, 1.9979, -2.0, np.nan, np.inf])
def test_within_compares_as_numpy_does(own):
    assert bool(feedback.within(1e-3, 1e-4)(own, 2.0)) == np.isclose(own, 2.0, rtol=1e-3, atol=1e-4)


def test_a_value_gets_the_hint_of_the_first_slip_that_gives_it():
    hints = {6.0: None, 3.0: "one half", 3.01: "later"}
    near, otherwise = feedback.within(0.1), "{own:.1f} is neither"
    assert feedback.value_hint(6.1, hints, otherwise=otherwise, near=near) is None
    assert feedback.value_hint(3.1, hints, otherwise=otherwise, near=near) == "one half"
    assert feedback.value_hint(3.1, hints.items(), otherwise=otherwise) == "3.1 is neither"


def test_the_first_sign_decides():
    assert feedback.first_hint((False, "no"), (True, None), (True, "late")) is None
    assert feedback.first_hint((False, "no"), (1, "yes"), (True, "late")) == "yes"
    assert feedback.first_hint() is None


@pytest.mark.parametrize("name", CHOICES)
def test_each_wrong_choice_gets_the_hint_of_its_case(name):
    right, hints = CHOICES[name]["right"], CHOICES[name]["hints"]
    assert right.keys() == hints.keys()
    assert feedback.choice_hint(right, **CHOICES[name]) is None
    for label, word in right.items():
        others = set(right.values()) - {word}
        assert {feedback.choice_hint(right | {label: other}, **CHOICES[name]) for other in others} == {hints[label]}
        assert all(choice in CHOICES[name]["among"] for choice in others)


def test_choices_are_read_without_regard_to_case_and_spaces_once_all_are_there():
    assert feedback.filled({"A": " Healthy ", "B": "fine", "Z": ...}, "AB") == {"A": "healthy", "B": "fine"}
    with pytest.raises(feedback.Unanswered, match="Not answered yet"):
        feedback.filled({"A": "healthy", "B": ...}, "AB")
