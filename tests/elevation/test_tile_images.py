"""Tile images: the heights in them are exact, and whatever is not whole is refused."""

from __future__ import annotations

import io
import struct
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hillfinder.elevation.sources.tile_images import check_image, decode_image
from hillfinder.errors import DataError
from tests.world.terrarium import encode, png, webp, wrap

HEIGHT = np.add.outer(np.arange(256) * 0.25, np.arange(256) * 0.5) + 500
PNG = png(encode(HEIGHT))
WEBP = webp(encode(np.tile(HEIGHT, (2, 2))))
#: Its lengths are right, and its pixels end half way.
HALF = len(WEBP) // 2 & ~1
SHORT = struct.pack("<4sI4s4sI", b"RIFF", HALF + 12, b"WEBP", b"VP8L", HALF) + WEBP[20:][:HALF]


def header(width: int = 256, height: int = 256, depth: int = 8, colours: int = 2) -> bytes:
    return struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def test_heights_come_back_as_they_were_written() -> None:
    assert np.array_equal(decode_image(PNG, "PNG", 256), HEIGHT)
    assert np.array_equal(decode_image(WEBP, "WEBP", 512), np.tile(HEIGHT, (2, 2)))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_images_of_another_writer_are_read_too(kind: str) -> None:
    opaque = np.full((256, 256, 1), 255, np.uint8)
    opaque[:100] = 0
    bands = np.concatenate([encode(HEIGHT).transpose(1, 2, 0), opaque], axis=2)
    image = saved(Image.fromarray(bands), kind, lossless=True, exact=True)
    check_image(image, kind, 256)  # type: ignore[arg-type]
    read = decode_image(image, kind, 256)  # type: ignore[arg-type]
    assert np.isnan(read[:100]).all()
    assert np.array_equal(read[100:], HEIGHT[100:])


@given(st.data())
def test_any_damage_to_a_png_is_seen(data: st.DataObject) -> None:
    check_image(PNG, "PNG", 256)
    at = data.draw(st.integers(0, len(PNG) - 1))
    other = data.draw(st.integers(1, 255))
    damaged = PNG[:at] + bytes([PNG[at] ^ other]) + PNG[at + 1 :]
    for bad in (damaged, PNG[:at]):
        with pytest.raises(DataError):
            check_image(bad, "PNG", 256)


@pytest.mark.parametrize("rows", [0, 128, 255])
def test_pixels_that_are_not_there_are_not_the_sea(rows: int) -> None:
    """Pillow reads an image whose checksums are right, and paints the missing rows black."""
    line = b"\0" + encode(np.full((1, 256), 50.0)).transpose(1, 2, 0).tobytes()
    check_image(wrap(header(), line * 256), "PNG", 256)
    with pytest.raises(DataError, match="pixels end before"):
        check_image(wrap(header(), line * rows), "PNG", 256)


@given(st.data())
def test_a_webp_cut_short_anywhere_is_seen(data: st.DataObject) -> None:
    check_image(WEBP, "WEBP", 512)
    with pytest.raises(DataError):
        check_image(WEBP[: data.draw(st.integers(0, len(WEBP) - 1))], "WEBP", 512)


@given(st.binary(max_size=40), st.integers(0, len(WEBP) - 1))
def test_damage_to_a_webp_is_an_error_of_ours_or_none(piece: bytes, at: int) -> None:
    with suppress(DataError):
        check_image(WEBP[:at] + piece + WEBP[at + len(piece) :], "WEBP", 512)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (wrap(header(depth=16), (b"\0" + bytes(256 * 6)) * 256), "pixels of red, green and blue"),
        (wrap(header(depth=8, colours=0), (b"\0" + bytes(256)) * 256), "pixels of red"),
        (wrap(header(40_000, 40_000), b""), "not 256 x 256 pixels"),
        (saved(Image.new("P", (256, 256)), "PNG"), "pixels of red"),
        (WEBP, "not a PNG"),
    ],
)
def test_other_kinds_of_png_are_refused(image: bytes, says: str) -> None:
    for read in (check_image, decode_image):
        with pytest.raises(DataError, match=says):
            read(image, "PNG", 256)


def test_an_image_is_measured_before_it_is_unpacked() -> None:
    """A few kilobytes that would be 3 GB of pixels."""
    lines = bytes(60_000_000)
    bomb, surplus = wrap(header(32_000, 32_000), lines), wrap(header(), lines)
    tracemalloc.start()
    for read in (check_image, decode_image):
        with pytest.raises(DataError, match="not 256 x 256"):
            read(bomb, "PNG", 256)
    check_image(surplus, "PNG", 256)  # more lines than its header says: the rest is not unpacked
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (SHORT, "cannot be read"),
        (webp(encode(np.tile(HEIGHT, (2, 2))), exact=False), "exact colours"),
        (webp(np.zeros((3, 16, 16_000), np.uint8)), "not 512 x 512"),
        (WEBP[:30], "cut short or damaged"),
        (PNG, "not a WebP"),
    ],
)
def test_other_kinds_of_webp_are_refused(image: bytes, says: str) -> None:
    with pytest.raises(DataError, match=says):
        check_image(image, "WEBP", 512)
