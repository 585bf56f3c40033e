"""The weather at the hour of a run, from Open-Meteo's forecast.

What the ground is like follows from the hours before: rain that fell, a night's frost on it, snow
that lies. It is a forecast for some square kilometres, and says nothing of one shady bend.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hillfinder.errors import DataError, OfflineError, ServiceError
from hillfinder.services.request import Question
from hillfinder.services.service import GRID_DEG, Probe, Service
from hillfinder.units import Part, Rainfall, Sentence, SnowDepth, Speed, Temperature

if TYPE_CHECKING:
    from hillfinder.model import Place
    from hillfinder.services.client import Web

OPEN_METEO = Service(
    name="Open-Meteo",
    gives="the weather is",
    instead="look at the sky",
    address="https://api.open-meteo.com",
    variable="HILLFINDER_OPENMETEO_URL",
    # The weather where the equator meets Greenwich's meridian, at sea.
    probe=Probe(
        lambda address: (
            f"{address}/v1/forecast?latitude=0&longitude=0&hourly=temperature_2m&forecast_days=1"
        ),
        (b'"hourly"',),
    ),
    pause_s=2.0,
    credit="Weather: Open-Meteo.com, CC BY 4.0",
)
#: What is asked for, with the unit in which it must come: one letter off, and 50 degrees
#: Fahrenheit are a heatwave. (https://open-meteo.com/en/docs)
HOURLY = {
    "temperature_2m": "°C",
    "apparent_temperature": "°C",
    "precipitation": "mm",
    "snowfall": "cm",
    "snow_depth": "m",
    "wind_gusts_10m": "km/h",
}
#: What a value may be, in its unit: nothing else was ever measured on earth.
LOWEST_VALUE = -100.0
HIGHEST_VALUE = 1000.0
#: How long a forecast is served from the cache, s.
KEPT_S = 3600
#: How far the forecast reaches ahead, days.
AHEAD_DAYS = 15
#: How far it reaches back, days.
BACK_DAYS = 90
#: How long Open-Meteo may be silent, s: the hills are there without it.
FORECAST_TIMEOUT_S = 10.0
#: How long all tries may take, s.
FORECAST_PATIENCE_S = 25.0
#: Length of a run, hours.
AHEAD_H = 2
#: How long before the run rain still leaves a street wet, hours.
WET_H = 3
#: How long before the run a frost still bites, hours.
FROST_H = 12

#: Rain that makes a street wet, mm.
WET_MM = 0.2
#: Air temperature at which the ground freezes on a clear night, degrees Celsius.
FROST_C = 2.0
#: Snow on the ground that counts, m.
SNOW_M = 0.01
#: Snowfall that counts, cm.
SNOWFALL_CM = 0.5
#: Felt temperature from which exertion is a risk, degrees Celsius.
HOT_C = 30.0
#: Felt temperature down from which cold is, degrees Celsius.
COLD_C = -10.0
#: Gusts from which branches fall, km/h.
GUSTS_KM_H = 60.0


@dataclass(frozen=True, slots=True)
class Weather:
    """What is forecast for a run.

    Attributes:
        at: the hour, as it was asked for.
        temperature_c: of the air. ``least_c``: the lowest of the 12 hours before and of the run.
        felt_c: as it feels, with wind and damp.
        rain_mm: rain and melted snow that falls during the run.
        wet_mm: the same of the 3 hours before. ``before_mm``: of the 12 hours before.
        snowfall_cm: that falls in the 12 hours before and during the run.
        snow_m: snow that lies; ``None`` where the model does not say.
        gusts_km_h: ``None`` where the model does not say.
    """

    at: datetime
    temperature_c: float
    least_c: float
    felt_c: float
    rain_mm: float
    wet_mm: float
    before_mm: float
    snowfall_cm: float
    snow_m: float | None
    gusts_km_h: float | None

    @property
    def snowy(self) -> bool:
        """Whether snow lies, or has just fallen."""
        return (self.snow_m or 0.0) >= SNOW_M or self.snowfall_cm >= SNOWFALL_CM

    @property
    def icy(self) -> bool:
        """Whether water may be frozen on the ground: rain and a frost, both within 12 hours."""
        damp = self.before_mm + self.rain_mm >= WET_MM
        return damp and self.least_c <= FROST_C and self.temperature_c <= 2 * FROST_C

    @property
    def frosty(self) -> bool:
        """Whether hoar frost may lie, without any rain."""
        return self.temperature_c <= 0.0 and not (self.icy or self.snowy)

    @property
    def wet(self) -> bool:
        """Whether the ground is wet."""
        return self.rain_mm >= WET_MM or self.wet_mm >= WET_MM

    @property
    def words(self) -> Sentence:
        """All of it in a sentence, with what to mind everywhere."""
        said: list[Part] = [Temperature(self.temperature_c)]
        if self.rain_mm >= WET_MM:
            snow = self.snowfall_cm >= SNOWFALL_CM and self.temperature_c <= FROST_C
            said += [", snow"] if snow else [", rain (", Rainfall(self.rain_mm), ")"]
        else:
            said.append(", wet from rain before" if self.wet_mm >= WET_MM else ", no rain")
        if (self.snow_m or 0.0) >= SNOW_M:
            said += [", ", SnowDepth(self.snow_m or 0.0), " of snow on the ground"]
        if self.icy or self.frosty:
            said.append(", ice likely" if self.icy else ", frost")
        gusts = self.gusts_km_h or 0.0
        if gusts >= GUSTS_KM_H:
            said += [", gusts of ", Speed(gusts), ", so keep away from trees"]
        if self.felt_c >= HOT_C or self.felt_c <= COLD_C:
            care = ": run early or late, and drink" if self.felt_c >= HOT_C else ": cover up"
            said += [", feels like ", Temperature(self.felt_c), care]
        return Sentence(f"Forecast for {self.at:%A} {self.at.hour}:{self.at:%M}: ", *said, ".")


def ask(place: Place, at: datetime, web: Web, now: datetime | None = None) -> Weather:
    """Return the weather at a place.

    Args:
        place: where; what is sent is rounded to ``GRID_DEG``.
        at: when, with its time zone.
        web: the client.
        now: the time of the clock; ``None`` is the present.

    Raises:
        ServiceError: there is no forecast for that hour, or the service fails.
        OfflineError: the same, because the network is off.
    """
    now = now or datetime.now(UTC)
    ahead = (at - now) / timedelta(days=1)
    if not -BACK_DAYS < ahead < AHEAD_DAYS:
        msg = (
            f"No weather: the forecast reaches {AHEAD_DAYS} days ahead and {BACK_DAYS} back, and "
            f"{at:%Y-%m-%d} is farther."
        )
        raise ServiceError(msg)
    utc = at.astimezone(UTC)
    first, last = utc - timedelta(hours=FROST_H), utc + timedelta(hours=AHEAD_H)
    lat, lon = (round(round(x / GRID_DEG) * GRID_DEG, 2) for x in (place.lat, place.lon))
    asked = (
        f"/v1/forecast?latitude={lat:.2f}&longitude={lon:.2f}"
        f"&hourly={','.join(HOURLY)}&timeformat=unixtime&timezone=GMT"
        f"&start_date={first:%Y-%m-%d}&end_date={last:%Y-%m-%d}"
    )
    urls = tuple(f"{address}{asked}" for address in web.urls(OPEN_METEO))

    def check(data: bytes) -> None:
        _weather(data, at)

    try:
        data = web.get(
            Question(
                service=OPEN_METEO,
                urls=urls,
                check=check,
                key=f"{urls[0]} in hour {now.timestamp() // KEPT_S:.0f}",
                suffix=".json",
                tries=2,
                timeout_s=FORECAST_TIMEOUT_S,
                patience_s=FORECAST_PATIENCE_S,
            )
        )
    except OfflineError as error:
        msg = "No weather: the network is switched off."
        raise OfflineError(msg) from error
    return _weather(data, at)


def _weather(data: bytes, at: datetime) -> Weather:
    """Read a reply."""
    hours = _hours(data)
    first = at.timestamp() // 3600 * 3600
    # A value of rain or snow is of the hour that ends then.
    run = [first + 3600 * hour for hour in range(AHEAD_H + 1)]
    before = [first - 3600 * hour for hour in range(FROST_H)]
    if any(hour not in hours for hour in (*run, *before)):
        msg = "not the hours that were asked for"
        raise DataError(msg)

    def values(name: str, wanted: list[float]) -> list[float]:
        return [value for hour in wanted if (value := hours[hour][name]) is not None]

    def at_start(name: str) -> float | None:
        return hours[first][name]

    temperature = at_start("temperature_2m")
    if temperature is None or len(values("precipitation", [*run, *before])) < len(run + before):
        msg = "no temperature or rain for that hour"
        raise DataError(msg)
    felt = at_start("apparent_temperature")
    gusts = values("wind_gusts_10m", run)
    return Weather(
        at=at,
        temperature_c=temperature,
        least_c=min(values("temperature_2m", [*run, *before])),
        felt_c=temperature if felt is None else felt,
        rain_mm=sum(values("precipitation", run[1:])),
        wet_mm=sum(values("precipitation", before[:WET_H])),
        before_mm=sum(values("precipitation", before)),
        snowfall_cm=sum(values("snowfall", [*run[1:], *before])),
        snow_m=at_start("snow_depth"),
        gusts_km_h=max(gusts) if gusts else None,
    )


def _hours(data: bytes) -> dict[float, dict[str, float | None]]:
    """Return by hour, in seconds since 1970, what is forecast for it."""
    try:
        reply = json.loads(data)
        units, columns = reply["hourly_units"], reply["hourly"]
        if units["time"] != "unixtime" or any(units[key] != HOURLY[key] for key in HOURLY):
            msg = "other units than those asked for"
            raise DataError(msg)
        rows = zip(columns["time"], *(columns[name] for name in HOURLY), strict=True)
        return {
            float(row[0]): dict(zip(HOURLY, map(_measured, row[1:]), strict=True)) for row in rows
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        msg = "not the JSON that Open-Meteo sends"
        raise DataError(msg) from error


def _measured(value: object) -> float | None:
    """Return a value of the reply."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not (math.isfinite(value) and LOWEST_VALUE <= value <= HIGHEST_VALUE):
        raise ValueError
    return float(value)
