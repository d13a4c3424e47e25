"""What every check does alike: an unanswered exercise, an answer that raises, a right one and a wrong one."""

import functools

NOTHING = "Not answered yet: the function returns nothing. Replace the ... and end with return."


def exercise(judge):
    """Make a check of `judge(answer)`, a function that returns None for a right answer and a hint (str) otherwise.

    The check prints the verdict and returns whether the answer is right. `judge` may raise: what an answer that is a
    function does when it is called is not in our hands, and its error becomes the hint.
    """

    @functools.wraps(judge)
    def check(answer):
        if unanswered(answer):
            return _say(False, "Not answered yet: replace the ... above and run the cell again.")
        try:
            hint = judge(answer)
        except Exception as error:  # the learner's own code, whatever it does
            hint = f"Your answer raised {type(error).__name__}: {error}"
        return _say(hint is None, hint)

    return check


def unanswered(value):
    """Whether a value is the ... or None that an untouched stub leaves."""
    return value is None or value is Ellipsis


class Verdict:
    """True for a right answer, False for a wrong one; a notebook shows nothing of it, the words are printed already."""

    def __init__(self, right, hint=None):
        self.right, self.hint = right, hint or ""

    def __bool__(self):
        return self.right

    @property
    def status(self):
        """The verdict in one word, for programs: "passed", "unanswered" or "hint"."""
        if self.right:
            return "passed"
        return "unanswered" if self.hint.startswith("Not answered yet") else "hint"

    def _ipython_display_(self):
        """Stand at the end of a cell without an echo."""


def _say(right, hint):
    print("✓ Correct." if right else f"✗ {hint}")
    return Verdict(right, hint)
