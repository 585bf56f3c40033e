"""The heart: every climb of the lengths asked for, found completely.

A climb is a stretch that can be run up without turning off. It may begin and end anywhere, carries
on through junctions where its stroke does, dips no deeper than ``max(2 m, a tenth of its rise)``,
and is not flat at either end. Of all such stretches on one slope the one with the greatest
``gain^2 / length`` is taken: the greatest grade alone would always be the shortest stretch allowed.

Between samples a profile is straight, so the best stretch has a sample at one end at least, and at
the other a sample too or else exactly the least or the greatest length. All of these are tried,
each pass moving every foot one sample on at once; a pass over the mirrored line serves the tops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.errors import HeightsError
from hillfinder.model import Climb, Position, Profile
from hillfinder.streets.network import Leg
from hillfinder.streets.strokes import continuations, trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.model import Bools, Criteria, Floats, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork

#: A dip is forgiven up to so many metres, or up to this share of the rise.
DIP_M, DIP_SHARE = 2.0, 0.1
#: An end is flat where its last 20 m rise at less than a quarter of the mean grade.
END_M, END_SHARE = 20.0, 0.25
#: Scores closer than this are equal, and the lower foot is taken.
SAME = 1e-9
#: Distance in metres over which the errors of an elevation model are alike (fitted on 30 m models).
CORRELATION_M = 85.0


class Line(NamedTuple):
    """Profiles laid end to end on one axis.

    Attributes:
        s: shape (n,), growing, metres on the axis.
        z: shape (n,), metres.
    """

    s: Floats
    z: Floats


class Windows(NamedTuple):
    """Stretches of a line: from ``foot`` to ``top`` on its axis, and the rise."""

    foot: Floats
    top: Floats
    gain: Floats


class Limits(NamedTuple):
    """What a window must satisfy: lengths in metres, least grade as a ratio."""

    shortest: float
    longest: float
    min_grade: float

    @property
    def end(self) -> float:
        """Length of the two ends that must not be flat, in metres."""
        return min(END_M, self.shortest / 4)


@dataclass(frozen=True, slots=True, eq=False)
class Climbs:
    """Climbs of a network, as arrays: row ``i`` becomes a ``Climb`` by ``climbs[i]``.

    Attributes:
        network: where they lie.
        foot_edge, foot_offset_m: shape (k,), where each begins (see ``model.Position``).
        top_edge, top_offset_m: shape (k,), where each ends.
        length_m, gain_m, grade, grade_sigma: shape (k,).
    """

    network: StreetNetwork
    foot_edge: Ints
    foot_offset_m: Floats
    top_edge: Ints
    top_offset_m: Floats
    length_m: Floats
    gain_m: Floats
    grade_sigma: Floats
    _axes: tuple[_Axis, _Axis]
    _backward: Bools
    _windows: Windows

    @property
    def grade(self) -> Floats:
        """Mean grade of each, as a ratio."""
        return self.gain_m / self.length_m

    def __len__(self) -> int:
        """Return how many climbs there are."""
        return len(self.length_m)

    def __iter__(self) -> Iterator[Climb]:
        """Yield every climb as a record."""
        return (self[i] for i in range(len(self)))

    def __getitem__(self, row: int) -> Climb:
        """Return one climb as a record."""
        axis = self._axes[int(self._backward[row])]
        foot, top = float(self._windows.foot[row]), float(self._windows.top[row])
        return axis.climb(self.network, foot, top, float(self.grade_sigma[row]))

    def points(self, shares: Floats) -> tuple[Floats, Floats]:
        """Return the projected positions at ``shares`` (0 foot, 1 top) of each: shape (k, p)."""
        x, y = np.empty((2, len(self), len(shares)))
        at = self._windows.foot[:, None] + self.length_m[:, None] * shares
        for backward, axis in enumerate(self._axes):
            rows = self._backward == bool(backward)
            x[rows], y[rows] = axis.locate(at[rows])
        return x, y


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """All strokes of a network laid end to end, a metre apart, in one direction.

    ``leg_*`` has one row for each edge of each stroke, ``line`` and ``sigma`` one for each sample,
    ``shape_*`` one for each point of the edges' drawing. ``usable`` says which samples a climb
    may touch, ``run`` to which stroke each belongs.
    """

    leg_start: Floats
    leg_edge: Ints
    leg_forward: Bools
    line: Line
    sigma: Floats
    usable: Bools
    run: Ints
    shape_s: Floats
    shape_x: Floats
    shape_y: Floats

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
            shape_s=-self.shape_s[::-1],
            shape_x=self.shape_x[::-1],
            shape_y=self.shape_y[::-1],
        )

    def leg_at(self, s: Floats) -> Ints:
        """Return the leg at positions on the axis."""
        return np.maximum(np.searchsorted(self.leg_start, s, side="right") - 1, 0)

    def positions(self, s: Floats, lengths: Floats) -> tuple[Ints, Floats]:
        """Return edge and offset at positions on the axis."""
        leg = self.leg_at(s)
        edge = self.leg_edge[leg]
        along = np.clip(s - self.leg_start[leg], 0.0, lengths[edge])
        return edge, np.where(self.leg_forward[leg], along, lengths[edge] - along)

    def locate(self, s: Floats) -> tuple[Floats, Floats]:
        """Return the projected coordinates at positions on the axis."""
        return np.interp(s, self.shape_s, self.shape_x), np.interp(s, self.shape_s, self.shape_y)

    def climb(self, network: StreetNetwork, foot: float, top: float, grade_sigma: float) -> Climb:
        """Return the stretch between two positions as a record."""
        first, last = self.leg_at(np.array([foot, np.nextafter(top, foot)]))
        legs = []
        for leg in range(first, last + 1):
            edge = int(self.leg_edge[leg])
            length = float(network.edge_length_m[edge])
            start = max(foot - float(self.leg_start[leg]), 0.0)
            stop = min(top - float(self.leg_start[leg]), length)
            if not self.leg_forward[leg]:
                start, stop = length - start, length - stop
            legs.append(Leg(edge, start, stop))
        track = network.track(legs)
        rows = dict.fromkeys(int(network.edge_way[leg.edge]) for leg in legs)
        tags = _joined([network.ways.tags(row) for row in rows])
        ids = (way_id for row in rows for way_id in network.ways.ids[row])
        return Climb(
            lon=track.lon,
            lat=track.lat,
            profile=Profile(track.distance_m, track.elevation_m, track.sigma_m),
            foot=Position(legs[0].edge, legs[0].start_m),
            top=Position(legs[-1].edge, legs[-1].stop_m),
            edges=tuple(leg.edge for leg in legs),
            way_ids=tuple(dict.fromkeys(ids)),
            name=tags.get("name", ""),
            tags=tags,
            grade_sigma=grade_sigma,
        )


def find(network: StreetNetwork, criteria: Criteria) -> Climbs:
    """Return every climb of a network, one for each slope, in no particular order.

    Args:
        network: streets with profiles.
        criteria: length range and least grade.

    Raises:
        HeightsError: the network carries no heights yet.
    """
    if network.profiles is None:
        msg = "The network carries no heights: attach an elevation model to it first."
        raise HeightsError(msg)
    limits = Limits(*criteria.length_m, criteria.min_grade)
    ahead = _lay(network, network.profiles)
    axes = (ahead, ahead.reversed(network.edge_length_m))
    found = [search(axis.line, *_runs(axis.usable, axis.run), limits) for axis in axes]
    windows = Windows(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    backward = np.repeat([False, True], [len(part.foot) for part in found])
    length = windows.top - windows.foot
    place = {
        name: np.concatenate(
            [
                np.stack(axis.positions(getattr(part, name), network.edge_length_m))
                for axis, part in zip(axes, found, strict=True)
            ],
            axis=1,
        )
        for name in ("foot", "top")
    }
    sigma = np.concatenate(
        [_grade_sigma(axis, part) for axis, part in zip(axes, found, strict=True)]
    )
    return Climbs(
        network=network,
        foot_edge=place["foot"][0].astype(np.int64),
        foot_offset_m=place["foot"][1],
        top_edge=place["top"][0].astype(np.int64),
        top_offset_m=place["top"][1],
        length_m=length,
        gain_m=windows.gain,
        grade_sigma=sigma,
        _axes=axes,
        _backward=backward,
        _windows=windows,
    )


def _grade_sigma(axis: _Axis, windows: Windows) -> Floats:
    """Return the standard deviation of each mean grade, as a ratio.

    Two ends with errors that are alike over ``CORRELATION_M``: the nearer they lie, the more of
    the error they share.
    """
    foot = np.interp(windows.foot, axis.line.s, axis.sigma)
    top = np.interp(windows.top, axis.line.s, axis.sigma)
    length = windows.top - windows.foot
    return np.hypot(foot, top) * np.sqrt(1 - np.exp(-length / CORRELATION_M)) / length


def _lay(network: StreetNetwork, profiles: Profiles) -> _Axis:
    """Lay all strokes of the edges that may be hills on one axis."""
    hill = network.ways.hill[network.edge_way]
    height = np.full(len(network.node_id), np.nan)
    height[network.edge_u] = profiles.elevation_m[profiles.offset[:-1]]
    height[network.edge_v] = profiles.elevation_m[profiles.offset[1:] - 1]
    strokes = trace(continuations(network, hill), hill, height, network.edge_u, network.edge_v)
    edge, forward = strokes.edge, strokes.forward
    run = np.repeat(np.arange(len(strokes.offset) - 1), np.diff(strokes.offset))
    first = np.zeros(len(edge), bool)
    first[strokes.offset[:-1]] = True
    length = network.edge_length_m[edge]
    start = np.concatenate([[0.0], np.cumsum(length)])[:-1] + run

    def spread(offset: Ints, distance: Floats) -> tuple[Ints, Floats, Ints]:
        """Return rows of an edge-wise array in the order of travel, where they lie, their leg."""
        size = np.diff(offset)[edge]
        leg = np.repeat(np.arange(len(edge)), size)
        step = np.arange(len(leg)) - np.repeat(np.cumsum(size) - size, size)
        row = np.where(
            forward[leg], offset[:-1][edge][leg] + step, offset[1:][edge][leg] - 1 - step
        )
        s = start[leg] + np.where(forward[leg], distance[row], length[leg] - distance[row])
        kept = (step > 0) | first[leg]
        return row[kept], s[kept], leg[kept]

    row, s, leg = spread(profiles.offset, profiles.distance_m)
    trusted = profiles.trusted & ~np.isnan(profiles.elevation_m)
    point, shape_s, _ = spread(network.point_offset, _distance_along(network))
    return _Axis(
        leg_start=start,
        leg_edge=edge,
        leg_forward=forward,
        line=Line(s, profiles.elevation_m[row]),
        sigma=profiles.sigma_m[row],
        usable=trusted[row],
        run=run[leg],
        shape_s=shape_s,
        shape_x=network.point_x_m[point],
        shape_y=network.point_y_m[point],
    )


def _distance_along(network: StreetNetwork) -> Floats:
    """Return the distance of every drawn point from its edge's start, shape (p,)."""
    leg = np.hypot(np.diff(network.point_x_m), np.diff(network.point_y_m))
    leg[network.point_offset[1:-1] - 1] = 0.0
    along = np.concatenate([[0.0], np.cumsum(leg)])
    return along - np.repeat(along[network.point_offset[:-1]], np.diff(network.point_offset))


