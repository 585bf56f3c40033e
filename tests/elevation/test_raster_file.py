"""Raster files that leave a fact out, or say it where few look: units, bands, places, voids."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio import Affine
from rasterio.control import GroundControlPoint

from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.elevation.sources.raster_file.voids import mask_plateaus
from hillfinder.elevation.vertical_units import UNITS_M, unit_named
from hillfinder.errors import HeightsError
from tests.elevation.test_raster import COLS, PLANE, ROWS, hgt, inside, points, write

if TYPE_CHECKING:
    from pathlib import Path

OREGON = "EPSG:2269"
MOON = (
    'GEOGCS["Moon",DATUM["Moon",SPHEROID["Moon",1737400,0]],PRIMEM["Reference",0],'
    'UNIT["degree",0.0174532925199433]]'
)
CORNER_FT = (7_812_793.0, 492_672.0)


def plane(path: Path, factor: float = 1.0, **profile: Any) -> Path:
    """Write the plane with heights in another unit, and say nothing of it."""
    return write(path, (PLANE.cells() / factor).astype("f4"), **profile)


def says_unit(path: Path, unit: str) -> Path:
    with rasterio.open(path, "r+") as file:
        file.units = (unit,)
    return path


def read_plane(path: Path, **options: Any) -> None:
    """Hold that a file reads as the plane in metres."""
    row, col = inside()
    read = Raster([path], **options)(*points(row, col))
    np.testing.assert_allclose(read, PLANE.at(row, col), atol=2e-3)


# --- Units of height ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("m", "m"), ("metre", "m"), ("Meters", "m"), ("ft", "ft"), ("foot", "ft"), ("FEET", "ft"),
        ("International foot", "ft"), ("Foot_US", "us-ft"), ("US survey foot", "us-ft"),
        ("us-ft", "us-ft"), ("ftUS", "us-ft"), ("sft", "us-ft"), ("US_FEET", "us-ft"),
        ("survey foot", "us-ft"), ("yard", "yd"), ("cm", "cm"), ("centimetres", "cm"),
        ("dm", "dm"), ("decimeter", "dm"), ("mm", "mm"),
    ],
)  # fmt: skip
def test_a_stated_unit_is_applied(tmp_path: Path, words: str, unit: str) -> None:
    assert unit_named(words) == unit
    read_plane(says_unit(plane(tmp_path / "dem.tif", UNITS_M[unit]), words))


@pytest.mark.parametrize("words", ["furlong", "counts", "degrees", "kPa"])
def test_an_unknown_unit_is_refused_by_name_until_it_is_typed(tmp_path: Path, words: str) -> None:
    path = says_unit(plane(tmp_path / "dem.tif", UNITS_M["ft"]), words)
    with pytest.raises(HeightsError, match=rf'in "{words}", which is no known unit.*--dem-unit'):
        Raster([path])
    read_plane(path, unit="ft")


def test_a_typed_unit_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HeightsError, match='"rod" is no unit of height'):
        Raster([plane(tmp_path / "dem.tif")], unit="rod")


def test_a_unit_in_the_coordinate_system_alone_is_applied(tmp_path: Path) -> None:
    # GDAL copies the unit of a compound system to the band of a GeoTIFF, and not to that of a VRT.
    inner = write(
        tmp_path / "dem.tif", (PLANE.cells() / UNITS_M["us-ft"]).astype("f4"), "EPSG:4326+6360"
    )
    path = tmp_path / "dem.vrt"
    rasterio.shutil.copy(inner, path, driver="VRT")
    path.write_text("".join(
        line for line in path.read_text().splitlines(keepends=True) if "UnitType" not in line
    ))  # fmt: skip
    with rasterio.open(path) as file:
        assert not file.units[0]
    read_plane(inner)
    read_plane(path)


def test_two_units_in_one_file_are_asked_about(tmp_path: Path) -> None:
    inner = write(tmp_path / "dem.tif", PLANE.cells().astype("f4"), "EPSG:4326+6360")
    path = tmp_path / "dem.vrt"
    rasterio.shutil.copy(inner, path, driver="VRT")
    text = path.read_text()
    assert "<UnitType>" in text
    head, _, tail = text.partition("<UnitType>")
    path.write_text(f"{head}<UnitType>m{tail[tail.index('</UnitType>') :]}")
    with pytest.raises(HeightsError, match=r"states two units of height, m and US survey foot"):
        Raster([path])
    read_plane(path, unit="m")


def test_feet_on_the_map_and_no_word_on_heights_is_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", PLANE.cells().astype("f4"), OREGON, CORNER_FT, cell=32.8)
    with pytest.raises(HeightsError, match=r"its map unit is 0\.3048 m.*--dem-unit"):
        Raster([path])
    row, col = inside()
    lon, lat = points(row, col, CORNER_FT, 32.8, OREGON)
    for unit, metres in UNITS_M.items():
        np.testing.assert_allclose(
            Raster([path], unit=unit)(lon, lat), metres * PLANE.at(row, col), atol=5e-3
        )


def test_heights_above_everest_are_asked_about(tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", ((2950 + PLANE.cells()) / 0.3048).astype("f4"))
    with pytest.raises(HeightsError, match=r"too high for metres.*--dem-unit ft"):
        Raster([path])(*points(*inside()))
    row, col = inside()
    read = Raster([path], unit="ft")(*points(row, col))
    np.testing.assert_allclose(read, 2950 + PLANE.at(row, col), atol=5e-3)


def test_one_spike_above_everest_asks_nothing(tmp_path: Path) -> None:
    cells = PLANE.cells().astype("f4")
    cells[3, 3] = 30_000
    read = Raster([write(tmp_path / "dem.tif", cells)])(*points(*inside()))
    assert 0.8 < np.isfinite(read).mean() < 1


@pytest.mark.parametrize("layout", ["beside", "over", "other grid"])
@pytest.mark.parametrize("feet_first", [True, False])
def test_a_file_in_feet_beside_one_in_metres_is_noticed(
    tmp_path: Path, layout: str, *, feet_first: bool
) -> None:
    cells = PLANE.cells().astype("f4")
    feet = cells / np.float32(0.3048)
    one = write(tmp_path / "one.tif", feet if feet_first else cells)
    two_cells = cells if feet_first else feet
    if layout == "beside":
        shift = PLANE.across * COLS / (1.0 if feet_first else 0.3048)
        two = write(tmp_path / "two.tif", two_cells + np.float32(shift), corner=(8.005, 46.01))
    elif layout == "over":
        two = write(tmp_path / "two.tif", two_cells)
    else:
        # Half as fine, and half as far again to the east, so that it serves there.
        wide = PLANE.level + PLANE.down * 2 * np.arange(ROWS)[:, None] + 2 * np.arange(COLS)
        values = (wide if feet_first else wide / 0.3048).astype("f4")
        two = write(tmp_path / "two.tif", values, cell=2e-4)
    lon, lat = points(*inside())
    lon = np.concatenate([lon, lon + 0.004])
    lat = np.concatenate([lat, lat])
    with pytest.raises(HeightsError, match=r"does not state the unit.*--dem-unit") as caught:
        Raster([one, two])(lon, lat)
    accused, _, against = str(caught.value).partition(" does not state ")
    assert f"against {accused}" not in against
    says_unit(one, "ft" if feet_first else "m")
    says_unit(two, "m" if feet_first else "ft")
    assert np.isfinite(Raster([one, two])(lon, lat)).any()


def test_a_unit_that_no_file_needs_is_refused(tmp_path: Path) -> None:
    path = says_unit(plane(tmp_path / "dem.tif"), "m")
    with pytest.raises(HeightsError, match=r"dem\.tif states another unit.*leave --dem-unit out"):
        Raster([path], unit="ft")
    silent = plane(tmp_path / "other.tif", 0.3048, corner=(8.2, 46.01))
    read_plane(path)
    row, col = inside()
    lon, lat = points(row, col, (8.2, 46.01))
    np.testing.assert_allclose(
        Raster([path, silent], unit="ft")(lon, lat), PLANE.at(row, col), atol=2e-3
    )


# --- Bands and values that are no heights ---------------------------------------------------------


def bands(path: Path, *cells: Any, names: tuple[str, ...] = ()) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", height=ROWS, width=COLS, count=len(cells), dtype="float32",
        crs="EPSG:4326", transform=Affine(1e-4, 0, 8.0, 0, -1e-4, 46.01),
    ) as file:  # fmt: skip
        for number, each in enumerate(cells, start=1):
            file.write(np.full((ROWS, COLS), each, "f4"), number)
        if names:
            file.descriptions = names
    return path


def test_of_several_bands_one_is_asked_for(tmp_path: Path) -> None:
    path = bands(tmp_path / "dem.tif", 7.0, PLANE.cells())
    with pytest.raises(HeightsError, match=r"has 2 bands: say which.*--dem-band"):
        Raster([path])
    read_plane(path, band=2)
    assert Raster([path], band=2).source.name == "dem.tif (band 2)"
    with pytest.raises(HeightsError, match="has 2 bands, and no band 3"):
        Raster([path], band=3)


@pytest.mark.parametrize("name", ["Elevation", "DTM", "ground height (m)"])
def test_a_band_that_is_called_heights_is_read(tmp_path: Path, name: str) -> None:
    path = bands(tmp_path / "dem.tif", 7.0, PLANE.cells(), names=("quality", name))
    read_plane(path)
    assert Raster([path]).source.name == "dem.tif (band 2)"


def test_bytes_are_a_picture_unless_they_are_stated_to_be_heights(tmp_path: Path) -> None:
    path = write(tmp_path / "shade.tif", PLANE.cells().astype("u1"))
    with pytest.raises(HeightsError, match="a hillshade or classes"):
        Raster([path])
    read_plane(says_unit(path, "m"))


def test_the_band_that_is_read_is_judged_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "dem.vrt"
    inner = bands(tmp_path / "dem.tif", 3.0, PLANE.cells())
    rasterio.shutil.copy(inner, path, driver="VRT")
    path.write_text(
        path.read_text().replace('dataType="Float32" band="1"', 'dataType="Byte" band="1"')
    )
    read_plane(path, band=2)
    with pytest.raises(HeightsError, match="numbers of one byte"):
        Raster([path], band=1)


# --- Where it lies --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wkt", "says"),
    [
        ('LOCAL_CS["site grid",UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]', "site grid"),
        ('VERT_CS["h",VERT_DATUM["d",2005],UNIT["metre",1],AXIS["Up",UP]]', "where on earth"),
        (MOON, "does not lie on the earth"),
    ],
)  # fmt: skip
def test_a_system_that_is_of_no_place_on_earth_is_refused(
    tmp_path: Path, wkt: str, says: str
) -> None:
    path = write(tmp_path / "dem.tif", PLANE.cells().astype("f4"), crs=wkt)
    with pytest.raises(HeightsError, match=says) as caught:
        Raster([path])
    assert "\n" not in str(caught.value)


def test_control_points_are_named(tmp_path: Path) -> None:
    path = tmp_path / "dem.tif"
    corners = [
        GroundControlPoint(row, col, 8 + col * 1e-4, 46 - row * 1e-4)
        for row, col in ((0, 0), (0, COLS), (ROWS, 0))
    ]
    with rasterio.open(
        path, "w", driver="GTiff", height=ROWS, width=COLS, count=1, dtype="float32",
        gcps=corners, crs="EPSG:4326",
    ) as file:  # fmt: skip
        file.write(PLANE.cells().astype("f4"), 1)
    with pytest.raises(HeightsError, match="placed by control points: warp it first"):
        Raster([path])


@pytest.mark.parametrize("size", [1e-13, 1e-9])
def test_a_rotation_that_is_rounding_is_none(tmp_path: Path, size: float) -> None:
    turned = Affine(1e-4, size, 8.0, size, -1e-4, 46.01)
    read_plane(write(tmp_path / "dem.tif", PLANE.cells().astype("f4"), transform=turned))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e300])
def test_a_corner_that_is_no_number_is_refused(tmp_path: Path, number: float) -> None:
    corner = Affine(1e-4, 0, number, 0, -1e-4, 46.01)
    path = write(tmp_path / "dem.tif", PLANE.cells().astype("f4"), transform=corner)
    with pytest.raises(HeightsError, match="where on earth"):
        Raster([path])


def test_cells_are_measured_on_the_ground(tmp_path: Path) -> None:
    cells = PLANE.cells().astype("f4")
    mercator = write(
        tmp_path / "mercator.tif", cells, "EPSG:3857", (2_782_043.0, 9_610_498.0), cell=70.986
    )
    assert Raster([mercator]).source.cell_m == pytest.approx(30.0, abs=0.2)
    finer = write(tmp_path / "utm.tif", cells, "EPSG:32635", (405_283.0, 7_210_858.0), cell=40.0)
    assert Raster([finer]).source.cell_m == 40.0
    assert Raster([finer, mercator]).source.name == "mercator.tif, utm.tif"


def test_a_raster_of_half_the_world_has_the_cells_of_the_place(tmp_path: Path) -> None:
    cells = np.full((40, 10), 100.0, "f4")
    path = write(tmp_path / "world.tif", cells, "EPSG:3857", (0.0, 12_000_000.0), cell=300_000.0)
    raster = Raster([path])
    sizes = []
    for lat in (10.0, 60.0):
        raster(np.array([10.0]), np.array([lat]))
        sizes.append(raster.source.cell_m)
    assert sizes[1] / sizes[0] == pytest.approx(0.5 / np.cos(np.radians(10)), rel=0.05)


# --- Packed files, and files that name others -----------------------------------------------------


def test_a_packed_hgt_is_read_and_other_packed_files_are_named(tmp_path: Path) -> None:
    plain = hgt(tmp_path, "N46E008", 3, lambda down, across: 3600 * (1 + down - across))
    packed = tmp_path / "N46E008.hgt.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    rng = np.random.default_rng(2)
    lon, lat = 8 + rng.uniform(0, 1, 100), 47 - rng.uniform(0, 1, 100)
    np.testing.assert_array_equal(Raster([packed])(lon, lat), Raster([plain])(lon, lat))
    other = tmp_path / "dem.tif.gz"
    other.write_bytes(gzip.compress(plane(tmp_path / "dem.tif").read_bytes()))
    with pytest.raises(HeightsError, match=r"dem\.tif\.gz is packed: unpack it"):
        Raster([other])


def vrt(path: Path, inside_band: str, attributes: str = "", root: str = "") -> Path:
    path.write_text(
        f'<VRTDataset rasterXSize="50" rasterYSize="40" {root}><SRS>EPSG:4326</SRS>'
        "<GeoTransform>8.0, 1e-4, 0, 46.01, 0, -1e-4</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1" {attributes}>{inside_band}</VRTRasterBand>'
        "</VRTDataset>"
    )
    return path


def source(name: str) -> str:
    relative = int(not name.startswith("/"))
    return (
        f'<SimpleSource><SourceFilename relativeToVRT="{relative}">{name}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource>"
    )


@pytest.mark.parametrize(
    "name",
    [
        "/vsicurl/http://127.0.0.1:9/dem.tif", "http://127.0.0.1:9/dem.tif", "/etc/passwd",
        "../outside.tif", "/vsizip/a.zip/dem.tif", "WMS:http://127.0.0.1:9/",
    ],
)  # fmt: skip
def test_a_vrt_names_only_files_beside_it(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    plane(tmp_path / "outside.tif")
    with pytest.raises(HeightsError, match=r"may only name files in its own folder|to its end"):
        Raster([vrt(folder / "dem.vrt", source(name))])(*points(*inside()))


@pytest.mark.parametrize(
    ("band", "attributes", "root"),
    [
        ("<PixelFunctionType>sum</PixelFunctionType>", 'subClass="VRTDerivedRasterBand"', ""),
        ("<SourceFilename>x</SourceFilename>", 'subClass="VRTRawRasterBand"', ""),
        ("", "", 'subClass="VRTWarpedDataset"'),
        ("<KernelFilteredSource></KernelFilteredSource>", "", ""),
    ],
)
def test_a_vrt_pastes_and_does_nothing_else(
    tmp_path: Path, band: str, attributes: str, root: str
) -> None:
    with pytest.raises(HeightsError, match="a VRT that does more than paste files"):
        Raster([vrt(tmp_path / "dem.vrt", band, attributes, root)])


def test_a_vrt_in_a_vrt_is_looked_into_and_a_vrt_of_another_name_is_none(tmp_path: Path) -> None:
    vrt(tmp_path / "inner.vrt", source("/etc/passwd"))
    with pytest.raises(HeightsError, match=r"inner\.vrt refers to /etc/passwd"):
        Raster([vrt(tmp_path / "outer.vrt", source("inner.vrt"))])
    hidden = vrt(tmp_path / "hidden.tif", source("dem.tif"))
    with pytest.raises(HeightsError, match="cannot be read as an elevation model"):
        Raster([hidden])
    with pytest.raises(HeightsError, match=r"hidden\.tif, which is no raster"):
        Raster([vrt(tmp_path / "outer.vrt", source("hidden.tif"))])


@pytest.mark.parametrize(
    "band",
    [
        "<SimpleSource><sourcefilename>/etc/passwd</sourcefilename></SimpleSource>",
        "<MaskBand><vrtrasterband subClass='VRTRawRasterBand'></vrtrasterband></MaskBand>",
        "<MaskBand><VRTRasterBand subClass='VRTRawRasterBand'></VRTRasterBand></MaskBand>",
        "<SimpleSource><SourceFilename relativeToVRT='0'>dem.tif</SourceFilename></SimpleSource>",
        source("GTIFF_DIR:1:/etc/passwd"),
        source("&lt;VRTDataset/&gt;"),
        source("&lt;GDAL_WMS&gt;&lt;/GDAL_WMS&gt;"),
        source("marked.vrt"),
        source("notes.txt"),
        source("list.hgt"),
    ],
)
def test_no_spelling_of_a_vrt_leads_out_of_its_folder(tmp_path: Path, band: str) -> None:
    plane(tmp_path / "dem.tif")
    inner = vrt(tmp_path / "inner.vrt", source("/etc/passwd"))
    (tmp_path / "marked.vrt").write_bytes(b"\xef\xbb\xbf" + inner.read_bytes())
    (tmp_path / "notes.txt").write_text("no raster")
    (tmp_path / "list.hgt").write_text("<GDAL_WMS></GDAL_WMS>")
    with pytest.raises(HeightsError) as caught:
        Raster([vrt(tmp_path / "dem.vrt", band)])
    assert "\n" not in str(caught.value)


def test_a_void_declared_for_the_band_that_is_read_is_a_void(tmp_path: Path) -> None:
    cells = PLANE.cells().astype("f4")
    cells[20, 25] = 7.0
    path = bands(tmp_path / "dem.tif", 1.0, cells)
    listed = tmp_path / "dem.vrt"
    rasterio.shutil.copy(path, listed, driver="VRT")
    head, _, tail = listed.read_text().rpartition('band="2"')
    at = tail.index(">") + 1
    listed.write_text(f'{head}band="2"{tail[:at]}<NoDataValue>7</NoDataValue>{tail[at:]}')
    row, col = inside(2000)
    read = Raster([listed], band=2)(*points(row, col))
    near = np.maximum(np.abs(row - 20), np.abs(col - 25)) < 3
    np.testing.assert_array_equal(np.isnan(read), near)


@pytest.mark.parametrize(
    "names", [("z", "canopy height"), ("background", "z"), ("dtm", "height error"), ("dsm", "dtm")]
)
def test_a_band_of_other_heights_is_not_taken_for_the_ground(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    path = bands(tmp_path / "dem.tif", PLANE.cells(), 7.0, names=names)
    if names == ("dtm", "height error"):
        read_plane(path)
        return
    with pytest.raises(HeightsError, match="say which holds the heights"):
        Raster([path])


# --- Voids that nobody declared -------------------------------------------------------------------


@pytest.mark.parametrize("code", [-9999, -32768, -32767, 32767])
@pytest.mark.parametrize("scale", [1.0, 0.1, 0.01])
def test_codes_for_no_height_are_known_before_they_are_scaled(
    tmp_path: Path, code: int, scale: float
) -> None:
    cells = np.round(PLANE.cells() / scale).astype("i2")
    cells[20, 25] = code
    path = write(tmp_path / "dem.tif", cells)
    with rasterio.open(path, "r+") as file:
        file.scales = (scale,)
    row, col = inside(2000)
    read = Raster([path])(*points(row, col))
    near = np.maximum(np.abs(row - 20), np.abs(col - 25)) < 3
    np.testing.assert_array_equal(np.isnan(read), near)


def rough(shape: tuple[int, int], level: float) -> Any:
    return (level + np.random.default_rng(3).uniform(0, 2, shape)).astype("f4")


@pytest.mark.parametrize("level", [30.0, 200.0, 1500.0])
@pytest.mark.parametrize("void", [0.0, 7.0, -1.0])
def test_a_constant_behind_a_cliff_is_no_ground(level: float, void: float) -> None:
    cells = rough((40, 60), level)
    cells[:, 30:] = void
    mask_plateaus(cells, 10.0)
    np.testing.assert_array_equal(np.isnan(cells), np.arange(60) >= 30 * np.ones((40, 1)))


def test_a_constant_beside_level_ground_takes_itself_away_and_not_the_ground() -> None:
    cells = np.full((40, 60), 200.0, "f4")
    cells[:, 30:] = 0.0
    mask_plateaus(cells, 30.0)
    assert np.isnan(cells[:, 30:]).all()
    assert (cells[:, :30] == 200.0).all()


def test_a_lake_a_terrace_and_a_quay_stay() -> None:
    lake = rough((40, 60), 200.0)
    lake[10:30, 20:40] = 199.0
    terrace = rough((40, 60), 200.0)
    terrace[10:30, 20:40] = 212.0
    quay = rough((40, 60), 2.0)
    quay[:, 30:] = 0.0
    for cells in (lake, terrace, quay):
        before = cells.copy()
        assert not mask_plateaus(cells, 10.0).any()
        np.testing.assert_array_equal(cells, before)


def test_a_sea_below_one_bluff_goes_only_there() -> None:
    cells = rough((60, 60), 2.0)
    cells[:20, :30] = rough((20, 30), 60.0)
    cells[:, 30:] = 0.0
    at_cliff = mask_plateaus(cells, 10.0)
    assert not np.isnan(cells).any()
    assert at_cliff[:19, 30].all()
    assert not at_cliff[25:].any()
    assert not at_cliff[:, 31:].any()
