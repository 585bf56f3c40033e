"""Steady ways up through the streets: one search over lengths serves all feet at once.

Heights are a potential: the rise of a way depends on its ends alone. For an aim, a grade ``g``, the
unevenness of a way is the integral of ``(slope - g)^2``. Less ``g^2`` times its length, that is the
integral of ``slope^2 - 2 g slope``, which adds up piece by piece, whatever the foot. A turn or bad
ground costs ``g^2`` times some metres, as level street would. Pieces far steeper than the aim cost
more than that, since few of them are allowed. The search keeps the cheapest way for each piece, aim
and ``BIN_M`` of length.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.climbs.windows import DIP_M, DIP_SHARE
from hillfinder.streets.geometry.strokes import continuations
from hillfinder.streets.tags import quality
from hillfinder.streets.tags.roads import ROAD_KEYS
from hillfinder.streets.tags.surfaces import SURFACE_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork

#: Greatest distance of a way ahead of or behind its even ramp, m along the way.
STRIP_M = 300.0
#: Cost of a turn, which has to be remembered, m of level street.
TURN_M = 60.0
#: Cost of a metre on the worst surface, m of level street.
GROUND = 1.0
#: Cost of a metre in the worst traffic, m of level street.
TRAFFIC = 0.5
#: Grade from which a piece is too steep, in times the aim.
STEEP = 1.4
#: Cost factor of the grade beyond that.
BITTER = 10.0
#: Power of its length by which the longer of two ways as even is better.
LONGER = 0.25
#: Cost of a foot beyond the warm-up, more than any way's: all others come first.
FAR = 1e3
#: Distance between feet or tops on a street, m; there is one at each junction as well.
PIECE_M = 100.0
#: Length from which a piece that is too steep for a hill is left out at once, m.
LONG_PIECE_M = 80.0
#: Range of lengths in which one way is kept of those that end with a piece, m.
BIN_M = 100.0
#: Ratio of each aim to the one before, from the least grade asked for to the greatest.
AIM_FACTOR = 1.25


class Pieces(NamedTuple):
    """Pieces of edges in the direction of travel: ``i`` and ``i ^ 1`` are one, there and back.

    Attributes:
        edge, start_m, stop_m: where each lies.
        length_m, rise_m, low_z: its length, its rise, the height where it begins.
        squares: the integral of the slope's square along it.
        fall_m: its descent, rises not set off.
        level_m: cost of its ground, m of level street.
        offset, next, turn: what may follow ``i`` is ``next[offset[i]:offset[i + 1]]``; whether
            that leaves a street that goes on.
        sample: the first sample of its profile.
        size: number of samples after that, negative where it runs against them.
    """

    edge: Ints
    start_m: Floats
    stop_m: Floats
    length_m: Floats
    rise_m: Floats
    low_z: Floats
    squares: Floats
    fall_m: Floats
    level_m: Floats
    offset: Ints
    next: Ints
    turn: Bools
    sample: Ints
    size: Ints

    def turns(self, way: Sequence[int]) -> int:
        """Return the number of times that a way leaves a street that goes on."""
        return sum(self._turn(one, two) for one, two in itertools.pairwise(way))

    def _turn(self, one: int, two: int) -> int:
        low, high = self.offset[one], self.offset[one + 1]
        return int(self.turn[low + int(np.argmax(self.next[low:high] == two))])


def cut(network: StreetNetwork, profiles: Profiles) -> Pieces:
    """Cut the edges that may be hills at samples into pieces, and say what follows what."""
    samples = np.diff(profiles.offset)
    edge = np.repeat(np.arange(len(network)), samples)
    known = profiles.trusted & ~np.isnan(profiles.elevation_m)
    doubtful = np.concatenate([[0], np.cumsum(~known)])
    parts = np.ceil(network.edge_length_m / PIECE_M).astype(np.int64)
    share = profiles.distance_m * (parts / network.edge_length_m)[edge]
    # A piece ends with the first sample that reaches its share of the edge.
    reached = np.floor(share + 1e-9)
    ends = np.ones(len(edge), bool)
    ends[1:] = (reached[1:] > reached[:-1]) | (edge[1:] != edge[:-1])
    ends[profiles.offset[1:] - 1] = True
    at = np.flatnonzero(ends)
    one, two = at[:-1], at[1:]
    may = network.ways.hill[network.edge_way]
    kept = (edge[one] == edge[two]) & may[edge[one]] & (doubtful[two + 1] == doubtful[one])
    one, two = one[kept], two[kept]
    z, s = profiles.elevation_m, profiles.distance_m
    rise, run = np.diff(z), np.diff(s)
    same = edge[1:] == edge[:-1]
    rise = np.where(same & ~np.isnan(rise), rise, 0.0)
    square = np.divide(rise**2, run, out=np.zeros_like(run), where=same & (run > 0))
    total = {
        name: np.concatenate([[0.0], np.cumsum(part)])
        for name, part in (
            ("squares", square),
            ("falls", np.maximum(-rise, 0.0)),
            ("rises", np.maximum(rise, 0.0)),
        )
    }
    there = {name: part[two] - part[one] for name, part in total.items()}
    first, last = _both(one, two), _both(two, one)
    offset, following, turn = _follow(network, profiles, edge, first, last)
    return Pieces(
        edge=edge[first],
        start_m=s[first],
        stop_m=s[last],
        length_m=np.abs(s[last] - s[first]),
        rise_m=z[last] - z[first],
        low_z=z[first],
        squares=np.repeat(there["squares"], 2),
        fall_m=np.column_stack([there["falls"], there["rises"]]).ravel(),
        level_m=np.abs(s[last] - s[first]) * _poor(network)[network.edge_way[edge[first]]],
        offset=offset,
        next=following,
        turn=turn,
        sample=first,
        size=last - first,
    )


def _poor(network: StreetNetwork) -> Floats:
    """Return the cost of a metre of each way's ground, m of level street, shape (w,)."""

    def poor(tags: Mapping[str, str]) -> float:
        surface, traffic = quality.surface(tags).value, quality.traffic(tags).value
        return GROUND * (1.0 - surface) + TRAFFIC * (1.0 - traffic)

    return network.ways.said.rated((*ROAD_KEYS, *SURFACE_KEYS), poor)


