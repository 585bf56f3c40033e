"""Streets from files and graphs: one network, whatever the source and however they were drawn."""

from __future__ import annotations

import math
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import quoteattr

import networkx as nx
import numpy as np
import osmium
import osmnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import LineString

from hillfinder.climbs import search as climbs
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.errors import StreetsError
from hillfinder.model import Leg
from hillfinder.streets.network import to_networkx
from hillfinder.streets.sources import osm_file, osmnx_graph
from hillfinder.streets.sources.osmnx_graph import from_networkx
from hillfinder.streets.tags import access_tables
from tests.towns import DATA, LAT, LON, METRES, STREET, Formula, lonlat, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from hillfinder.model import Box, Floats
    from hillfinder.streets.network import StreetNetwork

    Nodes = Mapping[int, tuple[float, float]]
    Ways = Sequence[tuple[int, Sequence[int], Mapping[str, str]]]

PORTLAND = DATA / "portland" / "portland-central-filtered.osm.pbf"
MONACO = DATA / "monaco" / "monaco.osm.gz"
GRENOBLE = DATA / "grenoble" / "osm_graph.graphml"
PATH = {"highway": "path"}
GOLF = {"leisure": "golf_course"}


def osm(ways: Ways, nodes: Nodes, *, degrees: bool = False) -> str:
    """Return OpenStreetMap XML of ways with nodes in metres, as ``towns.town`` takes them."""
    lines = ['<?xml version="1.0"?>', '<osm version="0.6" generator="tests">']
    for node, (x, y) in nodes.items():
        lon, lat = (x, y) if degrees else map(float, lonlat(x, y))
        lines.append(f'<node id="{node}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"/>')
    for way_id, chain, tags in ways:
        refs = "".join(f'<nd ref="{node}"/>' for node in chain)
        pairs = "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
        lines.append(f'<way id="{way_id}" version="1">{refs}{pairs}</way>')
    return "\n".join([*lines, "</osm>", ""])


def read(
    folder: Path,
    ways: Ways,
    nodes: Nodes,
    bounds: Box | None = None,
    *,
    degrees: bool = False,
) -> StreetNetwork:
    path = folder / "town.osm"
    path.write_text(osm(ways, nodes, degrees=degrees))
    return osm_file.read_extract(path, bounds)


def convert(source: Path, target: Path) -> Path:
    """Write an OpenStreetMap file in the format that the target's ending says."""
    with osmium.SimpleWriter(str(target)) as writer:
        for element in osmium.FileProcessor(str(source)):
            writer.add(element)
    return target


@contextmanager
def useful_tags(tags: Sequence[str]) -> Iterator[None]:
    """Have OSMnx keep other tags for a while."""
    before = osmnx.settings.useful_tags_way
    osmnx.settings.useful_tags_way = list(tags)
    try:
        yield
    finally:
        osmnx.settings.useful_tags_way = before


def pulled(path: Path) -> nx.MultiDiGraph[int]:
    """Return the unsimplified graph that OSMnx makes of an .osm file."""
    with useful_tags(sorted(osmnx_graph.GRAPH_TAGS)):
        made: nx.MultiDiGraph[int] = osmnx.graph_from_xml(
            path, simplify=False, retain_all=True, bidirectional=True
        )
    return made


@dataclass(frozen=True, order=True)
class Edge:
    """What an edge is, whatever its place in the arrays."""

    way_ids: tuple[int, ...]
    u: int
    v: int
    points: int
    length_cm: int
    hill: bool
    tags: tuple[tuple[str, str], ...]


def edges(network: StreetNetwork, leave_out: str = "oneway") -> Counter[Edge]:
    """Return all edges of a network, as equal ones would be in any other."""
    found: Counter[Edge] = Counter()
    ids = network.node_id.tolist()
    for edge in range(len(network)):
        row = int(network.edge_way[edge])
        tags = {k: v for k, v in network.ways.tags(row).items() if k != leave_out}
        found[
            Edge(
                network.ways.ids[row],
                ids[network.edge_u[edge]],
                ids[network.edge_v[edge]],
                int(np.diff(network.point_offset)[edge]),
                round(float(network.edge_length_m[edge]) * 100),
                bool(network.ways.hill[row]),
                tuple(sorted(tags.items())),
            )
        ] += 1
    return found


def assert_same_edges(one: Counter[Edge], other: Counter[Edge]) -> None:
    """Hold that two networks are one, and show the first few edges that differ."""
    assert sorted(one - other)[:3] == sorted(other - one)[:3] == []


def assert_sound(network: StreetNetwork) -> None:
    """Hold what is true of every network."""
    first, last = network.point_offset[:-1], network.point_offset[1:] - 1
    for at, node in ((first, network.edge_u), (last, network.edge_v)):
        np.testing.assert_array_equal(network.point_lon[at], network.node_lon[node])
        np.testing.assert_array_equal(network.point_x_m[at], network.node_x_m[node])
        np.testing.assert_array_equal(network.point_y_m[at], network.node_y_m[node])
    step = np.hypot(np.diff(network.point_x_m), np.diff(network.point_y_m))
    for edge in range(len(network)):
        length = step[first[edge] : last[edge]].sum()
        assert network.edge_length_m[edge] == pytest.approx(length, abs=1e-6)
    assert (np.diff(network.node_id) > 0).all()
    assert set(network.edge_u.tolist()) | set(network.edge_v.tolist()) == set(
        range(len(network.node_id))
    )
    for name in network.__slots__:
        array = getattr(network, name)
        assert not isinstance(array, np.ndarray) or not array.flags.writeable


def pairs(network: StreetNetwork) -> list[tuple[int, int]]:
    """Return the node ids of each edge, sorted."""
    u, v = network.node_id[network.edge_u], network.node_id[network.edge_v]
    return sorted(zip(u.tolist(), v.tolist(), strict=True))


# --- How a way may be drawn -----------------------------------------------------------------------


def test_a_way_ends_only_where_others_meet_it(tmp_path: Path) -> None:
    nodes = {i: (50.0 * i, 5.0 * (i % 2)) for i in range(1, 6)} | {9: (100.0, 90.0)}
    ways = [(1, [1, 2, 3, 4, 5], STREET), (2, [9, 2], STREET)]
    network = read(tmp_path, ways, nodes)
    assert_sound(network)
    assert pairs(network) == [(1, 2), (2, 5), (9, 2)]


