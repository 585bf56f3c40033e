"""Elevation models in files: GeoTIFF, VRT, HGT, zipped HGT, cloud-optimised GeoTIFF."""

from __future__ import annotations

import math
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.chain import Chain
from hillfinder.elevation.heights import bilinear, mask_voids, worst
from hillfinder.errors import HeightsError
from hillfinder.model import HeightSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from rasterio.io import DatasetReader

    from hillfinder.model import Bools, Floats, HeightKind, Ints

    Open = Callable[[str], DatasetReader]

#: Points are read in square pieces of so many cells a side, so that memory does not grow with the
#: raster: 4,096 x 4,096 heights are 64 MB.
PIECE_CELLS = 4096
#: Cells read around the points, so that voids just outside are masked with their neighbours.
MARGIN_CELLS = 4
#: Files on one grid may be off it by so much of a cell: their corners are rounded in their headers.
OFF_GRID_CELLS = 0.05
EARTH_RADIUS_M = 6_371_009.0
#: Geographic systems within two metres of WGS 84: WGS 84 itself, NAD83, NAD83(2011), ETRS89.
SAME_AS_WGS84 = (4326, 4269, 6318, 4258)
#: Makers that name their files always so, and what they make; any other name says nothing.
KINDS: dict[str, HeightKind] = {
    r"USGS_(13|1|19|1M|OPR)_": "bare earth",
    r"Copernicus_DSM_": "surface",
}
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
class _Header:
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

    def shares_grid(self, other: _Header) -> bool:
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

    def turned_towards(self, lon: float) -> _Header:
        """Return the same file on the turn of the earth on which it is nearest to ``lon``."""
        if not self.geographic:
            return self
        middle = self.left + self.cols * self.cell_x / 2
        return replace(self, left=self.left + 360.0 * round((lon - middle) / 360.0))


class Raster(Chain):
    """Heights from one file or several, read as one.

    Files on one grid are pasted together, so that nothing is lost along their seams; of files on
    different grids the finest serves first, and the others where it has no height. Nothing is read
    before it is asked for, and then only the window around the points.

    Raises:
        HeightsError: a file is missing, is no raster, or says nothing of where on earth it lies.
    """

    def __init__(
        self,
        paths: Sequence[Path | str],
        *,
        kind: HeightKind | None = None,
        opener: Open | None = None,
    ) -> None:
        """Open every file once to read its header.

        Args:
            paths: the files.
            kind: whether they show the bare earth or what stands on it; ``None`` goes by their
                names, and is "unknown" but for the few makers who name their files always so.
            opener: opens a file that lies elsewhere than on this machine, by its name in ``paths``.
        """
        if not paths:
            msg = "No elevation file was given: give one or more."
            raise HeightsError(msg)
        headers = [_header(str(path), opener or _open) for path in paths]
        grids: list[list[_Header]] = []
        for header in sorted(headers, key=lambda each: each.cell_m):
            grid = next((grid for grid in grids if header.shares_grid(grid[0])), None)
            if grid is None:
                grids.append([header])
            else:
                grid.append(header)
        super().__init__([_Grid(grid, kind) for grid in grids])
        self._headers = headers

    def extents(self) -> list[tuple[float, float, float, float]]:
        """Return for each file, in the order given, the box that it lies in.

        West, south, east, north in degrees; west is greater than east across the antimeridian.
        """
        from rasterio.warp import transform_bounds

        return [
            transform_bounds(
                header.crs,
                "EPSG:4326",
                header.left,
                header.top - header.rows * header.cell_y,
                header.left + header.cols * header.cell_x,
                header.top,
            )
            for header in self._headers
        ]


