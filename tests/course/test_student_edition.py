"""The student edition: generated, whole, and independent of the answers that it leaves out."""

import ast
import builtins
import collections
import importlib
import pathlib
import re
import symtable

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from srlib.cli import main
from srlib.course import runner, student_edition
from srlib.course.check import feedback

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
KNOWN = {*dir(builtins), "__name__", "display", "get_ipython"}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return student_edition.read(path)


@pytest.fixture
def folder(tmp_path):
    """A folder with one small teacher's notebook that has been run, and links to everywhere."""
    text = "[![Open](badge.svg)](https://colab.org/x/blob/main/notebooks/01_tiny.ipynb)\n[data](../data/README.md) "
    exercise = new_code_cell("answer = ...\ncheck.four(answer)", metadata={"tags": ["exercise"], "collapsed": True})
    exercise.outputs, exercise.execution_count = [nbformat.v4.new_output("stream", text="✗")], 3
    cells = [
        new_markdown_cell(text + "[next](02_next.ipynb)"),
        exercise,
        new_code_cell("answer = 4\ncheck.four(answer)", metadata={"tags": ["solution"]}),
        new_code_cell("print('on')"),
    ]
    nbformat.write(new_notebook(cells=cells, metadata={"widgets": {}}), tmp_path / "01_tiny.ipynb")
    return tmp_path


def test_the_committed_editions_are_what_the_command_makes():
    assert list(student_edition.stale()) == []


def test_solutions_go_and_everything_else_stays(folder):
    assert student_edition.write(folder) == [folder / "01_tiny.ipynb", folder / "student" / "01_tiny.ipynb"]
    copy = student_edition.read(folder / "student" / "01_tiny.ipynb")
    assert [cell.id for cell in copy.cells] == ["cell-00", "cell-01", "cell-03"]
    assert [cell.source for cell in copy.cells[1:]] == ["answer = ...\ncheck.four(answer)", "print('on')"]
    assert copy.cells[1].metadata == {"tags": ["exercise"]}
    assert "/main/notebooks/student/01_tiny.ipynb)" in copy.cells[0].source
    assert "[data](../../data/README.md) [next](02_next.ipynb)" in copy.cells[0].source


def test_what_a_run_leaves_in_a_notebook_is_stripped(folder):
    student_edition.write(folder)
    cleaned = student_edition.read(folder / "01_tiny.ipynb")
    assert cleaned.cells[1].outputs == []
    assert cleaned.cells[1].execution_count is None
    assert set(cleaned.metadata) == {"kernelspec", "language_info"}
    assert student_edition.write(folder) == []


def test_the_command_names_what_is_stale_and_mends_it(folder, capsys):
    extra = folder / "student" / "00_removed.ipynb"
    assert main.status(["student", "--notebooks", str(folder)]) == 0
    extra.write_text("{}")
    (folder / "student" / "01_tiny.ipynb").write_text("edited by hand")
    capsys.readouterr()
    assert main.status(["student", "--check", "--notebooks", str(folder)]) == 1
    told = capsys.readouterr()
    assert "2 notebooks are not up to date: run srlib student" in told.err
    assert told.out.splitlines() == [str(folder / "student" / "01_tiny.ipynb"), str(extra)]
    assert main.status(["student", "--notebooks", str(folder)]) == 0
    assert main.status(["student", "--check", "--notebooks", str(folder)]) == 0
    assert not extra.exists()


def test_a_file_that_is_no_notebook_is_bad_input(folder, capsys):
    (folder / "02_broken.ipynb").write_text("not JSON")
    assert main.status(["student", "--notebooks", str(folder)]) == 2
    assert "02_broken.ipynb is not a notebook" in capsys.readouterr().err
    assert not (folder / "student").exists()


def test_a_student_s_notebook_holds_no_solution(path, notebook):
    copy = student_edition.edition(notebook, path.name)
    solutions = [cell.source for cell in notebook.cells if student_edition.tagged(cell, "solution")]
    assert len(notebook.cells) - len(copy.cells) == len(solutions)
    text = "\n".join(cell.source for cell in copy.cells)
    assert not [solution for solution in solutions if solution in text]
    assert f"/notebooks/student/{path.name})" in copy.cells[0].source


