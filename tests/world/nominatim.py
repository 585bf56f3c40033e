"""Nominatim: a gazetteer of a few names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from tests.world.service import Answer, Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.world.service import Request


class Nominatim(Service):
    """A server whose ``/search`` knows names; of one name it may know several places."""

    def __init__(
        self, places: Mapping[str, tuple[float, float] | Sequence[tuple[float, float]]]
    ) -> None:
        super().__init__()
        self._places = places

    def answer(self, request: Request) -> Answer:
        """Answer ``/search?format=json&q=...`` with a list, empty where nothing is known."""
        if request.path == "/status":
            return Answer(200, b"OK")
        if request.path != "/search" or request.fields.get("format") != "json":
            return Answer(404, b"<html><body>Not Found</body></html>")
        name = request.fields["q"]
        points = np.reshape(self._places.get(name, ()), (-1, 2)).tolist()
        rows = [
            {
                "place_id": number,
                "licence": "Data (c) OpenStreetMap contributors, ODbL 1.0.",
                "osm_type": "node",
                "osm_id": number,
                "lat": f"{lat:.7f}",
                "lon": f"{lon:.7f}",
                "importance": 0.4,
                "display_name": f"{name}, Somewhere {number}",
            }
            for number, (lat, lon) in enumerate(points, 1)
        ]
        limit = int(request.fields.get("limit", 10))
        return Answer(200, json.dumps(rows[:limit]).encode(), {"Content-Type": "application/json"})
