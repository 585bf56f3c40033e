"""Which streets run along each other, and the direction in which each leaves its junction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.streets.geometry.polylines import Polylines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Bools, Floats, Ints, Leg
    from hillfinder.streets.network import StreetNetwork

#: Angle from which a turn has to be remembered, degrees.
TURN_DEG = 50.0
#: Distance within which what runs along a street is part of it, m: a pavement, a carriageway.
BESIDE_M = 25.0
#: Cosine of the greatest angle between them, 45 degrees.
ALONG_COSINE = 0.7
#: Distance by which it may reach past the ends of the street, m.
PAST_END_M = 5.0


class Parallels:
    """The streets as points a few metres apart.

    Args:
        network: the streets.
    """

    #: Greatest distance between the points along a street, m.
    SPACING_M = 15.0

    def __init__(self, network: StreetNetwork) -> None:
        """Lay points along every street."""
        from scipy.spatial import cKDTree

        # An even number of steps, so that there is a point in the middle.
        steps = 2 * np.ceil(network.edge_length_m / (2 * self.SPACING_M)).astype(np.int64)
        steps = np.maximum(steps, 2)
        self._length_m = network.edge_length_m
        self._known: dict[Leg, Ints] = {}
        self._offset = np.concatenate([[0], np.cumsum(steps + 1)])
        edge = np.repeat(np.arange(len(network)), steps + 1)
        index = np.arange(self._offset[-1]) - self._offset[edge]
        at = index * (network.edge_length_m / steps)[edge]
        x, y = network.point_x_m, network.point_y_m
        lines = Polylines.through(network.point_offset, x, y)
        at += lines.begin[edge]
        self._xy = np.column_stack([np.interp(at, lines.axis, each) for each in (x, y)])
        first, last = self._offset[:-1], self._offset[1:] - 1
        self._middles = cKDTree(self._xy[first + steps // 2])
        self._leaving_u, self._leaving_v = (
            np.arctan2(*(self._xy[inward] - self._xy[end]).T[::-1])
            for end, inward in ((first, first + 1), (last, last - 1))
        )

    def beside(self, legs: Sequence[Leg]) -> list[int]:
        """Return the edges that run along legs, beside them and between their ends."""
        line = np.concatenate([self._line(leg) for leg in legs])
        span = line[-1] - line[0]
        onward = span / max(np.hypot(*span), 1.0)
        found = []
        for edge in sorted({*self._near(line).tolist()} - {leg.edge for leg in legs}):
            points = self._xy[self._offset[edge] : self._offset[edge + 1]]
            chord = points[-1] - points[0]
            ahead = (points - line[0]) @ onward
            away = np.hypot(*(points[:, None] - line).transpose(2, 0, 1)).min(axis=1)
            if (
                abs(chord @ onward) >= ALONG_COSINE * np.hypot(*chord)
                and ahead.min() >= -PAST_END_M
                and ahead.max() <= span @ onward + PAST_END_M
                and away.max() <= BESIDE_M
            ):
                found.append(edge)
        return found

    def _line(self, leg: Leg) -> Floats:
        """Return points along a leg, shape (k, 2)."""
        points = self._xy[self._offset[leg.edge] : self._offset[leg.edge + 1]]
        at = np.linspace(leg.start_m, leg.stop_m, len(points))
        along = np.linspace(0.0, self._length_m[leg.edge], len(points))
        return np.column_stack([np.interp(at, along, part) for part in points.T])

    def _near(self, line: Floats) -> Ints:
        """Return the edges whose middles lie near points."""
        near = self._middles.query_ball_point(line, BESIDE_M)
        return np.concatenate(near).astype(np.int64)

    def along(self, legs: Sequence[Leg]) -> Bools:
        """Return the edges that are run on, or run along those, shape (m,)."""
        result = np.zeros(len(self._length_m), bool)
        for leg in legs:
            # Many ways share their streets, and this is asked for each of them.
            if leg not in self._known:
                self._known[leg] = self._near(self._line(leg))
            result[self._known[leg]] = True
        result[[leg.edge for leg in legs]] = True
        return result

    def turns(self, legs: Sequence[Leg]) -> int:
        """Return the number of turns of a way that are sharper than ``TURN_DEG``."""
        edge = np.array([leg.edge for leg in legs], np.int64)
        ahead = np.array([leg.stop_m > leg.start_m for leg in legs], bool)
        leaving = np.where(ahead, self._leaving_u[edge], self._leaving_v[edge])
        arriving = np.where(ahead, self._leaving_v[edge], self._leaving_u[edge]) + np.pi
        turn = np.degrees(leaving[1:] - arriving[:-1]) % 360
        return int((np.minimum(turn, 360 - turn) > TURN_DEG).sum())
