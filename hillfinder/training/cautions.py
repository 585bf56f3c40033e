"""The sentences of safety: from tags, slope, light and weather to one caution each.

The limits between "avoid" and "mind" are here, each with its reason. They are a runner's judgment.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hillfinder.model import GRAVITIES, Caution
from hillfinder.streets.tags.surfaces import faintness, hiking_grade, roughness, track_grade
from hillfinder.units import Duration, Grade, Length, Name, Part, Sentence, count, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hillfinder.model import Gravity, Mark
    from hillfinder.services.weather import Weather
    from hillfinder.streets.tags.roads import Road
    from hillfinder.streets.tags.surfaces import Surface
    from hillfinder.training.daylight import Daylight

#: Grade from which a wet surface is unsafe to run down, by slickness, 0 to 2: asphalt grips on any
#: street that is built, smooth stone and bare earth slide at 8 %, planks and steel at 4 %.
WET_LIMIT = (0.25, 0.08, 0.04)
#: Grade from which a sole slides on ice by itself.
ICE_LIMIT = 0.03
#: Grade from which wet leaves on asphalt matter.
LEAVES_GRADE = 0.08
#: Grade from which the way down is harder on knees and grip than the way up is on the lungs.
STEEP_DESCENT = 0.15
#: Speed limit from which a road without a pavement is no place to run, km/h.
FAST_TRAFFIC_KM_H = 70.0
#: Words by roughness, 0 to ``surfaces.ROUGHEST``.
ROUGHNESS_WORDS = (
    *("", "", "bumpy", "rough: watch your feet"),
    *("very rough: watch every step", "very rough: watch every step"),
)
#: Words by track grade, 1 to 5; the first are those of no grade.
TRACK_WORDS = ("", "", "", "", "soft track", "soft track, muddy after rain")
#: Sentences by hiking grade, 1 to 3; the first is that of no grade.
HIKING_WORDS = (
    *("", ""),
    "A mountain path (T2): sure feet are needed, trail shoes help.",
    "A hard mountain path (T3): for walking, not for running.",
)
#: Sentences by how hard a path is to see, 0 to 2.
FAINTNESS_WORDS = ("", "The path is faint in places.", "The path is hard to see.")
#: Marks whose kind is not the word for several of them.
MARK_PLURALS: dict[str, str] = {"signals": "sets of lights", "tracks": "rail crossings"}
#: Marks whose kind is not the word for one of them.
MARK_SINGULARS: dict[str, str] = {"signals": "set of lights", "tracks": "rail crossing"}


def of_weather(
    sky: Weather | None, road: Road, found: Surface | None, grade: float
) -> Iterable[Caution]:
    """Yield cautions on this slope and surface in the weather."""
    if sky is None:
        return
    grade = round(grade, 2)  # as it is said: what reads 8 % is judged as 8 %
    on = found.words if found else "a surface nobody mapped"
    steep = Grade(grade)
    gritted = road.gritted
    if sky.icy or sky.snowy or sky.frosty:
        what = "with ice likely" if sky.icy else "in snow" if sky.snowy else "in frost"
        if gritted:
            text = Sentence(steep, f" {what}, but cleared in winter: look before you run.")
            yield Caution("mind", "weather", text)
        elif grade >= ICE_LIMIT and not sky.frosty:
            yield Caution("avoid", "weather", Sentence(steep, f" {what}: choose another."))
        else:
            text = Sentence(steep, f" {what}: short steps, and walk down.")
            yield Caution("mind", "weather", text)
    elif sky.wet:
        slick = found.slick if found else (0 if road.cls.cars else 1)
        limit = WET_LIMIT[slick]
        if grade >= limit and found is not None:
            yield Caution("avoid", "weather", Sentence(steep, f" on wet {on}: choose another."))
        elif grade >= limit:
            look = "look before you run it, and walk down."
            text = Sentence(steep, f" in the wet on {on}: {look}")
            yield Caution("mind", "weather", text)
        elif grade >= STEEP_DESCENT or slick:
            wet = f"wet {on}" if found else "a wet street" if road.cls.cars else "wet ground"
            text = Sentence(steep, f" on {wet}: walk down with short steps.")
            yield Caution("mind", "weather", text)


def of_light(
    light: Daylight | None, road: Road, begin_min: float, end_min: float
) -> Iterable[Caution]:
    """Yield cautions on darkness on the hill."""
    dark = light.dark_min(begin_min, end_min) if light else 0
    if not dark:
        if road.lit is False and light is None:
            yield Caution("know", "light", "No street lights: by day only.")
        return
    whole = dark >= 0.9 * (end_min - begin_min)
    when = Sentence("In the dark") if whole else Sentence("Dark for ", Duration(60 * dark))
    if road.lit:
        yield Caution("know", "light", Sentence(when, ", with street lights."))
    elif road.lit is False:
        yield Caution("mind", "light", Sentence(when, ", without street lights: take a lamp."))
    else:
        text = Sentence(when, ", and the map does not say if it is lit: take a lamp.")
        yield Caution("mind", "light", text)


def of_traffic(road: Road, *, pavement: bool | None) -> Iterable[Caution]:
    """Yield cautions on the traffic, and on whether there is a pavement."""
    if not road.cls.cars:
        return
    limit = (", ", Name(road.limit.words)) if road.limit else ()
    beside = {True: "with a pavement", False: "without a pavement", None: ""}[pavement]
    fast = road.limit is not None and road.limit.km_h >= FAST_TRAFFIC_KM_H
    kind = "Through road" if road.cls.through else "Quiet street"
    if road.cls.busy:
        kind = "Busy road"
    words = Sentence(" ".join(part for part in (kind, beside) if part), *limit)
    if pavement:
        yield Caution("know", "traffic", Sentence(words, "."))
    elif kind == "Busy road":
        if fast and pavement is False:
            yield Caution("avoid", "traffic", Sentence(words, ": choose another."))
        else:
            yield Caution(
                "mind", "traffic", Sentence(words, ": look for a pavement before you run.")
            )
    elif kind == "Through road" or fast:
        yield Caution("mind", "traffic", Sentence(words, ": run facing the traffic."))
    else:
        yield Caution("know", "traffic", Sentence(words, "."))


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def ordered(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    """Return cautions, the gravest first."""
    return tuple(sorted(cautions, key=lambda each: GRAVITIES.index(each.gravity)))


def of_surface(tags: Mapping[str, str], found: Surface | None, part: str = "") -> Iterable[Caution]:
    """Yield cautions on the surface; ``part`` says where it covers a part of the way only."""
    rough = ROUGHNESS_WORDS[roughness(tags) or 0]
    if found is not None:
        gravity: Gravity = "mind" if rough or found.slick == 2 else "know"
        if found.unsafe:
            gravity = "avoid"
        text = _capital(found.words) + part
        if found.slick == 2:
            text += ": slippery as soon as it is damp"
        elif found.loose:
            text += ", loose underfoot on the way down"
        elif found.mud or found.slick:
            text += ": good when dry, slick when wet"
        yield Caution(gravity, "surface", f"{text}{'; ' if rough else ''}{rough}.")
    elif rough:
        yield Caution("mind", "surface", f"{_capital(rough)}.")
    if words := TRACK_WORDS[track_grade(tags) or 0]:
        yield Caution("know", "surface", f"{_capital(words)}.")
    for words in (HIKING_WORDS[hiking_grade(tags)], FAINTNESS_WORDS[faintness(tags)]):
        if words:
            yield Caution("mind", "path", words)


def of_descent(
    found: Surface | None, grade: float, *, leaves: bool, wet: bool
) -> Iterable[Caution]:
    """Yield cautions on the way down: a repeat goes down as often as up."""
    grade = round(grade, 2)
    slick = leaves and grade >= LEAVES_GRADE and not (found and (found.mud or found.loose))
    if grade >= STEEP_DESCENT:
        leaf = ", and mind fallen leaves." if slick else "."
        text = Sentence(Grade(grade), " is steep to come down: walk it", leaf)
        yield Caution("mind", "surface", text)
    elif slick:
        gravity: Gravity = "mind" if wet else "know"
        yield Caution(gravity, "surface", "Fallen leaves are slick on this slope.")


def of_path(marks: Sequence[Mark], *, known: bool) -> Iterable[Caution]:
    """Yield a sentence on what crosses a hill."""
    if not marks:
        text = "Clear path: nothing crosses it."
        if not known:
            text = "No street joins it; of gates and crossings these streets do not tell."
        yield Caution("know", "path", text)
        return
    grave = any(mark.kind != "driveway" for mark in marks)
    these = _counted(marks, names=True)
    yield Caution("mind" if grave else "know", "path", Sentence("Mind ", these, "."))


def on_the_way(marks: Sequence[Mark]) -> Iterable[Caution]:
    """Yield the numbers of what a warm-up crosses."""
    told = [mark for mark in marks if mark.kind not in ("driveway", "side street")]
    if told:
        gravity: Gravity = "mind" if any(mark.kind == "tracks" for mark in told) else "know"
        text = Sentence("On the way: ", _counted(told, names=False), ".")
        yield Caution(gravity, "path", text)


def _counted(marks: Sequence[Mark], *, names: bool) -> Sentence:
    """Return the number of marks of each kind, with the names and places of a few.

    >>> from hillfinder.model import Mark
    >>> print(_counted([Mark("side street", 60.2, 0, 0, "Elm Street")] * 1, names=True))
    Elm Street at 60 m
    >>> print(_counted([Mark("signals", 5, 0, 0), Mark("gate", 9, 0, 0), Mark("gate", 19, 0, 0)],
    ...                names=False))
    1 set of lights and 2 gates
    """
    parts: list[Part] = []
    for kind, number in Counter(mark.kind for mark in marks).items():
        these = [mark for mark in marks if mark.kind == kind]
        if names and kind != "driveway" and number <= 2:
            what = MARK_SINGULARS.get(kind, kind)
            for mark in these:
                of = "" if kind == "side street" else f"the {what} of "
                thing = (of, Name(mark.name)) if mark.name else (f"a {what}",)
                parts.append(Sentence(*thing, " at ", Length(mark.distance_m)))
        elif number == 1:
            parts.append(f"{'a' if names else 1} {MARK_SINGULARS.get(kind, kind)}")
        else:
            parts.append(
                f"{number} {MARK_PLURALS[kind]}" if kind in MARK_PLURALS else count(number, kind)
            )
    return listed(parts)
