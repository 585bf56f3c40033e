"""What lies on a line: side streets, driveways, crossings, gates; the same from every source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hillfinder.model import Leg, Place
from hillfinder.services.client import Web
from hillfinder.streets.geometry.crossings import CLEAR_END_M, Lookout
from hillfinder.streets.sources import osm_file, osmnx_graph, overpass
from hillfinder.streets.storage import area_cache
from tests.towns import DATA, needs_data, town
from tests.world import Overpass
from tests.world.overpass import extract as nodes_and_ways
from tests.world.overpass import tags_of_nodes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hillfinder.model import Mark
    from hillfinder.streets.network import StreetNetwork

#: A street of 200 m from node 1 to node 5, every 50 m a node; nodes 12 to 14 lie 50 m beside it.
NODES = {
    **{number: (50.0 * (number - 1), 0.0) for number in range(1, 6)},
    **{10 + number: (50.0 * (number - 1), 50.0) for number in (1, 2, 3, 4, 5)},
    **{20 + number: (50.0 * (number - 1), -50.0) for number in (1, 2, 3, 4, 5)},
}
MAIN = {"highway": "residential", "name": "Main Street"}


def on_main(
    *others: tuple[Sequence[int], Mapping[str, str]],
    node_tags: Mapping[int, Mapping[str, str]] | None = None,
    main: Mapping[str, str] | None = None,
) -> list[tuple[str, int, str]]:
    """Return kind, metres and name of what lies on the street, up and, mirrored, down again."""
    ways: list[tuple[int, Sequence[int], Mapping[str, str]]]
    ways = [(1, (1, 2, 3, 4, 5), main or MAIN)]
    ways += [(row, nodes, tags) for row, (nodes, tags) in enumerate(others, 2)]
    network = town(ways, NODES, node_tags)
    up = legs_of(network, 1)
    down = tuple(Leg(leg.edge, leg.stop_m, leg.start_m) for leg in reversed(up))
    marks, back = Lookout(network).along(up), Lookout(network).along(down)
    told: list[tuple[str, int, str]]
    told = [(mark.kind, round(mark.distance_m), mark.name) for mark in marks]
    turned = [(mark.kind, 200 - round(mark.distance_m), mark.name) for mark in reversed(back)]
    assert sorted(told) == sorted(turned)
    return told


def legs_of(network: StreetNetwork, way: int) -> tuple[Leg, ...]:
    """Return the legs along all of a way."""
    edges = [
        edge for edge in range(len(network)) if network.ways.ids[network.edge_way[edge]] == (way,)
    ]
    return tuple(Leg(edge, 0.0, float(network.edge_length_m[edge])) for edge in edges)


def named(name: str, **tags: str) -> dict[str, str]:
    return {"highway": "residential", "name": name, **tags}


def test_nothing_lies_on_a_street_that_nothing_joins() -> None:
    assert on_main() == []


def test_streets_that_join_or_cross_are_told_once_in_order() -> None:
    crossing = ((14, 4, 24), named("Oak Street"))
    joining = ((12, 2), named("Elm Street"))
    assert on_main(crossing, joining) == [
        ("side street", 50, "Elm Street"),
        ("side street", 150, "Oak Street"),
    ]


def test_a_street_at_either_end_is_not_on_the_line() -> None:
    assert on_main(((11, 1), named("First Street")), ((15, 5, 25), named("Last Street"))) == []


def test_what_a_person_may_not_walk_is_met_all_the_same() -> None:
    private = ((12, 2), {"highway": "service", "service": "driveway", "access": "private"})
    ramp = ((13, 3), {"highway": "motorway_link", "name": "Exit 5"})
    planned = ((14, 4), {"highway": "proposed"})
    assert on_main(private, ramp, planned) == [
        ("driveway", 50, ""),
        ("side street", 100, "Exit 5"),
    ]


def test_service_roads_are_driveways_and_alleys_are_streets() -> None:
    yard = ((12, 2), {"highway": "service", "service": "parking_aisle"})
    alley = ((13, 3), {"highway": "service", "service": "alley"})
    assert on_main(yard, alley) == [("driveway", 50, ""), ("side street", 100, "")]


def test_paths_that_join_are_nothing_to_mind() -> None:
    assert on_main(((12, 2, 22), {"highway": "footway"}), ((13, 3), {"highway": "steps"})) == []


def test_a_road_across_a_path_is_a_crossing() -> None:
    road, track = ((12, 2, 22), named("Elm Street")), ((13, 3, 23), {"highway": "track"})
    path = {"highway": "path"}
    assert on_main(road, track, main=path) == [("crossing", 50, "Elm Street")]
    closed = ((12, 2, 22), {"highway": "motorway", "name": "M1"})
    assert on_main(closed, main=path) == [("crossing", 50, "M1")]


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"barrier": "gate"}, "gate"),
        ({"barrier": "bollard"}, "barrier"),
        ({"barrier": "kerb"}, None),
        ({"highway": "crossing"}, "crossing"),
        ({"highway": "crossing", "crossing": "traffic_signals"}, "signals"),
        ({"highway": "traffic_signals"}, "signals"),
        ({"highway": "stop"}, None),
        ({"highway": "bus_stop"}, None),
        ({"crossing": "zebra"}, "crossing"),
        ({"railway": "level_crossing"}, "tracks"),
        ({"railway": "level_crossing", "barrier": "gate"}, "tracks"),
    ],
)
def test_tagged_nodes_are_told(tags: dict[str, str], kind: str | None) -> None:
    told = on_main(node_tags={3: tags})
    assert told == ([] if kind is None else [(kind, 100, "")])


def test_one_point_is_told_once_by_what_stops_most_with_the_name_of_the_street() -> None:
    told = on_main(((13, 3, 23), named("Elm Street")), node_tags={3: {"barrier": "gate"}})
    assert told == [("gate", 100, "Elm Street")]


def test_only_the_part_that_is_run_counts() -> None:
    gate = {3: {"barrier": "gate"}}
    network = town([(1, (1, 2, 3, 4, 5), MAIN)], NODES, gate)

    def told(start: float, stop: float) -> list[int]:
        return [round(mark.distance_m) for mark in Lookout(network).along([Leg(0, start, stop)])]

    assert told(40.0, 160.0) == [60]
    assert told(150.0, 40.0) == [50]
    assert told(110.0, 200.0) == told(0.0, 90.0) == told(0.0, 100.0 + CLEAR_END_M - 0.1) == []


def test_a_mark_says_where_it_is() -> None:
    network = town([(1, (1, 2, 3, 4, 5), MAIN)], NODES, {3: {"barrier": "gate"}})
    (mark,) = Lookout(network).along([Leg(0, 0.0, 200.0)])
    row = int(network.spots.point[0])
    assert mark.lon == pytest.approx(network.point_lon[row], abs=1e-9)
    assert mark.lat == pytest.approx(network.point_lat[row], abs=1e-9)


def told_by_id(network: StreetNetwork) -> set[tuple[float, float, int, str | None]]:
    spots = network.spots
    lon, lat = (np.round(each[spots.point], 6) for each in (network.point_lon, network.point_lat))
    return {*zip(lon.tolist(), lat.tolist(), spots.kind.tolist(), spots.name, strict=True)}


@pytest.fixture(scope="module")
def portland() -> StreetNetwork:
    return osm_file.read_extract(PORTLAND)


PORTLAND = DATA / "portland" / "portland-central-filtered.osm.pbf"


@pytest.mark.slow
@needs_data
def test_overpass_tells_what_the_file_tells(portland: StreetNetwork, tmp_path: Path) -> None:
    place, radius_m = Place(45.5120, -122.6960), 1500.0
    nodes, ways = nodes_and_ways(PORTLAND)
    with Overpass(nodes, ways, tags_of_nodes(PORTLAND)) as server:
        web = Web(cache_dir=tmp_path, addresses={"HILLFINDER_OVERPASS_URL": server.api})
        pulled = overpass.pull(place, radius_m, web)
    theirs = osmnx_graph.from_networkx(pulled, nodes_known=True)
    bounds = area_cache.box_around(place, radius_m - 200.0)

    def inside(network: StreetNetwork) -> set[tuple[float, float, int, str | None]]:
        west, south, east, north = bounds
        told = told_by_id(network)
        return {each for each in told if west < each[0] < east and south < each[1] < north}

    mine = inside(portland)
    assert len(mine) > 500
    assert mine == inside(theirs)


@needs_data
def test_a_part_of_an_area_tells_what_the_whole_tells(portland: StreetNetwork) -> None:
    part = area_cache.cut_to_box(portland, area_cache.box_around(Place(45.5120, -122.6960), 800.0))
    assert 100 < len(part.spots.point) < len(portland.spots.point) / 2
    assert told_by_id(part) <= told_by_id(portland)
    assert set(np.unique(part.spots.point).tolist()) <= set(range(len(part.point_lon)))


@needs_data
def test_a_saved_graph_does_not_claim_to_know_every_gate() -> None:
    network = osmnx_graph.read_graphml(DATA / "grenoble" / "osm_graph.graphml")
    assert not network.spots.nodes_known


def marks(network: StreetNetwork, way: int) -> tuple[Mark, ...]:
    return Lookout(network).along(legs_of(network, way))


@needs_data
def test_in_portland_college_street_is_clear(portland: StreetNetwork) -> None:
    assert marks(portland, 5543310) == ()  # the map shows nothing between 13th and 16th Avenue
