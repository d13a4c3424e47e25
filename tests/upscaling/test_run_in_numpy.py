"""Enlarging in NumPy: convolutions by an independent library, photographs as Keras gives them, and no Keras at all."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import signal

from srlib.imaging import bicubic
from srlib.upscaling import folded_network, model_files, run_in_numpy, upscaler


@pytest.fixture(scope="module")
def arithmetic():
    return run_in_numpy.NumpyArithmetic(2)


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("height, width", [(1, 1), (2, 7), (9, 4)])
def test_a_convolution_is_scipys_correlation_with_zeros_around(arithmetic, size, height, width):
    random = np.random.default_rng(0)
    features = random.normal(size=(1, height, width, 3)).astype("float32")
    kernel, bias = random.normal(size=(size, size, 3, 2)).astype("float32"), np.array([5, -5], "float32")
    result = arithmetic.convolution(features, folded_network.Convolution("trunk", kernel, bias))
    for filter in range(2):
        planes = [signal.correlate2d(features[0, ..., c], kernel[..., c, filter], mode="same") for c in range(3)]
        assert result[0, ..., filter] == pytest.approx(sum(planes) + bias[filter], abs=1e-5)


def test_strips_of_a_convolution_are_the_whole(arithmetic, monkeypatch):
    random = np.random.default_rng(0)
    features = random.integers(-9, 9, (1, 13, 6, 2)).astype("float32")
    kernel = random.integers(-9, 9, (3, 3, 2, 4)).astype("float32")
    convolution = folded_network.Convolution("trunk", kernel, np.zeros(4, "float32"), np.full(4, 0.5, "float32"))
    whole = arithmetic.convolution(features, convolution)
    monkeypatch.setattr(run_in_numpy, "_PATCH_BYTES", 1)  # one row at a time
    assert np.array_equal(arithmetic.convolution(features, convolution), whole)


def test_slopes_act_on_what_is_negative(arithmetic):
    identity = np.eye(2, dtype="float32")[None, None]
    slopes = np.array([0.25, -2.0], "float32")
    convolution = folded_network.Convolution("trunk", identity, np.array([0.0, 1.0], "float32"), slopes)
    result = arithmetic.convolution(np.array([[[[-4.0, -4.0], [4.0, 4.0]]]], "float32"), convolution)
    assert result.tolist() == [[[[-1.0, 6.0], [4.0, 5.0]]]]


def test_the_enlargement_is_imresize_edges_included(arithmetic, noise):
    pixels = noise(2, 5).astype("float32")
    kernel = bicubic.enlargement_kernel()
    convolution = folded_network.Convolution("enlargement", kernel, np.zeros(48, "float32"))
    result = arithmetic.shuffle(arithmetic.enlarge(pixels[None], convolution), 4)[0]
    assert result == pytest.approx(bicubic.upscale(pixels.astype(float)), abs=1e-3)


@pytest.mark.parametrize("size", [(24, 30), (13, 7)])
def test_a_photograph_is_what_keras_makes_of_it_to_one_grey_level(photograph, size):
    lr = bicubic.imresize(photograph, size)
    ours = upscaler.load("srresnet-small", pixels=lr[..., 0].size)(lr).astype(int)
    difference = np.abs(ours - upscaler.load("srresnet-small")(lr))
    assert difference.max() <= 1
    assert np.count_nonzero(difference) < difference.size / 1000


def test_neither_reading_nor_enlarging_imports_keras(tmp_path, repository):
    code = (
        "import sys, numpy; from srlib.upscaling import upscaler;"
        "upscaler.load('srresnet-small', pixels=30)(numpy.zeros((5, 6, 3), numpy.uint8));"
        "print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repository, check=True)
    assert done.stdout.strip() == "[]"


def test_folding_a_model_file_is_folding_its_network():
    network, settings = model_files.load("srresnet-small")
    from_file, from_network = model_files.fold("srresnet-small"), folded_network.fold(settings, network.get_weights())
    assert np.array_equal(from_file.image.kernel, from_network.image.kernel)
    assert np.array_equal(from_file.blocks[-1][1].kernel, from_network.blocks[-1][1].kernel)
