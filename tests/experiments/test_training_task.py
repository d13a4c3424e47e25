"""Training tasks: named by all that shapes them, trained under equal conditions, judged, and scored once."""

import dataclasses
import math

import ablation_work
import numpy as np
import pytest

from srlib import config
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.experiments import training_task
from srlib.imaging import bicubic
from srlib.srgan import generator
from srlib.training import fit
from srlib.upscaling import model_files


@pytest.fixture(autouse=True)
def data(monkeypatch):
    """The bright pictures in place of every data set."""
    monkeypatch.setattr(sources, "load", ablation_work.load)
    forget()
    yield
    forget()


def forget():
    for cached in (training_task._images, training_task._validation):
        cached.cache_clear()


@pytest.fixture
def task():
    """A function of changes that gives a task on the bright pictures; `settings` change its config."""

    def make(kind="run", arm="adam", phase="pixel", settings=None, seed=0, **changes):
        resolved = config.resolve("smoke", seed, {**ablation_work.SETTINGS, **(settings or {})})
        return training_task.TrainingTask(kind, arm, phase, resolved, **changes)

    return make


@pytest.fixture
def trained(monkeypatch):
    """No training: a fresh generator comes back, with the history that the test sets; what was asked for is kept."""
    asked = {"history": [{"step": 20, "loss": 0.1, "val_psnr": 50.0}]}

    def pretrain(config, images, *, start, validation, options):
        asked.update(config=config, images=images, validation=validation, folder=options.folder, start=start)
        return fit.Trained(generator.build(config).get_weights(), config, asked["history"], 0.5)

    monkeypatch.setattr(fit, "pretrain", pretrain)
    return asked


def test_equal_tasks_have_equal_ids_and_any_difference_shows(task):
    one = task()
    assert one.id == task().id
    assert one.id.startswith("run-adam-0-")
    others = [
        task(arm="twin"),
        task(kind="trial"),
        task(seed=1),
        task(settings={"adabelief_epsilon": 1e-8}),
        task(start="start-pixel-0"),
        task(tests=("set5",)),
        task(collapse=2.0),
        task(data="of another folder"),
        task(backend="other"),
    ]
    assert len({one.id, *(other.id for other in others)}) == 1 + len(others)


def test_a_run_is_scored_on_all_its_test_sets_and_leaves_its_model(task, trained, tmp_path):
    made = task(tests=("set5", "faces"), settings={"evaluate_images": 2})
    result = training_task.run(made, tmp_path / made.id, out=tmp_path)
    assert {name: [row["image"] for row in rows] for name, rows in result["scores"].items()} == {
        "set5": ["set5-test-0", "set5-test-1"],
        "faces": ["faces-test-0", "faces-test-1"],
    }
    network, theirs = model_files.load(tmp_path / made.id / "model.npz")
    assert theirs == made.config
    original, lr = protocol.pair(ablation_work.photo("set5", "test", 0))
    sr = bicubic.to_uint8(127.5 * (np.asarray(network(lr[None] / 255.0)) + 1))[0]
    expected = protocol.score(original, sr)
    row = result["scores"]["set5"][0]
    assert (row["psnr"], row["ssim"]) == pytest.approx(expected, abs=0.02)


def test_training_gets_the_task_s_config_pictures_and_scratch_folder(task, trained, tmp_path):
    made = task(settings={"train_images": 3}, validation_images=2)
    training_task.run(made, tmp_path / made.id, out=tmp_path)
    assert (trained["config"], trained["start"]) == (made.config, None)
    assert trained["folder"] == tmp_path / made.id / "scratch"
    assert len(trained["images"]) == 3
    assert [photo.id for photo in trained["validation"]] == ["coco-validation-0", "coco-validation-1"]


def test_validation_photos_are_spread_over_the_split(task, trained, tmp_path, monkeypatch):
    monkeypatch.setitem(ablation_work.COUNTS, "validation", 10)
    training_task.run(task(validation_images=3), tmp_path / "one", out=tmp_path)
    assert [photo.id[-1] for photo in trained["validation"]] == ["0", "3", "6"]


def test_a_trial_opens_no_test_photograph_and_leaves_no_model(task, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "load", ablation_work.sealed)
    result = training_task.run(task("trial"), tmp_path / "trial", out=tmp_path)
    assert (result["status"], result["val_psnr"]) == ("done", 50.0)
    assert "scores" not in result
    assert not (tmp_path / "trial").exists()
    with pytest.raises(AssertionError, match="a test photograph was opened"):
        training_task.run(task("run", tests=("set5",)), tmp_path / "run", out=tmp_path)


