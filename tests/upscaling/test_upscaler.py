"""Using a generator: any size and kind of picture, in tiles or whole with the same result."""

import functools

import numpy as np
import pytest
from PIL import Image

from srlib.errors import InputError
from srlib.imaging import bicubic, pictures
from srlib.srgan import generator
from srlib.upscaling import folded_network, model_files, run_in_keras, run_in_numpy, upscaler


@pytest.fixture(scope="module")
def settings(small):
    return small(bicubic_skip=True)


@pytest.fixture(scope="module")
def network(random_generator, settings):
    return random_generator(settings)


@pytest.fixture(scope="module")
def untrained(settings):
    """The upscaler of a network that adds no detail to bicubic yet."""
    return upscaler.of_network(generator.build(settings), settings)


@pytest.fixture(scope="module", params=[run_in_keras.KerasBackend, run_in_numpy.NumpyBackend])
def enlarge(request, network, settings):
    """A function of tile and progress that gives an upscaler of the same network on either backend."""
    folded = folded_network.fold(settings, network.get_weights())
    return functools.partial(upscaler.Upscaler, folded, request.param(folded))


class Recording:
    """A backend that gives black pictures and remembers the shapes of what it was given."""

    def __init__(self):
        self.whole, self.strips = set(), set()

    def features(self, pixels):
        self.whole.add(pixels.shape)
        return pixels

    def picture(self, features, pixels):
        assert features.shape == pixels.shape
        self.strips.add(pixels.shape)
        return np.zeros((1, 4 * pixels.shape[1], 4 * pixels.shape[2], 3), "float32")


def test_the_picture_is_the_networks_hr_in_rounded_pixels(enlarge, network, noise):
    picture = noise(9, 14)
    hr = network.predict_on_batch(picture[None].astype("float32") / 255)[0]
    expected = np.clip((hr.astype(float) + 1) * 127.5, 0, 255)
    assert (expected.min(), expected.max()) == (0, 255)  # this network leaves the range: what it gives is clipped
    assert np.abs(enlarge()(picture) - expected).max() <= 0.501


def same(one, other):
    """Whether two pictures are equal, but for a value in ten thousand that rounds the other way: BLAS sums a product
    in an order that depends on how many rows the matrix has."""
    difference = np.abs(one.astype(int) - other)
    return difference.max() <= 1 and np.count_nonzero(difference) <= difference.size / 10_000


def test_tiles_give_the_picture_that_the_whole_gives(enlarge, noise):
    picture, counted = noise(61, 45), []
    whole = enlarge(tile=0)(picture)
    tiled = enlarge(tile=8, progress=lambda tiles: counted.extend(tiles) or tiles)
    assert same(tiled(picture), whole)
    assert len(counted) == 8 * 6


def test_strips_give_the_picture_that_the_whole_gives(enlarge, noise, monkeypatch):
    picture, one = noise(61, 45), enlarge(tile=0)
    monkeypatch.setattr(upscaler, "_STRIP", 61 * 45)
    whole = one(picture)
    monkeypatch.setattr(upscaler, "_STRIP", 5 * 45)
    assert same(one(picture), whole)


def test_tiles_that_overlap_too_little_would_show(enlarge, noise):
    picture = noise(61, 45)
    tiled = enlarge(tile=8)
    tiled.overlap = 2
    assert not same(tiled(picture), enlarge(tile=0)(picture))


def test_strips_that_overlap_too_little_would_show(enlarge, noise, monkeypatch):
    picture, one = noise(61, 45), enlarge(tile=0)
    whole = one(picture)
    monkeypatch.setattr(upscaler, "_STRIP", 5 * 45)
    monkeypatch.setattr(upscaler.folded_network, "PICTURE_REACH", 2)
    assert not same(one(picture), whole)


def test_all_tiles_are_equally_large_and_so_are_their_strips(network, settings, noise, monkeypatch):
    monkeypatch.setattr(upscaler, "_STRIP", 4 * 28)
    enlarge = upscaler.of_network(network, settings, tile=8)
    enlarge.backend = Recording()
    enlarge(noise(61, 45))
    side = 8 + 2 * 10
    assert enlarge.backend.whole == {(1, side, side, 3)}
    assert enlarge.backend.strips == {(1, 4 + 2 * 3, side, 3)}


def test_a_picture_within_one_tile_is_worked_on_whole(network, settings, noise):
    enlarge = upscaler.of_network(network, settings, tile=30)
    enlarge.backend = Recording()
    assert enlarge(noise(50, 20)).shape == (200, 80, 3)
    assert enlarge.backend.whole == {(1, 50, 20, 3)}


