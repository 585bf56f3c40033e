"""Hills as GeoJSON (RFC 7946): one line a hill, foot first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hillfinder.output.formats import Format
from hillfinder.output.records import coordinates, dumps, hill_rows, record

if TYPE_CHECKING:
    from hillfinder.model import Findings


def to_geojson(findings: Findings) -> str:
    """Return a feature collection as text, ending in a newline.

    The properties of a hill are those of ``records.HILL_COLUMNS``. Positions are ``[lon, lat,
    elevation_m]``; a line with an unknown height has none at all, because the format has no null
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
            for hill, row in zip(findings.hills, hill_rows(findings), strict=True)
        ],
    }
    return dumps(collection)


FORMAT = Format(
    name="geojson",
    file="hills.geojson",
    help="Write all hills as GeoJSON.",
    about="all hills (RFC 7946)",
    make=lambda asked: to_geojson(asked.findings),
)
