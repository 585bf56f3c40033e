"""The hills of a cell as rows: the columns of the dataset, and what each means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hillfinder import climbs as climbing
from hillfinder import ranking
from hillfinder.catalogue import cells
from hillfinder.model import Hill
from hillfinder.output.plain import plain
from hillfinder.streets.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from hillfinder.catalogue.cells import Cell
    from hillfinder.catalogue.kept import About, Joined
    from hillfinder.criteria import Criteria
    from hillfinder.model import Climb, Ints

#: Rows are sorted by where their foot lies on a curve of squares so much finer than cells: 13 m.
FINER: Final = 10
#: What each column means; the names are those of the other formats where these have them.
COLUMNS: Final[Mapping[str, str]] = {
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


def hills(
    cell: Cell, streets: Joined, learnt: Mapping[Cell, About], criteria: Criteria
) -> pa.Table:
    """Return the hills whose foot lies on a street of a cell, in the order of the dataset.

    Args:
        cell: the cell.
        streets: its streets, and those of its neighbours as far as they matter.
        learnt: what is known of every cell of the region.
        criteria: what counts as a hill.
    """
    found = climbing.find(streets.network, criteria, streets.known)
    rows = ranking.order(found)
    rows = rows[streets.cell[found.foot_edge[rows]] == cells.number(cell)]
    ways = [found.legs(row) for row in rows.tolist()]
    tracks = Tracks(streets.network).along(ways)
    names = ranking.Names(streets.network)
    words = ranking.Words(criteria, learnt[cell].heights)
    listed = []
    for row, legs, track in zip(rows.tolist(), ways, tracks, strict=True):
        grade, sigma = float(found.grade[row]), float(found.grade_sigma[row])
        climb = climbing.climb(streets.network, legs, grade, sigma, track)
        hill = Hill(0, names.label(climb), climb, None)
        listed.append(_row(hill, words, streets))
    return table(listed)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows as a table, sorted as the dataset is."""
    import pyarrow as pa
    import shapely

    lines = [row.pop("line") for row in rows]
    columns: dict[str, Any] = {name: [row.get(name) for row in rows] for name in COLUMNS}
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    points = np.concatenate([np.empty((0, 3)), *lines])
    drawn = shapely.linestrings(points, indices=owner) if lines else np.empty(0, object)
    columns["geometry"] = np.asarray(shapely.to_wkb(drawn), object).tolist()
    box = shapely.bounds(drawn).reshape(-1, 4)
    columns["bbox"] = [
        dict(zip(("xmin", "ymin", "xmax", "ymax"), one, strict=True)) for one in box.tolist()
    ]
    made = pa.table(columns, schema=schema())
    foot = np.array([line[0, :2] for line in lines]).reshape(-1, 2)
    top = np.array([line[-1, :2] for line in lines]).reshape(-1, 2)
    return made.take(np.lexsort((*top.T, *foot.T, _along(foot))))


def box(rows: pa.Table) -> list[float] | None:
    """Return west, south, east and north of rows; ``None`` where there are none."""
    import pyarrow.compute as pc

    sides = rows["bbox"].combine_chunks()
    if len(sides) == 0:
        return None
    low = [pc.min(sides.field(side)).as_py() for side in ("xmin", "ymin")]
    return low + [pc.max(sides.field(side)).as_py() for side in ("xmax", "ymax")]


def schema() -> pa.Schema:
    """Return the columns with their types and what they mean."""
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
            for name, meaning in COLUMNS.items()
        ]
    )


def _row(hill: Hill, words: ranking.Words, streets: Joined) -> dict[str, Any]:
    """Return one hill as the dataset holds it."""
    climb: Climb = hill.climb
    tags = climb.tags
    edges = [leg.edge for leg in climb.legs]
    heights = climb.profile.elevation_m
    return {
        "name": plain(hill.name),
        "grade": round(climb.grade, 6),
        "grade_sigma": round(climb.grade_sigma, 6),
        "confidence": hill.confidence,
        "length_m": round(climb.length_m, 3),
        "gain_m": round(climb.gain_m, 3),
        "max_grade": round(climb.max_grade, 6),
        **{key: plain(tags[key]) if key in tags else None for key in ("highway", "surface", "lit")},
        "way_ids": list(climb.way_ids),
        "foot_lat": round(float(climb.lat[0]), 7),
        "foot_lon": round(float(climb.lon[0]), 7),
        "foot_elevation_m": round(float(heights[0]), 3),
        "top_lat": round(float(climb.lat[-1]), 7),
        "top_lon": round(float(climb.lon[-1]), 7),
        "top_elevation_m": round(float(heights[-1]), 3),
        "notes": list(words.notes(hill)),
        "leg_cell": streets.cell[edges].tolist(),
        "leg_edge": streets.row[edges].tolist(),
        "leg_start_m": [float(leg.start_m) for leg in climb.legs],
        "leg_stop_m": [float(leg.stop_m) for leg in climb.legs],
        "line": np.column_stack([climb.lon.round(7), climb.lat.round(7), heights.round(3)]),
    }


def _along(foot: np.ndarray[Any, Any]) -> Ints:
    """Return how far along the curve the feet lie."""
    x, y = cells.positions(foot[:, 0], foot[:, 1])
    finer = 1 << FINER
    column, row = (np.floor(each * finer).astype(np.int64) for each in (x, y))
    return cells.hilbert(column, row, cells.ZOOM + FINER)
