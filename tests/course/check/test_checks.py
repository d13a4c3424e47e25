"""The checks of all exercises: right answers pass, each planted mistake gets the hint that fits, nothing raises.

The answers stand in `planted`, a module for each notebook under its name without the number.
"""

import importlib
import pathlib

import pytest

from srlib.course import student_edition

ROOT = pathlib.Path(__file__).parents[3]
IN_NOTEBOOKS = {
    path.stem[3:]: student_edition.exercises(student_edition.read(path))
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
}
PLANTED = {
    path.stem: importlib.import_module(f"course.check.planted.{path.stem}").EXERCISES
    for path in sorted((ROOT / "tests" / "course" / "check" / "planted").glob("*.py"))
    if path.stem != "exercise"
}
CHECKS = {
    name: (getattr(importlib.import_module(f"srlib.course.check.{module}"), name), exercise)
    for module, exercises in PLANTED.items()
    for name, exercise in exercises.items()
}


def answers(kind):
    """(check, answer) or (check, answer, words) for every answer of a kind, named by exercise."""
    found = []
    for name, (check, exercise) in CHECKS.items():
        given = exercise.stubs() if kind == "stubs" else getattr(exercise, kind)
        for number, entry in enumerate(given):
            values = entry if kind in ("mistakes", "raising") else (entry,)
            found.append(pytest.param(check, *values, id=f"{name}-{number}"))
    return found


def said(check, answer, capsys):
    """What the check prints of an answer, after comparing it with the verdict that programs get."""
    verdict, text = check(answer), capsys.readouterr().out
    assert text == ("✓ Correct.\n" if verdict else f"✗ {verdict.hint}\n")
    return verdict.status, text


def test_answers_are_planted_for_the_exercises_of_each_notebook():
    with_exercises = {notebook: sorted(names) for notebook, names in IN_NOTEBOOKS.items() if names}
    assert with_exercises == {module: sorted(exercises) for module, exercises in PLANTED.items()}


@pytest.mark.parametrize("name", CHECKS)
def test_an_exercise_has_three_planted_mistakes_with_hints_of_their_own(name, capsys):
    check, exercise = CHECKS[name]
    assert len({said(check, answer, capsys) for answer, words in exercise.mistakes}) >= 3
    assert len({words for answer, words in exercise.mistakes}) >= 3


@pytest.mark.parametrize("check, answer", answers("right"))
def test_right_answers_pass(check, answer, capsys):
    assert said(check, answer, capsys) == ("passed", "✓ Correct.\n")


@pytest.mark.parametrize("check, answer, words", answers("mistakes"))
def test_planted_mistakes_get_their_hint(check, answer, words, capsys):
    status, hint = said(check, answer, capsys)
    assert status == "hint" and words in hint and "Your answer raised" not in hint


@pytest.mark.parametrize("check, answer", answers("stubs"))
def test_untouched_stubs_are_unanswered(check, answer, capsys):
    status, hint = said(check, answer, capsys)
    assert status == "unanswered" and "Not answered yet" in hint


@pytest.mark.parametrize("check, answer, words", answers("raising"))
def test_answers_that_raise_become_a_hint(check, answer, words, capsys):
    status, hint = said(check, answer, capsys)
    assert status == "hint" and "Your answer raised" in hint and words in hint
