"""What a search found, as a table that a person wants to read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hillfinder.output import words
from hillfinder.output.plain import is_right_to_left, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import ConsoleOptions, RenderableType

    from hillfinder.model import Findings, Hill

#: Longer names are cut; within this they wrap.
NAME_LIMIT: Final = 100
#: From this many columns on, there is room to say more of each hill.
WIDE: Final = 104
_TRUST: Final = {"high": "green", "medium": "yellow", "low": "red"}
#: Keeps the numbers beside a Hebrew or Arabic name from being drawn into its order.
_LEFT_TO_RIGHT: Final = "\u200e"


@dataclass(frozen=True, slots=True)
class Report:
    """Findings as rich prints them: as wide as the console, without colour where it has none.

    Every cell is ``Text``, never markup, so that a street called ``[red]`` is shown as such.

    Attributes:
        findings: what was found.
        units: metres and kilometres, or feet and miles.
    """

    findings: Findings
    units: words.Units = "metric"

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Yield the table and what is said around it."""
        findings = self.findings
        yield _text(words.heading(findings), options, "bold")
        yield Text()
        if findings.hills:
            yield self._table(options)
            yield Text()
        for remark in words.remarks(findings):
            yield _text(remark, options)
        if findings.hills:
            yield _text("Grades are means from bottom to top ± one standard deviation.", options)
        for source in words.sources(findings):
            yield _text(source, options, "dim")

    def _table(self, options: ConsoleOptions) -> Table:
        wide = options.max_width >= WIDE
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("Hill", overflow="fold", ratio=1 if wide else None)
        table.add_column("Grade", justify="right", no_wrap=True)
        if wide:
            table.add_column("Steepest", justify="right", no_wrap=True)
            table.add_column("Trust", no_wrap=True)
        table.add_column("Length", justify="right", no_wrap=True)
        table.add_column("Gain", justify="right", no_wrap=True)
        table.add_column("Surface", overflow="fold", max_width=16 if wide else 8)
        if wide:
            table.add_column("Lit", overflow="fold", max_width=8)
        table.add_column("Warm-up", justify="right", no_wrap=True)
        for hill in self.findings.hills:
            table.add_row(*self._cells(hill, options, wide=wide))
        return table

    def _cells(self, hill: Hill, options: ConsoleOptions, *, wide: bool) -> Iterator[Text]:
        name = plain(hill.name, NAME_LIMIT) or words.UNKNOWN
        mark = _LEFT_TO_RIGHT if is_right_to_left(name) else ""
        yield _text(f"{mark}{hill.rank}", options)
        yield _text(name, options)
        yield _text(mark + words.grade(hill), options, _TRUST[hill.confidence])
        if wide:
            yield _text(words.percent(hill.climb.max_grade), options)
            yield _text(hill.confidence, options)
        yield _text(words.length(hill.climb.length_m, self.units), options)
        yield _text(words.length(hill.climb.gain_m, self.units), options)
        yield _text(words.tag(hill, "surface"), options)
        if wide:
            yield _text(words.tag(hill, "lit"), options)
        yield _text(words.warmup(hill, self.units), options)


def to_text(findings: Findings, *, width: int = 80, units: words.Units = "metric") -> str:
    """Return the table as plain text, without colour.

    Args:
        findings: what was found.
        width: columns of the page.
        units: ``metric`` or ``imperial``.
    """
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(Report(findings, units))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _text(text: str, options: ConsoleOptions, style: str = "") -> Text:
    """Return text as it can be shown: not every terminal has ``±``."""
    if options.ascii_only:
        text = text.replace("±", "+/-").replace("…", "...").replace(_LEFT_TO_RIGHT, "")
    return Text(text, style=style)
