"""The smoothing, against a dense solve written from its formula, and against what waves do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hillfinder.elevation.profiles.smoothing import (
    LONGEST_WAVELENGTH_M,
    SHORTEST_SURFACE_M,
    SHORTEST_WAVELENGTH_M,
    Bends,
    Rises,
    smooth,
    wavelength_m,
)
from hillfinder.model import HeightSource

if TYPE_CHECKING:
    from hillfinder.model import Floats, Ints


@dataclass(frozen=True)
class Streets:
    """Samples on lines: what ``smooth`` takes."""

    height: Floats
    weight: Floats
    bends: Bends
    edge: Ints

    def smoothed(self, wavelength: float, rises: Rises | None = None) -> Floats:
        return smooth(self.height, self.weight, self.bends, wavelength, rises=rises, edge=self.edge)

    def with_height(self, height: Floats) -> Streets:
        return replace(self, height=np.asarray(height, float))


def lines(at: list[Floats], sample: list[Ints], junctions: int | None = None) -> Streets:
    """Return lines with samples at distances ``at``; lines that share a number cross there.

    The first ``junctions`` numbers are said to be junctions, or else all.
    """
    count = 1 + max(int(numbers.max()) for numbers in sample)
    if junctions is None:
        junctions = count
    weight = np.zeros(count)
    edge: list[Ints] = []
    bends: list[list[Ints]] = [[], [], []]
    spans: list[list[Floats]] = [[], []]
    for distance, numbers in zip(at, sample, strict=True):
        own = numbers >= junctions
        edge.append(1000 * len(edge) + np.cumsum(~own)[own])
        gap = np.diff(distance)
        np.add.at(weight, numbers[:-1], gap / 2)
        np.add.at(weight, numbers[1:], gap / 2)
        for part, shifted in zip(bends, (numbers[:-2], numbers[1:-1], numbers[2:]), strict=True):
            part.append(shifted)
        spans[0].append(gap[:-1])
        spans[1].append(gap[1:])
    before, here, after = (np.concatenate(part) for part in bends)
    back, ahead = (np.concatenate(part) for part in spans)
    return Streets(
        np.zeros(count), weight, Bends(before, here, after, back, ahead), np.concatenate(edge)
    )


def street(distance: Floats) -> Streets:
    return lines([distance], [np.arange(len(distance))], 0)


def network(seed: int) -> Streets:
    """Return a few lines that cross each other, spaced unevenly, a few very closely."""
    rng = np.random.default_rng(seed)
    crossings = int(rng.integers(1, 5))
    at, sample, fresh = [], [], crossings
    for _ in range(int(rng.integers(1, 5))):
        size = int(rng.integers(3, 25))
        numbers = np.arange(fresh, fresh + size)
        fresh += size
        meets = rng.choice(crossings, size=min(crossings, 2, size), replace=False)
        numbers[rng.choice(size, size=len(meets), replace=False)] = meets
        at.append(np.cumsum(rng.choice([0.2, 1.0, 5.0, 9.0, 10.0], size)))
        sample.append(numbers)
    number, flat = np.unique(np.concatenate(sample), return_inverse=True)
    sizes = np.cumsum([len(numbers) for numbers in sample])[:-1]
    made = lines(at, np.split(flat, sizes), int((number < crossings).sum()))
    return made.with_height(rng.uniform(0, 60, len(made.height)))


def known_rises(seed: int, samples: int) -> Rises:
    """Return rises between the first ``samples``; they contradict the heights and each other."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 4)) if samples > 1 else 0
    low = rng.integers(0, max(samples, 1), count)
    high = (low + rng.integers(1, max(samples, 2), count)) % max(samples, 1)
    return Rises(low, high, rng.uniform(-9, 9, count), rng.uniform(0.1, 99, count))


def oracle(streets: Streets, wavelength: float, rises: Rises) -> Floats:
    """Solve the same problem with loops and a dense matrix, straight from the formula."""
    count = len(streets.height)
    normal = np.diag(streets.weight).astype(float)
    pull = streets.weight * streets.height
    for low, high, rise, weight in zip(*rises, strict=True):
        difference = np.zeros(count)
        difference[high] += 1
        difference[low] -= 1
        normal += weight * np.outer(difference, difference)
        pull += weight * rise * difference
    for before, here, after, back, ahead in zip(*streets.bends, strict=True):
        mean = (back + ahead) / 2
        second = np.zeros(count)
        second[before] += 1 / back / mean
        second[here] -= (1 / back + 1 / ahead) / mean
        second[after] += 1 / ahead / mean
        normal += (wavelength / (2 * np.pi)) ** 4 * mean * np.outer(second, second)
    return np.asarray(np.linalg.solve(normal, pull))


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    wavelength=st.sampled_from([0.0, 20.0, 70.0, 210.0, 400.0]),
    edges=st.booleans(),
)
def test_it_is_what_a_dense_solve_gives(seed: int, wavelength: float, *, edges: bool) -> None:
    streets = network(seed)
    if not edges:
        streets = replace(streets, edge=np.empty(0, np.int64))
    rises = known_rises(seed, len(streets.height) - len(streets.edge))
    found = streets.smoothed(wavelength, rises)
    np.testing.assert_allclose(found, oracle(streets, wavelength, rises), atol=2e-3)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    lift=st.floats(-400, 8000),
    factor=st.floats(-3, 3),
    wavelength=st.sampled_from([20.0, 70.0, 400.0]),
)
def test_raising_and_stretching_the_land_goes_through(
    seed: int, lift: float, factor: float, wavelength: float
) -> None:
    streets = network(seed)
    before = streets.smoothed(wavelength)
    after = streets.with_height(streets.height * factor + lift).smoothed(wavelength)
    np.testing.assert_allclose(after, before * factor + lift, atol=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.sampled_from([0.2, 1.0, 4.0, 7.0, 10.0]), min_size=2, max_size=60),
    grade=st.floats(-0.4, 0.4),
    wavelength=st.floats(SHORTEST_WAVELENGTH_M, LONGEST_WAVELENGTH_M),
)
def test_a_plane_stays_a_plane(gaps: list[float], grade: float, wavelength: float) -> None:
    at = np.concatenate([[0.0], np.cumsum(gaps)])
    plane = 100 + grade * at
    np.testing.assert_allclose(street(at).with_height(plane).smoothed(wavelength), plane, atol=1e-5)


