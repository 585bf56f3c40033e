"""Heights from terrarium tiles: PNG pictures of 256 x 256 pixels that cover the land of the earth.

A pixel's height is ``R * 256 + G + B / 256 - 32768`` metres; tile x, y at zoom z are those of
every web map (spherical Mercator, "Slippy map tilenames" in the OpenStreetMap wiki). The tiles were
joined from many models, so what lies under a pixel may be far coarser than the pixel: each tile
names its sources in a header, and the cell size given here is theirs.
"""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from hillfinder.elevation.heights import bilinear, mask_voids
from hillfinder.errors import DataError, HeightsError
from hillfinder.model import HeightSource
from hillfinder.web import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from hillfinder.model import Floats
    from hillfinder.web import Web

#: Requests under way at one time.
AT_ONCE = 4
TILES = Service(
    name="The elevation tile server",
    gives="heights are",
    instead="give an elevation file (--dem FILE)",
)
ATTRIBUTION = (
    "Terrain Tiles by Mapzen, from 3DEP, SRTM and GMTED2010 (courtesy of the U.S. Geological "
    "Survey), ETOPO1 (NOAA) and national elevation models: "
    "https://github.com/tilezen/joerd/blob/master/docs/attribution.md"
)
SOURCES_HEADER = "x-amz-meta-x-imagery-sources"
#: Cell sizes in metres of the models that tiles name, by the folder they name them with.
CELL_M = {
    "uk_lidar": 2.0,
    "ned": 3.0,
    "ned_topobathy": 3.0,
    "pgdc_5m": 5.0,
    "nzlinz": 8.0,
    "ned13": 10.0,
    "austria": 10.0,
    "kartverket": 10.0,
    "nrcan_cdem": 20.0,
}
#: SRTM, EU-DEM, and whatever is not known better.
USUAL_CELL_M = 30.0
#: They fill the sea and what the others leave open, and count only where nothing else is named.
FILLING_CELL_M = {"gmted": 250.0, "etopo1": 1850.0}
SIZE = 256
#: 400 tiles of zoom 14 are 49 km x 49 km at the equator, 34 km at 45 degrees; 105 MB as heights.
MOST_TILES = 400
#: A void masks two pixels around it, and a reading needs one more beside its own.
MARGIN = 4
#: What is kept of a tile that does not exist.
NOTHING = b"no tile"
_SOMEWHERE = b"1\n0\n0\n-1\n0\n0\n"  # a world file
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class TerrariumTiles:
    """Heights from terrarium tiles, fetched as they are needed."""

    def __init__(self, web: Web, zoom: int = 14) -> None:
        """Use the tiles of ``web.terrarium_url``; a step of ``zoom`` halves their pixels."""
        self._web = web
        self._zoom = zoom
        self._cell_m = USUAL_CELL_M

    @property
    def source(self) -> HeightSource:
        """What the tiles are made of; ``cell_m`` is the coarsest of those that were last read.

        That is the cell of the model behind the tile, and at least the tile's pixel (10 m at the
        equator at zoom 14). Before anything was read it is 30 m.
        """
        name = f"terrarium tiles, zoom {self._zoom}"
        return HeightSource(name, "unknown", round(self._cell_m, 2), ATTRIBUTION)

    @property
    def key(self) -> str:
        """Return what the heights depend on, so that profiles made of them can be kept."""
        return f"{self._web.terrarium_url} at zoom {self._zoom}"

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return the heights at points, NaN where there is no tile or the tile is void.

        Raises:
            HeightsError: the points lie too far apart, or a tile cannot be read.
            ServiceError: tiles cannot be had.
            OfflineError: a tile is not kept, and the network is off.
        """
        col, row = self._pixels(lon, lat)
        known = np.isfinite(col) & np.isfinite(row)
        result = np.full(len(lon), np.nan)
        if not known.any():
            return result
        heights, left, top = self._mosaic(col[known], row[known])
        mask_voids(heights)
        result[known] = bilinear(heights, row[known] - top, col[known] - left)
        pixel_m = 40_075_017.0 / (SIZE << self._zoom)
        pixel_m *= float(np.cos(np.radians(np.abs(lat[known]).min())))
        self._cell_m = max(self._cell_m, pixel_m)
        return result

    def _pixels(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Return column and row in the picture of the whole earth, (0, 0) the first pixel's centre.

        NaN where Mercator has no place (beyond 85.05 degrees). Columns do not jump at the
        antimeridian: they are counted from the side of the first point.
        """
        size = float(SIZE << self._zoom)
        col = np.where(np.isfinite(lon), (lon + 180.0) / 360.0 * size, np.nan)
        finite = np.flatnonzero(np.isfinite(col))
        if len(finite):
            start = col[finite[0]]
            col = start + (col - start + size / 2) % size - size / 2
        with np.errstate(invalid="ignore"):
            row = (0.5 - np.arcsinh(np.tan(np.radians(lat))) / (2 * np.pi)) * size
            row = np.where((row >= 0) & (row < size) & (np.abs(lat) < 90), row, np.nan)
        return col - 0.5, row - 0.5

    def _mosaic(self, col: Floats, row: Floats) -> tuple[NDArray[np.float32], int, int]:
        """Return the heights around the points, and the column and row of the first."""
        wanted = {
            tile
            for across in (-MARGIN, MARGIN)
            for down in (-MARGIN, MARGIN)
            for tile in _tiles_at(col + across, row + down)
        }
        west, north = (min(tile[axis] for tile in wanted) for axis in (0, 1))
        cols, rows = (max(tile[axis] for tile in wanted) for axis in (0, 1))
        cols, rows = cols - west + 1, rows - north + 1
        if cols * rows > MOST_TILES:
            msg = (
                f"The streets spread over {cols * rows} elevation tiles, and {MOST_TILES} are the "
                "most that are fetched: search a smaller area (a shorter warm-up), or "
                f"{TILES.instead}."
            )
            raise HeightsError(msg)
        mosaic = np.full((rows * SIZE, cols * SIZE), np.nan, np.float32)
        cells = []
        for (x, y), data in _several_at_once(self._fetch, sorted(wanted)):
            if data == NOTHING:
                continue
            sources, _, picture = data.partition(b"\n")
            across, down = (x - west) * SIZE, (y - north) * SIZE
            mosaic[down : down + SIZE, across : across + SIZE] = _decode(picture)
            cells.append(_cell_m(sources.decode()))
        self._cell_m = max(cells, default=USUAL_CELL_M)
        return mosaic, west * SIZE, north * SIZE

    def _fetch(self, tile: tuple[int, int]) -> bytes:
        x, y = tile
        around = 1 << self._zoom
        if not 0 <= y < around:
            return NOTHING
        url = self._web.terrarium_url
        for name, value in (("{z}", self._zoom), ("{x}", x % around), ("{y}", y)):
            url = url.replace(name, str(value))
        return self._web.fetch(
            url,
            check=_check,
            suffix=".tile",
            service=TILES,
            header=SOURCES_HEADER,
            absent=NOTHING,
        )


