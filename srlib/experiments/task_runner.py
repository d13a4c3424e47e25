"""Task runner: many tasks, each done exactly once, over processes or machines that may die at any moment.

A task is an object with an `id`; it has the folder <folder>/<id>/, where `result.json`, written whole and last, is the
only thing that says that it is done. So nothing else has to survive: a command that is started again reads the results
that are there and does the rest. A task is done under a claim on its folder, which dies with the process that holds
it; two processes that are given the same task, as when a worker is taken for lost and is not, do it one after the
other, and the second finds the result. What a task leaves in <id>/scratch/, to go on
from, is kept until its result stands.
"""

import contextlib
import hashlib
import json
import pathlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tqdm

from srlib import files
from srlib.errors import InputError
from srlib.machine import environment, extras

DONE, FAILED = "done", "failed"
MARKER = "tasks"  # a file that workers must see in the folder of the tasks
WORKER_TIMEOUT = 600.0  # seconds without any worker after which a run ends
_ANSWER = 10.0  # seconds for a scheduler to answer
_POLL = 0.2  # seconds between two looks at the workers
_ONE_AT_A_TIME = threading.Lock()  # a worker with several threads: training changes settings of the whole process

Result = dict[str, Any]
Work = Callable[[Any, pathlib.Path], Result]  # does a task, given it and its folder


class Unfinished(Exception):
    """A run ended before its tasks did; its message says why, and the same command goes on."""


def run(
    tasks: Sequence[Any], work: Work, *, folder: files.PathLike, client: Any = None, title: str = ""
) -> dict[str, Result]:
    """Do the tasks that have no result yet.

    Args:
        tasks: objects with an `id` (str, a file name), pickled where a `client` is given.
        work: function of (task, its folder) that gives a dict of JSON values with "status"; what it raises is recorded
            as the status "failed" with the "reason". With a `client` it must be importable by the workers.
        folder: of all tasks, seen under the same name by all workers.
        client: of `connect`, or None to do the tasks one after the other in this process.
        title: before the progress bar.
    Returns:
        {id: result} in the order of the tasks, with "id" in each. A task that failed earlier is tried again.
    Raises:
        Unfinished: no worker for `WORKER_TIMEOUT`, or the scheduler is lost.
    """
    folder = pathlib.Path(folder)
    files.write_text(folder / MARKER, "The results of tasks; see srlib/experiments/task_runner.py.\n")
    found = {task.id: result for task in tasks if (result := read(folder, task.id))["status"] != FAILED}
    rest = {task.id: task for task in tasks if task.id not in found}.values()
    each = _by_client(rest, work, folder, client) if client else (run_one(task, work, folder=folder) for task in rest)
    with tqdm.tqdm(total=len(found) + len(rest), initial=len(found), desc=title, unit="run", disable=not rest) as bar:
        for result in each:
            found[result["id"]] = result
            bar.update(1)
            bar.set_postfix_str(f"{result['id']} {result['status']}")
    return {task.id: found[task.id] for task in tasks}


def read(folder: files.PathLike, task_id: str) -> Result:
    """The result of a task; one with the status "failed" and no reason where there is none."""
    try:
        return json.loads((pathlib.Path(folder) / task_id / "result.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return _failure(task_id, "")


def run_one(task: Any, work: Work, *, folder: files.PathLike) -> Result:
    """Do one task and write its result, unless it is there: safe to call twice, anywhere, and at the same time."""
    place = pathlib.Path(folder) / task.id
    with _ONE_AT_A_TIME, files.claimed(place):
        if (result := read(folder, task.id))["status"] != FAILED:
            return result
        try:
            result = {"id": task.id, **work(task, place)}
        except Exception as error:  # whatever one task does, the others are still done
            result = _failure(task.id, f"{type(error).__name__}: {error}")
        return _write(result, place)


def _failure(task_id, reason):
    return {"id": task_id, "status": FAILED, "reason": " ".join(reason.split())}


def _write(result, place):
    """Write a result and clear away what it was made from; returns it."""
    files.write_json(place / "result.json", result)
    if result["status"] != FAILED:
        shutil.rmtree(place / "scratch", ignore_errors=True)
    return result


@contextlib.contextmanager
def connect(workers: int | str = 0, *, prepare: str = "") -> Iterator[Any]:
    """Yield a Dask client for `run`.

    Args:
        workers: how many processes to start on this machine, 0 for None: no Dask, all in this process; or the address
            of a scheduler that runs elsewhere, such as "tcp://10.0.0.5:8786".
        prepare: a line of Python that each process started here runs first.
    Raises:
        InputError: Dask is not installed, or no scheduler answers there.
    """
    if not workers:
        yield None
        return
    with extras.needed("training in several processes", "cluster"):
        import distributed
    with contextlib.nullcontext(workers) if isinstance(workers, str) else _cluster(workers, prepare) as address:
        try:
            client = distributed.Client(address, timeout=_ANSWER, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(f"no Dask scheduler answers at {workers}; start one: dask scheduler") from error
        with client:
            yield client


def _cluster(workers, prepare):
    """A Dask cluster of worker processes here; one that dies is replaced."""
    import distributed

    threads = max(1, environment.cores() // workers)  # TensorFlow takes all cores in each process otherwise
    environ = {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    options = {"memory_limit": None, "dashboard_address": None, "silence_logs": "CRITICAL", "processes": True}
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, env=environ, preload=[prepare] if prepare else [], **options
    )


def _by_client(tasks, work, folder, client):
    """Yield the results of tasks as a Dask client's workers bring them; those of a worker that dies go to another."""
    where = hashlib.sha256(str(folder).encode()).hexdigest()[:8]
    futures = {
        client.submit(_run_there, task, work, str(folder), key=f"{task.id}-{where}", pure=False): task for task in tasks
    }
    try:
        last_seen = time.monotonic()
        while futures:
            finished = [future for future in futures if future.status != "pending"]
            for future in finished:
                yield _result(future, futures.pop(future), folder)
            if finished or _has_workers(client):
                last_seen = time.monotonic()
            elif time.monotonic() - last_seen > WORKER_TIMEOUT:
                raise Unfinished(f"no workers for {WORKER_TIMEOUT:.0f} s: {len(futures)} runs are left")
            time.sleep(0 if finished else _POLL)
    finally:
        with contextlib.suppress(Exception):  # a scheduler that is lost has nothing left to cancel
            client.cancel(list(futures))


def _run_there(task, work, folder):
    """`run_one` on a worker, which must see the folder of the tasks."""
    if not (pathlib.Path(folder) / MARKER).exists():
        raise InputError(f"a worker does not see {folder}: choose an --out that all machines share")
    return run_one(task, work, folder=folder)


def _has_workers(client):
    """Whether the scheduler knows of any worker.

    Raises:
        Unfinished: the scheduler does not answer.
    """
    try:
        return bool(client.nthreads())
    except Exception as error:  # Dask raises its own and the system's, by how the connection ended
        raise Unfinished(f"the Dask scheduler is lost ({type(error).__name__})") from error


def _result(future, task, folder):
    """The result behind a future that has come to an end."""
    import distributed

    stored = read(folder, task.id)  # it is there though the worker may have died after it
    if stored["status"] != FAILED:
        return stored
    if future.status == "finished":
        return future.result()
    if future.status != "error":
        raise Unfinished("the Dask scheduler is lost, and the runs given to it")
    error = future.exception()
    if isinstance(error, InputError):
        raise error
    if isinstance(error, distributed.KilledWorker):
        error = "its worker died again and again: too little memory?"
    return _write(_failure(task.id, str(error)), folder / task.id)
