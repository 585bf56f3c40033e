"""What a session asks of a hill: how long a repeat takes and how steep it is; and near misses.

How long a repeat should take is in ``sessions``. The grades are our own choice, within the training
figures that are agreed on: 5 to 8 % for 30 to 90 s, and 8 to 15 % only for sprints of 8 to 15 s.

=================== ============
one repeat takes    ideal grade
=================== ============
up to 20 s          8 to 15 %
up to 90 s          5 to 8 %
up to 5 minutes     4 to 7 %
longer              2 to 5 %
=================== ============

Where the lengths asked for allow no such time, the nearest that they allow is wanted. A walker's
repeats take twice as long and are as steep.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.routing import travel_time as pace
from hillfinder.training.workout import effort

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.model import Floats

#: Up to how many seconds which grades are ideal.
IDEAL_GRADES = ((20.0, 0.08, 0.15), (90.0, 0.05, 0.08), (300.0, 0.04, 0.07), (np.inf, 0.02, 0.05))
#: A walker takes so many times as long.
WALKER = 2.0
#: Half as good: a grade steeper by so much of the greatest ideal one, or gentler by so much of the
#: least; a hill that takes so many times as long, where one can turn sooner, or as short a time.
STEEPER, GENTLER, LONGER, SHORTER = 0.5, 0.25, 2.7, 1.6


class Ideal(NamedTuple):
    """What a session asks of a hill: seconds of a repeat, and grades from ``low`` to ``high``."""

    time_s: float
    low: float
    high: float


def repeat_s(length_m: Floats, grade: Floats, criteria: Criteria) -> Floats:
    """Return how long it takes up hills at the effort of the session, in seconds."""
    factor = pace.walking_factor if criteria.walk else pace.running_factor
    speed = criteria.flat_speed_m_s * effort(criteria)
    return np.asarray(length_m / speed * factor(np.asarray(grade)))


def ideal(criteria: Criteria) -> Ideal:
    """Return what a session asks of a hill.

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
    """Return which grades are ideal for repeats of some time."""
    return next((low, high) for longest, low, high in IDEAL_GRADES if time_s <= longest)


def half_at(off: Floats | float) -> Floats:
    """Return 1 where nothing is off, a half where 1 is, and less and less beyond."""
    return np.asarray(1.0 / (1.0 + np.square(off)))


def grade_worth(grade: Floats, sigma: Floats, aim: Ideal) -> Floats:
    """Return how well grades suit, on the mean of what may be true of them."""
    suits = np.zeros(np.shape(grade))
    # The mean over a normal curve by three points (Gauss and Hermite).
    for point, weight in ((-math.sqrt(3), 1 / 6), (0.0, 2 / 3), (math.sqrt(3), 1 / 6)):
        true = grade + point * sigma
        steeper = np.maximum(true - aim.high, 0.0) / (STEEPER * aim.high)
        gentler = np.maximum(aim.low - true, 0.0) / (GENTLER * aim.low)
        suits += weight * half_at(steeper + gentler)
    return suits


def time_worth(time_s: Floats, aim: Ideal) -> Floats:
    """Return how well the times of one repeat suit."""
    off = np.log(time_s / aim.time_s)
    return half_at(np.where(off > 0, off / math.log(LONGER), off / math.log(SHORTER)))
