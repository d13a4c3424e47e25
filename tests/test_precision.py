"""Precision: bfloat16 where the processor has it, float32 elsewhere, and only inside the block that asked for it."""

import keras
import pytest

from srlib import precision
from srlib.errors import InputError


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
    monkeypatch.setattr(precision, "_CPU_INFO", tmp_path / "cpuinfo")
    assert precision.resolve() == expected


def test_auto_is_float32_where_there_are_no_flags_to_read(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "_CPU_INFO", tmp_path / "missing")
    assert precision.resolve("auto") == "float32"


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
