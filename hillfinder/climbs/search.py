"""The heart: every climb of the lengths asked for, found completely.

A climb is a stretch that can be run up without turning off. It may begin and end anywhere, carries
on through junctions where its stroke does, dips no deeper than ``max(2 m, a tenth of its rise)``,
and is not flat at either end. Of all such stretches on one slope the one with the greatest
``gain^2 / length`` is taken: the greatest grade alone would always be the shortest stretch allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.climbs.windows import Limits, Line, Windows, search
from hillfinder.elevation.climb_table import ClimbTable
from hillfinder.elevation.profiles import uncertainty
from hillfinder.streets.geometry.polylines import Legs, Polylines
from hillfinder.streets.geometry.strokes import continuations, trace
from hillfinder.streets.network import NEAR_M, ragged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.model import Bools, Floats, Ints, Leg
    from hillfinder.streets.network import Blur, Profiles, StreetNetwork


@dataclass(frozen=True, slots=True, eq=False)
class Climbs(ClimbTable):
    """What a search found, one climb for each slope, in no particular order.

    Attributes:
        top_edge, top_offset_m: shape (k,), where each ends, as ``foot_edge``, ``foot_offset_m``.
    """

    top_edge: Ints
    top_offset_m: Floats
    _lines: Polylines  # the drawing of the edges
    _axis: _Axis
    _foot: Floats  # on the axis; the top lies before it where a stroke is run against its direction
    _rise: Floats  # from there to the top

    def legs_of(self, row: int) -> tuple[Leg, ...]:
        """Return the pieces of edges that one climb runs along, foot first."""
        (legs,) = self.legs(np.array([row])).records()
        return legs

    def legs(self, rows: Ints) -> Legs:
        """Return the pieces of edges that some of the climbs run along."""
        axis, back = self._axis, self._rise[rows] < 0
        foot, top = self._foot[rows], self._foot[rows] + self._rise[rows]
        low, high = np.minimum(foot, top), np.maximum(foot, top)
        first, last = axis.leg_at(low + NEAR_M), axis.leg_at(high - NEAR_M)
        leg, offset = ragged(first, last + 1)
        climb = np.repeat(np.arange(len(rows)), np.diff(offset))
        back = back[climb]
        leg = np.where(back, (first + last)[climb] - leg, leg)
        edge, begin = axis.leg_edge[leg], axis.leg_start[leg]
        length = self.network.edge_length_m[edge]
        start = np.maximum(low[climb] - begin, 0.0)
        stop = np.minimum(high[climb] - begin, length)
        start, stop = np.where(back, (stop, start), (start, stop))
        ends = (np.where(axis.leg_forward[leg], end, length - end) for end in (start, stop))
        return Legs(offset, edge, *ends)

    def points(self, shares: Floats, rows: Ints | slice = slice(None)) -> tuple[Floats, Floats]:
        """Return the projected positions at ``shares`` (0 foot, 1 top) of each: shape (k, p)."""
        at = self._foot[rows, None] + self._rise[rows, None] * shares
        network = self.network
        edge, offset_m = self._axis.positions(at, network.edge_length_m)
        x, y = self._lines.interpolate(edge, offset_m, network.point_x_m, network.point_y_m)
        return x, y


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """All strokes of a network laid end to end, a metre apart.

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

    def windows(self, limits: Limits) -> tuple[Windows, Windows]:
        """Return the climbs in the direction of the axis, and those against it on its mirror."""
        first, last = _runs(self.usable, self.run)
        end = len(self.run) - 1
        mirror = Line(-self.line.s[::-1], self.line.z[::-1])
        back = search(mirror, end - last[::-1], end - first[::-1], limits)
        return search(self.line, first, last, limits), back

    def leg_at(self, s: Floats) -> Ints:
        """Return the leg at positions on the axis."""
        return np.maximum(np.searchsorted(self.leg_start, s, side="right") - 1, 0)

    def positions(
        self, s: Floats, lengths: Floats, inward: Floats | float = 0.0
    ) -> tuple[Ints, Floats]:
        """Return edge and offset at positions on the axis; between edges, of that ``inward``."""
        leg = self.leg_at(s + inward)
        edge = self.leg_edge[leg]
        along = np.clip(s - self.leg_start[leg], 0.0, lengths[edge])
        return edge, np.where(self.leg_forward[leg], along, lengths[edge] - along)


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
    return _tail(_lay(network, network.known_profiles()), length_m)


