"""The training loop: batches in, checkpoints and logs out, weights back; an interrupted run can be resumed."""

import dataclasses
import functools
import importlib.util
import pathlib
from collections.abc import Iterable, Sequence

import keras
import numpy as np

from srlib.config import Config
from srlib.data import packed_store, patches, sources
from srlib.machine import distribution, precision
from srlib.srgan import generator
from srlib.training import callbacks, checkpoints, compiled_models, weight_averaging


@dataclasses.dataclass(frozen=True)
class Trained:
    """The result of a phase: the generator's float32 weights, its config, the history as rows, seconds a step."""

    weights: list[np.ndarray]
    config: Config
    history: list[dict]
    seconds_per_step: float | None

    @functools.cached_property
    def generator(self) -> keras.Model:
        """The network, in float32 whatever precision it was trained in; built when it is asked for first."""
        with precision.scope("float32"):
            network = generator.build(self.config)
        network.set_weights(self.weights)
        return network


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Where and how a training runs; none of it changes what is computed.

    Args:
        folder: where checkpoints and logs go, and where a run that was cut off goes on; None keeps none. Several
            machines share it: the chief writes, all read.
        checkpoint_minutes: time between two checkpoints.
        devices: name of a `distribution.strategy`.
        callbacks: Keras callbacks that come after srlib's own; at the end of an interval `val_psnr` is in their logs.
    """

    folder: pathlib.Path | str | None = None
    checkpoint_minutes: float = 3.0
    devices: str = "none"
    callbacks: Sequence[keras.callbacks.Callback] = ()


@dataclasses.dataclass(frozen=True)
class Pace:
    """The lengths of a run, in steps: all of it, an interval of the history, an epoch of `fit`, and one execution.

    An epoch is what a run can be cut behind and go on from; an execution runs without the host. On a GPU a step takes
    milliseconds, and what Keras does at the end of an epoch tens of them.
    """

    steps: int
    interval: int
    epoch: int
    steps_per_execution: int


def pretrain(
    config: Config,
    images: packed_store.Images | Sequence[np.ndarray],
    *,
    start: keras.Model | None = None,
    validation: Iterable[sources.Photo] = (),
    options: RunOptions = RunOptions(),  # noqa: B008 (frozen)
) -> Trained:
    """Train the generator alone on the content loss: the pixel phase, which makes SRResNet.

    Args:
        config: the settings.
        images: what patches are cut from: uint8 arrays (height, width, 3), or a `packed_store.Store`.
        start: generator to begin with, or None for fresh weights.
        validation: photos whose centres are scored as training goes; never trained on.
        options: where and how it runs.
    Returns:
        `Trained`.
    Raises:
        SystemExit: after SIGTERM, once a checkpoint is written.
    """
    return _train("pixel", config, images, start=start, validation=validation, options=options)


def adversarial(
    config: Config,
    images: packed_store.Images | Sequence[np.ndarray],
    *,
    start: keras.Model | None,
    validation: Iterable[sources.Photo] = (),
    options: RunOptions = RunOptions(),  # noqa: B008 (frozen)
) -> Trained:
    """Train the generator `start` and a fresh discriminator against each other: the adversarial phase, SRGAN.

    Args, returns and raises as `pretrain`.
    """
    return _train("adversarial", config, images, start=start, validation=validation, options=options)


def _train(phase, config, images, *, start, validation, options):
    """Fit the models of a phase on the devices, and take the generator out."""
    strategy = distribution.strategy(options.devices, config.batch)
    sampler = _sampler(images, config)
    lengths = pace(phase, config, strategy.replicas)
    validation = list(validation)
    score = callbacks.Validation(validation) if validation else None
    folder = options.folder
    with strategy.scope():
        model = compiled_models.prepare(
            phase, config, start=start, steps_per_execution=lengths.steps_per_execution, devices=options.devices
        )
        history = callbacks.History(
            lengths.interval, lengths.epoch, score=score, folder=folder if strategy.chief else None
        )
        checkpoint = (
            checkpoints.Checkpoint(folder, history, config=config, minutes=options.checkpoint_minutes)
            if folder
            else None
        )
        _fit(model, sampler, strategy, lengths.steps, [history, checkpoint, *options.callbacks])
        _finish(model, config, sampler, lengths.steps, start)
    return Trained(model.generator.get_weights(), config, history.rows, history.seconds_per_step())


def _fit(model, sampler, strategy, steps, watchers):
    """Take the steps from the newest checkpoint on, the batches drawn ahead; only the chief writes.

    `watchers` are the history, the checkpoint or None, and further callbacks.
    """
    history, checkpoint, *further = watchers
    done = checkpoint.restore(model) if checkpoint else 0
    strategy.require_agreement(
        checkpoint=lambda: done, weights=lambda: checkpoints.state(model), pictures=lambda: sampler(done)
    )
    if done == steps:
        return
    folder = checkpoint.folder if checkpoint else None
    writers = [callbacks.Progress(steps, done), *_tensorboard(folder), checkpoint] if strategy.chief else []
    with checkpoints.until_terminated(checkpoint if strategy.chief else None):
        model.fit(
            strategy.batches(sampler, done),
            shuffle=False,
            epochs=steps // history.epoch,
            initial_epoch=done // history.epoch,
            steps_per_epoch=history.epoch,
            callbacks=[callback for callback in (history, *writers, *further) if callback],
            verbose=0,
        )


def _finish(model, config, sampler, steps, start):
    """Average the weights, mix in the start's and measure the batch-norm statistics anew, where the settings say so."""
    if config.weight_average:
        model.optimizer.finalize_variable_values(model.trainable_variables)
    if config.start_share and start is not None:
        weight_averaging.interpolate_weights(model.generator, start, share=config.start_share)
    indices = range(steps, steps + config.statistics_batches)
    inputs = (model.degradation(sampler(index))[0] for index in indices)
    weight_averaging.recalibrate_batch_norm(model.generator, inputs)


def _sampler(images, config):
    """The sampler of the run's batches."""
    augmentation = patches.Augmentation(config.reduction, config.permute_channels, config.detail_draws)
    settings = patches.PatchSettings(config.hr_patch, config.batch, config.seed, augmentation)
    return packed_store.as_images(images).sampler(settings)


def pace(phase: str, config: Config, replicas: int = 1) -> Pace:
    """The lengths of a phase on this machine; shorter ones divide the longer without rest.

    Args:
        phase: "pixel" or "adversarial".
        config: the settings.
        replicas: devices that share each batch; more than one meet after every step.
    """
    steps = config.pretrain_steps if phase == "pixel" else config.gan_steps
    longest_epoch, longest_execution = (20, 10) if precision.gpu_capability() is None else (200, 50)
    interval = largest_divisor(steps, config.log_every)
    epoch = largest_divisor(interval, longest_epoch)
    return Pace(steps, interval, epoch, largest_divisor(epoch, longest_execution) if replicas == 1 else 1)


def largest_divisor(number: int, limit: int) -> int:
    """The largest divisor of `number` not above `limit`."""
    return max(size for size in range(1, min(number, limit) + 1) if number % size == 0)


def _tensorboard(folder):
    """Keras's TensorBoard callback where TensorFlow drives, which has the writer, and TensorBoard is; else nothing."""
    missing = keras.backend.backend() != "tensorflow" or importlib.util.find_spec("tensorboard") is None
    if folder is None or missing:
        return []
    return [keras.callbacks.TensorBoard(str(pathlib.Path(folder) / "tensorboard"), write_graph=False)]
