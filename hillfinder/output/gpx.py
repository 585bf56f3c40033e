"""A course for a watch: GPX 1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hillfinder.output.course import course
from hillfinder.output.plain import plain
from hillfinder.output.records import positions
from hillfinder.output.words import grade, length, sources

if TYPE_CHECKING:
    from hillfinder.model import Findings, Hill

LICENCE: Final = "https://opendatacommons.org/licenses/odbl/1-0/"
#: Watches cut names off; what is on the screen while running is the beginning of it.
NAME_LIMIT: Final = 40


def to_gpx(findings: Findings, hill: Hill) -> str:
    """Return the course to a hill and up it, as text: the same bytes for the same hill.

    One track from the door to the bottom and on to the top, a height on every point where it is
    known, waypoints ``Bottom`` and ``Top``. There is no ``rte``, which devices straighten or draw
    a second time, and no time, for nobody has run it yet.

    Args:
        findings: where the data comes from, and at what pace.
        hill: one of them.
    """
    from gpxpy.gpx import GPX, GPXTrack, GPXTrackPoint, GPXTrackSegment, GPXWaypoint

    gpx = GPX()
    gpx.creator = "hillfinder"
    gpx.name = _name(hill)
    gpx.description = _description(findings, hill)
    gpx.author_name = "hillfinder"
    gpx.copyright_author = "OpenStreetMap contributors"
    gpx.copyright_license = LICENCE
    way = course(hill, findings.criteria)
    points = positions(way.lon, way.lat, way.elevation_m)
    segment = GPXTrackSegment(
        [GPXTrackPoint(latitude=lat, longitude=lon, elevation=ele) for lon, lat, ele in points]
    )
    track = GPXTrack(name=gpx.name)
    track.segments.append(segment)
    gpx.tracks.append(track)
    climb = hill.climb
    ends = positions(climb.lon[[0, -1]], climb.lat[[0, -1]], climb.profile.elevation_m[[0, -1]])
    for name, (lon, lat, ele) in zip(("Bottom", "Top"), ends, strict=True):
        gpx.waypoints.append(GPXWaypoint(latitude=lat, longitude=lon, elevation=ele, name=name))
    return gpx.to_xml(version="1.1") + "\n"


def _name(hill: Hill) -> str:
    return plain(hill.name, NAME_LIMIT) or "Hill"


def _description(findings: Findings, hill: Hill) -> str:
    return plain(f"{grade(hill)} over {length(hill.climb.length_m)}. {' '.join(sources(findings))}")
