"""PSNR, luma and SSIM: by hand, and against scikit-image."""

import numpy as np
import pytest
from skimage import color
from skimage.metrics import structural_similarity

from srlib.imaging import bicubic, metrics


@pytest.mark.parametrize(
    "errors, expected",
    [
        ([1, 1, 1, 1], 48.1308),  # MSE 1: 20 log10(255)
        ([5, 0, 0, 0], 40.1720),  # MSE 6.25
        ([0, -10, 10, 0], 31.1411),  # MSE 50
        ([255, 255, 255, 255], 0.0),
    ],
)
def test_psnr_by_hand(errors, expected):
    reference = np.array([0, 100, 100, 0], float)
    assert metrics.psnr(reference, reference + errors) == pytest.approx(expected, abs=1e-4)


def test_psnr_of_equal_images_is_infinite(noise):
    assert metrics.psnr(noise(4, 4), noise(4, 4)) == float("inf")


def test_psnr_of_uint8_does_not_wrap_around():
    assert metrics.psnr(np.array([0], np.uint8), np.array([255], np.uint8)) == 0.0


def test_psnr_of_another_peak():
    assert metrics.psnr(np.array([0.0]), np.array([0.1]), peak=1.0) == pytest.approx(20)


@pytest.mark.parametrize(
    "colour, expected",
    [
        ((0, 0, 0), 16),
        ((255, 255, 255), 235),
        ((255, 0, 0), 81.481),
        ((0, 255, 0), 144.553),
        ((0, 0, 255), 40.966),
        ((51, 51, 51), 59.8),
    ],
)
def test_luma_by_hand(colour, expected):
    assert metrics.luma(np.array([colour], np.uint8)) == pytest.approx(expected, abs=1e-9)


def test_luma_is_that_of_scikit_image_and_not_rounded(photograph):
    luma = metrics.luma(photograph)
    assert luma == pytest.approx(color.rgb2ycbcr(photograph)[..., 0], abs=1e-9)
    assert np.abs(luma - np.rint(luma)).max() > 0.4


def reference_ssim(one, other, **options):
    """scikit-image's SSIM with the window of Wang et al.; it cuts the border that the window cannot cover."""
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1}
    return structural_similarity(one, other, **settings, **options)


def degraded(photograph, kind):
    random = np.random.default_rng(0)
    return {
        "bicubic": lambda: bicubic.upscale(bicubic.downscale(photograph)) / 255,
        "noise": lambda: np.clip(photograph / 255 + random.normal(0, 0.1, photograph.shape), 0, 1),
        "brightness": lambda: photograph / 510,
        "inverted": lambda: 1 - photograph / 255,
    }[kind]()


@pytest.mark.parametrize("kind", ["bicubic", "noise", "brightness", "inverted"])
def test_ssim_is_that_of_scikit_image(photograph, kind):
    original, other = photograph / 255, degraded(photograph, kind)
    expected = reference_ssim(original, other, channel_axis=2)
    assert float(metrics.ssim(original[None], other[None])[0]) == pytest.approx(expected, abs=1e-4)


def test_ssim_of_luma_is_that_of_scikit_image(photograph):
    one, other = (metrics.luma(255 * picture) / 255 for picture in (photograph / 255, degraded(photograph, "bicubic")))
    ours = float(metrics.ssim(one[None, ..., None], other[None, ..., None])[0])
    assert ours == pytest.approx(reference_ssim(one, other), abs=1e-4)


def test_ssim_is_given_for_each_pair(photograph):
    original, other = (picture[None] / 255 for picture in (photograph, photograph[::-1]))
    both = np.asarray(metrics.ssim(np.concatenate([original, original]), np.concatenate([original, other])))
    assert both.shape == (2,)
    assert both[0] == pytest.approx(1, abs=1e-6)
    assert both[1] == pytest.approx(float(metrics.ssim(original, other)[0]), abs=1e-6)
    assert both[1] < 0.9


def test_ssim_of_constant_images_by_hand():
    one, other = np.full((1, 11, 11, 1), 0.25), np.full((1, 11, 11, 1), 0.75)
    assert float(metrics.ssim(one, other)[0]) == pytest.approx(0.3751 / 0.6251, abs=2e-4)  # float32 variances


def test_ssim_window_is_a_gaussian_of_eleven_pixels():
    taps = metrics._taps()
    assert taps.shape == (11,)
    assert taps.sum() == pytest.approx(1, rel=1e-12)
    assert taps == pytest.approx(taps[::-1])
    assert taps[5] / taps[8] == pytest.approx(np.exp(2))  # two σ from the middle


