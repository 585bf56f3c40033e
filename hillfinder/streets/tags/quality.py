"""What a hill is underfoot, who else is there and whether it is lit, from tags, as 0 to 1.

1 is as good as can be for running up and walking down again and again. What the map does not say
is ``NEUTRAL``; a way is worth what its metres are on the mean.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hillfinder.streets.tags import surfaces as ground

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hillfinder.model import Leg
    from hillfinder.streets.network import StreetNetwork

#: What is not known is neither good nor bad.
NEUTRAL = 0.75

#: Paths are seldom paved, so it matters there that nobody says.
UNKNOWN_PATH = 0.65

#: What is left by how much grip the wet takes (``Ground.slick``), on loose ground, on ground that
#: rain makes soft, and on ground that is not for fast running.
SLICK, LOOSE, MUD, NOT_FIRM = (1.0, 0.85, 0.6), 0.8, 0.85, 0.6
PAVED = frozenset(
    {"asphalt", "chipseal", "concrete", "concrete:plates", "paved", "paving_stones", "bricks"}
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
    "service": 0.8,
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
#: What is not lit is worth so much where nobody knows when the run is; in the dark less, and what
#: nobody says too.
UNLIT, UNLIT_DARK, UNKNOWN_DARK = 0.5, 0.1, 0.6


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

    def __init__(self, network: StreetNetwork, *, dark: bool | None = None) -> None:
        """Judge nothing yet; ``dark`` as for ``light``."""
        self._network, self._dark = network, dark
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
            self._judged[row] = Under(surface(tags), traffic(tags), light(tags, dark=self._dark))
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
    rough = [SMOOTHNESS[kind] for kind in _values(tags, "smoothness") if kind in SMOOTHNESS]
    found = ground.of(tags)
    if found is not None:
        value = SLICK[found.slick] * (LOOSE if found.loose else 1.0) * (MUD if found.mud else 1.0)
        value *= 1.0 if found.firm else NOT_FIRM
        words = "paved" if PAVED.issuperset(_values(tags, "surface")) else found.words
    else:
        value, words = NEUTRAL, ""
        tracks = [TRACKTYPES[kind] for kind in _values(tags, "tracktype") if kind in TRACKTYPES]
        if tracks:
            value, words = min(tracks), "a track"
        elif tags.get("highway") in PATHS:
            value, words = UNKNOWN_PATH, "surface unknown"
    if rough and min(rough) < NEUTRAL:
        words = "rough underfoot"
    return Worth(value * min(rough, default=1.0), words)


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


def light(tags: Mapping[str, str], *, dark: bool | None = None) -> Worth:
    """Return how well lit a way is.

    Args:
        tags: its tags.
        dark: whether it is run in the dark; by day it does not matter.

    >>> light({"lit": "yes"}), light({"lit": "no"}), light({})
    (Worth(value=1.0, words='lit'), Worth(value=0.5, words='not lit'), Worth(value=0.75, words=''))
    >>> light({}, dark=True)
    Worth(value=0.6, words='in the dark, and not known to be lit')
    """
    values = _values(tags, "lit")
    if dark is False or not (values or dark):
        return Worth(NEUTRAL)
    if not values:
        return Worth(UNKNOWN_DARK, "in the dark, and not known to be lit")
    if set(values) & {"no", "disused"}:
        return Worth(UNLIT_DARK, "in the dark, and not lit") if dark else Worth(UNLIT, "not lit")
    return Worth(1.0, "lit")


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
