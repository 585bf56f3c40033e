"""What was found, as files and tables: the contract, hostile names, and nothing half-written."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import resource
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gpxpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from rich.cells import cell_len
from rich.console import Console

from hillfinder.criteria import Criteria
from hillfinder.errors import OutputError
from hillfinder.model import Beyond, HeightSource, Hill, Place, Route
from hillfinder.output.atomic_write import check_writable, folder, replace
from hillfinder.output.formats.csv import to_csv
from hillfinder.output.formats.geojson import to_geojson
from hillfinder.output.formats.gpx import GPX_NAME_LIMIT, to_gpx
from hillfinder.output.records import HILL_COLUMNS, hill_rows, record, to_json
from hillfinder.output.text.phrases import beyond, heading
from hillfinder.output.text.sanitize import brief, plain
from hillfinder.output.text.table import WIDE_COLUMNS
from hillfinder.output.text.table import table_text as to_text
from hillfinder.output.timed_track import once
from hillfinder.routing.travel_time import running_factor
from tests.findings import (
    HOSTILE,
    approach,
    bare_hill,
    climb,
    hill,
    hills,
    hostile_hill,
    hostile_hills,
    line,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GPX = {"g": "http://www.topografix.com/GPX/1/1"}


# --- Plain text -----------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=())), st.none() | st.integers(1, 50))
def test_plain_text_is_one_harmless_line(text: str, limit: int | None) -> None:
    shown = plain(text, limit)
    assert shown == " ".join(shown.split())
    assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert {letter for letter in shown if unicodedata.category(letter) == "Cf"} <= {
        "\u200c",
        "\u200d",
    }
    assert limit is None or len(shown) <= limit
    assert plain(shown, limit) == shown
    root = etree.Element("name")
    root.text = shown  # lxml refuses what XML cannot hold
    assert (etree.fromstring(etree.tostring(root)).text or "") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Vista Avenue", "Vista Avenue"),
        ("[red]Red[/red]", "[red]Red[/red]"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\u202eevil\u202c", "evil"),
        ("one\ntwo\u2028three", "one two three"),
        ("रक्\u200dषा", "रक्\u200dषा"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("a\ufffe\uffff\ud800b", "ab"),
    ],
)
def test_plain_text_keeps_what_can_be_read(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_cut_is_marked() -> None:
    assert plain("Southwest College Street", 12) == "Southwest C…"
    assert plain("Southwest College Street", 11) == "Southwest…"
    assert plain("Southwest", 9) == "Southwest"


# --- Files ----------------------------------------------------------------------------------------


def content(where: Path) -> list[str]:
    return sorted(path.name for path in where.iterdir())


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    assert replace(tmp_path / "a.txt", "Höhe\n") == tmp_path / "a.txt"
    assert (tmp_path / "a.txt").read_bytes() == "Höhe\n".encode()
    replace(str(tmp_path / "b.bin"), b"\x00\r\n")
    assert (tmp_path / "b.bin").read_bytes() == b"\x00\r\n"
    assert content(tmp_path) == ["a.txt", "b.bin"]


def test_a_file_has_the_rights_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    replace(tmp_path / "a.txt", "")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_an_existing_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    replace(path, "old")
    with pytest.raises(OutputError, match="exists already"):
        replace(path, "new")
    assert path.read_text() == "old"
    replace(path, "new", overwrite=True)
    assert path.read_text() == "new"
    assert content(tmp_path) == ["a.txt"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real" / "file.txt")
    replace(link, "one")
    replace(link, "two", overwrite=True)
    assert link.is_symlink()
    assert (tmp_path / "real" / "file.txt").read_text() == "two"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (".", "is a folder"),
        ("missing/a.txt", "no folder"),
        ("a-file/b.txt", "no folder"),
        ("x" * 300, "cannot be written"),
        ("nul\0.txt", "cannot be written"),
        ("pipe", "not an ordinary file"),
    ],
)
def test_what_cannot_be_written_is_said(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "a-file").touch()
    os.mkfifo(tmp_path / "pipe")
    before = content(tmp_path)
    with pytest.raises(OutputError, match=words) as caught:
        replace(tmp_path / name, "data", overwrite=True)
    assert str(caught.value).count("\n") == 0
    assert content(tmp_path) == before


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Root may write anywhere: be somebody else for the test."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


def test_a_folder_without_permission(tmp_path: Path, unprivileged: None) -> None:
    assert unprivileged is None
    locked = tmp_path / "locked"
    if os.geteuid() == 65534:
        locked = tmp_path  # it belongs to root
    else:
        locked.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="may not write there"):
        replace(locked / "a.txt", "data")
    with pytest.raises(OutputError, match="may not write there"):
        check_writable(locked / "a.txt")
    with pytest.raises(OutputError, match="may not write there"):
        folder(locked / "new" / "folder")


@contextmanager
def small_disk() -> Iterator[None]:
    """No file may grow beyond 1000 bytes: not for longer than the call, or the log may not grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = replace(tmp_path / "a.txt", "old")
    with pytest.raises(OutputError, match="disk is full"), small_disk():
        replace(path, b"x" * 5000, overwrite=True)
    assert path.read_text() == "old"
    assert content(tmp_path) == ["a.txt"]


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    class Interrupted(str):
        __slots__ = ()

        def encode(self, *_: object) -> bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace(tmp_path / "a.txt", Interrupted("data"))
    assert content(tmp_path) == []