@pytest.mark.parametrize("wavelength", [60.0, 100.0, 210.0, 400.0])
@pytest.mark.parametrize("spacing", [2.5, 5.0, 10.0])
def test_a_wave_of_the_stated_length_is_halved(wavelength: float, spacing: float) -> None:
    at = np.arange(0, 40 * wavelength, spacing)
    middle = slice(len(at) // 4, -len(at) // 4)

    def kept(of: float) -> float:
        wave = np.sin(2 * np.pi * at / of)
        smoothed = street(at).with_height(wave).smoothed(wavelength)
        return float(smoothed[middle] @ wave[middle] / (wave[middle] @ wave[middle]))

    # 6 samples a wave see a little less of its bend than there is.
    assert kept(wavelength) == pytest.approx(0.5, abs=0.05 if wavelength / spacing < 8 else 0.03)
    assert kept(3 * wavelength) == pytest.approx(1 / (1 + 1 / 81), abs=0.005)
    assert 1 / 20 < kept(wavelength / 2) < 1 / 8


@pytest.mark.parametrize("wavelength", [40.0, 100.0])
def test_the_spacing_of_the_samples_does_not_matter(wavelength: float) -> None:
    def bumps(at: Floats) -> Floats:
        return np.asarray(5 * np.exp(-(((at - 700) / 60) ** 2)) + 0.04 * at)

    coarse, fine = np.arange(0, 1401, 10.0), np.arange(0, 1401, 2.0)
    rough = street(coarse).with_height(bumps(coarse)).smoothed(wavelength)
    smoothed = street(fine).with_height(bumps(fine)).smoothed(wavelength)
    np.testing.assert_allclose(rough, smoothed[::5], atol=0.03)


def test_a_street_cut_by_a_stub_is_smoothed_as_a_whole() -> None:
    # A drawn piece of 0.4 m in the middle of a street is no hinge.
    whole = np.arange(0, 801, 10.0)
    cut = np.insert(whole, 41, 400.4)
    rng = np.random.default_rng(8)
    noise = 50 + rng.normal(0, 2, len(whole))
    with_stub = street(cut).with_height(np.interp(cut, whole, noise)).smoothed(150.0)
    without = street(whole).with_height(noise).smoothed(150.0)
    np.testing.assert_allclose(np.delete(with_stub, 41), without, atol=0.05)


def test_streets_that_cross_agree_where_they_do() -> None:
    # One is smoothed towards a level, and takes the other with it at the crossing.
    at = np.arange(0, 401, 10.0)
    first, second = np.arange(41), np.arange(41, 82)
    second[20] = first[20]
    second[21:] -= 1
    crossing = lines([at, at], [first, second])
    height = np.zeros(len(crossing.height))
    height[first[20]] = 10.0
    smoothed = crossing.with_height(height).smoothed(100.0)
    alone = street(at).with_height(height[:41]).smoothed(100.0)
    assert 0 < smoothed[20] < 10
    assert smoothed[20] == pytest.approx(alone[20], rel=0.01)
    np.testing.assert_allclose(smoothed[second], smoothed[first], atol=1e-9)


def test_no_wavelength_no_change() -> None:
    streets = network(3)
    np.testing.assert_allclose(streets.smoothed(0.0), streets.height, atol=1e-9)


def test_nothing_to_smooth() -> None:
    empty, none = np.empty(0), np.empty(0, np.int64)
    bends = Bends(none, none, none, empty, empty)
    assert len(smooth(empty, empty, bends, 70.0)) == 0
    one = smooth(np.array([5.0]), np.array([1.0]), bends, 70.0)
    np.testing.assert_allclose(one, [5.0])


def test_nodes_on_one_spot_do_no_harm() -> None:
    at = np.array([0.0, 10, 20, 20, 20, 30, 40])
    smoothed = street(at).with_height(np.array([0.0, 1, 2, 2, 2, 3, 4])).smoothed(400.0)
    np.testing.assert_allclose(smoothed, at / 10, atol=0.05)


def test_the_wavelength_follows_the_cell_and_the_kind() -> None:
    cells = [0.5, 1.0, 5.0, 10.0, 30.0, 90.0, 1000.0]
    lengths = [wavelength_m(HeightSource("a model", "bare earth", cell)) for cell in cells]
    assert lengths == sorted(lengths)
    assert lengths[0] == SHORTEST_WAVELENGTH_M
    assert lengths[-1] == LONGEST_WAVELENGTH_M
    assert 60 <= lengths[3] <= 100
    assert 100 <= lengths[4] <= 300
    roofs = [wavelength_m(HeightSource("a model", "surface", cell)) for cell in cells]
    assert roofs == [max(length, SHORTEST_SURFACE_M) for length in lengths]
