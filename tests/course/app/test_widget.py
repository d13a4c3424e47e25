"""The demo's widget without a browser: what it shows after which message."""

import io
import threading

import numpy as np
import pytest
from PIL import Image

from srlib.course.app import demo, widget
from srlib.imaging import pictures


def png(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def app(noise):
    """The demo on a photo of noise, as it is: nothing is scored."""
    made = widget.App(pictures.Picture(noise(30, 50)), "noise", mode="crop")
    made.wait()
    return made


def receive(app, content, *buffers):
    app._receive(app, content, buffers)
    app.wait()


def test_it_begins_with_a_result_of_the_photo_s_first_crop(app):
    assert app.square == [10, 0, 30]
    assert (app.busy, app.message, app.share) == (False, "", 1.0)
    assert {"name": "noise", "width": 50, "height": 30}.items() <= app.photo.items()
    assert list(app.result["pictures"]) == ["input", "bicubic", "model", "difference"]
    shown = np.asarray(Image.open(io.BytesIO(app.result["pictures"]["model"]["data"])))
    assert np.array_equal(shown, app.outcome.sr)


def test_the_page_is_told_of_consent_and_of_every_choice(app):
    assert [app.texts[name] for name in ("consent", "warning")] == [demo.TEXTS[name] for name in ("consent", "warning")]
    assert "Nothing leaves this machine" in app.texts["privacy"]
    assert [each["name"] for each in app.models] == [name for name, _ in demo.choices()]
    assert [each["name"] for each in app.modes] == list(demo.MODES)
    assert app.sides == [50, 100, 250]


def test_on_colab_the_page_says_whose_machine_it_is(monkeypatch):
    monkeypatch.setitem(widget.sys.modules, "google.colab", object())
    assert "at Colab" in widget._privacy()


def test_without_a_photo_it_shows_the_example():
    app = widget.App(mode="crop")
    outcome = app.wait()
    assert np.array_equal(outcome.lr, demo.crop(demo.example(), demo.EXAMPLE_FACE).rgb)


@pytest.mark.parametrize("change, shape", [({"mode": "whole"}, (120, 200)), ({"square": [0, 5, 20]}, (80, 80))])
def test_a_changed_choice_is_followed(app, change, shape):
    for name, value in change.items():
        setattr(app, name, value)
    assert app.wait().sr.shape[:2] == shape
    assert (app.result["height"], app.result["width"]) == shape


def test_a_file_comes_in_parts(app, noise, monkeypatch):
    content = png(noise(20, 24, 1))
    about = {"kind": "upload", "name": "b.png", "parts": 2}
    receive(app, {**about, "part": 0}, content[:200])
    assert app.photo["name"] == "noise"
    receive(app, {**about, "part": 1}, memoryview(content[200:]))
    assert (app.photo["name"], app.square) == ("b.png", [2, 0, 20])
    assert np.array_equal(app.outcome.lr, noise(20, 24, 1)[:, 2:22])


def test_an_upload_that_stopped_half_way_spoils_not_the_next(app, noise):
    receive(app, {"kind": "upload", "name": "a.png", "part": 0, "parts": 2}, b"half")
    receive(app, {"kind": "upload", "name": "b.png", "part": 0, "parts": 1}, png(noise(20, 20)))
    assert (app.photo["name"], app.message) == ("b.png", "")


def test_what_is_no_picture_is_a_message_and_the_photo_stays(app, noise):
    receive(app, {"kind": "upload", "name": "a.txt", "part": 0, "parts": 1}, b"words")
    assert app.message.startswith("a.txt: not a picture in a known format. Choose another photo")
    assert app.photo["name"] == "noise" and app.result
    receive(app, {"kind": "upload", "name": "b.png", "part": 0, "parts": 1}, png(noise(20, 20)))
    assert (app.photo["name"], app.message) == ("b.png", "")


def test_an_empty_file_is_a_message(app):
    receive(app, {"kind": "upload", "name": "a.png", "part": 0, "parts": 1})
    assert "a.png: the file is empty" in app.message


def test_a_file_too_large_is_refused_here_and_in_the_page(app, monkeypatch):
    monkeypatch.setattr(widget, "_LARGEST_FILE", 5)
    receive(app, {"kind": "upload", "name": "a.png", "part": 0, "parts": 3}, b"123456")
    assert "a.png: more than" in app.message
    receive(app, {"kind": "refuse", "message": "too large"})
    assert app.message == "too large"


def test_what_cannot_be_done_is_a_message_without_a_result(app):
    app.mode = "test"
    assert app.wait() is None
    assert "needs an original of 200" in app.message and app.result == {} and not app.busy
    app.mode = "crop"
    assert app.wait() is not None and app.message == ""


def test_an_unexpected_error_is_a_message_too(app, monkeypatch):
    def fails(*arguments, **options):
        raise MemoryError("planted")

    monkeypatch.setattr(demo, "run", fails)
    app.mode = "whole"
    app.wait()
    assert "MemoryError: planted" in app.message and not app.busy


def until_cancelled():
    """(an event that is set when it begins, work in place of `demo.run` that is half done and never ends by itself)."""
    begun = threading.Event()

    def endless(request, report, cancelled):
        report(0.5)
        begun.set()
        while not cancelled():
            pass
        raise demo.Cancelled

    return begun, endless


def test_work_can_be_cancelled(app, monkeypatch):
    begun, endless = until_cancelled()
    monkeypatch.setattr(demo, "run", endless)
    app.mode = "whole"
    assert begun.wait(10) and app.busy and app.share == 0.5
    receive(app, {"kind": "cancel"})
    assert (app.message, app.busy, app.result) == ("Cancelled.", False, {})


def test_a_newer_choice_ends_the_work_on_an_older_one_in_silence(app, monkeypatch):
    run, (begun, endless) = demo.run, until_cancelled()

    def run_crops(request, report, cancelled):
        return (run if request.mode == "crop" else endless)(request, report, cancelled=cancelled)

    monkeypatch.setattr(demo, "run", run_crops)
    app.mode = "whole"
    assert begun.wait(10)
    app.mode = "crop"
    assert app.wait() is not None and (app.message, app.busy) == ("", False)


def test_the_result_is_sent_in_parts_that_make_the_whole_file(app, monkeypatch):
    sent = []
    monkeypatch.setattr(widget, "_PART", 1000)
    monkeypatch.setattr(app, "send", lambda content, buffers: sent.append((content, buffers[0])))
    receive(app, {"kind": "download"})
    whole = b"".join(part for _, part in sent)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(whole))), app.outcome.sr)
    assert [about["part"] for about, _ in sent] == list(range(sent[0][0]["parts"])) and len(sent) > 2
    assert sent[0][0]["name"] == app.result["file"] == f"noise-x4-{app.model}.png"


def test_the_example_can_be_had_again(app):
    receive(app, {"kind": "example"})
    assert app.photo["name"] == "the example" and app.square == [124, 12, 200]


def test_scores_stand_in_the_result_where_the_original_is_known():
    app = widget.App()
    outcome = app.wait()
    rows = {row["name"]: row["psnr"] for row in app.result["scores"]}
    assert rows == {name: f"{psnr:.2f}" for name, (psnr, _) in outcome.scores.items()}
    assert list(rows) == ["bicubic", app.model]
