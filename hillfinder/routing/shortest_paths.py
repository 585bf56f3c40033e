"""Shortest paths through the streets, by time, comfort and penalties."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.model import Leg
from hillfinder.routing.travel_time import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scipy.sparse import csr_array

    from hillfinder.model import Bools, Floats, Ints, Position
    from hillfinder.routing.edge_costs import Comfort
    from hillfinder.routing.travel_time import Clock
    from hillfinder.streets.network import StreetNetwork

#: Cost factor of streets already run.
AGAIN_FACTOR = 4.0
#: Cost factor of a stretch to keep off: it is taken only where no other way leads.
KEEP_OFF_FACTOR = 100.0
#: Least cost of a link, s: SciPy takes 0 for no link.
LEAST_S = 1e-9


class Penalties(NamedTuple):
    """Streets that cost more than their time.

    Attributes:
        keep_off: by edge, the stretch to keep off, from and to in metres from ``u``.
        again: shape (m,), streets already run.
        comfort: share of comfort in the cost: 1 gives the most pleasant way, 0 the quickest.
    """

    keep_off: Mapping[int, tuple[float, float]]
    again: Bools
    comfort: float = 0.0

    def on(self, leg: Leg) -> Leg:
        """Return the part of a leg to keep off; of no length if it is all free."""
        low, high = self.keep_off.get(leg.edge, (0.0, 0.0))
        start, stop = (min(max(at, low), high) for at in (leg.start_m, leg.stop_m))
        return Leg(leg.edge, start, stop)

    def meets(self, legs: Iterable[Leg]) -> bool:
        """Say whether a way leads over a stretch to keep off."""
        parts = (self.on(leg) for leg in legs if leg.edge in self.keep_off)
        return any(part.start_m != part.stop_m for part in parts)


class Tree(NamedTuple):
    """A shortest-path tree: the cheapest ways from a point to every node, or from every node to it.

    Attributes:
        start: the point.
        penalties: streets that cost more than their time.
        backward: the ways lead to the point.
        cost: shape (n,), cost of each node; inf where no way leads.
        before: shape (n,), the node before each on its way; n is the start.
        street_cost: cost of each street in this search, in the order of ``Links``.
    """

    start: Position
    penalties: Penalties
    backward: bool
    cost: Floats
    before: Ints
    street_cost: Floats


class Links:
    """The junctions of a network and the streets between them, for one search after another.

    Args:
        network: the streets.
        clock: their times.
        comfort: their costs by comfort; ``None`` counts times alone.
    """

    def __init__(
        self, network: StreetNetwork, clock: Clock, comfort: Comfort | None = None
    ) -> None:
        """Sort the streets, each in both directions, by the nodes where they begin and end."""
        tail = np.concatenate([network.edge_u, network.edge_v])
        head = np.concatenate([network.edge_v, network.edge_u])
        edge = np.tile(np.arange(len(network)), 2)
        order = np.lexsort((edge, head, tail))
        order = order[tail[order] != head[order]]  # a loop leads nowhere
        tail, head = tail[order], head[order]
        # Parallel streets are one link: a search takes the cheapest of them.
        fresh = np.ones(len(order), bool)
        fresh[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        self._network, self._clock, self._comfort = network, clock, comfort or clock
        self._edge = edge[order]
        self._turned = order >= len(network)
        # Time and comfort, onward and back.
        self._there_s, self._back_s = _both_ways(clock, order)
        self._there_cost, self._back_cost = _both_ways(self._comfort, order)
        self._first = np.flatnonzero(fresh)
        self._streets = np.diff(np.append(self._first, len(order)))
        self._row = np.full(len(edge), -1)
        self._row[order] = np.arange(len(order))
        self._head = head[fresh].astype(np.int32)
        self._nodes = len(network.node_id)
        self._key = tail[fresh] * self._nodes + head[fresh]
        self._offset = np.searchsorted(tail[fresh], np.arange(self._nodes + 1))

    def search(
        self,
        start: Position,
        penalties: Penalties,
        *,
        backward: bool = False,
        limit: float = np.inf,
    ) -> Tree:
        """Return the cheapest ways from a point to every node.

        Args:
            start: the point.
            penalties: streets that cost more than their time.
            backward: the ways lead to the point instead.
            limit: nodes that cost more count as out of reach.
        """
        from scipy.sparse.csgraph import dijkstra

        street_cost = self._street_cost(penalties, backward=backward)
        graph = self._graph(street_cost, [start], penalties, backward=backward)
        cost, before = dijkstra(graph, indices=self._nodes, return_predecessors=True, limit=limit)
        return Tree(start, penalties, backward, cost[:-1], before[:-1], street_cost)

    def table(
        self,
        starts: Sequence[Position],
        ends: Sequence[Position],
        penalties: Penalties,
        limit: float,
    ) -> Floats:
        """Return the costs of the cheapest ways between many points, shape (starts, ends).

        A cost beyond ``limit`` may be infinite.
        """
        from scipy.sparse.csgraph import dijkstra

        street_cost = self._street_cost(penalties, backward=False)
        graph = self._graph(street_cost, starts, penalties)
        reached = dijkstra(graph, indices=self._nodes + np.arange(len(starts)), limit=limit)
        result = np.full((len(starts), len(ends)), np.inf)
        for column, end in enumerate(ends):
            for node, leg in self._ends(end):
                there = reached[:, node] + self.cost(_turned(leg), penalties)
                result[:, column] = np.minimum(result[:, column], there)
            for row in (row for row, start in enumerate(starts) if start.edge == end.edge):
                straight = self.cost(Leg(end.edge, starts[row].offset_m, end.offset_m), penalties)
                result[row, column] = min(result[row, column], straight)
        return result

    def _graph(
        self,
        street_cost: Floats,
        starts: Sequence[Position],
        penalties: Penalties,
        *,
        backward: bool = False,
    ) -> csr_array:
        """Return the links, and for each start a root with a link to either end of its street."""
        from scipy.sparse import csr_array

        links = len(self._first)
        cost = np.minimum.reduceat(street_cost, self._first) if links else street_cost
        nodes: list[int] = []
        begin: list[float] = []
        rows: list[int] = []
        for start in starts:
            ends: dict[int, float] = {}
            for node, leg in self._ends(start):
                end_cost = self.cost(_turned(leg) if backward else leg, penalties)
                ends[node] = min(ends.get(node, np.inf), max(end_cost, LEAST_S))
            nodes += sorted(ends)
            begin += [ends[node] for node in sorted(ends)]
            rows.append(links + len(nodes))
        head = np.concatenate([self._head, np.array(nodes, np.int32)])
        offset = np.append(self._offset, rows).astype(np.int32)
        size = self._nodes + len(starts)
        return csr_array((np.concatenate([cost, begin]), head, offset), shape=(size, size))

    def _street_cost(self, penalties: Penalties, *, backward: bool) -> Floats:
        """Return the cost of every street in either direction, in the order of ``self._edge``."""
        factor = np.where(penalties.again, AGAIN_FACTOR, 1.0)[self._edge]
        cost = factor * (
            _mixed(self._back_s, self._back_cost, penalties.comfort)
            if backward
            else _mixed(self._there_s, self._there_cost, penalties.comfort)
        )
        ahead = [Leg(edge, low, high) for edge, (low, high) in penalties.keep_off.items()]
        back = [_turned(leg) for leg in ahead]
        edge = np.array(list(penalties.keep_off), np.int64)
        for row, legs in (
            (self._row[edge], back if backward else ahead),
            (self._row[edge + len(self._network)], ahead if backward else back),
        ):
            here = row >= 0
            penalty = factor[row] * (KEEP_OFF_FACTOR - 1.0) * self._plain(legs, penalties)
            cost[row[here]] += penalty[here]
        return np.asarray(np.maximum(cost, LEAST_S))

    def legs_to(self, tree: Tree, end: Position) -> list[Leg]:
        """Return the cheapest way to a point of the network; empty if none leads."""
        cost, node, last = self._last(tree, end)
        if not np.isfinite(cost):
            return []
        return [last] if node < 0 else [*self.legs_to_node(tree, node), last]

    def cost_to(self, tree: Tree, end: Position) -> float:
        """Return the cost of the cheapest way to a point of the network; inf if none leads."""
        return self._last(tree, end)[0]

    def _last(self, tree: Tree, end: Position) -> tuple[float, int, Leg]:
        """Return the cost of the way to a point, its last node (-1 for none) and its last leg."""
        ways: list[tuple[float, int, Leg]] = []
        for node, leg in self._ends(end):
            last = _turned(leg)
            ways.append((float(tree.cost[node]) + self.cost(last, tree.penalties), node, last))
        if end.edge == tree.start.edge:
            straight = Leg(end.edge, tree.start.offset_m, end.offset_m)
            ways.append((self.cost(straight, tree.penalties), -1, straight))
        return min(ways)

    def legs_to_node(self, tree: Tree, node: int) -> list[Leg]:
        """Return the cheapest way to a node that can be reached."""
        nodes = [node]
        while (before := int(tree.before[nodes[-1]])) != self._nodes:
            nodes.append(before)
        chain = np.array(nodes[::-1], np.int64)
        rows = self._rows(tree, chain[:-1], chain[1:])
        edge = self._edge[rows]
        length = self._network.edge_length_m[edge]
        ends = np.where(self._turned[rows], [length, 0.0 * length], [0.0 * length, length])
        onward = map(Leg, edge.tolist(), *ends.tolist())
        return [self._begin(tree, nodes[-1]), *onward]

    def times_s(self, tree: Tree) -> Floats:
        """Return the times of the cheapest ways, shape (n,); inf where no way leads."""
        root = self._nodes
        reached = np.flatnonzero(np.isfinite(tree.cost))
        before = np.full(root + 1, root)
        before[reached] = tree.before[reached]
        time_s = np.zeros(root + 1)
        inner = reached[before[reached] != root]
        rows = self._rows(tree, before[inner], inner)
        time_s[inner] = (self._back_s if tree.backward else self._there_s)[rows]
        for node in reached[before[reached] == root].tolist():
            leg = self._begin(tree, node)
            time_s[node] = self._clock.legs_s([_turned(leg) if tree.backward else leg])
        # Pointer jumping: each round adds the time of a stretch of way twice as long.
        while (before != root).any():
            time_s += time_s[before]
            before = before[before]
        time_s[:-1][np.isinf(tree.cost)] = np.inf
        return time_s[:-1]

    def _begin(self, tree: Tree, node: int) -> Leg:
        """Return the cheapest leg between the start and a node, leading to the node."""
        ends = [leg for end, leg in self._ends(tree.start) if end == node]
        return min(
            ends,
            key=lambda leg: (
                self.cost(_turned(leg) if tree.backward else leg, tree.penalties),
                leg,
            ),
        )

    def _rows(self, tree: Tree, tail: Ints, head: Ints) -> Ints:
        """Return the rows of the cheapest streets between pairs of nodes."""
        link = np.searchsorted(self._key, tail * self._nodes + head)
        rows = self._first[link]
        for at in np.flatnonzero(self._streets[link] > 1).tolist():
            first = int(rows[at])
            last = first + int(self._streets[link[at]])
            rows[at] = first + int(np.argmin(tree.street_cost[first:last]))
        return rows

    def cost(self, leg: Leg, penalties: Penalties) -> float:
        """Return the cost of a leg, in seconds."""
        factor = AGAIN_FACTOR if penalties.again[leg.edge] else 1.0
        cost = float(self._plain([leg], penalties)[0])
        if leg.edge in penalties.keep_off:
            cost += (KEEP_OFF_FACTOR - 1.0) * float(self._plain([penalties.on(leg)], penalties)[0])
        return factor * cost

    def _plain(self, legs: Sequence[Leg], penalties: Penalties) -> Floats:
        """Return the costs of legs without penalties."""
        edge, start_m, stop_m = columns(legs)
        time_s = pleasant = self._clock.seconds(edge, start_m, stop_m)
        if penalties.comfort:
            pleasant = self._comfort.seconds(edge, start_m, stop_m)
        return _mixed(time_s, pleasant, penalties.comfort)

    def _ends(self, at: Position) -> list[tuple[int, Leg]]:
        """Return either node of the edge of a point, with the leg from the point to it."""
        network = self._network
        return [
            (int(network.edge_u[at.edge]), Leg(at.edge, at.offset_m, 0.0)),
            (
                int(network.edge_v[at.edge]),
                Leg(at.edge, at.offset_m, float(network.edge_length_m[at.edge])),
            ),
        ]


def _both_ways(scale: Clock | Comfort, order: Ints) -> tuple[Floats, Floats]:
    """Return the cost of each street in ``order``, onward and back."""
    return (
        np.concatenate([scale.ahead_s, scale.back_s])[order],
        np.concatenate([scale.back_s, scale.ahead_s])[order],
    )


def _mixed(time_s: Floats, pleasant: Floats, comfort: float) -> Floats:
    return np.asarray((1.0 - comfort) * time_s + comfort * pleasant) if comfort else time_s


def _turned(leg: Leg) -> Leg:
    return Leg(leg.edge, leg.stop_m, leg.start_m)
