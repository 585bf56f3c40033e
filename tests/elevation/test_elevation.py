"""Heights along streets: laws, a slow oracle, answers known on paper, and real towns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from hillfinder.demo import files
from hillfinder.demo.terrain import height_m
from hillfinder.demo.town import CRS, KNOWN_HILLS, KnownHill
from hillfinder.elevation.profiles import smoothing, uncertainty
from hillfinder.elevation.profiles.attach import SHARPEST_BEND_DEG, attach
from hillfinder.elevation.profiles.sampling import ROUND_ABOUT_M, SPACING_M, place_samples
from hillfinder.elevation.profiles.structures import SHORTEST_APPROACH_M
from hillfinder.elevation.profiles.uncertainty import PLACE_PER_CELL, STREET_OFF_M, TRAIL_OFF_M
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.errors import HeightsError
from hillfinder.model import HeightSource, Leg, StreetSource
from hillfinder.streets.builder import build
from hillfinder.streets.geometry.strokes import continuations
from hillfinder.streets.raw import RawStreets
from hillfinder.streets.sources import osm_file, osmnx_graph
from tests.accuracy.ground import Grid, noisier
from tests.towns import (
    DATA,
    LAT,
    LON,
    METRES,
    STREET,
    Formula,
    lonlat,
    metres,
    needs_data,
    town,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hillfinder.model import Bools, Floats
    from hillfinder.streets.network import Profiles, StreetNetwork

BRIDGE = {**STREET, "bridge": "yes", "layer": "1"}


def ground(height: Callable[[Floats], Floats], cell_m: float = 0.1) -> Formula:
    """Return land whose height depends on the true metres east alone."""
    return Formula(lambda x, y: height(x * EAST) + 0 * y, cell_m)


def tilted(east: float, north: float, cell_m: float = 0.1) -> Formula:
    """Return a plane, at 500 m in the middle of the town."""
    return Formula(lambda x, y: 500 + east * x + north * y, cell_m)


def random_town(seed: int) -> StreetNetwork:
    """Return a tangle of streets, some of them stubs."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 12))
    spots = rng.uniform(0, 200, (count, 2))
    spots[0] = spots[1] + rng.uniform(-2, 2, 2)
    nodes = {i: (float(x), float(y)) for i, (x, y) in enumerate(spots)}
    ways = [
        (way, rng.choice(count, size=int(rng.integers(2, 5)), replace=False).tolist(), STREET)
        for way in range(1, int(rng.integers(2, 7)))
    ]
    return town(ways, nodes)


def hilly(seed: int) -> Formula:
    rng = np.random.default_rng(seed)
    waves = rng.uniform(30, 400, (4, 2))
    return Formula(
        lambda x, y: 300 + sum(0.02 * wave.sum() * np.sin(x / wave[0] + y / wave[1])
                               for wave in waves),
        cell_m=float(rng.choice([1.0, 10.0, 30.0])),
    )  # fmt: skip


def profiles(network: StreetNetwork) -> Profiles:
    assert network.profiles is not None
    return network.profiles


def edges_of(network: StreetNetwork, way_id: int) -> list[int]:
    return [
        edge for edge in range(len(network)) if way_id in network.ways.ids[network.edge_way[edge]]
    ]


@dataclass(frozen=True)
class Along:
    """The profile of ways that lie end to end, or of one edge."""

    distance: Floats
    height: Floats
    sigma: Floats
    trusted: Bools


def along(network: StreetNetwork, *edges: int) -> Along:
    """Return the profile along edges, each one in its own direction, laid end to end."""
    found, start = profiles(network), 0.0
    parts: list[tuple[Floats, Floats, Floats, Bools]] = []
    for edge in edges:
        at = slice(found.offset[edge], found.offset[edge + 1])
        parts.append(
            (
                found.distance_m[at] + start,
                found.elevation_m[at],
                found.sigma_m[at],
                found.trusted[at],
            )
        )
        start += float(network.edge_length_m[edge])
    distance, height, sigma, trusted = zip(*parts, strict=True)
    return Along(
        np.concatenate(distance),
        np.concatenate(height),
        np.concatenate(sigma),
        np.concatenate(trusted),
    )


def way(network: StreetNetwork, *way_ids: int) -> Along:
    return along(network, *(edge for way_id in way_ids for edge in edges_of(network, way_id)))


#: True length of a street to the east over its length on the helpers' sphere.
EAST = float(Geod(ellps="WGS84").inv(*lonlat(0, 0), *lonlat(100, 0))[2] / 100)


