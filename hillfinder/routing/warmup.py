"""Find a warm-up of 10 to 20 minutes that ends at the foot of a hill, and the way home."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import Leg, Position, Route
from hillfinder.routing.detours import Detours, KnownStreets, moving
from hillfinder.routing.edge_costs import Comfort
from hillfinder.routing.shortest_paths import Links, Penalties, Tree
from hillfinder.routing.snapping import snap
from hillfinder.routing.travel_time import Clock
from hillfinder.streets.geometry.parallels import Parallels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.elevation.climb_table import Feet
    from hillfinder.model import Climb, Floats, Place, Shape
    from hillfinder.streets.network import StreetNetwork

#: Shares of comfort in the cost, in the order tried: the most pleasant way; if that takes too long,
#: one between it and the quickest; then the quickest.
COMFORTS = (1.0, 0.5, 0.0)
#: Longest time of the way home, in times that of the quickest.
HOME_LONGER = 1.2
#: Time that the way home may take in any case, s: that of a usual cool-down.
HOME_S = 600.0


class Router:
    """Finds warm-ups from one place, by comfort, within a time at the easy pace.

    Attributes:
        snap: where the place meets the network.

    Args:
        network: streets with profiles.
        place: where the runner starts.
        criteria: the pace, and the times of the warm-up.

    Raises:
        HeightsError: the network carries no heights yet.
        PlaceError: no street lies within 500 m of the place.
    """

    def __init__(self, network: StreetNetwork, place: Place, criteria: Criteria) -> None:
        """Find the quickest ways to everywhere."""
        self.snap = snap(network, place)
        self._network = network
        self._shortest_s, self._longest_s = (60.0 * minutes for minutes in criteria.warmup_min)
        self._clock = Clock(network, criteria)
        self._comfort = Comfort(network, self._clock)
        self._links = Links(network, self._clock, self._comfort)
        self._free = Penalties({}, np.zeros(len(network), bool))
        self._trees: dict[float, Tree] = {}
        self._quickest = self._tree(0.0)

    def times_s(self, climbs: Feet) -> Floats:
        """Return the least time from the place to the foot of each climb; inf where no way leads.

        Shape (k,), seconds. The warm-up itself may take longer: it is more pleasant, keeps off the
        hill and fills the time asked for. But a climb within the longest warm-up by this time is
        also within it by ``approach``.
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

        It is the most pleasant way that keeps off the hill itself. If that takes longer than the
        longest warm-up, it is one between it and the quickest, then the quickest that keeps off
        the hill, and only then the quickest of all. A way shorter than the shortest warm-up is
        replaced by the best loop within the range (see ``detours``), if there is one.

        Raises:
            StreetsError: no way on foot leads there.
        """
        legs, penalties = self._way(climb)
        if self._clock.legs_s(legs) < self._shortest_s:
            detour = self._detours(legs, penalties).best()
            if detour:
                return self.route(detour.legs, "detour")
        return self.route(legs)

    def home(self, start: Position, there: Sequence[Leg]) -> Route:
        """Return a pleasant way back to the place that keeps off streets already run.

        It takes at most a fifth longer than the quickest, or 10 minutes. If it would, comfort
        counts less, and at last streets already run are as good as others.

        Args:
            start: where it begins.
            there: what was run before, and is run again only if any other way is far longer.

        Raises:
            StreetsError: no way on foot leads back.
        """
        quickest = self._home(start, self._free)
        if not quickest:
            msg = "No way on foot leads back to the place."
            raise StreetsError(msg)
        longest_s = max(HOME_S, HOME_LONGER * self._clock.legs_s(quickest))
        again = self._parallels.along(there) if there else self._free.again
        for comfort in COMFORTS:
            legs = self._home(start, Penalties({}, again, comfort))
            if self._clock.legs_s(legs) <= longest_s:
                return self.route(legs)
        return self.route(quickest)

    def _home(self, start: Position, penalties: Penalties) -> list[Leg]:
        return self._links.legs_to(self._links.search(start, penalties), self.snap.position)

    def _tree(self, comfort: float) -> Tree:
        """Return the ways from the place, not keeping off any hill."""
        if comfort not in self._trees:
            penalties = self._free._replace(comfort=comfort)
            self._trees[comfort] = self._links.search(self.snap.position, penalties)
        return self._trees[comfort]

    def _way(self, climb: Climb) -> tuple[list[Leg], Penalties]:
        """Return the most pleasant way that is short enough, and its penalties."""
        off = self._keeping_off(climb)
        for comfort in COMFORTS:
            legs = self._links.legs_to(self._tree(comfort), climb.foot)
            if not legs:
                msg = "No way on foot leads from the place to this hill."
                raise StreetsError(msg)
            if off.meets(legs):
                penalties = off._replace(comfort=comfort)
                tree = self._links.search(self.snap.position, penalties)
                legs = self._links.legs_to(tree, climb.foot)
            if self._clock.legs_s(legs) <= self._longest_s:
                return legs, off
        return self._links.legs_to(self._quickest, climb.foot), self._free

    def _detours(self, direct: list[Leg], penalties: Penalties) -> Detours:
        return Detours(self.streets, direct, penalties, (self._shortest_s, self._longest_s))

    def _keeping_off(self, climb: Climb) -> Penalties:
        """Return penalties on the streets of the hill and the pavements beside it."""
        legs = climb.legs
        length = self._network.edge_length_m
        pieces = {edge: (0.0, float(length[edge])) for edge in self._parallels.beside(legs)}
        for leg in legs:
            pieces[leg.edge] = min(leg.start_m, leg.stop_m), max(leg.start_m, leg.stop_m)
        return Penalties(pieces, self._free.again)

    def route(self, legs: Sequence[Leg], shape: Shape = "direct") -> Route:
        """Return legs as a route, without those of no length."""
        legs = moving(legs) or legs[:1]
        track, time_s = self._network.track(legs), self._clock.legs_s(legs)
        return Route(*track[1:4], track.distance_m, time_s, shape, tuple(legs))

    @cached_property
    def streets(self) -> KnownStreets:
        """The streets with all that is computed of them, for other ways through them."""
        return KnownStreets(self._network, self._clock, self._comfort, self._links, self._parallels)

    @cached_property
    def _parallels(self) -> Parallels:
        return Parallels(self._network)
