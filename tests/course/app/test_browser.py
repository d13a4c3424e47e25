"""The demo in a headless Chromium, as a page of Voilà's and in JupyterLab: one session each, used like a visitor would.

Screenshots go to SRLIB_SCREENSHOTS, else to pytest's temporary folder. Without Chromium, Playwright or Voilà the tests
are skipped.
"""

import base64
import contextlib
import io
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import numpy as np
import pytest
from PIL import Image

from srlib.course.app import demo
from srlib.imaging import pictures
from srlib.upscaling import model_files, upscaler

NAME = model_files.default()  # the network that the demo begins with

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra browser: pip install -e '.[browser]'")
pytest.importorskip("voila", reason="needs the extra app: pip install -e '.[app]'")
pytestmark = pytest.mark.browser
PATIENCE = 120_000  # milliseconds; the first score imports Keras
# Every visible text of the demo with its contrast to the first opaque ground behind it, as WCAG 2 defines contrast:
# axe-core leaves open what stands over a picture.
CONTRASTS = """() => {
  const light = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const [r, g, b, a = 1] = numbers(getComputedStyle(e).backgroundColor);
      if (a > 0.8) return [r, g, b].map((v) => v * a + 255 * (1 - a));
    }
    return [255, 255, 255];
  };
  const found = [], app = document.querySelector(".srlib-app");
  for (const e of app.querySelectorAll("*")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.getClientRects().length) continue;
    const [a, b] = [luminance(numbers(getComputedStyle(e).color)), luminance(ground(e))];
    found.push([e.textContent.trim().slice(0, 40), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
  }
  return found;
}"""
KERNEL_IS_READY = "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
DROP = """([zone, content, name]) => {
  const files = new DataTransfer();
  files.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name, { type: "image/png" }));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a photo, something that is none, and a second model."""
    folder = tmp_path_factory.mktemp("ein Ordner")
    Image.fromarray(demo.example().rgb[:300, 60:420]).save(folder / "my photo.png")
    (folder / "letter.png").write_text("not a picture")
    with np.load(model_files.find(NAME)) as archive:
        arrays = {name: archive[name] * np.float16(0.9) for name in archive.files if name != "header"}
        header = json.loads(archive["header"].tobytes())
    header["sha256"] = model_files.checksum(arrays)
    header["about"] = {"about": "the shipped one with weaker weights"}
    np.savez(folder / "weaker.npz", header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    return folder


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory):
    given = os.environ.get("SRLIB_SCREENSHOTS")
    folder = pathlib.Path(given) if given else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def browser(chromium):
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@contextlib.contextmanager
def served(words, folder, answers):
    """Run a server as a process of its own until the block ends; yields its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = pathlib.Path(__file__).resolve().parents[3]
    paths = {"PYTHONPATH": str(root), "JUPYTER_CONFIG_DIR": str(folder / "config"), "HOME": str(folder)}
    log = folder / "server.log"
    with open(log, "w") as output:
        process = subprocess.Popen(
            [sys.executable, *(word.format(port=port) for word in words)],
            cwd=folder,
            env={**os.environ, **paths},
            stdout=output,
            stderr=output,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: is_up(f"{address}{answers}") or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def is_up(address):
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


def until(condition, seconds=PATIENCE / 1000):
    """Wait until a condition holds; fail after that time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


def opened(browser):
    """A new page that notes the hosts from which something was loaded."""
    context = browser.new_context(viewport={"width": 1280, "height": 1300}, accept_downloads=True)
    page = context.new_page()
    page.hosts = set()
    page.set_default_timeout(PATIENCE)
    page.on("requestfinished", lambda request: page.hosts.add(request.url.split("/")[2].split(":")[0]))
    return page


def app_of(page):
    """The demo on a page, once it has shown its first result."""
    app = page.locator(".srlib-app")
    sync_api.expect(app.locator(".summary")).to_contain_text("px enlarged to", timeout=PATIENCE)
    return app


def settled(app, text):
    """Wait until the demo is at rest and its summary holds a text."""
    sync_api.expect(app.locator(".summary")).to_contain_text(text, timeout=PATIENCE)
    sync_api.expect(app.locator(".progress")).to_be_hidden(timeout=PATIENCE)


