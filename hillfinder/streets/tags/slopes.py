"""Read the tags of a slope: ``incline`` and ``step_count``.

Sources, pages of the OpenStreetMap wiki: "Key:incline", "Key:step count".
"""

from __future__ import annotations

import math
import re
from typing import Final

#: Steepest plausible incline, as a ratio: a larger number is a typing error.
STEEPEST_INCLINE: Final = 0.6
#: Words that say only which end is higher, and the sign of the rise.
_INCLINE_WORDS: Final = {"up": 1, "down": -1}
_COUNT: Final = re.compile(r"[0-9]{1,4}")
_INCLINE_NUMBER: Final = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\s*(%|°|deg|)")


def incline(text: str) -> tuple[float | None, int]:
    """Return the grade of an ``incline``, as a ratio, and its sign (0 unknown).

    >>> incline("up"), incline("-8%"), incline("10°"), incline("yes")
    ((None, 1), (-0.08, -1), (0.176, 1), (None, 0))
    """
    word = text.strip().lower()
    if word in _INCLINE_WORDS:
        return None, _INCLINE_WORDS[word]
    found = _INCLINE_NUMBER.fullmatch(word)
    if found is None:
        return None, 0
    value = float(found[1].replace(",", "."))
    grade = value / 100 if found[2] in {"%", ""} else math.tan(math.radians(value))
    if not abs(grade) <= STEEPEST_INCLINE:
        return None, 0
    return round(grade, 3), (grade > 0) - (grade < 0)


def step_count(text: str | None) -> int:
    """Return the number of steps, 0 where ``step_count`` is not a number.

    >>> step_count(" 120"), step_count("many")
    (120, 0)
    """
    found = _COUNT.fullmatch(text.strip()) if text else None
    return int(found[0]) if found else 0
