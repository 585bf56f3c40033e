"""Elevation files of every kind, against planes, on which bilinear reading is exact."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from rasterio import Affine
from rasterio.enums import ColorInterp
from rasterio.warp import transform as warp_points
from scipy.ndimage import map_coordinates

from hillfinder.elevation.heights import VOID_MARGIN_CELLS, bilinear, mask_voids
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.sources.fallback import SEAM_M
from hillfinder.elevation.sources.raster_file.mosaic import PIECE_CELLS
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.errors import HeightsError
from hillfinder.streets.sources import osm_file
from tests.towns import DATA, STREET, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from hillfinder.model import Floats

#: Where test rasters lie: a corner in the coordinates of a system, its cell, and the system.
SYSTEMS = [
    pytest.param("EPSG:4326", -122.71, 45.55, 1e-4, id="WGS 84"),
    pytest.param("EPSG:4269", -122.71, 45.55, 1e-4, id="NAD83"),
    pytest.param("EPSG:6318", -122.71, 45.55, 1e-4, id="NAD83(2011)"),
    pytest.param("EPSG:4267", -122.71, 45.55, 1e-4, id="NAD27"),
    pytest.param("EPSG:4269+5703", -122.71, 45.55, 1e-4, id="NAD83 and NAVD88"),
    pytest.param("EPSG:32610", 523_000.0, 5_044_000.0, 10.0, id="UTM"),
    pytest.param("EPSG:3857", -13_660_000.0, 5_705_000.0, 10.0, id="Web Mercator"),
    pytest.param("EPSG:27700", 325_000.0, 673_000.0, 5.0, id="British grid"),
    pytest.param("EPSG:2056", 2_600_000.0, 1_200_000.0, 2.0, id="Swiss grid"),
    pytest.param("EPSG:2193", 1_570_000.0, 5_180_000.0, 8.0, id="New Zealand, northing first"),
    pytest.param("EPSG:2913", 7_600_000.0, 680_000.0, 30.0, id="Oregon, in feet"),
]
ROWS, COLS = 40, 50


@dataclass(frozen=True)
class Plane:
    """Heights ``100 + 2 row + col`` by cell centres, exact in every type of number."""

    down: float = 2.0
    across: float = 1.0
    level: float = 100.0

    def cells(self, rows: int = ROWS, cols: int = COLS) -> NDArray[np.float64]:
        return self.level + self.down * np.arange(rows)[:, None] + self.across * np.arange(cols)

    def at(self, row: Floats, col: Floats) -> Floats:
        return self.level + self.down * row + self.across * col


PLANE = Plane()


def write(
    path: Path,
    values: NDArray[Any],
    crs: str | None = "EPSG:4326",
    corner: tuple[float, float] = (8.0, 46.01),
    *,
    cell: float = 1e-4,
    transform: Affine | None = None,
    **profile: Any,
) -> Path:
    """Write a GeoTIFF; ``corner`` is the outer corner of its first cell."""
    left, top = corner
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype=values.dtype,
        crs=crs,
        transform=transform or Affine(cell, 0, left, 0, -cell, top),
        **profile,
    ) as file:
        file.write(values, 1)
    return path


def points(
    row: Floats,
    col: Floats,
    corner: tuple[float, float] = (8.0, 46.01),
    cell: float = 1e-4,
    crs: str = "EPSG:4326",
) -> tuple[Floats, Floats]:
    """Return degrees for fractional indices of cell centres, by GDAL's own transformation."""
    x, y = corner[0] + (col + 0.5) * cell, corner[1] - (row + 0.5) * cell
    lon, lat = warp_points(crs, "EPSG:4326", x, y)
    return np.array(lon), np.array(lat)


def inside(count: int = 200, rows: int = ROWS, cols: int = COLS) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(5)
    return rng.uniform(0, rows - 1, count), rng.uniform(0, cols - 1, count)


# --- What is remembered of files ------------------------------------------------------------------


def test_a_file_that_was_replaced_is_looked_at_again(tmp_path: Path) -> None:
    file = write(tmp_path / "plane.tif", PLANE.cells().astype("float32"))
    ((west, *_),) = Raster([file]).extents()
    other = write(tmp_path / "other.tif", PLANE.cells().astype("float32"), corner=(9.0, 46.01))
    at = file.stat().st_mtime_ns
    os.utime(other, ns=(at, at))  # as cp -p and tar do
    assert other.stat().st_size == file.stat().st_size
    other.replace(file)
    ((moved, *_),) = Raster([file]).extents()
    assert (west, moved) == pytest.approx((8.0, 9.0))


def test_what_is_said_beside_a_file_later_is_heeded(tmp_path: Path) -> None:
    file = tmp_path / "plane.asc"
    head = "ncols 3\nnrows 3\nxllcorner 500000\nyllcorner 0\ncellsize 10\n"
    file.write_text(head + "1 2 3\n" * 3)
    for zone, middle in ((32632, 9.0), (32633, 15.0)):
        file.with_suffix(".prj").write_text(CRS.from_epsg(zone).to_wkt("WKT1_ESRI"))
        ((west, *_),) = Raster([file]).extents()
        assert west == pytest.approx(middle)


