"""Several devices and machines: the same losses and weights as on one, one writer, and errors that name the culprit."""

import importlib.util
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import distributed_runs
import keras
import numpy as np
import pytest

from srlib import records
from srlib.cli import main
from srlib.errors import InputError
from srlib.machine import distribution
from srlib.upscaling import model_files

PROGRAM = pathlib.Path(distributed_runs.__file__)
LOSSES = {
    "pixels": {"loss"},
    "networks": {"generator_loss", "discriminator_loss", "content", "adversarial", "d_real", "d_fake"},
}


def started(devices, folder, **environment):
    """`distributed_runs` in a process of its own, on this machine's processors: (process, path of what it prints)."""
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", **environment}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, str(PROGRAM), devices, str(folder)]
    handle, printed = tempfile.mkstemp(dir=folder)
    with open(handle, "w") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment), printed


def finished(runs, timeout=400):
    """Wait until all have ended well, or one has not; none outlives this call."""
    end = time.monotonic() + timeout
    try:
        while None in (codes := [process.poll() for process, _ in runs]) and not any(codes) and time.monotonic() < end:
            time.sleep(0.1)
    finally:
        for process, _ in runs:
            process.kill()  # TensorFlow's workers do not heed a polite request
    for code, (_, printed) in zip(codes, runs):
        assert code == 0, pathlib.Path(printed).read_text(errors="replace")[-3000:]


def free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def read(path):
    with np.load(path) as archive:
        return dict(archive)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("distributed")


@pytest.fixture(scope="module")
def single(tensorflow):
    """Both phases on one device, in this process."""
    return {**distributed_runs.pixels("none"), **distributed_runs.networks("none")}


@pytest.fixture(scope="module")
def mirrored(tensorflow, folder):
    """Both phases on two virtual processors of one process."""
    finished([started("mirrored", folder, KERAS_BACKEND="tensorflow")])
    return read(folder / "mirrored-0.npz")


