"""Bicubic resizing: by hand, against a second implementation, on the device, and against the published figures."""

import itertools

import numpy as np
import pytest
from keras import ops
from PIL import Image

from srlib.data import sources
from srlib.evaluation import protocol
from srlib.imaging import bicubic, bicubic_layers, metrics, pixel_shuffle

# Keys' kernel at odd eighths, worked by hand from equation 15 in units of 1/1024: what shrinking by 4 weighs with.
EIGHTHS = {1: 987, 3: 745, 5: 399, 7: 93, 9: -49, 11: -75, 13: -45, 15: -7}


def oracle(image, out_height, out_width):
    """`imresize` of a float plane in loops over pixels, from the formula in MATLAB's documentation (1-based)."""

    def line(values, out_size):
        scale = out_size / len(values)
        stretch = min(scale, 1)
        result = []
        for x in range(1, out_size + 1):
            u = x / scale + (1 - 1 / scale) / 2
            total, weight_sum, k = 0.0, 0.0, int(np.floor(u - 2 / stretch))
            while k <= u + 2 / stretch:
                weight = keys(abs(u - k) * stretch)
                total, weight_sum = total + weight * values[reflected(k - 1, len(values))], weight_sum + weight
                k += 1
            result.append(total / weight_sum)
        return result

    rows = [line(list(row), out_width) for row in image]
    columns = [line([row[x] for row in rows], out_height) for x in range(out_width)]
    return np.array(columns).T


def keys(d):
    if d < 1:
        return (1.5 * d - 2.5) * d * d + 1
    return ((-0.5 * d + 2.5) * d - 4) * d + 2 if d < 2 else 0.0


def reflected(index, size):
    """Step by step back into 0..size-1, the edge counted twice."""
    while not 0 <= index < size:
        index = -1 - index if index < 0 else 2 * size - 1 - index
    return index


def mirrored(image, margin=8):
    return np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")


@pytest.mark.parametrize("x, expected", [(0, 1), (0.5, 0.5625), (1, 0), (1.5, -0.0625), (2, 0), (2.5, 0)])
def test_kernel_by_hand(x, expected):
    assert bicubic.cubic(np.array([x, -x], float)) == pytest.approx([expected] * 2, abs=1e-12)


def test_kernel_at_odd_eighths_by_hand():
    values = bicubic.cubic(np.array(list(EIGHTHS)) / 8) * 1024
    assert values == pytest.approx(list(EIGHTHS.values()), abs=0.5)
    assert bicubic.cubic(np.array([0.125]))[0] == 0.9638671875


@pytest.mark.parametrize("in_size, out_size", [(8, 2), (2, 8), (7, 7), (1, 4), (13, 5), (5, 13), (321, 80)])
def test_weights_of_an_output_pixel_add_up_to_one(in_size, out_size):
    matrix = bicubic.weights(in_size, out_size)
    assert matrix.shape == (out_size, in_size)
    assert matrix.sum(axis=1) == pytest.approx(np.ones(out_size), abs=1e-12)


def test_same_size_changes_nothing(noise):
    picture = noise(5, 9)
    assert np.array_equal(bicubic.imresize(picture, (5, 9)), picture)


def test_two_pixels_become_four_by_hand():
    # Kernel at 1/4, 3/4, 5/4, 7/4: 111/128, 29/128, -9/128, -3/128; what falls outside comes back in.
    line = bicubic.imresize(np.array([[0.0, 128.0]]), (1, 4))
    assert line[0] == pytest.approx([-12, 26, 102, 140], abs=1e-9)


def test_a_step_shrunk_by_four_by_hand():
    # A small pixel lies between two large ones: an edge next to it leaves it the weights of one side beyond the edge.
    overshoot = (EIGHTHS[13] + EIGHTHS[15]) / 4096
    before_edge = sum(EIGHTHS[place] for place in (5, 7, 9, 11, 13, 15)) / 4096
    line = bicubic.imresize(np.repeat([[0.0, 1.0]], 8, axis=1), (1, 4))
    assert line[0] == pytest.approx([overshoot, before_edge, 1 - before_edge, 1 - overshoot], abs=5e-4)


def test_values_are_rounded_and_clipped_never_truncated():
    # Exact: -0.94, 2.03, 7.97, 10.94.
    assert bicubic.imresize(np.array([[0, 10]], np.uint8), (1, 4)).tolist() == [[0, 2, 8, 11]]
    assert bicubic.imresize(np.array([[0, 255]], np.uint8), (1, 4)).tolist() == [[0, 52, 203, 255]]
    assert bicubic.to_uint8(np.array([-7.0, 1.49, 1.51, 254.6, 400.0])).tolist() == [0, 1, 2, 255, 255]


@pytest.mark.parametrize("size", [(3, 4), (48, 60), (5, 7)])
def test_a_constant_picture_stays_constant(size):
    picture = np.full((12, 15, 3), 137, np.uint8)
    assert np.array_equal(bicubic.imresize(picture, size), np.full((*size, 3), 137))


@pytest.mark.parametrize(
    "size, wanted", [((12, 16), (3, 4)), ((5, 7), (20, 28)), ((13, 6), (5, 9)), ((1, 2), (4, 8)), ((4, 4), (1, 1))]
)
def test_equals_a_second_implementation(size, wanted):
    plane = np.random.default_rng(0).uniform(0, 255, size)
    assert bicubic.imresize(plane, wanted) == pytest.approx(oracle(plane, *wanted), abs=1e-9)


