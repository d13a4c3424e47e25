"""Trains small networks over several devices, in a process of its own: TensorFlow and JAX fix their devices once.

python distributed_runs.py DEVICES FOLDER, where DEVICES names a strategy of `machine.distribution`, with two virtual
processors where it is "mirrored" or "jax" (there also on one of them, as "none"), or is "workers": then TF_CONFIG says
which. Writes FOLDER/<DEVICES>-<worker>.npz: the losses of each run "<phase>/<name>", one a step, and its weights
"<phase>/<number>".
"""

import json
import os
import pathlib
import shutil
import sys

import numpy as np

SETTINGS = {
    "generator_blocks": 1,
    "generator_filters": 4,
    "discriminator_filters": 2,
    "discriminator_dense": 4,
    "bicubic_skip": False,
    "precision": "float32",
    "content_loss": "mse+dssim",
    "adversarial_weight": 0.1,
    "train_images": 2,
    "evaluate_images": 1,
    "hr_patch": 32,
    "batch": 4,
    "pretrain_steps": 4,
    "pretrain_learning_rate": 1e-3,
    "gan_steps": 4,
    "gan_learning_rate": 2e-3,
    "warmup_steps": 0,
    "log_every": 1,
}


def pixels(devices):
    """The pixel phase on these devices, as arrays."""
    from srlib.training import fit

    settings, images = _given()
    return _arrays("pixels", fit.pretrain(settings, images, options=fit.RunOptions(devices=devices)))


def networks(devices):
    """The adversarial phase on these devices, by plain descent: Adam would forgive gradients too large by a factor."""
    import keras

    from srlib.training import fit, optimizers

    optimizers.OPTIMIZERS["descent"] = keras.optimizers.SGD
    settings, images = _given(optimizer="descent")
    return _arrays("networks", fit.adversarial(settings, images, start=None, options=fit.RunOptions(devices=devices)))


def _given(**changes):
    from srlib import config
    from srlib.data import sources

    settings = config.resolve("smoke", 0, {**SETTINGS, **changes})
    return settings, sources.load("embedded", "train").limit(2).arrays()


def _arrays(phase, trained):
    losses = {name: [row[name] for row in trained.history] for name in trained.history[0]}
    weights = dict(enumerate(trained.generator.get_weights()))
    return {f"{phase}/{name}": np.array(value) for name, value in {**losses, **weights}.items()}


def command(devices, out):
    """`srlib train tiny` on these devices with `SETTINGS`, going on with what `out` holds; the exit status."""
    from srlib.cli import main

    pairs = [word for name, value in SETTINGS.items() for word in ("-p", name, str(value))]
    return main.status(["train", "tiny", "--resume", "--devices", devices, "--out", str(out), *pairs])


def overflow(devices):
    """Three steps of loss scaling, in the second of which the second of two replicas overflows: weight and scale."""
    import keras
    import tensorflow as tf

    from srlib.machine import distribution

    strategy, found = distribution.strategy(devices), []
    with strategy.scope():
        weight = keras.Variable([8.0])
        optimizer = distribution.loss_scaled(keras.optimizers.SGD(1.0), "mixed_float16")
        optimizer.build([weight])

        @tf.function
        def step(gradients):
            def replica():
                own = tf.gather(gradients, tf.distribute.get_replica_context().replica_id_in_sync_group)
                optimizer.apply([optimizer.scale_loss(own)[None]], [weight])

            tf.distribute.get_strategy().run(replica)

        for gradients in ([1.0, 2.0], [1.0, np.inf], [0.5, 0.5]):
            step(tf.constant(gradients))
            values = (weight, optimizer.dynamic_scale)
            found.append([float(keras.ops.convert_to_numpy(value).item()) for value in values])
    return {"overflow": np.array(found)}


def as_worker(folder, index):
    """The command, the same again from its third checkpoint, the adversarial phase, and a quarrel of the workers."""
    from srlib.training import checkpoints

    whole = checkpoints.Checkpoint
    checkpoints.Checkpoint = lambda folder, history, **settings: whole(folder, history, **{**settings, "minutes": 0.0})
    found = {"status": command("workers", folder / "out")}  # first: nothing may be computed before the workers meet
    from srlib import errors, files
    from srlib.machine import distribution

    strategy, replacing, written = distribution.strategy("workers"), files.replacing, []
    with strategy.chief_first():
        if strategy.chief:
            shutil.copytree(folder / "out", folder / "first")
            checkpoints.found(folder / "out" / "training" / "tiny-0")[-1].unlink()
    files.replacing = lambda path: written.append(str(path)) or replacing(path)
    found |= {"status again": command("workers", folder / "out"), "written": written}
    found |= networks("workers") | overflow("workers")
    try:
        strategy.require_agreement(weights=lambda: np.ones(3), pictures=lambda: [np.ones(2), np.full(2, index)])
    except errors.InputError as error:
        found["quarrel"] = str(error)
    return found


def main(devices, folder):
    folder = pathlib.Path(folder)
    if devices == "workers":
        index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
        np.savez(folder / f"workers-{index}.npz", **as_worker(folder, index))
        return
    if devices == "mirrored":
        import tensorflow as tf

        processor = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    for name in ("jax", "none") if devices == "jax" else (devices,):
        more = overflow(name) if name == "mirrored" else {}
        np.savez(folder / f"{name}-0.npz", **pixels(name), **networks(name), **more)


if __name__ == "__main__":
    main(*sys.argv[1:])
