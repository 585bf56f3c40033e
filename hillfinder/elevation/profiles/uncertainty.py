"""Standard deviations of heights and grades.

A reading is off by the model's own error, and by the slope across the street times the distance
by which the street is mapped off. The model's error is expected by its kind and cell size, and
learned from how far the grade line of the streets is from the readings. Errors correlate over some
cells; a grade is as exact as the errors at both ends are small, and alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import numpy as np

from hillfinder.model import read_only

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats, HeightKind, HeightSource
    from hillfinder.streets.network import Blur, Profiles, StreetNetwork

#: Expected standard deviation of a height, m per metre of cell. 30 m surface models are off by
#: 1.9 m among low houses and by 3.5 m in dense cities, 10 m bare earth by some 0.4 m.
ERROR_PER_CELL: Final[dict[HeightKind, float]] = {
    "bare earth": 0.04,
    "unknown": 0.1,
    "surface": 0.1,
}
#: Least standard deviation of a height, m.
LEAST_ERROR_M = 0.15
#: Greatest standard deviation of a height, m.
MOST_ERROR_M = 8.0
#: Least expected standard deviation of a surface model, m: roofs and trees are in the finest too.
LEAST_SURFACE_ERROR_M = 1.5
#: Least share of the expected error that a network may show: errors as smooth as a hillside leave
#: no trace.
LEAST_OF_EXPECTED = 0.3
#: Weight of the expected error, in independent readings along the streets.
EXPECTED_READINGS = 20.0
#: Distance at which errors correlate to 1/e, cells: 75 m for 30 m models.
REACH_PER_CELL = 2.5
#: Least such distance, m: the spacing of samples.
LEAST_REACH_M = 10.0
#: Share of the misfit expected from the spectrum (``_spectrum``) that is seen: streets meet. Fitted
#: on models of 30 m with 1 to 3 m of noise.
MISFIT_SHARE = 0.81
#: Greatest error per misfit, as a ratio: a tiny misfit does not show a great error.
MOST_PER_MISFIT = 4.0
#: Misfit from the streets' own bends, m per metre of the wavelength that is halved.
BENDS_PER_WAVELENGTH = 0.0011
#: Standard deviation of a trail's mapped position, m: drawn under trees from a GPS track.
TRAIL_OFF_M = 4.0
#: Standard deviation of a street's mapped position, m.
STREET_OFF_M = 2.0
#: Standard deviation of where in a cell its ground bends, cells. Fitted on models of 60 and 90 m
#: made of a finer one.
PLACE_PER_CELL = 0.1
#: Quantile of grades above which steep stretches grow rarer exponentially; the mean of that
#: exponential is the mean excess over the quantile.
TAIL_QUANTILE = 0.8
#: Usual mean of that exponential, as a ratio.
USUAL_TAIL = 0.03
#: Weight of the usual mean, in windows.
USUAL_WINDOWS = 20.0
#: Least mean, as a ratio: flat land nearby does not make the steep parts rarer than this.
LEAST_TAIL = 0.02
#: Factor on the correction for a climb, which is picked as the best of all places where it could
#: begin and end, and so is luckier than one window. Fitted.
PICKED_LEAN = 1.5
#: Factor on the standard deviation of such a climb. Fitted.
PICKED_SIGMA = 1.2
#: Standard deviation of a height on a bank or in a cutting, m: a coarse cell averages the ground
#: below or above the street.
BANKED_M = 1.5


def expected_error_m(source: HeightSource) -> float:
    """Return the expected standard deviation of a model's heights, in metres."""
    least = LEAST_SURFACE_ERROR_M if source.kind == "surface" else LEAST_ERROR_M
    return float(np.clip(ERROR_PER_CELL[source.kind] * source.cell_m, least, MOST_ERROR_M))


def error_reach_m(source: HeightSource) -> float:
    """Return the distance at which a model's errors correlate to 1/e, in metres."""
    return max(REACH_PER_CELL * source.cell_m, LEAST_REACH_M)


