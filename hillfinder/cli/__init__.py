"""The command: words into criteria, findings into what was asked for, errors into exit codes.

Results go to stdout, everything else to stderr. Exit codes: 0 found or measured, 1 bad data or a
file that could not be written, 2 usage, 3 no hill found or no line measured, 4 a service could not
be reached, 130 interrupted.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hillfinder.cli import exports, options, sources, terminal, upkeep
from hillfinder.cli import grade as measure
from hillfinder.cli import progress_display as watching
from hillfinder.cli import scan as scanning
from hillfinder.cli.terminal import Format, Units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.results.hills import Hills
    from hillfinder.results.plan import Plan
    from hillfinder.training.treadmill import Treadmill

#: ``\b`` has typer keep the lines as they are.
EXAMPLES: Final = """\b
Examples:
  hillfinder near "45.4993,-122.6974"
  hillfinder near "Council Crest, Portland" --length 150-300 --pick 2 --gpx hill.gpx
  hillfinder near "45.4993,-122.6974" --session rolling --distance 10km --level strong
  hillfinder near "-33.86,151.21" --osm sydney.osm.pbf --dem sydney.tif"""

DEMO: Final = """\b
Examples:
  hillfinder demo
  hillfinder demo --out gradely --units imperial"""

Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
Measure = Annotated[
    Units,
    typer.Option(
        "--units", help="Units of what is shown, and of numbers that are typed without one."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")]

app = typer.Typer(
    name="hillfinder",
    add_completion=True,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(argv: Sequence[str] | None = None, now: datetime | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: the words after ``hillfinder``; those of the process where it is ``None``.
        now: what the clock says, with its time zone; ``None`` looks at it.
    """
    terminal.prepare()
    if argv is None:
        terminal.prepare_process()
    words = options.spaced(sys.argv[1:] if argv is None else argv)
    try:
        with terminal.errors_as_exit_codes():
            app(words, prog_name="hillfinder", obj=now)
    except typer.Exit as stop:
        return stop.exit_code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    return 0


def _version(asked: bool) -> None:  # noqa: FBT001 - typer hands it over so
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            terminal.put(f"hillfinder {version('hillfinder')}\n")
        except PackageNotFoundError:
            terminal.put("hillfinder, run without being installed\n")
        raise typer.Exit


@app.callback()
def _hillfinder(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which this is.")
    ] = False,
) -> None:
    """Find a steep, short hill near your door, and the way to warm up to it."""


@app.command(epilog=EXAMPLES)
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
    session: options.Session = options.Sessions.repeats,
    level: options.Level = options.Levels.regular,
    repeats: options.Repeats = None,
    distance: options.Distance = None,
    minutes: options.Minutes = None,
    rank: options.Rank = options.Order.grade,
    at: options.At = None,
    weather: options.Weather = False,
    treadmill: options.OnBelt = False,
    limit: Annotated[int, typer.Option(metavar="N", help="How many hills to list.")] = 10,
    osm: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Streets: .osm, .osm.gz, .osm.bz2, .osm.pbf, or a .graphml that OSMnx saved.  "
            "[default: ask Overpass]",
        ),
    ] = None,
    dem: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Heights: GeoTIFF, VRT, .hgt, zipped .hgt. Give it again for each file.",
        ),
    ] = None,
    elevation: options.Elevation = None,
    dem_kind: options.Kind = None,
    catalogue: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Hills and streets that hillfinder scan found: no search at all."
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use no network, only files and what was kept.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch all anew, whatever was kept.")
    ] = False,
    overpass_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Another Overpass, such as https://overpass.example/api; several with commas.",
        ),
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="What goes to stdout.")] = Format.table,
    gpx: exports.Gpx = None,
    fit: exports.Fit = None,
    workout: exports.Workout = None,
    tcx: exports.Tcx = None,
    kml: exports.Kml = None,
    geojson: exports.GeoJson = None,
    csv: exports.Csv = None,
    parquet: exports.Parquet = None,
    html: exports.Html = None,
    png: exports.Png = None,
    export: exports.Export = None,
    course: options.CourseOf = options.Course.session,
    pick: Annotated[
        int | None,
        typer.Option(
            metavar="RANK", help="Show the session on this hill; without it files hold the first."
        ),
    ] = None,
    force: Force = False,
    units: Measure = Units.metric,
    quiet: Quiet = False,
) -> None:
    """List the steep hills near a place, and the way to each."""
    with terminal.errors_as_exit_codes():
        one_by_one = exports.asked(
            gpx=gpx,
            fit=fit,
            workout=workout,
            tcx=tcx,
            kml=kml,
            geojson=geojson,
            csv=csv,
            parquet=parquet,
        )
        faces = exports.shown(html, png, export)
        alone = course is options.Course.hill
        criteria = options.criteria(
            length=length,
            warmup=warmup,
            pace=pace,
            walk=walk,
            min_grade=min_grade,
            max_grade=max_grade,
            session=session.value,
            level=level.value,
            repeats=repeats,
            distance=distance,
            minutes=minutes,
            rank=rank.value,
            at=at,
            weather=weather,
            limit=limit,
            imperial=units is Units.imperial,
            now=context.obj or datetime.now().astimezone(),
            faults=(
                *options.contradictions(
                    place, elevation, dem or (), dem_kind, pick=pick, limit=limit
                ),
                *exports.faults(one_by_one, faces, whole=export is not None, alone=alone),
            ),
        )
        from hillfinder import find
        from hillfinder.elevation.sources.raster import Raster
        from hillfinder.services.client import Web
        from hillfinder.streets.overpass import OVERPASS

        addresses = {OVERPASS.variable: overpass_url} if overpass_url is not None else {}
        targets = exports.prepare(one_by_one, export, faces, overwrite=force)
        files = Raster(dem, kind=options.height_kind(dem_kind)) if dem else None
        with (
            _treadmill_at_least(criteria, units, asked=treadmill and output is Format.table),
            watching.watch("Looking for hills", quiet=quiet) as progress,
        ):
            web = Web.from_environment(
                offline=offline, refresh=refresh, addresses=addresses, progress=progress
            )
            hills = find.near(
                place,
                criteria,
                streets=osm,
                heights=files,
                elevation=elevation,
                catalogue=catalogue,
                web=web,
            )
        plan = _plan(hills, pick)
        belt = _belt(hills, plan) if treadmill or not hills else None
        rolling = criteria.session == "rolling" and pick is None
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
            plan.write(targets, alone=alone, overwrite=force)
            exports.draw(hills, faces, units.value, overwrite=force)
            for line in exports.told([*targets, *faces], export):
                terminal.say(line, quiet=quiet)


