"""The search on a line: the best windows that rise, one for each slope, found completely.

Between samples a profile is straight, so the best window has a sample at one end at least, and at
the other a sample too or else exactly the least or the greatest length, or exactly the greatest
grade. (Where greatest length and greatest grade bind at once, the best may lie between samples at
both ends. It is not tried: its neighbour less than a sample on, as long and a bit gentler, is.)
All of these that satisfy the limits are listed once, from their feet, and on the mirrored line from
their tops. The best of each stretch is taken until none is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from hillfinder.model import Floats, Ints

#: Depth of a dip that is allowed in any case, m.
DIP_M = 2.0
#: Depth of a dip that is allowed, as a share of the rise.
DIP_SHARE = 0.1
#: Length of an end that must not be flat, m.
FLAT_END_M = 20.0
#: Grade below which an end is flat, as a share of the mean.
END_SHARE = 0.25
#: Relative difference below which scores are equal, and the lower foot is taken.
SAME = 1e-9
#: Tolerance of the quick checks, m: they leave out only what surely fails the exact ones.
SURELY_M = 1e-6


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
    """What a window must satisfy: lengths in metres, least and greatest mean grade as ratios."""

    shortest: float
    longest: float
    min_grade: float
    max_grade: float = np.inf

    @property
    def end(self) -> float:
        """Length of the two ends that must not be flat, in metres."""
        return min(FLAT_END_M, self.shortest / 4)


def search(line: Line, first: Ints, last: Ints, limits: Limits) -> Windows:
    """Return the climbs up a line, in the direction in which its axis grows.

    The best window of each stretch is taken with the slope it lies on; what is left on either
    side is searched again, until nothing is left. All stretches are searched at once.

    Args:
        line: the profiles.
        first: shape (k,), the first sample of each stretch to search, growing.
        last: shape (k,), its last sample.
        limits: what a window must satisfy.
    """
    taken = [Windows(np.empty(0), np.empty(0), np.empty(0))]
    if len(first) == 0:
        return taken[0]
    tried, stretch = _tried(line, first, last, limits)
    while len(stretch):
        best = tried.best(stretch)
        won, own = tried.only(best), stretch[best]
        taken.append(Windows(won.foot, won.top, won.gain))
        below, above = _slopes(line, first[own], last[own], won, limits.longest)
        # A window that is left lies below the slope of its stretch's best, or above it.
        number = np.empty(len(first), np.int64)
        number[own] = np.arange(len(own))
        number = number[stretch]
        upper = tried.low >= above[number]
        left = np.flatnonzero(upper | (tried.high <= below[number]))
        tried, stretch = tried.only(left), (2 * number + upper)[left]
        first = np.column_stack([first[own], above]).ravel()
        last = np.column_stack([below, last[own]]).ravel()
    return Windows(*(np.concatenate(parts) for parts in zip(*taken, strict=True)))


class _Tried(NamedTuple):
    """Windows that satisfy the limits, between samples ``low`` and ``high``."""

    foot: Floats
    top: Floats
    gain: Floats
    low: Ints
    high: Ints

    def only(self, rows: Ints) -> _Tried:
        """Return some of them."""
        return _Tried._make([each.take(rows) for each in self])

    def best(self, stretch: Ints) -> Ints:
        """Return the row of the best window of each stretch."""
        score = self.gain * self.gain / (self.top - self.foot)
        best = np.zeros(stretch.max() + 1)
        np.maximum.at(best, stretch, score)
        equal = np.flatnonzero(score >= best[stretch] * (1 - SAME))
        equal = equal[np.lexsort((self.top[equal], self.foot[equal], stretch[equal]))]
        return equal[np.diff(stretch[equal], prepend=-1) > 0]


def _tried(line: Line, first: Ints, last: Ints, limits: Limits) -> tuple[_Tried, Ints]:
    """Return all windows that are tried and satisfy the limits, and the stretch of each."""
    fallen = np.concatenate([[0.0], np.cumsum(np.fmax(line.z[:-1] - line.z[1:], 0.0))])
    side = _Side(*line, fallen)
    # From its other end, upside down, a line's tops are feet, and what rises or falls still does.
    mirrored = _Side(*(-part[::-1] for part in side))
    end = len(line.s) - 1
    feet = _feet(side, first, last, limits)
    tops = _feet(mirrored, end - last[::-1], end - first[::-1], limits)
    down, turned = _good(tops, _between_samples(tops, limits), limits)
    down = _Tried(-down.top, -down.foot, down.gain, end - down.high, end - down.low)
    parts = [
        _good(feet, _on_samples(feet, end - tops.at[::-1], tops.rise[::-1], limits), limits),
        _good(feet, _between_samples(feet, limits), limits),
        (down, len(first) - 1 - turned),
    ]
    tried, stretch = zip(*parts, strict=True)
    columns = [np.concatenate(each) for each in zip(*tried, strict=True)]
    return _Tried(*columns), np.concatenate(stretch)


class _Side(NamedTuple):
    """A line, and the sum of its descents up to each sample: shape (n,)."""

    s: Floats
    z: Floats
    fallen: Floats


class _Feet(NamedTuple):
    """Where windows up a line may begin, on samples.

    Attributes:
        side: the line.
        at: shape (f,), these samples, growing.
        rise: shape (f,), the rise of the line over the end that must not be flat.
        stretch: shape (f,), the number of the stretch that each lies on.
        stop: shape (f,), the last sample there.
        near, far: shape (f,), the first samples at least the shortest and the longest length away.
    """

    side: _Side
    at: Ints
    rise: Floats
    stretch: Ints
    stop: Ints
    near: Ints
    far: Ints


def _feet(side: _Side, first: Ints, last: Ints, limits: Limits) -> _Feet:
    """Return the samples where windows may begin: few, where most of the land is flat."""
    s, z, _ = side
    number = np.full(2 * len(first) + 1, -1)
    number[1::2] = np.arange(len(first))
    bounds = np.column_stack([first, last + 1]).ravel()
    stretch = np.repeat(number, np.diff(bounds, prepend=0, append=len(s)))
    # Over a line that rises at the least grade the top is no lower than the foot.
    over = np.where(stretch < 0, -np.inf, z - limits.min_grade * s)
    highest = _highest_ahead(s, over, limits)
    at = np.flatnonzero((highest >= over - SURELY_M) & (stretch >= 0))
    at = at[s[last[stretch[at]]] - s[at] >= limits.shortest - SURELY_M]
    rise = np.interp(s[at] + limits.end, s, z) - z[at]
    rises = rise >= END_SHARE * limits.min_grade * limits.end
    at, rise = at[rises], rise[rises]
    near, far = (np.searchsorted(s, s[at] + length) for length in limits[:2])
    return _Feet(side, at, rise, stretch[at], last[stretch[at]], near, far)


def _highest_ahead(s: Floats, over: Floats, limits: Limits) -> Floats:
    """Return for each sample a height that no top of a window from there exceeds."""
    # Each top is at least ``nearest`` samples away; the maximum of two spans covers their union.
    nearest = min(int(limits.shortest / np.diff(s).max(initial=SURELY_M)), len(s))
    highest = np.concatenate([over[nearest:], np.full(nearest, -np.inf)])
    covered = 1
    while (before := len(s) - nearest - covered + 1) > 0 and (
        s[nearest + covered - 1 :] - s[:before]
    ).min() <= limits.longest:
        highest[:-covered] = np.maximum(highest[:-covered], highest[covered:])
        covered *= 2
    return highest


class _Spans(NamedTuple):
    """Windows that are looked at.

    Attributes:
        row: shape (k,), which of the feet each begins at.
        end: shape (k,), the first sample not before its top.
        top: shape (k,), where that lies on the axis.
        height: shape (k,), the height there.
        rise: shape (k,), the rise of the line over the end below the top.
    """

    row: Ints
    end: Ints
    top: Floats
    height: Floats
    rise: Floats


def _on_samples(feet: _Feet, tops: Ints, rise: Floats, limits: Limits) -> _Spans:
    """Return the windows with a sample at either end.

    Args:
        feet: where they may begin.
        tops: shape (t,), the samples where they may end, growing.
        rise: shape (t,), the rise of the line over the end below these.
        limits: what a window must satisfy.
    """
    s, z, _ = feet.side
    first = np.searchsorted(tops, feet.near - 1)  # a rounding may have left one out
    size = np.searchsorted(tops, np.minimum(feet.far, feet.stop), "right") - first
    row, top = _ranges(first, size)
    end = tops[top]
    length = s[end] - s[feet.at[row]]
    fits = (length >= limits.shortest) & (length <= limits.longest)
    row, end = row[fits], end[fits]
    return _Spans(row, end, s[end], z[end], rise[top[fits]])


def _between_samples(feet: _Feet, limits: Limits) -> _Spans:
    """Return the windows whose tops lie where a length or a grade is exactly as allowed."""
    s, z, _ = feet.side
    spots = [
        _at_length(feet, *each) for each in zip(limits[:2], (feet.near, feet.far), strict=True)
    ]
    if np.isfinite(limits.max_grade):
        spots.append(_at_greatest_grade(feet, limits))
    row, end, share, top = (np.concatenate(parts) for parts in zip(*spots, strict=True))
    height = z[end - 1] + share * (z[end] - z[end - 1])
    return _Spans(row, end, top, height, height - np.interp(top - limits.end, s, z))


def _at_length(feet: _Feet, length: float, end: Ints) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the windows of a length, given the first sample not before each foot's top.

    That is their rows and these samples, how much of the way to these from the ones before their
    tops lie, as a share, and where on the axis.
    """
    s = feet.side.s
    row = np.flatnonzero(end <= feet.stop)
    foot, end = s[feet.at[row]], end[row]
    before = s[end - 1] - foot
    return row, end, (length - before) / (s[end] - foot - before), foot + length


