"""The degradations inside the training step: each one is that of the NumPy and Pillow reference, seeds are exact."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from srlib.data import patches
from srlib.data.degradation import keras_layers, numpy_reference
from srlib.errors import InputError
from srlib.training import compiled_models, fit


@pytest.fixture(scope="module")
def batch(photograph):
    return patches.PatchSampler([photograph], 48, batch=4, seed=0)(0)


def tensor(*values):
    return ops.convert_to_tensor(np.array(values, "float32"))


def as_pixels(photograph):
    """A photograph as a batch of one, float32 (1, 96, 96, 3)."""
    return ops.convert_to_tensor(photograph[None, :, :96].astype("float32"))


def test_each_image_is_blurred_by_its_own_gaussian_as_the_reference_blurs(photograph):
    image = photograph[:, :96].astype(float)
    settings = [(0.7, 1.0, 0.0), (2.0, 0.5, 0.6), (3.0, 0.4, 2.5)]
    three = ops.convert_to_tensor(np.stack([image] * 3).astype("float32"))
    sigma, narrow, angle = (tensor(*column) for column in zip(*settings))
    ours = np.asarray(keras_layers.blurred(three, sigma, narrow=narrow, angle=angle))
    inner = slice(12, -12)  # where the mirror's 8 pixels do not tell from the reference's 12
    for result, (sigma, narrow, angle) in zip(ours, settings, strict=True):
        expected = numpy_reference.blurred(image, sigma, narrow=narrow, angle=angle)
        assert result[inner, inner] == pytest.approx(expected[inner, inner], abs=0.05)  # each in its own window


def test_without_blur_pixels_stay_to_the_bit(batch):
    pixels = ops.cast(batch, "float32")
    sigma = tensor(0, 2, 0, 2)
    result = np.asarray(keras_layers.blurred(pixels, sigma, narrow=tensor(1, 1, 1, 1), angle=tensor(0, 0, 0, 0)))
    changed = [not np.array_equal(one, other) for one, other in zip(result, np.asarray(pixels))]
    assert changed == [False, True, False, True]


def test_each_image_is_reduced_by_its_own_resampler_as_the_reference_reduces(photograph):
    image = photograph[:, :96].astype(float)
    chosen = ops.convert_to_tensor(np.eye(4, dtype="float32"))
    ours = np.asarray(keras_layers.resampled(ops.repeat(as_pixels(photograph), 4, axis=0), chosen))
    for result, name in zip(ours, numpy_reference.RESAMPLERS, strict=True):
        expected = numpy_reference.reduced(image, name)[2:-2, 2:-2]  # less the margin of 8 HR pixels
        assert result == pytest.approx(expected, abs=1e-2)


def test_noise_has_the_variance_of_the_reference():
    grey = ops.convert_to_tensor(np.full((2, 4, 4, 3), 51.0, "float32"))  # a fifth of white: 1 - s + 0.4 s
    result = np.asarray(keras_layers.noisy(grey, ops.ones_like(grey), sigma=tensor(10, 4), shot=tensor(0, 1)))
    assert result[0] == pytest.approx(51 + 10)
    assert result[1] == pytest.approx(51 + 4 * np.sqrt(0.4))


def test_the_same_batch_has_the_same_degradation_whatever_went_before(batch, photograph):
    other = patches.PatchSampler([photograph], 48, batch=4, seed=0)(1)
    layer = keras_layers.Robust()
    first = np.asarray(layer(batch)[0])
    after_another = np.asarray(layer(other)[0])
    assert np.array_equal(np.asarray(layer(batch)[0]), first)
    assert np.array_equal(np.asarray(keras_layers.Robust()(batch)[0]), first)
    assert not np.array_equal(after_another, first)


def test_one_pixel_and_the_order_of_patches_change_the_seed(batch):
    nudged = batch.copy()
    nudged[3, 60, 60, 2] ^= 1
    seeds = {tuple(np.asarray(keras_layers.hashed(each))) for each in (batch, nudged, batch[::-1])}
    assert len(seeds) == 3
    assert all(0 <= value < 4093 and value == int(value) for seed in seeds for value in seed)


def test_the_seed_is_the_sum_that_whole_numbers_give(batch):
    random = np.random.default_rng(0)
    columns, rows = (random.integers(1, 4093, (2, size)) for size in (64 * 3, 64))
    pixels, prime = batch.astype(np.int64).reshape(4, 64, 64 * 3), 4093
    expected = [
        sum(
            (place + 1) * ((((patch * columns[word]) % prime).sum(axis=1) * rows[word]) % prime).sum()
            for place, patch in enumerate(pixels)
        )
        % prime
        for word in (0, 1)
    ]
    assert np.asarray(keras_layers.hashed(batch)).tolist() == expected


def test_clean_patches_are_those_of_bicubic_and_hr_always_is(batch, monkeypatch):
    lr, hr = (np.asarray(half) for half in keras_layers.Bicubic()(batch))
    degraded, same = (np.asarray(half) for half in keras_layers.Robust()(batch))
    assert np.array_equal(same, hr)
    assert not np.array_equal(degraded, lr)
    assert degraded.shape == lr.shape
    assert np.array_equal(degraded * 255, np.round(degraded * 255))
    monkeypatch.setattr(keras_layers.Robust, "CLEAN", 1.0)
    assert np.asarray(keras_layers.Robust()(batch)[0]) == pytest.approx(lr, abs=1.01 / 255)  # other rounding of a half


def test_draws_keep_their_probabilities_and_ranges():
    uniform = np.random.default_rng(1).random((4000, 16)).astype("float32")
    draw = keras_layers._Draws(ops.convert_to_tensor(uniform), clean=0.25)
    sigma = np.asarray(draw.sometimes(0.5, 2.0, 3.0))
    assert np.mean(sigma > 0) == pytest.approx(0.75 * 0.5, abs=0.03)
    assert (sigma[sigma > 0].min() >= 2, sigma.max() <= 3) == (True, True)
    shares = np.asarray(draw.choice((0.4, 0.2, 0.2, 0.2))).mean(axis=0)
    assert shares == pytest.approx([0.25 + 0.75 * 0.4, 0.15, 0.15, 0.15], abs=0.03)


def test_a_name_makes_the_layer_and_an_unknown_one_is_refused():
    assert type(keras_layers.create("bicubic")) is keras_layers.Bicubic
    assert type(keras_layers.create("robust")) is keras_layers.Robust
    with pytest.raises(InputError, match="did you mean 'robust'"):
        keras_layers.create("robus")


@pytest.mark.parametrize("phase", ["pixel", "adversarial"])
def test_the_setting_chooses_the_degradation_of_both_phases(small, phase):
    kinds = {"bicubic": keras_layers.Bicubic, "robust": keras_layers.Robust}
    for name, kind in kinds.items():
        assert type(compiled_models.prepare(phase, small(degradation=name)).degradation) is kind
    compiled_models.clear()


def test_a_robust_training_that_was_cut_goes_on_as_if_it_had_not_been(small, photograph, tmp_path):
    settings = small(degradation="robust", pretrain_steps=4, log_every=1)
    whole = fit.pretrain(settings, [photograph[:48, :48]], options=fit.RunOptions(tmp_path, checkpoint_minutes=0))
    (tmp_path / "checkpoint-00000004.npz").unlink()
    resumed = fit.pretrain(settings, [photograph[:48, :48]], options=fit.RunOptions(tmp_path))
    assert [row["loss"] for row in resumed.history] == pytest.approx([row["loss"] for row in whole.history], rel=1e-5)
    for one, other in zip(resumed.generator.get_weights(), whole.generator.get_weights(), strict=True):
        assert one == pytest.approx(other, rel=1e-5, abs=1e-7)
    compiled_models.clear()


# Two batches through the layer, traced and compiled as in training.
PROGRAM = """
import sys
import numpy as np, jax
from srlib.data.degradation import keras_layers
one, other = np.random.default_rng(0).integers(0, 256, (2, 2, 32, 32, 3), dtype=np.uint8)
layer = keras_layers.Robust()
compiled = jax.jit(lambda patches: layer(patches)[0])
first, second, again = (np.asarray(compiled(batch)) for batch in (one, other, one))
print(np.array_equal(first, again), np.array_equal(first, second), first.shape == (2, 4, 4, 3))
print("tensorflow" in sys.modules)
"""


def test_jax_degrades_inside_a_compiled_step_without_tensorflow(repository):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("runs the layer on JAX, which is not installed")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=repository, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["True", "False", "True", "False"]


def test_keras_takes_the_seed_of_a_tensor():
    # Keras documents seeds as integers or generators with a state; ours is a generator without one.
    one, same, other = (
        np.asarray(keras.random.uniform((4,), seed=keras_layers._Seed(tensor(*words))))
        for words in ([1, 2], [1, 2], [1, 3])
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
