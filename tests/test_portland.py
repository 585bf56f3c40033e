"""The whole job on real streets, and in the made-up town whose hills are known."""

from __future__ import annotations

import json
import random
import re
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from hillfinder import find
from hillfinder.climbs import ranking
from hillfinder.climbs import search as climbs
from hillfinder.criteria import Criteria
from hillfinder.demo import files, town
from hillfinder.demo.town import KNOWN_HILLS, KnownHill
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.model import Place
from hillfinder.routing.warmup import Router
from hillfinder.streets.sources import osm_file
from tests.towns import DATA, needs_data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hillfinder.climbs.search import Climbs
    from hillfinder.model import Climb, Floats
    from hillfinder.results.hills import Hills
    from hillfinder.streets.network import StreetNetwork

PORTLAND = DATA / "portland"
STREETS, HEIGHTS = PORTLAND / "portland-central-filtered.osm.pbf", PORTLAND / "portland-ned.tif"
DOOR = Place(45.5120, -122.6960)

#: Names that a careless search has at the top; see SOURCES.md beside the data.
FALSE_NAMES = (
    "Vista Ridge Tunnel",
    "OHSU/VA Skybridge",
    "Ross Island Bridge",
    "Fremont Bridge",
    "Marquam Bridge",
    "Broadway Bridge",
    "Steel Bridge",
    "Southwest Elevator Street Walk",
    "Southwest Elevator St Walk",
    "Southwest Fairmount Boulevard",
)
#: Way, name, and the steepest 100 m within it that bilinear sampling finds, in percent.
PLAUSIBLE = (
    (5543310, "Southwest College Street", 23.6),
    (68867700, "Southwest Bancroft Street", 19.5),
    (5542152, "Southwest Abernethy Street", 18.9),
    (5535626, "Southwest Mill Street Terrace", 18.3),
    (5520071, "Southwest Sherwood Place", 18.0),
    (5523617, "Southwest Lane Street", 17.7),
    (5536398, "Southwest Myrtle Drive", 17.4),
    (5535393, "Southwest 18th Avenue", 16.3),
    (5541728, "Southwest Gale Avenue", 16.1),
    (5522161, "Southwest 17th Avenue", 16.1),
    (27593162, "Northwest Lovejoy Street", 15.7),
    (5537748, "Southwest 16th Avenue", 15.6),
    (5529494, "Southwest Caruthers Street", 15.1),
)
#: How many of these begin within 20 minutes of the door at 7:00 a kilometre.
WITHIN_20_MIN = {5543310, 5535626, 5536398, 5535393, 5522161, 27593162, 5537748, 5529494}


class Searched(NamedTuple):
    """Portland, searched whole."""

    network: StreetNetwork
    found: Climbs
    records: list[Climb]
    minutes: Floats


@pytest.fixture(scope="module")
def portland() -> Searched:
    network = attach(osm_file.read_extract(STREETS), Raster([HEIGHTS]))
    found = climbs.find(network, Criteria())
    times = Router(network, DOOR, Criteria()).times_s(found)
    return Searched(network, found, list(found), times / 60)


@pytest.fixture(scope="module")
def listed() -> Hills:
    return find.near(DOOR, Criteria(limit=50), streets=STREETS, dem=HEIGHTS)


def hold_no_false_hill(network: StreetNetwork, some: list[Climb]) -> None:
    """Hold climbs to run on open ground, under known heights, along streets a hill may be on."""
    for climb in some:
        assert not any(name in climb.name.split(";") for name in FALSE_NAMES), climb.name
        rows = network.edge_way[[leg.edge for leg in climb.legs]]
        assert not network.ways.structure[rows].any(), climb.name
        assert not network.ways.steps[rows].any(), climb.name
        assert network.ways.hill[rows].all(), climb.name
        for key, barred in (
            ("bridge", ".+"),
            ("tunnel", "yes|culvert"),
            ("highway", "motorway|trunk|.*_link|steps|construction"),
            ("service", "driveway|parking_aisle"),
        ):
            value = climb.tags.get(key, "no")
            assert value == "no" or not re.fullmatch(barred, value), (climb.name, key, value)
        if climb.tags.get("access") in {"no", "private"}:
            assert climb.tags.get("foot") in {"yes", "designated", "permissive"}
        assert climb.lat.min() > 45.49
        assert climb.lon.min() > -122.71
        assert not np.isnan(climb.profile.elevation_m).any(), climb.name


@needs_data
def test_none_of_the_false_hills_is_among_the_first_50(portland: Searched, listed: Hills) -> None:
    assert len(listed) == 50
    hold_no_false_hill(listed.network, [hill.climb for hill in listed])
    first = ranking.order(portland.found)[:50].tolist()
    hold_no_false_hill(portland.network, [portland.records[row] for row in first])


