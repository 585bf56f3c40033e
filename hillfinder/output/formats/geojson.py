"""What a search found as GeoJSON (RFC 7946): one line a hill, foot first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hillfinder.output.formats import Format
from hillfinder.output.records import dumps, positions, record, rows

if TYPE_CHECKING:
    from hillfinder.model import Climb, Findings
    from hillfinder.output.records import Point


def to_geojson(findings: Findings) -> str:
    """Return a feature collection as text, ending in a newline.

    The properties of a hill are those of ``records.COLUMNS``. Positions are ``[lon, lat,
    elevation_m]``; a line with an unknown height has none at all, for the format knows no null
    there. The members ``place`` and ``sources``, attribution included, are those of the JSON.
    """
    whole = record(findings)
    collection = {
        "type": "FeatureCollection",
        "place": whole["place"],
        "sources": whole["sources"],
        "features": [
            {
                "type": "Feature",
                "id": row["rank"],
                "geometry": {"type": "LineString", "coordinates": coordinates(hill.climb)},
                "properties": row,
            }
            for hill, row in zip(findings.hills, rows(findings), strict=True)
        ],
    }
    return dumps(collection)


def coordinates(climb: Climb) -> list[Point]:
    """Return the line of a climb with heights, or without any where one is unknown."""
    line = positions(climb.lon, climb.lat, climb.profile.elevation_m)
    return [point[:2] for point in line] if any(point[2] is None for point in line) else line


FORMAT = Format(
    name="geojson",
    file="hills.geojson",
    help="Write all hills as GeoJSON.",
    about="all hills (RFC 7946)",
    make=lambda asked: to_geojson(asked.findings),
)
