"""Climbs of small networks, against an oracle that follows every street with loops and dicts."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from hillfinder.climbs import search as climbs
from hillfinder.climbs.windows import Limits, Line
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from tests.climbs.test_windows import oracle
from tests.towns import Formula, town

if TYPE_CHECKING:
    from hillfinder.streets.network import StreetNetwork

End = tuple[int, str]


def random_town(seed: int) -> StreetNetwork:
    """Return a jittered grid with some streets missing, few names, a bridge, stairs, a drive."""
    rng = np.random.default_rng(seed)
    side = int(rng.integers(2, 5))
    nodes = {
        100 * i + j + 1: (120.0 * i + rng.normal(0, 15), 120.0 * j + rng.normal(0, 15))
        for i in range(side)
        for j in range(side)
    }
    kinds = [
        {"highway": "residential"},
        {"highway": "residential"},
        {"highway": "footway"},
        {"highway": "residential", "bridge": "yes", "layer": "1"},
        {"highway": "steps"},
        {"highway": "service", "service": "driveway"},
    ]
    weights = [0.5, 0.2, 0.15, 0.05, 0.05, 0.05]
    ways: list[tuple[int, list[int], dict[str, str]]] = []
    for a in nodes:
        for b in (a + 1, a + 100):
            if b in nodes and rng.random() < 0.85:
                tags = dict(kinds[rng.choice(len(kinds), p=weights)])
                if rng.random() < 0.6:
                    tags["name"] = str(rng.choice(["Ash", "Birch", "Cedar"]))
                chain = [a, b] if rng.random() < 0.5 else [b, a]
                ways.append((len(ways) + 1, chain, tags))
    if not ways:
        ways.append((1, [1, 2], kinds[0]))
    used = {node for _, chain, _ in ways for node in chain}
    tilt, bump, wave = rng.uniform(-0.12, 0.12, 2), rng.uniform(3, 20), rng.uniform(90, 500)
    heights = Formula(
        lambda x, y: tilt[0] * x + tilt[1] * y + bump * np.sin(x / wave * 6) * np.cos(y / wave * 6)
    )
    return attach(town(ways, {node: nodes[node] for node in used}), heights)


def direction(network: StreetNetwork, end: End) -> float:
    """Return the direction in which an edge leaves a node, over its first 10 m."""
    edge, which = end
    first, last = network.point_offset[edge], network.point_offset[edge + 1]
    points = [
        (float(network.point_x_m[i]), float(network.point_y_m[i])) for i in range(first, last)
    ]
    if which == "v":
        points.reverse()
    ahead = LineString(points).interpolate(10.0)
    return math.atan2(ahead.y - points[0][1], ahead.x - points[0][0])


def partners(network: StreetNetwork) -> dict[End, End]:
    """Pair the ends at each node, best first, by looking at every pair."""
    at: dict[int, list[End]] = {}
    for edge in range(len(network)):
        at.setdefault(int(network.edge_u[edge]), []).append((edge, "u"))
        at.setdefault(int(network.edge_v[edge]), []).append((edge, "v"))
    hill = network.ways.hill
    result: dict[End, End] = {}
    for ends in at.values():
        pairs = []
        for a, b in combinations(sorted(ends), 2):
            if not (hill[network.edge_way[a[0]]] and hill[network.edge_way[b[0]]]):
                continue
            names = [network.ways.column("name")[network.edge_way[end[0]]] for end in (a, b)]
            same = names[0] is not None and names[0] == names[1]
            apart = abs(math.degrees(direction(network, a) - direction(network, b))) % 360
            turn = 180 - min(apart, 360 - apart)
            if len(ends) == 2 or turn <= 30 or (same and turn <= 120):
                pairs.append((not same, round(turn, 3), a, b))
        for _, _, a, b in sorted(pairs):
            if a not in result and b not in result:
                result[a], result[b] = b, a
    return result


def lines(network: StreetNetwork) -> list[list[End]]:
    """Return every street as the ends by which its edges are entered, in both directions."""
    mate = partners(network)
    other = {"u": "v", "v": "u"}
    hill = {e for e in range(len(network)) if network.ways.hill[network.edge_way[e]]}
    found = []
    for edge in hill:
        for which in ("u", "v"):
            if (edge, which) in mate:
                continue
            line = [(edge, which)]
            while (line[-1][0], other[line[-1][1]]) in mate:
                line.append(mate[line[-1][0], other[line[-1][1]]])
            found.append(line)
    left = hill - {edge for line in found for edge, _ in line}
    while left:  # a ring is cut at its lowest junction
        ring = [(min(left), "u")]
        while mate[ring[-1][0], other[ring[-1][1]]] != ring[0]:
            ring.append(mate[ring[-1][0], other[ring[-1][1]]])
        left -= {edge for edge, _ in ring}
        low = min(range(len(ring)), key=lambda i: entry_height(network, ring[i]))
        ring = ring[low:] + ring[:low]
        found += [ring, [(edge, other[which]) for edge, which in reversed(ring)]]
    return found


def entry_height(network: StreetNetwork, end: End) -> float:
    """Return the height of the node at an end of an edge."""
    assert network.profiles is not None
    edge, which = end
    at = network.profiles.offset[edge] if which == "u" else network.profiles.offset[edge + 1] - 1
    return float(network.profiles.elevation_m[at])


def rounded(row: tuple[float, ...]) -> tuple[float, ...]:
    """Return a key that the last bits of a length do not decide."""
    return tuple(round(value, 5) for value in row)


def climbs_by_oracle(network: StreetNetwork, limits: Limits) -> list[tuple[float, ...]]:
    """Return length, gain and foot height of every climb."""
    assert network.profiles is not None
    profiles = network.profiles
    found = []
    for street in lines(network):
        s: list[float] = [0.0]
        z: list[float] = []
        good: list[bool] = []
        for edge, which in street:
            at = slice(profiles.offset[edge], profiles.offset[edge + 1])
            d, h = profiles.distance_m[at], profiles.elevation_m[at]
            t = profiles.trusted[at]
            if which == "v":
                d, h, t = d[-1] - d[::-1], h[::-1], t[::-1]
            if not z:
                z.append(float(h[0]))
                good.append(bool(t[0]))
            s += (s[-1] + d[1:]).tolist()
            z += h[1:].tolist()
            good += t[1:].tolist()
        line = Line(np.array(s), np.array(z))
        begin = None
        for i, fine in enumerate([*good, False]):
            if fine and begin is None:
                begin = i
            if not fine and begin is not None:
                for foot, top, gain in oracle(line, begin, i - 1, limits):
                    height = float(np.interp(foot, line.s, line.z))
                    found.append((top - foot, gain, height))
                begin = None
    return sorted(found, key=rounded)


def without_doubt(network: StreetNetwork) -> StreetNetwork:
    """Return the network with heights that are sure: then what is read is what is claimed."""
    assert network.profiles is not None
    sure = np.full_like(network.profiles.sigma_m, 1e-6)
    return network.with_profiles(replace(network.profiles, sigma_m=sure))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), longest=st.sampled_from([100.0, 200.0, 350.0]))
def test_a_small_town_has_the_hills_that_the_oracle_finds(seed: int, longest: float) -> None:
    network = random_town(seed)
    criteria = Criteria(length_m=(100.0, longest))
    expected = climbs_by_oracle(network, Limits(100.0, longest, criteria.grade_range[0]))
    found = climbs.find(without_doubt(network), criteria)
    actual = sorted(
        ((climb.length_m, climb.gain_m, float(climb.profile.elevation_m[0])) for climb in found),
        key=rounded,
    )
    assert len(actual) == len(expected)
    if expected:
        np.testing.assert_allclose(actual, expected, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_records_agree_with_the_arrays(seed: int) -> None:
    network = random_town(seed)
    found = climbs.find(network, Criteria())
    for row, climb in enumerate(found):
        assert np.isclose(climb.grade, found.grade[row], atol=1e-6)
        assert climb.foot.edge == found.foot_edge[row]
        assert np.isclose(climb.foot.offset_m, found.foot_offset_m[row], atol=1e-6)
        assert 100.0 - 1e-6 <= climb.length_m <= 200.0 + 1e-6
        assert (np.diff(climb.profile.distance_m) > 0).all()
        assert network.ways.hill[network.edge_way[[leg.edge for leg in climb.legs]]].all()
