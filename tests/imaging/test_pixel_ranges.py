"""The ranges of pixel values: by hand, there and back, and rounded as a file rounds."""

import keras
import numpy as np
import pytest

from srlib.imaging import bicubic, pixel_ranges

ALL = np.arange(256, dtype=np.uint8)


@pytest.mark.parametrize(
    "convert, values, expected",
    [
        (pixel_ranges.lr_from_pixels, [0, 51, 102, 255], [0, 0.2, 0.4, 1]),
        (pixel_ranges.hr_from_pixels, [0, 51, 127.5, 255], [-1, -0.6, 0, 1]),
        (pixel_ranges.pixels_from_hr, [-1, -0.6, 0, 1], [0, 51, 127.5, 255]),
        (pixel_ranges.unit_from_hr, [-1, -0.5, 0, 1], [0, 0.25, 0.5, 1]),
        (pixel_ranges.round_pixels, [-3.0, 1.4, 1.6, 300.0], [0, 1, 2, 255]),
    ],
)
def test_values_worked_by_hand(convert, values, expected):
    result = np.asarray(convert(np.array(values, "float32")))
    assert result == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert result.dtype == np.float32


def test_every_pixel_value_survives_the_way_to_hr_and_back():
    back = np.asarray(pixel_ranges.pixels_from_hr(pixel_ranges.hr_from_pixels(ALL)))
    assert np.array_equal(bicubic.to_uint8(back), ALL)


def test_lr_and_unit_are_the_same_range():
    assert np.asarray(pixel_ranges.unit_from_hr(pixel_ranges.hr_from_pixels(ALL))) == pytest.approx(
        np.asarray(pixel_ranges.lr_from_pixels(ALL))
    )


def test_rounding_on_the_device_is_rounding_in_a_file():
    values = np.random.default_rng(0).uniform(-20, 275, 1000).astype("float32")
    values = np.concatenate([values, np.arange(0.5, 255, 1, "float32")])  # halves too
    assert np.array_equal(np.asarray(pixel_ranges.round_pixels(values)), bicubic.to_uint8(values))


def test_low_precision_comes_back_as_float32():
    hr = keras.ops.cast(np.array([-1.0, 1.0]), "bfloat16")
    assert np.asarray(pixel_ranges.pixels_from_hr(hr)).dtype == np.float32