def test_folders_are_made(tmp_path: Path) -> None:
    assert folder(tmp_path / "a" / "b").is_dir()
    assert folder(tmp_path / "a" / "b").is_dir()
    fresh = folder()
    assert content(fresh) == []
    fresh.rmdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        folder(tmp_path / "file")


def test_a_path_can_be_checked_beforehand(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.gpx")
    (tmp_path / "old.gpx").touch()
    check_writable(tmp_path / "old.gpx", overwrite=True)
    with pytest.raises(OutputError, match="exists already"):
        check_writable(tmp_path / "old.gpx")


def test_what_to_do_about_files_that_exist_is_said_once(tmp_path: Path) -> None:
    one, other = tmp_path / "a.gpx", tmp_path / "b.gpx"
    one.touch()
    other.touch()
    with pytest.raises(OutputError) as refused:
        check_writable(one, other)
    assert str(refused.value) == (
        f"{one} exists already; {other} exists already: give another name, or ask for it to be "
        "replaced (--force, or in Python overwrite=True)."
    )


def test_all_that_is_wrong_with_paths_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "old.gpx").touch()
    (tmp_path / "link.fit").symlink_to(tmp_path / "new.fit")
    check_writable(tmp_path / "new.gpx", tmp_path / "new.fit")
    with pytest.raises(OutputError) as caught:
        check_writable(
            *(tmp_path / "old.gpx", tmp_path / "new.fit", tmp_path / "link.fit"),
            *(tmp_path / "missing" / "a.kml", "nul\0"),
        )
    faults = str(caught.value).split("; ")
    assert len(faults) == 4
    assert [
        word in fault
        for word, fault in zip(("exists", "twice", "no folder", "cannot"), faults, strict=True)
    ] == [True] * 4
    assert str(caught.value).endswith("give another name.")


# --- The contract ---------------------------------------------------------------------------------

