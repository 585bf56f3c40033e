"""The weather: what is read from a forecast, and what comes of a service that fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hillfinder.errors import OfflineError, ServiceError
from hillfinder.model import Place
from hillfinder.services import weather
from hillfinder.services.client import Web
from tests.world import OpenMeteo
from tests.world.openmeteo import fahrenheit, nulls, spoilt
from tests.world.service import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hillfinder.services.weather import Weather

DOOR = Place(45.5123456, -122.6961234)
NOW = datetime(2026, 6, 1, 12, 20, tzinfo=UTC)
AT = NOW + timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[OpenMeteo]:
    with OpenMeteo(today=NOW.date()) as server:
        yield server


@pytest.fixture
def web(server: OpenMeteo, tmp_path: Path) -> Web:
    return Web(
        cache_dir=tmp_path,
        addresses={"HILLFINDER_OPENMETEO_URL": server.url},
        retry_s=(0.01, 0.01),
        sleep=lambda _: None,
    )


def hours(**values: dict[int, float]) -> Callable[[datetime], dict[str, float | None]]:
    """Return a weather in which some hours, counted from that of the run, are not mild."""
    zero = AT.replace(minute=0)

    def at(hour: datetime) -> dict[str, float | None]:
        number = round((hour - zero) / timedelta(hours=1))
        return {name: each[number] for name, each in values.items() if number in each}

    return at


def ask(server: OpenMeteo, web: Web, **values: dict[int, float]) -> Weather:
    server.hour = hours(**values)
    return weather.ask(DOOR, AT, web, NOW)


ALWAYS = range(-30, 30)


def test_a_mild_day_is_dry_and_neither_icy_nor_snowy(server: OpenMeteo, web: Web) -> None:
    mild = ask(server, web)
    assert (mild.wet, mild.icy, mild.frosty, mild.snowy) == (False, False, False, False)
    assert (mild.temperature_c, mild.felt_c, mild.gusts_km_h) == (14.2, 12.9, 20.2)
    assert mild.words == f"Forecast for {AT:%A} {AT.hour}:20: 14 °C, no rain."


def test_rain_wets_from_three_hours_before_until_the_end(server: OpenMeteo, tmp_path: Path) -> None:
    for hour, wet in ((-3, False), (-2, True), (0, True), (1, True), (2, True), (3, False)):
        web = Web(
            cache_dir=tmp_path / str(hour), addresses={"HILLFINDER_OPENMETEO_URL": server.url}
        )
        assert ask(server, web, precipitation={hour: 1.0}).wet == wet, hour


def test_a_frost_after_rain_is_ice_and_before_it_is_not_without_rain(
    server: OpenMeteo, web: Web, tmp_path: Path
) -> None:
    cold = dict.fromkeys(range(-4, 3), -1.5)
    icy = ask(server, web, temperature_2m=cold, precipitation={-9: 2.0})
    assert (icy.icy, icy.wet, icy.least_c) == (True, False, -1.5)
    assert "ice likely" in icy.words
    dry = ask(server, replace(web, cache_dir=tmp_path / "dry"), temperature_2m=cold)
    assert (dry.icy, dry.frosty) == (False, True)
    thawed = {-8: -1.0, **dict.fromkeys(range(-6, 3), 9.0)}
    warm = replace(web, cache_dir=tmp_path / "warm")
    assert not ask(server, warm, temperature_2m=thawed, precipitation={-9: 2.0}).icy


def test_snow_that_lies_or_falls_is_snow(server: OpenMeteo, web: Web, tmp_path: Path) -> None:
    lying = ask(server, web, snow_depth=dict.fromkeys(ALWAYS, 0.12))
    assert lying.snowy
    assert "12 cm of snow on the ground" in lying.words
    falling = ask(server, replace(web, cache_dir=tmp_path / "2"), snowfall={-1: 1.0})
    assert falling.snowy


def test_heat_cold_and_wind_are_told(server: OpenMeteo, web: Web, tmp_path: Path) -> None:
    hot = ask(server, web, apparent_temperature={0: 34.0})
    assert "feels like 34 °C: run early or late, and drink" in hot.words
    windy = ask(server, replace(web, cache_dir=tmp_path / "2"), wind_gusts_10m={2: 75.0})
    assert "gusts of 75 km/h" in windy.words
    cold = ask(server, replace(web, cache_dir=tmp_path / "3"), apparent_temperature={0: -14.0})
    assert "cover up" in cold.words


def test_what_some_models_do_not_say_is_unknown(server: OpenMeteo, web: Web) -> None:
    server.always = spoilt(
        lambda reply: reply["hourly"].update(
            snow_depth=[None] * len(reply["hourly"]["time"]),
            wind_gusts_10m=[None] * len(reply["hourly"]["time"]),
        )
    )
    known = ask(server, web)
    assert (known.snow_m, known.gusts_km_h, known.snowy) == (None, None, False)


def test_what_is_sent_is_a_kilometre_wide(server: OpenMeteo, web: Web) -> None:
    ask(server, web)
    (request,) = server.requests
    assert (request.fields["latitude"], request.fields["longitude"]) == ("45.51", "-122.70")
    assert "45.512" not in request.sent
    assert request.agent.startswith("hillfinder")


def test_an_answer_is_kept_for_the_hour(server: OpenMeteo, web: Web) -> None:
    begun = NOW.replace(minute=0)
    for minute, asked in ((0, 1), (59, 1), (60, 2), (61, 2)):
        weather.ask(DOOR, AT, web, begun + timedelta(minutes=minute))
        assert len(server.requests) == asked


def test_offline_there_is_no_weather_but_what_was_kept(server: OpenMeteo, web: Web) -> None:
    off = replace(web, offline=True)
    with pytest.raises(OfflineError, match=r"^No weather: the network is switched off\.$"):
        weather.ask(DOOR, AT, off, NOW)
    assert not server.requests
    weather.ask(DOOR, AT, web, NOW)
    assert weather.ask(DOOR, AT, off, NOW).temperature_c == 14.2


@pytest.mark.parametrize("days", [-91, -400, 15, 400])
def test_what_no_forecast_reaches_is_not_asked_for(server: OpenMeteo, web: Web, days: int) -> None:
    with pytest.raises(ServiceError, match="the forecast reaches 15 days ahead and 90 back"):
        weather.ask(DOOR, NOW + timedelta(days=days), web, NOW)
    assert not server.requests


def _drop(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda reply: reply.pop(name)


def _hourly(**columns: object) -> Callable[[dict[str, Any]], None]:
    return lambda reply: reply["hourly"].update(columns)


SPOILT = {
    "no hours": spoilt(_drop("hourly")),
    "no units": spoilt(_drop("hourly_units")),
    "fahrenheit": fahrenheit,
    "nulls": nulls,
    "short": spoilt(_hourly(precipitation=[0.0])),
    "words": spoilt(_hourly(precipitation="rain")),
    "other hours": spoilt(
        lambda reply: reply["hourly"].update(time=[*range(len(reply["hourly"]["time"]))])
    ),
    "times as text": spoilt(
        lambda reply: reply["hourly"].update(time=["2026"] * len(reply["hourly"]["time"]))
    ),
    "hot as the sun": spoilt(
        lambda reply: reply["hourly"].update(temperature_2m=[5500.0] * len(reply["hourly"]["time"]))
    ),
    "true": spoilt(
        lambda reply: reply["hourly"].update(precipitation=[True] * len(reply["hourly"]["time"]))
    ),
    "a list": lambda answer: replace(answer, body=b"[1]"),
    "nothing": lambda answer: replace(answer, body=b""),
}


@pytest.mark.parametrize("name", [*SPOILT, *sorted(FAULTS.keys() - {"slowly", "gigabyte"})])
def test_a_service_that_fails_is_told_in_a_sentence_and_nothing_is_kept(
    server: OpenMeteo, web: Web, name: str
) -> None:
    server.always = {**SPOILT, **FAULTS}[name]
    hasty = replace(web, timeout_s=0.5, patience_s=2.0)  # some faults are silence
    with pytest.raises(ServiceError, match=r"^Open-Meteo .*weather.*look at the sky\.$"):
        weather.ask(DOOR, AT, hasty, NOW)
    server.always = None
    assert weather.ask(DOOR, AT, web, NOW).temperature_c == 14.2


def test_a_little_below_freezing_is_no_minus_nothing(server: OpenMeteo, web: Web) -> None:
    cold = ask(server, web, temperature_2m=dict.fromkeys(ALWAYS, -0.3))
    assert "20: 0 °C" in cold.words