@pytest.fixture(scope="module")
def workers(tensorflow, folder):
    """What two worker processes found, the chief first."""
    hosts = [f"localhost:{port}" for port in free_ports(2)]
    tasks = [{"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}} for index in range(2)]
    finished([started("workers", folder, KERAS_BACKEND="tensorflow", TF_CONFIG=json.dumps(task)) for task in tasks])
    return [read(folder / f"workers-{index}.npz") for index in range(2)]


@pytest.fixture(scope="module")
def jax(folder):
    """Both phases on JAX, on two virtual devices and on one of them."""
    if importlib.util.find_spec("jax") is None:
        pytest.skip("trains with JAX: it is not installed")
    flags = "--xla_force_host_platform_device_count=2 --xla_backend_optimization_level=0"
    finished([started("jax", folder, KERAS_BACKEND="jax", XLA_FLAGS=flags)])
    return read(folder / "jax-0.npz"), read(folder / "none-0.npz")


def losses(found, phase):
    return {name: found[f"{phase}/{name}"] for name in LOSSES[phase]}


def weights(found, phase):
    names = [name for name in found if name.startswith(phase) and name.rpartition("/")[2].isdigit()]
    return [found[name] for name in sorted(names, key=lambda name: int(name.rpartition("/")[2]))]


def assert_same_losses(found, expected, phase):
    for name, values in losses(expected, phase).items():
        assert found[f"{phase}/{name}"] == pytest.approx(values, rel=1e-5), name
        assert np.ptp(values) > 1e-3  # they are losses of a training that moves


def assert_same_weights(found, expected, phase):
    for one, other in zip(weights(found, phase), weights(expected, phase), strict=True):
        assert one == pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize("phase", LOSSES)
def test_two_devices_of_one_machine_have_the_losses_of_one(mirrored, single, phase):
    assert_same_losses(mirrored, single, phase)


def test_two_devices_of_one_machine_descend_to_the_weights_of_one(mirrored, single):
    assert_same_weights(mirrored, single, "networks")


def test_two_workers_have_the_losses_of_one_process(workers, single):
    for worker in workers:
        assert_same_losses(worker, single, "networks")


def test_two_workers_descend_to_equal_weights_which_are_those_of_one_process(workers, single):
    for one, other in zip(*(weights(worker, "networks") for worker in workers), strict=True):
        assert np.array_equal(one, other)
    assert_same_weights(workers[0], single, "networks")


def test_one_replica_that_overflows_makes_all_leave_the_step_out(mirrored, workers):
    # Gradients 1 + 2 take the weight from 8 to 5, the second step only halves the scale, 0.5 + 0.5 take it to 4.
    scale = 2.0**15
    expected = [[5.0, scale], [5.0, scale / 2], [4.0, scale / 2]]
    assert [found["overflow"].tolist() for found in (mirrored, *workers)] == [expected] * 3


def record(out):
    return records.Record(out / "runs" / "train-tiny-0")


def test_the_command_on_two_workers_leaves_what_it_leaves_on_one_device(workers, folder, tmp_path):
    assert [int(worker["status"]) for worker in workers] == [0, 0]
    assert distributed_runs.command("none", tmp_path) == 0
    saved = [record(folder / "first"), record(tmp_path)]
    assert [each.read("metrics")["devices"] for each in saved] == [2, 1]
    for one, other in zip(*(each.table("history") for each in saved), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-5)
        assert one["val_psnr"] == pytest.approx(other["val_psnr"], abs=1e-3)


def test_two_workers_go_on_together_from_the_chiefs_checkpoint(workers, folder):
    assert [int(worker["status again"]) for worker in workers] == [0, 0]
    before, after = (record(folder / name).table("history") for name in ("first", "out"))
    assert [row["seconds"] for row in after[:3]] == [row["seconds"] for row in before[:3]]
    assert after[3]["seconds"] != before[3]["seconds"]
    assert [row["loss"] for row in after] == pytest.approx([row["loss"] for row in before], rel=1e-6)
    one, other = (model_files.load(folder / name / "models" / "tiny.npz")[0].get_weights() for name in ("first", "out"))
    assert all(pair[0] == pytest.approx(pair[1], abs=1e-5) for pair in zip(one, other))


def test_only_the_chief_writes(workers):
    written = [[pathlib.Path(path).name for path in worker["written"]] for worker in workers]
    assert {"history.csv", "checkpoint-00000004.npz", "tiny.npz", "metrics.json"} <= set(written[0])
    assert written[1] == []


def test_workers_that_see_different_things_all_say_which(workers):
    assert [str(worker["quarrel"]) for worker in workers] == [
        "the workers differ in pictures: all of them need the same data and the same --out"
    ] * 2


@pytest.mark.parametrize("phase", LOSSES)
def test_two_jax_devices_have_the_losses_and_weights_of_one(jax, phase):
    assert_same_losses(*jax, phase)
    if phase == "networks":
        assert_same_weights(*jax, phase)


WORKERS = {"worker": ["one:1", "two:2"]}


@pytest.mark.parametrize(
    "hosts, kind, index, expected",
    [
        (WORKERS, "worker", 0, (2, True)),
        (WORKERS, "worker", "1", (2, False)),
        ({"chief": ["none:1"], **WORKERS}, "chief", 0, (3, True)),
        ({"chief": ["none:1"], **WORKERS}, "worker", 0, (3, False)),
    ],
)
def test_the_cluster_of_tf_config(hosts, kind, index, expected):
    text = json.dumps({"cluster": hosts, "task": {"type": kind, "index": index}})
    assert distribution.parse_tf_config(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["one:1"]}}',
        json.dumps({"cluster": WORKERS, "task": {"type": "worker", "index": 2}}),
        json.dumps({"cluster": WORKERS, "task": {"type": "worker", "index": -1}}),
        json.dumps({"cluster": WORKERS, "task": {"type": "evaluator", "index": 0}}),
        json.dumps({"cluster": {"worker": ["one"]}, "task": {"type": "worker", "index": 0}}),
        json.dumps({"cluster": {"worker": "one:1"}, "task": {"type": "worker", "index": 0}}),
    ],
)
def test_a_tf_config_that_names_no_worker_is_refused_with_an_example(text):
    with pytest.raises(InputError, match='TF_CONFIG does not say .* an example: {"cluster"'):
        distribution.parse_tf_config(text)


