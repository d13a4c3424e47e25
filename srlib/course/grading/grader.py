"""Grader of a folder of submissions: each student's answers run in the teacher's own notebook, one kernel a notebook.

Only the cells that answer an exercise are taken from a submission, so nothing else in it can change the verdicts. They
run inside `sandbox`; what hangs, floods, crashes or reaches outside is a verdict like any other.
"""

import ast
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import psutil
from nbformat import NotebookNode

from srlib import files, records
from srlib.course import runner, student_edition
from srlib.course.grading import run_submission, sandbox
from srlib.errors import InputError

_LARGEST = 20_000_000  # bytes of a submission; a notebook with all its pictures has fewer
Step = dict[str, str | None]  # a cell to run: its "source", and the "exercise" that it answers, if any
Verdict = dict[str, str]  # "verdict" and "detail" of a `Mark`
Notebooks = Mapping[str, NotebookNode]  # the teacher's, by name


@dataclasses.dataclass(frozen=True)
class Limits:
    """Limits of a submission: `seconds` an answer, `minutes` a run, bytes of memory and files, characters of output."""

    seconds: int = 60
    minutes: float = 15.0
    memory: int = 8 * 2**30
    output: int = 1_000_000
    file_size: int = 2**28


@dataclasses.dataclass(frozen=True)
class Mark:
    """Mark of one exercise of one submission, a row of the table.

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


class Submission(NamedTuple):
    """A submitted notebook: whose it is, and its file."""

    student: str
    path: pathlib.Path


def submissions(folder: pathlib.Path | str) -> list[Submission]:
    """The submitted notebooks in a folder and its sub-folders.

    Args:
        folder: holds <student>.ipynb, or <student>/<any name>.ipynb, or both.
    Returns:
        them sorted by path.
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
    return [Submission(path.parts[0] if len(path.parts) > 1 else path.stem, folder / path) for path in found]


def teacher_notebooks(folder: pathlib.Path | str | None = None) -> dict[str, NotebookNode]:
    """The teacher's notebooks that have exercises, by name.

    Args:
        folder: where they are; None for those of this clone.
    """
    read = {path.stem: student_edition.read(path) for path in runner.find("", folder)}
    return {name: notebook for name, notebook in read.items() if student_edition.exercises(notebook)}


def grade(
    found: Sequence[Submission], notebooks: Notebooks, *, limits: Limits, profile: str = "smoke", workers: int = 1
) -> Iterator[list[Mark]]:
    """Mark submissions, several at a time.

    Args:
        found: the submissions.
        notebooks: as `teacher_notebooks` gives them.
        limits: of each submission.
        profile: of the teacher's cells that run before the answers.
        workers: submissions at a time.
    Yields:
        the marks of each submission, in the order given.
    Raises:
        InputError: this system cannot limit what a submission uses.
    """
    if sandbox.resource is None:
        raise InputError("srlib grade needs Linux or macOS: this system cannot limit what a submission uses")
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield from pool.map(lambda each: mark(each, notebooks, limits=limits, profile=profile), found)


def mark(submission: Submission, notebooks: Notebooks, *, limits: Limits, profile: str = "smoke") -> list[Mark]:
    """The marks of one submission: one for each exercise of the notebook that it answers."""
    student, path = submission
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"larger than {_LARGEST // 10**6} MB")
        submitted = answers(student_edition.read(path))
        notebook = answered_notebook(submitted, notebooks)
    except (InputError, OSError) as error:
        return [Mark(student, path.name, "", "", "unreadable", str(error))]
    stubs = student_edition.exercises(notebooks[notebook])
    found = {name: known for name, stub in stubs.items() if (known := _unrun(stub.source, submitted.get(name)))}
    if len(found) < len(stubs):
        left = {name: submitted[name] for name in stubs if name not in found}
        found |= _run_all(marking_steps(notebooks[notebook], left, profile=profile), limits)
    return [Mark(student, path.name, notebook, name, found[name]["verdict"], found[name]["detail"]) for name in stubs]


