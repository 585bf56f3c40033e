"""``hillfinder sources``: the services that heights come from, and what they know of a place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from hillfinder.cli import options, terminal

if TYPE_CHECKING:
    from hillfinder.elevation.sources.registry import ElevationService
    from hillfinder.elevation.sources.selection import HeightThere
    from hillfinder.model import Place

    AskedServices = list[tuple[ElevationService, HeightThere | None]]


def _automatic() -> str:
    """Say in which order ``--elevation auto`` asks the services."""
    from hillfinder.elevation.sources.registry import ELEVATION_SERVICES

    order = ", then ".join(
        each.name if "the earth" in each.where else f"{each.name} in the {each.where}"
        for each in ELEVATION_SERVICES
        if each.automatic
    )
    return (
        f"Without --dem and --elevation, or with --elevation auto: {order}; each serves where "
        "those before it fail or have no height."
    )


ListFormat = Literal["table", "json"]
#: ``\b`` has typer keep the lines as they are.
EXAMPLES: Final = """\b
Examples:
  hillfinder sources
  hillfinder sources "45.4993,-122.6974"\n"""


def sources(
    place: Annotated[
        str | None,
        typer.Argument(
            metavar="[PLACE]",
            help='Also ask each of them for the height of "lat,lon" or of a name.',
        ),
    ] = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use no network, only what was kept.")
    ] = False,
    output: Annotated[ListFormat, typer.Option("--format", help="What goes to stdout.")] = "table",
    verbose: options.Verbose = False,
) -> None:
    """List the elevation services, and what they know of a place.

    The exit code is 4 where none of them could be asked.
    """
    with terminal.errors_as_exit_codes(verbose=verbose):
        from hillfinder.elevation.sources import registry
        from hillfinder.elevation.sources.selection import look
        from hillfinder.services.client import Web
        from hillfinder.services.geocoding import locate

        web = Web.from_environment(offline=offline)
        where = locate(place, web) if place is not None else None
        listed = [
            (known, look(known, where, web) if where else None)
            for known in registry.ELEVATION_SERVICES
        ]
        if output == "json":
            from hillfinder.output.records import dumps

            terminal.put(dumps(_json_record(where, listed)), encoding="utf-8")
        else:
            _print_table(where, listed)
        here = [found for _, found in listed if found]
        if any(found.problem for found in here) and not any(found.source for found in here):
            terminal.say("No elevation service could be asked for this place.")
            raise typer.Exit(terminal.NO_SERVICE)


def _json_record(where: Place | None, listed: AskedServices) -> dict[str, Any]:
    """Return the list as JSON holds it: no key is ever missing."""
    from hillfinder.output.text.sanitize import plain

    return {
        "place": {"name": where.name, "lat": where.lat, "lon": where.lon} if where else None,
        "sources": [
            {
                "name": known.name,
                "title": known.title,
                "where": known.where,
                "kind": known.kind,
                "cell": known.cell,
                "licence": known.licence,
                "attribution": known.service.credit,
                "at_place": found
                and {
                    "covered": None if found.problem else found.source is not None,
                    "elevation_m": found.elevation_m and round(found.elevation_m, 2),
                    "name": found.source and plain(found.source.name),
                    "kind": found.source and found.source.kind,
                    "cell_m": found.source and found.source.cell_m,
                    "problem": plain(found.problem) or None,
                },
            }
            for known, found in listed
        ],
    }


def _print_table(where: Place | None, listed: AskedServices) -> None:
    """Put the list on stdout as a person reads it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from hillfinder.output.text.sanitize import plain

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for head in ("Name", "Model", "Where", "Heights of", "Cells", "Licence"):
        table.add_column(head, overflow="fold")
    for known, _ in listed:
        row = (known.name, known.title, known.where, known.kind, known.cell, known.licence)
        table.add_row(*map(Text, row))
    here = [f"{known.name}: {_here(found)}" for known, found in listed if found]
    blocks = [
        [_automatic()],
        [f"At {where.lat:g}, {where.lon:g}:" if where else "", *map(plain, here)],
        ["Credits:", *(f"{known.name}: {known.service.credit}" for known, _ in listed)],
    ]
    console = Console(file=sys.stdout, highlight=False)
    with console.capture() as capture:
        console.print(table)
        for block in blocks:
            if any(block):
                console.print()
            for line in filter(None, block):
                console.print(Text(line))
    terminal.put("".join(f"{line.rstrip()}\n" for line in capture.get().split("\n")[:-1]))


def _here(found: HeightThere) -> str:
    """Say what a service knows of the place."""
    if found.problem:
        return f"not known ({found.problem})"
    if found.source is None or found.elevation_m is None:
        return "no height"
    source = found.source
    kind = "unknown kind" if source.kind == "unknown" else source.kind
    return f"{found.elevation_m:.1f} m, {kind}, {source.cell_m:.3g} m cells, from {source.name}"
