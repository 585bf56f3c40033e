"""A workout as a watch follows it: one line with times, and what to announce on the way.

A watch needs whole seconds that grow from point to point, so points within the second of the one
before are left out: 2 to 3 m at a runner's pace. Times count from the start asked for, or from
``NOWHEN``, so that the same workout gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hillfinder.model import Route, Step, Workout
from hillfinder.output.text.phrases import distance
from hillfinder.output.text.sanitize import plain
from hillfinder.routing.travel_time import running_factor, walking_factor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hillfinder.criteria import Criteria
    from hillfinder.model import Findings, Floats, Hill, Ints, Mark, MarkKind

#: Start of a workout for which no time was given.
NOWHEN: Final = datetime(2020, 1, 1, 12, tzinfo=UTC)
#: Years that watches know.
FIRST_YEAR, LAST_YEAR = 2000, 2100
#: Marks that are announced: driveways are too many, and traffic lights are seen from afar.
MINDED: Final[frozenset[MarkKind]] = frozenset({"side street", "crossing", "gate", "barrier"})
#: Repeats from which the total is left out: many watches show only ten characters.
MANY: Final = 10

#: Largest longitude, degrees: the next number of 32 bits means "unknown" in FIT.
EASTERNMOST: Final = 179.9999998

CueKind = Literal["bottom", "top", "mind"]


@dataclass(frozen=True, slots=True)
class Cue:
    """An announcement at a point of a track.

    Attributes:
        kind: the bottom or the top of a hill, or something to mind.
        name: one line; at most ten characters for bottoms and tops, else any length.
        at: index of the point in the track.
    """

    kind: CueKind
    name: str
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class TimedTrack:
    """A way on foot with times.

    Attributes:
        name: one line of any length.
        lon, lat: shape (n,), degrees; longitudes from -180 on, below 180.
        elevation_m: shape (n,), NaN where unknown.
        distance_m: shape (n,), from the start, never falling, in the ground plan.
        time_s: shape (n,), whole seconds from the start, growing.
        start: when it begins, in UTC.
        cues: in order of travel.
    """

    name: str
    lon: Floats
    lat: Floats
    elevation_m: Floats
    distance_m: Floats
    time_s: Ints
    start: datetime
    cues: tuple[Cue, ...]


def once(hill: Hill, criteria: Criteria) -> Workout:
    """Return a workout of the approach to a hill, if any, and once up it at the easy pace."""
    climb, there = hill.climb, hill.approach
    along = climb.profile.distance_m - climb.profile.distance_m[0]
    time_s = float(_easy_s(along, climb.profile.elevation_m, criteria)[-1])
    line = (climb.lon, climb.lat, climb.profile.elevation_m, along)
    up = Step("repeat", Route(*line, time_s, "direct", climb.legs), time_s, hill.rank)
    steps = (up,) if there is None else (Step("warm-up", there, there.time_s), up)
    return Workout(criteria.session, criteria.level, (hill,), steps)


def timed_track(findings: Findings, workout: Workout) -> TimedTrack:
    """Return a workout as one line with times, as it is run."""
    criteria, steps = findings.criteria, workout.steps
    routes = [step.route for step in steps]
    begin_m = np.cumsum([0.0, *(route.length_m for route in routes)])
    begin_s = np.cumsum([0.0, *(step.time_s for step in steps)])
    time_s = np.concatenate(
        [_times_s(step, criteria) + late for step, late in zip(steps, begin_s, strict=False)]
    )
    distance_m = np.concatenate(
        [route.distance_m + far for route, far in zip(routes, begin_m, strict=False)]
    )
    ends = np.cumsum([len(route.lon) for route in routes]) - 1
    kept = _growing(np.rint(time_s).astype(np.int64), {0, *ends.tolist()})
    lon = np.concatenate([route.lon for route in routes])
    return TimedTrack(
        name=title(workout),
        lon=np.minimum((lon[kept] + 180.0) % 360.0 - 180.0, EASTERNMOST),
        lat=np.concatenate([route.lat for route in routes])[kept],
        elevation_m=np.concatenate([route.elevation_m for route in routes])[kept],
        distance_m=distance_m[kept],
        time_s=np.rint(time_s[kept]).astype(np.int64),
        start=_start_time(criteria),
        cues=tuple(sorted(_track_cues(workout, begin_m, distance_m[kept]), key=lambda cue: cue.at)),
    )


def title(workout: Workout) -> str:
    """Return the name of a workout, such as ``6 x Vista Avenue``: one line of any length."""
    if len(workout.hills) > 1:
        return f"{len(workout.hills)} hills, {distance(workout.length_m)}"
    name = (plain(workout.hills[0].name) if workout.hills else "") or "Hill"
    return f"{workout.repeats} x {name}" if workout.repeats > 1 else name


def minded(hill: Hill, length_m: float) -> Iterator[tuple[str, Mark]]:
    """Yield the marks to announce on the first ``length_m`` of a hill, with their names."""
    for mark in hill.safety.marks if hill.safety else ():
        if mark.kind in MINDED and mark.distance_m < length_m:
            yield plain(mark.name) or mark.kind.capitalize(), mark


def _start_time(criteria: Criteria) -> datetime:
    """Return the start in UTC, or ``NOWHEN`` where no watch knows the year."""
    start = criteria.start
    if start is None or not FIRST_YEAR <= start.year <= LAST_YEAR:
        return NOWHEN
    return start.astimezone(UTC).replace(microsecond=0)


def _times_s(step: Step, criteria: Criteria) -> Floats:
    """Return the time at each point of a step: slopes take their share of it."""
    route = step.route
    easy_s = _easy_s(route.distance_m, route.elevation_m, criteria)
    return easy_s * (step.time_s / easy_s[-1]) if easy_s[-1] else easy_s


def _easy_s(distance_m: Floats, elevation_m: Floats, criteria: Criteria) -> Floats:
    """Return the time at each point of a line at the easy pace; unknown ground is level."""
    run, rise = np.diff(distance_m), np.nan_to_num(np.diff(elevation_m))
    grade = np.divide(rise, run, out=np.zeros_like(run), where=run > 0)
    factor = walking_factor if criteria.walk else running_factor
    return np.cumsum([0.0, *(run * factor(grade))]) / criteria.flat_speed_m_s


def _growing(seconds: Ints, ends: Collection[int]) -> list[int]:
    """Return the points to keep, so that seconds grow: ends of steps before all others."""
    kept = [0]
    for at, second in enumerate(seconds.tolist()):
        if second > seconds[kept[-1]]:
            kept.append(at)
        elif at in ends and kept[-1] not in ends:
            kept[-1] = at
    return kept


def _track_cues(workout: Workout, begin_m: Floats, distance_m: Floats) -> Iterator[Cue]:
    """Yield each bottom and top, and what to mind the first time up a hill."""

    def nearest(far: float) -> int:
        return int(np.abs(distance_m - far).argmin())

    hills = {hill.rank: hill for hill in workout.hills}
    total, count = workout.repeats, 0
    for step, begin in zip(workout.steps, begin_m.tolist(), strict=False):
        if step.kind != "repeat":
            continue
        count += 1
        number = "" if total == 1 else f" {count}" if total >= MANY else f" {count}/{total}"
        end = begin + step.route.length_m
        yield Cue("bottom", f"Bottom{number}", nearest(begin))
        hill = hills.pop(step.rank, None) if step.rank is not None else None
        for name, mark in minded(hill, end - begin) if hill is not None else ():
            yield Cue("mind", name, nearest(begin + mark.distance_m))
        yield Cue("top", f"Top{number}", nearest(end))
