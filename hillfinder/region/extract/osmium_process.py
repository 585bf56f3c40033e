"""The ways and tagged nodes of an extract as lines of text, written by a process of its own.

What pyosmium does it does without Python: it reads, looks up where the nodes of each way lie,
passes over what is of no interest, and writes the rest in libosmium's OPL format. That goes on
beside what the reader does with the lines, the index of the nodes leaves with the process, and a
fault of native code ends nobody else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

#: So many bytes of ways are handed on at once: not so many that each array made of them is mapped
#: anew (``running.KEPT_FREE``).
PIECE = 8 << 20
#: The index of a larger file is kept on disk: it has 16 bytes a node, twice the extract's size.
INDEX_ON_DISK_FROM = 500 << 20
IN_MEMORY = "flex_mem"
#: How a process ends that the system ends for want of memory: not by a fault of the file.
KILLED = -9


@contextmanager
def ways(path: Path, folder: Path) -> Iterator[Iterator[bytes]]:
    """Yield the lines of an extract in pieces, none of which cuts a line in two.

    Args:
        path: the extract.
        folder: where an index may go that is too large for memory.

    Raises:
        RuntimeError: it cannot be read; its words are libosmium's.
        ServiceError: the process that reads it was killed.
    """
    from hillfinder.streets.sources import osm_file
    from hillfinder.streets.tags.features import NODE_TAGS

    index = folder / ".nodes"
    large = path.stat().st_size > INDEX_ON_DISK_FROM
    kind = f"sparse_file_array,{index}" if large else IN_MEMORY
    try:
        with _sieve(path, "ways", kind, json.dumps(osm_file.KEYS), json.dumps(NODE_TAGS)) as pieces:
            yield pieces
    finally:
        index.unlink(missing_ok=True)


def nodes(path: Path) -> AbstractContextManager[Iterator[bytes]]:
    """Yield the lines of all nodes of an extract in pieces, as ``ways`` does."""
    return _sieve(path, "nodes")


@contextmanager
def _sieve(path: Path, *what: str) -> Iterator[Iterator[bytes]]:
    from hillfinder.streets.sources import osm_file

    ending = next(end for end in osm_file.ENDINGS if path.name.lower().endswith(end))
    # As a file, and with -P: what lies in the current folder is not taken for a module of Python's.
    command = [sys.executable, "-P", __file__, str(path), ending[1:], *what]
    with subprocess.Popen(  # noqa: S603 - this very program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for this process, which ends the other
    ) as sieve:
        try:
            yield _pieces(sieve)
        finally:
            sieve.kill()


def _pieces(sieve: subprocess.Popen[bytes]) -> Iterator[bytes]:
    if sieve.stdout is None or sieve.stderr is None:  # they are pipes
        raise AssertionError
    rest = b""
    while piece := sieve.stdout.read(PIECE):
        end = piece.rfind(b"\n") + 1
        if end:
            yield b"".join([rest, memoryview(piece)[:end]])
        rest = piece[end:] if end else rest + piece
    said = sieve.stderr.read().decode(errors="replace").strip()
    if sieve.wait() == KILLED:
        from hillfinder.errors import ServiceError

        msg = (
            "What reads the extract was killed, perhaps for want of memory: give it more, and call "
            "the scan again."
        )
        raise ServiceError(msg)
    if sieve.returncode:
        raise RuntimeError(said.rpartition("\n")[2] or f"reading it ended with {sieve.returncode}")
    yield rest


def _ways(index: str, keys: str, node_tags: str) -> Iterator[Any]:
    """Yield what a file passes through: where nodes lie, and what is of interest."""
    import osmium
    from osmium.osm import NODE, WAY

    locations = osmium.NodeLocationsForWays(osmium.index.create_map(index))
    locations.ignore_errors()
    streets = osmium.filter.KeyFilter(*json.loads(keys))
    tagged = osmium.filter.TagFilter(*map(tuple, json.loads(node_tags)))
    streets.enable_for(WAY)
    tagged.enable_for(NODE)
    yield from (locations, streets, tagged)


def _sift(path: str, ending: str, what: str, *how: str) -> None:
    import osmium
    from osmium.osm import NODE, WAY

    text = osmium.io.File("-", "opl,locations_on_ways=true,add_metadata=false")
    writer = osmium.SimpleWriter(text)
    wanted = NODE if what == "nodes" else NODE | WAY
    sieves = () if what == "nodes" else _ways(*how)
    with osmium.io.Reader(osmium.io.File(path, ending), wanted) as reader:
        osmium.apply(reader, *sieves, writer)
    writer.close()


if __name__ == "__main__":
    try:
        _sift(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001 - the other process says what it means
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(1)  # a writer that failed would abort the process when it is taken apart
