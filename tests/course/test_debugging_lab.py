"""The debugging lab: each defect against what is right, and the sign by which a run with it is known."""

import dataclasses

import numpy as np
import pytest
from keras import ops

from srlib import config
from srlib.course import debugging_lab
from srlib.data import patches, sources
from srlib.errors import InputError
from srlib.imaging import bicubic, pixel_ranges
from srlib.srgan import generator, losses


def runs(seed):
    """A function of a defect's name that gives its `Run`, of 20 steps of 2 patches, made once."""
    smallest = debugging_lab.lab_config(config.resolve("smoke", seed))
    smallest = dataclasses.replace(smallest, batch=2, gan_steps=20, log_every=5)
    photos = [list(sources.load("embedded", split))[:2] for split in ("train", "test", "validation")]
    found = {}

    def run(defect=None):
        if defect not in found:
            found[defect] = debugging_lab.run(smallest, photos, defect=defect)
        return found[defect]

    return run


@pytest.fixture(scope="module", params=[0, 1])
def lab(request):
    yield runs(request.param)
    if request.param:
        debugging_lab._compiled.cache_clear()


def signs(run):
    return dict(zip(("bicubic", "saving", "twins", "steps", "distance"), run.signs.values()))


def test_each_defect_has_an_anonymous_case_of_its_own():
    assert sorted(debugging_lab.CASES.values()) == sorted(debugging_lab.DEFECTS)
    assert "".join(debugging_lab.CASES) == "ABCDEFGH"


def test_an_unknown_defect_is_bad_input():
    with pytest.raises(InputError, match=r"unknown defect 'leek' \(did you mean 'leak'\?\)"):
        debugging_lab.run(debugging_lab.lab_config(config.resolve("smoke")), [[], [], []], defect="leek")


@pytest.mark.parametrize("profile", config.PROFILES)
def test_the_lab_is_small_in_every_profile(profile):
    settings = debugging_lab.lab_config(config.resolve(profile, 3))
    assert settings.seed == 3
    assert 40 <= settings.gan_steps <= 150
    assert settings.gan_steps == 10 * settings.log_every
    assert settings.batch <= 8
    assert generator.build(settings).count_params() < 30_000


def test_sound_low_resolution_is_matlab_s(photograph):
    margined = patches.with_margin(photograph)[None]
    np.testing.assert_array_equal(debugging_lab.low_resolution(margined)[0], bicubic.downscale(photograph))


def test_without_antialiasing_stripes_become_a_pattern_that_is_not_there():
    stripes = np.zeros((1, 64, 64, 3), np.uint8)
    stripes[:, :, ::3] = 255  # finer than the small picture can show
    assert np.ptp(debugging_lab.low_resolution(stripes).astype(int)) < 8
    assert np.ptp(debugging_lab.low_resolution(stripes, antialias=False).astype(int)) > 100


def test_truncation_loses_half_a_level_on_average():
    values = np.arange(0, 255, 1 / 64)
    np.testing.assert_array_equal(
        debugging_lab.to_uint8(np.array([-3.0, 1.5, 2.4, 2.6, 254.7, 300])), [0, 2, 2, 3, 255, 255]
    )
    np.testing.assert_array_equal(
        debugging_lab.to_uint8(np.array([-3.0, 1.5, 2.6, 254.7]), rounds=False), [0, 1, 2, 254]
    )
    assert np.mean(debugging_lab.to_uint8(values) - values) == pytest.approx(0, abs=0.01)
    assert np.mean(debugging_lab.to_uint8(values, rounds=False) - values) == pytest.approx(-0.5, abs=0.01)


def test_sound_vgg_input_is_the_product_s_and_the_wrong_one_is_what_came_in():
    hr = np.random.default_rng(0).uniform(-1, 1, (1, 4, 4, 3)).astype("float32")
    right = ops.convert_to_numpy(losses._vgg_input(ops.convert_to_tensor(hr)))
    np.testing.assert_allclose(ops.convert_to_numpy(debugging_lab.vgg_input(hr)), right, atol=1e-4)
    assert debugging_lab.vgg_input(hr, centred=False) is hr


def test_features_of_the_wrong_range_differ_by_a_loss_of_a_sixteen_thousandth():
    random = np.random.default_rng(0)
    hr, sr = (random.uniform(-1, 1, (1, 8, 8, 3)).astype("float32") for _ in range(2))
    loss = {}
    for centred in (True, False):
        network = debugging_lab.features(centred)
        loss[centred] = float(np.mean((network.predict_on_batch(hr) - network.predict_on_batch(sr)) ** 2))
    assert loss[True] / loss[False] == pytest.approx(127.5**2, rel=0.2)


