"""Kinds of exercises, and what every check does alike: an unanswered exercise, an answer that raises, the verdict.

A check is a judge under `exercise`. A judge takes the learner's answer and returns its hint, or None if the answer is
right. Most judges are data for one of three kinds: `value_hint` (what came out, beside what the usual slips give),
`first_hint` (signs of mistakes, the most telling first) and `choice_hint` (a word chosen for each of several cases).
"""

import functools
import operator
import pathlib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Answer = Any  # what a learner wrote: anything may come
Hint = str | None  # None says that the answer is right
Hints = Mapping[Any, Hint] | Iterable[tuple[Any, Hint]]  # {value: hint}, or pairs of them
Near = Callable[[Any, Any], Any]  # (own, value): whether a learner's own value is that value

CHOICES = tomllib.loads(pathlib.Path(__file__).with_name("multiple_choice.toml").read_text(encoding="utf-8"))
NOTHING = "Not answered yet: the function returns nothing. Replace the ... and end with return."
OPEN = "Not answered yet: replace each ... above and run the cell again."


class Verdict:
    """True for a right answer, False for a wrong one; a notebook shows nothing of it, the words are printed already."""

    def __init__(self, right: bool, hint: str | None = None) -> None:
        self.right, self.hint = right, hint or ""

    def __bool__(self) -> bool:
        return self.right

    @property
    def status(self) -> str:
        """The verdict in one word, for programs: "passed", "unanswered" or "hint"."""
        if self.right:
            return "passed"
        return "unanswered" if self.hint.startswith("Not answered yet") else "hint"

    def _ipython_display_(self) -> None:
        """Stand at the end of a cell without an echo."""


class Unanswered(Exception):
    """The ... or None of a stub where an answer is wanted; its message is what the check says."""


def exercise(judge: Callable[[Answer], Hint]) -> Callable[[object], Verdict]:
    """Make a check of a judge.

    The check prints the verdict and returns it. The judge may raise: what an answer that is a function does when it is
    called is not in our hands, and its error becomes the hint.

    Args:
        judge: function of an answer, never ... or None, that returns None for a right one and a hint otherwise.
    Returns:
        The check, under the name and the docstring of the judge.
    """

    @functools.wraps(judge, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    def check(answer: object) -> Verdict:
        if unanswered(answer):
            return _say(False, "Not answered yet: replace the ... above and run the cell again.")
        try:
            hint = judge(answer)
        except Unanswered as stub:
            hint = str(stub)
        except Exception as error:  # the learner's own code, whatever it does
            hint = f"Your answer raised {type(error).__name__}: {error}"
        return _say(hint is None, hint)

    return check


def unanswered(value: object) -> bool:
    """Whether a value is the ... or None that an untouched stub leaves."""
    return value is None or value is Ellipsis


def returned(answer: Answer, *arguments: object) -> Any:
    """What an answer that is a function returns for these arguments; raises `Unanswered` if that is nothing."""
    value = answer(*arguments)
    if unanswered(value):
        raise Unanswered(NOTHING)
    return value


def within(rtol: float, atol: float = 0.0) -> Near:
    """A comparison of two numbers with a tolerance, that of `numpy.isclose`.

    Args:
        rtol: tolerance as a share of the value.
        atol: tolerance that is added to it.
    """
    return lambda own, value: abs(own - value) <= atol + rtol * abs(value)


def first_hint(*signs: tuple[object, Hint]) -> Hint:
    """The hint beside the first sign that is true, None if there is none.

    Args:
        signs: pairs (sign, hint) in the order in which they are looked for; a right answer's hint is None.
    """
    return next((hint for sign, hint in signs if sign), None)


def value_hint(own: Any, hints: Hints, *, otherwise: str, near: Near = operator.eq) -> Hint:
    """The hint for a value, told by the slip that gives the same one.

    Args:
        own: value of the learner's.
        hints: the right value with None, and what the usual slips give with a hint each.
        otherwise: hint for any other value; a place {own} in it is filled in.
        near: function (own, value) that compares; equality unless given.
    """
    for value, hint in hints.items() if isinstance(hints, Mapping) else hints:
        if near(own, value):
            return hint
    return otherwise.format(own=own)


def choice_hint(answer: Answer, *, right: Mapping[str, str], hints: Mapping[str, str], among: str) -> Hint:
    """The hint for a dict from labels to words: that of the first label with a wrong one.

    Args:
        answer: dict of the learner's.
        right: {label: word}.
        hints: {label: hint}.
        among: the words to choose from, in a phrase.
    """
    if all(map(unanswered, answer.values())):
        return OPEN
    unknown = [word for word in answer.values() if word not in right.values()]
    if unknown:
        return f"{unknown[0]!r} is none of {among}."
    return first_hint(*((answer.get(label) != word, hints[label]) for label, word in right.items()))


def filled(answer: Answer, labels: Iterable[str]) -> dict[str, str]:
    """The words of a dict for these labels, in lower case; raises `Unanswered` while one of them is missing."""
    if any(unanswered(answer.get(label)) for label in labels):
        raise Unanswered(OPEN)
    return {label: str(answer[label]).strip().lower() for label in labels}


def _say(right: bool, hint: str | None) -> Verdict:
    print("✓ Correct." if right else f"✗ {hint}")
    return Verdict(right, hint)
