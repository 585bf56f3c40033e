"""A page of HTML for a region, in one file that needs no server and no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from hillfinder.earth import EQUATOR_M
from hillfinder.output import colours
from hillfinder.output.text.sanitize import plain
from hillfinder.output.visual.templates import render
from hillfinder.region.store import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame

    from hillfinder.model import Floats, Ints
    from hillfinder.region.summary import RegionSummary

#: Unit of the coordinates, degrees: a metre.
UNIT_DEG: Final = 1e-5
#: Greatest number of rows in the table.
MOST_ROWS: Final = 300


def region_page(title: str, summary: RegionSummary, attributions: Sequence[str]) -> str:
    """Return the page."""
    frame = summary.frame
    best = summary.best.sort_values(["grade", "cell"], ascending=[False, True])
    middle_lat = float(best.foot_lat.mean())
    width_km = EQUATOR_M / cells.AROUND * np.cos(np.radians(middle_lat)) / 1000
    labels = colours.colour_labels()
    return render(
        "region/page.html",
        title=title,
        drawn="" if summary.whole else f"{len(frame):,} are drawn, the steepest of every part.",
        legend=[
            (colours.COLOURS[at], labels[at])
            for at in sorted({colours.colour_index(grade) for grade in frame.grade.tolist()})
        ],
        histograms=[_histogram(*each) for each in summary.histograms],
        rows=[
            {**row, "colour": colours.colour_of(row["grade"])}
            for row in best.head(MOST_ROWS).drop(columns="geometry").to_dict("records")
        ],
        shown=f"The {MOST_ROWS} steepest of {len(best):,} squares. "
        if len(best) > MOST_ROWS
        else "",
        width=f"{width_km:.0f}",
        credits=attributions,
        data=_line_data(frame, middle_lat),
    )


def _line_data(frame: GeoDataFrame, middle_lat: float) -> dict[str, Any]:
    """Return the lines as steps in whole units, and the facts of each hill."""
    lines = frame.geometry.to_numpy()
    point, owner = shapely.get_coordinates(lines, return_index=True)
    unit = np.round(point / UNIT_DEG).astype(np.int64)
    step = np.diff(unit, axis=0, prepend=0)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    step[first] = unit[first]
    return {
        "unit": UNIT_DEG,
        "lat": round(middle_lat, 3),
        "size": np.bincount(owner, minlength=len(frame)).tolist(),
        "xy": step.ravel().tolist(),
        "grade": np.round(1000 * frame.grade).astype(int).tolist(),
        "sigma": np.round(1000 * frame.grade_sigma).astype(int).tolist(),
        "step": [colours.colour_index(grade) for grade in frame.grade.tolist()],
        "colours": colours.COLOURS,
        "length": np.round(frame.length_m).astype(int).tolist(),
        "name": [plain(name) for name in frame["name"]],
    }


def _histogram(name: str, counts: Ints, edges: Floats, factor: float) -> dict[str, Any]:
    """Return the bars of a histogram in a drawing of 360 x 120 units, and its caption."""
    width, height = 360 / len(counts), 120.0
    tallest = max(int(counts.max()), 1)
    first, *_, last = ends = [f"{edge:.3g}" for edge in (factor * edges).tolist()]
    return {
        "name": name,
        "caption": f"{first} to {last}: {name} (tallest bar {tallest:,} hills)",
        "bars": [
            {
                "x": f"{at * width:.1f}",
                "y": f"{height * (1 - count / tallest):.1f}",
                "width": f"{width * 0.9:.1f}",
                "height": f"{height * count / tallest:.1f}",
                "title": f"{ends[at]} to {ends[at + 1]}: {count:,}",
            }
            for at, count in enumerate(counts.tolist())
        ],
    }
