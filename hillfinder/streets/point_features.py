"""Mark gates, crossings and roads closed to feet on the points of a network.

The edges of a network are what may be walked. A runner also meets what may not: a private
driveway, the ramp of a motorway, a gate. Where two streets of the network meet follows from its
junctions (``geometry.crossings``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.model import read_only
from hillfinder.streets.tags.features import GRAVEST, MARK_KINDS

if TYPE_CHECKING:
    from hillfinder.model import Bools, Ints, Strings
    from hillfinder.streets.raw import RawStreets


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Points of a network where a runner meets something: arrays of one shape (k,).

    Attributes:
        point: rows of the network's point arrays, growing. At a junction every edge has its own.
        kind: numbers of ``MARK_KINDS``.
        name: of the road closed to feet, ``None`` where there is no road or no name.
        nodes_known: the source has every mapped gate and crossing. A graph may have lost them.
    """

    point: Ints
    kind: Ints
    name: Strings
    nodes_known: bool

    def among(self, points: Bools) -> Spots:
        """Return those at the chosen points, numbered among these."""
        kept = points[self.point]
        renamed = np.cumsum(points) - 1
        return Spots(
            read_only(renamed[self.point[kept]]),
            read_only(self.kind[kept]),
            read_only(self.name[kept]),
            self.nodes_known,
        )


def mark_points(raw: RawStreets, road: Ints, name: Strings, point_node: Ints) -> Spots:
    """Mark the points of a network.

    Args:
        raw: the ways and tagged nodes of the source.
        road: for each way closed to feet, the number of its kind in ``GRAVEST``.
        name: the name of each way.
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
    number = np.array([MARK_KINDS.index(kind) for kind in GRAVEST], np.int64)
    return Spots(
        read_only(point), read_only(number[worst[node]]), read_only(named[node]), raw.nodes_known
    )
