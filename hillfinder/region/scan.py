"""The recipe of a scan: partition an extract, make the streets of each cell, find its hills.

Every step works cell by cell, and uncertainty is learned before any hill is searched, so the rows
depend neither on tiles nor on workers.
"""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from hillfinder.criteria import Criteria
from hillfinder.elevation.heights import renamed_heights
from hillfinder.elevation.profiles.sampling import no_terrain
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.errors import HeightsError, InputError, OutputError, StreetsError
from hillfinder.model import StreetSource
from hillfinder.progress import Progress
from hillfinder.region.catalogue import Catalogue
from hillfinder.region.extract import partition
from hillfinder.region.store import cell_streets, cells, checked_files, dataset
from hillfinder.region.store.cells import Cell
from hillfinder.region.work import checkpoint, tasks, worker_pool
from hillfinder.streets.sources import osm_file
from hillfinder.streets.storage import area_cache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from hillfinder.model import Box, HeightKind
    from hillfinder.region.work.tasks import Done, Job, Run

_log = logging.getLogger(__name__)
#: Margin around a cell for its hills, in lengths of the longest: its own, and slopes it is part of.
LENGTHS_AROUND = 3.0
#: Further margin for the streets that hills take their names from, m.
NAMES_AROUND_M = 400.0
#: Length of streets without heights from which this is said, m. Bridges and borders have some.
UNKNOWN_TOLD_FROM_M = 500.0
#: Code that decides what is in a row, besides what builds areas.
ROW_MAKERS = ("climbs", "region", "routing", "sessions.py", "training", "output/text")
#: Tiles for each worker, so that workers end together and little is lost with one.
TILES_PER_WORKER = 16
#: Greatest number of cells in a tile.
CELLS_PER_TILE = 8
#: Number of workers that a cluster counts as.
CLUSTER = 4


def scan(
    streets: Path | str,
    folder: Path | str,
    criteria: Criteria | None = None,
    *,
    dem: Path | str | Sequence[Path | str] | None = None,
    heights_kind: HeightKind | None = None,
    dem_unit: str | None = None,
    dem_band: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    tiles: int | None = None,
    resume: bool = True,
    progress: Progress | None = None,
    heights: Path | str | Sequence[Path | str] | None = None,
) -> Catalogue:
    """Find every hill of a region, and write them as one dataset.

    Call it again with the same files and criteria to resume a scan that was stopped. In a script
    with more than one worker call it under ``if __name__ == "__main__":``, since workers begin by
    reading the script.

    Args:
        streets: an OpenStreetMap extract, best with nodes before ways, as extracts are sorted.
        folder: the folder of the dataset: new, empty, or one of an unfinished scan.
        criteria: lengths and grades of hills; warm-ups do not matter.
        dem: elevation files, at least one. Where they have no height, no hill is found.
        heights_kind: whether these show the bare earth or what stands on it.
        dem_unit: unit of the heights in files that do not state it, as for ``Raster``.
        dem_band: band that holds the heights, likewise.
        workers: processes of this machine; ``None`` for one per core, or this process alone for an
            extract of less than 2 MB, which is scanned before others have started.
        scheduler: the address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, instead; its
            workers must see all files under the names given here.
        tiles: number of tasks that each step is cut into; it changes no row.
        resume: resume an unfinished scan in the folder; otherwise delete it.
        progress: hears how the scan goes.
        heights: the old name of ``dem``; deprecated.

    Raises:
        InputError: no elevation file is given; the folder holds something else, or another scan;
            Dask or PyArrow is missing.
        StreetsError: the extract cannot be read, does not say where its ways are, or holds no
            street for people on foot.
        HeightsError: the heights cannot be read, are elsewhere, or are no terrain.
        OutputError: the disk is full, or cannot be written.
        ServiceError: the workers were lost, or the process that reads the extract was killed.
    """
    if workers is not None and workers < 1:
        msg = f"{workers} workers cannot scan: give 1 or more, or None for one for each core."
        raise InputError(msg)
    extract, folder = Path(streets).absolute(), Path(folder).absolute()
    workers = worker_pool.begin(extract, workers, scheduler)
    dataset.require_pyarrow()
    criteria = criteria or Criteria()
    progress = progress or Progress()
    dem = renamed_heights(dem, heights)
    if dem is None:
        msg = "A scan needs elevation files: give them as dem."
        raise InputError(msg)
    dem = [dem] if isinstance(dem, Path | str) else dem
    files = tuple(str(Path(path).absolute()) for path in dem)
    # It checks the files.
    model = Raster(files, kind=heights_kind, unit=dem_unit, band=dem_band)
    wanted = _wanted(extract, files, (heights_kind, dem_unit, dem_band), criteria)
    with checkpoint.locked(folder):
        plan = checkpoint.resumed(folder, wanted, resume=resume)
        if plan is not None and checkpoint.is_finished(folder, plan):
            _log.info("skipped: the scan is finished already")
            return Catalogue(folder, plan["hills"], plan["street_m"])
        with checkpoint.writing(folder), worker_pool.workers(workers, scheduler) as run:
            if plan is None or not checkpoint.can_resume(folder, plan):
                begun = time.monotonic()
                plan = _partition(extract, folder, wanted, progress)
                took_s = time.monotonic() - begun
                _log.info("partitioned into %d cells in %.1f s", len(plan["cells"]), took_s)
            else:
                _log.info("skipped partitioning: %d cells are there", len(plan["cells"]))
            job = tasks.Job(
                folder=folder,
                dem=tuple(map(tasks.DemFile, files, model.extents(), model.units())),
                dem_kind=heights_kind,
                dem_band=dem_band,
                criteria=criteria,
                source=StreetSource(**plan["source"]),
                margin_m=wanted["margin_m"],
            )
            tiled = partial(_tiles, count=tiles, at_least=TILES_PER_WORKER * (workers or CLUSTER))
            return _finish(job, plan, run, tiled, progress)


