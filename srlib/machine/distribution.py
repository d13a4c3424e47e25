"""Training on several devices and machines: each takes its rows of the same global batch, the run stays the same run.

Strategies do the work, chosen by name: `tf.distribute.MirroredStrategy`, `tf.distribute.MultiWorkerMirroredStrategy`
and `keras.distribution.DataParallel` on JAX. Batch, gradients (means over the global batch) and batch norm's statistics
are those of one device, so losses are too, up to rounding; a run can be resumed under any other strategy.
On JAX the program is written for the whole batch and the compiler splits it: there is nothing to scale or synchronise.
"""

import contextlib
import functools
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from srlib.config import did_you_mean
from srlib.errors import InputError

BACKENDS = {"none": None, "mirrored": "tensorflow", "workers": "tensorflow", "jax": "jax"}
_EXAMPLE = '{"cluster": {"worker": ["host0:12345", "host1:12345"]}, "task": {"type": "worker", "index": 0}}'


def strategy(devices: str = "none", batch: int | None = None) -> "Strategy":
    """The strategy that distributes a training over devices; one of each name is made in a process.

    Args:
        devices: "none" (one device), "mirrored" (this machine's GPUs), "workers" (one process on each machine that
            TF_CONFIG lists; to be asked for before anything is computed) or "jax" (all devices that JAX sees).
        batch: patches in the global batch, to be checked against the number of replicas.
    Raises:
        InputError: unknown name, another backend, TF_CONFIG missing or unusable, or a batch that cannot be shared out.
    """
    if devices not in BACKENDS:
        raise InputError(f"unknown devices {devices!r}{did_you_mean(devices, BACKENDS)}; known: {', '.join(BACKENDS)}")
    backend = keras.backend.backend()
    if BACKENDS[devices] not in (None, backend):
        wanted = BACKENDS[devices]
        raise InputError(f"devices {devices!r} need the {wanted} backend, not {backend}: set KERAS_BACKEND={wanted}")
    found = _made(devices)
    if batch and batch % found.replicas:
        raise InputError(f"a batch of {batch} cannot be shared out evenly among {found.replicas} devices")
    return found


@functools.cache
def _made(devices: str) -> "Strategy":
    return {"none": Strategy, "mirrored": _mirrored, "workers": _workers, "jax": _DataParallel}[devices]()


class Strategy:
    """One device of one process; the base of the other strategies."""

    replicas = 1  # devices among which the global batch is shared out
    workers = 1  # processes
    chief = True  # whether this process writes checkpoints, logs, model and record

    def scope(self) -> contextlib.AbstractContextManager:
        """Context in which to build, compile and fit."""
        return contextlib.nullcontext()

    def batches(self, sampler: Any, start: int = 0) -> Any:
        """Data for `fit`: this process' rows of a `patches.Sampler`'s batches from batch `start` on."""
        return sampler.batches(start, workers=2)

    def require_agreement(self, **inputs: Callable[[], np.ndarray | list[np.ndarray]]) -> None:
        """Compare the inputs of all workers, before they train on them.

        Args:
            inputs: functions that give an array or a list of arrays, by what it is.
        Raises:
            InputError: on all workers, if they differ.
        """

    @contextlib.contextmanager
    def chief_first(self) -> Iterator[None]:
        """Run the block on the chief, then on the others: the chief prepares a shared folder, they find it ready."""
        yield


class _DataParallel(Strategy):
    """Keras's data parallelism over all of JAX's devices."""

    def __init__(self) -> None:
        self._distribution = keras.distribution.DataParallel(devices=keras.distribution.list_devices())
        self.replicas = len(keras.distribution.list_devices())

    def scope(self) -> contextlib.AbstractContextManager:
        return self._distribution.scope()


class _Replicated(Strategy):
    """`tf.distribute.Strategy`: a copy of the networks on each device, kept equal by summing gradients."""

    def __init__(self, strategy: Any, workers: int = 1, chief: bool = True) -> None:
        self._strategy = strategy
        self.replicas, self.workers, self.chief = strategy.num_replicas_in_sync, workers, chief

    def scope(self) -> contextlib.AbstractContextManager:
        return self._strategy.scope()

    def batches(self, sampler: Any, start: int = 0) -> Any:
        return self._strategy.distribute_datasets_from_function(
            lambda context: _dataset(
                sampler, start, worker=context.input_pipeline_id, workers=self.workers, replicas=self.replicas
            )
        )

    def require_agreement(self, **inputs: Callable[[], np.ndarray | list[np.ndarray]]) -> None:
        if self.workers > 1:
            sums = self._gather([_checksum(value()) for value in inputs.values()])
            differing = [name for name, column in zip(inputs, sums.T) if len(set(column)) > 1]
            if differing:
                raise InputError(
                    f"the workers differ in {', '.join(differing)}: all of them need the same data and the same --out"
                )

    @contextlib.contextmanager
    def chief_first(self) -> Iterator[None]:
        if not self.chief:
            self._gather([0])
        try:
            yield
        finally:
            if self.chief:
                self._gather([0])

    def _gather(self, numbers: list[int]) -> np.ndarray:
        """The numbers of each worker as rows of an int64 array; returns when all workers have come here."""
        import tensorflow as tf

        def gather():
            return tf.distribute.get_replica_context().all_gather(tf.constant([numbers], tf.int64), axis=0)

        return self._strategy.experimental_local_results(self._strategy.run(gather))[0].numpy()


