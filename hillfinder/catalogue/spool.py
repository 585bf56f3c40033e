"""An extract shared out among the cells, without a Python step for any of its nodes.

Every way of interest comes as a line of text with its nodes and where they lie, and so does every
tagged node (``sifting``). NumPy reads these lines in pieces, and each is appended to the spools of
the cells that it comes near.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.catalogue import cells, sifting
from hillfinder.errors import StreetsError
from hillfinder.model import StreetSource
from hillfinder.streets import extract
from hillfinder.streets.network import RawStreets
from hillfinder.streets.spots import NODE_KEYS, of_node

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from osmium.io import File

    from hillfinder.model import Floats, Ints, MarkKind

#: Ways that come near more cells than this are shared out by their nodes, not by their box.
MANY_CELLS = 9
#: Stands for a coordinate of a node that the extract does not hold.
NOWHERE = 999.0
_NUMBERS = bytes.maketrans(b"nxy,", b"    ")
_ESCAPED = re.compile(r"%([0-9a-f]+)%")
_BELOW_ZERO = re.compile(rb"n(-\d+)xy")


def fill(path: Path, folder: Path, margin_m: float) -> StreetSource:
    """Share out the ways of an extract among spools, one file for each cell that has any.

    Args:
        path: the extract.
        folder: where the spools go; it is empty.
        margin_m: a way belongs to every cell to which it comes so near.

    Returns:
        What the streets are.

    Raises:
        StreetsError: the extract cannot be read, or holds no ways.
    """
    import osmium
    from osmium.osm import NOTHING

    file = extract.opened(path)
    try:
        with osmium.io.Reader(file, NOTHING) as reader:
            date = reader.header().get("osmosis_replication_timestamp") or None
        with sifting.ways(path, folder) as pieces:
            for piece in pieces:
                _share_out(_with_nodes_below_zero(piece, file), folder, margin_m)
    except (RuntimeError, ValueError) as error:
        raise extract.unreadable(path, error) from error
    if not any(folder.iterdir()):
        msg = f"{path.name} holds no streets: check that the file covers the region."
        raise StreetsError(msg)
    return StreetSource(path.name, date)


def read(spool: bytes, source: StreetSource) -> RawStreets | None:
    """Return the ways of one spool, in the order of their ids; ``None`` where there are none."""
    every = spool.split(b"\n")
    lines = [line for line in every if line.startswith(b"w")]
    lines.sort(key=_id)
    node, lon, lat, offset = _nodes(lines)
    tags = [_tags(line) for line in lines]
    ids = [_id(line) for line in lines]
    if (lon == NOWHERE).any():
        node, lon, lat, offset, row = _torn(node, lon, lat, offset)
        tags, ids = [tags[one] for one in row.tolist()], [ids[one] for one in row.tolist()]
    if len(ids) == 0:
        return None
    node_id, first, way_node = np.unique(node, return_index=True, return_inverse=True)
    return RawStreets(
        node_id=node_id,
        lon=lon[first],
        lat=lat[first],
        way_offset=offset,
        way_node=way_node.astype(np.int64),
        way_ids=[(way_id,) for way_id in ids],
        tags=tags,
        source=source,
        node_kind=_kinds(line for line in every if line.startswith(b"n")),
        nodes_known=True,
    )


def _kinds(lines: Iterable[bytes]) -> dict[int, MarkKind]:
    """Return what tagged nodes are to somebody on foot."""
    kinds: dict[int, MarkKind] = {}
    for line in sorted(lines, key=_id):
        get = _tags(line).get
        kind = of_node(*[get(key) for key in NODE_KEYS])
        if kind is not None:
            kinds[_id(line)] = kind
    return kinds


def _with_nodes_below_zero(piece: bytes, file: File) -> bytes:
    """Return lines in which nodes lie where they are whose ids the location index cannot hold."""
    wanted = {int(ref) for ref in _BELOW_ZERO.findall(piece)}
    if not wanted:
        return piece
    found = {
        b"%d" % ref: b"n%dx%.7fy%.7f" % (ref, lon, lat)
        for ref, (lon, lat) in extract.below_zero(file, wanted).items()
    }
    return _BELOW_ZERO.sub(lambda match: found.get(match[1], match[0]), piece)


def _share_out(piece: bytes, folder: Path, margin_m: float) -> None:
    """Append every line to the spools of the cells that its way comes near."""
    lines = [line for line in piece.split(b"\n") if line]
    if not lines:
        return
    _, lon, lat, offset = _nodes(lines)
    known = lon != NOWHERE
    size = np.diff(offset)
    least = np.array([1 + line.startswith(b"w") for line in lines])
    some = np.add.reduceat(known, offset[:-1]) >= least
    x, y = cells.positions(np.where(known, lon, np.nan), lat)
    # Across the antimeridian a way goes on, and not round the earth.
    start = np.fmax.reduceat(x, offset[:-1])
    x = x + np.where(np.repeat(start, size) - x > cells.AROUND / 2, cells.AROUND, 0)
    margin = margin_m * cells.AROUND / cells.EQUATOR_M
    reach = margin / np.cos(np.radians(np.minimum(np.abs(lat), cells.FARTHEST_LAT)))
    sides = [
        np.floor(each).astype(np.int64)
        for each in (
            np.fmin.reduceat(x - reach, offset[:-1])[some],
            np.fmax.reduceat(x + reach, offset[:-1])[some],
            np.fmin.reduceat(np.where(known, y - reach, np.nan), offset[:-1])[some],
            np.fmax.reduceat(np.where(known, y + reach, np.nan), offset[:-1])[some],
        )
    ]
    row, number = _cells_of(np.flatnonzero(some), sides)
    many = np.bincount(row, minlength=len(lines)) > MANY_CELLS
    near = ~many[row]
    rows, numbers = [row[near]], [number[near]]
    for way in np.flatnonzero(many).tolist():
        at = slice(offset[way], offset[way + 1])
        found = _along(x[at][known[at]], y[at][known[at]], reach[at][known[at]])
        rows.append(np.full(len(found), way))
        numbers.append(found)
    row, number = np.concatenate(rows), np.concatenate(numbers)
    order = np.argsort(number, kind="stable")
    row, number = row[order], number[order]
    for group in np.split(np.arange(len(row)), np.flatnonzero(np.diff(number)) + 1):
        if len(group):
            name = cells.of_number(int(number[group[0]])).name
            with (folder / name).open("ab") as spool:
                spool.write(b"".join(lines[way] + b"\n" for way in row[group].tolist()))


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
    """Return the numbers of the cells near a long line; all that it goes round where it is closed.

    Fields of a military area or an airport lie within its ring, and are barred by it.
    """
    if x[0] == x[-1] and y[0] == y[-1]:
        sides = [np.floor([side]).astype(np.int64) for side in (x.min(), x.max(), y.min(), y.max())]
        return _cells_of(np.zeros(1, np.int64), sides)[1]
    # A point every quarter of a cell: none is passed over.
    far = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    at = np.union1d(far, np.arange(0.0, far[-1], 0.25))
    x, y, reach = (np.interp(at, far, each) for each in (x, y, reach))
    found = []
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            column, row = (
                np.floor(each).astype(np.int64) for each in (x + dx * reach, y + dy * reach)
            )
            found.append(np.clip(row, 0, cells.AROUND - 1) * cells.AROUND + column % cells.AROUND)
    return np.unique(np.concatenate(found))


def _nodes(lines: list[bytes]) -> tuple[Ints, Floats, Floats, Ints]:
    """Return of the nodes of all lines their ids, where they lie, and where each line begins."""
    parts = [
        line[line.rindex(b" N") + 2 :]
        if line.startswith(b"w")
        else line[: line.index(b" ")] + line[line.rindex(b" x") + 1 :].replace(b" ", b"")
        for line in lines
    ]
    text = b",".join(parts).replace(b"xy", b"x%dy%d" % (NOWHERE, NOWHERE))
    number = np.fromstring(text.translate(_NUMBERS), sep=" ").reshape(-1, 3)
    count = [part.count(b"n") for part in parts]
    offset = np.concatenate([[0], np.cumsum(count, dtype=np.int64)])
    return number[:, 0].astype(np.int64), number[:, 1], number[:, 2], offset


def _id(line: bytes) -> int:
    return int(line[1 : line.index(b" ")])


def _tags(line: bytes) -> dict[str, str]:
    """Return the tags of a way."""
    end = line.rindex(b" N" if line.startswith(b"w") else b" x")
    text = line[line.index(b" T") + 2 : end].decode()
    pairs = (pair.partition("=") for pair in text.split(",")) if text else ()
    if "%" not in text:
        return {key: value for key, _, value in pairs}
    return {_plain(key): _plain(value) for key, _, value in pairs}


def _plain(text: str) -> str:
    """Return text whose special characters were written as numbers.

    >>> _plain("I%20%405"), _plain("50%25%")
    ('I 405', '50%')
    """
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "%" in text else text


def _torn(
    node: Ints, lon: Floats, lat: Floats, offset: Ints
) -> tuple[Ints, Floats, Floats, Ints, Ints]:
    """Split ways at the nodes that the extract does not hold; return also the way of each part."""
    known = lon != NOWHERE
    way = np.repeat(np.arange(len(offset) - 1), np.diff(offset))
    part = np.cumsum(~known | np.append(True, np.diff(way) > 0))[known]
    node, lon, lat, way = node[known], lon[known], lat[known], way[known]
    _, part, size = np.unique(part, return_inverse=True, return_counts=True)
    kept = (size > 1)[part]
    node, lon, lat, way, part = node[kept], lon[kept], lat[kept], way[kept], part[kept]
    begin = np.flatnonzero(np.diff(part, prepend=-1))
    return node, lon, lat, np.append(begin, len(node)), way[begin]
