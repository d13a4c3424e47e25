"""Squares around faces, and ×4 inputs of fixed sizes."""

import sys

import numpy as np
import pytest

from srlib.data import embedded_photographs, face_crops
from srlib.errors import InputError
from srlib.imaging import bicubic, pictures

IMAGE = np.random.default_rng(0).integers(0, 255, (430, 610, 3), dtype=np.uint8)


def portrait():
    return pictures.read(embedded_photographs.paths("test")["astronaut"]).rgb


def test_an_input_is_the_original_shrunk_four_times():
    low, high = face_crops.pair(IMAGE, 100)
    assert low.shape == (100, 100, 3)
    assert high.shape == (400, 400, 3)
    assert np.array_equal(low, bicubic.downscale(high))
    assert np.array_equal(high, bicubic.imresize(IMAGE[:, 90:520], (400, 400)))


def test_a_picture_that_is_too_small_for_an_input_is_named():
    with pytest.raises(InputError, match="an input of 150 px needs a picture of 600 px, this has 430"):
        face_crops.pair(IMAGE, 150)


def test_grey_pictures_have_inputs_too():
    assert face_crops.pair(IMAGE[..., 0], 50)[0].shape == (50, 50)


@pytest.mark.parametrize(
    "middle, width, expected",
    [
        ((300.0, 200.0), 100, (200, 110, 200)),  # twice as wide as the face, eyes at 0.45 of its height
        ((20.0, 30.0), 100, (0, 0, 200)),
        ((600.0, 420.0), 100, (410, 230, 200)),
        ((300.0, 200.0), 400, (85, 0, 430)),  # no larger than the picture: 300 - 430 / 2 from the left
    ],
)
def test_the_square_around_a_face_lies_inside_the_picture(middle, width, expected):
    left, top, side = face_crops.face_square(IMAGE, face_crops.FaceBox(middle, width))
    assert 0 <= left <= 610 - side and 0 <= top <= 430 - side
    assert (left, top, side) == expected


def test_a_missing_detector_is_named(monkeypatch):
    face_crops._cascade.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match="OpenCV 4: pip install .opencv-python-headless"):
        face_crops.find_face(portrait())
    face_crops._cascade.cache_clear()


def test_a_face_is_found():
    pytest.importorskip("cv2")
    face = face_crops.find_face(portrait())
    assert 190 < face.middle[0] < 260
    assert 80 < face.middle[1] < 140
    assert 80 < face.width < 180


def test_a_picture_without_a_face_is_named():
    pytest.importorskip("cv2")
    with pytest.raises(InputError, match="no face found"):
        face_crops.find_face(np.full((200, 200, 3), 128, np.uint8))


def test_portraits_show_one_face_each(data_root):
    pytest.importorskip("cv2")
    paths = sorted((data_root / "faces/train").iterdir())[:20]
    widths = [face_crops.find_face(pictures.read(path).rgb).width for path in paths]
    assert 0.35 < np.median(widths) / 512 < 0.65
