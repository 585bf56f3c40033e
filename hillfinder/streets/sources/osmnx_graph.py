"""Networks from graphs of OSMnx, in memory and as GraphML."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import StreetSource
from hillfinder.streets.builder import build
from hillfinder.streets.raw import RawStreets
from hillfinder.streets.tags import access
from hillfinder.streets.tags.features import NODE_KEYS, of_node
from hillfinder.streets.tags.roads import STREET_TAGS
from hillfinder.streets.tags.table import READ_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import networkx as nx

    from hillfinder.model import MarkKind
    from hillfinder.streets.network import StreetNetwork

    Coords = tuple[tuple[float, float], ...]
    _Street = tuple[int, int, tuple[int, ...], Coords | None]
    _WayKey = tuple[tuple[int, ...], tuple[tuple[str, str], ...]]

#: Tags read from a graph. OSMnx replaces the value of ``oneway`` by its own.
GRAPH_TAGS = {*READ_TAGS} - {"oneway"}


def read_graphml(path: Path | str) -> StreetNetwork:
    """Read a graph saved by ``osmnx.save_graphml``.

    Raises:
        StreetsError: the file is missing, or is not such a graph.
    """
    path = Path(path)
    if not path.is_file():
        what = f"{path} is a folder" if path.is_dir() else f"There is no file {path}"
        msg = f"{what}: give a graph saved by osmnx.save_graphml."
        raise StreetsError(msg)
    import osmnx

    try:
        graph = osmnx.load_graphml(path)
    except Exception as error:  # NetworkX, lxml, shapely and float() each have their own
        msg = (
            f"{path.name} cannot be read as a graph of OSMnx ({error}): "
            "save one with osmnx.save_graphml."
        )
        raise StreetsError(msg) from error
    return from_networkx(graph, StreetSource(path.name, graph.graph.get("created_date")))


def from_networkx(
    graph: nx.MultiDiGraph[Any],
    source: StreetSource | None = None,
    *,
    nodes_known: bool = False,
) -> StreetNetwork:
    """Make a network of an OSMnx graph, simplified or not.

    Edges that OSMnx merged keep all their way ids; where their tags differ, the street counts as
    the least open of them: a street that is a bridge for a part is a bridge.

    Args:
        graph: nodes with ``x`` and ``y`` in degrees; edges with ``osmid``, tags, and ``geometry``
            where they are not straight.
        source: where it comes from.
        nodes_known: its nodes carry every tag of ``NODE_KEYS`` that they have on the map. A
            graph that OSMnx simplified has lost most of its nodes.

    Raises:
        StreetsError: the graph is projected, has no coordinates, or nothing to walk on.
    """
    nodes = _node_places(graph)
    rows: list[tuple[tuple[int, ...], list[int], dict[str, str]]] = []
    straight: dict[_WayKey, list[tuple[int, int]]] = defaultdict(list)
    # Bends are numbered above all nodes of the graph, so that a ring without a junction begins at
    # its real node.
    fresh = max(nodes) + 1
    for (u, v, ids, coords), data in _each_once(graph, nodes).items():
        tags = _edge_tags(data)
        if coords is None and len(ids) == 1:
            straight[ids, tuple(sorted(tags.items()))].append((u, v))
            continue
        inner = range(fresh, fresh + len((coords or ())[1:-1]))
        fresh = inner.stop
        nodes.update(zip(inner, (coords or ())[1:-1], strict=True))
        rows.append((ids, [u, *inner, v], tags))
    for (ids, items), segments in straight.items():
        rows += [(ids, chain, dict(items)) for chain in _chains(segments)]
    rows.sort(key=lambda row: row[0])
    raw = _raw_streets(rows, nodes, source or StreetSource("an OSMnx graph"))
    kinds = _node_kinds(graph)
    return build(replace(raw, node_kind=kinds, nodes_known=nodes_known))


def _node_kinds(graph: nx.MultiDiGraph[Any]) -> dict[int, MarkKind]:
    """Return what the tagged nodes are, by id."""
    kinds = {}
    for node, data in graph.nodes(data=True):
        values = [str(data[key]) if key in data else None for key in NODE_KEYS]
        kind = of_node(*values) if any(values) else None
        if kind is not None:
            kinds[int(node)] = kind
    return kinds


def _node_places(graph: nx.MultiDiGraph[Any]) -> dict[int, tuple[float, float]]:
    """Return longitude and latitude of every node.

    Raises:
        StreetsError: they are not in degrees, or the graph is empty.
    """
    crs = str(graph.graph.get("crs", "epsg:4326")).lower()
    if "4326" not in crs:
        msg = (
            f"The graph is projected ({crs[:40]}): give it in degrees, as OSMnx downloads it, or "
            'project it back with osmnx.project_graph(graph, to_crs="epsg:4326").'
        )
        raise StreetsError(msg)
    if len(graph.edges) == 0:
        msg = "The graph has no streets: give one that OSMnx made."
        raise StreetsError(msg)
    nodes: dict[int, tuple[float, float]] = {}
    for node, data in graph.nodes(data=True):
        try:
            lon, lat = nodes[int(node)] = float(data["x"]), float(data["y"])
            placed = abs(lon) <= 180 and abs(lat) <= 90
        except (KeyError, TypeError, ValueError):
            placed = False
        if not placed:
            msg = (
                f"Node {node!r} of the graph is not a number with x and y in degrees: "
                "give a graph that OSMnx made."
            )
            raise StreetsError(msg)
    return nodes


def _each_once(
    graph: nx.MultiDiGraph[Any], places: Mapping[int, tuple[float, float]]
) -> dict[_Street, dict[str, Any]]:
    """Return every street once, in the direction of its way: OSMnx holds most of them twice.

    ``(u, v)`` is no direction in an undirected graph, and ``reversed`` is missing in those of old
    versions and a list where streets of both kinds were merged. A line runs as it is drawn, and
    where nothing tells which way that is its ``incline`` is left out.
    """
    streets: dict[_Street, dict[str, Any]] = {}
    directed = graph.is_directed()
    edges = [
        _directed(u, v, data, places, directed=directed) for u, v, data in graph.edges(data=True)
    ]
    for street, data, known in sorted(edges, key=lambda edge: not edge[2]):
        u, v, ids, coords = street
        if (v, u, ids, None if coords is None else coords[::-1]) not in streets:
            told = data if known else {key: data[key] for key in data if key != "incline"}
            streets.setdefault(street, told)
    return streets


def _directed(
    u: Any,  # noqa: ANN401 - as in the graph
    v: Any,  # noqa: ANN401
    data: dict[str, Any],
    places: Mapping[int, tuple[float, float]],
    *,
    directed: bool,
) -> tuple[_Street, dict[str, Any], bool]:
    """Return an edge from its first node to its last, and whether its way is known to run so."""
    u, v = int(u), int(v)
    ids = _osm_ids(data.get("osmid"))
    line = data.get("geometry")
    coords = None if line is None else tuple((float(x), float(y)) for x, y in line.coords)
    known = directed
    if coords is not None:
        first, last = places[u], places[v]
        turned_apart = _degrees_apart(coords[0], last) + _degrees_apart(coords[-1], first)
        if turned_apart < _degrees_apart(coords[0], first) + _degrees_apart(coords[-1], last):
            u, v = v, u
    if not known and {str(data.get("from")), str(data.get("to"))} == {str(u), str(v)}:
        # ``to_undirected`` of OSMnx keeps one of the two edges, and says where it went.
        known = True
        if coords is None and str(data["from"]) != str(u):
            u, v = v, u
    turned = data.get("reversed")
    # Of a way that is one-way against its own direction OSMnx turns the nodes and says no more.
    known &= isinstance(turned, bool) and data.get("oneway") in (False, None)
    if turned is True:
        u, v, coords = v, u, None if coords is None else coords[::-1]
    return (u, v, ids, coords), data, known


def _degrees_apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance of two points, in degrees of longitude plus degrees of latitude."""
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _osm_ids(osmid: object) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(value) for value in _as_list(osmid) if _is_set(value)}))
    except (TypeError, ValueError) as error:
        msg = f"The graph has an osmid that is no number ({osmid!r}): give one that OSMnx made."
        raise StreetsError(msg) from error


