"""Heights from cloud-optimised files on a server, of which only the window is fetched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hillfinder.elevation.sources import byte_ranges as parts
from hillfinder.elevation.sources.byte_ranges import PART_BYTES
from hillfinder.elevation.sources.cog import Remote
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.elevation.sources.registry import COPERNICUS, USGS_3DEP, ElevationService
from hillfinder.errors import DataError, HeightsError, OfflineError, ServiceError
from hillfinder.services.client import Web
from tests.towns import DATA, needs_data
from tests.world import Answer, Files, cloud_optimised
from tests.world.service import HTML, body, cut, half_sent, status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from hillfinder.model import Floats
    from tests.world.service import Fault

PORTLAND = DATA / "portland" / "portland-ned.tif"
CELL = 1 / 10800
PLACE = "/n46w123/USGS_13_n46w123.tif"
#: Some 3 million cells on either side of the meridian that parts two files.
WEST, NORTH, ROWS, COLS = -122.0 - 1000 * CELL, 45.9, 1500, 2000


def land(rows: int, cols: int) -> NDArray[np.float32]:
    """Return hills with noise on them: nothing that packs well, as no ground does."""
    row, col = np.mgrid[0:rows, 0:cols]
    rough = np.random.default_rng(3).normal(0, 0.3, (rows, cols))
    return np.asarray(300 + 80 * np.sin(row / 60) * np.cos(col / 45) + rough, np.float32)


def write(path: Path, values: NDArray[np.float32], west: float, north: float = NORTH) -> Path:
    import rasterio
    from rasterio.transform import Affine

    rows, cols = values.shape
    place = Affine(CELL, 0, west, 0, -CELL, north)
    how = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": "EPSG:4269", "nodata": -999999}
    with rasterio.open(path, "w", width=cols, height=rows, transform=place, **how) as file:
        file.write(values, 1)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Land on both sides of a meridian, in one file."""
    return write(tmp_path_factory.mktemp("land") / "whole.tif", land(ROWS, COLS), WEST)


