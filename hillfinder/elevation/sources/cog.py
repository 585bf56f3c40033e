"""Elevation models in files of a degree on public servers, of which only the window is fetched.

Their names follow from the place. (3DEP also has a VRT of the whole: 0.8 MB that say no more.)
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.earth import METRES_PER_DEGREE
from hillfinder.elevation.sources.byte_ranges import RemoteFile
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.elevation.sources.registry import DegreeFiles
from hillfinder.errors import DataError, HeightsError, ServiceError
from hillfinder.model import HeightSource
from hillfinder.services.service import filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.elevation.sources.registry import ElevationService
    from hillfinder.model import Bools, Floats
    from hillfinder.services.client import Web

#: Margin around the points that is read too, cells: voids are masked with their rims.
RIM_CELLS = 5
#: Most cells of a window: 42 km x 30 km at 45 degrees in the finest of these models.
MOST_WINDOW_CELLS = 4096 * 4096


class Remote:
    """Heights from cloud-optimised files of a degree, downloaded window by window."""

    def __init__(self, web: Web, service: ElevationService) -> None:
        """Use the files of ``service``, whose data is ``DegreeFiles``."""
        if not isinstance(service.data, DegreeFiles):
            msg = f"{service.name} has no files of a degree"
            raise TypeError(msg)
        self._web = web
        self._title = service.title
        self._service = service.service
        self._files = service.data

    @property
    def source(self) -> HeightSource:
        """What the heights are."""
        cell_m = round(self._files.cell * METRES_PER_DEGREE, 1)
        return HeightSource(self._title, self._files.kind, cell_m, self._service.credit)

    @property
    def key(self) -> str:
        """Return what the heights depend on, as a key to cache profiles by."""
        return self._web.urls(self._service)[0]

    def reaches(self, lon: float, lat: float) -> bool:
        """Return whether there may be a file for a point."""
        return bool(self._covered(np.array([lon]), np.array([lat])).all())

    def _covered(self, lon: Floats, lat: Floats) -> Bools:
        boxes = (
            (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
            for west, south, east, north in self._files.within
        )
        return np.asarray(np.logical_or.reduce(list(boxes)))

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return heights at points, NaN where the model has no file, as over the sea, or a void.

        Raises:
            HeightsError: the points lie too far apart.
            ServiceError: the service fails, or sends no elevation models.
            OfflineError: a part of them is not cached, and the network is off.
        """
        urls = self._urls(lon, lat)
        service = self._service
        cause = DataError("sent a file that cannot be read")
        # Cached parts may be damaged, or of two versions of a file: then all are downloaded.
        for distrust in (False, True):
            files = [RemoteFile(self._web, each, service, distrust=distrust) for each in urls]
            try:
                return _read_files([file for file in files if file.exists], lon, lat)
            except DataError as error:
                cause.__cause__ = error
        msg = (
            f"{service.name} sent a file that cannot be read, so {service.gives} not available "
            f"now: try again in a few minutes, or {service.instead}."
        )
        raise ServiceError(msg) from cause

    def _urls(self, lon: Floats, lat: Floats) -> list[tuple[str, ...]]:
        """Return the addresses of the files around the points."""
        near = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) < 90)
        near[near] = self._covered(lon[near], lat[near])
        lon, lat = lon[near], lat[near]
        if not len(lon):
            return []
        start, cell = float(lon[0]), self._files.cell
        lon = start + (lon - start + 180.0) % 360.0 - 180.0
        cells = np.ptp(lon) / cell * np.ptp(lat) / cell
        if cells > MOST_WINDOW_CELLS:
            msg = (
                f"The streets spread over {cells / 1e6:.0f} million cells of "
                f"{self._title}, and {MOST_WINDOW_CELLS // 10**6} million are the most that "
                "are fetched: search a smaller area (a shorter warm-up), or "
                f"{self._service.instead}."
            )
            raise HeightsError(msg)
        margin = RIM_CELLS * cell
        squares = {
            (int(south), (int(west) + 180) % 360 - 180)
            for up, across in product((-margin, margin), repeat=2)
            for south, west in np.unique(np.floor([lat + up, lon + across]), axis=1).T
            if -90 <= south < 90
        }
        servers = self._web.urls(self._service)
        names = [self._files.tile(*each) for each in sorted(squares)]
        return [tuple(filled(server, tile=name) for server in servers) for name in names]


def _read_files(files: Sequence[RemoteFile], lon: Floats, lat: Floats) -> Floats:
    """Read heights from files, fetching what is found missing until nothing is."""
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
