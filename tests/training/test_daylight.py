"""How much of a session is in the dark, also where the sun does not set or rise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from hillfinder.model import Place
from hillfinder.training import daylight

PORTLAND, TROMSO = Place(45.515, -122.678), Place(69.65, 18.96)
PACIFIC, OSLO = ZoneInfo("America/Los_Angeles"), ZoneInfo("Europe/Oslo")


def test_dusk_comes_half_an_hour_after_sunset_in_portland_in_november() -> None:
    # Times of astral itself, not compared with an almanac.
    light = daylight.of(PORTLAND, datetime(2026, 11, 24, 16, 30, tzinfo=PACIFIC), 60)
    assert light.words == "The sun rises at 7:22 and sets at 16:32."
    assert 24 <= light.dark_min(0, 60) <= 28
    assert light.dark_min(0, 30) == 0


def test_the_same_moment_is_as_dark_in_every_time_zone() -> None:
    start = datetime(2026, 11, 24, 16, 45, tzinfo=PACIFIC)
    here = daylight.of(PORTLAND, start, 60)
    there = daylight.of(PORTLAND, start.astimezone(UTC), 60)
    assert here.dark == there.dark
    assert "16:32" in here.words
    assert here.words != there.words  # told by the clock of the start


@pytest.mark.parametrize(("month", "word"), [(6, "set"), (12, "rise")])
def test_the_sun_may_not_set_or_not_rise(month: int, word: str) -> None:
    for hour in (0, 6, 12, 18):
        light = daylight.of(TROMSO, datetime(2026, month, 21, hour, tzinfo=OSLO), 30)
        assert light.words == f"The sun does not {word} that day."
        assert light.dark_min(0, 30) in ((0,) if word == "set" else (0, 30))


def test_on_the_first_day_of_the_midnight_sun_it_rises() -> None:
    light = daylight.of(TROMSO, datetime(2026, 5, 18, 1, tzinfo=OSLO), 60)
    assert light.words == "The sun does not set that day."


def test_polar_night_has_twilight_at_noon_and_none_at_midnight() -> None:
    noon, midnight = (datetime(2026, 12, 21, hour, tzinfo=OSLO) for hour in (12, 0))
    assert daylight.of(TROMSO, noon, 30).dark_min(0, 30) == 0
    assert daylight.of(TROMSO, midnight, 30).dark_min(0, 30) == 30


def test_at_the_poles_and_at_the_date_line_there_is_an_answer() -> None:
    east = timezone(timedelta(hours=14))
    for place in (Place(90, 0), Place(-90, 0), Place(-16.8, 180.0), Place(-16.8, -179.9)):
        for month in (3, 6, 9, 12):
            light = daylight.of(place, datetime(2026, month, 21, 12, tzinfo=east), 20)
            assert light.words.startswith("The sun ")
            assert len(light.dark) == 20
