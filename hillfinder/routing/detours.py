"""Find a loop that fills the warm-up: out to a street, along it, and on by other streets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.model import Leg, Position
from hillfinder.routing.shortest_paths import AGAIN_FACTOR
from hillfinder.routing.travel_time import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hillfinder.model import Floats, Ints
    from hillfinder.routing.edge_costs import Comfort
    from hillfinder.routing.shortest_paths import Links, Penalties
    from hillfinder.routing.travel_time import Clock
    from hillfinder.streets.geometry.parallels import Parallels
    from hillfinder.streets.network import StreetNetwork

#: Where in the asked range of times a loop aims, as a share: 12 minutes of 10 to 20.
AIM = 0.2
#: Tolerance around the time aimed at, s.
ON_TIME_S = 60.0
#: Cost of missing it, s.
LATE_S = 120.0
#: Cost of each second beyond, s.
LATER = 3.0
#: Cost of a turn, s.
TURN_S = 8.0
#: Number of directions in which via streets are tried.
SECTORS = 16
#: Time of the plain ways by the first via streets, as a share of the time aimed at: the way on
#: avoids the way out, and so takes longer than the plain one.
REACH = 0.8
#: Number of rounds; each corrects the share by what the last one showed.
ROUNDS = 2
#: Number of rounds while no loop is on time.
MOST_ROUNDS = 5
#: Tolerance around the time looked for, as a share: the most pleasant via street in it is taken.
REACH_MISS = 0.08
#: Greatest cost of the way out, in times the longest warm-up, and greatest time of the plain ways
#: out and on, of which a piece may be cut off. Where streets are few, all are tried.
FARTHEST = 1.5
#: Number of via streets tried of all, where no loop is on time.
MORE_TRIES = 40
#: Number of them where no loop is in the range, or where there are no more.
LAST_TRIES = 150


class KnownStreets(NamedTuple):
    """The streets with all that is computed of them once, for one search after another."""

    network: StreetNetwork
    clock: Clock
    comfort: Comfort
    links: Links
    parallels: Parallels


class Detour(NamedTuple):
    """A loop; the least of several is the best.

    Attributes:
        cost_rate: its cost a second. The cost is that of ``comfort``; what is run again or on the
            hill counts ``AGAIN_FACTOR`` times, a turn ``TURN_S``; more than ``ON_TIME_S`` off the
            time aimed at counts ``LATE_S``, and ``LATER`` for each second.
        via: the edge of its via street, plus the number of edges if it is run from ``v``.
        time_s: its time.
        legs: the way.
    """

    cost_rate: float
    via: int
    time_s: float
    legs: list[Leg]


class Detours:
    """Loops from a place to the foot of a hill.

    Each leads by a via street, which is not that of the place, the foot or the hill: to one end of
    it on the most pleasant way, along it, and on to the foot on the most pleasant way when what was
    run, and what is parallel to it, counts ``AGAIN_FACTOR`` times. If the last part begins by
    running back, that piece is cut off.

    Attributes:
        aim_s: time aimed at, s.
        vias: possible via streets, either way, numbered as in ``Detour``.

    Args:
        streets: the streets.
        direct: the way from the place to the foot.
        penalties: stretches to keep off and streets already run.
        range_s: least and greatest time, s.
    """

    def __init__(
        self,
        streets: KnownStreets,
        direct: list[Leg],
        penalties: Penalties,
        range_s: tuple[float, float],
    ) -> None:
        """Search the ways out and, backwards, the ways on to the foot."""
        network, links = streets.network, streets.links
        door = Position(direct[0].edge, direct[0].start_m)
        foot = Position(direct[-1].edge, direct[-1].stop_m)
        self._streets, self._foot, self._penalties = streets, foot, penalties._replace(comfort=1.0)
        self._range_s = least_s, most_s = range_s
        self.aim_s = least_s + AIM * (most_s - least_s)
        self._rounds: dict[int, Detour | None] = {}
        # A stretch that has to be taken costs many times its time.
        farthest_s = FARTHEST * most_s if 2 * len(network) > LAST_TRIES else np.inf
        limit = np.inf if penalties.meets(direct) else farthest_s
        self._out = links.search(door, self._penalties, limit=limit)
        self._on = links.search(foot, self._penalties, backward=True)
        self._tail = np.concatenate([network.edge_u, network.edge_v])
        self._head = np.concatenate([network.edge_v, network.edge_u])
        out_s, on_s = links.times_s(self._out)[self._tail], links.times_s(self._on)[self._head]
        out_cost, on_cost = self._out.cost[self._tail], self._on.cost[self._head]
        clock, comfort = streets.clock, streets.comfort
        self._through_s = out_s + on_s + np.concatenate([clock.ahead_s, clock.back_s])
        self._through_cost = out_cost + on_cost
        self._through_cost += np.concatenate([comfort.ahead_s, comfort.back_s])
        # Nothing leads on from a dead end.
        onward = np.bincount(self._tail, minlength=len(network.node_id)) > 1
        fit = onward[self._head] & (self._through_s <= farthest_s) & np.isfinite(self._through_s)
        own = [door.edge, foot.edge, *penalties.keep_off]
        fit[[*own, *(edge + len(network) for edge in own)]] = False
        self.vias: Ints = np.flatnonzero(fit)
        self._sector = self._sectors(door)

    def best(self) -> Detour | None:
        """Return the best loop of those tried; ``None`` if there is none in the range.

        In each of ``SECTORS`` directions a via street is tried, and a nearer or farther one if the
        loop by it comes out too long or too short.
        """
        found: list[Detour] = []
        reach, tried = np.full(SECTORS, REACH), np.zeros(SECTORS, bool)
        for turn in range(MOST_ROUNDS):
            if turn >= ROUNDS and self._on_time(found):
                break
            for sector, via in self._nearest(reach * self.aim_s):
                way = None if tried[sector] else self.round(via)
                if way is not None:
                    tried[sector] = abs(way.time_s - self.aim_s) <= ON_TIME_S
                    reach[sector] *= min(max(self.aim_s / way.time_s, 0.6), 1.6)
                    found.append(way)
        found = self._in_time(found)
        if not self._on_time(found) or len(self.vias) <= LAST_TRIES:
            order = np.lexsort((self.vias, np.round(self._through_s[self.vias], 3)))
            tries = MORE_TRIES if found and len(order) > LAST_TRIES else LAST_TRIES
            spread = self.vias[order][:: max(1, -(-len(order) // tries))]
            found += self._in_time(map(self.round, spread.tolist()))
        return min(found, default=None)

    def _in_time(self, ways: Iterable[Detour | None]) -> list[Detour]:
        least_s, most_s = self._range_s
        return [way for way in ways if way is not None and least_s <= way.time_s <= most_s]

    def _on_time(self, ways: Iterable[Detour]) -> bool:
        return any(abs(way.time_s - self.aim_s) <= ON_TIME_S for way in ways)

    def round(self, via: int) -> Detour | None:
        """Return the loop by one of ``vias``, in time or not; ``None`` if all of it is cut off."""
        if via not in self._rounds:
            self._rounds[via] = self._round(via)
        return self._rounds[via]

    def _round(self, via: int) -> Detour | None:
        network, links = self._streets.network, self._streets.links
        there = moving(links.legs_to_node(self._out, int(self._tail[via])))
        edge = via % len(network)
        if there and there[-1].edge == edge and self._tail[via] != self._head[via]:
            return None  # back at once
        ends = 0.0, float(network.edge_length_m[edge])
        there.append(Leg(edge, *(ends if via == edge else ends[::-1])))
        again = self._penalties.again | self._streets.parallels.along(there)
        penalties = self._penalties._replace(again=again)
        point = Position(there[-1].edge, there[-1].stop_m)
        # The way on found above, all of it run again, bounds the cost. Half of that mostly does.
        for factor in (AGAIN_FACTOR / 2.0, AGAIN_FACTOR):
            limit = factor * float(self._on.cost[self._head[via]]) + 1.0
            tree = links.search(point, penalties, limit=limit)
            if links.cost_to(tree, self._foot) <= limit:
                break
        back = moving(links.legs_to(tree, self._foot))
        while there and back and there[-1].edge == back[0].edge:
            if there[-1].stop_m != back[0].start_m:  # round a loop once more
                break
            one, other = there.pop(), back.pop(0)
            if one.start_m != other.stop_m:
                back.insert(0, Leg(one.edge, one.start_m, other.stop_m))
                break
        time_s = self._streets.clock.legs_s([*there, *back])
        if time_s < 1.0:  # all of it is cut off
            return None
        return Detour(
            round(self._cost_rate(there, back, penalties), 3), via, time_s, [*there, *back]
        )

    def _cost_rate(self, there: list[Leg], back: list[Leg], penalties: Penalties) -> float:
        streets, legs = self._streets, [*there, *back]
        time_s = streets.clock.legs_s(legs)
        before = self._penalties.again
        again = [leg if before[leg.edge] else penalties.on(leg) for leg in there]
        again += [leg if penalties.again[leg.edge] else penalties.on(leg) for leg in back]
        cost_s, again_s = (streets.comfort.seconds(*columns(each)).sum() for each in (legs, again))
        cost_s += (AGAIN_FACTOR - 1.0) * again_s
        cost_s += TURN_S * streets.parallels.turns(legs)
        off_s = abs(time_s - self.aim_s)
        if off_s > ON_TIME_S:
            cost_s += LATE_S + LATER * (off_s - ON_TIME_S)
        return float(cost_s / time_s)

    def _nearest(self, time_s: Floats) -> list[tuple[int, int]]:
        """Return the most pleasant street of each sector at about the time given.

        Of equals it is the lowest; a sector without such a street is left out.
        """
        vias, sector = self.vias, self._sector[self._head[self.vias]]
        near = np.abs(self._through_s[vias] - time_s[sector]) < REACH_MISS * time_s[sector]
        vias, sector = vias[near], sector[near]
        cost = np.round(self._through_cost[vias] / self._through_s[vias], 3)
        order = np.lexsort((vias, cost, sector))
        which, first = np.unique(sector[order], return_index=True)
        return list(zip(which.tolist(), vias[order][first].tolist(), strict=True))

    def _sectors(self, door: Position) -> Ints:
        """Return the sector of each node, seen from between door and foot, shape (n,)."""
        network = self._streets.network
        ends = network.edge_u[[door.edge, self._foot.edge]]
        east, north = (at - at[ends].mean() for at in (network.node_x_m, network.node_y_m))
        turn = (np.arctan2(north, east) / (2 * np.pi)) % 1.0
        return np.asarray(np.minimum((turn * SECTORS).astype(np.int64), SECTORS - 1))


def moving(legs: Iterable[Leg]) -> list[Leg]:
    """Return the legs that have a length."""
    return [leg for leg in legs if leg.start_m != leg.stop_m]
