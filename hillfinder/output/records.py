"""Findings as JSON, flat rows and a table: the names that other programs rely on.

Numbers are rounded to what they can carry: coordinates to 7 decimals of a degree (1 cm), heights
and gains to 0.01 m, lengths to 0.1 m, times to 0.1 minutes or seconds, grades (ratios) and scores
to 4 decimals. What is unknown is ``null``; no key is ever missing, and NaN is never written. Text
holds no control characters: see ``plain``.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from hillfinder.output.text.sanitize import plain

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely import LineString

    from hillfinder.model import Climb, Findings, Floats, Hill, Route, Safety, Step, Workout
    from hillfinder.training.treadmill import Treadmill

    Record = dict[str, Any]
    Point = list[Any]  # lon, lat, and a height or None

#: The columns of CSV, of GeoJSON properties and of ``Hills.frame``, in order.
HILL_COLUMNS: Final = (
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

#: Types of the columns that are no numbers, also when there is no row.
DTYPES: Final = {
    "rank": "int64",
    **dict.fromkeys(
        (
            *("name", "confidence", "highway", "surface", "lit", "way_ids", "approach_shape"),
            *("notes", "gravity"),
        ),
        "object",
    ),
}

#: Decimals of each quantity.
DEGREES, HEIGHT, LENGTH, MINUTES, SECONDS, GRADE = 7, 2, 1, 1, 1, 4


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

    A hill without a warm-up has an approach of nulls and an empty line. Where a hill was not
    scored or checked, score and gravity are null and the lists empty. ``workout`` and
    ``treadmill`` are null where there is none. Scores run from 0 to 1, the best.
    ``sky`` is what is known of daylight and weather, with its source.

    Args:
        findings: the hills, and what was asked.
        workout: the workout on one of the hills, or over several.
        belt: the same on a treadmill.
    """
    place, streets, heights = findings.place, findings.streets, findings.heights
    return {
        "place": {
            "name": plain(place.name),
            "lat": rounded(place.lat, DEGREES),
            "lon": rounded(place.lon, DEGREES),
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
                "cell_m": rounded(heights.cell_m, HEIGHT),
                "attribution": _text(heights.attribution),
            },
        },
        "hills": [_hill_record(hill) for hill in findings.hills],
        "sky": [plain(text) for text in findings.sky],
        "workout": _workout_record(workout) if workout is not None else None,
        "treadmill": _treadmill_record(belt) if belt is not None else None,
    }


def hill_rows(findings: Findings) -> list[Record]:
    """Return one flat row a hill, with the keys of ``HILL_COLUMNS`` in order.

    Numbers are those of ``record``; way ids and notes are joined by ``;``.
    """
    return [_flat(hill) for hill in record(findings)["hills"]]


def to_json(
    findings: Findings, workout: Workout | None = None, belt: Treadmill | None = None
) -> str:
    """Return the contract as text, ending in a newline: see ``record``."""
    return dumps(record(findings, workout, belt))