def straight(*pieces: tuple[float, dict[str, str]]) -> StreetNetwork:
    """Return a street to the east in ways of so many metres, with ids 1, 2, and so on."""
    at = np.concatenate([[0.0], np.cumsum([length for length, _ in pieces])])
    nodes = {i: (float(x) / EAST, 0.0) for i, x in enumerate(at)}
    return town([(i + 1, [i, i + 1], tags) for i, (_, tags) in enumerate(pieces)], nodes)


# --- Laws -----------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_samples_lie_every_10_m_and_junctions_have_one_height(seed: int) -> None:
    network = attach(random_town(seed), hilly(seed))
    found = profiles(network)
    assert len(found.offset) == len(network) + 1
    at_node: dict[int, set[float]] = {}
    for edge in range(len(network)):
        profile = along(network, edge)
        assert profile.distance[0] == 0.0
        assert profile.distance[-1] == pytest.approx(network.edge_length_m[edge])
        gaps = np.diff(profile.distance)
        assert 0 < gaps.min() <= gaps.max() <= SPACING_M + 1e-6
        at_node.setdefault(int(network.edge_u[edge]), set()).add(float(profile.height[0]))
        at_node.setdefault(int(network.edge_v[edge]), set()).add(float(profile.height[-1]))
    assert {len(heights) for heights in at_node.values()} == {1}
    assert found.trusted.all()
    assert (found.sigma_m > 0).all()
    for array in (found.distance_m, found.elevation_m, found.sigma_m, found.trusted):
        assert not array.flags.writeable


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lift=st.floats(-700, 5000))
def test_raising_the_land_changes_no_grade(seed: int, lift: float) -> None:
    network, land = random_town(seed), hilly(seed)
    raised = Formula(lambda x, y: land.height(x, y) + lift, land.cell_m)
    before, after = profiles(attach(network, land)), profiles(attach(network, raised))
    np.testing.assert_allclose(after.elevation_m, before.elevation_m + lift, atol=1e-6)
    np.testing.assert_allclose(after.sigma_m, before.sigma_m, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    east=st.floats(-0.3, 0.3),
    north=st.floats(-0.3, 0.3),
    cell=st.sampled_from([1.0, 10.0, 30.0, 90.0]),
)
def test_straight_streets_on_a_plane_keep_their_grade(
    seed: int, east: float, north: float, cell: float
) -> None:
    rng = np.random.default_rng(seed)
    # Every street ends dead: where two meet alone, they are one street that turns.
    xs, ys = (np.cumsum(rng.choice([0.5, 3.0, 40.0, 77.0], 6)) for _ in range(2))
    nodes = {10 * i + j: (float(x), float(y)) for i, x in enumerate(xs) for j, y in enumerate(ys)}
    ways = [(1 + i, [10 * i + j for j in range(6)], STREET) for i in range(1, 5)]
    ways += [(11 + j, [10 * i + j for i in range(6)], STREET) for j in range(1, 5)]
    plane = tilted(east, north, cell)
    network = attach(town(ways, nodes), plane)
    found = profiles(network)
    heights = plane(network.node_lon, network.node_lat)
    for offset, node in (
        (found.offset[:-1], network.edge_u),
        (found.offset[1:] - 1, network.edge_v),
    ):
        np.testing.assert_allclose(found.elevation_m[offset], heights[node], atol=0.002)


def position(network: StreetNetwork, edge: int, at: float) -> tuple[Floats, Floats]:
    """Return longitude and latitude of a point on an edge."""
    drawn = slice(network.point_offset[edge], network.point_offset[edge + 1])
    x, y = network.point_x_m[drawn], network.point_y_m[drawn]
    distance = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    lon = np.interp([at], distance, network.point_lon[drawn])
    lat = np.interp([at], distance, network.point_lat[drawn])
    return lon, lat


def side_slope(network: StreetNetwork, edge: int, at: float, heights: Formula) -> float:
    """Return the ground's grade across an edge, over a cell or 10 m to either side."""
    reach = max(10.0, heights.cell_m)
    length = float(network.edge_length_m[edge])
    (x0, y0), (x1, y1) = (
        metres(*(part[0] for part in position(network, edge, spot)))
        for spot in (max(0.0, at - 2), min(length, at + 2))
    )
    size = float(np.hypot(x1 - x0, y1 - y0))
    x, y = metres(*position(network, edge, at))
    east, north = -(y1 - y0) / size * reach, (x1 - x0) / size * reach
    left, right = heights.height(x - east, y - north), heights.height(x + east, y + north)
    return float(abs(left - right)[0]) / (2 * reach)


