"""Sub-pixel rearrangements: by hand, and the same for NumPy's arrays as for Keras's."""

import numpy as np
import pytest
from keras import ops

from srlib.imaging import pixel_shuffle


def test_a_pixel_s_channels_become_a_block_row_by_row():
    one_colour = np.arange(8).reshape(1, 1, 2, 4)
    assert pixel_shuffle.shuffle(one_colour, 2)[0, :, :, 0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7]]
    two_colours = pixel_shuffle.shuffle(np.arange(8).reshape(1, 1, 1, 8), 2)
    assert two_colours.tolist() == [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]


@pytest.mark.parametrize("numbers", [np, ops])
def test_the_phase_kernel_of_a_single_tap(numbers):
    # The tap one row below and two columns left of the centre: output (1, 0) of a block, at row 2i + 1, reads row
    # 2i + 2, which is phase 0 of the block below; column 2j - 2 is phase 0 of the block to the left.
    kernel = np.zeros((9, 9, 1, 1), "float32")
    kernel[5, 2] = 7
    phases = pixel_shuffle.phase_kernel(numbers.array(kernel), numbers)
    phases = np.asarray(phases).reshape(5, 5, 2, 2, 2, 2)
    assert phases[3, 1, 0, 0, 1, 0] == 7
    assert phases[2, 1, 1, 0, 0, 0] == 7
    assert (phases == 7).sum() == 4 and (phases == 0).sum() == phases.size - 4


def test_numpy_and_keras_rearrange_alike():
    random = np.random.default_rng(0)
    features, kernel = (random.normal(size=size).astype("float32") for size in ((2, 3, 5, 12), (9, 9, 2, 3)))
    shuffled = pixel_shuffle.shuffle(ops.convert_to_tensor(features), 2, xp=ops)
    assert np.array_equal(ops.convert_to_numpy(shuffled), pixel_shuffle.shuffle(features, 2))
    phases = pixel_shuffle.phase_kernel(ops.convert_to_tensor(kernel), ops)
    assert np.array_equal(ops.convert_to_numpy(phases), pixel_shuffle.phase_kernel(kernel))
