"""Model files: one .npz with a generator's weights, the config they fit and what is known of their making.

Only `load` needs Keras, and imports it: what reads, lists or folds a file answers at once.
"""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from srlib import files
from srlib.config import Config, did_you_mean
from srlib.errors import InputError
from srlib.files import PathLike
from srlib.upscaling import folded_network

if TYPE_CHECKING:
    import keras

SHIPPED = pathlib.Path(__file__).parent / "weights"
PUBLISHED = Config()


def save(
    path: PathLike, network: "keras.Model", *, config: Config, about: Mapping | None = None, dtype: str = "float16"
) -> None:
    """Write a generator's weights, config and origin as one .npz file.

    Args:
        path: the file, ending in .npz.
        network: the generator.
        config: its settings.
        about: what is known of its making (data, command, scores), stored as JSON.
        dtype: "float16" halves the file and costs less than 0.001 dB; "float32" keeps every bit.
    """
    arrays = _named([np.asarray(value, dtype) for value in network.get_weights()])
    header = {"config": dataclasses.asdict(config), "about": about or {}, "sha256": checksum(arrays)}
    with files.replacing(path) as beside:
        np.savez_compressed(beside, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)


def checksum(arrays: Mapping[str, np.ndarray]) -> str:
    """The SHA-256 of arrays by name, over the bytes in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def available() -> dict[str, pathlib.Path]:
    """The files of the shipped models by name, sorted."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.npz"))}


# Best first: the model that is used where none is named.
PREFERRED = ("srgan-faces", "srgan", "srresnet", "srresnet-small")


def default() -> str:
    """The name of the best shipped model; raises InputError if none is shipped."""
    shipped = available()
    if not shipped:
        raise InputError("no models are shipped: train one (srlib train tiny) and give its path with --model")
    return next((name for name in PREFERRED if name in shipped), next(iter(shipped)))


def find(name_or_path: PathLike) -> pathlib.Path:
    """The file of a model.

    Args:
        name_or_path: name of a shipped model, path of an .npz file of `save`, or of a legacy Keras .h5 weights file
            of the published architecture.
    Raises:
        InputError: there is neither a shipped model nor a file of that name.
    """
    shipped = available()
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    path = pathlib.Path(name_or_path)
    if path.is_file():
        return path
    hint = did_you_mean(str(name_or_path), shipped)
    raise InputError(f"unknown model {str(name_or_path)!r}{hint}; shipped: {', '.join(shipped) or 'none'}, or a path")


def load(name_or_path: PathLike) -> tuple["keras.Model", Config]:
    """Load a generator in float32, for training; `fold` reads it for enlarging.

    Args:
        name_or_path: as `find` takes it.
    Raises:
        InputError: not found, damaged, altered, or weights that do not fit.
    """
    from srlib.srgan import generator

    path = find(name_or_path)
    _, config, values = _read(path)
    network = generator.build(config)
    try:
        network.set_weights(values)
    except ValueError as error:
        raise InputError(f"{path}: the weights do not fit the generator ({str(error).splitlines()[0]})") from error
    return network, config


def start(name_or_path: PathLike | None, config: Config) -> "keras.Model | None":
    """The generator that a training begins with, None for no name, which means fresh weights.

    Args:
        name_or_path: as `find` takes it, or None or "".
        config: of the training.
    Raises:
        InputError: as `load`, or its shape is not the training's.
    """
    if not name_or_path:
        return None
    network, theirs = load(name_or_path)
    for field in ("generator_blocks", "generator_filters", "bicubic_skip"):
        if getattr(theirs, field) != getattr(config, field):
            wanted, has = getattr(config, field), getattr(theirs, field)
            raise InputError(f"cannot start from {name_or_path}: its {field} is {has!r}, the training's {wanted!r}")
    return network


def fold(name_or_path: PathLike) -> folded_network.Network:
    """A model as the convolutions that enlarging takes; arguments and errors as `load`'s, but no Keras."""
    path = find(name_or_path)
    _, config, values = _read(path)
    try:
        return folded_network.fold(config, values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def header(name_or_path: PathLike) -> dict[str, Any]:
    """The header of a model file, "config", "about" and "sha256"; of a legacy file as if it had one."""
    return _read(find(name_or_path))[0]


def _read(path: pathlib.Path) -> tuple[dict[str, Any], Config, list[np.ndarray]]:
    """Header, `Config` and float32 weights of a model file of either kind."""
    if path.suffix in (".h5", ".hdf5"):
        values = _read_legacy(path)
        head = {"config": dataclasses.asdict(PUBLISHED), "about": {}, "sha256": checksum(_named(values))}
        return head, PUBLISHED, values
    return _read_own(path)


def _named(values: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """A list of weights as the dict that a file of `save` holds."""
    return {f"w{index:03d}": value for index, value in enumerate(values)}


def _read_own(path: pathlib.Path) -> tuple[dict[str, Any], Config, list[np.ndarray]]:
    """Header, `Config` and float32 weights of a file of `save`, checksum compared."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        head = json.loads(arrays.pop("header").tobytes())
        expected, config = head["sha256"], Config(**head["config"])
    except Exception as error:  # NumPy, zip, zlib and JSON each raise their own for damaged files
        raise InputError(f"{path}: not a model file of srlib, or damaged") from error
    if checksum(arrays) != expected:
        raise InputError(f"{path}: the weights do not match their checksum; fetch the file again")
    return head, config, [arrays[name].astype("float32") for name in sorted(arrays)]


def _read_legacy(path: pathlib.Path) -> list[np.ndarray]:
    """Weights of a Keras 2 HDF5 file in the order of its layers, those of each layer in their own."""
    try:
        with h5py.File(path, "r") as archive:
            layers = [archive[_text(name)] for name in archive.attrs["layer_names"]]
            return [np.asarray(layer[_text(name)]) for layer in layers for name in layer.attrs["weight_names"]]
    except (OSError, KeyError) as error:
        raise InputError(f"{path}: not a Keras HDF5 weights file") from error


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
