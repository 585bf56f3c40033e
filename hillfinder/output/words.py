"""Numbers and findings as a person reads them: percent, metres or feet, whole sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from hillfinder.output.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.grades import GradedLine
    from hillfinder.model import Findings, HeightSource, Hill

Units = Literal["metric", "imperial"]

UNKNOWN: Final = "?"
_FOOT_M, _MILE_M = 0.3048, 1609.344
#: A door nearer to its street than this is on it, as people say.
OFF_STREET_M = 30.0


def percent(ratio: float) -> str:
    """Return a grade as a person says it.

    >>> percent(0.1184)
    '11.8 %'
    """
    return f"{100 * ratio:.1f} %" if math.isfinite(ratio) else UNKNOWN


def grade(hill: Hill | GradedLine) -> str:
    """Return a mean grade with its standard deviation, such as ``11.8 ± 0.9 %``."""
    if not math.isfinite(hill.grade) or not math.isfinite(hill.grade_sigma):
        return percent(hill.grade)
    return f"{100 * hill.grade:.1f} ± {percent(hill.grade_sigma)}"


def length(metres: float, units: Units = "metric") -> str:
    """Return the length or the rise of a hill, in whole metres or feet.

    >>> length(152.4), length(152.4, "imperial")
    ('152 m', '500 ft')
    """
    if not math.isfinite(metres):
        return UNKNOWN
    return f"{metres:.0f} m" if units == "metric" else f"{metres / _FOOT_M:.0f} ft"


def distance(metres: float, units: Units = "metric") -> str:
    """Return the length of a way on foot, in kilometres or miles.

    >>> distance(1900), distance(1900, "imperial")
    ('1.9 km', '1.2 mi')
    """
    return f"{metres / 1000:.1f} km" if units == "metric" else f"{metres / _MILE_M:.1f} mi"


def warmup(hill: Hill, units: Units = "metric") -> str:
    """Return how long and how far it is to the bottom, such as ``12 min, 1.9 km``."""
    if hill.approach is None:
        return UNKNOWN
    return f"{hill.approach.time_s / 60:.0f} min, {distance(hill.approach.length_m, units)}"


def tag(hill: Hill, key: str) -> str:
    """Return the value of a tag as words, ``?`` where the map does not say."""
    return plain(hill.climb.tags.get(key, "").replace("_", " ").replace(";", ", "), 40) or UNKNOWN


def heading(findings: Findings) -> str:
    """Return what was asked, and how many hills came of it."""
    asked, place = findings.criteria, findings.place
    where = plain(place.name, 80) or f"{place.lat:.5f}, {place.lon:.5f}"
    count = _count(len(findings.hills), "hill") if findings.hills else "No hill"
    if len(findings.hills) == asked.limit > 1:
        best = "best" if asked.rank == "fit" else "steepest"
        count = f"The {asked.limit} {best} hills"
    return (
        f"{count} of {_range(asked.length_range_m, 'm')} within a warm-up of "
        f"{_range(asked.warmup_min, 'minutes')} from {where}"
    )


def remarks(findings: Findings) -> Iterator[str]:
    """Yield what there is to say below the list: notes, misses, and what lies beyond."""
    ranks: dict[str, list[int]] = {}
    for hill in findings.hills:
        for note in hill.notes:
            ranks.setdefault(_ended(note), []).append(hill.rank)
    for note, those in ranks.items():
        yield note if 1 < len(those) == len(findings.hills) else f"{_listed(those)}: {note}"
    if findings.street_m > OFF_STREET_M:
        away = f"{findings.street_m:.0f} m"
        yield f"The nearest street is {away} from the place: the warm-up begins there."
    for miss in findings.misses:
        yield _ended(miss)
    yield from beyond(findings)


def beyond(findings: Findings) -> Iterator[str]:
    """Yield what was found and not offered, and why."""
    far, longest = findings.beyond, findings.criteria.warmup_min[1]
    if far.too_far:
        by_grade = findings.hills and findings.criteria.rank == "grade"
        steeper = far.steeper if by_grade else 0
        kind = "steeper hill" if steeper == far.too_far else "hill"
        text = f"{_count(far.too_far, kind)} {'lies' if far.too_far == 1 else 'lie'} beyond"
        text += f" a {longest:g}-minute warm-up"
        if 0 < steeper < far.too_far:
            text += f", {steeper} of them steeper than the last one listed"
        if far.nearest_min is not None:
            # A hill 20.2 minutes away is not 20 minutes away when 20 was the limit.
            near = "it" if far.too_far == 1 else "the nearest"
            text += f"; {near} is {math.ceil(far.nearest_min)} minutes away"
        yield f"{text}."
    if far.unreachable:
        yield f"{_count(far.unreachable, 'hill')} cannot be reached on foot from here."


def sources(findings: Findings) -> tuple[str, str]:
    """Return where streets and heights come from, attribution included."""
    streets = findings.streets
    dated = f", {plain(streets.date)}" if streets.date else ""
    return (
        f"Streets: {plain(streets.name)}{dated}. {plain(streets.attribution).rstrip('.')}.",
        height_source(findings.heights),
    )


def height_source(heights: HeightSource) -> str:
    """Return where heights come from, attribution included."""
    cells = f", {heights.cell_m:.3g} m cells" if math.isfinite(heights.cell_m) else ""
    kind = "" if heights.kind == "unknown" else f", {heights.kind} model"
    owner = f" {plain(heights.attribution).rstrip('.')}." if heights.attribution else ""
    return f"Heights: {plain(heights.name)}{kind}{cells}.{owner}"


def _listed(ranks: list[int]) -> str:
    """Return ranks as a person lists them.

    >>> _listed([1, 2, 3, 5])
    '1 to 3, 5'
    """
    runs: list[list[int]] = []
    for rank in ranks:
        if runs and rank == runs[-1][-1] + 1:
            runs[-1].append(rank)
        else:
            runs.append([rank])
    ends = [(run[0], run[-1]) for run in runs]
    return ", ".join(
        f"{a} to {b}" if b > a + 1 else ", ".join(map(str, dict.fromkeys((a, b)))) for a, b in ends
    )


def _ended(text: str) -> str:
    """Return text as a sentence with its end."""
    line = plain(text)
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _range(both: tuple[float, float], unit: str) -> str:
    low, high = both
    return f"{low:g} {unit}" if low == high else f"{low:g} to {high:g} {unit}"
