"""The command, from words to exit codes: in this process, and a few times in one of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gpxpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hillfinder import find
from hillfinder.cli import main, options
from hillfinder.criteria import Criteria
from hillfinder.demo import files, town
from hillfinder.errors import InputError
from hillfinder.output.formats import every
from hillfinder.output.records import HILL_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hillfinder.results.hills import Hills

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DOOR = f"{town.DOOR.lat},{town.DOOR.lon}"

#: What a folder with everything holds.
EVERYTHING: dict[str, str] = {name: each.file for name, each in every().items()}
WRITTEN = sorted(EVERYTHING.values())


class Run:
    """What a command said, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


if TYPE_CHECKING:
    Runner = Callable[..., Run]


@pytest.fixture(autouse=True)
def away(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep to this machine, to an empty cache, and to 80 columns."""
    monkeypatch.setenv("HILLFINDER_OFFLINE", "1")
    monkeypatch.setenv("HILLFINDER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def gradely(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options for the made-up town."""
    made = files.write_town(tmp_path_factory.mktemp("gradely"))
    return ["--osm", str(made.osm), "--dem", str(made.dem)]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    def once(*words: str) -> Run:
        capfd.readouterr()
        code = main(words, now=NOW)
        out, err = capfd.readouterr()
        return Run(code, out, err)

    return once


# --- Words ----------------------------------------------------------------------------------------


def asked(**words: object) -> Criteria:
    given: dict[str, object] = {
        "length": None,
        "warmup": "10-20",
        "pace": None,
        "walk": False,
        "min_grade": None,
        "limit": 10,
    }
    return options.criteria(**given | words)  # type: ignore[arg-type]


def test_what_is_typed_is_what_is_asked() -> None:
    typed = asked(length="150", warmup="5-12.5", pace="6:30", walk=True, min_grade=5, limit=3)
    assert typed == Criteria((150, 150), (5, 12.5), 6.5, walk=True, limit=3, min_grade=0.05)
    assert asked() == Criteria()


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("100-200", (100, 200)),
        ("100 - 200", (100, 200)),
        ("100–200", (100, 200)),  # noqa: RUF001 - as a phone types it
        (" 150 ", (150, 150)),
        ("99.5-100", (99.5, 100)),
    ],
)
def test_ranges(text: str, both: tuple[float, float]) -> None:
    assert asked(length=text).length_m == both


