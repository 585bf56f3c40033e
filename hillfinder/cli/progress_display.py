"""Show progress on stderr: a moving display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hillfinder.cli import terminal
from hillfinder.output.text.sanitize import plain
from hillfinder.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Display
    from rich.progress import TaskID

#: Least time between two lines about a scan where stderr is no terminal, s.
EVERY_S = 10.0


@contextmanager
def watch(text: str, *, quiet: bool) -> Iterator[Progress]:
    """Show progress while the block runs; ``quiet`` shows nothing."""
    if quiet:
        yield Progress()
    elif sys.stderr.isatty():
        with _display() as display:
            display.add_task(text, why="", until=0.0)
            yield _MovingProgress(display)
    else:
        lines = _ProgressLines()
        try:
            yield lines
        finally:
            lines.close()


class _ProgressLines(Progress):
    """Says each thing once, on a line of its own."""

    def __init__(self) -> None:
        self._scanned = 0.0
        self._received: dict[str, int] = {}
        self._guard = threading.Lock()

    def asking(self, who: str) -> None:
        with self._guard:
            if who not in self._received:
                self._received[who] = 0
                terminal.say(f"Asking {_within(who)}.")

    def received(self, who: str, size: int) -> None:
        with self._guard:
            self._received[who] += size

    def waiting(self, why: str, wait_s: float) -> None:
        if wait_s:
            terminal.say(f"{why}: waiting up to {wait_s:.0f} s.")

    def say(self, text: str) -> None:
        terminal.say(text)

    def scanned(self, share: float, street_m: float, hills: int, left_s: float) -> None:
        now = time.monotonic()
        if now - self._scanned >= EVERY_S or share == 1:
            self._scanned = now
            terminal.say(_scanned(share, street_m, hills, left_s))

    def close(self) -> None:
        with self._guard:
            for who, size in self._received.items():
                if size:
                    terminal.say(f"Received {_size(size)} from {_within(who)}.")


class _MovingProgress(Progress):
    """Shows a line for each service: what came from it, and how long to wait."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._rows: dict[str, TaskID] = {}
        self._received: dict[str, int] = {}
        self._guard = threading.Lock()

    def asking(self, who: str) -> None:
        with self._guard:
            if who not in self._rows:
                self._received[who] = 0
                self._rows[who] = self._display.add_task(plain(who), why="", until=0.0)

    def received(self, who: str, size: int) -> None:
        with self._guard:
            self._received[who] += size
            text = f"{plain(who)}: {_size(self._received[who])}"
            self._display.update(self._rows[who], description=text)

    def waiting(self, why: str, wait_s: float) -> None:
        first = self._display.tasks[0].id
        self._display.update(first, why=plain(why), until=time.monotonic() + wait_s)

    def scanned(self, share: float, street_m: float, hills: int, left_s: float) -> None:
        first = self._display.tasks[0].id
        self._display.update(first, description=_scanned(share, street_m, hills, left_s))

    def say(self, text: str) -> None:
        from rich.text import Text

        self._display.console.print(Text(plain(text)))


def _display() -> Display:
    from rich.console import Console
    from rich.progress import Progress as Display
    from rich.progress import ProgressColumn, SpinnerColumn, Task
    from rich.text import Text

    class Words(ProgressColumn):
        max_refresh = None

        def render(self, task: Task) -> Text:
            left_s = task.fields["until"] - time.monotonic()
            text = Text(task.description)
            if left_s > 0:
                text.append(f"  {task.fields['why']}: asking again in {left_s:.0f} s", "yellow")
            return text

    return Display(SpinnerColumn(), Words(), console=Console(stderr=True), transient=True)


def _scanned(share: float, street_m: float, hills: int, left_s: float) -> str:
    """Return how far a scan is, in words.

    >>> _scanned(0.5, 1_234_567.0, 890, 61.0)
    '50 % done: 1,235 km of streets, 890 hills, about 2 min left'
    """
    minutes = f"about {left_s // 60 + 1:.0f} min" if left_s >= 60 else "less than a minute"
    left = f", {minutes} left" if share < 1 else ""
    return f"{100 * share:.0f} % done: {street_m / 1000:,.0f} km of streets, {hills:,} hills{left}"


def _size(size: int) -> str:
    """Return a number of bytes as a person reads it.

    >>> _size(900), _size(2_500_000)
    ('1 kB', '2.5 MB')
    """
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"


def _within(who: str) -> str:
    """Return a service's name as it stands within a sentence."""
    return who[0].lower() + who[1:] if who.startswith("The ") else who
