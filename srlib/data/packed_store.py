"""A packed patch store: every picture decoded once into one memory-mapped file that patches are cut from.

The folder of a store holds `pixels.bin` (uint8 images one behind the other, each with its margin), `index.npy` and,
written last, `store.json`. Without that last file, or where it names other settings or pictures, there is no store.
Where all pixels exceed the disk, a fixed number of tiles is kept of each picture, drawn from the seed.
"""

import collections
import concurrent.futures
import dataclasses
import functools
import hashlib
import itertools
import json
import os
import pathlib

import numpy as np
import tqdm
from PIL import Image

from srlib import files
from srlib.config import SCALE
from srlib.data import disk_space, patches
from srlib.errors import InputError
from srlib.imaging import pictures

BUDGET = 30 * 10**9  # bytes; beside COCO's own 19 GB it leaves a third of a Colab disk (about 75 GB) free
TILE = 256  # side of a tile: 41 × 41 places for a 96 px patch on the LR grid
_FORMAT = 1
_SYNC_EVERY = 500  # pictures between two points that a stopped build goes on from


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is kept of a picture: `tiles` squares of side `tile` drawn from `seed`, or all of it if `tile` is 0."""

    tile: int = 0
    tiles: int = 1
    seed: int = 0


def packed_size(height, width):
    """Bytes that an image of those sides takes in a store, its margin included."""
    height, width = height - height % SCALE, width - width % SCALE
    return (height + 2 * patches.MARGIN) * (width + 2 * patches.MARGIN) * 3


def plan(count, total, budget=BUDGET, seed=0):
    """The `Settings` that keep the most of a data set within a budget.

    Args:
        count: int, pictures.
        total: int, bytes of all of them whole, as `packed_size` gives.
        budget: int, bytes of disk.
        seed: int, draws the tiles.
    Raises:
        InputError: not even one tile a picture fits.
    """
    if total <= budget:
        return Settings(seed=seed)
    tiles = budget // (count * packed_size(TILE, TILE))
    if not tiles:
        needed = count * packed_size(TILE, TILE) / 1e9
        raise InputError(f"one tile of each of {count} pictures takes {needed:.1f} GB: raise the budget or take fewer")
    return Settings(TILE, int(tiles), seed)


def planned_size(count, height, width, settings):
    """Bytes of a store of `count` pictures of those sides."""
    if not settings.tile:
        return count * packed_size(height, width)
    return count * settings.tiles * packed_size(min(settings.tile, height), min(settings.tile, width))


class Store:
    """A built store: a sequence of uint8 images with margins, and `sides`, an int array of their (height, width)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.about = json.loads((self.folder / "store.json").read_text(encoding="utf-8"))
        # As a plain array: a view of it is made in a fifth of the time that a view of a memmap takes.
        self._pixels = np.asarray(np.memmap(self.folder / "pixels.bin", np.uint8, mode="r"))
        self._offsets, *sides = np.load(self.folder / "index.npy").T
        self.sides = np.stack(sides, axis=1)

    def __len__(self):
        return len(self._offsets)

    def __getitem__(self, index):
        """Image `index` with its margin: a view of the file, read from disk where it is looked at."""
        height, width = (side + 2 * patches.MARGIN for side in self.sides[index].tolist())
        start = int(self._offsets[index])
        return self._pixels[start : start + height * width * 3].reshape(height, width, 3)

    def sampler(self, patch, batch, seed, augmentation=patches.PLAIN):
        """The `patches.Sampler` of random augmented patches from this store."""
        return patches.Sampler(self, self.sides, patch, batch, seed, augmentation)


def build(paths, folder, settings=None, budget=BUDGET, progress=True):
    """Open the store of these pictures, after building it unless it stands there.

    Args:
        paths: list of picture files.
        folder: where the store stands; another store there is replaced.
        settings: `Settings`, or None for what `plan` chooses within the budget.
        budget: int, bytes.
        progress: whether to show a bar.
    Returns:
        `Store`.
    Raises:
        InputError: a picture cannot be read, or the disk cannot take the store.
    """
    paths, folder = [pathlib.Path(path) for path in paths], pathlib.Path(folder)
    if settings is None:
        sides = [_header_sides(path) for path in paths]
        settings = plan(len(paths), sum(packed_size(*both) for both in sides), budget)
    key = fingerprint(paths, settings)
    if not is_current(folder, key):
        _build(paths, folder, settings, key, progress)
    return Store(folder)


IN_MEMORY = 1000  # photographs: about 1 GB decoded


def images(photos, folder, in_memory=IN_MEMORY):
    """What to cut patches from: the decoded pictures while they are few, beyond that a store in `folder`.

    Args:
        photos: sized iterable of `sources.Photo`.
        folder: where a store stands, if one is needed.
        in_memory: int, how many pictures may be held in memory; pictures without files always are.
    Returns:
        list of uint8 arrays (height, width, 3), or a `Store`.
    """
    paths = [photo.path for photo in photos]
    if len(paths) <= in_memory or None in paths:
        return [photo.load().rgb for photo in photos]
    return build(paths, folder)


def _header_sides(path):
    """(height, width) of a picture file, from its header; the turn that EXIF may ask for keeps the size."""
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        raise InputError(f"{path}: the picture cannot be read ({error})") from error


