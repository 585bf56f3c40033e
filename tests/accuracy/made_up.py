"""The made-up town: every grade is known from a formula."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Transformer
from shapely import LineString, STRtree, points

from hillfinder.demo import files, terrain, town
from hillfinder.streets.sources import osm_file
from tests.accuracy import ground
from tests.accuracy.hills import SAME_HILL_M, Listed, listed
from tests.accuracy.portland import LENGTHS_M
from tests.accuracy.readings import METHODS, Reading, Spots, Stretches, read
from tests.accuracy.sheet import Doubt, Half, Sheet, bias, mean_error, signed

if TYPE_CHECKING:
    from hillfinder.demo.town import KnownHill
    from hillfinder.model import Floats
    from hillfinder.streets.network import StreetNetwork
    from tests.accuracy.ground import Grid

NOISE_M = 1.0
#: Cells finer than this promise heights better than a metre.
FINE_M = 10.0
#: Windows on a known stretch begin so far apart.
APART_M = 10.0
#: Blocks of so many 5 m cells a side are cells of 30 m.
TIMES = 6


def section(sheet: Sheet, half: Half) -> None:
    """Add the errors on the stretches that the town knows, and what its list claims."""
    with TemporaryDirectory() as folder:
        made = files.write_town(Path(folder))
        network = osm_file.read_extract(made.osm)
        model = ground.read(made.dem)
    coarse = ground.coarser(model, TIMES)
    models: dict[str, list[Grid]] = {
        "5 m, clean": [model],
        f"5 m, noise {NOISE_M:g} m": [ground.noisier(model, NOISE_M, s) for s in half.seeds],
        "30 m, clean": [coarse],
        f"30 m, noise {NOISE_M:g} m": [ground.noisier(coarse, NOISE_M, s) for s in half.seeds],
    }
    stretches, truth = known_windows(network)
    hills = [hill for hill in town.KNOWN_HILLS if hill.is_hill]
    sheet.title(
        "3. The made-up town: exact grades",
        f"Mean absolute error in points over {len(truth)} windows of 100, 150 and 200 m on its "
        f"known stretches; then the list: how many of its {len(hills)} hills are there, how many "
        "rows are traps, and the error and bias of the grades claimed for the hills.",
    )
    rows = []
    for what, grids in models.items():
        readings = [read(network, grid) for grid in grids]
        for method in METHODS:
            error = np.concatenate([r.grade(method, stretches) - truth for r in readings])
            told = [_told(reading, method, hills) for reading in readings]
            claims = np.concatenate([claim for _, _, claim in told])
            rows.append(
                [
                    f"{what}, {method}",
                    f"{mean_error(error):.2f}",
                    f"{np.mean([found for found, _, _ in told]):.1f}",
                    f"{np.mean([traps for _, traps, _ in told]):.1f}",
                    f"{mean_error(claims):.2f}",
                    signed(bias(claims)),
                ]
            )
        if len(grids) > 1:
            ratio = {
                method: np.concatenate(
                    [
                        (r.grade(method, stretches) - truth) / r.grade_sigma(stretches)
                        for r in readings
                    ]
                )
                for method in METHODS
            }
            # Nobody can tell from heights every 5 m, smooth from cell to cell, that they are a
            # metre off: such a model is told apart by those who made it.
            fair = grids[0].source.cell_m > FINE_M
            sheet.doubts.append(Doubt(f"Made-up town {what}, windows", ratio, fair))
    sheet.table(("model, method", "windows", "hills", "traps", "claims", "bias"), rows)


def known_windows(network: StreetNetwork) -> tuple[Stretches, Floats]:
    """Return windows on every stretch whose grade is known and lies on the ground, and grades."""
    walked = {way_id for ids in network.ways.ids for way_id in ids}
    parts: list[tuple[KnownHill, Floats, Floats, float]] = []
    for hill in town.KNOWN_HILLS:
        line = LineString(hill.stretch)
        for length in LENGTHS_M:
            begin = np.arange(0.0, line.length - length + 1e-6, APART_M)
            if hill.on_ground and len(begin) and walked & set(hill.way_ids):
                parts.append((hill, _xy(line, begin), _xy(line, begin + length), length))
    truth = np.concatenate([np.full(len(start), hill.grade) for hill, start, _, _ in parts])
    length_m = np.concatenate([np.full(len(start), length) for _, start, _, length in parts])
    foot = _join([_project(network, hill.way_ids, start) for hill, start, _, _ in parts])
    top = _join([_project(network, hill.way_ids, stop) for hill, _, stop, _ in parts])
    return Stretches(foot, top, length_m), truth


def _xy(line: LineString, at: Floats) -> Floats:
    return np.array([line.interpolate(d).coords[0] for d in at.tolist()])


def _join(parts: list[Spots]) -> Spots:
    return Spots(
        np.concatenate([part.edge for part in parts]),
        np.concatenate([part.offset_m for part in parts]),
    )


def _project(network: StreetNetwork, way_ids: tuple[int, ...], xy: Floats) -> Spots:
    """Return the nearest spots on some ways, for metres of the town."""
    lon, lat = Transformer.from_crs(town.CRS, "EPSG:4326", always_xy=True).transform(*xy.T)
    x, y = Transformer.from_crs("EPSG:4326", network.crs, always_xy=True).transform(lon, lat)
    ids = [network.ways.ids[way][0] for way in network.edge_way.tolist()]
    edges = np.flatnonzero(np.isin(ids, way_ids))
    lines = [
        LineString(
            np.column_stack(
                [
                    network.point_x_m[network.point_offset[e] : network.point_offset[e + 1]],
                    network.point_y_m[network.point_offset[e] : network.point_offset[e + 1]],
                ]
            )
        )
        for e in edges.tolist()
    ]
    spots = points(x, y)
    nearest = STRtree(lines).nearest(spots)
    offset = [lines[row].project(spot) for row, spot in zip(nearest.tolist(), spots, strict=True)]
    return Spots(edges[nearest], np.array(offset))


def _told(reading: Reading, method: str, hills: list[KnownHill]) -> tuple[int, int, Floats]:
    """Return how many hills are listed, how many rows are traps, and the errors of the claims."""
    found = listed(reading, method)
    x, y = _town_xy(reading.network, found)
    row_lines = [LineString(np.column_stack(xy)) for xy in zip(x, y, strict=True)]
    seen = 0
    errors: list[float] = []
    for hill in hills:
        beside = LineString(hill.stretch).buffer(SAME_HILL_M)
        rows = [
            row
            for row, line in enumerate(row_lines)
            if line.intersection(beside).length >= line.length / 2
        ]
        if rows:
            seen += 1
            rise = terrain.height_m(x[rows[0], -1], y[rows[0], -1]) - terrain.height_m(
                x[rows[0], 0], y[rows[0], 0]
            )
            true = float(rise) / float(found.stretches.length_m[rows[0]])
            errors.append(float(found.claimed[rows[0]]) - true)
    traps = {
        way
        for hill in town.KNOWN_HILLS
        if not hill.is_hill and hill.reachable
        for way in hill.way_ids
    }
    trapped = sum(bool(traps & set(ways)) for ways in found.way_ids)
    return seen, trapped, np.array(errors)


def _town_xy(network: StreetNetwork, found: Listed) -> tuple[Floats, Floats]:
    """Return the points of listed hills in the town's own metres."""
    lon, lat = Transformer.from_crs(network.crs, "EPSG:4326", always_xy=True).transform(
        found.x_m, found.y_m
    )
    x, y = Transformer.from_crs("EPSG:4326", town.CRS, always_xy=True).transform(lon, lat)
    return x, y
