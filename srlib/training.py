"""Driving `fit`: data in, checkpoints and logs out, weights back; resumes where it stopped."""

import dataclasses
import json
import pathlib
import random
import sys
import time
import warnings
import zipfile

import keras
import numpy as np
import tqdm

from srlib import (
    discriminator,
    distribution,
    evaluate,
    files,
    gan,
    generator,
    metrics,
    models,
    optimizers,
    precision,
    ranges,
    resize,
    results,
)
from srlib.data import patches
from srlib.errors import InputError


@dataclasses.dataclass(frozen=True)
class Trained:
    """What a phase leaves: the generator (float32), its config, the history as rows, seconds a step."""

    generator: keras.Model
    config: object
    history: list
    seconds_per_step: float


def pretrain(config, images, validation=(), folder=None, start=None, devices="none"):
    """The pixel phase: train the generator on the content loss (SRResNet).

    Args:
        config: `Config`.
        images: list of uint8 arrays (height, width, 3) to cut patches from, or a `store.Store`.
        validation: iterable of `sources.Photo` whose centres are scored as training goes, never trained on.
        folder: where checkpoints and logs go, and where a run that was cut off goes on; None keeps none. Several
            machines share it: the chief writes, all read.
        start: generator to begin with, or None for fresh weights.
        devices: name of a `distribution.engine`; it changes where the batch is computed, not what.
    Returns:
        `Trained`.
    """
    engine = distribution.engine(devices, config.batch)
    with engine.scope(), precision.scope(precision.resolve(config.precision)):
        network = _fresh_generator(config, start)
        model = gan.PixelTraining(network, config.content_loss, dssim_weight=config.dssim_weight)
    steps, rate = config.pretrain_steps, config.pretrain_learning_rate
    return _train(model, config, images, validation, folder, steps, rate, engine)


def adversarial(config, images, start, validation=(), folder=None, devices="none"):
    """The adversarial phase: train the generator `start` and a fresh discriminator against each other (SRGAN).

    Args and returns as `pretrain`.
    """
    engine = distribution.engine(devices, config.batch)
    with engine.scope(), precision.scope(precision.resolve(config.precision)):
        network = _fresh_generator(config, start)
        opponent = discriminator.build(config)
        weights = {"adversarial_weight": config.adversarial_weight, "dssim_weight": config.dssim_weight}
        model = gan.AdversarialTraining(network, opponent, config.content_loss, **weights)
    return _train(model, config, images, validation, folder, config.gan_steps, config.gan_learning_rate, engine)


def _fresh_generator(config, start):
    """A generator built under the current precision, seeded, with the weights of `start` if there is one."""
    random.seed(config.seed)  # what initialisers draw from; `keras.utils.set_random_seed` imports TensorFlow always
    network = generator.build(config)
    if start is not None:
        network.set_weights(start.get_weights())
    return network


def _train(model, config, images, validation, folder, steps, learning_rate, engine):
    """Fit `model` for `steps` steps, from the newest checkpoint in `folder` on, and take its generator out."""
    with engine.scope():
        history = _fit(model, config, images, validation, folder, steps, learning_rate, engine)
    return Trained(_float32(model.generator, config), config, history.rows, history.seconds_per_step())


