"""Nominatim: a gazetteer of a few names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.world.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.world.service import Request


class Nominatim(Service):
    """A server whose ``/search`` knows names and their latitude and longitude."""

    def __init__(self, places: Mapping[str, tuple[float, float]]) -> None:
        super().__init__()
        self._places = places

    def answer(self, request: Request) -> Answer:
        """Answer ``/search?format=json&q=...`` with a list, empty where nothing is known."""
        if request.path != "/search" or request.fields.get("format") != "json":
            return Answer(404, b"<html><body>Not Found</body></html>")
        name = request.fields["q"]
        rows = []
        if name in self._places:
            lat, lon = self._places[name]
            rows.append(
                {
                    "place_id": 1,
                    "licence": "Data (c) OpenStreetMap contributors, ODbL 1.0.",
                    "osm_type": "node",
                    "osm_id": 1,
                    "lat": f"{lat:.7f}",
                    "lon": f"{lon:.7f}",
                    "importance": 0.4,
                    "display_name": f"{name}, Somewhere",
                }
            )
        return Answer(200, json.dumps(rows).encode(), {"Content-Type": "application/json"})
