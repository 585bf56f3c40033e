"""Which elevation services to use at a place, and what one of them knows of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.sources import registry
from hillfinder.elevation.sources.cog import Remote
from hillfinder.elevation.sources.fallback import Chain, why
from hillfinder.elevation.sources.tiles import Tiles
from hillfinder.errors import HeightsError, InputError, ServiceError

if TYPE_CHECKING:
    from hillfinder.elevation.heights import Heights
    from hillfinder.elevation.sources.registry import ElevationService
    from hillfinder.model import HeightSource, Place
    from hillfinder.services.client import Web


def choose(name: str, place: Place, web: Web) -> list[Heights]:
    """Return the sources of heights that a name stands for, best first.

    ``auto`` stands for the automatic services that may have heights at the place: 3DEP in the USA,
    then terrarium tiles, then Copernicus.

    Raises:
        InputError: no service has that name.
    """
    if name == registry.AUTO:
        automatic = [each for each in registry.ELEVATION_SERVICES if each.automatic]
        readers = [reader for each in automatic for reader in read_from(each, web)]
        return [reader for reader in readers if reader.reaches(place.lon, place.lat)]
    for each in registry.ELEVATION_SERVICES:
        if each.name == name:
            return [*read_from(each, web)]
    names = ", ".join(registry.service_names())
    msg = f'No elevation service is called "{name}": give {names}.'
    raise InputError(msg)


def read_from(service: ElevationService, web: Web) -> list[Tiles] | list[Remote]:
    """Return what reads the heights of a service, best first."""
    if isinstance(service.data, registry.TileSet):
        return [Tiles(web, service, zoom) for zoom in service.data.zooms]
    return [Remote(web, service)]


@dataclass(frozen=True, slots=True)
class HeightThere:
    """What a service knows of a place.

    Attributes:
        elevation_m: the height there; ``None`` where it has none.
        source: what that height is from; ``None`` where there is none.
        problem: why it could not be asked; empty where it could.
    """

    elevation_m: float | None
    source: HeightSource | None
    problem: str = ""


def look(service: ElevationService, place: Place, web: Web) -> HeightThere:
    """Ask a service for the height of one place."""
    heights = Chain(read_from(service, web))
    try:
        read = heights(np.array([place.lon]), np.array([place.lat]))
    except (HeightsError, ServiceError) as error:
        return HeightThere(None, None, why(error))
    if np.isnan(read).all():
        return HeightThere(None, None)
    return HeightThere(float(read[0]), heights.source)