def _finish(
    job: Job,
    plan: dict[str, Any],
    run: Run,
    tiled: Callable[[Mapping[Cell, int]], list[list[Cell]]],
    progress: Progress,
) -> Catalogue:
    """Do what is left to do of a scan."""
    sizes = {Cell(*map(int, name.split("-")[1:])): size for name, size in plan["cells"].items()}
    (job.folder / cell_streets.STREETS).mkdir(exist_ok=True)
    (job.folder / tasks.ROWS).mkdir(exist_ok=True)
    report = _Report(progress, 2 * sum(sizes.values()))
    facts: dict[Cell, Mapping[str, Any]] = {}
    for done in _results(run, tasks.make_cell_streets, [(job, tile) for tile in tiled(sizes)]):
        facts |= {cell: values for cell, values in done.facts.items() if values["edges"]}
        report.add(sum(sizes[cell] for cell in done.facts), _total_m(done.facts, "street_m"), 0)
    street_m = _check_streets(job, facts, progress)
    _log.info("%.0f km of streets in %d of %d cells", street_m / 1000, len(facts), len(sizes))
    with_streets = {cell: size for cell, size in sizes.items() if cell in facts}
    tiles = tiled(with_streets)
    calls = [(job, tile, _facts_around(tile, facts, job.margin_m)) for tile in tiles]
    Thread(target=checkpoint.sync, daemon=True).start()  # so that little is left at the end
    for done in _results(run, tasks.find_cell_hills, calls):
        report.add(sum(sizes.values()) / len(tiles), 0.0, done.hills)
    _log.info("%d hills", report.hills)
    order = cells.sort(with_streets)
    values = _metadata(job, plan, facts) | {"street_m": street_m}
    written: list[Path] = []
    for some in _output_files({cell: checked_files.header_of(job.rows(cell)) for cell in order}):
        written.append(job.folder / f"{dataset.file_name(len(written))}.part")
        box = _box_around(header["box"] for header in some.values())
        dataset.write_file((_rows(job, cell) for cell in some), written[-1], values, box)
    plan |= {"hills": report.hills, "street_m": street_m}
    plan["files"] = {part.stem: checkpoint.checksum(part) for part in written}
    for old in job.folder.glob("hills-*.parquet"):
        old.unlink()
    # Deleted before the sync, which would write them to the disk.
    shutil.rmtree(job.folder / tasks.PARTITIONS, ignore_errors=True)
    checkpoint.sync()  # all streets at once, not each as it is made
    for part in reversed(written):  # readers look for the first
        part.replace(part.with_suffix(""))
    checkpoint.write_plan(job.folder, plan)
    shutil.rmtree(job.folder / tasks.ROWS, ignore_errors=True)
    return Catalogue(job.folder, report.hills, street_m)


