"""The card of a session, and its course: as a runner reads them, and whatever the map holds."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gpxpy
import numpy as np
import pytest
from lxml import etree, html
from rich.cells import cell_len
from rich.console import Console

from hillfinder.criteria import Criteria
from hillfinder.model import Caution, Fit, Mark, Route, Safety, Step, Workout
from hillfinder.output.formats.gpx import GPX_NAME_LIMIT, to_gpx
from hillfinder.output.records import record, to_json
from hillfinder.output.text import phrases as words
from hillfinder.output.text.card import card_text as to_text
from hillfinder.output.text.sanitize import brief, plain
from hillfinder.output.text.table import table_text as table
from hillfinder.results.plan import Plan
from hillfinder.training import treadmill
from hillfinder.units import Length, Sentence, Temperature
from tests.findings import HOSTILE, approach, hill, hills, hostile_hill

if TYPE_CHECKING:
    from pathlib import Path

    from hillfinder.model import Hill

GPX = {"g": "http://www.topografix.com/GPX/1/1"}
SAFE = Safety(
    (
        Caution("avoid", "weather", "8 % wet cobbles: choose another."),
        Caution("mind", "traffic", "A main road without a pavement."),
        Caution("know", "light", "Lit."),
    ),
    ("the surface",),
    (Mark("driveway", 40.2, 45.5, -122.7), Mark("side street", 90, 45.5, -122.7, "Oak Street")),
)


def back(route: Route) -> Route:
    return Route(
        route.lon[::-1],
        route.lat[::-1],
        route.elevation_m[::-1],
        (route.distance_m[-1] - route.distance_m)[::-1],
        route.time_s,
        "direct",
    )


def up(one: Hill) -> Route:
    climb = one.climb
    profile = climb.profile
    return Route(
        climb.lon, climb.lat, profile.elevation_m, profile.distance_m, 80.0, "direct", climb.legs
    )


def made(*those: Hill, count: int = 6, cues: tuple[str, ...] = ("Short strides.",)) -> Workout:
    """Return a session of known times: 12:03 there, 0:55 up, 1:50 down, 11:00 home."""
    those = those or (hill(),)
    steps = [Step("warm-up", approach(), 723.0)]
    for one in those:
        pair = (
            Step("repeat", up(one), 55.0, one.rank),
            Step("recovery", back(up(one)), 110.0, one.rank),
        )
        steps += pair * count
    steps.append(Step("cool-down", back(approach()), 660.0))
    session = "repeats" if len(those) == 1 else "rolling"
    return Workout(session, "regular", those, tuple(steps), cues)  # type: ignore[arg-type]


def page(width: int, **more: Any) -> Console:
    return Console(file=io.StringIO(), width=width, color_system=None, **more)


# --- The card -------------------------------------------------------------------------------------


def test_the_card_at_80_columns() -> None:
    one = replace(
        hill(2),
        safety=SAFE,
        approach_safety=Safety(unknown=("whether it is lit",)),
        fit=Fit(0.82, {}, ("even slope", "2 points steeper than ideal")),
    )
    assert (
        to_text(made(one), hills(one))
        == """\
Session on hill 2: Vista Avenue, Spring Street to Carter Lane
11.8 ± 0.9 % (trust: high), 150 m, 18 m up, steepest 12.9 %, asphalt, lit.
▁▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▇▇▇███
For a regular runner, easy pace 7:00 min/km.

Warm-up     12 min  1.9 km   +12 m  6:23 min/km  easy
6 x up        0:55   150 m   +18 m  6:07 min/km  hard, not all out
6 x down      1:50   150 m                       walk
Home        11 min  1.9 km    +2 m  5:49 min/km  easy
In all      40 min  5.6 km  +120 m

How to run it
- Short strides.

How hill 2 fits
- 82 of 100: even slope; 2 points steeper than ideal.

On the hill
- Uneven: its steepest 30 m rise 13 %.
! Avoid it: 8 % wet cobbles: choose another.
! A main road without a pavement.
- Lit.
- At 40 m a driveway; at 90 m a side street (Oak Street).
- Not known: the surface.

On the way there
- Not known: whether it is lit.

