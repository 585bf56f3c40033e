"""How well a hill suits a session: laws, answers on paper, and the order of full scores."""

from __future__ import annotations

import math
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hillfinder import find
from hillfinder.climbs import ranking
from hillfinder.climbs import search as climbs
from hillfinder.criteria import Criteria
from hillfinder.elevation.climb_table import climb_of
from hillfinder.elevation.profiles.attach import attach
from hillfinder.errors import CriteriaError
from hillfinder.model import Leg, Mark, MarkKind, Profile, Route
from hillfinder.routing.warmup import Router
from hillfinder.services.client import Web
from hillfinder.streets.tags import quality
from hillfinder.streets.tags.surfaces import SURFACES
from hillfinder.training import suitability
from hillfinder.training.suitability import Scales, Weights
from hillfinder.training.targets import ideal
from tests.routing.test_warmup import place
from tests.towns import DATA, STREET, Formula, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hillfinder.model import Climb, Fit, Floats
    from hillfinder.results.hills import Hills
    from hillfinder.streets.network import StreetNetwork

IDEAL = {"highway": "pedestrian", "surface": "asphalt", "lit": "yes"}
KINDS = get_args(MarkKind)
WORST_FIRST = ("mud", "grass", "metal", "dirt", "gravel", "sett", "asphalt")


def rising(
    height: Callable[[Floats], Floats], metres: float, **tags: str
) -> tuple[StreetNetwork, Climb]:
    """Return a street whose height is that along it, and the climb that is all of it."""
    nodes = {1: (0.0, 0.0), 2: (metres, 0.0)}
    network = town([(1, [1, 2], {**IDEAL, **tags})], nodes)
    network = attach(network, Formula(lambda x, y: height(np.clip(x, 0.0, metres))))
    rise = float(height(np.array([metres]))[0] - height(np.array([0.0]))[0])
    legs = [Leg(0, 0.0, float(network.edge_length_m[0]))]
    return network, climb_of(network, legs, rise / metres, 0.001)


def ramp(
    grade: float, metres: float = 150.0, tags: Mapping[str, str] | None = None
) -> tuple[StreetNetwork, Climb]:
    return rising(lambda x: grade * x, metres, **(tags or {}))


def sure(climb: Climb) -> Climb:
    """Return the climb with a grade of high confidence."""
    return replace(climb, grade_sigma=1e-6)


def warmup(minutes: float = 12.0, gain_m: float = 10.0) -> Route:
    """Return a way of some minutes at 7:00 a kilometre."""
    metres = minutes * 1000 / 7
    line = np.array([0.0, 1.0])
    return Route(line, line, gain_m * line, metres * line, 60 * minutes, "direct")


def marks(*kinds: MarkKind) -> tuple[Mark, ...]:
    return tuple(Mark(kind, 10.0 + i, 46.0, 8.0) for i, kind in enumerate(kinds))


def weigh(
    network: StreetNetwork,
    climb: Climb,
    *kinds: MarkKind,
    way: Route | None = None,
    criteria: Criteria | None = None,
    weights: Weights | None = None,
) -> Fit:
    scales = Scales(network, criteria or Criteria(), weights)
    return scales.weigh(sure(climb), way or warmup(), marks(*kinds))


# --- Laws -----------------------------------------------------------------------------------------

some_tags: st.SearchStrategy[dict[str, str]] = st.fixed_dictionaries(
    {"highway": st.sampled_from(["residential", "path", "secondary", "track", "footway"])},
    optional={
        "surface": st.sampled_from([*SURFACES, "asphalt;mud", "unheard of"]),
        "smoothness": st.sampled_from(
            ["good", "intermediate", "bad", "very_bad", "horrible", "impassable", "?"]
        ),
        "tracktype": st.sampled_from(["grade1", "grade2", "grade3", "grade4", "grade5"]),
        "lit": st.sampled_from(["yes", "no", "24/7", "sunset-sunrise"]),
        "maxspeed": st.sampled_from(["25 mph", "50", "80", "walk", "none", ""]),
        "sidewalk": st.sampled_from(["both", "no", "left", "none", "separate"]),
    },
)
some_marks = st.lists(st.sampled_from(KINDS), max_size=12)
some_criteria = st.builds(
    Criteria,
    session=st.sampled_from(["repeats", "long", "rolling"]),
    level=st.sampled_from(["new", "regular", "strong"]),
    walk=st.booleans(),
)
some_weights = st.builds(Weights, **{field.name: st.floats(0.01, 100) for field in fields(Weights)})


