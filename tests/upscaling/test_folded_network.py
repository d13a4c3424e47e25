"""Folding a generator: exact algebra, compared with the network that Keras runs unfolded."""

import numpy as np
import pytest

from srlib import config
from srlib.errors import InputError
from srlib.srgan import generator
from srlib.upscaling import folded_network, run_in_keras, run_in_numpy


@pytest.fixture(params=[False, True], ids=["as published", "bicubic skip"])
def settings(request, small):
    return small(generator_blocks=2, generator_filters=6, bicubic_skip=request.param)


@pytest.fixture
def network(random_generator, settings):
    return random_generator(settings)


@pytest.mark.parametrize("backend", [run_in_numpy.NumpyBackend, run_in_keras.KerasBackend])
def test_the_folded_network_is_the_unfolded_one(backend, network, settings, noise):
    folded = backend(folded_network.fold(settings, network.get_weights()))
    pixels = noise(7, 10)[None].astype("float32")
    result = folded.picture(folded.features(pixels), pixels)
    expected = (np.asarray(network.predict_on_batch(pixels / 255)) + 1) * 127.5
    assert result.dtype == np.float32
    assert expected.std() > 10
    # float32 keeps seven digits; so far apart are two orders of adding some hundred terms.
    assert result == pytest.approx(expected, abs=1e-5 * float(np.abs(expected).max()))


def test_batch_norm_goes_into_the_convolution_by_hand():
    # 2 x + 3 through a norm of mean 1, deviation 5, scale 10, shift 7: 10 (2 x + 3 - 1) / 5 + 7 = 4 x + 11.
    ones = [np.full(1, value, "float32") for value in (10.0, 7.0, 1.0, 25.0 - folded_network.EPSILON)]
    weights = folded_network._Weights([np.full((1, 1, 1, 1), 2.0), np.full(1, 3.0), *ones])
    convolution = weights.convolution("trunk")
    assert convolution.kernel.item() == pytest.approx(4, rel=1e-6)
    assert convolution.bias.item() == pytest.approx(11, rel=1e-6)
    assert convolution.slopes is None


def test_the_first_kernel_takes_pixels_and_slopes_are_repeated_for_the_phases(network, settings):
    weights = network.get_weights()
    folded = folded_network.fold(settings, weights)
    assert folded.first.kernel == pytest.approx(weights[0] / 255)
    for convolution in folded.upsampling:
        assert convolution.slopes.shape == (24,)
        assert np.array_equal(convolution.slopes.reshape(4, 6), np.tile(convolution.slopes[:6], (4, 1)))


def test_reach_and_products_of_the_published_network():
    published = config.Config()
    folded = folded_network.fold(published, generator.build(published).get_weights())
    assert folded.reach() + folded_network.PICTURE_REACH == generator.receptive_field(published)
    trunk = 9 * 9 * 3 * 64 + 33 * 9 * 64 * 64
    assert folded.multiply_adds() == trunk + 9 * 64 * 256 + 4 * (9 * 64 * 256 + 25 * 256 * 12)


def test_the_picture_s_reach_in_the_features_is_what_the_module_says(network, settings, noise):
    backend = run_in_numpy.NumpyBackend(folded_network.fold(settings, network.get_weights()))
    pixels = noise(15, 15)[None].astype("float32")
    features = backend.features(pixels)
    changed, centre = features.copy(), 7
    changed[0, centre, centre] += 100
    rows, columns, _ = np.nonzero((backend.picture(changed, pixels) != backend.picture(features, pixels))[0])
    reach = folded_network.PICTURE_REACH
    for found in (rows, columns):
        assert centre - reach <= found.min() // 4 < centre - 1
        assert centre + 1 < found.max() // 4 <= centre + reach


@pytest.mark.parametrize(
    "spoil",
    [
        lambda weights: weights[:-1],
        lambda weights: [*weights, np.zeros(3)],
        lambda weights: [weights[0], weights[2], *weights[2:]],
        lambda weights: weights[6:],
        lambda weights: [],
    ],
)
def test_weights_of_another_network_are_refused(network, settings, spoil):
    with pytest.raises(InputError, match="do not fit the generator"):
        folded_network.fold(settings, spoil(network.get_weights()))