def find(network: StreetNetwork, criteria: Criteria, known: Known | None = None) -> Climbs:
    """Return every climb of a network, one for each slope, in no particular order.

    Args:
        network: streets with profiles.
        criteria: length range, least and greatest grade.
        known: what was learnt beforehand; ``None`` learns from the network itself.

    Raises:
        HeightsError: the network carries no heights yet.
    """
    profiles = network.known_profiles()
    limits = _limits(criteria)
    axis = _lay(network, profiles)
    if known is None:
        everywhere = np.full(len(network), _tail(axis, limits.shortest))
        known = Known(everywhere, np.zeros(len(network), np.int64), [profiles.blur])
    found = axis.windows(limits)
    ahead = np.repeat([1.0, -1.0], [len(each.foot) for each in found])
    windows = Windows(*(np.concatenate(each) for each in zip(*found, strict=True)))
    length = windows.top - windows.foot
    foot, top = ahead * windows.foot, ahead * windows.top
    foot_edge, foot_offset_m = axis.positions(foot, network.edge_length_m, NEAR_M * ahead)
    sigma = _rise_sigma_m(axis, foot, top, known.blur[foot_edge], known.blurs) / length
    grade, sigma = uncertainty.claim(windows.gain / length, sigma, known.tail[foot_edge])
    # Less is claimed than was read: some are no hills after all.
    hills = np.flatnonzero((grade >= limits.min_grade) & (grade <= limits.max_grade))
    foot, top = foot[hills], top[hills]
    top_edge, top_offset_m = axis.positions(top, network.edge_length_m, -NEAR_M * ahead[hills])
    return Climbs(
        network=network,
        foot_edge=foot_edge[hills],
        foot_offset_m=foot_offset_m[hills],
        top_edge=top_edge,
        top_offset_m=top_offset_m,
        length_m=length[hills],
        grade=grade[hills],
        grade_sigma=sigma[hills],
        _lines=Polylines.through(network.point_offset, network.point_x_m, network.point_y_m),
        _axis=axis,
        _foot=foot,
        _rise=top - foot,
    )


def _limits(criteria: Criteria) -> Limits:
    """Return what a stretch must satisfy; without a greatest grade it may be of any."""
    least, greatest = criteria.grade_range
    return Limits(*criteria.length_range_m, least, greatest if greatest < 1 else np.inf)


def _rise_sigma_m(
    axis: _Axis, foot: Floats, top: Floats, blur: Ints, blurs: Sequence[Blur]
) -> Floats:
    """Return the standard deviations of rises, given their ends on an axis and rows of blurs."""
    sigma = np.empty(len(foot))
    for row, each in enumerate(blurs):
        here = np.flatnonzero(blur == row)
        if len(here):
            ends = foot[here], top[here]
            foot_m, top_m = (np.interp(at, axis.line.s, axis.sigma) for at in ends)
            length = np.abs(ends[1] - ends[0])
            sigma[here] = uncertainty.rise_sigma_m(length, foot_m, top_m, each)
    return sigma


def _tail(axis: _Axis, length_m: float) -> float:
    """Return how fast steep stretches of some length grow rare (``uncertainty.tail``)."""
    s, z = axis.line
    grades = []
    # Both ways, so that it does not matter which way a street was drawn.
    ahead = np.searchsorted(s, s + length_m)
    # The sample behind is the last one whose sample ahead is not beyond this one.
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


def _spread(
    legs: tuple[Floats, Ints, Bools], lengths: Floats, offset: Ints, distance: Floats
) -> tuple[Ints, Floats, Ints]:
    """Return rows of an edge-wise array in the order of travel, where they lie, their leg.

    Args:
        legs: where each begins on the axis, its edge, and whether that is passed forward.
        lengths: shape (m,), of the edges.
        offset: shape (m + 1,), where the rows of each edge begin.
        distance: of each row from the start of its edge.
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
