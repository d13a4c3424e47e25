"""The single photographs of a data set with their addresses, from the list that its publisher gives.

A function here takes a `Fetch` and returns `RemotePhoto`s; the catalogue names it.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import pathlib
import zipfile
from collections.abc import Callable, Sequence

import tqdm

from srlib import files
from srlib.data import catalogue
from srlib.data.download import http, remote_zip

# The lists; their paths are below the data root.
_ANNOTATIONS = http.File(
    "http://images.cocodataset.org/annotations/annotations_trainval2017.zip",
    pathlib.Path("downloads/coco/annotations_trainval2017.zip"),
    "md5:f4bbac642086de4f52a3fdda2de5fa2c",
    252_907_541,
)
_FFHQ_LIST = http.File(
    "https://drive.google.com/uc?id=16N0RV4fHI6joBuKbQAoG34V_cQk7vxSA",
    pathlib.Path("downloads/ffhq/ffhq-dataset-v2.json"),
    "md5:425ae20f06a4da1d4dc0f46d40ba5fd6",
    267_793_842,
)
_OFFICIALS = ("us-senate", "us-house", "us-governors")
_FFHQ_TRAINING = 60_000
_FFHQ_IMAGES = 70_000


@dataclasses.dataclass(frozen=True)
class RemotePhoto:
    """One photograph to fetch: `id` is its path below the folder of its split."""

    id: str
    split: str
    url: str
    checksum: str | None = None
    size: int | None = None
    licence: str = ""
    author: str = ""


@dataclasses.dataclass(frozen=True)
class Fetch:
    """What to fetch, where to and how.

    Args:
        dataset: the data set.
        root: the data root.
        server: address of a server that stands in for the data set's own, or None.
        progress: whether to show bars.
    """

    dataset: catalogue.DataSet
    root: pathlib.Path
    server: str | None = None
    progress: bool = True

    def url(self, url: str) -> str:
        """An address, at the server that stands in where there is one."""
        return http.rebased(url, self.server)

    def place(self, photo: RemotePhoto) -> pathlib.Path:
        """Where a photograph stands below the data root."""
        return self.root / self.dataset.splits[photo.split] / photo.id

    def list_file(self, file: http.File) -> pathlib.Path:
        """The path of a list, fetched below the root unless it is there."""
        wanted = dataclasses.replace(file, url=self.url(direct(file.url)), path=self.root / file.path)
        http.require_space([wanted])
        return http.file(wanted, progress=self.progress)


def subset(photos: Sequence[RemotePhoto], count: int, *, seed: int) -> list[RemotePhoto]:
    """A fixed choice: `count` training photographs and a tenth as many of the others; of a single split, `count`.

    A photograph's place in the draw depends on the seed and its id alone, so a larger subset holds the smaller ones.
    """
    splits = list(dict.fromkeys(photo.split for photo in photos))
    chosen = []
    for split in splits:
        wanted = count if split == "train" or len(splits) == 1 else max(1, count // 10)
        those = [photo for photo in photos if photo.split == split]
        chosen += sorted(those, key=lambda photo: hashlib.sha256(f"{seed}:{photo.id}".encode()).digest())[:wanted]
    return chosen


def coco(fetch: Fetch) -> list[RemotePhoto]:
    """COCO's photographs, from its annotations; the captions name them all and are the smallest to read."""
    photos = []
    with zipfile.ZipFile(fetch.list_file(_ANNOTATIONS)) as opened:
        for split, part in (("train", "train2017"), ("test", "val2017")):
            about = json.loads(opened.read(f"annotations/captions_{part}.json"))
            licences = {licence["id"]: licence["name"] for licence in about["licenses"]}
            for image in about["images"]:
                licence = licences.get(image["license"], "")
                photos.append(RemotePhoto(image["file_name"], split, fetch.url(image["coco_url"]), licence=licence))
    return photos


def ffhq(fetch: Fetch) -> list[RemotePhoto]:
    """FFHQ's faces of 1024×1024, from the official list, or without checksums where that cannot be had."""
    return _ffhq("image", fetch)


def ffhq_thumbnails(fetch: Fetch) -> list[RemotePhoto]:
    """FFHQ's thumbnails, likewise."""
    return _ffhq("thumbnail", fetch)


