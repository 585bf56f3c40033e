"""Long gradual hills: ways that rise steadily from foot to top and may turn at junctions.

An ascent runs no street twice, falls no more than ``max(2 m, a tenth of its rise)`` in all, and is
steady: nowhere is it more than ``STRIP_M`` of way ahead of or behind an even ramp from its foot to
its top, and any ``PART_M`` of it rise at ``PART_SHARE`` of its mean or more. How steady it is in
all is ``(mean grade)^2 / mean(grade^2)`` along it: 1 for a ramp, less for every flat and every
steep part (Cauchy and Schwarz). Of several ways the one with the greatest
``gain^2 / length * steadiness`` is taken, as of short hills, but that each turn counts as so much
level street.

Heights are a potential: what a way rises depends on its ends alone. For a grade ``g`` that is
aimed at, ``gain^2 / length * steadiness`` is, but for what is small of second order, minus the
integral of ``slope^2 - 2 g slope``. That adds up piece by piece, whatever the foot, so that one
sweep over lengths serves all feet at once. It keeps one way for each piece, aim and ``BIN_M`` of
length: on small networks its best is within 3 % of the best of all ways.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from hillfinder import climbs as climbing
from hillfinder.elevation import doubt
from hillfinder.errors import HeightsError
from hillfinder.model import Leg
from hillfinder.ranking import Names
from hillfinder.streets.strokes import continuations
from hillfinder.windows import DIP_M, DIP_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hillfinder.criteria import Criteria
    from hillfinder.model import Bools, Climb, Floats, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork

#: So far a way may be ahead of or behind its even ramp, in metres of way.
STRIP_M = 300.0
#: No part of such a length rises at less than this share of the mean.
PART_M, PART_SHARE = 400.0, 0.25
#: A turn has to be remembered: it counts as so many metres of level street.
TURN_M = 60.0
#: Feet and tops lie at junctions, and at samples so far apart on longer streets.
PIECE_M = 100.0
#: Of the ways that end with a piece one is kept for so many metres of length.
BIN_M = 100.0
#: Grades aimed at grow by this factor from the least asked for to the greatest.
AIM_FACTOR = 1.25
#: Ways with so much in common, as a share of the shorter, are one hill.
SAME_SHARE = 0.5


class Feet(NamedTuple):
    """Points of the network: shape (k,) each."""

    foot_edge: Ints
    foot_offset_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ascents:
    """Long climbs, as arrays, best first: row ``i`` becomes a ``Climb`` by ``ascents[i]``.

    Attributes:
        network: where they lie.
        legs: the way of each, foot first.
        foot_edge, foot_offset_m: shape (k,), where each begins.
        length_m, grade, grade_sigma: shape (k,); the grade is what can be claimed.
        steadiness: shape (k,), 1 for an even ramp.
        turns: shape (k,), how often it leaves a street that goes on.
    """

    network: StreetNetwork
    legs: tuple[tuple[Leg, ...], ...]
    foot_edge: Ints
    foot_offset_m: Floats
    length_m: Floats
    grade: Floats
    grade_sigma: Floats
    steadiness: Floats
    turns: Ints

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.legs)

    def __iter__(self) -> Iterator[Climb]:
        """Yield every one as a record."""
        return (self[i] for i in range(len(self)))

    def __getitem__(self, row: int) -> Climb:
        """Return one as a record."""
        grade, sigma = float(self.grade[row]), float(self.grade_sigma[row])
        return climbing.climb(self.network, self.legs[row], grade, sigma)


def find(
    network: StreetNetwork,
    criteria: Criteria,
    times_s: Callable[[Feet], Floats] | None = None,
) -> Ascents:
    """Return the long hills of a network, one row for each, best first.

    Args:
        network: streets with profiles.
        criteria: lengths and mean grades.
        times_s: how long it takes to some points; only feet within the warm-up are looked at.
            ``None``: all are.

    Raises:
        HeightsError: the network carries no heights yet.
    """
    if network.profiles is None:
        msg = "The network carries no heights: attach an elevation model to it first."
        raise HeightsError(msg)
    pieces = _cut(network, network.profiles)
    begin = np.ones(len(pieces.edge), bool)
    if times_s is not None:
        begin = times_s(Feet(pieces.edge, pieces.start_m)) <= 60.0 * criteria.warmup_min[1]
    return _records(network, pieces, _distinct(pieces, _sweep(pieces, begin, criteria), criteria))


def misses(network: StreetNetwork, criteria: Criteria) -> tuple[str, ...]:
    """Return in plain words what comes nearest to a long hill where none is in reach.

    Looked for are those too far away, shorter ones, and steeper ones.
    """
    (shortest, longest), (least, most) = criteria.length_range_m, criteria.grade_range
    asked = f"{shortest:g} to {longest:g} m of {100 * least:g} to {100 * most:g} %"
    shorter = replace(criteria, length_m=(max(20.0, shortest / 3), shortest))
    steeper = replace(criteria, min_grade=most, max_grade=min(2 * most, 0.99))
    names = Names(network)
    words = []
    for looser, lacks in (
        (criteria, "is too far away"),
        (shorter, "is too short"),
        (steeper, "is too steep"),
    ):
        found = find(network, looser)
        if len(found):
            words.append(
                f"{names.label(found[0])} rises {100 * found.grade[0]:.1f} % over "
                f"{found.length_m[0]:.0f} m, but {lacks} ({asked} were asked for)."
            )
    return tuple(words)


class _Pieces(NamedTuple):
    """Pieces of edges in the direction of travel: ``i`` and ``i ^ 1`` are one, there and back.

    Attributes:
        edge, start_m, stop_m: where each lies.
        length_m, rise_m, low_z: its length, its rise, the height where it begins.
        squares: the integral of the slope's square along it.
        fall_m: what is descended on it, rises not set off.
        offset, next, turn: what may follow ``i`` is ``next[offset[i]:offset[i + 1]]``; whether
            that leaves a street that goes on.
        sample: the first sample of its profile.
        size: how many samples after that, negative where it runs against them.
    """

    edge: Ints
    start_m: Floats
    stop_m: Floats
    length_m: Floats
    rise_m: Floats
    low_z: Floats
    squares: Floats
    fall_m: Floats
    offset: Ints
    next: Ints
    turn: Bools
    sample: Ints
    size: Ints


def _cut(network: StreetNetwork, profiles: Profiles) -> _Pieces:
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
    return _Pieces(
        edge=edge[first],
        start_m=s[first],
        stop_m=s[last],
        length_m=np.abs(s[last] - s[first]),
        rise_m=z[last] - z[first],
        low_z=z[first],
        squares=np.repeat(there["squares"], 2),
        fall_m=np.column_stack([there["falls"], there["rises"]]).ravel(),
        offset=offset,
        next=following,
        turn=turn,
        sample=first,
        size=last - first,
    )


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
    """The best way so far to the end of each piece, for each aim and bin of length, flat arrays."""

    def __init__(self, count: int) -> None:
        self.cost = np.full(count, np.inf)
        self.length_m = np.zeros(count)
        self.foot_z = np.zeros(count)
        self.before = np.full(count, -1)

    def improve(self, at: Ints, values: tuple[Floats, Floats, Floats, Ints]) -> Ints:
        """Take what is cheaper than what is there, the first of equals; return where that is."""
        cost = values[0]
        better = np.flatnonzero(cost < self.cost[at] - 1e-12)
        better = better[np.lexsort((values[3][better], cost[better], at[better]))]
        fresh = np.ones(len(better), bool)
        fresh[1:] = at[better][1:] != at[better][:-1]
        better = better[fresh]
        at = at[better]
        for mine, value in zip(
            (self.cost, self.length_m, self.foot_z, self.before), values, strict=True
        ):
            mine[at] = value[better]
        return at


def _sweep(pieces: _Pieces, begin: Bools, criteria: Criteria) -> list[list[int]]:
    """Return ways worth a look."""
    least, most = criteria.grade_range
    if len(pieces.edge) == 0:
        return []
    steps = np.arange(np.floor(np.log(most / least) / np.log(AIM_FACTOR) + 1e-9) + 1)
    aims = (least * AIM_FACTOR**steps).tolist()
    return [way for aim in aims for way in _aimed(pieces, begin, aim, criteria)]


def _aimed(pieces: _Pieces, begin: Bools, aim: float, criteria: Criteria) -> list[list[int]]:
    """Return ways of about one grade: for each piece the steadiest that end with it."""
    (shortest, longest), (least, most) = criteria.length_range_m, criteria.grade_range
    count = len(pieces.edge)
    # slope^2 - 2 aim slope along each piece: what a way costs, less than nothing while it is even.
    costs = pieces.squares - 2 * aim * pieces.rise_m
    high_z = pieces.low_z + pieces.rise_m
    bins = int(longest // BIN_M) + 1
    labels = _Labels(bins * count)

    def reach(piece: Ints, cost: Floats, length: Floats, foot_z: Floats, before: Ints) -> Ints:
        ahead = (high_z[piece] - foot_z) / aim - length
        kept = (length <= longest) & (np.abs(ahead) <= STRIP_M)
        at = (length // BIN_M).astype(np.int64) * count + piece
        return labels.improve(at[kept], (cost[kept], length[kept], foot_z[kept], before[kept]))

    feet = np.flatnonzero(begin)
    reach(feet, costs[feet], pieces.length_m[feet], pieces.low_z[feet], np.full(len(feet), -1))
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
            reached = reach(after, cost, length, labels.foot_z[label], label)
            now = reached[reached // count == this]
    ends = np.flatnonzero(np.isfinite(labels.cost) & (labels.length_m >= shortest))
    piece, length = ends % count, labels.length_m[ends]
    gain = high_z[piece] - labels.foot_z[ends]
    fits = (gain >= least * length) & (gain <= most * length)
    squares = np.maximum(labels.cost[ends] + 2 * aim * gain, 1e-12)
    score = np.where(fits, gain**4 / (length**2 * squares), 0.0)
    order = np.lexsort((ends, -np.round(score, 6), piece))
    order = order[fits[order]]
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


class _Ascent(NamedTuple):
    """One way, measured."""

    score: float
    way: tuple[int, ...]
    steadiness: float
    turns: int


def _measure(pieces: _Pieces, way: list[int], criteria: Criteria) -> _Ascent | None:
    """Return what a way is worth, or nothing where it is no ascent."""
    (shortest, longest), (least, most) = criteria.length_range_m, criteria.grade_range
    at = np.array(way)
    length = np.cumsum(pieces.length_m[at])
    rise = np.cumsum(pieces.rise_m[at])
    whole, gain = float(length[-1]), float(rise[-1])
    grade = gain / whole
    if not (
        len({piece // 2 for piece in way}) == len(way)
        and shortest <= whole <= longest
        and least <= grade <= most
        and pieces.fall_m[at].sum() <= max(DIP_M, DIP_SHARE * gain)
        and np.abs(rise / grade - length).max() <= STRIP_M
        and _least_part(length, rise) >= PART_SHARE * grade
    ):
        return None
    squares = float(pieces.squares[at].sum())
    turns = sum(_turns(pieces, one, two) for one, two in itertools.pairwise(way))
    score = gain**4 / (whole**2 * (squares + TURN_M * turns * grade**2))
    return _Ascent(score, tuple(way), gain**2 / (whole * squares), turns)


def _least_part(length: Floats, rise: Floats) -> float:
    """Return the least grade of any ``PART_M`` that begin or end with a piece."""
    s, z = np.append(0.0, length), np.append(0.0, rise)
    part = min(PART_M, float(s[-1]))
    low = np.clip(np.concatenate([s, s - part]), 0.0, s[-1] - part)
    return float((np.interp(low + part, s, z) - np.interp(low, s, z)).min() / part)


def _turns(pieces: _Pieces, one: int, two: int) -> int:
    """Return 1 where going from one piece to the next leaves a street that goes on, else 0."""
    low, high = pieces.offset[one], pieces.offset[one + 1]
    return int(pieces.turn[low + int(np.argmax(pieces.next[low:high] == two))])


def _distinct(pieces: _Pieces, ways: list[list[int]], criteria: Criteria) -> list[_Ascent]:
    """Return the best ascents that are hills of their own, best first."""
    found = [one for one in (_measure(pieces, way, criteria) for way in ways) if one is not None]
    found.sort(key=lambda one: (-round(one.score, 6), one.way))
    kept: list[_Ascent] = []
    streets: list[set[int]] = []
    for one in found:
        mine = {piece // 2 for piece in one.way}
        if all(_shared(pieces, mine, other) < SAME_SHARE for other in streets):
            kept.append(one)
            streets.append(mine)
    return kept


def _shared(pieces: _Pieces, one: set[int], other: set[int]) -> float:
    """Return how much two ways have in common, as a share of the shorter."""
    common, *both = (
        sum(pieces.length_m[2 * piece] for piece in part) for part in (one & other, one, other)
    )
    return float(common / min(both))


def _records(network: StreetNetwork, pieces: _Pieces, found: list[_Ascent]) -> Ascents:
    """Return ascents as arrays, with what can be claimed of their grades."""
    profiles = cast("Profiles", network.profiles)
    foot = np.array([one.way[0] for one in found], np.int64)
    top = np.array([one.way[-1] for one in found], np.int64)
    length = np.array([pieces.length_m[list(one.way)].sum() for one in found])
    read = np.array([pieces.rise_m[list(one.way)].sum() for one in found]) / length
    last = pieces.sample[top] + pieces.size[top]
    sigma = doubt.rise_sigma_m(
        length, profiles.sigma_m[pieces.sample[foot]], profiles.sigma_m[last], profiles.blur
    )
    grade, sigma = doubt.claim(read, sigma / length, doubt.USUAL_TAIL)
    return Ascents(
        network=network,
        legs=tuple(_legs(pieces, one.way) for one in found),
        foot_edge=pieces.edge[foot],
        foot_offset_m=pieces.start_m[foot],
        length_m=length,
        grade=grade,
        grade_sigma=sigma,
        steadiness=np.array([one.steadiness for one in found]),
        turns=np.array([one.turns for one in found], np.int64),
    )


def _legs(pieces: _Pieces, way: tuple[int, ...]) -> tuple[Leg, ...]:
    """Return a way as legs, pieces of one edge put together."""
    legs: list[Leg] = []
    for piece in way:
        edge = int(pieces.edge[piece])
        start, stop = float(pieces.start_m[piece]), float(pieces.stop_m[piece])
        if legs and legs[-1].edge == edge and legs[-1].stop_m == start:
            start = legs.pop().start_m
        legs.append(Leg(edge, start, stop))
    return tuple(legs)
