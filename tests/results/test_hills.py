"""``Hills``: a sequence, a table, a map, a plot, and the course to one of them."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from lxml import etree, html

from hillfinder import model
from hillfinder.errors import InputError, OutputError
from hillfinder.model import Findings, Fit, Place
from hillfinder.output.records import HILL_COLUMNS, hill_rows
from hillfinder.output.text.sanitize import plain
from hillfinder.results.hill import Hill
from hillfinder.results.hills import Hills
from tests.findings import HOSTILE, bare_hill, gradely, hill, hills, hostile_hills

if TYPE_CHECKING:
    from pathlib import Path


#: All that a notebook is given.
MARKUP = {
    *("div", "p", "b", "table", "thead", "tbody", "tr", "th", "td", "small", "br"),
    *("svg", "title", "g", "line", "text", "polyline", "polygon"),
}


@pytest.fixture
def headless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw without a screen."""
    monkeypatch.setenv("MPLBACKEND", "agg")


# --- A sequence -----------------------------------------------------------------------------------


def test_hills_are_a_sequence() -> None:
    first, second = hill(1), bare_hill(2)
    found = hills(first, second)
    assert isinstance(found, Findings)
    assert len(found) == 2
    assert list(found) == [first, second]
    assert found[0] is first
    assert found[-1] is second
    assert found[:1] == (first,)
    assert second in found
    with pytest.raises(IndexError):
        found[2]


def test_finding_nothing_is_no_error() -> None:
    found = hills()
    assert not found
    assert list(found) == []
    assert len(found.network) == 1


def test_a_person_counts_from_one() -> None:
    found = hills(hill(1), bare_hill(2))
    assert found.pick() is found[0]
    assert found.pick(2) is found[1]
    for wrong in (0, -1, 3):
        with pytest.raises(InputError, match=r"There is no hill .* pick 1 to 2\."):
            found.pick(wrong)
    with pytest.raises(InputError, match=r"there is only hill 1\."):
        hills(hill()).pick(2)
    with pytest.raises(InputError, match=r"it is empty\."):
        hills().pick()


# --- The table ------------------------------------------------------------------------------------


def test_the_frame_has_a_row_a_hill() -> None:
    found = hills(hill(), bare_hill())
    frame = found.frame
    assert list(frame.columns) == [*HILL_COLUMNS, "geometry"]
    assert frame.crs == "EPSG:4326"
    assert frame.loc[0, "name"] == "Vista Avenue, Spring Street to Carter Lane"
    assert frame.loc[0, "grade"] == 0.118
    assert frame.loc[1, "surface"] is None
    assert math.isnan(frame.loc[1, "approach_minutes"])
    for at, row in enumerate(hill_rows(found)):
        for column, value in row.items():
            cell = frame.loc[at, column]
            assert cell == value or (value is None and (cell is None or math.isnan(cell)))


def test_every_column_of_the_frame_is_told_of_in_order() -> None:
    told = re.findall(r"``(\w+)``", (Hills.frame.__doc__ or "").partition("- ``rank")[2])
    assert [name for name in ["rank", *told] if name in HILL_COLUMNS] == list(HILL_COLUMNS)


def test_the_frame_has_heights_where_all_are_known() -> None:
    geometry = hills(hill(), bare_hill()).frame.geometry
    assert list(geometry.has_z) == [True, False]
    assert list(geometry.geom_type) == ["LineString", "LineString"]
    assert geometry[0].coords[-1] == (-122.698, 45.501, 117.71)


def test_the_frame_is_alike_when_it_is_empty() -> None:
    full, empty = hills(hill(), bare_hill()).frame, hills().frame
    assert len(empty) == 0
    assert empty.crs == full.crs
    assert dict(empty.dtypes) == dict(full.dtypes)
    assert dict(hills(bare_hill()).frame.dtypes) == dict(full.dtypes)


