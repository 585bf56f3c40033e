"""What a raster file says of itself: where it lies, its cells, its band, its height unit.

A file that leaves a fact out is not guessed at. It is refused in one sentence that says what to
add, unless the usual answer is safe: heights are in metres where nothing speaks against it.
"""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hillfinder.earth import EARTH_RADIUS_M
from hillfinder.elevation.sources.raster_file.opening import no_model
from hillfinder.elevation.vertical_units import (
    SAME_UNIT,
    UNITS_M,
    VerticalUnit,
    unit_named,
)
from hillfinder.errors import HeightsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyproj import CRS
    from rasterio.io import DatasetReader

    Open = Callable[[str], DatasetReader]

#: A rotation that moves the far corner by less than this many cells is rounding.
ROTATION_CELLS = 0.05
_LARGEST_CELL_M = 1e6
#: Projected cells whose size on the ground is within 1 % of the one in map units keep the latter.
SAME_SIZE = 0.01
#: Radii of the earth, m, with room for every ellipsoid in use.
_RADII_M = (6_330_000.0, 6_400_000.0)
#: What a band that holds heights is called.
_HEIGHT_WORDS = re.compile(r"elev|height|altitude|\bd[est]m\b|\bground\b", re.IGNORECASE)
#: What a band is called that holds other heights than those of the ground, or their errors.
_OTHER_WORDS = re.compile(
    r"canopy|vegetation|tree|build|above|error|std|uncert|accuracy|count|mask", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself; rows grow southwards, ``cell`` is positive, in CRS units.

    Attributes:
        where, name: the file as given, and what it is called.
        open: opens it.
        crs: its horizontal coordinate system, as WKT.
        band: which band holds the heights, from 1.
        unit: of the heights, scale and offset applied.
    """

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
    band: int
    unit: VerticalUnit

    def shares_grid(self, other: Header, off_cells: float) -> bool:
        """Tell whether the cells of two files lie on one grid, within ``off_cells`` cells."""
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
        return max(map(abs, off)) < off_cells

    def turned_towards(self, lon: float) -> Header:
        """Return the same file on the turn of the earth on which it is nearest to ``lon``."""
        if not self.geographic:
            return self
        middle = self.left + self.cols * self.cell_x / 2
        return replace(self, left=self.left + 360.0 * round((lon - middle) / 360.0))


def read_header(
    where: str, opener: Open, unit: str | None = None, band: int | None = None
) -> Header:
    """Read what a file says of itself.

    Args:
        where: the file, as ``opener`` takes it.
        opener: opens it.
        unit: of its heights, one of ``UNITS_M``, where the file does not state one that is known.
        band: which band to read, from 1; ``None`` picks it where there is no choice.

    Raises:
        HeightsError: it is no elevation model, or leaves out a fact that is needed.
    """
    import rasterio
    from rasterio._err import CPLE_BaseError

    path = Path(where)
    try:
        with quietly(), opener(where) as file:
            crs = _horizontal(file, path.name)
            if band is None:
                _refuse_picture(file, path.name, 0)
            chosen = _band(file, path.name, band)
            _refuse_picture(file, path.name, chosen - 1)
            _refuse_numbers(file, path.name, chosen - 1)
            found = _unit(file, path.name, crs, chosen, unit)
            transform, (rows, cols) = file.transform, file.shape
    except (rasterio.errors.RasterioError, rasterio.errors.CRSError, CPLE_BaseError) as error:
        raise no_model(path.name, error) from error
    numbers = [*tuple(transform)[:6]]
    if not all(abs(number) < 1e12 for number in numbers):  # NaN and infinity, too
        msg = f"{path.name} does not say where on earth it lies (its corner is no number)."
        raise HeightsError(msg)
    turned = max(abs(transform.b) * rows, abs(transform.d) * cols)
    if (
        transform.a <= 0
        or transform.e == 0
        or turned > ROTATION_CELLS * min(transform.a, abs(transform.e))
    ):
        msg = f"{path.name} is not north-up: warp it first, for instance with gdalwarp."
        raise HeightsError(msg)
    return Header(
        where=where,
        name=path.name if chosen == 1 else f"{path.name} (band {chosen})",
        open=partial(opener, where),
        crs=crs.system.to_wkt(),
        geographic=crs.system.is_geographic,
        left=transform.c,
        top=transform.f + max(0.0, transform.e * rows),
        cell_x=transform.a,
        cell_y=abs(transform.e),
        rows=rows,
        cols=cols,
        metres_per_unit=crs.metres_per_unit,
        south_up=transform.e > 0,
        band=chosen,
        unit=found,
    )


def ground_cell_m(header: Header, at: tuple[float, float] | None = None) -> float:
    """Return the distance on the ground between cell centres, the longer way, in metres.

    Cells of one size on a Web Mercator map are smaller on the ground far from the equator.

    Args:
        header: the file. Cells in degrees are measured north to south, where they are longest.
        at: longitude and latitude of where to measure; ``None`` is the file's middle.
    """
    nominal_m = header.cell_y * header.metres_per_unit
    if header.geographic:
        return nominal_m
    from pyproj import CRS, Geod, Transformer

    to_degrees = Transformer.from_crs(CRS.from_wkt(header.crs), "EPSG:4326", always_xy=True)
    if at is None:
        x = header.left + header.cols * header.cell_x / 2
        y = header.top - header.rows * header.cell_y / 2
    else:
        x, y = to_degrees.transform(*at, direction="INVERSE")
    lon, lat = to_degrees.transform([x, x + header.cell_x, x], [y, y, y - header.cell_y])
    _, _, metres = Geod(ellps="WGS84").inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])
    found_m = float(max(metres))
    known = 0 < found_m < _LARGEST_CELL_M and abs(found_m / nominal_m - 1) > SAME_SIZE
    return found_m if known else nominal_m


def _refuse_picture(file: DatasetReader, name: str, at: int) -> None:
    from rasterio.enums import ColorInterp

    if file.colorinterp[at] in {ColorInterp.red, ColorInterp.palette}:
        msg = f"{name} is a picture, not an elevation model: give one with heights in metres."
        raise HeightsError(msg)


def _refuse_numbers(file: DatasetReader, name: str, at: int) -> None:
    if file.dtypes[at] in {"uint8", "int8"} and not file.units[at] and file.scales[at] == 1:
        msg = (
            f"{name} holds whole numbers of one byte: a picture, a hillshade or classes, not an "
            "elevation model. Give one with heights in metres."
        )
        raise HeightsError(msg)
    if file.dtypes[at].startswith("complex"):
        msg = f"{name} holds complex numbers, not heights: give an elevation model."
        raise HeightsError(msg)


class _Horizontal(NamedTuple):
    """A horizontal system, its vertical one where it has one, and metres in its unit."""

    system: CRS
    vertical: CRS | None
    metres_per_unit: float


def _horizontal(file: DatasetReader, name: str) -> _Horizontal:
    """Return where a file lies."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    nowhere = f"{name} does not say where on earth it lies"
    assign = "for instance with gdal_translate -a_srs."
    if file.crs is None and file.gcps[0]:
        msg = (
            f"{name} is placed by control points: warp it first, for instance with "
            "gdalwarp -r bilinear."
        )
        raise HeightsError(msg)
    if file.crs is None or file.transform.is_identity:
        msg = f"{nowhere} (no coordinate system): assign one, {assign}"
        raise HeightsError(msg)
    try:
        system = CRS.from_wkt(file.crs.to_wkt())
    except CRSError as error:
        msg = f"{nowhere} (its coordinate system cannot be read): assign one, {assign}"
        raise HeightsError(msg) from error
    vertical = None
    if system.is_compound:
        system, vertical, *_ = system.sub_crs_list
    elif len(system.axis_info) == 3:
        vertical = system
    if system.is_bound and system.source_crs is not None:
        system = system.source_crs
    axis = system.axis_info[0].unit_conversion_factor if system.axis_info else 0.0
    if not (system.is_geographic or system.is_projected) or not axis:
        kind = system.type_name.lower() or "of no known kind"
        msg = (
            f"{nowhere} (its coordinate system, {system.name}, is {kind}): assign a geographic or "
            f"projected one, {assign}"
        )
        raise HeightsError(msg)
    radius = system.ellipsoid.semi_major_metre if system.ellipsoid else 0.0
    if not _RADII_M[0] < radius < _RADII_M[1]:
        msg = (
            f"{name} does not lie on the earth (its globe has a radius of {radius / 1000:.0f} km)."
        )
        raise HeightsError(msg)
    return _Horizontal(system, vertical, axis * EARTH_RADIUS_M if system.is_geographic else axis)


def _band(file: DatasetReader, name: str, asked: int | None) -> int:
    """Return which band holds the heights."""
    from rasterio.enums import ColorInterp

    if asked is not None:
        if 1 <= asked <= file.count:
            return asked
        msg = f"{name} has {_bands(file.count)}, and no band {asked}: give --dem-band 1."
        raise HeightsError(msg)
    heights = [
        number
        for number, look in enumerate(file.colorinterp, start=1)
        if look not in {ColorInterp.alpha, ColorInterp.palette}
    ]
    if len(heights) == 1:
        return heights[0]
    called = {number: file.descriptions[number - 1] or "" for number in heights}
    named = [
        number
        for number, words in called.items()
        if _HEIGHT_WORDS.search(words) and not _OTHER_WORDS.search(words)
    ]
    if len(named) == 1:
        return named[0]
    msg = f"{name} has {_bands(file.count)}: say which holds the heights, such as --dem-band 1."
    raise HeightsError(msg)


def _bands(count: int) -> str:
    return "1 band" if count == 1 else f"{count} bands"


def _unit(
    file: DatasetReader, name: str, placed: _Horizontal, band: int, typed: str | None
) -> VerticalUnit:
    """Return the unit of a band's heights."""
    ask = f"Say which it is: --dem-unit {', '.join(UNITS_M)}."
    if typed is not None and typed not in UNITS_M:
        msg = f'"{typed}" is no unit of height. {ask}'
        raise HeightsError(msg)
    words = (file.units[band - 1] or "").strip()
    known = unit_named(words)
    axis = placed.vertical.axis_info[-1] if placed.vertical is not None else None
    said = UNITS_M[known] if known else None
    if said is None and not words and axis is not None:
        said = axis.unit_conversion_factor
    two = said and axis is not None and abs(said / axis.unit_conversion_factor - 1) > SAME_UNIT
    if said is not None and not (two and typed):
        if two and axis is not None:
            msg = f"{name} states two units of height, {words} and {axis.unit_name}. {ask}"
            raise HeightsError(msg)
        return VerticalUnit(said, stated=True)
    if typed is not None:
        return VerticalUnit(UNITS_M[typed], stated=True)
    if words:
        msg = f'{name} gives its heights in "{words}", which is no known unit. {ask}'
        raise HeightsError(msg)
    if not placed.system.is_geographic and abs(placed.metres_per_unit - 1) > SAME_UNIT:
        msg = (
            f"{name} does not state the unit of its heights, and its map unit is "
            f"{placed.metres_per_unit:.4g} m: they may be in feet. {ask}"
        )
        raise HeightsError(msg)
    return VerticalUnit(1.0, stated=False)


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the warnings of rasterio from the terminal: what matters is raised."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield
