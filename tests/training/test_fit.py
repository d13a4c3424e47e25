"""Driving `fit`: it learns, it goes on bit for bit where it stopped, and it keeps what it needs for that."""

import csv
import dataclasses
import functools
import importlib.util
import json
import shutil

import keras
import numpy as np
import pytest

from srlib import config
from srlib.data import sources
from srlib.errors import InputError
from srlib.evaluation import protocol
from srlib.imaging import bicubic, metrics, pictures
from srlib.srgan import discriminator, training_steps
from srlib.training import callbacks, checkpoints, compiled_models, fit
from srlib.upscaling import model_files, upscaler


class Stop(Exception):
    """What interrupts a training."""


@dataclasses.dataclass
class Run:
    """What a training was given, what its sampler took, and what came out."""

    trained: fit.Trained
    sampled: list


@pytest.fixture(scope="module")
def photographs(photograph):
    """Two training pictures."""
    return [photograph[:48, :48], photograph[48:, 48:]]


@pytest.fixture(scope="module")
def validation(photograph):
    """A photo that is not trained on, and the picture in it."""
    return sources.Photo("held-out", lambda: pictures.Picture(photograph[20:51, 50:92]))


@pytest.fixture(scope="module")
def settings(small):
    """Four steps with warm-up and cosine, so that every step has another learning rate."""
    return small(gan_steps=4, log_every=1, gan_learning_rate=1e-2, adversarial_weight=0.1)


@pytest.fixture(scope="module")
def start(random_generator, settings):
    return random_generator(settings)


@pytest.fixture(scope="module")
def train(tensorflow, settings, photographs, start):
    """A function that runs the adversarial phase with a checkpoint at every step, interrupted within the step after
    `stop_after`. Steps run op by op: the optimiser of graphs rounds the first training of a process in its own way."""
    sampler, whole = fit.patches.PatchSampler, checkpoints.Checkpoint

    def run(folder, validation=(), stop_after=None):
        steps, sampled = [], []

        def count(self, batch, logs=None):
            steps.append(batch)
            if stop_after is not None and len(steps) > stop_after:
                raise Stop

        tensorflow.config.run_functions_eagerly(True)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(checkpoints, "Checkpoint", lambda *args, **how: whole(*args, **{**how, "minutes": 0}))
                patch.setattr(
                    fit.patches, "PatchSampler", lambda *args, **how: sampled.extend(args[0]) or sampler(*args, **how)
                )
                patch.setattr(callbacks.Progress, "on_train_batch_end", count)
                options = fit.RunOptions(folder)
                trained = fit.adversarial(settings, photographs, start=start, validation=validation, options=options)
                return Run(trained, sampled)
        finally:
            tensorflow.config.run_functions_eagerly(False)

    return run


@pytest.fixture(scope="module")
def straight(train, validation, tmp_path_factory):
    """Four steps without interruption, watched by a validation photo."""
    return train(tmp_path_factory.mktemp("straight"), [validation])


@pytest.fixture(scope="module")
def folder(train, tmp_path_factory):
    """The folder of a run that was interrupted in its third step."""
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.raises(Stop):
        train(folder, stop_after=2)
    assert [path.stem for path in checkpoints.found(folder)] == ["checkpoint-00000001", "checkpoint-00000002"]
    return folder


@pytest.fixture(scope="module")
def resumed(train, folder):
    """That run, gone on to its end."""
    return train(folder)


def same_weights(one, other):
    pairs = zip(one.trained.generator.get_weights(), other.trained.generator.get_weights(), strict=True)
    return all(np.array_equal(*pair) for pair in pairs)


def test_a_run_that_was_cut_off_ends_with_the_same_bits(straight, resumed):
    assert same_weights(straight, resumed)
    for one, other in zip(straight.trained.history, resumed.trained.history, strict=True):
        assert {name: other[name] for name in other if name != "seconds"}.items() <= one.items()


def test_training_changes_every_weight_and_leaves_the_start_as_it_was(straight, start, random_generator, settings):
    for trained, begun, fresh in zip(
        straight.trained.generator.get_weights(), start.get_weights(), random_generator(settings).get_weights()
    ):
        assert not np.array_equal(trained, begun)
        assert np.array_equal(begun, fresh)


