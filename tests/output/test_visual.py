"""Profiles and maps, as SVG and by matplotlib: what is drawn is what is known."""

from __future__ import annotations

import itertools
import json
import math
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hillfinder.elevation.profiles.attach import attach
from hillfinder.errors import InputError
from hillfinder.model import Place
from hillfinder.output import colours
from hillfinder.output.drawn_profile import drawn_profile
from hillfinder.output.text.sparkline import BLOCKS, sparkline
from hillfinder.output.visual import basemap, figure, profile_svg, terrain
from hillfinder.output.visual.page import render_page
from tests.findings import HOSTILE, approach, bare_hill, climb, hill, hills, hostile_hills
from tests.towns import LAT, LON, STREET, Formula, town

SVG = "{http://www.w3.org/2000/svg}"


def svg(text: str) -> Any:
    return etree.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def points(shape: Any) -> Any:
    return np.array([point.split(",") for point in shape.get("points").split()], float)


# --- The scale ------------------------------------------------------------------------------------


def test_steeper_is_darker() -> None:
    def light(colour: str) -> float:
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return 0.299 * red + 0.587 * green + 0.114 * blue

    up = [light(colour) for colour in colours.COLOURS[1:]]
    assert all(a > b + 8 for a, b in itertools.pairwise(up))
    assert len(colours.COLOURS) == len(colours.BREAKS) + 1 == len(colours.colour_labels())


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_the_scale_never_turns_back(one: float, two: float) -> None:
    assert colours.colour_index(min(one, two)) <= colours.colour_index(max(one, two))


def test_what_is_not_known_has_a_colour_too() -> None:
    assert colours.colour_of(math.nan) == colours.COLOURS[0]


# --- What is drawn of a profile -------------------------------------------------------------------


def test_pieces_cover_the_hill_and_no_two_neighbours_are_alike() -> None:
    pieces = drawn_profile(hill()).stretches
    assert pieces[0].start_m == 0
    assert pieces[-1].stop_m == pytest.approx(hill().climb.length_m)
    for one, two in itertools.pairwise(pieces):
        assert one.stop_m == two.start_m
        assert colours.colour_index(one.grade) != colours.colour_index(two.grade)


def test_a_ramp_is_one_piece_of_its_grade() -> None:
    ramp = climb(elevation_m=(100, 100 + 0.1 * 75.04, 100 + 0.1 * 150.04))
    (piece,) = drawn_profile(replace(hill(), climb=ramp)).stretches
    assert piece.grade == pytest.approx(0.1)


def test_what_is_not_known_is_not_drawn() -> None:
    what = drawn_profile(bare_hill())
    assert what.stretches == ()
    assert len(what.lead_distance_m) == 0
    assert math.isfinite(what.low_m)
    unknown = replace(bare_hill(), climb=climb(elevation_m=(math.nan,) * 3))
    assert math.isinf(drawn_profile(unknown).low_m)
    assert "not known" in "".join(svg(profile_svg.to_svg(unknown)).itertext())


def test_the_way_there_leads_to_the_bottom() -> None:
    what = drawn_profile(hill())
    assert what.lead_distance_m[-1] == 0
    assert what.lead_elevation_m[-1] == 100.0
    assert what.lead_distance_m[0] == pytest.approx(-150.04 / 3)
    blank = replace(hill(), approach=approach(elevation_m=(90.0, 95.0, 93.0, math.nan)))
    assert len(drawn_profile(blank).lead_distance_m) == 0


@given(st.floats(-5000, 5000), st.floats(0.1, 9000), st.integers(3, 8))
def test_ticks_are_few_round_and_inside(low: float, size: float, most: int) -> None:
    found = profile_svg.ticks(low, low + size, most)
    assert 1 <= len(found) <= most
    assert all(low - size * 1e-6 <= tick <= low + size * (1 + 1e-6) for tick in found)
    assert len({round(b - a, 9) for a, b in itertools.pairwise(found)}) <= 1


# --- The profile as SVG ---------------------------------------------------------------------------


