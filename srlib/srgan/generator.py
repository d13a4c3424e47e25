"""The generator of SRGAN, also called SRResNet: figure 4, upper half, of Ledig et al., "Photo-realistic single image
super-resolution using a generative adversarial network", CVPR 2017."""

import keras

from srlib.config import SCALE, Config
from srlib.imaging import bicubic_layers
from srlib.srgan import layers


def build(config: Config) -> keras.Model:
    """Build the generator: k9n64 – 16 residual blocks – k3n64 with the long skip – two upsamplings – k9n3.

    Args:
        config: reads `generator_blocks`, `generator_filters` and `bicubic_skip`. With the skip (a departure from the
            paper without parameters) the network adds detail to the bicubic enlargement, starting from none.
    Returns:
        model from LR float32 (batch, height, width, 3) in [0, 1] to SR float32 (batch, 4 height, 4 width, 3) in
        [-1, 1]; height and width are free. As published it has 1,554,883 parameters.
    """
    filters = config.generator_filters
    lr = keras.Input((None, None, 3), name="lr")

    features = convolution(filters, 9)(lr)
    features = layers.PReLU(filters)(features)

    shallow = features
    for _ in range(config.generator_blocks):
        features = residual_block(features, filters)
    features = convolution(filters, 3)(features)
    features = layers.BatchNormalization()(features)
    features = keras.layers.Add()([features, shallow])

    features = upsample(features, filters)
    features = upsample(features, filters)

    sr = output_with_bicubic_skip(features, lr) if config.bicubic_skip else output(features)
    return keras.Model(lr, sr, name="generator")


def residual_block(features: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """Convolution, batch norm, PReLU, convolution, batch norm, sum: (batch, h, w, filters) to the same shape."""
    shortcut = features
    features = convolution(filters, 3)(features)
    features = layers.BatchNormalization()(features)
    features = layers.PReLU(filters)(features)
    features = convolution(filters, 3)(features)
    features = layers.BatchNormalization()(features)
    return keras.layers.Add()([features, shortcut])


def upsample(features: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """k3 with four times the filters, PReLU, pixel shuffle: (batch, h, w, filters) to (batch, 2h, 2w, filters).

    The figure has the PReLU after the shuffle; with one slope a channel the two may change places.
    """
    features = convolution(4 * filters, 3)(features)
    features = layers.PReLU(filters)(features)
    return layers.shuffle(features)


def output(features: keras.KerasTensor) -> keras.KerasTensor:
    """k9n3 and tanh: the picture in [-1, 1], as published."""
    return layers.convolution_after_shuffle(features, filters=3, activation="tanh")


def output_with_bicubic_skip(features: keras.KerasTensor, lr: keras.KerasTensor) -> keras.KerasTensor:
    """k9n3, starting at zero, added to the bicubic enlargement of `lr`: the baseline at first."""
    detail = layers.convolution_after_shuffle(features, filters=3, kernel_initializer="zeros")
    enlarged = keras.layers.Rescaling(2.0, offset=-1.0, dtype="float32")(bicubic_layers.BicubicUpscale()(lr))
    return keras.layers.Add(dtype="float32")([detail, enlarged])


def convolution(filters: int, size: int) -> keras.layers.Conv2D:
    """A k`size`n`filters`s1 layer in the paper's notation."""
    return keras.layers.Conv2D(filters, size, padding="same")


def receptive_field(config: Config) -> int:
    """How far, in LR pixels, an output pixel looks in each direction: tiles that overlap by it show no seams.

    The 9 × 9 input convolution reaches 4, each 3 × 3 convolution 1 at its own resolution, the 9 × 9 output 4 at ×4.
    """
    before_upsampling = 4 + 2 * config.generator_blocks + 1
    while_upsampling = 1 + 1 / 2 + 4 / SCALE
    return int(before_upsampling + while_upsampling + 1)