def answers(notebook: NotebookNode) -> dict[str, str]:
    """The source of the cell that answers each exercise.

    Args:
        notebook: a submission.
    Returns:
        {name of a check: source of the last code cell that calls it}, tagged cells before untagged ones: tags get lost
        in some editors.
    """
    cells = [
        each for each in notebook.cells if each.cell_type == "code" and not student_edition.tagged(each, "solution")
    ]
    cells.sort(key=lambda cell: student_edition.tagged(cell, "exercise"))
    return {names[-1]: cell.source for cell in cells if (names := student_edition.checks(cell.source))}


def answered_notebook(submitted: Mapping[str, str], notebooks: Notebooks) -> str:
    """The name of the teacher's notebook that shares most exercises with a submission, whatever its file is called."""
    shared = {name: len(set(student_edition.exercises(each)) & set(submitted)) for name, each in notebooks.items()}
    best = max(shared, key=shared.get)
    if not shared[best]:
        raise InputError("it answers no exercise of the course")
    return best


def _unrun(stub: str, answer: str | None) -> Verdict | None:
    """The verdict on an answer that need not run, as it is missing or still the stub; None for any other."""
    if answer is None:
        return {"verdict": "missing", "detail": "no cell calls its check"}
    return {"verdict": "unanswered", "detail": ""} if answer.strip() == stub.strip() else None


def marking_steps(notebook: NotebookNode, submitted: Mapping[str, str], *, profile: str = "smoke") -> list[Step]:
    """The steps that mark a submission: the teacher's cells, with the answers at the places of the stubs.

    Args:
        notebook: the teacher's.
        submitted: {exercise: source that answers it}; other exercises are left out.
        profile: set in place of the notebook's own.
    Returns:
        the steps: "exercise" (None for a teacher's cell), "source", and for an exercise "before" and "call". What comes
        after the last answer, and solutions, are left out.
    """
    places = {id(cell): name for name, cell in student_edition.exercises(notebook).items()}
    steps = []
    for cell in notebook.cells:
        name = places.get(id(cell))
        if name:
            steps += _teacher_step(_imports(cell.source))
            steps += [_exercise_step(name, cell.source, submitted[name])] if name in submitted else []
        elif cell.cell_type == "code" and not student_edition.tagged(cell, "solution"):
            steps += _teacher_step(cell.source)
            if student_edition.tagged(cell, "parameters"):
                steps += _teacher_step(f"profile = {profile!r}\nout_root = 'out'")
    last = max((place for place, step in enumerate(steps) if step["exercise"]), default=-1)
    return steps[: last + 1]


def _teacher_step(source: str) -> list[Step]:
    """The step of a teacher's cell, in a list; none for an empty one."""
    return [{"exercise": None, "source": source}] if source.strip() else []


def _imports(stub: str) -> str:
    """What a stub imports: it stays for the exercises after it, whoever answers this one."""
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(map(ast.unparse, imports))


def _exercise_step(name: str, stub: str, source: str) -> Step:
    """The step of an exercise: `before` starts the watch and forgets old values of what the stub's check is given."""
    call = student_edition.call(stub)
    names = sorted({node.id for value in call.args for node in ast.walk(value) if isinstance(node, ast.Name)})
    before = f"{run_submission.HERE}.begin(globals(), {names!r})"
    return {"exercise": name, "source": source, "before": before, "call": ast.unparse(call)}


def _run_all(steps: list[Step], limits: Limits) -> dict[str, Verdict]:
    """The verdicts of the exercises among steps, with as many kernels as it takes: each one judges at least one."""
    found: dict[str, Verdict] = {}
    while left := [step["exercise"] for step in steps if step["exercise"]]:
        new, failure = _run(steps, limits)
        if not new:
            return found | dict.fromkeys(left, {"verdict": "not reached", "detail": failure})
        found |= new
        steps = [step for step in steps if step["exercise"] not in new]
    return found


