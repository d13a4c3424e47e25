"""Losses: worked by hand, their gradients by finite differences, stable where a probability is 0 or 1."""

import math
import urllib.error

import keras
import numpy as np
import pytest

from srlib.errors import InputError
from srlib.srgan import losses

HR = np.array([1, -1, 0.5, 0], "float32").reshape(1, 2, 2, 1)
SR = np.array([0, -1, 1, 1], "float32").reshape(1, 2, 2, 1)
LN3 = math.log(3)


def flat(*values):
    """A batch of constant 11 × 11 pictures in [-1, 1] with the given values in [0, 1]."""
    return np.stack([np.full((11, 11, 3), 2 * value - 1, "float32") for value in values])


def logits(*values):
    return np.array(values, "float32").reshape(-1, 1)


def test_mse_by_hand():
    assert float(losses.mse(HR, SR)) == (1 + 0 + 0.25 + 1) / 4


def test_mae_by_hand():
    assert float(losses.mae(HR, SR)) == (1 + 0 + 0.5 + 1) / 4


def test_dssim_of_constant_pictures_by_hand():
    # Without variance SSIM is (2ab + c) / (a² + b² + c), c = 0.01².
    c = 0.0001
    similarity = [c / (1 + c), 1, (1 + c) / (1.25 + c), (0.375 + c) / (0.625 + c)]
    expected = sum((1 - value) / 2 for value in similarity) / 4
    assert float(losses.dssim(flat(0, 0.5, 0.5, 0.25), flat(1, 0.5, 1, 0.75))) == pytest.approx(expected, abs=1e-4)


def test_dssim_is_zero_for_equal_and_above_a_half_for_opposite_structure(photograph):
    hr = photograph[None].astype("float32") / 127.5 - 1
    assert float(losses.dssim(hr, hr)) == pytest.approx(0, abs=1e-6)
    assert 0.5 < float(losses.dssim(hr, -hr)) <= 1


def test_mse_with_a_tenth_of_dssim_by_hand():
    hr, sr = flat(0.5, 0.25), flat(1, 0.75)  # MSE 1
    c = 0.0001
    dssim = ((1 - (1 + c) / (1.25 + c)) / 2 + (1 - (0.375 + c) / (0.625 + c)) / 2) / 2
    assert float(losses.mse_dssim(hr, sr)) == pytest.approx(1 + 0.1 * dssim, abs=1e-4)
    assert float(losses.mse_dssim(hr, sr, alpha=2.0)) == pytest.approx(1 + 2 * dssim, abs=1e-3)


def test_adversarial_by_hand():
    # D = 1/2, 3/4, 1/4, 7/8.
    expected = (math.log(2) + math.log(4 / 3) + math.log(4) + math.log(8 / 7)) / 4
    assert float(losses.adversarial(logits(0, LN3, -LN3, math.log(7)))) == pytest.approx(expected, rel=1e-6)


def test_discriminator_by_hand():
    # D(HR) = 1/2, 3/4; D(SR) = 1/2, 3/4.
    real = (math.log(2) + math.log(4 / 3)) / 2
    fake = (math.log(2) + math.log(4)) / 2
    assert float(losses.discriminator(logits(0, LN3), logits(0, LN3))) == pytest.approx(real + fake, rel=1e-6)


def test_discriminator_tells_real_from_fake():
    right, wrong = losses.discriminator(logits(5), logits(-5)), losses.discriminator(logits(-5), logits(5))
    assert float(right) < 0.02
    assert float(wrong) > 9.9


def test_logits_of_a_hundred_are_exact():
    assert float(losses.adversarial(logits(-100))) == 100
    assert 0 <= float(losses.adversarial(logits(100))) < 1e-40
    assert float(losses.discriminator(logits(-100), logits(100))) == 200
    assert 0 <= float(losses.discriminator(logits(100), logits(-100))) < 1e-40


@pytest.mark.parametrize("logit, slope", [(-100, -1), (0, -0.5), (100, 0)])
def test_the_generator_learns_most_where_the_discriminator_is_sure(tensorflow, logit, slope):
    fake = tensorflow.Variable(logits(logit))
    with tensorflow.GradientTape() as tape:
        loss = losses.adversarial(fake)
    assert tape.gradient(loss, fake).numpy() == pytest.approx(slope, abs=1e-6)


def slope_by_differences(loss, at, direction, step):
    forward, backward = float(loss(at + step * direction)), float(loss(at - step * direction))
    return (forward - backward) / (2 * step)


