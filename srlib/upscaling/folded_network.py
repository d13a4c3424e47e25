"""Folded network: a trained generator as the few convolutions that enlarging takes, and its way through them.

What training needs and enlarging does not is multiplied out, exactly: batch norms go into the convolution before them,
pixel ranges into the first and the last kernel, and the last convolution runs before its pixel shuffle. No Keras here:
`Arithmetic` says what a program has to bring to run one.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from srlib.config import SCALE, Config
from srlib.errors import InputError
from srlib.imaging import bicubic, pixel_shuffle

EPSILON = 1e-3  # of Keras's batch norm
MARGIN = 2  # pixels that the bicubic enlargement looks beyond the picture's edge, mirrored
PICTURE_REACH = 3  # LR pixels that the picture looks in the features: k3, and k3 and k5 at twice the size, rounded up


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


class Arithmetic(Protocol):
    """Arithmetic that a `Network` is computed in.

    Pictures and features (batch, height, width, channels) may be of any kind: arrays of NumPy, tensors of Keras, or
    names of tensors in an ONNX graph.
    """

    def convolution(self, features: Any, convolution: Convolution) -> Any:
        """The convolution with zeros around, and its PReLU."""

    def enlarge(self, pixels: Any, convolution: Convolution) -> Any:
        """The convolution of pixels that are mirrored by `MARGIN` around."""

    def add(self, one: Any, other: Any) -> Any:
        """The sum, in the precision of `one`."""

    def shuffle(self, features: Any, scale: int) -> Any:
        """Pixel shuffle: (batch, h, w, scale² c) to (batch, scale h, scale w, c)."""

    def squash(self, features: Any) -> Any:
        """127.5 (tanh + 1)."""


@dataclasses.dataclass(frozen=True)
class Network:
    """A generator for enlarging: its convolutions in the order of the figure.

    Args:
        blocks: the residual blocks.
        enlargement: the bicubic skip, None where there is none.
        parameters: number of the generator's weights, batch norm's moving statistics among them.
    """

    first: Convolution
    blocks: tuple[tuple[Convolution, Convolution], ...]
    last: Convolution
    upsampling: tuple[Convolution, Convolution]
    image: Convolution
    enlargement: Convolution | None
    parameters: int

    def reach(self) -> int:
        """How far, in LR pixels, the features look in each direction."""
        return self.first.kernel.shape[0] // 2 + 2 * len(self.blocks) + 1

    def multiply_adds(self) -> int:
        """Products for one LR pixel: those of kernels at twice the size count four times."""
        pairs = [convolution for block in self.blocks for convolution in block]
        low = [self.first, *pairs, self.last, self.upsampling[0], *([self.enlargement] if self.enlargement else [])]
        return sum(each.kernel.size for each in low) + 4 * (self.upsampling[1].kernel.size + self.image.kernel.size)

    def features(self, pixels: Any, arithmetic: Arithmetic) -> Any:
        """Features at the size of the input: first convolution, residual blocks, long skip.

        Args:
            pixels: (batch, height, width, 3), values 0..255.
        Returns:
            (batch, height, width, filters).
        """
        shallow = arithmetic.convolution(pixels, self.first)
        deep = shallow
        for one, two in self.blocks:
            deep = arithmetic.add(arithmetic.convolution(arithmetic.convolution(deep, one), two), deep)
        return arithmetic.add(arithmetic.convolution(deep, self.last), shallow)

    def picture(self, features: Any, pixels: Any, *, arithmetic: Arithmetic) -> Any:
        """The picture, (batch, 4 height, 4 width, 3), values 0..255 not rounded, from the features and the pixels."""
        small, large = self.upsampling
        deep = arithmetic.shuffle(arithmetic.convolution(features, small), 2)
        deep = arithmetic.convolution(deep, large)
        image = arithmetic.shuffle(arithmetic.convolution(deep, self.image), 2)
        if self.enlargement is None:
            return arithmetic.squash(image)
        enlarged = arithmetic.shuffle(arithmetic.enlarge(pixels, self.enlargement), SCALE)
        return arithmetic.add(enlarged, image)


def fold(config: Config, weights: Sequence[np.ndarray]) -> Network:
    """The network of a generator's weights.

    Args:
        config: of the generator.
        weights: float arrays as `get_weights()` of `generator.build(config)` gives them.
    Raises:
        InputError: the weights are not those of such a generator.
    """
    try:
        return _fold(config, _Weights(weights))
    except (StopIteration, ValueError) as error:
        raise InputError("the weights do not fit the generator that their config describes") from error


def _fold(config: Config, weights: "_Weights") -> Network:
    first = weights.convolution("first", slopes=True)
    if first.kernel.shape[3] != config.generator_filters:
        raise ValueError("filters")
    first = dataclasses.replace(first, kernel=first.kernel / 255)  # LR in [0, 1] from pixels
    trunk = functools.partial(weights.convolution, "trunk")
    blocks = tuple((trunk(slopes=True), trunk()) for _ in range(config.generator_blocks))
    last = trunk()
    upsampling = tuple(weights.convolution("upsampling", slopes=True) for _ in range(2))
    image, enlargement = _ending(config, weights.convolution("image"))
    return Network(first, blocks, last, upsampling, image, enlargement, weights.end())


def _ending(config: Config, image: Convolution) -> tuple[Convolution, Convolution | None]:
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

    def __init__(self, values: Sequence[np.ndarray]) -> None:
        arrays = [np.asarray(value, np.float32) for value in values]
        self._values, self._count = iter(arrays), sum(value.size for value in arrays)

    def convolution(self, part: str, slopes: bool = False) -> Convolution:
        """The next convolution, in the trunk its batch norm multiplied out, with its PReLU's slopes if it has one."""
        kernel, bias = self._next(4), self._next(1)
        if part == "trunk":
            scale, shift, mean, variance = (self._next(1).astype(np.float64) for _ in range(4))
            factor = scale / np.sqrt(variance + EPSILON)
            kernel, bias = kernel * factor, (bias - mean) * factor + shift
        alphas = self._slopes(kernel.shape[3]) if slopes else None
        return Convolution(part, kernel.astype(np.float32), bias.astype(np.float32), alphas)

    def _slopes(self, filters: int) -> np.ndarray:
        """The next PReLU's, repeated for the phases of the pixel shuffle that it stands before."""
        slopes = self._next(3).reshape(-1)
        if filters % slopes.size:
            raise ValueError("slopes")
        return np.tile(slopes, filters // slopes.size)

    def _next(self, dimensions: int) -> np.ndarray:
        value = next(self._values)
        if value.ndim != dimensions:
            raise ValueError("dimensions")
        return value

    def end(self) -> int:
        """The number of all weights; raises ValueError if any is left."""
        if next(self._values, None) is not None:
            raise ValueError("too many weights")
        return self._count
