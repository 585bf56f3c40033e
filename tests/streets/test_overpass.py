"""Streets pulled from an Overpass on loopback, by OSMnx itself."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from hillfinder.errors import DataError, OfflineError, ServiceError, StreetsError
from hillfinder.model import Place
from hillfinder.services.client import Web
from hillfinder.streets.sources import osm_file, osmnx_graph, overpass
from hillfinder.streets.tags.table import FILTERS
from tests.towns import DATA, needs_data
from tests.world import Overpass, Way
from tests.world import extract as read_extract
from tests.world.overpass import remark
from tests.world.service import HTML, cut, half_sent, status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import networkx as nx

    from hillfinder.streets.network import StreetNetwork
    from tests.world.service import Fault

HERE = Place(46.00312, 8.00487, "Here")
PORTLAND = DATA / "portland" / "portland-central-filtered.osm.pbf"
#: Nodes 1 to 9 in a row to the north-east, ten and more in a square around them.
NODES = {n: (8.000 + 0.001 * n, 46.000 + 0.0005 * n) for n in range(1, 10)} | {
    11: (8.001, 46.000),
    12: (8.009, 46.000),
    13: (8.009, 46.006),
    14: (8.001, 46.006),
    99: (8.9, 46.9),
}
WAYS = [
    Way(100, (1, 2, 3), {"highway": "residential", "name": "High Street", "incline": "up"}),
    Way(101, (5, 4, 3), {"highway": "residential", "oneway": "-1", "incline": "10%"}),
    Way(102, (5, 6), {"highway": "motorway", "bridge": "yes", "layer": "1"}),
    Way(103, (6, 7), {"highway": "path", "access": "private", "sac_scale": "hiking"}),
    Way(104, (7, 8), {"railway": "rail", "bridge": "viaduct"}),
    Way(105, (8, 9), {"railway": "rail"}),
    Way(106, (8, 9), {"highway": "proposed", "proposed": "residential"}),
    Way(107, (11, 12, 13, 14, 11), {"leisure": "golf_course", "name": "Links"}),
    Way(108, (11, 12, 13, 14, 11), {"leisure": "park"}),
    Way(109, (1, 11), {"man_made": "pier"}),
    Way(110, (9, 99), {"highway": "track", "tracktype": "grade2"}),
    Way(111, (2, 12), {"waterway": "canal", "bridge": "aqueduct"}),
    Way(112, (2, 13), {"highway": "footway", "bridge": "no", "railway": "abandoned"}),
]


@pytest.fixture
def server() -> Iterator[Overpass]:
    with Overpass(NODES, WAYS) as service:
        yield service


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def web(tmp_path: Path, server: Overpass, waits: list[float]) -> Web:
    return Web(
        cache_dir=tmp_path,
        addresses={"HILLFINDER_OVERPASS_URL": server.api},
        sleep=waits.append,
        timeout_s=5.0,
    )


def segments(pulled: nx.MultiDiGraph[int]) -> dict[int, list[tuple[int, int]]]:
    result = defaultdict(list)
    for u, v, data in pulled.edges(data=True):
        result[data["osmid"]].append((u, v))
    return {way: sorted(pairs) for way, pairs in result.items()}


def test_every_way_is_there_once_in_its_own_direction_with_its_tags(web: Web) -> None:
    pulled = overpass.pull(HERE, 500, web)
    found = segments(pulled)
    assert found == {
        100: [(1, 2), (2, 3)],
        101: [(4, 3), (5, 4)],
        102: [(5, 6)],
        103: [(6, 7)],
        104: [(7, 8)],
        107: [(11, 12), (12, 13), (13, 14), (14, 11)],
        109: [(1, 11)],
        110: [(9, 99)],
        111: [(2, 12)],
        112: [(2, 13)],
    }
    ours = {"osmid", "length", "reversed"}
    for _, _, data in pulled.edges(data=True):
        (way,) = (way for way in WAYS if way.id == data["osmid"])
        tags = {key: value for key, value in way.tags.items() if key != "oneway"}
        assert {key: value for key, value in data.items() if key not in ours} == tags
        assert data["length"] > 0
    assert (pulled.nodes[3]["x"], pulled.nodes[3]["y"]) == NODES[3]
    assert pulled.graph["crs"] == "epsg:4326"


@pytest.mark.slow
def test_the_door_is_not_sent_and_neighbours_share_a_reply(web: Web, server: Overpass) -> None:
    overpass.pull(HERE, 500, web)
    asked = len(server.queries)
    assert asked == len(FILTERS)
    for request, query in zip(server.requests, server.queries, strict=True):
        assert request.path == "/api/interpreter"
        assert request.agent.startswith("hillfinder")
        assert "46.0031" not in query
        assert "8.0048" not in query
    overpass.pull(Place(46.0033, 8.0049), 499, web)
    assert len(server.queries) == asked
    with pytest.raises(StreetsError):
        overpass.pull(Place(46.02, 8.0049), 499, web)
    assert len(server.queries) == 2 * asked


def test_it_is_a_network_with_a_date(server: Overpass, web: Web) -> None:
    pulled = overpass.pull(HERE, 500, web)
    assert pulled.graph["date"] == server.date
    network = osmnx_graph.from_networkx(pulled, overpass.source(pulled))
    assert {way for row in network.ways.ids for way in row} >= {100, 101}
    assert network.source.date == server.date
    assert "OpenStreetMap" in network.source.attribution
    assert overpass.source().date is None


@pytest.mark.parametrize("fault", [half_sent, remark("runtime error: ...")])
def test_a_passing_fault(web: Web, server: Overpass, waits: list[float], fault: Fault) -> None:
    server.faults += [fault]
    assert 100 in segments(overpass.pull(HERE, 500, web))
    assert waits == [1.0]


@pytest.mark.parametrize("code", [429, 504])
def test_a_busy_server_is_not_asked_for_ever(
    web: Web, server: Overpass, waits: list[float], code: int
) -> None:
    server.always = status(code)
    with pytest.raises(ServiceError, match=f"Overpass .* answered {code} .*--osm FILE"):
        overpass.pull(HERE, 500, web)
    assert waits == [30.0, 30.0]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (HTML, "sent a web page"),
        (remark("runtime error: Query timed out"), "a remark: runtime error: Query timed out"),
        (cut, "not the JSON"),
    ],
)
def test_what_is_no_answer_is_never_kept(
    web: Web, server: Overpass, tmp_path: Path, fault: Fault, says: str
) -> None:
    server.always = fault
    with pytest.raises(ServiceError, match=re.escape(says)):
        overpass.pull(HERE, 500, web)
    assert not [*(tmp_path / "replies").rglob("*.json")]
    server.always = None
    assert 100 in segments(overpass.pull(HERE, 500, web))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("", "not the JSON"),
        ("{}", "not the JSON"),
        ("[]", "not the JSON"),
        ("7", "not the JSON"),
        ("[" * 100_000, "not the JSON"),
        ('{"elements": [{"type": "node"}]}', "not the JSON"),
        ('{"elements": [{"type": "node", "id": 1, "lat": "north", "lon": 0}]}', "not the JSON"),
        ('{"elements": [{"type": "way", "id": 1, "nodes": [1, 2]}]}', "without their nodes"),
        (
            """{"elements": [{"type": "node", "id": 1, "lat": 91, "lon": 0},
            {"type": "way", "id": 1, "nodes": [1]}]}""",
            "without their nodes",
        ),
    ],
)
def test_replies_that_are_not_whole(data: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        overpass._reply_date(data.encode())


def test_a_place_without_streets(web: Web) -> None:
    with pytest.raises(StreetsError, match=r"no streets within 0\.5 km of 30,-40"):
        overpass.pull(Place(30, -40), 500, web)


def test_streets_just_beyond_the_area_are_none_in_it(web: Web) -> None:
    # The track's long edge crosses the area, but neither of its ends lies in it.
    with pytest.raises(StreetsError, match="no streets"):
        overpass.pull(Place(46.45, 8.45), 100, web)


def test_offline(web: Web, tmp_path: Path, server: Overpass) -> None:
    off = Web(cache_dir=tmp_path, addresses={"HILLFINDER_OVERPASS_URL": server.api}, offline=True)
    with pytest.raises(OfflineError, match="streets of this area are not kept"):
        overpass.pull(HERE, 500, off)
    assert not server.requests
    before = segments(overpass.pull(HERE, 500, web))
    assert segments(overpass.pull(HERE, 500, off)) == before


@pytest.mark.parametrize("lat", [90.0, 84.0, -80.0, -90.0])
def test_near_a_pole(web: Web, lat: float) -> None:
    with pytest.raises(StreetsError, match="too near a pole"):
        overpass.pull(Place(lat, 10), 500, web)


@pytest.mark.parametrize("radius_m", [0.0, -1.0, 25_001.0, float("nan"), float("inf")])
def test_a_radius_that_is_none(web: Web, radius_m: float) -> None:
    with pytest.raises(StreetsError, match="more than Overpass should be asked"):
        overpass.pull(HERE, radius_m, web)


@pytest.mark.slow
def test_across_the_antimeridian(tmp_path: Path) -> None:
    nodes = {1: (179.985, -16.8), 2: (180.0, -16.8), 3: (-180.0, -16.8), 4: (-179.985, -16.8)}
    ways = [Way(1, (1, 2), {"highway": "track"}), Way(2, (3, 4), {"highway": "track"})]
    with Overpass(nodes, ways) as server:
        web = Web(cache_dir=tmp_path / "both", addresses={"HILLFINDER_OVERPASS_URL": server.api})
        pulled = overpass.pull(Place(-16.8, -180.0), 1500, web)
        assert segments(pulled) == {1: [(1, 2)], 2: [(3, 4)]}
    with Overpass(nodes, ways[:1]) as server:  # nothing on the other side
        web = Web(cache_dir=tmp_path / "one", addresses={"HILLFINDER_OVERPASS_URL": server.api})
        pulled = overpass.pull(Place(-16.8, 179.999), 1500, web)
        assert segments(pulled) == {1: [(1, 2)]}


@given(
    st.floats(-79.7, 83.7),
    st.floats(-180, 180),
    st.floats(1, 25_000),
    st.floats(0, 360),
)
def test_the_area_holds_the_circle(lat: float, lon: float, radius_m: float, course: float) -> None:
    to_lon, to_lat, _ = Geod(ellps="WGS84").fwd(lon, lat, course, radius_m)
    boxes = overpass.areas(overpass.grid_box(Place(lat, lon), radius_m))
    left_out = 601 / (111_320 * math.cos(math.radians(max(abs(lat), abs(to_lat))) + 0.01))
    for west, south, east, north in boxes:
        assert -180 < west < east < 180
        assert -80 <= south < north <= 84
        for line in (south, north):
            assert line == round(line * 100) / 100
    assert abs(to_lon) > 180 - left_out or any(
        west <= to_lon <= east and south <= to_lat <= north for west, south, east, north in boxes
    )


@pytest.mark.slow
@needs_data
def test_portland_is_the_same_from_overpass_and_from_its_file(tmp_path: Path) -> None:
    place = Place(45.5163, -122.6981)
    with Overpass(*read_extract(PORTLAND)) as server:
        web = Web(cache_dir=tmp_path, addresses={"HILLFINDER_OVERPASS_URL": server.api})
        pulled = osmnx_graph.from_networkx(overpass.pull(place, 700, web))
    ((west, south, east, north),) = overpass.areas(overpass.grid_box(place, 700))
    whole = osm_file.read_extract(PORTLAND)

    def inside(network: StreetNetwork) -> set[tuple[int, int, tuple[int, ...]]]:
        lon, lat = network.point_lon, network.point_lat
        near = (lon > west) & (lon < east) & (lat > south) & (lat < north)
        ids = network.node_id
        return {
            (
                int(ids[network.edge_u[row]]),
                int(ids[network.edge_v[row]]),
                network.ways.ids[network.edge_way[row]],
            )
            for row in range(len(network))
            if near[network.point_offset[row] : network.point_offset[row + 1]].all()
        }

    assert len(inside(whole)) > 500
    assert inside(pulled) == inside(whole)
