"""One row a physical hill, in a total order, with a name that a person would use."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hillfinder.climbs import ranking
from hillfinder.climbs import search as climbs
from hillfinder.climbs.naming import Names
from hillfinder.climbs.notes import Notes
from hillfinder.climbs.ranking import order
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.model import Climb, HeightSource, Hill, Leg, Profile, Route
from tests.towns import STREET, Formula, town

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hillfinder.climbs.search import Climbs
    from hillfinder.model import Floats, Shape
    from hillfinder.streets.network import StreetNetwork

    Point = tuple[float, float]

EAST = Formula(lambda x, y: 0.1 * x)
LEVEL = Formula(lambda x, y: 0.0 * x)


def named(name: str, **tags: str) -> dict[str, str]:
    return {**STREET, "name": name, **tags}


def streets(
    lines: Sequence[tuple[dict[str, str], Sequence[Point]]], heights: Formula
) -> StreetNetwork:
    """Return a town of lines; where two have a point in common, they meet."""
    nodes: dict[Point, int] = {}
    ways = []
    for way_id, (tags, line) in enumerate(lines, 1):
        chain = [nodes.setdefault(point, len(nodes) + 1) for point in line]
        ways.append((way_id, chain, tags))
    network = town(ways, {node: point for point, node in nodes.items()})
    return attach(network, heights)


def rows(network: StreetNetwork, criteria: Criteria | None = None) -> list[Climb]:
    found = climbs.find(network, criteria or Criteria())
    return [found[row] for row in order(found).tolist()]


def labels(network: StreetNetwork, criteria: Criteria | None = None) -> list[str]:
    names = Names(network)
    return [names.label(climb) for climb in rows(network, criteria)]


# --- One row a hill -------------------------------------------------------------------------------


def test_no_climbs_no_rows() -> None:
    found = climbs.find(streets([(named("A"), [(0, 0), (300, 0)])], LEVEL), Criteria())
    assert order(found).tolist() == []
    assert order(found).dtype == np.int64


@pytest.mark.parametrize("apart", [6.0, 15.0, 25.0])
def test_two_carriageways_are_one_hill(apart: float) -> None:
    lines: list[tuple[dict[str, str], Sequence[Point]]] = [
        (named("Parade", oneway="yes"), [(0, 0), (200, 0)]),
        (named("Parade", oneway="yes"), [(200, apart), (0, apart)]),
    ]
    assert len(climbs.find(streets(lines, EAST), Criteria())) == 2
    assert len(rows(streets(lines, EAST))) == 1


def test_a_street_stands_for_its_pavements() -> None:
    def steeper_aside(x: Floats, y: Floats) -> Floats:
        return np.asarray((0.1 + 0.002 * np.abs(y)) * x)

    pavement = {"highway": "footway", "footway": "sidewalk"}
    lines = [
        (pavement, [(0, 8), (200, 8)]),
        (named("High Street"), [(0, 0), (200, 0)]),
        (pavement, [(0, -8), (200, -8)]),
    ]
    (climb,) = rows(streets(lines, Formula(steeper_aside)))
    assert climb.name == "High Street"
    assert climb.grade == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "footway"}, "High Street"),
        ({"highway": "path"}, "High Street"),
        ({"highway": "footway", "name": "Well Walk"}, "Well Walk"),
        ({"highway": "residential"}, ""),
    ],
)
def test_a_street_stands_for_a_path_without_a_name_but_not_for_one_with(
    tags: dict[str, str], expected: str
) -> None:
    def steeper_aside(x: Floats, y: Floats) -> Floats:
        return np.asarray((0.1 + 0.002 * np.abs(y)) * x)

    aside: list[Point] = [(0, 12), (200, 12)]
    lines = [(tags, aside), (named("High Street"), [(0.0, 0.0), (200.0, 0.0)])]
    (climb,) = rows(streets(lines, Formula(steeper_aside)))
    assert climb.name == expected


@pytest.mark.parametrize("apart", [60.0, 80.0])
def test_parallel_streets_are_two_hills(apart: float) -> None:
    lines = [(named(f"{k} Street"), [(0, k * apart), (200, k * apart)]) for k in range(3)]
    assert sorted(climb.name for climb in rows(streets(lines, EAST))) == [
        "0 Street",
        "1 Street",
        "2 Street",
    ]


def test_both_sides_of_a_ridge_are_two_hills() -> None:
    ridge = Formula(lambda x, y: 0.1 * (150.0 - np.abs(x - 150.0)))
    assert len(rows(streets([(named("Over"), [(0, 0), (300, 0)])], ridge))) == 2
    # Even where the two sides lie beside each other: a road down into a dell, and one out of it.
    dell = Formula(lambda x, y: np.where(y > 10, 0.1 * x, 20.0 - 0.1 * x))
    beside = [(named("In"), [(0, 0), (200, 0)]), (named("Out"), [(0, 20), (200, 20)])]
    assert len(rows(streets(beside, dell))) == 2


def test_the_legs_of_a_switchback_are_not_one_hill() -> None:
    # Legs of 150 m, 12 m apart on paper, each 15 m higher: the third runs 24 m beside the first.
    line = [(0.0 if (k + 1) // 2 % 2 == 0 else 150.0, 12.0 * (k // 2)) for k in range(10)]

    def terraces(x: Floats, y: Floats) -> Floats:
        leg = np.clip(np.round(y / 12.0), 0, 4)
        along = np.where(leg % 2 == 0, x, 150.0 - x)
        return np.asarray(15.0 * leg + 0.1 * np.clip(along, 0.0, 150.0))

    ways = [({"highway": "path", "name": f"Leg {k}"}, line[2 * k : 2 * k + 2]) for k in range(5)]
    # Between walls of 15 m a path drawn some metres off reads anything: little of it is claimed.
    wanted = Criteria(length_m=(100, 150), min_grade=0.001)
    found = rows(streets(ways, Formula(terraces)), wanted)
    assert sorted(climb.name for climb in found) == [f"Leg {k}" for k in range(5)]


def test_shifted_windows_on_two_carriageways_are_merged() -> None:
    # A wavy slope of 380 m: the windows of one carriageway lie off those of the other.
    def wavy(x: Floats, y: Floats) -> Floats:
        return np.asarray(0.1 * x + 2.0 * np.sin((x + 6.0 * y) / 60.0))

    one = [(named("Parade"), [(0, 0), (380, 0)])]
    two = [*one, (named("Parade"), [(0, 15), (380, 15)])]
    alone = rows(streets(one, Formula(wavy)))
    both = rows(streets(two, Formula(wavy)))
    assert 1 <= len(both) <= len(alone) + 1


@pytest.mark.parametrize("length", [1000.0, 5000.0])
def test_long_carriageways_are_one_hill_however_they_bend(length: float) -> None:
    bend = 70.0  # two points 80 m apart would cut every bend
    x = np.arange(0.0, length, 10.0)

    def line(off: float) -> Sequence[Point]:
        y = 30.0 * np.sin(x / bend) + off
        return list(zip(x.tolist(), y.tolist(), strict=True))

    lines = [(named("Pass Road"), line(0.0)), (named("Pass Road"), line(18.0))]
    far = [(named("Other Road"), line(90.0))]
    criteria = Criteria(length_m=(length / 2, 5000.0))
    slope = Formula(lambda x, y: 0.06 * x)
    assert len(rows(streets(lines, slope), criteria)) == 1
    assert len(rows(streets(lines + far, slope), criteria)) == 2


def test_a_short_steep_lane_does_not_swallow_the_long_road_beside_it() -> None:
    # 150 m of lane at 12 % beside a road that climbs on for 3 km at 6 %: two hills.
    def height(x: Floats, y: Floats) -> Floats:
        return np.asarray(np.where(y > 10, 0.12 * (x - 1000.0) + 60.0, 0.06 * x))

    lines = [
        (named("Long Road"), [(0, 0), (3000, 0)]),
        (named("Steep Lane"), [(1000, 20), (1150, 20)]),
    ]
    found = rows(streets(lines, Formula(height)), Criteria(length_m=(100, 5000)))
    assert [climb.name for climb in found] == ["Steep Lane", "Long Road"]


@pytest.mark.slow
def test_long_searches_stay_cheap() -> None:
    # 40 roads of 5 km and 40 lanes of 100 m: points every 15 m are 14,000, not 40 x 80 x 334.
    lines = [(named(f"Road {k}"), [(0, 100.0 * k), (5000, 100.0 * k)]) for k in range(40)]
    lines += [(named(f"Lane {k}"), [(6000, 100.0 * k), (6100, 100.0 * k)]) for k in range(40)]
    found = climbs.find(streets(lines, EAST), Criteria(length_m=(100, 5000)))
    owner, *_ = ranking._points_along(found)
    assert len(owner) < 2 * found.length_m.sum() / 15 + 2 * len(found) + 100
    assert len(order(found)) == len(found)


# --- Order ----------------------------------------------------------------------------------------


def test_the_steepest_comes_first_and_the_order_is_total() -> None:
    lines = [(named(f"{k} Street"), [(0, 70.0 * k), (200, 70.0 * k)]) for k in range(6)]
    uneven = Formula(lambda x, y: (0.05 + 0.01 * np.round(y / 70.0)) * x)
    assert [climb.name for climb in rows(streets(lines, uneven))] == [
        f"{k} Street" for k in (5, 4, 3, 2, 1, 0)
    ]
    # All of one grade: from west to east, then from south to north.
    even = [(named(f"{k} Street"), [(9.0 * k, -70.0 * k), (200 + 9.0 * k, -70.0 * k)])
            for k in range(6)]  # fmt: skip
    names = [climb.name for climb in rows(streets(even, EAST))]
    assert names == [f"{k} Street" for k in range(6)]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_ways_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    lines: list[tuple[dict[str, str], Sequence[Point]]] = []
    for k in range(12):
        x, y = 90.0 * (k % 4), 130.0 * (k // 4)
        lines.append((named(f"East {k}"), [(x, y), (x + 90.0, y)]))
        lines.append((named(f"North {k}"), [(x, y), (x, y + 130.0)]))
    lines += [(named("Twin"), [(0, 500), (200, 500)]), (named("Twin"), [(0, 512), (200, 512)])]
    hills = Formula(lambda x, y: 9.0 * np.sin(x / 70.0) * np.cos(y / 90.0) + 0.02 * x)
    nodes: dict[Point, int] = {}
    for _, line in lines:
        for point in line:
            nodes.setdefault(point, len(nodes) + 1)
    ways = [(k, [nodes[p] for p in line], tags) for k, (tags, line) in enumerate(lines, 1)]

    def told(some: Sequence[tuple[int, Sequence[int], Mapping[str, str]]]) -> list[Any]:
        network = attach(town(some, {node: point for point, node in nodes.items()}), hills)
        names = Names(network)
        return [
            (names.label(climb), climb.way_ids, round(climb.grade, 4), round(climb.length_m, 1))
            for climb in rows(network, Criteria(length_m=(60, 200)))
        ]

    shuffled = ways.copy()
    rng.shuffle(shuffled)
    assert told(shuffled) == told(ways)


# --- Legs -----------------------------------------------------------------------------------------


def test_legs_are_the_pieces_that_are_covered() -> None:
    slope = Formula(lambda x, y: 0.1 * np.clip(x - 30.0, 0.0, 200.0))
    whole = streets([(named("A"), [(0, 0), (300, 0)])], slope)
    (climb,) = rows(whole)
    (leg,) = climb.legs
    assert (leg.start_m, leg.stop_m) == pytest.approx((30, 230), abs=4.0)
    for flip in (False, True):
        points: list[Point] = [(0, 0), (80, 0), (150, 0), (300, 0)]
        pairs = [points[k : k + 2][:: -1 if flip else 1] for k in range(3)]
        parts = streets([(named("A"), pair) for pair in pairs], slope)
        (climb,) = rows(parts)
        metres = [abs(leg.stop_m - leg.start_m) for leg in climb.legs]
        assert metres == pytest.approx([50, 70, 80], abs=4.0)
        assert metres[1] == pytest.approx(70, abs=0.3)
        assert sum(metres) == pytest.approx(climb.length_m)


def test_legs_round_a_ring_of_two_edges() -> None:
    # Both edges meet at both ends: which end the climb passes, only its length tells.
    south = [(-100.0, 0.0), (0.0, -90.0), (100.0, 0.0)]
    north = [(100.0, 0.0), (0.0, 60.0), (-100.0, 0.0)]
    ring = streets([(named("Ring"), south), (named("Ring"), north)], Formula(lambda x, y: 0.1 * y))
    found = climbs.find(ring, Criteria(length_m=(100, 200)))
    assert len(found)
    for climb in found:
        metres = sum(abs(leg.stop_m - leg.start_m) for leg in climb.legs)
        assert metres == pytest.approx(climb.length_m, abs=0.01)
        track = ring.track(climb.legs)
        np.testing.assert_allclose(track.elevation_m[0], climb.profile.elevation_m[0])
        np.testing.assert_allclose(track.elevation_m[-1], climb.profile.elevation_m[-1], atol=0.1)


# --- Names ----------------------------------------------------------------------------------------

#: A hill from x = 0 to x = 200.
HILL = Formula(lambda x, y: 0.1 * np.clip(x, 0.0, 200.0) * (y < 150.0))


def cross(name: str, x: float) -> tuple[dict[str, str], Sequence[Point]]:
    return (named(name), [(x, 90), (x, 0), (x, -90)])


@pytest.mark.parametrize(
    ("lines", "label"),
    [
        ([(named("Hill Road"), [(-50, 0), (250, 0)])], "Hill Road"),
        (
            [(named("Hill Road"), [(-50, 0), (0, 0), (200, 0), (250, 0)]),
             cross("Low Street", 0), cross("High Street", 200)],
            "Hill Road, Low Street to High Street",
        ),
        (  # the street below the foot, and the first one met before the top
            [(named("Hill Road"), [(-90, 0), (60, 0), (120, 0), (400, 0)]),
             cross("Low Street", -90), cross("Mid Street", 60), cross("Next Street", 120)],
            "Hill Road, Low Street to Next Street",
        ),
        (
            [(named("Hill Road"), [(-50, 0), (0, 0), (250, 0)]), cross("Low Street", 0)],
            "Hill Road at Low Street",
        ),
        (
            [(named("Hill Road"), [(-50, 0), (200, 0), (250, 0)]), cross("High Street", 200)],
            "Hill Road at High Street",
        ),
        (  # a cross street 300 m away names nothing
            [(named("Hill Road"), [(-300, 0), (250, 0)]), cross("Far Street", -300)],
            "Hill Road",
        ),
        (  # drawn downhill
            [(named("Hill Road"), [(250, 0), (200, 0), (0, 0), (-50, 0)]),
             cross("Low Street", 0), cross("High Street", 200)],
            "Hill Road, Low Street to High Street",
        ),
        (  # an unnamed crossing path is no cross street
            [(named("Hill Road"), [(-50, 0), (0, 0), (250, 0)]),
             ({"highway": "footway"}, [(0, 90), (0, 0), (0, -90)])],
            "Hill Road",
        ),
        (
            [({"highway": "footway"}, [(0, 0), (200, 0)]), cross("Low Street", 0)],
            "Footpath off Low Street",
        ),
        (
            [({"highway": "path"}, [(0, 0), (200, 0)]), cross("High Street", 200)],
            "Path off High Street",
        ),
        (
            [({"highway": "track"}, [(0, 0), (200, 0)]),
             (named("Near Street"), [(-900, 200), (900, 200)]), cross("Far Street", 400)],
            "Track near Near Street",
        ),
        ([({"highway": "track"}, [(0, 0), (200, 0)])], "Track without a name"),
        (
            [({"highway": "track"}, [(0, 0), (200, 0)]), (named("F"), [(0, 400), (9, 400)])],
            "Track without a name",
        ),
        ([({"highway": "unclassified"}, [(0, 0), (200, 0)])], "Way without a name"),
    ],
)  # fmt: skip
def test_what_a_hill_is_called(
    lines: Sequence[tuple[dict[str, str], Sequence[Point]]], label: str
) -> None:
    assert labels(streets(lines, HILL)) == [label]


def test_a_street_that_bends_back_is_named_once() -> None:
    # A crescent: it leaves Long Street and comes back to it.
    lines = [
        (named("Crescent"), [(0, 0), (100, 50), (200, 0)]),
        (named("Long Street"), [(-60, -60), (0, 0), (60, -60), (200, 0), (300, 0)]),
    ]
    found = labels(streets(lines, HILL), Criteria(length_m=(150, 225)))
    assert "Crescent at Long Street" in found


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_of_two_names_the_one_with_the_longer_part(share: float) -> None:
    # Each street is 400 m long; what counts is how much of it the hill covers.
    bend = 200.0 * share
    lines = [
        (named("First Street"), [(bend - 400, 0), (bend, 0)]),
        (named("Second Street"), [(bend, 0), (bend + 400, 0)]),
    ]
    assert labels(streets(lines, HILL)) == [
        "First Street at Second Street" if share > 0.5 else "Second Street at First Street"
    ]


def test_a_named_part_names_the_whole() -> None:
    lines = [
        ({"highway": "path"}, [(0, 0), (150, 0)]),
        (named("Top Lane"), [(150, 0), (300, 0)]),
    ]
    assert labels(streets(lines, HILL)) == ["Top Lane"]


def test_no_name_is_made_up() -> None:
    lines = [
        (named("A;B"), [(-50, 0), (0, 0), (250, 0)]),
        (named("C - D"), [(0, 90), (0, 0)]),
        (named("Rue de l'Église"), [(0, 0), (0, -90)]),
    ]
    assert labels(streets(lines, HILL)) == ["A;B at C - D"]


# --- Words ----------------------------------------------------------------------------------------


def a_hill(
    heights: Callable[[Floats], Floats],
    *,
    length: float = 200.0,
    sigma: float = 0.005,
    minutes: float = 12.0,
    shape: Shape = "detour",
) -> Hill:
    distance = np.linspace(0.0, length, 21)
    line = np.zeros(21)
    slope = Profile(distance, heights(distance), np.ones(21))
    climb = Climb(line, line, slope, (Leg(0, 0.0, 1.0),), (1,), "", {}, sigma)
    zero = np.zeros(2)
    way = Route(zero, zero, zero, zero, 60.0 * minutes, shape)
    return Hill(1, "A Street", climb, way)


def even(distance: Floats) -> Floats:
    return 0.1 * distance


def uneven(distance: Floats) -> Floats:
    return np.asarray(np.interp(distance, [0, 100, 200], [0, 16, 20]))


def cliff(distance: Floats) -> Floats:
    return np.asarray(np.interp(distance, [0, 80, 120, 200], [0, 2, 18, 20]))


FINE = HeightSource("fine", "bare earth", 5.0)
ON = "away and no way round fills the warm-up: run on a little before you start."
CLIFF = (
    "No street is as steep: its steepest 30 m rise 40 %. Expect steps or a scramble, or a line "
    "drawn beside its slope."
)


@pytest.mark.parametrize(
    ("hill", "heights", "notes"),
    [
        (a_hill(even), FINE, ()),
        (
            a_hill(even),
            HeightSource("coarse", "surface", 90.0),
            ("Heights every 90 m are too coarse for so short a climb: take its grade as a guess.",),
        ),
        (a_hill(even), HeightSource("30 m", "surface", 30.0), ()),
        (
            a_hill(even, length=80.0),
            HeightSource("30 m", "surface", 30.0),
            ("Heights every 30 m are too coarse for so short a climb: take its grade as a guess.",),
        ),
        (
            a_hill(even, sigma=0.03),
            FINE,
            ("The grade is a guess: look at the hill before you plan on it.",),
        ),
        (a_hill(even, minutes=3.9, shape="direct"), FINE, (f"The bottom is 3 minutes {ON}",)),
        (a_hill(even, minutes=1.2, shape="direct"), FINE, (f"The bottom is 1 minute {ON}",)),
        (
            a_hill(even, minutes=0, shape="direct"),
            FINE,
            (f"The bottom is less than a minute {ON}",),
        ),
        (a_hill(uneven), FINE, ("Uneven: its steepest 30 m rise 16 %.",)),
        (a_hill(cliff), FINE, (CLIFF,)),
    ],
)
def test_what_is_said_of_a_hill(hill: Hill, heights: HeightSource, notes: tuple[str, ...]) -> None:
    assert Notes(Criteria(), heights).of(hill) == notes


def test_a_walker_walks_on() -> None:
    short = a_hill(even, minutes=3.9, shape="direct")
    (said,) = Notes(Criteria(walk=True), FINE).of(short)
    assert said.endswith("fills the warm-up: walk on a little before you start.")


def test_the_most_important_comes_first() -> None:
    hill = a_hill(uneven, sigma=0.06, minutes=2.0, shape="direct")
    notes = Notes(Criteria(), FINE).of(hill)
    assert [note.split(" ")[0] for note in notes] == ["The", "The", "Uneven:"]
    assert "guess" in notes[0]
    assert all(note.endswith(".") and not math.isnan(len(note)) for note in notes)


def test_a_warm_up_that_was_not_asked_for_is_not_spoken_of() -> None:
    hill = a_hill(even, minutes=0.0, shape="direct")
    assert Notes(Criteria(warmup_min=(0, 20)), FINE).of(hill) == ()
    alone = Hill(1, "A Street", hill.climb, None)
    assert Notes(Criteria(), FINE).of(alone) == ()


def test_both_ends_of_the_climbs_of_a_search_lie_where_the_records_say() -> None:
    found: Climbs = climbs.find(streets([(named("A"), [(0, 0), (350, 40)])], EAST), Criteria())
    x, y = found.points(np.array([0.0, 1.0]))
    owner, *_, height = ranking._points_along(found)
    assert len(found)
    for row, climb in enumerate(found):
        ends = climb.profile.elevation_m[[0, -1]]
        np.testing.assert_allclose(height[owner == row][[0, -1]], ends, atol=1e-6)
        assert np.hypot(x[row, 1] - x[row, 0], y[row, 1] - y[row, 0]) == pytest.approx(
            climb.length_m, abs=0.01
        )
