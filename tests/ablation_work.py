"""What the tests of ablations share: pictures that a tiny network learns in twenty steps, trainings that cost nothing.

The pictures are bright with faint noise: any training finds the brightness, and no training does not.
"""

import dataclasses

import numpy as np

from srlib.data import sources
from srlib.imaging import pictures

COUNTS = {"train": 4, "validation": 3, "test": 4}
SETTINGS = {
    "generator_filters": 4,
    "discriminator_filters": 2,
    "discriminator_dense": 4,
    "bicubic_skip": False,
    "precision": "float32",
    "hr_patch": 16,
    "batch": 2,
    "train_images": 0,
    "evaluate_images": 0,
    "pretrain_steps": 20,
    "gan_steps": 2,
    "log_every": 20,
    "warmup_steps": 0,
    "pretrain_learning_rate": 1e-2,
}


def photo(name, split, index):
    """A bright picture of 32 × 32 pixels."""
    random = np.random.default_rng([len(name), list(COUNTS).index(split), index])
    pixels = (random.integers(240, 250) + random.integers(-5, 5, (32, 32, 3))).astype(np.uint8)
    return sources.Photo(f"{name}-{split}-{index}", lambda: pictures.Picture(pixels))


def load(name, split, root=None):
    """In place of `sources.load`: data sets of any name, all alike."""
    return sources.ImageSet(name, split, tuple(photo(name, split, index) for index in range(COUNTS[split])))


def sealed(name, split, root=None):
    """As `load`, but whoever opens a test photograph fails."""
    if split != "test":
        return load(name, split, root)
    photos = load(name, split).photos
    return sources.ImageSet(name, split, tuple(dataclasses.replace(each, load=_refuse) for each in photos))


def _refuse():
    raise AssertionError("a test photograph was opened")


GAIN = {"adam": 0.0, "twin": 0.0, "better": 0.5, "worse": -0.7, "bicubic": -1.0}


def pretend(task, folder, out=None, root=None):
    """In place of `training_task.run`: scores by `GAIN`, a validation PSNR that is best at the learning rate 1e-3.

    It notes what it is asked to do in the ablation's file log. The arm "bad" diverges, the arm "broken" raises, and a
    file stop-<kind> in the ablation's folder interrupts.
    """
    with open(folder.parent / "log", "a") as log:
        log.write(task.id + "\n")
    if (folder.parent / f"stop-{task.kind}").exists():
        raise KeyboardInterrupt
    if task.arm == "broken":
        raise RuntimeError(f"no memory in {folder}")
    if task.arm == "bad":
        return {"status": "diverged", "reason": "loss is nan at step 5", "val_psnr": float("nan"), "seconds": 1.0}
    rate = task.config.pretrain_learning_rate
    scores = {test: [_score(task, image) for image in range(6)] for test in task.tests}
    history = [{"step": 10, "seconds": 1.0, "val_psnr": 30 - abs(np.log10(rate) + 3)}]
    if task.phase == "adversarial":
        history[0].update(d_real=0.5 + task.config.seed / 10, d_fake=0.25)
    result = {"status": "done", "reason": "", "history": history, "val_psnr": history[-1]["val_psnr"]}
    return {**result, "bicubic_val_psnr": 28.0, "seconds": 1.0, "scores": scores}


def _score(task, image):
    """Scores that differ by image, by seed, and a little at random for all arms but twins."""
    key = [task.config.seed, image, *([] if task.arm in ("adam", "twin") else task.arm.encode())]
    noise = 0.02 * np.random.default_rng(key).normal()
    psnr = 28 + image + 0.1 * task.config.seed + GAIN[task.arm] + noise
    return {"image": f"image-{image}", "psnr": psnr, "ssim": psnr / 100}