def oracle(network: StreetNetwork, heights: Formula) -> Floats:
    """Read, weigh and smooth with loops over edges and a dense matrix."""
    found = profiles(network)
    places: list[list[int]] = []
    numbers: dict[tuple[str, int, int], int] = {}

    def number(kind: str, one: int, other: int = 0) -> int:
        return numbers.setdefault((kind, one, other), len(numbers))

    gaps: list[list[float]] = []
    for edge in range(len(network)):
        distance = found.distance_m[found.offset[edge] : found.offset[edge + 1]]
        inner = [number("edge", edge, k) for k in range(1, len(distance) - 1)]
        u, v = int(network.edge_u[edge]), int(network.edge_v[edge])
        places.append([number("node", u), *inner, number("node", v)])
        gaps.append(np.diff(distance).tolist())
    read, weight = np.zeros((2, len(numbers)))
    place: list[list[float]] = [[] for _ in numbers]
    normal = np.zeros((len(numbers), len(numbers)))
    strength = (smoothing.wavelength_m(heights.source) / (2 * np.pi)) ** 4

    def bend(before: int, here: int, after: int, back: float, ahead: float) -> None:
        back, ahead = max(back, 0.1), max(ahead, 0.1)
        second = np.zeros(len(numbers))
        second[before] += 1 / back
        second[after] += 1 / ahead
        second[here] -= 1 / back + 1 / ahead
        normal[:] += strength * np.outer(second, second) / ((back + ahead) / 2)

    for edge, row in enumerate(places):
        distance = found.distance_m[found.offset[edge] : found.offset[edge + 1]]
        for k, sample in enumerate(row):
            read[sample] = heights(*position(network, edge, float(distance[k])))[0]
        for k, sample in enumerate(row):
            side = side_slope(network, edge, float(distance[k]), heights)
            steps = [i for i in (k - 1, k) if 0 <= i < len(gaps[edge])]
            slope = max(abs(read[row[i + 1]] - read[row[i]]) / gaps[edge][i] for i in steps)
            off = np.hypot(
                STREET_OFF_M * side, PLACE_PER_CELL * heights.cell_m * np.hypot(side, slope)
            )
            place[sample].append(off**2)
        for k, gap in enumerate(gaps[edge]):
            weight[row[k]] += gap / 2
            weight[row[k + 1]] += gap / 2
            if k:
                bend(row[k - 1], row[k], row[k + 1], gaps[edge][k - 1], gap)
    pairs = continuations(network, np.ones(len(network), bool), SHARPEST_BEND_DEG)
    for end, mate in enumerate(pairs.tolist()):
        if mate > end:  # there are no stairs in these towns
            one, other = places[end >> 1], places[mate >> 1]
            one_gap, other_gap = gaps[end >> 1], gaps[mate >> 1]
            if end & 1:
                one, one_gap = one[::-1], one_gap[::-1]
            if mate & 1:
                other, other_gap = other[::-1], other_gap[::-1]
            bend(one[1], one[0], other[1], one_gap[0], other_gap[0])
    own = uncertainty.expected_error_m(heights.source)
    trust = own**2 / (own**2 + np.array([np.mean(each) for each in place]))
    weight = np.maximum(weight, 0.1)
    pull = np.diag(weight)
    for edge, row in enumerate(places):
        for k, gap in enumerate(gaps[edge]):
            difference = np.zeros(len(numbers))
            difference[row[k + 1]] += 1
            difference[row[k]] -= 1
            pull += ROUND_ABOUT_M**2 / max(gap, 0.1) * np.outer(difference, difference)
    weight = weight * trust / np.linalg.solve(pull, weight * trust)
    smoothed = np.linalg.solve(normal + np.diag(weight), weight * read)
    return np.concatenate([smoothed[row] for row in places])


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_grade_line_is_what_a_slow_oracle_draws(seed: int) -> None:
    network, land = random_town(seed), hilly(seed)
    attached = attach(network, land)
    np.testing.assert_allclose(profiles(attached).elevation_m, oracle(attached, land), atol=0.005)


def test_heights_are_asked_for_under_the_streets_and_then_beside_them() -> None:
    heights = hilly(1)
    network = attach(random_town(1), heights)
    under, beside = heights.calls
    assert under <= len(profiles(network).distance_m)
    assert beside == 2 * len(profiles(network).distance_m)


def test_the_network_given_is_left_alone() -> None:
    network = random_town(2)
    attached = attach(network, hilly(2))
    assert network.profiles is None
    assert attached.point_x_m is network.point_x_m


# --- Unknown --------------------------------------------------------------------------------------


def test_nothing_known_is_an_error() -> None:
    with pytest.raises(HeightsError, match="a formula knows no height on these streets"):
        attach(straight((300, STREET)), ground(lambda x: np.full_like(x, np.nan)))


def test_what_is_no_terrain_is_an_error() -> None:
    saw = ground(lambda x: 500 * (np.round(x / 10) % 2))
    with pytest.raises(HeightsError, match="steeper than 45 degrees"):
        attach(straight((300, STREET)), saw)


