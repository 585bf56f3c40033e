"""The way to the foot, against NetworkX, figures on paper, and all possible loops."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from scipy.spatial import cKDTree

from hillfinder.climbs import search as climbs
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.errors import HeightsError, PlaceError, StreetsError
from hillfinder.model import Leg, Place, Position
from hillfinder.routing.snapping import snap
from hillfinder.routing.travel_time import Clock, running_factor, walking_factor
from hillfinder.routing.warmup import Router
from hillfinder.streets.sources import osm_file
from tests.graphs import exported, pace_factor, seconds
from tests.towns import DATA, STREET, Formula, lonlat, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hillfinder.climbs.search import Climbs
    from hillfinder.model import Climb, Floats, Route
    from hillfinder.streets.network import StreetNetwork

LEVEL = Formula(lambda x, y: 0.0 * x)
RAMP = Formula(lambda x, y: 0.1 * x)
ANY_TIME = Criteria(warmup_min=(0, 180))


def place(x: float, y: float) -> Place:
    """Return a place metres east and north of the town's middle."""
    lon, lat = lonlat(x, y)
    return Place(float(lat), float(lon))


def street(*points: tuple[float, float], name: str = "A Street", **tags: str) -> StreetNetwork:
    """Return a town of one street."""
    nodes = dict(enumerate(points, 1))
    return town([(1, list(nodes), {**STREET, "name": name, **tags})], nodes)


def kept_off(router: Router, climb: Climb) -> list[Leg]:
    """Return the pieces of streets that count as the hill; other tests check them."""
    pieces = router._keeping_off(climb).keep_off
    return [Leg(edge, low, high) for edge, (low, high) in pieces.items()]


# --- Towns ----------------------------------------------------------------------------------------


#: Tags of streets, pleasant and unpleasant.
DRESSES: tuple[dict[str, str], ...] = (
    *[{}] * 6,
    {"lit": "yes"},
    {"surface": "asphalt;cobblestone", "smoothness": "bad"},
    {"highway": "path", "lit": "no", "trail_visibility": "intermediate"},
    {"highway": "footway"},
    {"highway": "tertiary", "sidewalk": "both"},
    {"highway": "secondary", "sidewalk": "none", "maxspeed": "40 mph"},
    {"highway": "primary", "lanes": "4", "sidewalk": "right"},
)


@lru_cache(maxsize=64)
def random_town(seed: int) -> StreetNetwork:
    """Return a town with all that a router can stumble on.

    A grid with gaps; streets that bend; two streets between the same corners; loops at dead ends;
    stairs; hills; a piece of unknown height; a street that hangs together with nothing.
    """
    rng = np.random.default_rng(seed)
    wide, deep = rng.integers(3, 8, 2).tolist()
    step = rng.uniform(60.0, 130.0)
    nodes = {
        100 * i + j + 1: (step * i + rng.uniform(-15, 15), step * j + rng.uniform(-15, 15))
        for i in range(wide)
        for j in range(deep)
    }
    ways: list[tuple[int, list[int], dict[str, str]]] = []

    dress = np.random.default_rng([seed, 1])

    def add(*chain: int, **tags: str) -> None:
        worn = DRESSES[int(dress.integers(0, len(DRESSES)))] | {"name": f"Street {len(ways)}"}
        ways.append((len(ways) + 1, list(chain), {**STREET, **worn, **tags}))

    def beside(a: int, b: int, off: float) -> int:
        (ax, ay), (bx, by) = nodes[a], nodes[b]
        far = math.hypot(bx - ax, by - ay)
        middle = ((ax + bx) / 2 - off * (by - ay) / far, (ay + by) / 2 + off * (bx - ax) / far)
        nodes[10_000 + len(nodes)] = middle
        return 9_999 + len(nodes)

    corners = list(nodes)
    for a in corners:
        for b in (a + 100, a + 1):
            if b not in nodes or rng.random() < 0.2:
                continue
            kind = rng.random()
            if kind < 0.1:
                add(a, beside(a, b, 20.0), b)
                add(a, beside(a, b, -20.0), b)
            elif kind < 0.3:
                add(a, beside(a, b, rng.uniform(5.0, 25.0)), b)
            elif kind < 0.37:
                add(a, b, highway="steps")
            else:
                add(a, b)
    for a in rng.choice(corners, 2, replace=False).tolist():
        x, y = nodes[a]
        ring = [10_000 + len(nodes) + k for k in range(3)]
        nodes |= dict(
            zip(ring, [(x + 30, y + 50), (x + 60, y + 60), (x + 50, y + 30)], strict=True)
        )
        add(a, *ring, a, name="Loop")
    nodes |= {90_001: (-400.0, 0.0), 90_002: (-400.0, 150.0)}
    add(90_001, 90_002, name="Island")
    waves = rng.uniform(150.0, 700.0, (3, 2))
    shift, high = rng.uniform(0, 6, 3), rng.uniform(2.0, 12.0, 3)
    void = rng.uniform(0, step * wide)

    def height(x: Floats, y: Floats) -> Floats:
        z = sum(
            h * np.sin(x / a + s) * np.cos(y / b)
            for (a, b), s, h in zip(waves, shift, high, strict=True)
        )
        return np.where(np.hypot(x - void, y) < 25.0, np.nan, z)

    return attach(town(ways, nodes), Formula(height))


