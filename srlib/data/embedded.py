"""Photographs that need no download: they come inside the scikit-image and scikit-learn packages.

Split by image, so that no part of a training photograph is ever scored. `motorcycle_right` is left out: it shows the
scene of `motorcycle_left` from beside it, which would be a leak between splits.
"""

import importlib.util
import pathlib

from srlib.errors import InputError

_SKIMAGE = ("skimage", "data")
_SKLEARN = ("sklearn", "datasets/images")

# id: (package, folder, file, split)
PHOTOGRAPHS = {
    "china": (*_SKLEARN, "china.jpg", "train"),
    "flower": (*_SKLEARN, "flower.jpg", "train"),
    "coffee": (*_SKIMAGE, "coffee.png", "train"),
    "rocket": (*_SKIMAGE, "rocket.jpg", "train"),
    "motorcycle": (*_SKIMAGE, "motorcycle_left.png", "train"),
    "gravel": (*_SKIMAGE, "gravel.png", "train"),
    "camera": (*_SKIMAGE, "camera.png", "validation"),
    "grass": (*_SKIMAGE, "grass.png", "validation"),
    "astronaut": (*_SKIMAGE, "astronaut.png", "test"),
    "chelsea": (*_SKIMAGE, "chelsea.png", "test"),
    "coins": (*_SKIMAGE, "coins.png", "test"),
    "brick": (*_SKIMAGE, "brick.png", "test"),
}


def paths(split):
    """Return {id: path} of the embedded photographs of a split ("train", "validation" or "test").

    Raises:
        InputError: a package that should hold them is not installed.
    """
    chosen = {name: place for name, place in PHOTOGRAPHS.items() if place[3] == split}
    return {name: _package(place[0]) / place[1] / place[2] for name, place in chosen.items()}


def _package(name):
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise InputError(f"the embedded photographs need the package {name}, which is not installed")
    return pathlib.Path(spec.origin).parent