def _mirrored() -> _Replicated:
    """All GPUs of this machine, or its (virtual) CPUs where it has none."""
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return _Replicated(tf.distribute.MirroredStrategy([device.name for device in devices]))


def _workers() -> _Replicated:
    """This process as one of the workers that TF_CONFIG lists; returns when all of them have come."""
    workers, chief = parse_tf_config(os.environ.get("TF_CONFIG"))
    import tensorflow as tf

    try:
        return _Replicated(tf.distribute.MultiWorkerMirroredStrategy(), workers, chief)
    except RuntimeError as error:
        raise InputError(
            f"the workers must meet before anything is computed: start a fresh process ({error})"
        ) from None


def parse_tf_config(text: str | None) -> tuple[int, bool]:
    """The workers of TF_CONFIG, checked before TensorFlow waits for them.

    Args:
        text: the variable's value, None where it is not set.
    Returns:
        (number of workers, whether this process is their chief)
    Raises:
        InputError: it is not set, or does not say which of which workers this one is.
    """
    if not text:
        raise InputError(f"devices 'workers' need TF_CONFIG, which lists the workers: {_EXAMPLE}")
    try:
        found = json.loads(text)
        hosts, kind, index = found["cluster"], found["task"]["type"], int(found["task"]["index"])
        addresses = [address for kind in ("chief", "worker") for address in hosts.get(kind, [])]
        own = hosts[kind][index]
        sound = index >= 0 and own in addresses and all(address.rpartition(":")[2].isdigit() for address in addresses)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise InputError(f"TF_CONFIG does not say which of which workers this one is: {text}; an example: {_EXAMPLE}")
    return len(addresses), own == addresses[0]


def _dataset(sampler: Any, start: int, *, worker: int, workers: int, replicas: int) -> Any:
    """A worker's rows of each batch as a `tf.data.Dataset`, cut into one piece for each of its devices in turn.

    The pixels leave as float16, which holds 0..255 exactly: Keras takes the mean of the first batch over all devices to
    learn its shape, and no device can do that with uint8.
    """
    import tensorflow as tf

    rows, piece = sampler.batch // workers, sampler.batch // replicas

    def pieces():
        for (batch,) in sampler.batches(start, workers=1, rows=slice(worker * rows, (worker + 1) * rows)):
            yield from batch.reshape(-1, piece, *batch.shape[1:])

    shape = (piece, *sampler.shape)
    data = tf.data.Dataset.from_generator(pieces, output_signature=tf.TensorSpec(shape, tf.uint8))
    data = data.map(lambda patches: tf.cast(patches, tf.float16))
    # A data set that might end costs a question to all workers in every step: is there another batch?
    return data.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)).prefetch(2)


def _checksum(arrays: np.ndarray | list[np.ndarray]) -> int:
    """A number that depends on every bit of an array or a list of arrays."""
    arrays = arrays if isinstance(arrays, list) else [arrays]
    return functools.reduce(lambda so_far, array: zlib.crc32(np.ascontiguousarray(array), so_far), arrays, 0)


def replicas() -> int:
    """Copies of the running program among which the batch is shared out; 1 on JAX, whose program is of it all."""
    return _tensorflow_strategy().num_replicas_in_sync if keras.backend.backend() == "tensorflow" else 1


def _tensorflow_strategy() -> Any:
    import tensorflow as tf

    return tf.distribute.get_strategy()


def divide_by_replicas(loss: Any) -> Any:
    """A replica's part of the global batch's mean loss, for gradients: Keras's optimizers add those of all replicas."""
    return loss / replicas() if replicas() > 1 else loss


def step_logs(logs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The logs of a `train_step` in the shape that `fit` takes: it averages those of several workers over axis 0."""
    if replicas() == 1 or replicas() == len(_tensorflow_strategy().extended.worker_devices):
        return logs
    return {name: keras.ops.reshape(value, (1,)) for name, value in logs.items()}


def loss_scaled(optimizer: keras.optimizers.Optimizer, policy: str) -> keras.optimizers.Optimizer:
    """The optimizer to compile a model of that dtype policy with: float16 on several replicas needs one verdict."""
    return _LossScale(optimizer) if policy == "mixed_float16" and replicas() > 1 else optimizer


class _LossScale(keras.optimizers.LossScaleOptimizer):
    """Keras's loss scaling with one verdict for all replicas: if one overflows, all leave the step out.

    Keras asks each replica about its own gradients, before their sum: one that overflows alone would leave the others
    waiting for it, or put its infinities into the sum.
    """

    def check_finite(self, grads: Any) -> Any:
        import tensorflow as tf

        overflown = tf.cast(tf.logical_not(super().check_finite(grads)), tf.float32)
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, overflown) == 0


def mean_over_replicas(values: list[Any]) -> list[Any]:
    """The means of float tensors of one shape over all replicas, in one exchange; the tensors outside of a replica."""
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None:
        return values
    return tf.unstack(context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.stack(values)))
