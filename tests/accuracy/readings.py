"""Ours beside the ways that others read a grade: one height at every sample for each of them.

- ``OSMnx``: the nearest cell at the ends of whole edges, straight in between.
- ``bilinear``: between the four cells around each sample, unsmoothed.
- ``per edge``: the same, smoothed along every edge alone, by the wavelength that ours uses.
- ``ours``: what ``attach`` gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.profiles import uncertainty
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.profiles.smoothing import wavelength_m
from hillfinder.streets.geometry.strokes import continuations, trace

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork
    from tests.accuracy.ground import Grid

METHODS = ("OSMnx", "bilinear", "per edge", "ours")
#: A sample whose height is unknown weighs next to nothing: it follows its neighbours.
UNKNOWN_WEIGHT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Points on a network: ``offset_m`` along ``edge`` from its u end, each of shape (n,)."""

    edge: Ints
    offset_m: Floats

    def __len__(self) -> int:
        return len(self.edge)

    def at(self, rows: Bools | Ints | slice) -> Spots:
        return Spots(self.edge[rows], self.offset_m[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """From ``foot`` to ``top``, ``length_m`` apart along the street: each of shape (n,)."""

    foot: Spots
    top: Spots
    length_m: Floats

    def __len__(self) -> int:
        return len(self.length_m)

    def at(self, rows: Bools | Ints | slice) -> Stretches:
        return Stretches(self.foot.at(rows), self.top.at(rows), self.length_m[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A network with heights, and every method's heights at its samples."""

    network: StreetNetwork
    profiles: Profiles
    line: dict[str, Floats]

    def grade(self, method: str, stretches: Stretches) -> Floats:
        """Return the grade from foot to top, as a ratio."""
        line = self.line[method]
        rise = self._between(line, stretches.top) - self._between(line, stretches.foot)
        return np.asarray(rise / stretches.length_m)

    def grade_sigma(self, stretches: Stretches) -> Floats:
        """Return the doubt that the search gives to a climb from foot to top."""
        foot, top = (
            self._between(self.profiles.sigma_m, spots) for spots in (stretches.foot, stretches.top)
        )
        apart = stretches.length_m
        return uncertainty.rise_sigma_m(apart, foot, top, self.profiles.blur) / apart

    def as_read(self, method: str) -> StreetNetwork:
        """Return the network with one method's heights as its own."""
        return self.network.with_profiles(replace(self.profiles, elevation_m=self.line[method]))

    def trusted(self, spots: Spots) -> Bools:
        """Return whether the samples on both sides of each spot may carry a claim."""
        good = self.profiles.trusted & ~np.isnan(self.profiles.elevation_m)
        return self._between(good.astype(float), spots) > 1 - 1e-9

    def _between(self, values: Floats, spots: Spots) -> Floats:
        start = _starts(self.network)
        edge = np.repeat(np.arange(len(self.network)), np.diff(self.profiles.offset))
        axis = start[edge] + self.profiles.distance_m
        at = start[spots.edge] + np.minimum(spots.offset_m, self.network.edge_length_m[spots.edge])
        return np.interp(at, axis, values)


def read(network: StreetNetwork, heights: Grid) -> Reading:
    """Return every method's heights."""
    profiles = attach(network, heights).profiles
    assert profiles is not None
    edge = np.repeat(np.arange(len(network)), np.diff(profiles.offset))
    spots = Spots(edge, profiles.distance_m)
    raw = heights(
        along(network, network.point_lon, spots), along(network, network.point_lat, spots)
    )
    at_node = heights.nearest(network.node_lon, network.node_lat)
    from_u, from_v = at_node[network.edge_u][edge], at_node[network.edge_v][edge]
    share = profiles.distance_m / np.maximum(network.edge_length_m[edge], 1e-9)
    known = np.where(profiles.trusted, raw, np.nan)
    return Reading(
        network=network,
        profiles=profiles,
        line={
            "OSMnx": from_u + share * (from_v - from_u),
            "bilinear": raw,
            "per edge": _smooth_edges(profiles, known, wavelength_m(heights.source)),
            "ours": profiles.elevation_m,
        },
    )


def along(network: StreetNetwork, drawn: Floats, spots: Spots) -> Floats:
    """Return what the drawn points have (lon, lat, x_m, y_m) at spots."""
    leg = np.hypot(np.diff(network.point_x_m), np.diff(network.point_y_m))
    leg[network.point_offset[1:-1] - 1] = 0.0
    run = np.concatenate([[0.0], np.cumsum(leg)])
    first = _starts(network) - run[network.point_offset[:-1]]
    axis = np.repeat(first, np.diff(network.point_offset)) + run
    return np.interp(_starts(network)[spots.edge] + spots.offset_m, axis, drawn)


def windows(reading: Reading, length_m: float, count: int, seed: int) -> Stretches:
    """Return random stretches of one length along the strokes of streets that may be hills.

    Every one lies on trusted ground; a metre of street is as likely as any other.
    """
    network = reading.network
    among = network.ways.hill[network.edge_way]
    level = np.zeros(len(network.node_id))
    pairs = continuations(network, among)
    strokes = trace(pairs, among, level, network.edge_u, network.edge_v)
    length = network.edge_length_m[strokes.edge]
    stop = np.cumsum(length)
    start = stop - length
    last = np.repeat(strokes.offset[1:] - 1, np.diff(strokes.offset))
    foot = np.random.default_rng(seed).uniform(0.0, stop[-1], 4 * count)
    leg = np.searchsorted(stop, foot, side="right")
    foot = foot[foot + length_m < stop[last[leg]]]

    def spots(at: Floats) -> Spots:
        leg = np.minimum(np.searchsorted(stop, at, side="right"), len(stop) - 1)
        on = np.clip(at - start[leg], 0.0, length[leg])
        return Spots(strokes.edge[leg], np.where(strokes.forward[leg], on, length[leg] - on))

    good = np.ones(len(foot), bool)
    for step in np.linspace(0.0, length_m, int(length_m / 10) + 1).tolist():
        good &= reading.trusted(spots(foot + step))
    foot = foot[good][:count]
    return Stretches(spots(foot), spots(foot + length_m), np.full(len(foot), length_m))


def _starts(network: StreetNetwork) -> Floats:
    """Return where each edge begins on an axis on which they lie a metre apart."""
    length = network.edge_length_m
    return np.asarray(np.cumsum(length) - length + np.arange(len(length)))


def _smooth_edges(profiles: Profiles, height: Floats, wavelength: float) -> Floats:
    """Return heights smoothed along every edge alone: Whittaker's smoother, second differences."""
    from scipy.linalg import solveh_banded

    count = len(height)
    known = ~np.isnan(height)
    edge = np.repeat(np.arange(len(profiles.offset) - 1), np.diff(profiles.offset))
    step = np.diff(profiles.distance_m)
    inside = (edge[2:] == edge[:-2]) & (step[1:] > 0.1)
    stiff = np.zeros(count - 2)
    stiff[inside] = (wavelength / (2 * np.pi * step[1:][inside])) ** 4
    weight = np.where(known, 1.0, UNKNOWN_WEIGHT)
    # Three bands of the matrix: each bend (1, -2, 1) adds its outer product.
    band = np.zeros((3, count))
    band[0, 2:] = stiff
    band[1, 1:-1] -= 2 * stiff
    band[1, 2:] -= 2 * stiff
    band[2] = weight
    for shift, part in enumerate((1, 4, 1)):
        band[2, shift : count - 2 + shift] += part * stiff
    filled = np.where(known, height, np.nanmean(height))
    has = np.bincount(edge, known)[edge] > 0
    return np.where(has, solveh_banded(band, weight * filled), np.nan)
