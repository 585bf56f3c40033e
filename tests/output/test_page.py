"""The page: nothing of the map runs in it, and in a real browser it does what it says."""

from __future__ import annotations

import base64
import json
import re
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from lxml import html

from hillfinder.model import Caution, Hill, Place, Route, Safety, Step, Workout
from hillfinder.output.text import phrases
from hillfinder.output.text.sanitize import plain
from hillfinder.output.visual import basemap, page
from hillfinder.output.visual.page import TileMap, render_page
from hillfinder.units import Length, Sentence
from tests.browser import Browser, browser, needs_browser
from tests.findings import HOSTILE, bare_hill, climb, gradely, hill, hills, hostile_hills
from tests.towns import LAT, LON, STREET, town

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hillfinder.results.hills import Hills

FILES = {"hill.gpx": "<gpx>Höhe</gpx>".encode(), "hill.fit": bytes(range(256))}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def several() -> Hills:
    """Return three hills of which no two lie in one place."""
    south = climb(lat=(45.48, 45.4805, 45.481))
    return hills(hill(1), replace(hill(2, "Spring Street"), climb=south), bare_hill(3))


def session(one: Hill) -> Workout:
    """Return two repeats on a hill, from its foot."""
    line, profile = one.climb, one.climb.profile
    heights, distance = profile.elevation_m, profile.distance_m
    up = Route(line.lon, line.lat, heights, distance, 60.0, "direct")
    down = Route(line.lon[::-1], line.lat[::-1], heights[::-1], distance, 120.0, "direct")
    steps = (Step("repeat", up, 60.0, one.rank), Step("recovery", down, 120.0, one.rank)) * 2
    return Workout("repeats", "regular", (one,), steps, ("Short strides.",))


def with_a_run() -> Hills:
    """Return two hills and a run over both."""
    one, two, _ = several()
    steps = (*session(one).steps, *session(two).steps)
    run = Workout("rolling", "regular", (one, two), steps, ())
    return replace(hills(one, two), tour=run)


def text_of(found: Hills, **more: Any) -> str:
    return render_page(
        found,
        found.network,
        {each.rank: session(each) for each in found},
        lambda rank: FILES,
        **more,
    )


def tree(text: str) -> Any:
    return html.document_fromstring(text.encode())


# --- The text -------------------------------------------------------------------------------------


def test_the_page_can_be_read_without_a_script() -> None:
    found = tree(text_of(several()))
    rows = found.xpath("//label")
    assert [row.xpath("string(.//bdi)") for row in rows] == [each.name for each in several()]
    assert rows[0].xpath("string(*[@class='grade'])") == "11.8 ± 0.9 %"
    article = found.get_element_by_id("hill-2")
    rows = [[cell.text for cell in row] for row in article.xpath(".//tr")]
    assert rows[0] == ["2 x up", "1:00", "150 m", "+18 m", "6:40 min/km", "hard, not all out"]
    assert [row[0] for row in rows] == ["2 x up", "2 x down", "In all"]
    assert article.xpath("string(.//li)") == "Short strides."
    assert "OpenStreetMap contributors" in found.xpath("string(//footer)")
    assert found.xpath("//footer//a/@href") == ["https://www.openstreetmap.org/copyright"]


def test_the_links_hold_the_files() -> None:
    links = tree(text_of(several())).xpath("//article[@id='hill-1']//a[@download]")
    assert {
        link.get("download"): base64.b64decode(link.get("href").partition(",")[2]) for link in links
    } == FILES
    assert links[0].get("href").startswith("data:application/gpx+xml;base64,")


def test_what_is_known_of_a_hill_is_said_without_a_session() -> None:
    cautions = (
        Caution("avoid", "access", "A gate is in the way."),
        Caution("mind", "traffic", Sentence("A busy street crosses after ", Length(100.0), ".")),
    )
    found = hills(replace(hill(), safety=Safety(cautions, ("whether it is lit",))))
    article = tree(render_page(found, found.network, units="imperial")).get_element_by_id("hill-1")
    assert not article.xpath(".//table")
    assert [each.text for each in article.xpath(".//h3")] == ["On the hill"]
    assert article.xpath("string(.//li[@class='avoid'])") == "Avoid it: A gate is in the way."
    assert article.xpath("string(.//li[@class='mind'])").endswith("crosses after 328 ft.")
    assert article.xpath("string(.//li[last()])") == "Not known: whether it is lit."


