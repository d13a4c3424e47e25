"""Checks of notebook 02: the generator's parameters, pixel shuffle and reach."""

import numpy as np

from srlib import config
from srlib.course.check import feedback
from srlib.imaging.pixel_shuffle import shuffle as srlib_shuffle
from srlib.srgan import generator

_K3N64 = {
    36_864: "Almost: that is the weights alone. Each of the 64 filters also has one bias.",
    640: "Each filter looks at all 64 input channels, not at one: its kernel is 3 × 3 × 64.",
    576: "Each filter looks at all 64 input channels, not at one (and it has a bias): its kernel is 3 × 3 × 64.",
    1_792: "The input here is 64 feature channels, not the three colours of a picture.",
    4_160: "A k3 kernel has 3 × 3 positions: each of them has its own 64 × 64 weights.",
    4_096: "A k3 kernel has 3 × 3 positions: each of them has its own 64 × 64 weights (and the biases come on top).",
    12_352: "A k3 kernel is 3 wide and 3 high: nine positions, not three.",
    12_288: "A k3 kernel is 3 wide and 3 high: nine positions, not three (and the biases come on top).",
    37_184: "That counts the batch normalisation behind it too; the question is about the convolution alone.",
    36_992: "That counts the PReLU behind it too; the question is about the convolution alone.",
}
_REACH = {
    80: "That is both directions together; the reach is how far it looks to one side.",
    81: "That is the width of the whole window; the reach is how far it looks to one side.",
    160: "That is in pixels of the large picture; count in LR pixels, four times fewer.",
    39.5: "Right sum; now round it up, since part of an LR pixel is still an LR pixel.",
    39: "Close: add up all layers first, halves included, and round up at the end.",
    37: "That stops before the enlargement: the two k3n256 and the k9n3 look sideways too, in smaller pixels.",
    24: "Each residual block has two convolutions, so it adds 2, not 1.",
    23.5: "Each residual block has two convolutions, so it adds 2, not 1 (and the sum is rounded up).",
    43: "After a pixel shuffle the pixels are half as large: the second k3n256 adds 1/2 and the k9n3 adds 4/4.",
    36: "A k9 kernel reaches 4 pixels to each side, a k3 kernel 1: check the first and the last layer.",
}
_ORDERS = {
    (0, 1, 2, 3, 4): "The shape is right, but the numbers did not move: transpose the axes before the last reshape.",
    (0, 3, 1, 2, 4): "Each block is mirrored at its diagonal: phase 1 belongs to the right of phase 0, not below it.",
    (2, 0, 3, 1, 4): "The phases stand beside each other as whole pictures; they must interleave, pixel by pixel.",
}


@feedback.exercise
def k3n64_parameters(answer: feedback.Answer) -> feedback.Hint:
    """The parameters of a k3n64 convolution on 64 channels."""
    return _number(answer, 3 * 3 * 64 * 64 + 64, _K3N64, "Count the weights of one filter, add its bias, times 64.")


@feedback.exercise
def generator_reach(answer: feedback.Answer) -> feedback.Hint:
    """How far, in LR pixels, the published generator looks to each side."""
    right = generator.receptive_field(config.Config())
    return _number(answer, right, _REACH, "Add up all rows of the table again, with 16 blocks instead of the run's.")


def _number(answer, right, slips, otherwise):
    """None for the right number, else the hint for that slip, else a general one."""
    value = float(answer)
    size = "large" if value > right else "small"
    return feedback.value_hint(value, {right: None, **slips}, otherwise=f"{value:g} is too {size}. {otherwise}")


@feedback.exercise
def pixel_shuffle(answer: feedback.Answer) -> feedback.Hint:
    """A NumPy function from (image (height, width, scale² c), scale) to (scale height, scale width, c)."""
    hints = (_shuffle_hint(answer, *case) for case in ((2, 3, 2, 1), (3, 2, 2, 3), (1, 2, 3, 2)))
    return next(filter(None, hints), None)


def _shuffle_hint(answer, height, width, scale, colours):
    """The hint for what the answer makes of an image of that size, None if it is right."""
    image = np.arange(height * width * scale**2 * colours, dtype="float32").reshape(height, width, -1)
    result = np.asarray(feedback.returned(answer, image.copy(), scale))
    right = srlib_shuffle(image[None], scale)[0]
    if result.shape == (1, *right.shape):
        return "One axis too many: the function takes and gives a single image, without a batch axis."
    if result.shape == (right.shape[1], right.shape[0], right.shape[2]):
        return "Height and width are exchanged."
    if result.shape != right.shape:
        return f"An image of shape {image.shape} at scale {scale} gives shape {right.shape}; yours has {result.shape}."
    blocks = image.reshape(*image.shape[:2], scale, scale, -1)
    first = "The colours come last here: split the channels into (scale, scale, colours), not (colours, scale, scale)."
    slips = [(blocks.transpose(order).reshape(right.shape), hint) for order, hint in _ORDERS.items()]
    colours = image.reshape(*image.shape[:2], -1, scale, scale).transpose(0, 3, 1, 4, 2)
    hints = [(right, None), *slips, (colours.reshape(right.shape), first)]
    wrong = "The shape is right, the numbers are not where they belong: compare with the loops above on a tiny array."
    return feedback.value_hint(result, hints, otherwise=wrong, near=np.array_equal)
