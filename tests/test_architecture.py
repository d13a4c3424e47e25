"""The shape of the library: who may import whom, how long a function may be, what must be explained."""

import ast
import pathlib
import statistics
import subprocess
import sys

import pytest

import srlib

PACKAGE = pathlib.Path(srlib.__file__).parent

# Lowest floor first. A module imports only from floors strictly below its own; modules of one floor know nothing of
# each other. "check" stands for all the modules of that package, which may import one another.
FLOORS = (
    ("errors",),
    ("files", "config", "statistics", "confine", "colab", "badges"),
    ("bicubic", "subpixels", "tiles"),
    ("folding",),
    (
        "plans",
        "sweep",
        "results",
        "resize",
        "precision",
        "data.faces",
        "data.embedded",
        "data.images",
        "data.catalogue",
        "data.prepare",
    ),
    (
        "ranges",
        "data.sources",
        "data.patches",
        "data.fetch",
        "data.archives",
        "data.duplicates",
        "data.damage",
    ),
    ("inference", "compiled"),
    ("distribution", "data.remote_zip", "data.manifest", "data.store"),
    ("data.pictures", "data.datasheet"),
    ("data.library",),
    ("data.degradations", "layers", "metrics", "optimizers"),
    ("generator", "discriminator"),
    ("losses", "models"),
    ("gan", "upscale", "export"),
    ("evaluate", "engine", "published"),
    ("callbacks", "checkpoints", "tuning", "face_measures", "robustness"),
    ("training", "defects"),
    ("recipes", "units"),
    ("findings",),
    ("ablation",),
    ("viz", "notebook", "check", "server"),
    ("demo",),
    ("widgets", "leaderboard", "data_commands", "bench"),
    ("cards", "course", "marking", "verdicts"),
    ("student", "site", "kept", "readme"),
    ("grade",),
    ("cli",),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
LIGHT = (
    *("bicubic", "folding", "inference", "models", "upscale", "demo"),
    *("errors", "files", "config", "results", "plans", "sweep", "statistics", "findings", "confine", "marking"),
    *("colab", "badges"),
    *("data.images", "data.sources", "data.faces", "data.embedded"),
)


def module_name(path):
    """The dotted name below srlib, "" for srlib itself: data/images.py is "data.images"."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def floor(name):
    """The floor of a module, of the package it is in otherwise, None for one that has none."""
    return FLOOR_OF.get(name, FLOOR_OF.get(name.partition(".")[0]))


def imported(tree):
    """The modules of srlib that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    names = {name.removeprefix("srlib.") for name in found if name.startswith("srlib.")}
    return names & set(MODULES) - {"data", "check"}


def functions():
    """(module, function node) of every function and method."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(name, node) for name, tree in TREES.items() for node in ast.walk(tree) if isinstance(node, kinds)]


def length(node):
    return node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ("", "data", "check")])
def test_a_module_imports_only_from_floors_below(name):
    assert floor(name) is not None, f"give {name} a place in FLOORS"
    package = name.partition(".")[0]
    own = {other for other in imported(TREES[name]) if package == "check" and other.startswith("check.")}
    above = {other for other in imported(TREES[name]) - own if floor(other) >= floor(name)}
    assert not above, f"{name} imports {above}, which do not lie below it"


def test_there_is_something_to_enforce():
    assert {"config", "resize", "losses"} <= set(MODULES)
    assert imported(TREES["evaluate"]) >= {"metrics", "resize", "upscale", "config", "errors"}


def test_no_function_is_longer_than_forty_lines():
    assert [(name, node.name, length(node)) for name, node in functions() if length(node) > 40] == []


def test_the_median_function_has_at_most_ten_lines():
    assert statistics.median(length(node) for _, node in functions()) <= 10


@pytest.mark.parametrize("name", MODULES)
def test_modules_and_their_public_functions_and_classes_are_explained(name):
    public = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = [node for node in TREES[name].body if isinstance(node, public) and not node.name.startswith("_")]
    assert ast.get_docstring(TREES[name])
    assert [node.name for node in nodes if not ast.get_docstring(node)] == []


def test_nothing_is_left_to_do_in_the_code():
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    assert [
        name for name, path in MODULES.items() if any(mark in path.read_text(encoding="utf-8") for mark in marks)
    ] == []


def test_records_settings_and_pictures_need_no_keras(repository):
    modules = ", ".join(f"srlib.{name}" for name in LIGHT)
    code = f"import sys, {modules}; print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=repository, check=True)
    assert done.stdout.strip() == "[]"
