"""Executed notebooks for the record: small enough for a repository, without what only their machine needs."""

import base64
import io
import pathlib
import re

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from srlib.cli import main
from srlib.course.publishing import executed_notebooks
from srlib.errors import InputError

HEAD = "# 01 · First\n\n**Is this a question?** Yes."


def encoded(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def noise(side):
    return np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)


def notebook(pixels, **given):
    """A notebook that ran: a figure of these pixels, a line of text, the parameters that it was given."""
    settings = {"profile": "cpu", "seed": 3, "data_root": "", **given, "out_root": "/home/me/out"}
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    injected = new_code_cell("\n".join(["# Parameters", *lines]), metadata={"tags": ["injected-parameters"]})
    figure = new_output("display_data", {"image/png": encoded(pixels)}, metadata={"image/png": {"alt": "noise"}})
    cell = new_code_cell(
        "x", outputs=[new_output("stream", text="said"), figure], metadata={"papermill": {"status": "completed"}}
    )
    made = new_notebook(cells=[new_markdown_cell(HEAD), injected, cell])
    made.metadata["papermill"] = {"output_path": "/home/me/out/executed/01_a.ipynb", "parameters": settings}
    made.metadata["widgets"] = {"state": {}}
    return made


@pytest.fixture
def ran(tmp_path):
    """A function that makes an output root with one executed notebook and its run record."""

    def make(made):
        (tmp_path / "out" / "executed").mkdir(parents=True)
        nbformat.write(made, tmp_path / "out" / "executed" / "01_a.ipynb")
        (tmp_path / "out" / "runs" / "01_a-cpu-3").mkdir(parents=True)
        (tmp_path / "out" / "runs" / "01_a-cpu-3" / "metrics.json").write_text('{"headline": "it ran"}\n')
        return tmp_path / "out"

    return make


def figure_of(text):
    (cell,) = [cell for cell in nbformat.reads(text, 4).cells if cell.get("outputs")]
    return cell.outputs[1]


def test_the_copy_and_the_record_are_written_and_nothing_tells_of_the_machine(ran, tmp_path):
    (path,) = executed_notebooks.keep(ran(notebook(noise(64))), tmp_path / "results")
    text = path.read_text()
    assert path == tmp_path / "results" / "executed" / "01_a.ipynb"
    assert (tmp_path / "results" / "runs" / "01_a-cpu-3" / "metrics.json").read_text() == '{"headline": "it ran"}\n'
    assert "/home/me" not in text and "widgets" not in text and "papermill" not in text
    assert "said" in text and "profile = 'cpu'" in text
    assert figure_of(text).metadata["image/png"]["alt"] == "noise"


def test_a_figure_keeps_its_size_where_fewer_colours_are_enough():
    made = notebook(noise(64))
    small = Image.open(io.BytesIO(base64.b64decode(figure_of(executed_notebooks.compact(made)).data["image/png"])))
    assert small.size == (64, 64)
    assert len(small.getcolors()) <= 256
    assert len(executed_notebooks.compact(made)) < len(nbformat.writes(made))


def test_flat_colours_stay_what_they_are():
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, 32:] = (213, 94, 0)
    small = Image.open(
        io.BytesIO(base64.b64decode(figure_of(executed_notebooks.compact(notebook(pixels))).data["image/png"]))
    )
    assert np.array_equal(np.asarray(small.convert("RGB")), pixels)


def test_figures_shrink_until_the_limit_is_met_no_further():
    made = notebook(noise(200))
    whole = len(executed_notebooks.compact(made).encode())
    text = executed_notebooks.compact(made, limit=whole - 1)
    assert len(text.encode()) < whole
    assert Image.open(io.BytesIO(base64.b64decode(figure_of(text).data["image/png"]))).size == (170, 170)
    with pytest.raises(InputError, match="01_a: more than 2,000 bytes with figures of 40% of their size"):
        executed_notebooks.compact(made, "01_a", limit=2000)


@pytest.mark.parametrize(
    "spoil, reason",
    [
        (lambda made: made.cells[2].outputs.append(new_output("error", ename="E", evalue="", traceback=[])), "failed"),
        (lambda made: made.cells[2].outputs.clear(), "was not run"),
        (
            lambda made: made.metadata.papermill.parameters.update(data_root="/mnt/faces"),
            "shows pictures of /mnt/faces",
        ),
        (lambda made: made.metadata.papermill.parameters.update(seed=4), "01_a-cpu-4: no such run record"),
    ],
)
def test_what_may_not_be_kept_is_named_and_nothing_is_written(ran, tmp_path, spoil, reason):
    made = notebook(noise(8))
    spoil(made)
    with pytest.raises(InputError, match=reason):
        executed_notebooks.keep(ran(made), tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_the_command_names_the_copies(ran, tmp_path, capsys):
    out = ran(notebook(noise(8)))
    assert main.status(["keep", "--out", str(out), "--folder", str(tmp_path / "results")]) == 0
    assert pathlib.Path(capsys.readouterr().out.strip()) == tmp_path / "results" / "executed" / "01_a.ipynb"


def test_no_executed_notebooks_are_bad_input(tmp_path, capsys):
    assert main.status(["keep", "--out", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_the_executed_notebooks_of_the_course_are_small_and_ran_on_embedded_photographs():
    paths = sorted((executed_notebooks.records.KEPT / "executed").glob("*.ipynb"))
    names = [path.name for path in sorted((executed_notebooks.records.KEPT.parent / "notebooks").glob("[0-9]*.ipynb"))]
    assert [path.name for path in paths] == names
    for path in paths:
        assert path.stat().st_size <= executed_notebooks.LIMIT
        cells = nbformat.read(path, 4).cells
        (given,) = [cell.source for cell in cells if "injected-parameters" in cell.metadata.get("tags", [])]
        assert 'profile = "cpu"' in given
        assert not re.search(r"data_root = .*\w", given)
