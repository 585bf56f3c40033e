"""One page of HTML for a region: it needs nothing else, neither a server nor the network."""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from hillfinder.earth import EQUATOR_M
from hillfinder.output.text.sanitize import plain
from hillfinder.output.visual import colours as scale
from hillfinder.region.store import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame

    from hillfinder.model import Floats, Ints
    from hillfinder.region.catalogue import Drawn

#: Coordinates are whole numbers of so much of a degree: a metre.
UNIT_DEG: Final = 1e-5
#: So many rows of the table are shown, of the steepest squares.
MOST_ROWS: Final = 300


def html(title: str, drawn: Drawn, attributions: Sequence[str]) -> str:
    """Return the page."""
    best = drawn.best.sort_values(["grade", "cell"], ascending=[False, True])
    middle_lat = float(drawn.best.foot_lat.mean())
    shown = "" if drawn.whole else f"{len(drawn.frame):,} are drawn, the steepest of every part."
    some = f"The {MOST_ROWS} steepest of {len(best):,} squares. " if len(best) > MOST_ROWS else ""
    width_km = EQUATOR_M / cells.AROUND * np.cos(np.radians(middle_lat)) / 1000
    data = json.dumps(_data(drawn.frame, middle_lat), separators=(",", ":"))
    filled = {
        "title": escape(title),
        "drawn": shown,
        "legend": _legend(drawn.frame.grade.tolist()),
        "histograms": "".join(_histogram(*each) for each in drawn.histograms),
        "rows": "".join(_row(row) for row in best.head(MOST_ROWS).to_dict("records")),
        "table": some,
        "width": f"{width_km:.0f}",
        "credits": "<br>".join(map(escape, attributions)),
        # What the map holds cannot end the script that carries it.
        "data": data.replace("<", "\\u003c"),
    }
    page = files("hillfinder.region").joinpath("page.html").read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda found: filled[found[1]], page)


def _data(frame: GeoDataFrame, middle_lat: float) -> dict[str, Any]:
    """Return lines as steps in whole units, and what is told of each."""
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
        "step": [scale.step(grade) for grade in frame.grade.tolist()],
        "colours": scale.COLOURS,
        "length": np.round(frame.length_m).astype(int).tolist(),
        "name": [plain(name) for name in frame["name"]],
    }


def _legend(grades: Sequence[float]) -> str:
    """Return what the colours stand for that are on the map."""
    labels = scale.labels()
    return "<br>".join(
        f'<i style="background:{scale.COLOURS[at]}"></i>{labels[at]}'
        for at in sorted({scale.step(grade) for grade in grades})
    )


def _histogram(name: str, counts: Ints, edges: Floats, factor: float) -> str:
    """Return a histogram as a drawing."""
    width, height = 360 / len(counts), 120.0
    tallest = max(int(counts.max()), 1)
    bars = "".join(
        f'<rect x="{i * width:.1f}" y="{height * (1 - n / tallest):.1f}" width="{width * 0.9:.1f}" '
        f'height="{height * n / tallest:.1f}"><title>{factor * edges[i]:.3g} to '
        f"{factor * edges[i + 1]:.3g}: {n:,}</title></rect>"
        for i, n in enumerate(counts.tolist())
    )
    return (
        f'<figure><svg width="360" height="120" role="img" aria-label="{escape(name)}">{bars}</svg>'
        f"<figcaption>{factor * edges[0]:.3g} to {factor * edges[-1]:.3g}: {escape(name)} "
        f"(tallest bar {tallest:,} hills)</figcaption></figure>"
    )


def _row(row: dict[Any, Any]) -> str:
    where = f"{row['foot_lat']:.5f}, {row['foot_lon']:.5f}"
    return (
        f'<tr><td><i style="background:{scale.colour(row["grade"])}"></i>'
        f"{escape(plain(row['name']))}"
        f'<td class="n">{100 * row["grade"]:.1f} &plusmn; {100 * row["grade_sigma"]:.1f} %'
        f'<td class="n">{row["length_m"]:.0f} m<td class="n">{row["hills"]:,}'
        f'<td><button data-lat="{row["foot_lat"]}" data-lon="{row["foot_lon"]}">{where}'
        "</button></tr>"
    )