def test_a_void_stays_a_void() -> None:
    holed = ground(lambda x: np.where((x > 95) & (x < 155), np.nan, 0.1 * x))
    profile = way(attach(straight((300, STREET)), holed), 1)
    void = (profile.distance > 95) & (profile.distance < 155)
    np.testing.assert_array_equal(np.isnan(profile.height), void)
    np.testing.assert_array_equal(profile.trusted, ~void)
    np.testing.assert_allclose(profile.height[~void], 0.1 * profile.distance[~void], atol=1e-4)


def test_far_streets_do_not_bridge_a_void() -> None:
    # Both parts of the street are smoothed apart: a step across the void stays a step.
    stepped = ground(
        lambda x: np.where((x > 95) & (x < 155), np.nan, np.where(x < 100, 0, 50.0)), 30.0
    )
    profile = way(attach(straight((300, STREET)), stepped), 1)
    np.testing.assert_allclose(profile.height[profile.distance < 95], 0, atol=1e-6)
    np.testing.assert_allclose(profile.height[profile.distance > 155], 50, atol=1e-6)


# --- Bridges, tunnels, decks ----------------------------------------------------------------------


def gorge(width: float = 60.0, depth: float = 20.0) -> Formula:
    """Return ground that is level but for a gorge from x = 100 on."""
    return ground(lambda x: np.where((x > 100.01) & (x < 99.99 + width), 50 - depth, 50.0))


def untrusted_between(profile: Along, low: float, high: float) -> None:
    """Hold that a profile is trusted outside a stretch alone; its very ends may go either way."""
    at = profile.distance
    clear = (np.abs(at - low) > 0.05) & (np.abs(at - high) > 0.05)
    within = (at > low) & (at < high)
    assert 0 < within[clear].sum() < clear.sum()
    np.testing.assert_array_equal(profile.trusted[clear], ~within[clear])


@pytest.mark.parametrize("pieces", [(60.0,), (30.0, 30.0), (7.0, 1.5, 51.5)])
@pytest.mark.parametrize("key", ["bridge", "tunnel"])
def test_a_bridge_runs_straight_and_is_not_trusted(pieces: tuple[float, ...], key: str) -> None:
    spans = [(length, {**STREET, key: "yes"}) for length in pieces]
    network = straight((100, STREET), *spans, (100, STREET))
    profile = way(attach(network, gorge()), *range(1, 3 + len(pieces)))
    np.testing.assert_allclose(profile.height, 50, atol=1e-6)
    untrusted_between(profile, 100 - SHORTEST_APPROACH_M, 160 + SHORTEST_APPROACH_M)


@pytest.mark.parametrize(("cell", "reach"), [(5.0, 20.0), (15.0, 30.0), (90.0, 50.0)])
def test_the_approach_to_a_bridge_is_two_cells_long(cell: float, reach: float) -> None:
    network = straight((200, STREET), (8, BRIDGE), (200, STREET))
    profile = way(attach(network, ground(lambda x: 0 * x + 50, cell)), 1, 2, 3)
    untrusted_between(profile, 200 - reach, 208 + reach)


def test_the_approach_goes_round_every_corner() -> None:
    # Three streets leave the bridgehead, one of them after a stub of 5 m.
    nodes = {0: (0.0, 0.0), 1: (60.0, 0.0), 2: (65.0, 0.0), 3: (60.0, 90.0), 4: (65.0, -90.0)}
    ways = [(1, [0, 1], BRIDGE), (2, [1, 2], STREET), (3, [1, 3], STREET), (4, [2, 4], STREET)]
    network = attach(town(ways, nodes), Formula(lambda x, y: 0.1 * y + 0 * x))
    assert not way(network, 2).trusted.any()
    for way_id, gone in ((3, 0.0), (4, 5.0)):
        untrusted_between(way(network, way_id), -1.0, SHORTEST_APPROACH_M - gone)


def test_a_covered_way_is_straight_and_has_no_approach() -> None:
    covered = {"highway": "footway", "covered": "yes"}
    network = straight((100, STREET), (60, covered), (100, STREET))
    profile = way(attach(network, gorge()), 1, 2, 3)
    untrusted_between(profile, 99.9, 160.1)
    np.testing.assert_allclose(profile.height, 50, atol=1e-6)


@pytest.mark.parametrize("pieces", [(60.0,), (30.0, 30.0), (7.0, 1.5, 51.5)])
def test_a_bridge_between_two_heights_has_one_grade(pieces: tuple[float, ...]) -> None:
    land = ground(lambda x: np.where(x < 130, 10.0, 22.0) - 30 * (np.abs(x - 130) < 29.99))
    spans = [(length, BRIDGE) for length in pieces]
    network = attach(straight((100, STREET), *spans, (100, STREET)), land)
    profile = way(network, *range(1, 3 + len(pieces)))
    between = (profile.distance > 85) & (profile.distance < 175)
    # From the last ground that is trusted, 79 m on, to the first on the other side.
    line = np.interp(profile.distance, [75, 185], [10, 22])[between]
    np.testing.assert_allclose(profile.height[between], line, atol=0.6)


