"""The street network as arrays.

An edge never spans two ways, so every tag of an edge has one value. A climb may span several edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hillfinder.errors import HeightsError
from hillfinder.model import Profile, read_only
from hillfinder.streets.tags import access_tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    import networkx as nx

    from hillfinder.model import Bools, Floats, Ints, Leg, StreetSource, Strings
    from hillfinder.streets.point_features import Spots
    from hillfinder.streets.tags.table import Ids, Tags


#: Positions on a line closer than this are equal, m.
NEAR_M = 1e-6
#: Latitude up to which the shorter projection series works, degrees: beyond it 60 km may reach
#: round a pole.
SHORTER_TO_LAT = 89.0


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The ways, one per row: what a person may do there, and their tags.

    Attributes:
        ids: the OpenStreetMap way ids of each row.
        hill: shape (w,), it may be offered as a hill.
        steps: shape (w,), stairs.
        structure: shape (w,), a bridge, tunnel or covered way: the ground is not under the feet.
        said: their tags.
    """

    ids: Ids
    hill: Bools
    steps: Bools
    structure: Bools
    said: Tags

    def column(self, key: str) -> Strings:
        """Return the values of one of ``KEPT_TAGS``, shape (w,), ``None`` where unset."""
        if key not in access_tables.KEPT_TAGS:
            raise KeyError(key)
        return self.said.column(key)

    def tags(self, row: int) -> dict[str, str]:
        """Return those tags of one way, sorted by key."""
        return {k: v for k, v in sorted(self.said[row].items()) if k in access_tables.KEPT_TAGS}


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Polylines: line ``i`` is ``x_m[offset[i]:offset[i + 1]]`` and the same of ``y_m``."""

    offset: Ints
    x_m: Floats
    y_m: Floats


class Blur(NamedTuple):
    """How smoothing turns errors of the elevation model into errors of the grade line.

    Attributes:
        reach: distance at which two errors correlate to 1/e (Gaussian covariance), m.
        wavelength: wavelength along the street that the grade line halves, m.
    """

    reach: float
    wavelength: float


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """Samples along every edge: edge ``i`` has ``offset[i]:offset[i + 1]``, from u to v.

    Attributes:
        offset: shape (m + 1,).
        distance_m: shape (s,), from the edge's ``u`` end; both ends are sampled.
        elevation_m: shape (s,), the grade line; NaN where the height is unknown.
        sigma_m: shape (s,), standard deviation of the height.
        misfit_m: shape (s,), RMS distance of the grade line from the heights read nearby.
        place_m: shape (s,), standard deviation of a height read, from the street being mapped a
            few metres off.
        trusted: shape (s,), the height was read from the ground under the street, and may
            support a claim about a hill.
        blur: how the errors of two heights correlate.
    """

    offset: Ints
    distance_m: Floats
    elevation_m: Floats
    sigma_m: Floats
    misfit_m: Floats
    place_m: Floats
    trusted: Bools
    blur: Blur


@dataclass(frozen=True, slots=True, eq=False)
class StreetNetwork:
    """Streets and trails that a person on foot may use: arrays, all read-only.

    Attributes:
        node_id, node_lon, node_lat, node_x_m, node_y_m: shape (n,), junctions and way ends.
        edge_u, edge_v: shape (m,), rows of the node arrays, in the direction of the way.
        edge_way: shape (m,), row of ``ways``.
        edge_length_m: shape (m,), along the line, in the ground plan.
        point_offset: shape (m + 1,); the line of edge ``i`` is ``point_offset[i]:[i + 1]`` of
            ``point_lon``, ``point_lat``, ``point_x_m``, ``point_y_m``, both ends included.
        ways: what the edges are.
        decks: bridges of every kind, also of roads and railways closed to people on foot: a
            surface model shows the deck's height on the street below.
        spots: point features of the edges: gates, crossings, roads closed to people on foot.
        crs: the local metric projection of ``x_m`` and ``y_m``, as a PROJ string.
        source: where the streets come from.
        profiles: heights along the edges, once ``elevation`` has attached them.
    """

    node_id: Ints
    node_lon: Floats
    node_lat: Floats
    node_x_m: Floats
    node_y_m: Floats
    edge_u: Ints
    edge_v: Ints
    edge_way: Ints
    edge_length_m: Floats
    point_offset: Ints
    point_lon: Floats
    point_lat: Floats
    point_x_m: Floats
    point_y_m: Floats
    ways: Ways
    decks: Lines
    spots: Spots
    crs: str
    source: StreetSource
    profiles: Profiles | None = None

    def __repr__(self) -> str:
        """Return the size in one line."""
        return f"<StreetNetwork: {len(self)} edges, {self.total_length_m / 1000:.1f} km>"

    def __len__(self) -> int:
        """Return the number of edges."""
        return len(self.edge_u)

    @property
    def total_length_m(self) -> float:
        """Length of all edges together."""
        return float(self.edge_length_m.sum())

    def edge_tag(self, key: str) -> Strings:
        """Return the values of one tag for all edges, shape (m,), ``None`` where unset."""
        return self.ways.column(key)[self.edge_way]

    def edges_at_nodes(self) -> tuple[Ints, Ints]:
        """Return which edges meet at each node: an offset of shape (n + 1,), and edges (2 m,).

        ``edges[offset[i]:offset[i + 1]]`` meet at node ``i``; a loop appears twice.
        """
        ends = np.concatenate([self.edge_u, self.edge_v])
        by_node = np.argsort(ends, kind="stable")
        offset = np.searchsorted(ends[by_node], np.arange(len(self.node_id) + 1))
        return offset, by_node % max(len(self), 1)

    def known_profiles(self) -> Profiles:
        """Return the heights along the edges.

        Raises:
            HeightsError: none are attached yet.
        """
        if self.profiles is None:
            msg = "The network carries no heights: attach an elevation model to it first."
            raise HeightsError(msg)
        return self.profiles

    def with_profiles(self, profiles: Profiles) -> StreetNetwork:
        """Return the same network with heights."""
        return replace(self, profiles=profiles)

    def to_networkx(self) -> nx.MultiDiGraph[int]:
        """Return the network as OSMnx would: see ``to_networkx``."""
        return to_networkx(self)

    def track(self, legs: Iterable[Leg]) -> Track:
        """Return the line along pieces of edges, each beginning where the one before ended.

        It has a point at every drawn point and at every sample of the profiles. Heights are NaN
        where they are unknown or not attached.
        """
        pieces = [_piece(self, leg) for leg in legs]
        joined = np.concatenate(
            [pieces[0], *(piece[:, 1:] for piece in pieces[1:])], axis=1, dtype=np.float64
        )
        step, lon, lat, elevation, sigma = joined
        return Track(np.cumsum(step), lon, lat, elevation, sigma)


class Track(NamedTuple):
    """A line with heights: arrays of one shape (n,)."""

    distance_m: Floats
    lon: Floats
    lat: Floats
    elevation_m: Floats
    sigma_m: Floats


def lon_between(at: Floats, along: Floats, lon: Floats) -> Floats:
    """Return longitudes at ``at`` on lines that have ``lon`` at ``along``, growing.

    A line across the antimeridian goes straight over it, and not round the earth.

    >>> lon_between(np.array([1.0, 3.0]), np.array([0.0, 4.0]), np.array([179.0, -179.0]))
    array([ 179.5, -179.5])
    """
    if lon.max() - lon.min() <= 180.0:
        return np.interp(at, along, lon)
    east = np.interp(at, along, np.where(lon < 0, lon + 360.0, lon))
    return np.where(east > 180.0, east - 360.0, east)


def _piece(network: StreetNetwork, leg: Leg) -> Floats:
    """Return the rows of a ``Track`` for one leg, distances as steps from the point before."""
    drawn = slice(network.point_offset[leg.edge], network.point_offset[leg.edge + 1])
    x, y = network.point_x_m[drawn], network.point_y_m[drawn]
    along = np.concatenate([[0.0], np.cumsum(spacing(x, y))])
    low, high = sorted((leg.start_m, leg.stop_m))
    at = along
    if network.profiles is not None:
        profiles = network.profiles
        sampled = slice(profiles.offset[leg.edge], profiles.offset[leg.edge + 1])
        distance = profiles.distance_m[sampled]
        at = np.concatenate([along, distance])
    inner = np.unique(at[(at > low + 0.1) & (at < high - 0.1)])
    # A sample and a drawn point less than 0.1 m apart are one point.
    inner = inner[np.diff(inner, prepend=-1.0) > 0.1]
    at = np.concatenate([[low], inner, [high]])
    rows = np.full((5, len(at)), np.nan)
    rows[0] = np.diff(at, prepend=low)
    rows[1] = lon_between(at, along, network.point_lon[drawn])
    rows[2] = np.interp(at, along, network.point_lat[drawn])
    if network.profiles is not None:
        # Rounding may put an end just past its sample, into a void.
        nearest = distance[np.minimum(np.searchsorted(distance, at - NEAR_M), len(distance) - 1)]
        at = np.where(np.abs(nearest - at) < NEAR_M, nearest, at)
        rows[3] = np.interp(at, distance, profiles.elevation_m[sampled])
        rows[4] = np.interp(at, distance, profiles.sigma_m[sampled])
    if leg.start_m > leg.stop_m:
        rows = rows[:, ::-1].copy()
        rows[0] = np.abs(np.diff(at[::-1], prepend=high))
    return rows


def local_crs(lon: float, lat: float) -> str:
    """Return a transverse Mercator projection about a point, true to 0.005 % within 60 km.

    It uses the shorter series, by Evenden and Snyder, which takes half the time and stays within
    10 nm of the longer one, except near the poles, where it fails 90 degrees further east.
    """
    series = "+approx " if abs(lat) <= SHORTER_TO_LAT else ""
    return f"+proj=tmerc {series}+lat_0={lat:.6f} +lon_0={lon:.6f} +k=1 +ellps=WGS84"


def project(lon: Floats, lat: Floats, crs: str) -> tuple[Floats, Floats]:
    """Project longitudes and latitudes, in degrees, to metres."""
    from pyproj import Proj

    # Proj alone: a Transformer between two systems searches PROJ's database first, for 14 ms.
    x_m, y_m = Proj(crs)(lon, lat)
    return x_m, y_m


def in_use(u: Ints, v: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
    """Return the rows of nodes that end an edge, and ``u`` and ``v`` as places among them."""
    used = np.zeros(nodes, bool)
    used[u] = used[v] = True
    row = np.cumsum(used) - 1
    return np.flatnonzero(used), read_only(row[u]), read_only(row[v])


def spacing(x: Floats, y: Floats) -> Floats:
    """Return the distance from each point on a plane to the next: shape (n - 1,)."""
    dx, dy = np.diff(x), np.diff(y)
    return np.asarray(np.sqrt(dx * dx + dy * dy))  # 8 times as fast as ``np.hypot``


def ragged(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return ``start[0]..stop[0]-1, start[1]..stop[1]-1, ...`` and where each run begins.

    >>> [each.tolist() for each in ragged(np.array([5, 1]), np.array([7, 4]))]
    [[5, 6, 1, 2, 3], [0, 2, 5]]
    """
    length = stop - start
    offset = np.concatenate([[0], np.cumsum(length)])
    return np.arange(offset[-1]) + np.repeat(start - offset[:-1], length), offset


