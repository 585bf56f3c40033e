"""The ways and tagged nodes of an extract as lines of text, written by a process of its own.

What pyosmium does it does without Python: it reads, looks up where the nodes of each way lie,
passes over what is of no interest, and writes the rest in libosmium's OPL format. That goes on
beside what the reader does with the lines, the index of the nodes leaves with the process, and a
fault of native code ends nobody else. ``python -m hillfinder.catalogue.sifting FILE FORMAT INDEX``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hillfinder.streets import extract
from hillfinder.streets.spots import NODE_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: So many bytes of ways are handed on at once.
PIECE = 16 << 20
#: The index of a larger file is kept on disk: it has 16 bytes a node, twice the extract's size.
INDEX_ON_DISK_FROM = 500 << 20
IN_MEMORY = "flex_mem"


@contextmanager
def ways(path: Path, folder: Path) -> Iterator[Iterator[bytes]]:
    """Yield the lines of an extract in pieces, none of which cuts a line in two.

    Args:
        path: the extract.
        folder: where an index may go that is too large for memory.

    Raises:
        RuntimeError: it cannot be read; its words are libosmium's.
    """
    index = folder / ".nodes"
    ending = next(end for end in extract.ENDINGS if path.name.lower().endswith(end))
    large = path.stat().st_size > INDEX_ON_DISK_FROM
    kind = f"sparse_file_array,{index}" if large else IN_MEMORY
    command = [sys.executable, "-m", __name__, str(path), ending[1:], kind]
    with subprocess.Popen(  # noqa: S603 - this very program
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as sieve:
        try:
            yield _pieces(sieve)
        finally:
            sieve.kill()
            index.unlink(missing_ok=True)


def _pieces(sieve: subprocess.Popen[bytes]) -> Iterator[bytes]:
    if sieve.stdout is None or sieve.stderr is None:  # they are pipes
        raise AssertionError
    rest = b""
    while piece := sieve.stdout.read(PIECE):
        whole, end, tail = (rest + piece).rpartition(b"\n")
        yield whole + end
        rest = tail
    said = sieve.stderr.read().decode(errors="replace").strip()
    if sieve.wait():
        raise RuntimeError(said.rpartition("\n")[2] or f"reading it ended with {sieve.returncode}")
    yield rest


def _sift(path: str, ending: str, index: str) -> None:
    import osmium
    from osmium.osm import NODE, WAY

    locations = osmium.NodeLocationsForWays(osmium.index.create_map(index))
    locations.ignore_errors()
    streets, tagged = osmium.filter.KeyFilter(*extract.KEYS), osmium.filter.TagFilter(*NODE_TAGS)
    streets.enable_for(WAY)
    tagged.enable_for(NODE)
    text = osmium.io.File("-", "opl,locations_on_ways=true,add_metadata=false")
    writer = osmium.SimpleWriter(text)
    with osmium.io.Reader(osmium.io.File(path, ending), NODE | WAY) as reader:
        osmium.apply(reader, locations, streets, tagged, writer)
    writer.close()


if __name__ == "__main__":
    try:
        _sift(*sys.argv[1:])
    except Exception as error:  # noqa: BLE001 - the other process says what it means
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(1)  # a writer that failed would abort the process when it is taken apart