# --- What was read last ---------------------------------------------------------------------------


def test_what_was_read_last_changes_no_height(tmp_path: Path) -> None:
    """Two files side by side and one on a grid of its own, with voids, read here and there."""
    rng = np.random.default_rng(3)
    files = []
    for number, corner in enumerate([(8.0, 46.01), (8.006, 46.01), (8.00203, 46.00807)]):
        values = rng.uniform(0, 99, (60, 60)).astype("float32")
        values[tuple(rng.integers(0, 60, (2, 12)))] = -9999
        files.append(write(tmp_path / f"{number}.tif", values, corner=corner, nodata=-9999))
    kept = Raster(files)
    for _ in range(60):
        row, col = rng.uniform(-5, 65), rng.uniform(-5, 125)
        wide = rng.choice([0.5, 3.0, 20.0])
        lon, lat = points(*(at + wide * rng.uniform(-1, 1, 40) for at in (row, col)))
        np.testing.assert_array_equal(kept(lon, lat), Raster(files)(lon, lat))


def test_heights_beside_those_read_last_are_not_read_again(tmp_path: Path) -> None:
    opened = []

    def opener(path: str) -> rasterio.DatasetReader:
        opened.append(path)
        return rasterio.open(path)

    file = str(write(tmp_path / "plane.tif", PLANE.cells().astype("float32")))
    raster = Raster([file], opener=opener)
    row, col = (10 + each / 3 for each in inside())
    raster(*points(row, col))
    before = len(opened)
    np.testing.assert_allclose(raster(*points(row + 2, col - 2)), PLANE.at(row + 2, col - 2))
    assert len(opened) == before
    raster(*points(row, col - 9))
    assert len(opened) == before + 1


def test_several_threads_may_read_from_one_raster(tmp_path: Path) -> None:
    raster = Raster([write(tmp_path / "plane.tif", PLANE.cells().astype("float32"))])
    row, col = (10 + each / 3 for each in inside())
    moves = [0, -9, 0, -9, 2, -7] * 20
    with ThreadPoolExecutor(4) as threads:
        read = threads.map(lambda move: raster(*points(row, col + move)), moves)
        for move, heights in zip(moves, read, strict=True):
            np.testing.assert_allclose(heights, PLANE.at(row, col + move))


# --- The grid -------------------------------------------------------------------------------------


@given(
    rows=st.integers(2, 6),
    cols=st.integers(2, 6),
    seed=st.integers(0, 2**32 - 1),
    gaps=st.integers(0, 3),
)
def test_bilinear_is_what_scipy_makes_of_it(rows: int, cols: int, seed: int, gaps: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 100, (rows, cols)).astype(np.float32)
    for _ in range(gaps):
        values[rng.integers(rows), rng.integers(cols)] = np.nan
    row, col = rng.uniform(-1, rows, 50), rng.uniform(-1, cols, 50)
    expected = map_coordinates(
        values.astype(float), [row, col], order=1, mode="constant", cval=np.nan
    )
    within = (row >= 0) & (row <= rows - 1) & (col >= 0) & (col <= cols - 1)
    expected[~within] = np.nan
    np.testing.assert_allclose(bilinear(values, row, col), expected, atol=1e-4)


@given(seed=st.integers(0, 2**32 - 1), margin=st.integers(0, 3))
def test_masking_is_what_a_slow_loop_does(seed: int, margin: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 100, (9, 11)).astype(np.float32)
    for _ in range(3):
        values[rng.integers(9), rng.integers(11)] = rng.choice([np.nan, -9999, 9e9, np.inf])
    outside = np.zeros(values.shape, bool)
    outside[:, 8:] = rng.random() < 0.5
    values[outside] = np.nan
    expected = values.copy()
    for r, c in product(range(9), range(11)):
        around = [
            not -500 <= values[i, j] <= 9000 and not outside[i, j]
            for i in range(max(0, r - margin), min(9, r + margin + 1))
            for j in range(max(0, c - margin), min(11, c + margin + 1))
        ]
        if any(around):
            expected[r, c] = np.nan
    masked = values.copy()
    mask_voids(masked, margin, outside)
    np.testing.assert_array_equal(masked, expected)


# --- Where on earth -------------------------------------------------------------------------------


