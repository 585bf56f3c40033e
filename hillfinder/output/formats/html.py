"""The page: map, list, profiles, workouts, and the files of each hill for a watch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hillfinder.output.formats import Format, Request, every

if TYPE_CHECKING:
    from hillfinder.model import Workout

#: Downloads for each workout: formats, and the ends of their file names.
DOWNLOADS = {"gpx": ".gpx", "fit": ".fit", "workout": "-workout.fit"}


def to_html(asked: Request) -> str:
    """Return the page as text."""
    from hillfinder.output.visual import page

    plans, tour = asked.sessions(), asked.findings.tour

    def files(rank: int) -> dict[str, bytes]:
        if rank == page.RUN and tour is not None:
            return _downloads(asked, tour, "run")
        return _downloads(asked, plans[rank], f"hill-{rank}") if rank in plans else {}

    tiles = page.OPENTOPOMAP if asked.street_map else None
    return page.render_page(
        asked.findings, asked.network, plans, files, units=asked.units, tiles=tiles
    )


def _downloads(asked: Request, workout: Workout, name: str) -> dict[str, bytes]:
    request = replace(asked, workout=workout)
    made = {f"{name}{end}": every()[kind].content(request) for kind, end in DOWNLOADS.items()}
    return {file: data.encode() if isinstance(data, str) else data for file, data in made.items()}


FORMAT = Format(
    name="html",
    file="hills.html",
    help="Write a page: map, list, profiles, sessions, files for a watch.",
    about="a page: map, list, profiles, sessions, and the GPX and FIT files of each hill to "
    "download",
    make=to_html,
    options=("units", "street_map"),
)
