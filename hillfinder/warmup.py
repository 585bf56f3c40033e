"""A warm-up of 10 to 20 minutes that ends at the bottom of a hill."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import Leg, Position, Route
from hillfinder.pace import Clock
from hillfinder.routing import Dear, Links, Tree, snap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.model import Bools, Climb, Floats, Ints, Place, Shape
    from hillfinder.streets.network import StreetNetwork

#: A detour aims at so much of the range: 12 minutes of 10 to 20.
DETOUR_AIM = 0.2
#: Turning points are tried in so many directions, at these shares of the time aimed at, give or
#: take so much.
SECTORS, REACHES, REACH_MISS = 8, (0.9, 0.75, 0.6), 0.15
#: Where they give nothing, so many of all that can be reached in time are tried.
LAST_TRIES = 40
#: A sharper turn has to be remembered: so many are as tiresome as to run all of the way twice.
TURN_DEG, TURNS = 50.0, 40.0
#: A detour no more tiresome than this is good enough.
GOOD = 0.25
#: What runs along a street nearer than this is the same street: a pavement, a carriageway.
BESIDE_M = 25.0
#: It is so if it leads the same way or back, within 45 degrees, and not past the ends but for so
#: many metres.
ALONG_COSINE, END_M = 0.7, 5.0


class Begun(Protocol):
    """What begins on the network: climbs of any kind, or points of it, shape (k,) each."""

    @property
    def foot_edge(self) -> Ints:
        """The edges."""

    @property
    def foot_offset_m(self) -> Floats:
        """Metres from their ``u`` ends."""


class _Round(NamedTuple):
    """A way round; the least of several is the best."""

    tiresome: float
    turn: int
    legs: list[Leg]


class Router:
    """Warm-ups from one place, by time at the easy pace.

    Attributes:
        snap: where the place meets the network.

    Args:
        network: streets with profiles.
        place: where the runner starts.
        criteria: the pace, and how long the warm-up may be.

    Raises:
        HeightsError: the network carries no heights yet.
        PlaceError: no street lies within 500 m of the place.
    """

    def __init__(self, network: StreetNetwork, place: Place, criteria: Criteria) -> None:
        """Work out the least time to everywhere."""
        self.snap = snap(network, place)
        self._network = network
        self._shortest_s, self._longest_s = (60.0 * minutes for minutes in criteria.warmup_min)
        self._clock = Clock(network, criteria)
        self._links = Links(network, self._clock)
        free = Dear({}, np.zeros(len(network), bool))
        self._quickest = self._links.search(self.snap.position, free)

    def times_s(self, climbs: Begun) -> Floats:
        """Return the least time from the place to the foot of each climb; inf where no way leads.

        Shape (k,), seconds.
        """
        network, clock, door = self._network, self._clock, self.snap.position
        edge, foot_m = climbs.foot_edge, climbs.foot_offset_m
        length_m, cost = network.edge_length_m[edge], self._quickest.cost
        by_u = cost[network.edge_u[edge]] + clock.seconds(edge, np.zeros_like(foot_m), foot_m)
        by_v = cost[network.edge_v[edge]] + clock.seconds(edge, length_m, foot_m)
        along = clock.seconds(edge, np.full_like(foot_m, door.offset_m), foot_m)
        along[edge != door.edge] = np.inf
        return np.asarray(np.minimum(np.minimum(by_u, by_v), along))

    def approach(self, climb: Climb) -> Route:
        """Return the warm-up to the foot of a climb.

        It is the quickest way that keeps off the hill itself, where that fills the least time
        asked for; else a detour within the range, with as little street run twice and as few
        turns as may be; the quickest way again where there is no such detour. The hill is run on
        only where every way that keeps off it takes longer than the warm-up may.

        Raises:
            StreetsError: no way on foot leads there.
        """
        tree = self._links.search(self.snap.position, self._keeping_off(climb))
        legs = self._links.legs_to(tree, climb.foot)
        if not legs:
            msg = "No way on foot leads from the place to this hill."
            raise StreetsError(msg)
        if self._clock.legs_s(legs) > self._longest_s:
            tree = self._quickest
            legs = self._links.legs_to(tree, climb.foot)
        if self._clock.legs_s(legs) < self._shortest_s:
            detour = self._detour(tree, climb.foot, legs)
            if detour:
                return self._route(detour, "detour")
        return self._route(legs, "direct")

    def home(self, start: Position, there: Sequence[Leg]) -> Route:
        """Return the quickest way back to the place that keeps off streets already run.

        Args:
            start: where it begins.
            there: what was run before; it is run again only where any other way is far longer.

        Raises:
            StreetsError: no way on foot leads back.
        """
        again = self._lie.along(list(there)) if there else self._quickest.dear.again
        tree = self._links.search(start, Dear({}, again))
        legs = self._links.legs_to(tree, self.snap.position)
        if not legs:
            msg = "No way on foot leads back to the place."
            raise StreetsError(msg)
        return self._route(legs, "direct")

    def _keeping_off(self, climb: Climb) -> Dear:
        """Return the pieces of streets that are the hill, its pavements among them."""
        legs = climb.legs
        length = self._network.edge_length_m
        pieces = {edge: (0.0, float(length[edge])) for edge in self._lie.beside(legs)}
        for leg in legs:
            pieces[leg.edge] = min(leg.start_m, leg.stop_m), max(leg.start_m, leg.stop_m)
        return Dear(pieces, self._quickest.dear.again)

    def _route(self, legs: list[Leg], shape: Shape) -> Route:
        moving = _moving(legs) or legs[:1]
        track, time_s = self._network.track(moving), self._clock.legs_s(moving)
        return Route(*track[1:4], track.distance_m, time_s, shape, tuple(moving))

    def _detour(self, tree: Tree, foot: Position, direct: list[Leg]) -> list[Leg]:
        """Return a way round that takes the time asked for, or nothing where there is none.

        Args:
            tree: the ways from the place.
            foot: where it ends.
            direct: the quickest way there.
        """
        aim_s = self._shortest_s + DETOUR_AIM * (self._longest_s - self._shortest_s)
        home = self._links.search(foot, tree.dear, backward=True)
        # What no way can avoid of the hill is taken at its time, not at what it counts.
        surcharge = sum(self._links.cost(leg, tree.dear) for leg in direct)
        surcharge -= self._clock.legs_s(direct)
        through_s = tree.cost + home.cost - surcharge
        sector = self._sectors()
        found: list[_Round] = []
        for reach in REACHES:
            turns = _nearest_in_each(sector, through_s, reach * aim_s)
            found += self._rounds(tree, turns, foot, aim_s)
            if found and min(found).tiresome <= GOOD:
                break
        if not found:
            turns = np.flatnonzero(through_s <= self._longest_s)
            turns = turns[np.argsort(through_s[turns], kind="stable")]
            turns = turns[:: max(1, math.ceil(len(turns) / LAST_TRIES))]
            found = self._rounds(tree, turns, foot, aim_s)
        return min(found).legs if found else []

    def _rounds(self, tree: Tree, turns: Ints, foot: Position, aim_s: float) -> list[_Round]:
        """Return the ways by turning points that take the time asked for."""
        rounds = []
        for turn in turns.tolist():
            legs, tiresome = self._round(tree, turn, foot)
            time_s = self._clock.legs_s(legs)
            if self._shortest_s <= time_s <= self._longest_s:
                tiresome += abs(time_s - aim_s) / aim_s
                rounds.append(_Round(round(tiresome, 3), turn, legs))
        return rounds

    def _round(self, tree: Tree, turn: int, foot: Position) -> tuple[list[Leg], float]:
        """Return the way to a turning point and on to the foot, and how tiresome it is.

        The second part is the quickest when streets of the first part, and those along them,
        count more. Where it begins by running back, that piece is cut off.

        What is tiresome: the share of the way that is run again or on the hill, and its turns.
        """
        there = self._links.legs_to_node(tree, turn)
        again = Dear(tree.dear.keep_off, self._lie.along(there))
        point = Position(there[-1].edge, there[-1].stop_m)
        back = self._links.legs_to(self._links.search(point, again), foot)
        there, back = _moving(there), _moving(back)
        while there and back and there[-1].edge == back[0].edge:
            one, other = there.pop(), back.pop(0)
            if one.start_m != other.stop_m:
                back.insert(0, Leg(one.edge, one.start_m, other.stop_m))
                break
        legs = [*there, *back]
        whole = sum(abs(leg.stop_m - leg.start_m) for leg in legs)
        dear = sum(map(tree.dear.metres, there)) + sum(map(again.metres, back))
        return legs, dear / max(whole, 1.0) + self._lie.turns(legs) / TURNS

    @cached_property
    def _lie(self) -> _Lie:
        return _Lie(self._network)

    def _sectors(self) -> Ints:
        """Return for each node in which of ``SECTORS`` directions it lies from the door."""
        network = self._network
        east, north = network.node_x_m - self.snap.x_m, network.node_y_m - self.snap.y_m
        turn = (np.arctan2(north, east) / (2 * np.pi)) % 1.0
        return np.minimum((turn * SECTORS).astype(np.int64), SECTORS - 1)


def _moving(legs: list[Leg]) -> list[Leg]:
    return [leg for leg in legs if leg.start_m != leg.stop_m]


def _nearest_in_each(sector: Ints, value: Floats, target: float) -> Ints:
    """Return for each sector the node whose value is nearest to the target, the lower of equals."""
    near = np.flatnonzero(np.abs(value - target) < REACH_MISS * target)
    miss = np.round(np.abs(value[near] - target), 3)
    order = near[np.lexsort((near, miss, sector[near]))]
    _, first = np.unique(sector[order], return_index=True)
    return order[first]


class _Lie:
    """How the streets lie: which run along each other, and in what direction they leave."""

    #: Points are laid along every street at most so many metres apart.
    SPACING_M = 15.0

    def __init__(self, network: StreetNetwork) -> None:
        from scipy.spatial import cKDTree

        # An even number of steps, so that there is a point in the middle.
        steps = 2 * np.ceil(network.edge_length_m / (2 * self.SPACING_M)).astype(np.int64)
        steps = np.maximum(steps, 2)
        self._length_m = network.edge_length_m
        self._offset = np.concatenate([[0], np.cumsum(steps + 1)])
        edge = np.repeat(np.arange(len(network)), steps + 1)
        index = np.arange(self._offset[-1]) - self._offset[edge]
        # All lines end to end on one axis, a metre apart.
        leg = np.hypot(np.diff(network.point_x_m), np.diff(network.point_y_m))
        leg[network.point_offset[1:-1] - 1] = 1.0
        axis = np.concatenate([[0.0], np.cumsum(leg)])
        at = axis[network.point_offset[:-1]][edge] + index * (network.edge_length_m / steps)[edge]
        self._xy = np.column_stack(
            [np.interp(at, axis, network.point_x_m), np.interp(at, axis, network.point_y_m)]
        )
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
                and ahead.min() >= -END_M
                and ahead.max() <= span @ onward + END_M
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

    def along(self, legs: list[Leg]) -> Bools:
        """Return which edges are run on, or lie along what is run on, shape (m,)."""
        result = np.zeros(len(self._length_m), bool)
        result[self._near(np.concatenate([self._line(leg) for leg in legs]))] = True
        result[[leg.edge for leg in legs]] = True
        return result

    def turns(self, legs: list[Leg]) -> int:
        """Return how many turns of a way are sharper than ``TURN_DEG``."""
        edge = np.array([leg.edge for leg in legs], np.int64)
        ahead = np.array([leg.stop_m > leg.start_m for leg in legs], bool)
        leaving = np.where(ahead, self._leaving_u[edge], self._leaving_v[edge])
        arriving = np.where(ahead, self._leaving_v[edge], self._leaving_u[edge]) + np.pi
        turn = np.degrees(leaving[1:] - arriving[:-1]) % 360
        return int((np.minimum(turn, 360 - turn) > TURN_DEG).sum())
