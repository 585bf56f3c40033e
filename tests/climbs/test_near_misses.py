"""What is said where there is no hill of the kind asked for: never nothing, and what it lacks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hillfinder import find
from hillfinder.climbs import search as climbs
from hillfinder.climbs.near_misses import nearest
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.sources.raster_file.raster import Raster
from hillfinder.model import Miss, Place
from hillfinder.output.text import misses
from hillfinder.services.client import Web
from tests.towns import DATA, STREET, Formula, needs_data, town

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hillfinder.elevation.climb_table import ClimbTable
    from hillfinder.model import Floats
    from hillfinder.streets.network import StreetNetwork

    Street = tuple[str, float, float, float]  # name, from and to metres east, metres north

#: A street so steep, by how far north it lies.
STEEP = {0.0: 0.1, 500.0: 0.02, 1000.0: 0.0, 1500.0: 0.2}


def ground(x: Floats, y: Floats) -> Floats:
    return np.asarray(
        sum(np.where(np.abs(y - at) < 250, grade, 0.0) for at, grade in STEEP.items()) * x
    )


def streets(*lines: Street, **tags: str) -> StreetNetwork:
    nodes: dict[int, tuple[float, float]] = {}
    ways = []
    for way, (name, west, east, north) in enumerate(lines):
        nodes |= {2 * way: (west, north), 2 * way + 1: (east, north)}
        ways.append((way + 1, [2 * way, 2 * way + 1], {**STREET, "name": name, **tags}))
    return attach(town(ways, nodes), Formula(ground))


def sentences(*given: Any) -> tuple[str, ...]:
    """Return what is said of the nearest misses."""
    return tuple(map(misses.sentence, nearest(*given)))


def after(*minutes: float) -> Callable[[ClimbTable], Floats]:
    """Return times to climbs by how far north each lies: 0, 500, 1000 and 1500 m."""

    def times_s(found: ClimbTable) -> Floats:
        north = [(found[row].lat[0] - 46) * 111_195 for row in range(len(found.grade))]
        return 60.0 * np.array([minutes[round(metres / 500)] for metres in north], float)

    return times_s


def test_what_is_too_short_and_too_gentle_is_told_with_its_minutes() -> None:
    network = streets(("Short Steep", 0, 60, 0), ("Long Gentle", 0, 900, 500))
    assert len(climbs.find(network, Criteria())) == 0
    short, gentle = sentences(network, Criteria(), after(8.2, 12))
    lacks = "rises 9.9 %, but is only 60 m long (100 m or more were asked for)."
    assert short == f"Short Steep, 9 minutes away, {lacks}"
    lacks = "rises only 1.9 % over 200 m (3 % or more were asked for)."
    assert gentle == f"Long Gentle, 12 minutes away, {lacks}"


def test_what_is_too_far_is_told_first_and_takes_no_less_than_it_takes() -> None:
    network = streets(("Short Steep", 0, 60, 0), ("Too Far", 0, 150, 1500))
    far, short = sentences(network, Criteria(), after(5, 0, 0, 26.1))
    assert far == "Too Far rises 19.9 % over 150 m, but is 27 minutes away."
    assert short.startswith("Short Steep, 5 minutes away")


def test_what_cannot_be_reached_is_told_as_that() -> None:
    network = streets(("Island", 0, 150, 1500))
    told = sentences(network, Criteria(), after(0, 0, 0, np.inf))
    assert told == ("Island rises 19.9 % over 150 m, but no way on foot leads there.",)


def test_what_is_too_steep_is_told_the_gentlest_first() -> None:
    network = streets(("Ten", 0, 150, 0), ("Twenty", 0, 150, 1500))
    told = sentences(network, Criteria(max_grade=0.08), after(7, 0, 0, 9))
    assert told == (
        "Ten, 7 minutes away, is too steep: 10 % over 150 m (8 % or less were asked for).",
        "Twenty, 9 minutes away, is too steep: 20 % over 150 m (8 % or less were asked for).",
    )


def test_what_lacks_one_thing_comes_before_what_lacks_two() -> None:
    network = streets(("Near Gentle", 0, 300, 500), ("Far Short", 0, 60, 0))
    (told,) = sentences(network, Criteria(), after(25, 12))
    assert told.startswith("Near Gentle, 12 minutes away")
    (told,) = sentences(streets(("Far Short", 0, 60, 0)), Criteria(), after(25, 12))
    assert told.startswith("Far Short, 25 minutes away")


def test_at_most_five_are_told_and_two_of_a_kind() -> None:
    lines = [(f"Short {k}", 200.0 * k, 200.0 * k + 60 + k, 0.0) for k in range(4)]
    lines += [(f"Gentle {k}", 400.0 * k, 400.0 * k + 300, 500.0) for k in range(4)]
    lines += [(f"Far {k}", 400.0 * k, 400.0 * k + 300, 1500.0) for k in range(4)]
    told = sentences(streets(*lines), Criteria(), after(5, 12, 0, 30))
    assert [sentence.split()[0] for sentence in told] == ["Far", "Far", "Short", "Short", "Gentle"]
    assert told[2].startswith("Short 3")


def test_one_street_is_told_once() -> None:
    network = streets(("Up", 0, 90, 0), ("Up", 300, 390, 0), ("Up", 600, 690, 0))
    assert len(sentences(network, Criteria(), after(5))) == 1


def test_level_land_is_said_to_be_level() -> None:
    network = streets(("Flat", 0, 400, 1000))
    told = sentences(network, Criteria(), after(5, 5, 5))
    assert told == ("All is level here: no 100 m rise by as much as 0.1 %.",)


def test_the_steepest_of_nearly_level_land_is_told() -> None:
    network = attach(
        town([(1, [1, 2], {**STREET, "name": "Dike"})], {1: (0.0, 0.0), 2: (400.0, 0.0)}),
        Formula(lambda x, y: 0.012 * x),
    )
    (told,) = sentences(network, Criteria(), after(5))
    assert "rises only 1." in told


def test_where_there_are_bridges_alone_that_is_said() -> None:
    (told,) = sentences(streets(("Bridge", 0, 400, 0), bridge="yes"), Criteria(), after(5))
    assert told.startswith("No street or path here may be a hill")


@pytest.mark.parametrize(
    ("deck", "said"),
    [
        ({"bridge": "yes"}, "No height is known of any street here: try another elevation model."),
        ({}, "Of 50 % of the streets here no height is known."),
    ],
)
def test_where_heights_are_unknown_that_is_said(deck: dict[str, str], said: str) -> None:
    nodes = {1: (0.0, 0.0), 2: (400.0, 0.0), 3: (0.0, 2000.0), 4: (400.0, 2000.0)}
    network = town([(1, [1, 2], {**STREET, **deck}), (2, [3, 4], STREET)], nodes)
    network = attach(network, Formula(lambda x, y: np.where(y > 1000, np.nan, 100.0)))
    assert sentences(network, Criteria(), after(5)) == (said,)


def test_nothing_is_shorter_than_the_shortest_that_can_be_asked_for() -> None:
    network = streets(("Flat", 0, 400, 1000))
    assert sentences(network, Criteria(length_m=(20, 20)), after(5, 5, 5))[0].startswith("All is")


def test_a_long_session_is_told_of_hills_that_turn() -> None:
    nodes = {1: (0.0, 0.0), 2: (600.0, 0.0), 3: (600.0, 600.0), 4: (700.0, 0.0)}
    lines = (("East", [1, 2]), ("North", [2, 3]), ("Far East", [2, 4]))
    ways = [(row, line, {**STREET, "name": name}) for row, (name, line) in enumerate(lines, 1)]
    network = attach(town(ways, nodes), Formula(lambda x, y: 0.03 * (x + y)))
    asked = Criteria(session="long", length_m=(1000, 1500), min_grade=0.05, max_grade=0.06)
    (miss,) = nearest(network, asked, lambda found: np.full(len(found), 300.0))
    assert isinstance(miss, Miss)
    assert (miss.lacks, miss.limit) == ("steep", 0.05)
    assert miss.length_m > 1000
    assert miss.grade == pytest.approx(0.03, rel=0.05)
    slopes = nearest(
        network, replace(asked, session="repeats"), lambda found: np.full(len(found), 9)
    )
    assert not any(isinstance(each, Miss) and each.length_m > 1000 for each in slopes)


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(min_grade=0.3),
        Criteria(session="long"),
        Criteria(session="long", max_grade=0.021),
        Criteria(length_m=(5000, 5000)),
        Criteria(warmup_min=(0, 0.5)),
    ],
)
def test_portland_never_shows_an_empty_screen(criteria: Criteria, tmp_path: Path) -> None:
    portland = DATA / "portland"
    hills = find.near(
        Place(45.5225, -122.66),
        criteria,
        streets=portland / "portland-central-filtered.osm.pbf",
        dem=Raster([portland / "portland-ned.tif"]),
        web=Web(offline=True, cache_dir=tmp_path),
    )
    assert not hills
    assert 1 <= len(hills.misses) <= 5
    assert len(set(hills.misses)) == len(hills.misses)
