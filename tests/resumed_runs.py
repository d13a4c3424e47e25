"""What the test of resumed runs starts in processes of its own, to be killed there."""

import numpy as np


def train(phase, settings, picture, folder, result):
    """Train a phase with a checkpoint at every stretch and deterministic operations; write the weights to `result`."""
    from srlib.machine import precision
    from srlib.srgan import generator
    from srlib.training import fit

    precision.make_deterministic()
    if phase == "pixel":
        trained = fit.pretrain(settings, [picture], options=fit.RunOptions(folder, checkpoint_minutes=0))
    else:
        start = generator.build(settings)
        for index, weight in enumerate(start.weights):  # any start, the same in every process
            weight.assign(np.random.default_rng(index).normal(0.5, 0.1, weight.shape))
        trained = fit.adversarial(
            settings, [picture], start=start, options=fit.RunOptions(folder, checkpoint_minutes=0)
        )
    np.savez(result, *trained.generator.get_weights())


def memory(settings, picture, steps, result):
    """Train on pixels and write the resident memory in MiB at the end of each of `steps`, in their order."""
    import pathlib

    import keras

    from srlib.training import fit

    seen = {}

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            step = (epoch + 1) * self.params["steps"]
            if step in steps:
                pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
                seen[step] = pages * 4096 / 2**20

    plain, fit._tensorboard = fit._tensorboard, lambda folder: [Watch()]
    try:
        fit.pretrain(settings, [picture])
    finally:
        fit._tensorboard = plain
    np.save(result, [seen[step] for step in steps])
