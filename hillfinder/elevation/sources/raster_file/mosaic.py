"""Files whose cells lie on one grid: what each says of itself, and heights read from all as one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.heights import VOID_MARGIN_CELLS, bilinear, mask_voids
from hillfinder.elevation.sources.raster_file.header import ground_cell_m, quietly
from hillfinder.elevation.sources.raster_file.voids import (
    mask_plateaus,
    refuse_if_too_high,
    stands_for_none,
)
from hillfinder.elevation.vertical_units import differ_by_a_unit, other_unit
from hillfinder.errors import HeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hillfinder.elevation.sources.raster_file.header import Header
    from hillfinder.model import Bools, Floats, Ints

#: Side of the square pieces in which points are read, cells, so that memory does not grow with the
#: raster: 4,096 x 4,096 heights are 64 MB.
PIECE_CELLS = 4096
#: Cells of the last readings that are held, since they are asked for twice: 16 MB.
HELD_CELLS = 4 << 20
#: Distance within which cells count for a point, cells: voids are masked with their neighbours.
COUNTING_CELLS = VOID_MARGIN_CELLS + 1
#: Margin read around the points, cells: points 10 m beside the streets are asked for next.
MARGIN_CELLS = 6
#: How far files on one grid may be off it, cells: their headers round their corners.
OFF_GRID_CELLS = 0.05
#: Geographic systems within two metres of WGS 84: WGS 84 itself, NAD83, NAD83(2011), ETRS89.
SAME_AS_WGS84 = (4326, 4269, 6318, 4258)


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
    for points in _square_pieces(np.flatnonzero(within), row, col):
        result[points] = _sample_piece(headers, boxes, row[points], col[points], held)
    return result


def _square_pieces(points: Ints, row: Floats, col: Floats) -> list[Ints]:
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
        # One of them may be in feet: they are compared where they meet.
        silent = [each.name for each in headers if not each.unit.stated]
        doubtful = silent[0] if silent and len(headers) > 1 else ""
        for header, box in zip(headers, boxes, strict=True):
            _paste(height, outside, header, (box[0] - row0, box[1] - col0), doubtful)
        at_cliffs = mask_plateaus(height, ground_cell_m(headers[0]))
        mask_voids(height, outside=outside)
        height[at_cliffs] = np.nan
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
    canvas: NDArray[np.float32],
    outside: Bools,
    header: Header,
    corner: tuple[int, int],
    doubtful: str = "",
) -> None:
    """Write one file's heights on the canvas wherever it is still empty.

    ``corner`` is where the file's first cell lies on the canvas; ``outside`` ends where it begins;
    ``doubtful`` names a file whose unit is not stated, if there is one.
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
    band = header.band - 1
    try:
        with quietly(), header.open() as file:
            # A mask that only repeats which value stands for none takes longer than the heights.
            masked = file.mask_flag_enums[band] not in ([MaskFlags.all_valid], [MaskFlags.nodata])
            declared = file.nodatavals[band]
            void = np.nan if masked or declared is None else declared
            window = Window(c0 - left, skip, c1 - c0, r1 - r0)
            read = file.read(header.band, window=window, masked=masked)
            scale, shift = file.scales[band], file.offsets[band]
    except rasterio.errors.RasterioError as error:
        msg = (
            f"{header.name} could not be read to its end: it is cut short or damaged, or "
            "refers to files that are not there. Fetch it again."
        )
        raise HeightsError(msg) from error
    with np.errstate(over="ignore", invalid="ignore"):  # absurd heights are masked in a moment
        values = np.ma.getdata(read).astype(np.float32)
        values[np.ma.getmask(read) if masked else read == void] = np.nan
        values[stands_for_none(values, str(read.dtype))] = np.nan
        values = (values * np.float32(scale) + np.float32(shift)) * np.float32(header.unit.metres)
    if not header.unit.stated:
        refuse_if_too_high(values, header.name)
    if header.south_up:
        values = values[::-1]
    if doubtful:
        _compare(canvas, values, (r0, c0), doubtful)
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


def _compare(
    canvas: NDArray[np.float32], values: NDArray[np.float32], corner: tuple[int, int], name: str
) -> None:
    """Refuse a file whose heights are those of what lies below or beside it, but in feet."""
    (r0, c0), (rows, cols) = corner, values.shape
    # With a rim one cell wide, the cells of which have the height of the cell inside.
    top, left = max(r0 - 1, 0), max(c0 - 1, 0)
    others = canvas[top : r0 + rows + 1, left : c0 + cols + 1]
    if np.isnan(others).all():
        return
    own = np.pad(values, 1, mode="edge")[top - r0 + 1 :, left - c0 + 1 :]
    own = own[: others.shape[0], : others.shape[1]]
    if differ_by_a_unit(own.astype(float), others.astype(float)):
        raise other_unit(name, "the file beside it")
