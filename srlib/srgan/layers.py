"""PReLU, batch norm, pixel shuffle and the convolution after it, faster than Keras's own, with the same weights.

On two cores with bfloat16 units the published generator's step spends more time between its convolutions than in them:
these layers take fewer passes over memory, and the last convolution runs where its products fill the units.
"""

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from srlib.imaging import pixel_shuffle
from srlib.imaging.pixel_ranges import Tensor
from srlib.machine import distribution, precision


class PReLU(keras.layers.PReLU):
    """x where x > 0, else a x, one slope a for each of `channels`, shared over the picture.

    Args:
        channels: how many slopes; the features may hold a multiple of them, the phases of a pixel shuffle to come, in
            the order (row, column, channel) of `pixel_shuffle.shuffle`.
        call takes and gives (batch, height, width, n channels).

    Slopes start at 0.25. Keras would start them at 0, a ReLU: at learning rates of 1e-3 the last features then die and
    training stands still. Source of the 0.25: He et al., "Delving deep into rectifiers", ICCV 2015, section 2.1.
    """

    def __init__(self, channels: int, **options: Any) -> None:
        super().__init__(alpha_initializer=keras.initializers.Constant(0.25), shared_axes=[1, 2], **options)
        self.channels = channels

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build((*input_shape[:-1], self.channels))
        self.input_spec = None

    def call(self, features: Tensor, training: bool | None = None) -> Tensor:
        slopes = ops.tile(self.alpha, (1, 1, features.shape[-1] // self.channels))
        return _prelu(features, slopes) if training else _rectified(features, slopes)


@ops.custom_gradient
def _prelu(features: Tensor, slopes: Tensor) -> tuple[Tensor, Callable]:
    """The rectifier for training, either direction in one pass over memory."""

    def gradients(*arguments, upstream=None):
        upstream = arguments[0] if upstream is None else upstream
        return _in_one_pass(_rectified_gradients)(features, slopes, upstream)

    return _in_one_pass(_rectified)(features, slopes), gradients


def _rectified(features: Tensor, slopes: Tensor) -> Tensor:
    """PReLU of features (batch, height, width, channels) by slopes (1, 1, channels)."""
    return ops.where(features > 0, features, features * slopes)


def _rectified_gradients(features: Tensor, slopes: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """What `_rectified` hands back of a gradient to the features and, summed in float32, to the slopes."""
    positive = features > 0
    of_slopes = ops.cast(ops.where(positive, ops.zeros_like(features), features * upstream), "float32")
    of_slopes = ops.reshape(ops.sum(of_slopes, axis=(0, 1, 2)), slopes.shape)
    return ops.where(positive, upstream, upstream * slopes), ops.cast(of_slopes, slopes.dtype)


def _in_one_pass(function: Callable) -> Callable:
    """The function compiled by XLA where TensorFlow computes on the CPU, which takes a pass for each operation.

    The eight passes of PReLU took a fifth of a pretraining step. JAX compiles whole steps anyhow.
    """
    if keras.backend.backend() != "tensorflow" or distribution.replicas() > 1:
        return function
    return _compiled(function) if precision.gpu_capability() is None else function


@functools.cache
def _compiled(function: Callable) -> Callable:
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's batch normalisation over the last axis; in training on TensorFlow it is one fused operation.

    Where the batch is shared out among copies of the network, its statistics are those of the global batch.

    Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", ICML 2015, algorithm 1. The moving averages follow within some tens of steps (momentum 0.8).
    """

    def __init__(self, momentum: float = 0.8, **options: Any) -> None:
        super().__init__(**{"momentum": momentum, "synchronized": distribution.replicas() > 1, **options})

    def call(self, features: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        fused = training and self.trainable and keras.backend.backend() == "tensorflow" and not self.synchronized
        if not fused:
            return super().call(features, training=training, mask=mask)
        normalised, mean, variance = _fused_batch_norm(features, self.gamma, self.beta, self.epsilon)
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * self.momentum + value * (1 - self.momentum))
        return normalised

    def _moments(self, inputs: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        if not self.synchronized:
            return super()._moments(inputs, mask)
        means = [ops.mean(values, axis=(0, 1, 2)) for values in (inputs, ops.square(inputs))]
        mean, squares = distribution.mean_over_replicas(means)
        return mean, ops.maximum(squares - ops.square(mean), 0.0)


def _fused_batch_norm(features: Tensor, scale: Tensor, offset: Tensor, epsilon: float) -> tuple[Tensor, ...]:
    """TensorFlow's one-pass batch norm: (normalised, mean, variance of the batch, divided by n as Keras does)."""
    import tensorflow as tf

    none = tf.zeros((0,))
    normalised, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=features, scale=scale, offset=offset, mean=none, variance=none, epsilon=epsilon, is_training=True
    )
    count = tf.cast(tf.size(features) // tf.shape(features)[-1], tf.float32)
    return normalised, mean, variance * (count - 1) / count  # TensorFlow divides by n - 1


class PixelShuffle(keras.layers.Layer):
    """Sub-pixel rearrangement (Shi et al., CVPR 2016): (batch, h, w, scale² c) to (batch, scale h, scale w, c)."""

    def __init__(self, scale: int, **options: Any) -> None:
        super().__init__(**options)
        self.scale = scale

    def call(self, features: Tensor) -> Tensor:
        return pixel_shuffle.shuffle(features, self.scale, xp=ops)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        height, width = (side and side * self.scale for side in shape[1:3])
        return (shape[0], height, width, shape[3] // self.scale**2)


class ShuffledConvolution(keras.layers.Conv2D):
    """A pixel shuffle by 2 and a k9 convolution after it, computed as a k5 convolution before the shuffle.

    At the large side an output pixel is a sum over 9 × 9 positions of c channels; seen from the small side these are
    positions of 5 × 5 times four phases. The products are the same ones; a quarter of the positions with four times
    the channels is what matrix units are good at.

    Args:
        filters: channels of the result.
        call takes (batch, h, w, 4 c) in the order (row, column, channel); gives (batch, 2 h, 2 w, filters) in float32.
        The weights are those of the k9 convolution: kernel (9, 9, c, filters), bias (filters,).
    """

    def __init__(self, filters: int, **options: Any) -> None:
        super().__init__(filters, 9, padding="same", **options)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build((*input_shape[:-1], input_shape[-1] // 4))
        self.input_spec = None

    def call(self, features: Tensor) -> Tensor:
        sums = ops.conv(features, pixel_shuffle.phase_kernel(self.kernel, ops), padding="same")
        sums = pixel_shuffle.shuffle(ops.cast(sums, "float32"), 2, xp=ops) + ops.cast(self.bias, "float32")
        return self.activation(sums)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        height, width = (side and 2 * side for side in shape[1:3])
        return (shape[0], height, width, self.filters)


def shuffle(features: keras.KerasTensor) -> keras.KerasTensor:
    """A `PixelShuffle` by 2 while a model is built, of which `convolution_after_shuffle` knows the input."""
    shuffled = PixelShuffle(2)(features)
    shuffled.before_shuffle = features
    return shuffled


def convolution_after_shuffle(features: keras.KerasTensor, **options: Any) -> keras.KerasTensor:
    """A k9 convolution of what `shuffle` gave: a `ShuffledConvolution` in place of both; takes its options."""
    return ShuffledConvolution(**options)(features.before_shuffle)
