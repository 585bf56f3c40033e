"""Findings as one page that opens from disk, without a network and without a server.

List, profiles, workouts and downloads are plain HTML, which can be read and printed without a
script. Leaflet, from the package ``django-js-lib-leaflet`` (Django's in name only), and the streets
of the area are in the page; online, the tiles of a map are shown too.

Anyone can name a street ``<script>``. All text goes through ``plain``, and the template escapes it;
data is in a block that no browser runs and that has no ``<``; and the page's policy runs only the
two scripts whose hash it names, and loads nothing but the tiles.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import numpy as np

from hillfinder.output import colours
from hillfinder.output.drawn_profile import drawn_profile
from hillfinder.output.text import card, phrases
from hillfinder.output.text.sanitize import plain
from hillfinder.output.visual import basemap, profile_svg
from hillfinder.output.visual.templates import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from markupsafe import Markup

    from hillfinder.model import Findings, Hill, Route, Workout
    from hillfinder.streets.network import StreetNetwork
    from hillfinder.units import Units

#: Largest page, bytes: files that would make it larger are left out.
MOST_BYTES = 5_000_000
#: Allowance for a link besides its data, bytes: the file's name twice, and the markup.
LINK_BYTES = 1000
#: Rank of the run over several hills.
RUN: Final = 0

_MIME_TYPES: Final = {"gpx": "application/gpx+xml", "fit": "application/vnd.ant.fit"}
_COPYRIGHT: Final = "https://www.openstreetmap.org/copyright"


@dataclass(frozen=True, slots=True)
class TileMap:
    """A map beneath the hills, for those who open the page online.

    Attributes:
        url: address of a tile, as Leaflet writes it.
        credit: who made it, as HTML, never from the map.
        zoom: the closest zoom of the server.
    """

    url: str
    credit: str
    zoom: int

    @property
    def origin(self) -> str:
        """The servers, as a content policy names them."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"


#: Contours and shaded hills without a key; unlike OpenStreetMap's server it serves pages on disk,
#: which send no referrer.
OPENTOPOMAP: Final = TileMap(
    "https://tile.opentopomap.org/{z}/{x}/{y}.png",
    'Map: <a href="https://opentopomap.org">OpenTopoMap</a> '
    '(<a href="https://creativecommons.org/licenses/by-sa/3.0/">CC-BY-SA</a>), SRTM',
    17,
)


def render_page(
    findings: Findings,
    network: StreetNetwork,
    workouts: Mapping[int, Workout] | None = None,
    downloads: Callable[[int], Mapping[str, bytes]] | None = None,
    *,
    units: Units = "metric",
    tiles: TileMap | None = OPENTOPOMAP,
) -> str:
    """Return the page as text.

    Args:
        findings: the hills.
        network: the streets to draw.
        workouts: the workout on each hill, by rank.
        downloads: returns the files of a hill, by name, from its rank, or from ``RUN``; called
            while there is room.
        units: metres and kilometres, or feet and miles.
        tiles: the map beneath, or ``None``.
    """
    sessions = dict(workouts or {})
    rows = [_hill_row(hill, units) for hill in findings.hills]
    articles = [
        _hill_article(hill, _card(sessions.get(hill.rank), findings, units), units)
        for hill in findings.hills
    ]
    drawn = [
        _hill_on_map(hill, sessions.get(hill.rank), findings, units) for hill in findings.hills
    ]
    if findings.tour is not None:
        rows.insert(0, _run_row(findings.tour, units))
        articles.insert(0, _run_article(card.Card(findings.tour, findings, units), units))
        drawn.insert(0, _run_on_map(findings.tour, findings, units))
    library, library_style = _leaflet_file("leaflet.js"), _leaflet_file("leaflet.css")
    script, style = _own_file("page.js"), _own_file("page.css") + _colour_classes()
    below = (
        *phrases.conditions(findings, units),
        *phrases.beyond(findings),
        *phrases.credits_of(findings, units),
    )
    fill = partial(
        render,
        "output/visual/page.html",
        policy=_policy((library, script), (library_style, style), tiles),
        heading=plain(phrases.heading(findings, units)),
        library=library,
        library_style=library_style,
        script=script,
        style=style,
        legend=list(_legend_labels()),
        rows=rows,
        articles=articles,
        misses=[_linked(phrases.said(miss, units)) for miss in findings.misses],
        footer=[_linked(line) for line in below],
        data=_map_data(findings, network, drawn, tiles),
    )
    ranks = [article["rank"] for article in articles]
    if downloads is None:
        return fill(files=dict.fromkeys(ranks, ()))
    room = MOST_BYTES - len(fill(files=dict.fromkeys(ranks)).encode())
    return fill(files=dict(_links_by_hill(ranks, downloads, room)))


