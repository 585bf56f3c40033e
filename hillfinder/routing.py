"""Ways through the streets: where one begins, and which is the cheapest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.errors import PlaceError
from hillfinder.model import Leg, Position

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.model import Bools, Floats, Ints, Place
    from hillfinder.pace import Clock
    from hillfinder.streets.network import StreetNetwork

#: Nobody's door is farther from a street than this.
FARTHEST_SNAP_M = 500.0
#: The nearest street may be a fragment that leads nowhere: one so much farther is as good.
SNAP_SLACK_M = 50.0
#: A street already run counts so many times its time.
AGAIN_FACTOR = 4.0
#: A stretch to keep off counts so many times: it is taken only where there is no other way.
KEEP_OFF_FACTOR = 100.0
#: SciPy takes a cost of zero for no link.
LEAST_S = 1e-9


@dataclass(frozen=True, slots=True)
class Snap:
    """Where a place meets the network.

    Attributes:
        position: the point of the network.
        distance_m: how far off the place is.
        x_m, y_m: the point in the network's projection.
    """

    position: Position
    distance_m: float
    x_m: float
    y_m: float


def snap(network: StreetNetwork, place: Place) -> Snap:
    """Return the point of the network where a place meets it.

    Of the streets within 50 m of the nearest one, the one in the largest connected part is taken.

    Raises:
        PlaceError: no street lies within 500 m.
    """
    from pyproj import Transformer

    to_metres = Transformer.from_crs("EPSG:4326", network.crs, always_xy=True)
    x, y = to_metres.transform(place.lon, place.lat)
    px, py = network.point_x_m, network.point_y_m
    dx, dy = np.diff(px), np.diff(py)
    share, away = np.zeros(len(dx)), np.full(len(dx), np.inf)
    if np.isfinite(x) and np.isfinite(y):  # the projection ends some way round the earth
        along = (x - px[:-1]) * dx + (y - py[:-1]) * dy
        share = np.clip(along / np.maximum(dx**2 + dy**2, 1e-12), 0.0, 1.0)
        away = np.hypot(px[:-1] + share * dx - x, py[:-1] + share * dy - y)
        away[network.point_offset[1:-1] - 1] = np.inf  # from one street to the next
    nearest = float(away.min())
    if nearest > FARTHEST_SNAP_M:
        msg = (
            f"The nearest street to {place.lat:g},{place.lon:g} is {_far(nearest)} away: give a "
            f"place within {FARTHEST_SNAP_M:g} m of a street that these streets cover."
        )
        raise PlaceError(msg)
    edge_of = np.repeat(np.arange(len(network)), np.diff(network.point_offset))[:-1]
    close = np.flatnonzero(away <= nearest + SNAP_SLACK_M)
    part_m = _connected_m(network)[edge_of[close]]
    at = int(close[np.lexsort((np.round(away[close], 6), -np.round(part_m, 3)))[0]])
    edge = int(edge_of[at])
    before_m = np.hypot(dx, dy)[int(network.point_offset[edge]) : at].sum()
    offset_m = float(before_m + share[at] * np.hypot(dx[at], dy[at]))
    return Snap(
        Position(edge, min(offset_m, float(network.edge_length_m[edge]))),
        distance_m=float(away[at]),
        x_m=float(px[at] + share[at] * dx[at]),
        y_m=float(py[at] + share[at] * dy[at]),
    )


def _far(metres: float) -> str:
    """Return a distance beyond ``FARTHEST_SNAP_M`` in words.

    >>> _far(500.2), _far(2345.0), _far(float("inf"))
    ('501 m', '2.3 km', 'very far')
    """
    if metres < 1000:
        return f"{np.ceil(metres):.0f} m"
    return f"{metres / 1000:.1f} km" if metres < 1e6 else "very far"


def _connected_m(network: StreetNetwork) -> Floats:
    """Return for each edge how many metres of street hang together with it, shape (m,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(network.node_id)
    links = coo_array(
        (np.ones(len(network)), (network.edge_u, network.edge_v)), shape=(count, count)
    )
    part: Ints = connected_components(links, directed=False)[1][network.edge_u]
    return np.asarray(np.bincount(part, weights=network.edge_length_m)[part])


class Dear(NamedTuple):
    """What counts for more than its time.

    Attributes:
        keep_off: pieces of edges, each from so many metres to so many, counted from ``u``.
        again: shape (m,), streets already run.
    """

    keep_off: Mapping[int, tuple[float, float]]
    again: Bools

    def on(self, leg: Leg) -> Leg:
        """Return the part of a leg that is to be kept off; of no length where it is all free."""
        low, high = self.keep_off.get(leg.edge, (0.0, 0.0))
        start, stop = (min(max(at, low), high) for at in (leg.start_m, leg.stop_m))
        return Leg(leg.edge, start, stop)

    def metres(self, leg: Leg) -> float:
        """Return how many metres of a leg count for more than their time."""
        part = leg if self.again[leg.edge] else self.on(leg)
        return abs(part.stop_m - part.start_m)


class Tree(NamedTuple):
    """The cheapest ways from a point of the network to everywhere.

    Attributes:
        start: the point.
        dear: what counted for more than its time.
        cost: shape (n,), to each node; inf where no way leads.
        before: shape (n,), the node before each on its way; n stands for the start.
        street_cost: what each street cost in this search, in the order of ``Links``.
    """

    start: Position
    dear: Dear
    cost: Floats
    before: Ints
    street_cost: Floats


class Links:
    """The junctions of a network and the streets between them, for one search after another.

    Args:
        network: the streets.
        clock: how long they take.
    """

    def __init__(self, network: StreetNetwork, clock: Clock) -> None:
        """Sort the streets, each in both directions, by where they begin and end."""
        tail = np.concatenate([network.edge_u, network.edge_v])
        head = np.concatenate([network.edge_v, network.edge_u])
        edge = np.tile(np.arange(len(network)), 2)
        order = np.lexsort((edge, head, tail))
        order = order[tail[order] != head[order]]  # a loop leads nowhere
        tail, head = tail[order], head[order]
        # Streets that begin and end together are one link, whichever is the cheapest in a search.
        fresh = np.ones(len(order), bool)
        fresh[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        self._network, self._clock = network, clock
        self._edge = edge[order]
        self._there_s = np.concatenate([clock.ahead_s, clock.back_s])[order]
        self._back_s = np.concatenate([clock.back_s, clock.ahead_s])[order]
        self._first = np.flatnonzero(fresh)
        self._row = np.full(len(edge), -1)
        self._row[order] = np.arange(len(order))
        self._head = head[fresh].astype(np.int32)
        self._offset = np.searchsorted(tail[fresh], np.arange(len(network.node_id) + 1))

    def search(self, start: Position, dear: Dear, *, backward: bool = False) -> Tree:
        """Return the cheapest ways from a point to every node.

        Args:
            start: the point.
            dear: what counts for more than its time.
            backward: the ways lead to the point instead; only the costs of the tree are of use.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        street_cost = self._street_cost(dear, backward=backward)
        link_cost = street_cost
        if len(self._first):
            link_cost = np.minimum.reduceat(street_cost, self._first)
        begin: dict[int, float] = {}
        for node, leg in self._ends(start):
            cost = self.cost(_turned(leg) if backward else leg, dear)
            begin[node] = min(begin.get(node, np.inf), max(cost, LEAST_S))
        nodes = sorted(begin)
        root = len(self._network.node_id)
        graph = csr_array(
            (
                np.concatenate([link_cost, [begin[node] for node in nodes]]),
                np.concatenate([self._head, np.array(nodes, np.int32)]),
                np.append(self._offset, len(self._first) + len(nodes)).astype(np.int32),
            ),
            shape=(root + 1, root + 1),
        )
        reached, before = dijkstra(graph, indices=root, return_predecessors=True)
        return Tree(start, dear, reached[:-1], before[:-1], street_cost)

    def _street_cost(self, dear: Dear, *, backward: bool) -> Floats:
        """Return what every street costs in either direction, in the order of ``self._edge``."""
        factor = np.where(dear.again, AGAIN_FACTOR, 1.0)[self._edge]
        cost = factor * (self._back_s if backward else self._there_s)
        for edge, (low, high) in dear.keep_off.items():
            ahead = Leg(edge, low, high)
            for row, leg in (
                (self._row[edge], _turned(ahead) if backward else ahead),
                (self._row[edge + len(self._network)], ahead if backward else _turned(ahead)),
            ):
                if row >= 0:
                    cost[row] += factor[row] * (KEEP_OFF_FACTOR - 1.0) * self._clock.legs_s([leg])
        return np.asarray(np.maximum(cost, LEAST_S))

    def legs_to(self, tree: Tree, end: Position) -> list[Leg]:
        """Return the cheapest way to a point of the network; empty where none leads."""
        ways: list[tuple[float, int, Leg]] = []
        for node, leg in self._ends(end):
            last = _turned(leg)
            ways.append((float(tree.cost[node]) + self.cost(last, tree.dear), node, last))
        if end.edge == tree.start.edge:
            straight = Leg(end.edge, tree.start.offset_m, end.offset_m)
            ways.append((self.cost(straight, tree.dear), -1, straight))
        cost, node, last = min(ways)
        if not np.isfinite(cost):
            return []
        return [last] if node < 0 else [*self.legs_to_node(tree, node), last]

    def legs_to_node(self, tree: Tree, node: int) -> list[Leg]:
        """Return the cheapest way to a node that can be reached."""
        root = len(self._network.node_id)
        nodes = [node]
        while tree.before[nodes[-1]] != root:
            nodes.append(int(tree.before[nodes[-1]]))
        nodes.reverse()
        ends = [leg for end, leg in self._ends(tree.start) if end == nodes[0]]
        first = min(ends, key=lambda leg: (self.cost(leg, tree.dear), leg))
        return [first, *(self._between(tree, tail, head) for tail, head in pairwise(nodes))]

    def _between(self, tree: Tree, tail: int, head: int) -> Leg:
        """Return the cheapest street from one node to the next."""
        low, high = self._offset[tail], self._offset[tail + 1]
        link = int(low + np.searchsorted(self._head[low:high], head))
        first, last = np.append(self._first[link : link + 2], len(self._edge))[:2]
        edge = int(self._edge[first + int(np.argmin(tree.street_cost[first:last]))])
        length = float(self._network.edge_length_m[edge])
        ahead = int(self._network.edge_u[edge]) == tail
        return Leg(edge, 0.0, length) if ahead else Leg(edge, length, 0.0)

    def cost(self, leg: Leg, dear: Dear) -> float:
        """Return what a leg costs, in seconds."""
        factor = AGAIN_FACTOR if dear.again[leg.edge] else 1.0
        time_s = self._clock.legs_s([leg])
        if leg.edge in dear.keep_off:
            time_s += (KEEP_OFF_FACTOR - 1.0) * self._clock.legs_s([dear.on(leg)])
        return factor * time_s

    def _ends(self, at: Position) -> list[tuple[int, Leg]]:
        """Return for either node of an edge: itself, and the leg to it from a point."""
        network = self._network
        return [
            (int(network.edge_u[at.edge]), Leg(at.edge, at.offset_m, 0.0)),
            (
                int(network.edge_v[at.edge]),
                Leg(at.edge, at.offset_m, float(network.edge_length_m[at.edge])),
            ),
        ]


def _turned(leg: Leg) -> Leg:
    return Leg(leg.edge, leg.stop_m, leg.start_m)
