"""What a search found as a table of GeoPandas: a row a hill, its line as the geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hillfinder.output.formats.geojson import coordinates
from hillfinder.output.records import COLUMNS, rows

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely import LineString

    from hillfinder.model import Climb, Findings

#: What each column holds, also when there is no row; all others hold numbers.
DTYPES: Final = {
    "rank": "int64",
    **dict.fromkeys(
        (
            *("name", "confidence", "highway", "surface", "lit", "way_ids", "approach_shape"),
            *("notes", "gravity"),
        ),
        "object",
    ),
}


def frame(findings: Findings) -> GeoDataFrame:
    """Return the hills under ``records.COLUMNS``, and ``geometry``, a line in EPSG:4326.

    A line has heights as its third coordinate, or two coordinates where a height is unknown.
    Numbers that are unknown are NaN, text is ``None``. Columns and dtypes are the same when there
    is no hill.
    """
    import pandas as pd
    from geopandas import GeoDataFrame, GeoSeries

    table = pd.DataFrame(rows(findings), columns=list(COLUMNS), dtype="object")
    table = table.astype({column: DTYPES.get(column, "float64") for column in COLUMNS})
    lines = [line(hill.climb) for hill in findings.hills]
    return GeoDataFrame(table, geometry=GeoSeries(lines, index=table.index, crs="EPSG:4326"))


def line(climb: Climb) -> LineString:
    """Return a climb in EPSG:4326, with heights where all are known."""
    from shapely import LineString

    return LineString(coordinates(climb))
