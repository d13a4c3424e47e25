"""Model files: what is saved is what is loaded, and a file that cannot be trusted is refused by name."""

import hashlib
import json

import h5py
import numpy as np
import pytest

from srlib import config
from srlib.errors import InputError
from srlib.srgan import generator
from srlib.upscaling import model_files


@pytest.fixture(scope="module")
def network(random_generator, small):
    return random_generator(small())


@pytest.fixture
def saved(tmp_path, network, small):
    """A model file with every bit of the network's weights."""
    model_files.save(tmp_path / "tiny.npz", network, config=small(), about={"recipe": "none"}, dtype="float32")
    return tmp_path / "tiny.npz"


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A function that makes empty files of the given names the shipped models."""

    def ship(*names):
        monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "weights")
        (tmp_path / "weights").mkdir()
        for name in names:
            (tmp_path / "weights" / f"{name}.npz").touch()
        return tmp_path / "weights"

    return ship


def rewritten(path, change):
    """The file with its dict of arrays changed by `change`."""
    with np.load(path) as archive:
        arrays = dict(archive)
    change(arrays)
    np.savez(path, **arrays)


def rewritten_header(path, change):
    def on_header(arrays):
        header = json.loads(arrays["header"].tobytes())
        change(header)
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)

    rewritten(path, on_header)


def test_every_bit_survives_in_float32(saved, network, small):
    loaded, settings = model_files.load(saved)
    assert settings == small()
    for one, other in zip(network.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_half_precision_rounds_to_eleven_bits(tmp_path, network, small):
    model_files.save(tmp_path / "half.npz", network, config=small())
    loaded = model_files.load(tmp_path / "half.npz")[0]
    for one, other in zip(network.get_weights(), loaded.get_weights(), strict=True):
        assert other.dtype == np.float32
        assert np.all(abs(one - other) <= np.maximum(abs(one) * 2**-11, 2**-25))
    assert any(not np.array_equal(*pair) for pair in zip(network.get_weights(), loaded.get_weights()))


def test_the_header_tells_where_the_weights_come_from(saved):
    header = model_files.header(saved)
    assert header["about"] == {"recipe": "none"}
    assert header["config"]["generator_filters"] == 4


def test_the_checksum_is_over_the_bytes_in_the_order_of_names():
    one, two = np.array([1.5, 2.5], "float32"), np.array([[7]], "uint8")
    expected = hashlib.sha256(one.tobytes() + two.tobytes()).hexdigest()
    assert model_files.checksum({"b": two, "a": one}) == expected
    assert model_files.checksum({"a": two, "b": one}) != expected


def test_altered_weights_are_refused(saved):
    def one_bit_more(arrays):
        arrays["w000"][0, 0, 0, 0] = np.nextafter(arrays["w000"][0, 0, 0, 0], np.float32(9))

    rewritten(saved, one_bit_more)
    with pytest.raises(InputError, match=r"tiny\.npz: the weights do not match their checksum"):
        model_files.load(saved)


def truncated(path):
    path.write_bytes(path.read_bytes()[:-300])


def broken_inside(path):
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 2, len(content) // 2 + 40):
        content[place] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("these are words"),
        lambda path: np.save(path.open("wb"), np.zeros(3)),
        truncated,
        broken_inside,
        lambda path: rewritten(path, lambda arrays: arrays.pop("header")),
        lambda path: rewritten(path, lambda arrays: arrays.update(header=np.zeros(4, np.uint8))),
        lambda path: rewritten_header(path, lambda header: header.pop("sha256")),
        lambda path: rewritten_header(path, lambda header: header.pop("config")),
        lambda path: rewritten_header(path, lambda header: header["config"].update(unheard_of=1)),
    ],
    ids=[
        "empty",
        "text",
        "array",
        "truncated",
        "broken",
        "headless",
        "noise",
        "no-checksum",
        "no-config",
        "other-config",
    ],
)
def test_a_damaged_file_is_named(saved, damage):
    damage(saved)
    with pytest.raises(InputError, match=r"tiny\.npz: not a model file of srlib, or damaged"):
        model_files.load(saved)


def test_weights_of_another_network_do_not_fit(tmp_path, network, small):
    model_files.save(tmp_path / "other.npz", network, config=small(generator_blocks=2))
    with pytest.raises(InputError, match=r"other\.npz: the weights do not fit"):
        model_files.load(tmp_path / "other.npz")


def test_a_model_is_found_by_name_or_path(saved, shipped):
    folder = shipped("srgan", "a-model")
    assert list(model_files.available()) == ["a-model", "srgan"]
    assert model_files.find("srgan") == folder / "srgan.npz"
    assert model_files.find(str(saved)) == saved


def test_an_unknown_name_suggests_the_nearest(shipped):
    shipped("srgan", "srresnet")
    with pytest.raises(InputError, match="unknown model 'srgam'.*did you mean 'srgan'.*shipped: srgan, srresnet"):
        model_files.find("srgam")


def test_the_default_is_the_best_shipped(shipped, tmp_path):
    folder = shipped("another", "srresnet", "srgan")
    assert model_files.default() == "srgan"
    (folder / "srgan.npz").unlink()
    (folder / "srresnet.npz").unlink()
    assert model_files.default() == "another"
    (folder / "another.npz").unlink()
    with pytest.raises(InputError, match="no models are shipped"):
        model_files.default()


def test_every_shipped_model_loads_and_tells_its_origin():
    if not model_files.available():
        pytest.skip("no models are shipped in this checkout")
    for name in model_files.available():
        network, settings = model_files.load(name)
        assert network.count_params() == generator.build(settings).count_params()
        assert {"recipe", "data_sha256", "commit"} <= set(model_files.header(name)["about"])


@pytest.fixture(scope="module")
def published_weights(random_generator):
    return random_generator(config.Config()).get_weights()


def write_legacy(path, values):
    """A weights file as Keras 2 wrote them: layers named in order, four weights each, names as bytes."""
    with h5py.File(path, "w") as file:
        layers = [f"layer_{index}" for index in range(0, len(values), 4)][::-1]  # not in the order of the alphabet
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        for index, layer in enumerate(layers):
            group = file.create_group(layer)
            names = [
                f"{layer}/weight_{9 - place}:0".encode() for place in range(len(values[4 * index : 4 * index + 4]))
            ]
            group.attrs["weight_names"] = names
            for name, value in zip(names, values[4 * index :]):
                group[name.decode()] = value


def test_a_legacy_file_is_read_in_the_order_it_names(tmp_path, published_weights):
    write_legacy(tmp_path / "old.h5", published_weights)
    network, settings = model_files.load(tmp_path / "old.h5")
    assert settings == config.Config()
    for one, other in zip(network.get_weights(), published_weights, strict=True):
        assert np.array_equal(one, other)


def test_a_legacy_file_of_another_network_does_not_fit(tmp_path, published_weights):
    write_legacy(tmp_path / "old.h5", published_weights[:-4])
    with pytest.raises(InputError, match=r"old\.h5: the weights do not fit"):
        model_files.load(tmp_path / "old.h5")


def test_what_is_no_legacy_file_is_named(tmp_path):
    (tmp_path / "words.h5").write_text("words")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    for name in ("words.h5", "other.h5"):
        with pytest.raises(InputError, match=f"{name}: not a Keras HDF5 weights file"):
            model_files.load(tmp_path / name)