def impulse(value, height=9, width=9):
    """One pixel of `value`; the window is 1 there, and 0 in the corner, whose opposite makes the mean 0."""
    plane = np.zeros((height, width))
    plane[height // 2, width // 2], plane[0, 0] = value, -value
    return plane


def test_the_spectrum_of_an_impulse_is_flat():
    # Every frequency has the power 3².
    assert metrics.spectrum(impulse(3)) == pytest.approx([9, 9, 9, 9])
    assert metrics.spectrum(impulse(3, 9, 15)) == pytest.approx([9, 9, 9, 9])  # rings over the shorter side


@pytest.mark.parametrize("cycles", [5, 20, 31])
@pytest.mark.parametrize("upright", [True, False])
def test_a_grating_has_its_power_at_its_frequency(cycles, upright):
    grating = np.tile(100 + 50 * np.cos(2 * np.pi * cycles * np.arange(64) / 64), (96, 1))
    power = metrics.spectrum(grating if upright else grating.T)
    assert power.shape == (32,)
    assert 2 + power[2:].argmax() == cycles  # the mean's own power is in the first two rings


@pytest.mark.parametrize("factor, expected", [(1, 0), (0.1, 2), (10, 2), (2, 0.6021)])
def test_spectrum_error_by_hand(factor, expected):
    # Amplitude times ten is power times a hundred: a logarithm of 2, at every frequency.
    assert metrics.spectrum_error(impulse(200), impulse(200 * factor)) == pytest.approx(expected, abs=1e-4)


def test_spectrum_error_sees_the_fine_half_only():
    random, wave = np.random.default_rng(0), 2 * np.pi * np.arange(64) / 64
    reference = random.normal(128, 20, (64, 64))

    def error(cycles):
        return metrics.spectrum_error(reference, reference + 100 * np.cos(cycles * wave))

    assert error(5) < 0.01
    assert error(14) < 0.01
    assert error(18) > 0.1


def test_spectrum_error_of_flat_pictures_is_none():
    assert metrics.spectrum_error(np.full((20, 24), 7.0), np.full((20, 24), 200.0)) == 0


def test_a_checkerboard_of_one_level_reads_one():
    board = np.where(np.add.outer(np.arange(40), np.arange(48)) % 2, 101.0, 99.0)
    assert metrics.checkerboard(board) == pytest.approx(1)


def test_a_grid_reads_the_deviation_of_its_cell():
    cell = np.random.default_rng(0).normal(size=(4, 4))
    assert metrics.checkerboard(50 + np.tile(cell, (10, 12))) == pytest.approx(cell.std())


@pytest.mark.parametrize("side", [40, 43])
def test_what_is_no_grid_reads_nothing(side):
    down, across = np.mgrid[:side, :side]
    ramp = 3.0 * down + across
    assert metrics.checkerboard(ramp) == pytest.approx(0, abs=1e-9)
    edge = np.where(across > 17, 200.0, 20.0)  # it falls on one place of one cell in ten
    assert metrics.checkerboard(edge) == 0


def test_grain_reads_less_the_more_of_it_there_is():
    grain = np.random.default_rng(0).normal(size=(400, 400))
    assert metrics.checkerboard(grain) < metrics.checkerboard(grain[:40, :40]) < 0.25
    assert metrics.checkerboard(grain) < 0.025  # of a median over 9,604 cells: about 1.25 / 98


def test_colour_error_by_hand():
    reference = np.full((2, 2, 3), 100, np.uint8)
    image = reference.copy()
    image[..., 0] = 103
    image[0, :, 2] = 90  # half of the pixels: the mean falls by 5
    assert metrics.colour_error(reference, image) == pytest.approx((3 + 0 + 5) / 3)


def test_colour_error_is_of_the_whole_not_of_pixels():
    reference = np.full((2, 2, 3), 100, np.uint8)
    image = reference + np.array([[[10], [-10]], [[-10], [10]]])
    assert metrics.colour_error(reference, image) == 0


@pytest.fixture
def brisque():
    pytest.importorskip("brisque", reason="needs the package brisque: pip install -e '.[quality]'")
    return metrics.brisque


def test_brisque_rises_with_blur_and_noise(brisque, photograph):
    random = np.random.default_rng(0)
    noisy = [bicubic.to_uint8(photograph + random.normal(0, sigma, photograph.shape)) for sigma in (0, 15, 40)]
    scores = [brisque(picture) for picture in noisy]
    assert scores == sorted(scores)
    assert brisque(bicubic.upscale(bicubic.downscale(photograph))) > scores[0] + 15


def test_brisque_of_a_flat_picture_is_not_a_number(brisque):
    assert np.isnan(brisque(np.full((32, 32, 3), 100, np.uint8)))
