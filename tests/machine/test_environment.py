"""What a record tells of the machine: kind and versions, no names or paths."""

import json
import platform
import subprocess

from srlib.machine import environment


def _told(monkeypatch, run):
    """The environment where the driver's tool behaves as `run`."""
    environment._accelerator.cache_clear()
    monkeypatch.setattr(environment.subprocess, "run", run)
    try:
        return environment.describe()
    finally:
        environment._accelerator.cache_clear()


def test_environment_names_the_accelerators_where_there_are_any(monkeypatch):
    answer = subprocess.CompletedProcess([], 0, stdout="Card 7\nCard 7\n")
    assert _told(monkeypatch, lambda words, **options: answer)["accelerator"] == "2 × Card 7"


def test_environment_tells_of_no_accelerator_where_the_driver_s_tool_is_missing_or_fails(monkeypatch):
    def missing(words, **options):
        raise FileNotFoundError

    def failing(words, **options):
        raise subprocess.CalledProcessError(9, words)

    assert "accelerator" not in _told(monkeypatch, missing)
    assert "accelerator" not in _told(monkeypatch, failing)


def test_a_machine_in_words_names_its_accelerator_last():
    processor = {"processor": "Abacus", "cores": 3}
    assert environment.hardware(processor) == "Abacus, 3 cores"
    assert environment.hardware({**processor, "accelerator": "1 × Card 7"}) == "Abacus, 3 cores, 1 × Card 7"


def test_the_commit_stays_what_it_was_when_files_change_under_a_run(monkeypatch):
    answers = iter(["abc", " M srlib/records.py", "def", ""])
    monkeypatch.setattr(environment, "_git", lambda *words: next(answers))
    environment.commit.cache_clear()
    assert [environment.commit(), environment.describe()["commit"]] == ["abc+", "abc+"]
    environment.commit.cache_clear()
    assert environment.commit() == "def"
    environment.commit.cache_clear()


def test_environment_names_versions_and_kind_of_machine_only():
    told = environment.describe()
    told.pop("accelerator", None)
    assert set(told) == {"time", "commit", "python", "system", "processor", "cores", "packages"}
    assert told["python"] == platform.python_version()
    assert told["cores"] >= 1
    assert {"keras", "numpy", "pillow"} <= set(told["packages"])


def test_environment_fits_in_json():
    told = environment.describe()
    assert json.loads(json.dumps(told)) == told
