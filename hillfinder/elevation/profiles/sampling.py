"""Place samples along the streets, and read heights there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.earth import METRES_PER_DEGREE
from hillfinder.elevation.profiles.solver import Factors, Ties
from hillfinder.errors import HeightsError, TerrainError
from hillfinder.streets.geometry.polylines import Polylines
from hillfinder.streets.network import lon_between

if TYPE_CHECKING:
    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Bools, Floats, HeightSource, Ints
    from hillfinder.streets.network import StreetNetwork

#: Largest distance between samples, m.
SPACING_M = 10.0
#: Standard deviation of the normal curve that weights the mean of the ground nearby, m. Models of
#: 30 m are surface models, or were made of them: roofs and trees are in their cells, and their
#: errors are alike over some 75 m, so that the ground nearby shows the error too.
RING_SIGMA_M = 25.0
#: Cell size from which that mean is used, m. Finer models and bare-earth ones would lose more hill
#: than error.
RING_FROM_CELL_M = 20.0
#: Weight of each of six points at twice that distance. With the point itself they are exact for
#: polynomials up to degree 5 (Stroud 1971, "Approximate calculation of multiple integrals",
#: formula E2_r2 5-1).
RING_WEIGHT = 1 / 12
#: Share of an error by which it moves that mean. Where the mean moves more, the ground is rugged,
#: and the mean shows the ground rather than the error. Fitted on both.
MOVED_BY_ERROR = 0.25
#: Distance along the streets at which weights of a local mean fall to 1/e, m.
ROUND_ABOUT_M = 28.0
#: Least distance between samples in that mean, m.
LEAST_GAP_M = 0.1
#: Weight below which known samples are too far away to count: 20 times ``ROUND_ABOUT_M``.
LEAST_WEIGHT = 1e-9


@dataclass(frozen=True, eq=False)
class Samples:
    """Where heights are read. Edges share the sample at a junction: samples are fewer than places.

    Attributes:
        offset: shape (m + 1,); the places of edge ``i`` are ``offset[i]:offset[i + 1]``.
        distance_m: shape (p,), of each place along its edge.
        sample: shape (p,), the sample there: the nodes come first, in their order.
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

    @cached_property
    def count(self) -> int:
        """Number of samples."""
        return int(self.sample.max()) + 1

    @cached_property
    def edge(self) -> Ints:
        """Shape (p,), the edge of each place."""
        return np.repeat(np.arange(len(self.offset) - 1), np.diff(self.offset))

    @cached_property
    def inner_edge(self) -> Ints:
        """Shape (k,), the edges of the samples that lie inside one: the last of all, in order."""
        inner = np.ones(len(self.sample), bool)
        inner[self.offset[:-1]] = inner[self.offset[1:] - 1] = False
        return self.edge[inner]

    @cached_property
    def links(self) -> tuple[Ints, Ints, Floats]:
        """Neighbouring samples of an edge: one, the other, and the metres between them."""
        gap = np.diff(self.distance_m)
        within = np.ones(len(gap), bool)
        within[self.offset[1:-1] - 1] = False
        return self.sample[:-1][within], self.sample[1:][within], gap[within]

    @cached_property
    def street_m(self) -> Floats:
        """Shape (s,), the metres of street that each sample stands for."""
        one, other, gap = self.links
        return np.asarray(
            np.bincount(one, gap / 2, self.count) + np.bincount(other, gap / 2, self.count)
        )

    def one_place_each(self) -> Ints:
        """Return for every sample one of its places."""
        place = np.empty(self.count, np.int64)
        place[self.sample[::-1]] = np.arange(len(self.sample))[::-1]
        return place

    def round_about(self, values: Floats, known: Bools | None = None) -> Floats:
        """Return the mean of values over the streets near each sample: shape (s,).

        A metre of street weighs the same however it is cut into samples: what is solved is
        ``u - ROUND_ABOUT_M^2 u'' = v`` on the network, whose answer along a line is the mean under
        a two-sided exponential. Where some are unknown it is divided by the weight of the known.

        Args:
            values: shape (s,).
            known: shape (s,), which of them count; ``None``: all. The mean is 0 where nothing known
                is near.
        """
        mass, factors = self._spread
        if known is None:
            return factors.solve(mass * values)
        counted = np.where(known, mass, 0.0)
        total, weight = factors.solve(counted * values), factors.solve(counted)
        near = weight > LEAST_WEIGHT
        return np.asarray(np.divide(total, weight, out=np.zeros_like(total), where=near))

    @cached_property
    def _spread(self) -> tuple[Floats, Factors]:
        """The metres that each sample stands for, and the system that takes means over them."""
        one, other, gap = self.links
        pull = ROUND_ABOUT_M**2 / np.maximum(gap, LEAST_GAP_M)
        mass = np.maximum(self.street_m, LEAST_GAP_M)
        pulls = np.bincount(one, pull, self.count) + np.bincount(other, pull, self.count)
        ties = Ties(one, other, -pull)
        nodes = self.count - len(self.inner_edge)
        return mass, Factors(mass + pulls, ties, nodes, self.inner_edge)

    @property
    def turn(self) -> Ints:
        """Shape (n,), a good order in which to eliminate the nodes from systems on the streets."""
        return self._spread[1].turn

    def of_places(self, values: Floats) -> Floats:
        """Return for every sample the mean of the values at its places."""
        total = np.bincount(self.sample, values, self.count)
        return np.asarray(total / np.bincount(self.sample, minlength=self.count))


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Heights that a source gave.

    Attributes:
        source: its description, once it was read.
        point_m: shape (s,), the height at every sample; NaN where unknown.
        around_m: shape (s,), the mean height of the ground nearby, for coarse surface models.
        side_slope: shape (p,), the ground's grade across the street at every place; 0 where
            unknown.
        slope: shape (p,), its grade along the street, likewise.
        near_void: shape (p,), the ground beside the street is unknown.
    """

    source: HeightSource
    point_m: Floats
    around_m: Floats
    side_slope: Floats
    slope: Floats
    near_void: Bools


def place_samples(network: StreetNetwork) -> Samples:
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
    lines = Polylines.through(network.point_offset, network.point_x_m, network.point_y_m)
    begin, axis = lines.begin[edge], lines.axis
    at, end = begin + distance, begin + lines.length[edge]
    # As complex numbers, so that one search serves x and y.
    point = network.point_x_m + 1j * network.point_y_m
    here = np.interp(at, axis, point)
    step = np.interp(np.minimum(at + 2.0, end), axis, point)
    step -= np.interp(np.maximum(at - 2.0, begin), axis, point)
    dx, dy = step.real, step.imag
    size = np.maximum(np.sqrt(dx * dx + dy * dy), 1e-9)
    return Samples(
        offset=offset,
        distance_m=distance,
        sample=sample,
        lon=lon_between(at, axis, network.point_lon),
        lat=np.interp(at, axis, network.point_lat),
        x_m=here.real.copy(),
        y_m=here.imag.copy(),
        dir_x=dx / size,
        dir_y=dy / size,
    )


def read_heights(samples: Samples, heights: Heights) -> Readings:
    """Read the heights at the samples, and then those beside them.

    That takes two calls, since some sources know their cell size only once they were read.

    Raises:
        HeightsError: the source knows none of them, or what it says is no terrain.
    """
    place = samples.one_place_each()
    lon, lat = samples.lon, samples.lat
    point = heights(lon[place], lat[place])
    source = heights.source
    if not 0 < source.cell_m < np.inf:
        msg = f"{source.name} says that its cells are {source.cell_m} m wide: give their real size."
        raise HeightsError(msg)
    _check_terrain(samples, point, source.name)
    reach = max(SPACING_M, source.cell_m)
    degree_m = METRES_PER_DEGREE * np.maximum(np.cos(np.radians(lat)), 1e-6)
    aside_lon = -samples.dir_y * reach / degree_m
    aside_lat = samples.dir_x * reach / METRES_PER_DEGREE
    ring_east_m, ring_north_m = _ring_m(source)
    ring_lon, ring_lat = ring_east_m / degree_m[place, None], ring_north_m / METRES_PER_DEGREE
    beside = heights(
        np.concatenate([lon + aside_lon, lon - aside_lon, (lon[place, None] + ring_lon).ravel()]),
        np.concatenate([lat + aside_lat, lat - aside_lat, (lat[place, None] + ring_lat).ravel()]),
    )
    left, right, around = np.split(beside, [len(lon), 2 * len(lon)])
    here = point[samples.sample]
    # If one side is unknown, the other one is compared with the street itself.
    slope = np.where(np.isnan(right), 2 * (left - here), left - right)
    slope = np.abs(np.where(np.isnan(left), 2 * (here - right), slope)) / (2 * reach)
    return Readings(
        source=source,
        point_m=point,
        around_m=_ring_mean(point, around.reshape(len(place), -1)),
        side_slope=np.nan_to_num(slope),
        slope=_slope_along(samples, here),
        near_void=np.isnan(left) | np.isnan(right),
    )


def _slope_along(samples: Samples, height: Floats) -> Floats:
    """Return the greater of the slopes to the places before and after each."""
    gap = np.diff(samples.distance_m)
    gap[samples.offset[1:-1] - 1] = np.inf  # from one edge to the next
    steep = np.nan_to_num(np.abs(np.diff(height)) / np.maximum(gap, 1e-9))
    return np.asarray(np.maximum(np.append(steep, 0.0), np.append(0.0, steep)))


def _ring_m(source: HeightSource) -> tuple[Floats, Floats]:
    """Return the ring of points, as metres east and north; opposite ones follow each other."""
    if source.kind == "bare earth" or source.cell_m < RING_FROM_CELL_M:
        return np.empty(0), np.empty(0)
    angle = np.radians([0, 180, 60, 240, 120, 300])
    return 2 * RING_SIGMA_M * np.cos(angle), 2 * RING_SIGMA_M * np.sin(angle)


def _ring_mean(point: Floats, around: Floats) -> Floats:
    """Return the mean of each point and its ring, without pairs of which a point is unknown.

    With one side alone the mean would lean that way, and turn the edge of a void into a slope.
    """
    pairs = around[:, 0::2] + around[:, 1::2] - 2 * point[:, np.newaxis]
    return np.asarray(point + RING_WEIGHT * np.nan_to_num(pairs).sum(axis=1))


def _check_terrain(samples: Samples, read: Floats, name: str) -> None:
    if np.isnan(read).all():
        msg = (
            f"{name} knows no height on these streets: it lies elsewhere, or is empty there. Give "
            "an elevation model that covers the place."
        )
        raise HeightsError(msg)
    gap, rise = np.diff(samples.distance_m), np.abs(np.diff(read[samples.sample]))
    known = (gap > SPACING_M / 2) & ~np.isnan(rise)
    if known.any() and np.median(rise[known]) > SPACING_M:
        raise no_terrain(name, float(gap[known].sum()))


def no_terrain(name: str, street_m: float) -> TerrainError:
    """Return the error for a model in which most of ``street_m`` is steeper than 45 degrees."""
    msg = (
        f"{name} says that most streets are steeper than 45 degrees: its values are no heights "
        "in metres. Give an elevation model."
    )
    return TerrainError(msg, street_m)


def steadied(laid: Samples, readings: Readings, error_m: float) -> Floats:
    """Return the heights read, moved towards the mean of the ground nearby where that is even.

    Args:
        laid: where they were read.
        readings: what was read.
        error_m: standard deviation of the model's error.
    """
    move = readings.around_m - readings.point_m
    known = ~np.isnan(move)
    move = np.where(known, move, 0.0)
    if not move.any():
        return readings.point_m
    usual = (MOVED_BY_ERROR * error_m) ** 2
    here = np.maximum(laid.round_about(move**2, known), 1e-9)
    return np.asarray(readings.point_m + move * np.minimum(1.0, usual / here))
