"""Elevation models in files: GeoTIFF, VRT, HGT, zipped HGT, cloud-optimised GeoTIFF."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hillfinder.earth import EARTH_RADIUS_M
from hillfinder.elevation.heights import worst
from hillfinder.elevation.sources.fallback import Chain
from hillfinder.elevation.sources.mosaic import Canvas, Header, quietly, sample
from hillfinder.errors import HeightsError
from hillfinder.model import HeightSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rasterio.io import DatasetReader

    from hillfinder.model import Floats, HeightKind

    Open = Callable[[str], DatasetReader]

#: Makers that name their files always so, and what they make; any other name says nothing.
KINDS: dict[str, HeightKind] = {
    r"USGS_(13|1|19|1M|OPR)_": "bare earth",
    r"Copernicus_DSM_": "surface",
}


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
        grids: list[list[Header]] = []
        for header in sorted(headers, key=lambda each: each.cell_m):
            grid = next((grid for grid in grids if header.shares_grid(grid[0])), None)
            if grid is None:
                grids.append([header])
            else:
                grid.append(header)
        held: list[Canvas] = []  # for all grids together: a thousand would be too much to hold
        super().__init__([_Grid(grid, kind, held) for grid in grids])
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

    def __init__(self, headers: list[Header], kind: HeightKind | None, held: list[Canvas]) -> None:
        self._headers, self._held = headers, held
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
        return sample(self._headers, lon, lat, self._held)


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


def _header(where: str, opener: Open) -> Header:
    import rasterio

    path = Path(where)
    try:
        with quietly(), opener(where) as file:
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
    return Header(
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
