"""Many ways through one network at once: what ``StreetNetwork.track`` gives of one, and faster.

Where every hill of a region is drawn, the pieces of all are laid end to end on one axis, and the
lines are cut out of it together.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hillfinder.model import STEEPEST_OVER_M, Leg
from hillfinder.streets.network import NEAR_M, Track, ragged, spacing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Floats, Ints
    from hillfinder.streets.network import StreetNetwork

#: Distance within which a sample and a drawn point are one point, m: a hand.
HAND_M = 0.1
#: Distance between lines on their axis, m: none begins where another ends.
APART_M = 1.0
#: Number of lines that are summed as quickly one by one as a point of each at a time.
FEW = 10


class Legs(NamedTuple):
    """The pieces of edges that many ways run along, each as a ``Leg`` has it.

    Attributes:
        offset: shape (k + 1,); way ``i`` has ``offset[i]:offset[i + 1]`` of the rest, one or more.
        edge, start_m, stop_m: shape (l,).
    """

    offset: Ints
    edge: Ints
    start_m: Floats
    stop_m: Floats

    @classmethod
    def of(cls, ways: Sequence[Sequence[Leg]]) -> Legs:
        """Return ways that are records as arrays."""
        rows = np.array([leg for way in ways for leg in way]).reshape(-1, 3)
        offset = np.cumsum([0, *map(len, ways)])
        return cls(offset, rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2])

    def records(self) -> list[tuple[Leg, ...]]:
        """Return each way as records."""
        legs = list(map(Leg, self.edge.tolist(), self.start_m.tolist(), self.stop_m.tolist()))
        return [tuple(legs[first:last]) for first, last in pairwise(self.offset.tolist())]


class Polylines:
    """Lines laid end to end on one axis, a metre apart, to be read all at once.

    Attributes:
        offset: shape (k + 1,), where the points of each begin.
        along: shape (n,), distance of each point from the start of its line, growing.
        length: shape (k,), of each line.
        begin: shape (k,), where each line begins on the axis.
        axis: shape (n,), where each point lies on it.
    """

    def __init__(self, offset: Ints, along: Floats, begin: Floats | None = None) -> None:
        """Lay out lines by ``offset`` and ``along``; ``begin`` if others have their places."""
        last = offset[1:] - 1
        self.offset, self.along, self.length = offset, along, along[last]
        if begin is None:
            begin = np.append(0.0, np.cumsum(self.length + APART_M))[:-1]
        self.begin = begin
        self.axis = np.repeat(begin, np.diff(offset)) + along
        step = np.diff(along, append=0.0)
        step[last] = 0.0
        self._step = np.where(step > 0, step, np.inf)

    @classmethod
    def through(cls, offset: Ints, x: Floats, y: Floats) -> Polylines:
        """Lay out lines through points on a plane: line ``i`` has ``offset[i]:offset[i + 1]``."""
        step = spacing(x, y)
        step[offset[1:-1] - 1] = 0.0
        total = np.append(0.0, np.cumsum(step))[: len(x)]
        return cls(offset, total - np.repeat(total[offset[:-1]], np.diff(offset)))

    def interpolate(self, line: Ints, at: Floats, *values: Floats) -> list[Floats]:
        """Return what lines have at some places, each to the bit as ``np.interp`` gives it alone.

        Args:
            line: which line is read, any shape.
            at: how far along it, of a shape like it; beyond an end is at the end.
            values: shape (n,) each, what the points have.
        """
        at = np.clip(at, 0.0, self.length[line])
        point = np.searchsorted(self.axis, self.begin[line] + at, "right") - 1
        onward = np.minimum(point + 1, len(self.along) - 1)
        past, step = at - self.along[point], self._step[point]
        read = []
        for each in values:
            begun = each[point]
            slope = (each[onward] - begun) / step
            # A point has its own value, though the next one be unknown.
            read.append(np.where(past == 0, begun, slope * past + begun))
        return read

    def positions(self, line: Ints, at: Floats, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Return longitudes and latitudes at some places, as ``interpolate``.

        A line across the antimeridian goes straight over it, and not round the earth.
        """
        if np.ptp(lon) > 180.0:
            lon = np.where(lon < 0, lon + 360.0, lon)
        lon, lat = self.interpolate(line, at, lon, lat)
        return np.where(lon > 180.0, lon - 360.0, lon), lat

    def snapped(self, line: Ints, at: Floats) -> Floats:
        """Return places on lines, those that miss a point by a rounding put on it."""
        near = np.searchsorted(self.axis, self.begin[line] + at - NEAR_M)
        point = self.along[np.minimum(near, len(self.along) - 1)]
        return np.where(np.abs(point - at) < NEAR_M, point, at)


def drawn(network: StreetNetwork, edge: Ints) -> tuple[Polylines, Ints]:
    """Return the lines of edges, each as often as it is asked for, and the rows of their points."""
    point, offset = ragged(network.point_offset[edge], network.point_offset[edge + 1])
    x, y = network.point_x_m[point], network.point_y_m[point]
    return Polylines(offset, _summed(np.append(0.0, spacing(x, y))[: len(x)], offset)), point


