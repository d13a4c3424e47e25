"""The tables, cards and figures, drawn from records made here; and who is measured."""

import csv
import io

import numpy as np
import pytest
from PIL import Image

from srlib import config, records
from srlib.cli import main
from srlib.course.publishing import model_cards
from srlib.errors import InputError
from srlib.evaluation import leaderboard, protocol
from srlib.imaging import metrics
from srlib.machine import environment
from srlib.srgan import generator
from srlib.upscaling import model_files, published_networks


@pytest.fixture
def saved(tmp_path):
    """Records of bicubic, of one model and of a published one, on two test sets."""
    figures = {"bicubic": (28.431, 25.963), "own": (31.236, 27.104), "another": (32.02, 27.54)}
    for model, (set5, bsd100) in figures.items():
        metrics = {"model": model, "set5_psnr": set5, "set5_ssim": 0.88765, "bsd100_psnr": bsd100, "bsd100_ssim": 0.7}
        about = {"published": model == "another", "parameters": 1_554_883}
        sharpness = {"set5_spectrum_error": 1.234, "set5_colour_error": 0.056} if model != "another" else {}
        images = {"images": {"set5": 2 if model == "another" else 5, "bsd100": 100}}
        records.write(tmp_path, f"evaluate-{model}", images, {**metrics, **about, **sharpness})
    records.write(tmp_path, "evaluate-original", {}, {"model": "original", "set5_brisque": 12.34})
    records.write(tmp_path, "train-own-0", {}, {"headline": "not an evaluation"})
    records.write(tmp_path, "times", {"height": 128, "width": 96}, {"bicubic": 0.031, "own": 2.345})
    return tmp_path


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_has_bicubic_first_then_ours_then_published_ones(saved):
    header, _, *rows = leaderboard.table(saved).splitlines()
    assert cells(header)[1:] == ["Set5", "BSD100", "parameters", "s/MP"]
    assert cells(rows[0]) == ["bicubic", "28.43", "25.96", "1,554,883", "0.03"]
    assert cells(rows[1]) == ["own", "31.24", "27.10", "1,554,883", "2.35"]
    # Of two images only, which do not compare; and not timed.
    assert cells(rows[2]) == ["(another)", "–", "27.54", "1,554,883", "–"]
    assert len(rows) == 3


def test_quoted_figures_stand_in_a_table_of_their_own_on_the_sets_that_were_measured(saved):
    header, _, *rows = leaderboard.quoted(saved).splitlines()
    assert cells(header) == ["PSNR-Y ×4, dB", "Set5", "BSD100"]
    assert cells(rows[0]) == ["*bicubic: Ledig et al., CVPR 2017*", "28.43", "25.94"]
    assert cells(rows[1]) == ["*SRResNet: Ledig et al., CVPR 2017*", "32.05", "27.58"]
    assert cells(rows[2]) == ["*SRGAN (MSE): Ledig et al., CVPR 2017*", "30.64", "–"]
    assert cells(rows[5]) == ["*SwinIR: Liang et al., ICCVW 2021, table 2, DF2K*", "32.92", "27.92"]


def test_below_the_quoted_figures_stands_the_machine_that_was_timed(saved):
    told = environment.describe()
    line = leaderboard.quoted(saved).splitlines()[-1]
    assert line.endswith(f"on {told['processor']}, {told['cores']} cores.")
    assert "128 × 96 pixels of input" in line


def test_the_table_has_at_most_nine_columns(tmp_path):
    scores = {f"{name}_{column}": 1.0 for name in leaderboard.TITLES for column in leaderboard.COLUMNS}
    records.write(tmp_path, "evaluate-own", {}, {"model": "own", **scores})
    assert len(cells(leaderboard.table(tmp_path).splitlines()[0])) <= 9


def section(text, title):
    """The rows of the table below a heading, as lists of cells, its header first."""
    lines = text.split(f"## {title}\n")[1].split("\n## ")[0].strip().splitlines()
    return [cells(line) for index, line in enumerate(lines) if index != 1]


