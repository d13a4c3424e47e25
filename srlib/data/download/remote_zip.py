"""Single members out of a zip file at a web server, without the whole of it: the directory at its end, then ranges."""

import dataclasses
import io
import struct
import zipfile
import zlib

import requests

from srlib.data.download import http

_HEADER = struct.Struct("<4s5H3I2H")  # a member's local header; name and extra field follow
_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class Member:
    """A file in a zip file at `url`: `start` of its local header, bytes there, bytes unpacked, its CRC-32."""

    url: str
    name: str
    start: int
    packed: int
    size: int
    crc: int
    stored: bool


def members(url):
    """The `Member`s of a zip file at a server that answers range requests.

    Raises:
        fetch.Offline, fetch.Unavailable: there is no such file, or no zip file.
    """
    try:
        with zipfile.ZipFile(io.BufferedReader(_Ranges(url), _BLOCK)) as opened:
            return [_member(url, info) for info in opened.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise http.Unavailable(f"{url}: no zip file that can be read in parts ({error})") from error


def _member(url, info):
    stored = info.compress_type == zipfile.ZIP_STORED
    return Member(url, info.filename, info.header_offset, info.compress_size, info.file_size, info.CRC, stored)


def read(member):
    """The bytes of a `Member`.

    Raises:
        fetch.Offline, fetch.Unavailable: the server does not give them, or they are damaged.
    """
    head = _range(member.url, member.start, _HEADER.size)
    *_, name_length, extra_length = _HEADER.unpack(head)
    packed = _range(member.url, member.start + _HEADER.size + name_length + extra_length, member.packed)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    data = packed if member.stored else unpacker.decompress(packed, member.size + 1)
    if len(data) != member.size or zlib.crc32(data) != member.crc:
        raise http.Unavailable(f"{member.url}: its member {member.name} is damaged")
    return data


def _range(url, start, length):
    """`length` bytes of a file at a server, asked for again where the connection breaks."""
    if not length:
        return b""
    headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
    for attempt in range(http.ATTEMPTS):
        try:
            response = http.session().get(url, headers=headers, timeout=http.TIMEOUT)
        except requests.RequestException as error:
            if attempt == http.ATTEMPTS - 1:
                raise http.Offline(f"{url}: no connection") from error
            continue
        if response.status_code == 206 and len(response.content) == length:
            return response.content
        http.wait_or_give_up(response, url, attempt)
    raise http.Unavailable(f"{url}: the server gives no part of the file")


class _Ranges(io.RawIOBase):
    """A file at a server as something `zipfile` can seek and read in."""

    def __init__(self, url):
        try:
            response = http.session().head(url, allow_redirects=True, timeout=http.TIMEOUT)
        except requests.RequestException as error:
            raise http.Offline(f"{url}: no connection") from error
        if response.status_code != 200:
            raise http.Unavailable(f"{url}: the server answers {response.status_code} {response.reason}")
        self._url, self._place, self._length = url, 0, int(response.headers["Content-Length"])

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._length}[whence]
        return self._place

    def readinto(self, buffer):
        data = _range(self._url, self._place, min(len(buffer), self._length - self._place))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)
