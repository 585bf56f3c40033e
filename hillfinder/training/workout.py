"""The session on a hill: warm up, up hard, down easy, again, and home by another way.

The effort is a rule of training, not a measurement (see ``sessions``). The speed that it gives on a
slope follows Minetti's cost of running, sample by sample (``travel_time``). A walker goes up at 1.2
times the speed that Tobler's function gives for the easy pace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.model import Leg, Route, Step, Workout, read_only
from hillfinder.routing.travel_time import slope_factor, walking_factor
from hillfinder.streets.tags.surfaces import surface_of
from hillfinder.units import Duration, Length, Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.model import Climb, Floats, Hill
    from hillfinder.routing.warmup import Router

#: Speed of a walker up a hill, as times that of the easy pace there.
BRISK = 1.2
#: Speed at which a runner walks on level ground, m/s: 12 minutes a kilometre.
WALK_M_S = 1000 / 720
#: Speed of a runner who jogs down, as a share of the easy speed.
JOG_SHARE = 0.9
#: Steepest grade that is jogged down: beyond it braking costs more than it gives.
JOG_GRADE = 0.10
#: Usual duration of a cool-down, s.
COOL_DOWN_S = 600.0
#: Share of a hill from which a cue says that the way there or home covers it.
MOST_OF_IT = 0.5
#: Speed up a hill below which walking costs a runner no more than running, m/s: 10:25 a kilometre.
HIKE_M_S = 1.6
#: Factor of the time down on a poor surface.
POOR_FACTOR = 1.2


def for_hill(hill: Hill, criteria: Criteria, router: Router, repeats: int | None = None) -> Workout:
    """Return the session on one hill: repeats, or steady ones in a long session.

    Args:
        hill: the hill; without an approach the session begins and ends at its foot.
        criteria: pace, level, session and repeats.
        router: finds the way home.
        repeats: number of repeats; overrides the criteria.

    Raises:
        StreetsError: no way on foot leads home.
    """
    up, up_s, full_s = _up(hill.climb, criteria)
    count = repeats or criteria.repeats or repeat_count(up.length_m, up_s, criteria)
    jogged = jogs(hill.climb, criteria)
    down = _reversed(up, criteria)
    down_s = _down_s(down, hill.climb, criteria, jogged=jogged)
    steps = [Step("repeat", up, up_s, hill.rank), Step("recovery", down, down_s, hill.rank)] * count
    there = hill.approach
    if there is not None:
        home = router.home(hill.climb.foot, (*there.legs, *up.legs))
        steps = [
            Step("warm-up", there, there.time_s),
            *steps,
            *([Step("cool-down", home, home.time_s)] if home.length_m else []),
        ]
    cues = _how_to_run(steps, hill, criteria, full_s, jogged=jogged)
    return Workout(criteria.session, criteria.level, (hill,), tuple(steps), tuple(cues))


def seconds(distance_m: Floats, elevation_m: Floats, criteria: Criteria) -> float:
    """Return the time along a line at the easy pace, slopes counted; unknown ground is level.

    >>> from hillfinder.criteria import Criteria
    >>> fast = Criteria(pace_min_per_km=5)
    >>> round(seconds(np.array([0.0, 100.0]), np.array([0.0, 6.0]), fast))
    41
    """
    run, grade = _run_and_grade(distance_m, elevation_m)
    return float((run * slope_factor(grade, criteria)).sum() / criteria.flat_speed_m_s)


def _run_and_grade(distance_m: Floats, elevation_m: Floats) -> tuple[Floats, Floats]:
    """Return the length and the grade of each piece of a line."""
    run, rise = np.diff(distance_m), np.diff(elevation_m)
    known = (run > 0) & ~np.isnan(rise)
    return run, np.divide(rise, run, out=np.zeros_like(run), where=known)


def effort(criteria: Criteria) -> float:
    """Return the effort of a repeat, as times that of the easy pace."""
    return BRISK if criteria.walk else criteria.kind.effort


def longest_s(criteria: Criteria) -> float:
    """Return the longest time of one repeat, in seconds; endless for a walker."""
    return float("inf") if criteria.walk else criteria.kind.longest_s[criteria.level]


def is_poor(tags: Mapping[str, str]) -> bool:
    """Say whether the surface is hard to go down on: loose, slick, muddy or uneven.

    >>> is_poor({"surface": "asphalt;grass"}), is_poor({"surface": "paving_stones"}), is_poor({})
    (True, False, False)
    """
    surface = surface_of(tags)
    return surface is not None and surface.poor


def jogs(climb: Climb, criteria: Criteria) -> bool:
    """Say whether the way down is jogged: by strong runners and on long hills, where it is good."""
    if criteria.walk or is_poor(climb.tags):
        return False
    able = criteria.level == "strong" or criteria.kind.jogs_down
    return able and climb.grade <= JOG_GRADE


def _up(climb: Climb, criteria: Criteria) -> tuple[Route, float, float]:
    """Return the part to run up, its time, and the time that the whole hill would take."""
    profile = climb.profile
    easy_s = seconds(profile.distance_m, profile.elevation_m, criteria)
    whole = Route(
        climb.lon,
        climb.lat,
        profile.elevation_m,
        read_only(profile.distance_m - profile.distance_m[0]),
        easy_s,
        "direct",
        climb.legs,
    )
    full_s = easy_s / effort(criteria)
    most_s = longest_s(criteria)
    if full_s <= most_s:
        return whole, full_s, full_s
    ends = np.arange(10.0, whole.length_m, 10.0)
    parts = [_lower_part(whole, end, criteria) for end in ends]
    fitting = [part for part in parts if part.time_s / effort(criteria) <= most_s]
    part = fitting[-1] if fitting else parts[0]
    return part, part.time_s / effort(criteria), full_s


def _lower_part(whole: Route, end_m: float, criteria: Criteria) -> Route:
    kept = whole.distance_m < end_m
    distance = np.append(whole.distance_m[kept], end_m)
    lon, lat, height = (
        read_only(np.append(part[kept], np.interp(end_m, whole.distance_m, part)))
        for part in (whole.lon, whole.lat, whole.elevation_m)
    )
    legs, left = [], end_m
    for leg in whole.legs:
        span = leg.stop_m - leg.start_m
        taken = min(abs(span), left)
        legs.append(Leg(leg.edge, leg.start_m, leg.start_m + np.sign(span) * taken))
        left -= taken
        if left <= 0:
            break
    time_s = seconds(distance, height, criteria)
    return Route(lon, lat, height, read_only(distance), time_s, "direct", tuple(legs))


def _reversed(route: Route, criteria: Criteria) -> Route:
    lon, lat, height = (read_only(part[::-1]) for part in (route.lon, route.lat, route.elevation_m))
    distance = read_only((route.distance_m[-1] - route.distance_m)[::-1])
    legs = tuple(Leg(leg.edge, leg.stop_m, leg.start_m) for leg in reversed(route.legs))
    time_s = seconds(distance, height, criteria)
    return Route(lon, lat, height, distance, time_s, route.shape, legs)


def _down_s(down: Route, climb: Climb, criteria: Criteria, *, jogged: bool) -> float:
    factor = POOR_FACTOR if is_poor(climb.tags) else 1.0
    if criteria.walk:
        return down.time_s * factor
    if jogged:
        return down.time_s * factor / JOG_SHARE
    run, grade = _run_and_grade(down.distance_m, down.elevation_m)
    return float((run * walking_factor(grade)).sum() / WALK_M_S) * factor


def repeat_count(length_m: float, up_s: float, criteria: Criteria) -> int:
    """Return the number of repeats for the level: by metres first, then by their time.

    Args:
        length_m: length of one repeat.
        up_s: its time.
        criteria: level and session.
    """
    kind, level = criteria.kind, criteria.level
    fewest, most = kind.repeats[level]
    counts = [most]
    if kind.climbing_m is not None:
        counts.append(int(kind.climbing_m[level] / length_m + 0.5))
    if kind.climbing_m is None or not criteria.walk:
        counts.append(int(kind.climbing_s[level] / up_s))
    return max(min(counts), fewest)


def _how_to_run(
    steps: Sequence[Step], hill: Hill, criteria: Criteria, full_s: float, *, jogged: bool
) -> Iterator[str]:
    """Yield the cues, in the order of the session."""
    yield from _warming(steps[0], hill.climb, criteria)
    work = [step for step in steps if step.kind == "repeat"]
    up = work[0]
    yield from _going_up(up, len(work), hill.climb, criteria, full_s)
    yield from _going_down(hill.climb, criteria, jogged=jogged)
    if not criteria.walk:
        yield "It is a hard day: keep easy days on both sides of it."
    if steps[-1].kind == "cool-down":
        yield from _cooling(steps[-1], hill.climb, criteria)


def _cooling(last: Step, climb: Climb, criteria: Criteria) -> Iterator[str]:
    if _covered(climb, last.route.legs) >= MOST_OF_IT:
        yield "The way home leads up the hill once more: take it easily, or count it as one."
    more = (COOL_DOWN_S - last.time_s) / 60
    if more >= 1:
        verb = "walk" if criteria.walk else "jog"
        yield Sentence(
            "Home is near: ", verb, " ", Duration(60 * more, "short"), " more to cool down."
        )


def _covered(climb: Climb, legs: Sequence[Leg], way: int = 1) -> float:
    """Return the share of a climb that a route covers, uphill (1) or downhill (-1)."""
    met_m = 0.0
    for up in climb.legs:
        low, high = sorted(up[1:])
        for leg in legs:
            if leg.edge == up.edge:
                start, stop = np.clip(leg[1:], low, high)
                met_m += max(0.0, way * np.sign(up.stop_m - up.start_m) * (stop - start))
    return met_m / climb.length_m


def _warming(first: Step, climb: Climb, criteria: Criteria) -> Iterator[str]:
    if first.kind == "warm-up" and _covered(climb, first.route.legs, -1) >= MOST_OF_IT:
        yield "The way there comes down the hill: walk where it is steep, and look at it."
    missing = criteria.warmup_min[0] - first.time_s / 60 if first.kind == "warm-up" else 0.0
    if missing >= 1:
        verb = "walk" if criteria.walk else "jog"
        more = Duration(60 * missing, "short")
        yield Sentence("The way there is short: ", verb, " ", more, " more before you begin.")


def _going_up(
    up: Step, count: int, climb: Climb, criteria: Criteria, full_s: float
) -> Iterator[str]:
    length = up.route.length_m
    if length < climb.length_m - 1:
        whole, part = Duration(full_s, "clock"), Length(length)
        run = (": run the lower ", part, ", which is long enough.")
        yield Sentence("All of it would take ", whole, *run)
    if criteria.walk:
        yield "Walk up briskly: lean from the ankles, swing your arms, keep your steps short."
    else:
        yield criteria.kind.cue
        if length / up.time_s < HIKE_M_S:
            yield "So steep that a fast walk with short steps is worth as much as running."
        else:
            yield "Short quick strides, eyes up the hill, arms driving."
    if count > 1:
        stop = " uphill in all: stop as soon as your form goes, whatever is left."
        yield Sentence("Think in distance, about ", Length(count * length, "about"), stop)


def _going_down(climb: Climb, criteria: Criteria, *, jogged: bool) -> Iterator[str]:
    if jogged:
        yield "Jog down easily, with short steps."
    elif is_poor(climb.tags):
        yield "Walk down, and mind your footing: the surface is rough."
    elif criteria.walk or climb.grade <= JOG_GRADE:
        yield "Walk down, turn round when your breath is back, and start again."
    else:
        yield "Walk down: it is too steep to run down at ease."
