"""Areas that are kept: the same as when they were built, for every place they cover."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grimp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

import hillfinder as hf
from hillfinder.demo import files, town
from hillfinder.errors import PlaceError, StreetsError
from hillfinder.model import Box, Place, StreetSource
from hillfinder.progress import Progress
from hillfinder.region.scan import ROW_MAKERS
from hillfinder.services.client import Web
from hillfinder.services.service import GRID_DEG
from hillfinder.streets.sources import osm_file, overpass
from hillfinder.streets.storage import area_cache
from hillfinder.streets.storage.area_cache import BUILDERS
from hillfinder.streets.storage.serialization import pack_network, unpack_network
from hillfinder.streets.tags.table import Ids, Tags
from tests.towns import DATA, needs_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hillfinder.demo.files import DemoFiles
    from hillfinder.streets.network import StreetNetwork

#: The arrays of a stored network: catalogues on people's disks have them under these names.
NAMES_ON_DISK = """
    node_id node_lon node_lat node_x_m node_y_m edge_u edge_v edge_way edge_length_m
    point_offset point_lon point_lat point_x_m point_y_m
    ways.ids ways.size ways.kind ways.name ways.hill ways.steps ways.structure
    decks.offset decks.x_m decks.y_m spots.point spots.kind spots.name
    profiles.offset profiles.distance_m profiles.elevation_m profiles.sigma_m
    profiles.misfit_m profiles.place_m profiles.trusted
"""
PORTLAND = DATA / "portland" / "portland-central-filtered.osm.pbf"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return files.write_town(tmp_path_factory.mktemp("gradely"))


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(offline=True, cache_dir=tmp_path / "cache")


class Heard(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Name the fields of two records that are not the same, in values or in types."""
    found = []
    for each in dataclasses.fields(one):
        mine, theirs = getattr(one, each.name), getattr(other, each.name)
        path = f"{where}{each.name}"
        if dataclasses.is_dataclass(mine) and each.name != "source":
            found += differences(mine, theirs, f"{path}.")
        elif isinstance(mine, np.ndarray):
            numbers = mine.dtype != object
            same = mine.dtype == theirs.dtype and np.array_equal(mine, theirs, equal_nan=numbers)
            found += [] if same and not theirs.flags.writeable else [path]
        elif isinstance(mine, Ids | Tags):
            found += [] if [*mine] == [*theirs] else [path]
        elif mine != theirs:
            found.append(path)
    return found


def whole(made: DemoFiles) -> StreetNetwork:
    return hf.attach(osm_file.read_extract(made.osm), hf.Raster([made.dem]))


def test_a_network_read_back_is_the_same(made: DemoFiles) -> None:
    network = whole(made)
    heights = hf.Raster([made.dem]).source
    about = {"box": (1.0, 2.0, 3.0, 4.0), "fetched": 5.0, "heights": dataclasses.asdict(heights)}
    area = area_cache._unpacked_area(pack_network(network), about)
    assert area is not None
    assert differences(network, area.network) == []
    assert (area.box, area.fetched, area.heights) == ((1.0, 2.0, 3.0, 4.0), 5.0, heights)


def test_what_fits_in_no_fewer_bytes_is_read_back_the_same_too(made: DemoFiles) -> None:
    network = whole(made)
    ids, lon = network.node_id.copy(), network.point_lon.copy()
    ids[:4] = -(1 << 40), -129, 128, (1 << 40)
    lon[0] += 1e-9  # OpenStreetMap has seven places, a graph may have more
    far = dataclasses.replace(network, node_id=ids, point_lon=lon)
    read = unpack_network(pack_network(far))
    assert read is not None
    assert differences(far, read) == []
    assert (read.node_id.dtype, read.edge_u.dtype) == (ids.dtype, network.edge_u.dtype)


def test_one_number_laid_out_as_an_array_is_packed_once(made: DemoFiles) -> None:
    network = whole(made)
    none = dataclasses.replace(network, point_x_m=np.broadcast_to(0.5, len(network.point_x_m)))
    packed = pack_network(none)
    read = unpack_network(packed)
    assert read is not None
    assert differences(none, read) == []
    assert len(pack_network(network)) - len(packed) > 7 * len(network.point_x_m)


def test_nothing_is_unpickled() -> None:
    packed = io.BytesIO()
    np.savez(packed, text=np.array([{"a": 1}], object))
    assert unpack_network(packed.getvalue()) is None
    assert unpack_network(b"no arrays") is None


def search(made: DemoFiles, web: Web) -> hf.Hills:
    return hf.near(town.DOOR, streets=made.osm, dem=made.dem, web=web)


