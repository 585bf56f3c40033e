"""Which of many points may lie near one another: a first look, before a tree of a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hillfinder.model import Bools, Floats

#: Squares are as wide as the reach, but for an area of more than so many a side.
MOST_SQUARES = 1000


def may_meet(
    x: Floats, y: Floats, other_x: Floats, other_y: Floats, reach: float
) -> tuple[Bools, Bools]:
    """Return which points, and which of the others, may lie within reach of each other.

    All that do are among them, and few that do not: those whose squares touch.

    Args:
        x, y: shape (n,), points on a plane, one or more.
        other_x, other_y: shape (m,), the others, one or more.
        reach: how far apart they may be, above 0.
    """
    west, south = min(x.min(), other_x.min()), min(y.min(), other_y.min())
    wide, high = max(x.max(), other_x.max()) - west, max(y.max(), other_y.max()) - south
    size = max(reach, max(wide, high) / MOST_SQUARES)
    places = [
        (1 + ((v - south) / size).astype(np.int64), 1 + ((u - west) / size).astype(np.int64))
        for u, v in ((x, y), (other_x, other_y))
    ]
    touched = []
    for place in places:
        taken = np.zeros((int(high / size) + 3, int(wide / size) + 3), bool)
        taken[place] = True
        taken[1:-1] |= taken[:-2] | taken[2:]
        taken[:, 1:-1] |= taken[:, :-2] | taken[:, 2:]
        touched.append(taken)
    return touched[1][places[0]], touched[0][places[1]]
