"""The two descriptions of the environment, and what the lock file holds."""

import pathlib
import re
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
    expected = requirements(project["dependencies"] + extras["dev"] + extras["reference"])
    expected["python"] = project["requires-python"]
    assert conda() == expected


@pytest.mark.parametrize(
    "package",
    ["jupyterlab", "tensorflow", "keras", "adabelief-tf", "matplotlib", "scikit-image", "ipywidgets", "papermill"],
)
def test_conda_environment_names_the_course_s_packages(package):
    assert package in conda()


DEV = ["dev", "jax", "faces", "identity", "reference", "cluster", "export", "app", "browser", "site"]
LOCKS = {"requirements.lock": [], "requirements-dev.lock": DEV}


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
