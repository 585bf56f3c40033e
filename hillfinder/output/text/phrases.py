"""Numbers and findings as a person reads them: percent, metres or feet, whole sentences."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final, Literal

from hillfinder.output.text.sanitize import plain
from hillfinder.training.workout import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.model import Findings, Fit, Graded, HeightSource, Hill, Step, Workout
    from hillfinder.training.treadmill import Treadmill

Units = Literal["metric", "imperial"]

UNKNOWN: Final = "?"
_FOOT_M, MILE_M = 0.3048, 1609.344
#: A door nearer to its street than this is on it, as people say.
OFF_STREET_M = 30.0
#: Nothing is told as surer than this, which is as exact as grades are written.
LEAST_SIGMA = 0.001
#: So much better a hill must suit the session than the first of the list to be told of.
FAR_FITTER = 0.1
#: Slower is walking.
JOG_M_S = 1.7


def percent(ratio: float) -> str:
    """Return a grade as a person says it.

    >>> percent(0.1184)
    '11.8 %'
    """
    return f"{100 * ratio:.1f} %" if math.isfinite(ratio) else UNKNOWN


def grade(hill: Graded) -> str:
    """Return a mean grade with its standard deviation, such as ``11.8 ± 0.9 %``.

    A doubt is never rounded away: what is less than a tenth of a point is told as that.
    """
    if not math.isfinite(hill.grade) or not math.isfinite(hill.grade_sigma):
        return percent(hill.grade)
    return f"{100 * hill.grade:.1f} ± {percent(max(hill.grade_sigma, LEAST_SIGMA))}"


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
    return f"{metres / 1000:.1f} km" if units == "metric" else f"{metres / MILE_M:.1f} mi"


def pace(speed_m_s: float, units: Units = "metric") -> str:
    """Return a speed as runners say it.

    >>> pace(1000 / 420), pace(1000 / 420, "imperial")
    ('7:00 min/km', '11:16 min/mi')
    """
    per, unit = (1000.0, "km") if units == "metric" else (MILE_M, "mi")
    return f"{clock(per / speed_m_s)} min/{unit}"


def speed(km_h: float, units: Units = "metric") -> str:
    """Return the speed of a belt, as belts show it.

    >>> speed(8.0), speed(8.0, "imperial")
    ('8.0 km/h', '5.0 mph')
    """
    return f"{km_h:.1f} km/h" if units == "metric" else f"{1000 * km_h / MILE_M:.1f} mph"


def in_units(text: str, units: Units) -> str:
    """Return a sentence with its metres in feet, where that is asked for.

    >>> in_units("100 to 200 m, 1.2 km away, at 7:00 min/km and -2 °C.", "imperial")
    '328 to 656 ft, 0.7 mi away, at 11:16 min/mi and 28 °F.'
    >>> in_units("3200 to 4800 m", "imperial")
    '2.0 to 3.0 mi'
    >>> in_units("20 minutes", "imperial"), in_units("1 m", "metric")
    ('20 minutes', '1 m')
    """
    if units == "metric":
        return text
    text = re.sub(r"\b(\d+):(\d\d) min/km\b", _per_mile, text)
    return re.sub(
        rf"(about )?(?<![\w.:]){_NUMBER}(?:( to |-){_NUMBER})? ({'|'.join(_FOREIGN)})(?![\w/])",
        _foreign,
        text,
    )


_NUMBER = r"([-−]?\d+(?:\.\d+)?)"  # noqa: RUF001 - a true minus is one as well
_FOREIGN: Final = {
    "m": (1 / _FOOT_M, "ft", 0),
    "km": (1000 / MILE_M, "mi", 1),
    "km/h": (1000 / MILE_M, "mph", 0),
    "cm": (1 / 2.54, "in", 1),
    "mm": (1 / 25.4, "in", 2),
    "°C": (1.8, "°F", 0),
}


def _per_mile(found: re.Match[str]) -> str:
    seconds = 60 * int(found[1]) + int(found[2])
    return f"{clock(seconds * MILE_M / 1000)} min/mi"


def _foreign(found: re.Match[str]) -> str:
    about, first, between, second, unit = found.groups()
    if unit == "m" and float(second or first) >= MILE_M:
        first, second, unit = f"{float(first) / 1000}", second and f"{float(second) / 1000}", "km"
    scale, name, decimals = _FOREIGN[unit]
    above = 32 if unit == "°C" else 0

    def shown(text: str) -> str:
        if about and unit == "m":
            return f"{round(float(text) * scale, -1):.0f}"
        value = float(text.replace("−", "-")) * scale + above  # noqa: RUF001
        return f"{round(value, decimals) + 0.0:.{decimals}f}"  # never "-0"

    return f"{about or ''}{shown(first)}{between + shown(second) if second else ''} {name}"


def warmup(hill: Hill, units: Units = "metric") -> str:
    """Return how long and how far it is to the bottom, such as ``12 min, 1.9 km``."""
    if hill.approach is None:
        return UNKNOWN
    return f"{hill.approach.time_s / 60:.0f} min, {distance(hill.approach.length_m, units)}"


def tag(hill: Hill, key: str) -> str:
    """Return the value of a tag as words, ``?`` where the map does not say."""
    return plain(hill.climb.tags.get(key, "").replace("_", " ").replace(";", ", "), 40) or UNKNOWN


def heading(findings: Findings, units: Units = "metric") -> str:
    """Return what was asked, and how many hills came of it."""
    asked, place = findings.criteria, findings.place
    where = plain(place.name, 80) or f"{place.lat:.5f}, {place.lon:.5f}"
    found = count(len(findings.hills), "hill") if findings.hills else "No hill"
    if len(findings.hills) == asked.limit > 1:
        best = "best" if asked.rank == "fit" else "steepest"
        found = f"The {asked.limit} {best} hills"
    return (
        f"{found} of {_range(asked.length_range_m, 'm', units)} within a warm-up of "
        f"{_range(asked.warmup_min, 'minute')} from {where}"
    )


def remarks(findings: Findings, units: Units = "metric") -> Iterator[str]:
    """Yield what there is to say below the list: notes, misses, and what lies beyond."""
    ranks: dict[str, list[int]] = {}
    for hill in findings.hills:
        for note in (*hill.notes, *_grave(hill)):
            ranks.setdefault(_ended(in_units(note, units)), []).append(hill.rank)
    for note, those in ranks.items():
        yield note if 1 < len(those) == len(findings.hills) else f"{_listed(those)}: {note}"
    if findings.criteria.rank == "fit":
        for hill in findings.hills:
            if hill.fit is not None:
                yield f"{hill.rank} fits {in_units(fit(hill.fit), units)}"
    yield from _fitter(findings)
    yield from around(findings, units)
    for miss in findings.misses:
        yield _ended(in_units(miss, units))
    yield from beyond(findings)


def _fitter(findings: Findings) -> Iterator[str]:
    """Yield which hill suits the session far better than the steepest, in a list by grade."""
    scored = [(hill.fit.score, -hill.rank) for hill in findings.hills if hill.fit is not None]
    if findings.criteria.rank == "fit" or findings.criteria.session == "rolling" or not scored:
        return
    best, first = max(scored), scored[0]
    if best[0] >= first[0] + FAR_FITTER:
        yield (
            f"Hill {-best[1]} suits the session better than the first ({100 * best[0]:.0f} of 100 "
            f"against {100 * first[0]:.0f}); ranked by fit there may be others that do."
        )


def _grave(hill: Hill) -> list[str]:
    """Return what speaks against a hill so much that a list must say it."""
    cautions = hill.safety.cautions if hill.safety is not None else ()
    return [each.text for each in cautions if each.gravity == "avoid"]


def fit(suits: Fit) -> str:
    """Return how well a hill suits the session, and why.

    >>> from hillfinder.model import Fit
    >>> fit(Fit(0.82, {}, ("even slope", "2 points steeper than ideal")))
    '82 of 100: even slope; 2 points steeper than ideal.'
    """
    why = "; ".join(plain(reason).rstrip(".") for reason in suits.reasons)
    return f"{100 * suits.score:.0f} of 100{f': {why}' if why else ''}."


def around(findings: Findings, units: Units = "metric") -> Iterator[str]:
    """Yield how far the nearest street is, where that is far, and what the sky is like."""
    if findings.street_m > OFF_STREET_M:
        away = length(findings.street_m, units)
        yield f"The nearest street is {away} from the place: the warm-up begins there."
    for words in findings.sky:
        yield _ended(in_units(words, units))


def beyond(findings: Findings) -> Iterator[str]:
    """Yield what was found and not offered, and why."""
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
    """Return a session on one hill in one sentence, what it is made of first."""
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
    """Return how far, how high and how long a session is."""
    climbed = workout.gain_m
    high = f", {length(climbed, units)} of climbing" if climbed is not None else ""
    return f"{distance(workout.length_m, units)}{high}, {minutes(workout.time_s)}"


def minutes(time_s: float) -> str:
    """Return a time in whole minutes."""
    return f"{time_s / 60:.0f} min"


def ground(metres: float, units: Units = "metric") -> str:
    """Return a length as ``length`` does, or as ``distance`` from a kilometre on."""
    return length(metres, units) if metres < 1000 else distance(metres, units)


def gait(step: Step) -> str:
    """Return how one moves in a recovery: nobody jogs slower than 10 minutes a kilometre."""
    return "jog" if step.route.length_m / step.time_s > JOG_M_S else "walk"


def treadmill(belt: Treadmill, units: Units = "metric") -> str:
    """Return what to do on a belt, and that it is second best."""
    times = f"{belt.repeats} x " if belt.repeats > 1 else ""
    rest = f"{clock(belt.recovery_s)} flat at {speed(belt.recovery_km_h, units)} after "
    rest += "each" if belt.repeats > 1 else "it"
    return (
        f"On a treadmill: 10 minutes easy on the flat, then {times}{clock(belt.repeat_s)} at "
        f"{100 * belt.incline:.3g} % and {speed(belt.speed_km_h, units)}, {rest}, and 10 minutes "
        "easy to end. It is the same effort; the real hill is better."
    )


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


def count(number: int, noun: str) -> str:
    """Return a number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _range(both: tuple[float, float], unit: str, units: Units = "metric") -> str:
    low, high = both
    unit = f"{unit}s" if unit == "minute" and high != 1 else unit
    text = f"{low:g} {unit}" if low == high else f"{low:g} to {high:g} {unit}"
    return in_units(text, units)
