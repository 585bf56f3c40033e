"""Numbers and findings as a person reads them: percent, metres or feet, whole sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from hillfinder.output.text.sanitize import plain
from hillfinder.units import FOOT_M, MILE_M, Duration, Grade, Length, Sentence, Speed, clock, count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.model import Findings, Fit, Graded, HeightSource, Hill, Step, Workout
    from hillfinder.training.treadmill import Treadmill
    from hillfinder.units import Units

#: Longest name of a hill, characters: longer ones are cut, shorter ones wrap.
NAME_LETTERS: Final = 120
UNKNOWN: Final = "?"
#: Distance from a street within which a door is on it, m.
OFF_STREET_M = 30.0
#: Smallest standard deviation of a grade that is shown: grades have one decimal of a percent.
LEAST_SIGMA = 0.001
#: Score by which a hill must beat the first of the list to be recommended.
FAR_FITTER = 0.1
#: Speed below which a recovery is walked, m/s.
JOG_M_S = 1.7


def percent(ratio: float) -> str:
    """Return a grade in percent.

    >>> percent(0.1184)
    '11.8 %'
    """
    return Grade(ratio, 1).text() if math.isfinite(ratio) else UNKNOWN


def mean_grade(hill: Graded) -> str:
    """Return a mean grade with its standard deviation, such as ``11.8 ± 0.9 %``.

    The deviation is never rounded away: less than a tenth of a percent is shown as a tenth.
    """
    if not math.isfinite(hill.grade) or not math.isfinite(hill.grade_sigma):
        return percent(hill.grade)
    return f"{100 * hill.grade:.1f} ± {percent(max(hill.grade_sigma, LEAST_SIGMA))}"


def length(metres: float, units: Units = "metric") -> str:
    """Return the length or the rise of a hill, in whole metres or feet.

    >>> length(152.4), length(152.4, "imperial")
    ('152 m', '500 ft')
    """
    return Length(metres, "rise").text(units) if math.isfinite(metres) else UNKNOWN


def distance(metres: float, units: Units = "metric") -> str:
    """Return the length of a way on foot, in kilometres or miles.

    >>> distance(1900), distance(1900, "imperial")
    ('1.9 km', '1.2 mi')
    """
    return Length(metres, "way").text(units)


def said(text: str, units: Units = "metric") -> str:
    """Return a sentence on one line, its quantities in the units asked for.

    >>> from hillfinder.units import Name, Sentence
    >>> said(Sentence(Name("Sentier 5 km"), " at ", Length(100.0), "."), "imperial")
    'Sentier 5 km at 328 ft.'
    """
    return plain(text.text(units) if isinstance(text, Sentence) else text)


def warmup(hill: Hill, units: Units = "metric") -> str:
    """Return time and distance to the bottom, such as ``12 min, 1.9 km``."""
    if hill.approach is None:
        return UNKNOWN
    return f"{minutes(hill.approach.time_s)}, {distance(hill.approach.length_m, units)}"


def tag(hill: Hill, key: str) -> str:
    """Return the value of a tag as words, ``?`` where the map does not say."""
    return plain(hill.climb.tags.get(key, "").replace("_", " ").replace(";", ", "), 40) or UNKNOWN


def heading(findings: Findings, units: Units = "metric") -> str:
    """Return the number of hills found, and what was asked."""
    asked, place = findings.criteria, findings.place
    where = plain(place.name, 80) or f"{place.lat:.5f}, {place.lon:.5f}"
    found = count(len(findings.hills), "hill") if findings.hills else "No hill"
    if len(findings.hills) == asked.limit > 1:
        best = "best" if asked.rank == "fit" else "steepest"
        found = f"The {asked.limit} {best} hills"
    return (
        f"{found} of {_length_range(asked.length_range_m, units)} within a warm-up of "
        f"{_minute_range(asked.warmup_min)} from {where}"
    )


def notices(findings: Findings, units: Units = "metric") -> Iterator[str]:
    """Yield the sentences below the list: notes, misses, and hills out of reach."""
    ranks: dict[str, list[int]] = {}
    for hill in findings.hills:
        for note in (*hill.notes, *_grave(hill)):
            ranks.setdefault(_ended(said(note, units)), []).append(hill.rank)
    for note, hills in ranks.items():
        yield note if 1 < len(hills) == len(findings.hills) else f"{_ranks(hills)}: {note}"
    if findings.criteria.rank == "fit":
        for hill in findings.hills:
            if hill.fit is not None:
                yield f"{hill.rank} fits {fit_words(hill.fit, units)}"
    yield from _better_fit(findings)
    yield from conditions(findings, units)
    for miss in findings.misses:
        yield _ended(said(miss, units))
    yield from beyond(findings)


def _better_fit(findings: Findings) -> Iterator[str]:
    """Yield the hill that suits the session far better than the steepest, in a list by grade."""
    scored = [(hill.fit.score, -hill.rank) for hill in findings.hills if hill.fit is not None]
    if findings.criteria.rank == "fit" or findings.criteria.kind.over_several or not scored:
        return
    best, first = max(scored), scored[0]
    if best[0] >= first[0] + FAR_FITTER:
        yield (
            f"Hill {-best[1]} suits the session better than the first ({100 * best[0]:.0f} of 100 "
            f"against {100 * first[0]:.0f}); ranked by fit there may be others that do."
        )


def _grave(hill: Hill) -> list[str]:
    """Return the cautions against a hill that a list must show."""
    cautions = hill.safety.cautions if hill.safety is not None else ()
    return [each.text for each in cautions if each.gravity == "avoid"]


def fit_words(suits: Fit, units: Units = "metric") -> str:
    """Return the score of a hill for the session, and why.

    >>> from hillfinder.model import Fit
    >>> fit_words(Fit(0.82, {}, ("even slope", "2 points steeper than ideal")))
    '82 of 100: even slope; 2 points steeper than ideal.'
    """
    why = "; ".join(said(reason, units).rstrip(".") for reason in suits.reasons)
    return f"{100 * suits.score:.0f} of 100{f': {why}' if why else ''}."


def conditions(findings: Findings, units: Units = "metric") -> Iterator[str]:
    """Yield the distance of the nearest street, if it is far, and daylight and weather."""
    if findings.street_m > OFF_STREET_M:
        away = length(findings.street_m, units)
        yield f"The nearest street is {away} from the place: the warm-up begins there."
    for words in findings.sky:
        yield _ended(said(words, units))


def beyond(findings: Findings) -> Iterator[str]:
    """Yield the hills that were found and not listed, and why."""
    far, longest = findings.beyond, findings.criteria.warmup_min[1]
    if far.too_far:
        by_grade = findings.hills and findings.criteria.rank == "grade"
        steeper = far.steeper if by_grade else 0
        kind = "steeper hill" if steeper == far.too_far else "hill"
        text = f"{count(far.too_far, kind)} {'lies' if far.too_far == 1 else 'lie'} beyond"
        text += f" a {longest:g}-minute warm-up"
        if 0 < steeper < far.too_far:
            text += f", {steeper} of them steeper than the last one listed"
        if far.nearest_min is not None:
            # A hill 20.2 minutes away is not 20 minutes away when 20 was the limit.
            near = "it" if far.too_far == 1 else "the nearest"
            text += f"; {near} is {count(math.ceil(far.nearest_min), 'minute')} away"
        yield f"{text}."
    if far.unreachable:
        yield f"{count(far.unreachable, 'hill')} cannot be reached on foot from here."


def session(workout: Workout, units: Units = "metric") -> str:
    """Return a workout on one hill in a sentence."""
    steps = workout.steps
    work = [step for step in steps if step.kind == "repeat"]
    parts = []
    if steps[0].kind == "warm-up":
        parts.append(f"{minutes(steps[0].time_s)} warm-up")
    up = work[0]
    times = f"{len(work)} x " if len(work) > 1 else ""
    parts.append(f"{times}{ground(up.route.length_m, units)} up in {clock(up.time_s)}")
    parts += [
        f"{gait(step)} down in {clock(step.time_s)}" for step in steps if step.kind == "recovery"
    ][:1]
    if steps[-1].kind == "cool-down":
        parts.append(f"{minutes(steps[-1].time_s)} home")
    return f"{', '.join(parts)}: {totals(workout, units)}."


def totals(workout: Workout, units: Units = "metric") -> str:
    """Return distance, gain and time of a workout."""
    climbed = workout.gain_m
    high = f", {length(climbed, units)} of climbing" if climbed is not None else ""
    return f"{distance(workout.length_m, units)}{high}, {minutes(workout.time_s)}"


def minutes(time_s: float) -> str:
    """Return a time in whole minutes."""
    return Duration(time_s, "short").text()


def ground(metres: float, units: Units = "metric") -> str:
    """Return a length as ``length`` does, or as ``distance`` from a kilometre on."""
    return length(metres, units) if metres < 1000 else distance(metres, units)


def gait(step: Step) -> str:
    """Return whether a recovery is jogged or walked: nobody jogs slower than 10 min/km."""
    return "jog" if step.route.length_m / step.time_s > JOG_M_S else "walk"


def treadmill(belt: Treadmill, units: Units = "metric") -> str:
    """Return the same effort on a treadmill."""
    times = f"{belt.repeats} x " if belt.repeats > 1 else ""
    fast, slow = (Speed(km_h, 1).text(units) for km_h in (belt.speed_km_h, belt.recovery_km_h))
    rest = f"{clock(belt.recovery_s)} flat at {slow} after "
    rest += "each" if belt.repeats > 1 else "it"
    return (
        f"On a treadmill: 10 minutes easy on the flat, then {times}{clock(belt.repeat_s)} at "
        f"{100 * belt.incline:.3g} % and {fast}, {rest}, and 10 minutes "
        "easy to end. It is the same effort; the real hill is better."
    )


def credits_of(findings: Findings, units: Units = "metric") -> tuple[str, str]:
    """Return the sources of streets and heights, attribution included."""
    streets = findings.streets
    dated = f", {plain(streets.date)}" if streets.date else ""
    return (
        f"Streets: {plain(streets.name)}{dated}. {plain(streets.attribution).rstrip('.')}.",
        height_source(findings.heights, units),
    )


def height_source(heights: HeightSource, units: Units = "metric") -> str:
    """Return the source of heights, attribution included."""
    known = math.isfinite(heights.cell_m)
    cells = f", {Length(heights.cell_m, 'cell').text(units)} cells" if known else ""
    kind = "" if heights.kind == "unknown" else f", {heights.kind} model"
    owner = f" {plain(heights.attribution).rstrip('.')}." if heights.attribution else ""
    return f"Heights: {plain(heights.name)}{kind}{cells}.{owner}"


def _ranks(ranks: list[int]) -> str:
    """Return ranks as a person lists them.

    >>> _ranks([1, 2, 3, 5])
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


def _ended(line: str) -> str:
    """Return a line that ends as a sentence does."""
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _length_range(both: tuple[float, float], units: Units) -> str:
    """Return the lengths asked for, both in one unit.

    >>> _length_range((100.0, 200.0), "metric"), _length_range((3200.0, 4800.0), "imperial")
    ('100 to 200 m', '2.0 to 3.0 mi')
    """
    scale, unit, decimals = (1 / FOOT_M, "ft", 0) if both[1] < MILE_M else (1 / MILE_M, "mi", 1)
    low, high = (f"{scale * metres:.{decimals}f}" for metres in both)
    if units == "metric":
        (low, high), unit = (f"{metres:g}" for metres in both), "m"
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _minute_range(both: tuple[float, float]) -> str:
    low, high = (f"{time_min:g}" for time_min in both)
    unit = "minute" if high == "1" else "minutes"
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