@pytest.mark.parametrize(("crs", "left", "top", "cell"), SYSTEMS)
def test_a_plane_is_exact_in_every_system(
    tmp_path: Path, crs: str, left: float, top: float, cell: float
) -> None:
    path = write(tmp_path / "dem.tif", PLANE.cells().astype("f4"), crs, (left, top), cell=cell)
    row, col = inside()
    flat = crs.partition("+")[0]
    lon, lat = points(row, col, (left, top), cell, flat)
    raster = Raster([path], unit="m" if "2913" in crs else None)
    # 2e-3 of a cell: PROJ and GDAL each choose their own way between datums.
    np.testing.assert_allclose(raster(lon, lat), PLANE.at(row, col), atol=0.005)
    aside = points(np.array([-1.1, 20, ROWS, 20]), np.array([20, -1.1, 20, COLS]),
                   (left, top), cell, flat)  # fmt: skip
    assert np.isnan(raster(*aside)).all()


def test_the_size_of_a_cell_is_in_metres(tmp_path: Path) -> None:
    cells = PLANE.cells().astype("f4")
    feet = write(tmp_path / "feet.tif", cells, "EPSG:2913", (7_600_000.0, 680_000.0), cell=100.0)
    assert Raster([feet], unit="m").source.cell_m == pytest.approx(30.48)
    degrees = write(tmp_path / "degrees.tif", cells, cell=1 / 3600)
    assert Raster([degrees]).source.cell_m == pytest.approx(30.9, abs=0.1)
    assert Raster([degrees, feet], unit="m").source.cell_m == pytest.approx(30.48)
    assert Raster([degrees, feet], unit="m").source.name == "feet.tif, degrees.tif"


def test_nad27_is_shifted(tmp_path: Path) -> None:
    # Near Portland, NAD27 lies some 95 m east of NAD83 for the same figures: 9.5 cells of 1e-4.
    corner = (-122.71, 45.55)
    path = write(tmp_path / "dem.tif", Plane(0, 1, 0).cells().astype("f4"), "EPSG:4267", corner)
    lon, lat = points(np.array([20.0]), np.array([10.0]), corner)
    (read,) = Raster([path])(lon, lat)
    assert 10 + 10 < read < 10 + 14


def test_pixels_that_are_points_have_their_centres_where_gdal_says(tmp_path: Path) -> None:
    path = tmp_path / "dem.tif"
    left, top, cell = 8.0, 46.01, 1e-4
    with rasterio.open(
        path, "w", driver="GTiff", height=ROWS, width=COLS, count=1, dtype="float32",
        crs="EPSG:4326", transform=Affine(cell, 0, left, 0, -cell, top),
    ) as file:  # fmt: skip
        file.update_tags(AREA_OR_POINT="Point")
        file.write(PLANE.cells().astype("f4"), 1)
    row, col = inside()
    np.testing.assert_allclose(Raster([path])(*points(row, col)), PLANE.at(row, col), atol=1e-3)


def test_south_up_is_turned_over(tmp_path: Path) -> None:
    upside_down = Affine(1e-4, 0, 8.0, 0, 1e-4, 46.01 - ROWS * 1e-4)
    path = write(tmp_path / "dem.tif", PLANE.cells()[::-1].astype("f4"), transform=upside_down)
    row, col = inside()
    raster = Raster([path])
    np.testing.assert_allclose(raster(*points(row, col)), PLANE.at(row, col), atol=1e-3)
    # A window of it too, not only the whole.
    row, col = inside(rows=5, cols=5)
    np.testing.assert_allclose(
        raster(*points(row + 30, col + 3)), PLANE.at(row + 30, col + 3), atol=1e-3
    )


@pytest.mark.parametrize("left", [179.998, -180.002])
def test_across_the_antimeridian(tmp_path: Path, left: float) -> None:
    path = write(tmp_path / "dem.tif", PLANE.cells().astype("f4"), corner=(left, -16.8))
    row, col = inside()
    lon, lat = points(row, col, (179.998, -16.8))
    lon = np.where(lon > 180, lon - 360, lon)
    assert lon.min() < 0 < lon.max()
    np.testing.assert_allclose(Raster([path])(lon, lat), PLANE.at(row, col), atol=1e-3)