def learned_error_m(source: HeightSource, misfit_m: Floats, street_m: float, blur: Blur) -> float:
    """Return the standard deviation of a model's heights, learned from a network of streets.

    Args:
        source: the model.
        misfit_m: shape (s,), distance of the grade line from the readings, on the ground.
        street_m: metres of street that they stand for.
        blur: how smoothing changes errors.
    """
    expected = expected_error_m(source)
    if len(misfit_m) == 0:
        return expected
    misfit = float(np.median(misfit_m))
    bends = BENDS_PER_WAVELENGTH * blur.wavelength
    seen_2 = _error_per_misfit(blur) ** 2 * max(0.0, misfit**2 - bends**2)
    readings = street_m / error_reach_m(source)
    share = readings / (readings + EXPECTED_READINGS)
    variance = share * seen_2 + (1 - share) * expected**2
    least = max(LEAST_ERROR_M, LEAST_OF_EXPECTED * expected)
    return float(np.clip(np.sqrt(variance), least, MOST_ERROR_M))


class LearnedError(NamedTuple):
    """Errors of a model's heights, learned from a network, in metres.

    Attributes:
        error_m: standard deviation of the heights: one number, or one for each sample.
        usual_m: median distance of the grade line from the readings, likewise.
    """

    error_m: float | Floats
    usual_m: float | Floats


def learn_error(network: StreetNetwork, source: HeightSource) -> LearnedError:
    """Learn a model's errors from the streets of a network.

    Args:
        network: streets with profiles.
        source: the model that these were read from.
    """
    profiles = cast("Profiles", network.profiles)
    known = profiles.trusted & ~np.isnan(profiles.misfit_m)
    usual = float(np.median(profiles.misfit_m[known])) if known.any() else 0.0
    street_m = network.total_length_m * float(known.mean())
    return LearnedError(
        learned_error_m(source, profiles.misfit_m[known], street_m, profiles.blur), usual
    )


def with_error(profiles: Profiles, learned: LearnedError) -> Profiles:
    """Return profiles with ``sigma_m`` by the learned error."""
    misfit_2 = np.nan_to_num(profiles.misfit_m) ** 2
    more = np.maximum(misfit_2 - learned.usual_m**2, 0.0)
    sigma = share_left(profiles.blur) * np.sqrt(learned.error_m**2 + more + profiles.place_m**2)
    return replace(profiles, sigma_m=read_only(sigma))


def with_uncertainty(network: StreetNetwork, source: HeightSource) -> StreetNetwork:
    """Return the network with ``sigma_m`` by the error that its own streets show.

    So the result does not depend on the larger network that it was cut from.

    Args:
        network: streets with profiles.
        source: the model that these were read from.
    """
    if network.profiles is None:
        return network
    return network.with_profiles(with_error(network.profiles, learn_error(network, source)))


def position_sigma_m(trail: Bools, side_slope: Floats, slope: Floats, cell_m: float) -> Floats:
    """Return the standard deviation of heights that comes from inexactly mapped lines.

    A line mapped 4 m off on a hillside of 50 % reads 2 m too high or too low.

    Args:
        trail: shape (n,), it is on a trail (``roads.is_trail``).
        side_slope: shape (n,), the ground's grade across the street.
        slope: shape (n,), its grade along the street.
        cell_m: the cell size of the model.
    """
    off = np.where(trail, TRAIL_OFF_M, STREET_OFF_M)
    within_cell = PLACE_PER_CELL * cell_m
    across = (off**2 + within_cell**2) * side_slope**2
    return np.asarray(np.sqrt(across + (within_cell * slope) ** 2))


def share_left(blur: Blur) -> float:
    """Return the share of the errors' standard deviation that remains in the grade line."""
    return float(np.sqrt(_covariance(blur, np.zeros(1))[0]))


def correlation(length_m: Floats, blur: Blur) -> Floats:
    """Return the correlation of the grade line's errors at a distance."""
    return np.asarray(_covariance(blur, length_m) / _covariance(blur, np.zeros(1)))


