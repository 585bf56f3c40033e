"""A way round that fills the time: out by a turning point, and on by other streets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.model import Leg, Position
from hillfinder.pace import columns
from hillfinder.routing import AGAIN_FACTOR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hillfinder.comfort import Comfort
    from hillfinder.lie import Lie
    from hillfinder.model import Floats, Ints
    from hillfinder.pace import Clock
    from hillfinder.routing import Dear, Links
    from hillfinder.streets.network import StreetNetwork

#: A detour aims at so much of the range: 12 minutes of 10 to 20.
AIM = 0.2
#: So far off the time aimed at is on time; each second beyond counts as so many of running.
ON_TIME_S, MISS = 60.0, 3.0
#: A turn counts as so many seconds.
TURN_S = 8.0
#: Turning points are tried in so many directions; the plain ways by the first of them take so
#: much of the time aimed at, for the way on avoids the way out; by the next what was learnt, so
#: many times.
SECTORS, REACH, ROUNDS = 8, 0.8, 3
#: A turning point is the most pleasant of those whose time is so near to the one looked for.
REACH_MISS = 0.08
#: Nobody turns where the way out alone costs more than so many times the longest warm-up.
FARTHEST = 1.5
#: Where that gives none on time, and where there are no more, so many of all that can be reached
#: in time are tried.
LAST_TRIES = 60


class Streets(NamedTuple):
    """All that is known of the streets, for one search after another."""

    network: StreetNetwork
    clock: Clock
    comfort: Comfort
    links: Links
    lie: Lie


class Round(NamedTuple):
    """A way round; the least of several is the best.

    Attributes:
        tiresome: what it costs for each second of it. The cost is that of ``comfort``; what is run
            again or on the hill counts ``AGAIN_FACTOR`` times, a turn ``TURN_S``, and each second
            more than ``ON_TIME_S`` off the time aimed at ``MISS``.
        turn: the node where it turns.
        time_s: how long it takes.
        legs: the way.
    """

    tiresome: float
    turn: int
    time_s: float
    legs: list[Leg]


class Detours:
    """Ways round from a place to the foot of a hill.

    They lead by a turning point: there on the most pleasant way, and on to the foot on the most
    pleasant one when what was run, and what lies along it, counts ``AGAIN_FACTOR`` times. Where the
    second part begins by running back, that piece is cut off.

    Attributes:
        aim_s: how long they should take.
        turns: nodes by which one may lead, in time.

    Args:
        streets: where they lead.
        direct: the way from the place to the foot.
        dear: what is to be kept off.
        range_s: how long they may take, the least and the most.
    """

    def __init__(
        self, streets: Streets, direct: list[Leg], dear: Dear, range_s: tuple[float, float]
    ) -> None:
        """Search the ways out and, backwards, the ways on."""
        network, links = streets.network, streets.links
        door = Position(direct[0].edge, direct[0].start_m)
        foot = Position(direct[-1].edge, direct[-1].stop_m)
        self._streets, self._foot, self._dear = streets, foot, dear._replace(comfort=1.0)
        self._range_s = least_s, most_s = range_s
        self.aim_s = least_s + AIM * (most_s - least_s)
        self._rounds: dict[int, Round | None] = {}
        # What cannot be kept off counts for many times its time.
        limit = np.inf if dear.meets(direct) else FARTHEST * most_s
        self._out = links.search(door, self._dear, limit=limit)
        self._on = links.search(foot, self._dear, backward=True)
        self._through_s = links.times_s(self._out) + links.times_s(self._on)
        ends = np.concatenate([network.edge_u, network.edge_v])
        onward = np.bincount(ends, minlength=len(network.node_id)) > 1
        self.turns: Ints = np.flatnonzero(onward & (self._through_s <= most_s))
        self._sector = self._sectors(door)

    def best(self) -> Round | None:
        """Return the best way round of those that are tried; nothing where there is none.

        In each of ``SECTORS`` directions a turning point is tried, and others nearer or farther
        as the ways by it come out too long or too short.
        """
        found: list[Round] = []
        reach = np.full(SECTORS, REACH)
        for _ in range(ROUNDS):
            for sector, turn in self._nearest(reach * self.aim_s):
                way = self.round(turn)
                if way is not None:
                    reach[sector] *= min(max(self.aim_s / way.time_s, 0.6), 1.6)
                    found.append(way)
        found = self._in_time(found)
        on_time = any(abs(way.time_s - self.aim_s) <= ON_TIME_S for way in found)
        if not on_time or len(self.turns) <= LAST_TRIES:
            order = np.lexsort((self.turns, np.round(self._through_s[self.turns], 3)))
            spread = self.turns[order][:: max(1, -(-len(order) // LAST_TRIES))]
            found += self._in_time(map(self.round, spread.tolist()))
        return min(found, default=None)

    def _in_time(self, ways: Iterable[Round | None]) -> list[Round]:
        least_s, most_s = self._range_s
        return [way for way in ways if way is not None and least_s <= way.time_s <= most_s]

    def round(self, turn: int) -> Round | None:
        """Return the way by a turning point, in time or not; nothing where it comes to nothing."""
        if turn not in self._rounds:
            self._rounds[turn] = self._round(turn)
        return self._rounds[turn]

    def _round(self, turn: int) -> Round | None:
        links, lie = self._streets.links, self._streets.lie
        there = links.legs_to_node(self._out, turn)
        dear = self._dear._replace(again=lie.along(there))
        point = Position(there[-1].edge, there[-1].stop_m)
        # The way backwards found above, all of it run again, is one. Mostly there is a far better.
        for factor in (AGAIN_FACTOR / 2.0, AGAIN_FACTOR):
            limit = factor * float(self._on.cost[turn]) + 1.0
            tree = links.search(point, dear, limit=limit)
            if links.cost_to(tree, self._foot) <= limit:
                break
        there, back = moving(there), moving(links.legs_to(tree, self._foot))
        while there and back and there[-1].edge == back[0].edge:
            one, other = there.pop(), back.pop(0)
            if one.start_m != other.stop_m:
                back.insert(0, Leg(one.edge, one.start_m, other.stop_m))
                break
        time_s = self._streets.clock.legs_s([*there, *back])
        if time_s < 1.0:  # it is cut off whole
            return None
        return Round(round(self._tiresome(there, back, dear), 3), turn, time_s, [*there, *back])

    def _tiresome(self, there: list[Leg], back: list[Leg], dear: Dear) -> float:
        streets, legs = self._streets, [*there, *back]
        time_s = streets.clock.legs_s(legs)
        again = [dear.on(leg) for leg in there]
        again += [leg if dear.again[leg.edge] else dear.on(leg) for leg in back]
        cost_s, again_s = (streets.comfort.seconds(*columns(each)).sum() for each in (legs, again))
        cost_s += (AGAIN_FACTOR - 1.0) * again_s
        cost_s += TURN_S * streets.lie.turns(legs)
        cost_s += MISS * max(abs(time_s - self.aim_s) - ON_TIME_S, 0.0)
        return float(cost_s / time_s)

    def _nearest(self, time_s: Floats) -> list[tuple[int, int]]:
        """Return for each sector the most pleasant node whose plain ways take about such a time.

        The lowest of equals; none where a sector has no node that near.
        """
        through_s, turns = self._through_s[self.turns], self.turns
        sector = self._sector[turns]
        near = np.abs(through_s - time_s[sector]) < REACH_MISS * time_s[sector]
        turns, sector, through_s = turns[near], sector[near], through_s[near]
        cost = np.round((self._out.cost[turns] + self._on.cost[turns]) / through_s, 3)
        order = np.lexsort((turns, cost, sector))
        which, first = np.unique(sector[order], return_index=True)
        return list(zip(which.tolist(), turns[order][first].tolist(), strict=True))

    def _sectors(self, door: Position) -> Ints:
        """Return for each node in which direction it lies from between door and foot."""
        network = self._streets.network
        ends = network.edge_u[[door.edge, self._foot.edge]]
        east, north = (at - at[ends].mean() for at in (network.node_x_m, network.node_y_m))
        turn = (np.arctan2(north, east) / (2 * np.pi)) % 1.0
        return np.asarray(np.minimum((turn * SECTORS).astype(np.int64), SECTORS - 1))


def moving(legs: Iterable[Leg]) -> list[Leg]:
    """Return the legs that lead anywhere."""
    return [leg for leg in legs if leg.start_m != leg.stop_m]
