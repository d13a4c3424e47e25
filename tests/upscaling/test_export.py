"""Exported files: photographs of several sizes as Keras enlarges them, and what the files tell of themselves."""

import json
import sys
import warnings
import zipfile

import keras
import numpy as np
import pytest

from srlib import config
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic, metrics
from srlib.upscaling import export, model_files, upscaler

MODEL = "srresnet-small"


def onnx_runner(path):
    """The function from LR to SR of an ONNX file, and what it tells of itself."""
    pytest.importorskip("onnx", reason="needs the extra `export`")
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra `export`")
    export.export(MODEL, path)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda lr: session.run([export.OUTPUT], {export.INPUT: lr})[0], session.get_modelmeta().custom_metadata_map


def tflite_runner(path):
    """The same of a TFLite file."""
    tensorflow = pytest.importorskip("tensorflow", reason="converts to TFLite")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow converts to TFLite: set KERAS_BACKEND=tensorflow")
    export.export(MODEL, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it announces that it will move to another package
        run = tensorflow.lite.Interpreter(str(path)).get_signature_runner()
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read(export.METADATA))
    return lambda lr: run(**{export.INPUT: lr})[export.OUTPUT], about


@pytest.fixture(scope="module", params=[onnx_runner, tflite_runner], ids=["onnx", "tflite"])
def exported(request, tmp_path_factory):
    """(function from LR to SR with a batch axis, description) of the shipped model exported."""
    folder = tmp_path_factory.mktemp("exported")
    return request.param(folder / f"model.{request.param.__name__.partition('_')[0]}")


@pytest.fixture(scope="module")
def keras_upscaler():
    return upscaler.load(MODEL)


def assert_same(picture, reference):
    """At most one grey level apart, and that so rarely that the PSNR between them is above 60 dB."""
    assert (picture.shape, picture.dtype) == (reference.shape, np.uint8)
    assert np.abs(picture.astype(int) - reference).max() <= 1
    assert metrics.psnr(picture.astype(float), reference.astype(float)) > 60


@pytest.mark.parametrize("name", ["baby", "bird", "butterfly", "head", "woman"])
def test_photographs_of_set5_are_what_keras_makes_of_them(exported, keras_upscaler, data_root, name):
    (photo,) = (photo for photo in sources.load("set5", "test", root=data_root) if photo.id == name)
    _, lr = protocol.pair(photo)
    assert_same(exported[0](lr[None])[0], keras_upscaler(lr))


@pytest.mark.parametrize("size", [(4, 7), (24, 30), (41, 16)])
def test_an_embedded_photograph_in_several_sizes(exported, keras_upscaler, photograph, size):
    lr = bicubic.imresize(photograph, size)
    assert_same(exported[0](lr[None])[0], keras_upscaler(lr))


def test_a_batch_is_its_pictures(exported, photograph):
    pair = np.stack(
        [bicubic.imresize(photograph[:64, :64], (16, 16)), bicubic.imresize(photograph[32:, 56:], (16, 16))]
    )
    both = exported[0](pair)
    for index in range(2):
        assert_same(both[index], exported[0](pair[index : index + 1])[0])


def test_the_file_tells_which_model_it_is(exported):
    about, header = exported[1], model_files.header(MODEL)
    assert about["name"] == MODEL
    assert about["sha256"] == header["sha256"]
    assert json.loads(about["config"]) == header["config"]
    assert "uint8 (batch, height, width, 3)" in about["input"]


@pytest.mark.parametrize("blocks", [1, 2])
def test_a_network_as_published_without_the_skip(tmp_path, small, random_generator, noise, blocks):
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra `export`")
    pytest.importorskip("onnx", reason="needs the extra `export`")
    settings = small(bicubic_skip=False, generator_blocks=blocks)
    network = random_generator(settings)
    model_files.save(tmp_path / "tanh.npz", network, config=settings, dtype="float32")
    export.export(tmp_path / "tanh.npz", tmp_path / "tanh.onnx")
    session = runtime.InferenceSession(tmp_path / "tanh.onnx", providers=["CPUExecutionProvider"])
    picture = session.run(None, {export.INPUT: noise(5, 8)[None]})[0][0]
    assert_same(picture, upscaler.of_network(network, settings)(noise(5, 8)))


@pytest.mark.parametrize("name", ["model.txt", "model", "onnx"])
def test_an_ending_of_no_format_is_refused_before_anything_is_written(tmp_path, name):
    with pytest.raises(InputError, match=r"let it end in \.onnx or \.tflite"):
        export.export(MODEL, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_unknown_model_leaves_no_file(tmp_path):
    with pytest.raises(InputError, match="unknown model 'nonsense'"):
        export.export("nonsense", tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match="an ONNX file needs the package onnx: pip install .onnx.* .onnxruntime"):
        export.export(MODEL, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_legacy_file_is_described_as_the_published_network(tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "_read_legacy", lambda path: [np.zeros(3, "float32")])
    (tmp_path / "old.h5").touch()
    about = export.describe(tmp_path / "old.h5")
    assert about["name"] == "old"
    assert json.loads(about["config"])["generator_blocks"] == config.Config().generator_blocks
    assert about["sha256"] == model_files.checksum({"w000": np.zeros(3, "float32")})
