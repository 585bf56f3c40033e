"""What a scan costs, by size: ``python -m tests.benchmarks.regions [1 4 16 64]``.

Portland is copied side by side, as real files on disk, and scanned by one worker on one core, by
one that may use all (the extract is read by a process beside it), and by two. The plain OSMnx way
is tried on the same files as long as it takes less than its patience.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING, Any, cast

import osmium
import psutil
import rasterio
from osmium.osm import NODE, WAY
from osmium.osm.mutable import Node, Way
from rasterio.merge import merge

from hillfinder.region.store.cells import AROUND
from tests.towns import DATA

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
PORTLAND = DATA / "portland"
#: A copy is moved by one cell to the east, and by about one to the north.
EAST_DEG, NORTH_DEG = 360 / AROUND, 0.125
APART = 10**10
PLAIN_PATIENCE_S = 300.0


@dataclass
class Cost:
    """What a process and all that it started took: the largest of them in memory."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    printed: str


def main(*sizes: str) -> int:
    """Print a row for each size; a kilometre beyond those of the row above costs so many ms."""
    print(f"{'':>9}{'km':>8} {'1 core: s':>10}{'ms/km':>7}{'km/s':>7}{'1 worker: s':>13}", end="")
    print(
        f"{'CPU s':>7}{'MB':>6}{'2 workers: s':>14}{'x core':>8}{'x worker':>10}{'MB':>6}", end=""
    )
    print(f"{'on disk':>9} {'OSMnx s':>8}{'MB':>6}")
    patient, before = True, (0.0, 0.0)
    for size in map(int, sizes or ("1", "4", "16", "64")):
        with TemporaryDirectory() as folder:
            # By another process: the kernel counts as a process's peak what its parent had.
            with ProcessPoolExecutor(1) as other:
                osm, dems = other.submit(copies, Path(folder), size).result()
            core = scan(osm, dems, Path(folder) / "core", 1, one_core=True)
            one = scan(osm, dems, Path(folder) / "one", 1)
            two = scan(osm, dems, Path(folder) / "two", 2)
            same = content(Path(folder) / "one") == content(Path(folder) / "two")
            km = float(one.printed.partition(" hills on ")[2].partition(" km")[0].replace(",", ""))
            disk = used(Path(folder) / "one") / 1e6
            plain = plain_osmnx(Path(folder), osm, dems) if patient else None
            patient = plain is not None
        print(
            f"x {size:<6}{km:>9,.0f} {core.wall_s:>10.1f}"
            f"{1000 * (core.wall_s - before[1]) / (km - before[0]):>7.2f}{km / core.wall_s:>7,.0f}"
            f"{one.wall_s:>13.1f}{one.cpu_s:>7.1f}{one.peak_mb:>6.0f}{two.wall_s:>14.1f}"
            f"{core.wall_s / two.wall_s:>8.2f}{one.wall_s / two.wall_s:>10.2f}{two.peak_mb:>6.0f}"
            f"{disk:>6.0f} MB "
            + (f"{plain.wall_s:>8.1f}{plain.peak_mb:>6.0f}" if plain else f"{'-':>8}{'-':>6}")
            + ("" if same else "   ROWS DIFFER"),
            flush=True,
        )
        before = km, core.wall_s
    return 0


def copies(folder: Path, count: int) -> tuple[Path, list[Path]]:
    """Write Portland so many times side by side: one extract, and an elevation file for each."""
    side = math.ceil(math.sqrt(count))
    moves = [(i % side * EAST_DEG, i // side * NORTH_DEG) for i in range(count)]
    source = PORTLAND / "portland-central-filtered.osm.pbf"
    nodes, ways = [], []
    for each in osmium.FileProcessor(str(source), NODE | WAY):
        if each.id > 0 and isinstance(each, osmium.osm.Node):
            at = each.location
            nodes.append((each.id, at.lon, at.lat, dict(each.tags)))
        elif each.id > 0:
            refs = [node.ref for node in cast("Any", each).nodes if node.ref > 0]
            ways.append((each.id, refs, dict(each.tags)))
    osm = folder / "region.osm.pbf"
    with osmium.SimpleWriter(str(osm)) as out:
        for i, (east, north) in enumerate(moves):
            for ref, lon, lat, tags in nodes:
                moved_to = (lon + east, lat + north)
                out.add_node(Node(id=ref + i * APART, location=moved_to, tags=tags))
        for i in range(count):
            for way, refs, tags in ways:
                moved = [ref + i * APART for ref in refs]
                out.add_way(Way(id=way + i * APART, nodes=moved, tags=tags))
    return osm, [dem(folder / f"{i}.tif", *move) for i, move in enumerate(moves)]


def dem(path: Path, east: float, north: float) -> Path:
    with rasterio.open(PORTLAND / "portland-ned.tif") as source:
        at, profile = source.transform, source.profile
        profile["transform"] = rasterio.Affine(at.a, at.b, at.c + east, at.d, at.e, at.f + north)
        with rasterio.open(path, "w", **profile) as out:
            out.write(source.read(1), 1)
    return path


def scan(
    osm: Path, dems: Sequence[Path], out: Path, workers: int, *, one_core: bool = False
) -> Cost:
    given = [word for path in dems for word in ("--dem", str(path))]
    words = ["scan", str(osm), *given, "-o", str(out), "--workers", str(workers), "--quiet"]
    os.sync()  # or it would wait for what was written before it
    cost = run([sys.executable, "-m", "hillfinder", *words], one_core=one_core)
    assert cost is not None
    return cost


def plain_osmnx(folder: Path, osm: Path, dems: Sequence[Path]) -> Cost | None:
    """Do it the plain way: it reads XML, and one raster."""
    xml, whole = folder / "region.osm", folder / "whole.tif"
    with osmium.SimpleWriter(str(xml)) as out:
        for each in osmium.FileProcessor(str(osm), NODE | WAY):
            out.add(each)
    merge(list(dems), dst_path=whole)
    script = str(ROOT / "tests" / "benchmarks" / "plain_osmnx.py")
    return run([sys.executable, script, str(xml), str(whole)], PLAIN_PATIENCE_S)


def run(
    command: Sequence[str], patience_s: float | None = None, *, one_core: bool = False
) -> Cost | None:
    """Run a command and what it starts; ``None`` where it takes longer than its patience."""
    if one_core:  # util-linux's command: a process begins with its cores, and hands them on
        command = ["taskset", "--cpu-list", "0", *command]
    begin = time.perf_counter()
    with TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, cwd=ROOT, stdout=printed)
        alarm = threading.Timer(patience_s or 36_000.0, process.kill)
        alarm.start()
        # Not process.wait(): the kernel tells what it took to whoever reaps the process.
        watched = Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
        watched.over.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        if status:
            return None
        printed.seek(0)
        cpu_s = usage.ru_utime + usage.ru_stime
        peak_mb = max(usage.ru_maxrss / 1024, watched.peak_mb)
        return Cost(time.perf_counter() - begin, cpu_s, peak_mb, printed.read())


class Watch(threading.Thread):
    """Looks twice a second how large the largest is of all that a process started.

    The kernel tells that of children that were waited for, and workers are not.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root, self.over, self.peak_mb = psutil.Process(pid), threading.Event(), 0.0
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.5):
            with suppress(psutil.Error):
                for child in self._root.children(recursive=True):
                    with suppress(psutil.Error):
                        self.peak_mb = max(self.peak_mb, child.memory_info().rss / 2**20)


def content(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("hills-*.parquet"))]


def used(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
