"""Open-Meteo: its forecast by the hour, of a weather that is set."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.world.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.world.service import Fault, Request

    Hour = Callable[[datetime], Mapping[str, float | None]]

UNITS = {
    "temperature_2m": "°C",
    "apparent_temperature": "°C",
    "precipitation": "mm",
    "snowfall": "cm",
    "snow_depth": "m",
    "wind_gusts_10m": "km/h",
}
MILD: Mapping[str, float | None] = {
    "temperature_2m": 14.2,
    "apparent_temperature": 12.9,
    "precipitation": 0.0,
    "snowfall": 0.0,
    "snow_depth": 0.0,
    "wind_gusts_10m": 20.2,
}


class OpenMeteo(Service):
    """A server of ``/v1/forecast``; ``hour`` says what the weather is at an hour, mild if nothing.

    It answers for the days asked for, or from today on, and refuses as the real one does: status
    400 and a reason in JSON.
    """

    def __init__(self, hour: Hour = lambda _: {}, today: date | None = None) -> None:
        super().__init__()
        self.hour = hour
        self.today = today

    def answer(self, request: Request) -> Answer:
        """Answer ``/v1/forecast``."""
        if request.path != "/v1/forecast":
            return _json(404, {"error": True, "reason": "Not Found"})
        fields = request.fields
        names = fields["hourly"].split(",")
        unknown = [name for name in names if name not in UNITS]
        if unknown:
            reason = f"Cannot initialize hourly variable from invalid String value {unknown[0]}"
            return _json(400, {"error": True, "reason": reason})
        today = self.today or datetime.now(UTC).date()
        if "start_date" in fields:
            first, last = (
                datetime.fromisoformat(fields[name]).date() for name in ("start_date", "end_date")
            )
        else:
            first = today
            last = today + timedelta(days=int(fields.get("forecast_days", 7)) - 1)
        if first < today - timedelta(days=92) or last > today + timedelta(days=16):
            reason = "Parameter 'start_date' is out of allowed range"
            return _json(400, {"error": True, "reason": reason})
        midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
        hours = [midnight + timedelta(hours=hour) for hour in range(24 * ((last - first).days + 1))]
        seconds = fields.get("timeformat") == "unixtime"
        weather = [{**MILD, **self.hour(hour)} for hour in hours]
        reply: dict[str, Any] = {
            "latitude": float(fields["latitude"]),
            "longitude": float(fields["longitude"]),
            "generationtime_ms": 0.05,
            "utc_offset_seconds": 0,
            "timezone": "GMT",
            "timezone_abbreviation": "GMT",
            "elevation": 38.0,
            "hourly_units": {
                "time": "unixtime" if seconds else "iso8601",
                **{name: UNITS[name] for name in names},
            },
            "hourly": {
                "time": [
                    int(hour.timestamp()) if seconds else f"{hour:%Y-%m-%dT%H:%M}" for hour in hours
                ],
                **{name: [each[name] for each in weather] for name in names},
            },
        }
        return _json(200, reply)


def _json(status: int, reply: Mapping[str, Any]) -> Answer:
    body = json.dumps(reply, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8"})


def spoilt(change: Callable[[dict[str, Any]], None]) -> Fault:
    """Answer with a reply in which something was changed."""

    def spoil(answer: Answer) -> Answer:
        reply = json.loads(answer.body)
        change(reply)
        return replace(answer, body=json.dumps(reply).encode())

    return spoil


def fahrenheit(answer: Answer) -> Answer:
    """Answer in other units than were asked for."""
    return spoilt(lambda reply: reply["hourly_units"].update(temperature_2m="°F"))(answer)


def nulls(answer: Answer) -> Answer:
    """Answer with hours of which nothing is known."""

    def empty(reply: dict[str, Any]) -> None:
        hourly = reply["hourly"]
        for name in hourly.keys() - {"time"}:
            hourly[name] = [None] * len(hourly["time"])

    return spoilt(empty)(answer)
