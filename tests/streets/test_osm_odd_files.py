"""OpenStreetMap files that are written otherwise than most: order, places, deletions, replies."""

from __future__ import annotations

import bz2
import gzip
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from hillfinder.errors import StreetsError
from hillfinder.streets.sources import osm_file
from tests.streets.test_streets import osm
from tests.towns import STREET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hillfinder.streets.network import StreetNetwork

NODES = {1: (0.0, 0.0), 2: (90.0, 0.0), 3: (180.0, 0.0), 4: (180.0, 90.0), 5: (180.0, 150.0)}
WAYS = [(10, [1, 2, 3], STREET), (11, [3, 4, 5], STREET | {"name": "Hill Street"})]
PLAIN = osm(WAYS, NODES)
NODE = re.compile(r"<node [^>]*?/>|<node .*?</node>", re.DOTALL)
WAY = re.compile(r"<way .*?</way>", re.DOTALL)


def write(folder: Path, text: str, name: str = "town.osm") -> Path:
    path = folder / name
    packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress}
    path.write_bytes(packers.get(path.suffix, bytes)(text.encode()))
    return path


def whole(network: StreetNetwork) -> tuple[float, list[int], list[int]]:
    return (
        round(network.total_length_m, 3),
        sorted({way for ids in network.ways.ids for way in ids}),
        network.node_id.tolist(),
    )


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, list[int], list[int]]:
    return whole(osm_file.read_extract(write(tmp_path_factory.mktemp("plain"), PLAIN)))


def places_of(text: str) -> dict[str, tuple[str, str]]:
    found = {}
    for node in NODE.findall(text):
        get = dict(re.findall(r'(\w+)="([^"]*)"', node))
        found[get["id"]] = (get["lat"], get["lon"])
    return found


def ways_first() -> str:
    return WAY.sub("", NODE.sub("", PLAIN)).replace(
        "</osm>", "".join([*WAY.findall(PLAIN), *NODE.findall(PLAIN)]) + "</osm>"
    )


def some_late() -> str:
    late = [node for node in NODE.findall(PLAIN) if re.search(r'id="[24]"', node)]
    text = PLAIN
    for node in late:
        text = text.replace(node, "")
    return text.replace("</osm>", "".join(late) + "</osm>")


def places_in_ways() -> str:
    at = places_of(PLAIN)
    text = re.sub(
        r'<nd ref="(\d+)" ?/>',
        lambda nd: f'<nd ref="{nd[1]}" lat="{at[nd[1]][0]}" lon="{at[nd[1]][1]}"/>',
        PLAIN,
    )
    return NODE.sub("", text)


@pytest.mark.parametrize("written", [ways_first, some_late, places_in_ways])
@pytest.mark.parametrize("name", ["town.osm", "town.osm.gz", "town.osm.bz2"])
def test_places_are_found_wherever_they_are_written(
    tmp_path: Path,
    written: Callable[[], str],
    name: str,
    expected: tuple[float, list[int], list[int]],
) -> None:
    assert whole(osm_file.read_extract(write(tmp_path, written(), name))) == expected


def test_places_on_the_ways_of_a_pbf(
    tmp_path: Path, expected: tuple[float, list[int], list[int]]
) -> None:
    import osmium

    path = tmp_path / "town.osm.pbf"
    file = osmium.io.File(str(path), "pbf,locations_on_ways=true")
    places = osmium.NodeLocationsForWays(osmium.index.create_map("flex_mem"))
    writer = osmium.SimpleWriter(file)
    for way in osmium.FileProcessor(
        osmium.io.File(str(write(tmp_path, PLAIN)), "osm"), osmium.osm.WAY | osmium.osm.NODE
    ).with_locations():
        if isinstance(way, osmium.osm.Way):
            writer.add_way(way)
    writer.close()
    del places
    assert whole(osm_file.read_extract(path)) == expected


def elements(*, geometry: bool) -> list[dict[str, Any]]:
    at = {int(ref): (float(lat), float(lon)) for ref, (lat, lon) in places_of(PLAIN).items()}
    nodes: list[dict[str, Any]] = [
        {"type": "node", "id": ref, "lat": lat, "lon": lon} for ref, (lat, lon) in at.items()
    ]
    ways: list[dict[str, Any]] = [
        {"type": "way", "id": way, "nodes": refs, "tags": dict(tags)} for way, refs, tags in WAYS
    ]
    if geometry:
        for way in ways:
            way["geometry"] = [
                dict(zip(("lat", "lon"), at[ref], strict=True)) for ref in way["nodes"]
            ]
        return ways
    return [*ways, *nodes]


