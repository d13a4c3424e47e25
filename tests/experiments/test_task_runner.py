"""The task runner: every task is done exactly once, whatever dies meanwhile."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

import pytest
import runner_tasks
from runner_tasks import Task, await_true, logged

from srlib.errors import InputError
from srlib.experiments import task_runner

PROGRAM = pathlib.Path(runner_tasks.__file__)


def hold(folder, number):
    """Make a task wait; returns the file whose removal lets it go on."""
    file = pathlib.Path(folder) / f"hold-task-{number}"
    file.touch()
    return file


def squares(results):
    return {name: result["square"] for name, result in results.items()}


def expected(count):
    return {f"task-{number}": number**2 for number in range(count)}


def stored(folder, count):
    """What the result files say, and that there are no others."""
    assert len(list(pathlib.Path(folder).glob("*/result.json"))) == count
    return squares({task.id: task_runner.read(folder, task.id) for task in runner_tasks.tasks(count)})


def names(lines):
    return sorted(name for name, _ in lines)


def begin_program(folder, count, workers=0, scheduler=None):
    """The tasks in a process of its own."""
    words = [sys.executable, str(PROGRAM), str(folder), str(count), str(workers), *([scheduler] if scheduler else [])]
    return subprocess.Popen(words, stderr=subprocess.DEVNULL, env=environment())


def environment():
    """One in which a process finds srlib and the tests' own modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROGRAM.parents[1]), str(PROGRAM.parent)])}


def test_every_task_is_done_once_and_a_second_call_reads_the_results(tmp_path):
    for _ in range(2):
        found = task_runner.run(runner_tasks.tasks(3), runner_tasks.square, folder=tmp_path)
        assert list(squares(found).items()) == list(expected(3).items())
    assert names(logged(tmp_path, "begun")) == ["task-0", "task-1", "task-2"]
    assert stored(tmp_path, 3) == expected(3)


def test_more_tasks_cost_only_what_is_new(tmp_path):
    task_runner.run(runner_tasks.tasks(2), runner_tasks.square, folder=tmp_path)
    assert squares(task_runner.run(runner_tasks.tasks(4), runner_tasks.square, folder=tmp_path)) == expected(4)
    assert names(logged(tmp_path, "begun")) == ["task-0", "task-1", "task-2", "task-3"]


def test_a_task_that_raises_is_recorded_with_its_message_and_the_others_are_done(tmp_path):
    def work(task, place):
        if task.number == 1:
            raise OSError("the disk\nis full")
        return runner_tasks.square(task, place)

    found = task_runner.run(runner_tasks.tasks(3), work, folder=tmp_path)
    assert [result["status"] for result in found.values()] == ["done", "failed", "done"]
    assert found["task-1"] == task_runner.read(tmp_path, "task-1")
    assert found["task-1"]["reason"] == "OSError: the disk is full"


def test_the_next_call_tries_again_what_failed_and_nothing_else(tmp_path):
    task_runner.run(runner_tasks.tasks(1), runner_tasks.square, folder=tmp_path)
    task_runner.run([Task(1)], lambda task, place: 1 / 0, folder=tmp_path)
    assert squares(task_runner.run(runner_tasks.tasks(2), runner_tasks.square, folder=tmp_path)) == expected(2)
    assert names(logged(tmp_path, "begun")) == ["task-0", "task-1"]


def test_scratch_stays_until_the_result_stands(tmp_path):
    def leave(task, place):
        (place / "scratch").mkdir(exist_ok=True)
        tries = place / "scratch" / "tries"
        tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
        if tries.read_text() == "x":
            raise KeyboardInterrupt
        return {"status": "done", "tries": tries.read_text()}

    with pytest.raises(KeyboardInterrupt):
        task_runner.run([Task(0)], leave, folder=tmp_path)
    assert task_runner.read(tmp_path, "task-0") == {"id": "task-0", "status": "failed", "reason": ""}
    assert task_runner.run([Task(0)], leave, folder=tmp_path)["task-0"]["tries"] == "xx"
    assert not (tmp_path / "task-0" / "scratch").exists()


