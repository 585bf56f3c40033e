"""Scans of regions: whole and once across the borders of cells, the same for any tiles."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hillfinder as hf
from hillfinder.errors import DataError, HeightsError, InputError, OutputError, StreetsError
from hillfinder.model import Box, StreetSource
from hillfinder.progress import Progress
from hillfinder.region import scan as scanning
from hillfinder.region.extract import opl, osmium_process, partition
from hillfinder.region.store import cell_streets, cells, checked_files, dataset, hill_table
from hillfinder.region.store.cells import Cell
from hillfinder.region.work import tasks
from hillfinder.streets.builder import build
from hillfinder.streets.sources import osm_file
from hillfinder.streets.tags.table import Tags
from tests import regions
from tests.regions import Region
from tests.towns import DATA, needs_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


PORTLAND = DATA / "portland"


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return regions.write(tmp_path_factory.mktemp("region"))


@pytest.fixture(scope="module")
def scanned(region: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scan(region, tmp_path_factory.mktemp("scanned") / "hills", tiles=1).folder


def scan(region: Region, folder: Path, **more: Any) -> hf.Catalogue:
    return hf.scan(region.osm, folder, dem=region.dem, **{"workers": 1} | more)


def content(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(folder.glob("hills-*.parquet"))]


def rows(folder: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def cells_of(folder: Path) -> list[Cell]:
    names = [path.name for path in (folder / "_streets").iterdir() if not path.suffix]
    return cells.sort(Cell(*map(int, name.split("-")[1:])) for name in names)


def hill(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return what tells a hill from all others, and its figures as far as a projection goes."""
    figures = (row["grade"], row["foot_lon"], row["foot_lat"], row["top_lon"], row["top_lat"])
    return (row["name"], *row["way_ids"], *row["leg_edge"], *(round(one, 5) for one in figures))


def of_one_search(folder: Path) -> set[tuple[Any, ...]]:
    """Search all streets of a scan as the one network that they are."""
    streets, facts = {}, {}
    for cell in cells_of(folder):
        path = cell_streets.streets_path(folder, cell)
        piece = cell_streets.read_streets(path)
        assert piece is not None
        streets[cell], facts[cell] = (
            piece,
            cell_streets.CellFacts.from_json(checked_files.header_of(path)),
        )
    whole = cell_streets.join_cells(streets, facts, next(iter(streets)).crs)
    found = [hill_table.hills_of_cell(cell, whole, facts, hf.Criteria()) for cell in streets]
    return {hill(row) for part in found for row in part.to_pylist()}


def test_hills_across_borders_are_found_whole_and_once(scanned: Path) -> None:
    found = [hill(row) for row in rows(scanned)]
    assert len(cells_of(scanned)) == 4
    assert any(len(set(row["leg_cell"])) > 1 for row in rows(scanned))
    assert len(found) > 150
    assert len(set(found)) == len(found)
    assert set(found) == of_one_search(scanned)


@pytest.mark.parametrize("tiles", [2, 3, 50])
def test_no_number_of_tiles_changes_a_byte(
    region: Region, scanned: Path, tmp_path: Path, tiles: int
) -> None:
    assert content(scan(region, tmp_path / "hills", tiles=tiles).folder) == content(scanned)


@pytest.mark.parametrize(
    ("count", "at_least", "tiles"), [(None, 16, 16), (None, 64, 40), (None, 2, 5), (3, 16, 3)]
)
def test_tiles_are_enough_for_the_workers_and_not_too_large(
    count: int | None, at_least: int, tiles: int
) -> None:
    sizes = {Cell(x, y): 100 for x in range(8) for y in range(5)}
    made = scanning._tiles(sizes, count, at_least)
    assert len(made) == tiles
    assert [cell for tile in made for cell in tile] == cells.sort(sizes)
    assert max(map(len, made)) - min(map(len, made)) <= 1


def test_an_extract_is_read_beside_in_its_order() -> None:
    ids = range(1, 40)
    lines = (f"w{way} Thighway=path Nn1x1y1,n2x2y2\n".encode() for way in ids)
    assert [each.id.tolist() for each in partition._read_ahead(lines)] == [
        [],
        *([way] for way in ids),
    ]


