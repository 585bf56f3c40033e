"""What a hill is called: its street with the streets it runs between, or the nearest to a path."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.streets.geometry.polylines import Legs, drawn, nearest_on_pieces
from hillfinder.streets.tags.roads import RoadClass, class_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hillfinder.model import Climb, Floats, Ints
    from hillfinder.streets.network import StreetNetwork

#: Greatest distance of a cross street from the foot or the top that names the hill, m.
CROSS_STREET_M = 150.0
#: Greatest distance of a street from an unnamed path that is called after it, m.
NEIGHBOUR_M = 250.0
#: Length from which a climb is called after several streets that it follows, m.
LONG_M = 1000.0
#: Number of those streets.
LONG_NAMES = 3
#: What an unnamed way is called, by its class.
PATH_KINDS = {
    RoadClass.FOOTWAY: "Footpath",
    RoadClass.PATH: "Path",
    RoadClass.TRACK: "Track",
    RoadClass.CYCLEWAY: "Cycle path",
    RoadClass.BRIDLEWAY: "Bridleway",
    RoadClass.PEDESTRIAN: "Pedestrian street",
    RoadClass.LIVING_STREET: "Street",
    RoadClass.RESIDENTIAL: "Street",
}


class _Way(NamedTuple):
    """What a hill is named after.

    Attributes:
        names, kinds, metres: of each piece of an edge that it runs along.
        met: the junctions along it, from below its foot to beyond its top: where each lies, and
            the names of the streets that meet there.
        foot, top: where these lie: projected, east and north as one complex number.
    """

    names: list[str]
    kinds: list[str]
    metres: list[float]
    met: list[tuple[complex, set[str]]]
    foot: complex
    top: complex


class Names:
    """What the hills of a network are called."""

    def __init__(self, network: StreetNetwork) -> None:
        """Look up once what every edge is called."""
        self._network = network
        self._name, self._highway = (network.edge_tag(key) for key in ("name", "highway"))

    def label(self, climb: Climb) -> str:
        """Return what a person would call the hill.

        A street is called by its name and the streets it runs between; an unnamed path by what it
        is and the street it leads off, or the one nearest to it.
        """
        (label,) = self.labels(Legs.of([climb.legs]), [climb.length_m])
        return label

    def labels(self, legs: Legs, length_m: Iterable[float]) -> list[str]:
        """Return what a person would call each of many hills, given their legs and lengths."""
        network = self._network
        edge, first, last = legs.edge, legs.offset[:-1], legs.offset[1:] - 1
        names, kinds = (
            [word or "" for word in column[edge].tolist()] for column in (self._name, self._highway)
        )
        metres = np.abs(legs.stop_m - legs.start_m).tolist()
        ends = network.edge_u[edge], network.edge_v[edge]
        begun, reached = np.where(legs.stop_m < legs.start_m, ends[::-1], ends)
        nodes = np.unique([begun, reached])
        met = self._met(nodes)
        spots = network.node_x_m[nodes] + 1j * network.node_y_m[nodes]
        place = dict(zip(nodes.tolist(), spots.tolist(), strict=True))
        begun, reached = begun.tolist(), reached.tolist()
        feet = self._spots(edge[first], legs.start_m[first])
        tops = self._spots(edge[last], legs.stop_m[last])
        ways = (
            _Way(
                names[i:j],
                kinds[i:j],
                metres[i:j],
                [(place[node], met[node]) for node in (begun[i], *reached[i:j])],
                foot,
                top,
            )
            for (i, j), foot, top in zip(pairwise(legs.offset.tolist()), feet, tops, strict=True)
        )
        return [self._label(way, long) for way, long in zip(ways, length_m, strict=True)]

    def _met(self, nodes: Ints) -> Mapping[int, set[str]]:
        """Return the names of the streets that meet at nodes."""
        met: dict[int, set[str]] = {node: set() for node in nodes.tolist()}
        wanted = np.zeros(len(self._network.node_id), bool)
        wanted[nodes] = True
        for end in (self._network.edge_u, self._network.edge_v):
            edge = np.flatnonzero(wanted[end])
            for node, name in zip(end[edge].tolist(), self._name[edge].tolist(), strict=True):
                if name:
                    met[node].add(name)
        return met

    def _label(self, way: _Way, length_m: float) -> str:
        if length_m > LONG_M and (several := _several_streets(way)):
            return several
        street = _main_street(way)
        if not street:
            kind = _main_kind(way)
            for _, names in way.met:
                if names:
                    return f"{kind} off {min(names)}"
            name = self._nearest(way.foot.real, way.foot.imag)
            return f"{kind} near {name}" if name else f"{kind} without a name"
        half = (len(way.met) + 1) // 2
        low = _cross(way.met[:half], way.foot, street)
        high = _cross(way.met[: -half - 1 : -1], way.top, street)
        if low and high and low != high:
            return f"{street}, {low} to {high}"
        if low or high:
            return f"{street} at {low or high}"
        return street

    def _nearest(self, x: float, y: float) -> str:
        """Return the name of the street nearest to a point, nothing where all are far."""
        network = self._network
        dx, dy, wide, high = self._pieces
        point = np.flatnonzero(np.abs(network.point_x_m[:-1] - x) <= wide)
        point = point[np.abs(network.point_y_m[point] - y) <= high[point]]
        edge = np.searchsorted(network.point_offset, point, "right") - 1
        named = self._name[edge] != np.array(None)
        named &= point + 1 < network.point_offset[edge + 1]  # not from one edge to the next
        point, edge = point[named], edge[named]
        begin = network.point_x_m[point], network.point_y_m[point]
        _, away = nearest_on_pieces(begin, (dx[point], dy[point]), (x, y))
        if away.min(initial=np.inf) > NEIGHBOUR_M:
            return ""
        return str(self._name[edge[np.argmin(away)]])

    @cached_property
    def _pieces(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The vector from each drawn point to the next, east and north, and its reach, m.

        What lies farther from the point, eastward or northward, is far from all of the way.
        """
        dx, dy = np.diff(self._network.point_x_m), np.diff(self._network.point_y_m)
        return dx, dy, np.abs(dx) + NEIGHBOUR_M, np.abs(dy) + NEIGHBOUR_M

    def _spots(self, edge: Ints, offset_m: Floats) -> list[complex]:
        """Return where points of the network lie."""
        network = self._network
        lines, point = drawn(network, edge)
        places = network.point_x_m[point], network.point_y_m[point]
        x, y = lines.interpolate(np.arange(len(edge)), offset_m, *places)
        spots: list[complex] = (x + 1j * y).tolist()
        return spots


