"""The README is what the command makes of it, and its first lines sell and start the course."""

import pathlib
import shutil

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from srlib import files
from srlib.cli import main
from srlib.course.publishing import readme
from srlib.errors import InputError

ROOT = pathlib.Path(__file__).resolve().parents[3]
ADDRESS = "https://github.com/somebody/else"
BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/somebody/else/blob/main/notebooks/{})"
)


@pytest.fixture
def clone(tmp_path):
    """A folder of two notebooks beside a pyproject.toml, of which the first has a record of 190 seconds."""
    (tmp_path / "notebooks").mkdir()
    for name, text in (("01_a", "# 01 · First\n\n**Is\nit?** More."), ("02_b", "# 02 · Second\n\n**Why?**")):
        nbformat.write(new_notebook(cells=[new_markdown_cell(text)]), tmp_path / "notebooks" / f"{name}.ipynb")
    (tmp_path / "pyproject.toml").write_text(f'[project.urls]\nRepository = "{ADDRESS}"\n')
    record(tmp_path, "01_a-cpu-0", notebook_seconds=190.2)
    record(tmp_path, "02_b-smoke-0", notebook_seconds=7.0)  # not of the profile that is told
    return tmp_path


def record(root, run_id, **told):
    """A record as `records.write` leaves it, of a machine made up."""
    environment = {"processor": "Abacus", "cores": 3, **told}
    files.write_json(root / "runs" / run_id / "environment.json", environment)
    files.write_json(root / "runs" / run_id / "metrics.json", {})


def test_a_notebook_s_row_has_title_badge_time_and_question(clone):
    header, _, first, second, *below = readme.notebooks(clone, clone / "notebooks").splitlines()
    assert header == "| notebook | run it | time | question |"
    assert first == f"| [01 · First](notebooks/01_a.ipynb) | {BADGE.format('01_a.ipynb')} | 3 min | Is it? |"
    assert second == f"| [02 · Second](notebooks/02_b.ipynb) | {BADGE.format('02_b.ipynb')} | – | Why? |"
    assert below == ["", "Time: the whole notebook in the profile `cpu`, on Abacus, 3 cores."]


def test_a_record_that_tells_no_seconds_leaves_a_dash_and_names_no_machine(clone):
    record(clone, "01_a-cpu-0")
    lines = readme.notebooks(clone, clone / "notebooks").splitlines()
    assert len(lines) == 4
    assert "| – | Is it? |" in lines[2]


def test_without_an_address_there_are_no_badges(clone):
    (clone / "pyproject.toml").unlink()
    assert "| [02 · Second](notebooks/02_b.ipynb) | – | – | Why? |" in readme.notebooks(clone, clone / "notebooks")


@pytest.mark.parametrize(
    "seconds, words", [(None, "–"), (9.6, "10 s"), (59.4, "59 s"), (59.6, "1 min"), (89.0, "1 min"), (290.0, "5 min")]
)
def test_times_are_told_in_minutes_from_one_minute_on(seconds, words):
    assert readme.duration(seconds) == words


def test_the_readme_is_what_the_command_makes(tmp_path):
    path = shutil.copy(ROOT / "README.md", tmp_path)
    readme.update(path, ROOT / "results")
    assert pathlib.Path(path).read_text("utf-8") == (ROOT / "README.md").read_text("utf-8"), "run srlib tables"


def test_update_without_records_or_a_marker_leaves_the_file(tmp_path):
    path = tmp_path / "README.md"
    text = (ROOT / "README.md").read_text("utf-8").replace("<!-- notebooks -->", "")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="the markers <!-- notebooks -->"):
        readme.update(path, ROOT / "results")
    with pytest.raises(InputError, match="no records"):
        readme.update(path, tmp_path / "nowhere")
    assert path.read_text("utf-8") == text


def test_the_command_on_a_file_without_markers_is_bad_input_in_one_line(tmp_path, capsys):
    (tmp_path / "README.md").write_text("mine")
    assert main.status(["tables", "--results", str(ROOT / "results"), "--readme", str(tmp_path / "README.md")]) == 2
    assert (
        capsys.readouterr().err.strip().endswith("the markers <!-- results --> and <!-- end of results --> are missing")
    )
    assert (tmp_path / "README.md").read_text() == "mine"


def test_figure_results_commands_and_notebooks_stand_in_the_first_forty_lines():
    text = (ROOT / "README.md").read_text("utf-8")
    head = text.splitlines()[:40]
    places = ["![", "<!-- results -->", "    make course", "    make test", "<!-- notebooks -->"]
    lines = [next(number for number, line in enumerate(head) if line.startswith(place)) for place in places]
    assert lines == sorted(lines)
    notebooks = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    rows = [line for line in head[lines[-1] :] if line.startswith("| [")]
    assert [name for name, row in zip(notebooks, rows) if f"(notebooks/{name})" in row] == notebooks
