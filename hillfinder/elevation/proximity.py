"""Find which points may be near each other: a quick filter before an exact search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats

#: Most squares on each side of the area: in a larger area they are wider than the reach.
MOST_SQUARES = 1000


def may_meet(
    points: tuple[Floats, Floats], others: tuple[Floats, Floats], reach: float
) -> tuple[Bools, Bools]:
    """Return which points, and which of the others, may be within reach of each other.

    Those are all pairs in reach, and few more: the points whose squares touch.

    Args:
        points: x and y, of shape (n,), of one or more on a plane.
        others: x and y, of shape (m,), of the others, one or more.
        reach: how far apart they may be, above 0.
    """
    (west, wide), (south, high) = (
        (low := min(one.min(), other.min()), max(one.max(), other.max()) - low)
        for one, other in zip(points, others, strict=True)
    )
    size = max(reach, max(wide, high) / MOST_SQUARES)
    squares, touched = [], []
    for x, y in (points, others):
        square = 1 + ((y - south) / size).astype(np.int64), 1 + ((x - west) / size).astype(np.int64)
        taken = np.zeros((int(high / size) + 3, int(wide / size) + 3), bool)
        taken[square] = True
        taken[1:-1] |= taken[:-2] | taken[2:]
        taken[:, 1:-1] |= taken[:, :-2] | taken[:, 2:]
        squares.append(square)
        touched.append(taken)
    return touched[1][squares[0]], touched[0][squares[1]]
