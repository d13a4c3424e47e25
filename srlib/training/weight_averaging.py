"""Averages of weights, and the batch-norm statistics that belong to them."""

from collections.abc import Iterable

import keras
from keras import ops

from srlib.srgan.layers import BatchNormalization


def interpolate_weights(network: keras.Model, start: keras.Model, *, share: float) -> None:
    """Network interpolation: replace trained weights by their weighted mean with those that training began with.

    Args:
        network: the trained network; its batch-norm statistics do not fit any more, see `recalibrate_batch_norm`.
        start: network of the same shape, from which the training went on.
        share: weight of `start`, in [0, 1].
    Source: Wang et al., "ESRGAN: enhanced super-resolution generative adversarial networks", ECCV workshops 2018,
    section 3.4 (network interpolation): a pixel-trained network takes the noise out of an adversarial one.
    """
    for own, before in zip(network.trainable_weights, start.trainable_weights, strict=True):
        own.assign((1 - share) * ops.convert_to_tensor(own) + share * ops.convert_to_tensor(before))


def recalibrate_batch_norm(network: keras.Model, batches: Iterable) -> None:
    """Batch-norm recalibration: set the moving averages to the mean over batches, each weighing the same.

    Averaged weights need it, whose statistics nobody has seen; and averages that follow quickly are of few batches.

    Args:
        network: `keras.Model` with layers of `BatchNormalization`; its weights stay as they are.
        batches: iterable of inputs.
    Source: Izmailov et al., "Averaging weights leads to wider optima and better generalization", UAI 2018, section 3.2.
    """
    norms = [layer for layer in network.layers if isinstance(layer, BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for count, batch in enumerate(batches):
        for norm in norms:
            norm.momentum = count / (count + 1)
        network(batch, training=True)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