def test_bridges_that_meet_have_one_surface() -> None:
    # A pier in mid-air with three arms to ground at 10, 10 and 40 m: 20 m where they meet.
    nodes = {0: (0.0, 0.0)} | {
        i: (150 * np.cos(a), 150 * np.sin(a)) for i, a in enumerate((0, 2.1, 4.2), 1)
    }
    nodes |= {i + 10: (3 * x, 3 * y) for i, (x, y) in nodes.items() if i}
    ways = [(i, [0, i], BRIDGE) for i in (1, 2, 3)]
    ways += [(i + 10, [i, i + 10], STREET) for i in (1, 2, 3)]

    def land(x: Floats, y: Floats) -> Floats:
        far = np.hypot(x, y) > 145
        return np.where(far, np.where(x > 100, 40.0, 10.0), -50.0)

    network = attach(town(ways, nodes), Formula(land))
    middle = along(network, edges_of(network, 1)[0]).height[0]
    assert middle == pytest.approx(20.0, abs=0.1)


def test_a_bridge_to_a_void_is_unknown() -> None:
    holed = ground(lambda x: np.where(x > 120, np.nan, 50.0))
    network = attach(straight((100, STREET), (60, BRIDGE), (100, STREET)), holed)
    profile = way(network, 1, 2, 3)
    untrusted_between(profile, 100 - SHORTEST_APPROACH_M, np.inf)
    np.testing.assert_array_equal(np.isnan(profile.height), ~profile.trusted)


def test_a_bridge_to_a_void_spoils_no_other() -> None:
    nodes = {i: (100.0 * i, 0.0) for i in range(4)} | {10 + i: (100.0 * i, 400.0) for i in range(4)}
    chains = ((1, [0, 1]), (2, [1, 2]), (3, [2, 3]), (4, [10, 11]), (5, [11, 12]), (6, [12, 13]))
    ways = [(way_id, chain, BRIDGE if way_id in {2, 5} else STREET) for way_id, chain in chains]
    holed = Formula(lambda x, y: np.where((x > 150) & (y > 200), np.nan, 0.1 * x))
    network = attach(town(ways, nodes), holed)
    assert np.isnan(way(network, 5).height).all()
    np.testing.assert_allclose(way(network, 2).height, np.linspace(10, 20, 12), atol=0.2)


def test_a_bridge_that_leads_nowhere_is_unknown() -> None:
    nodes = {0: (0.0, 0.0), 1: (300.0, 0.0), 2: (0.0, 500.0), 3: (90.0, 500.0)}
    network = town([(1, [0, 1], STREET), (2, [2, 3], BRIDGE)], nodes)
    attached = attach(network, ground(lambda x: 0 * x + 7))
    assert np.isnan(way(attached, 2).height).all()
    assert not np.isnan(way(attached, 1).height).any()


@pytest.mark.parametrize("deck", [BRIDGE, {"railway": "rail", "bridge": "viaduct"},
                                  {"highway": "motorway", "bridge": "yes"}])  # fmt: skip
def test_a_street_under_a_deck_keeps_its_own_height(deck: dict[str, str]) -> None:
    nodes = {0: (0.0, 0.0), 1: (400 / EAST, 0.0), 2: (200 / EAST, -150.0), 3: (200 / EAST, 150.0)}
    network = town([(1, [0, 1], STREET), (2, [2, 3], deck)], nodes)
    surface = ground(lambda x: 0.03 * x + 12 * (np.abs(x - 200) < 8))
    profile = way(attach(network, surface), 1)
    np.testing.assert_allclose(profile.height, 0.03 * profile.distance, atol=1e-3)
    under = np.abs(profile.distance - 200) < 8
    assert not profile.trusted[under].any()
    assert profile.trusted[np.abs(profile.distance - 200) > 25].all()


# --- Doubt ----------------------------------------------------------------------------------------


def told(network: StreetNetwork, source: HeightSource, misfit_m: float = 0.0) -> float:
    """Return the doubt of a street that lies on a plane, flat across."""
    street_m = network.total_length_m
    own = uncertainty.learned_error_m(
        source, np.full(99, misfit_m), street_m, profiles(network).blur
    )
    return own * uncertainty.share_left(profiles(network).blur)


