"""Enlarging by a compiled function of the Keras backend, in float32 or with bfloat16 products."""

import keras
from keras import ops

from srlib import folding, precision, resize
from srlib.errors import InputError

# Which parts of a network are computed in bfloat16. The first convolution never is: its input is pixels, and what is
# lost there is lost for all. Upsampling is the next to matter, most of all for networks trained adversarially.
PRECISIONS = {
    "float32": (),
    "mixed_bfloat16": ("trunk", "image"),
    "bfloat16": ("trunk", "upsampling", "image"),
}


def resolve(name="auto"):
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


class Engine:
    """A folded network as two compiled functions: from pixels to features, and from both to the picture.

    Args:
        network: `folding.Network`.
        precision: str, as `resolve` takes it.
    """

    def __init__(self, network, precision="float32"):
        compile, kind = _BACKENDS[keras.backend.backend()]
        arithmetic = kind(PRECISIONS[resolve(precision)])
        filters = network.first.kernel.shape[3]

        def features(pixels):
            return folding.features(network, pixels, arithmetic)

        def picture(deep, pixels):
            return folding.picture(network, deep, pixels, arithmetic)

        self.features = compile(features, (3, "float32"))
        self._picture = compile(picture, (filters, arithmetic.dtype("trunk")), (3, "float32"))

    def picture(self, features, pixels):
        """float32 array (batch, 4 height, 4 width, 3), values 0..255 not rounded."""
        return ops.convert_to_numpy(self._picture(features, pixels))


class Arithmetic:
    """What `folding.features` and `folding.picture` are made of, on tensors; `bfloat16` names the parts in it."""

    def __init__(self, bfloat16=()):
        self._bfloat16 = bfloat16

    def dtype(self, part):
        return "bfloat16" if part in self._bfloat16 else "float32"

    def convolution(self, features, convolution, padding="same"):
        dtype = self.dtype(convolution.part)
        kernel, bias = (ops.convert_to_tensor(value, dtype) for value in (convolution.kernel, convolution.bias))
        sums = ops.conv(ops.cast(features, dtype), kernel, padding=padding)
        sums = self.biased(sums, bias)
        if convolution.slopes is None:
            return sums
        return ops.where(sums > 0, sums, ops.convert_to_tensor(convolution.slopes, dtype) * sums)

    def biased(self, sums, bias):
        return sums + bias

    def enlarge(self, pixels, convolution):
        sides = [folding.MARGIN, folding.MARGIN]
        return self.convolution(ops.pad(pixels, [[0, 0], sides, sides, [0, 0]], mode="symmetric"), convolution, "valid")

    def add(self, one, other):
        return one + ops.cast(other, one.dtype)

    def shuffle(self, features, scale):
        return resize.pixel_shuffle(features, scale)

    def squash(self, features):
        return 127.5 * (ops.tanh(ops.cast(features, "float32")) + 1)


class TensorFlow(Arithmetic):
    """The same with TensorFlow's own operations where they save a pass over memory, and where TFLite knows them."""

    def biased(self, sums, bias):
        import tensorflow as tf

        return tf.nn.bias_add(sums, bias)  # one operation with the convolution before it

    def shuffle(self, features, scale):
        import tensorflow as tf

        return tf.nn.depth_to_space(features, scale)


def _tensorflow(function, *inputs):
    """`function` as one graph for pictures of every size; `inputs` are the (channels, dtype) of its arguments."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, None, None, channels), dtype) for channels, dtype in inputs]
    return tf.function(function, input_signature=signature, autograph=False)


def _jax(function, *inputs):
    """`function` compiled anew for every size of picture: the tiles of one picture are all of the same size."""
    import jax

    return jax.jit(function)


# The one place where backends differ: how a function is compiled, and what it is made of.
_BACKENDS = {"tensorflow": (_tensorflow, TensorFlow), "jax": (_jax, Arithmetic)}