def test_detached_features_are_the_same_numbers_without_a_gradient(tensorflow):
    hr = tensorflow.Variable(np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 3)).astype("float32"))
    values, gradients = [], []
    for gradient in (True, False):
        network = debugging_lab.features(gradient=gradient)
        with tensorflow.GradientTape() as tape:
            values.append(ops.mean(ops.square(network(hr))))
        gradients.append(tape.gradient(values[-1], hr))
    assert float(values[0]) == float(values[1])
    assert np.abs(gradients[0]).max() > 0
    assert gradients[1] is None


def test_the_average_of_four_numbers_worked_out_by_hand():
    sound, inverted = [np.array([0.0])], [np.array([0.0])]
    for weight in (1.0, 2.0):
        sound = debugging_lab.update_average(sound, [np.array([weight])], decay=0.75)
        inverted = debugging_lab.update_average(inverted, [np.array([weight])], decay=0.75, inverted=True)
    assert sound[0] == pytest.approx(0.75 * 0.25 + 0.25 * 2)
    assert inverted[0] == pytest.approx(0.25 * 0.75 + 0.75 * 2)


def test_the_leak_trains_on_the_test_pictures_too():
    train, test = (list(sources.load("embedded", split)) for split in ("train", "test"))
    assert debugging_lab.training_photos(train, test) == train
    assert debugging_lab.training_photos(train, test, leak=True) == train + test


def test_the_sound_run_shows_no_sign(lab):
    run, rows = lab(), lab().history
    assert [row["step"] for row in rows] == [5, 10, 15, 20]
    assert {key: signs(run)[key] for key in ("saving", "twins", "steps")} == {"saving": 0, "twins": 0, "steps": 1}
    assert signs(run)["distance"] > 1e-4
    assert min(row[name] for row in rows for name in ("g_moved", "d_moved")) > 0


def test_a_run_is_the_same_again_though_others_used_its_networks():
    first, other = (runs(0)().history for _ in range(2))
    assert [row["content"] for row in first] == pytest.approx([row["content"] for row in other], rel=1e-5)


def test_the_wrong_range_is_known_by_a_tiny_content_loss(lab):
    assert lab("vgg_range").history[0]["content"] < lab().history[0]["content"] / 1000


def test_the_loss_without_gradient_is_known_by_its_climbing(lab):
    first, last = (lab("no_gradient").history[place]["content"] for place in (0, -1))
    assert first < 3 * lab().history[0]["content"]
    assert last > 1.3 * lab().history[-1]["content"]


def test_the_frozen_discriminator_is_known_by_standing_still(lab):
    rows = lab("frozen_discriminator").history
    assert {row["d_moved"] for row in rows} == {0.0}
    assert min(row["g_moved"] for row in rows) > 0
    assert np.ptp([row["d_real"] for row in rows]) < 0.05


def test_the_shared_optimizer_is_known_by_counting_every_batch_of_both_and_an_early_end(lab, tensorflow):
    moves = [row["g_moved"] for row in lab("one_optimizer").history]
    assert signs(lab("one_optimizer"))["steps"] == 3
    assert moves[2] < 0.4 * lab().history[2]["g_moved"]


def test_on_jax_the_shared_optimizer_is_bad_input(monkeypatch):
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    with pytest.raises(InputError, match="on JAX Keras refuses this mistake"):
        debugging_lab.run(debugging_lab.lab_config(config.resolve("smoke")), [[], [], []], defect="one_optimizer")


def test_missing_antialiasing_is_known_by_the_score_of_bicubic(lab):
    assert signs(lab("no_antialiasing"))["bicubic"] < signs(lab())["bicubic"] - 0.3


def test_the_leak_is_known_by_the_pictures(lab):
    assert signs(lab("leak"))["twins"] == 2


def test_truncation_is_known_by_an_original_that_changes_when_it_is_saved(lab):
    assert signs(lab("truncation"))["saving"] == 1


def test_the_inverted_average_is_known_by_sticking_to_the_last_weights(lab):
    inverted, sound = lab("inverted_average"), lab()
    assert signs(inverted)["distance"] < signs(sound)["distance"] / 3
    without = [[row[name] for row in run.history for name in row if name != "averaged"] for run in (inverted, sound)]
    assert without[0] == pytest.approx(without[1], rel=1e-4)


def test_the_pair_for_the_networks_is_the_product_s(photograph):
    margined = patches.with_margin(photograph)[None]
    lr, hr = debugging_lab._pair(margined)
    np.testing.assert_array_equal(lr[0], bicubic.downscale(photograph).astype("float32") / 255)
    np.testing.assert_allclose(hr[0], ops.convert_to_numpy(pixel_ranges.hr_from_pixels(photograph)), atol=1e-6)