def test_longitudes_of_0_to_360(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", PLANE.cells().astype("f4"), corner=(237.3, 45.5))
    row, col = inside()
    lon, lat = points(row, col, (237.3 - 360, 45.5))
    np.testing.assert_allclose(Raster([path])(lon, lat), PLANE.at(row, col), atol=1e-3)


# --- What a cell says -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "uint32", "float32", "float64"])
def test_every_type_of_number(tmp_path: Path, dtype: str) -> None:
    path = write(tmp_path / "dem.tif", PLANE.cells().astype(dtype))
    row, col = inside()
    np.testing.assert_allclose(Raster([path])(*points(row, col)), PLANE.at(row, col), atol=1e-3)


@pytest.mark.parametrize(
    ("scale", "offset", "unit", "expected"),
    [
        (0.1, 50.0, "m", (0.1, 50.0)),
        (1.0, 0.0, "ft", (0.3048, 0.0)),
        (1.0, 0.0, "US survey foot", (1200 / 3937, 0.0)),
        (0.5, 10.0, "foot", (0.1524, 3.048)),
        (1.0, 0.0, "metre", (1.0, 0.0)),
    ],
)
def test_scale_offset_and_unit(
    tmp_path: Path, scale: float, offset: float, unit: str, expected: tuple[float, float]
) -> None:
    path = write(tmp_path / "dem.tif", PLANE.cells().astype("i2"))
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets, file.units = (scale,), (offset,), (unit,)
    row, col = inside()
    np.testing.assert_allclose(
        Raster([path])(*points(row, col)),
        PLANE.at(row, col) * expected[0] + expected[1],
        atol=1e-3,
    )


@pytest.mark.parametrize(
    ("dtype", "void", "declared"),
    [
        ("int16", -32768, None),
        ("int16", -32768, -32768),
        ("int16", -9999, None),
        ("int16", 0, 0),
        ("uint16", 65535, None),
        ("int32", -999999, None),
        ("int32", -(2**31), None),
        ("float32", -9999, None),
        ("float32", -9999, -9999),
        ("float32", -999999, None),
        ("float32", float("nan"), None),
        ("float32", float("nan"), float("nan")),
        ("float32", float("inf"), None),
        ("float32", -3.4028234663852886e38, None),
        ("float32", -3.4028234663852886e38, -3.4028234663852886e38),
        ("float64", 1e300, None),
        ("float64", -1.7976931348623157e308, -1.7976931348623157e308),
    ],
)
def test_a_void_is_unknown_and_so_are_its_neighbours(
    tmp_path: Path, dtype: str, void: float, declared: float | None
) -> None:
    values = PLANE.cells().astype(dtype)
    values[20, 25] = void
    path = write(tmp_path / "dem.tif", values, nodata=declared)
    row, col = inside(2000)
    read = Raster([path])(*points(row, col))
    near = np.maximum(np.abs(row - 20), np.abs(col - 25)) < VOID_MARGIN_CELLS + 1
    assert 10 < near.sum() < 500
    np.testing.assert_array_equal(np.isnan(read), near)
    np.testing.assert_allclose(read[~near], PLANE.at(row, col)[~near], atol=1e-3)


def test_a_mask_within_the_file_is_heeded(tmp_path: Path) -> None:
    path = tmp_path / "dem.tif"
    write(path, PLANE.cells().astype("f4"))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        mask = np.full((ROWS, COLS), 255, np.uint8)
        mask[:, 30:] = 0
        file.write_mask(mask)
    row = np.full(2, 20.0)
    assert np.isnan(Raster([path])(*points(row, np.array([26.0, 30.0])))).tolist() == [False, True]


def test_a_void_beside_the_window_is_seen(tmp_path: Path) -> None:
    values = PLANE.cells().astype("f4")
    values[20, 25] = np.nan
    path = write(tmp_path / "dem.tif", values)
    read = Raster([path])(*points(np.array([20.0]), np.array([22.5])))
    assert np.isnan(read).all()


# --- Edges and seams ------------------------------------------------------------------------------


def test_the_outermost_centres_are_known_and_nothing_is_beyond_them(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", PLANE.cells().astype("f4"))
    row = np.array([0, ROWS - 1, 20, 20, -0.02, ROWS - 0.98, 20, 20]) + 0.0
    col = np.array([20, 20, 0, COLS - 1, 20, 20, -0.02, COLS - 0.98]) + 0.0
    row[:4] = np.clip(row[:4], 0.001, ROWS - 1.001)
    col[:4] = np.clip(col[:4], 0.001, COLS - 1.001)
    read = Raster([path])(*points(row, col))
    np.testing.assert_allclose(read[:4], PLANE.at(row, col)[:4], atol=1e-3)
    assert np.isnan(read[4:]).all()


@pytest.mark.parametrize("overlap", [0, 1, 6])
@pytest.mark.parametrize("shift", [0.0, 0.004])
def test_tiles_are_read_as_one(tmp_path: Path, overlap: int, shift: float) -> None:
    whole = PLANE.cells().astype("f4")
    paths = []
    for rows, cols in product(((0, 17), (17 - overlap, ROWS)), ((0, 31), (31 - overlap, COLS))):
        corner = (8.0 + (cols[0] + shift * (cols[0] > 0)) * 1e-4, 46.01 - rows[0] * 1e-4)
        part = whole[slice(*rows), slice(*cols)]
        paths.append(write(tmp_path / f"{rows[0]}-{cols[0]}.tif", part, corner=corner))
    row, col = inside(2000)
    np.testing.assert_allclose(Raster(paths)(*points(row, col)), PLANE.at(row, col), atol=0.01)


def test_a_void_masks_its_neighbours_across_a_seam(tmp_path: Path) -> None:
    whole = PLANE.cells().astype("f4")
    whole[20, 29] = np.nan
    paths = [
        write(tmp_path / "west.tif", whole[:, :30]),
        write(tmp_path / "east.tif", whole[:, 30:], corner=(8.003, 46.01)),
    ]
    read = Raster(paths)(*points(np.array([20.0, 20.0]), np.array([31.0, 33.0])))
    assert np.isnan(read).tolist() == [True, False]


def test_tiles_beside_each_other_at_the_antimeridian(tmp_path: Path) -> None:
    whole = PLANE.cells().astype("f4")
    paths = [
        write(tmp_path / "east.tif", whole[:, :20], corner=(179.998, -16.8)),
        write(tmp_path / "west.tif", whole[:, 20:], corner=(-180.0, -16.8)),
    ]
    row, col = inside()
    lon, lat = points(row, col, (179.998, -16.8))
    lon = np.where(lon > 180, lon - 360, lon)
    np.testing.assert_allclose(Raster(paths)(lon, lat), PLANE.at(row, col), atol=1e-3)


def test_the_finer_file_serves_first_and_the_coarser_off_its_edge(tmp_path: Path) -> None:
    coarse = write(tmp_path / "coarse.tif", np.full((20, 20), 100, "f4"), cell=1e-3)
    values = np.full((60, 60), 200, "f4")
    values[25:30, 25:30] = np.nan
    fine = write(tmp_path / "fine.tif", values, corner=(8.004, 46.006))
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(8.001, 8.018, 3000), rng.uniform(45.992, 46.009, 3000)
    one, other = Raster([coarse, fine])(lon, lat), Raster([fine, coarse])(lon, lat)
    np.testing.assert_array_equal(one, other)
    alone = Raster([fine])(lon, lat)
    known = ~np.isnan(alone)
    assert 0 < known.sum() < 3000
    x, y = lon * 111_195 * np.cos(np.radians(46)), lat * 111_195
    apart = np.hypot(x[:, None] - x[known], y[:, None] - y[known]).min(axis=1)
    np.testing.assert_array_equal(one[known], 200)
    np.testing.assert_array_equal(one[apart > SEAM_M + 1], 100)
    assert np.isnan(one[(apart > 0) & (apart < SEAM_M - 1)]).all()
    heights = Raster([coarse, fine])
    assert heights.source.cell_m == pytest.approx(11.12, abs=0.01)
    heights(lon, lat)
    assert heights.source.cell_m == pytest.approx(111.2, abs=0.1)
    assert heights.source.name.startswith("fine.tif (")


def test_files_in_different_systems(tmp_path: Path) -> None:
    west = write(tmp_path / "west.tif", np.full((50, 50), 100, "f4"), cell=1e-3)
    x, y = warp_points("EPSG:4326", "EPSG:32632", [8.06], [46.0])
    east = write(
        tmp_path / "east.tif", np.full((50, 50), 7, "f4"), "EPSG:32632", (x[0], y[0]), cell=10
    )
    lon, lat = np.array([8.02, 8.061, 8.2]), np.array([45.99, 45.999, 45.99])
    np.testing.assert_array_equal(Raster([west, east])(lon, lat), [100, 7, np.nan])


def test_a_raster_larger_than_one_piece(tmp_path: Path) -> None:
    cols = 2 * PIECE_CELLS + 500
    plane = Plane(2, 0.25)
    path = write(tmp_path / "long.tif", plane.cells(12, cols).astype("f4"), cell=1e-5)
    row, col = inside(20_000, 12, cols)
    np.testing.assert_allclose(
        Raster([path])(*points(row, col, cell=1e-5)), plane.at(row, col), atol=0.01
    )


def test_a_vast_raster_is_read_only_where_the_points_are(tmp_path: Path) -> None:
    path = tmp_path / "vast.tif"
    side = 200_000  # 160 GB, were it read whole
    with rasterio.open(
        path, "w", driver="GTiff", height=side, width=side, count=1, dtype="float32", nodata=-1,
        crs="EPSG:4326", transform=Affine(1e-5, 0, 8.0, 0, -1e-5, 46.01), tiled=True,
        blockxsize=512, blockysize=512, SPARSE_OK=True,
    ) as file:  # fmt: skip
        for corner in (0, side - 512):
            window = rasterio.windows.Window(corner, corner, 512, 512)
            file.write(np.full((512, 512), 1 + corner % 97, "f4"), 1, window=window)
    at = np.array([100.0, side - 100.0, side / 2])
    read = Raster([path])(*points(at, at, cell=1e-5))
    np.testing.assert_array_equal(read, [1, 1 + (side - 512) % 97, np.nan])


def test_points_that_a_system_has_no_place_for(tmp_path: Path) -> None:
    cells = PLANE.cells().astype("f4")
    path = write(tmp_path / "dem.tif", cells, "EPSG:3857", (0.0, 0.0), cell=10)
    assert np.isnan(Raster([path])(np.array([0.001]), np.array([90.0]))).all()
    (read,) = Raster([path])(*points(np.array([3.0]), np.array([4.0]), (0, 0), 10, "EPSG:3857"))
    assert read == pytest.approx(PLANE.at(np.array(3.0), np.array(4.0)))


def test_a_tile_far_from_the_points_is_left_alone(tmp_path: Path) -> None:
    cells = PLANE.cells().astype("f4")
    here = write(tmp_path / "here.tif", cells)
    far = write(tmp_path / "far.tif", cells, corner=(8.5, 46.01))
    row, col = inside()
    raster = Raster([far, here])
    far.unlink()
    np.testing.assert_allclose(raster(*points(row, col)), PLANE.at(row, col), atol=1e-3)


def test_no_points(tmp_path: Path) -> None:
    raster = Raster([write(tmp_path / "dem.tif", PLANE.cells().astype("f4"))])
    assert raster(np.empty(0), np.empty(0)).shape == (0,)


# --- Formats --------------------------------------------------------------------------------------


def hgt(folder: Path, name: str, arc_seconds: int, height: Callable[..., Any]) -> Path:
    """Write an SRTM tile: a square degree of big-endian numbers, edges included."""
    count = 3600 // arc_seconds
    row, col = np.mgrid[: count + 1, : count + 1]
    path = folder / f"{name}.hgt"
    path.write_bytes(np.round(height(row / count, col / count)).astype(">i2").tobytes())
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("name", "west", "north"), [("N46E008", 8, 47), ("S34W071", -71, -33)])
@pytest.mark.parametrize("arc_seconds", [1, 3])
@pytest.mark.parametrize("zipped", [False, True])
def test_srtm_tiles(
    tmp_path: Path, name: str, west: int, north: int, arc_seconds: int, *, zipped: bool
) -> None:
    path = hgt(tmp_path, name, arc_seconds, lambda down, across: 3600 * (1 + down - across))
    if zipped:
        bundle = tmp_path / "a folder" / f"{name} (copy).hgt.ZIP"
        bundle.parent.mkdir()
        with zipfile.ZipFile(bundle, "w") as archive:
            archive.write(path, f"{name}/{name}.hgt")
            archive.writestr(f"__MACOSX/{name}/._{name}.hgt", b"Mac OS X")
        path.unlink()
        path = bundle
    rng = np.random.default_rng(2)
    lon, lat = west + rng.uniform(0, 1, 500), north - rng.uniform(0, 1, 500)
    raster = Raster([path])
    plane = 3600 * (1 + (north - lat) - (lon - west))
    np.testing.assert_allclose(raster(lon, lat), plane, atol=0.01)
    assert raster.source.cell_m == pytest.approx(30.9 * arc_seconds, rel=0.01)


def test_srtm_tiles_side_by_side(tmp_path: Path) -> None:
    paths = [
        hgt(tmp_path, "N46E008", 3, lambda down, across: 1200 * down + 1200 * across),
        hgt(tmp_path, "N46E009", 3, lambda down, across: 1200 * down + 1200 * (across + 1)),
    ]
    lon, lat = np.linspace(8.99, 9.01, 100), np.full(100, 46.5)
    np.testing.assert_allclose(Raster(paths)(lon, lat), 600 + 1200 * (lon - 8), atol=0.01)


def test_a_vrt_over_two_files(tmp_path: Path) -> None:
    whole = PLANE.cells().astype("f4")
    write(tmp_path / "west.tif", whole[:, :30])
    write(tmp_path / "east.tif", whole[:, 30:], corner=(8.003, 46.01))
    sources = "".join(
        f'<SimpleSource><SourceFilename relativeToVRT="1">{name}.tif</SourceFilename>'
        f'<SourceBand>1</SourceBand><SrcRect xOff="0" yOff="0" xSize="{size}" ySize="{ROWS}"/>'
        f'<DstRect xOff="{at}" yOff="0" xSize="{size}" ySize="{ROWS}"/></SimpleSource>'
        for name, at, size in (("west", 0, 30), ("east", 30, 20))
    )
    path = tmp_path / "both.vrt"
    path.write_text(
        f'<VRTDataset rasterXSize="{COLS}" rasterYSize="{ROWS}"><SRS>EPSG:4326</SRS>'
        "<GeoTransform>8.0, 1e-4, 0, 46.01, 0, -1e-4</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1">{sources}</VRTRasterBand></VRTDataset>'
    )
    row, col = inside()
    np.testing.assert_allclose(Raster([path])(*points(row, col)), PLANE.at(row, col), atol=1e-3)
    (tmp_path / "east.tif").unlink()
    with pytest.raises(HeightsError, match=r"both\.vrt could not be read to its end"):
        Raster([path])(*points(row, col))


def test_a_cloud_optimised_file_is_read_at_its_own_resolution(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 100, (1200, 1300)).astype("f4")
    plain = write(tmp_path / "plain.tif", values, cell=1e-5)
    cloud = tmp_path / "cloud.tif"
    rasterio.shutil.copy(plain, cloud, driver="COG", blocksize=256, overviews="AUTO")
    with rasterio.open(cloud) as file:
        assert file.overviews(1)
    row, col = inside(5000, 1200, 1300)
    lon, lat = points(row, col, cell=1e-5)
    np.testing.assert_array_equal(Raster([cloud])(lon, lat), Raster([plain])(lon, lat))
    expected = map_coordinates(values.astype(float), [row, col], order=1)
    np.testing.assert_allclose(Raster([cloud])(lon, lat), expected, atol=1e-2)


# --- What is no elevation model -------------------------------------------------------------------


def bad_file(folder: Path, kind: str) -> Path:
    """Write a file that cannot be used."""
    values = np.random.default_rng(1).uniform(0, 500, (300, 300)).astype("f4")
    good = write(folder / "good.tif", values, compress="deflate").read_bytes()
    path = folder / f"{kind}.tif"
    match kind:
        case "missing":
            return path
        case "empty":
            path.write_bytes(b"")
        case "page":
            path.write_text("<!DOCTYPE html><title>404 Not Found</title>")
        case "headless":
            path.write_bytes(good[:100])
        case "no system":
            return write(path, values, crs=None)
        case "no place":
            return write(path, values, transform=Affine(1, 0, 0, 0, 1, 0))
        case "turned":
            return write(path, values, transform=Affine(1e-4, 1e-5, 8, 1e-5, -1e-4, 46))
        case "photo":
            with rasterio.open(
                path, "w", driver="GTiff", height=9, width=9, count=3, dtype="uint8",
                crs="EPSG:4326", transform=Affine(1e-4, 0, 8, 0, -1e-4, 46), photometric="RGB",
            ) as file:  # fmt: skip
                file.write(np.zeros((3, 9, 9), np.uint8))
                file.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
        case "zip without":
            path = folder / "bundle.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("readme.txt", "nothing here")
        case "zip of two":
            path = folder / "bundle.zip"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("a.tif", good)
                archive.writestr("b.tif", good)
        case "no zip":
            path = folder / "bundle.zip"
            path.write_bytes(b"PK, but no archive")
        case "cut hgt":
            path = folder / "N46E008.hgt"
            path.write_bytes(bytes(2 * 1201 * 1000))
        case "renamed hgt":
            path = folder / "my hills.hgt"
            path.write_bytes(bytes(2 * 1201 * 1201))
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", r"There is no elevation file .*missing\.tif"),
        ("empty", r"empty\.tif cannot be read as an elevation model"),
        ("page", r"page\.tif cannot be read as an elevation model"),
        ("headless", r"headless\.tif cannot be read as an elevation model"),
        ("no system", r"does not say where on earth it lies"),
        ("no place", r"does not say where on earth it lies"),
        ("turned", r"not north-up: warp it first"),
        ("photo", r"photo\.tif is a picture"),
        ("zip without", r"bundle\.zip should hold one \.hgt or \.tif, and holds none"),
        ("zip of two", r"and holds 2 rasters: unpack it"),
        ("no zip", r"bundle\.zip is not a zip archive"),
        ("cut hgt", r"N46E008\.hgt cannot be read"),
        ("renamed hgt", r"must have its corner for a name, such as N46E008\.hgt"),
    ],
)
def test_what_cannot_be_used(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str, says: str
) -> None:
    path = bad_file(tmp_path, kind)
    with pytest.raises(HeightsError, match=says) as caught:
        Raster([path])
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert capfd.readouterr() == ("", "")


