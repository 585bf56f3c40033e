"""``hillfinder grade``: what somebody already has, measured."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Final, Literal

import typer

from hillfinder.cli import options, progress_display, terminal
from hillfinder.units import Units  # noqa: TC001 - typer reads the annotations

EXAMPLES: Final = """\b
Examples:
  hillfinder grade run.gpx
  hillfinder grade blocks.geojson --dem town.tif --format csv"""


GradeFormat = Literal["table", "json", "csv"]


def grade(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Lines: a .gpx, or a .geojson in WGS 84; - is stdin."),
    ],
    *,
    dem: Annotated[list[Path] | None, options.DEM] = None,
    elevation: options.ElevationOption = None,
    dem_kind: options.KindOption = None,
    dem_unit: options.UnitOption = None,
    dem_band: options.BandOption = None,
    offline: options.Offline = False,
    output: Annotated[GradeFormat, typer.Option("--format", help="What goes to stdout.")] = "table",
    units: Annotated[Units, typer.Option("--units", help="Units of the table.")] = "metric",
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure the grade of every line that is in a file.

    Each track segment and route of a GPX, each LineString of a GeoJSON and each part of a
    MultiLineString is a row, in the order of the file, measured from its first point to its last.
    Heights in the file are not used. Exit code 3 says that there are lines, and none could be
    measured.
    """
    with terminal.errors_as_exit_codes(verbose=verbose):
        from hillfinder import find
        from hillfinder.results.grading import line_input
        from hillfinder.services.client import Web

        options.refuse([*options.dem_faults(dem, dem_kind, dem_unit, dem_band)])
        files = options.elevation_files(dem, dem_kind, dem_unit, dem_band)
        given = (
            line_input.parse(_stdin(), "stdin") if str(file) == "-" else line_input.read_lines(file)
        )
        with progress_display.watch("Measuring", quiet=quiet) as progress:
            web = Web.from_environment(offline=offline, progress=progress)
            grades = find.grade(given, dem=files, elevation=elevation, web=web)
        if output == "table":
            terminal.print_text(lambda console: grades.to_text(console, units=units))
        else:
            terminal.put(grades.to_json() if output == "json" else grades.to_csv())
            for remark in grades.remarks():
                terminal.say(remark, quiet=quiet)
        if not grades.measured:
            raise typer.Exit(terminal.NO_HILL)


def _stdin() -> bytes:
    return sys.stdin.buffer.read() if sys.stdin else b""  # None: closed by the shell, as in <&-