def test_two_processes_with_the_same_tasks_do_each_of_them_once(tmp_path):
    waiting = hold(tmp_path, 0)
    programs = [begin_program(tmp_path, 3) for _ in range(2)]
    await_true(lambda: logged(tmp_path, "begun"))
    waiting.unlink()
    assert [program.wait(240) for program in programs] == [0, 0]
    assert names(logged(tmp_path, "begun")) == names(logged(tmp_path, "ended")) == ["task-0", "task-1", "task-2"]
    assert stored(tmp_path, 3) == expected(3)


def test_two_threads_with_the_same_task_do_it_once(tmp_path):
    waiting = hold(tmp_path, 2)
    found = []

    def work():
        found.append(task_runner.run_one(Task(2), runner_tasks.square, folder=tmp_path))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    await_true(lambda: logged(tmp_path, "begun"))
    waiting.unlink()
    for thread in threads:
        thread.join(240)
    assert found == [{"id": "task-2", "status": "done", "square": 4}] * 2
    assert names(logged(tmp_path, "begun")) == ["task-2"]


def test_kill_9_of_a_run_in_one_process_costs_the_task_it_was_at(tmp_path):
    hold(tmp_path, 1)
    program = begin_program(tmp_path, 3)
    await_true(lambda: "task-1" in names(logged(tmp_path, "begun")))
    program.kill()
    program.wait(240)
    (tmp_path / "hold-task-1").unlink()
    assert squares(task_runner.run(runner_tasks.tasks(3), runner_tasks.square, folder=tmp_path)) == expected(3)
    assert names(logged(tmp_path, "begun")) == ["task-0", "task-1", "task-1", "task-2"]
    assert names(logged(tmp_path, "ended")) == ["task-0", "task-1", "task-2"]


@pytest.fixture
def distributed():
    return pytest.importorskip("distributed", reason="needs Dask: pip install -e '.[cluster]'")


def test_kill_9_of_a_worker_gives_its_task_to_another(distributed, tmp_path):
    waiting = hold(tmp_path, 1)
    with task_runner.connect(2) as client, background(runner_tasks.tasks(4), tmp_path, client) as outcome:
        await_true(lambda: "task-1" in names(logged(tmp_path, "begun")))
        os.kill(dict(logged(tmp_path, "begun"))["task-1"], signal.SIGKILL)
        await_true(lambda: names(logged(tmp_path, "begun")).count("task-1") == 2)
        waiting.unlink()
    assert squares(outcome["found"]) == stored(tmp_path, 4) == expected(4)
    assert names(logged(tmp_path, "begun")) == ["task-0", "task-1", "task-1", "task-2", "task-3"]
    assert names(logged(tmp_path, "ended")) == ["task-0", "task-1", "task-2", "task-3"]


@contextlib.contextmanager
def background(tasks, folder, client):
    """Do tasks in a thread beside the block, wait for its end: {"found": results} or {"error": what it raised}."""
    outcome = {}

    def target():
        try:
            outcome["found"] = task_runner.run(tasks, runner_tasks.square, folder=folder, client=client)
        except Exception as error:
            outcome["error"] = error

    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield outcome
    finally:
        thread.join(240)
        assert not thread.is_alive()


def test_a_task_that_kills_every_worker_is_recorded_as_failed(distributed, tmp_path):
    with task_runner.connect(1) as client:
        found = task_runner.run([Task(0)], runner_tasks.deadly, folder=tmp_path, client=client)
    assert found["task-0"]["status"] == task_runner.read(tmp_path, "task-0")["status"] == "failed"
    assert "its worker died again and again" in found["task-0"]["reason"]


def test_kill_9_of_the_parent_takes_its_workers_along_and_the_same_command_goes_on(distributed, tmp_path):
    hold(tmp_path, 1)
    program = begin_program(tmp_path, 4, workers=1)
    await_true(lambda: "task-1" in names(logged(tmp_path, "begun")))
    program.kill()
    program.wait(240)
    worker = dict(logged(tmp_path, "begun"))["task-1"]
    await_true(lambda: not alive(worker))
    (tmp_path / "hold-task-1").unlink()
    assert begin_program(tmp_path, 4, workers=1).wait(240) == 0
    assert stored(tmp_path, 4) == expected(4)
    assert names(logged(tmp_path, "begun")) == ["task-0", "task-1", "task-1", "task-2", "task-3"]
    assert names(logged(tmp_path, "ended")) == ["task-0", "task-1", "task-2", "task-3"]


