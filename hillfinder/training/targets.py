"""The ideal hill of a session: how long a repeat takes and how steep it is.

The ideal time of a repeat is in ``sessions``. The grades are our own choice, within the training
figures that are agreed on: 5 to 8 % for 30 to 90 s, and 8 to 15 % only for sprints of 8 to 15 s.

=================== ============
one repeat takes    ideal grade
=================== ============
up to 20 s          8 to 15 %
up to 90 s          5 to 8 %
up to 5 minutes     4 to 7 %
longer              2 to 5 %
=================== ============

If the lengths asked for do not allow that time, the nearest time that they allow is ideal. A
walker's repeats take twice as long and are as steep.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.routing.travel_time import slope_factor
from hillfinder.training.workout import effort

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.model import Floats

#: Longest time of a repeat, s, and the least and greatest ideal grade up to it.
IDEAL_GRADES = ((20.0, 0.08, 0.15), (90.0, 0.05, 0.08), (300.0, 0.04, 0.07), (np.inf, 0.02, 0.05))
#: Ideal time of a walker's repeat, in times that of a runner's.
WALKER = 2.0
# Where a hill is half as good as an ideal one:
#: Grade above the greatest ideal one, as a share of it.
HALF_STEEPER = 0.5
#: Grade below the least ideal one, as a share of it.
HALF_GENTLER = 0.25
#: Time of a repeat, in times the ideal one; a runner can turn sooner.
HALF_LONGER = 2.7
#: The ideal time, in times that of a shorter repeat.
HALF_SHORTER = 1.6


class Ideal(NamedTuple):
    """The ideal hill: time of a repeat in seconds, and grades from ``low`` to ``high``."""

    time_s: float
    low: float
    high: float


def repeat_s(length_m: Floats, grade: Floats, criteria: Criteria) -> Floats:
    """Return the time up hills at the effort of the session, in seconds."""
    speed = criteria.flat_speed_m_s * effort(criteria)
    return np.asarray(length_m / speed * slope_factor(grade, criteria))


def ideal(criteria: Criteria) -> Ideal:
    """Return the ideal hill of a session.

    >>> from hillfinder.criteria import Criteria
    >>> ideal(Criteria())
    Ideal(time_s=60.0, low=0.05, high=0.08)
    """
    times = WALKER if criteria.walk else 1.0
    wanted = times * criteria.kind.ideal_s[criteria.level]
    middle = np.array(np.mean(_grades(wanted / times)))
    shortest, longest = repeat_s(np.array(criteria.length_range_m), middle, criteria).tolist()
    wanted = min(max(wanted, shortest), longest)
    return Ideal(wanted, *_grades(wanted / times))


def _grades(time_s: float) -> tuple[float, float]:
    """Return the ideal grades for repeats of some time."""
    return next((low, high) for longest, low, high in IDEAL_GRADES if time_s <= longest)


def half_at(off: Floats | float) -> Floats:
    """Return a worth that falls from 1 to a half as ``off`` grows from 0 to 1, and on to 0."""
    return np.asarray(1.0 / (1.0 + np.square(off)))


def grade_worth(grade: Floats, sigma: Floats, aim: Ideal) -> Floats:
    """Return how well grades suit, from 0 to 1: the mean over their uncertainty."""
    suits = np.zeros(np.shape(grade))
    # The mean over a normal distribution by three points (Gauss-Hermite quadrature).
    for point, weight in ((-math.sqrt(3), 1 / 6), (0.0, 2 / 3), (math.sqrt(3), 1 / 6)):
        true = grade + point * sigma
        steeper = np.maximum(true - aim.high, 0.0) / (HALF_STEEPER * aim.high)
        gentler = np.maximum(aim.low - true, 0.0) / (HALF_GENTLER * aim.low)
        suits += weight * half_at(steeper + gentler)
    return suits


def time_worth(time_s: Floats, aim: Ideal) -> Floats:
    """Return how well times of one repeat suit, from 0 to 1."""
    off = np.log(time_s / aim.time_s)
    return half_at(np.where(off > 0, off / math.log(HALF_LONGER), off / math.log(HALF_SHORTER)))
