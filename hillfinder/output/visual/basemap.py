"""The streets beneath the hills on a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from hillfinder.earth import METRES_PER_DEGREE
from hillfinder.streets.tags.roads import RoadClass, class_of

if TYPE_CHECKING:
    from hillfinder.model import Bools, Findings, Floats, Ints, Place
    from hillfinder.streets.network import StreetNetwork

StreetKind = Literal["path", "street", "major"]

#: Margin of a printed map around the hills and the ways to them, m.
MARGIN_M: Final = 400.0
#: Margin of the map on a page, m: one can move it, and the way home goes elsewhere.
PAGE_MARGIN_M: Final = 1200.0
#: Most points of streets on a page (1.6 MB): the smallest streets are left out first.
MOST_POINTS: Final = 200_000
#: Tolerance of simplified streets on a page, m: a pixel and a half at the closest zoom.
TRUE_TO_M: Final = 2.0
#: Units of a page in a degree: each is about a metre.
PER_DEGREE: Final = 100_000


class View(NamedTuple):
    """The ends of a map, in degrees."""

    west: float
    south: float
    east: float
    north: float


def unwrapped(lon: Floats, place: Place) -> Floats:
    """Return longitudes that continue from that of a place, across the date line.

    >>> import numpy as np
    >>> from hillfinder.model import Place
    >>> unwrapped(np.array([179.5, -179.5]), Place(0, 179.9)).tolist()
    [179.5, 180.5]
    """
    return np.where(
        lon - place.lon > 180, lon - 360, np.where(lon - place.lon < -180, lon + 360, lon)
    )


def view_of(findings: Findings, margin_m: float = MARGIN_M) -> View:
    """Return the view that holds the place, the hills and the ways to them, with a margin."""
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
    """Return a mask of the edges that have a point in a view around a place, shape (m,)."""
    lon, lat = unwrapped(network.point_lon, place), network.point_lat
    within = (lon >= area.west) & (lon <= area.east) & (lat >= area.south) & (lat <= area.north)
    if not len(network):
        return np.zeros(0, bool)
    return np.asarray(np.logical_or.reduceat(within, network.point_offset[:-1]))


def edges_by_kind(network: StreetNetwork) -> dict[StreetKind, Bools]:
    """Return a mask of the edges of each kind, in the order they are drawn."""
    road = network.ways.said.rated(("highway",), lambda tags: class_of(tags.get("highway")))
    road = road[network.edge_way]
    major = road >= RoadClass.TERTIARY
    street = ~major & ((road >= RoadClass.LIVING_STREET) | (road == RoadClass.PEDESTRIAN))
    return {"path": ~(street | major), "street": street, "major": major}


def packed_streets(findings: Findings, network: StreetNetwork) -> dict[StreetKind, list[list[int]]]:
    """Return the streets near the hills as a page draws them, by kind.

    A line is whole numbers of ``1 / PER_DEGREE`` degrees, latitude first: the first point from
    the place, then each point from the one before it.
    """
    shown = edges_in(network, view_of(findings, PAGE_MARGIN_M), findings.place)
    result: dict[StreetKind, list[list[int]]] = {}
    room = MOST_POINTS
    for kind, mask in reversed(edges_by_kind(network).items()):
        lines = _packed_edges(network, np.flatnonzero(shown & mask), findings)
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
