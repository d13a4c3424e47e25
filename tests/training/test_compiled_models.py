"""Compiled models that serve run after run: a run gets what a fresh model would give it."""

import dataclasses

import keras
import numpy as np
import pytest

from srlib.srgan import generator
from srlib.training import compiled_models, fit


@pytest.fixture(autouse=True)
def empty():
    """Each test begins and ends without compiled models."""
    compiled_models.clear()
    yield
    compiled_models.clear()


@pytest.fixture
def runs(small, photograph):
    """A function of settings that trains on pixels and gives weights and losses."""

    def run(**changes):
        settings = {"pretrain_steps": 4, "log_every": 1, "optimizer": "adabelief"}
        trained = fit.pretrain(small(**{**settings, **changes}), [photograph[:48, :48]])
        return trained.generator.get_weights(), [row["loss"] for row in trained.history]

    return run


def test_runs_that_differ_in_numbers_share_a_compiled_model(small):
    first = compiled_models.prepare("pixel", small())
    for changes in ({"seed": 5}, {"pretrain_learning_rate": 0.5}, {"schedule": "constant"}, {"pretrain_steps": 99}):
        assert compiled_models.prepare("pixel", small(**changes)) is first


@pytest.mark.parametrize(
    "change",
    [{"optimizer": "rmsprop"}, {"content_loss": "mae"}, {"generator_blocks": 2}, {"precision": "mixed_bfloat16"}],
)
def test_runs_that_differ_in_the_step_do_not(small, change):
    assert compiled_models.prepare("pixel", small()) is not compiled_models.prepare("pixel", small(**change))


def test_every_setting_is_of_the_step_or_a_number(small):
    # A new setting that is forgotten here would at worst be compiled for; one that is named here must not shape a step.
    known = {field.name for field in dataclasses.fields(small())}
    assert set(compiled_models._NUMBERS) < known
    shaping = {"generator_blocks", "optimizer", "content_loss", "dssim_weight", "adversarial_weight", "weight_average"}
    assert not shaping & set(compiled_models._NUMBERS)


def test_a_run_on_a_used_model_is_the_run_on_a_fresh_one(runs):
    fresh_weights, fresh_losses = runs(seed=3)
    runs(seed=4, pretrain_learning_rate=1.0, pretrain_steps=6)
    used_weights, used_losses = runs(seed=3)
    assert used_losses == pytest.approx(fresh_losses, rel=1e-5)
    for used, fresh in zip(used_weights, fresh_weights, strict=True):
        assert used == pytest.approx(fresh, rel=1e-4, abs=1e-5)


def test_another_rate_on_a_used_model_is_that_rate(runs, small):
    start, _ = runs(pretrain_learning_rate=0.0, schedule="constant", warmup_steps=0)
    same = generator.build(small()).count_params()
    assert sum(weight.size for weight in start) == same
    moved, _ = runs(pretrain_learning_rate=1e-2, schedule="constant", warmup_steps=0)
    kernels = [index for index, weight in enumerate(start) if weight.ndim == 4]
    assert all(not np.array_equal(start[index], moved[index]) for index in kernels)
    again, _ = runs(pretrain_learning_rate=0.0, schedule="constant", warmup_steps=0)
    assert all(np.array_equal(start[index], again[index]) for index in kernels)


def test_only_so_many_models_stay(small):
    kinds = [small(generator_filters=filters) for filters in range(1, compiled_models.KEPT + 2)]
    models = [compiled_models.prepare("pixel", settings) for settings in kinds]
    assert compiled_models.prepare("pixel", kinds[-1]) is models[-1]
    assert compiled_models.prepare("pixel", kinds[0]) is not models[0]


def test_averaged_weights_take_the_place_of_the_last(small, photograph, monkeypatch):
    # The average starts at the weights after the first step; then avg = a avg + (1 - a) w.
    seen = []

    class Collect(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.generator.get_weights())

    monkeypatch.setattr(fit, "_tensorboard", lambda folder: [Collect()])
    settings = small(pretrain_steps=4, log_every=1, warmup_steps=0, weight_average=0.75)
    trained = fit.pretrain(settings, [photograph[:48, :48]])
    kernels = [index for index, weight in enumerate(seen[0]) if weight.ndim == 4]
    for index in kernels:
        average = seen[0][index]
        for weights in seen[1:]:
            average = 0.75 * average + 0.25 * weights[index]
        assert trained.generator.get_weights()[index] == pytest.approx(average, rel=1e-4, abs=1e-6)
