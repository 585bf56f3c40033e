"""A rolling run: from the door over several good hills and back, for a time or a distance.

The best set of hills, and their order, has the greatest sum of ``worth`` that fits into the run,
less ``LATE_HOME_M`` for each minute that the way home takes longer than a cool-down: the last hill
should be near home. This is an orienteering problem (Golden, Levy and Vohra 1987), solved in
``orienteering``.

A plan is then run on real streets: a warm-up to the first hill, pleasant ways that keep off what
was run before, what is parallel to it, and the hills still to come, and a loop on the way home that
fills the time left. The run comes out longer or shorter than the plan, so several plans are tried,
with more room or less. The best is on target, to ``MISS`` of it, and has the greatest worth times
the square of the share that is not run twice.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import Hill, Route, Step, Workout
from hillfinder.routing.detours import Detours, moving
from hillfinder.routing.orienteering import plan
from hillfinder.routing.shortest_paths import Penalties
from hillfinder.routing.warmup import COMFORTS, Router
from hillfinder.training.suitability import Weighed
from hillfinder.training.workout import COOL_DOWN_S, effort
from hillfinder.units import Duration, Grade, Length, Quantity, Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.elevation.climb_table import ClimbTable
    from hillfinder.model import Climb, Fit, Floats, Ints, Leg, Place, Position
    from hillfinder.sessions import Level

#: Duration of a run without a time or a distance, minutes.
USUAL_MIN = 60.0
#: Greatest share of a short run for the warm-up, and for the cool-down.
EASY_SHARE = 0.25
#: Greatest number of hills an hour.
HILLS_AN_HOUR: dict[Level, int] = {"new": 5, "regular": 8, "strong": 11}
#: Number of hills examined of the best in reach, and again of those near home.
CHOICE = 12
#: Grade beyond which a hill is worth no more.
STEEP_ENOUGH = 0.1
#: Grade beyond which it is worth less.
TOO_STEEP = 0.15
#: Factor of the worth of a hill whose grade has medium confidence.
MEDIUM = 0.7
#: Minutes that the way home may take longer than a cool-down.
HOME_SLACK_MIN = 2.0
#: Cost of each minute beyond them, in metres of rise.
LATE_HOME_M = 5.0
#: Longest way between two hills, minutes.
BETWEEN_MIN = 12.0
#: Typical time of a pleasant way that keeps off what was run, in times the quickest.
PLEASANT_FACTOR = 1.15
#: Tolerance around the target, as a share of it.
MISS = 0.05
#: Share run twice up to which a run on target and home in time is good enough.
TWICE = 0.1
#: Number of plans tried.
PLANS = 8


class Tour(NamedTuple):
    """A rolling run, or why there is none.

    Attributes:
        workout: the run; ``None`` if no hill fits into it.
        rows: rows of its hills among the climbs, in the order of the run.
        listed: these hills, each with the way to it.
        misses: why there is no run, in plain words.
    """

    workout: Workout | None
    rows: tuple[int, ...] = ()
    listed: tuple[Weighed, ...] = ()
    misses: tuple[str, ...] = ()

    def led_by(self, hills: tuple[Hill, ...]) -> Workout | None:
        """Return the run with these hills, which carry more than the ones it was planned with."""
        return self.workout and replace(self.workout, hills=hills)


def tour(
    router: Router,
    place: Place,
    criteria: Criteria,
    climbs: ClimbTable,
    rows: Ints,
    *,
    weigh: Callable[[Climb, Route | None], Fit],
    shuns: Callable[[Climb], bool],
) -> Tour:
    """Return a rolling run over some of the climbs.

    Args:
        router: finds the ways from the door.
        place: the door.
        criteria: time or distance, warm-up, pace, level.
        climbs: all climbs found.
        rows: the rows of those that are hills of their own, steepest first.
        weigh: says how well a climb suits; with ``rank`` by fit that counts.
        shuns: says which climbs to avoid because of the weather.
    """
    run = _Run(router, place, criteria)
    hills = run.choice(climbs, rows, weigh, shuns)
    if not hills:
        return Tour(None, misses=(NONE,))
    made = run.best(list(hills.values()))
    if made is None:
        words = Sentence("The nearest hill and the way back take longer than ", run.asked, ".")
        return Tour(None, misses=(words,))
    return Tour(
        made.workout,
        tuple(list(hills)[i] for i in made.order),
        tuple(
            # A way from one hill to the next is no warm-up.
            Weighed(hill.climb, way, weigh(hill.climb, way if hill.rank == 1 else None))
            for hill in made.workout.hills
            if (way := hill.approach) is not None
        ),
    )


NONE = "No hill whose grade can be trusted is near enough for this run."


def worth(hill: Hill) -> float:
    """Return the worth of a hill in the run, in metres of rise.

    Its rise as far as it can be run, times factors for the confidence in its grade and, where that
    was weighed, for how well it suits.
    """
    trust = {"high": 1.0, "medium": MEDIUM, "low": 0.0}[hill.confidence]
    suits = 1.0 if hill.fit is None else hill.fit.score
    return float(_rise(hill.climb.length_m, np.array(hill.grade))) * trust * suits


def _rise(length_m: Floats | float, grade: Floats) -> Floats:
    """Return metres of rise as far as they can be run."""
    steep = np.minimum(grade, STEEP_ENOUGH) * np.minimum(1.0, TOO_STEEP / grade)
    return np.asarray(length_m * steep)


class _Made(NamedTuple):
    """A plan on real streets; the greatest of several is the best.

    Attributes:
        on_target: whether it is as long as asked for, to ``MISS``.
        value: its worth, less what is run twice; off the target, minus the share that it misses.
        share: its time or distance, as a share of the target.
        left: what the shortest way home leaves of the target, as a share of it.
        good: whether it is good enough to stop.
        order: the plan, as numbers of the hills examined.
        workout: the run.
    """

    on_target: bool
    value: float
    share: float
    left: float
    good: bool
    order: list[int]
    workout: Workout


class _Run:
    """One run to be planned: the streets, their times, and the target."""

    def __init__(self, router: Router, place: Place, criteria: Criteria) -> None:
        self._criteria, self._streets = criteria, router.streets
        self._network, self._clock = router.streets.network, router.streets.clock
        self._by_distance = criteria.distance_m is not None
        self._target = criteria.distance_m or 60.0 * (criteria.minutes or USUAL_MIN)
        self.asked: Quantity = (
            Length(self._target, "run") if self._by_distance else Duration(self._target, "asked")
        )
        self._target_s = self._target
        if self._by_distance:
            self._target_s /= criteria.flat_speed_m_s
        hour = self._target_s / 3600.0
        most = max(2, round(HILLS_AN_HOUR[criteria.level] * hour))
        self._most = min(most, criteria.limit)
        low, high = (60.0 * minutes for minutes in criteria.warmup_min)
        self._cool_s = min(COOL_DOWN_S, EASY_SHARE * self._target_s)
        self._warm_s = min(low, EASY_SHARE * self._target_s), high
        self._router = router
        if self._warm_s[0] < low:
            warm = self._warm_s[0] / 60.0, high / 60.0
            self._router = Router(self._network, place, replace(criteria, warmup_min=warm))
        self._door = router.snap.position
        self._free = Penalties({}, np.zeros(len(self._network), bool))

    def choice(
        self,
        climbs: ClimbTable,
        rows: Ints,
        weigh: Callable[[Climb, Route | None], Fit],
        shuns: Callable[[Climb], bool],
    ) -> dict[int, Hill]:
        """Return the hills worth most in reach, and of those near home, by row."""
        times = self._router.times_s(climbs)[rows]
        reach = min(1.5 * self._warm_s[1], self._target_s / 2)
        rise = np.round(_rise(climbs.length_m[rows], climbs.grade[rows]), 6)
        hills: dict[int, Hill] = {}
        for within in (times <= self._cool_s, times <= reach):
            there = np.flatnonzero(within)
            order = there[np.argsort(-rise[there], kind="stable")].tolist()
            new = (row for row in rows[order].tolist() if row not in hills)
            known = len(hills)
            for row in new:
                if len(hills) == known + CHOICE:
                    break
                climb = climbs[row]
                suits = weigh(climb, None) if self._criteria.rank == "fit" else None
                hill = Hill(0, "", climb, None, fit=suits)
                if worth(hill) > 0 and not shuns(climb):
                    hills[row] = hill
        return hills

    def best(self, hills: list[Hill]) -> _Made | None:
        """Return the best run found, with more or less room for each plan until one is good."""
        times, gains = self._times_s(hills), np.array([worth(hill) for hill in hills])
        late_s = times[1:, 0] - self._cool_s - 60.0 * HOME_SLACK_MIN
        costs = np.maximum(np.nan_to_num(late_s, posinf=1e6), 0.0) / 60.0 * LATE_HOME_M
        room_s, step = self._target_s, 0.0
        tried: set[tuple[int, ...]] = set()
        found: list[_Made] = []
        for _ in range(PLANS):
            order = plan(times, gains, room_s, self._most, costs)
            if tuple(order) not in tried:
                tried.add(tuple(order))
                made = self._made(hills, order) if order else None
                step = 0.1 if made is None else made.left
                found += [made] if made else []
                if made and made.good:
                    break
            step = math.copysign(min(max(abs(step), 0.05), 0.2), step)
            room_s *= 1.0 + step
        if not found:
            return None
        best = max(found, key=lambda made: made[:2])
        return best._replace(workout=replace(best.workout, cues=(*CUES, *self._missed(best))))

    def _missed(self, made: _Made) -> tuple[str, ...]:
        """Return a sentence on how much a run misses its target, and why."""
        if made.on_target:
            return ()
        run, off = made.workout, Grade(abs(made.share - 1.0))
        taken: Quantity = Duration(run.time_s, "short")
        if self._by_distance:
            taken = Length(run.length_m, "way")
        why = "of the runs that were tried none comes nearer"
        if made.share < 1.0 and len(run.hills) == self._most:
            why = f"{self._most} hills are enough for it, and no longer way home was found"
        longer = "longer" if made.share > 1.0 else "shorter"
        than = (off, f" {longer} than the ", self.asked, f" asked for: {why}.")
        return (Sentence("It takes ", taken, ", ", *than),)

    def _times_s(self, hills: list[Hill]) -> Floats:
        """Return the matrix of times that ``plan`` takes."""
        clock, links = self._clock, self._streets.links
        tops, feet = ([getattr(hill.climb, end) for hill in hills] for end in ("top", "foot"))
        again = self._free.again.copy()
        again[[leg.edge for hill in hills for leg in hill.climb.legs]] = True
        penalties = Penalties({}, again)
        up_s = np.array([clock.legs_s(hill.climb.legs) for hill in hills]) / effort(self._criteria)
        out = links.search(self._door, self._free)
        back = links.search(self._door, penalties, backward=True)
        there = PLEASANT_FACTOR * np.array([links.cost_to(out, foot) for foot in feet])
        home = PLEASANT_FACTOR * np.array([links.cost_to(back, top) for top in tops])
        low, high = self._warm_s
        times = np.full((len(hills) + 1, len(hills) + 1), np.inf)
        times[1:, 1:] = (
            PLEASANT_FACTOR * links.table(tops, feet, penalties, 60.0 * BETWEEN_MIN) + up_s
        )
        # A way that is too short is replaced by a loop, a little longer than the shortest warm-up.
        times[0, 1:] = np.where(there < low, low + 0.2 * (high - low), there) + up_s
        if (there <= PLEASANT_FACTOR * high).any():
            times[0, 1:][there > PLEASANT_FACTOR * high] = np.inf
        times[1:, 0] = np.maximum(home, self._cool_s)
        return times

    def _made(self, choice: list[Hill], order: list[int]) -> _Made | None:
        """Return a run over hills, by streets not yet run where there are any."""
        hills = [choice[i] for i in order]
        try:
            way = self._router.approach(hills[0].climb)
        except StreetsError:
            return None
        steps = [Step("warm-up", way, way.time_s)]
        run = list(way.legs)
        kept: list[Hill] = []
        for rank, hill in enumerate(hills, start=1):
            if rank > 1:
                to_come = [leg for each in hills[rank - 1 :] for leg in each.climb.legs]
                legs = self._way(hills[rank - 2].climb.top, hill.climb.foot, run, to_come)
                if not legs:
                    return None
                way = self._router.route(legs)
                steps.append(Step("easy", way, way.time_s))
                run += way.legs
            kept.append(replace(hill, rank=rank, approach=way))
            up = self._router.route(hill.climb.legs)
            steps.append(Step("repeat", up, up.time_s / effort(self._criteria), rank))
            run += up.legs
        direct = self._way(hills[-1].climb.top, self._door, run)
        if not direct:
            return None
        left_s = self._left_s(steps)
        home = self._home(direct, run, left_s)
        left_s -= max(self._clock.legs_s(direct), self._cool_s)
        steps.append(Step("cool-down", home, home.time_s))
        run += home.legs
        workout = Workout("rolling", self._criteria.level, tuple(kept), tuple(steps), ())
        share = (workout.length_m if self._by_distance else workout.time_s) / self._target
        late_min = max(0.0, (home.time_s - self._cool_s) / 60.0 - HOME_SLACK_MIN)
        once = 1.0 - twice_m(run) / workout.length_m
        value = (sum(map(worth, hills)) - LATE_HOME_M * late_min) * once**2
        on_target = abs(share - 1.0) <= MISS
        value = value if on_target else -abs(share - 1.0)
        good = on_target and late_min == 0 and once >= 1.0 - TWICE
        return _Made(on_target, value, share, left_s / self._target_s, good, order, workout)

    def _left_s(self, steps: Sequence[Step]) -> float:
        """Return the seconds left for the way home."""
        if not self._by_distance:
            return self._target - sum(step.time_s for step in steps)
        left_m = self._target - sum(step.route.length_m for step in steps)
        return left_m / self._criteria.flat_speed_m_s

    def _way(
        self, start: Position, end: Position, run: Sequence[Leg], to_come: Sequence[Leg] = ()
    ) -> list[Leg]:
        """Return the most pleasant way of ``BETWEEN_MIN`` that keeps off what was run."""
        links, clock = self._streets.links, self._clock
        again = self._streets.parallels.along([*run, *to_come])
        quickest: list[Leg] = []
        for comfort in COMFORTS:
            penalties = Penalties({}, again, comfort)
            legs = links.legs_to(links.search(start, penalties, limit=3600.0), end)
            quickest = legs or quickest
            if legs and clock.legs_s(legs) <= 60.0 * BETWEEN_MIN:
                break
        return moving(quickest) or quickest[:1]

    def _home(self, direct: list[Leg], run: Sequence[Leg], left_s: float) -> Route:
        """Return the way home, with a loop by streets not yet run if there is time left."""
        slack_s = MISS / 2 * self._target_s
        if left_s - self._clock.legs_s(direct) > slack_s:
            penalties = Penalties({}, self._streets.parallels.along(run))
            range_s = left_s - slack_s, left_s + slack_s
            around = Detours(self._streets, direct, penalties, range_s).best()
            if around is not None:
                return self._router.route(around.legs)
        return self._router.route(direct)


def twice_m(legs: Sequence[Leg]) -> float:
    """Return the metres of a run that repeat what it ran before.

    >>> from hillfinder.model import Leg
    >>> twice_m([Leg(1, 0.0, 50.0), Leg(1, 50.0, 80.0), Leg(1, 80.0, 60.0)])
    20.0
    """
    seen: dict[int, list[tuple[float, float]]] = {}
    total = 0.0
    for leg in legs:
        low, high = sorted((leg.start_m, leg.stop_m))
        parts = seen.setdefault(leg.edge, [])
        total += min(
            high - low,
            sum(max(0.0, min(high, top) - max(low, bottom)) for bottom, top in parts),
        )
        parts.append((low, high))
    return total


CUES = (
    "Run easily between the hills and up each of them strong but even, with short strides.",
    "Stop taking hills when form goes: the way home is easy.",
)
