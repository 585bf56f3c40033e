"""The land beneath a printed map: what the heights along the streets span.

The elevation model is not kept after a search, but the heights along every street are: the land is
drawn triangle by triangle between them, and only near streets whose heights are known. It shows
where the hills lie; it is no survey of what is between the streets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hillfinder.earth import METRES_PER_DEGREE
from hillfinder.output.visual import basemap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hillfinder.model import Floats, Place
    from hillfinder.output.visual.basemap import View
    from hillfinder.streets.network import StreetNetwork

#: Farthest that land is drawn from a known height, m.
KNOWN_WITHIN_M: Final = 200.0
#: Most cells along the longer side of the map.
MOST_CELLS: Final = 400
#: Size of the smallest cell, m.
FINEST_M: Final = 10.0
#: Grade below which no contour is drawn.
LEVEL: Final = 0.01


def draw_land(network: StreetNetwork, area: View, place: Place, axes: Axes) -> None:
    """Draw hills shaded from the north-west and contours, where heights are known."""
    from matplotlib.colors import LightSource

    across = METRES_PER_DEGREE * float(np.cos(np.radians((area.south + area.north) / 2)))
    width, height = (area.east - area.west) * across, (area.north - area.south) * METRES_PER_DEGREE
    cell = max(FINEST_M, max(width, height) / MOST_CELLS)
    shape = (int(np.ceil(height / cell)), int(np.ceil(width / cell)))
    land = _surface(
        _mean_heights(network, area, place, shape, (cell / METRES_PER_DEGREE, cell / across)), cell
    )
    if land is None:
        return
    east = area.west + (np.arange(shape[1]) + 0.5) * cell / across
    north = area.south + (np.arange(shape[0]) + 0.5) * cell / METRES_PER_DEGREE
    shade = LightSource(315, 45).hillshade(
        land.filled(float(land.mean())), vert_exag=2.0, dx=cell, dy=-cell
    )
    axes.imshow(
        np.ma.array(shade, mask=land.mask),
        extent=(
            area.west,
            area.west + shape[1] * cell / across,
            area.south,
            area.south + shape[0] * cell / METRES_PER_DEGREE,
        ),
        origin="lower",
        cmap="gray",
        vmin=-0.6,
        vmax=1.0,
        alpha=0.55,
        zorder=0,
        aspect=axes.get_aspect(),
        interpolation="bilinear",
    )
    relief = float(land.max() - land.min())
    step = next((each for each in (2, 5, 10, 20, 50, 100) if relief / each <= 20), 200)
    levels = np.arange(np.ceil(land.min() / step), land.max() / step) * step
    if len(levels):
        # On level ground a contour wanders.
        slope = np.hypot(*np.gradient(land.filled(0.0), cell))
        sloping = np.ma.array(land, mask=land.mask | (slope < LEVEL))
        lines = axes.contour(
            east, north, sloping, levels, colors="#9a7b4f", linewidths=0.4, alpha=0.8, zorder=1
        )
        axes.clabel(lines, levels[::2], fontsize=5, fmt="%.0f")


def _mean_heights(
    network: StreetNetwork,
    area: View,
    place: Place,
    shape: tuple[int, int],
    cell: tuple[float, float],
) -> Floats:
    """Return the mean height in each cell of a view, from the south; NaN where there is none.

    Args:
        network: the streets; only trusted heights along them are used.
        area: the view.
        place: the place it is around.
        shape: number of cells north and east.
        cell: size of a cell north and east, in degrees.
    """
    count, total = np.zeros(shape), np.zeros(shape)
    profiles = network.profiles
    if profiles is None:
        return np.full(shape, np.nan)
    point_lon = basemap.unwrapped(network.point_lon, place)
    for edge in np.flatnonzero(basemap.edges_in(network, area, place)).tolist():
        own = slice(profiles.offset[edge], profiles.offset[edge + 1])
        drawn = slice(network.point_offset[edge], network.point_offset[edge + 1])
        x, y = network.point_x_m[drawn], network.point_y_m[drawn]
        along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        height = profiles.elevation_m[own]
        lon = np.interp(profiles.distance_m[own], along, point_lon[drawn])
        lat = np.interp(profiles.distance_m[own], along, network.point_lat[drawn])
        row = np.floor((lat - area.south) / cell[0]).astype(int)
        column = np.floor((lon - area.west) / cell[1]).astype(int)
        good = profiles.trusted[own] & np.isfinite(height)
        good &= (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
        np.add.at(count, (row[good], column[good]), 1.0)
        np.add.at(total, (row[good], column[good]), height[good])
    with np.errstate(invalid="ignore"):
        return total / count


def _surface(read: Floats, cell_m: float) -> np.ma.MaskedArray | None:
    """Return the surface of triangles between heights, masked where none is near.

    ``None`` where there is no triangle: fewer than three heights, or all in a row.
    """
    from matplotlib.tri import LinearTriInterpolator, Triangulation
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    row, column = np.nonzero(np.isfinite(read))
    try:
        triangles = Triangulation(column, row)
    except (RuntimeError, ValueError):
        return None
    # SciPy's interpolator takes ten times as long on a lattice.
    surface = LinearTriInterpolator(triangles, read[row, column])
    land = surface(*np.indices(read.shape)[::-1]).filled(np.nan)
    near = np.isfinite(land) & (distance_transform_edt(np.isnan(read)) * cell_m <= KNOWN_WITHIN_M)
    # Smoothed over two cells: the triangles' edges are streets, not ridges.
    weight = gaussian_filter(near.astype(float), 2.0)
    smooth = gaussian_filter(np.where(near, land, 0.0), 2.0) / np.maximum(weight, 1e-9)
    return np.ma.array(smooth, mask=~near) if near.any() else None
