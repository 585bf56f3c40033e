"""Filter an extract in a process of its own, which writes lines of text in libosmium's OPL format.

libosmium reads the file, looks up the coordinates of way nodes and drops what is not needed, all
without Python code. The reader works beside it, the index of the nodes is freed with the process,
and a crash of native code ends only that process.
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

#: Size of a chunk of lines, bytes. Arrays made of larger ones are mapped again each time
#: (``worker_pool.KEPT_FREE``).
CHUNK_BYTES = 8 << 20
#: Size of an extract from which the node index is on disk, bytes: it takes 16 bytes a node, twice
#: the extract.
INDEX_ON_DISK_FROM = 500 << 20
#: Return code of a process that the system killed, usually for lack of memory.
KILLED = -9


@contextmanager
def street_lines(path: Path, folder: Path) -> Iterator[Iterator[bytes]]:
    """Yield the ways and tagged nodes of an extract in chunks of whole lines.

    Args:
        path: the extract.
        folder: where an index that is too large for memory goes.

    Raises:
        RuntimeError: it cannot be read; the message is libosmium's.
        ServiceError: the process that reads it was killed.
    """
    from hillfinder.streets.tags.features import NODE_TAGS

    index = folder / ".nodes"
    large = path.stat().st_size > INDEX_ON_DISK_FROM
    kind = f"sparse_file_array,{index}" if large else "flex_mem"
    try:
        with _lines(path, kind, json.dumps(NODE_TAGS)) as chunks:
            yield chunks
    finally:
        index.unlink(missing_ok=True)


def place_lines(path: Path, *, ways: bool) -> AbstractContextManager[Iterator[bytes]]:
    """Yield all nodes of an extract, and with ``ways`` these with the coordinates written in them.

    Chunks and errors are those of ``street_lines``.
    """
    return _lines(path, *([] if ways else ["nodes"]))


@contextmanager
def _lines(path: Path, *index_and_tags: str) -> Iterator[Iterator[bytes]]:
    from hillfinder.streets.sources import osm_file

    ending = next(end for end in osm_file.ENDINGS if path.name.lower().endswith(end))
    keys = json.dumps(osm_file.KEYS)
    # As a file, and with -P, so that no module is imported from the current folder.
    command = [sys.executable, "-P", __file__, str(path), ending[1:], keys, *index_and_tags]
    with subprocess.Popen(  # noqa: S603 - this very program
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for this process, which ends the other
    ) as process:
        try:
            yield _whole_lines(process)
        finally:
            process.kill()


def _whole_lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    if process.stdout is None or process.stderr is None:  # they are pipes
        raise AssertionError
    rest = b""
    while chunk := process.stdout.read(CHUNK_BYTES):
        end = chunk.rfind(b"\n") + 1
        if end:
            yield b"".join([rest, memoryview(chunk)[:end]])
        rest = chunk[end:] if end else rest + chunk
    message = process.stderr.read().decode(errors="replace").strip()
    if process.wait() == KILLED:
        from hillfinder.errors import ServiceError

        msg = (
            "What reads the extract was killed, perhaps for want of memory: give it more, and call "
            "the scan again."
        )
        raise ServiceError(msg)
    if process.returncode:
        last = message.rpartition("\n")[2]
        raise RuntimeError(last or f"reading it ended with {process.returncode}")
    yield rest


def _write_lines(path: str, ending: str, keys: str, index: str = "", node_tags: str = "") -> None:
    """Write nodes and ways to stdout, or nodes alone; with tags, the streets and their places."""
    import osmium
    from osmium.osm import NODE, WAY

    text = osmium.io.File("-", "opl,locations_on_ways=true,add_metadata=false")
    writer = osmium.SimpleWriter(text)
    streets = osmium.filter.KeyFilter(*json.loads(keys))
    streets.enable_for(WAY)
    handlers: list[Any] = [streets]
    if node_tags:
        # It also drops the coordinates that are written in ways.
        locations = osmium.NodeLocationsForWays(osmium.index.create_map(index))
        locations.ignore_errors()
        tagged = osmium.filter.TagFilter(*map(tuple, json.loads(node_tags)))
        tagged.enable_for(NODE)
        handlers = [locations, streets, tagged]
    read = NODE if index == "nodes" else NODE | WAY
    with osmium.io.Reader(osmium.io.File(path, ending), read) as reader:
        osmium.apply(reader, *handlers, writer)
    writer.close()


if __name__ == "__main__":
    try:
        _write_lines(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001 - the other process explains it
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(1)  # the destructor of a writer that failed aborts the process
