"""Precision: bfloat16 where the processor has it, float32 elsewhere, and only inside the block that asked for it."""

import keras
import pytest

from srlib.errors import InputError
from srlib.machine import precision


@pytest.mark.parametrize(
    "flags, expected",
    [
        ("flags : fpu avx512f avx512_bf16", "mixed_bfloat16"),
        ("flags : fpu amx_bf16 amx_tile", "mixed_bfloat16"),
        ("flags : fpu avx2 avx512f", "float32"),
        ("flags : fpu not_avx512_bf16_really", "float32"),
    ],
)
def test_auto_reads_the_flags_of_the_processor(tmp_path, monkeypatch, flags, expected):
    (tmp_path / "cpuinfo").write_text(f"model name : Some Processor\n{flags}\n")
    monkeypatch.setattr(precision, "gpu_capability", lambda: None)
    monkeypatch.setattr(precision, "_CPU_INFO", tmp_path / "cpuinfo")
    assert precision.resolve() == expected


def test_auto_is_float32_where_there_are_no_flags_to_read(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "gpu_capability", lambda: None)
    monkeypatch.setattr(precision, "_CPU_INFO", tmp_path / "missing")
    assert precision.resolve("auto") == "float32"


@pytest.mark.parametrize(
    "capability, expected",
    [
        ((6, 1), "float32"),  # GTX 1080
        ((7, 0), "mixed_float16"),  # V100
        ((7, 5), "mixed_float16"),  # T4
        ((8, 0), "mixed_bfloat16"),  # A100
        ((8, 9), "mixed_bfloat16"),  # L4
        ((10, 0), "mixed_bfloat16"),  # B200
    ],
)
def test_auto_goes_by_the_gpu_where_there_is_one(monkeypatch, capability, expected):
    monkeypatch.setattr(precision, "gpu_capability", lambda: capability)
    assert precision.resolve() == expected


def test_without_a_gpu_there_is_no_capability():
    if not keras.distribution.list_devices("gpu"):
        assert precision.gpu_capability() is None


@pytest.mark.parametrize("name", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_policy_given_by_name_is_taken(name):
    assert precision.resolve(name) == name


def test_unknown_precision_names_the_known_ones():
    with pytest.raises(InputError, match="'float8'.*auto, float32, mixed_bfloat16"):
        precision.resolve("float8")


def test_layers_inside_compute_in_it_and_keep_float32_weights():
    with precision.scope("mixed_bfloat16"):
        inside = keras.layers.Dense(1)
    inside.build((None, 2))
    assert inside.compute_dtype == "bfloat16"
    assert inside.kernel.dtype == "float32"


def test_the_policy_before_comes_back_after_an_error_too():
    before = keras.config.dtype_policy().name
    with pytest.raises(RuntimeError), precision.scope("mixed_bfloat16"):
        raise RuntimeError
    assert keras.config.dtype_policy().name == before
