"""The heart: every climb of the lengths asked for, found completely.

A climb is a stretch that can be run up without turning off. It may begin and end anywhere, carries
on through junctions where its stroke does, dips no deeper than ``max(2 m, a tenth of its rise)``,
and is not flat at either end. Of all such stretches on one slope the one with the greatest
``gain^2 / length`` is taken: the greatest grade alone would always be the shortest stretch allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from hillfinder.climbs.windows import Limits, Line, search
from hillfinder.elevation.profiles import incline_tags, uncertainty
from hillfinder.errors import HeightsError
from hillfinder.model import Climb, Profile
from hillfinder.streets.geometry.polylines import Legs
from hillfinder.streets.geometry.strokes import continuations, trace
from hillfinder.streets.network import NEAR_M, ragged, spacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.model import Bools, Floats, Ints, Leg
    from hillfinder.streets.network import Blur, Profiles, StreetNetwork, Track


@dataclass(frozen=True, slots=True, eq=False)
class Climbs:
    """Climbs of a network, as arrays: row ``i`` becomes a ``Climb`` by ``climbs[i]``.

    Attributes:
        network: where they lie.
        foot_edge, foot_offset_m: shape (k,), where each begins (see ``model.Position``).
        top_edge, top_offset_m: shape (k,), where each ends.
        length_m, gain_m, grade, grade_sigma: shape (k,). The grade is what can be claimed of a
            stretch that was picked for it: less than what was read there (``uncertainty.claim``).
    """

    network: StreetNetwork
    foot_edge: Ints
    foot_offset_m: Floats
    top_edge: Ints
    top_offset_m: Floats
    length_m: Floats
    grade: Floats
    grade_sigma: Floats
    _axes: tuple[_Axis, _Axis]
    _drawn: _Drawn
    _backward: Bools
    _foot: Floats

    @property
    def gain_m(self) -> Floats:
        """Rise of each from foot to top."""
        return self.grade * self.length_m

    def __len__(self) -> int:
        """Return how many climbs there are."""
        return len(self.length_m)

    def __iter__(self) -> Iterator[Climb]:
        """Yield every climb as a record."""
        return (self[i] for i in range(len(self)))

    def __getitem__(self, row: int) -> Climb:
        """Return one climb as a record."""
        grade, sigma = float(self.grade[row]), float(self.grade_sigma[row])
        (legs,) = self.legs(np.array([row])).records()
        return climb(self.network, legs, grade, sigma)

    def legs(self, rows: Ints) -> Legs:
        """Return the pieces of edges that some of the climbs run along."""
        foot, back = self._foot[rows], self._backward[rows]
        top = foot + self.length_m[rows]
        first = self._of(back, lambda axis: axis.leg_at(foot + NEAR_M))
        last = self._of(back, lambda axis: axis.leg_at(top - NEAR_M))
        leg, offset = ragged(first, last + 1)
        climb = np.repeat(np.arange(len(rows)), np.diff(offset))
        foot, top, back = foot[climb], top[climb], back[climb]
        edge = self._of(back, lambda axis: axis.leg_edge[leg])
        begin = self._of(back, lambda axis: axis.leg_start[leg])
        forward = self._of(back, lambda axis: axis.leg_forward[leg])
        length = self.network.edge_length_m[edge]
        start, stop = np.maximum(foot - begin, 0.0), np.minimum(top - begin, length)
        ends = (np.where(forward, end, length - end) for end in (start, stop))
        return Legs(offset, edge, *ends)

    def _of(self, back: Bools, value: Callable[[_Axis], Any]) -> Any:  # noqa: ANN401
        """Return what each has on its own axis, an array."""
        ahead, behind = map(value, self._axes)
        return np.where(back, behind, ahead)

    def points(self, shares: Floats, rows: Ints | slice = slice(None)) -> tuple[Floats, Floats]:
        """Return the projected positions at ``shares`` (0 foot, 1 top) of each: shape (k, p)."""
        at = self._foot[rows, None] + self.length_m[rows, None] * shares
        at[self._backward[rows]] *= -1  # positions on the axis backward are those ahead, mirrored
        s, x, y = self._drawn
        return np.interp(at, s, x), np.interp(at, s, y)


class _Drawn(NamedTuple):
    """Every point of the edges' drawing: its position on the axis ahead, and projected."""

    s: Floats
    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """All strokes of a network laid end to end, a metre apart, in one direction.

    ``leg_*`` has one row for each edge of each stroke, ``line`` and ``sigma`` one for each sample.
    ``usable`` says which samples a climb may touch, ``run`` to which stroke each belongs.
    """

    leg_start: Floats
    leg_edge: Ints
    leg_forward: Bools
    line: Line
    sigma: Floats
    usable: Bools
    run: Ints

    def reversed(self, lengths: Floats) -> _Axis:
        """Return the same axis run the other way."""
        return _Axis(
            leg_start=-(self.leg_start + lengths[self.leg_edge])[::-1],
            leg_edge=self.leg_edge[::-1],
            leg_forward=~self.leg_forward[::-1],
            line=Line(-self.line.s[::-1], self.line.z[::-1]),
            sigma=self.sigma[::-1],
            usable=self.usable[::-1],
            run=self.run.max(initial=0) - self.run[::-1],
        )

    def leg_at(self, s: Floats) -> Ints:
        """Return the leg at positions on the axis."""
        return np.maximum(np.searchsorted(self.leg_start, s, side="right") - 1, 0)

    def positions(self, s: Floats, lengths: Floats, inward: float) -> tuple[Ints, Floats]:
        """Return edge and offset at positions on the axis."""
        leg = self.leg_at(s + inward)
        edge = self.leg_edge[leg]
        along = np.clip(s - self.leg_start[leg], 0.0, lengths[edge])
        return edge, np.where(self.leg_forward[leg], along, lengths[edge] - along)


