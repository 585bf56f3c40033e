"""Read lines from the text of GPX and GeoJSON files.

- **GPX**: every ``trkseg`` and every ``rte`` is a line, in the order of the file. Python's own
  XML parser reads a million points in 4 s and 325 MB, and downloads nothing that the file names.
  Read as a tree they take 1.0 GB, and by gpxpy 46 s and 1.9 GB. GDAL, through pyogrio, drops points
  without coordinates, reads ``lat="x"`` as 0 and puts all tracks behind all routes.
- **GeoJSON** (RFC 7946): every ``LineString`` and every part of a ``MultiLineString`` is a line:
  bare, in a feature, a feature collection or a geometry collection. GDAL makes dates of text that
  looks like one, text of numbers where another feature has text, and gives every feature the
  properties of all, so they would not come back as they were given.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn
from xml.etree.ElementTree import ParseError, XMLParser

import numpy as np

from hillfinder.errors import LinesError
from hillfinder.model import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hillfinder.model import Floats

#: Elements of a GPX track or route that become properties.
FACTS: Final = ("name", "cmt", "desc", "src", "number", "type")
#: Names of WGS 84, longitude first, in the ``crs`` that GeoJSON had before 2016.
WGS84: Final = ("CRS84", "CRS84H", "EPSG:4326", "EPSG::4326", "EPSG::4979", "EPSG:4979")
#: Largest longitude, degrees: those beyond 180 are written for lines across the antimeridian.
MOST_LON = 360.0
#: Largest latitude, degrees.
MOST_LAT = 90.0
#: Deepest nesting of properties.
DEEPEST: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class GivenLine:
    """A line as drawn.

    Attributes:
        lon, lat: shape (n,), degrees, longitudes from -180 up to 180.
        properties: properties as given.
        recorded: whether it comes from GPX, some metres beside the path.
    """

    lon: Floats
    lat: Floats
    properties: Mapping[str, Any] = field(default_factory=dict)
    recorded: bool = False


def on_earth(
    lon: Floats, lat: Floats, properties: Mapping[str, Any], name: str, *, recorded: bool = False
) -> GivenLine:
    """Return a line, and refuse points that are not on earth."""
    # NaN fails every comparison, and is refused too.
    bad = np.flatnonzero(~((np.abs(lon) <= MOST_LON) & (np.abs(lat) <= MOST_LAT)))
    if len(bad):
        msg = (
            f"{name} has a point at longitude {lon[bad[0]]:g}, latitude {lat[bad[0]]:g}, which is "
            "nowhere: give degrees of WGS 84, in GeoJSON longitude first."
        )
        raise LinesError(msg)
    # Only longitudes beyond are moved: adding 180 to all would blur their last digits.
    lon = np.where(lon >= 180, lon - 360, np.where(lon < -180, lon + 360, lon))
    return GivenLine(read_only(lon), read_only(lat), properties, recorded)


# --- GeoJSON --------------------------------------------------------------------------------------


def from_geojson(data: bytes, name: str) -> Iterator[GivenLine | str]:
    """Yield the lines of GeoJSON, and the kind of everything else.

    Raises:
        LinesError: it is cut short, or not as RFC 7946 describes it.
    """
    try:
        yield from _geojson(json.loads(data), {}, name)
    except RecursionError as error:
        msg = f"{name} nests deeper than any map does: write it again with another program."
        raise LinesError(msg) from error
    except ValueError as error:
        msg = f"{name} is no whole GeoJSON ({error}): it may be cut short. Write it again."
        raise LinesError(msg) from error


def _geojson(thing: object, properties: Mapping[str, Any], name: str) -> Iterator[GivenLine | str]:
    """Yield the lines of a GeoJSON object, and the kind of everything else."""
    if not isinstance(thing, dict):
        _refuse(name, f"has {type(thing).__name__} where an object belongs")
    _check_crs(thing.get("crs"), name)
    kind = str(thing.get("type"))
    if kind == "FeatureCollection":
        for feature in _list(thing, "features", name):
            yield from _geojson(feature, {}, name)
    elif kind == "Feature":
        own = thing.get("properties") or {}
        _check_properties(own, name)
        if thing.get("geometry") is None:
            yield "Feature without geometry"
        else:
            yield from _geojson(thing["geometry"], own, name)
    elif kind == "GeometryCollection":
        for geometry in _list(thing, "geometries", name):
            yield from _geojson(geometry, properties, name)
    else:
        for part in _geometry_lines(thing, kind, name):
            yield part if isinstance(part, str) else on_earth(*part, properties, name)


def _geometry_lines(
    thing: dict[str, Any], kind: str, name: str
) -> Iterator[tuple[Floats, Floats] | str]:
    """Yield the coordinates of each line of a geometry, or its kind if it has no lines."""
    if kind in {"Point", "MultiPoint", "Polygon", "MultiPolygon"}:
        yield kind
    elif kind == "LineString":
        yield _positions(_list(thing, "coordinates", name), name)
    elif kind == "MultiLineString":
        for part in _list(thing, "coordinates", name):
            yield _positions(part, name)
    else:
        _refuse(name, f"has an object of the type {kind!r:.40}, which GeoJSON does not know")


def _positions(drawn: object, name: str) -> tuple[Floats, Floats]:
    """Return longitudes and latitudes of positions, which may have more numbers."""
    try:
        pairs = [position[:2] for position in drawn]  # type: ignore[attr-defined]
        # NumPy would take true for 1.
        numbers = {type(number) for pair in pairs for number in pair} <= {int, float}
        array = np.array(pairs) if pairs else np.empty((0, 2))
    except (TypeError, ValueError, KeyError):
        array, numbers = np.empty(0), False
    if not numbers or array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "if":
        _refuse(name, "has a line whose coordinates are no pairs of numbers")
    lon, lat = array.T.astype(np.float64)
    return lon, lat


def _check_properties(own: object, name: str) -> None:
    """Refuse properties that are no object, or nest too deep to be written again."""
    if not isinstance(own, dict):
        _refuse(name, "has a feature whose properties are no object")
    level: list[Any] = [own]
    for _ in range(DEEPEST):
        inside = (part.values() if isinstance(part, dict) else part for part in level)
        level = [part for parts in inside for part in parts if isinstance(part, dict | list)]
        if not level:
            return
    _refuse(name, f"has properties that nest more than {DEEPEST} deep")


def _check_crs(crs: object, name: str) -> None:
    """Refuse coordinates that are not in WGS 84 by an old ``crs`` member."""
    if crs is None:
        return
    said = crs.get("properties") if isinstance(crs, dict) else crs
    system = str(said.get("name") if isinstance(said, dict) else said)
    if not system.upper().endswith(WGS84):
        msg = (
            f'{name} says that its coordinates are in "{system:.60}", and GeoJSON is read in WGS '
            "84 alone (RFC 7946): convert it, for instance with ogr2ogr -t_srs EPSG:4326."
        )
        raise LinesError(msg)


def _list(thing: dict[str, Any], key: str, name: str) -> list[Any]:
    value = thing.get(key)
    if not isinstance(value, list):
        _refuse(name, f'has an object whose "{key}" are no list')
    return value


def _refuse(name: str, fault: str) -> NoReturn:
    msg = f"{name} {fault}: give GeoJSON as RFC 7946 describes it."
    raise LinesError(msg)


# --- GPX ------------------------------------------------------------------------------------------


def from_gpx(data: bytes, name: str) -> list[GivenLine | str]:
    """Return the lines of GPX, and a word for every waypoint.

    Raises:
        LinesError: it is cut short, is not GPX, or has a point that cannot be placed.
    """
    reader = _Gpx(name)
    parser = XMLParser(target=reader)  # noqa: S314 - expat bounds what entities grow to
    try:
        parser.feed(data)
        parser.close()
    except (ParseError, ValueError, LookupError) as error:
        msg = f"{name} is no whole GPX ({error}): it may be cut short. Export it again."
        raise LinesError(msg) from error
    return reader.found


class _Gpx:
    """A target of the XML parser that collects the lines of GPX.

    Attributes:
        found: the lines, and a word for every waypoint.
    """

    def __init__(self, name: str) -> None:
        self.found: list[GivenLine | str] = []
        self._file = name
        self._path: list[str] = []
        self._facts: dict[str, Any] = {}
        self._parts: list[list[float]] = []
        self._text: list[str] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        parent = self._path[-1] if self._path else None
        self._path.append(tag)
        if parent is None and tag != "gpx":
            msg = f"{self._file} is a file of the type {tag:.40}, not GPX: export it as GPX."
            raise LinesError(msg)
        if tag in {"trkpt", "rtept"}:
            self._point(attributes)
        elif tag in {"trk", "rte"}:
            self._facts, self._parts = {}, [[]] if tag == "rte" else []
        elif tag == "trkseg":
            self._parts.append([])
        elif tag == "wpt":
            self.found.append("waypoint")
        elif parent in {"trk", "rte"} and tag in FACTS:
            self._text = []

    def _point(self, attributes: Mapping[str, str]) -> None:
        try:
            position = float(attributes["lon"]), float(attributes["lat"])
            self._parts[-1].extend(position)
        except (KeyError, ValueError, IndexError):
            msg = (
                f"{self._file} has a point of a track or route without a longitude and latitude in "
                "numbers, or outside of both: export it again."
            )
            raise LinesError(msg) from None

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        tag = self._path.pop()
        if self._text is not None and tag in FACTS:
            self._facts[tag], self._text = "".join(self._text).strip(), None
        elif tag in {"trk", "rte"}:
            for number, part in enumerate(self._parts, start=1):
                lon, lat = np.array(part).reshape(-1, 2).T
                facts = {**self._facts, "segment": number} if len(self._parts) > 1 else self._facts
                self.found.append(on_earth(lon, lat, facts, self._file, recorded=True))
            self._parts = []
