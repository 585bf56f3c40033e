"""A search as one file, and back: numbers, text and the packed network, and nothing that runs."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder import criteria, model, units
from hillfinder.errors import DataError
from hillfinder.model import read_only
from hillfinder.streets.network import StreetNetwork
from hillfinder.streets.storage.serialization import pack_network, unpack_network

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FINDINGS, _ARRAYS, _NETWORK = "findings.json", "arrays.npz", "streets"
#: Date of every member of the archive, for the same bytes each time.
_UNDATED = (1980, 1, 1, 0, 0, 0)


def pack_search(found: object) -> bytes:
    """Return a search as bytes: a ZIP of JSON, arrays of numbers, and the network."""
    writer = _RecordWriter()
    head = {"root": writer.plain(found), "records": writer.records}
    arrays, file = io.BytesIO(), io.BytesIO()
    # NumPy 2.1 takes every keyword for an array: objects are refused when they are taken apart.
    np.savez(arrays, **{str(at): a for at, a in enumerate(writer.arrays)})
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in (
            (_FINDINGS, json.dumps(head).encode()),
            (_ARRAYS, arrays.getvalue()),
            (_NETWORK, pack_network(writer.network)),
        ):
            archive.writestr(zipfile.ZipInfo(name, _UNDATED), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def unpack_search(path: Path, *more: type) -> Any:  # noqa: ANN401 - the caller checks what it is
    """Return what ``pack_search`` was given.

    Args:
        path: the file.
        more: classes of records that it may hold besides those of ``model``.

    Raises:
        DataError: the file cannot be read, is damaged, or was made by another version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            head = json.loads(archive.read(_FINDINGS))
            with np.load(io.BytesIO(archive.read(_ARRAYS)), allow_pickle=False) as held:
                arrays = [read_only(held[str(at)]) for at in range(len(held.files))]
            network = unpack_network(archive.read(_NETWORK))
        if network is None:
            raise ValueError(_NETWORK)
        return _RecordReader(head["records"], arrays, network, more).value(head["root"])
    except FileNotFoundError as error:
        msg = f"There is no file {path}: give one that hills.save() wrote."
        raise DataError(msg) from error
    except (
        *(OSError, EOFError, zipfile.BadZipFile, zlib.error),
        *(ValueError, LookupError, TypeError, AttributeError, RuntimeError),
    ) as error:
        msg = (
            f"{path} is damaged, or was made by another version of hillfinder: search again and "
            "save the hills once more."
        )
        raise DataError(msg) from error


class _RecordWriter:
    """Takes records apart; what two of them share is stored once."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.arrays: list[Any] = []
        self.network: Any = None
        self._known: dict[int, Any] = {}
        self._kept: list[object] = []

    def plain(self, value: Any) -> Any:  # noqa: ANN401 - any field of a record
        if isinstance(value, units.Sentence):
            return {"sentence": [self.plain(part) for part in value.parts]}
        if isinstance(value, units.Name):
            return {"name": str(value)}
        if value is None or isinstance(value, str | bool | int | float):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if id(value) not in self._known:
            self._kept.append(value)  # its id is not given to another
            self._known[id(value)] = self._taken_apart(value)
        return self._known[id(value)]

    def _taken_apart(self, value: Any) -> dict[str, Any]:  # noqa: ANN401
        if isinstance(value, StreetNetwork):
            self.network = value
            return {"network": 0}
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            self.arrays.append(value)
            return {"array": len(self.arrays) - 1}
        if isinstance(value, datetime):
            return {"time": value.isoformat()}
        if isinstance(value, Mapping):
            return {"map": [[self.plain(key), self.plain(each)] for key, each in value.items()]}
        if isinstance(value, model.Leg):
            names: Any = value._fields
        elif is_dataclass(value):
            names = [each.name for each in fields(value)]
        elif isinstance(value, tuple | list):
            return {"tuple": [self.plain(each) for each in value]}
        else:
            msg = f"{type(value).__name__} cannot be saved."
            raise TypeError(msg)
        held = {name: self.plain(getattr(value, name)) for name in names}
        self.records.append([type(value).__name__, held])
        return {"record": len(self.records) - 1}


class _RecordReader:
    """Puts records together again."""

    def __init__(
        self, records: list[Any], arrays: list[Any], network: StreetNetwork, more: tuple[type, ...]
    ) -> None:
        known = {**vars(model), **vars(criteria), **vars(units)}.values()
        self._classes = {
            each.__name__: each
            for each in (*known, *more)
            if isinstance(each, type) and (is_dataclass(each) or issubclass(each, tuple))
        }
        self._records, self._made = records, dict[int, Any]()
        self._read_as: dict[str, Callable[[Any], Any]] = {
            "array": arrays.__getitem__,
            "network": lambda _: network,
            "time": datetime.fromisoformat,
            "name": units.Name,
            "tuple": lambda given: tuple(map(self.value, given)),
            "sentence": lambda given: units.Sentence(*map(self.value, given)),
            "map": lambda given: {self.value(key): self.value(each) for key, each in given},
            "record": self._record,
        }

    def value(self, held: Any) -> Any:  # noqa: ANN401 - any field of a record
        if not isinstance(held, dict):
            return held
        ((kind, given),) = held.items()
        return self._read_as[kind](given)

    def _record(self, number: int) -> Any:  # noqa: ANN401
        if number not in self._made:
            name, parts = self._records[number]
            held = {key: self.value(each) for key, each in parts.items()}
            self._made[number] = self._classes[name](**held)
        return self._made[number]
