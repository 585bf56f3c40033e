"""Extracts that are written otherwise than most: order of nodes and ways, places, deletions."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from hillfinder.errors import StreetsError
from hillfinder.progress import Progress
from hillfinder.region.extract import osmium_process, partition
from hillfinder.streets.tags.table import Tags
from tests.streets.test_streets import osm
from tests.towns import STREET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NODES = {ref: (40.0 * ref, 0.0 if ref < 20 else 90.0) for ref in range(1, 40)}
WAYS = [(way, [way - 100, way - 99, way - 98], STREET) for way in range(101, 138)]
PLAIN = osm(WAYS, NODES)
NODE = re.compile(r"<node [^>]*?/>|<node .*?</node>", re.DOTALL)
WAY = re.compile(r"<way .*?</way>", re.DOTALL)

Ways = dict[int, list[tuple[int, float, float]]]


class Said(Progress):
    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, text: str) -> None:
        self.sentences.append(text)


def partitioned(folder: Path, text: str) -> tuple[Ways, list[str]]:
    path = folder / "town.osm"
    path.write_text(text)
    return of_file(path)


def of_file(path: Path) -> tuple[Ways, list[str]]:
    """Return the nodes of each way with their coordinates, and what was said."""
    parts, said = path.with_name("partitions"), Said()
    parts.mkdir()
    source = partition.partition_extract(path, parts, 1.0, said)
    ways: Ways = {}
    for part in parts.iterdir():
        raw = partition.read_partition(part.read_bytes(), source)
        assert raw is not None
        assert all(tags == STREET for tags in Tags.gathered(raw.tags))
        ends = pairwise(raw.way_offset.tolist())
        for (way,), (begin, end) in zip(raw.way_ids, ends, strict=True):
            at = raw.way_node[begin:end]
            ways[way] = [*zip(raw.node_id[at], raw.lon[at], raw.lat[at], strict=True)]
    return ways, said.sentences


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Ways:
    ways, said = partitioned(tmp_path_factory.mktemp("plain"), PLAIN)
    assert sorted(ways) == [way for way, _, _ in WAYS]
    assert not said
    return ways


def ways_first() -> str:
    rest = WAY.sub("", NODE.sub("", PLAIN))
    return rest.replace("</osm>", "".join([*WAY.findall(PLAIN), *NODE.findall(PLAIN)]) + "</osm>")


def without(refs: set[int], text: str = PLAIN) -> str:
    return NODE.sub(lambda node: "" if int(ref_of(node[0])) in refs else node[0], text)


def ref_of(element: str) -> str:
    found = re.search(r'id="(-?\d+)"', element)
    assert found is not None
    return found[1]


def some_late() -> str:
    late = [node for node in NODE.findall(PLAIN) if int(ref_of(node)) in {2, 21}]
    return without({2, 21}).replace("</osm>", "".join(late) + "</osm>")


def places_in_ways() -> str:
    at = {ref_of(node): re.findall(r'l[ao][tn]="[^"]*"', node) for node in NODE.findall(PLAIN)}
    text = re.sub(
        r'<nd ref="(\d+)" ?/>', lambda nd: f'<nd ref="{nd[1]}" {" ".join(at[nd[1]])}/>', PLAIN
    )
    return without({*NODES} - {1, 30}, text)  # as if these two had tags


@pytest.mark.parametrize("written", [ways_first, some_late, places_in_ways])
@pytest.mark.parametrize("chunk_bytes", [200, 8 << 20])
def test_places_are_found_wherever_they_are_written(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: Callable[[], str],
    chunk_bytes: int,
    expected: Ways,
) -> None:
    monkeypatch.setattr(osmium_process, "CHUNK_BYTES", chunk_bytes)
    assert partitioned(tmp_path, written()) == (expected, [])


def test_places_below_zero_are_found_beside_late_ones(tmp_path: Path, expected: Ways) -> None:
    text = re.sub(r'(<node id=|<nd ref=)"5"', r'\1"-5"', some_late())
    ways, said = partitioned(tmp_path, text)
    assert ways == {
        way: [(-5 if ref == 5 else ref, *at) for ref, *at in nodes]
        for way, nodes in expected.items()
    }
    assert not said


def test_places_on_the_ways_of_a_pbf(tmp_path: Path, expected: Ways) -> None:
    import osmium

    (tmp_path / "plain.osm").write_text(PLAIN)
    file = osmium.io.File(str(tmp_path / "town.osm.pbf"), "pbf,locations_on_ways=true")
    with osmium.SimpleWriter(file) as writer:
        for each in osmium.FileProcessor(tmp_path / "plain.osm").with_locations():
            if isinstance(each, osmium.osm.Way):
                writer.add_way(each)
    assert of_file(tmp_path / "town.osm.pbf") == (expected, [])


def test_ways_that_are_not_whole_are_counted_and_cut(tmp_path: Path, expected: Ways) -> None:
    ways, said = partitioned(tmp_path, without({3}))
    assert said == [
        "town.osm does not say where some nodes of 3 of its 37 ways lie: they are cut there."
    ]
    assert {*expected} - {*ways} == {102}  # of the node and two others
    assert [ref for ref, *_ in ways[101]] == [1, 2]


def test_ways_without_any_place_say_how_to_save_them(tmp_path: Path) -> None:
    with pytest.raises(StreetsError, match=r"where 37 of its 37 ways lie: save it with the nodes"):
        partitioned(tmp_path, NODE.sub("", PLAIN))


def test_a_large_extract_is_to_be_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "LOOKED_UP_TO", 1000)
    with pytest.raises(StreetsError, match=r"5 of its 37 ways before or without.*osmium sort"):
        partitioned(tmp_path, some_late())


@pytest.mark.parametrize("mark", ["action='delete'", 'visible="false"'])
def test_a_way_that_an_editor_deleted_is_gone(tmp_path: Path, mark: str, expected: Ways) -> None:
    ways, _ = partitioned(tmp_path, PLAIN.replace('<way id="110"', f'<way id="110" {mark}'))
    assert {*expected} - {*ways} == {110}


def test_a_history_file_is_refused(tmp_path: Path) -> None:
    gone = '<way id="110" version="2" visible="false"/>'
    text = PLAIN.replace("</osm>", gone + "</osm>")
    with pytest.raises(StreetsError, match=r"is a history file.*osmium time-filter"):
        partitioned(tmp_path, text)


def test_nodes_without_any_way_are_no_streets(tmp_path: Path) -> None:
    gate = PLAIN.replace("/>", "><tag k='barrier' v='gate'/></node>", 1)
    with pytest.raises(StreetsError, match="holds no streets"):
        partitioned(tmp_path, WAY.sub("", gate))
