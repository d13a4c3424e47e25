"""Training images to cut patches from: in memory, or in a packed store, one memory-mapped file of decoded pictures.

The folder of a store holds `pixels.bin` (uint8 images one behind the other, each with its margin), `index.npy` and,
written last, `store.json`. Without that last file, or where it names other settings or pictures, there is no store.
Where all pixels exceed the disk, a fixed number of tiles is kept of each picture, drawn from the seed.
"""

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable, Sequence

import numpy as np
import tqdm

from srlib import files
from srlib.config import SCALE
from srlib.data import disk_space, patches, sources
from srlib.errors import InputError
from srlib.imaging import pictures

BUDGET = 30 * 10**9  # bytes; beside COCO's own 19 GB it leaves a third of a Colab disk (about 75 GB) free
IN_MEMORY = 1000  # photographs that are held in memory: about 1 GB decoded
TILE = 256  # side of a tile: 41 × 41 places for a 96 px patch on the LR grid
_FORMAT = 1
_SYNC_EVERY = 500  # pictures between two points that a stopped build goes on from


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is kept of a picture: `tiles` squares of side `tile` drawn from `seed`, or all of it if `tile` is 0."""

    tile: int = 0
    tiles: int = 1
    seed: int = 0


def packed_size(height: int, width: int) -> int:
    """Bytes that an image of those sides takes in a store, its margin included."""
    height, width = height - height % SCALE, width - width % SCALE
    return (height + 2 * patches.MARGIN) * (width + 2 * patches.MARGIN) * 3


def plan(count: int, total: int, *, budget: int = BUDGET, seed: int = 0) -> Settings:
    """The settings that keep the most of a data set within a budget.

    Args:
        count: pictures.
        total: bytes of all of them whole, as `packed_size` gives.
        budget: bytes of disk.
        seed: draws the tiles.
    Raises:
        InputError: not even one tile a picture fits.
    """
    if total <= budget:
        return Settings(seed=seed)
    one_each = count * packed_size(TILE, TILE)
    if budget < one_each:
        needed = one_each / 1e9
        raise InputError(f"one tile of each of {count} pictures takes {needed:.1f} GB: raise the budget or take fewer")
    return Settings(TILE, budget // one_each, seed)


def planned_size(sides: tuple[int, int], settings: Settings, *, count: int = 1) -> int:
    """Bytes of a store of `count` pictures of those sides, (height, width)."""
    if not settings.tile:
        return count * packed_size(*sides)
    return count * settings.tiles * packed_size(*(min(settings.tile, side) for side in sides))


class Store(Sequence[np.ndarray]):
    """A built store: a sequence of uint8 images with margins, and `sides`, an int array of their (height, width)."""

    def __init__(self, folder: pathlib.Path | str) -> None:
        self.folder = pathlib.Path(folder)
        self.about = json.loads((self.folder / "store.json").read_text(encoding="utf-8"))
        # As a plain array: a view of it is made in a fifth of the time that a view of a memmap takes.
        self._pixels = np.asarray(np.memmap(self.folder / "pixels.bin", np.uint8, mode="r"))
        self._offsets, *sides = np.load(self.folder / "index.npy").T
        self.sides = np.stack(sides, axis=1)

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, index: int | np.integer) -> np.ndarray:
        """Image number `index` with its margin: a view of the file, read from disk where it is looked at."""
        height, width = (side + 2 * patches.MARGIN for side in self.sides[index].tolist())
        start = int(self._offsets[index])
        return self._pixels[start : start + height * width * 3].reshape(height, width, 3)

    def sampler(self, settings: patches.PatchSettings) -> patches.Sampler:
        """The sampler of random patches from this store."""
        return patches.Sampler(self, self.sides, settings=settings)

    def fingerprint(self) -> str:
        """What the store was made of, as `fingerprint` gives it."""
        return self.about["fingerprint"]


def build(
    paths: Sequence[pathlib.Path],
    folder: pathlib.Path | str,
    *,
    settings: Settings | None = None,
    budget: int = BUDGET,
    progress: bool = True,
) -> Store:
    """Open the store of these pictures, after building it unless it stands there.

    Args:
        paths: picture files.
        folder: where the store stands; another store there is replaced.
        settings: what is kept of each, None for what `plan` chooses within the budget.
        budget: bytes.
        progress: whether to show a bar.
    Raises:
        InputError: a picture cannot be read, or the disk cannot take the store.
    """
    folder = pathlib.Path(folder)
    if settings is None:
        total = sum(packed_size(*_header_sides(path)) for path in paths)
        settings = plan(len(paths), total, budget=budget)
    key = fingerprint(paths, settings)
    if not is_current(folder, key):
        _build(paths, folder, settings, key, progress)
    return Store(folder)


@dataclasses.dataclass(frozen=True)
class InMemory:
    """Training images in memory: uint8 arrays (height, width, 3)."""

    arrays: Sequence[np.ndarray]

    def __len__(self) -> int:
        return len(self.arrays)

    def sampler(self, settings: patches.PatchSettings) -> patches.Sampler:
        """The sampler of random augmented patches from these images."""
        return patches.PatchSampler(self.arrays, **vars(settings))

    def fingerprint(self) -> str:
        """SHA-256 over the decoded pixels of all images in their order."""
        digest = hashlib.sha256()
        for image in self.arrays:
            digest.update(repr(image.shape).encode() + image.tobytes())
        return digest.hexdigest()


Images = InMemory | Store  # each has a length, a `sampler` of patches and a `fingerprint`


def as_images(images: Images | Sequence[np.ndarray]) -> Images:
    """Training images as they are, or made of uint8 arrays (height, width, 3)."""
    return images if isinstance(images, Images) else InMemory(images)


def images(photos: Iterable[sources.Photo], folder: pathlib.Path | str, *, in_memory: int = IN_MEMORY) -> Images:
    """What to cut patches from: the decoded pictures while they are few, beyond that a store in `folder`.

    Args:
        photos: the photographs.
        folder: where a store stands, if one is needed.
        in_memory: how many pictures may be held in memory; pictures without files always are.
    """
    photos = list(photos)
    paths = [photo.path for photo in photos]
    if len(paths) <= in_memory or None in paths:
        return InMemory([photo.load().rgb for photo in photos])
    return build(paths, folder)


def _header_sides(path):
    """(height, width) of a picture file, from its header; the turn that EXIF may ask for keeps the size."""
    with pictures.opened(path) as image:
        return image.height, image.width


def fingerprint(paths: Sequence[pathlib.Path], settings: Settings) -> str:
    """What a store depends on, as hexadecimal digits: settings, and the files' names, sizes and times of change."""
    digest = hashlib.sha256(json.dumps([_FORMAT, dataclasses.astuple(settings)]).encode())
    for path in paths:
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_current(folder: pathlib.Path, key: str) -> bool:
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
        decode = functools.partial(_tiles, paths, settings)
        decoded = patches.ahead(decode, range(done, len(paths)), workers=os.cpu_count() or 2)
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
    needed = len(paths) * sum(planned_size(sides, settings) for sides in sample) // len(sample)
    disk_space.require(folder, needed, purpose="for the store", advice="lower the budget")


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


def _tiles(paths, settings, number):
    """What is kept of picture `number`: uint8 arrays with margins, whose inner sides are multiples of 4."""
    image = patches.with_margin(pictures.read(paths[number]).rgb)
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
