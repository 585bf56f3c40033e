"""Measure lines as streets are measured: length, gain, grade, margin, steepest stretches.

Each line becomes a way, and ``streets.builder`` and ``elevation.profiles`` do the rest, so that a
better grade of a hill is a better one here. Lines meet only where an end of one is an end of
another, to the last digit: the blocks of a street then share their junctions, and carry each
other's slope through them. Lines that cross, or touch on their way, do not meet, because one may be
a bridge.

Where the properties of a line are tags of OpenStreetMap, a bridge is one: its deck is straight from
bank to bank where lines lead up to it, and its height is unknown where none does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.profiles import uncertainty
from hillfinder.elevation.profiles.attach import attach
from hillfinder.errors import HeightsError
from hillfinder.model import Profile, StreetSource
from hillfinder.results.grading.graded_line import GradedLine
from hillfinder.results.grading.grades import Grades
from hillfinder.streets.builder import build
from hillfinder.streets.raw import RawStreets
from hillfinder.streets.tags import access
from hillfinder.streets.tags.roads import STREET_TAGS, TRAIL_TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.elevation.heights import Heights
    from hillfinder.model import Floats, Ints
    from hillfinder.results.grading.line_files import GivenLine
    from hillfinder.results.grading.line_input import GivenLines
    from hillfinder.streets.network import StreetNetwork

#: Shortest and longest line that has a grade, m: a longer one is a flight or a mistake.
SHORTEST_LINE_M, LONGEST_LINE_M = 0.001, 5_000_000.0
#: Longest line that joins others, m: chains of longer ones could go round the earth.
LONGEST_BLOCK_M = 20_000.0
#: Tags of lines from GPX, which may be as far off as a trail, and of other lines.
RECORDED, DRAWN = TRAIL_TAGS, STREET_TAGS
#: Properties that are read as tags of OpenStreetMap.
TAGS = ("highway", "bridge", "tunnel", "covered", "layer", "incline", "step_count", "name")


def measure(given: GivenLines, heights: Heights) -> Grades:
    """Measure every line; one without known heights keeps its row, with NaN for its figures.

    Args:
        given: the lines.
        heights: a source of heights, called once for each square of a degree that has lines.

    Raises:
        HeightsError: the heights cannot be read, or are no terrain.
    """
    lines = given.lines
    length, apart = _line_lengths(lines)
    unknown, sigma = np.full(2, np.nan), np.full(len(lines), np.nan)
    profiles = [Profile(np.array([0.0, metres]), unknown, unknown) for metres in length.tolist()]
    for rows in _regions(lines, length):
        network = _attached(_network(lines, rows, length), heights)
        if network.profiles is None:
            continue
        for edge, way in enumerate(network.edge_way.tolist()):
            (row,) = network.ways.ids[way]
            at = slice(network.profiles.offset[edge], network.profiles.offset[edge + 1])
            distance = network.profiles.distance_m[at]
            profiles[row] = Profile(
                # The projection is true near its middle only, the length everywhere.
                distance * (length[row] / distance[-1]),
                network.profiles.elevation_m[at],
                network.profiles.sigma_m[at],
            )
            # Ends near each other have the same error, however long the line between.
            ends = network.profiles.sigma_m[at][[0, -1]]
            rise = uncertainty.rise_sigma_m(apart[[row]], ends[:1], ends[1:], network.profiles.blur)
            sigma[row] = rise[0] / length[row]
    sigma[[not np.isfinite(profile.gain_m) for profile in profiles]] = np.nan
    return Grades(
        lines=tuple(
            GradedLine(line, profile, grade_sigma)
            for line, profile, grade_sigma in zip(lines, profiles, sigma.tolist(), strict=True)
        ),
        heights=heights.source,
        skipped=given.skipped,
        table=given.table,
    )


def _line_lengths(lines: tuple[GivenLine, ...]) -> tuple[Floats, Floats]:
    """Return the length of each line and the distance between its ends, m."""
    from pyproj import Geod

    earth = Geod(ellps="WGS84")
    lon, lat = (np.concatenate([getattr(line, name) for line in lines]) for name in ("lon", "lat"))
    size = np.array([len(line.lon) for line in lines])
    owner = np.repeat(np.arange(len(lines)), size)
    inside = owner[1:] == owner[:-1]
    _, _, leg = earth.inv(lon[:-1][inside], lat[:-1][inside], lon[1:][inside], lat[1:][inside])
    length = np.bincount(owner[1:][inside], leg, len(lines)).astype(np.float64)
    apart, some = np.zeros(len(lines)), size > 0
    first, last = (np.cumsum(size) - size)[some], np.cumsum(size)[some] - 1
    _, _, apart[some] = earth.inv(lon[first], lat[first], lon[last], lat[last])
    return length, apart


def _regions(lines: tuple[GivenLine, ...], length: Floats) -> list[Ints]:
    """Return the rows of lines that are projected together: those that meet or are near."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = np.flatnonzero((length >= SHORTEST_LINE_M) & (length <= LONGEST_LINE_M))
    if len(rows) == 0:
        return []
    node = _ends(lines, rows, length)
    line = np.repeat(np.arange(len(rows)), 2)
    size = len(rows) + int(node.max()) + 1
    ends = np.array([line, len(rows) + node], np.int32)  # for SciPy 1.14
    links = coo_array((np.ones(len(node)), (ends[0], ends[1])), shape=(size, size))
    part = connected_components(links, directed=False)[1][: len(rows)]
    _, part = np.unique(part, return_inverse=True)
    # The corner of all lines that meet, not of the first: their order means nothing.
    corner = np.full((int(part.max()) + 1, 2), np.inf)
    lows = np.array([(lines[row].lon.min(), lines[row].lat.min()) for row in rows.tolist()])
    np.minimum.at(corner, part, lows)
    _, region = np.unique(np.floor(corner), axis=0, return_inverse=True)
    order = np.argsort(region.ravel()[part], kind="stable")
    cuts = np.flatnonzero(np.diff(region.ravel()[part][order])) + 1
    return np.split(rows[order], cuts)


