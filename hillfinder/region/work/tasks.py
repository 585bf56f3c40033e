"""What is done for one tile, by whichever worker has it: once or again, with the same result.

A tile is some cells. Every result is a file that is whole or not there, so that a task that was
killed is done again, and one that was done finds so. What is wrong with the data is returned, since
it would be wrong the next time too; whatever else goes wrong is raised, and tried again.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from hillfinder.errors import DataError, HillfinderError, OutputError, StreetsError
from hillfinder.region.extract import partition as spool
from hillfinder.region.store import cell_streets as kept
from hillfinder.region.store import checked_files as parts
from hillfinder.region.store import hill_table as table
from hillfinder.region.store.dataset import STREETS
from hillfinder.streets.storage.serialization import pack_network, unpack_network
from hillfinder.streets.subsets import touching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from hillfinder.criteria import Criteria
    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Box, HeightKind, StreetSource
    from hillfinder.region.store.cells import Cell
    from hillfinder.streets.network import Profiles

    Run: TypeAlias = "Callable[[Callable[..., Done], Iterable[tuple[Any, ...]]], Iterator[Done]]"

#: A file that lies farther from a cell than this has nothing to say of it: heights are read beside
#: the streets that are looked at, a cell of the coarsest model and some cells more.
FILES_AROUND_M = kept.AROUND_M + 2000.0
SPOOLS, ROWS = "_scan/spools", "_scan/hills"


class DemFile(NamedTuple):
    """An elevation file: the box it lies in, and its unit of height where it states none."""

    path: str
    box: Box
    unit: str | None


@dataclass(frozen=True)
class Job:
    """What all tasks of a scan have in common; it travels to the workers.

    Attributes:
        folder: the dataset under way; all workers see it under this name.
        dem: the elevation files, likewise.
        dem_kind: of what kind they are.
        dem_band: which of their bands holds the heights.
        criteria: what counts as a hill.
        source: what the streets are.
        margin_m: how far beyond a cell streets matter to a hill in it.
    """

    folder: Path
    dem: tuple[DemFile, ...]
    dem_kind: HeightKind | None
    dem_band: int | None
    criteria: Criteria
    source: StreetSource
    margin_m: float

    def heights(self, cell: Cell) -> Heights:
        """Return the source of heights for a cell: of all files those that lie there."""
        from hillfinder.elevation.sources.raster_file.raster import Raster

        box = cell.box(FILES_AROUND_M)
        near = [each for each in self.dem if _touch(each.box, box)] or self.dem[:1]
        unit = next((each.unit for each in near if each.unit), None)
        paths = [each.path for each in near]
        return Raster(paths, kind=self.dem_kind, unit=unit, band=self.dem_band)

    def spool(self, cell: Cell) -> Path:
        """Where the ways near a cell are."""
        return self.folder / SPOOLS / cell.name

    def streets(self, cell: Cell) -> Path:
        """Where the streets of a cell are."""
        return streets_of(self.folder, cell)

    def rim(self, cell: Cell) -> Path:
        """Where those are once more that its neighbours need."""
        return self.folder / STREETS / f"{cell.name}.rim"

    def rows(self, cell: Cell) -> Path:
        """Where the hills of a cell are."""
        return self.folder / ROWS / cell.name


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a tile: for each cell what is known of its streets, or how many hills it has.

    Where ``error`` is set the scan cannot go on.
    """

    about: Mapping[Cell, Mapping[str, Any]]
    hills: int = 0
    error: HillfinderError | None = None


def keep(job: Job, tile: Sequence[Cell]) -> Done:
    """Make the streets of each cell of a tile, with heights."""
    try:
        return Done({cell: _kept(job, cell) for cell in tile})
    except (DataError, OutputError) as error:
        return Done({}, error=error)


def find(job: Job, tile: Sequence[Cell], learnt: Mapping[Cell, Mapping[str, Any]]) -> Done:
    """Find the hills of each cell of a tile.

    Args:
        job: what is wanted.
        tile: cells that have streets.
        learnt: what is known of these, and of all cells round about that have any.
    """
    known = {cell: kept.About.from_json(said) for cell, said in learnt.items()}
    try:
        return Done({}, sum(_found(job, cell, known) for cell in tile))
    except (DataError, OutputError) as error:
        return Done({}, error=error)