NUMBER = (int, float)
POINT = {"lat": NUMBER, "lon": NUMBER, "elevation_m": (*NUMBER, type(None))}
CONTRACT: dict[str, Any] = {
    "place": {"name": str, "lat": NUMBER, "lon": NUMBER},
    "sources": {
        "streets": {"name": str, "date": (str, type(None)), "attribution": str},
        "elevation": {
            "name": str,
            "kind": str,
            "cell_m": (*NUMBER, type(None)),
            "attribution": (str, type(None)),
        },
    },
    "hills": list,
    "sky": list,
    "workout": type(None),
    "treadmill": type(None),
}
SAFETY = {
    "gravity": (str, type(None)),
    "cautions": list,
    "unknown": list,
    "marks": list,
}
HILL: dict[str, Any] = {
    "rank": int,
    "name": str,
    "grade": (*NUMBER, type(None)),
    "grade_sigma": (*NUMBER, type(None)),
    "confidence": str,
    "length_m": NUMBER,
    "gain_m": (*NUMBER, type(None)),
    "max_grade": (*NUMBER, type(None)),
    "highway": (str, type(None)),
    "surface": (str, type(None)),
    "lit": (str, type(None)),
    "way_ids": list,
    "foot": POINT,
    "top": POINT,
    "line": list,
    "approach": {
        "minutes": (*NUMBER, type(None)),
        "length_m": (*NUMBER, type(None)),
        "gain_m": (*NUMBER, type(None)),
        "shape": (str, type(None)),
        "line": list,
        "safety": SAFETY,
    },
    "notes": list,
    "fit": {"score": (*NUMBER, type(None)), "reasons": list},
    "safety": SAFETY,
}


def no_constant(name: str) -> None:
    pytest.fail(f"{name} is not JSON")


def holds(value: object, wanted: Any) -> None:
    """Check keys, their order, and the types of what they hold."""
    if isinstance(wanted, dict):
        assert isinstance(value, dict)
        assert list(value) == list(wanted)
        for key, inner in wanted.items():
            holds(value[key], inner)
    else:
        assert isinstance(value, wanted)


@pytest.mark.parametrize(
    "found", [hills(), hills(hill()), hills(hill(), bare_hill()), hostile_hills()]
)
def test_json_keeps_the_contract(found: Any) -> None:
    whole = json.loads(to_json(found), parse_constant=no_constant)
    holds(whole, CONTRACT)
    assert whole == record(found)
    assert len(whole["hills"]) == len(found)
    for row in whole["hills"]:
        holds(row, HILL)
        assert row["confidence"] in {"high", "medium", "low"}
        assert row["approach"]["shape"] in {"direct", "detour", None}
        assert all(isinstance(way, int) for way in row["way_ids"])
        assert all(isinstance(note, str) for note in row["notes"])
        for point in row["line"] + row["approach"]["line"]:
            assert len(point) == 3
            holds(point[0], NUMBER)
            holds(point[1], NUMBER)
            holds(point[2], (*NUMBER, type(None)))


def test_json_says_what_was_found() -> None:
    whole = record(hills(hill()))
    assert whole["place"] == {"name": "Home, Portland", "lat": 45.49, "lon": -122.72}
    assert whole["sources"]["elevation"] == {
        "name": "ned.tif",
        "kind": "bare earth",
        "cell_m": 10.3,
        "attribution": "USGS",
    }
    first = whole["hills"][0]
    assert {key: first[key] for key in ("rank", "grade", "grade_sigma", "length_m", "gain_m")} == {
        "rank": 1,
        "grade": 0.118,
        "grade_sigma": 0.009,
        "length_m": 150.0,
        "gain_m": 17.71,
    }
    assert first["max_grade"] == 0.1294
    assert first["way_ids"] == [101, 102]
    assert first["foot"] == {"lat": 45.5, "lon": -122.7, "elevation_m": 100.0}
    assert first["top"] == {"lat": 45.501, "lon": -122.698, "elevation_m": 117.71}
    assert first["line"][1] == [-122.699, 45.5005, 108.0]
    assert first["approach"]["minutes"] == 12.1
    assert first["approach"]["length_m"] == 1888.9
    assert first["approach"]["gain_m"] == 12.0


