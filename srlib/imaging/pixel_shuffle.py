"""Sub-pixel convolution's two rearrangements, of features and of a kernel, for NumPy and Keras arrays alike.

`numbers` is the module with the array functions: `numpy`, or `keras.ops`.
"""

import numpy as np


def shuffle(features, scale, numbers=np):
    """Rearrange channels into space: (batch, h, w, scale² c) to (batch, scale h, scale w, c), (row, column, channel).

    Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", CVPR 2016, equation 4.
    """
    batch, height, width, channels = numbers.shape(features)
    depth = channels // scale**2
    blocks = numbers.reshape(features, (batch, height, width, scale, scale, depth))
    rows = numbers.transpose(blocks, (0, 1, 3, 2, 4, 5))
    return numbers.reshape(rows, (batch, height * scale, width * scale, depth))


def phase_kernel(kernel, numbers=np):
    """The kernel before a pixel shuffle by 2 that does what `kernel` does after it.

    Output phase a of 2i + a reads input 2i + a + k - 4 = 2 (i + m - 2) + r: tap k = 2m + r - a of the nine, or none.

    Args:
        kernel: array or tensor (9, 9, c, filters).
        numbers: `numpy` or `keras.ops`.
    Returns:
        of the same kind, (5, 5, 4 c, 4 filters), phases first in both channel axes.
    """
    channels, filters = kernel.shape[2:]
    padded = numbers.pad(kernel, [[1, 1], [1, 1], [0, 0], [0, 0]])
    taps = [padded[1 - row : 11 - row, 1 - column : 11 - column] for row in (0, 1) for column in (0, 1)]
    taps = numbers.reshape(numbers.stack(taps, axis=-2), (5, 2, 5, 2, channels, 4, filters))
    phases = numbers.transpose(taps, (0, 2, 1, 3, 4, 5, 6))
    return numbers.reshape(phases, (5, 5, 4 * channels, 4 * filters))
