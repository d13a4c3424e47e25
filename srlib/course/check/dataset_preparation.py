"""Checks of notebook 01: the cubic kernel, the size of an LR picture, the leaks of a split."""

import numpy as np

from srlib.course.check import feedback

_SLOPES = (-0.5, -0.75, -1.0)


def _keys(x, a):
    """Keys' cubic kernel with a free `a`."""
    x = np.abs(x)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


@feedback.exercise
def cubic_kernel(answer):
    """The function kernel(x, a) of an array of distances."""
    x = np.linspace(-3, 3, 49)
    given = [answer(x, a) for a in _SLOPES]
    if any(feedback.unanswered(value) for value in given):
        return feedback.NOTHING
    given = [np.asarray(value, float) for value in given]
    if given[0].shape != x.shape:
        return f"For {x.size} distances it must give {x.size} weights; yours has the shape {given[0].shape}."
    if all(np.allclose(value, _keys(x, a)) for value, a in zip(given, _SLOPES)):
        return None
    return _wrong_kernel(x, given)


def _wrong_kernel(x, given):
    """The hint for weights that are not Keys'."""
    if np.allclose(given[0], given[1]) and np.allclose(given[0], given[2]):
        return "The weights do not change with a: it must appear in both polynomials."
    wanted = [_keys(x, a) for a in _SLOPES]
    right = np.all([np.isclose(value, want) for value, want in zip(given, wanted)], axis=0)
    if right[x >= 0].all():
        return "Right for positive distances only: the kernel is even, so take |x| first."
    if not right[np.abs(x) > 2].all():
        return "From |x| = 2 on, the weight is 0."
    near = np.abs(x) <= 1
    if right[near].all():
        return "Right up to |x| = 1; look at the far polynomial, between 1 and 2."
    if right[~near].all():
        return "Right from |x| = 1 on; look at the near polynomial, up to 1 (it is 1 at 0 and 0 at 1)."
    return "Neither polynomial fits yet. At x = 0 the weight is 1, at ±1 it is 0, whatever a is."


@feedback.exercise
def lr_size(answer):
    """(LR height, LR width, rows cut, columns cut) of a picture of 321 rows and 481 columns."""
    if np.size(answer) != 4:
        return "Give four numbers: LR height, LR width, rows cut, columns cut."
    if any(feedback.unanswered(value) for value in answer):
        return "Not answered yet: replace each of the four ... by a number."
    values = tuple(float(value) for value in answer)
    if values == (80, 120, 1, 1):
        return None
    return _wrong_size(values)


def _wrong_size(values):
    """The hint for four numbers that are not 80, 120, 1 and 1."""
    if any(value % 1 for value in values):
        return "A picture has whole pixels: what happens to the rows and columns that are left over?"
    if values[:2] == (120, 80):
        return "Height before width: 321 is the number of rows."
    if values[:2] == (81, 121):
        return "srlib crops the original to a multiple of 4; it does not grow it."
    if values[:2] != (80, 120):
        return "Divide each side by 4 and drop the remainder."
    if values[2:] == (0, 0):
        return "80 × 4 is not 321: count what is left over."
    if values[2:] == (3, 3):
        return "3 would have to be added to reach the next multiple; what must be cut to reach the one below?"
    return "The LR is right. How many rows are 321 - 4 × 80, how many columns 481 - 4 × 120?"


_LEAKS = {
    "harbour": "crops of one photograph, number 0 and number 3, stand on both sides",
    "market": "the left and the right view of a stereo pair show the same scene",
    "bridge": "a mirrored copy is the same photograph",
    "owl": "the same picture saved as PNG and as JPEG differs in its bytes only",
}


@feedback.exercise
def find_leaks(answer):
    """The names of the photographs that stand on both sides of the split in notebook 01."""
    if isinstance(answer, str):
        return "Give a set of names, such as {'fern'}: there is more than one."
    names = {str(name) for name in answer}
    if names == set(_LEAKS):
        return None
    files = sorted(name for name in names if "." in name or "_" in name and name.split("_")[0] in _LEAKS)
    if files:
        return f"Give the names of photographs, not of files: what precedes the first '_' or '.' in {files[0]!r}."
    return _wrong_leaks(names)


def _wrong_leaks(names):
    """The hint for a set of names that is not the leaks."""
    extra = sorted(names - set(_LEAKS))
    if extra == ["face-0012"] or extra == ["face-0120"]:
        return f"{extra[0]!r}: look at the digits; 0012 and 0120 are two persons."
    if extra:
        return f"{extra[0]!r} stands on one side only."
    missing = sorted(set(_LEAKS) - names)
    return f"{len(missing)} still missing. A hint for one of them: {_LEAKS[missing[0]]}."