def test_what_is_closed_to_feet_cuts_nothing(tmp_path: Path) -> None:
    nodes = {1: (0.0, 0.0), 2: (50.0, 0.0), 3: (99.0, 0.0), 4: (50.0, 50.0)}
    ways = [(1, [1, 2, 3], STREET), (2, [2, 4], {"highway": "motorway"})]
    assert pairs(read(tmp_path, ways, nodes)) == [(1, 3)]


def test_ids_below_zero(tmp_path: Path) -> None:
    nodes = {-7: (0.0, 0.0), 5: (60.0, 0.0), -3: (99.0, 0.0), 8: (60.0, 70.0)}
    ways = [(-1, [-7, 5, -3], STREET), (4, [5, 8], STREET)]
    network = read(tmp_path, ways, nodes)
    assert_sound(network)
    assert pairs(network) == [(-7, 5), (5, -3), (5, 8)]
    assert set(network.ways.ids) == {(-1,), (4,)}
    assert_same_edges(edges(network), edges(town(ways, nodes)))


def test_a_way_is_split_where_nodes_are_missing(tmp_path: Path) -> None:
    nodes = {i: (30.0 * i, 0.0) for i in (1, 2, 4, 5, 6, 8)}
    ways = [(1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], {**STREET, "name": "Torn Street"})]
    network = read(tmp_path, ways, nodes)
    assert_sound(network)
    assert pairs(network) == [(1, 2), (4, 6)]
    assert set(network.edge_tag("name").tolist()) == {"Torn Street"}
    assert [*network.ways.ids] == [(1,), (1,)]


def test_nothing_but_missing_nodes(tmp_path: Path) -> None:
    ways = [(1, [1, 2], STREET), (2, [-1, -2], STREET)]
    with pytest.raises(StreetsError, match=r"town\.osm does not say where its streets lie: save"):
        read(tmp_path, ways, {7: (0.0, 0.0)})


def test_a_node_named_twice_running_is_there_once(tmp_path: Path) -> None:
    nodes = {1: (0.0, 0.0), 2: (50.0, 9.0), 3: (99.0, 0.0)}
    twice = read(tmp_path, [(1, [1, 1, 2, 2, 2, 3, 3], STREET)], nodes)
    assert_same_edges(edges(twice), edges(read(tmp_path, [(1, [1, 2, 3], STREET)], nodes)))


def test_a_way_of_one_node_is_none(tmp_path: Path) -> None:
    nodes = {1: (0.0, 0.0), 2: (50.0, 9.0)}
    ways = [(1, [1], STREET), (2, [1, 2], STREET), (3, [2, 2], STREET), (4, [], STREET)]
    assert pairs(read(tmp_path, ways, nodes)) == [(1, 2)]
    with pytest.raises(StreetsError, match=r"no street or path that a person on foot may use"):
        read(tmp_path, [(3, [2, 2], STREET), (4, [1, 1, 1, 1], GOLF)], nodes)


def test_a_way_that_crosses_itself_is_cut_there(tmp_path: Path) -> None:
    nodes = {1: (0.0, 0.0), 2: (50.0, 0.0), 3: (99.0, 40.0), 4: (50.0, 80.0), 5: (0.0, 60.0)}
    network = read(tmp_path, [(1, [1, 2, 3, 4, 2, 5], STREET)], nodes)
    assert_sound(network)
    assert pairs(network) == [(1, 2), (2, 2), (2, 5)]


def test_a_lollipop(tmp_path: Path) -> None:
    nodes = {1: (0.0, 0.0), 2: (50.0, 0.0), 3: (99.0, 40.0), 4: (50.0, 80.0)}
    for chain in ([1, 2, 3, 4, 2], [2, 3, 4, 2, 1]):
        network = read(tmp_path, [(1, chain, STREET)], nodes)
        assert_sound(network)
        assert sorted(map(sorted, pairs(network))) == [[1, 2], [2, 2]]


def test_two_ways_between_the_same_nodes_are_two_edges(tmp_path: Path) -> None:
    nodes = {1: (0.0, 0.0), 2: (90.0, 0.0), 3: (45.0, 30.0), 4: (45.0, -30.0)}
    ways = [(1, [1, 3, 2], STREET), (2, [1, 4, 2], STREET), (3, [1, 2], PATH), (4, [2, 1], PATH)]
    network = read(tmp_path, ways, nodes)
    assert_sound(network)
    assert pairs(network) == [(1, 2), (1, 2), (1, 2), (2, 1)]
    assert pairs(from_networkx(to_networkx(network))) == pairs(network)


