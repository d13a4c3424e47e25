"""The repository's address stands once; badges and setup cells follow it."""

import pathlib
import shutil
import subprocess
import tomllib

import nbformat
import pytest

from srlib.cli import main
from srlib.course import student_edition
from srlib.course.publishing import colab_badges
from srlib.errors import InputError

ROOT = pathlib.Path(__file__).resolve().parents[3]
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
OTHER = "https://github.com/somebody/else"


@pytest.fixture
def clone(tmp_path):
    """A copy of what the command reads, in which another address stands."""
    (tmp_path / "notebooks").mkdir()
    for path in sorted((ROOT / "notebooks").glob("0[0-2]_*.ipynb")):
        shutil.copy(path, tmp_path / "notebooks")
    (tmp_path / "pyproject.toml").write_text(f'[project.urls]\nRepository = "{OTHER}"\n')
    return tmp_path


def test_the_address_is_that_of_pyproject():
    assert colab_badges.address(ROOT) == ADDRESS


def test_the_address_stands_in_no_file_written_by_hand_but_pyproject():
    try:
        words = ["git", "grep", "--files-with-matches", "--fixed-strings", ADDRESS.removeprefix("https://github.com/")]
        found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout.split()
    except OSError:
        pytest.skip("needs git")
    if not found:
        pytest.skip("needs a checkout")
    # `srlib student` writes it into the notebooks, of which results/ holds copies as they ran, `srlib tables` into the
    # README's badges.
    made = ("notebooks/", "results/executed/")
    written = [name for name in found if not name.startswith(made) and name != "README.md"]
    assert written == ["pyproject.toml"]
    assert all(
        "[![Open in Colab](" in line for line in _lines("README.md", ADDRESS.removeprefix("https://github.com/"))
    )


def _lines(name, words):
    """The lines of a file of the repository that have certain words in them."""
    return [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if words in line]


def test_badge_and_setup_by_hand():
    assert colab_badges.badge(OTHER, "03_x.ipynb") == (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        "(https://colab.research.google.com/github/somebody/else/blob/main/notebooks/03_x.ipynb)"
    )
    assert '%pip install -q --no-deps "srlib @ git+https://github.com/somebody/else"' in colab_badges.setup(OTHER)


def test_another_address_reaches_every_notebook_of_both_editions(clone):
    assert main.status(["student", "--notebooks", str(clone / "notebooks")]) == 0
    written = sorted(clone.rglob("*.ipynb"))
    assert len(written) == 6
    for path in written:
        place = path.relative_to(clone).as_posix()
        text = path.read_text(encoding="utf-8")
        assert ADDRESS.removeprefix("https://github.com/") not in text
        assert f"/github/somebody/else/blob/main/{place})" in text
        assert f"git+{OTHER}" in text


def test_a_changed_address_makes_the_notebooks_stale(clone):
    assert main.status(["student", "--check", "--notebooks", str(clone / "notebooks")]) == 1
    student_edition.write(clone / "notebooks")
    assert main.status(["student", "--check", "--notebooks", str(clone / "notebooks")]) == 0


@pytest.mark.parametrize("wrong", ["", "github.com/a/b", "https://example.org/a/b", "https://github.com/only"])
def test_an_address_that_colab_cannot_open_is_bad_input(tmp_path, wrong):
    (tmp_path / "pyproject.toml").write_text(f'[project.urls]\nRepository = "{wrong}"\n')
    with pytest.raises(InputError, match=r"project\.urls\.Repository must be https://github\.com/OWNER/NAME"):
        colab_badges.address(tmp_path)


def test_without_a_pyproject_the_notebooks_keep_what_they_say(tmp_path):
    assert colab_badges.address(tmp_path) is None


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").rglob("*.ipynb")), ids=lambda path: path.parent.name + path.stem
)
def test_every_notebook_has_the_setup_cell_of_the_address(path):
    cells = [cell.source for cell in nbformat.read(path, 4).cells if "setup" in cell.metadata.get("tags", [])]
    assert cells == [colab_badges.setup(ADDRESS)]