@pytest.fixture(scope="module")
def halves(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The same in two files that share 12 columns, as those of 3DEP do."""
    folder, values = tmp_path_factory.mktemp("halves"), land(ROWS, COLS)
    west = write(folder / "west.tif", values[:, :1006], WEST)
    east = write(folder / "east.tif", values[:, 994:], WEST + 994 * CELL)
    assert whole.is_file()
    return {
        PLACE: cloud_optimised(west),
        "/n46w122/USGS_13_n46w122.tif": cloud_optimised(east),
    }


@pytest.fixture
def server(halves: dict[str, bytes]) -> Iterator[Files]:
    with Files() as service:
        service.files.update(halves)
        yield service


@pytest.fixture
def web(tmp_path: Path, server: Files) -> Web:
    return Web(
        cache_dir=tmp_path,
        addresses={
            "HILLFINDER_USGS_URL": server.url + "/{tile}/USGS_13_{tile}.tif",
            "HILLFINDER_COPERNICUS_URL": server.url + "/{tile}/{tile}.tif",
        },
        sleep=lambda _: None,
    )


def around(lon: float, lat: float, reach: float = 0.01, count: int = 400) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(4)
    return lon + rng.uniform(-reach, reach, count), lat + rng.uniform(-reach, reach, count)


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_heights_equal_those_of_the_whole_file(web: Web, whole: Path, server: Files) -> None:
    points = around(-122.05, 45.85)
    read = Remote(web, USGS_3DEP)(*points)
    assert np.array_equal(read, Raster([whole])(*points))
    assert not np.isnan(read).any()
    # The table, and a request for each row of blocks at most.
    assert len(server.spans) <= 3
    assert server.spans[0] == ("USGS_13_n46w123.tif", 0, PART_BYTES)
    assert sum(size for _, _, size in server.spans) < len(server.files[PLACE]) * 0.6


def test_the_edge_of_a_file_is_no_edge(web: Web, whole: Path, server: Files) -> None:
    points = around(-122.0, 45.85, 0.002)
    read = Remote(web, USGS_3DEP)(*points)
    assert np.array_equal(read, Raster([whole])(*points))
    assert not np.isnan(read).any()
    assert {name for name, _, _ in server.spans} == {"USGS_13_n46w122.tif", "USGS_13_n46w123.tif"}


def test_what_was_fetched_is_read_again_without_asking(web: Web, server: Files) -> None:
    first = Remote(web, USGS_3DEP)(*around(-122.05, 45.85))
    asked = len(server.requests)
    assert np.array_equal(Remote(web, USGS_3DEP)(*around(-122.05, 45.85)), first)
    off = Remote(replace(web, offline=True), USGS_3DEP)
    assert np.array_equal(off(*around(-122.05, 45.85)), first)
    # The next door, 300 m away, lies in the same blocks.
    assert not np.isnan(off(*around(-122.047, 45.852, 0.005))).any()
    assert len(server.requests) == asked
    with pytest.raises(OfflineError, match="heights are not kept"):
        off(*around(-121.95, 45.8))
    credit = b"U.S. Geological Survey"
    assert all(credit in path.read_bytes() for path in kept(web.cache_dir))


def test_where_there_is_no_file_there_is_no_height(web: Web, server: Files) -> None:
    points = around(-130.5, 54.5)  # Alaska's rim: it might have one
    assert np.isnan(Remote(web, USGS_3DEP)(*points)).all()
    assert len(server.requests) == 1
    # A server that has had nothing yet is not believed for long.
    with pytest.raises(OfflineError):
        Remote(replace(web, offline=True), USGS_3DEP)(*points)
    lon, lat = around(-122.05, 44.999, 0.004)
    read = Remote(web, USGS_3DEP)(lon, lat)
    assert np.isnan(read).all()
    assert len(server.requests) <= 4


def test_elsewhere_on_earth_nobody_is_asked(web: Web, server: Files) -> None:
    lon = np.array([2.35, 151.2, -99.1, 20.0, np.nan, -122.0, 0.0])
    lat = np.array([48.85, -33.86, 19.4, 90.0, 45.0, np.inf, -90.0])
    assert np.isnan(Remote(web, USGS_3DEP)(lon, lat)).all()
    assert len(Remote(web, USGS_3DEP)(np.empty(0), np.empty(0))) == 0
    assert not server.requests


@pytest.mark.parametrize(
    ("model", "place", "name"),
    [
        (USGS_3DEP, (45.5, -122.7), "n46w123"),
        (USGS_3DEP, (13.4, 144.8), "n14e144"),
        (USGS_3DEP, (-14.3, -170.7), "s14w171"),
        (COPERNICUS, (45.5, -122.7), "Copernicus_DSM_COG_10_N45_00_W123_00_DEM"),
        (COPERNICUS, (0.5, 0.5), "Copernicus_DSM_COG_10_N00_00_E000_00_DEM"),
        (COPERNICUS, (-0.5, -0.5), "Copernicus_DSM_COG_10_S01_00_W001_00_DEM"),
        (COPERNICUS, (-33.86, 151.2), "Copernicus_DSM_COG_10_S34_00_E151_00_DEM"),
    ],
)
def test_the_names_of_files(
    web: Web, server: Files, model: ElevationService, place: tuple[float, float], name: str
) -> None:
    lat, lon = place
    Remote(web, model)(np.array([lon]), np.array([lat]))
    assert [request.path.split("/")[1] for request in server.requests] == [name]


def test_the_antimeridian_is_no_edge(web: Web, server: Files) -> None:
    lon = np.array([179.9999, -179.9999])
    assert np.isnan(Remote(web, COPERNICUS)(lon, np.full(2, -16.5))).all()
    asked = {request.path.split("/")[1] for request in server.requests}
    assert asked == {f"Copernicus_DSM_COG_10_S17_00_{west}_00_DEM" for west in ("E179", "W180")}


def test_points_too_far_apart(web: Web, server: Files) -> None:
    with pytest.raises(HeightsError, match=r"spread over \d+ million cells of USGS 3DEP"):
        Remote(web, USGS_3DEP)(np.array([-122.9, -122.1]), np.array([45.1, 45.9]))
    assert not server.requests


WHOLE = 200


def whole_file(answer: Answer) -> Answer:
    """Send all of it, as a server does that knows no parts, whatever was asked."""
    return Answer(WHOLE, answer.body, {"ETag": "x"})


def other_part(answer: Answer) -> Answer:
    spans = {**answer.headers, "Content-Range": "bytes 5-9/1000000"}
    return replace(answer, headers=spans)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (status(403), "answered 403"),
        (status(406), "answered 406"),
        (status(429, retry_after="3600"), "wants to be left alone for 60 minutes"),
        (status(429), "answered 429"),
        (status(500), "answered 500"),
        (status(504), "answered 504"),
        (HTML, "sent"),
        (cut, "not the part of the file"),
        (half_sent, "broke off"),
        (whole_file, "whole files only"),
        (other_part, "not the part of the file"),
        (body(b""), "not the part of the file"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_what_fails_is_told_and_nothing_bad_is_kept(
    web: Web, server: Files, fault: Fault, says: str, *, later: bool
) -> None:
    """At once, or after the table came."""
    points = around(-122.05, 45.85)
    good = Remote(replace(web, cache_dir=web.cache_dir / "good"), USGS_3DEP)(*points)
    kept_before = len(kept(web.cache_dir))
    server.requests.clear()
    server.faults = [lambda answer: answer] * later
    server.always = fault
    with pytest.raises(ServiceError, match=says) as told:
        Remote(web, USGS_3DEP)(*points)
    assert str(told.value).startswith("USGS 3DEP ")
    assert "--dem FILE" in str(told.value)
    assert len(kept(web.cache_dir)) == kept_before + later
    assert len(server.requests) <= later + 3
    server.always = None
    assert np.array_equal(Remote(web, USGS_3DEP)(*points), good)


def test_a_server_that_is_not_there(web: Web, server: Files) -> None:
    gone = replace(web, addresses={"HILLFINDER_USGS_URL": "http://127.0.0.1:9/{tile}.tif"})
    with pytest.raises(ServiceError, match="was not reached"):
        Remote(gone, USGS_3DEP)(*around(-122.05, 45.85))
    assert not server.requests


@pytest.mark.parametrize(
    "what", [b"<html>" * 99, b"II*\0" + b"\0" * 5000, b"II*\0" + b"\xff" * 900]
)
def test_what_is_no_elevation_model(web: Web, server: Files, what: bytes) -> None:
    good, server.files[PLACE] = server.files[PLACE], what
    points = around(-122.05, 45.85)
    for _ in range(2):
        with pytest.raises(ServiceError, match=r"no elevation model|cannot be read"):
            Remote(web, USGS_3DEP)(*points)
    server.files[PLACE] = good
    assert not np.isnan(Remote(web, USGS_3DEP)(*points)).any()


def test_a_file_that_changed_is_not_mixed_with_what_was_kept(
    web: Web, server: Files, tmp_path: Path
) -> None:
    """The same window of the new file, and another one, of which only the table was kept."""
    Remote(web, USGS_3DEP)(*around(-122.05, 45.85))
    new = write(tmp_path / "new.tif", land(ROWS, 1006)[::-1] + 1000, WEST)
    server.files[PLACE] = cloud_optimised(new, 256)
    points = around(-122.05, 45.79)
    assert np.array_equal(Remote(web, USGS_3DEP)(*points), Raster([new])(*points))
    off = Remote(replace(web, offline=True), USGS_3DEP)
    assert np.array_equal(off(*points), Raster([new])(*points))


@pytest.mark.slow
def test_damage_to_what_is_kept_is_seen_and_mended(web: Web, server: Files, whole: Path) -> None:
    points = around(-122.05, 45.85)
    Remote(web, USGS_3DEP)(*points)
    for path in kept(web.cache_dir):
        data = path.read_bytes()
        for bad in (b"", data[: len(data) // 2], data[:-9] + b"x" * 9, b"\t\t\t\n" + data[9:]):
            path.write_bytes(bad)
            with pytest.raises(OfflineError):
                Remote(replace(web, offline=True), USGS_3DEP)(*points)
        asked = len(server.requests)
        assert np.array_equal(Remote(web, USGS_3DEP)(*points), Raster([whole])(*points))
        assert len(server.requests) > asked


def test_good_sums_over_bad_data_are_seen_and_mended(web: Web, server: Files, whole: Path) -> None:
    """A file whose blocks are rubbish was kept: it is fetched again once it is well."""
    points, good = around(-122.05, 45.85), server.files[PLACE]
    server.files[PLACE] = good[:9000] + bytes(len(good) - 9000)
    with pytest.raises(ServiceError, match="cannot be read"):
        Remote(web, USGS_3DEP)(*points)
    server.files[PLACE] = good
    assert np.array_equal(Remote(web, USGS_3DEP)(*points), Raster([whole])(*points))


@given(st.binary())
def test_what_is_kept_is_what_was_fetched(data: bytes) -> None:
    assert parts._unpacked_part(parts._packed_part('"v"', 7, data, "us")) == ('"v"', 7, data)
    with pytest.raises(DataError):
        parts._unpacked_part(parts._packed_part('"v"', 7, data, "us") + b"x")


@needs_data
def test_portland_costs_four_requests_and_equals_its_file(tmp_path: Path) -> None:
    """Blocks of 64 cells in a file of 864 x 648, as those of 512 in one of 10,812 x 10,812."""
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(-122.705, -122.635, 5000), rng.uniform(45.495, 45.545, 5000)
    with Files() as server:
        server.files[PLACE] = cloud_optimised(PORTLAND, 128)
        web = Web(
            cache_dir=tmp_path,
            addresses={"HILLFINDER_USGS_URL": server.url + "/{tile}/USGS_13_{tile}.tif"},
        )
        read = Remote(web, USGS_3DEP)(lon, lat)
        assert np.array_equal(read, Raster([PORTLAND])(lon, lat))
        assert len(server.requests) <= 4


@needs_data
def test_the_server_is_a_real_one() -> None:
    """GDAL's own client reads the file from it, by ranges."""
    import rasterio

    settings = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "CPL_VSIL_CURL_USE_HEAD": "NO"}
    points = [(-122.7, 45.5), (-122.65, 45.52)]
    with Files() as server, rasterio.Env(**settings):
        server.files["/a.tif"] = cloud_optimised(PORTLAND)
        with (
            rasterio.open(f"/vsicurl/{server.url}/a.tif") as there,
            rasterio.open(PORTLAND) as here,
        ):
            read, truth = (np.array([*file.sample(points)]) for file in (there, here))
            assert np.array_equal(read, truth)
        assert len([request for request in server.requests if request.span]) >= 2
