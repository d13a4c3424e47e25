"""Downloads over HTTP that arrive whole or not at all: pooch checks and places them, this module moves the bytes.

What pooch's own downloader lacks is here: a transfer that was cut, or stopped with Ctrl-C, goes on where it stopped
(HTTP Range, from <name>.part); a server that is busy is asked again when it says so; the disk is looked at first.
"""

import concurrent.futures
import dataclasses
import errno
import os
import pathlib
import threading
import time
import urllib.parse
from collections.abc import Sequence

import pooch
import requests
import tqdm
import urllib3

from srlib.data import disk_space
from srlib.errors import InputError

ATTEMPTS = 5  # tries of one file without a byte of progress between them
WRONG_CHECKSUM = 3  # downloads of a file whose checksum is wrong each time
LONGEST_WAIT = 120  # seconds; a server that asks for more is given up
TIMEOUT = 30
WORKERS = 8
_CHUNK = 1 << 15
_BUSY = (429, 500, 502, 503, 504)
pooch.get_logger().setLevel("ERROR")


class Unavailable(InputError):
    """There is no connection to the server, or it does not give the file."""


@dataclasses.dataclass(frozen=True)
class File:
    """A file to fetch: where from, where to, its checksum ("md5:…" or "sha256:…") and size in bytes, where known."""

    url: str
    path: pathlib.Path
    checksum: str | None = None
    size: int | None = None


def file(wanted: File, *, progress: bool = True, stop: threading.Event | None = None) -> pathlib.Path:
    """Fetch one file unless it is there; what a stopped transfer left is used.

    Args:
        wanted: what to fetch.
        progress: whether to show a bar of its bytes.
        stop: ends the transfer between two chunks.
    Returns:
        The path of the file.
    Raises:
        Unavailable: there is no connection, no such file at the server, or its checksum is wrong time after time.
        InputError: the disk is full.
    """
    path = wanted.path
    part = path.with_name(path.name + ".part")
    transfer = Transfer(part, checked=bool(wanted.checksum), progress=progress, stop=stop)
    for _ in range(WRONG_CHECKSUM):
        try:
            # pooch compares the checksum, deletes what is wrong, and moves what is right into place at once.
            pooch.retrieve(wanted.url, wanted.checksum, path.name, path.parent, downloader=transfer)
            return path
        except ValueError as error:
            if isinstance(error, InputError) or "hash" not in str(error):
                raise
        except requests.RequestException as error:
            raise Unavailable(f"{wanted.url}: {error}") from error
        except OSError as error:
            raise _explained(error, wanted) from error
    raise Unavailable(
        f"{wanted.url}: the file's checksum is not {wanted.checksum}, {WRONG_CHECKSUM} times; it was deleted: "
        "the server's copy has changed or is damaged, try another source"
    )


def _explained(error, wanted):
    """The `InputError` of a disk that is full or cannot be written."""
    if error.errno == errno.ENOSPC:
        return InputError(f"{wanted.path}: the disk is full; free some space and run it again, it goes on from there")
    return InputError(f"cannot write {wanted.path}: {error.strerror or error}")


def many(wanted: Sequence[File], *, progress: bool = True, about: str = "files") -> None:
    """Fetch many small files with several threads; those that are there are passed over.

    Args:
        wanted: what to fetch.
        progress: whether to show a bar of the files.
        about: what they are, beside the bar.
    Raises:
        InputError: as `file`, of the first that failed; the others under way are stopped.
    """
    require_space(wanted)
    stop = threading.Event()
    pool = concurrent.futures.ThreadPoolExecutor(WORKERS, "fetch")
    try:
        tasks = [pool.submit(file, one, progress=False, stop=stop) for one in wanted]
        finished = concurrent.futures.as_completed(tasks)
        for task in tqdm.tqdm(finished, about, len(tasks), unit="file", disable=not progress):
            task.result()
    finally:
        stop.set()  # also after Ctrl-C: each thread ends at its next chunk and keeps its .part file
        pool.shutdown(wait=True, cancel_futures=True)


def require_space(wanted: Sequence[File], *, extra: int = 0) -> None:
    """Raise InputError unless the disk holds what is still lacking, `extra` bytes and the reserve."""
    missing = [one for one in wanted if not one.path.exists()]
    if missing:
        needed = sum(one.size or 0 for one in missing) + extra
        advice = "make room, choose another --data-root, or take a --subset"
        disk_space.require(missing[0].path.parent, needed, purpose="to fetch", advice=advice)


def rebased(url: str, server: str | None) -> str:
    """An address at another server: its scheme and host replaced by those of `server`, unless that is None."""
    if not server:
        return url
    parts = urllib.parse.urlsplit(url)
    return server.rstrip("/") + urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))


