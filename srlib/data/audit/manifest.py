"""Manifests: one CSV row a picture, with what is needed to say later that it is still the same one."""

import concurrent.futures
import csv
import dataclasses
import hashlib
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from srlib import files, records
from srlib.data.audit import duplicates
from srlib.errors import InputError
from srlib.imaging import pictures

SMALLEST = 96  # pixels of the shorter side: below it no training patch can be cut


@dataclasses.dataclass(frozen=True)
class Row:
    """One picture: `id` is its path below the folder of its split, the other fields are empty where not known."""

    id: str
    split: str
    url: str = ""
    sha256: str = ""
    width: int = 0
    height: int = 0
    licence: str = ""
    author: str = ""


@dataclasses.dataclass(frozen=True)
class Problem:
    """Something wrong with a data set: its `kind`, the picture(s), and what to do about it."""

    kind: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}; {self.advice}"


def write(path: pathlib.Path | str, rows: Iterable[Row]) -> None:
    """Write rows to a CSV file, sorted by split and id, whole or not at all."""
    files.write_text(path, records.csv_text(sorted(rows, key=lambda row: (row.split, row.id))))


def read(path: pathlib.Path | str) -> list[Row]:
    """Read the rows of a CSV file.

    Raises:
        InputError: there is no such file, or it is no manifest.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return [_row(values) for values in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a manifest ({error})") from error


def _row(values):
    return Row(**{**values, "width": int(values["width"]), "height": int(values["height"])})


def describe(path: pathlib.Path | str, **known: str) -> Row:
    """The `Row` of a picture file: its checksum and size, and what is `known` of it (id, split, url, …).

    Raises:
        InputError: the file is no picture.
    """
    with pictures.opened(path) as image:
        width, height = image.size
    return Row(sha256=sha256(path), width=width, height=height, **known)


def sha256(path: pathlib.Path | str) -> str:
    """The SHA-256 of a file as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def build(folders: Mapping[str, pathlib.Path]) -> tuple[list[Row], list[Problem]]:
    """The rows of all pictures in folders, those that cannot be read left out.

    Args:
        folders: {split: folder}.
    Returns:
        (rows, problems): the problems are those with the files left out.
    """
    places = [(split, path, folder) for split, folder in folders.items() for path in pictures.find(folder)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda place: _described(*place), places))
    return [row for row in results if isinstance(row, Row)], [row for row in results if isinstance(row, Problem)]


def _described(split, path, folder):
    """The `Row` of a file, or the `Problem` with it."""
    try:
        return describe(path, id=path.relative_to(folder).as_posix(), split=split)
    except InputError as error:
        return Problem("unreadable", str(error), "delete it, or fetch it again")


def check(folders: Mapping[str, pathlib.Path], rows: Sequence[Row] | None = None) -> list[Problem]:
    """Look for pictures that are missing, altered, unreadable, too small, or there twice.

    Args:
        folders: {split: folder}; pictures of different splits must show different things.
        rows: what the manifest says, or None where there is no manifest.
    Returns:
        What is wrong, empty if all is well.
    Raises:
        InputError: a folder is not there, or holds no picture.
    """
    found, problems = build(folders)
    problems += _against(found, rows, folders) if rows is not None else []
    problems += _too_small(found) + _same_files(found)
    return problems + near_duplicates(found, folders)


def missing(path: pathlib.Path) -> Problem:
    """The problem of a picture that is in the manifest and not in its folder."""
    return Problem("missing", str(path), "fetch the data set again: only what is missing comes")


def _against(found, rows, folders):
    """The problems of the pictures `found` against the rows of the manifest."""
    there = {(row.split, row.id): row for row in found}
    problems = []
    for row in rows:
        path, now = pathlib.Path(folders.get(row.split, "")) / row.id, there.get((row.split, row.id))
        if now is None and not path.exists():
            problems.append(missing(path))
        elif now is not None and row.sha256 and now.sha256 != row.sha256:
            problems.append(
                Problem("altered", str(path), "its bytes are not the manifest's: delete it and fetch again")
            )
    return problems


def _too_small(found):
    """A problem for each picture from which no training patch can be cut."""
    advice = f"no patch of {SMALLEST}×{SMALLEST} pixels fits: leave it out of training"
    small = [row for row in found if min(row.width, row.height) < SMALLEST]
    return [Problem("too small", f"{row.split}/{row.id} ({row.width}×{row.height})", advice) for row in small]


def _same_files(found):
    """A problem for each file that is there twice, byte for byte."""
    first, problems = {}, []
    for row in found:
        other = first.setdefault(row.sha256, row)
        if other is not row:
            advice = "delete one" if other.split == row.split else "it leaks between splits: delete it from training"
            problems.append(Problem("duplicate", f"{other.split}/{other.id} is {row.split}/{row.id}", advice))
    return problems


def near_duplicates(found: Sequence[Row], folders: Mapping[str, pathlib.Path]) -> list[Problem]:
    """A problem for each two pictures of different splits that show one photograph, rescaled, cropped or mirrored.

    Args:
        found: files that are equal byte for byte are not named again.
        folders: {split: folder}.
    """
    if len(folders) < 2:
        return []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        seen = list(pool.map(lambda row: duplicates.miniature(pathlib.Path(folders[row.split]) / row.id), found))
    pairs = duplicates.find(seen, [row.split for row in found])
    named = [(found[pair.first], found[pair.second], pair.agreement) for pair in pairs]
    return [_near(*one) for one in named if one[0].sha256 != one[1].sha256]


def _near(one, other, agreement):
    what = f"{one.split}/{one.id} shows {other.split}/{other.id} (agreement {agreement:.2f})"
    return Problem("near-duplicate", what, "it leaks between splits: look at both, and leave one out of training")
