"""Graphs of OSMnx in which (u, v) is not the direction of the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import osmnx
import pytest
from shapely import LineString

from hillfinder.streets.sources.osmnx_graph import from_networkx, read_graphml
from tests.towns import DATA, needs_data

if TYPE_CHECKING:
    from pathlib import Path

    from hillfinder.streets.network import StreetNetwork

BEND = [(8.0, 46.0), (8.001, 46.0005), (8.002, 46.0)]


def graph(**edge: Any) -> nx.MultiDiGraph[int]:
    """Return one bent street from node 1 to node 2 and back, as OSMnx has it."""
    made: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs="epsg:4326", simplified=True)
    made.add_node(1, x=8.0, y=46.0)
    made.add_node(2, x=8.002, y=46.0)
    data = {"osmid": 7, "highway": "residential", "incline": "8%", "oneway": False} | edge
    made.add_edge(1, 2, **data, reversed=False, geometry=LineString(BEND))
    made.add_edge(2, 1, **data, reversed=True, geometry=LineString(BEND[::-1]))
    return made


def ends(network: StreetNetwork) -> list[tuple[int, int]]:
    node = network.node_id
    return [
        (int(node[u]), int(node[v]))
        for u, v in zip(network.edge_u.tolist(), network.edge_v.tolist(), strict=True)
    ]


def inclines(network: StreetNetwork) -> set[str | None]:
    return set(network.ways.column("incline").tolist())


def drawn_right(network: StreetNetwork) -> bool:
    """Tell whether every line begins at its u and ends at its v."""
    first, last = network.point_offset[:-1], network.point_offset[1:] - 1
    return all(
        np.allclose(point[where], node[which])
        for point, node in (
            (network.point_lon, network.node_lon), (network.point_lat, network.node_lat)
        )
        for where, which in ((first, network.edge_u), (last, network.edge_v))
    )  # fmt: skip


def test_a_line_that_runs_against_its_edge_is_turned_and_not_drawn_to_and_fro() -> None:
    made: nx.MultiGraph[int] = nx.MultiGraph(graph())
    made.clear_edges()
    data = {"osmid": 7, "highway": "residential", "oneway": False, "reversed": False}
    made.add_edge(2, 1, **data, geometry=LineString(BEND))
    network = from_networkx(made)
    assert len(network) == 1
    assert ends(network) == [(1, 2)]
    assert drawn_right(network)
    assert network.total_length_m == pytest.approx(from_networkx(graph()).total_length_m)


@pytest.mark.parametrize("saved", [False, True])
def test_an_undirected_graph_is_the_same_network(tmp_path: Path, *, saved: bool) -> None:
    made = graph()
    undirected = osmnx.convert.to_undirected(made)
    if saved:
        osmnx.save_graphml(undirected, tmp_path / "graph.graphml")
        network = read_graphml(tmp_path / "graph.graphml")
    else:
        network = from_networkx(undirected)
    whole = from_networkx(made)
    assert ends(network) == ends(whole) == [(1, 2)]
    assert inclines(network) == inclines(whole) == {"8%"}
    np.testing.assert_array_equal(network.point_lon, whole.point_lon)


def test_a_straight_undirected_street_runs_as_it_says() -> None:
    made = graph()
    for *_, data in made.edges(data=True):
        del data["geometry"]
    network = from_networkx(osmnx.convert.to_undirected(made))
    assert ends(network) == [(1, 2)]
    assert inclines(network) == {"8%"}


@pytest.mark.parametrize(
    "edge",
    [
        {"oneway": True},  # of a way that is one-way against itself OSMnx turns the nodes
        {"reversed": None},  # versions before 1.2
        {"reversed": [False, True]},  # merged
    ],
)
def test_an_incline_is_dropped_where_its_direction_is_lost(edge: dict[str, Any]) -> None:
    made = graph()
    for *_, data in made.edges(data=True):
        data.update(edge)
        if data["reversed"] is None:
            del data["reversed"]
    network = from_networkx(made)
    assert len(network) == 1
    assert inclines(network) == {None}


def test_the_edge_of_a_way_that_is_only_there_backwards_is_turned() -> None:
    made = graph()
    made.remove_edge(1, 2)
    assert ends(from_networkx(made)) == [(1, 2)]
    assert inclines(from_networkx(made)) == {"8%"}


@needs_data
def test_grenoble_is_as_long_without_directions() -> None:
    made = osmnx.load_graphml(DATA / "grenoble" / "osm_graph.graphml")
    one, other = from_networkx(made), from_networkx(osmnx.convert.to_undirected(made))
    assert one.total_length_m == pytest.approx(121_107, abs=1)
    assert other.total_length_m == pytest.approx(one.total_length_m, abs=0.01)
    assert drawn_right(one)
    assert drawn_right(other)
