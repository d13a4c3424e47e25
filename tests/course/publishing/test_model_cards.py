"""Model cards, written from a model's file and its records made here."""

import pytest

from srlib import records
from srlib.course.publishing import model_cards
from srlib.upscaling import model_files


@pytest.fixture
def card(shipped, tmp_path, monkeypatch):
    """A function of what else a model's file says, config and about, that gives the model's card."""

    def write(config=None, **about):
        header = {**shipped, "config": {**shipped["config"], **(config or {})}, "about": {**shipped["about"], **about}}
        monkeypatch.setattr(model_files, "header", lambda name: header)
        return model_cards.write("own", tmp_path).read_text("utf-8")

    return write


def test_card_states_data_training_and_checksum(shipped, card):
    text = card()
    assert text.startswith(
        "# Model card: `own`\n\nA small one. Use it: `srlib upscale photo.jpg -o out --model own`.\n"
    )
    assert "trained on | 7 pictures: BSDS500" in text
    assert "non-commercial research; COCO 2017" in text
    assert "1 residual blocks of 4 filters and a global bicubic skip" in text
    assert "1,000,000 steps of 16 patches of 96 px, mse, adam 0.0001, constant, precision float32, seed 0" in text
    assert f"`{shipped['sha256']}`" in text
    assert "never be used to identify" in text


def test_a_card_names_the_losses_with_their_weights_and_the_settings_of_its_phase(card):
    dssim = {"content_loss": "mae+dssim", "dssim_weight": 0.25}
    assert " px, mae + 0.25 · dssim, adam 0.0001, " in card(dssim)
    settings = {"gan_steps": 2000, "gan_learning_rate": 0.0002, "adversarial_weight": 0.001, "start_share": 0.3}
    text = card(settings, phase="adversarial", mixed=" (by layer)")
    assert "| 2,000 steps of 16 patches of 96 px, mse + 0.001 · adversarial, adam 0.0002, constant, " in text
    assert "seed 0; then 0.3 of the start's weights mixed in (by layer) |" in text


def test_a_card_has_the_scores_on_record_with_bicubic_s_in_brackets(card, tmp_path):
    assert "\n## Scores\nNot measured yet.\n" in card()
    for model, psnr in {"bicubic": 28.431, "own": 31.236, "another": 32.02}.items():
        metrics = {"set5_psnr": psnr, "set5_ssim": 0.88765, "set5_spectrum_error": 1.234, "set5_colour_error": 0.056}
        records.write(tmp_path, f"evaluate-{model}", config={}, metrics=metrics)
    text = card()
    assert "| in brackets: bicubic | PSNR-Y, dB | SSIM-Y |" in text
    assert "| Set5 | 31.24 (28.43) | 0.8877 (0.8877) | – (–) | 1.23 (1.23) | – (–) | 0.06 (0.06) |" in text


def test_a_card_gives_the_command_with_its_settings_and_the_machine_with_its_accelerator(card):
    machine = {"processor": "Abacus", "cores": 3, "accelerator": "1 × Card 7"}
    text = card(recipe="tiny", overrides={"batch": 64, "seed": 3}, **machine)
    assert "| made by | `srlib train tiny -p batch 64 -p seed 3` at commit abc" in text
    assert "Abacus, 3 cores, 1 × Card 7 |" in text


def test_the_card_of_a_face_model_says_whose_faces_and_which_damage_it_has_seen(card):
    text = card({"train_data": "faces", "degradation": "robust"})
    assert "not FFHQ" in text
    assert "older and more male than a population" in text
    assert "It learned from blurred, noisy and JPEG-compressed reductions" in text
    assert "clean bicubic reductions: noise" not in text


def test_a_card_says_what_its_training_started_from(card):
    assert "| started from | fresh weights |" in card()
    start = {"recipe": "tiny", "commit": "abc", "sha256": "123", "data_sha256": "456"}
    assert "| started from | `tiny` at commit abc, weights `123` |" in card(start=start)


def test_a_card_s_command_names_a_start_that_is_the_recipe_s_own(card):
    about = {"recipe": "tiny", "overrides": {"batch": 64}}
    start = {"commit": "abc", "sha256": "123"}
    assert "`srlib train tiny -p batch 64`" in card(**about, start={"recipe": "srresnet", **start})
    assert "`srlib train tiny --start FILE -p batch 64`" in card(**about, start={"recipe": "tiny", **start})


def test_a_card_says_to_what_side_training_pictures_were_reduced(card):
    text = card({"train_data": "faces+faces@256+elsewhere"})
    assert "collection MIT; `faces` once more, reduced to 256 px; elsewhere |" in text
    assert "adult US office holders" in text
