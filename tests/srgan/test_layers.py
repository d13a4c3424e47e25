"""The layers that replace Keras's: the same results, gradients and weights as Keras's own layers give."""

import keras
import numpy as np
import pytest

from srlib.srgan import layers
from srlib.training import weight_averaging


@pytest.fixture
def features():
    """A function of a shape that gives random float32 features."""
    return lambda *shape: np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.parametrize("training", [False, True])
def test_prelu_by_hand(training):
    layer = layers.PReLU(2)
    layer.build((None, None, None, 2))
    layer.alpha.assign([[[0.5, -2.0]]])
    features = np.array([[[[3.0, 3.0], [-3.0, -3.0], [0.0, 0.0]]]], "float32")
    result = layer(features, training=training)
    assert np.asarray(result).tolist() == [[[[3, 3], [-1.5, 6], [0, 0]]]]


def test_prelu_has_the_gradients_of_keras(tensorflow, features):
    ours, theirs = layers.PReLU(5), keras.layers.PReLU(shared_axes=[1, 2])
    x = features(3, 4, 6, 5)
    for layer in (ours, theirs):
        layer.build(x.shape)
        layer.alpha.assign(np.linspace(-0.5, 1.5, 5, dtype="float32")[None, None])
    for own, other in zip(gradients(tensorflow, ours, x), gradients(tensorflow, theirs, x), strict=True):
        assert own == pytest.approx(other, rel=1e-5, abs=1e-5)


def test_prelu_before_a_pixel_shuffle_is_prelu_after_it(features):
    early, late = layers.PReLU(3), layers.PReLU(3)
    x = features(2, 4, 5, 12)
    for layer, shape in ((early, x.shape), (late, (2, 8, 10, 3))):
        layer.build(shape)
        layer.alpha.assign([[[0.1, 0.2, 0.3]]])
    shuffle = layers.PixelShuffle(2)
    assert np.array_equal(np.asarray(shuffle(early(x))), np.asarray(late(shuffle(x))))


def gradients(tensorflow, layer, x):
    """The result of a layer in training, and the gradients of a weighted sum of it: of the input, of each weight."""
    inputs = tensorflow.constant(x)
    with tensorflow.GradientTape() as tape:
        tape.watch(inputs)
        result = layer(inputs, training=True)
        mix = tensorflow.cast(tensorflow.range(tensorflow.size(result)) % 7, "float32")
        total = tensorflow.reduce_sum(tensorflow.reshape(result, [-1]) * mix)
    return [np.asarray(value) for value in (result, *tape.gradient(total, [inputs, *layer.trainable_variables]))]


def test_batch_norm_in_training_is_that_of_keras(tensorflow, features, randomise):
    ours, theirs = layers.BatchNormalization(), keras.layers.BatchNormalization(momentum=0.8)
    x = 3 * features(4, 6, 5, 8) + 1
    for layer in (ours, theirs):
        layer.build(x.shape)
        randomise(layer)
    for own, keras_own in zip(gradients(tensorflow, ours, x), gradients(tensorflow, theirs, x), strict=True):
        assert own == pytest.approx(keras_own, rel=1e-4, abs=1e-4)
    for own, keras_own in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert own == pytest.approx(keras_own, rel=1e-5)
    used = [np.asarray(layer(x, training=False)) for layer in (ours, theirs)]
    assert used[0] == pytest.approx(used[1], rel=1e-5, abs=1e-5)


def test_a_frozen_batch_norm_keeps_its_statistics(features):
    layer = layers.BatchNormalization()
    layer.build((None, 4, 4, 2))
    layer.trainable = False
    layer(5 + features(2, 4, 4, 2), training=True)
    assert np.asarray(layer.moving_mean).tolist() == [0, 0]


def test_settled_statistics_are_the_mean_over_the_batches():
    inputs = keras.Input((None, None, 1))
    network = keras.Model(inputs, layers.BatchNormalization()(inputs))
    # Means 1, 2 and 6, variances 1, 4 and 4.
    batches = [np.array(values, "float32").reshape(1, 1, 2, 1) for values in ([0, 2], [0, 4], [4, 8])]
    weight_averaging.recalibrate_batch_norm(network, batches)
    norm = network.layers[-1]
    assert float(norm.moving_mean[0]) == pytest.approx(3)
    assert float(norm.moving_variance[0]) == pytest.approx(3)
    assert norm.momentum == 0.8


def test_pixel_shuffle_layer_rearranges_and_states_its_shape():
    layer = layers.PixelShuffle(2)
    features = np.arange(16.0, dtype="float32").reshape(1, 2, 2, 4)
    assert np.asarray(layer(features))[0, :, :, 0].tolist() == [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
        [8, 9, 12, 13],
        [10, 11, 14, 15],
    ]
    assert layer.compute_output_shape((None, None, 3, 8)) == (None, None, 6, 2)


def test_the_shuffled_convolution_is_a_convolution_after_the_shuffle(tensorflow, features, randomise):
    early, late = layers.ShuffledConvolution(3), keras.layers.Conv2D(3, 9, padding="same")
    x = features(2, 7, 6, 20)
    early.build(x.shape)
    late.build((2, 14, 12, 5))
    assert [weight.shape for weight in early.weights] == [weight.shape for weight in late.weights]
    for layer in (early, late):
        randomise(layer)
    after = keras.Sequential([layers.PixelShuffle(2), late])
    for own, other in zip(gradients(tensorflow, early, x), gradients(tensorflow, after, x), strict=True):
        assert own == pytest.approx(other, rel=1e-4, abs=2e-4)
