"""Recipes: named, complete trainings from data to a model file and its run record; each is a file recipes/NAME.toml."""

import dataclasses
import pathlib
from typing import Any, Literal

import tqdm

from srlib import config as configs
from srlib import records
from srlib.data import packed_store, sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.machine import distribution, environment, precision
from srlib.training import checkpoints, fit
from srlib.upscaling import model_files, upscaler

FOLDER = pathlib.Path(__file__).with_suffix("")
HELD_OUT = 8  # validation photos of each source that are scored as training goes


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A training by name.

    Args:
        about: what it makes, in a line.
        phase: "pixel" or "adversarial".
        settings: over the paper's.
        start: the model that it begins with.
    """

    about: str
    phase: Literal["pixel", "adversarial"]
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    start: str | None = None


@dataclasses.dataclass(frozen=True)
class Changes:
    """What departs from a recipe: its seed, settings over its own, and the model to start from, by name or path."""

    seed: int = 0
    overrides: dict[str, Any] = dataclasses.field(default_factory=dict)
    start: pathlib.Path | str | None = None


def available() -> list[str]:
    """The names of all recipes, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        InputError: there is none, or its file is not sound.
    """
    if name not in available():
        hint = configs.did_you_mean(name, available())
        raise InputError(f"unknown recipe {name!r}{hint}; known: {', '.join(available())}")
    return configs.read_toml(FOLDER / f"{name}.toml", Recipe)


def train(
    name: str,
    *,
    data_root: pathlib.Path | str | None = None,
    out: pathlib.Path | str | None = None,
    changes: Changes = Changes(),  # noqa: B008 (frozen)
    resume: bool = True,
    options: fit.RunOptions = fit.RunOptions(),  # noqa: B008 (frozen)
) -> tuple[pathlib.Path, records.Record | None]:
    """Train a recipe, or go on with it where an interrupted run stopped.

    Args:
        name: of the recipe.
        data_root: the data root, or None for SRLIB_DATA_ROOT.
        out: output root, of checkpoints, model file and run record.
        changes: what departs from the recipe. Where it names no start, the recipe's is looked for in `out` first.
        resume: whether to go on from checkpoints that are there; False refuses to run over them.
        options: how it runs; its folder is not used. Several machines share `data_root` and `out`.
    Returns:
        (path of the model file, the record); None for the record on workers other than the chief
    Raises:
        InputError: unknown recipe, setting or model, or data that is not there.
    """
    environment.commit()  # now: files may change while it trains
    recipe, out = find(name), records.output_root(out)
    config = configs.resolve("full", changes.seed, {**recipe.settings, **changes.overrides})
    strategy = distribution.strategy(options.devices, config.batch)
    root = sources.data_root(data_root)  # a root that is named must be there, even if this recipe needs none
    changes = dataclasses.replace(changes, start=changes.start or _start(recipe, out))
    start, validation = model_files.start(changes.start, config), held_out(config.train_data, root)
    options = dataclasses.replace(options, folder=_checkpoints(f"{name}-{changes.seed}", out, resume))
    with strategy.chief_first():
        images = _images(config, root, out)
    phase = fit.pretrain if recipe.phase == "pixel" else fit.adversarial
    trained = phase(config, images, start=start, validation=validation, options=options)
    path = out / "models" / f"{name}.npz"
    if not strategy.chief:
        return path, None
    model_files.save(path, trained.generator, config=config, about=_about(name, config, images, changes))
    return path, _record(path, trained, root, devices=strategy.replicas)


def _images(config, root, out):
    """What patches are cut from; a large set is packed below the output root."""
    photos = sources.load(config.train_data, "train", root=root).limit(config.train_images)
    return packed_store.images(photos, out / "store" / config.train_data)


def held_out(train_data: str, root: pathlib.Path | None, count: int = HELD_OUT) -> list[sources.Photo]:
    """The first `count` validation photos of each source of a training set, in full size only."""
    names = dict.fromkeys(part.partition("@")[0] for part in train_data.split("+"))
    return [photo for name in names for photo in sources.load(name, "validation", root=root).limit(count)]


def _checkpoints(run, out, resume):
    """The folder of a run's checkpoints; raises InputError where it holds some and is not to be gone on with."""
    folder = out / "training" / run
    if not resume and checkpoints.found(folder):
        raise InputError(f"{folder} holds an earlier run: add --resume to go on with it, or choose another --out")
    return folder


def _start(recipe, out):
    """The model file of the recipe's start that a training wrote into `out`, else the name, of a shipped model."""
    path = out / "models" / f"{recipe.start}.npz"
    if not recipe.start or path.exists():
        return path if recipe.start else None
    if recipe.start in available() and recipe.start not in model_files.available():
        raise InputError(f"it starts from {recipe.start}: srlib train {recipe.start} first, or give --start MODEL")
    return recipe.start


def _about(name, config, images, changes):
    """What a model file tells of its making, and of the model that its training started from."""
    recipe = find(name)
    return {
        **({"start": _origin(changes.start)} if changes.start else {}),
        **({"overrides": changes.overrides} if changes.overrides else {}),
        "recipe": name,
        "about": recipe.about,
        "phase": recipe.phase,
        "precision": precision.resolve(config.precision),
        "images": len(images),
        "data_sha256": images.fingerprint(),
        **environment.describe(),
    }


def _origin(start):
    """Which model a training started from: its recipe, commit and checksums, None where its file does not tell."""
    header = model_files.header(start)
    facts = {key: header["about"].get(key) for key in ("recipe", "commit", "data_sha256")}
    return {**facts, "sha256": header["sha256"]}


def _record(path: pathlib.Path, trained: fit.Trained, root: pathlib.Path | None, *, devices: int) -> records.Record:
    """Score the saved model on the test sets and write the run record."""
    name, config, enlarge = path.stem, trained.config, upscaler.load(path)
    metrics, tables = {"seconds_per_step": trained.seconds_per_step, "devices": devices}, {"history": trained.history}
    for test_set in sources.test_sets(root):
        photos = sources.load(test_set, "test", root=root).limit(config.evaluate_images)
        scores = protocol.evaluate(enlarge, tqdm.tqdm(photos))
        tables[test_set] = scores
        metrics[f"{test_set}_psnr"], metrics[f"{test_set}_ssim"] = protocol.mean(scores)
    shown = ", ".join(f"{key[:-5]} {value:.2f} dB" for key, value in metrics.items() if key.endswith("_psnr"))
    metrics["headline"] = f"{name}: {shown}"
    return records.write(path.parents[1], f"train-{name}-{config.seed}", config=config, metrics=metrics, tables=tables)
