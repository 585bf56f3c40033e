"""Portland's hills by name: those that are there, and those that only a careless search finds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import osmium

from hillfinder.model import StreetSource
from hillfinder.streets.builder import build
from hillfinder.streets.raw import RawStreets
from tests.accuracy.hills import listed
from tests.accuracy.readings import METHODS, Reading, read
from tests.towns import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from osmium.osm import Way

    from hillfinder.streets.network import StreetNetwork
    from tests.accuracy.portland import Portland
    from tests.accuracy.sheet import Sheet

    Tags = Mapping[str, str]

FIRST = 100
PLAUSIBLE = (
    ("SW College Street", 5543310),
    ("SW Bancroft Street", 68867700),
    ("SW Abernethy Street", 5542152),
    ("SW Mill Street Terrace", 5535626),
    ("SW Sherwood Place", 5520071),
    ("SW Lane Street", 5523617),
    ("SW Myrtle Drive", 5536398),
    ("SW 18th Avenue", 5535393),
    ("SW Gale Avenue", 5541728),
    ("SW 17th Avenue", 5522161),
    ("NW Lovejoy Street", 27593162),
    ("SW 16th Avenue", 5537748),
    ("SW Caruthers Street", 5529494),
)


def _named(name: str) -> Callable[[Tags], bool]:
    return lambda tags: tags.get("name", "").startswith(name) and _spans(tags)


def _spans(tags: Tags) -> bool:
    return any(tags.get(key, "no") != "no" for key in ("bridge", "tunnel"))


FALSE: tuple[tuple[str, Callable[[Tags], bool]], ...] = (
    ("Vista Ridge Tunnel", _named("Vista Ridge Tunnel")),
    ("SW Vista Avenue, its bridge", _named("Southwest Vista Avenue")),
    ("OHSU/VA Skybridge", _named("OHSU/VA Skybridge")),
    ("Ross Island Bridge", _named("Ross Island Bridge")),
    ("Fremont Bridge", _named("Fremont Bridge")),
    ("Marquam Bridge", _named("Marquam Bridge")),
    ("Broadway Bridge", _named("Broadway Bridge")),
    ("Steel Bridge", _named("Steel Bridge")),
    ("SW Elevator Street Walk", lambda tags: "Elevator Street" in tags.get("name", "")),
    ("any bridge or tunnel", _spans),
    ("any stairs", lambda tags: tags["highway"] == "steps"),
    ("any motorway or ramp", lambda tags: "_link" in tags["highway"] or "motor" in tags["highway"]),
    (
        "any service road with access=no",
        lambda tags: tags["highway"] == "service" and tags.get("access") == "no",
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class _All:
    """Every way with a highway tag, taken for a street."""

    network: StreetNetwork
    tags: dict[int, Tags]


def section(sheet: Sheet, city: Portland) -> None:
    """Add the rank of each named hill among the first 100 rows, on the 10 m model."""
    every = _every_way()
    careless = read(every.network, city.model)
    readings = {
        method: city.clean if method == "ours" else _trusting(careless) for method in METHODS
    }
    ways = {m: listed(reading, m, FIRST).way_ids for m, reading in readings.items()}
    sheet.title(
        "5. Portland's hills by name, among the first 100 rows",
        "On the clean 10 m model. The other methods take every way with a highway tag for a street "
        "on the ground.",
    )
    sheet.table(
        ("there: its row", *METHODS),
        [[name, *(_rank(ways[m], {way_id}) for m in METHODS)] for name, way_id in PLAUSIBLE],
    )
    rows = []
    for name, is_false in FALSE:
        ids = {way_id for way_id, tags in every.tags.items() if is_false(tags)}
        rows.append([name, *(str(sum(bool(ids & set(w)) for w in ways[m])) for m in METHODS)])
    sheet.table(("false: how many rows", *METHODS), rows)
    false = sum(int(row[-1]) for row in rows)
    sheet.target("False hills among Portland's first 100 rows", "none", str(false), met=false == 0)


def _rank(rows: Sequence[tuple[int, ...]], ids: set[int]) -> str:
    return next((str(rank) for rank, row in enumerate(rows, 1) if ids & set(row)), "-")


def _trusting(reading: Reading) -> Reading:
    """Return a reading that takes every height for the street's."""
    good = ~np.isnan(reading.line["bilinear"])
    return replace(reading, profiles=replace(reading.profiles, trusted=good))


def _every_way() -> _All:
    path = DATA / "portland" / "portland-central-filtered.osm.pbf"
    stream = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations()
    stream = stream.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
    stream = stream.with_filter(osmium.filter.KeyFilter("highway"))
    place: dict[int, tuple[float, float]] = {}
    lines: list[list[int]] = []
    tags: dict[int, Tags] = {}
    for way in cast("Iterator[Way]", stream):
        nodes = [node for node in way.nodes if node.location.valid()]
        if len(nodes) < 2:
            continue
        place |= {node.ref: (node.lon, node.lat) for node in nodes}
        lines.append([node.ref for node in nodes])
        tags[way.id] = dict(way.tags)
    node_id = np.array(sorted(place), np.int64)
    lon, lat = np.array([place[node] for node in node_id.tolist()]).T
    size = [len(line) for line in lines]
    network = build(
        RawStreets(
            node_id=node_id,
            lon=lon.copy(),
            lat=lat.copy(),
            way_offset=np.concatenate([[0], np.cumsum(size)]),
            way_node=np.searchsorted(node_id, np.concatenate(lines)),
            way_ids=[(way_id,) for way_id in tags],
            tags=[
                {"highway": "residential"} | ({"name": t["name"]} if "name" in t else {})
                for t in tags.values()
            ],
            source=StreetSource(path.name),
        )
    )
    return _All(network, tags)