@given(
    corners=st.integers(3, 9),
    turn=st.integers(0, 8),
    met=st.sets(st.integers(0, 8), max_size=3),
)
def test_where_a_ring_was_begun_does_not_matter(corners: int, turn: int, met: set[int]) -> None:
    nodes = {
        i: (60 * math.cos(2 * math.pi * i / corners), 60 * math.sin(2 * math.pi * i / corners))
        for i in range(corners)
    }
    stems: list[tuple[int, Sequence[int], Mapping[str, str]]] = []
    for at in sorted(node % corners for node in met):
        x, y = nodes[at]
        nodes[100 + at] = (2 * x, 2 * y)
        stems.append((100 + at, [at, 100 + at], STREET))

    def ring(begin: int) -> StreetNetwork:
        chain = [(begin + i) % corners for i in range(corners + 1)]
        return town([(1, chain, STREET), *stems], nodes)

    one, other = ring(0), ring(turn % corners)
    assert_sound(other)
    assert_same_edges(edges(one), edges(other))
    for name in ("edge_u", "edge_v", "point_x_m", "point_y_m", "node_id"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_across_the_antimeridian(tmp_path: Path) -> None:
    nodes = {1: (179.998, -16.8), 2: (-179.999, -16.8), 3: (-179.997, -16.801)}
    network = read(tmp_path, [(1, [1, 2, 3], STREET)], nodes, degrees=True)
    assert_sound(network)
    _, _, expected = Geod(ellps="WGS84").inv([179.998, -179.999], [-16.8, -16.8],
                                             [-179.999, -179.997], [-16.8, -16.801])  # fmt: skip
    assert network.total_length_m == pytest.approx(sum(expected), rel=1e-4)
    assert "+lon_0=180.000500" in network.crs
    track = network.track([Leg(0, 20.0, 300.0)])
    assert np.abs(track.lon).min() > 179.99


def test_lengths_are_true_on_the_ellipsoid(tmp_path: Path) -> None:
    nodes = {1: (10.0, 60.0), 2: (10.3, 60.2), 3: (10.1, 60.4)}
    network = read(tmp_path, [(1, [1, 2, 3], STREET)], nodes, degrees=True)
    _, _, expected = Geod(ellps="WGS84").inv([10.0, 10.3], [60.0, 60.2], [10.3, 10.1], [60.2, 60.4])
    assert network.total_length_m == pytest.approx(sum(expected), rel=5e-5)


# --- Bounds ---------------------------------------------------------------------------------------


def box(west: float, south: float, east: float, north: float) -> Box:
    """Return bounds in degrees for metres."""
    (w, s), (e, n) = (map(float, lonlat(x, y)) for x, y in ((west, south), (east, north)))
    return w, s, e, n


def test_bounds_keep_whole_ways_that_come_near(tmp_path: Path) -> None:
    nodes = {
        1: (-500.0, 0.0), 2: (0.0, 0.0), 3: (500.0, 0.0),
        4: (900.0, 900.0), 5: (950.0, 950.0),
        6: (-300.0, 50.0), 7: (300.0, 50.0),
    }  # fmt: skip
    # One has a node inside, one is far, one only passes through.
    ways = [(1, [1, 2, 3], STREET), (2, [4, 5], STREET), (3, [6, 7], STREET)]
    network = read(tmp_path, ways, nodes, box(-100, -100, 100, 100))
    assert pairs(network) == [(1, 3), (6, 7)]
    assert len(read(tmp_path, ways, nodes)) == 3
    with pytest.raises(StreetsError, match=r"town\.osm holds no streets near the place: check"):
        read(tmp_path, ways, nodes, box(4000, 4000, 5000, 5000))


def test_bounds_heed_ways_with_missing_nodes(tmp_path: Path) -> None:
    nodes = {1: (0.0, 0.0), 2: (50.0, 0.0), 4: (900.0, 900.0), 5: (950.0, 950.0)}
    ways = [(1, [1, 2, 3, 4, 5], STREET)]
    assert pairs(read(tmp_path, ways, nodes, box(-100, -100, 100, 100))) == [(1, 2)]


def test_a_street_round_a_pole_has_its_length(tmp_path: Path) -> None:
    ring = [(lon, -89.999) for lon in (0.0, 60.0, 120.0, 180.0, -120.0, -60.0)]
    file = tmp_path / "pole.osm"
    file.write_text(osm([(1, [*range(1, 7), 1], STREET)], dict(enumerate(ring, 1)), degrees=True))
    around_m = 6 * 0.001 * 111_694  # a hexagon is as far round as six of its radii
    assert osm_file.read_extract(file).total_length_m == pytest.approx(around_m, rel=1e-3)


def test_bounds_across_the_antimeridian(tmp_path: Path) -> None:
    nodes = {1: (179.9, 0.0), 2: (179.91, 0.0), 3: (-179.9, 0.0), 4: (-179.91, 0.0), 5: (90.0, 0.0),
             6: (90.01, 0.0), 7: (179.99, 0.0), 8: (-179.99, 0.0)}  # fmt: skip
    ways = [(i, [2 * i - 1, 2 * i], STREET) for i in (1, 2, 3, 4)]
    network = read(tmp_path, ways, nodes, (179.8, -1.0, -179.8, 1.0), degrees=True)
    assert pairs(network) == [(1, 2), (3, 4), (7, 8)]


def test_an_area_around_the_bounds_bars_what_is_in_it(tmp_path: Path) -> None:
    nodes = {1: (-9e3, -9e3), 2: (9e3, -9e3), 3: (9e3, 9e3), 4: (-9e3, 9e3), 5: (0.0, 0.0),
             6: (90.0, 0.0)}  # fmt: skip
    ways = [(1, [1, 2, 3, 4, 1], {"landuse": "military"}), (2, [5, 6], PATH)]
    network = read(tmp_path, ways, nodes, box(-100, -100, 100, 100))
    assert network.ways.hill.tolist() == [False]


# --- Areas ----------------------------------------------------------------------------------------

LINKS = {1: (0.0, 0.0), 2: (200.0, 0.0), 3: (200.0, 200.0), 4: (0.0, 200.0)}
AREA = (1, [1, 2, 3, 4, 1], GOLF)


def hill_of(network: StreetNetwork) -> dict[tuple[int, int], bool]:
    hill = network.ways.hill[network.edge_way].tolist()
    u, v = network.node_id[network.edge_u].tolist(), network.node_id[network.edge_v].tolist()
    return dict(zip(zip(u, v, strict=True), hill, strict=True))


@pytest.mark.parametrize(
    ("line", "tags", "hill"),
    [
        ([(50, 100), (150, 100)], PATH, False),
        ([(50, 100), (150, 100)], {**PATH, "foot": "designated"}, True),
        ([(50, 100), (150, 100)], {**PATH, "foot": "yes"}, True),
        ([(-10, 100), (210, 100)], PATH, False),  # right across, with no node inside
        ([(-300, 100), (100, 100)], PATH, True),  # a quarter of it is inside
        ([(-300, 100), (-250, 100), (50, 100), (60, 100), (70, 100)], PATH, True),
        ([(-20, -20), (-20, 220)], PATH, True),
        ([(100, 100), (100, 120), (120, 120), (100, 100)], PATH, False),
    ],
)
def test_a_golf_course_bars_the_path_across_it(
    tmp_path: Path, line: list[tuple[float, float]], tags: dict[str, str], *, hill: bool
) -> None:
    nodes = LINKS | {10 + i: (float(x), float(y)) for i, (x, y) in enumerate(line)}
    chain = [10 + i for i in range(len(line))]
    if line[0] == line[-1]:
        chain[-1] = chain[0]
    network = read(tmp_path, [AREA, (2, chain, tags)], nodes)
    assert network.ways.hill.tolist() == [hill]


def test_only_the_part_in_the_area_is_barred(tmp_path: Path) -> None:
    nodes = LINKS | {10: (-400.0, 100.0), 11: (0.0, 100.0), 12: (200.0, 100.0), 13: (500.0, 100.0)}
    nodes |= {20: (0.0, 150.0), 21: (200.0, 150.0)}
    ways = [AREA, (2, [10, 11, 12, 13], PATH), (3, [20, 11], PATH), (4, [21, 12], PATH)]
    network = read(tmp_path, ways, nodes)
    assert_sound(network)
    hill = hill_of(network)
    assert hill[10, 11]
    assert not hill[11, 12]
    assert hill[12, 13]
    assert sorted(network.ways.ids) == [(2,), (2,), (3,), (4,)]


@pytest.mark.parametrize(
    "ring",
    [
        [1, 2, 3, 4],  # not closed
        [1, 2, 1],  # no area
    ],
)
def test_what_is_no_area_bars_nothing(tmp_path: Path, ring: list[int]) -> None:
    nodes = LINKS | {10: (50.0, 100.0), 11: (150.0, 100.0)}
    network = read(tmp_path, [(1, ring, GOLF), (2, [10, 11], PATH)], nodes)
    assert network.ways.hill.tolist() == [True]


def test_an_area_drawn_across_itself(tmp_path: Path) -> None:
    nodes = LINKS | {10: (20.0, 80.0), 11: (20.0, 120.0), 12: (80.0, 10.0), 13: (120.0, 10.0)}
    ways = [(1, [1, 3, 2, 4, 1], GOLF), (2, [10, 11], PATH), (3, [12, 13], PATH)]
    network = read(tmp_path, ways, nodes)
    assert len(network) == 2


# --- Files ----------------------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize("ending", [".osm", ".osm.bz2", ".osm.pbf", ".pbf", ".OSM.PBF"])
def test_every_format_gives_the_same_network(tmp_path: Path, ending: str) -> None:
    whole = osm_file.read_extract(MONACO)
    written = convert(MONACO, tmp_path / f"monaco{ending.lower()}")
    path = written.rename(tmp_path / f"Monaco{ending}")
    again = osm_file.read_extract(path)
    assert again.source.name == f"Monaco{ending}"
    assert_sound(again)
    assert_same_edges(edges(again, ""), edges(whole, ""))
    for name in ("node_id", "edge_u", "edge_v", "edge_length_m", "point_offset", "point_lon"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


@needs_data
def test_portland_in_bounds_is_a_part_of_portland() -> None:
    whole = edges(osm_file.read_extract(PORTLAND))
    part = osm_file.read_extract(PORTLAND, (-122.70, 45.505, -122.68, 45.52))
    assert_sound(part)
    ways = {edge.way_ids for edge in whole}
    assert {edge.way_ids for edge in edges(part)} < ways
    # Inside the box nothing is missing, and it is cut at the same junctions.
    inner = {
        edge
        for edge in range(len(part))
        if all(
            -122.70 < part.node_lon[node] < -122.68 and 45.505 < part.node_lat[node] < 45.52
            for node in (part.edge_u[edge], part.edge_v[edge])
        )
    }
    assert len(inner) > 500
    same = Counter({(e.way_ids, e.u, e.v, e.points): n for e, n in whole.items()})
    for edge in inner:
        key = (
            part.ways.ids[part.edge_way[edge]],
            int(part.node_id[part.edge_u[edge]]),
            int(part.node_id[part.edge_v[edge]]),
            int(np.diff(part.point_offset)[edge]),
        )
        assert same[key] > 0


def truncated(source: bytes, share: float) -> bytes:
    return source[: int(len(source) * share)]


SMALL = osm([(1, [1, 2], STREET)], {1: (0.0, 0.0), 2: (90.0, 0.0)})
NO_STREETS = osm([(1, [1, 2], {"power": "line"})], {1: (0.0, 0.0), 2: (90.0, 0.0)})


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.osm", b"", "cannot be read as an OpenStreetMap file"),
        ("a.osm.pbf", b"", "cannot be read as an OpenStreetMap file|holds no streets"),
        ("a.osm.gz", b"", "cannot be read as an OpenStreetMap file"),
        ("a.osm.bz2", b"", "cannot be read as an OpenStreetMap file"),
        ("a.osm", truncated(SMALL.encode(), 0.8), "cannot be read as an OpenStreetMap file"),
        ("a.osm.pbf", b"<!DOCTYPE html><html>404</html>", "cannot be read as an OpenStreetMap"),
        ("a.osm", b"<!DOCTYPE html><html>404</html>", "cannot be read as an OpenStreetMap"),
        ("a.osm.gz", b"<!DOCTYPE html><html>404</html>", "cannot be read as an OpenStreetMap"),
        ("a.osm", b"\x00\xff\xfe not text", "cannot be read as an OpenStreetMap file"),
        ("a.osm", b'<?xml version="1.0"?><osm version="0.6"/>', "holds no streets: check"),
        ("a.osm", NO_STREETS.encode(), "holds no street or path that a person on foot may use"),
        ("a.osm", SMALL.replace("residential", "motorway").encode(), "no street or path that a"),
        (
            "a.osm",
            SMALL.replace('lat="46', 'lat="146').encode(),
            "a.osm (cannot|does not say where its streets lie)",
        ),
        (
            "a.geojson",
            b"{}",
            "OpenStreetMap file: give one ending in .osm, .osm.gz, .*, or .graphml",
        ),
        ("a.osm.zip", b"PK", "does not look like an OpenStreetMap file"),
    ],
)
def test_what_cannot_be_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(StreetsError, match=says) as caught:
        osm_file.read_extract(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("reader", [osm_file.read_extract, osmnx_graph.read_graphml])
def test_a_file_that_is_not_there(
    tmp_path: Path, reader: Callable[[Path | str], StreetNetwork]
) -> None:
    for gone in (tmp_path / "gone.osm", f"{tmp_path}/gone.osm"):
        with pytest.raises(StreetsError, match=r"There is no file .*gone.osm: give a .*graphml"):
            reader(gone)
    with pytest.raises(StreetsError, match=rf"^{tmp_path} is a folder: give a .*graphml"):
        reader(tmp_path)


@needs_data
@pytest.mark.parametrize("share", [0.001, 0.3, 0.9])
def test_a_truncated_extract(tmp_path: Path, share: float) -> None:
    for source in (PORTLAND, MONACO):
        path = tmp_path / source.name
        path.write_bytes(truncated(source.read_bytes(), share))
        with pytest.raises(StreetsError, match="cannot be read as an OpenStreetMap file"):
            osm_file.read_extract(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b'<?xml version="1.0"?><graphml></graphml>', b"\x00\xff"],
)
def test_a_graphml_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.graphml"
    path.write_bytes(content)
    with pytest.raises(StreetsError, match=r"a\.graphml cannot be read as a graph of OSMnx") as e:
        osmnx_graph.read_graphml(path)
    assert "\n" not in str(e.value)