def test_every_measure_is_written_for_every_set_and_model(saved):
    text = leaderboard.write_measures(saved).read_text()
    header, *rows = section(text, "Set5")
    assert header == ["model", "images", "PSNR-Y, dB", "SSIM-Y", "spectrum error", "colour error, 1/255", "BRISQUE"]
    assert rows[0] == ["original", "–", "–", "–", "–", "–", "12.3"]
    assert rows[2] == ["own", "5", "31.24", "0.8877", "1.23", "0.06", "–"]
    assert rows[3] == ["(another)", "2", "32.02", "0.8877", "–", "–", "–"]
    assert [row[0] for row in section(text, "BSD100")] == ["model", "bicubic", "own", "(another)"]
    assert protocol.PROTOCOL in text


def test_every_measure_that_is_written_is_explained_and_every_one_measured_is_written(saved):
    text = leaderboard.write_measures(saved).read_text()
    explained = text.split("## ")[0]
    assert [title for title, _ in leaderboard.COLUMNS.values() if title.split(",")[0] not in explained] == []
    assert {"psnr", "ssim", *protocol.measures()} <= set(leaderboard.COLUMNS)


def test_the_same_figures_stand_in_a_file_for_programs(saved):
    leaderboard.write_measures(saved)
    rows = list(csv.DictReader(io.StringIO((saved / "tables" / "measures.csv").read_text())))
    (own,) = (row for row in rows if (row["set"], row["model"]) == ("set5", "own"))
    assert (float(own["psnr"]), float(own["spectrum_error"]), own["brisque"]) == (31.236, 1.234, "")
    assert own["images"] == "5"


def test_without_records_there_is_nothing_to_draw_from(tmp_path):
    for draw in (leaderboard.table, leaderboard.quoted):
        with pytest.raises(InputError, match="no records"):
            draw(tmp_path / "elsewhere")


def test_measure_all_scores_bicubic_on_the_sets_of_the_data_root(tmp_path, monkeypatch, data_root):
    monkeypatch.setattr(leaderboard, "TITLES", {"set5": "Set5"})
    monkeypatch.setattr(model_files, "available", dict)
    monkeypatch.setattr(published_networks, "available", list)
    (record,) = leaderboard.measure_all(data_root, tmp_path)
    scores = record.read("metrics")
    assert scores["headline"] == "bicubic: Set5 28.43 dB"
    assert (scores["published"], scores["parameters"]) == (False, 0)
    assert record.read("config")["images"] == {"set5": 5}
    rows = record.table("set5")
    assert [row["image"] for row in rows] == ["baby", "bird", "butterfly", "head", "woman"]
    assert scores["set5_rgb_psnr"] == pytest.approx(np.mean([row["rgb_psnr"] for row in rows]))
    assert scores["set5_spectrum_error"] == pytest.approx(np.mean([row["spectrum_error"] for row in rows]))


def test_a_slow_network_is_measured_on_as_many_images_as_it_says(embedded_only, monkeypatch, tmp_path):
    slow = published_networks.Network("as slow as can be", (), lambda: model_cards.bicubic.upscale, {"embedded": 1})
    monkeypatch.setattr(published_networks, "NETWORKS", {"slow": slow})
    monkeypatch.setattr(published_networks, "missing", lambda name: [])
    _, record = leaderboard.measure_all(None, tmp_path)
    assert record.read("config")["images"] == {"embedded": 1}
    assert [row["image"] for row in record.table("embedded")] == ["astronaut"]
    assert record.read("metrics")["published"]


@pytest.fixture
def embedded_only(monkeypatch, tmp_path):
    """No data root, one test set, nothing installed or shipped but what a test puts there."""
    monkeypatch.delenv("SRLIB_DATA_ROOT", raising=False)
    monkeypatch.setattr(leaderboard, "TITLES", {"embedded": "embedded"})
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "none")
    monkeypatch.setattr(published_networks, "missing", lambda name: ["its_module"])
    monkeypatch.setattr(metrics, "has_brisque", lambda: False)


