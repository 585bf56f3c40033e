"""The fixed squares in which a region is scanned, whatever the tiles and workers.

A cell is a square of the Web Mercator projection: 2,048 go around the earth, and one is 13.8 km
wide at 45 degrees and 9.8 km at 60. Coordinates alone decide which cell a street or hill belongs
to, and no result of a cell depends on which other cells there are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from hillfinder.earth import EQUATOR_M, web_mercator
from hillfinder.streets.network import local_crs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hillfinder.model import Box, Floats, Ints

#: Halvings of the earth's circumference. Cells of twice the width take four times the memory; with
#: half the width, half of everything is read twice.
ZOOM = 11
AROUND = 1 << ZOOM
#: Greatest latitude of Web Mercator's squares, degrees.
FARTHEST_LAT = 85.0511

_Whole = TypeVar("_Whole", int, "Ints")


class Cell(NamedTuple):
    """A square: columns from the antimeridian eastwards, rows from the north."""

    x: int
    y: int

    @property
    def name(self) -> str:
        """Name of its files, which sort in the order of ``along_the_curve``."""
        return f"{along_the_curve(self):07d}-{self.x}-{self.y}"

    @property
    def middle(self) -> tuple[float, float]:
        """Longitude and latitude of its middle, degrees."""
        lon, lat = degrees(np.array([self.x + 0.5]), np.array([self.y + 0.5]))
        return float(lon[0]), float(lat[0])

    @property
    def crs(self) -> str:
        """A projection in metres about its middle."""
        return local_crs(*self.middle)

    @property
    def width_m(self) -> float:
        """Its width on the ground along its middle, m."""
        return EQUATOR_M / AROUND * math.cos(math.radians(self.middle[1]))

    def box(self, margin_m: float = 0.0) -> Box:
        """Return west, south, east and north with a margin; beyond 180 across the antimeridian."""
        margin = margin_m / self.width_m
        ends = np.array([-margin, 1 + margin])
        lon, lat = degrees(self.x + ends, self.y + ends)
        return float(lon[0]), float(lat[1]), float(lon[1]), float(lat[0])

    def neighbours(self, within_m: float) -> list[Cell]:
        """Return the other cells within a distance, in a fixed order."""
        reach = math.ceil(within_m / self.width_m * 1.01)  # rows to the north are narrower
        return sorted(
            {
                Cell((self.x + dx) % AROUND, self.y + dy)
                for dx in range(-reach, reach + 1)
                for dy in range(-reach, reach + 1)
                if 0 <= self.y + dy < AROUND
            }
            - {self},
            key=along_the_curve,
        )


def grid_positions(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return points in units of a cell's width: whole numbers are borders.

    >>> x, y = grid_positions(np.array([-180.0, 0.0]), np.array([0.0, 0.0]))
    >>> x.tolist(), y.tolist()
    ([0.0, 1024.0], [1024.0, 1024.0])
    """
    x, y = web_mercator(lon, np.clip(lat, -FARTHEST_LAT, FARTHEST_LAT))
    return x * AROUND, y * AROUND


def degrees(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return longitude and latitude of grid_positions."""
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y / AROUND))))
    return x / AROUND * 360.0 - 180.0, lat


def numbers(lon: Floats, lat: Floats) -> Ints:
    """Return the number of the cell of each point; ``of_number`` gives the cell."""
    x, y = (np.floor(part).astype(np.int64) for part in grid_positions(lon, lat))
    return np.asarray(np.clip(y, 0, AROUND - 1) * AROUND + x % AROUND)


def number(cell: Cell) -> int:
    """Return the number of a cell."""
    return cell.y * AROUND + cell.x


def of_number(number: int) -> Cell:
    """Return the cell of a number.

    >>> of_number(number(Cell(5, 7)))
    Cell(x=5, y=7)
    """
    return Cell(number % AROUND, number // AROUND)


def along_the_curve(cell: Cell) -> int:
    """Return the position of a cell on Hilbert's curve: near on the curve is near on the map."""
    return hilbert(cell.x, cell.y, ZOOM)


def hilbert(x: _Whole, y: _Whole, halvings: int) -> _Whole:
    """Return the positions on Hilbert's curve of one or many squares, of 2^halvings a side.

    After Hilbert (1891), "Ueber die stetige Abbildung einer Linie auf ein Flaechenstueck".

    >>> hilbert(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 0]), 1).tolist()
    [0, 1, 2, 3]
    """
    position = 0 * x
    for halving in reversed(range(halvings)):
        right, up = x >> halving & 1, y >> halving & 1
        position = position << 2 | (3 * right ^ up)
        turned = (right & ~up) * ((1 << halving) - 1)
        x, y = x ^ turned, y ^ turned
        swapped = (x ^ y) * (1 - up)
        x, y = x ^ swapped, y ^ swapped
    return position


def sort(cells: Iterable[Cell]) -> list[Cell]:
    """Return cells in the order of the curve."""
    return sorted(cells, key=along_the_curve)
