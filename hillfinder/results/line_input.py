"""Lines that somebody already has: from GPX, from GeoJSON, from shapely and GeoPandas.

- **GPX**: every ``trkseg`` and every ``rte`` is a line, in the order of the file; waypoints are
  none. Python's own XML parser reads a million points in 3 s and 340 MB, and fetches nothing from
  outside the file; gpxpy, which makes an object of every point, took 46 s and 1.9 GB.
- **GeoJSON** (RFC 7946): every ``LineString`` is a line and every part of a ``MultiLineString``,
  wherever it stands: bare, in a feature, a collection, a collection of geometries.

A line is one however short: an empty one keeps its row, so that rows match what was given. Heights
in the file are not read: they come from a barometer, a phone or another model, and nobody knows
how good they are.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn
from xml.etree.ElementTree import ParseError, XMLParser

import numpy as np

from hillfinder.errors import LinesError
from hillfinder.model import Place, read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    import geopandas as gpd
    import shapely

    from hillfinder.model import Floats

    Given: TypeAlias = (
        "Path | str | Lines | gpd.GeoDataFrame | gpd.GeoSeries | shapely.Geometry "
        "| Iterable[shapely.Geometry | Line]"
    )

#: What a track or route of GPX says of itself.
FACTS: Final = ("name", "cmt", "desc", "src", "number", "type")
#: Names of WGS 84, longitude first, in the ``crs`` that GeoJSON had before 2016.
WGS84: Final = ("CRS84", "CRS84H", "EPSG:4326", "EPSG::4326", "EPSG::4979", "EPSG:4979")
#: Longitudes beyond 180 are written for lines that cross the antimeridian.
MOST_LON, MOST_LAT = 360.0, 90.0
#: Properties nest no deeper.
DEEPEST: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line as drawn.

    Attributes:
        lon, lat: shape (n,), degrees, longitudes from -180 up to 180.
        properties: what is said of it, as it was given.
        recorded: it comes from GPX, and may lie some metres beside the path.
    """

    lon: Floats
    lat: Floats
    properties: Mapping[str, Any] = field(default_factory=dict)
    recorded: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """What was read: the lines in order, and how many things of each other kind."""

    lines: tuple[Line, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where the first of them begins: there heights are looked for."""
        first = next((line for line in self.lines if len(line.lon)), None)
        return Place(0.0, 0.0) if first is None else Place(float(first.lat[0]), float(first.lon[0]))


def read(given: Given) -> Lines:
    """Return the lines of whatever holds lines.

    Args:
        given: the path of a GPX or GeoJSON file; a ``GeoDataFrame`` or ``GeoSeries``, in any
            coordinate system that it names; a shapely geometry or several, in degrees; ``Line``
            records.

    Raises:
        LinesError: it cannot be read, or holds no line.
    """
    if isinstance(given, Lines):
        return given
    if isinstance(given, Path | str):
        return parse(_bytes(Path(given)), Path(given).name)
    return _collected(_from_objects(given), "What was given")


def parse(data: bytes, name: str) -> Lines:
    """Return the lines of a GPX or GeoJSON file; what it begins with says which it is.

    >>> parse(b'{"type": "LineString", "coordinates": [[8, 46], [8, 46.001]]}', "a").lines[0].lat
    array([46.   , 46.001])

    Args:
        data: the whole file.
        name: what to call it in an error.

    Raises:
        LinesError: it is neither, is broken, or holds no line.
    """
    if any(word in data[:1024].lower() for word in (b"<!doctype html", b"<html")):
        msg = (
            f"{name} is a web page, neither GPX nor GeoJSON: the link may have run out, or want "
            "you to log in. Fetch the file itself."
        )
        raise LinesError(msg)
    start = data[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    if start == b"<":
        return _collected(_from_gpx(data, name), name)
    if start == b"{":
        return _collected(_from_geojson(data, name), name)
    what = "is empty" if not data.strip() else "is neither GPX nor GeoJSON"
    msg = f"{name} {what}: give a track or route as .gpx, or lines as .geojson."
    raise LinesError(msg)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"{path} cannot be read ({reason}): give a GPX or GeoJSON file."
        raise LinesError(msg) from error


def _collected(items: Iterable[Line | str], name: str) -> Lines:
    """Return the lines among ``items``; the others are the kinds of what is skipped."""
    lines: list[Line] = []
    skipped: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Line):
            lines.append(item)
        else:
            skipped[item] += 1
    if not lines:
        found = f", only {counted(skipped)}" if skipped else ""
        msg = f"{name} holds no line{found}: give tracks, routes, LineString or MultiLineString."
        raise LinesError(msg)
    return Lines(tuple(lines), dict(skipped))


def counted(kinds: Mapping[str, int]) -> str:
    """Return numbers of things as a person lists them.

    >>> counted({"Point": 3, "Polygon": 1})
    '3 x Point, 1 x Polygon'
    """
    return ", ".join(f"{count} x {kind}" for kind, count in kinds.items())


def _line(
    lon: Floats, lat: Floats, properties: Mapping[str, Any], name: str, *, recorded: bool = False
) -> Line:
    """Return a line whose points all lie on earth."""
    # Not-a-number fails every comparison, and so is caught with what is too large.
    bad = np.flatnonzero(~((np.abs(lon) <= MOST_LON) & (np.abs(lat) <= MOST_LAT)))
    if len(bad):
        msg = (
            f"{name} has a point at longitude {lon[bad[0]]:g}, latitude {lat[bad[0]]:g}, which is "
            "nowhere: give degrees of WGS 84, in GeoJSON longitude first."
        )
        raise LinesError(msg)
    # Only what lies beyond is moved: adding 180 to every number would blur its last digits.
    lon = np.where(lon >= 180, lon - 360, np.where(lon < -180, lon + 360, lon))
    return Line(read_only(lon), read_only(lat), properties, recorded)


# --- GeoJSON --------------------------------------------------------------------------------------


def _from_geojson(data: bytes, name: str) -> Iterator[Line | str]:
    try:
        yield from _geojson(json.loads(data), {}, name)
    except RecursionError as error:
        msg = f"{name} nests deeper than any map does: write it again with another program."
        raise LinesError(msg) from error
    except ValueError as error:
        msg = f"{name} is no whole GeoJSON ({error}): it may be cut short. Write it again."
        raise LinesError(msg) from error


def _geojson(thing: object, properties: Mapping[str, Any], name: str) -> Iterator[Line | str]:
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
        for part in _parts(thing, kind, name):
            yield part if isinstance(part, str) else _line(*part, properties, name)


def _parts(thing: dict[str, Any], kind: str, name: str) -> Iterator[tuple[Floats, Floats] | str]:
    """Yield the coordinates of every line of a geometry, or its kind where it has no lines."""
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
    """Return longitudes and latitudes of positions that may have more numbers than these two."""
    try:
        pairs = [position[:2] for position in drawn]  # type: ignore[attr-defined]
        # To NumPy true is 1.
        numbers = {type(number) for pair in pairs for number in pair} <= {int, float}
        array = np.array(pairs) if pairs else np.empty((0, 2))
    except (TypeError, ValueError, KeyError):
        array, numbers = np.empty(0), False
    if not numbers or array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "if":
        _refuse(name, "has a line whose coordinates are no pairs of numbers")
    lon, lat = array.T.astype(np.float64)
    return lon, lat


def _check_properties(own: object, name: str) -> None:
    """Refuse properties that are none, or nest so deep that no program could write them again."""
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
    """Refuse what is not in degrees of WGS 84, as an old ``crs`` member says."""
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


def _from_gpx(data: bytes, name: str) -> list[Line | str]:
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
    """What the XML parser tells of a GPX file, put together to lines.

    Attributes:
        found: the lines, and a word for every waypoint.
    """

    def __init__(self, name: str) -> None:
        self.found: list[Line | str] = []
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
                self.found.append(_line(lon, lat, facts, self._file, recorded=True))
            self._parts = []


# --- Objects --------------------------------------------------------------------------------------


def _from_objects(given: object) -> Iterator[Line | str]:
    """Yield the lines of shapely geometries, of a table of them, of ``Line`` records."""
    import geopandas as gpd
    import shapely

    if isinstance(given, gpd.GeoDataFrame | gpd.GeoSeries):
        placed = given if given.crs is None else given.to_crs("EPSG:4326")
        rows: list[dict[str, Any]] = [{} for _ in range(len(placed))]
        if isinstance(placed, gpd.GeoDataFrame):
            rows = placed.drop(columns=placed.active_geometry_name).to_dict("records")
        for geometry, properties in zip(placed.geometry, rows, strict=True):
            yield from _geometry(geometry, {str(key): v for key, v in properties.items()})
        return
    if isinstance(given, shapely.Geometry | Line):
        given = [given]
    try:
        items = iter(given)  # type: ignore[call-overload]
    except TypeError:
        items = iter([given])
    for item in items:
        if isinstance(item, Line):
            yield _line(np.array(item.lon, float), np.array(item.lat, float), item.properties,
                        "What was given", recorded=item.recorded)  # fmt: skip
        else:
            yield from _geometry(item, {})


def _geometry(geometry: object, properties: Mapping[str, Any]) -> Iterator[Line | str]:
    import shapely

    if isinstance(geometry, shapely.MultiLineString | shapely.GeometryCollection):
        for part in geometry.geoms:
            yield from _geometry(part, properties)
    elif isinstance(geometry, shapely.LineString):
        lon, lat = shapely.get_coordinates(geometry).T.copy()
        yield _line(lon, lat, properties, "What was given")
    else:
        yield "missing geometry" if geometry is None else type(geometry).__name__
