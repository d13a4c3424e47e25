"""The demo as a page: the notebook that is served, and what is refused before anything is served."""

import ast
import sys

import nbformat
import pytest

from srlib.cli import main
from srlib.course.app import server
from srlib.errors import InputError
from srlib.upscaling import model_files


def test_the_page_is_a_notebook_of_the_demo_alone(tmp_path):
    path = server.write(tmp_path)
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    assert path.stem == "Your photo, four times as large"
    assert [cell.source for cell in notebook.cells] == ["from srlib.course.app import widget\n\nwidget.App(further=[])"]


def test_own_models_are_offered_by_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (cell,) = nbformat.read(server.write(tmp_path, ["it's mine.npz"]), 4).cells
    call = ast.parse(cell.source).body[-1].value
    assert ast.literal_eval(call.keywords[0].value) == [str(tmp_path / "it's mine.npz")]


def test_the_page_may_load_from_its_own_server_only():
    sources = [word for rule in server.POLICY.split(";") for word in rule.split()[1:]]
    allowed = {"'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:", "ws://127.0.0.1:*", "ws://localhost:*"}
    assert "default-src" in server.POLICY and set(sources) <= allowed


def test_a_missing_model_is_named_before_anything_is_served(capsys):
    assert main.status(["app", "--no-browser", "--model", "nowhere.npz"]) == 2
    assert "unknown model 'nowhere.npz'" in capsys.readouterr().err


def test_without_voila_the_command_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "voila", None)
    with pytest.raises(InputError, match="the page needs the package voila: pip install .*voila"):
        server.serve()


def test_the_server_listens_to_this_machine_only(monkeypatch, tmp_path):
    voila = pytest.importorskip("voila.app", reason="needs the extra app")
    started = []
    monkeypatch.setattr(voila.Voila, "launch_instance", lambda words, config: started.append((words, config)))
    server.serve(8901, browser=False, further=[model_files.find("srresnet-small")])
    ((path, *words), config) = started[0]
    assert words == ["--Voila.ip=127.0.0.1", "--port=8901", "--no-browser"]
    assert config.Voila.tornado_settings["headers"]["Content-Security-Policy"] == server.POLICY
