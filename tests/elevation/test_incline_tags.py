"""What mappers wrote of slopes: read, weighed, and set against the heights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hillfinder.climbs import search as climbs
from hillfinder.climbs.notes import Notes
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.profiles.incline_tags import rises, signs
from hillfinder.model import HeightSource, Hill
from hillfinder.streets.tags.slopes import incline
from tests.elevation.test_elevation import EAST, along, edges_of, ground, straight
from tests.towns import STREET, town


@pytest.mark.parametrize(
    ("text", "grade", "sign"),
    [
        ("up", None, 1),
        ("Down", None, -1),
        ("12%", 0.12, 1),
        (" -8.5 % ", -0.085, -1),
        ("+6", 0.06, 1),
        ("7,5%", 0.075, 1),
        ("10°", 0.176, 1),
        ("-5 deg", -0.087, -1),
        ("0%", 0.0, 0),
        ("yes", None, 0),
        ("steep", None, 0),
        ("1:10", None, 0),
        ("95%", None, 0),
        ("1e3%", None, 0),
        ("", None, 0),
        ("up;down", None, 0),
    ],
)
def test_how_inclines_are_written(text: str, grade: float | None, sign: int) -> None:
    assert incline(text) == (grade, sign)


def test_a_number_is_shared_out_among_the_edges_of_its_way() -> None:
    network = straight((300, {**STREET, "incline": "-10%"}), (60, STREET))
    mapped = rises(network)
    metres = network.edge_length_m[mapped.edge]
    np.testing.assert_allclose(mapped.rise_m, -0.1 * metres)
    assert set(mapped.edge.tolist()) == set(edges_of(network, 1))
    assert mapped.signed.all()


@pytest.mark.parametrize("cuts", [1, 3, 19])
def test_a_number_weighs_the_same_however_many_streets_meet_its_way(cuts: int) -> None:
    at = np.linspace(0.0, 400.0, cuts + 2)
    nodes = {i: (float(x) / EAST, 0.0) for i, x in enumerate(at)}
    stubs = {100 + i: (nodes[i][0], 30.0) for i in range(1, cuts + 1)}
    way = (1, list(range(cuts + 2)), {**STREET, "incline": "9%"})
    sides = [(10 + i, [i, 100 + i], STREET) for i in range(1, cuts + 1)]
    cut = attach(town([way, *sides], nodes | stubs), ground(lambda x: 0.05 * x, 30.0))
    whole = attach(town([way], nodes), ground(lambda x: 0.05 * x, 30.0))
    rise, expected = (np.ptp(along(one, *edges_of(one, 1)).height) for one in (cut, whole))
    assert expected > 0.051 * 400
    assert rise == pytest.approx(expected, rel=0.01)


def test_nodes_drawn_on_one_spot_have_no_written_grade() -> None:
    tagged = {**STREET, "incline": "9%"}
    network = straight((100, STREET), (0, tagged), (100, STREET))
    assert 0 in network.edge_length_m
    assert len(rises(network).edge) == 0
    line = attach(network, ground(lambda x: 0.05 * x, 30.0)).profiles
    assert line is not None
    assert np.isfinite(line.elevation_m).all()


def test_steps_are_counted_only_where_they_make_a_stair() -> None:
    stairs = {"highway": "steps", "step_count": "40"}
    for tags, count in (
        (stairs, 1),
        ({**stairs, "step_count": "many"}, 0),
        ({**stairs, "step_count": "4000"}, 0),
        ({**stairs, "step_count": "0"}, 0),
        ({"highway": "steps"}, 0),
    ):
        assert len(rises(straight((30, tags))).edge) == count
    down = rises(straight((30, {**stairs, "incline": "down"})))
    assert down.rise_m.sum() == pytest.approx(-40 * 0.165)


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_stair_rises_by_its_steps_where_the_model_is_coarse(way: str) -> None:
    # 6.6 m of stairs on a bank that a model of 30 m shows as 3 m.
    sign = 1 if way == "up" else -1
    bank = ground(lambda x: sign * np.clip(x - 200, 0, 30) * 0.1, 30.0)
    rise = []
    for stairs in ({"highway": "steps"}, {"highway": "steps", "step_count": "40", "incline": way}):
        network = attach(straight((200, STREET), (30, stairs), (200, STREET)), bank)
        height = along(network, *edges_of(network, 2)).height
        rise.append(sign * (height[-1] - height[0]))
    assert 2 < rise[0] < 3.1
    assert 3.6 < rise[1] < 6.7


def test_a_written_grade_moves_a_coarse_line_and_hardly_a_fine_one() -> None:
    tagged = straight((400, {**STREET, "incline": "9%"}))
    rise = {
        cell: np.ptp(along(attach(tagged, ground(lambda x: 0.05 * x, cell)), 0).height) / 400
        for cell in (1.0, 30.0)
    }
    assert rise[1.0] == pytest.approx(0.05, abs=0.001)
    assert 0.051 < rise[30.0] < 0.085


@pytest.mark.parametrize(("tag", "said"), [("up", 1), ("down", -1), ("", 0)])
@pytest.mark.parametrize("slope", [0.1, -0.1])
def test_a_climb_knows_whether_the_map_agrees(tag: str, said: int, slope: float) -> None:
    tags = {**STREET, "incline": tag} if tag else STREET
    network = attach(straight((300, tags)), ground(lambda x: slope * x))
    (climb,) = climbs.find(network, Criteria(length_m=(100, 300)))
    assert climb.incline == said * np.sign(slope)
    assert signs(network.ways, np.array([0])).tolist() == [said]


def test_a_climb_that_the_map_contradicts_is_of_low_confidence() -> None:
    network = attach(straight((300, {**STREET, "incline": "down"})), ground(lambda x: 0.1 * x))
    (climb,) = climbs.find(network, Criteria(length_m=(100, 300)))
    hill = Hill(1, "Street", climb, None)
    assert hill.confidence == "low"
    agreed = replace(hill, climb=replace(climb, incline=1))
    assert agreed.confidence == "high"
    notes = Notes(Criteria(), HeightSource("a model", "bare earth", 1.0))
    assert notes.of(hill) == (
        "The map says that it falls where the heights rise: look before you plan on it.",
    )
    assert notes.of(agreed) == ()
    coarse = Notes(Criteria(), HeightSource("a model", "bare earth", 300.0))
    assert notes.of(hill)[0] in coarse.of(hill)
    assert len(coarse.of(hill)) == len(coarse.of(agreed)) + 1 == 2


def test_a_tag_weighs_the_same_however_many_ways_a_street_is_cut_into() -> None:
    tagged = {**STREET, "incline": "9%"}
    rise = []
    for pieces in (1, 8):
        network = straight(*[(400 / pieces, tagged)] * pieces)
        attached = attach(network, ground(lambda x: 0.05 * x, 30.0))
        height = along(attached, *range(pieces)).height
        rise.append((height[-1] - height[0]) / 400)
    assert rise[1] == pytest.approx(rise[0], rel=0.03)
