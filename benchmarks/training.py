"""A pretraining step of the published generator, batch 16, 96 px, beside plain Keras and the machine's limit."""

import harness
import keras
import numpy as np
import plain

from srlib import config
from srlib.data import patches, sources
from srlib.training import compiled_models, fit

CASE = "pretraining step"
STEPS = 20  # in one call of `fit`, as a training has them between two looks of the host
SIDE = 4096  # of the matrices whose product is the limit


def measure(rounds):
    """Rows of the case; both sides are fed with patches of the same photographs, by their own way of feeding."""
    pictures = sources.load("embedded", "train").arrays()
    settings = config.Config()
    functions = {"ours": _ours(settings, pictures), "plain": _plain(pictures), "product": harness.matmul(side=SIDE)}
    seconds = harness.interleaved(functions, rounds)
    compiled_models.clear()
    keras.backend.clear_session()

    ours, theirs = (seconds[name] / STEPS for name in ("ours", "plain"))
    operations, limit = harness.generator_operations(settings), 2 * SIDE**3 / np.median(seconds["product"])
    share = float(operations / np.median(ours) / limit)
    note = f"{operations / 1e9:.0f} GFLOP a step; {limit / 1e12:.2f} TFLOP/s"
    return [
        harness.row(CASE, "plain Keras `fit`, float32, Python loop", ours=ours, theirs=theirs, asked=(1.8, 3.0)),
        harness.share(CASE, "share of the measured bfloat16 matmul rate", part=share, asked=(0.45, 0.65), note=note),
    ]


def _ours(settings, pictures):
    """`fit` of the course's training model, on batches that a thread draws ahead."""
    model = compiled_models.prepare(
        "pixel", settings, steps_per_execution=fit.pace("pixel", settings).steps_per_execution
    )
    batches = patches.PatchSampler(pictures, settings.hr_patch, batch=settings.batch, seed=0).batches(workers=1)
    return lambda: model.fit(batches, steps_per_epoch=STEPS, epochs=1, verbose=0, shuffle=False)


def _plain(pictures):
    """`fit` of the same network with Keras's defaults."""
    network = plain.generator()
    network.compile(optimizer=keras.optimizers.Adam(1e-4), loss="mse")
    batches = plain.batches(pictures)
    return lambda: network.fit(batches, steps_per_epoch=STEPS, epochs=1, verbose=0)
