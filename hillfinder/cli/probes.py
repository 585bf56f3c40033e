"""Whether the services that hillfinder needs can be reached from here, and how fast they answer."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hillfinder.elevation.sources.byte_ranges import TIFF
from hillfinder.elevation.sources.cog import COPERNICUS, USGS_3DEP
from hillfinder.elevation.sources.tiles import MAPTERHORN, TERRARIUM
from hillfinder.errors import ServiceError
from hillfinder.services.geocoding import NOMINATIM
from hillfinder.services.weather import OPEN_METEO
from hillfinder.streets.overpass import OVERPASS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hillfinder.elevation.sources.cog import Model
    from hillfinder.elevation.sources.tiles import TileSet
    from hillfinder.services.client import Service, Web

TIMEOUT_S = 10.0
#: South and west edge of a square of which every elevation model has a file: it says nothing of
#: where the person is who asks.
EVERYWHERE = (39, -106)


@dataclass(frozen=True, slots=True)
class Probe:
    """How one finds out whether a service is there.

    Attributes:
        service: which.
        urls: what is asked for at each of its servers: something small.
        signs: a real answer has one of them in it; a login page of a network has none.
        span: which of its bytes are asked for, empty for all.
    """

    service: Service
    urls: Callable[[Web], Sequence[str]]
    signs: Sequence[bytes]
    span: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one question: ``said`` is the end of a sentence that begins with the host."""

    service: Service
    host: str
    reached: bool
    seconds: float
    said: str


def _tile(tiles: TileSet) -> Probe:
    """Ask for the tile that shows the whole earth."""

    def urls(web: Web) -> list[str]:
        url: str = getattr(web, tiles.address)
        for name in ("{z}", "{x}", "{y}"):
            url = url.replace(name, "0")
        return [url]

    return Probe(tiles.service, urls, [tiles.format.encode()])


def _file(model: Model) -> Probe:
    """Ask for the first bytes of a file: it has 50 MB or more."""

    def urls(web: Web) -> list[str]:
        url: str = getattr(web, model.address)
        return [url.replace("{tile}", model.tile(*EVERYWHERE))]

    return Probe(model.service, urls, TIFF, "bytes=0-15")


#: The weather where the equator meets Greenwich's meridian, at sea.
NOWHERE = "/v1/forecast?latitude=0&longitude=0&hourly=temperature_2m&forecast_days=1"

#: A new service gets a line here.
PROBES = (
    Probe(OVERPASS, lambda web: [f"{url}/status" for url in web.overpass_urls], [b"Connected as"]),
    Probe(NOMINATIM, lambda web: [f"{web.nominatim_url}/status"], [b"OK"]),
    _file(USGS_3DEP),
    _tile(TERRARIUM),
    _file(COPERNICUS),
    _tile(MAPTERHORN),
    Probe(OPEN_METEO, lambda web: [web.openmeteo_url + NOWHERE], [b'"hourly"']),
)


def services(web: Web) -> Iterator[Finding]:
    """Ask every service for something small, once each, and yield what comes of it."""
    for probe in PROBES:
        for url in probe.urls(web):
            begun = time.monotonic()
            try:
                reply = web.ask(url, probe.service, TIMEOUT_S, probe.span)
            except ServiceError as error:
                reached, said = False, str(error)
            else:
                reached = any(sign in reply for sign in probe.signs)
                said = _slots(reply) if reached else "sent something else (is a login wanted?)"
            seconds = time.monotonic() - begun
            yield Finding(probe.service, urlsplit(url).netloc, reached, seconds, said)


def _slots(reply: bytes) -> str:
    r"""Return what Overpass says of how soon it would answer, or plainly that it was reached.

    >>> _slots(b"Rate limit: 2\n2 slots available now.\nCurrently running queries:")
    'was reached: 2 slots available now'
    """
    found = re.search(rb"(\d+ slots available now|Slot available after: [^\n]*)", reply)
    return "was reached" + (f": {found[0].decode(errors='replace').rstrip('.')}" if found else "")
