"""The protocol of a source of heights, and the bilinear reading that all grids share."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from hillfinder.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from hillfinder.model import Bools, Floats, HeightKind, HeightSource

GivenHeights = TypeVar("GivenHeights")

#: Lowest possible ground, m (the shore of the Dead Sea: -430 m).
LOWEST_GROUND_M = -500.0
#: Highest possible ground, m (Everest: 8,849 m).
HIGHEST_GROUND_M = 9000.0
#: Cells masked on each side of a void: they are often half void themselves.
VOID_MARGIN_CELLS = 2
#: Kinds of models, best grades first: a surface model takes roofs and trees for ground.
BEST_TO_WORST: tuple[HeightKind, ...] = ("bare earth", "unknown", "surface")


class Heights(Protocol):
    """A source of heights: anything that is called with points and answers with metres.

    A call takes ``lon`` and ``lat``, arrays of shape (n,) in degrees, and returns heights above
    sea level in metres, shape (n,), NaN where the source does not know. It never invents one:
    beyond its edge and in its voids it says NaN.
    """

    @property
    def source(self) -> HeightSource:
        """What the source is called, its kind, its cell size and its credit."""
        ...

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        """Return the heights at ``lon``, ``lat``."""
        ...


def renamed_heights(dem: GivenHeights, heights: GivenHeights) -> GivenHeights:
    """Return the elevation given under its name or its old one, whose user is warned."""
    if heights is None:
        return dem
    warnings.warn("heights= is now dem=.", DeprecationWarning, stacklevel=3)
    if dem is not None:
        msg = "dem and heights are the same: give dem alone."
        raise InputError(msg)
    return heights


def worst_kind(kinds: Iterable[HeightKind]) -> HeightKind:
    """Return the kind of a mixture: that of its worst part.

    >>> worst_kind(["bare earth", "surface", "unknown"]), worst_kind([])
    ('surface', 'unknown')
    """
    return max(kinds, key=BEST_TO_WORST.index, default="unknown")


def mask_voids(
    values: NDArray[np.float32], margin: int = VOID_MARGIN_CELLS, outside: Bools | None = None
) -> None:
    """Set to NaN, in place, what cannot be a height, and ``margin`` cells around each void.

    Args:
        values: heights, one a cell.
        margin: how many cells beside a void are masked with it.
        outside: cells that are no void but lie beyond the data: those beside them are good.
    """
    with np.errstate(invalid="ignore"):
        values[~((values >= LOWEST_GROUND_M) & (values <= HIGHEST_GROUND_M))] = np.nan
    void = np.isnan(values)
    if outside is not None:
        void &= ~outside
    if not void.any():
        return
    for axis in (0, 1):
        grown = void.copy()
        near, far = np.moveaxis(grown, axis, 0), np.moveaxis(void, axis, 0)
        for shift in range(1, margin + 1):
            near[shift:] |= far[:-shift]
            near[:-shift] |= far[shift:]
        void = grown
    values[void] = np.nan


def bilinear(values: NDArray[np.float32], row: Floats, col: Floats) -> Floats:
    """Read ``values`` between its cell centres.

    ``row`` and ``col`` are fractional indices, (0, 0) being the centre of the first cell. Beyond
    the outermost centres, and wherever one of the four cells around is NaN, the answer is NaN.

    >>> bilinear(np.array([[0, 10], [20, 30]], np.float32), np.array([0.5]), np.array([0.5]))
    array([15.])
    """
    rows, cols = values.shape
    inside = (row >= 0) & (row <= rows - 1) & (col >= 0) & (col <= cols - 1)
    whole = inside.all()
    if not whole:
        row, col = np.where(inside, row, 0.0), np.where(inside, col, 0.0)
    top = np.minimum(row.astype(np.intp), max(rows - 2, 0))
    left = np.minimum(col.astype(np.intp), max(cols - 2, 0))
    down, right = row - top, col - left
    # By one index a cell: to the next column it is one step, to the next row a row's length.
    flat, corner, rest = values.ravel(), top * cols + left, 1 - right
    east, south = min(cols - 1, 1), cols if rows > 1 else 0
    upper = flat.take(corner) * rest + flat.take(corner + east) * right
    corner += south
    lower = flat.take(corner) * rest + flat.take(corner + east) * right
    result = upper * (1 - down) + lower * down
    return result if whole else np.where(inside, result, np.nan)
