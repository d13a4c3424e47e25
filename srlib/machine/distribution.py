"""Several devices and machines: each takes its rows of the same global batch, and the run stays the same run.

Engines do the work, chosen by name: `tf.distribute.MirroredStrategy`, `tf.distribute.MultiWorkerMirroredStrategy` and
`keras.distribution.DataParallel` on JAX. Batch, gradients (means over the global batch) and batch norm's statistics
are those of one device, so losses are too, up to rounding; a checkpoint of one engine is gone on with by any other.
On JAX the program is written for the whole batch and the compiler splits it: there is nothing to scale or synchronise.
"""

import contextlib
import functools
import json
import os
import zlib

import keras
import numpy as np

from srlib.config import did_you_mean
from srlib.errors import InputError

ENGINES = {"none": None, "mirrored": "tensorflow", "workers": "tensorflow", "jax": "jax"}
_EXAMPLE = '{"cluster": {"worker": ["host0:12345", "host1:12345"]}, "task": {"type": "worker", "index": 0}}'


def engine(devices="none", batch=None):
    """What spreads a training over devices; one of each name is made in a process.

    Args:
        devices: "none" (one device), "mirrored" (this machine's GPUs), "workers" (one process on each machine that
            TF_CONFIG lists; to be asked for before anything is computed) or "jax" (all devices that JAX sees).
        batch: int, patches in the global batch, to be checked against the number of replicas.
    Returns:
        `Engine`.
    Raises:
        InputError: unknown name, another backend, TF_CONFIG missing or unusable, or a batch that cannot be shared out.
    """
    if devices not in ENGINES:
        raise InputError(f"unknown devices {devices!r}{did_you_mean(devices, ENGINES)}; known: {', '.join(ENGINES)}")
    backend = keras.backend.backend()
    if ENGINES[devices] not in (None, backend):
        wanted = ENGINES[devices]
        raise InputError(f"devices {devices!r} need the {wanted} backend, not {backend}: set KERAS_BACKEND={wanted}")
    found = _made(devices)
    if batch and batch % found.replicas:
        raise InputError(f"a batch of {batch} cannot be shared out evenly among {found.replicas} devices")
    return found


@functools.cache
def _made(devices):
    return {"none": Engine, "mirrored": _mirrored, "workers": _workers, "jax": _DataParallel}[devices]()


class Engine:
    """One device of one process; the others have the same face."""

    replicas = 1  # devices among which the global batch is shared out
    workers = 1  # processes
    chief = True  # whether this process writes checkpoints, logs, model and record

    def scope(self):
        """Build, compile and fit inside this `with` block."""
        return contextlib.nullcontext()

    def batches(self, sampler, start=0):
        """What `fit` reads: this process' rows of the sampler's batches from `start` on."""
        return sampler.batches(start, workers=2)

    def agree(self, **seen):
        """Compare what the workers see, before they train on it.

        Args:
            seen: {what it is: function that gives an array or a list of arrays}.
        Raises:
            InputError: on all workers, if they differ.
        """

    @contextlib.contextmanager
    def chief_first(self):
        """Run the block on the chief, then on the others: the chief prepares a shared folder, they find it ready."""
        yield


class _DataParallel(Engine):
    """Keras's data parallelism over all of JAX's devices."""

    def __init__(self):
        self._distribution = keras.distribution.DataParallel(devices=keras.distribution.list_devices())
        self.replicas = len(keras.distribution.list_devices())

    def scope(self):
        return self._distribution.scope()


class _Replicated(Engine):
    """A `tf.distribute.Strategy`: a copy of the networks on each device, kept equal by summing gradients."""

    def __init__(self, strategy, workers=1, chief=True):
        self._strategy = strategy
        self.replicas, self.workers, self.chief = strategy.num_replicas_in_sync, workers, chief

    def scope(self):
        return self._strategy.scope()

    def batches(self, sampler, start=0):
        return self._strategy.distribute_datasets_from_function(
            lambda context: _dataset(sampler, start, context.input_pipeline_id, self.workers, self.replicas)
        )

    def agree(self, **seen):
        if self.workers > 1:
            sums = self._gather([_checksum(value()) for value in seen.values()])
            differing = [name for name, column in zip(seen, sums.T) if len(set(column)) > 1]
            if differing:
                raise InputError(
                    f"the workers differ in {', '.join(differing)}: all of them need the same data and the same --out"
                )

    @contextlib.contextmanager
    def chief_first(self):
        if not self.chief:
            self._gather([0])
        try:
            yield
        finally:
            if self.chief:
                self._gather([0])

    def _gather(self, numbers):
        """The numbers of each worker as rows of an int64 array; returns when all workers have come here."""
        import tensorflow as tf

        def gather():
            return tf.distribute.get_replica_context().all_gather(tf.constant([numbers], tf.int64), axis=0)

        return self._strategy.experimental_local_results(self._strategy.run(gather))[0].numpy()


def _mirrored():
    """All GPUs of this machine, or its (virtual) CPUs where it has none."""
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return _Replicated(tf.distribute.MirroredStrategy([device.name for device in devices]))


def _workers():
    """This process as one of the workers that TF_CONFIG lists; returns when all of them have come."""
    workers, chief = cluster(os.environ.get("TF_CONFIG"))
    import tensorflow as tf

    try:
        return _Replicated(tf.distribute.MultiWorkerMirroredStrategy(), workers, chief)
    except RuntimeError as error:
        raise InputError(
            f"the workers must meet before anything is computed: start a fresh process ({error})"
        ) from None


def cluster(text):
    """Check what TF_CONFIG says before TensorFlow waits for it.

    Args:
        text: str, the variable's value, or None.
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


def _dataset(sampler, start, worker, workers, replicas):
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


def _checksum(arrays):
    """A number that depends on every bit of an array or a list of arrays."""
    arrays = arrays if isinstance(arrays, list) else [arrays]
    return functools.reduce(lambda so_far, array: zlib.crc32(np.ascontiguousarray(array), so_far), arrays, 0)


def replicas():
    """Among how many copies of the running program the batch is shared out; 1 on JAX, whose program is of it all."""
    return _strategy().num_replicas_in_sync if keras.backend.backend() == "tensorflow" else 1


def _strategy():
    import tensorflow as tf

    return tf.distribute.get_strategy()


def share(loss):
    """A replica's part of the global batch's mean loss, for gradients: Keras's optimizers add those of all replicas."""
    return loss / replicas() if replicas() > 1 else loss


def outputs(logs):
    """What a `train_step` may return: under several workers `fit` averages it over axis 0, which scalars lack."""
    if replicas() == 1 or replicas() == len(_strategy().extended.worker_devices):
        return logs
    return {name: keras.ops.reshape(value, (1,)) for name, value in logs.items()}


def loss_scaled(optimizer, policy):
    """The optimizer to compile a model of that dtype policy with: float16 on several replicas needs one verdict."""
    return _LossScale(optimizer) if policy == "mixed_float16" and replicas() > 1 else optimizer


class _LossScale(keras.optimizers.LossScaleOptimizer):
    """Keras's loss scaling with one verdict for all replicas: if one overflows, all leave the step out.

    Keras asks each replica about its own gradients, before their sum: one that overflows alone would leave the others
    waiting for it, or put its infinities into the sum.
    """

    def check_finite(self, grads):
        import tensorflow as tf

        overflown = tf.cast(tf.logical_not(super().check_finite(grads)), tf.float32)
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, overflown) == 0


def mean_over_replicas(values):
    """The means of float tensors of one shape over all replicas, in one exchange; the tensors outside of a replica."""
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None:
        return values
    return tf.unstack(context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.stack(values)))
