"""Downloads from a server on this machine: whole, cut, wrong, missing, busy, with a full disk, and interrupted."""

import dataclasses
import email.utils
import hashlib
import io
import json
import pathlib
import sys
import threading
import time
import zipfile

import numpy as np
import pytest
import server
from PIL import Image

from srlib.data import catalogue, disk_space, sources
from srlib.data.audit import manifest
from srlib.data.download import http, library, listings, remote_zip
from srlib.errors import InputError

BODY = np.random.default_rng(0).bytes(1_000_000)
MD5 = "md5:" + hashlib.md5(BODY).hexdigest()


@pytest.fixture
def web():
    with server.Server({"/file": BODY}) as running:
        yield running


def wanted(web, folder, checksum=MD5):
    return http.File(web.url + "/file", folder / "file.bin", checksum)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_whole_and_is_not_fetched_twice(web, tmp_path):
    for _ in range(2):
        assert http.file(wanted(web, tmp_path), progress=False).read_bytes() == BODY
    assert names(tmp_path) == ["file.bin"]
    assert len(web.requests) == 1


@pytest.mark.parametrize("checksum", [MD5, None])
def test_a_cut_transfer_goes_on_where_it_stopped(web, tmp_path, checksum):
    web.faults["/file"] = [server.cut(400_000), server.cut(300_000)]
    http.file(wanted(web, tmp_path, checksum), progress=False)
    assert (tmp_path / "file.bin").read_bytes() == BODY
    first, second, third = web.ranges("/file")
    assert first is None
    assert 367_000 < int(second[6:-1]) <= 400_000 < int(third[6:-1])
    assert names(tmp_path) == ["file.bin"]


