"""Heights from the tiles of a web map: pictures whose colours are heights.

Tile x, y at zoom z lies where those of every web map do (spherical Mercator, "Slippy map tilenames"
in the OpenStreetMap wiki). The tiles were joined from many models, so what lies under a pixel may
be far coarser than the pixel: ``Tiles.source`` says what the tiles say of it.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.earth import EQUATOR_M, web_mercator
from hillfinder.elevation.heights import bilinear, mask_voids, worst_kind
from hillfinder.elevation.sources import tile_images
from hillfinder.elevation.sources.registry import TERRARIUM, USE_A_FILE, TileSet
from hillfinder.errors import HeightsError
from hillfinder.model import HeightSource
from hillfinder.services.request import Question
from hillfinder.services.service import filled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from hillfinder.elevation.sources.registry import ElevationService
    from hillfinder.model import Floats, HeightKind
    from hillfinder.services.client import Web

#: Number of requests at one time.
AT_ONCE = 4
#: The models behind terrarium tiles, by the folder a tile names: cell size, m, and kind. Others are
#: taken for 30 m of unknown kind.
MODELS: dict[str, tuple[float, HeightKind]] = {
    "uk_lidar": (2.0, "unknown"),
    "ned": (3.0, "bare earth"),
    "ned_topobathy": (3.0, "bare earth"),
    "pgdc_5m": (5.0, "surface"),  # ArcticDEM
    "nzlinz": (8.0, "bare earth"),
    "ned13": (10.0, "bare earth"),
    "austria": (10.0, "bare earth"),
    "kartverket": (10.0, "bare earth"),
    "nrcan_cdem": (20.0, "unknown"),
    "srtm": (30.0, "surface"),
    "eudem": (30.0, "surface"),
    "gmted": (250.0, "unknown"),
    "etopo1": (1850.0, "unknown"),
}
#: Cell size of models that are not listed, m.
USUAL_CELL_M = 30.0
#: Models that fill the sea and gaps; they count only where a tile names no other.
FILLING = {"gmted", "etopo1"}
#: Most pixels of a mosaic, 105 MB as heights: at zoom 14 and 256 pixels a tile 49 km x 49 km at
#: the equator, 34 km at 45 degrees.
MOST_PIXELS = 400 * 256 * 256
#: Margin around the points, pixels: a void masks two, and a reading needs one beside its own.
MARGIN = 4
#: A tile is from elsewhere if its edge is this far off the tile beside it (median, m) plus
#: ``TEAR_RATIO`` times the steps from pixel to pixel on either side of the edge.
TEAR_M = 10.0
#: Ratio of the step across an edge to the steps beside it that is allowed.
TEAR_RATIO = 5.0
#: Cached in place of a tile that does not exist.
NO_TILE = b"no tile"
#: Ending of cached tiles.
SUFFIX = ".tile"


class Tiles:
    """Heights from tiles, fetched as they are needed."""

    def __init__(self, web: Web, service: ElevationService = TERRARIUM, zoom: int = 14) -> None:
        """Use the tiles of ``service``, whose data is a ``TileSet``, at one of its zooms."""
        tiles = service.data
        if not isinstance(tiles, TileSet):
            msg = f"{service.name} has no tiles"
            raise TypeError(msg)
        self._web = web
        self._title = service.title
        self._service = service.service
        self._set = tiles
        self._zoom = zoom
        self._whole = tiles.size << zoom
        self._read: tuple[str, HeightKind, float] | None = None

    @property
    def source(self) -> HeightSource:
        """What the tiles are made of: the worst kind and coarsest cell of those last read.

        The cell is that of the model behind the tile, and at least the tile's pixel. Before
        anything was read it is 30 m.
        """
        made_of, kind, cell_m = self._read or ("", "unknown", USUAL_CELL_M)
        if not self._set.header:
            made_of = f" at zoom {self._zoom}"
        name = f"{self._title}{made_of}"
        return HeightSource(name, kind, round(cell_m, 2), self._service.credit)

    @property
    def key(self) -> str:
        """Return what the heights depend on, as a key to cache profiles by."""
        return f"{self.server} at zoom {self._zoom}"

    @property
    def server(self) -> str:
        """Return whom it asks: where one zoom fails the others are no better."""
        return self._web.urls(self._service)[0]

    def reaches(self, lon: float, lat: float) -> bool:  # noqa: ARG002 - tiles cover the earth
        """Return whether there may be a tile for a point."""
        return True

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return the heights at points, NaN where there is no tile or the tile is void.

        Raises:
            HeightsError: the points lie too far apart, or a tile cannot be read.
            ServiceError: the service fails.
            OfflineError: a tile is not cached, and the network is off.
        """
        col, row = self._pixels(lon, lat)
        known = np.isfinite(col) & np.isfinite(row)
        result = np.full(len(lon), np.nan)
        if not known.any():
            return result
        heights, left, top, headers = self._mosaic(col[known], row[known])
        mask_voids(heights)
        result[known] = bilinear(heights, row[known] - top, col[known] - left)
        pixel_m = EQUATOR_M / self._whole
        pixel_m *= float(np.cos(np.radians(np.abs(lat[known]).min())))
        made_of, kind, cell_m = self._made_of(headers, pixel_m)
        self._read = made_of, kind, max(cell_m, pixel_m)
        return result

    def _made_of(self, headers: Sequence[str], pixel_m: float) -> tuple[str, HeightKind, float]:
        """Return words for the models behind tiles, their worst kind and coarsest cell."""
        if self._set.header:
            return _models(headers)
        kind = self._set.zooms.get(self._zoom, "unknown")
        # A model's tiles end with the first zoom whose pixel is finer than its cells.
        return "", kind, USUAL_CELL_M if kind == "surface" else 2 * pixel_m

    def _pixels(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Return column and row in the picture of the whole earth, (0, 0) the first pixel's centre.

        NaN where Mercator has no place (beyond 85.05 degrees). Columns do not jump at the
        antimeridian: they are counted from the side of the first point.
        """
        size = float(self._whole)
        with np.errstate(invalid="ignore"):
            x, y = web_mercator(lon, lat)
            row = y * size
            row = np.where((row >= 0) & (row < size) & (np.abs(lat) < 90), row, np.nan)
        col = np.where(np.isfinite(lon), x * size, np.nan)
        finite = np.flatnonzero(np.isfinite(col))
        if len(finite):
            start = col[finite[0]]
            col = start + (col - start + size / 2) % size - size / 2
        return col - 0.5, row - 0.5

    def _mosaic(
        self, col: Floats, row: Floats
    ) -> tuple[NDArray[np.float32], int, int, Sequence[str]]:
        """Return the heights around the points, column and row of the first, and tiles' headers."""
        size = self._set.size
        wanted = {
            tile
            for across in (-MARGIN, MARGIN)
            for down in (-MARGIN, MARGIN)
            for tile in _tiles_at((col + across + 0.5) / size, (row + down + 0.5) / size)
        }
        west, north = (min(tile[axis] for tile in wanted) for axis in (0, 1))
        cols, rows = (max(tile[axis] for tile in wanted) for axis in (0, 1))
        cols, rows = cols - west + 1, rows - north + 1
        if cols * rows * size**2 > MOST_PIXELS:
            msg = (
                f"The streets spread over {cols * rows} elevation tiles, and "
                f"{MOST_PIXELS // size**2} are the most that are fetched: search a smaller area "
                f"(a shorter warm-up), or {USE_A_FILE}."
            )
            raise HeightsError(msg)
        mosaic = np.full((rows * size, cols * size), np.nan, np.float32)
        headers = []
        for (x, y), data in _several_at_once(self._fetch, sorted(wanted)):
            if data == NO_TILE:
                continue
            header, picture = self._split(data)
            across, down = (x - west) * size, (y - north) * size
            mosaic[down : down + size, across : across + size] = tile_images.decode_image(
                picture, self._set.format, size
            )
            headers.append(header)
        for down, across in drop_strangers(mosaic, size):
            key = self._urls((west + across, north + down))[0]
            self._web.forget(key, suffix=SUFFIX)
        if headers and np.isnan(mosaic).all():
            msg = f"{self._service.name} sends tiles that do not fit each other: {USE_A_FILE}."
            raise HeightsError(msg)
        return mosaic, west * size, north * size, headers

    def _fetch(self, tile: tuple[int, int]) -> bytes:
        if not 0 <= tile[1] < 1 << self._zoom:
            return NO_TILE
        urls = self._urls(tile)
        return self._web.get(
            Question(
                service=self._service,
                urls=urls,
                header=self._set.header,
                check=self._check,
                absent=NO_TILE,
                empty=self._empty,
                key=urls[0],
                suffix=SUFFIX,
            )
        )

    def _urls(self, tile: tuple[int, int]) -> tuple[str, ...]:
        x, y = tile[0] % (1 << self._zoom), tile[1]
        servers = self._web.urls(self._service)
        return tuple(filled(server, z=self._zoom, x=x, y=y) for server in servers)

    def _empty(self, data: bytes) -> bool:
        """Tell whether a tile has no height: a server that lost its data may send all black."""
        picture = self._split(data)[1]
        heights = tile_images.decode_image(picture, self._set.format, self._set.size)
        return bool(np.isnan(heights).all())

    def _check(self, data: bytes) -> None:
        if data != NO_TILE:
            tile_images.check_image(self._split(data)[1], self._set.format, self._set.size)

    def _split(self, data: bytes) -> tuple[str, bytes]:
        """Return the header of a tile and its picture."""
        if not self._set.header:
            return "", data
        header, _, picture = data.partition(b"\n")
        return header.decode(errors="replace"), picture


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


def _tiles_at(x: Floats, y: Floats) -> list[tuple[int, int]]:
    """Return the tiles, each once, in which fractions of tiles lie."""
    tile = np.floor(x) + 1j * np.floor(y)
    return [(int(each.real), int(each.imag)) for each in np.unique(tile)]


def _models(headers: Sequence[str]) -> tuple[str, HeightKind, float]:
    """Return words for the models that tiles name, their worst kind and coarsest cell.

    >>> _models(["ned13/imgn39w123_13.tif, etopo1/ETOPO1_Bed_g_geotiff.tif", "srtm/N45W123.tif"])
    (' of ned13 and srtm', 'surface', 30.0)
    """
    named = {
        path.strip().partition("/")[0] for header in headers for path in header.split(",") if path
    }
    models = sorted(named - FILLING) or sorted(named)
    known = [MODELS.get(name, (USUAL_CELL_M, "unknown")) for name in models]
    words = " and ".join(filter(None, [", ".join(models[:-1]), *models[-1:]]))
    return (
        f" of {words}" if words else "",
        worst_kind(kind for _, kind in known),
        max((cell_m for cell_m, _ in known), default=USUAL_CELL_M),
    )


def drop_strangers(mosaic: NDArray[np.float32], size: int) -> list[tuple[int, int]]:
    """Set to NaN, in place, the tiles that do not fit the tiles beside them, and return which.

    A server that sends the tile of another place sends a good picture; only its edges betray it,
    where the heights jump. The tile with most such edges goes first; then those of which no edge
    is left that fits, since nothing speaks for them.
    """
    rows, cols = (length // size for length in mosaic.shape)
    torn: dict[tuple[int, int], set[tuple[int, int]]] = {}
    fits: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for row, col in product(range(rows), range(cols)):
        for axis, other in enumerate([(row + 1, col), (row, col + 1)]):
            if other[axis] == (rows, cols)[axis]:
                continue
            edge, along = other[axis] * size, (col, row)[axis] * size
            strip = np.moveaxis(mosaic, axis, 0)[edge - 2 : edge + 2, along : along + size]
            tears = _tears(strip)
            if tears is None:
                continue
            found = torn if tears else fits
            found.setdefault((row, col), set()).add(other)
            found.setdefault(other, set()).add((row, col))
    strangers: set[tuple[int, int]] = set()
    doubtful = set(torn)
    while torn := {tile: others - strangers for tile, others in torn.items()}:
        most = max(map(len, torn.values()))
        if most == 0:
            break
        strangers |= {tile for tile, others in torn.items() if len(others) == most}
        torn = {tile: others for tile, others in torn.items() if tile not in strangers}
    dropped = [
        each for each in doubtful if each in strangers or not fits.get(each, set()) - strangers
    ]
    for row, col in dropped:
        mosaic[row * size : (row + 1) * size, col * size : (col + 1) * size] = np.nan
    return dropped


def _tears(strip: NDArray[np.float32]) -> bool | None:
    """Tell whether heights jump between the middle two of four lines across an edge, if known."""
    steps = np.abs(np.diff(strip, axis=0))
    steps = steps[:, ~np.isnan(steps).any(axis=0)]
    if steps.shape[1] < strip.shape[1] / 4:
        return None
    before, across, after = np.median(steps, axis=1)
    return bool(across > TEAR_M + TEAR_RATIO * max(before, after))
