"""How much of a session is in the dark, by the sun."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from hillfinder.model import Place

#: Height of the sun at civil dusk, degrees: below it roots, kerbs and runners are not seen.
DUSK_DEG = -6.0
#: Height of the sun's middle when its upper edge sets, degrees (34' of refraction, 16' of sun).
SET_DEG = -0.833
#: Greatest difference of a clock on land from solar time, h.
FAR_H = 3.5


@dataclass(frozen=True, slots=True)
class Daylight:
    """The light of a session.

    Attributes:
        start: its start, in the time zone of the words.
        dark: for each of its minutes, whether it is dark.
        words: a sentence with sunrise and sunset.
    """

    start: datetime
    dark: tuple[bool, ...]
    words: str

    def dark_min(self, begin_min: float, end_min: float) -> int:
        """Return the number of dark minutes between two times after the start."""
        return sum(self.dark[max(0, round(begin_min)) : max(0, round(end_min))])


def of(place: Place, start: datetime, minutes: float) -> Daylight:
    """Return the light at a place from ``start`` on, for some minutes.

    It goes by the height of the sun, so it also works where the sun does not rise or set.

    >>> from datetime import datetime, timezone
    >>> from hillfinder.model import Place
    >>> light = of(Place(51.5, -0.13), datetime(2026, 12, 21, 15, 30, tzinfo=timezone.utc), 90)
    >>> light.dark_min(0, 60), light.dark_min(60, 90), light.words
    (0, 26, 'The sun rises at 8:04 and sets at 15:53.')
    """
    from astral import Observer
    from astral.sun import elevation, sunrise, sunset

    observer = Observer(place.lat, place.lon)

    def height_deg(at: datetime) -> float:
        return elevation(observer, at, with_refraction=False)

    minute = timedelta(minutes=1)
    dark = tuple(height_deg(start + at * minute) < DUSK_DEG for at in range(max(1, round(minutes))))
    times = []
    zone = start.tzinfo or UTC
    for event in (sunrise, sunset):
        with suppress(ValueError):  # neither rises nor sets
            at = event(observer, date=start.date(), tzinfo=zone)
            times.append(f"{at.hour}:{at.minute:02d}")
    if len(times) == 2:
        words = f"The sun rises at {times[0]} and sets at {times[1]}{_zone(place, start)}."
    elif max(height_deg(start.replace(hour=hour, minute=0)) for hour in range(24)) > SET_DEG:
        words = "The sun does not set that day."
    else:
        words = "The sun does not rise that day."
    return Daylight(start, dark, words)


def _zone(place: Place, start: datetime) -> str:
    """Return the name of the time zone if it cannot be the place's own.

    >>> from datetime import datetime, timezone
    >>> from hillfinder.model import Place
    >>> _zone(Place(45.5, -122.7), datetime(2026, 11, 24, tzinfo=timezone.utc))
    ' (UTC, which is not the time there)'
    """
    offset = start.utcoffset() or timedelta()
    apart_h = (offset.total_seconds() / 3600 - place.lon / 15 + 12) % 24 - 12
    return f" ({start.tzname()}, which is not the time there)" if abs(apart_h) > FAR_H else ""
