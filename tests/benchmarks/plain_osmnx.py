"""The plain OSMnx way to a list of steep streets: what anybody would write from its examples."""

from __future__ import annotations

import sys
from pathlib import Path

import osmnx as ox


def main(osm: str, dem: str) -> None:
    graph = ox.graph_from_xml(osm, bidirectional=True, retain_all=True)
    graph = ox.elevation.add_node_elevations_raster(graph, dem, cpus=1)
    graph = ox.elevation.add_edge_grades(graph)
    edges = ox.convert.graph_to_gdfs(graph, nodes=False)
    steep = edges[edges["length"].between(100, 200)].sort_values("grade", ascending=False)
    Path("/dev/stdout").write_text(steep.head(10)[["name", "grade", "length"]].to_string() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
