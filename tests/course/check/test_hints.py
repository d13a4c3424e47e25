"""Every exercise has at least three planted mistakes in its tests, each with a hint of its own.

The tests' own tables are read, not run: entries of `pytest.mark.parametrize` for a test that says `assert not check…`.
"""

import ast
import collections
import pathlib

import pytest

from srlib.course import student_edition

TESTS = pathlib.Path(__file__).resolve().parent
NOTEBOOKS = sorted((TESTS.parent / "notebooks").glob("[0-9][0-9]_*.ipynb"))
EXERCISES = [name for path in NOTEBOOKS for name in student_edition.exercises(student_edition.read(path))]
NOT_HINTS = ("Not answered yet", "raised", "Error")  # what any check says of any answer


def planted(source, exercises):
    """The hints that a test file expects, by exercise.

    Args:
        source: text of the test file.
        exercises: names to look for.
    Returns:
        dict of exercise to the set of hints in tables whose entries end with one.
    """
    found = collections.defaultdict(set)
    for test in ast.walk(ast.parse(source)):
        if isinstance(test, ast.FunctionDef) and "assert not " in ast.unparse(test):
            for entry in _entries(test):
                hint = entry[-1].value if isinstance(entry[-1], ast.Constant) else None
                if isinstance(hint, str) and not any(word in hint for word in NOT_HINTS):
                    for name in _named(entry[0], test) & set(exercises):
                        found[name].add(hint)
    return found


def _entries(test):
    """The tuples in the tables that a test is parametrised with."""
    tables = [node.args[1] for node in test.decorator_list if isinstance(node, ast.Call) and len(node.args) > 1]
    rows = [row for table in tables if isinstance(table, ast.List) for row in table.elts]
    return [row.elts for row in rows if isinstance(row, ast.Tuple) and len(row.elts) > 1]


def _named(first, test):
    """The exercise an entry belongs to: the one it begins with, else the ones that the test's body calls."""
    if isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value in EXERCISES:
        return {first.value}
    body = ast.Module(test.body, [])
    return {node.attr for node in ast.walk(body) if isinstance(node, ast.Attribute)}


def test_planted_mistakes_are_counted_by_exercise_and_hint():
    source = """
@pytest.mark.parametrize("wrong, hint", [(1, "too small"), (2, "too small"), (3, "odd"), (None, "Not answered yet")])
def test_hints(wrong, hint):
    assert not check.best_guess(wrong)

@pytest.mark.parametrize("right, other", [(4, "not counted")])
def test_right(right, other):
    assert check.best_guess(right)
"""
    assert planted(source, ["best_guess"]) == {"best_guess": {"too small", "odd"}}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exercise_has_three_planted_mistakes_with_hints_of_their_own(exercise):
    found = set()
    for path in TESTS.glob("test_check_*.py"):
        found |= planted(path.read_text(encoding="utf-8"), EXERCISES)[exercise]
    assert len(found) >= 3
