"""Cells that hold no height although the file does not say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.elevation.heights import HIGHEST_GROUND_M
from hillfinder.errors import HeightsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hillfinder.model import Bools

    Cells = NDArray[np.float32]

#: Values that stand for "no height" in files that forget to declare it, before scale and offset.
_CODES = (-32768.0, -32767.0, -9999.0)
#: The greatest number of a type, likewise.
_CODES_OF_TYPE = {"int16": 32767.0, "uint16": 65535.0}
#: Ground in another unit reaches as high as this: Everest in centimetres.
_HIGHEST_IN_CM = 900_000.0
#: Least step at the edge of a plateau of one exact value that is a cliff, m.
CLIFF_M = 15.0
#: Least grade of that step; both count.
CLIFF_GRADE = 1.0
#: Least step from a plateau of zeros, more often sea or a void than ground, m: cells of 30 m beside
#: a sea of zeros read 0, 10, 20 m on a street that rises 3 m.
ZERO_CLIFF_M = 5.0
#: Least grade of that step.
ZERO_CLIFF_GRADE = 0.3
#: A plateau is no ground at all where at least this share of its rim is a cliff.
CLIFF_SHARE = 0.5


def stands_for_none(values: Cells, dtype: str) -> Bools:
    """Return which cells hold a value that stands for no height: same shape.

    Args:
        values: cells as stored, before scale and offset.
        dtype: the type they are stored in.
    """
    codes = [*_CODES, *([_CODES_OF_TYPE[dtype]] if dtype in _CODES_OF_TYPE else [])]
    none = values == codes[0]
    for code in codes[1:]:
        none |= values == code
    return np.asarray(none)


def refuse_if_too_high(values: Cells, name: str) -> None:
    """Refuse heights in metres of which most are higher than any ground: they are in another unit.

    Raises:
        HeightsError: with the unit to be asked for.
    """
    with np.errstate(invalid="ignore"):
        high = (values > HIGHEST_GROUND_M) & (values < _HIGHEST_IN_CM)
        known = int((np.abs(values) < _HIGHEST_IN_CM).sum())
    if known and high.sum() > known / 2:
        msg = (
            f"{name} does not state the unit of its heights, and most are about "
            f"{np.median(values[high]):,.0f}: too high for metres. Say which it is: --dem-unit ft, "
            "us-ft, dm or cm."
        )
        raise HeightsError(msg)


def mask_plateaus(values: Cells, cell_m: float) -> Bools:
    """Set to NaN, in place, plateaus of one exact value that end in cliffs.

    A void filled with a constant, or the sea of a coarse model, meets the ground in a step that is
    no slope. Where most of its rim is one the whole plateau goes, elsewhere the cells at the cliff.

    Returns:
        The cells at a cliff of a plateau that stays, same shape: unlike those beside a void, the
        ground beside them is good.

    Args:
        values: heights in metres, one a cell, NaN where unknown.
        cell_m: distance between cell centres.
    """
    cliff = np.zeros(values.shape, bool)
    if min(values.shape) < 3:
        return cliff
    down, across = values[1:] == values[:-1], values[:, 1:] == values[:, :-1]
    level = np.zeros(values.shape, bool)
    level[1:-1, 1:-1] = down[:-1, 1:-1] & down[1:, 1:-1] & across[1:-1, :-1] & across[1:-1, 1:]
    if not level.any():
        return cliff
    plateau = _grown(level, down, across)
    # Few cells lie at a rim: steps are looked at there alone.
    row, col = np.nonzero(plateau & ~level)
    here = values[row, col]
    steep_m = np.where(
        here == 0,
        max(ZERO_CLIFF_M, ZERO_CLIFF_GRADE * cell_m),
        max(CLIFF_M, CLIFF_GRADE * cell_m),
    )
    rim = np.zeros(len(row), bool)
    for rows, cols in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        beside = (
            np.clip(row + rows, 0, len(values) - 1),
            np.clip(col + cols, 0, values.shape[1] - 1),
        )
        with np.errstate(invalid="ignore"):  # infinite values are masked in a moment
            step_m = np.abs(values[beside] - here)
        # Between two plateaus the lower one is the void.
        lower = ~plateau[beside] | (np.abs(here) < np.abs(values[beside]))
        rim |= lower & (step_m > 0)
        cliff[row, col] |= lower & (step_m > steep_m)
    if not cliff.any():
        return cliff
    from scipy.ndimage import label

    number, count = label(level)  # the insides of two plateaus never touch
    number = _grown(number, down, across)
    rims = np.bincount(number[row[rim], col[rim]], minlength=count + 1)
    cliffs = np.bincount(number[cliff], minlength=count + 1)
    void = cliffs >= np.maximum(CLIFF_SHARE * rims, 1)
    void[0] = False
    gone = void[number]
    values[gone] = np.nan
    return np.asarray(cliff & ~gone)


def _grown(number: NDArray[Any], down: Bools, across: Bools) -> NDArray[Any]:
    """Extend what the insides of plateaus have to the cells of the same height beside them.

    Args:
        number: 0 or false outside of them.
        down: whether cells of neighbouring rows are of one height.
        across: likewise of columns.
    """
    number = number.copy()
    sides = ((down, np.s_[1:], np.s_[:-1]), (across, np.s_[:, 1:], np.s_[:, :-1]))
    for _ in range(2):  # a plateau's corner lies two steps from its inside
        inside = number.copy()
        for same, one, other in sides:
            for here, there in ((one, other), (other, one)):
                np.copyto(number[here], inside[there], where=same & ~number[here].astype(bool))
    return number