def _as_list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set) else [value]


def _edge_tags(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of an edge; of merged values the one that opens least."""
    tags: dict[str, str] = {}
    for key in GRAPH_TAGS & data.keys():
        values = [str(value) for value in _as_list(data[key]) if _is_set(value)]
        if values:
            tags[key] = values[0] if len(values) == 1 else _least_open(key, values)
    return tags


def _is_set(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and np.isnan(value))


def _least_open(key: str, values: list[str]) -> str:
    """Return the value that allows least, of equals the first."""

    def openness(value: str) -> tuple[bool, bool, bool]:
        tags = {**STREET_TAGS, key: value}
        decided = access.decide(tags)
        return decided.walk, decided.hill, not access.is_structure(tags)

    return min(values, key=openness)


def _chains(segments: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Join the segments of one way, head to tail, into as few sequences of nodes as can be."""
    after: dict[int, list[int]] = defaultdict(list)
    arriving: dict[int, int] = defaultdict(int)
    for u, v in segments:
        after[u].append(v)
        arriving[v] += 1
    chains = []

    def follow(node: int) -> None:
        chain = [node]
        while after[chain[-1]]:
            chain.append(after[chain[-1]].pop(0))
            if arriving[chain[-1]] != 1 or len(after[chain[-1]]) != 1:
                break
        chains.append(chain)

    for node in [node for node in after if arriving[node] != 1 or len(after[node]) != 1]:
        while after[node]:
            follow(node)
    for node in list(after):  # what is left are rings
        while after[node]:
            follow(node)
    return chains


def _raw_streets(
    rows: list[tuple[tuple[int, ...], list[int], dict[str, str]]],
    nodes: Mapping[int, tuple[float, float]],
    source: StreetSource,
) -> RawStreets:
    ref = np.array([node for _, chain, _ in rows for node in chain], np.int64)
    node_id, way_node = np.unique(ref, return_inverse=True)
    lonlat = np.array([nodes[int(node)] for node in node_id.tolist()])
    return RawStreets(
        node_id=node_id,
        lon=lonlat[:, 0],
        lat=lonlat[:, 1],
        way_offset=np.concatenate([[0], np.cumsum([len(chain) for _, chain, _ in rows])]),
        way_node=way_node.astype(np.int64),
        way_ids=[ids for ids, _, _ in rows],
        tags=[tags for _, _, tags in rows],
        source=source,
    )