def _joined(tags: list[dict[str, str]]) -> dict[str, str]:
    """Return the tags of several ways as one; values that differ are joined, as mappers do."""
    keys = dict.fromkeys(key for tag in tags for key in tag)
    return {key: ";".join(dict.fromkeys(tag[key] for tag in tags if key in tag)) for key in keys}


def _runs(usable: Bools, run: Ints) -> tuple[Ints, Ints]:
    """Return first and last sample of each stretch that a climb may touch."""
    if len(usable) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    joined = usable[1:] & usable[:-1] & (run[1:] == run[:-1])
    starts = np.flatnonzero(usable & ~np.concatenate([[False], joined]))
    stops = np.flatnonzero(usable & ~np.concatenate([joined, [False]]))
    return starts, stops


def search(line: Line, first: Ints, last: Ints, limits: Limits) -> Windows:
    """Return the climbs up a line, in the direction in which its axis grows.

    The best window of each stretch is taken with the slope it lies on; what is left on either
    side is searched again, until nothing is left. All stretches are searched at once.

    Args:
        line: the profiles.
        first, last: shape (k,), the stretches to search, as first and last sample.
        limits: what a window must satisfy.
    """
    taken: list[Windows] = []
    while len(first):
        room = line.s[last] - line.s[first] >= limits.shortest
        first, last = first[room], last[room]
        best, has = _best(line, first, last, limits)
        taken.append(best)
        first, last = first[has], last[has]
        below = np.empty(len(first), np.int64)
        above = np.empty(len(first), np.int64)
        for i, (foot, top, gain) in enumerate(zip(*best, strict=True)):
            below[i], above[i] = _slope(
                line, int(first[i]), int(last[i]), (foot, top, gain), limits.longest
            )
        first, last = np.concatenate([first, above]), np.concatenate([below, last])
    if not taken:
        return Windows(np.empty(0), np.empty(0), np.empty(0))
    return Windows(*(np.concatenate(parts) for parts in zip(*taken, strict=True)))


