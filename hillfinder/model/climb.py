"""Lines on the street network: climbs, and routes on foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.model.arrays import Floats
    from hillfinder.model.profile import Profile

Shape = Literal["direct", "detour"]


@dataclass(frozen=True, slots=True)
class Position:
    """A point on the network: ``offset_m`` along edge ``edge``, counted from its ``u`` end."""

    edge: int
    offset_m: float


class Leg(NamedTuple):
    """A piece of an edge: from and to are metres from its ``u`` end, in the order of travel."""

    edge: int
    start_m: float
    stop_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Climb:
    """A stretch to run up, foot first.

    Attributes:
        lon, lat: shape (n,), the line, degrees.
        profile: heights at the same n points.
        legs: the pieces of edges it runs along, in order, each beginning where the last ended.
        way_ids: OpenStreetMap way ids, in order, each once.
        name: the street's name, empty where it has none.
        tags: OpenStreetMap tags of its ways; values that differ are joined by ``;``.
        grade_sigma: standard deviation of the mean grade, as a ratio.
        incline: direction given by the ``incline`` tag: 1 rises, -1 falls, 0 unknown.
    """

    lon: Floats
    lat: Floats
    profile: Profile
    legs: tuple[Leg, ...]
    way_ids: tuple[int, ...]
    name: str
    tags: Mapping[str, str]
    grade_sigma: float
    incline: int = 0

    def __repr__(self) -> str:
        """Return what it is in a line."""
        return f"<Climb: {self.name!r}, {self.length_m:.0f} m at {100 * self.grade:.1f} %>"

    @property
    def foot(self) -> Position:
        """Its lower end on the network."""
        return Position(self.legs[0].edge, self.legs[0].start_m)

    @property
    def top(self) -> Position:
        """Its upper end on the network."""
        return Position(self.legs[-1].edge, self.legs[-1].stop_m)

    @property
    def length_m(self) -> float:
        """Length in the ground plan, in metres."""
        return self.profile.length_m

    @property
    def gain_m(self) -> float:
        """Rise from foot to top, in metres."""
        return self.profile.gain_m

    @property
    def grade(self) -> float:
        """Mean grade from foot to top, as a ratio."""
        return self.profile.grade

    @property
    def max_grade(self) -> float:
        """Steepest 30 m, as a ratio."""
        return self.profile.steepest()


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A way on foot.

    Attributes:
        lon, lat: shape (n,), the line, degrees.
        elevation_m: shape (n,); NaN where unknown.
        distance_m: shape (n,), from the start, in the ground plan.
        time_s: time at the easy pace, including slopes.
        shape: ``direct`` is the most pleasant way that is short enough, and avoids the hill where
            it can; ``detour`` is a loop that fills the warm-up.
        legs: the pieces of edges it runs along, in order; empty if it is not on the network.
    """

    lon: Floats
    lat: Floats
    elevation_m: Floats
    distance_m: Floats
    time_s: float
    shape: Shape
    legs: tuple[Leg, ...] = ()

    def __repr__(self) -> str:
        """Return what it is in a line."""
        return f"<Route: {self.shape}, {self.length_m:.0f} m in {self.time_s / 60:.0f} min>"

    @property
    def length_m(self) -> float:
        """Length in the ground plan, in metres."""
        return float(self.distance_m[-1])

    @property
    def gain_m(self) -> float | None:
        """Total ascent, in metres; ``None`` where heights are unknown."""
        if np.isnan(self.elevation_m).any():
            return None
        return float(np.clip(np.diff(self.elevation_m), 0, None).sum())
