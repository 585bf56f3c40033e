"""What we write, read by the programs that people use: GPSBabel, and three readers of FIT."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import gpxpy
import numpy as np
import pytest

from hillfinder.output.text.sanitize import brief
from tests.findings import gradely

if TYPE_CHECKING:
    from pathlib import Path

    from hillfinder.results.plan import Plan

GPSBABEL = shutil.which("gpsbabel") or ""
needs_gpsbabel = pytest.mark.skipif(not GPSBABEL, reason="no GPSBabel here")
#: GPSBabel's name for each format.
KINDS = {"gpx": "gpx", "tcx": "gtrnctr", "fit": "garmin_fit"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return gradely().workout(1)


@needs_gpsbabel
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_gpsbabel_reads_the_course(tmp_path: Path, plan: Plan, kind: str) -> None:
    ours, theirs = tmp_path / f"hill.{kind}", tmp_path / "out.gpx"
    getattr(plan, f"to_{kind}")(ours)
    done = subprocess.run(
        [GPSBABEL, "-t", "-i", KINDS[kind], "-f", str(ours), "-o", "gpx", "-F", str(theirs)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    points = [
        (point.longitude, point.latitude)
        for track in gpxpy.parse(theirs.read_text()).tracks
        for segment in track.segments
        for point in segment.points
    ]
    route = [step.route for step in plan.steps]
    lon = np.concatenate([way.lon for way in route])
    lat = np.concatenate([way.lat for way in route])
    read = np.array(points)
    assert len(read) > 20
    for column, drawn in ((0, lon), (1, lat)):
        assert read[:, column].min() == pytest.approx(drawn.min(), abs=1e-5)
        assert read[:, column].max() == pytest.approx(drawn.max(), abs=1e-5)


@pytest.mark.parametrize("reader", ["fitdecode", "fitparse", "garmin_fit_sdk"])
@pytest.mark.parametrize("kind", ["fit", "workout"])
def test_readers_of_fit_agree(tmp_path: Path, plan: Plan, reader: str, kind: str) -> None:
    module = pytest.importorskip(reader)
    path = tmp_path / "hill.fit"
    getattr(plan, f"to_{kind}")(path)
    if reader == "fitdecode":
        with module.FitReader(path) as file:
            names = [each.name for each in file if each.frame_type == module.FIT_FRAME_DATA]
    elif reader == "fitparse":
        names = [each.name for each in module.FitFile(str(path)).get_messages()]
    else:
        found, errors = module.Decoder(module.Stream.from_file(str(path))).read()
        assert errors == []
        names = [key.removesuffix("_mesgs") for key in found]
    wanted = {"fit": {"course", "lap", "record", "course_point"}, "workout": {"workout"}}[kind]
    assert wanted | {"file_id"} <= set(names)


@pytest.mark.parametrize("octets", [15, 25, 40])
def test_a_name_is_never_cut_inside_a_word(octets: int) -> None:
    for name in (
        "Southwest College Street, Southwest 13th Avenue to Southwest 16th Avenue",
        "Escadinhas de São Cristóvão, Rua da Madalena to Largo do Caldas",
        "Marquam Nature Trail near the Marquam Shelter",
    ):
        signs = brief(name, 10_000)
        told = brief(name, octets)
        words = {word.strip(",") for word in (*name.split(), *signs.split())}
        assert {word.strip(",") for word in told.split()} <= words | {"SW", "St", "Ave", "Trl"}
        assert len(told.encode()) <= octets
