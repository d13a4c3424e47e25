"""Models as ONNX and TFLite files, for programs that have neither Keras nor srlib.

Both take a picture of any height and width as uint8 (batch, height, width, 3), RGB, and give uint8 (batch, 4 height,
4 width, 3): ranges and rounding are in the file, and so are the model's name, checksum and config.
"""

import functools
import json
import pathlib
import zipfile
from typing import Any

import numpy as np

from srlib import __version__, files
from srlib.errors import InputError
from srlib.files import PathLike
from srlib.machine import extras
from srlib.upscaling import folded_network, model_files

INPUT, OUTPUT = "lr", "sr"
METADATA = "srlib.json"  # the member of a TFLite file's zip archive that tells what the model is
_OPSET = 17
_FORMAT = 8  # ONNX IR version that belongs to it: the older, the more programs read it


def export(name_or_path: PathLike, target: PathLike) -> None:
    """Write a model as an ONNX or a TFLite file.

    Args:
        name_or_path: as `model_files.find` takes it.
        target: path ending in .onnx or .tflite.
    Raises:
        InputError: an unknown model or ending, or a package is missing.
    """
    target = pathlib.Path(target)
    if target.suffix not in _WRITERS:
        raise InputError(f"{target}: cannot tell the format; let it end in {' or '.join(_WRITERS)}")
    network, about = model_files.fold(name_or_path), describe(name_or_path)
    with files.replacing(target) as beside:
        _WRITERS[target.suffix](network, about, beside)


def describe(name_or_path: PathLike) -> dict[str, str]:
    """What an exported file tells about its model, values other than words as JSON."""
    header = model_files.header(name_or_path)
    return {
        "name": pathlib.Path(name_or_path).stem,
        "sha256": header["sha256"],
        "config": json.dumps(header["config"]),
        "about": json.dumps(header["about"]),
        "input": f"{INPUT}: uint8 (batch, height, width, 3), RGB; sides of at least {folded_network.MARGIN} pixels",
        "output": f"{OUTPUT}: uint8 (batch, 4 height, 4 width, 3), RGB",
        "made by": f"srlib {__version__}",
    }


def _write_onnx(network: folded_network.Network, about: dict[str, str], path: pathlib.Path) -> None:
    """The network as an ONNX file."""
    with extras.needed("an ONNX file", "export"):
        import onnx
    model = onnx.helper.make_model(
        _onnx_graph(network, about["name"]),
        producer_name="srlib",
        producer_version=__version__,
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        ir_version=_FORMAT,
    )
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def _onnx_graph(network: folded_network.Network, name: str) -> Any:
    """The graph from uint8 to uint8; channels come first inside, as ONNX has it."""
    from onnx import TensorProto as types
    from onnx import helper

    arithmetic = OnnxArithmetic()
    pixels = arithmetic.node("Cast", INPUT, to=types.FLOAT)
    pixels = arithmetic.node("Transpose", pixels, perm=[0, 3, 1, 2])
    picture = network.picture(network.features(pixels, arithmetic), pixels, arithmetic=arithmetic)
    picture = arithmetic.node("Transpose", picture, perm=[0, 2, 3, 1])
    bounds = (arithmetic.constant(np.float32(value)) for value in (0, 255))
    rounded = arithmetic.node("Clip", arithmetic.node("Round", picture), *bounds)
    arithmetic.node("Cast", rounded, to=types.UINT8, output=OUTPUT)
    ends = [
        helper.make_tensor_value_info(end, types.UINT8, ["batch", f"{end}_height", f"{end}_width", 3])
        for end in (INPUT, OUTPUT)
    ]
    return helper.make_graph(arithmetic.nodes, name, ends[:1], ends[1:], arithmetic.constants)


class OnnxArithmetic:
    """`folded_network.Arithmetic` as nodes of an ONNX graph; tensors are their names."""

    def __init__(self) -> None:
        self.nodes, self.constants = [], []

    def node(self, operation: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        import onnx

        output = output or f"{operation}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(operation, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, value: np.ndarray | np.float32) -> str:
        """Add an array and return its name."""
        import onnx

        name = f"constant_{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def convolution(self, features: str, convolution: folded_network.Convolution, *, margin: int | None = None) -> str:
        margin = convolution.kernel.shape[0] // 2 if margin is None else margin
        kernel = self.constant(convolution.kernel.transpose(3, 2, 0, 1))
        sums = self.node("Conv", features, kernel, self.constant(convolution.bias), pads=[margin] * 4)
        if convolution.slopes is None:
            return sums
        return self.node("PRelu", sums, self.constant(convolution.slopes.reshape(-1, 1, 1)))

    def enlarge(self, pixels: str, convolution: folded_network.Convolution) -> str:
        for axis in (2, 3):
            pixels = self._mirrored(pixels, axis)
        return self.convolution(pixels, convolution, margin=0)

    def _mirrored(self, pixels: str, axis: int) -> str:
        """The edge pixel and the one before it repeated in reverse at both ends; no mode of ONNX's Pad does that."""
        part = functools.partial(self._slice, pixels, axis)
        return self.node("Concat", part(1, 2), part(0, 1), pixels, part(-1, 2**31), part(-2, -1), axis=axis)

    def _slice(self, pixels: str, axis: int, start: int, stop: int) -> str:
        ends = (self.constant(np.array([value], np.int64)) for value in (start, stop, axis))
        return self.node("Slice", pixels, *ends)

    def add(self, one: str, other: str) -> str:
        return self.node("Add", one, other)

    def shuffle(self, features: str, scale: int) -> str:
        return self.node("DepthToSpace", features, blocksize=scale, mode="DCR")  # row, column, then the channel

    def squash(self, features: str) -> str:
        raised = self.node("Add", self.node("Tanh", features), self.constant(np.float32(1)))
        return self.node("Mul", raised, self.constant(np.float32(127.5)))


def _write_tflite(network: folded_network.Network, about: dict[str, str], path: pathlib.Path) -> None:
    """The network as a TFLite file, which is a zip archive with its description at the same time."""
    import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError("TFLite files are made by TensorFlow: set KERAS_BACKEND=tensorflow")
    import tensorflow as tf

    from srlib.upscaling import run_in_keras

    arithmetic = run_in_keras.TensorFlowArithmetic()

    def enlarge(lr: Any) -> dict[str, Any]:
        pixels = tf.cast(lr, tf.float32)
        picture = tf.round(network.picture(network.features(pixels, arithmetic), pixels, arithmetic=arithmetic))
        return {OUTPUT: tf.cast(tf.clip_by_value(picture, 0, 255), tf.uint8)}

    module = tf.Module()
    module.enlarge = tf.function(enlarge, autograph=False)
    signature = module.enlarge.get_concrete_function(tf.TensorSpec((None, None, None, 3), tf.uint8, INPUT))
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([signature], module).convert())
    with zipfile.ZipFile(path, "a") as archive:  # after the model's own bytes, as TFLite's metadata tools do it
        archive.writestr(METADATA, json.dumps(about, indent=2))


_WRITERS = {".onnx": _write_onnx, ".tflite": _write_tflite}
