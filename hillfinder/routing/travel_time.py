"""Travel time on foot, by slope and direction, at the effort of the easy pace.

A runner's pace follows the energy cost of running on a grade (Minetti et al. 2002, J Appl Physiol
93:1039), a walker's Tobler's hiking function (1993, NCGIA Technical Report 93-1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.streets.geometry.polylines import Polylines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.model import Floats, Ints, Leg
    from hillfinder.streets.network import StreetNetwork

#: Time on stairs, in times that on level ground of the same ground plan.
STEPS_FACTOR = 3.0
#: Least time downhill, in times that on the flat: nobody warms up by racing.
FASTEST_FACTOR = 0.9
#: Steepest grade at which either formula was measured.
STEEPEST_MEASURED = 0.45


def running_factor(grade: Floats) -> Floats:
    """Return how much longer a metre takes at equal effort than on the flat, running.

    The cost polynomial is valid from -0.45 to 0.45; grades beyond count as those.

    >>> np.round(running_factor(np.array([-0.1, 0.0, 0.1])), 2)
    array([0.9 , 1.  , 1.66])
    """
    i = np.clip(grade, -STEEPEST_MEASURED, STEEPEST_MEASURED)
    cost = ((((155.4 * i - 30.4) * i - 43.3) * i + 46.3) * i + 19.5) * i + 3.6
    return np.asarray(np.maximum(cost / 3.6, FASTEST_FACTOR))


def walking_factor(grade: Floats) -> Floats:
    """Return how much longer a metre takes than on the flat, walking.

    >>> np.round(walking_factor(np.array([-0.05, 0.0, 0.1])), 2)
    array([0.84, 1.  , 1.42])
    """
    i = np.clip(grade, -STEEPEST_MEASURED, STEEPEST_MEASURED)
    return np.asarray(np.exp(3.5 * (np.abs(i + 0.05) - 0.05)))


def slope_factor(grade: Floats, criteria: Criteria) -> Floats:
    """Return how much longer a metre takes than on the flat, walking or running as asked."""
    return walking_factor(grade) if criteria.walk else running_factor(grade)


class Sums:
    """Sums along every edge of a network, which differ by direction.

    Attributes:
        ahead: shape (m,), of whole edges, from u to v.
        back: shape (m,), from v to u.

    Args:
        lines: the edges, with a point at each sample.
        ahead: shape (s - 1,), what each step from sample to sample counts, all edges end to end;
            nothing from one edge to the next.
        back: shape (s - 1,), what it counts backwards.
    """

    def __init__(self, lines: Polylines, ahead: Floats, back: Floats) -> None:
        """Add up the steps."""
        self._lines = lines
        self._totals = [np.append(0.0, np.cumsum(each)) for each in (ahead, back)]
        self.ahead, self.back = (
            total[lines.offset[1:] - 1] - total[lines.offset[:-1]] for total in self._totals
        )

    def between(self, edge: Ints, start_m: Floats, stop_m: Floats) -> Floats:
        """Return the sums from one point of an edge to another, for several at once."""
        start, stop = (self._lines.interpolate(edge, at, *self._totals) for at in (start_m, stop_m))
        return np.where(stop_m >= start_m, stop[0] - start[0], start[1] - stop[1])


class Clock:
    """Seconds along every edge of a network, both ways.

    Stairs take ``STEPS_FACTOR`` times as long as level ground, whichever way. Ground of unknown
    height counts as level.

    Attributes:
        ahead_s: shape (m,), from u to v.
        back_s: shape (m,), from v to u.
        step_edge, step_grade, step_ahead_s, step_back_s: shape (s,), the same from sample
            to sample, as ``Sums`` takes it.

    Args:
        network: streets with profiles.
        criteria: the pace.

    Raises:
        HeightsError: the network carries no heights yet.
    """

    def __init__(self, network: StreetNetwork, criteria: Criteria) -> None:
        """Add up the seconds from sample to sample."""
        profiles = network.known_profiles()
        edge = np.repeat(np.arange(len(network)), np.diff(profiles.offset))[:-1]
        run, rise = np.diff(profiles.distance_m), np.diff(profiles.elevation_m)
        run[profiles.offset[1:-1] - 1] = 0.0  # from one edge to the next
        grade = np.divide(rise, run, out=np.zeros_like(run), where=(run > 0) & ~np.isnan(rise))
        steps = network.ways.steps[network.edge_way][edge]
        flat = run / criteria.flat_speed_m_s
        self.step_edge, self.step_grade = edge, grade
        self.step_ahead_s, self.step_back_s = (
            flat * np.where(steps, STEPS_FACTOR, slope_factor(slope, criteria))
            for slope in (grade, -grade)
        )
        self.lines = Polylines(profiles.offset, profiles.distance_m)
        self._sums = Sums(self.lines, self.step_ahead_s, self.step_back_s)
        self.ahead_s: Floats = self._sums.ahead
        self.back_s: Floats = self._sums.back

    def seconds(self, edge: Ints, start_m: Floats, stop_m: Floats) -> Floats:
        """Return the seconds from one point of an edge to another, for several at once.

        Args:
            edge: shape (k,).
            start_m: shape (k,), metres from the edge's ``u``.
            stop_m: shape (k,), likewise.
        """
        return self._sums.between(edge, start_m, stop_m)

    def legs_s(self, legs: Sequence[Leg]) -> float:
        """Return the seconds along a way."""
        return float(self.seconds(*columns(legs)).sum())


def columns(legs: Sequence[Leg]) -> tuple[Ints, Floats, Floats]:
    """Return the edges of legs, where each begins and where it stops, shape (k,) each."""
    edge, start_m, stop_m = np.array(legs, np.float64).reshape(-1, 3).T
    return edge.astype(np.int64), start_m, stop_m