class _Grid:
    """Heights from files on one grid."""

    def __init__(self, headers: list[_Header], kind: HeightKind | None) -> None:
        self._headers = headers
        self._kind = kind or worst(_kind(header.name) for header in headers)

    @property
    def key(self) -> str | None:
        """Return what the heights depend on, so that profiles made of them can be kept.

        There is none for a VRT, which is a list of other files that may change.
        """
        paths = [Path(header.where) for header in self._headers]
        if any(path.suffix.lower() == ".vrt" or not path.is_file() for path in paths):
            return None
        states = [(path.resolve(), path.stat()) for path in paths]
        files = (f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in states)
        return "; ".join([self._kind, *files])

    @property
    def source(self) -> HeightSource:
        """Return the files' names and their kind; their credit is not written in them."""
        names = ", ".join(header.name for header in self._headers)
        return HeightSource(names, self._kind, round(self._headers[0].cell_m, 2), None)

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return heights at points, NaN where no file knows one.

        Raises:
            HeightsError: a file could not be read to its end.
        """
        return _sample(self._headers, lon, lat)


def _kind(name: str) -> HeightKind:
    """Return the kind of a file where its name leaves no doubt.

    >>> _kind("USGS_13_n46w123.tif"), _kind("portland.tif")
    ('bare earth', 'unknown')
    """
    return next((kind for start, kind in KINDS.items() if re.match(start, name)), "unknown")


def _open(path: str) -> DatasetReader:
    import rasterio

    if not Path(path).is_file():
        msg = f"There is no elevation file {path}: give a GeoTIFF, VRT, HGT or zipped HGT."
        raise HeightsError(msg)
    return rasterio.open(_openable(Path(path)))


def _header(where: str, opener: Open) -> _Header:
    import rasterio

    path = Path(where)
    try:
        with _quietly(), opener(where) as file:
            crs, transform, picture = file.crs, file.transform, _is_picture(file)
            rows, cols = file.shape
            if crs is not None:
                factor = crs.units_factor[1]
                unit = factor * EARTH_RADIUS_M if crs.is_geographic else factor
                geographic, wkt = crs.is_geographic, crs.to_wkt()
    except (rasterio.errors.RasterioError, rasterio.errors.CRSError) as error:
        named = " An .hgt must have its corner for a name, such as N46E008.hgt."
        msg = (
            f"{path.name} cannot be read as an elevation model ({error}): it may be cut short, "
            f"empty, or not what its ending says. Fetch it again."
            f"{named if path.suffix.lower() == '.hgt' else ''}"
        )
        raise HeightsError(msg) from error
    if picture:
        msg = f"{path.name} is a picture, not an elevation model: give one with heights in metres."
        raise HeightsError(msg)
    if crs is None or transform.is_identity:
        msg = (
            f"{path.name} does not say where on earth it lies (no coordinate system): "
            "assign one, for instance with gdal_translate -a_srs."
        )
        raise HeightsError(msg)
    if transform.b or transform.d or transform.a <= 0 or transform.e == 0:
        msg = f"{path.name} is not north-up: warp it first, for instance with gdalwarp."
        raise HeightsError(msg)
    return _Header(
        where=where,
        name=path.name,
        open=partial(opener, where),
        crs=wkt,
        geographic=geographic,
        left=transform.c,
        top=transform.f + max(0.0, transform.e * rows),
        cell_x=transform.a,
        cell_y=abs(transform.e),
        rows=rows,
        cols=cols,
        metres_per_unit=unit,
        south_up=transform.e > 0,
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the warnings of rasterio from the terminal: what matters is raised."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _is_picture(file: DatasetReader) -> bool:
    from rasterio.enums import ColorInterp

    return file.colorinterp[0] in {ColorInterp.red, ColorInterp.palette}


def _openable(path: Path) -> str:
    """Return the name GDAL knows the file by: a zip is looked into."""
    if path.suffix.lower() == ".zip":
        from zipfile import BadZipFile, ZipFile

        try:
            with ZipFile(path) as bundle:
                rasters = [
                    name
                    for name in bundle.namelist()
                    if name.lower().endswith((".hgt", ".tif", ".tiff"))
                    and not name.rpartition("/")[2].startswith("._")  # a Mac's shadow of each file
                ]
        except (BadZipFile, OSError) as error:
            msg = f"{path.name} is not a zip archive that can be read ({error}): fetch it again."
            raise HeightsError(msg) from error
        if len(rasters) != 1:
            what = f"{len(rasters)} rasters: unpack it" if rasters else "none: give another file"
            msg = f"{path.name} should hold one .hgt or .tif, and holds {what}."
            raise HeightsError(msg)
        return f"/vsizip/{{{path.resolve()}}}/{rasters[0]}"
    return str(path)


def _sample(headers: Sequence[_Header], lon: Floats, lat: Floats) -> Floats:
    """Read the windows around the points from files that share a grid, and interpolate."""
    x, y = _transform(headers[0].crs, lon, lat)
    known = np.isfinite(x) & np.isfinite(y)
    result = np.full(len(lon), np.nan)
    if not known.any():
        return result
    x, start = np.where(known, x, np.nan), float(x[known][0])
    headers = [header.turned_towards(start) for header in headers]
    first = headers[0]
    if first.geographic:
        x = start + (x - start + 180.0) % 360.0 - 180.0
    # Fractional indices of cell centres on the grid that all of these files share.
    col, row = (x - first.left) / first.cell_x - 0.5, (first.top - y) / first.cell_y - 0.5
    boxes = [_box(header, first) for header in headers]
    within = np.zeros(len(lon), bool)
    for r0, c0, r1, c1 in boxes:
        within |= known & (row > r0 - 1) & (row < r1) & (col > c0 - 1) & (col < c1)
    for points in _pieces(np.flatnonzero(within), row, col):
        result[points] = _sample_piece(headers, boxes, row[points], col[points])
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
    headers: Sequence[_Header],
    boxes: Sequence[tuple[int, int, int, int]],
    row: Floats,
    col: Floats,
) -> Floats:
    row0 = math.floor(row.min()) - MARGIN_CELLS
    col0 = math.floor(col.min()) - MARGIN_CELLS
    rows = math.ceil(row.max()) + MARGIN_CELLS + 1 - row0
    cols = math.ceil(col.max()) + MARGIN_CELLS + 1 - col0
    canvas = np.full((rows, cols), np.nan, np.float32)
    outside = np.ones(canvas.shape, bool)
    for header, box in zip(headers, boxes, strict=True):
        _paste(canvas, outside, header, (box[0] - row0, box[1] - col0))
    mask_voids(canvas, outside=outside)
    return bilinear(canvas, row - row0, col - col0)


def _box(header: _Header, first: _Header) -> tuple[int, int, int, int]:
    """Return first row and column, and one past the last, on the grid of ``first``."""
    col = round((header.left - first.left) / first.cell_x)
    row = round((first.top - header.top) / first.cell_y)
    return row, col, row + header.rows, col + header.cols


def _paste(
    canvas: NDArray[np.float32], outside: Bools, header: _Header, corner: tuple[int, int]
) -> None:
    """Write one file's heights on the canvas wherever it is still empty.

    ``corner`` is where the file's first cell lies on the canvas; ``outside`` ends where it begins.
    """
    import rasterio
    from rasterio.windows import Window

    top, left = corner
    r0, c0 = max(0, top), max(0, left)
    r1, c1 = min(canvas.shape[0], top + header.rows), min(canvas.shape[1], left + header.cols)
    if r0 >= r1 or c0 >= c1:
        return
    skip = top + header.rows - r1 if header.south_up else r0 - top
    try:
        with _quietly(), header.open() as file:
            read = file.read(1, window=Window(c0 - left, skip, c1 - c0, r1 - r0), masked=True)
            scale, shift = file.scales[0], file.offsets[0]
            metres = FEET_M.get((file.units[0] or "").strip().lower(), 1.0)
    except rasterio.errors.RasterioError as error:
        msg = (
            f"{header.name} could not be read to its end: it is cut short or damaged, or "
            "refers to files that are not there. Fetch it again."
        )
        raise HeightsError(msg) from error
    with np.errstate(over="ignore", invalid="ignore"):  # absurd heights are masked in a moment
        values = read.data.astype(np.float32)
        values[np.ma.getmaskarray(read)] = np.nan
        values[values == -32768] = np.nan  # SRTM's void, which many files forget to declare
        values = (values * np.float32(scale) + np.float32(shift)) * np.float32(metres)
    if header.south_up:
        values = values[::-1]
    part = canvas[r0:r1, c0:c1]
    empty = np.isnan(part)
    part[empty] = values[empty]
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
