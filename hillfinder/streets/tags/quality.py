"""Rate a way for hill repeats: surface, traffic and light, each from 0 to 1.

1 is ideal for running up and walking down again and again. What the map does not say rates
``NEUTRAL``; a line of several ways rates their mean by length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hillfinder.streets.tags.roads import RoadClass, road_of
from hillfinder.streets.tags.surfaces import is_paved, roughness, surface_of, track_grade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hillfinder.model import Ints, Leg

#: Rating of what is unknown: neither good nor bad.
NEUTRAL = 0.75
#: Rating of a path of unknown surface: paths are seldom paved.
UNKNOWN_PATH = 0.65

#: Factor by how much grip is lost when wet (``Surface.slick``).
SLICK_WORTH = (1.0, 0.85, 0.6)
#: Factor of loose ground.
LOOSE = 0.8
#: Factor of ground that rain makes soft.
MUD = 0.85
#: Factor of ground that is not for fast running.
NOT_FIRM = 0.6
#: Factor by roughness, 0 to ``surfaces.ROUGHEST``.
ROUGH_WORTH = (1.0, 0.95, 0.7, 0.4, 0.2, 0.1)
#: Rating of a track of unknown surface, by its grade, 1 to 5.
TRACK_WORTH = (0.95, 0.85, 0.65, 0.5, 0.35)

#: Rating by who else is there. Other kinds of ways are ``NEUTRAL``.
TRAFFIC_WORTH: Final[Mapping[RoadClass, float]] = {
    RoadClass.FOOTWAY: 1.0,
    RoadClass.PATH: 1.0,
    RoadClass.PEDESTRIAN: 1.0,
    RoadClass.BRIDLEWAY: 1.0,
    RoadClass.TRACK: 1.0,
    RoadClass.LIVING_STREET: 0.95,
    RoadClass.CYCLEWAY: 0.95,
    RoadClass.RESIDENTIAL: 0.9,
    RoadClass.SERVICE: 0.8,
    RoadClass.UNCLASSIFIED: 0.7,
    RoadClass.TERTIARY: 0.5,
    RoadClass.SECONDARY: 0.25,
    RoadClass.PRIMARY: 0.12,
    RoadClass.TRUNK: 0.05,
}
#: Share of what traffic costs that a sidewalk makes good.
SIDEWALK = 0.4
#: Factor where there is no sidewalk.
NO_SIDEWALK = 0.8
#: Highest limit of slow traffic, km/h.
SLOW_KM_H = 33.0
#: Share of what traffic costs that slow traffic makes good.
SLOW = 0.3
#: Lowest limit of fast traffic, km/h.
FAST_STREAM_KM_H = 55.0
#: Factor of fast traffic.
FAST_TRAFFIC = 0.75
#: Rating of an unlit way where the time of the run is unknown.
UNLIT_WORTH = 0.5
#: Rating of an unlit way in the dark.
UNLIT_DARK = 0.1
#: Rating in the dark of a way that may be lit or not.
UNKNOWN_DARK = 0.6


class Worth(NamedTuple):
    """How good something is, 0 to 1, and the words for it."""

    value: float
    words: str = ""


class Under(NamedTuple):
    """The ratings of a line: how it is underfoot, who else is there, whether it is lit."""

    surface: Worth
    traffic: Worth
    light: Worth


class LineQuality:
    """Rates lines along the ways of one network; each way is rated once.

    Args:
        edge_way: shape (m,), the way of each edge.
        tags: gives the tags of a way.
        dark: as for ``light``.
    """

    def __init__(
        self, edge_way: Ints, tags: Callable[[int], Mapping[str, str]], *, dark: bool | None = None
    ) -> None:
        """Rate nothing yet."""
        self._edge_way, self._tags, self._dark = edge_way, tags, dark
        self._rated: dict[int, Under] = {}

    def under(self, legs: Sequence[Leg]) -> Under:
        """Return the ratings of a line, by length; the words are those of the longest part."""
        rows: dict[int, float] = {}
        for leg in legs:
            row = int(self._edge_way[leg.edge])
            rows[row] = rows.get(row, 0.0) + abs(leg.stop_m - leg.start_m)
        rated = [(self._rate(row), metres) for row, metres in rows.items()]
        return Under(*(_mean([(each[i], metres) for each, metres in rated]) for i in range(3)))

    def _rate(self, row: int) -> Under:
        if row not in self._rated:
            tags = self._tags(row)
            self._rated[row] = Under(surface(tags), traffic(tags), light(tags, dark=self._dark))
        return self._rated[row]


def _mean(rated: list[tuple[Worth, float]]) -> Worth:
    """Return the mean by length, with the words of the greatest part."""
    whole = sum(metres for _, metres in rated)
    said: dict[str, float] = {}
    for (_, words), metres in rated:
        said[words] = said.get(words, 0.0) + metres
    words = max(said, key=lambda each: (round(said[each], 3), each))
    return Worth(sum(worth.value * metres for worth, metres in rated) / whole, words)


def surface(tags: Mapping[str, str]) -> Worth:
    """Return how good a way is underfoot.

    >>> surface({"highway": "residential", "surface": "asphalt"})
    Worth(value=1.0, words='paved')
    >>> surface({"highway": "residential"})
    Worth(value=0.75, words='')
    >>> surface({"highway": "path"})
    Worth(value=0.65, words='surface unknown')
    """
    found, cls = surface_of(tags), road_of(tags).cls
    if found is not None:
        value = (
            SLICK_WORTH[found.slick] * (LOOSE if found.loose else 1.0) * (MUD if found.mud else 1.0)
        )
        value *= 1.0 if found.firm else NOT_FIRM
        words = "paved" if is_paved(tags) else found.words
    elif grade := track_grade(tags):
        value, words = TRACK_WORTH[grade - 1], "a track"
    elif cls.carless:
        value, words = UNKNOWN_PATH, "surface unknown"
    else:
        value, words = NEUTRAL, ""
    factor = ROUGH_WORTH[roughness(tags) or 0]
    return Worth(value * factor, "rough underfoot" if factor < NEUTRAL else words)


def traffic(tags: Mapping[str, str]) -> Worth:
    """Return how little traffic a way has.

    >>> traffic({"highway": "path"}), traffic({"highway": "secondary", "maxspeed": "35 mph"})
    (Worth(value=1.0, words='no cars'), Worth(value=0.1875, words='a busy road'))
    >>> traffic({"highway": "secondary", "sidewalk": "both"})
    Worth(value=0.55, words='a busy road')
    """
    road = road_of(tags)
    value = TRAFFIC_WORTH.get(road.cls, NEUTRAL)
    if road.cls.carless:
        return Worth(value, "no cars")
    if road.limit is not None and road.limit.km_h >= FAST_STREAM_KM_H:
        value *= FAST_TRAFFIC
    elif road.limit is not None and road.limit.km_h <= SLOW_KM_H:
        value += SLOW * (1.0 - value)
    if road.sidewalk.known:
        value += SIDEWALK * (1.0 - value)
    elif road.sidewalk.known is False:
        value *= NO_SIDEWALK
    return Worth(value, "a quiet street" if value >= NEUTRAL else "a busy road")


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
    lit = road_of(tags).lit
    if dark is False or (lit is None and not dark):
        return Worth(NEUTRAL)
    if lit is None:
        return Worth(UNKNOWN_DARK, "in the dark, and not known to be lit")
    if lit:
        return Worth(1.0, "lit")
    return Worth(UNLIT_DARK, "in the dark, and not lit") if dark else Worth(UNLIT_WORTH, "not lit")