# --- Graphs of OSMnx ------------------------------------------------------------------------------


@needs_data
@pytest.mark.slow
def test_portland_is_the_same_by_way_of_osmnx(tmp_path: Path) -> None:
    network = osm_file.read_extract(PORTLAND)
    assert_sound(network)
    made = pulled(convert(PORTLAND, tmp_path / "portland.osm"))
    other = from_networkx(made)
    assert len(network) == len(other) > 13_000
    assert_same_edges(edges(network), edges(other))
    for one, two in ((network.ways.steps, other.ways.steps),
                     (network.ways.structure, other.ways.structure)):  # fmt: skip
        assert (
            np.bincount(one[network.edge_way]).tolist() == np.bincount(two[other.edge_way]).tolist()
        )
    assert len(network.decks.x_m) == len(other.decks.x_m)
    # OSMnx's own count of the same streets: simplified, both ways, on a sphere.
    walked = {way_id for ids in network.ways.ids for way_id in ids}
    there = [
        (u, v, k) for u, v, k, way_id in made.edges(keys=True, data="osmid") if way_id in walked
    ]
    simplified = osmnx.simplify_graph(
        nx.MultiDiGraph(made.edge_subgraph(there)), remove_rings=False
    )
    length = sum(length for _, _, length in simplified.edges(data="length")) / 2
    assert network.total_length_m == pytest.approx(length, rel=0.005)
    again = from_networkx(simplified)
    assert again.total_length_m == pytest.approx(network.total_length_m, rel=1e-4)