def dumps(value: Record) -> str:
    """Return JSON that a person can read: indented, but each point on one line."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    # A string has no line breaks: there they are escaped.
    flat = re.sub(r"\[\n\s+([-+.\deE,\snul]+)\n\s+\]", _on_one_line, text)
    return flat + "\n"


def _on_one_line(numbers: re.Match[str]) -> str:
    return f"[{' '.join(numbers[1].split())}]"


def line_positions(lon: Floats, lat: Floats, elevation_m: Floats) -> list[Point]:
    """Return points as ``[lon, lat, elevation_m]``, the last ``None`` where it is unknown."""
    return [
        [rounded(x, DEGREES), rounded(y, DEGREES), rounded(z, HEIGHT)]
        for x, y, z in zip(lon.tolist(), lat.tolist(), elevation_m.tolist(), strict=True)
    ]


def coordinates(climb: Climb) -> list[Point]:
    """Return the points of a climb with heights, or all without where one is unknown."""
    line = line_positions(climb.lon, climb.lat, climb.profile.elevation_m)
    return [point[:2] for point in line] if any(point[2] is None for point in line) else line


def frame(findings: Findings) -> GeoDataFrame:
    """Return the hills under ``HILL_COLUMNS``, and ``geometry``, a line in EPSG:4326.

    A line has heights as its third coordinate, or two coordinates where a height is unknown.
    Numbers that are unknown are NaN, text is ``None``. Columns and dtypes are the same when there
    is no hill.
    """
    import pandas as pd
    from geopandas import GeoDataFrame, GeoSeries

    table = pd.DataFrame(hill_rows(findings), columns=list(HILL_COLUMNS), dtype="object")
    table = table.astype({column: DTYPES.get(column, "float64") for column in HILL_COLUMNS})
    lines = [line(hill.climb) for hill in findings.hills]
    return GeoDataFrame(table, geometry=GeoSeries(lines, index=table.index, crs="EPSG:4326"))


def line(climb: Climb) -> LineString:
    """Return a climb in EPSG:4326, with heights where all are known."""
    from shapely import LineString

    return LineString(coordinates(climb))


def _hill_record(hill: Hill) -> Record:
    climb = hill.climb
    return {
        "rank": hill.rank,
        "name": plain(hill.name),
        "grade": rounded(hill.grade, GRADE),
        "grade_sigma": rounded(hill.grade_sigma, GRADE),
        "confidence": hill.confidence,
        "length_m": rounded(climb.length_m, LENGTH),
        "gain_m": rounded(climb.gain_m, HEIGHT),
        "max_grade": rounded(climb.max_grade, GRADE),
        "highway": _text(climb.tags.get("highway")),
        "surface": _text(climb.tags.get("surface")),
        "lit": _text(climb.tags.get("lit")),
        "way_ids": list(climb.way_ids),
        "foot": _end_record(climb, 0),
        "top": _end_record(climb, -1),
        "line": line_positions(climb.lon, climb.lat, climb.profile.elevation_m),
        "approach": _approach_record(hill.approach)
        | {"safety": _safety_record(hill.approach_safety)},
        "notes": [plain(note) for note in hill.notes],
        "fit": {
            "score": rounded(hill.fit.score, GRADE) if hill.fit else None,
            "reasons": [plain(reason) for reason in hill.fit.reasons] if hill.fit else [],
        },
        "safety": _safety_record(hill.safety),
    }


def _end_record(climb: Climb, at: int) -> Record:
    return {
        "lat": rounded(float(climb.lat[at]), DEGREES),
        "lon": rounded(float(climb.lon[at]), DEGREES),
        "elevation_m": rounded(float(climb.profile.elevation_m[at]), HEIGHT),
    }


def _approach_record(route: Route | None) -> Record:
    if route is None:
        return {"minutes": None, "length_m": None, "gain_m": None, "shape": None, "line": []}
    return {
        "minutes": rounded(route.time_s / 60, MINUTES),
        "length_m": rounded(route.length_m, LENGTH),
        "gain_m": rounded(route.gain_m, HEIGHT),
        "shape": route.shape,
        "line": line_positions(route.lon, route.lat, route.elevation_m),
    }


def _safety_record(safety: Safety | None) -> Record:
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
                "distance_m": rounded(mark.distance_m, LENGTH),
                "lat": rounded(mark.lat, DEGREES),
                "lon": rounded(mark.lon, DEGREES),
                "name": plain(mark.name),
            }
            for mark in safety.marks
        ],
    }


def _workout_record(workout: Workout) -> Record:
    return {
        "session": workout.session,
        "level": workout.level,
        "hills": [hill.rank for hill in workout.hills],
        "repeats": workout.repeats,
        "minutes": rounded(workout.time_s / 60, MINUTES),
        "length_m": rounded(workout.length_m, LENGTH),
        "gain_m": rounded(workout.gain_m, HEIGHT),
        "steps": [_step_record(step) for step in workout.steps],
        "cues": [plain(cue) for cue in workout.cues],
    }


def _step_record(step: Step) -> Record:
    route = step.route
    return {
        "kind": step.kind,
        "rank": step.rank,
        "seconds": rounded(step.time_s, SECONDS),
        "length_m": rounded(route.length_m, LENGTH),
        "gain_m": rounded(route.gain_m, HEIGHT),
        "line": line_positions(route.lon, route.lat, route.elevation_m),
    }


def _treadmill_record(belt: Treadmill) -> Record:
    return {
        "incline": belt.incline,
        "speed_km_h": belt.speed_km_h,
        "repeats": belt.repeats,
        "repeat_s": rounded(belt.repeat_s, SECONDS),
        "recovery_s": rounded(belt.recovery_s, SECONDS),
        "recovery_km_h": belt.recovery_km_h,
    }


def _flat(hill: Record) -> Record:
    flat = dict(hill)
    for part in ("foot", "top", "approach"):
        flat.update({f"{part}_{key}": value for key, value in hill[part].items()})
    flat["way_ids"] = ";".join(map(str, hill["way_ids"]))
    flat["notes"] = "; ".join(hill["notes"])
    flat["fit_score"], flat["gravity"] = hill["fit"]["score"], hill["safety"]["gravity"]
    return {column: flat[column] for column in HILL_COLUMNS}


def rounded(value: float | None, decimals: int) -> float | None:
    """Return a rounded number, or ``None`` for what is not a number."""
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), decimals) + 0.0  # + 0.0: minus nought is nought


def _text(value: str | None) -> str | None:
    """Return text without control characters, or ``None`` where nothing is left of it."""
    return plain(value) or None if value is not None else None
