"""Units are chosen when words are made: names and signs stay, and nothing takes prose apart."""

from __future__ import annotations

import ast
import copy
import json
import math
import pickle
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

import hillfinder
from hillfinder import find
from hillfinder.criteria import Criteria
from hillfinder.demo import files
from hillfinder.demo.town import DOOR
from hillfinder.model import Miss
from hillfinder.output.text import card, misses, table
from hillfinder.services.client import Web
from hillfinder.services.weather import Weather
from hillfinder.streets.tags.roads import road_of
from hillfinder.training import cautions
from hillfinder.units import (
    FOOT_M,
    MILE_M,
    Duration,
    Grade,
    Length,
    Name,
    Pace,
    Rainfall,
    Sentence,
    SnowDepth,
    Speed,
    Temperature,
    listed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.results.hills import Hills
    from hillfinder.units import Units

PACKAGE = Path(hillfinder.__file__).parent
FIVE_KM, LANE = "Sentier 5 km", "100 m Lane"
METRIC = re.compile(r"\d (?:m|km|cm|mm|km/h|min/km)\b|°C")


# --- Sentences ------------------------------------------------------------------------------------


def test_a_sentence_is_its_metric_text_and_says_itself_in_other_units() -> None:
    said = Sentence("Mind ", Name(FIVE_KM), " at ", Length(60.0), " and ", Name("30 mph"), ".")
    assert said == "Mind Sentier 5 km at 60 m and 30 mph."
    assert json.dumps(said) == json.dumps(str(said))
    assert said.text("imperial") == "Mind Sentier 5 km at 197 ft and 30 mph."


def test_sentences_within_a_sentence_keep_their_parts() -> None:
    inner = listed([Sentence(Length(80.0, "far"), " on sand"), "mud", Sentence(Length(20.0))])
    assert Sentence("Mind ", inner, ".").text("imperial") == "Mind 260 ft on sand, mud and 66 ft."
    assert listed([]) == ""


def pickled(sentence: Sentence) -> object:
    return pickle.loads(pickle.dumps(sentence))  # noqa: S301 - of our own making


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickled])
def test_a_copy_of_a_sentence_keeps_its_parts(way: object) -> None:
    said = Sentence("in ", Duration(90.0, "clock"), ", ", Length(100.0))
    assert callable(way)
    again = way(said)
    assert (again, again.parts) == (said, said.parts)
    assert again.text("imperial") == "in 1:30, 328 ft"


@pytest.mark.parametrize(
    ("part", "metric", "imperial"),
    [
        (Length(152.4), "152 m", "500 ft"),
        (Length(2400.0), "2400 m", "1.5 mi"),
        (Length(2400.0, "rise"), "2400 m", "7874 ft"),
        (Length(99.9, "floor"), "99 m", "327 ft"),
        (Length(3218.0, "floor"), "3218 m", "1.9 mi"),
        (Length(91.44, "exact"), "91.44 m", "300 ft"),
        (Length(612.0, "about"), "610 m", "2010 ft"),
        (Length(3.0, "far"), "10 m", "10 ft"),
        (Length(1234.0, "far"), "1.2 km", "0.8 mi"),
        (Length(9656.1, "run"), "9.6561 km", "6.0 mi"),
        (Length(10.3, "cell"), "10.3 m", "34 ft"),
        (Length(1.0, "cell"), "1 m", "3.3 ft"),
        (Grade(0.1184), "12 %", "12 %"),
        (Duration(600.0, "short"), "10 min", "10 min"),
        (Duration(2700.0, "asked"), "45 min", "45 min"),
        (Pace(1000 / 375), "6:15 min/km", "10:04 min/mi"),
        (Speed(5.0), "5 km/h", "3 mph"),
        (Rainfall(2.0), "2.0 mm", "0.08 in"),
        (SnowDepth(0.12), "12 cm", "4.7 in"),
        (Temperature(-17.8), "-18 °C", "0 °F"),
        (Temperature(-0.4), "0 °C", "31 °F"),
    ],
)
def test_a_quantity_in_both_units(part: Length, metric: str, imperial: str) -> None:
    assert Sentence(part) == metric
    assert Sentence(part).text("imperial") == imperial


@given(st.floats(1.0, 5000.0), st.sampled_from(["whole", "floor", "about", "far", "rise", "way"]))
def test_both_units_say_the_same_length_to_their_last_digit(metres: float, style: str) -> None:
    size = {"m": 1.0, "km": 1000.0, "ft": FOOT_M, "mi": MILE_M}
    for units in ("metric", "imperial"):
        number, unit = Length(metres, style).text(units).split()  # type: ignore[arg-type]
        step = {"m": 10.0, "ft": 10.0, "km": 0.1, "mi": 0.1}[unit]
        assert math.isclose(float(number) * size[unit], metres, abs_tol=step * size[unit])


# --- A town whose names look like lengths ---------------------------------------------------------


@cache
def named(sign: str) -> Hills:
    """Return the hills of the made-up town, two of its streets renamed, one with a speed limit."""
    with TemporaryDirectory() as folder:
        made = files.write_town(Path(folder))
        text = made.osm.read_text()
        for old, new in (("Middle Level", FIVE_KM), ("Lower Level", LANE)):
            assert f'v="{old}"' in text
            text = text.replace(f'v="{old}"', f'v="{new}"')
        edith = '<tag k="name" v="Edith Street"'
        assert edith in text
        made.osm.write_text(text.replace(edith, f'<tag k="maxspeed" v="{sign}"/>{edith}'))
        asked = Criteria(start=datetime(2026, 11, 24, 18, tzinfo=UTC))
        return find.near(DOOR, asked, streets=made.osm, dem=made.dem, web=Web(offline=True))


