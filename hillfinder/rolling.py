"""A rolling run: from the door over several good hills and back, on time or on distance.

What is sought is the set of hills, and their order, with the greatest sum of ``worth`` that the
run has room for: at least the warm-up before the first hill and ``COOL_DOWN_MIN`` after the last,
no hill twice. It is an orienteering problem (Golden, Levy and Vohra 1987): hills are put in where
they are worth most for their time, then moved, exchanged and tried in each other's place. What is
left of the time is run on the way home.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder import ranking
from hillfinder.errors import StreetsError
from hillfinder.model import Hill, Position, Route, Step, Workout
from hillfinder.pace import Clock
from hillfinder.routing import Dear, Links
from hillfinder.warmup import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hillfinder.climbs import Climbs
    from hillfinder.criteria import Criteria, Level
    from hillfinder.model import Bools, Climb, Floats, Ints, Leg, Place
    from hillfinder.routing import Tree
    from hillfinder.streets.network import StreetNetwork

USUAL_MIN, COOL_DOWN_MIN = 60.0, 10.0
#: Warm-up and cool-down take no more than this share of a short run each.
EASY_SHARE = 0.25
#: So many hills an hour are enough.
HILLS_AN_HOUR: dict[Level, int] = {"new": 5, "regular": 8, "strong": 11}
#: So many of the best hills in reach are looked at.
CHOICE = 20
#: What rises more than the one is worth no more, more than the other even less; and a grade of
#: medium confidence so much less.
STEEP_ENOUGH, TOO_STEEP, MEDIUM = 0.1, 0.15, 0.7
#: The run may miss its target by this share.
MISS = 0.05
#: So many ways home are tried.
WAYS_HOME = 24


class Tour(NamedTuple):
    """A rolling run, or why there is none.

    Attributes:
        workout: the run; ``None`` where no hill can be taken in.
        misses: why not, in plain words.
    """

    workout: Workout | None
    misses: tuple[str, ...] = ()


def worth(hill: Hill) -> float:
    """Return what it is worth to take a hill in.

    Its metres of rise as far as they can be run, as far as its grade can be trusted, and as far as
    it fits where that was weighed.
    """
    trust = {"high": 1.0, "medium": MEDIUM, "low": 0.0}[hill.confidence]
    fit = 1.0 if hill.fit is None else hill.fit.score
    steep = min(hill.grade, STEEP_ENOUGH) * min(1.0, TOO_STEEP / hill.grade)
    return hill.climb.length_m * steep * trust * fit


def plan(legs_s: Floats, gains: Floats, room_s: float, most: int) -> list[int]:
    """Return hills in the order of the run: the greatest sum of gains that is found.

    Args:
        legs_s: shape (k + 1, k + 1), from the door (row 0) or from the top of hill ``i`` (row
            ``i + 1``) to the top of hill ``j`` (column ``j + 1``) by its foot, or to the door
            (column 0).
        gains: shape (k,), what each is worth.
        room_s: how long the run may be.
        most: how many hills there may be.
    """
    planner = _Planner(legs_s.tolist(), gains, room_s, most)
    best: list[int] = []
    for first in np.flatnonzero(gains > 0).tolist():  # so that one bad start decides nothing
        if planner.time_s([first]) <= room_s:
            best = max(best, planner.bettered(planner.filled([first])), key=planner.value)
    return best


class _Planner(NamedTuple):
    """The question that ``plan`` answers, and the moves by which it does."""

    legs_s: list[list[float]]
    gains: Floats
    room_s: float
    most: int

    def time_s(self, order: Sequence[int]) -> float:
        """Return how long a run takes."""
        stops = [0, *(hill + 1 for hill in order), 0]
        return sum(self.legs_s[a][b] for a, b in pairwise(stops))

    def value(self, order: list[int]) -> tuple[float, float]:
        """Return what a run is worth; among equals the shorter is worth more."""
        gain = round(float(self.gains[order].sum()), 6)
        return gain, -round(self.time_s(order), 3) if order else 0.0

    def ways_in(self, order: list[int]) -> list[tuple[float, int, list[int]]]:
        """Return the runs with one hill more that there is room for: time, hill, order."""
        ways = []
        for hill in np.flatnonzero(self.gains > 0).tolist():
            if hill not in order:
                put = ([*order[:i], hill, *order[i:]] for i in range(len(order) + 1))
                time_s, way = min((self.time_s(way), way) for way in put)
                if time_s <= self.room_s:
                    ways.append((time_s, hill, way))
        return ways

    def filled(self, order: list[int]) -> list[int]:
        """Put in what is worth most for its time, while there is room."""
        while len(order) < self.most and (ways := self.ways_in(order)):
            now = self.time_s(order)
            order = max(
                ways, key=lambda way: (self.gains[way[1]] / max(way[0] - now, 1.0), -way[1])
            )[2]
        return order

    def bettered(self, order: list[int]) -> list[int]:
        """Exchange or move one hill after another, and fill up again, while that betters it."""
        while True:
            rests = ([*order[:out], *order[out + 1 :]] for out in range(len(order)))
            tries = [self.filled(way) for rest in rests for _, _, way in self.ways_in(rest)]
            best = max(tries, key=self.value, default=order)
            if self.value(best) <= self.value(order):
                return order
            order = best


def tour(
    network: StreetNetwork,
    place: Place,
    criteria: Criteria,
    climbs: Climbs,
    rows: Ints,
    weigh=None,
    shuns=None,
) -> Tour:
    """Return a rolling run over some of the climbs.

    Args:
        network: streets with profiles.
        place: the door.
        criteria: time or distance, warm-up, pace, level.
        climbs: what was found.
        rows: those that are hills of their own, best first.
    """
    run = _Run(network, place, criteria)
    hills = run.choice(climbs, rows)
    if not hills:
        return Tour(None, ("No hill whose grade can be trusted is near enough for this run.",))
    workout = run.workout(hills)
    if workout is None:
        return Tour(None, (f"The nearest hill and the way back take longer than {run.asked}.",))
    return Tour(workout)


class _Run:
    """One question: the streets, the clock, and how long the run shall be."""

    def __init__(self, network: StreetNetwork, place: Place, criteria: Criteria) -> None:
        self._network, self._criteria = network, criteria
        self._clock = Clock(network, criteria)
        self._links = Links(network, self._clock)
        by_distance = criteria.distance_m is not None
        self._target = criteria.distance_m or 60.0 * (criteria.minutes or USUAL_MIN)
        self._amount: Callable[[Sequence[Leg]], float] = _metres if by_distance else self._seconds
        self.asked = f"{self._target / 1000:g} km" if by_distance else f"{self._target / 60:g} min"
        self._room_s = self._target / criteria.flat_speed_m_s if by_distance else self._target
        low, high = criteria.warmup_min
        self._warm_s = min(60.0 * low, EASY_SHARE * self._room_s)
        self._cool_s = min(60.0 * COOL_DOWN_MIN, EASY_SHARE * self._room_s)
        warm = (self._warm_s / 60.0, max(high, self._warm_s / 60.0))
        self._router = Router(network, place, replace(criteria, warmup_min=warm))
        self._door = self._router.snap.position
        self._free = np.zeros(len(network), bool)

    def _seconds(self, legs: Sequence[Leg]) -> float:
        return self._clock.legs_s(legs)

    def choice(self, climbs: Climbs, rows: Ints) -> list[Hill]:
        """Return the hills worth most for their distance that the run can reach."""
        times = self._router.times_s(climbs)[rows]
        names = ranking.Names(self._network)
        hills = []
        for row, time_s in zip(rows.tolist(), times.tolist(), strict=True):
            if time_s <= min(60.0 * self._criteria.warmup_min[1] * 1.5, self._room_s / 2):
                hill = Hill(1, "", climbs[row], None)
                if worth(hill) > 0:
                    hills.append(hill)
        hills.sort(key=lambda hill: -round(worth(hill), 6))
        return [replace(hill, name=names.label(hill.climb)) for hill in hills[:CHOICE]]

    def workout(self, hills: list[Hill]) -> Workout | None:
        """Return the best run that stays within its target; the room is made smaller until so."""
        times = self._times_s(hills)
        gains = np.array([worth(hill) for hill in hills])
        hour = self._room_s / 3600.0
        most = max(2, round(HILLS_AN_HOUR[self._criteria.level] * hour))
        room_s = self._room_s
        best: tuple[float, Workout] | None = None
        for _ in range(6):
            order = plan(times, gains, room_s, min(most, self._criteria.limit))
            if not order:
                break
            made = self._made([hills[i] for i in order])
            if made is not None:
                miss = abs(made[0] / self._target - 1.0)
                if best is None or miss < best[0]:
                    best = miss, made[1]
                if miss <= MISS:
                    break
            room_s *= 0.9
        return best[1] if best else None

    def _times_s(self, hills: list[Hill]) -> Floats:
        """Return the matrix that ``plan`` asks for."""
        count = len(hills)
        times = np.full((count + 1, count + 1), np.inf)
        up = [self._clock.legs_s(hill.climb.legs) for hill in hills]
        starts = [self._door, *(hill.climb.top for hill in hills)]
        for i, start in enumerate(starts):
            tree = self._links.search(start, Dear({}, self._free))
            for j, hill in enumerate(hills):
                if j + 1 != i:
                    there = self._cost(tree, hill.climb.foot)
                    times[i, j + 1] = up[j] + (max(there, self._warm_s) if i == 0 else there)
            if i:
                times[i, 0] = max(self._cost(tree, self._door), self._cool_s)
        return times

    def _cost(self, tree: Tree, end: Position) -> float:
        legs = self._links.legs_to(tree, end)
        return self._clock.legs_s(legs) if legs else np.inf

    def _made(self, hills: list[Hill]) -> tuple[float, Workout] | None:
        """Return how long a run over hills is, and the run, each part by streets not yet run."""
        try:
            warm = self._router.approach(hills[0].climb)
        except StreetsError:
            return None
        steps = [Step("warm-up", warm, warm.time_s)]
        run = [*warm.legs]
        kept: list[Hill] = []
        for rank, hill in enumerate(hills, start=1):
            way: Route | None = warm
            if rank > 1:
                legs = self._way(hills[rank - 2].climb.top, hill.climb.foot, run)
                way = self._route(legs) if legs else None
                if way is not None:
                    steps.append(Step("easy", way, way.time_s))
                run += legs
            kept.append(replace(hill, rank=rank, approach=way))
            up = self._route(hill.climb.legs)
            steps.append(Step("repeat", up, effort_s(up, hill.climb), rank))
            run += hill.climb.legs
        home = self._home(hills[-1].climb.top, run)
        if home is None:
            return None
        steps.append(Step("cool-down", home, home.time_s))
        workout = Workout("rolling", self._criteria.level, tuple(kept), tuple(steps), CUES)
        metres = self._criteria.distance_m is not None
        return workout.length_m if metres else workout.time_s, workout

    def _way(self, start: Position, end: Position, run: Sequence[Leg]) -> list[Leg]:
        """Return the quickest way that counts streets already run for more."""
        tree = self._links.search(start, Dear({}, self._again(run)))
        return [leg for leg in self._links.legs_to(tree, end) if leg.start_m != leg.stop_m]

    def _again(self, run: Sequence[Leg]) -> Bools:
        again = self._free.copy()
        again[[leg.edge for leg in run]] = True
        return again

    def _home(self, start: Position, run: Sequence[Leg]) -> Route | None:
        """Return the way home that brings the run to its target, with least street run twice."""
        tree = self._links.search(start, Dear({}, self._again(run)))
        direct = self._way(start, self._door, run)
        if not direct:
            return None
        wanted = self._target - self._amount(run)
        ways = [direct]
        if self._amount(direct) < wanted:
            back = self._links.search(self._door, tree.dear, backward=True)
            wanted_s = wanted * self._clock.legs_s(direct) / self._amount(direct)
            miss = np.abs(tree.cost + back.cost - wanted_s)
            turns = np.flatnonzero(miss <= 0.1 * wanted_s)
            turns = turns[np.argsort(np.round(miss[turns], 3), kind="stable")]
            for node in turns[:: max(1, len(turns) // WAYS_HOME)].tolist():
                there = self._links.legs_to_node(tree, node)
                at = Position(there[-1].edge, there[-1].stop_m)
                ways.append([*there, *self._way(at, self._door, [*run, *there])])
        done = {leg.edge for leg in run}

        def tiresome(legs: list[Leg]) -> float:
            seen = set(done)
            twice = 0.0
            for leg in legs:
                twice += abs(leg.stop_m - leg.start_m) * (leg.edge in seen)
                seen.add(leg.edge)
            miss = abs(self._amount(legs) - wanted) / self._target
            return round(twice / _metres(legs) + 10.0 * max(0.0, miss - MISS / 2), 6)

        best = min(ways, key=tiresome)
        return self._route([leg for leg in best if leg.start_m != leg.stop_m])

    def _route(self, legs: Sequence[Leg]) -> Route:
        track = self._network.track(legs)
        return Route(*track[1:4], track.distance_m, self._clock.legs_s(legs), "direct", tuple(legs))


CUES = (
    "Run easily between the hills and up each of them strong but even, with short strides.",
    "Stop taking hills when form goes: the way home is easy.",
)


def effort_s(up: Route, climb: Climb) -> float:  # noqa: ARG001 - another effort goes by the grade
    """Return how long it takes to run up a hill of the run: as at the easy pace."""
    return up.time_s


def _metres(legs: Sequence[Leg]) -> float:
    return sum(abs(leg.stop_m - leg.start_m) for leg in legs)
