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


def test_lock_file_holds_every_dependency_at_one_version(project):
    locked = (ROOT / "requirements.lock").read_text()
    wanted = requirements(project["dependencies"] + project["optional-dependencies"]["dev"])
    names = set(re.findall(r"^([A-Za-z0-9_-]+)==", locked, re.MULTILINE))
    assert set(wanted) <= {name.lower() for name in names}


def test_lock_file_names_no_address():
    assert "://" not in (ROOT / "requirements.lock").read_text()
