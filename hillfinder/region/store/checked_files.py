"""Files of a scan under way: each whole, and known to be so.

A file begins with one line of JSON: the CRC-32 of all that follows, and what its writer says
about it. One that is damaged counts as one that is not there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zlib import crc32

from hillfinder.output.atomic_write import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: What is half written where a process was killed is called so.
LEFT_BEHIND = ".hillfinder-*.part"


def write(path: Path, data: bytes, about: Mapping[str, Any]) -> None:
    """Write a part whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    head = json.dumps({**about, "crc32": crc32(data)}).encode()
    # Numbers in the part begin at a multiple of eight bytes, as processors like it.
    head += b" " * (-len(head) - 1 & 7) + b"\n"
    replace(path, head + data, overwrite=True, synced=False)


def read(path: Path) -> tuple[dict[str, Any], memoryview] | None:
    """Return what was said about a part, and the part; ``None`` where none is whole."""
    try:
        file = path.read_bytes()
        end = file.index(b"\n")
        about, data = json.loads(file[:end]), memoryview(file)[end + 1 :]
        whole = about.pop("crc32") == crc32(data)
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None
    return (about, data) if whole else None


def about(path: Path) -> dict[str, Any]:
    """Return what was said about a part that is known to be whole."""
    with path.open("rb") as file:
        return dict(json.loads(file.readline()))
