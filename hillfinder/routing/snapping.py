"""Where a place meets the streets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.errors import PlaceError
from hillfinder.model import Position
from hillfinder.streets.geometry.polylines import nearest_on_pieces
from hillfinder.streets.network import project

if TYPE_CHECKING:
    from hillfinder.model import Floats, Ints, Place
    from hillfinder.streets.network import StreetNetwork

#: Greatest distance of a place from its street, m.
FARTHEST_SNAP_M = 500.0
#: Distance beyond the nearest street at which another is as good, m: the nearest may be a fragment.
SNAP_SLACK_M = 50.0


@dataclass(frozen=True, slots=True)
class Snap:
    """Where a place meets the network.

    Attributes:
        position: the point of the network.
        distance_m: distance of the place from it.
        x_m, y_m: the point in the network's projection.
    """

    position: Position
    distance_m: float
    x_m: float
    y_m: float


def snap(network: StreetNetwork, place: Place) -> Snap:
    """Return the point of the network where a place meets it.

    Of the streets within 50 m of the nearest one, the one in the largest connected part is taken.

    Raises:
        PlaceError: no street lies within 500 m.
    """
    (x,), (y,) = project(np.array([place.lon]), np.array([place.lat]), network.crs)
    px, py = network.point_x_m, network.point_y_m
    dx, dy = np.diff(px), np.diff(py)
    share, away = np.zeros(len(dx)), np.full(len(dx), np.inf)
    if np.isfinite(x) and np.isfinite(y):  # the projection ends some way round the earth
        share, away = nearest_on_pieces((px[:-1], py[:-1]), (dx, dy), (x, y))
        away[network.point_offset[1:-1] - 1] = np.inf  # from one street to the next
    nearest = float(away.min())
    if nearest > FARTHEST_SNAP_M:
        msg = (
            f"The nearest street to {place.lat:g},{place.lon:g} is {_far(nearest)} away: give a "
            f"place within {FARTHEST_SNAP_M:g} m of a street that these streets cover."
        )
        raise PlaceError(msg)
    edge_of = np.repeat(np.arange(len(network)), np.diff(network.point_offset))[:-1]
    close = np.flatnonzero(away <= nearest + SNAP_SLACK_M)
    part_m = _connected_m(network)[edge_of[close]]
    at = int(close[np.lexsort((np.round(away[close], 6), -np.round(part_m, 3)))[0]])
    edge = int(edge_of[at])
    before_m = np.hypot(dx, dy)[int(network.point_offset[edge]) : at].sum()
    offset_m = float(before_m + share[at] * np.hypot(dx[at], dy[at]))
    return Snap(
        Position(edge, min(offset_m, float(network.edge_length_m[edge]))),
        distance_m=float(away[at]),
        x_m=float(px[at] + share[at] * dx[at]),
        y_m=float(py[at] + share[at] * dy[at]),
    )


def _far(metres: float) -> str:
    """Return a distance beyond ``FARTHEST_SNAP_M`` in words.

    >>> _far(500.2), _far(2345.0), _far(float("inf"))
    ('501 m', '2.3 km', 'very far')
    """
    if metres < 1000:
        return f"{np.ceil(metres):.0f} m"
    return f"{metres / 1000:.1f} km" if metres < 1e6 else "very far"


def _connected_m(network: StreetNetwork) -> Floats:
    """Return the length of street connected with each edge, shape (m,)."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(network.node_id)
    ends = np.array([network.edge_u, network.edge_v], np.int32)  # for SciPy 1.14
    links = coo_array((np.ones(len(network)), (ends[0], ends[1])), shape=(count, count))
    part: Ints = connected_components(links, directed=False)[1][network.edge_u]
    return np.asarray(np.bincount(part, weights=network.edge_length_m)[part])
