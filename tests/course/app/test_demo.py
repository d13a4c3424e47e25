"""What the demo does with a photo, without its widget."""

import io

import numpy as np
import pytest
from PIL import Image

from srlib.course.app import demo
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic, metrics, pictures
from srlib.upscaling import upscaler

MODEL = "srresnet-small"


def file(array, kind="PNG", mode=None):
    """A picture file's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(array, mode).save(buffer, kind)
    return buffer.getvalue()


def request(picture, **changes):
    """A request for the middle square of an array."""
    found = pictures.Picture(picture)
    side = min(picture.shape[:2])
    return demo.Request(**{"picture": found, "square": demo.Square(0, 0, side), "model": "bicubic", **changes})


def test_transparent_parts_of_a_photo_are_white():
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [100, 0, 200, 51]]], np.uint8).repeat(16, 0).repeat(16, 1)
    found = demo.photo(file(rgba))
    assert found.alpha is None
    # A fifth of the colour, four fifths of white: 0.2 · 100 + 0.8 · 255 = 224.
    assert found.rgb[0, ::16].tolist() == [[10, 20, 30], [255, 255, 255], [224, 204, 244]]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "letter.png: the file is empty"),
        (b"not a picture", "letter.png: not a picture in a known format"),
        (file(np.zeros((64, 64, 3), np.uint8), "JPEG")[:300], "letter.png: the picture is damaged"),
        (file(np.zeros((15, 40, 3), np.uint8)), "letter.png: 40×15 px is too small; each side needs 16"),
    ],
)
def test_what_is_no_photo_is_named(content, message):
    with pytest.raises(InputError, match=message):
        demo.photo(content, "letter.png")


def test_the_first_crop_is_the_middle_where_there_is_no_face(noise):
    assert demo.square(pictures.Picture(noise(40, 100))) == demo.Square(30, 0, 40)
    assert demo.square(pictures.Picture(noise(101, 40))) == demo.Square(0, 30, 40)


def test_the_first_crop_holds_the_face_and_is_large_enough_for_the_smallest_input():
    pytest.importorskip("cv2", reason="finds faces with OpenCV")
    found = demo.square(demo.example())
    assert found.left < 190 and found.left + found.side > 260 and found.top < 80 and found.top + found.side > 160
    assert 200 <= found.side < 300


@pytest.mark.parametrize(
    "given, expected",
    [
        (demo.Square(300, 300, 100), demo.Square(250, 250, 200)),
        (demo.Square(10, 380, 60), demo.Square(0, 300, 200)),
        (demo.Square(5, 6, 240), demo.Square(5, 6, 240)),
    ],
)
def test_a_crop_too_small_to_be_shrunk_grows_about_its_middle_inside_the_picture(given, expected):
    assert demo._grown(given, 500, 600) == expected


def test_a_crop_is_cut_out(noise):
    picture = pictures.Picture(noise(40, 50), grey=True)
    cut = demo.crop(picture, demo.Square(7, 3, 20))
    assert np.array_equal(cut.rgb, picture.rgb[3:23, 7:27]) and cut.grey


@pytest.mark.parametrize(
    "square, message",
    [
        (demo.Square(0, 0, 15), "15 px wide"),
        (demo.Square(-1, 0, 20), "inside the photo of 50×40"),
        (demo.Square(31, 0, 20), "inside the photo of 50×40"),
        (demo.Square(0, 21, 20), "inside the photo of 50×40"),
    ],
)
def test_a_crop_outside_the_photo_or_too_small_is_refused(noise, square, message):
    with pytest.raises(InputError, match=message):
        demo.crop(pictures.Picture(noise(40, 50)), square)


def test_in_the_test_the_original_is_the_crop_and_the_input_that_shrunk_by_matlabs_bicubic(noise):
    picture = noise(210, 220)
    lr, original = demo.prepared(request(picture, square=demo.Square(8, 4, 200)))
    assert np.array_equal(original.rgb, picture[4:204, 8:208])
    assert np.array_equal(lr, bicubic.downscale(original.rgb)) and lr.shape == (50, 50, 3)


def test_a_larger_crop_is_reduced_to_the_original_first(noise):
    picture = noise(230, 230)
    lr, original = demo.prepared(request(picture))
    assert np.array_equal(original.rgb, bicubic.imresize(picture, (200, 200)))
    assert np.array_equal(lr, bicubic.imresize(original.rgb, (50, 50)))


@pytest.mark.parametrize("mode, shape", [("crop", (40, 40, 3)), ("whole", (40, 70, 3))])
def test_as_it_is_the_photo_is_the_input_and_the_original_unknown(noise, mode, shape):
    picture = noise(40, 70)
    lr, original = demo.prepared(request(picture, mode=mode))
    assert original is None
    assert np.array_equal(lr, picture[: shape[0], : shape[1]])


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"side": 100}, "the crop has 210 px a side, but an input of 100×100 needs an original of 400"),
        ({"mode": "sharper"}, "unknown mode 'sharper': choose one of test, crop, whole"),
    ],
)
def test_what_cannot_be_done_is_explained(noise, changes, message):
    with pytest.raises(InputError, match=message):
        demo.prepared(request(noise(210, 220), **changes))


def test_a_picture_too_large_to_be_enlarged_as_it_is_is_refused():
    black = np.zeros((1000, 1001, 3), np.uint8)
    with pytest.raises(InputError, match="1001×1000 px would become 4004×4000"):
        demo.prepared(request(black, mode="whole"))
    assert demo.prepared(request(black, mode="crop"))[0].size == 3_000_000


def test_a_run_gives_the_models_picture_and_scores_by_the_protocol():
    ours = demo.Request(demo.example(), demo.EXAMPLE_FACE, MODEL)
    outcome = demo.run(ours)
    lr, original = demo.prepared(ours)
    assert np.array_equal(outcome.sr, upscaler.load(MODEL, pixels=lr[..., 0].size)(lr))
    assert np.array_equal(outcome.bicubic, bicubic.upscale(lr))
    assert outcome.scores[MODEL] == protocol.score(original, outcome.sr)
    assert outcome.scores["bicubic"] == protocol.score(original, outcome.bicubic)
    assert outcome.scores[MODEL][0] > outcome.scores["bicubic"][0] + 1
    gain = outcome.scores[MODEL][0] - outcome.scores["bicubic"][0]
    assert demo.summary(outcome).startswith(f"50×50 px enlarged to 200×200 by {MODEL} in ")
    assert demo.summary(outcome).endswith(f"s: {gain:.2f} dB more PSNR than bicubic.")


def test_a_grey_photo_stays_grey_and_is_scored_on_its_grey_values():
    grey = demo.example().rgb[:200, 124:324, :1].repeat(3, 2)
    picture = pictures.Picture(grey, grey=True)
    outcome = demo.run(demo.Request(picture, demo.Square(0, 0, 200), MODEL))
    assert np.array_equal(outcome.sr[..., 0], outcome.sr[..., 2])
    inner = np.s_[4:-4, 4:-4, 0]
    assert outcome.scores[MODEL][0] == pytest.approx(metrics.psnr(grey[inner], outcome.sr[inner]))


def test_without_an_original_there_is_no_score_and_no_verdict(noise):
    outcome = demo.run(request(noise(30, 40), mode="whole", model=MODEL))
    assert outcome.scores == {} and outcome.sr.shape == (120, 160, 3)
    assert "The original is not known" in demo.summary(outcome)


def test_progress_is_told_tile_by_tile_and_ends_at_one(noise, monkeypatch):
    monkeypatch.setattr(demo, "_TILE", 8)
    told = []
    demo.run(request(noise(17, 70), mode="whole", model=MODEL), told.append)
    assert told[0] == 0.0 and told[-1] == 1.0
    assert told == sorted(told) and len(set(told)) > 2


@pytest.mark.parametrize("after", [0, 1])
def test_cancelled_work_ends_before_the_next_tile(noise, monkeypatch, after):
    monkeypatch.setattr(demo, "_TILE", 8)
    told = []
    with pytest.raises(demo.Cancelled):
        demo.run(request(noise(17, 70), mode="whole", model=MODEL), told.append, cancelled=lambda: len(told) > after)
    assert len(told) == after + 1


def test_a_difference_map_is_black_where_nothing_differs_and_brightest_from_the_peak_on():
    one, other = np.zeros((1, 3, 3), np.uint8), np.zeros((1, 3, 3), np.uint8)
    other[0, 1], one[0, 2] = demo.PEAK, 255
    found = demo.difference(one, other)
    assert found[0, 0].tolist() == [0, 0, 3]  # the dark end of inferno
    assert np.array_equal(found[0, 1], found[0, 2]) and found[0, 1].tolist() == [252, 254, 164]


def test_a_difference_is_the_mean_over_the_colours():
    one, other = np.zeros((1, 2, 3), np.uint8), np.array([[[30, 0, 0], [10, 10, 10]]], np.uint8)
    assert np.array_equal(*demo.difference(one, other)[0])


def test_the_views_hold_the_original_and_the_error_only_where_they_are_known(noise):
    known = demo.views(demo.run(request(noise(200, 200))))
    assert list(known) == ["input", "bicubic", "model", "original", "difference"]
    assert np.array_equal(known["difference"][1], demo.difference(known["model"][1], known["original"][1]))
    unknown = demo.views(demo.run(request(noise(20, 20), mode="crop", model=MODEL)))
    assert list(unknown) == ["input", "bicubic", "model", "difference"]
    assert unknown["difference"][0] == f"{MODEL} less bicubic"
    assert np.array_equal(unknown["difference"][1], demo.difference(unknown["model"][1], unknown["bicubic"][1]))


def test_files_keep_every_pixel_and_are_reduced_for_the_screen_only(noise):
    image = noise(30, 60)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(demo.encoded(image)))), image)
    assert Image.open(io.BytesIO(demo.encoded(image, 20))).size == (20, 10)
    small = Image.open(io.BytesIO(demo.encoded(image, 20, kind="JPEG")))
    assert (small.size, small.format) == ((20, 10), "JPEG")


def test_a_result_is_named_after_photo_and_model(noise):
    outcome = demo.run(request(noise(20, 20), mode="crop"))
    assert demo.file_name(outcome, "Holiday at sea.final.jpeg") == "Holiday-at-sea.final-x4-bicubic.png"


def test_the_best_shipped_model_comes_first_and_own_ones_last(tmp_path):
    from srlib.upscaling import model_files

    own = tmp_path / "own.npz"
    own.write_bytes(model_files.find(MODEL).read_bytes())
    names = [name for name, _ in demo.choices([own])]
    assert names[0] == model_files.default() and names[-1] == str(own)
    assert set(names[:-1]) == set(model_files.available())
    assert dict(demo.choices())[MODEL] == model_files.header(MODEL)["about"]["about"]
    with pytest.raises(InputError, match="unknown model 'nowhere.npz'"):
        demo.choices(["nowhere.npz"])


def test_the_warning_is_plain():
    assert "Never for identification" in demo.TEXTS["warning"] and "agreed" in demo.TEXTS["consent"]
