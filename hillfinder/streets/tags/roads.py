"""Read what kind of road a way is: its class, speed limit, sidewalk and lighting.

This is the only reader of these tags. A link is judged as the class it links, and a list of values
(``residential;primary``) as the busiest of them.

Sources, pages of the OpenStreetMap wiki: "Key:highway", "Key:maxspeed", "Key:sidewalk", "Key:lit",
"Key:service", "Key:footway", "Key:lanes", "Key:winter_service".
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from hillfinder.streets.tags.values import NO, parts
from hillfinder.units import MILE_KM

if TYPE_CHECKING:
    from collections.abc import Mapping


class RoadClass(IntEnum):
    """The kinds of ways, from the quietest to the busiest.

    ``NONE`` has no ``highway`` tag (a pier, a station platform), ``OTHER`` an unknown value of it.
    """

    NONE = 0
    OTHER = 1
    FOOTWAY = 2
    PATH = 3
    PEDESTRIAN = 4
    BRIDLEWAY = 5
    TRACK = 6
    STEPS = 7
    PLATFORM = 8
    CYCLEWAY = 9
    LIVING_STREET = 10
    RESIDENTIAL = 11
    SERVICE = 12
    UNCLASSIFIED = 13
    TERTIARY = 14
    SECONDARY = 15
    PRIMARY = 16
    TRUNK = 17

    @property
    def wheels(self) -> bool:
        """Whether it has a carriageway."""
        return self >= RoadClass.LIVING_STREET

    @property
    def cars(self) -> bool:
        """Whether cars or buses drive there."""
        return self >= RoadClass.RESIDENTIAL

    @property
    def through(self) -> bool:
        """Whether traffic passes through."""
        return self >= RoadClass.UNCLASSIFIED

    @property
    def busy(self) -> bool:
        """Whether much traffic passes through."""
        return self >= RoadClass.SECONDARY

    @property
    def trail(self) -> bool:
        """Whether it is mostly mapped from GPS tracks, and may be unpaved."""
        return self in _TRAILS

    @property
    def carless(self) -> bool:
        """Whether it is made for people on foot, on bicycles or on horses."""
        return self in _CARLESS


_TRAILS: Final = frozenset(
    (
        *(RoadClass.FOOTWAY, RoadClass.PATH, RoadClass.BRIDLEWAY, RoadClass.TRACK),
        *(RoadClass.STEPS, RoadClass.CYCLEWAY),
    )
)
_CARLESS: Final = _TRAILS | {RoadClass.PEDESTRIAN}

_CLASSES: Final[Mapping[str, RoadClass]] = {
    **{each.name.lower(): each for each in RoadClass if each > RoadClass.OTHER},
    "road": RoadClass.UNCLASSIFIED,  # of unknown class
    "busway": RoadClass.UNCLASSIFIED,
    "bus_guideway": RoadClass.UNCLASSIFIED,
    "raceway": RoadClass.SERVICE,
    "escape": RoadClass.SERVICE,
    "motorway": RoadClass.TRUNK,
}
_LINK: Final = "_link"

#: Tags of a line that is known to be a street, or recorded on foot.
STREET_TAGS: Final[Mapping[str, str]] = {"highway": "residential"}
TRAIL_TAGS: Final[Mapping[str, str]] = {"highway": "path"}

#: Service roads on somebody's ground, and what to call them.
YARDS: Final[Mapping[str, str]] = {
    "parking_aisle": "parking aisle",
    "parking": "parking aisle",
    "driveway": "driveway",
    "driveway2": "driveway",
    "drive-through": "drive-through",
    "drive_through": "drive-through",
    "emergency_access": "emergency access",
    "slipway": "slipway",
    "layby": "lay-by",
    "garages": "garages",
    "garage": "garages",
    "yard": "yard",
}

#: Values that put a sidewalk on the way itself. ``separate`` is not among them: that sidewalk is a
#: way of its own.
_SIDEWALKS: Final[Mapping[str, frozenset[str]]] = {
    "sidewalk": frozenset({"both", "left", "right", "yes"}),
    "sidewalk:both": frozenset({"yes"}),
    "sidewalk:left": frozenset({"yes"}),
    "sidewalk:right": frozenset({"yes"}),
}
SIDEWALK_KEYS: Final = (*_SIDEWALKS,)
_LEFT_SIDE, _RIGHT_SIDE = "sidewalk:left", "sidewalk:right"

#: Keys under which a way says that it is the sidewalk or the crossing of a road.
_PAVEMENT: Final = "sidewalk"
ALONG_ROAD_KEYS: Final = ("footway", "path", "cycleway")

#: Lamps that are switched off late at night count as lit.
_LIT: Final = frozenset(
    (
        *("yes", "automatic", "24/7", "limited", "interval", "operating_times"),
        *("dusk-dawn", "sunset-sunrise", "good", "sparse", "poor", "both", "left", "right"),
    )
)
_UNLIT: Final = NO - {""} | {"disused"}

_LIMIT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(mph|km/?h|kph)?")


class SpeedLimit(NamedTuple):
    """A posted speed limit: in km/h, and in the words of the sign."""

    km_h: float
    words: str


class Sidewalk(NamedTuple):
    """The sidewalks of a road, as tagged.

    Attributes:
        there: a sidewalk is mapped, on the way itself or as a way of its own.
        missing: the tags say that there is no sidewalk, at least in part.
        own: the sidewalk is part of the way, along its whole length.
    """

    there: bool
    missing: bool
    own: bool

    @property
    def known(self) -> bool | None:
        """Whether there is one; ``None`` where the tags do not say, or contradict each other."""
        return self.there if self.there != self.missing else None


class Road(NamedTuple):
    """What kind of road a way is.

    Attributes:
        cls: its class, the busiest of several.
        link: it links a road of that class to others.
        limit: the highest posted limit, ``None`` where no number is known.
        lanes: their number, 0 where unknown.
        sidewalk: its sidewalks, as tagged.
        lit: whether all of it is lit, ``None`` where unknown.
        pavement: it is itself the sidewalk of a road.
        crossing: it is itself the crossing of a road.
        yard: a service road on somebody's ground.
        alley: a service road behind houses.
        gritted: it is cleared in winter.
    """

    cls: RoadClass
    link: bool
    limit: SpeedLimit | None
    lanes: int
    sidewalk: Sidewalk
    lit: bool | None
    pavement: bool
    crossing: bool
    yard: bool
    alley: bool
    gritted: bool


ROAD_KEYS: Final = (
    *("highway", "maxspeed", "lanes", "lit", "service", "winter_service"),
    *(*SIDEWALK_KEYS, *ALONG_ROAD_KEYS),
)
"""Every tag key that ``road_of`` reads."""


def road_of(tags: Mapping[str, str]) -> Road:
    """Return what kind of road a way is.

    >>> road = road_of({"highway": "trunk_link", "maxspeed": "30mph", "sidewalk": "separate"})
    >>> road.cls.name, road.link, road.limit.words, road.sidewalk.known, road.lit
    ('TRUNK', True, '30 mph', True, None)
    """
    along = _along_road(tags)
    service = parts(tags.get("service"))
    lanes = [int(part) for part in parts(tags.get("lanes")) if part.isdecimal()]
    return Road(
        cls=class_of(tags.get("highway")),
        link=any(part.endswith(_LINK) for part in parts(tags.get("highway"))),
        limit=speed_limit(tags.get("maxspeed")),
        lanes=max(lanes, default=0),
        sidewalk=sidewalk_of(tags),
        lit=is_lit(tags.get("lit")),
        pavement=_PAVEMENT in along,
        crossing="crossing" in along,
        yard=not YARDS.keys().isdisjoint(service),
        alley="alley" in service,
        gritted=tags.get("winter_service") == "yes",
    )


def class_of(highway: str | None) -> RoadClass:
    """Return the class of a value of ``highway``.

    >>> class_of("primary_link").name, class_of("footway;tertiary").name, class_of(None).name
    ('PRIMARY', 'TERTIARY', 'NONE')
    """
    if not highway:
        return RoadClass.NONE
    known = _CLASSES.get(highway)
    if known is not None:
        return known
    return max(_CLASSES.get(part.removesuffix(_LINK), RoadClass.OTHER) for part in parts(highway))


def is_trail(tags: Mapping[str, str]) -> bool:
    """Tell whether a way is mostly mapped from GPS tracks, and may be unpaved."""
    return class_of(tags.get("highway")).trail


def is_pavement(tags: Mapping[str, str]) -> bool:
    """Tell whether a way is itself the sidewalk of a road."""
    return _PAVEMENT in _along_road(tags)


def _along_road(tags: Mapping[str, str]) -> set[str]:
    return {part for key in ALONG_ROAD_KEYS if key in tags for part in parts(tags[key])}


def speed_limit(maxspeed: str | None) -> SpeedLimit | None:
    """Return the highest limit in a value of ``maxspeed``; ``None`` without a number.

    >>> speed_limit("30mph"), speed_limit("30;50").words, speed_limit("signals; 20.5").words
    (SpeedLimit(km_h=48.28032, words='30 mph'), '50 km/h', '20.5 km/h')
    >>> speed_limit("FR:urban") is None
    True
    """
    found = [read for part in parts(maxspeed) if (read := _LIMIT.fullmatch(part))]
    limits = [
        SpeedLimit(float(number) * MILE_KM, f"{number} mph")
        if unit == "mph"
        else SpeedLimit(float(number), f"{number} km/h")
        for number, unit in (read.groups() for read in found)
    ]
    return max(limits, default=None)


def sidewalk_of(tags: Mapping[str, str]) -> Sidewalk:
    """Return the sidewalks of a road, as tagged.

    >>> sidewalk_of({"sidewalk": "separate"}).known, sidewalk_of({"sidewalk": "both;no"}).known
    (True, None)
    >>> sidewalk_of({"sidewalk:left": "no"}).known, sidewalk_of({"sidewalk": "none"}).known
    (None, False)
    """
    there = own = False
    without = set()
    for key, here in _SIDEWALKS.items():
        if key in tags:
            said = frozenset(parts(tags[key]))
            there = there or not said.isdisjoint(here | {"separate"})
            own = own or said <= here
            if not said.isdisjoint(_UNLIT):
                without.add(key)
    sides = {_LEFT_SIDE, _RIGHT_SIDE}
    missing = bool(without - sides) or (without == sides)
    return Sidewalk(there, missing, own)


def is_lit(value: str | None) -> bool | None:
    """Return whether a value of ``lit`` says that the whole way is lit; ``None`` if unknown.

    >>> is_lit("yes"), is_lit("yes;no"), is_lit("disused"), is_lit(""), is_lit("24/7")
    (True, False, False, None, True)
    """
    if not value:
        return None
    said = parts(value)
    if not _UNLIT.isdisjoint(said):
        return False
    return True if _LIT.issuperset(said) else None
