"""The hills of a cell as rows: the columns of the dataset and their meaning."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hillfinder.climbs import naming, ranking, search
from hillfinder.climbs.notes import Notes
from hillfinder.elevation.climb_table import inclines, joined_values, tilted
from hillfinder.model import confidence
from hillfinder.output.text.sanitize import plain
from hillfinder.region.store import cells
from hillfinder.streets.geometry.polylines import along, steepest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from hillfinder.criteria import Criteria
    from hillfinder.model import Floats, Ints
    from hillfinder.region.store.cell_streets import CellFacts, JoinedStreets
    from hillfinder.region.store.cells import Cell
    from hillfinder.streets.geometry.polylines import Legs
    from hillfinder.streets.network import StreetNetwork

#: Halvings of a cell to the squares of the curve that rows are sorted along: 13 m.
FINER: Final = 10
#: Meaning of each column; the names are those of the other formats where these have them.
CATALOGUE_COLUMNS: Final[Mapping[str, str]] = {
    "name": "what a person would call the hill",
    "grade": "mean grade from foot to top that can be claimed, as a ratio",
    "grade_sigma": "standard deviation of grade, as a ratio",
    "confidence": "high, medium or low: how far the grade can be trusted",
    "length_m": "length along the line, in metres of the ground plan",
    "gain_m": "rise from foot to top, in metres",
    "max_grade": "greatest grade of 30 m, as a ratio",
    "highway": "OpenStreetMap tag; several values are joined by ;",
    "surface": "OpenStreetMap tag, null where unknown",
    "lit": "OpenStreetMap tag, null where unknown",
    "way_ids": "OpenStreetMap ways, foot first",
    "foot_lat": "latitude of the foot, WGS 84 degrees",
    "foot_lon": "longitude of the foot",
    "foot_elevation_m": "height of the foot, in metres",
    "top_lat": "latitude of the top, WGS 84 degrees",
    "top_lon": "longitude of the top",
    "top_elevation_m": "height of the top, in metres",
    "notes": "plain words about the hill, most important first",
    "leg_cell": "for each piece of a street that the hill runs along, the cell that keeps it",
    "leg_edge": "its row among the streets of that cell",
    "leg_start_m": "where the hill comes upon it, in metres along it",
    "leg_stop_m": "where the hill leaves it",
    "bbox": "box around the line: xmin, ymin, xmax, ymax in degrees",
    "geometry": "the line foot first, with heights: WKB of a LineString Z, longitude first",
}


def hills_of_cell(
    cell: Cell, streets: JoinedStreets, facts: Mapping[Cell, CellFacts], criteria: Criteria
) -> pa.Table:
    """Return the hills whose foot lies on a street of a cell, in the order of the dataset.

    Args:
        cell: the cell.
        streets: its streets, and those of its neighbours within the margin.
        facts: those of every cell of the region.
        criteria: what counts as a hill.
    """
    found = search.find(streets.network, criteria, streets.known)
    rows = ranking.order(found)
    rows = rows[streets.cell[found.foot_edge[rows]] == cells.number(cell)]
    if len(rows) == 0:
        return schema().empty_table()
    notes = Notes(criteria, facts[cell].heights)
    return _as_rows(found, rows, streets, notes)


def _as_rows(found: search.Climbs, rows: Ints, streets: JoinedStreets, notes: Notes) -> pa.Table:
    """Return one or more of the climbs as rows of the dataset."""
    import pyarrow as pa
    import shapely

    network = streets.network
    legs = found.legs(rows)
    lines, offset = along(network, legs)
    lines = tilted(lines, offset, found.grade[rows])
    foot, top = offset[:-1], offset[1:] - 1
    length, gain = lines.distance_m[top], lines.elevation_m[top] - lines.elevation_m[foot]
    grade, sigma, steep = gain / length, found.grade_sigma[rows], steepest(lines, offset)
    incline = inclines(network, legs)
    figures = [each.tolist() for each in (length, grade, steep, incline)]
    confidences = list(map(confidence, figures[1], sigma.tolist(), *figures[2:]))
    noted = list(map(notes.of_figures, zip(*figures, strict=True), confidences))
    names = naming.Names(network).labels(legs, figures[0])
    lon, lat, height = lines.lon.round(7), lines.lat.round(7), lines.elevation_m.round(3)
    line = np.repeat(np.arange(len(rows)), np.diff(offset))
    drawn = shapely.linestrings(np.column_stack([lon, lat, height]), indices=line)
    box = [least.reduceat(at, foot) for least in (np.minimum, np.maximum) for at in (lon, lat)]
    columns = {
        "name": list(map(plain, names)),
        "grade": grade.round(6),
        "grade_sigma": sigma.round(6),
        "confidence": confidences,
        "length_m": length.round(3),
        "gain_m": gain.round(3),
        "max_grade": steep.round(6),
        **{key: _tag_values(network, legs, key) for key in ("highway", "surface", "lit")},
        "way_ids": _ids_of_ways(network, legs),
        "foot_lat": lat[foot],
        "foot_lon": lon[foot],
        "foot_elevation_m": height[foot],
        "top_lat": lat[top],
        "top_lon": lon[top],
        "top_elevation_m": height[top],
        "notes": noted,
        "leg_cell": _lists(legs.offset, streets.cell[legs.edge]),
        "leg_edge": _lists(legs.offset, streets.row[legs.edge]),
        "leg_start_m": _lists(legs.offset, legs.start_m),
        "leg_stop_m": _lists(legs.offset, legs.stop_m),
        "bbox": pa.StructArray.from_arrays(box, fields=list(schema().field("bbox").type)),
        "geometry": shapely.to_wkb(drawn, flavor="iso"),
    }
    made = pa.table(columns, schema=schema())
    curve = _curve_order(np.column_stack([lon[foot], lat[foot]]))
    order = np.lexsort((lon[top], lat[top], lon[foot], lat[foot], curve))
    return made.take(order)


def bounding_box(rows: pa.Table) -> list[float] | None:
    """Return west, south, east and north of rows; ``None`` without rows."""
    import pyarrow.compute as pc

    sides = rows["bbox"].combine_chunks()
    if len(sides) == 0:
        return None
    low = [pc.min(sides.field(side)).as_py() for side in ("xmin", "ymin")]
    return low + [pc.max(sides.field(side)).as_py() for side in ("xmax", "ymax")]


def schema() -> pa.Schema:
    """Return the columns with their types and meaning."""
    import pyarrow as pa

    number, text = pa.float64(), pa.string()
    box = pa.struct([(side, number) for side in ("xmin", "ymin", "xmax", "ymax")])
    kinds = {
        **dict.fromkeys(("name", "confidence", "highway", "surface", "lit"), text),
        "way_ids": pa.list_(pa.int64()),
        "notes": pa.list_(text),
        "leg_cell": pa.list_(pa.int32()),
        "leg_edge": pa.list_(pa.int32()),
        "leg_start_m": pa.list_(number),
        "leg_stop_m": pa.list_(number),
        "bbox": box,
        "geometry": pa.binary(),
    }
    return pa.schema(
        [
            pa.field(name, kinds.get(name, number), metadata={"description": meaning})
            for name, meaning in CATALOGUE_COLUMNS.items()
        ]
    )


def _lists(offset: Ints, values: Ints | Floats) -> pa.Array:
    """Return values as one list for each row."""
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array(offset, pa.int32()), pa.array(values))


def _tag_values(network: StreetNetwork, legs: Legs, key: str) -> list[str | None]:
    """Return the values of a tag along each hill as text."""
    values = network.ways.column(key)[network.edge_way[legs.edge]].tolist()
    return [_shown(tuple(values[i:j])) for i, j in pairwise(legs.offset.tolist())]


@lru_cache(maxsize=1 << 10)
def _shown(values: tuple[str | None, ...]) -> str | None:
    some = [value for value in values if value is not None]
    return plain(joined_values(some)) if some else None


def _ids_of_ways(network: StreetNetwork, legs: Legs) -> list[list[int]]:
    """Return the OpenStreetMap ways along each hill, each once."""
    ids = network.ways.ids.among(network.edge_way[legs.edge])
    bounds = np.concatenate([[0], np.cumsum(ids.size)])[legs.offset]
    every = ids.every.tolist()
    return [list(dict.fromkeys(every[i:j])) for i, j in pairwise(bounds.tolist())]


def _curve_order(foot: np.ndarray[Any, Any]) -> Ints:
    """Return the positions of the feet on the curve."""
    x, y = cells.grid_positions(foot[:, 0], foot[:, 1])
    finer = 1 << FINER
    column, row = (np.floor(each * finer).astype(np.int64) for each in (x, y))
    return cells.hilbert(column, row, cells.ZOOM + FINER)
