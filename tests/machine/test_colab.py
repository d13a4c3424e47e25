"""Colab, played by a stub: Drive mounted by one parameter, a friendly word where there is no GPU, the setup cell.

The last test needs a Python with Colab's versions: SRLIB_COLAB_PYTHON names one that has TensorFlow, Keras and what
else Colab has, but no srlib; it is left as it is.
"""

import ast
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import types

import nbformat
import papermill
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from srlib import records
from srlib.course import notebook
from srlib.course.publishing import colab_badges
from srlib.errors import InputError
from srlib.machine import backend, colab

ROOT = pathlib.Path(__file__).resolve().parents[2]
ADDRESS = colab_badges.address(ROOT)


@pytest.fixture
def drive(monkeypatch):
    """A stub of `google.colab`; gives the list of what was mounted."""
    mounts = []

    def mount(point):
        if "declined" in point:
            raise ValueError("mount failed: credentials missing")
        mounts.append(point)
        (pathlib.Path(point) / "MyDrive").mkdir(parents=True)

    stub, module = types.ModuleType("google.colab"), types.ModuleType("google.colab.drive")
    module.mount, stub.drive = mount, module
    monkeypatch.setitem(sys.modules, "google.colab", stub)
    monkeypatch.setitem(sys.modules, "google.colab.drive", module)
    return mounts


def test_an_output_root_in_drive_mounts_it_once(drive, tmp_path):
    wanted = tmp_path / "drive" / "MyDrive" / "srlib"
    assert [records.output_root(str(wanted)) for _ in range(2)] == [wanted, wanted]
    assert drive == [str(tmp_path / "drive")]


def test_checkpoints_and_records_go_where_drive_is(drive, tmp_path, small):
    place = tmp_path / "drive" / "MyDrive" / "srlib"
    assert records.checkpoint_folder(str(place), "05", small()).is_relative_to(place)
    assert drive == [str(tmp_path / "drive")]


def test_the_output_root_of_the_environment_mounts_drive_too(drive, tmp_path, monkeypatch):
    monkeypatch.setenv("SRLIB_OUT_ROOT", str(tmp_path / "drive" / "MyDrive"))
    records.output_root()
    assert drive == [str(tmp_path / "drive")]


def test_other_folders_mount_nothing(drive, tmp_path):
    assert records.output_root(str(tmp_path / "out")) == tmp_path / "out"
    assert drive == []


def test_elsewhere_than_on_colab_a_path_is_only_a_path(tmp_path):
    path = tmp_path / "drive" / "MyDrive" / "srlib"
    assert not colab.here()
    assert records.output_root(str(path)) == path
    assert not path.parent.exists()


def test_a_declined_mount_is_bad_input_in_one_line(drive, tmp_path):
    with pytest.raises(InputError, match=r"Drive cannot be mounted at .*declined \(mount failed"):
        records.output_root(str(tmp_path / "declined" / "MyDrive" / "srlib"))


@pytest.mark.parametrize("device, told", [("CPU", True), ("1 × GPU", False)])
def test_on_colab_without_a_gpu_the_start_says_how_to_get_one(drive, capsys, monkeypatch, device, told):
    monkeypatch.setattr(notebook, "_device", lambda: device)
    notebook.start()
    assert (colab.NO_GPU in capsys.readouterr().out) is told


def test_elsewhere_a_missing_gpu_is_nothing_to_talk_about(capsys, monkeypatch):
    monkeypatch.setattr(notebook, "_device", lambda: "CPU")
    notebook.start()
    assert "GPU" not in capsys.readouterr().out


def test_a_notebook_s_seconds_are_counted_from_before_keras_is_imported(monkeypatch):
    order, real = [], backend.import_keras
    monkeypatch.setattr(records, "begin_notebook", lambda: order.append("count"))
    monkeypatch.setattr(backend, "import_keras", lambda: order.append("keras") or real())
    notebook.start()
    assert order == ["count", "keras"]


def installed(monkeypatch, there):
    """The magics that the setup cell calls, with srlib there or not."""
    called = []
    shell = types.SimpleNamespace(run_line_magic=lambda *words: called.append(" ".join(words)))
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found(name) if name != "srlib" or there else None)
    monkeypatch.setattr(notebook, "start", lambda: None)
    exec(TransformerManager().transform_cell(colab_badges.setup(ADDRESS)), {"get_ipython": lambda: shell})
    return called


def test_the_setup_cell_installs_on_colab_what_is_missing_and_replaces_nothing(drive, monkeypatch):
    first, second = installed(monkeypatch, there=False)
    assert first == f'pip install -q --no-deps "srlib @ git+{ADDRESS}"'
    assert second == "pip install -q anywidget msgspec optuna"


def test_the_setup_cell_installs_nothing_twice(drive, monkeypatch):
    assert installed(monkeypatch, there=True) == []


def test_the_setup_cell_installs_nothing_elsewhere(monkeypatch):
    assert installed(monkeypatch, there=False) == []


