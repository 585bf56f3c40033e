"""Lines from GPX, GeoJSON and objects: each in its order, and what is broken in a sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import gpxpy
import gpxpy.gpx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hillfinder.errors import LinesError
from hillfinder.results.grading.line_files import GivenLine
from hillfinder.results.grading.line_input import parse, read_lines

if TYPE_CHECKING:
    from pathlib import Path

LINE = [[8.0, 46.0], [8.001, 46.001]]
OTHER = [[8.5, 46.5], [8.501, 46.5], [8.502, 46.501]]
ENTITY = b"<!DOCTYPE gpx [<!ENTITY %b>]><gpx><trk><name>%b</name></trk></gpx>"
POINTS = '<trkpt lat="46" lon="8"><ele>9</ele></trkpt><trkpt lat="46.001" lon="8.001"/>'


def geojson(thing: object) -> bytes:
    return json.dumps(thing).encode()


def gpx(inside: str) -> bytes:
    return f'<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1">{inside}</gpx>'.encode()


def string(coordinates: object = LINE) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": coordinates}


def feature(geometry: object, **properties: object) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def points(line: GivenLine) -> list[list[float]]:
    return [list(point) for point in zip(line.lon.tolist(), line.lat.tolist(), strict=True)]


# --- GeoJSON --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "thing",
    [
        string(),
        feature(string()),
        {"type": "FeatureCollection", "features": [feature(string())]},
        {"type": "GeometryCollection", "geometries": [string()]},
        feature({"type": "GeometryCollection", "geometries": [string()]}),
        {"type": "MultiLineString", "coordinates": [LINE]},
        {**string(), "crs": None},
        {
            **string(),
            "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        },
        {**string(), "crs": {"type": "name", "properties": {"name": "EPSG:4326"}}},
    ],
)
def test_a_line_is_found_wherever_geojson_may_have_it(thing: object) -> None:
    (line,) = parse(geojson(thing), "a").lines
    assert points(line) == LINE
    assert not line.recorded


def test_lines_keep_their_order_and_each_part_is_one() -> None:
    both = {"type": "MultiLineString", "coordinates": [OTHER, LINE]}
    found = parse(
        geojson(
            {
                "type": "FeatureCollection",
                "features": [
                    feature(string(), name="one"),
                    feature({"type": "Point", "coordinates": [8, 46]}),
                    feature(both, name="two", n=[1, {"deep": None}]),
                    feature(None),
                    feature(string([])),
                    feature({"type": "Polygon", "coordinates": [[*LINE, [8, 46.1], LINE[0]]]}),
                ],
            }
        ),
        "a",
    )
    assert [points(line) for line in found.lines] == [LINE, OTHER, LINE, []]
    two = {"name": "two", "n": [1, {"deep": None}]}
    assert [line.properties for line in found.lines] == [{"name": "one"}, two, two, {}]
    assert found.skipped == {"Point": 1, "Feature without geometry": 1, "Polygon": 1}


def test_heights_and_more_in_a_position_are_let_be() -> None:
    (line,) = parse(geojson(string([[8, 46, 700], [8.001, 46.001], [8.002, 46, 1, 5]])), "a").lines
    assert points(line) == [[8, 46], [8.001, 46.001], [8.002, 46]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_may_be_encoded_as_json_may_be(encoding: str) -> None:
    text = json.dumps(feature(string(), name="Nuñez"), ensure_ascii=False)
    assert parse(text.encode(encoding), "a").lines[0].properties == {"name": "Nuñez"}


def test_longitudes_beyond_180_come_round_and_others_keep_their_last_digit() -> None:
    (line,) = parse(geojson(string([[179.9, 0], [180.1, 0], [180, 0], [-180.5, 0]])), "a").lines
    np.testing.assert_allclose(line.lon, [179.9, -179.9, -180, 179.5], atol=1e-12)
    (line,) = parse(geojson(string([[-122.38762725301636, 47], [0.1, 0.3]])), "a").lines
    assert line.lon.tolist() == [-122.38762725301636, 0.1]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "a is empty"),
        (b" \n", "a is empty"),
        (b"lat,lon\n46,8\n", "neither GPX nor GeoJSON"),
        (b"PK\x03\x04", "neither GPX nor GeoJSON"),
        (b'{"type": "LineString", "coordinates": [[8, 46], [8', "may be cut short"),
        (b'{"type": "LineString", "coordinates": [[8, NaN], [8, 46]]}', "nowhere"),
        (b'{"type": "LineString", "coordinates": [[8, 1e999], [8, 46]]}', "nowhere"),
        (b'{"type": "\xff"}', "may be cut short"),
        (b'{"type":"GeometryCollection","geometries":[' * 5000 + b"]}" * 5000, "nests deeper"),
        (geojson({}), "type 'None', which"),
        (geojson({"type": ["LineString"]}), "which GeoJSON does not know"),
        (b'{"type":"Feature","properties":{"a":' + b"[" * 200 + b"]" * 200 + b"}}", "nest more"),
        (geojson({"type": "LineString"}), '"coordinates" are no list'),
        (geojson({"type": "FeatureCollection", "features": {}}), '"features" are no list'),
        (geojson({"type": "FeatureCollection", "features": [5]}), "int where an object belongs"),
        (geojson({"type": "Feature", "geometry": [], "properties": {}}), "list where an object"),
        (geojson({**feature(string()), "properties": [1]}), "properties are no object"),
        (geojson(string([[8, 46], [8]])), "no pairs of numbers"),
        (geojson(string([8, 46])), "no pairs of numbers"),
        (geojson(string([[8, 46], [True, 46.5]])), "no pairs of numbers"),
        (geojson(string([["8", "46"], ["8", "47"]])), "no pairs of numbers"),
        (geojson(string([[8, None], [8, 47]])), "no pairs of numbers"),
        (geojson(string([[10**30, 46], [8, 47]])), "no pairs of numbers"),
        (geojson({"type": "MultiLineString", "coordinates": [5]}), "no pairs of numbers"),
        (geojson(string([[47.6, -122.4], [47.7, -122.4]])), "latitude -122.4.*longitude first"),
        (geojson(string([[500000, 5000000], [500001, 5000000]])), "nowhere: give degrees"),
        (geojson({"type": "Point", "coordinates": [8, 46]}), "no line, only 1 x Point"),
        (geojson({"type": "FeatureCollection", "features": []}), "a holds no line: give"),
        (
            geojson({**string(), "crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::2926"}}}),
            r'in "urn:ogc:def:crs:EPSG::2926".*ogr2ogr -t_srs EPSG:4326',
        ),
        (geojson({**string(), "crs": {"type": "link", "properties": {"href": "x"}}}), "ogr2ogr"),
        (geojson({**string(), "crs": "EPSG:14326"}), "ogr2ogr"),
    ],
)  # fmt: skip
def test_geojson_that_cannot_be_used_says_why(data: bytes, said: str) -> None:
    with pytest.raises(LinesError, match=said):
        parse(data, "a")


# --- GPX ------------------------------------------------------------------------------------------


def test_each_segment_and_each_route_is_a_line_in_the_order_of_the_file() -> None:
    route = "<rtept lat='46.5' lon='8.5'/><rtept lat='46.6' lon='8.5'><name>turn</name></rtept>"
    found = parse(
        gpx(
            "<metadata><name>file</name></metadata><wpt lat='46' lon='8'><name>door</name></wpt>"
            f"<rte><name>plan</name>{route}</rte>"
            f"<trk><name> Hill &amp; back </name><desc>wet</desc><type>running</type>"
            f"<extensions><name>colour</name></extensions>"
            f"<trkseg>{POINTS}</trkseg><trkseg/></trk><trk><trkseg>{POINTS}</trkseg></trk>"
        ),
        "a",
    )
    rising = [[8.5, 46.5], [8.5, 46.6]]
    assert [points(line) for line in found.lines] == [rising, LINE, [], LINE]
    hill = {"name": "Hill & back", "desc": "wet", "type": "running"}
    assert [line.properties for line in found.lines] == [
        {"name": "plan"},
        hill | {"segment": 1},
        hill | {"segment": 2},
        {},
    ]
    assert all(line.recorded for line in found.lines)
    assert found.skipped == {"waypoint": 1}


@settings(deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 179.9)), max_size=5), min_size=1
    )
)
def test_what_gpxpy_writes_is_read(segments: list[list[tuple[float, float]]]) -> None:
    file = gpxpy.gpx.GPX()
    track = gpxpy.gpx.GPXTrack("a <b> \u00e9")
    file.tracks.append(track)
    for segment in segments:
        written = gpxpy.gpx.GPXTrackSegment()
        written.points = [gpxpy.gpx.GPXTrackPoint(lat, lon, 5.0) for lat, lon in segment]
        track.segments.append(written)
    lines = parse(file.to_xml().encode(), "a").lines
    again = gpxpy.parse(file.to_xml()).tracks[0].segments
    assert [points(line) for line in lines] == [
        [[point.longitude, point.latitude] for point in segment.points] for segment in again
    ]
    assert lines[0].properties["name"] == "a <b> \u00e9"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<gpx", "may be cut short"),
        (gpx(f"<trk><trkseg>{POINTS}</trkseg></trk>")[:-30], "may be cut short"),
        (b'<?xml version="1.0" encoding="klingon"?><gpx/>', "unknown encoding"),
        (b"<kml></kml>", "type kml, not GPX"),
        (b"<html><body>Not found</body></html>", "a is a web page, neither GPX nor GeoJSON"),
        (b"\xef\xbb\xbf\n<!DOCTYPE HTML>\n<meta charset=utf-8><br>Log in", "a is a web page"),
        (gpx("<trk><trkseg><trkpt lat='46'/></trkseg></trk>"), "without a longitude"),
        (gpx("<trk><trkseg><trkpt lat='46' lon='x'/></trkseg></trk>"), "without a longitude"),
        (gpx("<trk><trkpt lat='46' lon='8'/></trk>"), "outside of both"),
        (gpx("<trk><trkseg/></trk><trkpt lat='46' lon='8'/>"), "outside of both"),
        (gpx("<trk><trkseg><trkpt lat='460' lon='8'/></trkseg></trk>"), "latitude 460.*nowhere"),
        (gpx("<trk><trkseg><trkpt lat='nan' lon='8'/></trkseg></trk>"), "nowhere"),
        (gpx("<wpt lat='46' lon='8'/>" * 2), "no line, only 2 x waypoint"),
        (gpx(""), "a holds no line: give"),
        (ENTITY % (b"a SYSTEM 'file:///etc/hostname'", b"&a;"), "undefined entity"),
        (ENTITY % (b"a '" + b"ha" * 99999 + b"'", b"&a;" * 999), "amplification"),
    ],
)  # fmt: skip
def test_gpx_that_cannot_be_used_says_why(data: bytes, said: str) -> None:
    with pytest.raises(LinesError, match=said):
        parse(data, "a")


# --- Files and objects ----------------------------------------------------------------------------


def test_the_content_of_a_file_says_what_it_is(tmp_path: Path) -> None:
    wrong = tmp_path / "misnamed.gpx"
    wrong.write_bytes(geojson(string()))
    assert points(read_lines(wrong).lines[0]) == points(read_lines(str(wrong)).lines[0]) == LINE


@pytest.mark.parametrize("name", [".", "absent.gpx", "nul\0.gpx"])
def test_a_path_that_is_no_file_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LinesError, match=r"cannot be read \(.*\): give a GPX or GeoJSON file"):
        read_lines(name)


def test_shapely_and_geopandas_are_read_in_any_coordinate_system() -> None:
    shape = shapely.LineString([(8, 46, 5), (8.001, 46.001, 6)])
    both = shapely.MultiLineString([LINE, OTHER])
    assert points(read_lines(shape).lines[0]) == LINE
    assert [points(line) for line in read_lines([both, shape]).lines] == [LINE, OTHER, LINE]
    table = gpd.GeoDataFrame(
        {"name": ["a", "b", "c"], "n": [1, 2, 3]},
        geometry=[shape, None, shapely.Point(8, 46)],
        crs="EPSG:4326",
    )
    for given_table in (table, table.set_crs(None, allow_override=True), table.to_crs(2056)):
        found = read_lines(given_table)
        np.testing.assert_allclose(points(found.lines[0]), LINE, atol=1e-8)
        assert found.lines[0].properties == {"name": "a", "n": 1}
        assert found.skipped == {"missing geometry": 1, "Point": 1}
    assert points(read_lines(table.geometry).lines[0]) == LINE
    assert read_lines(read_lines(table)).lines[0].properties == {"name": "a", "n": 1}


@pytest.mark.parametrize("thing", [5, None, [], ["a"], shapely.Point(8, 46)])
def test_objects_without_lines_are_refused(thing: Any) -> None:
    with pytest.raises(LinesError, match="What was given holds no line"):
        read_lines(thing)


def test_a_line_cannot_be_written_through() -> None:
    own = np.array([8.0, 8.1])
    (line,) = read_lines([GivenLine(own, own + 38, {"a": 1}, recorded=True)]).lines
    assert line.recorded
    with pytest.raises(ValueError, match="read-only"):
        line.lon[0] = 0
    own[0] = 5
    assert line.lon[0] == 8
