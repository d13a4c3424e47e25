"""The discriminator of SRGAN: figure 4, lower half, of Ledig et al., CVPR 2017."""

import keras

from srlib.config import Config
from srlib.srgan import layers


def build(config: Config) -> keras.Model:
    """Build the discriminator: eight 3 × 3 convolutions, every second one with stride 2, then two dense layers.

    Args:
        config: reads `hr_patch`, `discriminator_filters` and `discriminator_dense`.
    Returns:
        model from HR or SR float32 (batch, patch, patch, 3) in [-1, 1] to logits float32 (batch, 1): positive means
        "looks real". As published, at 96 px, it has 23,565,505 trainable parameters. No sigmoid: the losses take
        logits, which is exact where a probability would round to 0 or 1.
    """
    filters = config.discriminator_filters
    picture = keras.Input((config.hr_patch, config.hr_patch, 3), name="picture")

    features = convolution(filters, stride=1)(picture)
    features = leaky_relu()(features)

    features = block(features, filters, stride=2)
    for factor in (2, 4, 8):
        features = block(features, factor * filters, stride=1)
        features = block(features, factor * filters, stride=2)

    features = keras.layers.Flatten()(features)
    features = keras.layers.Dense(config.discriminator_dense)(features)
    features = leaky_relu()(features)
    logits = keras.layers.Dense(1, dtype="float32")(features)
    return keras.Model(picture, logits, name="discriminator")


def block(features: keras.KerasTensor, filters: int, *, stride: int) -> keras.KerasTensor:
    """Convolution, batch norm, LeakyReLU: (batch, h, w, c) to (batch, h / stride, w / stride, filters)."""
    features = convolution(filters, stride)(features)
    features = layers.BatchNormalization()(features)
    return leaky_relu()(features)


def convolution(filters: int, stride: int) -> keras.layers.Conv2D:
    """A k3n`filters`s`stride` layer in the paper's notation."""
    return keras.layers.Conv2D(filters, 3, strides=stride, padding="same")


def leaky_relu() -> keras.layers.LeakyReLU:
    """LeakyReLU with the paper's slope of 0.2."""
    return keras.layers.LeakyReLU(negative_slope=0.2)
