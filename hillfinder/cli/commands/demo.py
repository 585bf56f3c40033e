"""``hillfinder demo``: the whole job in a fictional town."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from hillfinder.cli import exports, options, progress_display, terminal

#: ``\b`` has typer keep the lines as they are.
EXAMPLES: Final = """\b
Examples:
  hillfinder demo
  hillfinder demo --out gradely --units imperial"""


def demo(
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the files go.  [default: a new temporary folder]"),
    ] = None,
    force: options.Force = False,
    units: options.Measure = "metric",
    quiet: options.Quiet = False,
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
        from hillfinder.streets.sources import osm_file

        where = folder(out)
        targets = exports.targets_of({}, where, overwrite=force)
        with (
            progress_display.watch("Building a town and looking for its hills", quiet=quiet),
            TemporaryDirectory() as built,
        ):
            made = files.write_town(Path(built))
            streets = osm_file.read_extract(made.osm)  # a town made for this once is not kept
            hills = find.near(town.DOOR, streets=streets, dem=made.dem, web=Web(offline=True))
        plan = hills.workout()
        terminal.show(hills, "table", units, workout=plan, pickable=False)
        plan.write(targets, units=units, overwrite=force)
        for line in exports.told(targets, where):
            terminal.say(line, quiet=quiet)
