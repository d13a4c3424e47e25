"""Drawn faces: synthetic portraits from a seed, for when many faces are needed and nothing can be downloaded.

Every picture is synthetic: no person sat for it and no photograph was used, and whatever shows one says so. A face is
a smooth relief lit from one side, under thousands of drawn hairs: soft shading for the eye, fine detail to restore.
"""

import numpy as np

from srlib.data.drawn_faces import features, hair, head_and_body
from srlib.data.drawn_faces.canvas import Canvas
from srlib.data.drawn_faces.person import Person
from srlib.errors import InputError

_SPLITS = {"train": range(600), "validation": range(600, 650), "test": range(650, 700)}
_SMALLEST = 32  # below it there are too few pixels for an eye


def indices(split: str) -> range:
    """The indices of the faces of a split; no face is in two splits.

    Args:
        split: "train", "validation" or "test".
    Returns:
        600, 50 or 50 ints.
    Raises:
        InputError: there is no such split.
    """
    if split not in _SPLITS:
        raise InputError(f"drawn faces have no split {split!r}; there are {', '.join(_SPLITS)}")
    return _SPLITS[split]


def draw(index: int, size: int = 256) -> np.ndarray:
    """Draw a synthetic face; the same index and size give the same bytes on every call.

    Args:
        index: which person, from 0 on.
        size: side of the picture in pixels, at least 32.
    Returns:
        uint8 array (size, size, 3), RGB 0..255.
    Raises:
        InputError: the index is negative or the size too small.
    """
    if index < 0:
        raise InputError(f"the index of a drawn face is 0 or more, not {index}")
    if size < _SMALLEST:
        raise InputError(f"a drawn face is {_SMALLEST} pixels wide or more, not {size}")
    canvas = Canvas(Person.from_index(index), size)
    front_hair = hair.front_hair(canvas)  # first, for the shadow that it casts
    head_and_body.paint_background(canvas)
    hair.paint_back_hair(canvas)
    head_and_body.paint_body(canvas)
    head_and_body.paint_head(canvas, front_hair)
    features.paint_features(canvas)
    canvas.paint_hair(front_hair, canvas.person.hair_colour)
    features.paint_glasses(canvas)
    return canvas.photograph()
