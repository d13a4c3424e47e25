"""Runs that are killed: they go on from their checkpoint and end with the bits of a run that nobody touched."""

import multiprocessing
import os
import pathlib
import random
import signal
import sys
import time

import keras
import numpy as np
import pytest
import resumed_runs

from srlib.training import checkpoints

KILLS = int(os.environ.get("SRLIB_KILLS", "2"))  # in each phase
STEPS = 60
PATIENCE = 240

pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="determinism is TensorFlow's here"),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are forked from one that has imported TensorFlow"),
]


@pytest.fixture(scope="module")
def processes():
    """Starts processes that have the modules imported but have run nothing."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "srlib.training.fit", "resumed_runs"])
    return context


@pytest.fixture(scope="module")
def settings(small):
    """Rates that change with every step, averaged weights, and an interval of several stretches."""
    changes = {"warmup_steps": 5, "schedule": "cosine", "weight_average": 0.9, "statistics_batches": 2}
    return small(pretrain_steps=STEPS, gan_steps=STEPS, log_every=2, adversarial_weight=0.1, **changes)


@pytest.fixture
def start(processes, settings, photograph, tmp_path):
    """A function of (phase, folder) that starts a training; gives the process and the file of its weights."""

    def run(phase, folder):
        result = tmp_path / f"{phase}-{folder}.npz"
        arguments = (phase, settings, photograph[:48, :48], tmp_path / folder, result)
        process = processes.Process(target=resumed_runs.train, args=arguments)
        process.start()
        return process, result

    return run


def newest(folder):
    """The step of the newest checkpoint, 0 without any."""
    found = checkpoints.found(folder)
    return int(found[-1].stem.rpartition("-")[2]) if found else 0


def signal_at(process, folder, step, number):
    """Send a signal once a checkpoint of `step` or later is there, a random moment after; wait for the end."""
    end = time.monotonic() + PATIENCE
    while newest(folder) < step and process.is_alive() and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(random.uniform(0, 0.02))
    assert process.is_alive(), "the run ended before it could be interrupted"
    os.kill(process.pid, number)
    process.join(PATIENCE)


def weights(process, result):
    process.join(PATIENCE)
    assert process.exitcode == 0
    with np.load(result) as archive:
        return [archive[name] for name in archive.files]


def identical(one, other):
    return all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


@pytest.mark.parametrize("phase", ["pixel", "adversarial"])
def test_a_killed_run_ends_with_the_bits_of_an_undisturbed_one(start, tmp_path, phase):
    undisturbed = weights(*start(phase, "undisturbed"))
    for step in sorted(random.Random(phase).sample(range(1, STEPS - 20), KILLS)):
        process, _ = start(phase, "killed")
        signal_at(process, tmp_path / "killed", step, signal.SIGKILL)
        assert process.exitcode == -signal.SIGKILL
    assert newest(tmp_path / "killed") < STEPS
    assert identical(undisturbed, weights(*start(phase, "killed")))


def test_a_run_that_is_asked_to_end_saves_first_and_goes_on_from_there(start, tmp_path, monkeypatch):
    process, _ = start("pixel", "asked")
    signal_at(process, tmp_path / "asked", 4, signal.SIGTERM)
    assert process.exitcode == 128 + signal.SIGTERM
    assert 4 <= newest(tmp_path / "asked") < STEPS
    assert identical(weights(*start("pixel", "asked")), weights(*start("pixel", "whole")))


def test_memory_stays_flat_over_two_thousand_steps(processes, small, photograph, tmp_path):
    settings = small(pretrain_steps=2000, log_every=100)
    result = pathlib.Path(tmp_path / "memory.npy")
    arguments = (settings, photograph[:48, :48], [500, 1000, 2000], result)
    process = processes.Process(target=resumed_runs.memory, args=arguments)
    process.start()
    process.join(PATIENCE)
    early, middle, late = np.load(result)
    assert late - middle < 4, f"{late - middle:.1f} MiB more in the last 1000 steps"
    assert middle - early < 16
