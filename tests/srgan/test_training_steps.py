"""The training steps: each network by its own loss's gradient, and the same on both backends."""

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from srlib.data import patches
from srlib.data.degradation import keras_layers
from srlib.srgan import discriminator, losses, training_steps

RATE = 0.1


@pytest.fixture(scope="module")
def batch(photograph):
    return patches.PatchSampler([photograph], 16, batch=4, seed=0)(0)


@pytest.fixture
def networks(small, random_generator, randomise):
    """A function that gives the same two random networks each time it is called."""
    return lambda: (random_generator(small()), randomise(discriminator.build(small()), 1))


def trained(model, batch):
    """The model after one step of plain gradient descent on the batch, and its logs."""
    model.compile(optimizer=keras.optimizers.SGD(RATE), run_eagerly=True)
    return model, model.train_on_batch(batch, return_dict=True)


def gradients(tensorflow, variables, loss):
    """Gradients of loss() by a tape of its own."""
    with tensorflow.GradientTape() as tape:
        value = loss()
    return [np.asarray(gradient) for gradient in tape.gradient(value, variables)]


def assert_descended(network, before, slopes):
    """Every trainable weight lies one step of gradient descent below `before`."""
    for weight, start, slope in zip(network.trainable_variables, before, slopes, strict=True):
        assert np.asarray(weight) == pytest.approx(start - RATE * slope, rel=1e-3, abs=1e-6), weight.path
    assert sum(np.abs(slope).max() > 1e-6 for slope in slopes) > len(slopes) // 2


def values(network):
    return [keras.ops.convert_to_numpy(weight).copy() for weight in network.trainable_variables]


@pytest.fixture
def step(tensorflow, networks, batch):
    """A function of the adversarial weight: networks before and after a step, logs, LR and HR."""

    def take(weight):
        model = training_steps.AdversarialTraining(*networks(), adversarial_weight=weight)
        model, logs = trained(model, batch)
        return networks(), model, logs, keras_layers.Bicubic()(batch)

    return take


def test_the_generator_descends_on_content_and_weighted_adversarial_loss_only(tensorflow, step):
    (network, opponent), model, _, (lr, hr) = step(0.5)

    def loss():
        sr = network(lr, training=True)
        content = tensorflow.reduce_mean((hr - sr) ** 2)
        return content - 0.5 * tensorflow.reduce_mean(tensorflow.math.log_sigmoid(opponent(sr, training=True)))

    before = values(network)
    assert_descended(model.generator, before, gradients(tensorflow, network.trainable_variables, loss))


def test_the_discriminator_descends_on_its_own_loss_only(tensorflow, step):
    (network, opponent), model, _, (lr, hr) = step(0.5)
    sr = network(lr, training=True)

    def loss():
        real, fake = opponent(hr, training=True), opponent(sr, training=True)
        return -tensorflow.reduce_mean(tensorflow.math.log_sigmoid(real) + tensorflow.math.log_sigmoid(-fake))

    before = values(opponent)
    assert_descended(model.discriminator, before, gradients(tensorflow, opponent.trainable_variables, loss))


