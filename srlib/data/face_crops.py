"""Making training faces of portraits that are not aligned, and ×4 inputs in a few fixed sizes.

Faces are found by OpenCV's Haar cascades, which come inside its package: no model is downloaded. OpenCV 5 leaves them
out, so the extra `faces` asks for version 4.
"""

import dataclasses
import functools

import numpy as np
from PIL import Image

from srlib.config import SCALE
from srlib.errors import InputError
from srlib.imaging import bicubic

INPUT_SIDES = (50, 100, 150, 250)  # pixels of the low-resolution inputs
_FACE_WIDTH = 0.5  # of a crop's width: about what FFHQ's crops leave around a face
_EYE_LINE = 0.45  # of a crop's height
_LARGEST_TURN = 20  # degrees; two "eyes" on a steeper line are not both eyes


@dataclasses.dataclass(frozen=True)
class Face:
    """A face found: the middle of its eye line (x, y) and its width in pixels, and its turn in degrees."""

    middle: tuple
    width: float
    turn: float = 0.0


def find_face(image):
    """The largest face of a picture.

    Args:
        image: uint8 array (height, width, 3).
    Returns:
        `Face`; its turn is 0 where not both eyes are found.
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
        return Face((left + width / 2, top + 0.4 * height), width)
    across, down = eyes[1] - eyes[0]
    middle = (left, top) + eyes.mean(axis=0)
    return Face(tuple(middle.tolist()), width, float(np.degrees(np.arctan2(down, across))))


def _eyes(upper):
    """The middles of the two eyes in the upper part of a face, left one first; None if they are not plain to see."""
    found = _cascade("haarcascade_eye.xml").detectMultiScale(upper, 1.05, 6)
    middles = np.array([(x + width / 2, y + height / 2) for x, y, width, height in found])
    if len(middles) != 2:
        return None
    left, right = middles[middles[:, 0].argsort()]
    level = abs(right[1] - left[1]) <= np.tan(np.radians(_LARGEST_TURN)) * (right[0] - left[0])
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
        raise InputError("finding faces needs OpenCV 4: pip install 'srlib[faces]'") from error


def crop_face(image, face, side):
    """Cut a face out of a picture: eyes level, at a fixed height and size.

    Args:
        image: uint8 array (height, width, 3).
        face: `Face`.
        side: int, pixels of the square wanted.
    Returns:
        uint8 array (side, side, 3).
    Raises:
        InputError: the square does not lie inside the picture, or would be enlarged.
    """
    picture = Image.fromarray(image)
    if abs(face.turn) > 0.5:
        picture = picture.rotate(face.turn, Image.Resampling.BICUBIC, center=face.middle)
    left, top, square = face_square(image, face)
    if square < side:
        raise InputError(f"the face's square has {square} pixels, {side} are wanted: it is too small to train on")
    cut = np.asarray(picture)[top : top + square, left : left + square]
    return bicubic.imresize(cut, (side, side))


def face_square(image, face):
    """The square around a face, moved and made smaller until it lies inside the image: (left, top, side) in pixels."""
    height, width = image.shape[:2]
    side = min(round(face.width / _FACE_WIDTH), height, width)
    left, top = round(face.middle[0] - side / 2), round(face.middle[1] - side * _EYE_LINE)
    return min(max(0, left), width - side), min(max(0, top), height - side), side


def centre_square(image):
    """The largest square in the middle of an image (height, width[, channels])."""
    side = min(image.shape[:2])
    top, left = ((size - side) // 2 for size in image.shape[:2])
    return image[top : top + side, left : left + side]


def pair(image, input_side):
    """The low-resolution input of a fixed size and the original that it stands for.

    Args:
        image: uint8 array (height, width[, channels]).
        input_side: int, such as one of `INPUT_SIDES`.
    Returns:
        (uint8 (input_side, input_side[, channels]), uint8 of four times the side).
    Raises:
        InputError: the picture's square would have to be enlarged.
    """
    square, side = centre_square(image), input_side * SCALE
    if square.shape[0] < side:
        raise InputError(f"an input of {input_side} px needs a picture of {side} px, this has {square.shape[0]}")
    original = square if square.shape[0] == side else bicubic.imresize(square, (side, side))
    return bicubic.downscale(original), original


def inputs(image):
    """{input side: (input, original)} for each of `INPUT_SIDES` that the picture is large enough for."""
    return {side: pair(image, side) for side in INPUT_SIDES if min(image.shape[:2]) >= side * SCALE}
