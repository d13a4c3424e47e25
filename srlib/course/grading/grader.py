"""Marking a folder of submissions: each student's answers, put into the teacher's own notebook, one kernel a notebook.

Only the cells that answer an exercise are taken from a submission, so nothing else in it can change the outcome. They
run where `confine` holds them; what hangs, floods, crashes or reaches outside is a verdict like any other.
"""

import ast
import concurrent.futures
import csv
import dataclasses
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid

import psutil

from srlib import files
from srlib.course import runner, student_edition
from srlib.course.grading import kernel, sandbox
from srlib.errors import InputError

_LARGEST = 20_000_000  # bytes of a submission; a notebook with all its pictures has fewer


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one submission may use: `seconds` an answer, `minutes` a run, bytes of memory, characters of output."""

    seconds: int = 60
    minutes: float = 15
    memory: int = 8 * 2**30
    output: int = 1_000_000
    file_size: int = 2**28


@dataclasses.dataclass(frozen=True)
class Mark:
    """One row of the table: what became of one exercise of one submission.

    verdict: "passed", "hint" (wrong, with the check's hint), "unanswered", "missing" (no cell calls the check),
        "raised", "hung", "flooded" (too much output), "crashed" (its kernel ended), "forbidden" (it reached outside
        its folder), "not reached" (the notebook failed before), or "unreadable" for a whole submission.
    """

    student: str
    file: str
    notebook: str
    exercise: str
    verdict: str
    detail: str = ""


def submissions(folder):
    """The submitted notebooks in a folder and its sub-folders.

    Args:
        folder: holds <student>.ipynb, or <student>/<any name>.ipynb, or both.
    Returns:
        list of (student, path), sorted.
    Raises:
        InputError: no folder, or no notebooks in it.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise InputError(f"no folder {folder}: srlib grade takes the folder that holds the submissions")
    found = [path.relative_to(folder) for path in folder.rglob("*.ipynb") if path.is_file()]
    found = sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)
    if not found:
        raise InputError(f"{folder}: no notebooks (*.ipynb) there")
    return [(path.parts[0] if len(path.parts) > 1 else path.stem, folder / path) for path in found]


def teachers(folder=None):
    """The teacher's notebooks that have exercises, as a dict of name to notebook."""
    read = {path.stem: student_edition.read(path) for path in runner.find("", folder)}
    return {name: notebook for name, notebook in read.items() if student_edition.exercises(notebook)}


def grade(found, notebooks, limits, profile="smoke", workers=1):
    """Mark submissions, several at a time.

    Args:
        found: list of (student, path), as `submissions` gives it.
        notebooks: dict of name to teacher's notebook, as `teachers` gives it.
        limits: `Limits`.
        profile: of the teacher's cells that run before the answers.
        workers: submissions at a time.
    Yields:
        list of `Mark` for each submission, in the order given.
    """
    if sandbox.resource is None:
        raise InputError("srlib grade needs Linux or macOS: this system cannot limit what a submission uses")
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda each: mark(*each, notebooks, limits, profile), found)


def mark(name, path, notebooks, limits, profile="smoke"):
    """The list of `Mark` of one submission: a row for each exercise of the notebook that it answers."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"larger than {_LARGEST // 10**6} MB")
        submitted = answers(student_edition.read(path))
        notebook = chosen(submitted, notebooks)
    except (InputError, OSError) as error:
        return [Mark(name, path.name, "", "", "unreadable", str(error))]
    stubs = student_edition.exercises(notebooks[notebook])
    found = {exercise: _at_once(stub.source, submitted.get(exercise)) for exercise, stub in stubs.items()}
    found = {exercise: verdict for exercise, verdict in found.items() if verdict}
    if len(found) < len(stubs):
        steps = compose(notebooks[notebook], {key: submitted[key] for key in stubs if key not in found}, profile)
        found |= _run_all(steps, limits)
    rows = [(exercise, found[exercise]) for exercise in stubs]
    return [Mark(name, path.name, notebook, exercise, row["verdict"], row["detail"]) for exercise, row in rows]


def answers(notebook):
    """The source of the cell that answers each exercise.

    Args:
        notebook: a submission.
    Returns:
        dict of a check's name to the source of the last code cell that calls it, tagged cells before untagged ones:
        tags get lost in some editors.
    """
    cells = [
        cell for cell in notebook.cells if cell.cell_type == "code" and not student_edition.tagged(cell, "solution")
    ]
    cells.sort(key=lambda cell: student_edition.tagged(cell, "exercise"))
    return {names[-1]: cell.source for cell in cells if (names := student_edition.checks(cell.source))}


def chosen(submitted, notebooks):
    """The name of the teacher's notebook that shares most exercises with a submission, whatever its file is called."""
    shared = {name: len(set(student_edition.exercises(each)) & set(submitted)) for name, each in notebooks.items()}
    best = max(shared, key=shared.get)
    if not shared[best]:
        raise InputError("it answers no exercise of the course")
    return best


def _at_once(stub, answer):
    """The verdict on a cell that need not run: there is none, or it is the stub still."""
    if answer is None:
        return {"verdict": "missing", "detail": "no cell calls its check"}
    return {"verdict": "unanswered", "detail": ""} if answer.strip() == stub.strip() else None


