"""Elevation models in files of a degree on public servers, of which only the window is fetched.

They are cloud-optimised GeoTIFFs: a table at the beginning says where in the file each block of
cells lies, so that a window of a file of 400 MB costs some 4 requests. GDAL knows that table, and
could fetch by itself, but past the one door: with its own waits and retries, in words of its own,
deaf to the switch and to Ctrl-C. So it never sends. It reads from the parts of the file that are
here; what it finds missing is noted, fetched through the door and kept, and it reads again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import product
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from hillfinder.elevation.raster import Raster
from hillfinder.errors import DataError, HeightsError, ServiceError
from hillfinder.model import HeightSource
from hillfinder.web import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from rasterio.io import DatasetReader

    from hillfinder.model import Bools, Floats
    from hillfinder.web import Web

INSTEAD = "give an elevation file (--dem FILE)"
#: What is fetched and kept: the table of a 3DEP file fits into the first part.
PART = 2**17
#: Parts in a row that are fetched with one request.
MOST_AT_ONCE = 64
#: So many cells around a point are read with it, in degrees: voids are masked with their rims.
MARGIN_CELLS = 5
#: A window of 42 km x 30 km at 45 degrees in the finest of these models.
MOST_CELLS = 4096 * 4096
#: What is kept of a file that does not exist.
NOTHING = b"no file"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True, slots=True)
class Model:
    """An elevation model of the world, or of a part of it, in files of a degree.

    Attributes:
        source: what it is.
        service: whom to name when it fails.
        address: the attribute of ``Web`` that holds their address, with ``{tile}`` for a name.
        cell: degrees between its cells, north to south.
        tile: the name of the file of which the arguments are the south and west edges.
        within: west, south, east, north of where it may have files; elsewhere none is asked for.
    """

    source: HeightSource
    service: Service
    address: str
    cell: float
    tile: Callable[[int, int], str]
    within: tuple[tuple[float, float, float, float], ...] = ((-180.0, -90.0, 180.0, 90.0),)

    def reaches(self, lon: Floats, lat: Floats) -> Bools:
        """Return for each point whether the model may have a file there."""
        boxes = (
            (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
            for west, south, east, north in self.within
        )
        return np.asarray(np.logical_or.reduce(list(boxes)))


def _letters(value: int, positive: str, negative: str, digits: int) -> str:
    return f"{positive if value >= 0 else negative}{abs(value):0{digits}}"


USGS_3DEP = Model(
    source=HeightSource(
        "USGS 3DEP 1/3 arc-second",
        "bare earth",
        10.3,
        "U.S. Geological Survey, 3D Elevation Program, public domain",
    ),
    service=Service(name="USGS 3DEP", gives="heights are", instead=INSTEAD),
    address="usgs_url",
    cell=1 / 10800,
    # Its files are named by their north-west corner.
    tile=lambda south, west: _letters(south + 1, "n", "s", 2) + _letters(west, "e", "w", 3),
    within=(
        (-125.0, 24.0, -66.0, 50.0),
        (-180.0, 51.0, -129.0, 72.0),  # Alaska, in part
        (172.0, 51.0, 180.0, 54.0),
        (-161.0, 18.0, -154.0, 23.0),  # Hawaii
        (-68.0, 17.0, -64.0, 19.0),  # Puerto Rico and the Virgin Islands
        (144.0, 13.0, 147.0, 21.0),  # Guam and the Northern Marianas
        (-171.0, -15.0, -168.0, -13.0),  # American Samoa
    ),
)
COPERNICUS = Model(
    source=HeightSource(
        "Copernicus GLO-30",
        "surface",
        30.9,
        "Copernicus DEM GLO-30, (c) DLR e.V. 2010-2014 and (c) Airbus Defence and Space GmbH "
        "2014-2018, provided under COPERNICUS by the European Union and ESA; all rights reserved",
    ),
    service=Service(name="Copernicus GLO-30", gives="heights are", instead=INSTEAD),
    address="copernicus_url",
    cell=1 / 3600,
    tile=lambda south, west: (
        f"Copernicus_DSM_COG_10_{_letters(south, 'N', 'S', 2)}_00_"
        f"{_letters(west, 'E', 'W', 3)}_00_DEM"
    ),
)


class Remote:
    """Heights from the files of a ``Model``, fetched window by window."""

    def __init__(self, web: Web, model: Model) -> None:
        """Use the files of ``model``."""
        self._web = web
        self._model = model

    @property
    def source(self) -> HeightSource:
        """What the model is."""
        return self._model.source

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return heights at points, NaN where the model has no file, as over the sea, or a void.

        Raises:
            HeightsError: the points lie too far apart.
            ServiceError: the files cannot be had, or are no elevation models.
            OfflineError: a part of them is not kept, and the network is off.
        """
        urls = self._urls(lon, lat)
        service = self._model.service
        cause = DataError("sent a file that cannot be read")
        # What was kept may be parts of two versions of a file, or damaged: then all is fetched.
        for distrust in (False, True):
            files = [_File(self._web, self._model, url, distrust=distrust) for url in urls]
            try:
                return _read([file for file in files if file.exists], lon, lat)
            except DataError as error:
                cause.__cause__ = error
        msg = (
            f"{service.name} sent a file that cannot be read, so {service.gives} not to be had "
            f"now: try again in a few minutes, or {service.instead}."
        )
        raise ServiceError(msg) from cause

    def _urls(self, lon: Floats, lat: Floats) -> list[str]:
        """Return the addresses of the files around the points.

        Raises:
            HeightsError: the points lie too far apart.
        """
        near = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) < 90)
        near[near] = self._model.reaches(lon[near], lat[near])
        lon, lat = lon[near], lat[near]
        if not len(lon):
            return []
        start, cell = float(lon[0]), self._model.cell
        lon = start + (lon - start + 180.0) % 360.0 - 180.0
        cells = np.ptp(lon) / cell * np.ptp(lat) / cell
        if cells > MOST_CELLS:
            msg = (
                f"The streets spread over {cells / 1e6:.0f} million cells of "
                f"{self._model.source.name}, and {MOST_CELLS // 10**6} million are the most that "
                "are fetched: search a smaller area (a shorter warm-up), or "
                f"{self._model.service.instead}."
            )
            raise HeightsError(msg)
        margin = MARGIN_CELLS * cell
        squares = {
            (int(south), (int(west) + 180) % 360 - 180)
            for up, across in product((-margin, margin), repeat=2)
            for south, west in np.unique(np.floor([lat + up, lon + across]), axis=1).T
            if -90 <= south < 90
        }
        address: str = getattr(self._web, self._model.address)
        return [address.replace("{tile}", self._model.tile(*each)) for each in sorted(squares)]


