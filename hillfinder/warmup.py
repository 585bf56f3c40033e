"""The way to the bottom: how long it takes, and a warm-up of 10 to 20 minutes along it.

Times depend on the slope and the direction. A runner keeps the effort of the easy pace: the pace
follows the energy cost of running on a grade (Minetti et al. 2002, J Appl Physiol 93:1039). A
walker's follows Tobler's hiking function (1993, NCGIA Technical Report 93-1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.errors import PlaceError, StreetsError
from hillfinder.model import Position, Route
from hillfinder.streets.network import Leg

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from hillfinder.climbs import Climbs
    from hillfinder.model import Climb, Criteria, Floats, Ints, Place, Shape
    from hillfinder.streets.network import StreetNetwork

#: Nobody's door is farther from a street than this.
FARTHEST_SNAP_M = 500.0
#: The nearest street may be a fragment that leads nowhere: one so much farther is as good.
SNAP_SLACK_M = 50.0
#: Stairs take so much longer than level ground of the same ground plan.
STEPS_FACTOR = 3.0
#: Nobody warms up by racing downhill: descents gain a tenth at most.
FASTEST_FACTOR = 0.9
#: A detour aims at so much of the range: 12 minutes of 10 to 20.
DETOUR_AIM = 0.2
#: The way back from the turning point counts streets already run as so much longer.
AGAIN_FACTOR = 4.0
#: Turning points are tried in so many directions, and at these shares of the time aimed at.
SECTORS, REACHES = 8, (0.9, 0.75, 0.6)


def running_factor(grade: Floats) -> Floats:
    """Return how much longer a metre takes at equal effort than on the flat, running.

    The cost polynomial holds from -0.45 to 0.45; grades beyond are taken as those.

    >>> np.round(running_factor(np.array([-0.1, 0.0, 0.1])), 2)
    array([0.9 , 1.  , 1.66])
    """
    i = np.clip(grade, -0.45, 0.45)
    cost = 155.4 * i**5 - 30.4 * i**4 - 43.3 * i**3 + 46.3 * i**2 + 19.5 * i + 3.6
    return np.maximum(cost / 3.6, FASTEST_FACTOR)


def walking_factor(grade: Floats) -> Floats:
    """Return how much longer a metre takes than on the flat, walking.

    >>> np.round(walking_factor(np.array([-0.05, 0.0, 0.1])), 2)
    array([0.84, 1.  , 1.42])
    """
    return np.exp(3.5 * (np.abs(np.clip(grade, -0.45, 0.45) + 0.05) - 0.05))


@dataclass(frozen=True, slots=True)
class Snap:
    """Where a place meets the network, and how far off that is."""

    position: Position
    distance_m: float


class Router:
    """Ways on foot from one place, by time at the easy pace.

    Args:
        network: streets with profiles.
        place: where the runner starts.
        criteria: the pace, and how long the warm-up may be.

    Raises:
        PlaceError: no street lies within 500 m of the place.
    """

    def __init__(self, network: StreetNetwork, place: Place, criteria: Criteria) -> None:
        """Work out all times once."""
        from scipy.sparse.csgraph import dijkstra

        self._network = network
        self._criteria = criteria
        self._clock = _Clock(network, criteria)
        self._graph, self._edge_of = _time_graph(network, self._clock)
        self.snap = snap(network, place)
        at = self.snap.position
        self._start = self._with_start(self._graph, at)
        self._from_door, self._before = dijkstra(
            self._start, indices=len(network.node_id), return_predecessors=True
        )

    def times_s(self, climbs: Climbs) -> Floats:
        """Return the least time from the place to the foot of each climb; inf where no way leads.

        Shape (k,), seconds.
        """
        network = self._network
        edge, offset = climbs.foot_edge, climbs.foot_offset_m
        from_u = self._from_door[network.edge_u[edge]] + self._clock.at(edge, offset)
        from_v = self._from_door[network.edge_v[edge]] + self._clock.back_at(edge, offset)
        times = np.minimum(from_u, from_v)
        door = self.snap.position
        here = np.flatnonzero(edge == door.edge)
        for row in here.tolist():
            times[row] = min(times[row], self._clock.between(door, float(offset[row])))
        return np.asarray(times)

    def approach(self, climb: Climb) -> Route:
        """Return the warm-up to the foot of a climb.

        The quickest way where that fills the least time asked for; else a detour that runs as
        little street as possible twice, keeps off the hill itself, and lies within the range.

        Raises:
            StreetsError: no way on foot leads there.
        """
        legs, time_s = self._quickest(climb.foot)
        low_s, high_s = (60.0 * minutes for minutes in self._criteria.warmup_min)
        if time_s < low_s:
            detour = self._detour(climb, low_s, high_s)
            if detour is not None:
                return self._route(detour[0], detour[1], "detour")
        return self._route(legs, time_s, "direct")

    def _quickest(self, foot: Position) -> tuple[list[Leg], float]:
        """Return the quickest way to a point on the network, and its time."""
        network, door, clock = self._network, self.snap.position, self._clock
        ways: list[tuple[float, int, Leg]] = []
        for node, rest, leg in clock.arrivals(network, foot):
            ways.append((float(self._from_door[node]) + rest, node, leg))
        if foot.edge == door.edge:
            straight = Leg(foot.edge, door.offset_m, foot.offset_m)
            ways.append((clock.leg(straight), -1, straight))
        time_s, node, last = min(ways)
        if not np.isfinite(time_s):
            msg = "No way on foot leads from the place to this hill."
            raise StreetsError(msg)
        before = [] if node < 0 else self._legs(_nodes_to(node, self._before))
        return [*before, last], time_s

    def _legs(self, nodes: list[int]) -> list[Leg]:
        """Return the edges along nodes, the first of which may be the door."""
        network = self._network
        legs = []
        for a, b in zip(nodes[:-1], nodes[1:], strict=True):
            if a == len(network.node_id):
                departures = self._clock.departures(network, self.snap.position)
                legs.append(min((s, leg) for node, s, leg in departures if node == b)[1])
                continue
            edge = int(self._edge_of[_entry(self._graph, a, b)])
            length = float(network.edge_length_m[edge])
            ahead = int(network.edge_u[edge]) == a
            legs.append(Leg(edge, 0.0, length) if ahead else Leg(edge, length, 0.0))
        return legs

    def _with_start(self, graph: csr_array, at: Position, *, reverse: bool = False) -> csr_array:
        """Return the graph with one more node at a point of the network.

        Edges lead from it to the ends of its edge; with ``reverse`` the graph is taken against
        the direction of travel, and their times are those of coming here.
        """
        from scipy.sparse import csr_array

        clock = self._clock
        ways = (clock.arrivals if reverse else clock.departures)(self._network, at)
        reach = {node: seconds for node, seconds, _ in sorted(ways, reverse=True)}
        nodes = sorted(reach)
        count = graph.shape[0]
        return csr_array(
            (
                np.concatenate([graph.data, [max(reach[node], 1e-3) for node in nodes]]),
                np.concatenate([graph.indices, nodes]),
                np.concatenate([graph.indptr[:-1], [graph.indptr[-1] + len(nodes)]]),
            ),
            shape=(count, count),
        )

    def _detour(self, climb: Climb, low_s: float, high_s: float) -> tuple[list[Leg], float] | None:
        """Return a way round that takes between ``low_s`` and ``high_s``, if there is one."""
        from scipy.sparse.csgraph import dijkstra

        network = self._network
        aim = low_s + DETOUR_AIM * (high_s - low_s)
        backward = self._with_start(self._graph.T.tocsr(), climb.foot, reverse=True)
        to_foot = dijkstra(backward, indices=len(network.node_id), limit=high_s)
        through = (self._from_door + to_foot)[:-1]
        sector = self._sectors()
        best: tuple[tuple[float, float, int], list[Leg], float] | None = None
        for reach in REACHES:
            for turn in _nearest_in_each(through, reach * aim, sector):
                legs, time_s, again = self._round(turn, climb)
                if low_s <= time_s <= high_s:
                    key = (round(again, 2), abs(time_s - aim), turn)
                    if best is None or key < best[0]:
                        best = key, legs, time_s
            if best is not None and best[0][0] <= 0.1:
                break
        return None if best is None else best[1:]

    def _sectors(self) -> Ints:
        """Return for each node in which of ``SECTORS`` directions it lies from the door."""
        network, door = self._network, self.snap.position
        first = network.point_offset[door.edge]
        east = network.node_x_m - network.point_x_m[first]
        north = network.node_y_m - network.point_y_m[first]
        turn = (np.arctan2(north, east) / (2 * np.pi)) % 1.0
        return np.minimum((turn * SECTORS).astype(np.int64), SECTORS - 1)

    def _round(self, turn: int, climb: Climb) -> tuple[list[Leg], float, float]:
        """Return the way to a turning point and on to the foot, its time, and the share run twice.

        The second part is the quickest when streets of the first part, and the hill itself, count
        ``AGAIN_FACTOR`` times.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        network = self._network
        out = self._legs(_nodes_to(turn, self._before))
        hill = set(climb.edges)
        worn = np.zeros(len(network), bool)
        worn[[leg.edge for leg in out]] = True
        worn[list(hill)] = True
        dear = np.where(worn[self._edge_of], AGAIN_FACTOR, 1.0) * self._graph.data
        graph = csr_array((dear, self._graph.indices, self._graph.indptr), shape=self._graph.shape)
        cost, before = dijkstra(graph, indices=turn, return_predecessors=True)
        factor = AGAIN_FACTOR if worn[climb.foot.edge] else 1.0
        total, node, last = min(
            (float(cost[node]) + rest * factor, node, leg)
            for node, rest, leg in self._clock.arrivals(network, climb.foot)
        )
        if not np.isfinite(total):
            return [], np.inf, 1.0
        back = [*self._legs(_nodes_to(node, before)), last]
        legs = [*out, *back]
        seen: dict[int, int] = {}
        twice = whole = 0.0
        for leg in legs:
            length = abs(leg.stop_m - leg.start_m)
            whole += length
            if leg.edge in seen or leg.edge in hill:
                twice += length
            seen[leg.edge] = 1
        return legs, sum(self._clock.leg(leg) for leg in legs), twice / max(whole, 1e-9)

    def _route(self, legs: list[Leg], time_s: float, shape: Shape) -> Route:
        moving = [leg for leg in legs if leg.start_m != leg.stop_m] or legs[:1]
        track = self._network.track(moving)
        return Route(track.lon, track.lat, track.elevation_m, track.distance_m, time_s, shape)


