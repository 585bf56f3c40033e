"""Elevation files that leave out their unit or have several bands, named on the command line."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest
import rasterio

import hillfinder as hf
from hillfinder.cli import main, options
from hillfinder.demo import files, town
from hillfinder.elevation.vertical_units import UNITS_M
from hillfinder.errors import HeightsError

if TYPE_CHECKING:
    from pathlib import Path

DOOR = f"{town.DOOR.lat},{town.DOOR.lon}"
#: Raised by this much the town is too high for metres when it is read in feet, m.
RAISED_M = 3000.0
LINE = '{"type": "LineString", "coordinates": [[%f, %f], [%f, %f]]}'


@pytest.fixture(autouse=True)
def away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep to this machine, and to an empty cache."""
    monkeypatch.setenv("HILLFINDER_OFFLINE", "1")
    monkeypatch.setenv("HILLFINDER_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> files.DemoFiles:
    return files.write_town(tmp_path_factory.mktemp("gradely"))


@pytest.fixture(scope="module")
def in_feet(made: files.DemoFiles) -> Path:
    """The town's heights in the second of two bands, in feet, and no word of either."""
    path = made.dem.with_name("feet.tif")
    with rasterio.open(made.dem) as file:
        heights, profile = file.read(1), file.profile
    feet = ((heights + RAISED_M) / 0.3048).astype("f4")
    profile |= {"count": 2, "dtype": "float32"}
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.stack([np.full_like(feet, 7.0), feet]))
    return path


def said(capfd: pytest.CaptureFixture[str], code: int, *words: str) -> Any:
    """Run a command that ends with a code, and return what it says: JSON, or an error."""
    capfd.readouterr()
    assert main(words) == code
    out, err = capfd.readouterr()
    return err if code else out if words[0] == "scan" else json.loads(out)


def commands(made: files.DemoFiles, folder: Path) -> list[tuple[str, ...]]:
    lat, lon = town.DOOR.lat, town.DOOR.lon
    line = folder / "line.geojson"
    line.write_text(LINE % (lon, lat, lon + 0.004, lat), encoding="utf-8")
    return [
        ("near", DOOR, "--osm", str(made.osm), "--format", "json"),
        ("grade", str(line), "--format", "json"),
        ("scan", str(made.osm), "-o", str(folder / "hills"), "--workers", "1", "--no-resume"),
    ]


@pytest.mark.parametrize("which", [0, 1, 2], ids=["near", "grade", "scan"])
def test_a_band_and_a_unit_are_asked_for_and_used(
    made: files.DemoFiles,
    in_feet: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    which: int,
) -> None:
    words = (*commands(made, tmp_path)[which], "--dem", str(in_feet))
    assert "2 bands: say which holds the heights" in said(capfd, 1, *words)
    assert "too high for metres" in said(capfd, 1, *words, "--dem-band", "2")
    words = (*words, "--dem-unit", "ft")
    assert "no band 3" in said(capfd, 1, *words, "--dem-band", "3")
    got = said(capfd, 0, *words, "--dem-band", "2")
    if words[0] == "scan":
        grades = hf.Catalogue.open(tmp_path / "hills").frame["grade"]
        plain = hf.scan(made.osm, tmp_path / "plain", dem=made.dem, workers=1).frame["grade"]
        np.testing.assert_allclose(sorted(grades), sorted(plain), atol=1e-4)
        assert len(grades) > 10
        return
    plain = said(capfd, 0, *commands(made, tmp_path)[which], "--dem", str(made.dem))
    rows = "hills" if words[0] == "near" else "lines"
    assert len(got[rows]) == len(plain[rows]) > 0
    for one, other in zip(got[rows], plain[rows], strict=True):
        assert one["grade"] == pytest.approx(other["grade"], abs=1e-4)


def test_the_units_are_those_that_files_are_read_in() -> None:
    assert get_args(options.DemUnit) == tuple(UNITS_M)


@pytest.mark.parametrize("which", [0, 1], ids=["near", "grade"])
def test_a_description_of_no_files_is_refused(
    made: files.DemoFiles, tmp_path: Path, capfd: pytest.CaptureFixture[str], which: int
) -> None:
    words = commands(made, tmp_path)[which]
    for option, value in (("kind", "surface"), ("unit", "ft"), ("band", "2")):
        error = said(capfd, 2, *words, f"--dem-{option}", value)
        assert re.match(rf"Error: --dem-{option} says .* there are none: give --dem\.$", error)


def test_a_scan_goes_on_only_with_the_same_unit_and_band(
    made: files.DemoFiles, in_feet: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = (*commands(made, tmp_path)[2][:-1], "--dem", str(in_feet), "--dem-unit", "ft")
    said(capfd, 0, *words, "--dem-band", "2")
    assert "another scan (another heights)" in said(capfd, 2, *words, "--dem-band", "1")
    words = (*words[:-1], "us-ft", "--dem-band", "2")
    assert "another scan (another heights)" in said(capfd, 2, *words)


def test_in_a_scan_a_unit_is_for_the_files_that_state_none(
    made: files.DemoFiles, tmp_path: Path
) -> None:
    """Where a cell of the scan meets only files that state their unit, none is typed for them."""
    silent, stated = tmp_path / "silent.tif", tmp_path / "stated.tif"
    shutil.copy(made.dem, stated)
    shutil.copy(made.dem, silent)
    with rasterio.open(stated, "r+") as file:
        file.units = ("m",)
    with rasterio.open(silent, "r+") as file:  # 1,000 km off
        at = file.transform
        file.transform = rasterio.Affine(at.a, 0, at.c + 1e6, 0, at.e, at.f)
    with pytest.raises(HeightsError, match="leave --dem-unit out"):
        hf.scan(made.osm, tmp_path / "hills", dem=stated, dem_unit="ft", workers=1)
    given = [stated, silent]
    found = hf.scan(made.osm, tmp_path / "hills", dem=given, dem_unit="ft", workers=1)
    assert found.hills == hf.scan(made.osm, tmp_path / "plain", dem=stated, workers=1).hills > 10