def _check_streets(job: Job, facts: Mapping[Cell, Mapping[str, Any]], progress: Progress) -> float:
    """Return the metres of street, if they and their heights can be used."""
    if not facts:
        msg = f"{job.source.name} holds no street that a person on foot may use."
        raise StreetsError(msg)
    keys = ("street_m", "known_m", "refused_m")
    street_m, known_m, refused_m = (_total_m(facts, key) for key in keys)
    dem = ", ".join(Path(each.path).name for each in job.dem)
    if not known_m and not refused_m:
        msg = f"{dem} knows no height on these streets: it lies elsewhere, or is empty there."
        raise HeightsError(msg)
    if refused_m > known_m:  # no cell has enough to judge by, and all agree
        raise no_terrain(dem, refused_m)
    if street_m - known_m >= UNKNOWN_TOLD_FROM_M:
        of = f"{(street_m - known_m) / 1000:,.0f} of {street_m / 1000:,.0f} km of streets"
        progress.say(f"No height is known on {of}, and no hill is found there.")
    return street_m


def _results(
    run: Run, task: Callable[..., Done], calls: Iterable[tuple[Any, ...]]
) -> Iterator[Done]:
    """Yield the results of tasks; raise the first error in the data."""
    for done in run(task, calls):
        if done.error is not None:
            raise done.error
        yield done


class _Report:
    """Reports the progress of a scan; ``work`` is in bytes of partitions."""

    def __init__(self, progress: Progress, work: float) -> None:
        self._progress, self._work = progress, work
        self._begun, self._done, self._street_m = time.monotonic(), 0.0, 0.0
        self.hills = 0

    def add(self, work: float, street_m: float, hills: int) -> None:
        self._done += work
        self._street_m += street_m
        self.hills += hills
        took = time.monotonic() - self._begun
        left = took * (self._work - self._done) / self._done
        self._progress.scanned(self._done / self._work, self._street_m, self.hills, left)


def _wanted(
    extract: Path, dem: tuple[str, ...], read_as: tuple[object, ...], criteria: Criteria
) -> dict[str, Any]:
    """Return all that the rows depend on; with anything else a scan does not resume."""
    osm_file.opened(extract, osm_file.ALONE)  # it checks it
    states = [(path, Path(path).stat()) for path in (str(extract), *dem)]
    extract_is, *dem_is = ([path, at.st_size, at.st_mtime_ns] for path, at in states)
    return {
        "code": area_cache.code_checksum(*ROW_MAKERS),
        "extract": extract_is,
        "heights": [*read_as, *dem_is],
        "criteria": {"length_m": [*criteria.length_range_m], "grade": [*criteria.grade_range]},
        "margin_m": LENGTHS_AROUND * criteria.length_range_m[1] + NAMES_AROUND_M,
    }