def test_no_file_at_all() -> None:
    with pytest.raises(HeightsError, match="No elevation file was given"):
        Raster([])


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_what_breaks_in_the_middle(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    values = np.random.default_rng(1).uniform(0, 500, (300, 300)).astype("f4")
    path = write(tmp_path / "dem.tif", values, compress="deflate")
    good = path.read_bytes()
    half = len(good) // 2
    path.write_bytes(good[:half] if damage == "cut" else good[:half] + bytes(9999) + good[half:])
    raster = Raster([path])
    with pytest.raises(HeightsError, match=r"dem\.tif could not be read to its end") as caught:
        raster(*points(*inside(rows=300, cols=300)))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_gdal_does_not_write_to_the_terminal(tmp_path: Path) -> None:
    values = np.random.default_rng(1).uniform(0, 500, (300, 300)).astype("f4")
    path = write(tmp_path / "dem.tif", values, compress="deflate")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (tmp_path / "page.tif").write_text("<html>")
    code = (
        "import sys, numpy as np\n"
        "from hillfinder.elevation.sources.raster_file.raster import Raster\n"
        "for path in sys.argv[1:]:\n"
        "    try: Raster([path])(np.array([8.02]), np.array([45.99]))\n"
        "    except Exception as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(tmp_path / "page.tif")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["HeightsError", "HeightsError"]
    assert done.stderr == ""


@pytest.mark.parametrize("value", [1e6, -1e4, 1e300])
def test_heights_that_no_place_on_earth_has_are_unknown(tmp_path: Path, value: float) -> None:
    path = write(tmp_path / "dem.tif", np.full((ROWS, COLS), value))
    assert np.isnan(Raster([path])(*points(*inside()))).all()


def test_a_raster_that_is_no_terrain_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(4).uniform(0, 4000, (300, 300)).astype("f4")
    path = write(tmp_path / "noise.tif", noise, corner=(7.99, 46.01))
    nodes = {0: (0.0, 0.0), 1: (900.0, 0.0), 2: (0.0, 900.0)}
    network = town([(1, [0, 1], STREET), (2, [0, 2], STREET)], nodes)
    with pytest.raises(HeightsError, match=r"noise\.tif says that most streets are steeper"):
        attach(network, Raster([path]))


def test_a_raster_of_another_place_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "elsewhere.tif", PLANE.cells().astype("f4"), corner=(9.0, 46.0))
    network = town([(1, [0, 1], STREET)], {0: (0.0, 0.0), 1: (900.0, 0.0)})
    with pytest.raises(HeightsError, match=r"elsewhere\.tif knows no height on these streets"):
        attach(network, Raster([path]))


# --- Real files -----------------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize(
    ("path", "lon", "lat", "lowest", "highest"),
    [
        ("portland/portland-ned.tif", (-122.705, -122.635), (45.492, 45.548), -5, 340),
        ("grenoble/dem.tif", (5.765, 5.81), (45.245, 45.275), 300, 1700),
        ("seattle/Seattle_clip_SRTM.tif", (-122.41, -122.39), (47.63, 47.66), -20, 150),
        ("monaco/N43E007.hgt.zip", (7.40, 7.44), (43.73, 43.76), -20, 1200),
    ],
)
def test_real_files(
    path: str,
    lon: tuple[float, float],
    lat: tuple[float, float],
    lowest: float,
    highest: float,
) -> None:
    rng = np.random.default_rng(6)
    raster = Raster([DATA / path])
    read = raster(rng.uniform(*lon, 500), rng.uniform(*lat, 500))
    assert np.isnan(read).mean() < 0.5
    assert lowest < np.nanmin(read) < np.nanmax(read) < highest


