"""Elevation models in files: GeoTIFF, VRT, HGT, zipped HGT, cloud-optimised GeoTIFF."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.heights import worst_kind
from hillfinder.elevation.sources.fallback import Chain
from hillfinder.elevation.sources.raster_file.header import ground_cell_m, read_header
from hillfinder.elevation.sources.raster_file.mosaic import OFF_GRID_CELLS, Canvas, sample
from hillfinder.elevation.sources.raster_file.opening import open_file
from hillfinder.errors import HeightsError
from hillfinder.model import HeightSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.elevation.sources.raster_file.header import Header, Open
    from hillfinder.model import Floats, HeightKind

#: What heights are of, by how two makers name their files; other names say nothing.
KIND_BY_NAME: dict[str, HeightKind] = {
    r"USGS_(13|1|19|1M|OPR)_": "bare earth",
    r"Copernicus_DSM_": "surface",
}


#: Width from which cells differ in size within a file, m: they are measured where they are read.
WIDE_M = 200_000.0


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
        unit: str | None = None,
        band: int | None = None,
        opener: Open | None = None,
    ) -> None:
        """Open every file once to read its header.

        Args:
            paths: the files.
            kind: whether they show the bare earth or what stands on it; ``None`` goes by their
                names, and is "unknown" but for the few makers who name their files always so.
            unit: of the heights in files that do not state a known one: ``m``, ``ft``, ``us-ft``,
                ``yd``, ``dm``, ``cm`` or ``mm``. A file that states its unit keeps it.
            band: which band holds the heights, from 1; ``None`` picks it where there is no choice.
            opener: opens a file that lies elsewhere than on this machine, by its name in ``paths``.
        """
        if not paths:
            msg = "No elevation file was given: give one or more."
            raise HeightsError(msg)
        headers = [read_header(str(path), opener or open_file, unit, band) for path in paths]
        self._headers, self._unit = headers, unit
        if unit and not any(self.units()):
            metres = headers[0].unit.metres
            msg = (
                f"{headers[0].name} states another unit of height (1 is {metres:.4g} m): leave "
                "--dem-unit out."
            )
            raise HeightsError(msg)
        grids: list[list[Header]] = []
        for header in sorted(headers, key=ground_cell_m):
            grid = next(
                (grid for grid in grids if header.shares_grid(grid[0], OFF_GRID_CELLS)), None
            )
            if grid is None:
                grids.append([header])
            else:
                grid.append(header)
        held: list[Canvas] = []  # for all grids together: a thousand would be too much to hold
        super().__init__([_Grid(grid, kind, held) for grid in grids])

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

    def units(self) -> list[str | None]:
        """Return for each file, in the order given, ``unit``; ``None`` if it states another."""
        unit = self._unit
        return [unit if unit and each.unit.is_called(unit) else None for each in self._headers]


class _Grid:
    """Heights from files on one grid.

    Attributes:
        assumes_metres: a file does not state the unit of its heights.
    """

    def __init__(self, headers: list[Header], kind: HeightKind | None, held: list[Canvas]) -> None:
        self._headers, self._held = headers, held
        self._cell_m = ground_cell_m(headers[0])
        self.assumes_metres = not all(header.unit.stated for header in headers)
        self._kind = kind or worst_kind(_kind_by_name(header.name) for header in headers)

    @property
    def key(self) -> str | None:
        """Return what the heights depend on, as a key to cache profiles by.

        There is none for a VRT, which is a list of other files that may change.
        """
        paths = [Path(header.where) for header in self._headers]
        if any(path.suffix.lower() == ".vrt" or not path.is_file() for path in paths):
            return None
        states = [(path.resolve(), path.stat()) for path in paths]
        files = (f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in states)
        read = [f"{header.band} {header.unit.metres}" for header in self._headers]
        return "; ".join([self._kind, *dict.fromkeys(read), *files])

    @property
    def source(self) -> HeightSource:
        """Return the files' names and their kind; their credit is not written in them."""
        names = ", ".join(header.name for header in self._headers)
        return HeightSource(names, self._kind, round(self._cell_m, 2), None)

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return heights at points, NaN where no file knows one.

        Raises:
            HeightsError: a file could not be read to its end.
        """
        first = self._headers[0]
        if first.rows * self._cell_m > WIDE_M and len(lon):
            self._cell_m = ground_cell_m(first, (float(np.nanmean(lon)), float(np.nanmean(lat))))
        return sample(self._headers, lon, lat, self._held)


def _kind_by_name(name: str) -> HeightKind:
    """Return the kind of a file where its name leaves no doubt.

    >>> _kind_by_name("USGS_13_n46w123.tif"), _kind_by_name("portland.tif")
    ('bare earth', 'unknown')
    """
    return next((kind for start, kind in KIND_BY_NAME.items() if re.match(start, name)), "unknown")