def test_a_single_pixel_becomes_four_by_four_of_its_colour(untrained):
    sr = untrained(np.array([[[10, 200, 90]]], np.uint8))
    assert sr.shape == (4, 4, 3)
    assert (sr == [10, 200, 90]).all()


def test_a_picture_smaller_than_the_least_is_grown_and_cut_back(untrained, noise):
    picture = noise(3, 5)
    sr = untrained(picture)
    assert sr.shape == (12, 20, 3)
    # Mirroring below leaves what lies two pixels away from it as it was.
    assert np.abs(sr[:8].astype(int) - bicubic.upscale(picture)[:8]).max() <= 1


@pytest.mark.parametrize("size", [(4, 4), (7, 30), (1, 9)])
def test_any_size_is_multiplied_by_four(enlarge, noise, size):
    assert enlarge()(noise(*size)).shape == (4 * size[0], 4 * size[1], 3)


def test_bicubic_is_a_model_too(noise):
    assert np.array_equal(upscaler.load("bicubic")(noise(6, 7)), bicubic.upscale(noise(6, 7)))


def test_a_model_file_is_a_function(tmp_path, network, settings, noise):
    model_files.save(tmp_path / "x.npz", network, config=settings, dtype="float32")
    expected = upscaler.of_network(network, settings)(noise(6, 7))
    assert np.array_equal(upscaler.load(tmp_path / "x.npz")(noise(6, 7)), expected)
    assert upscaler.load(tmp_path / "x.npz", tile=32).tile == 32
    assert upscaler.load(tmp_path / "x.npz", tile=32, pixels=42).tile == 32


def test_keras_is_worth_its_start_from_so_many_products_on(tmp_path, settings, network, monkeypatch):
    path = tmp_path / "x.npz"
    model_files.save(path, network, config=settings)
    monkeypatch.setattr(upscaler, "_WORTH_KERAS", 100 * model_files.fold(path).multiply_adds())
    for pixels, precision, kind in (
        *((100, "float32", "Numpy"), (100, "auto", "Numpy"), (100, "mixed_bfloat16", "Keras")),
        *((101, "float32", "Keras"), (101, "auto", "Keras"), (None, "float32", "Keras")),
    ):
        assert type(upscaler.load(path, pixels=pixels, precision=precision).backend).__name__ == f"{kind}Backend"


def test_an_upscaler_counts_the_weights_of_its_network_on_either_backend(network, enlarge):
    assert enlarge().parameters() == network.count_params()


def test_loading_by_name_builds_no_generator(monkeypatch, noise):
    monkeypatch.setattr(generator, "build", None)
    for pixels in (None, 16):
        assert upscaler.load("srresnet-small", pixels=pixels)(noise(4, 4)).shape == (16, 16, 3)


def test_an_unknown_model_is_named():
    with pytest.raises(InputError, match="unknown model 'nonsense'"):
        upscaler.load("nonsense")


def test_grey_values_are_the_rounded_mean_of_the_channels():
    assert upscaler.grey(np.array([[[10, 11, 13], [1, 2, 2], [255, 255, 255]]], np.uint8)).tolist() == [[11, 2, 255]]


def test_colour_stays_colour(noise):
    picture = pictures.Picture(noise(4, 5))
    assert np.array_equal(upscaler.picture(bicubic.upscale, picture), bicubic.upscale(noise(4, 5)))


def test_grey_stays_grey(noise):
    plane = noise(4, 5)[..., 0]
    result = upscaler.picture(bicubic.upscale, pictures.Picture(np.dstack([plane] * 3), grey=True))
    assert np.array_equal(result, bicubic.upscale(plane))


def test_transparency_is_enlarged_by_bicubic(noise):
    alpha = noise(4, 5, seed=1)[..., 0]
    result = upscaler.picture(lambda lr: np.zeros((16, 20, 3), np.uint8), pictures.Picture(noise(4, 5), alpha=alpha))
    assert (result[..., :3] == 0).all()
    assert np.array_equal(result[..., 3], bicubic.upscale(alpha))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_file_becomes_a_png_of_its_kind(tmp_path, mode):
    Image.new(mode, (5, 3)).save(tmp_path / "in.png")
    upscaler.file(bicubic.upscale, tmp_path / "in.png", target=tmp_path / "new folder" / "out.png")
    with Image.open(tmp_path / "new folder" / "out.png") as image:
        assert (image.mode, image.size, image.format) == (mode, (20, 12), "PNG")


def test_a_file_that_cannot_be_read_leaves_no_result(tmp_path):
    with pytest.raises(InputError, match="missing.png"):
        upscaler.file(bicubic.upscale, tmp_path / "missing.png", target=tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()