def test_what_is_unknown_is_null() -> None:
    nowhere = hills(bare_hill(1), heights=HeightSource("x", "unknown", math.nan))
    whole = record(nowhere)
    assert whole["sources"]["elevation"]["cell_m"] is None
    assert whole["sources"]["elevation"]["attribution"] is None
    row = whole["hills"][0]
    assert (row["highway"], row["surface"], row["lit"]) == (None, None, None)
    assert row["line"][1][2] is None
    assert row["max_grade"] is None
    assert row["approach"] == {
        "minutes": None,
        "length_m": None,
        "gain_m": None,
        "shape": None,
        "line": [],
        "safety": {"gravity": None, "cautions": [], "unknown": [], "marks": []},
    }
    gap = Hill(1, "A", climb(), approach((90.0, math.nan, 93.0, 100.0)))
    way = record(hills(gap))["hills"][0]["approach"]
    assert way["gain_m"] is None
    assert way["line"][1][2] is None


def test_nought_has_no_sign() -> None:
    assert '"lon": 0.0' in to_json(hills(place=Place(51.0, -1e-9)))


def test_a_point_stands_on_one_line_and_a_name_stays_as_it_is() -> None:
    text = to_json(hills(hill(name="[\n 1,\n 2\n] [ 3, 4 ]")))
    assert "[-122.699, 45.5005, 108.0]" in text
    assert '"way_ids": [101, 102]' in text
    assert json.loads(text)["hills"][0]["name"] == "[ 1, 2 ] [ 3, 4 ]"


def test_rows_are_flat_and_alike() -> None:
    found = hill_rows(hills(hill(), bare_hill()))
    assert [tuple(row) for row in found] == [HILL_COLUMNS, HILL_COLUMNS]
    assert found[0]["way_ids"] == "101;102"
    assert found[0]["notes"] == "Uneven: its steepest 30 m rise 13 %."
    assert found[0]["top_elevation_m"] == 117.71
    assert found[0]["approach_minutes"] == 12.1
    assert found[1]["approach_minutes"] is None


# --- GeoJSON and CSV ------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [hills(), hills(hill(), bare_hill()), hostile_hills()])
def test_geojson_is_what_the_standard_says(found: Any) -> None:
    whole = json.loads(to_geojson(found), parse_constant=no_constant)
    assert whole["type"] == "FeatureCollection"
    assert "crs" not in whole
    assert whole["sources"] == record(found)["sources"]
    assert len(whole["features"]) == len(found)
    for feature, row in zip(whole["features"], hill_rows(found), strict=True):
        assert feature["type"] == "Feature"
        assert feature["properties"] == row
        assert feature["geometry"]["type"] == "LineString"
        points = feature["geometry"]["coordinates"]
        assert len(points) >= 2
        assert len({len(point) for point in points}) == 1
        assert all(isinstance(number, NUMBER) for point in points for number in point)
        assert points[0][:2] == [-122.7, 45.5]


def test_geojson_has_heights_where_all_are_known() -> None:
    both = json.loads(to_geojson(hills(hill(), bare_hill())))["features"]
    assert both[0]["geometry"]["coordinates"][2] == [-122.698, 45.501, 117.71]
    assert both[1]["geometry"]["coordinates"][2] == [-122.698, 45.501]


def test_csv_reads_back() -> None:
    found = hills(hill(), bare_hill())
    read = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert [tuple(row) for row in read] == [HILL_COLUMNS, HILL_COLUMNS]
    for row, wanted in zip(read, hill_rows(found), strict=True):
        assert row == {key: "" if value is None else str(value) for key, value in wanted.items()}
    assert to_csv(hills()) == ",".join(HILL_COLUMNS) + "\n"


def test_csv_holds_no_formula() -> None:
    for text in HOSTILE:
        (row,) = csv.DictReader(io.StringIO(to_csv(hills(hostile_hill(text)))))
        for key in ("name", "highway", "surface", "lit", "notes"):
            assert row[key][:1] not in {"=", "+", "-", "@", "\t", "\r", "\uff1d"}
            assert row[key].removeprefix("'") == plain(text).removeprefix("'")
        assert float(row["foot_lon"]) == -122.7


# --- The table ------------------------------------------------------------------------------------


def page(width: int, **more: Any) -> Console:
    return Console(file=io.StringIO(), width=width, color_system=None, **more)