def _policy(scripts: Sequence[str], styles: Sequence[str], tiles: TileMap | None) -> str:
    """Return what the page may load: its own scripts and styles, and tiles."""
    images = f" {tiles.origin}" if tiles else ""
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        f"img-src data:{images}; base-uri 'none'; form-action 'none'"
    )


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _own_file(name: str) -> str:
    return (files("hillfinder.output.visual") / name).read_text(encoding="utf-8")


def _leaflet_file(name: str) -> str:
    return (files("js_lib_leaflet") / "static" / "js_lib_leaflet" / name).read_text("utf-8")


def _colour_classes() -> str:
    """Return a style class for each colour of the scale, with the colour of text on it."""
    return "".join(
        f".g{at} {{ --grade: {colour}; --on: {'#000' if at < colours.FIRST_DARK else '#fff'}; }}\n"
        for at, colour in enumerate(colours.COLOURS)
    )


def _legend_labels() -> Iterator[tuple[str, str]]:
    """Yield the label of each colour, and a short one."""
    for label in colours.colour_labels():
        short = label.replace(" to ", "\u2013").removesuffix(" %").replace("over ", "> ")
        yield label, short


def _shown_name(hill: Hill) -> str:
    return plain(hill.name, phrases.NAME_LETTERS) or phrases.UNKNOWN


def _hill_row(hill: Hill, units: Units) -> dict[str, Any]:
    return {
        "rank": hill.rank,
        "step": colours.colour_index(hill.grade),
        "name": _shown_name(hill),
        "grade": phrases.mean_grade(hill),
        "size": phrases.ground(hill.climb.length_m, units),
        "there": phrases.warmup(hill, units),
    }


def _run_row(run: Workout, units: Units) -> dict[str, Any]:
    return {
        "rank": RUN,
        "step": 0,
        "name": plain(card.session_heading(run, units)),
        "grade": "",
        "size": phrases.distance(run.length_m, units),
        "there": phrases.minutes(run.time_s),
    }


def _card(workout: Workout | None, findings: Findings, units: Units) -> card.Card | None:
    return None if workout is None else card.Card(workout, findings, units)


def _hill_article(hill: Hill, of: card.Card | None, units: Units) -> dict[str, Any]:
    """Return the facts about a hill and the session on it."""
    grade, *figures = [*card.hill_figures(hill, units), f"warm-up {phrases.warmup(hill, units)}"]
    return {
        "rank": hill.rank,
        "name": _shown_name(hill),
        "grade": grade,
        "figures": figures,
        "drawing": profile_svg.to_svg(hill, units, of.workout.repeated_m if of else None),
        "steps": list(of.rows()) if of else [],
        "sections": _sections(of.sections() if of else card.sections(hill, units), units),
    }


def _run_article(of: card.Card, units: Units) -> dict[str, Any]:
    return {
        "rank": RUN,
        "name": plain(card.session_heading(of.workout, units)),
        "steps": list(of.rows()),
        "sections": _sections(of.sections(), units),
    }