@needs_data
def test_monaco_is_the_same_by_way_of_osmnx(tmp_path: Path) -> None:
    network = osm_file.read_extract(MONACO)
    other = from_networkx(pulled(convert(MONACO, tmp_path / "monaco.osm")))
    assert_same_edges(edges(network), edges(other))


TANGLE: Ways = [
    (1, [1, 2, 3, 4], {**STREET, "name": "High Street", "oneway": "yes"}),
    (2, [4, 5], {**STREET, "name": "High Street", "bridge": "yes", "layer": "1"}),
    (3, [5, 6], {**STREET, "name": "Low Street", "surface": "asphalt"}),
    (4, [3, 7, 8, 9, 3], {"highway": "footway"}),
    (5, [6, 10, 11, 6, 12], PATH),
    (6, [12, 13], {"highway": "steps", "incline": "up"}),
    (7, [14, 15, 16, 14], {**STREET, "junction": "roundabout"}),
    (8, [2, 17], {"highway": "service", "service": "driveway", "access": "private"}),
    (9, [13, 1], {"highway": "cycleway", "foot": "yes", "oneway": "-1"}),
]
TANGLE_NODES: Nodes = {
    i: (37.0 * i + 11 * (i % 3), 29.0 * ((i * 7) % 5) - 13 * (i % 2)) for i in range(1, 18)
}


def test_a_tangle_is_the_same_by_way_of_osmnx(tmp_path: Path) -> None:
    network = read(tmp_path, TANGLE, TANGLE_NODES)
    assert_sound(network)
    assert len(network) >= 10
    made = pulled(tmp_path / "town.osm")
    # OSMnx turns a way of oneway=-1 round, in which it is to be followed here.
    other = edges(from_networkx(made))
    expected = edges(network)
    odd = {edge.way_ids for edge in other - expected} | {e.way_ids for e in expected - other}
    assert odd <= {(9,)}
    assert sum(other.values()) == sum(expected.values())


def test_a_simplified_graph_keeps_ids_and_the_least_open_tags(tmp_path: Path) -> None:
    nodes = {i: (40.0 * i, 3.0 * (i % 2)) for i in range(1, 8)}
    ways = [
        (11, [1, 2, 3], {**STREET, "name": "Plain Street", "surface": "asphalt"}),
        (12, [3, 4], {**STREET, "name": "Plain Street", "bridge": "yes"}),
        (13, [4, 5, 6, 7], {"highway": "footway", "name": "Plain Walk", "surface": "gravel"}),
    ]
    plain = read(tmp_path, ways, nodes)
    made = osmnx.simplify_graph(pulled(tmp_path / "town.osm"))
    network = from_networkx(made)
    assert_sound(network)
    assert len(network) == 1
    assert [*network.ways.ids] == [(11, 12, 13)]
    assert network.ways.structure.tolist() == [True]
    assert network.ways.hill.tolist() == [False]
    assert network.ways.column("bridge").tolist() == ["yes"]
    assert network.ways.column("name")[0] in {"Plain Street", "Plain Walk"}
    assert np.diff(network.point_offset).tolist() == [7]
    assert network.total_length_m == pytest.approx(plain.total_length_m, rel=1e-6)


