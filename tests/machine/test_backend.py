"""What happens before Keras is imported."""

import os

import pytest

from srlib.errors import InputError
from srlib.machine import backend


@pytest.fixture
def flags(monkeypatch):
    """A function of backend, XLA's flags and JAX's version: the flags after srlib has looked at them."""

    def look(name, given, version):
        monkeypatch.setenv("KERAS_BACKEND", name)
        monkeypatch.setenv("XLA_FLAGS", given)
        monkeypatch.setattr(backend, "_jax_version", lambda: version)
        backend._record_convolutions()
        return os.environ["XLA_FLAGS"]

    return look


def test_jax_is_told_to_record_convolutions_behind_what_the_user_says(flags):
    told = flags("jax", "--xla_other=1", (0, 11))
    assert told.startswith("--xla_other=1 --xla_gpu_enable_command_buffer=")
    assert "CONVOLUTION" in told.split("=")[-1].split(",")


def test_the_user_s_own_choice_stays(flags):
    assert flags("jax", "--xla_gpu_enable_command_buffer=", (0, 11)) == "--xla_gpu_enable_command_buffer="


def test_other_backends_and_older_versions_of_jax_are_told_nothing(flags):
    assert flags("tensorflow", "", (0, 11)) == ""
    assert flags("jax", "", (0, 10)) == ""


def test_jax_that_is_asked_for_and_missing_is_bad_input(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setattr(backend, "_jax_version", lambda: (0, 0))
    with pytest.raises(InputError, match="KERAS_BACKEND=jax needs the package jax: pip install "):
        backend.import_keras()


def test_the_version_is_that_of_the_package(monkeypatch):
    monkeypatch.setattr(backend.importlib.metadata, "version", lambda name: "0.11.2")
    assert backend._jax_version() == (0, 11)

    def missing(name):
        raise backend.importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(backend.importlib.metadata, "version", missing)
    assert backend._jax_version() == (0, 0)
