"""Driving `fit`: data in, checkpoints and logs out, weights back; resumes where it stopped."""

import dataclasses
import pathlib

import keras

from srlib import callbacks, checkpoints, engine, generator, layers, precision
from srlib.data import patches

# Steps at whose end a run can be cut and go on, and steps that run without the host between them: at most.
_STRETCH, _TOGETHER = 20, 10


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a phase leaves: the generator (float32), its config, the history as rows, seconds a step."""

    generator: keras.Model
    config: object
    history: list
    seconds_per_step: float


def pretrain(config, images, validation=(), folder=None, start=None, minutes=3.0, watching=()):
    """The pixel phase: train the generator on the content loss (SRResNet).

    Args:
        config: `Config`.
        images: list of uint8 arrays (height, width, 3) to cut patches from, or a `store.Store`.
        validation: iterable of `sources.Photo` whose centres are scored as training goes, never trained on.
        folder: where checkpoints and logs go, and where a run that was cut off goes on; None keeps none.
        start: generator to begin with, or None for fresh weights.
        minutes: float, between two checkpoints.
        watching: Keras callbacks that come after srlib's own; at the end of an interval `val_psnr` is in their logs.
    Returns:
        `Trained`.
    Raises:
        SystemExit: after SIGTERM, once a checkpoint is written.
    """
    return _train("pixel", config, images, validation, folder, start, minutes, watching)


def adversarial(config, images, start, validation=(), folder=None, minutes=3.0, watching=()):
    """The adversarial phase: train the generator `start` and a fresh discriminator against each other (SRGAN).

    Args, returns and raises as `pretrain`.
    """
    return _train("adversarial", config, images, validation, folder, start, minutes, watching)


def _train(phase, config, images, validation, folder, start, minutes, watching):
    """Fit the models of a phase, from the newest checkpoint in `folder` on."""
    sampler = _sampler(images, config)
    steps = config.pretrain_steps if phase == "pixel" else config.gan_steps
    interval = largest_divisor(steps, config.log_every)
    stretch = largest_divisor(interval, _STRETCH)
    model = engine.prepare(phase, config, largest_divisor(stretch, _TOGETHER), start)

    validation = list(validation)
    score = callbacks.Validation(validation) if validation else None
    history = callbacks.History(interval, stretch, score, folder)
    checkpoint = checkpoints.Checkpoint(folder, history, config, minutes) if folder else None
    done = checkpoint.restore(model) if checkpoint else 0
    if done < steps:
        own = [history, callbacks.Progress(steps, done), *_tensorboard(folder), checkpoint]
        with checkpoints.until_terminated(checkpoint):
            _fit(model, sampler, [*filter(None, own), *watching], done, steps, stretch)
    _finish(model, config, sampler, steps)
    return Trained(_float32(model.generator, config), config, history.rows, history.seconds_per_step())


def _fit(model, sampler, watching, done, steps, stretch):
    """Steps `done` to `steps` in stretches, the batches drawn ahead by a thread."""
    model.fit(
        sampler.batches(done, workers=1),
        shuffle=False,
        epochs=steps // stretch,
        initial_epoch=done // stretch,
        steps_per_epoch=stretch,
        callbacks=watching,
        verbose=0,
    )


def _finish(model, config, sampler, steps):
    """Put averaged weights in place and measure the generator's batch-norm statistics, where the settings say so."""
    if config.weight_average:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    indices = range(steps, steps + config.statistics_batches)
    layers.settle_statistics(model.generator, (model.degradation(sampler(index))[0] for index in indices))


def _sampler(images, config):
    """What draws the batches: from a packed store where one is given, else from the images in memory."""
    if hasattr(images, "sampler"):
        return images.sampler(config.hr_patch, config.batch, config.seed)
    return patches.PatchSampler(images, config.hr_patch, config.batch, config.seed)


def largest_divisor(number, limit):
    """The largest divisor of `number` not above `limit`: intervals and stretches are whole parts of a run."""
    return max(size for size in range(1, min(number, limit) + 1) if number % size == 0)


def _tensorboard(folder):
    """Keras's TensorBoard callback where TensorFlow drives, which has the writer; nothing otherwise."""
    if folder is None or keras.backend.backend() != "tensorflow":
        return []
    return [keras.callbacks.TensorBoard(str(pathlib.Path(folder) / "tensorboard"), write_graph=False)]


def _float32(network, config):
    """The network rebuilt in float32, whatever precision it was trained in."""
    with precision.scope("float32"):
        copy = generator.build(config)
    copy.set_weights(network.get_weights())
    return copy
