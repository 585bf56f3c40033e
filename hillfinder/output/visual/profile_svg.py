"""What there is to draw of a hill's profile, and the small drawing of it, as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.output import colours
from hillfinder.output.drawn_profile import drawn_profile
from hillfinder.output.text import phrases
from hillfinder.units import FOOT_M

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.model import Floats, Hill
    from hillfinder.output.drawn_profile import DrawnProfile
    from hillfinder.units import Units

_VIEW_WIDTH, _VIEW_HEIGHT = 480.0, 200.0
_LEFT, _RIGHT, _TOP, _FLOOR = 46.0, 468.0, 12.0, 176.0
_FONT = 'font-family="system-ui, sans-serif" font-size="13" fill="currentColor"'


def to_svg(hill: Hill, units: Units = "metric", repeated_m: float | None = None) -> str:
    """Return the profile as an ``svg`` element: coloured by grade, the doubt as a band.

    It holds numbers alone and no word of the map, takes the colour of the text around it, and is
    as wide as its place. ``data-`` attributes say where the bottom and the top are in it.

    Args:
        hill: which.
        units: metres or feet on the axes.
        repeated_m: so much of it, from the bottom, is run again and again: it is marked.
    """
    what = drawn_profile(hill)
    low, high = what.low_m, what.high_m
    if not (np.isfinite(low) and np.isfinite(high)):
        return (
            f'<svg viewBox="0 0 {_VIEW_WIDTH:g} 40" role="img">'
            f'<text x="0" y="25" {_FONT}>The heights of this hill are not known.</text></svg>'
        )
    room = max(high - low, 1.0) * 0.08
    above = max(high, low + 1.0) + room * (3 if repeated_m else 1)
    frame = _Frame(what.start_m, float(what.distance_m[-1]), low - room, above)
    foot, top = frame.x(np.array([0.0, frame.stop])).tolist()
    size = phrases.ground(frame.stop, units)
    return "".join(
        [
            f'<svg class="profile" viewBox="0 0 {_VIEW_WIDTH:g} {_VIEW_HEIGHT:g}" role="img"',
            f' data-foot="{foot:.1f}" data-top="{top:.1f}">',
            f"<title>Profile: {size}, {phrases.mean_grade(hill)}</title>",
            *_axes(frame, high, units),
            *_shapes(what, frame),
            *(_mark(frame, repeated_m, units) if repeated_m else ()),
            "</svg>",
        ]
    )


def to_small_svg(hill: Hill) -> str:
    """Return the profile without numbers, small enough for a line of a table.

    Args:
        hill: which.
    """
    what = drawn_profile(hill)
    if not what.stretches:
        return ""
    low, high = what.low_m, max(what.high_m, what.low_m + 1.0)
    frame = _Frame(what.start_m, float(what.distance_m[-1]), low, high)
    return (
        f'<svg viewBox="{_LEFT - 2:g} {_TOP - 2:g} {_RIGHT - _LEFT + 4:g} {_FLOOR - _TOP + 2:g}" '
        'width="96" height="36" preserveAspectRatio="none" role="img">'
        f"<title>Profile</title>{''.join(_shapes(what, frame))}</svg>"
    )


class _Frame(NamedTuple):
    """What part of the world is drawn, in metres along and above the sea."""

    start: float
    stop: float
    low: float
    high: float

    def x(self, metres: Floats) -> Floats:
        """Return how far right in the drawing."""
        return _LEFT + (metres - self.start) / (self.stop - self.start) * (_RIGHT - _LEFT)

    def y(self, metres: Floats) -> Floats:
        """Return how far down in the drawing."""
        return _TOP + (self.high - metres) / (self.high - self.low) * (_FLOOR - _TOP)

    def points(self, along: Floats, height: Floats) -> str:
        """Return those of a line's points whose height is known."""
        known = np.isfinite(height)
        both = zip(self.x(along[known]).tolist(), self.y(height[known]).tolist(), strict=True)
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in both)


