"""A network as bytes, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.model import StreetSource, read_only
from hillfinder.streets.network import Blur, Lines, Profiles, StreetNetwork, Ways
from hillfinder.streets.spots import Spots
from hillfinder.streets.tags import Ids, Tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    Arrays: TypeAlias = Mapping[str, np.ndarray[Any, Any]]


def pack(network: StreetNetwork) -> bytes:
    """Return a network as bytes: a line of JSON, then arrays of numbers end to end."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
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
    head: dict[str, Any] = {
        "crs": network.crs,
        "source": asdict(network.source),
        "sets": said.sets,
        "names": said.names,
        "spots": [*known],
        "nodes_known": network.spots.nodes_known,
        "blur": None if network.profiles is None else network.profiles.blur,
        "arrays": [(name, array.dtype.str, len(array)) for name, array in arrays.items()],
    }
    # Every array begins at a multiple of eight bytes, as processors like it.
    line = json.dumps(head).encode()
    packed: list[bytes | memoryview] = [line, b" " * (-len(line) - 1 & 7), b"\n"]
    for array in arrays.values():
        packed += [np.ascontiguousarray(array).data, bytes(-array.nbytes & 7)]
    return b"".join(packed)


def _records(network: StreetNetwork) -> Iterator[tuple[str, Any]]:
    yield "", network
    yield "ways.", network.ways
    yield "decks.", network.decks
    yield "spots.", network.spots
    if network.profiles is not None:
        yield "profiles.", network.profiles


def unpack(packed: bytes) -> StreetNetwork | None:
    """Return a network, or ``None`` where the bytes are none after all."""
    try:
        at = packed.index(b"\n") + 1
        head = json.loads(packed[:at])
        arrays = {}
        for name, kind, count in head["arrays"]:
            arrays[name] = np.frombuffer(packed, kind, count, at)
            at += arrays[name].nbytes + (-arrays[name].nbytes & 7)
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
