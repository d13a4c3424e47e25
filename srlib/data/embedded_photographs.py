"""Embedded photographs, which need no download: they come inside the scikit-image and scikit-learn packages.

Split by image, so that no part of a training photograph is ever scored. `motorcycle_right` is left out: it shows the
scene of `motorcycle_left` from beside it, which would be a leak between splits.
"""

import importlib.util
import pathlib

from srlib.errors import InputError

# split: {id: place among the installed packages}
PHOTOGRAPHS = {
    "train": {
        "china": "sklearn/datasets/images/china.jpg",
        "flower": "sklearn/datasets/images/flower.jpg",
        "coffee": "skimage/data/coffee.png",
        "rocket": "skimage/data/rocket.jpg",
        "motorcycle": "skimage/data/motorcycle_left.png",
        "gravel": "skimage/data/gravel.png",
    },
    "validation": {"camera": "skimage/data/camera.png", "grass": "skimage/data/grass.png"},
    "test": {
        "astronaut": "skimage/data/astronaut.png",
        "chelsea": "skimage/data/chelsea.png",
        "coins": "skimage/data/coins.png",
        "brick": "skimage/data/brick.png",
    },
}


def paths(split: str) -> dict[str, pathlib.Path]:
    """{id: path} of the embedded photographs of a split ("train", "validation" or "test").

    Raises:
        InputError: a package that should hold them is not installed.
    """
    return {name: _installed(*place.split("/", 1)) for name, place in PHOTOGRAPHS[split].items()}


def _installed(package, place):
    """The path of a file in an installed package, which is found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise InputError(f"the embedded photographs need the package {package}, which is not installed")
    return pathlib.Path(spec.origin).parent / place