def pixels(locator):
    """What is seen of an element: uint8 array."""
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def use(app, place, screenshots, prefix):
    """What a visitor does: upload, compare, switch the network, take the result away; the same in both places."""
    page, expect = app.page, sync_api.expect
    app.locator("input.file").set_input_files(place / "my photo.png")
    expect(app.get_by_role("img", name="The photo: my photo.png, 360 by 300 pixels")).to_be_visible()
    settled(app, f"50×50 px enlarged to 200×200 by {NAME}")
    expect(app.get_by_text("Never for identification")).to_be_visible()
    move_the_slider(app)
    app.screenshot(path=screenshots / f"{prefix}-uploaded.png")
    with page.expect_download() as download:
        app.get_by_role("button", name="Download the result as PNG").click()
    assert download.value.suggested_filename == f"my-photo-x4-{NAME}.png"
    saved = pictures.read(download.value.path()).rgb
    assert np.array_equal(saved, enlarged(place / "my photo.png"))
    switch_to_the_weaker_network(app, screenshots / f"{prefix}-other-network.png")


def move_the_slider(app):
    """By keyboard and by pointer; what is seen changes from the one picture to the other."""
    slider, stage = app.get_by_role("slider"), app.locator(".stage")
    slider.focus()
    app.page.keyboard.press("Home")
    all_right = pixels(stage)
    app.page.keyboard.press("End")
    all_left = pixels(stage)
    middle = np.s_[60:-60, 60:-60]
    assert np.abs(all_right[middle] - all_left[middle]).mean() > 1
    app.page.keyboard.press("ArrowLeft")
    sync_api.expect(slider).to_have_attribute("aria-valuetext", f"99 % Bicubic, 1 % {NAME}", timeout=20_000)
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    app.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    sync_api.expect(slider).to_have_value("50", timeout=20_000)
    half = pixels(stage)
    side = half.shape[1] // 2 - 40
    left, right = np.s_[60:-60, 90:side], np.s_[60:-60, -side:-90]
    assert np.abs(half[left] - all_left[left]).mean() < 0.2  # what scrolling by parts of a pixel changes
    assert np.abs(half[right] - all_right[right]).mean() < 0.2


def enlarged(path):
    """What the demo should give for a photo's first crop, by the shipped network, in float32."""
    picture = pictures.read(path)
    request = demo.Request(picture, demo.square(picture), NAME)
    lr = demo.prepared(request)[0]
    return upscaler.load(NAME, pixels=lr[..., 0].size)(lr)


def switch_to_the_weaker_network(app, screenshot):
    before = app.locator("tbody tr").nth(1).inner_text()
    app.get_by_label("Network").select_option(label="weaker")
    settled(app, "by weaker in")
    row = app.locator("tbody tr").nth(1)
    assert row.inner_text().startswith("weaker")
    assert row.inner_text().split()[1:] != before.split()[1:]
    sync_api.expect(app.locator(".tag.after")).to_have_text("weaker")
    app.screenshot(path=screenshot)


def test_the_page_takes_a_photo_compares_and_gives_the_result(browser, place, screenshots, broken_rules):
    words = ["-m", "srlib.cli.main", "app", "--port", "{port}", "--no-browser", "--model", str(place / "weaker.npz")]
    with served(words, place, "/voila/static/voila.js") as address:
        page = opened(browser)
        sent = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
        page.goto(address)
        app = app_of(page)
        app.screenshot(path=screenshots / "page-first.png")
        use(app, place, screenshots, "page")
        check_that_the_slider_asks_nobody(app, sent)
        check_what_can_go_wrong(app, place, screenshots)
        check_crop_and_difference(app, screenshots)
        check_cancelling(app, place)
        check_accessibility(app, broken_rules)
        assert page.hosts == {"127.0.0.1"}


def check_that_the_slider_asks_nobody(app, sent):
    count = len(sent)
    app.get_by_role("slider").focus()
    for _ in range(5):
        app.page.keyboard.press("ArrowRight")
    assert len(sent) == count > 0


