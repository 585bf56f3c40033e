"""Where a street carries on through a junction, and the lines that come of it.

A stroke is a line through the network that a person follows without turning off: along the same
name, or else straight ahead. The term and the idea of pairing edges at junctions are those of
Thomson and Richardson (1999), "The 'good continuation' principle of perceptual organization
applied to the generalization of road networks".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.network import StreetNetwork

#: Straight ahead is a turn of up to so many degrees; a name is followed round a sharper one.
STRAIGHT_TURN_DEG = 30.0
NAMED_TURN_DEG = 120.0
#: The direction of a street at a junction is that of its first 10 m: less is mapping noise.
DIRECTION_OVER_M = 10.0
#: It is put together of so many pieces at most, should they be of no length at all.
MOST_PIECES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Lines through the network: stroke ``i`` is ``offset[i]:offset[i + 1]`` of the rest.

    Attributes:
        offset: shape (k + 1,).
        edge: shape (e,), edges in the order they are passed.
        forward: shape (e,), whether the edge is passed from its ``u`` to its ``v``.
        closed: shape (k,), the line ends where it began.
    """

    offset: Ints
    edge: Ints
    forward: Bools
    closed: Bools


def continuations(network: StreetNetwork, among: Bools, sharpest_deg: float = 180.0) -> Ints:
    """Pair the ends of edges that carry on into each other.

    An end is ``2 * edge`` at the edge's ``u``, ``2 * edge + 1`` at its ``v``. At a junction the
    ends of one name are paired first, then those that lie straight ahead of each other, the
    straightest first; where only two edges meet at all there is nothing to turn off into, and they
    are paired whatever the turn. Every end has one partner at most, so that the pairs of a
    network string its edges into lines.

    Args:
        network: the streets, m edges.
        among: shape (m,), the edges that may be paired.
        sharpest_deg: no pair turns more than this, not even where there is no other way.

    Returns:
        Shape (2 m,), the partner of each end, or -1.
    """
    ends = 2 * len(network)
    node = np.empty(ends, np.int64)
    node[0::2], node[1::2] = network.edge_u, network.edge_v
    degree = np.bincount(node, minlength=len(network.node_id))
    one, other = _pairs_at_nodes(node, np.repeat(among, 2))
    turn = _turn_deg(_bearing(network, node, degree), one, other)
    name = _name_codes(network)
    same_name = (name[one // 2] == name[other // 2]) & (name[one // 2] >= 0)
    only_way = degree[node[one]] == 2
    allowed = only_way | (turn <= STRAIGHT_TURN_DEG) | (same_name & (turn <= NAMED_TURN_DEG))
    allowed &= turn <= sharpest_deg
    one, other, turn = one[allowed], other[allowed], turn[allowed]
    order = np.lexsort((other, one, np.round(turn, 3), ~same_name[allowed]))
    return _match(one[order], other[order], ends)


def trace(partner: Ints, among: Bools, height: Floats, edge_u: Ints, edge_v: Ints) -> Strokes:
    """String the edges ``among`` into lines by the pairs of ``continuations``.

    A line that closes on itself is cut at its lowest junction, where no climb passes through.

    Args:
        partner: shape (2 m,), from ``continuations``.
        among: shape (m,), the edges wanted.
        height: shape (n,), of the nodes, NaN where unknown.
        edge_u: shape (m,), the nodes where the edges begin.
        edge_v: shape (m,), the nodes where they end.
    """
    begin, passed, ringed = _run_back(partner)
    # A line is run from the lower of the ends where it begins, one way and the other.
    opened = np.repeat(among, 2) & (begin < begin[np.arange(len(begin)) ^ 1])
    opened[ringed] = False
    entered = np.flatnonzero(opened)  # the ends by which edges are entered
    entered = entered[np.argsort(begin[entered] * len(begin) + passed[entered])]
    starts = np.flatnonzero(passed[entered] == 0)
    low = np.where(np.isnan(height), np.inf, height)
    rings: list[Ints] = []
    seen: set[int] = set()
    for end in ringed[ringed & 1 == 0].tolist():
        if end >> 1 not in seen:
            ring = np.array(_ring(partner, end))
            seen.update((ring >> 1).tolist())
            at = np.where(ring & 1, edge_v[ring >> 1], edge_u[ring >> 1])
            rings.append(np.roll(ring, -int(np.argmin(low[at]))))
    offset = np.concatenate([starts, len(entered) + np.cumsum([0, *map(len, rings)])])
    entered = np.concatenate([entered, *rings])
    return Strokes(
        offset,
        entered >> 1,
        entered & 1 == 0,
        np.arange(len(offset) - 1) >= len(starts),
    )


def _run_back(partner: Ints) -> tuple[Ints, Ints, Ints]:
    """Run back along its line from each end, as from where its edge is entered.

    Returns:
        The end where the line begins, how many edges lie before, and the ends whose line is a
        ring, of which the rest says nothing.
    """
    begin, passed = np.arange(len(partner)), np.zeros(len(partner), np.int64)
    rows = np.flatnonzero(partner >= 0)
    begin[rows], passed[rows] = partner[rows] ^ 1, 1
    on_way = -1
    # Each time twice as far as before, until none is left that comes to where it began.
    while on_way != len(rows):
        on_way = len(rows)
        rows = rows[partner[begin[rows]] >= 0]
        before = begin[rows]
        begin[rows], passed[rows] = begin[before], passed[rows] + passed[before]
    return begin, passed, rows


def _ring(partner: Ints, end: int) -> list[int]:
    """Return the ends by which the edges of a ring are entered, from one of them on."""
    ring = [end]
    while (onward := int(partner[ring[-1] ^ 1])) != end:
        ring.append(onward)
    return ring


def _pairs_at_nodes(node: Ints, wanted: Bools) -> tuple[Ints, Ints]:
    """Return every pair of wanted ends that meet at a node, the lower end first."""
    ends = np.flatnonzero(wanted)
    # By node, then by end: as one number, which sorts faster than two.
    bits = len(node).bit_length()
    both = np.sort(node[ends] << bits | ends)
    at, ends = both >> bits, both & ((1 << bits) - 1)
    ones, others = [], []
    row, apart = np.arange(len(ends)), 0
    while len(row):
        apart += 1
        row = row[row < len(ends) - apart]
        row = row[at[row] == at[row + apart]]
        ones.append(ends[row])
        others.append(ends[row + apart])
    if not ones:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.concatenate(ones), np.concatenate(others)


def _bearing(network: StreetNetwork, node: Ints, degree: Ints) -> Floats:
    """Return the direction in which the street at each end leaves its node: (2 m,), radians.

    An edge that is too short is followed into the next where only those two meet: it says nothing
    that a mapper cut the street in two there.
    """
    first, last = network.point_offset[:-1], network.point_offset[1:] - 1
    step = np.hypot(np.diff(network.point_x_m), np.diff(network.point_y_m))
    # Lines are laid one metre apart on one axis, so that one interpolation serves them all.
    step[first[1:] - 1] = 1.0
    axis = np.concatenate([[0.0], np.cumsum(step)])
    at, left = np.arange(len(node)), np.full(len(node), DIRECTION_OVER_M)
    onward = _met_alone(node, degree)
    short = np.arange(len(node))
    for _ in range(MOST_PIECES):
        length = network.edge_length_m[at[short] >> 1]
        on = onward[at[short] ^ 1]
        further = (left[short] > length) & (on >= 0)
        short = short[further]
        if len(short) == 0:
            break
        left[short] -= length[further]
        at[short] = on[further]
    edge, backward = at // 2, at % 2 == 1
    left = np.minimum(left, network.edge_length_m[edge])
    spot = np.where(backward, axis[last[edge]] - left, axis[first[edge]] + left)
    dx = np.interp(spot, axis, network.point_x_m) - network.node_x_m[node]
    dy = np.interp(spot, axis, network.point_y_m) - network.node_y_m[node]
    return np.asarray(np.arctan2(dy, dx))


def _met_alone(node: Ints, degree: Ints) -> Ints:
    """Return for each end the other one at a node where only these two meet, or -1."""
    ends = np.flatnonzero(degree[node] == 2)
    one, other = ends[np.argsort(node[ends], kind="stable")].reshape(-1, 2).T
    alone = np.full(len(node), -1)
    alone[one], alone[other] = other, one
    return alone


def _turn_deg(bearing: Floats, one: Ints, other: Ints) -> Floats:
    """Return by how much a person turns who arrives by ``one`` and leaves by ``other``."""
    between = np.abs(np.degrees(bearing[one] - bearing[other])) % 360
    return np.asarray(180 - np.minimum(between, 360 - between))


def _name_codes(network: StreetNetwork) -> Ints:
    """Return a number for each edge's name, -1 where it has none."""
    said = network.ways.said
    codes: dict[str, int] = {}
    every = [-1 if name is None else codes.setdefault(name, len(codes)) for name in said.names]
    return np.array(every, np.int64)[said.name[network.edge_way]]


def _match(one: Ints, other: Ints, ends: int) -> Ints:
    """Pair ends greedily in the order given: a pair is made when it is the best for both."""
    partner = np.full(ends, -1, np.int64)
    while len(one):
        rank = np.arange(len(one))
        best = np.full(ends, len(one))
        np.minimum.at(best, one, rank)
        np.minimum.at(best, other, rank)
        mutual = (best[one] == rank) & (best[other] == rank)
        partner[one[mutual]], partner[other[mutual]] = other[mutual], one[mutual]
        left = (partner[one] < 0) & (partner[other] < 0)
        one, other = one[left], other[left]
    return partner
