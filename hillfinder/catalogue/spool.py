"""An extract shared out among the cells, without a Python step for any of its nodes.

Every way of interest comes as a line of text with its nodes and where they lie, and so does every
tagged node (``sifting``). Arrow reads these lines in pieces, and what they say is appended as
arrays to the spools of the cells that it comes near.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hillfinder.catalogue import cells, sifting
from hillfinder.errors import StreetsError
from hillfinder.model import StreetSource
from hillfinder.streets import extract
from hillfinder.streets.network import RawStreets, ragged
from hillfinder.streets.spots import KINDS, NODE_KEYS, of_node
from hillfinder.streets.tags import IN_SETS, Ids, Tags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from hillfinder.model import Floats, Ints

    Array = np.ndarray[Any, Any]

#: Ways that come near more cells than this are shared out by their nodes, not by their box.
MANY_CELLS = 9
_NUMBERS = bytes.maketrans(b"Nxy,", b"\n,,\n")
_ESCAPED = re.compile(r"%([0-9a-f]+)%")
_NO_KIND = -1


class Lines(NamedTuple):
    """Ways, and tagged nodes as lines of one node.

    Attributes:
        id: shape (w,), of each way or node.
        kind: what a node is, a number of ``spots.KINDS``; -1 for a way.
        size: how many nodes each line has.
        node, lon, lat: shape (n,), the nodes of all lines: their ids, and where they lie; NaN
            where the extract does not say.
        text: the tags of each as they were written, behind a T, with a line end; of a node none.
    """

    id: Ints
    kind: Ints
    size: Ints
    node: Ints
    lon: Floats
    lat: Floats
    text: pa.StringArray


#: A spool has the arrays of ``Lines`` one after the other, behind their lengths, again and again.
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
        StreetsError: the extract cannot be read, or holds no ways.
    """
    import osmium
    from osmium.osm import NOTHING

    file = extract.opened(path)
    below_zero = None
    try:
        with osmium.io.Reader(file, NOTHING) as reader:
            date = reader.header().get("osmosis_replication_timestamp") or None
        with sifting.ways(path, folder) as pieces:
            for piece in pieces:
                lines = _lines(piece)
                if (lines.node[np.isnan(lines.lon)] < 0).any():
                    below_zero = below_zero or _below_zero(path)
                    lines = _with_nodes(lines, *below_zero)
                _share_out(lines, folder, margin_m)
    except (RuntimeError, ValueError) as error:
        raise extract.unreadable(path, error) from error
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
    kinds = [KINDS[one] for one in kind[marks].tolist()]
    return RawStreets(
        node_id=node_id,
        lon=lon[first],
        lat=lat[first],
        way_offset=offset,
        way_node=way_node.astype(np.int64),
        way_ids=Ids(number[ways], np.ones(len(ways), np.int64)),
        tags=_tags(text.tobytes()).among(ways),
        source=source,
        node_kind=dict(zip(number[marks].tolist(), kinds, strict=True)),
        nodes_known=True,
    )


