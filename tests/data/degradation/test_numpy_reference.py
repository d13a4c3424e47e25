"""Degradations of whole photographs: worked by hand where it can be, against other libraries where it cannot."""

import dataclasses

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from srlib.data.degradation import numpy_reference
from srlib.errors import InputError
from srlib.imaging import bicubic, metrics


def test_no_degradation_is_the_clean_bicubic_reduction(photograph):
    assert np.array_equal(numpy_reference.apply(numpy_reference.CLEAN, photograph), bicubic.downscale(photograph))
    assert np.array_equal(numpy_reference.degrade(photograph, "blur", strength=0), bicubic.downscale(photograph))


def test_the_bicubic_taps_reduce_as_imresize_does_up_to_the_edges(photograph):
    pixels = photograph.astype(float)
    assert numpy_reference.reduced(pixels, "bicubic") == pytest.approx(bicubic.imresize(pixels, (24, 30)), abs=1e-9)


def test_area_is_the_mean_of_sixteen_pixels_and_plain_that_of_the_inner_four(noise):
    image = noise(8, 8).astype(float)
    area, plain = numpy_reference.reduced(image, "area"), numpy_reference.reduced(image, "plain")
    assert area[1, 0] == pytest.approx(image[4:, :4].mean(axis=(0, 1)))
    assert plain[1, 0] == pytest.approx(image[5:7, 1:3].mean(axis=(0, 1)))


@pytest.mark.parametrize("name, theirs", [("area", Image.Resampling.BOX), ("bilinear", Image.Resampling.BILINEAR)])
def test_area_and_bilinear_are_pillows(photograph, name, theirs):
    ours = bicubic.to_uint8(numpy_reference.reduced(photograph.astype(float), name)).astype(int)
    expected = np.asarray(Image.fromarray(photograph).resize((30, 24), theirs)).astype(int)
    assert np.abs(ours - expected)[1:-1, 1:-1].max() <= 1  # Pillow weighs edges otherwise, and rounds between passes


def test_a_blur_spreads_a_point_into_a_gaussian_of_its_widths_and_direction():
    point = np.zeros((41, 41, 3))
    point[20, 20] = 1.0
    turned = numpy_reference.blurred(point, 2.0, narrow=0.5, angle=np.pi / 2)[..., 0]  # longer axis down the image
    assert turned.sum() == pytest.approx(1, abs=1e-4)
    assert turned[22, 20] / turned[20, 20] == pytest.approx(np.exp(-1 / 2), rel=0.01)  # 2 px = σ
    assert turned[20, 21] / turned[20, 20] == pytest.approx(np.exp(-1 / 2), rel=0.02)  # 1 px = σ / 2
    slanted = numpy_reference.blurred(point, 2.0, narrow=0.5, angle=np.pi / 4)[..., 0]
    assert slanted[22, 22] > 5 * slanted[22, 18]


def test_a_round_blur_is_scipys_up_to_the_edges(photograph):
    pixels = photograph.astype(float)
    expected = ndimage.gaussian_filter(pixels, (2.0, 2.0, 0), mode="reflect", truncate=6)
    assert numpy_reference.blurred(pixels, 2.0) == pytest.approx(expected, abs=0.05)


def test_noise_has_its_deviation_at_mid_grey_and_grows_with_the_light():
    assert numpy_reference.noise_variance(127.5, 6.0, shot=0.25) == 36
    assert numpy_reference.noise_variance(0.0, 6.0, shot=0.25) == 27
    assert numpy_reference.noise_variance(255.0, 6.0, shot=1.0) == 72
    grey = np.full((400, 400, 3), 128, np.uint8)
    lr = numpy_reference.degrade(grey, "noise", strength=2, seed=1).astype(float)
    assert lr.mean() == pytest.approx(128, abs=0.2)
    assert lr.std() == pytest.approx(7, rel=0.02)


def test_the_seed_decides_the_noise(photograph):
    one, same, other = (numpy_reference.degrade(photograph, "mix", strength=1, seed=seed) for seed in (3, 3, [3, 1]))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_jpeg_is_the_last_that_happens_and_the_first_where_it_comes_before(photograph):
    clean = bicubic.downscale(photograph)
    assert np.array_equal(numpy_reference.degrade(photograph, "jpeg", strength=3), numpy_reference.jpeg(clean, 30))
    before = numpy_reference.apply(dataclasses.replace(numpy_reference.CLEAN, before=40), photograph)
    assert np.array_equal(before, bicubic.downscale(numpy_reference.jpeg(photograph, 40)))


@pytest.mark.parametrize("kind", ["blur", "noise", "jpeg", "mix"])
def test_more_strength_is_more_degradation(photograph, kind):
    clean = bicubic.downscale(photograph)
    psnr = [
        metrics.psnr(clean, numpy_reference.degrade(photograph, kind, strength=strength))
        for strength in numpy_reference.STRENGTHS
    ]
    assert psnr == sorted(psnr, reverse=True)
    assert psnr[0] - psnr[2] > 3


def test_sides_that_are_no_multiples_of_four_are_cut(noise):
    for kind in numpy_reference.DEGRADATIONS:
        assert numpy_reference.degrade(noise(19, 27), kind, strength=3).shape == (4, 6, 3)


@pytest.mark.parametrize("kind, strength, named", [("blurr", 1, "did you mean 'blur'"), ("blur", 4, "not 4")])
def test_an_unknown_kind_or_strength_is_named(noise, kind, strength, named):
    with pytest.raises(InputError, match=named):
        numpy_reference.degrade(noise(16, 16), kind, strength=strength)
