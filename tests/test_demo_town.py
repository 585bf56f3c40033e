"""The made-up town is what it says it is: everything else leans on its grades being true."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import networkx as nx
import numpy as np
import osmium
import pytest
import rasterio
from pyproj import Transformer
from shapely import LineString, MultiLineString
from shapely import Point as Spot

from hillfinder.demo import files, terrain, town
from hillfinder.demo.terrain import height_m
from hillfinder.demo.town import KNOWN_HILLS, WAYS, KnownHill
from hillfinder.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from hillfinder.demo.town import LineM
    from hillfinder.model import Floats

ISLAND = {801, 802, 803}
HILLS = [hill for hill in KNOWN_HILLS if hill.is_hill]
#: 10 and 20 minutes at 7:00 a kilometre.
NEAREST_M, FARTHEST_M = 10 / 7 * 1000, 20 / 7 * 1000


class Read(NamedTuple):
    """What pyosmium found in the file: metres for degrees."""

    node_ids: list[int]
    xy: dict[int, tuple[float, float]]
    refs: dict[int, list[int]]
    tags: dict[int, dict[str, str]]

    def line(self, way_id: int) -> LineM:
        return tuple(self.xy[ref] for ref in self.refs[way_id])

    def streets(self) -> list[int]:
        return [way_id for way_id, tags in self.tags.items() if "highway" in tags]

    def graph(self) -> nx.Graph[int]:
        graph: nx.Graph[int] = nx.Graph()
        for way_id in self.streets():
            refs = self.refs[way_id]
            for u, v in pairwise(refs):
                graph.add_edge(u, v, length_m=math.dist(self.xy[u], self.xy[v]))
        return graph


def label(hill: KnownHill) -> str:
    return f"{hill.name or 'unnamed'} {hill.way_ids[0]} {hill.stretch[0][1]:.0f}"


def along(line: LineM, every_m: float) -> tuple[Floats, Floats]:
    """Return the distances and ground heights of points ``every_m`` along a line."""
    path = LineString(line)
    distance = np.arange(0, path.length, every_m)
    points = [path.interpolate(at) for at in distance]
    return distance, height_m([p.x for p in points], [p.y for p in points])


def steepest(line: LineM, over_m: float = 100.0) -> float:
    """Return the greatest grade of the ground under a line, either way, over ``over_m``."""
    _, height = along(line, 5.0)
    span = int(over_m / 5)
    return float(np.abs(height[span:] - height[:-span]).max(initial=0.0) / over_m)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> files.DemoFiles:
    return files.write_town(tmp_path_factory.mktemp("gradely") / "new" / "folder")


@pytest.fixture(scope="module")
def read(written: files.DemoFiles) -> Read:
    node_ids, lon, lat = [], [], []
    refs, tags = {}, {}
    for item in osmium.FileProcessor(str(written.osm)):
        if isinstance(item, osmium.osm.Node):
            node_ids.append(item.id)
            lon.append(item.lon)
            lat.append(item.lat)
        elif isinstance(item, osmium.osm.Way):
            refs[item.id] = [node.ref for node in item.nodes]
            tags[item.id] = dict(item.tags)
    x, y = Transformer.from_crs("EPSG:4326", town.CRS, always_xy=True).transform(lon, lat)
    xy = dict(zip(node_ids, zip(x, y, strict=True), strict=True))
    return Read(node_ids, xy, refs, tags)


def test_pyosmium_reads_what_the_table_says(read: Read) -> None:
    assert read.node_ids == list(range(1, len(read.node_ids) + 1))
    assert list(read.refs) == [way.id for way in WAYS] == sorted(read.refs)
    for way in WAYS:
        assert read.tags[way.id] == way.tags
        assert len(read.refs[way.id]) >= len(way.line)
        drawn = LineString(way.line)
        for point in read.line(way.id):
            assert drawn.distance(Spot(point)) < 0.02
        for point in way.line:
            assert LineString(read.line(way.id)).distance(Spot(point)) < 0.02


def test_the_file_states_its_bounds(written: files.DemoFiles, read: Read) -> None:
    with osmium.io.Reader(str(written.osm)) as reader:
        box = reader.header().box()
    to_degrees = Transformer.from_crs(town.CRS, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(*np.array(list(read.xy.values())).T)
    stated = [box.bottom_left.lon, box.top_right.lon, box.bottom_left.lat, box.top_right.lat]
    assert stated == pytest.approx([lon.min(), lon.max(), lat.min(), lat.max()], abs=2e-7)


def test_every_cell_centre_has_the_height_of_the_formula(written: files.DemoFiles) -> None:
    with rasterio.open(written.dem) as raster:
        heights = raster.read(1)
        x, y = raster.xy(*np.mgrid[0 : raster.height, 0 : raster.width].reshape(2, -1))
        to_metres = Transformer.from_crs("EPSG:4326", raster.crs.to_wkt(), always_xy=True)
        assert raster.res == (5.0, 5.0)
        assert raster.nodata == files.NODATA
        assert heights.dtype == np.float32
    assert np.array_equal(heights.ravel(), height_m(x, y).astype(np.float32))
    assert max(heights.shape) < 1000
    assert np.allclose(to_metres.transform(town.DOOR.lon, town.DOOR.lat), (0, 0), atol=1e-6)


def test_a_metre_of_the_town_is_a_metre_on_the_ground() -> None:
    crs = Transformer.from_crs("EPSG:4326", town.CRS, always_xy=True)
    west, south, east, north = terrain.BOUNDS_M
    for x, y in ((west, south), (west, north), (east, south), (east, north), (0.0, 0.0)):
        lon, lat = crs.transform([x, x + 100, x], [y, y, y + 100], direction="INVERSE")
        geod = crs.target_crs.get_geod() if crs.target_crs else None
        assert geod is not None
        for end in (1, 2):
            *_, length = geod.inv(lon[0], lat[0], lon[end], lat[end])
            assert length == pytest.approx(100, rel=1e-7)


def test_writing_twice_gives_the_same_bytes_and_leaves_nothing_else(
    written: files.DemoFiles, tmp_path: Path
) -> None:
    for _ in range(2):
        again = files.write_town(tmp_path)
        assert again.osm.read_bytes() == written.osm.read_bytes()
        assert again.dem.read_bytes() == written.dem.read_bytes()
    assert sorted(tmp_path.iterdir()) == [again.osm, again.dem]


def test_a_folder_that_is_a_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    with pytest.raises(OutputError, match=r"cannot be written to .*taken"):
        files.write_town(taken)


@pytest.mark.parametrize("known", KNOWN_HILLS, ids=label)
def test_what_is_known_is_on_the_map(known: KnownHill, read: Read) -> None:
    for way_id in known.way_ids:
        assert read.tags[way_id].get("name", "") in {known.name, ""}
    assert read.tags[known.way_ids[0]].get("name", "") == known.name
    drawn = MultiLineString([read.line(way_id) for way_id in known.way_ids])
    for point in known.stretch:
        assert drawn.distance(Spot(point)) < 0.02
    assert known.length_m >= 100


@pytest.mark.parametrize("known", [known for known in KNOWN_HILLS if known.on_ground], ids=label)
def test_the_grade_is_exact(known: KnownHill) -> None:
    points = np.array(known.stretch)
    rises = np.diff(height_m(*points.T))
    assert rises == pytest.approx(known.grade * np.hypot(*np.diff(points, axis=0).T), abs=1e-9)
    distance, height = along(known.stretch, 1.0)
    # 0.1 m: between two of its points, the trail round the cone lies inside the circle.
    off = 0.1 if known.name == "Corkscrew Trail" else 1e-9
    assert height - height[0] == pytest.approx(known.grade * distance, abs=off)


@pytest.mark.parametrize("known", [known for known in KNOWN_HILLS if known.on_ground], ids=label)
def test_the_streets_as_written_carry_that_grade(known: KnownHill, read: Read) -> None:
    drawn = LineString(read.line(known.way_ids[0]))
    begin, end = (drawn.project(Spot(known.stretch[place])) for place in (0, -1))
    low, high = (height_m(p.x, p.y) for p in (drawn.interpolate(begin), drawn.interpolate(end)))
    if len(known.way_ids) < 3:  # one way from foot to top
        assert (high - low) / abs(end - begin) == pytest.approx(known.grade, abs=1e-4)


def test_nothing_else_is_a_hill(read: Read) -> None:
    named = {way_id for known in KNOWN_HILLS for way_id in known.way_ids}
    for way_id in set(read.streets()) - named:
        assert steepest(read.line(way_id)) < 0.03, read.tags[way_id]


def test_on_hill_streets_nothing_is_steeper_than_the_hill(read: Read) -> None:
    for hill in HILLS:
        for way_id in hill.way_ids:
            assert steepest(read.line(way_id), 20) <= hill.grade + 1e-3, label(hill)


def test_the_ground_under_a_level_road_misleads(read: Read) -> None:
    for known in KNOWN_HILLS:
        if not known.on_ground:
            assert steepest(read.line(known.way_ids[0])) > 0.03, label(known)


def test_under_the_bridge_the_ground_is_the_gorge(read: Read) -> None:
    deck = read.line(604)
    _, height = along(deck, 1.0)
    assert height[0] == pytest.approx(325)
    assert height[-1] == pytest.approx(325)
    assert height.min() == pytest.approx(300)
    assert steepest(deck, 50) == pytest.approx(0.30, abs=1e-3)
    assert LineString(deck).crosses(LineString(read.line(608)))
    assert not set(read.refs[604]) & set(read.refs[608])


def test_over_the_tunnel_the_ground_is_a_hill(read: Read) -> None:
    _, height = along(read.line(703), 1.0)
    assert height[0] == height[-1] == 300
    assert height.max() == pytest.approx(332, abs=0.01)


def test_the_ridge_rises_and_falls_by_12_m(read: Read) -> None:
    _, height = along(read.line(701), 1.0)
    assert height[0] == height[-1] == 300
    assert height.max() == pytest.approx(312, abs=0.01)


def test_every_street_but_the_island_can_be_reached(read: Read) -> None:
    main, island = sorted(nx.connected_components(read.graph()), key=len, reverse=True)
    assert {way for way in read.streets() if set(read.refs[way]) <= island} == ISLAND
    assert {way for way in read.streets() if set(read.refs[way]) <= main} == (
        set(read.streets()) - ISLAND
    )
    for known in KNOWN_HILLS:
        assert known.reachable == (not set(known.way_ids) & ISLAND)


@pytest.mark.parametrize("cross_street", [217, 218, 219])
def test_a_hill_in_several_ways_is_cut_at_its_cross_streets(read: Read, cross_street: int) -> None:
    dora = [way_id for way_id in read.refs if read.tags[way_id].get("name") == "Dora Street"]
    shared = [way_id for way_id in dora if set(read.refs[way_id]) & set(read.refs[cross_street])]
    assert len(shared) == 2


def test_hills_lie_before_within_and_beyond_the_warmup(read: Read) -> None:
    graph = read.graph()
    door = min(graph, key=lambda node: math.hypot(*read.xy[node]))
    to_node = nx.single_source_dijkstra_path_length(graph, door, weight="length_m")

    def run_m(hill: KnownHill) -> float:
        line = [(ref, read.xy[ref]) for way in hill.way_ids for ref in read.refs[way]]
        return float(min(to_node[ref] + math.dist(at, hill.stretch[0]) for ref, at in line))

    runs = {label(hill): run_m(hill) for hill in HILLS}
    near = [hill for hill, run in runs.items() if run < NEAREST_M]
    far = [hill for hill, run in runs.items() if run > FARTHEST_M]
    assert {hill.rsplit(" ", 2)[0] for hill in near} >= {"Larkspur Close", "Saddle Street"}
    assert [hill.rsplit(" ", 2)[0] for hill in far] == ["Farthing Hill"]
    assert len(runs) - len(near) - len(far) >= 7


def test_the_town_is_small(written: files.DemoFiles, read: Read) -> None:
    assert 40_000 < sum(LineString(read.line(way)).length for way in read.streets()) < 60_000
    assert written.osm.stat().st_size < 100_000
    assert written.dem.stat().st_size < 1_000_000
