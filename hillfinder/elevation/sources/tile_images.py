"""Pictures that carry heights: PNG and WebP in terrarium colours, checked whole, then decoded.

A pixel's height is ``R * 256 + G + B / 256 - 32768`` metres. A picture cut short or damaged is
read by many readers as zeros or as whatever their memory held, without complaint; so it is checked
that every pixel is there. What is black, white or see-through is no height, and neither is a
picture of one colour alone: no ground is as even as that, but a blank tile is.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import numpy as np

from hillfinder.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Format = Literal["PNG", "WEBP"]

_PNG = b"\x89PNG\r\n\x1a\n"
#: rasterio warns of a picture that lies nowhere, and warnings are not for threads.
_SOMEWHERE = b"<PAMDataset><GeoTransform>0, 1, 0, 0, 0, -1</GeoTransform></PAMDataset>"


def check(picture: bytes, kind: Format, size: int) -> None:
    """Check that a picture is whole.

    Raises:
        DataError: it is no picture of that kind and of ``size`` x ``size`` pixels in colour; a
            checksum in it is wrong; pixels are missing; or it was made smaller at the cost of
            exact colours, which are the heights.
    """
    if kind == "PNG":
        _check_png(picture, size)
    else:
        _check_webp(picture, size)


def decode(picture: bytes, kind: Format) -> NDArray[np.float32]:
    """Return the heights in a picture, NaN where it has none.

    Raises:
        DataError: it cannot be read.
    """
    from rasterio.errors import RasterioError
    from rasterio.io import MemoryFile

    folder = uuid4().hex
    try:
        with (
            MemoryFile(_SOMEWHERE, dirname=folder, filename="tile.aux.xml"),
            MemoryFile(picture, dirname=folder, filename="tile") as memory,
            memory.open(driver=kind) as file,
        ):
            bands = file.read().astype(np.float32)
    except RasterioError as error:
        msg = f"a picture that cannot be read: {error}"
        raise DataError(msg) from error
    height: NDArray[np.float32] = bands[0] * 256 + bands[1] + bands[2] / 256 - 32768
    if (height == height[0, 0]).all():
        height[:] = np.nan
    if len(bands) > 3:
        height[bands[3] == 0] = np.nan
    return height


def _check_png(picture: bytes, size: int) -> None:
    if not picture.startswith(_PNG):
        msg = "not a PNG picture"
        raise DataError(msg)
    parts: dict[bytes, bytes] = {}
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        try:
            length, kind = struct.unpack_from(">I4s", picture, at)
            (checksum,) = struct.unpack_from(">I", picture, at + 8 + length)
            whole = checksum == zlib.crc32(picture[at + 4 : at + 8 + length])
        except struct.error:
            whole = False
        if not whole:
            msg = "a picture that is cut short or damaged"
            raise DataError(msg)
        parts[kind] = parts.get(kind, b"") + picture[at + 8 : at + 8 + length]
        at += 12 + length
    header = parts.get(b"IHDR", b"")
    width, height, depth, colours = struct.unpack_from(">IIBB", header.ljust(10, b"\0"))
    _check_size(width, height, size, right=depth == 8 and colours in {2, 6})
    try:
        complete = len(zlib.decompress(parts.get(b"IDAT", b""))) >= size * (
            size * (3 if colours == 2 else 4) + 1
        )
    except zlib.error:
        complete = False
    if not complete:
        msg = "a picture whose pixels end before its edge"
        raise DataError(msg)


def _check_webp(picture: bytes, size: int) -> None:
    """Check a WebP picture: it has no checksums, so that all pixels must be decoded to see them."""
    if picture[:4] != b"RIFF" or picture[8:12] != b"WEBP":
        msg = "not a WebP picture"
        raise DataError(msg)
    parts = dict(_riff(picture))
    if b"VP8L" not in parts:
        msg = "a picture without exact colours"
        raise DataError(msg)
    (bits,) = struct.unpack_from("<I", parts[b"VP8L"].ljust(5, b"\0"), 1)
    _check_size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, size, right=True)
    decode(picture, "WEBP")


def _riff(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of a WebP picture."""
    (length,) = struct.unpack_from("<I", picture, 4)
    at, end = 12, 8 + length
    while at < end:
        try:
            kind, length = struct.unpack_from("<4sI", picture, at)
        except struct.error:
            break
        yield kind, picture[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    if not at == end <= len(picture):
        msg = "a picture that is cut short or damaged"
        raise DataError(msg)


def _check_size(width: int, height: int, size: int, *, right: bool) -> None:
    if (width, height) != (size, size) or not right:
        msg = f"a picture that is not {size} x {size} pixels of red, green and blue"
        raise DataError(msg)
