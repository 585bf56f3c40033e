"""Several sources of heights as one: who serves, what is said, and no hill where two meet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hillfinder.climbs import search as climbs
from hillfinder.criteria import Criteria
from hillfinder.elevation.profiles.attach import attach
from hillfinder.elevation.sources.fallback import LEAST_SHARE_SERVED, SEAM_M, Chain
from hillfinder.errors import DataError, HeightsError, HillfinderError, OfflineError, ServiceError
from hillfinder.model import HeightSource
from tests.towns import STREET, lonlat, metres, town

if TYPE_CHECKING:
    from collections.abc import Callable

    from hillfinder.model import Floats, HeightKind
    from hillfinder.streets.network import StreetNetwork


@dataclass
class Model:
    """Heights from a formula of metres east and north, or a failure."""

    height: Callable[[Floats, Floats], Floats]
    name: str = "first"
    kind: HeightKind = "bare earth"
    cell_m: float = 10.0
    credit: str | None = None
    fails: HillfinderError | None = None
    calls: list[int] = field(default_factory=list)

    @property
    def source(self) -> HeightSource:
        return HeightSource(self.name, self.kind, self.cell_m, self.credit)

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        self.calls.append(len(lon))
        if self.fails:
            raise self.fails
        return np.asarray(self.height(*metres(lon, lat)), float)


def flat(level: float) -> Callable[[Floats, Floats], Floats]:
    return lambda x, y: np.full(len(x), level) + 0 * y


def west_of(edge: float, level: float) -> Callable[[Floats, Floats], Floats]:
    return lambda x, _: np.where(x < edge, level, np.nan)


GRID = np.meshgrid(np.arange(-500.0, 501, 10), np.arange(-500.0, 501, 10))
POINTS = lonlat(GRID[0].ravel(), GRID[1].ravel())


def unreached() -> ServiceError:
    error = ServiceError("The first was not reached, so heights are not available now.")
    error.__cause__ = DataError("was not reached")
    return error


def test_where_the_first_knows_all_the_next_is_not_asked() -> None:
    first, second = Model(flat(5.0), credit="A"), Model(flat(9.0), "second", "surface", credit="B")
    heights = Chain([first, second])
    assert heights.source == replace(first.source, name="first, second")
    assert (heights(*POINTS) == 5).all()
    assert heights.source == first.source
    assert not second.calls


def test_a_hole_is_filled_by_the_next_and_told() -> None:
    first = Model(west_of(0, 5.0), "USGS", "bare earth", 10.0, "public domain")
    second = Model(flat(9.0), "tiles", "unknown", 30.0, "the tile makers")
    heights = Chain([first, second])
    read, x = heights(*POINTS), GRID[0].ravel()
    assert (read[x < 0] == 5).all()
    assert np.isnan(read[(x >= 0) & (x < SEAM_M - 15)]).all()
    assert (read[x > SEAM_M] == 9).all()
    source = heights.source
    assert source.name == "USGS (50 %), tiles (45 %)"
    assert source.kind == "unknown"
    assert source.cell_m == 30
    assert source.attribution == "public domain; the tile makers"


def test_the_kind_is_the_worst_of_what_was_used() -> None:
    first = Model(west_of(-200, 5.0), "a", "unknown", 2.0, "us")
    second = Model(west_of(200, 5.0), "b", "bare earth", 10.0, "us")
    third = Model(flat(5.0), "c", "surface", 5.0)
    heights = Chain([first, second, third])
    heights(*POINTS)
    assert (heights.source.kind, heights.source.cell_m) == ("surface", 10.0)
    assert heights.source.attribution == "us"
    assert heights.source.name.count("%") == 3


def test_a_failure_passes_on_to_the_next_and_is_told() -> None:
    first = Model(flat(5.0), "USGS 3DEP", fails=unreached())
    heights = Chain([first, Model(flat(9.0), "tiles")])
    assert (heights(*POINTS) == 9).all()
    assert heights.source.name == "tiles; without USGS 3DEP (was not reached)"
    first.fails = None
    assert (heights(*POINTS) == 5).all()
    assert heights.source.name == "USGS 3DEP"


@pytest.mark.parametrize(
    ("errors", "kind", "says"),
    [
        ([OfflineError("Off."), OfflineError("Off.")], OfflineError, "^Off.$"),
        ([OfflineError("Off."), unreached()], ServiceError, "^Off. The first was not reached"),
        ([HeightsError("Too wide."), OfflineError("Off.")], ServiceError, "Too wide. Off."),
        ([HeightsError("Too wide."), HeightsError("Wide.")], HeightsError, "Too wide. Wide."),
    ],
)
def test_where_all_fail_so_does_the_whole(
    errors: list[HillfinderError], kind: type[HillfinderError], says: str
) -> None:
    with pytest.raises(kind, match=says) as told:
        Chain([Model(flat(1.0), fails=error) for error in errors])(*POINTS)
    assert type(told.value) is kind


def test_what_cannot_be_foreseen_goes_through() -> None:
    def broken(x: Floats, y: Floats) -> Floats:
        raise ZeroDivisionError(x, y)

    with pytest.raises(ZeroDivisionError):
        Chain([Model(broken), Model(flat(2.0))])(*POINTS)


def test_where_nobody_knows_a_height_there_is_none() -> None:
    nowhere = flat(np.nan)
    both = Chain([Model(nowhere), Model(nowhere, "second")])
    assert np.isnan(both(*POINTS)).all()
    assert both.source.name == "first, second"
    # One who failed might have known.
    with pytest.raises(ServiceError):
        Chain([Model(flat(1.0), fails=unreached()), Model(nowhere)])(*POINTS)
    only = Chain([Model(west_of(0, 5.0), "mine.tif")])
    assert np.isnan(only(*POINTS)).mean() == pytest.approx(0.5, abs=0.01)
    assert only.source.name == "mine.tif (50 %)"
    assert len(Chain([Model(flat(1.0))])(np.empty(0), np.empty(0))) == 0


def test_a_few_heights_from_a_worse_model_do_not_dim_the_doubt_of_all() -> None:
    """A pier beyond the shore where the model ends: a hundredth of the samples."""
    x = np.concatenate([np.arange(0.0, 2000), np.arange(3000.0, 3015)])
    lon, lat = lonlat(x, np.zeros(len(x)))
    coarse = Model(flat(-20.0), "sea bottom", "surface", 1850.0)
    heights = Chain([Model(west_of(2500, 5.0)), coarse])
    assert LEAST_SHARE_SERVED * len(x) > 15
    assert np.isnan(heights(lon, lat)[-15:]).all()
    assert heights.source == Model(flat(5.0)).source
    assert not coarse.calls


def test_points_that_are_nowhere_are_nobodys() -> None:
    lon, lat = (each.copy() for each in POINTS)
    lon[:5000], lat[5000:] = np.nan, np.inf
    first = Model(flat(5.0))
    assert np.isnan(Chain([first])(lon, lat)).all()
    assert not first.calls


@given(st.floats(-180, 180), st.floats(-89, 89), st.integers(0, 2**32))
def test_no_two_sources_meet_anywhere_on_earth(lon: float, lat: float, seed: int) -> None:
    """The slow way: every point of the second against every point of the first."""
    rng = np.random.default_rng(seed)
    north = rng.uniform(-300, 300, 60)
    east = rng.uniform(-300, 300, 60)
    lats = lat + north / 111_195
    lons = (lon + east / (111_195 * np.cos(np.radians(lats))) + 180) % 360 - 180

    class Half(Model):
        def __call__(self, lon: Floats, lat: Floats) -> Floats:
            return np.where(np.isin(lat, lats[north + east < 0]), 1.0, np.nan) + 0 * lon

    class Two(Model):
        def __call__(self, lon: Floats, lat: Floats) -> Floats:
            return np.full(len(lon), 2.0) + 0 * lat

    read = Chain([Half(flat(1.0)), Two(flat(2.0))])(lons, lats)
    one, two = read == 1, read == 2
    assert (one == (north + east < 0)).all()
    flat_m = 6_371_009 * np.pi / 180
    for point in np.flatnonzero(~one):
        turn = (lons - lons[point] + 180) % 360 - 180
        apart = flat_m * np.hypot(turn * np.cos(np.radians(lats)), lats - lats[point])
        if one.any() and abs(apart[one].min() - SEAM_M) > 0.5:
            assert two[point] == (apart[one].min() > SEAM_M)


def street(bend: float = 0.0) -> StreetNetwork:
    """Return a street of 1 km to the east, with side streets."""
    nodes = {number: (100.0 * number - 500, bend * (number % 2)) for number in range(11)}
    nodes |= {20 + number: (100.0 * number - 500, 300.0) for number in range(11)}
    side_streets = [(10 + number, [number, 20 + number], STREET) for number in range(11)]
    return town([(1, [*range(11)], STREET), *side_streets], nodes)


@pytest.mark.parametrize("step", [-30.0, 8.0, 30.0])
@pytest.mark.parametrize("edge", [-7.0, 0.0, 100.0, 143.0])
@pytest.mark.parametrize("bend", [0.0, 20.0])
def test_a_step_where_two_models_meet_is_no_hill(step: float, edge: float, bend: float) -> None:
    first, second = Model(west_of(edge, 100.0)), Model(flat(100 + step), "second")
    network = street(bend)

    def found(heights: Model | Chain) -> int:
        return len(climbs.find(attach(network, heights), Criteria(length_m=(50, 200))))

    assert found(Chain([first, second])) == 0
    # Simply laid over one another, they make one.
    naive = Model(lambda x, _: np.where(x < edge, 100.0, 100 + step))
    assert found(naive) > 0


def test_a_hill_beside_a_seam_is_found() -> None:
    """It lies in the second model, 100 m from the seam."""

    def hill(x: Floats, _: Floats) -> Floats:
        return 100 + 0.1 * np.clip(x - 150, 0, 200)

    network = attach(street(), Chain([Model(west_of(0, 130.0)), Model(hill, "second")]))
    found = climbs.find(network, Criteria())
    assert len(found) == 1
    assert found[0].grade == pytest.approx(0.1, abs=0.005)