def test_the_table_at_80_columns() -> None:
    text = to_text(hills(hill(), bare_hill(), beyond=Beyond(7, 7, 25.3, 0)))
    assert (
        text
        == """\
2 hills of 100 to 200 m within a warm-up of 10 to 20 minutes from Home, Portland

#         Grade   Length     Gain          Warm-up  Surface
1  Vista Avenue, Spring Street to Carter Lane
   11.8 ± 0.9 %    150 m     18 m   12 min, 1.9 km  asphalt
2  Footpath without a name
   11.3 ± 0.9 %    150 m     17 m                ?  ?

1: Uneven: its steepest 30 m rise 13 %.
7 steeper hills lie beyond a 20-minute warm-up; the nearest is 26 minutes away.
Grades are means from bottom to top ± one standard deviation.
Streets: portland.osm.pbf, 2026-01-31T00:00:00Z. (c) OpenStreetMap contributors,
https://www.openstreetmap.org/copyright.
Heights: ned.tif, bare earth model, 10.3 m cells. USGS.
"""
    )


def test_the_table_says_more_where_there_is_room() -> None:
    text = to_text(hills(hill()), page(120), units="imperial")
    head, row = text.splitlines()[2:4]
    assert head.split() == [
        *("#", "Hill", "Grade", "Steepest", "Trust", "Length", "Gain", "Warm-up", "Surface", "Lit"),
    ]
    assert re.split(r"\s{2,}", row) == [
        "1",
        "Vista Avenue, Spring Street to Carter",
        "11.8 ± 0.9 %",
        "12.9 %",
        "high",
        "492 ft",
        "58 ft",
        "12 min, 1.2 mi",
        "asphalt",
        "yes",
    ]


def test_what_nobody_knows_takes_no_room() -> None:
    text = to_text(hills(bare_hill(1)), page(120))
    assert "Lit" not in text
    assert re.split(r"\s{2,}", text.splitlines()[3])[2:4] == ["11.3 ± 0.9 %", "?"]


def test_a_grade_without_a_doubt() -> None:
    sure = Hill(1, "A", climb(sigma=math.nan), approach())
    assert "   11.8 %" in to_text(hills(sure))


def test_the_table_without_a_hill_says_what_came_nearest() -> None:
    text = to_text(hills(misses=("Hill Road rises 2 % over 150 m",), beyond=Beyond(1, 1, 21.0, 2)))
    assert text.splitlines()[:5] == [
        "No hill of 100 to 200 m within a warm-up of 10 to 20 minutes from Home, Portland",
        "",
        "Hill Road rises 2 % over 150 m.",
        "1 hill lies beyond a 20-minute warm-up; it is 21 minutes away.",
        "2 hills cannot be reached on foot from here.",
    ]


@pytest.mark.parametrize("width", [60, 80, WIDE_COLUMNS, 200])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_shown_as_text(text: str, width: int) -> None:
    shown = to_text(hills(hostile_hill(text), place=Place(0, 0, text)), page(width))
    assert all(cell_len(row) <= width for row in shown.split("\n"))
    assert all(
        letter in "\n\u200e" or letter.isprintable() or letter in "\u200c\u200d" for letter in shown
    )
    for part in plain(text, 20).split():
        assert part.rstrip("…") in "".join(shown.split())


def test_no_doubt_is_rounded_away() -> None:
    sure = Hill(1, "Vista Avenue", climb(sigma=0.0004), None)
    assert "11.8 ± 0.1 %" in to_text(hills(sure))


def test_colours_are_our_own() -> None:
    console = Console(
        file=io.StringIO(), width=80, force_terminal=True, color_system="standard", no_color=False
    )
    shown = to_text(hostile_hills(), console)
    codes = set(re.findall(r"\x1b(.*?m|.)", shown))
    # Ranks have the colour of the grade beneath them.
    chips = {code for code in codes if re.fullmatch(r"\[[39][07];(4|10)[0-7]m", code)}
    assert codes - chips <= {"[0m", "[1m", "[2m", "[32m", "[33m", "[31m"}
    assert len(chips) == 1  # all are as steep


