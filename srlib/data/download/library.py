"""What `srlib data` does: list, fetch, import and check data sets below a data root."""

import dataclasses
import os
import pathlib
import posixpath
import re
import shutil

import pooch
import tqdm

from srlib import files
from srlib.data import catalogue, sources
from srlib.data.audit import manifest
from srlib.data.download import archives, http, listings
from srlib.errors import InputError
from srlib.imaging import pictures

_SHIPPED = pathlib.Path(__file__).parents[3] / "data" / "manifests"


def library_root(given=None):
    """Where data sets are kept: `given`, else SRLIB_DATA_ROOT, else a folder of the user's cache; it may not exist."""
    name = given or os.environ.get("SRLIB_DATA_ROOT") or pooch.os_cache("srlib") / "data"
    return pathlib.Path(name).expanduser()


def server(dataset, given=None):
    """The server that stands in for a data set's own: `given`, else SRLIB_SOURCE_<NAME>, else None."""
    variable = "SRLIB_SOURCE_" + dataset.name.upper().replace("-", "_")
    return given or os.environ.get(variable) or None


def listing(root=None):
    """One dict a data set: name, title, images, size (bytes), licence, and whether the root has it."""
    root = library_root(root)
    return [
        {
            "name": dataset.name,
            "title": dataset.title,
            "images": dataset.images,
            "size": dataset.size,
            "licence": dataset.licence,
            "here": sources.has(dataset.name, root),
        }
        for dataset in catalogue.DATA_SETS.values()
    ]


def fetch_set(name, root=None, subset=None, seed=0, base=None, progress=True):
    """Fetch a data set, or a fixed choice of its pictures, and write its manifest.

    What is there already is not fetched again; after an interruption the same call goes on.

    Args:
        name: of a data set in the catalogue.
        root: data root, or None as `library_root` has it.
        subset: int, how many training pictures (and a tenth as many of the other split), or None for all.
        seed: int, draws the subset.
        base: address of a server that stands in for the data set's own, or None.
        progress: whether to show bars.
    Returns:
        `pathlib.Path` of the manifest.
    Raises:
        InputError: unknown name, no connection, no room, a wrong checksum; one line that says what was tried.
    """
    dataset, root = catalogue.find(name), library_root(root)
    base = server(dataset, base)
    if subset is not None and (not dataset.each or subset < 1):
        raise InputError(
            f"{dataset.name} has no subset of {subset}: give 1 or more, of a set that is fetched by picture"
        )
    try:
        if dataset.each and (subset or not dataset.archives):
            rows = _fetch_pictures(dataset, root, subset, seed, base, progress)
        else:
            rows = _fetch_archives(dataset, root, base, progress)
    except (http.Offline, http.Unavailable) as error:
        raise InputError(_instead(dataset, error)) from error
    return _write_manifest(dataset.name, root, rows)


def _instead(dataset, error):
    """One line: what was tried, and how to go on without it."""
    return (
        f"cannot fetch {dataset.name}: tried {error}; if you have its pictures in a folder, run: "
        f"srlib data import DIR {dataset.name}"
    )


def _fetch_pictures(dataset, root, subset, seed, base, progress):
    """Fetch single pictures; returns their manifest rows."""
    wanted = listings.LISTS[dataset.each](dataset, root, base, progress)
    wanted = listings.subset(wanted, subset, seed) if subset else wanted
    places = {picture: listings.place(dataset, root, picture) for picture in wanted}
    listed = [http.File(one.url, path, one.checksum, one.size or _mean_size(dataset)) for one, path in places.items()]
    http.require_space(listed)
    try:
        if not all(file.url for file in listed):
            raise http.Unavailable(f"{dataset.home} (its list of addresses cannot be had)")
        http.many(listed, progress, dataset.name)
    except (http.Offline, http.Unavailable) as error:
        _fetch_from_mirror(dataset, root, wanted, base, progress, error)
    return [_row(picture, path) for picture, path in places.items()]


def _mean_size(dataset):
    return dataset.size // dataset.images


def _fetch_from_mirror(dataset, root, wanted, base, progress, error):
    """Fetch what is missing from the mirror after the first source failed with `error`."""
    if not dataset.mirror:
        raise error
    try:
        listings.from_mirror(dataset, root, wanted, base, progress)
    except (http.Offline, http.Unavailable) as second:
        raise type(second)(f"{error}; then the mirror {second}") from second


