"""How far heights and grades are trusted, against covariances and integrals worked out in full."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hillfinder.elevation.profiles import uncertainty
from hillfinder.model import HeightSource
from hillfinder.streets.network import Blur
from tests.elevation.test_smoothing import street

BLURS = [Blur(75.0, 210.0), Blur(25.0, 70.0), Blur(10.0, 20.0), Blur(230.0, 400.0)]
COARSE = HeightSource("a model", "unknown", 30.0)


# --- From errors of heights to errors of grades ---------------------------------------------------


@pytest.mark.parametrize("blur", BLURS)
def test_doubt_is_what_errors_pushed_through_the_least_squares_line_leave(blur: Blur) -> None:
    at = np.arange(0.0, 3000.0, 10.0)
    apart = np.subtract.outer(at, at)
    errors = np.exp(-((apart / blur.reach) ** 2))
    line = street(at)
    pulses = (line.with_height(pulse).smoothed(blur.wavelength) for pulse in np.eye(len(at)))
    response = np.column_stack(list(pulses))
    left = response @ errors @ response.T
    foot = len(at) // 2
    assert uncertainty.share_left(blur) == pytest.approx(left[foot, foot] ** 0.5, rel=0.04)
    for samples in (5, 10, 20, 50):
        top, length = foot + samples, 10.0 * samples
        spread = left[foot, foot] + left[top, top] - 2 * left[foot, top]
        ends = np.array([uncertainty.share_left(blur)])
        found = uncertainty.rise_sigma_m(np.array([length]), ends, ends, blur)
        assert found[0] == pytest.approx(spread**0.5, rel=0.05)


@given(
    length=st.floats(0, 5000),
    foot=st.floats(0.01, 9),
    top=st.floats(0.01, 9),
    blur=st.sampled_from(BLURS),
)
def test_far_ends_err_alone_and_near_ones_together(
    length: float, foot: float, top: float, blur: Blur
) -> None:
    sigma, turned = (
        uncertainty.rise_sigma_m(np.array([length]), np.array([one]), np.array([other]), blur)[0]
        for one, other in ((foot, top), (top, foot))
    )
    assert sigma == turned
    alone = np.hypot(foot, top)
    assert abs(foot - top) * (1 - 1e-9) <= sigma <= 1.1 * alone
    if length > 5 * max(blur):
        assert sigma == pytest.approx(alone, rel=0.02)


# --- The model's error ----------------------------------------------------------------------------


def test_a_surface_model_is_expected_to_be_worse_than_bare_earth() -> None:
    for cell in (0.5, 1.0, 10.0, 30.0, 90.0):
        bare, roofs = (
            uncertainty.expected_error_m(HeightSource("a model", kind, cell))
            for kind in ("bare earth", "surface")
        )
        assert uncertainty.LEAST_ERROR_M <= bare < roofs <= uncertainty.MOST_ERROR_M


def test_what_many_streets_show_outweighs_what_is_expected() -> None:
    misfit = np.array([1.0, 0.9, 1.1, 1.0])
    errors = [
        uncertainty.learned_error_m(COARSE, misfit, street_m, BLURS[0])
        for street_m in (0.0, 1e3, 1e4, 1e6)
    ]
    assert errors[0] == uncertainty.expected_error_m(COARSE)
    shown = uncertainty.learned_error_m(COARSE, misfit, 1e12, BLURS[0])
    assert abs(errors[3] - shown) < abs(errors[2] - shown) < abs(errors[1] - shown)
    assert uncertainty.learned_error_m(COARSE, 2 * misfit, 1e12, BLURS[0]) == pytest.approx(
        2 * shown, rel=0.05
    )


def test_a_model_that_leaves_no_trace_is_not_taken_for_perfect() -> None:
    assert uncertainty.learned_error_m(COARSE, np.zeros(9), 1e9, BLURS[0]) == pytest.approx(
        uncertainty.LEAST_OF_EXPECTED * uncertainty.expected_error_m(COARSE)
    )
    assert (
        uncertainty.learned_error_m(COARSE, np.full(9, 1e6), 1e9, BLURS[0])
        == uncertainty.MOST_ERROR_M
    )
    assert uncertainty.learned_error_m(
        COARSE, np.empty(0), 0.0, BLURS[0]
    ) == uncertainty.expected_error_m(COARSE)


# --- What is claimed of the best of many ----------------------------------------------------------


@pytest.mark.parametrize("grade", [0.03, 0.08, 0.2])
@pytest.mark.parametrize("sigma", [0.002, 0.01, 0.03, 0.06])
@pytest.mark.parametrize("tail", [0.015, 0.03, 0.07])
def test_a_claim_is_the_mean_of_what_may_be_true(grade: float, sigma: float, tail: float) -> None:
    true = np.linspace(0.0, 0.6, 60_001)
    weight = np.exp(
        -(((grade - true) / sigma) ** 2) / 2 - uncertainty.PICKED_LEAN * (true - grade) / tail
    )
    mean = float((true * weight).sum() / weight.sum())
    claimed, left = uncertainty.claim(np.array([grade]), np.array([sigma]), tail)
    assert claimed[0] == pytest.approx(min(mean, grade), rel=1e-3)
    assert left[0] == uncertainty.PICKED_SIGMA * sigma


@given(
    grades=st.lists(st.floats(0.001, 0.6), min_size=2, max_size=9),
    sigma=st.floats(1e-6, 0.2),
    tail=st.floats(0.005, 0.1),
)
def test_no_claim_is_above_the_reading_and_the_order_stays(
    grades: list[float], sigma: float, tail: float
) -> None:
    read = np.sort(np.array(grades))
    claimed, _ = uncertainty.claim(read, np.full_like(read, sigma), tail)
    assert (claimed > 0).all()
    assert (claimed <= read).all()
    assert (np.diff(claimed) >= -1e-12).all()


def test_the_luckiest_of_many_claim_what_is_true_on_the_whole() -> None:
    rng = np.random.default_rng(3)
    true = rng.exponential(0.03 / uncertainty.PICKED_LEAN, 200_000)
    sigma = np.full_like(true, 0.02)
    read = true + rng.normal(0, 0.02, len(true))
    first = np.argsort(-read)[:2000]
    claimed, _ = uncertainty.claim(read[first], sigma[first], 0.03)
    assert np.mean(read[first] - true[first]) > 0.015
    assert abs(np.mean(claimed - true[first])) < 0.001


def test_steep_stretches_grow_rare_as_they_are_seen_to() -> None:
    grades = np.random.default_rng(1).exponential(0.05, 20_000)
    assert uncertainty.tail(grades, 100.0, 2e6) == pytest.approx(0.05, rel=0.03)
    assert uncertainty.tail(grades[:20], 100.0, 200.0) == pytest.approx(
        uncertainty.USUAL_TAIL, rel=0.3
    )
    assert uncertainty.tail(np.empty(0), 100.0, 0.0) == uncertainty.USUAL_TAIL


def test_flat_land_round_about_does_not_take_a_hill_away() -> None:
    flat = np.full(100_000, 0.001)
    assert uncertainty.tail(flat, 100.0, 1e7) == uncertainty.LEAST_TAIL


@pytest.mark.parametrize("blur", BLURS)
def test_a_misfit_tells_of_the_error_that_makes_it(blur: Blur) -> None:
    at = np.arange(0.0, 3000.0, 10.0)
    errors = np.exp(-((np.subtract.outer(at, at) / blur.reach) ** 2))
    line = street(at)
    pulses = (line.with_height(pulse).smoothed(blur.wavelength) for pulse in np.eye(len(at)))
    lacks = np.eye(len(at)) - np.column_stack(list(pulses))
    misfit = float(np.sqrt((lacks @ errors @ lacks.T)[150, 150]))
    told = uncertainty._error_per_misfit(blur)
    assert told <= uncertainty.MOST_PER_MISFIT
    if told < uncertainty.MOST_PER_MISFIT:
        assert told * misfit == pytest.approx(uncertainty.MISFIT_SHARE, rel=0.08)
