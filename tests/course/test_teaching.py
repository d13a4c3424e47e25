"""TEACHING.md: eight whole lessons, and commands whose options exist."""

import pathlib
import re
import subprocess
import sys

import click
import pytest

from srlib.cli import main
from srlib.course.grading import grader

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "TEACHING.md").read_text(encoding="utf-8")
LESSONS = re.split(r"^### ", TEXT.split("\n## Without a GPU")[0], flags=re.MULTILINE)[1:]
COMMANDS = [
    line for block in re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE) for line in block.splitlines()
]


def test_there_are_eight_lessons_in_order():
    assert [lesson.split(" · ")[0] for lesson in LESSONS] == [f"Lesson {number}" for number in range(1, 9)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.split(" · ")[0])
def test_a_lesson_is_whole(lesson):
    (minutes,) = re.findall(r"\((\d+) min\)", lesson.splitlines()[0])
    assert 45 <= int(minutes) <= 90
    parts = re.findall(r"^- \*\*(.+?):\*\* \S", lesson, re.MULTILINE)
    assert parts == ["Goal", "Notebooks", "Board question", "Common errors", "Rubric"]
    levels = " ".join(lesson.split("**Rubric:**")[1].split()).split(" · ")
    assert [level[:2] for level in levels] == ["1 ", "2 ", "3 ", "4 "]


def test_every_notebook_has_its_lesson_and_every_link_leads_somewhere():
    notebooks = [path.stem for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")]
    lessons = "\n".join(LESSONS)
    assert [name for name in notebooks if name not in lessons] == []
    assert [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if not (ROOT / link).exists()] == []


def options(words):
    return {word.split("=")[0] for word in words if word.startswith("--")}


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.match(r"(\.venv/bin/)?srlib ", line)])
def test_srlib_takes_these_options(line):
    words = line.split()[1:]
    command = main.group.command
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    assert options(words) <= {option for each in command.params for option in each.opts}


@pytest.mark.parametrize("line", [line for line in COMMANDS if re.match(r"(\.venv/bin/)?pip ", line)])
def test_pip_takes_these_options(line):
    _, name, *words = line.split()
    told = subprocess.run([sys.executable, "-m", "pip", name, "--help"], capture_output=True, text=True, check=True)
    assert options(words)
    assert options(words) <= set(re.findall(r"--[a-z-]+", told.stdout))


def test_every_verdict_is_explained():
    named = set(re.findall(r'"([a-z ]+)"', grader.Mark.__doc__))
    first = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    assert set(re.findall(r"`([a-z ]+)`", " ".join(first))) == named


def test_the_hooks_run_what_exists():
    yaml = pytest.importorskip("yaml", reason="papermill brings it")
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["repo"] for each in hooks] == ["local"]
    entries = [hook["entry"].split() for hook in hooks[0]["hooks"]]
    assert [words[:2] for words in entries] == [["ruff", "check"], ["ruff", "format"], ["srlib", "student"]]
    assert entries[2][1] in main.group.command.commands
