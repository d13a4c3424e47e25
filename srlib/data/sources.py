"""Data sets by name: the embedded photographs, drawn faces, the known folders below a data root, any folder.

`data_root` has the layout of data/README.md (benchmarks/, bsds/, coco/, faces/) or is any folder of pictures. Where it
is not given, the environment variable SRLIB_DATA_ROOT stands in for it.

A `Photo` is an entry of a data set, which may not be decoded yet; a `pictures.Picture` is what it looks like, pixels.
"""

import csv
import dataclasses
import functools
import hashlib
import os
import pathlib
from collections.abc import Callable, Iterator

import numpy as np

from srlib.config import SCALE, did_you_mean
from srlib.data import catalogue, embedded_photographs
from srlib.data.drawn_faces import draw
from srlib.errors import InputError
from srlib.imaging import bicubic, pictures

SPLITS = ("train", "validation", "test")  # "validation" is held out of "train" where it has no folder of its own
FACES = ("ffhq", "faces", "officials", "ffhq-thumbnails")  # the largest first
BENCHMARKS = ("set5", "set14", "bsd100", "urban100")
EVERYDAY = "everyday-faces"  # for testing only
NAMES = ("embedded", "drawn-faces", *catalogue.DATA_SETS, EVERYDAY, "folder")
# Where everyday faces are: boxes of people's faces in COCO's validation pictures and the benchmarks, found by dlib's
# detector (score 0.15 and above), twice as wide as the face; statues and drawings were taken out by eye.
_BOXES = pathlib.Path(__file__).with_name("everyday_faces.csv")
HELD_OUT = 20  # one in twenty training pictures is held out for validation


@dataclasses.dataclass(frozen=True)
class Photo:
    """One entry of a data set: its `id`, how to `load` its `Picture`, its file's `path` if it has one."""

    id: str
    load: Callable[[], pictures.Picture]
    path: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """The photos of one split of a data set, in a fixed order."""

    name: str
    split: str
    photos: tuple[Photo, ...]

    def __len__(self) -> int:
        return len(self.photos)

    def __iter__(self) -> Iterator[Photo]:
        return iter(self.photos)

    def limit(self, count: int) -> "ImageSet":
        """The first `count` photos (0: all of them)."""
        return dataclasses.replace(self, photos=self.photos[: count or None])

    def arrays(self) -> list[np.ndarray]:
        """The pictures as uint8 arrays (height, width, 3), all in memory."""
        return [photo.load().rgb for photo in self.photos]


def data_root(given: pathlib.Path | str | None = None) -> pathlib.Path | None:
    """The data root: `given`, else SRLIB_DATA_ROOT, else None.

    Raises:
        InputError: it is named but not there.
    """
    name = given or os.environ.get("SRLIB_DATA_ROOT")
    if not name:
        return None
    root = pathlib.Path(name).expanduser()
    if not root.is_dir():
        raise InputError(f"data root {root}: no such folder")
    return root


def from_folder(folder: pathlib.Path | str) -> ImageSet:
    """All pictures below a folder; raises InputError as `pictures.find` does."""
    folder = pathlib.Path(folder)
    return ImageSet(folder.name, "test", _pick(folder, lambda number: True))


def load(name: str, split: str, *, root: pathlib.Path | str | None = None) -> ImageSet:
    """The photos of a split of a data set.

    Args:
        name: one of `NAMES`, in any case, or several joined by "+"; "folder" is the data root itself. "faces@256" is
            "faces" with pictures reduced to 256 px on the shorter side; one that is smaller stays as it is.
        split: "train", "validation" or "test"; no picture is in two of them.
        root: the data root, or None for SRLIB_DATA_ROOT.
    Raises:
        InputError: unknown name or split, the data is not there (the message says how to get it), or no picture falls
            into the split.
    """
    name = name.lower()
    if "+" in name:
        parts = [load(part, split, root=root) for part in name.split("+")]
        return ImageSet(name, split, tuple(photo for part in parts for photo in part))
    if "@" in name:
        return _reduced(name, split, root)
    if name not in NAMES:
        raise InputError(f"unknown data set {name!r}{did_you_mean(name, NAMES)}; known: {', '.join(NAMES)}")
    if split not in SPLITS:
        raise InputError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    if name == "embedded":
        return ImageSet(
            name, split, tuple(_photo(key, path) for key, path in embedded_photographs.paths(split).items())
        )
    if name == "drawn-faces":
        return ImageSet(name, split, tuple(_drawn(index) for index in draw.indices(split)))
    root = data_root(root)
    if root is None:
        raise InputError(f"data set {name!r} needs a data root: give --data-root or set SRLIB_DATA_ROOT")
    photos = _folder_photos(name, split, root)
    if not photos:
        raise InputError(f"{root}: too few pictures for a {split!r} split of {name!r}; give some dozens")
    return ImageSet(name, split, photos)


