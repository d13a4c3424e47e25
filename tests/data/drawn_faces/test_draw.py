"""Drawn faces: the same bytes every time, another person for every index, detail that ×4 bicubic loses."""

import hashlib
import itertools
import subprocess
import sys

import numpy as np
import pytest

from srlib.data.drawn_faces import draw
from srlib.errors import InputError
from srlib.imaging import bicubic, metrics

SAMPLE = (0, 1, 7, 25, 599, 600, 650, 699)


def digest(face):
    """A short name for exactly these pixels."""
    return hashlib.sha256(face.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def sample():
    """{index: face} of a few faces from every split."""
    return {index: draw.draw(index) for index in SAMPLE}


def test_splits_are_disjoint():
    splits = [draw.indices(split) for split in ("train", "validation", "test")]
    assert [len(split) for split in splits] == [600, 50, 50]
    assert len(set(itertools.chain(*splits))) == 700


def test_unknown_split_is_named():
    with pytest.raises(InputError, match="'holiday'"):
        draw.indices("holiday")


@pytest.mark.parametrize("arguments", [(-1,), (0, 8)])
def test_unusable_number_is_named(arguments):
    with pytest.raises(InputError, match=str(arguments[-1])):
        draw.draw(*arguments)


@pytest.mark.parametrize("size", [128, 256])
def test_shape_and_dtype(size):
    face = draw.draw(3, size)
    assert face.shape == (size, size, 3)
    assert face.dtype == np.uint8


@pytest.mark.parametrize("size", [32, 97])
def test_odd_and_small_sizes_are_drawn(size):
    assert draw.draw(3, size).shape == (size, size, 3)


def test_same_bytes_whatever_was_drawn_before(sample):
    np.random.default_rng(5).random(100)
    for index in reversed(SAMPLE[:3]):
        assert digest(draw.draw(index)) == digest(sample[index])


def test_same_bytes_in_another_process(sample):
    code = "import hashlib, srlib.data.drawn_faces.draw as d; print(hashlib.sha256(d.draw(7).tobytes()).hexdigest())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert found == digest(sample[7])


def test_every_index_is_another_person(sample):
    for one, other in itertools.combinations(sample.values(), 2):
        assert metrics.psnr(one, other) < 22, "two faces are nearly the same picture"


def test_skins_cover_a_wide_range():
    cheeks = [draw.draw(index, 64)[34:40, 24:40].mean() for index in range(40)]
    assert max(cheeks) - min(cheeks) > 80


def test_size_changes_the_sharpness_and_not_the_person(sample):
    small = draw.draw(25, 128)
    reduced = sample[25].reshape(128, 2, 128, 2, 3).mean(axis=(1, 3))
    assert metrics.psnr(small, reduced) > 24
    assert metrics.psnr(small, reduced) > metrics.psnr(small, draw.draw(7, 128)) + 8


def test_there_is_detail_to_restore(sample):
    for index, face in sample.items():
        restored = bicubic.upscale(bicubic.downscale(face))
        assert 24 < metrics.psnr(face, restored) < 38, f"face {index}"


def test_the_pixels_use_the_range_and_do_not_burn_out(sample):
    for face in sample.values():
        assert np.percentile(face, 2) < 80
        assert np.percentile(face, 98) > 130
        assert (face == 255).mean() < 0.02
