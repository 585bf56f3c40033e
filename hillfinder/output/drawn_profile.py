"""The profile of a hill as it is drawn on a page, in print and on a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hillfinder.output import colours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.model import Floats, Hill

#: Stretch of the approach shown before the foot, m.
LEAD_M: Final = 60.0
#: Distance over which the grade of a colour is taken, m: over less, the samples would show.
COLOUR_OVER_M: Final = 20.0
#: Most stretches a profile is cut into: more cannot be told apart.
MOST_STRETCHES: Final = 200


class Stretch(NamedTuple):
    """A stretch of one colour: its ends in metres from the foot, and its grade."""

    start_m: float
    stop_m: float
    grade: float


@dataclass(frozen=True, slots=True, eq=False)
class DrawnProfile:
    """The profile of a hill, ready to be drawn.

    Attributes:
        distance_m: shape (n,), from the foot.
        elevation_m, sigma_m: shape (n,); NaN where unknown.
        lead_distance_m, lead_elevation_m: shape (k,), the end of the approach, distances
            negative; empty without an approach, or where its heights are unknown.
        stretches: stretches of one colour, in order; none where heights are unknown.
    """

    distance_m: Floats
    elevation_m: Floats
    sigma_m: Floats
    lead_distance_m: Floats
    lead_elevation_m: Floats
    stretches: tuple[Stretch, ...]

    @property
    def start_m(self) -> float:
        """Where the drawing begins, in metres from the foot: 0 or less."""
        return float(self.lead_distance_m[0]) if len(self.lead_distance_m) else 0.0

    @property
    def low_m(self) -> float:
        """The lowest height drawn, margin included; infinite where none is known."""
        known = _known(self.elevation_m - self.sigma_m, self.lead_elevation_m)
        return float(known.min(initial=np.inf))

    @property
    def high_m(self) -> float:
        """The highest height drawn, margin included; infinite where none is known."""
        known = _known(self.elevation_m + self.sigma_m, self.lead_elevation_m)
        return float(known.max(initial=-np.inf))


def drawn_profile(hill: Hill) -> DrawnProfile:
    """Return the profile of a hill, ready to be drawn."""
    profile = hill.climb.profile
    distance = profile.distance_m - profile.distance_m[0]
    lead_distance, lead_elevation = _lead(hill)
    return DrawnProfile(
        distance,
        profile.elevation_m,
        profile.sigma_m,
        lead_distance,
        lead_elevation,
        tuple(_stretches(distance, profile.elevation_m)),
    )


def _lead(hill: Hill) -> tuple[Floats, Floats]:
    """Return the last metres of the approach."""
    route = hill.approach
    nothing = np.zeros(0)
    if route is None or len(route.distance_m) < 2:
        return nothing, nothing
    distance = route.distance_m - route.distance_m[-1]
    begin = max(-min(LEAD_M, hill.climb.length_m / 3), float(distance[0]))
    along = np.concatenate([[begin], distance[distance > begin]])
    height = np.interp(along, distance, route.elevation_m)
    return (along, height) if np.isfinite(height).all() else (nothing, nothing)


def _stretches(distance: Floats, elevation: Floats) -> Iterator[Stretch]:
    """Yield stretches of one colour, each as long as possible."""
    length = float(distance[-1])
    count = int(np.clip(np.ceil(length / 10.0), 1, MOST_STRETCHES))
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
            yield Stretch(float(cuts[start]), float(cuts[at]), float(grades[start:at].mean()))
        start = at


def _alike(one: float, two: float) -> bool:
    return bool(np.isfinite(one) == np.isfinite(two)) and colours.colour_index(
        one
    ) == colours.colour_index(two)


def _known(band: Floats, lead: Floats) -> Floats:
    heights: Floats = np.concatenate([band, lead])
    return heights[np.isfinite(heights)]
