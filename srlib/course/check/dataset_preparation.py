"""Checks of notebook 01: the cubic kernel, the size of an LR picture, the leaks of a split."""

import numpy as np

from srlib.course.check import feedback

_SLOPES = (-0.5, -0.75, -1.0)
_LEAKS = feedback.CHOICES["find_leaks"]


def _keys(x, a):
    """Keys' cubic kernel with a free `a`."""
    x = np.abs(x)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


@feedback.exercise
def cubic_kernel(answer: feedback.Answer) -> feedback.Hint:
    """The function kernel(x, a) of an array of distances."""
    x = np.linspace(-3, 3, 49)
    given = [np.asarray(feedback.returned(answer, x, a), float) for a in _SLOPES]
    if given[0].shape != x.shape:
        return f"For {x.size} distances it must give {x.size} weights; yours has the shape {given[0].shape}."
    right = np.all([np.isclose(value, _keys(x, a)) for value, a in zip(given, _SLOPES)], axis=0)
    inner, outer = right[np.abs(x) <= 1].all(), right[np.abs(x) > 1].all()
    fixed = np.allclose(given[0], given[1]) and np.allclose(given[0], given[2])
    return feedback.first_hint(
        (right.all(), None),
        (fixed, "The weights do not change with a: it must appear in both polynomials."),
        (right[x >= 0].all(), "Right for positive distances only: the kernel is even, so take |x| first."),
        (not right[np.abs(x) > 2].all(), "From |x| = 2 on, the weight is 0."),
        (inner, "Right up to |x| = 1; look at the far polynomial, between 1 and 2."),
        (outer, "Right from |x| = 1 on; look at the near polynomial, up to 1 (it is 1 at 0 and 0 at 1)."),
        (True, "Neither polynomial fits yet. At x = 0 the weight is 1, at ±1 it is 0, whatever a is."),
    )


@feedback.exercise
def lr_size(answer: feedback.Answer) -> feedback.Hint:
    """(LR height, LR width, rows cut, columns cut) of a picture of 321 rows and 481 columns."""
    if np.size(answer) != 4:
        return "Give four numbers: LR height, LR width, rows cut, columns cut."
    if any(map(feedback.unanswered, answer)):
        return "Not answered yet: replace each of the four ... by a number."
    values = tuple(map(float, answer))
    size, cut = values[:2], values[2:]
    broken = "A picture has whole pixels: what happens to the rows and columns that are left over?"
    grown = "3 would have to be added to reach the next multiple; what must be cut to reach the one below?"
    return feedback.first_hint(
        (values == (80, 120, 1, 1), None),
        (any(value % 1 for value in values), broken),
        (size == (120, 80), "Height before width: 321 is the number of rows."),
        (size == (81, 121), "srlib crops the original to a multiple of 4; it does not grow it."),
        (size != (80, 120), "Divide each side by 4 and drop the remainder."),
        (cut == (0, 0), "80 × 4 is not 321: count what is left over."),
        (cut == (3, 3), grown),
        (True, "The LR is right. How many rows are 321 - 4 × 80, how many columns 481 - 4 × 120?"),
    )


@feedback.exercise
def find_leaks(answer: feedback.Answer) -> feedback.Hint:
    """The names of the photographs that stand on both sides of the split in notebook 01."""
    if isinstance(answer, str):
        return "Give a set of names, such as {'fern'}: there is more than one."
    names = {str(name) for name in answer}
    extra, missing = sorted(names - set(_LEAKS)), sorted(set(_LEAKS) - names)
    files = [name for name in extra if "." in name or "_" in name and name.split("_")[0] in _LEAKS]
    if files:
        return f"Give the names of photographs, not of files: what precedes the first '_' or '.' in {files[0]!r}."
    if extra == ["face-0012"] or extra == ["face-0120"]:
        return f"{extra[0]!r}: look at the digits; 0012 and 0120 are two persons."
    if extra:
        return f"{extra[0]!r} stands on one side only."
    return f"{len(missing)} still missing. A hint for one of them: {_LEAKS[missing[0]]}." if missing else None