def test_a_run_over_several_hills_comes_first() -> None:
    found = with_a_run()
    text = render_page(
        found, found.network, downloads=lambda rank: FILES if rank == page.RUN else {}
    )
    first, *_ = tree(text).xpath("//label")
    assert first.xpath("string(.//bdi)").startswith("A run over 2 hills: ")
    article = tree(text).get_element_by_id("hill-0")
    assert len(article.xpath(".//a[@download]")) == 2
    assert [row[0].text for row in article.xpath(".//tr")][-1] == "In all"
    data = json.loads(tree(text).xpath("string(//script[@id='data'])"))
    way = unpacked(data["hills"][0]["way"]) + np.array([found.place.lat, found.place.lon])
    ends = np.array([[45.5, -122.7], [45.48, -122.7]])
    assert np.abs(way[[0, -1]] - ends).max() < 1.1 / basemap.PER_DEGREE


def test_units_are_those_asked_for() -> None:
    found = several()
    text = render_page(found, found.network, units="imperial")
    assert "492 ft, 58 ft up" in text
    assert "1.2 mi" in text
    assert not re.search(r"\d k?m\b", tree(text).xpath("string(//main)"))


def test_finding_nothing_is_a_page_too() -> None:
    text = text_of(hills(misses=("Hill Road is too gentle",)))
    assert "Hill Road is too gentle" in tree(text).xpath("string(//main)")


def test_the_same_findings_give_the_same_page() -> None:
    assert text_of(several()) == text_of(several())


def test_a_page_asks_for_nothing_but_tiles() -> None:
    policy = tree(text_of(several())).xpath("//meta[@http-equiv]/@content")[0]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "img-src data: https://tile.opentopomap.org;" in policy
    assert "opentopomap" not in text_of(several(), tiles=None)
    assert TileMap("https://{s}.example/{z}/{x}/{y}", "", 17).origin == "https://*.example"


def test_no_text_of_the_map_becomes_markup() -> None:
    text = text_of(hostile_hills())
    found = tree(text)
    assert len(found.xpath("//script")) == 3
    assert not found.xpath("//img | //iframe | //object | //form | //@onload | //@onerror")
    names = [label.xpath("string(.//bdi)") for label in found.xpath("//label")]
    assert names == [plain(name, phrases.NAME_LETTERS) or "?" for name in HOSTILE]
    data = json.loads(found.xpath("string(//script[@id='data'])"))
    assert [each["name"] for each in data["hills"]] == names
    assert not re.search(r"[<>&\u2028\u2029]", found.xpath("string(//script[@id='data'])"))


def test_the_names_of_files_are_text_too() -> None:
    found = hills(hill())
    name = '"><script>alert(1)</script>.gpx'
    text = render_page(found, found.network, downloads=lambda rank: {name: b"x"})
    assert tree(text).xpath("//a/@download") == [name]
    assert len(tree(text).xpath("//script")) == 3


def test_a_page_is_never_too_large() -> None:
    found = hills(*(hill(rank) for rank in range(1, 9)))
    asked = []

    def files(rank: int) -> dict[str, bytes]:
        asked.append(rank)
        return {"hill.gpx": b"x" * 700_000}

    text = render_page(found, found.network, downloads=files)
    assert len(text.encode()) < page.MOST_BYTES
    assert len(tree(text).xpath("//a[@download]")) == 5
    assert text.count("no room on the page") == 3
    assert asked == [1, 2, 3, 4, 5, 6]


# --- The streets ----------------------------------------------------------------------------------


def unpacked(numbers: list[int]) -> Any:
    return np.cumsum(np.reshape(numbers, (-1, 2)), axis=0) / basemap.PER_DEGREE


def test_streets_are_drawn_by_kind_and_where_they_are() -> None:
    network = town(
        [
            (1, (1, 2), STREET),
            (2, (2, 3), {"highway": "primary"}),
            (3, (3, 4), {"highway": "path"}),
            (4, (5, 6), STREET),
        ],
        {
            1: (0, 0),
            2: (100, 0),
            3: (100, 100),
            4: (0, 100),
            5: (90_000, 0),
            6: (90_100, 0),
        },
    )
    found = hills(place=Place(LAT, LON))
    packed = basemap.packed_streets(found, network)
    assert {kind: len(lines) for kind, lines in packed.items()} == {
        "path": 1,
        "street": 1,
        "major": 1,
    }
    shown = unpacked(packed["street"][0]) + np.array([LAT, LON])
    drawn = np.column_stack([network.point_lat, network.point_lon])[:2]
    assert np.abs(shown - drawn).max() < 1.1 / basemap.PER_DEGREE


