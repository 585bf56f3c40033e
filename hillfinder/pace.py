"""How long a person takes on foot: by slope and direction, at the effort of the easy pace.

A runner's pace follows the energy cost of running on a grade (Minetti et al. 2002, J Appl Physiol
93:1039), a walker's Tobler's hiking function (1993, NCGIA Technical Report 93-1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.errors import HeightsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.model import Floats, Ints, Leg
    from hillfinder.streets.network import StreetNetwork

#: Stairs take so much longer than level ground of the same ground plan.
STEPS_FACTOR = 3.0
#: Nobody warms up by racing downhill: descents gain a tenth at most.
FASTEST_FACTOR = 0.9
#: Neither formula was measured on anything steeper.
STEEPEST = 0.45


def running_factor(grade: Floats) -> Floats:
    """Return how much longer a metre takes at equal effort than on the flat, running.

    The cost polynomial holds from -0.45 to 0.45; grades beyond are taken as those.

    >>> np.round(running_factor(np.array([-0.1, 0.0, 0.1])), 2)
    array([0.9 , 1.  , 1.66])
    """
    i = np.clip(grade, -STEEPEST, STEEPEST)
    cost = ((((155.4 * i - 30.4) * i - 43.3) * i + 46.3) * i + 19.5) * i + 3.6
    return np.asarray(np.maximum(cost / 3.6, FASTEST_FACTOR))


def walking_factor(grade: Floats) -> Floats:
    """Return how much longer a metre takes than on the flat, walking.

    >>> np.round(walking_factor(np.array([-0.05, 0.0, 0.1])), 2)
    array([0.84, 1.  , 1.42])
    """
    i = np.clip(grade, -STEEPEST, STEEPEST)
    return np.asarray(np.exp(3.5 * (np.abs(i + 0.05) - 0.05)))


class Clock:
    """Seconds along every edge of a network, both ways.

    Stairs take ``STEPS_FACTOR`` times as long as level ground, whichever way. Ground of unknown
    height counts as level.

    Attributes:
        ahead_s: shape (m,), from u to v.
        back_s: shape (m,), from v to u.

    Args:
        network: streets with profiles.
        criteria: the pace.

    Raises:
        HeightsError: the network carries no heights yet.
    """

    def __init__(self, network: StreetNetwork, criteria: Criteria) -> None:
        """Add up the seconds from sample to sample."""
        profiles = network.profiles
        if profiles is None:
            msg = "The network carries no heights: attach an elevation model to it first."
            raise HeightsError(msg)
        edge = np.repeat(np.arange(len(network)), np.diff(profiles.offset))[:-1]
        run, rise = np.diff(profiles.distance_m), np.diff(profiles.elevation_m)
        run[profiles.offset[1:-1] - 1] = 0.0  # from one edge to the next
        grade = np.divide(rise, run, out=np.zeros_like(run), where=(run > 0) & ~np.isnan(rise))
        factor = walking_factor if criteria.walk else running_factor
        steps = network.ways.steps[network.edge_way][edge]
        flat = run / criteria.flat_speed_m_s
        # All edges end to end on one axis, so that one interpolation serves them all. They lie a
        # metre apart, or the end of one would be the beginning of the next.
        axis = np.concatenate([[0.0], np.cumsum(run)])
        self._axis = axis + np.append(edge, len(network) - 1)
        self._begin = self._axis[profiles.offset[:-1]]
        self._ahead, self._back = (
            np.concatenate([[0.0], np.cumsum(flat * np.where(steps, STEPS_FACTOR, factor(slope)))])
            for slope in (grade, -grade)
        )
        first, last = profiles.offset[:-1], profiles.offset[1:] - 1
        self.ahead_s: Floats = self._ahead[last] - self._ahead[first]
        self.back_s: Floats = self._back[last] - self._back[first]

    def seconds(self, edge: Ints, start_m: Floats, stop_m: Floats) -> Floats:
        """Return the seconds from one point of an edge to another, for several at once.

        Args:
            edge: shape (k,).
            start_m: shape (k,), metres from the edge's ``u``.
            stop_m: shape (k,), likewise.
        """
        start, stop = self._begin[edge] + start_m, self._begin[edge] + stop_m
        ahead, back = (
            np.interp(stop, self._axis, total) - np.interp(start, self._axis, total)
            for total in (self._ahead, self._back)
        )
        return np.asarray(np.where(stop >= start, ahead, -back))

    def legs_s(self, legs: Sequence[Leg]) -> float:
        """Return the seconds along a way."""
        edge, start, stop = np.array(legs, np.float64).reshape(-1, 3).T
        return float(self.seconds(edge.astype(np.int64), start, stop).sum())
