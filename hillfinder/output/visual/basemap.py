"""The streets beneath what was found: what a picture of the hills is laid on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from hillfinder.earth import METRES_PER_DEGREE
from hillfinder.streets.tags.roads import RoadClass, class_of

if TYPE_CHECKING:
    from hillfinder.model import Bools, Findings, Floats, Ints, Place
    from hillfinder.streets.network import StreetNetwork

StreetKind = Literal["path", "street", "major"]

#: So far about the hills and the ways to them streets are drawn, in metres.
MARGIN_M: Final = 400.0
#: On a page one moves about, and the way home goes elsewhere.
PAGE_MARGIN_M: Final = 1200.0
#: A page draws so many points of streets at most: 1.6 MB. The smallest streets go first.
MOST_POINTS: Final = 200_000
#: A page draws streets so truly, in metres: a pixel and a half when it is seen close.
TRUE_TO_M: Final = 2.0
#: Parts of a degree in which a page counts: about a metre.
PER_DEGREE: Final = 100_000


class View(NamedTuple):
    """A piece of the earth, in degrees."""

    west: float
    south: float
    east: float
    north: float


def unwrapped(lon: Floats, place: Place) -> Floats:
    """Return longitudes as they go on from those of a place, across the date line.

    >>> import numpy as np
    >>> from hillfinder.model import Place
    >>> unwrapped(np.array([179.5, -179.5]), Place(0, 179.9)).tolist()
    [179.5, 180.5]
    """
    return np.where(
        lon - place.lon > 180, lon - 360, np.where(lon - place.lon < -180, lon + 360, lon)
    )


def view_of(findings: Findings, margin_m: float = MARGIN_M) -> View:
    """Return what holds the place, the hills and the ways to them, and some more."""
    lines = [
        line for hill in findings.hills for line in (hill.climb, hill.approach) if line is not None
    ]
    place = findings.place
    lon = np.concatenate([[place.lon], *(unwrapped(line.lon, place) for line in lines)])
    lat = np.concatenate([[place.lat], *(line.lat for line in lines)])
    up = margin_m / METRES_PER_DEGREE
    out = up / max(float(np.cos(np.radians(place.lat))), 0.01)
    return View(
        float(lon.min()) - out, float(lat.min()) - up, float(lon.max()) + out, float(lat.max()) + up
    )


def edges_in(network: StreetNetwork, area: View, place: Place) -> Bools:
    """Return which edges have a point in a view around a place, shape (m,)."""
    lon, lat = unwrapped(network.point_lon, place), network.point_lat
    within = (lon >= area.west) & (lon <= area.east) & (lat >= area.south) & (lat <= area.north)
    if not len(network):
        return np.zeros(0, bool)
    return np.asarray(np.logical_or.reduceat(within, network.point_offset[:-1]))


def edges_by_kind(network: StreetNetwork) -> dict[StreetKind, Bools]:
    """Return which edges are of each kind, those to be drawn first first."""
    road = network.ways.said.rated(("highway",), lambda tags: class_of(tags.get("highway")))
    road = road[network.edge_way]
    major = road >= RoadClass.TERTIARY
    street = ~major & ((road >= RoadClass.LIVING_STREET) | (road == RoadClass.PEDESTRIAN))
    return {"path": ~(street | major), "street": street, "major": major}


def packed_streets(findings: Findings, network: StreetNetwork) -> dict[StreetKind, list[list[int]]]:
    """Return the streets near the hills as a page draws them, by kind.

    A line is whole numbers, latitude first: the first point's distance from the place, then each
    point's from the one before it, in parts of a degree (``PER_DEGREE``).
    """
    shown = edges_in(network, view_of(findings, PAGE_MARGIN_M), findings.place)
    result: dict[StreetKind, list[list[int]]] = {}
    room = MOST_POINTS
    for kind, those in reversed(edges_by_kind(network).items()):
        lines = _packed_edges(network, np.flatnonzero(shown & those), findings)
        sizes = np.cumsum([len(line) // 2 for line in lines])
        kept = int(np.searchsorted(sizes, room, side="right"))
        room -= int(sizes[kept - 1]) if kept else 0
        result[kind] = lines[:kept]
    return dict(reversed(result.items()))


def packed_line(lon: Floats, lat: Floats, findings: Findings) -> list[int]:
    """Return one line as ``packed_streets`` returns many."""
    return _packed_lines(lon, lat, np.zeros(len(lon), np.int64), findings)[0] if len(lon) else []


def _packed_edges(network: StreetNetwork, edges: Ints, findings: Findings) -> list[list[int]]:
    """Return the lines of edges, the nearest to the place first."""
    if not len(edges):
        return []
    size = np.diff(network.point_offset)[edges]
    line = np.repeat(np.arange(len(edges)), size)
    start = np.cumsum(size) - size
    at = np.repeat(network.point_offset[edges] - start, size) + np.arange(len(line))
    return _packed_lines(network.point_lon[at], network.point_lat[at], line, findings)


def _packed_lines(lon: Floats, lat: Floats, line: Ints, findings: Findings) -> list[list[int]]:
    import shapely

    place = findings.place
    narrow = max(float(np.cos(np.radians(place.lat))), 0.01)
    where = np.column_stack([unwrapped(lon, place) * narrow, lat])
    drawn = np.asarray(shapely.linestrings(where, indices=line))
    lines = np.asarray(shapely.simplify(drawn, TRUE_TO_M / METRES_PER_DEGREE))
    away = shapely.distance(lines, shapely.Point(place.lon * narrow, place.lat))
    points, line = shapely.get_coordinates(
        lines[np.argsort(away, kind="stable")], return_index=True
    )
    whole = _whole_units(points[:, 1], points[:, 0] / narrow)
    first = np.flatnonzero(np.diff(line, prepend=-1))
    steps = np.diff(whole, axis=0, prepend=whole[:1])
    steps[first] = whole[first] - _whole_units(place.lat, place.lon)
    return [piece.ravel().tolist() for piece in np.split(steps, first[1:])]


def _whole_units(lat: Floats | float, lon: Floats | float) -> Ints:
    whole: Ints = np.rint(np.column_stack([lat, lon]) * PER_DEGREE).astype(np.int64)
    return whole