@needs_data
@pytest.mark.parametrize(
    ("way", "name", "percent"),
    PLAUSIBLE,
)
def test_the_plausible_hills_are_found(
    portland: Searched, listed: Hills, way: int, name: str, percent: float
) -> None:
    rows = [row for row, climb in enumerate(portland.records) if way in climb.way_ids]
    assert rows
    best = max(rows, key=lambda row: portland.records[row].grade)
    assert name in portland.records[best].name.split(";")
    # The figure is that of the steepest 100 m; the climb may go on beyond them.
    assert 100 * portland.records[best].profile.steepest(100.0) == pytest.approx(percent, abs=3.0)
    assert percent - 6.0 < 100 * portland.found.grade[best] < percent + 2.0
    assert best in ranking.order(portland.found)
    near = portland.minutes[best] <= 20
    if near:
        assert 100 * portland.found.grade[best] == pytest.approx(percent, abs=4.0)
    assert near == (way in WITHIN_20_MIN)
    if near and portland.found.grade[best] > listed[-1].grade:
        assert any(way in hill.climb.way_ids for hill in listed)


@needs_data
def test_the_list_for_portland(listed: Hills) -> None:
    assert listed[0].name.startswith("Southwest College Street, ")
    grades = [hill.grade for hill in listed]
    assert grades == sorted(grades, reverse=True)
    assert [hill.rank for hill in listed] == list(range(1, 51))
    assert 0.20 < grades[0] < 0.25
    assert len({hill.name for hill in listed}) >= 48
    for hill in listed:
        assert 99.9 <= hill.climb.length_m <= 200.1
        assert hill.climb.grade_sigma > 0
        assert hill.approach is not None
        assert hill.approach.time_s <= 1200
        too_short = hill.approach.time_s < 600
        assert too_short == any("no way round fills the warm-up" in note for note in hill.notes)
        foot = (hill.climb.lon[0], hill.climb.lat[0])
        end = (hill.approach.lon[-1], hill.approach.lat[-1])
        assert end == pytest.approx(foot, abs=1e-6)
    assert sum(hill.climb.max_grade > 0.35 for hill in listed) <= 2
    beyond = listed.beyond
    assert beyond.too_far > beyond.steeper > 0
    assert beyond.nearest_min is not None
    assert 20 < beyond.nearest_min < 21
    assert listed.misses == ()


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("door", [DOOR, Place(45.5230, -122.6760)])
def test_a_larger_radius_never_loses_a_hill(door: Place) -> None:
    near, far = (
        find.near(door, Criteria(limit=limit, warmup_min=(0, most)), streets=STREETS, dem=HEIGHTS)
        for limit, most in ((1000, 6.0), (150, 12.0))
    )
    assert len(near.network) < len(far.network)
    assert len(near) > 5
    flattest = far[-1].grade

    def ends(some: Hills) -> Floats:
        return np.array([[h.climb.lat[0], h.climb.lon[0], h.climb.lat[-1], h.climb.lon[-1]]
                         for h in some])  # fmt: skip

    for hill, place in zip(near, ends(near), strict=True):
        if hill.grade <= flattest:
            continue
        apart = np.abs(ends(far) - place).max(axis=1)
        same = far[int(np.argmin(apart))]
        assert apart.min() < 2e-5
        assert same.name == hill.name
        assert same.grade == pytest.approx(hill.grade, abs=1e-3)


@needs_data
def test_ten_warm_ups_in_portland_take_no_time(portland: Searched) -> None:
    criteria = Criteria()
    before = time.perf_counter()
    router = Router(portland.network, DOOR, criteria)
    seconds = router.times_s(portland.found)
    rows = ranking.order(portland.found)
    for row in rows[seconds[rows] <= 1200][:10].tolist():
        router.approach(portland.found[row])
    print(f"router, order and 10 warm-ups: {time.perf_counter() - before:.3f} s")  # noqa: T201


@needs_data
def test_monaco() -> None:
    folder = DATA / "monaco"
    hills = find.near(
        "43.7325,7.4189",
        streets=folder / "monaco.osm.gz",
        dem=folder / "N43E007.hgt.zip",
    )
    assert len(hills) == 10
    for hill in hills:
        assert not hills.network.ways.steps[
            hills.network.edge_way[[leg.edge for leg in hill.climb.legs]]
        ].any()
        assert hill.grade < 0.3
        assert hill.confidence == "low"
        assert hill.notes[0].startswith("Heights every 9")
        assert hill.approach is not None
        assert hill.approach.time_s <= 1200


@needs_data
def test_grenoble() -> None:
    folder = DATA / "grenoble"
    hills = find.near(
        "45.2605,5.7780", streets=folder / "osm_graph.graphml", dem=folder / "dem.tif"
    )
    assert len(hills) == 10
    assert {hill.climb.tags["highway"] for hill in hills} <= {"path", "track", "footway"}
    for hill in hills:
        assert hill.climb.max_grade < 0.8
        assert hill.approach is not None
        assert (hill.approach.time_s >= 600) or len(hill.notes) > 0
    none = find.near(
        "45.2605,5.7780",
        Criteria(min_grade=0.9),
        streets=folder / "osm_graph.graphml",
        dem=folder / "dem.tif",
    )
    assert len(none) == 0
    assert none.misses
    assert all("rises only" in miss for miss in none.misses)


# --- The made-up town -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gradely(tmp_path_factory: pytest.TempPathFactory) -> files.DemoFiles:
    return files.write_town(tmp_path_factory.mktemp("gradely"))


