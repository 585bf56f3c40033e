"""The nouns: what they refuse, and what they derive."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hillfinder.criteria import Criteria
from hillfinder.errors import CriteriaError, PlaceError
from hillfinder.model import Climb, Hill, Leg, Place, Profile, Route, read_only


def profile(heights: list[float], step: float = 10.0) -> Profile:
    z = np.array(heights, np.float64)
    return Profile(step * np.arange(len(z), dtype=np.float64), z, np.full(len(z), 0.3))


def hill(grade: float, grade_sigma: float) -> Hill:
    slope = profile([0.0, grade * 100.0], 100.0)
    line = np.zeros(2)
    climb = Climb(line, line, slope, (Leg(0, 0.0, 1.0),), (1,), "", {}, grade_sigma)
    return Hill(1, "A Street", climb, None)


@pytest.mark.parametrize("at", [(0, 0), (90, 180), (-90, -180), (45.5, -122.7)])
def test_a_place_on_earth(at: tuple[float, float]) -> None:
    assert (Place(*at).lat, Place(*at).lon) == at


@pytest.mark.parametrize(
    ("lat", "lon", "says"),
    [
        (91.0, 10.0, 'swapped. Try "10,91"'),
        (-122.7, 45.5, 'swapped. Try "45.5,-122.7"'),
        (95.0, 100.0, "not on the map"),
        (181.0, 10.0, "not on the map"),
        (10.0, 181.0, "not on the map"),
        (math.nan, 0.0, "nan, 0.0 is not a place"),
        (0.0, -math.inf, "is not a place"),
    ],
)
def test_nowhere_on_earth(lat: float, lon: float, says: str) -> None:
    with pytest.raises(PlaceError) as caught:
        Place(lat, lon)
    assert says in str(caught.value)


def test_criteria_by_default() -> None:
    criteria = Criteria()
    assert (criteria.length_range_m, criteria.warmup_min) == ((100, 200), (10, 20))
    assert (criteria.grade_range, criteria.limit, criteria.walk) == ((0.03, 1.0), 10, False)
    assert criteria.flat_speed_m_s == pytest.approx(1000 / 420)
    assert Criteria(walk=True).flat_speed_m_s == pytest.approx(1000 / 720)
    assert Criteria(walk=True, pace_min_per_km=10).flat_speed_m_s == pytest.approx(1000 / 600)
    long = Criteria(session="long")
    assert (long.length_range_m, long.grade_range) == ((3200, 4800), (0.02, 0.08))
    assert Criteria(session="long", length_m=(800, 1200), min_grade=0.1).grade_range == (0.1, 1.0)
    assert Criteria(max_grade=0.02).grade_range == (0.01, 0.02)


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(length_m=(20, 5000)),
        Criteria(length_m=(100, 100)),
        Criteria(warmup_min=(0, 180)),
        Criteria(pace_min_per_km=2),
        Criteria(pace_min_per_km=40, limit=1, min_grade=0.999),
    ],
)
def test_the_ends_of_the_ranges_can_be_asked_for(criteria: Criteria) -> None:
    assert dataclasses.replace(criteria) == criteria


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"length_m": (200, 100)}, "The length 200-100 is upside down: write 100-200."),
        ({"length_m": (10, 100)}, "The length 10-100 m is out of range: 20 to 5000 m"),
        ({"length_m": (100, 6000)}, "out of range"),
        ({"length_m": (math.nan, 100)}, "is not a range of numbers"),
        ({"length_m": (100, math.inf)}, "is not a range of numbers"),
        ({"warmup_min": (20, 10)}, "The warm-up 20-10 is upside down"),
        ({"warmup_min": (-1, 10)}, "The warm-up -1-10 minutes is out of range"),
        ({"warmup_min": (0, 0)}, "out of range"),
        ({"warmup_min": (0, 181)}, "out of range"),
        ({"pace_min_per_km": 1.9}, "A pace of 1.9 minutes a kilometre"),
        ({"pace_min_per_km": 41}, "give 2:00 to 40:00"),
        ({"pace_min_per_km": math.nan}, "A pace of nan"),
        ({"pace_min_per_km": 0.0}, "A pace of 0"),
        ({"limit": 0}, "A limit of 0 lists nothing"),
        ({"limit": 2.5}, "A limit of 2.5"),
        ({"limit": math.nan}, "A limit of nan"),
        ({"repeats": 2.5}, "2.5 repeats are no session"),
        ({"repeats": "3"}, "3 repeats are no session"),
        ({"min_grade": 0.05, "max_grade": 0.03}, "The grades 5-3 % are upside down"),
        ({"min_grade": 0}, "A least grade of 0"),
        ({"min_grade": 1}, "give a ratio such as 0.05"),
        ({"min_grade": math.nan}, "A least grade of nan"),
    ],
)
def test_criteria_that_make_no_sense(options: dict[str, object], says: str) -> None:
    with pytest.raises(CriteriaError) as caught:
        Criteria(**options)  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(CriteriaError) as caught:
        Criteria(length_m=(200, 100), warmup_min=(20, 10), pace_min_per_km=1, limit=0, min_grade=2)
    text = str(caught.value)
    for part in ("length 200-100", "warm-up 20-10", "a pace of 1", "a limit of 0", "a least grade"):
        assert part in text.lower()
    assert text[0].isupper()
    assert text.endswith(".")


def test_a_profile_from_end_to_end() -> None:
    slope = profile([300.0, 303.0, 302.0, 308.0])
    assert (slope.length_m, slope.gain_m) == (30.0, 8.0)
    assert slope.grade == pytest.approx(8 / 30)
    assert profile([8.0, 0.0]).grade == pytest.approx(-0.8)


def slow_steepest(slope: Profile, over_m: float) -> float:
    """Try a foot every 10 cm."""
    span = min(over_m, slope.length_m)
    return max(
        float(
            np.interp(foot + span, slope.distance_m, slope.elevation_m)
            - np.interp(foot, slope.distance_m, slope.elevation_m)
        )
        / span
        for foot in np.append(np.arange(0.0, slope.length_m - span, 0.1), slope.length_m - span)
    )


@given(
    steps=st.lists(st.floats(1.0, 14.0), min_size=1, max_size=12),
    heights=st.lists(st.floats(-5.0, 5.0), min_size=13, max_size=13),
    over_m=st.floats(5.0, 60.0),
)
def test_the_steepest_part(steps: list[float], heights: list[float], over_m: float) -> None:
    distance = np.concatenate([[0.0], np.cumsum(steps)])
    slope = Profile(distance, np.array(heights[: len(distance)]), np.zeros(len(distance)))
    slow = slow_steepest(slope, over_m)
    assert slope.steepest(over_m) >= slow - 1e-9
    steepest_leg = max(
        abs(b - a) / step
        for (a, b), step in zip(pairwise(heights[: len(distance)]), steps, strict=True)
    )
    assert slope.steepest(over_m) <= slow + 0.1 * 2 * steepest_leg / min(over_m, distance[-1])


@pytest.mark.parametrize(
    ("grade", "sigma", "confidence"),
    [
        (0.10, 0.005, "high"),
        (0.10, 0.010, "high"),
        (0.08, 0.009, "medium"),  # more than a tenth of the grade
        (0.15, 0.012, "medium"),
        (0.15, 0.026, "low"),
        (0.03, 0.011, "low"),  # more than a third of the grade
        (0.30, 0.025, "medium"),
        (0.36, 0.005, "low"),  # steeper than any street
    ],
)
def test_how_far_a_grade_can_be_trusted(grade: float, sigma: float, confidence: str) -> None:
    found = hill(grade, sigma)
    assert found.confidence == confidence
    assert found.grade == pytest.approx(grade)
    assert found.grade_sigma == sigma
    assert found.climb.max_grade == pytest.approx(grade)


def test_a_route_gains_what_it_climbs() -> None:
    heights = np.array([10.0, 14.0, 12.0, 13.0])
    distance = np.array([0.0, 50.0, 90.0, 140.0])
    route = Route(np.zeros(4), np.zeros(4), heights, distance, 60.0, "direct")
    assert (route.length_m, route.gain_m) == (140.0, 5.0)
    unknown = dataclasses.replace(route, elevation_m=np.array([1.0, np.nan, 2.0, 3.0]))
    assert unknown.gain_m is None


def test_a_read_only_view_leaves_the_array_as_it_was() -> None:
    array = np.zeros(3)
    view = read_only(array)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1.0
    array[0] = 2.0
    assert view[0] == 2.0


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Place(1.0, 2.0).lat = 3.0  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        hill(0.1, 0.01).rank = 2  # type: ignore[misc]
