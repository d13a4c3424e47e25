"""AdaBelief: four numbers by hand; the formulae, adabelief-tf and optax step for step; Keras's own options."""

import importlib.util
import json
import math
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from srlib.srgan import generator
from srlib.training import adabelief, checkpoints, fit, optimizers, schedules

RATE = 2.0**-10  # exact in float32, as Keras stores rates
COSINE = {"cosine": [RATE, 150]}
CASES = {
    "default": {},
    "not rectified": {"rectify": False},
    "amsgrad": {"amsgrad": True},
    "amsgrad, not rectified": {"amsgrad": True, "rectify": False},
    "weight decay": {"weight_decay": 0.01},
    "weight decay by schedule": {"weight_decay": {"cosine": [0.1, 150]}},
    "epsilon 1e-7": {"epsilon": 1e-7},
    "epsilon 1e-3, not rectified": {"epsilon": 1e-3, "rectify": False},
    "betas": {"beta_1": 0.5, "beta_2": 0.99},
    "threshold": {"sma_threshold": 20.0},
    "warm-up": {"total_steps": 150, "warmup_proportion": 0.1, "min_lr": 1e-5},
    "warm-up of a schedule": {"learning_rate": COSINE, "total_steps": 150, "warmup_proportion": 0.25, "min_lr": 1e-5},
    "schedule": {"learning_rate": COSINE},
    "all": {"amsgrad": True, "weight_decay": 0.01, "epsilon": 1e-9, "beta_2": 0.99, "total_steps": 120, "min_lr": 1e-4},
}
CASES = {name: {"learning_rate": RATE, **settings} for name, settings in CASES.items()}
PLAIN = {"learning_rate": RATE, "rectify": False, "epsilon": 1e-14}
OPTAX_CASES = {
    "default": PLAIN,
    "epsilon 1e-7": {**PLAIN, "epsilon": 1e-7},
    "weight decay": {**PLAIN, "weight_decay": 0.01},
    "betas": {**PLAIN, "beta_1": 0.5, "beta_2": 0.99},
}


@pytest.fixture(scope="module")
def problem():
    """200 gradients of 30 numbers, of scales from 1e-4 to 10, and where the numbers start."""
    random = np.random.default_rng(0)
    gradients = random.normal(0, 1, (200, 6, 5)) * 10.0 ** random.integers(-4, 2, (6, 5))
    return gradients, random.uniform(1, 2, (6, 5))


def run(rule, cases, problem, folder, dtype="float32", **environment):
    """The trajectories of `cases` under a rule of optimizer_runs.py, in a process of its own."""
    gradients, start = (values.astype(dtype) for values in problem)
    np.savez(folder / "problem.npz", gradients=gradients, start=start)
    (folder / "cases.json").write_text(json.dumps(cases))
    here = pathlib.Path(__file__).parents[1]
    command = [sys.executable, here / "optimizer_runs.py", rule, "cases.json", "problem.npz", "out.npz"]
    environment = {**os.environ, "PYTHONPATH": str(here.parent), "JAX_PLATFORMS": "cpu", **environment}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(folder / "out.npz") as values:
        return dict(values)


@pytest.fixture(scope="module")
def trajectories(problem, tmp_path_factory):
    """What srlib's AdaBelief does with every case, in float32."""
    return run("srlib", CASES | _named(OPTAX_CASES), problem, tmp_path_factory.mktemp("srlib"))


def _named(cases):
    return {f"optax: {name}": settings for name, settings in cases.items()}


def cosine(first, steps, step):
    """Cosine decay to zero: first · (1 + cos(π t / T)) / 2."""
    return first * 0.5 * (1 + math.cos(math.pi * min(step, steps) / steps))


def value_at(setting, step):
    """A number or {"cosine": …} at a step that counts from 0."""
    return cosine(*setting["cosine"], step) if isinstance(setting, dict) else setting


def warmed_up(rate, step, settings):
    """The rate at step t = 1, 2, … with adabelief-tf's warm-up: up to `rate`, then down to `min_lr`."""
    total = settings.get("total_steps", 0)
    warmup = total * settings.get("warmup_proportion", 0.1)
    if not total:
        return rate
    if step <= warmup:
        return rate * step / warmup
    return rate + (settings["min_lr"] - rate) * min((step - warmup) / (total - warmup), 1)


def rectification(step, beta):
    """Length of the moving average and r of Liu et al. (RAdam), algorithm 2; r is None where it is not defined."""
    longest = 2 / (1 - beta) - 1
    length = longest - 2 * step * beta**step / (1 - beta**step)
    if length <= 4:
        return length, None
    return length, math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))


