"""Keras callbacks of a training: the history with its validation score, and the progress bar."""

import pathlib
import sys
import time
from collections.abc import Callable, Iterable

import keras
import numpy as np
import tqdm

from srlib import files, records
from srlib.data import sources
from srlib.evaluation import protocol
from srlib.imaging import bicubic, metrics, pictures, pixel_ranges


class History(keras.callbacks.Callback):
    """History of a training: a row of means for each interval, with the step and seconds so far; kept in history.csv.

    `fit`'s epochs are short, and a run can be cut and go on at their ends; an interval holds one or more of them.

    Args:
        interval: steps of a row.
        epoch: steps of an epoch, a divisor of the interval; None for the interval itself.
        score: function of the generator to a float, called at the end of an interval for `val_psnr`; None for none.
        folder: where history.csv goes, None for nowhere.
    """

    def __init__(
        self,
        interval: int,
        epoch: int | None = None,
        *,
        score: Callable[[keras.Model], float] | None = None,
        folder: pathlib.Path | str | None = None,
    ) -> None:
        super().__init__()
        self.interval, self.epoch, self._score = interval, epoch or interval, score
        self.rows, self.pending, self.step, self.seconds = [], [], 0, 0.0
        self._file = pathlib.Path(folder) / "history.csv" if folder else None

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._start = time.perf_counter() - self.seconds

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.step = (epoch + 1) * self.epoch
        self.seconds = round(time.perf_counter() - self._start, 3)
        self.pending.append({name: float(value) for name, value in logs.items()})
        if self.step % self.interval == 0:
            self._close(logs)

    def _close(self, logs):
        """Make the pending epochs a row."""
        means = {name: float(np.mean([part[name] for part in self.pending])) for name in self.pending[0]}
        if self._score:
            means["val_psnr"] = logs["val_psnr"] = self._score(self.model.generator)
        self.rows.append({"step": self.step, "seconds": self.seconds, **means})
        self.pending.clear()
        if self._file:
            files.write_text(self._file, records.csv_text(self.rows))

    def state(self) -> dict:
        """What a checkpoint keeps of it, ready for JSON."""
        return {"step": self.step, "seconds": self.seconds, "rows": self.rows, "pending": self.pending}

    def restore(self, state: dict) -> None:
        """Go on from a `state`."""
        self.step, self.seconds = state["step"], state["seconds"]
        self.rows[:], self.pending[:] = state["rows"], state["pending"]

    def seconds_per_step(self) -> float | None:
        """Mean seconds a step from the end of the first interval on, which holds the compilation; None if unknown."""
        if len(self.rows) < 2:
            return None
        first, last = self.rows[0], self.rows[-1]
        return (last["seconds"] - first["seconds"]) / (last["step"] - first["step"])


class Validation:
    """Validation score: the mean PSNR-Y in dB of a generator over the centres of photos that are never trained on.

    Args:
        photos: the photos.
        side: HR pixels of a centre.
    """

    def __init__(self, photos: Iterable[sources.Photo], side: int = 192) -> None:
        self._pairs = [_centre_pair(photo.load().rgb, side) for photo in photos]

    def __call__(self, generator: keras.Model) -> float:
        return float(np.mean([self._psnr(generator, hr, lr) for hr, lr in self._pairs]))

    def bicubic(self) -> float:
        """The score of bicubic enlargement: the level that a training curve has to pass."""
        return float(np.mean([_luma_psnr(hr, bicubic.upscale(lr)) for hr, lr in self._pairs]))

    def _psnr(self, generator, hr, lr):
        sr = generator(pixel_ranges.lr_from_pixels(lr[None]), training=False)
        pixels = bicubic.to_uint8(keras.ops.convert_to_numpy(pixel_ranges.pixels_from_hr(sr))[0])
        return _luma_psnr(hr, pixels)


def bicubic_psnr(photos: Iterable[sources.Photo], side: int = 192) -> float:
    """The validation score of bicubic enlargement on the same centres, in dB."""
    return Validation(photos, side).bicubic()


def _luma_psnr(reference, image):
    """PSNR in dB on Y, without the border, of two uint8 pictures."""
    return metrics.psnr(*(protocol.inside(metrics.luma(picture)) for picture in (reference, image)))


def _centre_pair(image, side):
    """The middle of an image, at most `side` pixels on a side, and its LR: (HR, LR), uint8."""
    hr = bicubic.crop_to_multiple(pictures.centre_crop(image, side))
    return hr, bicubic.downscale(hr)


class Progress(keras.callbacks.Callback):
    """Progress bar over all steps, with the last epoch's means behind it."""

    SHOWN = ("loss", "d_real", "d_fake", "val_psnr")

    def __init__(self, steps: int, done: int) -> None:
        super().__init__()
        self._bar = tqdm.tqdm(total=steps, initial=done, ncols=100, unit="step", file=sys.stdout, mininterval=1.0)
        self._values = {}

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._shown = 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._bar.update(batch + 1 - self._shown)  # `batch` is the last one of those that ran without the host
        self._shown = batch + 1

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._values |= {name: f"{logs[name]:.4g}" for name in self.SHOWN if name in logs}
        self._bar.set_postfix(self._values, refresh=False)

    def on_train_end(self, logs: dict | None = None) -> None:
        self._bar.close()
