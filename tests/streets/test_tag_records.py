"""One judgment of a tag: the records of surfaces and roads, and all who derive from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hillfinder.routing.edge_costs import road_weight
from hillfinder.streets.tags import access, quality
from hillfinder.streets.tags.features import of_road
from hillfinder.streets.tags.roads import (
    RoadClass,
    is_lit,
    is_pavement,
    is_trail,
    road_of,
    sidewalk_of,
    speed_limit,
)
from hillfinder.streets.tags.surfaces import (
    ROUGHEST,
    SURFACES,
    faintness,
    hiking_grade,
    is_paved,
    roughness,
    surface_of,
    track_grade,
)
from hillfinder.streets.tags.table import Tags
from hillfinder.training import cautions, workout

if TYPE_CHECKING:
    from collections.abc import Mapping


def told(tags: Mapping[str, str], *, pavement: bool | None = None) -> list[tuple[str, str]]:
    """Return the gravity and the text of what is said of traffic."""
    return [
        (each.gravity, str(each.text))
        for each in cautions.of_traffic(road_of(tags), pavement=pavement)
    ]


# --- Roads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tertiary", "secondary", "primary", "trunk", "unclassified"])
def test_a_link_is_judged_as_the_road_it_links_by_everybody(name: str) -> None:
    road, link = {"highway": name}, {"highway": f"{name}_link"}
    assert road_of(link).link
    assert not road_of(road).link
    assert road_of(link)._replace(link=False) == road_of(road)
    assert quality.traffic(link) == quality.traffic(road)
    assert told(link) == told(road) != []
    assert road_weight(link) == road_weight(road)
    assert of_road(link) == of_road(road) == "side street"


@pytest.mark.parametrize("name", ["road", "busway", "bus_guideway"])
def test_a_road_of_unknown_class_and_a_busway_count_as_through_roads(name: str) -> None:
    tags = {"highway": name}
    assert road_of(tags).cls is RoadClass.UNCLASSIFIED
    assert quality.traffic(tags).words == "a busy road"
    assert told(tags)[0][0] == "mind"
    assert of_road(tags) == "side street"


def test_of_several_classes_the_busiest_counts() -> None:
    tags = {"highway": "footway;Secondary_link; service"}
    assert road_of(tags).cls is RoadClass.SECONDARY
    assert quality.traffic(tags) == quality.traffic({"highway": "secondary"})
    assert is_trail({"highway": "path;steps"})
    assert not is_trail({"highway": "path;residential"})
    assert road_of({}).cls is RoadClass.NONE
    assert road_of({"highway": "proposed"}).cls is RoadClass.OTHER


@pytest.mark.parametrize(
    ("value", "km_h", "words"),
    [
        ("50", 50.0, "50 km/h"),
        ("50 km/h", 50.0, "50 km/h"),
        ("50km/h", 50.0, "50 km/h"),
        ("20.5", 20.5, "20.5 km/h"),
        ("30 mph", 48.28032, "30 mph"),
        ("30mph", 48.28032, "30 mph"),
        ("30;70", 70.0, "70 km/h"),
        ("70;30", 70.0, "70 km/h"),
        ("35 mph; 50", 56.32704, "35 mph"),
        ("signals;50", 50.0, "50 km/h"),
    ],
)
def test_a_speed_limit_is_read_once_and_told_as_it_is_posted(
    value: str, km_h: float, words: str
) -> None:
    limit = speed_limit(value)
    assert limit is not None
    assert limit.km_h == pytest.approx(km_h)
    assert limit.words == words
    assert f", {words}" in told({"highway": "residential", "maxspeed": value})[0][1]
    fast = road_weight({"highway": "residential", "maxspeed": value}) > 1.0
    assert fast == (km_h > 52)


@pytest.mark.parametrize("value", ["FR:urban", "walk", "none", "", "signals", "1e3", "50 knots"])
def test_words_are_no_speed_limit(value: str) -> None:
    assert speed_limit(value) is None
    assert told({"highway": "residential", "maxspeed": value}) == told({"highway": "residential"})


@pytest.mark.parametrize(
    ("tags", "known", "own"),
    [
        ({}, None, False),
        ({"sidewalk": "both"}, True, True),
        ({"sidewalk": "Left"}, True, True),
        ({"sidewalk": "separate"}, True, False),
        ({"sidewalk": "no"}, False, False),
        ({"sidewalk": "none"}, False, False),
        ({"sidewalk": "both;no"}, None, False),
        ({"sidewalk": "mapped"}, None, False),
        ({"sidewalk:both": "no"}, False, False),
        ({"sidewalk:left": "no"}, None, False),
        ({"sidewalk:left": "no", "sidewalk:right": "no"}, False, False),
        ({"sidewalk:left": "yes", "sidewalk:right": "no"}, True, True),
    ],
)
def test_a_sidewalk_is_read_once(tags: dict[str, str], known: bool | None, own: bool) -> None:  # noqa: FBT001
    assert (sidewalk_of(tags).known, sidewalk_of(tags).own) == (known, own)
    primary = {"highway": "primary"}
    weight, worth = road_weight({**primary, **tags}), quality.traffic({**primary, **tags}).value
    assert (weight > road_weight(primary)) == (known is False)
    silent = quality.traffic(primary).value
    assert (worth > silent, worth < silent) == (known is True, known is False)
    # The law opens a trunk road to feet where the sidewalk is part of it.
    assert access.decide({"highway": "trunk", **tags}).walk == own


@pytest.mark.parametrize(
    ("value", "lit"),
    [
        *(("yes", True), ("automatic", True), ("24/7", True), ("sunset-sunrise", True)),
        *(("no", False), ("disused", False), ("yes;no", False)),
        *(("", None), ("who knows", None), ("yes;who knows", None)),
    ],
)
def test_light_is_read_once(value: str, lit: bool | None) -> None:  # noqa: FBT001
    tags = {"highway": "residential", "lit": value}
    assert is_lit(value) is road_of(tags).lit is lit
    words = {True: "lit", False: "not lit", None: ""}[lit]
    assert quality.light(tags).words == words
    assert road_weight(tags) == {True: 0.95, False: 1.1, None: 1.0}[lit]
    alone = [each.text for each in cautions.of_light(None, road_of(tags), 0.0, 30.0)]
    assert bool(alone) == (lit is False)


def test_what_runs_along_a_road_is_told_from_a_path() -> None:
    for key in ("footway", "path", "cycleway"):
        assert is_pavement({"highway": key, key: "sidewalk"})
        assert not is_pavement({"highway": key, key: "crossing"})
        assert road_of({"highway": key, key: "crossing"}).crossing
    assert road_weight({"highway": "service", "service": "garages"}) == 1.4
    assert road_weight({"highway": "service", "service": "alley"}) == 1.1
    assert road_weight({"highway": "path", "tunnel": "culvert"}) == pytest.approx(0.96)
    assert road_weight({"highway": "path", "tunnel": "building_passage"}) == 0.8


# --- Surfaces -------------------------------------------------------------------------------------


@pytest.mark.parametrize("surface", SURFACES)
def test_what_is_loose_slick_muddy_or_uneven_is_poor_for_jogging_down(surface: str) -> None:
    record = SURFACES[surface]
    tags = {"highway": "path", "surface": surface}
    assert workout.is_poor(tags) == record.poor
    assert record.poor == (record.loose or record.mud or record.slick > 0 or not record.firm)
    # Good to jog down is what no caution speaks of.
    (caution,) = cautions.of_surface(tags, record)
    assert (str(caution.text) == f"{record.words.capitalize()}.") or record.poor


def test_clay_is_judged_once() -> None:
    clay = {"highway": "path", "surface": "clay"}
    (caution,) = cautions.of_surface(clay, surface_of(clay))
    assert str(caution.text) == "Clay: slippery as soon as it is damp."
    assert workout.is_poor(clay)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("asphalt;sand", "sand"),
        ("sand;asphalt", "sand"),
        ("gravel;sand", "sand"),
        ("woodchips;asphalt", "wood chips"),
        ("Dirt", "bare earth"),
        ("gravel:fine", "gravel"),
        ("concrete:lanes", "concrete lanes"),
        ("moon_dust;paved", "paving"),
    ],
)
def test_the_worst_of_several_surfaces_counts(value: str, words: str) -> None:
    found = surface_of({"surface": value})
    assert found is not None
    assert found.words == words


@given(st.lists(st.sampled_from([*SURFACES, "moon_dust"]), min_size=1, max_size=4))
def test_law_a_list_is_poor_where_one_of_it_is(surfaces: list[str]) -> None:
    one_by_one = [workout.is_poor({"surface": surface}) for surface in surfaces]
    assert workout.is_poor({"surface": ";".join(surfaces)}) == any(one_by_one)
    one, other = (
        surface_of({"surface": "; ".join(each)}) for each in (surfaces, reversed(surfaces))
    )
    assert (one and one[1:5]) == (other and other[1:5])  # the names of equals may differ


def test_paved_is_what_is_paved_everywhere() -> None:
    assert is_paved({"surface": "asphalt; bricks;"})
    assert not any(is_paved({"surface": value}) for value in ("asphalt;sand", "moon_dust", "sett"))
    assert not is_paved({})


def test_grades_of_ground_are_read_once() -> None:
    assert [roughness({"smoothness": value}) for value in ("good", "bad;impassable", "?")] == [
        *(0, ROUGHEST, None)
    ]
    assert [track_grade({"tracktype": value}) for value in ("grade1", "grade4;grade2", "")] == [
        *(1, 4, None)
    ]
    assert [hiking_grade({"sac_scale": value}) for value in ("mountain_hiking", "?")] == [2, 0]
    assert [faintness({"trail_visibility": value}) for value in ("bad", "good")] == [2, 0]
    for table, most in (
        *((quality.ROUGH_WORTH, ROUGHEST), (cautions.ROUGHNESS_WORDS, ROUGHEST)),
        *((cautions.TRACK_WORDS, 5), (cautions.HIKING_WORDS, 3), (cautions.FAINTNESS_WORDS, 2)),
    ):
        assert len(table) == most + 1


# --- Rules that others read -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "closes"),
    [
        ({}, False),
        ({"opening_hours": "24/7"}, False),
        ({"opening_hours": "dawn-dusk"}, True),
        ({"seasonal": "yes"}, True),
        ({"access:conditional": "no @ (22:00-06:00)"}, True),
        ({"access:conditional": "no @ (22:00-06:00)", "foot": "yes"}, False),
        ({"foot:conditional": "yes @ (06:00-22:00)"}, False),
    ],
)
def test_what_closes_at_times_is_no_hill_and_is_told(
    tags: dict[str, str],
    closes: bool,  # noqa: FBT001
) -> None:
    assert access.closes(tags) == closes
    assert access.decide({"highway": "path", **tags}).hill == (not closes)


def test_spans_and_banks() -> None:
    assert access.is_span({"bridge": "viaduct"})
    assert access.is_span({"tunnel": "yes"})
    assert not access.is_span({"bridge": "no", "tunnel": "building_passage"})
    assert access.is_banked({"embankment": "yes"})
    assert access.is_banked({"cutting": "left"})
    assert not access.is_banked({"cutting": "no"})


def test_many_ways_are_rated_as_each_alone() -> None:
    ways = [{"highway": kind, "name": kind} for kind in ("path", "primary", "path", "steps")]
    rated = Tags.gathered(ways).rated(("highway",), road_weight)
    assert rated.tolist() == [road_weight(tags) for tags in ways]
