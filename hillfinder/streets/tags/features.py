"""What lies on the streets, from tags: gates, crossings, lights, and roads that are closed to feet.

The network holds what may be walked. A runner also meets what may not: a private driveway, the
ramp of a motorway, a gate. ``lay`` marks the points of the network where these are, once, for every
source; where two streets of the network meet is plain from its junctions (``marks``).

Sources, pages of the OpenStreetMap wiki: "Key:barrier", "Key:crossing", "Key:railway",
"Tag:highway=crossing", "Tag:highway=traffic signals", "Tag:highway=service".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, get_args

import numpy as np

from hillfinder.model import MarkKind, read_only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.model import Bools, Ints, Strings
    from hillfinder.streets.builder import RawStreets

#: What a number in ``Spots.kind`` stands for.
KINDS: tuple[MarkKind, ...] = get_args(MarkKind)

#: Where several things are at one point, the one that stops a runner most is told.
GRAVEST: tuple[MarkKind, ...] = (
    *("tracks", "gate", "barrier", "signals", "side street", "crossing", "driveway"),
)

#: Tags of nodes, and what they mean for somebody on foot. ``stop`` and ``give_way`` stand where a
#: side street joins, which is told already; kerbs and toll booths stop nobody on foot.
_NODES: Mapping[str, Mapping[str, MarkKind]] = {
    "highway": {"crossing": "crossing", "traffic_signals": "signals"},
    "barrier": {
        **dict.fromkeys(
            (
                *("gate", "lift_gate", "swing_gate", "kissing_gate", "wicket_gate", "sliding_gate"),
                *("hampshire_gate", "bump_gate", "full-height_turnstile", "turnstile"),
            ),
            "gate",
        ),
        **dict.fromkeys(
            (
                *("block", "bollard", "bus_trap", "cable_barrier", "cattle_grid", "chain"),
                *("cycle_barrier", "debris", "fence", "hedge", "horse_stile", "jersey_barrier"),
                *("log", "motorcycle_barrier", "planter", "rope", "stile", "wall", "yes"),
            ),
            "barrier",
        ),
    },
    "crossing": {
        "traffic_signals": "signals",
        "uncontrolled": "crossing",
        "unmarked": "crossing",
        "marked": "crossing",
        "zebra": "crossing",
        "island": "crossing",
    },
    "railway": {
        "level_crossing": "tracks",
        "crossing": "tracks",
        "tram_level_crossing": "tracks",
        "tram_crossing": "tracks",
    },
}
NODE_KEYS: tuple[str, ...] = (*_NODES,)
"""Every tag key of a node that is read."""
NODE_TAGS: tuple[tuple[str, str], ...] = tuple(
    (key, value) for key, values in _NODES.items() for value in values
)
"""Every tag of a node that means something."""

#: Roads that wheels come out of. Of these, ``SERVICE`` are yards, parkings and private houses.
SERVICE = frozenset({"service", "track", "raceway", "busway", "escape"})
ROADS = frozenset(
    {
        *SERVICE,
        *("motorway", "motorway_link", "trunk", "trunk_link", "primary", "primary_link"),
        *("secondary", "secondary_link", "tertiary", "tertiary_link", "unclassified"),
        *("residential", "residential_link", "unclassified_link", "living_street", "road"),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Points of a network at which something lies: arrays of one shape (k,), and one word.

    Attributes:
        point: rows of the network's point arrays, growing. At a junction every edge has its own.
        kind: numbers of ``KINDS``.
        name: of the road closed to feet, ``None`` where it has none or is none.
        nodes_known: the source tells of every gate and crossing it has: where there is none, none
            is mapped. A graph may have lost them.
    """

    point: Ints
    kind: Ints
    name: Strings
    nodes_known: bool

    def among(self, points: Bools) -> Spots:
        """Return those at the points that are kept, numbered as these will be."""
        kept = points[self.point]
        renamed = np.cumsum(points) - 1
        return Spots(
            read_only(renamed[self.point[kept]]),
            read_only(self.kind[kept]),
            read_only(self.name[kept]),
            self.nodes_known,
        )


@cache
def of_node(*values: str | None) -> MarkKind | None:
    """Return what a tagged node is to somebody on foot, the gravest of several.

    Args:
        values: of its tags by ``NODE_KEYS``, in that order. Answers are kept: few values differ.

    >>> NODE_KEYS
    ('highway', 'barrier', 'crossing', 'railway')
    >>> of_node("crossing", None, "traffic_signals", None)
    'signals'
    >>> of_node(None, "kerb", None, None) is None
    True
    """
    found = {_NODES[key].get(value or "") for key, value in zip(NODE_KEYS, values, strict=True)}
    return next((kind for kind in GRAVEST if kind in found), None)


def of_road(tags: Mapping[str, str]) -> MarkKind | None:
    """Return what a road is to somebody who passes its end; ``None`` for what has no wheels.

    >>> of_road({"highway": "service", "service": "alley"}), of_road({"highway": "residential"})
    ('side street', 'side street')
    >>> of_road({"highway": "service", "access": "private"}), of_road({"highway": "footway"})
    ('driveway', None)
    """
    highway = tags.get("highway", "")
    if highway not in ROADS:
        return None
    if highway in SERVICE and tags.get("service") != "alley":
        return "driveway"
    return "side street"


def lay(raw: RawStreets, road: Ints, name: Strings, point_node: Ints) -> Spots:
    """Mark the points of a network.

    Args:
        raw: the ways and tagged nodes of the source.
        road: for each way the number of ``GRAVEST`` that its end is, if it may not be walked on.
        name: its name.
        point_node: shape (p,), for each point of the network the row of its node in ``raw``.
    """
    worst = np.full(len(raw.node_id), len(GRAVEST))
    named = np.full(len(raw.node_id), None, object)
    way = np.repeat(
        np.where(road < len(GRAVEST), np.arange(len(road)), -1), np.diff(raw.way_offset)
    )
    node, way = raw.way_node[way >= 0], way[way >= 0]
    np.minimum.at(worst, node, road[way])
    has = (name[way] != np.array(None)) & (name[way] != "")
    named[node[has]] = name[way[has]]  # of several the last
    if raw.node_kind:
        ids = np.array([*raw.node_kind], np.int64)
        rank = {kind: place for place, kind in enumerate(GRAVEST)}
        ranks = np.array([rank[kind] for kind in raw.node_kind.values()], np.int64)
        rows = np.minimum(np.searchsorted(raw.node_id, ids), len(raw.node_id) - 1)
        there = raw.node_id[rows] == ids
        rows = rows[there]
        worst[rows] = np.minimum(worst[rows], ranks[there])
    point = np.flatnonzero(worst[point_node] < len(GRAVEST))
    node = point_node[point]
    number = np.array([KINDS.index(kind) for kind in GRAVEST], np.int64)
    return Spots(
        read_only(point), read_only(number[worst[node]]), read_only(named[node]), raw.nodes_known
    )
