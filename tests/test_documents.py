"""The documents written by hand: the tree of rooms as the library has it, and names of files that are there."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "TEACHING.md", "benchmarks/README.md", "results/README.md")
TREES = ("README.md", "CONTRIBUTING.md")


def order():
    """The top of srlib from the ground up, as the test of the architecture has it."""
    for node in ast.parse((ROOT / "tests" / "test_architecture.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "ORDER":
            return list(eval(ast.unparse(node.value)))  # a tuple of words, some of them starred
    return []


def tree(name):
    """The lines of a document's tree of the library."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.search(r"^```\nsrlib/\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1].splitlines()


@pytest.mark.parametrize("name", TREES)
def test_the_tree_names_the_rooms_from_the_ground_up(name):
    top = [line.split()[0] for line in tree(name) if re.match(r"  \S", line)]
    assert [word.removesuffix("/").removesuffix(".py") for word in top] == order()
    assert all((ROOT / "srlib" / word).exists() for word in top)


def test_contributing_names_every_module_in_its_room():
    room, named = "", set()
    for line in tree("CONTRIBUTING.md"):
        first, words = line.split()[0], set(re.findall(r"[a-z_]+", line))
        if re.match(r"  \S", line):
            room = first
        named |= {(room, word) for word in words}
    there = [path.relative_to(ROOT / "srlib") for path in (ROOT / "srlib").rglob("*.py") if path.stem != "__init__"]
    missing = [path for path in there if len(path.parts) > 1 and (f"{path.parts[0]}/", path.stem) not in named]
    assert [path for path in missing if path.parts[:2] != ("course", "check")] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_a_document_names_are_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    paths = re.findall(r"`((?:srlib|tests|notebooks)/[\w./-]+)`", text)
    paths += re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    beside = (ROOT, (ROOT / name).parent)
    assert [path for path in paths if not any((folder / path).exists() for folder in beside)] == []


def test_the_changelog_leads_from_each_former_module_to_one_that_is_there():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    pairs = re.findall(r"^\| `srlib\.([\w.]+)` \| `srlib\.([\w.]+)` \|$", text, re.MULTILINE)
    assert len(pairs) > 80
    assert [new for _, new in pairs if not (ROOT / "srlib" / (new.replace(".", "/") + ".py")).exists()] == []


def test_no_document_speaks_of_a_former_module():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    former = {old for old, _ in re.findall(r"^\| `(srlib\.[\w.]+)` \| `(srlib\.[\w.]+)` \|$", text, re.MULTILINE)}
    gone = {name for name in former if not (ROOT / (name.replace(".", "/") + ".py")).exists()}
    gone -= {name for name in former if (ROOT / name.replace(".", "/")).is_dir()}
    said = {
        f"{name}: {old}"
        for name in DOCUMENTS
        for old in re.findall(r"`(srlib(?:\.[a-z_]+)+)", (ROOT / name).read_text(encoding="utf-8"))
        if any(old == each or old.startswith(f"{each}.") for each in gone)
    }
    assert said == set()
