"""Measured lines: laws, answers known on paper, the command, and Seattle's own slopes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from rich.cells import cell_len
from rich.console import Console

import hillfinder as hf
from hillfinder.cli import main
from hillfinder.demo import files
from hillfinder.demo.town import CRS
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.errors import HeightsError
from hillfinder.results.grading.grades import FIGURES, GRADE_COLUMNS
from hillfinder.results.grading.line_files import GivenLine
from hillfinder.results.grading.measure import LONGEST_BLOCK_M
from hillfinder.services.client import Web
from tests.towns import DATA, Formula, lonlat, needs_data
from tests.world.terrarium import Terrarium

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hillfinder.model import Floats

EARTH = Geod(ellps="WGS84")
#: Longer than any name should be, and steering the terminal, a spreadsheet and rich.
HOSTILE = "=1+1 [red]\x1b[31mred\u202e\ud800 " + "x" * 500


def line(*points: tuple[float, float], **properties: object) -> GivenLine:
    """Return a line through points in metres about the town's middle."""
    x, y = np.array(points, float).reshape(-1, 2).T
    return GivenLine(*lonlat(x, y), properties)


def ramp(grade: float = 0.1, cell_m: float = 0.1) -> Formula:
    """Return land that rises eastward."""
    return Formula(lambda x, y: 500 + grade * x + 0 * y, cell_m)


def hilly(seed: int, raised_m: float = 0.0) -> Formula:
    rng = np.random.default_rng(seed)
    waves = rng.uniform(40, 400, (4, 2))
    cell = float(rng.choice([1.0, 10.0, 30.0]))
    return Formula(
        lambda x, y: 500 + raised_m + sum(5 * np.sin(x / a + y / b) for a, b in waves), cell
    )


def west_only(x: Floats, y: Floats) -> Floats:
    return np.where(x < 0, 500 + 0.1 * x + 0 * y, np.nan)


def random_lines(seed: int) -> list[GivenLine]:
    """Return a few crooked lines, some of which meet; no two are the same one."""
    rng = np.random.default_rng(seed)
    spots = rng.uniform(-300, 300, (4, 2)).tolist()
    found = []
    straight: set[frozenset[int]] = set()
    for _ in range(int(rng.integers(1, 6))):
        one, other = rng.choice(4, 2, replace=False).tolist()
        between = rng.uniform(-300, 300, (int(rng.integers(0, 4)), 2)).tolist()
        if not between and {one, other} in straight:
            continue
        straight |= set() if between else {frozenset((one, other))}
        found.append(line(*map(tuple, [spots[one], *between, spots[other]])))
    return found


def figures(grades: hf.Grades) -> Floats:
    return np.array(
        [
            (g.length_m, g.gain_m, g.grade, g.grade_sigma, g.steepest(30), g.steepest(100))
            for g in grades
        ]
    )


# --- Laws -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_line_run_backwards_has_the_other_sign(seed: int) -> None:
    ahead = random_lines(seed)
    back = [GivenLine(one.lon[::-1], one.lat[::-1]) for one in ahead]
    signs = np.array([1, -1, -1, 1, -1, -1])
    there, home = (figures(hf.grade(lines, dem=hilly(seed))) for lines in (ahead, back))
    np.testing.assert_allclose(home, there * signs, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(-400, 4000))
