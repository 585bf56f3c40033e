"""The elevation services by name: which is chosen, what they say, and the whole job with each."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import hillfinder as hf
from hillfinder.cli import main
from hillfinder.cli.commands.probes import services
from hillfinder.elevation.sources.fallback import Chain
from hillfinder.elevation.sources.given import heights_from
from hillfinder.elevation.sources.registry import (
    ELEVATION_SERVICES,
    TERRARIUM,
    service_names,
)
from hillfinder.elevation.sources.selection import choose, look
from hillfinder.errors import HeightsError, InputError, OfflineError, ServiceError
from hillfinder.model import Place
from hillfinder.services.client import Web
from tests.elevation.test_cog import PLACE as USGS_FILE
from tests.towns import DATA, needs_data
from tests.world import Answer, Files, Mapterhorn, Terrarium, cloud_optimised, of_raster
from tests.world.service import HTML, cut, status
from tests.world.terrarium import wrong_tile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.world.service import Fault

CITY = DATA / "portland"
DEM, STREETS = CITY / "portland-ned.tif", CITY / "portland-central-filtered.osm.pbf"
DOOR, NEXT_DOOR = Place(45.5120, -122.6960), Place(45.5140, -122.6985)
COPERNICUS_FILE = "/{0}/{0}.tif".format("Copernicus_DSM_COG_10_N45_00_W123_00_DEM")
SOON = hf.Criteria(warmup_min=(0, 15))
AT = np.array([DOOR.lon]), np.array([DOOR.lat])


@dataclass
class World:
    """All four services, and a door to them."""

    usgs: Files
    copernicus: Files
    terrarium: Terrarium
    mapterhorn: Mapterhorn
    web: Web

    def asked(self) -> list[int]:
        """How many requests each of them has had."""
        services = (self.usgs, self.terrarium, self.copernicus, self.mapterhorn)
        return [len(service.requests) for service in services]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Portland's model, served in four ways."""
    surface = of_raster(DEM)
    with ExitStack() as stack:
        usgs, copernicus = stack.enter_context(Files()), stack.enter_context(Files())
        usgs.files[USGS_FILE] = copernicus.files[COPERNICUS_FILE] = cloud_optimised(DEM)
        terrarium = stack.enter_context(Terrarium(surface, "ned13/imgn46w123_13.tif"))
        mapterhorn = stack.enter_context(Mapterhorn(surface))
        web = Web(
            cache_dir=tmp_path / "cache",
            addresses={
                "HILLFINDER_USGS_URL": usgs.url + "/{tile}/USGS_13_{tile}.tif",
                "HILLFINDER_COPERNICUS_URL": copernicus.url + "/{tile}/{tile}.tif",
                "HILLFINDER_TERRARIUM_URL": terrarium.template,
                "HILLFINDER_MAPTERHORN_URL": mapterhorn.template,
            },
            sleep=lambda _: None,
        )
        yield World(usgs, copernicus, terrarium, mapterhorn, web)


def east_of(column: int, path: Path) -> Path:
    """Write the part of the model from a column on."""
    import rasterio
    from rasterio.transform import Affine
    from rasterio.windows import Window

    with rasterio.open(DEM) as file:
        window = Window(column, 0, file.width - column, file.height)
        cell_x, _, west, _, cell_y, north = file.transform[:6]
        place = Affine(cell_x, 0, west + column * cell_x, 0, cell_y, north)
        how = {**file.profile, "width": file.width - column, "transform": place}
        with rasterio.open(path, "w", **how) as out:
            out.write(file.read(window=window))
    return path


def lines(hills: hf.Hills) -> list[dict[str, object]]:
    """Return the hills as JSON, which is all that is said of them."""
    found: list[dict[str, object]] = json.loads(hills.to_json())["hills"]
    return found


# --- The choice -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (DOOR, ["USGS 3DEP 1/3 arc-second", "terrarium tiles", "Copernicus GLO-30"]),
        (Place(21.3, -157.8), ["USGS 3DEP 1/3 arc-second", "terrarium tiles", "Copernicus GLO-30"]),
        (Place(48.85, 2.35), ["terrarium tiles", "Copernicus GLO-30"]),
        (Place(-33.86, 151.2), ["terrarium tiles", "Copernicus GLO-30"]),
    ],
)
def test_the_best_there_is_depends_on_the_place(place: Place, names: list[str]) -> None:
    chosen = choose("auto", place, Web(offline=True))
    assert [source.source.name for source in chosen] == names


