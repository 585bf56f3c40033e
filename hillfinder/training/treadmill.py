"""The session on a belt: the same effort where there is no hill, or no weather for one.

Minetti's costs are those of a metre on a belt, so that incline and speed of the same power follow
from them. The air that one does not run against is left out: up a hill there is little of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.routing.travel_time import running_factor, walking_factor
from hillfinder.sessions import session_kind
from hillfinder.training.workout import WALK_M_S, counted, effort, longest_s

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.model import Floats, Workout

#: Steepest incline of a belt.
STEEPEST_BELT = 0.15
#: Step in which its incline is set.
INCLINE_STEP = 0.005


@dataclass(frozen=True, slots=True)
class Treadmill:
    """Repeats on a belt.

    Attributes:
        incline: of the belt, as a ratio.
        speed_km_h: of the belt, while it rises.
        repeats: how many times.
        repeat_s: how long each takes.
        recovery_s: how long the belt is flat after each.
        recovery_km_h: how fast it runs then.
    """

    incline: float
    speed_km_h: float
    repeats: int
    repeat_s: float
    recovery_s: float
    recovery_km_h: float


def like(workout: Workout, criteria: Criteria) -> Treadmill:
    """Return the belt that is as hard as the first hill of a session.

    A hill steeper than a belt can be is run faster on the steepest.
    """
    work = [step for step in workout.steps if step.kind == "repeat"]
    if not work:
        return for_criteria(criteria)
    rest = [step.time_s for step in workout.steps if step.kind == "recovery"]
    up = work[0]
    gain_m = float(up.route.elevation_m[-1] - up.route.elevation_m[0])
    grade = (
        gain_m / up.route.length_m
        if math.isfinite(gain_m)
        else session_kind(workout.session).belt_grade
    )
    speed = up.route.length_m / up.time_s
    recovery_s = rest[0] if rest else 2 * up.time_s
    return _set_belt(
        grade, speed, criteria, count=len(work), time_s=up.time_s, recovery_s=recovery_s
    )


def for_criteria(criteria: Criteria) -> Treadmill:
    """Return the belt for the middle of what was asked, where no hill is known."""
    low, high = criteria.grade_range
    grade = min(max(low, criteria.kind.belt_grade), high)
    length_m = sum(criteria.length_range_m) / 2
    # As fast as up such a hill: a walker's speed is Tobler's there, as in any session.
    factor = walking_factor if criteria.walk else running_factor
    speed = criteria.flat_speed_m_s * effort(criteria) / float(factor(np.array(grade)))
    time_s = min(length_m / speed, longest_s(criteria))
    count = criteria.repeats or counted(speed * time_s, time_s, criteria)
    recovery_s = time_s * criteria.kind.belt_rest[criteria.walk]
    return _set_belt(grade, speed, criteria, count=count, time_s=time_s, recovery_s=recovery_s)


def _set_belt(
    grade: float,
    speed_m_s: float,
    criteria: Criteria,
    *,
    count: int,
    time_s: float,
    recovery_s: float,
) -> Treadmill:
    incline = min(max(round(grade / INCLINE_STEP) * INCLINE_STEP, 0.0), STEEPEST_BELT)
    speed = speed_m_s * _factor(grade, criteria) / _factor(incline, criteria)
    walked = criteria.flat_speed_m_s if criteria.walk else WALK_M_S
    return Treadmill(
        round(incline, 3),
        round(3.6 * speed, 1),
        count,
        time_s,
        recovery_s,
        round(3.6 * walked, 1),
    )


def _factor(grade: float, criteria: Criteria) -> float:
    """Return what a metre costs, as times level ground, at equal power."""
    factor = walking_cost_factor if criteria.walk else running_factor
    return float(factor(np.array([grade]))[0])


def walking_cost_factor(grade: Floats) -> Floats:
    """Return how much more a metre costs than on the flat, walking (Minetti et al. 2002).

    >>> np.round(walking_cost_factor(np.array([0.0, 0.1])), 2)
    array([1.  , 1.96])
    """
    i = np.asarray(grade)
    cost = ((((280.5 * i - 58.7) * i - 76.8) * i + 51.9) * i + 19.6) * i + 2.5
    return np.asarray(cost / 2.5)
