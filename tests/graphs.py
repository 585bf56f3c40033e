"""The oracle for ways: the streets as a NetworkX graph, times and costs added up one by one."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx

from hillfinder.model import Leg
from hillfinder.routing.edge_costs import (
    GENTLE,
    ROAD_COSTS,
    SLOPE_COST,
    STEEPEST_COST,
    ground_weight,
    road_weight,
)
from hillfinder.routing.travel_time import STEPS_FACTOR
from hillfinder.streets.tags.roads import class_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.model import Position
    from hillfinder.streets.network import StreetNetwork


def pace_factor(grade: float, *, walk: bool) -> float:
    """Return how much longer a metre takes: the published formulas as they are printed."""
    i = min(max(grade, -0.45), 0.45)
    if walk:
        return math.exp(-3.5 * abs(0.0 + 0.05)) / math.exp(-3.5 * abs(i + 0.05))
    cost = 155.4 * i**5 - 30.4 * i**4 - 43.3 * i**3 + 46.3 * i**2 + 19.5 * i + 3.6
    return max(cost / 3.6, 0.9)


def weight(tags: Mapping[str, Any]) -> float:
    """Return what a second on a way counts, slopes apart."""
    return road_weight(tags) * ground_weight(tags)


def crossing_s(tags: Mapping[str, Any]) -> float:
    """Return what it costs to cross a way."""
    cost = ROAD_COSTS.get(class_of(tags.get("highway")))
    return cost.cross_s if cost else 0.0


def is_stairs(tags: Mapping[str, Any]) -> bool:
    return tags.get("highway") == "steps" or tags.get("steps", "no") != "no" or "step_count" in tags


def along(
    samples: Sequence[tuple[float, float | None]],
    tags: Mapping[str, Any],
    criteria: Criteria,
    start_m: float,
    stop_m: float,
) -> tuple[float, float]:
    """Return the time along a part of a street, and its cost without crossings.

    Samples are pairs of distance and height, which are of the direction from 0 on.
    """
    low, high = sorted((start_m, stop_m))
    time_s = cost_s = 0.0
    stairs, worth = is_stairs(tags), weight(tags)
    for (near, near_z), (far, far_z) in pairwise(samples):
        run = min(high, far) - max(low, near)
        if run <= 0:
            continue
        known = near_z is not None and far_z is not None
        rise = (far_z - near_z) / (far - near) if known else 0.0  # type: ignore[operator]
        rise = 0.0 if math.isnan(rise) else rise
        up = rise if stop_m > start_m else -rise
        factor = STEPS_FACTOR if stairs else pace_factor(up, walk=criteria.walk)
        step_s = run * factor / criteria.flat_speed_m_s
        steep = 0.0 if stairs else max(min(abs(rise), STEEPEST_COST) - GENTLE, 0.0)
        time_s += step_s
        cost_s += step_s * worth * (1.0 + SLOPE_COST * steep)
    return time_s, cost_s


def seconds(network: StreetNetwork, criteria: Criteria, leg: Leg) -> float:
    """Return the time along a piece of an edge, one sample after the other."""
    return _piece(network, criteria, leg)[0]


def _piece(network: StreetNetwork, criteria: Criteria, leg: Leg) -> tuple[float, float]:
    profiles = network.profiles
    assert profiles is not None
    at = slice(profiles.offset[leg.edge], profiles.offset[leg.edge + 1])
    samples = list(
        zip(profiles.distance_m[at].tolist(), profiles.elevation_m[at].tolist(), strict=True)
    )
    tags = network.ways.tags(int(network.edge_way[leg.edge]))
    return along(samples, tags, criteria, leg.start_m, leg.stop_m)


def biggest_roads(graph: nx.MultiDiGraph[Any]) -> dict[Any, float]:
    """Return what it costs to cross the biggest road at each node."""
    return {
        node: max(crossing_s(data["tags"]) for _, _, data in graph.out_edges(node, data=True))
        for node in graph
    }


def met_s(biggest: float, tags: Mapping[str, Any]) -> float:
    """Return what it costs to come to a road on a way, or to leave it: half of crossing it."""
    return biggest / 2.0 if biggest > crossing_s(tags) else 0.0


def weighed(graph: nx.MultiDiGraph[Any], criteria: Criteria) -> nx.MultiDiGraph[Any]:
    """Return a graph as ``to_networkx`` gives it with nothing but ``time`` and ``cost``."""
    result: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    for tail, head, data in graph.edges(data=True):
        time_s, cost_s = along(data["profile"], data, criteria, 0.0, data["length"])
        result.add_edge(tail, head, time=time_s, cost=cost_s, tags=data)
    biggest = biggest_roads(result)
    for tail, head, data in result.edges(data=True):
        data["cost"] += met_s(biggest[tail], data["tags"]) + met_s(biggest[head], data["tags"])
    return result


def exported(
    network: StreetNetwork,
    criteria: Criteria,
    points: Mapping[Any, Position],
    hill: Sequence[Leg] = (),
) -> nx.MultiDiGraph[Any]:
    """Return the streets as a graph, cut at points; ``hill`` marks the pieces of a climb."""
    cuts: dict[int, list[tuple[float, object]]] = {}
    for name, at in points.items():
        cuts.setdefault(at.edge, []).append((at.offset_m, name))
    spans = {leg.edge: sorted((leg.start_m, leg.stop_m)) for leg in hill}
    for edge, (low, high) in spans.items():
        cuts.setdefault(edge, []).extend([(low, ("from", edge)), (high, ("to", edge))])
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    for edge in range(len(network)):
        length = float(network.edge_length_m[edge])
        inner = sorted(cuts.get(edge, []), key=lambda cut: cut[0])
        chain = [(0.0, int(network.edge_u[edge])), *inner, (length, int(network.edge_v[edge]))]
        for (start, a), (stop, b) in pairwise(chain):
            low, high = spans.get(edge, (0.0, 0.0))
            common: dict[str, Any] = {
                "piece": (edge, start),
                "metres": stop - start,
                "hill": stop - start > 0.01 and start >= low - 1e-9 and stop <= high + 1e-9,
                "tags": network.ways.tags(int(network.edge_way[edge])),
            }
            for tail, head, leg in ((a, b, Leg(edge, start, stop)), (b, a, Leg(edge, stop, start))):
                time_s, cost_s = _piece(network, criteria, leg)
                graph.add_edge(tail, head, time=time_s, cost=cost_s, leg=leg, **common)
    biggest = biggest_roads(graph)
    for _, _, data in graph.edges(data=True):
        edge, start, stop = data["leg"]
        for end_m, node in (
            (0.0, int(network.edge_u[edge])),
            (float(network.edge_length_m[edge]), int(network.edge_v[edge])),
        ):
            if data["metres"] > 0 and end_m in (start, stop):
                data["cost"] += met_s(biggest[node], data["tags"])
    return graph