def _several_streets(way: _Way) -> str:
    """Return the longest streets of a way over several, in the order met, else nothing."""
    metres = _metres_by_word(way.names, way.metres)
    metres.pop("", None)
    main = sorted(metres, key=lambda name: (-metres[name], name))[:LONG_NAMES]
    return ", then ".join(name for name in metres if name in main) if len(main) > 1 else ""


def _main_street(way: _Way) -> str:
    """Return the name that the longest named part of a way bears, else nothing."""
    metres = _metres_by_word(way.names, way.metres)
    return max(metres, key=lambda name: (bool(name), metres[name], name))


def _main_kind(way: _Way) -> str:
    """Return what the longest part of a way is."""
    metres = _metres_by_word(way.kinds, way.metres)
    return PATH_KINDS.get(class_of(max(metres, key=lambda kind: (metres[kind], kind))), "Way")


def _cross(met: list[tuple[complex, set[str]]], end: complex, street: str) -> str:
    """Return the first street that crosses another, seen from one end of the climb."""
    for at, names in met:
        if names - {street} and abs(at - end) <= CROSS_STREET_M:
            return min(names - {street})
    return ""


def _metres_by_word(words: list[str], metres: list[float]) -> dict[str, float]:
    """Return the metres of each word, in the order met."""
    sums: dict[str, float] = defaultdict(float)
    for word, length in zip(words, metres, strict=True):
        sums[word] += length
    return sums
