"""The whole job in a world on loopback: real processes, real protocols, real failures."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

import hillfinder as hf
from hillfinder.cli.commands.probes import services
from hillfinder.demo import town
from hillfinder.elevation.sources.tiles import Tiles
from tests.towns import needs_data
from tests.world import faults
from tests.world.running import Search, hills
from tests.world.service import FAULTS, status
from tests.world.terrarium import SIZE, centres, encode, of_raster
from tests.world.whole import World, made_up, portland

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.model import Floats, HeightSource
    from tests.world.whole import City

pytestmark = pytest.mark.slow
#: A street away from the made-up town's door, and from Portland's.
AWAY_DEG = 300 / 111_195


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as made:
        yield made


@pytest.fixture(autouse=True)
def mended(world: World) -> None:
    for service in world.services.values():
        service.requests.clear()
        service.faults.clear()
        service.always = None


def search(world: World, cache: Path, *words: str, **more: str) -> tuple[int, Any, str]:
    words = words or (world.place,)
    code, out, err = Search(world.environment | more, cache, words).run()
    return code, hills(out), err


@dataclass
class FromTiles:
    """Heights of the same pixels as the tiles, from a file on this machine.

    As with tiles, how coarse they are is known only once they were read.
    """

    file: hf.Raster
    source: HeightSource
    read: HeightSource

    def __call__(self, lon: Floats, lat: Floats) -> Floats:
        self.source = self.read
        return self.file(lon, lat)


def as_one_file(city: City, tiles: list[tuple[int, int]], path: Path) -> None:
    """Write the tiles' pixels, joined, in the tiles' own projection."""
    west, north = min(x for x, _ in tiles), min(y for _, y in tiles)
    cols, rows = (max(t[axis] for t in tiles) + 1 - (west, north)[axis] for axis in (0, 1))
    pixels = np.full((rows * SIZE, cols * SIZE), np.nan, np.float32)
    surface = of_raster(city.dem)
    for x in range(cols):
        for y in range(rows):
            red, green, blue = encode(surface(*centres(14, west + x, north + y))).astype(np.float32)
            pixels[y * SIZE : (y + 1) * SIZE, x * SIZE : (x + 1) * SIZE] = (
                red * 256 + green + blue / 256 - 32768
            )
    half, pixel_m = 20_037_508.342789244, 2 * 20_037_508.342789244 / (SIZE << 14)
    left, top = west * SIZE * pixel_m - half, half - north * SIZE * pixel_m
    corner = Affine(pixel_m, 0.0, left, 0.0, -pixel_m, top)
    shape = {"height": rows * SIZE, "width": cols * SIZE, "count": 1, "dtype": "float32"}
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:3857", transform=corner, **shape
    ) as file:
        file.write(pixels, 1)


def assert_same_job(world: World, tmp_path: Path) -> None:
    code, found, err = search(world, tmp_path / "cache")
    assert code == 0, err
    path = tmp_path / "pixels.tif"
    as_one_file(world.city, world.terrarium.tiles, path)
    entries = hf.Web(cache_dir=tmp_path / "cache").cache.entries("areas")
    kept = [entry.about["heights"] for entry in entries]
    (read,) = [heights for heights in kept if heights["name"] != "none"]
    web = hf.Web(offline=True, cache_dir=tmp_path / "local")
    source = Tiles(web).source
    heights = FromTiles(hf.Raster([path]), source, replace(source, **read))
    local = hf.near(world.place, streets=world.city.osm, dem=heights, web=web)
    expected = json.loads(local.to_json())["hills"]
    assert [hill["name"] for hill in found] == [hill["name"] for hill in expected]
    assert [hill["way_ids"] for hill in found] == [hill["way_ids"] for hill in expected]
    for mine, theirs in zip(found, expected, strict=True):
        for key in ("grade", "grade_sigma", "max_grade"):
            assert abs(mine[key] - theirs[key]) < 0.0001, (key, mine[key], theirs[key])
        assert abs(mine["approach"]["minutes"] - theirs["approach"]["minutes"]) < 0.05
    assert len(found) == 10


def test_the_live_job_is_the_job_from_local_files(world: World, tmp_path: Path) -> None:
    assert_same_job(world, tmp_path)


@needs_data
def test_portlands_live_job_is_the_job_from_its_files(tmp_path: Path) -> None:
    with World(portland()) as real:
        assert_same_job(real, tmp_path)


@needs_data
def test_in_the_usa_the_live_job_asks_3dep_first(tmp_path: Path) -> None:
    """The others serve streets beyond the edge of the model; they have nothing there either."""
    with World(portland()).lay_out() as real:
        done = Search(real.environment, tmp_path, [real.place]).run()
        assert done[0] == 0, done[2]
        assert json.loads(done[1])["sources"]["elevation"]["name"].startswith("USGS 3DEP")
        asked = re.findall(r"^Asking (.*) \(", done[2], re.MULTILINE)
        names = ["USGS 3DEP", "the terrarium tile server", "Copernicus GLO-30"]
        assert asked == ["Overpass", *names]
        assert real.asked["usgs"] <= 3
        assert real.asked["mapterhorn"] == 0


def test_requests_are_counted(world: World, tmp_path: Path) -> None:
    code, first, _ = search(world, tmp_path)
    assert code == 0
    assert world.asked["overpass"] == 2
    assert world.asked["terrarium"] > 0
    assert (world.asked["mirror"], world.asked["nominatim"]) == (0, 0)
    before = dict(world.asked)
    lat, lon = world.city.door
    for north, east in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        place = f"{lat + north * AWAY_DEG},{lon + east * AWAY_DEG * 1.4}"
        assert search(world, tmp_path, place)[0] == 0
    assert search(world, tmp_path, world.place, "--offline")[:2] == (0, first)
    assert world.asked == before
    assert search(world, tmp_path, world.place, "--refresh")[:2] == (0, first)
    assert world.asked == {name: 2 * count for name, count in before.items()}


def test_the_door_does_not_leave_the_machine(world: World, tmp_path: Path) -> None:
    """All doors of one cell of the grid send the same bytes, ports and order aside."""
    sent = []
    for number, (lat, lon) in enumerate(((46.0012345, 70.0023456), (46.0087654, 70.0076543))):
        mended.__wrapped__(world)  # type: ignore[attr-defined]
        code, _, err = search(world, tmp_path / str(number), f"{lat},{lon}")
        assert code in {0, 3}, err
        everything = sorted(
            request.sent for service in world.services.values() for request in service.requests
        )
        assert everything
        sent.append(everything)
        for digits in (f"{lat:.3f}", f"{lon:.3f}", f"{lat:.4f}"[3:], f"{lon:.4f}"[3:]):
            assert not any(digits in text for text in everything)
    assert sent[0] == sent[1]


def test_offline_opens_no_socket_at_all(world: World, tmp_path: Path) -> None:
    assert search(world, tmp_path / "cache", world.city.name)[0] == 0
    listening = """if True:
        import sys
        def listen(event, args):
            if event.startswith("socket."):
                sys.stderr.write(f"OPENED {event}\\n")
        sys.addaudithook(listen)
        from hillfinder.cli import main
        sys.exit(main(sys.argv[1:]))
    """
    for cache, code in (("cache", 0), ("empty", 4)):
        done = subprocess.run(
            [sys.executable, "-c", listening, "near", world.city.name, "--offline"],
            env=world.environment | {"HILLFINDER_CACHE_DIR": str(tmp_path / cache), "PATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code
        told = [line for line in done.stderr.splitlines() if "OPENED" in line]
        # OSMnx words the question; a numeric address is no look-up, and no socket is opened.
        assert all("getaddrinfo" in line or "gethostby" in line for line in told)
        if code:
            assert "the whereabouts of this place are not kept on this machine" in done.stderr
            assert 'give "latitude,longitude"' in done.stderr


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_offline_makes_no_call_for_a_socket(world: World, tmp_path: Path) -> None:
    assert search(world, tmp_path / "cache")[0] == 0
    trace = tmp_path / "trace"
    tracing = f"strace -f -e trace=socket,connect -o {trace}".split()
    done = subprocess.run(
        [*tracing, sys.executable, "-m", "hillfinder", "near", world.place, "--offline", "-q"],
        env=world.environment | {"HILLFINDER_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        check=False,
    )
    if not trace.exists() or "ptrace" in done.stderr.decode():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0
    assert "exited" in trace.read_text()
    assert "AF_INET" not in trace.read_text()  # libc asks its own name daemon by AF_UNIX


def test_two_searches_at_once_ask_once(world: World, tmp_path: Path) -> None:
    both = [Search(world.environment, tmp_path, [world.place]).start() for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert len(hills(out)) == 10
    assert world.asked["overpass"] == 2
    entries = hf.Web(cache_dir=tmp_path).cache.entries()
    assert all(hf.Web(cache_dir=tmp_path).cache.read(entry.name) for entry in entries)


@pytest.mark.parametrize("name", ["404", "html", "elsewhere", "half sent", "reset"])
def test_the_second_server_answers_for_the_first(world: World, tmp_path: Path, name: str) -> None:
    world.overpass.always = FAULTS[name]
    code, found, err = search(world, tmp_path)
    assert (code, len(found)) == (0, 10)
    assert "asking the next server." in err
    assert world.asked["mirror"] == 2


def test_a_server_of_ones_own_is_asked_alone(world: World, tmp_path: Path) -> None:
    code, found, _ = search(world, tmp_path, world.place, "--overpass-url", world.mirror.api)
    assert (code, len(found)) == (0, 10)
    assert (world.asked["overpass"], world.asked["mirror"]) == (0, 2)
    code, _, err = search(world, tmp_path, world.place, "--overpass-url", "mirror")
    assert (code, err) == (
        2,
        'Error: "mirror" is no address of a service: it must begin with https:// and a host.\n',
    )


def test_what_goes_on_is_said_in_lines(world: World, tmp_path: Path) -> None:
    world.terrarium.faults.append(status(503))
    code, _, err = search(world, tmp_path / "one", world.city.name)
    assert code == 0
    lines = [re.sub(r"\d+(\.\d+)*(:\d+)?", "N", line) for line in err.splitlines()]
    assert lines[0] == "Asking Nominatim (N)."
    assert lines[1].startswith('"Gradely" is taken for Gradely, Somewhere N')
    assert "Asking Overpass (N)." in lines
    assert (
        "The terrarium tile server (N) answered N Service Unavailable: waiting up to N s." in lines
    )
    assert "Received N kB from Overpass (N)." in lines
    assert search(world, tmp_path / "two", world.place, "--quiet")[2] == ""
    assert search(world, tmp_path / "two", world.place)[2] == ""


@pytest.mark.skipif(shutil.which("script") is None, reason="needs a terminal (script)")
def test_what_goes_on_moves_on_a_terminal(world: World, tmp_path: Path) -> None:
    world.overpass.faults.append(status(503, Retry_After="1"))
    world.terrarium.faults.append(status(503, Retry_After="2"))
    words = f"{sys.executable} -m hillfinder near {world.place} --format csv"
    done = subprocess.run(
        ["script", "-qec", words, str(tmp_path / "seen")],  # noqa: S607
        env=world.environment
        | {
            "HILLFINDER_CACHE_DIR": str(tmp_path),
            "TERM": "xterm",
            "COLUMNS": "160",
            "PATH": "/bin",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        cwd=faults.__file__.partition("/tests/")[0],
    )
    seen = done.stdout.decode()
    assert "Looking for hills" in seen
    assert "asking the next server." in seen
    assert re.search(r"asking again in \d s", seen)
    assert re.search(r"Overpass \([\d.:]+\): \d+ kB", seen)
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h")  # the cursor is back


@pytest.mark.parametrize("service", ["overpass", "terrarium", "nominatim"])
def test_an_interruption_ends_it_at_once_and_leaves_nothing_half(
    world: World, tmp_path: Path, service: str
) -> None:
    world.services[service].always = FAULTS["stall"]
    with Search(world.environment, tmp_path, [world.city.name]).start() as process:
        while not world.asked[service] and process.poll() is None:
            time.sleep(0.02)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err.splitlines()[-1]) == (130, "", "Interrupted.")
    assert time.monotonic() - begun < 10  # what stalls is waited for 60 s
    assert "Traceback" not in err
    assert not [*tmp_path.rglob("*.part")]
    world.services[service].always = None
    assert search(world, tmp_path, world.city.name)[0] == 0


CASES = [
    case
    for case in faults.cases()
    # The others wait as long as services want; ``python -m tests.world.faults`` shows them all.
    if (case.services[-1], case.name)
    in {
        ("terrarium", "404"),
        ("terrarium", "403"),
        ("terrarium", "elsewhere"),
        ("terrarium", "gigabyte"),
        ("terrarium", "black tile"),
        ("terrarium", "wrong tile"),
        ("nominatim", "406"),
        ("nominatim", "elsewhere"),
        ("mirror", "406"),
        ("mirror", "429 much later"),
        ("mirror", "gigabyte"),
    }
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_no_fault_gives_a_wrong_hill_or_spoils_what_is_kept(
    case: faults.Case, expected: tuple[City, Any]
) -> None:
    outcome = faults.meet(case, *expected)
    assert outcome.good, str(outcome)


@pytest.fixture(scope="module")
def expected(world: World) -> Iterator[tuple[City, Any]]:
    with TemporaryDirectory() as folder, TemporaryDirectory() as cache:
        found = Search(world.environment, Path(cache), [world.place]).run()[1]
        yield made_up(Path(folder)), hills(found)


def test_the_world_is_where_the_town_is(world: World) -> None:
    assert world.city.door == (town.DOOR.lat, town.DOOR.lon)


# --- The commands about itself --------------------------------------------------------------------


def command(world: World, cache: Path, *words: str, **more: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "hillfinder", *words],
        env=world.environment | {"HILLFINDER_CACHE_DIR": str(cache)} | more,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_check_says_what_is_reached(world: World, tmp_path: Path) -> None:
    code, out, err = command(world, tmp_path, "check")
    assert (code, err) == (0, "")
    assert out.count("ok   ") == len(services()) + 1  # Overpass has two servers
    assert "2 slots available now" in out
    assert f"Kept in {tmp_path}: 0.0 MB of at most 500 MB" in out
    assert "osmnx 2." in out
    assert not [*tmp_path.rglob("*.*")]


def test_check_says_what_is_not_reached(world: World, tmp_path: Path) -> None:
    world.overpass.always = FAULTS["504"]
    code, out, _ = command(world, tmp_path, "check")
    assert code == 0  # the second server is there
    assert "FAIL Overpass" in out
    assert "answered 504 Gateway Timeout" in out
    world.mirror.always = FAULTS["html"]
    code, out, _ = command(world, tmp_path, "check")
    assert code == 4
    assert "sent something else (is a login wanted?)" in out
    assert "Without Overpass: give a street file (--osm FILE)" in out


@pytest.mark.parametrize("name", ["usgs", "copernicus", "mapterhorn", "terrarium"])
def test_check_asks_every_source_of_heights_for_little(
    world: World, tmp_path: Path, name: str
) -> None:
    known = {
        "usgs": "USGS 3DEP",
        "copernicus": "Copernicus GLO-30",
        "mapterhorn": "Mapterhorn",
        "terrarium": "The terrarium tile server",
    }
    world.services[name].always = FAULTS["html"]
    code, out, _ = command(world, tmp_path, "check")
    assert code == 4
    assert out.count("FAIL ") == 1
    assert f"FAIL {known[name]} (127.0.0.1:" in out
    without = known[name].replace("The ", "the ")
    assert f"Without {without}: give an elevation file (--dem FILE)" in out
    assert all(world.asked[each] == 1 for each in known)
    assert [request.span for request in world.usgs.requests] == ["bytes=0-15"]
    assert [request.span for request in world.copernicus.requests] == ["bytes=0-15"]


def test_check_offline_asks_nobody(world: World, tmp_path: Path) -> None:
    code, out, _ = command(world, tmp_path, "check", "--offline")
    assert code == 0
    assert "no service is asked" in out
    assert not any(world.asked.values())


def test_cache_shows_and_clears(world: World, tmp_path: Path) -> None:
    search(world, tmp_path)
    code, out, err = command(world, tmp_path, "cache")
    assert (code, err) == (0, "")
    assert "2 areas of streets" in out
    assert re.search(r"4\d\.\d\d to 46\.\d\d, \d\d\.\d\d to 70\.\d\d, less than a day old", out)
    assert "heights of http://127.0.0.1" in out
    code, out, err = command(world, tmp_path, "cache", "--clear")
    assert (code, err) == (0, "")
    assert out.startswith("Dropped ")
    assert " 0.0 MB of at most" in command(world, tmp_path, "cache")[1]
    assert search(world, tmp_path, world.place, "--offline")[0] == 4


@pytest.mark.parametrize("value", ["none", "0", "-1", "nan", "inf"])
def test_a_number_of_the_environment_that_is_none(world: World, tmp_path: Path, value: str) -> None:
    code, out, err = command(world, tmp_path, "cache", HILLFINDER_CACHE_MB=value)
    assert (code, out) == (2, "")
    assert err == f'Error: HILLFINDER_CACHE_MB is "{value}": give a number above zero.\n'


def test_offline_and_refresh_contradict_each_other(world: World, tmp_path: Path) -> None:
    code, _, err = search(world, tmp_path, world.place, "--offline", "--refresh")
    assert code == 2
    assert "leave out --refresh" in err
