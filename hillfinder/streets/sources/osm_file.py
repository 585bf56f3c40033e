"""OpenStreetMap files (.osm, .osm.gz, .osm.bz2, .osm.pbf), read with pyosmium."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from struct import unpack_from
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import StreetSource
from hillfinder.streets.builder import build
from hillfinder.streets.raw import RawStreets
from hillfinder.streets.sources import overpass_json
from hillfinder.streets.sources.osm_checks import Deleted, deleted_in
from hillfinder.streets.tags import access_tables
from hillfinder.streets.tags.features import NODE_KEYS, NODE_TAGS, of_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from osmium.io import File
    from osmium.osm import Way

    from hillfinder.model import Box, MarkKind
    from hillfinder.streets.network import StreetNetwork

ENDINGS = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf")
#: Ending of a reply of Overpass that a browser saved; ``near`` reads it, ``scan`` does not.
JSON = ".json"
#: File endings read here, for messages; ``osmnx_graph`` reads .graphml.
ALONE = ", ".join(ENDINGS)
GIVEN = f"{ALONE}, or .graphml for a graph that OSMnx saved"
#: Keys of the ways that are read: walked on, overhead, or areas without hills.
KEYS = ("highway", "railway", "waterway", "man_made", *access_tables.AREA_TAGS)


def read_extract(path: Path | str, bounds: Box | None = None) -> StreetNetwork:
    """Read the streets of an OpenStreetMap file.

    Args:
        path: the file; its ending says the format.
        bounds: west, south, east, north in degrees: only ways whose own box touches this one are
            kept, whole. West greater than east means that the box crosses the antimeridian.

    Raises:
        StreetsError: the file is missing, is not what its ending says, is cut short, or holds
            nothing to walk on there.
    """
    return build(read_ways(Path(path), bounds))


def read_ways(path: Path, bounds: Box | None = None) -> RawStreets:
    """Return the ways of a file before any of them is judged: see ``read_extract``."""
    if path.suffix.lower() == JSON and path.is_file():
        found = _of_reply(overpass_json.read_reply(path))
    else:
        file = opened(path)
        deleted = deleted_in(path)
        try:
            found = _read_file(file, deleted)
        except (RuntimeError, ValueError) as error:
            raise unreadable(path, error) from error
    lines = found.lines(bounds)
    if not lines:
        where = " near the place" if bounds else ""
        msg = f"{path.name} holds no streets{where}: check that the file covers it."
        if found.placeless:
            msg = (
                f"{path.name} does not say where its streets lie: save it with its nodes (end an "
                "Overpass query with: out body; >; out skel;)."
            )
        raise StreetsError(msg)
    return _assemble(lines, StreetSource(path.name, found.date), found.kinds)


def opened(path: Path, given: str = GIVEN) -> File:
    """Open a file for pyosmium; ``given`` names the accepted endings.

    Raises:
        StreetsError: it is missing, or its name does not say what it is.
    """
    if not path.is_file():
        what = f"{path} is a folder" if path.is_dir() else f"There is no file {path}"
        msg = f"{what}: give a file ending in {given}."
        raise StreetsError(msg)
    ending = next((end for end in ENDINGS if path.name.lower().endswith(end)), None)
    if ending is None:
        msg = f"{path.name} does not look like an OpenStreetMap file: give one ending in {given}."
        raise StreetsError(msg)
    import osmium

    return osmium.io.File(str(path), ending[1:])


def unreadable(path: Path, error: Exception) -> StreetsError:
    """Return the error for a file that pyosmium cannot read."""
    return StreetsError(
        f"{path.name} cannot be read as an OpenStreetMap file ({error}): it may be cut short, "
        "empty, or not what its ending says. Fetch it again."
    )


class _Line(NamedTuple):
    """A way: ``points`` alternates longitudes and latitudes, as doubles."""

    refs: list[int]
    tags: dict[str, str]
    points: bytes


@dataclass(frozen=True, slots=True)
class _Contents:
    """The contents of a file.

    Attributes:
        whole: ways by id, all of whose nodes have a place.
        torn: the node ids and tags of the others.
        places: longitude and latitude of the nodes of ``torn`` ways, where known.
        kinds: what the tagged nodes are, by id.
        date: of the data, ISO 8601.
    """

    whole: dict[int, _Line]
    torn: dict[int, tuple[list[int], dict[str, str]]]
    places: dict[int, tuple[float, float]]
    kinds: dict[int, MarkKind]
    date: str | None

    @property
    def placeless(self) -> int:
        """How many ways have no two nodes with a place."""
        return sum(not _way_parts(refs, self.places) for refs, _ in self.torn.values())

    def lines(self, bounds: Box | None) -> list[tuple[int, _Line]]:
        """Return the ways whose box touches ``bounds``, cut at nodes without a place."""
        lines = [
            (way_id, line)
            for way_id, line in self.whole.items()
            if way_id not in self.torn and (bounds is None or _touches(line.points, bounds))
        ]
        for way_id, (refs, tags) in self.torn.items():
            for part in _way_parts(refs, self.places):
                points = np.array([self.places[ref] for ref in part]).tobytes()
                if bounds is None or _touches(points, bounds):
                    lines.append((way_id, _Line(part, tags, points)))
        return lines


def _of_reply(reply: overpass_json.Elements) -> _Contents:
    ways = {one: (refs, tags) for one, (refs, tags) in reply.ways.items() if tags.keys() & {*KEYS}}
    return _Contents({}, ways, reply.places, reply.kinds, reply.date)


def _read_file(file: File, deleted: Deleted) -> _Contents:
    import osmium
    from osmium.geom import WKBFactory, use_nodes
    from osmium.osm import NODE, NOTHING, WAY, Node

    with osmium.io.Reader(file, NOTHING) as reader:
        date = reader.header().get("osmosis_replication_timestamp") or None
    streets, tagged = osmium.filter.KeyFilter(*KEYS), osmium.filter.TagFilter(*NODE_TAGS)
    streets.enable_for(WAY)
    tagged.enable_for(NODE)
    stream = osmium.FileProcessor(file, NODE | WAY).with_locations()
    stream = stream.with_filter(streets).with_filter(tagged)
    wkb = WKBFactory()
    found = _Contents({}, {}, {}, {}, date)
    for way in cast("Iterator[Node | Way]", stream):
        if isinstance(way, Node):
            get = way.tags.get
            kind = of_node(*[get(key) for key in NODE_KEYS])
            if kind is not None and way.id not in deleted.nodes:
                found.kinds[way.id] = kind
            continue
        if len(way.nodes) < 2 or way.id in deleted.ways:
            continue
        try:
            # The whole line in one call, as WKB: 9 bytes of header, then two doubles a node.
            points = bytes.fromhex(wkb.create_linestring(way, use_nodes.ALL))[9:]
        except osmium.InvalidLocationError:
            found.places.update((n.ref, (n.lon, n.lat)) for n in way.nodes if n.location.valid())
            found.torn[way.id] = ([node.ref for node in way.nodes], dict(way.tags))
            continue
        found.whole[way.id] = _Line([node.ref for node in way.nodes], dict(way.tags), points)
    if found.torn:
        _place_elsewhere(file, found)
    return found


def _place_elsewhere(file: File, found: _Contents) -> None:
    """Add the places of nodes that libosmium does not know when it reads the ways.

    Its index has no node with an id below zero, which editors give to new ones: these come first in
    a sorted file. Others may be written after the ways, or inside them.
    """
    import osmium
    from osmium.osm import NODE, WAY, Node

    def unknown() -> set[int]:
        return {ref for refs, _ in found.torn.values() for ref in refs} - found.places.keys()

    below_zero = {ref for ref in unknown() if ref < 0}
    if below_zero:
        for node in cast("Iterator[Node]", osmium.FileProcessor(file, NODE)):
            if node.id in below_zero and node.location.valid():
                found.places[node.id] = (node.lon, node.lat)
                below_zero.discard(node.id)
                if not below_zero:
                    break
    if not unknown():
        return
    nodes = osmium.filter.IdFilter([ref for ref in unknown() if ref >= 0])
    ways = osmium.filter.IdFilter([way_id for way_id in found.torn if way_id >= 0])
    nodes.enable_for(NODE)
    ways.enable_for(WAY)
    stream = osmium.FileProcessor(file, NODE | WAY).with_filter(nodes).with_filter(ways)
    for one in cast("Iterator[Node | Way]", stream):
        if isinstance(one, Node):
            places = [(one.id, one.location)]
        else:
            places = [(node.ref, node.location) for node in one.nodes]
        found.places.update((ref, (at.lon, at.lat)) for ref, at in places if at.valid())


def _way_parts(refs: Iterable[int], found: Mapping[int, object]) -> list[list[int]]:
    """Split a way at the nodes that are missing from the file."""
    parts: list[list[int]] = [[]]
    for ref in refs:
        if ref in found:
            parts[-1].append(ref)
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if len(part) > 1]


def _assemble(
    lines: list[tuple[int, _Line]], source: StreetSource, node_kind: Mapping[int, MarkKind]
) -> RawStreets:
    """Return the ways end to end, ordered by id."""
    lines.sort(key=lambda line: line[0])
    point = np.frombuffer(b"".join(line.points for _, line in lines)).reshape(-1, 2)
    ref = np.array([ref for _, line in lines for ref in line.refs], np.int64)
    node_id, first, way_node = np.unique(ref, return_index=True, return_inverse=True)
    return RawStreets(
        node_id=node_id,
        lon=point[first, 0],
        lat=point[first, 1],
        way_offset=np.concatenate([[0], np.cumsum([len(line.refs) for _, line in lines])]),
        way_node=way_node.astype(np.int64),
        way_ids=[(way_id,) for way_id, _ in lines],
        tags=[line.tags for _, line in lines],
        source=source,
        node_kind=node_kind,
        nodes_known=True,
    )


def _touches(points: bytes, bounds: Box) -> bool:
    """Return whether the bounding box of a line touches another box."""
    west, south, east, north = bounds
    lon, lat = unpack_from("=2d", points)
    if west <= lon <= east and south <= lat <= north:  # true of most ways: spares the slower test
        return True
    lons, lats = np.frombuffer(points).reshape(-1, 2).T
    if lats.min() > north or lats.max() < south:
        return False
    if west <= east:
        return bool(lons.min() <= east and lons.max() >= west)
    return bool(lons.min() <= east or lons.max() >= west)
