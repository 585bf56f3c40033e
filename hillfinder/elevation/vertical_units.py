"""Units of height: their names in files, and metres in each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.errors import HeightsError

if TYPE_CHECKING:
    from hillfinder.model import Floats

#: Metres in a unit of height, by the name that ``--dem-unit`` takes.
UNITS_M = {
    "m": 1.0,
    "ft": 0.3048,
    "us-ft": 1200 / 3937,
    "yd": 0.9144,
    "dm": 0.1,
    "cm": 0.01,
    "mm": 0.001,
}
#: Words that GDAL, ESRI and PROJ use for them, in lower case, without spaces and signs.
_WORDS = {
    "m": "m metre metres meter meters mtr",
    "ft": "ft foot feet footinternational internationalfoot internationalfeet ftint intlfoot",
    "us-ft": (
        "usft ftus usfoot footus usfeet feetus ussurveyfoot ussurveyfeet footussurvey surveyfoot "
        "surveyfeet feetussurvey sft"
    ),
    "yd": "yd yds yard yards",
    "dm": "dm decimetre decimetres decimeter decimeters",
    "cm": "cm centimetre centimetres centimeter centimeters",
    "mm": "mm millimetre millimetres millimeter millimeters",
}
_BY_WORD = {word: unit for unit, words in _WORDS.items() for word in words.split()}
#: Relative difference below which two units are one: the two feet differ by 2e-6.
SAME_UNIT = 1e-4
#: Heights nearer to zero than this say nothing of a unit, m.
_LEAST_M = 10.0
#: Least number of pairs of heights that do.
_LEAST_PAIRS = 16
#: Greatest relative difference of the ratio of two readings from a foot.
_SAME_RATIO = 0.05
#: Greatest factor between the median ratio and its 10 and 90 % quantiles.
_SAME_SPREAD = 1.2


class VerticalUnit(NamedTuple):
    """A unit of height.

    Attributes:
        metres: metres in one.
        stated: the file states it, or a person did; otherwise metres are assumed.
    """

    metres: float
    stated: bool

    def is_called(self, name: str) -> bool:
        """Tell whether it is the unit of that name in ``UNITS_M``, either foot for both."""
        return abs(self.metres / UNITS_M[name] - 1) < SAME_UNIT


def unit_named(words: str) -> str | None:
    """Return the unit of ``UNITS_M`` that a word stands for, ``None`` for an unknown word.

    >>> unit_named("Foot_US"), unit_named("metre"), unit_named("US survey foot"), unit_named("rod")
    ('us-ft', 'm', 'us-ft', None)
    """
    return _BY_WORD.get(re.sub(r"[^a-z]", "", words.lower()))


def differ_by_a_unit(one_m: Floats, other_m: Floats) -> bool:
    """Tell whether two readings of the same ground are one in metres, the other in feet.

    Args:
        one_m: shape (n,), heights by one file; NaN where unknown.
        other_m: shape (n,), by another, at the same points or a cell apart.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        high = (np.abs(one_m) > _LEAST_M) & (np.abs(other_m) > _LEAST_M)
        ratio = np.abs(one_m[high] / other_m[high])
    if len(ratio) < _LEAST_PAIRS:
        return False
    foot = UNITS_M["ft"]
    low, middle, top = np.quantile(ratio, (0.1, 0.5, 0.9))
    return any(
        abs(middle / each - 1) < _SAME_RATIO and max(top / middle, middle / low) < _SAME_SPREAD
        for each in (foot, 1 / foot)
    )


def other_unit(name: str, other: str) -> HeightsError:
    """Return the error for heights that are 3.28 times those of another source."""
    msg = (
        f"{name} does not state the unit of its heights, and against {other} one of them is in "
        "feet. Say which it is: --dem-unit ft, or --dem-unit m."
    )
    return HeightsError(msg)
