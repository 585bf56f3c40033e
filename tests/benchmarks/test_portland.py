"""Portland whole: list and ten warm-ups, beside the plain OSMnx way on the same streets."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from hillfinder.climbs import ranking
from hillfinder.climbs import search as climbs
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.model import Place
from hillfinder.routing.warmup import Router
from hillfinder.streets.sources import osm_file

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

    from hillfinder.model import Route
    from tests.benchmarks.conftest import Meter


def test_hillfinder(benchmark: BenchmarkFixture, meter: Meter, portland: tuple[Path, Path]) -> None:
    osm, dem = map(str, portland)
    # A warm-up of up to 90 minutes takes in all of the extract.
    options = ["--warmup", "10-90", "--format", "json", "--osm", osm, "--dem", dem, "--quiet"]
    command = ["-m", "hillfinder", "near", "45.5120,-122.6960", *options]
    benchmark.pedantic(meter.run, ("hillfinder", command), rounds=5, warmup_rounds=1)
    assert len(json.loads(meter.printed["hillfinder"])["hills"]) == 10


def test_once_more(
    benchmark: BenchmarkFixture, meter: Meter, portland: tuple[Path, Path], tmp_path: Path
) -> None:
    """The same search again, its area kept; and what of that is loading libraries."""
    osm, dem = map(str, portland)
    options = ["--format", "json", "--osm", osm, "--dem", dem, "--quiet"]
    command = ["-m", "hillfinder", "near", "45.5120,-122.6960", *options]
    benchmark.pedantic(meter.run, ("once more", command, tmp_path), rounds=5, warmup_rounds=1)
    libraries = "hillfinder.find, rasterio, scipy.sparse.csgraph, scipy.spatial"
    for _ in range(5):
        meter.run("libraries", ["-c", f"import {libraries}"])
    assert len(json.loads(meter.printed["once more"])["hills"]) == 10


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.parametrize("door", [(45.5120, -122.6960), (45.4993, -122.6974), (45.5230, -122.7000)])
def test_ten_warm_ups(
    benchmark: BenchmarkFixture, portland: tuple[Path, Path], door: tuple[float, float]
) -> None:
    """Processor time of warm-ups to the ten hills that ``near`` lists, the router's included."""
    osm, dem = portland
    network = attach(osm_file.read_extract(osm), Raster([dem]))
    criteria, place = Criteria(), Place(*door)
    found = climbs.find(network, criteria)
    rows = ranking.order(found)
    within = Router(network, place, criteria).times_s(found)[rows] <= 1200.0
    hills = [found[row] for row in rows[within][:10].tolist()]

    def warm_up() -> list[Route]:
        router = Router(network, place, criteria)
        return [router.approach(hill) for hill in hills]

    routes = benchmark.pedantic(warm_up, rounds=10, warmup_rounds=2)
    assert len(routes) == 10
    assert all(route.time_s <= 1200.001 for route in routes)


def test_plain_osmnx(
    benchmark: BenchmarkFixture, meter: Meter, portland: tuple[Path, Path], portland_xml: Path
) -> None:
    command = ["-m", "tests.benchmarks.plain_osmnx", str(portland_xml), str(portland[1])]
    benchmark.pedantic(meter.run, ("plain OSMnx", command), rounds=3)
    assert "Southwest" in meter.printed["plain OSMnx"]


def test_one_portland(
    benchmark: BenchmarkFixture, meter: Meter, portland: tuple[Path, Path]
) -> None:
    command = ["-m", "tests.benchmarks.whole", *map(str, portland)]
    benchmark.pedantic(meter.run, ("one Portland", command), rounds=3, warmup_rounds=1)


def test_ten_portlands(
    benchmark: BenchmarkFixture, meter: Meter, ten_portlands: list[Path]
) -> None:
    command = ["-m", "tests.benchmarks.whole", *map(str, ten_portlands)]
    benchmark.pedantic(meter.run, ("ten Portlands", command), rounds=2)
    length, hills = map(int, meter.printed["ten Portlands"].split())
    if "one Portland" in meter.printed:
        one_length, one_hills = map(int, meter.printed["one Portland"].split())
        assert abs(length / one_length - 10) < 0.01
        assert abs(hills / one_hills - 10) < 0.1