def _fit(model, config, images, validation, folder, steps, learning_rate, engine):
    """Compile, restore and fit; returns the `History`. Only the chief of several workers writes."""
    sampler = _sampler(images, config)
    rate = optimizers.schedule(config.schedule, learning_rate, steps, config.warmup_steps)
    jit = keras.backend.backend() == "jax"  # without it Keras runs JAX op by op
    optimizer = engine.optimizer(optimizers.create(config.optimizer, rate), model.dtype_policy.name)
    model.compile(optimizer=optimizer, jit_compile=jit)
    model.optimizer.build(model.trainable_variables)
    interval = _interval(steps, config.log_every)

    history = History(interval, folder if engine.chief else None)
    checkpoint = Checkpoint(folder, history, config) if folder else None
    done = checkpoint.restore(model) if checkpoint else 0
    engine.agree(checkpoint=lambda: done, weights=lambda: _state(model), pictures=lambda: sampler(done))
    if done < steps:
        writers = [Progress(steps, done), checkpoint, *_tensorboard(folder)] if engine.chief else []
        callbacks = [Validation(validation), history, *writers]
        model.fit(
            engine.batches(sampler, done),
            shuffle=False,
            epochs=steps // interval,
            initial_epoch=done // interval,
            steps_per_epoch=interval,
            callbacks=[callback for callback in callbacks if callback],
            verbose=0,
        )
    return history


def _sampler(images, config):
    """What draws the batches: from a packed store where one is given, else from the images in memory."""
    if hasattr(images, "sampler"):
        return images.sampler(config.hr_patch, config.batch, config.seed)
    return patches.PatchSampler(images, config.hr_patch, config.batch, config.seed)


def _interval(steps, log_every):
    """The largest divisor of `steps` not above `log_every`: logs and checkpoints come at whole intervals."""
    return max(size for size in range(1, min(steps, log_every) + 1) if steps % size == 0)


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


class History(keras.callbacks.Callback):
    """Collects one row of means an interval, with the step and seconds so far, and writes history.csv."""

    def __init__(self, interval, folder=None):
        super().__init__()
        self.interval, self.rows = interval, []
        self._file = pathlib.Path(folder) / "history.csv" if folder else None

    def on_train_begin(self, logs=None):
        before = self.rows[-1]["seconds"] if self.rows else 0.0
        self._start = time.perf_counter() - before

    def on_epoch_end(self, epoch, logs=None):
        seconds = round(time.perf_counter() - self._start, 3)
        values = {name: float(value) for name, value in logs.items()}
        self.rows.append({"step": (epoch + 1) * self.interval, "seconds": seconds, **values})
        if self._file:
            files.write_text(self._file, results.csv_text(self.rows))

    def seconds_per_step(self):
        """Mean seconds a step from the end of the first interval on, which holds the compilation; None if unknown."""
        if len(self.rows) < 2:
            return None
        first, last = self.rows[0], self.rows[-1]
        return (last["seconds"] - first["seconds"]) / (last["step"] - first["step"])


class Validation(keras.callbacks.Callback):
    """Adds `val_psnr`, the mean PSNR-Y over the centres of the validation photos, to each interval's row."""

    def __init__(self, photos, side=192):
        super().__init__()
        self._pairs = [_centre_pair(photo.load().rgb, side) for photo in photos]

    def on_epoch_end(self, epoch, logs=None):
        if self._pairs:
            logs["val_psnr"] = float(np.mean([self._psnr(hr, lr) for hr, lr in self._pairs]))

    def _psnr(self, hr, lr):
        sr = self.model.generator(ranges.lr_from_pixels(lr[None]), training=False)
        pixels = resize.to_uint8(keras.ops.convert_to_numpy(ranges.pixels_from_hr(sr))[0])
        return _luma_psnr(hr, pixels)


def bicubic_psnr(photos, side=192):
    """The `val_psnr` of bicubic enlargement on the same centres: the level that a training curve has to pass."""
    pairs = [_centre_pair(photo.load().rgb, side) for photo in photos]
    return float(np.mean([_luma_psnr(hr, resize.upscale(lr)) for hr, lr in pairs]))


def _luma_psnr(reference, image):
    """PSNR in dB on Y, without the border, of two uint8 pictures."""
    return metrics.psnr(*(evaluate.inside(metrics.luma(picture)) for picture in (reference, image)))


