"""Elevation models in memory, and what makes them worse: coarser cells, correlated noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.heights import bilinear
from hillfinder.model import HeightSource

if TYPE_CHECKING:
    from pathlib import Path

    from hillfinder.model import Floats

METRES_PER_DEGREE = 111_195.0
#: Errors so far apart are alike to 1/e. With the smooth covariance and 2 m, heights bend from cell
#: to cell as SRTM's do in Magnolia: second differences of 1.3 and 3.4 m over 1 and 2 cells (SRTM:
#: 1.5 and 3.0; the rough covariance: 2.7 and 3.9).
NOISE_REACH_M = 75.0


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Heights on a grid: rows go south, ``west`` and ``north`` are its outer edges.

    Bilinear between cell centres when it is called, as every source is. Coordinates and steps are
    degrees, or metres in ``crs``.
    """

    name: str
    values: Floats
    west: float
    north: float
    step_x: float
    step_y: float
    crs: str | None = None

    @property
    def source(self) -> HeightSource:
        return HeightSource(self.name, "unknown", self.cells_m[0])

    @property
    def cells_m(self) -> tuple[float, float]:
        """Height and width of a cell, in metres."""
        if self.crs is not None:
            return self.step_y, self.step_x
        middle = np.radians(self.north - self.values.shape[0] * self.step_y / 2)
        return (
            self.step_y * METRES_PER_DEGREE,
            self.step_x * METRES_PER_DEGREE * float(np.cos(middle)),
        )

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        return bilinear(self.values.astype(np.float32), *self._index(lon, lat))

    def nearest(self, lon: Floats, lat: Floats) -> Floats:
        """Return the height of the cell that each point lies in, NaN beyond the grid."""
        row, col = (np.floor(index + 0.5).astype(np.int64) for index in self._index(lon, lat))
        rows, cols = self.values.shape
        inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
        found = self.values[np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)]
        return np.where(inside, found, np.nan)

    def _index(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Return fractional rows and columns; cell centres have whole numbers."""
        x, y = lon, lat
        if self.crs is not None:
            from pyproj import Transformer

            x, y = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True).transform(lon, lat)
        return (self.north - y) / self.step_y - 0.5, (x - self.west) / self.step_x - 0.5


def read(path: Path) -> Grid:
    """Return a raster, NaN in its voids."""
    import rasterio

    with rasterio.open(path) as file:
        values = file.read(1, masked=True).astype(np.float64).filled(np.nan)
        to, crs = file.transform, None if file.crs.is_geographic else file.crs.to_wkt()
    return Grid(path.name, values, to.c, to.f, to.a, -to.e, crs)


def coarser(grid: Grid, times: int) -> Grid:
    """Return the means of blocks of ``times`` by ``times`` cells."""
    rows, cols = (size // times for size in grid.values.shape)
    blocks = grid.values[: rows * times, : cols * times].reshape(rows, times, cols, times)
    return replace(
        grid,
        name=f"{grid.name}, blocks of {times} x {times}",
        values=blocks.mean(axis=(1, 3)),
        step_x=grid.step_x * times,
        step_y=grid.step_y * times,
    )


def noisier(grid: Grid, sd_m: float, seed: int, *, rough: bool = False) -> Grid:
    """Return the grid with a random field of standard deviation ``sd_m`` added.

    Its correlation at a distance d is exp(-(d / 75 m)^2), or exp(-d / 75 m) where it is ``rough``.
    White noise is filtered by the root of that covariance's spectrum on a torus twice as large.
    """
    if sd_m == 0:
        return grid
    rows, cols = grid.values.shape
    y, x = (
        np.minimum(np.arange(2 * size), 2 * size - np.arange(2 * size)) * step / NOISE_REACH_M
        for size, step in zip((rows, cols), grid.cells_m, strict=True)
    )
    apart = np.hypot(y[:, np.newaxis], x[np.newaxis])
    covariance = np.exp(-apart if rough else -(apart**2))
    spectrum = np.sqrt(np.maximum(np.fft.rfft2(covariance).real, 0.0))
    white = np.random.default_rng(seed).standard_normal(apart.shape)
    field = np.fft.irfft2(np.fft.rfft2(white) * spectrum, s=apart.shape)
    noise = sd_m * field[:rows, :cols]
    return replace(grid, name=f"{grid.name}, {sd_m:g} m of noise", values=grid.values + noise)
