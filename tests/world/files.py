"""A static file server with range requests, as the public buckets of elevation models are."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import md5
from typing import TYPE_CHECKING

from tests.world.service import Answer, Service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world.service import Request


class Files(Service):
    """A server of files, by their paths."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}

    @property
    def spans(self) -> list[tuple[str, int, int]]:
        """What was asked for: the name of the file, the first byte and how many."""
        found = []
        for request in self.requests:
            first, last = (int(number) for number in re.findall(r"\d+", request.span))
            size = len(self.files.get(request.path, b""))
            name = request.path.rpartition("/")[2]
            found.append((name, first, max(0, min(last + 1, size) - first)))
        return found

    def answer(self, request: Request) -> Answer:
        """Answer with a file or a part of it."""
        data = self.files.get(request.path)
        if data is None:
            return Answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        headers = {
            "Content-Type": "image/tiff",
            "Accept-Ranges": "bytes",
            "ETag": f'"{md5(data, usedforsecurity=False).hexdigest()}"',
        }
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", request.span)
        if span is None:
            return Answer(200, data, headers)
        first, last = int(span[1]), min(int(span[2] or len(data)), len(data) - 1)
        if first > last:
            return Answer(416, b"", {**headers, "Content-Range": f"bytes */{len(data)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Answer(206, data[first : last + 1], headers)


def wrong_blocks(answer: Answer) -> Answer:
    """Answer with the right number of bytes, all wrong but the first 64 kB, where a file begins."""
    first = answer.headers.get("Content-Range", "").startswith("bytes 0-")
    keep = 2**16 if first else 0
    rest = max(0, len(answer.body) - keep)
    return replace(answer, body=answer.body[:keep] + bytes(i % 251 for i in range(rest)))


def wrong_part(answer: Answer) -> Answer:
    """Answer with another part of the file than the one that was asked for, and say so."""
    return replace(answer, headers={**answer.headers, "Content-Range": "bytes 7-8/1000000"})


def cloud_optimised(path: Path, block: int = 512) -> bytes:
    """Return a raster as a cloud-optimised GeoTIFF, made as those of 3DEP are."""
    import rasterio
    from rasterio.io import MemoryFile

    with rasterio.open(path) as file:
        names = ("height", "width", "count", "dtype", "crs", "transform", "nodata")
        same = {name: file.profile[name] for name in names}
        how = {"driver": "COG", "compress": "LZW", "predictor": 3, "blocksize": block}
        with MemoryFile() as memory:
            with memory.open(**same, **how) as out:
                out.write(file.read())
            return bytes(memory.read())
