"""The demo as one widget: drop a photo, crop it, enlarge it, compare before and after, take the result away.

anywidget carries it into JupyterLab, Colab and Voilà alike; what is seen and clicked is in page/app.js. Photos come in
parts, as a server takes no message of any size, and stay in this process' memory.
"""

import concurrent.futures
import pathlib
import sys
import threading
from typing import Any

import anywidget
import traitlets

from srlib.course.app import demo
from srlib.errors import InputError
from srlib.imaging.pictures import Picture

_FOLDER = pathlib.Path(__file__).parent / "page"
_PART = 2**20  # bytes of a message
_LARGEST_FILE = 200 * _PART
_SHOWN, _CHOSEN_ON = 1600, 720  # pixels of the longer side on the screen: results, and the photo to crop


class App(anywidget.AnyWidget):
    """The demo; whose photos to use, and what a result is no evidence of, stand at its top.

    Args:
        picture: photo to begin with; default: `demo.example()`.
        name: what it is called.
        further: paths of model files to choose from, beside those that are shipped.
        options: `model`, `mode` or `side` to begin with (see `demo.Request`).
    """

    _esm = (_FOLDER / "app.js").read_text(encoding="utf-8")
    _css = (_FOLDER / "app.css").read_text(encoding="utf-8")

    texts = traitlets.Dict().tag(sync=True)
    models = traitlets.List().tag(sync=True)
    modes = traitlets.List().tag(sync=True)
    sides = traitlets.List().tag(sync=True)
    photo = traitlets.Dict().tag(sync=True)
    square = traitlets.List(traitlets.Int()).tag(sync=True)
    model = traitlets.Unicode().tag(sync=True)
    mode = traitlets.Unicode("test").tag(sync=True)
    side = traitlets.Int(demo.SIDES[0]).tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    share = traitlets.Float(0.0).tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    result = traitlets.Dict().tag(sync=True)

    def __init__(
        self, picture: Picture | None = None, name: str = "the example", *, further: demo.Paths = (), **options: Any
    ) -> None:
        choices = demo.choices(further)
        options.setdefault("model", choices[0][0])
        super().__init__(
            texts={"consent": demo.TEXTS["consent"], "warning": demo.TEXTS["warning"], "privacy": _privacy()},
            models=[{"name": name, "label": demo.label(name), "about": about} for name, about in choices],
            modes=[{"name": name, "label": label} for name, label in demo.MODES.items()],
            sides=list(demo.SIDES),
            **options,
        )
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._stop, self._future, self._parts, self.outcome = threading.Event(), None, [], None
        self._take(picture, name)
        self.observe(lambda change: self._start(), ["model", "mode", "side", "square"])
        self.on_msg(self._receive)

    def wait(self) -> demo.Outcome | None:
        """Return once nothing is being enlarged any more: the outcome, or None where there is none."""
        if self._future:
            self._future.result()
        return self.outcome

    def upload(self, content: bytes, name: str) -> None:
        """Show the picture in a file's bytes and enlarge it; what is no picture is a message."""
        try:
            self._take(demo.photo(content, name), name)
        except InputError as error:
            self.message = f"{error}. Choose another photo, such as a JPEG or PNG."

    def cancel(self) -> None:
        """End what is being enlarged."""
        self._stop.set()

    def _take(self, picture, name="the example"):
        """Make a picture, or the example instead of None, the photo, with a first crop, and begin."""
        self._stop.set()
        self._picture = picture or demo.example()
        square = demo.square(picture) if picture else demo.EXAMPLE_FACE
        small = demo.encoded(self._picture.rgb, _CHOSEN_ON, kind="JPEG")
        height, width = self._picture.rgb.shape[:2]
        shown = {"name": name, "width": width, "height": height, "data": small}
        with self.hold_trait_notifications():
            self.photo, self.square = shown, [square.left, square.top, square.side]
        self._start()

    def _start(self):
        """Enlarge what is now asked for, in place of whatever is under way."""
        self._stop.set()
        self._stop = threading.Event()
        self.busy, self.share, self.message = True, 0.0, ""
        request = demo.Request(self._picture, demo.Square(*self.square), self.model, self.mode, self.side)
        self._future = self._pool.submit(self._work, request, self._stop)

    def _work(self, request, stop):
        """Do a request, unless it was overtaken by another meanwhile; errors become the message."""
        if stop is not self._stop:
            return
        message, outcome = "", None
        try:
            outcome = demo.run(request, lambda share: self._report(share, stop), cancelled=stop.is_set)
        except demo.Cancelled:
            message = "Cancelled."
        except InputError as error:
            message = str(error)
        except Exception as error:  # a visitor must see it, there is no console on a page
            message = f"That did not work ({type(error).__name__}: {error}). Try another photo or a smaller crop."
        if stop is self._stop:
            self.outcome, self.result = outcome, _shown(outcome, self.photo["name"]) if outcome else {}
            self.message, self.busy = message, False

    def _report(self, share, stop):
        if stop is self._stop:
            self.share = share

    def _receive(self, widget, content, buffers):
        """Answer a message of the page: a part of a file, or a wish to cancel, to have the example or the result."""
        kind = content.get("kind")
        if kind == "upload":
            self._collect(content, b"".join(map(bytes, buffers)))
        elif kind == "refuse":
            self.message = content["message"]
        elif kind == "example":
            self._take(None)
        elif kind == "cancel":
            self.cancel()
        elif kind == "download" and self.outcome:
            self._send_file(demo.encoded(self.outcome.sr))

    def _collect(self, content, part):
        """Put the parts of a file together, which come in order, and take the whole."""
        if content["part"] == 0:
            self._parts = []
        self._parts.append(part)
        if sum(map(len, self._parts)) > _LARGEST_FILE:
            self._parts, self.message = [], f"{content['name']}: more than {_LARGEST_FILE >> 20} MB is no photo"
        elif content["part"] + 1 == content["parts"]:
            whole, self._parts = b"".join(self._parts), []
            self.upload(whole, content["name"])

    def _send_file(self, content):
        """Send a file to the page in parts."""
        starts = range(0, len(content), _PART)
        for part, start in enumerate(starts):
            about = {"kind": "file", "name": self.result["file"], "part": part, "parts": len(starts)}
            self.send(about, [content[start : start + _PART]])


def _privacy():
    """Where the photo goes, in a sentence: Colab's machine is not the reader's."""
    return demo.TEXTS["privacy"]["colab" if "google.colab" in sys.modules else "here"]


def _shown(outcome, name):
    """An outcome as the page takes it: pictures as PNG, scores as text."""
    height, width = outcome.sr.shape[:2]
    views, scores = demo.views(outcome), outcome.scores.items()
    return {
        "pictures": {key: {"label": text, "data": demo.encoded(view, _SHOWN)} for key, (text, view) in views.items()},
        "scores": [{"name": key, "psnr": f"{psnr:.2f}", "ssim": f"{ssim:.3f}"} for key, (psnr, ssim) in scores],
        "summary": demo.summary(outcome),
        "file": demo.file_name(outcome, name),
        "width": width,
        "height": height,
        "peak": demo.PEAK,
    }