def climb(network: StreetNetwork, legs: Sequence[Leg], grade: float, grade_sigma: float) -> Climb:
    """Return the way along legs, foot first, as a record, tilted to the grade claimed.

    Args:
        network: the streets.
        legs: the pieces of edges.
        grade: what is claimed of it.
        grade_sigma: its standard deviation.
    """
    track = network.track(legs)
    track = tilted(track, np.array([0, len(track.lon)]), np.array([grade]))
    rows = dict.fromkeys(int(network.edge_way[leg.edge]) for leg in legs)
    every = [network.ways.tags(row) for row in rows]
    keys = dict.fromkeys(key for tags in every for key in tags)
    tags = {key: joined(one[key] for one in every if key in one) for key in keys}
    ids = (way_id for row in rows for way_id in network.ways.ids[row])
    return Climb(
        lon=track.lon,
        lat=track.lat,
        profile=Profile(track.distance_m, track.elevation_m, track.sigma_m),
        legs=tuple(legs),
        way_ids=tuple(dict.fromkeys(ids)),
        name=tags.get("name", ""),
        tags=tags,
        grade_sigma=grade_sigma,
        incline=int(inclines(network, Legs.of([legs]))[0]),
    )


def tilted(lines: Track, offset: Ints, grade: Floats) -> Track:
    """Return lines, end to end, each tilted about its foot to the grade claimed.

    Args:
        lines: the lines.
        offset: shape (k + 1,), where each begins.
        grade: shape (k,).
    """
    first, last = offset[:-1], offset[1:] - 1
    line = np.repeat(np.arange(len(grade)), np.diff(offset))
    passed = lines.distance_m - lines.distance_m[first][line]
    excess = (lines.elevation_m[last] - lines.elevation_m[first]) / passed[last] - grade
    return lines._replace(elevation_m=lines.elevation_m - excess[line] * passed)


def inclines(network: StreetNetwork, legs: Legs) -> Ints:
    """Return what the tag of that name says of ways: 1 they rise, -1 they fall, 0 nothing."""
    mapped = incline_tags.signs(network.ways, network.edge_way[legs.edge])
    rise = np.add.reduceat(mapped * (legs.stop_m - legs.start_m), legs.offset[:-1])
    return np.sign(rise).astype(np.int64)


def joined(values: Iterable[str]) -> str:
    """Return the values of one tag as one: those that differ are joined, as mappers do."""
    return ";".join(dict.fromkeys(values))