@needs_data
def test_portland_is_what_scipy_reads() -> None:
    path = DATA / "portland" / "portland-ned.tif"
    with rasterio.open(path) as file:
        values, transform = file.read(1).astype(float), file.transform
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(-122.709, -122.631, 5000), rng.uniform(45.491, 45.549, 5000)
    col, row = (lon - transform.c) / transform.a, (lat - transform.f) / transform.e
    expected = map_coordinates(values, [row - 0.5, col - 0.5], order=1)
    np.testing.assert_allclose(Raster([path])(lon, lat), expected, atol=1e-3)


@needs_data
def test_portlands_corner_is_unknown_and_not_repeated() -> None:
    raster = Raster([DATA / "portland" / "portland-ned.tif"])
    lon = np.array([-122.7105, -122.70, -122.72, -122.68, -122.6295])
    lat = np.array([45.4895, 45.4895, 45.47, 45.4899, 45.52])
    assert np.isnan(raster(lon, lat)).all()


@needs_data
def test_voids_of_portland_leave_no_false_step() -> None:
    folder = DATA / "portland"
    network = osm_file.read_extract(
        folder / "portland-central-filtered.osm.pbf", (-122.71, 45.52, -122.68, 45.54)
    )
    whole, holed = (
        attach(network, Raster([folder / name])).profiles
        for name in ("portland-ned.tif", "portland-ned-nodata.tif")
    )
    assert whole is not None
    assert holed is not None
    trusted = holed.trusted & ~np.isnan(holed.elevation_m)
    assert 0.2 < trusted.mean() < 0.8
    step = np.abs(holed.elevation_m - whole.elevation_m)[trusted]
    assert np.quantile(step, 0.99) < 0.5
    assert step.max() < 4.0


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["USGS_13_n46w123.tif"], "bare earth"),
        (["USGS_1M_10_x52y505_OR.tif"], "bare earth"),
        (["Copernicus_DSM_COG_10_N45_00_W123_00_DEM.tif"], "surface"),
        (["USGS_13_n46w123.tif", "USGS_13_n46w122.tif"], "bare earth"),
        (["USGS_13_n46w123.tif", "Copernicus_DSM_COG_10_N45.tif"], "surface"),
        (["USGS_13_n46w123.tif", "mine.tif"], "unknown"),
        (["my_USGS_13_n46w123.tif"], "unknown"),
        (["USGS_hillshade.tif"], "unknown"),
        (["dtm.tif"], "unknown"),
    ],
)
def test_the_kind_is_said_or_certain_or_unknown(
    tmp_path: Path, names: list[str], kind: str
) -> None:
    paths = [write(tmp_path / name, PLANE.cells()) for name in names]
    assert Raster(paths).source.kind == kind
    for said in ("bare earth", "surface", "unknown"):
        assert Raster(paths, kind=said).source.kind == said
