"""Files of a scan in progress, with a checksum.

A file begins with one line of JSON: the CRC-32 of the rest, and facts from its writer. A damaged
file counts as missing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zlib import crc32

from hillfinder.output.atomic_write import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Names of half-written files that a killed process leaves.
LEFT_BEHIND = ".hillfinder-*.part"


def write_checked(path: Path, data: bytes, about: Mapping[str, Any]) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    head = json.dumps({**about, "crc32": crc32(data)}).encode()
    # The data begins at a multiple of eight bytes, so that its numbers are aligned.
    head += b" " * (-len(head) - 1 & 7) + b"\n"
    replace(path, head + data, overwrite=True, synced=False)


def read_checked(path: Path) -> tuple[dict[str, Any], memoryview] | None:
    """Return the header and the data of a file; ``None`` where it is missing or damaged."""
    try:
        file = path.read_bytes()
        end = file.index(b"\n")
        about, data = json.loads(file[:end]), memoryview(file)[end + 1 :]
        whole = about.pop("crc32") == crc32(data)
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return None
    return (about, data) if whole else None


def header_of(path: Path) -> dict[str, Any]:
    """Return the header of a file that is known to be whole."""
    with path.open("rb") as file:
        return dict(json.loads(file.readline()))
