"""Pictures for print, by matplotlib: the profile of a hill, and the map of all of them."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hillfinder.earth import METRES_PER_DEGREE
from hillfinder.errors import InputError
from hillfinder.output import colours
from hillfinder.output.drawn_profile import drawn_profile
from hillfinder.output.text import phrases
from hillfinder.output.text.sanitize import plain
from hillfinder.output.visual import basemap, terrain
from hillfinder.units import FOOT_M, Length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from hillfinder.model import Findings, Hill, Place
    from hillfinder.output.visual.basemap import View
    from hillfinder.streets.network import StreetNetwork
    from hillfinder.units import Units

#: Dots per inch.
DPI: Final = 200
#: Width of a hill, points.
HILL_WIDTH: Final = 4.5
_NAME_LIMIT: Final = 60
_INK, _WAY = "#1c2126", "#1668b8"
_STREET_STYLES: Final[dict[basemap.StreetKind, dict[str, Any]]] = {
    "path": {"color": "#8d9b76", "linewidth": 0.5, "linestyle": (0, (3, 2))},
    "street": {"color": "#8f8f8a", "linewidth": 0.7},
    "major": {"color": "#6d747b", "linewidth": 1.3},
}


def draw_profile(
    hill: Hill, axes: Axes, units: Units = "metric", repeated_m: float | None = None
) -> None:
    """Draw the profile of a hill: coloured by grade, its margin as a band, the repeat marked.

    Args:
        hill: the hill.
        axes: the axes to draw in.
        units: metres or feet.
        repeated_m: length of a repeat, from the foot; ``None`` is the whole hill.
    """
    drawn = drawn_profile(hill)
    unit_m, name = (1.0, "m") if units == "metric" else (FOOT_M, "ft")
    along, height, sigma = (
        array / unit_m for array in (drawn.distance_m, drawn.elevation_m, drawn.sigma_m)
    )
    low, high = drawn.low_m / unit_m, drawn.high_m / unit_m
    axes.set_title(plain(hill.name, _NAME_LIMIT), loc="left", fontweight="bold", parse_math=False)
    axes.set(xlabel=f"from the bottom ({name})", ylabel=f"above the sea ({name})")
    axes.spines[["top", "right"]].set_visible(False)
    if not np.isfinite(low):
        axes.text(0.5, 0.5, "The heights of this hill are not known.", ha="center")
        return
    room = max(high - low, 1.0)
    floor = low - 0.08 * room
    for stretch in drawn.stretches:
        inside = (along >= stretch.start_m / unit_m) & (along <= stretch.stop_m / unit_m)
        ends = np.array([stretch.start_m, stretch.stop_m]) / unit_m
        x = np.unique(np.concatenate([ends, along[inside]]))
        y = np.interp(x, along, height)
        axes.fill_between(
            x, floor, y, color=colours.colour_of(stretch.grade), alpha=0.9, linewidth=0
        )
    axes.plot(
        drawn.lead_distance_m / unit_m,
        drawn.lead_elevation_m / unit_m,
        color=_INK,
        alpha=0.6,
        linestyle=(0, (4, 3)),
        label="the way there",
    )
    axes.fill_between(
        along,
        height - sigma,
        height + sigma,
        color=_INK,
        alpha=0.25,
        linewidth=0,
        label="one standard deviation",
    )
    axes.plot(along, height, color=_INK, linewidth=2)
    above = high + 0.1 * room
    stretch = min(repeated_m or drawn.distance_m[-1], drawn.distance_m[-1])
    end = float(stretch) / unit_m
    axes.annotate("", (end, above), (0.0, above), arrowprops={"arrowstyle": "<->"})
    said = f"{phrases.ground(hill.climb.length_m, units)} at {phrases.mean_grade(hill)}"
    if repeated_m and repeated_m < drawn.distance_m[-1] - 1:
        said = f"repeat {phrases.ground(repeated_m, units)} of {said}"
    axes.text(end / 2, above + 0.03 * room, said, ha="center", va="bottom")
    axes.set_ylim(floor, above + 0.18 * room)
    axes.set_xlim(min([0.0, *(drawn.lead_distance_m / unit_m).tolist()]), along[-1] * 1.02)
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, 0.82), frameon=False, fontsize="small")


def draw_map(
    findings: Findings, network: StreetNetwork, axes: Axes, units: Units = "metric"
) -> None:
    """Draw the hills on the streets and the land, coloured by grade, with the ways to them.

    Args:
        findings: the hills.
        network: the streets, and the heights along them.
        axes: the axes to draw in; they get degrees, with the aspect of metres.
        units: metres or feet.
    """
    area, place = basemap.view_of(findings), findings.place
    narrow = float(np.cos(np.radians(place.lat)))
    axes.set_aspect(1 / max(narrow, 0.01))
    axes.set(xlim=(area.west, area.east), ylim=(area.south, area.north))
    terrain.draw_land(network, area, place, axes)
    _draw_streets(network, area, place, axes)
    for hill in findings.hills:
        if hill.approach is not None:
            way = hill.approach
            axes.plot(
                basemap.unwrapped(way.lon, place),
                way.lat,
                color=_WAY,
                linewidth=1.2,
                alpha=0.7,
                zorder=4,
            )
    for hill in findings.hills:
        lon, lat = basemap.unwrapped(hill.climb.lon, place), hill.climb.lat
        colour = colours.colour_of(hill.grade)
        round_ends: dict[str, Any] = {"solid_capstyle": "round", "solid_joinstyle": "round"}
        axes.plot(lon, lat, color="white", linewidth=HILL_WIDTH + 2, zorder=5, **round_ends)
        axes.plot(lon, lat, color=colour, linewidth=HILL_WIDTH, zorder=6, **round_ends)
        axes.annotate(
            str(hill.rank),
            (float(lon[-1]), float(lat[-1])),
            ha="center",
            va="center",
            fontsize="x-small",
            fontweight="bold",
            color="black" if colours.colour_index(hill.grade) < colours.FIRST_DARK else "white",
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": colour, "edgecolor": "white"},
            zorder=7,
        )
    axes.plot(
        place.lon, place.lat, "s", color=_INK, markeredgecolor="white", markersize=8, zorder=8
    )
    axes.set_title(
        "\n".join(_wrapped(phrases.heading(findings, units), 80)),
        loc="left",
        fontsize="medium",
        fontweight="bold",
        parse_math=False,
    )
    axes.set_xticks([])
    axes.set_yticks([])
    _draw_legend(findings, axes)
    _draw_scale_bar(area, narrow, axes, units)
    axes.text(
        0.0,
        -0.01,
        "\n".join(
            line for text in phrases.credits_of(findings, units) for line in _wrapped(text, 130)
        ),
        transform=axes.transAxes,
        va="top",
        fontsize="xx-small",
        color="#444",
        parse_math=False,
    )


def figure_png(findings: Findings, network: StreetNetwork, units: Units = "metric") -> bytes:
    """Return the map, with the profile of the first hill below it, as PNG.

    Raises:
        InputError: there is no hill to draw.
    """
    from matplotlib.figure import Figure

    if not findings.hills:
        msg = "There is no hill to draw: search a larger range, or from another place."
        raise InputError(msg)
    area = basemap.view_of(findings)
    narrow = float(np.cos(np.radians(findings.place.lat)))
    tall = 8.0 * (area.north - area.south) / ((area.east - area.west) * max(narrow, 0.01))
    tall = min(max(tall, 4.0), 12.0)
    sheet = Figure((8.0, tall + 3.0), layout="constrained")  # pyplot does not keep it
    above, below = sheet.subplots(2, 1, height_ratios=(tall + 0.5, 2.5))
    draw_map(findings, network, above, units)
    draw_profile(findings.hills[0], below, units)
    file = io.BytesIO()
    with warnings.catch_warnings():
        # No font has the letters of all street names: a box stands for a missing one.
        warnings.filterwarnings("ignore", message="(Glyph|Matplotlib currently does not)")
        sheet.savefig(file, format="png", dpi=DPI)
    return file.getvalue()


def _draw_streets(network: StreetNetwork, area: View, place: Place, axes: Axes) -> None:
    from matplotlib.collections import LineCollection

    shown = basemap.edges_in(network, area, place)
    point_lon = basemap.unwrapped(network.point_lon, place)
    for at, (kind, mask) in enumerate(basemap.edges_by_kind(network).items()):
        lines = [
            np.column_stack([point_lon[start:stop], network.point_lat[start:stop]])
            for start, stop in _spans(network, shown & mask)
        ]
        axes.add_collection(
            LineCollection(lines, zorder=2 + at / 10, **_STREET_STYLES[kind]), autolim=False
        )


def _spans(network: StreetNetwork, mask: np.ndarray) -> Sequence[tuple[int, int]]:
    edges = np.flatnonzero(mask)
    start, stop = network.point_offset[edges], network.point_offset[edges + 1]
    return list(zip(start.tolist(), stop.tolist(), strict=True))


def _draw_legend(findings: Findings, axes: Axes) -> None:
    from matplotlib.patches import Patch

    used = {colours.colour_index(hill.grade) for hill in findings.hills}
    axes.legend(
        handles=[
            Patch(color=colour, label=label)
            for at, (colour, label) in enumerate(
                zip(colours.COLOURS, colours.colour_labels(), strict=True)
            )
            if used and min(used) <= at <= max(used)
        ],
        title="Mean grade",
        loc="best",
        fontsize="x-small",
        title_fontsize="x-small",
    )


def _draw_scale_bar(area: View, narrow: float, axes: Axes, units: Units) -> None:
    degree_m = METRES_PER_DEGREE * narrow
    width = (area.east - area.west) * degree_m
    unit_m = 1.0 if units == "metric" else FOOT_M
    sizes = (1000, 500, 200, 100, 50) if units == "metric" else (2000, 1000, 500, 200)
    size = unit_m * next((each for each in sizes if each * unit_m < width / 3), sizes[-1] / 2.5)
    x = area.west + 0.03 * (area.east - area.west)
    y = area.south + 0.03 * (area.north - area.south)
    axes.plot([x, x + size / degree_m], [y, y], color=_INK, linewidth=3, zorder=8)
    axes.annotate(
        Length(size).text(units),
        (x, y),
        (0, 4),
        textcoords="offset points",
        fontsize="x-small",
        zorder=8,
    )


def _wrapped(text: str, letters: int) -> list[str]:
    from textwrap import wrap

    return wrap(plain(text), letters)
