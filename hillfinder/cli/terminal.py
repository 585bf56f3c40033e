"""Write results to stdout and messages to stderr, and turn errors into exit codes."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import typer

from hillfinder.errors import HillfinderError, InputError, OutputError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from hillfinder.model import Workout
    from hillfinder.results.hills import Hills
    from hillfinder.training.treadmill import Treadmill
    from hillfinder.units import Units

BAD_DATA: Final = 1
USAGE: Final = 2
NO_HILL: Final = 3
NO_SERVICE: Final = 4
INTERRUPTED: Final = 130

OutputFormat = Literal["table", "json", "geojson", "csv"]


def prepare_streams() -> None:
    """Make stdout and stderr take any text: what does not fit their encoding is shown as ``?``."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell, as in 2>&-
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - for good
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="replace")


def prepare_process() -> None:
    """Speed up a process that runs nothing but this command."""
    # No matrix is large: threads for them would take time from what reads the extract.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # At its end Python would search all objects for garbage once more, for 0.2 s.
    atexit.register(gc.freeze)


class _ToStderr(logging.Handler):
    """Write log records to stderr, below and above what shows progress there."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line: the module below ``hillfinder``, then the message."""
        say(f"{record.name.partition('.')[2]}: {record.getMessage()}")


@contextmanager
def errors_as_exit_codes(*, verbose: bool = False) -> Iterator[None]:
    """Report an error in one line, and exit with its code.

    Args:
        verbose: write what is logged meanwhile to stderr too.
    """
    logger, handler = logging.getLogger("hillfinder"), _ToStderr()
    before = logger.level
    try:
        if verbose:
            logger.addHandler(handler)
            logger.setLevel(logging.DEBUG)
        yield
    except KeyboardInterrupt:
        say("Interrupted.")
        raise typer.Exit(INTERRUPTED) from None
    except (HillfinderError, OSError) as error:
        say(f"Error: {error}")
        code = BAD_DATA
        if isinstance(error, InputError):
            code = USAGE
        elif isinstance(error, ServiceError):
            code = NO_SERVICE
        raise typer.Exit(code) from None
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def show(
    hills: Hills,
    output: OutputFormat,
    units: Units,
    *,
    workout: Workout | None = None,
    belt: Treadmill | None = None,
    whole: bool = False,
    pickable: bool = True,
    quiet: bool = False,
) -> None:
    """Write the findings to stdout; for programs, say on stderr why there are none.

    Args:
        hills: what was found.
        output: as what.
        units: of the table and the card.
        workout: the session that goes with it.
        belt: the same on a treadmill.
        whole: show the card of the session, and not the list.
        pickable: say how to see the card where it is not shown.
        quiet: say nothing on stderr.
    """
    from hillfinder.output.text import phrases

    if output == "table":
        from hillfinder.output.text import card, table

        below = (phrases.treadmill(belt, units),) if belt is not None else ()
        if workout is not None and whole:
            print_text(
                lambda console: card.card_text(workout, hills, console, units=units, below=below)
            )
            return
        if workout is not None:
            rank, session = workout.hills[0].rank, phrases.session(workout, units)
            more = f" --pick {rank} shows it whole." if pickable else ""
            below = (f"Session on hill {rank}: {session}{more}", *below)
        print_text(lambda console: table.table_text(hills, console, units=units, below=below))
        return
    if output == "json":
        text = hills.to_json(workout=workout, treadmill=belt)
    else:
        text = hills.to_csv() if output == "csv" else hills.to_geojson()
    put(text, encoding="utf-8")
    if not hills:
        for reason in (f"{phrases.heading(hills, units)}.", *phrases.notices(hills, units)):
            say(reason, quiet=quiet)


def print_text(text_for: Callable[[Console], str]) -> None:
    """Write to stdout what fits the terminal there."""
    from rich.console import Console

    with _stdout():  # to look at it, rich writes nothing to it: a full disk refuses even that
        put(text_for(Console(file=sys.stdout)))


def put(text: str, encoding: str | None = None) -> None:
    """Write to stdout.

    Args:
        text: what is written.
        encoding: that of the bytes, whatever the terminal's is; ``None`` is the terminal's.

    Raises:
        OutputError: it cannot be written.
    """
    with _stdout():
        if encoding and hasattr(sys.stdout, "buffer"):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode(encoding))
        else:
            sys.stdout.write(text)
        sys.stdout.flush()


@contextmanager
def _stdout() -> Iterator[None]:
    """Take it quietly when the reader has seen enough (``| head``); refuse other failures."""
    try:
        yield
    except OSError as error:
        # Python flushes once more at its end, and would complain then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            msg = f"The result cannot be written to stdout ({error.strerror})."
            raise OutputError(msg) from error


def say(text: str, *, quiet: bool = False) -> None:
    """Write one line to stderr; what came from outside cannot steer the terminal."""
    from hillfinder.output.text.sanitize import plain

    if not quiet:
        sys.stderr.write(plain(text) + "\n")
