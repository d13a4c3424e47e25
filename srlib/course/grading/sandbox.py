"""Sandbox for the code of a submission: limits, folders to write to, and a watch that reports.

Three fences, from the outside in. `limit_resources` bounds memory, file size and processor time of a process and its
children. `restrict_writes` (Linux with Landlock) lets the operating system refuse every write outside some folders,
whoever tries. `watch` refuses and reports what Python code tries: writes outside a folder, programs, connections. The
first two hold against any program; the third tells the teacher what happened, and somebody who sets out to can get
round it.
"""

import contextlib
import ctypes
import os
import pathlib
import sys
from collections.abc import Iterable, Sequence
from typing import Any

try:
    import resource
except ImportError:  # Windows
    resource = None

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of Python's audit with the positions of those arguments that are paths which are changed.
_CHANGES = {
    **dict.fromkeys(("os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.utime"), (0,)),
    **dict.fromkeys(("os.rename", "os.link"), (0, 1)),
    **dict.fromkeys(("shutil.rmtree", "sqlite3.connect"), (0,)),
    "os.symlink": (1,),
}
_PROGRAMS = {"os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"}
_OTHERS = {"os.kill": "a signal to a process", "os.killpg": "a signal to a process", "socket.connect": "a connection"}

# Landlock's numbers (linux/landlock.h): system calls, and the rights that mean a change of the file system.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF, _NO_NEW_PRIVILEGES = 444, 445, 446, 38
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_CHANGE_TREE = sum(1 << bit for bit in range(4, 14)) | _TRUNCATE

_refused: list[str] = []
_watched: list[str] = []  # the folder outside which nothing may be changed, while there is one


def limit_resources(*, memory: int, file_size: int, seconds: float) -> None:
    """Bound this process and those that it starts from now on, each by itself.

    Args:
        memory: bytes of address space (macOS does not enforce it).
        file_size: bytes that a file may grow to.
        seconds: processor time.
    """
    wanted = {"RLIMIT_AS": memory, "RLIMIT_FSIZE": file_size, "RLIMIT_CPU": seconds, "RLIMIT_CORE": 0}
    for name, value in wanted.items():
        kind = getattr(resource, name)
        _, most = resource.getrlimit(kind)
        value = int(value) if most == resource.RLIM_INFINITY else min(int(value), most)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def restrict_writes(folders: Iterable[pathlib.Path | str]) -> bool:
    """Let the system refuse every write outside `folders` to this thread and all that it starts; there is no way back.

    Args:
        folders: what lies in /dev stays writable, as devices are.
    Returns:
        True where the system can do that: Linux 6.2 or newer with Landlock.
    """
    system = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if system is None or system.syscall(_CREATE_RULESET, None, 0, 1) < 3:
        return False
    handled = _Ruleset(_WRITE_FILE | _CHANGE_TREE)
    ruleset = system.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.sizeof(handled), 0)
    allowed = {**{os.fspath(folder): handled.handled for folder in folders}, "/dev": _WRITE_FILE}
    done = all(_allow(system, ruleset, folder, rights) for folder, rights in allowed.items())
    done = done and system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    done = done and system.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return done


def _allow(system: ctypes.CDLL, ruleset: int, folder: str, rights: int) -> bool:
    """Grant rights below a folder; whether that worked."""
    handle = os.open(folder, os.O_PATH)
    rule = _PathBeneath(rights, handle)
    done = system.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(rule), 0) == 0
    os.close(handle)
    return done


def watch(folder: pathlib.Path | str) -> None:
    """From now on, refuse Python code of this process what reaches outside `folder`, and remember what was tried.

    Writing elsewhere, starting programs, signals and connections raise PermissionError. Reading is free.
    """
    if not hasattr(watch, "audit"):  # a hook of Python's audit stays for good, so that one is enough
        watch.audit = _audit
        sys.addaudithook(_audit)
    _refused.clear()
    _watched[:] = [os.path.realpath(folder)]


def unwatch() -> list[str]:
    """End the watch; returns what was refused since it began in words, each once."""
    _watched.clear()
    return list(dict.fromkeys(_refused))


def _audit(event: str, arguments: Sequence[Any]) -> None:
    problem = _watched and _problem(event, arguments, _watched[0])
    if problem:
        _refused.append(problem)
        raise PermissionError(f"refused: {problem}")


def _problem(event: str, arguments: Sequence[Any], root: str) -> str | None:
    """What an event of Python's audit would do outside `root`, in words; None for anything harmless."""
    if event in _PROGRAMS:
        return "starting a program"
    if event in _OTHERS:
        return _OTHERS[event]
    paths: Sequence[Any] = ()
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
        paths = arguments[:1]
    elif event in _CHANGES:
        paths = [arguments[position] for position in _CHANGES[event]]
    outside = [path for path in paths if isinstance(path, str | bytes | os.PathLike) and not _inside(path, root)]
    return f"writing to {os.fsdecode(outside[0])}" if outside else None


def _inside(path: str | bytes | os.PathLike, root: str) -> bool:
    """Whether a path lies in the folder, or is a device or held in memory."""
    text = os.fsdecode(path)
    if text.startswith(":memory:") or not text:
        return True
    real = os.path.realpath(text)
    return pathlib.Path(real).is_relative_to(root) or real.startswith("/dev/")