def _ends(lines: tuple[GivenLine, ...], rows: Ints, length: Floats) -> Ints:
    """Return a number for the first and the last point of each line, equal where they meet: (2 k,).

    A line longer than a block meets only itself.
    """
    ends = [
        (line.lon[at], line.lat[at], row if length[row] > LONGEST_BLOCK_M else -1)
        for row, line in ((row, lines[row]) for row in rows.tolist())
        for at in (0, -1)
    ]
    _, place = np.unique(np.array(ends, float), axis=0, return_inverse=True)
    return place.ravel()


def _network(lines: tuple[GivenLine, ...], rows: Ints, length: Floats) -> StreetNetwork:
    """Return lines as streets: way ``i`` has the id ``rows[i]``, and is one edge."""
    chosen = [lines[row] for row in rows.tolist()]
    offset = np.concatenate([[0], np.cumsum([len(line.lon) for line in chosen])])
    node = np.arange(offset[-1])
    at = np.column_stack([offset[:-1], offset[1:] - 1]).ravel()
    _, first, place = np.unique(_ends(lines, rows, length), return_index=True, return_inverse=True)
    node[at] = at[first[place]]
    used, way_node = np.unique(node, return_inverse=True)
    return build(
        RawStreets(
            node_id=used + 1,
            lon=np.concatenate([line.lon for line in chosen])[used],
            lat=np.concatenate([line.lat for line in chosen])[used],
            way_offset=offset,
            way_node=way_node.astype(np.int64),
            way_ids=[(row,) for row in rows.tolist()],
            tags=[_tags_of(line) for line in chosen],
            source=StreetSource("the lines given", attribution=""),
        )
    )


def _tags_of(line: GivenLine) -> Mapping[str, str]:
    """Return the tags of a line, which is measured even where one may not walk."""
    if line.recorded:
        return RECORDED
    tags = {key: line.properties.get(key) for key in TAGS}
    said = {key: value for key, value in tags.items() if isinstance(value, str) and value}
    if "highway" not in said:  # "bridge" may mean anything where no street is tagged
        return DRAWN
    ways = (said, {**said, **DRAWN})
    return next((way for way in ways if access.decide(way).walk), DRAWN)


def _attached(network: StreetNetwork, heights: Heights) -> StreetNetwork:
    """Return the network with profiles, or without any where every end lies in a void."""
    try:
        return attach(network, heights)
    except HeightsError:
        # Without the heights of ends there are no figures. Other errors stand.
        if np.isnan(heights(network.node_lon, network.node_lat)).all():
            return network
        raise
