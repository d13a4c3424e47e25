"""What is said where the packages of an extra are missing: names, and a command that works without srlib on PyPI."""

import ast
import importlib.metadata
import pathlib
import subprocess
import tomllib

import pytest

from srlib.errors import InputError
from srlib.machine import extras

ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTED = [
    "numpy>=2.0",
    'dlib-bin>=19.24; extra == "identity"',
    'old==2; python_version < "3" and extra == "identity"',
    'dask[distributed]>=2024.8; extra == "cluster"',
]


@pytest.fixture
def listed(monkeypatch):
    """As if srlib were installed with a few packages and extras."""
    monkeypatch.setattr(importlib.metadata, "requires", {"srlib": LISTED}.__getitem__)


def test_the_command_names_the_packages_of_the_extras_that_this_python_takes(listed):
    assert extras.install("identity") == 'pip install "dlib-bin>=19.24"'
    assert extras.install("identity", "cluster") == 'pip install "dlib-bin>=19.24" "dask[distributed]>=2024.8"'


def test_where_srlib_is_not_installed_its_clone_is_named(monkeypatch):
    def nowhere(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", nowhere)
    assert extras.install("course", "site") == 'pip install --editable ".[course,site]"'


def test_a_missing_package_is_bad_input_with_the_command(listed):
    with pytest.raises(InputError) as caught, extras.needed("the page", "identity"):
        import a_package_that_nobody_has  # noqa: F401
    expected = 'the page needs the package a_package_that_nobody_has: pip install "dlib-bin>=19.24"'
    assert str(caught.value) == expected


def test_nothing_tells_anybody_to_install_srlib_from_pypi():
    words = ["git", "grep", "-IlE", r"pip install[^@]*[ '\"]srlib\[", "--", ".", ":!tests/machine/test_extras.py"]
    try:
        found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        pytest.skip("needs git")
    if found.returncode > 1:
        pytest.skip("needs a checkout")
    assert found.stdout.split() == []


def named_extras(path):
    """The names of extras that a module gives to the functions here."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    found = set()
    for call in calls:
        words = ast.unparse(call.func).split(".")
        if words[0] == "extras":
            names = call.args[0 if words[-1] == "install" else 1 :]
            found |= {name.value for name in names}
    return found


def test_every_extra_that_a_message_names_is_listed():
    named = set().union(*map(named_extras, (ROOT / "srlib").rglob("*.py")))
    assert {"app", "course", "identity"} <= named
    assert named <= set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
