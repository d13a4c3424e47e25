"""Single members out of a zip file at a web server, without the whole of it: the directory at its end, then ranges.

Several threads read members at once. A `zipfile.ZipFile` over the network would make them wait for each other, or each
read the directory of tens of thousands of members again.
"""

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
    """A file in the zip file at `url`, as the directory there tells of it."""

    url: str
    info: zipfile.ZipInfo


def members(url: str) -> list[Member]:
    """The files in a zip file at a server that answers range requests.

    Raises:
        http.Unavailable: there is no such file, or no zip file.
    """
    try:
        with zipfile.ZipFile(io.BufferedReader(_Ranges(url), _BLOCK)) as opened:
            return [Member(url, info) for info in opened.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise http.Unavailable(f"{url}: no zip file that can be read in parts ({error})") from error


def read(member: Member) -> bytes:
    """The bytes of a member.

    Raises:
        http.Unavailable: the server does not give them, or they are damaged.
    """
    url, info = member.url, member.info
    *_, name_length, extra_length = _HEADER.unpack(_range(url, info.header_offset, _HEADER.size))
    start = info.header_offset + _HEADER.size + name_length + extra_length
    data = _range(url, start, info.compress_size)
    if info.compress_type != zipfile.ZIP_STORED:
        data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, info.file_size + 1)
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise http.Unavailable(f"{url}: its member {info.filename} is damaged")
    return data


def _range(url, start, length):
    """`length` bytes of a file at a server, asked for again where the connection breaks."""
    if not length:
        return b""
    headers = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
    for attempt in range(http.ATTEMPTS):
        try:
            response = http.thread.session.get(url, headers=headers, timeout=http.TIMEOUT)
        except requests.RequestException as error:
            if attempt == http.ATTEMPTS - 1:
                raise http.Unavailable(f"{url}: no connection") from error
            continue
        if response.status_code == 206 and len(response.content) == length:
            return response.content
        http.wait_or_give_up(response, url, failures=attempt)
    raise http.Unavailable(f"{url}: the server gives no part of the file")


class _Ranges(io.RawIOBase):
    """A file at a server as something `zipfile` can seek and read in."""

    def __init__(self, url):
        try:
            response = http.thread.session.head(url, allow_redirects=True, timeout=http.TIMEOUT)
        except requests.RequestException as error:
            raise http.Unavailable(f"{url}: no connection") from error
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