@pytest.mark.parametrize("geometry", [True, False])
def test_a_reply_that_a_browser_saved(
    tmp_path: Path, expected: tuple[float, list[int], list[int]], *, geometry: bool
) -> None:
    reply = {
        "version": 0.6,
        "osm3s": {"timestamp_osm_base": "2026-01-01T00:00:00Z"},
        "elements": elements(geometry=geometry),
    }
    network = osm_file.read_extract(write(tmp_path, json.dumps(reply, indent=2), "overpass.json"))
    assert whole(network) == expected
    assert network.source.date == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "reply",
    ["", "[]", "{}", '{"elements": 3}', '{"elements": [3]}', '{"elements": [{"type": "node"}]}',
     '{"elements": [{"type": "way", "id": "x", "nodes": [1]}]}', "[" * 100_000],
)  # fmt: skip
def test_json_that_is_no_reply(tmp_path: Path, reply: str) -> None:
    with pytest.raises(StreetsError, match=r"is not the JSON that Overpass sends: save it as OSM"):
        osm_file.read_extract(write(tmp_path, reply, "reply.json"))


TIMEOUT = "runtime error: Query timed out in query at line 3 after 26 seconds."


@pytest.mark.parametrize("name", ["town.osm", "town.osm.gz", "town.json"])
def test_half_an_answer_is_refused(tmp_path: Path, name: str) -> None:
    text = PLAIN.replace("</osm>", f"<remark> {TIMEOUT} </remark></osm>")
    if name.endswith("json"):
        text = json.dumps({"elements": elements(geometry=False), "remark": TIMEOUT})
    with pytest.raises(StreetsError, match=r"only part of an answer.*timed out.*Ask again"):
        osm_file.read_extract(write(tmp_path, text, name))


@pytest.mark.parametrize("mark", ["action='delete'", 'visible="false"', 'action="delete"'])
@pytest.mark.parametrize("name", ["town.osm", "town.osm.gz"])
def test_a_way_that_an_editor_deleted_is_gone(tmp_path: Path, mark: str, name: str) -> None:
    text = PLAIN.replace('<way id="11"', f'<way id="11" {mark}')
    assert text != PLAIN
    network = osm_file.read_extract(write(tmp_path, text, name))
    assert {way for ids in network.ways.ids for way in ids} == {10}


def test_a_mark_across_two_chunks_is_seen(tmp_path: Path) -> None:
    text = PLAIN.replace('<way id="11"', '<way id="11" action="delete"')
    at = text.index("action=")
    for shift in range(-3, 20, 4):
        padding = (1 << 20) - at - 7 + shift
        padded = text.replace("<node", f"<!--{'x' * padding}--><node", 1)
        network = osm_file.read_extract(write(tmp_path, padded))
        assert len(network.ways.ids) == 1


def test_a_history_file_is_refused(tmp_path: Path) -> None:
    way = WAY.findall(PLAIN)[1]
    versions = [
        way.replace("<way ", '<way visible="true" '),
        '<way id="11" version="2" visible="false"/>',
    ]
    text = PLAIN.replace(way, "".join(versions))
    with pytest.raises(StreetsError, match=r"is a history file.*osmium time-filter"):
        osm_file.read_extract(write(tmp_path, text))
    with pytest.raises(StreetsError, match="is a history file"):
        osm_file.read_extract(write(tmp_path, PLAIN, "town.osh.pbf"))


def test_a_way_sent_once_more_without_its_tags_keeps_them(
    tmp_path: Path, expected: tuple[float, list[int], list[int]]
) -> None:
    whole_ways = elements(geometry=False)
    again = [{key: each[key] for key in each if key != "tags"} for each in whole_ways]
    reply = json.dumps({"elements": [*whole_ways, *again]})
    assert whole(osm_file.read_extract(write(tmp_path, reply, "overpass.json"))) == expected


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    import random

    packed = bytearray(gzip.compress((PLAIN * 50).encode()))
    rng = random.Random(4)  # noqa: S311 - damage, not a secret
    for turn in range(20):
        damaged = bytearray(packed)
        at = rng.randrange(20, len(damaged) - 20)
        damaged[at : at + 10] = rng.randbytes(10)
        path = tmp_path / f"{turn}.osm.gz"
        path.write_bytes(damaged)
        with pytest.raises(StreetsError):
            osm_file.read_extract(path)


def test_a_town_whose_name_begins_with_osh_is_no_history(
    tmp_path: Path, expected: tuple[float, list[int], list[int]]
) -> None:
    assert whole(osm_file.read_extract(write(tmp_path, PLAIN, "ca.oshawa.osm"))) == expected


def test_ways_without_any_place_say_how_to_save_them(tmp_path: Path) -> None:
    with pytest.raises(StreetsError, match=r"does not say where its streets lie: save it with"):
        osm_file.read_extract(write(tmp_path, NODE.sub("", PLAIN)))
