"""The recipe of a scan: an extract shared out, the streets of each cell, its hills, one dataset.

What is learnt of the doubt of heights is learnt before any hill is looked for, and every step works
cell by cell, so that neither tiles nor workers can be seen in the rows.
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
from hillfinder.region.extract import partition as spool
from hillfinder.region.store import cell_streets as kept
from hillfinder.region.store import cells, dataset
from hillfinder.region.store import checked_files as parts
from hillfinder.region.store import checkpoint as resuming
from hillfinder.region.store.cells import Cell
from hillfinder.region.work import tasks
from hillfinder.region.work import workers as running
from hillfinder.streets.sources import osm_file
from hillfinder.streets.storage import area_cache as store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from hillfinder.model import Box, HeightKind
    from hillfinder.region.work.tasks import Done, Job, Run

_log = logging.getLogger(__name__)
#: Of a hill matter its own length, the slopes that it is part of on either side, and the streets
#: round about that lend it a name.
LENGTHS_AROUND, NAMES_AROUND_M = 3.0, 400.0
#: Of less street without heights nothing is said: bridges and borders have always some.
UNKNOWN_TOLD_FROM_M = 500.0
#: Code that decides what is in a row, besides what builds areas.
ROW_MAKERS = ("climbs", "region", "routing", "sessions.py", "training", "output/text")
#: Enough tiles that workers end together, and that not much is lost with one. A cluster counts as
#: so many workers.
TILES_PER_WORKER, CELLS_PER_TILE, CLUSTER = 16, 8, 4


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

    A scan that was stopped goes on where it was, when it is called again with the same files and
    the same criteria. In a script with more than one worker call it under
    ``if __name__ == "__main__":``, since workers begin by reading the script.

    Args:
        streets: an OpenStreetMap extract; nodes before ways, as extracts are sorted.
        folder: where the dataset goes; it is made, or one that a scan left unfinished.
        criteria: lengths and grades of hills; what it says of warm-ups does not matter.
        dem: elevation files, at least one. Where they know no height there is no hill.
        heights_kind: whether these show the bare earth or what stands on it.
        dem_unit: unit of the heights in files that do not state it, as for ``Raster``.
        dem_band: band that holds the heights, likewise.
        workers: processes of this machine; ``None`` one for each core, and this one alone for an
            extract of less than 2 MB, which would be done before others have begun.
        scheduler: the address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, instead; its
            workers see all files under the names that are given here.
        tiles: into how many tasks each step is cut; it changes no row.
        resume: go on with what is there; otherwise what a scan left there is dropped.
        progress: is told what goes on.
        heights: the old name of ``dem``; deprecated.

    Raises:
        InputError: no elevation file is given; the folder holds something else, or another scan;
            Dask or PyArrow is missing.
        StreetsError: the extract cannot be read, is not sorted, or holds no street for feet.
        HeightsError: the heights cannot be read, lie elsewhere, or are no terrain.
        OutputError: the disk is full, or cannot be written.
        ServiceError: the workers were lost, or what reads the extract was killed.
    """
    if workers is not None and workers < 1:
        msg = f"{workers} workers cannot scan: give 1 or more, or None for one for each core."
        raise InputError(msg)
    extract, folder = Path(streets).absolute(), Path(folder).absolute()
    workers = running.begin(extract, workers, scheduler)
    dataset.need()
    criteria = criteria or Criteria()
    progress = progress or Progress()
    dem = renamed_heights(dem, heights)
    if dem is None:
        msg = "A scan needs elevation files: give them as dem."
        raise InputError(msg)
    dem = [dem] if isinstance(dem, Path | str) else dem
    files = tuple(str(Path(path).absolute()) for path in dem)
    # It says what is wrong with them.
    model = Raster(files, kind=heights_kind, unit=dem_unit, band=dem_band)
    wanted = _wanted(extract, files, (heights_kind, dem_unit, dem_band), criteria)
    with resuming.alone(folder):
        plan = resuming.begun(folder, wanted, resume=resume)
        if plan is not None and resuming.whole(folder, plan):
            _log.info("skipped: the scan is finished already")
            return Catalogue(folder, plan["hills"], plan["street_m"])
        with resuming.written(folder), running.workers(workers, scheduler) as run:
            if plan is None or not resuming.has_all(folder, plan):
                begun = time.monotonic()
                plan = _share_out(extract, folder, wanted, progress)
                took_s = time.monotonic() - begun
                _log.info("shared out %d cells in %.1f s", len(plan["cells"]), took_s)
            else:
                _log.info("skipped sharing out: %d cells are there", len(plan["cells"]))
            job = tasks.Job(
                folder=folder,
                dem=tuple(map(tasks.DemFile, files, model.extents(), model.units())),
                dem_kind=heights_kind,
                dem_band=dem_band,
                criteria=criteria,
                source=StreetSource(**plan["source"]),
                margin_m=wanted["margin_m"],
            )
            share = partial(_tiles, count=tiles, at_least=TILES_PER_WORKER * (workers or CLUSTER))
            return _finished(job, plan, run, share, progress)


