"""Elevation models in files of a degree on public servers, of which only the window is fetched.

Their names follow from the place. (3DEP also has a VRT of the whole: 0.8 MB that say no more.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.earth import METRES_PER_DEGREE
from hillfinder.elevation.sources.byte_ranges import RemoteFile
from hillfinder.elevation.sources.raster import Raster
from hillfinder.errors import DataError, HeightsError, ServiceError
from hillfinder.model import HeightSource
from hillfinder.services.client import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hillfinder.model import Bools, Floats, HeightKind
    from hillfinder.services.client import Web

INSTEAD = "give an elevation file (--dem FILE)"
#: So many cells around a point are read with it, in degrees: voids are masked with their rims.
MARGIN_CELLS = 5
#: A window of 42 km x 30 km at 45 degrees in the finest of these models.
MOST_CELLS = 4096 * 4096


@dataclass(frozen=True, slots=True)
class Model:
    """An elevation model of the world, or of a part of it, in files of a degree.

    Attributes:
        name: what it is called.
        kind: what its heights are of.
        service: whom to name when it fails.
        address: the attribute of ``Web`` that holds their address, with ``{tile}`` for a name.
        cell: degrees between its cells, north to south.
        tile: the name of the file of which the arguments are the south and west edges.
        within: west, south, east, north of where it may have files; elsewhere none is asked for.
    """

    name: str
    kind: HeightKind
    service: Service
    address: str
    cell: float
    tile: Callable[[int, int], str]
    within: tuple[tuple[float, float, float, float], ...] = ((-180.0, -90.0, 180.0, 90.0),)

    @property
    def source(self) -> HeightSource:
        """What is told of it."""
        cell_m = round(self.cell * METRES_PER_DEGREE, 1)
        return HeightSource(self.name, self.kind, cell_m, self.service.credit)

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
    name="USGS 3DEP 1/3 arc-second",
    kind="bare earth",
    service=Service(
        name="USGS 3DEP",
        gives="heights are",
        instead=INSTEAD,
        credit="U.S. Geological Survey, 3D Elevation Program, public domain",
    ),
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
    name="Copernicus GLO-30",
    kind="surface",
    service=Service(
        name="Copernicus GLO-30",
        gives="heights are",
        instead=INSTEAD,
        credit="Copernicus DEM GLO-30, (c) DLR e.V. 2010-2014 and (c) Airbus Defence and Space "
        "GmbH 2014-2018, provided under COPERNICUS by the European Union and ESA; all rights "
        "reserved",
    ),
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

    @property
    def key(self) -> str:
        """Return what the heights depend on, so that profiles made of them can be kept."""
        return str(getattr(self._web, self._model.address))

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
            files = [RemoteFile(self._web, url, service, distrust=distrust) for url in urls]
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
                f"{self._model.name}, and {MOST_CELLS // 10**6} million are the most that "
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


def _read(files: Sequence[RemoteFile], lon: Floats, lat: Floats) -> Floats:
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
