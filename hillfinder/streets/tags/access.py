"""Decide from tags what a person on foot may use, and what may be offered as a hill.

``decide`` asks in this order, and the first answer that closes a way is the last:

1. Is it a street, path or stairs that exists, and not a motorway (``RULES``)?
2. Do ``foot`` or, where ``foot`` is silent, ``access`` shut feet out (``SAYS``)?
3. Is it a kind of road that only ``foot`` or a sidewalk opens: a trunk road, a busway (``RULES``)?
4. Is it of no use on foot, whatever the law: an escalator, indoors, a climb (``CLOSED``)?
5. Is it ground that only ``foot`` opens: a golf course, a runway (``CLOSED_UNLESS_FOOT``)?
6. It may be walked. Is it a hill? No stairs (``STEPS``), nothing that leaves the ground
   (``STRUCTURE``), no kind of road or service that is somebody's yard (``RULES``,
   ``NOT_HILL``), nothing doubtful, nothing that is closed at times (``:conditional``).

Routes get the benefit of the doubt and hills do not: passing through an unnamed lane once is one
thing, running up and down it eight times another.

Case and outer blanks of values do not count. A list (``yes;private``, written by mappers, or by
OSMnx when it merges ways) counts as its worst value.

Sources: see ``access_tables``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hillfinder.streets.tags.access_tables import (
    AREA,
    BRIDGE,
    CLOSED,
    CLOSED_UNLESS_FOOT,
    ELSE,
    FEET_ONLY,
    INDOORS,
    NOT_A_STREET,
    NOT_HILL,
    NOT_STANDING,
    PASSAGE,
    PIER,
    RULES,
    SAYS,
    SILENT,
    STEPS,
    STRUCTURE,
    TIMES,
    UNCLEAR,
    Rule,
    Standing,
    Table,
)
from hillfinder.streets.tags.roads import sidewalk_of
from hillfinder.streets.tags.values import NO, parts

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Access:
    """What the tags of a way allow.

    Attributes:
        walk: a person on foot may use it in a route.
        hill: it may be offered as a hill; a hill may always be walked.
        why: empty for a hill, else why it is not one, in plain words.
    """

    walk: bool
    hill: bool
    why: str


class _FootAccess(NamedTuple):
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
    kind = RULES.get(highway, NOT_A_STREET) if highway else _without_highway(tags)
    feet = _foot_access(tags, highway)
    sidewalk = kind.walk == "sidewalk" and sidewalk_of(tags).own
    if kind.walk == "never":
        why = kind.why
    elif feet.closed:
        why = feet.doubt
    elif kind.walk == "free" or feet.opened or sidewalk:
        why = _first(CLOSED, tags)
    else:
        why = kind.why
    if why:
        return Access(walk=False, hill=False, why=why)
    if why := _first(CLOSED_UNLESS_FOOT, tags):
        return Access(walk=feet.opened, hill=False, why=why)
    why = (
        ("stairs" if highway == "steps" else _first(STEPS, tags))
        or _first(STRUCTURE, tags)
        or _first(NOT_HILL, tags)
        or _no_hill_by_kind(kind, tags, permitted=feet.permitted, sidewalk=sidewalk)
        or feet.doubt
        or _closed_at_times(tags, by_foot=feet.by_foot)
    )
    return Access(walk=True, hill=not why, why=why)


def is_steps(tags: Mapping[str, str]) -> bool:
    """Tell whether the way is stairs, or has steps in it."""
    return "steps" in parts(tags.get("highway", "")) or bool(_first(STEPS, tags))


def is_structure(tags: Mapping[str, str]) -> bool:
    """Tell whether the height of the ground is not the height under the feet.

    Bridges, tunnels, covered and indoor ways, piers, upper floors, and layers above zero. A layer
    below zero alone is mostly a sunken street, or one with a bridge over it (see ``is_deck``).
    """
    return not INDOORS.isdisjoint(parts(tags.get("highway", ""))) or bool(_first(STRUCTURE, tags))


def is_deck(tags: Mapping[str, str]) -> bool:
    """Tell whether the way is a bridge of a road, path, railway or canal that may pass overhead.

    Also one closed to feet, half built or disused; not one that is planned or gone.
    """
    return bool(_first(BRIDGE, tags)) and any(
        part not in NOT_STANDING
        for key in ("highway", "railway", "waterway")
        for part in parts(tags.get(key, ""))
    )


def is_tunnel(tags: Mapping[str, str]) -> bool:
    """Tell whether the way is a tunnel, and not a passage through a building."""
    return _is_built("tunnel", tags)


def is_span(tags: Mapping[str, str]) -> bool:
    """Tell whether the way is a bridge or a tunnel: only its ends are on the ground."""
    return is_tunnel(tags) or _is_built("bridge", tags)


def is_banked(tags: Mapping[str, str]) -> bool:
    """Tell whether the ground beside the way is lower (embankment) or higher (cutting)."""
    return any(not NO.issuperset(parts(tags.get(key))) for key in ("embankment", "cutting"))


def area_bar(tags: Mapping[str, str]) -> str:
    """Say why ways inside an area are not hills; empty where they may be.

    For closed ways and multipolygons. A way inside that ``foot_allowed`` opens is a hill all the
    same: a public footpath across a golf course.

    >>> area_bar({"leisure": "golf_course", "name": "Portland Golf Club"})
    'golf course'
    >>> area_bar({"leisure": "park"})
    ''
    """
    if parts(tags.get("area", "")) == ["no"]:
        return ""
    if why := _first(AREA, tags):
        return why
    # A garage below or above the ground has streets and squares over or under it.
    on_the_ground = parts(tags.get("parking", "surface")) == ["surface"]
    return "car park" if on_the_ground and "parking" in parts(tags.get("amenity", "")) else ""


def closes(tags: Mapping[str, str]) -> bool:
    """Tell whether the way is closed at some hours or in some seasons.

    >>> closes({"opening_hours": "Mo-Fr 8:00-18:00"}), closes({"opening_hours": "24/7"})
    (True, False)
    """
    by_foot = _foot_access(tags, "").by_foot
    return bool(_first(TIMES, tags) or _closed_at_times(tags, by_foot=by_foot))


def foot_allowed(tags: Mapping[str, str]) -> bool:
    """Tell whether ``foot`` expressly opens the way."""
    return _standing(tags.get("foot"))[0] is Standing.OPEN


def _foot_access(tags: Mapping[str, str], highway: str) -> _FootAccess:
    """Read ``foot``, and ``access`` where ``foot`` is missing or unclear."""
    said, doubt = _standing(tags.get("foot"))
    by_foot = said not in (Standing.SILENT, Standing.UNCLEAR)
    permitted = opened = said is Standing.OPEN
    if not by_foot:
        said, why = _standing(tags.get("access"))
        if said is Standing.DESTINATION and highway not in FEET_ONLY:
            why = ""
        permitted = said is Standing.OPEN and not doubt
        doubt = why or doubt
    return _FootAccess(said is Standing.CLOSED, opened, permitted, doubt, by_foot)


def _worst_of(tags: Mapping[str, str], highways: list[str]) -> Access:
    """Judge a way that carries several values of ``highway`` by each, and keep the worst."""
    each = [decide({**tags, "highway": part}) for part in highways if part.strip()]
    worst = min(each, key=lambda access: (access.walk, access.hill), default=None)
    return worst or Access(walk=False, hill=False, why=NOT_A_STREET.why)


def _without_highway(tags: Mapping[str, str]) -> Rule:
    """Return what a way without ``highway`` is: a platform, a pier, or nothing for feet."""
    if "platform" in parts(tags.get("railway", "")):
        return RULES["platform"]
    return PIER if "pier" in parts(tags.get("man_made", "")) else NOT_A_STREET


def _is_built(key: str, tags: Mapping[str, str]) -> bool:
    return not (NO | {PASSAGE}).issuperset(parts(tags.get(key)))


def _first(table: Table, tags: Mapping[str, str]) -> str:
    """Return the first reason a table has against the tags, in the order of the table."""
    if table.keys().isdisjoint(tags):
        return ""
    for key, reasons in table.items():
        value = tags.get(key)
        if value is None:
            continue
        for part in parts(value):
            why = reasons.get(part)
            if why is None:
                why = "" if part in NO else reasons.get(ELSE, "")
            if why:
                return why
    return ""


def _standing(value: str | None) -> tuple[Standing, str]:
    """Return what a value of ``foot`` or ``access`` says; of a list, the worst."""
    if value is None:
        return SILENT
    said = SAYS.get(value)
    if said is not None:
        return said
    return max(SAYS.get(part, UNCLEAR) if part else SILENT for part in parts(value))


def _no_hill_by_kind(
    kind: Rule, tags: Mapping[str, str], *, permitted: bool, sidewalk: bool
) -> str:
    """Return why a kind of road is not a hill, or nothing."""
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
    """Return why a condition keeps the way from being a hill, or nothing.

    ``foot:conditional`` is always read, ``access:conditional`` only where ``foot`` is silent, for
    ``foot`` overrides it. Conditions are not evaluated: one that opens changes nothing, and with
    any other the way may be walked but is not a hill.
    """
    for key in ("foot:conditional",) if by_foot else ("foot:conditional", "access:conditional"):
        value = tags.get(key)
        if value is None:
            continue
        values = _CONDITION.findall(value) or [value]
        if any(_standing(each.strip())[0] is not Standing.OPEN for each in values):
            return "closed at times"
    return ""
