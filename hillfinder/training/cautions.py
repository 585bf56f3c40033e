"""The sentences of safety: from tags, slope, light and weather to one caution each.

The figures that divide what is to be avoided from what is to be minded stand here, each with its
reason. They are a runner's judgment.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hillfinder.model import GRAVITIES, Caution
from hillfinder.streets.tags import surfaces as ground

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hillfinder.model import Gravity, Mark
    from hillfinder.services.weather import Weather
    from hillfinder.streets.tags.surfaces import Ground
    from hillfinder.training.daylight import Daylight

#: On a wet surface of each slickness a hill is no longer safe to run down from such a grade on:
#: asphalt grips on any street that is built, smooth stone and bare earth do not hold at 8 %, wet
#: planks and steel not at 4 %.
WET_LIMIT = (0.25, 0.08, 0.04)
#: On ice a sole slides by itself from about 3 % on.
ICE_LIMIT = 0.03
#: Wet leaves on asphalt matter where the descent is steep.
LEAVES_GRADE = 0.08
#: From such a grade on the way down is harder on knees and grip than the way up is on the lungs.
STEEP_DOWN = 0.15
#: Roads by how much drives there.
BUSY = ("trunk", "primary", "secondary")
MIDDLING = ("tertiary", "unclassified", "road")
QUIET = ("residential", "living_street", "service", "pedestrian")
#: Traffic faster than this beside a runner without a pavement is no place to be.
FAST_KM_H = 70.0
MANY: dict[str, str] = {"signals": "sets of lights", "tracks": "rail crossings"}
ONE: dict[str, str] = {"signals": "set of lights", "tracks": "rail crossing"}


def is_road(tags: Mapping[str, str]) -> bool:
    """Tell whether cars drive there."""
    kinds = {value.strip().removesuffix("_link") for value in tags.get("highway", "").split(";")}
    return not kinds.isdisjoint({*BUSY, *MIDDLING, *QUIET} - {"pedestrian", "living_street"})


def of_weather(
    sky: Weather | None, tags: Mapping[str, str], found: Ground | None, grade: float
) -> Iterable[Caution]:
    """Yield what the weather does to this slope and surface."""
    if sky is None:
        return
    grade = round(grade, 2)  # as it is told: what reads 8 % is judged as 8 %
    on = found.words if found else "a surface nobody mapped"
    steep = f"{100 * grade:.0f} %"
    gritted = tags.get("winter_service") == "yes"
    if sky.icy or sky.snowy or sky.frosty:
        what = "with ice likely" if sky.icy else "in snow" if sky.snowy else "in frost"
        if gritted:
            text = f"{steep} {what}, but cleared in winter: look before you run."
            yield Caution("mind", "weather", text)
        elif grade >= ICE_LIMIT and not sky.frosty:
            yield Caution("avoid", "weather", f"{steep} {what}: choose another.")
        else:
            yield Caution("mind", "weather", f"{steep} {what}: short steps, and walk down.")
    elif sky.wet:
        road = is_road(tags)
        slick = found.slick if found else (0 if road else 1)
        limit = WET_LIMIT[slick]
        if grade >= limit and found is not None:
            yield Caution("avoid", "weather", f"{steep} on wet {on}: choose another.")
        elif grade >= limit:
            text = f"{steep} in the wet on {on}: look before you run it, and walk down."
            yield Caution("mind", "weather", text)
        elif grade >= STEEP_DOWN or slick:
            wet = f"wet {on}" if found else "a wet street" if road else "wet ground"
            yield Caution("mind", "weather", f"{steep} on {wet}: walk down with short steps.")


def of_light(
    light: Daylight | None, lit: str, begin_min: float, end_min: float
) -> Iterable[Caution]:
    """Yield how dark it is on the hill."""
    dark = light.dark_min(begin_min, end_min) if light else 0
    said = {part.strip() for part in lit.split(";") if part.strip()}
    if not dark:
        if said == {"no"} and light is None:
            yield Caution("know", "light", "No street lights: by day only.")
        return
    whole = dark >= 0.9 * (end_min - begin_min)
    when = "In the dark" if whole else f"Dark for {dark} minute{'' if dark == 1 else 's'}"
    if said and said.isdisjoint({"no", "disused"}):
        yield Caution("know", "light", f"{when}, with street lights.")
    elif said:
        yield Caution("mind", "light", f"{when}, without street lights: take a lamp.")
    else:
        text = f"{when}, and the map does not say if it is lit: take a lamp."
        yield Caution("mind", "light", text)


def of_traffic(tags: Mapping[str, str], *, pavement: bool | None) -> Iterable[Caution]:
    """Yield what drives there, and where one runs."""
    if not is_road(tags):
        return
    highway = tags.get("highway", "").split(";")
    speed = _km_h(tags.get("maxspeed", ""))
    limit = f", {_speed(tags.get('maxspeed', ''))}" if speed else ""
    beside = {True: "with a pavement", False: "without a pavement", None: ""}[pavement]
    if any(value in BUSY for value in highway):
        kind = "Busy road"
    elif any(value.removesuffix("_link") in MIDDLING for value in highway):
        kind = "Through road"
    else:
        kind = "Quiet street"
    words = " ".join(part for part in (kind, beside) if part) + limit
    if pavement:
        yield Caution("know", "traffic", f"{words}.")
    elif kind == "Busy road":
        fast = speed is not None and speed >= FAST_KM_H
        if fast and pavement is False:
            yield Caution("avoid", "traffic", f"{words}: choose another.")
        else:
            yield Caution("mind", "traffic", f"{words}: look for a pavement before you run.")
    elif kind == "Through road" or (speed is not None and speed >= FAST_KM_H):
        yield Caution("mind", "traffic", f"{words}: run facing the traffic.")
    else:
        yield Caution("know", "traffic", f"{words}.")


def _title(words: str) -> str:
    return words[0].upper() + words[1:]


def closes(tags: Mapping[str, str]) -> bool:
    """Tell whether the way is closed at some hours or in some seasons."""
    keys = ("opening_hours", "seasonal", "access:conditional", "foot:conditional")
    return any(tags.get(key, "no") not in ("no", "24/7") for key in keys)


def ordered(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    """Return cautions, the gravest first."""
    return tuple(sorted(cautions, key=lambda each: GRAVITIES.index(each.gravity)))


def of_surface(tags: Mapping[str, str], found: Ground | None, part: str = "") -> Iterable[Caution]:
    """Yield what the surface is like; ``part`` says where it is not that of all of the way."""
    rough = ground.told(ground.ROUGH, tags.get("smoothness", ""))
    if found is not None:
        gravity: Gravity = "mind" if rough or found.slick == 2 else "know"
        if found.words in ("mud", "ice"):
            gravity = "avoid"
        text = _title(found.words) + part
        if found.slick == 2:
            text += ": slippery as soon as it is damp"
        elif found.loose:
            text += ", loose underfoot on the way down"
        elif found.mud or found.slick:
            text += ": good when dry, slick when wet"
        yield Caution(gravity, "surface", f"{text}{'; ' if rough else ''}{rough}.")
    elif rough:
        yield Caution("mind", "surface", f"{_title(rough)}.")
    if words := ground.told(ground.TRACKS, tags.get("tracktype", "")):
        yield Caution("know", "surface", f"{_title(words)}.")
    for table, key in ((ground.SAC, "sac_scale"), (ground.VISIBILITY, "trail_visibility")):
        if words := ground.told(table, tags.get(key, "")):
            yield Caution("mind", "path", words)


def of_descent(found: Ground | None, grade: float, *, leaves: bool, wet: bool) -> Iterable[Caution]:
    """Yield what the way down is like: a repeat goes down as often as up."""
    grade = round(grade, 2)
    slick = leaves and grade >= LEAVES_GRADE and not (found and (found.mud or found.loose))
    if grade >= STEEP_DOWN:
        text = f"{100 * grade:.0f} % is steep to come down: walk it"
        yield Caution(
            "mind", "surface", f"{text}, and mind fallen leaves." if slick else f"{text}."
        )
    elif slick:
        gravity: Gravity = "mind" if wet else "know"
        yield Caution(gravity, "surface", "Fallen leaves are slick on this slope.")


def of_path(marks: Sequence[Mark], *, known: bool) -> Iterable[Caution]:
    """Yield what crosses a hill."""
    if not marks:
        text = "Clear path: nothing crosses it."
        if not known:
            text = "No street joins it; of gates and crossings these streets do not tell."
        yield Caution("know", "path", text)
        return
    grave = any(mark.kind != "driveway" for mark in marks)
    these = _counted(marks, names=True)
    yield Caution("mind" if grave else "know", "path", f"Mind {these}.")


def on_the_way(marks: Sequence[Mark]) -> Iterable[Caution]:
    """Yield what a warm-up crosses, in numbers."""
    told = [mark for mark in marks if mark.kind not in ("driveway", "side street")]
    if told:
        gravity: Gravity = "mind" if any(mark.kind == "tracks" for mark in told) else "know"
        yield Caution(gravity, "path", f"On the way: {_counted(told, names=False)}.")


def _counted(marks: Sequence[Mark], *, names: bool) -> str:
    """Return how many of each kind there are, with the names and places of a few.

    >>> from hillfinder.model import Mark
    >>> _counted([Mark("side street", 60.2, 0, 0, "Elm Street")] * 1, names=True)
    'Elm Street at 60 m'
    >>> _counted([Mark("signals", 5, 0, 0), Mark("gate", 9, 0, 0), Mark("gate", 19, 0, 0)],
    ...          names=False)
    '1 set of lights and 2 gates'
    """
    parts: list[str] = []
    for kind, count in Counter(mark.kind for mark in marks).items():
        these = [mark for mark in marks if mark.kind == kind]
        if names and kind != "driveway" and count <= 2:
            what = ONE.get(kind, kind)
            for mark in these:
                if kind == "side street":
                    thing = mark.name or "a side street"
                else:
                    thing = f"the {what} of {mark.name}" if mark.name else f"a {what}"
                parts.append(f"{thing} at {mark.distance_m:.0f} m")
        elif count == 1:
            parts.append(f"{'a' if names else 1} {ONE.get(kind, kind)}")
        else:
            parts.append(f"{count} {MANY.get(kind, kind + 's')}")
    return listed(parts)


def listed(parts: Sequence[str]) -> str:
    """Return parts as a list in a sentence."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def far(metres: float) -> str:
    """Return a length as one would say it.

    >>> far(83.0), far(1234.0)
    ('80 m', '1.2 km')
    """
    return f"{max(10, round(metres, -1)):.0f} m" if metres < 995 else f"{metres / 1000:.1f} km"


def _km_h(value: str) -> float | None:
    """Return the greatest speed that a value of ``maxspeed`` allows, ``None`` for words.

    >>> _km_h("30"), round(_km_h("25 mph")), _km_h("20 mph;50"), _km_h("walk")
    (30.0, 40, 50.0, None)
    """
    speeds = []
    for part in value.split(";"):
        number, _, unit = part.strip().partition(" ")
        if number.isdecimal():
            speeds.append(float(number) * (1.609344 if unit == "mph" else 1.0))
    return max(speeds, default=None)


def _speed(value: str) -> str:
    """Return the greatest speed of a tag in its own unit.

    >>> _speed("25 mph"), _speed("30;50")
    ('25 mph', '50 km/h')
    """
    parts = [part.strip() for part in value.split(";")]
    fastest = max(parts, key=lambda part: _km_h(part) or 0.0)
    return fastest if fastest.endswith("mph") else f"{fastest} km/h"
