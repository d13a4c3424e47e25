"""Checkpoints of a training, from which it goes on to the bit, whatever ended it."""

import contextlib
import dataclasses
import json
import pathlib
import signal
import threading
import time
import warnings
import zipfile
from collections.abc import Iterator

import keras
import numpy as np

from srlib import files
from srlib.config import Config
from srlib.errors import InputError
from srlib.training import callbacks
from srlib.upscaling import model_files


class Checkpoint(keras.callbacks.Callback):
    """Callback that writes checkpoints: networks, optimizer with its averaged weights, step and history.

    Batch i is a pure function of (seed, i), so a step and the settings are all there is to the data. A file is written
    beside and renamed, with a checksum; it is written every few minutes, at the last step, and when the run is asked
    to end (SIGTERM, as a batch system sends before it takes the machine away).

    Args:
        folder: where the files checkpoint-<step>.npz stand.
        history: the run's `callbacks.History`, kept with it.
        config: the run's `Config`; a checkpoint of another one is refused.
        minutes: at least that long between two checkpoints.
        keep: how many files stay.
    """

    def __init__(
        self,
        folder: pathlib.Path | str,
        history: callbacks.History,
        *,
        config: Config,
        minutes: float = 3.0,
        keep: int = 2,
    ) -> None:
        super().__init__()
        self.folder, self._history, self._minutes, self._keep = pathlib.Path(folder), history, minutes, keep
        self._config, self._defaults = dataclasses.asdict(config), dataclasses.asdict(type(config)())
        self._last = time.monotonic()
        self.terminated = False

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        final = epoch + 1 == self.params["epochs"]
        if final or self.terminated or time.monotonic() - self._last >= 60 * self._minutes:
            self.save()
        if self.terminated and not final:
            raise SystemExit(128 + signal.SIGTERM)

    def save(self) -> None:
        """Write a checkpoint of the model as it stands and remove the oldest beyond `keep`."""
        arrays = {f"v{index:04d}": np.asarray(value) for index, value in enumerate(state(self.model))}
        header = {"config": self._config, "history": self._history.state(), "sha256": model_files.checksum(arrays)}
        header = json.dumps(header).encode()
        with files.replacing(self.folder / f"checkpoint-{self._history.step:08d}.npz") as beside:
            np.savez(beside, header=np.frombuffer(header, np.uint8), **arrays)
        self._last = time.monotonic()
        for old in found(self.folder)[: -self._keep]:
            old.unlink()

    def restore(self, model: keras.Model) -> int:
        """Load the newest sound checkpoint into `model` and the history; returns its step, 0 without any.

        Raises:
            InputError: the checkpoint is of a run with other settings.
        """
        for path in reversed(found(self.folder)):
            try:
                return self._load(path, model)
            except InputError:
                raise
            except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
                warnings.warn(f"{path} is damaged ({error}); trying the one before it", stacklevel=2)
        return 0

    def _load(self, path, model):
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays.pop("header").tobytes())
        if model_files.checksum(arrays) != header["sha256"]:
            raise ValueError("its checksum differs")
        self._compare(header["config"], path)
        pairs = list(zip(_variables(model), (arrays[name] for name in sorted(arrays)), strict=True))
        for variable, value in pairs:  # all before the first is assigned: a model holds the whole of a file or none
            if tuple(variable.shape) != value.shape:
                raise ValueError(f"{variable.path} has another shape in it")
        for variable, value in pairs:
            variable.assign(value)
        self._history.restore(header["history"])
        return self._history.step

    def _compare(self, theirs, path):
        """Refuse a checkpoint of another run, naming the settings that differ."""
        theirs = {**self._defaults, **theirs}  # a setting that it does not know had its default
        differing = [name for name, value in self._config.items() if theirs[name] != value]
        if differing:
            raise InputError(f"{path} is of a run with another {', '.join(differing)}: choose another folder")


def found(folder: pathlib.Path | str) -> list[pathlib.Path]:
    """The checkpoint files in a folder, oldest first."""
    return sorted(pathlib.Path(folder).glob("checkpoint-*.npz"))


@contextlib.contextmanager
def until_terminated(checkpoint: Checkpoint | None) -> Iterator[None]:
    """While inside, SIGTERM lets `checkpoint` save at the end of the epoch that is running, and then ends the run.

    Signals reach the main thread alone; in any other nothing changes.
    """
    if checkpoint is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number, frame):
        checkpoint.terminated = True

    before = signal.signal(signal.SIGTERM, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _variables(model):
    """All variables that a step reads and changes: both networks' (moving averages too) and the optimizer's."""
    return [*model.weights, *model.optimizer.variables]


def state(model: keras.Model) -> list[np.ndarray]:
    """All that a step reads and changes, as arrays: what two runs have in common if they are one."""
    return [keras.ops.convert_to_numpy(variable) for variable in _variables(model)]