@pytest.mark.parametrize(
    ("key", "values", "kept"),
    [
        ("highway", ["residential", "steps"], "steps"),
        ("highway", ["service", "construction"], "construction"),
        ("access", ["yes", "private"], "private"),
        ("bridge", ["no", "yes"], "yes"),
        ("surface", ["asphalt", "gravel"], "asphalt"),
        ("name", ["Ash", "Elm"], "Ash"),
    ],
)
def test_of_merged_tags_the_least_open_counts(key: str, values: list[str], kept: str) -> None:
    made = bare()
    tags: dict[str, Any] = {"highway": "residential", "osmid": [5, 6]} | {key: values}
    made.add_edge(1, 2, **tags)
    made.add_edge(2, 3, osmid=7, highway="residential")
    network = from_networkx(made)
    rows = {ids: network.ways.tags(row) for row, ids in enumerate(network.ways.ids)}
    if kept in {"construction", "private"}:
        assert (5, 6) not in rows
    else:
        assert rows[5, 6][key] == kept


def bare(crs: str = "epsg:4326") -> nx.MultiDiGraph[Any]:
    """Return three nodes in a row."""
    made: nx.MultiDiGraph[Any] = nx.MultiDiGraph(crs=crs)
    for node, x in ((1, 8.0), (2, 8.001), (3, 8.002)):
        made.add_node(node, x=x, y=46.0)
    return made


def test_streets_without_ids_keep_their_own_tags() -> None:
    made = bare()
    made.add_edge(1, 2, highway="residential", name="Ash")
    made.add_edge(2, 1, highway="residential", name="Ash", reversed=True)
    made.add_edge(2, 3, highway="path", name=float("nan"), surface=None)
    network = from_networkx(made)
    assert len(network) == 2
    assert sorted(map(str, network.edge_tag("name").tolist())) == ["Ash", "None"]
    assert [*network.ways.ids] == [(), ()]
    assert_same_edges(edges(from_networkx(to_networkx(network))), edges(network))


def test_pieces_of_a_way_whose_tags_differ_keep_them() -> None:
    made = bare()
    made.add_edge(1, 2, osmid=4, highway="residential", surface="asphalt")
    made.add_edge(2, 3, osmid=4, highway="residential", surface="gravel")
    network = from_networkx(made)
    assert sorted(network.edge_tag("surface").tolist()) == ["asphalt", "gravel"]


def test_areas_and_decks_that_nobody_walks_on_are_heeded() -> None:
    made = bare()
    for node, (x, y) in {11: (7.99, 45.99), 12: (8.01, 45.99), 13: (8.01, 46.01)}.items():
        made.add_node(node, x=x, y=y)
    made.add_edge(1, 2, osmid=4, highway="path")
    for u, v in ((11, 12), (12, 13), (13, 11)):
        made.add_edge(u, v, osmid=5, tourism="zoo")
    made.add_edge(11, 3, osmid=6, waterway="canal", bridge="aqueduct")
    network = from_networkx(made)
    assert network.ways.hill.tolist() == [False]
    assert len(network.decks.x_m) == 2


def test_a_bend_is_no_junction_and_a_ring_begins_at_its_node() -> None:
    made = bare()
    line = LineString([(8.0, 46.0), (8.0005, 46.0005), (8.001, 46.0)])
    made.add_edge(1, 2, osmid=4, highway="path", geometry=line, reversed=False)
    made.add_edge(2, 1, osmid=4, highway="path", geometry=line.reverse(), reversed=True)
    ring = LineString([(8.002, 46.0), (8.003, 46.0), (8.003, 46.001), (8.002, 46.0)])
    made.add_edge(3, 3, osmid=5, highway="path", geometry=ring, reversed=False)
    made.add_edge(3, 3, osmid=5, highway="path", geometry=ring.reverse(), reversed=True)
    network = from_networkx(made)
    assert_sound(network)
    assert pairs(network) == [(1, 2), (3, 3)]
    assert network.node_id.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: bare("epsg:32632"), "The graph is projected"),
        (bare, "The graph has no streets"),
        (nx.MultiDiGraph, "The graph has no streets"),
        (lambda: with_edge(4), "Node 4 of the graph is not a number with x and y in degrees"),
        (lambda: with_edge("b", x=8, y=46), "Node 'b' of the graph is not a number"),
        (lambda: with_edge(4, x=500_000, y=5_000_000), "Node 4 of the graph"),
        (lambda: with_edge(4, x=None, y=46), "Node 4 of the graph"),
        (lambda: with_edge(4, x=float("nan"), y=46), "Node 4 of the graph"),
        (lambda: with_tags(osmid="way/7"), r"osmid that is no number \('way/7'\)"),
        (lambda: with_tags(highway="motorway"), "no street or path that a person on foot may use"),
        (lambda: with_tags(highway=None), "no street or path that a person on foot may use"),
    ],
)
def test_graphs_that_cannot_be_used(make: Callable[[], nx.MultiDiGraph[Any]], says: str) -> None:
    with pytest.raises(StreetsError, match=says) as caught:
        from_networkx(make())
    assert "\n" not in str(caught.value)


def with_edge(node: object, **data: object) -> nx.MultiDiGraph[Any]:
    made = bare()
    made.add_node(node, **data)
    made.add_edge(1, node, osmid=1, highway="path")
    return made


def with_tags(**tags: object) -> nx.MultiDiGraph[Any]:
    made = bare()
    made.add_edge(1, 2, **({"osmid": 1, "highway": "path"} | tags))
    return made


def test_the_graph_given_is_left_alone() -> None:
    made = with_tags(name=["Ash", "Elm"])
    before = str(list(made.edges(data=True))), str(list(made.nodes(data=True)))
    from_networkx(made)
    assert (str(list(made.edges(data=True))), str(list(made.nodes(data=True)))) == before


@needs_data
def test_grenoble_from_its_graph() -> None:
    network = osmnx_graph.read_graphml(GRENOBLE)
    assert_sound(network)
    made = osmnx.convert.to_undirected(osmnx.load_graphml(GRENOBLE))
    length = sum(
        data["length"]
        for _, _, data in made.edges(data=True)
        if {"no", "private", "customers", "alpine_hiking", "demanding_alpine_hiking"}.isdisjoint(
            value
            for key in ("access", "foot", "sac_scale")
            for value in np.atleast_1d(data.get(key, "")).tolist()
        )
    )
    assert network.total_length_m == pytest.approx(length, rel=0.02)
    assert network.source.name == "osm_graph.graphml"
    ids = set(made.nodes)
    assert set(network.node_id.tolist()) <= ids
    kept = {way_id for row in network.ways.ids for way_id in row}
    assert len(kept) > 300


