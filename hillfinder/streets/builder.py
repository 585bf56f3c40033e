"""Build a network from the ways of any source.

A source hands over ``RawStreets``: ways as sequences of nodes, with their tags. ``build`` asks
``tags`` what each way is for, cuts the ways at junctions, projects them, and returns a
``StreetNetwork``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import read_only
from hillfinder.streets.network import (
    Lines,
    StreetNetwork,
    Ways,
    in_use,
    local_crs,
    project,
    ragged,
    spacing,
)
from hillfinder.streets.point_features import mark_points
from hillfinder.streets.tags.table import Ids, Tags

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.raw import RawStreets


def build(raw: RawStreets, crs: str | None = None, border: Bools | None = None) -> StreetNetwork:
    """Build the network of ``raw``: decide what each way is for, cut at junctions, project.

    A node is a junction unless exactly two segments meet there and both belong to one way. That
    does not depend on how a source orders its ways, so every source gives the same edges.

    Args:
        raw: the ways.
        crs: the projection; ``None``: one centred on ``raw``.
        border: shape (n,), further nodes where edges end.

    Raises:
        StreetsError: there is nothing a person on foot may use.
    """
    tags = Tags.gathered(raw.tags)
    judged = tags.judged()
    rows, sequence, offset = _walkable(raw, judged.walk)
    if len(rows) == 0:
        msg = (
            f"{raw.source.name} holds no street or path that a person on foot may use: "
            "check that it covers the place."
        )
        raise StreetsError(msg)
    crs = crs or local_crs(*_centre(raw.lon, raw.lat))
    x_m, y_m = project(raw.lon, raw.lat, crs)
    cut = _cuts(sequence, offset, len(raw.node_id))
    if border is not None:
        cut |= border[sequence]
    start, stop, edge_row = _edge_spans(cut, offset)
    point, point_offset = ragged(start, stop + 1)
    point_node = sequence[point]
    px, py = x_m[point_node], y_m[point_node]
    step = spacing(px, py)
    step[point_offset[1:-1] - 1] = 0.0
    along = np.concatenate([[0.0], np.cumsum(step)])
    used, u, v = in_use(sequence[start], sequence[stop], len(raw.node_id))
    barred = _barred_by_areas(raw, judged.bars, x_m, y_m, Lines(point_offset, px, py))
    barred &= ~judged.opened[rows][edge_row]
    # A way that is barred for a part becomes two rows: the rest of it may be a hill.
    kinds, edge_row = np.unique(2 * edge_row + barred, return_inverse=True)
    rows, barred = rows[kinds // 2], kinds % 2 == 1
    return StreetNetwork(
        node_id=read_only(raw.node_id[used]),
        node_lon=read_only(raw.lon[used]),
        node_lat=read_only(raw.lat[used]),
        node_x_m=read_only(x_m[used]),
        node_y_m=read_only(y_m[used]),
        edge_u=u,
        edge_v=v,
        edge_way=read_only(edge_row.astype(np.int64)),
        edge_length_m=read_only(along[point_offset[1:] - 1] - along[point_offset[:-1]]),
        point_offset=read_only(point_offset),
        point_lon=read_only(raw.lon[point_node]),
        point_lat=read_only(raw.lat[point_node]),
        point_x_m=read_only(px),
        point_y_m=read_only(py),
        ways=Ways(
            ids=Ids.gathered(raw.way_ids).among(rows),
            hill=read_only(judged.hill[rows] & ~barred),
            steps=read_only(judged.steps[rows]),
            structure=read_only(judged.structure[rows]),
            said=tags.among(rows),
        ),
        decks=_decks(raw, judged.deck, x_m, y_m),
        spots=mark_points(raw, judged.road, tags.column("name"), point_node),
        crs=crs,
        source=raw.source,
    )


def _centre(lon: Floats, lat: Floats) -> tuple[float, float]:
    """Return the centre of the bounding box of points."""
    west, east = float(lon.min()), float(lon.max())
    if east - west > 180:  # the antimeridian runs through it
        wrapped = np.where(lon < 0, lon + 360, lon)
        west, east = float(wrapped.min()), float(wrapped.max())
    return (west + east) / 2, (float(lat.min()) + float(lat.max())) / 2


def _walkable(raw: RawStreets, walk: Bools) -> tuple[Ints, Ints, Ints]:
    """Return the rows of walkable ways, their node sequences end to end, and the offsets.

    Repeated nodes are dropped. A closed way is turned to begin at its lowest junction, else at its
    lowest node: where the mapper began means nothing.
    """
    rows = np.flatnonzero(walk)
    index, offset = ragged(raw.way_offset[rows], raw.way_offset[rows + 1])
    sequence = raw.way_node[index]
    way = np.repeat(np.arange(len(rows)), np.diff(offset))
    fresh = np.ones(len(sequence), bool)
    fresh[1:] = (sequence[1:] != sequence[:-1]) | (way[1:] != way[:-1])
    sequence, way = sequence[fresh], way[fresh]
    size = np.bincount(way, minlength=len(rows))
    long_enough = size > 1
    kept = long_enough[way]
    rows, sequence, size = rows[long_enough], sequence[kept], size[long_enough]
    offset = np.concatenate([[0], np.cumsum(size)])
    junction = _junctions(sequence, offset, len(raw.node_id))
    for ring in np.flatnonzero(sequence[offset[:-1]] == sequence[offset[1:] - 1]):
        nodes = sequence[offset[ring] : offset[ring + 1] - 1]
        met = nodes[junction[nodes]]
        at = int(np.argmax(nodes == (met if len(met) else nodes).min()))
        sequence[offset[ring] : offset[ring + 1]] = np.append(nodes[at:], nodes[: at + 1])
    return rows, sequence, offset


def _junctions(sequence: Ints, offset: Ints, nodes: int) -> Bools:
    """Return for each node whether edges must end there.

    Two ways that meet end to end also make two segments at a node: ``_cuts`` ends edges there.
    """
    inner = np.ones(len(sequence), bool)
    inner[offset[1:] - 1] = False
    begin = np.flatnonzero(inner)
    touched = np.concatenate([sequence[begin], sequence[begin + 1]])
    return np.asarray(np.bincount(touched, minlength=nodes) != 2)


def _cuts(sequence: Ints, offset: Ints, nodes: int) -> Bools:
    """Return for each place of ``sequence`` whether an edge begins or ends there."""
    cut = _junctions(sequence, offset, nodes)[sequence]
    cut[offset[:-1]] = cut[offset[1:] - 1] = True
    return cut


def _edge_spans(cut: Bools, offset: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the first and last place of each edge in the sequence, and its way's row."""
    at = np.flatnonzero(cut)
    way = np.repeat(np.arange(len(offset) - 1), np.diff(offset))[at]
    same = way[1:] == way[:-1]
    return at[:-1][same], at[1:][same], way[:-1][same]


