"""Face measures: by hand on a face that is known, and dlib's own figures where it is installed."""

import dataclasses
import importlib.util
import math

import numpy as np
import pytest

from srlib import records
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import face_identity, protocol
from srlib.imaging import bicubic, metrics, pictures

BOX = (10, 20, 50, 60)


def landmarks(shift=0.0):
    """68 points in `BOX` with 20 pixels between the outer corners of the eyes, all moved right by `shift`."""
    points = np.full((68, 2), (40.0, 30.0))
    points[36:42], points[42:48], points[48:68] = (30.0, 25.0), (50.0, 25.0), (40.0, 42.0)
    return points + (shift, 0.0)


class Known(face_identity.Recogniser):
    """A recogniser that finds the same face in every picture but dark ones, its descriptor the mean colour's."""

    def __init__(self):
        pass

    def find(self, image):
        return face_identity.FaceGeometry(BOX, landmarks()) if image.max() > 5 else None

    def within(self, image, box):
        return face_identity.FaceGeometry(box, landmarks(shift=3.0))

    def describe(self, image, box):
        red, green, _ = image.reshape(-1, 3).mean(axis=0)
        return np.array([red, green], float)


def flat(*colour):
    return np.broadcast_to(np.array(colour, np.uint8), (64, 80, 3)).copy()


def measure(original, sr, lr=None, recogniser=None):
    """The measures of an enlargement that was made from the LR, the original's bicubic one if it is None."""
    lr = bicubic.downscale(original) if lr is None else lr
    enlarged = protocol.Enlarged("one", pictures.Picture(original), lr, sr, 0.1)
    return face_identity.measure(enlarged, recogniser or Known())


@pytest.fixture
def row():
    """Red against green of equal strength."""
    return measure(flat(200, 0, 0), flat(0, 200, 0))


def test_descriptors_are_compared_by_distance_and_angle(row):
    assert row.euclidean == pytest.approx(200 * math.sqrt(2))
    assert row.cosine == pytest.approx(1)


def test_landmark_errors_are_in_parts_of_the_distance_between_the_eyes(row):
    assert row.landmark_error == pytest.approx(3 / 20)


def test_what_lies_outside_the_face_counts_for_nothing_inside_it():
    original = flat(100, 100, 100)
    sr = original.copy()
    sr[:10] = sr[:, 60:] = 0
    sr[40:45, 30:50] += 20  # the mouth, whose box reaches from 40 to 44 down and 38 to 42 across
    row = measure(original, sr)
    error = 20 * 219 / 255  # on Y of studio range
    assert row.psnr_mouth == pytest.approx(10 * np.log10(255**2 / error**2))
    assert row.psnr_eyes == math.inf
    assert row.psnr_face == pytest.approx(10 * np.log10(255**2 / (error**2 * 100 / 1600)))


def test_lr_consistency_reduces_the_result_again(photograph):
    original = photograph[:64, :80]
    lr = bicubic.downscale(original)
    row = measure(original, bicubic.upscale(lr), lr)
    assert row.lr_consistency == pytest.approx(metrics.psnr(lr, bicubic.downscale(bicubic.upscale(lr))))
    itself = measure(original, original, lr)
    assert (itself.lr_consistency, itself.euclidean, itself.cosine) == (math.inf, 0, pytest.approx(0))


def test_size_and_brightness_are_the_originals(row):
    assert (row.face_width, row.brightness) == (40, pytest.approx(metrics.luma(flat(200, 0, 0))[0, 0]))


def test_a_picture_without_a_face_has_a_row_that_says_so_and_is_counted(row):
    black = np.zeros((64, 80, 3), np.uint8)
    none = measure(black, black)
    assert (none.face, none.found, math.isnan(none.euclidean), none.lr_consistency) == (0, 0, True, math.inf)
    lost = measure(flat(9, 9, 9), flat(5, 5, 5))
    assert (lost.face, lost.found) == (1, 0)
    summary = {line["measure"]: line for line in face_identity.summary([row, none])}
    assert (summary["euclidean"]["images"], summary["euclidean"]["without_face"]) == (1, 1)
    groups = face_identity.breakdown([row, none], "brightness")
    assert [(line["group"], line["images"]) for line in groups][-1] == ("no face found", 1)


