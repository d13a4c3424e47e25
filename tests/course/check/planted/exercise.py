"""What the tests of the checks know of an exercise: answers that pass, and answers with a planted mistake."""

import dataclasses
from collections.abc import Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Exercise:
    """Answers to one exercise.

    Args:
        right: answers that pass.
        mistakes: pairs (wrong answer, words of its hint).
        raising: pairs (answer that raises, words of what is said of it).
        unfinished: answers that are not there yet, beside those that every kind of exercise has.
    """

    right: Sequence[Any]
    mistakes: Sequence[tuple[Any, str]]
    raising: Sequence[tuple[Any, str]]
    unfinished: Sequence[Any] = ()

    def stubs(self) -> list[Any]:
        """Answers as a stub leaves them: nothing, a function that returns nothing, a dict with nothing in it."""
        answer = self.right[0]
        if callable(answer):
            return [..., None, lambda *arguments: ..., lambda *arguments: None, *self.unfinished]
        return [..., None, *([dict.fromkeys(answer, ...)] if isinstance(answer, dict) else []), *self.unfinished]


def choice(
    right: dict[str, str], *, changes: Sequence[dict[str, str]], hints: Sequence[str], raising: Any = 7
) -> Exercise:
    """An exercise with words to choose from: each change of the right choices is a mistake, hinted at by `hints`."""
    mistakes = [(right | change, hint) for change, hint in zip(changes, hints, strict=True)]
    return Exercise([right], mistakes, raising=[(raising, "AttributeError")])


def fails(*arguments: Any) -> None:
    """An answer with an error of the learner's own."""
    raise ZeroDivisionError("planted")
