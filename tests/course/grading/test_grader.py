"""Marking a class: thirty submissions of every kind, and what keeps them in their place."""

import contextlib
import csv
import os
import pathlib
import subprocess
import sys

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from srlib.cli import main
from srlib.course.grading import grader, sandbox
from srlib.errors import InputError

pytestmark = pytest.mark.skipif(sandbox.resource is None, reason="marking needs Linux or macOS")

PARAMETERS = 'profile = "cpu"\nseed = 0\ndata_root = ""\nout_root = ""\noverrides = {}'
FEEDBACK = str(pathlib.Path(grader.__file__).parents[1] / "check" / "feedback.py")
# A stand-in for srlib.check, so that no kernel has to import Keras: the same verdicts by the same code.
CHECKS = f"""
import importlib.util, types
spec = importlib.util.spec_from_file_location("feedback", {FEEDBACK!r})
feedback = importlib.util.module_from_spec(spec)
spec.loader.exec_module(feedback)
def judge_double(double):
    if feedback.unanswered(double(3)):
        return feedback.NOTHING
    return None if double(3) == 6 else "Twice, not more."
check = types.SimpleNamespace(
    double=feedback.exercise(judge_double),
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
    status = main.status(["grade", str(folder), *options])
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


def carrying(marker):
    """The processes that carry a marker."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found += [process] if process.environ().get("SRLIB_SANDBOX") == marker else []
    return found


def test_every_process_of_a_submission_is_ended_in_whatever_session_it_is():
    sleep = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)"
    environment = {**os.environ, "SRLIB_SANDBOX": "srlib-test-of-an-orphan"}
    subprocess.run([sys.executable, "-c", f"import subprocess, sys; {sleep}"], env=environment, check=True)
    orphans = carrying("srlib-test-of-an-orphan")
    assert len(orphans) == 1
    grader._kill_all("srlib-test-of-an-orphan")
    gone, alive = psutil.wait_procs(orphans, timeout=10)
    assert (gone, alive) == (orphans, [])


def run(code, *arguments):
    """What a fresh process prints that runs code after `from srlib.course.grading import sandbox`."""
    words = [
        sys.executable,
        "-c",
        "import os, pathlib, sys\nfrom srlib.course.grading import sandbox\n" + code,
        *map(str, arguments),
    ]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


ATTEMPT = """
inside, outside = map(pathlib.Path, sys.argv[1:])
def attempt(action, *arguments):
    try:
        action(*arguments)
        print("done")
    except PermissionError:
        print("refused")
"""