@settings(max_examples=80, deadline=None)
@given(
    grade=st.floats(0.01, 0.6),
    metres=st.floats(30, 400),
    tags=some_tags,
    kinds=some_marks,
    others=st.tuples(some_criteria, some_weights, st.floats(0, 60), st.floats(0, 300)),
)
def test_all_lies_between_0_and_1_and_equal_input_gives_equal_output(
    grade: float,
    metres: float,
    tags: dict[str, str],
    kinds: list[MarkKind],
    others: tuple[Criteria, Weights, float, float],
) -> None:
    criteria, weights, minutes, gain = others
    network, climb = ramp(grade, metres, tags)
    scales = Scales(network, criteria, weights)
    first = scales.weigh(climb, warmup(minutes, gain), marks(*kinds))
    assert 0.0 <= first.score <= 1.0
    assert set(first.parts) == {field.name for field in fields(Weights)}
    assert all(0.0 <= part <= 1.0 for part in first.parts.values())
    assert all(first.reasons)
    assert first == Scales(network, criteria, weights).weigh(
        climb, warmup(minutes, gain), marks(*kinds)
    )


@settings(max_examples=60, deadline=None)
@given(
    tags=some_tags,
    surfaces=st.tuples(st.sampled_from(WORST_FIRST), st.sampled_from(WORST_FIRST)),
    grade=st.floats(0.02, 0.2),
)
def test_a_better_surface_never_lowers_the_score(
    tags: dict[str, str], surfaces: tuple[str, str], grade: float
) -> None:
    worse, better = sorted(surfaces, key=WORST_FIRST.index)
    scores = [
        weigh(*ramp(grade, tags={**tags, "surface": surface})).score for surface in (worse, better)
    ]
    assert scores[0] <= scores[1]


@settings(max_examples=60, deadline=None)
@given(
    kinds=some_marks,
    more=st.sampled_from(KINDS),
    metres=st.floats(60, 400),
)
def test_one_more_thing_in_the_way_never_raises_the_score(
    kinds: list[MarkKind], more: MarkKind, metres: float
) -> None:
    network, climb = ramp(0.06, metres)
    one, other = weigh(network, climb, *kinds), weigh(network, climb, *kinds, more)
    assert other.parts["clear"] < one.parts["clear"]
    assert other.score < one.score or one.parts["clear"] <= suitability.LEAST_WORTH


@settings(max_examples=30, deadline=None)
@given(grade=st.floats(0.02, 0.25), doubts=st.tuples(st.floats(0, 0.03), st.floats(0, 0.03)))
def test_doubt_never_raises_the_score_of_an_ideal_grade_and_a_guess_is_never_good(
    grade: float, doubts: tuple[float, float]
) -> None:
    network, climb = ramp(0.065)
    scales = Scales(network, Criteria())
    known, guessed = (
        scales.weigh(replace(climb, grade_sigma=sigma), warmup(), ()) for sigma in sorted(doubts)
    )
    assert guessed.score <= known.score
    guess = scales.weigh(replace(ramp(grade)[1], grade_sigma=0.03), warmup(), ())
    assert guess.score <= suitability.SURE["low"]
    assert guess.reasons[0] == "its grade is a guess"
    steeper = ramp(0.4)[1]
    assert scales.weigh(steeper, warmup(), ()).reasons[0] == "no street is as steep"


@settings(max_examples=30, deadline=None)
@given(weights=some_weights, factor=st.floats(0.1, 10))
def test_only_the_ratios_of_the_weights_matter(weights: Weights, factor: float) -> None:
    network, climb = ramp(0.1, tags={"surface": "gravel"})
    more = Weights(**{what: factor * value for what, value in asdict(weights).items()})
    scores = [weigh(network, climb, "gate", weights=each).score for each in (weights, more)]
    assert scores[0] == pytest.approx(scores[1], abs=2e-6)


# --- On paper -------------------------------------------------------------------------------------


def test_only_a_hill_that_is_run_in_part_is_called_one_to_turn_on_sooner() -> None:
    for metres, said in ((250.0, "up, long for a repeat"), (400.0, "to the top: turn sooner")):
        reasons = weigh(*ramp(0.08, metres)).reasons
        assert [said in reason for reason in reasons].count(True) == 1, reasons