def _both(ahead: Ints, back: Ints) -> Ints:
    """Return two columns row by row: there, back, there, back."""
    return np.column_stack([ahead, back]).ravel()


def _follow(
    network: StreetNetwork, profiles: Profiles, edge: Ints, first: Ints, last: Ints
) -> tuple[Ints, Ints, Bools]:
    """Return what may follow each piece, and whether that leaves a street that goes on.

    Args:
        network: the streets.
        profiles: their samples.
        edge: shape (s,), of each sample.
        first: shape (k,), the sample where each piece begins.
        last: shape (k,), the one where it ends.
    """
    # Points are the samples; all those at one junction are one point.
    point = np.arange(len(edge)) + len(network.node_id)
    point[profiles.offset[:-1]] = network.edge_u
    point[profiles.offset[1:] - 1] = network.edge_v
    partner = continuations(network, network.ways.hill[network.edge_way])
    at_v = first < last
    head, tail = point[last], point[first]
    by_tail = np.argsort(tail, kind="stable")
    low, high = (np.searchsorted(tail[by_tail], head, side) for side in ("left", "right"))
    size = high - low
    before = np.repeat(np.arange(len(first)), size)
    step = np.arange(len(before)) - np.repeat(np.cumsum(size) - size, size)
    after = by_tail[np.repeat(low, size) + step]
    kept = after != (before ^ 1)
    before, after = before[kept], after[kept]
    leaving = 2 * edge[last[before]] + at_v[before]
    entering = 2 * edge[first[after]] + ~at_v[after]
    inside = head[before] >= len(network.node_id)
    turn = ~inside & (partner[leaving] != entering)
    offset = np.searchsorted(before, np.arange(len(first) + 1))
    return offset, after, turn


class _Labels:
    """The best way found to the end of each piece, for each aim and bin of length, flat arrays."""

    def __init__(self, count: int) -> None:
        self.cost = np.full(count, np.inf)
        self.length_m = np.zeros(count)
        self.foot_z = np.zeros(count)
        self.fall_m = np.zeros(count)
        self.before = np.full(count, -1)

    def improve(self, at: Ints, values: tuple[Floats, Floats, Floats, Floats, Ints]) -> Ints:
        """Take the ways that are cheaper than those there, the first of equals; return where."""
        cost = values[0]
        better = np.flatnonzero(cost < self.cost[at] - 1e-12)
        better = better[np.lexsort((values[-1][better], cost[better], at[better]))]
        fresh = np.ones(len(better), bool)
        fresh[1:] = at[better][1:] != at[better][:-1]
        better = better[fresh]
        at = at[better]
        mine = (self.cost, self.length_m, self.foot_z, self.fall_m, self.before)
        for column, value in zip(mine, values, strict=True):
            column[at] = value[better]
        return at


