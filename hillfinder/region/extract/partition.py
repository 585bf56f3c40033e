"""An extract shared out among the cells, without a Python step for any of its nodes.

Every way of interest comes as a line of text with its nodes and where they lie, and so does every
tagged node (``sifting``). These lines are read in pieces (``opl``), and what they say is appended,
as arrays, to the spools of the cells that it comes near.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.earth import EQUATOR_M
from hillfinder.errors import StreetsError
from hillfinder.model import StreetSource
from hillfinder.region.extract import opl
from hillfinder.region.extract import osmium_process as sifting
from hillfinder.region.store import cells
from hillfinder.streets.network import ragged, spacing
from hillfinder.streets.raw import RawStreets
from hillfinder.streets.sources import osm_file
from hillfinder.streets.tags.features import MARK_KINDS
from hillfinder.streets.tags.table import Ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hillfinder.model import Floats, Ints

    Array = np.ndarray[Any, Any]

#: Open ways that come near more cells than this are shared out by their nodes, not by their box.
MANY_CELLS = 9
#: An extract that is sorted has a node of every way; a few may be lost, not such a share.
NOWHERE = 0.01
#: A spool has the arrays of ``opl.Lines`` end to end, behind their lengths, again and again.
_TYPES = ("i8", "i8", "i8", "i8", "f8", "f8", "u1")


def fill(path: Path, folder: Path, margin_m: float) -> StreetSource:
    """Share out the ways of an extract among spools, one file for each cell that has any.

    Args:
        path: the extract.
        folder: where the spools go; it is empty.
        margin_m: a way belongs to every cell to which it comes so near.

    Returns:
        What the streets are.

    Raises:
        StreetsError: the extract cannot be read, has its nodes behind its ways, or holds no ways.
        ServiceError: the process that reads it was killed.
    """
    import osmium
    from osmium.osm import NOTHING

    file = osm_file.opened(path)
    below_zero: tuple[Ints, Floats, Floats] | None = None
    ways, nowhere = 0, 0
    try:
        with osmium.io.Reader(file, NOTHING) as reader:
            date = reader.header().get("osmosis_replication_timestamp") or None
        with sifting.ways(path, folder) as pieces:
            for each in _read(pieces):
                lines = each
                if (lines.node[np.isnan(lines.lon)] < 0).any():
                    below_zero = below_zero or _below_zero(path)
                    lines = _with_nodes(lines, *below_zero)
                nowhere += _share_out(lines, folder, margin_m)
                ways += int((lines.kind < 0).sum())
    except (RuntimeError, ValueError) as error:
        raise osm_file.unreadable(path, error) from error
    if nowhere > NOWHERE * ways:
        msg = (
            f"{path.name} does not say where {nowhere:,} of its {ways:,} ways lie before it has "
            "them: sort it first, nodes before ways (osmium sort)."
        )
        raise StreetsError(msg)
    if not any(folder.iterdir()):
        msg = f"{path.name} holds no streets: check that the file covers the region."
        raise StreetsError(msg)
    return StreetSource(path.name, date)


def read(spool: bytes, source: StreetSource) -> RawStreets | None:
    """Return the ways of one spool, in the order of their ids; ``None`` where there are none."""
    number, kind, size, node, lon, lat, text = map(
        np.concatenate, zip(*_arrays(spool), strict=True)
    )
    order = np.argsort(number, kind="stable")
    marks, ways = order[kind[order] >= 0], order[kind[order] < 0]
    stop = np.cumsum(size)
    at, offset = ragged((stop - size)[ways], stop[ways])
    node, lon, lat = node[at], lon[at], lat[at]
    if np.isnan(lon).any():
        node, lon, lat, offset, row = _torn(node, lon, lat, offset)
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


def _read(pieces: Iterable[bytes]) -> Iterator[opl.Lines]:
    """Yield what pieces say; the next is read beside what is done with one.

    Arrow and NumPy let another thread run meanwhile.
    """
    with ThreadPoolExecutor(1) as beside:
        coming = beside.submit(opl.read, b"")  # what it imports is there when the first piece is
        for piece in pieces:
            before, coming = coming, beside.submit(opl.read, piece)
            yield before.result()
        yield coming.result()


def _below_zero(path: Path) -> tuple[Ints, Floats, Floats]:
    """Return all nodes whose ids are below zero: no index of libosmium holds them.

    An editor gives such ids to what is new. They are looked for only where a way needs them.
    """
    with sifting.nodes(path) as pieces:
        return opl.below_zero(pieces)


def _with_nodes(lines: opl.Lines, node: Ints, lon: Floats, lat: Floats) -> opl.Lines:
    """Return lines of which some nodes lie where they are."""
    if len(node) == 0:
        return lines
    at = np.minimum(np.searchsorted(node, lines.node), len(node) - 1)
    there = np.isnan(lines.lon) & (node[at] == lines.node)
    places = (np.where(there, lon[at], lines.lon), np.where(there, lat[at], lines.lat))
    return lines._replace(lon=places[0], lat=places[1])


def _share_out(lines: opl.Lines, folder: Path, margin_m: float) -> int:
    """Append every line to the spools of the cells that it comes near.

    Returns:
        How many ways lie nowhere, since no node of theirs is known.
    """
    count, every = len(lines.id), np.repeat(np.arange(len(lines.id)), lines.size)
    known = ~np.isnan(lines.lon)
    seen = np.bincount(every[known], minlength=count)
    nowhere = int(((seen == 0) & (lines.kind < 0)).sum())
    enough = seen >= np.where(lines.kind < 0, 2, 1)
    known &= enough[every]
    some = np.flatnonzero(enough)
    if len(some) == 0:
        return nowhere
    lat = lines.lat[known]
    x, y = cells.positions(lines.lon[known], lat)
    size = seen[some]
    first = np.cumsum(size) - size
    # Across the antimeridian a way goes on, and not round the earth.
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
    row, number = _cells_of(np.arange(len(some)), sides)
    # What is closed may be an airport or a military area, which bars all that it goes round.
    last = first + size - 1
    closed = (x[first] == x[last]) & (y[first] == y[last])
    many = (np.bincount(row, minlength=len(some)) > MANY_CELLS) & ~closed
    near = ~many[row]
    rows, numbers = [row[near]], [number[near]]
    for one in np.flatnonzero(many).tolist():
        at = slice(first[one], first[one] + size[one])
        found = _along(x[at], y[at], reach[at])
        rows.append(np.full(len(found), one))
        numbers.append(found)
    # Each once, sorted by cell: beside a pole and along a line one comes up again and again.
    both = np.sort(np.concatenate(numbers) * len(some) + np.concatenate(rows))
    both = both[np.diff(both, prepend=-1) > 0]
    number, row = both // len(some), some[both % len(some)]
    cuts = np.flatnonzero(np.diff(number)) + 1
    for cell, chosen in zip(number[np.append(0, cuts)].tolist(), np.split(row, cuts), strict=True):
        with (folder / cells.of_number(cell).name).open("ab") as spool:
            spool.write(_bytes(lines, chosen))
    return nowhere


def _bytes(lines: opl.Lines, rows: Ints) -> bytes:
    """Return some lines as a spool holds them."""
    import pyarrow as pa

    stop = np.cumsum(lines.size)
    at, _ = ragged((stop - lines.size)[rows], stop[rows])
    _, text = opl.end_to_end(lines.text.take(pa.array(rows)))
    arrays = (
        *(each[rows] for each in (lines.id, lines.kind, lines.size)),
        *(each[at] for each in (lines.node, lines.lon, lines.lat)),
        np.frombuffer(text, np.uint8),
    )
    lengths = np.array([len(each) for each in arrays], np.int64)
    return b"".join([lengths.tobytes(), *(each.tobytes() for each in arrays)])


def _arrays(spool: bytes) -> Iterator[list[Array]]:
    """Yield the arrays that were written together."""
    at = 0
    while at < len(spool):
        lengths = np.frombuffer(spool, np.int64, len(_TYPES), at).tolist()
        at += 8 * len(_TYPES)
        arrays = []
        for kind, length in zip(_TYPES, lengths, strict=True):
            arrays.append(np.frombuffer(spool, kind, length, at))
            at += arrays[-1].nbytes
        yield arrays


def _cells_of(row: Ints, sides: list[Ints]) -> tuple[Ints, Ints]:
    """Return every way with every cell of the box around it: rows and numbers of cells."""
    west, east, north, south = sides
    wide = east - west + 1
    count = wide * (south - north + 1)
    each = np.repeat(np.arange(len(row)), count)
    step = np.arange(len(each)) - np.repeat(np.cumsum(count) - count, count)
    x, y = west[each] + step % wide[each], north[each] + step // wide[each]
    return row[each], np.clip(y, 0, cells.AROUND - 1) * cells.AROUND + x % cells.AROUND


def _along(x: Floats, y: Floats, reach: Floats) -> Ints:
    """Return the numbers of the cells near a long line."""
    # A point every quarter of a cell: none is passed over.
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


def _torn(
    node: Ints, lon: Floats, lat: Floats, offset: Ints
) -> tuple[Ints, Floats, Floats, Ints, Ints]:
    """Split ways at the nodes that the extract does not hold; return also the way of each part."""
    known = ~np.isnan(lon)
    way = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
    part = np.cumsum(~known | np.append(True, np.diff(way) > 0))[known]
    node, lon, lat, way = node[known], lon[known], lat[known], way[known]
    _, part, size = np.unique(part, return_inverse=True, return_counts=True)
    kept = (size > 1)[part]
    node, lon, lat, way, part = node[kept], lon[kept], lat[kept], way[kept], part[kept]
    begin = np.flatnonzero(np.diff(part, prepend=-1))
    return node, lon, lat, np.append(begin, len(node)), way[begin]
