"""Library of data sets below a data root: fetching, importing and checking them."""

import dataclasses
import functools
import os
import pathlib
import posixpath
import re
import shutil

import pooch
import tqdm

from srlib import files
from srlib.data import catalogue
from srlib.data.audit import manifest
from srlib.data.download import archives, http, listings
from srlib.errors import InputError
from srlib.imaging import pictures

_SHIPPED = pathlib.Path(__file__).parents[3] / "data" / "manifests"


def library_root(given: pathlib.Path | str | None = None) -> pathlib.Path:
    """Where data sets are kept: `given`, else SRLIB_DATA_ROOT, else a folder of the user's cache; it may not exist."""
    name = given or os.environ.get("SRLIB_DATA_ROOT") or pooch.os_cache("srlib") / "data"
    return pathlib.Path(name).expanduser()


def _stand_in(dataset, given):
    """The server that stands in for a data set's own: `given`, else SRLIB_SOURCE_<NAME>, else None."""
    variable = "SRLIB_SOURCE_" + dataset.name.upper().replace("-", "_")
    return given or os.environ.get(variable) or None


def fetch_set(
    name: str,
    root: pathlib.Path | str | None = None,
    *,
    subset: int | None = None,
    seed: int = 0,
    server: str | None = None,
    progress: bool = True,
) -> pathlib.Path:
    """Fetch a data set, or a fixed choice of its pictures, and write its manifest.

    What is there already is not fetched again; after an interruption the same call goes on.

    Args:
        name: of a data set in the catalogue.
        root: data root, or None as `library_root` has it.
        subset: how many training pictures (and a tenth as many of the other split), or None for all.
        seed: draws the subset.
        server: address of a server that stands in for the data set's own.
        progress: whether to show bars.
    Returns:
        The path of the manifest.
    Raises:
        InputError: unknown name, no connection, no room, a wrong checksum; one line that says what was tried.
    """
    dataset = catalogue.find(name)
    if subset is not None and (not dataset.listing or subset < 1):
        advice = "give 1 or more, of a set that is fetched by picture"
        raise InputError(f"{dataset.name} has no subset of {subset}: {advice}")
    fetch = listings.Fetch(dataset, library_root(root), _stand_in(dataset, server), progress)
    try:
        by_picture = dataset.listing and (subset or not dataset.archives)
        rows = _fetch_pictures(fetch, subset, seed) if by_picture else _fetch_archives(fetch)
    except http.Unavailable as error:
        instead = f"if you have its pictures in a folder, run: srlib data import DIR {dataset.name}"
        raise InputError(f"cannot fetch {dataset.name}: tried {error}; {instead}") from error
    return _write_manifest(dataset, fetch.root, rows)


def _fetch_pictures(fetch, subset, seed):
    """Fetch single pictures, what the first source refuses from the mirror; returns their manifest rows."""
    dataset = fetch.dataset
    wanted = listings.LISTS[dataset.listing](fetch)
    wanted = listings.subset(wanted, subset, seed=seed) if subset else wanted
    places, mean_size = {photo: fetch.place(photo) for photo in wanted}, dataset.size // dataset.images
    listed = [http.File(photo.url, path, photo.checksum, photo.size or mean_size) for photo, path in places.items()]
    http.require_space(listed)
    try:
        if not all(file.url for file in listed):
            raise http.Unavailable(f"{dataset.home} (its list of addresses cannot be had)")
        http.many(listed, progress=fetch.progress, about=dataset.name)
    except http.Unavailable as error:
        if not dataset.mirror:
            raise
        try:
            listings.from_mirror(fetch, wanted)
        except http.Unavailable as second:
            raise http.Unavailable(f"{error}; then the mirror {second}") from second
    return [_row(photo, path) for photo, path in places.items()]


def _row(photo, path):
    """The manifest row of a photograph that was fetched; one that is no picture is deleted and named.

    Raises:
        InputError: the file is no picture, or too large a one.
    """
    try:
        archives.require_pixels(path, f"{path}: refused, it")
        known = {name: getattr(photo, name) for name in ("id", "split", "url", "licence", "author")}
        return manifest.describe(path, **known)
    except InputError as error:
        path.unlink(missing_ok=True)
        raise InputError(f"{error}; it was deleted: run the command again") from error


def _fetch_archives(fetch):
    """Fetch and unpack archives, each deleted once its pictures are in place; returns the manifest rows."""
    root, rows = fetch.root, []
    if not fetch.dataset.archives:
        raise http.Unavailable("nothing, as no address of it is known")
    for archive in fetch.dataset.archives:
        path = root / "downloads" / fetch.dataset.name / posixpath.basename(archive.url)
        wanted = http.File(fetch.url(archive.url), path, archive.checksum, archive.size)
        done = path.with_name(path.name + ".done")
        if not done.exists() or not all((root / folder).is_dir() for folder in archive.members.values()):
            http.require_space([wanted], extra=archive.size or 0)  # packed and unpacked, side by side
            http.file(wanted, progress=fetch.progress)
            archives.extract(path, functools.partial(_placed, archive=archive, root=root))
            files.write_text(done, "unpacked\n")
            path.unlink()
        rows += _rows_of_archive(fetch, archive)
    return rows


def _placed(name, archive, root):
    """Where an archive's member goes: below the folder that its own is mapped to, if it is a picture."""
    if pathlib.PurePosixPath(name).suffix.lower() not in pictures.SUFFIXES:
        return None
    for inside, folder in archive.members.items():
        found = re.search(rf"(?:^|/){re.escape(inside)}/(.+)$", name)
        if found:
            return root / folder / found[1]
    return None