class Transfer:
    """Downloader for pooch that goes on with a .part file and waits for a busy server.

    Args:
        part: the file that keeps what has come so far.
        checked: whether a checksum will tell a file patched together from two versions; else the server must.
        progress: whether to show a bar of bytes.
        stop: ends it between two chunks or while it waits; urllib3's own waiting could not be ended so.
    """

    def __init__(
        self, part: pathlib.Path, *, checked: bool, progress: bool = False, stop: threading.Event | None = None
    ) -> None:
        self._part, self._checked, self._progress, self._stop = part, checked, progress, stop or threading.Event()
        self._version = part.with_name(part.name + ".version")  # the server's name for this version of the file

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Bring `url` to `output_file`, as pooch asks."""
        failures = 0
        while (wait := self._try(url, failures)) is not None:
            failures = 0 if wait == 0 else failures + 1
            self._stop.wait(wait)
        os.replace(self._part, output_file)
        self._version.unlink(missing_ok=True)

    def _try(self, url, failures):
        """One request: None when the file is whole, else the seconds to wait before the next one."""
        before = self._have()
        try:
            with thread.session.get(url, headers=self._headers(before), stream=True, timeout=TIMEOUT) as response:
                return self._take(response, url, failures)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            if self._have() > before:
                return 0
            if failures + 1 >= (ATTEMPTS if before else 3):
                raise Unavailable(f"{url}: no connection ({_reason(error)})") from error
            return 0.5 * 2**failures

    def _have(self):
        return self._part.stat().st_size if self._part.exists() else 0

    def _headers(self, have):
        """Ask for the bytes as they are, and for the missing ones only, if the file is still the same."""
        headers = {"Accept-Encoding": "identity", "User-Agent": f"srlib (pooch {pooch.__version__})"}
        version = self._version.read_text() if self._version.exists() else ""
        if have and (version or self._checked):
            headers["Range"] = f"bytes={have}-"
            if version:
                headers["If-Range"] = version
        return headers

    def _take(self, response, url, failures):
        """Read an answer into the .part file; returns as `_try`."""
        if response.status_code == 416:  # nothing is left to send: the part is whole, or of another file
            if response.headers.get("Content-Range") == f"bytes */{self._have()}":
                return None
            self._part.unlink(missing_ok=True)
            return 0.1
        if response.status_code in _BUSY:
            return _wait_for(response, url, failures)
        if response.status_code not in (200, 206):
            raise Unavailable(f"{url}: the server answers {response.status_code} {response.reason}")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise Unavailable(f"{url}: the server answers with a web page: its quota may be used up")
        self._append(response, goes_on=_starts_at(response) == self._have() > 0)
        return None

    def _append(self, response, goes_on):
        """Write the body behind what is there, or in its place; raises requests.ConnectionError if it is cut."""
        have = self._have() if goes_on else 0
        length = int(response.headers["Content-Length"]) if "Content-Length" in response.headers else None
        self._part.parent.mkdir(parents=True, exist_ok=True)
        advice = "make room or choose another --data-root"
        disk_space.require(self._part.parent, length or 0, purpose="to come", advice=advice)
        if not goes_on:
            self._part.unlink(missing_ok=True)  # before the version is noted: old bytes never stand under a new name
            self._version.write_text(response.headers.get("ETag") or response.headers.get("Last-Modified", ""))
        total = None if length is None else have + length
        bar = tqdm.tqdm(
            desc=self._part.stem, total=total, initial=have, unit="B", unit_scale=True, disable=not self._progress
        )
        with bar, open(self._part, "ab") as part:
            for chunk in response.iter_content(_CHUNK):
                part.write(chunk)
                bar.update(len(chunk))
                if self._stop.is_set():
                    raise InputError("stopped")
        if total is not None and self._have() != total:
            raise requests.ConnectionError(f"cut after {self._have()} of {total} bytes")


def _starts_at(response):
    """The first byte that a partial answer (206) brings; 0 for a whole one."""
    if response.status_code != 206:
        return 0
    return int(response.headers.get("Content-Range", "bytes 0-").removeprefix("bytes ").partition("-")[0])


def _wait_for(response, url, failures):
    """Seconds to wait for a busy server: as long as it says, else twice as long each time.

    Raises:
        Unavailable: it was asked often enough, or wants more patience than `LONGEST_WAIT`.
    """
    try:
        wait = urllib3.Retry().get_retry_after(response.raw)
    except urllib3.exceptions.InvalidHeader:
        wait = None
    wait = 2.0**failures if wait is None else wait
    if failures + 1 >= ATTEMPTS or wait > LONGEST_WAIT:
        raise Unavailable(f"{url}: the server answers {response.status_code} {response.reason}; try again later")
    return max(wait, 0.01)


def wait_or_give_up(response: requests.Response, url: str, *, failures: int) -> None:
    """Sleep as a busy server asks, before it is asked again.

    Raises:
        Unavailable: it answers something else than that it is busy, or was asked often enough.
    """
    if response.status_code not in _BUSY:
        raise Unavailable(f"{url}: the server answers {response.status_code} {response.reason}")
    time.sleep(_wait_for(response, url, failures))


def _reason(error):
    """The short reason of a connection error, without the library's wrapping."""
    while error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    text = str(getattr(error, "reason", None) or error)
    return text.rpartition(": ")[2].rstrip("'\" ") or type(error).__name__


class _Thread(threading.local):
    """What each thread has of its own: a session, which keeps connections between the small files of one server."""

    def __init__(self):
        self.session = requests.Session()


thread = _Thread()
