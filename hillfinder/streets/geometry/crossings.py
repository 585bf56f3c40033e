"""What lies on a line along the streets: what joins or crosses it, in order of travel."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.model import Mark
from hillfinder.streets.geometry.polylines import drawn
from hillfinder.streets.tags.features import GRAVEST, MARK_KINDS, of_road
from hillfinder.streets.tags.roads import RoadClass, class_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Leg, MarkKind, Strings
    from hillfinder.streets.network import StreetNetwork

#: Distance from an end within which nothing is on the line, m: half a street with its pavement,
#: where one begins, turns or stops.
CLEAR_END_M = 6.0
#: Distance within which two things of one kind and name are one, m: the two carriageways of a
#: street, the lights on both sides of a junction, two pairs of rails.
ONE_M = 25.0


class _Seen(NamedTuple):
    """A thing on a line; ``node`` is -1 where it is no junction."""

    distance_m: float
    kind: MarkKind
    name: str
    edge: int
    offset_m: float


class Lookout:
    """Looks along lines of one network."""

    def __init__(self, network: StreetNetwork) -> None:
        """Look up once which edges meet at each node."""
        self._network = network
        self._known: dict[tuple[Leg, ...], tuple[Mark, ...]] = {}
        self._offset, self._edges = network.edges_at_nodes()

    def along(self, legs: Sequence[Leg]) -> tuple[Mark, ...]:
        """Return what lies on a line, in order of travel, each thing once.

        Counted are roads that join or cross, be they closed to people on foot, and what is mapped
        on the line itself: crossings, lights, tracks, gates and other barriers. Paths that join
        are not, for no wheels come out of them. Where the line is itself a path, a road that it
        crosses is a crossing. What lies within ``CLEAR_END_M`` of either end is not on the line: a
        repeat that begins at a junction begins beyond it.

        Args:
            legs: pieces of edges, each beginning where the last ended. A line is looked along
                once, however often it is asked for.
        """
        key = tuple(legs)
        if key not in self._known:
            self._known[key] = self._look(key)
        return self._known[key]

    def _look(self, legs: Sequence[Leg]) -> tuple[Mark, ...]:
        begin = np.cumsum([0.0, *(abs(leg.stop_m - leg.start_m) for leg in legs)]).tolist()
        seen = [*self._junctions(legs, begin), *self._spots(legs, begin)]
        rank = GRAVEST.index
        seen.sort(key=lambda each: (round(each.distance_m, 1), rank(each.kind), each.name))
        marks: list[_Seen] = []
        for each in seen:
            if not CLEAR_END_M < each.distance_m < begin[-1] - CLEAR_END_M:
                continue
            twin = next((row for row, other in enumerate(marks) if _same(each, other)), None)
            if twin is None:
                marks.append(each)
            elif not marks[twin].name:
                marks[twin] = marks[twin]._replace(name=each.name)
        return tuple(self._mark(each) for each in marks)

    def _junctions(self, legs: Sequence[Leg], begin: Sequence[float]) -> list[_Seen]:
        """Return the roads that meet the line where its edges do."""
        seen = []
        network = self._network
        for (one, other), distance_m in zip(itertools.pairwise(legs), begin[1:-1], strict=True):
            ahead = one.stop_m > one.start_m
            node = int((network.edge_v if ahead else network.edge_u)[one.edge])
            reached = network.edge_length_m[one.edge] if ahead else 0.0
            if one.edge == other.edge or abs(one.stop_m - reached) > 1.0:
                continue
            beside = self._edges[self._offset[node] : self._offset[node + 1]].tolist()
            roads = [
                edge
                for edge in beside
                if edge not in (one.edge, other.edge) and self._road[network.edge_way[edge]]
            ]
            if not roads:
                continue
            ways = network.edge_way[roads].tolist()
            kinds = [self._road[way] for way in ways]
            kind: MarkKind = "side street" if "side street" in kinds else "driveway"
            if not (self._wheels(one.edge) or self._wheels(other.edge)):
                if kind == "driveway" and all(self._class(way) is RoadClass.TRACK for way in ways):
                    continue
                kind = "crossing" if kind == "side street" else kind
            own = {self._name[network.edge_way[leg.edge]] for leg in (one, other)}
            names = [self._name[way] for way in ways if self._name[way]]
            name = next((each for each in sorted(names) if each not in own), "")
            seen.append(_Seen(distance_m, kind, name, one.edge, one.stop_m))
        return seen

    def _spots(self, legs: Sequence[Leg], begin: Sequence[float]) -> list[_Seen]:
        """Return what is mapped on the points of the line."""
        network, spots = self._network, self._network.spots
        edge = np.array([leg.edge for leg in legs], np.int64)
        first = np.searchsorted(spots.point, network.point_offset[edge])
        last = np.searchsorted(spots.point, network.point_offset[edge + 1])
        seen = []
        for row in np.flatnonzero(last > first).tolist():
            leg = legs[row]
            low, high = sorted((leg.start_m, leg.stop_m))
            along = drawn(network, np.array([leg.edge]))[0].along
            for spot in range(first[row], last[row]):
                at = float(along[spots.point[spot] - network.point_offset[leg.edge]])
                if low - 0.5 <= at <= high + 0.5:
                    kind = MARK_KINDS[spots.kind[spot]]
                    if kind == "side street" and not self._wheels(leg.edge):
                        kind = "crossing"
                    seen.append(
                        _Seen(
                            begin[row] + abs(at - leg.start_m),
                            kind,
                            spots.name[spot] or "",
                            leg.edge,
                            at,
                        )
                    )
        return seen

    def _wheels(self, edge: int) -> bool:
        """Tell whether the edge is a road, and no path or track."""
        return self._class(self._network.edge_way[edge]).wheels

    def _class(self, way: int) -> RoadClass:
        return class_of(self._highway[way])

    def _mark(self, seen: _Seen) -> Mark:
        network = self._network
        lines, point = drawn(network, np.array([seen.edge]))
        lonlat = network.point_lon[point], network.point_lat[point]
        (lon,), (lat,) = lines.positions(np.array([0]), np.array([seen.offset_m]), *lonlat)
        return Mark(seen.kind, seen.distance_m, float(lat), float(lon), seen.name)

    @property
    def _name(self) -> Strings:
        return self._network.ways.column("name")

    @property
    def _highway(self) -> Strings:
        return self._network.ways.column("highway")

    @cached_property
    def _road(self) -> list[MarkKind | None]:
        """What each way is to somebody who passes its end."""
        service = self._network.ways.column("service")
        return [
            of_road({"highway": highway or "", "service": kind or ""})
            for highway, kind in zip(self._highway.tolist(), service.tolist(), strict=True)
        ]


def _same(one: _Seen, other: _Seen) -> bool:
    """Tell whether one thing was seen twice: at one point, or one name or kind nearby."""
    apart = abs(one.distance_m - other.distance_m)
    if apart < 1.0:
        return True
    if one.kind == "driveway" and not one.name:
        return False
    return apart <= ONE_M and (one.kind, one.name) == (other.kind, other.name)