def _centre_pair(image, side):
    """The middle of an image, at most `side` pixels on a side, and its LR: (HR, LR), uint8."""
    top, left = (max(size - side, 0) // 2 for size in image.shape[:2])
    hr = resize.crop_to_multiple(image[top : top + side, left : left + side])
    return hr, resize.downscale(hr)


class Progress(keras.callbacks.Callback):
    """One progress bar over all steps, with the last interval's means behind it."""

    def __init__(self, steps, done):
        super().__init__()
        self._bar = tqdm.tqdm(total=steps, initial=done, ncols=100, unit="step", file=sys.stdout, mininterval=1.0)

    def on_train_batch_end(self, batch, logs=None):
        self._bar.update(1)

    def on_epoch_end(self, epoch, logs=None):
        shown = ("loss", "d_real", "d_fake", "val_psnr")
        self._bar.set_postfix({name: f"{logs[name]:.4g}" for name in shown if name in logs}, refresh=False)

    def on_train_end(self, logs=None):
        self._bar.close()


class Checkpoint(keras.callbacks.Callback):
    """Everything that a run needs to go on, written whole at the end of an interval; the newest `keep` stay.

    Args:
        folder: where the files checkpoint-<step>.npz stand.
        history: the run's `History`, kept with it.
        config: the run's `Config`; a checkpoint of another one is refused.
        seconds: float, at least that long between two checkpoints; the last step always has one.
        keep: int, how many files stay.
    """

    def __init__(self, folder, history, config, seconds=60.0, keep=2):
        super().__init__()
        self._folder, self._history, self._seconds, self._keep = pathlib.Path(folder), history, seconds, keep
        self._config, self._defaults = dataclasses.asdict(config), dataclasses.asdict(type(config)())
        self._last = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        final = epoch + 1 == self.params["epochs"]
        if final or time.monotonic() - self._last >= self._seconds:
            self.save()

    def save(self):
        """Write a checkpoint of the model as it stands and remove the oldest beyond `keep`."""
        arrays = {f"v{index:04d}": np.asarray(value) for index, value in enumerate(_state(self.model))}
        rows = self._history.rows
        header = {"config": self._config, "history": rows, "sha256": models.checksum(arrays)}
        header = json.dumps(header).encode()
        with files.replacing(self._folder / f"checkpoint-{rows[-1]['step']:08d}.npz") as beside:
            np.savez(beside, header=np.frombuffer(header, np.uint8), **arrays)
        self._last = time.monotonic()
        for old in checkpoints(self._folder)[: -self._keep]:
            old.unlink()

    def restore(self, model):
        """Load the newest sound checkpoint into `model` and the history; returns its step, 0 without any.

        Raises:
            InputError: the checkpoint is of a run with other settings.
        """
        for path in reversed(checkpoints(self._folder)):
            try:
                return self._load(path, model)
            except InputError:
                raise
            except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
                warnings.warn(f"{path} is damaged ({error}); trying the one before it", stacklevel=2)
        return 0

    def _load(self, path, model):
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays.pop("header").tobytes())
        if models.checksum(arrays) != header["sha256"]:
            raise ValueError("its checksum differs")
        self._compare(header["config"], path)
        for variable, name in zip(_variables(model), sorted(arrays), strict=True):
            variable.assign(arrays[name])
        self._history.rows[:] = header["history"]
        return header["history"][-1]["step"]

    def _compare(self, theirs, path):
        """Refuse a checkpoint of another run, naming the settings that differ."""
        theirs = {**self._defaults, **theirs}  # a setting that it does not know had its default
        differing = [name for name, value in self._config.items() if theirs[name] != value]
        if differing:
            raise InputError(f"{path} is of a run with another {', '.join(differing)}: choose another folder")


def checkpoints(folder):
    """The checkpoint files in a folder, oldest first."""
    return sorted(pathlib.Path(folder).glob("checkpoint-*.npz"))


def _variables(model):
    """All variables that a step reads and changes: both networks' (moving averages too) and the optimizer's."""
    return [*model.weights, *model.optimizer.variables]


def _state(model):
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(model)]
