"""Lines cut out of a network, all at once and one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point

import hillfinder as hf
from hillfinder.elevation.profiles.attach import attach
from hillfinder.model import Leg, Profile
from hillfinder.streets.geometry.polylines import (
    Legs,
    Polylines,
    along,
    nearest_on_pieces,
    steepest,
)
from hillfinder.streets.network import Track
from tests.towns import DATA, LON, STREET, Formula, needs_data, town

if TYPE_CHECKING:
    from hillfinder.model import Ints
    from hillfinder.streets.network import StreetNetwork

    Point2 = tuple[int, int]


#: Points of a plane, m.
POINTS = st.tuples(st.integers(-300, 300), st.integers(-300, 300))


def assert_same(network: StreetNetwork, legs: Legs, lines: Track, offset: Ints) -> None:
    """Each line is to the bit what is read along its way alone; steps are summed otherwise."""
    for way, first, last in zip(legs.records(), offset[:-1], offset[1:], strict=True):
        one, mine = network.track(way), Track(*(each[first:last] for each in lines))
        np.testing.assert_allclose(mine.distance_m, one.distance_m, atol=1e-9)
        for many, alone in zip(mine[1:], one[1:], strict=True):
            np.testing.assert_array_equal(many, alone)


@needs_data
def test_lines_cut_out_all_at_once_are_those_cut_out_one_by_one() -> None:
    folder = DATA / "portland"
    west_hills = (-122.70, 45.50, -122.67, 45.52)
    streets = hf.read_extract(folder / "portland-central-filtered.osm.pbf", west_hills)
    network = hf.attach(streets, hf.Raster([folder / "portland-ned.tif"]))
    found = hf.find_climbs(network, hf.Criteria())
    legs = found.legs(np.arange(len(found)))
    lines, offset = along(network, legs)
    assert len(offset) > 100
    assert_same(network, legs, lines, offset)
    figures = (lines.distance_m, lines.elevation_m, lines.sigma_m)
    for first, last, most in zip(offset[:-1], offset[1:], steepest(lines, offset), strict=True):
        profile = Profile(*(each[first:last] for each in figures))
        assert most == pytest.approx(profile.steepest(), abs=1e-9)


def test_lines_across_the_antimeridian_and_into_the_unknown() -> None:
    nodes = {1: (-300.0, 0.0), 2: (-90.0, 40.0), 3: (110.0, -30.0), 4: (290.0, 10.0)}
    nodes |= {5: (0.0, 90.0), 6: (45.53, 90.0), 7: (100.0, 90.0)}  # a hand from a sample
    network = town([(1, [1, 2, 3], STREET), (2, [3, 4], STREET), (3, [5, 6, 7], STREET)], nodes)
    land = Formula(lambda x, y: np.where(x < 150.0, 0.1 * x + 0.05 * y, np.nan), 10.0)
    network = attach(network, land)
    lon = (network.point_lon - LON + 360.0) % 360.0 - 180.0
    network = replace(network, point_lon=lon)
    long, short, _ = network.edge_length_m.tolist()
    ways = [
        [Leg(0, 20.0, long), Leg(1, 0.0, 0.6 * short)],
        [Leg(1, 0.9 * short, 0.0), Leg(0, long, 33.3)],
        [Leg(0, 0.0, long)],
        [Leg(1, short, 0.0)],
        [Leg(0, 70.0, 70.05)],
        [Leg(2, 45.53, 90.0)],
    ]
    legs = Legs.of(ways)
    assert [list(way) for way in legs.records()] == ways
    lines, offset = along(network, legs)
    assert np.isnan(lines.elevation_m).any()
    assert np.abs(lines.lon).min() > 179.99
    assert {*np.sign(lines.lon)} == {-1.0, 1.0}
    assert_same(network, legs, lines, offset)


@given(
    st.lists(st.lists(POINTS, min_size=2, max_size=6), min_size=1, max_size=4),
    st.floats(-0.2, 1.2),
)
def test_many_lines_are_read_as_each_alone(
    drawn: list[list[tuple[int, int]]], share: float
) -> None:
    offset = np.cumsum([0, *map(len, drawn)])
    x, y = np.array([point for line in drawn for point in line], float).T
    lines = Polylines.through(offset, x, y)
    line = np.arange(len(drawn))
    at = share * lines.length
    read = np.transpose(lines.interpolate(line, at, x, y))
    for row, points in enumerate(drawn):
        alone = np.array(points, float)
        along = np.append(0.0, np.cumsum(np.hypot(*np.diff(alone, axis=0).T)))
        assert lines.length[row] == pytest.approx(along[-1], abs=1e-9)
        expected = [np.interp(at[row], along, each) for each in alone.T]
        np.testing.assert_allclose(read[row], expected, atol=1e-6)


def test_a_place_beyond_an_unknown_point_is_unknown_and_beyond_the_end_is_the_end() -> None:
    lines = Polylines(np.array([0, 3, 5]), np.array([0.0, 10.0, 20.0, 0.0, 5.0]))
    heights = np.array([1.0, np.nan, 3.0, 7.0, 8.0])
    line, at = np.array([0, 0, 0, 0, 1, 1]), np.array([0.0, 5.0, 20.0, 99.0, -1.0, 6.0])
    (read,) = lines.interpolate(line, at, heights)
    np.testing.assert_array_equal(read, [1.0, np.nan, 3.0, 3.0, 7.0, 8.0])


@given(POINTS, POINTS, POINTS)
def test_the_nearest_place_of_a_piece_is_where_shapely_has_it(
    begin: Point2, end: Point2, spot: Point2
) -> None:
    begins, ways = np.array(begin, float), np.subtract(end, begin).astype(float)
    share, away = nearest_on_pieces(
        (begins[:1], begins[1:]), (ways[:1], ways[1:]), (float(spot[0]), float(spot[1]))
    )
    piece = LineString([begin, end])
    assert away[0] == pytest.approx(piece.distance(Point(spot)), abs=1e-6)
    at = piece.interpolate(share[0] * piece.length)
    assert at.distance(Point(spot)) == pytest.approx(away[0], abs=1e-6)
