"""``hillfinder near``: the hills near a place, and a session on one of them."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hillfinder.cli import exports, options, progress_display, terminal
from hillfinder.cli.terminal import OutputFormat  # noqa: TC001 - typer reads the annotations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.criteria import Criteria
    from hillfinder.results.hills import Hills
    from hillfinder.results.plan import Plan
    from hillfinder.training.treadmill import Treadmill
    from hillfinder.units import Units

#: ``\b`` has typer keep the lines as they are.
EXAMPLES: Final = """\b
Examples:
  hillfinder near "45.4993,-122.6974"
  hillfinder near "Council Crest, Portland" --length 150-300 --pick 2 --gpx hill.gpx
  hillfinder near "45.4993,-122.6974" --session rolling --distance 10km --level strong
  hillfinder near "-33.86,151.21" --osm sydney.osm.pbf --dem sydney.tif"""


@exports.with_an_option_each
def near(
    context: typer.Context,
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE", help='"lat,lon", such as "45.4993,-122.6974", or a name to look up.'
        ),
    ],
    *,
    length: Annotated[
        str | None,
        typer.Option(
            metavar="M-M",
            help="Shortest and longest hill, in metres, or as in 300-600ft; bare numbers are feet "
            "with --units imperial.  [default: 100-200, or 3200-4800 for a long session]",
        ),
    ] = None,
    warmup: Annotated[
        str, typer.Option(metavar="MIN-MIN", help="Shortest and longest warm-up, in minutes.")
    ] = "10-20",
    pace: Annotated[
        str | None,
        typer.Option(
            metavar="MIN:SEC",
            help="Easy pace on the flat, a kilometre, or as in 11:15/mi; a mile with --units "
            "imperial.  [default: 7:00/km, or 12:00/km with --walk]",
        ),
    ] = None,
    walk: Annotated[bool, typer.Option("--walk", help="Walk, there and up.")] = False,
    min_grade: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT", help="What is flatter is no hill.  [default: 3, or 2 if long]"
        ),
    ] = None,
    max_grade: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT", help="What is steeper is too much.  [default: none, or 8 if long]"
        ),
    ] = None,
    session: options.SessionOption = "repeats",
    level: options.LevelOption = "regular",
    repeats: options.Repeats = None,
    distance: options.Distance = None,
    minutes: options.Minutes = None,
    rank: options.RankOption = "grade",
    at: options.At = None,
    weather: options.WeatherOption = False,
    treadmill: options.OnBelt = False,
    limit: Annotated[int, typer.Option(metavar="N", help="How many hills to list.")] = 10,
    osm: Annotated[
        Path | None,
        typer.Option(
            "--osm",
            "--streets",
            metavar="FILE",
            help="Streets: .osm, .osm.gz, .osm.bz2, .osm.pbf, or a .graphml that OSMnx saved.  "
            "[default: ask Overpass]",
        ),
    ] = None,
    dem: Annotated[list[Path] | None, options.DEM] = None,
    elevation: options.ElevationOption = None,
    dem_kind: options.KindOption = None,
    dem_unit: options.UnitOption = None,
    dem_band: options.BandOption = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Hills and streets that hillfinder scan found: no search at all."
        ),
    ] = None,
    offline: options.Offline = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ignore the cache and download again.")
    ] = False,
    overpass_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Another Overpass, such as https://overpass.example/api; several with commas.",
        ),
    ] = None,
    output: Annotated[
        OutputFormat, typer.Option("--format", help="What goes to stdout.")
    ] = "table",
    files: exports.Files,
    export: exports.Export = None,
    course: options.CourseOf = "session",
    pick: Annotated[
        int | None,
        typer.Option(
            metavar="RANK", help="Show the session on this hill; without it files hold the first."
        ),
    ] = None,
    force: options.Force = False,
    units: options.Measure = "metric",
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """List the steep hills near a place, and the way to each."""
    with terminal.errors_as_exit_codes(verbose=verbose):
        alone = course == "hill"
        criteria = options.criteria(
            length=length,
            warmup=warmup,
            pace=pace,
            walk=walk,
            min_grade=min_grade,
            max_grade=max_grade,
            session=session,
            level=level,
            repeats=repeats,
            distance=distance,
            minutes=minutes,
            rank=rank,
            at=at,
            weather=weather,
            limit=limit,
            imperial=units == "imperial",
            now=context.obj or datetime.now().astimezone(),
            faults=(
                *options.contradictions(place, elevation, pick=pick, limit=limit),
                *options.dem_faults(dem, dem_kind, dem_unit, dem_band),
                *exports.faults(files, whole=export is not None, alone=alone),
            ),
        )
        from hillfinder import find
        from hillfinder.services.client import Web
        from hillfinder.streets.sources.overpass import OVERPASS

        addresses = {OVERPASS.variable: overpass_url} if overpass_url is not None else {}
        targets = exports.targets_of(files, export, overwrite=force)
        heights = options.elevation_files(dem, dem_kind, dem_unit, dem_band)
        with (
            _treadmill_at_least(criteria, units, asked=treadmill and output == "table"),
            progress_display.watch("Looking for hills", quiet=quiet) as progress,
        ):
            web = Web.from_environment(
                offline=offline, refresh=refresh, addresses=addresses, progress=progress
            )
            hills = find.near(
                place,
                criteria,
                streets=osm,
                dem=heights,
                elevation=elevation,
                catalogue=catalogue,
                web=web,
            )
        plan = _plan_for(hills, pick)
        belt = _belt(hills, plan) if treadmill or not hills else None
        rolling = criteria.kind.over_several and pick is None
        terminal.show(
            hills, output, units, workout=plan, belt=belt, whole=bool(pick) or rolling, quiet=quiet
        )
        if rolling and plan is None:
            terminal.say("No run over several hills was found: ask for another length or time.")
        if plan is None and (rolling or not hills):
            raise typer.Exit(terminal.NO_HILL)
        if plan is None:
            hills.pick(pick or 1)  # says what can be picked
        else:
            plan.write(targets, alone=alone, units=units, overwrite=force)
            for line in exports.told(targets, export):
                terminal.say(line, quiet=quiet)


def _plan_for(hills: Hills, pick: int | None) -> Plan | None:
    """Return the session that was asked for: the run over several, or the one on a hill."""
    if pick is None and hills.criteria.kind.over_several:
        return hills.workout() if hills.tour is not None else None
    return hills.workout(pick or 1) if (pick or 1) <= len(hills) else None


def _belt(hills: Hills, plan: Plan | None) -> Treadmill:
    from hillfinder.training import treadmill

    return plan.on_treadmill() if plan is not None else treadmill.for_criteria(hills.criteria)


@contextmanager
def _treadmill_at_least(criteria: Criteria, units: Units, *, asked: bool) -> Iterator[None]:
    """Show what can be done on a belt where a service could not be reached."""
    from hillfinder.errors import ServiceError

    try:
        yield
    except ServiceError:
        if asked:
            from textwrap import fill

            from hillfinder.output.text import phrases
            from hillfinder.training import treadmill

            said = phrases.treadmill(treadmill.for_criteria(criteria), units)
            terminal.print_text(lambda console: f"{fill(said, console.width)}\n")
        raise
