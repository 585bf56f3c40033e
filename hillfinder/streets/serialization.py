"""A network as bytes, and back."""

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

    Array: TypeAlias = np.ndarray[Any, Any]
    Arrays: TypeAlias = Mapping[str, Array]

#: OpenStreetMap has places as whole numbers, so many to a degree.
TO_A_DEGREE = 1e7


def pack(network: StreetNetwork) -> bytes:
    """Return a network as bytes: JSON behind its length, then arrays of numbers end to end.

    Each array takes as few bytes as hold it without loss; one number laid out as an array
    (``np.broadcast_to``) is held once.
    """
    arrays: dict[str, Array] = {}
    for prefix, record in _records(network):
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
    held = {name: _held(name, array) for name, array in arrays.items()}
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
    # Every array begins at a multiple of eight bytes, as processors like it.
    line = json.dumps(head).encode()
    packed: list[bytes | memoryview] = [len(line).to_bytes(8, "little")]
    packed += [line, bytes(-len(line) & 7)]
    for array in held.values():
        packed += [np.ascontiguousarray(array).data, bytes(-array.nbytes & 7)]
    return b"".join(packed)


def _held(name: str, array: Array) -> Array:
    """Return what ``_as_it_was`` makes the array of."""
    if array.strides == (0,):
        return array[:1]
    if name.endswith(("_lon", "_lat")):
        whole = np.rint(array * TO_A_DEGREE).astype(np.int64)
        array = whole if np.array_equal(whole / TO_A_DEGREE, array) else array
    if array.dtype == np.int64 and len(array):
        array = array.astype(np.min_scalar_type(min(int(array.min()), ~int(array.max()))))
    return array


def _as_it_was(held: Array, kind: str, count: int) -> Array:
    """Return an array of so many numbers of a kind from what is held of it."""
    if held.dtype != kind:
        held = held.astype(kind) if np.dtype(kind).kind == "i" else held / TO_A_DEGREE
    return read_only(held if len(held) == count else np.broadcast_to(held, count))


def _records(network: StreetNetwork) -> Iterator[tuple[str, Any]]:
    yield "", network
    yield "ways.", network.ways
    yield "decks.", network.decks
    yield "spots.", network.spots
    if network.profiles is not None:
        yield "profiles.", network.profiles


def unpack(packed: bytes | memoryview) -> StreetNetwork | None:
    """Return a network, or ``None`` where the bytes are none after all."""
    try:
        size = int.from_bytes(packed[:8], "little")
        head = json.loads(bytes(packed[8 : 8 + size]))
        at = 8 + size + (-size & 7)
        arrays = {}
        for name, kind, count, held, length in head["arrays"]:
            array = np.frombuffer(packed, held, length, at)
            arrays[name] = _as_it_was(array, kind, count)
            at += array.nbytes + (-array.nbytes & 7)
        ways = Ways(
            ids=Ids(arrays["ways.ids"], arrays["ways.size"]),
            said=Tags(head["sets"], arrays["ways.kind"], head["names"], arrays["ways.name"]),
            **_group(Ways, arrays, "ways.", "ids", "said"),
        )
        profiles = None
        if "profiles.offset" in arrays:
            rest = _group(Profiles, arrays, "profiles.", "blur")
            profiles = Profiles(blur=Blur(*head["blur"]), **rest)
        return StreetNetwork(
            **_group(
                StreetNetwork, arrays, "", "ways", "decks", "spots", "crs", "source", "profiles"
            ),
            ways=ways,
            decks=Lines(**_group(Lines, arrays, "decks.")),
            spots=Spots(
                name=read_only(np.array([*head["spots"], None], object)[arrays["spots.name"]]),
                nodes_known=bool(head["nodes_known"]),
                **_group(Spots, arrays, "spots.", "name", "nodes_known"),
            ),
            crs=head["crs"],
            source=StreetSource(**head["source"]),
            profiles=profiles,
        )
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return None


def _group(record: type, arrays: Arrays, prefix: str, *but: str) -> dict[str, Any]:
    """Return the arrays of one record, by the names of its fields."""
    names = [each.name for each in fields(record) if each.name not in but]
    return {name: arrays[prefix + name] for name in names}
