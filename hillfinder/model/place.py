"""The place around which to search."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from hillfinder.errors import PlaceError

#: West, south, east and north end, degrees. West exceeds east across the antimeridian.
Box: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the earth around which to search.

    Raises:
        PlaceError: latitude outside -90..90 or longitude outside -180..180.
    """

    lat: float
    lon: float
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse impossible coordinates, and say when the two were swapped."""
        if not (math.isfinite(self.lat) and math.isfinite(self.lon)):
            msg = f"{self.lat}, {self.lon} is not a place: give latitude, longitude in degrees."
            raise PlaceError(msg)
        if abs(self.lat) > 90 and abs(self.lon) <= 90 and abs(self.lat) <= 180:
            msg = (
                f"{self.lat:g} cannot be a latitude (-90 to 90): it looks as if latitude and "
                f'longitude were swapped. Try "{self.lon:g},{self.lat:g}".'
            )
            raise PlaceError(msg)
        if abs(self.lat) > 90 or abs(self.lon) > 180:
            msg = (
                f"{self.lat:g},{self.lon:g} is not on the map: latitude goes from -90 to 90, "
                "longitude from -180 to 180, in that order."
            )
            raise PlaceError(msg)