def test_the_history_has_a_row_for_each_interval(straight, resumed, folder):
    for run in (straight, resumed):
        assert [row["step"] for row in run.trained.history] == [1, 2, 3, 4]
        seconds = [row["seconds"] for row in run.trained.history]
        assert seconds == sorted(seconds)
        assert {"generator_loss", "discriminator_loss", "content", "adversarial", "d_real"} <= set(
            run.trained.history[0]
        )
    with open(folder / "history.csv", newline="") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert rows == resumed.trained.history


def test_two_checkpoints_stay(resumed, folder):
    assert [path.name for path in checkpoints.found(folder)] == [
        "checkpoint-00000003.npz",
        "checkpoint-00000004.npz",
    ]
    assert (folder / "tensorboard").is_dir()


def test_without_tensorboard_installed_a_training_goes_without_its_log(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert fit._tensorboard(tmp_path) == []


def test_the_sampler_gets_the_training_pictures_and_no_other(straight, photographs):
    assert [id(array) for array in straight.sampled] == [id(array) for array in photographs]


def test_the_validation_score_is_that_of_the_evaluator(straight, resumed, validation, settings):
    original, lr = protocol.pair(validation)
    sr = upscaler.of_network(straight.trained.generator, settings)(lr)
    assert straight.trained.history[-1]["val_psnr"] == pytest.approx(protocol.score(original, sr)[0], abs=0.01)
    assert "val_psnr" not in resumed.trained.history[-1]


def test_the_baseline_of_the_validation_score_is_bicubic(validation):
    original, lr = protocol.pair(validation)
    assert callbacks.bicubic_psnr([validation]) == pytest.approx(protocol.score(original, bicubic.upscale(lr))[0])


def test_a_damaged_newest_checkpoint_costs_a_warning_and_the_steps_since_the_one_before(
    train, straight, resumed, folder, tmp_path
):
    copy = shutil.copytree(folder, tmp_path / "copy")
    newest = copy / "checkpoint-00000004.npz"
    newest.write_bytes(newest.read_bytes()[:1000])
    with pytest.warns(UserWarning, match="checkpoint-00000004.npz is damaged .* the one before"):
        again = train(copy)
    assert same_weights(straight, again)


def test_a_finished_run_is_not_trained_again(straight, resumed, settings, photographs, start, folder, monkeypatch):
    monkeypatch.setattr(training_steps.AdversarialTraining, "fit", None)
    again = Run(fit.adversarial(settings, photographs, start=start, options=fit.RunOptions(folder)), [])
    assert same_weights(straight, again)
    assert again.trained.history == resumed.trained.history


def test_what_is_trained_on_one_picture_beats_bicubic_on_it(photograph, small):
    picture = photograph[:48, :48]
    settings = small(
        generator_filters=16,
        hr_patch=48,
        pretrain_steps=100,
        pretrain_learning_rate=4e-3,
        warmup_steps=10,
        log_every=20,
    )
    trained = fit.pretrain(settings, [picture])
    losses = [row["loss"] for row in trained.history]
    assert losses[-1] < 0.7 * losses[0]
    lr = bicubic.downscale(picture)
    learned = metrics.psnr(picture, upscaler.of_network(trained.generator, settings)(lr))
    assert learned > metrics.psnr(picture, bicubic.upscale(lr)) + 2


@pytest.fixture(scope="module")
def learned(photograph, small):
    """A function of a precision that gives PSNR in dB, on one picture, of what is trained on it."""

    @functools.cache
    def psnr(precision):
        settings = small(generator_filters=16, hr_patch=48, pretrain_steps=100, log_every=50, precision=precision)
        # Measured statistics: the moving averages are of the last few batches, and differ from run to run by 0.5 dB.
        settings = dataclasses.replace(settings, pretrain_learning_rate=2e-3, warmup_steps=10, statistics_batches=20)
        picture = photograph[:48, :48]
        network = fit.pretrain(settings, [picture]).generator
        return metrics.psnr(picture, upscaler.of_network(network, settings)(bicubic.downscale(picture)))

    return psnr


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_as_well_as_float32(learned, precision):
    assert learned(precision) == pytest.approx(learned("float32"), abs=0.25)


@pytest.fixture
def model(settings, random_generator, randomise):
    """A function of a seed that gives a compiled model with random weights and optimizer state."""

    def build(seed):
        opponent = randomise(discriminator.build(settings), seed + 1)
        both = training_steps.AdversarialTraining(random_generator(settings, seed), opponent)
        both.compile(optimizer=keras.optimizers.Adam(1e-3))
        both.optimizer.build(both.trainable_variables)
        for index, variable in enumerate(both.optimizer.variables):
            variable.assign(keras.ops.full(variable.shape, seed + index % 7, variable.dtype))
        return both

    return build


def saved(folder, settings, model, step):
    """A checkpoint of the model at that step."""
    history = callbacks.History(1)
    rows = [{"step": each, "seconds": float(each), "loss": 0.5} for each in range(1, step + 1)]
    history.restore({"step": step, "seconds": float(step), "rows": rows, "pending": []})
    checkpoint = checkpoints.Checkpoint(folder, history, config=settings)
    checkpoint.set_model(model)
    checkpoint.save()
    return model


def restored(folder, settings, model):
    """The step and history that a fresh run finds, its model changed."""
    history = callbacks.History(1)
    return checkpoints.Checkpoint(folder, history, config=settings).restore(model), history.rows


def state(model):
    return [
        np.asarray(keras.ops.convert_to_numpy(variable)) for variable in [*model.variables, *model.optimizer.variables]
    ]


def test_a_checkpoint_holds_both_networks_and_the_optimizer(tmp_path, settings, model):
    one, other = saved(tmp_path, settings, model(1), 3), model(5)
    step, rows = restored(tmp_path, settings, other)
    assert (step, len(rows), rows[-1]["seconds"]) == (3, 3, 3.0)
    for before, after in zip(state(one), state(other), strict=True):
        assert np.array_equal(before, after)


def altered(path):
    """One weight is another, the file sound in itself."""
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["v0000"] = arrays["v0000"] + 1
    np.savez(path, **arrays)


def of_another_layout(path):
    """Its last variable has another shape, as in a file that another version wrote, sound in itself."""
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(arrays.pop("header").tobytes())
    arrays[max(arrays)] = np.zeros(77, "float32")
    header["sha256"] = model_files.checksum(arrays)
    np.savez(path, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("words"),
        lambda path: path.write_bytes(path.read_bytes()[:-2000]),
        altered,
        of_another_layout,
    ],
    ids=["empty", "text", "truncated", "altered", "another layout"],
)
def test_any_damage_falls_back_on_the_checkpoint_before(tmp_path, settings, model, damage):
    before = saved(tmp_path, settings, model(1), 1)
    saved(tmp_path, settings, model(2), 2)
    damage(tmp_path / "checkpoint-00000002.npz")
    found = model(5)
    with pytest.warns(UserWarning, match="00000002.npz is damaged"):
        step, rows = restored(tmp_path, settings, found)
    assert (step, [row["step"] for row in rows]) == (1, [1])
    assert all(np.array_equal(*pair) for pair in zip(state(before), state(found), strict=True))


