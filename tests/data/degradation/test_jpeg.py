"""JPEG on the device: what Pillow makes of a file, up to the rounding of its integer arithmetic."""

import numpy as np
import pytest
from keras import ops

from srlib.data.degradation import jpeg, numpy_reference
from srlib.imaging import metrics


def tensor(value):
    return ops.convert_to_tensor(np.array([value], "float32"))


def as_pixels(photograph):
    """A photograph as a batch of one, float32 (1, 96, 96, 3)."""
    return ops.convert_to_tensor(photograph[None, :, :96].astype("float32"))


@pytest.mark.parametrize("quality", [30, 50, 75, 95])
def test_jpeg_is_pillows_within_42_db_far_closer_than_either_is_to_the_original(photograph, quality):
    ours = np.asarray(jpeg.compressed(as_pixels(photograph), tensor(quality)))[0]
    theirs = numpy_reference.jpeg(np.ascontiguousarray(photograph[:, :96]), quality)
    assert metrics.psnr(theirs, ours) >= 42
    loss = metrics.psnr(photograph[:, :96], theirs)
    assert metrics.psnr(photograph[:, :96], ours) == pytest.approx(loss, abs=0.1)
    assert loss < metrics.psnr(theirs, ours) - 5


def test_jpeg_takes_any_side_and_any_place_of_its_grid(photograph):
    # The picture cut 5 pixels into the first block is what Pillow makes of the picture with 5 more before it.
    part = ops.convert_to_tensor(photograph[None, 5:45, 5:45].astype("float32"))
    ours = np.asarray(jpeg.compressed(part, tensor(40), offset=5))[0]
    theirs = numpy_reference.jpeg(np.ascontiguousarray(photograph[:48, :48]), 40)[5:45, 5:45]
    inner = slice(11, -13)  # whole blocks that lie inside both
    assert metrics.psnr(theirs[inner, inner], ours[inner, inner]) >= 38
    misplaced = np.asarray(jpeg.compressed(part, tensor(40)))[0]
    assert metrics.psnr(theirs[inner, inner], misplaced[inner, inner]) < 35