def test_every_name_stands_for_something_and_no_other_does() -> None:
    for name in service_names():
        assert choose(name, DOOR, Web(offline=True))
    with pytest.raises(InputError, match='called "lidar": give auto, 3dep, terrarium'):
        hf.near(DOOR, elevation="lidar", web=Web(offline=True))


def test_offline_opens_no_socket_and_names_what_is_missing(tmp_path: Path) -> None:
    """Addresses that would fail in another way, were they asked."""
    web = Web(
        offline=True,
        cache_dir=tmp_path,
        addresses={"HILLFINDER_USGS_URL": "http://127.0.0.1:9/{tile}"},
    )
    for name in service_names():
        with pytest.raises(OfflineError, match="heights are not kept on this machine") as told:
            hf.Chain(choose(name, DOOR, web))(*AT)
        assert str(told.value).count("network is switched off") == 1
        assert "--dem FILE" in str(told.value)


# --- What they know of a place --------------------------------------------------------------------


@needs_data
def test_what_they_know_of_a_place(world: World) -> None:
    by_name = {known.name: look(known, DOOR, world.web) for known in ELEVATION_SERVICES}
    truth = float(hf.Raster([DEM])(*AT)[0])
    assert by_name["3dep"].elevation_m == truth
    for found in by_name.values():
        assert found.elevation_m == pytest.approx(truth, abs=0.5)
    assert str(by_name["terrarium"].source).count("terrarium tiles of ned13") == 1
    world.usgs.always = status(503)
    paris = Place(48.85, 2.35)
    far = {known.name: look(known, paris, world.web) for known in ELEVATION_SERVICES}
    assert all(found.elevation_m is None for found in far.values())
    world.terrarium.always = status(503)
    nearer = look(TERRARIUM, Place(45.53, -122.65), world.web)
    assert nearer.problem == "answered 503 Service Unavailable"