def made(euclidean, width):
    return [
        face_identity.FaceMeasures(f"{index}", 1, 1, value, face_width=float(size), brightness=100.0)
        for index, (value, size) in enumerate(zip(euclidean, width))
    ]


def test_a_breakdown_is_by_thirds_in_the_order_of_what_divides_them():
    rows = made([0.3, 0.1, 0.5, 0.2, 0.6, 0.4], [80, 60, 120, 70, 130, 90])
    lines = face_identity.breakdown(rows, "face_width")
    assert [line["group"] for line in lines] == ["smaller", "middle", "larger"]
    assert [(line["least"], line["most"]) for line in lines] == [(60, 70), (80, 90), (120, 130)]
    assert [line["mean"] for line in lines] == pytest.approx([0.15, 0.35, 0.55])


def test_differences_are_paired_by_image():
    rows, reference = made([0.3, 0.5, 0.7], [1, 1, 1]), made([0.2, 0.4, 0.6], [1, 1, 1])
    line = face_identity.differences(rows, reference)[0]
    assert (line["measure"], line["images"]) == ("euclidean", 3)
    assert (line["mean"], line["low"], line["high"]) == pytest.approx((0.1, 0.1, 0.1))
    with pytest.raises(InputError, match="not of the same images"):
        face_identity.differences(rows, reference[::-1])


def test_a_record_holds_every_image_the_intervals_and_the_counts(tmp_path):
    rows = [*made([0.3, 0.1, 0.5], [80, 60, 120]), face_identity.FaceMeasures("none")]
    rows[0] = dataclasses.replace(rows[0], found=0)
    record = face_identity.record("model", rows, out=tmp_path)
    assert [row["euclidean"] for row in record.table("images")][:3] == [0.3, 0.1, 0.5]
    found = record.read("metrics")
    assert (found["images"], found["without_face"], found["not_found_again"]) == (4, 1, 1)
    assert found["euclidean"] == pytest.approx(0.3)
    assert len(record.table("by_brightness")) == 4
    assert "jitter" in record.read("config")["protocol"]


def test_a_record_compares_with_other_models_image_by_image(tmp_path):
    rows, bicubic = made([0.3, 0.5, 0.7], [1, 1, 1]), made([0.4, 0.7, 1.0], [1, 1, 1])
    record = face_identity.record("model", rows, out=tmp_path, data="ffhq", against={"bicubic": bicubic})
    assert record.id == "ffhq-model"
    (line,) = (row for row in record.table("differences") if row["measure"] == "euclidean")
    assert (line["reference"], line["images"], line["mean"]) == ("bicubic", 3, pytest.approx(-0.2))
    assert line["low"] < -0.2 < line["high"]
    assert "euclidean against bicubic -0.200" in record.read("metrics")["headline"]
    assert record.read("config")["references"] == ["bicubic"]


@pytest.fixture
def portraits(photograph, monkeypatch):
    """Two photographs as the test split of a data set, and a recogniser that knows their face."""
    crops = {"one": photograph[:64, :80], "two": photograph[32:96, 40:120]}
    photos = tuple(sources.Photo(name, lambda rgb=rgb: pictures.Picture(rgb)) for name, rgb in crops.items())
    monkeypatch.setattr(face_identity, "Recogniser", Known)
    return sources.ImageSet("faces", "test", photos)


def test_the_whole_picture_is_scored_by_the_evaluator(portraits):
    rows = [face_identity.measure(each, Known()) for each in protocol.enlarge_all(bicubic.upscale, portraits)]
    scores = protocol.evaluate(bicubic.upscale, portraits)
    assert [(row.image, row.psnr, row.ssim) for row in rows] == [(each.image, each.psnr, each.ssim) for each in scores]
    assert {"psnr", "ssim"} <= set(face_identity.MEASURES)


