"""Partition an extract into the cells, without a Python step for any of its nodes.

Every way comes as a line of text with the coordinates of its nodes, as does every tagged node
(``osmium_process``). The lines are read in chunks as arrays (``opl``), which are appended to the
partitions of the cells near them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.earth import EQUATOR_M
from hillfinder.errors import StreetsError
from hillfinder.model import StreetSource
from hillfinder.region.extract import opl, osmium_process
from hillfinder.region.store import cells
from hillfinder.streets.network import ragged, spacing
from hillfinder.streets.raw import RawStreets
from hillfinder.streets.sources import osm_file
from hillfinder.streets.sources.osm_checks import Deleted, deleted_in
from hillfinder.streets.tags.features import MARK_KINDS
from hillfinder.streets.tags.table import Ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.progress import Progress

#: Number of cells above which an open way is partitioned by its nodes, not by its box.
MANY_CELLS = 9
#: Share of ways with unknown nodes up to which these are taken as cut at the border of the extract.
CUT_SHARE = 0.01
#: Size of an extract up to which nodes written elsewhere are looked up in memory, bytes: some
#: 24 bytes for each node of a street.
LOOKED_UP_TO = 500 << 20
#: Types of the arrays of ``opl.OplLines``, as a partition holds them behind their lengths.
_ARRAY_TYPES = ("i8", "i8", "i8", "i8", "f8", "f8", "u1")


def partition_extract(
    path: Path, folder: Path, margin_m: float, progress: Progress
) -> StreetSource:
    """Partition the ways of an extract, into one file for each cell that has any.

    Args:
        path: the extract.
        folder: where the partitions go, empty.
        margin_m: a way belongs to all cells within this distance.
        progress: hears of ways that are not whole.

    Returns:
        The source of the streets.

    Raises:
        StreetsError: the extract cannot be read, is a history file, holds no ways, or does not say
            where they are.
        ServiceError: the process that reads it was killed.
    """
    import osmium
    from osmium.osm import NOTHING

    file = osm_file.opened(path)
    try:
        with osmium.io.Reader(file, NOTHING) as reader:
            date = reader.header().get("osmosis_replication_timestamp") or None
        ways = _Ways(path, folder, margin_m, deleted_in(path))
        ways.partition()
        if ways.torn > CUT_SHARE * ways.count and ways.find_places():
            ways.partition()
    except (RuntimeError, ValueError) as error:
        raise osm_file.unreadable(path, error) from error
    if ways.nowhere > CUT_SHARE * ways.count:
        msg = (
            f"{path.name} does not say where {ways.nowhere:,} of its {ways.count:,} ways lie: save "
            "it with the nodes of its ways."
        )
        raise StreetsError(msg)
    if not ways.count or not any(folder.iterdir()):
        msg = f"{path.name} holds no streets: check that the file covers the region."
        raise StreetsError(msg)
    if ways.torn:
        progress.say(
            f"{path.name} does not say where some nodes of {ways.torn:,} of its {ways.count:,} "
            "ways lie: they are cut there."
        )
    return StreetSource(path.name, date)


class _Ways:
    """The ways of an extract, counted while they are partitioned.

    Attributes:
        count: number of ways.
        torn: those with a node whose coordinates are unknown.
        nowhere: those without any known node.
    """

    def __init__(self, path: Path, folder: Path, margin_m: float, deleted: Deleted) -> None:
        self._path, self._folder, self._margin_m = path, folder, margin_m
        self._deleted = [np.array([*ids], np.int64) for ids in (deleted.ways, deleted.nodes)]
        self._fits = path.stat().st_size <= LOOKED_UP_TO
        self._places: opl.Places | None = None
        self._unknown: list[Ints] = []
        self.count = self.torn = self.nowhere = 0

    def partition(self) -> None:
        """Fill the partitions from the start."""
        for old in self._folder.iterdir():
            old.unlink()
        self.count = self.torn = self.nowhere = 0
        with osmium_process.street_lines(self._path, self._folder) as chunks:
            for lines in _read_ahead(chunks):
                _append(self._counted(lines), self._folder, self._margin_m)

    def find_places(self) -> bool:
        """Look up nodes that are written after the ways, or only in them; return whether any are.

        Raises:
            StreetsError: the extract is too large for that.
        """
        if not self._fits:
            msg = (
                f"{self._path.name} has {self.torn:,} of its {self.count:,} ways before or without "
                "their nodes, and is too large to look these up: sort it first (osmium sort)."
            )
            raise StreetsError(msg)
        unknown = np.unique(np.concatenate(self._unknown))

        def is_unknown(node: Ints) -> Bools:
            at = np.minimum(np.searchsorted(unknown, node), len(unknown) - 1)
            return np.asarray(unknown[at] == node)

        places = self._look_up(lambda node: is_unknown(node) | (node < 0), ways=True)
        return bool(is_unknown(places.node).any())

    def _look_up(self, wanted: Callable[[Ints], Bools], *, ways: bool) -> opl.Places:
        with osmium_process.place_lines(self._path, ways=ways) as chunks:
            self._places = opl.places(chunks, wanted)
        return self._places

    def _counted(self, lines: opl.OplLines) -> opl.OplLines:
        """Return lines without those deleted, with the coordinates that were looked up."""
        if any(map(len, self._deleted)):
            ways, nodes = (np.isin(lines.id, ids) for ids in self._deleted)
            lines = lines.take(np.flatnonzero(~np.where(lines.kind < 0, ways, nodes)))
        if self._places is None and (lines.node[np.isnan(lines.lon)] < 0).any():
            # An editor gives such ids to new nodes; no index of libosmium holds them.
            self._look_up(lambda node: node < 0, ways=False)
        if self._places is not None:
            lines = self._places.fill(lines)
        is_way, unknown = lines.kind < 0, np.isnan(lines.lon)
        self.count += int(is_way.sum())
        if unknown.any():
            row = np.repeat(np.arange(len(lines.id)), lines.size)
            lost = np.bincount(row[unknown], minlength=len(lines.id))
            self.torn += int((is_way & (lost > 0)).sum())
            self.nowhere += int((is_way & (lost > 0) & (lost == lines.size)).sum())
            if self._fits:
                self._unknown.append(np.unique(lines.node[unknown]))
        return lines


def read_partition(data: bytes, source: StreetSource) -> RawStreets | None:
    """Return the ways of a partition, ordered by id; ``None`` where there are none."""
    number, kind, size, node, lon, lat, text = map(np.concatenate, zip(*_arrays(data), strict=True))
    order = np.argsort(number, kind="stable")
    marks, ways = order[kind[order] >= 0], order[kind[order] < 0]
    stop = np.cumsum(size)
    at, offset = ragged((stop - size)[ways], stop[ways])
    node, lon, lat = node[at], lon[at], lat[at]
    if np.isnan(lon).any():
        node, lon, lat, offset, row = _split_at_unknown(node, lon, lat, offset)
        ways = ways[row]
    if len(ways) == 0:
        return None
    node_id, first, way_node = np.unique(node, return_index=True, return_inverse=True)
    kinds = [MARK_KINDS[one] for one in kind[marks].tolist()]
    return RawStreets(
        node_id=node_id,
        lon=lon[first],
        lat=lat[first],
        way_offset=offset,
        way_node=way_node.astype(np.int64),
        way_ids=Ids(number[ways], np.ones(len(ways), np.int64)),
        tags=opl.tags(text.tobytes()).among(ways),
        source=source,
        node_kind=dict(zip(number[marks].tolist(), kinds, strict=True)),
        nodes_known=True,
    )


def _read_ahead(chunks: Iterable[bytes]) -> Iterator[opl.OplLines]:
    """Yield the lines of chunks; a thread reads the next chunk while the caller has one."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(opl.read_opl, b"")  # for its imports, before the first chunk
        for chunk in chunks:
            before, coming = coming, thread.submit(opl.read_opl, chunk)
            yield before.result()
        yield coming.result()