def _read(files: Sequence[_File], lon: Floats, lat: Floats) -> Floats:
    """Read heights from files, fetching what is found missing until nothing is.

    Raises:
        DataError: what there is cannot be read.
    """
    if not files:
        return np.full(len(lon), np.nan)
    by_url = {file.url: file for file in files}
    while True:
        try:
            read = Raster([*by_url], opener=lambda url: by_url[url].open())(lon, lat)
        except HeightsError:
            if not any(file.wanted for file in files):
                raise
        else:
            if not any(file.wanted for file in files):
                return read
        for file in files:
            file.fetch()


class _File:
    """A file on a server, as far as it is here."""

    def __init__(self, web: Web, model: Model, url: str, *, distrust: bool) -> None:
        """Fetch its first part; what was kept before is not looked at if ``distrust``."""
        self.url = url
        self.wanted: set[int] = set()
        self._web = web
        self._model = model
        self._distrust = distrust
        self._made: dict[int, bytes] = {}
        self._parts: dict[int, bytes] = {}
        first = self._kept(0)
        self.exists = first != NOTHING
        self.version, self.size = "", 0
        if self.exists:
            self.version, self.size, self._parts[0] = _split(first)

    def open(self) -> DatasetReader:
        """Let GDAL read from the parts that are here."""
        import rasterio
        from rasterio.abc import MultiByteRangeResourceContainer

        MultiByteRangeResourceContainer.register(_Folder)
        # GDAL remembers files by their names: each opening has one of its own.
        name = f"{uuid4().hex}/{self.url.rpartition('/')[2]}"
        return rasterio.open(name, opener=_Folder(self))

    def read(self, start: int, count: int) -> bytes:
        """Return bytes; those that are not here are zeros, and noted as wanted."""
        count = max(0, min(count, self.size - start))
        if not count:
            return b""
        numbers = range(start // PART, (start + count - 1) // PART + 1)
        missing = [number for number in numbers if number not in self._parts]
        if missing:
            self.wanted.update(missing)
            return bytes(count)
        data = b"".join(self._parts[number] for number in numbers)
        return data[start % PART :][:count]

    def fetch(self) -> None:
        """Get the wanted parts.

        Raises:
            DataError: they are parts of another version of the file.
        """
        for number in sorted(self.wanted):
            version, size, self._parts[number] = _split(self._kept(number))
            if (version, size) != (self.version, self.size):
                msg = f"{self.url} has changed"
                raise DataError(msg)
        self.wanted.clear()

    def _kept(self, number: int) -> bytes:
        def check(entry: bytes) -> None:
            if self._distrust and entry != self._made.get(number):
                msg = "not trusted"
                raise DataError(msg)
            if entry != NOTHING:
                _split(entry)

        return self._web.kept(
            f"{self.url} part {number}",
            partial(self._make, number),
            check=check,
            suffix=".part",
            service=self._model.service,
        )

    def _make(self, number: int) -> bytes:
        """Fetch a part, and the wanted ones that follow it without a gap, with one request."""
        if number in self._made:
            return self._made[number]
        last = number
        while last + 1 in self.wanted and last - number < MOST_AT_ONCE:
            last += 1
        service = self._model.service
        version, size, data = self._web.part(
            self.url, number * PART, (last + 1) * PART - 1, service=service, absent=NOTHING
        )
        if data == NOTHING:
            self._made[number] = NOTHING
        elif number == 0 and data[:4] not in TIFF:
            msg = (
                f"{service.name} sent no elevation model, so {service.gives} not to be had now: "
                f"try again in a few minutes, or {service.instead}."
            )
            raise ServiceError(msg) from DataError("sent no elevation model")
        else:
            for each in range(number, last + 1):
                part = data[(each - number) * PART :][:PART]
                self._made[each] = _joined(version, size, part, str(self._model.source.attribution))
        return self._made[number]


def _joined(version: str, size: int, data: bytes, attribution: str) -> bytes:
    """Return what is kept of a part: where it comes from, and a sum to check it by."""
    fields = (version, str(size), sha256(data).hexdigest(), attribution)
    return "\t".join(fields).encode() + b"\n" + data


def _split(entry: bytes) -> tuple[str, int, bytes]:
    """Return version and size of the file and the bytes of a part.

    Raises:
        DataError: it is not what was kept.
    """
    before, _, data = entry.partition(b"\n")
    fields = before.decode(errors="replace").split("\t")
    if len(fields) != 4 or fields[2] != sha256(data).hexdigest() or not fields[1].isdecimal():
        msg = "a part of a file that is damaged"
        raise DataError(msg)
    return fields[0], int(fields[1]), data


class _Folder:
    """What GDAL sees: a folder with one file in it (``rasterio.abc.FileContainer``)."""

    def __init__(self, file: _File) -> None:
        self._file = file

    def open(self, path: str, mode: str = "rb", **_: object) -> _Reader:  # noqa: ARG002
        return _Reader(self._file)

    def isfile(self, path: str) -> bool:  # noqa: ARG002
        return True

    def isdir(self, path: str) -> bool:  # noqa: ARG002
        return False

    def ls(self, path: str) -> list[str]:  # noqa: ARG002
        return [self._file.url.rpartition("/")[2]]

    def mtime(self, path: str) -> int:  # noqa: ARG002
        return 0

    def size(self, path: str) -> int:  # noqa: ARG002
        return self._file.size


class _Reader:
    """A file as GDAL reads it. Nothing may be raised here: it would be lost on the way."""

    closed = False

    def __init__(self, file: _File) -> None:
        self._file = file
        self._at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to close."""

    def close(self) -> None:
        """There is nothing to close."""

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence, self._file.size)
        return self._at

    def read(self, count: int = -1) -> bytes:
        data = self._file.read(self._at, self._file.size if count < 0 else count)
        self._at += len(data)
        return data

    def get_byte_ranges(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        return [self._file.read(*each) for each in zip(offsets, sizes, strict=True)]