def test_raising_the_land_changes_no_grade(seed: int, raised_m: float) -> None:
    lines = random_lines(seed)
    low = figures(hf.grade(lines, dem=hilly(seed)))
    high = figures(hf.grade(lines, dem=hilly(seed, raised_m)))
    np.testing.assert_allclose(high, low, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_points_added_along_straight_pieces_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    few = random_lines(seed)
    many = []
    for one in few:
        at = np.arange(len(one.lon))
        more = np.sort(np.concatenate([at, rng.uniform(0, at[-1], 9)]))
        many.append(GivenLine(np.interp(more, at, one.lon), np.interp(more, at, one.lat)))
    before, after = (figures(hf.grade(lines, dem=hilly(seed))) for lines in (few, many))
    np.testing.assert_allclose(after, before, atol=2e-3)
    np.testing.assert_allclose(after[:, 2:], before[:, 2:], atol=2e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
@example(1169)  # lines that meet on both sides of a degree
def test_the_order_of_the_lines_is_that_of_the_rows(seed: int) -> None:
    lines = random_lines(seed)
    order = np.random.default_rng(seed).permutation(len(lines))
    straight = figures(hf.grade(lines, dem=hilly(seed)))
    mixed = figures(hf.grade([lines[i] for i in order], dem=hilly(seed)))
    np.testing.assert_allclose(mixed, straight[order], atol=1e-6)


def test_a_line_given_twice_is_measured_as_once() -> None:
    one = line((0, 0), (200, 30), (310, 40))
    (alone,) = figures(hf.grade([one], dem=hilly(3)))
    twice = figures(hf.grade([one, one], dem=hilly(3)))
    # Two lines show more of the model's error than one: the doubt alone may differ a little.
    tolerance = np.where(np.arange(6) == 3, 0.1 * alone[3], 1e-6)
    assert (np.abs(twice - alone) <= tolerance).all()


# --- Known on paper -------------------------------------------------------------------------------


def test_a_ramp_has_its_grade_all_along_in_the_direction_drawn() -> None:
    up, down, level = hf.grade(
        [line((0, 0), (250, 0)), line((250, 5), (0, 5)), line((0, 10), (0, 90))], dem=ramp()
    )
    # The ramp is by a sphere's metres, lengths by the ellipsoid: they differ by 0.3 %.
    assert up.length_m == pytest.approx(250, rel=0.004)
    assert up.gain_m == pytest.approx(25, abs=1e-6)
    assert [up.grade, up.steepest(30), up.steepest(100)] == pytest.approx([0.1] * 3, rel=0.004)
    assert [down.grade, down.steepest(30), down.steepest(100)] == pytest.approx(
        [-0.1] * 3, rel=0.004
    )
    assert level.grade == pytest.approx(0, abs=1e-9)
    assert up.grade_sigma == pytest.approx(down.grade_sigma)


def test_length_is_that_of_the_ellipsoid_wherever_the_line_is() -> None:
    there = [
        GivenLine(np.array([8.0, 8.01, 8.02]), np.array([46.0, 46.01, 46.0])),
        GivenLine(np.array([179.99, -179.99]), np.array([-17.0, -17.01])),
        GivenLine(np.array([-122.4, -122.3]), np.array([47.6, 50.6])),
        GivenLine(np.array([25.0, 25.1]), np.array([89.9, 90.0])),
    ]
    flat = Formula(lambda x, y: 500 + 0 * x)
    for one, found in zip(there, hf.grade(there, dem=flat), strict=True):
        assert found.length_m == pytest.approx(EARTH.line_length(one.lon, one.lat), rel=1e-9)
        assert found.gain_m == pytest.approx(0, abs=1e-6)
        assert found.steepest(30) == pytest.approx(0, abs=1e-6)


def test_a_ring_has_no_grade_but_is_steep() -> None:
    ring = line((0, 0), (200, 0), (200, 200), (0, 200), (0, 0))
    (found,) = hf.grade([ring], dem=ramp())
    assert (found.gain_m, found.grade, found.grade_sigma) == (0, 0, 0)
    assert abs(found.steepest(100)) == pytest.approx(0.1, rel=0.01)


def test_the_steepest_is_signed_and_is_the_whole_where_the_line_is_shorter() -> None:
    def valley(x: Floats, y: Floats) -> Floats:
        return 500 + np.where(x < 200, -0.2 * x, 0.05 * (x - 200) - 40) + 0 * y

    long, short = hf.grade([line((0, 0), (600, 0)), line((300, 5), (320, 5))], dem=Formula(valley))
    assert long.grade == pytest.approx(-20 / 600, rel=0.01)
    assert long.steepest(30) == pytest.approx(-0.2, rel=0.01)
    assert long.steepest(100) == pytest.approx(-0.2, rel=0.01)
    assert short.steepest(30) == pytest.approx(short.grade)
    assert short.steepest(100) == pytest.approx(short.grade)


def test_lines_meet_at_their_ends_alone() -> None:
    street = [line((-300, 0), (0, 0)), line((0, 0), (300, 0))]
    crossing = [line((0, -200), (0, 0), (0, 200)), line((-100, 0), (-100, 100))]
    alone = figures(hf.grade(street[:1], dem=hilly(7)))
    with_crossings = figures(hf.grade(street[:1] + crossing, dem=hilly(7)))
    np.testing.assert_allclose(with_crossings[0], alone[0], atol=1e-6)
    whole, first, second = hf.grade(
        [line((-300, 5), (0, 5), (300, 5)), *street], dem=Formula(hilly(7).height, 30.0)
    )
    # The two halves are smoothed as one street: they meet at one height, and rise as it does.
    assert first.profile.elevation_m[-1] == second.profile.elevation_m[0]
    both = first.gain_m + second.gain_m
    assert both == pytest.approx(whole.gain_m, abs=0.6)


def test_the_file_s_own_heights_and_a_repeated_point_say_nothing() -> None:
    plain = line((0, 0), (100, 0), (200, 0))
    stuttering = line((0, 0), (0, 0), (100, 0), (100, 0), (200, 0), (200, 0))
    np.testing.assert_allclose(
        figures(hf.grade([stuttering], dem=ramp())), figures(hf.grade([plain], dem=ramp()))
    )


def test_a_bridge_of_openstreetmap_is_straight_between_its_banks() -> None:
    def gorge(x: Floats, y: Floats) -> Floats:
        return np.where(np.abs(x) < 50, 300.0, 500.0) + 0.05 * x + 0 * y

    deck = line((-60, 0), (60, 0), highway="motorway", bridge="yes")
    banks = [line((-300, 0), (-60, 0), highway="service"), line((60, 0), (300, 0), highway="path")]
    bridge, west, _ = hf.grade([deck, *banks], dem=Formula(gorge, 10.0))
    assert bridge.steepest(30) == pytest.approx(0.05, abs=0.005)
    assert west.grade == pytest.approx(0.05, abs=0.005)
    (alone,) = hf.grade([deck], dem=Formula(gorge, 10.0))
    assert np.isnan(alone.grade)
    untagged = line((-60, 0), (60, 0), bridge="yes")
    (read,) = hf.grade([untagged], dem=Formula(gorge, 10.0))
    assert abs(read.steepest(30)) > 1


def test_what_a_watch_recorded_is_trusted_less_on_a_hillside() -> None:
    across = line((0, 0), (0, 200))
    recorded = GivenLine(across.lon, across.lat, recorded=True)
    drawn, tracked = (hf.grade([one], dem=ramp(0.4))[0] for one in (across, recorded))
    assert tracked.grade == drawn.grade
    assert tracked.grade_sigma > 1.5 * drawn.grade_sigma


def test_tags_never_keep_a_line_from_being_measured() -> None:
    closed = [
        line((0, i), (100, i), highway=kind)
        for i, kind in enumerate(("motorway", "construction", "nonsense", "steps", "", "a;b"))
    ]
    odd = line((0, 50), (100, 50), highway=["path", "steps"], bridge=True, name=None, layer=3)
    for found in hf.grade([*closed, odd], dem=ramp()):
        assert found.grade == pytest.approx(0.1, rel=0.004)


# --- What is not known ----------------------------------------------------------------------------


def test_what_the_heights_do_not_cover_is_unknown_and_keeps_its_row() -> None:
    inside, across, outside, beyond, back = hf.grade(
        [
            line((-300, 0), (-100, 0), name="in"),
            line((-300, 5), (200, 5)),
            line((100, 0), (300, 0), name="out"),
            GivenLine(np.array([100.0, 100.01]), np.array([-30.0, -30.0])),
            line((-300, 10), (200, 10), (-300, 11)),
        ],
        dem=Formula(west_only),
    )
    assert inside.grade == pytest.approx(0.1, rel=0.004)
    for unknown in (across, outside, beyond):
        (figure,) = figures(hf.Grades((unknown,), ramp().source, {}))
        assert figure[0] > 100
        assert np.isnan(figure[1:]).all()
    assert outside.properties == {"name": "out"}
    # Both ends are known, and what lies between may be as steep as it likes.
    assert back.grade == pytest.approx(0, abs=1e-3)
    assert np.isnan(back.steepest(30))


@pytest.mark.parametrize(
    "points", [[], [(0, 0)], [(0, 0), (0, 0)], [(0, 0)] * 5], ids=["none", "one", "two", "five"]
)
def test_a_line_without_length_has_no_grade(points: list[tuple[float, float]]) -> None:
    grades = hf.grade([line(*points, a=1), line((0, 0), (50, 0))], dem=ramp())
    (row, _) = json.loads(grades.to_json())["lines"]
    unknown = dict.fromkeys(FIGURES[1:])
    assert row == {"length_m": 0.0, **unknown, "properties": {"a": 1}}
    assert grades.measured == 1
    assert len(grades.frame) == 2


@pytest.mark.parametrize("metres", [0.002, 0.5, 3, 9.99, 10.01])
def test_a_line_shorter_than_a_sample_has_a_grade(metres: float) -> None:
    (found,) = hf.grade([line((0, 0), (metres, 0))], dem=ramp())
    assert found.grade == pytest.approx(0.1, rel=0.01)
    assert found.steepest(30) == pytest.approx(found.grade)
    assert np.isfinite(found.grade_sigma)


def test_a_flight_round_the_earth_is_no_path() -> None:
    flights = [
        GivenLine(np.array([0.0, 170.0]), np.array([0.0, 10.0])),
        GivenLine(np.array([170.0, -100.0, 0.0]), np.array([10.0, 10.0, 0.0])),
    ]
    grades = hf.grade([*flights, line((0, 0), (50, 0))], dem=ramp())
    assert [np.isnan(found.grade) for found in grades] == [True, True, False]
    assert grades[0].length_m > 1.8e7


def test_long_lines_that_share_ends_are_not_smoothed_together() -> None:
    far = 1.2 * LONGEST_BLOCK_M
    flat = Formula(lambda x, y: 500 + 0.01 * np.abs(x) + 0 * y, 30.0)
    one, other = hf.grade([line((-far, 0), (0, 0)), line((0, 0), (far, 0))], dem=flat)
    # Each runs straight to its end. As one street the foot of the valley would be rounded off.
    assert one.profile.elevation_m[-1] == pytest.approx(500, abs=1e-3)
    assert other.profile.elevation_m[0] == pytest.approx(500, abs=1e-3)


def test_heights_that_are_none_are_refused_and_not_taken_for_a_void() -> None:
    photo = Formula(lambda x, y: np.random.default_rng(1).uniform(0, 5000, np.shape(x)))
    with pytest.raises(HeightsError, match="no heights in metres"):
        hf.grade([line((0, 0), (500, 0))], dem=photo)
    with pytest.raises(HeightsError):
        hf.grade([line((0, 0), (500, 0))], dem="absent.tif")


# --- Forms ----------------------------------------------------------------------------------------


def given_table() -> gpd.GeoDataFrame:
    """Return a table with an index, types, and a column called as one of ours."""
    a, b, c = (
        shapely.LineString(np.column_stack([each.lon, each.lat]))
        for each in (line((0, 0), (100, 0)), line((0, 9), (-50, 9)), line((0, 20), (80, 20)))
    )
    return gpd.GeoDataFrame(
        {
            "number": pd.array([1, None, 3, 4], "Int64"),
            "grade": ["A", "B", "C", "D"],
            "grade_given": [1, 2, 3, 4],
            "day": pd.to_datetime(["2026-01-01"] * 4),
            "shape": [a, shapely.MultiLineString([b, c]), shapely.Point(8, 46), c],
        },
        index=pd.Index(["w", "x", "y", "z"], name="block"),
        geometry="shape",
        crs="EPSG:4326",
    )


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2056", None])
def test_a_table_keeps_its_index_and_columns(crs: str | None) -> None:
    table = given_table()
    table = table.to_crs(crs) if crs else table.set_crs(None, allow_override=True)
    before = table.copy()
    frame = hf.grade(table, dem=ramp()).frame
    assert frame.index.tolist() == ["w", "x", "x", "z"]  # each part a row, and none for the point
    assert frame.index.name == "block"
    assert list(frame.columns) == [
        *("number", "grade_given_given", "grade_given", "day", "shape"),
        *FIGURES,
    ]
    assert frame["grade_given_given"].tolist() == ["A", "B", "B", "D"]
    assert frame["grade"].tolist() == pytest.approx([0.1, -0.1, 0.1, 0.1], abs=1e-3)
    assert frame.dtypes[["number", "day"]].tolist() == table.dtypes[["number", "day"]].tolist()
    assert frame.crs == "EPSG:4326"
    assert frame.active_geometry_name == "shape"
    assert [len(each.coords) for each in frame.geometry] == [2, 2, 2, 2]
    pd.testing.assert_frame_equal(table, before)
    assert len(hf.grade(table, dem=ramp()).frame.columns) == len(frame.columns)


def test_the_figures_of_a_table_join_it_by_its_index() -> None:
    table = given_table().drop("x")
    joined = table.join(hf.grade(table, dem=ramp()).frame["length_m"])
    assert joined["length_m"].round().tolist()[::2] == [100, 80]
    assert joined["length_m"].isna().tolist() == [False, True, False]


def test_a_series_keeps_its_index() -> None:
    frame = hf.grade(given_table().geometry, dem=ramp()).frame
    assert frame.index.tolist() == ["w", "x", "x", "z"]
    assert list(frame.columns) == ["geometry", *FIGURES]


def test_a_notebook_gets_a_table_with_the_lines_as_drawn() -> None:
    drawn = [line((0, 0), (90, 40), (200, 0), name="a"), line((0, 9), (50, 9), n=2), line((1, 1))]
    grades = hf.grade(drawn, dem=ramp())
    frame = grades.frame
    assert tuple(frame.columns) == (*GRADE_COLUMNS, "geometry")
    assert frame.crs == "EPSG:4326"
    assert frame["properties"].str["name"].tolist()[0] == "a"
    assert list(frame.geometry[0].coords) == list(zip(drawn[0].lon, drawn[0].lat, strict=True))
    assert frame.geometry[2].is_empty
    assert frame["grade"].dtype == np.float64
    assert frame["grade"].isna().tolist() == [False, False, True]
    assert repr(grades) == "<Grades of 3 lines by a formula>"
    shown = hf.grade([line((0, 0), (9, 0), name="<script>")], dem=ramp())._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_a_table_of_geopandas_keeps_its_values_in_any_system() -> None:
    table = gpd.GeoDataFrame(
        {
            "when": [pd.Timestamp("2026-03-01"), pd.NaT],
            "n": np.array([1, 2], np.int8),
            "x": [np.nan, 0.1],
            "tags": [("a", 1), {"b": np.float32(0.5)}],
        },
        geometry=gpd.GeoSeries.from_wkt(
            ["LINESTRING (2600000 1200000, 2600100 1200000)", "LINESTRING (0 0, 1 1)"]
        ),
        crs=2056,
    )
    found = hf.grade(table.iloc[:1], dem=Formula(lambda x, y: 500 + 0 * x))
    (row,) = json.loads(found.to_json())["lines"]
    assert row["properties"] == {
        "when": "2026-03-01 00:00:00", "n": 1, "x": None, "tags": ["a", 1],
    }  # fmt: skip
    assert row["length_m"] == pytest.approx(100, abs=0.2)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.text(), json_values, max_size=4), min_size=1, max_size=3))
