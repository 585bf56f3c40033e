"""Terrarium tiles and Mapterhorn's, drawn from a formula or cut from an elevation model."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tests.world.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from hillfinder.model import Floats
    from tests.world.service import Request

    Surface = Callable[[Floats, Floats], Floats]

SIZE = 256


class Terrarium(Service):
    """A server of tiles.

    ``surface`` takes longitudes and latitudes and returns metres, NaN where unknown; ``sources``
    is what the tiles say they were made of; ``missing`` are tiles (x, y) that do not exist.
    """

    address = "/terrarium/{z}/{x}/{y}.png"
    size = SIZE

    def __init__(self, surface: Surface, sources: str = "srtm/N45W123.tif") -> None:
        super().__init__()
        self.surface = surface
        self.sources = sources
        self.missing: set[tuple[int, int]] = set()

    @property
    def template(self) -> str:
        """What a client is configured with."""
        return self.url + self.address

    @property
    def tiles(self) -> list[tuple[int, int]]:
        """Which tiles were asked for."""
        return [(x, y) for request in self.requests for _, x, y in self._tile(request)]

    def answer(self, request: Request) -> Answer:
        """Answer with a picture, and with the header that names its sources."""
        for zoom, x, y in self._tile(request):
            if (x, y) not in self.missing and self._exists(zoom):
                return self._picture(encode(self.surface(*centres(zoom, x, y, self.size))))
        return Answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _tile(self, request: Request) -> list[tuple[int, int, int]]:
        """Return zoom, x and y of the tile that is asked for, if it is one."""
        pattern = re.sub(r"\\{.\\}", r"(\\d+)", re.escape(self.address))
        found = re.findall(f"^{pattern}$", request.path)
        return [(int(zoom), int(x), int(y)) for zoom, x, y in found]

    def _exists(self, zoom: int) -> bool:
        return zoom <= 15

    def _picture(self, bands: NDArray[np.uint8]) -> Answer:
        headers = {"Content-Type": "image/png", "x-amz-meta-x-imagery-sources": self.sources}
        return Answer(200, png(bands), headers)


class Mapterhorn(Terrarium):
    """A server of Mapterhorn's tiles, which end at ``finest``."""

    address = "/{z}/{x}/{y}.webp"
    size = 512
    finest = 14

    def _exists(self, zoom: int) -> bool:
        return zoom <= self.finest

    def _picture(self, bands: NDArray[np.uint8]) -> Answer:
        return Answer(200, webp(bands), {"Content-Type": "image/webp"})


def centres(zoom: int, x: int, y: int, size: int = SIZE) -> tuple[Floats, Floats]:
    """Return longitude and latitude of a tile's pixel centres, each of shape (size, size)."""
    whole = size << zoom
    col, row = np.meshgrid(np.arange(size) + x * size + 0.5, np.arange(size) + y * size + 0.5)
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * row / whole))))
    return col / whole * 360 - 180, lat


def encode(height_m: Floats) -> NDArray[np.uint8]:
    """Return red, green and blue, shape (3, rows, columns); black where a height is unknown."""
    steps = np.where(np.isnan(height_m), 0, np.round((height_m + 32768) * 256)).astype(np.int64)
    return np.stack([steps >> 16, steps >> 8 & 255, steps & 255]).astype(np.uint8)


def png(bands: NDArray[np.uint8]) -> bytes:
    """Return a PNG picture of bands, shape (1 grey, 3 colours or 4, rows, columns)."""
    count, height, width = bands.shape
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[count], 0, 0, 0)
    lines = bands.transpose(1, 2, 0).reshape(height, -1)
    return wrap(header, np.pad(lines, ((0, 0), (1, 0))).tobytes())


def webp(bands: NDArray[np.uint8], *, exact: bool = True) -> bytes:
    """Return a WebP picture of three bands; if not ``exact``, as photographs are made small."""
    from rasterio.io import MemoryFile
    from rasterio.transform import Affine

    count, height, width = bands.shape
    somewhere = Affine(2, 0, 0, 0, -2, 0)  # else rasterio warns, and warnings are not for threads
    how = {"dtype": "uint8", "transform": somewhere, "LOSSLESS": exact}
    with MemoryFile() as memory:
        with memory.open("WEBP", width, height, count, **how) as file:
            file.write(bands)
        return bytes(memory.read())


def wrap(header: bytes, lines: bytes) -> bytes:
    """Return the PNG file of a header and of lines, each behind the number of its filter."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")):
        checksum = zlib.crc32(kind + content)
        parts += [struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)]
    return b"".join(parts)


def black(answer: Answer) -> Answer:
    """Answer with a tile that is black all over, as a server does that lost its data."""
    return replace(answer, body=png(np.zeros((3, SIZE, SIZE), np.uint8)))


def blank(answer: Answer) -> Answer:
    """Answer with a tile that is white all over."""
    return replace(answer, body=png(np.full((3, SIZE, SIZE), 255, np.uint8)))


def black_webp(answer: Answer) -> Answer:
    """Answer with a tile of Mapterhorn's that is black all over."""
    return replace(answer, body=webp(np.zeros((3, 2 * SIZE, 2 * SIZE), np.uint8)))


def wrong_tile(answer: Answer) -> Answer:
    """Answer with a tile of elsewhere, 2000 m up and rough: another for every tile."""
    draw = np.random.default_rng(zlib.crc32(answer.body))
    small = answer.headers.get("Content-Type") == "image/png"
    size = SIZE if small else 2 * SIZE
    height = 2000 + draw.uniform(-500, 500) + draw.normal(0, 1, (size, size))
    return replace(answer, body=(png if small else webp)(encode(height)))


def of_raster(path: Path) -> Surface:
    """Return the surface of an elevation model, read between its cells, NaN beyond its edge."""
    import rasterio
    from pyproj import Transformer
    from rasterio.transform import rowcol
    from scipy.ndimage import map_coordinates

    with rasterio.open(path) as file:
        values = file.read(1, masked=True).astype(float).filled(np.nan)
        transform, crs = file.transform, file.crs

    def surface(lon: Floats, lat: Floats) -> Floats:
        x, y = lon.ravel(), lat.ravel()
        if not crs.is_geographic:
            x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(x, y)
        there = np.isfinite(x) & np.isfinite(y)  # no projection of a town shows all of the earth
        row, col = rowcol(transform, x[there], y[there], op=lambda value: value)
        at = np.array([row, col]) - 0.5
        height = np.full(len(x), np.nan)
        height[there] = map_coordinates(values, at, order=1, cval=np.nan)
        return height.reshape(lon.shape)

    return surface
