"""Read libosmium's OPL text into arrays, with Arrow.

A node is ``n1 Tkey=value x8.1 y46`` and a way ``w1 Tkey=value,key=value Nn1x8.1y46,n2xy``. Special
characters in tags are escaped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hillfinder.streets.network import ragged
from hillfinder.streets.tags.features import MARK_KINDS, NODE_KEYS, of_node
from hillfinder.streets.tags.table import IN_SETS, Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pyarrow as pa

    from hillfinder.model import Bools, Floats, Ints

_NUMBERS = bytes.maketrans(b"Nxy,", b"\n,,\n")
_ESCAPED = re.compile(r"%([0-9a-f]+)%")
_NO_KIND = -1


class OplLines(NamedTuple):
    """Ways, and tagged nodes as lines of one node.

    Attributes:
        id: shape (w,), OSM ids of the ways and nodes.
        kind: index in ``features.MARK_KINDS`` for a node; -1 for a way.
        size: number of nodes of each line.
        node, lon, lat: shape (n,), ids and coordinates of the nodes of all lines; NaN where the
            extract has no coordinates.
        text: tags of each way as written, after a T, with a line end; empty for a node.
    """

    id: Ints
    kind: Ints
    size: Ints
    node: Ints
    lon: Floats
    lat: Floats
    text: pa.StringArray

    def take(self, rows: Ints) -> OplLines:
        """Return some of the lines."""
        import pyarrow as pa

        stop = np.cumsum(self.size)
        at, _ = ragged((stop - self.size)[rows], stop[rows])
        number, kind, size = (each[rows] for each in (self.id, self.kind, self.size))
        text = self.text.take(pa.array(rows))
        return OplLines(number, kind, size, self.node[at], self.lon[at], self.lat[at], text)


class Places(NamedTuple):
    """Coordinates of nodes, sorted by id."""

    node: Ints
    lon: Floats
    lat: Floats

    def fill(self, lines: OplLines) -> OplLines:
        """Return lines with the coordinates that they lack and that are here."""
        if len(self.node) == 0:
            return lines
        at = np.minimum(np.searchsorted(self.node, lines.node), len(self.node) - 1)
        found = np.isnan(lines.lon) & (self.node[at] == lines.node)
        lon, lat = (
            np.where(found, here[at], there)
            for here, there in ((self.lon, lines.lon), (self.lat, lines.lat))
        )
        return lines._replace(lon=lon, lat=lat)


def read_opl(text: bytes) -> OplLines:
    """Return the ways of a text, and the nodes that matter on foot."""
    import pyarrow as pa
    import pyarrow.compute as pc

    (mark, node_tags, *place), (way, tags, nodes) = _nodes_and_ways(text)
    each = node_tags.dictionary_encode()
    kind = np.array([*map(_mark_kind, each.dictionary.to_pylist()), _NO_KIND])[each.indices]
    seen = kind > _NO_KIND
    mark, one = (each.filter(pa.array(seen)) for each in (mark, _as_way_nodes(mark, *place)))
    written = pc.binary_join_element_wise(tags, "\n", "")
    number = pc.utf8_slice_codeunits(pa.concat_arrays([mark, way]), 1).cast(pa.int64())
    return OplLines(
        number.to_numpy(),
        np.concatenate([kind[seen], np.full(len(way), _NO_KIND)]),
        *_way_nodes(pa.concat_arrays([one, nodes])),
        pa.concat_arrays([pa.array(["T\n"] * len(mark), pa.string()), written]),
    )


def places(chunks: Iterable[bytes], wanted: Callable[[Ints], Bools]) -> Places:
    """Return the coordinates of the wanted nodes, from their own lines and from the ways."""
    import pyarrow as pa

    parts = []
    for chunk in chunks:
        (mark, _, *place), (_, _, nodes) = _nodes_and_ways(chunk)
        _, node, lon, lat = _way_nodes(pa.concat_arrays([_as_way_nodes(mark, *place), nodes]))
        kept = wanted(node) & ~np.isnan(lon)
        parts.append((node[kept], lon[kept], lat[kept]))
    node, lon, lat = map(np.concatenate, zip(*parts, strict=True))
    node, first = np.unique(node, return_index=True)
    return Places(node, lon[first], lat[first])


def _nodes_and_ways(text: bytes) -> tuple[list[pa.StringArray], list[pa.StringArray]]:
    """Return the four fields of all nodes of a text, and the three of all ways."""
    import pyarrow as pa

    begin = 0 if text.startswith(b"w") else text.find(b"\nw") + 1 or len(text)
    whole = memoryview(text)
    nodes = _fields(whole[:begin], 4)
    try:
        return nodes, _fields(whole[begin:], 3)
    except pa.ArrowInvalid:
        if text.find(b"\nn", begin) < 0:
            raise
        # In an unsorted extract nodes, which have a field more, also come after ways.
        return _nodes_and_ways(b"".join(sorted(text.splitlines(keepends=True))))


def _fields(text: bytes | memoryview, count: int) -> list[pa.StringArray]:
    """Return the columns of text separated by blanks."""
    import pyarrow as pa

    columns = dict.fromkeys(map(str, range(count)), pa.string())
    return [column.combine_chunks() for column in _read_csv(text, columns, " ").columns]


def _read_csv(
    text: bytes | memoryview, columns: dict[str, pa.DataType], delimiter: str
) -> pa.Table:
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


def _as_way_nodes(mark: pa.StringArray, *place: pa.StringArray) -> pa.StringArray:
    """Return nodes as the node lists of ways of one node."""
    import pyarrow.compute as pc

    return pc.binary_join_element_wise("N", mark, *place, "")


def end_to_end(texts: pa.StringArray) -> tuple[Ints, np.ndarray[Any, Any]]:
    """Return the offsets of texts, one more than there are, and their UTF-8 end to end."""
    _, ends, data = texts.buffers()
    ends = np.frombuffer(ends, np.int32, len(texts) + 1, 4 * texts.offset)
    text = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    return ends - ends[0], text


def _way_nodes(lists: pa.StringArray) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the size of each list ``Nn1x8.1y46,n2xy``, and all ids, longitudes and latitudes."""
    import pyarrow as pa

    ends, text = end_to_end(lists)
    size = np.diff(np.searchsorted(np.flatnonzero(text == ord("n")), ends))
    kinds = {"node": pa.int64(), "lon": pa.float64(), "lat": pa.float64()}
    table = _read_csv(text.tobytes().translate(_NUMBERS, b"n"), kinds, ",")
    node, lon, lat = (column.to_numpy() for column in table.columns)
    return size, node, lon, lat