def random_places(network: StreetNetwork, count: int, seed: int) -> list[Place]:
    """Return places within 60 m of a street."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(network.point_lon), count)
    off = rng.uniform(-40.0, 40.0, (2, count)) / 111_195.0
    return [
        Place(float(network.point_lat[row] + north), float(network.point_lon[row] + east))
        for row, east, north in zip(rows.tolist(), *off.tolist(), strict=True)
    ]


def small_hills(network: StreetNetwork) -> Climbs:
    return climbs.find(network, Criteria(length_m=(30, 90), min_grade=0.01))


# --- What must hold of every way ------------------------------------------------------------------


def check(network: StreetNetwork, router: Router, climb: Climb, route: Route) -> None:
    """Check that a way is one line from the door to the foot, with its own time and gain."""
    project = Transformer.from_crs("EPSG:4326", network.crs, always_xy=True)
    x, y = project.transform(route.lon, route.lat)
    assert math.hypot(x[0] - router.snap.x_m, y[0] - router.snap.y_m) < 0.05
    foot_x, foot_y = project.transform(climb.lon[0], climb.lat[0])
    assert math.hypot(x[-1] - foot_x, y[-1] - foot_y) < 0.05
    steps = np.diff(route.distance_m)
    assert route.distance_m[0] == pytest.approx(0.0, abs=1e-5)
    assert (steps >= 0).all()
    assert steps.max() <= 10.2  # a point at every sample
    np.testing.assert_allclose(np.hypot(np.diff(x), np.diff(y)), steps, atol=0.1)
    known = route.elevation_m[~np.isnan(route.elevation_m)]
    if len(known) == len(route.elevation_m):
        assert route.gain_m == pytest.approx(sum(max(b - a, 0) for a, b in pairwise(known)))
    else:
        assert route.gain_m is None
    assert np.isnan(route.elevation_m[-1]) == np.isnan(climb.profile.elevation_m[0])


def run_twice(network: StreetNetwork, route: Route) -> float:
    """Return the share of a way where it has been before: every metre and a half, within 1 m."""
    project = Transformer.from_crs("EPSG:4326", network.crs, always_xy=True)
    x, y = project.transform(route.lon, route.lat)
    at = np.arange(0.0, route.length_m, 1.5)
    points = np.column_stack([np.interp(at, route.distance_m, part) for part in (x, y)])
    pairs = cKDTree(points).query_pairs(1.0, output_type="ndarray")
    again = pairs[np.abs(at[pairs[:, 0]] - at[pairs[:, 1]]) > 6.0].max(axis=1)
    return len(np.unique(again)) / max(len(at), 1)


def on_hill(network: StreetNetwork, route: Route, climb: Climb) -> float:
    """Return the metres of a way on the climb."""
    project = Transformer.from_crs("EPSG:4326", network.crs, always_xy=True)
    every = 1.0
    lines = []
    for lon, lat, distance in (
        (route.lon, route.lat, route.distance_m),
        (climb.lon, climb.lat, climb.profile.distance_m),
    ):
        x, y = project.transform(lon, lat)
        at = np.arange(0.0, distance[-1], every)
        lines.append(np.column_stack([np.interp(at, distance, part) for part in (x, y)]))
    way, hill = lines
    if len(way) == 0:
        return 0.0
    near, _ = cKDTree(hill[3:]).query(way, distance_upper_bound=0.6)
    return float(np.isfinite(near).sum() * every)


def turns_back(route: Route) -> bool:
    """Say whether a way anywhere runs straight back on itself."""
    points = list(
        zip(np.round(route.lon, 8).tolist(), np.round(route.lat, 8).tolist(), strict=True)
    )
    points = [point for k, point in enumerate(points) if k == 0 or point != points[k - 1]]
    return any(a == c for a, c in zip(points, points[2:], strict=False))


# --- Pace -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grade", "factor"),
    [(0.0, 1.0), (0.05, 1.30), (0.08, 1.51), (0.10, 1.66), (0.15, 2.06), (-0.1, 0.9), (-0.2, 0.9)],
)
def test_running_uphill_costs_what_minetti_measured(grade: float, factor: float) -> None:
    assert running_factor(np.array([grade]))[0] == pytest.approx(factor, abs=0.006)


def test_very_steep_descents_cost_more_again() -> None:
    steep = running_factor(np.array([-0.2, -0.3, -0.4, -0.45]))
    assert (np.diff(steep) >= 0).all()
    assert steep[-1] == pytest.approx(4.0323 / 3.6, abs=1e-4)
    assert running_factor(np.array([-0.9]))[0] == steep[-1]
    assert running_factor(np.array([0.9]))[0] == running_factor(np.array([0.45]))[0]


@pytest.mark.parametrize(
    ("grade", "km_h"), [(0.0, 5.0366), (0.05, 4.2281), (0.1, 3.5494), (-0.05, 6.0), (-0.15, 4.2281)]
)
def test_walking_follows_toblers_table(grade: float, km_h: float) -> None:
    assert 5.0366 / walking_factor(np.array([grade]))[0] == pytest.approx(km_h, rel=1e-4)


@given(grade=st.floats(-1.0, 1.0))
def test_the_formulas_as_they_are_printed(grade: float) -> None:
    for walk, factor in ((False, running_factor), (True, walking_factor)):
        expected = pace_factor(grade, walk=walk)
        assert factor(np.array([grade]))[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("criteria", "east", "expected_s"),
    [
        (Criteria(), 0.0, 420.0),  # 1 km at 7:00
        (Criteria(walk=True), 0.0, 720.0),
        (Criteria(pace_min_per_km=5), 0.0, 300.0),
        (Criteria(), 0.1, 420.0 * 1.657),
        (Criteria(), -0.1, 420.0 * 0.9),
        (Criteria(walk=True), 0.1, 720.0 * math.exp(0.35)),
    ],
)
def test_a_kilometre(criteria: Criteria, east: float, expected_s: float) -> None:
    network = attach(street((0, 0), (1000, 0)), Formula(lambda x, y: east * x))
    clock = Clock(network, criteria)
    # The tests' metres are those of a sphere: up to 0.3 % off.
    length = float(network.edge_length_m[0])
    assert clock.ahead_s[0] == pytest.approx(expected_s, rel=5e-3)
    assert clock.legs_s([Leg(0, 250.0, 500.0)]) == pytest.approx(expected_s / 4, rel=5e-3)
    halves = [Leg(0, 0.0, 500.0), Leg(0, 500.0, length)]
    assert clock.legs_s(halves) == pytest.approx(clock.ahead_s[0])
    back = clock.legs_s([Leg(0, length, 0.0)])
    assert back == pytest.approx(clock.back_s[0])
    if east:
        assert (back < clock.ahead_s[0]) == (east > 0)
    assert clock.legs_s([]) == 0.0


def test_stairs_take_three_times_as_long_either_way() -> None:
    network = attach(street((0, 0), (100, 0), highway="steps"), RAMP)
    clock = Clock(network, Criteria())
    assert clock.ahead_s[0] == pytest.approx(3 * 42.0, rel=5e-3)
    assert clock.back_s[0] == pytest.approx(clock.ahead_s[0])


def test_unknown_ground_counts_as_level() -> None:
    half = Formula(lambda x, y: np.where(x > 500.0, np.nan, 0.1 * x))
    clock = Clock(attach(street((0, 0), (1000, 0)), half), Criteria())
    assert clock.legs_s([Leg(0, 600.0, 1000.0)]) == pytest.approx(0.4 * 420.0, rel=5e-3)
    assert clock.legs_s([Leg(0, 0.0, 300.0)]) == pytest.approx(0.3 * 420.0 * 1.657, rel=5e-3)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 500), share=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_the_clock_adds_up_the_samples(seed: int, share: tuple[float, float]) -> None:
    network = random_town(seed % 40)
    edge = seed % len(network)
    length = float(network.edge_length_m[edge])
    leg = Leg(edge, share[0] * length, share[1] * length)
    for criteria in (Criteria(), Criteria(walk=True)):
        clock = Clock(network, criteria)
        expected = seconds(network, criteria, leg)
        assert clock.legs_s([leg]) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_without_heights_there_is_no_time() -> None:
    with pytest.raises(HeightsError, match="attach"):
        Router(street((0, 0), (1000, 0)), place(0, 0), Criteria())


# --- The door -------------------------------------------------------------------------------------


def test_a_place_meets_the_nearest_point_of_a_street() -> None:
    network = street((0, 0), (100, 0), (100, 200))
    found = snap(network, place(130, 60))
    assert found.distance_m == pytest.approx(30.0, abs=0.1)
    assert found.position.offset_m == pytest.approx(160.0, abs=0.5)
    assert snap(network, place(-300, 0)).position == Position(0, 0.0)
    beyond = snap(network, place(100, 420))
    assert beyond.position.offset_m == network.edge_length_m[0]
    assert beyond.distance_m == pytest.approx(220.0, abs=0.5)


def test_a_fragment_is_passed_over_for_a_street_nearby() -> None:
    nodes = {1: (0, 0), 2: (500, 0), 3: (200, 30), 4: (240, 30), 5: (200, 300), 6: (240, 300)}
    ways = [(1, [1, 2], STREET), (2, [3, 4], STREET), (3, [5, 6], STREET)]
    network = town(ways, nodes)
    lanes = {network.ways.ids[way]: row for row, way in enumerate(network.edge_way.tolist())}
    near = snap(network, place(220, 35))  # 5 m from the fragment, 35 m from the street
    assert near.position.edge == lanes[1,]
    assert near.distance_m == pytest.approx(35.0, abs=0.1)
    # The other fragment is 300 m from anything: a place there is on it.
    assert snap(network, place(220, 290)).position.edge == lanes[3,]


def test_of_streets_that_hang_together_the_nearest_is_taken() -> None:
    nodes = {1: (0, 0), 2: (0, 200), 3: (20, 200), 4: (20, 0)}
    network = town([(1, [1, 2], STREET), (2, [2, 3, 4], STREET)], nodes)
    found = snap(network, place(14, 100))
    assert found.distance_m == pytest.approx(6.0, abs=0.1)
    assert network.ways.ids[int(network.edge_way[found.position.edge])] == (2,)


@pytest.mark.parametrize(
    ("x", "says"),
    [(1510.0, "51"), (1980.0, "98"), (4000.0, "3.0 km away"), (9e5, "km away")],
)
def test_a_place_far_from_any_street_is_refused(x: float, says: str) -> None:
    with pytest.raises(PlaceError, match="give a place within 500 m") as caught:
        snap(street((0, 0), (1000, 0)), place(x, 0))
    assert f"is {says}" in str(caught.value) or says == "km away"
    assert ("km away" in str(caught.value)) == ("km" in says)


@pytest.mark.parametrize(
    "far", [Place(-46.0, -172.0), Place(0.0, 98.0), Place(90.0, 0.0), Place(-46.0, 180.0)]
)
def test_a_place_on_the_other_side_of_the_earth(far: Place) -> None:
    with pytest.raises(PlaceError, match=r"very far away|km away"):
        snap(street((0, 0), (1000, 0)), far)


def test_half_a_kilometre_is_near_enough() -> None:
    assert snap(street((0, 0), (1000, 0)), place(500, 499)).distance_m == pytest.approx(499, abs=1)


# --- Least times ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), walk=st.booleans())
def test_times_are_those_of_networkx(seed: int, walk: bool) -> None:  # noqa: FBT001
    network = random_town(seed % 200)
    criteria = Criteria(walk=walk, warmup_min=(0, 180))
    found = small_hills(network)
    for door in random_places(network, 3, seed):
        router = Router(network, door, criteria)
        points: dict[object, Position] = {"door": router.snap.position}
        points |= {
            ("foot", i): Position(int(edge), float(offset))
            for i, (edge, offset) in enumerate(
                zip(found.foot_edge, found.foot_offset_m, strict=True)
            )
        }
        graph = exported(network, criteria, points)
        least = nx.single_source_dijkstra_path_length(graph, "door", weight="time")
        times = router.times_s(found)
        assert times.shape == (len(found),)
        for i, time_s in enumerate(times.tolist()):
            expected = least.get(("foot", i), math.inf)
            assert time_s == pytest.approx(expected, rel=1e-9, abs=1e-6)


def edge_cost(data: Mapping[str, Any]) -> float:
    return float(data["cost"] * (100.0 if data["hill"] else 1.0))


def dearest(_: object, __: object, parallel: Mapping[object, Mapping[str, Any]]) -> float:
    return min(map(edge_cost, parallel.values()))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_direct_way_is_the_most_pleasant_one_off_the_hill(seed: int) -> None:
    network = random_town(seed % 200)
    found = small_hills(network)
    (door,) = random_places(network, 1, seed)
    router = Router(network, door, ANY_TIME)
    times = router.times_s(found)
    for row in np.flatnonzero(np.isfinite(times))[:6].tolist():
        climb = found[row]
        route = router.approach(climb)
        check(network, router, climb, route)
        assert route.shape == "direct"
        points = {"door": router.snap.position, "foot": climb.foot}
        graph = exported(network, ANY_TIME, points, kept_off(router, climb))
        # A hundred times the time on the hill: it is kept off but for a step or two.
        way = nx.dijkstra_path(graph, "door", "foot", weight=dearest)
        pieces = [min(graph[a][b].values(), key=edge_cost) for a, b in pairwise(way)]
        expected = sum(data["time"] for data in pieces)
        assert route.time_s == pytest.approx(expected, rel=1e-9, abs=1e-6)
        assert route.time_s >= times[row] - 1e-6


def test_an_island_cannot_be_reached() -> None:
    nodes = {1: (0, 0), 2: (400, 0), 3: (0, 900), 4: (400, 900)}
    network = attach(town([(1, [1, 2], STREET), (2, [3, 4], STREET)], nodes), RAMP)
    found = climbs.find(network, Criteria())
    router = Router(network, place(10, 10), Criteria())
    reached = np.isfinite(router.times_s(found))
    assert reached.any()
    assert not reached.all()
    with pytest.raises(StreetsError, match="No way on foot"):
        router.approach(found[int(np.flatnonzero(~reached)[0])])


# --- Positions of the door and the foot -----------------------------------------------------------

#: A hill from x = 300 to x = 500 on a long level street.
BUMP = Formula(lambda x, y: 0.1 * np.clip(x - 300.0, 0.0, 200.0))


def one_hill(network: StreetNetwork) -> Climb:
    (climb,) = [climb for climb in climbs.find(network, Criteria()) if climb.grade > 0.05]
    return climb


@pytest.mark.parametrize(
    ("x", "metres_level", "metres_down"),
    [(0, 300, 0), (100, 200, 0), (299.9, 0, 0), (400, 0, 100), (500, 0, 200), (650, 150, 200)],
)
def test_door_and_foot_on_one_street(x: float, metres_level: float, metres_down: float) -> None:
    network = attach(street((0, 0), (800, 0)), BUMP)
    climb = one_hill(network)
    router = Router(network, place(x, 5), ANY_TIME)
    route = router.approach(climb)
    check(network, router, climb, route)
    assert route.length_m == pytest.approx(metres_level + metres_down, abs=5.0)
    assert route.time_s == pytest.approx(0.42 * (metres_level + 0.9 * metres_down), abs=3.0)
    assert router.times_s(climbs.find(network, Criteria()))[0] == pytest.approx(route.time_s)


def test_the_door_is_the_foot() -> None:
    network = attach(street((0, 0), (800, 0)), BUMP)
    climb = one_hill(network)
    lat, lon = float(climb.lat[0]), float(climb.lon[0])
    route = Router(network, Place(lat, lon), ANY_TIME).approach(climb)
    assert route.length_m == pytest.approx(0.0, abs=0.01)
    assert route.time_s == pytest.approx(0.0, abs=0.01)
    assert len(route.lon) >= 2
    # Nothing but this street: no loop is possible.
    short = Router(network, Place(lat, lon), Criteria()).approach(climb)
    assert short.shape == "direct"


def crossroads() -> StreetNetwork:
    nodes = {1: (0, 0), 2: (300, 0), 3: (800, 0), 4: (300, 400), 5: (300, -400)}
    ways = [
        (1, [1, 2, 3], {**STREET, "name": "Hill Street"}),
        (2, [4, 2, 5], {**STREET, "name": "Level Street"}),
    ]
    return attach(town(ways, nodes), BUMP)


def test_door_at_a_junction() -> None:
    network = crossroads()
    climb = one_hill(network)
    for x, y, metres in ((300, 0, 0), (0, 0, 300), (300, 400, 400), (300, -250, 250)):
        router = Router(network, place(x, y), ANY_TIME)
        route = router.approach(climb)
        check(network, router, climb, route)
        assert route.length_m == pytest.approx(metres, abs=5)


def test_the_foot_is_on_a_loop() -> None:
    # A lollipop: a stem of 400 m, and a ring that leads back to where it began.
    nodes = {1: (0, 0), 2: (400, 0), 3: (550, 0), 4: (550, 150), 5: (400, 150)}
    ways = [
        (1, [1, 2], {**STREET, "name": "Stem"}),
        (2, [2, 3, 4, 5, 2], {**STREET, "name": "Ring"}),
    ]
    network = attach(town(ways, nodes), Formula(lambda x, y: 0.1 * np.maximum(y, 0) * (x > 300)))
    rings = [climb for climb in climbs.find(network, Criteria()) if climb.name == "Ring"]
    assert rings
    for x in (0, 390):
        router = Router(network, place(x, 0), ANY_TIME)
        for climb in rings:
            route = router.approach(climb)
            check(network, router, climb, route)
            assert on_hill(network, route, climb) < 5.0
    door_on_ring = Router(network, place(550, 75), ANY_TIME)
    for climb in rings:
        check(network, door_on_ring, climb, door_on_ring.approach(climb))


def test_a_ring_that_meets_nothing() -> None:
    nodes = {1: (0, 0), 2: (200, 0), 3: (200, 150), 4: (0, 150)}
    ring = [(1, [1, 2, 3, 4, 1], STREET)]
    network = attach(town(ring, nodes), Formula(lambda x, y: 0.1 * y))
    found = list(climbs.find(network, Criteria()))
    assert found
    for climb in found:
        router = Router(network, place(20, 0), ANY_TIME)
        route = router.approach(climb)
        check(network, router, climb, route)
        assert on_hill(network, route, climb) < 5.0
        assert route.length_m < 400


def test_the_cheaper_of_two_streets_between_the_same_corners() -> None:
    nodes = {1: (0, 0), 2: (500, 0), 3: (250, 60), 4: (800, 0)}
    straight, bent = (1, [1, 2], STREET), (2, [1, 3, 2], STREET)
    hill = (3, [2, 4], {**STREET, "name": "Hill"})
    slope = Formula(
        lambda x, y: (
            8.0 * np.exp(-(((x - 250) / 80) ** 2 + (y / 30) ** 2)) + 0.1 * np.clip(x - 550, 0, 200)
        )
    )
    for ways in ([straight, bent, hill], [bent, straight, hill]):
        renumbered = [(k, chain, tags) for k, (_, chain, tags) in enumerate(ways, 1)]
        network = attach(town(renumbered, nodes), slope)
        (climb,) = [c for c in climbs.find(network, Criteria()) if c.name == "Hill"]
        router = Router(network, place(-10, 0), ANY_TIME)
        route = router.approach(climb)
        graph = exported(network, ANY_TIME, {"door": router.snap.position, "foot": climb.foot})
        least = nx.dijkstra_path_length(graph, "door", "foot", weight="time")
        assert route.time_s == pytest.approx(least)
        assert route.length_m > 545  # round the mound


def test_stairs_are_worth_a_way_round() -> None:
    nodes = {1: (0, 0), 2: (100, 0), 3: (50, 80), 4: (400, 0)}
    hill = (3, [2, 4], {**STREET, "name": "Hill"})
    stairs = (1, [1, 2], {"highway": "steps"})
    network = attach(town([stairs, (2, [1, 3, 2], STREET), hill], nodes), RAMP)
    (climb,) = [c for c in climbs.find(network, Criteria()) if c.name == "Hill"]
    route = Router(network, place(0, 0), ANY_TIME).approach(climb)
    assert route.length_m == pytest.approx(2 * math.hypot(50, 80) + 1, abs=2)


# --- What is preferred, what is promised, and the way home ----------------------------------------


def block(south: dict[str, str], north: dict[str, str]) -> StreetNetwork:
    """Return a hill 700 m off, by a street in the south or one in the north, 20 m longer."""
    nodes = {1: (0, 0), 2: (600, 0), 3: (0, 10), 4: (600, 10), 5: (700, 0), 6: (1000, 0)}
    nodes |= {7: (-50, 0), 8: (0, 60), 9: (600, 60)}
    ways = [
        (1, [1, 2], {**STREET, "name": "South", **south}),
        (2, [1, 8, 9, 2], {**STREET, "name": "North", **north}),
        (3, [2, 5, 6], {**STREET, "name": "Hill"}),
        (4, [7, 1], STREET),
    ]
    return attach(
        town(ways, nodes), Formula(lambda x, y: 0.1 * np.clip(x - 700.0, 0.0, 200.0) + 0 * y)
    )


@pytest.mark.parametrize(
    ("south", "north", "way"),
    [
        ({}, {}, "South"),
        ({"highway": "primary", "sidewalk": "none"}, {}, "North"),
        ({}, {"highway": "path"}, "North"),
        ({"lit": "no", "surface": "sand"}, {"lit": "yes"}, "North"),
        ({"highway": "steps"}, {}, "North"),
    ],
)
def test_the_more_pleasant_way_is_taken(
    south: dict[str, str], north: dict[str, str], way: str
) -> None:
    network = block(south, north)
    route = Router(network, place(-40, 0), ANY_TIME).approach(one_hill(network))
    assert (route.lat.max() > place(0, 30).lat) == (way == "North")


def test_a_way_too_long_gives_place_to_a_quicker_one() -> None:
    network = block({"highway": "primary", "sidewalk": "none"}, {})
    climb = one_hill(network)
    quick = Router(network, place(-40, 0), Criteria(warmup_min=(0, 5.5))).approach(climb)
    assert quick.lat.max() < place(0, 30).lat
    assert quick.time_s <= 330


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), most=st.floats(1.0, 8.0))
def test_what_can_be_reached_in_time_is_reached_in_time(seed: int, most: float) -> None:
    network = random_town(seed % 200)
    found = small_hills(network)
    (door,) = random_places(network, 1, seed)
    router = Router(network, door, Criteria(warmup_min=(most / 2, most)))
    times = router.times_s(found)
    for row in np.flatnonzero(times <= 60 * most)[:6].tolist():
        assert times[row] - 1e-6 <= router.approach(found[row]).time_s <= 60 * most + 1e-6


def test_home_leads_another_way_where_that_is_not_far() -> None:
    network = grid()
    (climb,) = [c for c in climbs.find(network, Criteria()) if c.name == "4 Street"]
    router = Router(network, place(0, 300), Criteria(warmup_min=(0, 20)))
    there = router.approach(climb)
    home = router.home(climb.foot, there.legs)
    both = {leg.edge for leg in there.legs} & {leg.edge for leg in home.legs}
    assert both <= {climb.foot.edge}  # the foot lies within a street
    assert home.time_s <= 600
    for mine, theirs in ((home.lon[::-1], there.lon), (home.lat[::-1], there.lat)):
        np.testing.assert_allclose(mine[[0, -1]], theirs[[0, -1]], atol=1e-9)


def test_home_leads_the_same_way_where_another_is_far_longer() -> None:
    # 500 m back along the street, or 2.5 km round.
    nodes = {1: (0, 0), 2: (500, 0), 3: (500, 1000), 4: (0, 1000), 5: (900, 0)}
    ways = [(1, [1, 2, 5], STREET), (2, [2, 3, 4, 1], STREET)]
    slope = Formula(lambda x, y: 0.1 * np.clip(x - 520.0, 0.0, 200.0))
    network = attach(town(ways, nodes), slope)
    climb = one_hill(network)
    router = Router(network, place(1, 0), Criteria(warmup_min=(0, 20)))
    there = router.approach(climb)
    assert router.home(climb.foot, there.legs).length_m == pytest.approx(there.length_m, abs=1)
    assert router.home(climb.foot, ()).length_m == pytest.approx(there.length_m, abs=1)


def test_no_way_home() -> None:
    nodes = {1: (0, 0), 2: (400, 0), 3: (0, 900), 4: (400, 900)}
    network = attach(town([(1, [1, 2], STREET), (2, [3, 4], STREET)], nodes), RAMP)
    router = Router(network, place(10, 10), Criteria())
    away = next(e for e in range(2) if e != router.snap.position.edge)
    with pytest.raises(StreetsError, match="No way on foot leads back"):
        router.home(Position(away, 100.0), ())


# --- Detours --------------------------------------------------------------------------------------


def as_legs(pieces: Iterable[Mapping[str, Any]]) -> list[Leg]:
    """Return the legs of pieces, those of one street joined where they lead on."""
    legs: list[Leg] = []
    for leg in (piece["leg"] for piece in pieces):
        if legs and legs[-1].edge == leg.edge and legs[-1].stop_m == leg.start_m:
            leg = Leg(leg.edge, legs.pop().start_m, leg.stop_m)  # noqa: PLW2901
        if leg.start_m != leg.stop_m:
            legs.append(leg)
    return legs


def cost_rate(
    router: Router, there: Sequence[Mapping[str, Any]], back: Sequence[Mapping[str, Any]]
) -> tuple[float, float]:
    """Return the cost of a loop a second, and its time.

    Streets parallel to those of the way out count as run again on the way back, as do those of the
    ``worn`` part of it.
    """
    ways = [*there, *back]
    time_s = sum(piece["time"] for piece in ways)
    aim_s = router._shortest_s + 0.2 * (router._longest_s - router._shortest_s)
    cost_s = sum(piece["cost"] * (4.0 if piece["hill"] or piece["worn"] else 1.0) for piece in ways)
    cost_s += 8.0 * router._parallels.turns(as_legs(ways))
    if abs(time_s - aim_s) > 60.0:
        cost_s += 120.0 + 3.0 * (abs(time_s - aim_s) - 60.0)
    return cost_s / time_s, time_s


def trying_everything(
    network: StreetNetwork, router: Router, climb: Climb, criteria: Criteria
) -> list[float]:
    """Return the cost rates of the loops by every street that take the time asked for.

    Each leads to the street by the most pleasant way, along it, and on by the most pleasant one
    off what was run.
    """
    low_s, high_s = (60 * minutes for minutes in criteria.warmup_min)
    points = {"door": router.snap.position, "foot": climb.foot}
    graph = exported(network, criteria, points, kept_off(router, climb))
    if router._way(climb)[1].keep_off == {}:  # every way off the hill takes too long
        for _, _, data in graph.edges(data=True):
            data["hill"] = False

    def pieces(way: Sequence[Any], cost: Callable[..., float]) -> list[dict[str, Any]]:
        return [
            min(graph[a][b].values(), key=lambda d: cost(a, b, {0: d})) for a, b in pairwise(way)
        ]

    own = {leg.edge for leg in kept_off(router, climb)} if router._way(climb)[1].keep_off else set()
    streets: dict[int, list[tuple[object, object, dict[str, Any]]]] = {}
    for tail, head, data in graph.edges(data=True):
        edge, start, stop = data["leg"]
        if edge in (router.snap.position.edge, climb.foot.edge) or edge in own:
            continue
        if (start, stop) == (0.0, network.edge_length_m[edge]):
            streets[edge] = [(tail, head, data)]
        elif (stop, start) == (0.0, network.edge_length_m[edge]):
            streets[~edge] = [(tail, head, data)]
    found = []
    least = nx.single_source_dijkstra_path(graph, "door", weight=dearest)
    for via, parts in streets.items():
        parts.sort(key=lambda part: part[2]["leg"][1:], reverse=via < 0)
        out, turn = least.get(parts[0][0]), parts[-1][1]
        if out is None or graph.out_degree(turn) < 2:
            continue
        there = [*pieces(out, dearest), *(data for _, _, data in parts)]
        if len(there) > len(parts) and there[-len(parts) - 1]["piece"][0] == max(via, ~via):
            continue
        there = [{**piece, "worn": False} for piece in there]
        worn = router._parallels.along(as_legs(there))

        def again(
            _: object, __: object, parallel: Mapping[Any, Mapping[str, Any]], worn: Any = worn
        ) -> float:
            return min(
                edge_cost(d) * (4.0 if worn[d["piece"][0]] else 1.0) for d in parallel.values()
            )

        if not nx.has_path(graph, turn, "foot"):
            continue
        onward = pieces(nx.dijkstra_path(graph, turn, "foot", weight=again), again)
        back = [{**piece, "worn": bool(worn[piece["piece"][0]])} for piece in onward]
        while there and back and there[-1]["piece"] == back[0]["piece"]:
            there.pop()
            back.pop(0)
        if there or back:
            measure, time_s = cost_rate(router, there, back)
            if low_s <= time_s <= high_s:
                found.append(measure)
    return found


def towns_with_detours(
    seeds: Iterable[int], low_min: float
) -> Iterable[tuple[StreetNetwork, Router, Climb, Criteria]]:
    """Return small towns with doors and hills less than the warm-up apart."""
    for seed in seeds:
        network = random_town(seed)
        criteria = Criteria(warmup_min=(low_min, 2 * low_min))
        found = small_hills(network)
        (door,) = random_places(network, 1, seed)
        router = Router(network, door, criteria)
        for row in np.flatnonzero(router.times_s(found) < 60 * low_min)[:3].tolist():
            yield network, router, found[row], criteria


@pytest.mark.parametrize(
    ("step", "detours", "without"), [(60, 10, 0), pytest.param(7, 100, 20, marks=pytest.mark.slow)]
)
def test_detours_are_the_best_by_any_street(step: int, detours: int, without: int) -> None:
    short, none, missed = [], 0, 0
    for low_min in (2.0, 4.0, 6.0):
        seeds = range(int(low_min), 200, step)
        for network, router, climb, criteria in towns_with_detours(seeds, low_min):
            route = router.approach(climb)
            check(network, router, climb, route)
            every = trying_everything(network, router, climb, criteria)
            best = router._detours(*router._way(climb)).best()
            if route.shape == "detour":
                assert best is not None
                assert 60 * low_min <= route.time_s <= 120 * low_min
                assert not turns_back(route)
                short.append(best.cost_rate - min(every))
            elif route.time_s < 60 * low_min:
                none += 1
                missed += bool(every)
    quantiles = np.round(np.quantile(short, [0.0, 0.5, 0.9, 0.99, 1.0]), 3)
    print(f"{len(short)} detours fall short by {quantiles}; {missed} of {none} missed")  # noqa: T201
    assert len(short) > detours
    assert none > without
    assert missed == 0
    assert min(short) > -0.001  # none better than the oracle's
    assert np.quantile(short, 0.95) < 0.001
    assert max(short) < 0.1


@pytest.mark.slow
def test_no_way_at_all_that_crosses_itself_nowhere_is_much_better() -> None:
    short = []
    for network, router, climb, criteria in towns_with_detours(range(200), 4.0):
        route = router.approach(climb)
        if route.shape != "detour" or len(network.node_id) > 22:
            continue
        points = {"door": router.snap.position, "foot": climb.foot}
        graph = exported(network, criteria, points, kept_off(router, climb))
        measures = []
        for way in nx.all_simple_edge_paths(graph, "door", "foot"):
            pieces = [{**graph.edges[step], "worn": False} for step in way]
            if 240 <= sum(piece["time"] for piece in pieces) <= 480:
                measures.append(cost_rate(router, pieces, [])[0])
        best = router._detours(*router._way(climb)).best()
        assert best is not None
        if measures:
            short.append(best.cost_rate - min(measures))
    quantiles = np.round(np.quantile(short, [0.0, 0.5, 0.9, 0.99, 1.0]), 3)
    print(f"{len(short)} detours fall short by {quantiles}")  # noqa: T201
    assert len(short) > 100
    assert np.median(short) < 0.001
    assert np.quantile(short, 0.9) < 0.15


def grid(count: int = 9, step: float = 100.0) -> StreetNetwork:
    """Return a town of square blocks, with a hill on its middle street that begins at x = 300."""
    nodes = {100 * i + j + 1: (step * i, step * j) for i in range(count) for j in range(count)}
    ways = []
    for k in range(count):
        east = [100 * i + k + 1 for i in range(count)]
        north = [100 * k + j + 1 for j in range(count)]
        ways.append((2 * k + 1, east, {**STREET, "name": f"{k} Street"}))
        ways.append((2 * k + 2, north, {**STREET, "name": f"{k} Avenue"}))
    middle = step * (count // 2)
    slope = Formula(
        lambda x, y: 0.1 * np.clip(x - 300.0, 0.0, 200.0) * (np.abs(y - middle) < step / 2)
    )
    return attach(town(ways, nodes), slope)


@pytest.mark.parametrize("door", [(300, 390), (310, 400), (350, 400), (420, 300), (0, 400)])
@pytest.mark.parametrize("minutes", [(4, 8), (6, 7), (10, 20)])
def test_a_detour_through_square_blocks(
    door: tuple[float, float], minutes: tuple[float, float]
) -> None:
    network = grid()
    criteria = Criteria(warmup_min=minutes)
    (climb,) = [c for c in climbs.find(network, criteria) if c.name == "4 Street"]
    router = Router(network, place(*door), criteria)
    route = router.approach(climb)
    check(network, router, climb, route)
    assert 60 * minutes[0] <= route.time_s <= 60 * minutes[1]
    assert run_twice(network, route) < 0.05
    assert not turns_back(route)
    on_street = 300 < door[0] < 500 and door[1] == 400
    assert on_hill(network, route, climb) < (door[0] - 300 + 5.0 if on_street else 5.0)


def test_whoever_lives_on_the_hill_runs_on_it_no_farther_than_must_be() -> None:
    network = grid()
    criteria = Criteria()
    (climb,) = [c for c in climbs.find(network, criteria) if c.name == "4 Street"]
    route = Router(network, place(330, 400), criteria).approach(climb)
    assert route.shape == "detour"
    assert on_hill(network, route, climb) < 80.0


def test_the_same_question_gives_the_same_way() -> None:
    network = grid()
    (climb,) = [c for c in climbs.find(network, Criteria()) if c.name == "4 Street"]
    one, two = (Router(network, place(310, 380), Criteria()).approach(climb) for _ in range(2))
    assert one.time_s == two.time_s
    np.testing.assert_array_equal(one.lon, two.lon)
    np.testing.assert_array_equal(one.lat, two.lat)


def test_the_way_off_the_hill_is_taken_though_it_is_longer() -> None:
    # From the top, straight down the hill takes 4 minutes, round the block 6.
    network = grid()
    climb = next(c for c in climbs.find(network, Criteria()) if c.name == "4 Street")
    off = Router(network, place(500, 400), Criteria(warmup_min=(0, 20))).approach(climb)
    assert on_hill(network, off, climb) < 5.0
    assert off.length_m == pytest.approx(400.0, abs=6.0)
    # If that takes too long, the way is down the hill.
    down = Router(network, place(500, 400), Criteria(warmup_min=(0, 2))).approach(climb)
    assert down.length_m == pytest.approx(200.0, abs=6.0)


def test_the_hill_is_its_pavements_too() -> None:
    # A street up to a square, a pavement on either side of it, and a lane 70 m off.
    nodes = {1: (0, 0), 2: (300, 0), 3: (0, 8), 4: (300, 8), 5: (0, -8), 6: (300, -8)}
    nodes |= {7: (0, 70), 8: (300, 70), 9: (0, -300), 10: (-15, 0), 11: (315, 0)}
    sidewalk = {"highway": "footway", "footway": "sidewalk"}
    ways = [
        (1, [10, 1, 2, 11], {**STREET, "name": "High Street"}),
        (2, [3, 4], sidewalk),
        (3, [5, 6], sidewalk),
        (4, [7, 8], {**STREET, "name": "Back Lane"}),
        (5, [7, 3, 1, 5, 9], {**STREET, "name": "Bottom"}),
        (6, [8, 4, 2, 6], {**STREET, "name": "Top"}),
    ]
    slope = Formula(lambda x, y: 0.1 * np.clip(x, 0.0, 300.0))
    network = attach(town(ways, nodes), slope)
    criteria = Criteria(length_m=(250, 310), warmup_min=(0, 20))
    climb = next(c for c in climbs.find(network, criteria) if c.name == "High Street")
    router = Router(network, place(315, 0), criteria)
    names = [network.ways.ids[int(network.edge_way[leg.edge])] for leg in kept_off(router, climb)]
    # Neither the pieces across, nor those before the foot and beyond the top.
    assert sorted(names) == [(1,), (2,), (3,)]
    assert router.approach(climb).length_m == pytest.approx(15 + 70 + 300 + 70, abs=8)


def test_no_way_round_no_detour() -> None:
    network = attach(street((0, 0), (3000, 0)), BUMP)
    climb = one_hill(network)
    route = Router(network, place(100, 0), Criteria()).approach(climb)
    assert route.shape == "direct"
    assert route.time_s == pytest.approx(84, abs=3)


def test_a_dead_end_leads_to_a_loop_and_back() -> None:
    # 200 m from the door to the village, a ring of 1.2 km there, and back past the door.
    ring = [(200, 0), (500, 0), (500, 300), (200, 300)]
    nodes = {1: (-600, 0), 2: (0, 0), **dict(enumerate(ring, 3))}
    ways = [
        (1, [1, 2, 3], {**STREET, "name": "Stem"}),
        (2, [3, 4], {**STREET, "name": "South"}),
        (3, [4, 5], {**STREET, "name": "East"}),
        (4, [5, 6, 3], {**STREET, "name": "North"}),
    ]
    slope = Formula(lambda x, y: 0.1 * np.clip(-x - 300.0, 0.0, 200.0))
    network = attach(town(ways, nodes), slope)
    climb = one_hill(network)
    router = Router(network, place(0, 0), Criteria())
    route = router.approach(climb)
    check(network, router, climb, route)
    assert route.shape == "detour"
    assert route.length_m == pytest.approx(200 + 1200 + 200 + 300, abs=10)
    assert run_twice(network, route) == pytest.approx(200 / 1900, abs=0.02)


def test_back_by_the_other_pavement_is_back_by_the_same_street() -> None:
    # Two carriageways 12 m apart, 1 km long, and a quiet street 120 m north of them.
    nodes = {1: (0, 0), 2: (1000, 0), 3: (0, 12), 4: (1000, 12), 5: (0, 120), 6: (1000, 120)}
    nodes |= {7: (500, 0), 8: (500, 12), 9: (500, 120), 10: (-300, 0)}
    ways = [
        (1, [10, 1, 7, 2], {**STREET, "name": "Broad Street"}),
        (2, [3, 8, 4], {**STREET, "name": "Broad Street"}),
        (3, [5, 9, 6], {**STREET, "name": "Quiet Street"}),
        (4, [1, 3, 5], STREET),
        (5, [2, 4, 6], STREET),
        (6, [7, 8, 9], STREET),
    ]
    slope = Formula(lambda x, y: 0.1 * np.clip(-x - 20.0, 0.0, 200.0))
    network = attach(town(ways, nodes), slope)
    climb = next(c for c in climbs.find(network, Criteria()) if c.grade > 0.05)
    route = Router(network, place(10, 0), Criteria(warmup_min=(9, 18))).approach(climb)
    assert route.shape == "detour"
    assert route.lat.max() > place(0, 100).lat


# --- Portland -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portland() -> StreetNetwork:
    folder = DATA / "portland"
    streets = osm_file.read_extract(folder / "portland-central-filtered.osm.pbf")
    return attach(streets, Raster([folder / "portland-ned.tif"]))


def doors(network: StreetNetwork, count: int) -> Iterable[Place]:
    """Return places in the west of the town, where the hills are."""
    rng = np.random.default_rng(1)
    west = np.flatnonzero(
        (network.node_lat > 45.495) & (network.node_lat < 45.545) & (network.node_lon < -122.67)
    )
    for row in rng.choice(west, count, replace=False).tolist():
        lat, lon = float(network.node_lat[row]), float(network.node_lon[row])
        yield Place(lat + rng.normal(0, 3e-4), lon + rng.normal(0, 3e-4))


@pytest.mark.slow
@needs_data
def test_times_in_portland_are_those_of_networkx(portland: StreetNetwork) -> None:
    criteria = Criteria()
    found = climbs.find(portland, criteria)
    feet: dict[object, Position] = {
        ("foot", i): Position(int(edge), float(offset))
        for i, (edge, offset) in enumerate(zip(found.foot_edge, found.foot_offset_m, strict=True))
    }
    routers = [Router(portland, door, criteria) for door in doors(portland, 8)]
    at_door = {("door", k): router.snap.position for k, router in enumerate(routers)}
    graph = exported(portland, criteria, feet | at_door)
    for k, router in enumerate(routers):
        least = nx.single_source_dijkstra_path_length(graph, ("door", k), weight="time")
        expected = [least.get(("foot", i), math.inf) for i in range(len(found))]
        np.testing.assert_allclose(router.times_s(found), expected, rtol=1e-9, atol=1e-6)


@needs_data
@pytest.mark.slow
def test_detours_in_portland_are_ones_to_run(portland: StreetNetwork) -> None:
    criteria = Criteria()
    found = climbs.find(portland, criteria)
    twice, missing = [], 0
    for k, door in enumerate(doors(portland, 60)):
        router = Router(portland, door, criteria)
        near = np.flatnonzero(router.times_s(found) < 600)
        for row in np.random.default_rng(k).permutation(near)[:2].tolist():
            climb = found[row]
            route = router.approach(climb)
            check(portland, router, climb, route)
            assert not turns_back(route)
            assert route.time_s <= 1200
            missing += route.time_s < 600
            if route.shape == "detour":
                assert route.time_s >= 600
                twice.append(run_twice(portland, route))
            if on_hill(portland, route, climb) > 10:
                points = {"door": router.snap.position, "foot": climb.foot}
                graph = exported(portland, criteria, points, kept_off(router, climb))
                off = nx.MultiDiGraph(
                    (u, v, d) for u, v, d in graph.edges(data=True) if not d["hill"]
                )
                least = math.inf
                if {"door", "foot"} <= set(off) and nx.has_path(off, "door", "foot"):
                    least = nx.dijkstra_path_length(off, "door", "foot", weight="time")
                assert least > 1200
    print(f"run twice: median {np.median(twice):.3f}, worst {max(twice):.3f} of {len(twice)}")  # noqa: T201
    assert len(twice) > 60
    assert np.median(twice) < 0.02
    assert np.quantile(twice, 0.95) < 0.1
    assert max(twice) < 0.4
    assert missing <= 0.05 * len(twice)
