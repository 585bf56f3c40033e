"""Long ways up, against every way there is on small networks, against paper, on real towns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hillfinder import ascents, find
from hillfinder.criteria import Criteria
from hillfinder.elevation.profile import attach
from hillfinder.errors import HeightsError

from .towns import DATA, STREET, Formula, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.ascents import Feet, _Pieces
    from hillfinder.model import Floats
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


def every_way(pieces: _Pieces, longest: float) -> Iterator[list[int]]:
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
def test_the_best_is_nearly_as_good_as_the_best_of_all_ways(seed: int) -> None:
    network = grid(seed)
    assert network.profiles is not None
    pieces = ascents._cut(network, network.profiles)
    measured = (ascents._measure(pieces, way, SMALL) for way in every_way(pieces, 700.0))
    best = max((one.score for one in measured if one is not None), default=0.0)
    begin = np.ones(len(pieces.edge), bool)
    found = ascents._distinct(pieces, ascents._sweep(pieces, begin, SMALL), SMALL)
    assert (best > 0) == bool(found)
    if found:
        assert found[0].score >= 0.97 * best
        assert found[0].score <= best + 1e-9


def zigzag(height: Formula) -> StreetNetwork:
    """Return one way up of 12 streets of 300 m, each round a corner, with dead ends off it."""
    nodes = {i: (300.0 * ((i + 1) // 2), 300.0 * (i // 2)) for i in range(13)}
    nodes |= {100 + i: (x + 40.0, y - 40.0) for i, (x, y) in nodes.items()}
    ways = [(i + 1, [i, i + 1], {**STREET, "name": f"Street {i}"}) for i in range(12)]
    ways += [(i + 50, [i, 100 + i], {**STREET, "name": f"Lane {i}"}) for i in range(13)]
    return attach(town(ways, nodes), height)


def test_an_ascent_turns_at_junctions_and_has_the_grade_of_the_land() -> None:
    network = zigzag(Formula(lambda x, y: 0.04 * (x + y)))
    (climb,) = ascents.find(network, Criteria(session="long"))
    assert climb.length_m == pytest.approx(3600.0, abs=10.0)
    assert climb.grade == pytest.approx(0.04, abs=0.001)
    assert len(climb.legs) == 12
    found = ascents.find(network, Criteria(session="long"))
    assert found.steadiness[0] == pytest.approx(1.0, abs=0.01)


def test_half_flat_is_no_gradual_hill() -> None:
    land = Formula(lambda x, y: 0.08 * np.maximum(x + y - 1800.0, 0.0))
    assert len(ascents.find(zigzag(land), Criteria(session="long"))) == 0


def test_raising_the_land_changes_nothing() -> None:
    low = ascents.find(zigzag(Formula(lambda x, y: 0.04 * (x + y))), Criteria(session="long"))
    high = ascents.find(
        zigzag(Formula(lambda x, y: 900.0 + 0.04 * (x + y))), Criteria(session="long")
    )
    assert low.legs == high.legs
    np.testing.assert_allclose(low.grade, high.grade, atol=1e-7)


def test_only_feet_within_the_warm_up_are_looked_at() -> None:
    network = zigzag(Formula(lambda x, y: 0.04 * (x + y)))

    def far(feet: Feet) -> Floats:
        return np.full(len(feet.foot_edge), 1e6)

    assert len(ascents.find(network, Criteria(session="long"), far)) == 0


def test_what_is_too_short_is_told_as_a_miss() -> None:
    network = zigzag(Formula(lambda x, y: 0.04 * np.minimum(x + y, 2400.0)))
    criteria = Criteria(session="long")
    assert len(ascents.find(network, criteria)) == 0
    assert any("too short" in words for words in ascents.misses(network, criteria))


def test_no_heights_no_ascents() -> None:
    network = town([(1, [0, 1], STREET)], {0: (0.0, 0.0), 1: (300.0, 0.0)})
    with pytest.raises(HeightsError, match="attach"):
        ascents.find(network, Criteria(session="long"))


@needs_data
def test_portland_has_long_hills_that_rise_all_along() -> None:
    hills = find.near(
        "45.5152,-122.6784",
        Criteria(session="long"),
        streets=DATA / "portland" / "portland-central-filtered.osm.pbf",
        heights=DATA / "portland" / "portland-ned.tif",
    )
    assert len(hills) >= 3
    assert any("Montgomery Drive, then" in hill.name for hill in hills)
    for hill in hills:
        assert 3200.0 <= hill.climb.length_m <= 4800.0
        assert 0.02 <= hill.grade <= 0.08
        assert hill.approach is not None
        assert hill.approach.legs[-1].edge in {leg.edge for leg in hill.climb.legs} or (
            hill.approach.lat[-1] == pytest.approx(hill.climb.lat[0], abs=1e-6)
        )
        profile = hill.climb.profile
        low = np.arange(0.0, profile.length_m - 400.0, 50.0)
        rise = np.interp(low + 400.0, profile.distance_m, profile.elevation_m) - np.interp(
            low, profile.distance_m, profile.elevation_m
        )
        assert rise.min() > 0