def reference(gradients, start, settings):
    """AdaBelief by the formulae of Zhuang et al., algorithm 2, in the dtype of `start`: every value of the variable."""
    beta_1, beta_2 = settings.get("beta_1", 0.9), settings.get("beta_2", 0.999)
    epsilon, rectify = settings.get("epsilon", 1e-14), settings.get("rectify", True)
    value, values = start, []
    mean = belief = largest = np.zeros_like(value)
    for step, gradient in enumerate(gradients, 1):
        rate = warmed_up(value_at(settings["learning_rate"], step - 1), step, settings)
        mean = beta_1 * mean + (1 - beta_1) * gradient
        belief = beta_2 * belief + (1 - beta_2) * (gradient - mean) ** 2 + epsilon
        largest = np.maximum(largest, belief)
        second = (largest if settings.get("amsgrad") else belief) / (1 - beta_2**step)
        length, factor = rectification(step, beta_2)
        change = mean / (1 - beta_1**step)
        if not rectify:
            change = change / (np.sqrt(second) + epsilon)
        elif length >= settings.get("sma_threshold", 5.0):
            change = factor * change / (np.sqrt(second) + epsilon)
        value = value - rate * (change + value_at(settings.get("weight_decay", 0.0), step - 1) * value)
        values.append(value)
    return np.stack(values)


def worst(values, expected):
    """The largest relative difference over all steps and numbers."""
    return np.max(np.abs(values - expected) / np.abs(expected))


def apply(optimizer, start, gradients):
    """The variable after the optimizer has applied each of the gradients."""
    variable = keras.Variable(np.asarray(start, "float32"))
    for gradient in gradients:
        optimizer.apply([ops.convert_to_tensor(np.asarray(gradient, "float32"))], [variable])
    return ops.convert_to_numpy(variable)


# Numbers worked out by hand: β₁ = β₂ = 1/2, η = 1/4.


def test_first_step_by_hand():
    # m = g/2, s = (g/2)²/2, so m̂ = g and √ŝ = |g|/2: a step of η · 2 whatever the gradient, none where it is 0.
    optimizer = adabelief.AdaBelief(0.25, 0.5, 0.5, rectify=False)
    after = apply(optimizer, [1, 2, 3, 4], [[1, 2, -2, 0]])
    np.testing.assert_allclose(after, [0.5, 1.5, 3.5, 4.0], rtol=1e-6)


def test_second_step_by_hand():
    # m = [3/4, 1/2, 1/2, 2], s = [3/32, 3/8, 11/8, 2]; m̂ = m / (3/4) = [1, 2/3, 2/3, 8/3],
    # ŝ = s / (3/4) = [1/8, 1/2, 11/6, 8/3]; m̂ / √ŝ = [2.828427, 0.942809, 0.492366, 1.632993].
    optimizer = adabelief.AdaBelief(0.25, 0.5, 0.5, rectify=False)
    after = apply(optimizer, [1, 2, 3, 4], [[1, 2, -2, 0], [1, 0, 2, 4]])
    expected = [0.5 - 0.70710678, 1.5 - 0.23570226, 3.5 - 0.12309149, 4 - 0.40824829]
    np.testing.assert_allclose(after, expected, rtol=1e-6)


def test_a_few_gradients_move_by_momentum_alone_when_rectified():
    # With β₂ = 1/2 the average is never longer than 3, below the threshold of 5: η m̂ = η g.
    after = apply(adabelief.AdaBelief(0.25, 0.5, 0.5), [1, 2, 3, 4], [[1, 2, -2, 0]])
    np.testing.assert_allclose(after, [0.75, 1.5, 3.5, 4.0], rtol=1e-6)


def test_weight_decay_by_hand():
    # Gradient 0: only η λ θ = 1/4 · 1/2 · θ comes off.
    after = apply(adabelief.AdaBelief(0.25, weight_decay=0.5), [1, 2, 3, 4], [[0, 0, 0, 0]])
    np.testing.assert_allclose(after, [0.875, 1.75, 2.625, 3.5], rtol=1e-6)


def test_epsilon_stands_inside_the_second_moment_and_in_the_denominator():
    # g = 1: s = 1/8 + 3/8 = 1/2, ŝ = 1, so the step is η / (1 + 3/8) = 2/11.
    after = apply(adabelief.AdaBelief(0.25, 0.5, 0.5, epsilon=0.375, rectify=False), [1.0], [[1.0]])
    np.testing.assert_allclose(after, [1 - 2 / 11], rtol=1e-6)


