"""Overpass: the part of its query language that OSMnx writes, over ways held in memory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import shapely

from tests.world.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.world.service import Fault, Request

_QUERY = re.compile(
    r"\[out:json\]\[timeout:\d+\];\(way(?P<filter>\[.*\])\(poly:'(?P<poly>[-\d. ]+)'\);>;\);out;"
)
_CLAUSE = re.compile(r"""\[(~?)"([^"]+)"(?:(!?[=~])"([^"]*)")?\]""")


@dataclass(frozen=True)
class Way:
    """A way: ids of nodes, and tags."""

    id: int
    nodes: Sequence[int]
    tags: Mapping[str, str]


class Overpass(Service):
    """A server at ``url + "/api"`` that knows some nodes (longitude, latitude) and ways."""

    def __init__(
        self,
        nodes: Mapping[int, tuple[float, float]],
        ways: Sequence[Way],
        node_tags: Mapping[int, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        #: A real one is minutes behind.
        self.date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._nodes = nodes
        self._node_tags = node_tags
        self._ways = ways
        self._lines = [shapely.LineString([nodes[node] for node in way.nodes]) for way in ways]
        self._tree = shapely.STRtree(self._lines)

    @property
    def api(self) -> str:
        """What a client is configured with."""
        return self.url + "/api"

    @property
    def queries(self) -> list[str]:
        """What was asked, in Overpass's language."""
        return [request.fields.get("data", "") for request in self.requests]

    def answer(self, request: Request) -> Answer:
        """Answer ``/api/status`` and ``/api/interpreter``; refuse stock user agents with 406."""
        if request.agent.startswith(("python", "OSMnx")):
            return Answer(406, b"Not Acceptable")
        if request.path == "/api/status":
            lines = ["Connected as: 1", f"Current time: {self.date}", "Announced endpoint: none"]
            lines += ["Rate limit: 2", "2 slots available now.", "Currently running queries:"]
            return Answer(200, "\n".join(lines).encode())
        found = _QUERY.fullmatch(request.fields.get("data", ""))
        if request.path != "/api/interpreter" or found is None:
            return Answer(400, b"<html><body>Error: line 1: parse error</body></html>")
        numbers = [float(number) for number in found["poly"].split()]
        area = shapely.Polygon([*zip(numbers[1::2], numbers[::2], strict=True)])
        return Answer(200, json.dumps(self._reply(found["filter"], area)).encode())

    def _reply(self, filters: str, area: shapely.Polygon) -> dict[str, Any]:
        rows = sorted(self._tree.query(area, predicate="intersects").tolist())
        ways = [self._ways[row] for row in rows if matches(filters, self._ways[row].tags)]
        ids = sorted({node for way in ways for node in way.nodes})
        elements: list[dict[str, Any]] = [
            {"type": "node", "id": node, "lat": self._nodes[node][1], "lon": self._nodes[node][0]}
            | ({"tags": dict(self._node_tags[node])} if node in self._node_tags else {})
            for node in ids
        ]
        elements += [
            {"type": "way", "id": way.id, "nodes": list(way.nodes), "tags": dict(way.tags)}
            for way in ways
        ]
        return {
            "version": 0.6,
            "generator": "Overpass API",
            "osm3s": {"timestamp_osm_base": self.date, "copyright": "ODbL"},
            "elements": elements,
        }


def matches(filters: str, tags: Mapping[str, str]) -> bool:
    """Tell whether tags pass filters such as ``["highway"]["bridge"!="no"][~"^a$"~"b"]``."""
    clauses = _CLAUSE.findall(filters)
    assert "".join(clause[0] for clause in _CLAUSE.finditer(filters)) == filters
    return all(_passes(tags, *clause) for clause in clauses)


def _passes(tags: Mapping[str, str], key_is_regex: str, key: str, how: str, value: str) -> bool:
    if key_is_regex:
        return any(re.search(key, each) and re.search(value, tags[each]) for each in tags)
    has = tags.get(key)
    if not how:
        return has is not None
    hit = has is not None and bool(has == value if how[-1] == "=" else re.search(value, has))
    return hit != how.startswith("!")


def remark(text: str) -> Fault:
    """Answer with what was found when time ran out: status 200, and a remark that says so."""

    def spoil(answer: Answer) -> Answer:
        reply = json.loads(answer.body)
        half = {**reply, "elements": reply["elements"][:1], "remark": text}
        return Answer(200, json.dumps(half).encode())

    return spoil


def extract(path: Path) -> tuple[dict[int, tuple[float, float]], list[Way]]:
    """Return the nodes and the whole ways of an OpenStreetMap file."""
    import osmium

    points: Any = osmium.FileProcessor(str(path), osmium.osm.NODE)
    lines: Any = osmium.FileProcessor(str(path), osmium.osm.WAY)
    nodes = {node.id: (node.lon, node.lat) for node in points if node.location.valid()}
    ways = [Way(way.id, tuple(node.ref for node in way.nodes), dict(way.tags)) for way in lines]
    return nodes, [way for way in ways if len(way.nodes) > 1 and nodes.keys() >= {*way.nodes}]


def tags_of_nodes(path: Path) -> dict[int, dict[str, str]]:
    """Return the tags of the nodes of an OpenStreetMap file that have any."""
    import osmium

    points: Any = osmium.FileProcessor(str(path), osmium.osm.NODE)
    return {node.id: dict(node.tags) for node in points if len(node.tags)}
