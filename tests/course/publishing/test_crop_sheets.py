"""Sheets of crops and of faces: which places of which pictures they show, and what may not be published."""

import numpy as np
import pytest
from PIL import Image

from srlib import records
from srlib.course.publishing import crop_sheets
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic, figures


def test_the_crop_sheet_shows_each_place_by_bicubic_the_models_and_the_original(shipped, tmp_path):
    crops = (("coins", (8, 16, 32)), ("brick", (0, 0, 32)))
    text = crop_sheets.crop_sheet(tmp_path, crops).read_text("utf-8")
    assert "![Details of coins, brick: enlarged by bicubic, own, and the originals](crops.png)" in text
    with Image.open(tmp_path / "crops.png") as sheet:
        assert sheet.width > sheet.height  # three columns, two rows


@pytest.mark.parametrize("key, box", [crop_sheets.README_CROP, *crop_sheets.CROPS])
def test_the_places_shown_lie_inside_photographs_that_may_be_published(key, box):
    sizes = {photo.id: photo.load().rgb.shape for photo in sources.load("embedded", "test")}
    top, left, side = box
    assert top + side <= sizes[key][0]
    assert left + side <= sizes[key][1]


def test_the_crop_sheet_shows_the_same_place_of_every_enlargement():
    photos = {photo.id: photo for photo in sources.load("embedded", "test")}
    original, lr = protocol.pair(photos["coins"])
    shown = crop_sheets._shown(photos["coins"], {"bicubic": bicubic.upscale})
    enlarged = bicubic.upscale(lr)
    assert list(shown) == [figures.caption("bicubic", protocol.score(original, enlarged)), "original"]
    for image, expected in zip(shown.values(), (enlarged, original.rgb)):
        assert np.array_equal(crop_sheets._detail(image, (8, 16, 32)), expected[8:40, 16:48])


@pytest.fixture
def drawn(monkeypatch):
    """What the next grid of pictures is given: its rows, captions and other arguments."""
    given = {}

    def pictures(rows, captions, **options):
        given.update(rows=rows, captions=[[text.split("\n")[0] for text in row] for row in captions], **options)
        return figures.pyplot.figure()

    monkeypatch.setattr(figures, "pictures", pictures)
    return given


def test_the_sheet_of_faces_has_a_row_for_each_with_bicubic_the_models_and_the_original(tmp_path, monkeypatch, drawn):
    monkeypatch.setattr(crop_sheets.upscaler, "load", lambda name: bicubic.upscale)
    path = crop_sheets.face_sheet(tmp_path / "sheet.png", ["there/own.npz"], data="drawn-faces", count=2)
    with Image.open(path) as sheet:
        assert sheet.format == "PNG"
    assert drawn["titles"] == ["face-0650", "face-0651"]
    assert drawn["captions"] == [["bicubic", "own.npz", "original"]] * 2
    for row, index in zip(drawn["rows"], (650, 651)):
        original = sources.draw.draw(index)
        assert np.array_equal(row[2], original)
        assert np.array_equal(row[0], bicubic.upscale(bicubic.downscale(original)))


def test_the_readme_s_figure_shows_the_input_and_the_same_detail_enlarged_and_original(shipped, tmp_path, drawn):
    crop_sheets.readme_figure(tmp_path / "readme.png")
    (row,) = drawn["rows"]
    assert drawn["captions"] == [["input", "bicubic", "own", "original"]]
    original = next(photo for photo in sources.load("embedded", "test") if photo.id == "astronaut").load().rgb
    assert np.array_equal(row[0], bicubic.downscale(original)[:64, 32:96])
    assert np.array_equal(row[1], bicubic.upscale(bicubic.downscale(original))[:256, 128:384])
    assert np.array_equal(row[3], original[:256, 128:384])


def test_portraits_of_real_people_are_not_drawn_into_the_results():
    with pytest.raises(InputError, match="portraits of real people are not published"):
        crop_sheets.face_sheet(records.KEPT / "figures" / "sheet.png", ["srresnet-small"])
