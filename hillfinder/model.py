"""The nouns that travel between the rooms: small, frozen, and needing no other room.

Units live in the names: ``_m`` metres, ``_s`` seconds, ``_min`` minutes. ``lat`` and ``lon`` are
WGS 84 degrees. A grade is rise over run as a ratio, positive where the line rises; percent appears
only where a person reads. An unknown height is NaN in an array and ``None`` in a record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from hillfinder.errors import CriteriaError, PlaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Strings = NDArray[np.object_]

Confidence = Literal["high", "medium", "low"]
HeightKind = Literal["bare earth", "surface", "unknown"]
Shape = Literal["direct", "detour"]

LONGEST_M = 5000.0
STEEPEST_OVER_M = 30.0
#: The steepest street on record rises 34.8 % (Baldwin Street, Dunedin): what is steeper over 30 m
#: is drawn off its ground, or stairs that nobody tagged, or a scramble.
STEEPEST_STREET = 0.35

_Scalar = TypeVar("_Scalar", bound=np.generic)


def read_only(array: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Return a view of ``array`` that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the earth from which hills are sought.

    Raises:
        PlaceError: latitude outside -90..90 or longitude outside -180..180.
    """

    lat: float
    lon: float
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what is nowhere on earth, and say when the two were swapped."""
        if not (math.isfinite(self.lat) and math.isfinite(self.lon)):
            msg = f"{self.lat}, {self.lon} is not a place: give latitude, longitude in degrees."
            raise PlaceError(msg)
        if abs(self.lat) > 90 and abs(self.lon) <= 90 and abs(self.lat) <= 180:
            msg = (
                f"{self.lat:g} cannot be a latitude (-90 to 90): it looks as if latitude and "
                f'longitude were swapped. Try "{self.lon:g},{self.lat:g}".'
            )
            raise PlaceError(msg)
        if abs(self.lat) > 90 or abs(self.lon) > 180:
            msg = (
                f"{self.lat:g},{self.lon:g} is not on the map: latitude goes from -90 to 90, "
                "longitude from -180 to 180, in that order."
            )
            raise PlaceError(msg)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What counts as a hill, and how far away it may begin: checked once, then handed on whole.

    Attributes:
        length_m: shortest and longest climb, in metres along the ground plan.
        warmup_min: shortest and longest warm-up, in minutes.
        pace_min_per_km: easy pace on the flat, in minutes a kilometre; ``None`` is 7:00 for a
            runner and 12:00 for a walker.
        walk: walk to the hill and up it.
        limit: how many hills are listed.
        min_grade: mean grade from which a rise is called a hill, as a ratio.

    Raises:
        CriteriaError: with every fault that was found, not only the first.
    """

    length_m: tuple[float, float] = (100.0, 200.0)
    warmup_min: tuple[float, float] = (10.0, 20.0)
    pace_min_per_km: float | None = None
    walk: bool = False
    limit: int = 10
    min_grade: float = 0.03

    def __post_init__(self) -> None:
        """Gather all faults and raise once."""
        faults: list[str] = []
        for what, (low, high), floor, ceiling, unit in (
            ("length", self.length_m, 20.0, LONGEST_M, "m"),
            ("warm-up", self.warmup_min, 0.0, 180.0, "minutes"),
        ):
            if not (math.isfinite(low) and math.isfinite(high)):
                faults.append(f"the {what} {low}-{high} is not a range of numbers")
            elif low > high:
                faults.append(f"the {what} {low:g}-{high:g} is upside down: write {high:g}-{low:g}")
            elif low < floor or high > ceiling or high <= 0:
                faults.append(
                    f"the {what} {low:g}-{high:g} {unit} is out of range: "
                    f"{floor:g} to {ceiling:g} {unit} can be asked for"
                )
        if self.pace_min_per_km is not None and not 2 <= self.pace_min_per_km <= 40:
            faults.append(
                f"a pace of {self.pace_min_per_km:g} minutes a kilometre is not one of a person "
                "on foot: give 2:00 to 40:00"
            )
        if self.limit < 1:
            faults.append(f"a limit of {self.limit} lists nothing: give 1 or more")
        if not 0 < self.min_grade < 1:
            faults.append(
                f"a least grade of {self.min_grade:g} makes no sense: give a ratio such as 0.05"
            )
        if faults:
            text = "; ".join(faults)
            raise CriteriaError(text[0].upper() + text[1:] + ".")

    @property
    def flat_speed_m_s(self) -> float:
        """Easy speed on the flat, in metres a second."""
        default = 12.0 if self.walk else 7.0
        return 1000.0 / (60.0 * (self.pace_min_per_km or default))


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
        # The rise over a sliding span is piecewise linear: its peak lies where an end is a point.
        starts = np.concatenate([distance, distance - span])
        starts = np.clip(starts, distance[0], distance[-1] - span)
        rises = np.interp(starts + span, distance, height) - np.interp(starts, distance, height)
        return float(rises.max() / span)


