"""A file on a server of which only parts are here, as GDAL reads it.

A cloud-optimised GeoTIFF says in a table at its beginning where each block of cells lies, so that a
window of a file of 400 MB costs some 4 requests. GDAL could download by itself, but with waits,
retries and messages of its own, and deaf to ``--offline`` and Ctrl-C. So it sends nothing: where a
part is missing it reads zeros; the part is downloaded through ``Web`` and cached, and GDAL reads
again.
"""

from __future__ import annotations

import os
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

from hillfinder.elevation.sources.registry import TIFF
from hillfinder.errors import DataError, ServiceError
from hillfinder.services.request import Question

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from rasterio.io import DatasetReader

    from hillfinder.services.client import Web
    from hillfinder.services.service import Service

#: Size of the parts in which a file is cached, bytes: the table of a 3DEP file fits into the first.
PART_BYTES = 2**17
#: Most consecutive parts of one request.
MOST_AT_ONCE = 64
#: Cached in place of a file that does not exist.
NO_FILE = b"no file"


class RemoteFile:
    """A file on a server, of which some parts are here."""

    def __init__(
        self, web: Web, urls: tuple[str, ...], service: Service, *, distrust: bool
    ) -> None:
        """Fetch its first part.

        Args:
            web: the client.
            urls: where it is: the same file on each server.
            service: whom to name when it fails.
            distrust: ignore the cache and download again.

        Raises:
            ServiceError: the service fails, or sends no TIFF.
            OfflineError: the part is not cached, and the network is off.
        """
        self.url = urls[0]
        self._urls = urls
        self.wanted: set[int] = set()
        self._web = web
        self._service = service
        self._distrust = distrust
        self._made: dict[int, bytes] = {}
        self._parts: dict[int, bytes] = {}
        first = self._kept(0)
        self.exists = first != NO_FILE
        self.version, self.size = "", 0
        if self.exists:
            self.version, self.size, self._parts[0] = _unpacked_part(first)

    def open(self) -> DatasetReader:
        """Let GDAL read from the parts that are here."""
        import rasterio
        from rasterio.abc import MultiByteRangeResourceContainer

        MultiByteRangeResourceContainer.register(_Folder)
        # GDAL remembers files by their names: each opening has one of its own.
        name = f"{uuid4().hex}/{self.url.rpartition('/')[2]}"
        return rasterio.open(name, opener=_Folder(self))

    def read(self, start: int, count: int) -> bytes:
        """Return bytes; those that are not here are zeros, and noted as wanted."""
        count = max(0, min(count, self.size - start))
        if not count:
            return b""
        numbers = range(start // PART_BYTES, (start + count - 1) // PART_BYTES + 1)
        missing = [number for number in numbers if number not in self._parts]
        if missing:
            self.wanted.update(missing)
            return bytes(count)
        data = b"".join(self._parts[number] for number in numbers)
        return data[start % PART_BYTES :][:count]

    def fetch(self) -> None:
        """Get the wanted parts.

        Raises:
            DataError: they are parts of another version of the file.
        """
        for number in sorted(self.wanted):
            version, size, self._parts[number] = _unpacked_part(self._kept(number))
            if (version, size) != (self.version, self.size):
                msg = f"{self.url} has changed"
                raise DataError(msg)
        self.wanted.clear()

    def _kept(self, number: int) -> bytes:
        def check(entry: bytes) -> None:
            if self._distrust and entry != self._made.get(number):
                msg = "not trusted"
                raise DataError(msg)
            if entry != NO_FILE:
                _unpacked_part(entry)

        return self._web.get(
            Question(
                service=self._service,
                urls=self._urls,
                check=check,
                absent=NO_FILE,
                key=f"{self.url} part {number}",
                make=partial(self._make, number),
            )
        )

    def _make(self, number: int) -> bytes:
        """Fetch a part, and the wanted ones that follow it without a gap, with one request."""
        if number in self._made:
            return self._made[number]
        last = number
        while last + 1 in self.wanted and last - number < MOST_AT_ONCE:
            last += 1
        service, span = self._service, (number * PART_BYTES, (last + 1) * PART_BYTES - 1)

        def check(reply: bytes) -> None:
            if reply != NO_FILE:
                _answered(reply, span)

        reply = self._web.get(
            Question(
                service=service,
                urls=self._urls,
                span=span,
                header="ETag Content-Range",
                check=check,
                absent=NO_FILE,
            )
        )
        if reply == NO_FILE:
            self._made[number] = NO_FILE
            return NO_FILE
        version, size, data = _answered(reply, span)
        if number == 0 and data[:4] not in TIFF:
            msg = (
                f"{service.name} sent no elevation model, so {service.gives} not available now: "
                f"try again in a few minutes, or {service.instead}."
            )
            raise ServiceError(msg) from DataError("sent no elevation model")
        for each in range(number, last + 1):
            part = data[(each - number) * PART_BYTES :][:PART_BYTES]
            self._made[each] = _packed_part(version, size, part, service.credit)
        return self._made[number]


def _answered(reply: bytes, span: tuple[int, int]) -> tuple[str, int, bytes]:
    """Return version (its ``ETag``) and size of the file and the bytes of an answer."""
    before, _, data = reply.partition(b"\n")
    version, _, got = before.decode().partition("\t")
    begins, _, size = got.partition("/")
    end = min(span[1], int(size) - 1) if size.isdecimal() else -1
    if begins != f"bytes {span[0]}-{end}" or len(data) != end - span[0] + 1:
        msg = "not the part of the file that was asked for"
        raise DataError(msg)
    return version, int(size), data


def _packed_part(version: str, size: int, data: bytes, credit: str) -> bytes:
    """Return a part as it is cached: with its origin, and a checksum."""
    fields = (version, str(size), sha256(data).hexdigest(), credit)
    return "\t".join(fields).encode() + b"\n" + data


def _unpacked_part(entry: bytes) -> tuple[str, int, bytes]:
    """Return version and size of the file and the bytes of a part."""
    before, _, data = entry.partition(b"\n")
    fields = before.decode(errors="replace").split("\t")
    if len(fields) != 4 or fields[2] != sha256(data).hexdigest() or not fields[1].isdecimal():
        msg = "a part of a file that is damaged"
        raise DataError(msg)
    return fields[0], int(fields[1]), data


class _Folder:
    """What GDAL sees: a folder with one file in it (``rasterio.abc.FileContainer``)."""

    def __init__(self, file: RemoteFile) -> None:
        self._file = file

    def open(self, path: str, mode: str = "rb", **_: object) -> _RangeReader:  # noqa: ARG002
        return _RangeReader(self._file)

    def isfile(self, path: str) -> bool:  # noqa: ARG002
        return True

    def isdir(self, path: str) -> bool:  # noqa: ARG002
        return False

    def ls(self, path: str) -> list[str]:  # noqa: ARG002
        return [self._file.url.rpartition("/")[2]]

    def mtime(self, path: str) -> int:  # noqa: ARG002
        return 0

    def size(self, path: str) -> int:  # noqa: ARG002
        return self._file.size


class _RangeReader:
    """A file as GDAL reads it. Nothing may be raised here: it would be lost on the way."""

    closed = False

    def __init__(self, file: RemoteFile) -> None:
        self._file = file
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to close."""

    def close(self) -> None:
        """There is nothing to close."""

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence, self._file.size)
        return self._at

    def read(self, count: int = -1) -> bytes:
        data = self._file.read(self._at, self._file.size if count < 0 else count)
        self._at += len(data)
        return data

    def get_byte_ranges(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        return [self._file.read(*each) for each in zip(offsets, sizes, strict=True)]
