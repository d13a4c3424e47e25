"""Archives that nobody has looked into: what climbs out, links, explodes or is too large is refused by name."""

import io
import stat
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from srlib.data.download import archives
from srlib.errors import InputError
from srlib.imaging import pictures


def png(width, height):
    data = io.BytesIO()
    Image.fromarray(np.zeros((height, width), np.uint8)).save(data, "PNG")
    return data.getvalue()


def zip_of(path, *members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members:
            opened.writestr(name, data)
    return path


def tar_of(path, *members):
    with tarfile.open(path, "w:gz") as opened:
        for info, data in members:
            info.size = len(data)
            opened.addfile(info, io.BytesIO(data))
    return path


def take(archive, folder):
    return archives.extract(archive, lambda name: folder / name)


def test_pictures_come_out_of_both_kinds(tmp_path):
    take(zip_of(tmp_path / "a.zip", ("x/", b""), ("x/a.png", png(5, 6))), tmp_path / "zip")
    take(tar_of(tmp_path / "a.tgz", (tarfile.TarInfo("x/a.png"), png(5, 6))), tmp_path / "tar")
    for kind in ("zip", "tar"):
        assert (tmp_path / kind / "x/a.png").read_bytes() == png(5, 6)


def test_what_is_not_wanted_stays_inside(tmp_path):
    archive = zip_of(tmp_path / "a.zip", ("a.png", png(5, 6)), ("b.txt", b"no"))
    wanted = archives.extract(archive, lambda name: tmp_path / "out" / name if name.endswith("png") else None)
    assert wanted == [tmp_path / "out/a.png"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.png"]


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/tmp/evil.png", "C:\\evil.png", "..\\evil.png"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    for archive in (
        zip_of(tmp_path / "a.zip", ("fine.png", png(5, 6)), (name, b"x")),
        tar_of(tmp_path / "a.tgz", (tarfile.TarInfo("fine.png"), png(5, 6)), (tarfile.TarInfo(name), b"x")),
    ):
        with pytest.raises(InputError, match="refused, its member .*evil.png' (climbs out|has an absolute path)"):
            take(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "evil.png").exists()


def test_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    soft, hard = tarfile.TarInfo("link.png"), tarfile.TarInfo("link.png")
    soft.type, soft.linkname, hard.type, hard.linkname = tarfile.SYMTYPE, "/etc/passwd", tarfile.LNKTYPE, "other"
    made = [zip_of(tmp_path / "a.zip", (link, "/etc/passwd"))]
    made += [tar_of(tmp_path / f"{kind}.tgz", (info, b"")) for kind, info in (("soft", soft), ("hard", hard))]
    for archive in made:
        with pytest.raises(InputError, match="'link.png' is a link or a device"):
            take(archive, tmp_path / "out")


def test_bombs_are_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"'bomb.png' expands \d+ times \(a decompression bomb\)"):
        take(zip_of(tmp_path / "a.zip", ("bomb.png", bytes(5_000_000))), tmp_path / "out")
    monkeypatch.setattr(archives, "SMALL", 10**6)
    with pytest.raises(InputError, match="'bomb.png' .*decompression bomb"):
        take(tar_of(tmp_path / "a.tgz", (tarfile.TarInfo("bomb.png"), bytes(5_000_000))), tmp_path / "out")


def test_pictures_above_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)
    archive = zip_of(tmp_path / "a.zip", ("small.png", png(10, 10)), ("large.png", png(50, 50)))
    with pytest.raises(InputError, match="'large.png' is a picture of more than 1,000 pixels"):
        take(archive, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["small.png"]


def test_a_damaged_archive_is_named(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(InputError, match="a.zip: the archive is damaged"):
        take(tmp_path / "a.zip", tmp_path / "out")


def test_a_member_that_lies_about_its_size_is_refused(tmp_path):
    archive = zip_of(tmp_path / "a.zip", ("a.png", png(5, 6) + bytes(3000)))
    data = bytearray(archive.read_bytes())
    place = data.rindex(b"PK\x01\x02") + 24  # the size in the archive's directory
    data[place : place + 4] = (10).to_bytes(4, "little")
    archive.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        take(archive, tmp_path / "out")
