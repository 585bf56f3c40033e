"""What a search found as JSON, and as flat rows: the names that other programs rely on.

Numbers are rounded to what they can carry: coordinates to 7 decimals of a degree (1 cm), heights
and gains to 0.01 m, lengths to 0.1 m, times to 0.1 minutes or seconds, grades (ratios) and scores
to 4 decimals. What is unknown is ``null``; no key is ever missing, and NaN is never written. Text
holds no control characters, whatever the map holds: see ``plain``.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from hillfinder.output.text.sanitize import plain

if TYPE_CHECKING:
    from hillfinder.model import Climb, Findings, Floats, Hill, Route, Safety, Step, Workout
    from hillfinder.training.treadmill import Treadmill

    Record = dict[str, Any]
    Point = list[Any]  # lon, lat, and a height or None

#: The columns of CSV, of GeoJSON properties and of ``Hills.frame``, in order.
COLUMNS: Final = (
    "rank",
    "name",
    "grade",
    "grade_sigma",
    "confidence",
    "length_m",
    "gain_m",
    "max_grade",
    "highway",
    "surface",
    "lit",
    "way_ids",
    "foot_lat",
    "foot_lon",
    "foot_elevation_m",
    "top_lat",
    "top_lon",
    "top_elevation_m",
    "approach_minutes",
    "approach_length_m",
    "approach_gain_m",
    "approach_shape",
    "notes",
    "fit_score",
    "gravity",
)

_DEGREES, _HEIGHT, _LENGTH, _MINUTES, _SECONDS, _GRADE = 7, 2, 1, 1, 1, 4


def record(
    findings: Findings, workout: Workout | None = None, belt: Treadmill | None = None
) -> Record:
    """Return the contract of ``--format json``.

    .. code-block:: text

        {"place": {"name", "lat", "lon"},
         "sources": {"streets": {"name", "date", "attribution"},
                     "elevation": {"name", "kind", "cell_m", "attribution"}},
         "hills": [{"rank", "name", "grade", "grade_sigma", "confidence": "high|medium|low",
                    "length_m", "gain_m", "max_grade", "highway", "surface", "lit",
                    "way_ids": [...],
                    "foot": {"lat", "lon", "elevation_m"}, "top": {"lat", "lon", "elevation_m"},
                    "line": [[lon, lat, elevation_m], ...],
                    "approach": {"minutes", "length_m", "gain_m", "shape": "direct|detour",
                                 "line": [[lon, lat, elevation_m], ...], "safety": {...}},
                    "notes": ["..."],
                    "fit": {"score", "reasons": ["..."]},
                    "safety": {"gravity": "avoid|mind|know",
                               "cautions": [{"gravity", "topic", "text"}],
                               "unknown": ["..."],
                               "marks": [{"kind", "distance_m", "lat", "lon", "name"}]}}],
         "sky": ["..."],
         "workout": {"session": "repeats|long|rolling", "level", "hills": [rank, ...],
                     "repeats", "minutes", "length_m", "gain_m",
                     "steps": [{"kind": "warm-up|repeat|recovery|easy|cool-down", "rank",
                                "seconds", "length_m", "gain_m",
                                "line": [[lon, lat, elevation_m], ...]}],
                     "cues": ["..."]},
         "treadmill": {"incline", "speed_km_h", "repeats", "repeat_s", "recovery_s",
                       "recovery_km_h"}}

    A hill without a warm-up has an approach of nulls, with an empty line; where nobody weighed or
    looked, score and gravity are null and the lists empty. ``workout`` and ``treadmill`` are null
    where there is none. Score 1 is as if made for the session, 0 not at all.
    ``sky`` says what is known of daylight and weather, with its source.

    Args:
        findings: what was found.
        workout: the session on one of the hills, or over several.
        belt: the same on a treadmill.
    """
    place, streets, heights = findings.place, findings.streets, findings.heights
    return {
        "place": {
            "name": plain(place.name),
            "lat": _number(place.lat, _DEGREES),
            "lon": _number(place.lon, _DEGREES),
        },
        "sources": {
            "streets": {
                "name": plain(streets.name),
                "date": _text(streets.date),
                "attribution": plain(streets.attribution),
            },
            "elevation": {
                "name": plain(heights.name),
                "kind": heights.kind,
                "cell_m": _number(heights.cell_m, _HEIGHT),
                "attribution": _text(heights.attribution),
            },
        },
        "hills": [_hill(hill) for hill in findings.hills],
        "sky": [plain(text) for text in findings.sky],
        "workout": _workout(workout) if workout is not None else None,
        "treadmill": _treadmill(belt) if belt is not None else None,
    }


def rows(findings: Findings) -> list[Record]:
    """Return one flat row a hill, with the keys of ``COLUMNS`` in order.

    The same numbers as in ``record``; way ids and notes are joined by ``;``, as the map joins
    values.
    """
    return [_flat(hill) for hill in record(findings)["hills"]]


def to_json(
    findings: Findings, workout: Workout | None = None, belt: Treadmill | None = None
) -> str:
    """Return the contract as text, ending in a newline: see ``record``."""
    return dumps(record(findings, workout, belt))


def dumps(value: Record) -> str:
    """Return JSON as a person can read it: indented, but a point on one line."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    # A line break within the brackets is never part of a string, where it would be escaped.
    flat = re.sub(r"\[\n\s+([-+.\deE,\snul]+)\n\s+\]", _on_one_line, text)
    return flat + "\n"