def test_every_exercise_has_a_check_in_its_notebook_s_module_and_stands_once(path, notebook):
    check = importlib.import_module(f"srlib.course.check.{path.stem[3:]}")
    assert all(callable(getattr(check, name)) for name in student_edition.exercises(notebook))
    everywhere = [name for path in NOTEBOOKS for name in student_edition.exercises(student_edition.read(path))]
    assert [name for name, count in collections.Counter(everywhere).items() if count > 1] == []


class Names(ast.NodeVisitor):
    """What a cell takes from the cells before it (`taken`) and gives to those after it (`given`), by name."""

    def __init__(self, source):
        self.given, self.taken = set(), set()
        magic = re.compile(r"^(\s*)[%!].*", re.MULTILINE)
        for node in ast.parse(magic.sub(r"\1pass", source)).body:
            loads, stores = _names(node)
            self.taken |= loads - self.given
            self.given |= stores


def _names(statement):
    """Names that a statement takes from outside and that it gives, as Python's own compiler sees them."""
    table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    given = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    taken = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()} | _globals(table)
    simple = isinstance(statement, ast.Assign | ast.AugAssign)  # x = x + 1 takes x; a loop gives its own variable
    return taken if simple else taken - given, given


def _globals(table):
    """What the functions and comprehensions in a table take from the notebook."""
    found = set()
    for inner in table.get_children():
        found |= {each.get_name() for each in inner.get_symbols() if each.is_global() and each.is_referenced()}
        found |= _globals(inner)
    return found


def test_the_reading_of_names_sees_what_a_cell_takes_and_gives():
    cell = Names("import a.b as c\n%magic x\nd = [e for e in f]\ndef g(h):\n    i = j\n    return i + h\nk = d + g(c)")
    assert (cell.taken, cell.given) == ({"f", "j"}, {"c", "d", "g", "k"})
    assert Names("x = x + 1").taken == {"x"}
    assert Names("for n in m:\n    print(n)").taken == {"m", "print"}


def test_no_cell_depends_on_an_exercise_or_its_solution(notebook):
    origin, wrong = {}, []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        names = Names(cell.source)
        own = student_edition.tagged(cell, "exercise") or student_edition.tagged(cell, "solution")
        if not own:
            wrong += [(number, name) for name in names.taken if origin.get(name) == "exercise"]
        origin |= dict.fromkeys(names.given, "exercise" if own else "given")
    assert wrong == [], "a name that an exercise sets: the notebook depends on the answer"


def test_every_name_a_student_s_notebook_uses_is_given_in_it(path, notebook):
    given, unknown = set(KNOWN), []
    for cell in student_edition.edition(notebook, path.name).cells:
        if cell.cell_type == "code":
            names = Names(cell.source)
            unknown += sorted(names.taken - given)
            given |= names.given
    assert unknown == []


def test_an_unanswered_stub_fails_at_its_own_check_and_nowhere_else(path, notebook, capsys, monkeypatch):
    """Each stub runs after the notebook's imports alone."""
    monkeypatch.setattr("IPython.display.display", lambda *pictures, **options: None)
    monkeypatch.setattr("srlib.imaging.figures.show", lambda figure, alt: None)
    names = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and not student_edition.tagged(cell, "setup"):
            exec(_imports(cell.source), names)
        if student_edition.tagged(cell, "exercise"):
            exec(cell.source, names)
            told = capsys.readouterr().out.splitlines()
            assert [line[:23] for line in told] == ["✗ Not answered yet: rep"] or told == [_NOTHING], cell.source


_NOTHING = f"✗ {feedback.NOTHING}"


def _imports(source):
    tree = ast.parse(re.sub(r"^(\s*)[%!].*", r"\1pass", source, flags=re.MULTILINE))
    return "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))


@pytest.mark.notebooks
@pytest.mark.parametrize("name", ["00_start_here"])
def test_a_student_s_notebook_runs_to_the_end_with_its_stubs_unanswered(name, tmp_path):
    """One is run: by the tests above, the others differ from the teacher's in nothing that a cell needs."""
    source, executed = runner.NOTEBOOKS / "student" / f"{name}.ipynb", tmp_path / "executed.ipynb"
    given = {"profile": "smoke", "out_root": str(tmp_path / "out")}
    papermill.execute_notebook(str(source), str(executed), given, cwd=str(tmp_path), progress_bar=False)
    stubs = [cell for cell in student_edition.read(executed).cells if student_edition.tagged(cell, "exercise")]
    assert stubs
    assert all("✗ Not answered yet" in str(cell.outputs) for cell in stubs)
    assert (tmp_path / "out" / "runs" / f"{name}-smoke-0").is_dir()
