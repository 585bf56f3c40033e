"""Long ways up, against every way there is on small networks, against paper, on real towns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hillfinder import find
from hillfinder.climbs import label_search, long_climbs
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.errors import HeightsError
from tests.towns import DATA, METRES, STREET, Formula, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hillfinder.climbs.label_search import Pieces
    from hillfinder.model import Floats
    from hillfinder.results.hills import Hills
    from hillfinder.streets.network import StreetNetwork

SMALL = Criteria(session="long", length_m=(400.0, 700.0), min_grade=0.02, max_grade=0.08)


def grid(seed: int) -> StreetNetwork:
    """Return a small grid with gaps on a tilted, bumpy hillside."""
    rng = np.random.default_rng(seed)
    nodes = {10 * i + j: (97.0 * i, 97.0 * j) for i in range(4) for j in range(4)}
    pairs = [(a, b) for a in nodes for b in (a + 1, a + 10) if b in nodes]
    kept = [pair for pair in pairs if rng.random() < 0.75]
    ways = [(i + 1, list(pair), {**STREET, "name": str(pair[1] - pair[0])})
            for i, pair in enumerate(kept)]  # fmt: skip
    used = {node for pair in kept for node in pair}
    tilt, bump = rng.uniform(0.01, 0.06, 2), rng.uniform(0.0, 3.0)
    land = Formula(lambda x, y: tilt[0] * x + tilt[1] * y + bump * np.sin(x / 60) * np.cos(y / 70))
    return attach(town(ways, {node: nodes[node] for node in used}), land)


def every_way(pieces: Pieces, longest: float) -> Iterator[list[int]]:
    """Yield every way that runs no street twice: nothing clever."""
    stack = [[piece] for piece in range(len(pieces.edge))]
    while stack:
        way = stack.pop()
        yield way
        for after in pieces.next[pieces.offset[way[-1]] : pieces.offset[way[-1] + 1]].tolist():
            length = pieces.length_m[[*way, after]].sum()
            if after // 2 not in {piece // 2 for piece in way} and length <= longest:
                stack.append([*way, after])


@pytest.mark.parametrize("seed", range(12))
def test_the_first_is_the_best_of_all_ways(seed: int) -> None:
    network = grid(seed)
    assert network.profiles is not None
    pieces = label_search.cut(network, network.profiles)
    measured = (long_climbs._measure(pieces, way, SMALL) for way in every_way(pieces, 700.0))
    best = max((one.score for one in measured if one is not None), default=0.0)
    far = np.zeros(len(pieces.edge), bool)
    found = long_climbs._distinct(
        pieces, far, label_search.steady_ways(pieces, far, SMALL, long_climbs.greatest_part), SMALL
    )
    assert (best > 0) == bool(found)
    if found:
        # Of 110 such grids with an ascent 109 give the best itself, one 98.4 % of it.
        assert found[0].score == pytest.approx(best)


def zigzag(
    height: Formula, *, island: bool = False, east: float = 0.0, north: float = 0.0
) -> StreetNetwork:
    """Return one way up of 12 streets of 300 m, each round a corner, with dead ends off it."""
    nodes = {i: (east + 300.0 * ((i + 1) // 2), north + 300.0 * (i // 2)) for i in range(13)}
    nodes |= {100 + i: (x + 40.0, y - 40.0) for i, (x, y) in nodes.items()}
    ways = [(i + 1, [i, i + 1], {**STREET, "name": f"Street {i}"}) for i in range(12)]
    ways += [(i + 50, [i, 100 + i], {**STREET, "name": f"Lane {i}"}) for i in range(13)]
    if island:
        nodes |= {200: (-500.0, 0.0), 201: (-400.0, 0.0)}
        ways.append((99, [200, 201], {**STREET, "name": "Island"}))
    return attach(town(ways, nodes), height)


def test_an_ascent_turns_at_junctions_and_has_the_grade_of_the_land() -> None:
    network = zigzag(Formula(lambda x, y: 0.04 * (x + y)))
    (climb,) = long_climbs.find_ascents(network, Criteria(session="long"))
    assert climb.length_m == pytest.approx(3600.0, abs=10.0)
    assert climb.grade == pytest.approx(0.04, abs=0.001)
    assert len(climb.legs) == 12
    found = long_climbs.find_ascents(network, Criteria(session="long"))
    assert found.steadiness[0] == pytest.approx(1.0, abs=0.01)


def test_half_flat_is_no_gradual_hill() -> None:
    land = Formula(lambda x, y: 0.08 * np.maximum(x + y - 1800.0, 0.0))
    assert len(long_climbs.find_ascents(zigzag(land), Criteria(session="long"))) == 0


def test_raising_the_land_changes_nothing() -> None:
    low = long_climbs.find_ascents(
        zigzag(Formula(lambda x, y: 0.04 * (x + y))), Criteria(session="long")
    )
    high = long_climbs.find_ascents(
        zigzag(Formula(lambda x, y: 900.0 + 0.04 * (x + y))), Criteria(session="long")
    )
    assert low.legs == high.legs
    np.testing.assert_allclose(low.grade, high.grade, atol=1e-7)


def test_shifting_the_map_changes_nothing() -> None:
    here = long_climbs.find_ascents(
        zigzag(Formula(lambda x, y: 0.04 * (x + y))), Criteria(session="long")
    )
    land = Formula(lambda x, y: 0.04 * (x + y - 5000.0))
    there = long_climbs.find_ascents(
        zigzag(land, east=2000.0, north=3000.0), Criteria(session="long")
    )
    assert [leg.edge for leg in here.legs[0]] == [leg.edge for leg in there.legs[0]]
    np.testing.assert_allclose(here.length_m, there.length_m, rtol=1e-3)
    np.testing.assert_allclose(here.grade, there.grade, rtol=1e-2)
    np.testing.assert_array_equal(here.turns, there.turns)


def test_what_lies_beyond_the_warm_up_is_counted_and_not_offered() -> None:
    height = Formula(lambda x, y: 0.04 * (x + y))
    near = Criteria(session="long")
    far = Criteria(session="long", warmup_min=(0.0, 5.0))
    top = (46.0 + 1800.0 / METRES, 8.0 + 1800.0 / METRES / np.cos(np.radians(46.0)))
    for door, criteria, offered in (((46.0, 8.0), near, 1), (top, far, 0)):
        found = find.near(door, criteria, streets=zigzag(height), dem=height)
        assert len(found) == offered
        assert found.beyond.too_far == 1 - offered
        assert found.beyond.unreachable == 0


def test_what_is_too_short_is_told_as_a_miss_and_not_as_too_far() -> None:
    height = Formula(lambda x, y: 0.04 * np.minimum(x + y, 2400.0))
    found = find.near((46.0, 8.0), Criteria(session="long"), streets=zigzag(height), dem=height)
    assert len(found) == 0
    assert any("is only" in words and "m long" in words for words in found.misses)
    assert not any(re.search(r"but is \d+ minutes? away", words) for words in found.misses)


def test_what_nobody_can_reach_is_not_called_far() -> None:
    height = Formula(lambda x, y: 0.04 * (x + y))
    found = find.near(
        (46.0, 7.994),
        Criteria(session="long"),
        streets=zigzag(height, island=True),
        dem=height,
    )
    assert len(found) == 0
    assert "no way on foot leads there" in found.misses[0]


@pytest.mark.parametrize("steep", [0.065, 0.09])
def test_a_steep_part_is_no_gradual_hill(steep: float) -> None:
    def height(x: Floats, y: Floats) -> Floats:
        at = x + y
        return 0.035 * at + (steep - 0.035) * np.clip(at - 1500.0, 0.0, 450.0)

    found = long_climbs.find_ascents(zigzag(Formula(height)), Criteria(session="long"))
    # 450 m of 6.5 % are more than 1.6 times the mean, 3.9 %.
    assert len(found) == 0


def test_of_two_even_ways_the_paved_one_is_taken() -> None:
    nodes = {0: (0.0, 0.0), 1: (1750.0, 25.0), 2: (1750.0, -25.0), 3: (3500.0, 0.0)}
    ways = [
        (1, [0, 1], {**STREET, "name": "Road", "surface": "asphalt"}),
        (2, [1, 3], {**STREET, "name": "Road", "surface": "asphalt"}),
        (3, [0, 2], {"highway": "path", "name": "Trail", "surface": "mud"}),
        (4, [2, 3], {"highway": "path", "name": "Trail", "surface": "mud"}),
    ]
    network = attach(town(ways, nodes), Formula(lambda x, y: 0.04 * x))
    first, second = long_climbs.find_ascents(network, Criteria(session="long"))
    assert (first.tags["surface"], second.tags["surface"]) == ("asphalt", "mud")


def test_no_heights_no_ascents() -> None:
    network = town([(1, [0, 1], STREET)], {0: (0.0, 0.0), 1: (300.0, 0.0)})
    with pytest.raises(HeightsError, match="attach"):
        long_climbs.find_ascents(network, Criteria(session="long"))


def portland() -> Hills:
    return find.near(
        "45.5152,-122.6784",
        Criteria(session="long"),
        streets=DATA / "portland" / "portland-central-filtered.osm.pbf",
        dem=DATA / "portland" / "portland-ned.tif",
    )


@needs_data
def test_portland_has_long_hills_that_rise_gently_all_along() -> None:
    hills = portland()
    assert len(hills) >= 2
    assert "Talbot Road, then Southwest Fairmount" in hills[0].name
    assert hills[0].grade == pytest.approx(0.05, abs=0.003)
    for hill in hills:
        assert 3200.0 <= hill.climb.length_m <= 4800.0
        assert 0.02 <= hill.grade <= 0.08
        assert hill.approach is not None
        assert hill.approach.legs[-1].edge in {leg.edge for leg in hill.climb.legs} or (
            hill.approach.lat[-1] == pytest.approx(hill.climb.lat[0], abs=1e-6)
        )
        line = hill.climb.profile
        for part, least, most in ((400.0, 0.0, 1.6 * hill.grade), (100.0, -1.0, 0.12)):
            low = np.arange(0.0, line.length_m - part, 10.0)
            ends = (np.interp(low + by, line.distance_m, line.elevation_m) for by in (part, 0.0))
            grades = np.subtract(*ends) / part
            assert grades.min() > least
            assert grades.max() < most + 0.01  # parts need not begin with a piece


@pytest.mark.slow
@needs_data
def test_the_same_question_has_the_same_answer_to_the_byte(tmp_path: Path) -> None:
    one, two = portland(), portland()
    assert one.to_json() == two.to_json()
    for name, hills in (("one", one), ("two", two)):
        hills.workout().to_gpx(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
