"""Dtype policies by device: bfloat16 products where it has units for them, float32 otherwise."""

import contextlib
import pathlib
from collections.abc import Iterator

import keras

from srlib.errors import InputError

POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")
_CPU_INFO = pathlib.Path("/proc/cpuinfo")


def resolve(name: str = "auto") -> str:
    """The Keras dtype policy for training on this machine.

    Args:
        name: "auto" or one of `POLICIES`, which is returned as it is.
    Returns:
        On an NVIDIA GPU "mixed_bfloat16" from compute capability 8.0 on (A100 and later), "mixed_float16" from 7.0 on
        (V100, T4; Keras scales the loss then), on a CPU with bfloat16 instructions "mixed_bfloat16"; else "float32".
    Raises:
        InputError: unknown name.
    """
    if name not in ("auto", *POLICIES):
        raise InputError(f"unknown precision {name!r}: choose auto, {', '.join(POLICIES)}")
    if name != "auto":
        return name
    capability = gpu_capability()
    if capability is None:
        return "mixed_bfloat16" if _cpu_has_bfloat16() else "float32"
    return next((policy for least, policy in _GPU_POLICIES if capability >= least), "float32")


# The compute capability from which a GPU's matrix units take a type, newest first.
_GPU_POLICIES = (((8, 0), "mixed_bfloat16"), ((7, 0), "mixed_float16"))


def gpu_capability() -> tuple[int, int] | None:
    """The compute capability of the first GPU that the backend sees, as (major, minor); None without any."""
    return _CAPABILITIES[keras.backend.backend()]()


def _tensorflow_capability() -> tuple[int, int] | None:
    import tensorflow as tf

    for device in tf.config.list_physical_devices("GPU"):
        return tuple(tf.config.experimental.get_device_details(device).get("compute_capability", (0, 0)))
    return None


def _jax_capability() -> tuple[int, int] | None:
    import jax

    device = jax.devices()[0]
    if device.platform not in ("gpu", "cuda"):
        return None
    major, _, minor = str(getattr(device, "compute_capability", "0.0")).partition(".")
    return int(major), int(minor or 0)


_CAPABILITIES = {"tensorflow": _tensorflow_capability, "jax": _jax_capability}


def _cpu_has_bfloat16() -> bool:
    """Whether the processor's flags name AVX512-BF16 or AMX-BF16 (Linux; elsewhere the answer is no)."""
    flags = _CPU_INFO.read_text().split() if _CPU_INFO.exists() else []
    return "avx512_bf16" in flags or "amx_bf16" in flags


def make_deterministic() -> None:
    """Let every operation give the same bits whenever it runs on this kind of machine (JAX does so by itself)."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


@contextlib.contextmanager
def scope(name: str) -> Iterator[None]:
    """Build layers with a dtype policy inside the `with` block; weights stay float32 in all of them."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