def _lines(text: bytes) -> Lines:
    """Read lines of text.

    Those of nodes are ``n1 Tkey=value x8.1 y46``, and of ways, after all nodes,
    ``w1 Tkey=value,key=value Nn1x8.1y46,n2xy``; what would be mistaken in tags is escaped.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    begin = 0 if text.startswith(b"w") else text.find(b"\nw") + 1 or len(text)
    if text.rfind(b"\nn", begin) >= 0:  # the extract is not sorted
        return _lines(b"".join(sorted(text.splitlines(keepends=True))))
    whole = memoryview(text)
    mark, said, *place = _fields(whole[:begin], 4)
    way, tags, nodes = _fields(whole[begin:], 3)
    each = said.dictionary_encode()
    kind = np.array([*map(_kind, each.dictionary.to_pylist()), _NO_KIND])[each.indices]
    seen = kind > _NO_KIND
    mark, one = (each.filter(pa.array(seen)) for each in (mark, _as_nodes(mark, *place)))
    written = pc.binary_join_element_wise(tags, "\n", "")
    number = pc.utf8_slice_codeunits(pa.concat_arrays([mark, way]), 1).cast(pa.int64())
    return Lines(
        number.to_numpy(),
        np.concatenate([kind[seen], np.full(len(way), _NO_KIND)]),
        *_nodes(pa.concat_arrays([one, nodes])),
        pa.concat_arrays([pa.array(["T\n"] * len(mark), pa.string()), written]),
    )


def _fields(text: bytes | memoryview, count: int) -> list[pa.StringArray]:
    """Return columns of text that have a blank between."""
    import pyarrow as pa

    names = [str(number) for number in range(count)]
    columns = dict.fromkeys(names, pa.string())
    return [column.combine_chunks() for column in _table(text, columns, " ").columns]


def _table(text: bytes | memoryview, columns: dict[str, pa.DataType], delimiter: str) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    if not text:
        return pa.schema(columns.items()).empty_table()
    return csv.read_csv(
        pa.BufferReader(text),
        csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=[*columns]),
        csv.ParseOptions(delimiter=delimiter, quote_char=False),
        csv.ConvertOptions(column_types=columns),
    )


def _as_nodes(mark: pa.StringArray, *place: pa.StringArray) -> pa.StringArray:
    """Return nodes as ways have them: each as one that has no other."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise("N", mark, *place, "")


def _buffers(texts: pa.StringArray) -> tuple[Ints, Array]:
    """Return texts end to end, in UTF-8, and where each begins and the last ends."""
    _, ends, data = texts.buffers()
    ends = np.frombuffer(ends, np.int32, len(texts) + 1, 4 * texts.offset)
    text = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    return ends - ends[0], text


def _nodes(lists: pa.StringArray) -> tuple[Ints, Ints, Floats, Floats]:
    """Return how many nodes each list has, ``Nn1x8.1y46,n2xy``, their ids, and where they lie."""
    import pyarrow as pa

    ends, text = _buffers(lists)
    size = np.diff(np.searchsorted(np.flatnonzero(text == ord("n")), ends))
    kinds = {"node": pa.int64(), "lon": pa.float64(), "lat": pa.float64()}
    table = _table(text.tobytes().translate(_NUMBERS, b"n"), kinds, ",")
    node, lon, lat = (column.to_numpy() for column in table.columns)
    return size, node, lon, lat


def _kind(said: str) -> int:
    """Return what the tags of a node mean to somebody on foot."""
    get = dict(map(_pair, said.removeprefix("T").split(","))).get
    kind = of_node(*[get(key) for key in NODE_KEYS])
    return _NO_KIND if kind is None else KINDS.index(kind)


