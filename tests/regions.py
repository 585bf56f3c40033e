"""Regions for tests of scans: streets and heights from a formula, as files, laid across borders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.region.store.cells import AROUND, Cell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hillfinder.model import Floats

#: The corner where four cells meet.
CORNER = Cell(1069, 728)
METRES = 111_195.0
BLOCKS, BLOCK_M = 16, 110.0


@dataclass(frozen=True)
class Region:
    osm: Path
    dem: Path


def corner() -> tuple[float, float]:
    west, _, _, north = CORNER.box()
    return west, north


def height(x: Floats, y: Floats) -> Floats:
    """Hills of 12 m every 500 m, one way more than the other."""
    rough = 300 + 12 * np.sin(x / 80) * np.cos(y / 95) + 6 * np.sin((x + 2 * y) / 190) + x / 100
    return np.asarray(rough)


def write(folder: Path, off: tuple[float, float] = (0.1, 0.2), *, moved_lon: int = 0) -> Region:
    """Write a town of blocks around a corner of cells.

    Args:
        folder: where to.
        off: how far its middle lies from the corner, in widths of the town.
        moved_lon: so many cells further east.
    """
    lon, lat = corner()
    lon += moved_lon * 360.0 / AROUND
    size = BLOCKS * BLOCK_M
    begin = [(part - 0.5) * size for part in off]
    east = METRES * np.cos(np.radians(lat))
    folder.mkdir(exist_ok=True)
    region = Region(folder / "town.osm.pbf", folder / "town.tif")
    _streets(region.osm, lambda x, y: (lon + (x + begin[0]) / east, lat + (y + begin[1]) / METRES))
    _dem(region.dem, lon + begin[0] / east, lat + (begin[1] + size) / METRES, east, size)
    return region


def _streets(path: Path, lonlat: Callable[[float, float], tuple[float, float]]) -> None:
    import osmium
    from osmium.osm.mutable import Node, Way

    def ref(column: int, row: int) -> int:
        return 1 + column * (BLOCKS + 1) + row

    with osmium.SimpleWriter(str(path)) as out:
        for column in range(BLOCKS + 1):
            for row in range(BLOCKS + 1):
                # No street is quite straight, and no block quite like the next.
                x = column * BLOCK_M + 9 * np.sin(3 * row + column)
                y = row * BLOCK_M + 9 * np.cos(2 * column - row)
                out.add_node(Node(id=ref(column, row), location=lonlat(x, y)))
        for line in range(BLOCKS + 1):
            along = range(BLOCKS + 1)
            for way, refs, name in (
                (1000 + line, [ref(line, row) for row in along], f"{line} Avenue"),
                (2000 + line, [ref(column, line) for column in along], f"{line} Street"),
            ):
                tags = {"highway": "residential", "name": name, "note": "50 %, a = b"}
                out.add_way(Way(id=way, nodes=refs, tags=tags))


def _dem(path: Path, west: float, north: float, east: float, size: float) -> None:
    import rasterio

    cell, over = 10.0, 100.0
    count = int((size + 2 * over) / cell)
    at = (np.arange(count) + 0.5) * cell - over
    x, y = np.meshgrid(at, size - at)
    step = cell / east, cell / METRES
    corner = west - over / east, north + over / METRES
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=count,
        width=count,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=rasterio.Affine(step[0], 0, corner[0], 0, -step[1], corner[1]),
    ) as file:
        file.write(height(x, y).astype("float32"), 1)
