"""Batches of HR patches; batch i is a pure function of (seed, i), so resuming needs no iterator state.

Only uint8 HR patches leave here. Each carries a margin on every side, from which the degradation on the device takes
what the low-resolution pixels at the patch's edge depend on: the LR patch then equals the crop of the whole
downsampled image.
"""

import collections
import concurrent.futures
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from srlib.config import SCALE
from srlib.errors import InputError
from srlib.imaging import bicubic

MARGIN = bicubic.MARGIN
_PIXEL = np.dtype("V3")


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What varies the patches beside place and symmetry.

    Args:
        reduction: float ≥ 1; each patch is cut from its picture made smaller by a random factor of 1 to this many,
            uniform in its logarithm and never so large that the patch would leave the picture.
        permute_channels: whether the colour channels of a patch come in a random order.
        detail_draws: int ≥ 1, places that are drawn for a patch; the one with the most detail is taken.
    """

    reduction: float = 1.0
    permute_channels: bool = False
    detail_draws: int = 1


PLAIN = Augmentation()


@dataclasses.dataclass(frozen=True)
class PatchSettings:
    """How patches are drawn.

    Args:
        patch: int, side of a patch in HR pixels, a multiple of 4.
        batch: int, patches in a batch.
        seed: int.
        augmentation: `Augmentation`.
    """

    patch: int
    batch: int
    seed: int
    augmentation: Augmentation = PLAIN


class Sampler:
    """Random augmented HR patches from images that carry their margin: in memory, or mapped from a packed store.

    Args:
        images: sequence of uint8 arrays (height + 16, width + 16, 3), contiguous, margins included.
        sides: int array (images, 2), heights and widths before the crop to the LR grid and without margins.
        settings: `PatchSettings`.
    Raises:
        InputError: no image is large enough, or the patch is no multiple of 4.
    """

    def __init__(self, images: Sequence[np.ndarray], sides: np.ndarray, *, settings: PatchSettings) -> None:
        self.patch, self.batch, self.seed = settings.patch, settings.batch, settings.seed
        if self.patch % SCALE:
            raise InputError(f"the patch side must be a multiple of {SCALE}, not {self.patch}")
        self._augmentation = settings.augmentation
        self._large = np.flatnonzero(sides.min(axis=1) >= self.patch)
        if not len(self._large):
            raise InputError(f"none of the {len(sides)} training images is at least {self.patch}×{self.patch} pixels")
        self.shape = (self.patch + 2 * MARGIN, self.patch + 2 * MARGIN, 3)
        self._images, self._sides = images, sides
        pixels = sides[self._large].prod(axis=1, dtype=float)
        self._bounds = np.cumsum(pixels / pixels.sum())

    def __call__(self, index: int, rows: slice = slice(None)) -> np.ndarray:
        """Batch `index` as uint8 (batch, patch + 16, patch + 16, 3), the margins included, or those `rows` of it."""
        random = np.random.default_rng([self.seed, index])
        draw = self._place if self._augmentation == PLAIN else self._varied_place
        places = [draw(random) for _ in range(self.batch)][rows]
        result = np.empty((len(places), *self.shape), np.uint8)
        scratch = np.empty(self.shape[:2], _PIXEL)
        for pixels, (chosen, top, left, symmetry, *varied) in zip(_as_pixels(result), places):
            # Turning reads down the columns: over a small copy that costs half of what it does over the large image.
            scratch[...] = self._cut_reduced(chosen, top, left, *varied) if varied else self._cut(chosen, top, left)
            pixels[...] = augment(scratch, symmetry)
        return result

    def batches(self, start: int = 0, workers: int = 0, *, rows: slice = slice(None)) -> Iterator[tuple[np.ndarray]]:
        """Batches `start`, `start` + 1, … without end, each in a tuple, as `fit` takes them.

        Args:
            start: int, the first batch.
            workers: int, threads that draw batches ahead; the batches and their order do not depend on it.
            rows: slice, the patches of each batch that are wanted.
        """
        draw = functools.partial(self, rows=rows)
        indices = itertools.count(start)
        drawn = ahead(draw, indices, workers=workers) if workers else map(draw, indices)
        return ((batch,) for batch in drawn)

    def _image(self, random):
        """The number of an image that is large enough, by its area."""
        chosen = np.searchsorted(self._bounds, random.random(), side="right")
        return self._large[min(chosen, len(self._large) - 1)]

    def _place(self, random):
        """Where a patch comes from: an image by its area, a corner on the LR grid, one of the eight symmetries."""
        chosen = self._image(random)
        height, width = self._sides[chosen].tolist()
        top = SCALE * random.integers((height - self.patch) // SCALE + 1)
        left = SCALE * random.integers((width - self.patch) // SCALE + 1)
        return chosen, top, left, random.integers(8)

    def _varied_place(self, random):
        """As `_place`, and the side of the window that is made smaller to a patch, and the order of the channels."""
        draws = [self._window(random) for _ in range(self._augmentation.detail_draws)]
        window = draws[0] if len(draws) == 1 else max(draws, key=self._detail)
        symmetry = random.integers(8)
        order = random.permutation(3) if self._augmentation.permute_channels else np.arange(3)
        chosen, top, left, side = window
        return chosen, top, left, symmetry, side, order

    def _window(self, random):
        """An image by its area and a square window in it with its margin: (image, top, left, side)."""
        chosen = self._image(random)
        height, width = (int(side) - int(side) % SCALE + 2 * MARGIN for side in self._sides[chosen])
        factor = np.exp(random.random() * np.log(self._augmentation.reduction))
        side = min(round(self.shape[0] * factor), height, width)
        return chosen, random.integers(height - side + 1), random.integers(width - side + 1), side

    def _detail(self, window):
        """Mean absolute difference of neighbouring pixels in the green channel of the patch that a window becomes."""
        chosen, top, left, side = window
        step = max(1, round(side / self.shape[0]))
        green = self._images[chosen][top : top + side : step, left : left + side : step, 1].astype(np.int16)
        return np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean()

    def _cut_reduced(self, chosen, top, left, side, order):
        """The pixels of a window, made smaller to a patch with its margins by Pillow's antialiased bicubic."""
        pixels = self._images[chosen][top : top + side, left : left + side]
        if side != self.shape[0]:
            image = Image.fromarray(pixels).resize(self.shape[:2], Image.Resampling.BICUBIC)
            pixels = np.asarray(image)
        return _as_pixels(np.ascontiguousarray(pixels[..., order]))

    def _cut(self, chosen, top, left):
        """The pixels of a patch with its margins."""
        side = self.patch + 2 * MARGIN
        return _as_pixels(self._images[chosen])[top : top + side, left : left + side]


