"""The whole way on foot as one line: from the door to the bottom, and up the hill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.model import Route, read_only
from hillfinder.training.workout import seconds

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.model import Floats, Hill

#: The warm-up ends where the climb begins, but for rounding: nearer than this it is one point.
_SAME_DEGREES = 1e-7


def course(hill: Hill, criteria: Criteria) -> Route:
    """Return the way from the door to the bottom of a hill and up to its top.

    Args:
        hill: which; without a warm-up the course is the climb alone.
        criteria: the pace.

    Returns:
        The way; its time is that of the warm-up and of going up once at the same easy effort, in
        seconds. Its shape is the warm-up's.
    """
    climb, approach = hill.climb, hill.approach
    profile = climb.profile
    up = Route(
        climb.lon,
        climb.lat,
        profile.elevation_m,
        profile.distance_m,
        seconds(profile.distance_m, profile.elevation_m, criteria),
        "direct",
    )
    if approach is None:
        return up
    apart = max(abs(approach.lon[-1] - up.lon[0]), abs(approach.lat[-1] - up.lat[0]))
    kept = slice(None, -1) if apart <= _SAME_DEGREES else slice(None)

    def joined(first: Floats, second: Floats) -> Floats:
        return read_only(np.concatenate([first[kept], second]))

    return Route(
        joined(approach.lon, up.lon),
        joined(approach.lat, up.lat),
        joined(approach.elevation_m, up.elevation_m),
        joined(approach.distance_m, approach.length_m + up.distance_m),
        approach.time_s + up.time_s,
        approach.shape,
    )
