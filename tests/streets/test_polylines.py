"""Lines cut out of a network, all at once and one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

import hillfinder as hf
from hillfinder.elevation.profiles.attach import attach
from hillfinder.model import Leg, Profile
from hillfinder.streets.geometry.polylines import Legs, along, steepest
from hillfinder.streets.network import Track
from tests.towns import DATA, LON, STREET, Formula, needs_data, town

if TYPE_CHECKING:
    from hillfinder.model import Ints
    from hillfinder.streets.network import StreetNetwork


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
