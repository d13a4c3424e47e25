"""Environment of a run: its processor, GPUs, package versions and commit."""

import datetime
import functools
import importlib.metadata
import os
import pathlib
import platform
import subprocess
from collections.abc import Mapping
from typing import Any

_PACKAGES = ("srlib", "keras", "tensorflow", "jax", "numpy", "scikit-image", "pillow")


def describe() -> dict[str, Any]:
    """The machine and versions a run stands on, as a dict without names or paths of the machine.

    "accelerator" is in it where there is one.
    """
    accelerator = _accelerator()
    return {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": _processor(),
        "cores": cores(),
        **({"accelerator": accelerator} if accelerator else {}),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def commit() -> str | None:
    """The commit of the checkout that srlib runs from, with "+" where files differ from it; None outside one.

    It stays what it was when first asked for: a process runs on with the files that it has read.
    """
    folder = pathlib.Path(__file__).parent.parent
    try:
        commit = _git(folder, "rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git(folder, "status", "--porcelain", "-uno", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: pathlib.Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    """The processor's name as Linux tells it, else as Python does."""
    info = pathlib.Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


@functools.cache
def _accelerator() -> str | None:
    """The GPUs' names as NVIDIA's tool tells them, which comes with the driver; None without any."""
    try:
        words = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        told = subprocess.run(words, check=True, capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    names = [line.strip() for line in told.splitlines() if line.strip()]
    return f"{len(names)} × {names[0]}" if names else None


def hardware(environment: Mapping[str, Any]) -> str:
    """The machine of a `describe` dict in words: processor, cores, and the accelerator where there is one."""
    words = [environment.get("processor"), f"{environment.get('cores')} cores", environment.get("accelerator")]
    return ", ".join(str(word) for word in words if word)
