"""The generator: the published shape and size, bicubic to begin with, a known reach, any picture size."""

import numpy as np
import pytest
from keras import layers

from srlib import config
from srlib.imaging import bicubic
from srlib.srgan import generator


def weights_of(kind, network):
    return [layer for layer in network.layers if isinstance(layer, kind)]


@pytest.fixture(scope="module")
def published():
    return generator.build(config.Config())


def test_published_size(published):
    # By the figure: k9n64 and its PReLU, 16 blocks, k3n64-BN, two upsamplings, k9n3.
    first = 9 * 9 * 3 * 64 + 64 + 64
    convolution, norm = 3 * 3 * 64 * 64 + 64, 4 * 64
    block = 2 * convolution + 2 * norm + 64
    upsampling = 3 * 3 * 64 * 256 + 256 + 64
    last = 9 * 9 * 64 * 3 + 3
    assert first + 16 * block + convolution + norm + 2 * upsampling + last == 1_554_883
    assert published.count_params() == 1_554_883


def test_published_layers_in_their_order(published):
    shapes = [(layer.kernel_size[0], layer.filters) for layer in weights_of(layers.Conv2D, published)]
    assert shapes == [(9, 64)] + 33 * [(3, 64)] + 2 * [(3, 256)] + [(9, 3)]
    assert len(weights_of(layers.BatchNormalization, published)) == 33
    assert {layer.alpha.shape for layer in weights_of(layers.PReLU, published)} == {(1, 1, 64)}
    assert len(weights_of(layers.PReLU, published)) == 1 + 16 + 2


def test_slopes_start_at_a_quarter(published):
    assert all((np.asarray(layer.alpha) == 0.25).all() for layer in weights_of(layers.PReLU, published))


def test_settings_shape_the_network(small):
    network = generator.build(small(generator_blocks=3, generator_filters=6))
    shapes = [(layer.kernel_size[0], layer.filters) for layer in weights_of(layers.Conv2D, network)]
    assert shapes == [(9, 6)] + 7 * [(3, 6)] + 2 * [(3, 24)] + [(9, 3)]


def test_the_published_output_is_a_tanh(small, random_generator):
    network = random_generator(small(bicubic_skip=False))
    network.layers[-1].bias.assign([50.0, -50.0, 0.0])
    sr = np.asarray(network(np.zeros((1, 4, 4, 3), "float32")))
    assert (sr[..., 0].min(), sr[..., 1].max()) == (1, -1)


def test_the_skip_costs_no_parameters(small):
    with_skip, without = (generator.build(small(bicubic_skip=skip)).count_params() for skip in (True, False))
    assert with_skip == without


def test_with_the_skip_training_starts_at_bicubic(small, noise):
    picture = noise(6, 9)
    network = generator.build(small(bicubic_skip=True))
    sr = np.asarray(network(picture[None].astype("float32") / 255))[0]
    assert (sr + 1) * 127.5 == pytest.approx(bicubic.upscale(picture.astype(float)), abs=1e-3)


def test_the_skip_adds_detail_to_bicubic(small, random_generator, noise):
    lr = noise(6, 9)[None].astype("float32") / 255
    network = random_generator(small(bicubic_skip=True))
    whole = np.asarray(network(lr))
    detail = network.layers[-1].input[0]
    alone = np.asarray(type(network)(network.input, detail)(lr))
    assert np.abs(alone).max() > 0.01
    assert whole - alone == pytest.approx(2 * bicubic.upscale(lr[0].astype(float))[None] - 1, abs=1e-5)


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("height, width", [(2, 3), (7, 5), (16, 8)])
def test_any_size_becomes_four_times_as_large(small, random_generator, skip, height, width):
    network = random_generator(small(bicubic_skip=skip))
    assert network.output_shape == (None, None, None, 3)
    assert network(np.zeros((2, height, width, 3), "float32")).shape == (2, 4 * height, 4 * width, 3)


@pytest.mark.parametrize("blocks", [1, 2])
def test_the_receptive_field_is_the_reach_of_a_changed_pixel(small, blocks):
    settings = small(generator_blocks=blocks, bicubic_skip=True)
    network = generator.build(settings)
    for weight in network.weights:  # all positive: nothing cancels on the way
        weight.assign(np.full(weight.shape, 1 / np.sqrt(np.prod(weight.shape[:2])) if len(weight.shape) == 4 else 1))
    reach = generator.receptive_field(settings)
    centre = reach + 3
    lr = np.full((2, 2 * centre + 1, 2 * centre + 1, 3), 0.5, "float32")
    lr[1, centre, centre] = 1000.0
    before, after = np.asarray(network(lr))
    rows, columns, _ = np.nonzero(before != after)
    assert (rows.min() // 4, rows.max() // 4) == (centre - reach, centre + reach)
    assert (columns.min() // 4, columns.max() // 4) == (centre - reach, centre + reach)


def test_receptive_field_of_the_published_network():
    assert generator.receptive_field(config.Config()) == 40
