"""Lines as a mapper may have drawn them: off the true ones by metres."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.profiles.uncertainty import STREET_OFF_M, TRAIL_OFF_M
from hillfinder.model import read_only
from hillfinder.streets.tags.roads import class_of
from tests.accuracy.ground import METRES_PER_DEGREE
from tests.accuracy.readings import Spots, Stretches

if TYPE_CHECKING:
    from hillfinder.streets.network import StreetNetwork


def moved(network: StreetNetwork, seed: int) -> StreetNetwork:
    """Return the network with every drawn point moved, each by itself.

    In each direction by a normal deviate of as many metres as the search takes a line to be off.
    """
    highway = network.edge_tag("highway").tolist()
    off = np.where([class_of(value).trail for value in highway], TRAIL_OFF_M, STREET_OFF_M)
    drawn = np.column_stack([network.point_lon, network.point_lat])
    _, first, point = np.unique(drawn, axis=0, return_index=True, return_inverse=True)
    point = point.ravel()
    sd = np.zeros(len(first))
    np.maximum.at(sd, point, np.repeat(off, np.diff(network.point_offset)))
    shift = np.random.default_rng(seed).standard_normal((2, len(first))) * sd
    east, north = shift[:, point]
    x, y = network.point_x_m + east, network.point_y_m + north
    lat = network.point_lat + north / METRES_PER_DEGREE
    lon = network.point_lon + east / METRES_PER_DEGREE / np.cos(np.radians(network.point_lat))
    leg = np.hypot(np.diff(x), np.diff(y))
    leg[network.point_offset[1:-1] - 1] = 0.0
    run = np.concatenate([[0.0], np.cumsum(leg)])
    at_node = np.empty(len(network.node_id), np.int64)
    at_node[network.edge_u] = network.point_offset[:-1]
    at_node[network.edge_v] = network.point_offset[1:] - 1
    return replace(
        network,
        node_lon=read_only(lon[at_node]),
        node_lat=read_only(lat[at_node]),
        node_x_m=read_only(x[at_node]),
        node_y_m=read_only(y[at_node]),
        edge_length_m=read_only(run[network.point_offset[1:] - 1] - run[network.point_offset[:-1]]),
        point_lon=read_only(lon),
        point_lat=read_only(lat),
        point_x_m=read_only(x),
        point_y_m=read_only(y),
    )


def on_the_true_line(stretches: Stretches, drawn: StreetNetwork, true: StreetNetwork) -> Stretches:
    """Return stretches of a moved network on the network that it was made from."""

    def back(spots: Spots) -> Spots:
        share = spots.offset_m / np.maximum(drawn.edge_length_m[spots.edge], 1e-9)
        return Spots(spots.edge, share * true.edge_length_m[spots.edge])

    return Stretches(back(stretches.foot), back(stretches.top), stretches.length_m)
