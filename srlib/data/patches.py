"""Batches of HR patches; batch i is a pure function of (seed, i), so resuming needs no iterator state.

Only uint8 HR patches leave here. Each carries a margin on every side, from which the degradation on the device takes
what the low-resolution pixels at the patch's edge depend on: the LR patch then equals the crop of the whole
downsampled image.
"""

import itertools

import numpy as np

from srlib import resize
from srlib.config import SCALE
from srlib.errors import InputError

MARGIN = resize.BicubicDownscale.MARGIN


class PatchSampler:
    """Random augmented HR patches from images in memory.

    Args:
        images: list of uint8 arrays (height, width, 3) of any sizes; those smaller than a patch are passed over.
        patch: int, side of a patch in HR pixels, a multiple of 4.
        batch: int, patches in a batch.
        seed: int.
    Raises:
        InputError: no image is large enough, or the patch is no multiple of 4.
    """

    def __init__(self, images, patch, batch, seed):
        if patch % SCALE:
            raise InputError(f"the patch side must be a multiple of {SCALE}, not {patch}")
        large = [image for image in images if min(image.shape[:2]) >= patch]
        if not large:
            raise InputError(f"none of the {len(images)} training images is at least {patch}×{patch} pixels")
        self.patch, self.batch, self.seed = patch, batch, seed
        self._images = [_with_margin(image) for image in large]
        pixels = np.array([image.shape[0] * image.shape[1] for image in large], float)
        self._bounds = np.cumsum(pixels / pixels.sum())

    def __call__(self, index):
        """Batch `index` as uint8 (batch, patch + 16, patch + 16, 3): the margins included."""
        random = np.random.default_rng([self.seed, index])
        return np.stack([self._one(random) for _ in range(self.batch)])

    def batches(self, start=0):
        """Batches `start`, `start` + 1, … without end, each in a tuple, as `fit` takes them."""
        return ((self(index),) for index in itertools.count(start))

    def _one(self, random):
        """One patch: an image by its area, a corner on the LR grid, one of the eight flips and rotations."""
        chosen = np.searchsorted(self._bounds, random.random(), side="right")
        image = self._images[min(chosen, len(self._images) - 1)]
        side = self.patch + 2 * MARGIN
        top, left = (SCALE * random.integers((size - side) // SCALE + 1) for size in image.shape[:2])
        return augment(image[top : top + side, left : left + side], random.integers(8))


def augment(patch, choice):
    """One of the eight symmetries of a square patch (height, width, channels): `choice` in 0..7, 0 leaves it as is."""
    turned = np.rot90(patch, choice % 4)
    return turned[:, ::-1] if choice >= 4 else turned


def _with_margin(image):
    """An image cropped to the LR grid and mirrored outwards by the margin, as `imresize` sees its edges."""
    return np.pad(resize.crop_to_multiple(image), ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="symmetric")