def steady_ways(
    pieces: Pieces, far: Bools, criteria: Criteria, steepest: Callable[[float], float]
) -> list[list[int]]:
    """Return ways worth a look, as pieces, foot first.

    Args:
        pieces: the streets.
        far: shape (k,), the pieces that begin a way only where no other does.
        criteria: lengths and mean grades.
        steepest: gives the greatest grade of a long piece on a hill of some mean grade.
    """
    least, most = criteria.grade_range
    if len(pieces.edge) == 0:
        return []
    steps = np.arange(np.floor(np.log(most / least) / np.log(AIM_FACTOR) + 1e-9) + 1)
    return [
        way
        for aim in (least * AIM_FACTOR**steps).tolist()
        for way in _aimed(pieces, far, aim, criteria, steepest(aim * AIM_FACTOR))
    ]


def _aimed(
    pieces: Pieces, far: Bools, aim: float, criteria: Criteria, steepest: float
) -> list[list[int]]:
    """Return ways of about one grade: for each piece the most even that end with it."""
    (shortest, longest), (least, most) = criteria.length_range_m, criteria.grade_range
    count = len(pieces.edge)
    # What a way costs: less than nothing while it is even.
    costs = pieces.squares + aim**2 * pieces.level_m - 2 * aim * pieces.rise_m
    beyond = np.maximum(np.abs(pieces.rise_m) - STEEP * aim * pieces.length_m, 0.0)
    costs += BITTER * beyond**2 / pieces.length_m
    steep = np.abs(pieces.rise_m) > steepest * pieces.length_m
    dips = max(DIP_M, DIP_SHARE * AIM_FACTOR * aim * longest)
    allowed = ~(steep & (pieces.length_m >= LONG_PIECE_M))
    high_z = pieces.low_z + pieces.rise_m
    bins = int(longest // BIN_M) + 1
    labels = _Labels(bins * count)

    def reach(piece: Ints, cost: Floats, length: Floats, fall: Floats, before: Ints) -> Ints:
        foot_z = np.where(before < 0, pieces.low_z[piece], labels.foot_z[before])
        ahead = (high_z[piece] - foot_z) / aim - length
        kept = (length <= longest) & (np.abs(ahead) <= STRIP_M) & allowed[piece] & (fall <= dips)
        at = (length // BIN_M).astype(np.int64) * count + piece
        return labels.improve(
            at[kept], (cost[kept], length[kept], foot_z[kept], fall[kept], before[kept])
        )

    feet, none = np.arange(count), np.full(count, -1)
    reach(feet, costs + FAR * far, pieces.length_m, pieces.fall_m, none)
    size = np.diff(pieces.offset)
    for this in range(bins):
        here = slice(this * count, (this + 1) * count)
        now = np.flatnonzero(np.isfinite(labels.cost[here])) + this * count
        while len(now):
            piece = now % count
            many = size[piece]
            label = np.repeat(now, many)
            step = np.arange(len(label)) - np.repeat(np.cumsum(many) - many, many)
            link = np.repeat(pieces.offset[piece], many) + step
            after = pieces.next[link]
            cost = labels.cost[label] + costs[after] + TURN_M * aim**2 * pieces.turn[link]
            length = labels.length_m[label] + pieces.length_m[after]
            fall = labels.fall_m[label] + pieces.fall_m[after]
            reached = reach(after, cost, length, fall, label)
            now = reached[reached // count == this]
    ends = np.flatnonzero(np.isfinite(labels.cost) & (labels.length_m >= shortest))
    piece, length = ends % count, labels.length_m[ends]
    gain = high_z[piece] - labels.foot_z[ends]
    fits = (gain >= least * length) & (gain <= most * length)
    ends, piece, length, gain = ends[fits], piece[fits], length[fits], gain[fits]
    cost = labels.cost[ends]
    cost = np.where(cost > FAR / 2, cost - FAR, cost)
    even = gain**2 / (length * np.maximum(cost + 2 * aim * gain, 1e-12))
    order = np.lexsort((ends, -np.round(even * length**LONGER, 6), piece))
    _, first = np.unique(piece[order], return_index=True)
    return _traced(labels.before, ends[order[first]], count)


def _traced(before: Ints, ends: Ints, count: int) -> list[list[int]]:
    """Return the pieces of the ways to labels, foot first."""
    columns = []
    now = ends
    while (now >= 0).any():
        columns.append(np.where(now >= 0, now % count, -1))
        now = np.where(now >= 0, before[now], -1)
    if not columns:
        return []
    table = np.column_stack(columns[::-1]).tolist()
    return [[piece for piece in row if piece >= 0] for row in table]
