"""The runner, over tiny notebooks made here."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from srlib.cli import main
from srlib.course import runner
from srlib.errors import InputError

PARAMETERS = 'profile = "cpu"\nseed = 0\ndata_root = ""\nout_root = ""\noverrides = {}'
RECORD = """
from srlib import records
metrics = {"headline": f"seed {seed} of {profile}, steps {overrides.get('pretrain_steps')}"}
records.write(out_root, f"01_good-{profile}-{seed}", config=overrides, metrics=metrics)
"""


@pytest.fixture
def folder(tmp_path):
    """Three notebooks in a folder with a space and an umlaut: the second one raises."""
    place = tmp_path / "Übung 1"
    place.mkdir()
    _write(place / "01_good.ipynb", "# 01 · A good one", RECORD)
    _write(place / "02_bad.ipynb", "# 02 · A bad one", "value = 1\nraise RuntimeError('first line\\nthe cause')")
    _write(place / "03_late.ipynb", "# 03 · After the bad one", "assert 'value' not in globals()")
    return place


def _write(path, title, code):
    cells = [
        new_markdown_cell(title),
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        new_code_cell(code),
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), path)


@pytest.fixture
def report(folder, tmp_path, capsys):
    """The three notebooks run by the command: (exit status, output root, standard error)."""
    out = tmp_path / "Ergebnis ß"
    words = f"course --profile smoke --seed 3 -p pretrain_steps 7 --notebooks|{folder}|--out|{out}"
    first, *rest = words.split("|")
    status = main.status([*first.split(), *rest])
    return status, out, capsys.readouterr().err


def test_a_failing_notebook_keeps_its_traceback_and_the_others_still_run(report):
    status, out, err = report
    assert status == 1
    assert "1 of 3 notebooks failed: 02_bad" in err
    bad = nbformat.read(out / "executed" / "02_bad.ipynb", 4)
    errors = [output for cell in bad.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("the cause" in "".join(each.get("traceback", [])) for each in errors)
    late = nbformat.read(out / "executed" / "03_late.ipynb", 4)
    assert late.cells[-1].execution_count is not None

    index = (out / "report" / "index.html").read_text()
    assert "A bad one" in index
    assert "RuntimeError: the cause" in index
    assert "seed 3 of smoke, steps 7" in index
    assert (out / "report" / "02_bad.html").exists()
    record = json.loads((out / "runs" / "01_good-smoke-3" / "config.json").read_text())
    assert record == {"pretrain_steps": 7}


def test_notebooks_are_chosen_by_number_or_name_in_their_own_order(folder):
    assert [path.stem for path in runner.find("03,01_good", folder)] == ["01_good", "03_late"]
    assert len(runner.find("", folder)) == 3


def test_the_head_of_a_notebook_is_its_title_and_its_bold_question(tmp_path):
    path = tmp_path / "04_x.ipynb"
    _write(path, "[![badge](x)](y)\n\n# 04 · Title\n\n**Why\nnot?** Or **never**?", "")
    assert runner.head(path) == ("04 · Title", "Why not?")
    _write(path, "No **heading** here", "")
    assert runner.head(path) == ("04_x", "")


def test_a_notebook_that_is_not_there_is_named(folder):
    with pytest.raises(InputError, match="no notebook '07'; there are 01_good, 02_bad, 03_late"):
        runner.find("01,07", folder)


def test_parameters_are_sorted_from_settings(folder):
    paths = runner.find("", folder)
    assert runner.arrange(paths, {"seed": 2, "batch": 4}) == {"seed": 2, "overrides": {"batch": 4}}


@pytest.mark.parametrize(
    "given, message",
    [
        ({"sed": 1}, "unknown parameter 'sed' .did you mean 'seed'?"),
        ({"batches": 1}, "unknown parameter 'batches' .did you mean 'batch'?"),
        ({"batch": "many"}, "setting batch takes int, not 'many'"),
    ],
)
def test_misspelled_or_mistyped_parameters_are_refused(folder, given, message):
    with pytest.raises(InputError, match=message):
        runner.arrange(runner.find("", folder), given)