def _reduced(name, split, root):
    """The `ImageSet` of "name@side"; its photos have no paths, as their pixels are in no file."""
    whole, _, side = name.partition("@")
    if not side.isdigit() or int(side) < 4 * SCALE:
        raise InputError(f"data set {name!r}: after @ comes a number of pixels, at least {4 * SCALE}")
    photos = load(whole, split, root=root)
    made = tuple(Photo(f"{photo.id}@{side}", functools.partial(_reduce, photo, int(side))) for photo in photos)
    return ImageSet(name, split, made)


def _reduce(photo, side):
    """A photo's colours at `side` pixels on the shorter side, bicubic."""
    rgb = photo.load().rgb
    part = min(side / min(rgb.shape[:2]), 1)
    return pictures.Picture(bicubic.imresize(rgb, tuple(round(part * full) for full in rgb.shape[:2])))


def has(name: str, root: pathlib.Path | None) -> bool:
    """Whether the data root holds the data set `name`, or each of several joined by "+"."""
    if "+" in name:
        return all(has(part, root) for part in name.split("+"))
    name = name.partition("@")[0]
    if name in ("embedded", "drawn-faces"):
        return True
    if root is None:
        return False
    return all((root / folder).is_dir() for folder in _folders(name))


def _folders(name):
    """The folders below the data root that a data set of files needs."""
    if name == EVERYDAY:
        return [catalogue.DATA_SETS[part].splits["test"] for part in ("coco", "bsd100", "set5", "set14")]
    return catalogue.DATA_SETS[name].splits.values() if name in catalogue.DATA_SETS else ()


def training_set(wanted: str, root: pathlib.Path | str | None = None) -> str:
    """The name of the set to train on: `wanted` where the data root has it, else its pictures, else the embedded ones.

    A data root with none of the known folders is taken as a plain folder of pictures.
    """
    root = data_root(root)
    if root is None:
        return "embedded"
    known = [name for name, each in catalogue.DATA_SETS.items() if "train" in each.splits]
    return next((name for name in (wanted, *known) if has(name, root)), "folder")


def face_set(root: pathlib.Path | str | None = None) -> str:
    """The name of the set of faces to train on: FFHQ where the data root has it, else other portraits that it has.

    A data root with none of the known folders is taken as a plain folder of faces; without any faces they are drawn.
    """
    root = data_root(root)
    plain = root is not None and not any(has(name, root) for name in catalogue.DATA_SETS)
    return next((name for name in FACES if has(name, root)), "folder" if plain else "drawn-faces")


def test_sets(root: pathlib.Path | str | None = None) -> list[str]:
    """The names of the sets to score on: the benchmarks that the data root has, else what stands in for them."""
    root = data_root(root)
    if root is None:
        return ["embedded"]
    return [name for name in BENCHMARKS if has(name, root)] or [training_set("coco", root)]


def _folder_photos(name, split, root):
    """The photos of a split of a data set in folders: the catalogue's, or divided by a hash of the file name."""
    if name == "folder":
        return _pick(root, lambda number: {0: "test", 1: "validation"}.get(number % 10, "train") == split)
    if name == EVERYDAY:
        if split != "test":
            raise _lacks(name, split)
        return _everyday(root)
    known = catalogue.DATA_SETS[name]
    kept = "test" if split == "test" else "train"
    if kept not in known.splits:
        raise _lacks(name, split)
    if split == "test":
        return _pick(root / known.splits["test"], lambda number: True)
    photos = _pick(root / known.splits["train"], lambda number: (number % HELD_OUT == 0) == (split == "validation"))
    return tuple(photo for photo in photos if photo.id not in known.left_out)


def _lacks(name, split):
    """The `InputError` of a data set that has no such split."""
    purpose = "training" if split == "test" else "testing"
    return InputError(f"data set {name!r} is for {purpose} only: it has no {split!r} split")


def _everyday(root):
    """The photos of everyday faces, squares cut out of larger pictures; no files, so no paths."""
    with _BOXES.open(encoding="utf-8", newline="") as file:
        boxes = list(csv.DictReader(file))
    files = {path.with_suffix(""): path for folder in _folders(EVERYDAY) for path in pictures.find(root / folder)}
    corners = (tuple(int(box[key]) for key in ("top", "left", "side")) for box in boxes)
    return tuple(_cut(files, root / box["picture"], *corner) for box, corner in zip(boxes, corners))


def _cut(files, picture, top, left, side):
    """The photo of a square of a picture, whose file may have any suffix."""
    path = files.get(picture, picture)

    def load():
        whole = pictures.read(path)
        return pictures.Picture(np.ascontiguousarray(whole.rgb[top : top + side, left : left + side]), whole.grey)

    return Photo(f"{picture.name}-{top}-{left}", load)


def _pick(folder, wanted):
    """Photos of the files in `folder` whose name's hash (an int) is `wanted`; independent of the other files."""
    found = [path for path in pictures.find(folder) if wanted(_hash(path.stem))]
    return tuple(_photo(path.relative_to(folder).with_suffix("").as_posix(), path) for path in found)


def _hash(text):
    """A number that depends on `text` alone, the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _photo(key, path):
    return Photo(key, lambda: pictures.read(path), path)


def _drawn(index):
    return Photo(f"face-{index:04d}", lambda: pictures.Picture(draw.draw(index)))
