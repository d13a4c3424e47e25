"""Faces cut out of portraits, and ×4 inputs of fixed sizes."""

import sys

import numpy as np
import pytest
from PIL import Image

from srlib.data import embedded, face_crops
from srlib.errors import InputError
from srlib.imaging import bicubic, pictures

IMAGE = np.random.default_rng(0).integers(0, 255, (430, 610, 3), dtype=np.uint8)


def portrait():
    return pictures.read(embedded.paths("test")["astronaut"]).rgb


def test_an_input_is_the_original_shrunk_four_times():
    low, high = face_crops.pair(IMAGE, 100)
    assert low.shape == (100, 100, 3)
    assert high.shape == (400, 400, 3)
    assert np.array_equal(low, bicubic.downscale(high))
    assert np.array_equal(high, bicubic.imresize(IMAGE[:, 90:520], (400, 400)))


def test_inputs_come_in_the_sizes_that_a_picture_allows():
    assert list(face_crops.inputs(IMAGE)) == [50, 100]
    assert face_crops.inputs(IMAGE[:199]) == {}
    with pytest.raises(InputError, match="an input of 150 px needs a picture of 600 px, this has 430"):
        face_crops.pair(IMAGE, 150)


def test_grey_pictures_have_inputs_too():
    assert face_crops.pair(IMAGE[..., 0], 50)[0].shape == (50, 50)


@pytest.mark.parametrize(
    "middle, width, expected",
    [
        ((300, 200), 100, (200, 110, 200)),  # twice as wide as the face, eyes at 0.45 of its height
        ((20, 30), 100, (0, 0, 200)),
        ((600, 420), 100, (410, 230, 200)),
        ((300, 200), 400, (85, 0, 430)),  # no larger than the picture: 300 - 430 / 2 from the left
    ],
)
def test_the_square_around_a_face_lies_inside_the_picture(middle, width, expected):
    left, top, side = face_crops.face_square(IMAGE, face_crops.Face(middle, width))
    assert 0 <= left <= 610 - side and 0 <= top <= 430 - side
    assert (left, top, side) == expected


def test_a_missing_detector_is_named(monkeypatch):
    face_crops._cascade.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r"pip install 'srlib\[faces\]'"):
        face_crops.find_face(portrait())
    face_crops._cascade.cache_clear()


def test_a_face_is_found_and_cut_out_upright():
    pytest.importorskip("cv2")
    face = face_crops.find_face(portrait())
    assert 190 < face.middle[0] < 260
    assert 80 < face.middle[1] < 140
    assert 80 < face.width < 180
    assert face_crops.crop_face(portrait(), face, 128).shape == (128, 128, 3)


def test_a_turned_face_is_cut_out_level():
    pytest.importorskip("cv2")
    turned = np.asarray(Image.fromarray(portrait()).rotate(10, Image.Resampling.BICUBIC))
    straight, tilted = face_crops.find_face(portrait()), face_crops.find_face(turned)
    assert straight.turn  # 0 would mean that the eyes were not found
    assert tilted.turn
    assert tilted.turn - straight.turn == pytest.approx(-10, abs=6)


def test_no_face_and_a_face_too_small_are_named():
    pytest.importorskip("cv2")
    with pytest.raises(InputError, match="no face found"):
        face_crops.find_face(np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(InputError, match="too small to train on"):
        face_crops.crop_face(portrait(), face_crops.Face((220, 110), 60), 256)


def test_portraits_show_one_face_each(data_root):
    pytest.importorskip("cv2")
    paths = sorted((data_root / "faces/train").iterdir())[:20]
    widths = [face_crops.find_face(pictures.read(path).rgb).width for path in paths]
    assert 0.35 < np.median(widths) / 512 < 0.65
