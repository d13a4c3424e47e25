"""Models as ONNX and TFLite files, for programs that have neither Keras nor srlib.

Both take a picture of any height and width as uint8 (batch, height, width, 3), RGB, and give uint8 (batch, 4 height,
4 width, 3): ranges and rounding are in the file, and so are the model's name, checksum and config.
"""

import functools
import json
import pathlib
import zipfile

import numpy as np

from srlib import __version__, files
from srlib.errors import InputError
from srlib.upscaling import folded_network, model_files

INPUT, OUTPUT = "lr", "sr"
METADATA = "srlib.json"  # the member of a TFLite file's zip archive that tells what the model is
_OPSET = 17
_FORMAT = 8  # ONNX IR version that belongs to it: the older, the more programs read it


def export(name_or_path, target):
    """Write a model as an ONNX or a TFLite file.

    Args:
        name_or_path: as `model_files.load` takes it.
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


def describe(name_or_path):
    """What an exported file tells about its model: {name: str}, values other than words as JSON."""
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


def _write_onnx(network, about, path):
    """The network as an ONNX file."""
    try:
        import onnx
    except ImportError as error:
        raise InputError('ONNX files need the package onnx: pip install "srlib[export]"') from error
    model = onnx.helper.make_model(
        _onnx_graph(network, about["name"], onnx.helper, onnx.TensorProto),
        producer_name="srlib",
        producer_version=__version__,
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        ir_version=_FORMAT,
    )
    onnx.helper.set_model_props(model, about)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def _onnx_graph(network, name, helper, types):
    """The graph from uint8 to uint8; channels come first inside, as ONNX has it."""
    arithmetic = _Onnx()
    pixels = arithmetic.node("Cast", INPUT, to=types.FLOAT)
    pixels = arithmetic.node("Transpose", pixels, perm=[0, 3, 1, 2])
    features = folded_network.features(network, pixels, arithmetic)
    picture = arithmetic.node(
        "Transpose", folded_network.picture(network, features, pixels, arithmetic), perm=[0, 2, 3, 1]
    )
    bounds = (arithmetic.constant(np.float32(value)) for value in (0, 255))
    rounded = arithmetic.node("Clip", arithmetic.node("Round", picture), *bounds)
    arithmetic.node("Cast", rounded, to=types.UINT8, output=OUTPUT)
    ends = [
        helper.make_tensor_value_info(end, types.UINT8, ["batch", f"{end}_height", f"{end}_width", 3])
        for end in (INPUT, OUTPUT)
    ]
    return helper.make_graph(arithmetic.nodes, name, ends[:1], ends[1:], arithmetic.constants)


class _Onnx:
    """The arithmetic of `folded_network` as nodes of an ONNX graph; tensors are their names."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def node(self, operation, *inputs, output=None, **attributes):
        """Add a node and return the name of its output."""
        import onnx

        output = output or f"{operation}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(operation, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, value):
        """Add an array and return its name."""
        import onnx

        name = f"constant_{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def convolution(self, features, convolution, margin=None):
        margin = convolution.kernel.shape[0] // 2 if margin is None else margin
        kernel = self.constant(convolution.kernel.transpose(3, 2, 0, 1))
        sums = self.node("Conv", features, kernel, self.constant(convolution.bias), pads=[margin] * 4)
        if convolution.slopes is None:
            return sums
        return self.node("PRelu", sums, self.constant(convolution.slopes.reshape(-1, 1, 1)))

    def enlarge(self, pixels, convolution):
        for axis in (2, 3):
            pixels = self._mirrored(pixels, axis)
        return self.convolution(pixels, convolution, margin=0)

    def _mirrored(self, pixels, axis):
        """The edge pixel and the one before it repeated in reverse at both ends; no mode of ONNX's Pad does that."""
        part = functools.partial(self._slice, pixels, axis)
        return self.node("Concat", part(1, 2), part(0, 1), pixels, part(-1, 2**31), part(-2, -1), axis=axis)

    def _slice(self, pixels, axis, start, stop):
        ends = (self.constant(np.array([value], np.int64)) for value in (start, stop, axis))
        return self.node("Slice", pixels, *ends)

    def add(self, one, other):
        return self.node("Add", one, other)

    def shuffle(self, features, scale):
        return self.node("DepthToSpace", features, blocksize=scale, mode="DCR")  # row, column, then the channel

    def squash(self, features):
        raised = self.node("Add", self.node("Tanh", features), self.constant(np.float32(1)))
        return self.node("Mul", raised, self.constant(np.float32(127.5)))


def _write_tflite(network, about, path):
    """The network as a TFLite file, which is a zip archive with its description at the same time."""
    import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError("TFLite files are made by TensorFlow: set KERAS_BACKEND=tensorflow")
    import tensorflow as tf

    module = tf.Module()
    module.enlarge = tf.function(_tflite_function(network, tf), autograph=False)
    signature = module.enlarge.get_concrete_function(tf.TensorSpec((None, None, None, 3), tf.uint8, INPUT))
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([signature], module).convert())
    with zipfile.ZipFile(path, "a") as archive:  # after the model's own bytes, as TFLite's metadata tools do it
        archive.writestr(METADATA, json.dumps(about, indent=2))


def _tflite_function(network, tf):
    """The function from uint8 to uint8 that is converted."""
    from srlib.upscaling import run_in_keras

    arithmetic = run_in_keras.TensorFlow()

    def enlarge(lr):
        pixels = tf.cast(lr, tf.float32)
        features = folded_network.features(network, pixels, arithmetic)
        picture = tf.round(folded_network.picture(network, features, pixels, arithmetic))
        return {OUTPUT: tf.cast(tf.clip_by_value(picture, 0, 255), tf.uint8)}

    return enlarge


_WRITERS = {".onnx": _write_onnx, ".tflite": _write_tflite}
