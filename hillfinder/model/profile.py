"""Heights along a line, its grades, and the confidence in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

if TYPE_CHECKING:
    from hillfinder.model.arrays import Floats

Confidence = Literal["high", "medium", "low"]

#: Length over which the steepest part of a climb is measured, m.
STEEPEST_OVER_M = 30.0
#: Grade of the steepest street on record (Baldwin Street, Dunedin: 34.8 %). A line that is steeper
#: over 30 m is mapped in the wrong place, or is a scramble or untagged stairs.
STEEPEST_STREET = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Heights along a line.

    Attributes:
        distance_m: shape (n,), from the start, growing, in the ground plan.
        elevation_m: shape (n,), the smoothed grade line of the road; NaN where unknown.
        sigma_m: shape (n,), standard deviation of each height, in metres.
    """

    distance_m: Floats
    elevation_m: Floats
    sigma_m: Floats

    def __repr__(self) -> str:
        """Return what it is in a line."""
        return f"<Profile: {self.length_m:.0f} m, {self.gain_m:+.1f} m>"

    @property
    def length_m(self) -> float:
        """Length in the ground plan."""
        return float(self.distance_m[-1] - self.distance_m[0])

    @property
    def gain_m(self) -> float:
        """Rise from the first point to the last (negative where it falls)."""
        return float(self.elevation_m[-1] - self.elevation_m[0])

    @property
    def grade(self) -> float:
        """Mean grade, end to end, as a ratio."""
        return self.gain_m / self.length_m

    def steepest(self, over_m: float = STEEPEST_OVER_M) -> float:
        """Greatest grade over any ``over_m`` metres, or over the whole where it is shorter.

        >>> ramp = Profile(np.array([0.0, 50, 100]), np.array([0.0, 2, 10]), np.zeros(3))
        >>> round(ramp.steepest(30), 3)
        0.16
        """
        span = min(over_m, self.length_m)
        distance, height = self.distance_m, self.elevation_m
        # The rise over a sliding span is piecewise linear: at its peak one end is a point.
        starts = np.append(distance, distance - span).clip(distance[0], distance[-1] - span)
        rises = np.interp(starts + span, distance, height) - np.interp(starts, distance, height)
        return float(rises.max() / span)


class Graded(Protocol):
    """Anything with a mean grade and its standard deviation, both as ratios."""

    @property
    def grade(self) -> float:
        """Mean grade, as a ratio."""

    @property
    def grade_sigma(self) -> float:
        """Standard deviation of the mean grade, as a ratio."""


def confidence(grade: float, sigma: float, steepest: float, incline: int) -> Confidence:
    """Return the confidence in a grade.

    ``high``: one standard deviation is at most 1 point and a tenth of the grade; ``low``: it is
    more than 2.5 points or a third of the grade, or 30 m of the climb are steeper than any street
    (``STEEPEST_STREET``), or the map says that it falls; ``medium``: between.
    """
    if steepest > STEEPEST_STREET or incline < 0 or not (sigma <= 0.025 and sigma / grade <= 1 / 3):
        return "low"
    return "high" if sigma <= 0.01 and sigma / grade <= 0.1 else "medium"