def test_the_drawing_rises_as_the_hill_does() -> None:
    drawing = svg(profile_svg.to_svg(hill()))
    line = points(drawing.findall(f"{SVG}polyline")[-1])
    assert (np.diff(line[:, 0]) > 0).all()
    assert (np.diff(line[:, 1]) < 0).all()
    foot, top = float(drawing.get("data-foot")), float(drawing.get("data-top"))
    assert line[[0, -1], 0].tolist() == [foot, top]
    band = points(drawing.find(f"{SVG}polygon[@class='doubt']"))
    assert band[:, 1].min() < line[:, 1].min()
    fills = [shape.get("fill") for shape in drawing.findall(f"{SVG}polygon")[:-1]]
    assert fills == [colours.colour_of(piece.grade) for piece in drawn_profile(hill()).stretches]


def test_the_drawing_counts_in_feet_where_asked() -> None:
    said = [text.text for text in svg(profile_svg.to_svg(hill(), "imperial")).iter(f"{SVG}text")]
    assert said[-1] == "ft"
    assert "400" in said


def test_the_drawing_holds_no_word_of_the_map() -> None:
    plain = profile_svg.to_svg(hill())
    for found in hostile_hills():
        assert profile_svg.to_svg(found) == plain


# --- By matplotlib --------------------------------------------------------------------------------


def axes() -> Any:
    from matplotlib.figure import Figure

    return Figure((8.0, 8.0), layout="constrained").subplots()


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_the_profile_has_line_band_and_mark() -> None:
    drawn = axes()
    figure.draw_profile(hill(), drawn)
    profile_ = hill().climb.profile
    line = drawn.lines[-1].get_xydata()
    assert np.allclose(line, np.column_stack([profile_.distance_m, profile_.elevation_m]))
    assert drawn.get_title("left") == hill().name
    assert [text.get_text() for text in drawn.texts][1:] == ["150 m at 11.8 ± 0.9 %"]
    figure.draw_profile(hill(), feet := axes(), "imperial")
    assert feet.get_xlabel() == "from the bottom (ft)"
    assert feet.lines[-1].get_xdata()[-1] == pytest.approx(150.04 / 0.3048)


def test_a_profile_of_which_nothing_is_known_says_so() -> None:
    unknown = replace(bare_hill(), climb=climb(elevation_m=(math.nan,) * 3))
    drawn = axes()
    figure.draw_profile(unknown, drawn)
    assert "not known" in drawn.texts[0].get_text()


