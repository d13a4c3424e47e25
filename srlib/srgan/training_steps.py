"""The training steps: the generator alone on pixels, then both networks against each other.

Both are `keras.Model`s that `fit` drives. They take uint8 HR patches with their margin and make the LR input on the
device. Where TensorFlow and JAX differ, in taking gradients of two losses, each has its function at the end.
"""

import keras
from keras import ops

from srlib.data.degradation import keras_layers
from srlib.machine import distribution
from srlib.srgan import losses


class PixelTraining(keras.Model):
    """The generator trained on a content loss; Keras's own training step does the rest.

    Args:
        generator: a model of `generator.build`.
        content_loss: name for `losses.content`.
        degradation: layer from patches to (LR, HR).
        dssim_weight: float, weight of DSSIM in a content loss that mixes it in.
    """

    def __init__(self, generator, content_loss="mse", degradation=None, dssim_weight=0.1):
        super().__init__(name="pixel_training")
        self.generator = generator
        self.degradation = degradation or keras_layers.Bicubic()
        self._content = losses.content(content_loss, dssim_weight)

    def call(self, patches, training=False):
        lr, hr = self.degradation(patches)
        return hr, self.generator(lr, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return distribution.share(self._content(*y_pred))

    def train_step(self, *state_and_data):
        return distribution.outputs(super().train_step(*state_and_data))


class AdversarialTraining(keras.Model):
    """Generator and discriminator, each trained on its own loss in one step with one forward pass of both.

    Compile it with one Keras optimizer: rules that act on each variable alone (Adam, RMSprop, AdaBelief) then behave
    as two optimizers of equal settings.

    Args:
        generator, discriminator: the two networks.
        content_loss: name for `losses.content`.
        adversarial_weight: float, weight of the adversarial loss beside the content loss (1e-3 in the paper).
        degradation: layer from patches to (LR, HR).
        dssim_weight: float, weight of DSSIM in a content loss that mixes it in.
    """

    def __init__(
        self,
        generator,
        discriminator,
        content_loss="mse",
        adversarial_weight=1e-3,
        degradation=None,
        dssim_weight=0.1,
    ):
        super().__init__(name="adversarial_training")
        self.generator = generator
        self.discriminator = discriminator
        self.degradation = degradation or keras_layers.Bicubic()
        self.adversarial_weight = adversarial_weight
        self._content = losses.content(content_loss, dssim_weight)
        names = ("generator_loss", "discriminator_loss", "content", "adversarial", "d_real", "d_fake")
        self._trackers = [keras.metrics.Mean(name=name) for name in names]

    def call(self, patches, training=False):
        """The losses of a batch, as a dict of scalars; `d_real` and `d_fake` are the mean D(HR) and D(SR)."""
        lr, hr = self.degradation(patches)
        sr = self.generator(lr, training=training)
        real = self.discriminator(hr, training=training)
        fake = self.discriminator(sr, training=training)
        content, adversarial = self._content(hr, sr), losses.adversarial(fake)
        return {
            "generator_loss": content + self.adversarial_weight * adversarial,
            "discriminator_loss": losses.discriminator(real, fake),
            "content": content,
            "adversarial": adversarial,
            "d_real": ops.mean(ops.sigmoid(real)),
            "d_fake": ops.mean(ops.sigmoid(fake)),
        }

    def train_step(self, *state_and_data):
        return _TRAIN_STEPS[keras.backend.backend()](self, *state_and_data)

    def track(self, values):
        """Feed the step's scalars to the running means and return {name: mean so far}."""
        for tracker in self._trackers:
            tracker.update_state(values[tracker.name])
        return {tracker.name: tracker.result() for tracker in self._trackers}


def _tensorflow_step(model, data):
    """One step on TensorFlow: one tape, one gradient of each loss with respect to its own network's variables."""
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        values = model(keras.utils.unpack_x_y_sample_weight(data)[0], training=True)
        generator_loss = model.optimizer.scale_loss(distribution.share(values["generator_loss"]))
        discriminator_loss = model.optimizer.scale_loss(distribution.share(values["discriminator_loss"]))
    generator, discriminator = model.generator.trainable_variables, model.discriminator.trainable_variables
    gradients = tape.gradient(generator_loss, generator) + tape.gradient(discriminator_loss, discriminator)
    model.optimizer.apply(gradients, generator + discriminator)
    return distribution.outputs(model.track(values))


def _jax_step(model, state, data):
    """One step on JAX: the same two gradients, taken from one linearisation of the forward pass."""
    import jax

    trainable, non_trainable, optimizer_variables, metric_variables = state

    def forward(trainable):
        values, updated = model.stateless_call(trainable, non_trainable, data[0], training=True)
        with keras.StatelessScope(state_mapping=list(zip(model.optimizer.variables, optimizer_variables))):
            scaled = [model.optimizer.scale_loss(values[name]) for name in ("generator_loss", "discriminator_loss")]
        return scaled, (values, updated)

    _, gradients_of, (values, non_trainable) = jax.vjp(forward, trainable, has_aux=True)
    count = len(model.generator.trainable_variables)
    generator, discriminator = gradients_of([1.0, 0.0])[0], gradients_of([0.0, 1.0])[0]
    gradients = generator[:count] + discriminator[count:]
    trainable, optimizer_variables = model.optimizer.stateless_apply(optimizer_variables, gradients, trainable)

    with keras.StatelessScope(state_mapping=list(zip(model.metrics_variables, metric_variables))) as scope:
        logs = model.track(values)
    metric_variables = [scope.get_current_value(variable) for variable in model.metrics_variables]
    return logs, (trainable, non_trainable, optimizer_variables, metric_variables)


_TRAIN_STEPS = {"tensorflow": _tensorflow_step, "jax": _jax_step}