def _mark_kind(tags: str) -> int:
    """Return what the tags of a node mean on foot: an index in ``MARK_KINDS``, or -1."""
    get = dict(map(_tag, tags.removeprefix("T").split(","))).get
    kind = of_node(*[get(key) for key in NODE_KEYS])
    return _NO_KIND if kind is None else MARK_KINDS.index(kind)


def tags(text: bytes) -> Tags:
    """Return the tags of lines ``Tkey=value,key=value`` or ``T``, each with a line end."""
    import pyarrow as pa
    import pyarrow.compute as pc

    every = pc.split_pattern(pa.array([text[1:-1].decode()]), "\nT").flatten()
    every = every.dictionary_encode()  # four of five lines are the same as others
    lines, line = every.dictionary, every.indices.to_numpy()
    pairs = pc.split_pattern(lines, ",")
    way = np.repeat(np.arange(len(lines)), pc.list_value_length(pairs))
    each = pairs.flatten().dictionary_encode()
    code, known = each.indices.to_numpy(), [*map(_tag, each.dictionary.to_pylist())]
    named = np.array([key == "name" for key, _ in known])
    name = np.zeros(len(lines), np.int64)
    name[way[named[code]]] = np.cumsum(named)[code[named[code]]]
    names = [None, *(value for key, value in known if key == "name")]
    # Other keys that are read, as the bytes of their codes: few lines differ in these.
    kept = np.array([key in IN_SETS for key, _ in known])[code]
    stop = 4 * np.cumsum(np.bincount(way[kept], minlength=len(lines)))
    ends, codes = np.append(0, stop).astype(np.int32), code[kept].astype(np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(codes)]
    kinds = pa.Array.from_buffers(pa.binary(), len(lines), buffers).dictionary_encode()
    numbers = [np.frombuffer(one, np.int32).tolist() for one in kinds.dictionary.to_pylist()]
    sets = [dict([known[number] for number in one]) for one in numbers]
    kind = kinds.indices.to_numpy().astype(np.int64)
    return Tags(sets, kind[line], names, name[line])


def _tag(text: str) -> tuple[str, str]:
    """Return the key and value of a tag. No key that is read has escaped characters.

    >>> _tag("ref=I%20%405"), _tag("name=50%25%")
    (('ref', 'I 405'), ('name', '50%'))
    """
    key, _, value = text.partition("=")
    if "%" in value and (key == "name" or key in IN_SETS):
        value = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    return key, value
