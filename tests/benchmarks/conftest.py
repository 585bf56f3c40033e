"""Whole processes, measured from outside, and their ratios at the end of the run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import osmium
import pytest
import rasterio
from rasterio.transform import Affine

from tests.towns import DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = Path(__file__).parents[2]


#: A small process starts the measured one, since the kernel counts as a process's peak what the one
#: that started it had.
BETWEEN = """
import resource, subprocess, sys, time
begin = time.perf_counter()
status = subprocess.call(sys.argv[1:])
seconds = time.perf_counter() - begin
print(f"\\n{seconds} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
sys.exit(status)
"""


@dataclass
class Meter:
    """Seconds and peak megabytes of finished processes, by name."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    megabytes: dict[str, list[float]] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)

    def run(self, name: str, command: Sequence[str], cache: Path | None = None) -> None:
        """Run a command with what ``cache`` keeps, or with nothing kept."""
        with TemporaryDirectory() as empty:
            self._run(name, command, {**os.environ, "HILLFINDER_CACHE_DIR": str(cache or empty)})

    def _run(self, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        done = subprocess.run(
            [sys.executable, "-I", "-c", BETWEEN, sys.executable, *command],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}"
        self.printed[name], _, took = done.stdout.rstrip().rpartition("\n")
        seconds, kilobytes = map(float, took.split())
        self.seconds.setdefault(name, []).append(seconds)
        self.megabytes.setdefault(name, []).append(kilobytes / 1024)

    def best(self, name: str) -> tuple[float, float]:
        return min(self.seconds[name]), max(self.megabytes[name])


METER = Meter()
COMPARED = (
    ("plain OSMnx", "hillfinder"),
    ("hillfinder", "once more"),
    ("ten Portlands", "one Portland"),
)


@pytest.fixture
def meter() -> Meter:
    return METER


@pytest.fixture(scope="session")
def portland() -> tuple[Path, Path]:
    folder = DATA / "portland"
    if not folder.is_dir():
        pytest.skip(f"no real data beside the project ({folder})")
    return folder / "portland-central-filtered.osm.pbf", folder / "portland-ned.tif"


@pytest.fixture(scope="session")
def portland_xml(portland: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the extract as OSMnx reads it."""
    path = tmp_path_factory.mktemp("xml") / "portland.osm"
    writer = osmium.SimpleWriter(str(path))
    items: Iterable[Any] = osmium.FileProcessor(str(portland[0]))
    for item in items:
        if not item.is_relation():
            writer.add(item)
    writer.close()
    return path


@pytest.fixture(scope="session")
def ten_portlands(
    portland: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """Return the streets ten times side by side in one file, and ten elevation models."""
    folder = tmp_path_factory.mktemp("ten")
    extract = folder / "ten.osm.pbf"
    writer = osmium.SimpleWriter(str(extract))
    apart, ids = 0.2, 10**11
    for copy in range(10):
        nodes: Iterable[Any] = osmium.FileProcessor(str(portland[0]), osmium.osm.NODE)
        for node in nodes:
            place = (node.lon + copy * apart, node.lat)
            writer.add_node(node.replace(id=node.id + ids * (copy + 1), location=place))
    for copy in range(10):
        ways: Iterable[Any] = osmium.FileProcessor(str(portland[0]), osmium.osm.WAY)
        for way in ways:
            shift = ids * (copy + 1)
            refs = [node.ref + shift for node in way.nodes]
            writer.add_way(way.replace(id=way.id + shift, nodes=refs))
    writer.close()
    models = []
    with rasterio.open(portland[1]) as dem:
        for copy in range(10):
            models.append(folder / f"dem{copy}.tif")
            profile = {
                **dem.profile,
                "transform": Affine.translation(copy * apart, 0.0) @ dem.transform,
            }
            with rasterio.open(models[-1], "w", **profile) as shifted:
                shifted.write(dem.read())
    return [extract, *models]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured, and the ratios."""
    if not METER.seconds:
        return
    terminalreporter.section("whole processes: best seconds, greatest peak memory")
    for name in METER.seconds:
        seconds, megabytes = METER.best(name)
        runs = len(METER.seconds[name])
        terminalreporter.write_line(
            f"{name:14s} {seconds:7.2f} s  {megabytes:6.0f} MB  of {runs} runs"
        )
    for name, other in COMPARED:
        if name in METER.seconds and other in METER.seconds:
            (a, b), (c, d) = METER.best(name), METER.best(other)
            terminalreporter.write_line(
                f"{name} : {other} = {a / c:.1f} in time, {b / d:.1f} in memory"
            )
