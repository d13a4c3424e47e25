"""The two descriptions of the environment, what the lock files hold, and what the library imports of it."""

import ast
import importlib.metadata
import pathlib
import re
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(lines):
    """{package name: version range} of requirement lines, comments and extras dropped."""
    matches = [re.match(r"\s*-?\s*([A-Za-z0-9_-]+)\s*(?:\[[^]]*])?\s*([<>=!~][^#;]*)", line) for line in lines]
    return {match[1].lower(): match[2].strip() for match in matches if match}


def conda():
    return requirements((ROOT / "environment.yml").read_text().splitlines())


def test_conda_environment_names_the_packages_of_pyproject_with_the_same_ranges(project):
    extras = project["optional-dependencies"]
    expected = requirements(project["dependencies"] + extras["course"] + extras["dev"] + extras["reference"])
    expected["python"] = project["requires-python"]
    assert conda() == expected


@pytest.mark.parametrize(
    "package",
    ["jupyterlab", "tensorflow", "keras", "adabelief-tf", "matplotlib", "scikit-image", "ipywidgets", "papermill"],
)
def test_conda_environment_names_the_course_s_packages(package):
    assert package in conda()


DEV = ["dev", "jax", "faces", "identity", "reference", "cluster", "export", "app", "browser", "site"]
LOCKS = {"requirements.lock": ["course"], "requirements-dev.lock": ["course", *DEV]}


@pytest.mark.parametrize("lock, extras", LOCKS.items())
def test_lock_file_holds_every_dependency_and_names_no_address(project, lock, extras):
    locked = (ROOT / lock).read_text()
    wanted = project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]
    names = set(re.findall(r"^([A-Za-z0-9_-]+)==", locked, re.MULTILINE))
    assert set(requirements(wanted)) <= {name.lower() for name in names}
    assert "://" not in locked


def test_both_locks_hold_the_same_versions():
    course, tests = ({line.split(" ;")[0] for line in (ROOT / lock).read_text().splitlines()} for lock in LOCKS)
    assert course <= tests


def test_an_installation_has_every_data_file_of_the_rooms():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    rooms = [path.parent for path in (ROOT / "srlib").rglob("__init__.py")]
    taken = {found for room in rooms for pattern in patterns for found in room.glob(pattern)}
    files = {path for path in (ROOT / "srlib").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert files - taken == set()


PROVIDERS = importlib.metadata.packages_distributions()
MODULES = sorted((ROOT / "srlib").rglob("*.py"))


def packages(path, everywhere):
    """The packages that a module of srlib imports, at its top or everywhere in it, as pip calls them.

    Left out are those that are not installed here, as nobody knows what pip calls them, and Colab's own.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.partition(".")[0])
    providers = [PROVIDERS.get(name, ()) for name in found - sys.stdlib_module_names - {"srlib", "google"}]
    return {name.lower().replace("_", "-") for names in providers for name in names}


def is_tooling(path):
    """Whether a module belongs to the course's tooling: its room, and the search that one notebook makes."""
    return "course" in path.parts or path.name == "search.py"


@pytest.mark.parametrize("path", [path for path in MODULES if not is_tooling(path)], ids=lambda path: path.stem)
def test_what_the_library_imports_at_once_comes_with_every_installation(project, path):
    assert packages(path, everywhere=False) <= set(requirements(project["dependencies"]))


def test_all_that_srlib_imports_is_listed(project):
    lines = sum(project["optional-dependencies"].values(), project["dependencies"])
    listed = {*requirements(lines), "distributed"}  # dask[distributed]
    assert set().union(*(packages(path, everywhere=True) for path in MODULES)) - listed == set()


def test_one_package_has_one_range_in_all_extras(project):
    lines = sum(project["optional-dependencies"].values(), project["dependencies"])
    ranges = {}
    for name, wanted in (pair for line in lines for pair in requirements([line]).items()):
        ranges.setdefault(name, set()).add(wanted)
    assert {name: wanted for name, wanted in ranges.items() if len(wanted) > 1} == {}