def check_what_can_go_wrong(app, place, screenshots):
    """A file that is no photo is a message, and everything still works; a photo may also be dropped."""
    app.locator("input.file").set_input_files(place / "letter.png")
    sync_api.expect(app.get_by_role("alert")).to_contain_text("letter.png: not a picture in a known format")
    app.screenshot(path=screenshots / "page-unreadable.png")
    app.get_by_role("radio", name="250×250").check()
    sync_api.expect(app.get_by_role("alert")).to_contain_text("needs an original of 1000")
    sync_api.expect(app.get_by_role("button", name="Download")).to_be_disabled()
    app.get_by_role("radio", name="50×50", exact=True).check()
    settled(app, "50×50 px enlarged")
    content = base64.b64encode((place / "my photo.png").read_bytes()).decode()
    app.locator(".drop").evaluate("(zone, rest) => (" + DROP + ")([zone, ...rest])", [content, "dropped.png"])
    sync_api.expect(app.get_by_role("img", name="The photo: dropped.png")).to_be_visible()
    settled(app, "50×50 px enlarged")


def check_crop_and_difference(app, screenshots):
    """The crop by arrow keys, as it is; without an original there is no score, and the map shows what was added."""
    crop = app.get_by_role("application")
    before = crop.get_attribute("aria-label")
    crop.focus()
    app.page.keyboard.press("ArrowDown")
    app.page.keyboard.press("-")
    assert crop.get_attribute("aria-label") != before
    app.get_by_role("radio", name="Enlarge the crop as it is").check()
    settled(app, "The original is not known")
    sync_api.expect(app.locator("table")).to_be_hidden()
    sync_api.expect(app.get_by_role("radio", name="100×100")).to_be_disabled()
    app.get_by_label("Right").select_option(label="weaker less bicubic")
    sync_api.expect(app.get_by_text("32 grey levels apart or more")).to_be_visible()
    app.screenshot(path=screenshots / "page-difference.png")


def check_cancelling(app, place):
    """A large picture shows its progress and can be given up."""
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)).save(place / "large.png")
    app.get_by_role("radio", name="Enlarge the whole photo as it is").check()
    app.locator("input.file").set_input_files(place / "large.png")
    sync_api.expect(app.get_by_role("img", name="The photo: large.png")).to_be_visible()
    sync_api.expect(app.get_by_role("progressbar")).to_be_visible()
    app.get_by_role("button", name="Cancel").click()
    sync_api.expect(app.get_by_role("alert")).to_have_text("Cancelled.", timeout=PATIENCE)
    app.get_by_role("button", name="Example").click()
    app.get_by_role("radio", name="Shrink the crop first").check()
    settled(app, "50×50 px enlarged")


def check_accessibility(app, broken_rules):
    """Contrast of AA on every text; names on every control and picture."""
    assert broken_rules(app.page, ".srlib-app") == {}
    low = [(text, ratio) for text, ratio in app.page.evaluate(CONTRASTS) if ratio < 4.5]
    assert low == []
    for role, names in {
        "slider": ["Before and after"],
        "combobox": ["Left", "Right", "Network"],
        "button": ["Example", "Download the result as PNG"],
        "radio": ["Shrink the crop first", "100×100"],
        "group": ["Photo", "What to do", "Size of the small input"],
        "img": ["The photo", "Bicubic, seen left", "seen right of the slider"],
    }.items():
        for name in names:
            sync_api.expect(app.get_by_role(role, name=name)).to_be_visible()
    sync_api.expect(app.get_by_label("Choose a photo")).to_have_count(1)


def test_the_notebook_s_app_works_in_jupyterlab(browser, place, screenshots, repository):
    notebook = nbformat.read(repository / "notebooks" / "11_your_photo.ipynb", 4)
    (parameters,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    for old, new in {'"cpu"': '"smoke"', "own_models = []": "own_models = ['weaker.npz']"}.items():
        parameters.source = parameters.source.replace(old, new)
    last = next(index for index, cell in enumerate(notebook.cells) if "widget.App(" in cell.source)
    notebook.cells = notebook.cells[: last + 1]  # JupyterLab takes cells out of the page that are far from the last one
    nbformat.write(notebook, place / "photo.ipynb")
    words = ["-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser", "--port={port}"]
    words += ["--IdentityProvider.token=", f"--ServerApp.root_dir={place}"]
    with served(words, place, "/api") as address:
        page = opened(browser)
        page.goto(f"{address}/lab/tree/photo.ipynb?reset")
        page.get_by_role("heading", name="11 · Your photo").wait_for()
        page.wait_for_function(KERNEL_IS_READY)
        page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells'); }")
        app = app_of(page)
        app.scroll_into_view_if_needed()
        use(app, place, screenshots, "lab")
