"""Whether the services that hillfinder needs can be reached from here, and how fast they answer."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hillfinder.elevation.tiles import TERRARIUM
from hillfinder.errors import ServiceError
from hillfinder.place import NOMINATIM
from hillfinder.streets.overpass import OVERPASS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hillfinder.web import Service, Web

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Probe:
    """How one finds out whether a service is there.

    Attributes:
        service: which.
        urls: what is asked for at each of its servers: something small.
        sign: what a real answer has in it; a login page of a network has not.
    """

    service: Service
    urls: Callable[[Web], Sequence[str]]
    sign: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one question: ``said`` is the end of a sentence that begins with the host."""

    service: Service
    host: str
    reached: bool
    seconds: float
    said: str


def _first_tile(web: Web) -> list[str]:
    url = web.terrarium_url
    for name in ("{z}", "{x}", "{y}"):
        url = url.replace(name, "0")
    return [url]


#: A new service gets a line here.
PROBES = (
    Probe(OVERPASS, lambda web: [f"{url}/status" for url in web.overpass_urls], b"Connected as"),
    Probe(NOMINATIM, lambda web: [f"{web.nominatim_url}/status"], b"OK"),
    Probe(TERRARIUM.service, _first_tile, b"PNG"),
)


def services(web: Web) -> Iterator[Finding]:
    """Ask every service for something small, once each, and yield what comes of it."""
    for probe in PROBES:
        for url in probe.urls(web):
            begun = time.monotonic()
            try:
                reply = web.ask(url, probe.service, TIMEOUT_S)
            except ServiceError as error:
                reached, said = False, str(error)
            else:
                reached = probe.sign in reply
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
