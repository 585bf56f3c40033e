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

#: Sharpest turn that is straight ahead, degrees.
STRAIGHT_TURN_DEG = 30.0
#: Sharpest turn round which a name is followed, degrees.
NAMED_TURN_DEG = 120.0
#: Length that gives the direction of a street at a junction, m: less is mapping noise.
DIRECTION_OVER_M = 10.0
#: Most pieces of street in that length, should some have none.
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
    met, first = _ends_at_nodes(node, len(network.node_id))
    degree = np.diff(first)
    one, other = _pairs(node, met[among[met >> 1]])
    two = first[:-1][degree == 2]
    turn = _turn_deg(_bearing(network, node, met[two], met[two + 1]), one, other)
    name = _name_codes(network)
    same_name = (name[one // 2] == name[other // 2]) & (name[one // 2] >= 0)
    only_way = degree[node[one]] == 2
    allowed = only_way | (turn <= STRAIGHT_TURN_DEG) | (same_name & (turn <= NAMED_TURN_DEG))
    allowed &= turn <= sharpest_deg
    choices = np.bincount(np.concatenate([one[allowed], other[allowed]]), minlength=ends)
    sole = allowed & (choices[one] == 1) & (choices[other] == 1)
    partner = np.full(ends, -1)
    partner[one[sole]], partner[other[sole]] = other[sole], one[sole]
    row = np.flatnonzero(allowed & ~sole)  # few: most ends have no choice
    row = row[np.lexsort((other[row], one[row], np.round(turn[row], 3), ~same_name[row]))]
    _match(partner, one[row], other[row])
    return partner


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
    ends = np.flatnonzero(opened)
    size = np.bincount(begin[ends], minlength=len(begin))
    first = np.cumsum(size) - size
    entered = np.empty_like(ends)  # the ends by which edges are entered
    entered[first[begin[ends]] + passed[ends]] = ends
    starts = first[size > 0]
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


def _ends_at_nodes(node: Ints, count: int) -> tuple[Ints, Ints]:
    """Return all ends, given the node of each, in the order of nodes, and where each's begin."""
    from scipy.sparse import csr_array

    ends = np.arange(len(node))
    # Seven times as fast as sorting: the nodes are numbered.
    table = csr_array((ends, (node, ends)), shape=(count, len(node)))
    return table.data, table.indptr


def _pairs(node: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return every pair of some ends, in the order of nodes, that meet: the lower end first."""
    at = node[ends]
    ones, others = [ends[:0]], [ends[:0]]
    row, apart = np.arange(len(ends)), 0
    while len(row):
        apart += 1
        row = row[row < len(ends) - apart]
        row = row[at[row] == at[row + apart]]
        ones.append(ends[row])
        others.append(ends[row + apart])
    return np.concatenate(ones), np.concatenate(others)


def _bearing(network: StreetNetwork, node: Ints, one: Ints, other: Ints) -> Floats:
    """Return the direction in which the street at each end leaves its node: (2 m,), radians.

    An edge that is too short is followed into the next where only those two meet: it says nothing
    that a mapper cut the street in two there.
    """
    at, left = np.arange(len(node)), np.full(len(node), DIRECTION_OVER_M)
    onward = np.full(len(node), -1)
    onward[one], onward[other] = other, one
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
    # From there the drawing is followed, point by point.
    edge, backward = at >> 1, at & 1
    point = network.point_x_m + 1j * network.point_y_m
    here = network.point_offset[edge + backward] - backward
    last = network.point_offset[edge + 1 - backward] - 1 + backward
    step = 1 - 2 * backward
    piece = np.empty(len(node))
    short = np.arange(len(node))
    while len(short):
        begun = here[short]
        reached = begun + step[short]
        piece[short] = length = np.abs(point[reached] - point[begun])
        further = (left[short] > length) & (reached != last[short])
        short = short[further]
        left[short] -= length[further]
        here[short] = reached[further]
    share = np.minimum(left, piece) / np.where(piece > 0, piece, np.inf)
    spot = point[here] + share * (point[here + step] - point[here])
    return np.asarray(np.angle(spot - (network.node_x_m + 1j * network.node_y_m)[node]))


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


def _match(partner: Ints, one: Ints, other: Ints) -> None:
    """Pair ends greedily in the order given: a pair is made when it is the best for both."""
    while len(one):
        rank = np.arange(len(one))
        best = np.full(len(partner), len(one))
        np.minimum.at(best, one, rank)
        np.minimum.at(best, other, rank)
        mutual = (best[one] == rank) & (best[other] == rank)
        partner[one[mutual]], partner[other[mutual]] = other[mutual], one[mutual]
        left = (partner[one] < 0) & (partner[other] < 0)
        one, other = one[left], other[left]