@pytest.mark.parametrize(("highway", "off"), [("residential", STREET_OFF_M), ("path", TRAIL_OFF_M)])
def test_doubt_grows_with_the_side_slope(highway: str, off: float) -> None:
    network = straight((300, {"highway": highway}))
    level = 0.0
    for slope in (0.0, 0.1, 0.3, 0.6):
        land = tilted(0.0, slope)
        attached = attach(network, land)
        sigma = way(attached, 1).sigma
        level = level or float(sigma[0])
        assert sigma[0] == pytest.approx(told(attached, land.source), rel=0.01) or slope
        more = off * slope * uncertainty.share_left(profiles(attached).blur)
        np.testing.assert_allclose(sigma, np.hypot(level, more), rtol=0.01)


def test_doubt_grows_with_the_cell() -> None:
    network = straight((300, STREET))
    sigmas = [
        way(attach(network, ground(lambda x: 0.05 * x, cell)), 1).sigma.mean()
        for cell in (1.0, 10.0, 30.0, 90.0)
    ]
    assert sigmas == sorted(sigmas)
    assert 0.1 < sigmas[0] < 0.2 < sigmas[1] < 0.5 < sigmas[2] < 1.2 < sigmas[3] < 4


def test_a_street_on_a_bank_is_in_doubt() -> None:
    banked = {**STREET, "embankment": "yes"}
    plain, doubted = (
        way(attach(straight((300, tags)), ground(lambda x: 0.05 * x)), 1).sigma.mean()
        for tags in (STREET, banked)
    )
    assert doubted > plain + 1


def test_doubt_grows_beside_a_void() -> None:
    lake = Formula(lambda x, y: np.where(y > 8, np.nan, 0.05 * x))
    dry, wet = (
        way(attach(straight((300, STREET)), land), 1).sigma.mean()
        for land in (ground(lambda x: 0.05 * x), lake)
    )
    assert wet == pytest.approx(dry * 2**0.5, rel=0.05)


def test_doubt_grows_where_the_line_leaves_the_readings() -> None:
    bumps = ground(lambda x: 0.05 * x + 3 * np.sin(x / 3) * (np.abs(x - 1000) < 100), 10.0)
    sigma = way(attach(straight((2000, STREET)), bumps), 1).sigma
    assert sigma[95:105].min() > 1
    assert sigma[:60].max() < 0.4


@pytest.mark.parametrize("noise_m", [1.0, 2.0, 4.0])
def test_a_models_error_is_learnt_from_the_streets(noise_m: float) -> None:
    # 16 km of streets on level ground that a model of 30 m has wrong as such models do.
    nodes = {10 * i + j: (400.0 * j - 1600, 400.0 * i - 1600) for i in range(9) for j in range(9)}
    ways = [(1 + i, [10 * i + j for j in range(9)], STREET) for i in range(9)]
    step = 30 / METRES
    east = step / float(np.cos(np.radians(LAT)))
    level = Grid("level", np.full((140, 140), 100.0), LON - 70 * east, LAT + 70 * step, east, step)
    network = attach(town(ways, nodes), noisier(level, noise_m, seed=7))
    found = profiles(network)
    assert np.median(found.sigma_m) / uncertainty.share_left(found.blur) == pytest.approx(
        noise_m, rel=0.3
    )
    assert np.std(found.elevation_m) == pytest.approx(np.median(found.sigma_m), rel=0.3)


@pytest.mark.parametrize("side", [-1, 1])
def test_one_side_will_do_for_the_side_slope(side: int) -> None:
    def half(x: Floats, y: Floats) -> Floats:
        return np.where(side * y > 1, np.nan, 0.4 * y + 0 * x)

    network = straight((300, STREET))
    one, both = (way(attach(network, land), 1).sigma for land in (Formula(half), tilted(0.0, 0.4)))
    np.testing.assert_allclose(one, both, rtol=0.02)


# --- Odd streets ----------------------------------------------------------------------------------


def test_nodes_on_one_spot() -> None:
    network = straight((100, STREET), (0, STREET), (100, STREET))
    profile = way(attach(network, ground(lambda x: 0.05 * x)), 1, 2, 3)
    np.testing.assert_allclose(profile.height, 0.05 * profile.distance, atol=0.05)


def test_a_ring_is_smoothed_all_round() -> None:
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    nodes = {i: (100 * float(np.cos(a)), 100 * float(np.sin(a))) for i, a in enumerate(angles)}
    network = town([(1, [*range(60), 0], STREET)], nodes)
    profile = way(attach(network, ground(lambda x: 0.1 * x, 10.0)), 1)
    # A wave of 628 m, of which 70 m of smoothing leave nearly all; no kink where the ring begins.
    expected = 10 * np.cos(2 * np.pi * profile.distance / profile.distance[-1])
    np.testing.assert_allclose(profile.height, expected, atol=0.1)
    assert profile.height[0] == profile.height[-1]


