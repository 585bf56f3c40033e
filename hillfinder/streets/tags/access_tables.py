"""What each value of a tag means for a person on foot: the tables that ``access`` reads.

Sources, all pages of the OpenStreetMap wiki: "Key:access", "Key:foot", "Conditional
restrictions", "OSM tags for routing/Access restrictions", "Key:highway", "Key:service",
"Key:bridge", "Key:tunnel", "Key:covered", "Key:layer", "Key:level", "Key:sac_scale",
"Key:trail_visibility", "Key:conveying", "Key:golf", "Lifecycle prefix".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, TypeAlias

from hillfinder.streets.tags.roads import SIDEWALK_KEYS, YARDS
from hillfinder.streets.tags.values import NO

Table: TypeAlias = Mapping[str, Mapping[str, str]]


class Standing(IntEnum):
    """What an access tag says, from silence to the worst."""

    SILENT = 0
    OPEN = 1
    DESTINATION = 2
    DISCOURAGED = 3
    UNCLEAR = 4
    CLOSED = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value of ``highway`` means for feet.

    Attributes:
        walk: ``free``; only with a ``sidewalk`` or foot permission; only with ``foot``
            permission; ``never``.
        hill: ``free``; only with a ``sidewalk``; only with a ``permission``; only with a
            ``name`` or permission; ``never``.
        why: the reason given where one of the two is refused.
    """

    walk: Literal["free", "sidewalk", "foot", "never"] = "free"
    hill: Literal["free", "sidewalk", "permission", "name", "never"] = "free"
    why: str = ""


_STREET = Rule()
NOT_A_STREET = Rule("never", "never", "not a street or path")
_GONE = Rule("never", "never", "no longer there")
_PLANNED = Rule("never", "never", "not built yet")
_RAMP = Rule("free", "never", "ramp")
PIER = Rule("free", "never", "pier")
_WORKS = Rule("never", "never", "construction")

RULES: Mapping[str, Rule] = {
    "primary": _STREET,
    "secondary": _STREET,
    "tertiary": _STREET,
    "unclassified": _STREET,
    "residential": _STREET,
    "living_street": _STREET,
    "pedestrian": _STREET,
    "footway": _STREET,
    "path": _STREET,
    "track": _STREET,
    "crossing": _STREET,
    "steps": _STREET,
    # Made for others: whether feet are let in differs from country to country.
    "cycleway": Rule("free", "permission", "cycleway, and no word on feet"),
    "bridleway": Rule("free", "permission", "bridleway, and no word on feet"),
    # Public lanes and private yards share these two.
    "service": Rule("free", "name", "service road without a name"),
    "road": Rule("free", "name", "road of unknown kind"),
    "trunk": Rule("sidewalk", "sidewalk", "trunk road without a sidewalk"),
    "trunk_link": Rule("sidewalk", "never", "ramp"),
    "primary_link": _RAMP,
    "secondary_link": _RAMP,
    "tertiary_link": _RAMP,
    "unclassified_link": _RAMP,
    "residential_link": _RAMP,
    "motorway_link": Rule("foot", "never", "motorway ramp"),
    "motorway": Rule("never", "never", "motorway"),
    "platform": Rule("free", "never", "platform"),
    "busway": Rule("foot", "never", "busway"),
    "bus_guideway": Rule("foot", "never", "busway"),
    "raceway": Rule("foot", "never", "race track"),
    "rest_area": Rule("foot", "never", "motorway services"),
    "services": Rule("foot", "never", "motorway services"),
    "escape": Rule("never", "never", "runaway truck ramp"),
    "elevator": Rule("never", "never", "lift"),
    "corridor": Rule("never", "never", "indoors"),
    "via_ferrata": Rule("never", "never", "climbing route"),
    "ladder": Rule("never", "never", "ladder"),
    "construction": _WORKS,
    "proposed": _PLANNED,
    "planned": _PLANNED,
    "disused": Rule("never", "never", "disused"),
    "abandoned": Rule("never", "never", "abandoned"),
    "razed": _GONE,
    "demolished": _GONE,
    "dismantled": _GONE,
    "destroyed": _GONE,
    "removed": _GONE,
    "historic": _GONE,
    "no": _GONE,
}

