"""Run records: what is written is what is read, and nothing of the machine but its kind is in it."""

import dataclasses
import pathlib
import platform

import pytest

from srlib import config, records
from srlib.errors import InputError


@dataclasses.dataclass(frozen=True)
class Row:
    image: str
    psnr: float


@pytest.fixture
def record(tmp_path):
    """A record with a table of dataclasses and one of dicts."""
    tables = {"set5": [Row("baby", 33.5), Row("bird, grey", 32.0)], "history": [{"step": 1, "loss": 0.25}]}
    return records.write(
        tmp_path, "05-cpu-0", config=config.resolve("cpu"), metrics={"psnr": 30.25, "headline": "30 dB"}, tables=tables
    )


def test_a_record_is_read_as_it_was_written(record, tmp_path):
    assert record.path == tmp_path / "runs" / "05-cpu-0"
    assert record.id == "05-cpu-0"
    assert config.Config(**record.read("config")) == config.resolve("cpu")
    assert record.read("metrics") == {"psnr": 30.25, "headline": "30 dB"}
    assert record.table("set5") == [{"image": "baby", "psnr": 33.5}, {"image": "bird, grey", "psnr": 32.0}]
    assert record.table("history") == [{"step": 1.0, "loss": 0.25}]


def test_a_record_of_the_same_id_is_replaced(record, tmp_path):
    records.write(tmp_path, "05-cpu-0", config={"batch": 1}, metrics={"psnr": 1.0})
    assert [each.id for each in records.records(tmp_path)] == ["05-cpu-0"]
    assert record.read("metrics") == {"psnr": 1.0}
    assert record.read("config") == {"batch": 1}


def test_records_are_sorted_and_incomplete_ones_left_out(record, tmp_path):
    records.write(tmp_path, "01-cpu-0", config={}, metrics={})
    (tmp_path / "runs" / "03-cut-off").mkdir()
    (tmp_path / "runs" / "03-cut-off" / "config.json").write_text("{}")
    assert [each.id for each in records.records(tmp_path)] == ["01-cpu-0", "05-cpu-0"]


def test_a_folder_without_records_has_none(tmp_path):
    assert records.records(tmp_path / "nowhere") == []


def test_a_missing_part_is_named(tmp_path):
    with pytest.raises(InputError, match=r"lost has no metrics\.json"):
        records.Record(tmp_path / "lost").read("metrics")


def test_csv_has_a_header_and_plain_newlines():
    assert records.csv_text([Row("a,b", 1.5), Row("c", 2.0)]) == 'image,psnr\n"a,b",1.5\nc,2.0\n'
    assert records.csv_text([]) == ""


def test_a_notebook_s_record_tells_the_seconds_since_it_began_and_since_it_began_again(monkeypatch, tmp_path):
    monkeypatch.setattr(records, "_begun", None)
    clock = iter([100.0, 172.26, 500.0, 503.0])
    monkeypatch.setattr(records.time, "perf_counter", lambda: next(clock))
    told = []
    for _ in range(2):
        records.begin_notebook()
        told.append(records.write(tmp_path, "05-cpu-0", config={}, metrics={}).read("environment")["notebook_seconds"])
    assert told == [72.3, 3.0]


def test_a_record_from_outside_a_notebook_tells_no_seconds(monkeypatch, tmp_path):
    monkeypatch.setattr(records, "_begun", None)
    assert "notebook_seconds" not in records.write(tmp_path, "train-own-0", config={}, metrics={}).read("environment")


def test_no_path_or_name_of_the_machine_is_in_a_record(monkeypatch, tmp_path):
    monkeypatch.setattr(platform, "node", lambda: "name-of-this-machine")
    monkeypatch.setenv("USER", "name-of-this-person")
    record = records.write(tmp_path, "05-cpu-0", config=config.resolve("cpu"), metrics={"psnr": 30.25})
    text = "".join(path.read_text() for path in record.path.iterdir())
    private = ["name-of-this", str(pathlib.Path.cwd()), str(pathlib.Path.home()), str(tmp_path), config.__file__]
    assert [word for word in private if word in text] == []


def test_output_root_is_what_is_given_else_the_variable_else_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SRLIB_OUT_ROOT", raising=False)
    assert records.output_root() == tmp_path / "out"
    assert records.output_root("") == tmp_path / "out"
    monkeypatch.setenv("SRLIB_OUT_ROOT", "elsewhere")
    assert records.output_root() == tmp_path / "elsewhere"
    assert records.output_root(tmp_path / "given") == tmp_path / "given"


def test_checkpoints_of_other_settings_have_another_folder(tmp_path, small):
    folders = {records.checkpoint_folder(tmp_path, "05", small(seed=seed)) for seed in (0, 1, 1)}
    assert len(folders) == 2
    assert all(folder.parent == tmp_path / "training" and folder.name.startswith("05-") for folder in folders)


def test_a_recorded_run_is_the_repository_s_or_none(tmp_path, monkeypatch):
    assert records.recorded("evaluate-bicubic").read("metrics")
    assert records.recorded("no-such-run") is None
    assert records.recorded("evaluate-bicubic", tmp_path) is None
    records.write(tmp_path, "own", config={}, metrics={"psnr": 1.0})
    assert records.recorded("own", tmp_path).read("metrics") == {"psnr": 1.0}
    monkeypatch.setattr(records, "KEPT", tmp_path / "nowhere")
    assert records.recorded("evaluate-bicubic") is None
