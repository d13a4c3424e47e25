"""The recipe files' headers: what the records tell of hardware, time, data and score."""

import dataclasses

import pytest

from srlib import config, records
from srlib.course.publishing import recipe_headers
from srlib.training import recipes


@pytest.mark.parametrize("name", recipes.available())
def test_the_committed_headers_are_those_of_the_records(name, repository):
    text = (recipes.FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith(recipe_headers.header(name, repository / "results") + "\n")


@pytest.fixture
def out(tmp_path, monkeypatch):
    """A folder with a record of the recipe `srresnet-small`, 3,000 steps of 20 ms, and of its scores."""
    monkeypatch.setattr(
        "srlib.machine.environment.describe", lambda: {"processor": "Abacus", "cores": 2, "commit": "abc"}
    )
    settings = {**recipes.find("srresnet-small").settings, "pretrain_steps": 3000}
    ran = dataclasses.asdict(config.resolve("full", 0, settings))
    records.write(tmp_path, "train-srresnet-small-0", config=ran, metrics={"seconds_per_step": 0.02})
    records.write(tmp_path, "evaluate-srresnet-small", config={}, metrics={"set5_psnr": 30.125, "other_psnr": 1})
    return tmp_path


def test_a_header_tells_hardware_time_data_score_and_what_differed(out):
    assert recipe_headers.header("srresnet-small", out) == (
        "# command   srlib train srresnet-small --data-root DIR\n"
        "# hardware  Abacus, 2 cores\n"
        "# time      1 min: 3,000 steps of 20 ms\n"
        "# data      bsds+coco\n"
        "# score     Set5 30.12 dB (PSNR-Y)\n"
        "# record    train-srresnet-small-0, commit abc, with pretrain_steps 3000\n"
    )


def test_without_a_record_nothing_but_the_command_is_told(tmp_path):
    assert recipe_headers.header("tiny", tmp_path) == ("# command   srlib train tiny\n# record    not recorded yet\n")


def test_writing_leaves_the_recipe_as_it_was(out, monkeypatch, tmp_path):
    folder = tmp_path / "srlib" / "training" / "recipes"
    folder.mkdir(parents=True)
    (folder / "tiny.toml").write_text('# old\n# header\n\nabout = "small"\nphase = "pixel"\n# a comment\nstart = "x"\n')
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(recipes, "FOLDER", folder)
    monkeypatch.setattr(records, "KEPT", tmp_path / "results")
    assert recipe_headers.write(out) == [folder / "tiny.toml"]
    text = (folder / "tiny.toml").read_text()
    assert text.endswith('not recorded yet\n\nabout = "small"\nphase = "pixel"\n# a comment\nstart = "x"\n')
    assert "old" not in text
    monkeypatch.setattr(records, "KEPT", tmp_path / "elsewhere" / "results")
    assert recipe_headers.write(out) == []