def _run(steps: list[Step], limits: Limits) -> tuple[dict[str, Verdict], str]:
    """Run steps in a process and folder of their own.

    Returns:
        the verdicts by exercise as far as it came, and why it came no further.
    """
    marker = f"srlib-{uuid.uuid4().hex}"
    with tempfile.TemporaryDirectory(prefix="srlib-", ignore_cleanup_errors=True) as place:
        work, runtime = (pathlib.Path(place) / name for name in ("work", "run"))
        work.mkdir()
        runtime.mkdir()
        processor_seconds = limits.minutes * 60 * (os.cpu_count() or 1)
        job = {**dataclasses.asdict(limits), "processor_seconds": processor_seconds, "work": str(work), "steps": steps}
        places = dict.fromkeys(("JUPYTER_RUNTIME_DIR", "TMPDIR"), str(runtime))
        environment = {**os.environ, **places, "SRLIB_SANDBOX": marker}
        try:
            return _verdicts(*_communicate(job, environment, limits.minutes * 60))
        finally:
            _kill_all(marker)


def _communicate(job: dict, environment: dict[str, str], seconds: float) -> tuple[bytes, bytes, bool]:
    """Give the job to a process of its own; returns its output on both streams, and whether it had to be stopped."""
    command, pipes = (
        [sys.executable, "-m", run_submission.__name__],
        dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE),
    )
    process = subprocess.Popen(command, env=environment, start_new_session=True, **pipes)
    try:
        return *process.communicate(json.dumps(job).encode(), timeout=seconds), False
    except subprocess.TimeoutExpired:
        _kill_all(environment["SRLIB_SANDBOX"])
        process.kill()
        return *process.communicate(), True


def _verdicts(output: bytes, errors: bytes, stopped: bool) -> tuple[dict[str, Verdict], str]:
    """Verdicts and the reason of an end, from the lines that a marking process wrote."""
    reason = (errors.decode("utf-8", "replace").strip().splitlines() or ["the marking process ended"])[-1]
    found, failure, begun = {}, "the notebook took too long" if stopped else reason, None
    for line in output.splitlines():
        event = json.loads(line) if line.endswith(b"}") else {}
        begun = event.get("begin", begun)
        failure = event.get("failed", failure)
        if "exercise" in event:
            found[event.pop("exercise")] = event
    if begun and begun not in found:
        found[begun] = {"verdict": "hung" if stopped else "crashed", "detail": failure}
    return found, failure


def _kill_all(marker: str) -> None:
    """End every process that carries the marker in its environment, in whatever group or session it is."""
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("SRLIB_SANDBOX") == marker:
                process.kill()
        except psutil.Error:  # gone, or another user's
            continue


def table(marks: Sequence[Mark]) -> str:
    """The marks as the text of a CSV file, with the byte order mark that spreadsheets ask for."""
    rows = [{name: _harmless(value) for name, value in dataclasses.asdict(mark).items()} for mark in marks]
    header = ",".join(field.name for field in dataclasses.fields(Mark)) + "\n"
    return "\ufeff" + (records.csv_text(rows) or header)


def _harmless(value: object) -> str:
    """A cell's text on one line; what a spreadsheet would take for a formula begins with an apostrophe."""
    text = " ".join(str(value).split())[:500]
    return f"'{text}" if text[:1] in "=+-@" and text else text


def write(path: pathlib.Path | str, marks: Sequence[Mark]) -> None:
    """Write the marks as CSV, whole or not at all."""
    files.write_text(path, table(marks))


def summary(marks: Sequence[Mark]) -> str:
    """One line on one submission: what passed, and what else than an ordinary hint became of the others."""
    first = marks[0]
    if first.verdict == "unreadable":
        return f"{first.student}: {first.file} unreadable: {first.detail}"
    passed = sum(each.verdict == "passed" for each in marks)
    others = [f"{each.exercise} {each.verdict}" for each in marks if each.verdict != "passed"]
    ending = f" ({', '.join(others)})" if others else ""
    return f"{first.student}: {first.notebook} {passed} of {len(marks)} passed{ending}"
