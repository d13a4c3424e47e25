"""Driving `fit`: data in, checkpoints and logs out, weights back; resumes where it stopped."""

import dataclasses
import functools
import pathlib

import keras

from srlib.data import patches
from srlib.machine import distribution, precision
from srlib.srgan import generator
from srlib.training import callbacks, checkpoints, compiled_models, weight_averaging

# Steps at whose end a run can be cut and go on, and steps that run without the host between them, at most. On a GPU a
# step takes milliseconds, and what Keras does at the end of a stretch tens of them.
PACE, PACE_ON_GPU = (20, 10), (200, 50)


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a phase leaves: the generator's weights (float32), its config, the history as rows, seconds a step."""

    weights: list
    config: object
    history: list
    seconds_per_step: float

    @functools.cached_property
    def generator(self):
        """The network, in float32 whatever precision it was trained in; built when it is asked for first."""
        with precision.scope("float32"):
            network = generator.build(self.config)
        network.set_weights(self.weights)
        return network


def pretrain(config, images, validation=(), folder=None, start=None, minutes=3.0, devices="none", watching=()):
    """The pixel phase: train the generator on the content loss (SRResNet).

    Args:
        config: `Config`.
        images: list of uint8 arrays (height, width, 3) to cut patches from, or a `store.Store`.
        validation: iterable of `sources.Photo` whose centres are scored as training goes, never trained on.
        folder: where checkpoints and logs go, and where a run that was cut off goes on; None keeps none. Several
            machines share it: the chief writes, all read.
        start: generator to begin with, or None for fresh weights.
        minutes: float, between two checkpoints.
        devices: name of a `distribution.engine`; it changes where the batch is computed, not what.
        watching: Keras callbacks that come after srlib's own; at the end of an interval `val_psnr` is in their logs.
    Returns:
        `Trained`.
    Raises:
        SystemExit: after SIGTERM, once a checkpoint is written.
    """
    return _train("pixel", config, images, validation, folder, start, minutes, devices, watching)


def adversarial(config, images, start, validation=(), folder=None, minutes=3.0, devices="none", watching=()):
    """The adversarial phase: train the generator `start` and a fresh discriminator against each other (SRGAN).

    Args, returns and raises as `pretrain`.
    """
    return _train("adversarial", config, images, validation, folder, start, minutes, devices, watching)


def _train(phase, config, images, validation, folder, start, minutes, devices, watching):
    """Fit the models of a phase on the devices, and take the generator out."""
    spread = distribution.engine(devices, config.batch)
    sampler = _sampler(images, config)
    steps = config.pretrain_steps if phase == "pixel" else config.gan_steps
    interval = largest_divisor(steps, config.log_every)
    longest, most = pace()
    stretch = largest_divisor(interval, longest)
    together = largest_divisor(stretch, most) if spread.replicas == 1 else 1
    validation = list(validation)
    score = callbacks.Validation(validation) if validation else None
    with spread.scope():
        model = compiled_models.prepare(phase, config, together, start, devices)
        history = callbacks.History(interval, stretch, score, folder if spread.chief else None)
        checkpoint = checkpoints.Checkpoint(folder, history, config, minutes) if folder else None
        _fit(model, sampler, history, checkpoint, steps, spread, watching)
        _finish(model, config, sampler, steps, start)
    return Trained(model.generator.get_weights(), config, history.rows, history.seconds_per_step())


def _fit(model, sampler, history, checkpoint, steps, spread, watching):
    """The steps from the newest checkpoint on, in stretches, the batches drawn ahead; only the chief writes."""
    done = checkpoint.restore(model) if checkpoint else 0
    seen = {"checkpoint": lambda: done, "weights": lambda: checkpoints.state(model), "pictures": lambda: sampler(done)}
    spread.agree(**seen)
    if done == steps:
        return
    folder = checkpoint.folder if checkpoint else None
    writers = [callbacks.Progress(steps, done), *_tensorboard(folder), checkpoint] if spread.chief else []
    with checkpoints.until_terminated(checkpoint if spread.chief else None):
        model.fit(
            spread.batches(sampler, done),
            shuffle=False,
            epochs=steps // history.stretch,
            initial_epoch=done // history.stretch,
            steps_per_epoch=history.stretch,
            callbacks=[callback for callback in (history, *writers, *watching) if callback],
            verbose=0,
        )


def _finish(model, config, sampler, steps, start):
    """Average the weights, mix in the start's and measure the batch-norm statistics anew, where the settings say so."""
    if config.weight_average:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    if config.start_share and start is not None:
        weight_averaging.interpolate_weights(model.generator, start, config.start_share)
    indices = range(steps, steps + config.statistics_batches)
    weight_averaging.recalibrate_batch_norm(
        model.generator, (model.degradation(sampler(index))[0] for index in indices)
    )


def _sampler(images, config):
    """What draws the batches: from a packed store where one is given, else from the images in memory."""
    varied = patches.Augmentation(config.reduction, config.permute_channels, config.detail_draws)
    if hasattr(images, "sampler"):
        return images.sampler(config.hr_patch, config.batch, config.seed, varied)
    return patches.PatchSampler(images, config.hr_patch, config.batch, config.seed, varied)


def pace():
    """The longest stretch and the most steps without the host on this machine: `PACE` or `PACE_ON_GPU`."""
    return PACE if precision.gpu_capability() is None else PACE_ON_GPU


def largest_divisor(number, limit):
    """The largest divisor of `number` not above `limit`: intervals and stretches are whole parts of a run."""
    return max(size for size in range(1, min(number, limit) + 1) if number % size == 0)


def _tensorboard(folder):
    """Keras's TensorBoard callback where TensorFlow drives, which has the writer; nothing otherwise."""
    if folder is None or keras.backend.backend() != "tensorflow":
        return []
    return [keras.callbacks.TensorBoard(str(pathlib.Path(folder) / "tensorboard"), write_graph=False)]