def test_what_lies_in_the_current_folder_is_no_module_of_the_reader_s(
    region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    with osmium_process.street_lines(region.osm, tmp_path) as pieces:
        assert b"Thighway" in b"".join(pieces)


def test_a_line_that_cannot_be_read_ends_the_reading() -> None:
    lines = iter([b"w1 Thighway=path Nn1x1y1,n2x2y2\n", b"w2 no line\n", b"w3 neither\n"])
    with pytest.raises(ValueError, match="CSV parse error"):
        list(partition._read_ahead(lines))


@pytest.mark.slow
def test_no_number_of_workers_changes_a_byte(region: Region, scanned: Path, tmp_path: Path) -> None:
    assert content(scan(region, tmp_path / "hills", workers=2).folder) == content(scanned)


def test_a_town_on_a_corner_of_cells_has_the_hills_of_one_within_a_cell(
    scanned: Path, tmp_path: Path
) -> None:
    inside = scan(regions.write(tmp_path / "inside", (1.0, 1.0)), tmp_path / "hills")
    assert len(cells_of(inside.folder)) == 1

    def named(folder: Path) -> list[tuple[str, float, float]]:
        return sorted((r["name"], round(r["length_m"]), round(r["grade"], 2)) for r in rows(folder))

    # It lies 2 km further south there: lengths in degrees differ by 0.03 %.
    same = set(named(scanned)) & set(named(inside.folder))
    assert inside.hills == len(rows(scanned))
    assert len(same) > 0.9 * inside.hills


def test_the_streets_of_cells_are_all_streets_once(region: Region, scanned: Path) -> None:
    whole = osm_file.read_extract(region.osm)
    pieces = [
        cell_streets.read_streets(cell_streets.streets_path(scanned, cell))
        for cell in cells_of(scanned)
    ]
    lengths = [piece.network.total_length_m for piece in pieces if piece]
    assert sum(lengths) == pytest.approx(whole.total_length_m, rel=1e-5)
    segments = []
    for piece in pieces:
        assert piece is not None
        network = piece.network
        points = list(zip(network.point_lon.tolist(), network.point_lat.tolist(), strict=True))
        for begin, end in pairwise(network.point_offset.tolist()):
            segments += [tuple(sorted(pair)) for pair in pairwise(points[begin:end])]
    assert len(set(segments)) == len(segments)


@needs_data
def test_portland_by_cells_is_portland_as_a_whole(tmp_path: Path) -> None:
    found = hf.scan(
        PORTLAND / "portland-central-filtered.osm.pbf",
        tmp_path / "hills",
        dem=PORTLAND / "portland-ned.tif",
        workers=1,
    )
    mine = [hill(row) for row in rows(found.folder)]
    assert len(set(mine)) == len(mine) == found.hills > 700
    assert set(mine) == of_one_search(found.folder)


@needs_data
@pytest.mark.parametrize(
    "path", ["portland/portland-central-filtered.osm.pbf", "monaco/monaco.osm.gz"]
)
def test_partitions_hold_what_the_reader_of_extracts_reads(path: str, tmp_path: Path) -> None:
    source = partition.partition_extract(DATA / path, tmp_path, cell_streets.AROUND_M, Progress())
    raw = osm_file.read_ways(DATA / path)
    read = [partition.read_partition(each.read_bytes(), source) for each in tmp_path.iterdir()]
    seen = {way: line for part in read if part for way, line in lines(part).items()}
    assert seen == lines(raw)
    marks = {node: kind for part in read if part for node, kind in part.node_kind.items()}
    assert marks == raw.node_kind


def lines(raw: Any) -> dict[Any, Any]:
    """Return the ways by their ids and nodes: tags that are read, and where they begin."""
    nodes = [raw.way_node[begin:end] for begin, end in pairwise(raw.way_offset.tolist())]
    return {
        (way, tuple(raw.node_id[node].tolist())): (tags, raw.lon[node].tolist())
        for way, tags, node in zip(raw.way_ids, Tags.gathered(raw.tags), nodes, strict=True)
    }


def partitions(text: str, folder: Path, margin_m: float = 1.0) -> list[Path]:
    """Partition lines as libosmium writes them."""
    partition._append(opl.read_opl(text.encode()), folder, margin_m)
    return sorted(folder.iterdir(), key=lambda path: int(path.name.split("-")[1]))


def test_a_way_is_split_at_the_nodes_that_an_extract_lacks(tmp_path: Path) -> None:
    text = "w7 Thighway=path Nn1x8y46,n2xy,n3x8.01y46,n4x8.02y46,n5xy,n6x8.03y46\nw5 Ta=b%20%c N\n"
    (path,) = partitions(text, tmp_path)
    raw = partition.read_partition(path.read_bytes(), StreetSource("a test"))
    assert raw is not None
    assert raw.node_id[raw.way_node].tolist() == [3, 4]
    assert [*raw.way_ids] == [(7,)]


def test_a_long_ring_belongs_to_all_cells_within_it_and_to_those_that_it_comes_near(
    tmp_path: Path,
) -> None:
    x, y = np.array([5, 9, 9, 5]) + 0.01, np.array([5, 5, 9, 9]) + 0.01
    lon, lat = cells.degrees(x + 1000, y + 700)
    ends = [f"n{i}x{lon[i]:.7f}y{lat[i]:.7f}" for i in (0, 1, 2, 3, 0)]
    found = partitions(f"w1 Tmilitary=base N{','.join(ends)}\n", tmp_path, 600.0)
    square = {(column, row) for column in range(1004, 1010) for row in range(704, 710)}
    assert {tuple(map(int, path.name.split("-")[1:])) for path in found} == square


def test_a_way_at_a_pole_is_there_once(tmp_path: Path) -> None:
    (path,) = partitions("w1 Thighway=track Nn1x8y-89.9,n2x8y-89.99\n", tmp_path, 600.0)
    raw = partition.read_partition(path.read_bytes(), StreetSource("a test"))
    assert raw is not None
    assert [*raw.way_ids] == [(1,)]


def test_names_and_marks_come_as_they_were_mapped_in_any_order(tmp_path: Path) -> None:
    text = (
        'w9 Thighway=path,name=50%25%%20%Straße%2c%%20%"1",note=x Nn1x8y46,n2x8.01y46\n'
        "n2 Tbarrier=gate x8.01 y46\nn3 Tbarrier=kerb x8.01 y46\n"
        "w-8 Thighway=path,ref=a%3d%b Nn2x8.01y46,n-1x8y46\nn5 Thighway=crossing x y\n"
    )
    (path,) = partitions(text, tmp_path)
    raw = partition.read_partition(path.read_bytes(), StreetSource("a test"))
    assert raw is not None
    assert [*raw.way_ids] == [(-8,), (9,)]
    named = {"highway": "path", "name": '50% Straße, "1"'}
    assert [*raw.tags] == [{"highway": "path", "ref": "a=b"}, named]
    assert raw.node_id[raw.way_node].tolist() == [2, -1, 1, 2]
    assert raw.lon.tolist() == [8.0, 8.0, 8.01]
    assert raw.node_kind == {2: "gate"}


def test_nodes_below_zero_are_read_once_and_lie_where_they_lie(
    region: Region, scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import osmium

    def below(ref: int) -> int:
        return -ref if ref % 2 else ref

    with osmium.SimpleWriter(tmp_path / "below.osm.pbf") as writer:
        for each in cast("Iterator[Any]", osmium.FileProcessor(region.osm)):
            if each.is_node():
                writer.add(each.replace(id=below(each.id)))
            else:
                writer.add(each.replace(nodes=[below(node.ref) for node in each.nodes]))
    asked = []

    def lines(path: Path, *, ways: bool) -> Any:
        asked.append(path)
        return place_lines(path, ways=ways)

    place_lines = osmium_process.place_lines
    monkeypatch.setattr(osmium_process, "place_lines", lines)
    monkeypatch.setattr(osmium_process, "CHUNK_BYTES", 2000)
    found = hf.scan(tmp_path / "below.osm.pbf", tmp_path / "hills", dem=region.dem, workers=1)
    assert len(asked) == 1
    assert {hill(row) for row in rows(found.folder)} == {hill(row) for row in rows(scanned)}


def test_a_long_way_is_in_the_partition_of_every_cell_it_passes(tmp_path: Path) -> None:
    west, north = regions.corner()
    east = west + 12 * 360 / cells.AROUND
    text = f"w1 Thighway=path Nn1x{west}y{north},n2x{east}y{north}\n"
    columns = {int(path.name.split("-")[1]) for path in partitions(text, tmp_path, 10.0)}
    assert columns == set(range(regions.CORNER.x - 1, regions.CORNER.x + 13))


def test_a_way_over_the_antimeridian_is_in_the_cells_on_either_side(tmp_path: Path) -> None:
    paths = partitions("w1 Thighway=path Nn1x179.999y1,n2x-179.999y1\n", tmp_path)
    assert [int(path.name.split("-")[1]) for path in paths] == [0, cells.AROUND - 1]


@given(st.floats(-180, 179.99), st.floats(-80, 80))
def test_a_point_lies_in_the_box_of_its_cell(lon: float, lat: float) -> None:
    cell = cells.of_number(int(cells.numbers(np.array([lon]), np.array([lat]))[0]))
    west, south, east, north = cell.box(1e-3)
    assert west <= lon <= east
    assert south <= lat <= north


def test_the_curve_goes_from_square_to_square_beside_it() -> None:
    x, y = (part.ravel() for part in np.meshgrid(np.arange(32), np.arange(32)))
    order = np.argsort(cells.hilbert(x, y, 5))
    assert set(np.abs(np.diff(x[order])) + np.abs(np.diff(y[order]))) == {1}


def test_finer_squares_follow_the_curve_of_coarser_ones() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 1 << 12, (2, 500))
    assert (cells.hilbert(x, y, 12) >> 6 == cells.hilbert(x >> 3, y >> 3, 9)).all()


def test_a_dataset_opens_in_geopandas_and_duckdb(scanned: Path) -> None:
    import duckdb
    import geopandas

    frame = geopandas.read_parquet(scanned)
    assert list(frame.columns) == [name for name in hill_table.CATALOGUE_COLUMNS if name != "bbox"]
    assert frame.geometry.is_valid.all()
    assert frame.crs.to_epsg() == 4326 or frame.crs == "OGC:CRS84"
    west, south, east, north = frame.total_bounds
    middle = ((west + east) / 2, (south + north) / 2)
    box = (west, south, *middle)
    near = geopandas.read_parquet(scanned, bbox=box)
    assert 0 < len(near) < len(frame)
    assert len(near) == dataset.hills_in_box(scanned, box).num_rows
    hills = duckdb.read_parquet(f"{scanned}/*.parquet")
    assert hills.aggregate("count(*), max(grade)").fetchall() == [(len(frame), frame.grade.max())]


def test_a_dataset_says_what_it_is_made_of(region: Region, scanned: Path) -> None:
    said = dataset.read_metadata(scanned).values
    assert said["schema_version"] == dataset.SCHEMA_VERSION
    assert said["sources"]["streets"]["name"] == region.osm.name
    assert "OpenStreetMap" in said["sources"]["streets"]["attribution"]
    assert said["sources"]["elevation"]["name"] == region.dem.name
    assert said["columns"].keys() == set(hill_table.schema().names)


def test_hills_lie_along_the_curve(scanned: Path) -> None:
    foot = np.array([[row["foot_lon"], row["foot_lat"]] for row in rows(scanned)])
    cell = np.array([row["leg_cell"][0] for row in rows(scanned)])
    for number in set(cell.tolist()):
        along = hill_table._curve_order(foot[cell == number])
        assert (np.diff(along) >= 0).all()


def test_rows_come_in_groups_of_one_size(
    scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    monkeypatch.setattr(dataset, "GROUP_ROWS", 50)
    hills = pq.read_table(scanned / dataset.file_name(0))
    parts_of = [hills.slice(begin, 33) for begin in range(0, len(hills), 33)]
    dataset.write_file(parts_of, tmp_path / "hills", {}, None)
    written = pq.read_metadata(tmp_path / "hills")
    sizes = [written.row_group(group).num_rows for group in range(written.num_row_groups)]
    assert sizes == [50] * (len(hills) // 50) + [len(hills) % 50]
    assert pq.read_table(tmp_path / "hills").to_pylist() == hills.to_pylist()


def test_a_large_region_is_several_files_each_with_its_own_box(
    region: Region, scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import geopandas
    import pyarrow.parquet as pq

    monkeypatch.setattr(dataset, "FILE_ROWS", 30)
    folder = scan(region, tmp_path / "hills").folder
    files = sorted(folder.glob("hills-*.parquet"))
    assert len(files) > 2
    assert [row for path in files for row in pq.read_table(path).to_pylist()] == rows(scanned)
    for path in files:
        geo = json.loads(pq.read_schema(path).metadata[b"geo"])
        box = geo["columns"]["geometry"]["bbox"]
        assert box == geopandas.read_parquet(path).total_bounds.tolist()


def test_lines_are_written_as_geoparquet_asks(scanned: Path) -> None:
    import pyarrow.parquet as pq

    lines = pq.read_table(scanned / dataset.file_name(0))["geometry"].to_pylist()
    # ISO WKB: little-endian, a LineString Z is 1002.
    assert {line[:5] for line in lines} == {b"\x01" + (1002).to_bytes(4, "little")}


def test_a_dataset_tells_gdal_what_its_columns_mean(scanned: Path) -> None:
    import pyarrow.parquet as pq

    said = pq.read_schema(scanned / dataset.file_name(0)).metadata
    columns = json.loads(said[b"gdal:schema"])["columns"]
    assert columns.keys() == hill_table.CATALOGUE_COLUMNS.keys() - {"bbox", "geometry"}
    assert columns["grade"] == {"type": "Real", "comment": hill_table.CATALOGUE_COLUMNS["grade"]}
    described = json.loads(said[b"gdal:metadata"])[""]["DESCRIPTION"]
    assert "OpenStreetMap" in described
    assert "ratios" in described


def test_a_region_without_a_hill_is_an_empty_dataset(region: Region, tmp_path: Path) -> None:
    found = scan(region, tmp_path / "hills", criteria=hf.Criteria(min_grade=0.9))
    assert found.hills == 0
    assert rows(found.folder) == []


def stopped_after(tasks_done: int, then: Callable[[], None]) -> Progress:
    class Watching(Progress):
        left = tasks_done

        def scanned(self, *_: float) -> None:
            self.left -= 1
            if self.left == 0:
                then()

    return Watching()


class Stopped(Exception):  # noqa: N818 - it stands for a signal
    pass


def stop() -> None:
    raise Stopped


@pytest.mark.parametrize("tasks_done", [1, 4, 5, 7, 8])
def test_a_scan_that_was_stopped_goes_on_where_it_was(
    region: Region, scanned: Path, tmp_path: Path, tasks_done: int
) -> None:
    with pytest.raises(Stopped):
        scan(region, tmp_path / "hills", tiles=50, progress=stopped_after(tasks_done, stop))
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "hills/_streets").iterdir()}
    found = scan(region, tmp_path / "hills", tiles=3)
    assert content(found.folder) == content(scanned)
    assert made == {path: path.stat().st_mtime_ns for path in made}


def test_a_damaged_part_is_made_anew(region: Region, scanned: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hills"
    with pytest.raises(Stopped):
        scan(region, folder, tiles=4, progress=stopped_after(6, stop))
    for path in [*(folder / "_streets").iterdir(), *(folder / tasks.ROWS).iterdir()][::2]:
        path.write_bytes(path.read_bytes()[:-100])
    assert content(scan(region, folder).folder) == content(scanned)


def test_a_partition_cut_short_is_made_again(region: Region, scanned: Path, tmp_path: Path) -> None:
    """As one is that a reading of the extract was filling, or the disk had not yet."""
    folder = tmp_path / "hills"
    with pytest.raises(Stopped):
        scan(region, folder, tiles=50, progress=stopped_after(1, stop))
    made = {path.name for path in (folder / "_streets").iterdir()}
    short = next(path for path in (folder / tasks.PARTITIONS).iterdir() if path.name not in made)
    short.write_bytes(b"")
    assert content(scan(region, folder).folder) == content(scanned)


def test_hills_without_their_streets_never_count_as_whole(
    region: Region, scanned: Path, tmp_path: Path
) -> None:
    folder = scan(region, tmp_path / "hills").folder
    (folder / "hills-9999.parquet").mkdir()  # which stops the dropping there
    with pytest.raises(OSError, match="hills-9999"):
        scan(region, folder, resume=False)
    (folder / "hills-9999.parquet").rmdir()
    scan(region, folder)
    assert cells_of(folder) == cells_of(scanned)


@pytest.mark.parametrize("whats", [["hills-0000.parquet"], ["hills-0000.parquet", "_streets/*"]])
def test_a_finished_dataset_that_is_damaged_is_made_anew(
    region: Region, scanned: Path, tmp_path: Path, whats: list[str]
) -> None:
    folder = scan(region, tmp_path / "hills").folder
    for what in whats:
        damaged = next(folder.glob(what))
        damaged.write_bytes(damaged.read_bytes()[:-7])
    assert content(scan(region, folder).folder) == content(scanned)


def test_a_finished_scan_is_not_done_again(region: Region, tmp_path: Path) -> None:
    once = scan(region, tmp_path / "hills")
    assert scan(region, tmp_path / "hills", progress=stopped_after(1, stop)) == once


def test_a_scan_goes_on_after_an_elevation_file_was_missing(
    region: Region, scanned: Path, tmp_path: Path
) -> None:
    away = region.dem.with_suffix(".away")

    def lose() -> None:
        region.dem.rename(away)

    lost = stopped_after(1, lose)
    try:
        with pytest.raises(HeightsError, match=r"town\.tif"):
            scan(region, tmp_path / "hills", tiles=4, progress=lost)
    finally:
        away.rename(region.dem)
    assert content(scan(region, tmp_path / "hills").folder) == content(scanned)


def test_another_scan_in_the_folder_is_refused_and_can_be_replaced(
    region: Region, tmp_path: Path
) -> None:
    long = hf.Criteria(length_m=(150, 200))
    scan(region, tmp_path / "hills")
    with pytest.raises(InputError, match=r"holds another scan \(another criteria\)"):
        scan(region, tmp_path / "hills", criteria=long)
    found = scan(region, tmp_path / "hills", criteria=long, resume=False)
    assert min(row["length_m"] for row in rows(found.folder)) >= 150


def test_a_folder_that_holds_something_else_is_left_alone(region: Region, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    for resume in (True, False):
        with pytest.raises(InputError, match="holds something else"):
            scan(region, tmp_path, resume=resume)


def test_no_number_of_workers_below_one_is_taken(region: Region, tmp_path: Path) -> None:
    for workers in (0, -2):
        with pytest.raises(InputError, match=f"{workers} workers cannot scan: give 1 or more"):
            scan(region, tmp_path / "hills", workers=workers)


def test_files_that_are_not_there_are_named(region: Region, tmp_path: Path) -> None:
    with pytest.raises(StreetsError, match=r"no file .*nowhere\.osm\.pbf"):
        hf.scan(tmp_path / "nowhere.osm.pbf", tmp_path / "hills", dem=region.dem, workers=1)
    with pytest.raises(HeightsError, match=r"no elevation file .*nowhere\.tif"):
        hf.scan(region.osm, tmp_path / "hills", dem=tmp_path / "nowhere.tif", workers=1)


def test_heights_that_lie_elsewhere_are_told(region: Region, tmp_path: Path) -> None:
    elsewhere = regions.write(tmp_path / "elsewhere", moved_lon=5)
    for _ in ("at first", "again"):
        with pytest.raises(HeightsError, match=r"town\.tif knows no height on these streets"):
            hf.scan(region.osm, tmp_path / "hills", dem=elsewhere.dem, workers=1)


@pytest.mark.parametrize("every", [1, 10])
def test_an_extract_with_ways_before_their_nodes_has_the_same_hills(
    region: Region, scanned: Path, tmp_path: Path, every: int
) -> None:
    import osmium
    from osmium.osm import NODE, WAY

    path = tmp_path / "ways-first.osm.pbf"
    with osmium.SimpleWriter(str(path)) as out:
        for kind, first in ((WAY, True), (NODE, True), (WAY, False)):
            for each in osmium.FileProcessor(str(region.osm), kind):
                if kind == NODE or (each.id % every == 0) == first:
                    out.add(each)
    found = scan(Region(path, region.dem), tmp_path / "hills")
    assert {hill(row) for row in rows(found.folder)} == {hill(row) for row in rows(scanned)}


@pytest.mark.parametrize("plan", ["", "[]", "{}", "nonsense"])
def test_a_damaged_plan_is_told_and_can_be_replaced(
    region: Region, scanned: Path, tmp_path: Path, plan: str
) -> None:
    folder = tmp_path / "hills"
    shutil.copytree(scanned, folder)
    (folder / "_scan/plan.json").write_text(plan)
    with pytest.raises(InputError, match="is damaged: start again with --no-resume"):
        scan(region, folder)
    assert content(scan(region, folder, resume=False).folder) == content(scanned)


def test_a_damaged_bit_of_a_column_changes_no_answer(scanned: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    folder, everywhere = tmp_path / "hills", (-180.0, -90.0, 180.0, 90.0)
    shutil.copytree(scanned, folder)
    file = folder / dataset.file_name(0)
    good, whole = dataset.hills_in_box(folder, everywhere), file.read_bytes()
    group = pq.read_metadata(file).row_group(0)
    tried = told = 0
    for column in map(group.column, range(group.num_columns)):
        begin = column.dictionary_page_offset or column.data_page_offset
        for at in np.linspace(begin, begin + column.total_compressed_size - 1, 12).astype(int):
            damaged = bytearray(whole)
            damaged[at] ^= 1
            file.write_bytes(damaged)
            tried += 1
            try:
                read = dataset.hills_in_box(folder, everywhere)
            except DataError:
                told += 1
            else:  # what is damaged in the header of a page may not matter
                assert read.equals(good)
    assert told > 0.8 * tried


def with_dem(file: Path, of: Path, change: Callable[[Any], Any], east: float = 0.0) -> Path:
    """Write heights made of those of another file, moved to the east by so many degrees."""
    import rasterio

    with rasterio.open(of) as read:
        shape, moved = read.profile, read.transform.translation(east, 0) @ read.transform
        with rasterio.open(file, "w", **(shape | {"transform": moved})) as out:
            out.write(change(read.read(1)).astype("float32"), 1)
    return file


def with_path(file: Path, region: Region, east: float) -> Path:
    """Write the extract of a region and a path of 1 km, so many degrees east of its middle."""
    import osmium

    lon, lat = regions.corner()
    with osmium.SimpleWriter(str(file)) as out:
        for node in osmium.FileProcessor(str(region.osm), osmium.osm.NODE):
            out.add(node)
        for ref in range(10):
            at = (lon + east + ref * 0.0013, lat)
            out.add_node(osmium.osm.mutable.Node(id=90_000 + ref, location=at))
        for way in osmium.FileProcessor(str(region.osm), osmium.osm.WAY):
            out.add(way)
        refs = range(90_000, 90_010)
        out.add_way(osmium.osm.mutable.Way(id=9, nodes=refs, tags={"highway": "path"}))
    return file


def test_streets_without_heights_are_told(
    region: Region, scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    progress = Progress()
    monkeypatch.setattr(progress, "say", said.append)
    more = with_path(tmp_path / "more.osm.pbf", region, 0.5)
    found = hf.scan(more, tmp_path / "hills", dem=region.dem, workers=1, progress=progress)
    whole = round(found.street_m / 1000)
    assert said[-1] == (
        f"No height is known on 1 of {whole} km of streets, and no hill is found there."
    )
    assert {hill(row) for row in rows(found.folder)} == {hill(row) for row in rows(scanned)}


def test_a_cliff_does_not_end_a_scan(region: Region, scanned: Path, tmp_path: Path) -> None:
    """A cell that holds but a kilometre of path, on which the model has nothing but spikes."""
    more = with_path(tmp_path / "more.osm.pbf", region, 0.5)
    rng = np.random.default_rng(1)
    cliff = with_dem(
        tmp_path / "cliff.tif", region.dem, lambda at: at + 900 * rng.random(at.shape), 0.5
    )
    found = hf.scan(more, tmp_path / "hills", dem=[region.dem, cliff], workers=1)
    path_m = 9 * 0.0013 * regions.METRES * np.cos(np.radians(regions.corner()[1]))
    cells_ = cells_of(found.folder)
    about = [
        checked_files.header_of(cell_streets.streets_path(found.folder, cell)) for cell in cells_
    ]
    refused = [each["refused_m"] for each in about if each["edges"] and not each["known_m"]]
    assert refused == [pytest.approx(path_m, rel=0.01)]
    assert {hill(row) for row in rows(found.folder)} == {hill(row) for row in rows(scanned)}


@pytest.mark.parametrize("streets", ["town", "street"])
def test_a_model_in_other_units_ends_a_scan(region: Region, tmp_path: Path, streets: str) -> None:
    """It is all the same whether there are enough streets in one cell to tell."""
    import osmium

    wrong = with_dem(tmp_path / "wrong.tif", region.dem, lambda at: 30 * at - 8000)
    extract = region.osm
    if streets == "street":
        extract = tmp_path / "street.osm.pbf"
        with osmium.SimpleWriter(str(extract)) as out:
            for node in osmium.FileProcessor(str(region.osm), osmium.osm.NODE):
                out.add(node)
            for way in osmium.FileProcessor(str(region.osm), osmium.osm.WAY):
                if way.id == 1000:
                    out.add(way)
    for _ in range(2):  # also when it goes on
        with pytest.raises(HeightsError, match=r"wrong\.tif says that most streets are steeper"):
            hf.scan(extract, tmp_path / "hills", dem=wrong, workers=1)
    assert not list((tmp_path / "hills").glob("hills-*"))


def test_an_extract_cut_short_is_named(region: Region, tmp_path: Path) -> None:
    short = tmp_path / "short.osm.pbf"
    short.write_bytes(region.osm.read_bytes()[:-1000])
    with pytest.raises(StreetsError, match=r"short\.osm\.pbf cannot be read"):
        hf.scan(short, tmp_path / "hills", dem=region.dem, workers=1)


def test_a_catalogue_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(hf.HillfinderError, match="no catalogue of hills"):
        dataset.read_metadata(tmp_path)


def test_an_edge_ends_where_its_way_comes_into_another_cell(region: Region, tmp_path: Path) -> None:
    source = partition.partition_extract(region.osm, tmp_path, cell_streets.AROUND_M, Progress())
    raw = partition.read_partition(next(tmp_path.iterdir()).read_bytes(), source)
    assert raw is not None
    lies_in = cells.numbers(raw.lon, raw.lat)
    network = build(raw, regions.CORNER.crs, cell_streets._borders(raw, lies_in))
    number = cells.numbers(network.point_lon, network.point_lat)
    for begin, end in zip(network.point_offset[:-1], network.point_offset[1:], strict=True):
        assert len(set(number[begin : end - 1].tolist())) == 1


def test_a_part_cut_short_counts_as_none(tmp_path: Path) -> None:
    checked_files.write_checked(tmp_path / "one", b"data", {"edges": 3})
    read = checked_files.read_checked(tmp_path / "one")
    assert read is not None
    assert (read[0], bytes(read[1])) == ({"edges": 3}, b"data")
    assert checked_files.header_of(tmp_path / "one")["edges"] == 3
    (tmp_path / "one").write_bytes((tmp_path / "one").read_bytes()[:-1])
    assert checked_files.read_checked(tmp_path / "one") is None
    assert checked_files.read_checked(tmp_path / "none") is None
    (tmp_path / "two").write_text(json.dumps([1]) + "\n")
    assert checked_files.read_checked(tmp_path / "two") is None


def test_a_cell_with_nothing_for_feet_is_no_fault(region: Region, tmp_path: Path) -> None:
    import osmium

    lon, lat = regions.corner()
    railway = tmp_path / "railway.osm.pbf"
    with osmium.SimpleWriter(str(railway)) as out:
        for node in osmium.FileProcessor(str(region.osm), osmium.osm.NODE):
            out.add(node)
        for ref in (90_001, 90_002):
            at = (lon + (ref - 89_996) * 0.1, lat)
            out.add_node(osmium.osm.mutable.Node(id=ref, location=at))
        for way in osmium.FileProcessor(str(region.osm), osmium.osm.WAY):
            out.add(way)
        tags = {"railway": "rail"}
        out.add_way(osmium.osm.mutable.Way(id=9, nodes=[90_001, 90_002], tags=tags))
    more = hf.scan(railway, tmp_path / "more", dem=region.dem, workers=1)
    same = scan(region, tmp_path / "same")
    assert more.hills == same.hills
    assert more.street_m == same.street_m


def test_two_scans_in_one_folder_are_kept_apart(region: Region, tmp_path: Path) -> None:
    def another() -> None:
        half = tmp_path / "hills" / "_streets" / ".hillfinder-half.part"
        half.write_bytes(b"the other one is about to write it")
        with pytest.raises(InputError, match="Another scan is at work"):
            scan(region, tmp_path / "hills")
        half.unlink()

    found = scan(region, tmp_path / "hills", progress=stopped_after(1, another))
    assert found.hills == len(rows(found.folder))


def test_a_folder_that_cannot_be_made_is_told(region: Region, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        scan(region, tmp_path / "file" / "hills")


def door(*, off: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float]:
    """Return a place near the corner of the cells, some degrees off."""
    lon, lat = regions.corner()
    return lat + off[0], lon + off[1]


NO_WEB = hf.Web(offline=True)
AT_ONCE = hf.Criteria(warmup_min=(0, 20), limit=400)


def test_the_hills_near_a_place_are_those_of_the_catalogue_with_warm_ups(scanned: Path) -> None:
    hills = hf.near(door(), AT_ONCE, catalogue=scanned, web=NO_WEB)
    there = sorted((row["name"], row["grade"]) for row in rows(scanned))
    here = sorted((hill.name, hill.grade) for hill in hills)
    assert [name for name, _ in here] == [name for name, _ in there]
    assert [grade for _, grade in here] == pytest.approx([g for _, g in there], abs=1e-6)
    assert [hill.grade for hill in hills] == sorted((hill.grade for hill in hills), reverse=True)
    for hill in hills:
        assert hill.approach is not None
        assert hill.approach.lon[-1] == pytest.approx(hill.climb.lon[0], abs=1e-6)
        assert hill.approach.lat[-1] == pytest.approx(hill.climb.lat[0], abs=1e-6)
    assert hills.heights.name.startswith("town.tif")
    assert "OpenStreetMap" in hills.streets.attribution


def test_a_catalogue_tells_of_a_hill_what_its_row_says(scanned: Path) -> None:
    hill = hf.near(door(), AT_ONCE, catalogue=scanned, web=NO_WEB)[0]
    row = max(rows(scanned), key=lambda row: row["grade"])
    climb = hill.climb
    assert hill.name == row["name"]
    assert hill.confidence == row["confidence"]
    assert list(climb.way_ids) == row["way_ids"]
    for value, name in (
        (climb.length_m, "length_m"),
        (climb.gain_m, "gain_m"),
        (climb.max_grade, "max_grade"),
        (climb.grade_sigma, "grade_sigma"),
        (climb.lon[0], "foot_lon"),
        (climb.lat[-1], "top_lat"),
    ):
        assert value == pytest.approx(row[name], abs=2e-3)


def test_a_search_for_other_lengths_than_a_catalogue_has_is_told(scanned: Path) -> None:
    with pytest.raises(InputError, match=r"hills of 100 to 200 m: .*--length 100-200"):
        hf.near(door(), hf.Criteria(length_m=(50, 100)), catalogue=scanned, web=NO_WEB)
    with pytest.raises(InputError, match="hills of 3 % and more"):
        hf.near(door(), hf.Criteria(min_grade=0.01), catalogue=scanned, web=NO_WEB)
    steep = hf.Criteria(min_grade=0.1, warmup_min=(0, 20), limit=400)
    found = hf.near(door(), steep, catalogue=scanned, web=NO_WEB)
    assert len(found) == sum(row["grade"] >= 0.1 for row in rows(scanned))


def test_a_place_beyond_a_catalogue_is_told(scanned: Path) -> None:
    with pytest.raises(hf.HillfinderError, match="no streets near"):
        hf.near(door(off=(3.0, 3.0)), catalogue=scanned, web=NO_WEB)


def test_a_catalogue_with_other_streets_is_refused(region: Region, scanned: Path) -> None:
    with pytest.raises(InputError, match="its own streets and heights"):
        hf.near(door(), catalogue=scanned, dem=region.dem, web=NO_WEB)


def test_damaged_streets_of_a_catalogue_are_told(region: Region, tmp_path: Path) -> None:
    folder = scan(region, tmp_path / "hills").folder
    path = cell_streets.streets_path(folder, cells_of(folder)[0])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(hf.HillfinderError, match="is damaged"):
        hf.near(door(), catalogue=folder, web=NO_WEB)
    checked_files.write_checked(path, b"streets as they once were", {"edges": 9})
    with pytest.raises(hf.HillfinderError, match="another version of hillfinder"):
        hf.near(door(), catalogue=folder, web=NO_WEB)


@pytest.mark.slow
def test_a_search_in_a_catalogue_imports_no_workers(scanned: Path) -> None:
    import subprocess
    import sys

    lat, lon = door()
    code = (
        "import sys; from hillfinder.cli import main; "
        f"words = ['near', '{lat},{lon}', '--catalogue', {str(scanned)!r}, '--warmup', '0-9']; "
        "code = main(words); "
        "sys.exit(code or ('dask' in sys.modules or 'distributed' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "Street" in done.stdout) == (0, True), done.stderr


def test_the_elevation_files_are_called_dem(region: Region, tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match=r"heights= is now dem=\."):
        old = hf.scan(region.osm, tmp_path / "old", heights=region.dem, workers=1)
    assert content(old.folder) == content(scan(region, tmp_path / "new").folder)
    with pytest.raises(InputError, match="needs elevation files: give them as dem"):
        hf.scan(region.osm, tmp_path / "none", workers=1)
    assert not (tmp_path / "none").exists()


def test_a_cell_reads_only_the_elevation_files_that_lie_there(
    region: Region, scanned: Path, tmp_path: Path
) -> None:
    far = [regions.write(tmp_path / f"{cells_east}", moved_lon=cells_east) for cells_east in (2, 5)]
    given = [far[0].dem, region.dem, far[1].dem]
    found = hf.scan(region.osm, tmp_path / "hills", dem=given, workers=1)
    figures = [hill(row) for row in rows(found.folder)]
    assert figures == [hill(row) for row in rows(scanned)]
    said = [
        checked_files.header_of(cell_streets.streets_path(found.folder, c))["heights"]
        for c in cells_of(found.folder)
    ]
    assert all(one["name"].startswith("town.tif") and "," not in one["name"] for one in said)


@pytest.mark.parametrize(
    ("other", "touch"),
    [
        ((179.5, 0, 180.5, 1), True),
        ((-180.5, 0, -179.5, 1), True),
        ((-179, 0, -178, 1), False),
        ((179, 2, 181, 3), False),
        ((539.0, 0.5, 541.0, 3), True),
    ],
)
def test_boxes_touch_on_whichever_turn_of_the_earth(other: Box, *, touch: bool) -> None:
    box = (179.0, 0.0, -179.5, 1.0)
    assert tasks._touch(box, other) == tasks._touch(other, box) == touch


@pytest.mark.parametrize(("west", "east"), [(-180.0, 180.0), (-180.002, 180.002), (0.0, 360.0)])
def test_a_model_of_the_whole_earth_touches_every_box(west: float, east: float) -> None:
    assert tasks._touch((west, -90.0, east, 90.0), (7.0, 45.0, 8.0, 46.0))