def _decks(raw: RawStreets, deck: Bools, x_m: Floats, y_m: Floats) -> Lines:
    """Return the bridges, walkable or not."""
    rows = np.flatnonzero(deck)
    index, offset = ragged(raw.way_offset[rows], raw.way_offset[rows + 1])
    node = raw.way_node[index]
    return Lines(read_only(offset), read_only(x_m[node]), read_only(y_m[node]))


def _barred_by_areas(raw: RawStreets, bars: Bools, x_m: Floats, y_m: Floats, edges: Lines) -> Bools:
    """Return for each edge whether half of it or more lies in an area without hills.

    A golf course, a runway, a military area.
    """
    areas = []
    for row in np.flatnonzero(bars).tolist():
        ring = raw.way_node[raw.way_offset[row] : raw.way_offset[row + 1]]
        if len(ring) > 3 and ring[0] == ring[-1]:
            areas.append(np.column_stack([x_m[ring], y_m[ring]]))
    barred = np.zeros(len(edges.offset) - 1, bool)
    if areas:
        import shapely

        owner = np.repeat(np.arange(len(barred)), np.diff(edges.offset))
        points = np.column_stack([edges.x_m, edges.y_m])
        line = np.asarray(shapely.linestrings(points, indices=owner))
        area = shapely.make_valid(np.array([shapely.Polygon(ring) for ring in areas]))
        where, met = shapely.STRtree(line).query(area, predicate="intersects")
        inside = shapely.length(shapely.intersection(line[met], area[where]))
        barred[met[inside >= shapely.length(line[met]) / 2]] = True
    return barred
