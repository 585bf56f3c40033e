"""Portland whole: list and ten warm-ups, beside the plain OSMnx way on the same streets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

    from .conftest import Meter


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