def test_a_checkpoint_of_another_layout_leaves_the_model_as_it_was(tmp_path, settings, model):
    saved(tmp_path, settings, model(1), 1)
    of_another_layout(tmp_path / "checkpoint-00000001.npz")
    fresh = model(5)
    before = state(fresh)
    with pytest.warns(UserWarning, match="another shape"):
        assert restored(tmp_path, settings, fresh) == (0, [])
    assert all(np.array_equal(*pair) for pair in zip(before, state(fresh), strict=True))


def test_without_a_sound_checkpoint_the_run_starts_anew(tmp_path, settings, model):
    assert restored(tmp_path / "nothing", settings, model(1)) == (0, [])
    (tmp_path / "checkpoint-00000002.npz").write_text("words")
    with pytest.warns(UserWarning, match="is damaged"):
        assert restored(tmp_path, settings, model(1)) == (0, [])


def test_a_checkpoint_of_other_settings_is_refused_by_their_names(tmp_path, settings, model):
    saved(tmp_path, settings, model(1), 1)
    other = dataclasses.replace(settings, batch=9, gan_learning_rate=1.0)
    with pytest.raises(InputError, match="checkpoint-00000001.npz .* another batch, gan_learning_rate"):
        restored(tmp_path, other, model(1))


def test_checkpoints_keep_their_distance_but_the_last_step_has_one(tmp_path, settings, model):
    history = callbacks.History(5)
    checkpoint = checkpoints.Checkpoint(tmp_path, history, config=settings, minutes=1000)
    checkpoint.set_model(model(1))
    checkpoint.set_params({"epochs": 3})
    for epoch in range(3):
        history.step = 5 * (epoch + 1)
        checkpoint.on_epoch_end(epoch)
    assert [path.name for path in checkpoints.found(tmp_path)] == ["checkpoint-00000015.npz"]


