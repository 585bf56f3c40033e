"""What a hill is underfoot, who else is there and whether it is lit, from tags, as 0 to 1.

1 is as good as can be for running up and walking down again and again. What the map does not say
is ``NEUTRAL``; a way is worth what its metres are on the mean.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hillfinder.model import Leg
    from hillfinder.streets.network import StreetNetwork

#: What is not known is neither good nor bad.
NEUTRAL = 0.75

#: Paths are seldom paved, so it matters there that nobody says.
UNKNOWN_PATH = 0.65

SURFACES: Mapping[str, float] = {
    **dict.fromkeys(("asphalt", "paved", "concrete", "tartan", "rubber", "chipseal"), 1.0),
    **dict.fromkeys(
        ("compacted", "fine_gravel", "concrete:plates", "paving_stones", "bricks"), 0.9
    ),
    **dict.fromkeys(("concrete:lanes", "brick", "artificial_turf"), 0.85),
    **dict.fromkeys(("gravel", "unpaved", "ground", "dirt", "earth", "woodchips"), 0.65),
    **dict.fromkeys(("sett", "grass", "grass_paver", "unhewn_cobblestone:flattened"), 0.6),
    **dict.fromkeys(("wood", "pebblestone", "cobblestone", "unhewn_cobblestone"), 0.4),
    **dict.fromkeys(("metal", "metal_grid", "clay", "rock", "rocks", "stone", "sand"), 0.3),
    **dict.fromkeys(("mud", "snow", "ice", "scree"), 0.1),
}
PAVED = frozenset(
    {"asphalt", "paved", "concrete", "chipseal", "paving_stones", "concrete:plates", "bricks"}
)
SMOOTHNESS: Mapping[str, float] = {
    "excellent": 1.0,
    "good": 1.0,
    "intermediate": 0.95,
    "bad": 0.7,
    "very_bad": 0.4,
    "horrible": 0.2,
    "very_horrible": 0.1,
    "impassable": 0.1,
}
TRACKTYPES: Mapping[str, float] = {
    "grade1": 0.95,
    "grade2": 0.85,
    "grade3": 0.65,
    "grade4": 0.5,
    "grade5": 0.35,
}
#: Who else is there.
TRAFFIC: Mapping[str, float] = {
    **dict.fromkeys(("footway", "path", "pedestrian", "bridleway", "track"), 1.0),
    **dict.fromkeys(("living_street", "cycleway"), 0.95),
    "residential": 0.9,
    "service": 0.85,
    "unclassified": 0.7,
    "tertiary": 0.5,
    "secondary": 0.25,
    "primary": 0.12,
    "trunk": 0.05,
}
PATHS = frozenset({"footway", "path", "pedestrian", "bridleway", "track", "cycleway", "steps"})
#: A pavement makes good so much of what traffic takes; its absence costs so much more.
PAVEMENT, NO_PAVEMENT = 0.4, 0.8
#: Traffic as slow as this, in km/h, makes good so much; as fast as that costs so much.
SLOW_KMH, SLOW, FAST_KMH, FAST = 33.0, 0.3, 55.0, 0.75
LIT: Mapping[str, float] = {"no": 0.5, "disused": 0.5}


class Worth(NamedTuple):
    """How good something is, 0 to 1, and what there is to say of it."""

    value: float
    words: str = ""


class Under(NamedTuple):
    """What lies under a way: how it is underfoot, who else is there, whether it is lit."""

    surface: Worth
    traffic: Worth
    light: Worth


class Ground:
    """Tells of ways along one network; each of its ways is judged once."""

    def __init__(self, network: StreetNetwork) -> None:
        """Judge nothing yet."""
        self._network = network
        self._judged: dict[int, Under] = {}

    def under(self, legs: Sequence[Leg]) -> Under:
        """Return what lies under legs, by metres; the words are those of the longest part."""
        rows: dict[int, float] = {}
        for leg in legs:
            row = int(self._network.edge_way[leg.edge])
            rows[row] = rows.get(row, 0.0) + abs(leg.stop_m - leg.start_m)
        parts = [(self._judge(row), metres) for row, metres in rows.items()]
        return Under(*(_mean([(part[i], metres) for part, metres in parts]) for i in range(3)))

    def _judge(self, row: int) -> Under:
        if row not in self._judged:
            tags = self._network.ways.tags(row)
            self._judged[row] = Under(surface(tags), traffic(tags), light(tags))
        return self._judged[row]


def _mean(parts: list[tuple[Worth, float]]) -> Worth:
    """Return the mean by metres, with the words that stand for the most of them."""
    whole = sum(metres for _, metres in parts)
    said: dict[str, float] = {}
    for (_, words), metres in parts:
        said[words] = said.get(words, 0.0) + metres
    words = max(said, key=lambda each: (round(said[each], 3), each))
    return Worth(sum(worth.value * metres for worth, metres in parts) / whole, words)


def surface(tags: Mapping[str, str]) -> Worth:
    """Return how good a way is underfoot.

    >>> surface({"highway": "residential", "surface": "asphalt"})
    Worth(value=1.0, words='paved')
    >>> surface({"highway": "residential"})
    Worth(value=0.75, words='')
    >>> surface({"highway": "path"})
    Worth(value=0.65, words='surface unknown')
    """
    kinds = _values(tags, "surface")
    known = [SURFACES[kind] for kind in kinds if kind in SURFACES]
    if not known:
        known = [TRACKTYPES[kind] for kind in _values(tags, "tracktype") if kind in TRACKTYPES]
        kinds = ["track" for _ in known]
    rough = [SMOOTHNESS[kind] for kind in _values(tags, "smoothness") if kind in SMOOTHNESS]
    if rough and min(rough) < NEUTRAL:
        return Worth(min(known or [NEUTRAL]) * min(rough), "rough underfoot")
    if not known:
        on_path = tags.get("highway") in PATHS
        return Worth(UNKNOWN_PATH, "surface unknown") if on_path else Worth(NEUTRAL, "")
    value = min(known) * min(rough, default=1.0)
    if PAVED.issuperset(kinds):
        return Worth(value, "paved")
    return Worth(value, " and ".join(kind.replace("_", " ") for kind in kinds))


def traffic(tags: Mapping[str, str]) -> Worth:
    """Return how little traffic a way has.

    >>> traffic({"highway": "path"}), traffic({"highway": "secondary", "maxspeed": "35 mph"})
    (Worth(value=1.0, words='no cars'), Worth(value=0.1875, words='a busy road'))
    >>> traffic({"highway": "secondary", "sidewalk": "both"})
    Worth(value=0.55, words='a busy road')
    """
    kinds = _values(tags, "highway")
    value = min((TRAFFIC.get(kind, NEUTRAL) for kind in kinds), default=NEUTRAL)
    if PATHS.issuperset(kinds):
        return Worth(value, "no cars")
    speed = _kmh(tags.get("maxspeed", ""))
    if speed is not None and speed >= FAST_KMH:
        value *= FAST
    elif speed is not None and speed <= SLOW_KMH:
        value += SLOW * (1.0 - value)
    sides = {part for key in _SIDEWALKS for part in _values(tags, key)}
    if sides & {"both", "left", "right", "yes", "separate"}:
        value += PAVEMENT * (1.0 - value)
    elif sides:
        value *= NO_PAVEMENT
    return Worth(value, "a quiet street" if value >= NEUTRAL else "a busy road")


_SIDEWALKS = ("sidewalk", "sidewalk:both", "sidewalk:left", "sidewalk:right")


def light(tags: Mapping[str, str]) -> Worth:
    """Return how well lit a way is.

    >>> light({"lit": "yes"}), light({"lit": "no"}), light({})
    (Worth(value=1.0, words='lit'), Worth(value=0.5, words='not lit'), Worth(value=0.75, words=''))
    """
    values = _values(tags, "lit")
    if not values:
        return Worth(NEUTRAL, "")
    value = min(LIT.get(each, 1.0) for each in values)
    return Worth(value, "lit" if value == 1.0 else "not lit")


def _kmh(text: str) -> float | None:
    """Return a speed limit in km/h, ``None`` where there is no number.

    >>> _kmh("25 mph"), _kmh("50"), _kmh("walk")
    (40.2336, 50.0, None)
    """
    found = re.match(r"\s*(\d+(?:\.\d+)?)\s*(mph)?", text)
    return float(found[1]) * (1.609344 if found[2] else 1.0) if found else None


def _values(tags: Mapping[str, str], key: str) -> list[str]:
    """Return the values of a tag, each once."""
    parts = (part.strip().lower() for part in tags.get(key, "").split(";"))
    return list(dict.fromkeys(part for part in parts if part))