def nearest_on_pieces(
    begin: tuple[Floats, Floats], way: tuple[Floats, Floats], spot: tuple[Any, Any]
) -> tuple[Floats, Floats]:
    """Return where straight pieces come nearest to points: the share along each, and how near.

    Args:
        begin: x and y of the beginning of each piece.
        way: from there to its end, along x and y.
        spot: x and y of the points, of a shape that goes with that of the pieces.
    """
    (dx, dy), x, y = way, spot[0] - begin[0], spot[1] - begin[1]
    share = np.clip((x * dx + y * dy) / np.maximum(dx**2 + dy**2, 1e-12), 0.0, 1.0)
    return share, np.hypot(x - share * dx, y - share * dy)


def along(network: StreetNetwork, legs: Legs) -> tuple[Track, Ints]:
    """Return the lines along ways, end to end, and where each begins: shape (k + 1,).

    Args:
        network: streets with profiles.
        legs: one way or more.
    """
    profiles = network.known_profiles()
    shape, point = drawn(network, legs.edge)
    sample, offset = ragged(profiles.offset[legs.edge], profiles.offset[legs.edge + 1])
    sampled = Polylines(offset, profiles.distance_m[sample], shape.begin)
    low, high = np.sort(legs[2:], axis=0)
    leg, at, offset = _between(shape, sampled, low, high)
    lon, lat = shape.positions(leg, at, network.point_lon[point], network.point_lat[point])
    # What is meant to lie on a sample would read the void beyond it.
    heights = (profiles.elevation_m[sample], profiles.sigma_m[sample])
    line = np.stack([at, lon, lat, *sampled.interpolate(leg, sampled.snapped(leg, at), *heights)])
    # What is run against the drawing is turned round.
    here = np.arange(len(at))
    mirrored = (offset[:-1] + offset[1:] - 1)[leg] - here
    line = line[:, np.where((legs.start_m > legs.stop_m)[leg], mirrored, here)]
    line[0] = np.abs(np.diff(line[0], prepend=0.0))
    # A leg begins where the one before it ended: that point is there already.
    kept = np.ones(len(at), bool)
    kept[offset[:-1]] = False
    kept[offset[legs.offset[:-1]]] = True
    line = line[:, kept]
    offset = np.concatenate([[0], np.cumsum(kept)])[offset[legs.offset]]
    return Track(_summed(line[0], offset), *line[1:]), offset


def _between(
    shape: Polylines, sampled: Polylines, low: Floats, high: Floats
) -> tuple[Ints, Floats, Ints]:
    """Return the points of lines from ``low`` to ``high``: line, place, and where each begins."""
    axis = np.concatenate([shape.axis, sampled.axis])
    order = np.argsort(axis, kind="stable")
    axis, place = axis[order], np.concatenate([shape.along, sampled.along])[order]
    first = np.searchsorted(axis, shape.begin + low + HAND_M, "right")
    last = np.maximum(first, np.searchsorted(axis, shape.begin + high - HAND_M, "left"))
    # Of the points in between those too near the one before are left out, but not the first.
    inner, _ = ragged(first, last)
    line = np.repeat(np.arange(len(low)), last - first)
    kept = (np.diff(place, prepend=-1.0) > HAND_M)[inner] | (inner == first[line])
    inner, line = inner[kept], line[kept]
    offset = np.concatenate([[0], np.cumsum(np.bincount(line, minlength=len(low)) + 2)])
    at = np.empty(offset[-1])
    at[offset[:-1]], at[offset[1:] - 1] = low, high
    at[np.arange(len(line)) + 2 * line + 1] = place[inner]
    return np.repeat(np.arange(len(low)), np.diff(offset)), at, offset


def _summed(step: Floats, offset: Ints) -> Floats:
    """Return the distance of each point from the start of its line, given the steps between."""
    at, stop = offset[:-1], offset[1:]
    step[at] = 0.0
    # Each line is summed by itself, or it would not be to the bit what it is alone: a point of
    # every line at a time, and what is left of the few that are long.
    while len(at) > FEW:
        left = at + 1 < stop
        at, stop = at[left] + 1, stop[left]
        step[at] += step[at - 1]
    for first, last in zip(at.tolist(), stop.tolist(), strict=True):
        np.add.accumulate(step[first:last], out=step[first:last])
    return step


def steepest(lines: Track, offset: Ints) -> Floats:
    """Return of each of many lines what ``Profile.steepest`` is of one: shape (k,).

    Args:
        lines: lines end to end, each longer than nothing.
        offset: shape (k + 1,), where each begins.
    """
    line = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
    distance, height = lines.distance_m, lines.elevation_m
    length = distance[offset[1:] - 1]
    span = np.minimum(STEEPEST_OVER_M, length)[line]
    axis = (np.cumsum(length + 1.0) - length)[line] + distance
    ahead = np.interp(axis + span, axis, height) - height
    behind = height - np.interp(axis - span, axis, height)
    # The rise over a sliding span is piecewise linear: its peak lies where an end is a point.
    rises = np.maximum(
        np.where(distance + span <= length[line], ahead, -np.inf),
        np.where(distance >= span, behind, -np.inf),
    )
    return np.asarray(np.maximum.reduceat(rises / span, offset[:-1]))