def _finished(
    job: Job,
    plan: dict[str, Any],
    run: Run,
    share: Callable[[Mapping[Cell, int]], list[list[Cell]]],
    progress: Progress,
) -> Catalogue:
    """Do what is left to do of a scan."""
    sizes = {Cell(*map(int, name.split("-")[1:])): size for name, size in plan["cells"].items()}
    (job.folder / dataset.STREETS).mkdir(exist_ok=True)
    (job.folder / tasks.ROWS).mkdir(exist_ok=True)
    told = _Told(progress, 2 * sum(sizes.values()))
    learnt: dict[Cell, Mapping[str, Any]] = {}
    shared = share(sizes)
    for done in _each(run, tasks.keep, [(job, tile) for tile in shared]):
        learnt |= {cell: about for cell, about in done.about.items() if about["edges"]}
        told.tell(sum(sizes[cell] for cell in done.about), _metres(done.about, "street_m"), 0)
    street_m = _checked(job, learnt, progress)
    _log.info("%.0f km of streets in %d of %d cells", street_m / 1000, len(learnt), len(sizes))
    with_streets = {cell: size for cell, size in sizes.items() if cell in learnt}
    shared = share(with_streets)
    calls = [(job, tile, _round_about(tile, learnt, job.margin_m)) for tile in shared]
    Thread(target=resuming.sync, daemon=True).start()  # so that little is left at the end
    for done in _each(run, tasks.find, calls):
        told.tell(sum(sizes.values()) / len(shared), 0.0, done.hills)
    _log.info("%d hills", told.hills)
    order = cells.sort(with_streets)
    said = _said(job, plan, learnt) | {"street_m": street_m}
    written: list[Path] = []
    for some in _files({cell: parts.about(job.rows(cell)) for cell in order}):
        written.append(job.folder / f"{dataset.name(len(written))}.part")
        rows = (_rows(job, cell) for cell in some)
        dataset.write(rows, written[-1], said, _around(about["box"] for about in some.values()))
    plan |= {"hills": told.hills, "street_m": street_m}
    plan["files"] = {part.stem: resuming.checksum(part) for part in written}
    for old in job.folder.glob("hills-*.parquet"):
        old.unlink()
    # What streets were made of goes first, so that the disk is not kept waiting with it.
    shutil.rmtree(job.folder / tasks.SPOOLS, ignore_errors=True)
    resuming.sync()  # all streets at once, and not each as it was made
    for part in reversed(written):  # the first is what readers look for
        part.replace(part.with_suffix(""))
    resuming.note(job.folder, plan)
    shutil.rmtree(job.folder / tasks.ROWS, ignore_errors=True)
    return Catalogue(job.folder, told.hills, street_m)


def _checked(job: Job, learnt: Mapping[Cell, Mapping[str, Any]], progress: Progress) -> float:
    """Return how many metres of street there are, where these and their heights are of use."""
    if not learnt:
        msg = f"{job.source.name} holds no street that a person on foot may use."
        raise StreetsError(msg)
    keys = ("street_m", "known_m", "refused_m")
    street_m, known_m, refused_m = (_metres(learnt, key) for key in keys)
    dem = ", ".join(Path(each.path).name for each in job.dem)
    if not known_m and not refused_m:
        msg = f"{dem} knows no height on these streets: it lies elsewhere, or is empty there."
        raise HeightsError(msg)
    if refused_m > known_m:  # no cell has enough to tell, and all of them tell the same
        raise no_terrain(dem, refused_m)
    if street_m - known_m >= UNKNOWN_TOLD_FROM_M:
        of = f"{(street_m - known_m) / 1000:,.0f} of {street_m / 1000:,.0f} km of streets"
        progress.say(f"No height is known on {of}, and no hill is found there.")
    return street_m


def _each(run: Run, task: Callable[..., Done], calls: Iterable[tuple[Any, ...]]) -> Iterator[Done]:
    """Yield what came of tasks; the first that found the data wrong ends it."""
    for done in run(task, calls):
        if done.error is not None:
            raise done.error
        yield done