def test_a_hill_as_if_made_for_it_has_a_score_of_1() -> None:
    # 60 s at 1.35 times the speed of 7:00 a kilometre, on 6.5 % (1.4 times the cost): 137 m.
    weighed = weigh(*ramp(0.065, 137.0))
    assert weighed.score == pytest.approx(1.0, abs=0.01)
    assert set(weighed.reasons) == {
        "an ideal grade for 60 s repeats",
        "an even slope",
        "nothing crosses it",
        "about 60 s up",
        "no cars",
        "paved",
        "lit",
    }
    assert weighed.reasons[0] == "an ideal grade for 60 s repeats"


def test_the_example_of_a_coach() -> None:
    weighed = weigh(*ramp(0.1, 130.0))
    said = "2 points steeper than ideal for 60 s repeats"
    assert {"an even slope", "paved", "lit", "nothing crosses it", said} <= set(weighed.reasons)


@pytest.mark.parametrize(("grade", "part"), [(0.05, 1), (0.08, 1), (0.12, 0.5), (0.0375, 0.5)])
def test_half_of_the_grade_is_lost_where_it_is_said(grade: float, part: float) -> None:
    assert weigh(*ramp(grade)).parts["grade"] == pytest.approx(part, abs=0.02)


def test_14_percent_and_then_flat_is_another_session_than_a_steady_8() -> None:
    steep_then_flat = weigh(*rising(lambda x: np.minimum(0.14 * x, 12.0 + 0.02 * (x - 86)), 170))
    steady = weigh(*ramp(0.08, 150.0))
    assert steady.parts["evenness"] == 1.0
    assert steep_then_flat.parts["evenness"] < 0.4
    assert any(reason.startswith("an uneven slope") for reason in steep_then_flat.reasons)
    assert steep_then_flat.score < 0.85 * steady.score


def test_evenness_is_the_share_of_the_pieces_that_rise_like_the_whole() -> None:
    # 200 m at 6 %, then 100 m at 0: the mean is 4 %, and no piece rises like it.
    profile = Profile(np.array([0.0, 200.0, 300.0]), np.array([0.0, 12.0, 12.0]), np.zeros(3))
    network, climb = ramp(0.04, 300.0)
    bent = weigh(network, replace(climb, profile=profile)).parts["evenness"]
    # Of 28 pieces 18 rise 6 %, 2 points off where 1 is even and 3 are all: half of each is lost.
    # One has a bit of both, just 4 %; the next 2 %; and 8 are flat, 4 points off: wholly lost.
    assert bent == pytest.approx(1 - (18 * 0.5 + 0.5 + 8) / 28, abs=0.01)


@pytest.mark.parametrize(
    ("kinds", "value", "said"),
    [
        ((), 1.0, "nothing crosses it"),
        (("crossing",), 0.7, "a crossing"),
        (("driveway", "side street", "driveway"), 0.722, "2 driveways and a side street"),
        (("signals", "signals"), 0.25, "signals"),
    ],
)
def test_what_lies_in_the_way(kinds: tuple[MarkKind, ...], value: float, said: str) -> None:
    weighed = weigh(*ramp(0.065, 140.0), *kinds)
    assert weighed.parts["clear"] == pytest.approx(value)
    assert said in weighed.reasons


def test_nothing_is_said_of_crossings_where_the_source_has_none() -> None:
    network, climb = ramp(0.065)
    deaf = replace(network, spots=replace(network.spots, nodes_known=False))
    assert "no side street" in weigh(deaf, climb).reasons
    assert "nothing crosses it" not in weigh(deaf, climb).reasons


def test_every_kind_of_mark_has_its_weight() -> None:
    assert set(suitability.IN_THE_WAY) == set(KINDS)


def test_unknown_is_neutral_and_said_only_where_it_matters() -> None:
    street = {"highway": "residential", "surface": "", "lit": ""}
    weighed = weigh(*ramp(0.065, tags=street))
    assert weighed.parts["surface"] == weighed.parts["light"] == quality.NEUTRAL
    assert not any("unknown" in reason or "lit" in reason for reason in weighed.reasons)
    path = weigh(*ramp(0.065, tags={"highway": "path", "surface": ""}))
    assert "surface unknown" in path.reasons


def test_a_busy_road_without_a_pavement_is_worse_than_one_with_and_a_street_best() -> None:
    tags: list[dict[str, str]] = [
        {"highway": "secondary", "sidewalk": "no"},
        {"highway": "secondary"},
        {"highway": "secondary", "sidewalk": "both"},
        {"highway": "residential"},
        {"highway": "residential", "maxspeed": "20 mph"},
        {"highway": "footway"},
    ]
    parts = [quality.traffic(each).value for each in tags]
    assert parts == sorted(parts)
    assert len(set(parts)) == len(parts)


