"""Check an OpenStreetMap file before reading its streets.

A file may contain objects that its editor deleted, every version that an object ever had, or half
of a reply. libosmium reads all of these as streets.
"""

from __future__ import annotations

import bz2
import gzip
import re
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.parsers import expat

from hillfinder.errors import StreetsError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

#: Signs in the text of a file that an object is deleted or a reply is cut short.
_SUSPECT = re.compile(rb"""(action=.delete)|(visible=.false)|(<remark)""")
_CHUNK_BYTES = 1 << 20
#: Overlap of two chunks: more than the longest sign, so none is missed between them.
_OVERLAP_BYTES = 64
#: libosmium's name for a PBF file with every version of each object.
_HISTORY = "HistoricalInformation"


class Deleted(NamedTuple):
    """Ids of the objects that a file marks as deleted."""

    nodes: frozenset[int] = frozenset()
    ways: frozenset[int] = frozenset()


def deleted_in(path: Path) -> Deleted:
    """Return what an OpenStreetMap file marks as deleted.

    Args:
        path: a file that pyosmium can read. Only XML marks anything.

    Raises:
        StreetsError: it is a history file, or a reply that says it is cut short.
    """
    name = path.name.lower()
    if re.search(r"\.osh(\.|$)", name) or (name.endswith(".pbf") and _is_history(path)):
        raise _history(path)
    if name.endswith(".pbf"):
        return Deleted()
    found: set[int] = set()
    try:
        with _decompressed(path) as file:
            rest = b""
            while chunk := file.read(_CHUNK_BYTES):
                found |= {match.lastindex or 0 for match in _SUSPECT.finditer(rest + chunk)}
                rest = chunk[-_OVERLAP_BYTES:]
        return _marked(path) if found else Deleted()
    except (OSError, EOFError, zlib.error, expat.ExpatError):
        return Deleted()  # the reader of the streets reports it


def _is_history(path: Path) -> bool:
    import osmium
    from osmium.osm import NOTHING

    try:
        with osmium.io.Reader(str(path), NOTHING) as reader:
            return bool(reader.header().has_multiple_object_versions)
    except RuntimeError:
        return False  # the reader of the streets reports it


def _history(path: Path) -> StreetsError:
    return StreetsError(
        f"{path.name} is a history file, with every version of each object: make one of a single "
        "date, with osmium time-filter."
    )


def _marked(path: Path) -> Deleted:
    """Read the marks of an XML file."""
    gone: dict[str, set[int]] = {"node": set(), "way": set()}
    versions: dict[tuple[str, str], str] = {}
    remark: list[str] = []
    within = False

    def start(tag: str, about: dict[str, Any]) -> None:
        nonlocal within
        within = tag == "remark"
        if tag not in gone or "id" not in about:
            return
        key, version = (tag, about["id"]), about.get("version", "")
        if versions.setdefault(key, version) != version:
            raise _history(path)
        if about.get("action") == "delete" or about.get("visible") == "false":
            gone[tag].add(int(about["id"]))

    def text(data: str) -> None:
        if within:
            remark.append(data)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.CharacterDataHandler = start, text
    try:
        with _decompressed(path) as file:
            parser.ParseFile(file)
    except ValueError as error:
        msg = f"{path.name} has an object whose id is no number: save it again."
        raise StreetsError(msg) from error
    said = " ".join("".join(remark).split())
    if said:
        raise cut_short(path.name, said)
    return Deleted(frozenset(gone["node"]), frozenset(gone["way"]))


def cut_short(name: str, remark: str) -> StreetsError:
    """Return the error for a saved reply of Overpass that is incomplete."""
    return StreetsError(
        f'{name} is only part of an answer: Overpass added "{remark[:200]}". Ask again for a '
        "smaller area, or with a longer timeout."
    )


def _decompressed(path: Path) -> BinaryIO:
    name = path.name.lower()
    if name.endswith(".gz"):
        return gzip.open(path)  # type: ignore[return-value]  # it reads bytes all the same
    if name.endswith(".bz2"):
        return bz2.open(path)  # type: ignore[return-value]
    return path.open("rb")
