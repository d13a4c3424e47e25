"""Search for near-duplicates: one photograph rescaled, recompressed, mirrored or cropped, in any two folders.

A perceptual hash of the whole picture (low DCT frequencies, as pHash takes them, but kept as real numbers) finds
rescaled copies and misses crops. So the hash of each picture is compared with those of a grid of windows of each other
one, and the few best matches are then laid over each other: fine detail agrees only where it is the same photograph,
which tells two portraits of one composition from one portrait twice.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Sequence

import numpy as np
import threadpoolctl
from PIL import Image
from scipy import fft
from skimage import feature

from srlib.imaging import pictures

SIDE = 128  # longest side of the grey miniature that all comparisons use
SMALLEST_CROP = 0.5  # windows go down to half of the sides
AGREEMENT = 0.6  # correlation of fine detail from which two miniatures show one photograph
_STRIDE = 0.08  # distance of neighbouring windows, in sides of the picture
_CANDIDATES = 4  # best matches of a picture that are looked at closely
_CANDIDATE_SIMILARITY = 0.75
_GLANCE = 0.5  # agreement at a glance from which a candidate is laid over the other picture
_FREQUENCIES = 6
# Photographs hold less of the higher frequencies; weighted up, they count in the comparison.
_WEIGHTS = (np.arange(_FREQUENCIES)[:, None] + np.arange(_FREQUENCIES)) ** 0.7
# Of 32 × 32 pixels' spectrum: fewer than three waves across are composition, not detail.
_COARSE = np.hypot(np.fft.fftfreq(32, 1 / 32)[:, None], np.fft.rfftfreq(32, 1 / 32)) < 3


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two pictures (indices into the list given) that show one photograph; `agreement` from `AGREEMENT` to 1."""

    first: int
    second: int
    agreement: float


def miniature(path: pathlib.Path | str) -> Image.Image:
    """The grey miniature of a picture file: a Pillow image whose longest side is `SIDE`.

    Raises:
        InputError: the file cannot be read as a picture.
    """
    with pictures.opened(path) as image:
        image.draft("L", (2 * SIDE, 2 * SIDE))  # lets JPEG decode at a fraction of its size
        return shrink(image)


def shrink(image: Image.Image) -> Image.Image:
    """The grey miniature of a Pillow image."""
    grey = image.convert("L")
    factor = SIDE / max(grey.size)
    size = tuple(max(8, round(side * factor)) for side in grey.size)
    return grey.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def find(miniatures: Sequence[Image.Image], groups: Sequence[str]) -> list[Pair]:
    """Find the pairs of pictures of different groups that show one photograph.

    Args:
        miniatures: grey Pillow images from `miniature`.
        groups: as many; pictures of equal group are not compared.
    Returns:
        The pairs in order, `first` < `second` in each.
    """
    if not miniatures:
        return []
    codes = np.unique(groups, return_inverse=True)[1]
    mirrored = [image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for image in miniatures]
    spectra = [[_spectrum(image, (0, 0, 1, 1)) for image in side] for side in (miniatures, mirrored)]
    found = {}
    # The matrices are small: threads of the linear algebra would wait for each other more than they compute.
    with threadpoolctl.threadpool_limits(1, "blas"):
        matches = list(_candidates(miniatures, mirrored, codes))
    for match in matches:
        whole = miniatures[match.whole]
        if _glance(spectra[match.mirrored][match.part], whole, match.box) >= _GLANCE:
            part = (mirrored if match.mirrored else miniatures)[match.part]
            key = tuple(sorted((match.part, match.whole)))
            found[key] = max(found.get(key, 0.0), _lay_over(part, whole, match.box))
    return [Pair(*key, round(score, 3)) for key, score in sorted(found.items()) if score >= AGREEMENT]


@dataclasses.dataclass(frozen=True)
class _Match:
    """A picture, perhaps mirrored, that may be the part of `whole` inside `box`."""

    part: int
    whole: int
    box: tuple[float, ...]
    mirrored: bool


def _candidates(miniatures, mirrored, codes):
    """The `_Match`es worth a closer look: for each picture those of other groups with the most similar window."""
    count = len(miniatures)
    asked = np.concatenate([_hashes(image, [(0, 0, 1, 1)]) for image in (*miniatures, *mirrored)])
    best = _Best(2 * count)
    for index, image in enumerate(miniatures):
        similarity = _hashes(image, _windows(*image.size)) @ asked.T
        window = similarity.argmax(axis=0)
        highest = similarity[window, np.arange(2 * count)]
        best.offer(index, window, np.where(np.tile(codes != codes[index], 2), highest, 0))
    for asked_index, whole, window in best.kept():
        box = _windows(*miniatures[whole].size)[window]
        yield _Match(asked_index % count, whole, box, asked_index >= count)


class _Best:
    """The few most similar pictures of each picture, kept as similarities come in."""

    def __init__(self, count):
        self._similarity = np.zeros((_CANDIDATES, count), np.float32)
        self._found = np.zeros((2, _CANDIDATES, count), int)  # the picture, and its window

    def offer(self, index, window, similarity):
        """Take the `window`s (count,) of picture `index` in place of the least similar kept, where they are better."""
        slot = self._similarity.argmin(axis=0)
        better = np.flatnonzero(similarity > self._similarity[slot, np.arange(len(slot))])
        self._similarity[slot[better], better] = similarity[better]
        self._found[0, slot[better], better] = index
        self._found[1, slot[better], better] = window[better]

    def kept(self):
        """(picture, similar picture, its window) of all kept above the threshold, as ints."""
        slots, pictures = np.nonzero(self._similarity >= _CANDIDATE_SIMILARITY)
        return zip(pictures.tolist(), *self._found[:, slots, pictures].tolist())