def _on_one_line(numbers: re.Match[str]) -> str:
    return f"[{' '.join(numbers[1].split())}]"


def positions(lon: Floats, lat: Floats, elevation_m: Floats) -> list[Point]:
    """Return a line as ``[lon, lat, elevation_m]``, the last ``None`` where it is unknown."""
    return [
        [_number(x, _DEGREES), _number(y, _DEGREES), _number(z, _HEIGHT)]
        for x, y, z in zip(lon.tolist(), lat.tolist(), elevation_m.tolist(), strict=True)
    ]


def _hill(hill: Hill) -> Record:
    climb = hill.climb
    return {
        "rank": hill.rank,
        "name": plain(hill.name),
        "grade": _number(hill.grade, _GRADE),
        "grade_sigma": _number(hill.grade_sigma, _GRADE),
        "confidence": hill.confidence,
        "length_m": _number(climb.length_m, _LENGTH),
        "gain_m": _number(climb.gain_m, _HEIGHT),
        "max_grade": _number(climb.max_grade, _GRADE),
        "highway": _text(climb.tags.get("highway")),
        "surface": _text(climb.tags.get("surface")),
        "lit": _text(climb.tags.get("lit")),
        "way_ids": list(climb.way_ids),
        "foot": _end(climb, 0),
        "top": _end(climb, -1),
        "line": positions(climb.lon, climb.lat, climb.profile.elevation_m),
        "approach": _approach(hill.approach) | {"safety": _safety(hill.approach_safety)},
        "notes": [plain(note) for note in hill.notes],
        "fit": {
            "score": _number(hill.fit.score, _GRADE) if hill.fit else None,
            "reasons": [plain(reason) for reason in hill.fit.reasons] if hill.fit else [],
        },
        "safety": _safety(hill.safety),
    }


def _end(climb: Climb, at: int) -> Record:
    return {
        "lat": _number(float(climb.lat[at]), _DEGREES),
        "lon": _number(float(climb.lon[at]), _DEGREES),
        "elevation_m": _number(float(climb.profile.elevation_m[at]), _HEIGHT),
    }


def _approach(route: Route | None) -> Record:
    if route is None:
        return {"minutes": None, "length_m": None, "gain_m": None, "shape": None, "line": []}
    return {
        "minutes": _number(route.time_s / 60, _MINUTES),
        "length_m": _number(route.length_m, _LENGTH),
        "gain_m": _number(route.gain_m, _HEIGHT),
        "shape": route.shape,
        "line": positions(route.lon, route.lat, route.elevation_m),
    }


def _safety(safety: Safety | None) -> Record:
    if safety is None:
        return {"gravity": None, "cautions": [], "unknown": [], "marks": []}
    return {
        "gravity": safety.gravity,
        "cautions": [
            {"gravity": each.gravity, "topic": each.topic, "text": plain(each.text)}
            for each in safety.cautions
        ],
        "unknown": [plain(text) for text in safety.unknown],
        "marks": [
            {
                "kind": mark.kind,
                "distance_m": _number(mark.distance_m, _LENGTH),
                "lat": _number(mark.lat, _DEGREES),
                "lon": _number(mark.lon, _DEGREES),
                "name": plain(mark.name),
            }
            for mark in safety.marks
        ],
    }


def _workout(workout: Workout) -> Record:
    return {
        "session": workout.session,
        "level": workout.level,
        "hills": [hill.rank for hill in workout.hills],
        "repeats": workout.repeats,
        "minutes": _number(workout.time_s / 60, _MINUTES),
        "length_m": _number(workout.length_m, _LENGTH),
        "gain_m": _number(workout.gain_m, _HEIGHT),
        "steps": [_step(step) for step in workout.steps],
        "cues": [plain(cue) for cue in workout.cues],
    }


def _step(step: Step) -> Record:
    route = step.route
    return {
        "kind": step.kind,
        "rank": step.rank,
        "seconds": _number(step.time_s, _SECONDS),
        "length_m": _number(route.length_m, _LENGTH),
        "gain_m": _number(route.gain_m, _HEIGHT),
        "line": positions(route.lon, route.lat, route.elevation_m),
    }


def _treadmill(belt: Treadmill) -> Record:
    return {
        "incline": belt.incline,
        "speed_km_h": belt.speed_km_h,
        "repeats": belt.repeats,
        "repeat_s": _number(belt.repeat_s, _SECONDS),
        "recovery_s": _number(belt.recovery_s, _SECONDS),
        "recovery_km_h": belt.recovery_km_h,
    }


def _flat(hill: Record) -> Record:
    flat = dict(hill)
    for part in ("foot", "top", "approach"):
        flat.update({f"{part}_{key}": value for key, value in hill[part].items()})
    flat["way_ids"] = ";".join(map(str, hill["way_ids"]))
    flat["notes"] = "; ".join(hill["notes"])
    flat["fit_score"], flat["gravity"] = hill["fit"]["score"], hill["safety"]["gravity"]
    return {column: flat[column] for column in COLUMNS}


def _number(value: float | None, decimals: int) -> float | None:
    """Return a rounded number, or ``None`` for what is not a number."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), decimals) + 0.0  # + 0.0: minus nought is nought


def _text(value: str | None) -> str | None:
    """Return text without control characters, or ``None`` where nothing is left of it."""
    return plain(value) or None if value is not None else None
