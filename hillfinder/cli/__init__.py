"""The command: options into criteria, findings into output, errors into exit codes.

Results go to stdout, everything else to stderr. Exit codes: 0 found or measured, 1 bad data or a
file that could not be written, 2 usage, 3 no hill found or no line measured, 4 a service could not
be reached, 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from hillfinder.cli import options, terminal
from hillfinder.cli.commands import demo, grade, near, scan, sources, upkeep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class _Commands(TyperGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own
        # To read a flag that is None typer loads pydantic, for 60 ms.
        for option in self.get_params(ctx):
            option.default = option.default or False
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="hillfinder",
    cls=_Commands,
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
        now: time of the clock, with its zone; ``None`` is the present.
    """
    terminal.prepare_streams()
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


app.command(epilog=near.EXAMPLES)(near.near)
app.command(epilog=grade.EXAMPLES)(grade.grade)
app.command(epilog=demo.EXAMPLES)(demo.demo)
app.command(epilog=scan.EXAMPLES)(scan.scan)
app.command(epilog=sources.EXAMPLES)(sources.sources)
app.command("cache", epilog=upkeep.CACHE)(upkeep.show_cache)
app.command("check", epilog=upkeep.CHECK)(upkeep.check_services)