def test_epsilon_of_1e_14_keeps_float32_finite_where_nothing_surprises():
    after = apply(adabelief.AdaBelief(0.25, rectify=False), [1.0, 2.0], [[0.0, 0.0]] * 5)
    np.testing.assert_array_equal(after, [1.0, 2.0])


def test_warm_up_by_hand():
    # 10 steps, 4 of them rising to 0.8, 6 falling to 0.2, then 0.2.
    rate = schedules.WarmupLinearDecay(0.8, 10, warmup_proportion=0.4, min_lr=0.2)
    rates = [float(rate(step)) for step in range(12)]
    expected = [0.2, 0.4, 0.6, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2, 0.2]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_no_warm_up_steps_only_fall():
    rate = schedules.WarmupLinearDecay(1.0, 4, warmup_proportion=0.0)
    np.testing.assert_allclose([float(rate(step)) for step in range(5)], [0.75, 0.5, 0.25, 0, 0], atol=1e-7)


# Step for step against what others wrote.


@pytest.mark.parametrize("name", CASES)
def test_follows_the_paper_s_formulae(name, problem, trajectories):
    expected = reference(*(values.astype("float32") for values in problem), CASES[name])
    assert expected.dtype == np.float32
    assert worst(trajectories[name], expected) <= 1e-6


@pytest.mark.parametrize("name", CASES)
def test_follows_the_formulae_closely_in_float64(name, problem):
    gradients, start = problem
    if keras.backend.backend() == "jax":
        pytest.skip("float64 variables need JAX_ENABLE_X64=1")
    from optimizer_runs import srlib_trajectory

    values = srlib_trajectory(gradients[:40], start, CASES[name])
    # The moves, not the values: a thousand times smaller, so this is as much sharper. Rates are float32 in schedules.
    moved, expected = values - start, reference(gradients[:40], start, CASES[name]) - start
    np.testing.assert_allclose(moved, expected, rtol=1e-6, atol=1e-6 * RATE)


@pytest.fixture(scope="module")
def oracle(problem, tmp_path_factory):
    missing = [name for name in ("adabelief_tf", "tf_keras") if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}: pip install -e '.[reference]'")
    return run("adabelief-tf", CASES, problem, tmp_path_factory.mktemp("oracle"), TF_USE_LEGACY_KERAS="1")


@pytest.mark.parametrize("name", CASES)
def test_equals_adabelief_tf_step_for_step(name, oracle, trajectories):
    assert worst(trajectories[name], oracle[name]) <= 1e-6


@pytest.fixture(scope="module")
def optax(problem, tmp_path_factory):
    if not importlib.util.find_spec("optax"):
        pytest.skip("needs optax: pip install -e '.[jax]'")
    return run("optax", OPTAX_CASES, problem, tmp_path_factory.mktemp("optax"))


@pytest.mark.parametrize("name", OPTAX_CASES)
def test_equals_optax_where_the_options_coincide(name, optax, trajectories):
    assert worst(trajectories[f"optax: {name}"], optax[name]) <= 1e-6


@pytest.fixture(scope="module")
def other_backend(problem, tmp_path_factory):
    if not importlib.util.find_spec("jax"):
        pytest.skip("needs jax: pip install -e '.[jax]'")
    other = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    return run("srlib", CASES, problem, tmp_path_factory.mktemp(other), KERAS_BACKEND=other)


@pytest.mark.parametrize("name", CASES)
def test_jax_and_tensorflow_are_equal(name, other_backend, trajectories):
    assert worst(trajectories[name], other_backend[name]) <= 1e-6


# What any Keras optimizer does.


def quadratic():
    """A linear model, its inputs and targets: what fit has to bring together."""
    random = np.random.default_rng(1)
    inputs = random.normal(size=(32, 3)).astype("float32")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    return model, inputs, inputs @ np.array([[1.0], [-2.0], [0.5]], "float32")


def test_settings_survive_get_config():
    cosine_decay = keras.optimizers.schedules.CosineDecay(0.1, 10)
    options = {
        "epsilon": 1e-8,
        "rectify": False,
        "amsgrad": True,
        "sma_threshold": 6.0,
        "clipnorm": 1.0,
        "use_ema": True,
    }
    optimizer = adabelief.AdaBelief(
        cosine_decay, 0.8, 0.9, total_steps=20, min_lr=0.01, weight_decay=cosine_decay, **options
    )
    again = keras.optimizers.deserialize(json.loads(json.dumps(keras.optimizers.serialize(optimizer))))
    assert type(again) is adabelief.AdaBelief
    assert again.get_config() == optimizer.get_config()
    assert float(again._learning_rate(3)) == float(optimizer._learning_rate(3))
    np.testing.assert_array_equal(apply(again, [1.0], [[1.0]] * 9), apply(optimizer, [1.0], [[1.0]] * 9))