def _ffhq(kind, fetch):
    """The photographs of a kind; without the list they have no address, and the mirror has to bring them."""
    try:
        text = fetch.list_file(_FFHQ_LIST).read_text(encoding="utf-8")
    except http.Unavailable:
        return [RemotePhoto(*reversed(ffhq_place(index)), "") for index in range(_FFHQ_IMAGES)]
    return [_ffhq_photo(int(index), item, kind, fetch) for index, item in json.loads(text).items()]


def _ffhq_photo(index, item, kind, fetch):
    """The photograph of one item of the official list."""
    about, file, (split, id) = item["metadata"], item[kind], ffhq_place(index)
    checksum, url = "md5:" + file["file_md5"], fetch.url(direct(file["file_url"]))
    return RemotePhoto(id, split, url, checksum, file["file_size"], about["license"], about["author"])


def ffhq_place(index: int) -> tuple[str, str]:
    """(split, id) of FFHQ's picture of that number: the first 60,000 are for training.

    The folders are FFHQ's own, a thousand pictures each: Google Drive chokes on more.
    """
    return "train" if index < _FFHQ_TRAINING else "test", f"{index // 1000 * 1000:05d}/{index:05d}.png"


def direct(url: str) -> str:
    """A Google Drive address that gives the file itself, without the page that asks about viruses."""
    identifier = url.rpartition("id=")[2]
    if "drive.google.com" not in url:
        return url
    return f"https://drive.usercontent.google.com/download?id={identifier}&export=download&confirm=t"


def officials(fetch: Fetch) -> list[RemotePhoto]:
    """The portraits of US office holders; ids are hashes of the names, and a person is in one split only."""
    photos = {}
    for body in _OFFICIALS:
        address = f"https://raw.githubusercontent.com/CivilServiceUSA/{body}/master/{body}/data/{body}.json"
        listed = fetch.list_file(http.File(address, pathlib.Path(f"downloads/officials/{body}.json")))
        for person in json.loads(listed.read_text(encoding="utf-8")):
            if person.get("photo_url"):
                portrait = _portrait(person["photo_url"], fetch)
                photos.setdefault(portrait.id, portrait)
    return list(photos.values())


def _portrait(url, fetch):
    """The photograph of an office holder, in its largest size; one person in five is for testing."""
    name = hashlib.sha256(pathlib.PurePosixPath(url).stem.encode()).hexdigest()
    split = "test" if int(name[:8], 16) % 5 == 0 else "train"
    large = fetch.url(url.replace("/512x512/", "/1024x1024/"))
    return RemotePhoto(f"{name[:10]}.jpg", split, large, licence="MIT (collection); US government work")


LISTS: dict[str, Callable[[Fetch], list[RemotePhoto]]] = {
    function.__name__: function for function in (coco, ffhq, ffhq_thumbnails, officials)
}


def from_mirror(fetch: Fetch, wanted: Sequence[RemotePhoto]) -> None:
    """Fetch photographs out of the data set's mirror, members of zip files, matched by file name.

    Args:
        fetch: of a data set with a mirror.
        wanted: the photographs; those that are there are passed over.
    Raises:
        http.Unavailable: the mirror cannot be reached, or lacks one, or its copy's checksum is wrong.
    """
    missing = [photo for photo in wanted if not fetch.place(photo).exists()]
    if not missing:
        return
    urls = [fetch.url(url) for url in fetch.dataset.mirror]
    found = {pathlib.PurePosixPath(one.info.filename).name: one for url in urls for one in remote_zip.members(url)}
    with concurrent.futures.ThreadPoolExecutor(http.WORKERS) as pool:
        try:
            tasks = [pool.submit(_from_zip, found, photo, fetch.place(photo)) for photo in missing]
            finished = concurrent.futures.as_completed(tasks)
            for task in tqdm.tqdm(finished, "mirror", len(tasks), disable=not fetch.progress):
                task.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _from_zip(found, photo, path):
    """Write one photograph out of the mirror's members."""
    name = path.name
    if name not in found:
        raise http.Unavailable(f"the mirror has no {name}")
    data = remote_zip.read(found[name])
    kind, _, digits = (photo.checksum or "").partition(":")
    if kind and hashlib.new(kind, data).hexdigest() != digits:
        raise http.Unavailable(f"{found[name].url}: its {name} is not the original: the {kind.upper()} is wrong")
    files.write_bytes(path, data)
