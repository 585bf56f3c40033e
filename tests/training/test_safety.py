"""Cautions on a hill and its warm-up, by tags, slope, hour and weather."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

import hillfinder as hf
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.model import GRAVITIES, Leg, Place
from hillfinder.services.client import Web
from hillfinder.services.weather import Weather
from hillfinder.streets.tags.roads import road_of
from hillfinder.streets.tags.surfaces import SURFACES, surface_of
from hillfinder.training import cautions, safety
from hillfinder.training.daylight import Daylight
from tests.towns import DATA, LAT, LON, Formula, needs_data, town
from tests.world import OpenMeteo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hillfinder.model import Caution, Gravity, Safety
    from hillfinder.streets.network import StreetNetwork

SPRING = datetime(2026, 5, 4, 18, 0, tzinfo=UTC)
AUTUMN = datetime(2026, 11, 4, 12, 0, tzinfo=UTC)
CLEAN = {"highway": "residential", "surface": "asphalt", "lit": "yes", "sidewalk": "both"}


def weather(**changes: float | None) -> Weather:
    mild: dict[str, float | None] = {
        "temperature_c": 14.0,
        "least_c": 9.0,
        "felt_c": 13.0,
        "rain_mm": 0.0,
        "wet_mm": 0.0,
        "before_mm": 0.0,
        "snowfall_cm": 0.0,
        "snow_m": 0.0,
        "gusts_km_h": 20.0,
    }
    return Weather(SPRING, **{**mild, **changes})  # type: ignore[arg-type]


DRY, RAIN = weather(), weather(rain_mm=1.0)
ICE = weather(temperature_c=-1.0, least_c=-4.0, before_mm=2.0)
SNOW = weather(temperature_c=-8.0, least_c=-9.0, snow_m=0.2)


def ramp(
    grade: float,
    tags: Mapping[str, str],
    *others: tuple[Sequence[int], Mapping[str, str]],
    nodes: Mapping[int, tuple[float, float]] | None = None,
) -> StreetNetwork:
    """Return a street of 150 m that rises north."""
    points = {1: (0.0, 0.0), 2: (0.0, 75.0), 3: (0.0, 150.0), 4: (60.0, 75.0), **(nodes or {})}
    ways = [(1, (1, 2, 3), tags), *((row, *other) for row, other in enumerate(others, 2))]
    return attach(town(ways, points), Formula(lambda _, y: 100 + grade * y))


def judge(
    grade: float,
    tags: Mapping[str, str],
    *others: tuple[Sequence[int], Mapping[str, str]],
    nodes: Mapping[int, tuple[float, float]] | None = None,
    sky: safety.Sky | None = None,
    sees: Weather | None = None,
) -> Safety:
    """Return the cautions on that street."""
    from hillfinder.elevation.climb_table import climb_of

    network = ramp(grade, tags, *others, nodes=nodes)
    edges = [
        each for each in range(len(network)) if network.ways.ids[network.edge_way[each]] == (1,)
    ]
    legs = [Leg(edge, 0.0, float(network.edge_length_m[edge])) for edge in edges]
    climb = climb_of(network, legs, grade, 0.003)
    sky = sky or safety.Sky(SPRING, weather=sees)
    return safety.Judge(network, sky).hill(climb)


def texts(found: Safety, topic: str = "") -> list[str]:
    return [each.text for each in found.cautions if topic in ("", each.topic)]


def worst(found: Safety, topic: str) -> Gravity | None:
    graves = [each.gravity for each in found.cautions if each.topic == topic]
    return min(graves, key=GRAVITIES.index, default=None)


def test_a_clean_street_gives_three_short_sentences_and_nothing_unknown() -> None:
    found = judge(0.08, {**CLEAN, "maxspeed": "25 mph"})
    assert texts(found) == [
        "Asphalt.",
        "Clear path: nothing crosses it.",
        "Quiet street with a pavement, 25 mph.",
    ]
    assert found.unknown == ()
    assert found.gravity == "know"


def test_what_the_map_does_not_say_is_told_once_as_unknown() -> None:
    found = judge(0.08, {"highway": "residential"})
    assert found.unknown == ("surface", "street lights", "pavement")
    assert "surface" not in " ".join(texts(found))
    path = judge(0.08, {"highway": "path", "surface": "dirt"})
    assert path.unknown == ()  # nobody looks for street lights on a path by day


def test_the_gravest_comes_first() -> None:
    street = ((2, 4), {"highway": "residential", "name": "Elm Street"})
    tags = {"highway": "secondary", "maxspeed": "100", "sidewalk": "no", "surface": "gravel"}
    found = judge(0.16, tags, street)
    order = [GRAVITIES.index(each.gravity) for each in found.cautions]
    assert order == sorted(order)
    assert found.cautions[0].text == "Busy road without a pavement, 100 km/h: choose another."


@pytest.mark.parametrize(
    ("surface", "grade", "sees", "gravity", "words"),
    [
        ("asphalt", 0.08, DRY, None, ""),
        ("asphalt", 0.08, RAIN, None, ""),
        ("asphalt", 0.18, RAIN, "mind", "18 % on wet asphalt: walk down with short steps."),
        ("cobblestone", 0.08, RAIN, "avoid", "8 % on wet cobbles: choose another."),
        ("cobblestone", 0.05, RAIN, "mind", "5 % on wet cobbles: walk down with short steps."),
        ("cobblestone", 0.08, DRY, None, ""),
        ("wood", 0.05, RAIN, "avoid", "5 % on wet wood: choose another."),
        ("metal_grid", 0.05, RAIN, "avoid", "5 % on wet metal grating: choose another."),
        ("grass", 0.1, RAIN, "avoid", "10 % on wet grass: choose another."),
        ("asphalt", 0.06, ICE, "avoid", "6 % with ice likely: choose another."),
        ("asphalt", 0.02, ICE, "mind", "2 % with ice likely: short steps, and walk down."),
        ("asphalt", 0.06, SNOW, "avoid", "6 % in snow: choose another."),
    ],
)
def test_weather_is_crossed_with_slope_and_surface(
    surface: str, grade: float, sees: Weather, gravity: Gravity | None, words: str
) -> None:
    found = judge(grade, {**CLEAN, "surface": surface}, sees=sees)
    assert worst(found, "weather") == gravity
    assert texts(found, "weather") == ([words] if words else [])


def test_a_street_that_is_cleared_in_winter_is_not_to_be_avoided() -> None:
    assert worst(judge(0.06, CLEAN, sees=ICE), "weather") == "avoid"
    cleared = judge(0.06, {**CLEAN, "winter_service": "yes"}, sees=ICE)
    assert texts(cleared, "weather") == [
        "6 % with ice likely, but cleared in winter: look before you run."
    ]


def test_nothing_is_avoided_for_a_surface_that_nobody_mapped() -> None:
    found = judge(0.2, {"highway": "path"}, sees=RAIN)
    assert worst(found, "weather") == "mind"
    assert "a surface nobody mapped" in texts(found, "weather")[0]


@pytest.mark.parametrize("grade", [0.03, 0.06, 0.1, 0.15, 0.2, 0.3])
@pytest.mark.parametrize("surface", [*SURFACES, "", "moon_dust"])
def test_worse_weather_is_never_judged_better(surface: str, grade: float) -> None:
    tags = {"highway": "residential", **({"surface": surface} if surface else {})}
    found = surface_of(tags)

    def gravity(sees: Weather) -> int:
        told = [*cautions.of_weather(sees, road_of(tags), found, grade)]
        return min((GRAVITIES.index(each.gravity) for each in told), default=2)

    assert gravity(DRY) >= gravity(RAIN) >= gravity(ICE)


def test_steeper_is_never_judged_better() -> None:
    for surface in SURFACES:
        tags = {"highway": "residential", "surface": surface}
        road, found = road_of(tags), surface_of(tags)
        for sees in (RAIN, ICE, SNOW):
            graves = [
                min(
                    (
                        GRAVITIES.index(each.gravity)
                        for each in cautions.of_weather(sees, road, found, grade)
                    ),
                    default=2,
                )
                for grade in np.linspace(0.01, 0.4, 40)
            ]
            assert graves == sorted(graves, reverse=True), surface


def test_leaves_matter_in_autumn_on_a_steep_street() -> None:
    leaves = "Fallen leaves are slick on this slope."
    assert leaves in texts(judge(0.1, CLEAN, sky=safety.Sky(AUTUMN)))
    assert leaves not in texts(judge(0.1, CLEAN, sky=safety.Sky(SPRING)))
    assert leaves not in texts(judge(0.05, CLEAN, sky=safety.Sky(AUTUMN)))
    assert leaves not in texts(judge(0.1, CLEAN, sky=safety.Sky(AUTUMN, north=False)))
    assert leaves in texts(judge(0.1, CLEAN, sky=safety.Sky(SPRING, north=False)))


def test_a_steep_descent_is_to_be_walked() -> None:
    assert "18 % is steep to come down: walk it." in texts(judge(0.18, CLEAN))


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ({"surface": "gravel"}, "Gravel, loose underfoot on the way down."),
        ({"surface": "wood"}, "Wood: slippery as soon as it is damp."),
        ({"surface": "ground"}, "Bare earth: good when dry, slick when wet."),
        ({"surface": "asphalt", "smoothness": "very_bad"}, "Asphalt; rough: watch your feet."),
        ({"smoothness": "bad"}, "Bumpy."),
        ({"tracktype": "grade5"}, "Soft track, muddy after rain."),
        (
            {"sac_scale": "mountain_hiking"},
            "A mountain path (T2): sure feet are needed, trail shoes help.",
        ),
        ({"trail_visibility": "intermediate"}, "The path is faint in places."),
    ],
)
def test_ground_is_told_in_words(tags: dict[str, str], text: str) -> None:
    assert text in texts(judge(0.08, {"highway": "path", **tags}))


def test_mud_is_to_be_avoided_in_any_weather() -> None:
    assert worst(judge(0.08, {"highway": "path", "surface": "mud"}), "surface") == "avoid"


def test_what_crosses_is_named_with_its_place() -> None:
    street = ((2, 4), {"highway": "residential", "name": "Elm Street"})
    found = judge(0.08, CLEAN, street)
    assert texts(found, "path") == ["Mind Elm Street at 75 m."]
    assert [mark.kind for mark in found.marks] == ["side street"]
    assert worst(judge(0.08, CLEAN, ((2, 4), {"highway": "service"})), "path") == "know"


@pytest.mark.parametrize(
    ("tags", "gravity", "text"),
    [
        ({"sidewalk": "both"}, "know", "Quiet street with a pavement."),
        ({"sidewalk": "separate"}, "know", "Quiet street with a pavement."),
        ({"sidewalk:left": "yes", "sidewalk:right": "no"}, "know", "Quiet street with a pavement."),
        ({"sidewalk": "no"}, "know", "Quiet street without a pavement."),
        ({"highway": "tertiary", "sidewalk": "no"}, "mind", "Through road without a pavement"),
        ({"highway": "primary"}, "mind", "Busy road: look for a pavement"),
        ({"highway": "primary", "sidewalk": "right"}, "know", "Busy road with a pavement."),
    ],
)
def test_traffic_is_told_with_the_pavement(tags: dict[str, str], gravity: str, text: str) -> None:
    found = judge(0.08, {"highway": "residential", **tags})
    (told,) = texts(found, "traffic")
    assert told.startswith(text)
    assert worst(found, "traffic") == gravity


def test_a_pavement_drawn_beside_a_street_is_its_pavement() -> None:
    walk = {"highway": "footway", "footway": "sidewalk"}
    nodes = {5: (8.0, 0.0), 6: (8.0, 150.0), 7: (8.0, 60.0), 8: (80.0, 0.0), 9: (80.0, 150.0)}
    street = {"highway": "residential"}
    assert "pavement" not in judge(0.08, street, ((5, 6), walk), nodes=nodes).unknown
    assert "pavement" in judge(0.08, street, ((5, 7), walk), nodes=nodes).unknown  # half of it
    assert "pavement" in judge(0.08, street, ((8, 9), walk), nodes=nodes).unknown  # the next street


def test_nothing_is_said_of_cars_on_a_path() -> None:
    assert texts(judge(0.08, {"highway": "path"}), "traffic") == []


@pytest.mark.parametrize(
    ("lit", "text"),
    [
        ("yes", "Dark for 20 minutes, with street lights."),
        ("no", "Dark for 20 minutes, without street lights: take a lamp."),
        ("", "Dark for 20 minutes, and the map does not say if it is lit: take a lamp."),
    ],
)
def test_darkness_is_crossed_with_street_lights(lit: str, text: str) -> None:
    light = Daylight(SPRING, (False,) * 10 + (True,) * 20, "")
    tags = {**CLEAN, "lit": lit} if lit else {"highway": "residential"}
    found = judge(0.08, tags, sky=safety.Sky(SPRING, light=light))
    assert texts(found, "light") == [text]
    assert "street lights" not in found.unknown
    day = Daylight(SPRING, (False,) * 50, "")
    assert texts(judge(0.08, tags, sky=safety.Sky(SPRING, light=day)), "light") == []


def test_two_hills_change_places_in_the_rain(server: OpenMeteo, tmp_path: Path) -> None:
    """The steeper is of cobbles; both are 150 m from the door."""
    nodes = {1: (0.0, 0.0), 2: (0.0, 160.0), 3: (400.0, 0.0), 4: (400.0, 160.0)}
    ways = [
        (1, (1, 3), {**CLEAN, "name": "Level Road"}),
        (2, (1, 2), {**CLEAN, "surface": "cobblestone", "name": "Cobble Hill"}),
        (3, (3, 4), {**CLEAN, "name": "Smooth Hill"}),
    ]
    heights = Formula(lambda x, y: 100 + np.where(x < 200, 0.12, 0.08) * y)
    network = town(ways, nodes)

    def names(*, weather: bool, rain: float) -> list[tuple[int, str, bool]]:
        server.hour = lambda _: {"precipitation": rain}
        criteria = Criteria(weather=weather, warmup_min=(0.0, 20.0))
        found = hf.near(
            Place(LAT, LON),
            criteria,
            streets=network,
            dem=heights,
            web=Web(
                cache_dir=tmp_path / f"{rain}", addresses={"HILLFINDER_OPENMETEO_URL": server.url}
            ),
        )
        return [
            (hill.rank, hill.name.partition(" ")[0], "choose another" in " ".join(hill.notes))
            for hill in found
        ]

    assert names(weather=True, rain=0.0) == [(1, "Cobble", False), (2, "Smooth", False)]
    assert names(weather=True, rain=2.0) == [(1, "Smooth", False), (2, "Cobble", True)]
    assert len(server.requests) == 2
    assert names(weather=False, rain=2.0) == [(1, "Cobble", False), (2, "Smooth", False)]
    assert len(server.requests) == 2


@pytest.fixture
def server() -> Iterator[OpenMeteo]:
    with OpenMeteo() as server:
        yield server


def test_a_dead_service_costs_the_weather_and_not_the_hills(tmp_path: Path) -> None:
    web = Web(
        cache_dir=tmp_path,
        addresses={"HILLFINDER_OPENMETEO_URL": "http://127.0.0.1:1"},
        sleep=lambda _: None,
    )
    nodes = {1: (0.0, 0.0), 2: (0.0, 160.0)}
    heights = Formula(lambda _, y: 100 + 0.1 * y)
    criteria = Criteria(weather=True, warmup_min=(0.0, 20.0))
    streets = town([(1, (1, 2), CLEAN)], nodes)
    found = hf.near(Place(LAT, LON), criteria, streets=streets, dem=heights, web=web)
    assert len(found) == 1
    assert found.sky[0].startswith("Open-Meteo ")
    off = Web(cache_dir=tmp_path, offline=True)
    found = hf.near(Place(LAT, LON), criteria, streets=streets, dem=heights, web=off)
    assert found.sky == ("No weather: the network is switched off.",)
    assert len(found) == 1


def test_weather_is_told_with_its_source(server: OpenMeteo, tmp_path: Path) -> None:
    web = Web(cache_dir=tmp_path, addresses={"HILLFINDER_OPENMETEO_URL": server.url})
    criteria = Criteria(weather=True, start=datetime.now(UTC) + timedelta(hours=3))
    light, forecast, source = safety.outlook(Place(LAT, LON), criteria, web).words
    assert light.startswith("The sun rises at ")
    assert forecast.startswith("Forecast for ")
    assert source == "Weather: Open-Meteo.com, CC BY 4.0; a forecast, not a promise."


def way(*pieces: tuple[Mapping[str, str], float], sky: safety.Sky | None = None) -> list[Caution]:
    """Return the cautions on a warm-up along pieces of ways, each with its metres."""
    nodes, ways, at = {1: (0.0, 0.0)}, [], 0.0
    for row, (tags, metres) in enumerate(pieces, 1):
        at += metres
        nodes[row + 1] = (at, 0.0)
        ways.append((row, (row, row + 1), tags))
    network = town(ways, nodes)
    legs = [Leg(edge, 0.0, float(network.edge_length_m[edge])) for edge in range(len(network))]
    told = safety.Judge(network, sky or safety.Sky(SPRING)).way(legs, 10.0)
    return [*told.cautions]


def test_of_a_warm_up_what_is_out_of_the_ordinary_is_told() -> None:
    steps, road = {"highway": "steps"}, {"highway": "primary", "name": "High Road"}
    earth = {"highway": "path", "surface": "dirt"}
    timed = {"highway": "path", "surface": "asphalt", "opening_hours": "08:00-18:00"}
    told = way((CLEAN, 500.0), (steps, 20.0), (road, 200.0), (earth, 300.0), (timed, 100.0))
    assert [(each.gravity, each.topic, each.text) for each in told] == [
        ("mind", "surface", "Stairs on 20 m: walk them."),
        ("mind", "access", "100 m of the way are closed at times: look at the sign."),
        ("mind", "traffic", "200 m along High Road: busy, and no pavement is mapped."),
        ("know", "surface", "300 m on bare earth."),
    ]
    assert way((CLEAN, 900.0), (earth, 30.0)) == []


def test_a_dark_warm_up_wants_a_lamp_where_there_are_no_lights() -> None:
    light = Daylight(SPRING, (True,) * 30, "")
    told = way((CLEAN, 500.0), ({**CLEAN, "lit": "no"}, 300.0), sky=safety.Sky(SPRING, light=light))
    assert [each.text for each in told] == [
        "In the dark, 300 m of it without street lights: take a lamp."
    ]


@needs_data
def test_what_is_said_of_a_steep_street_of_portland() -> None:
    folder = DATA / "portland"
    found = hf.near(
        "45.5152,-122.6784",
        streets=folder / "portland-central-filtered.osm.pbf",
        dem=folder / "portland-ned.tif",
    )
    assert all(hill.safety and hill.approach_safety for hill in found)
    college = found[0].safety
    assert college is not None
    assert college.unknown == ("surface", "street lights", "pavement")
    assert "Clear path: nothing crosses it." in texts(college, "path")