class _Told:
    """Says how far a scan is."""

    def __init__(self, progress: Progress, work: float) -> None:
        self._progress, self._work = progress, work
        self._begun, self._done, self._street_m = time.monotonic(), 0.0, 0.0
        self.hills = 0

    def tell(self, work: float, street_m: float, hills: int) -> None:
        self._done += work
        self._street_m += street_m
        self.hills += hills
        took = time.monotonic() - self._begun
        left = took * (self._work - self._done) / self._done
        self._progress.scanned(self._done / self._work, self._street_m, self.hills, left)


def _wanted(
    extract: Path, dem: tuple[str, ...], read_as: tuple[object, ...], criteria: Criteria
) -> dict[str, Any]:
    """Return all that the rows depend on: a scan goes on only with the same."""
    osm_file.opened(extract, osm_file.ALONE)  # it says what is wrong with it
    states = [(path, Path(path).stat()) for path in (str(extract), *dem)]
    extract_is, *dem_is = ([path, at.st_size, at.st_mtime_ns] for path, at in states)
    return {
        "code": store.code_checksum(*ROW_MAKERS),
        "extract": extract_is,
        "heights": [*read_as, *dem_is],
        "criteria": {"length_m": [*criteria.length_range_m], "grade": [*criteria.grade_range]},
        "margin_m": LENGTHS_AROUND * criteria.length_range_m[1] + NAMES_AROUND_M,
    }


def _share_out(
    extract: Path, folder: Path, wanted: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """Share out the extract among the cells, and note the plan."""
    progress.say(f"Sharing out {extract.name}.")
    spools = folder / tasks.SPOOLS
    shutil.rmtree(spools, ignore_errors=True)
    spools.mkdir(parents=True)
    source = spool.fill(extract, spools, kept.AROUND_M)
    sizes = {path.name: path.stat().st_size for path in sorted(spools.iterdir())}
    plan = {"wanted": dict(wanted), "source": asdict(source), "cells": sizes}
    resuming.note(folder, plan)
    return plan


def _tiles(sizes: Mapping[Cell, int], count: int | None, at_least: int = 1) -> list[list[Cell]]:
    """Return the cells in tiles that lie together and cost about the same.

    Where it is not said how many: no more than some cells in each, and ``at_least`` so many tiles
    if there are as many cells.
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


def _round_about(
    tile: Sequence[Cell], learnt: Mapping[Cell, Mapping[str, Any]], margin_m: float
) -> dict[Cell, Mapping[str, Any]]:
    """Return what is known of all cells that the hills of a tile depend on."""
    near = {each for cell in tile for each in (cell, *cell.neighbours(margin_m))}
    near |= {each for cell in near for each in cell.neighbours(1.0)}
    return {cell: learnt[cell] for cell in cells.sort(near & learnt.keys())}


def _metres(about: Mapping[Cell, Mapping[str, Any]], key: str) -> float:
    # In one order, so that the sum does not depend on who was done first.
    return float(sum(about[cell].get(key, 0.0) for cell in cells.sort(about)))


def _rows(job: Job, cell: Cell) -> pa.Table:
    """Return the hills of a cell."""
    import pyarrow as pa

    read = parts.read(job.rows(cell))
    if read is None:
        msg = f"{job.rows(cell)} is damaged: call the scan again, and it is made anew."
        raise OutputError(msg)
    with pa.ipc.open_stream(read[1]) as stream:
        return stream.read_all()


def _files(
    heads: Mapping[Cell, Mapping[str, Any]],
) -> list[dict[Cell, Mapping[str, Any]]]:
    """Share cells out among files of a handy size, one file at least."""
    files: list[dict[Cell, Mapping[str, Any]]] = [{}]
    rows = 0
    for cell, about in heads.items():
        if rows >= dataset.FILE_ROWS:
            files.append({})
            rows = 0
        files[-1][cell] = about
        rows += about["hills"]
    return files


def _around(boxes: Iterable[Box | None]) -> Box | None:
    """Return the box around boxes."""
    some = [box for box in boxes if box is not None]
    if not some:
        return None
    west, south, east, north = zip(*some, strict=True)
    return min(west), min(south), max(east), max(north)


def _said(
    job: Job, plan: Mapping[str, Any], learnt: Mapping[Cell, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what the dataset says of itself."""
    from hillfinder.elevation.heights import worst_kind
    from hillfinder.region.store.hill_table import COLUMNS

    heights = [learnt[cell]["heights"] for cell in cells.sort(learnt)]
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
        "columns": dict(COLUMNS),
    }