def test_a_saved_model_goes_on_as_if_it_had_not_stopped(tmp_path):
    model, inputs, targets = quadratic()
    rate = keras.optimizers.schedules.CosineDecay(0.05, 40)
    model.compile(adabelief.AdaBelief(rate, beta_2=0.9, amsgrad=True, weight_decay=0.01), "mse")
    model.fit(inputs, targets, 32, 12, verbose=0, shuffle=False)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, again):
        each.fit(inputs, targets, 32, 12, verbose=0, shuffle=False)
    for one, other in zip([*model.weights, *model.optimizer.variables], [*again.weights, *again.optimizer.variables]):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))


def test_a_fresh_state_would_go_on_differently():
    gradients = np.random.default_rng(2).normal(size=(12, 4))
    whole = apply(adabelief.AdaBelief(0.1), np.ones(4), gradients)
    half = apply(adabelief.AdaBelief(0.1), np.ones(4), gradients[:6])
    assert np.abs(apply(adabelief.AdaBelief(0.1), half, gradients[6:]) - whole).max() > 1e-3


GRADIENTS = np.random.default_rng(3).normal(0, 3, (12, 4))
RULES = pytest.mark.parametrize("rule", [adabelief.AdaBelief, keras.optimizers.Adam])


@RULES
def test_clipping_equals_clipped_gradients(rule):
    norms = np.linalg.norm(GRADIENTS, axis=1, keepdims=True)
    by_norm, by_value = GRADIENTS / np.maximum(norms, 1.0), np.clip(GRADIENTS, -0.5, 0.5)
    assert norms.min() > 1.0
    for options, clipped in (
        ({"clipnorm": 1.0}, by_norm),
        ({"global_clipnorm": 1.0}, by_norm),
        ({"clipvalue": 0.5}, by_value),
    ):
        after = apply(rule(0.1, **options), np.ones(4), GRADIENTS)
        np.testing.assert_allclose(after, apply(rule(0.1), np.ones(4), clipped), rtol=1e-5)
        assert np.abs(after - apply(rule(0.1), np.ones(4), GRADIENTS)).max() > 1e-3


@RULES
def test_accumulated_gradients_step_once_by_their_mean(rule):
    means = GRADIENTS.reshape(4, 3, 4).mean(axis=1)
    after = apply(rule(0.1, gradient_accumulation_steps=3), np.ones(4), GRADIENTS)
    np.testing.assert_allclose(after, apply(rule(0.1), np.ones(4), means), rtol=1e-5)
    waiting = apply(rule(0.1, gradient_accumulation_steps=3, weight_decay=0.1), np.ones(4), GRADIENTS[:2])
    np.testing.assert_array_equal(waiting, np.ones(4))


@RULES
def test_moving_average_of_the_weights(rule):
    visited = [apply(rule(0.1), np.ones(4), GRADIENTS[:count]) for count in range(1, 7)]
    average = visited[0]
    for value in visited[1:]:
        average = 0.5 * average + 0.5 * value
    optimizer = rule(0.1, use_ema=True, ema_momentum=0.5)
    variable = keras.Variable(np.ones(4, "float32"))
    for gradient in GRADIENTS[:6]:
        optimizer.apply([ops.convert_to_tensor(gradient, "float32")], [variable])
    np.testing.assert_allclose(ops.convert_to_numpy(variable), visited[-1], rtol=1e-6)
    optimizer.finalize_variable_values([variable])
    np.testing.assert_allclose(ops.convert_to_numpy(variable), average, rtol=1e-5)


@RULES
def test_loss_scaling_changes_nothing_and_overflow_is_skipped(rule):
    scaled = keras.optimizers.LossScaleOptimizer(rule(0.1), initial_scale=1024.0)
    variable = keras.Variable(np.ones(4, "float32"))
    for gradient in [*GRADIENTS[:3], np.full(4, np.inf), *GRADIENTS[3:6]]:
        scale = float(scaled.scale_loss(1.0))
        scaled.apply([ops.convert_to_tensor(gradient * scale, "float32")], [variable])
    expected = apply(rule(0.1), np.ones(4), GRADIENTS[:6])
    np.testing.assert_allclose(ops.convert_to_numpy(variable), expected, rtol=1e-5)
    assert float(scaled.scale_loss(1.0)) == 512.0