# --- Back to OSMnx --------------------------------------------------------------------------------


def climbing_town() -> StreetNetwork:
    nodes = {i: (60.0 * (i % 4), 70.0 * (i // 4)) for i in range(16)}
    ways = [
        (1 + i, [4 * i + j for j in range(4)], {**STREET, "name": f"Row {i}"}) for i in range(4)
    ]
    ways += [(11 + j, [4 * i + j for i in range(4)], STREET) for j in range(4)]
    ways += [(21, [0, 5], {**PATH, "incline": "up"})]
    land = Formula(lambda x, y: 100 + 0.05 * x + 0.08 * y)
    return attach(town(ways, nodes), land)


@pytest.mark.parametrize("make", [climbing_town, lambda: town(TANGLE, TANGLE_NODES)])
def test_there_and_back_is_the_same_network(make: Callable[[], StreetNetwork]) -> None:
    network = make()
    made = to_networkx(network)
    assert_same_edges(edges(from_networkx(made), ""), edges(network, "oneway"))
    assert len(made.edges) == 2 * len(network)


@needs_data
def test_monaco_there_and_back() -> None:
    network = osm_file.read_extract(MONACO)
    again = from_networkx(to_networkx(network))
    assert_sound(again)
    # The projection is laid about other ends of the town: by some mm the lengths may differ.
    one, other = (
        Counter((e.way_ids, e.u, e.v, e.points, e.tags) for e in edges(n).elements())
        for n in (network, again)
    )
    assert one == other
    assert again.total_length_m == pytest.approx(network.total_length_m, rel=1e-6)


def test_osmnx_routes_counts_and_plots_it(tmp_path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    network = climbing_town()
    made = to_networkx(network)
    route = osmnx.routing.shortest_path(made, 0, 15, weight="length")
    assert route is not None
    assert route[0] == 0
    assert route[-1] == 15
    stats = osmnx.stats.basic_stats(made)
    assert stats["street_length_total"] == pytest.approx(network.total_length_m)
    assert stats["n"] == len(network.node_id)
    assert sum(stats["streets_per_node_counts"].values()) == stats["n"]
    figure, _ = osmnx.plot_graph(made, show=False, close=True)
    figure.savefig(tmp_path / "town.png")
    nodes, streets = osmnx.convert.graph_to_gdfs(made)
    assert len(streets) == 2 * len(network)
    assert nodes["elevation"].between(99.9, 140).all()
    assert streets.crs == "epsg:4326"
    back = osmnx.convert.graph_from_gdfs(nodes, streets)
    assert len(back.edges) == len(made.edges)
    flat = osmnx.project_graph(made)
    nearest = osmnx.distance.nearest_nodes(flat, flat.nodes[5]["x"] + 9, flat.nodes[5]["y"] - 9)
    assert nearest == 5


def test_grades_are_those_of_osmnx_from_end_to_end() -> None:
    made = to_networkx(climbing_town())
    by_osmnx = osmnx.elevation.add_edge_grades(made.copy())
    for u, v, key, data in made.edges(keys=True, data=True):
        theirs = by_osmnx.edges[u, v, key]
        assert data["grade"] == pytest.approx(theirs["grade"], abs=0.001)
        assert data["grade_abs"] == pytest.approx(abs(data["grade"]))
        assert data["grade_max"] >= data["grade"] - 1e-9
        distance, height = np.array(data["profile"]).T
        assert distance[0] == 0
        assert distance[-1] == pytest.approx(data["length"], abs=0.01)
        assert height[0] == pytest.approx(made.nodes[u]["elevation"], abs=0.01)
        assert height[-1] == pytest.approx(made.nodes[v]["elevation"], abs=0.01)
        back = [
            other
            for other in made.get_edge_data(v, u).values()
            if other["osmid"] == data["osmid"] and other["reversed"] != data["reversed"]
        ]
        assert back[0]["grade"] == pytest.approx(-data["grade"])


def test_unknown_heights_are_left_out() -> None:
    network = climbing_town()
    holed = Formula(lambda x, y: np.where(x > 90, np.nan, 0.05 * x + 0 * y))
    made = to_networkx(attach(network, holed))
    known = {node for node, data in made.nodes(data=True) if "elevation" in data}
    assert known == {0, 1, 4, 5, 8, 9, 12, 13}
    for u, v, data in made.edges(data=True):
        assert ("grade" in data) == (u in known and v in known)
        assert ("grade" in data) == all(height is not None for _, height in data["profile"])


def test_edges_of_no_length_have_no_grade() -> None:
    nodes = {1: (0.0, 0.0), 2: (0.0, 0.0), 3: (90.0, 0.0)}
    ways = [(1, [1, 2], STREET), (2, [2, 3], STREET)]
    made = to_networkx(attach(town(ways, nodes), Formula(lambda x, y: 0.1 * x + 0 * y)))
    assert "grade" not in made.edges[1, 2, 0]
    assert "grade" in made.edges[2, 3, 0]


def test_graphml_there_and_back(tmp_path: Path) -> None:
    network = climbing_town()
    path = tmp_path / "town.graphml"
    osmnx.save_graphml(to_networkx(network), path)
    loaded = osmnx.load_graphml(path)
    assert isinstance(loaded.nodes[5]["elevation"], float)
    assert isinstance(next(iter(loaded.edges(data=True)))[2]["grade"], float)
    assert_same_edges(edges(osmnx_graph.read_graphml(path)), edges(network))


@needs_data
def test_portland_is_a_graph_with_grades() -> None:
    network = attach(
        osm_file.read_extract(PORTLAND, (-122.70, 45.505, -122.69, 45.512)),
        Raster([DATA / "portland" / "portland-ned.tif"]),
    )
    made = to_networkx(network)
    assert osmnx.stats.basic_stats(made)["m"] == 2 * len(network)
    grades = [data["grade_max"] for _, _, data in made.edges(data=True) if "grade_max" in data]
    assert 0.1 < max(grades) < 0.6


# --- Laws: how streets are drawn changes no climb -------------------------------------------------

STREETS, BUMP_M, GAP_M = 4, 14.0, 120.0


def hill_town() -> tuple[Ways, Nodes]:
    """Return four streets over one long rise each, between two level ones, and dead ends."""
    nodes: dict[int, tuple[float, float]] = {}
    ways: list[tuple[int, Sequence[int], Mapping[str, str]]] = []
    for row in range(STREETS):
        chain = [100 * row + i for i in range(33)]
        nodes |= {node: (25.0 * (node % 100), GAP_M * row) for node in chain}
        ways.append((1 + row, chain, {**STREET, "name": f"Street {row}"}))
        end = 100 * row + 40
        nodes[end] = (25.0 * (5 + 4 * row), GAP_M * row + 45.0)
        ways.append((11 + row, [100 * row + 5 + 4 * row, end], {**STREET, "name": "Close"}))
    for at, way_id in ((0, 21), (32, 22)):
        chain = [100 * row + at for row in range(STREETS)]
        ways.append((way_id, chain, {**STREET, "name": f"Level {at}"}))
    return ways, nodes


def rises(x: Floats, y: Floats) -> Floats:
    """Return heights: for each street one bump of 400 m, its middle a little farther east."""
    middle = 350 + 30 * np.clip(y / GAP_M, 0, STREETS - 1)
    return np.asarray(BUMP_M * (1 + np.cos(np.clip((x - middle) / 200, -1, 1) * np.pi)) / 2 + 0 * y)


class Hilltop(NamedTuple):
    """A climb: its foot and length in metres, its grade, and what the search makes most of."""

    name: str
    foot_x: float
    foot_y: float
    length: float
    grade: float
    score: float


def found(
    ways: Ways,
    nodes: Nodes,
    height: Callable[[Floats, Floats], Floats] = rises,
    back: Callable[[Floats, Floats], tuple[Floats, Floats]] = lambda x, y: (x, y),
) -> list[Hilltop]:
    """Return all climbs of a town, sorted; ``back`` takes metres to where they were drawn."""
    network = attach(town(ways, nodes), Formula(height, 5.0))
    hilltops = []
    for climb in climbs.find(network, Criteria(min_grade=0.05)):
        x, y = back(
            (climb.lon[0] - LON) * METRES * math.cos(math.radians(LAT)),
            (climb.lat[0] - LAT) * METRES,
        )
        score = climb.gain_m**2 / climb.length_m
        hilltops.append(Hilltop(climb.name, float(x), float(y), climb.length_m, climb.grade, score))
    return sorted(hilltops)


def assert_same(one: list[Hilltop], other: list[Hilltop], slack_m: float = 12.0) -> None:
    """Hold that climbs are the same: begun and ended a sample later they are as good, nearly."""
    assert len(one) == len(other)
    for here, there in zip(one, other, strict=True):
        assert here.name == there.name
        assert here[1:4] == pytest.approx(there[1:4], abs=slack_m)
        assert here.grade == pytest.approx(there.grade, rel=0.04)
        assert here.score == pytest.approx(there.score, rel=0.01)


@pytest.fixture(scope="module")
def as_drawn() -> list[Hilltop]:
    hilltops = found(*hill_town())
    assert len(hilltops) == 2 * STREETS
    return hilltops


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 31)), max_size=12))
def test_cutting_a_way_in_two_changes_no_climb(
    as_drawn: list[Hilltop], cuts: list[tuple[int, int]]
) -> None:
    ways, nodes = hill_town()
    pieces = list(ways)
    for which, at in cuts:
        way_id, chain, tags = pieces[which]
        if 0 < at < len(chain) - 1:
            pieces[which] = (way_id, chain[: at + 1], tags)
            pieces.append((1000 + len(pieces), chain[at:], tags))
    assert_same(found(pieces, nodes), as_drawn)


