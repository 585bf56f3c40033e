"""Heights along every edge: read, mended where the ground is not under the feet, and smoothed.

The steps, in order: samples about every 10 m; heights read at each once; what was read beside a
structure or under a deck set aside; straight lines laid between trusted ground; the whole network
smoothed; every sample given its doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation import smoothing
from hillfinder.errors import HeightsError
from hillfinder.model import read_only
from hillfinder.streets.network import Profiles, lon_between
from hillfinder.streets.strokes import continuations

if TYPE_CHECKING:
    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.network import StreetNetwork

SPACING_M = 10.0
#: An abutment shows two cells past the deck, and 20 m past it in the finest model: its own slope.
APPROACH_CELLS, SHORTEST_APPROACH_M, LONGEST_APPROACH_M = 2.0, 20.0, 50.0
#: Half the width of a wide deck and a cell of 10 m: a sample nearer than this may read the deck.
DECK_REACH_M = 15.0
#: Standard error of a height: a tenth of the cell size, within these bounds. It fits what was
#: measured for 30 m models (1.9 to 3.5 m) and what the makers of 1 m lidar promise.
ERROR_PER_CELL, LEAST_ERROR_M, MOST_ERROR_M = 0.1, 0.3, 8.0
#: How far off a line may be mapped: drawn under trees from a GPS track, or along a street.
TRAIL_OFF_M, STREET_OFF_M = 4.0, 2.0
TRAILS = ("path", "footway", "track", "bridleway", "cycleway", "steps")
#: Round a sharper corner a street's slope need not carry on: nothing ties the two sides there.
SHARPEST_BEND_DEG = 60.0
METRES_PER_DEGREE = 111_195.0


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """Where heights are read. Edges share the sample at a junction: there are fewer than places.

    Attributes:
        offset: shape (m + 1,); the places of edge ``i`` are ``offset[i]:offset[i + 1]``.
        distance_m: shape (p,), of each place along its edge.
        sample: shape (p,), which sample lies there: the nodes come first, in their order.
        lon, lat, x_m, y_m: shape (p,), of the places.
        dir_x, dir_y: shape (p,), unit vector along the edge.
    """

    offset: Ints
    distance_m: Floats
    sample: Ints
    lon: Floats
    lat: Floats
    x_m: Floats
    y_m: Floats
    dir_x: Floats
    dir_y: Floats

    @property
    def count(self) -> int:
        return int(self.sample.max()) + 1

    def one_place_each(self) -> Ints:
        """Return for every sample one of its places."""
        place = np.empty(self.count, np.int64)
        place[self.sample[::-1]] = np.arange(len(self.sample))[::-1]
        return place


def attach(network: StreetNetwork, heights: Heights) -> StreetNetwork:
    """Return the network with a profile along every edge.

    Args:
        network: the streets.
        heights: any source of heights; it is called once.

    Raises:
        HeightsError: the source knows no height on any of these streets, or what it says of
            them is no terrain.
    """
    samples = _lay(network)
    read, side_slope = _read(samples, heights)
    _check(samples, read, heights.source.name)
    loose = _not_on_the_ground(network, samples, heights.source.cell_m)
    line = _straight_between(samples, read, loose)
    line = _smoothed(network, samples, line, heights.source.cell_m)
    return network.with_profiles(
        Profiles(
            offset=read_only(samples.offset),
            distance_m=read_only(samples.distance_m),
            elevation_m=read_only(line[samples.sample]),
            sigma_m=read_only(_sigma(network, samples, side_slope, heights.source.cell_m)),
            trusted=read_only((~np.isnan(read) & ~loose)[samples.sample]),
        )
    )


def _lay(network: StreetNetwork) -> _Samples:
    """Place samples evenly along every edge, at most ``SPACING_M`` apart, both ends included."""
    length = network.edge_length_m
    steps = np.maximum(1, np.ceil(length / SPACING_M - 1e-9)).astype(np.int64)
    offset = np.concatenate([[0], np.cumsum(steps + 1)])
    edge = np.repeat(np.arange(len(network)), steps + 1)
    index = np.arange(offset[-1]) - offset[edge]
    distance = index * (length / steps)[edge]
    nodes = len(network.node_id)
    inner = (index > 0) & (index < steps[edge])
    sample = np.where(index == 0, network.edge_u[edge], network.edge_v[edge])
    sample[inner] = nodes + np.arange(int(inner.sum()))
    # All lines on one axis, a metre apart, so that one interpolation serves them all.
    leg = np.hypot(np.diff(network.point_x_m), np.diff(network.point_y_m))
    leg[network.point_offset[1:-1] - 1] = 1.0
    axis = np.concatenate([[0.0], np.cumsum(leg)])
    at = axis[network.point_offset[:-1]][edge] + distance
    x, y = np.interp(at, axis, network.point_x_m), np.interp(at, axis, network.point_y_m)
    before, after = np.maximum(at - 2.0, axis[network.point_offset[:-1]][edge]), at + 2.0
    after = np.minimum(after, axis[network.point_offset[1:] - 1][edge])
    dx = np.interp(after, axis, network.point_x_m) - np.interp(before, axis, network.point_x_m)
    dy = np.interp(after, axis, network.point_y_m) - np.interp(before, axis, network.point_y_m)
    size = np.maximum(np.hypot(dx, dy), 1e-9)
    return _Samples(
        offset=offset,
        distance_m=distance,
        sample=sample,
        lon=lon_between(at, axis, network.point_lon),
        lat=np.interp(at, axis, network.point_lat),
        x_m=x,
        y_m=y,
        dir_x=dx / size,
        dir_y=dy / size,
    )


def _read(samples: _Samples, heights: Heights) -> tuple[Floats, Floats]:
    """Return the height of every sample and the side slope at every place, in one call.

    The side slope is the ground's grade across the street, over a cell to either side.
    """
    place = samples.one_place_each()
    reach = max(SPACING_M, heights.source.cell_m)
    north = reach / METRES_PER_DEGREE
    east = north / np.maximum(np.cos(np.radians(samples.lat)), 1e-6)
    aside_lon, aside_lat = -samples.dir_y * east, samples.dir_x * north
    lon = np.concatenate([samples.lon[place], samples.lon + aside_lon, samples.lon - aside_lon])
    lat = np.concatenate([samples.lat[place], samples.lat + aside_lat, samples.lat - aside_lat])
    read, left, right = np.split(heights(lon, lat), [len(place), len(place) + len(samples.lon)])
    here = read[samples.sample]
    # Where one side is unknown, the other one is compared with the street itself.
    slope = np.where(np.isnan(right), 2 * (left - here), left - right)
    slope = np.where(np.isnan(left), 2 * (here - right), slope)
    return read, np.abs(slope) / (2 * reach)


def _check(samples: _Samples, read: Floats, name: str) -> None:
    if np.isnan(read).all():
        msg = (
            f"{name} knows no height on these streets: it lies elsewhere, or is empty there. Give "
            "an elevation model that covers the place."
        )
        raise HeightsError(msg)
    rise = np.abs(np.diff(read[samples.sample]))[np.diff(samples.distance_m) > SPACING_M / 2]
    rise = rise[~np.isnan(rise)]
    if len(rise) and np.median(rise) > SPACING_M:
        msg = (
            f"{name} says that most streets are steeper than 45 degrees: its values are no heights "
            "in metres. Give an elevation model."
        )
        raise HeightsError(msg)


def _not_on_the_ground(network: StreetNetwork, samples: _Samples, cell_m: float) -> Bools:
    """Return for every sample whether the ground's height is not the street's.

    So it is on bridges, in tunnels and covered ways, on the approaches to them, and beneath decks.
    """
    structure = network.ways.structure[network.edge_way]
    edge = np.repeat(np.arange(len(network)), np.diff(samples.offset))
    loose = structure[edge] | _under_deck(network, samples)
    loose |= _near_approach(network, samples, edge, cell_m)
    result = np.zeros(samples.count, bool)
    result[samples.sample[loose]] = True
    return result


def _near_approach(network: StreetNetwork, samples: _Samples, edge: Ints, cell_m: float) -> Bools:
    """Return for every place whether it is on the approach to a bridge or tunnel."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    spans = np.zeros(len(network), bool)
    for key in ("bridge", "tunnel"):
        value = network.edge_tag(key)
        spans |= np.array([v not in {None, "no", "building_passage"} for v in value.tolist()], bool)
    if not spans.any():
        return np.zeros(len(edge), bool)
    length = network.edge_length_m
    reach = float(np.clip(APPROACH_CELLS * cell_m, SHORTEST_APPROACH_M, LONGEST_APPROACH_M))
    heads = np.unique([network.edge_u[spans], network.edge_v[spans]])
    short = np.flatnonzero(length < reach)
    u, v, cost = network.edge_u[short], network.edge_v[short], np.maximum(length[short], 1e-6)
    order = np.lexsort((cost, v, u))
    u, v, cost = u[order], v[order], cost[order]
    first = np.ones(len(u), bool)
    first[1:] = (u[1:] != u[:-1]) | (v[1:] != v[:-1])
    nodes = len(network.node_id)
    graph = csr_array((cost[first], (u[first], v[first])), shape=(nodes, nodes))
    far = dijkstra(graph, directed=False, indices=heads, limit=reach, min_only=True)
    by_u = far[network.edge_u[edge]] + samples.distance_m
    by_v = far[network.edge_v[edge]] + length[edge] - samples.distance_m
    return np.asarray(np.minimum(by_u, by_v) <= reach)