def test_a_second_search_reads_no_street_and_no_height(made: DemoFiles, web: Web) -> None:
    first = search(made, web)
    times = {path: path.stat().st_mtime_ns for path in (made.osm, made.dem)}
    content = {path: path.read_bytes() for path in times}
    try:
        for path, changed in times.items():  # what is not read may be anything
            path.write_bytes(bytes(len(content[path])) if path == made.osm else content[path])
            os.utime(path, ns=(changed, changed))
        assert search(made, web).to_json() == first.to_json()
    finally:
        for path, changed in times.items():
            path.write_bytes(content[path])
            os.utime(path, ns=(changed, changed))
    assert len(web.cache.entries("areas")) == 1


@pytest.mark.slow
def test_a_file_that_changed_is_read_again(made: DemoFiles, web: Web, tmp_path: Path) -> None:
    mine = tmp_path / "mine.osm"
    mine.write_bytes(made.osm.read_bytes())
    first = hf.near(town.DOOR, streets=mine, dem=made.dem, web=web)
    mine.write_text(mine.read_text(encoding="utf-8").replace("Lane", "Loan"), encoding="utf-8")
    os.utime(mine, ns=(1, 1))
    second = hf.near(town.DOOR, streets=mine, dem=made.dem, web=web)
    assert "Lane" in first.to_json()
    assert "Lane" not in second.to_json()


@pytest.mark.parametrize("damage", [b"", b"half", None])
def test_a_damaged_area_is_dropped_and_built_anew(
    made: DemoFiles, web: Web, damage: bytes | None
) -> None:
    first = search(made, web).to_json()
    paths = [web.cache_dir / entry.name for entry in web.cache.entries("areas")]
    content = [path.read_bytes() for path in paths]
    for path, data in zip(paths, content, strict=True):
        path.write_bytes(data[:-9] if damage is None else damage)
    assert search(made, web).to_json() == first
    read = [web.cache.read(entry.name) for entry in web.cache.entries("areas")]
    assert len(read) == 1
    assert None not in read


