"""The training steps: the generator alone on pixels, then both networks against each other.

Both are `keras.Model`s that `fit` drives. They take uint8 HR patches with their margin and make the LR input on the
device. Where TensorFlow and JAX differ, in taking gradients of two losses, each has its function at the end.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from srlib.data.degradation import keras_layers
from srlib.imaging.pixel_ranges import Tensor
from srlib.machine import distribution
from srlib.srgan import losses

Loss = Callable[[Tensor, Tensor], Tensor]


class PixelTraining(keras.Model):
    """Generator trained on a content loss; Keras's own training step does the rest.

    Args:
        generator: of `generator.build`.
        content: loss of `losses`, a function of HR and SR.
        degradation: layer from patches to (LR, HR); None: MATLAB's bicubic.
    """

    def __init__(
        self, generator: keras.Model, content: Loss = losses.mse, *, degradation: keras.layers.Layer | None = None
    ) -> None:
        super().__init__(name="pixel_training")
        self.generator = generator
        self.degradation = degradation or keras_layers.Bicubic()
        self._content = content

    def call(self, patches: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        """HR and SR of a batch."""
        lr, hr = self.degradation(patches)
        return hr, self.generator(lr, training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """A replica's part of the content loss of `call`'s result, which is Keras's prediction `y_pred`."""
        return distribution.divide_by_replicas(self._content(*y_pred))

    def train_step(self, *state_and_data: Any) -> Any:
        """Keras's step, its logs in the shape that several workers need."""
        return distribution.step_logs(super().train_step(*state_and_data))


class AdversarialTraining(keras.Model):
    """Generator and discriminator, each trained on its own loss in one step with one forward pass of both.

    Compile it with one Keras optimizer: rules that act on each variable alone (Adam, RMSprop, AdaBelief) then behave
    as two optimizers of equal settings.

    Args:
        generator, discriminator: the two networks.
        content: loss of `losses`, a function of HR and SR.
        adversarial_weight: of the adversarial loss beside the content loss (1e-3 in the paper).
        degradation: layer from patches to (LR, HR); None: MATLAB's bicubic.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        content: Loss = losses.mse,
        adversarial_weight: float = 1e-3,
        degradation: keras.layers.Layer | None = None,
    ) -> None:
        super().__init__(name="adversarial_training")
        self.generator, self.discriminator = generator, discriminator
        self.degradation = degradation or keras_layers.Bicubic()
        self.adversarial_weight, self._content = adversarial_weight, content
        names = ("generator_loss", "discriminator_loss", "content", "adversarial", "d_real", "d_fake")
        self._trackers = [keras.metrics.Mean(name=name) for name in names]

    def call(self, patches: Tensor, training: bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """HR and SR of a batch, and the discriminator's logits of each."""
        lr, hr = self.degradation(patches)
        sr = self.generator(lr, training=training)
        return hr, sr, self.discriminator(hr, training=training), self.discriminator(sr, training=training)

    def loss_terms(self, hr: Tensor, sr: Tensor, *, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The losses of `call`'s results, and their parts; `d_real` and `d_fake` are the mean D(HR) and D(SR)."""
        content, adversarial = self._content(hr, sr), losses.adversarial(fake)
        return {
            "generator_loss": content + self.adversarial_weight * adversarial,
            "discriminator_loss": losses.discriminator(real, fake),
            "content": content,
            "adversarial": adversarial,
            "d_real": ops.mean(ops.sigmoid(real)),
            "d_fake": ops.mean(ops.sigmoid(fake)),
        }

    def train_step(self, *state_and_data: Any) -> Any:
        """One step of both networks, as the backend takes it."""
        return _TRAIN_STEPS[keras.backend.backend()](self, *state_and_data)

    def track(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Feed the step's scalars to the running means and return {name: mean so far}."""
        for tracker in self._trackers:
            tracker.update_state(values[tracker.name])
        return {tracker.name: tracker.result() for tracker in self._trackers}


def _tensorflow_step(model: AdversarialTraining, data: Any) -> Mapping[str, Tensor]:
    """One step on TensorFlow: one tape, one gradient of each loss with respect to its own network's variables."""
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        hr, sr, real, fake = model(keras.utils.unpack_x_y_sample_weight(data)[0], training=True)
        values = model.loss_terms(hr, sr, real=real, fake=fake)
        generator_loss = model.optimizer.scale_loss(distribution.divide_by_replicas(values["generator_loss"]))
        discriminator_loss = model.optimizer.scale_loss(distribution.divide_by_replicas(values["discriminator_loss"]))
    generator, discriminator = model.generator.trainable_variables, model.discriminator.trainable_variables
    gradients = tape.gradient(generator_loss, generator) + tape.gradient(discriminator_loss, discriminator)
    model.optimizer.apply(gradients, generator + discriminator)
    return distribution.step_logs(model.track(values))


def _jax_step(model: AdversarialTraining, state: Any, data: Any) -> tuple[Mapping[str, Tensor], Any]:
    """One step on JAX: the same two gradients, taken from one linearisation of the forward pass."""
    import jax

    trainable, non_trainable, optimizer_variables, metric_variables = state

    def forward(trainable):
        (hr, sr, real, fake), updated = model.stateless_call(trainable, non_trainable, data[0], training=True)
        values = model.loss_terms(hr, sr, real=real, fake=fake)
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
