"""Text in the letters that a terminal has, and what is printed there as plain text."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from hillfinder.output.text.sanitize import LEFT_TO_RIGHT

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType


def letters(text: str, options: ConsoleOptions, style: str = "") -> Text:
    """Return text in the letters that the terminal has: some have no ``±``."""
    if options.ascii_only:
        text = text.replace("±", "+/-").replace("…", "...").replace(LEFT_TO_RIGHT, "")
    return Text(text, style=style)


def printed(console: Console | None, *parts: RenderableType) -> str:
    """Return what a console prints, without spaces at the ends of lines.

    Args:
        console: how wide it may be, and with what colours and letters; ``None`` is 80 columns
            without colour.
        parts: what is printed, one below the other.
    """
    console = console or Console(file=io.StringIO(), width=80, color_system=None)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().split("\n")[:-1])
