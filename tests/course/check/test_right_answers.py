"""The answers that the checks take for right, against hand-worked values and other implementations."""

import math

import numpy as np
import pytest
from course.check.planted import (
    dataset_comparison,
    dataset_preparation,
    ffhq_retraining,
    hyperparameter_tuning,
    loss_ablation_mse_dssim,
)

from srlib.course.check import ffhq_retraining as twins_and_groups
from srlib.imaging import bicubic, metrics


def test_the_cubic_kernel_at_minus_a_half_is_srlib_s():
    x = np.linspace(-3, 3, 100)
    np.testing.assert_allclose(dataset_preparation.keys(x, -0.5), bicubic.cubic(x), atol=1e-12)


def test_the_ssim_of_flat_patches_is_srlib_s():
    patches = (np.full((1, 16, 16, 1), grey, "float32") for grey in (0.4, 0.6))
    assert float(metrics.ssim(*patches)[0]) == pytest.approx(loss_ablation_mse_dssim.FLAT, abs=1e-5)


def test_the_number_of_trials_is_the_smallest_by_simulation():
    trials = hyperparameter_tuning.trials(0.05, 0.95)
    missed = np.random.default_rng(0).random((200_000, trials)) >= 0.05
    assert 1 - missed.all(axis=1).mean() == pytest.approx(0.95, abs=0.005)
    assert 1 - missed[:, 1:].all(axis=1).mean() < 0.95
    assert trials == 59


def test_the_share_of_power_is_that_of_two_waves():
    across = np.arange(64) / 64 * 2 * np.pi
    waves = 3 * np.cos(2 * across) + 4 * np.cos(20 * across)  # powers 9 and 16, below and above
    assert dataset_comparison.power(np.tile(waves, (64, 1)), 0.125) == pytest.approx(16 / 25)


def test_the_twins_of_the_check_are_far_apart_and_have_one_lr():
    pairs = twins_and_groups._pairs()
    assert [ffhq_retraining.one_lr(*pair) for pair in pairs] == [True, True, True, False, False, False]
    assert [ffhq_retraining.unrounded(*pair) for pair in pairs] == [True, False, True, False, False, False]
    one, twin = (picture.astype(float) for picture in pairs[1])
    assert np.sqrt(np.mean((one - twin) ** 2)) > 8


def test_the_groups_of_the_check_by_hand():
    assert ffhq_retraining.worst([1.0, math.nan, 0.0, 4.0], ["x", "y", "y", "x"]) == ("y", 0.0)
    name, mean = ffhq_retraining.worst(list(twins_and_groups._GAINS), list(twins_and_groups._GROUPS))
    assert (name, mean) == ("darker", pytest.approx((0.3 + 0.1 + 0.2) / 3))