def test_weight_decay_spares_excluded_variables():
    optimizer = adabelief.AdaBelief(0.25, weight_decay=0.5)
    kernel, bias = (
        keras.Variable(np.ones(2, "float32"), name="kernel"),
        keras.Variable(np.ones(2, "float32"), name="bias"),
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([ops.zeros(2), ops.zeros(2)], [kernel, bias])
    np.testing.assert_allclose(ops.convert_to_numpy(kernel), 0.875, rtol=1e-6)
    np.testing.assert_array_equal(ops.convert_to_numpy(bias), 1.0)


def test_an_embedding_s_sparse_gradient_counts_as_the_dense_one():
    words, targets = np.array([[0], [2], [2]]), np.array([[[1.0, 2.0]]] * 3, "float32")
    tables = []
    for lookup in (keras.layers.Embedding(4, 2, embeddings_initializer="ones"), None):
        layer = lookup or keras.layers.Dense(2, use_bias=False, kernel_initializer="ones")
        model = keras.Sequential([layer])
        model.compile(adabelief.AdaBelief(0.1, beta_2=0.9), "mse")
        inputs = words if lookup else np.eye(4, dtype="float32")[words]
        model.fit(inputs, targets, 3, 10, verbose=0, shuffle=False)
        tables.append(layer.get_weights()[0])
    np.testing.assert_allclose(tables[0], tables[1], rtol=1e-5)
    assert np.abs(tables[0][2] - 1).max() > 0.01


MIRRORED = """
import keras, numpy as np, tensorflow as tf
from srlib.training import adabelief
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
random = np.random.default_rng(0)
inputs, targets = random.normal(size=(8, 3)).astype("float32"), random.normal(size=(8, 1)).astype("float32")
for strategy in (tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), tf.distribute.get_strategy()):
    with strategy.scope():
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
        model.compile(adabelief.AdaBelief(0.01, amsgrad=True, weight_decay=0.1, use_ema=True), "mse")
    model.fit(tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(8), epochs=20, verbose=0)
    print("weights", strategy.num_replicas_in_sync, *np.concatenate([value.ravel() for value in model.get_weights()]))
"""


def test_two_replicas_train_as_one_device_does(tensorflow, repository):
    environment = {**os.environ, "PYTHONPATH": str(repository), "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run([sys.executable, "-c", MIRRORED], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("weights")]
    assert [line[0] for line in lines] == ["2", "1"]
    two, one = (np.array(line[1:], float) for line in lines)
    np.testing.assert_allclose(two, one, rtol=1e-5)
    assert np.abs(one[:3] - 1).max() > 0.01


# In this library.


def test_config_names_it(small):
    assert type(optimizers.create(small(optimizer="adabelief").optimizer, 1e-3)) is adabelief.AdaBelief
    assert float(optimizers.create("adabelief", 1e-3).learning_rate) == pytest.approx(1e-3)


def test_pretraining_lowers_the_loss(small, photograph):
    rate = {"pretrain_learning_rate": 0.1, "warmup_steps": 0}
    settings = small(optimizer="adabelief", bicubic_skip=False, pretrain_steps=40, log_every=5, **rate)
    losses = [row["loss"] for row in fit.pretrain(settings, [photograph]).history]
    assert losses[-1] < 0.85 * losses[0]  # rectified, the first steps are short


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_adversarial_training_moves_both_networks_and_keeps_float32_weights(small, photograph, precision):
    settings = small(optimizer="adabelief", gan_steps=4, precision=precision, content_loss="mse+dssim")
    start = generator.build(settings)
    trained = fit.adversarial(settings, [photograph], start=start)
    for row in trained.history:
        assert all(np.isfinite(value) for value in row.values())
    moved = [np.abs(one - other).max() for one, other in zip(trained.generator.get_weights(), start.get_weights())]
    assert max(moved) > 0
    assert {str(weight.dtype) for weight in trained.generator.weights} == {"float32"}


def test_an_interrupted_run_goes_on_bit_for_bit(small, photograph, tmp_path):
    settings = small(optimizer="adabelief", pretrain_steps=6, log_every=2)
    whole = fit.pretrain(settings, [photograph], options=fit.RunOptions(tmp_path / "run"))
    newest = checkpoints.found(tmp_path / "run")[-1]
    newest.unlink()
    again = fit.pretrain(settings, [photograph], options=fit.RunOptions(tmp_path / "run"))
    for one, other in zip(whole.generator.get_weights(), again.generator.get_weights()):
        np.testing.assert_array_equal(one, other)
