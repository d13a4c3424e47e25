"""Data sets by name: the embedded photographs, drawn faces, the known folders below a data root, any folder.

`data_root` has the layout of data/README.md (benchmarks/, bsds/, coco/, faces/) or is any folder of pictures. Where it
is not given, the environment variable SRLIB_DATA_ROOT stands in for it.
"""

import csv
import dataclasses
import functools
import hashlib
import os
import pathlib
from collections.abc import Callable

import numpy as np

from srlib.config import SCALE, did_you_mean
from srlib.data import catalogue, embedded
from srlib.data.drawn_faces import draw
from srlib.errors import InputError
from srlib.imaging import bicubic, pictures

SPLITS = ("train", "validation", "test")

# name: {split: folder below the data root}; "validation" is held out of "train" where it has no folder of its own.
FOLDERS = {
    **{name: dataset.splits for name, dataset in catalogue.DATA_SETS.items()},
    "bsds": {"train": "bsds/train", "test": "bsds/test"},
    "bsds400": {"train": "bsds"},  # both folders: none of them is in BSD100
    "faces": {"train": "faces/train", "test": "faces/test"},
    "photos": {"train": "photos/train"},
    "portraits": {"train": "portraits/train", "test": "portraits/test"},
}
FACES = ("ffhq", "faces", "officials", "ffhq-thumbnails")  # the largest first
BENCHMARKS = ("set5", "set14", "bsd100", "urban100")
EVERYDAY = "everyday-faces"  # for testing only
NAMES = ("embedded", "drawn-faces", *FOLDERS, EVERYDAY, "folder")
# Where everyday faces are: boxes of people's faces in COCO's validation pictures and the benchmarks, found by dlib's
# detector (score 0.15 and above), twice as wide as the face; statues and drawings were taken out by eye.
_BOXES = pathlib.Path(__file__).with_name("everyday_faces.csv")
# Training pictures that a test set shows too (`srlib data check` found them), or whose person it shows (by the
# descriptors of `face_measures`: nearer than two photographs of one person mostly are); they are in no training split.
LEAKS = {
    "bsds": ("302003",),
    "bsds400": ("train/302003",),
    "faces": ("80b9637076",),
}  # Set5's woman; faces/test/5600abe56f
HELD_OUT = 20  # one in twenty training pictures is held out for validation


@dataclasses.dataclass(frozen=True)
class Photo:
    """One picture of a data set: its `id`, how to `load` it as an `images.Picture`, its file's `path` if it has one."""

    id: str
    load: Callable[[], pictures.Picture]
    path: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """The pictures of one split of a data set; iterating gives `Photo`s in a fixed order."""

    name: str
    split: str
    photos: tuple

    def __len__(self):
        return len(self.photos)

    def __iter__(self):
        return iter(self.photos)

    def limit(self, count):
        """The first `count` pictures (0: all of them)."""
        return dataclasses.replace(self, photos=self.photos[: count or None])

    def arrays(self):
        """The pictures as a list of uint8 arrays (height, width, 3), all in memory."""
        return [photo.load().rgb for photo in self.photos]


def data_root(given=None):
    """The data root as a `pathlib.Path`: `given`, else SRLIB_DATA_ROOT, else None.

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


def from_folder(folder):
    """The `ImageSet` of all pictures below a folder; raises InputError as `images.find` does."""
    folder = pathlib.Path(folder)
    return ImageSet(folder.name, "test", tuple(_photo(_id(path, folder), path) for path in pictures.find(folder)))


def load(name, split, root=None):
    """Return the `ImageSet` of a data set.

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
        parts = [load(part, split, root) for part in name.split("+")]
        return ImageSet(name, split, tuple(photo for part in parts for photo in part))
    if "@" in name:
        return _reduced(*name.split("@", 1), split, root)
    if name not in NAMES:
        raise InputError(f"unknown data set {name!r}{did_you_mean(name, NAMES)}; known: {', '.join(NAMES)}")
    if split not in SPLITS:
        raise InputError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    if name == "embedded":
        return ImageSet(name, split, tuple(_photo(key, path) for key, path in embedded.paths(split).items()))
    if name == "drawn-faces":
        return ImageSet(name, split, tuple(_drawn(index) for index in draw.indices(split)))
    root = data_root(root)
    if root is None:
        raise InputError(f"data set {name!r} needs a data root: give --data-root or set SRLIB_DATA_ROOT")
    photos = tuple(_folder_photos(name, split, root))
    if not photos:
        raise InputError(f"{root}: too few pictures for a {split!r} split of {name!r}; give some dozens")
    return ImageSet(name, split, photos)


