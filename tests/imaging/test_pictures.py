"""Picture files: every mode becomes uint8 RGB, every bad file becomes one line that names it."""

import os

import numpy as np
import pytest
from PIL import Image

from srlib.errors import InputError
from srlib.imaging import pictures


@pytest.fixture
def saved(tmp_path):
    """A function that saves a Pillow image under a name and reads it back with `pictures.read`."""

    def save(image, name="picture.png", **options):
        image.save(tmp_path / name, **options)
        return pictures.read(tmp_path / name)

    return save


def grey_ramp(dtype=np.uint8):
    return np.array([[0, 100], [200, 255]], dtype)


def test_colour_is_read_as_it_is(saved, noise):
    picture = saved(Image.fromarray(noise(5, 7)))
    assert np.array_equal(picture.rgb, noise(5, 7))
    assert (picture.grey, picture.alpha) == (False, None)


def test_grey_is_repeated_over_three_channels_and_marked(saved):
    picture = saved(Image.fromarray(grey_ramp()))
    assert np.array_equal(picture.rgb, np.dstack([grey_ramp()] * 3))
    assert (picture.grey, picture.alpha) == (True, None)


def test_black_and_white_is_grey(saved):
    picture = saved(Image.fromarray(np.array([[True, False]])))
    assert picture.rgb[..., 0].tolist() == [[255, 0]]
    assert picture.grey


def test_sixteen_bits_are_scaled_to_eight(saved):
    picture = saved(Image.fromarray(grey_ramp(np.uint16) * 257))
    assert np.array_equal(picture.rgb[..., 1], grey_ramp())
    assert picture.grey


def test_a_dark_picture_of_sixteen_bits_stays_dark(saved):
    # 128/257 and 129/257 lie on the two sides of a half.
    assert saved(Image.fromarray(np.array([[0, 128, 129, 255]], np.uint16))).rgb[..., 0].tolist() == [[0, 0, 1, 1]]


def test_transparency_is_returned_apart(saved, noise):
    alpha = np.arange(35, dtype=np.uint8).reshape(5, 7)
    picture = saved(Image.fromarray(np.dstack([noise(5, 7), alpha])))
    assert np.array_equal(picture.rgb, noise(5, 7))
    assert np.array_equal(picture.alpha, alpha)
    assert not picture.grey


def test_grey_with_transparency_is_grey_and_has_alpha(saved):
    picture = saved(Image.fromarray(np.dstack([grey_ramp(), grey_ramp()[::-1]])))
    assert np.array_equal(picture.rgb[..., 2], grey_ramp())
    assert np.array_equal(picture.alpha, grey_ramp()[::-1])
    assert picture.grey