def fingerprint(paths, settings):
    """What a store depends on, as hexadecimal digits: settings, and the files' names, sizes and times of change."""
    digest = hashlib.sha256(json.dumps([_FORMAT, dataclasses.astuple(settings)]).encode())
    for path in paths:
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_current(folder, key):
    """Whether a whole store with that fingerprint stands in a folder."""
    try:
        about = json.loads((folder / "store.json").read_text(encoding="utf-8"))
        return about["fingerprint"] == key and (folder / "pixels.bin").stat().st_size == about["bytes"]
    except (OSError, ValueError, KeyError):
        return False


def _build(paths, folder, settings, key, progress):
    """Write a store, going on with what a stopped build of the same fingerprint left."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "store.json").unlink(missing_ok=True)  # first, so that no half-written store looks whole
    part, log = folder / "pixels.part", folder / "build.log"
    entries = _resume(part, log, key)
    done = len(entries)
    _require_room(paths[done:], folder, settings)
    with open(part, "ab") as pixels, open(log, "a", encoding="utf-8") as written:
        if not done and not written.tell():
            written.write(json.dumps(key) + "\n")
        decoded = _decoded(paths, done, settings)
        for number, tiles in enumerate(tqdm.tqdm(decoded, "store", len(paths), initial=done, disable=not progress)):
            entries.append(_append(pixels, tiles))
            written.write(json.dumps(entries[-1]) + "\n")
            if number % _SYNC_EVERY == 0:
                _sync(pixels, written)
        _sync(pixels, written)
    _finish(folder, entries, key, settings)


def _require_room(paths, folder, settings):
    """Raise InputError unless the disk can take the pictures that are still to be stored."""
    if not paths:
        return
    sample = [_header_sides(path) for path in paths[:: max(1, len(paths) // 50)]]
    needed = sum(planned_size(1, *sides, settings) for sides in sample) / len(sample) * len(paths)
    free = disk_space.free_space(folder)
    if free < needed + disk_space.RESERVE:
        raise InputError(
            f"{folder}: the store takes {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free: lower the budget"
        )


def _resume(part, log, key):
    """The entries that a stopped build of the same fingerprint wrote in full; its files are cut to them, or removed."""
    try:
        first, *lines = log.read_text(encoding="utf-8").split("\n")[:-1]  # what follows the last line end is not whole
        entries = [json.loads(line) for line in lines]
        end = entries[-1][-1][0] + packed_size(*entries[-1][-1][1:]) if entries else 0
        if json.loads(first) != key or part.stat().st_size < end:
            raise ValueError("of another store")
        os.truncate(part, end)
        os.truncate(log, sum(len(line) + 1 for line in (first, *lines)))
        return entries
    except (OSError, ValueError, IndexError):
        part.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        return []


def _decoded(paths, start, settings):
    """Yield each picture's tiles in order from `start` on, decoded by several threads a few pictures ahead."""
    workers = os.cpu_count() or 2
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        numbers = iter(range(start, len(paths)))
        submit = functools.partial(pool.submit, _tiles)
        waiting = collections.deque(submit(paths[n], n, settings) for n in itertools.islice(numbers, 2 * workers))
        try:
            while waiting:
                tiles = waiting.popleft().result()
                waiting.extend(submit(paths[n], n, settings) for n in itertools.islice(numbers, 1))
                yield tiles
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _tiles(path, number, settings):
    """What is kept of a picture: uint8 arrays with margins, whose inner sides are multiples of 4."""
    image = patches.with_margin(pictures.read(path).rgb)
    if not settings.tile:
        return [image]
    random = np.random.default_rng([settings.seed, number])
    return [_tile(image, settings.tile, random) for _ in range(settings.tiles)]


def _tile(image, tile, random):
    """A square of side `tile` on the LR grid, with the margin around it; all of a side that is shorter."""
    cuts = []
    for size in image.shape[:2]:
        inner = min(tile, size - 2 * patches.MARGIN)
        start = SCALE * random.integers((size - 2 * patches.MARGIN - inner) // SCALE + 1)
        cuts.append(slice(start, start + inner + 2 * patches.MARGIN))
    return image[tuple(cuts)]


def _append(pixels, tiles):
    """Write tiles behind what is in the file; returns their [offset, height, width]."""
    entries = []
    for tile in tiles:
        entries.append([pixels.tell(), *(side - 2 * patches.MARGIN for side in tile.shape[:2])])
        pixels.write(np.ascontiguousarray(tile).data)
    return entries


def _sync(pixels, written):
    """Bring both files to the disk, pixels first: the log never names what is not there."""
    for file in (pixels, written):
        file.flush()
        os.fsync(file.fileno())


def _finish(folder, entries, key, settings):
    """Put the files of a complete build in place; store.json, which makes it a store, last."""
    os.replace(folder / "pixels.part", folder / "pixels.bin")
    with files.replacing(folder / "index.npy") as beside:
        np.save(beside, np.array([tile for entry in entries for tile in entry], np.int64))
    about = {
        "fingerprint": key,
        "bytes": (folder / "pixels.bin").stat().st_size,
        "pictures": len(entries),
        "settings": dataclasses.asdict(settings),
    }
    files.write_json(folder / "store.json", about)
    (folder / "build.log").unlink()
