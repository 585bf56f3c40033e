"""A line with its measured grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.model import Profile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.results.grading.line_files import GivenLine


@dataclass(frozen=True, slots=True, eq=False)
class GradedLine:
    """A line and its measured figures, NaN where unknown.

    Attributes:
        line: the line as given.
        profile: heights along it, from its first point to its last.
        grade_sigma: standard deviation of the mean grade, as a ratio.
    """

    line: GivenLine
    profile: Profile
    grade_sigma: float

    def __repr__(self) -> str:
        """Return length and grade."""
        return f"<GradedLine: {self.length_m:.0f} m at {100 * self.grade:.1f} %>"

    @property
    def properties(self) -> Mapping[str, Any]:
        """The properties of the line as given."""
        return self.line.properties

    @property
    def length_m(self) -> float:
        """Length as drawn, in the ground plan, on the ellipsoid of WGS 84."""
        return self.profile.length_m

    @property
    def gain_m(self) -> float:
        """Rise from the first point to the last, negative where it falls."""
        return self.profile.gain_m

    @property
    def grade(self) -> float:
        """Mean grade from the first point to the last, negative where it falls."""
        return self.profile.grade if self.length_m else np.nan

    @property
    def max_grade(self) -> float:
        """Grade of the steepest 30 m, as a ratio: the one farthest from level."""
        return self.steepest(30.0)

    def steepest(self, over_m: float) -> float:
        """Return the steepest grade over ``over_m`` metres, or the whole where it is shorter.

        That is the grade farthest from level, negative where the line falls. It is NaN where one
        height is unknown, because the steepest may be there.
        """
        if not self.length_m:
            return np.nan
        profile = self.profile
        up = profile.steepest(over_m)
        down = Profile(profile.distance_m, -profile.elevation_m, profile.sigma_m).steepest(over_m)
        return up if up >= down else -down