def test_the_frame_goes_on_to_other_formats(tmp_path: Path) -> None:
    frame = hills(hill(), bare_hill()).frame
    frame.to_file(tmp_path / "hills.gpkg")
    assert (tmp_path / "hills.gpkg").stat().st_size > 0
    assert len(json.loads(frame.to_json())["features"]) == 2


# --- In a notebook --------------------------------------------------------------------------------


def test_a_notebook_shows_a_table() -> None:
    text = hills(hill(), bare_hill())._repr_html_()
    page = html.fromstring(text)
    assert page.xpath("count(.//tbody/tr)") == 2
    assert page.xpath("string(.//tbody/tr[1]/td[3])") == "11.8 ± 0.9 %"
    assert "openstreetmap.org/copyright" in text
    assert "Uneven" in text


def test_a_notebook_shows_that_there_is_nothing() -> None:
    text = hills(misses=("Hill Road is too gentle",))._repr_html_()
    assert "<table>" not in text
    assert "No hill of 100 to 200 m" in text
    assert "Hill Road is too gentle." in text


def test_a_notebook_runs_nothing_from_the_map() -> None:
    text = hostile_hills()._repr_html_()
    page = html.fromstring(text)
    assert {node.tag for node in page.iter()} <= MARKUP
    assert [cell.text or "" for cell in page.xpath(".//tbody/tr/td[2]")] == [
        plain(name) for name in HOSTILE
    ]
    etree.fromstring(text.replace("<br>", "<br/>").encode())


@pytest.mark.slow
def test_the_map_shows_hills_and_ways() -> None:
    page = hills(hill(), bare_hill()).explore().get_root().render()
    assert "Vista Avenue, Spring Street to Carter Lane" in page
    assert page.count('"LineString"') == 3


def test_the_map_without_ways() -> None:
    page = hills(bare_hill()).explore().get_root().render()
    assert page.count('"LineString"') == 1


def test_the_map_runs_nothing_from_the_map() -> None:
    page = hostile_hills().explore().get_root().render()
    assert "&lt;script&gt;alert" in page or "\\u0026lt;script" in page
    for mark in ("<script>alert", "<img src=x", "<svg onload", "<angle>"):
        assert mark not in page


def test_the_map_takes_the_options_of_geopandas() -> None:
    page = hills(hill()).explore(tooltip=["rank"], cmap="viridis").get_root().render()
    assert "Vista Avenue" in page


@pytest.mark.usefixtures("headless")
def test_the_plot_shows_hills_and_place() -> None:
    import matplotlib.pyplot as plt

    axes = hills(hill(), bare_hill()).plot()
    assert [-122.72, 45.49] in [np.asarray(line.get_xydata())[0].tolist() for line in axes.lines]
    assert {"1", "2"} <= {text.get_text() for text in axes.texts}
    own = plt.figure().subplots()
    assert hills(hill()).plot(own) is own
    plt.close("all")


@pytest.mark.usefixtures("headless")
def test_a_hill_draws_its_profile() -> None:
    import matplotlib.pyplot as plt

    found = hills(hill())
    axes = found[0].plot(units="imperial")
    assert axes.get_ylabel() == "above the sea (ft)"
    own = plt.figure().subplots()
    assert found[0].plot(own) is own
    plt.close("all")


def test_a_hill_shows_itself() -> None:
    shown = html.fromstring(hill()._repr_html_())
    assert shown.xpath("string(.//b)") == "1. Vista Avenue, Spring Street to Carter Lane"
    assert len(shown.xpath(".//svg")) == 1
    assert "Uneven" in shown.xpath("string(.//small)")


def test_a_hill_runs_nothing_from_the_map() -> None:
    for found in hostile_hills():
        shown = html.fromstring(found._repr_html_())
        assert {node.tag for node in shown.iter()} <= MARKUP
        assert shown.xpath("string(.//b)") == f"{found.rank}. {plain(found.name)}"