class _Clock:
    """Seconds along every edge, both ways, from its samples."""

    def __init__(self, network: StreetNetwork, criteria: Criteria) -> None:
        profiles = network.profiles
        if profiles is None:
            msg = "The network carries no heights: attach an elevation model to it first."
            raise StreetsError(msg)
        self._start = profiles.offset[:-1]
        self._stop = profiles.offset[1:] - 1
        run = np.diff(profiles.distance_m)
        rise = np.diff(profiles.elevation_m)
        within = np.ones(len(run), bool)
        within[self._stop[:-1]] = False
        grade = np.where(within & (run > 0), rise, 0.0) / np.where(within & (run > 0), run, 1.0)
        grade = np.where(np.isnan(grade), 0.0, grade)  # unknown ground counts as level
        factor = walking_factor if criteria.walk else running_factor
        edge = np.repeat(np.arange(len(network)), np.diff(profiles.offset))[:-1]
        steps = network.ways.steps[network.edge_way][edge]
        pace = np.where(within, run, 0.0) / criteria.flat_speed_m_s
        ahead = pace * np.where(steps, STEPS_FACTOR, factor(grade))
        back = pace * np.where(steps, STEPS_FACTOR, factor(-grade))
        self._ahead = np.concatenate([[0.0], np.cumsum(ahead)])
        self._back = np.concatenate([[0.0], np.cumsum(back)])
        # All edges on one axis, a metre apart, so that one interpolation serves them all.
        step = np.where(within, run, 1.0)
        self._axis = np.concatenate([[0.0], np.cumsum(step)])

    @property
    def ahead(self) -> Floats:
        """Seconds from u to v, shape (m,)."""
        return self._ahead[self._stop] - self._ahead[self._start]

    @property
    def back(self) -> Floats:
        """Seconds from v to u, shape (m,)."""
        return self._back[self._stop] - self._back[self._start]

    def at(self, edge: Ints, offset_m: Floats) -> Floats:
        """Return the seconds from u to a point of the edge."""
        begin = self._start[edge]
        at = np.interp(self._axis[begin] + offset_m, self._axis, self._ahead)
        return np.asarray(at - self._ahead[begin])

    def back_at(self, edge: Ints, offset_m: Floats) -> Floats:
        """Return the seconds from v to a point of the edge."""
        begin = self._start[edge]
        at = np.interp(self._axis[begin] + offset_m, self._axis, self._back)
        return np.asarray(self._back[self._stop[edge]] - at)

    def leg(self, leg: Leg) -> float:
        """Return the seconds along a leg."""
        return self.between(Position(leg.edge, leg.start_m), leg.stop_m)

    def between(self, start: Position, stop_m: float) -> float:
        """Return the seconds from a point to another on the same edge."""
        edge = np.array([start.edge, start.edge])
        offsets = np.array([start.offset_m, stop_m])
        seconds = (
            self.at(edge, offsets) if stop_m >= start.offset_m else self.back_at(edge, offsets)
        )
        return float(seconds[1] - seconds[0])

    def arrivals(self, network: StreetNetwork, at: Position) -> list[tuple[int, float, Leg]]:
        """Return for either node of the edge: itself, the seconds to the point, and the leg."""
        length = float(network.edge_length_m[at.edge])
        legs = [Leg(at.edge, 0.0, at.offset_m), Leg(at.edge, length, at.offset_m)]
        nodes = [int(network.edge_u[at.edge]), int(network.edge_v[at.edge])]
        return [(node, self.leg(leg), leg) for node, leg in zip(nodes, legs, strict=True)]

    def departures(self, network: StreetNetwork, at: Position) -> list[tuple[int, float, Leg]]:
        """Return for either node of the edge: itself, the seconds from the point, and the leg."""
        turned = [
            (node, Leg(leg.edge, leg.stop_m, leg.start_m))
            for node, _, leg in self.arrivals(network, at)
        ]
        return [(node, self.leg(leg), leg) for node, leg in turned]