def sloping(height: Any = None) -> Any:
    """Return streets on a slope that rises 10 m for every 100 m north, about the hills."""
    nodes = {at: (100.0 * (at % 10), 100.0 * (at // 10)) for at in range(100)}
    ways = [(row + 1, tuple(range(10 * row, 10 * row + 10)), STREET) for row in range(10)]
    return attach(town(ways, nodes), Formula(height or (lambda x, y: 500 + 0.1 * y)))


def test_the_land_is_that_of_the_streets_and_nothing_beyond() -> None:
    network = sloping()
    area = basemap.View(*(network.node_lon.min(), LAT - 0.01), LON + 0.01, LAT + 0.015)
    degree = 111_195.0
    shape, cell = (250, 100), (10 / degree, 10 / degree / math.cos(math.radians(LAT)))
    land = terrain._surface(
        terrain._mean_heights(network, area, Place(LAT, LON), shape, cell), 10.0
    )
    assert land is not None
    north = (LAT - 0.01 + (np.arange(shape[0]) + 0.5) * cell[0] - LAT) * degree
    inside = (north > 100) & (north < 800)
    known = np.ma.array(land[inside][:, 20:70])
    assert not known.mask.any()
    assert np.abs(known - (500 + 0.1 * north[inside])[:, None]).max() <= 0.5  # half a cell
    assert np.ma.getmaskarray(land)[north < -250].all()


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_heights_in_a_row_span_no_land(count: int) -> None:
    read = np.full((20, 20), np.nan)
    read[5, :count] = 100.0
    assert terrain._surface(read, 10.0) is None


def test_the_map_is_drawn_on_any_streets() -> None:
    near = replace(hills(), place=Place(LAT, LON))
    flat = sloping(lambda x, y: 0 * x + 500)
    for network in (sloping(), flat, hills().network):
        drawn = axes()
        figure.draw_map(near, network, drawn)
        assert len(drawn.collections) >= 3
    assert flat.profiles is not None


def test_every_hill_is_on_the_map_in_its_colour() -> None:
    found = hills(hill(1), bare_hill(2))
    drawn = axes()
    figure.draw_map(found, found.network, drawn)
    lines = {
        line.get_color(): line.get_xydata().tolist()
        for line in drawn.lines
        if line.get_linewidth() == figure.HILL_WIDTH
    }
    assert (
        lines[colours.colour_of(found[0].grade)]
        == np.column_stack([found[0].climb.lon, found[0].climb.lat]).tolist()
    )
    said = [text.get_text() for text in drawn.texts]
    assert {"1", "2"} <= set(said)
    assert any("OpenStreetMap contributors" in text for text in said)


def test_the_date_line_is_no_edge_of_the_map() -> None:
    across = replace(hill(), climb=climb(lon=(179.9995, -179.9995, -179.9985)), approach=None)
    found = hills(across, place=Place(45.5, 179.998))
    area = basemap.view_of(found)
    assert area.east - area.west < 0.02
    figure.draw_map(found, found.network, drawn := axes())
    (line,) = [line for line in drawn.lines if line.get_linewidth() == figure.HILL_WIDTH]
    assert np.asarray(line.get_xdata()) == pytest.approx([179.9995, 180.0005, 180.0015])
    shown = json.loads(page_data(render_page(found, found.network)))["hills"][0]["line"]
    assert [lon for _, lon in shown] == pytest.approx([179.9995, 180.0005, 180.0015])


def page_data(text: str) -> str:
    return text.partition('id="data">')[2].partition("</script>")[0]


def test_a_png_is_fit_for_print() -> None:
    found = hills(hill())
    width, height = size(figure.figure_png(found, found.network))
    assert width == 8 * figure.DPI
    assert height > 6 * figure.DPI
    with pytest.raises(InputError, match="no hill to draw"):
        figure.figure_png(hills(), found.network)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_as_text(name: str) -> None:
    found = hills(replace(hill(), name=name), place=Place(45.49, -122.72, name))
    assert size(figure.figure_png(found, found.network))


def test_what_is_run_again_is_marked() -> None:
    drawn = axes()
    figure.draw_profile(hill(), drawn, repeated_m=90)
    assert drawn.texts[-1].get_text() == "repeat 90 m of 150 m at 11.8 ± 0.9 %"
    marked = svg(profile_svg.to_svg(hill(), repeated_m=90))
    assert marked.find(f"{SVG}path") is not None
    assert "repeat 90 m" in [text.text for text in marked.iter(f"{SVG}text")]


# --- In one line of a terminal --------------------------------------------------------------------


def test_a_line_of_blocks_rises_as_the_hill_does() -> None:
    line = sparkline(hill(), 10)
    heights = [BLOCKS.index(letter) for letter in line.plain]
    assert heights == sorted(heights)
    assert (heights[0], heights[-1]) == (0, len(BLOCKS) - 1)
    steep = {piece.grade for piece in drawn_profile(hill()).stretches}
    assert {span.style for span in line.spans} == {colours.colour_of(grade) for grade in steep}


def test_a_line_of_blocks_says_nothing_of_what_is_not_known() -> None:
    unknown = climb(elevation_m=(math.nan,) * 3)
    assert sparkline(replace(bare_hill(), climb=unknown), 10).plain == ""
    half = climb(elevation_m=(100.0, 108.0, math.nan))
    line = sparkline(replace(bare_hill(), climb=half), 10).plain
    assert line.strip() in line.rstrip()
    assert line.endswith("     ")
