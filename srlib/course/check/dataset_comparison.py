"""Checks of notebook 10: which share of the patches shows faces, power at high frequencies, reading the matrix."""

import numpy as np

from srlib.course.check import feedback

_NATURAL, _FACES = [(400, 600), (512, 512)], [(128, 128)] * 6
_FINDINGS = {"A": "shown", "B": "contradicted", "C": "not shown", "D": "not shown", "E": "not shown"}
_CLAIM_HINTS = {
    "A": "Claim A: read the difference of those two rows in the column of faces. Does its interval hold zero?",
    "B": "Claim B: the table of gains is against bicubic. On which side of zero does that interval lie?",
    "C": "Claim C: an interval that holds zero says “we could not tell”, which is not “they are equal”.",
    "D": "Claim D: two gains stand there, but no interval of their difference. May they be compared by eye?",
    "E": "Claim E: PSNR measures pixels. Was anything measured here about who somebody is?",
}


@feedback.exercise
def share_of_faces(answer):
    """A function of two lists of (height, width): the share of patches cut from faces, drawn by area."""
    value = answer(list(_NATURAL), list(_FACES))
    if feedback.unanswered(value):
        return feedback.NOTHING
    natural, faces = (sum(height * width for height, width in sizes) for sizes in (_NATURAL, _FACES))
    mistakes = {
        len(_FACES) / (len(_FACES) + len(_NATURAL)): "That counts pictures. A large picture is drawn from more often: "
        "its area counts.",
        faces / natural: "That is faces over natural pictures; a share is faces over all.",
        natural / (natural + faces): "That is the share of the natural photographs.",
        100 * faces / (natural + faces): "A share from 0 to 1, not in per cent.",
        _perimeters(_FACES) / (_perimeters(_FACES) + _perimeters(_NATURAL)): "Height times width, not their sum.",
    }
    return _hint(float(value), faces / (natural + faces), mistakes)


def _perimeters(sizes):
    return sum(height + width for height, width in sizes)


@feedback.exercise
def power_above(answer):
    """A function (picture, frequency): the share of a grey picture's power, its mean left out, above a frequency."""
    random = np.random.default_rng(0)
    picture = 100 + np.cumsum(random.normal(0, 5, (32, 32)), axis=1) + random.normal(0, 5, (32, 32))
    value = answer(picture, 0.125)
    if feedback.unanswered(value):
        return feedback.NOTHING
    frequencies = np.abs(np.fft.fftfreq(32))
    radius = np.hypot(frequencies[:, None], frequencies)
    amplitude = np.abs(np.fft.fft2(picture - picture.mean()))
    share = _share(amplitude**2, radius > 0.125)
    mistakes = {
        _share(np.abs(np.fft.fft2(picture)) ** 2, radius > 0.125): "The mean is in it: subtract it, or leave out "
        "frequency zero. A brighter picture has no less detail.",
        _share(amplitude, radius > 0.125): "That is the share of the amplitude; power is its square.",
        1 - share: "That is what lies below the frequency.",
        _share(amplitude**2, (frequencies[:, None] > 0.125) & (frequencies > 0.125)): "Both frequencies need not be "
        "high: the length of the pair counts, np.hypot.",
        _share(amplitude**2, np.maximum(frequencies[:, None], frequencies) > 0.125): "The larger of the two "
        "frequencies is not the length of the pair: np.hypot.",
        float((amplitude**2)[radius > 0.125].sum()): "That is the power itself; divide it by the power of all.",
        100 * share: "A share from 0 to 1, not in per cent.",
    }
    return _hint(float(value), share, mistakes)


def _share(power, where):
    return float(power[where].sum() / power.sum())


@feedback.exercise
def claims_from_matrix(answer):
    """A dict from the claims A to E to "shown", "contradicted" or "not shown"."""
    if all(feedback.unanswered(value) for value in answer.values()):
        return "Not answered yet: replace each ... above and run the cell again."
    unknown = [value for value in answer.values() if value not in _FINDINGS.values()]
    if unknown:
        return f"{unknown[0]!r} is none of the three: shown, contradicted, not shown."
    wrong = [claim for claim, finding in _FINDINGS.items() if answer.get(claim) != finding]
    return _CLAIM_HINTS[wrong[0]] if wrong else None


def _hint(own, right, mistakes):
    """None for the right value, else the hint of the mistake that gives this one."""
    if np.isclose(own, right, rtol=1e-4):
        return None
    near = [hint for value, hint in mistakes.items() if np.isclose(own, value, rtol=1e-4)]
    return near[0] if near else f"For the example of the check it should be {right:.4f}, yours gives {own:.4f}."