def palette_image():
    """Two pixels of a palette: red and blue."""
    image = Image.fromarray(np.array([[0, 1]], np.uint8), mode="P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    return image


def test_palettes_become_their_colours(saved):
    assert saved(palette_image()).rgb.tolist() == [[[255, 0, 0], [0, 0, 255]]]


def test_the_transparent_entry_of_a_palette_becomes_alpha(saved):
    picture = saved(palette_image(), transparency=1)
    assert picture.rgb[0, 0].tolist() == [255, 0, 0]
    assert picture.alpha.tolist() == [[255, 0]]


def test_printing_inks_become_colours(saved):
    inks = Image.fromarray(np.array([[[0, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]], np.uint8), mode="CMYK")
    picture = saved(inks, "inks.tiff")
    assert picture.rgb.tolist() == [[[255, 255, 255], [255, 0, 0], [0, 0, 0]]]
    assert picture.alpha is None


def test_a_photograph_taken_sideways_is_turned_upright(saved):
    sideways = np.zeros((8, 16, 3), np.uint8)
    sideways[:, :8] = 255  # the left half is white; orientation 6 says: left is up
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = saved(Image.fromarray(sideways), "camera.jpg", exif=exif, quality=95).rgb
    assert upright.shape == (16, 8, 3)
    assert upright[:7].min() > 250
    assert upright[9:].max() < 5


def test_a_single_pixel_is_a_picture(saved):
    assert saved(Image.new("RGB", (1, 1), (1, 2, 3))).rgb.tolist() == [[[1, 2, 3]]]


def test_an_animation_gives_its_first_frame(saved):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    picture = saved(frames[0], "moving.gif", save_all=True, append_images=frames[1:])
    assert (picture.rgb == [255, 0, 0]).all()


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("these are words")


def folder(path):
    path.mkdir()


def cut_off(kind):
    """A maker of the first 2000 bytes of a picture file of that kind."""

    def make(path):
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path, format=kind)
        path.write_bytes(path.read_bytes()[:2000])

    return make


@pytest.mark.parametrize(
    "make, complaint",
    [
        (lambda path: None, "no such file"),
        (empty, "empty"),
        (text, "not a picture"),
        (folder, "is a folder"),
        (cut_off("JPEG"), "damaged"),
        (cut_off("PNG"), "damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_fault(tmp_path, make, complaint):
    path = tmp_path / "picture one.png"
    make(path)
    with pytest.raises(InputError, match=f"picture one.png: .*{complaint}") as caught:
        pictures.read(path)
    assert "\n" not in str(caught.value)


def test_a_picture_of_too_many_pixels_is_refused_by_its_header(saved, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 20)
    assert saved(Image.new("RGB", (4, 5))).rgb.shape == (5, 4, 3)
    with pytest.raises(InputError, match="picture.png: 3×7 is more than 20 pixels"):
        saved(Image.new("RGB", (3, 7)))


def test_what_pillow_takes_for_an_attack_is_refused_too(saved, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    assert saved(Image.new("RGB", (6, 5))).rgb.shape == (5, 6, 3)  # Pillow warns only, and our limit decides
    with pytest.raises(InputError, match="bomb.png: more than"):
        saved(Image.new("RGB", (7, 7)), "bomb.png")


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_a_written_picture_is_read_back(tmp_path, channels):
    written = np.random.default_rng(0).integers(0, 256, (4, 6, *channels), dtype=np.uint8)
    pictures.write_png(tmp_path / "new" / "x.png", written)
    with Image.open(tmp_path / "new" / "x.png") as image:
        assert np.array_equal(np.asarray(image), written)
        assert image.format == "PNG"


def test_a_failed_writing_keeps_the_old_picture_and_leaves_no_other(tmp_path, noise):
    path = tmp_path / "x.png"
    pictures.write_png(path, noise(4, 4))
    with pytest.raises(TypeError):
        pictures.write_png(path, np.zeros((4, 4, 3)))  # floats are no picture
    assert np.array_equal(pictures.read(path).rgb, noise(4, 4))
    assert os.listdir(tmp_path) == ["x.png"]


def test_pictures_below_a_folder_are_found_in_order(tmp_path):
    for name in (
        "b/2.PNG",
        "b/1.jpeg",
        "a.tif",
        "c.webp",
        "notes.txt",
        ".hidden.png",
        ".cache/3.png",
        "album.jpg/4.png",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in pictures.find(tmp_path)]
    assert found == ["a.tif", "album.jpg/4.png", "b/1.jpeg", "b/2.PNG", "c.webp"]


def test_a_hidden_folder_above_the_one_asked_for_hides_nothing(tmp_path):
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data" / "x.png").touch()
    assert [path.name for path in pictures.find(tmp_path / ".data")] == ["x.png"]


def test_a_folder_without_pictures_is_named(tmp_path):
    with pytest.raises(InputError, match="no pictures in it"):
        pictures.find(tmp_path)
    with pytest.raises(InputError, match="nowhere: no such folder"):
        pictures.find(tmp_path / "nowhere")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif"])
def test_bytes_are_read_as_their_file_is(tmp_path, noise, suffix):
    path = tmp_path / f"picture{suffix}"
    Image.fromarray(noise(5, 7)).convert("L").save(path)
    held, filed = pictures.from_bytes(path.read_bytes(), "held"), pictures.read(path)
    assert np.array_equal(held.rgb, filed.rgb) and held.grey == filed.grey


@pytest.mark.parametrize("content, message", [(b"", "held: the file is empty"), (b"words", "held: not a picture")])
def test_bytes_that_are_no_picture_are_named(content, message):
    with pytest.raises(InputError, match=message):
        pictures.from_bytes(content, "held")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif"])
def test_the_header_tells_the_pixels(tmp_path, noise, suffix):
    Image.fromarray(noise(5, 7)).save(tmp_path / f"picture{suffix}")
    assert pictures.pixels(tmp_path / f"picture{suffix}") == 35


def test_what_is_no_picture_has_no_pixels(tmp_path):
    (tmp_path / "words.png").write_text("not a picture")
    assert [pictures.pixels(path) for path in (tmp_path, tmp_path / "absent.png", tmp_path / "words.png")] == [0, 0, 0]
