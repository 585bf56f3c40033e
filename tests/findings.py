"""Findings made by hand, in which every number is known; and those of the made-up town."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from hillfinder import find
from hillfinder.criteria import Criteria
from hillfinder.demo import files
from hillfinder.demo.town import DOOR
from hillfinder.model import Beyond, Climb, HeightSource, Leg, Place, Profile, Route, StreetSource
from hillfinder.results.hill import Hill
from hillfinder.results.hills import Hills
from hillfinder.services.client import Web
from hillfinder.units import Grade, Length, Sentence
from tests.towns import STREET, town

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hillfinder import model
    from hillfinder.model import Floats

#: What a map that anyone can edit may hold.
HOSTILE = (
    "[red]Red Street[/red]",
    "[/never opened] [link=http://evil.example]Lane[/link]",
    "\x1b[31mred\x1b[0m\x07\x1b]0;title\x07",
    "line\nbreak\ttab\rreturn\x0bfeed\x0c",
    "one\u2028two\u2029three\x85four",
    "\x9b31mC1",
    "x" * 300,
    "word " * 60,
    "\u202egnirts\u202c \u2066isolated\u2069 Street",
    "רחוב הרצל 12",
    "شارع الملك",
    "🏔️ 👨‍👩‍👧 Hügelweg Ελλάδα 坂道",
    "\"quotes\" & <angle> 'brackets' ]]> <!-- -->",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</script><svg onload=alert(1)>",
    '=HYPERLINK("http://evil.example","click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "nul\x00\x01\ufffe\uffff\U0001ffff",
    "\ud800 alone \udcff",
    "${7*7} {{7*7}} `7` %s %(a)s {0}",
    ":smile: \\u001b \\n",
    "Z\u0337\u0322a\u0336l\u0337g\u0338o\u0336",
    "\u200b\u200c\u200d\ufeff",
    "",
    "   ",
)


def climb(
    *,
    lon: Sequence[float] = (-122.7, -122.699, -122.698),
    lat: Sequence[float] = (45.5, 45.5005, 45.501),
    distance_m: Sequence[float] = (0.0, 75.04, 150.04),
    elevation_m: Sequence[float] = (100.0, 108.004, 117.706),
    tags: Mapping[str, str] | None = None,
    sigma: float = 0.009,
) -> Climb:
    """Return a climb of 150 m and 17.7 m."""
    tags = {"highway": "residential", "surface": "asphalt", "lit": "yes"} if tags is None else tags
    count = len(lon)
    return Climb(
        lon=np.array(lon),
        lat=np.array(lat),
        profile=Profile(np.array(distance_m), np.array(elevation_m), np.full(count, 1.0)),
        legs=(Leg(0, 0.0, distance_m[-1]),),
        way_ids=(101, 102),
        name="Vista Avenue",
        tags=tags,
        grade_sigma=sigma,
    )


def approach(elevation_m: Sequence[float] = (90.0, 95.0, 93.0, 100.0)) -> Route:
    """Return 12 minutes and 1.9 km to the foot of ``climb``."""
    return Route(
        lon=np.array([-122.72, -122.71, -122.705, -122.7]),
        lat=np.array([45.49, 45.495, 45.497, 45.5]),
        elevation_m=np.array(elevation_m),
        distance_m=np.array([0.0, 900.0, 1400.0, 1888.88]),
        time_s=12 * 60 + 3,
        shape="direct",
    )


UNEVEN = Sentence("Uneven: its steepest ", Length(30.0), " rise ", Grade(0.13), ".")


def hill(rank: int = 1, name: str = "Vista Avenue, Spring Street to Carter Lane") -> Hill:
    """Return a hill with everything known."""
    return Hill(rank, name, climb(), approach(), (UNEVEN,))


def bare_hill(rank: int = 2) -> Hill:
    """Return a hill of which as little is known as can be."""
    unknown = climb(elevation_m=(100.0, math.nan, 117.0), tags={})
    return Hill(rank, "Footpath without a name", unknown, None)


def hostile_hill(text: str, rank: int = 1) -> Hill:
    """Return a hill with ``text`` wherever the map could put it."""
    tags = {"highway": text, "surface": text, "lit": text}
    return Hill(rank, text, climb(tags=tags), approach(), (text,))


def hills(
    *found: model.Hill,
    place: Place | None = None,
    criteria: Criteria | None = None,
    heights: HeightSource | None = None,
    beyond: Beyond | None = None,
    misses: tuple[str, ...] = (),
) -> Hills:
    """Return findings with these hills."""
    return Hills(
        place=place or Place(45.49, -122.72, "Home, Portland"),
        criteria=criteria or Criteria(),
        streets=StreetSource("portland.osm.pbf", "2026-01-31T00:00:00Z"),
        heights=heights or HeightSource("ned.tif", "bare earth", 10.3, "USGS"),
        hills=tuple(map(Hill.of, found)),
        beyond=beyond or Beyond(),
        misses=misses,
        network=town([(1, (1, 2), STREET)], {1: (0.0, 0.0), 2: (100.0, 0.0)}),
    )


def hostile_hills() -> Hills:
    """Return every hostile text in every place where text can be."""
    everything = " ".join(HOSTILE)
    return Hills(
        place=Place(45.49, -122.72, everything),
        criteria=Criteria(limit=len(HOSTILE)),
        streets=StreetSource(everything, everything, everything),
        heights=HeightSource(everything, "unknown", math.nan, everything),
        hills=tuple(hostile_hill(text, rank) for rank, text in enumerate(HOSTILE, 1)),
        beyond=Beyond(steeper=3, too_far=7, nearest_min=20.2, unreachable=1),
        misses=HOSTILE,
        network=hills().network,
    )


def line(route: Route | Climb) -> Floats:
    """Return lon and lat, shape (n, 2)."""
    return np.column_stack([route.lon, route.lat])


@cache
def gradely() -> Hills:
    """Return the hills of the made-up town, searched for once."""
    with TemporaryDirectory() as folder:
        made = files.write_town(Path(folder))
        return find.near(DOOR, streets=made.osm, dem=made.dem, web=Web(offline=True))