def _at_greatest_grade(feet: _Feet, limits: Limits) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the same of the windows that are on the way past the greatest grade."""
    s, z, _ = feet.side
    size = np.minimum(feet.far, feet.stop) - feet.near + 1
    row, end = _ranges(feet.near, size)
    foot = feet.at[row]
    start, stop = s[end - 1] - s[foot], s[end] - s[foot]
    low = z[end - 1] - z[foot] - limits.max_grade * start
    high = z[end] - z[foot] - limits.max_grade * stop
    crossed = np.flatnonzero(low * high < 0)
    share = low[crossed] / (low - high)[crossed]
    length = start[crossed] + share * (stop - start)[crossed]
    fits = (length >= limits.shortest) & (length <= limits.longest)
    row, end, share = row[crossed[fits]], end[crossed[fits]], share[fits]
    return row, end, share, s[end - 1] + share * (s[end] - s[end - 1])


def _good(feet: _Feet, spans: _Spans, limits: Limits) -> tuple[_Tried, Ints]:
    """Return those of many windows that rise as they must, and the stretch of each."""
    s, z, _ = feet.side
    row, end, top, height, rise = spans
    foot = feet.at[row]
    length, gain = top - s[foot], height - z[foot]
    grade = gain / length
    rises = (grade >= limits.min_grade) & (grade <= limits.max_grade * (1 + SAME))
    rises &= np.minimum(feet.rise[row], rise) >= END_SHARE * grade * limits.end
    rows = np.flatnonzero(rises)
    dip = _deepest(feet.side, foot[rows], end[rows], height[rows])
    rows = rows[dip <= np.maximum(DIP_M, DIP_SHARE * gain[rows])]
    foot = foot[rows]
    return _Tried(s[foot], top[rows], gain[rows], foot, end[rows]), feet.stretch[row[rows]]


def _deepest(side: _Side, foot: Ints, end: Ints, height: Floats) -> Floats:
    """Return the deepest dip of windows whose tops lie at ``height`` at or before ``end``.

    Where all that a window falls is less than any dip that matters, this is that sum.
    """
    _, z, fallen = side
    deepest = fallen[end - 1] - fallen[foot] + np.maximum(z[end - 1] - height, 0.0)
    rows = np.flatnonzero(deepest > DIP_M - SURELY_M)
    foot, end = foot[rows], end[rows]
    peak, dip = z[foot], np.zeros(len(rows))
    for step in range(1, int((end - foot).max(initial=0))):
        at = z[np.minimum(foot + step, end - 1)]
        dip = np.maximum(dip, peak - at)
        peak = np.maximum(peak, at)
    deepest[rows] = np.maximum(dip, peak - height[rows])
    return np.asarray(deepest)


def _ranges(first: Ints, size: Ints) -> tuple[Ints, Ints]:
    """Return rows, each as often as its range is long, and the numbers in these, one by one."""
    size = np.maximum(size, 0)
    row = np.repeat(np.arange(len(size)), size)
    return row, np.arange(len(row)) + (first - np.cumsum(size) + size)[row]


def _slopes(line: Line, first: Ints, last: Ints, best: _Tried, reach: float) -> tuple[Ints, Ints]:
    """Return the last samples below the slopes of windows and the first ones above them.

    The slope goes on, down from the foot and up from the top, until it has turned by more than
    the dip that a climb may have; but no farther than ``reach`` metres, so that a long slope
    keeps a climb near every door.
    """
    dip = np.maximum(DIP_M, DIP_SHARE * best.gain)
    stop = np.maximum(first, np.searchsorted(line.s, best.foot - reach, "right") - 1)
    below = _turn(-line.z, best.low, stop, dip)
    stop = np.minimum(last, np.searchsorted(line.s, best.top + reach))
    return below, _turn(line.z, best.high, stop, dip)


def _turn(z: Floats, start: Ints, stop: Ints, dip: Floats) -> Ints:
    """Return the highest samples of ways from ``start`` before they fall by more than ``dip``.

    That is ``stop`` for those that do not fall as far before they are there.
    """
    size = np.abs(stop - start)
    step = np.arange(size.max() + 1)
    inside = step <= size[:, None]
    at = start[:, None] + np.sign(stop - start)[:, None] * np.minimum(step, size[:, None])
    height = np.where(inside, z[at], -np.inf)
    fallen = inside & (np.maximum.accumulate(height, axis=1) - height > dip[:, None])
    highest = np.where(np.logical_or.accumulate(fallen, axis=1), -np.inf, height).argmax(axis=1)
    rows = np.arange(len(start))
    return np.where(fallen.any(axis=1), at[rows, highest], stop)