@pytest.mark.parametrize(
    "text", ["", "-", "a", "100-", "-100", "100-200-300", "1e2-2e2", "100x", "nan", "inf", "٣-٤x"]
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(InputError, match=r'^--length ".*" is no range: write two numbers'):
        asked(length=text)


@pytest.mark.parametrize(
    ("text", "minutes"), [("7:00", 7), ("7", 7), ("7.5", 7.5), ("6:45", 6.75), (" 10:30 ", 10.5)]
)
def test_paces(text: str, minutes: float) -> None:
    assert asked(pace=text).pace_min_per_km == minutes


@pytest.mark.parametrize("text", ["", "7:", "7:5", "7:60", ":30", "fast", "7:00:00", "-7"])
def test_what_is_no_pace(text: str) -> None:
    with pytest.raises(InputError, match="is no pace: write minutes and seconds"):
        asked(pace=text)


@pytest.mark.parametrize("percent", [0, -1, 100, float("nan"), float("inf")])
def test_what_is_no_grade(percent: float) -> None:
    with pytest.raises(InputError, match="give percent"):
        asked(min_grade=percent)


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(InputError) as caught:
        asked(length="200-100", warmup="x", pace="0:30", limit=0, min_grade=0)
    text = str(caught.value)
    for part in ("upside down", '--warmup "x"', "a pace of 0.5", "a limit of 0", "--min-grade 0"):
        assert part in text
    assert text[0].isupper() or text[0] == "-"
    assert text.count(".\n") == 0


@pytest.mark.slow
@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_words_break_the_reading(length: str, warmup: str, pace: str) -> None:
    try:
        asked(length=length, warmup=warmup, pace=pace)
    except InputError as error:
        assert str(error).endswith(".")  # noqa: PT017 - both ends are right


@pytest.mark.parametrize(
    ("words", "spaced"),
    [
        (["near", "-33.86,151.21"], ["near", " -33.86,151.21"]),
        (["near", "-33.86 151.21"], ["near", " -33.86 151.21"]),
        (["near", "-.5;3"], ["near", " -.5;3"]),
        (["near", "-33°51'S 151°E"], ["near", " -33°51'S 151°E"]),
        (["near", "--", "-33.86,151.21"], ["near", "--", "-33.86,151.21"]),
        (["near", "--limit", "-5"], ["near", "--limit", "-5"]),
        (["near", "-q", "45,-122"], ["near", "-q", "45,-122"]),
        (["near", "45.48", "-122.69", "-q"], ["near", "45.48 -122.69", "-q"]),
        (["near", "-33.86,", "151.21"], ["near", " -33.86, 151.21"]),
        (["near", "45,4993", "-122,6974"], ["near", "45,4993 -122,6974"]),
        (
            ["near", "--max-grade", "9.5", "45.48", "-1.5"],
            ["near", "--max-grade", "9.5", "45.48 -1.5"],
        ),
        (["near", "--pick", "2", "--", "1.5", "2.5"], ["near", "--pick", "2", "--", "1.5", "2.5"]),
        (["--"], ["--"]),
        ([], []),
    ],
)
def test_coordinates_are_one_word_and_no_option(words: list[str], spaced: list[str]) -> None:
    assert options.spaced(words) == spaced


# --- The whole job --------------------------------------------------------------------------------


def test_the_table(run: Runner, gradely: list[str]) -> None:
    done = run("near", DOOR, *gradely)
    assert done.code == 0
    assert done.err == ""
    assert done.out.startswith("The 10 steepest hills of 100 to 200 m within a warm-up of 10 to")
    row = r"^ 1  \w.*\n +\d\d\.\d ± \d\.\d %  +\d+ m  +\d+ m  +\d+ min, \d\.\d km"
    assert re.search(row, done.out, re.MULTILINE)
    assert max(map(len, done.out.splitlines())) <= 80
    assert "\x1b" not in done.out


def test_json(run: Runner, gradely: list[str]) -> None:
    done = run("near", DOOR, *gradely, "--format", "json", "--limit", "3")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert [row["rank"] for row in found["hills"]] == [1, 2, 3]
    grades = [row["grade"] for row in found["hills"]]
    assert grades == sorted(grades, reverse=True)
    assert all(10 <= row["approach"]["minutes"] <= 20 for row in found["hills"])


@pytest.mark.parametrize(
    ("typed", "kind"), [([], "unknown"), (["bare-earth"], "bare earth"), (["surface"], "surface")]
)
def test_the_kind_of_ones_own_files(
    run: Runner, gradely: list[str], typed: list[str], kind: str
) -> None:
    words = ("near", DOOR, *gradely, *(["--dem-kind", *typed] if typed else []), "--limit", "1")
    heights = json.loads(run(*words, "--format", "json").out)["sources"]["elevation"]
    assert heights["kind"] == kind
    assert heights["name"] == "gradely.tif"


def test_ones_own_files_and_a_service_behind_them(run: Runner, gradely: list[str]) -> None:
    """They know every height, so nobody is asked; the network is off besides."""
    words = ("near", DOOR, *gradely, "--limit", "3", "--format", "json")
    assert run(*words, "--elevation", "auto").out == run(*words).out
    alone = run("near", DOOR, gradely[0], gradely[1], "--elevation", "copernicus")
    assert alone.code == 4
    assert "network is switched off, and heights are not kept on this machine" in alone.err


def test_geojson_and_csv(run: Runner, gradely: list[str]) -> None:
    features = json.loads(run("near", DOOR, *gradely, "--format", "geojson").out)["features"]
    table = list(csv.DictReader(io.StringIO(run("near", DOOR, *gradely, "--format", "csv").out)))
    assert [tuple(row) for row in table] == [HILL_COLUMNS] * 10
    assert [row["name"] for row in table] == [item["properties"]["name"] for item in features]


def test_the_same_words_give_the_same_bytes(run: Runner, gradely: list[str]) -> None:
    words = ("near", DOOR, *gradely, "--format", "json")
    assert run(*words).out == run(*words).out


def test_options_reach_the_search(run: Runner, gradely: list[str]) -> None:
    words = ("--length", "120-150", "--walk", "--warmup", "5-25", "--min-grade", "7")
    done = run("near", DOOR, *gradely, "--format", "json", *words, "--limit", "99")
    assert done.code == 0
    for row in json.loads(done.out)["hills"]:
        assert 119.9 <= row["length_m"] <= 150.1
        assert row["grade"] >= 0.07
        assert 5 <= row["approach"]["minutes"] <= 25


def test_imperial(run: Runner, gradely: list[str]) -> None:
    done = run("near", DOOR, *gradely, "--units", "imperial")
    assert re.search(r"656 ft +\d+ ft +\d+ min, \d\.\d mi", done.out)


def test_gpx(run: Runner, gradely: list[str], tmp_path: Path) -> None:
    path = tmp_path / "hill.gpx"
    words = ("near", DOOR, *gradely, "--gpx", str(path))
    done = run(*words, "--pick", "2")
    assert done.code == 0
    assert done.err == f"Wrote {path}.\n"
    course = gpxpy.parse(path.read_text(encoding="utf-8"))
    spots = ["Bottom", "Top", "Lower Level", "Middle Level"]  # two streets to mind between
    assert [spot.name for spot in course.waypoints] == spots
    assert all(point.elevation is not None for point in course.tracks[0].segments[0].points)
    second = path.read_bytes()
    refused = run(*words)
    assert refused.code == 1
    assert "exists already" in refused.err
    assert refused.out == ""
    assert path.read_bytes() == second
    forced = run(*words, "--force", "--quiet")
    assert (forced.code, forced.err) == (0, "")
    assert path.read_bytes() != second
    assert [path.name for path in tmp_path.iterdir()] == ["hill.gpx"]


def test_a_pick_that_is_not_in_the_list(run: Runner, gradely: list[str], tmp_path: Path) -> None:
    words = ("near", DOOR, *gradely, "--min-grade", "9.5", "--gpx", str(tmp_path / "hill.gpx"))
    done = run(*words, "--pick", "9")
    assert done.code == 2
    assert re.search(r"Error: There is no hill 9 in the list: pick 1 to \d\.\n", done.err)
    assert "hills of 100 to 200 m" in done.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", ["table", "json", "geojson", "csv"])
def test_no_hill(run: Runner, gradely: list[str], tmp_path: Path, output: str) -> None:
    words = ("near", DOOR, *gradely, "--min-grade", "60", "--gpx", str(tmp_path / "hill.gpx"))
    done = run(*words, "--format", output)
    assert done.code == 3
    said = done.out if output == "table" else done.err
    assert said.startswith("No hill of 100 to 200 m")
    assert "rises only" in said
    assert list(tmp_path.iterdir()) == []
    if output == "json":
        assert json.loads(done.out)["hills"] == []
    if output == "csv":
        assert done.out == ",".join(HILL_COLUMNS) + "\n"
    quiet = run(*words, "--format", output, "--quiet")
    assert (quiet.code, quiet.err) == (3, "")


@pytest.mark.slow
def test_every_file_in_one_run(run: Runner, gradely: list[str], tmp_path: Path) -> None:
    kinds = [name for name, each in every().items() if each.flag]
    names = EVERYTHING
    words = [word for kind in kinds for word in (f"--{kind}", str(tmp_path / names[kind]))]
    folder = tmp_path / "all of it"
    done = run("near", DOOR, *gradely, *words, "--export", str(folder))
    assert done.code == 0
    one_by_one, together = done.err.splitlines()
    assert one_by_one.startswith(f"Wrote {tmp_path / 'hill.gpx'}, ")
    assert together == (
        "Wrote hill.gpx, hill.fit, workout.fit, hill.tcx, hills.kml, hills.geojson, hills.csv, "
        f"hills.json, hills.parquet, hills.html and hills.png to {folder}."
    )
    assert sorted(path.name for path in folder.iterdir()) == WRITTEN
    for kind in kinds:
        assert (folder / names[kind]).read_bytes() == (tmp_path / names[kind]).read_bytes()
    again = run("near", DOOR, *gradely, *words, "--export", str(folder))
    assert (again.code, again.out) == (1, "")
    assert again.err.count("exists already") == len(kinds) + len(names)
    assert again.err.count("\n") == 1


@pytest.mark.usefixtures("elsewhere")
def test_files_are_looked_at_before_the_search(run: Runner) -> None:
    Path("old.tcx").touch()
    files = ("--tcx", "old.tcx", "--kml", "no/where.kml", "--fit", "a", "--gpx", "a")
    done = run("near", "45,7", *files)  # where no street is known, and no network
    assert (done.code, done.out) == (1, "")
    for part in ("old.tcx exists already", "no folder no for where.kml", "a is asked for twice"):
        assert part in done.err
    assert [path.name for path in Path().iterdir()] == ["old.tcx"]


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
def test_what_a_picture_needs_is_said_before_the_search(
    run: Runner, gradely: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = run("near", "45,7", "--png", "a.png")
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith('--png needs matplotlib: pip install "hillfinder[notebook]".\n')
    done = run("near", DOOR, *gradely, "--export", "all", "--html", "a.html")
    assert done.code == 0
    assert "Left out hills.png: it needs matplotlib" in done.err
    assert Path("all/hills.html").read_bytes() == Path("a.html").read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("elsewhere")
def test_what_parquet_needs_is_said_before_the_search(
    run: Runner, gradely: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = run("near", "45,7", "--parquet", "a.parquet", "--limit", "0")
    assert (done.code, done.out) == (2, "")
    assert '--parquet needs pyarrow: pip install "hillfinder[parquet]"; ' in done.err
    assert "a limit of 0" in done.err
    # pandas keeps to what it found when it was imported, so this takes a process that has none.
    block = "import sys; sys.modules['pyarrow'] = None"
    code = f"{block}; from hillfinder.cli import main; sys.exit(main())"
    told = subprocess.run(
        [sys.executable, "-c", code, "near", DOOR, *gradely, "--export", "all"],
        capture_output=True,
        check=True,
        text=True,
    ).stderr
    assert told.endswith(
        'Left out hills.parquet: it needs pyarrow: pip install "hillfinder[parquet]".\n'
    )
    assert len(list(Path("all").iterdir())) == len(WRITTEN) - 1


# --- What goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("91,191",), 2, "is not on the map"),
        (("-122.6960,45.5120",), 2, "swapped"),
        (("-33.86,151.21,7",), 2, "-33.86,151.21,7"),
        (("--", "-33.86,151.21"), 4, "network is switched off"),
        (("-33.86,151.21",), 4, "network is switched off"),
        (("Council Crest, Portland",), 4, "network is switched off"),
        (("45,7", "--osm", "missing.osm"), 1, "missing.osm"),
        (("45,7", "--osm", __file__), 1, "does not look like"),
        (("45,7", "--length", "200-100"), 2, "upside down"),
        (("45,7", "--length", "a", "--warmup", "b", "--pick", "0"), 2, '--warmup "b"'),
        (("45,7", "--elevation", "lidar"), 2, '--elevation "lidar" is not known: give auto, 3dep'),
        (("45,7", "--dem-kind", "surface"), 2, "--dem-kind says what the files of --dem show"),
        (("45,7", "--elevation", "terrarium", "--dem", "a.tif"), 1, "no elevation file a.tif"),
        (("45,7", "--pick", "11"), 2, "--pick 11 lies beyond --limit 10"),
        (("45,7", "--gpx", "missing/hill.gpx"), 1, "no folder"),
        (("45,7", "--limit", "many"), 2, "--limit"),
        (("45,7", "--format", "xml"), 2, "--format"),
        (("45,7", "--bogus"), 2, "--bogus"),
        (("45,", "7"), 2, "7"),
        ((), 2, "PLACE"),
        (("\udcff\x1b[31m",), 2, "no text"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_what_goes_wrong_is_said(run: Runner, words: tuple[str, ...], code: int, said: str) -> None:
    done = run("near", *words)
    assert done.code == code
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert "\x1b" not in done.err
    if not done.err.startswith("Usage"):
        assert re.fullmatch(r"Error: .*\n", done.err)
    assert list(Path().iterdir()) == []


def test_a_place_that_the_file_does_not_cover(run: Runner, gradely: list[str]) -> None:
    done = run("near", "-33.86,151.21", *gradely)
    assert done.code == 1
    assert "gradely.osm holds no streets near the place" in done.err


def test_a_word_that_is_no_command(run: Runner) -> None:
    done = run(DOOR)
    assert done.code == 2
    assert "No such command" in done.err


@pytest.mark.parametrize("words", [("--help",), ("near", "--help"), ("demo", "-h"), ("--version",)])
def test_help(run: Runner, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert (done.code, done.err) == (0, "")
    assert "hillfinder" in done.out


def test_every_option_is_in_the_help(run: Runner) -> None:
    said = run("near", "--help").out
    for option in (
        *("--length", "--warmup", "--pace", "--walk", "--osm", "--dem", "--elevation", "--offline"),
        *("--limit", "--min-grade", "--format", "--pick", "--gpx", "--force", "--units", "--quiet"),
        *("--fit", "--workout", "--tcx", "--kml", "--geojson", "--csv", "--parquet", "--export"),
        *("--html", "--png"),
    ):
        assert f"{option} " in said


def test_no_words_show_the_help(run: Runner) -> None:
    done = run()
    assert done.code in {0, 2}
    assert "demo" in done.out + done.err


# --- The demo -------------------------------------------------------------------------------------


def test_the_demo(run: Runner, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    done = run("demo", "--out", str(out))
    assert done.code == 0
    assert "Gradely" in done.out
    assert str(out) in done.err
    assert sorted(path.name for path in out.iterdir()) == WRITTEN
    found = json.loads((out / "hills.json").read_text(encoding="utf-8"))
    hills, steps = found["hills"], found["workout"]["steps"]
    course = gpxpy.parse((out / "hill.gpx").read_text(encoding="utf-8"))
    (track,) = course.tracks
    (segment,) = track.segments
    points = [[point.longitude, point.latitude] for point in segment.points]
    assert len(points) == sum(len(step["line"]) for step in steps) - len(steps) + 1
    assert points[0] == hills[0]["approach"]["line"][0][:2] == points[-1]
    assert [spot.name for spot in course.waypoints] == ["Bottom", "Top"]
    assert "Session on hill 1: " in done.out
    assert "--pick" not in done.out  # the demo has no such option
    assert len((out / "hills.csv").read_text(encoding="utf-8").splitlines()) == 1 + len(hills)
    again = run("demo", "--out", str(out))
    assert again.code == 1
    assert "exists already" in again.err
    assert again.out == ""
    assert run("demo", "--out", str(out), "--force", "--quiet").code == 0
    assert (tmp_path / "other").exists() is False


@pytest.mark.slow
def test_the_demo_says_where_its_files_are(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = run("demo", "--units", "imperial")
    assert done.code == 0
    (where,) = tmp_path.iterdir()
    assert str(where) in done.err
    assert sorted(path.name for path in where.iterdir()) == WRITTEN


def test_the_demo_where_nothing_can_be_written(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("demo", "--out", str(tmp_path / "file"))
    assert done.code == 1
    assert "cannot be written" in done.err


# --- In a process of its own ----------------------------------------------------------------------


def command(*words: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "hillfinder", *words]


def test_help_loads_nothing_heavy() -> None:
    script = """
import sys
from hillfinder.cli import main
code = main(["near", "--help"])
heavy = {"numpy", "scipy", "pandas", "geopandas", "osmnx", "rasterio", "osmium", "requests"}
heavy |= {"pydantic"}
sys.exit(code or ", ".join(sorted(heavy & set(sys.modules))) or 0)
"""
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_reader_who_has_seen_enough(gradely: list[str]) -> None:
    words = command("near", DOOR, *gradely, "--format", "json")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk(gradely: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("near", DOOR, *gradely),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert re.fullmatch(r"Error: The result cannot be written to stdout \(.*\)\.\n", done.stderr)


def test_closed_streams() -> None:
    words = shlex.join(command("near", DOOR, "--limit", "0"))
    assert subprocess.run(f"{words} 2>&-", shell=True, check=False).returncode == 2  # noqa: S602
    words = shlex.join(command("--version"))
    assert subprocess.run(f"{words} >&-", shell=True, check=False).returncode == 0  # noqa: S602


@pytest.mark.slow
@pytest.mark.parametrize("output", ["table", "json"])
def test_a_terminal_without_letters(gradely: list[str], output: str) -> None:
    done = subprocess.run(
        command("near", DOOR, *gradely, "--format", output),
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    if output == "table":
        assert b"+/-" in done.stdout
        assert done.stdout.isascii()
    else:
        assert json.loads(done.stdout.decode())["hills"]


@pytest.mark.slow
@pytest.mark.parametrize("service", ["NOMINATIM", "TERRARIUM"])
def test_an_interruption(service: str, gradely: list[str], tmp_path: Path) -> None:
    place = "Council Crest, Portland" if service == "NOMINATIM" else "46.0,70.0"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        address += "/{z}/{x}/{y}.png" if service == "TERRARIUM" else ""
        with subprocess.Popen(
            [sys.executable, "-m", "hillfinder", "near", place, *gradely[:2]],
            env=os.environ
            | {
                "HILLFINDER_OFFLINE": "0",
                "HILLFINDER_CACHE_DIR": str(tmp_path),
                f"HILLFINDER_{service}_URL": address,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            asked_for, _ = silent.accept()
            with asked_for:
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    asked_for_first, interrupted = err.decode().splitlines()
    assert asked_for_first.startswith("Asking ")
    assert interrupted == "Interrupted."


def test_how_far_the_nearest_street_is(run: Runner, gradely: list[str]) -> None:
    near, aside = run("near", DOOR, *gradely), run("near", "45.998,69.999", *gradely)
    assert "The nearest street is" not in near.out
    assert "The nearest street is 58 m from the place" in aside.out


# --- The coach ------------------------------------------------------------------------------------


def test_the_list_ends_with_a_session(run: Runner, gradely: list[str]) -> None:
    said = " ".join(run("near", DOOR, *gradely).out.split())
    times = r"\d+ min warm-up, \d x \d+ m up in \d:\d\d, walk down in \d:\d\d, \d+ min home"
    assert re.search(rf"Session on hill 1: {times}: .*--pick 1 shows it whole\.", said)


def test_a_pick_shows_its_card(run: Runner, gradely: list[str]) -> None:
    done = run("near", DOOR, *gradely, "--pick", "2", "--repeats", "7", "--level", "strong")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Session on hill 2: ")
    assert re.search(r"^7 x up ", done.out, re.MULTILINE)
    assert max(map(len, done.out.splitlines())) <= 80


def test_what_a_number_without_a_unit_means(run: Runner, gradely: list[str]) -> None:
    words = ("near", DOOR, *gradely, "--format", "json", "--limit", "3")
    feet = run(*words, "--length", "300-600ft", "--pace", "11:00/mi").out
    assert run(*words, "--length", "300-600", "--pace", "11:00", "--units", "imperial").out == feet
    for row in json.loads(feet)["hills"]:
        assert 300 * 0.3048 - 0.1 <= row["length_m"] <= 600 * 0.3048 + 0.1


def test_json_carries_the_session_of_the_pick(run: Runner, gradely: list[str]) -> None:
    words = ("near", DOOR, *gradely, "--format", "json")
    plain = json.loads(run(*words).out)
    assert (plain["workout"]["hills"], plain["treadmill"]) == ([1], None)
    picked = json.loads(run(*words, "--pick", "3", "--treadmill").out)
    assert picked["workout"]["hills"] == [3]
    assert picked["treadmill"]["repeats"] == picked["workout"]["repeats"]


def test_the_course_of_a_hill_alone(run: Runner, gradely: list[str], tmp_path: Path) -> None:
    path = tmp_path / "hill.gpx"
    words = ("near", DOOR, *gradely, "--pick", "2", "--gpx", str(path), "--course", "hill")
    assert run(*words).code == 0
    points = gpxpy.parse(path.read_text(encoding="utf-8")).tracks[0].segments[0].points
    hills = json.loads(run("near", DOOR, *gradely, "--format", "json").out)["hills"]
    assert [[point.longitude, point.latitude] for point in points] == [
        point[:2] for point in hills[1]["line"]
    ]


def test_where_no_hill_is_there_is_a_treadmill(run: Runner, gradely: list[str]) -> None:
    done = run("near", DOOR, *gradely, "--min-grade", "60")
    assert done.code == 3
    assert "On a treadmill: " in done.out
    assert "the real hill is better" in " ".join(done.out.split())
    whole = json.loads(run("near", DOOR, *gradely, "--min-grade", "60", "--format", "json").out)
    assert whole["workout"] is None
    assert whole["treadmill"]["incline"] == 0.15


def test_a_treadmill_needs_no_network(run: Runner) -> None:
    done = run("near", "45,7", "--treadmill", "--units", "imperial")
    assert done.code == 4
    assert re.match(r"On a treadmill: .* at 6 % and \d\.\d mph", " ".join(done.out.split()))
    assert max(map(len, done.out.splitlines())) <= 80
    assert "network is switched off" in done.err


@pytest.mark.parametrize(
    ("typed", "start"),
    [
        ("18:00", datetime(2026, 6, 1, 18, 0, tzinfo=UTC)),
        ("7:05", datetime(2026, 6, 2, 7, 5, tzinfo=UTC)),
        ("12:00", datetime(2026, 6, 1, 12, 0, tzinfo=UTC)),
        ("2026-12-01T07:30+01:00", datetime(2026, 12, 1, 6, 30, tzinfo=UTC)),
        ("2026-12-01 07:30", datetime(2026, 12, 1, 7, 30).astimezone()),
        (None, NOW),
    ],
)
def test_when_it_begins(typed: str | None, start: datetime) -> None:
    assert asked(at=typed, now=NOW).start == start


@pytest.mark.parametrize(
    ("now", "hours"),
    [(datetime(2026, 10, 24, 18, tzinfo=UTC), 23), (datetime(2026, 3, 28, 19, tzinfo=UTC), 21)],
)
def test_the_next_hour_is_on_the_clock_of_its_own_day(
    now: datetime, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    try:
        start = asked(at="18:00", now=now.astimezone()).start
        assert start is not None
        assert (start.hour, start - now) == (18, timedelta(hours=hours))
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", ["", "soon", "25:00", "18:60", "2026-12-01", "9999-99-99 10:00"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InputError, match=r"--at \".*\" is no time: write 18:00"):
        asked(at=text, now=NOW)


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59+01:00"])
def test_no_run_is_centuries_away(text: str) -> None:
    with pytest.raises(InputError, match=r"--at \".*\" is no time of a run: give a year"):
        asked(at=text, now=NOW)


@pytest.mark.parametrize(
    ("typed", "metres"), [("10km", 10_000), ("10", 10_000), (" 6 mi", 9656.064), ("5000m", 5000)]
)
def test_distances(typed: str, metres: float) -> None:
    assert asked(distance=typed, session="rolling").distance_m == pytest.approx(metres)


def test_the_coach_says_all_faults_at_once() -> None:
    with pytest.raises(InputError) as caught:
        asked(distance="far", at="soon", max_grade=0, repeats=0, minutes=5.0)
    for part in ('--distance "far"', '--at "soon"', "--max-grade 0", "0 repeats", "a rolling run"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--course", "hill"), "--course says what --gpx, --fit and --tcx hold"),
        (("--session", "sprint"), "--session"),
        (("--minutes", "30"), "for a rolling run"),
        (("--session", "rolling", "--distance", "10km", "--minutes", "30"), "one of the two"),
    ],
)
def test_what_the_coach_does_not_understand(run: Runner, words: tuple[str, ...], said: str) -> None:
    done = run("near", "45,7", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_without_a_run_over_several_hills_the_list_is_shown(
    run: Runner, gradely: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody made a run, as where the hills lie too far apart."""
    near = find.near
    monkeypatch.setattr(find, "near", lambda *a, **b: replace(near(*a, **b), tour=None))
    words = ("near", DOOR, *gradely, "--session", "rolling", "--minutes", "40")
    done = run(*words, "--gpx", str(tmp_path / "run.gpx"))
    assert done.code == 3
    assert "hills of 100 to 200 m" in done.out
    assert done.err == "No run over several hills was found: ask for another length or time.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_over_several_hills_is_shown_whole(
    run: Runner, gradely: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    near = find.near

    def with_a_tour(*words: Any, **more: Any) -> Hills:
        hills = near(*words, **more)
        one, two = hills.workout(1, 1), hills.workout(2, 1)
        both = replace(one, hills=(*one.hills, *two.hills), steps=(*one.steps, *two.steps))
        return replace(hills, tour=replace(both, session="rolling"))

    monkeypatch.setattr(find, "near", with_a_tour)
    path = tmp_path / "run.gpx"
    words = ("near", DOOR, *gradely, "--session", "rolling", "--minutes", "40")
    done = run(*words, "--treadmill", "--gpx", str(path))
    assert done.code == 0
    assert done.out.startswith("A run over 2 hills: ")
    assert "On a treadmill" in done.out
    spots = gpxpy.parse(path.read_text(encoding="utf-8")).waypoints
    names = [spot.name or "" for spot in spots]
    assert [name for name in names if name[-1:].isdigit()] == [
        *("Bottom 1", "Top 1", "Bottom 2", "Top 2"),
    ]
    assert {"Lower Level", "Middle Level"} <= {*names}
    assert run(*words, "--pick", "2").out.startswith("Session on hill 2: ")
