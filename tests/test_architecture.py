"""The shape of the library: rooms that import downwards only, small functions, everything explained."""

import ast
import pathlib
import statistics
import subprocess
import sys

import pytest

import srlib

PACKAGE = pathlib.Path(srlib.__file__).parent

# From the ground up: what stands here imports from itself and from what stands before it.
ORDER = (
    *("errors", "config", "files"),
    *("imaging", "machine", "records", "data", "srgan", "upscaling", "evaluation", "training", "experiments"),
    *("course", "cli"),
)
# Modules that must work where Keras is not installed, or before anybody waits for it.
WITHOUT_KERAS = (
    *("errors", "files", "config", "records", "machine.backend", "machine.colab", "machine.environment"),
    *("imaging.bicubic", "imaging.pictures", "data.sources", "data.embedded_photographs", "data.drawn_faces.draw"),
    *("upscaling.model_files", "upscaling.upscaler", "upscaling.folded_network", "upscaling.run_in_numpy"),
    *("evaluation.statistics", "experiments.plans", "experiments.task_runner", "experiments.analysis"),
    *("course.app.demo", "course.grading.run_submission", "course.grading.sandbox", "course.publishing.colab_badges"),
    *("cli.main",),
)


def module_name(path):
    """The dotted name below srlib, "" for srlib itself: data/sources.py is "data.sources"."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
ROOMS = sorted({path.parent for path in MODULES.values()} - {PACKAGE})
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def imported(tree):
    """The modules of srlib that a module imports, anywhere in it; not the packages they stand in."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    names = {name.removeprefix("srlib.") for name in found if name.startswith("srlib.")}
    return {name for name in names if MODULES.get(name) and MODULES[name].name != "__init__.py"}


IMPORTS = {name: imported(tree) for name, tree in TREES.items()}


def place(name):
    """The room or the top-level module that a module belongs to."""
    return name.partition(".")[0]


def functions():
    """(module, function node) of every function and method."""
    return [(name, node) for name, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]


def length(node):
    return node.end_lineno - node.lineno + 1


def circle(graph):
    """The names of a circle in {name: names}, in order; an empty list where there is none."""
    clear = set()

    def visit(name, path):
        if name in path:
            return [*path[path.index(name) :], name]
        if name in clear:
            return []
        found = next(filter(None, (visit(other, [*path, name]) for other in sorted(graph.get(name, ())))), [])
        clear.add(name)
        return found

    return next(filter(None, (visit(name, []) for name in sorted(graph))), [])


def test_the_imports_are_seen_and_a_circle_would_be():
    assert IMPORTS["evaluation.protocol"] >= {"config", "errors", "imaging.bicubic", "imaging.metrics"}
    assert imported(ast.parse("def later():\n    from srlib.training import fit")) == {"training.fit"}
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


@pytest.mark.parametrize("name", [name for name in MODULES if name])
def test_a_module_imports_from_its_own_room_and_those_below(name):
    own = ORDER.index(place(name))
    assert [other for other in sorted(IMPORTS[name]) if ORDER.index(place(other)) > own] == []


def test_no_modules_import_each_other_in_a_circle():
    assert circle(IMPORTS) == []


def test_the_rooms_are_few_and_their_imports_too():
    entries = [path for path in PACKAGE.iterdir() if path.name != "__pycache__"]
    between = {(name, other) for name in MODULES for other in IMPORTS[name] if place(name) != place(other)}
    assert len(entries) <= 16
    assert len({(place(name), place(other)) for name, other in between}) <= 100


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(PACKAGE).as_posix())
def test_a_room_has_at_most_fourteen_files_and_says_what_it_is(room):
    assert len([path for path in room.glob("*.py") if path.name != "__init__.py"]) <= 14
    statements = ast.parse((room / "__init__.py").read_text(encoding="utf-8")).body
    assert len(statements) == 1 and isinstance(statements[0].value.value, str)


def test_no_function_is_longer_than_forty_lines():
    assert [(name, node.name, length(node)) for name, node in functions() if length(node) > 40] == []


def test_the_median_function_has_at_most_ten_lines():
    assert statistics.median(length(node) for _, node in functions()) <= 10


@pytest.mark.parametrize("name", MODULES)
def test_modules_and_their_public_functions_and_classes_are_explained(name):
    public = (*FUNCTIONS, ast.ClassDef)
    nodes = [node for node in TREES[name].body if isinstance(node, public) and not node.name.startswith("_")]
    assert ast.get_docstring(TREES[name])
    assert [node.name for node in nodes if not ast.get_docstring(node)] == []


def test_nothing_is_left_to_do_in_the_code():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    assert [
        name for name, path in MODULES.items() if any(mark in path.read_text(encoding="utf-8") for mark in marks)
    ] == []


def test_what_needs_no_keras_imports_none(repository):
    modules = ", ".join(f"srlib.{name}" for name in WITHOUT_KERAS)
    code = f"import sys, {modules}; print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repository, check=True)
    assert done.stdout.strip() == "[]"
