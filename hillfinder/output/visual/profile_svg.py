"""What there is to draw of a hill's profile, and the small drawing of it, as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hillfinder.output.text import phrases as words
from hillfinder.output.visual import colours as scale
from hillfinder.units import FOOT_M

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.model import Floats, Hill
    from hillfinder.units import Units

#: How much of the way to the bottom is shown before it, in metres.
LEAD_M: Final = 60.0
#: A colour is that of the grade over so many metres: shorter ones show samples, not the street.
COLOUR_OVER_M: Final = 20.0
#: Beyond so many pieces nobody sees the difference.
MOST_PIECES: Final = 200

_WIDTH, _HEIGHT = 480.0, 200.0
_LEFT, _RIGHT, _TOP, _FLOOR = 46.0, 468.0, 12.0, 176.0
_FONT = 'font-family="system-ui, sans-serif" font-size="13" fill="currentColor"'


class Piece(NamedTuple):
    """A stretch of one colour: from and to in metres from the bottom, and a grade of it."""

    start_m: float
    stop_m: float
    grade: float


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """The profile of a hill, ready to be drawn.

    Attributes:
        distance_m: shape (n,), from the bottom.
        elevation_m, sigma_m: shape (n,); NaN where unknown.
        lead_distance_m, lead_elevation_m: shape (k,), the end of the way there, distances
            negative; none where there is no way, or its heights are unknown.
        pieces: what is coloured alike, in order; none where heights are unknown.
    """

    distance_m: Floats
    elevation_m: Floats
    sigma_m: Floats
    lead_distance_m: Floats
    lead_elevation_m: Floats
    pieces: tuple[Piece, ...]

    @property
    def start_m(self) -> float:
        """Where the drawing begins, in metres from the bottom: 0 or less."""
        return float(self.lead_distance_m[0]) if len(self.lead_distance_m) else 0.0

    @property
    def low_m(self) -> float:
        """The lowest that is drawn, doubt included; infinite where no height is known."""
        known = _known(self.elevation_m - self.sigma_m, self.lead_elevation_m)
        return float(known.min(initial=np.inf))

    @property
    def high_m(self) -> float:
        """The highest that is drawn, doubt included; infinite where no height is known."""
        known = _known(self.elevation_m + self.sigma_m, self.lead_elevation_m)
        return float(known.max(initial=-np.inf))


def drawn(hill: Hill) -> Drawn:
    """Return what there is to draw of a hill."""
    profile = hill.climb.profile
    distance = profile.distance_m - profile.distance_m[0]
    lead_distance, lead_elevation = _lead(hill)
    return Drawn(
        distance,
        profile.elevation_m,
        profile.sigma_m,
        lead_distance,
        lead_elevation,
        tuple(_pieces(distance, profile.elevation_m)),
    )


def to_svg(hill: Hill, units: Units = "metric", repeated_m: float | None = None) -> str:
    """Return the profile as an ``svg`` element: coloured by grade, the doubt as a band.

    It holds numbers alone and no word of the map, takes the colour of the text around it, and is
    as wide as its place. ``data-`` attributes say where the bottom and the top are in it.

    Args:
        hill: which.
        units: metres or feet on the axes.
        repeated_m: so much of it, from the bottom, is run again and again: it is marked.
    """
    what = drawn(hill)
    low, high = what.low_m, what.high_m
    if not (np.isfinite(low) and np.isfinite(high)):
        return (
            f'<svg viewBox="0 0 {_WIDTH:g} 40" role="img">'
            f'<text x="0" y="25" {_FONT}>The heights of this hill are not known.</text></svg>'
        )
    room = max(high - low, 1.0) * 0.08
    above = max(high, low + 1.0) + room * (3 if repeated_m else 1)
    frame = _Frame(what.start_m, float(what.distance_m[-1]), low - room, above)
    foot, top = frame.x(np.array([0.0, frame.stop])).tolist()
    return "".join(
        [
            f'<svg class="profile" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img"',
            f' data-foot="{foot:.1f}" data-top="{top:.1f}">',
            f"<title>Profile: {words.ground(frame.stop, units)}, {words.mean_grade(hill)}</title>",
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
    what = drawn(hill)
    if not what.pieces:
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


def _shapes(what: Drawn, frame: _Frame) -> Iterator[str]:
    """Yield the way there, the coloured ground, the band of doubt, and the line."""
    lead = frame.points(what.lead_distance_m, what.lead_elevation_m)
    line = 'fill="none" stroke="currentColor" stroke-linejoin="round"'
    if lead:
        yield (
            f'<polyline points="{lead}" {line} stroke-opacity="0.5" stroke-width="2" '
            'stroke-dasharray="5 4"/>'
        )
    for piece in what.pieces:
        inside = (what.distance_m > piece.start_m) & (what.distance_m < piece.stop_m)
        along = np.concatenate([[piece.start_m], what.distance_m[inside], [piece.stop_m]])
        height = np.interp(along, what.distance_m, what.elevation_m)
        left, right = frame.x(along[[0, -1]]).tolist()
        yield (
            f'<polygon points="{left:.1f},{_FLOOR:g} {frame.points(along, height)} '
            f'{right:.1f},{_FLOOR:g}" fill="{scale.colour(piece.grade)}" fill-opacity="0.85"/>'
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
        f"repeat {words.ground(repeated_m, units)}</text>"
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


def _lead(hill: Hill) -> tuple[Floats, Floats]:
    """Return the last metres of the way to the bottom."""
    route = hill.approach
    nothing = np.zeros(0)
    if route is None or len(route.distance_m) < 2:
        return nothing, nothing
    distance = route.distance_m - route.distance_m[-1]
    begin = max(-min(LEAD_M, hill.climb.length_m / 3), float(distance[0]))
    along = np.concatenate([[begin], distance[distance > begin]])
    height = np.interp(along, distance, route.elevation_m)
    return (along, height) if np.isfinite(height).all() else (nothing, nothing)


def _pieces(distance: Floats, elevation: Floats) -> Iterator[Piece]:
    """Yield stretches of one colour, each as long as it goes."""
    length = float(distance[-1])
    count = int(np.clip(np.ceil(length / 10.0), 1, MOST_PIECES))
    cuts = np.linspace(0.0, length, count + 1)
    middle = (cuts[1:] + cuts[:-1]) / 2
    half = max(COLOUR_OVER_M, length / count) / 2
    begin, end = np.clip(middle - half, 0, length), np.clip(middle + half, 0, length)
    rise = np.interp(end, distance, elevation) - np.interp(begin, distance, elevation)
    grades = rise / (end - begin)
    start = 0
    for at in range(1, count + 1):
        if at < count and _alike(grades[at], grades[start]):
            continue
        if np.isfinite(grades[start]):
            yield Piece(float(cuts[start]), float(cuts[at]), float(grades[start:at].mean()))
        start = at


def _alike(one: float, two: float) -> bool:
    return bool(np.isfinite(one) == np.isfinite(two)) and scale.step(one) == scale.step(two)


def _known(band: Floats, lead: Floats) -> Floats:
    heights: Floats = np.concatenate([band, lead])
    return heights[np.isfinite(heights)]
