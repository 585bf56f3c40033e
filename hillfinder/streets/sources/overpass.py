"""Download streets from Overpass with OSMnx."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from hillfinder.errors import DataError, StreetsError
from hillfinder.model import StreetSource
from hillfinder.services import osmnx_session
from hillfinder.services.service import GRID_DEG, Probe, Service
from hillfinder.streets.tags.features import NODE_KEYS
from hillfinder.streets.tags.table import FILTERS, READ_TAGS

if TYPE_CHECKING:
    from types import ModuleType

    import networkx as nx

    from hillfinder.model import Box, Place
    from hillfinder.services.client import Web

OVERPASS = Service(
    name="Overpass",
    gives="the streets of this area are",
    instead="give a street file (--osm FILE)",
    address="https://overpass-api.de/api,https://overpass.private.coffee/api",
    variable="HILLFINDER_OVERPASS_URL",
    probe=Probe(lambda address: f"{address}/status", (b"Connected as",)),
    pause_s=30.0,
    apart_s=0.0,
    ending="/interpreter",  # OSMnx adds it
)
#: Tags asked of ways. ``oneway`` is about wheels, and its value -1 makes OSMnx turn the way round
#: but not its incline.
WAY_TAGS = tuple(sorted({*READ_TAGS} - {"oneway"}))
#: Limits of UTM, in which OSMnx cuts out areas, degrees of latitude. OpenStreetMap has no street
#: beyond.
SOUTHMOST = -80.0
NORTHMOST = 84.0
#: Largest radius to ask Overpass for, m: beyond it an extract is faster.
LARGEST_RADIUS_M = 25_000.0


def pull(place: Place, radius_m: float, web: Web) -> nx.MultiDiGraph[int]:
    """Return the ways around a place, with everything that bears on them.

    The graph is OSMnx's, unsimplified: one edge between each two neighbouring nodes of a way, drawn
    in the direction of the way and only in that one, with ``osmid``, ``length`` in metres, and
    those of ``WAY_TAGS`` that the way has. Beside streets and paths it holds roads closed to people
    on foot, bridges of railways and canals, and outlines of areas that bar hills. Ways are cut one
    node beyond the area, outlines too; relations are not asked for.

    Args:
        place: the middle.
        radius_m: the graph contains everything within this distance, and up to two kilometres
            more: the area is widened to a grid, so that the place itself is not sent.
        web: the door to the network.

    Raises:
        StreetsError: nothing is mapped there, or the area is too large to ask for.
        ServiceError: Overpass cannot be reached, refuses, or sends an invalid reply.
        OfflineError: the streets are not cached, and the network is off.
    """
    import networkx as nx

    dates: set[str] = set()

    def check(data: bytes) -> None:
        dates.add(_reply_date(data))

    graphs = []
    for area in areas(grid_box(place, radius_m)):
        # OSMnx raises ValueError where there are no elements at all, or none inside the area.
        with suppress(ValueError):
            ask = partial(_ask_osmnx, area)
            graphs.append(
                osmnx_session.run(
                    web, ask, service=OVERPASS, check=check, tags=WAY_TAGS, node_tags=NODE_KEYS
                )
            )
    if not graphs:
        msg = (
            f"OpenStreetMap has no streets within {radius_m / 1000:.1f} km of {_place_name(place)}."
        )
        raise StreetsError(msg)
    graph = nx.compose_all(graphs)
    graph.graph["date"] = min(dates)
    return graph


def source(graph: nx.MultiDiGraph[int] | None = None) -> StreetSource:
    """Return whom to credit, with the date of the data if ``graph`` is one of ``pull``."""
    date = graph.graph.get("date") if graph is not None else None
    return StreetSource("OpenStreetMap by way of Overpass", date or None)


def grid_box(place: Place, radius_m: float) -> Box:
    """Return west, south, east and north, in degrees, of the area to ask for.

    It is the grid cell of the place, widened by whole cells to cover the radius: it does not tell
    where in the cell the place is. It may reach across the antimeridian, beyond 180 degrees.

    >>> from hillfinder.model import Place
    >>> grid_box(Place(45.4993, -122.6974), 1000)
    (-122.72, 45.48, -122.67, 45.51)

    Raises:
        StreetsError: too near a pole, or too large.
    """
    if not 0 < radius_m <= LARGEST_RADIUS_M:
        msg = (
            f"Streets within {radius_m / 1000:.1f} km are more than Overpass should be asked for "
            f"({LARGEST_RADIUS_M / 1000:g} km at most): shorten the warm-up, or "
            f"{OVERPASS.instead}."
        )
        raise StreetsError(msg)
    # The shortest degree of latitude is at the equator.
    south, north = _widened(place.lat, radius_m / 110_574.0)
    if south < SOUTHMOST or north > NORTHMOST:
        msg = (
            f"{_place_name(place)} is too near a pole: there is no street map beyond "
            f"{-SOUTHMOST:g} degrees south and {NORTHMOST:g} north."
        )
        raise StreetsError(msg)
    west, east = _widened(place.lon, radius_m / _degree_m(south, north))
    return west, south, east, north


def areas(whole: Box) -> list[Box]:
    """Return the boxes to ask for: two at the antimeridian.

    The last 600 m before the antimeridian are left out: OSMnx looks 500 m beyond a box, and asks
    for nonsense when that is across.

    >>> areas((-122.72, 45.49, -122.68, 45.51))
    [(-122.72, 45.49, -122.68, 45.51)]
    >>> [(round(west, 4), round(east, 4)) for west, _, east, _ in areas((179.99, 0, 180.01, 0.01))]
    [(179.99, 179.9946), (-179.9946, -179.99)]
    """
    west, south, east, north = whole
    last = 180.0 - 600.0 / _degree_m(south, north)
    sides = ((west, east), (west + 360.0, east + 360.0), (west - 360.0, east - 360.0))
    clipped = [(max(west, -last), min(east, last)) for west, east in sides]
    return [(west, south, east, north) for west, east in clipped if west < east]


def _ask_osmnx(area: Box, osmnx: ModuleType) -> nx.MultiDiGraph[int]:
    graph = osmnx.graph_from_bbox(
        area, simplify=False, retain_all=True, truncate_by_edge=True, custom_filter=list(FILTERS)
    )
    return cast("nx.MultiDiGraph[int]", graph)


def _place_name(place: Place) -> str:
    return place.name or f"{place.lat:g},{place.lon:g}"


def _widened(at: float, by: float) -> tuple[float, float]:
    """Return the ends of the grid's cell around ``at``, widened by whole cells."""
    steps = round(1 / GRID_DEG)
    cell, more = math.floor(at * steps), math.ceil(by * steps)
    return (cell - more) / steps, (cell + 1 + more) / steps


def _degree_m(south: float, north: float) -> float:
    """Return the shortest degree of longitude between two latitudes, in metres."""
    return 111_320.0 * math.cos(math.radians(max(abs(south), abs(north))))


def _reply_date(data: bytes) -> str:
    """Check that a reply is whole, and return the date of its data, or nothing.

    Raises:
        DataError: it is not JSON, reports an error, or has ways without their nodes. (Overpass
            says "out of time" or "out of memory" in a remark, after half the reply, status 200.)
    """
    try:
        reply = json.loads(data)
        if "remark" in reply:
            msg = f"a remark: {reply['remark']}"
            raise DataError(msg)
        nodes = {
            element["id"]
            for element in reply["elements"]
            if element["type"] == "node"
            and -90 <= element["lat"] <= 90
            and -180 <= element["lon"] <= 180
        }
        whole = all(
            nodes.issuperset(element["nodes"])
            for element in reply["elements"]
            if element["type"] == "way"
        )
        date = str(reply.get("osm3s", {}).get("timestamp_osm_base", ""))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        msg = "not the JSON that Overpass sends"
        raise DataError(msg) from error
    if not whole:
        msg = "ways without their nodes"
        raise DataError(msg)
    return date
