"""The services that heights come from, by the names a person gives them, and the choice of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.sources.cog import COPERNICUS, USGS_3DEP, Remote
from hillfinder.elevation.sources.fallback import Chain, why
from hillfinder.elevation.sources.tiles import MAPTERHORN, MAPTERHORN_ZOOMS, TERRARIUM, Tiles
from hillfinder.errors import HeightsError, InputError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hillfinder.elevation.heights import Heights
    from hillfinder.model import HeightSource, Place
    from hillfinder.services.client import Web

#: The name for the best there is at a place.
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Known:
    """A service as it is listed.

    Attributes:
        name: what ``--elevation`` calls it.
        title: what it is called.
        where: which part of the earth it covers.
        kind, cell: what its heights are of, and how far apart, in words: it differs by place.
        licence: under what terms, in words.
        attribution: the credit it asks for.
        open: makes its sources of heights, best first.
    """

    name: str
    title: str
    where: str
    kind: str
    cell: str
    licence: str
    attribution: str
    open: Callable[[Web], list[Heights]]


KNOWN = (
    Known(
        name="3dep",
        title="USGS 3DEP 1/3 arc-second",
        where="USA",
        kind="bare earth",
        cell="10 m",
        licence="public domain",
        attribution=USGS_3DEP.service.credit,
        open=lambda web: [Remote(web, USGS_3DEP)],
    ),
    Known(
        name="terrarium",
        title="terrarium tiles",
        where="the earth",
        kind="by tile",
        cell="2 to 30 m",
        licence="open, with credit",
        attribution=TERRARIUM.service.credit,
        open=lambda web: [Tiles(web)],
    ),
    Known(
        name="copernicus",
        title="Copernicus GLO-30",
        where="nearly all the earth",
        kind="surface",
        cell="30 m",
        licence="open, with credit",
        attribution=COPERNICUS.service.credit,
        open=lambda web: [Remote(web, COPERNICUS)],
    ),
    Known(
        name="mapterhorn",
        title="Mapterhorn",
        where="the earth",
        kind="by tile",
        cell="3 to 30 m",
        licence="open, with credit",
        attribution=MAPTERHORN.service.credit,
        open=lambda web: [Tiles(web, MAPTERHORN, zoom) for zoom in MAPTERHORN_ZOOMS],
    ),
)
NAMES = (AUTO, *(known.name for known in KNOWN))


def choose(name: str, place: Place, web: Web) -> list[Heights]:
    """Return the sources that a name stands for, best first.

    ``auto`` is 3DEP where it may have a file, then terrarium tiles, then Copernicus. Mapterhorn is
    asked only by its name: it does not say which of its heights are of the bare earth.

    Raises:
        InputError: no service is called so.
    """
    if name == AUTO:
        there = USGS_3DEP.reaches(np.array([place.lon]), np.array([place.lat])).any()
        names = ["3dep"] * bool(there) + ["terrarium", "copernicus"]
        return [source for each in names for source in choose(each, place, web)]
    for known in KNOWN:
        if known.name == name:
            return known.open(web)
    msg = f'No elevation service is called "{name}": give {", ".join(NAMES)}.'
    raise InputError(msg)


@dataclass(frozen=True, slots=True)
class Found:
    """What a service knows of a place.

    Attributes:
        elevation_m: the height there, ``None`` where it has none.
        source: what that height is from, ``None`` where there is none.
        problem: why it could not be asked, empty where it could.
    """

    elevation_m: float | None
    source: HeightSource | None
    problem: str = ""


def look(known: Known, place: Place, web: Web) -> Found:
    """Ask a service for the height of one place."""
    heights = Chain(known.open(web))
    try:
        read = heights(np.array([place.lon]), np.array([place.lat]))
    except (HeightsError, ServiceError) as error:
        return Found(None, None, why(error))
    if np.isnan(read).all():
        return Found(None, None)
    return Found(float(read[0]), heights.source)
