"""One colour for each grade: on maps, in profiles, in print and on a terminal.

The scale is fixed, so that towns and days can be compared. It runs from light to dark as well as
from green to purple, so that it works in grey and for people who do not see red and green.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Final

#: Grades at which the next colour begins.
BREAKS: Final = (0.0, 0.03, 0.06, 0.09, 0.12, 0.16, 0.20)
#: Index of the first colour on which text is white.
FIRST_DARK: Final = 5
#: Colours between the breaks; the first is for what falls.
COLOURS: Final = (
    "#9fb8cc",
    "#d9efb8",
    "#f7d64a",
    "#f7a531",
    "#ee6c33",
    "#d1314a",
    "#8f1d6b",
    "#4b1370",
)


def colour_index(grade: float) -> int:
    """Return the index in ``COLOURS`` of a grade, 0 where it is unknown.

    >>> colour_index(-0.01), colour_index(0.0), colour_index(0.11996), colour_index(0.25)
    (0, 1, 5, 7)
    """
    # Rounded as it is shown, so that 12.0 % is 12 %.
    return bisect_right(BREAKS, round(grade, 3)) if math.isfinite(grade) else 0


def colour_of(grade: float) -> str:
    """Return the colour of a grade, such as ``#ee6c33``."""
    return COLOURS[colour_index(grade)]


def colour_labels() -> tuple[str, ...]:
    """Return the range of each of ``COLOURS``, in percent.

    >>> colour_labels()[0], colour_labels()[1], colour_labels()[-1]
    ('down', '0 to 3 %', 'over 20 %')
    """
    percent = [f"{100 * ratio:.0f}" for ratio in BREAKS]
    between = (f"{low} to {high} %" for low, high in pairwise(percent))
    return ("down", *between, f"over {percent[-1]} %")
