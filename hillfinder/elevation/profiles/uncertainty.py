"""How far a height and a grade can be trusted.

A reading is off by the model's own error, and by the slope across the street times how far off the
street was drawn. The model's error is expected by its kind and cell size, and learnt from how far
the grade line of the streets stays from the readings. Errors are alike over some cells; a grade is
as sure as the ends' errors are small, and alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, cast

import numpy as np

from hillfinder.model import read_only

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats, HeightKind, HeightSource
    from hillfinder.streets.network import Blur, Profiles, StreetNetwork

#: Standard deviation of a height expected for each metre of cell. 30 m surface models are off by
#: 1.9 m among low houses and by 3.5 m in dense cities, 10 m bare earth by some 0.4 m.
ERROR_PER_CELL: Final[dict[HeightKind, float]] = {
    "bare earth": 0.04,
    "unknown": 0.1,
    "surface": 0.1,
}
LEAST_ERROR_M, MOST_ERROR_M = 0.15, 8.0
#: Roofs and trees stand in the finest surface model too.
LEAST_SURFACE_ERROR_M = 1.5
#: A network may show that a model is better than expected, but not by more than this share: errors
#: as smooth as a hillside leave no trace.
LEAST_SHARE = 0.3
#: What is expected counts as much as so many independent readings along the streets.
EXPECTED_READINGS = 20.0
#: Errors are alike (to 1/e) over so many cells, as those of 30 m models are over 75 m.
REACH_PER_CELL = 2.5
#: Samples lie 10 m apart: for them shorter errors are as good as those.
LEAST_REACH_M = 10.0
#: How much misfit a model's error makes follows from what the line leaves of it (``_spectrum``),
#: but for this share: streets meet. Fitted on models of 30 m with 1 to 3 m of noise. A misfit next
#: to nothing tells of no great error, whatever it may be multiplied by.
MISFIT_SHARE, MOST_PER_MISFIT = 0.81, 4.0
#: What the streets' own bends leave of misfit, for each metre of the wavelength that is halved.
BENDS_PER_WAVELENGTH = 0.0011
#: How far off a line may be mapped: drawn under trees from a GPS track, or along a street.
TRAIL_OFF_M, STREET_OFF_M = 4.0, 2.0
#: A cell tells one height for all of its ground: where in it the ground bends is known to so much
#: of its size. Fitted on models of 60 and 90 m made of a finer one.
PLACE_PER_CELL = 0.1
#: Steep stretches of streets grow rarer with their grade as an exponential does: its mean is the
#: mean excess over this quantile. 3 points, as usual, count as much as so many windows; and however
#: much flat land lies round about, what is steep in it is no rarer than 2 points say.
TAIL_QUANTILE, USUAL_TAIL, USUAL_WINDOWS, LEAST_TAIL = 0.8, 0.03, 20.0, 0.02
#: A climb is the best of all places where it could begin and end: that leans on luck by more than
#: one window does. Fitted, as is what is left of the doubt.
PICKED_LEAN, PICKED_SIGMA = 1.5, 1.2
#: A street on a bank or in a cutting lies above or below the ground that a coarse cell averages.
BANKED_M = 1.5


def expected_m(source: HeightSource) -> float:
    """Return the standard deviation of a height that is expected of a model, in metres."""
    least = LEAST_SURFACE_ERROR_M if source.kind == "surface" else LEAST_ERROR_M
    return float(np.clip(ERROR_PER_CELL[source.kind] * source.cell_m, least, MOST_ERROR_M))


def reach_m(source: HeightSource) -> float:
    """Return over how many metres a model's errors are alike."""
    return max(REACH_PER_CELL * source.cell_m, LEAST_REACH_M)


def learnt_m(source: HeightSource, misfit_m: Floats, street_m: float, blur: Blur) -> float:
    """Return the standard deviation of a model's heights, from what a network of streets shows.

    Args:
        source: the model.
        misfit_m: shape (s,), how far the grade line stays from the readings, on the ground.
        street_m: how many metres of street they stand for.
        blur: what the line does to errors.
    """
    expected = expected_m(source)
    if len(misfit_m) == 0:
        return expected
    misfit = float(np.median(misfit_m))
    bends = BENDS_PER_WAVELENGTH * blur.wavelength
    seen_2 = _per_misfit(blur) ** 2 * max(0.0, misfit**2 - bends**2)
    readings = street_m / reach_m(source)
    share = readings / (readings + EXPECTED_READINGS)
    variance = share * seen_2 + (1 - share) * expected**2
    least = max(LEAST_ERROR_M, LEAST_SHARE * expected)
    return float(np.clip(np.sqrt(variance), least, MOST_ERROR_M))


class Learnt(NamedTuple):
    """What a network showed of the errors of a model's heights, in metres.

    Attributes:
        error_m: standard deviation of the heights: one number, or one for each sample.
        usual_m: how far the grade line usually stays from the readings, likewise.
    """

    error_m: float | Floats
    usual_m: float | Floats


def learn(network: StreetNetwork, source: HeightSource) -> Learnt:
    """Return what the streets of a network show of a model's errors.

    Args:
        network: streets with profiles.
        source: the model that these were read from.
    """
    profiles = cast("Profiles", network.profiles)
    known = profiles.trusted & ~np.isnan(profiles.misfit_m)
    usual = float(np.median(profiles.misfit_m[known])) if known.any() else 0.0
    street_m = network.total_length_m * float(known.mean())
    return Learnt(learnt_m(source, profiles.misfit_m[known], street_m, profiles.blur), usual)