def test_json_and_csv_give_back_what_went_in(properties: list[dict[str, Any]]) -> None:
    lines = [line((0, 9 * i), (100 - 90 * i, 9 * i)) for i in range(len(properties))]
    told = [GivenLine(one.lon, one.lat, said) for one, said in zip(lines, properties, strict=True)]
    grades = hf.grade(told, dem=Formula(west_only if len(told) > 1 else ramp().height))
    rows = json.loads(grades.to_json().encode("ascii"))["lines"]
    assert [row["properties"] for row in rows] == properties
    assert all(tuple(row) == GRADE_COLUMNS for row in rows)
    table = list(csv.DictReader(io.StringIO(grades.to_csv())))
    assert [json.loads(row["properties"]) for row in table] == properties
    for row, cells in zip(rows, table, strict=True):
        assert [None if cells[key] == "" else float(cells[key]) for key in FIGURES] == [
            row[key] for key in FIGURES
        ]


def test_nothing_in_a_name_steers_the_table() -> None:
    grades = hf.grade(
        [
            line((0, 0), (100, 0), name=HOSTILE),
            line((0, 9), (100, 9), Name="\u05e8\u05d7\u05d5\u05d1"),
        ],
        dem=ramp(),
    )
    text = grades.to_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[red][31mred" in text
    assert max(map(cell_len, text.splitlines())) <= 80
    assert "10.0 ± " in text
    small = grades.to_text(Console(file=io.TextIOWrapper(io.BytesIO(), "ascii"), width=60))
    assert "10.0 +/- " in small
    assert "±" not in small


@pytest.mark.parametrize("width", [40, 60, 71, 72, 200])
def test_no_number_is_cut_short_however_narrow_the_terminal(width: int) -> None:
    steep = line((0, 0), (1234, 0), name="SW College Street, from one end to the other")
    grades = hf.grade([steep, steep], dem=ramp(-0.2345))
    text = grades.to_text(Console(file=io.StringIO(), width=width))
    assert max(map(cell_len, text.splitlines())) <= width
    assert text.count("1238 m") == text.count("-289 m") == text.count("-23.4 ± ") == 2
    assert text.count("-23.4 %") == (4 if width >= 72 else 0)
    assert ("100 m" in text) == (width >= 72)


def test_the_table_speaks_feet_and_says_what_is_missing() -> None:
    grades = hf.grade(
        [line((-300, 0), (-148, 0), n=1, m=None), line((300, 0), (400, 0))],
        dem=Formula(west_only),
    )
    text = grades.to_text(units="imperial")
    assert "n=1" in text
    assert "500 ft" in text.splitlines()[1]
    assert "30 m" not in text
    assert text.splitlines()[2].split() == ["2", "329", "ft", "?", "?", "?", "?"]
    said = list(hf.Grades(grades.lines, grades.heights, {"Point": 2}).remarks())
    assert said[0] == "Skipped, being no lines: 2 x Point."
    assert said[1].startswith("1 of 2 lines could not be measured: ")
    assert said[2].startswith("Heights: a formula, bare earth model")


# --- The command ----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HILLFINDER_OFFLINE", "1")
    monkeypatch.setenv("HILLFINDER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture(scope="module")
def dem(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(files.write_town(tmp_path_factory.mktemp("gradely")).dem)


def gradely(*points: tuple[float, float]) -> list[list[float]]:
    """Return positions for metres east and north in the made-up town."""
    lon, lat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(*np.array(points).T)
    return np.column_stack([lon, lat]).tolist()  # type: ignore[no-any-return]


@pytest.fixture
def known(tmp_path: Path) -> str:
    """Return a file of lines in the made-up town whose answers follow from its formula."""
    uphill = gradely((0, 1320), (0, 1480), (0, 1600))
    given: list[tuple[object, list[list[list[float]]]]] = [
        ({"name": "up", "id": 7}, [uphill]),
        (None, [uphill[::-1], gradely((0, 0), (0, 300))]),
        ({"name": "off the map"}, [gradely((0, 5000), (0, 5100))]),
    ]
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": {"type": "MultiLineString", "coordinates": parts},
        }
        for properties, parts in given
    ]
    path = tmp_path / "lines.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(path)


def test_json_is_the_contract_to_the_letter(
    known: str, dem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["grade", known, "--dem", dem, "--format", "json"]) == 0
    out, err = capfd.readouterr()
    found = json.loads(out)
    doubt = [row.pop("grade_sigma") for row in found["lines"]]
    assert doubt == [pytest.approx(doubt[0]), pytest.approx(doubt[0]), doubt[2], None]
    assert 0 < doubt[0] < 0.01
    up = {"length_m": 280.0, "gain_m": 28.0, "grade": 0.1}
    down = {"length_m": 280.0, "gain_m": -28.0, "grade": -0.1}
    level = {"length_m": 300.0, "gain_m": 0.0, "grade": 0.0}
    unknown = {"length_m": 100.0, "gain_m": None, "grade": None}
    assert found == {
        "lines": [
            {**up, **steepest(0.1), "properties": {"name": "up", "id": 7}},
            {**down, **steepest(-0.1), "properties": {}},
            {**level, **steepest(0.0), "properties": {}},
            {**unknown, **steepest(None), "properties": {"name": "off the map"}},
        ]
    }
    assert err.startswith("1 of 4 lines could not be measured")
    assert "Heights: gradely.tif" in err


def steepest(grade: float | None) -> dict[str, float | None]:
    return {"steepest_30m": grade, "steepest_100m": grade}


def test_csv_and_table_say_the_same(
    known: str, dem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["grade", known, "--dem", dem, "--format", "csv", "--quiet"]) == 0
    out, err = capfd.readouterr()
    first, second = out.splitlines()[:2]
    assert first == ",".join(GRADE_COLUMNS)
    assert second.startswith("280.0,28.0,0.1,")
    assert second.endswith(',"{""name"": ""up"", ""id"": 7}"')
    assert err == ""
    assert main(["grade", known, "--dem", dem]) == 0
    out, err = capfd.readouterr()
    assert out.splitlines()[1].split()[:7] == ["1", "up", "280", "m", "28", "m", "10.0"]
    assert err == ""


def test_a_gpx_is_measured_from_stdin(dem: str) -> None:
    points = "".join(f"<trkpt lat='{y}' lon='{x}'/>" for x, y in gradely((0, 1320), (0, 1600)))
    track = f"<gpx><trk><name>Sisters</name><trkseg>{points}</trkseg></trk></gpx>"
    run = subprocess.run(
        [sys.executable, "-m", "hillfinder", "grade", "-", "--dem", dem, "--format", "json"],
        input=track.encode(),
        capture_output=True,
        check=True,
    )
    (found,) = json.loads(run.stdout)["lines"]
    assert found["grade"] == pytest.approx(0.1, abs=2e-4)
    assert found["properties"] == {"name": "Sisters"}


@pytest.mark.parametrize(
    ("content", "words", "code", "said"),
    [
        (None, [], 1, "Error: lines.json cannot be read (No such file"),
        ("nonsense", [], 1, "Error: lines.json is neither GPX nor GeoJSON"),
        ('{"type": "Point", "coordinates": [1, 2]}', [], 1, "Error: lines.json holds no line"),
        ('{"type": "LineString", "coordinates": [[8, 46]]}', [], 3, "No line could be measured"),
        ('{"type": "LineString", "coordinates": [[8, 46], [8, 46.1]]}', [], 3, "No line could be"),
        ('{"type": "LineString", "coordinates": []}', ["--dem", "absent.tif"], 1, "Error: "),
        ("{}", ["--format", "geojson"], 2, "Usage: "),
    ],
)
def test_the_exit_code_says_what_became_of_it(  # noqa: PLR0917 - four of them are fixtures
    content: str | None,
    words: Sequence[str],
    code: int,
    said: str,
    dem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "lines.json").write_text(content)
    assert main(["grade", "lines.json", "--dem", dem, "--format", "csv", *words]) == code
    out, err = capfd.readouterr()
    assert err.startswith(said)
    assert bool(out) == (code == 3)


def test_without_a_file_heights_come_from_tiles(
    known: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Terrarium(lambda lon, lat: 500 + 5000 * (lat - 46) + 0 * lon) as server:
        web = Web(cache_dir=tmp_path, addresses={"HILLFINDER_TERRARIUM_URL": server.template})
        (up, down, *_) = hf.grade(known, web=web)
    assert up.grade == pytest.approx(5000 / 111_150, abs=2e-4)
    assert down.grade == pytest.approx(-up.grade, abs=1e-9)
    assert main(["grade", known]) == 4
    assert "give an elevation file (--dem FILE)" in capfd.readouterr().err


# --- Seattle --------------------------------------------------------------------------------------


@needs_data
def test_seattle_s_blocks_are_measured_better_together_than_alone() -> None:
    blocks = DATA / "seattle" / "magnolia_blocks.geojson"
    heights = Raster([DATA / "seattle" / "Seattle_clip_SRTM.tif"])
    together = hf.grade(blocks, dem=heights)
    assert len(together) == 217
    alone = [hf.grade([found.line], dem=heights)[0] for found in together]
    true = np.array([found.properties["SLOPE_PCT"] for found in together]) / 100

    def error(grades: Sequence[hf.GradedLine] | hf.Grades) -> float:
        long = [i for i, found in enumerate(together) if found.length_m > 130]
        return float(np.mean([abs(abs(grades[i].grade) - true[i]) for i in long]))

    assert error(together) < 0.0095
    assert error(together) < error(alone)