@dataclass(frozen=True, slots=True)
class Position:
    """A point on the network: ``offset_m`` along edge ``edge``, counted from its ``u`` end."""

    edge: int
    offset_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Climb:
    """A stretch that can be run up without turning off, foot first.

    Attributes:
        lon, lat: shape (n,), the line, degrees.
        profile: heights at the same n points.
        foot, top: where it begins and ends on the network.
        edges: the edges of the network it runs along, in order.
        way_ids: OpenStreetMap way ids, in order, each once.
        name: the street's name, empty where it has none.
        tags: OpenStreetMap tags of its ways; values that differ are joined by ``;``.
        grade_sigma: standard deviation of the mean grade, as a ratio.
        incline: what the tag of that name says of it: 1 it rises, -1 it falls, 0 nothing.
    """

    lon: Floats
    lat: Floats
    profile: Profile
    foot: Position
    top: Position
    edges: tuple[int, ...]
    way_ids: tuple[int, ...]
    name: str
    tags: Mapping[str, str]
    grade_sigma: float
    incline: int = 0

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
        time_s: how long it takes at the easy pace, slopes counted.
        shape: ``direct`` is the quickest way, the hill itself kept off where it can be;
            ``detour`` goes round to fill the warm-up.
    """

    lon: Floats
    lat: Floats
    elevation_m: Floats
    distance_m: Floats
    time_s: float
    shape: Shape

    @property
    def length_m(self) -> float:
        """Length in the ground plan, in metres."""
        return float(self.distance_m[-1])

    @property
    def gain_m(self) -> float | None:
        """Metres climbed on the way, descents not set off; ``None`` where heights are unknown."""
        if np.isnan(self.elevation_m).any():
            return None
        return float(np.clip(np.diff(self.elevation_m), 0, None).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Hill:
    """One row of the answer: a climb, what it is called, and how to warm up to it.

    Attributes:
        rank: 1 is the steepest.
        name: what a person would call it, cross streets included.
        climb: the stretch itself.
        approach: from the place to the foot; ``None`` where no warm-up was asked for.
        notes: plain words about this hill, most important first.
    """

    rank: int
    name: str
    climb: Climb
    approach: Route | None
    notes: tuple[str, ...] = ()

    @property
    def grade(self) -> float:
        """Mean grade, as a ratio."""
        return self.climb.grade

    @property
    def grade_sigma(self) -> float:
        """Standard deviation of the mean grade, as a ratio."""
        return self.climb.grade_sigma

    @property
    def confidence(self) -> Confidence:
        """How far the grade can be trusted.

        ``high``: one standard deviation is at most 1 point and a tenth of the grade;
        ``low``: it is more than 2.5 points or a third of the grade, or 30 m of the climb are
        steeper than any street is built (``STEEPEST_STREET``), or the map says that it falls;
        ``medium``: between.
        """
        if self.climb.max_grade > STEEPEST_STREET or self.climb.incline < 0:
            return "low"
        share = self.grade_sigma / self.grade
        if self.grade_sigma <= 0.01 and share <= 0.1:
            return "high"
        return "medium" if self.grade_sigma <= 0.025 and share <= 1 / 3 else "low"


@dataclass(frozen=True, slots=True)
class StreetSource:
    """Where the streets come from; ``date`` is ISO 8601, ``None`` where the file has none."""

    name: str
    date: str | None = None
    attribution: str = "(c) OpenStreetMap contributors, https://www.openstreetmap.org/copyright"


@dataclass(frozen=True, slots=True)
class HeightSource:
    """Where the heights come from; ``cell_m`` is the spacing of its cells at the place."""

    name: str
    kind: HeightKind
    cell_m: float
    attribution: str | None = None


@dataclass(frozen=True, slots=True)
class Beyond:
    """Hills that were found but not offered, by reason.

    Attributes:
        steeper: how many are steeper than the flattest hill listed, and too far.
        too_far: how many begin farther than the longest warm-up.
        nearest_min: minutes to the nearest of those; ``None`` where there is none.
        unreachable: how many cannot be reached on foot from the place.
    """

    steeper: int = 0
    too_far: int = 0
    nearest_min: float | None = None
    unreachable: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What a search found, as data.

    Attributes:
        place: from where it was asked.
        criteria: what was asked.
        streets, heights: where the data comes from.
        hills: best first.
        beyond: what was found and not offered.
        misses: in plain words, what came nearest where ``hills`` is empty.
        street_m: how far the place is from the street where every warm-up begins, in metres.
    """

    place: Place
    criteria: Criteria
    streets: StreetSource
    heights: HeightSource
    hills: tuple[Hill, ...]
    beyond: Beyond
    misses: tuple[str, ...] = ()
    street_m: float = 0.0