def test_where_there_is_too_much_the_great_streets_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basemap, "MOST_POINTS", 3)
    network = town(
        [(1, (1, 2), STREET), (2, (2, 3), {"highway": "primary"})],
        {1: (0, 0), 2: (100, 0), 3: (100, 100)},
    )
    packed = basemap.packed_streets(hills(place=Place(LAT, LON)), network)
    assert {kind: len(lines) for kind, lines in packed.items()} == {
        "path": 0,
        "street": 0,
        "major": 1,
    }


# --- In a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Browser:
    """Return a browser that shows three hills, on a wide screen, without a network."""
    show(chromium, text_of(several()), tmp_path)
    return chromium


def show(chromium: Browser, text: str, folder: Path, *, width: int = 1300, **more: bool) -> None:
    path = folder / "page.html"
    path.write_text(text, encoding="utf-8")
    chromium.size(width, 800, **more)
    chromium.open(path.as_uri())


SHOWN = "[...document.querySelectorAll('article')].filter((e) => !e.hidden).map((e) => e.id).join()"
MIDDLE = "document.querySelector('path.hill.chosen').getBoundingClientRect()"


@needs_browser
def test_it_opens_without_a_complaint_and_asks_for_nothing(opened: Browser) -> None:
    assert opened.complaints() == []
    assert {address.partition(":")[0] for address in opened.asked()} <= {"file", "data"}
    assert opened.run("document.querySelectorAll('path.hill').length") == 3
    assert opened.run(SHOWN) == "hill-1"


@needs_browser
def test_the_map_is_not_blank_without_a_network(chromium: Browser, tmp_path: Path) -> None:
    show(chromium, text_of(gradely()), tmp_path)
    for kind in ("street", "major", "path"):
        assert chromium.run(f"document.querySelector('path.{kind}').getBBox().width") > 300


@needs_browser
def test_a_click_on_a_row_moves_map_and_profile(opened: Browser) -> None:
    before = opened.run("document.querySelector('.leaflet-map-pane').innerHTML")
    opened.click("label:nth-of-type(3)")
    assert opened.run(SHOWN) == "hill-3"
    assert opened.run("document.querySelector('input:checked').value") == "3"
    assert opened.run("document.querySelectorAll('path.hill.chosen').length") == 1
    assert opened.run("document.querySelector('.leaflet-map-pane').innerHTML") != before
    assert opened.run("location.hash") == "#hill-3"
    assert opened.complaints() == []


@needs_browser
def test_a_click_on_the_map_moves_list_and_profile(opened: Browser) -> None:
    opened.run("document.querySelectorAll('.number')[1].click()")
    assert opened.run(SHOWN) == "hill-2"
    assert opened.run("document.querySelector('input:checked').value") == "2"


@needs_browser
def test_a_pointer_on_the_profile_shows_the_place_on_the_map(opened: Browser) -> None:
    opened.run("document.querySelector('article:not([hidden]) svg').scrollIntoView()")
    x, y = opened.run(
        "(() => { const b = document.querySelector('article:not([hidden]) svg.profile')"
        ".getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
    )
    opened.mouse("mouseMoved", x, y)
    said = "document.querySelector('article:not([hidden]) .reading').textContent"
    assert re.fullmatch(
        r"\d+ m from the bottom, 1\d\d m above the sea, 1\d\.\d %", opened.run(said)
    )
    assert opened.run("document.querySelectorAll('path.here').length") == 1
    opened.mouse("mouseMoved", 5, 5)
    assert opened.run(said) == ""
    assert opened.run("document.querySelectorAll('path.here').length") == 0


@needs_browser
def test_a_run_over_several_hills_is_chosen_as_a_hill_is(chromium: Browser, tmp_path: Path) -> None:
    show(chromium, text_of(with_a_run()), tmp_path)
    assert chromium.run(SHOWN) == "hill-0"
    assert chromium.run("document.querySelectorAll('path.way.chosen').length") == 1
    chromium.click("label:nth-of-type(2)")
    assert chromium.run(SHOWN) == "hill-1"
    chromium.click("label:nth-of-type(1)")
    assert chromium.run(SHOWN) == "hill-0"
    assert chromium.complaints() == []


