"""Read lines from a file, from shapely or from GeoPandas.

An empty line keeps its row, so that rows match what was given. Heights in a file are not read: they
come from a barometer, a phone or another model of unknown quality.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hillfinder.errors import LinesError
from hillfinder.model import Place
from hillfinder.results.grading.line_files import GivenLine, from_geojson, from_gpx, on_earth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    import geopandas as gpd
    import shapely

    Given: TypeAlias = (
        "Path | str | GivenLines | gpd.GeoDataFrame | gpd.GeoSeries | shapely.Geometry "
        "| Iterable[shapely.Geometry | GivenLine]"
    )


@dataclass(frozen=True, slots=True, eq=False)
class GivenLines:
    """Lines that were read.

    Attributes:
        lines: in the order given.
        skipped: the number of things of each other kind.
        table: a row for each line, where they were given as a table, in EPSG:4326.
    """

    lines: tuple[GivenLine, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
    table: gpd.GeoDataFrame | None = None

    @property
    def place(self) -> Place:
        """The beginning of the first line, where heights are looked for."""
        first = next((line for line in self.lines if len(line.lon)), None)
        return Place(0.0, 0.0) if first is None else Place(float(first.lat[0]), float(first.lon[0]))


def read_lines(given: Given) -> GivenLines:
    """Return the lines of a file, a table or geometries.

    Args:
        given: the path of a GPX or GeoJSON file; a ``GeoDataFrame`` or ``GeoSeries``, in any
            coordinate system that it names; a shapely geometry or several, in degrees;
            ``GivenLine`` records.

    Raises:
        LinesError: it cannot be read, or holds no line.
    """
    if isinstance(given, GivenLines):
        return given
    if isinstance(given, Path | str):
        return parse(_file_bytes(Path(given)), Path(given).name)
    import geopandas as gpd

    if isinstance(given, gpd.GeoSeries):
        given = gpd.GeoDataFrame(geometry=given)
    if isinstance(given, gpd.GeoDataFrame):
        return _from_table(given)
    return _collected(_from_objects(given), "What was given")


def parse(data: bytes, name: str) -> GivenLines:
    """Return the lines of a GPX or GeoJSON file, told apart by its first character.

    >>> parse(b'{"type": "LineString", "coordinates": [[8, 46], [8, 46.001]]}', "a").lines[0].lat
    array([46.   , 46.001])

    Args:
        data: the whole file.
        name: its name in errors.

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
        return _collected(from_gpx(data, name), name)
    if start == b"{":
        return _collected(from_geojson(data, name), name)
    what = "is empty" if not data.strip() else "is neither GPX nor GeoJSON"
    msg = f"{name} {what}: give a track or route as .gpx, or lines as .geojson."
    raise LinesError(msg)


def _file_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"{path} cannot be read ({reason}): give a GPX or GeoJSON file."
        raise LinesError(msg) from error


def _collected(items: Iterable[GivenLine | str], name: str) -> GivenLines:
    """Return the lines among ``items``; the others are kinds of things that are skipped."""
    lines: list[GivenLine] = []
    skipped: Counter[str] = Counter()
    for item in items:
        if isinstance(item, GivenLine):
            lines.append(item)
        else:
            skipped[item] += 1
    if not lines:
        found = f", only {counted_kinds(skipped)}" if skipped else ""
        msg = f"{name} holds no line{found}: give tracks, routes, LineString or MultiLineString."
        raise LinesError(msg)
    return GivenLines(tuple(lines), dict(skipped))


def counted_kinds(kinds: Mapping[str, int]) -> str:
    """Return a list of numbers of things.

    >>> counted_kinds({"Point": 3, "Polygon": 1})
    '3 x Point, 1 x Polygon'
    """
    return ", ".join(f"{count} x {kind}" for kind, count in kinds.items())


def _from_table(table: gpd.GeoDataFrame) -> GivenLines:
    """Return the lines of a table, which each know their row."""
    table = table.copy() if table.crs is None else table.to_crs("EPSG:4326")
    # Without a column some releases of pandas return no record at all.
    rows = table.drop(columns=table.active_geometry_name).to_dict("records") or [{}] * len(table)
    found = [
        list(_geometry(geometry, {str(key): value for key, value in row.items()}))
        for geometry, row in zip(table.geometry, rows, strict=True)
    ]
    lines = _collected(chain.from_iterable(found), "What was given")
    row = [at for at, parts in enumerate(found) for part in parts if isinstance(part, GivenLine)]
    return replace(lines, table=table.iloc[row])


def _from_objects(given: object) -> Iterator[GivenLine | str]:
    """Yield the lines of shapely geometries and of ``GivenLine`` records."""
    import shapely

    if isinstance(given, shapely.Geometry | GivenLine):
        given = [given]
    try:
        items = iter(given)  # type: ignore[call-overload]
    except TypeError:
        items = iter([given])
    for item in items:
        if isinstance(item, GivenLine):
            yield on_earth(np.array(item.lon, float), np.array(item.lat, float), item.properties,
                        "What was given", recorded=item.recorded)  # fmt: skip
        else:
            yield from _geometry(item, {})


def _geometry(geometry: object, properties: Mapping[str, Any]) -> Iterator[GivenLine | str]:
    import shapely

    if isinstance(geometry, shapely.MultiLineString | shapely.GeometryCollection):
        for part in geometry.geoms:
            yield from _geometry(part, properties)
    elif isinstance(geometry, shapely.LineString):
        lon, lat = shapely.get_coordinates(geometry).T.copy()
        yield on_earth(lon, lat, properties, "What was given")
    else:
        yield "missing geometry" if geometry is None else type(geometry).__name__
