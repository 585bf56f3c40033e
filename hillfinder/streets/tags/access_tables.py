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
    """What an access tag says, mildest first."""

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
        why: the reason where one of the two is refused.
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

RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("primary", "secondary", "tertiary", "unclassified"), _STREET),
    **dict.fromkeys(("residential", "living_street", "pedestrian", "crossing"), _STREET),
    **dict.fromkeys(("footway", "path", "track", "steps"), _STREET),
    # Made for others: whether feet are let in differs from country to country.
    "cycleway": Rule("free", "permission", "cycleway, and no word on feet"),
    "bridleway": Rule("free", "permission", "bridleway, and no word on feet"),
    # Public lanes and private yards share these two.
    "service": Rule("free", "name", "service road without a name"),
    "road": Rule("free", "name", "road of unknown kind"),
    "trunk": Rule("sidewalk", "sidewalk", "trunk road without a sidewalk"),
    "trunk_link": Rule("sidewalk", "never", "ramp"),
    **dict.fromkeys(("primary_link", "secondary_link", "tertiary_link"), _RAMP),
    **dict.fromkeys(("unclassified_link", "residential_link"), _RAMP),
    "motorway_link": Rule("foot", "never", "motorway ramp"),
    "motorway": Rule("never", "never", "motorway"),
    "platform": Rule("free", "never", "platform"),
    **dict.fromkeys(("busway", "bus_guideway"), Rule("foot", "never", "busway")),
    "raceway": Rule("foot", "never", "race track"),
    **dict.fromkeys(("rest_area", "services"), Rule("foot", "never", "motorway services")),
    "escape": Rule("never", "never", "runaway truck ramp"),
    "elevator": Rule("never", "never", "lift"),
    "corridor": Rule("never", "never", "indoors"),
    "via_ferrata": Rule("never", "never", "climbing route"),
    "ladder": Rule("never", "never", "ladder"),
    "construction": Rule("never", "never", "construction"),
    "disused": Rule("never", "never", "disused"),
    "abandoned": Rule("never", "never", "abandoned"),
    **dict.fromkeys(("proposed", "planned"), _PLANNED),
    **dict.fromkeys(("razed", "demolished", "dismantled", "destroyed"), _GONE),
    **dict.fromkeys(("removed", "historic", "no"), _GONE),
}

ELSE = "*"  # in a table: any value that is neither named nor one of NO

_OPEN = (Standing.OPEN, "")
_NO_ACCESS = (Standing.CLOSED, "no access on foot")
_PATH_BESIDE = (Standing.CLOSED, "feet must use the path beside it")
_PRIVATE = (Standing.CLOSED, "private")
_PERMIT = (Standing.CLOSED, "permit only")
_WORK = (Standing.CLOSED, "closed to the public")

SAYS: Mapping[str, tuple[Standing, str]] = {
    **dict.fromkeys(("yes", "designated", "official", "permissive", "public", "allowed"), _OPEN),
    "destination": (Standing.DESTINATION, "destination only"),
    "discouraged": (Standing.DISCOURAGED, "discouraged on foot"),
    **dict.fromkeys(("no", "none", "prohibited", "restricted"), _NO_ACCESS),
    **dict.fromkeys(("use_sidepath", "separate"), _PATH_BESIDE),
    **dict.fromkeys(("private", "residents", "members"), _PRIVATE),
    **dict.fromkeys(("employees", "staff", "students"), _PRIVATE),
    "customers": (Standing.CLOSED, "customers only"),
    **dict.fromkeys(("permit", "license"), _PERMIT),
    "military": (Standing.CLOSED, "military"),
    **dict.fromkeys(("delivery", "agricultural", "forestry", "emergency", "psv"), _WORK),
}
SILENT = (Standing.SILENT, "")
UNCLEAR = (Standing.UNCLEAR, "access unclear")

# Closed whatever ``foot`` says. An escalator runs one way, and the network has no directions.
CLOSED: Table = {
    "conveying": {ELSE: "escalator"},
    "escalator": {ELSE: "escalator"},
    "indoor": {ELSE: "indoors"},
    "location": {"indoor": "indoors"},
    "construction": dict.fromkeys(("yes", "true", "1"), "construction"),
    "sac_scale": dict.fromkeys(
        ("alpine_hiking", "demanding_alpine_hiking", "difficult_alpine_hiking"), "alpine route"
    ),
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

STEPS: Table = {key: {ELSE: "stairs"} for key in ("steps", "step_count")}

# A value of ``tunnel`` that is not a tunnel: it is as level as the street.
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
        **dict.fromkeys(("golf_course", "miniature_golf"), "golf course"),
        "water_park": "water park",
    },
    "golf": {ELSE: "golf course"},
    "aeroway": {
        **dict.fromkeys(("runway", "taxiway", "stopway"), "runway"),
        **dict.fromkeys(("apron", "aerodrome", "heliport", "helipad"), "airfield"),
    },
    "landuse": {
        "military": "military area",
        "quarry": "quarry",
        "landfill": "landfill",
        "construction": "construction site",
    },
    "military": {
        **dict.fromkeys(("airfield", "barracks", "base", "naval_base"), "military area"),
        **dict.fromkeys(("danger_area", "range", "training_area"), "military area"),
        "obstacle_course": "military area",
    },
    "amenity": {"prison": "prison"},
    "tourism": {"zoo": "zoo", "theme_park": "theme park"},
    "power": {"plant": "power station", "substation": "power station"},
}

AREA_TAGS: tuple[str, ...] = (*sorted({*AREA, "amenity", "area", "parking"}),)
"""Every tag key that ``area_bar`` reads."""

_TABLES: Table = {**CLOSED, **CLOSED_UNLESS_FOOT, **STEPS, **STRUCTURE, **NOT_HILL}
_ACCESS_KEYS = ("access", "access:conditional", "foot", "foot:conditional")
READ_BY_RULES = frozenset({*_TABLES, *SIDEWALK_KEYS, *_ACCESS_KEYS, "highway", "name"})
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
