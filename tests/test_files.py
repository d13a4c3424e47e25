"""Writing: a reader finds the whole file or the one before, and a failure leaves nothing behind."""

import json
import os
import subprocess
import sys

import pytest

from srlib import files
from srlib.errors import InputError


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with files.replacing(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
        assert (beside.parent, beside.suffix) == (tmp_path, ".csv")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_failure_keeps_the_old_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="disk on fire"), files.replacing(path) as beside:
        beside.write_text("ne")
        raise RuntimeError("disk on fire")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["table.csv"]


TWO = "top\n<!-- a -->\nold\n<!-- end of a -->\nbetween\n<!-- b -->\n<!-- end of b -->\nbelow\n"


def test_only_what_stands_between_the_markers_is_replaced(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(TWO)
    for _ in range(2):  # the second time nothing changes
        files.replace_parts(path, {"b": "| ä |", "a": "new"})
        text = "top\n<!-- a -->\nnew\n<!-- end of a -->\nbetween\n<!-- b -->\n| ä |\n<!-- end of b -->\nbelow\n"
        assert path.read_text(encoding="utf-8") == text


def test_without_a_part_s_markers_the_file_stays_as_it_is(tmp_path):
    path = tmp_path / "README.md"
    for text in (TWO, TWO + "<!-- c -->\n", TWO + "<!-- end of c -->\n"):
        path.write_text(text)
        with pytest.raises(InputError, match=r"README\.md: the markers <!-- c --> and <!-- end of c --> are missing"):
            files.replace_parts(path, {"a": "new", "c": "new"})
        assert path.read_text() == text
    with pytest.raises(InputError, match="cannot read .*nowhere"):
        files.replace_parts(tmp_path / "nowhere", {})


def test_interruption_leaves_no_file_where_none_was(tmp_path):
    with pytest.raises(KeyboardInterrupt), files.replacing(tmp_path / "new.txt"):
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_missing_folders_are_made(tmp_path):
    files.write_text(tmp_path / "a" / "b" / "c.txt", "é")
    assert (tmp_path / "a" / "b" / "c.txt").read_bytes() == b"\xc3\xa9"


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="cannot write .*taken/x.txt"):
        files.write_text(tmp_path / "taken" / "x.txt", "x")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path):
    (tmp_path / "place").mkdir()
    with pytest.raises(InputError, match="place: it is a folder"):
        files.write_text(tmp_path / "place", "x")
    assert os.listdir(tmp_path) == ["place"]


def test_very_long_names_are_written(tmp_path):
    path = tmp_path / ("n" * 240 + ".txt")
    files.write_text(path, "x")
    assert path.read_text() == "x"


def test_permissions_are_those_of_an_ordinary_new_file(tmp_path):
    (tmp_path / "ordinary").write_text("x")
    files.write_text(tmp_path / "ours", "x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_json_is_indented_readable_and_ends_in_a_newline(tmp_path):
    files.write_json(tmp_path / "x.json", {"name": "×4", "values": [1, 2.5]})
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"name": "×4", "values": [1, 2.5]}
    assert "×4" in text
    assert text.startswith('{\n  "name"')
    assert text.endswith("}\n")


def test_what_json_cannot_hold_leaves_the_old_file(tmp_path):
    files.write_json(tmp_path / "x.json", {"a": 1})
    with pytest.raises(TypeError):
        files.write_json(tmp_path / "x.json", {"a": object()})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": 1}


def test_a_claim_waits_for_the_one_before_and_ends_with_its_process(tmp_path):
    code = "import sys; from srlib import files\nwith files.claimed(sys.argv[1]): print('held', flush=True); input()"
    start = [sys.executable, "-c", code, str(tmp_path / "folder")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(start, **pipes) as first:
        assert first.stdout.readline() == "held\n"
        with subprocess.Popen(start, **pipes) as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(0.5)
            first.kill()
            assert second.stdout.readline() == "held\n"
            second.kill()