def test_a_terminal_without_letters() -> None:
    console = Console(file=io.TextIOWrapper(io.BytesIO(), "ascii"), width=80, color_system=None)
    shown = to_text(hills(hill()), console)
    assert "11.8 +/- 0.9 %" in shown
    assert shown.isascii()


@pytest.mark.parametrize(
    ("far", "found", "said"),
    [
        (Beyond(), True, ""),
        (
            Beyond(7, 7, 25.3),
            True,
            "7 steeper hills lie beyond a 20-minute warm-up; the nearest is 26 minutes away.",
        ),
        (
            Beyond(2, 9, None),
            True,
            "9 hills lie beyond a 20-minute warm-up, 2 of them steeper than the last one listed.",
        ),
        (
            Beyond(0, 9, 20.2),
            True,
            "9 hills lie beyond a 20-minute warm-up; the nearest is 21 minutes away.",
        ),
        (
            Beyond(9, 9, 20.2),
            False,
            "9 hills lie beyond a 20-minute warm-up; the nearest is 21 minutes away.",
        ),
        (
            Beyond(0, 1, None, 1),
            True,
            "1 hill lies beyond a 20-minute warm-up. 1 hill cannot be reached on foot from here.",
        ),
    ],
)
def test_what_lies_beyond_is_said(far: Beyond, found: bool, said: str) -> None:  # noqa: FBT001
    assert " ".join(beyond(hills(*[hill()] * found, beyond=far))) == said


def test_the_heading_counts_as_a_person_does() -> None:
    exact = Criteria(length_m=(150, 150), warmup_min=(0, 15), limit=2)
    assert heading(hills(hill(), place=Place(1, 2))).startswith("1 hill of 100 to 200 m")
    assert heading(hills(hill(), place=Place(1, 2))).endswith("from 1.00000, 2.00000")
    assert heading(hills(hill(), hill(), criteria=exact)) == (
        "The 2 steepest hills of 150 m within a warm-up of 0 to 15 minutes from Home, Portland"
    )
    short = Criteria(warmup_min=(1, 1))
    assert "within a warm-up of 1 minute from" in heading(hills(hill(), criteria=short))
    assert "it is 1 minute away" in next(beyond(hills(beyond=Beyond(0, 1, 0.7))))
    by_fit = Criteria(rank="fit", limit=2)
    assert heading(hills(hill(), hill(), criteria=by_fit)).startswith("The 2 best hills of 100 to")


def test_by_fit_no_hill_beyond_is_measured_by_the_last_one_listed() -> None:
    far = hills(hill(), criteria=Criteria(rank="fit"), beyond=Beyond(2, 9, None))
    assert " ".join(beyond(far)) == "9 hills lie beyond a 20-minute warm-up."


# --- The course and GPX ---------------------------------------------------------------------------


def test_the_course_goes_from_the_door_over_the_bottom_to_the_top() -> None:
    one = hill()
    assert one.approach is not None
    there, up = once(one, Criteria()).steps
    assert (there.route, there.time_s) == (one.approach, one.approach.time_s)
    assert np.array_equal(line(up.route), line(one.climb))
    grades = np.array([8.004 / 75.04, 9.702 / 75.0])
    up_s = (running_factor(grades) * [75.04, 75.0]).sum() / Criteria().flat_speed_m_s
    assert up.time_s == pytest.approx(up_s)
    (alone,) = once(bare_hill(), Criteria()).steps
    assert math.isfinite(alone.time_s)


def test_an_approach_that_ends_beside_the_bottom_keeps_both_points() -> None:
    near = approach()
    off = Route(
        near.lon + 0.001, near.lat, near.elevation_m, near.distance_m, near.time_s, near.shape
    )
    one = Hill(1, "A", climb(), off)
    points = read(to_gpx(hills(one), once(one, Criteria()))).xpath("//g:trkpt", namespaces=GPX)
    assert len(points) == 7


