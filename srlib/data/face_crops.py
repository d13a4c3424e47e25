"""Squares around the faces of pictures, and ×4 inputs of a fixed size.

Faces are found by OpenCV's Haar cascades, which come inside its package: no model is downloaded. OpenCV 5 leaves them
out, so the extra `faces` asks for version 4.
"""

import dataclasses
import functools

import numpy as np
from PIL import Image

from srlib.config import SCALE
from srlib.errors import InputError
from srlib.imaging import bicubic, pictures
from srlib.machine import extras

_FACE_WIDTH = 0.5  # of a crop's width: about what FFHQ's crops leave around a face
_EYE_LINE = 0.45  # of a crop's height
_STEEPEST = 20  # degrees; two "eyes" on a steeper line are not both eyes


@dataclasses.dataclass(frozen=True)
class FaceBox:
    """A face found in a picture: the middle of its eye line (x, y) and its width, in pixels."""

    middle: tuple[float, float]
    width: int


def find_face(image: np.ndarray) -> FaceBox:
    """The largest face of a picture.

    Args:
        image: uint8 (height, width, 3).
    Raises:
        InputError: OpenCV is not installed, or there is no face.
    """
    grey = np.asarray(Image.fromarray(image).convert("L"))
    smallest = max(24, min(grey.shape) // 8)
    found = _cascade("haarcascade_frontalface_default.xml").detectMultiScale(grey, 1.1, 5, minSize=(smallest, smallest))
    if not len(found):
        raise InputError("no face found in the picture; crop it by hand, or leave it out")
    left, top, width, height = max(found.tolist(), key=lambda box: box[2] * box[3])
    eyes = _eyes(grey[top : top + height * 3 // 5, left : left + width])
    if eyes is None:
        return FaceBox((left + width / 2, top + 0.4 * height), width)
    return FaceBox(tuple(((left, top) + eyes.mean(axis=0)).tolist()), width)


def _eyes(upper):
    """The middles of the two eyes in the upper part of a face, left one first; None if they are not plain to see."""
    found = _cascade("haarcascade_eye.xml").detectMultiScale(upper, 1.05, 6)
    middles = np.array([(x + width / 2, y + height / 2) for x, y, width, height in found])
    if len(middles) != 2:
        return None
    left, right = middles[middles[:, 0].argsort()]
    level = abs(right[1] - left[1]) <= np.tan(np.radians(_STEEPEST)) * (right[0] - left[0])
    apart = right[0] - left[0] > 0.25 * upper.shape[1]
    return np.stack([left, right]) if level and apart else None


@functools.cache
def _cascade(name):
    """A cascade of OpenCV's by file name.

    Raises:
        InputError: OpenCV 4 is not installed.
    """
    try:
        import cv2

        return cv2.CascadeClassifier(cv2.data.haarcascades + name)
    except (ImportError, AttributeError) as error:
        raise extras.missing("finding faces needs OpenCV 4", "faces") from error


def face_square(image: np.ndarray, face: FaceBox) -> tuple[int, int, int]:
    """The square around a face, moved and made smaller until it lies inside the image: (left, top, side) in pixels."""
    height, width = image.shape[:2]
    side = min(round(face.width / _FACE_WIDTH), height, width)
    left, top = round(face.middle[0] - side / 2), round(face.middle[1] - side * _EYE_LINE)
    return min(max(0, left), width - side), min(max(0, top), height - side), side


def pair(image: np.ndarray, input_side: int) -> tuple[np.ndarray, np.ndarray]:
    """The low-resolution input of a fixed size and the original that it stands for.

    Args:
        image: uint8 (height, width[, channels]).
        input_side: pixels of the input.
    Returns:
        (uint8 (input_side, input_side[, channels]), uint8 of four times the side).
    Raises:
        InputError: the picture's square would have to be enlarged.
    """
    square, side = pictures.centre_crop(image, min(image.shape[:2])), input_side * SCALE
    if square.shape[0] < side:
        raise InputError(f"an input of {input_side} px needs a picture of {side} px, this has {square.shape[0]}")
    original = square if square.shape[0] == side else bicubic.imresize(square, (side, side))
    return bicubic.downscale(original), original