def test_parts_of_a_way_count_by_their_metres() -> None:
    nodes = {1: (0.0, 0.0), 2: (150.0, 0.0), 3: (200.0, 0.0)}
    ways = [
        (1, [1, 2], {**STREET, "name": "A", "surface": "asphalt"}),
        (2, [2, 3], {**STREET, "name": "A", "surface": "mud"}),
    ]
    network = attach(town(ways, nodes), Formula(lambda x, y: 0.065 * x))
    (climb,) = climbs.find(network, Criteria())
    weighed = weigh(network, climb)
    assert weighed.parts["surface"] == pytest.approx(0.75 * 1.0 + 0.25 * 0.306, abs=0.01)


@pytest.mark.parametrize(
    ("minutes", "gain", "part"),
    [(12, 10, 1.0), (5, 0, 0.5), (40, 0, 0.5), (14, 120, 0.5)],
)
def test_the_warm_up_counts_by_its_time_and_its_climb(
    minutes: float, gain: float, part: float
) -> None:
    # 14 minutes are 2 km: 120 m up are 4 points more than the 2 that are easy.
    weighed = weigh(*ramp(0.065), way=warmup(minutes, gain))
    assert weighed.parts["warmup"] == pytest.approx(part)


def test_without_a_warm_up_it_is_neutral() -> None:
    network, climb = ramp(0.065)
    assert Scales(network, Criteria()).weigh(climb, None).parts["warmup"] == quality.NEUTRAL


@pytest.mark.parametrize(
    ("criteria", "time_s", "grades"),
    [
        ({}, 60, (0.05, 0.08)),
        ({"level": "new"}, 45, (0.05, 0.08)),
        ({"level": "strong"}, 75, (0.05, 0.08)),
        ({"length_m": (20, 40)}, 17, (0.08, 0.15)),  # sprints: 40 m on 6.5 % at 5:00
        ({"length_m": (400, 500)}, 175, (0.04, 0.07)),
        ({"session": "long"}, 1500, (0.02, 0.05)),
        ({"walk": True}, 120, (0.05, 0.08)),
    ],
)
def test_what_a_session_asks_for(
    criteria: dict[str, Any], time_s: float, grades: tuple[float, float]
) -> None:
    aim = ideal(Criteria(**criteria))
    assert aim.time_s == pytest.approx(time_s, abs=15 if time_s > 1000 else 3)
    assert (aim.low, aim.high) == grades


def test_a_weight_of_0_leaves_a_thing_out() -> None:
    network, climb = ramp(0.065, tags={"surface": "mud"})
    only = Weights(**{**dict.fromkeys(asdict(Weights()), 0.0), "grade": 1.0})
    weighed = weigh(network, climb, "gate", weights=only)
    assert weighed.score == weighed.parts["grade"]
    assert weighed.reasons == ("an ideal grade for 60 s repeats",)


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf, 1e300])
def test_what_cannot_be_a_weight_is_refused(wrong: float) -> None:
    with pytest.raises(CriteriaError, match="grade"):
        Weights(grade=wrong)
    with pytest.raises(CriteriaError, match="all are 0"):
        Weights(**dict.fromkeys(asdict(Weights()), 0.0))


def test_by_day_light_is_nothing_and_in_the_dark_it_is_much() -> None:
    network, lit = ramp(0.065)
    _, unknown = ramp(0.065, tags={"lit": ""})
    dark_network, unlit = ramp(0.065, tags={"lit": "no"})
    by_day = [
        Scales(streets, Criteria(), dark=False).weigh(sure(climb), warmup(), ())
        for streets, climb in ((network, lit), (dark_network, unlit))
    ]
    assert by_day[0] == by_day[1]
    at_night = Scales(dark_network, Criteria(), dark=True).weigh(sure(unlit), warmup(), ())
    assert at_night.score < 0.8 * by_day[0].score
    assert at_night.reasons[0] == "in the dark, and not lit"
    parts = [quality.light(tags, dark=True).value for tags in (unlit.tags, unknown.tags, lit.tags)]
    assert parts == sorted(parts)


# --- The order ------------------------------------------------------------------------------------


