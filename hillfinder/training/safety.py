"""What to mind on a hill and on the way to it, in plain words.

Each sentence has a gravity and a topic for programs. ``avoid`` requires that ground, slope and
weather are known to be bad together; what the map does not say is unknown, and never safe.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.errors import ServiceError
from hillfinder.model import Caution, Safety
from hillfinder.services import weather
from hillfinder.streets.geometry.crossings import Lookout
from hillfinder.streets.geometry.polylines import drawn, nearest_on_pieces
from hillfinder.streets.tags.access import closes, is_steps
from hillfinder.streets.tags.roads import ALONG_ROAD_KEYS, is_pavement, road_of
from hillfinder.streets.tags.surfaces import hiking_grade, surface_of
from hillfinder.training import cautions, daylight
from hillfinder.units import Length, Name, Sentence, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.elevation.climb_table import ClimbTable
    from hillfinder.model import Bools, Climb, Floats, Hill, Ints, Leg, Place
    from hillfinder.services.client import Web
    from hillfinder.streets.network import StreetNetwork
    from hillfinder.streets.tags.roads import Road

#: Duration of a session beyond its warm-up, minutes, without a better estimate.
SESSION_MIN = 30.0
#: Months in which leaves fall north of the equator.
LEAVES_NORTH = (10, 11, 12)
#: Months in which leaves fall south of it.
LEAVES_SOUTH = (4, 5, 6)
#: Share of a hill on which a surface is mapped that makes it the surface of the hill.
MOSTLY = 0.8
#: Greatest distance of a pavement drawn as a way of its own from its street, m.
PAVEMENT_M = 25.0
#: Times the hills listed that are examined for ones that are safe in the weather.
LOOK_AMONG = 3
#: Shortest stretch of a warm-up that is worth a sentence, m.
LEAST_STRETCH_M = 50.0


@dataclass(frozen=True, slots=True)
class Sky:
    """Daylight and weather at the hour of a run.

    Attributes:
        when: the hour; the present if none was given.
        north: the place is north of the equator.
        light: the light of the session; ``None`` if its start is unknown.
        weather: the forecast; ``None`` if it was not asked for or could not be reached.
        words: both in sentences, with the source.
    """

    when: datetime
    north: bool = True
    light: daylight.Daylight | None = None
    weather: weather.Weather | None = None
    words: tuple[str, ...] = ()

    @property
    def dark(self) -> bool | None:
        """Whether some of the session is in the dark; ``None`` if unknown."""
        return None if self.light is None else any(self.light.dark)

    @property
    def leaves(self) -> bool:
        """Whether leaves are falling."""
        return self.when.month in (LEAVES_NORTH if self.north else LEAVES_SOUTH)


def outlook(place: Place, criteria: Criteria, web: Web, now: datetime | None = None) -> Sky:
    """Return the daylight at the hour of a run, and the weather if it is asked for.

    Args:
        place: where it begins.
        criteria: when it begins, and whether to ask for the weather.
        web: the client that asks for it. If it cannot be reached, a sentence says so.
        now: the time of the clock; ``None`` is the present.
    """
    now = now or datetime.now(UTC).astimezone()  # the clock of this machine
    when = criteria.start or now
    words: list[str] = []
    light = forecast = None
    if criteria.start is not None:
        light = daylight.of(place, criteria.start, criteria.warmup_min[1] + SESSION_MIN)
        words.append(light.words)
    if criteria.weather:
        try:
            forecast = weather.ask(place, when, web, now)
            words += [forecast.words, f"{weather.OPEN_METEO.credit}; a forecast, not a promise."]
        except ServiceError as error:
            words.append(str(error))
    return Sky(when, place.lat >= 0, light, forecast, tuple(words))


class Judge:
    """Says what to mind, for the streets of one network at one hour."""

    def __init__(self, network: StreetNetwork, sky: Sky, lookout: Lookout | None = None) -> None:
        """Keep the streets and the sky; a ``lookout`` remembers the marks that it has found."""
        self._network = network
        self._sky = sky
        self._lookout = lookout or Lookout(network)

    def safest(self, climbs: ClimbTable, rows: Ints, limit: int) -> Ints:
        """Return ``limit`` rows of ``climbs``, those to be avoided in the weather after the others.

        Without weather these are the first rows. With it, the first ``LOOK_AMONG`` times as many
        are examined; the order among the safe ones, and among the others, stays.
        """
        if self._sky.weather is None:
            return rows[:limit]
        looked_at = rows[: LOOK_AMONG * limit]
        bad = [self.shuns(climbs[row]) for row in looked_at.tolist()]
        return looked_at[np.argsort(np.array(bad, bool), kind="stable")][:limit]

    def shuns(self, climb: Climb) -> bool:
        """Say whether to avoid a climb because of the weather."""
        return self._sky.weather is not None and self.hill(climb).gravity == "avoid"

    def judged(self, hill: Hill) -> Hill:
        """Return the hill with what to mind on it and on the way to it."""
        way_min = 0.0 if hill.approach is None else hill.approach.time_s / 60.0
        safety = self.hill(hill.climb, way_min)
        approach = None
        if hill.approach is not None and hill.approach.legs:
            approach = self.way(hill.approach.legs, way_min)
        graver = tuple(
            each.text
            for each in safety.cautions
            if each.gravity == "avoid" and self._sky.weather is not None
        )
        notes = (*graver, *hill.notes)
        return replace(hill, safety=safety, approach_safety=approach, notes=notes)

    def hill(self, climb: Climb, begin_min: float = 0.0) -> Safety:
        """Return what to mind on a hill, up and down.

        Args:
            climb: the hill.
            begin_min: minutes from the start until it is reached.
        """
        marks = self._lookout.along(climb.legs)
        tags, grade = climb.tags, climb.grade
        found, road = surface_of(tags), road_of(tags)
        pavement = self._pavement(climb, road) if road.cls.cars else None
        wet, part = self._is_wet, self._part(climb.legs)
        told = [
            *cautions.of_weather(self._sky.weather, road, found, grade),
            *cautions.of_surface(tags, found, part),
            *cautions.of_descent(found, grade, leaves=self._sky.leaves, wet=wet),
            *cautions.of_light(self._sky.light, road, begin_min, begin_min + SESSION_MIN),
            *cautions.of_path(marks, known=self._network.spots.nodes_known),
            *cautions.of_traffic(road, pavement=pavement),
        ]
        unknown = []
        if found is None:
            unknown.append("surface")
        # A caution covers the dark, and paths are not expected to be lit.
        if road.lit is None and road.cls.cars and self._sky.light is None:
            unknown.append("street lights")
        if road.cls.cars and pavement is None:
            unknown.append("pavement")
        return Safety(cautions.ordered(told), tuple(unknown), marks)

    def way(self, legs: Sequence[Leg], minutes: float = 0.0) -> Safety:
        """Return what to mind on a warm-up of some minutes."""
        marks = self._lookout.along(legs)
        metres = self._metres(legs)
        told = [
            *self._way_ground(metres),
            *self._way_roads(metres),
            *cautions.on_the_way(marks),
        ]
        unlit = sum(part for tags, part in metres if road_of(tags).lit is False)
        silent = sum(part for tags, part in metres if road_of(tags).lit is None)
        light = self._sky.light
        unknown: tuple[str, ...] = ()
        if light is not None and light.dark_min(0.0, minutes):
            if unlit >= LEAST_STRETCH_M:
                lamp = " of it without street lights: take a lamp."
                text = Sentence("In the dark, ", Length(unlit, "far"), lamp)
                told.append(Caution("mind", "light", text))
            if silent >= LEAST_STRETCH_M:
                unknown = (Sentence("street lights on ", Length(silent, "far")),)
        return Safety(cautions.ordered(told), unknown, marks)

    @property
    def _is_wet(self) -> bool:
        return self._sky.weather is not None and self._sky.weather.wet

    def _pavement(self, climb: Climb, road: Road) -> bool | None:
        """Say whether there is a pavement; ``None`` if the map does not say."""
        if road.sidewalk.known is None and not road.sidewalk.there and self._beside_pavement(climb):
            return True
        return road.sidewalk.known

    def _part(self, legs: Sequence[Leg]) -> str:
        """Return " in part" for a surface that is mapped on a part of a hill only."""
        metres = self._metres(legs)
        mapped = sum(part for tags, part in metres if "surface" in tags)
        return "" if mapped >= MOSTLY * sum(part for _, part in metres) else " in part"

    def _beside_pavement(self, climb: Climb) -> bool:
        """Say whether a pavement is drawn beside all of the hill."""
        ax, ay, bx, by = self._pavements
        if len(ax) == 0:
            return False
        x, y = self._points(climb.legs)
        pieces = (ax, ay), (bx - ax, by - ay)
        _, away = nearest_on_pieces(*pieces, (x[:, None], y[:, None]))
        return bool((away.min(axis=1) <= PAVEMENT_M).all())

    def _points(self, legs: Sequence[Leg]) -> tuple[Floats, Floats]:
        """Return points along a hill, five a leg, in the network's projection."""
        network = self._network
        edge, start, stop = np.array(legs).T
        lines, point = drawn(network, edge.astype(np.int64))
        at = np.linspace(start, stop, 7)[1:-1].T
        line = np.broadcast_to(np.arange(len(legs))[:, None], at.shape)
        x, y = lines.interpolate(line, at, network.point_x_m[point], network.point_y_m[point])
        return x.ravel(), y.ravel()

    @cached_property
    def _pavements(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The straight pieces of all pavements that are drawn: x and y of both ends."""
        network = self._network
        walk: Bools = network.ways.said.rated(ALONG_ROAD_KEYS, is_pavement)[network.edge_way] > 0
        edge = np.repeat(np.arange(len(network)), np.diff(network.point_offset))
        piece = (edge[1:] == edge[:-1]) & walk[edge[1:]]
        x, y = network.point_x_m, network.point_y_m
        return x[:-1][piece], y[:-1][piece], x[1:][piece], y[1:][piece]

    def _metres(self, legs: Sequence[Leg]) -> list[tuple[dict[str, str], float]]:
        """Return the tags of the ways of a line, with the metres on each."""
        metres: dict[int, float] = defaultdict(float)
        for leg in legs:
            metres[int(self._network.edge_way[leg.edge])] += abs(leg.stop_m - leg.start_m)
        return [(self._network.ways.tags(way), part) for way, part in metres.items()]

    def _way_ground(self, metres: Sequence[tuple[dict[str, str], float]]) -> Iterable[Caution]:
        """Yield cautions on the ground of a warm-up, where it is not plain street."""
        stairs = sum(part for tags, part in metres if is_steps(tags))
        if stairs >= 1.0:
            text = Sentence("Stairs on ", Length(stairs, "far"), ": walk them.")
            yield Caution("mind", "surface", text)
        poor: dict[str, float] = defaultdict(float)
        sky = self._sky.weather
        for tags, part in metres:
            found = surface_of(tags)
            if found and (found.loose or found.mud or found.slick):
                poor[found.words] += part
        if sky is not None and (sky.icy or sky.snowy or sky.frosty):
            what = "Ice is likely" if sky.icy else "Snow lies" if sky.snowy else "There is frost"
            yield Caution("mind", "weather", f"{what} on the way: walk where you are not sure.")
        long = [(words, part) for words, part in poor.items() if part >= LEAST_STRETCH_M]
        if long:
            these = [Sentence(Length(part, "far"), f" on {words}") for words, part in long]
            wet = self._is_wet
            text = Sentence(listed(these), ", wet and slick." if wet else ".")
            yield Caution("mind" if wet else "know", "surface", text)
        paths = {cautions.HIKING_WORDS[hiking_grade(tags)] for tags, _ in metres} - {""}
        for words in sorted(paths):
            yield Caution("mind", "path", words)
        closing = sum(part for tags, part in metres if closes(tags))
        if closing:
            closed = " of the way are closed at times: look at the sign."
            text = Sentence(Length(closing, "far"), closed)
            yield Caution("mind", "access", text)

    def _way_roads(self, metres: Sequence[tuple[dict[str, str], float]]) -> Iterable[Caution]:
        """Yield a caution on busy roads of a warm-up on which no pavement is known."""
        bare: dict[str, float] = defaultdict(float)
        for tags, part in metres:
            road = road_of(tags)
            if road.cls.busy and not road.sidewalk.there:
                bare[tags.get("name", "a busy road")] += part
        long = [(name, part) for name, part in bare.items() if part >= LEAST_STRETCH_M]
        if long:
            these = [
                Sentence(Length(part, "far"), " along ", Name(name)) for name, part in long[:3]
            ]
            text = Sentence(listed(these), ": busy, and no pavement is mapped.")
            yield Caution("mind", "traffic", text)
