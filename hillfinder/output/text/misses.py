"""The nearest misses of a search that found no hill, in a sentence each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hillfinder.model import Terrain
from hillfinder.units import Duration, Grade, Length, Name, Part, Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hillfinder.model import Miss


def sentence(miss: Miss | Terrain) -> Sentence:
    """Return why a hill misses what was asked for, or why the ground has no hill."""
    if isinstance(miss, Terrain):
        return _of_terrain(miss)
    return Sentence(Name(miss.name), *_of_hill(miss))


def _of_hill(miss: Miss) -> Iterator[Part]:
    over, rise = (" over ", Length(miss.length_m)), _grade(miss.grade)
    away = (
        Sentence(Duration(60 * miss.minutes, "within"), " away")
        if math.isfinite(miss.minutes)
        else None
    )
    if miss.lacks == "near":
        yield from (" rises ", rise, *over, ", but ")
        yield Sentence("is ", away, ".") if away else "no way on foot leads there."
        return
    yield from (", ", away or "where no way on foot leads", ", ")
    if miss.lacks == "long":
        least = Length(miss.limit, "exact")
        yield from ("rises ", rise, ", but is only ", Length(miss.length_m, "floor"))
        yield from (" long (", least, " or more were asked for).")
    elif miss.lacks == "steep":
        yield from ("rises only ", _grade(miss.grade, math.floor), *over)
        yield from (" (", Grade(miss.limit, None), " or more were asked for).")
    else:
        yield from ("is too steep: ", _grade(miss.grade, math.ceil), *over)
        yield from (" (", Grade(miss.limit, None), " or less were asked for).")


def _of_terrain(ground: Terrain) -> Sentence:
    if ground.lacks == "streets":
        return Sentence(
            "No street or path here may be a hill: stairs, bridges, tunnels, private ground."
        )
    if ground.lacks == "heights":
        return Sentence("No height is known of any street here: try another elevation model.")
    if ground.lacks == "some heights":
        return Sentence("Of ", Grade(ground.share), " of the streets here no height is known.")
    rise = (Length(ground.length_m, "exact"), " rise by as much as ", _grade(ground.grade), ".")
    return Sentence("All is level here: no ", *rise)


def _grade(ratio: float, rounded: Callable[[float], float] = round) -> Grade:
    """Return a grade to a tenth of a percent; one that misses a limit is not rounded to it.

    >>> _grade(0.0296).text(), _grade(0.02996, math.floor).text(), _grade(0.08001, math.ceil).text()
    ('3 %', '2.9 %', '8.1 %')
    """
    return Grade(rounded(round(1000 * ratio, 6)) / 1000, None)
