"""Lines of text as libosmium writes them (``sifting``), read as arrays by Arrow.

Those of nodes are ``n1 Tkey=value x8.1 y46``, and of ways, after all nodes,
``w1 Tkey=value,key=value Nn1x8.1y46,n2xy``. What would be mistaken in tags is escaped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hillfinder.streets.tags.features import MARK_KINDS, NODE_KEYS, of_node
from hillfinder.streets.tags.table import IN_SETS, Tags

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from hillfinder.model import Floats, Ints

    Array = np.ndarray[Any, Any]

_NUMBERS = bytes.maketrans(b"Nxy,", b"\n,,\n")
_ESCAPED = re.compile(r"%([0-9a-f]+)%")
_NO_KIND = -1


class Lines(NamedTuple):
    """Ways, and tagged nodes as lines of one node.

    Attributes:
        id: shape (w,), of each way or node.
        kind: what a node is, a number of ``spots.MARK_KINDS``; -1 for a way.
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


def read(text: bytes) -> Lines:
    """Return what lines say of ways, and of those nodes that matter to somebody on foot."""
    import pyarrow as pa
    import pyarrow.compute as pc

    begin = 0 if text.startswith(b"w") else text.find(b"\nw") + 1 or len(text)
    whole = memoryview(text)
    mark, said, *place = _fields(whole[:begin], 4)
    try:
        way, tags, nodes = _fields(whole[begin:], 3)
    except pa.ArrowInvalid:
        if text.find(b"\nn", begin) < 0:
            raise
        # Nodes have a field more, and behind ways they are where the extract is not sorted.
        return read(b"".join(sorted(text.splitlines(keepends=True))))
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


def end_to_end(texts: pa.StringArray) -> tuple[Ints, Array]:
    """Return texts end to end, in UTF-8, and where each begins and the last ends."""
    _, ends, data = texts.buffers()
    ends = np.frombuffer(ends, np.int32, len(texts) + 1, 4 * texts.offset)
    text = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
    return ends - ends[0], text


def _nodes(lists: pa.StringArray) -> tuple[Ints, Ints, Floats, Floats]:
    """Return how many nodes each list has, ``Nn1x8.1y46,n2xy``, their ids, and where they lie."""
    import pyarrow as pa

    ends, text = end_to_end(lists)
    size = np.diff(np.searchsorted(np.flatnonzero(text == ord("n")), ends))
    kinds = {"node": pa.int64(), "lon": pa.float64(), "lat": pa.float64()}
    table = _table(text.tobytes().translate(_NUMBERS, b"n"), kinds, ",")
    node, lon, lat = (column.to_numpy() for column in table.columns)
    return size, node, lon, lat


def _kind(said: str) -> int:
    """Return what the tags of a node mean to somebody on foot."""
    get = dict(map(_pair, said.removeprefix("T").split(","))).get
    kind = of_node(*[get(key) for key in NODE_KEYS])
    return _NO_KIND if kind is None else MARK_KINDS.index(kind)


def below_zero(pieces: Iterable[bytes]) -> tuple[Ints, Floats, Floats]:
    """Return those of all nodes whose ids are below zero, sorted, and where they lie."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = []
    for piece in pieces:
        mark, _, *place = _fields(piece, 4)
        found.append(_as_nodes(mark, *place).filter(pc.starts_with(mark, "n-")))
    _, node, lon, lat = _nodes(pa.concat_arrays(found))
    order = np.argsort(node)
    return node[order], lon[order], lat[order]


def tags(text: bytes) -> Tags:
    """Return the tags of lines, each ``Tkey=value,key=value`` or ``T``, and a line end."""
    import pyarrow as pa
    import pyarrow.compute as pc

    every = pc.split_pattern(pa.array([text[1:-1].decode()]), "\nT").flatten()
    every = every.dictionary_encode()  # four of five lines are the same as others
    lines, line = every.dictionary, every.indices.to_numpy()
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
    kind = kinds.indices.to_numpy().astype(np.int64)
    return Tags(sets, kind[line], names, name[line])


def _pair(text: str) -> tuple[str, str]:
    """Return a tag. Special characters were written as numbers; no key that is read has any.

    >>> _pair("ref=I%20%405"), _pair("name=50%25%")
    (('ref', 'I 405'), ('name', '50%'))
    """
    key, _, value = text.partition("=")
    if "%" in value and (key == "name" or key in IN_SETS):
        value = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    return key, value