class PatchSampler(Sampler):
    """Random augmented HR patches from images in memory.

    Args:
        images: sequence of uint8 arrays (height, width, 3) of any sizes; those smaller than a patch are passed over.
        patch, batch, seed, augmentation: as in `PatchSettings`.
    Raises:
        InputError: no image is large enough, or the patch is no multiple of 4.
    """

    def __init__(
        self, images: Sequence[np.ndarray], patch: int, *, batch: int, seed: int, augmentation: Augmentation = PLAIN
    ) -> None:
        sides = np.array([image.shape[:2] for image in images], int).reshape(-1, 2)
        padded = [with_margin(image) if min(image.shape[:2]) >= patch else image for image in images]
        super().__init__(padded, sides, settings=PatchSettings(patch, batch, seed, augmentation))


def ahead(function: Callable[[Any], Any], arguments: Iterable[Any], *, workers: int) -> Iterator[Any]:
    """Results of a function for each argument, in order, computed by `workers` threads a few arguments ahead."""
    with concurrent.futures.ThreadPoolExecutor(workers, "ahead") as pool:
        tasks = (pool.submit(function, argument) for argument in arguments)
        waiting = collections.deque(itertools.islice(tasks, 2 * workers))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(itertools.islice(tasks, 1))
                yield result
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def augment(patch: np.ndarray, choice: int | np.integer) -> np.ndarray:
    """One of the eight symmetries of a square patch (height, width, …): `choice` in 0..7, 0 leaves it as is."""
    transposed, rows, columns = _SYMMETRIES[choice]
    turned = patch.swapaxes(0, 1) if transposed else patch
    return turned[::rows, ::columns]


# (rows and columns exchanged, step along rows, along columns): 0 to 3 quarter turns, then those mirrored.
_SYMMETRIES = (
    (False, 1, 1),
    (True, -1, 1),
    (False, -1, -1),
    (True, 1, -1),
    (False, 1, -1),
    (True, -1, -1),
    (False, -1, 1),
    (True, 1, 1),
)


def with_margin(image: np.ndarray) -> np.ndarray:
    """An image cropped to the LR grid and mirrored outwards by the margin, as `imresize` sees its edges."""
    return np.pad(bicubic.crop_to_multiple(image), ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="symmetric")


def _as_pixels(image):
    """A view of a contiguous uint8 array (…, 3) as (…) pixels of three bytes, which NumPy turns four times faster."""
    return image.view(_PIXEL)[..., 0]