class Known(NamedTuple):
    """What was learnt of the streets beforehand, for each edge of a network: shape (m,).

    Attributes:
        tail: how fast steep stretches grow rare there (``rarity``).
        blur: which of ``blurs`` is that of its profile.
        blurs: all that there are.
    """

    tail: Floats
    blur: Ints
    blurs: Sequence[Blur]


def rarity(network: StreetNetwork, length_m: float) -> float:
    """Return how fast stretches of some length grow rare with their grade (``uncertainty.tail``).

    Args:
        network: streets with profiles.
        length_m: the shortest climb looked for.
    """
    return _tail(_lay(network, cast("Profiles", network.profiles)), length_m)


def find(network: StreetNetwork, criteria: Criteria, known: Known | None = None) -> Climbs:
    """Return every climb of a network, one for each slope, in no particular order.

    Args:
        network: streets with profiles.
        criteria: length range, least and greatest grade.
        known: what was learnt beforehand; ``None`` learns from the network itself.

    Raises:
        HeightsError: the network carries no heights yet.
    """
    if network.profiles is None:
        msg = "The network carries no heights: attach an elevation model to it first."
        raise HeightsError(msg)
    limits = _limits(criteria)
    ahead = _lay(network, network.profiles)
    axes = (ahead, ahead.reversed(network.edge_length_m))
    if known is None:
        everywhere = np.full(len(network), _tail(ahead, limits.shortest))
        known = Known(everywhere, np.zeros(len(network), np.int64), [network.profiles.blur])
    parts = [_along(network, axis, limits, known) for axis in axes]
    found = _Found(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return Climbs(
        network=network,
        foot_edge=found.foot_edge,
        foot_offset_m=found.foot_offset_m,
        top_edge=found.top_edge,
        top_offset_m=found.top_offset_m,
        length_m=found.top - found.foot,
        grade=found.grade,
        grade_sigma=found.grade_sigma,
        _axes=axes,
        _drawn=_drawn(network, ahead),
        _backward=np.repeat([False, True], [len(part.foot) for part in parts]),
        _foot=found.foot,
    )


def _limits(criteria: Criteria) -> Limits:
    """Return what a stretch must satisfy; without a greatest grade it may be of any."""
    least, greatest = criteria.grade_range
    return Limits(*criteria.length_range_m, least, greatest if greatest < 1 else np.inf)


class _Found(NamedTuple):
    """Climbs up one axis: where they lie on it and in the network, and what is claimed of them."""

    foot: Floats
    top: Floats
    foot_edge: Ints
    foot_offset_m: Floats
    top_edge: Ints
    top_offset_m: Floats
    grade: Floats
    grade_sigma: Floats


def _along(network: StreetNetwork, axis: _Axis, limits: Limits, known: Known) -> _Found:
    """Search one axis, and keep what still is a hill when no more is claimed than is known."""
    windows = search(axis.line, *_runs(axis.usable, axis.run), limits)
    if len(windows.foot) == 0:
        nothing, none = np.empty(0), np.empty(0, np.int64)
        return _Found(nothing, nothing, none, nothing, none, nothing, nothing, nothing)
    length = windows.top - windows.foot
    foot_m, top_m = (np.interp(at, axis.line.s, axis.sigma) for at in windows[:2])
    foot_edge, foot_offset_m = axis.positions(windows.foot, network.edge_length_m, NEAR_M)
    sigma = np.empty(len(length))
    for row, blur in enumerate(known.blurs):
        here = known.blur[foot_edge] == row
        sigma[here] = uncertainty.rise_sigma_m(length[here], foot_m[here], top_m[here], blur)
    grade, sigma = uncertainty.claim(windows.gain / length, sigma / length, known.tail[foot_edge])
    hills = (grade >= limits.min_grade) & (grade <= limits.max_grade)
    foot, top = windows.foot[hills], windows.top[hills]
    return _Found(
        foot,
        top,
        foot_edge[hills],
        foot_offset_m[hills],
        *axis.positions(top, network.edge_length_m, -NEAR_M),
        grade[hills],
        sigma[hills],
    )


def _tail(axis: _Axis, length_m: float) -> float:
    """Return how fast steep stretches of some length grow rare (``uncertainty.tail``)."""
    s, z = axis.line
    grades = []
    # Both ways, so that it does not matter which way a street was drawn.
    ahead = np.searchsorted(s, s + length_m)
    # As many as have come so far with theirs ahead lie so far behind.
    behind = np.cumsum(np.bincount(ahead, minlength=len(s)))[: len(s)] - 1
    for end in (ahead, behind):
        start = np.flatnonzero(axis.usable & (end >= 0) & (end < len(s)))
        stop = end[start]
        whole = (axis.run[start] == axis.run[stop]) & axis.usable[stop]
        start, stop = start[whole], stop[whole]
        grades.append(np.abs((z[stop] - z[start]) / (s[stop] - s[start])))
    first, last = _runs(axis.usable, axis.run)
    return uncertainty.tail(np.concatenate(grades), length_m, float((s[last] - s[first]).sum()))


def _lay(network: StreetNetwork, profiles: Profiles) -> _Axis:
    """Lay all strokes of the edges that may be hills on one axis."""
    hill = network.ways.hill[network.edge_way]
    height = np.full(len(network.node_id), np.nan)
    height[network.edge_u] = profiles.elevation_m[profiles.offset[:-1]]
    height[network.edge_v] = profiles.elevation_m[profiles.offset[1:] - 1]
    strokes = trace(continuations(network, hill), hill, height, network.edge_u, network.edge_v)
    edge, forward = strokes.edge, strokes.forward
    run = np.repeat(np.arange(len(strokes.offset) - 1), np.diff(strokes.offset))
    length = network.edge_length_m[edge]
    start: Floats = np.concatenate([[0.0], np.cumsum(length)])[:-1] + run
    legs = start, edge, forward
    row, s, leg = _spread(legs, network.edge_length_m, profiles.offset, profiles.distance_m)
    elevation = profiles.elevation_m[row]
    return _Axis(
        *legs,
        line=Line(s, elevation),
        sigma=profiles.sigma_m[row],
        usable=profiles.trusted[row] & ~np.isnan(elevation),
        run=run[leg],
    )


def _drawn(network: StreetNetwork, axis: _Axis) -> _Drawn:
    """Return the points of the edges' drawing along an axis."""
    step = spacing(network.point_x_m, network.point_y_m)
    step[network.point_offset[1:-1] - 1] = 0.0
    along = np.concatenate([[0.0], np.cumsum(step)])
    along -= np.repeat(along[network.point_offset[:-1]], np.diff(network.point_offset))
    legs = axis.leg_start, axis.leg_edge, axis.leg_forward
    row, s, _ = _spread(legs, network.edge_length_m, network.point_offset, along)
    return _Drawn(s, network.point_x_m[row], network.point_y_m[row])


def _spread(
    legs: tuple[Floats, Ints, Bools], lengths: Floats, offset: Ints, distance: Floats
) -> tuple[Ints, Floats, Ints]:
    """Return rows of an edge-wise array in the order of travel, where they lie, their leg.

    Args:
        legs: where each begins on the axis, its edge, and whether that is passed forward.
        lengths: shape (m,), of the edges.
        offset: shape (m + 1,), where the rows of each edge begin.
        distance: how far each row lies along its edge.
    """
    start, edge, forward = legs
    length = lengths[edge]
    # Strokes lie a metre apart. Within them a leg's first row is the last of the leg before.
    follows = np.diff(start, prepend=-np.inf) < np.append(0.0, length[:-1]) + 0.5
    step = np.where(forward, 1, -1)
    first = np.where(forward, offset[edge], offset[edge + 1] - 1) + step * follows
    size = np.diff(offset)[edge] - follows
    leg = np.repeat(np.arange(len(edge)), size)
    first -= step * (np.cumsum(size) - size)
    row = np.repeat(first, size) + np.repeat(step, size) * np.arange(len(leg))
    along = distance[row]
    back = np.repeat(length, size) - along
    return row, np.repeat(start, size) + np.where(np.repeat(forward, size), along, back), leg


def _runs(usable: Bools, run: Ints) -> tuple[Ints, Ints]:
    """Return first and last sample of each stretch that a climb may touch."""
    joined = np.zeros(len(usable) + 1, bool)  # each to the one before it
    joined[1:-1] = usable[1:] & usable[:-1] & (run[1:] == run[:-1])
    return np.flatnonzero(usable & ~joined[:-1]), np.flatnonzero(usable & ~joined[1:])
