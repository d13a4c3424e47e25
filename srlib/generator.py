"""The generator of SRGAN, also called SRResNet: figure 4, upper half, of Ledig et al., "Photo-realistic single image
super-resolution using a generative adversarial network", CVPR 2017."""

import keras
from keras import layers

from srlib import distribution, resize
from srlib.config import SCALE


def build(config):
    """Build the generator: k9n64 – 16 residual blocks – k3n64 with the long skip – two pixel shuffles – k9n3.

    Args:
        config: `Config`; reads `generator_blocks`, `generator_filters` and `bicubic_skip`. With the skip (a departure
            from the paper without parameters) the network adds detail to the bicubic enlargement, starting from none.
    Returns:
        `keras.Model` from LR float32 (batch, height, width, 3) in [0, 1] to SR float32 (batch, 4 height, 4 width, 3)
        in [-1, 1]; height and width are free. As published it has 1,554,883 parameters.
    """
    filters = config.generator_filters
    lr = keras.Input((None, None, 3), name="lr")

    features = convolution(filters, 9)(lr)
    features = prelu()(features)

    shallow = features
    for _ in range(config.generator_blocks):
        features = residual_block(features, filters)
    features = convolution(filters, 3)(features)
    features = batch_norm()(features)
    features = layers.Add()([features, shallow])

    features = upsampling(features, filters)
    features = upsampling(features, filters)

    sr = bicubic_skip(features, lr) if config.bicubic_skip else image(features)
    return keras.Model(lr, sr, name="generator")


def residual_block(features, filters):
    """Convolution, batch norm, PReLU, convolution, batch norm, sum: (batch, h, w, filters) to the same shape."""
    shortcut = features
    features = convolution(filters, 3)(features)
    features = batch_norm()(features)
    features = prelu()(features)
    features = convolution(filters, 3)(features)
    features = batch_norm()(features)
    return layers.Add()([features, shortcut])


def upsampling(features, filters):
    """k3 with four times the filters, pixel shuffle, PReLU: (batch, h, w, filters) to (batch, 2h, 2w, filters)."""
    features = convolution(4 * filters, 3)(features)
    features = PixelShuffle(2)(features)
    return prelu()(features)


def image(features):
    """k9n3 and tanh: the picture in [-1, 1], as published."""
    return layers.Conv2D(3, 9, padding="same", activation="tanh", dtype="float32")(features)


def bicubic_skip(features, lr):
    """k9n3 starting at zero, added to the bicubic enlargement of `lr`: training starts at the baseline."""
    detail = layers.Conv2D(3, 9, padding="same", kernel_initializer="zeros", dtype="float32")(features)
    enlarged = layers.Rescaling(2.0, offset=-1.0, dtype="float32")(resize.BicubicUpscale()(lr))
    return layers.Add(dtype="float32")([detail, enlarged])


def convolution(filters, size):
    """A k`size`n`filters`s1 layer in the paper's notation."""
    return layers.Conv2D(filters, size, padding="same")


def prelu():
    """PReLU with one slope a channel, shared over the picture, so that any size fits; slopes start at 0.25.

    Keras would start them at 0, a ReLU: at learning rates of 1e-3 the last features then die and training stands still.
    Source of the 0.25: He et al., "Delving deep into rectifiers", ICCV 2015, section 2.1.
    """
    return layers.PReLU(alpha_initializer=keras.initializers.Constant(0.25), shared_axes=[1, 2])


def batch_norm():
    """Batch normalisation whose moving averages follow within some tens of steps."""
    return distribution.batch_norm(momentum=0.8)


class PixelShuffle(layers.Layer):
    """Sub-pixel rearrangement (Shi et al., CVPR 2016): (batch, h, w, scale² c) to (batch, scale h, scale w, c)."""

    def __init__(self, scale, **options):
        super().__init__(**options)
        self.scale = scale

    def call(self, features):
        return resize.pixel_shuffle(features, self.scale)

    def compute_output_shape(self, shape):
        height, width = (side and side * self.scale for side in shape[1:3])
        return (shape[0], height, width, shape[3] // self.scale**2)


def receptive_field(config):
    """How far, in LR pixels, an output pixel looks in each direction: tiles that overlap by it show no seams.

    The 9 × 9 input convolution reaches 4, each 3 × 3 convolution 1 at its own resolution, the 9 × 9 output 4 at ×4.
    """
    before_upsampling = 4 + 2 * config.generator_blocks + 1
    while_upsampling = 1 + 1 / 2 + 4 / SCALE
    return int(before_upsampling + while_upsampling + 1)
