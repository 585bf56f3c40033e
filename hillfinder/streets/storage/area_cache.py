"""Cache areas on disk: streets and the heights along them, built once, read in milliseconds.

An area is cached with the origin of its streets, the box it covers and the time of download. It
serves every search that stays inside that box. It is dropped when it is damaged, or when the code
that built it has changed.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.earth import METRES_PER_DEGREE
from hillfinder.errors import InputError, PlaceError, StreetsError
from hillfinder.model import HeightSource
from hillfinder.services.service import without_password
from hillfinder.streets.network import StreetNetwork
from hillfinder.streets.storage.serialization import pack_network, unpack_network
from hillfinder.streets.subsets import take, touching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    import networkx as nx

    from hillfinder.model import Box, Place
    from hillfinder.services.client import Web
    from hillfinder.services.disk_cache import Entry

    Streets: TypeAlias = Path | str | nx.MultiDiGraph | StreetNetwork

_log = logging.getLogger(__name__)
#: Margin of an area around the radius of the search, m: a start one street away needs no other.
NEIGHBOURS_M = 400.0
#: Age of an area from which its age is reported, days. Streets change by about 1 % a year.
OLD_DAYS = 90.0
#: Code that decides what is in an area, as files and folders of the package.
BUILDERS = ("earth.py", "units.py", "model", "streets", "elevation")
NO_HEIGHTS = HeightSource("none", "unknown", 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """The streets inside a box.

    Attributes:
        network: the streets, with profiles where heights were read.
        box: west, south, east, north in degrees, ``None`` for the whole source. Across the
            antimeridian west is greater than east, or one of them is beyond 180.
        fetched: when the streets were read from their source, in seconds since 1970.
        heights: where the profiles come from.
        lasting: another run would get the same, so it may be cached.
    """

    network: StreetNetwork
    box: Box | None
    fetched: float
    heights: HeightSource = NO_HEIGHTS
    lasting: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """An area to find in the cache, and how to build it if it is missing.

    Attributes:
        origin: a text that names the source and its state; ``None`` is never cached.
        bounds: the box it must cover.
        make: builds it.
        ages: its source changes, so its age matters.
    """

    origin: str | None
    bounds: Box | None
    make: Callable[[], Area]
    ages: bool = False


def from_given(given: Streets | None, place: Place, radius_m: float, web: Web) -> Wanted:
    """Want the streets that a caller gives, or those of Overpass.

    Args:
        given: a file, a graph or a network; ``None`` asks Overpass.
        place: the middle of what is read of a file or asked for.
        radius_m: how far that reaches.
        web: the network.

    Raises:
        InputError: it cannot hold streets.
        PlaceError, StreetsError: as ``from_overpass`` and ``from_file``.
    """
    if given is None:
        return from_overpass(place, radius_m, web)
    if isinstance(given, Path | str):
        return from_file(Path(given), place, radius_m)
    if not isinstance(given, StreetNetwork):
        import networkx as nx

        from hillfinder.streets.sources import osmnx_graph

        if not isinstance(given, nx.Graph):
            msg = (
                f"{given!r} are no streets: give the path of an OpenStreetMap file or of a saved "
                "OSMnx graph, such a graph, or a StreetNetwork."
            )
            raise InputError(msg)

        given = osmnx_graph.from_networkx(given)
    area = Area(given, None, time.time())
    return Wanted(None, None, lambda: area)


def from_overpass(place: Place, radius_m: float, web: Web) -> Wanted:
    """Want the streets within ``radius_m`` metres of a place, from Overpass.

    Raises:
        PlaceError, StreetsError: the place is too near a pole, or the radius too large.
    """
    from hillfinder.streets.sources import osmnx_graph, overpass

    box = overpass.grid_box(place, radius_m + NEIGHBOURS_M)

    def make() -> Area:
        pulled = overpass.pull(place, radius_m + NEIGHBOURS_M, web)
        network = osmnx_graph.from_networkx(pulled, overpass.source(pulled), nodes_known=True)
        return Area(network, box, time.time())

    servers = ", ".join(map(without_password, web.urls(overpass.OVERPASS)))
    return Wanted(f"Overpass {servers}", box_around(place, radius_m), make, ages=True)


def from_file(path: Path, place: Place, radius_m: float) -> Wanted:
    """Want the streets within ``radius_m`` metres of a place, from a file; all of a GraphML.

    Raises:
        PlaceError: the place is too near a pole.
    """

    def make() -> Area:
        if whole:
            from hillfinder.streets.sources import osmnx_graph

            return Area(osmnx_graph.read_graphml(path), None, time.time())
        from hillfinder.streets.sources import osm_file

        box = box_around(place, radius_m + NEIGHBOURS_M)
        return Area(osm_file.read_extract(path, box), box, time.time())

    whole = path.suffix.lower() == ".graphml"
    bounds = None if whole else box_around(place, radius_m)
    try:
        state = path.stat()
    except OSError:  # the reader reports it
        return Wanted(None, bounds, make)
    origin = f"{path.resolve()} of {state.st_size} bytes, changed at {state.st_mtime_ns}"
    return Wanted(origin, bounds, make)


def get(wanted: Wanted, web: Web) -> Area:
    """Return an area that covers what is wanted: from the cache, or built and cached."""
    if wanted.origin is None:
        return wanted.make()
    for entry in _candidates(wanted, web):
        found = web.cache.read(entry.name)
        area = None if found is None else _unpacked_area(found[1], entry.about)
        if area is not None:
            days = (time.time() - _source_date(area)) / 86_400.0
            _log.info("%d streets from the cache, %.0f days old", len(area.network), days)
            if wanted.ages and days > OLD_DAYS:
                web.progress.say(
                    f"The streets of this area are {days:.0f} days old: --refresh downloads them "
                    "again."
                )
            return area
        web.cache.drop(entry.name)
    begun = time.monotonic()
    area = wanted.make()
    took_s = time.monotonic() - begun
    _log.info("streets not in the cache: built %d in %.2f s", len(area.network), took_s)
    if area.lasting:
        name = sha256(f"{wanted.origin} {area.box}".encode()).hexdigest()
        about = {
            "of": wanted.origin,
            "code": code_checksum(),
            "box": area.box,
            "fetched": area.fetched,
            "heights": asdict(area.heights),
        }
        web.cache.write(f"areas/{name}.streets", pack_network(area.network), about)
    return area


def box_around(place: Place, radius_m: float) -> Box:
    """Return west, south, east, north; west is greater than east across the antimeridian.

    >>> from hillfinder.model import Place
    >>> [round(side, 3) for side in box_around(Place(60.0, 180.0), 11_119.5)]
    [179.799, 59.9, -179.799, 60.1]

    Raises:
        PlaceError: a pole is within the radius.
    """
    north = radius_m / METRES_PER_DEGREE
    if abs(place.lat) + north >= 90:
        msg = (
            f"Latitude {place.lat:g} lies within {radius_m / 1000:.0f} km of a pole: no street is "
            "mapped there."
        )
        raise PlaceError(msg)
    east = min(180.0, north / math.cos(math.radians(abs(place.lat) + north)))
    west, east = ((lon + 180.0) % 360.0 - 180.0 for lon in (place.lon - east, place.lon + east))
    return west, place.lat - north, east, place.lat + north


def cut_to_box(network: StreetNetwork, bounds: Box | None) -> StreetNetwork:
    """Return the ways whose own box touches ``bounds``, whole, as the reader of a file does.

    A search then sees the same streets, whichever area serves it.

    Raises:
        StreetsError: no way does.
    """
    if bounds is None:
        return network
    edges = touching(network, bounds)
    ways = np.zeros(len(network.ways.ids), bool)
    ways[network.edge_way[edges]] = True
    edges = ways[network.edge_way]
    if not edges.any():
        msg = f"{network.source.name} holds no streets near the place: check that it covers it."
        raise StreetsError(msg)
    return take(network, edges)


def _source_date(area: Area) -> float:
    """Return the date of the streets, in seconds since 1970.

    An area rebuilt from cached replies is as old as they are.
    """
    try:
        return datetime.fromisoformat(area.network.source.date or "").timestamp()
    except ValueError:
        return area.fetched


def _candidates(wanted: Wanted, web: Web) -> Iterator[Entry]:
    """Yield the areas that will do, newest first; drop those of other code."""
    told = False
    entries = web.cache.entries("areas")
    for entry in sorted(entries, key=lambda entry: -float(entry.about.get("fetched", 0.0))):
        if entry.about.get("of") != wanted.origin:
            continue
        if entry.about.get("code") != code_checksum():
            web.cache.drop(entry.name)
            if not told:
                web.progress.say("The streets cached by another version are built again.")
            told = True
        elif entry.about["fetched"] >= web.fresh_from and _covers(entry.about["box"], wanted):
            yield entry


def _covers(box: Box | None, wanted: Wanted) -> bool:
    if box is None or wanted.bounds is None:
        return box is None
    west, south, east, north = wanted.bounds
    begin, width = (west - box[0]) % 360.0, (east - west) % 360.0
    return box[1] <= south and north <= box[3] and begin + width <= (box[2] - box[0]) % 360.0


@cache
def code_checksum(*also: str) -> str:
    """Return the checksum of the code that builds streets and profiles.

    The arrays hold its decisions, so a change to it means building them again.

    Args:
        also: further files and folders of the package that a result depends on.
    """
    digest = sha256()
    for each in (*BUILDERS, *also):
        at = Path(__file__).parents[2] / each
        for path in sorted(at.rglob("*.py")) if at.is_dir() else [at]:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _unpacked_area(packed: bytes, about: Mapping[str, Any]) -> Area | None:
    """Return an area, or ``None`` if it is damaged."""
    network = unpack_network(packed)
    try:
        heights = HeightSource(**about["heights"])
        box = None if about["box"] is None else tuple(about["box"])
        fetched = float(about["fetched"])
    except (KeyError, TypeError, ValueError):
        return None
    return None if network is None else Area(network, box, fetched, heights)
