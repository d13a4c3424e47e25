"""Named, complete trainings: from data to a model file and its run record, in one call."""

import dataclasses
import hashlib

import tqdm

from srlib import config as configs
from srlib import records
from srlib.data import packed_store, sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.machine import distribution, environment, precision
from srlib.training import checkpoints, fit
from srlib.upscaling import model_files, upscaler


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What to train: `phase` "pixel" or "adversarial", settings over the paper's, and the model to `start` from."""

    about: str
    phase: str
    settings: dict
    start: str | None = None


# The published network with the bicubic skip, which starts where bicubic ends.
_NETWORK = {"bicubic_skip": True, "schedule": "cosine", "warmup_steps": 100, "log_every": 50, "train_images": 0}
# For one GPU: four times the paper's batch.
_ON_GPU = {
    **_NETWORK,
    "batch": 64,
    "warmup_steps": 500,
    "log_every": 5000,
    "weight_average": 0.999,
    "statistics_batches": 200,
}
# A photograph that was made smaller has sharper edges and less of its JPEG: each patch is cut at a random reduction.
_NATURAL = {"train_data": "photos+bsds400+coco", "reduction": 4.0, "detail_draws": 2}
_NATURAL_IN_TWO_SIZES = {"train_data": "bsds400+coco+coco@320"}
# Portraits in two sizes: a network that saw one alone does worse on the other than one that saw no faces.
_PORTRAITS = {"train_data": "faces+faces@256"}
# In two sizes more, down to a face of some fifty pixels, and among photographs: with them `srresnet-faces` came out
# better on smaller validation portraits and on validation photographs.
_PORTRAITS_AND_PHOTOGRAPHS = {"train_data": "faces+faces@256+faces@160+faces@112+bsds400+coco+coco@400"}
_FACES = {**_ON_GPU, **_PORTRAITS, "pretrain_steps": 30000, "pretrain_learning_rate": 4e-4}
# The adversarial phase on the same network. The pattern that a generator leaves on the grid on which it enlarges
# changes from step to step; averaged weights have little of it. The shares of the start come from the validation faces,
# on which 0, 0.2 and 0.4 were tried: without one there are grain and scratches, with more the picture is less sharp.
_AGAINST = {**_ON_GPU, "log_every": 2000, "gan_steps": 2000, "gan_learning_rate": 2e-4}

RECIPES = {
    "tiny": Recipe(
        "a 4x32 network on the embedded photographs, two minutes on 2 cores: to try things with",
        "pixel",
        {**configs.PROFILES["cpu"], "train_data": "embedded"},
    ),
    "srresnet-small": Recipe(
        "a generator of 8 blocks of 32 filters with a bicubic skip, pixel MSE, on BSDS and COCO photographs",
        "pixel",
        {
            **_NETWORK,
            "generator_blocks": 8,
            "generator_filters": 32,
            "train_data": "bsds+coco",
            "pretrain_steps": 2000,
            "pretrain_learning_rate": 1e-3,
        },
    ),
    "srresnet": Recipe(
        "the published network plus a bicubic skip, pixel MSE, on photographs at random reductions",
        "pixel",
        {
            **_ON_GPU,
            **_NATURAL,
            "batch": 16,
            "pretrain_steps": 60000,
            "pretrain_learning_rate": 3e-4,
            "log_every": 1000,
        },
    ),
    "srgan": Recipe(
        "srresnet trained on against the published discriminator, MSE content loss",
        "adversarial",
        {**_AGAINST, **_NATURAL_IN_TWO_SIZES},
        start="srresnet",
    ),
    "srresnet-faces": Recipe(
        "srresnet retrained on portraits in several sizes and photographs, pixel MSE",
        "pixel",
        {**_FACES, **_PORTRAITS_AND_PHOTOGRAPHS},
        start="srresnet",
    ),
    "srgan-faces": Recipe(
        "srresnet-faces trained on against the published discriminator, on portraits",
        "adversarial",
        {**_AGAINST, **_PORTRAITS, "gan_steps": 6000, "start_share": 0.3},
        start="srresnet-faces",
    ),
    "srresnet-faces-robust": Recipe(
        "srresnet-faces retrained on portraits with blur, noise, JPEG and other resamplers in the input, pixel MSE",
        "pixel",
        {**_FACES, "degradation": "robust", "pretrain_steps": 10000},
        start="srresnet-faces",
    ),
    "srgan-faces-robust": Recipe(
        "srresnet-faces-robust trained on against the published discriminator, the input damaged in the same way",
        "adversarial",
        {**_AGAINST, **_PORTRAITS, "degradation": "robust", "start_share": 0.4},
        start="srresnet-faces-robust",
    ),
    "srresnet-paper": Recipe("SRResNet exactly as published, on COCO: days on one GPU", "pixel", {}),
    "srgan-paper": Recipe("SRGAN exactly as published, on COCO", "adversarial", {}, start="srresnet-paper"),
}


def find(name):
    """The `Recipe` of that name; raises InputError if there is none."""
    if name not in RECIPES:
        hint = configs.did_you_mean(name, RECIPES)
        raise InputError(f"unknown recipe {name!r}{hint}; known: {', '.join(RECIPES)}")
    return RECIPES[name]


