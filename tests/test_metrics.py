"""PSNR, luma and SSIM: by hand, and against scikit-image."""

import numpy as np
import pytest
from skimage import color
from skimage.metrics import structural_similarity

from srlib import metrics, resize


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
    assert metrics.luma(np.array(colour, np.uint8)) == pytest.approx(expected, abs=1e-9)


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
        "bicubic": lambda: resize.upscale(resize.downscale(photograph)) / 255,
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
