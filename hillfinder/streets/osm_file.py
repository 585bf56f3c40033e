"""OpenStreetMap files (.osm, .osm.gz, .osm.bz2, .osm.pbf), read with pyosmium."""

from __future__ import annotations

from pathlib import Path
from struct import unpack_from
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import StreetSource
from hillfinder.streets.builder import build
from hillfinder.streets.raw import RawStreets
from hillfinder.streets.tags import access_tables
from hillfinder.streets.tags.features import NODE_KEYS, NODE_TAGS, of_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from osmium.io import File
    from osmium.osm import Way

    from hillfinder.model import MarkKind
    from hillfinder.streets.network import StreetNetwork

    Bounds = tuple[float, float, float, float]

ENDINGS = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf")
#: What else may be given where streets are asked for is read elsewhere (``graph``).
ALONE = ", ".join(ENDINGS)
GIVEN = f"{ALONE}, or .graphml for a graph that OSMnx saved"
#: A way without any of these is neither walked on, nor overhead, nor an area that bars hills.
KEYS = ("highway", "railway", "waterway", "man_made", *access_tables.AREA_TAGS)


def read(path: Path | str, bounds: Bounds | None = None) -> StreetNetwork:
    """Read the streets of an OpenStreetMap file.

    Args:
        path: the file; its ending says the format.
        bounds: west, south, east, north in degrees: only ways whose own box touches this one are
            kept, whole. West greater than east means that the box crosses the antimeridian.

    Raises:
        StreetsError: the file is missing, is not what its ending says, is cut short, or holds
            nothing to walk on there.
    """
    path = Path(path)
    file = opened(path)
    try:
        raw = _read(file, path.name, bounds)
    except (RuntimeError, ValueError) as error:
        raise unreadable(path, error) from error
    if raw is None:
        where = " near the place" if bounds else ""
        msg = f"{path.name} holds no streets{where}: check that the file covers it."
        raise StreetsError(msg)
    return build(raw)


def opened(path: Path, given: str = GIVEN) -> File:
    """Return a file as pyosmium takes it; ``given`` says what else will do.

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
    """Return what is said of a file that pyosmium cannot read."""
    return StreetsError(
        f"{path.name} cannot be read as an OpenStreetMap file ({error}): it may be cut short, "
        "empty, or not what its ending says. Fetch it again."
    )


class _Line(NamedTuple):
    """A way: ``points`` are its longitudes and latitudes in turn, as doubles."""

    refs: list[int]
    tags: dict[str, str]
    points: bytes


def _read(file: File, name: str, bounds: Bounds | None) -> RawStreets | None:
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
    whole: dict[int, _Line] = {}
    torn: dict[int, tuple[list[int], dict[str, str]]] = {}
    found: dict[int, tuple[float, float]] = {}
    kinds: dict[int, MarkKind] = {}
    for way in cast("Iterator[Node | Way]", stream):
        if isinstance(way, Node):
            get = way.tags.get
            kind = of_node(*[get(key) for key in NODE_KEYS])
            if kind is not None:
                kinds[way.id] = kind
            continue
        if len(way.nodes) < 2:
            continue
        try:
            # The whole line in one call: 9 bytes of head, then two doubles a node.
            points = bytes.fromhex(wkb.create_linestring(way, use_nodes.ALL))[9:]
        except osmium.InvalidLocationError:
            found |= {n.ref: (n.lon, n.lat) for n in way.nodes if n.location.valid()}
            torn[way.id] = ([node.ref for node in way.nodes], dict(way.tags))
            continue
        if bounds is None or _touches(points, bounds):
            whole[way.id] = _Line([node.ref for node in way.nodes], dict(way.tags), points)
    found |= below_zero(file, {ref for refs, _ in torn.values() for ref in refs if ref < 0})
    lines = [(way_id, line) for way_id, line in whole.items() if way_id not in torn]
    for way_id, (refs, tags) in torn.items():
        for part in _parts(refs, found):
            points = np.array([found[ref] for ref in part]).tobytes()
            if bounds is None or _touches(points, bounds):
                lines.append((way_id, _Line(part, tags, points)))
    return _assemble(lines, StreetSource(name, date), kinds) if lines else None


def below_zero(file: File, wanted: set[int]) -> dict[int, tuple[float, float]]:
    """Return where nodes are whose ids are below zero: pyosmium's own index knows none of those.

    An editor gives such ids to new nodes. They come first in a file that is sorted.
    """
    import osmium
    from osmium.osm import NODE, Node

    found: dict[int, tuple[float, float]] = {}
    if wanted:
        for node in cast("Iterator[Node]", osmium.FileProcessor(file, NODE)):
            if node.id in wanted and node.location.valid():
                found[node.id] = (node.lon, node.lat)
                if len(found) == len(wanted):
                    break
    return found


def _parts(refs: Iterable[int], found: Mapping[int, object]) -> list[list[int]]:
    """Split a way at the nodes that the file does not hold."""
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
    """Lay the ways end to end, in the order of their ids."""
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


def _touches(points: bytes, bounds: Bounds) -> bool:
    """Tell whether the box around a line touches another box."""
    west, south, east, north = bounds
    lon, lat = unpack_from("=2d", points)
    if west <= lon <= east and south <= lat <= north:  # mostly so, and the rest is slower
        return True
    lons, lats = np.frombuffer(points).reshape(-1, 2).T
    if lats.min() > north or lats.max() < south:
        return False
    if west <= east:
        return bool(lons.min() <= east and lons.max() >= west)
    return bool(lons.min() <= east or lons.max() >= west)
