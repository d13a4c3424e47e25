"""Sub-pixel convolution's two rearrangements, of features and of a kernel, for NumPy and Keras arrays alike.

`xp` is the module with the array functions: `numpy`, or `keras.ops`.
"""

from types import ModuleType
from typing import Any

import numpy as np


def shuffle(features: Any, scale: int, *, xp: ModuleType = np) -> Any:
    """Rearrange channels into space: (batch, h, w, scale² c) to (batch, scale h, scale w, c), (row, column, channel).

    Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", CVPR 2016, equation 4.
    """
    batch, height, width, channels = xp.shape(features)
    depth = channels // scale**2
    blocks = xp.reshape(features, (batch, height, width, scale, scale, depth))
    rows = xp.transpose(blocks, (0, 1, 3, 2, 4, 5))
    return xp.reshape(rows, (batch, height * scale, width * scale, depth))


def phase_kernel(kernel: Any, xp: ModuleType = np) -> Any:
    """The kernel before a pixel shuffle by 2 that does what `kernel` does after it.

    Output phase a of 2i + a reads input 2i + a + k - 4 = 2 (i + m - 2) + r: tap k = 2m + r - a of the nine, or none.

    Args:
        kernel: array or tensor (9, 9, c, filters).
        xp: `numpy` or `keras.ops`.
    Returns:
        of the same kind, (5, 5, 4 c, 4 filters), phases first in both channel axes.
    """
    channels, filters = kernel.shape[2:]
    padded = xp.pad(kernel, [[1, 1], [1, 1], [0, 0], [0, 0]])
    taps = [padded[1 - row : 11 - row, 1 - column : 11 - column] for row in (0, 1) for column in (0, 1)]
    taps = xp.reshape(xp.stack(taps, axis=-2), (5, 2, 5, 2, channels, 4, filters))
    phases = xp.transpose(taps, (0, 2, 1, 3, 4, 5, 6))
    return xp.reshape(phases, (5, 5, 4 * channels, 4 * filters))
