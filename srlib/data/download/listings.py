"""The single pictures of a data set with their addresses, from the list that its publisher gives.

A function here takes (data set, root, base, progress) and returns `Picture`s; the catalogue names it.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import pathlib
import zipfile

import tqdm

from srlib import files
from srlib.data.download import http, remote_zip

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
class Picture:
    """One picture to fetch: `id` is its path below the folder of its split."""

    id: str
    split: str
    url: str
    checksum: str | None = None
    size: int | None = None
    licence: str = ""
    author: str = ""


def subset(pictures, count, seed):
    """A fixed choice: `count` training pictures and a tenth as many of the others; of a single split, `count`.

    A picture's place in the draw depends on the seed and its id alone, so a larger subset holds the smaller ones.
    """
    splits = list(dict.fromkeys(picture.split for picture in pictures))
    chosen = []
    for split in splits:
        wanted = count if split == "train" or len(splits) == 1 else max(1, count // 10)
        those = [picture for picture in pictures if picture.split == split]
        chosen += sorted(those, key=lambda picture: _place(seed, picture.id))[:wanted]
    return chosen


def _place(seed, name):
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()


def coco(dataset, root, base=None, progress=True):
    """COCO's pictures, from its annotations; the captions name them all and are the smallest to read."""
    archive = _fetched(_ANNOTATIONS, root, base, progress)
    pictures = []
    with zipfile.ZipFile(archive) as opened:
        for split, part in (("train", "train2017"), ("test", "val2017")):
            about = json.loads(opened.read(f"annotations/captions_{part}.json"))
            licences = {licence["id"]: licence["name"] for licence in about["licenses"]}
            for image in about["images"]:
                url = http.rebased(image["coco_url"], base)
                pictures.append(Picture(image["file_name"], split, url, licence=licences.get(image["license"], "")))
    return pictures


def ffhq(dataset, root, base=None, progress=True):
    """FFHQ's pictures of 1024×1024, from the official list, or without checksums where that cannot be had."""
    return _ffhq("image", root, base, progress)


def ffhq_thumbnails(dataset, root, base=None, progress=True):
    """FFHQ's thumbnails, likewise."""
    return _ffhq("thumbnail", root, base, progress)


def _ffhq(kind, root, base, progress):
    """The pictures of a kind; without the list they have no address, and the mirror has to bring them."""
    try:
        text = _fetched(_FFHQ_LIST, root, base, progress).read_text(encoding="utf-8")
    except (http.Offline, http.Unavailable):
        return [Picture(_ffhq_id(index), _ffhq_split(index), "") for index in range(_FFHQ_IMAGES)]
    return [_ffhq_picture(int(index), item, kind, base) for index, item in json.loads(text).items()]


def _ffhq_picture(index, item, kind, base):
    """A `Picture` of one item of the official list; the first 60,000 are for training."""
    about, file = item["metadata"], item[kind]
    checksum = "md5:" + file["file_md5"]
    url = http.rebased(direct(file["file_url"]), base)
    return Picture(
        _ffhq_id(index), _ffhq_split(index), url, checksum, file["file_size"], about["license"], about["author"]
    )


def ffhq_place(index):
    """(split, id) of FFHQ's picture of that number."""
    return _ffhq_split(index), _ffhq_id(index)


def _ffhq_id(index):
    """FFHQ's own layout, a thousand pictures a folder: Google Drive chokes on more."""
    return f"{index // 1000 * 1000:05d}/{index:05d}.png"


def _ffhq_split(index):
    return "train" if index < _FFHQ_TRAINING else "test"


def direct(url):
    """A Google Drive address that gives the file itself, without the page that asks about viruses."""
    identifier = url.rpartition("id=")[2]
    if "drive.google.com" not in url:
        return url
    return f"https://drive.usercontent.google.com/download?id={identifier}&export=download&confirm=t"


def officials(dataset, root, base=None, progress=True):
    """The portraits of US office holders; ids are hashes of the names, and a person is in one split only."""
    pictures = {}
    for body in _OFFICIALS:
        address = f"https://raw.githubusercontent.com/CivilServiceUSA/{body}/master/{body}/data/{body}.json"
        listed = _fetched(http.File(address, pathlib.Path(f"downloads/officials/{body}.json")), root, base, progress)
        for person in json.loads(listed.read_text(encoding="utf-8")):
            if person.get("photo_url"):
                portrait = _portrait(person["photo_url"], base)
                pictures.setdefault(portrait.id, portrait)
    return list(pictures.values())


def _portrait(url, base):
    """The `Picture` of a portrait, in its largest size; one person in five is for testing."""
    name = hashlib.sha256(pathlib.PurePosixPath(url).stem.encode()).hexdigest()
    split = "test" if int(name[:8], 16) % 5 == 0 else "train"
    large = http.rebased(url.replace("/512x512/", "/1024x1024/"), base)
    return Picture(f"{name[:10]}.jpg", split, large, licence="MIT (collection); US government work")


def _fetched(file, root, base, progress):
    """The path of a list, fetched below the root unless it is there."""
    url = http.rebased(direct(file.url), base)
    path = pathlib.Path(root) / file.path
    http.require_space([dataclasses.replace(file, path=path)])
    return http.file(http.File(url, path, file.checksum, file.size), progress)


def from_mirror(dataset, root, wanted, base=None, progress=True):
    """Fetch pictures out of the data set's mirror, members of zip files, matched by file name.

    Args:
        dataset: `catalogue.DataSet` with a mirror.
        root: the data root.
        wanted: list of `Picture`; those that are there are passed over.
    Raises:
        InputError: the mirror cannot be reached, or lacks one, or its copy's checksum is wrong.
    """
    missing = [picture for picture in wanted if not place(dataset, root, picture).exists()]
    if not missing:
        return
    urls = [http.rebased(url, base) for url in dataset.mirror]
    found = {pathlib.PurePosixPath(one.name).name: one for url in urls for one in remote_zip.members(url)}
    with concurrent.futures.ThreadPoolExecutor(http.WORKERS) as pool:
        try:
            tasks = [pool.submit(_from_zip, found, picture, place(dataset, root, picture)) for picture in missing]
            for task in tqdm.tqdm(concurrent.futures.as_completed(tasks), "mirror", len(tasks), disable=not progress):
                task.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _from_zip(found, picture, path):
    """Write one picture out of the mirror's members."""
    name = path.name
    if name not in found:
        raise http.Unavailable(f"the mirror has no {name}")
    data = remote_zip.read(found[name])
    kind, _, digits = (picture.checksum or "").partition(":")
    if kind and hashlib.new(kind, data).hexdigest() != digits:
        raise http.Unavailable(f"{found[name].url}: its {name} is not the original: the {kind.upper()} is wrong")
    with files.replacing(path) as beside:
        beside.write_bytes(data)


def place(dataset, root, picture):
    """Where a picture stands below the data root."""
    return pathlib.Path(root) / dataset.splits[picture.split] / picture.id


LISTS = {function.__name__: function for function in (coco, ffhq, ffhq_thumbnails, officials)}
