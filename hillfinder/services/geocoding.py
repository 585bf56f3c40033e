"""Where to search from: ``"lat,lon"`` in the spellings people use, or words for Nominatim."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from hillfinder.errors import DataError, PlaceError
from hillfinder.model import Place
from hillfinder.services import osmnx_session
from hillfinder.services.request import Question
from hillfinder.services.service import Probe, Service

if TYPE_CHECKING:
    from hillfinder.services.client import Web

NOMINATIM = Service(
    name="Nominatim",
    gives="the whereabouts of this place are",
    instead='give "latitude,longitude"',
    address="https://nominatim.openstreetmap.org",
    variable="HILLFINDER_NOMINATIM_URL",
    probe=Probe(lambda address: f"{address}/status", (b"OK",)),
    pause_s=5.0,
    apart_s=1.0,  # https://operations.osmfoundation.org/policies/nominatim/
)
#: Number of matches that are asked for and shown.
MOST_MATCHES = 5
#: Matches nearer than this, degrees, are one place, mapped as a point and as an area.
SAME_DEG = 0.02
EXAMPLE = 'write latitude, longitude in degrees, for instance "45.4993,-122.6974"'

_SAME = str.maketrans("−–′’ʹ″”“º˚", "--'''\"\"\"°°")  # noqa: RUF001 - look-alikes are the point
_UNSIGNED = r"\d+(?:\.\d*)?"
_ANGLE = (
    rf"([-+]?(?:{_UNSIGNED}|\.\d+))\s*"
    rf"""(?:°\s*(?:({_UNSIGNED})'\s*(?:({_UNSIGNED})"\s*)?)?)?"""
)
_SIDE = r"([NSEW])"
_PAIRS = tuple(
    re.compile(pair, re.IGNORECASE)
    for pair in (
        rf"(){_ANGLE}()(?:\s*[,;]\s*|\s+|(?<=\s))(){_ANGLE}()",
        rf"(){_ANGLE}{_SIDE}\s*[,;]?\s*(){_ANGLE}{_SIDE}",
        rf"{_SIDE}\s*{_ANGLE}()[,;]?\s*{_SIDE}\s*{_ANGLE}()",
    )
)
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_COORDINATES = re.compile(r"""(?=.*\d\D+\d)(?=.*[.,;°])[-+\d.,;°'"\sNSEWO/]+""", re.IGNORECASE)


def locate(text: str | tuple[float, float] | Place, web: Web) -> Place:
    """Return the place that is meant.

    Args:
        text: a ``Place``; a pair of latitude and longitude; or a text. ``"45.5,-122.6"``,
            ``"45.5 -122.6"``, ``"45,5 -122,6"``, ``"45.5N 122.6W"`` and ``45°30'N 122°36'W`` are
            read as numbers; anything that does not look like coordinates is asked of Nominatim.
        web: the client.

    Raises:
        PlaceError: it is nowhere on earth, cannot be read, or Nominatim knows no such place.
        ServiceError: Nominatim cannot be reached.
        OfflineError: the words were not asked before, and the network is off.
    """
    if isinstance(text, Place):
        return text
    if not isinstance(text, str):
        return _from_pair(text)
    words = " ".join(text.split())
    if not words:
        msg = f"No place was given: {EXAMPLE}, or a name."
        raise PlaceError(msg)
    return _from_numbers(words) or _ask_nominatim(words, web)


def _from_pair(pair: tuple[float, float]) -> Place:
    try:
        lat, lon = (float(value) for value in pair)
    except (TypeError, ValueError) as error:
        msg = f"{pair!r} is not a place: give (latitude, longitude) in degrees."
        raise PlaceError(msg) from error
    return _real(lat, lon)


def _real(lat: float, lon: float) -> Place:
    """Return the place, but not the one that stands for "unknown" in half the world's software."""
    if lat == lon == 0:
        msg = f"0,0 lies in the sea off Africa, and mostly means an empty position: {EXAMPLE}."
        raise PlaceError(msg)
    return Place(lat, lon)


def _from_numbers(words: str) -> Place | None:
    """Return the place that ``words`` give in numbers, ``None`` where they are words."""
    plain = words.translate(_SAME).strip("()[] ")
    if len(_DECIMAL_COMMA.findall(plain)) == 2 and "." not in plain:
        plain = _DECIMAL_COMMA.sub(".", plain)  # "45,5 -122,6"
    for pair in _PAIRS:
        if found := pair.fullmatch(plain):
            return _from_parts(words, found.groups(""))
    try:
        lat, lon = (float(part) for part in plain.split(","))  # "nan,nan", "1e2,5"
    except ValueError:
        if _COORDINATES.fullmatch(plain):
            msg = f'"{words}" looks like coordinates and cannot be read as such: {EXAMPLE}.'
            raise PlaceError(msg) from None
        return None
    return _real(lat, lon)


def _from_parts(words: str, parts: tuple[str, ...]) -> Place:
    """Return the place of two angles: side, degrees, minutes, seconds, side of each."""
    sides = [(parts[at] or parts[at + 4]).upper() for at in (0, 5)]
    angles = [_angle(words, *parts[at + 1 : at + 4]) for at in (0, 5)]
    for at, side in enumerate(sides):
        if side and parts[5 * at + 1][0] in "+-":
            msg = f'"{words}" has a sign and a letter for the same thing: leave one out.'
            raise PlaceError(msg)
        if side and side in "SW":
            angles[at] = -angles[at]
    if sides[0] and sides[0] in "EW":
        sides.reverse()
        angles.reverse()
    if sides[0] and not (sides[0] in "NS" and sides[1] in "EW"):
        msg = f'"{words}" needs one of N or S and one of E or W: {EXAMPLE}.'
        raise PlaceError(msg)
    return _real(*angles)


def _angle(words: str, degrees: str, minutes: str, seconds: str) -> float:
    """Return degrees, minutes and seconds as degrees."""
    if (minutes and float(minutes) >= 60) or (seconds and float(seconds) >= 60):
        msg = f'"{words}" has 60 minutes or seconds or more: there are 60 in a whole.'
        raise PlaceError(msg)
    size = abs(float(degrees)) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    return -size if degrees.startswith("-") else size


def _ask_nominatim(words: str, web: Web) -> Place:
    """Ask Nominatim, by way of OSMnx, and say which of its answers is taken."""
    reply = b""

    def check(data: bytes) -> None:
        nonlocal reply
        if not _matches(data):
            msg = f'Nominatim knows no place "{words}": add the city or country, or {EXAMPLE}.'
            raise PlaceError(msg)
        reply = data

    def ask() -> bytes:
        osmnx_session.run(
            web,
            lambda osmnx: osmnx.geocode(words),
            service=NOMINATIM,
            check=check,
            amend=lambda url: url.replace("limit=1&", f"limit={MOST_MATCHES}&"),
        )
        return reply

    # Cached under the words as well, where it is found without loading OSMnx.
    urls = web.urls(NOMINATIM)
    key = f"{urls[0]} {words}"
    data = web.get(
        Question(service=NOMINATIM, urls=urls, check=check, key=key, suffix=".json", make=ask)
    )
    chosen, *others = (f'{each.name}, "{each.lat:.4f},{each.lon:.4f}"' for each in _matches(data))
    web.progress.say(f'"{words}" is taken for {chosen}.')
    for other in others:
        web.progress.say(f"It may also be {other}: give these numbers if you mean that one.")
    first = _matches(data)[0]
    return Place(first.lat, first.lon, words)


def _matches(data: bytes) -> list[Place]:
    """Return the places in a reply of Nominatim, the most important first, each once."""
    try:
        reply = json.loads(data)
        rows = [
            Place(float(row["lat"]), float(row["lon"]), str(row.get("display_name", "")))
            for row in reply
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        msg = "not the JSON that Nominatim sends"
        raise DataError(msg) from error
    if not isinstance(reply, list):
        msg = "not a list of places"
        raise DataError(msg)
    found: list[Place] = []
    for row in rows:
        if all(max(abs(row.lat - o.lat), abs(row.lon - o.lon)) > SAME_DEG for o in found):
            found.append(row)
    return found