def test_workers_without_tf_config_are_refused(tensorflow, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(InputError, match="devices 'workers' need TF_CONFIG"):
        distribution.strategy("workers")


def test_workers_that_come_after_the_first_operation_are_refused(tensorflow, monkeypatch):
    keras.ops.ones(1)
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": WORKERS, "task": {"type": "worker", "index": 0}}))
    with pytest.raises(InputError, match="must meet before anything is computed"):
        distribution.strategy("workers")


def test_unknown_devices_are_refused_with_a_guess():
    with pytest.raises(InputError, match="unknown devices 'miror'.*did you mean 'mirrored'"):
        distribution.strategy("miror")


@pytest.mark.parametrize("backend, devices, wanted", [("tensorflow", "jax", "jax"), ("jax", "mirrored", "tensorflow")])
def test_a_strategy_of_another_backend_is_refused(monkeypatch, backend, devices, wanted):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    with pytest.raises(InputError, match=f"'{devices}' need the {wanted} backend, .* set KERAS_BACKEND={wanted}"):
        distribution.strategy(devices)


def test_a_batch_that_cannot_be_shared_out_is_refused(monkeypatch):
    monkeypatch.setattr(distribution.Strategy, "replicas", 3)
    with pytest.raises(InputError, match="a batch of 16 cannot be shared out evenly among 3 devices"):
        distribution.strategy("none", batch=16)
    assert distribution.strategy("none", batch=15).replicas == 3


@pytest.fixture
def examples(repository):
    """The code blocks of CONTRIBUTING's section on several machines, by language."""
    section = (repository / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Several devices")[2]
    section = section.partition("\n## ")[0]
    return dict(re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL))


@pytest.fixture
def shell(tmp_path):
    """A function that runs a script where srlib, srun and scontrol are stand-ins: (TF_CONFIG, words) of each srlib."""
    stand_ins = {
        "srlib": 'echo "$TF_CONFIG|$*"',
        "scontrol": "printf 'node-a\\nnode-b\\n'",
        "srun": 'shift; for index in 0 1; do SLURM_PROCID=$index "$@"; done',
    }
    for name, script in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{script}\n")
        (tmp_path / name).chmod(0o755)

    def run(script):
        environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
        return [tuple(line.split("|")) for line in done.stdout.splitlines()]

    return run


def assert_two_workers(started):
    """Both commands are ones that srlib takes, on the first and second of two workers."""
    assert [distribution.parse_tf_config(text) for text, _ in started] == [(2, True), (2, False)]
    for _, words in started:
        name, *arguments = words.split()
        context = main.group.command.commands[name].make_context(name, arguments)
        assert (context.params["devices"], context.params["resume"]) == ("workers", True)


def test_the_two_commands_for_two_machines_start_two_workers(examples, shell):
    assert_two_workers(shell(re.sub(r"^\w+\$ ", "", examples["sh"], flags=re.MULTILINE)))


def test_the_slurm_example_starts_two_workers(examples, shell):
    assert_two_workers(shell(examples["bash"]))
    assert len(examples["bash"].splitlines()) <= 25


def test_the_kubernetes_example_starts_two_workers(examples):
    yaml = pytest.importorskip("yaml", reason="reads the example: PyYAML is not installed")
    service, job = yaml.safe_load_all(examples["yaml"])
    pod = job["spec"]["template"]["spec"]
    container = pod["containers"][0]
    index, config = container["env"]
    texts = [
        config["value"].replace(f"$({index['name']})", str(number)) for number in range(job["spec"]["completions"])
    ]
    assert_two_workers([(text, " ".join(container["command"][1:])) for text in texts])
    # An Indexed Job's pods are <job>-<index>, and have addresses below the headless service that `subdomain` names.
    name, subdomain = job["metadata"]["name"], pod["subdomain"]
    hosts = json.loads(texts[0])["cluster"]["worker"]
    assert hosts == [f"{name}-{number}.{subdomain}:12345" for number in range(2)]
    assert (service["metadata"]["name"], service["spec"]["selector"]) == (subdomain, {"job-name": name})
    assert len(examples["yaml"].splitlines()) <= 25