def _reduced(name, side, split, root):
    """The `ImageSet` of "name@side"; its photos have no paths, as their pixels are in no file."""
    if not side.isdigit() or int(side) < 4 * SCALE:
        raise InputError(f"data set '{name}@{side}': after @ comes a number of pixels, at least {4 * SCALE}")
    whole = load(name, split, root)
    photos = tuple(Photo(f"{photo.id}@{side}", functools.partial(_reduce, photo, int(side))) for photo in whole)
    return ImageSet(f"{name}@{side}", split, photos)


def _reduce(photo, side):
    """A photo's colours at `side` pixels on the shorter side, bicubic."""
    rgb = photo.load().rgb
    part = min(side / min(rgb.shape[:2]), 1)
    return pictures.Picture(bicubic.imresize(rgb, tuple(round(part * full) for full in rgb.shape[:2])))


def has(name, root):
    """Whether the data root (a path or None) holds the data set `name`, or each of several joined by "+"."""
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
        return [FOLDERS[part]["test"] for part in ("coco", "bsd100", "set5", "set14")]
    return FOLDERS[name].values() if name in FOLDERS else ()


def training_set(wanted, root=None):
    """The name of the set to train on: `wanted` where the data root has it, else its pictures, else the embedded ones.

    A data root with none of the known folders is taken as a plain folder of pictures.
    """
    root = data_root(root)
    if root is None:
        return "embedded"
    if has(wanted, root):
        return wanted
    known = [name for name, splits in FOLDERS.items() if "train" in splits and has(name, root)]
    return known[0] if known else "folder"


def face_set(root=None):
    """The name of the set of faces to train on: FFHQ where the data root has it, else other portraits that it has.

    A data root with none of the known folders is taken as a plain folder of faces; without any faces they are drawn.
    """
    root = data_root(root)
    known = [name for name in FACES if has(name, root)]
    if known:
        return known[0]
    plain = root is not None and not any(has(name, root) for name in FOLDERS)
    return "folder" if plain else "drawn-faces"


def test_sets(root=None):
    """The names of the sets to score on: the benchmarks that the data root has, else what stands in for them."""
    root = data_root(root)
    if root is None:
        return ["embedded"]
    found = [name for name in BENCHMARKS if has(name, root)]
    return found or [training_set("coco", root)]


def _folder_photos(name, split, root):
    """The photos of a split of a data set in folders: `FOLDERS`' own, or divided by a hash of the file name."""
    if name == "folder":
        return _pick(root, lambda part: {0: "test", 1: "validation"}.get(part % 10, "train") == split)
    if name == EVERYDAY:
        return _everyday(split, root)
    folders = FOLDERS[name]
    if split == "test":
        if "test" not in folders:
            raise InputError(f"data set {name!r} is for training only: it has no 'test' split")
        return _pick(root / folders["test"], lambda part: True)
    if "train" not in folders:
        raise _testing_only(name, split)
    photos = _pick(root / folders["train"], lambda part: (part % HELD_OUT == 0) == (split == "validation"))
    return [photo for photo in photos if photo.id not in LEAKS.get(name, ())]


def _everyday(split, root):
    """The photos of everyday faces, squares cut out of larger pictures; no files, so no paths."""
    if split != "test":
        raise _testing_only(EVERYDAY, split)
    with _BOXES.open(encoding="utf-8", newline="") as file:
        boxes = list(csv.DictReader(file))
    files = {path.with_suffix(""): path for folder in _folders(EVERYDAY) for path in pictures.find(root / folder)}
    return [_cut(files, root / box["picture"], *(int(box[key]) for key in ("top", "left", "side"))) for box in boxes]


def _cut(files, picture, top, left, side):
    """The photo of a square of a picture, whose file may have any suffix."""
    path = files.get(picture, picture)

    def load():
        whole = pictures.read(path)
        return pictures.Picture(np.ascontiguousarray(whole.rgb[top : top + side, left : left + side]), whole.grey)

    return Photo(f"{picture.name}-{top}-{left}", load)


def _testing_only(name, split):
    return InputError(f"data set {name!r} is for testing only: it has no {split!r} split")


def _pick(folder, wanted):
    """Photos of the files in `folder` whose name's hash (an int) is `wanted`; independent of the other files."""
    found = pictures.find(folder)
    return [_photo(_id(path, folder), path) for path in found if wanted(_hash(path.stem))]


def _id(path, folder):
    """A file's name below its folder, without suffix, with forward slashes."""
    return path.relative_to(folder).with_suffix("").as_posix()


def _hash(text):
    """A number that depends on `text` alone, the same on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _photo(key, path):
    return Photo(key, lambda: pictures.read(path), path)


def _drawn(index):
    return Photo(f"face-{index:04d}", lambda: pictures.Picture(draw.draw(index)))