def _rows_of_archive(fetch, archive):
    """The rows of the pictures that came out of an archive; raises InputError where it held none."""
    splits = {folder: split for split, folder in fetch.dataset.splits.items()}
    rows, _ = manifest.build({splits[folder]: fetch.root / folder for folder in archive.members.values()})
    return [dataclasses.replace(row, url=archive.url, licence=fetch.dataset.licence) for row in rows]


def _manifest_path(name, root):
    """Where the manifest of a data set stands below a data root."""
    return root / "manifests" / f"{name}.csv"


def _write_manifest(dataset, root, rows):
    """Write the manifest: these rows, and those of other pictures that an earlier call brought and that are there."""
    path = _manifest_path(dataset.name, root)
    earlier = manifest.read(path) if path.exists() else []
    kept = [row for row in earlier if (root / dataset.splits[row.split] / row.id).exists()]
    manifest.write(path, {(row.split, row.id): row for row in (*kept, *rows)}.values())
    return path


def import_folder(
    folder: pathlib.Path | str, name: str, *, root: pathlib.Path | str | None = None, progress: bool = True
) -> pathlib.Path:
    """Take a data set's pictures from a folder: copied below the data root, checked, and written to its manifest.

    Args:
        folder: the folder; for a set with several splits its subfolders are named as the splits' (or, for FFHQ, its
            files by number).
        name, root, progress: as `fetch_set` takes them.
    Returns:
        The path of the manifest.
    Raises:
        InputError: no such folder, no picture in it, or pictures whose split cannot be told.
    """
    dataset, root, folder = catalogue.find(name), library_root(root), pathlib.Path(folder).expanduser()
    copies = [(path, *_destination(path, folder, dataset)) for path in pictures.find(folder)]
    room = [http.File("", root / dataset.splits[split] / id, None, path.stat().st_size) for path, split, id in copies]
    http.require_space(room)
    rows = []
    for path, split, id in tqdm.tqdm(copies, f"import {dataset.name}", disable=not progress):
        archives.require_pixels(path, f"{path}: refused, it")
        target = root / dataset.splits[split] / id
        _copy(path, target)
        rows.append(manifest.describe(target, id=id, split=split, licence=dataset.licence))
    return _write_manifest(dataset, root, rows)


def _copy(path, target):
    """Copy a file whole or not at all, unless it is there with the same bytes."""
    if target.exists() and (target.samefile(path) or manifest.sha256(target) == manifest.sha256(path)):
        return
    with files.replacing(target) as beside:
        shutil.copyfile(path, beside)


def _destination(path, folder, dataset):
    """(split, id) of a picture in a folder to import.

    Raises:
        InputError: nothing tells its split.
    """
    inside = path.relative_to(folder)
    if dataset.listing in ("ffhq", "ffhq_thumbnails") and path.stem.isdigit():
        return listings.ffhq_place(int(path.stem))
    for split, kept in dataset.splits.items():
        name = posixpath.basename(kept)
        for depth, part in enumerate((folder.name, *inside.parts[:-1])):
            if part == name:
                return split, pathlib.PurePath(*inside.parts[depth:]).as_posix()
    if len(dataset.splits) == 1:
        return next(iter(dataset.splits)), inside.as_posix()
    names = " and ".join(posixpath.basename(kept) for kept in dataset.splits.values())
    raise InputError(f"{path}: which split of {dataset.name} is it? put the pictures into subfolders named {names}")


def check(name_or_folder: pathlib.Path | str, root: pathlib.Path | str | None = None) -> list[manifest.Problem]:
    """Look for pictures missing, altered, unreadable, too small or there twice; see `manifest.check`.

    Args:
        name_or_folder: a data set's name; or a folder: a data root, whose data sets are compared with each other, or
            any folder of pictures.
        root: the data root of a name, as `library_root` has it.
    Returns:
        What is wrong, empty if all is well.
    Raises:
        InputError: no such data set or folder, or nothing of it is there.
    """
    name = str(name_or_folder).lower()
    if name in catalogue.DATA_SETS:
        return _check_set(catalogue.find(name), library_root(root))
    folder = pathlib.Path(name_or_folder).expanduser()
    if not folder.is_dir():
        catalogue.find(name)  # raises and names what is known
    named = {kept for dataset in catalogue.DATA_SETS.values() for kept in dataset.splits.values()}
    known = sorted(kept for kept in named if not any(other.startswith(f"{kept}/") for other in named))
    present = {kept: folder / kept for kept in known if (folder / kept).is_dir()}
    return manifest.check(present or {".": folder})


def _check_set(dataset, root):
    """Check one data set against its manifest: the one that the data root holds, else the one shipped."""
    folders = {split: root / folder for split, folder in dataset.splits.items()}
    listed = (_manifest_path(dataset.name, root), _SHIPPED / f"{dataset.name}.csv")
    rows = next((manifest.read(path) for path in listed if path.exists()), None)
    present = {split: folder for split, folder in folders.items() if folder.is_dir()}
    if not present:
        raise InputError(f"{root}: {dataset.name} is not there; run: srlib data {_command(dataset)}")
    missing = [manifest.missing(folders[row.split] / row.id) for row in rows or () if row.split not in present]
    return missing + manifest.check(present, rows and [row for row in rows if row.split in present])


def _command(dataset):
    """The command of `srlib data` that brings a data set."""
    return f"fetch {dataset.name}" if dataset.can_be_fetched else f"import DIR {dataset.name}"
