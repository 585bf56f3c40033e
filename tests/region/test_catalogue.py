"""Pictures of a region: one page, and plots of a notebook."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pyarrow.parquet
import pytest
from shapely import LineString

import hillfinder as hf
from hillfinder.errors import InputError, OutputError
from hillfinder.output import colours
from hillfinder.output.text.sanitize import plain
from hillfinder.region import page, summary
from tests import regions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> hf.Catalogue:
    folder = tmp_path_factory.mktemp("region")
    town = regions.write(folder / "town")
    return hf.scan(town.osm, folder / "hills", dem=town.dem, workers=1)


def data(text: str) -> dict[str, Any]:
    found = re.search(r'id="hills">(.*?)</script>', text, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_a_catalogue_opened_is_the_one_that_was_made(catalogue: hf.Catalogue) -> None:
    assert hf.Catalogue.open(catalogue.folder) == catalogue
    assert len(catalogue.frame) == catalogue.hills
    assert catalogue.frame.crs == "EPSG:4326"
    assert catalogue.frame.crs.to_string() == "EPSG:4326"
    assert f"{catalogue.hills:,} hills" in catalogue._repr_html_()


def test_a_page_draws_every_hill_where_it_is(catalogue: hf.Catalogue, tmp_path: Path) -> None:
    text = catalogue.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    drawn = data(text)
    assert len(drawn["name"]) == len(drawn["grade"]) == len(drawn["size"]) == catalogue.hills
    xy = np.array(drawn["xy"]).reshape(-1, 2)
    begin = np.cumsum(drawn["size"]) - drawn["size"]
    foot = np.sort(xy[begin] * drawn["unit"], axis=0)
    frame = catalogue.frame
    there = np.sort(frame[["foot_lon", "foot_lat"]].to_numpy(), axis=0)
    assert np.abs(foot - there).max() <= drawn["unit"]
    assert "OpenStreetMap" in text
    assert "://" not in text.replace("https://www.openstreetmap.org/copyright", "")


def test_a_grade_has_the_colour_that_it_has_everywhere(
    catalogue: hf.Catalogue, tmp_path: Path
) -> None:
    text = catalogue.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    drawn = data(text)
    shown = {drawn["colours"][step] for step in drawn["step"]}
    frame = catalogue.frame
    assert shown == {colours.colour_of(grade) for grade in frame.grade}
    best = frame.loc[frame.grade.idxmax()]
    assert f'<i style="background:{colours.colour_of(best.grade)}"></i>{best["name"]}' in text
    legend = re.findall(r'<i style="background:(#\w+)"></i>[^<]+ %', text)
    assert set(legend) == shown


def test_the_table_of_a_page_has_the_steepest_of_every_cell(
    catalogue: hf.Catalogue, tmp_path: Path
) -> None:
    text = catalogue.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    table = text[text.index("<tbody>") : text.index("</tbody>")]
    assert table.count("<tr>") == 4
    best = catalogue.frame.sort_values("grade", ascending=False).iloc[0]
    assert table.index(best["name"]) == min(
        table.index(name) for name in re.findall("<tr><td><i.*?</i>(.*?)<td", table)
    )
    counts = [int(n) for n in re.findall(r'm<td class="n">(\d+)', table)]
    assert sum(counts) == catalogue.hills


def test_a_single_hill_of_a_whole_percent_has_a_page(
    catalogue: hf.Catalogue, tmp_path: Path
) -> None:
    shutil.copytree(catalogue.folder, tmp_path / "hills")
    path = tmp_path / "hills" / "hills-0000.parquet"
    read = pyarrow.parquet.read_table(path)
    one = read.set_column(1, read.schema.field(1), pyarrow.array([0.12] * len(read))).slice(0, 1)
    pyarrow.parquet.write_table(one, path)
    drawn = summary.summarize(tmp_path / "hills")
    name, counts, edges, _ = drawn.histograms[0]
    assert (name, counts.tolist(), edges.tolist()) == ("grade, %", [1], [0.12, 0.13])


def test_nothing_in_a_name_gets_out_of_the_page() -> None:
    name = "</script><script>alert(1)</script>{{ data }} & <b>\u2028"
    line = LineString([(8.0, 46.0), (8.001, 46.0)])
    frame = geopandas.GeoDataFrame(
        {
            "name": [name],
            "grade": [0.1],
            "grade_sigma": [0.01],
            "length_m": [100.0],
            "foot_lon": [8.0],
            "foot_lat": [46.0],
            "hills": [1],
            "cell": [1],
        },
        geometry=[line],
        crs="EPSG:4326",
    )
    counts, edges = np.histogram([0.1], 3)
    drawn = summary.RegionSummary(
        frame, whole=True, best=frame, histograms=(("%", counts, edges, 1.0),)
    )
    text = page.region_page("1 hill", drawn, ["a & b"])
    assert text.count("<script") == text.count("</script") == 2
    assert data(text)["name"] == [plain(name)]
    assert not re.search(r"[<>&\u2028]", text.partition('id="hills">')[2].partition("</script>")[0])
    assert "a &amp; b" in text


def test_of_too_many_hills_the_steepest_of_every_part_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(summary, "MOST_DRAWN", 100)
    rng = np.random.default_rng(7)
    lon, lat, grade = rng.uniform(0, 1, (3, 10_000))
    lon[0], lat[0], grade[0] = 5.0, 5.0, 0.001  # far away, and gentle
    chosen = summary.spread_out(lon, lat, grade)
    assert len(chosen) == 100
    assert (np.diff(grade[chosen]) >= 0).all()
    assert grade[1:].max() in grade[chosen]
    monkeypatch.setattr(summary, "MOST_DRAWN", 400)
    assert 0 in summary.spread_out(lon, lat, grade)


def test_a_plot_shows_the_map_and_two_histograms(catalogue: hf.Catalogue) -> None:
    import matplotlib as mpl
    from matplotlib.patches import StepPatch

    mpl.use("Agg")
    where, grades, lengths = catalogue.plot()
    assert len(where.collections[0].get_paths()) == catalogue.hills
    for panel in (grades, lengths):
        (steps,) = (each for each in panel.patches if isinstance(each, StepPatch))
        assert steps.get_data()[0].sum() == catalogue.hills
    assert where.figure is not None
    import matplotlib.pyplot as plt

    plt.close("all")


def test_a_region_without_hills_has_no_picture(tmp_path: Path) -> None:
    town = regions.write(tmp_path / "town")
    steep = hf.Criteria(min_grade=0.9)
    empty = hf.scan(town.osm, tmp_path / "hills", steep, dem=town.dem, workers=1)
    with pytest.raises(InputError, match="no hill to show"):
        empty.plot()
    with pytest.raises(InputError, match="no hill to show"):
        empty.to_html(tmp_path / "page.html")


def test_a_page_that_exists_is_not_replaced(catalogue: hf.Catalogue, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(OutputError):
        catalogue.to_html(tmp_path / "page.html")