def compose(notebook, submitted, profile="smoke"):
    """The steps that mark a submission: the teacher's cells, with the answers at the places of the stubs.

    Args:
        notebook: the teacher's.
        submitted: dict of exercise to the source that answers it; other exercises are left out.
        profile: set in place of the notebook's own.
    Returns:
        list of dicts: "exercise" (None for a teacher's cell), "source", and for an exercise "before" and "call". What
        comes after the last answer, and solutions, are left out.
    """
    places = {id(cell): name for name, cell in student_edition.exercises(notebook).items()}
    steps = []
    for cell in notebook.cells:
        name = places.get(id(cell))
        if name:
            steps += _given(_imports(cell.source))
            steps += [_answered(name, cell.source, submitted[name])] if name in submitted else []
        elif cell.cell_type == "code" and not student_edition.tagged(cell, "solution"):
            steps += _given(cell.source)
            if student_edition.tagged(cell, "parameters"):
                steps += _given(f"profile = {profile!r}\nout_root = 'out'")
    last = max((place for place, step in enumerate(steps) if step["exercise"]), default=-1)
    return steps[: last + 1]


def _given(source):
    """The step of a teacher's cell, in a list; none for an empty one."""
    return [{"exercise": None, "source": source}] if source.strip() else []


def _imports(stub):
    """What a stub imports: it stays for the exercises after it, whoever answers this one."""
    return "\n".join(
        ast.unparse(node) for node in ast.parse(stub).body if isinstance(node, ast.Import | ast.ImportFrom)
    )


def _answered(name, stub, source):
    """The step of an exercise: `before` starts the watch and forgets old values of what the stub's check is given."""
    call = student_edition.call(stub)
    names = sorted({node.id for value in call.args for node in ast.walk(value) if isinstance(node, ast.Name)})
    before = f"{kernel.HERE}.begin(globals(), {names!r})"
    return {"exercise": name, "source": source, "before": before, "call": ast.unparse(call)}


def _run_all(steps, limits):
    """The verdicts of the exercises among steps, with as many kernels as it takes: each one judges at least one."""
    found = {}
    while left := [step["exercise"] for step in steps if step["exercise"]]:
        new, failure = _run(steps, limits)
        if not new:
            return found | dict.fromkeys(left, {"verdict": "not reached", "detail": failure})
        found |= new
        steps = [step for step in steps if step["exercise"] not in new]
    return found


def _run(steps, limits):
    """Run steps in a process and folder of their own.

    Returns:
        dict of exercise to {"verdict", "detail"} as far as it came, and why it came no further.
    """
    marker = f"srlib-{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="srlib-", ignore_cleanup_errors=True) as place:
        work, runtime = (pathlib.Path(place) / name for name in ("work", "run"))
        work.mkdir()
        runtime.mkdir()
        job = {**dataclasses.asdict(limits), "processor_seconds": limits.minutes * 60 * (os.cpu_count() or 1)}
        job |= {"work": str(work), "steps": steps}
        places = dict.fromkeys(("JUPYTER_RUNTIME_DIR", "TMPDIR"), str(runtime))
        environment = {**os.environ, **places, "SRLIB_SANDBOX": marker}
        try:
            return _read(*_talk(job, environment, limits.minutes * 60))
        finally:
            _end(marker)


def _talk(job, environment, seconds):
    """Give the job to a process of its own; its lines on both streams, and whether it had to be stopped."""
    process = subprocess.Popen(
        [sys.executable, "-m", "srlib.course.grading.kernel"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        return *process.communicate(json.dumps(job).encode(), timeout=seconds), False
    except subprocess.TimeoutExpired:
        _end(environment["SRLIB_SANDBOX"])
        process.kill()
        return *process.communicate(), True


def _read(said, complaints, stopped):
    """Verdicts and the reason of an end, from the lines that a marking process wrote."""
    reason = (complaints.decode("utf-8", "replace").strip().splitlines() or ["the marking process ended"])[-1]
    found, failure, begun = {}, "the notebook took too long" if stopped else reason, None
    for line in said.splitlines():
        event = json.loads(line) if line.endswith(b"}") else {}
        begun = event.get("begin", begun)
        failure = event.get("failed", failure)
        if "exercise" in event:
            found[event.pop("exercise")] = event
    if begun and begun not in found:
        found[begun] = {"verdict": "hung" if stopped else "crashed", "detail": failure}
    return found, failure


def _end(marker):
    """End every process that carries the marker in its environment, in whatever group or session it is."""
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("SRLIB_SANDBOX") == marker:
                process.kill()
        except psutil.Error:  # gone, or another user's
            continue


def table(marks):
    """The marks as the text of a CSV file, with the byte order mark that spreadsheets ask for."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([field.name for field in dataclasses.fields(Mark)])
    writer.writerows([_harmless(value) for value in dataclasses.astuple(mark)] for mark in marks)
    return "\ufeff" + lines.getvalue()


def _harmless(text):
    """A cell's text on one line; what a spreadsheet would take for a formula begins with an apostrophe."""
    text = " ".join(str(text).split())[:500]
    return f"'{text}" if text[:1] in "=+-@" and text else text


def write(path, marks):
    """Write the marks as CSV, whole or not at all."""
    files.write_text(path, table(marks))


def summary(marks):
    """One line for one submission: what passed, and what else than an ordinary hint became of the others."""
    first = marks[0]
    if first.verdict == "unreadable":
        return f"{first.student}: {first.file} unreadable: {first.detail}"
    passed = sum(each.verdict == "passed" for each in marks)
    others = [f"{each.exercise} {each.verdict}" for each in marks if each.verdict != "passed"]
    ending = f" ({', '.join(others)})" if others else ""
    return f"{first.student}: {first.notebook} {passed} of {len(marks)} passed{ending}"