# What Colab's image has had for years, by the names of imports; the rest of our dependencies runs the course from a
# command line or stands in the setup cell.
ON_COLAB = {
    *("tensorflow", "keras", "numpy", "h5py", "pillow", "scikit-image", "scikit-learn", "scipy", "threadpoolctl"),
    *("matplotlib", "click", "tqdm", "pooch", "requests", "nbclient", "psutil", "nbconvert", "nbformat", "ipykernel"),
    *("ipywidgets", "tensorboard", "ml-dtypes", "packaging", "jinja2", "beautifulsoup4", "pygments"),
    *("traitlets", "ipython", "urllib3"),
}
COMMAND_LINE = {"papermill", "jupyterlab"}


def test_every_dependency_is_on_colab_or_is_installed_or_not_needed_in_a_notebook():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["course"]
    names = {line.split(">")[0].split("=")[0].strip() for line in lines}
    assert names - ON_COLAB - COMMAND_LINE == {"anywidget", "msgspec", "optuna"}


def imports(source):
    """The dotted names that a source imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files_of(name):
    """The files of a module of srlib, none for other names."""
    place = ROOT.joinpath(*name.split("."))
    return [path for path in (place.with_suffix(".py"), place / "__init__.py") if path.exists()]


def test_what_the_notebooks_import_needs_nothing_that_only_the_command_line_has():
    waiting, seen = {colab_badges.setup(ADDRESS)}, set()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        waiting |= {cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"}
    while waiting:
        magic = re.compile(r"^(\s*)[%!].*", re.MULTILINE)
        names = imports(magic.sub(r"\1pass", waiting.pop())) - seen
        seen |= names
        waiting |= {path.read_text(encoding="utf-8") for name in names for path in files_of(name)}
    assert {"srlib.training.fit", "srlib.experiments.search", "optuna"} <= seen
    assert {name.split(".")[0] for name in seen} & COMMAND_LINE == set()


STUB = """\
import os, pathlib

class drive:
    @staticmethod
    def mount(point):
        with open(os.environ["MOUNTS"], "a") as log:
            log.write(point + "\\n")
        (pathlib.Path(point) / "MyDrive").mkdir(parents=True, exist_ok=True)
"""


@pytest.fixture
def colab_kernel(tmp_path, monkeypatch):
    """A kernel in Colab's shape: its versions, no srlib, google.colab loaded, far from the clone; gives its name."""
    given = os.environ.get("SRLIB_COLAB_PYTHON")
    if not given:
        pytest.skip("needs a Python with Colab's versions: set SRLIB_COLAB_PYTHON")
    told = (
        "import sys, sysconfig, tensorflow, keras; print(sysconfig.get_path('purelib')); print(sys.version_info[:2], "
    )
    told += "tensorflow.__version__, keras.__version__)"
    packages = subprocess.run([given, "-c", told], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    place = tmp_path / "colab"
    subprocess.run([given, "-m", "venv", "--without-pip", place], check=True)
    (own,) = place.glob("lib/python*/site-packages")
    (own / "given.pth").write_text(packages + "\n")
    stub = tmp_path / "stub" / "google" / "colab" / "__init__.py"
    stub.parent.mkdir(parents=True)
    stub.write_text(STUB)
    startup = tmp_path / "ipython" / "profile_default" / "startup" / "00.py"
    startup.parent.mkdir(parents=True)
    startup.write_text("import google.colab\n")
    kernel = {"argv": [str(place / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]}
    kernel |= {"display_name": "colab", "language": "python"}
    spec = tmp_path / "jupyter" / "kernels" / "colab" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stub"))
    monkeypatch.setenv("MOUNTS", str(tmp_path / "mounts"))
    return "colab"


def from_here(path, target):
    """A copy of a notebook whose setup cell installs from this clone instead of the repository's address.

    What this notebook does not use is left out, and the build runs in the environment as it is.
    """
    copy = nbformat.read(path, 4)
    for cell in copy.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace(f'"srlib @ git+{ADDRESS}"', f'--no-build-isolation "{ROOT}"')
            cell.source = cell.source.replace("anywidget msgspec optuna", "msgspec")
    nbformat.write(copy, target)
    return target


def printed(path):
    """All that the cells of an executed notebook have printed."""
    outputs = [output for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.output_type == "stream")


@pytest.mark.notebooks
def test_a_notebook_runs_in_colab_s_shape_and_goes_on_after_a_disconnect(colab_kernel, tmp_path):
    name = "05_coco_reproduction"
    opened = from_here(ROOT / "notebooks" / f"{name}.ipynb", tmp_path / "opened.ipynb")
    place = tmp_path / "content" / "drive" / "MyDrive" / "srlib"
    given = {"profile": "smoke", "out_root": str(place)}
    seen = []
    for run in ("first", "second"):
        target, folder = tmp_path / f"{run}.ipynb", tmp_path / "content"
        folder.mkdir(exist_ok=True)
        papermill.execute_notebook(
            str(opened), str(target), given, kernel_name=colab_kernel, cwd=str(folder), progress_bar=False
        )
        seen.append(printed(target))
    assert colab.NO_GPU in seen[0] or "GPU ·" in seen[0]
    assert (tmp_path / "mounts").read_text().splitlines() == [str(tmp_path / "content" / "drive")]
    assert (place / "runs" / f"{name}-smoke-0" / "metrics.json").exists()
    assert len(list(place.glob("training/*/pixel/checkpoint-*.npz"))) == 1
    progress = re.compile(r"\b\d/6 \[")
    assert progress.search(seen[0])
    assert not progress.search(seen[1]), "the second run trains again what the first has trained"
