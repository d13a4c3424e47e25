"""Checks of notebook 10: which share of the patches shows faces, power at high frequencies, reading the matrix."""

import numpy as np

from srlib.course.check import feedback

_NATURAL, _FACES = [(400, 600), (512, 512)], [(128, 128)] * 6
_near = feedback.within(1e-4, 1e-8)


@feedback.exercise
def share_of_faces(answer: feedback.Answer) -> feedback.Hint:
    """A function of two lists of (height, width): the share of patches cut from faces, drawn by area."""
    own = float(feedback.returned(answer, list(_NATURAL), list(_FACES)))
    natural, faces = (sum(height * width for height, width in sizes) for sizes in (_NATURAL, _FACES))
    perimeters = [sum(map(sum, sizes)) for sizes in (_NATURAL, _FACES)]
    right, pictures = faces / (natural + faces), len(_FACES) / (len(_FACES) + len(_NATURAL))
    hints = {
        right: None,
        pictures: "That counts pictures. A large picture is drawn from more often: its area counts.",
        faces / natural: "That is faces over natural pictures; a share is faces over all.",
        1 - right: "That is the share of the natural photographs.",
        100 * right: "A share from 0 to 1, not in per cent.",
        perimeters[1] / sum(perimeters): "Height times width, not their sum.",
    }
    return feedback.value_hint(own, hints, otherwise=_example(right), near=_near)


@feedback.exercise
def power_above(answer: feedback.Answer) -> feedback.Hint:
    """A function (picture, frequency): the share of a grey picture's power, its mean left out, above a frequency."""
    random = np.random.default_rng(0)
    picture = 100 + np.cumsum(random.normal(0, 5, (32, 32)), axis=1) + random.normal(0, 5, (32, 32))
    return _power_hint(float(feedback.returned(answer, picture, 0.125)), picture)


def _power_hint(own, picture):
    """The hint for the share of a picture's power above 0.125, None for the right one."""
    across = np.abs(np.fft.fftfreq(32))
    down = across[:, None]
    high = np.hypot(down, across) > 0.125
    amplitude = np.abs(np.fft.fft2(picture - picture.mean()))
    power, right = amplitude**2, _share(amplitude**2, high)
    mean_in = _share(np.abs(np.fft.fft2(picture)) ** 2, high)
    both, larger = (_share(power, choose(down, across) > 0.125) for choose in (np.minimum, np.maximum))
    hints = {
        right: None,
        mean_in: "The mean is in it: subtract it, or leave out frequency zero. A brighter picture has no less detail.",
        _share(amplitude, high): "That is the share of the amplitude; power is its square.",
        1 - right: "That is what lies below the frequency.",
        both: "Both frequencies need not be high: the length of the pair counts, np.hypot.",
        larger: "The larger of the two frequencies is not the length of the pair: np.hypot.",
        power[high].sum(): "That is the power itself; divide it by the power of all.",
        100 * right: "A share from 0 to 1, not in per cent.",
    }
    return feedback.value_hint(own, hints, otherwise=_example(right), near=_near)


def _share(power, where):
    return power[where].sum() / power.sum()


def _example(right):
    """The hint for a value that no usual slip gives."""
    return f"For the example of the check it should be {right:.4f}, yours gives {{own:.4f}}."


@feedback.exercise
def claims_from_matrix(answer: feedback.Answer) -> feedback.Hint:
    """A dict from the claims A to E to "shown", "contradicted" or "not shown"."""
    return feedback.choice_hint(answer, **feedback.CHOICES["claims_from_matrix"])