def _below_zero(path: Path) -> tuple[Ints, Floats, Floats]:
    """Return all nodes whose ids are below zero, sorted: no location index holds them.

    An editor gives such ids to what is new. They are looked for only where a way needs them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    with sifting.nodes(path) as pieces:
        found = []
        for piece in pieces:
            mark, _, *place = _fields(piece, 4)
            found.append(_as_nodes(mark, *place).filter(pc.starts_with(mark, "n-")))
    _, node, lon, lat = _nodes(pa.concat_arrays(found))
    order = np.argsort(node)
    return node[order], lon[order], lat[order]


def _with_nodes(lines: Lines, node: Ints, lon: Floats, lat: Floats) -> Lines:
    """Return lines of which some nodes lie where they are."""
    if len(node) == 0:
        return lines
    at = np.minimum(np.searchsorted(node, lines.node), len(node) - 1)
    there = np.isnan(lines.lon) & (node[at] == lines.node)
    places = (np.where(there, lon[at], lines.lon), np.where(there, lat[at], lines.lat))
    return lines._replace(lon=places[0], lat=places[1])


def _share_out(lines: Lines, folder: Path, margin_m: float) -> None:
    """Append every line to the spools of the cells that it comes near."""
    count, every = len(lines.id), np.repeat(np.arange(len(lines.id)), lines.size)
    known = ~np.isnan(lines.lon)
    enough = np.bincount(every[known], minlength=count) >= np.where(lines.kind < 0, 2, 1)
    known &= enough[every]
    some = np.flatnonzero(enough)
    if len(some) == 0:
        return
    lat = lines.lat[known]
    x, y = cells.positions(lines.lon[known], lat)
    first, size = np.unique(every[known], return_index=True, return_counts=True)[1:]
    # Across the antimeridian a way goes on, and not round the earth.
    east = np.repeat(np.maximum.reduceat(x, first), size)
    x = x + np.where(east - x > cells.AROUND / 2, cells.AROUND, 0)
    margin = margin_m * cells.AROUND / cells.EQUATOR_M
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
    many = np.bincount(row, minlength=len(some)) > MANY_CELLS
    near = ~many[row]
    rows, numbers = [row[near]], [number[near]]
    for one in np.flatnonzero(many).tolist():
        at = slice(first[one], first[one] + size[one])
        found = _along(x[at], y[at], reach[at])
        rows.append(np.full(len(found), one))
        numbers.append(found)
    row, number = np.concatenate(rows), np.concatenate(numbers)
    order = np.argsort(number, kind="stable")
    row, number = some[row[order]], number[order]
    cuts = np.flatnonzero(np.diff(number)) + 1
    for cell, chosen in zip(number[np.append(0, cuts)].tolist(), np.split(row, cuts), strict=True):
        with (folder / cells.of_number(cell).name).open("ab") as spool:
            spool.write(_bytes(lines, chosen))


def _bytes(lines: Lines, rows: Ints) -> bytes:
    """Return some lines as a spool holds them."""
    import pyarrow as pa

    stop = np.cumsum(lines.size)
    at, _ = ragged((stop - lines.size)[rows], stop[rows])
    _, text = _buffers(lines.text.take(pa.array(rows)))
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


def _tags(text: bytes) -> Tags:
    """Return the tags of lines, each ``Tkey=value,key=value`` or ``T``, and a line end."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = pc.split_pattern(pa.array([text[1:-1].decode()]), "\nT").flatten()
    pairs = pc.split_pattern(lines, ",")
    way = np.repeat(np.arange(len(lines)), pc.list_value_length(pairs))
    each = pairs.flatten().dictionary_encode()
    code, known = each.indices.to_numpy(), [*map(_pair, each.dictionary.to_pylist())]
    named = np.array([key == "name" for key, _ in known])
    name = np.zeros(len(lines), np.int64)
    name[way[named[code]]] = np.cumsum(named)[code[named[code]]]
    names = [None, *(value for key, value in known if key == "name")]
    # What else is read of a line, as bytes of the numbers of its pairs: few lines differ in that.
    kept = np.array([key in IN_SETS for key, _ in known])[code]
    stop = 4 * np.cumsum(np.bincount(way[kept], minlength=len(lines)))
    ends, said = np.append(0, stop).astype(np.int32), code[kept].astype(np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(said)]
    kinds = pa.Array.from_buffers(pa.binary(), len(lines), buffers).dictionary_encode()
    numbers = [np.frombuffer(one, np.int32).tolist() for one in kinds.dictionary.to_pylist()]
    sets = [dict([known[number] for number in one]) for one in numbers]
    return Tags(sets, kinds.indices.to_numpy().astype(np.int64), names, name)


def _pair(text: str) -> tuple[str, str]:
    """Return a tag. Special characters were written as numbers; no key that is read has any.

    >>> _pair("ref=I%20%405"), _pair("name=50%25%")
    (('ref', 'I 405'), ('name', '50%'))
    """
    key, _, value = text.partition("=")
    if "%" in value and (key == "name" or key in IN_SETS):
        value = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    return key, value


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
