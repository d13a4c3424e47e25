"""DSSIM and the content losses that mix it in: by hand, against scikit-image, by finite differences, in training."""

import keras
import numpy as np
import pytest
from keras import ops
from skimage.metrics import structural_similarity

from srlib.errors import InputError
from srlib.imaging import bicubic, metrics
from srlib.srgan import generator, losses
from srlib.training import fit, optimizers


def flat(value, side=16):
    """A flat image in HR range: float32 (1, side, side, 3)."""
    return np.full((1, side, side, 3), value, "float32")


def pictures(height, width, count=2, seed=0):
    """Smooth random images and noisy copies of them, in [-1, 1]: two float32 (count, height, width, 3)."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (count, height // 4 + 1, width // 4 + 1, 3))
    hr = np.stack([bicubic.imresize(image, (height, width)) for image in coarse])
    sr = hr + random.normal(0, 12, hr.shape)
    return tuple((np.clip(images, 0, 255) / 127.5 - 1).astype("float32") for images in (hr, sr))


# Values worked out by hand.


def test_dssim_of_equal_images_is_zero():
    assert float(losses.dssim(flat(0.3), flat(0.3))) == pytest.approx(0, abs=1e-6)


def test_dssim_of_black_and_white():
    # Means 0 and 1, no variance: SSIM = C1 / (1 + C1) with C1 = 1e-4.
    assert float(losses.dssim(flat(-1), flat(1))) == pytest.approx((1 - 1e-4 / 1.0001) / 2, rel=1e-5)


def test_dssim_of_two_greys():
    # Means 0.25 and 0.75 in [0, 1]: SSIM = (2 · 0.1875 + 1e-4) / (0.0625 + 0.5625 + 1e-4). In float32 the variance of a
    # flat image is 1e-7, not 0, which counts beside C2 = 9e-4.
    expected = (1 - 0.3751 / 0.6251) / 2
    assert float(losses.dssim(flat(-0.5), flat(0.5))) == pytest.approx(expected, abs=1e-4)


def test_dssim_of_an_image_and_its_negative_passes_one_half():
    random = np.random.default_rng(0)
    signs = random.choice([-1.0, 1.0], (1, 32, 32, 3)).astype("float32")
    assert 0.9 < float(losses.dssim(signs, -signs)) <= 1.0


@pytest.mark.parametrize("name, pixel", [("mse+dssim", 1.0), ("mae+dssim", 1.0), ("mse", 1.0), ("mae", 1.0)])
def test_mixtures_by_hand(name, pixel):
    # HR -0.5 and SR 0.5 differ by 1 in [-1, 1]: MSE 1, L1 1; DSSIM as above, weighed by a quarter.
    expected = pixel + ("dssim" in name) * 0.25 * (1 - 0.3751 / 0.6251) / 2
    assert float(losses.content(name, 0.25)(flat(-0.5), flat(0.5))) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", ["mse+dssim", "mae+dssim"])
def test_weight_is_a_tenth_unless_given(name):
    hr, sr = pictures(24, 24)
    pixel, dssim = float(losses.content(name[:3])(hr, sr)), float(losses.dssim(hr, sr))
    assert float(losses.content(name)(hr, sr)) == pytest.approx(pixel + 0.1 * dssim, rel=1e-5)
    assert float(losses.content(name, 2.0)(hr, sr)) == pytest.approx(pixel + 2 * dssim, rel=1e-5)


def test_unknown_loss_names_the_known_ones():
    with pytest.raises(InputError, match="mse.dssim.*did you mean 'mse.dssim'.*mae.dssim"):
        losses.content("mse-dssim")


# Against scikit-image.
SIZES = pytest.mark.parametrize("height, width", [(11, 11), (24, 40), (96, 96), (96, 300)])


@SIZES
def test_ssim_equals_scikit_image(height, width):
    hr, sr = ((images + 1) / 2 for images in pictures(height, width))
    expected = [
        structural_similarity(
            *(image.astype(np.float64) for image in pair),
            channel_axis=-1,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )[1][5 : height - 5, 5 : width - 5].mean()
        for pair in zip(hr, sr)
    ]
    np.testing.assert_allclose(ops.convert_to_numpy(metrics.ssim(hr, sr)), expected, atol=2e-6)


@SIZES
def test_matrices_and_convolutions_give_the_same_means(height, width, monkeypatch):
    hr, sr = pictures(height, width)
    by_default = ops.convert_to_numpy(metrics.ssim(hr, sr))
    monkeypatch.setattr(metrics, "_exact_products", lambda: False)
    np.testing.assert_allclose(ops.convert_to_numpy(metrics.ssim(hr, sr)), by_default, atol=2e-6)


def test_size_unknown_beforehand_gives_the_same(tensorflow):
    hr, sr = pictures(24, 40)
    shape = tensorflow.TensorSpec((None, None, None, 3), tensorflow.float32)
    traced = tensorflow.function(metrics.ssim, input_signature=[shape, shape])
    np.testing.assert_allclose(traced(hr, sr), metrics.ssim(hr, sr), atol=2e-6)


# Gradients.


def gradient(loss, hr, sr):
    """The gradient of loss(hr, ·) at sr, as an array, by the backend in use."""
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(jax.grad(lambda image: loss(hr, image))(sr))
    import tensorflow

    sr = tensorflow.convert_to_tensor(sr)
    with tensorflow.GradientTape() as tape:
        tape.watch(sr)
        value = loss(hr, sr)
    return tape.gradient(value, sr).numpy()


@pytest.mark.parametrize("name", ["dssim", "mse", "mae", "mse+dssim", "mae+dssim"])
def test_gradients_equal_finite_differences(name):
    hr, sr = pictures(16, 20)
    loss, random = losses.content(name, 0.5), np.random.default_rng(4)
    slopes = gradient(loss, hr, sr)
    for _ in range(4):
        # A direction that stays on one side of |HR - SR|'s kink in every pixel.
        direction = random.uniform(0.5, 1, sr.shape) * np.where(slopes > 0, 1, -1)
        step = 1e-3 * direction.astype("float32") * (np.abs(hr - sr) > 2e-3)
        expected = (float(loss(hr, sr + step)) - float(loss(hr, sr - step))) / 2
        assert np.sum(slopes * step) == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("name", ["dssim", "mse+dssim", "mae+dssim"])
def test_gradients_are_finite_where_images_are_equal_or_flat(name):
    for hr, sr in ((flat(0.2), flat(0.2)), (flat(-1), flat(1)), (pictures(16, 16)[0],) * 2):
        assert np.isfinite(gradient(losses.content(name), hr, sr)).all()


def test_vgg_is_differentiable():
    vgg = object.__new__(losses.VGG)  # random weights: the published ones are a download
    network = keras.applications.VGG19(include_top=False, weights=None, input_shape=(None, None, 3))
    vgg._features = keras.Model(network.input, network.get_layer("block2_conv2").output)
    hr, sr = pictures(16, 16, count=1)
    slopes = gradient(vgg, hr, sr)
    assert np.isfinite(slopes).all()
    assert np.abs(slopes).max() > 0
    assert float(vgg(hr, hr)) == 0
    assert float(vgg(hr, sr - 1e3 * slopes / np.abs(slopes).max() * 1e-6)) < float(vgg(hr, sr))


# In training.


@pytest.mark.parametrize("phase", ["pretrain", "adversarial"])
def test_the_weight_reaches_the_loss_that_is_trained(phase, small, photograph):
    first = []
    for weight in (0.0, 5.0):
        settings = small(content_loss="mse+dssim", dssim_weight=weight, pretrain_steps=1, gan_steps=1)
        start = None if phase == "pretrain" else generator.build(settings)
        keras.utils.set_random_seed(0)
        rows = getattr(fit, phase)(settings, [photograph], start=start).history
        first.append(rows[0].get("loss", rows[0].get("content")))
    assert first[1] > first[0] + 0.1


def test_descending_dssim_alone_raises_ssim():
    hr, sr = (images[:1] for images in pictures(24, 24))
    image = keras.Variable(sr)
    optimizer = optimizers.create("adam", 0.01)
    before = float(losses.dssim(hr, sr))
    for _ in range(30):
        optimizer.apply([ops.convert_to_tensor(gradient(losses.dssim, hr, ops.convert_to_numpy(image)))], [image])
    assert float(losses.dssim(hr, ops.convert_to_numpy(image))) < before / 2
