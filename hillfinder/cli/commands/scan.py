"""``hillfinder scan``: all the hills of a region."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Final

import typer

from hillfinder.cli import options, progress_display, terminal

EXAMPLES: Final = """\b
Examples:
  hillfinder scan oregon.osm.pbf --dem oregon.vrt -o hills
  hillfinder scan oregon.osm.pbf --dem oregon.vrt -o hills --scheduler tcp://10.0.0.1:8786"""


def scan(
    extract: Annotated[
        Path, typer.Argument(metavar="EXTRACT", help="Streets: .osm.pbf, .osm.bz2, .osm.gz, .osm.")
    ],
    *,
    dem: Annotated[list[Path], options.DEM],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="FOLDER", help="Where the hills go: GeoParquet files."),
    ],
    length: Annotated[
        str | None,
        typer.Option(
            metavar="M-M", help="Shortest and longest hill, in metres.  [default: 100-200]"
        ),
    ] = None,
    min_grade: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", help="What is flatter is no hill.  [default: 3]"),
    ] = None,
    dem_kind: options.KindOption = None,
    dem_unit: options.UnitOption = None,
    dem_band: options.BandOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Processes of this machine.  [default: one for each core; 1 below 2 MB]",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A Dask cluster instead, such as tcp://10.0.0.1:8786; it sees the same files.",
        ),
    ] = None,
    tiles: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Into how many tasks a step is cut; it changes no hill."
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume/--no-resume", help="Continue an unfinished scan, or start over."),
    ] = True,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with a map, histograms and the best."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a page that exists.")] = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Find all the hills of a region, and write them as GeoParquet.

    A scan that was stopped goes on where it was when the same command is given again. Exit code 3
    says that the region holds no hill.
    """
    with terminal.errors_as_exit_codes(verbose=verbose):
        criteria = options.criteria(length=length, min_grade=min_grade)
        from hillfinder.errors import InputError
        from hillfinder.output.atomic_write import check_writable
        from hillfinder.region.work.worker_pool import begin

        if html is not None:
            check_writable(html, overwrite=force)
            if html.resolve().is_relative_to(out.resolve()):
                msg = f"{html} lies among the hills themselves: give the page another place."
                raise InputError(msg)
        begin(extract, workers, scheduler)
        from hillfinder.region.scan import scan as scan_region

        with progress_display.watch("Scanning", quiet=quiet) as progress:
            found = scan_region(
                extract,
                out,
                criteria,
                dem=dem,
                heights_kind=options.height_kind(dem_kind),
                dem_unit=dem_unit,
                dem_band=dem_band,
                workers=workers,
                scheduler=scheduler,
                tiles=tiles,
                resume=resume,
                progress=progress,
            )
        terminal.put(
            f"{found.hills:,} hills on {found.street_m / 1000:,.0f} km of streets: {found.folder}\n"
        )
        if not found.hills:
            raise typer.Exit(terminal.NO_HILL)
        if html is not None:
            terminal.say(f"Wrote {found.to_html(html, overwrite=force)}.", quiet=quiet)