@pytest.mark.parametrize("steps, log_every, interval", [(400, 20, 20), (6, 4, 3), (7, 3, 1), (5, 1000, 5)])
def test_intervals_divide_the_steps(steps, log_every, interval):
    assert fit.largest_divisor(steps, log_every) == interval


def test_a_share_of_the_start_is_mixed_into_the_final_weights(settings, photographs, start):
    def trained(share):
        config = dataclasses.replace(settings, start_share=share, weight_average=0.0, statistics_batches=0)
        return fit.adversarial(config, photographs, start=start).generator.trainable_weights

    for own, mixed, before in zip(trained(0.0), trained(0.25), start.trainable_weights, strict=True):
        expected = 0.75 * np.array(own) + 0.25 * np.array(before)
        assert np.allclose(np.array(mixed), expected, atol=1e-6)


def test_on_a_gpu_the_host_looks_less_often(monkeypatch):
    monkeypatch.setattr(fit.precision, "gpu_capability", lambda: None)
    run = config.Config(pretrain_steps=4000, log_every=1000)
    assert fit.pace("pixel", run) == fit.Pace(4000, 1000, 20, 10)
    assert fit.pace("pixel", run, replicas=2) == fit.Pace(4000, 1000, 20, 1)
    monkeypatch.setattr(fit.precision, "gpu_capability", lambda: (9, 0))
    assert fit.pace("pixel", run) == fit.Pace(4000, 1000, 200, 50)


def test_seconds_a_step_leave_out_the_first_interval():
    history = callbacks.History(10)
    assert history.seconds_per_step() is None
    history.rows = [{"step": 10, "seconds": 9.0}, {"step": 20, "seconds": 10.0}, {"step": 30, "seconds": 12.0}]
    assert history.seconds_per_step() == (12 - 9) / 20


def test_the_same_seed_gives_the_same_first_weights(small):
    runs = [compiled_models.prepare("pixel", small(seed=seed)).generator.get_weights() for seed in (1, 1, 2)]
    assert all(np.array_equal(*pair) for pair in zip(runs[0], runs[1]))
    assert not all(np.array_equal(*pair) for pair in zip(runs[0], runs[2]))


def test_training_is_in_the_precision_asked_for_and_leaves_float32(small):
    settings = small(precision="mixed_bfloat16")
    model = compiled_models.prepare("pixel", settings)
    assert model.generator.layers[1].compute_dtype == "bfloat16"
    copy = fit.Trained(model.generator.get_weights(), settings, [], None).generator
    assert {layer.compute_dtype for layer in copy.layers} == {"float32"}
    assert all(np.array_equal(*pair) for pair in zip(copy.get_weights(), model.generator.get_weights()))
    assert keras.config.dtype_policy().name == "float32"


def test_pictures_smaller_than_a_patch_are_refused_before_training(small):
    with pytest.raises(InputError, match="at least 16×16"):
        fit.pretrain(small(), [np.zeros((8, 8, 3), np.uint8)])
