"""The tasks of a tile, which is a few cells; done again they give the same result.

Every result is a file that is whole or missing, so a task that was killed is done again, and a
finished one is skipped. An error in the data is returned, since a retry would not help; any other
is raised, and the task retried.
"""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from hillfinder.errors import DataError, HillfinderError, OutputError, StreetsError
from hillfinder.region.extract import partition
from hillfinder.region.store import cell_streets, hill_table
from hillfinder.region.store.cell_streets import CellFacts
from hillfinder.region.store.checked_files import read_checked, write_checked
from hillfinder.streets.subsets import touching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from hillfinder.criteria import Criteria
    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Box, HeightKind, StreetSource
    from hillfinder.region.store.cells import Cell

    Run: TypeAlias = "Callable[[Callable[..., Done], Iterable[tuple[Any, ...]]], Iterator[Done]]"

#: Distance from a cell within which elevation files matter to it, m: heights are read around its
#: streets, some cells of the coarsest model beyond.
FILES_AROUND_M = cell_streets.AROUND_M + 2000.0
PARTITIONS, ROWS = "_scan/partitions", "_scan/hills"


class DemFile(NamedTuple):
    """An elevation file: the box it lies in, and its unit of height where it states none."""

    path: str
    box: Box
    unit: str | None


@dataclass(frozen=True)
class Job:
    """What all tasks of a scan share; it is sent to the workers.

    Attributes:
        folder: the dataset in progress, under a name that all workers can open.
        dem: elevation files, likewise.
        dem_kind: their kind.
        dem_band: the band that holds the heights.
        criteria: what counts as a hill.
        source: the source of the streets.
        margin_m: distance from a cell within which streets matter to its hills.
    """

    folder: Path
    dem: tuple[DemFile, ...]
    dem_kind: HeightKind | None
    dem_band: int | None
    criteria: Criteria
    source: StreetSource
    margin_m: float

    def heights(self, cell: Cell) -> Heights:
        """Return the heights for a cell: of all files those near it."""
        from hillfinder.elevation.sources.raster_file.raster import Raster

        box = cell.box(FILES_AROUND_M)
        near = [each for each in self.dem if _touch(each.box, box)] or self.dem[:1]
        unit = next((each.unit for each in near if each.unit), None)
        paths = [each.path for each in near]
        return Raster(paths, kind=self.dem_kind, unit=unit, band=self.dem_band)

    def partition(self, cell: Cell) -> Path:
        """Return the file of the ways near a cell."""
        return self.folder / PARTITIONS / cell.name

    def streets(self, cell: Cell) -> Path:
        """Return the file of the streets of a cell."""
        return cell_streets.streets_path(self.folder, cell)

    def rim(self, cell: Cell) -> Path:
        """Return the file of those that its neighbours need."""
        return self.streets(cell).with_name(f"{cell.name}.rim")

    def rows(self, cell: Cell) -> Path:
        """Return the file of the hills of a cell."""
        return self.folder / ROWS / cell.name


@dataclass(frozen=True, slots=True)
class Done:
    """Result of a tile: facts of the streets of each cell, or the number of hills.

    With an ``error`` the scan cannot go on.
    """

    facts: Mapping[Cell, Mapping[str, Any]]
    hills: int = 0
    error: HillfinderError | None = None


def make_cell_streets(job: Job, tile: Sequence[Cell]) -> Done:
    """Make the streets of each cell of a tile, with heights."""
    try:
        return Done({cell: _make_streets(job, cell) for cell in tile})
    except (DataError, OutputError) as error:
        return Done({}, error=error)


def find_cell_hills(
    job: Job, tile: Sequence[Cell], facts: Mapping[Cell, Mapping[str, Any]]
) -> Done:
    """Find the hills of each cell of a tile.

    Args:
        job: the scan.
        tile: cells that have streets.
        facts: those of these cells, and of all around them that have streets.
    """
    known = {cell: CellFacts.from_json(values) for cell, values in facts.items()}
    try:
        return Done({}, sum(_find_hills(job, cell, known) for cell in tile))
    except (DataError, OutputError) as error:
        return Done({}, error=error)


def _touch(one: Box, other: Box) -> bool:
    """Return whether two boxes touch, modulo 360 degrees of longitude."""
    across = one[2] - one[0] >= 360.0  # all around the earth
    across |= (other[0] - one[0]) % 360.0 <= (one[2] - one[0]) % 360.0
    across |= (one[0] - other[0]) % 360.0 <= (other[2] - other[0]) % 360.0
    return across and one[1] <= other[3] and other[1] <= one[3]


def _make_streets(job: Job, cell: Cell) -> dict[str, Any]:
    """Make the streets of a cell unless they are there; return facts of them."""
    import pyarrow as pa

    done = read_checked(job.streets(cell))
    if done is not None and read_checked(job.rim(cell)) is not None:
        return done[0]
    try:
        raw = partition.read_partition(job.partition(cell).read_bytes(), job.source)
    except (OSError, ValueError) as error:
        msg = f"{job.partition(cell)} cannot be read ({error}): scan again with --no-resume."
        raise StreetsError(msg) from error
    # Arrow would keep some 20 MB while the heights are computed.
    pa.default_memory_pool().release_unused()
    shortest = job.criteria.length_range_m[0]
    made = None
    if raw is not None:
        made = cell_streets.make_streets(cell, raw, job.heights(cell), shortest)
    streets, facts = (None, {}) if made is None else (made[0], asdict(made[1]))
    rim = streets and streets.rim(cell, job.margin_m)
    cell_streets.write_streets(job.rim(cell), rim, facts)
    cell_streets.write_streets(job.streets(cell), streets, facts)
    return {**facts, "edges": len(streets.row) if streets else 0}


def _find_hills(job: Job, cell: Cell, facts: Mapping[Cell, CellFacts]) -> int:
    """Find the hills of a cell unless that is done; return their number."""
    import pyarrow as pa

    done = read_checked(job.rows(cell))
    if done is not None:
        return int(done[0]["hills"])
    streets = {}
    for each in (cell, *cell.neighbours(job.margin_m)):
        if each not in facts:
            continue
        path = job.streets(cell) if each == cell else job.rim(each)
        part = cell_streets.read_streets(path)
        if part is None and (each == cell or read_checked(path) is None):
            msg = f"{path} is missing or damaged: scan again to replace it."
            raise StreetsError(msg)
        if part is not None and each != cell:
            part = part.only(touching(part.network, cell.box(job.margin_m)))
        if part is not None:
            streets[each] = part
    joined = cell_streets.join_cells(streets, facts, cell.crs)
    hills = hill_table.hills_of_cell(cell, joined, facts, job.criteria)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, hills.schema) as stream:
        stream.write_table(hills)
    header = {"hills": hills.num_rows, "box": hill_table.bounding_box(hills)}
    write_checked(job.rows(cell), out.getvalue(), header)
    return int(hills.num_rows)