def rise_sigma_m(apart_m: Floats, foot_m: Floats, top_m: Floats, blur: Blur) -> Floats:
    """Return the standard deviation of rises from foot to top, in metres.

    That of a difference, ``foot^2 + top^2 - 2 correlation foot top``: it is
    at least the difference of the two, whatever their correlation.

    Args:
        apart_m: shape (k,), distance between the two.
        foot_m: shape (k,), standard deviation of the grade line at the foot.
        top_m: shape (k,), of that at the top.
        blur: how they correlate.
    """
    apart = np.maximum(1 - correlation(apart_m, blur), 0.0)
    return np.asarray(np.sqrt((foot_m - top_m) ** 2 + 2 * foot_m * top_m * apart))


def tail(grades: Floats, length_m: float, street_m: float) -> float:
    """Return the mean of the exponential that the grades of steep stretches follow.

    Args:
        grades: shape (n,), mean grades of windows all over the network, as ratios, unsigned.
        length_m: length of each window.
        street_m: metres of street that they cover.
    """
    if len(grades) == 0:
        return USUAL_TAIL
    least = np.quantile(grades, TAIL_QUANTILE)
    excess = float((grades[grades >= least] - least).mean())
    windows = street_m / length_m
    mean = (windows * excess + USUAL_WINDOWS * USUAL_TAIL) / (windows + USUAL_WINDOWS)
    return max(mean, LEAST_TAIL)


def claim(grade: Floats, sigma: Floats, tail_grade: float | Floats) -> tuple[Floats, Floats]:
    """Return the expected grades of climbs that were picked for their grade.

    The steepest of many readings are partly the luckiest: more streets are flatter than a reading
    than steeper. The expected grade is the mean of a normal curve about the reading, weighted by
    how rare each grade is, an exponential of mean ``tail_grade``: the curve moves down by
    ``PICKED_LEAN sigma^2 / tail_grade``, and is cut off at level ground (Efron
    2011, "Tweedie's formula and selection bias").

    Args:
        grade: shape (k,), read, as ratios, rising.
        sigma: shape (k,), above 0, standard deviation of a grade that was not picked.
        tail_grade: from ``tail``.

    Returns:
        Grades and their standard deviations, both of shape (k,).
    """
    from scipy.special import log_ndtr

    middle = (grade - PICKED_LEAN * sigma**2 / tail_grade) / sigma
    log_density = -(middle**2) / 2 - np.log(2 * np.pi) / 2
    expected = sigma * (middle + np.exp(log_density - log_ndtr(middle)))
    return np.asarray(np.minimum(expected, grade)), np.asarray(PICKED_SIGMA * sigma)


def _error_per_misfit(blur: Blur) -> float:
    """Return the error that a misfit of 1 m shows, in metres."""
    return min(MISFIT_SHARE / float(np.sqrt(_spectrum(blur)[2].sum())), MOST_PER_MISFIT)


def _covariance(blur: Blur, length_m: Floats) -> Floats:
    """Return the covariance of the grade line's errors at distances, for errors of variance 1."""
    frequency, kept_density, _ = _spectrum(blur)
    far = np.minimum(length_m, 50 * blur.reach)  # no correlation is left, and the sum still holds
    wave = 2 * np.pi * np.multiply.outer(far, frequency)
    np.cos(wave, out=wave)
    wave *= kept_density
    return np.asarray(wave.sum(axis=-1))


def _spectrum(blur: Blur) -> tuple[Floats, Floats, Floats]:
    """Return frequencies along a straight street, and two shares of variance at each.

    What the grade line keeps of the model's errors, and what it leaves as misfit:
    the errors' spectrum times the squares of the least-squares line's response,
    ``1 / (1 + (wavelength / length)^4)`` of a wave (``smoothing``), and of what it lacks to 1.
    """
    # Beyond this frequency less than a millionth of the errors remains.
    frequency, step = np.linspace(0.0, 1.2 / blur.reach, 241, retstep=True)
    density = 2 * np.sqrt(np.pi) * blur.reach * np.exp(-((np.pi * blur.reach * frequency) ** 2))
    density[0] /= 2
    response = 1 / (1 + (blur.wavelength * frequency) ** 4)
    return frequency, density * response**2 * step, density * (1 - response) ** 2 * step
