"""Catalogue of the data sets: what each is, its licence and citation, whose faces it shows, where its files come from.

The entries stand in data_sets.toml.
"""

import dataclasses
import pathlib
import tomllib

from srlib import config
from srlib.errors import InputError

_FILE = pathlib.Path(__file__).with_name("data_sets.toml")


@dataclasses.dataclass(frozen=True)
class Archive:
    """A file with many pictures in it.

    Args:
        url: its address.
        members: folders inside the archive (the end of a member's folder) to folders below the data root.
        size: bytes, where known.
        checksum: "md5:…" or "sha256:…", where known.
    """

    url: str
    members: dict[str, str]
    size: int | None = None
    checksum: str | None = None


@dataclasses.dataclass(frozen=True)
class DataSet:
    """One data set: its card, its splits, and its sources; without any source it has to be put in place by hand.

    Args:
        name: the name that commands know it by; the key of its table in data_sets.toml.
        title, what: what its card is called and begins with.
        images: how many there are.
        size: bytes of all of them.
        licence, privacy, removal, citation, home, checksums: lines of its card.
        splits: "train" and "test" to folders below the data root.
        sides: (height, width) in pixels of a usual one, where the cards say what a packed store of them takes.
        left_out: ids of training pictures that a test set shows too (`srlib data check` found them), or whose person it
            shows (by the descriptors of `face_identity`: nearer than two photographs of one person mostly are).
        archives: files that hold its pictures.
        listing: name of the function of `listings` that lists the single pictures to fetch, where there is one.
        mirror: zip files that hold the same pictures, read in parts where the first source fails.
    """

    name: str
    title: str
    what: str
    images: int
    size: int
    licence: str
    privacy: str
    removal: str
    citation: str
    splits: dict[str, str]
    home: str = ""
    checksums: str = ""
    sides: tuple[int, int] | None = None
    left_out: tuple[str, ...] = ()
    archives: tuple[Archive, ...] = ()
    listing: str | None = None
    mirror: tuple[str, ...] = ()

    @property
    def can_be_fetched(self) -> bool:
        """Whether `srlib data fetch` knows a source."""
        return bool(self.archives or self.listing)


def read(path: pathlib.Path) -> dict[str, DataSet]:
    """The data sets in a TOML file, a table each, by name.

    Raises:
        InputError: the file is no TOML, or a key is unknown, missing or of the wrong type.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not TOML ({error})") from error
    return {name: _data_set(name, table, f"{path}, [{name}") for name, table in tables.items()}


def _data_set(name, table, source):
    """The `DataSet` of a table; `source` is what errors begin with."""
    listed = table.get("archives", ())
    archives = [config.checked(values, Archive, source=f"{source}.archives]: ") for values in listed]
    return config.checked({**table, "name": name, "archives": archives}, DataSet, source=f"{source}]: ")


DATA_SETS = read(_FILE)


def find(name: str) -> DataSet:
    """The `DataSet` of that name, in any case.

    Raises:
        InputError: there is none.
    """
    name = name.lower()
    if name not in DATA_SETS:
        hint = config.did_you_mean(name, DATA_SETS)
        raise InputError(f"unknown data set {name!r}{hint}; known: {', '.join(DATA_SETS)}")
    return DATA_SETS[name]


def size_text(size: int) -> str:
    """Bytes as GB or MB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
