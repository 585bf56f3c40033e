"""The search on a line: the best windows that rise, one for each slope, found completely.

Between samples a profile is straight, so the best window has a sample at one end at least, and at
the other a sample too or else exactly the least or the greatest length, or exactly the greatest
grade. (Where greatest length and greatest grade bind at once, the best may lie between samples at
both ends. It is not tried: its neighbour less than a sample on, as long and a bit gentler, is.)
All of these are tried, each pass moving every foot one sample on at once; a pass over the mirrored
line serves the tops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats, Ints

#: A dip is forgiven up to so many metres, or up to this share of the rise.
DIP_M, DIP_SHARE = 2.0, 0.1
#: An end is flat where its last 20 m rise at less than a quarter of the mean grade.
END_M, END_SHARE = 20.0, 0.25
#: Scores closer than this are equal, and the lower foot is taken.
SAME = 1e-9


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
        return min(END_M, self.shortest / 4)


def search(line: Line, first: Ints, last: Ints, limits: Limits) -> Windows:
    """Return the climbs up a line, in the direction in which its axis grows.

    The best window of each stretch is taken with the slope it lies on; what is left on either
    side is searched again, until nothing is left. All stretches are searched at once.

    Args:
        line: the profiles.
        first: shape (k,), the first sample of each stretch to search.
        last: shape (k,), its last sample.
        limits: what a window must satisfy.
    """
    mirrored = Line(-line.s[::-1], -line.z[::-1])
    ahead = tuple(_highest_ahead(*side, limits.longest) for side in (line, mirrored))
    taken: list[Windows] = []
    while len(first):
        room = line.s[last] - line.s[first] >= limits.shortest
        first, last = first[room], last[room]
        best, has = _best((line, mirrored), ahead, (first, last), limits)
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


def _best(
    sides: tuple[Line, Line],
    ahead: tuple[Floats, ...],
    stretches: tuple[Ints, Ints],
    limits: Limits,
) -> tuple[Windows, Bools]:
    """Return the best window of each stretch that has one, and which stretches those are."""
    first, last = stretches
    line, mirrored = sides
    score, foot, top, gain = _sweep(line, ahead[0], stretches, limits)
    end = len(line.s) - 1
    other, mirror_foot, mirror_top, mirror_gain = _sweep(
        mirrored, ahead[1], (end - last[::-1], end - first[::-1]), limits
    )
    better = other[::-1] > score * (1 + SAME)
    foot = np.where(better, -mirror_top[::-1], foot)
    top = np.where(better, -mirror_foot[::-1], top)
    gain = np.where(better, mirror_gain[::-1], gain)
    has = np.maximum(score, other[::-1]) > 0
    return Windows(foot[has], top[has], gain[has]), has


def _sweep(
    line: Line, ahead: Floats, stretches: tuple[Ints, Ints], limits: Limits
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return for each stretch the best score of a window with its foot on a sample.

    With it come the window's foot, top and gain. The score is 0 where there is no window.
    """
    s, z = line
    first, last = stretches
    size = last - first + 1
    start = np.cumsum(size) - size
    at = np.arange(int(size.sum())) + np.repeat(first - start, size)
    stop = np.repeat(last, size)
    ceiling = np.minimum(np.repeat(_highest(z, first, last), size), ahead[at])
    score, top, rise = np.zeros(len(at)), np.zeros(len(at)), np.zeros(len(at))
    # Only feet from which the least gain can be had are followed.
    rows = np.flatnonzero(ceiling - z[at] >= limits.min_grade * limits.shortest)
    first_rise = np.interp(s[at] + limits.end, s, z) - z[at]
    peak, dip = z[at].copy(), np.zeros(len(at))

    def offer(row: Ints, end_s: Floats, end_z: Floats, deepest: Floats) -> None:
        foot = at[row]
        length, gain = end_s - s[foot], end_z - z[foot]
        grade = gain / length
        good = (grade >= limits.min_grade) & (grade <= limits.max_grade * (1 + SAME))
        good &= deepest <= np.maximum(DIP_M, DIP_SHARE * gain)
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

    samples = 0
    while len(rows):
        samples += 1
        rows = rows[at[rows] + samples <= stop[rows]]
        foot, end = at[rows], at[rows] + samples
        reach, before = s[end] - s[foot], s[end - 1] - s[foot]
        for exact in {limits.shortest, limits.longest}:
            crossed = np.flatnonzero((before < exact) & (reach > exact))
            row = rows[crossed]
            end_s = s[foot[crossed]] + exact
            share = (exact - before[crossed]) / (reach[crossed] - before[crossed])
            low, high = z[end[crossed] - 1], z[end[crossed]]
            end_z = low + share * (high - low)
            offer(row, end_s, end_z, np.maximum(dip[row], peak[row] - end_z))
        crossed, share = _crossing(
            limits, (before, z[end - 1] - z[foot]), (reach, z[end] - z[foot])
        )
        row = rows[crossed]
        end_s, end_z = (
            part[end[crossed] - 1] + share * (part[end[crossed]] - part[end[crossed] - 1])
            for part in (s, z)
        )
        offer(row, end_s, end_z, np.maximum(dip[row], peak[row] - end_z))
        end_z = z[end]
        dip[rows] = np.maximum(dip[rows], peak[rows] - end_z)
        peak[rows] = np.maximum(peak[rows], end_z)
        fits = (reach >= limits.shortest) & (reach <= limits.longest)
        offer(rows[fits], s[end[fits]], end_z[fits], dip[rows[fits]])
        hopeful = np.maximum(DIP_M, DIP_SHARE * (ceiling[rows] - z[foot]))
        rows = rows[(reach < limits.longest) & (dip[rows] <= hopeful)]
    return _winners(score, start, size, (s[at], top, rise))


def _crossing(
    limits: Limits, start: tuple[Floats, Floats], stop: tuple[Floats, Floats]
) -> tuple[Ints, Floats]:
    """Return between which tops the greatest grade is passed at a length that fits, and where.

    Args:
        limits: what a window must satisfy.
        start: lengths and gains of the windows to the one top.
        stop: the same to the next.

    Returns:
        Rows, and how much of the way from the one to the next, as a share.
    """
    if not np.isfinite(limits.max_grade):
        return np.empty(0, np.int64), np.empty(0)
    low, high = (gain - limits.max_grade * length for length, gain in (start, stop))
    rows = np.flatnonzero(low * high < 0)
    share = low[rows] / (low[rows] - high[rows])
    length = start[0][rows] + share * (stop[0] - start[0])[rows]
    fits = (length >= limits.shortest) & (length <= limits.longest)
    return rows[fits], share[fits]


def _highest_ahead(s: Floats, z: Floats, reach: float) -> Floats:
    """Return for each sample a height that none within ``reach`` metres ahead exceeds."""
    if len(s) == 0:
        return z
    samples = int((np.searchsorted(s, s + reach, "right") - np.arange(len(s))).max()) + 1
    highest = np.where(np.isnan(z), -np.inf, z)
    covered = 1
    while covered < min(samples, len(s)):
        step = min(covered, len(s) - 1)
        highest[:-step] = np.maximum(highest[:-step], highest[step:])
        covered += step
    return np.asarray(highest)


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
