"""What the tests share: the development data, a few pictures, and small networks with random weights."""

import os
import pathlib
import shutil

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

ROOT = pathlib.Path(__file__).parents[1]


def pytest_configure(config):
    """Pass over what nobody here can act on: how Keras makes NumPy arrays, and that tf.data stays a graph."""
    for message in ("__array__ implementation doesn't accept a copy:DeprecationWarning", "Even though the .tf.config"):
        config.addinivalue_line("filterwarnings", f"ignore:{message}")


@pytest.fixture(scope="session")
def data_root():
    """The development data (real photographs), as a data root."""
    given = os.environ.get("SRLIB_DATA_ROOT")
    root = pathlib.Path(given) if given else ROOT.parent / "shared" / "data"
    if not (root / "benchmarks").is_dir():
        pytest.skip("needs the development data: set SRLIB_DATA_ROOT")
    return root


@pytest.fixture(scope="session")
def repository():
    """The folder that holds srlib/ and tests/."""
    return ROOT


@pytest.fixture(scope="session")
def chromium():
    """The path of a Chromium, for tests that drive one."""
    found = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    return next(found, None) or pytest.skip("needs Chromium: apt-get install chromium")


@pytest.fixture(scope="session")
def broken_rules():
    """A function of (page of Playwright's[, selector]) that gives the rules of WCAG 2.1 AA that it breaks, by axe-core.

    axe-core is the engine that browsers' own audits use. Each rule comes with the first element that breaks it.
    """
    reason = "needs the extra browser: pip install -e '.[browser]'"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    rules = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}

    def found(page, selector=None):
        broken = axe.Axe().run(page, selector, rules).response["violations"]
        return {rule["id"]: rule["nodes"][0]["html"][:120] for rule in broken}

    return found


@pytest.fixture(scope="session")
def photograph():
    """A real photograph: the middle of the astronaut, uint8 (96, 120, 3)."""
    from srlib.data import sources

    photos = {photo.id: photo for photo in sources.load("embedded", "test")}
    return photos["astronaut"].load().rgb[60:156, 160:280]


@pytest.fixture
def noise():
    """A function of (height, width[, seed]) that gives a uint8 picture of independent random pixels."""
    return lambda height, width, seed=0: np.random.default_rng(seed).integers(
        0, 256, (height, width, 3), dtype=np.uint8
    )


@pytest.fixture(scope="session")
def small():
    """A function of settings that gives the `Config` of a network of a few hundred weights, in float32."""
    from srlib import config

    settings = {"generator_filters": 4, "discriminator_filters": 2, "discriminator_dense": 4, "precision": "float32"}
    return lambda **changes: config.resolve("smoke", 0, {**settings, "hr_patch": 16, "batch": 2, **changes})


@pytest.fixture(scope="session")
def randomise():
    """A function of (network[, seed]) that gives every weight a random value, moving variances a positive one."""

    def set_weights(network, seed=0):
        random = np.random.default_rng(seed)
        for weight in network.weights:
            fans = np.sqrt(np.prod(weight.shape[:-1]))
            value = (
                random.normal(0, 1 / fans, weight.shape)
                if len(weight.shape) > 1
                else random.normal(0, 0.1, weight.shape)
            )
            weight.assign(1 + abs(value) if weight.path.endswith(("gamma", "variance")) else value)
        return network

    return set_weights


@pytest.fixture(scope="session")
def random_generator(randomise):
    """A function of (config[, seed]) that gives a generator no weight of which has its starting value."""
    from srlib.srgan import generator

    return lambda config, seed=0: randomise(generator.build(config), seed)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """The header of the one model that is shipped while a test runs, named "own"."""
    from srlib import config
    from srlib.srgan import generator
    from srlib.upscaling import model_files

    settings = {"generator_blocks": 1, "generator_filters": 4, "bicubic_skip": True, "train_data": "bsds+coco"}
    small = config.resolve("full", 0, settings)
    about = {"about": "A small one", "recipe": "own", "images": 7, "commit": "abc", "precision": "float32"}
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "weights")
    model_files.save(model_files.SHIPPED / "own.npz", generator.build(small), config=small, about=about)
    return model_files.header("own")


@pytest.fixture(scope="session")
def tensorflow():
    """The module, for tests that take gradients with its tape."""
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("takes gradients with TensorFlow's tape: set KERAS_BACKEND=tensorflow")
    return pytest.importorskip("tensorflow")
