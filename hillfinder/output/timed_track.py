"""What a watch follows: one line with times, and what it announces on the way.

A watch wants whole seconds that grow from point to point, so points that fall within the second of
the one before are left out: that is 2 to 3 m at the pace of a runner. Nobody has run it yet: times
count from the start that was asked for, or from ``NOWHEN``, so that the same session gives the same
bytes.
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

#: When a session begins of which nobody said when.
NOWHEN: Final = datetime(2020, 1, 1, 12, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 2000, 2100
#: What a runner wants to hear of: driveways are too many, and lights are seen from afar.
MINDED: Final[frozenset[MarkKind]] = frozenset({"side street", "crossing", "gate", "barrier"})
#: From so many repeats on the total is left out: many a watch shows ten letters.
MANY: Final = 10

#: Two centimetres from the date line, the next number of 32 bits means "unknown" in FIT.
EASTERNMOST: Final = 179.9999998

CueKind = Literal["bottom", "top", "mind"]


@dataclass(frozen=True, slots=True)
class Cue:
    """Something to be told at a point of a track.

    Attributes:
        kind: the bottom or the top of a hill, or something to mind.
        name: one line; of ten letters at most for bottoms and tops, else of any length.
        at: which point of the track.
    """

    kind: CueKind
    name: str
    at: int


@dataclass(frozen=True, slots=True, eq=False)
class TimedTrack:
    """A way on foot with times.

    Attributes:
        name: what it is called, one line of any length.
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
    """Return the way to a hill and once up it, at the easy pace, as a session.

    Args:
        hill: which; without an approach it is the hill alone.
        criteria: the pace.
    """
    climb, there = hill.climb, hill.approach
    along = climb.profile.distance_m - climb.profile.distance_m[0]
    time_s = float(_easy_s(along, climb.profile.elevation_m, criteria)[-1])
    line = (climb.lon, climb.lat, climb.profile.elevation_m, along)
    up = Step("repeat", Route(*line, time_s, "direct", climb.legs), time_s, hill.rank)
    steps = (up,) if there is None else (Step("warm-up", there, there.time_s), up)
    return Workout(criteria.session, criteria.level, (hill,), steps)


def timed_track(findings: Findings, workout: Workout) -> TimedTrack:
    """Return a session as one line with times, as it is run.

    Args:
        findings: at what pace, and when.
        workout: the session.
    """
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
    """Return what a session is called, such as ``6 x Vista Avenue``: one line of any length."""
    if len(workout.hills) > 1:
        return f"{len(workout.hills)} hills, {distance(workout.length_m)}"
    name = (plain(workout.hills[0].name) if workout.hills else "") or "Hill"
    return f"{workout.repeats} x {name}" if workout.repeats > 1 else name


def minded(hill: Hill, length_m: float) -> Iterator[tuple[str, Mark]]:
    """Yield what a runner wants to hear of on a hill, and what it is called.

    Args:
        hill: which.
        length_m: how much of it is run, from the bottom.
    """
    for mark in hill.safety.marks if hill.safety else ():
        if mark.kind in MINDED and mark.distance_m < length_m:
            yield plain(mark.name) or mark.kind.capitalize(), mark


def _start_time(criteria: Criteria) -> datetime:
    """Return when it begins; no watch knows a year before 2000 or after 2100."""
    start = criteria.start
    if start is None or not FIRST_YEAR <= start.year <= LAST_YEAR:
        return NOWHEN
    return start.astimezone(UTC).replace(microsecond=0)


def _times_s(step: Step, criteria: Criteria) -> Floats:
    """Return when each point of a step is reached: slopes take their share of its time."""
    route = step.route
    easy_s = _easy_s(route.distance_m, route.elevation_m, criteria)
    return easy_s * (step.time_s / easy_s[-1]) if easy_s[-1] else easy_s


def _easy_s(distance_m: Floats, elevation_m: Floats, criteria: Criteria) -> Floats:
    """Return when each point of a line is reached at the easy pace; unknown ground is level."""
    run, rise = np.diff(distance_m), np.nan_to_num(np.diff(elevation_m))
    grade = np.divide(rise, run, out=np.zeros_like(run), where=run > 0)
    factor = walking_factor if criteria.walk else running_factor
    return np.cumsum([0.0, *(run * factor(grade))]) / criteria.flat_speed_m_s


def _growing(seconds: Ints, ends: Collection[int]) -> list[int]:
    """Return which points to keep, so that seconds grow: the ends of steps before all others."""
    kept = [0]
    for at, second in enumerate(seconds.tolist()):
        if second > seconds[kept[-1]]:
            kept.append(at)
        elif at in ends and kept[-1] not in ends:
            kept[-1] = at
    return kept


def _track_cues(workout: Workout, begin_m: Floats, distance_m: Floats) -> Iterator[Cue]:
    """Yield what is told: each bottom and top, and what to mind the first time up a hill."""

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
