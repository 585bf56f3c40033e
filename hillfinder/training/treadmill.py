"""The treadmill workout of the same effort, for when there is no hill or no weather for one.

Minetti measured the cost of a metre on a treadmill, so incline and speed of equal power follow from
it. Air resistance is left out: it is small at the speed of a climb.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.routing.travel_time import running_factor
from hillfinder.sessions import session_kind
from hillfinder.training.targets import repeat_s
from hillfinder.training.workout import WALK_M_S, longest_s, repeat_count

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.model import Floats, Workout

#: Steepest incline of a belt, as a ratio.
STEEPEST_BELT = 0.15
#: Step in which the incline of a belt is set, as a ratio.
INCLINE_STEP = 0.005


@dataclass(frozen=True, slots=True)
class Treadmill:
    """Repeats on a belt.

    Attributes:
        incline: incline of the belt, as a ratio.
        speed_km_h: its speed during a repeat.
        repeats: number of repeats.
        repeat_s: time of each.
        recovery_s: time on the flat belt after each.
        recovery_km_h: its speed then.
    """

    incline: float
    speed_km_h: float
    repeats: int
    repeat_s: float
    recovery_s: float
    recovery_km_h: float


def like(workout: Workout, criteria: Criteria) -> Treadmill:
    """Return the treadmill workout as hard as the first hill of a session.

    A hill steeper than any belt is run faster on the steepest.
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
    """Return the treadmill workout for the middle of the criteria, where no hill is known."""
    low, high = criteria.grade_range
    grade = min(max(low, criteria.kind.belt_grade), high)
    length_m = sum(criteria.length_range_m) / 2
    # As fast as up such a hill: a walker's speed is Tobler's there, as in any session.
    speed = length_m / float(repeat_s(np.array(length_m), np.array(grade), criteria))
    time_s = min(length_m / speed, longest_s(criteria))
    count = criteria.repeats or repeat_count(speed * time_s, time_s, criteria)
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
    """Return the energy cost of a metre at a grade, in times that on level ground."""
    factor = walking_cost_factor if criteria.walk else running_factor
    return float(factor(np.array([grade]))[0])


def walking_cost_factor(grade: Floats) -> Floats:
    """Return the energy cost of a metre walked, in times that on the flat (Minetti et al. 2002).

    >>> np.round(walking_cost_factor(np.array([0.0, 0.1])), 2)
    array([1.  , 1.96])
    """
    i = np.asarray(grade)
    cost = ((((280.5 * i - 58.7) * i - 76.8) * i + 51.9) * i + 19.6) * i + 2.5
    return np.asarray(cost / 2.5)