def _partition(
    extract: Path, folder: Path, wanted: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """Partition the extract into the cells, and write the plan."""
    progress.say(f"Sharing out {extract.name}.")
    files = folder / tasks.PARTITIONS
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    source = partition.partition_extract(extract, files, cell_streets.AROUND_M, progress)
    sizes = {path.name: path.stat().st_size for path in sorted(files.iterdir())}
    plan = {"wanted": dict(wanted), "source": asdict(source), "cells": sizes}
    checkpoint.write_plan(folder, plan)
    return plan


def _tiles(sizes: Mapping[Cell, int], count: int | None, at_least: int = 1) -> list[list[Cell]]:
    """Return the cells in tiles of neighbours that cost about the same.

    Without a ``count`` there are ``at_least`` tiles, if there are as many cells, and a tile has at
    most ``CELLS_PER_TILE`` cells on average.
    """
    order = cells.sort(sizes)
    if count is None:
        count = max(-(-len(order) // CELLS_PER_TILE), min(len(order), at_least))
    whole = sum(sizes.values())
    tiles: list[list[Cell]] = []
    passed, begun = 0.0, -1
    for cell in order:
        number = int(passed * count / whole)
        if number > begun:
            tiles.append([])
            begun = number
        tiles[-1].append(cell)
        passed += sizes[cell]
    return tiles


def _facts_around(
    tile: Sequence[Cell], facts: Mapping[Cell, Mapping[str, Any]], margin_m: float
) -> dict[Cell, Mapping[str, Any]]:
    """Return the facts of all cells that the hills of a tile depend on."""
    near = {each for cell in tile for each in (cell, *cell.neighbours(margin_m))}
    near |= {each for cell in near for each in cell.neighbours(1.0)}
    return {cell: facts[cell] for cell in cells.sort(near & facts.keys())}


def _total_m(facts: Mapping[Cell, Mapping[str, Any]], key: str) -> float:
    # In a fixed order, so that rounding does not depend on which cell was done first.
    return float(sum(facts[cell].get(key, 0.0) for cell in cells.sort(facts)))


def _rows(job: Job, cell: Cell) -> pa.Table:
    """Return the hills of a cell."""
    import pyarrow as pa

    read = checked_files.read_checked(job.rows(cell))
    if read is None:
        msg = f"{job.rows(cell)} is damaged: scan again to replace it."
        raise OutputError(msg)
    with pa.ipc.open_stream(read[1]) as stream:
        return stream.read_all()


def _output_files(
    headers: Mapping[Cell, Mapping[str, Any]],
) -> list[dict[Cell, Mapping[str, Any]]]:
    """Return the cells of each file, one file at least."""
    files: list[dict[Cell, Mapping[str, Any]]] = [{}]
    rows = 0
    for cell, header in headers.items():
        if rows >= dataset.FILE_ROWS:
            files.append({})
            rows = 0
        files[-1][cell] = header
        rows += header["hills"]
    return files


def _box_around(boxes: Iterable[Box | None]) -> Box | None:
    """Return the box around boxes."""
    some = [box for box in boxes if box is not None]
    if not some:
        return None
    west, south, east, north = zip(*some, strict=True)
    return min(west), min(south), max(east), max(north)


def _metadata(
    job: Job, plan: Mapping[str, Any], facts: Mapping[Cell, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the values of the metadata of the dataset."""
    from hillfinder.elevation.heights import worst_kind
    from hillfinder.region.store.hill_table import CATALOGUE_COLUMNS

    heights = [facts[cell]["heights"] for cell in cells.sort(facts)]
    credits_ = dict.fromkeys(one["attribution"] for one in heights if one["attribution"])
    return {
        "schema_version": dataset.SCHEMA_VERSION,
        "made_by": "hillfinder",
        "criteria": plan["wanted"]["criteria"],
        "margin_m": job.margin_m,
        "sources": {
            "streets": plan["source"],
            "elevation": {
                "name": ", ".join(Path(each.path).name for each in job.dem),
                "kind": worst_kind(one["kind"] for one in heights),
                "cell_m": max(one["cell_m"] for one in heights),
                "attribution": "; ".join(credits_) or None,
            },
        },
        "columns": dict(CATALOGUE_COLUMNS),
    }
