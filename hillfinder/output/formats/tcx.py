"""A workout as a course in Garmin's Training Center XML, for older watches and many sites.

The order of elements and the lengths of names are those of the schema TrainingCenterDatabasev2.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement

from hillfinder.output.formats import Format
from hillfinder.output.formats.elements import document_text, put_child
from hillfinder.output.records import line_positions
from hillfinder.output.text.phrases import credits_of
from hillfinder.output.text.sanitize import brief, plain

if TYPE_CHECKING:
    from hillfinder.model import Findings, Workout
    from hillfinder.output.timed_track import CueKind, TimedTrack

TCX_NAMESPACE: Final = "http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
#: Longest names of a course and of a point, bytes.
COURSE_NAME_OCTETS, POINT_NAME_OCTETS = 15, 10

_POINT_TYPES: Final[dict[CueKind, str]] = {"bottom": "Valley", "top": "Summit", "mind": "Danger"}


def to_tcx(findings: Findings, workout: Workout) -> str:
    """Return a workout as a TCX course: the same bytes for the same workout.

    One lap from the door and back, with at most a point a second, heights where they are known,
    and course points for each bottom, each top and what to mind on the first way up. Notes hold
    names in full.

    Args:
        findings: the sources, the pace and the start.
        workout: a workout, or once up a hill (``timed_track.once``).
    """
    from hillfinder.output.timed_track import timed_track

    way = timed_track(findings, workout)
    root = Element("TrainingCenterDatabase", xmlns=TCX_NAMESPACE)
    course = SubElement(SubElement(root, "Courses"), "Course")
    put_child(course, "Name", plain(brief(way.name, COURSE_NAME_OCTETS), COURSE_NAME_OCTETS))
    points = line_positions(way.lon, way.lat, way.elevation_m)
    _put_lap(course, way)
    line = SubElement(course, "Track")
    for at, (lon, lat, height) in enumerate(points):
        point = SubElement(line, "Trackpoint")
        put_child(point, "Time", _time(way, at))
        _put_position(point, lon, lat)
        if height is not None:
            put_child(point, "AltitudeMeters", height)
        put_child(point, "DistanceMeters", round(float(way.distance_m[at]), 2))
    notes = (f"{way.name}.", *workout.cues, *credits_of(findings))
    put_child(course, "Notes", plain(" ".join(notes)))
    for cue in way.cues:
        lon, lat, height = points[cue.at]
        point = SubElement(course, "CoursePoint")
        put_child(point, "Name", plain(brief(cue.name, POINT_NAME_OCTETS), POINT_NAME_OCTETS))
        put_child(point, "Time", _time(way, cue.at))
        _put_position(point, lon, lat)
        if height is not None:
            put_child(point, "AltitudeMeters", height)
        put_child(point, "PointType", _POINT_TYPES[cue.kind])
        put_child(point, "Notes", cue.name)
    return document_text(root)


def _put_lap(course: Element, way: TimedTrack) -> None:
    lap = SubElement(course, "Lap")
    put_child(lap, "TotalTimeSeconds", int(way.time_s[-1]))
    put_child(lap, "DistanceMeters", round(float(way.distance_m[-1]), 2))
    ends = line_positions(way.lon[[0, -1]], way.lat[[0, -1]], way.elevation_m[[0, -1]])
    # Altitudes of a lap are optional, and GPSBabel 1.8 crashes on them.
    for which, (lon, lat, _) in zip(("Begin", "End"), ends, strict=True):
        _put_position(lap, lon, lat, f"{which}Position")
    put_child(lap, "Intensity", "Active")


def _put_position(parent: Element, lon: float, lat: float, name: str = "Position") -> None:
    position = SubElement(parent, name)
    put_child(position, "LatitudeDegrees", lat)
    put_child(position, "LongitudeDegrees", lon)


def _time(way: TimedTrack, at: int) -> str:
    when = way.start + timedelta(seconds=int(way.time_s[at]))
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


FORMAT = Format(
    name="tcx",
    file="hill.tcx",
    help="Write the session as a TCX course.",
    about="TCX course, for older watches and for sites",
    make=lambda asked: to_tcx(asked.findings, asked.session),
    holds="course",
)
