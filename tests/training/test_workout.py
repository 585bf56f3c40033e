"""The session on a hill: figures known on paper, and laws of any session."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hillfinder.criteria import Criteria
from hillfinder.elevation.climb_table import climb_of as climb_along
from hillfinder.elevation.profiles.attach import attach
from hillfinder.errors import CriteriaError, InputError
from hillfinder.model import Hill, Leg, Place, Step
from hillfinder.results.plan import Plan
from hillfinder.routing.travel_time import Clock
from hillfinder.routing.warmup import Router
from hillfinder.training import treadmill, workout
from tests.findings import hills as found
from tests.towns import LAT, LON, STREET, Formula, town

if TYPE_CHECKING:
    from hillfinder.model import Workout
    from hillfinder.results.hills import Hills
    from hillfinder.streets.network import StreetNetwork


def ladder(grade: float = 0.06, length_m: float = 100.0) -> StreetNetwork:
    """Return two parallel ways, 1500 m from the door to a hill, and the hill."""
    nodes = {
        1: (0.0, 0.0),
        2: (0.0, 1500.0),
        3: (200.0, 0.0),
        4: (200.0, 1500.0),
        5: (0.0, 1500.0 + length_m),
    }
    ways = [
        (1, (1, 2), STREET),
        (2, (1, 3, 4, 2), STREET),
        (3, (2, 5), STREET | {"surface": "asphalt"}),
    ]
    return attach(
        town(ways, nodes), Formula(lambda _, y: 100 + grade * np.clip(y - 1500.0, 0, None))
    )


def session(
    criteria: Criteria | None = None,
    *,
    grade: float = 0.06,
    length_m: float = 100.0,
    tags: dict[str, str] | None = None,
    repeats: int | None = None,
) -> Workout:
    criteria = criteria or Criteria()
    network = ladder(grade, length_m)
    router = Router(network, Place(LAT, LON), criteria)
    return workout.for_hill(one_hill(network, router, tags), criteria, router, repeats)


def one_hill(network: StreetNetwork, router: Router, tags: dict[str, str] | None = None) -> Hill:
    edge = int(np.flatnonzero(network.edge_way == 2)[0])
    leg = Leg(edge, 0.0, float(network.edge_length_m[edge]))
    climb = climb_along(network, [leg], 0.06, 0.005)
    # The profile without what smoothing does to a sharp foot: the figures on paper are of a ramp.
    height = 100 + climb.profile.distance_m * session_grade(network)
    climb = replace(climb, profile=replace(climb.profile, elevation_m=height))
    if tags is not None:
        climb = replace(climb, tags=tags)
    return Hill(1, "Ramp", climb, router.approach(climb))


def session_grade(network: StreetNetwork) -> float:
    assert network.profiles is not None
    height = network.profiles.elevation_m
    length = float(network.edge_length_m[network.edge_way == 2][0])
    return float((height.max() - 100) / length)


def only(steps: tuple[Step, ...], kind: str) -> list[Step]:
    return [step for step in steps if step.kind == kind]


# --- On paper -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pace", "length_m", "grade", "paper_s"),
    [(5, 100, 0.06, 41), (5, 200, 0.10, 99), (7, 100, 0.06, 57), (7, 200, 0.10, 139)],
)
def test_seconds_at_the_power_of_a_flat_pace(
    pace: float, length_m: float, grade: float, paper_s: float
) -> None:
    asked = Criteria(pace_min_per_km=pace)
    ends, heights = np.array([0.0, length_m]), np.array([0.0, grade * length_m])
    assert workout.seconds(ends, heights, asked) == pytest.approx(paper_s, abs=1)


def test_a_repeat_takes_that_time_at_a_hard_effort() -> None:
    up = only(session(Criteria(pace_min_per_km=7)).steps, "repeat")[0]
    assert up.time_s == pytest.approx(57.5 / 1.35, abs=1)
    assert up.route.time_s == pytest.approx(57.5, abs=1)


def test_an_uneven_hill_takes_longer_than_an_even_one_of_the_same_mean() -> None:
    ends = np.array([0.0, 100.0, 200.0])
    even, uneven = np.array([0.0, 8.0, 16.0]), np.array([0.0, 16.0, 16.0])
    asked = Criteria()
    assert workout.seconds(ends, uneven, asked) > workout.seconds(ends, even, asked)


@pytest.mark.parametrize(
    ("level", "counts"), [("new", (4, 3, 3)), ("regular", (8, 6, 5)), ("strong", (10, 10, 8))]
)
def test_repeats_are_counted_in_metres(level: str, counts: tuple[int, ...]) -> None:
    asked = Criteria(level=level, pace_min_per_km=5)  # type: ignore[arg-type]
    for length_m, count in zip((100, 150, 200), counts, strict=True):
        assert workout.repeat_count(length_m, length_m / 3, asked) == count


def test_a_way_that_leads_over_the_hill_is_told() -> None:
    network = ladder(0.06, 100.0)
    router = Router(network, Place(LAT, LON), Criteria())
    hill = one_hill(network, router)
    up = hill.climb.legs[0]
    down = replace(router.approach(hill.climb), legs=(Leg(up.edge, up.stop_m, up.start_m),))
    told = " ".join(workout.for_hill(replace(hill, approach=down), Criteria(), router).cues)
    assert "The way there comes down the hill" in told
    assert "comes down the hill" not in " ".join(workout.for_hill(hill, Criteria(), router).cues)
    assert workout._covered(hill.climb, (Leg(up.edge, 40.0, 10.0),), -1) == pytest.approx(
        0.3, rel=0.01
    )
    assert workout._covered(hill.climb, (Leg(up.edge, 40.0, 10.0), Leg(up.edge + 1, 0, 90))) == 0
    once_more = (Leg(up.edge, 0.0, 60.0),)
    (said,) = workout._cooling(
        Step("cool-down", replace(down, legs=once_more), 600.0, 1), hill.climb, Criteria()
    )
    assert said.startswith("The way home leads up the hill once more")


def test_a_runner_walks_down_at_tobler_s_pace_and_a_strong_one_jogs() -> None:
    walked = only(session().steps, "recovery")[0]
    assert walked.time_s == pytest.approx(100 / (1000 / 720) * math.exp(3.5 * (0.01 - 0.05)), abs=1)
    jogged = only(session(Criteria(level="strong")).steps, "recovery")[0]
    assert jogged.time_s == pytest.approx(100 * 0.42 * 0.9 / 0.9, abs=1)


@pytest.mark.parametrize(
    ("criteria", "grade", "surface", "jogged"),
    [
        (Criteria(level="strong"), 0.06, "asphalt", True),
        (Criteria(level="strong"), 0.12, "asphalt", False),
        (Criteria(level="strong"), 0.06, "asphalt;mud", False),
        (Criteria(level="regular"), 0.06, "asphalt", False),
        (Criteria(level="strong", walk=True), 0.06, "asphalt", False),
    ],
)
def test_who_jogs_down(criteria: Criteria, grade: float, surface: str, *, jogged: bool) -> None:
    made = session(criteria, grade=grade, tags={"surface": surface})
    assert ("Jog down" in " ".join(made.cues)) is jogged
    rough = session(criteria, grade=grade, tags={"surface": "cobblestone"})
    smooth = session(criteria, grade=grade, tags={"surface": "asphalt"})
    assert only(rough.steps, "recovery")[0].time_s > only(smooth.steps, "recovery")[0].time_s


def test_what_takes_too_long_is_run_in_part() -> None:
    made = session(Criteria(level="new", length_m=(100, 400)), grade=0.15, length_m=400)
    up = only(made.steps, "repeat")[0]
    assert 65 < up.time_s <= 75
    assert up.route.length_m % 10 == pytest.approx(0, abs=1e-6)
    assert sum(abs(leg.stop_m - leg.start_m) for leg in up.route.legs) == pytest.approx(
        up.route.length_m
    )
    cue = f"run the lower {up.route.length_m:.0f} m"
    assert any(cue in text for text in made.cues)
    walked = session(Criteria(level="new", walk=True, length_m=(100, 400)), length_m=400)
    assert only(walked.steps, "repeat")[0].route.length_m == pytest.approx(400, abs=1)


def test_a_long_session_is_few_steady_repeats() -> None:
    counts = {}
    for level in ("new", "regular", "strong"):
        asked = Criteria(session="long", level=level)
        made = session(asked, grade=0.04, length_m=3500)
        counts[level] = made.repeats
        up = only(made.steps, "repeat")[0]
        assert up.route.length_m / up.time_s == pytest.approx(
            1.2 * up.route.length_m / up.route.time_s
        )
        assert any("steadily" in cue for cue in made.cues)
    assert counts == {"new": 1, "regular": 1, "strong": 2}


# --- Laws -----------------------------------------------------------------------------------------

LEVELS = st.sampled_from(["new", "regular", "strong"])


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.floats(0.03, 0.3), st.floats(40, 600), LEVELS, st.booleans(), st.floats(3, 12), st.booleans()
)
def test_any_session_is_whole(  # noqa: PLR0917
    grade: float,
    length_m: float,
    level: str,
    walk: bool,  # noqa: FBT001
    pace: float,
    steady: bool,  # noqa: FBT001
) -> None:
    asked = Criteria(
        level=level,  # type: ignore[arg-type]
        walk=walk,
        pace_min_per_km=pace,
        session="long" if steady else "repeats",
        warmup_min=(0, 100),
    )
    made = session(asked, grade=grade, length_m=length_m)
    kinds = [step.kind for step in made.steps]
    assert kinds == ["warm-up", *["repeat", "recovery"] * made.repeats, "cool-down"]
    for one, two in zip(made.steps, made.steps[1:], strict=False):
        assert one.route.lon[-1] == pytest.approx(two.route.lon[0], abs=1e-9)
        assert one.route.lat[-1] == pytest.approx(two.route.lat[0], abs=1e-9)
        assert one.route.legs[-1].stop_m == pytest.approx(
            two.route.legs[0].start_m, abs=0.01
        ) or one.route.legs[-1].edge != (two.route.legs[0].edge)
    first, last = made.steps[0].route, made.steps[-1].route
    assert (first.lon[0], first.lat[0]) == pytest.approx((last.lon[-1], last.lat[-1]))
    for step in made.steps:
        assert step.time_s > 0
        assert step.route.distance_m[0] == 0
        assert np.all(np.diff(step.route.distance_m) > 0)
        assert sum(abs(leg.stop_m - leg.start_m) for leg in step.route.legs) == pytest.approx(
            step.route.length_m, abs=0.1
        )
    assert made.length_m == pytest.approx(sum(step.route.length_m for step in made.steps))
    assert made.time_s == pytest.approx(sum(step.time_s for step in made.steps))
    up = only(made.steps, "repeat")[0]
    assert up.time_s <= workout.longest_s(asked) or up.route.length_m <= 10


@given(st.floats(0.03, 0.3), st.floats(0.001, 0.05))
def test_a_steeper_hill_takes_longer(grade: float, more: float) -> None:
    ends = np.array([0.0, 100.0])
    gentle, steep = np.array([0.0, 100 * grade]), np.array([0.0, 100 * (grade + more)])
    for asked in (Criteria(), Criteria(walk=True)):
        assert workout.seconds(ends, steep, asked) > workout.seconds(ends, gentle, asked)


def test_the_seconds_agree_with_the_clock_of_the_network() -> None:
    asked, network = Criteria(), ladder()
    route = Router(network, Place(LAT, LON), asked).approach(
        one_hill(network, Router(network, Place(LAT, LON), asked)).climb
    )
    by_line = workout.seconds(route.distance_m, route.elevation_m, asked)
    assert by_line == pytest.approx(Clock(network, asked).legs_s(route.legs), rel=0.01)


def test_unknown_ground_is_level() -> None:
    ends = np.array([0.0, 100.0, 200.0])
    assert workout.seconds(ends, np.array([0.0, math.nan, 20.0]), Criteria()) == pytest.approx(84)


# --- Words ----------------------------------------------------------------------------------------


def test_how_often_can_be_said() -> None:
    assert session(Criteria(repeats=2)).repeats == 2
    assert session(Criteria(repeats=2), repeats=12).repeats == 12


def test_a_short_way_there_is_made_up_for() -> None:
    network = ladder()
    asked = Criteria(warmup_min=(15, 20))
    router = Router(network, Place(LAT, LON), asked)
    hill = one_hill(network, router)
    assert hill.approach is not None
    near = replace(hill, approach=replace(hill.approach, time_s=360.0))
    made = workout.for_hill(near, asked, router)
    assert "jog 9 min more before you begin" in made.cues[0]


def test_a_hill_without_an_approach_is_the_repeats_alone() -> None:
    network = ladder()
    router = Router(network, Place(LAT, LON), Criteria())
    made = workout.for_hill(replace(one_hill(network, router), approach=None), Criteria(), router)
    assert {step.kind for step in made.steps} == {"repeat", "recovery"}


def test_the_coach_is_heard() -> None:
    said = " ".join(session().cues)
    for part in ("hard, but not all out", "Short quick strides", "form goes", "hard day"):
        assert part in said
    walker = " ".join(session(Criteria(walk=True)).cues)
    assert "briskly" in walker
    assert "hard day" not in walker
    assert "So steep that" in " ".join(session(grade=0.2).cues)


# --- On a belt ------------------------------------------------------------------------------------


def test_a_belt_as_steep_as_the_hill_runs_as_fast() -> None:
    made = session(Criteria(pace_min_per_km=7))
    belt = treadmill.like(made, Criteria(pace_min_per_km=7))
    up = only(made.steps, "repeat")[0]
    assert belt.incline == 0.06
    assert belt.speed_km_h == pytest.approx(3.6 * up.route.length_m / up.time_s, abs=0.06)
    assert (belt.repeats, belt.repeat_s) == (made.repeats, up.time_s)


def test_a_belt_less_steep_than_the_hill_runs_faster() -> None:
    steep = session(grade=0.25)
    belt = treadmill.like(steep, Criteria())
    up = only(steep.steps, "repeat")[0]
    assert belt.incline == 0.15
    # On paper: what a metre costs at 25 % and at 15 %, by Minetti.
    assert belt.speed_km_h == pytest.approx(
        3.6 * up.route.length_m / up.time_s * 10.73 / 7.42, rel=0.02
    )


def test_a_run_without_a_hard_part_has_the_belt_of_what_was_asked() -> None:
    asked = Criteria(session="rolling")
    made = session()
    easy = replace(made, steps=(made.steps[0], made.steps[-1]))
    assert treadmill.like(easy, asked) == treadmill.for_criteria(asked)


def test_a_belt_where_no_hill_is() -> None:
    belt = treadmill.for_criteria(Criteria(pace_min_per_km=7))
    # 150 m at 6 %: 86 s at the easy power.
    assert (belt.incline, belt.repeats) == (0.06, 6)
    assert belt.repeat_s == pytest.approx(86.3 / 1.35, abs=1)
    assert treadmill.for_criteria(Criteria(min_grade=0.2)).incline == 0.15
    assert treadmill.for_criteria(Criteria(max_grade=0.04)).incline == 0.04
    assert treadmill.for_criteria(Criteria(repeats=3)).repeats == 3
    assert treadmill.for_criteria(Criteria(session="long")).repeats == 1


def test_a_walkers_belt_where_no_hill_is_goes_as_a_hill_would() -> None:
    asked = Criteria(walk=True)
    belt = treadmill.for_criteria(asked)
    assert belt.speed_km_h == treadmill.like(session(asked, grade=0.06), asked).speed_km_h
    assert belt.recovery_s == belt.repeat_s


# --- The public face ------------------------------------------------------------------------------


def searched(criteria: Criteria | None = None) -> Hills:
    network, place, asked = ladder(), Place(LAT, LON), criteria or Criteria()
    hill = one_hill(network, Router(network, place, asked))
    return replace(found(hill, place=place, criteria=asked), network=network)


def test_hills_make_a_session() -> None:
    hills = searched()
    for made in (hills.workout(), hills.workout(1), hills.workout(hills[0]), hills.workout(None)):
        assert isinstance(made, Plan)
        assert made.hills == (hills[0],)
    assert hills.workout(hills[0], repeats=6).repeats == 6
    with pytest.raises(InputError, match="no hill 2"):
        hills.workout(2)
    with pytest.raises(InputError, match="no hill 0"):
        hills.workout(0)
    with pytest.raises(CriteriaError, match="51 repeats"):
        hills.workout(repeats=51)
    with pytest.raises(CriteriaError, match="0 repeats"):
        hills.workout(repeats=0)


def test_a_hill_is_named_by_a_whole_number_or_is_one_of_the_list() -> None:
    hills = searched()
    assert hills.workout(np.int64(1)).hills == (hills[0],)  # type: ignore[arg-type]
    for wrong in (1.0, "1", math.nan, hills):
        with pytest.raises(InputError, match="There is no hill"):
            hills.workout(wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="is no hill of this list"):
        hills.workout(searched()[0])
    with pytest.raises(CriteriaError, match=r"2\.5 repeats"):
        hills.workout(repeats=2.5)  # type: ignore[arg-type]


def test_what_is_printed_is_what_a_person_reads() -> None:
    hills = searched()
    made = hills.workout()
    assert str(made) == made.card()
    assert repr(made).startswith("<Plan: repeats on hill 1, ")
    assert repr(hills).startswith("<Hills: 1 hill of 100 to 200 m within a warm-up of 10 to 20 ")
    assert str(hills).startswith("1 hill of 100 to 200 m")
    assert "\n" not in repr(made) + repr(hills)


def test_a_rolling_run_is_the_one_that_was_found() -> None:
    rolling = searched(Criteria(session="rolling", minutes=40))
    with pytest.raises(InputError, match="No run over several hills"):
        rolling.workout()
    assert rolling.workout(1).session == "repeats"
    tour = session()
    assert replace(rolling, tour=tour).workout().steps == tour.steps