def slope_by_gradient(tensorflow, loss, at, direction):
    variable = tensorflow.Variable(at)
    with tensorflow.GradientTape() as tape:
        value = loss(variable)
    return float(np.sum(tape.gradient(value, variable).numpy() * direction))


@pytest.mark.parametrize("name", ["mse", "mae", "dssim", "mse+dssim"])
def test_gradients_of_content_losses_are_those_of_finite_differences(tensorflow, name):
    random = np.random.default_rng(0)
    hr, sr = random.uniform(-0.9, 0.9, (2, 2, 13, 12, 3)).astype("float32")
    direction = np.sign(hr - sr)

    def loss(value):
        return losses.content(name)(hr, value)

    expected = slope_by_differences(loss, sr, direction, 1e-3)
    assert abs(expected) > 1e-2
    assert slope_by_gradient(tensorflow, loss, sr, direction) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize(
    "loss",
    [losses.adversarial, lambda x: losses.discriminator(x, logits(0)), lambda x: losses.discriminator(logits(0), x)],
)
def test_gradients_of_losses_on_logits_are_those_of_finite_differences(tensorflow, loss):
    at = logits(-2, -0.5, 0.7, 3)
    for direction in np.eye(4, dtype="float32").reshape(4, 4, 1):
        expected = slope_by_differences(loss, at, direction, 1e-2)
        assert slope_by_gradient(tensorflow, loss, at, direction) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("loss", [losses.mse, losses.mae, losses.dssim, losses.mse_dssim])
def test_low_precision_is_compared_in_float32(loss):
    hr, sr = (keras.ops.cast(picture, "bfloat16") for picture in (flat(0.5), flat(0.25)))
    value = loss(hr, sr)
    assert keras.backend.standardize_dtype(value.dtype) == "float32"
    assert float(value) == pytest.approx(float(loss(flat(0.5), flat(0.25))), rel=1e-6)


@pytest.mark.parametrize("name, function", [("mse", losses.mse), ("mae", losses.mae), ("dssim", losses.dssim)])
def test_content_losses_by_name(name, function):
    assert losses.content(name) is function


@pytest.mark.parametrize("name, pixels", [("mse+dssim", losses.mse), ("mae+dssim", losses.mae)])
def test_mixtures_by_name_weigh_dssim_as_told(name, pixels):
    hr, sr = flat(0.5, 0.25), flat(1, 0.75)
    for weight in (0.1, 3.0):
        expected = float(pixels(hr, sr)) + weight * float(losses.dssim(hr, sr))
        assert float(losses.content(name, dssim_weight=weight)(hr, sr)) == pytest.approx(expected, rel=1e-6)


def test_an_unknown_content_loss_suggests_the_nearest():
    with pytest.raises(InputError, match=r"'mse\+ssim'.*did you mean 'mse\+dssim'.*vgg"):
        losses.content("mse+ssim")


def test_vgg_takes_blue_green_red_less_the_mean_of_imagenet():
    red = np.array([1, -1, 0], "float32").reshape(1, 1, 1, 3)  # 255, 0, 127.5
    expected = [127.5 - 103.939, 0 - 116.779, 255 - 123.68]
    assert np.asarray(losses._vgg_input(red)).ravel() == pytest.approx(expected, abs=1e-4)


def test_vgg_input_is_that_of_keras(noise):
    pixels = noise(4, 5)[None].astype("float32")
    expected = keras.applications.vgg19.preprocess_input(pixels.copy())
    assert np.asarray(losses._vgg_input(pixels / 127.5 - 1)) == pytest.approx(expected, abs=1e-4)


def test_vgg_loss_is_the_mse_of_features_over_the_square_of_12_75(noise):
    loss = losses.VGG(layer="block2_conv2", weights=None)
    hr, sr = (noise(16, 16, seed)[None].astype("float32") / 127.5 - 1 for seed in (0, 1))
    features = [np.asarray(loss._features(losses._vgg_input(picture))) for picture in (hr, sr)]
    assert features[0].min() == 0  # after the ReLU
    expected = np.mean((features[0] - features[1]) ** 2) / 162.5625
    assert float(loss(hr, sr)) == pytest.approx(expected, rel=1e-4)
    assert float(loss(hr, hr)) == 0
    assert loss._features.trainable_variables == []


def test_vgg_without_a_network_says_what_to_do(monkeypatch):
    def offline(**options):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(keras.applications, "VGG19", offline)
    losses._vgg.cache_clear()
    with pytest.raises(InputError, match="VGG19.*not known.*content_loss mse"):
        losses.content("vgg")