def slopes(seed: int) -> StreetNetwork:
    """Return a town of a main street and many side streets, all alike or each of its own kind."""
    rng = np.random.default_rng(seed)
    nodes: dict[int, tuple[float, float]] = {}
    ways = []
    surfaces = ["asphalt", "gravel", "mud", ""]
    count = 14
    for k in range(count):
        nodes[k] = (260.0 * k, 0.0)
        nodes[100 + k] = (260.0 * k, 60.0 + 40.0 * float(rng.integers(2, 5)))
        tags = {**STREET, "name": f"Side {k}", "surface": surfaces[rng.integers(4)]}
        ways.append((100 + k, [k, 100 + k], tags))
    ways.append((1, list(range(count)), {**STREET, "name": "Main"}))
    steep = np.round(rng.uniform(0.04, 0.16, count), 2)
    return attach(
        town(ways, nodes),
        Formula(lambda x, y: y * steep[np.clip(np.round(x / 260.0).astype(int), 0, count - 1)]),
    )


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), limit=st.integers(1, 20))
def test_the_best_are_those_of_the_full_weighing(seed: int, limit: int) -> None:
    network = slopes(seed)
    criteria = Criteria(warmup_min=(2, 20), rank="fit", limit=limit)
    router = Router(network, place(1700.0, 0.0), criteria)
    found = climbs.find(network, criteria)
    rows = ranking.order(found)
    scales = Scales(network, criteria)
    weighed = [scales.weigh(found[row], router.approach(found[row])) for row in rows.tolist()]
    order = sorted(range(len(rows)), key=lambda at: (-weighed[at].score, at))[:limit]
    listed = list(scales.listed(found, rows, router.approach))
    assert [each.fit for each in listed] == [weighed[at] for at in order]
    assert [each.climb.legs for each in listed] == [found[int(rows[at])].legs for at in order]


def test_what_is_shunned_in_the_weather_stands_behind_all_others() -> None:
    network = slopes(3)
    criteria = Criteria(warmup_min=(2, 20), rank="fit", limit=40)
    router = Router(network, place(1700.0, 0.0), criteria)
    found = climbs.find(network, criteria)
    rows = ranking.order(found)

    def shuns(climb: Climb) -> bool:
        return climb.grade > 0.08

    scales = Scales(network, criteria)
    free = [each.climb.legs for each in scales.listed(found, rows, router.approach)]
    wary = [each.climb for each in scales.listed(found, rows, router.approach, shuns)]
    behind = [shuns(climb) for climb in wary]
    assert 0 < sum(behind) < len(behind)
    assert behind == sorted(behind)
    wary.sort(key=lambda climb: free.index(climb.legs))
    assert [climb.legs for climb in wary] == free


@pytest.fixture(scope="module")
def portland(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Hills]:
    data, web = DATA / "portland", Web(offline=True, cache_dir=tmp_path_factory.mktemp("kept"))

    def search(weights: Weights | None = None, **asked: Any) -> Hills:
        return find.near(
            "45.5152,-122.6784",
            Criteria(**asked),
            streets=data / "portland-central-filtered.osm.pbf",
            dem=data / "portland-ned.tif",
            weights=weights,
            web=web,
        )

    return search


@needs_data
def test_the_best_of_portland_are_hills_for_a_group(portland: Callable[..., Hills]) -> None:
    best = portland(rank="fit")
    scores = [hill.fit.score for hill in best if hill.fit]
    assert len(scores) == 10
    assert scores == sorted(scores, reverse=True)
    for hill in best:
        assert 0.045 <= hill.grade <= 0.09
        assert hill.confidence != "low"
        assert hill.fit
        assert hill.fit.parts["evenness"] >= 0.7
        assert hill.fit.parts["clear"] >= 0.7
        assert hill.fit.parts["traffic"] >= 0.5


@needs_data
def test_by_grade_the_order_stays_and_the_fit_is_told(portland: Callable[..., Hills]) -> None:
    steepest = portland()
    assert [hill.grade for hill in steepest] == sorted((h.grade for h in steepest), reverse=True)
    assert all(hill.fit and hill.fit.reasons for hill in steepest)


@needs_data
def test_an_analyst_hands_in_weights_of_his_own(portland: Callable[..., Hills]) -> None:
    zero: Mapping[str, float] = dict.fromkeys(asdict(Weights()), 0.0)
    smooth = portland(Weights(**{**zero, "surface": 1.0}), rank="fit")
    assert min(hill.fit.parts["surface"] for hill in smooth if hill.fit) > 0.95
    assert all(hill.climb.tags.get("surface") for hill in smooth)
