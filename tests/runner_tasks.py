"""Tasks for the tests of the runner: cheap, importable by workers, and each tells on disk when it begins and ends.

As a program it does tasks until a test kills it: python runner_tasks.py FOLDER COUNT WORKERS [SCHEDULER].
"""

import dataclasses
import os
import pathlib
import signal
import sys
import time

from srlib.experiments import task_runner


@dataclasses.dataclass(frozen=True)
class Task:
    """A number; in the folder of all tasks a file hold-<id> makes it wait until that file is gone."""

    number: int

    @property
    def id(self):
        return f"task-{self.number}"


def tasks(count):
    return [Task(number) for number in range(count)]


def square(task, place):
    """The number squared; "begun <id> <pid>" and "ended <id> <pid>" are appended to the log of all tasks."""
    _log(place, f"begun {task.id}")
    while (place.parent / f"hold-{task.id}").exists():
        time.sleep(0.02)
    _log(place, f"ended {task.id}")
    return {"status": "done", "square": task.number**2}


def deadly(task, place):
    """Kills its worker, always."""
    os.kill(os.getpid(), signal.SIGKILL)


def _log(place, words):
    with open(place.parent / "log", "a") as file:  # one short line appended is written whole
        file.write(f"{words} {os.getpid()}\n")


def logged(folder, word):
    """The (task id, process id) of the lines of the log that begin with a word."""
    log = pathlib.Path(folder) / "log"
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [(name, int(process)) for first, name, process in lines if first == word]


def await_true(condition, seconds=240):
    """Wait until a condition holds; AssertionError if it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


if __name__ == "__main__":
    import runner_tasks  # under the name that workers import it by

    folder, count, workers, *scheduler = sys.argv[1:]
    with task_runner.connect(*scheduler or [int(workers)]) as client:
        task_runner.run(runner_tasks.tasks(int(count)), runner_tasks.square, folder=folder, client=client)