def shown(hills: Hills, units: Units) -> Iterator[str]:
    """Yield the list, the page, and the card of every hill."""
    yield table.table_text(hills, units=units)
    with TemporaryDirectory() as folder:
        page = hills.to_html(Path(folder) / "page.html", units=units).read_bytes()
    body = html.fromstring(page)
    for script in body.xpath("//script | //style"):
        script.drop_tree()
    yield body.text_content()
    for rank in range(1, len(hills) + 1):
        yield card.card_text(hills.workout(rank), hills, units=units)


def test_names_keep_their_letters_in_feet_and_miles() -> None:
    hills = named("50")
    texts = [" ".join(text.split()) for text in shown(hills, "imperial")]
    cards = " ".join(texts[2:])
    for name in (FIVE_KM, LANE):
        assert name in texts[1]
        assert f"{name} at " in cards
    assert "Sentier 3" not in " ".join(texts)
    assert "328 ft Lane" not in " ".join(texts)


@pytest.mark.parametrize(("sign", "said"), [("50", "50 km/h"), ("30 mph", "30 mph")])
def test_a_road_sign_stays_as_it_is_in_all_units(sign: str, said: str) -> None:
    hills = named(sign)
    (edith,) = (hill for hill in hills if hill.name.startswith("Edith"))
    for units in ("metric", "imperial"):
        session = card.card_text(hills.workout(edith.rank), hills, units=units)
        assert f", {said}." in session
    assert edith.safety is not None
    assert f"{said}." in " ".join(each.text for each in edith.safety.cautions)


def test_no_quantity_escapes_the_units_asked_for() -> None:
    for text in shown(named("50"), "imperial"):
        left = text.replace("\n", " ")
        for name in (FIVE_KM, LANE, "50 km/h"):
            left = left.replace(name, "")
        assert not METRIC.findall(left)


def test_records_are_metric_text() -> None:
    hills = named("50")
    record = json.loads(hills.to_json())["hills"]
    for hill, row in zip(hills, record, strict=True):
        assert row["notes"] == list(hill.notes)
        assert hill.safety is not None
        assert [each["text"] for each in row["safety"]["cautions"]] == [
            each.text for each in hill.safety.cautions
        ]


def test_a_limit_is_read_in_its_own_unit() -> None:
    tags = {"highway": "residential", "maxspeed": "30 mph"}
    (caution,) = cautions.of_traffic(road_of(tags), pavement=True)
    assert isinstance(caution.text, Sentence)
    assert Name("30 mph") in caution.text.parts


def test_a_near_miss_in_feet_keeps_its_name() -> None:
    said = misses.sentence(Miss("long", "5 km Road", 0.1, 60.9, 8.2, 91.44))
    assert said == (
        "5 km Road, 9 minutes away, rises 10 %, but is only 60 m long (91.44 m or more were asked "
        "for)."
    )
    assert said.text("imperial") == (
        "5 km Road, 9 minutes away, rises 10 %, but is only 199 ft long (300 ft or more were asked "
        "for)."
    )


def test_the_forecast_in_both_units() -> None:
    at = datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
    said = Weather(at, -11.0, -12.0, -18.0, 2.0, 0.0, 0.0, 0.0, 0.12, 80.0).words
    rest = "ice likely, gusts of {}, so keep away from trees, feels like {}: cover up."
    assert said == (
        "Forecast for Tuesday 7:30: -11 °C, rain (2.0 mm), 12 cm of snow on the ground, "
        + rest.format("80 km/h", "-18 °C")
    )
    assert said.text("imperial") == (
        "Forecast for Tuesday 7:30: 12 °F, rain (0.08 in), 4.7 in of snow on the ground, "
        + rest.format("50 mph", "0 °F")
    )


# --- The contract ---------------------------------------------------------------------------------

#: Words that follow a number in one system of units alone, or that ``units`` makes.
UNIT = re.compile(r"^\s?(?:m|km|cm|mm|ft|mi|min|s|km/h|mph|min/km|%|°C|°F)(?![\w/])")
#: Rooms whose sentences are stored, and said in other units later.
STORED = ("training", "climbs", "model", "region/store", "services/weather.py")


def modules(*under: str) -> Iterator[tuple[Path, ast.Module]]:
    for part in under:
        path = PACKAGE / part
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield module, ast.parse(module.read_text(encoding="utf-8"))


def joined(tree: ast.AST) -> Iterator[str]:
    """Yield the text after each number of an f-string; neither errors nor reprs are stored text."""
    messages = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        or (isinstance(node, ast.FunctionDef) and node.name == "__repr__")
        or (
            isinstance(node, ast.Assign)
            and any(isinstance(to, ast.Name) and to.id == "msg" for to in node.targets)
        )
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in messages:
            for value, after in zip(node.values, node.values[1:], strict=False):
                if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                    yield str(after.value)


def test_the_search_for_joined_units_finds_them() -> None:
    tree = ast.parse("a = f'run {x:.0f} m up'; b = f'{x} km'; c = f'{x} more'; msg = f'{x} m'")
    assert [text for text in joined(tree) if UNIT.match(text)] == [" m up", " km"]


def test_no_unit_is_joined_to_a_number_in_a_stored_sentence() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}: {text!r}"
        for path, tree in modules(*STORED)
        for text in joined(tree)
        if UNIT.match(text)
    ]
    assert found == []


def test_no_prose_is_parsed() -> None:
    """Text is put together, never taken apart: but for names, whose letters are cleaned."""
    for path, tree in modules("output/text", "training", "climbs"):
        names = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert "re" not in names or path.name == "sanitize.py", path
