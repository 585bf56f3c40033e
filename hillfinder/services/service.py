"""What hillfinder knows about a service on the network: where it is, and how to treat it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Callable

#: Places are sent to services, and logged, on a grid this wide, degrees: about 1 km. That shows the
#: quarter, not the door.
GRID_DEG = 0.01


@dataclass(frozen=True, slots=True)
class Probe:
    """A small question whose answer shows that a service is there.

    Attributes:
        url: makes the URL to ask from the address of the service.
        signs: a real answer contains one of these; the login page of a network does not.
        span: first and last byte to ask for, from 0; ``None`` for all.
    """

    url: Callable[[str], str]
    signs: tuple[bytes, ...]
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service.

    Attributes:
        name: what it is called.
        gives: what it provides, with its verb: "heights are".
        instead: what the user can do without it, beginning with a verb.
        address: its public address; several with commas, to be tried in order.
        variable: the environment variable that replaces the address.
        probe: how to see whether it can be reached.
        pause_s: the least wait after it said that it is busy, s.
        apart_s: the least time between two questions from this machine, asked one at a time, s;
            ``None`` where several may be asked at once.
        credit: the credit it asks for wherever its data goes.
        ending: the last part of an address that is added to every question, and ignored in what
            the user gives.
    """

    name: str
    gives: str
    instead: str
    address: str
    variable: str
    probe: Probe
    pause_s: float = 1.0
    apart_s: float | None = None
    credit: str = ""
    ending: str = ""

    def urls(self, addresses: str) -> tuple[str, ...]:
        """Return the single addresses in a text that has one or several, with commas between."""
        urls = (url.strip().rstrip("/") for url in addresses.split(","))
        return tuple(url.removesuffix(self.ending).rstrip("/") for url in urls)


def filled(address: str, **fields: object) -> str:
    """Return an address with values in place of its fields.

    >>> filled("https://tiles.example/{z}/{x}/{y}.png", z=14, x=2605, y=5867)
    'https://tiles.example/14/2605/5867.png'
    """
    for name, value in fields.items():
        address = address.replace(f"{{{name}}}", str(value))
    return address


def host(url: str) -> str:
    """Return the host and port of a URL, without user and password.

    >>> host("https://me:secret@tiles.example:8080/1/2/3.png")
    'tiles.example:8080'
    """
    return urlsplit(url).netloc.rpartition("@")[2]


def without_password(url: str) -> str:
    """Return a URL without user and password.

    >>> without_password("https://me:secret@overpass.example/api")
    'https://overpass.example/api'
    """
    return urlunsplit(urlsplit(url)._replace(netloc=host(url)))