@needs_data
def test_the_list_as_a_person_and_as_a_program_reads_it(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable, address in world.web.addresses.items():
        monkeypatch.setenv(variable, address)
    monkeypatch.setenv("HILLFINDER_CACHE_DIR", str(world.web.cache_dir))
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["sources"]) == 0
    text = capsys.readouterr().out
    assert world.asked() == [0, 0, 0, 0]
    for known in ELEVATION_SERVICES:
        assert known.name in text
        assert known.service.credit.split()[0] in text
    assert max(map(len, text.splitlines())) <= 80
    assert main(["sources", "45.5120,-122.6960"]) == 0
    text = capsys.readouterr().out
    height = float(hf.Raster([DEM])(*AT)[0])
    assert f"3dep: {height:.1f} m, bare earth, 10.3 m cells, from USGS 3DEP" in text
    assert "10 m cells, from terrarium tiles of ned13" in text
    asked = world.asked()
    assert asked == [2, 1, 2, 1]
    assert main(["sources", "45.5120,-122.6960", "--offline", "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["place"] == {"name": "", "lat": 45.512, "lon": -122.696}
    first = record["sources"][0]
    assert first["name"] == "3dep"
    assert first["at_place"] == {
        "covered": True,
        "elevation_m": round(height, 2),
        "name": "USGS 3DEP 1/3 arc-second",
        "kind": "bare earth",
        "cell_m": 10.3,
        "problem": None,
    }
    assert main(["sources", "48.85,2.35", "--offline", "--format", "json"]) == 4
    out, err = capsys.readouterr()
    assert err == "No elevation service could be asked for this place.\n"
    here = [each["at_place"] for each in json.loads(out)["sources"]]
    assert [each["covered"] for each in here] == [False, None, None, None]
    assert here[1]["problem"] == "not kept here, and the network is off"
    assert all(each.keys() == first["at_place"].keys() for each in here)
    assert main(["sources", "nowhere,", "--offline"]) in {2, 4}
    assert "Traceback" not in capsys.readouterr().err
    assert world.asked() == asked


# --- The whole job --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def streets() -> hf.StreetNetwork:
    """Two square kilometres of the West Hills, within the model."""
    return hf.read_extract(STREETS, (-122.704, 45.5, -122.688, 45.518))


@pytest.fixture(scope="module")
def local(streets: hf.StreetNetwork) -> hf.Hills:
    """The hills from the file itself."""
    heights = hf.Raster([DEM], kind="bare earth")
    return hf.near(DOOR, SOON, streets=streets, dem=heights)


@needs_data
def test_through_3dep_the_hills_are_those_of_the_file(
    world: World, streets: hf.StreetNetwork, local: hf.Hills
) -> None:
    hills = hf.near(DOOR, SOON, streets=streets, elevation="3dep", web=world.web)
    assert lines(hills) == lines(local)
    assert world.asked() == [3, 0, 0, 0]
    assert sum(size for _, _, size in world.usgs.spans) < 1_600_000
    source = json.loads(hills.to_json())["sources"]["elevation"]
    assert source == {
        "name": "USGS 3DEP 1/3 arc-second (98 %)",  # some streets leave the model
        "kind": "bare earth",
        "cell_m": 10.3,
        "attribution": "U.S. Geological Survey, 3D Elevation Program, public domain",
    }
    # The door 300 m away, and the train.
    hf.near(NEXT_DOOR, SOON, streets=streets, elevation="3dep", web=world.web)
    off = replace(world.web, offline=True)
    again = hf.near(DOOR, SOON, streets=streets, elevation="3dep", web=off)
    assert lines(again) == lines(local)
    assert world.asked() == [3, 0, 0, 0]


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("name", ["terrarium", "mapterhorn"])
def test_through_tiles_the_hills_are_the_same_but_for_rounding(
    world: World, streets: hf.StreetNetwork, local: hf.Hills, name: str
) -> None:
    hills = hf.near(DOOR, SOON, streets=streets, elevation=name, web=world.web)
    by_way = {way: hill.grade for hill in hills for way in hill.climb.way_ids}
    grades = [
        (hill.grade, by_way[hill.climb.way_ids[0]])
        for hill in local
        if hill.climb.way_ids[0] in by_way
    ]
    # The tiles are read between cells once more, and Mapterhorn is smoothed as the finer model
    # that it claims to be.
    assert len(grades) >= (10 if name == "terrarium" else 8)
    assert np.abs(np.diff(grades)).max() < (0.005 if name == "terrarium" else 0.015)
    assert name in hills.heights.name.lower()
    assert max(world.asked()) <= 40


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("fault", [status(403), status(404), status(503), HTML, cut])
def test_where_one_fails_the_next_serves(
    world: World, streets: hf.StreetNetwork, fault: Fault
) -> None:
    """3DEP, then terrarium tiles, then Copernicus; what failed is said."""
    told = "" if fault(Answer()).status == 404 else "; without USGS 3DEP 1/3 arc-second ("
    world.usgs.always = fault
    hills = hf.near(DOOR, SOON, streets=streets, web=world.web)
    assert len(hills) == 10
    assert hills.heights.name.startswith("terrarium tiles of ned13")
    assert told in hills.heights.name
    new = replace(world.web, cache_dir=world.web.cache_dir / "new")
    world.terrarium.always = fault
    third = hf.near(DOOR, SOON, streets=streets, web=new)
    assert third.heights.name.startswith("Copernicus GLO-30")
    assert third.heights.kind == "surface"
    assert "DLR e.V." in third.to_json()
    assert third.heights.name.count("without") == (2 if told else 0)
    world.copernicus.always = fault
    newer = replace(world.web, cache_dir=world.web.cache_dir / "newer")
    with pytest.raises(ServiceError if told else hf.HillfinderError) as last:
        hf.near(DOOR, SOON, streets=streets, web=newer)
    assert "elevation" in str(last.value)


@needs_data
def test_a_hole_in_the_first_is_filled_by_the_second(
    world: World, streets: hf.StreetNetwork, local: hf.Hills
) -> None:
    """3DEP's file lacks the land west of the West Hills; the tiles have it."""
    half = east_of(150, world.web.cache_dir.parent / "half.tif")
    world.usgs.files[USGS_FILE] = cloud_optimised(half)
    hills = hf.near(DOOR, SOON, streets=streets, web=world.web)
    assert "USGS 3DEP 1/3 arc-second (" in hills.heights.name
    assert "terrarium tiles of ned13 (" in hills.heights.name
    assert "3D Elevation Program" in str(hills.heights.attribution)
    assert "joerd" in str(hills.heights.attribution)
    steepest = max(hill.climb.max_grade for hill in local)
    assert max(hill.climb.max_grade for hill in hills) < steepest + 0.03


@needs_data
def test_files_of_ones_own_come_first_and_alone_unless_more_is_asked_for(
    world: World, streets: hf.StreetNetwork
) -> None:
    mine = east_of(150, world.web.cache_dir.parent / "mine.tif")
    alone = hf.near(DOOR, SOON, streets=streets, dem=mine, web=world.web)
    assert world.asked() == [0, 0, 0, 0]
    assert alone.heights.name.startswith("mine.tif (")
    both = hf.near(DOOR, SOON, streets=streets, dem=mine, elevation="3dep", web=world.web)
    assert both.heights.name.startswith(alone.heights.name)
    assert "USGS 3DEP 1/3 arc-second (" in both.heights.name
    assert both.heights.kind == "unknown"
    assert world.asked() == [3, 0, 0, 0]
    off = replace(world.web, offline=True, cache_dir=world.web.cache_dir / "new")
    without = hf.near(DOOR, SOON, streets=streets, dem=mine, elevation="terrarium", web=off)
    assert lines(without) == lines(alone)
    assert without.heights.name == (
        f"{alone.heights.name}; without terrarium tiles (not kept here, and the network is off)"
    )
    assert world.asked() == [3, 0, 0, 0]


def test_heights_that_do_not_say_what_they_are_are_refused() -> None:
    with pytest.raises(InputError, match="give it an attribute source"):
        heights_from(lambda lon, lat: lon + lat, None, Place(46, 8), Web(offline=True))  # type: ignore[arg-type]


@pytest.mark.slow
def test_where_one_zoom_sends_tiles_of_elsewhere_the_coarser_ones_are_not_believed(
    tmp_path: Path,
) -> None:
    with Mapterhorn(lambda lon, lat: 300 + 900 * (lat - 46) + 700 * (lon - 8)) as server:
        server.always = wrong_tile
        web = Web(cache_dir=tmp_path, addresses={"HILLFINDER_MAPTERHORN_URL": server.template})
        heights = Chain(choose("mapterhorn", Place(46.0, 8.0), web))
        lon, lat = np.meshgrid(np.linspace(7.98, 8.02, 9), np.linspace(45.98, 46.02, 9))
        with pytest.raises(HeightsError, match="sends tiles that do not fit each other"):
            heights(lon.ravel(), lat.ravel())
        assert {request.path.split("/")[1] for request in server.requests} == {"14"}
        server.always = None
        assert np.isfinite(heights(lon.ravel(), lat.ravel())).all()


# --- One entry is enough --------------------------------------------------------------------------

ADDED = """if True:
    import sys
    from dataclasses import replace
    from hillfinder.elevation.sources import registry
    known = registry.MAPTERHORN
    service = replace(
        known.service, name="Made Up", address="https://tiles.invalid/{z}", credit="(c) Nobody",
        variable="HILLFINDER_MADE_UP_URL", probe=registry.tile_probe(b"WEBP"))
    registry.ELEVATION_SERVICES += (
        replace(known, name="made-up", title="Made-up tiles", service=service),)
    from hillfinder.cli import main
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", [None, "46.0,8.0"])
def test_a_new_entry_is_enough(tmp_path: Path, place: str | None) -> None:
    lon, lat = 8.0, 46.0
    with Mapterhorn(lambda lon, lat: 500 + 0 * lon + 100 * (lat - 46)) as server:
        environment = (
            os.environ
            | {
                "COLUMNS": "200",
                "HILLFINDER_CACHE_DIR": str(tmp_path),
                "HILLFINDER_MADE_UP_URL": server.template,
            }
            | {each.service.variable: "http://127.0.0.1:9/{z}{tile}" for each in ELEVATION_SERVICES}
            | {
                f"HILLFINDER_{name}_URL": "http://127.0.0.1:9"
                for name in ("OVERPASS", "NOMINATIM", "OPENMETEO")
            }
        )

        def run(*words: str) -> str:
            command = [sys.executable, "-c", ADDED, *words]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            assert "Traceback" not in done.stderr
            return done.stdout + done.stderr

        if place is None:
            assert "copernicus, mapterhorn, made-up (see" in " ".join(run("near", "--help").split())
            listed = run("sources")
            assert "Made-up tiles" in listed
            assert "made-up: (c) Nobody" in listed
            assert "give auto, 3dep, terrarium, copernicus, mapterhorn, made-up" in " ".join(
                run("near", f"{lat},{lon}", "--elevation", "lidar").split()
            )
            assert not server.requests
        else:
            assert "ok   Made Up (127.0.0.1:" in run("check")
            here = run("sources", place, "--format", "json")
            assert '"elevation_m": 500.0' in here


def test_no_service_is_found_by_the_name_of_an_attribute() -> None:
    package = Path(hf.__file__).parent
    for path in package.rglob("*.py"):
        text = path.read_text()
        assert not re.search(r"getattr\((self\._)?web\b", text), path
        assert not re.search(r"web\.\w+_url\b", text), path


def test_every_service_says_where_it_is() -> None:
    for service in services():
        assert re.fullmatch(r"HILLFINDER_[A-Z0-9]+_URL", service.variable)
        assert Web(addresses={service.variable: service.address}).urls(service)
        assert all(url.startswith("https://") for url in Web().urls(service))
    assert len({service.variable for service in services()}) == len(services())
