"""The search for climbs, against an oracle that tries everything, and against paper."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hillfinder.climbs import search as climbs
from hillfinder.climbs.windows import Limits, Line, search
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.errors import HeightsError
from tests.towns import STREET, Formula, town

LEAST, ROOM = (0.005, 0.03, 0.08), (0.005, 0.03, np.inf)


def at_greatest_grade(line: Line, inside: list[float], limits: Limits) -> list[tuple[float, float]]:
    """Return, from each sample up and down, where the greatest grade is met between two others."""
    windows = []
    height = dict(zip(line.s.tolist(), line.z.tolist(), strict=True))
    for at in inside if limits.max_grade < np.inf else []:
        for a, b in pairwise(inside):
            low, high = (height[end] - height[at] - limits.max_grade * (end - at) for end in (a, b))
            if low * high < 0:
                end = a + (b - a) * low / (low - high)
                windows.append((min(at, end), max(at, end)))
    return windows


def oracle(line: Line, first: int, last: int, limits: Limits) -> list[tuple[float, float, float]]:
    """Return foot, top and gain of every climb: every window tried, with loops, nothing clever."""
    s, z = line.s.tolist(), line.z.tolist()

    def height(at: float) -> float:
        return float(np.interp(at, line.s, line.z))

    def drop(foot: float, top: float) -> float:
        points = [foot, *(p for p in s if foot < p < top), top]
        heights = [height(p) for p in points]
        return max(max(heights[: i + 1]) - heights[i] for i in range(len(heights)))

    def score(foot: float, top: float) -> float:
        length, gain = top - foot, height(top) - height(foot)
        if not limits.shortest - 1e-9 <= length <= limits.longest + 1e-9:
            return 0.0
        grade = gain / length
        least = 0.25 * grade * limits.end
        good = (
            limits.min_grade <= grade <= limits.max_grade * (1 + 1e-9)
            and drop(foot, top) <= max(2.0, 0.1 * gain)
            and height(foot + limits.end) - height(foot) >= least
            and height(top) - height(top - limits.end) >= least
        )
        return gain * gain / length if good else 0.0

    if last <= first:
        return []
    inside = s[first : last + 1]
    windows = [(a, b) for a in inside for b in inside if b > a]
    for exact in (limits.shortest, limits.longest):
        windows += [(a, a + exact) for a in inside if a + exact <= inside[-1]]
        windows += [(b - exact, b) for b in inside if b - exact >= inside[0]]
    windows += at_greatest_grade(line, inside, limits)
    best = max(windows, key=lambda w: score(*w), default=None)
    if best is None or score(*best) == 0.0:
        return []
    foot, top = best
    gain = height(top) - height(foot)
    dip = max(2.0, 0.1 * gain)
    below = first
    lowest, at = np.inf, first
    for i in range(last, first - 1, -1):
        if s[i] > foot:
            continue
        if z[i] < lowest:
            lowest, at = z[i], i
        if z[i] - lowest > dip:
            below = at
            break
        if s[i] <= foot - limits.longest:
            below = i
            break
    above = last
    highest, at = -np.inf, last
    for i in range(first, last + 1):
        if s[i] < top:
            continue
        if z[i] > highest:
            highest, at = z[i], i
        if highest - z[i] > dip:
            above = at
            break
        if s[i] >= top + limits.longest:
            above = i
            break
    return [
        (foot, top, gain),
        *oracle(line, first, below, limits),
        *oracle(line, above, last, limits),
    ]


def rolling_line(seed: int, count: int) -> Line:
    """Return a made-up profile: uneven spacing, hills of several lengths, some noise."""
    rng = np.random.default_rng(seed)
    s = np.cumsum(rng.uniform(1.0, 14.0, count))
    waves = rng.uniform(60.0, 900.0, 4)
    z = sum(
        wave * rng.uniform(0.0, 0.03) * np.sin(2 * np.pi * s / wave + rng.uniform(0, 6))
        for wave in waves
    )
    return Line(s, z + rng.normal(0.0, rng.choice([0.01, 0.5, 1.5]), count))


def found(line: Line, first: list[int], last: list[int], limits: Limits) -> list[tuple[float, ...]]:
    windows = search(line, np.array(first), np.array(last), limits)
    return sorted(zip(*(part.tolist() for part in windows), strict=True))


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(2, 60),
    shortest=st.sampled_from([20.0, 60.0, 100.0]),
    stretch=st.sampled_from([1.0, 1.3, 2.0, 4.0]),
    grades=st.sampled_from([(least, least + room) for least in LEAST for room in ROOM]),
)
def test_finds_what_the_oracle_finds(
    seed: int, count: int, shortest: float, stretch: float, grades: tuple[float, float]
) -> None:
    line = rolling_line(seed, count)
    limits = Limits(shortest, shortest * stretch, *grades)
    expected = sorted(oracle(line, 0, count - 1, limits))
    actual = found(line, [0], [count - 1], limits)
    assert len(actual) == len(expected)
    np.testing.assert_allclose(actual, expected, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cut=st.integers(1, 58))
def test_stretches_are_searched_one_by_one(seed: int, cut: int) -> None:
    line = rolling_line(seed, 60)
    limits = Limits(60.0, 140.0, 0.02)
    together = found(line, [0, cut], [cut - 1, 59], limits)
    alone = found(line, [0], [cut - 1], limits) + found(line, [cut], [59], limits)
    assert together == sorted(alone)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lift=st.floats(-400, 4000), at=st.integers(1, 40))
def test_raising_the_land_or_cutting_a_piece_changes_nothing(
    seed: int, lift: float, at: int
) -> None:
    line = rolling_line(seed, 42)
    limits = Limits(60.0, 140.0, 0.02)
    before = found(line, [0], [41], limits)
    raised = found(Line(line.s, line.z + lift), [0], [41], limits)
    np.testing.assert_allclose(raised, before, atol=1e-5)
    middle = (line.s[at - 1] + line.s[at]) / 2
    height = np.interp(middle, line.s, line.z)
    finer = Line(np.insert(line.s, at, middle), np.insert(line.z, at, height))
    refined = found(finer, [0], [42], limits)
    # One more sample is one more place to begin: it may better a climb whose end was almost flat.
    assert sum(w[2] ** 2 / (w[1] - w[0]) for w in refined) >= 0.98 * sum(
        w[2] ** 2 / (w[1] - w[0]) for w in before
    )


def test_a_ramp_is_one_climb_of_the_greatest_length() -> None:
    s = np.arange(0.0, 401.0, 10.0)
    z = np.clip(s - 100.0, 0.0, 200.0) * 0.08
    ((foot, top, gain),) = found(Line(s, z), [0], [40], Limits(100.0, 200.0, 0.03))
    assert (foot, top) == (100.0, 300.0)
    assert gain == pytest.approx(16.0)


def test_a_short_steep_part_does_not_stand_for_the_hill() -> None:
    # 100 m at 9 % then 100 m at 8 %: grade alone would take the first half only.
    s = np.arange(0.0, 301.0, 10.0)
    z = np.interp(s, [0, 50, 150, 250, 300], [0, 0, 9, 17, 17])
    ((foot, top, _),) = found(Line(s, z), [0], [30], Limits(100.0, 200.0, 0.03))
    assert (foot, top) == (50.0, 250.0)


def test_of_equals_the_lowest_is_taken() -> None:
    s = np.arange(0.0, 601.0, 10.0)
    ((foot, top, _),) = found(
        Line(s, np.clip(s - 100.0, 0.0, 400.0) * 0.08), [0], [60], Limits(100.0, 200.0, 0.03)
    )
    assert (foot, top) == pytest.approx((100.0, 300.0))


def test_a_top_beyond_the_brow_lies_no_lower_than_a_dip_is_deep() -> None:
    # 100 m end half-way down from a brow of 16 m: 3 m below it, though 3 m above where 20 m began.
    s = np.array([0.0, 20.0, 40.0, 60.0, 80.0, 90.0, 110.0])
    limits = Limits(100.0, 100.0, 0.03)
    assert found(Line(s, np.array([0, 2.5, 5, 7.5, 10, 16, 10])), [0], [6], limits) == []
    ((_, top, gain),) = found(Line(s, np.array([0, 2.5, 5, 7.5, 10, 14, 11])), [0], [6], limits)
    assert (top, gain) == (100.0, 12.5)


def test_a_slope_that_grows_too_steep_is_a_climb_as_far_as_the_greatest_grade_allows() -> None:
    # 100 m at 6 % and 200 m at 15 %: of the first sample on, 8 % on the mean is met where
    # 6 + 0.15 x = 0.08 (100 + x), which is 28.57 m up the steep part.
    s = np.arange(0.0, 301.0, 20.0)
    z = np.interp(s, [0, 100, 300], [0, 6, 36])
    ((foot, top, gain),) = found(Line(s, z), [0], [15], Limits(100.0, 200.0, 0.03, 0.08))
    assert foot == 0.0
    assert top == pytest.approx(100 + 2 / 0.07)
    assert gain / top == pytest.approx(0.08)
    ((foot, top, _),) = found(Line(s, z), [0], [15], Limits(100.0, 200.0, 0.03))
    assert (foot, top) == (100.0, 300.0)


def test_a_hill_steeper_than_the_greatest_grade_is_none() -> None:
    network = town([(1, [0, 1], STREET)], {0: (0.0, 0.0), 1: (300.0, 0.0)})
    network = attach(network, Formula(lambda x, y: 0.12 * x))
    assert len(climbs.find(network, Criteria(max_grade=0.13))) == 1
    assert len(climbs.find(network, Criteria(max_grade=0.1))) == 0
    assert len(climbs.find(network, Criteria())) == 1


def test_an_end_to_end_flat_ridge_has_a_climb_on_either_side() -> None:
    nodes = {i: (20.0 * i, 0.0) for i in range(21)}
    network = town([(1, list(nodes), {**STREET, "name": "Ridge Road"})], nodes)
    ridge = Formula(lambda x, y: 0.1 * (200.0 - np.abs(x - 200.0)))
    found_climbs = climbs.find(attach(network, ridge), Criteria())
    assert len(found_climbs) == 2
    assert found_climbs.grade == pytest.approx([0.1, 0.1], abs=0.004)


def test_a_climb_carries_on_through_junctions() -> None:
    # Three ways of one name, a cross street at each joint: the best 200 m spans all three.
    nodes = {i: (80.0 * i, 0.0) for i in range(4)}
    nodes |= {10 + i: (80.0 * i, 60.0) for i in (1, 2)} | {
        20 + i: (80.0 * i, -60.0) for i in (1, 2)
    }
    ways = [(i + 1, [i, i + 1], {**STREET, "name": "Long Hill"}) for i in range(3)]
    ways += [(i + 10, [10 + i, i, 20 + i], {**STREET, "name": f"Cross {i}"}) for i in (1, 2)]
    network = attach(town(ways, nodes), Formula(lambda x, y: 0.09 * x))
    found_climbs = climbs.find(network, Criteria())
    (climb,) = [climb for climb in found_climbs if climb.name == "Long Hill"]
    assert climb.way_ids == (1, 2, 3)
    assert climb.length_m == pytest.approx(200.0, abs=0.5)
    assert climb.grade == pytest.approx(0.09, abs=0.001)
    assert climb.profile.elevation_m[0] < climb.profile.elevation_m[-1]
    assert climb.lon[0] < climb.lon[-1]


def test_a_climb_never_leaves_by_a_turn() -> None:
    # Up one street, round a corner into another name: two climbs, each on its own street.
    nodes = {0: (0.0, 0.0), 1: (150.0, 0.0), 2: (150.0, 150.0), 3: (300.0, 0.0), 4: (150.0, -99.0)}
    ways = [
        (1, [0, 1, 3], {**STREET, "name": "West Street"}),
        (2, [4, 1, 2], {**STREET, "name": "North Street"}),
    ]
    height = Formula(lambda x, y: 0.08 * np.minimum(x, 150.0) + 0.08 * np.maximum(y, 0.0))
    found_climbs = climbs.find(attach(town(ways, nodes), height), Criteria())
    assert {climb.name for climb in found_climbs} == {"West Street", "North Street"}
    assert all(len(climb.way_ids) == 1 for climb in found_climbs)


def test_no_heights_no_climbs() -> None:
    network = town([(1, [0, 1], STREET)], {0: (0.0, 0.0), 1: (300.0, 0.0)})
    with pytest.raises(HeightsError, match="attach"):
        climbs.find(network, Criteria())


def test_a_flat_town_has_none() -> None:
    network = town([(1, [0, 1], STREET)], {0: (0.0, 0.0), 1: (300.0, 0.0)})
    assert len(climbs.find(attach(network, Formula(lambda x, y: 0.0 * x)), Criteria())) == 0