def alive(process):
    """Whether a process runs and is no zombie."""
    state = pathlib.Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


@contextlib.contextmanager
def started(*words):
    """A Dask program with its processes in a group of their own; killed with it at the end."""
    command = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]]
    program = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield program
    finally:
        kill_group(program)


def kill_group(program):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait(240)


@pytest.fixture
def address(distributed):
    """The address of a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def scheduler(address):
    """A Dask scheduler without workers."""
    host, _, port = address.removeprefix("tcp://").partition(":")
    with started("dask_scheduler", "--host", host, "--port", port, "--no-dashboard") as program:
        yield program


def worker(address):
    return started("dask_worker", address, "--nthreads", "1", "--no-dashboard")


def test_after_the_loss_of_all_workers_a_run_goes_on_when_workers_come_back(scheduler, address, tmp_path):
    waiting = hold(tmp_path, 1)
    with (
        task_runner.connect(address) as client,
        worker(address) as first,
        background(runner_tasks.tasks(4), tmp_path, client) as outcome,
    ):
        await_true(lambda: "task-1" in names(logged(tmp_path, "begun")))
        kill_group(first)
        await_true(lambda: not client.nthreads())
        waiting.unlink()
        with worker(address):
            await_true(lambda: outcome)
    assert squares(outcome["found"]) == stored(tmp_path, 4) == expected(4)
    assert names(logged(tmp_path, "begun")) == ["task-0", "task-1", "task-1", "task-2", "task-3"]
    assert names(logged(tmp_path, "ended")) == ["task-0", "task-1", "task-2", "task-3"]


def test_without_workers_a_run_ends_with_a_line_that_counts_what_is_left(scheduler, address, tmp_path, monkeypatch):
    monkeypatch.setattr(task_runner, "WORKER_TIMEOUT", 0.1)
    task_runner.run([Task(0)], runner_tasks.square, folder=tmp_path)
    with (
        task_runner.connect(address) as client,
        pytest.raises(task_runner.Unfinished, match="no workers .* 2 runs are left"),
    ):
        task_runner.run(runner_tasks.tasks(3), runner_tasks.square, folder=tmp_path, client=client)
    assert squares(task_runner.run(runner_tasks.tasks(3), runner_tasks.square, folder=tmp_path)) == expected(3)


def test_the_loss_of_the_scheduler_ends_a_run_which_can_then_go_on(scheduler, address, tmp_path):
    waiting = hold(tmp_path, 1)
    with task_runner.connect(address) as client, worker(address):
        with background(runner_tasks.tasks(3), tmp_path, client) as outcome:
            await_true(lambda: "task-1" in names(logged(tmp_path, "begun")))
            kill_group(scheduler)
        assert isinstance(outcome["error"], task_runner.Unfinished)
        assert "scheduler is lost" in str(outcome["error"])
    waiting.unlink()
    assert squares(task_runner.run(runner_tasks.tasks(3), runner_tasks.square, folder=tmp_path)) == expected(3)
    assert set(names(logged(tmp_path, "ended"))) == {"task-0", "task-1", "task-2"}


def test_a_scheduler_that_does_not_answer_is_bad_input(address, monkeypatch):
    monkeypatch.setattr(task_runner, "_ANSWER", 0.5)
    with (
        pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"),
        task_runner.connect(address),
    ):
        pass


def test_a_worker_that_does_not_see_the_folder_is_bad_input(distributed, tmp_path):
    with pytest.raises(InputError, match="a worker does not see .*elsewhere"):
        task_runner._run_there(Task(0), runner_tasks.square, str(tmp_path / "elsewhere"))


def test_without_dask_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"distributed: pip install .dask\[distributed\]"), task_runner.connect(2):
        pass


def test_no_workers_and_no_scheduler_need_no_dask():
    with task_runner.connect() as client:
        assert client is None