def test_what_another_run_left_is_used(web, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(BODY[:123_456])
    http.file(wanted(web, tmp_path), progress=False)
    assert web.ranges("/file") == ["bytes=123456-"]
    assert (tmp_path / "file.bin").read_bytes() == BODY


def test_a_whole_part_file_needs_no_more_bytes(web, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(BODY)
    assert http.file(wanted(web, tmp_path), progress=False).read_bytes() == BODY


@pytest.mark.parametrize("left", [b"x" * 5000, b"x" * 1_000_001])
def test_a_damaged_part_file_is_fetched_again(web, tmp_path, left):
    (tmp_path / "file.bin.part").write_bytes(left)
    assert http.file(wanted(web, tmp_path), progress=False).read_bytes() == BODY


def test_a_part_file_without_checksum_or_version_is_not_trusted(web, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(b"x" * 5000)
    assert http.file(wanted(web, tmp_path, None), progress=False).read_bytes() == BODY


def test_a_wrong_checksum_is_fetched_again(web, tmp_path):
    web.faults["/file"] = [server.wrong]
    assert http.file(wanted(web, tmp_path), progress=False).read_bytes() == BODY
    assert len(web.requests) == 2


def test_a_checksum_that_stays_wrong_is_an_error_and_leaves_nothing(web, tmp_path):
    web.files["/file"] = b"other"
    with pytest.raises(InputError, match=r"checksum is not md5:.* 3 times; it was deleted"):
        http.file(wanted(web, tmp_path), progress=False)
    assert names(tmp_path) == []


def test_a_missing_file_is_named_at_once(web, tmp_path):
    with pytest.raises(http.Unavailable, match="/absent: the server answers 404"):
        http.file(http.File(web.url + "/absent", tmp_path / "absent"), progress=False)
    assert len(web.requests) == 1


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(web, tmp_path, code):
    soon = email.utils.formatdate(time.time() + 1, usegmt=True)
    web.faults["/file"] = [server.status(code, {"Retry-After": "1"}), server.status(code, {"Retry-After": soon})]
    start = time.monotonic()
    assert http.file(wanted(web, tmp_path), progress=False).read_bytes() == BODY
    assert time.monotonic() - start >= 1
    assert len(web.requests) == 3


def test_a_wait_that_cannot_be_read_is_a_second(web, tmp_path):
    web.faults["/file"] = [server.status(503, {"Retry-After": "soon"})]
    assert http.file(wanted(web, tmp_path), progress=False).read_bytes() == BODY


def test_a_server_that_asks_for_hours_is_given_up(web, tmp_path):
    web.faults["/file"] = [server.status(429, {"Retry-After": "7200"})]
    with pytest.raises(http.Unavailable, match="429.*try again later"):
        http.file(wanted(web, tmp_path), progress=False)


def test_a_server_that_stays_busy_is_given_up(web, tmp_path):
    web.faults["/file"] = [server.status(503, {"Retry-After": "0"})] * 9
    with pytest.raises(http.Unavailable, match="503"):
        http.file(wanted(web, tmp_path), progress=False)
    assert len(web.requests) == http.ATTEMPTS


def test_a_web_page_in_place_of_a_file_is_refused(web, tmp_path):
    web.faults["/file"] = [server.status(200, {"Content-Type": "text/html; charset=utf-8"})]
    with pytest.raises(http.Unavailable, match="quota"):
        http.file(wanted(web, tmp_path), progress=False)


def test_a_full_disk_is_seen_before_the_first_byte(web, tmp_path, monkeypatch):
    monkeypatch.setattr(disk_space, "free_space", lambda folder: disk_space.RESERVE + 10)
    with pytest.raises(InputError, match="GB free: make room"):
        http.file(wanted(web, tmp_path), progress=False)
    assert names(tmp_path) == []


def test_a_disk_that_fills_up_says_so_and_keeps_what_came(web, tmp_path, monkeypatch):
    class Full(io.FileIO):
        def write(self, data):
            if self.tell() + len(data) > 600_000:
                raise OSError(28, "No space left on device")
            return super().write(data)

    monkeypatch.setattr(http, "open", Full, raising=False)
    with pytest.raises(InputError, match="the disk is full"):
        http.file(wanted(web, tmp_path), progress=False)
    monkeypatch.undo()
    assert http.file(wanted(web, tmp_path), progress=False).read_bytes() == BODY
    assert web.ranges("/file")[1].startswith("bytes=")


def picture(index, side=100):
    """A small picture as PNG bytes."""
    pixels = np.random.default_rng(index).integers(0, 255, (side, side, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def zipped(members):
    """{name: bytes} as a zip file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return data.getvalue()


def md5(data):
    return "md5:" + hashlib.md5(data).hexdigest()


@pytest.fixture
def coco(web, monkeypatch):
    """A server with COCO's shape: twelve training pictures and ten others, archives and annotations."""
    parts = {"train2017": range(12), "val2017": range(20, 30)}
    annotations, archives = {}, []
    for part, indices in parts.items():
        images = {f"{part}/{index:012d}.png": picture(index) for index in indices}
        listed = [
            {"id": 1, "license": 1, "file_name": name[len(part) + 1 :], "coco_url": f"http://images.invalid/{name}"}
            for name in images
        ]
        about = {"licenses": [{"id": 1, "name": "Attribution License"}], "images": listed}
        annotations[f"annotations/captions_{part}.json"] = json.dumps(about)
        web.files.update({"/" + name: data for name, data in images.items()})
        web.files[f"/zips/{part}.zip"] = zipped(images)
        archives.append(md5(web.files[f"/zips/{part}.zip"]))
    web.files["/annotations/annotations_trainval2017.zip"] = zipped(annotations)
    checksum = md5(web.files["/annotations/annotations_trainval2017.zip"])
    monkeypatch.setattr(listings, "_ANNOTATIONS", dataclasses.replace(listings._ANNOTATIONS, checksum=checksum))
    real = catalogue.DATA_SETS["coco"]
    own = tuple(dataclasses.replace(one, checksum=sum_, size=9999) for one, sum_ in zip(real.archives, archives))
    monkeypatch.setitem(catalogue.DATA_SETS, "coco", dataclasses.replace(real, archives=own, size=10**6))
    monkeypatch.setenv("SRLIB_SOURCE_COCO", web.url)
    return web


@pytest.fixture
def ffhq(web, monkeypatch):
    """A server with FFHQ's shape: twenty training thumbnails, ten others, and a mirror's zip file."""
    indices = [*range(20), *range(60_000, 60_010)]
    listed, members = {}, {}
    for index in indices:
        data = members[f"thumbnails128x128/{index // 1000 * 1000:05d}/{index:05d}.png"] = picture(index)
        web.files[f"/download?id=T{index}&export=download&confirm=t"] = data
        file = {
            "file_url": f"https://drive.google.com/uc?id=T{index}",
            "file_size": len(data),
            "file_md5": md5(data)[4:],
        }
        about = {"license": "Attribution License", "author": f"Author {index}"}
        listed[str(index)] = {"metadata": about, "thumbnail": file, "image": file}
    text = json.dumps(listed).encode()
    web.files["/download?id=16N0RV4fHI6joBuKbQAoG34V_cQk7vxSA&export=download&confirm=t"] = text
    mirror = catalogue.DATA_SETS["ffhq-thumbnails"].mirror[0].removeprefix("https://huggingface.co")
    web.files[mirror] = zipped(members)
    web.mirror = mirror
    own = dataclasses.replace(listings._FFHQ_LIST, checksum=md5(text), size=len(text))
    monkeypatch.setattr(listings, "_FFHQ_LIST", own)
    monkeypatch.setenv("SRLIB_SOURCE_FFHQ_THUMBNAILS", web.url)
    return web


def tree(folder):
    """{path below a folder: bytes} of all files but the kept downloads."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    inside = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    return {name: data for name, data in inside.items() if not name.startswith("downloads/")}


def test_coco_comes_whole_by_its_archives(coco, tmp_path):
    rows = manifest.read(library.fetch_set("coco", tmp_path, progress=False))
    assert [row.split for row in rows] == ["test"] * 10 + ["train"] * 12
    assert len(sources.load("coco", "train", root=tmp_path)) == 12  # none of these names falls to the validation split
    assert len(sources.load("coco", "test", root=tmp_path)) == 10
    assert not list(tmp_path.rglob("*.zip"))
    assert library.check("coco", tmp_path) == []
    before = len(coco.requests)
    library.fetch_set("coco", tmp_path, progress=False)
    assert len(coco.requests) == before


def test_coco_subset_is_fixed_and_needs_no_archive(coco, tmp_path):
    rows = manifest.read(library.fetch_set("coco", tmp_path / "one", subset=5, progress=False))
    assert [row.split for row in rows] == ["test"] + ["train"] * 5
    assert {row.licence for row in rows} == {"Attribution License"}
    assert not [path for path, _ in coco.requests if "/zips/" in path]
    library.fetch_set("coco", tmp_path / "two", subset=5, progress=False)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    more = manifest.read(library.fetch_set("coco", tmp_path / "two", subset=8, progress=False))
    assert {row.id for row in rows} < {row.id for row in more}
    other = manifest.read(library.fetch_set("coco", tmp_path / "three", subset=5, seed=1, progress=False))
    assert {row.id for row in other} != {row.id for row in rows}


def test_ffhq_comes_with_its_own_split_and_checksums(ffhq, tmp_path):
    rows = manifest.read(library.fetch_set("ffhq-thumbnails", tmp_path, progress=False))
    assert sum(row.split == "train" for row in rows) == 20
    assert {row.id for row in rows if row.split == "test"} >= {"60000/60000.png", "60000/60009.png"}
    assert {row.author for row in rows} >= {"Author 0", "Author 60009"}
    assert (tmp_path / "ffhq-thumbnails/train/00000/00007.png").read_bytes() == picture(7)


def test_ffhq_takes_from_the_mirror_what_the_first_source_refuses(ffhq, tmp_path):
    ffhq.faults["/download?id=T3&export=download&confirm=t"] = [server.status(403)] * 3
    library.fetch_set("ffhq-thumbnails", tmp_path, progress=False)
    assert (tmp_path / "ffhq-thumbnails/train/00000/00003.png").read_bytes() == picture(3)
    assert all(ffhq.ranges(ffhq.mirror)[1:])


def test_ffhq_comes_from_the_mirror_where_the_list_cannot_be_had(ffhq, tmp_path, monkeypatch):
    del ffhq.files["/download?id=16N0RV4fHI6joBuKbQAoG34V_cQk7vxSA&export=download&confirm=t"]
    monkeypatch.setattr(listings, "_FFHQ_IMAGES", 20)
    rows = manifest.read(library.fetch_set("ffhq-thumbnails", tmp_path, subset=4, progress=False))
    assert [row.split for row in rows] == ["train"] * 4
    assert all(row.sha256 for row in rows)


def test_a_mirror_with_other_pictures_is_refused(ffhq, tmp_path):
    ffhq.faults["/download?id=T3&export=download&confirm=t"] = [server.status(403)] * 3
    ffhq.files[ffhq.mirror] = zipped({"t/00003.png": picture(99), **{f"t/{n:05d}.png": b"" for n in range(3)}})
    with pytest.raises(InputError, match="cannot fetch ffhq-thumbnails: tried .*403.*"):
        library.fetch_set("ffhq-thumbnails", tmp_path, progress=False)


def test_members_of_a_remote_zip_are_read_in_parts(web):
    web.files["/a.zip"] = zipped({"x/one": BODY, "x/two": b""})
    found = {member.info.filename: remote_zip.read(member) for member in remote_zip.members(web.url + "/a.zip")}
    assert found == {"x/one": BODY, "x/two": b""}


def test_offline_ends_with_one_line_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("SRLIB_SOURCE_COCO", "http://127.0.0.1:9")
    with pytest.raises(InputError) as caught:
        library.fetch_set("coco", tmp_path, subset=2000, progress=False)
    message = str(caught.value)
    assert "\n" not in message
    assert "tried http://127.0.0.1:9/annotations/annotations_trainval2017.zip: no connection" in message
    assert message.endswith("srlib data import DIR coco")


def test_a_set_without_an_address_is_answered_with_the_command_that_imports_it(tmp_path):
    with pytest.raises(InputError, match="cannot fetch faces: .*no address.*run: srlib data import DIR faces"):
        library.fetch_set("faces", tmp_path)
    with pytest.raises(InputError, match="faces is not there; run: srlib data import DIR faces"):
        library.check("faces", tmp_path)


def test_too_little_room_for_a_set_is_said_before_anything_is_fetched(coco, tmp_path, monkeypatch):
    monkeypatch.setattr(disk_space, "free_space", lambda folder: disk_space.RESERVE + 100)
    with pytest.raises(InputError, match="take a --subset"):
        library.fetch_set("coco", tmp_path, progress=False)
    assert coco.requests == []


class Interrupt:
    """Raises KeyboardInterrupt before the n-th line that runs in srlib.data, in whichever thread."""

    def __init__(self, after):
        self.left, self._lock = after, threading.Lock()

    def __enter__(self):
        threading.settrace(self._trace)
        sys.settrace(self._trace)
        return self

    def __exit__(self, *error):
        sys.settrace(None)
        threading.settrace(None)

    def _trace(self, frame, event, argument):
        if "/srlib/data/" not in pathlib.Path(frame.f_code.co_filename).as_posix():
            return None
        if event == "line":
            with self._lock:
                self.left -= 1
                if self.left == 0:
                    raise KeyboardInterrupt
        return self._trace


def interrupted_everywhere(fetch_it, folder, points):
    """Whether a second run ends with the bytes of an uninterrupted one, for interruptions at many places."""
    with Interrupt(10**9) as counter:
        fetch_it(folder / "whole")
    lines, whole = 10**9 - counter.left, tree(folder / "whole")
    for number in range(points):
        root = folder / str(number)
        with pytest.raises(KeyboardInterrupt), Interrupt(1 + number * (lines - 1) // points):
            fetch_it(root)
        fetch_it(root)
        assert tree(root) == whole


def test_interrupted_anywhere_a_subset_ends_with_the_same_bytes(coco, tmp_path):
    interrupted_everywhere(lambda root: library.fetch_set("coco", root, subset=3, progress=False), tmp_path, 40)


def test_interrupted_anywhere_archives_end_with_the_same_bytes(coco, tmp_path):
    interrupted_everywhere(lambda root: library.fetch_set("coco", root, progress=False), tmp_path, 20)


def test_interrupted_anywhere_a_mirror_ends_with_the_same_bytes(ffhq, tmp_path, monkeypatch):
    del ffhq.files["/download?id=16N0RV4fHI6joBuKbQAoG34V_cQk7vxSA&export=download&confirm=t"]
    monkeypatch.setattr(listings, "_FFHQ_IMAGES", 20)
    fetch_it = lambda root: library.fetch_set("ffhq-thumbnails", root, subset=3, progress=False)  # noqa: E731
    interrupted_everywhere(fetch_it, tmp_path, 10)


def test_import_takes_splits_from_folders(tmp_path):
    for name in ("train2017/a.png", "val2017/b.png"):
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(picture(len(name)))
    rows = manifest.read(library.import_folder(tmp_path / "mine", "coco", root=tmp_path / "root", progress=False))
    assert [(row.split, row.id) for row in rows] == [("test", "b.png"), ("train", "a.png")]
    assert (tmp_path / "root/coco/val2017/b.png").exists()


def test_import_numbers_ffhq(tmp_path):
    for index in (5, 60_001):
        (tmp_path / f"{index:05d}.png").write_bytes(picture(index))
    rows = manifest.read(library.import_folder(tmp_path, "ffhq", root=tmp_path / "root", progress=False))
    assert [(row.split, row.id) for row in rows] == [("test", "60000/60001.png"), ("train", "00000/00005.png")]


def test_import_names_a_picture_whose_split_cannot_be_told(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(0))
    with pytest.raises(InputError, match="subfolders named train2017 and val2017"):
        library.import_folder(tmp_path, "coco", root=tmp_path / "root", progress=False)
