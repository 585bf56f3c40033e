"""The profile of a hill as SVG, for a page and for a line of a table."""

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
    """Return the profile as an ``svg`` element: coloured by grade, the margin as a band.

    It holds no text of the map, takes the colour of the text around it, and fills its container.
    ``data-`` attributes give the positions of foot and top.

    Args:
        hill: the hill.
        units: metres or feet on the axes.
        repeated_m: length of a repeat from the foot, which is marked.
    """
    drawn = drawn_profile(hill)
    low, high = drawn.low_m, drawn.high_m
    if not (np.isfinite(low) and np.isfinite(high)):
        return (
            f'<svg viewBox="0 0 {_VIEW_WIDTH:g} 40" role="img">'
            f'<text x="0" y="25" {_FONT}>The heights of this hill are not known.</text></svg>'
        )
    room = max(high - low, 1.0) * 0.08
    above = max(high, low + 1.0) + room * (3 if repeated_m else 1)
    frame = _Frame(drawn.start_m, float(drawn.distance_m[-1]), low - room, above)
    foot, top = frame.x(np.array([0.0, frame.stop])).tolist()
    size = phrases.ground(frame.stop, units)
    return "".join(
        [
            f'<svg class="profile" viewBox="0 0 {_VIEW_WIDTH:g} {_VIEW_HEIGHT:g}" role="img"',
            f' data-foot="{foot:.1f}" data-top="{top:.1f}">',
            f"<title>Profile: {size}, {phrases.mean_grade(hill)}</title>",
            *_axes(frame, high, units),
            *_shapes(drawn, frame),
            *(_mark(frame, repeated_m, units) if repeated_m else ()),
            "</svg>",
        ]
    )


def to_small_svg(hill: Hill) -> str:
    """Return the profile without numbers, small enough for a line of a table."""
    drawn = drawn_profile(hill)
    if not drawn.stretches:
        return ""
    low, high = drawn.low_m, max(drawn.high_m, drawn.low_m + 1.0)
    frame = _Frame(drawn.start_m, float(drawn.distance_m[-1]), low, high)
    return (
        f'<svg viewBox="{_LEFT - 2:g} {_TOP - 2:g} {_RIGHT - _LEFT + 4:g} {_FLOOR - _TOP + 2:g}" '
        'width="96" height="36" preserveAspectRatio="none" role="img">'
        f"<title>Profile</title>{''.join(_shapes(drawn, frame))}</svg>"
    )


class _Frame(NamedTuple):
    """The part of the world that is drawn, in metres along and above the sea."""

    start: float
    stop: float
    low: float
    high: float

    def x(self, metres: Floats) -> Floats:
        """Return x in the drawing."""
        return _LEFT + (metres - self.start) / (self.stop - self.start) * (_RIGHT - _LEFT)

    def y(self, metres: Floats) -> Floats:
        """Return y in the drawing, downwards."""
        return _TOP + (self.high - metres) / (self.high - self.low) * (_FLOOR - _TOP)

    def points(self, along: Floats, height: Floats) -> str:
        """Return the points of a line whose height is known."""
        known = np.isfinite(height)
        both = zip(self.x(along[known]).tolist(), self.y(height[known]).tolist(), strict=True)
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in both)


def _shapes(drawn: DrawnProfile, frame: _Frame) -> Iterator[str]:
    """Yield the approach, the coloured ground, the margin, and the line."""
    lead = frame.points(drawn.lead_distance_m, drawn.lead_elevation_m)
    line = 'fill="none" stroke="currentColor" stroke-linejoin="round"'
    if lead:
        yield (
            f'<polyline points="{lead}" {line} stroke-opacity="0.5" stroke-width="2" '
            'stroke-dasharray="5 4"/>'
        )
    for stretch in drawn.stretches:
        inside = (drawn.distance_m > stretch.start_m) & (drawn.distance_m < stretch.stop_m)
        along = np.concatenate([[stretch.start_m], drawn.distance_m[inside], [stretch.stop_m]])
        height = np.interp(along, drawn.distance_m, drawn.elevation_m)
        left, right = frame.x(along[[0, -1]]).tolist()
        yield (
            f'<polygon points="{left:.1f},{_FLOOR:g} {frame.points(along, height)} '
            f'{right:.1f},{_FLOOR:g}" fill="{colours.colour_of(stretch.grade)}" '
            'fill-opacity="0.85"/>'
        )
    upper = frame.points(drawn.distance_m, drawn.elevation_m + drawn.sigma_m)
    lower = frame.points(drawn.distance_m[::-1], (drawn.elevation_m - drawn.sigma_m)[::-1])
    yield (
        f'<polygon class="doubt" points="{upper} {lower}" fill="currentColor" fill-opacity="0.2" '
        'stroke="currentColor" stroke-opacity="0.4" stroke-width="0.75"/>'
        f'<polyline points="{frame.points(drawn.distance_m, drawn.elevation_m)}" {line} '
        'stroke-width="2.5"/>'
    )


def _mark(frame: _Frame, repeated_m: float, units: Units) -> Iterator[str]:
    """Yield a bar above the repeat."""
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
    """Yield lines and numbers of both axes, none above the profile."""
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