ELSE = "*"  # in a table: any value that is neither named nor one of NO

_OPEN = (Standing.OPEN, "")
_PRIVATE = (Standing.CLOSED, "private")
_PERMIT = (Standing.CLOSED, "permit only")
_WORK = (Standing.CLOSED, "closed to the public")

SAYS: Mapping[str, tuple[Standing, str]] = {
    "yes": _OPEN,
    "designated": _OPEN,
    "official": _OPEN,
    "permissive": _OPEN,
    "public": _OPEN,
    "allowed": _OPEN,
    "destination": (Standing.DESTINATION, "destination only"),
    "discouraged": (Standing.DISCOURAGED, "discouraged on foot"),
    "no": (Standing.CLOSED, "no access on foot"),
    "none": (Standing.CLOSED, "no access on foot"),
    "prohibited": (Standing.CLOSED, "no access on foot"),
    "restricted": (Standing.CLOSED, "no access on foot"),
    "use_sidepath": (Standing.CLOSED, "feet must use the path beside it"),
    "separate": (Standing.CLOSED, "feet must use the path beside it"),
    "private": _PRIVATE,
    "residents": _PRIVATE,
    "members": _PRIVATE,
    "employees": _PRIVATE,
    "staff": _PRIVATE,
    "students": _PRIVATE,
    "customers": (Standing.CLOSED, "customers only"),
    "permit": _PERMIT,
    "license": _PERMIT,
    "military": (Standing.CLOSED, "military"),
    "delivery": _WORK,
    "agricultural": _WORK,
    "forestry": _WORK,
    "emergency": _WORK,
    "psv": _WORK,
}
SILENT = (Standing.SILENT, "")
UNCLEAR = (Standing.UNCLEAR, "access unclear")

# Closed whatever ``foot`` says. An escalator runs one way, and the network has no directions.
CLOSED: Table = {
    "conveying": {ELSE: "escalator"},
    "escalator": {ELSE: "escalator"},
    "indoor": {ELSE: "indoors"},
    "location": {"indoor": "indoors"},
    "construction": {"yes": "construction", "true": "construction", "1": "construction"},
    "sac_scale": {
        "alpine_hiking": "alpine route",
        "demanding_alpine_hiking": "alpine route",
        "difficult_alpine_hiking": "alpine route",
    },
    "trail_visibility": {"horrible": "no path to be seen", "no": "no path to be seen"},
}

# Closed unless ``foot`` opens it, and never a hill.
# No ``toll``: it is about vehicles.
CLOSED_UNLESS_FOOT: Table = {
    "motorroad": {ELSE: "motor road"},
    "golf": {ELSE: "golf course"},
    "leisure": {"golf_course": "golf course"},
    "aeroway": {"runway": "runway", "taxiway": "runway", ELSE: "airfield"},
    "military": {ELSE: "military"},
    "landuse": {"military": "military"},
    "disused": {ELSE: "disused"},
    "abandoned": {ELSE: "abandoned"},
    "fee": {ELSE: "a ticket is needed"},
}

STEPS: Table = {
    "steps": {ELSE: "stairs"},
    "step_count": {ELSE: "stairs"},
}

# A tunnel that is none: it is as level as the street.
PASSAGE = "building_passage"

# The ground height is not under the feet.
BRIDGE: Table = {"bridge": {ELSE: "bridge"}}
STRUCTURE: Table = {
    **BRIDGE,
    "tunnel": {PASSAGE: "passage through a building", ELSE: "tunnel"},
    "covered": {ELSE: "covered way"},
    "indoor": {ELSE: "indoors"},
    "location": {
        "underground": "tunnel",
        "indoor": "indoors",
        "overhead": "bridge",
        "bridge": "bridge",
        "roof": "roof",
        "rooftop": "roof",
    },
    "man_made": {"pier": "pier", "bridge": "bridge", "tunnel": "tunnel"},
    "floating": {ELSE: "floating walkway"},
    "level": {ELSE: "floor of a building"},
    # Above the ground by the wiki's definition, with or without a bridge tag.
    # Below zero says less: mostly a sunken street, or one with a bridge over it.
    "layer": dict.fromkeys(("1", "2", "3", "4", "5"), "raised above the ground"),
}

