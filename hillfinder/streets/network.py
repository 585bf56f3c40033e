"""The streets as arrays, and the one builder that serves every source.

A source hands over ``RawStreets``: ways as sequences of nodes, with their tags. ``build`` asks
``access`` what each way is for, cuts the ways at junctions, projects them, and returns a
``StreetNetwork``. An edge never spans two ways, so every tag of an edge has one value; a climb
carries on from edge to edge all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.errors import StreetsError
from hillfinder.model import read_only
from hillfinder.streets import access, spots
from hillfinder.streets.tags import Columns, Ids, Tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import networkx as nx

    from hillfinder.model import Bools, Floats, Ints, Leg, MarkKind, StreetSource, Strings


#: Positions on a line that differ by less are one.
NEAR_M = 1e-6
#: Farther north 60 km may go round a pole.
SHORTER_TO_LAT = 89.0


@dataclass(frozen=True, slots=True, eq=False)
class RawStreets:
    """Ways as a source has them.

    Attributes:
        node_id: shape (n,), OpenStreetMap ids, growing, each once.
        lon, lat: shape (n,), degrees.
        way_offset: shape (w + 1,); way ``i`` is ``way_node[way_offset[i]:way_offset[i + 1]]``.
        way_node: rows of the node arrays.
        way_ids: for each way the OpenStreetMap ids it stands for (one, but for a graph whose
            edges OSMnx merged).
        tags: for each way its tags, maybe as ``Tags``.
        source: where all this comes from.
        node_kind: by id of a node, what its tags make of it (``spots.of_node``).
        nodes_known: the tags of all nodes were there to be read.
    """

    node_id: Ints
    lon: Floats
    lat: Floats
    way_offset: Ints
    way_node: Ints
    way_ids: Sequence[tuple[int, ...]]
    tags: Sequence[Mapping[str, str]]
    source: StreetSource
    node_kind: Mapping[int, MarkKind] = field(default_factory=dict)
    nodes_known: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """One row a way: what a person may do there, and its tags as columns.

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

    @property
    def tag(self) -> Mapping[str, Strings]:
        """For each key of ``access.KEPT_TAGS`` a column, shape (w,), ``None`` where unset."""
        return Columns(self.said)

    def tags(self, row: int) -> dict[str, str]:
        """Return those tags of one way, sorted by key."""
        return {k: v for k, v in sorted(self.said[row].items()) if k in access.KEPT_TAGS}


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Polylines: line ``i`` is ``x_m[offset[i]:offset[i + 1]]`` and the same of ``y_m``."""

    offset: Ints
    x_m: Floats
    y_m: Floats


class Blur(NamedTuple):
    """What lies between the model's errors and those of the grade line: lengths in metres.

    Attributes:
        reach: errors so far apart are alike to 1/e: their covariance is that of a normal curve.
        wavelength: the wavelength along the street that the grade line halves.
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
        misfit_m: shape (s,), how far the grade line stays from the heights read round about.
        place_m: shape (s,), standard deviation of a height read, from not knowing just where the
            street lies.
        trusted: shape (s,), the height was read from the ground under the street, and may
            carry a claim about a hill.
        blur: how alike the errors of two heights are.
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
        decks: bridges of every kind, also of roads and railways closed to people on foot: what
            passes under one without a shared node has the deck's height in a surface model.
        spots: what else lies on the edges: gates, crossings, roads closed to people on foot.
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
    spots: spots.Spots
    crs: str
    source: StreetSource
    profiles: Profiles | None = None

    def __len__(self) -> int:
        """Return the number of edges."""
        return len(self.edge_u)

    @property
    def total_length_m(self) -> float:
        """Length of all edges together."""
        return float(self.edge_length_m.sum())

    def edge_tag(self, key: str) -> Strings:
        """Return the values of one tag for all edges, shape (m,), ``None`` where unset."""
        return self.ways.tag[key][self.edge_way]

    def edges_at_nodes(self) -> tuple[Ints, Ints]:
        """Return which edges meet at each node: an offset of shape (n + 1,), and edges (2 m,).

        At node ``i`` meet ``edges[offset[i]:offset[i + 1]]``; a loop is there twice.
        """
        ends = np.concatenate([self.edge_u, self.edge_v])
        by_node = np.argsort(ends, kind="stable")
        offset = np.searchsorted(ends[by_node], np.arange(len(self.node_id) + 1))
        return offset, by_node % max(len(self), 1)

    def with_profiles(self, profiles: Profiles) -> StreetNetwork:
        """Return the same network with heights."""
        return replace(self, profiles=profiles)

    def to_networkx(self) -> nx.MultiDiGraph[int]:
        """Return the network as OSMnx would: see ``streets.graph.to_networkx``."""
        from hillfinder.streets import graph

        return graph.to_networkx(self)

    def track(self, legs: Iterable[Leg]) -> Track:
        """Return the line along pieces of edges, each beginning where the one before ended.

        It has a point at every drawn point and at every sample of the profiles, so that nothing
        of either is lost; heights are NaN where they are unknown or not attached.
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
    # A sample and a drawn point a hand apart are one point.
    inner = inner[np.diff(inner, prepend=-1.0) > 0.1]
    at = np.concatenate([[low], inner, [high]])
    rows = np.full((5, len(at)), np.nan)
    rows[0] = np.diff(at, prepend=low)
    rows[1] = lon_between(at, along, network.point_lon[drawn])
    rows[2] = np.interp(at, along, network.point_lat[drawn])
    if network.profiles is not None:
        # An end meant to lie on a sample may miss it by a rounding, and read the void beyond it.
        nearest = distance[np.minimum(np.searchsorted(distance, at - NEAR_M), len(distance) - 1)]
        at = np.where(np.abs(nearest - at) < NEAR_M, nearest, at)
        rows[3] = np.interp(at, distance, profiles.elevation_m[sampled])
        rows[4] = np.interp(at, distance, profiles.sigma_m[sampled])
    if leg.start_m > leg.stop_m:
        rows = rows[:, ::-1].copy()
        rows[0] = np.abs(np.diff(at[::-1], prepend=high))
    return rows


def build(raw: RawStreets, crs: str | None = None, border: Bools | None = None) -> StreetNetwork:
    """Make the network of ``raw``: decide what each way is for, cut at junctions, project.

    A node is a junction unless exactly two segments meet there and both belong to one way. That
    does not depend on how a source orders its ways, so every source gives the same edges.

    Args:
        raw: the ways.
        crs: the projection; ``None`` is one about the middle of ``raw``.
        border: shape (n,), nodes where edges end besides.

    Raises:
        StreetsError: there is nothing a person on foot may use.
    """
    tags = Tags.gathered(raw.tags)
    judged = tags.judged()
    rows, sequence, offset = _walkable(raw, judged.walk)
    if len(rows) == 0:
        msg = (
            f"{raw.source.name} holds no street or path that a person on foot may use: "
            "check that it covers the place."
        )
        raise StreetsError(msg)
    crs = crs or about(*_middle(raw.lon, raw.lat))
    x_m, y_m = project(raw.lon, raw.lat, crs)
    cut = _cuts(sequence, offset, len(raw.node_id))
    if border is not None:
        cut |= border[sequence]
    start, stop, edge_row = _between(cut, offset)
    point, point_offset = ragged(start, stop + 1)
    point_node = sequence[point]
    px, py = x_m[point_node], y_m[point_node]
    step = spacing(px, py)
    step[point_offset[1:-1] - 1] = 0.0
    along = np.concatenate([[0.0], np.cumsum(step)])
    used, u, v = in_use(sequence[start], sequence[stop], len(raw.node_id))
    barred = _barred_by_areas(raw, judged.bars, x_m, y_m, Lines(point_offset, px, py))
    barred &= ~judged.opened[rows][edge_row]
    # A way that is barred for a part becomes two rows, so that the rest of it may be a hill.
    kinds, edge_row = np.unique(2 * edge_row + barred, return_inverse=True)
    rows, barred = rows[kinds // 2], kinds % 2 == 1
    return StreetNetwork(
        node_id=read_only(raw.node_id[used]),
        node_lon=read_only(raw.lon[used]),
        node_lat=read_only(raw.lat[used]),
        node_x_m=read_only(x_m[used]),
        node_y_m=read_only(y_m[used]),
        edge_u=u,
        edge_v=v,
        edge_way=read_only(edge_row.astype(np.int64)),
        edge_length_m=read_only(along[point_offset[1:] - 1] - along[point_offset[:-1]]),
        point_offset=read_only(point_offset),
        point_lon=read_only(raw.lon[point_node]),
        point_lat=read_only(raw.lat[point_node]),
        point_x_m=read_only(px),
        point_y_m=read_only(py),
        ways=Ways(
            ids=Ids.gathered(raw.way_ids).among(rows),
            hill=read_only(judged.hill[rows] & ~barred),
            steps=read_only(judged.steps[rows]),
            structure=read_only(judged.structure[rows]),
            said=tags.among(rows),
        ),
        decks=_decks(raw, judged.deck, x_m, y_m),
        spots=spots.lay(raw, judged.road, tags.column("name"), point_node),
        crs=crs,
        source=raw.source,
    )


def about(lon: float, lat: float) -> str:
    """Return a transverse Mercator about a point: true to 0.005 % within 60 km of it.

    By the shorter series, that of Evenden and Snyder, which takes half the time and is there within
    10 nm of the longer one; but not at the poles, where it knows no place 90 degrees further east.
    """
    series = "+approx " if abs(lat) <= SHORTER_TO_LAT else ""
    return f"+proj=tmerc {series}+lat_0={lat:.6f} +lon_0={lon:.6f} +k=1 +ellps=WGS84"


def project(lon: Floats, lat: Floats, crs: str) -> tuple[Floats, Floats]:
    """Return degrees in a projection, in metres."""
    from pyproj import Proj

    # By itself: between two systems PROJ looks for a way in its database first, for 14 ms.
    x_m, y_m = Proj(crs)(lon, lat)
    return x_m, y_m


def _middle(lon: Floats, lat: Floats) -> tuple[float, float]:
    """Return the middle of points."""
    west, east = float(lon.min()), float(lon.max())
    if east - west > 180:  # the antimeridian runs through it
        wrapped = np.where(lon < 0, lon + 360, lon)
        west, east = float(wrapped.min()), float(wrapped.max())
    return (west + east) / 2, (float(lat.min()) + float(lat.max())) / 2


def in_use(u: Ints, v: Ints, nodes: int) -> tuple[Ints, Ints, Ints]:
    """Return which of so many nodes are ends of edges, and the ends by their rows among these."""
    used = np.zeros(nodes, bool)
    used[u] = used[v] = True
    row = np.cumsum(used) - 1
    return np.flatnonzero(used), read_only(row[u]), read_only(row[v])


def spacing(x: Floats, y: Floats) -> Floats:
    """Return how far it is from each point on a plane to the next: shape (n - 1,)."""
    dx, dy = np.diff(x), np.diff(y)
    return np.asarray(np.sqrt(dx * dx + dy * dy))  # an eighth of what ``np.hypot`` takes


def ragged(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """Return ``start[0]..stop[0]-1, start[1]..stop[1]-1, ...`` and where each run begins.

    >>> [each.tolist() for each in ragged(np.array([5, 1]), np.array([7, 4]))]
    [[5, 6, 1, 2, 3], [0, 2, 5]]
    """
    length = stop - start
    offset = np.concatenate([[0], np.cumsum(length)])
    return np.arange(offset[-1]) + np.repeat(start - offset[:-1], length), offset


def _walkable(raw: RawStreets, walk: Bools) -> tuple[Ints, Ints, Ints]:
    """Return the rows of walkable ways, their node sequences end to end, and the offsets.

    Repeated nodes are dropped. A closed way is turned so that it begins at its lowest junction, or
    at its lowest node where it has none: where a mapper happened to begin it says nothing.
    """
    rows = np.flatnonzero(walk)
    index, offset = ragged(raw.way_offset[rows], raw.way_offset[rows + 1])
    sequence = raw.way_node[index]
    way = np.repeat(np.arange(len(rows)), np.diff(offset))
    fresh = np.ones(len(sequence), bool)
    fresh[1:] = (sequence[1:] != sequence[:-1]) | (way[1:] != way[:-1])
    sequence, way = sequence[fresh], way[fresh]
    size = np.bincount(way, minlength=len(rows))
    long_enough = size > 1
    kept = long_enough[way]
    rows, sequence, size = rows[long_enough], sequence[kept], size[long_enough]
    offset = np.concatenate([[0], np.cumsum(size)])
    junction = _junctions(sequence, offset, len(raw.node_id))
    for ring in np.flatnonzero(sequence[offset[:-1]] == sequence[offset[1:] - 1]):
        nodes = sequence[offset[ring] : offset[ring + 1] - 1]
        met = nodes[junction[nodes]]
        at = int(np.argmax(nodes == (met if len(met) else nodes).min()))
        sequence[offset[ring] : offset[ring + 1]] = np.append(nodes[at:], nodes[: at + 1])
    return rows, sequence, offset


def _junctions(sequence: Ints, offset: Ints, nodes: int) -> Bools:
    """Return for each node whether edges must end there.

    Where two ways meet end to end two segments meet too: that is an end anyway, by ``_cuts``.
    """
    inner = np.ones(len(sequence), bool)
    inner[offset[1:] - 1] = False
    begin = np.flatnonzero(inner)
    touched = np.concatenate([sequence[begin], sequence[begin + 1]])
    return np.asarray(np.bincount(touched, minlength=nodes) != 2)


def _cuts(sequence: Ints, offset: Ints, nodes: int) -> Bools:
    """Return for each place of ``sequence`` whether an edge begins or ends there."""
    cut = _junctions(sequence, offset, nodes)[sequence]
    cut[offset[:-1]] = cut[offset[1:] - 1] = True
    return cut


def _between(cut: Bools, offset: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the first and last place of each edge in the sequence, and its way's row."""
    at = np.flatnonzero(cut)
    way = np.repeat(np.arange(len(offset) - 1), np.diff(offset))[at]
    same = way[1:] == way[:-1]
    return at[:-1][same], at[1:][same], way[:-1][same]


