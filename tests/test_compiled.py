"""Compiled enlarging: which precision is chosen, and what the lower ones cost on photographs."""

import numpy as np
import pytest

from srlib import bicubic, compiled, folding, metrics, models, precision, upscale
from srlib.errors import InputError


@pytest.fixture(scope="module")
def enlarged(photograph):
    """A function of a precision: the shipped network's picture of a photograph made small; and the small picture."""
    network, settings = models.load("srresnet-small")
    lr = bicubic.downscale(photograph)
    return lambda name: upscale.Upscaler(network, settings, precision=name)(lr)


@pytest.mark.parametrize("name", compiled.PRECISIONS)
def test_a_named_precision_is_kept(name):
    assert compiled.resolve(name) == name


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
    monkeypatch.setattr(compiled.keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(precision, "gpu_capability", lambda: capability)
    monkeypatch.setattr(precision, "resolve", lambda name: training)
    assert compiled.resolve("auto") == enlarging


def test_an_unknown_precision_is_named():
    with pytest.raises(InputError, match="unknown precision 'float8': choose auto, float32, mixed_bfloat16, bfloat16"):
        compiled.resolve("float8")


@pytest.mark.parametrize("name", ["mixed_bfloat16", "bfloat16"])
def test_lower_precision_changes_a_photograph_less_than_its_rounding_to_8_bits_would(enlarged, name):
    exact, lower = (enlarged(each).astype(float) for each in ("float32", name))
    difference = np.abs(exact - lower)
    assert np.count_nonzero(difference) > 0  # it is another arithmetic indeed
    # Rounding errors spread evenly over ±0.5 have a mean square of 1/12, which is 58.9 dB.
    assert metrics.psnr(exact, lower) > 10 * np.log10(255**2 * 12)


def test_the_score_on_set5_stays(data_root):
    from srlib import evaluate
    from srlib.data import sources

    network, settings = models.load("srresnet-small")
    pairs = [evaluate.pair(photo) for photo in sources.load("set5", "test", data_root)]
    scores = {}
    for name in ("float32", "mixed_bfloat16"):
        upscaler = upscale.Upscaler(network, settings, precision=name)
        scores[name] = np.array([evaluate.score(original, upscaler(lr))[0] for original, lr in pairs])
    assert np.abs(scores["mixed_bfloat16"] - scores["float32"]).max() < 0.01


def test_only_the_named_parts_are_in_bfloat16():
    convolution = folding.Convolution("trunk", np.full((1, 1, 1, 1), 1.0, "float32"), np.zeros(1, "float32"))
    pixels = np.full((1, 2, 2, 1), 257.0, "float32")  # needs nine bits; bfloat16 has eight
    assert float(np.asarray(compiled.Arithmetic().convolution(pixels, convolution)).max()) == 257
    rounded = compiled.Arithmetic(("trunk",)).convolution(pixels, convolution)
    assert float(np.asarray(rounded, "float32").max()) == 256
    assert float(np.asarray(compiled.Arithmetic(("image",)).convolution(pixels, convolution)).max()) == 257