def snap(network: StreetNetwork, place: Place) -> Snap:
    """Return the point of the network where a place meets it.

    Of the streets within 50 m of the nearest one, the one in the largest connected part is taken.

    Raises:
        PlaceError: no street lies within 500 m.
    """
    from pyproj import Transformer
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    x, y = Transformer.from_crs("EPSG:4326", network.crs, always_xy=True).transform(
        place.lon, place.lat
    )
    px, py = network.point_x_m, network.point_y_m
    dx, dy = np.diff(px), np.diff(py)
    size = np.maximum(dx**2 + dy**2, 1e-12)
    share = np.clip(((x - px[:-1]) * dx + (y - py[:-1]) * dy) / size, 0.0, 1.0)
    away = np.hypot(px[:-1] + share * dx - x, py[:-1] + share * dy - y)
    away[network.point_offset[1:-1] - 1] = np.inf
    nearest = float(np.min(away, initial=np.inf))
    if not nearest <= FARTHEST_SNAP_M:
        far = f"{nearest / 1000:.1f} km" if np.isfinite(nearest) else "very far"
        msg = (
            f"The nearest street to {place.lat:g},{place.lon:g} is {far} away: give a place within "
            f"{FARTHEST_SNAP_M:g} m of a street that these streets cover."
        )
        raise PlaceError(msg)
    count = len(network.node_id)
    links = coo_array(
        (np.ones(len(network)), (network.edge_u, network.edge_v)), shape=(count, count)
    )
    _, part = connected_components(links, directed=False)
    size_of = np.bincount(part[network.edge_u], weights=network.edge_length_m)
    edge_of = np.repeat(np.arange(len(network)), np.diff(network.point_offset))[:-1]
    close = np.flatnonzero(away <= nearest + SNAP_SLACK_M)
    sizes = size_of[part[network.edge_u[edge_of[close]]]]
    chosen = int(close[np.lexsort((away[close], -sizes))[0]])
    edge = int(edge_of[chosen])
    first = int(network.point_offset[edge])
    before = float(np.hypot(np.diff(px[first : chosen + 1]), np.diff(py[first : chosen + 1])).sum())
    offset = before + float(share[chosen]) * float(np.sqrt(size[chosen]))
    offset = min(offset, float(network.edge_length_m[edge]))
    return Snap(Position(edge, offset), float(away[chosen]))