def test_a_plain_hill_gets_faces_and_keeps_all_it_has() -> None:
    bare = model.Hill(3, "Bare", hill().climb, None, fit=Fit(0.5, {}, ()))
    faced = Hill.of(bare)
    assert isinstance(faced, Hill)
    assert Hill.of(faced) is faced
    for each in fields(bare):
        assert getattr(faced, each.name) is getattr(bare, each.name)


@pytest.mark.parametrize("missing", ["folium", "mapclassify", "matplotlib"])
def test_what_is_not_installed_is_named(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=f"needs {missing}, .* pip install"):
        hills(hill()).explore()
    if missing == "matplotlib":
        for show in (hills(hill()).plot, hill().plot):
            with pytest.raises(ImportError, match="The plot needs matplotlib"):
                show()
        with pytest.raises(InputError, match=r"hills\.png needs matplotlib: pip install"):
            hills(hill()).to_png(tmp_path / "hills.png")


@pytest.mark.parametrize("show", ["explore", "plot"])
def test_there_is_no_picture_of_nothing(show: str) -> None:
    with pytest.raises(InputError, match="no hill to show"):
        getattr(hills(), show)()


# --- Files ----------------------------------------------------------------------------------------


def test_a_gpx_is_written_once(tmp_path: Path) -> None:
    found = gradely()
    path = found.to_gpx(tmp_path / "hill.gpx")
    assert path.read_text(encoding="utf-8") == found.to_gpx() == found.workout().to_gpx()
    with pytest.raises(OutputError, match="exists already"):
        found.to_gpx(path, pick=2)
    before = path.read_bytes()
    found.to_gpx(path, pick=2, overwrite=True)
    assert path.read_bytes() != before


@pytest.mark.slow
def test_page_and_picture_are_written_once(tmp_path: Path) -> None:
    found = gradely()
    page = found.to_html(tmp_path / "hills.html")
    text = page.read_text(encoding="utf-8")
    assert "opentopomap" in text
    for rank in (1, len(found)):
        for name in (f"hill-{rank}.gpx", f"hill-{rank}.fit", f"hill-{rank}-workout.fit"):
            assert f'download="{name}"' in text
    picture = found.to_png(tmp_path / "hills.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    for write, path in ((found.to_html, page), (found.to_png, picture)):
        with pytest.raises(OutputError, match="exists already"):
            write(path)
    before = picture.read_bytes()
    found.to_png(picture, units="imperial", overwrite=True)
    assert picture.read_bytes() != before
    found.to_html(page, street_map=False, overwrite=True)
    assert "opentopomap" not in page.read_text(encoding="utf-8")


def test_a_run_over_several_hills_has_the_one_session_of_the_page(tmp_path: Path) -> None:
    found = gradely()
    run = replace(found, tour=found.workout(1))
    text = run.to_html(tmp_path / "run.html").read_text(encoding="utf-8")
    assert 'download="run.gpx"' in text
    assert text.count("<h3>The session</h3>") == 1
    assert 'download="hill-1.gpx"' not in text


def test_the_hills_of_a_search_show_themselves() -> None:
    assert all(isinstance(each, Hill) for each in gradely())


def test_no_gpx_of_a_hill_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no hill 2"):
        hills(hill()).to_gpx(tmp_path / "hill.gpx", pick=2)
    assert list(tmp_path.iterdir()) == []


def test_texts_are_those_of_the_output_room() -> None:
    found: Any = hills(hill())
    assert json.loads(found.to_json())["hills"][0]["rank"] == 1
    assert json.loads(found.to_geojson())["features"][0]["id"] == 1
    assert found.to_csv().startswith("rank,name,")


def test_where_the_search_began_is_kept() -> None:
    assert hills(place=Place(1.0, 2.0, "Here")).place.name == "Here"


def test_importing_hills_loads_nothing_heavy() -> None:
    script = (
        "import sys, hillfinder.results.hills; "
        "print({'pandas', 'geopandas', 'matplotlib', 'folium', 'gpxpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