def with_learnt(profiles: Profiles, learnt: Learnt) -> Profiles:
    """Return profiles with the doubt that follows from what was learnt."""
    misfit_2 = np.nan_to_num(profiles.misfit_m) ** 2
    more = np.maximum(misfit_2 - learnt.usual_m**2, 0.0)
    sigma = kept(profiles.blur) * np.sqrt(learnt.error_m**2 + more + profiles.place_m**2)
    return replace(profiles, sigma_m=read_only(sigma))


def settled(network: StreetNetwork, source: HeightSource) -> StreetNetwork:
    """Return the network with the doubt that its own streets show: ``sigma_m`` made anew.

    A piece of a larger network has its own, so that it does not matter what it was cut from.

    Args:
        network: streets with profiles.
        source: the model that these were read from.
    """
    if network.profiles is None:
        return network
    return network.with_profiles(with_learnt(network.profiles, learn(network, source)))


def of_place_m(trail: Bools, side_slope: Floats, slope: Floats, cell_m: float) -> Floats:
    """Return the standard deviation of heights that comes of not knowing just where the line lies.

    A line mapped 4 m off on a hillside of 50 % reads 2 m too high or too low.

    Args:
        trail: shape (n,), it lies on a trail (``roads.is_trail``).
        side_slope: shape (n,), the ground's grade across the street.
        slope: shape (n,), its grade along the street.
        cell_m: the cell size of the model.
    """
    off = np.where(trail, TRAIL_OFF_M, STREET_OFF_M)
    within_cell = PLACE_PER_CELL * cell_m
    across = (off**2 + within_cell**2) * side_slope**2
    return np.asarray(np.sqrt(across + (within_cell * slope) ** 2))


def kept(blur: Blur) -> float:
    """Return the share of the errors' standard deviation that is left in the grade line."""
    return float(np.sqrt(_left(blur, np.zeros(1))[0]))


def alike(length_m: Floats, blur: Blur) -> Floats:
    """Return how alike the errors of the grade line are, so far apart: 1 the same, 0 unrelated."""
    return np.asarray(_left(blur, length_m) / _left(blur, np.zeros(1)))


def rise_sigma_m(apart_m: Floats, foot_m: Floats, top_m: Floats, blur: Blur) -> Floats:
    """Return the standard deviation of rises from foot to top, in metres.

    That of a difference, ``foot^2 + top^2 - 2 alike foot top``: however alike the two errors are,
    it is no less than the one exceeds the other.

    Args:
        apart_m: shape (k,), how far the two lie apart.
        foot_m: shape (k,), standard deviation of the grade line at the foot.
        top_m: shape (k,), of that at the top.
        blur: how alike they are.
    """
    apart = np.maximum(1 - alike(apart_m, blur), 0.0)
    return np.asarray(np.sqrt((foot_m - top_m) ** 2 + 2 * foot_m * top_m * apart))


def tail(grades: Floats, length_m: float, street_m: float) -> float:
    """Return how fast steep stretches grow rare: the mean of the exponential their grades follow.

    Args:
        grades: shape (n,), mean grades of windows all over the network, as ratios, unsigned.
        length_m: how long each window is.
        street_m: how many metres of street they cover.
    """
    if len(grades) == 0:
        return USUAL_TAIL
    least = np.quantile(grades, TAIL_QUANTILE)
    excess = float((grades[grades >= least] - least).mean())
    windows = street_m / length_m
    mean = (windows * excess + USUAL_WINDOWS * USUAL_TAIL) / (windows + USUAL_WINDOWS)
    return max(mean, LEAST_TAIL)


def claim(grade: Floats, sigma: Floats, tail_grade: float | Floats) -> tuple[Floats, Floats]:
    """Return what can be claimed of climbs that were picked for their grade, and how surely.

    The steepest of many readings are partly the luckiest: more streets are flatter than a reading
    than steeper. What is expected is the mean of a normal curve about the reading, weighted by
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


def _per_misfit(blur: Blur) -> float:
    """Return the error that a misfit of a metre tells of, in metres."""
    return min(MISFIT_SHARE / float(np.sqrt(_spectrum(blur)[2].sum())), MOST_PER_MISFIT)


def _left(blur: Blur, length_m: Floats) -> Floats:
    """Return the covariance of the grade line's errors at distances, for errors of variance 1."""
    frequency, kept_density, _ = _spectrum(blur)
    far = np.minimum(length_m, 50 * blur.reach)  # where nothing is alike, and the sum still holds
    wave = 2 * np.pi * np.multiply.outer(far, frequency)
    np.cos(wave, out=wave)
    wave *= kept_density
    return np.asarray(wave.sum(axis=-1))


def _spectrum(blur: Blur) -> tuple[Floats, Floats, Floats]:
    """Return frequencies along a straight street, and the shares of variance that lie there.

    The one that the grade line keeps of the model's errors, and the one that it leaves as misfit:
    the errors' spectrum times the squares of the least-squares line's response,
    ``1 / (1 + (wavelength / length)^4)`` of a wave (``smoothing``), and of what it lacks to 1.
    """
    # Beyond this frequency less than a millionth of the errors is left.
    frequency, step = np.linspace(0.0, 1.2 / blur.reach, 241, retstep=True)
    density = 2 * np.sqrt(np.pi) * blur.reach * np.exp(-((np.pi * blur.reach * frequency) ** 2))
    density[0] /= 2
    response = 1 / (1 + (blur.wavelength * frequency) ** 4)
    return frequency, density * response**2 * step, density * (1 - response) ** 2 * step