@needs_browser
def test_the_keys_are_enough(opened: Browser) -> None:
    focused = "document.activeElement"
    while opened.run(f"{focused}.name") != "hill":
        opened.press("Tab")
        assert opened.run(f"{focused} !== document.body"), "the list cannot be reached"
    opened.press("ArrowDown")
    assert opened.run(SHOWN) == "hill-2"
    opened.press("ArrowUp")
    assert opened.run(SHOWN) == "hill-1"
    opened.press("Tab")
    assert opened.run(f"{focused}.download") == "hill.gpx"


@needs_browser
def test_a_download_is_the_right_bytes(opened: Browser, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    opened.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(kept))
    for name, data in FILES.items():
        opened.click(f"article:not([hidden]) a[download='{name}']")
        until = time.monotonic() + 30
        while not (kept / name).is_file():
            assert time.monotonic() < until, name
            time.sleep(0.02)
        assert (kept / name).read_bytes() == data


@needs_browser
@pytest.mark.parametrize("width", [320, 375, 768, 1300])
def test_no_screen_scrolls_sideways(chromium: Browser, tmp_path: Path, width: int) -> None:
    show(chromium, text_of(hostile_hills()), tmp_path, width=width, touch=width < 800)
    assert chromium.run("document.documentElement.scrollWidth") <= width
    assert chromium.complaints() == []


@needs_browser
def test_hostile_names_run_nothing(chromium: Browser, tmp_path: Path) -> None:
    show(chromium, text_of(hostile_hills()), tmp_path)
    for rank in range(1, len(HOSTILE) + 1):
        chromium.run(f"document.querySelector('input[value=\"{rank}\"]').click()")
        assert chromium.run(SHOWN) == f"hill-{rank}"
    assert chromium.run("document.querySelectorAll('script').length") == 3
    assert not any("javascriptDialog" in event.get("method", "") for event in chromium.events)
    assert chromium.complaints() == []


@needs_browser
def test_the_policy_stops_what_would_get_through(chromium: Browser, tmp_path: Path) -> None:
    text = text_of(several()).replace("<main>", "<main><img src=x onerror='document.title=1'>")
    show(chromium, text, tmp_path)
    assert chromium.run("document.title") != "1"
    assert any("Content Security Policy" in each for each in chromium.complaints())


@needs_browser
def test_dark_is_dark(chromium: Browser, tmp_path: Path) -> None:
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    show(chromium, text_of(several()), tmp_path)
    light = chromium.run(paper)
    show(chromium, text_of(several()), tmp_path, dark=True)
    dark = chromium.run(paper)
    assert sum(map(int, re.findall(r"\d+", light))) > 700
    assert sum(map(int, re.findall(r"\d+", dark))) < 100


@needs_browser
def test_it_prints_on_one_sheet(chromium: Browser, tmp_path: Path) -> None:
    show(chromium, text_of(gradely()), tmp_path)
    sheets = re.findall(rb"/Type\s*/Page\b", chromium.printed())
    assert len(sheets) == 1


@needs_browser
@pytest.mark.parametrize("there", [True, False])
def test_a_street_map_lies_beneath_where_there_is_a_network(
    chromium: Browser, tmp_path: Path, *, there: bool
) -> None:
    with tile_server(PIXEL if there else None) as (address, asked):
        tiles = TileMap(f"{address}/{{z}}/{{x}}/{{y}}.png", "Map: a test", 17)
        chromium.network(there=True)
        try:
            show(chromium, text_of(several(), tiles=tiles), tmp_path)
            seen = "document.querySelectorAll('.leaflet-tile-loaded').length"
            credit = "document.querySelector('.leaflet-control-attribution').textContent"
            chromium.wait(
                f"({seen} > 0) === {str(there).lower()} && "
                f"{credit}.includes('a test') === {str(there).lower()}"
            )
        finally:
            chromium.network(there=False)
    assert asked
    assert "OpenStreetMap contributors" in chromium.run(credit)


@contextmanager
def tile_server(picture: bytes | None) -> Iterator[tuple[str, list[str]]]:
    """Serve one picture for every tile, or none, and tell what was asked for."""
    asked: list[str] = []

    class Tile(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if picture else 503)
            self.send_header("Content-Length", str(len(picture or b"")))
            self.end_headers()
            self.wfile.write(picture or b"")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tile)
    thread = Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