def _plan(hills: Hills, pick: int | None) -> Plan | None:
    """Return the session that was asked for: the run over several, or the one on a hill."""
    if pick is None and hills.criteria.session == "rolling":
        return hills.workout() if hills.tour is not None else None
    return hills.workout(pick or 1) if (pick or 1) <= len(hills) else None


def _belt(hills: Hills, plan: Plan | None) -> Treadmill:
    from hillfinder.training import treadmill

    return plan.on_treadmill() if plan is not None else treadmill.asked(hills.criteria)


@contextmanager
def _treadmill_at_least(criteria: Criteria, units: Units, *, asked: bool) -> Iterator[None]:
    """Show what can be done on a belt where a service could not be reached."""
    from hillfinder.errors import ServiceError

    try:
        yield
    except ServiceError:
        if asked:
            from textwrap import fill

            from hillfinder.output.text import phrases as words
            from hillfinder.training import treadmill

            said = words.treadmill(treadmill.asked(criteria), units.value)
            terminal.print_text(lambda console: f"{fill(said, console.width)}\n")
        raise


app.command(epilog=measure.EXAMPLES)(measure.grade)


@app.command(epilog=DEMO)
def demo(
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the files go.  [default: a new temporary folder]"),
    ] = None,
    force: Force = False,
    units: Measure = Units.metric,
    quiet: Quiet = False,
) -> None:
    """Do the whole job in a made-up town: no network, every output.

    Lists the hills of a town whose grades are known exactly, and writes what was found and the
    session on the first hill in every format there is.
    """
    with terminal.errors_as_exit_codes():
        from tempfile import TemporaryDirectory

        from hillfinder import find
        from hillfinder.demo import files, town
        from hillfinder.output.atomic_write import folder
        from hillfinder.services.client import Web
        from hillfinder.streets import osm_file as extract

        where = folder(out)
        faces = exports.shown(None, None, where)
        targets = exports.prepare((), where, faces, overwrite=force)
        with (
            watching.watch("Building a town and looking for its hills", quiet=quiet),
            TemporaryDirectory() as built,
        ):
            made = files.write(Path(built))
            streets = extract.read(made.osm)  # a town made for this once is not kept
            hills = find.near(town.DOOR, streets=streets, heights=made.dem, web=Web(offline=True))
        plan = hills.workout()
        terminal.show(hills, Format.table, units, workout=plan, pickable=False)
        plan.write(targets, overwrite=force)
        exports.draw(hills, faces, units.value, overwrite=force)
        for line in exports.told([*targets, *faces], where):
            terminal.say(line, quiet=quiet)


app.command(epilog=scanning.EXAMPLES)(scanning.scan)
app.command(epilog=sources.EXAMPLES)(sources.sources)
app.command(epilog=upkeep.CACHE)(upkeep.cache)
app.command(epilog=upkeep.CHECK)(upkeep.check)
