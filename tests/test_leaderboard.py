"""The results table and the model cards, drawn from records made here."""

import pytest

from srlib import cards, config, generator, leaderboard, models, results
from srlib.errors import InputError


@pytest.fixture
def records(tmp_path):
    """Records of bicubic and of one model, on two test sets."""
    figures = {"bicubic": (28.431, 25.963), "own": (31.236, 27.104)}
    for model, (set5, bsd100) in figures.items():
        metrics = {"model": model, "set5_psnr": set5, "set5_ssim": 0.88765, "bsd100_psnr": bsd100, "bsd100_ssim": 0.7}
        results.write(tmp_path, f"evaluate-{model}", {}, metrics)
    results.write(tmp_path, "train-own-0", {}, {"headline": "not an evaluation"})
    return tmp_path


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_has_bicubic_first_then_models_then_quoted_figures(records):
    header, _, *rows = leaderboard.table(records).splitlines()
    assert cells(header) == ["PSNR-Y ×4, dB", "Set5", "BSD100"]
    assert cells(rows[0]) == ["bicubic", "28.43", "25.96"]
    assert cells(rows[1]) == ["own", "31.24", "27.10"]
    assert cells(rows[2]) == ["*SRResNet, as the paper reports it*", "32.05", "27.58"]


def test_update_changes_only_what_stands_between_the_markers(records, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{leaderboard.BEGIN}\nold\n{leaderboard.END}\nafter\n")
    leaderboard.update(readme, records)
    text = readme.read_text()
    assert text.startswith(f"before\n{leaderboard.BEGIN}\n| PSNR-Y")
    assert text.endswith(f"\n{leaderboard.END}\nafter\n")
    assert "old" not in text


def test_update_without_markers_or_records_says_so_and_leaves_the_file(records, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("no markers")
    with pytest.raises(InputError, match="markers"):
        leaderboard.update(readme, records)
    with pytest.raises(InputError, match="no records"):
        leaderboard.table(tmp_path / "elsewhere")
    assert readme.read_text() == "no markers"


def test_measure_all_scores_bicubic_on_the_sets_of_the_data_root(tmp_path, monkeypatch, data_root):
    monkeypatch.setattr(leaderboard, "TITLES", {"set5": "Set5"})
    monkeypatch.setattr(models, "available", dict)
    (record,) = leaderboard.measure_all(data_root, tmp_path)
    assert record.read("metrics")["headline"] == "bicubic: Set5 28.43 dB"
    assert [row["image"] for row in record.table("set5")] == ["baby", "bird", "butterfly", "head", "woman"]


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of shipped models that holds one, named "own"."""
    settings = {"generator_blocks": 1, "generator_filters": 4, "bicubic_skip": True, "train_data": "bsds+coco"}
    small = config.resolve("full", 0, settings)
    about = {"about": "A small one", "recipe": "own", "images": 7, "commit": "abc", "precision": "float32"}
    monkeypatch.setattr(models, "SHIPPED", tmp_path / "weights")
    models.save(models.SHIPPED / "own.npz", generator.build(small), small, about)
    return models.header("own")


def test_card_states_data_training_checksum_and_scores(shipped, records):
    text = cards.write("own", records).read_text()
    assert "trained on | 7 photographs: BSDS500" in text
    assert "COCO 2017" in text
    assert "1 residual blocks of 4 filters and a global bicubic skip" in text
    assert "1,000,000 steps of 16 patches of 96 px, mse, adam 0.0001, constant, precision float32, seed 0" in text
    assert f"`{shipped['sha256']}`" in text
    assert "| Set5 | 31.24 | 0.8877 | 28.43 |" in text
    assert "never be used to identify" in text