def _append(lines: opl.OplLines, folder: Path, margin_m: float) -> None:
    """Append every line to the partitions of the cells near it."""
    count, every = len(lines.id), np.repeat(np.arange(len(lines.id)), lines.size)
    known = ~np.isnan(lines.lon)
    seen = np.bincount(every[known], minlength=count)
    enough = seen >= np.where(lines.kind < 0, 2, 1)
    known &= enough[every]
    some = np.flatnonzero(enough)
    if len(some) == 0:
        return
    lat = lines.lat[known]
    x, y = cells.grid_positions(lines.lon[known], lat)
    size = seen[some]
    first = np.cumsum(size) - size
    # A way across the antimeridian goes on, not round the earth.
    east = np.repeat(np.maximum.reduceat(x, first), size)
    x = x + np.where(east - x > cells.AROUND / 2, cells.AROUND, 0)
    margin = margin_m * cells.AROUND / EQUATOR_M
    reach = margin / np.cos(np.radians(np.minimum(np.abs(lat), cells.FARTHEST_LAT)))
    sides = [
        np.floor(each).astype(np.int64)
        for each in (
            np.minimum.reduceat(x - reach, first),
            np.maximum.reduceat(x + reach, first),
            np.minimum.reduceat(y - reach, first),
            np.maximum.reduceat(y + reach, first),
        )
    ]
    row, number = _cells_of_boxes(np.arange(len(some)), sides)
    # A ring may be an airport or a military area, which closes the streets inside it.
    last = first + size - 1
    closed = (x[first] == x[last]) & (y[first] == y[last])
    many = (np.bincount(row, minlength=len(some)) > MANY_CELLS) & ~closed
    near = ~many[row]
    rows, numbers = [row[near]], [number[near]]
    for one in np.flatnonzero(many).tolist():
        at = slice(first[one], first[one] + size[one])
        found = _cells_along(x[at], y[at], reach[at])
        rows.append(np.full(len(found), one))
        numbers.append(found)
    # Each once, sorted by cell: near a pole and along a line a cell comes up several times.
    both = np.sort(np.concatenate(numbers) * len(some) + np.concatenate(rows))
    both = both[np.diff(both, prepend=-1) > 0]
    number, row = both // len(some), some[both % len(some)]
    cuts = np.flatnonzero(np.diff(number)) + 1
    for cell, chosen in zip(number[np.append(0, cuts)].tolist(), np.split(row, cuts), strict=True):
        with (folder / cells.of_number(cell).name).open("ab") as file:
            file.write(_as_bytes(lines.take(chosen)))


