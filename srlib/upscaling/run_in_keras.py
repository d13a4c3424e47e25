"""Enlarging by a compiled function of the Keras backend, in float32 or with bfloat16 products."""

import dataclasses
from collections.abc import Callable

import keras
import ml_dtypes
import numpy as np
from keras import ops

from srlib.errors import InputError
from srlib.imaging import pixel_shuffle
from srlib.imaging.pixel_ranges import Tensor
from srlib.machine import precision
from srlib.upscaling import folded_network

PRECISIONS = ("float32", "mixed_bfloat16")
# Which parts of a network have bfloat16 products then. The first convolution never has: its input is pixels, and what
# is lost there is lost for all.
_LOWER = ("trunk", "upsampling", "image")


def resolve(name: str = "auto") -> str:
    """The precision to enlarge in on this machine.

    Args:
        name: "auto" or one of `PRECISIONS`, which is returned as it is.
    Returns:
        "mixed_bfloat16" where `precision.resolve` chooses it for training, "float32" otherwise and for JAX on a CPU,
        whose convolutions gain nothing from it.
    Raises:
        InputError: unknown name.
    """
    if name == "auto":
        gains = keras.backend.backend() != "jax" or precision.gpu_capability() is not None
        return "mixed_bfloat16" if gains and precision.resolve("auto") == "mixed_bfloat16" else "float32"
    if name not in PRECISIONS:
        raise InputError(f"unknown precision {name!r}: choose auto, {', '.join(PRECISIONS)}")
    return name


class KerasBackend:
    """Folded network as two compiled functions: from pixels to features, and from both to the picture.

    Args:
        network: the network.
        precision: as `resolve` takes it.
    """

    def __init__(self, network: folded_network.Network, precision: str = "float32") -> None:
        compile, kind = _BACKENDS[keras.backend.backend()]
        lower = resolve(precision) == "mixed_bfloat16"
        network, arithmetic = _rounded(network) if lower else network, kind(lower)
        filters = network.first.kernel.shape[3]

        def features(pixels: Tensor) -> Tensor:
            return network.features(pixels, arithmetic)

        def picture(deep: Tensor, pixels: Tensor) -> Tensor:
            return network.picture(deep, pixels, arithmetic=arithmetic)

        self._features = compile(features, (3, "float32"))
        self._picture = compile(picture, (filters, arithmetic.dtype("trunk")), (3, "float32"))

    def features(self, pixels: np.ndarray) -> Tensor:
        """(batch, height, width, filters) of `pixels` float32 (batch, height, width, 3), values 0..255."""
        return self._features(pixels)

    def picture(self, features: Tensor, pixels: np.ndarray) -> np.ndarray:
        """float32 (batch, 4 height, 4 width, 3), values 0..255 not rounded."""
        return ops.convert_to_numpy(self._picture(features, pixels))


class KerasArithmetic:
    """`folded_network.Arithmetic` on tensors.

    Args:
        lower: whether most convolutions take bfloat16 products. Slopes stay in float32: one that is rounded enlarges
            or diminishes all that is negative in a channel, which shifts the picture's colours.
    """

    def __init__(self, lower: bool = False) -> None:
        self._lower = lower

    def dtype(self, part: str) -> str:
        """The type of the products in a part of the network."""
        return "bfloat16" if self._lower and part in _LOWER else "float32"

    def convolution(
        self, features: Tensor, convolution: folded_network.Convolution, *, padding: str = "same"
    ) -> Tensor:
        dtype = self.dtype(convolution.part)
        kernel, bias = (ops.convert_to_tensor(value, dtype) for value in (convolution.kernel, convolution.bias))
        sums = self.biased(ops.conv(ops.cast(features, dtype), kernel, padding=padding), bias)
        if convolution.slopes is None:
            return sums
        negative = ops.cast(ops.cast(sums, "float32") * convolution.slopes, dtype)
        return ops.where(sums > 0, sums, negative)

    def biased(self, sums: Tensor, bias: Tensor) -> Tensor:
        """The sum of both."""
        return sums + bias

    def enlarge(self, pixels: Tensor, convolution: folded_network.Convolution) -> Tensor:
        sides = [folded_network.MARGIN, folded_network.MARGIN]
        mirrored = ops.pad(pixels, [[0, 0], sides, sides, [0, 0]], mode="symmetric")
        return self.convolution(mirrored, convolution, padding="valid")

    def add(self, one: Tensor, other: Tensor) -> Tensor:
        return one + ops.cast(other, one.dtype)

    def shuffle(self, features: Tensor, scale: int) -> Tensor:
        return pixel_shuffle.shuffle(features, scale, xp=ops)

    def squash(self, features: Tensor) -> Tensor:
        return 127.5 * (ops.tanh(ops.cast(features, "float32")) + 1)


def _rounded(network: folded_network.Network) -> folded_network.Network:
    """The network with the kernels of `_LOWER` rounded to bfloat16."""

    def lower(convolution: folded_network.Convolution) -> folded_network.Convolution:
        return dataclasses.replace(convolution, kernel=rounded(convolution.kernel))

    blocks = tuple((lower(one), lower(two)) for one, two in network.blocks)
    upsampling = tuple(map(lower, network.upsampling))
    last, image = lower(network.last), lower(network.image)
    return dataclasses.replace(network, blocks=blocks, last=last, upsampling=upsampling, image=image)


def rounded(kernel: np.ndarray) -> np.ndarray:
    """A kernel in bfloat16's steps, each weight taking on what its neighbour lost: the sums stay, channel by channel.

    Rounded one by one, the errors of some hundred weights add up to a shift that the picture shows.

    Args:
        kernel: float32 (k, k, channels, filters).
    Returns:
        float32 of the same shape.
    Source: error diffusion, after Floyd and Steinberg, "An adaptive algorithm for spatial greyscale", 1976.
    """
    taps = np.moveaxis(kernel, 2, 0).reshape(-1, kernel.shape[3])
    result, lost = np.empty_like(taps), np.zeros(kernel.shape[3], np.float32)
    for index, tap in enumerate(taps):
        result[index] = (tap + lost).astype(ml_dtypes.bfloat16)
        lost += tap - result[index]
    size, _, channels, filters = kernel.shape
    return np.moveaxis(result.reshape(channels, size, size, filters), 0, 2)


class TensorFlowArithmetic(KerasArithmetic):
    """The same with TensorFlow's own operations where they save a pass over memory, and where TFLite knows them."""

    def biased(self, sums: Tensor, bias: Tensor) -> Tensor:
        import tensorflow as tf

        return tf.nn.bias_add(sums, bias)  # one operation with the convolution before it

    def shuffle(self, features: Tensor, scale: int) -> Tensor:
        import tensorflow as tf

        return tf.nn.depth_to_space(features, scale)


def _tensorflow(function: Callable, *inputs: tuple[int, str]) -> Callable:
    """`function` as one graph for pictures of every size; `inputs` are the (channels, dtype) of its arguments."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, None, None, channels), dtype) for channels, dtype in inputs]
    return tf.function(function, input_signature=signature, autograph=False)


def _jax(function: Callable, *inputs: tuple[int, str]) -> Callable:
    """`function` compiled anew for every size of picture: the tiles of one picture are all of the same size."""
    import jax

    return jax.jit(function)


# The one place where backends differ: how a function is compiled, and what it is made of.
_BACKENDS = {"tensorflow": (_tensorflow, TensorFlowArithmetic), "jax": (_jax, KerasArithmetic)}