def test_models_are_measured_after_bicubic_and_the_reference_and_compared_with_both(portraits, tmp_path, monkeypatch):
    shades = {"bicubic": 0, "generic": 8, "own": 16}
    darker = {
        key: lambda lr, by=by: bicubic.upscale(lr) - np.minimum(bicubic.upscale(lr), by) for key, by in shades.items()
    }
    monkeypatch.setattr(face_identity.upscaler, "load", lambda name: darker[str(name).split("/")[-1].split(".")[0]])
    found = list(face_identity.measure_models(["there/own.npz"], portraits, reference="generic", out=tmp_path))
    assert [record.id for record in found] == ["faces-bicubic", "faces-generic", "faces-own"]
    assert [record.id for record in records.records(tmp_path)] == [record.id for record in found]
    own = found[-1].table("differences")
    assert [row["reference"] for row in own if row["measure"] == "psnr"] == ["bicubic", "generic"]
    psnr = {record.id: [row["psnr"] for row in record.table("images")] for record in found}
    for row in own:
        if row["measure"] == "psnr":
            assert row["mean"] == pytest.approx(np.mean(psnr["faces-own"]) - np.mean(psnr[f"faces-{row['reference']}"]))
    assert not (found[0].path / "differences.csv").exists()


def test_two_models_of_one_name_would_share_a_record(portraits, tmp_path):
    with pytest.raises(InputError, match="one record: .*a/own.npz, b/own.npz"):
        list(face_identity.measure_models(["a/own.npz", "b/own.npz"], portraits, out=tmp_path))


def test_without_the_recogniser_a_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(face_identity.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install .dlib-bin.* .face-recognition-models"):
        face_identity.Recogniser()


@pytest.fixture(scope="module")
def recogniser():
    for name in ("dlib", "face_recognition_models"):
        if importlib.util.find_spec(name) is None:  # the weights' package itself need not import: see face_identity
            pytest.skip("compares with a public recogniser: pip install -e '.[identity]'")
    return face_identity.Recogniser()


@pytest.fixture(scope="module")
def astronaut():
    """A face of about 100 pixels: Eileen Collins, uint8 (256, 256, 3)."""
    photos = {photo.id: photo for photo in sources.load("embedded", "test")}
    return photos["astronaut"].load().rgb[:256, 96:352]


def test_the_recogniser_finds_a_face_its_eyes_and_its_person(recogniser, astronaut):
    face = recogniser.find(astronaut)
    top, left, bottom, right = face.box
    assert (60 < top < bottom < 230, 60 < left < right < 230) == (True, True)
    eyes, mouth = face.landmarks[36:48].mean(axis=0), face.landmarks[48:].mean(axis=0)
    assert eyes[1] < mouth[1]
    assert recogniser.find(np.zeros((64, 64, 3), np.uint8)) is None
    own = recogniser.describe(astronaut, face.box)
    assert own.shape == (128,)
    mirrored = astronaut[:, ::-1]
    assert np.linalg.norm(own - recogniser.describe(mirrored, recogniser.find(mirrored).box)) < 0.4  # the same person


def test_enlarging_by_bicubic_costs_identity_and_the_original_nothing(recogniser, astronaut):
    lr = bicubic.downscale(astronaut)
    enlarged, itself = (measure(astronaut, sr, lr, recogniser) for sr in (bicubic.upscale(lr), astronaut))
    assert (itself.euclidean, itself.cosine, itself.landmark_error) == pytest.approx((0, 0, 0), abs=1e-9)
    assert 0.1 < enlarged.euclidean < 0.6
    assert 0 < enlarged.cosine < 0.2
    assert 0 < enlarged.landmark_error < 0.2


def test_on_real_portraits_bicubic_is_as_far_off_as_it_was(recogniser, data_root):
    # The first three of the test split, of which all take a minute; the first 60 gave 0.304.
    paths = pictures.find(data_root / "faces" / "test")[:3]
    photos = [sources.Photo(path.stem, lambda path=path: pictures.read(path)) for path in paths]
    enlarged = protocol.enlarge_all(bicubic.upscale, photos)
    rows = [face_identity.measure(each, recogniser) for each in enlarged]
    assert [row.face for row in rows] == [1, 1, 1]
    assert np.mean([row.euclidean for row in rows]) == pytest.approx(0.2875, abs=0.005)