def test_an_area_that_other_code_built_is_dropped(
    made: DemoFiles, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    search(made, web)
    old = {entry.about["code"] for entry in web.cache.entries("areas")}
    monkeypatch.setattr(area_cache, "code_checksum", lambda: "another")
    progress = Heard()
    search(made, dataclasses.replace(web, progress=progress))
    assert {entry.about["code"] for entry in web.cache.entries("areas")} == {"another"}
    assert old != {"another"}
    assert progress.said.count("The streets cached by another version are built again.") == 1


@pytest.mark.parametrize("also", [(), ROW_MAKERS])
def test_the_checksum_covers_all_code_that_decides_what_is_kept(also: tuple[str, ...]) -> None:
    covered = [
        f"hillfinder.{each.removesuffix('.py').replace('/', '.')}" for each in (*BUILDERS, *also)
    ]
    graph = grimp.build_graph("hillfinder", exclude_type_checking_imports=True)

    def within(module: str, packages: Iterable[str]) -> bool:
        return any(f"{module}.".startswith(f"{each}.") for each in packages)

    imported = {
        module
        for importer in graph.modules
        if within(importer, covered)
        for module in graph.find_modules_directly_imported_by(importer)
    }
    # What carries bytes, tells of them or draws them changes none of them. Criteria are noted.
    harmless = ["errors", "progress", "criteria", "services", "output"]
    beside = [f"hillfinder.{each}" for each in harmless]
    assert {each for each in imported if not within(each, [*covered, *beside])} == set()


def test_an_edit_in_any_folder_changes_the_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "hillfinder"
    shutil.copytree(Path(hf.__file__).parent, package)
    monkeypatch.setattr(
        area_cache, "__file__", str(package / "streets" / "storage" / "area_cache.py")
    )
    checksum = area_cache.code_checksum.__wrapped__
    seen = {checksum()}
    for edited in ("earth.py", "streets/tags/access.py", "elevation/sources/tiles.py"):
        with (package / edited).open("a") as file:
            file.write("# edited")
        seen.add(checksum())
    assert len(seen) == 4
    with (package / "find.py").open("a") as file:
        file.write("# edited")
    assert checksum() in seen


def test_the_names_written_to_disk_stay(made: DemoFiles) -> None:
    packed = pack_network(whole(made))
    head = json.loads(packed[8 : 8 + int.from_bytes(packed[:8], "little")])
    assert {name for name, *_ in head.pop("arrays")} == set(NAMES_ON_DISK.split())
    assert sorted(head) == ["blur", "crs", "names", "nodes_known", "sets", "source", "spots"]
    assert sorted(head["source"]) == ["attribution", "date", "name"]


def test_heights_without_a_key_are_not_kept(made: DemoFiles, web: Web) -> None:
    class Flat:
        source = hf.Raster([made.dem]).source

        def __call__(self, lon: Any, lat: Any) -> Any:
            return np.zeros(len(lon)) + 100 * lat + 100 * lon

    hf.near(town.DOOR, streets=made.osm, dem=Flat(), web=web)
    assert [entry.about["heights"]["name"] for entry in web.cache.entries("areas")] == ["none"]


@pytest.mark.parametrize("dated", [True, False])
def test_an_old_area_serves_and_says_so(made: DemoFiles, web: Web, *, dated: bool) -> None:
    then = time.time() - 200 * 86_400
    date = datetime.fromtimestamp(then, UTC).isoformat() if dated else None
    network = dataclasses.replace(
        osm_file.read_extract(made.osm), source=StreetSource("them", date)
    )
    fetched = time.time() if dated else then
    wanted = area_cache.Wanted(
        "there", None, lambda: area_cache.Area(network, None, fetched), ages=True
    )
    area_cache.get(wanted, web)
    heard = Heard()
    again = dataclasses.replace(web, progress=heard)
    assert len(area_cache.get(wanted, again).network) == len(network)
    assert heard.said == [
        "The streets of this area are 200 days old: --refresh downloads them again."
    ]
    area_cache.get(dataclasses.replace(wanted, ages=False), again)
    assert len(heard.said) == 1


def test_what_must_be_fresh_is_made_anew(made: DemoFiles, web: Web) -> None:
    network = osm_file.read_extract(made.osm)
    times: list[float] = []

    def make() -> area_cache.Area:
        times.append(time.time())
        return area_cache.Area(network, None, times[-1])

    wanted = area_cache.Wanted("there", None, make)
    area_cache.get(wanted, web)
    area_cache.get(wanted, web)
    fresh = Web(cache_dir=web.cache_dir, fresh_from=time.time())
    for _ in range(2):
        area_cache.get(wanted, fresh)
    assert len(times) == 2


def test_the_newest_area_that_covers_serves(made: DemoFiles, web: Web) -> None:
    network = osm_file.read_extract(made.osm)

    def area(box: Box, fetched: float) -> area_cache.Wanted:
        return area_cache.Wanted("there", box, lambda: area_cache.Area(network, box, fetched))

    for box, fetched in (((0, 0, 3, 3), 40.0), ((0, 0, 8, 8), 30.0), ((0, 0, 9, 9), 10.0)):
        area_cache.get(area(box, fetched), web)
    assert area_cache.get(area((1, 1, 5, 5), 99.0), web).fetched == 30.0
    assert area_cache.get(area((1, 1, 8.5, 8.5), 99.0), web).fetched == 10.0
    assert area_cache.get(area((1, 1, 8.5, 9.5), 99.0), web).fetched == 99.0


def test_a_disk_that_keeps_nothing_costs_no_answer(made: DemoFiles, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = Web(offline=True, cache_dir=tmp_path / "cache")
    none = Web(offline=True, cache_dir=tmp_path / "file")
    assert search(made, none).to_json() == search(made, kept).to_json()


# --- Boxes ----------------------------------------------------------------------------------------

LATS, LONS = st.floats(-79.0, 83.0), st.floats(-180, 180)


@given(LATS, LONS, st.floats(500, 20_000), st.floats(0, 360), st.floats(0, 399))
def test_a_start_up_to_400_m_away_needs_no_other_area(
    lat: float, lon: float, radius_m: float, course: float, away_m: float
) -> None:
    box = overpass.grid_box(Place(lat, lon), radius_m + area_cache.NEIGHBOURS_M)
    to_lon, to_lat, _ = Geod(ellps="WGS84").fwd(lon, lat, course, away_m)
    wanted = area_cache.Wanted(
        "", area_cache.box_around(Place(to_lat, to_lon), radius_m), pytest.fail
    )
    assert area_cache._covers(box, wanted)


@given(LATS, LONS, st.floats(0, 1), st.floats(0, 1), st.floats(500, 20_000))
def test_all_doors_of_a_cell_ask_for_the_same(
    lat: float, lon: float, up: float, right: float, radius_m: float
) -> None:
    steps = round(1 / GRID_DEG)
    south, west = math.floor(lat * steps) / steps, math.floor(lon * steps) / steps
    other = Place(south + up * 0.0099 + 1e-6, min(180.0, west + right * 0.0099 + 1e-6))
    assert overpass.grid_box(other, radius_m) == overpass.grid_box(Place(lat, lon), radius_m)
    for side in overpass.grid_box(other, radius_m):
        assert side == round(side * steps) / steps


def test_an_area_does_not_cover_what_lies_beyond_it() -> None:
    def covers(box: Box | None, bounds: Box | None) -> bool:
        return area_cache._covers(box, area_cache.Wanted("", bounds, pytest.fail))

    assert covers((1, 1, 2, 2), (1, 1, 2, 2))
    assert covers(None, (1, 1, 2, 2))
    assert covers(None, None)
    assert not covers((1, 1, 2, 2), None)
    assert not covers((1, 1, 2, 2), (0.9, 1, 2, 2))
    assert not covers((1, 1, 2, 2), (1, 1, 2.1, 2))
    assert not covers((1, 1, 2, 2), (1, 0.9, 2, 2))
    assert not covers((1, 1, 2, 2), (1, 1, 2, 2.1))
    assert covers((179, 0, 181, 1), (179.5, 0, -179.5, 1))
    assert covers((-181, 0, -179, 1), (179.5, 0, -179.5, 1))
    assert not covers((179, 0, 180, 1), (179.5, 0, -179.5, 1))


@pytest.mark.parametrize("lat", [90.0, -89.99])
def test_near_a_pole(lat: float) -> None:
    with pytest.raises(PlaceError, match="of a pole"):
        area_cache.box_around(Place(lat, 0), 5000)


# --- What is cut out ------------------------------------------------------------------------------


def lines(network: StreetNetwork) -> set[tuple[Any, ...]]:
    """Every edge: way, ends, length, tags and heights."""
    profiles = network.profiles
    assert profiles is not None
    return {
        (
            network.ways.ids[network.edge_way[row]],
            int(network.node_id[network.edge_u[row]]),
            int(network.node_id[network.edge_v[row]]),
            float(network.edge_length_m[row]),
            tuple(network.ways.tags(int(network.edge_way[row])).items()),
            bool(network.ways.hill[network.edge_way[row]]),
            network.point_lon[network.point_offset[row] : network.point_offset[row + 1]].tobytes(),
            profiles.elevation_m[profiles.offset[row] : profiles.offset[row + 1]].tobytes(),
        )
        for row in range(len(network))
    }


@given(st.floats(-1500, 1500), st.floats(-1500, 1500), st.floats(100, 1500))
@settings(max_examples=30, deadline=None)
def test_what_is_cut_out_is_every_way_that_touches(
    east_m: float, north_m: float, radius_m: float
) -> None:
    network = WHOLE[0]
    lat, lon = town.DOOR.lat + north_m / 111_195, town.DOOR.lon + east_m / 77_000
    bounds = area_cache.box_around(Place(lat, lon), radius_m)
    west, south, east, north = bounds
    ways = set()
    for row in range(len(network)):  # slow and obvious
        run = slice(network.point_offset[row], network.point_offset[row + 1])
        x, y = network.point_lon[run], network.point_lat[run]
        if x.min() <= east and x.max() >= west and y.min() <= north and y.max() >= south:
            ways.add(network.edge_way[row])
    expected = {
        line for line, way in zip(_in_order(network), network.edge_way, strict=True) if way in ways
    }
    if not expected:
        with pytest.raises(StreetsError, match="near the place"):
            area_cache.cut_to_box(network, bounds)
        return
    assert lines(area_cache.cut_to_box(network, bounds)) == expected


def _in_order(network: StreetNetwork) -> list[tuple[Any, ...]]:
    found = lines(network)
    profiles = network.profiles
    assert profiles is not None
    by_line = {(line[0], line[1], line[2], line[6]): line for line in found}
    return [
        by_line[
            network.ways.ids[network.edge_way[row]],
            int(network.node_id[network.edge_u[row]]),
            int(network.node_id[network.edge_v[row]]),
            network.point_lon[network.point_offset[row] : network.point_offset[row + 1]].tobytes(),
        ]
        for row in range(len(network))
    ]


@pytest.fixture(scope="module", autouse=True)
def _whole(made: DemoFiles) -> None:
    WHOLE[:] = [whole(made)]


WHOLE: list[StreetNetwork] = []


@needs_data
def test_an_area_cut_to_a_place_has_the_streets_that_the_file_has_there() -> None:
    place = Place(45.512, -122.696)
    area = osm_file.read_extract(PORTLAND, area_cache.box_around(place, 4000))
    bounds = area_cache.box_around(Place(45.514, -122.69), 2000)
    mine, theirs = area_cache.cut_to_box(area, bounds), osm_file.read_extract(PORTLAND, bounds)
    assert set(mine.ways.ids) == set(theirs.ways.ids)
    assert mine.total_length_m == pytest.approx(theirs.total_length_m, rel=1e-4)
    assert len(mine.decks.offset) >= len(theirs.decks.offset)
