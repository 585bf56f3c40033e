"""Cut networks into pieces, and join pieces into one network."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from hillfinder.model import read_only
from hillfinder.streets.network import Lines, Profiles, StreetNetwork, Ways, in_use, project
from hillfinder.streets.point_features import Spots
from hillfinder.streets.tags.table import Ids, Tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Bools, Box, Ints


def take(network: StreetNetwork, edges: Bools) -> StreetNetwork:
    """Return a network of some of the edges, in their order, with their ways and profiles."""
    kept = np.flatnonzero(edges)
    way = network.edge_way[kept]
    ways = np.zeros(len(network.ways.ids), bool)
    ways[way] = True
    nodes, u, v = in_use(network.edge_u[kept], network.edge_v[kept], len(network.node_id))
    point_offset, points = _chosen_runs(network.point_offset, edges)
    profiles = network.profiles
    if profiles is not None:
        offset, samples = _chosen_runs(profiles.offset, edges)
        rest = _rows_of(profiles, np.flatnonzero(samples), "offset", "blur")
        profiles = Profiles(offset=offset, blur=profiles.blur, **rest)
    rows = np.flatnonzero(ways)
    renamed = np.cumsum(ways) - 1
    return replace(
        network,
        **_rows_of(network, nodes, only="node_"),
        **_rows_of(network, np.flatnonzero(points), "point_offset", only="point_"),
        edge_u=u,
        edge_v=v,
        edge_way=read_only(renamed[way]),
        edge_length_m=read_only(network.edge_length_m[kept]),
        point_offset=point_offset,
        ways=Ways(
            ids=network.ways.ids.among(rows),
            said=network.ways.said.among(rows),
            **_rows_of(network.ways, rows, "ids", "said"),
        ),
        spots=network.spots.among(points),
        profiles=profiles,
    )


def join(networks: Sequence[StreetNetwork], crs: str) -> StreetNetwork:
    """Return the network of several that share nodes and no edge, with all their profiles.

    Measured lengths and heights stay as they are; only the lines are projected again. Bridges
    overhead are dropped: they mattered when the heights were read.

    Args:
        networks: one or more; the edges keep their order.
        crs: the projection of the result.
    """
    first = networks[0]
    ids = np.concatenate([each.node_id for each in networks])
    node_id, row, number = np.unique(ids, return_index=True, return_inverse=True)
    begin = np.cumsum([0, *(len(each.node_id) for each in networks)])
    way = np.cumsum([0, *(len(each.ways.ids) for each in networks)])
    ends = {
        key: np.concatenate(
            [number[at + getattr(each, key)] for at, each in zip(begin[:-1], networks, strict=True)]
        )
        for key in ("edge_u", "edge_v")
    }

    def laid(name: str, *inner: str) -> Any:  # noqa: ANN401
        records = [reduce(getattr, inner, each) for each in networks]
        return np.concatenate([getattr(record, name) for record in records])

    point_lon, point_lat = laid("point_lon"), laid("point_lat")
    point_offset = _joined_offsets([each.point_offset for each in networks])
    node_lon, node_lat = laid("node_lon")[row], laid("node_lat")[row]
    # Row of each point among the projected points: first every node once, then inner points.
    inner = np.ones(len(point_lon), bool)
    inner[point_offset[:-1]] = inner[point_offset[1:] - 1] = False
    place = len(node_id) - 1 + np.cumsum(inner)
    place[point_offset[:-1]], place[point_offset[1:] - 1] = ends["edge_u"], ends["edge_v"]
    both = (np.append(node_lon, point_lon[inner]), np.append(node_lat, point_lat[inner]))
    x_m, y_m = project(*both, crs)
    profiles = None
    if all(each.profiles is not None for each in networks):
        names = [each.name for each in fields(Profiles) if each.name not in {"offset", "blur"}]
        profiles = Profiles(
            offset=_joined_offsets([cast("Profiles", each.profiles).offset for each in networks]),
            blur=cast("Profiles", first.profiles).blur,
            **{name: read_only(laid(name, "profiles")) for name in names},
        )
    nothing = read_only(np.empty(0))
    return StreetNetwork(
        node_id=read_only(node_id),
        node_lon=read_only(node_lon),
        node_lat=read_only(node_lat),
        node_x_m=read_only(x_m[: len(node_id)]),
        node_y_m=read_only(y_m[: len(node_id)]),
        edge_u=read_only(ends["edge_u"]),
        edge_v=read_only(ends["edge_v"]),
        edge_way=read_only(
            np.concatenate(
                [at + each.edge_way for at, each in zip(way[:-1], networks, strict=True)]
            )
        ),
        edge_length_m=read_only(laid("edge_length_m")),
        point_offset=point_offset,
        point_lon=read_only(point_lon),
        point_lat=read_only(point_lat),
        point_x_m=read_only(x_m[place]),
        point_y_m=read_only(y_m[place]),
        ways=Ways(
            ids=Ids.joined([each.ways.ids for each in networks]),
            hill=read_only(laid("hill", "ways")),
            steps=read_only(laid("steps", "ways")),
            structure=read_only(laid("structure", "ways")),
            said=Tags.joined([each.ways.said for each in networks]),
        ),
        decks=Lines(read_only(np.zeros(1, np.int64)), nothing, nothing),
        spots=_joined_spots(networks),
        crs=crs,
        source=first.source,
        profiles=profiles,
    )


def touching(network: StreetNetwork, bounds: Box) -> Bools:
    """Return whether the bounding box of each edge touches ``bounds``: west, south, east, north."""
    west, south, east, north = bounds
    half = (east - west) % 360.0 / 2
    # Measured from the middle, which works across the antimeridian.
    across = network.point_lon - (west + half)
    across -= 360.0 * np.rint(across / 360.0)
    first, lat = network.point_offset[:-1], network.point_lat
    return np.asarray(
        (np.minimum.reduceat(across, first) <= half)
        & (np.maximum.reduceat(across, first) >= -half)
        & (np.minimum.reduceat(lat, first) <= north)
        & (np.maximum.reduceat(lat, first) >= south)
    )


def _joined_spots(networks: Sequence[StreetNetwork]) -> Spots:
    """Return the point features of several networks, by rows of the joined points."""
    begin = np.cumsum([0, *(len(each.point_lon) for each in networks)])
    rows = [at + each.spots.point for at, each in zip(begin[:-1], networks, strict=True)]
    return Spots(
        read_only(np.concatenate(rows)),
        read_only(np.concatenate([each.spots.kind for each in networks])),
        read_only(np.concatenate([each.spots.name for each in networks])),
        all(each.spots.nodes_known for each in networks),
    )


def _joined_offsets(offsets: Sequence[Ints]) -> Ints:
    """Return the offsets of the runs of several networks, end to end."""
    length = np.concatenate([np.diff(offset) for offset in offsets])
    return read_only(np.concatenate([[0], np.cumsum(length)]))


def _rows_of(record: object, rows: Ints, *but: str, only: str = "") -> dict[str, Any]:
    """Return the given rows of the arrays of a record whose names begin with ``only``."""
    return {
        each.name: read_only(getattr(record, each.name).take(rows))
        for each in fields(record)  # type: ignore[arg-type]
        if each.name.startswith(only) and each.name not in but
    }


def _chosen_runs(offset: Ints, runs: Bools) -> tuple[Ints, Bools]:
    """Return the offsets of the chosen runs, end to end, and which elements are in them."""
    length = np.diff(offset)
    chosen = np.concatenate([[0], np.cumsum(length[runs])])
    return read_only(chosen), np.repeat(runs, length)
