"""A trained generator as the few convolutions that enlarging takes, and the way through them, for any arithmetic.

What training needs and enlarging does not is multiplied out, exactly: batch norms go into the convolution before them,
pixel ranges into the first and the last kernel, and the last convolution runs before its pixel shuffle. No Keras here.
"""

import dataclasses

import numpy as np

from srlib.config import SCALE
from srlib.errors import InputError
from srlib.imaging import bicubic, pixel_shuffle

EPSILON = 1e-3  # of Keras's batch norm
MARGIN = 2  # pixels that the bicubic enlargement looks beyond the picture's edge, mirrored


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A convolution and the PReLU after it.

    Args:
        part: "first", "trunk", "upsampling", "image" or "enlargement": where it stands, which decides its precision.
        kernel: float32 (k, k, channels, filters).
        bias: float32 (filters,).
        slopes: float32 (filters,), None for no PReLU.
    """

    part: str
    kernel: np.ndarray
    bias: np.ndarray
    slopes: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Network:
    """A generator for enlarging: `Convolution`s in the order of the figure; `enlargement`: the bicubic skip or None."""

    first: Convolution
    blocks: tuple
    last: Convolution
    upsampling: tuple
    image: Convolution
    enlargement: Convolution | None

    def reach(self):
        """How far, in LR pixels, the features look in each direction."""
        return self.first.kernel.shape[0] // 2 + 2 * len(self.blocks) + 1

    def multiply_adds(self):
        """Products for one LR pixel: those of kernels at twice the size count four times."""
        pairs = [convolution for block in self.blocks for convolution in block]
        low = [self.first, *pairs, self.last, self.upsampling[0], *([self.enlargement] if self.enlargement else [])]
        return sum(each.kernel.size for each in low) + 4 * (self.upsampling[1].kernel.size + self.image.kernel.size)


# How far, in LR pixels, the picture looks in the features: k3 here, k3 and k5 at twice the size, rounded up.
PICTURE_REACH = 3


def features(network, pixels, arithmetic):
    """What the network knows at the size of its input: first convolution, residual blocks, long skip.

    Args:
        network: `Network`.
        pixels: what `arithmetic` holds pictures in: (batch, height, width, 3), values 0..255.
        arithmetic: object with `convolution(features, Convolution)`, zeros around, its PReLU included;
            `enlarge(pixels, Convolution)`, the pixels mirrored by `MARGIN` around; `add(one, other)` in the precision
            of `one`; `shuffle(features, scale)`; and `squash(features)`, which is 127.5 (tanh + 1).
    Returns:
        the features, (batch, height, width, filters), in the same kind.
    """
    shallow = arithmetic.convolution(pixels, network.first)
    deep = shallow
    for one, two in network.blocks:
        deep = arithmetic.add(arithmetic.convolution(arithmetic.convolution(deep, one), two), deep)
    return arithmetic.add(arithmetic.convolution(deep, network.last), shallow)


def picture(network, deep, pixels, arithmetic):
    """The picture, (batch, 4 height, 4 width, 3), values 0..255 not rounded, from the features and the pixels."""
    small, large = network.upsampling
    deep = arithmetic.shuffle(arithmetic.convolution(deep, small), 2)
    deep = arithmetic.convolution(deep, large)
    image = arithmetic.shuffle(arithmetic.convolution(deep, network.image), 2)
    if network.enlargement is None:
        return arithmetic.squash(image)
    enlarged = arithmetic.shuffle(arithmetic.enlarge(pixels, network.enlargement), SCALE)
    return arithmetic.add(enlarged, image)


def fold(config, weights):
    """The network of a generator's weights.

    Args:
        config: `Config` the generator was built from.
        weights: list of float arrays as `get_weights()` of `generator.build(config)` gives them.
    Returns:
        `Network`.
    Raises:
        InputError: the weights are not those of such a generator.
    """
    try:
        return _fold(config, _Weights(weights))
    except (StopIteration, ValueError) as error:
        raise InputError("the weights do not fit the generator that their config describes") from error


def _fold(config, weights):
    first = weights.convolution("first", norm=False, slopes=True)
    blocks = tuple((_trunk(weights, slopes=True), _trunk(weights)) for _ in range(config.generator_blocks))
    last = _trunk(weights)
    upsampling = tuple(weights.convolution("upsampling", norm=False, slopes=True) for _ in range(2))
    image = weights.convolution("image", norm=False)
    weights.end()
    first = dataclasses.replace(first, kernel=first.kernel / 255)  # LR in [0, 1] from pixels
    return Network(first, blocks, last, upsampling, *_ending(config, image))


def _trunk(weights, slopes=False):
    return weights.convolution("trunk", norm=True, slopes=slopes)


def _ending(config, image):
    """The last convolution before its pixel shuffle, and the bicubic skip; both in pixels where the skip adds them."""
    scale = 127.5 if config.bicubic_skip else 1.0  # tanh, where there is one, stands between kernel and pixels
    kernel = pixel_shuffle.phase_kernel(image.kernel) * np.float32(scale)
    image = Convolution("image", kernel, np.tile(image.bias, 4) * np.float32(scale))
    if not config.bicubic_skip:
        return image, None
    kernel = bicubic.enlargement_kernel()
    return image, Convolution("enlargement", kernel, np.zeros(kernel.shape[3], "float32"))


class _Weights:
    """A generator's weights, handed out convolution by convolution."""

    def __init__(self, values):
        self._values = iter([np.asarray(value, np.float32) for value in values])

    def convolution(self, part, norm, slopes=False):
        """The next convolution, its batch norm multiplied out if it has one, with its PReLU's slopes if it has one."""
        kernel, bias = self._next(4), self._next(1)
        if norm:
            scale, shift, mean, variance = (self._next(1).astype(np.float64) for _ in range(4))
            factor = scale / np.sqrt(variance + EPSILON)
            kernel, bias = kernel * factor, (bias - mean) * factor + shift
        alphas = self._slopes(kernel.shape[3]) if slopes else None
        return Convolution(part, kernel.astype(np.float32), bias.astype(np.float32), alphas)

    def _slopes(self, filters):
        """The next PReLU's, repeated for the phases of the pixel shuffle that it stands before."""
        slopes = self._next(3).reshape(-1)
        if filters % slopes.size:
            raise ValueError("slopes")
        return np.tile(slopes, filters // slopes.size)

    def _next(self, dimensions):
        value = next(self._values)
        if value.ndim != dimensions:
            raise ValueError("dimensions")
        return value

    def end(self):
        """Raises ValueError if anything is left."""
        if next(self._values, None) is not None:
            raise ValueError("too many weights")
