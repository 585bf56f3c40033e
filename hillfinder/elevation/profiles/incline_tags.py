"""Slopes from tags, ``incline`` and ``step_count``: evidence beside the heights read.

A number weighs by its likely error. ``up`` and ``down`` say only which end is higher: they were
right on 96 of 100 streets that could be checked, so that a climb they contradict is marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.streets.tags.slopes import STEEPEST_INCLINE, incline, step_count

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.network import StreetNetwork, Ways

#: Standard deviation of a tagged incline, as a ratio: whole percent, often of the steepest part.
INCLINE_SIGMA = 0.03
#: Height of an outdoor step, m (14 to 19 cm).
RISER_M = 0.165
#: Standard deviation of that height, m.
RISER_SIGMA_M = 0.025
#: Length over which errors of a tag are the same, m, however often the street is cut into ways.
TAG_REACH_M = 500.0


class Mapped(NamedTuple):
    """Edges whose rise is tagged.

    Attributes:
        edge: shape (k,), rows of the network.
        rise_m: shape (k,), from ``u`` to ``v``; positive where nothing says which end is higher.
        sigma_m: shape (k,), its standard deviation, as one of independent errors that together
            leave the whole way as doubtful as its tag does.
        signed: shape (k,), whether the map says which end is higher.
    """

    edge: Ints
    rise_m: Floats
    sigma_m: Floats
    signed: Bools


def signs(ways: Ways, rows: Ints) -> Ints:
    """Return for ways whether the map has each rise in its own direction: 1, -1, 0 unknown.

    Args:
        ways: those of a network.
        rows: shape (k,), which of them.
    """
    tags = ways.column("incline")[rows].tolist()
    return np.array([0 if text is None else incline(text)[1] for text in tags], np.int64)


def rises(network: StreetNetwork) -> Mapped:
    """Return the rises that tags give as numbers."""
    length = np.bincount(network.edge_way, network.edge_length_m, len(network.ways.hill))
    found: dict[int, tuple[float, float, int]] = {}
    tags = (network.ways.column("incline").tolist(), network.ways.column("step_count").tolist())
    for way, (slope, steps) in enumerate(zip(*tags, strict=True)):
        grade, sign = (None, 0) if slope is None else incline(slope)
        count = step_count(steps)
        if count and network.ways.steps[way]:
            if count * RISER_M <= STEEPEST_INCLINE * 2 * length[way]:
                share = count / length[way]
                found[way] = (RISER_M * share * (sign or 1), RISER_SIGMA_M * share, abs(sign))
        elif grade is not None:
            found[way] = (grade, INCLINE_SIGMA, 1)
    # A percentage means nothing between two nodes drawn on one spot.
    edge = np.flatnonzero(np.isin(network.edge_way, list(found)) & (network.edge_length_m > 0))
    rows = np.array([found[way] for way in network.edge_way[edge].tolist()], float).reshape(-1, 3)
    metres = network.edge_length_m[edge]
    # So a tag weighs the same however many edges the street is cut into.
    shared = np.sqrt(metres * np.maximum(length[network.edge_way[edge]], TAG_REACH_M))
    return Mapped(edge, rows[:, 0] * metres, rows[:, 1] * shared, rows[:, 2] > 0)
