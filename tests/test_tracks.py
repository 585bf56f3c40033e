"""Lines cut out of a network, all at once and one by one."""

from __future__ import annotations

import numpy as np

import hillfinder as hf
from hillfinder.streets.tracks import Tracks

from .towns import DATA, needs_data


@needs_data
def test_lines_cut_out_all_at_once_are_those_cut_out_one_by_one() -> None:
    folder = DATA / "portland"
    west_hills = (-122.70, 45.50, -122.67, 45.52)
    streets = hf.read_extract(folder / "portland-central-filtered.osm.pbf", west_hills)
    network = hf.attach(streets, hf.Raster([folder / "portland-ned.tif"]))
    found = hf.find_climbs(network, hf.Criteria())
    ways = [found.legs(row) for row in range(len(found))]
    assert len(ways) > 100
    for legs, track in zip(ways, Tracks(network).along(ways), strict=True):
        for mine, theirs in zip(track, network.track(legs), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-8)