def train(name, root=None, out=None, seed=0, overrides=None, start=None, resume=True, minutes=3.0, devices="none"):
    """Train a recipe, or go on with it where an interrupted run stopped.

    Args:
        name: a key of `RECIPES`.
        root: data root, or None for SRLIB_DATA_ROOT.
        out: output root; checkpoints, the model file <name>.npz and the run record go below it.
        seed: int.
        overrides: dict of settings over the recipe's.
        start: model name or path to start from instead of the recipe's, which is looked for in `out` first.
        resume: bool, go on from checkpoints that are there; False refuses to run over them.
        minutes: float, between two checkpoints.
        devices: name of a `distribution.engine`. Workers on several machines share `root` and `out`.
    Returns:
        (path of the model file, `records.Record`, or None on workers other than the chief, which writes both)
    Raises:
        InputError: unknown recipe, setting or model, or data that is not there.
    """
    recipe = find(name)
    environment.commit()  # now: files may change while it trains
    config = configs.resolve("full", seed, {**recipe.settings, **(overrides or {})})
    engine = distribution.engine(devices, config.batch)
    root = sources.data_root(root)  # a root that is named must be there, even if this recipe needs none
    start = start or _trained_before(recipe, out)
    begin = model_files.start(start, config)
    photos = sources.load(config.train_data, "train", root).limit(config.train_images)
    validation = _held_out(config.train_data, root)
    folder = _checkpoints(name, out, seed, resume)
    with engine.chief_first():
        images = packed_store.images(photos, records.output_root(out) / "store" / config.train_data)
    if recipe.phase == "pixel":
        trained = fit.pretrain(config, images, validation, folder, begin, minutes, devices)
    else:
        trained = fit.adversarial(config, images, begin, validation, folder, minutes, devices)
    path = records.output_root(out) / "models" / f"{name}.npz"
    if not engine.chief:
        return path, None
    model_files.save(path, trained.generator, config, _about(name, config, images, start, overrides))
    return path, _record(name, config, trained, path, root, out, engine.replicas)


def _held_out(train_data, root, count=8):
    """The first `count` validation photos of each source of the training data, in full size only."""
    names = dict.fromkeys(part.partition("@")[0] for part in train_data.split("+"))
    return [photo for name in names for photo in sources.load(name, "validation", root).limit(count)]


def _checkpoints(name, out, seed, resume):
    """The folder of a run's checkpoints; raises InputError where it holds some and is not to be gone on with."""
    folder = records.output_root(out) / "training" / f"{name}-{seed}"
    if not resume and checkpoints.found(folder):
        raise InputError(f"{folder} holds an earlier run: add --resume to go on with it, or choose another --out")
    return folder


def _trained_before(recipe, out):
    """The model file of the recipe's start that a training wrote into `out`, else the name, of a shipped model."""
    path = records.output_root(out) / "models" / f"{recipe.start}.npz"
    if not recipe.start or path.exists():
        return path if recipe.start else None
    if recipe.start in RECIPES and recipe.start not in model_files.available():
        raise InputError(f"it starts from {recipe.start}: srlib train {recipe.start} first, or give --start MODEL")
    return recipe.start


def _about(name, config, images, start, overrides):
    """What a model file tells of its making, and of the model that its training started from."""
    recipe = find(name)
    return {
        **({"start": _origin(start)} if start else {}),
        **({"overrides": overrides} if overrides else {}),
        "recipe": name,
        "about": recipe.about,
        "phase": recipe.phase,
        "precision": precision.resolve(config.precision),
        "images": len(images),
        "data_sha256": _fingerprint(images),
        **environment.describe(),
    }


def _origin(start):
    """Which model a training started from: its recipe, commit and checksums, None where its file does not tell."""
    header = model_files.header(start)
    facts = {key: header["about"].get(key) for key in ("recipe", "commit", "data_sha256")}
    return {**facts, "sha256": header["sha256"]}


def _record(name, config, trained, path, root, out, devices):
    """Score the saved model on the test sets and write the run record."""
    enlarge = upscaler.load(path)
    metrics, tables = {"seconds_per_step": trained.seconds_per_step, "devices": devices}, {"history": trained.history}
    for test_set in sources.test_sets(root):
        photos = sources.load(test_set, "test", root).limit(config.evaluate_images)
        scores = protocol.evaluate(enlarge, photos, tqdm.tqdm)
        tables[test_set] = scores
        metrics[f"{test_set}_psnr"], metrics[f"{test_set}_ssim"] = protocol.mean(scores)
    shown = ", ".join(f"{key[:-5]} {value:.2f} dB" for key, value in metrics.items() if key.endswith("_psnr"))
    metrics["headline"] = f"{name}: {shown}"
    return records.write(records.output_root(out), f"train-{name}-{config.seed}", config, metrics, tables)


def _fingerprint(images):
    """The SHA-256 over the decoded pixels of all images in their order: the data the weights come from.

    Of a packed store it is the store's own fingerprint, over the files that it was made of.
    """
    if isinstance(images, packed_store.Store):
        return images.about["fingerprint"]
    digest = hashlib.sha256()
    for image in images:
        digest.update(repr(image.shape).encode() + image.tobytes())
    return digest.hexdigest()
