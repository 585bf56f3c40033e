"""The hills of a catalogue near a place, with the streets around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.climb_table import ClimbTable
from hillfinder.errors import DataError, InputError, PlaceError
from hillfinder.model import Leg
from hillfinder.region.store import cell_streets, cells, checked_files, dataset
from hillfinder.region.store.cells import Cell
from hillfinder.streets.storage import area_cache
from hillfinder.streets.subsets import touching

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from hillfinder.criteria import Criteria
    from hillfinder.model import Box, HeightSource, Place

#: Tolerance for the rounding of grades in a catalogue.
ROUNDED = 1e-6
#: Columns that are read of each hill; the rest is made from the streets.
NEEDED = (
    *("grade", "grade_sigma", "length_m", "gain_m", "foot_lat", "foot_lon", "top_lat", "top_lon"),
    *("leg_cell", "leg_edge", "leg_start_m", "leg_stop_m"),
)


@dataclass(frozen=True, slots=True, eq=False)
class CatalogueClimbs(ClimbTable):
    """Hills of a catalogue on a network, best first.

    Attributes:
        heights: source of the heights at the place.
        legs: the parts of edges that each runs along.
    """

    heights: HeightSource
    legs: tuple[tuple[Leg, ...], ...]

    def legs_of(self, row: int) -> tuple[Leg, ...]:
        """Return the parts of edges that one hill runs along, foot first."""
        return self.legs[row]


def look_up(folder: Path, place: Place, radius_m: float, criteria: Criteria) -> CatalogueClimbs:
    """Return the hills of a catalogue within ``radius_m`` metres of a place.

    Raises:
        DataError: it is no catalogue, or damaged.
        InputError: it holds hills of other lengths, or only steeper ones, or the session is long.
        PlaceError: it does not cover the place.
    """
    _check(dataset.read_metadata(folder), criteria, folder)
    bounds = area_cache.box_around(place, radius_m)
    streets, heights = _streets_near(folder, place, bounds)
    rows = dataset.hills_in_box(folder, bounds, NEEDED)
    low, high = criteria.grade_range
    grade = rows["grade"].to_numpy()
    rows = rows.filter((grade >= low - ROUNDED) & (grade <= high + ROUNDED))
    order = np.lexsort(
        (
            *(rows[name].to_numpy() for name in ("top_lat", "top_lon", "foot_lat", "foot_lon")),
            -rows["gain_m"].to_numpy(),
            -rows["grade"].to_numpy(),
        )
    )
    return _on_network(rows.take(order), streets, heights)


def _check(metadata: dataset.Metadata, criteria: Criteria, folder: Path) -> None:
    if criteria.kind.turns:
        msg = (
            f"{folder} holds hills that are run up without a turn: for a long session give streets "
            "and heights."
        )
        raise InputError(msg)
    (shortest, longest), least = metadata.length_m, metadata.grades[0]
    if criteria.length_range_m != metadata.length_m:
        msg = (
            f"{folder} holds hills of {shortest:g} to {longest:g} m: ask for these "
            f"(--length {shortest:g}-{longest:g}), or scan the region for others."
        )
        raise InputError(msg)
    if criteria.grade_range[0] < least:
        msg = (
            f"{folder} holds hills of {100 * least:g} % and more: ask for these, or scan the "
            "region for others."
        )
        raise InputError(msg)


def _streets_near(
    folder: Path, place: Place, bounds: Box
) -> tuple[cell_streets.JoinedStreets, HeightSource]:
    """Return the streets that touch a box, and the source of the heights at the place."""
    facts, streets = {}, {}
    for cell in _cells_in(bounds):
        path = cell_streets.streets_path(folder, cell)
        if not path.exists():
            continue
        found = cell_streets.read_streets(path)
        if found is None:
            read = checked_files.read_checked(path)
            if read is None or read[0]["edges"]:
                raise _unreadable(path)
            continue
        some = found.only(touching(found.network, bounds))
        if some is not None:
            streets[cell] = some
    if not streets:
        msg = f"{folder} holds no streets near {place.lat:g}, {place.lon:g}: it lies elsewhere."
        raise PlaceError(msg)
    near = {each for cell in streets for each in (cell, *cell.neighbours(1.0))}
    for cell in near:
        path = cell_streets.streets_path(folder, cell)
        try:
            header = checked_files.header_of(path) if path.exists() else {"edges": 0}
            if header["edges"]:
                facts[cell] = cell_streets.CellFacts.from_json(header)
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(path) from error
    here = min(streets, key=lambda cell: _cells_away(cell, place))
    return cell_streets.join_cells(streets, facts, here.crs), facts[here].heights


def _unreadable(path: Path) -> DataError:
    return DataError(
        f"{path} is damaged, or made by another version of hillfinder: scan the region again "
        "with --no-resume."
    )


def _cells_in(bounds: Box) -> list[Cell]:
    """Return the cells that a box touches."""
    west, south, east, north = bounds
    x, y = cells.grid_positions(np.array([west, east]), np.array([north, south]))
    (left, right), (top, bottom) = np.floor(x).astype(int), np.floor(y).astype(int)
    columns = range(left, left + (right - left) % cells.AROUND + 1)
    return [
        Cell(column % cells.AROUND, row) for column in columns for row in range(top, bottom + 1)
    ]


def _cells_away(cell: Cell, place: Place) -> float:
    x, y = cells.grid_positions(np.array([place.lon]), np.array([place.lat]))
    return float(abs(x[0] - cell.x - 0.5) + abs(y[0] - cell.y - 0.5))


def _on_network(
    rows: pa.Table, streets: cell_streets.JoinedStreets, heights: HeightSource
) -> CatalogueClimbs:
    """Return rows as hills of a network, without those that leave it."""
    size = np.array([len(row) for row in rows["leg_cell"]], np.int64)
    cell, edge, start, stop = (
        rows[name].combine_chunks().flatten().to_numpy()
        for name in ("leg_cell", "leg_edge", "leg_start_m", "leg_stop_m")
    )
    known = streets.cell.astype(np.int64) << 32 | streets.row
    order = np.argsort(known)
    wanted = cell.astype(np.int64) << 32 | edge
    at = order[np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)]
    there = known[at] == wanted
    first = np.cumsum(size) - size
    whole = np.logical_and.reduceat(there, first) if len(first) else np.empty(0, bool)
    legs = list(map(Leg, at.tolist(), start.tolist(), stop.tolist()))
    chosen = np.flatnonzero(whole)
    begin, end = first[chosen], (first + size)[chosen]
    return CatalogueClimbs(
        network=streets.network,
        heights=heights,
        foot_edge=at[begin],
        foot_offset_m=start[begin],
        length_m=rows["length_m"].to_numpy()[chosen],
        grade=rows["grade"].to_numpy()[chosen],
        grade_sigma=rows["grade_sigma"].to_numpy()[chosen],
        legs=tuple(
            tuple(legs[one:other]) for one, other in zip(begin.tolist(), end.tolist(), strict=True)
        ),
    )
