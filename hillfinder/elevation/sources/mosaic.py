"""Files whose cells lie on one grid: what each says of itself, and heights read from all as one."""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.heights import VOID_MARGIN_CELLS, bilinear, mask_voids
from hillfinder.errors import HeightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from rasterio.io import DatasetReader

    from hillfinder.model import Bools, Floats, Ints

#: Points are read in square pieces of so many cells a side, so that memory does not grow with the
#: raster: 4,096 x 4,096 heights are 64 MB.
PIECE_CELLS = 4096
#: So many cells are held of what was read, since it is asked for twice: 16 MB.
HELD_CELLS = 4 << 20
#: Cells that count for a point, since voids just outside are masked with their neighbours; and
#: cells read around the points, so that those 10 m beside the streets, asked for next, are there.
COUNTING_CELLS, MARGIN_CELLS = VOID_MARGIN_CELLS + 1, 6
#: Files on one grid may be off it by so much of a cell: their corners are rounded in their headers.
OFF_GRID_CELLS = 0.05
#: Geographic systems within two metres of WGS 84: WGS 84 itself, NAD83, NAD83(2011), ETRS89.
SAME_AS_WGS84 = (4326, 4269, 6318, 4258)
#: Units of height that are not the metre, as GDAL writes them.
FEET_M = {
    "ft": 0.3048,
    "foot": 0.3048,
    "feet": 0.3048,
    "ft us": 1200 / 3937,
    "us survey foot": 1200 / 3937,
    "us survey feet": 1200 / 3937,
    "us-ft": 1200 / 3937,
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself; rows grow southwards, ``cell`` is positive, in CRS units."""

    where: str
    name: str
    open: Callable[[], DatasetReader]
    crs: str
    geographic: bool
    left: float
    top: float
    cell_x: float
    cell_y: float
    rows: int
    cols: int
    metres_per_unit: float
    south_up: bool

    @property
    def cell_m(self) -> float:
        """Metres between cells, north to south."""
        return self.cell_y * self.metres_per_unit

    def shares_grid(self, other: Header) -> bool:
        """Tell whether the cells of two files lie on one grid, so that they are read as one."""
        if self.crs != other.crs:
            return False
        apart_x = (self.left - other.left) / other.cell_x
        apart_y = (self.top - other.top) / other.cell_y
        off = (
            apart_x - round(apart_x),
            apart_y - round(apart_y),
            self.cols * (self.cell_x / other.cell_x - 1),
            self.rows * (self.cell_y / other.cell_y - 1),
        )
        return max(map(abs, off)) < OFF_GRID_CELLS

    def turned_towards(self, lon: float) -> Header:
        """Return the same file on the turn of the earth on which it is nearest to ``lon``."""
        if not self.geographic:
            return self
        middle = self.left + self.cols * self.cell_x / 2
        return replace(self, left=self.left + 360.0 * round((lon - middle) / 360.0))


@dataclass(frozen=True, slots=True)
class Canvas:
    """Heights from files on one grid, on which ``corner`` is the first cell's row and column."""

    first: Header
    corner: tuple[int, int]
    height: NDArray[np.float32]

    def holds(self, first: Header, row: Floats, col: Floats) -> bool:
        """Tell whether all that counts for points on the grid of ``first`` is on it."""
        return first == self.first and all(
            begin + COUNTING_CELLS <= math.floor(at.min())
            and math.ceil(at.max()) + COUNTING_CELLS < begin + size
            for begin, size, at in zip(self.corner, self.height.shape, (row, col), strict=True)
        )


def sample(headers: Sequence[Header], lon: Floats, lat: Floats, held: list[Canvas]) -> Floats:
    """Read the windows around the points from files that share a grid, and interpolate.

    Args:
        headers: the files.
        lon: of the points.
        lat: of the points.
        held: what was read before, the last first; what is read now is put there.
    """
    x, y = _transform(headers[0].crs, lon, lat)
    known = np.isfinite(x) & np.isfinite(y)
    result = np.full(len(lon), np.nan)
    if not known.any():
        return result
    x, start = np.where(known, x, np.nan), float(x[known.argmax()])
    headers = [header.turned_towards(start) for header in headers]
    first = headers[0]
    if first.geographic and np.nanmax(np.abs(x - start)) > 180.0:
        x = start + (x - start + 180.0) % 360.0 - 180.0
    # Fractional indices of cell centres on the grid that all of these files share.
    col, row = (x - first.left) / first.cell_x - 0.5, (first.top - y) / first.cell_y - 0.5
    boxes = [_box(header, first) for header in headers]
    within = np.zeros(len(lon), bool)
    for r0, c0, r1, c1 in boxes:
        within |= known & (row > r0 - 1) & (row < r1) & (col > c0 - 1) & (col < c1)
    for points in _pieces(np.flatnonzero(within), row, col):
        result[points] = _sample_piece(headers, boxes, row[points], col[points], held)
    return result


def _pieces(points: Ints, row: Floats, col: Floats) -> list[Ints]:
    """Share the points out among squares of ``PIECE_CELLS`` a side."""
    if len(points) == 0:
        return []
    down, across = row[points] - row[points].min(), col[points] - col[points].min()
    if max(down.max(), across.max()) < PIECE_CELLS:
        return [points]
    down, across = down // PIECE_CELLS, across // PIECE_CELLS
    _, piece = np.unique(down * (across.max() + 1) + across, return_inverse=True)
    order = np.argsort(piece, kind="stable")
    return np.split(points[order], np.flatnonzero(np.diff(piece[order])) + 1)


def _sample_piece(
    headers: Sequence[Header],
    boxes: Sequence[tuple[int, int, int, int]],
    row: Floats,
    col: Floats,
    held: list[Canvas],
) -> Floats:
    canvases = [*held]  # looked at once: another thread may read from the same files
    canvas = next((each for each in canvases if each.holds(headers[0], row, col)), None)
    if canvas is None:
        row0 = math.floor(row.min()) - MARGIN_CELLS
        col0 = math.floor(col.min()) - MARGIN_CELLS
        rows = math.ceil(row.max()) + MARGIN_CELLS + 1 - row0
        cols = math.ceil(col.max()) + MARGIN_CELLS + 1 - col0
        height = np.full((rows, cols), np.nan, np.float32)
        outside = np.ones(height.shape, bool)
        for header, box in zip(headers, boxes, strict=True):
            _paste(height, outside, header, (box[0] - row0, box[1] - col0))
        mask_voids(height, outside=outside)
        canvas = Canvas(headers[0], (row0, col0), height)
        cells = np.cumsum([each.height.size for each in (canvas, *canvases)])
        held[:] = [canvas, *canvases][: max(1, int((cells <= HELD_CELLS).sum()))]
    row0, col0 = canvas.corner
    return bilinear(canvas.height, row - row0, col - col0)


def _box(header: Header, first: Header) -> tuple[int, int, int, int]:
    """Return first row and column, and one past the last, on the grid of ``first``."""
    col = round((header.left - first.left) / first.cell_x)
    row = round((first.top - header.top) / first.cell_y)
    return row, col, row + header.rows, col + header.cols


def _paste(
    canvas: NDArray[np.float32], outside: Bools, header: Header, corner: tuple[int, int]
) -> None:
    """Write one file's heights on the canvas wherever it is still empty.

    ``corner`` is where the file's first cell lies on the canvas; ``outside`` ends where it begins.
    """
    import rasterio
    from rasterio.enums import MaskFlags
    from rasterio.windows import Window

    top, left = corner
    r0, c0 = max(0, top), max(0, left)
    r1, c1 = min(canvas.shape[0], top + header.rows), min(canvas.shape[1], left + header.cols)
    if r0 >= r1 or c0 >= c1:
        return
    skip = top + header.rows - r1 if header.south_up else r0 - top
    try:
        with quietly(), header.open() as file:
            # A mask that only repeats which value stands for none takes longer than the heights.
            masked = file.mask_flag_enums[0] not in ([MaskFlags.all_valid], [MaskFlags.nodata])
            void = np.nan if masked or file.nodata is None else file.nodata
            window = Window(c0 - left, skip, c1 - c0, r1 - r0)
            read = file.read(1, window=window, masked=masked)
            scale, shift = file.scales[0], file.offsets[0]
            metres = FEET_M.get((file.units[0] or "").strip().lower(), 1.0)
    except rasterio.errors.RasterioError as error:
        msg = (
            f"{header.name} could not be read to its end: it is cut short or damaged, or "
            "refers to files that are not there. Fetch it again."
        )
        raise HeightsError(msg) from error
    with np.errstate(over="ignore", invalid="ignore"):  # absurd heights are masked in a moment
        values = np.ma.getdata(read).astype(np.float32)
        values[np.ma.getmask(read) if masked else read == void] = np.nan
        values[values == -32768] = np.nan  # SRTM's void, which many files forget to declare
        values = (values * np.float32(scale) + np.float32(shift)) * np.float32(metres)
    if header.south_up:
        values = values[::-1]
    part = canvas[r0:r1, c0:c1]
    np.copyto(part, values, where=np.isnan(part))
    outside[r0:r1, c0:c1] = False


def _transform(crs: str, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 points in a file's own coordinates; NaN or inf where it has none."""
    from pyproj import CRS, Transformer

    target = CRS.from_wkt(crs)
    if target.is_compound:  # its second part is about height
        target = target.sub_crs_list[0]
    if target.to_epsg() in SAME_AS_WGS84:
        return lon, lat
    x, y = Transformer.from_crs("EPSG:4326", target, always_xy=True).transform(lon, lat)
    return x, y


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the warnings of rasterio from the terminal: what matters is raised."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield
