"""The nouns that travel between the rooms: small, frozen, and needing no other room.

Units live in the names: ``_m`` metres, ``_s`` seconds, ``_min`` minutes. ``lat`` and ``lon`` are
WGS 84 degrees. A grade is rise over run as a ratio, positive where the line rises; percent appears
only where a person reads. An unknown height is NaN in an array and ``None`` in a record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from hillfinder.errors import PlaceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hillfinder.criteria import Criteria, Level, Session

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Strings = NDArray[np.object_]

Confidence = Literal["high", "medium", "low"]
HeightKind = Literal["bare earth", "surface", "unknown"]
Shape = Literal["direct", "detour"]
StepKind = Literal["warm-up", "repeat", "recovery", "easy", "cool-down"]
MarkKind = Literal["side street", "driveway", "crossing", "signals", "tracks", "gate", "barrier"]
Gravity = Literal["avoid", "mind", "know"]
Topic = Literal["surface", "weather", "light", "traffic", "path", "access"]

#: From the gravest on.
GRAVITIES: tuple[Gravity, ...] = ("avoid", "mind", "know")

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
        starts = np.append(distance, distance - span).clip(distance[0], distance[-1] - span)
        rises = np.interp(starts + span, distance, height) - np.interp(starts, distance, height)
        return float(rises.max() / span)


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
    """A stretch that can be run up, foot first.

    Attributes:
        lon, lat: shape (n,), the line, degrees.
        profile: heights at the same n points.
        legs: the pieces of edges it runs along, in order, each beginning where the last ended.
        way_ids: OpenStreetMap way ids, in order, each once.
        name: the street's name, empty where it has none.
        tags: OpenStreetMap tags of its ways; values that differ are joined by ``;``.
        grade_sigma: standard deviation of the mean grade, as a ratio.
        incline: what the tag of that name says of it: 1 it rises, -1 it falls, 0 nothing.
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

    @property
    def foot(self) -> Position:
        """Where it begins on the network."""
        return Position(self.legs[0].edge, self.legs[0].start_m)

    @property
    def top(self) -> Position:
        """Where it ends on the network."""
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
        time_s: how long it takes at the easy pace, slopes counted.
        shape: ``direct`` is the most pleasant way that is short enough, the hill itself kept off
            where it can be; ``detour`` goes round to fill the warm-up.
        legs: the pieces of edges it runs along, in order; empty where it is not of the network.
    """

    lon: Floats
    lat: Floats
    elevation_m: Floats
    distance_m: Floats
    time_s: float
    shape: Shape
    legs: tuple[Leg, ...] = ()

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


class Graded(Protocol):
    """Anything with a mean grade and its standard deviation, both as ratios."""

    @property
    def grade(self) -> float:
        """Mean grade, as a ratio."""

    @property
    def grade_sigma(self) -> float:
        """Standard deviation of the mean grade, as a ratio."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to mind at a point of a line on foot.

    Attributes:
        kind: what it is.
        distance_m: how far from the start of the line, in the ground plan.
        lat, lon: where it is, degrees.
        name: the street's that joins or crosses, empty where it has none or is none.
    """

    kind: MarkKind
    distance_m: float
    lat: float
    lon: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Caution:
    """One sentence about what may go wrong on a line.

    Attributes:
        gravity: ``avoid``: choose another; ``mind``: it can be done with care; ``know``: good to
            know, also what is good.
        topic: what it is about.
        text: the sentence, with its full stop.
    """

    gravity: Gravity
    topic: Topic
    text: str


@dataclass(frozen=True, slots=True)
class Safety:
    """What is known of the safety of a line on foot, and what is not.

    Attributes:
        cautions: gravest first.
        unknown: what the map does not say and a runner would want to know, in plain words.
        marks: what lies on the line, in the order of travel.
    """

    cautions: tuple[Caution, ...] = ()
    unknown: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def gravity(self) -> Gravity:
        """The gravest of the cautions; ``know`` where there is none."""
        return min((each.gravity for each in self.cautions), key=GRAVITIES.index, default="know")


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a hill suits a session.

    Attributes:
        score: 0 (not at all) to 1 (as if made for it).
        parts: for each thing weighed how well it suits, 0 to 1.
        reasons: why, in words, what counts most first.
    """

    score: float
    parts: Mapping[str, float]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Hill:
    """One row of the answer: a climb, what it is called, and how to warm up to it.

    Attributes:
        rank: 1 is the first of the list: the steepest, or the one that suits best, as was asked;
            of long hills the most even (``ascents``); of a rolling run the one that is run first.
        name: what a person would call it, cross streets included.
        climb: the stretch itself.
        approach: from the place to the foot; ``None`` where no warm-up was asked for.
        notes: plain words about this hill, most important first.
        safety: what to mind on it, and on the way up and down again; ``None`` where nobody looked.
        approach_safety: what to mind on the way to it, likewise.
        fit: how well it suits the session asked for; ``None`` where nobody weighed it.
    """

    rank: int
    name: str
    climb: Climb
    approach: Route | None
    notes: tuple[str, ...] = ()
    safety: Safety | None = None
    approach_safety: Safety | None = None
    fit: Fit | None = None

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
        """How far the grade can be trusted: see ``confidence``."""
        return confidence(self.grade, self.grade_sigma, self.climb.max_grade, self.climb.incline)