def test_the_baseline_is_bicubic_on_the_test_sets(task, tmp_path):
    result = training_task.run(task("bicubic", "bicubic", tests=("set5",)), tmp_path / "b", out=tmp_path)
    expected = protocol.evaluate(bicubic.upscale, ablation_work.load("set5", "test"))
    assert [row["psnr"] for row in result["scores"]["set5"]] == [score.psnr for score in expected]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_divergence_and_is_not_scored(task, trained, tmp_path, bad):
    trained["history"] = [{"step": 10, "loss": bad, "val_psnr": 9.0}, {"step": 20, "loss": bad, "val_psnr": 9.0}]
    result = training_task.run(task(tests=("set5",)), tmp_path / "run", out=tmp_path)
    assert (result["status"], result["reason"]) == ("diverged", f"loss is {bad} at step 10")
    assert "scores" not in result


def test_collapse_is_a_final_score_far_below_bicubic():
    early_low = [{"step": 1, "val_psnr": 5.0}, {"step": 2, "val_psnr": 27.0}]
    assert training_task.judge(early_low, 30.0, collapse=3.0) == ("done", "")
    status, reason = training_task.judge(early_low, 30.1, collapse=3.0)
    assert status == "collapsed"
    assert reason == "27.00 dB on validation, more than 3 dB below bicubic's 30.10"


def test_what_collapsed_is_scored_all_the_same(task, trained, tmp_path):
    trained["history"] = [{"step": 20, "val_psnr": 1.0}]
    result = training_task.run(task(tests=("set5",)), tmp_path / "run", out=tmp_path)
    assert result["status"] == "collapsed"
    assert len(result["scores"]["set5"]) == 4


def test_a_start_that_failed_is_named(task, trained, tmp_path):
    with pytest.raises(InputError, match="the pixel training that it starts from failed: start-pixel-0-abc"):
        training_task.run(task(start="start-pixel-0-abc"), tmp_path / "ablation" / "run", out=tmp_path)


def test_a_process_with_another_backend_refuses(task, tmp_path):
    with pytest.raises(InputError, match="the ablation is on numpy"):
        training_task.run(task(backend="numpy"), tmp_path / "run", out=tmp_path)


def trained_model(task, folder):
    """The result of a task and the weights of its model."""
    result = training_task.run(task, folder / task.id, out=folder)
    return result, model_files.load(folder / task.id / "model.npz")[0].get_weights()


def without_clock(history):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


def test_all_arms_of_a_seed_have_the_same_first_weights_and_batches(task, tmp_path):
    # With a learning rate of 0 the weights stay the first ones, and the moving averages tell of the batches.
    still = {"pretrain_learning_rate": 0.0, "pretrain_steps": 2, "log_every": 1}
    (one, first), (other, second) = (
        trained_model(task(arm=name, settings={**still, "optimizer": name}), tmp_path) for name in ("adam", "adabelief")
    )
    assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))
    assert without_clock(one["history"]) == without_clock(other["history"])
    fresh = fit.pretrain(dataclasses.replace(task().config, pretrain_learning_rate=0.0, seed=1), nothing())
    assert not all(np.array_equal(*pair) for pair in zip(first, fresh.generator.get_weights()))


def nothing():
    """The pictures."""
    return ablation_work.load("coco", "train").arrays()


def test_adversarial_arms_share_their_start_and_their_opponent(task, tmp_path):
    settings, start = task().config, "start-pixel-0-abc"
    begun = generator.build(settings)
    model_files.save(tmp_path / start / "model.npz", begun, config=settings, dtype="float32")
    still = {"gan_learning_rate": 0.0, "gan_steps": 2, "log_every": 1}
    results = []
    for name in ("adam", "adabelief"):
        arm = task(arm=name, phase="adversarial", settings={**still, "optimizer": name}, start=start)
        results.append(trained_model(arm, tmp_path))
    (one, first), (other, second) = results
    assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))
    assert without_clock(one["history"]) == without_clock(other["history"])
    assert {"d_real", "d_fake"} <= set(one["history"][0])
    moved = [
        weight.path for weight, after in zip(begun.weights, first, strict=True) if not np.array_equal(weight, after)
    ]
    assert moved
    assert all("moving" in path for path in moved)