def streets_of(folder: Path, cell: Cell) -> Path:
    """Return where the streets of a cell are."""
    return folder / STREETS / cell.name


def piece(path: Path) -> kept.Piece | None:
    """Return streets that were kept; ``None`` where there are none that are whole."""
    read = parts.read(path)
    if read is None or not read[0]["edges"]:
        return None
    about, data = read
    network = unpack_network(data)
    if network is None:  # of another version
        return None
    return kept.Piece(network, np.frombuffer(data, np.int64)[-about["edges"] :])


def _touch(one: Box, other: Box) -> bool:
    """Tell whether two boxes touch, on whichever turn of the earth they are."""
    across = one[2] - one[0] >= 360.0  # all around the earth
    across |= (other[0] - one[0]) % 360.0 <= (one[2] - one[0]) % 360.0
    across |= (one[0] - other[0]) % 360.0 <= (other[2] - other[0]) % 360.0
    return across and one[1] <= other[3] and other[1] <= one[3]


def _kept(job: Job, cell: Cell) -> dict[str, Any]:
    """Make the streets of a cell where they are not there yet; return what is known of them."""
    import pyarrow as pa

    done = parts.read(job.streets(cell))
    if done is not None and (parts.read(job.rim(cell)) is not None):
        return done[0]
    try:
        raw = spool.read(job.spool(cell).read_bytes(), job.source)
    except (OSError, ValueError) as error:
        msg = f"{job.spool(cell)} cannot be read ({error}): scan again with --no-resume."
        raise StreetsError(msg) from error
    # Or Arrow would hold some 20 MB for later while the heights are worked out.
    pa.default_memory_pool().release_unused()
    shortest = job.criteria.length_range_m[0]
    made = None if raw is None else kept.make(cell, raw, job.heights(cell), shortest)
    about: dict[str, Any] = {} if made is None else made[1].as_json()
    whole = None if made is None else kept.Piece.whole(made[0])
    rim = None if whole is None else whole.rim(cell, job.margin_m)
    for path, what in ((job.rim(cell), rim), (job.streets(cell), whole)):
        parts.write(path, *_packed(what, about))
    return {**about, "edges": 0 if whole is None else len(whole.row)}


def _packed(piece: kept.Piece | None, about: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """Return streets as they are kept, and what is said of them.

    What is projected anew when they are joined, and what is learnt by then, is left out.
    """
    if piece is None:
        return b"", {**about, "edges": 0}
    network = piece.network
    names = ("node_x_m", "node_y_m", "point_x_m", "point_y_m")
    profiles = cast("Profiles", network.profiles)
    left_out: dict[str, Any] = {
        name: np.broadcast_to(0.0, len(getattr(network, name))) for name in names
    }
    no_sigma = replace(profiles, sigma_m=np.broadcast_to(0.0, len(profiles.sigma_m)))
    bare = replace(network, **left_out, profiles=no_sigma)
    return pack_network(bare) + piece.row.tobytes(), {**about, "edges": len(piece.row)}


def _found(job: Job, cell: Cell, known: Mapping[Cell, kept.About]) -> int:
    """Find the hills of a cell where that was not done yet; return how many there are."""
    done = parts.read(job.rows(cell))
    if done is not None:
        return int(done[0]["hills"])
    streets = {}
    for each in (cell, *cell.neighbours(job.margin_m)):
        if each not in known:
            continue
        path = job.streets(cell) if each == cell else job.rim(each)
        part = piece(path)
        if part is None and (each == cell or parts.read(path) is None):
            msg = f"{path} is missing or damaged: call the scan again, and it is made anew."
            raise StreetsError(msg)
        if part is not None and each != cell:
            part = part.only(touching(part.network, cell.box(job.margin_m)))
        if part is not None:
            streets[each] = part
    hills = table.hills(cell, kept.joined(streets, known, cell.crs), known, job.criteria)
    about = {"hills": hills.num_rows, "box": table.box(hills)}
    parts.write(job.rows(cell), _stream(hills), about)
    return int(hills.num_rows)


def _stream(rows: Any) -> bytes:  # noqa: ANN401 - a table of pyarrow
    import pyarrow as pa

    out = io.BytesIO()
    with pa.ipc.new_stream(out, rows.schema) as stream:
        stream.write_table(rows)
    return out.getvalue()
