"""Marking a class: thirty submissions of every kind, and what keeps them in their place."""

import csv
import os
import pathlib

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from srlib import cli, confine, grade
from srlib.check import feedback

pytestmark = pytest.mark.skipif(confine.resource is None, reason="marking needs Linux or macOS")

PARAMETERS = 'profile = "cpu"\nseed = 0\ndata_root = ""\nout_root = ""\noverrides = {}'
# A stand-in for srlib.check, so that no kernel has to import Keras: the same verdicts by the same code.
CHECKS = f"""
import importlib.util, types
spec = importlib.util.spec_from_file_location("feedback", {str(pathlib.Path(feedback.__file__))!r})
feedback = importlib.util.module_from_spec(spec)
spec.loader.exec_module(feedback)
check = types.SimpleNamespace(
    double=feedback.exercise(lambda f: None if f(3) == 6 else feedback.NOTHING if f(3) is None else "Twice, not more."),
    four=feedback.exercise(lambda answer: None if answer == base else "Count again."),
)
"""
DOUBLE = "def double(x):\n    {}\n\n\ncheck.double(double)"
FOUR = "answer = {}\ncheck.four(answer)"
STUBS = DOUBLE.format("return ..."), FOUR.format("...")
RIGHT = DOUBLE.format("return 2 * x"), FOUR.format("4")


def cells(double, four, tags=("exercise",)):
    """The cells of a notebook with an answer to each of the two exercises."""
    answers = [new_code_cell(source, metadata={"tags": list(tags)}) for source in (double, four)]
    return [
        new_markdown_cell("# 01 · Tiny"),
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        new_code_cell(CHECKS),
        answers[0],
        new_code_cell("assert profile == 'smoke'\nbase = 4"),
        answers[1],
        new_code_cell("raise RuntimeError('after the last exercise nothing runs')"),
    ]


def write(path, double, four, tags=("exercise",)):
    path.parent.mkdir(exist_ok=True, parents=True)
    nbformat.write(new_notebook(cells=cells(double, four, tags)), path)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A folder with the teacher's notebook."""
    folder = tmp_path_factory.mktemp("teacher")
    write(folder / "01_tiny.ipynb", *STUBS)
    return folder


def classroom(outside):
    """{student: (answer to double, answer to four, the two verdicts)}; `outside` is a folder that nobody may touch."""
    right, four = RIGHT
    stub, blank = STUBS
    escape = f"open({str(outside / 'mine.txt')!r}, 'w').write('x')"
    late = DOUBLE.format("return {} or 2 * x")
    swallowed = f"try:\n    {escape}\nexcept OSError:\n    pass\n"
    deaf = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass"
    program = f"import os\nos.system('touch {outside / 'mine.txt'}')\n"
    remove = f"import os\nos.remove({str(outside / 'theirs.txt')!r})\n"
    shutil = f"import shutil\nshutil.rmtree({str(outside)!r})\n"
    passed = ("passed", "passed")
    return {
        **{f"right-{number}": (right, four, passed) for number in range(6)},
        "sum": (DOUBLE.format("return x + x"), FOUR.format("2 * 2"), passed),
        "helper": ("def twice(x): return 2 * x\n" + DOUBLE.format("return twice(x)"), four, passed),
        "chatty": ("print('a' * 1000)\n" + right, four, passed),
        "own-file": ("open('notes.txt', 'w').write('x')\n" + right, four, passed),
        "blank": (stub, blank, ("unanswered", "unanswered")),
        "half": (right, blank, ("passed", "unanswered")),
        "nothing": (DOUBLE.format("return None"), four, ("unanswered", "passed")),
        "triple": (DOUBLE.format("return 3 * x"), four, ("hint", "passed")),
        "five": (right, FOUR.format("5"), ("passed", "hint")),
        "deleted": (right, "1 + 1", ("passed", "missing")),
        "renamed": (right, "anwser = 4\ncheck.four(4)", ("passed", "raised")),
        "syntax": ("def double(x)\n    return 2 * x\ncheck.double(double)", four, ("raised", "passed")),
        "division": (DOUBLE.format("return x / 0"), "answer = 1 / 0\n" + FOUR.format("4"), ("hint", "raised")),
        "fakes": ("class check:\n    double = four = print\n" + stub, four, ("unanswered", "passed")),
        "breaks": ("base = 5\n" + right, four, passed),
        "exit": ("import os\nos._exit(0)\n" + right, four, ("crashed", "passed")),
        "memory": ("x = bytearray(64 * 2**30)\n" + right, four, ("raised", "passed")),
        "loop": (DOUBLE.format("while True: pass"), four, ("hung", "passed")),
        "deaf": (f"{deaf}\n{right}", four, ("hung", "passed")),
        "flood": ("while True: print('x' * 1000)\n" + right, four, ("flooded", "passed")),
        "writes": (late.format(escape), four, ("forbidden", "passed")),
        "hides": (swallowed + right, FOUR.format("5"), ("forbidden", "hint")),
        "program": (program + right, remove + four, ("forbidden", "forbidden")),
        "removes": (right, shutil + four, ("passed", "forbidden")),
    }


@pytest.fixture(scope="module")
def marked(course, tmp_path_factory):
    """The class marked by the command: (exit status, expected, rows of the table, the folder nobody may touch)."""
    outside, folder = tmp_path_factory.mktemp("outside"), tmp_path_factory.mktemp("Klasse 9 ü")
    (outside / "theirs.txt").write_text("theirs")
    expected = classroom(outside)
    for number, (name, (double, four, _)) in enumerate(expected.items()):
        place = folder / f"{name}.ipynb" if number % 2 else folder / name / "Kopie von 01.ipynb"
        write(place, double, four, () if number % 3 else ("exercise",))
    options = ("--workers", "3", "--seconds", "8", "--notebooks", str(course))
    status = cli.status(["grade", str(folder), *options])
    with open(folder / "marks.csv", encoding="utf-8-sig", newline="") as file:
        return status, expected, list(csv.DictReader(file)), outside


def test_thirty_submissions_are_scored_as_expected(marked):
    status, expected, rows, _ = marked
    found = {}
    for row in rows:
        found.setdefault(row["student"], []).append(row["verdict"])
    assert len(expected) == 30
    assert found == {name: list(verdicts) for name, (*_, verdicts) in expected.items()}
    assert status == 0


def test_the_table_says_why(marked):
    details = {(row["student"], row["exercise"]): row["detail"] for row in marked[2]}
    assert details["triple", "double"] == "Twice, not more."
    assert details["loop", "double"] == "no end within 8 s"
    assert "characters of output" in details["flood", "double"]
    assert "SyntaxError" in details["syntax", "double"]
    assert "MemoryError" in details["memory", "double"]
    assert "mine.txt" in details["hides", "double"]
    assert "starting a program" in details["program", "double"]


def test_nothing_outside_was_touched_and_nothing_is_left_behind(marked):
    outside = marked[3]
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("theirs.txt", "theirs")]


def test_every_process_of_a_submission_is_ended():
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
    code += "start_new_session=True)"
    import subprocess
    import sys
    import uuid

    import psutil

    marker = uuid.uuid4().hex
    environment = {**os.environ, "SRLIB_SANDBOX": marker}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)

    def carrying():
        return [each for each in psutil.process_iter() if _marker(each) == marker]

    assert len(carrying()) == 1
    sleeper = carrying()[0]
    grade._end(marker)
    psutil.wait_procs([sleeper], timeout=10)
    assert carrying() == []


def _marker(process):
    import psutil

    try:
        return process.environ().get("SRLIB_SANDBOX")
    except psutil.Error:
        return None
