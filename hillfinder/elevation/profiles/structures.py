"""Streets off the ground: bridges, tunnels, their approaches, and what passes below decks.

There a height read is not the street's. It is set aside, and a straight line joins the trusted
ground on both sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.profiles.solver import Factors, Ties
from hillfinder.elevation.proximity import may_meet
from hillfinder.streets.geometry.polylines import Polylines
from hillfinder.streets.tags.access import is_span

if TYPE_CHECKING:
    from hillfinder.elevation.profiles.sampling import Samples
    from hillfinder.model import Bools, Floats
    from hillfinder.streets.network import StreetNetwork

#: Length of the approach to a bridge or tunnel whose readings show the abutment, cells.
APPROACH_CELLS = 2.0
#: Least length of an approach, m: the abutment's own slope, in the finest model too.
SHORTEST_APPROACH_M = 20.0
#: Greatest length of an approach, m.
LONGEST_APPROACH_M = 50.0
#: Distance at which a sample may read the deck, m: half a wide deck and a cell of 10 m.
DECK_REACH_M = 15.0
#: Distance at which a street that crosses below a deck may read it, cells. A street along the deck
#: keeps its ground.
UNDERPASS_CELLS = 1.5
#: Greatest such distance, m.
LONGEST_UNDERPASS_M = 40.0
#: Sine of the least angle at which a street crosses below a deck.
CROSSING_SINE = 0.5
#: Spacing of points along a deck, m.
DECK_STEP_M = 5.0


def off_the_ground(network: StreetNetwork, samples: Samples, cell_m: float) -> Bools:
    """Return for every sample whether the ground's height is not the street's: shape (s,).

    That is on bridges, in tunnels and covered ways, on their approaches, and below decks.
    """
    structure = network.ways.structure[network.edge_way]
    loose = structure[samples.edge] | _under_deck(network, samples, cell_m)
    loose |= _near_approach(network, samples, cell_m)
    result = np.zeros(samples.count, bool)
    result[samples.sample[loose]] = True
    return result


def _near_approach(network: StreetNetwork, samples: Samples, cell_m: float) -> Bools:
    """Return for every place whether it is on the approach to a bridge or tunnel."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    spans = network.ways.said.rated(("bridge", "tunnel"), is_span)[network.edge_way] > 0
    if not spans.any():
        return np.zeros(len(samples.x_m), bool)
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
    at = np.array([u[first], v[first]], np.int32)  # for SciPy 1.14
    graph = csr_array((cost[first], (at[0], at[1])), shape=(nodes, nodes))
    far = dijkstra(graph, directed=False, indices=heads, limit=reach, min_only=True)
    edge = samples.edge
    by_u = far[network.edge_u[edge]] + samples.distance_m
    by_v = far[network.edge_v[edge]] + length[edge] - samples.distance_m
    return np.asarray(np.minimum(by_u, by_v) <= reach)


def _under_deck(network: StreetNetwork, samples: Samples, cell_m: float) -> Bools:
    """Return for every place whether its reading may be that of a deck nearby."""
    decks = network.decks
    if len(decks.x_m) == 0:
        return np.zeros(len(samples.x_m), bool)
    from scipy.spatial import cKDTree

    lines = Polylines.through(decks.offset, decks.x_m, decks.y_m)
    axis = lines.axis
    at = np.unique(np.concatenate([axis, np.arange(0.0, axis[-1], DECK_STEP_M)]))
    deck = np.searchsorted(lines.begin, at, side="right") - 1
    on_deck = at <= axis[decks.offset[1:] - 1][deck]
    at, deck = at[on_deck], deck[on_deck]
    x, y = lines.interpolate(deck, at - lines.begin[deck], decks.x_m, decks.y_m)
    begin = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, len(axis) - 2)
    begin -= np.isin(begin + 1, decks.offset)  # the last point of a deck takes the leg before it
    dx, dy = decks.x_m[begin + 1] - decks.x_m[begin], decks.y_m[begin + 1] - decks.y_m[begin]
    reach = float(np.clip(UNDERPASS_CELLS * cell_m, DECK_REACH_M, LONGEST_UNDERPASS_M))
    near = np.flatnonzero(may_meet((samples.x_m, samples.y_m), (x, y), reach)[0])
    away, nearest = cKDTree(np.column_stack([x, y])).query(
        np.column_stack([samples.x_m[near], samples.y_m[near]]), distance_upper_bound=reach
    )
    found = np.isfinite(away)
    met, away, deck = near[found], away[found], nearest[found]
    across = np.abs(samples.dir_x[met] * dy[deck] - samples.dir_y[met] * dx[deck])
    under = np.zeros(len(samples.x_m), bool)
    under[met] = (away <= DECK_REACH_M) | (across >= CROSSING_SINE * np.hypot(dx[deck], dy[deck]))
    return under


def straight_between(samples: Samples, read: Floats, loose: Bools) -> Floats:
    """Join trusted ground by straight lines over the loose samples.

    The heights there solve Laplace's equation on the network: a straight line along a bridge, one
    surface where bridges meet. Loose samples that touch a void, or no trusted ground, stay NaN.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    line = np.where(loose, np.nan, read)
    if not loose.any():
        return line
    one, other, gap = samples.links
    inner = (loose[one] | loose[other]) & (one != other)
    one, other, gap = one[inner], other[inner], np.maximum(gap[inner], 0.01)
    free = np.flatnonzero(loose)
    number = np.full(len(line), -1)
    number[free] = np.arange(len(free))
    both = loose[one] & loose[other]
    ends = number[[one[both], other[both]]].astype(np.int32)  # for SciPy 1.14
    links = coo_array((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(len(free),) * 2)
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
    if len(target) == 0:
        return line
    pull, diagonal = np.zeros((2, len(target)))
    weight = 1 / gap
    for a, b in ((one, other), (other, one)):
        mine = number[a] >= 0
        fixed = mine & (number[b] < 0)
        diagonal += np.bincount(number[a[mine]], weight[mine], len(target))
        pull += np.bincount(number[a[fixed]], (weight * line[b])[fixed], len(target))
    tied = (number[one] >= 0) & (number[other] >= 0)
    ties = Ties(number[one[tied]], number[other[tied]], -weight[tied])
    line[target] = Factors(diagonal, ties, 0, np.empty(0, np.int64)).solve(pull)
    return line