@functools.cache
def _windows(width, height):
    """Boxes (left, top, right, bottom) in parts of the sides: the picture's own shape and squares, in several sizes."""
    shapes = [(size, size) for size in (1, 0.9, 0.8, 0.7, 0.6, SMALLEST_CROP)]
    shorter = min(width, height)
    if shorter < 0.95 * max(width, height):
        shapes += [(size * shorter / width, size * shorter / height) for size in (1, 0.8, 0.65)]
    return [box for shape in shapes for box in _placed(*shape)]


def _placed(wide, high):
    """A window of a shape at all its places, `_STRIDE` apart at most."""
    places = [np.linspace(0, 1 - size, 1 + int(np.ceil((1 - size) / _STRIDE - 1e-6))) for size in (wide, high)]
    return [(left, top, left + wide, top + high) for left in places[0] for top in places[1]]


def _hashes(image, boxes):
    """The perceptual hashes of windows of a miniature: float32 (windows, 35), each of length 1."""
    size = np.array(image.size * 2)
    cut = [image.resize((16, 16), Image.Resampling.BOX, box=tuple(np.minimum(box * size, size))) for box in boxes]
    spectrum = fft.dctn(np.stack([np.asarray(one, np.float32) for one in cut]), axes=(1, 2), norm="ortho")
    low = (spectrum[:, :_FREQUENCIES, :_FREQUENCIES] * _WEIGHTS).reshape(len(cut), -1)[:, 1:].astype(np.float32)
    return low / (np.linalg.norm(low, axis=1, keepdims=True) + 1e-3)


def _glance(part, whole, box):
    """The best correlation of the detail of a part with that of a box of `whole`, a few sizes and pixels around it."""
    shifts = [-3, -2, -1, 0, 1, 2, 3]
    spectra = np.stack([_spectrum(whole, _grown(box, size)) for size in (0.92, 0.96, 1, 1.04, 1.08)])
    correlations = np.fft.irfft2(part * spectra.conj())
    return correlations[:, shifts][:, :, shifts].max()


def _grown(box, size):
    """A box `size` times as large about its middle, cut at the picture's edges."""
    middle, half = (np.array(box[:2]) + box[2:]) / 2, (np.array(box[2:]) - box[:2]) / 2 * size
    return (*np.maximum(middle - half, 0), *np.minimum(middle + half, 1))


def _spectrum(image, box):
    """The spectrum of the detail of a box of a miniature at 32 × 32 pixels, scaled so that a picture's own is 1."""
    edges = tuple(np.minimum(np.array(box) * (image.size * 2), image.size * 2))
    small = np.asarray(image.resize((32, 32), Image.Resampling.BOX, box=edges), np.float32)
    spectrum = np.fft.rfft2(small)
    spectrum[_COARSE] = 0
    energy = np.square(np.fft.irfft2(spectrum)).sum()
    return spectrum / (np.sqrt(energy) + 1e-3)


def _lay_over(part, whole, box):
    """The best correlation of the detail of `part` with `whole` in and around a box; sizes coarse to fine."""
    wide, high = (box[2] - box[0]) * whole.width, (box[3] - box[1]) * whole.height
    size = (wide / part.width * high / part.height) ** 0.5
    halves = _halved(part), _around(_halved(whole), box)
    scores = {size * step: _correlation(*halves, size * step) for step in (0.9, 0.95, 1, 1.05, 1.1)}
    best = max(scores, key=scores.get)
    if scores[best] < AGREEMENT / 2:  # at half the resolution a fit of the wrong size shows already
        return scores[best]
    around = _around(whole, box)
    return max(_correlation(part, around, best + size * step) for step in (-0.03, -0.02, -0.01, 0, 0.01, 0.02, 0.03))


def _halved(image):
    return image.resize(tuple(side // 2 for side in image.size), Image.Resampling.BOX)


def _around(whole, box):
    """The detail of a miniature in a box and a little around it."""
    edges = np.clip(np.array(box) + (-0.06, -0.06, 0.06, 0.06), 0, 1) * (whole.size * 2)
    left, top, right, bottom = edges.round().astype(int)
    return _detail(whole)[top:bottom, left:right]


def _correlation(part, around, factor):
    """The correlation of the detail of `part`, resized by `factor`, with that of a picture, at its best place."""
    wanted = tuple(min(round(side * factor), limit) for side, limit in zip(part.size, around.shape[::-1]))
    if min(wanted) < 12:
        return 0.0
    return float(feature.match_template(around, _detail(part.resize(wanted, Image.Resampling.BICUBIC))).max())


def _detail(image):
    """What differs from the surroundings: the miniature less its blurred self, which leaves out the composition."""
    blurred = image.resize(tuple(max(2, side // 6) for side in image.size)).resize(image.size)
    return np.asarray(image, np.float32) - np.asarray(blurred, np.float32)
