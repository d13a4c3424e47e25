"""Every notebook: its shape as the conventions want it, and a run from end to end in the smoke profile."""

import ast
import pathlib
import re
import tomllib

import nbformat
import papermill
import pytest

from srlib import records
from srlib.course import runner

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
PARAMETERS = {"profile", "seed", "data_root", "out_root", "overrides"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def tagged(notebook, tag):
    """The sources of the cells with a tag."""
    return [cell.source for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_course_starts_at_00_without_gaps():
    assert [path.stem[:2] for path in NOTEBOOKS][:11] == [f"{number:02d}" for number in range(11)]


def test_notebook_begins_with_badge_title_and_question(path, notebook):
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    badge, *rest = first.source.splitlines()
    colab = REPOSITORY.replace("https://github.com", "https://colab.research.google.com/github")
    assert f"({colab}/blob/main/notebooks/{path.name})" in badge
    assert next(line for line in rest if line).startswith(f"# {path.stem[:2]} · ")
    assert "?" in first.source


def test_the_readme_links_each_notebook_with_its_own_question(path, notebook):
    (question,) = re.findall(r"\*\*(.+?\?)\*\*", notebook.cells[0].source.replace("\n", " "))
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (row,) = [line for line in lines if line.startswith("| [") and f"](notebooks/{path.name})" in line]
    assert row.endswith(f" | {question} |")


def test_setup_cell_is_the_same_everywhere(notebook):
    setups = {tuple(tagged(nbformat.read(each, 4), "setup")) for each in NOTEBOOKS}
    assert setups == {tuple(tagged(notebook, "setup"))}
    assert len(tagged(notebook, "setup")) == 1
    assert REPOSITORY in tagged(notebook, "setup")[0]


def test_parameters_are_literals_one_a_line_and_papermill_finds_them_all(path, notebook):
    (source,) = tagged(notebook, "parameters")
    lines = source.splitlines()
    names = [line.split(" = ")[0] for line in lines]
    assert set(names) >= PARAMETERS
    assert len(names) <= len(PARAMETERS) + 3
    assert all(line.count("=") == 1 for line in lines)
    for line in lines:
        ast.literal_eval(line.split(" = ")[1])
    assert runner.parameters(path) == set(names)


def test_no_path_through_a_notebook_depends_on_the_profile(notebook):
    for cell in code_cells(notebook):
        if "parameters" not in cell.metadata.get("tags", []):
            assert "smoke" not in cell.source
            assert "profile ==" not in cell.source


def test_notebook_is_short_and_holds_no_outputs(notebook):
    cells = code_cells(notebook)
    assert len(cells) <= 25
    assert max(len(cell.source.splitlines()) for cell in cells) <= 25
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


def test_notebook_says_more_than_it_computes(notebook):
    prose = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    code = sum(len(cell.source.split()) for cell in code_cells(notebook))
    assert prose >= code


def test_exercises_have_a_stub_a_check_and_a_solution(notebook):
    stubs, solutions = tagged(notebook, "exercise"), tagged(notebook, "solution")
    assert 2 <= len(stubs) <= 4
    assert len(stubs) == len(solutions)
    for stub, solution in zip(stubs, solutions):
        check = [line for line in stub.splitlines() if line.startswith("check.")][-1]
        assert check.split("(")[0] in solution
        assert "..." in stub


def test_every_figure_has_alt_text(notebook):
    nodes = [node for cell in code_cells(notebook) for node in ast.walk(_parsed(cell.source))]
    shown = [node for node in nodes if _called(node) == "figures.show"]
    assert shown
    assert all("alt" in [keyword.arg for keyword in call.keywords] for call in shown)
    assert not [node for node in nodes if _called(node) in ("plt.show", "pyplot.show")]


def test_notebook_ends_with_what_was_learned_and_what_can_go_wrong(notebook):
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "What we learned" in prose
    assert "What can go wrong" in prose


def _parsed(source):
    """A cell's syntax tree, lines of IPython's own left out."""
    return ast.parse("\n".join("pass" if line.lstrip().startswith("%") else line for line in _indented(source)))


def _indented(source):
    """Lines of a cell in which a magic keeps its indentation as a `pass`."""
    for line in source.splitlines():
        body = line.lstrip()
        yield line[: len(line) - len(body)] + "pass" if body.startswith("%") else line


def _called(node):
    return ast.unparse(node.func) if isinstance(node, ast.Call) else None


@pytest.mark.notebooks
def test_notebook_runs_by_itself_from_any_folder(path, tmp_path):
    place = tmp_path / "ein Ordner für Übungen"
    place.mkdir()
    out = place / "out"
    executed = place / "executed.ipynb"
    papermill.execute_notebook(
        str(path), str(executed), {"profile": "smoke", "out_root": str(out)}, cwd=str(place), progress_bar=False
    )
    assert records.recorded(f"{path.stem}-smoke-0", out).read("environment")["notebook_seconds"] > 0
    outputs = nbformat.read(executed, 4).cells
    wrong = [
        cell.source for cell in outputs if "solution" in cell.metadata.get("tags", []) and "✗" in str(cell.outputs)
    ]
    assert not wrong
    assert {item.name for item in place.iterdir()} == {"out", "executed.ipynb"}


@pytest.mark.notebooks
def test_what_is_left_of_the_generator_s_gain_differs_with_the_block_that_is_taken_out(tmp_path):
    given = {"profile": "smoke", "out_root": str(tmp_path), "overrides": {"pretrain_steps": 400, "generator_blocks": 2}}
    papermill.execute_notebook(
        str(ROOT / "notebooks" / "02_generator.ipynb"), str(tmp_path / "executed.ipynb"), given, progress_bar=False
    )
    rows = records.recorded("02_generator-smoke-0", tmp_path).table("removed")
    gains = {row["taken out"]: row["gain over bicubic (dB)"] for row in rows}
    assert gains["nothing"] > 0.05
    assert all(abs(gain - gains["nothing"]) > 1e-6 for part, gain in gains.items() if part != "nothing")
    assert gains["all blocks"] < gains["nothing"]
