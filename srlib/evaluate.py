"""Measuring a model by a named protocol: PSNR and SSIM on luma, with the border cut, image by image."""

import dataclasses
import time

import numpy as np
from keras import ops

from srlib import metrics, resize, upscale
from srlib.config import SCALE
from srlib.errors import InputError

PROTOCOL = (
    "x4, LR by MATLAB bicubic rounded to 8 bits; images cropped to a multiple of 4; Y of studio-range BT.601 "
    "(grey originals on their grey values); border of 4 px cut; mean over images of per-image values"
)
BORDER = SCALE
SMALLEST = 11 + 2 * BORDER  # SSIM's window must fit inside the border


@dataclasses.dataclass(frozen=True)
class Score:
    """One image's result: PSNR in dB and SSIM on Y, and the seconds the upscaling took."""

    image: str
    psnr: float
    ssim: float
    seconds: float


def score(original, sr):
    """PSNR and SSIM of a super-resolved image.

    Args:
        original: `images.Picture`, its sides multiples of 4.
        sr: uint8 (height, width, 3), of the original's size.
    Returns:
        (PSNR-Y in dB, SSIM-Y)
    Raises:
        InputError: the sizes differ, or the image is smaller than SSIM's window inside the border.
    """
    if original.rgb.shape != sr.shape:
        raise InputError(f"sizes differ: original {original.rgb.shape[1::-1]}, super-resolved {sr.shape[1::-1]}")
    if min(sr.shape[:2]) < SMALLEST:
        raise InputError(f"{sr.shape[1]}×{sr.shape[0]} is too small to score: each side needs {SMALLEST} px")
    plane = upscale.grey if original.grey else metrics.luma
    reference, image = (inside(plane(rgb)) for rgb in (original.rgb, sr))
    similarity = metrics.ssim(reference[None, ..., None] / 255.0, image[None, ..., None] / 255.0)
    return metrics.psnr(reference, image), float(ops.convert_to_numpy(similarity)[0])


def inside(plane):
    """A plane (height, width) as float64 without its border, where every upscaler lacks context."""
    return np.asarray(plane, np.float64)[BORDER:-BORDER, BORDER:-BORDER]


def pair(photo):
    """The original of a `sources.Photo`, cropped to a multiple of 4, and its LR: (`images.Picture`, uint8 array)."""
    picture = photo.load()
    original = dataclasses.replace(picture, rgb=resize.crop_to_multiple(picture.rgb), alpha=None)
    if min(original.rgb.shape[:2]) < SMALLEST:
        raise InputError(
            f"{photo.id}: too small to score, each side needs {SMALLEST} px once cut to a multiple of {SCALE}"
        )
    return original, resize.downscale(original.rgb)


def evaluate(upscaler, image_set, progress=iter):
    """Score an upscaler on every image of a set.

    Args:
        upscaler: function from uint8 LR (height, width, 3) to uint8 SR; `resize.upscale` is the baseline.
        image_set: iterable of `sources.Photo`.
        progress: callable taking the iterable, such as `tqdm.tqdm`.
    Returns:
        list of `Score`, in the set's order.
    """
    scores = []
    for photo in progress(image_set):
        original, lr = pair(photo)
        start = time.perf_counter()
        sr = upscaler(lr)
        seconds = time.perf_counter() - start
        scores.append(Score(photo.id, *score(original, sr), seconds))
    return scores


def mean(scores):
    """The mean PSNR and SSIM of a list of `Score`: (dB, SSIM). Raises InputError if it is empty."""
    if not scores:
        raise InputError("no images to score")
    return float(np.mean([each.psnr for each in scores])), float(np.mean([each.ssim for each in scores]))


def report(model, scores, bicubic):
    """Scores of a model and of bicubic on the same images as one JSON-ready dict, the protocol named."""
    rows = [{"image": own.image, "psnr": own.psnr, "ssim": own.ssim} for own in scores]
    for row, baseline in zip(rows, bicubic):
        row.update(bicubic_psnr=baseline.psnr, bicubic_ssim=baseline.ssim)
    summary = {
        name: dict(zip(("psnr", "ssim"), mean(each))) for name, each in (("model", scores), ("bicubic", bicubic))
    }
    return {"model": str(model), "protocol": PROTOCOL, "mean": summary, "images": rows}
