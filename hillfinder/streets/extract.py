"""OpenStreetMap files (.osm, .osm.gz, .osm.bz2, .osm.pbf), read with pyosmium."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import StreetSource
from hillfinder.streets import access, network

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hillfinder.model import Floats, Ints

    Bounds = tuple[float, float, float, float]

ENDINGS = (".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf")
#: A way without any of these is neither walked on, nor overhead, nor an area that bars hills.
KEYS = ("highway", "railway", "waterway", "man_made", *access.AREA_TAGS)


def read(path: Path, bounds: Bounds | None = None) -> network.StreetNetwork:
    """Read the streets of an OpenStreetMap file.

    Args:
        path: the file; its ending says the format.
        bounds: west, south, east, north in degrees: only ways with a node inside are kept, whole.
            West greater than east means that the box crosses the antimeridian.

    Raises:
        StreetsError: the file is missing, is not what its ending says, is cut short, or holds
            nothing to walk on there.
    """
    if not path.is_file():
        msg = f"There is no file {path}: give a file with the ending {', '.join(ENDINGS)}."
        raise StreetsError(msg)
    if not path.name.lower().endswith(ENDINGS):
        msg = f"{path.name} does not look like an OpenStreetMap file: {', '.join(ENDINGS)} are."
        raise StreetsError(msg)
    import osmium

    try:
        raw = _read(path, bounds)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        msg = (
            f"{path.name} cannot be read as an OpenStreetMap file ({error}): it may be cut short, "
            "empty, or not what its ending says. Fetch it again."
        )
        raise StreetsError(msg) from error
    if raw is None:
        where = " near the place" if bounds else ""
        msg = f"{path.name} holds no streets{where}: check that the file covers it."
        raise StreetsError(msg)
    return network.build(raw)


def _read(path: Path, bounds: Bounds | None) -> network.RawStreets | None:
    import osmium
    from osmium.geom import WKBFactory, use_nodes
    from osmium.osm import NODE, WAY

    with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
        date = reader.header().get("osmosis_replication_timestamp") or None
    wkb = WKBFactory()
    ways: dict[int, tuple[list[int], dict[str, str], bytes | None]] = {}
    stream = (
        osmium.FileProcessor(str(path), NODE | WAY)
        .with_locations()
        .with_filter(osmium.filter.EntityFilter(WAY))
        .with_filter(osmium.filter.KeyFilter(*KEYS))
    )
    for way in stream:
        if len(way.nodes) < 2:
            continue
        try:
            # The whole line in one call: 20 bytes of hex head, then two doubles a node.
            line = bytes.fromhex(wkb.create_linestring(way, use_nodes.ALL))[9:]
        except osmium.InvalidLocationError:
            line = None
        ways[way.id] = ([node.ref for node in way.nodes], dict(way.tags), line)
    lost = {ref for refs, _, line in ways.values() if line is None for ref in refs}
    found: dict[int, tuple[float, float]] = {}
    if lost:  # pyosmium's index knows no ids below zero (an editor's new nodes)
        for node in osmium.FileProcessor(str(path), NODE):
            if node.id in lost and node.location.valid():
                found[node.id] = (node.lon, node.lat)
    return _assemble(ways, found, bounds, StreetSource(path.name, date))


def _assemble(
    ways: dict[int, tuple[list[int], dict[str, str], bytes | None]],
    found: dict[int, tuple[float, float]],
    bounds: Bounds | None,
    source: StreetSource,
) -> network.RawStreets | None:
    """Lay the ways end to end, in the order of their ids; a way ends where a node is missing."""
    refs: list[int] = []
    lines: list[bytes] = []
    sizes: list[int] = []
    ids: list[tuple[int, ...]] = []
    tags: list[dict[str, str]] = []
    for way_id in sorted(ways):
        way_refs, way_tags, line = ways[way_id]
        for part_refs, part in [(way_refs, line)] if line else _parts(way_refs, found):
            refs += part_refs
            lines.append(part)
            sizes.append(len(part_refs))
            ids.append((way_id,))
            tags.append(way_tags)
    if not sizes:
        return None
    point = np.frombuffer(b"".join(lines)).reshape(-1, 2)
    ref = np.array(refs, np.int64)
    offset = np.concatenate([[0], np.cumsum(sizes)])
    if bounds is not None:
        near = np.logical_or.reduceat(_inside(point[:, 0], point[:, 1], bounds), offset[:-1])
        if not near.any():
            return None
        kept = np.repeat(near, np.diff(offset))
        point, ref = point[kept], ref[kept]
        offset = np.concatenate([[0], np.cumsum(np.diff(offset)[near])])
        ids = [i for i, keep in zip(ids, near, strict=True) if keep]
        tags = [t for t, keep in zip(tags, near, strict=True) if keep]
    node_id, first, way_node = np.unique(ref, return_index=True, return_inverse=True)
    return network.RawStreets(
        node_id=node_id,
        lon=point[first, 0],
        lat=point[first, 1],
        way_offset=offset,
        way_node=way_node.astype(np.int64),
        way_ids=ids,
        tags=tags,
        source=source,
    )


def _parts(
    refs: Iterable[int], found: dict[int, tuple[float, float]]
) -> list[tuple[list[int], bytes]]:
    """Split a way at the nodes that the file does not hold."""
    parts: list[list[int]] = [[]]
    for ref in refs:
        if ref in found:
            parts[-1].append(ref)
        elif parts[-1]:
            parts.append([])
    return [
        (part, np.array([found[ref] for ref in part]).tobytes()) for part in parts if len(part) > 1
    ]


def _inside(lon: Floats, lat: Floats, bounds: Bounds) -> Ints:
    west, south, east, north = bounds
    if west <= east:
        across = (lon >= west) & (lon <= east)
    else:
        across = (lon >= west) | (lon <= east)
    return across & (lat >= south) & (lat <= north)