def test_the_system_refuses_every_write_outside_also_to_programs_started(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    code = """
print(sandbox.restrict_writes([inside]))
for folder in (inside, outside):
    attempt((folder / "file").write_text, "x")
    print(os.system(f"touch '{folder}/touched' 2> /dev/null") == 0)
"""
    told = run(ATTEMPT + code, inside, outside)
    if told[0] == "False":
        pytest.skip("this system has no Landlock")
    assert told[1:] == ["done", "True", "refused", "False"]
    assert sorted(path.name for path in inside.iterdir()) == ["file", "touched"]
    assert list(outside.iterdir()) == []


def test_the_watch_refuses_and_reports_until_it_ends(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (inside / "way out").symlink_to(outside)
    code = """
sandbox.watch(inside)
attempt((inside / "file").write_text, "x")
attempt((inside / "way out" / "file").write_text, "x")
attempt((inside / "file").rename, outside / "file")
attempt(os.listdir, outside)
attempt(os.system, "true")
print(len(sandbox.unwatch()))
attempt((outside / "late").write_text, "x")
"""
    told = run(ATTEMPT + code, inside, outside)
    assert told == ["done", "refused", "refused", "done", "refused", "3", "done"]


def test_memory_and_files_are_limited(tmp_path):
    code = f"""
sandbox.limit_resources(memory=2 * 2**30, file_size=1000, seconds=60)
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
large = pathlib.Path({str(tmp_path / "large")!r})
for action in (lambda: bytearray(4 * 2**30), lambda: large.write_bytes(bytes(2000))):
    try:
        action()
        print("done")
    except (MemoryError, OSError) as error:
        print(type(error).__name__)
"""
    told = run(code)
    assert told[1] == "OSError"
    if sys.platform == "linux":
        assert told[0] == "MemoryError"


def notebook(*sources):
    """A notebook of code cells; one that calls a check is tagged as an exercise."""
    tags = [{"tags": ["exercise"]} if "check." in source else {} for source in sources]
    return new_notebook(cells=[new_code_cell(source, metadata=each) for source, each in zip(sources, tags)])


def test_the_teachers_cells_up_to_the_last_answer_are_run_with_every_stubs_imports():
    stub = "from srlib.course import check\n\nfirst = ...\ncheck.one(first)"
    teachers = notebook("a = 1", stub, "b = 2", "c = ...\ncheck.two((c, a))", "d = 4")
    steps = grader.marking_steps(teachers, {"two": "c = 3"})
    sources = [(step["exercise"], step["source"]) for step in steps]
    assert sources == [(None, "a = 1"), (None, "from srlib.course import check"), (None, "b = 2"), ("two", "c = 3")]
    assert steps[-1]["call"] == "check.two((c, a))"


def test_answers_are_found_by_their_check_the_tagged_cell_first():
    submitted = notebook("x = 1\ncheck.one(x)", "# check.two(y)", "y = 2\ncheck.two(y)")
    submitted.cells.append(new_code_cell("x = 9\ncheck.one(x)"))
    submitted.cells.append(new_code_cell("z = 9\ncheck.three(z)", metadata={"tags": ["solution"]}))
    assert grader.answers(submitted) == {"one": "x = 1\ncheck.one(x)", "two": "y = 2\ncheck.two(y)"}


def test_a_submission_belongs_to_the_notebook_whose_exercises_it_answers():
    teachers = {"01": notebook("check.one(...)"), "02": notebook("check.two(...)", "check.three(...)")}
    assert grader.answered_notebook({"three": "", "other": ""}, teachers) == "02"
    with pytest.raises(InputError, match="no exercise"):
        grader.answered_notebook({"other": ""}, teachers)


def test_students_are_named_by_folder_or_file(tmp_path):
    for name in ("ada.ipynb", "Bea/02.ipynb", "Bea/.ipynb_checkpoints/02.ipynb", "Bea/deep/03.ipynb", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [(name, path.name) for name, path in grader.submissions(tmp_path)]
    assert sorted(found) == [("Bea", "02.ipynb"), ("Bea", "03.ipynb"), ("ada", "ada.ipynb")]


def test_an_unreadable_submission_is_named_and_the_others_are_marked(course, tmp_path, capsys):
    (tmp_path / "broken.ipynb").write_text("{")
    write(tmp_path / "blank.ipynb", *STUBS)
    assert (
        main.status(["grade", str(tmp_path), "--notebooks", str(course), "--out", str(tmp_path / "m" / "x.csv")]) == 1
    )
    assert "1 of 2 submissions failed: broken/broken.ipynb" in capsys.readouterr().err
    rows = (tmp_path / "m" / "x.csv").read_text("utf-8-sig").splitlines()
    assert [row.split(",")[::4] for row in rows[1:]] == [["blank", "unanswered"]] * 2 + [["broken", "unreadable"]]


def test_a_notebook_that_fails_by_itself_is_not_the_students_fault(tmp_path):
    teachers = {"01": notebook("raise OSError('no such data')", "check.one(...)")}
    write(tmp_path / "ada.ipynb", "check.one(1)", "")
    submission = grader.Submission("ada", tmp_path / "ada.ipynb")
    (row,) = grader.mark(submission, teachers, limits=grader.Limits())
    assert (row.verdict, row.detail) == ("not reached", "OSError: no such data")


@pytest.mark.parametrize("folder, reason", [("nowhere", "no folder"), (".", "no notebooks")])
def test_a_folder_without_submissions_is_bad_input(tmp_path, capsys, folder, reason):
    assert main.status(["grade", str(tmp_path / folder)]) == 2
    assert reason in capsys.readouterr().err


def test_a_spreadsheet_takes_no_answer_for_a_formula():
    mark = grader.Mark("=ada", "a.ipynb", "01", "one", "raised", "-1\n+ 2")
    assert grader.table([mark]).splitlines()[1] == "'=ada,a.ipynb,01,one,raised,'-1 + 2"
