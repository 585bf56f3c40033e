"""Many ways through one network at once: what ``StreetNetwork.track`` gives of one, and faster.

Where every hill of a region is drawn, the pieces of all are laid end to end on one axis, and the
lines are cut out of it together.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from hillfinder.model import STEEPEST_OVER_M, Leg
from hillfinder.streets.network import NEAR_M, Track, ragged, spacing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Floats, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork

#: A sample and a drawn point a hand apart are one point.
HAND_M = 0.1
#: Lines are laid so far apart that what is measured and what is drawn of them do not overlap.
APART_M = 10.0
#: So many lines are summed as quickly one by one as a point of each at a time.
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


class Laid:
    """Lines laid end to end on one axis, some metres apart, to be read all at once.

    Attributes:
        along: shape (n,), how far along its line each lies.
        begin: shape (k,), where each line begins on the axis.
        axis: shape (n,), where each point lies on it.
    """

    def __init__(self, offset: Ints, along: Floats, begin: Floats | None = None) -> None:
        """Lay out lines.

        Args:
            offset: shape (k + 1,), where the points of each begin.
            along: shape (n,), how far along its line each lies, growing.
            begin: shape (k,), where each line begins on the axis, if they were laid out before.
        """
        last = offset[1:] - 1
        length = along[last]
        self.along = along
        self.begin = np.cumsum(length + APART_M) - length if begin is None else begin
        self.axis = np.repeat(self.begin, np.diff(offset)) + along
        step = np.diff(along, append=0.0)
        step[last] = 0.0
        self._step = np.where(step > 0, step, np.inf)

    def read(self, line: Ints, at: Floats, *values: Floats) -> list[Floats]:
        """Return what lines have at some places, each to the bit as ``np.interp`` gives it alone.

        Args:
            line: shape (p,), which line is read.
            at: shape (p,), how far along it; a little beyond its end is at its end.
            values: shape (n,) each, what the points have.
        """
        at = np.maximum(at, 0.0)
        point = np.searchsorted(self.axis, self.begin[line] + at, "right") - 1
        past = at - self.along[point]
        read = []
        for each in values:
            slope = np.diff(each, append=0.0) / self._step
            begun = each[point]
            # A point has its own value, though the next one be unknown.
            read.append(np.where(past == 0, begun, slope[point] * past + begun))
        return read

    def snapped(self, line: Ints, at: Floats) -> Floats:
        """Return places on lines, those that miss a point by a rounding put on it."""
        near = np.searchsorted(self.axis, self.begin[line] + at - NEAR_M)
        point = self.along[np.minimum(near, len(self.along) - 1)]
        return np.where(np.abs(point - at) < NEAR_M, point, at)


def drawn(network: StreetNetwork, edge: Ints) -> tuple[Laid, Ints]:
    """Return the lines of edges, each as often as it is asked for, and the rows of their points."""
    point, offset = ragged(network.point_offset[edge], network.point_offset[edge + 1])
    x, y = network.point_x_m[point], network.point_y_m[point]
    return Laid(offset, _summed(np.append(0.0, spacing(x, y))[: len(x)], offset)), point


def along(network: StreetNetwork, legs: Legs) -> tuple[Track, Ints]:
    """Return the lines along ways, end to end, and where each begins: shape (k + 1,).

    Args:
        network: streets with profiles.
        legs: one way or more.
    """
    profiles = cast("Profiles", network.profiles)
    shape, point = drawn(network, legs.edge)
    sample, offset = ragged(profiles.offset[legs.edge], profiles.offset[legs.edge + 1])
    sampled = Laid(offset, profiles.distance_m[sample], shape.begin)
    low, high = np.sort(legs[2:], axis=0)
    leg, at, offset = _between(shape, sampled, low, high)
    lon = network.point_lon[point]
    if np.ptp(lon) > 180.0:  # a line across the antimeridian goes straight over it
        lon = np.where(lon < 0, lon + 360.0, lon)
    lon, lat = shape.read(leg, at, lon, network.point_lat[point])
    lon = np.where(lon > 180.0, lon - 360.0, lon)
    # What is meant to lie on a sample would read the void beyond it.
    heights = (profiles.elevation_m[sample], profiles.sigma_m[sample])
    line = np.stack([at, lon, lat, *sampled.read(leg, sampled.snapped(leg, at), *heights)])
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


def _between(shape: Laid, sampled: Laid, low: Floats, high: Floats) -> tuple[Ints, Floats, Ints]:
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
    """Return how far along its own line each point lies, given the steps from one to the next."""
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