Streets: portland.osm.pbf, 2026-01-31T00:00:00Z. (c) OpenStreetMap contributors,
https://www.openstreetmap.org/copyright.
Heights: ned.tif, bare earth model, 10.3 m cells. USGS.
"""
    )


def test_the_card_in_feet_and_miles() -> None:
    one = replace(hill(), safety=SAFE)
    shown = to_text(
        made(one, cues=(Sentence("Jog ", Length(152.4), "."),)), hills(one), units="imperial"
    )
    assert not re.search(r"\d (m|km)\b|/km", shown)
    for part in (
        "492 ft",
        "58 ft up",
        "1.2 mi",
        "9:50 min/mi",
        "Jog 500 ft.",
        "34 ft cells",
        "At 132 ft",
    ):
        assert part in shown


def test_a_run_over_several_hills_names_each() -> None:
    first, second = hill(3, "First Street"), hill(7, "Second Street")
    shown = to_text(made(first, second, count=1), hills(first, second))
    assert shown.startswith("A run over 2 hills: 4.4 km, 49 m of climbing, 29 min\n")
    lines = shown.splitlines()
    assert [line.split("  ")[0] for line in lines if line.startswith(("Hill", "Down"))] == [
        *("Hill 3", "Down", "Hill 7", "Down")
    ]
    assert "3  First Street: 11.8" in shown
    assert "\nOn hill 7\n" in shown


def test_repeats_that_differ_are_told_apart() -> None:
    workout = made()
    steps = (*workout.steps[:3], replace(workout.steps[1], time_s=70.0), *workout.steps[2:])
    shown = to_text(replace(workout, steps=steps), hills(hill()))
    assert "5 x up" in shown
    assert "1:10" in shown


@pytest.mark.parametrize(
    ("criteria", "level", "said"),
    [
        (Criteria(), "strong", "For a strong runner, easy pace 7:00 min/km."),
        (Criteria(), "new", "For a runner new to hills, easy pace 7:00 min/km."),
        (Criteria(walk=True), "new", "For a walker, easy pace 12:00 min/km."),
    ],
)
def test_the_card_says_for_whom_it_is(criteria: Criteria, level: Any, said: str) -> None:
    shown = to_text(replace(made(), level=level), hills(hill(), criteria=criteria))
    assert said in shown


def test_many_marks_are_counted() -> None:
    marks = tuple(Mark("driveway", 10.0 * at, 0, 0) for at in range(9))
    one = replace(hill(), safety=Safety(marks=marks))
    assert "- Driveway: 9." in to_text(made(one), hills(one))


def test_rails_and_lights_are_told_in_words() -> None:
    marks = (Mark("tracks", 10.0, 0, 0), Mark("signals", 20.0, 0, 0))
    one = replace(hill(), safety=Safety(marks=marks))
    assert "- At 10 m a rail crossing; at 20 m a set of lights." in to_text(made(one), hills(one))


def test_one_time_on_a_treadmill_is_followed_by_one_rest() -> None:
    belt = treadmill.for_criteria(Criteria(repeats=1))
    assert "flat at 5.0 km/h after it" in words.treadmill(belt)


def test_what_lies_on_the_way_there_is_told_by_its_cautions_alone() -> None:
    shown = to_text(made(replace(hill(), approach_safety=SAFE)), hills(hill()))
    assert "! A main road without a pavement." in shown
    assert "At 40 m" not in shown


def test_the_sky_is_told_with_the_list_and_with_the_card() -> None:
    found = replace(hills(hill()), sky=(Sentence("Sunset is at 16:30; ", Temperature(2.0)),))
    assert "Sunset is at 16:30; 2 °C." in to_text(made(), found)
    assert "Sunset is at 16:30; 36 °F." in table(found, units="imperial")
    assert record(found)["sky"] == ["Sunset is at 16:30; 2 °C"]


def test_the_list_says_what_speaks_against_a_hill_and_why_one_fits() -> None:
    one = replace(
        hill(1), safety=SAFE, fit=Fit(0.5, {}, ("even slope", Sentence(Length(80.0), " long")))
    )
    found = hills(one, hill(2), criteria=Criteria(rank="fit"))
    shown = table(found)
    assert "1: 8 % wet cobbles: choose another." in shown
    assert "main road" not in shown
    assert "1 fits 50 of 100: even slope; 80 m long." in shown
    assert "1 fits 50 of 100: even slope; 262 ft long." in table(found, units="imperial")
    assert "fits" not in table(hills(one))


def test_what_nobody_looked_at_is_not_told() -> None:
    shown = to_text(made(replace(hill(), notes=())), hills(hill()))
    assert "On the" not in shown
    assert "fits" not in shown


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_shown_as_text(text: str, width: int) -> None:
    safety = Safety((Caution("mind", "path", text),), (text,), (Mark("gate", 1, 0, 0, text),))
    one = replace(
        hostile_hill(text), safety=safety, approach_safety=safety, fit=Fit(1, {}, (text,))
    )
    for workout in (made(one, cues=(text,)), made(one, hostile_hill(text, 2))):
        shown = to_text(workout, hills(one), page(width))
        assert all(cell_len(row) <= width for row in shown.split("\n"))
        assert all(
            letter in "\n\u200e" or letter.isprintable() or letter in "\u200c\u200d"
            for letter in shown
        )


def test_a_terminal_without_letters() -> None:
    console = Console(file=io.TextIOWrapper(io.BytesIO(), "ascii"), width=80, color_system=None)
    assert to_text(made(), hills(hill()), console).isascii()


def test_a_session_in_one_sentence() -> None:
    assert words.session(made()) == (
        "12 min warm-up, 6 x 150 m up in 0:55, walk down in 1:50, 11 min home: 5.6 km, "
        "120 m of climbing, 40 min."
    )
    once = made(count=1)
    assert "warm-up, 492 ft up in" in words.session(once, "imperial")


def test_remarks_and_heading_are_in_feet() -> None:
    found = hills(
        hill(),
        misses=(Sentence("Hill Road: ", Length(80.0)),),
        criteria=Criteria(rank="fit", limit=2),
    )
    found = replace(found, street_m=100.0)
    shown = table(found, units="imperial")
    assert not re.search(r"\d (m|km)\b", shown)
    assert "Hill Road: 262 ft." in shown


# --- The contract ---------------------------------------------------------------------------------


def test_json_holds_the_session_and_what_is_safe() -> None:
    one = replace(hill(), safety=SAFE, approach_safety=SAFE, fit=Fit(0.8234567, {}, ("Even.",)))
    belt = treadmill.for_criteria(Criteria())
    text = to_json(hills(one), made(one), belt)
    whole = json.loads(text)
    assert whole == record(hills(one), made(one), belt)
    row = whole["hills"][0]
    assert row["fit"] == {"score": 0.8235, "reasons": ["Even."]}
    assert row["safety"]["gravity"] == "avoid"
    assert row["safety"] == row["approach"]["safety"]
    assert row["safety"]["marks"][1] == {
        "kind": "side street",
        "distance_m": 90,
        "lat": 45.5,
        "lon": -122.7,
        "name": "Oak Street",
    }
    workout = whole["workout"]
    assert (workout["repeats"], workout["hills"], workout["minutes"]) == (6, [1], 39.5)
    assert [step["kind"] for step in workout["steps"]][:3] == ["warm-up", "repeat", "recovery"]
    assert workout["steps"][1]["seconds"] == 55
    assert workout["steps"][1]["line"] == row["line"]
    assert workout["steps"][2]["line"] == row["line"][::-1]
    assert set(whole["treadmill"]) == set(treadmill.Treadmill.__slots__)


# --- The course -----------------------------------------------------------------------------------


def test_the_course_is_run_as_it_is_written(tmp_path: Path) -> None:
    found = hills(hill())
    plan = Plan.of(made(count=2), found)
    path = plan.to_gpx(tmp_path / "hill.gpx")
    read = gpxpy.parse(path.read_text(encoding="utf-8"))
    (track,) = read.tracks
    (segment,) = track.segments
    points = [(point.longitude, point.latitude) for point in segment.points]
    there = list(zip(approach().lon.tolist(), approach().lat.tolist(), strict=True))
    climb = list(zip(found[0].climb.lon.tolist(), found[0].climb.lat.tolist(), strict=True))
    once = [*climb[1:], *climb[-2::-1]]
    assert np.allclose(points, [*there, *once, *once, *there[-2::-1]])
    assert all(point.elevation is not None and point.time is None for point in segment.points)
    assert [spot.name for spot in read.waypoints] == ["Bottom", "Top"]
    assert (read.waypoints[1].longitude, read.waypoints[1].latitude) == climb[-1]
    root = etree.fromstring(path.read_bytes())
    assert not root.xpath("//g:time | //g:rte", namespaces=GPX)
    assert "40 min" in to_gpx(found, made())


def test_the_hills_of_a_run_are_numbered() -> None:
    first, second = hill(3), hill(7)
    root = etree.fromstring(to_gpx(hills(first), made(first, second, count=1)).encode())
    names = root.xpath("//g:wpt/g:name/text()", namespaces=GPX)
    assert names == ["Bottom 3", "Top 3", "Bottom 7", "Top 7"]
    assert root.xpath("string(//g:trk/g:name)", namespaces=GPX) == "2 hills"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_course_with_hostile_names(text: str) -> None:
    one = hostile_hill(text)
    root = etree.fromstring(to_gpx(hills(one), made(one)).encode())
    shown = root.xpath("string(g:trk/g:name)", namespaces=GPX)
    assert shown == (plain(brief(text, GPX_NAME_LIMIT), GPX_NAME_LIMIT) or "Hill")
    json.loads(to_json(hills(one), made(one, cues=(text,))))
    shown = html.fromstring(Plan.of(made(one, cues=(text,)), hills(one))._repr_html_())
    assert {node.tag for node in shown.iter()} == {"pre"}
