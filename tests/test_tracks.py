"""Lines cut out of a network, all at once and one by one."""

from __future__ import annotations

import numpy as np
import pytest

import hillfinder as hf
from hillfinder.model import Profile
from hillfinder.streets.network import Track
from hillfinder.streets.tracks import along, steepest

from .towns import DATA, needs_data


@needs_data
def test_lines_cut_out_all_at_once_are_those_cut_out_one_by_one() -> None:
    folder = DATA / "portland"
    west_hills = (-122.70, 45.50, -122.67, 45.52)
    streets = hf.read_extract(folder / "portland-central-filtered.osm.pbf", west_hills)
    network = hf.attach(streets, hf.Raster([folder / "portland-ned.tif"]))
    found = hf.find_climbs(network, hf.Criteria())
    legs = found.legs(np.arange(len(found)))
    lines, offset = along(network, legs)
    steep = steepest(lines, offset)
    assert len(steep) > 100
    for way, first, last, most in zip(
        legs.records(), offset[:-1], offset[1:], steep.tolist(), strict=True
    ):
        one, mine = network.track(way), Track(*(each[first:last] for each in lines))
        np.testing.assert_allclose(mine.distance_m, one.distance_m, atol=1e-9)
        for many, alone in zip(mine[1:], one[1:], strict=True):
            np.testing.assert_array_equal(many, alone)
        profile = Profile(one.distance_m, one.elevation_m, one.sigma_m)
        assert most == pytest.approx(profile.steepest(), abs=1e-9)
