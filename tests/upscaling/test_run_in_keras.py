"""Compiled enlarging: which precision is chosen, and what the lower ones cost on photographs."""

import numpy as np
import pytest

from srlib.errors import InputError
from srlib.imaging import bicubic, metrics
from srlib.machine import precision
from srlib.upscaling import folded_network, model_files, run_in_keras, upscaler


@pytest.fixture(scope="module")
def enlarged(photograph):
    """A function of a precision: the shipped network's picture of a photograph made small; and the small picture."""
    network, settings = model_files.load("srresnet-small")
    lr = bicubic.downscale(photograph)
    return lambda name: upscaler.of_network(network, settings, precision=name)(lr)


@pytest.mark.parametrize("name", run_in_keras.PRECISIONS)
def test_a_named_precision_is_kept(name):
    assert run_in_keras.resolve(name) == name


@pytest.mark.parametrize(
    "backend, capability, training, enlarging",
    [
        ("tensorflow", None, "mixed_bfloat16", "mixed_bfloat16"),
        ("tensorflow", None, "float32", "float32"),
        ("tensorflow", (7, 5), "mixed_float16", "float32"),
        ("jax", (9, 0), "mixed_bfloat16", "mixed_bfloat16"),
        ("jax", None, "mixed_bfloat16", "float32"),
    ],
)
def test_bfloat16_is_chosen_where_it_gains_time(monkeypatch, backend, capability, training, enlarging):
    monkeypatch.setattr(run_in_keras.keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(precision, "gpu_capability", lambda: capability)
    monkeypatch.setattr(precision, "resolve", lambda name: training)
    assert run_in_keras.resolve("auto") == enlarging


def test_an_unknown_precision_is_named():
    with pytest.raises(InputError, match="unknown precision 'float8': choose auto, float32, mixed_bfloat16"):
        run_in_keras.resolve("float8")


def test_lower_precision_changes_a_photograph_less_than_its_rounding_to_8_bits_would(enlarged):
    exact, lower = (enlarged(each).astype(float) for each in ("float32", "mixed_bfloat16"))
    difference = np.abs(exact - lower)
    assert np.count_nonzero(difference) > 0  # it is another arithmetic indeed
    # Rounding errors spread evenly over ±0.5 have a mean square of 1/12, which is 58.9 dB.
    assert metrics.psnr(exact, lower) > 10 * np.log10(255**2 * 12)


@pytest.mark.parametrize(
    "model", ["srresnet-small", "srresnet", "srresnet-faces", "srgan", "srgan-faces", "srgan-faces-robust"]
)
def test_the_score_on_set5_stays(data_root, model):
    from srlib.data import sources
    from srlib.evaluation import protocol

    network, settings = model_files.load(model)
    pairs = [protocol.pair(photo) for photo in sources.load("set5", "test", root=data_root)]
    scores = {}
    for name in ("float32", "mixed_bfloat16"):
        enlarge = upscaler.of_network(network, settings, precision=name)
        scores[name] = np.array([protocol.score(original, enlarge(lr))[0] for original, lr in pairs])
    assert np.abs(scores["mixed_bfloat16"] - scores["float32"]).max() < 0.01


def convolution(part, slopes=None):
    """A 1 × 1 convolution that changes nothing, then a PReLU of these slopes."""
    return folded_network.Convolution(part, np.ones((1, 1, 1, 1), "float32"), np.zeros(1, "float32"), slopes)


@pytest.mark.parametrize("part, lowest", [("first", 257), ("trunk", 256), ("upsampling", 256), ("image", 256)])
def test_all_convolutions_but_the_first_are_in_bfloat16(part, lowest):
    pixels = np.full((1, 2, 2, 1), 257.0, "float32")  # needs nine bits; bfloat16 has eight
    for lower, expected in ((False, 257), (True, lowest)):
        result = run_in_keras.KerasArithmetic(lower).convolution(pixels, convolution(part))
        assert float(np.asarray(result, "float32").max()) == expected


def test_a_slope_is_not_rounded():
    slopes = np.array([0.9979], "float32")  # 0.99609375 in bfloat16
    result = run_in_keras.KerasArithmetic(True).convolution(
        np.full((1, 1, 1, 1), -130.0, "float32"), convolution("trunk", slopes)
    )
    assert float(np.asarray(result, "float32").squeeze()) == -130  # of -129.7; -129.5 would be -129


def test_rounding_carries_what_a_weight_lost_to_the_next():
    kernel = np.full((1, 1, 4, 1), 1 + 1 / 512, "float32")  # steps of 1/128 above 1: 1.0078125 comes every fourth time
    assert run_in_keras.rounded(kernel).ravel().tolist() == [1, 1, 1.0078125, 1]


def test_rounding_keeps_the_sums_of_a_kernel():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 64, 16)).astype("float32")
    rounded = run_in_keras.rounded(kernel)
    assert np.abs(rounded - kernel).max() <= 2**-6  # a step of bfloat16 between 2 and 4, half of it and what is carried
    assert np.abs((rounded - kernel).sum(axis=(0, 1, 2))).max() <= 2**-7  # what the last weight lost
    assert np.unique(rounded.view("uint32") & 0xFFFF).tolist() == [0]  # eight bits of a float32's fraction are left