def test_a_network_or_measure_that_is_not_installed_is_skipped_with_one_line(capsys, embedded_only, tmp_path):
    assert main.status(["evaluate", "--all", "--out", str(tmp_path)]) == 0
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if "skipped" in line]
    assert [line.split()[0] for line in lines] == [*published_networks.NETWORKS, "BRISQUE"]
    assert all("pip install 'srlib[" in line for line in lines)
    assert captured.out.startswith("bicubic: embedded 27.45 dB")
    bicubic, times = records.records(tmp_path)
    assert (bicubic.id, times.id) == ("evaluate-bicubic", "times")
    assert "embedded_brisque" not in bicubic.read("metrics")
    assert times.read("metrics")["bicubic"] > 0


def test_one_model_alone_can_be_measured_and_a_wrong_name_is_bad_input(capsys, embedded_only, shipped, tmp_path):
    assert main.status(["evaluate", "--all", "--model", "own", "--out", str(tmp_path / "out")]) == 0
    (record,) = records.records(tmp_path / "out")
    assert record.id == "evaluate-own"
    assert record.read("metrics")["parameters"] > 0
    capsys.readouterr()
    assert main.status(["evaluate", "--all", "--model", "owm", "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.startswith("srlib: no model 'owm' to measure (did you mean 'own'?)")


def test_the_originals_are_measured_by_what_needs_no_original(embedded_only, monkeypatch, tmp_path):
    monkeypatch.setattr(metrics, "has_brisque", lambda: True)
    monkeypatch.setattr(metrics, "brisque", lambda image: float(image.shape[0]))  # the height stands for the score
    list(leaderboard.measure_all(None, tmp_path))
    original, bicubic = leaderboard._evaluations(tmp_path)
    assert (original["model"], bicubic["model"]) == ("original", "bicubic")
    assert original["embedded_brisque"] == bicubic["embedded_brisque"] > 0
    assert "original" not in leaderboard.table(tmp_path)


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of shipped models that holds one, named "own"."""
    settings = {"generator_blocks": 1, "generator_filters": 4, "bicubic_skip": True, "train_data": "bsds+coco"}
    small = config.resolve("full", 0, settings)
    about = {"about": "A small one", "recipe": "own", "images": 7, "commit": "abc", "precision": "float32"}
    monkeypatch.setattr(model_files, "SHIPPED", tmp_path / "weights")
    model_files.save(model_files.SHIPPED / "own.npz", generator.build(small), small, about)
    return model_files.header("own")


def test_card_states_data_training_checksum_and_scores(shipped, saved):
    text = model_cards.write("own", saved).read_text()
    assert "trained on | 7 pictures: BSDS500" in text
    assert "COCO 2017" in text
    assert "1 residual blocks of 4 filters and a global bicubic skip" in text
    assert "1,000,000 steps of 16 patches of 96 px, mse, adam 0.0001, constant, precision float32, seed 0" in text
    assert f"`{shipped['sha256']}`" in text
    assert "| in brackets: bicubic | PSNR-Y, dB | SSIM-Y |" in text
    assert "| Set5 | 31.24 (28.43) | 0.8877 (0.8877) | – (–) | 1.23 (1.23) | – (–) | 0.06 (0.06) |" in text
    assert "never be used to identify" in text


def test_a_card_gives_the_command_with_its_settings_and_the_machine_with_its_accelerator(shipped, saved, monkeypatch):
    made = {
        "recipe": "tiny",
        "overrides": {"batch": 64},
        "processor": "Abacus",
        "cores": 3,
        "accelerator": "1 × Card 7",
    }
    monkeypatch.setattr(model_files, "header", lambda name: {**shipped, "about": {**shipped["about"], **made}})
    text = model_cards.write("own", saved).read_text()
    assert "`srlib train tiny -p batch 64` at commit" in text
    assert "Abacus, 3 cores, 1 × Card 7 |" in text


def test_the_crop_sheet_shows_each_place_by_bicubic_the_models_and_the_original(shipped, tmp_path):
    crops = (("coins", (8, 16, 32)), ("brick", (0, 0, 32)))
    text = model_cards.crop_sheet(tmp_path, crops).read_text()
    assert "![Details of coins, brick: enlarged by bicubic, own, and the originals](crops.png)" in text
    with Image.open(tmp_path / "crops.png") as sheet:
        assert sheet.width > sheet.height  # three columns, two rows


def test_the_places_of_the_crop_sheet_lie_inside_photographs_that_may_be_published():
    sizes = {photo.id: photo.load().rgb.shape for photo in model_cards.sources.load("embedded", "test")}
    for key, (top, left, side) in model_cards.CROPS:
        assert top + side <= sizes[key][0]
        assert left + side <= sizes[key][1]


def test_the_sheet_of_faces_has_a_row_for_each_with_bicubic_the_models_and_the_original(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(model_cards.upscaler, "load", lambda name: model_cards.bicubic.upscale)
    monkeypatch.setattr(model_cards.figures, "png", lambda figure, dots: b"png")
    monkeypatch.setattr(
        model_cards.figures,
        "pictures",
        lambda rows, captions, titles: drawn.update(rows=rows, captions=captions, titles=titles),
    )
    path = model_cards.face_sheet(tmp_path / "sheet.png", ["there/own.npz"], data="drawn-faces", count=2)
    assert path.read_bytes() == b"png"
    assert drawn["titles"] == ["face-0650", "face-0651"]
    assert [[text.split("\n")[0] for text in row] for row in drawn["captions"]] == [
        ["bicubic", "own.npz", "original"]
    ] * 2
    for row, index in zip(drawn["rows"], (650, 651)):
        original = model_cards.sources.draw.draw(index)
        assert np.array_equal(row[2], original)
        assert np.array_equal(row[0], model_cards.bicubic.upscale(model_cards.bicubic.downscale(original)))


def test_portraits_of_real_people_are_not_drawn_into_the_results():
    with pytest.raises(InputError, match="portraits of real people are not published"):
        model_cards.face_sheet(records.KEPT / "figures" / "sheet.png", ["srresnet-small"])


def test_the_card_of_a_face_model_says_whose_faces_and_which_damage_it_has_seen(shipped, saved, monkeypatch):
    robust = {**shipped, "config": {**shipped["config"], "train_data": "faces", "degradation": "robust"}}
    monkeypatch.setattr(model_files, "header", lambda name: robust)
    text = model_cards.write("own", saved).read_text()
    assert "not FFHQ" in text
    assert "older and more male than a population" in text
    assert "It learned from blurred, noisy and JPEG-compressed reductions" in text
    assert "clean bicubic reductions: noise" not in text


def test_the_crop_sheet_shows_the_same_place_of_every_enlargement():
    photos = {photo.id: photo for photo in model_cards.sources.load("embedded", "test")}
    original, lr = protocol.pair(photos["coins"])
    shown = model_cards._shown(photos["coins"], {"bicubic": model_cards.bicubic.upscale})
    enlarged = model_cards.bicubic.upscale(lr)
    assert list(shown) == [model_cards.figures.caption("bicubic", *protocol.score(original, enlarged)), "original"]
    for image, expected in zip(shown.values(), (enlarged, original.rgb)):
        assert np.array_equal(model_cards._detail(image, (8, 16, 32)), expected[8:40, 16:48])


def test_a_card_says_what_its_training_started_from():
    assert model_cards._origin(None) == "fresh weights"
    start = {"recipe": "tiny", "commit": "abc", "sha256": "123", "data_sha256": "456"}
    assert model_cards._origin(start) == "`tiny` at commit abc, weights `123`"


def test_a_card_s_command_names_a_start_that_is_not_the_recipe_s():
    about = {"recipe": "tiny", "overrides": {"batch": 64}}
    assert model_cards._options({**about, "start": {"recipe": "srresnet"}}) == " -p batch 64"
    assert model_cards._options({**about, "start": {"recipe": "tiny"}}) == " --start FILE -p batch 64"


def test_a_card_says_to_what_side_training_pictures_were_reduced():
    assert model_cards._source("faces") == model_cards.DATA["faces"]
    assert model_cards._source("faces@256") == "`faces` once more, reduced to 256 px"
