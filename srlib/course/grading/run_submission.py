"""Kernel of one submission: a process of its own that runs the teacher's cells and the student's answers.

`srlib grade` starts this module, hands it a job on standard input and reads one line of JSON for each thing that
happens. It stops at the first answer that hangs, floods or ends the kernel: the grader starts another one for the
exercises that are left.
"""

import contextlib
import json
import os
import subprocess
import sys
from typing import Any

from srlib.course.grading import sandbox

MIME = "application/vnd.srlib.verdict+json"
HERE = "__import__('srlib.course.grading.run_submission', fromlist=['kernel'])"  # this module, for code in the kernel
# What a kernel is told of the teacher's environment: where things are installed, and how to compute; no more.
_VARIABLES = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "SRLIB_SANDBOX")
_PREFIXES = ("KERAS_", "TF_", "OMP_", "JAX_", "XLA_")
_teachers: dict[str, Any] = {}  # in the kernel: the teacher's own `check`


def begin(names: dict[str, Any], forget: list[str]) -> None:
    """In the kernel, before an answer: no old value of its names, the teacher's `check`, and the watch.

    Args:
        names: the notebook's variables.
        forget: the names that the answer has to give.
    """
    _teachers.setdefault("check", names.get("check"))
    names["check"] = _teachers["check"]  # an earlier answer may have given the name to something else
    for name in forget:
        names.pop(name, None)
    sandbox.watch(".")


def judge(call: str, names: dict[str, Any], *, error: str = "") -> None:
    """In the kernel, after an answer: ask the check and publish its verdict for the grader.

    Args:
        call: source of the call of the check, the teacher's.
        names: the notebook's variables.
        error: what the answer's own cell raised, if it did.
    """
    from IPython import display

    found = {"verdict": "raised", "detail": error} if error else _ask(call, {**names, **_teachers})
    if refused := sandbox.unwatch():
        found = {"verdict": "forbidden", "detail": "; ".join(refused)}
    display.display({MIME: found}, raw=True)


def _ask(call: str, names: dict[str, Any]) -> dict[str, str]:
    """The verdict of the check, or what calling it raises."""
    try:
        verdict = eval(call, names)
        return {"verdict": verdict.status, "detail": verdict.hint}
    except Exception as error:  # an answer that is not there under its name
        return {"verdict": "raised", "detail": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Do the job on standard input and say what happens on standard output."""
    job = json.load(sys.stdin)
    sandbox.limit_resources(memory=job["memory"], file_size=job["file_size"], seconds=job["processor_seconds"])
    _say(closed=sandbox.restrict_writes([job["work"], os.environ["JUPYTER_RUNTIME_DIR"]]))
    client = _client(job["output"])
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with client.setup_kernel(cwd=job["work"], env=_environment(job["work"]), **quiet):
        for step in job["steps"]:
            if not (_exercise if step["exercise"] else _given)(client, step, job):
                break


def _say(**event: Any) -> None:
    print(json.dumps(event), flush=True)


def _environment(work: str) -> dict[str, str]:
    """The kernel's environment: its home and temporary files are its folder, its device is the processor."""
    told = {name: value for name, value in os.environ.items() if name in _VARIABLES or name.startswith(_PREFIXES)}
    places = dict.fromkeys(("HOME", "TMPDIR"), work)
    return {**told, **places, "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "agg"}


def _client(most):
    """A notebook client that stops when a cell's output has more than `most` characters."""
    import nbclient
    import nbformat
    import traitlets.config

    # Sockets that are files, in a folder of this user's: no other user can listen.
    connection = os.path.join(os.environ["JUPYTER_RUNTIME_DIR"], "kernel.json")
    manager = {"transport": "ipc", "connection_file": connection}

    class Client(nbclient.NotebookClient):
        """Counts what arrives; a flood ends the wait for the kernel as its death would."""

        flooded, arrived = False, 0

        def process_message(self, msg, cell, cell_index):
            self.arrived += len(str(msg["content"])) if msg["msg_type"] != "status" else 0
            if self.arrived > most:
                self.flooded = True
                self.task_poll_for_reply.cancel()
                raise nbclient.client.CellExecutionComplete
            return super().process_message(msg, cell, cell_index)

    return Client(
        nbformat.v4.new_notebook(),
        config=traitlets.config.Config({"KernelManager": manager}),
        kernel_name="python3",
        allow_errors=True,
        shutdown_kernel="immediate",
        startup_timeout=300,
        raise_on_iopub_timeout=False,
        timeout_func=lambda cell: cell.metadata.get("limit"),
    )


def _execute(client, source, limit=None):
    """Run a cell; its outputs."""
    import nbformat

    cell = nbformat.v4.new_code_cell(source, metadata={"limit": limit} if limit else {})
    client.nb.cells.append(cell)
    client.arrived = 0
    client.execute_cell(cell, len(client.nb.cells) - 1)
    return cell.outputs


def _given(client, step, job):
    """Run a cell of the teacher's; False, and a word to the grader, if it fails."""
    import nbclient

    try:
        error = _error(_execute(client, step["source"]))
    except nbclient.exceptions.DeadKernelError:
        error = "the kernel ended"
    if error:
        _say(failed=error)
    return not error


def _exercise(client, step, job):
    """Run an answer and its check; False if the kernel is of no more use."""
    import nbclient

    _say(begin=step["exercise"])
    try:
        _execute(client, step["before"])
        error = _error(_execute(client, step["source"], job["seconds"]))
        judged = f"{HERE}.judge({step['call']!r}, globals(), error={error!r})"
        found = _published(_execute(client, judged, job["seconds"]))
    except nbclient.exceptions.CellTimeoutError:
        found = {"verdict": "hung", "detail": f"no end within {job['seconds']} s"}
    except nbclient.exceptions.DeadKernelError:
        found = {"verdict": "crashed", "detail": "its kernel ended"}
        if client.flooded:
            found = {"verdict": "flooded", "detail": f"more than {job['output']:,} characters of output"}
    _say(exercise=step["exercise"], **found)
    return found["verdict"] not in ("hung", "crashed", "flooded")


def _error(outputs):
    """The error in a cell's outputs as one line, "" for none."""
    errors = [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]
    return errors[0] if errors else ""


def _published(outputs):
    """The verdict among a cell's outputs: the last one, as the check speaks after whatever the answer does."""
    found = [output.data[MIME] for output in outputs if MIME in output.get("data", {})]
    return found[-1] if found else {"verdict": "raised", "detail": _error(outputs) or "the check was stopped"}


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
