"""Elevation models in files: GeoTIFF, VRT, HGT, zipped HGT, cloud-optimised GeoTIFF."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.heights import bilinear, mask_voids
from hillfinder.errors import HeightsError
from hillfinder.model import HeightSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hillfinder.model import Floats

#: A window of more cells than this is read at a coarser spacing, averaged: 64 million are 256 MB.
MOST_CELLS = 64_000_000
#: Cells read around the points, so that voids just outside are masked with their neighbours.
MARGIN_CELLS = 4
METRES_PER_DEGREE = 111_195.0
#: Geographic systems within two metres of WGS 84: WGS 84 itself, NAD83, ETRS89.
SAME_AS_WGS84 = (4326, 4269, 4258)


@dataclass(frozen=True, slots=True)
class _Header:
    """What a file says of itself; rows grow southwards, ``cell`` is positive, in CRS units."""

    path: Path
    crs: str
    left: float
    top: float
    cell_x: float
    cell_y: float
    rows: int
    cols: int
    metres_per_unit: float

    @property
    def grid(self) -> tuple[object, ...]:
        """Files with an equal answer share one grid and are read as one."""
        phase = (self.left / self.cell_x % 1, self.top / self.cell_y % 1)
        rounded = tuple(0.0 if value > 0.999 else round(value, 2) for value in phase)
        return (self.crs, f"{self.cell_x:.9g}", f"{self.cell_y:.9g}", rounded)


class Raster:
    """Heights from one file or several, read as one.

    Files on one grid are pasted together, so that nothing is lost along their seams; where files
    of different grids overlap, the finer serves first. Nothing is read before it is asked for,
    and then only the window around the points.

    Raises:
        HeightsError: a file is missing, is no raster, or says nothing of where on earth it lies.
    """

    def __init__(self, paths: Sequence[Path | str]) -> None:
        """Open every file once to read its header."""
        if not paths:
            msg = "No elevation file was given: give one or more."
            raise HeightsError(msg)
        headers = [_header(Path(path)) for path in paths]
        grids: dict[tuple[object, ...], list[_Header]] = {}
        for header in sorted(headers, key=lambda h: h.cell_y * h.metres_per_unit):
            grids.setdefault(header.grid, []).append(header)
        self._grids = list(grids.values())
        self._names = [Path(path).name for path in paths]

    @property
    def source(self) -> HeightSource:
        """Return the files' names; their kind and credit are not written in them."""
        finest = self._grids[0][0]
        cell_m = finest.cell_y * finest.metres_per_unit
        return HeightSource(", ".join(self._names), "unknown", round(cell_m, 2), None)

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return heights at points, NaN where no file knows one.

        Raises:
            HeightsError: a file could not be read to its end.
        """
        result = np.full(len(lon), np.nan)
        for headers in self._grids:
            todo = np.flatnonzero(np.isnan(result))
            if len(todo):
                result[todo] = _sample(headers, lon[todo], lat[todo])
        return result


def _header(path: Path) -> _Header:
    import rasterio
    from rasterio.errors import RasterioError

    if not path.is_file():
        msg = f"There is no elevation file {path}: give a GeoTIFF, VRT, HGT or zipped HGT."
        raise HeightsError(msg)
    try:
        with rasterio.open(_openable(path)) as file:
            crs, transform = file.crs, file.transform
            rows, cols = file.shape
            if crs is None or transform.is_identity:
                msg = (
                    f"{path.name} does not say where on earth it lies (no coordinate system): "
                    "assign one, for instance with gdal_translate -a_srs."
                )
                raise HeightsError(msg)
            unit = METRES_PER_DEGREE if crs.is_geographic else crs.linear_units_factor[1]
            wkt = crs.to_wkt()
    except RasterioError as error:
        msg = (
            f"{path.name} cannot be read as an elevation model ({error}): it may be cut short, "
            "empty, or not what its ending says. Fetch it again."
        )
        raise HeightsError(msg) from error
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        msg = f"{path.name} is not north-up: warp it first, for instance with gdalwarp."
        raise HeightsError(msg)
    return _Header(
        path, wkt, transform.c, transform.f, transform.a, -transform.e, rows, cols, float(unit)
    )


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
                ]
        except (BadZipFile, OSError) as error:
            msg = f"{path.name} is not a zip archive that can be read ({error}): fetch it again."
            raise HeightsError(msg) from error
        if len(rasters) != 1:
            msg = f"{path.name} should hold one .hgt or .tif, and holds {len(rasters)}: unpack it."
            raise HeightsError(msg)
        return f"/vsizip/{path.resolve()}/{rasters[0]}"
    return str(path)


def _sample(headers: Sequence[_Header], lon: Floats, lat: Floats) -> Floats:
    """Read the window around the points from files that share a grid, and interpolate."""
    first = headers[0]
    x, y = _transform(first.crs, lon, lat)
    known = np.isfinite(x) & np.isfinite(y)
    result = np.full(len(lon), np.nan)
    # Fractional indices of cell centres on the grid that all of these files share.
    col, row = (x - first.left) / first.cell_x - 0.5, (first.top - y) / first.cell_y - 0.5
    boxes = [_box(header, first) for header in headers]
    within = np.zeros(len(lon), bool)
    for r0, c0, r1, c1 in boxes:
        within |= known & (row > r0 - 1) & (row < r1) & (col > c0 - 1) & (col < c1)
    if not within.any():
        return result
    row0 = math.floor(row[within].min()) - MARGIN_CELLS
    col0 = math.floor(col[within].min()) - MARGIN_CELLS
    rows = math.ceil(row[within].max()) + MARGIN_CELLS + 1 - row0
    cols = math.ceil(col[within].max()) + MARGIN_CELLS + 1 - col0
    coarser = max(1, math.ceil(math.sqrt(rows * cols / MOST_CELLS)))
    rows, cols = math.ceil(rows / coarser) * coarser, math.ceil(cols / coarser) * coarser
    canvas = np.full((rows // coarser, cols // coarser), np.nan, np.float32)
    for header, box in zip(headers, boxes, strict=True):
        _paste(canvas, header, box, (row0, col0), coarser)
    mask_voids(canvas)
    # A coarse cell's centre lies in the middle of the fine cells it averages.
    middle = (coarser - 1) / 2
    result[within] = bilinear(
        canvas,
        (row[within] - row0 - middle) / coarser,
        (col[within] - col0 - middle) / coarser,
    )
    return result


def _box(header: _Header, first: _Header) -> tuple[int, int, int, int]:
    """Return first row and column, and one past the last, on the grid of ``first``."""
    col = round((header.left - first.left) / first.cell_x)
    row = round((first.top - header.top) / first.cell_y)
    return row, col, row + header.rows, col + header.cols


def _paste(
    canvas: NDArray[np.float32],
    header: _Header,
    box: tuple[int, int, int, int],
    origin: tuple[int, int],
    coarser: int,
) -> None:
    """Write one file's heights on the canvas wherever it is still empty."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.errors import RasterioError
    from rasterio.windows import Window

    top, left = origin
    # Canvas cells that lie wholly within the file.
    r0 = max(0, math.ceil((box[0] - top) / coarser))
    c0 = max(0, math.ceil((box[1] - left) / coarser))
    r1 = min(canvas.shape[0], (box[2] - top) // coarser)
    c1 = min(canvas.shape[1], (box[3] - left) // coarser)
    if r0 >= r1 or c0 >= c1:
        return
    window = Window(
        left + c0 * coarser - box[1],
        top + r0 * coarser - box[0],
        (c1 - c0) * coarser,
        (r1 - r0) * coarser,
    )
    try:
        with rasterio.open(_openable(header.path)) as file:
            read = file.read(
                1,
                window=window,
                out_shape=(r1 - r0, c1 - c0),
                resampling=Resampling.average if coarser > 1 else Resampling.nearest,
                masked=True,
            )
            scale, shift = file.scales[0], file.offsets[0]
    except RasterioError as error:
        msg = f"{header.path.name} could not be read to its end ({error}): fetch it again."
        raise HeightsError(msg) from error
    values = read.astype(np.float32).filled(np.nan)
    values[values == -32768] = np.nan  # SRTM's void, which many files forget to declare
    values = values * np.float32(scale) + np.float32(shift)
    part = canvas[r0:r1, c0:c1]
    empty = np.isnan(part)
    part[empty] = values[empty]


def _transform(crs: str, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return WGS 84 points in a file's own coordinates; NaN or inf where it has none."""
    from pyproj import CRS, Transformer

    target = CRS.from_wkt(crs)
    if target.to_epsg() in SAME_AS_WGS84:
        return lon, lat
    x, y = Transformer.from_crs("EPSG:4326", target, always_xy=True).transform(lon, lat)
    return x, y