def _sections(
    sections: Iterable[tuple[str, Sequence[card.Said]]], units: Units
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return headings, each with its sentences and their gravity."""
    return [
        (title, [(phrases.said(text, units), gravity) for text, gravity in lines])
        for title, lines in sections
    ]


def _links_by_hill(
    ranks: Sequence[int], downloads: Callable[[int], Mapping[str, bytes]], room: int
) -> Iterator[tuple[int, list[tuple[str, str]] | None]]:
    """Yield the ranks with links that hold their files: they need no server and no script.

    ``None`` from the first whose files exceed ``room`` bytes.
    """
    for rank in ranks:
        links = [_link(*file) for file in downloads(rank).items()] if room > 0 else []
        room -= sum(len(address) + LINK_BYTES for _, address in links)
        yield rank, links if room > 0 else None


def _link(name: str, data: bytes) -> tuple[str, str]:
    kind = _MIME_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
    return name, f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _linked(line: str) -> Markup:
    """Return a line in which the address of the copyright is a link."""
    from markupsafe import Markup, escape

    link = Markup('<a href="{0}">{0}</a>').format(_COPYRIGHT)
    return escape(plain(line)).replace(_COPYRIGHT, link)


# --- What the map is drawn from -------------------------------------------------------------------


def _map_data(
    findings: Findings,
    network: StreetNetwork,
    drawn: Sequence[Mapping[str, Any]],
    tiles: TileMap | None,
) -> dict[str, Any]:
    place = findings.place
    return {
        "door": [place.lat, place.lon],
        "origin": [round(place.lat * basemap.PER_DEGREE), round(place.lon * basemap.PER_DEGREE)],
        "credit": f'&copy; <a href="{_COPYRIGHT}">OpenStreetMap contributors</a>',
        "tiles": {"url": tiles.url, "credit": tiles.credit, "zoom": tiles.zoom} if tiles else None,
        "hills": drawn,
        "streets": basemap.packed_streets(findings, network),
    }


def _hill_on_map(
    hill: Hill, workout: Workout | None, findings: Findings, units: Units
) -> dict[str, Any]:
    climb = hill.climb
    lon = basemap.unwrapped(climb.lon, findings.place)
    along = climb.profile.distance_m - climb.profile.distance_m[0]
    home = [step.route for step in workout.steps if step.kind == "cool-down"] if workout else []
    return {
        "rank": hill.rank,
        "name": _shown_name(hill),
        "grade": phrases.mean_grade(hill),
        "step": colours.colour_index(hill.grade),
        "line": np.round(np.column_stack([climb.lat, lon]), 6).tolist(),
        "along": [round(metres, 1) for metres in along.tolist()],
        "readings": list(_readings(hill, units)),
        "way": _way([hill.approach] if hill.approach is not None else [], findings),
        "home": _way(home, findings),
    }


def _run_on_map(run: Workout, findings: Findings, units: Units) -> dict[str, Any]:
    """Return the run over several hills as one way; the hills are drawn on it."""
    return {
        "rank": RUN,
        "name": plain(card.session_heading(run, units)),
        "grade": "",
        "step": 0,
        "line": [],
        "along": [],
        "readings": [],
        "way": _way([step.route for step in run.steps], findings),
        "home": [],
    }


def _way(routes: Sequence[Route], findings: Findings) -> list[int]:
    """Return ways as one line, packed as streets are."""
    if not routes:
        return []
    lon = np.concatenate([route.lon for route in routes])
    return basemap.packed_line(lon, np.concatenate([route.lat for route in routes]), findings)


def _readings(hill: Hill, units: Units) -> Iterator[str]:
    """Yield distance, height and grade about every 5 m along a hill."""
    drawn = drawn_profile(hill)
    length = float(drawn.distance_m[-1])
    count = int(np.clip(length / 5.0, 1, 200))
    for metres in ((np.arange(count) + 0.5) * length / count).tolist():
        height = float(np.interp(metres, drawn.distance_m, drawn.elevation_m))
        sigma = float(np.interp(metres, drawn.distance_m, drawn.sigma_m))
        steep = [
            stretch.grade
            for stretch in drawn.stretches
            if stretch.start_m <= metres <= stretch.stop_m
        ]
        said = [f"{phrases.length(metres, units)} from the bottom"]
        if np.isfinite(height) and np.isfinite(sigma):
            said.append(f"{phrases.length(height, units)} above the sea")
        if steep:
            said.append(phrases.percent(steep[0]))
        yield ", ".join(said)