def test_without_adversarial_weight_the_generator_is_trained_on_pixels_alone(networks, step, batch):
    (_, opponent), model, _, _ = step(0.0)
    pixels, logs = trained(training_steps.PixelTraining(networks()[0]), batch)
    for one, other in zip(values(model.generator), values(pixels.generator), strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    changes = [np.abs(one - other).max() for one, other in zip(values(model.discriminator), values(opponent))]
    assert max(changes) > 1e-3  # the discriminator learns all the same


def test_a_generator_without_anything_to_learn_stays_while_the_discriminator_learns(networks):
    # Bicubic is exact on flat colours and the last convolution adds nothing yet: content loss and gradient are zero.
    flat = np.repeat(np.array([10, 90, 170, 250], np.uint8), 32 * 32 * 3).reshape(4, 32, 32, 3)
    network, opponent = networks()
    detail = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    detail.set_weights([np.zeros(weight.shape) for weight in detail.weights])
    model = training_steps.AdversarialTraining(network, opponent, adversarial_weight=0.0)
    before = values(network), values(opponent)
    _, logs = trained(model, flat)
    assert float(logs["content"]) == pytest.approx(0, abs=1e-10)
    assert max(np.abs(one - other).max() for one, other in zip(before[0], values(network))) < 1e-6
    assert max(np.abs(one - other).max() for one, other in zip(before[1], values(opponent))) > 1e-4


def test_moving_averages_of_both_networks_follow(networks, step):
    _, model, _, _ = step(0.5)
    for network, before in zip((model.generator, model.discriminator), networks()):
        for after, start in zip(network.non_trainable_variables, before.non_trainable_variables):
            assert "moving" not in after.path or not np.array_equal(after, start), after.path


def test_the_logs_are_the_losses_before_the_step(step):
    (network, opponent), _, logs, (lr, hr) = step(0.5)
    sr = np.asarray(network(lr, training=True))
    real, fake = (np.asarray(opponent(picture, training=True), float) for picture in (np.asarray(hr), sr))
    d_real, d_fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    content, adversarial = np.mean((np.asarray(hr) - sr) ** 2), -np.log(d_fake).mean()
    expected = {
        "content": content,
        "adversarial": adversarial,
        "generator_loss": content + 0.5 * adversarial,
        "discriminator_loss": -np.log(d_real).mean() - np.log(1 - d_fake).mean(),
        "d_real": d_real.mean(),
        "d_fake": d_fake.mean(),
    }
    assert {name: float(logs[name]) for name in expected} == pytest.approx(expected, rel=1e-4)


def test_pixel_training_descends_on_the_content_loss(tensorflow, networks, batch):
    model, logs = trained(training_steps.PixelTraining(networks()[0], losses.mae), batch)
    network, (lr, hr) = networks()[0], keras_layers.Bicubic()(batch)

    def loss():
        return tensorflow.reduce_mean(tensorflow.abs(hr - network(lr, training=True)))

    assert float(logs["loss"]) == pytest.approx(float(loss()), rel=1e-5)
    before = values(network)
    assert_descended(model.generator, before, gradients(tensorflow, network.trainable_variables, loss))


# Three steps of both phases from the weights and batches in a file: the pixel phase as `fit` drives it, the
# adversarial one batch by batch. Prints the losses, and whether TensorFlow was imported on the way.
PROGRAM = """
import json, sys
import keras, numpy as np
from srlib import config
from srlib.srgan import discriminator, generator, losses, training_steps
from srlib.training import fit
given = np.load(sys.argv[1])
cfg = config.Config(**json.loads(str(given["config"])))
def model(build, prefix):
    network = build(cfg)
    network.set_weights([given[name] for name in sorted(given.files) if name.startswith(prefix)])
    return network
options = fit.RunOptions(sys.argv[2])
trained = fit.pretrain(cfg, [given["photograph"]], start=model(generator.build, "g"), options=options)
lines = [{"loss": row["loss"]} for row in trained.history]
networks = model(generator.build, "g"), model(discriminator.build, "d")
steps = training_steps.AdversarialTraining(*networks, content=losses.content("mse+dssim"), adversarial_weight=0.1)
steps.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=False)
for batch in given["batches"]:
    logs = steps.train_on_batch(batch, return_dict=True)
    lines.append({name: float(value) for name, value in logs.items()})
print(json.dumps({"lines": lines, "tensorflow": "tensorflow" in sys.modules}))
"""


@pytest.fixture
def start_file(tmp_path, small, random_generator, randomise, photograph):
    """Initial weights, batches and settings for `PROGRAM`."""
    settings = small(pretrain_steps=3, log_every=1, pretrain_learning_rate=1e-3)
    arrays = {f"g{index:03d}": weight for index, weight in enumerate(random_generator(settings).get_weights())}
    opponent = randomise(discriminator.build(settings), 1)
    arrays |= {f"d{index:03d}": weight for index, weight in enumerate(opponent.get_weights())}
    sampler = patches.PatchSampler([photograph], 16, batch=2, seed=0)
    arrays["batches"] = np.stack([sampler(index) for index in range(3)])
    np.savez(tmp_path / "start.npz", photograph=photograph, config=json.dumps(dataclasses.asdict(settings)), **arrays)
    return tmp_path / "start.npz"


def test_jax_trains_as_tensorflow_does_and_without_it(start_file, repository):
    for backend in ("tensorflow", "jax"):
        if importlib.util.find_spec(backend) is None:
            pytest.skip(f"compares the backends: {backend} is not installed")
    running = []
    for backend in ("tensorflow", "jax"):
        command = [sys.executable, "-c", PROGRAM, str(start_file), str(start_file.parent / backend)]
        environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
        environment["XLA_FLAGS"] = "--xla_backend_optimization_level=0"  # a few steps: compiling is all the time
        running.append(subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment, cwd=repository))
    outputs = [process.communicate(timeout=300) for process in running]
    assert [process.returncode for process in running] == [0, 0], "".join(error[-2000:] for _, error in outputs)
    tensorflow, jax = (json.loads(output.splitlines()[-1]) for output, _ in outputs)
    assert len(tensorflow["lines"]) == 6
    for one, other in zip(tensorflow["lines"], jax["lines"], strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    assert not jax["tensorflow"]