def _row(picture, path):
    """The manifest row of a picture that was fetched; one that is no picture is deleted and named.

    Raises:
        InputError: the file is no picture, or too large a one.
    """
    try:
        archives.require_pixels(path, f"{path}: refused, it")
        known = {"id": picture.id, "split": picture.split, "url": picture.url}
        return manifest.describe(path, **known, licence=picture.licence, author=picture.author)
    except InputError as error:
        path.unlink(missing_ok=True)
        raise InputError(f"{error}; it was deleted: run the command again") from error


def _fetch_archives(dataset, root, base, progress):
    """Fetch and unpack archives, each deleted once its pictures are in place; returns the manifest rows."""
    rows = []
    for archive in dataset.archives:
        path = root / "downloads" / dataset.name / posixpath.basename(archive.url)
        wanted = http.File(http.rebased(archive.url, base), path, archive.checksum, archive.size)
        done = path.with_name(path.name + ".done")
        if not done.exists() or not all((root / folder).is_dir() for folder in archive.members.values()):
            http.require_space([wanted], extra=archive.size or 0)  # packed and unpacked, side by side
            http.file(wanted, progress)
            archives.extract(path, lambda name, archive=archive: _placed(name, archive, root))
            files.write_text(done, "unpacked\n")
            path.unlink()
        rows += _rows_of_archive(dataset, root, archive)
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


def _rows_of_archive(dataset, root, archive):
    """The rows of the pictures that came out of an archive.

    Raises:
        InputError: it held none.
    """
    splits = {folder: split for split, folder in dataset.splits.items()}
    rows, _ = manifest.build({splits[folder]: root / folder for folder in archive.members.values()})
    return [dataclasses.replace(row, url=archive.url, licence=dataset.licence) for row in rows]


def manifest_path(name, root):
    """Where the manifest of a data set stands below a data root."""
    return pathlib.Path(root) / "manifests" / f"{name}.csv"


def _write_manifest(name, root, rows):
    """Write the manifest: these rows, and those of other pictures that an earlier call brought and that are there."""
    path, folders = manifest_path(name, root), sources.FOLDERS[name]
    merged = {(row.split, row.id): row for row in (manifest.read(path) if path.exists() else ())}
    merged = {key: row for key, row in merged.items() if (root / folders[row.split] / row.id).exists()}
    merged.update({(row.split, row.id): row for row in rows})
    manifest.write(path, merged.values())
    return path


def import_folder(folder, name, root=None, progress=True):
    """Take a data set's pictures from a folder: copied below the data root, checked, and written to its manifest.

    Args:
        folder: the folder; for a set with several splits its subfolders are named as the splits' (or, for FFHQ, its
            files by number).
        name, root, progress: as `fetch_set` takes them.
    Returns:
        `pathlib.Path` of the manifest.
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
    return _write_manifest(dataset.name, root, rows)


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
    if dataset.each in ("ffhq", "ffhq_thumbnails") and path.stem.isdigit():
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


def check(name_or_folder, root=None):
    """Look for pictures missing, altered, unreadable, too small or there twice; see `manifest.check`.

    Args:
        name_or_folder: a data set's name; or a folder: a data root, whose data sets are compared with each other, or
            any folder of pictures.
        root: the data root of a name, as `library_root` has it.
    Returns:
        list of `manifest.Problem`, empty if all is well.
    Raises:
        InputError: no such data set or folder, or nothing of it is there.
    """
    name = str(name_or_folder).lower()
    if name in sources.FOLDERS:
        return _check_set(name, library_root(root))
    folder = pathlib.Path(name_or_folder).expanduser()
    if not folder.is_dir():
        catalogue.find(name)  # raises and names what is known
    named = {kept for splits in sources.FOLDERS.values() for kept in splits.values()}
    known = sorted(kept for kept in named if not any(other.startswith(f"{kept}/") for other in named))
    present = {kept: folder / kept for kept in known if (folder / kept).is_dir()}
    return manifest.check(present or {".": folder})


def _check_set(name, root):
    """Check one data set against its manifest: the one that the data root holds, else the one shipped."""
    folders = {split: root / folder for split, folder in sources.FOLDERS[name].items()}
    listed = next((path for path in (manifest_path(name, root), _SHIPPED / f"{name}.csv") if path.exists()), None)
    present = {split: folder for split, folder in folders.items() if folder.is_dir()}
    if not present:
        raise InputError(f"{root}: {name} is not there; run: srlib data fetch {name}")
    rows = manifest.read(listed) if listed else None
    missing = [row for row in rows or () if row.split not in present]
    advice = "fetch the data set again: only what is missing comes"
    problems = [manifest.Problem("missing", str(folders[row.split] / row.id), advice) for row in missing]
    return problems + manifest.check(present, [row for row in rows if row.split in present] if listed else None)