def test_channels_are_resized_each_on_its_own(noise):
    picture = noise(8, 12)
    for channel in range(3):
        plane = bicubic.imresize(picture[:, :, channel], (2, 3))
        assert np.array_equal(bicubic.imresize(picture, (2, 3))[:, :, channel], plane)


def test_the_type_of_the_picture_is_kept(noise):
    assert bicubic.downscale(noise(8, 8)).dtype == np.uint8
    assert bicubic.upscale(noise(8, 8).astype("float32")).dtype == np.float32


def test_the_taps_of_shrinking_are_those_of_imresize_and_without_antialiasing_four():
    # LR pixel 2 of 8 takes HR pixels 2 to 17 of 32.
    np.testing.assert_allclose(bicubic.weights(32, 8)[2, 2:18], bicubic.downscale_taps(), atol=1e-15)
    four = bicubic.downscale_taps(antialias=False)
    # Keys' cubic at distances 1.5, 0.5, 0.5, 1.5, worked out by hand: -1/16 and 9/16.
    np.testing.assert_allclose(four[6:10], [-1 / 16, 9 / 16, 9 / 16, -1 / 16])
    assert np.count_nonzero(four) == 4


def test_right_and_lower_rest_is_cut_before_shrinking(noise):
    picture = noise(11, 14)
    assert np.array_equal(bicubic.crop_to_multiple(picture), picture[:8, :12])
    assert bicubic.downscale(picture).shape == (2, 3, 3)
    assert np.array_equal(bicubic.downscale(picture), bicubic.downscale(picture[:8, :12]))
    assert bicubic.downscale(noise(11, 14)[..., 0], 2).shape == (5, 7)


def test_upscale_multiplies_the_sides(noise):
    assert bicubic.upscale(noise(3, 5)).shape == (12, 20, 3)


@pytest.mark.parametrize("height, width", [(8, 12), (16, 4), (20, 24)])
def test_shrinking_on_the_device_is_imresize_edges_included(noise, height, width):
    picture = noise(height, width).astype("float32")
    device = np.asarray(bicubic_layers.downscale(mirrored(picture)[None]))[0]
    assert device == pytest.approx(bicubic.imresize(picture.astype(float), (height // 4, width // 4)), abs=1e-3)


@pytest.mark.parametrize("height, width", [(2, 2), (2, 5), (7, 3), (12, 9)])
def test_enlarging_on_the_device_is_imresize_edges_included(noise, height, width):
    picture = noise(height, width).astype("float32")
    device = np.asarray(bicubic_layers.BicubicUpscale()(picture[None]))[0]
    assert device == pytest.approx(bicubic.upscale(picture.astype(float)), abs=1e-3)


def test_enlarging_layer_states_its_output_shape():
    assert bicubic_layers.BicubicUpscale().compute_output_shape((None, None, 5, 3)) == (None, None, 20, 3)


def test_pixel_shuffle_of_a_numbered_array_by_hand():
    one_colour = np.arange(8.0).reshape(1, 1, 2, 4)
    assert np.asarray(pixel_shuffle.shuffle(one_colour, 2, xp=ops))[0, :, :, 0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7]]
    three_colours = np.asarray(pixel_shuffle.shuffle(np.arange(12.0).reshape(1, 1, 1, 12), 2, xp=ops))[0]
    assert three_colours.tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]


@pytest.mark.parametrize("scale", [2, 4])
def test_pixel_shuffle_equals_depth_to_space(tensorflow, scale):
    features = np.random.default_rng(0).normal(size=(2, 3, 5, 3 * scale**2))
    assert np.array_equal(pixel_shuffle.shuffle(features, scale, xp=ops), tensorflow.nn.depth_to_space(features, scale))


def test_pillow_shrinks_differently(photograph):
    ours = bicubic.downscale(photograph)
    pillow = Image.fromarray(photograph).resize(ours.shape[1::-1], Image.Resampling.BICUBIC)
    assert 45 < metrics.psnr(ours, np.asarray(pillow)) < 60


def test_pillow_reads_about_55_db_against_ours_on_set5(data_root):
    values = []
    for photo in sources.load("set5", "test", root=data_root):
        original = bicubic.crop_to_multiple(photo.load().rgb)
        ours = bicubic.downscale(original)
        pillow = Image.fromarray(original).resize(ours.shape[1::-1], Image.Resampling.BICUBIC)
        values.append(metrics.psnr(ours, np.asarray(pillow)))
    assert 53.5 < np.mean(values) < 56.5


@pytest.mark.parametrize("name, expected", [("set5", 28.43), ("set14", 26.00), ("bsd100", 25.96)])
def test_bicubic_scores_as_published(data_root, name, expected):
    scores = protocol.evaluate(bicubic.upscale, sources.load(name, "test", root=data_root))
    assert protocol.mean(scores)[0] == pytest.approx(expected, abs=0.02)


def test_oracle_reflects_as_matlab_does():
    assert [reflected(index, 3) for index in range(-4, 8)] == [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]
    assert list(itertools.chain([keys(0), keys(1)], [keys(2)])) == [1, 0, 0]
