"""Recipes: complete trainings that leave a model file and a run record which agree."""

import dataclasses
import hashlib

import numpy as np
import pytest

from srlib import config
from srlib.data import packed_store, sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.machine import precision
from srlib.training import fit, recipes
from srlib.upscaling import model_files, upscaler

# The smallest network on small patches, a few steps.
OVERRIDES = {
    "generator_blocks": 1,
    "generator_filters": 4,
    "discriminator_filters": 2,
    "discriminator_dense": 4,
    "precision": "float32",
    "train_images": 2,
    "evaluate_images": 1,
    "hr_patch": 16,
    "batch": 2,
    "pretrain_steps": 2,
    "gan_steps": 2,
    "warmup_steps": 0,
    "log_every": 1,
}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def tiny(out):
    """The recipe `tiny` trained for two steps on the embedded photographs: (path of the model, record)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SRLIB_DATA_ROOT", raising=False)
        return recipes.train("tiny", out=out, changes=recipes.Changes(3, OVERRIDES))


@pytest.fixture
def given(monkeypatch):
    """What `training` is called with, as a dict that fills when a recipe starts to train."""
    found = {}

    def stop(phase):
        def record(config, images, *, start, validation, options):
            found.update(phase=phase, config=config, images=images, start=start, validation=validation, options=options)
            raise StopIteration

        return record

    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    for function, phase in (("pretrain", "pixel"), ("adversarial", "adversarial")):
        monkeypatch.setattr(fit, function, stop(phase))
    return found


def test_the_model_file_is_the_network_of_the_settings(tiny, out):
    path, record = tiny
    expected = config.resolve("full", 3, {**recipes.find("tiny").settings, **OVERRIDES})
    assert path == out / "models" / "tiny.npz"
    assert model_files.load(path)[1] == expected
    assert record.read("config") == dataclasses.asdict(expected)


def test_the_model_file_tells_of_its_making(tiny):
    about = model_files.header(tiny[0])["about"]
    images = sources.load("embedded", "train").limit(2).arrays()
    digest = hashlib.sha256(b"".join(repr(image.shape).encode() + image.tobytes() for image in images))
    assert (about["recipe"], about["phase"], about["images"], about["precision"]) == ("tiny", "pixel", 2, "float32")
    assert about["data_sha256"] == digest.hexdigest()
    assert "numpy" in about["packages"]
    assert about["overrides"] == OVERRIDES


def test_the_scores_on_record_are_those_of_the_saved_model(tiny):
    path, record = tiny
    (again,) = protocol.evaluate(upscaler.load(path), sources.load("embedded", "test").limit(1))
    (row,) = record.table("embedded")
    assert (row["image"], row["psnr"], row["ssim"]) == (again.image, again.psnr, again.ssim)
    metrics = record.read("metrics")
    assert (metrics["embedded_psnr"], metrics["embedded_ssim"]) == (again.psnr, again.ssim)
    assert metrics["headline"] == f"tiny: embedded {again.psnr:.2f} dB"


def test_the_history_on_record_has_every_interval_and_a_validation_score(tiny):
    history = tiny[1].table("history")
    assert [row["step"] for row in history] == [1, 2]
    assert all(20 < row["val_psnr"] < 40 for row in history)


def test_a_finished_recipe_is_not_run_again_over_its_checkpoints(tiny, out, monkeypatch):
    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    with pytest.raises(InputError, match="tiny-3 holds an earlier run: add --resume"):
        recipes.train("tiny", out=out, changes=recipes.Changes(3, OVERRIDES), resume=False)


def test_validation_photographs_are_never_trained_on(given):
    with pytest.raises(StopIteration):
        recipes.train("tiny", changes=recipes.Changes(overrides={"train_images": 0}))
    trained_on = {image.tobytes() for image in given["images"].arrays}
    assert len(trained_on) == len(sources.load("embedded", "train"))
    for split in (given["validation"], sources.load("embedded", "test")):
        assert not trained_on & {photo.load().rgb.tobytes() for photo in split}
    held_out = [photo.id for photo in sources.load("embedded", "validation")]
    assert [photo.id for photo in given["validation"]] == held_out and len(held_out) == 2


def test_the_adversarial_phase_begins_with_the_model_named(tiny, given, out):
    with pytest.raises(StopIteration):
        overrides = {**OVERRIDES, "train_data": "embedded"}
        recipes.train("srgan", out=out, changes=recipes.Changes(4, overrides, tiny[0]))
    assert given["phase"] == "adversarial"
    assert given["options"].folder == out / "training" / "srgan-4"
    for one, other in zip(given["start"].get_weights(), model_files.load(tiny[0])[0].get_weights(), strict=True):
        assert (one == other).all()


def test_a_recipe_starts_from_what_an_earlier_one_left_in_the_same_place(tiny, given, monkeypatch, out):
    goes_on = recipes.Recipe("on and on", "pixel", recipes.find("tiny").settings, start="tiny")
    monkeypatch.setattr(recipes, "find", {"goes-on": goes_on}.get)
    with pytest.raises(StopIteration):
        recipes.train("goes-on", out=out, changes=recipes.Changes(overrides=OVERRIDES))
    for one, other in zip(given["start"].get_weights(), model_files.load(tiny[0])[0].get_weights(), strict=True):
        assert (one == other).all()


def test_a_model_file_tells_what_its_training_started_from(tiny):
    images = packed_store.InMemory([np.zeros((1, 1, 3), "uint8")])
    origin = recipes._about("tiny", config.Config(), images, recipes.Changes(start=tiny[0]))["start"]
    header = model_files.header(tiny[0])
    assert (origin["recipe"], origin["sha256"]) == ("tiny", header["sha256"])
    assert (origin["commit"], origin["data_sha256"]) == (header["about"]["commit"], header["about"]["data_sha256"])


def test_a_start_of_another_shape_is_refused(tiny, given):
    with pytest.raises(InputError, match="cannot start from .*tiny.npz: its generator_filters is 4, the training's 8"):
        recipes.train("srgan", changes=recipes.Changes(0, {**OVERRIDES, "generator_filters": 8}, tiny[0]))
    assert not given


def test_a_start_that_is_not_there_is_named(given):
    with pytest.raises(InputError, match="unknown model 'nonsense'"):
        recipes.train("srgan", changes=recipes.Changes(0, {"train_data": "embedded"}, "nonsense"))


def test_a_recipe_whose_start_is_neither_trained_nor_shipped_says_what_to_train_first(given, out, monkeypatch):
    monkeypatch.setattr(model_files, "SHIPPED", out / "none")
    with pytest.raises(InputError, match="it starts from srresnet: srlib train srresnet first"):
        recipes.train("srresnet-faces", out=out, changes=recipes.Changes(0, {"train_data": "embedded"}))
    assert not given


@pytest.mark.parametrize("name", recipes.available())
def test_every_recipe_has_settings_that_resolve_and_a_start_that_fits(name):
    recipe = recipes.find(name)
    settings = config.resolve("full", 0, recipe.settings)
    assert recipe.phase in ("pixel", "adversarial")
    assert recipe.start or recipe.phase == "pixel"  # the adversarial phase always goes on from a pixel phase
    for part in settings.train_data.split("+"):
        assert part.partition("@")[0] in sources.NAMES
    precision.resolve(settings.precision)
    if recipe.start in recipes.available():
        begin = config.resolve("full", 0, recipes.find(recipe.start).settings)
        for field in ("generator_blocks", "generator_filters", "bicubic_skip"):
            assert getattr(begin, field) == getattr(settings, field)


FACES = {"srresnet-faces": "srresnet", "srgan-faces": "srresnet-faces", "srgan-faces-robust": "srresnet-faces-robust"}


@pytest.mark.parametrize("name, start", FACES.items())
def test_face_models_come_of_one_another_and_train_on_faces(name, start):
    recipe = recipes.find(name)
    settings = config.resolve("full", 0, recipe.settings)
    assert recipe.start == start
    assert settings.train_data.startswith("faces+faces@256")
    assert settings.degradation == ("robust" if "robust" in name else "bicubic")
    assert recipe.phase == ("adversarial" if "srgan" in name else "pixel")


def test_the_pixel_phase_on_faces_is_no_longer_than_the_generic_one_gentler_and_averaged():
    settings = config.resolve("full", 0, recipes.find("srresnet-faces").settings)
    generic = config.resolve("full", 0, recipes.find("srresnet").settings)
    assert settings.pretrain_steps <= generic.pretrain_steps
    rates = [each.pretrain_learning_rate / each.batch for each in (settings, generic)]  # of batches of different size
    assert rates[0] < rates[1]
    assert (settings.schedule, settings.weight_average, settings.statistics_batches) == ("cosine", 0.999, 200)


def test_a_pixel_recipe_begins_with_the_model_it_names(tiny, given, out):
    with pytest.raises(StopIteration):
        overrides = {**OVERRIDES, "train_data": "drawn-faces"}
        recipes.train("srresnet-faces", out=out, changes=recipes.Changes(5, overrides, tiny[0]))
    assert (given["phase"], given["config"].train_data) == ("pixel", "drawn-faces")
    for one, other in zip(given["start"].get_weights(), model_files.load(tiny[0])[0].get_weights(), strict=True):
        assert (one == other).all()


def test_the_paper_s_recipes_depart_in_nothing():
    assert recipes.find("srresnet-paper").settings == recipes.find("srgan-paper").settings == {}


def test_an_unknown_recipe_suggests_the_nearest():
    with pytest.raises(InputError, match="unknown recipe 'srganpaper'.*did you mean 'srgan-paper'.*tiny"):
        recipes.train("srganpaper")


def test_an_unknown_setting_is_refused_before_anything_is_loaded():
    with pytest.raises(InputError, match="unknown setting 'step'"):
        recipes.train("tiny", changes=recipes.Changes(overrides={"step": 3}))


def test_a_recipe_whose_file_is_not_sound_is_named_with_key_and_what_is_allowed(monkeypatch, tmp_path):
    (tmp_path / "odd.toml").write_text('about = "odd"\nphase = "pixels"\n')
    monkeypatch.setattr(recipes, "FOLDER", tmp_path)
    with pytest.raises(InputError, match="odd.toml: key phase takes 'pixel' or 'adversarial', not 'pixels'"):
        recipes.find("odd")