@settings(max_examples=15, deadline=None)
@given(turned=st.sets(st.integers(0, 9)))
def test_running_ways_backwards_changes_no_climb(as_drawn: list[Hilltop], turned: set[int]) -> None:
    ways, nodes = hill_town()
    backwards = [
        (way_id, chain[::-1] if i in turned else chain, tags)
        for i, (way_id, chain, tags) in enumerate(ways)
    ]
    assert_same(found(backwards, nodes), as_drawn)


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(10)), lift=st.integers(1, 10**9))
def test_the_order_and_ids_of_ways_change_no_climb(
    as_drawn: list[Hilltop], order: list[int], lift: int
) -> None:
    ways, nodes = hill_town()
    shuffled = [(lift + i, ways[row][1], ways[row][2]) for i, row in enumerate(order)]
    assert_same(found(shuffled, nodes), as_drawn)


@settings(max_examples=15, deadline=None)
@given(angle=st.floats(0, 2 * math.pi), east=st.floats(-3000, 3000), north=st.floats(-3000, 3000))
def test_turning_and_shifting_the_map_changes_no_climb(
    as_drawn: list[Hilltop], angle: float, east: float, north: float
) -> None:
    ways, nodes = hill_town()
    cos, sin = math.cos(angle), math.sin(angle)

    def back(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        x, y = x - east, y - north
        return cos * x + sin * y, cos * y - sin * x

    moved = {
        node: (cos * x - sin * y + east, sin * x + cos * y + north)
        for node, (x, y) in nodes.items()
    }
    assert_same(found(ways, moved, lambda x, y: rises(*back(x, y)), back), as_drawn)


@pytest.mark.parametrize("away_km", [2, 20, 80])
def test_a_street_far_away_changes_nothing(as_drawn: list[Hilltop], away_km: float) -> None:
    ways, nodes = hill_town()
    far = {9001: (1000.0 * away_km, 500.0), 9002: (1000.0 * away_km + 300, 500.0)}
    assert_same(found([*ways, (99, [9001, 9002], STREET)], {**nodes, **far}), as_drawn, 3.0)


def test_access_keeps_every_tag_that_is_compared() -> None:
    assert set(access_tables.KEPT_TAGS) - {"oneway"} <= osmnx_graph.GRAPH_TAGS