class _Recorder:
    """Heights of a plain at the antimeridian, which remember what they were asked."""

    def __init__(self) -> None:
        self.lon = np.empty(0)

    @property
    def source(self) -> HeightSource:
        return HeightSource("a plain", "bare earth", 10.0)

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        self.lon = lon
        return 0 * lat


def test_a_street_across_the_antimeridian() -> None:
    raw = RawStreets(
        node_id=np.array([1, 2, 3]),
        lon=np.array([179.999, -179.999, -179.998]),
        lat=np.array([-16.8, -16.8, -16.8]),
        way_offset=np.array([0, 2, 3 + 1]),
        way_node=np.array([0, 1, 1, 2]),
        way_ids=[(1,), (2,)],
        tags=[STREET, STREET],
        source=StreetSource("Taveuni"),
    )
    network = build(raw)
    assert network.total_length_m == pytest.approx(3 * 106.6, rel=0.01)
    heights = _Recorder()
    attached = attach(network, heights)
    assert np.abs(heights.lon).min() > 179.99
    assert np.abs(heights.lon).max() < 180.0001
    assert along(attached, 0).distance[-1] == pytest.approx(213.2, rel=0.01)


# --- The made-up town -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gradely(tmp_path_factory: pytest.TempPathFactory) -> StreetNetwork:
    written = files.write_town(tmp_path_factory.mktemp("gradely"))
    return attach(osm_file.read_extract(written.osm), Raster([written.dem]))


@pytest.mark.parametrize("way_id", [604, 608, 703])
def test_bridge_tunnel_and_underpass_of_gradely_are_level(
    gradely: StreetNetwork, way_id: int
) -> None:
    profile = way(gradely, way_id)
    assert np.ptp(profile.height) < 0.1
    if way_id != 608:
        assert not profile.trusted.any()


def test_trusted_heights_of_gradely_are_true(gradely: StreetNetwork) -> None:
    found = profiles(gradely)
    to_metres = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    errors = []
    for edge in range(len(gradely)):
        drawn = slice(gradely.point_offset[edge], gradely.point_offset[edge + 1])
        x, y = to_metres.transform(gradely.point_lon[drawn], gradely.point_lat[drawn])
        at = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        profile = along(gradely, edge)
        truth = height_m(np.interp(profile.distance, at, x), np.interp(profile.distance, at, y))
        errors.append(np.abs(profile.height - truth)[profile.trusted])
    error = np.concatenate(errors)
    assert found.trusted.mean() > 0.95
    assert np.quantile(error, 0.99) < 0.25
    assert error.max() < 1.0


@pytest.mark.parametrize(
    "hill",
    [
        hill
        for hill in KNOWN_HILLS
        if hill.on_ground and len(hill.stretch) == 2 and hill.grade and "private" not in hill.why
    ],
    ids=lambda hill: f"{hill.name or 'unnamed'} {hill.way_ids[0]}",
)
def test_grades_of_gradely(gradely: StreetNetwork, hill: KnownHill) -> None:
    slopes: list[float] = []
    for edge in (edge for way_id in hill.way_ids for edge in edges_of(gradely, way_id)):
        profile = along(gradely, edge)
        if len(profile.distance) > 1:
            slopes += np.abs(np.diff(profile.height) / np.diff(profile.distance)).tolist()
    assert max(slopes) == pytest.approx(hill.grade, abs=0.006)


# --- Real towns -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portland() -> StreetNetwork:
    folder = DATA / "portland"
    return attach(
        osm_file.read_extract(folder / "portland-central-filtered.osm.pbf"),
        Raster([folder / "portland-ned.tif"]),
    )


def ends(network: StreetNetwork, edges: Iterable[int]) -> list[float]:
    """Return the grade of each edge from end to end."""
    return [
        float((profile.height[-1] - profile.height[0]) / profile.distance[-1])
        for profile in (along(network, edge) for edge in edges)
    ]


@needs_data
def test_nothing_is_known_beyond_portlands_model(portland: StreetNetwork) -> None:
    found = profiles(portland)
    known = ~np.isnan(found.elevation_m)
    assert not (found.trusted & ~known).any()
    beyond = (portland.point_lat < 45.49) | (portland.point_lon < -122.71)
    near = np.logical_or.reduceat(beyond, portland.point_offset[:-1])
    assert near.sum() > 10
    for edge in np.flatnonzero(near & ~portland.ways.structure[portland.edge_way]).tolist():
        track = portland.track([Leg(edge, 0.0, float(portland.edge_length_m[edge]))])
        outside = (track.lat < 45.49) | (track.lon < -122.71)
        assert outside.any()
        assert np.isnan(track.elevation_m[outside]).all()
    assert 0.7 < known.mean() < 0.98
    assert -5 < np.nanmin(found.elevation_m) < np.nanmax(found.elevation_m) < 340


