"""Where streets carry on: laws, and a slow oracle that pairs ends one by one."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hillfinder.streets.geometry.strokes import (
    DIRECTION_OVER_M,
    NAMED_TURN_DEG,
    STRAIGHT_TURN_DEG,
    continuations,
    trace,
)
from hillfinder.streets.sources import osm_file
from tests.towns import DATA, STREET, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.model import Bools, Ints
    from hillfinder.streets.geometry.strokes import Strokes
    from hillfinder.streets.network import StreetNetwork

    Spot = tuple[float, float]


def named(name: str | None, highway: str = "residential") -> dict[str, str]:
    return {"highway": highway} | ({"name": name} if name else {})


def random_town(seed: int) -> StreetNetwork:
    """Return a tangle: crossings, loops, stubs of a metre or two, few names."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 14))
    spots = rng.uniform(0, 150, (count, 2))
    close = int(rng.integers(0, count // 2 + 1))
    spots[:close] = spots[-close:] + rng.uniform(-4, 4, (close, 2)) if close else spots[:close]
    nodes = {i + 1: (float(x), float(y)) for i, (x, y) in enumerate(spots)}
    ways = []
    for way in range(int(rng.integers(1, 9))):
        chain = rng.choice(count, size=int(rng.integers(2, min(count, 6) + 1)), replace=False) + 1
        if rng.random() < 0.2 and len(chain) > 2:
            chain = np.append(chain, chain[0])
        name = rng.choice(np.array([None, "Ash", "Elm"], object))
        highway = "steps" if rng.random() < 0.1 else "residential"
        ways.append((way + 1, chain.tolist(), named(name, highway)))
    return town(ways, nodes)


def hills(network: StreetNetwork) -> Bools:
    return network.ways.hill[network.edge_way]


def drawn(network: StreetNetwork, end: int) -> list[Spot]:
    """Return the points of an edge, from one of its ends on."""
    at = slice(network.point_offset[end >> 1], network.point_offset[(end >> 1) + 1])
    x, y = network.point_x_m[at].tolist(), network.point_y_m[at].tolist()
    line = list(zip(x, y, strict=True))
    return line[::-1] if end & 1 else line


def node_of(network: StreetNetwork, end: int) -> int:
    return int((network.edge_v if end & 1 else network.edge_u)[end >> 1])


def ends_at(network: StreetNetwork) -> Mapping[int, list[int]]:
    met: dict[int, list[int]] = {}
    for end in range(2 * len(network)):
        met.setdefault(node_of(network, end), []).append(end)
    return met


def bearing(network: StreetNetwork, end: int, met: Mapping[int, list[int]]) -> float:
    """Walk 10 m away from a node, over joints of two pieces, and look back."""
    start = drawn(network, end)[0]
    left, spot = DIRECTION_OVER_M, start
    while True:
        line = drawn(network, end)
        for a, b in pairwise(line):
            size = math.dist(a, b)
            if size >= left:
                share = left / size if size else 0.0
                spot = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
                return math.atan2(spot[1] - start[1], spot[0] - start[0])
            left -= size
        here = met[node_of(network, end ^ 1)]
        if len(here) != 2:
            return math.atan2(line[-1][1] - start[1], line[-1][0] - start[0])
        end = here[0] if here[1] == end ^ 1 else here[1]


def turn(one: float, other: float) -> float:
    """Return the degrees between arriving along one bearing and leaving along another."""
    return abs((math.degrees(one - other) + 180 + 180) % 360 - 180)


def oracle(network: StreetNetwork, among: Bools) -> list[int]:
    """Pair ends one after the other: names first, then the straightest."""
    met = ends_at(network)
    names = network.edge_tag("name").tolist()
    partner = [-1] * (2 * len(network))
    for here in met.values():
        choices = []
        for one, other in combinations([end for end in here if among[end >> 1]], 2):
            by = turn(bearing(network, one, met), bearing(network, other, met))
            same = names[one >> 1] is not None and names[one >> 1] == names[other >> 1]
            limit = 180.1 if len(here) == 2 else NAMED_TURN_DEG if same else STRAIGHT_TURN_DEG
            if by <= limit:
                choices.append((not same, round(by, 3), one, other))
        for _, _, one, other in sorted(choices):
            if partner[one] < 0 and partner[other] < 0:
                partner[one], partner[other] = other, one
    return partner


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_ends_are_paired_as_the_oracle_pairs_them(seed: int) -> None:
    network = random_town(seed)
    among = hills(network)
    assert continuations(network, among).tolist() == oracle(network, among)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
def test_laws_of_pairing(seed: int, share: float) -> None:
    network = random_town(seed)
    among = np.random.default_rng(seed).random(len(network)) < share
    partner = continuations(network, among)
    ends = np.arange(len(partner))
    paired = partner >= 0
    np.testing.assert_array_equal(partner[partner[paired]], ends[paired])
    assert not (partner == ends).any()
    assert among[ends[paired] >> 1].all()
    for end in ends[paired].tolist():
        assert node_of(network, end) == node_of(network, int(partner[end]))
    for here in ends_at(network).values():
        if len(here) == 2 and among[here[0] >> 1] and among[here[1] >> 1]:
            assert partner[here[0]] == here[1]


def lines(network: StreetNetwork) -> list[tuple[list[int], list[int], bool]]:
    """Return each stroke as edges, node ids passed, and whether it closes."""
    among = hills(network)
    flat = np.zeros(len(network.node_id))
    found = trace(continuations(network, among), among, flat, network.edge_u, network.edge_v)
    return [stroke(network, found, i) for i in range(len(found.closed))]


def stroke(network: StreetNetwork, found: Strokes, row: int) -> tuple[list[int], list[int], bool]:
    at = slice(found.offset[row], found.offset[row + 1])
    edges, forward = found.edge[at], found.forward[at]
    first = np.where(forward, network.edge_u[edges], network.edge_v[edges])
    last = np.where(forward, network.edge_v[edges], network.edge_u[edges])
    np.testing.assert_array_equal(last[:-1], first[1:])
    nodes = network.node_id[np.append(first, last[-1])]
    return edges.tolist(), nodes.tolist(), bool(found.closed[row])


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_edge_lies_on_one_stroke(seed: int) -> None:
    network = random_town(seed)
    among = hills(network)
    partner = continuations(network, among)
    height = np.random.default_rng(seed).uniform(0, 9, len(network.node_id))
    found = trace(partner, among, height, network.edge_u, network.edge_v)
    assert sorted(found.edge.tolist()) == np.flatnonzero(among).tolist()
    for row in range(len(found.closed)):
        _, nodes, closed = stroke(network, found, row)
        at = slice(found.offset[row], found.offset[row + 1])
        entered = 2 * found.edge[at] + ~found.forward[at]
        np.testing.assert_array_equal(partner[entered[:-1] ^ 1], entered[1:])
        outer = partner[[entered[0], entered[-1] ^ 1]]
        if closed:
            np.testing.assert_array_equal(outer, [entered[-1] ^ 1, entered[0]])
            assert nodes[0] == nodes[-1]
            rows = np.searchsorted(network.node_id, nodes)
            assert height[rows[0]] == height[rows].min()
        else:
            assert (outer == -1).all()


# --- Known on paper -------------------------------------------------------------------------------


def cross(turn_deg: float, *names: str | None) -> StreetNetwork:
    """Return streets that leave one crossing: west, then turned so far, then south."""
    angle = math.radians(turn_deg)
    nodes = {
        0: (0.0, 0.0),
        1: (-100.0, 0.0),
        2: (100 * math.cos(angle), 100 * math.sin(angle)),
        3: (0.0, -100.0),
    }
    return town([(i, [0, i], named(name)) for i, name in enumerate(names, 1)], nodes)


@pytest.mark.parametrize(
    ("by", "names", "carries_on"),
    [
        (0, (None, None, None), True),
        (29.5, (None, None, None), True),
        (30.5, (None, None, None), False),
        (29.5, ("Ash", "Elm", "Oak"), True),
        (30.5, ("Ash", "Elm", "Oak"), False),
        (119.5, ("Ash", "Ash", "Oak"), True),
        (120.5, ("Ash", "Ash", "Oak"), False),
        (60, ("Ash", None, None), False),
    ],
)
def test_how_far_a_street_may_turn(
    by: float, names: tuple[str | None, ...], *, carries_on: bool
) -> None:
    network = cross(by, *names)
    partner = continuations(network, np.ones(3, bool))
    assert (partner[0] == 2) == carries_on


def test_a_name_is_followed_before_the_straight() -> None:
    # West and east are in line; west carries on as Ash to the south all the same.
    partner = continuations(cross(0, "Ash", "Elm", "Ash"), np.ones(3, bool))
    assert partner.tolist() == [4, -1, -1, -1, 0, -1]


def test_two_edges_alone_carry_on_whatever_the_turn() -> None:
    nodes = {0: (0.0, 0.0), 1: (100.0, 0.0), 2: (0.0, 3.0)}
    network = town([(1, [0, 1], named("Ash")), (2, [1, 2], named("Elm"))], nodes)
    ((edges, passed, closed),) = lines(network)
    assert sorted(edges) == [0, 1]
    assert passed in ([0, 1, 2], [2, 1, 0])
    assert not closed


def test_stairs_at_a_joint_are_no_way_on() -> None:
    nodes = {0: (0.0, 0.0), 1: (100.0, 0.0), 2: (200.0, 0.0)}
    network = town([(1, [0, 1], STREET), (2, [1, 2], named(None, "steps"))], nodes)
    assert [passed for _, passed, _ in lines(network)] in ([[0, 1]], [[1, 0]])


def test_a_short_kink_at_a_crossing_does_not_turn_the_street() -> None:
    # The last 2 m before the crossing run square to the street, as kerbs are drawn.
    nodes = {0: (0.0, 0.0), 1: (0.0, 2.0), 2: (-90.0, 2.0), 3: (90.0, 0.0), 4: (0.0, -90.0)}
    ways = [(1, [2, 1, 0], STREET), (2, [0, 3], STREET), (3, [0, 4], STREET)]
    cut = [(1, [2, 1], STREET), (4, [1, 0], STREET), *ways[1:]]
    for drawn_ways in (ways, cut):
        passed = [set(nodes) for _, nodes, _ in lines(town(drawn_ways, nodes))]
        assert any({2, 0, 3} <= nodes for nodes in passed)


def ring(begin: int, count: int = 12, *, stem: bool = False) -> StreetNetwork:
    spots = {
        i: (60 * math.cos(2 * math.pi * i / count), 60 * math.sin(2 * math.pi * i / count))
        for i in range(count)
    }
    chain = [(begin + i) % count for i in range(count + 1)]
    ways = [(1, chain, named("Circle"))]
    if stem:
        spots[99] = (200.0, 0.0)
        ways.append((2, [0, 99], named("Stem")))
    return town(ways, spots)


@pytest.mark.parametrize("begin", range(12))
def test_a_ring_is_one_closed_line_wherever_it_was_begun(begin: int) -> None:
    network = ring(begin)
    ((_, nodes, closed),) = lines(network)
    assert closed
    assert nodes == [0, 0]
    assert network.point_x_m.tolist() == ring(0).point_x_m.tolist()


@pytest.mark.parametrize("begin", range(12))
def test_a_ring_on_a_stem_is_cut_where_the_stem_meets_it(begin: int) -> None:
    network = ring(begin, stem=True)
    assert network.point_x_m.tolist() == ring(0, stem=True).point_x_m.tolist()
    assert sorted(len(edges) for edges, _, _ in lines(network)) == [1, 1]


def test_a_ring_of_many_streets_is_cut_at_its_lowest_corner() -> None:
    corners = {0: (0.0, 0.0), 1: (100.0, 0.0), 2: (100.0, 100.0), 3: (0.0, 100.0)}
    network = town([(i, [i, (i + 1) % 4], named(f"{i}")) for i in range(4)], corners)
    partner = continuations(network, np.ones(4, bool))
    for lowest in range(4):
        height = np.full(4, 5.0)
        height[lowest] = 1.0
        height[(lowest + 1) % 4] = np.nan
        found = trace(partner, np.ones(4, bool), height, network.edge_u, network.edge_v)
        assert found.closed.tolist() == [True]
        _, nodes, _ = stroke(network, found, 0)
        assert nodes[0] == nodes[-1] == lowest


def test_no_edges_among() -> None:
    network = town([(1, [0, 1], named(None, "steps"))], {0: (0.0, 0.0), 1: (9.0, 0.0)})
    assert lines(network) == []
    assert continuations(network, hills(network)).tolist() == [-1, -1]


def test_nodes_on_one_spot() -> None:
    nodes = {0: (0.0, 0.0), 1: (0.0, 0.0), 2: (0.0, 0.0), 3: (50.0, 0.0)}
    network = town([(1, [0, 1, 2, 0], STREET), (2, [0, 3], STREET)], nodes)
    partner = continuations(network, np.ones(len(network), bool))
    paired = partner >= 0
    assert (partner[partner[paired]] == np.flatnonzero(paired)).all()


@needs_data
def test_portland() -> None:
    network = osm_file.read_extract(
        DATA / "portland" / "portland-central-filtered.osm.pbf", (-122.70, 45.505, -122.68, 45.52)
    )
    among = hills(network)
    partner = continuations(network, among)
    assert partner.tolist() == oracle(network, among)
    found = trace(partner, among, np.zeros(len(network.node_id)), network.edge_u, network.edge_v)
    longest = int(np.argmax(np.diff(found.offset)))
    edges: Ints = found.edge[found.offset[longest] : found.offset[longest + 1]]
    assert len(set(network.edge_tag("name")[edges].tolist())) <= 3


def test_a_bend_sharper_than_asked_for_is_not_paired() -> None:
    nodes = {0: (0.0, 0.0), 1: (100.0, 0.0), 2: (100.0, 100.0)}
    network = town([(1, [0, 1], STREET), (2, [1, 2], STREET)], nodes)
    among = np.ones(2, bool)
    assert (continuations(network, among) >= 0).sum() == 2
    assert (continuations(network, among, 60.0) >= 0).sum() == 0