@pytest.fixture(scope="module")
def hills(gradely: files.DemoFiles) -> Hills:
    return find.near(town.DOOR, Criteria(limit=100), streets=gradely.osm, dem=gradely.dem)


def in_town(climb: Climb) -> Floats:
    """Return the line of a climb in the town's metres, shape (n, 2)."""
    from pyproj import Transformer

    project = Transformer.from_crs("EPSG:4326", town.CRS, always_xy=True)
    return np.column_stack(project.transform(climb.lon, climb.lat))


def those_on(hills: Hills, known: KnownHill) -> Iterator[Climb]:
    """Yield the climbs listed that rise along a known stretch."""
    from shapely import LineString

    stretch = LineString(known.stretch)
    for hill in hills:
        if set(hill.climb.way_ids) & set(known.way_ids):
            line = LineString(in_town(hill.climb))
            # 16 m: of two carriageways 15 m apart either may stand for both.
            if line.intersection(stretch.buffer(16.0)).length > 0.5 * line.length:
                yield hill.climb


@pytest.mark.parametrize(
    "known",
    [hill for hill in KNOWN_HILLS if hill.is_hill],
    ids=lambda hill: f"{hill.name} {hill.why}",
)
def test_every_hill_of_the_town_is_found_with_its_grade(hills: Hills, known: KnownHill) -> None:
    found = list(those_on(hills, known))
    if known.name == "Farthing Hill":
        assert not found
        assert hills.beyond.too_far >= 1
        assert hills.beyond.steeper >= 1
        return
    assert found
    for climb in found:
        assert climb.grade == pytest.approx(known.grade, abs=0.005)
    assert max(climb.grade for climb in found) == pytest.approx(known.grade, abs=0.003)


def test_no_trap_of_the_town_is_listed(hills: Hills) -> None:
    hold = {way for known in KNOWN_HILLS if not known.is_hill for way in known.way_ids}
    hold -= {way for known in KNOWN_HILLS if known.is_hill for way in known.way_ids}
    for hill in hills:
        assert not hold & set(hill.climb.way_ids), hill.name
    true = {way for known in KNOWN_HILLS if known.is_hill for way in known.way_ids}
    assert all(true & set(hill.climb.way_ids) for hill in hills)


def test_twins_of_the_town_are_listed_once(hills: Hills) -> None:
    named = [hill.climb.name for hill in hills]
    for name in ("Edith Street", "Viaduct Parade", "Dora Street", "Larkspur Close"):
        assert named.count(name) == 1
    assert named.count("Saddle Street") == 2
    assert [hill.name for hill in hills if hill.climb.way_ids == (406,)] == [
        "Path off Vineyard Lane"
    ]


def test_the_island_of_the_town_is_counted(hills: Hills) -> None:
    assert hills.beyond.unreachable == 1
    assert "Heron Rise" not in [hill.climb.name for hill in hills]


def test_hills_of_the_town_nearer_than_10_minutes_have_a_way_round(hills: Hills) -> None:
    for hill in hills:
        assert hill.approach is not None
        assert 600 <= hill.approach.time_s <= 1200
    shapes = {hill.climb.name: hill.approach.shape for hill in hills if hill.approach}
    assert shapes["Larkspur Close"] == "detour"
    assert shapes["Saddle Street"] in {"detour", "direct"}


@pytest.mark.slow
def test_the_order_of_the_file_changes_not_a_byte(gradely: files.DemoFiles, tmp_path: Path) -> None:
    text = gradely.osm.read_text()
    head, *rest = re.split(r"(?=^  <way )", text, flags=re.MULTILINE)
    *ways, last = [part.removesuffix("</osm>\n") for part in rest]
    shuffled = [*ways, last]
    random.Random(4).shuffle(shuffled)  # noqa: S311
    other = tmp_path / gradely.osm.name
    other.write_text(head + "".join(shuffled) + "</osm>\n")
    assert other.read_text() != text
    told = [
        find.near(town.DOOR, Criteria(limit=30), streets=osm, dem=gradely.dem).to_json()
        for osm in (gradely.osm, other)
    ]
    assert told[0] == told[1]
    assert len(json.loads(told[0])["hills"]) > 10


@pytest.mark.parametrize("walk", [False, True])
@pytest.mark.parametrize("length", [(50.0, 100.0), (100.0, 200.0), (300.0, 800.0)])
def test_other_lengths_and_paces_in_the_town(
    gradely: files.DemoFiles,
    length: tuple[float, float],
    walk: bool,  # noqa: FBT001
) -> None:
    criteria = Criteria(length_m=length, walk=walk, limit=40)
    found = find.near(town.DOOR, criteria, streets=gradely.osm, dem=gradely.dem)
    assert len(found) > 0
    true = {way: known.grade for known in KNOWN_HILLS if known.is_hill for way in known.way_ids}
    for hill in found:
        grades = [true[way] for way in hill.climb.way_ids if way in true]
        assert grades
        assert hill.grade < max(grades) + 0.005
        assert length[0] - 0.1 <= hill.climb.length_m <= length[1] + 0.1
