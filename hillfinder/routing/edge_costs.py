"""Cost of a way on foot, in seconds: its time, weighted by its tags and slopes.

A stretch costs its time at the easy pace, times a weight for the kind of way (``road_weight`` and
``ground_weight``), times one for its slope; crossing a big road adds seconds. A quiet street of
which the map says no more weighs 1: the unknown is neutral. A path of weight 0.8 is worth a way
that is a quarter longer, and avoiding a big road without a sidewalk is worth two or three times the
time. Costs decide the choice of the way alone: times stay those of ``travel_time``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hillfinder.routing.travel_time import Sums
from hillfinder.streets.tags.access import is_tunnel
from hillfinder.streets.tags.roads import ROAD_KEYS, RoadClass, class_of, road_of
from hillfinder.streets.tags.surfaces import (
    SURFACE_KEYS,
    faintness,
    hiking_grade,
    roughness,
    surface_of,
    track_grade,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.model import Floats, Ints
    from hillfinder.routing.travel_time import Clock
    from hillfinder.streets.network import StreetNetwork, Ways

#: Grade up to which a slope costs nothing, up or down.
GENTLE = 0.03
#: Share of the time that each unit of grade beyond adds: 4 % a point, so 1.28 times at 10 %.
SLOPE_COST = 4.0
#: Grade beyond which a slope costs no more.
STEEPEST_COST = 0.30


class RoadCost(NamedTuple):
    """Cost of a class of roads.

    Attributes:
        weight: factor of the time on it.
        bare: the same where its tags say that it has no sidewalk.
        cross_s: seconds for crossing it from a lesser road; turning onto it costs half.
    """

    weight: float
    bare: float
    cross_s: float = 0.0


_QUIET = RoadCost(1.0, 1.0)
_PATH = RoadCost(0.8, 0.8)
_SHARED = RoadCost(0.9, 0.9)
_SLOW = RoadCost(1.5, 1.5)  # stairs take three times the time besides

#: Cost by class; other classes are quiet streets.
ROAD_COSTS: Final[Mapping[RoadClass, RoadCost]] = {
    RoadClass.PATH: _PATH,
    RoadClass.FOOTWAY: _PATH,
    RoadClass.PEDESTRIAN: _PATH,
    RoadClass.TRACK: _PATH,
    RoadClass.BRIDLEWAY: _PATH,
    RoadClass.LIVING_STREET: _SHARED,
    RoadClass.CYCLEWAY: _SHARED,
    RoadClass.STEPS: _SLOW,
    RoadClass.PLATFORM: _SLOW,
    RoadClass.TERTIARY: RoadCost(1.15, 1.6, 5.0),
    RoadClass.SECONDARY: RoadCost(1.4, 2.8, 15.0),
    RoadClass.PRIMARY: RoadCost(1.6, 3.5, 20.0),
    RoadClass.TRUNK: RoadCost(2.0, 4.0, 20.0),
}
#: Factor of a lit way.
LIT_COST = 0.95
#: Factor of a way that is not lit.
UNLIT_COST = 1.1
#: Factor of a sidewalk or crossing drawn as a way: it is no way round the road it belongs to.
ALONG_ROAD = 1.25
#: Factor of a service road on somebody's ground.
YARD = 1.4
#: Factor of an alley.
ALLEY = 1.1
#: Factor of a tunnel.
TUNNEL = 1.2
#: Speed limit beyond which traffic is fast, km/h.
FAST_ROAD_KM_H = 52.0
#: Factor of fast traffic.
FAST_ROAD = 1.2
#: Number of lanes from which a road is wide.
WIDE_LANES = 4
#: Factor of a wide road.
WIDE_ROAD = 1.15

#: Factor of ground that gives way: sand, grass, mud.
SOFT_COST = 1.3
#: Factor of ground that rolls under the foot or catches it: gravel, cobbles.
UNEVEN_COST = 1.15
#: Factor of ground more slick than its mud accounts for: setts, wood, steel, clay. Bare earth is
#: good when dry.
SLICK_COST = 1.1
#: Factor by roughness, 0 to ``surfaces.ROUGHEST``.
ROUGH_COSTS = (1.0, 1.0, 1.15, 1.3, 1.6, 1.6)
#: Factor by track grade, 1 to 5; the first is that of no grade.
TRACK_COSTS = (1.0, 1.0, 1.0, 1.0, 1.1, 1.2)
#: Factor by how hard a path is to see, 0 to 2.
FAINT_COSTS = (1.0, 1.2, 1.6)
#: Factor by hiking grade, 1 to 3; the first is that of no grade.
HIKING_COSTS = (1.0, 1.0, 1.2, 1.6)


def weights(ways: Ways) -> Floats:
    """Return the factor of the time on each way, without slopes, shape (w,)."""
    road = ways.said.rated((*ROAD_KEYS, "tunnel"), road_weight)
    return np.asarray(road * ways.said.rated(SURFACE_KEYS, ground_weight))


def road_weight(tags: Mapping[str, str]) -> float:
    """Return the factor for the kind of road.

    >>> road_weight({"highway": "path"}), road_weight({"highway": "primary", "sidewalk": "no"})
    (0.8, 3.5)
    """
    road = road_of(tags)
    cost = ROAD_COSTS.get(road.cls, _QUIET)
    weight = cost.bare if road.sidewalk.known is False else cost.weight
    if road.lit is not None:
        weight *= LIT_COST if road.lit else UNLIT_COST
    if road.pavement or road.crossing:
        weight *= ALONG_ROAD
    if road.yard or road.alley:
        weight *= YARD if road.yard else ALLEY
    if is_tunnel(tags):
        weight *= TUNNEL
    if road.limit is not None and road.limit.km_h > FAST_ROAD_KM_H:
        weight *= FAST_ROAD
    return weight * WIDE_ROAD if road.lanes >= WIDE_LANES else weight


def ground_weight(tags: Mapping[str, str]) -> float:
    """Return the factor for the ground.

    >>> ground_weight({"surface": "asphalt"}), ground_weight({"surface": "asphalt; sand"})
    (1.0, 1.3)
    """
    weight, surface = 1.0, surface_of(tags)
    if surface is None:
        pass
    elif surface.soft:
        weight = SOFT_COST
    elif surface.loose or not surface.firm:
        weight = UNEVEN_COST
    elif surface.slick > surface.mud:
        weight = SLICK_COST
    weight *= ROUGH_COSTS[roughness(tags) or 0] * TRACK_COSTS[track_grade(tags) or 0]
    return weight * FAINT_COSTS[faintness(tags)] * HIKING_COSTS[hiking_grade(tags)]


def _cross_s(tags: Mapping[str, str]) -> float:
    return ROAD_COSTS.get(class_of(tags.get("highway")), _QUIET).cross_s


class Comfort:
    """Cost of every edge of a network, both ways, in seconds.

    Attributes:
        ahead_s: shape (m,), from u to v.
        back_s: shape (m,), from v to u.

    Args:
        network: streets with profiles.
        clock: their times.
    """

    def __init__(self, network: StreetNetwork, clock: Clock) -> None:
        """Weigh the seconds from sample to sample, and find the junctions with big roads."""
        edge, ways = clock.step_edge, network.ways
        steep = np.clip(np.abs(clock.step_grade), GENTLE, STEEPEST_COST) - GENTLE
        steep[ways.steps[network.edge_way][edge]] = 0.0
        weight = weights(ways)[network.edge_way][edge] * (1.0 + SLOPE_COST * steep)
        self._length_m = network.edge_length_m
        ahead_s, back_s = (each * weight for each in (clock.step_ahead_s, clock.step_back_s))
        self._sums = Sums(clock.lines, ahead_s, back_s)
        road_s = ways.said.rated(("highway",), _cross_s)[network.edge_way]
        node_s = np.zeros(len(network.node_id))
        for end in (network.edge_u, network.edge_v):
            np.maximum.at(node_s, end, road_s)
        # Half of the cost of a crossing on arriving at the road, half on leaving it.
        self._at_u_s, self._at_v_s = (
            np.where(node_s[end] > road_s, node_s[end] / 2.0, 0.0)
            for end in (network.edge_u, network.edge_v)
        )
        ends_s = self._at_u_s + self._at_v_s
        self.ahead_s: Floats = self._sums.ahead + ends_s
        self.back_s: Floats = self._sums.back + ends_s

    def seconds(self, edge: Ints, start_m: Floats, stop_m: Floats) -> Floats:
        """Return the cost from one point of an edge to another, for several at once.

        Args:
            edge: shape (k,).
            start_m: shape (k,), metres from the edge's ``u``.
            stop_m: shape (k,), likewise.
        """
        moves = start_m != stop_m
        from_u = moves & (np.minimum(start_m, stop_m) <= 0.0)
        to_v = moves & (np.maximum(start_m, stop_m) >= self._length_m[edge])
        met_s = from_u * self._at_u_s[edge] + to_v * self._at_v_s[edge]
        return np.asarray(self._sums.between(edge, start_m, stop_m) + met_s)