def _under_deck(network: StreetNetwork, samples: _Samples) -> Bools:
    """Return for every place whether a deck is so near that its height may have been read."""
    decks = network.decks
    if len(decks.x_m) == 0:
        return np.zeros(len(samples.x_m), bool)
    from scipy.spatial import cKDTree

    leg = np.hypot(np.diff(decks.x_m), np.diff(decks.y_m))
    leg[decks.offset[1:-1] - 1] = 0.0
    along = np.concatenate([[0.0], np.cumsum(leg)])
    line = np.repeat(np.arange(len(decks.offset) - 1), np.diff(decks.offset))
    axis = along + line  # a metre between lines: no point is laid across the gap
    at = np.unique(np.concatenate([axis, np.arange(0.0, axis[-1], SPACING_M / 2)]))
    owner = np.searchsorted(axis[decks.offset[:-1]], at, side="right") - 1
    at = at[at <= axis[decks.offset[1:] - 1][owner]]
    deck = np.column_stack([np.interp(at, axis, decks.x_m), np.interp(at, axis, decks.y_m)])
    near, _ = cKDTree(deck).query(
        np.column_stack([samples.x_m, samples.y_m]), distance_upper_bound=DECK_REACH_M
    )
    return np.asarray(np.isfinite(near))


def _straight_between(samples: _Samples, read: Floats, loose: Bools) -> Floats:
    """Lay straight lines over the loose samples, from trusted ground to trusted ground.

    The heights there solve Laplace's equation on the network: a straight line along a bridge, one
    surface where bridges meet. Loose samples that touch a void, or no trusted ground, stay NaN.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.sparse.linalg import splu

    line = np.where(loose, np.nan, read)
    if not loose.any():
        return line
    one, other = samples.sample[:-1], samples.sample[1:]
    inner = np.ones(len(one), bool)
    inner[samples.offset[1:-1] - 1] = False
    gap = np.maximum(np.diff(samples.distance_m), 0.01)
    inner &= (loose[one] | loose[other]) & (one != other)
    one, other, gap = one[inner], other[inner], gap[inner]
    free = np.flatnonzero(loose)
    number = np.full(len(line), -1)
    number[free] = np.arange(len(free))
    both = loose[one] & loose[other]
    links = coo_array(
        (np.ones(int(both.sum())), (number[one[both]], number[other[both]])), shape=(len(free),) * 2
    )
    _, part = connected_components(links, directed=False)
    edge_of_void = np.zeros(part.max() + 1, bool)
    grounded = np.zeros(part.max() + 1, bool)
    for a, b in ((one, other), (other, one)):
        rim = loose[a] & ~loose[b]
        edge_of_void[part[number[a[rim & np.isnan(line[b])]]]] = True
        grounded[part[number[a[rim & ~np.isnan(line[b])]]]] = True
    solvable = (grounded & ~edge_of_void)[part]
    target = free[solvable]
    number[:] = -1
    number[target] = np.arange(len(target))
    pull = np.zeros(len(target))
    diagonal = np.zeros(len(target))
    rows, cols, values = [], [], []
    for a, b in ((one, other), (other, one)):
        mine = number[a] >= 0
        row, weight = number[a[mine]], 1 / gap[mine]
        np.add.at(diagonal, row, weight)
        fixed = number[b[mine]] < 0
        np.add.at(pull, row[fixed], weight[fixed] * line[b[mine][fixed]])
        rows.append(row[~fixed])
        cols.append(number[b[mine][~fixed]])
        values.append(-weight[~fixed])
    index = np.arange(len(target))
    matrix = coo_array(
        (
            np.concatenate([*values, diagonal]),
            (np.concatenate([*rows, index]), np.concatenate([*cols, index])),
        ),
        shape=(len(target),) * 2,
    )
    if len(target):
        line[target] = splu(matrix.tocsc()).solve(pull)
    return line


def _smoothed(network: StreetNetwork, samples: _Samples, line: Floats, cell_m: float) -> Floats:
    """Smooth the known part of the line along every street, through the junctions."""
    known = np.flatnonzero(~np.isnan(line))
    number = np.full(len(line), -1)
    number[known] = np.arange(len(known))
    gap = np.diff(samples.distance_m)
    within = np.ones(len(gap), bool)
    within[samples.offset[1:-1] - 1] = False
    weight = np.zeros(len(line))
    for place in (samples.sample[:-1][within], samples.sample[1:][within]):
        np.add.at(weight, place, gap[within] / 2)
    inside = within[:-1] & within[1:]
    before, at, after = (
        samples.sample[:-2][inside],
        samples.sample[1:-1][inside],
        samples.sample[2:][inside],
    )
    span_before, span_after = gap[:-1][inside], gap[1:][inside]
    partner = continuations(network, np.ones(len(network), bool), SHARPEST_BEND_DEG)
    end = np.flatnonzero(partner > np.arange(len(partner)))
    mate = partner[end]
    place_at, place_next = _end_places(samples, end)
    _, mate_next = _end_places(samples, mate)
    before = np.concatenate([before, samples.sample[place_next]])
    at = np.concatenate([at, samples.sample[place_at]])
    after = np.concatenate([after, samples.sample[mate_next]])
    first_gap = np.abs(samples.distance_m[place_next] - samples.distance_m[place_at])
    mate_at, _ = _end_places(samples, mate)
    mate_gap = np.abs(samples.distance_m[mate_next] - samples.distance_m[mate_at])
    span_before = np.concatenate([span_before, first_gap])
    span_after = np.concatenate([span_after, mate_gap])
    whole = (number[before] >= 0) & (number[at] >= 0) & (number[after] >= 0)
    result = line.copy()
    result[known] = smoothing.smooth(
        line[known],
        np.maximum(weight[known], 0.1),
        (number[before[whole]], number[at[whole]], number[after[whole]]),
        (span_before[whole], span_after[whole]),
        smoothing.wavelength_m(cell_m),
    )
    return result


def _end_places(samples: _Samples, end: Ints) -> tuple[Ints, Ints]:
    """Return the place at each end of an edge, and the one next to it."""
    at_v = (end & 1).astype(bool)
    edge = end >> 1
    at = np.where(at_v, samples.offset[edge + 1] - 1, samples.offset[edge])
    return at, np.where(at_v, at - 1, at + 1)


def _sigma(network: StreetNetwork, samples: _Samples, side_slope: Floats, cell_m: float) -> Floats:
    """Return the standard deviation at every place: the model's own, and the mapping's.

    A line mapped 4 m off on a hillside of 50 % reads 2 m too high or too low.
    """
    own = float(np.clip(ERROR_PER_CELL * cell_m, LEAST_ERROR_M, MOST_ERROR_M))
    trail = np.array([value in TRAILS for value in network.edge_tag("highway").tolist()])
    off = np.repeat(np.where(trail, TRAIL_OFF_M, STREET_OFF_M), np.diff(samples.offset))
    return np.asarray(np.hypot(own, off * np.where(np.isnan(side_slope), 0.0, side_slope)))