@needs_data
@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("Southwest Vista Avenue", 0.08),
        ("Broadway Bridge", 0.07),
        ("Steel Bridge", 0.03),
        ("Ross Island Bridge", 0.02),
        ("Morrison Bridge", 0.08),
    ],
)
def test_bridges_of_portland_are_not_steep(portland: StreetNetwork, name: str, most: float) -> None:
    bridges = portland.ways.structure[portland.edge_way] & (portland.edge_tag("name") == name)
    grades = np.abs(ends(portland, np.flatnonzero(bridges).tolist()))
    assert len(grades) > 0
    assert np.nanmax(grades) < most


@needs_data
@pytest.mark.parametrize(
    ("way_id", "grade"), [(5543310, 0.236), (68867700, 0.195), (5535626, 0.183), (5537748, 0.156)]
)
def test_steep_streets_of_portland_are_steep(
    portland: StreetNetwork, way_id: int, grade: float
) -> None:
    # What plain reading gives over 100 m: some 10 m of it are steeper, and smoothing rounds it off.
    profile = way(portland, way_id)
    slope = np.abs(np.diff(profile.height)) / np.maximum(np.diff(profile.distance), 0.1)
    assert 0.8 * grade < np.nanmax(slope) < 1.7 * grade


@needs_data
def test_monaco_and_grenoble_have_profiles() -> None:
    monaco = attach(
        osm_file.read_extract(DATA / "monaco" / "monaco.osm.gz"),
        Raster([DATA / "monaco" / "N43E007.hgt.zip"]),
    )
    assert (profiles(monaco).sigma_m > 2.0).all()
    trails = attach(
        osmnx_graph.read_graphml(DATA / "grenoble" / "osm_graph.graphml"),
        Raster([DATA / "grenoble" / "dem.tif"]),
    )
    height = profiles(trails).elevation_m
    assert np.isnan(height).mean() < 0.3
    assert 300 < np.nanmin(height) < np.nanmax(height) < 1700


def test_a_void_near_by_does_not_make_the_model_look_better() -> None:
    def waves(x: Floats) -> Floats:
        return 100 + 2 * np.sin(x / 12)

    street = straight((800, STREET))
    whole = profiles(attach(street, ground(waves, 30.0)))
    holed = profiles(attach(street, ground(lambda x: np.where(x > 400, np.nan, waves(x)), 30.0)))
    beside = np.flatnonzero((whole.distance_m > 350) & (whole.distance_m < 390))
    np.testing.assert_allclose(holed.misfit_m[beside], whole.misfit_m[beside], rtol=0.1)


# --- Round about ----------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1.0, 4.0, 9.0])
def test_what_lies_round_about_is_measured_in_metres(piece: float) -> None:
    # A street in pieces of a few metres, and then whole: a bump in either has the same width.
    count = int(400 / piece)
    network = straight(*[(piece, STREET)] * count, (400, STREET))
    laid = place_samples(network)
    place = laid.one_place_each()
    at = laid.x_m[place] - laid.x_m.min()
    widths = []
    for middle in (piece * count / 2, piece * count + 200):
        bump = np.exp(-(((at - middle) / 15) ** 2))
        found = laid.round_about(bump)
        mass = found * laid.street_m
        widths.append(float(np.sqrt((mass * (at - middle) ** 2).sum() / mass.sum())))
    assert widths[0] == pytest.approx(widths[1], rel=0.05)
    np.testing.assert_allclose(laid.round_about(np.full(laid.count, 7.0)), 7.0)


def test_only_what_is_known_counts_round_about() -> None:
    laid = place_samples(straight((600, STREET)))
    at = laid.x_m[laid.one_place_each()] - laid.x_m.min()
    known = at > 300
    found = laid.round_about(np.where(known, 5.0, np.pi), known)
    np.testing.assert_allclose(found, 5.0, atol=1e-3)


def test_a_hillside_is_smoothed_as_level_ground_is() -> None:
    kept = []
    for side in (0.0, 0.5):
        wavy = Formula(lambda x, y, side=side: np.sin(2 * np.pi * x / 60) + side * y, 1.0)  # type: ignore[misc]
        kept.append(
            np.ptp(way(attach(straight((600, {"highway": "path"})), wavy), 1).height[20:40])
        )
    assert kept[1] == pytest.approx(kept[0], rel=0.02)


@pytest.mark.parametrize("cell", [0.0, -1.0, np.nan, np.inf])
def test_a_cell_size_that_is_none_is_refused(cell: float) -> None:
    with pytest.raises(HeightsError, match="give their real size"):
        attach(straight((300, STREET)), ground(lambda x: 0.1 * x, cell))