def _several_at_once(
    ask: Callable[[tuple[int, int]], bytes], tiles: Sequence[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield every tile with its data, as they come; the first failure is raised.

    The threads are daemons, unlike those of ``concurrent.futures``: a person who interrupts does
    not wait for the requests under way.
    """
    todo: SimpleQueue[tuple[int, int]] = SimpleQueue()
    done: SimpleQueue[tuple[tuple[int, int], bytes | Exception]] = SimpleQueue()
    for tile in tiles:
        todo.put(tile)

    def work() -> None:
        with suppress(Empty):
            while True:
                tile = todo.get_nowait()
                try:
                    done.put((tile, ask(tile)))
                except Exception as error:  # noqa: BLE001 - raised again below, whatever it is
                    done.put((tile, error))

    for _ in range(min(AT_ONCE, len(tiles))):
        Thread(target=work, daemon=True).start()
    try:
        for _ in tiles:
            tile, data = done.get()
            if isinstance(data, Exception):
                raise data
            yield tile, data
    finally:
        with suppress(Empty):
            while True:
                todo.get_nowait()


def _tiles_at(col: Floats, row: Floats) -> list[tuple[int, int]]:
    """Return the tiles, each once, in which pixels lie."""
    tile = np.floor((col + 0.5) / SIZE) + 1j * np.floor((row + 0.5) / SIZE)
    return [(int(each.real), int(each.imag)) for each in np.unique(tile)]


def _cell_m(sources: str) -> float:
    """Return the coarsest cell among the models named in a tile's header.

    >>> _cell_m("ned13/imgn39w123_13.tif, etopo1/ETOPO1_Bed_g_geotiff.tif"), _cell_m("")
    (10.0, 30.0)
    """
    names = [path.strip().partition("/")[0] for path in sources.split(",")]
    cells = [CELL_M.get(name, USUAL_CELL_M) for name in names if name not in FILLING_CELL_M]
    return max(cells or [FILLING_CELL_M[name] for name in names])


def _check(data: bytes) -> None:
    """Check that a tile is whole: a picture cut short is read as zeros, without complaint.

    Raises:
        DataError: it is no PNG of the right kind, a checksum in it is wrong, or pixels are missing
            (which a reader fills with whatever its memory held).
    """
    if data == NOTHING:
        return
    picture = data.partition(b"\n")[2]
    if not picture.startswith(_SIGNATURE):
        msg = "not a PNG picture"
        raise DataError(msg)
    parts = _parts(picture)
    header = parts.get(b"IHDR", b"")
    width, height, depth, colours = struct.unpack_from(">IIBB", header.ljust(10, b"\0"))
    if (width, height, depth) != (SIZE, SIZE, 8) or colours not in {2, 6}:
        msg = f"a picture that is not {SIZE} x {SIZE} pixels of red, green and blue"
        raise DataError(msg)
    try:
        complete = len(zlib.decompress(parts.get(b"IDAT", b""))) >= SIZE * (
            SIZE * (3 if colours == 2 else 4) + 1
        )
    except zlib.error:
        complete = False
    if not complete:
        msg = "a picture whose pixels end before its edge"
        raise DataError(msg)


def _parts(picture: bytes) -> dict[bytes, bytes]:
    """Return the chunks of a PNG by kind, those of one kind joined, each checked by its sum."""
    parts: dict[bytes, bytes] = {}
    at, kind = len(_SIGNATURE), b""
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
    return parts


def _decode(picture: bytes) -> NDArray[np.float32]:
    """Return the heights of a tile, NaN where a pixel is see-through."""
    from rasterio.errors import RasterioError
    from rasterio.io import MemoryFile

    folder = uuid4().hex
    try:
        with (
            # rasterio warns of a picture that lies nowhere, and warnings are not for threads.
            MemoryFile(_SOMEWHERE, dirname=folder, filename="tile.wld"),
            MemoryFile(picture, dirname=folder, filename="tile.png") as memory,
            memory.open(driver="PNG") as file,
        ):
            bands = file.read().astype(np.float32)
    except RasterioError as error:
        msg = f"An elevation tile cannot be read ({error}): {TILES.instead}."
        raise HeightsError(msg) from error
    height: NDArray[np.float32] = bands[0] * 256 + bands[1] + bands[2] / 256 - 32768
    if len(bands) > 3:
        height[bands[3] == 0] = np.nan
    return height
