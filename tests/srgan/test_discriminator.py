"""The discriminator: the published shape and size, and logits at its end."""

import keras
import numpy as np
import pytest
from keras import layers

from srlib import config
from srlib.machine import precision
from srlib.srgan import discriminator


@pytest.fixture(scope="module")
def published():
    return discriminator.build(config.Config())


def convolutions(network):
    return [layer for layer in network.layers if isinstance(layer, layers.Conv2D)]


def test_published_size(published):
    # By the figure: eight convolutions, a norm (scale and shift) after all but the first, then 6·6·512 – 1024 – 1.
    filters = [3, 64, 64, 128, 128, 256, 256, 512, 512]
    convolved = sum(3 * 3 * before * after + after for before, after in zip(filters, filters[1:]))
    norms = 2 * sum(filters[2:])
    dense = 6 * 6 * 512 * 1024 + 1024 + 1024 + 1
    assert convolved + norms + dense == 23_565_505
    assert sum(np.prod(weight.shape) for weight in published.trainable_weights) == 23_565_505


def test_published_layers_in_their_order(published):
    shapes = [(layer.kernel_size[0], layer.filters, layer.strides[0]) for layer in convolutions(published)]
    expected = [(64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 2)]
    assert shapes == [(3, filters, stride) for filters, stride in expected]
    kinds = [type(layer) for layer in published.layers]
    assert kinds[:3] == [layers.InputLayer, layers.Conv2D, layers.LeakyReLU]  # no norm after the first
    assert sum(issubclass(kind, layers.BatchNormalization) for kind in kinds) == 7
    assert kinds[-4:] == [layers.Flatten, layers.Dense, layers.LeakyReLU, layers.Dense]
    assert published.layers[-4].input.shape == (None, 6, 6, 512)


def test_slope_below_zero_is_a_fifth():
    assert np.asarray(discriminator.leaky_relu()(np.array([-5.0, 5.0]))) == pytest.approx([-1.0, 5.0])


def test_settings_shape_the_network(small):
    network = discriminator.build(small(discriminator_filters=3, discriminator_dense=7, hr_patch=32))
    assert [layer.filters for layer in convolutions(network)] == [3, 3, 6, 6, 12, 12, 24, 24]
    assert network.layers[-3].units == 7
    assert network.input_shape == (None, 32, 32, 3)


def test_the_output_is_a_logit_without_bounds(small, randomise, noise):
    network = randomise(discriminator.build(small()))
    pictures = np.stack([noise(16, 16, seed) for seed in range(4)]).astype("float32") / 127.5 - 1
    logits, first = np.asarray(network(pictures)), np.asarray(network.layers[-1].bias)
    assert logits.shape == (4, 1)
    assert logits.std() > 0
    for bound in (-7.0, 7.0):  # no sigmoid could give either
        network.layers[-1].bias.assign([bound])
        assert np.asarray(network(pictures)) == pytest.approx(logits + bound - first, abs=1e-5)


def test_logits_are_float32_in_mixed_precision_too(small):
    with precision.scope("mixed_bfloat16"):
        network = discriminator.build(small())
    assert network.layers[1].compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(network(np.zeros((1, 16, 16, 3), "float32")).dtype) == "float32"
