"""Heights from terrarium tiles, drawn by a server on loopback."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hillfinder.elevation.sources import tiles
from hillfinder.elevation.sources.fallback import Chain
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.elevation.sources.registry import MAPTERHORN
from hillfinder.elevation.sources.tiles import Tiles
from hillfinder.errors import HeightsError, OfflineError, ServiceError
from hillfinder.services.client import Web
from tests.towns import DATA, needs_data
from tests.world import Answer, Mapterhorn, Terrarium, of_raster
from tests.world.service import HTML, body, cut, status
from tests.world.terrarium import centres, encode, png, webp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hillfinder.model import Floats
    from tests.world.service import Fault

ZOOM = 14
WHOLE = 256 << ZOOM
PORTLAND = DATA / "portland" / "portland-ned.tif"
#: A corner where four tiles meet, in pixels of the whole earth, and that as degrees.
COL, ROW = 2607 * 256, 5863 * 256


def degrees(col: Floats | float, row: Floats | float) -> tuple[Floats, Floats]:
    """Return longitude and latitude of a point in pixels of the whole earth."""
    lat: Floats = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.asarray(row) / WHOLE))))
    return np.asarray(col) / WHOLE * 360 - 180, lat


def plane(lon: Floats, lat: Floats) -> Floats:
    """Rise 0.5 m for each pixel to the east and 0.25 m for each to the south of the corner."""
    col = (lon + 180) / 360 * WHOLE
    row = (0.5 - np.arcsinh(np.tan(np.radians(lat))) / (2 * np.pi)) * WHOLE
    return 500 + 0.5 * (col - COL) + 0.25 * (row - ROW)


@pytest.fixture
def server() -> Iterator[Terrarium]:
    with Terrarium(plane) as service:
        yield service


@pytest.fixture
def web(tmp_path: Path, server: Terrarium) -> Web:
    return Web(
        cache_dir=tmp_path,
        addresses={"HILLFINDER_TERRARIUM_URL": server.template},
        sleep=lambda _: None,
    )


def test_heights_are_read_between_pixel_centres_and_across_tiles(web: Web) -> None:
    rng = np.random.default_rng(1)
    col, row = COL + rng.uniform(-200, 200, 500), ROW + rng.uniform(-200, 200, 500)
    lon, lat = degrees(col, row)
    read = Tiles(web)(lon, lat)
    # The encoding rounds to 1/256 m.
    assert np.abs(read - plane(lon, lat)).max() < 1 / 500
    assert read == pytest.approx(500 + 0.5 * (col - COL) + 0.25 * (row - ROW), abs=1 / 500)


def test_only_the_tiles_around_the_points_are_fetched(web: Web, server: Terrarium) -> None:
    heights = Tiles(web)
    heights(*degrees(np.array([COL + 128.0]), np.array([ROW + 128.0])))
    assert server.tiles == [(2607, 5863)]
    heights(*degrees(np.array([COL + 128.0, COL + 2.0]), np.array([ROW + 128.0, ROW + 128.0])))
    assert sorted(server.tiles) == [(2606, 5863), (2607, 5863)]
    heights(*degrees(np.array([COL + 1.0]), np.array([ROW + 1.0])))
    assert sorted(server.tiles) == [(x, y) for x in (2606, 2607) for y in (5862, 5863)]


@settings(max_examples=40, deadline=None)
@given(st.floats(-180, 180), st.floats(-85, 85), st.integers(0, 2**32))
def test_anywhere_on_earth(lon: float, lat: float, seed: int) -> None:
    # No server: the tiles are laid into the reading itself, so that many can be tried.
    rng = np.random.default_rng(seed)
    spread = 0.004
    lons = (lon + rng.uniform(-spread, spread, 20) + 180) % 360 - 180
    lats = np.clip(lat + rng.uniform(-spread, spread, 20), -85.05, 85.05)

    def rolling(x: Floats, y: Floats) -> Floats:
        return np.asarray(1000 + 100 * np.sin(np.radians(x) * 300) * np.sin(np.radians(y) * 300))

    class Drawn(Tiles):
        def _fetch(self, tile: tuple[int, int]) -> bytes:
            if not 0 <= tile[1] < 1 << ZOOM:
                return tiles.NO_TILE
            return b"\n" + png(encode(rolling(*centres(ZOOM, tile[0] % (1 << ZOOM), tile[1]))))

    read = Drawn(Web(offline=True))(lons, lats)
    assert np.abs(read - rolling(lons, lats)).max() < 0.02


def test_the_antimeridian_is_no_edge(tmp_path: Path) -> None:
    with Terrarium(lambda lon, lat: 300 + 1000 * (lon % 360 - 180) + 0 * lat) as server:
        web = Web(cache_dir=tmp_path, addresses={"HILLFINDER_TERRARIUM_URL": server.template})
        lon = np.array([179.9999, -179.9999, 180.0, -180.0, 179.99999])
        read = Tiles(web)(lon, np.full(5, -16.8))
        assert read == pytest.approx([299.9, 300.1, 300, 300, 299.99], abs=0.01)
        assert sorted({x for x, _ in server.tiles}) == [0, (1 << ZOOM) - 1]


def test_a_black_tile_is_not_the_sea(web: Web, server: Terrarium) -> None:
    server.surface = lambda lon, lat: np.where(lon > degrees(COL, ROW)[0], np.nan, plane(lon, lat))
    col = COL + np.array([100.0, 4.0, -0.4, -1.4, -2.4, -3.6, -100.0])
    lon, lat = degrees(col, np.full(len(col), ROW + 100.0))
    read = Tiles(web)(lon, lat)
    # The tile, the two pixels beside it, and what leans on them.
    assert np.isnan(read[:5]).all()
    assert read[5:] == pytest.approx(plane(lon, lat)[5:], abs=0.01)


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_an_empty_picture_has_no_heights(web: Web, server: Terrarium, colour: int) -> None:
    server.always = body(png(np.full((3, 256, 256), colour, np.uint8)))
    assert np.isnan(Tiles(web)(*degrees(np.array([COL]), np.array([ROW])))).all()


def test_what_is_see_through_has_no_heights(web: Web, server: Terrarium) -> None:
    lon, lat = degrees(COL + np.array([50.0, 200.0]), np.full(2, ROW + 100.0))
    opaque = np.full((1, 256, 256), 255, np.uint8)
    opaque[:, :, :100] = 0
    nearly_even = np.linspace(77, 78, 256 * 256).reshape(256, 256)
    picture = png(np.concatenate([encode(nearly_even), opaque]))
    server.always = body(picture)
    read = Tiles(web)(lon, lat)
    assert np.isnan(read[0])
    assert read[1] == pytest.approx(77.4, abs=0.01)


def test_sea_level_and_below_are_heights(web: Web, server: Terrarium) -> None:
    server.surface = lambda lon, lat: (
        np.where(lon > degrees(COL + 50, ROW)[0], 0, -430) + plane(lon, lat) / 1000
    )
    read = Tiles(web)(*degrees(COL + np.array([99.0, -99.0]), np.full(2, ROW + 99.0)))
    assert read == pytest.approx([0.5, -429.5], abs=0.1)


def test_a_blank_tile_is_not_the_sea(web: Web, server: Terrarium) -> None:
    """Red 128 and no green nor blue is 0 m, and no ground is so even for a kilometre."""
    blank = encode(np.zeros((256, 256)))
    assert blank[0].min() == blank[0].max() == 128
    server.always = body(png(blank))
    assert np.isnan(Tiles(web)(*degrees(np.array([COL + 99.0]), np.array([ROW + 99.0])))).all()


@pytest.mark.parametrize("wrong", [(2607, 5863), (2606, 5862)])
def test_the_tile_of_another_place_is_seen_by_its_edges(
    web: Web, server: Terrarium, wrong: tuple[int, int]
) -> None:
    col, row = (each.ravel() for each in np.meshgrid(*[np.arange(-300.0, 300, 50) + 25] * 2))
    lon, lat = degrees(COL + col, ROW + row)
    good = Tiles(web)(lon, lat)
    assert not np.isnan(good).any()

    def mixed_up(x: Floats, y: Floats) -> Floats:
        east, south = x >= degrees(COL, ROW)[0], y <= degrees(COL, ROW)[1]
        here = (east == (wrong[0] == 2607)) & (south == (wrong[1] == 5863))
        near = np.abs(x - degrees(COL, ROW)[0]) < 360 / 2**14
        near &= np.abs(y - degrees(COL, ROW)[1]) < 0.02
        return np.asarray(plane(x, y) + 80.0 * (here & near))

    server.surface = mixed_up
    read = Tiles(replace(web, cache_dir=web.cache_dir / "new"))(lon, lat)
    theirs = ((col > 0) == (wrong[0] == 2607)) & ((row > 0) == (wrong[1] == 5863))
    inside = (np.abs(col) < 256) & (np.abs(row) < 256)
    assert np.isnan(read[theirs & inside]).all()
    assert read[~theirs] == pytest.approx(good[~theirs])


@pytest.mark.parametrize("shape", [(1, 2), (1, 3), (2, 3), (3, 3), (4, 5)])
def test_one_tile_sent_for_all_is_believed_nowhere(shape: tuple[int, int]) -> None:
    rising = np.linspace(0, 500, 64 * 64, dtype=np.float32).reshape(64, 64)
    mosaic = np.tile(rising + rising.T, shape)
    tiles.drop_strangers(mosaic, 64)
    assert np.isnan(mosaic).all()


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32))
def test_what_fits_is_left_alone(rows: int, cols: int, seed: int) -> None:
    """Rough ground with slopes of any kind, and voids."""
    rng = np.random.default_rng(seed)
    down, across = rng.uniform(-8, 8, 2)
    row, col = np.mgrid[0 : rows * 32, 0 : cols * 32]
    ground = np.asarray(down * row + across * col + rng.normal(0, 3, row.shape), np.float32)
    ground[rng.random(ground.shape) < rng.choice([0, 0.1, 0.9])] = np.nan
    mosaic = ground.copy()
    tiles.drop_strangers(mosaic, 32)
    assert np.array_equal(mosaic, ground, equal_nan=True)


def test_a_cliff_is_no_wrong_tile(web: Web, server: Terrarium) -> None:
    """A wall of 60 m that runs across the tiles, and a slope of 45 degrees, stay."""
    lon, lat = degrees(COL + np.array([-60.0, 60, 150]), ROW + np.array([60.0, 60, 60]))
    server.surface = lambda x, y: plane(x, y) + 60 * (x + y > lon[1] + lat[1])
    assert not np.isnan(Tiles(web)(lon, lat)).any()
    server.surface = lambda x, y: 14 * plane(x, y) - 6500
    assert not np.isnan(Tiles(replace(web, cache_dir=web.cache_dir / "new"))(lon, lat)).any()


def test_a_missing_tile_has_no_heights(web: Web, server: Terrarium) -> None:
    server.missing.add((2607, 5863))
    col = COL + np.array([100.0, -100.0, -1.0])
    points = degrees(col, np.full(3, ROW + 100.0))
    read = Tiles(web)(*points)
    assert np.isnan(read).tolist() == [True, False, True]
    asked = len(server.requests)
    assert Tiles(web)(*points) == pytest.approx(read, nan_ok=True)
    assert len(server.requests) == asked


def test_points_that_are_nowhere(web: Web, server: Terrarium) -> None:
    heights = Tiles(web)
    assert len(heights(np.empty(0), np.empty(0))) == 0
    lon = np.array([np.nan, 8.0, 8.0, 8.0, 8.0, 8.0, np.inf])
    lat = np.array([46.0, np.nan, 90.0, -90.0, 85.06, -85.06, 46.0])
    assert np.isnan(heights(lon, lat)).all()
    assert not server.requests
    (lon, lat), away = degrees(np.array([COL + 9.0]), np.array([ROW + 9.0])), np.array([np.nan])
    read = heights(np.concatenate([away, lon]), np.concatenate([away, lat]))
    assert np.isnan(read).tolist() == [True, False]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (cut, "cut short or damaged"),
        (HTML, "sent a web page"),
        (body(b""), "not a PNG"),
        (body(b"\x89PNG\r\n\x1a\n"), "cut short or damaged"),
        (body(png(np.zeros((3, 512, 512), np.uint8))), "not 256 x 256 pixels"),
        (body(png(np.zeros((1, 256, 256), np.uint8))), "not 256 x 256 pixels"),
        (status(403), "answered 403"),
    ],
)
def test_what_is_no_tile_is_never_kept(
    web: Web, server: Terrarium, tmp_path: Path, fault: Fault, says: str
) -> None:
    server.always = fault
    point = degrees(np.array([COL + 100.0]), np.array([ROW + 100.0]))
    with pytest.raises(ServiceError, match=says) as told:
        Tiles(web)(*point)
    assert "heights are not available now" in str(told.value)
    assert "--dem FILE" in str(told.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    server.always = None
    assert Tiles(web)(*point) == pytest.approx([575], abs=0.01)


def test_too_many_tiles(web: Web, server: Terrarium) -> None:
    with pytest.raises(HeightsError, match=r"spread over \d+ elevation tiles, and 400"):
        Tiles(web)(np.array([8.0, 9.0]), np.array([46.0, 47.0]))
    assert not server.requests


def test_offline(web: Web, tmp_path: Path, server: Terrarium) -> None:
    off = Web(
        cache_dir=tmp_path, addresses={"HILLFINDER_TERRARIUM_URL": server.template}, offline=True
    )
    point = degrees(np.array([COL + 100.0]), np.array([ROW + 100.0]))
    with pytest.raises(OfflineError, match="heights are not kept"):
        Tiles(off)(*point)
    before = Tiles(web)(*point)
    assert Tiles(off)(*point) == before
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("sources", "cell_m", "told"),
    [
        ("ned13/imgn39w123_13.tif", 10.0, "bare earth of ned13"),
        ("ned/n39.tif, ned13/n39.tif, etopo1/ETOPO1.tif", 10.0, "bare earth of ned and ned13"),
        ("srtm/N45W123.tif, gmted/50N000E.tif", 30.0, "surface of srtm"),
        ("srtm/N45W123.tif, ned13/n39.tif, x/y", 30.0, "surface of ned13, srtm and x"),
        ("uk_lidar/x.tif", 6.65, "unknown of uk_lidar"),  # the pixel, at that latitude
        ("gmted/50N000E.tif, etopo1/x.tif", 1850.0, "unknown of etopo1 and gmted"),
        ("something/new.tif", 30.0, "unknown of something"),
        ("", 30.0, "unknown"),
    ],
)
def test_cell_and_kind_are_those_of_the_data(
    web: Web, server: Terrarium, sources: str, cell_m: float, told: str
) -> None:
    server.sources = sources
    heights = Tiles(web)
    assert heights.source.cell_m == 30.0
    for _ in range(2):  # from the network and from the cache
        heights(*degrees(np.array([COL + 100.0]), np.array([ROW + 100.0])))
        assert heights.source.cell_m == pytest.approx(cell_m, abs=0.05)
    kind = heights.source.kind
    assert told == f"{kind}{heights.source.name.removeprefix('terrarium tiles')}"
    assert "joerd/blob/master/docs/attribution.md" in str(heights.source.attribution)
    assert len(server.requests) == 1


def test_the_first_failure_ends_it(web: Web, server: Terrarium) -> None:
    server.always = lambda _: Answer(403, b"")
    col, row = np.meshgrid(np.arange(12) * 256.0, np.arange(12) * 256.0)
    with pytest.raises(ServiceError):
        Tiles(web)(*degrees(COL + col.ravel() + 99, ROW + row.ravel() + 99))
    assert len(server.requests) < 100


@needs_data
def test_portland_reads_as_its_own_model_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(-122.70, -122.68, 2000), rng.uniform(45.50, 45.52, 2000)
    truth = Raster([PORTLAND])(lon, lat)
    with Terrarium(of_raster(PORTLAND), "ned13/imgn46w123_13.tif") as server:
        heights = Tiles(
            Web(cache_dir=tmp_path, addresses={"HILLFINDER_TERRARIUM_URL": server.template})
        )
        read = heights(lon, lat)
        assert len(server.requests) <= 9
    # Two readings between cells instead of one: it costs centimetres where the land bends.
    assert np.abs(read - truth).mean() < 0.15
    assert np.abs(read - truth).max() < 3
    assert heights.source.cell_m == 10.0


# --- Mapterhorn -----------------------------------------------------------------------------------


@pytest.fixture
def alps() -> Iterator[Mapterhorn]:
    with Mapterhorn(plane) as service:
        yield service


@pytest.fixture
def door(tmp_path: Path, alps: Mapterhorn) -> Web:
    return Web(
        cache_dir=tmp_path,
        addresses={"HILLFINDER_MAPTERHORN_URL": alps.template},
        sleep=lambda _: None,
    )


def test_tiles_in_webp_are_read_to_their_rounding(door: Web, alps: Mapterhorn) -> None:
    rng = np.random.default_rng(1)
    lon, lat = degrees(COL + rng.uniform(-100, 100, 500), ROW + rng.uniform(-100, 100, 500))
    heights = Tiles(door, MAPTERHORN)
    assert np.abs(heights(lon, lat) - plane(lon, lat)).max() < 1 / 400
    assert len(alps.requests) == 4
    assert heights.source.name == "Mapterhorn at zoom 14"
    assert heights.source.kind == "unknown"
    assert heights.source.cell_m == pytest.approx(6.70, abs=0.03)  # two pixels of 512 a tile
    assert "mapterhorn.com/attribution" in str(heights.source.attribution)
    off = replace(door, offline=True)
    assert np.array_equal(Tiles(off, MAPTERHORN)(lon, lat), heights(lon, lat))
    assert len(alps.requests) == 4


@pytest.mark.parametrize(
    ("finest", "kind", "cell_m"), [(14, "unknown", 6.7), (13, "unknown", 13.4), (12, "surface", 30)]
)
def test_what_has_no_finer_tile_is_said_to_be_coarse(
    door: Web, alps: Mapterhorn, finest: int, kind: str, cell_m: float
) -> None:
    alps.finest = finest
    lon, lat = degrees(COL + np.array([100.0, 300.0]), ROW + np.array([100.0, 300.0]))
    heights = Chain([Tiles(door, MAPTERHORN, zoom) for zoom in (14, 13, 12)])
    # Zoom 12 rounds corners of the plane off: it has none.
    assert heights(lon, lat) == pytest.approx(plane(lon, lat), abs=0.01)
    assert heights.source.kind == kind
    assert heights.source.cell_m == pytest.approx(cell_m, abs=0.1)
    assert heights.source.name == f"Mapterhorn at zoom {finest}"


PICTURE = webp(encode(plane(*centres(ZOOM, 2607, 5863, 512))))
#: Its lengths are right, and its pixels end half way.
HALF = len(PICTURE) // 2 & ~1
SHORT = struct.pack("<4sI4s4sI", b"RIFF", HALF + 12, b"WEBP", b"VP8L", HALF) + PICTURE[20:][:HALF]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (cut, "cut short or damaged"),
        (HTML, "sent a web page"),
        (body(b""), "not a WebP"),
        (body(PICTURE[:12]), "cut short or damaged"),
        (body(b"RIFF\x04\0\0\0WEBP"), "without exact colours"),
        (body(png(np.zeros((3, 512, 512), np.uint8))), "not a WebP"),
        (body(webp(np.zeros((3, 256, 256), np.uint8))), "not 512 x 512 pixels"),
        (body(webp(encode(plane(*centres(ZOOM, 1, 1, 512))), exact=False)), "exact colours"),
        (body(SHORT), "cannot be read"),
        (status(500), "answered 500"),
    ],
)
def test_what_is_no_webp_tile_is_never_kept(
    door: Web, alps: Mapterhorn, tmp_path: Path, fault: Fault, says: str
) -> None:
    alps.always = fault
    point = degrees(np.array([COL + 100.0]), np.array([ROW + 100.0]))
    with pytest.raises(ServiceError, match=says):
        Tiles(door, MAPTERHORN)(*point)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    alps.always = None
    assert Tiles(door, MAPTERHORN)(*point) == pytest.approx([575], abs=0.01)