def _decks(raw: RawStreets, deck: Bools, x_m: Floats, y_m: Floats) -> Lines:
    """Return the bridges, walkable or not."""
    rows = np.flatnonzero(deck)
    index, offset = ragged(raw.way_offset[rows], raw.way_offset[rows + 1])
    node = raw.way_node[index]
    return Lines(read_only(offset), read_only(x_m[node]), read_only(y_m[node]))


def _barred_by_areas(raw: RawStreets, bars: Bools, x_m: Floats, y_m: Floats, edges: Lines) -> Bools:
    """Return for each edge whether half of it or more lies in an area without hills.

    A golf course, a runway, a military area.
    """
    areas = []
    for row in np.flatnonzero(bars).tolist():
        ring = raw.way_node[raw.way_offset[row] : raw.way_offset[row + 1]]
        if len(ring) > 3 and ring[0] == ring[-1]:
            areas.append(np.column_stack([x_m[ring], y_m[ring]]))
    barred = np.zeros(len(edges.offset) - 1, bool)
    if areas:
        import shapely

        owner = np.repeat(np.arange(len(barred)), np.diff(edges.offset))
        points = np.column_stack([edges.x_m, edges.y_m])
        line = np.asarray(shapely.linestrings(points, indices=owner))
        area = shapely.make_valid(np.array([shapely.Polygon(ring) for ring in areas]))
        where, met = shapely.STRtree(line).query(area, predicate="intersects")
        inside = shapely.length(shapely.intersection(line[met], area[where]))
        barred[met[inside >= shapely.length(line[met]) / 2]] = True
    return barred