def _slope(
    line: Line, first: int, last: int, window: tuple[float, float, float], reach: float
) -> tuple[int, int]:
    """Return the last sample below the slope of a window and the first one above it.

    The slope goes on, down from the foot and up from the top, until it has turned by more than
    the dip that a climb may have; but no farther than ``reach`` metres, so that a long slope
    keeps a climb near every door.
    """
    foot, top, gain = window
    dip = max(DIP_M, DIP_SHARE * gain)
    low = int(np.searchsorted(line.s, foot, "right")) - 1
    stop = max(first, int(np.searchsorted(line.s, foot - reach, "right")) - 1)
    down = line.z[stop : low + 1][::-1]
    turned = down - np.minimum.accumulate(down) > dip
    end = int(np.argmax(turned)) if turned.any() else len(down)
    below = low - int(np.argmin(down[:end])) if turned.any() else stop
    high = int(np.searchsorted(line.s, top, "left"))
    stop = min(last, int(np.searchsorted(line.s, top + reach, "left")))
    up = line.z[high : stop + 1]
    turned = np.maximum.accumulate(up) - up > dip
    end = int(np.argmax(turned)) if turned.any() else len(up)
    above = high + int(np.argmax(up[:end])) if turned.any() else stop
    return below, above


def _best(line: Line, first: Ints, last: Ints, limits: Limits) -> tuple[Windows, Bools]:
    """Return the best window of each stretch that has one, and which stretches those are."""
    score, foot, top, gain = _sweep(line, first, last, limits)
    mirrored = Line(-line.s[::-1], -line.z[::-1])
    end = len(line.s) - 1
    other, mirror_foot, mirror_top, mirror_gain = _sweep(
        mirrored, end - last[::-1], end - first[::-1], limits
    )
    better = other[::-1] > score * (1 + SAME)
    foot = np.where(better, -mirror_top[::-1], foot)
    top = np.where(better, -mirror_foot[::-1], top)
    gain = np.where(better, mirror_gain[::-1], gain)
    has = np.maximum(score, other[::-1]) > 0
    return Windows(foot[has], top[has], gain[has]), has