def _as_bytes(lines: opl.OplLines) -> bytes:
    """Return lines as a partition holds them."""
    _, text = opl.end_to_end(lines.text)
    arrays = (*lines[:-1], np.frombuffer(text, np.uint8))
    lengths = np.array([len(each) for each in arrays], np.int64)
    return b"".join([lengths.tobytes(), *(each.tobytes() for each in arrays)])


def _arrays(data: bytes) -> Iterator[list[np.ndarray[Any, Any]]]:
    """Yield the arrays that were written together."""
    at = 0
    while at < len(data):
        lengths = np.frombuffer(data, np.int64, len(_ARRAY_TYPES), at).tolist()
        at += 8 * len(_ARRAY_TYPES)
        arrays = []
        for kind, length in zip(_ARRAY_TYPES, lengths, strict=True):
            arrays.append(np.frombuffer(data, kind, length, at))
            at += arrays[-1].nbytes
        yield arrays


def _cells_of_boxes(row: Ints, sides: list[Ints]) -> tuple[Ints, Ints]:
    """Return the rows of ways and the numbers of cells, for all cells in the box of each way."""
    west, east, north, south = sides
    wide = east - west + 1
    count = wide * (south - north + 1)
    each = np.repeat(np.arange(len(row)), count)
    step = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    x, y = west[each] + step % wide[each], north[each] + step // wide[each]
    return row[each], np.clip(y, 0, cells.AROUND - 1) * cells.AROUND + x % cells.AROUND


def _cells_along(x: Floats, y: Floats, reach: Floats) -> Ints:
    """Return the numbers of the cells near a long line."""
    # A point every quarter of a cell, so that no cell is missed.
    far = np.concatenate([[0.0], np.cumsum(spacing(x, y))])
    at = np.union1d(far, np.arange(0.0, far[-1], 0.25))
    x, y, reach = (np.interp(at, far, each) for each in (x, y, reach))
    found = []
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            column, row = (
                np.floor(each).astype(np.int64) for each in (x + dx * reach, y + dy * reach)
            )
            found.append(np.clip(row, 0, cells.AROUND - 1) * cells.AROUND + column % cells.AROUND)
    return np.concatenate(found)


def _split_at_unknown(
    node: Ints, lon: Floats, lat: Floats, offset: Ints
) -> tuple[Ints, Floats, Floats, Ints, Ints]:
    """Split ways at the nodes without coordinates; return also the row of the way of each part."""
    known = ~np.isnan(lon)
    way = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
    part = np.cumsum(~known | np.append(True, np.diff(way) > 0))[known]
    node, lon, lat, way = node[known], lon[known], lat[known], way[known]
    _, part, size = np.unique(part, return_inverse=True, return_counts=True)
    kept = (size > 1)[part]
    node, lon, lat, way, part = node[kept], lon[kept], lat[kept], way[kept], part[kept]
    begin = np.flatnonzero(np.diff(part, prepend=-1))
    return node, lon, lat, np.append(begin, len(node)), way[begin]
