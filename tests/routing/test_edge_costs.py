"""What makes a way pleasant: the table, and every cheapest way against NetworkX on the export."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pytest

from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.model import Leg, Position
from hillfinder.routing.edge_costs import ROAD_COSTS, Comfort, ground_weight, road_weight, weights
from hillfinder.routing.shortest_paths import Links, Penalties
from hillfinder.routing.travel_time import Clock, columns
from hillfinder.streets.network import to_networkx
from hillfinder.streets.tags.roads import RoadClass
from tests.graphs import weighed
from tests.routing.test_warmup import portland, random_town
from tests.towns import STREET, Formula, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.model import Floats
    from hillfinder.streets.network import StreetNetwork

__all__ = ["portland"]

LEVEL = Formula(lambda x, y: 0.0 * x)


def row(*dresses: Mapping[str, str]) -> StreetNetwork:
    """Return a town of one street of 100 m after the other, eastwards."""
    nodes = {k: (100.0 * k, 0.0) for k in range(len(dresses) + 1)}
    return town([(k, [k, k + 1], dress) for k, dress in enumerate(dresses)], nodes)


def ramp(grade: float) -> Formula:
    return Formula(lambda x, y: grade * x)


def weight_of(**tags: str) -> float:
    network = row({**STREET, **tags})
    return float(weights(network.ways)[0])


def costs(network: StreetNetwork, criteria: Criteria | None = None) -> tuple[Floats, Floats]:
    """Return the cost of each street, eastwards and back, a second of its time."""
    clock = Clock(network, criteria or Criteria())
    comfort = Comfort(network, clock)
    return comfort.ahead_s / clock.ahead_s, comfort.back_s / clock.back_s


def test_what_is_unknown_is_neutral() -> None:
    assert weight_of() == 1.0
    assert weight_of(surface="asphalt", smoothness="good", maxspeed="25 mph", lanes="2") == 1.0
    assert weight_of(lit="who knows", surface="new", maxspeed="walk", lanes="many") == 1.0


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"highway": "path"}, {}),
        ({"highway": "footway"}, {"highway": "footway", "footway": "sidewalk"}),
        ({}, {"highway": "tertiary"}),
        ({"highway": "tertiary"}, {"highway": "secondary"}),
        ({"highway": "secondary", "sidewalk": "both"}, {"highway": "primary", "sidewalk": "both"}),
        ({"highway": "primary"}, {"highway": "primary", "sidewalk": "none"}),
        ({"highway": "primary"}, {"highway": "primary", "sidewalk:both": "no"}),
        (
            {"highway": "primary", "sidewalk:left": "no"},
            {"highway": "primary", "sidewalk:left": "no", "sidewalk:right": "no"},
        ),
        ({"lit": "yes"}, {}),
        ({}, {"lit": "no"}),
        ({}, {"surface": "cobblestone"}),
        ({}, {"surface": "asphalt; Sand"}),
        ({}, {"smoothness": "very_bad"}),
        ({}, {"maxspeed": "40 mph"}),
        ({"maxspeed": "50"}, {"maxspeed": "70 km/h"}),
        ({}, {"lanes": "5"}),
        ({}, {"highway": "steps"}),
        ({"highway": "path"}, {"highway": "path", "trail_visibility": "intermediate"}),
        ({"highway": "path"}, {"highway": "path", "sac_scale": "mountain_hiking"}),
        ({"highway": "track"}, {"highway": "track", "tracktype": "grade5"}),
        ({"highway": "service"}, {"highway": "service", "service": "driveway"}),
    ],
)
def test_one_is_more_pleasant_than_the_other(better: dict[str, str], worse: dict[str, str]) -> None:
    assert weight_of(**better) < weight_of(**worse)


def test_a_pavement_does_not_matter_on_a_quiet_street() -> None:
    assert weight_of(sidewalk="none") == 1.0


def test_steep_costs_more_than_its_time_up_and_down() -> None:
    for grade, factor in ((0.02, 1.0), (0.03, 1.0), (0.10, 1.28), (0.4, 2.08)):
        ahead, back = costs(attach(row(STREET), ramp(grade)))
        assert ahead[0] == pytest.approx(factor, abs=0.005)
        assert back[0] == pytest.approx(factor, abs=0.005)


def test_crossing_a_big_road_costs_once_and_turning_onto_it_half() -> None:
    primary = {"highway": "primary"}
    nodes = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (100, 100), 5: (100, -100)}
    ways = [(1, [1, 2, 3], STREET), (2, [4, 2, 5], primary)]
    network = attach(town(ways, nodes), LEVEL)
    clock = Clock(network, Criteria())
    comfort = Comfort(network, clock)
    edges = {
        (int(network.node_id[u]), int(network.node_id[v])): k
        for k, (u, v) in enumerate(zip(network.edge_u, network.edge_v, strict=True))
    }
    length = network.edge_length_m

    def whole(u: int, v: int) -> Leg:
        edge = edges[u, v]
        return Leg(edge, 0.0, float(length[edge]))

    def extra_s(*legs: Leg) -> float:
        plain = sum(
            clock.legs_s([leg]) * weights(network.ways)[network.edge_way[leg.edge]] for leg in legs
        )
        return float(comfort.seconds(*columns(legs)).sum() - plain)

    across = ROAD_COSTS[RoadClass.PRIMARY].cross_s
    assert extra_s(whole(1, 2), whole(2, 3)) == pytest.approx(across)
    assert extra_s(whole(1, 2), whole(2, 5)) == pytest.approx(across / 2)
    assert extra_s(whole(4, 2), whole(2, 5)) == pytest.approx(0.0)
    before = whole(1, 2)
    assert extra_s(Leg(before.edge, 10.0, before.stop_m - 1.0)) == pytest.approx(0.0)
    assert extra_s(Leg(before.edge, before.stop_m, before.stop_m)) == 0.0


def test_parts_add_up_to_the_whole() -> None:
    network = random_town(3)
    clock = Clock(network, Criteria())
    comfort = Comfort(network, clock)
    edge = np.arange(len(network))
    length, none = network.edge_length_m, np.zeros(len(network))
    for scale in (clock, comfort):
        there = scale.seconds(edge, none, length / 3) + scale.seconds(edge, length / 3, length)
        back = scale.seconds(edge, length, length / 3) + scale.seconds(edge, length / 3, none)
        np.testing.assert_allclose(there, scale.ahead_s, atol=1e-6)
        np.testing.assert_allclose(back, scale.back_s, atol=1e-6)


# --- Cheapest ways, against NetworkX on the exported graph ----------------------------------------


def compare(network: StreetNetwork, sources: int, targets: int, seed: int) -> tuple[int, int]:
    """Hold ways between random pairs to those of NetworkX; return pairs, and times that differ.

    The costs must be equal. Times may differ where two ways cost the same.
    """
    criteria = Criteria(walk=bool(seed % 2))
    graph = weighed(to_networkx(network), criteria)
    clock = Clock(network, criteria)
    links = Links(network, clock, Comfort(network, clock))
    rng = np.random.default_rng(seed)
    ids = network.node_id.tolist()
    pairs = differ = 0
    for start in rng.choice(len(ids), sources, replace=False).tolist():
        (from_u,) = np.nonzero(network.edge_u == start)
        (from_v,) = np.nonzero(network.edge_v == start)
        if len(from_u):
            at = Position(int(from_u[0]), 0.0)
        else:
            at = Position(int(from_v[0]), float(network.edge_length_m[from_v[0]]))
        ends = rng.choice(len(ids), min(targets, len(ids)), replace=False).tolist()
        for weight, comfort in (("time", 0.0), ("cost", 1.0)):
            for backward in (False, True):
                penalties = Penalties({}, np.zeros(len(network), bool), comfort)
                tree = links.search(at, penalties, backward=backward)
                time_s = links.times_s(tree)
                searched = graph.reverse(copy=False) if backward else graph
                least, ways = nx.single_source_dijkstra(searched, ids[start], weight=weight)
                for end in ends:
                    expected = least.get(ids[end], math.inf)
                    assert tree.cost[end] == pytest.approx(expected, rel=1e-9, abs=1e-6)
                    if math.isfinite(expected):
                        steps = pairwise(ways[ids[end]])
                        theirs = sum(_least(searched, a, b, weight)["time"] for a, b in steps)
                        differ += abs(time_s[end] - theirs) > 1e-6
                        pairs += 1
                    else:
                        assert math.isinf(time_s[end])
    return pairs, differ


def _least(graph: nx.MultiDiGraph[Any], a: int, b: int, weight: str) -> dict[str, Any]:
    return min(graph[a][b].values(), key=lambda data: float(data[weight]))


@pytest.mark.parametrize("seed", range(12))
def test_ways_in_small_towns_are_those_of_networkx(seed: int) -> None:
    pairs, differ = compare(random_town(seed), 4, 12, seed)
    assert pairs > 50
    assert differ == 0


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_ways_in_portland_are_those_of_networkx(portland: StreetNetwork, seed: int) -> None:
    pairs, differ = compare(portland, 10, 300, seed)
    print(f"{pairs} pairs, {differ} ways of equal cost and another time")  # noqa: T201
    assert pairs > 10_000
    assert differ <= 0.001 * pairs


def test_uphill_and_down_take_different_times() -> None:
    network = attach(row(STREET, STREET), Formula(lambda x, y: 0.1 * x))
    graph = weighed(to_networkx(network), Criteria())
    up, down = graph.edges[0, 1, 0]["time"], graph.edges[1, 0, 0]["time"]
    assert up == pytest.approx(down * 1.657 / 0.9, rel=0.01)


@pytest.mark.parametrize(
    ("weight", "surfaces"),
    [
        (1.0, "asphalt paving_stones compacted dirt ground earth unpaved rubber"),
        (1.1, "sett cobblestone:flattened bricks brick wood metal metal_grid clay acrylic"),
        (1.15, "cobblestone unhewn_cobblestone pebblestone gravel fine_gravel shells rock stone"),
        (1.15, "concrete:lanes grass_paver stepping_stones ice roots"),
        (1.3, "mud sand grass woodchips snow"),
    ],
)
def test_ground_costs_what_its_record_says(weight: float, surfaces: str) -> None:
    for surface in surfaces.split():
        assert ground_weight({"surface": surface}) == weight, surface


def test_a_link_costs_as_the_road_it_links() -> None:
    for road in ("tertiary", "secondary", "primary", "trunk"):
        for more in ({}, {"sidewalk": "no"}):
            of_road = road_weight({"highway": road, **more})
            assert road_weight({"highway": f"{road}_link", **more}) == of_road
    assert road_weight({"highway": "motorway_link"}) == road_weight({"highway": "trunk"})


@pytest.mark.parametrize("speed", ["60mph", "60 mph", "70km/h", "70", "signals;70", "30;70"])
def test_every_spelling_of_a_fast_limit_is_read(speed: str) -> None:
    assert road_weight({"highway": "residential", "maxspeed": speed}) == 1.2