def _shapes(what: DrawnProfile, frame: _Frame) -> Iterator[str]:
    """Yield the way there, the coloured ground, the band of doubt, and the line."""
    lead = frame.points(what.lead_distance_m, what.lead_elevation_m)
    line = 'fill="none" stroke="currentColor" stroke-linejoin="round"'
    if lead:
        yield (
            f'<polyline points="{lead}" {line} stroke-opacity="0.5" stroke-width="2" '
            'stroke-dasharray="5 4"/>'
        )
    for stretch in what.stretches:
        inside = (what.distance_m > stretch.start_m) & (what.distance_m < stretch.stop_m)
        along = np.concatenate([[stretch.start_m], what.distance_m[inside], [stretch.stop_m]])
        height = np.interp(along, what.distance_m, what.elevation_m)
        left, right = frame.x(along[[0, -1]]).tolist()
        yield (
            f'<polygon points="{left:.1f},{_FLOOR:g} {frame.points(along, height)} '
            f'{right:.1f},{_FLOOR:g}" fill="{colours.colour_of(stretch.grade)}" '
            'fill-opacity="0.85"/>'
        )
    upper = frame.points(what.distance_m, what.elevation_m + what.sigma_m)
    lower = frame.points(what.distance_m[::-1], (what.elevation_m - what.sigma_m)[::-1])
    yield (
        f'<polygon class="doubt" points="{upper} {lower}" fill="currentColor" fill-opacity="0.2" '
        'stroke="currentColor" stroke-opacity="0.4" stroke-width="0.75"/>'
        f'<polyline points="{frame.points(what.distance_m, what.elevation_m)}" {line} '
        'stroke-width="2.5"/>'
    )


def _mark(frame: _Frame, repeated_m: float, units: Units) -> Iterator[str]:
    """Yield a bar above what is run again and again."""
    left, right = frame.x(np.array([0.0, min(repeated_m, frame.stop)])).tolist()
    yield (
        f'<path d="M{left:.1f} {_TOP + 5:g}v-5H{right:.1f}v5" fill="none" stroke="currentColor" '
        f'stroke-width="1.5"/><text x="{left + 6:.1f}" y="{_TOP + 16:g}" {_FONT}>'
        f"repeat {phrases.ground(repeated_m, units)}</text>"
    )


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` round numbers from ``low`` to ``high``.

    >>> ticks(-60.0, 152.0, 6)
    [-50.0, 0.0, 50.0, 100.0, 150.0]
    """
    size = 10.0 ** np.floor(np.log10((high - low) / most))
    for factor in (1, 2, 5, 10, 20):
        first = np.ceil(low / (factor * size) - 1e-9)
        count = int(np.floor(high / (factor * size) + 1e-9) - first) + 1
        if count <= most:
            break
    return [float((first + at) * factor * size) + 0.0 for at in range(count)]


def _axes(frame: _Frame, high_m: float, units: Units) -> Iterator[str]:
    """Yield lines and numbers of both axes, none higher than the profile."""
    unit_m, name = (1.0, "m") if units == "metric" else (FOOT_M, "ft")
    for value in ticks(frame.low / unit_m, max(high_m, frame.low + 1.0) / unit_m, 5):
        at = float(frame.y(np.array(value * unit_m)))
        yield (
            f'<line x1="{_LEFT:g}" x2="{_RIGHT:g}" y1="{at:.1f}" y2="{at:.1f}" '
            'stroke="currentColor" stroke-opacity="0.15"/>'
            f'<text x="{_LEFT - 6:g}" y="{at + 4:.1f}" text-anchor="end" {_FONT}>{value:g}</text>'
        )
    for value in ticks(frame.start / unit_m, frame.stop / unit_m, 6):
        at = float(frame.x(np.array(value * unit_m)))
        if at < _LEFT + 16 and value < 0:
            continue  # the unit stands there
        yield (
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_FLOOR:g}" y2="{_FLOOR + 5:g}" '
            'stroke="currentColor"/>'
            f'<text x="{at:.1f}" y="{_FLOOR + 19:g}" text-anchor="middle" {_FONT}>{value:g}</text>'
        )
    yield (
        f'<line x1="{_LEFT:g}" x2="{_RIGHT:g}" y1="{_FLOOR:g}" y2="{_FLOOR:g}" '
        'stroke="currentColor"/>'
        f'<text x="{_LEFT - 6:g}" y="{_FLOOR + 19:g}" text-anchor="end" {_FONT}>{name}</text>'
    )
