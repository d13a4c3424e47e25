"""The score tables, drawn from records made here."""

import csv
import io

import pytest

from srlib import records
from srlib.course.publishing import score_tables
from srlib.errors import InputError
from srlib.evaluation import leaderboard, protocol
from srlib.machine import environment


@pytest.fixture
def saved(tmp_path):
    """Records of bicubic, of one model and of a published one, on two test sets."""
    figures = {"bicubic": (28.431, 25.963), "own": (31.236, 27.104), "another": (32.02, 27.54)}
    for model, (set5, bsd100) in figures.items():
        metrics = {"model": model, "set5_psnr": set5, "set5_ssim": 0.88765, "bsd100_psnr": bsd100, "bsd100_ssim": 0.7}
        about = {"published": model == "another", "parameters": 1_554_883}
        sharpness = {"set5_spectrum_error": 1.234, "set5_colour_error": 0.056} if model != "another" else {}
        images = {"images": {"set5": 2 if model == "another" else 5, "bsd100": 100}}
        records.write(tmp_path, f"evaluate-{model}", config=images, metrics={**metrics, **about, **sharpness})
    records.write(tmp_path, "evaluate-original", config={}, metrics={"model": "original", "set5_brisque": 12.34})
    records.write(tmp_path, "train-own-0", config={}, metrics={"headline": "not an evaluation"})
    records.write(tmp_path, "times", config={"height": 128, "width": 96}, metrics={"bicubic": 0.031, "own": 2.345})
    return tmp_path


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_has_bicubic_first_then_ours_then_published_ones(saved):
    header, _, *rows = score_tables.results(saved).splitlines()
    assert cells(header)[1:] == ["Set5", "BSD100", "parameters", "s/MP"]
    assert cells(rows[0]) == ["bicubic", "28.43", "25.96", "1,554,883", "0.03"]
    assert cells(rows[1]) == ["own", "31.24", "27.10", "1,554,883", "2.35"]
    # Of two images only, which do not compare; and not timed.
    assert cells(rows[2]) == ["(another)", "–", "27.54", "1,554,883", "–"]
    assert len(rows) == 3


def test_quoted_figures_stand_in_a_table_of_their_own_on_the_sets_that_were_measured(saved):
    header, _, *rows = score_tables.quoted(saved).splitlines()
    assert cells(header) == ["PSNR-Y ×4, dB", "Set5", "BSD100"]
    assert cells(rows[0]) == ["*bicubic: Ledig et al., CVPR 2017*", "28.43", "25.94"]
    assert cells(rows[1]) == ["*SRResNet: Ledig et al., CVPR 2017*", "32.05", "27.58"]
    assert cells(rows[2]) == ["*SRGAN (MSE): Ledig et al., CVPR 2017*", "30.64", "–"]
    assert cells(rows[5]) == ["*SwinIR: Liang et al., ICCVW 2021, table 2, DF2K*", "32.92", "27.92"]


def test_below_the_quoted_figures_stands_the_machine_that_was_timed(saved):
    told = environment.describe()
    line = score_tables.quoted(saved).splitlines()[-1]
    assert line.endswith(f"on {told['processor']}, {told['cores']} cores.")
    assert "128 × 96 pixels of input" in line


def test_the_table_has_at_most_nine_columns(tmp_path):
    scores = {f"{name}_{column}": 1.0 for name in leaderboard.TITLES for column in score_tables.COLUMNS}
    records.write(tmp_path, "evaluate-own", config={}, metrics={"model": "own", **scores})
    assert len(cells(score_tables.results(tmp_path).splitlines()[0])) <= 9


def section(text, title):
    """The rows of the table below a heading, as lists of cells, its header first."""
    lines = text.split(f"## {title}\n")[1].split("\n## ")[0].strip().splitlines()
    return [cells(line) for index, line in enumerate(lines) if index != 1]


def test_every_measure_is_written_for_every_set_and_model(saved):
    text = score_tables.write_measures(saved).read_text()
    header, *rows = section(text, "Set5")
    assert header == ["model", "images", "PSNR-Y, dB", "SSIM-Y", "spectrum error", "colour error, 1/255", "BRISQUE"]
    assert rows[0] == ["original", "–", "–", "–", "–", "–", "12.3"]
    assert rows[2] == ["own", "5", "31.24", "0.8877", "1.23", "0.06", "–"]
    assert rows[3] == ["(another)", "2", "32.02", "0.8877", "–", "–", "–"]
    assert [row[0] for row in section(text, "BSD100")] == ["model", "bicubic", "own", "(another)"]
    assert protocol.PROTOCOL in text


def test_every_measure_that_is_written_is_explained_and_every_one_measured_is_written(saved):
    text = score_tables.write_measures(saved).read_text()
    explained = text.split("## ")[0]
    assert [
        each["title"] for each in score_tables.COLUMNS.values() if each["title"].split(",")[0] not in explained
    ] == []
    assert {"psnr", "ssim", *protocol.measures()} <= set(score_tables.COLUMNS)


def test_the_same_figures_stand_in_a_file_for_programs(saved):
    score_tables.write_measures(saved)
    rows = list(csv.DictReader(io.StringIO((saved / "tables" / "measures.csv").read_text())))
    (own,) = (row for row in rows if (row["set"], row["model"]) == ("set5", "own"))
    assert (float(own["psnr"]), float(own["spectrum_error"]), own["brisque"]) == (31.236, 1.234, "")
    assert own["images"] == "5"


def test_without_records_there_is_nothing_to_draw_from(tmp_path):
    for draw in (score_tables.results, score_tables.quoted):
        with pytest.raises(InputError, match="no records"):
            draw(tmp_path / "elsewhere")
