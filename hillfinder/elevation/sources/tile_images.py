"""Decode tile images: PNG and WebP in terrarium colours.

A pixel's height is ``R * 256 + G + B / 256 - 32768`` metres. Pillow reads the missing rows of a
PNG as black without complaint, so ``check_image`` counts the bytes of its pixels before a tile is
cached. Black, white and transparent pixels carry no height, and neither does an image of one single
colour: no ground is that flat, but a blank tile is.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hillfinder.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

    ImageFormat = Literal["PNG", "WEBP"]

_SIGNATURES: Final = {"PNG": rb"\x89PNG\r\n\x1a\n", "WEBP": rb"(?s)RIFF....WEBP"}
#: By the name of the first chunk: where the width stands, bytes of width and height, bits of each,
#: their order, and what is taken off before they are written.
_SIDES: Final[dict[bytes, tuple[int, int, int, Literal["big", "little"], int]]] = {
    b"IHDR": (16, 8, 32, "big", 0),
    b"VP8X": (24, 6, 24, "little", 1),
    b"VP8L": (21, 4, 14, "little", 1),
}
_DAMAGED: Final = "a picture that is cut short or damaged"
#: What Pillow raises for damaged data.
_FAULTS: Final = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error)


def check_image(image: bytes, kind: ImageFormat, size: int) -> None:
    """Check that an image is whole.

    Raises:
        DataError: it is not an image of that format and of ``size`` x ``size`` pixels in colour,
            a checksum in it is wrong, pixels are missing, or it was compressed at the cost of exact
            colours, which are the heights.
    """
    if kind == "PNG":
        try:
            _opened(image, kind, size).verify()
        except _FAULTS as error:
            raise DataError(_DAMAGED) from error
        _check_pixel_bytes(image, size)
        return
    if re.match(_SIGNATURES[kind], image):
        if len(image) < 8 + struct.unpack_from("<I", image, 4)[0]:
            raise DataError(_DAMAGED)
        if b"VP8L" not in _chunks(image, 12, "<4sI"):
            msg = "a picture without exact colours"
            raise DataError(msg)
    decode_image(image, kind, size)  # a WebP has no checksums


def decode_image(image: bytes, kind: ImageFormat, size: int) -> NDArray[np.float32]:
    """Return the heights in an image, in metres, NaN where it has none: ``(size, size)``.

    Raises:
        DataError: it cannot be read, or its pixels are not ``size`` x ``size`` in colour.
    """
    opened = _opened(image, kind, size)
    try:
        opened.load()
    except _FAULTS as error:
        msg = f"a picture that cannot be read: {error}"
        raise DataError(msg) from error
    bands: list[NDArray[np.float32]] = [np.asarray(band, np.float32) for band in opened.split()]
    height: NDArray[np.float32] = bands[0] * 256 + bands[1] + bands[2] * np.float32(1 / 256) - 32768
    if (height == height[0, 0]).all():
        height[:] = np.nan
    if len(bands) > 3:
        height[bands[3] == 0] = np.nan
    return height


def _opened(image: bytes, kind: ImageFormat, size: int) -> ImageFile:
    """Return an image whose header alone is read, of the right size and colours."""
    # Not Image.open: it warns of large images, and warnings cannot be caught in threads.
    from PIL.PngImagePlugin import PngImageFile
    from PIL.WebPImagePlugin import WebPImageFile

    if not re.match(_SIGNATURES[kind], image):
        msg = f"not a {'PNG' if kind == 'PNG' else 'WebP'} picture"
        raise DataError(msg)
    if image[12:16] not in _SIDES:
        raise DataError(_DAMAGED)
    at, count, bits, order, less = _SIDES[image[12:16]]
    sides = int.from_bytes(image[at : at + count], order) & (1 << 2 * bits) - 1
    right = sides == (size - less) * (1 + (1 << bits))
    if right:
        try:
            opened = (PngImageFile if kind == "PNG" else WebPImageFile)(io.BytesIO(image))
        except _FAULTS as error:
            raise DataError(_DAMAGED) from error
        # Pillow gives 16 bits a colour as 8, and only the mode of the raw data tells.
        mode = opened.tile[0][3] if opened.tile else opened.mode
        right = opened.size == (size, size) and mode in {"RGB", "RGBA"}
    if not right:
        msg = f"a picture that is not {size} x {size} pixels of red, green and blue"
        raise DataError(msg)
    return opened


def _check_pixel_bytes(image: bytes, size: int) -> None:
    """Check that the compressed data of a PNG, whose chunks are sound, holds every row."""
    chunks = _chunks(image, 8, ">I4s")
    least = size * (1 + size * (3 if chunks[b"IHDR"][9] == 2 else 4))
    try:
        whole = len(zlib.decompressobj().decompress(chunks[b"IDAT"], least)) == least
    except zlib.error:
        whole = False
    if not whole or b"IEND\xaeB`\x82" not in image:  # the last chunk, with its checksum
        msg = "a picture whose pixels end before its edge"
        raise DataError(msg)


def _chunks(image: bytes, at: int, head: Literal[">I4s", "<4sI"]) -> dict[bytes, bytes]:
    """Return the chunks of a PNG or WebP by name, those of one name joined."""
    chunks: dict[bytes, bytes] = {}
    while at + 8 <= len(image):
        first, second = struct.unpack_from(head, image, at)
        name, length = (second, first) if head == ">I4s" else (first, second)
        chunks[name] = chunks.get(name, b"") + image[at + 8 : at + 8 + length]
        at += 8 + length + (4 if head == ">I4s" else length % 2)
    return chunks
