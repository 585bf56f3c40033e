"""Hills as KML 2.2 (OGC 07-147r2), for Google Earth and similar programs.

Google Earth shows a description as HTML, and anyone can name a street ``<script>``: descriptions
are escaped for HTML first, and the balloon of a line shows its description alone. The order of
elements is that of the schema.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement

from hillfinder.output.formats import Format
from hillfinder.output.formats.elements import document_text, put_child
from hillfinder.output.records import hill_rows, line_positions
from hillfinder.output.text.phrases import credits_of, heading, length, mean_grade, warmup
from hillfinder.output.text.sanitize import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hillfinder.model import Findings, Floats, Hill

KML_NAMESPACE: Final = "http://www.opengis.net/kml/2.2"
#: Colours of lines, as KML writes them (opacity, blue, green, red), and widths in pixels.
STYLES: Final = {"hill": ("ff2222dd", 6), "warm-up": ("cc444444", 2)}


def to_kml(findings: Findings) -> str:
    """Return all hills and the ways to them, as text: the same bytes for the same findings.

    A placemark for the place, a folder of hills, foot first, each with its
    ``records.HILL_COLUMNS``, and one of warm-ups. Lines are drawn on the ground; their coordinates
    have heights where all of a line are known.
    """
    root = Element("kml", xmlns=KML_NAMESPACE)
    document = SubElement(root, "Document")
    _named(document, heading(findings), credits_of(findings))
    for name, (colour, width) in STYLES.items():
        style = SubElement(document, "Style", id=name)
        line = SubElement(style, "LineStyle")
        put_child(line, "color", colour)
        put_child(line, "width", width)
        put_child(SubElement(style, "BalloonStyle"), "text", "$[description]")
    place = findings.place
    door = SubElement(document, "Placemark")
    _named(door, plain(place.name) or "Start", ())
    put_child(SubElement(door, "Point"), "coordinates", _tuple([place.lon, place.lat]))
    hills = SubElement(document, "Folder")
    put_child(hills, "name", "Hills")
    for hill, row in zip(findings.hills, hill_rows(findings), strict=True):
        placemark = SubElement(hills, "Placemark")
        _named(placemark, _title(hill), _words(hill))
        put_child(placemark, "styleUrl", "#hill")
        data = SubElement(placemark, "ExtendedData")
        for column, value in row.items():
            if value is not None:
                put_child(SubElement(data, "Data", name=column), "value", value)
        climb = hill.climb
        _line(placemark, climb.lon, climb.lat, climb.profile.elevation_m)
    ways = SubElement(document, "Folder")
    put_child(ways, "name", "Warm-ups")
    for hill in findings.hills:
        if hill.approach is not None:
            placemark = SubElement(ways, "Placemark")
            _named(placemark, f"To {_title(hill)}", (warmup(hill),))
            put_child(placemark, "styleUrl", "#warm-up")
            _line(placemark, hill.approach.lon, hill.approach.lat, hill.approach.elevation_m)
    return document_text(root)


def _title(hill: Hill) -> str:
    return f"{hill.rank}. {plain(hill.name) or 'Hill'}"


def _words(hill: Hill) -> Iterable[str]:
    """Return the text of the balloon of a hill."""
    climb = hill.climb
    yield _title(hill)
    yield f"{mean_grade(hill)} over {length(climb.length_m)}, {length(climb.gain_m)} up."
    yield from hill.notes


def _named(parent: Element, name: str, words: Iterable[str]) -> None:
    """Add the name, and the description as HTML, a line a sentence."""
    put_child(parent, "name", name)
    lines = [escape(plain(text)) for text in words]
    if lines:
        put_child(parent, "description", "<br>".join(lines))


def _line(placemark: Element, lon: Floats, lat: Floats, elevation_m: Floats) -> None:
    points = line_positions(lon, lat, elevation_m)
    size = 2 if any(height is None for *_, height in points) else 3
    line = SubElement(placemark, "LineString")
    put_child(line, "tessellate", 1)
    put_child(line, "coordinates", " ".join(_tuple(point[:size]) for point in points))


def _tuple(numbers: Iterable[float]) -> str:
    """Return numbers as a tuple of KML: not every reader takes 1e-05.

    >>> _tuple([-122.7, 0.00001, 100.0])
    '-122.7,0.00001,100'
    """
    return ",".join(f"{number:.7f}".rstrip("0").rstrip(".") for number in numbers)


FORMAT = Format(
    name="kml",
    file="hills.kml",
    help="Write all hills as KML.",
    about="all hills and the ways to them",
    make=lambda asked: to_kml(asked.findings),
)
