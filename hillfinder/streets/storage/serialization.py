"""Write a network as bytes, and read it back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.model import StreetSource, read_only
from hillfinder.streets.network import Blur, Lines, Profiles, StreetNetwork, Ways
from hillfinder.streets.point_features import Spots
from hillfinder.streets.tags.table import Ids, Tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    AnyArray: TypeAlias = np.ndarray[Any, Any]
    NamedArrays: TypeAlias = Mapping[str, AnyArray]

#: OpenStreetMap stores coordinates as whole numbers of 1e-7 degrees.
UNITS_PER_DEGREE = 1e7


def pack_network(network: StreetNetwork) -> bytes:
    """Return a network as bytes: the length of a JSON header, the header, the arrays end to end.

    Each array is stored in the fewest bytes that lose nothing; an array made of one number by
    ``np.broadcast_to`` is stored once.
    """
    arrays: dict[str, AnyArray] = {}
    for prefix, record in _packed_records(network):
        for each in fields(record):
            value = getattr(record, each.name)
            if isinstance(value, np.ndarray):
                arrays[prefix + each.name] = value
    ids, said = network.ways.ids, network.ways.said
    arrays["ways.ids"], arrays["ways.size"] = ids.every, ids.size
    arrays["ways.kind"], arrays["ways.name"] = said.kind, said.name
    known = {None: 0}
    arrays["spots.name"] = np.array(
        [known.setdefault(name, len(known)) for name in network.spots.name.tolist()], np.int64
    )
    held = {name: _compact(name, array) for name, array in arrays.items()}
    head: dict[str, Any] = {
        "crs": network.crs,
        "source": asdict(network.source),
        "sets": said.sets,
        "names": said.names,
        "spots": [*known],
        "nodes_known": network.spots.nodes_known,
        "blur": None if network.profiles is None else network.profiles.blur,
        "arrays": [
            (name, array.dtype.str, len(array), held[name].dtype.str, len(held[name]))
            for name, array in arrays.items()
        ],
    }
    # Aligned to 8 bytes, so that arrays are read in place.
    line = json.dumps(head).encode()
    packed: list[bytes | memoryview] = [len(line).to_bytes(8, "little")]
    packed += [line, bytes(-len(line) & 7)]
    for array in held.values():
        packed += [np.ascontiguousarray(array).data, bytes(-array.nbytes & 7)]
    return b"".join(packed)


def _compact(name: str, array: AnyArray) -> AnyArray:
    """Return the array in fewer bytes: see ``_expanded``."""
    if array.strides == (0,):
        return array[:1]
    if name.endswith(("_lon", "_lat")):
        whole = np.rint(array * UNITS_PER_DEGREE).astype(np.int64)
        array = whole if np.array_equal(whole / UNITS_PER_DEGREE, array) else array
    if array.dtype == np.int64 and len(array):
        array = array.astype(np.min_scalar_type(min(int(array.min()), ~int(array.max()))))
    return array


def _expanded(held: AnyArray, kind: str, count: int) -> AnyArray:
    """Return the ``count`` numbers of type ``kind`` that ``_compact`` stored."""
    if held.dtype != kind:
        held = held.astype(kind) if np.dtype(kind).kind == "i" else held / UNITS_PER_DEGREE
    return read_only(held if len(held) == count else np.broadcast_to(held, count))


def _packed_records(network: StreetNetwork) -> Iterator[tuple[str, Any]]:
    yield "", network
    yield "ways.", network.ways
    yield "decks.", network.decks
    yield "spots.", network.spots
    if network.profiles is not None:
        yield "profiles.", network.profiles


def unpack_network(packed: bytes | memoryview) -> StreetNetwork | None:
    """Return the network, or ``None`` if the bytes are damaged."""
    try:
        size = int.from_bytes(packed[:8], "little")
        head = json.loads(bytes(packed[8 : 8 + size]))
        at = 8 + size + (-size & 7)
        arrays = {}
        for name, kind, count, held, length in head["arrays"]:
            array = np.frombuffer(packed, held, length, at)
            arrays[name] = _expanded(array, kind, count)
            at += array.nbytes + (-array.nbytes & 7)
        ways = Ways(
            ids=Ids(arrays["ways.ids"], arrays["ways.size"]),
            said=Tags(head["sets"], arrays["ways.kind"], head["names"], arrays["ways.name"]),
            **_record_arrays(Ways, arrays, "ways.", "ids", "said"),
        )
        profiles = None
        if "profiles.offset" in arrays:
            rest = _record_arrays(Profiles, arrays, "profiles.", "blur")
            profiles = Profiles(blur=Blur(*head["blur"]), **rest)
        return StreetNetwork(
            **_record_arrays(
                StreetNetwork, arrays, "", "ways", "decks", "spots", "crs", "source", "profiles"
            ),
            ways=ways,
            decks=Lines(**_record_arrays(Lines, arrays, "decks.")),
            spots=Spots(
                name=read_only(np.array([*head["spots"], None], object)[arrays["spots.name"]]),
                nodes_known=bool(head["nodes_known"]),
                **_record_arrays(Spots, arrays, "spots.", "name", "nodes_known"),
            ),
            crs=head["crs"],
            source=StreetSource(**head["source"]),
            profiles=profiles,
        )
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return None


def _record_arrays(record: type, arrays: NamedArrays, prefix: str, *but: str) -> dict[str, Any]:
    """Return the arrays of one record by field name."""
    names = [each.name for each in fields(record) if each.name not in but]
    return {name: arrays[prefix + name] for name in names}