def read(text: str) -> etree._Element:
    return etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False))


def test_gpx_is_a_course_and_nothing_else() -> None:
    found = hills(hill())
    text = to_gpx(found, once(found[0], Criteria()))
    root = read(text)
    names = [etree.QName(child).localname for child in root]
    assert names == ["metadata", "wpt", "wpt", "trk"]
    assert root.get("version") == "1.1"
    assert not root.xpath("//g:time | //g:rte", namespaces=GPX)
    assert root.xpath("count(//g:trkseg)", namespaces=GPX) == 1
    points = root.xpath("//g:trkpt", namespaces=GPX)
    assert len(points) == 6
    assert all(point.find("g:ele", GPX) is not None for point in points)
    assert root.xpath("//g:wpt/g:name/text()", namespaces=GPX) == ["Bottom", "Top"]
    assert root.xpath("string(g:metadata/g:author/g:name)", namespaces=GPX) == "hillfinder"
    assert root.xpath("string(g:metadata/g:copyright/@author)", namespaces=GPX) == (
        "OpenStreetMap contributors"
    )
    assert "odbl" in root.xpath("string(g:metadata/g:copyright/g:license)", namespaces=GPX)
    description = root.xpath("string(g:metadata/g:desc)", namespaces=GPX)
    assert "11.8 ± 0.9 % over 150 m" in description
    assert "Heights: ned.tif, bare earth model, 10.3 m cells. USGS." in description
    assert "openstreetmap.org/copyright" in description
    assert text == to_gpx(found, once(found[0], Criteria()))


def test_gpx_leaves_out_heights_that_are_unknown() -> None:
    found = hills(bare_hill())
    points = read(to_gpx(found, once(found[0], Criteria()))).xpath("//g:trkpt", namespaces=GPX)
    assert [point.find("g:ele", GPX) is not None for point in points] == [True, False, True]


@pytest.mark.parametrize("text", HOSTILE)
def test_gpx_with_hostile_names(text: str) -> None:
    found = hills(hostile_hill(text))
    root = read(to_gpx(found, once(found[0], Criteria())))
    for name in root.xpath("//g:name", namespaces=GPX):
        assert name.text
        assert len(name.text) <= GPX_NAME_LIMIT
        assert len(name) == 0
    shown = root.xpath("string(g:trk/g:name)", namespaces=GPX)
    assert shown == (plain(brief(text, GPX_NAME_LIMIT), GPX_NAME_LIMIT) or "Hill")


coordinate = st.tuples(
    st.floats(-180, 180), st.floats(-90, 90), st.floats(-450, 8900) | st.just(math.nan)
)


@given(st.lists(coordinate, min_size=2, max_size=20), st.text())
def test_gpx_reads_back(points: list[tuple[float, float, float]], name: str) -> None:
    lon, lat, elevation = (list(column) for column in zip(*points, strict=True))
    distance = [10.0 * step for step in range(len(points))]
    up = climb(lon=lon, lat=lat, elevation_m=elevation, distance_m=distance)
    found = hills(Hill(1, name, up, None))
    back = gpxpy.parse(to_gpx(found, once(found[0], Criteria())))
    (track,) = back.tracks
    (segment,) = track.segments
    assert track.name == (plain(brief(name, GPX_NAME_LIMIT), GPX_NAME_LIMIT) or "Hill")
    assert len(segment.points) == len(points)
    for point, x, y, z in zip(segment.points, lon, lat, elevation, strict=True):
        assert -180 <= point.longitude < 180
        assert math.remainder(point.longitude - x, 360) == pytest.approx(0, abs=5.1e-8)
        assert point.latitude == pytest.approx(y, abs=5.1e-8)
        if math.isnan(z):
            assert point.elevation is None
        else:
            assert point.elevation == pytest.approx(z, abs=0.0051)
    assert [(spot.latitude, spot.longitude) for spot in back.waypoints] == [
        (segment.points[at].latitude, segment.points[at].longitude) for at in (0, -1)
    ]
