"""The arithmetic a device does well: bfloat16 products where it has units for them, float32 otherwise."""

import contextlib
import pathlib

import keras

from srlib.errors import InputError

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
_CPU_INFO = pathlib.Path("/proc/cpuinfo")


def resolve(name="auto"):
    """The Keras dtype policy for training on this machine.

    Args:
        name: "auto" or one of `POLICIES`, which is returned as it is.
    Returns:
        "mixed_bfloat16" on a CPU with bfloat16 instructions, "float32" otherwise.
    Raises:
        InputError: unknown name.
    """
    if name == "auto":
        return "mixed_bfloat16" if _cpu_has_bfloat16() else "float32"
    if name not in POLICIES:
        raise InputError(f"unknown precision {name!r}: choose auto, {', '.join(POLICIES)}")
    return name


def _cpu_has_bfloat16():
    """Whether the processor's flags name AVX512-BF16 or AMX-BF16 (Linux; elsewhere the answer is no)."""
    flags = _CPU_INFO.read_text().split() if _CPU_INFO.exists() else []
    return "avx512_bf16" in flags or "amx_bf16" in flags


@contextlib.contextmanager
def scope(name):
    """Build layers with a dtype policy inside the `with` block; weights stay float32 in all of them."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
