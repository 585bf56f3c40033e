"""A network as bytes, and back."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from hillfinder.model import StreetSource, read_only
from hillfinder.streets.network import Blur, Lines, Profiles, StreetNetwork, Ways
from hillfinder.streets.spots import Spots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeAlias

    Arrays: TypeAlias = Mapping[str, np.ndarray[Any, Any]]


def pack(network: StreetNetwork) -> bytes:
    """Return a network as bytes: arrays of numbers, and a text for all else."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for prefix, record in _records(network):
        for each in fields(record):
            value = getattr(record, each.name)
            if isinstance(value, np.ndarray):
                arrays[prefix + each.name] = value
    arrays["ways.ids"] = np.array([one for ids in network.ways.ids for one in ids], np.int64)
    arrays["ways.count"] = np.array([len(ids) for ids in network.ways.ids], np.int64)
    words: dict[str, list[str]] = {}
    columns = {f"ways.tag.{key}": column for key, column in network.ways.tag.items()}
    for key, column in {**columns, "spots.name": network.spots.name}.items():
        known = sorted({value for value in column if value is not None})
        number = {value: row for row, value in enumerate([None, *known])}
        words[key] = known
        arrays[key] = np.array([number[value] for value in column], np.int32)
    text: dict[str, Any] = {"crs": network.crs, "source": asdict(network.source), "words": words}
    text["nodes_known"] = network.spots.nodes_known
    if network.profiles is not None:
        text["blur"] = network.profiles.blur
    arrays["text"] = np.frombuffer(json.dumps(text).encode(), np.uint8)
    packed = io.BytesIO()
    np.savez(packed, **arrays)  # type: ignore[arg-type]  # its last argument is no array
    return packed.getvalue()


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
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            arrays = {name: read_only(file[name]) for name in file.files}
        text = json.loads(arrays.pop("text").tobytes())
        columns = {
            key: read_only(np.array([None, *known], object)[arrays[key]])
            for key, known in text["words"].items()
        }
        ids, count = arrays["ways.ids"].tolist(), arrays["ways.count"].tolist()
        ends = np.cumsum(count).tolist()
        ways = Ways(
            ids=tuple(tuple(ids[end - n : end]) for n, end in zip(count, ends, strict=True)),
            tag={
                key.removeprefix("ways.tag."): column
                for key, column in columns.items()
                if key.startswith("ways.tag.")
            },
            **_group(Ways, arrays, "ways.", "ids", "tag"),
        )
        profiles = None
        if "profiles.offset" in arrays:
            rest = _group(Profiles, arrays, "profiles.", "blur")
            profiles = Profiles(blur=Blur(*text["blur"]), **rest)
        return StreetNetwork(
            **_group(
                StreetNetwork, arrays, "", "ways", "decks", "spots", "crs", "source", "profiles"
            ),
            ways=ways,
            decks=Lines(**_group(Lines, arrays, "decks.")),
            spots=Spots(
                name=columns["spots.name"],
                nodes_known=bool(text["nodes_known"]),
                **_group(Spots, arrays, "spots.", "name", "nodes_known"),
            ),
            crs=text["crs"],
            source=StreetSource(**text["source"]),
            profiles=profiles,
        )
    except (KeyError, TypeError, ValueError, OSError, IndexError, BadZipFile):
        return None


def _group(record: type, arrays: Arrays, prefix: str, *but: str) -> dict[str, Any]:
    """Return the arrays of one record, by the names of its fields."""
    names = [each.name for each in fields(record) if each.name not in but]
    return {name: arrays[prefix + name] for name in names}