def confidence(grade: float, sigma: float, steepest: float, incline: int) -> Confidence:
    """Return how far a grade can be trusted.

    ``high``: one standard deviation is at most 1 point and a tenth of the grade; ``low``: it is
    more than 2.5 points or a third of the grade, or 30 m of the climb are steeper than any street
    is built (``STEEPEST_STREET``), or the map says that it falls; ``medium``: between.
    """
    if steepest > STEEPEST_STREET or incline < 0 or not (sigma <= 0.025 and sigma / grade <= 1 / 3):
        return "low"
    return "high" if sigma <= 0.01 and sigma / grade <= 0.1 else "medium"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One part of a session, as it is run.

    Attributes:
        kind: what it is for.
        route: the line; its ``time_s`` is that at the easy pace.
        time_s: how long it takes at the effort of this part.
        rank: which of the hills it belongs to, by its number in the list; ``None``: to none.
    """

    kind: StepKind
    route: Route
    time_s: float
    rank: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Workout:
    """A session on foot, from the door and back.

    Attributes:
        session: of which kind it is.
        level: for whom it is.
        hills: the hills that are run, in the order of the session.
        steps: its parts, in the order in which they are run, each beginning where the last ended.
        cues: how to run it, in plain sentences.
    """

    session: Session
    level: Level
    hills: tuple[Hill, ...]
    steps: tuple[Step, ...]
    cues: tuple[str, ...] = ()

    @property
    def repeats(self) -> int:
        """How many times a hill is run up."""
        return sum(step.kind == "repeat" for step in self.steps)

    @property
    def repeated_m(self) -> float | None:
        """How much of the first hill is run up, from its bottom; ``None`` where no hill is."""
        return next((step.route.length_m for step in self.steps if step.kind == "repeat"), None)

    @property
    def length_m(self) -> float:
        """The whole way, in metres of the ground plan."""
        return sum(step.route.length_m for step in self.steps)

    @property
    def time_s(self) -> float:
        """The whole time, in seconds."""
        return sum(step.time_s for step in self.steps)

    @property
    def gain_m(self) -> float | None:
        """All that is climbed, in metres; ``None`` where a height is unknown."""
        gains = [step.route.gain_m for step in self.steps]
        return None if None in gains else sum(gain or 0.0 for gain in gains)


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
        tour: the run over the hills, for a rolling session; ``None`` for others, and where no hill
            can be taken in.
        sky: in plain words, what is known of daylight and weather at the start, with its source.
    """

    place: Place
    criteria: Criteria
    streets: StreetSource
    heights: HeightSource
    hills: tuple[Hill, ...]
    beyond: Beyond
    misses: tuple[str, ...] = ()
    street_m: float = 0.0
    tour: Workout | None = None
    sky: tuple[str, ...] = ()