def _sweep(
    line: Line, first: Ints, last: Ints, limits: Limits
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return for each stretch the best score of a window with its foot on a sample.

    With it come the window's foot, top and gain. The score is 0 where there is no window.
    """
    s, z = line
    size = last - first + 1
    start = np.cumsum(size) - size
    at = np.arange(int(size.sum())) + np.repeat(first - start, size)
    stop = np.repeat(last, size)
    ceiling = np.repeat(_highest(z, first, last), size)
    score, top, rise = np.zeros(len(at)), np.zeros(len(at)), np.zeros(len(at))
    # Only feet from which the least gain can be had within the stretch are followed.
    rows = np.flatnonzero(ceiling - z[at] >= limits.min_grade * limits.shortest)
    first_rise = np.interp(s[at] + limits.end, s, z) - z[at]
    peak, dip = z[at].copy(), np.zeros(len(at))

    def offer(row: Ints, end_s: Floats, end_z: Floats, deepest: Floats) -> None:
        foot = at[row]
        length, gain = end_s - s[foot], end_z - z[foot]
        grade = gain / length
        good = (grade >= limits.min_grade) & (deepest <= np.maximum(DIP_M, DIP_SHARE * gain))
        row, end_s, end_z, gain, grade = (
            row[good],
            end_s[good],
            end_z[good],
            gain[good],
            grade[good],
        )
        least = END_SHARE * grade * limits.end
        last_rise = end_z - np.interp(end_s - limits.end, s, z)
        value = gain * gain / (end_s - s[at[row]])
        wins = (first_rise[row] >= least) & (last_rise >= least) & (value > score[row] * (1 + SAME))
        row = row[wins]
        score[row], top[row], rise[row] = value[wins], end_s[wins], gain[wins]

    ahead = 0
    while len(rows):
        ahead += 1
        rows = rows[at[rows] + ahead <= stop[rows]]
        foot, end = at[rows], at[rows] + ahead
        reach, before = s[end] - s[foot], s[end - 1] - s[foot]
        for exact in {limits.shortest, limits.longest}:
            crossed = np.flatnonzero((before < exact) & (reach > exact))
            row = rows[crossed]
            end_s = s[foot[crossed]] + exact
            share = (exact - before[crossed]) / (reach[crossed] - before[crossed])
            low, high = z[end[crossed] - 1], z[end[crossed]]
            end_z = low + share * (high - low)
            offer(row, end_s, end_z, np.maximum(dip[row], peak[row] - end_z))
        end_z = z[end]
        dip[rows] = np.maximum(dip[rows], peak[rows] - end_z)
        peak[rows] = np.maximum(peak[rows], end_z)
        fits = (reach >= limits.shortest) & (reach <= limits.longest)
        offer(rows[fits], s[end[fits]], end_z[fits], dip[rows[fits]])
        hopeful = np.maximum(DIP_M, DIP_SHARE * (ceiling[rows] - z[foot]))
        rows = rows[(reach < limits.longest) & (dip[rows] <= hopeful)]
    return _winners(score, start, size, (s[at], top, rise))


def _highest(z: Floats, first: Ints, last: Ints) -> Floats:
    """Return the greatest height of each stretch."""
    if len(first) == 0:
        return np.empty(0)
    bounds = np.column_stack([first, last + 1]).ravel()
    return np.asarray(np.maximum.reduceat(np.append(z, -np.inf), bounds)[::2])


def _winners(
    score: Floats, start: Ints, size: Ints, values: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the greatest score of each stretch and its values; the first of equals."""
    if len(start) == 0:
        return np.empty(0), np.empty(0), np.empty(0), np.empty(0)
    best = np.maximum.reduceat(score, start)
    equal = np.flatnonzero(score >= np.repeat(best, size) * (1 - SAME))
    stretch = np.searchsorted(start, equal, side="right") - 1
    _, winner = np.unique(stretch, return_index=True)
    row = equal[winner]
    return best, values[0][row], values[1][row], values[2][row]