TIMES: Table = {
    "opening_hours": {"24/7": "", ELSE: "closed at times"},
    "seasonal": {ELSE: "closed at times"},
}

_ONE_WAY = "one way on foot"
NOT_HILL: Table = {
    "railway": {"platform": "platform"},
    "service": YARDS,
    "leisure": {"slipway": "slipway"},
    "footway": {"access_aisle": "parking aisle"},
    "area": {ELSE: "open area"},
    "construction": {ELSE: "construction"},
    "ford": {ELSE: "ford"},
    "sac_scale": {"demanding_mountain_hiking": "demanding mountain path"},
    "trail_visibility": {"bad": "path hard to see"},
    **TIMES,
    "oneway:foot": {ELSE: _ONE_WAY},
    "foot:forward": {"no": _ONE_WAY, "private": _ONE_WAY},
    "foot:backward": {"no": _ONE_WAY, "private": _ONE_WAY},
}

INDOORS = frozenset({"corridor", "elevator"})

# Here ``access=destination`` is about feet; on a road it is about motor vehicles.
FEET_ONLY = frozenset({"footway", "path", "pedestrian"})

AREA: Table = {
    "leisure": {
        "golf_course": "golf course",
        "miniature_golf": "golf course",
        "water_park": "water park",
    },
    "golf": {ELSE: "golf course"},
    "aeroway": {
        "runway": "runway",
        "taxiway": "runway",
        "stopway": "runway",
        "apron": "airfield",
        "aerodrome": "airfield",
        "heliport": "airfield",
        "helipad": "airfield",
    },
    "landuse": {
        "military": "military area",
        "quarry": "quarry",
        "landfill": "landfill",
        "construction": "construction site",
    },
    "military": dict.fromkeys(
        (
            "airfield",
            "barracks",
            "base",
            "danger_area",
            "naval_base",
            "obstacle_course",
            "range",
            "training_area",
        ),
        "military area",
    ),
    "amenity": {"prison": "prison"},
    "tourism": {"zoo": "zoo", "theme_park": "theme park"},
    "power": {"plant": "power station", "substation": "power station"},
}

AREA_TAGS: tuple[str, ...] = (*sorted({*AREA, "amenity", "area", "parking"}),)
"""Every tag key that ``area_bar`` reads."""

READ_BY_RULES = frozenset(
    {
        *CLOSED,
        *CLOSED_UNLESS_FOOT,
        *STEPS,
        *STRUCTURE,
        *NOT_HILL,
        *SIDEWALK_KEYS,
        "access",
        "access:conditional",
        "foot",
        "foot:conditional",
        "highway",
        "name",
    }
)
_READ_BY_OTHERS = (
    # What it is called.
    *("alt_name", "ref"),
    # How it is underfoot, in the dark and in winter.
    *("handrail", "incline", "informal", "lit", "smoothness", "surface", "tracktype", "width"),
    "winter_service",
    # Who else is there, and how fast.
    *("bicycle", "crossing", "cycleway", "junction", "lanes", "maxspeed", "motor_vehicle"),
    *("oneway", "path", "segregated"),
    # Where the ground beside it differs from the ground under it.
    *("cutting", "embankment"),
)

KEPT_TAGS: tuple[str, ...] = tuple(sorted({*READ_BY_RULES, *_READ_BY_OTHERS}))
"""Every OpenStreetMap way tag key kept as a column of the network, sorted.

Every key that a rule reads is among them, so that a network can be judged again from its columns.
"""

NOT_STANDING = NO | {value for value, kind in RULES.items() if kind in (_GONE, _PLANNED)}
