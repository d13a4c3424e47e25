"""Batches: functions of seed and number, whose LR is the crop of the whole downsampled photograph."""

import itertools

import numpy as np
import pytest

from srlib.data import patches
from srlib.data.degradation import keras_layers
from srlib.errors import InputError
from srlib.imaging import bicubic

SYMMETRIES = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)]


def moved(picture, turns, mirrored):
    """One of the eight symmetries of a square: mirrored about the diagonal, then turned."""
    return np.rot90(picture.swapaxes(0, 1) if mirrored else picture, turns)


def found(hr, picture):
    """(top, left, turns, mirrored) of the place in `picture` that `hr` shows."""
    side = hr.shape[0]
    tops, lefts = (range(0, length - side + 1, 4) for length in picture.shape[:2])
    for top, left, (turns, mirrored) in itertools.product(tops, lefts, SYMMETRIES):
        if np.array_equal(moved(picture[top : top + side, left : left + side], turns, mirrored), hr):
            return top, left, turns, mirrored
    raise AssertionError("the patch is no part of the picture on the LR grid")


@pytest.fixture(scope="module")
def picture():
    """Random pixels, so that every place looks different; its right and lower rest is off the LR grid."""
    return np.random.default_rng(0).integers(0, 256, (26, 31, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def many(picture):
    """Many patches of the picture, each as (LR uint8, HR uint8, its place)."""
    batch = patches.PatchSampler([picture], 16, batch=128, seed=0)(0)
    lr, hr = (np.asarray(half) for half in keras_layers.Bicubic()(batch))
    lr, hr = bicubic.to_uint8(lr * 255), bicubic.to_uint8((hr + 1) * 127.5)
    return [(small, large, found(large, picture)) for small, large in zip(lr, hr)]


def test_patches_are_places_of_the_picture_in_all_eight_symmetries(many):
    assert {place[2:] for *_, place in many} == set(SYMMETRIES)


def test_patches_reach_every_place_on_the_grid_borders_included(many):
    assert {place[:2] for *_, place in many} == set(itertools.product((0, 4, 8), (0, 4, 8, 12)))


def test_the_lr_of_a_patch_is_the_crop_of_the_whole_downsampled_picture(many, picture):
    whole = bicubic.downscale(picture)
    for lr, _, (top, left, turns, mirrored) in many:
        crop = whole[top // 4 : top // 4 + 4, left // 4 : left // 4 + 4]
        assert np.array_equal(lr, moved(crop, turns, mirrored))


def test_lr_is_rounded_to_eight_bits_and_hr_is_the_middle_of_the_patch(photograph):
    batch = patches.PatchSampler([photograph], 32, batch=3, seed=0)(0)
    lr, hr = (np.asarray(half) for half in keras_layers.Bicubic()(batch))
    assert (lr.shape, hr.shape) == ((3, 8, 8, 3), (3, 32, 32, 3))
    assert lr * 255 == pytest.approx(np.rint(lr * 255), abs=1e-4)
    assert (lr.min() >= 0, lr.max() <= 1) == (True, True)
    assert hr == pytest.approx(batch[:, 8:-8, 8:-8] / 127.5 - 1, abs=1e-6)


def test_a_batch_is_uint8_patches_with_their_margin(picture):
    batch = patches.PatchSampler([picture], 16, batch=5, seed=0)(0)
    assert batch.shape == (5, 32, 32, 3)
    assert batch.dtype == np.uint8


def test_rows_of_a_batch_are_those_of_the_whole(picture):
    sampler = patches.PatchSampler([picture, picture[:20]], 16, batch=6, seed=3)
    parts = [sampler(5, rows=slice(start, start + 2)) for start in (0, 2, 4)]
    assert np.array_equal(np.concatenate(parts), sampler(5))
    for workers in (0, 2):
        drawn = itertools.islice(sampler.batches(5, workers, rows=slice(2, 4)), 2)
        assert all(np.array_equal(batch, sampler(5 + number)[2:4]) for number, (batch,) in enumerate(drawn))


def test_a_batch_depends_on_seed_and_number_alone(picture):
    sampler = patches.PatchSampler([picture, picture[:20]], 16, batch=4, seed=3)
    fifth = sampler(5)
    sampler(0), sampler(9)
    np.random.default_rng(5).random(10)
    assert np.array_equal(sampler(5), fifth)
    assert np.array_equal(patches.PatchSampler([picture, picture[:20]], 16, batch=4, seed=3)(5), fifth)
    assert not np.array_equal(sampler(6), fifth)
    assert not np.array_equal(patches.PatchSampler([picture, picture[:20]], 16, batch=4, seed=4)(5), fifth)


def test_batches_go_on_from_any_number(picture):
    sampler = patches.PatchSampler([picture], 16, batch=2, seed=0)
    for number, batch in zip((7, 8, 9), sampler.batches(7)):
        assert isinstance(batch, tuple)
        assert np.array_equal(batch[0], sampler(number))


def test_pictures_are_chosen_by_their_area():
    large, small = np.full((64, 48, 3), 200, np.uint8), np.full((32, 32, 3), 10, np.uint8)
    batch = patches.PatchSampler([small, large], 16, batch=600, seed=0)(0)
    assert (batch == 200).all(axis=(1, 2, 3)).mean() == pytest.approx(0.75, abs=0.06)


def test_a_picture_of_exactly_one_patch_is_enough():
    exact = np.random.default_rng(1).integers(0, 256, (19, 16, 3), dtype=np.uint8)
    for patch in patches.PatchSampler([exact], 16, batch=4, seed=0)(0):
        assert found(patch[8:-8, 8:-8], exact[:16])[:2] == (0, 0)


def test_pictures_smaller_than_a_patch_are_passed_over():
    small, large = np.full((15, 40, 3), 10, np.uint8), np.full((16, 16, 3), 200, np.uint8)
    assert (patches.PatchSampler([small, large, small], 16, batch=50, seed=0)(0) == 200).all()


def test_without_a_picture_large_enough_the_size_is_named():
    with pytest.raises(InputError, match="none of the 2 training images is at least 96×96"):
        patches.PatchSampler([np.zeros((95, 200, 3), np.uint8)] * 2, 96, batch=4, seed=0)
    with pytest.raises(InputError, match="none of the 0 "):
        patches.PatchSampler([], 96, batch=4, seed=0)


def test_a_patch_off_the_lr_grid_is_refused(picture):
    with pytest.raises(InputError, match="multiple of 4, not 18"):
        patches.PatchSampler([picture], 18, batch=4, seed=0)


def test_the_eight_choices_are_the_eight_symmetries():
    square = np.arange(4).reshape(2, 2, 1)
    results = [tuple(patches.augment(square, choice).ravel()) for choice in range(8)]
    assert results[0] == (0, 1, 2, 3)
    assert set(results) == {tuple(moved(square, *symmetry).ravel()) for symmetry in SYMMETRIES}
    assert len(set(results)) == 8


def varied(images, patch=16, batch=8, **how):
    return patches.PatchSampler(images, patch, batch=batch, seed=0, augmentation=patches.Augmentation(**how))(0)


def test_a_reduced_patch_shows_a_larger_part_of_the_picture():
    ramp = np.repeat(np.arange(0, 240, dtype=np.uint8)[None, :, None], 240, axis=0).repeat(3, axis=2)
    slopes = [
        max(np.ptp(patch[:, 16, 0]), np.ptp(patch[16, :, 0])) for patch in varied([ramp], reduction=4.0, batch=64)
    ]
    assert min(slopes) >= 30  # 32 px with the margin, one level a pixel
    assert 90 <= max(slopes) <= 4 * 32


def test_a_reduction_stays_inside_a_small_picture(noise):
    assert varied([noise(20, 24)], reduction=4.0).shape == (8, 32, 32, 3)


def test_a_reduced_patch_depends_on_seed_and_number_alone(noise):
    images, how = [noise(90, 80), noise(60, 64, 1)], patches.Augmentation(3.0, True, 2)
    first, second = (patches.PatchSampler(images, 16, batch=6, seed=3, augmentation=how) for _ in range(2))
    assert np.array_equal(first(5), second(5))
    assert not np.array_equal(first(5), first(6))


def test_channels_come_in_all_six_orders():
    picture = np.full((32, 32, 3), (1, 2, 3), np.uint8)
    orders = {tuple(patch[0, 0]) for patch in varied([picture], permute_channels=True, batch=200)}
    assert orders == set(itertools.permutations((1, 2, 3)))


def test_of_several_places_the_most_detailed_is_taken(noise):
    picture = np.full((64, 128, 3), 100, np.uint8)
    picture[:, 64:] = noise(64, 64)
    flat = [(varied([picture], detail_draws=draws, batch=600) == 100).all(axis=(1, 2, 3)).mean() for draws in (1, 2)]
    assert flat[0] > 0.3
    assert flat[1] == pytest.approx(flat[0] ** 2, abs=0.06)
