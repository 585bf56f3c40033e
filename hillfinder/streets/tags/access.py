"""What a person on foot may use, and what may be offered as a hill: two questions, from tags.

``decide`` asks in this order, and the first answer that closes a way is the last:

1. Is it a street, path or stairs that exists, and not a motorway (``_KINDS``)?
2. Do ``foot`` or, where ``foot`` is silent, ``access`` shut feet out (``_SAYS``)?
3. Is it a kind of road that only ``foot`` or a sidewalk opens: a trunk road, a busway (``_KINDS``)?
4. Is it of no use on foot, whatever the law: an escalator, indoors, a climb (``_CLOSED``)?
5. Is it ground that only ``foot`` opens: a golf course, a runway (``_CLOSED_UNLESS_FOOT``)?
6. It may be walked. Is it a hill? No stairs (``_STEPS``), nothing that leaves the ground
   (``_STRUCTURE``), no kind of road or service that is somebody's yard (``_KINDS``,
   ``_NO_HILL``), nothing doubtful, nothing that is closed at times (``:conditional``).

Where the tags leave doubt, routes get the benefit of it and hills do not: passing through an
unnamed lane once is one thing, running up and down it eight times another.

Values are read without regard to case and outer blanks. A list (``yes;private``, as mappers
write, or as OSMnx leaves behind when it merges ways) counts as its worst value.

Sources, all pages of the OpenStreetMap wiki: "Key:access", "Key:foot", "Conditional
restrictions", "OSM tags for routing/Access restrictions", "Key:highway", "Key:service",
"Key:bridge", "Key:tunnel", "Key:covered", "Key:layer", "Key:level", "Key:sac_scale",
"Key:trail_visibility", "Key:conveying", "Key:golf", "Lifecycle prefix".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    Table = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Access:
    """What the tags of a way allow.

    Attributes:
        walk: a person on foot may use it in a route.
        hill: it may be offered as a hill; a hill may always be walked.
        why: empty for a hill, else the reason why it is none, in plain words.
    """

    walk: bool
    hill: bool
    why: str


class _Standing(IntEnum):
    """What an access tag says, from silence to the worst."""

    SILENT = 0
    OPEN = 1
    DESTINATION = 2
    DISCOURAGED = 3
    UNCLEAR = 4
    CLOSED = 5


class _Feet(NamedTuple):
    """What ``foot`` and ``access`` say together.

    Attributes:
        closed: feet are shut out.
        opened: ``foot`` itself lets them in, which counts where a kind of road does not.
        permitted: ``foot`` or, where it is silent, ``access`` lets them in.
        doubt: why it is not good enough for a hill, or why it is closed.
        by_foot: ``foot`` decided, so that ``access`` counts for nothing.
    """

    closed: bool
    opened: bool
    permitted: bool
    doubt: str
    by_foot: bool


@dataclass(frozen=True, slots=True)
class _Kind:
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


_STREET = _Kind()
_NOT_A_STREET = _Kind("never", "never", "not a street or path")
_GONE = _Kind("never", "never", "no longer there")
_PLANNED = _Kind("never", "never", "not built yet")
_RAMP = _Kind("free", "never", "ramp")
_PIER = _Kind("free", "never", "pier")
_WORKS = _Kind("never", "never", "construction")

_KINDS: Mapping[str, _Kind] = {
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
    "cycleway": _Kind("free", "permission", "cycleway, and no word on feet"),
    "bridleway": _Kind("free", "permission", "bridleway, and no word on feet"),
    # Public lanes and private yards share these two.
    "service": _Kind("free", "name", "service road without a name"),
    "road": _Kind("free", "name", "road of unknown kind"),
    "trunk": _Kind("sidewalk", "sidewalk", "trunk road without a sidewalk"),
    "trunk_link": _Kind("sidewalk", "never", "ramp"),
    "primary_link": _RAMP,
    "secondary_link": _RAMP,
    "tertiary_link": _RAMP,
    "unclassified_link": _RAMP,
    "residential_link": _RAMP,
    "motorway_link": _Kind("foot", "never", "motorway ramp"),
    "motorway": _Kind("never", "never", "motorway"),
    "platform": _Kind("free", "never", "platform"),
    "busway": _Kind("foot", "never", "busway"),
    "bus_guideway": _Kind("foot", "never", "busway"),
    "raceway": _Kind("foot", "never", "race track"),
    "rest_area": _Kind("foot", "never", "motorway services"),
    "services": _Kind("foot", "never", "motorway services"),
    "escape": _Kind("never", "never", "runaway truck ramp"),
    "elevator": _Kind("never", "never", "lift"),
    "corridor": _Kind("never", "never", "indoors"),
    "via_ferrata": _Kind("never", "never", "climbing route"),
    "ladder": _Kind("never", "never", "ladder"),
    "construction": _WORKS,
    "proposed": _PLANNED,
    "planned": _PLANNED,
    "disused": _Kind("never", "never", "disused"),
    "abandoned": _Kind("never", "never", "abandoned"),
    "razed": _GONE,
    "demolished": _GONE,
    "dismantled": _GONE,
    "destroyed": _GONE,
    "removed": _GONE,
    "historic": _GONE,
    "no": _GONE,
}

# Values that say a thing is not so, for every key that can be "yes".
_NO = frozenset({"", "no", "none", "false", "0"})
_ELSE = "*"  # in a table: any value that is neither named nor one of _NO

_OPEN = (_Standing.OPEN, "")
_PRIVATE = (_Standing.CLOSED, "private")
_PERMIT = (_Standing.CLOSED, "permit only")
_WORK = (_Standing.CLOSED, "closed to the public")

_SAYS: Mapping[str, tuple[_Standing, str]] = {
    "yes": _OPEN,
    "designated": _OPEN,
    "official": _OPEN,
    "permissive": _OPEN,
    "public": _OPEN,
    "allowed": _OPEN,
    "destination": (_Standing.DESTINATION, "destination only"),
    "discouraged": (_Standing.DISCOURAGED, "discouraged on foot"),
    "no": (_Standing.CLOSED, "no access on foot"),
    "none": (_Standing.CLOSED, "no access on foot"),
    "prohibited": (_Standing.CLOSED, "no access on foot"),
    "restricted": (_Standing.CLOSED, "no access on foot"),
    "use_sidepath": (_Standing.CLOSED, "feet must use the path beside it"),
    "separate": (_Standing.CLOSED, "feet must use the path beside it"),
    "private": _PRIVATE,
    "residents": _PRIVATE,
    "members": _PRIVATE,
    "employees": _PRIVATE,
    "staff": _PRIVATE,
    "students": _PRIVATE,
    "customers": (_Standing.CLOSED, "customers only"),
    "permit": _PERMIT,
    "license": _PERMIT,
    "military": (_Standing.CLOSED, "military"),
    "delivery": _WORK,
    "agricultural": _WORK,
    "forestry": _WORK,
    "emergency": _WORK,
    "psv": _WORK,
}
_SILENT = (_Standing.SILENT, "")
_UNCLEAR = (_Standing.UNCLEAR, "access unclear")

# Closed whatever ``foot`` says. An escalator runs one way, and the network has no directions.
_CLOSED: Table = {
    "conveying": {_ELSE: "escalator"},
    "escalator": {_ELSE: "escalator"},
    "indoor": {_ELSE: "indoors"},
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
_CLOSED_UNLESS_FOOT: Table = {
    "motorroad": {_ELSE: "motor road"},
    "golf": {_ELSE: "golf course"},
    "leisure": {"golf_course": "golf course"},
    "aeroway": {"runway": "runway", "taxiway": "runway", _ELSE: "airfield"},
    "military": {_ELSE: "military"},
    "landuse": {"military": "military"},
    "disused": {_ELSE: "disused"},
    "abandoned": {_ELSE: "abandoned"},
    "fee": {_ELSE: "a ticket is needed"},
}

_STEPS: Table = {
    "steps": {_ELSE: "stairs"},
    "step_count": {_ELSE: "stairs"},
}

# The ground height is not under the feet.
_BRIDGE: Table = {"bridge": {_ELSE: "bridge"}}
_STRUCTURE: Table = {
    **_BRIDGE,
    "tunnel": {"building_passage": "passage through a building", _ELSE: "tunnel"},
    "covered": {_ELSE: "covered way"},
    "indoor": {_ELSE: "indoors"},
    "location": {
        "underground": "tunnel",
        "indoor": "indoors",
        "overhead": "bridge",
        "bridge": "bridge",
        "roof": "roof",
        "rooftop": "roof",
    },
    "man_made": {"pier": "pier", "bridge": "bridge", "tunnel": "tunnel"},
    "floating": {_ELSE: "floating walkway"},
    "level": {_ELSE: "floor of a building"},
    # Above the ground by the wiki's definition, with or without a bridge tag.
    # Below zero says less: mostly a sunken street, or one with a bridge over it.
    "layer": dict.fromkeys(("1", "2", "3", "4", "5"), "raised above the ground"),
}

_ONE_WAY = "one way on foot"
_NO_HILL: Table = {
    "railway": {"platform": "platform"},
    "service": {
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
    },
    "leisure": {"slipway": "slipway"},
    "footway": {"access_aisle": "parking aisle"},
    "area": {_ELSE: "open area"},
    "construction": {_ELSE: "construction"},
    "ford": {_ELSE: "ford"},
    "sac_scale": {"demanding_mountain_hiking": "demanding mountain path"},
    "trail_visibility": {"bad": "path hard to see"},
    "opening_hours": {"24/7": "", _ELSE: "closed at times"},
    "seasonal": {_ELSE: "closed at times"},
    "oneway:foot": {_ELSE: _ONE_WAY},
    "foot:forward": {"no": _ONE_WAY, "private": _ONE_WAY},
    "foot:backward": {"no": _ONE_WAY, "private": _ONE_WAY},
}

# ``separate`` is not among them: that sidewalk is a way of its own.
_SIDEWALKS: Mapping[str, frozenset[str]] = {
    "sidewalk": frozenset({"both", "left", "right", "yes"}),
    "sidewalk:both": frozenset({"yes"}),
    "sidewalk:left": frozenset({"yes"}),
    "sidewalk:right": frozenset({"yes"}),
}

_INDOORS = frozenset({"corridor", "elevator"})

# Here ``access=destination`` is about feet; on a road it is about motor vehicles.
_FEET_ONLY = frozenset({"footway", "path", "pedestrian"})

_AREA: Table = {
    "leisure": {
        "golf_course": "golf course",
        "miniature_golf": "golf course",
        "water_park": "water park",
    },
    "golf": {_ELSE: "golf course"},
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

AREA_TAGS: tuple[str, ...] = (*sorted({*_AREA, "amenity", "area", "parking"}),)
"""Every tag key that ``area_bar`` reads."""

READ_BY_RULES = frozenset(
    {
        *_CLOSED,
        *_CLOSED_UNLESS_FOOT,
        *_STEPS,
        *_STRUCTURE,
        *_NO_HILL,
        *_SIDEWALKS,
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

_NOT_STANDING = _NO | {value for value, kind in _KINDS.items() if kind in (_GONE, _PLANNED)}
_CONDITION = re.compile(r"([^;@]+)@")


def decide(tags: Mapping[str, str]) -> Access:
    """Judge one way by its tags.

    >>> decide({"highway": "residential", "name": "Southwest College Street"})
    Access(walk=True, hill=True, why='')
    >>> decide({"highway": "footway", "bridge": "yes", "layer": "1"})
    Access(walk=True, hill=False, why='bridge')
    >>> decide({"highway": "path", "access": "private"})
    Access(walk=False, hill=False, why='private')
    >>> decide({"highway": "path", "access": "private", "foot": "yes"}).hill
    True
    """
    highway = tags.get("highway", "").strip().lower()
    if ";" in highway:
        return _worst_of(tags, highway.split(";"))
    kind = _KINDS.get(highway, _NOT_A_STREET) if highway else _without_highway(tags)
    feet = _feet(tags, highway)
    sidewalk = kind.walk == "sidewalk" and _has_sidewalk(tags)
    if kind.walk == "never":
        why = kind.why
    elif feet.closed:
        why = feet.doubt
    elif kind.walk == "free" or feet.opened or sidewalk:
        why = _first(_CLOSED, tags)
    else:
        why = kind.why
    if why:
        return Access(walk=False, hill=False, why=why)
    if why := _first(_CLOSED_UNLESS_FOOT, tags):
        return Access(walk=feet.opened, hill=False, why=why)
    why = (
        ("stairs" if highway == "steps" else _first(_STEPS, tags))
        or _first(_STRUCTURE, tags)
        or _first(_NO_HILL, tags)
        or _no_hill_by_kind(kind, tags, permitted=feet.permitted, sidewalk=sidewalk)
        or feet.doubt
        or _closed_at_times(tags, by_foot=feet.by_foot)
    )
    return Access(walk=True, hill=not why, why=why)


def is_steps(tags: Mapping[str, str]) -> bool:
    """Tell whether the way is stairs, or has steps in it."""
    return "steps" in _parts(tags.get("highway", "")) or bool(_first(_STEPS, tags))


def is_structure(tags: Mapping[str, str]) -> bool:
    """Tell whether the height of the ground is not the height under the feet.

    Bridges, tunnels, covered and indoor ways, piers, upper floors, and what lies on a layer above
    zero. A layer below zero alone is no structure: it is mostly a sunken street, or one with a
    bridge over it, and bridges are looked after by ``is_deck``.
    """
    return not _INDOORS.isdisjoint(_parts(tags.get("highway", ""))) or bool(
        _first(_STRUCTURE, tags)
    )


def is_deck(tags: Mapping[str, str]) -> bool:
    """Tell whether the way is a bridge of a road, path, railway or canal that may pass overhead.

    Also one closed to feet, half built or disused; not one that is planned or gone.
    """
    return bool(_first(_BRIDGE, tags)) and any(
        part not in _NOT_STANDING
        for key in ("highway", "railway", "waterway")
        for part in _parts(tags.get(key, ""))
    )


def area_bar(tags: Mapping[str, str]) -> str:
    """Say why ways inside an area are no hills, or nothing where they may be.

    For closed ways and multipolygons. A way inside that ``foot_allowed`` opens is a hill all the
    same: a public footpath across a golf course.

    >>> area_bar({"leisure": "golf_course", "name": "Portland Golf Club"})
    'golf course'
    >>> area_bar({"leisure": "park"})
    ''
    """
    if _parts(tags.get("area", "")) == ["no"]:
        return ""
    if why := _first(_AREA, tags):
        return why
    # A garage below or above the ground has streets and squares over or under it.
    on_the_ground = _parts(tags.get("parking", "surface")) == ["surface"]
    return "car park" if on_the_ground and "parking" in _parts(tags.get("amenity", "")) else ""


def foot_allowed(tags: Mapping[str, str]) -> bool:
    """Tell whether ``foot`` expressly opens the way."""
    return _read(tags.get("foot"))[0] is _Standing.OPEN


def _feet(tags: Mapping[str, str], highway: str) -> _Feet:
    """Read ``foot``, and ``access`` where ``foot`` says nothing that can be understood."""
    said, doubt = _read(tags.get("foot"))
    by_foot = said not in (_Standing.SILENT, _Standing.UNCLEAR)
    permitted = opened = said is _Standing.OPEN
    if not by_foot:
        said, why = _read(tags.get("access"))
        if said is _Standing.DESTINATION and highway not in _FEET_ONLY:
            why = ""
        permitted = said is _Standing.OPEN and not doubt
        doubt = why or doubt
    return _Feet(said is _Standing.CLOSED, opened, permitted, doubt, by_foot)


def _worst_of(tags: Mapping[str, str], highways: list[str]) -> Access:
    """Judge a way that carries several values of ``highway`` by each, and keep the worst."""
    each = [decide({**tags, "highway": part}) for part in highways if part.strip()]
    worst = min(each, key=lambda access: (access.walk, access.hill), default=None)
    return worst or Access(walk=False, hill=False, why=_NOT_A_STREET.why)


def _without_highway(tags: Mapping[str, str]) -> _Kind:
    """Return what a way without ``highway`` is: a platform, a pier, or nothing for feet."""
    if "platform" in _parts(tags.get("railway", "")):
        return _KINDS["platform"]
    return _PIER if "pier" in _parts(tags.get("man_made", "")) else _NOT_A_STREET


def _parts(value: str) -> list[str]:
    """Return the values of a list, in lower case and without blanks."""
    if ";" not in value:
        return [value.strip().lower()]
    return [part.strip() for part in value.lower().split(";")]


def _first(table: Table, tags: Mapping[str, str]) -> str:
    """Return the first reason a table has against the tags, in the order of the table."""
    if table.keys().isdisjoint(tags):
        return ""
    for key, reasons in table.items():
        value = tags.get(key)
        if value is None:
            continue
        for part in _parts(value):
            why = reasons.get(part)
            if why is None:
                why = "" if part in _NO else reasons.get(_ELSE, "")
            if why:
                return why
    return ""


def _read(value: str | None) -> tuple[_Standing, str]:
    """Return what a value of ``foot`` or ``access`` says; of a list, the worst."""
    if value is None:
        return _SILENT
    said = _SAYS.get(value)
    if said is not None:
        return said
    return max(_SAYS.get(part, _UNCLEAR) if part else _SILENT for part in _parts(value))


def _has_sidewalk(tags: Mapping[str, str]) -> bool:
    """Tell whether the way itself has a sidewalk, along its whole length."""
    return any(
        key in tags and values.issuperset(_parts(tags[key])) for key, values in _SIDEWALKS.items()
    )


def _no_hill_by_kind(
    kind: _Kind, tags: Mapping[str, str], *, permitted: bool, sidewalk: bool
) -> str:
    """Return why a kind of road is no hill as it stands, or nothing."""
    if kind.hill == "free":
        return ""
    if kind.hill == "sidewalk":
        return "" if sidewalk else kind.why
    if kind.hill == "never" or not (
        permitted or (kind.hill == "name" and tags.get("name", "").strip())
    ):
        return kind.why
    return ""


def _closed_at_times(tags: Mapping[str, str], *, by_foot: bool) -> str:
    """Return why a condition makes the way no hill, or nothing.

    ``foot:conditional`` is always read, ``access:conditional`` only where ``foot`` is silent, for
    ``foot`` overrides it. Conditions are not evaluated: one that opens changes nothing, and any
    other makes the way no hill, though it may be walked.
    """
    for key in ("foot:conditional",) if by_foot else ("foot:conditional", "access:conditional"):
        value = tags.get(key)
        if value is None:
            continue
        values = _CONDITION.findall(value) or [value]
        if any(_read(each.strip())[0] is not _Standing.OPEN for each in values):
            return "closed at times"
    return ""