def to_networkx(streets: StreetNetwork) -> nx.MultiDiGraph[int]:
    """Return the network as OSMnx would: a simplified MultiDiGraph, every street both ways.

    Nodes carry ``x``, ``y``, ``street_count`` and ``elevation`` (metres, where known). Edges carry
    ``osmid``, their tags, ``length`` (metres), ``geometry``, ``oneway``, ``reversed``, and once
    heights are attached ``profile`` (a list of distance and elevation pairs in metres, from the
    edge's start; ``None`` where the height is unknown). Where all heights of an edge are known, it
    has ``grade`` (end to end in its direction, a ratio), ``grade_abs`` and ``grade_max`` (the
    steepest 30 m uphill) as well.
    """
    import networkx as nx
    from shapely import LineString

    graph = nx.MultiDiGraph(
        crs="epsg:4326", simplified=True, created_with="hillfinder", source=streets.source.name
    )
    profiles = streets.profiles
    ends = np.concatenate([streets.edge_u, streets.edge_v])
    count = np.bincount(ends, minlength=len(streets.node_id)).tolist()
    ids = streets.node_id.tolist()
    for row, node in enumerate(ids):
        graph.add_node(
            node,
            x=float(streets.node_lon[row]),
            y=float(streets.node_lat[row]),
            street_count=count[row],
        )
    for edge in range(len(streets)):
        way = int(streets.edge_way[edge])
        way_ids = streets.ways.ids[way]
        drawn = slice(streets.point_offset[edge], streets.point_offset[edge + 1])
        line = LineString(np.column_stack([streets.point_lon[drawn], streets.point_lat[drawn]]))
        common: dict[str, Any] = {
            **streets.ways.tags(way),
            "osmid": way_ids[0] if len(way_ids) == 1 else list(way_ids),
            "length": float(streets.edge_length_m[edge]),
            "oneway": False,
        }
        u, v = ids[streets.edge_u[edge]], ids[streets.edge_v[edge]]
        ahead, back = {}, {}
        if profiles is not None:
            at = slice(profiles.offset[edge], profiles.offset[edge + 1])
            ahead = _edge_heights(profiles.distance_m[at], profiles.elevation_m[at])
            turned = profiles.distance_m[at][-1] - profiles.distance_m[at][::-1]
            back = _edge_heights(turned, profiles.elevation_m[at][::-1])
            for node, height in (
                (u, profiles.elevation_m[at][0]),
                (v, profiles.elevation_m[at][-1]),
            ):
                if not np.isnan(height):
                    graph.nodes[node]["elevation"] = float(height)
        graph.add_edge(u, v, geometry=line, reversed=False, **common, **ahead)
        graph.add_edge(v, u, geometry=line.reverse(), reversed=True, **common, **back)
    return graph


def _edge_heights(distance: Floats, elevation: Floats) -> dict[str, Any]:
    """Return the attributes that a profile gives to an edge; no grades where it has holes."""
    pairs = zip(distance.tolist(), elevation.tolist(), strict=True)
    heights = {"profile": [(at, None if np.isnan(height) else height) for at, height in pairs]}
    if np.isnan(elevation).any() or distance[-1] <= 0:
        return heights
    profile = Profile(distance, elevation, np.zeros_like(distance))
    return {
        "grade": profile.grade,
        "grade_abs": abs(profile.grade),
        "grade_max": profile.steepest(),
        **heights,
    }
