"""The terrain of the fictional town, as a formula.

Every hill, and every trap that a search for hills can fall into, has ground of its own, with flat
land between. A slope is straight in its middle, so that the grade there is a number from the
formula and not a measurement. Coordinates are metres east and north of the town's ``DOOR``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from hillfinder.model import Floats

    PointM = tuple[float, float]
    Strips = tuple[tuple[float, float, float], ...]

#: West, south, east and north end of the terrain, m.
BOUNDS_M: Final = (-2400.0, -2300.0, 2400.0, 2300.0)

#: Height of the flat land, m.
PLAIN_M = 300.0
#: Length of the parabola at each end of a slope, m: a slope is straight from 15 m past its corner.
ROUNDED_M = 30.0

#: The Sisters, a hillside north of the town that rises 36 m to a level crest at y = 1640, in
#: strips of one grade each: from x, to x, grade. Between two strips the grade changes evenly.
SISTERS: Strips = (
    (-760, -640, 0.04),
    (-560, -440, 0.06),
    (-360, -240, 0.08),
    (-150, 260, 0.10),
    (360, 500, 0.12),
)
#: The Edge, a hillside west of the town that rises 40 m to a level crest at x = -2000: from y, to
#: y, grade.
EDGE: Strips = (
    (-600, -450, 0.09),
    (-345, -125, 0.11),
    (-90, 0, 0.08),
    (130, 190, 0.30),
    (300, 700, 0.40),
    (820, 900, 0.18),
)
#: The Saddle, a ridge south of the town along y = -1100: from x, to x, grade of both its sides.
SADDLE: Strips = ((-460, -460, 0.0), (-260, -60, 0.06), (230, 390, 0.16), (590, 590, 0.0))
GORGE_X_M = 1500.0
CORKSCREW_M: PointM = (1500.0, 1350.0)


def height_m(x_m: ArrayLike, y_m: ArrayLike) -> Floats:
    """Return the height of the ground in metres: the exact formula.

    ``x_m`` and ``y_m``, metres east and north of ``DOOR``, may have any shapes that broadcast.

    >>> height_m([0.0, 200.0, 200.0], [0.0, 1300.0, 1400.0])
    array([300., 302., 312.])
    """
    x, y = np.asarray(x_m, np.float64), np.asarray(y_m, np.float64)
    sisters = _hillside(x, y, SISTERS, crest=1640, height=36) * _fade(x, -850, 570, 250)
    edge = _hillside(y, -x, EDGE, crest=2000, height=40) * _fade(y, -600, 950, 250)
    upland = 0.05 * _unit_ramp(x, 700, 1200) * _fade(x, 700, 2050, 250) * _fade(y, -450, 450, 200)
    gorge_wall = 0.30 * np.maximum(np.abs(x - GORGE_X_M) - 8, 0)
    # 207.5 m to each side: with its crest rounded off, the 6 % side rises 12 m to the millimetre.
    across = y + 1100
    ridge = strip_grade(x, SADDLE) * (_unit_ramp(across, -207.5, 0) - _unit_ramp(across, 0, 207.5))
    cone = 0.20 * _unit_ramp(-np.hypot(x - CORKSCREW_M[0], y - CORKSCREW_M[1]), -430, -70)
    knoll = 0.07 * _unit_ramp(-x, 600, 920) * _fade(-x, 600, 1000, 250) * _fade(y, -460, -300, 150)
    farthing = (
        0.14 * _unit_ramp(x, 1620, 1920) * _fade(x, 1600, 2050, 250) * _fade(y, -1800, -1600, 250)
    )
    heron = (
        0.15 * _unit_ramp(y, 1500, 1800) * _fade(y, 1500, 1900, 300) * _fade(x, -1980, -1820, 150)
    )
    east = np.minimum(upland, gorge_wall)
    return np.asarray(PLAIN_M + sisters + edge + east + ridge + cone + knoll + farthing + heron)


def _unit_ramp(along: Floats, start: float | Floats, end: float | Floats) -> Floats:
    """Return the rise at ``along``, in metres, of a grade of 1 from ``start`` to ``end``."""

    def since(corner: float | Floats) -> Floats:
        past = along - corner + ROUNDED_M / 2
        rounded = np.clip(past, 0, ROUNDED_M)
        return np.asarray(rounded**2 / (2 * ROUNDED_M) + np.maximum(past - ROUNDED_M, 0))

    return since(start) - since(end)


def _fade(at: Floats, low: float, high: float, fade: float) -> Floats:
    """Return 1 between ``low`` and ``high``, 0 from ``fade`` metres outside, smooth between."""
    near = np.clip(1 + np.minimum(at - low, high - at) / fade, 0, 1)
    return near**2 * (3 - 2 * near)


def strip_grade(across: Floats, strips: Strips) -> Floats:
    """Return the grade of the strip at ``across``."""
    table = np.array(strips, np.float64)
    return np.asarray(np.interp(across, table[:, :2].ravel(), table[:, 2].repeat(2)))


def _hillside(across: Floats, up: Floats, strips: Strips, crest: float, height: float) -> Floats:
    """Return a hillside with a level crest: the gentler a strip, the farther away its foot."""
    grade = strip_grade(across, strips)
    return grade * _unit_ramp(up, crest - height / grade, crest)
