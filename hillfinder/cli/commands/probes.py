"""Whether the services that hillfinder needs can be reached from here, and how fast they answer."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hillfinder.elevation.sources import registry
from hillfinder.errors import ServiceError
from hillfinder.services.geocoding import NOMINATIM
from hillfinder.services.request import Question
from hillfinder.services.service import host
from hillfinder.services.weather import OPEN_METEO
from hillfinder.streets.sources.overpass import OVERPASS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.services.client import Web
    from hillfinder.services.service import Service

#: How long a service may take to answer, s.
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one question: ``said`` is the end of a sentence that begins with the host."""

    service: Service
    host: str
    reached: bool
    seconds: float
    said: str


def services() -> tuple[Service, ...]:
    """Return every service that hillfinder may ask."""
    heights = (each.service for each in registry.ELEVATION_SERVICES)
    return (OVERPASS, NOMINATIM, *heights, OPEN_METEO)


def findings(web: Web) -> Iterator[Finding]:
    """Ask every service for something small, once each, and yield what comes of it."""
    for service in services():
        probe = service.probe
        for address in web.urls(service):
            begun = time.monotonic()
            try:
                reply = web.get(
                    Question(
                        service=service,
                        urls=(probe.url(address),),
                        span=probe.span,
                        tries=1,
                        timeout_s=TIMEOUT_S,
                        patience_s=TIMEOUT_S,
                    )
                )
            except ServiceError as error:
                reached, said = False, str(error.__cause__ or error)
            else:
                reached = any(sign in reply for sign in probe.signs)
                said = _slots(reply) if reached else "sent something else (is a login wanted?)"
            yield Finding(service, host(address), reached, time.monotonic() - begun, said)


def _slots(reply: bytes) -> str:
    r"""Return what Overpass says of how soon it would answer, or plainly that it was reached.

    >>> _slots(b"Rate limit: 2\n2 slots available now.\nCurrently running queries:")
    'was reached: 2 slots available now'
    """
    found = re.search(rb"(\d+ slots available now|Slot available after: [^\n]*)", reply)
    return "was reached" + (f": {found[0].decode(errors='replace').rstrip('.')}" if found else "")
