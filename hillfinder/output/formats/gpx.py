"""A workout as a GPX 1.1 course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hillfinder.output.formats import Format
from hillfinder.output.records import line_positions
from hillfinder.output.text.phrases import credits_of, length, mean_grade, totals
from hillfinder.output.text.sanitize import brief, plain

if TYPE_CHECKING:
    from hillfinder.model import Findings, Hill, Workout
    from hillfinder.output.records import Point

LICENCE: Final = "https://opendatacommons.org/licenses/odbl/1-0/"
#: Longest name, characters: a watch shows only its beginning.
GPX_NAME_LIMIT: Final = 40
_ENDS: Final = ("Bottom", "Top")


def to_gpx(findings: Findings, workout: Workout) -> str:
    """Return a workout as a course: the same bytes for the same workout.

    One track with a height on every point where it is known: door, warm-up, up and down as often
    as it is run, home. Waypoints are the bottom and the top of what is run up, with the number of
    the hill in the list where there are several, and what to mind between. There is no ``rte``,
    which devices straighten or draw a second time, and no time, because nobody has run it yet.

    Args:
        findings: where the data comes from.
        workout: a workout, or once up a hill (``timed_track.once``).
    """
    line: list[Point] = []
    for step in workout.steps:
        points = line_positions(step.route.lon, step.route.lat, step.route.elevation_m)
        line += points[1:] if line and line[-1][:2] == points[0][:2] else points
    runs = {step.rank: step.route for step in workout.steps if step.kind == "repeat"}
    spots = []
    for rank, way in runs.items():
        ends = line_positions(way.lon[[0, -1]], way.lat[[0, -1]], way.elevation_m[[0, -1]])
        number = f" {rank}" if len(runs) > 1 else ""
        spots += [(f"{word}{number}", end) for word, end in zip(_ENDS, ends, strict=True)]
        for hill in workout.hills:
            spots += _warnings(hill, way.length_m) if hill.rank == rank else ()
    name = (
        _waypoint_name(workout.hills[0])
        if len(workout.hills) == 1
        else f"{len(workout.hills)} hills"
    )
    figures = " ".join(
        f"{mean_grade(hill)} over {length(hill.climb.length_m)}." for hill in workout.hills
    )
    return _xml(findings, name, f"{totals(workout)}. {figures}", line, spots)


def _warnings(hill: Hill, length_m: float) -> list[tuple[str, Point]]:
    """Return what to mind on a hill, with its position, whose height is unknown."""
    from hillfinder.output.timed_track import minded

    return [
        (plain(brief(name, GPX_NAME_LIMIT), GPX_NAME_LIMIT), [mark.lon, mark.lat, None])
        for name, mark in minded(hill, length_m)
    ]


def _xml(
    findings: Findings, name: str, figures: str, line: list[Point], spots: list[tuple[str, Point]]
) -> str:
    from gpxpy.gpx import GPX, GPXTrack, GPXTrackPoint, GPXTrackSegment, GPXWaypoint

    gpx = GPX()
    gpx.creator = "hillfinder"
    gpx.name = name
    gpx.description = plain(f"{figures} {' '.join(credits_of(findings))}")
    gpx.author_name = "hillfinder"
    gpx.copyright_author = "OpenStreetMap contributors"
    gpx.copyright_license = LICENCE
    segment = GPXTrackSegment(
        [GPXTrackPoint(lat, _east(lon), elevation=ele) for lon, lat, ele in line]
    )
    track = GPXTrack(name=name)
    track.segments.append(segment)
    gpx.tracks.append(track)
    for spot, (lon, lat, ele) in spots:
        gpx.waypoints.append(GPXWaypoint(lat, _east(lon), elevation=ele, name=spot))
    return gpx.to_xml(version="1.1") + "\n"


def _waypoint_name(hill: Hill) -> str:
    return plain(brief(hill.name, GPX_NAME_LIMIT), GPX_NAME_LIMIT) or "Hill"


def _east(lon: float) -> float:
    """Return a longitude below 180, as the schema has it."""
    return lon - 360.0 if lon >= 180.0 else lon


FORMAT = Format(
    name="gpx",
    file="hill.gpx",
    help="Write the session as a GPX course.",
    about="GPX 1.1: the session as one track, door to door, up and down as it is run; waypoints "
    "for bottom, top and what to mind between",
    make=lambda asked: to_gpx(asked.findings, asked.session),
    holds="course",
)