def _time_graph(network: StreetNetwork, clock: _Clock) -> tuple[csr_array, Ints]:
    """Return the graph of seconds with one empty node more, and the edge behind each entry.

    Of parallel edges the quickest is kept, of equals the one with the lower number.
    """
    from scipy.sparse import csr_array

    count = len(network.node_id)
    tail = np.concatenate([network.edge_u, network.edge_v])
    head = np.concatenate([network.edge_v, network.edge_u])
    seconds = np.maximum(np.concatenate([clock.ahead, clock.back]), 1e-3)
    edge = np.tile(np.arange(len(network)), 2)
    order = np.lexsort((edge, seconds, head, tail))
    order = order[tail[order] != head[order]]
    fresh = np.ones(len(order), bool)
    fresh[1:] = (tail[order][1:] != tail[order][:-1]) | (head[order][1:] != head[order][:-1])
    order = order[fresh]
    indptr = np.searchsorted(tail[order], np.arange(count + 2))
    graph = csr_array((seconds[order], head[order], indptr), shape=(count + 1, count + 1))
    return graph, edge[order]


def _entry(graph: csr_array, tail: int, head: int) -> int:
    """Return where in the graph's data the edge from one node to another stands."""
    low, high = graph.indptr[tail], graph.indptr[tail + 1]
    return int(low + np.searchsorted(graph.indices[low:high], head))


def _nodes_to(node: int, before: Ints) -> list[int]:
    """Return the nodes from a search's start to ``node``."""
    nodes = [node]
    while before[nodes[-1]] >= 0:
        nodes.append(int(before[nodes[-1]]))
    return nodes[::-1]


def _nearest_in_each(value: Floats, target: float, sector: Ints) -> list[int]:
    """Return for each sector the node whose value is nearest to the target, the lower of equals."""
    miss = np.where(np.isfinite(value), np.abs(value - target), np.inf)
    order = np.lexsort((np.arange(len(miss)), np.round(miss, 3), sector))
    _, first = np.unique(sector[order], return_index=True)
    return [int(node) for node in order[first] if miss[node] < 0.15 * target]
